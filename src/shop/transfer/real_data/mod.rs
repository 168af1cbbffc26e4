//! The figures of real exports, met through these parsers. Skipped, saying so, where the data is not there.

mod mapped;
mod olist;
mod online_retail;
mod other_shops;
mod sheets;
mod shopify;

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::shop::customers::NewCustomer;
use crate::shop::orders::{NewCreditNote, NewOrder};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Item, Place, Refused, Report, Sink};
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::run::run;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The shared files, or a word that they are missed; an error where they are required.
pub(in crate::shop::transfer) fn shared() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("BACKROOM_SHARED").map(PathBuf::from);
    let places = given.into_iter().chain([here.join("../shared/data"), here.join("../../shared/data")]);
    let found = places.into_iter().find(|p| p.join("facts.json").exists());
    if found.is_none() {
        let is_required = std::env::var("BACKROOM_REAL_PARTS").is_ok_and(|v| v == "required");
        assert!(!is_required, "the shared data is required and not there");
        std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no shared data\n").unwrap();
    }
    found
}

#[derive(Default)]
pub(in crate::shop::transfer) struct Kept {
    pub(in crate::shop::transfer) orders: Vec<NewOrder>,
    pub(in crate::shop::transfer) notes: Vec<NewCreditNote>,
    pub(in crate::shop::transfer) customers: Vec<NewCustomer>,
    pub(in crate::shop::transfer) refused: Vec<Refused>,
    pub(in crate::shop::transfer) left_out: Vec<Refused>,
    pub(in crate::shop::transfer) places: Vec<Place>,
}

impl Sink for Kept {
    fn item(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>> {
        match item {
            Item::Order(order) => self.orders.push(*order),
            Item::CreditNote(note) => self.notes.push(*note),
            Item::Customer(customer) => self.customers.push(*customer),
        }
        self.places.push(place.clone());
        Ok(ControlFlow::Continue(()))
    }
    fn refused(&mut self, row: &Refused) -> Result<()> {
        self.refused.push(row.clone());
        Ok(())
    }
    fn left_out(&mut self, row: &Refused) -> Result<()> {
        self.left_out.push(row.clone());
        Ok(())
    }
}

pub(in crate::shop::transfer) fn inputs(names: &[&str]) -> Option<Vec<Input>> {
    let shared = shared()?;
    Some(names.iter().map(|n| Input::path(&shared.join(n))).collect())
}

fn read_with(mapping: &Mapping, names: &[&str], options: &Options) -> Option<(Kept, Report)> {
    let mut kept = Kept::default();
    let report = run(mapping, &inputs(names)?, options, &mut kept).unwrap();
    Some((kept, report))
}
fn read(format: Format, kind: Kind, names: &[&str]) -> Option<(Kept, Report)> {
    read_with(&preset(format, kind).unwrap(), names, &Options::default())
}
fn decimal(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}
