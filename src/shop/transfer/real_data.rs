//! The figures of imports.md section 4, met through these parsers. Skipped, saying so, without the shared data.

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
pub(super) fn shared() -> Option<PathBuf> {
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
pub(super) struct Kept {
    pub(super) orders: Vec<NewOrder>,
    pub(super) notes: Vec<NewCreditNote>,
    pub(super) customers: Vec<NewCustomer>,
    pub(super) refused: Vec<Refused>,
    pub(super) places: Vec<Place>,
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
}

pub(super) fn inputs(names: &[&str]) -> Option<Vec<Input>> {
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

mod online_retail {
    use super::*;
    use crate::shop::orders::{CreditKind, NewOrderCustomer, Payment, Status};
    use std::collections::{BTreeMap, BTreeSet};

    fn total(order: &NewOrder) -> i64 {
        order
            .lines
            .iter()
            .map(|l| l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::GBP).unwrap()))
            .sum()
    }
    fn customer(customer: &NewOrderCustomer) -> Option<&str> {
        match customer {
            NewOrderCustomer::Described(person) => Some(person.external[0].id.as_str()),
            _ => None,
        }
    }

    #[test]
    fn the_whole_file_gives_its_figures() {
        let Some((kept, report)) =
            read(Format::OnlineRetail, Kind::Orders, &["online-retail/online_retail.csv.zst"])
        else {
            return;
        };
        let t = &report.tallies;
        assert_eq!((t.rows, t.lines, t.refused_rows), (541_909, 541_909, 0));
        assert_eq!((t.orders, t.credit_notes, t.adjustments, t.customers), (22_061, 3_836, 3, 4_372));
        let sums = &t.sums[&Currency::GBP];
        assert_eq!(sums.total.exact, decimal("10655622.484"));
        assert_eq!(sums.goods.exact, decimal("10655622.484"));
        assert_eq!(sums.credited.exact, decimal("896812.49"));
        assert_eq!(sums.adjusted.exact, decimal("11062.06"));
        assert_eq!(sums.total.rounded - sums.credited.rounded - sums.adjusted.rounded, 974_774_793);
        assert_eq!(kept.orders.iter().filter(|o| total(o) > 0).count(), 19_959);
        assert_eq!(report.files[0].trimmed_cells, 113_452);
        assert_eq!(t.guests, 3_710);
        let guest_lines: usize = kept
            .orders
            .iter()
            .filter(|o| customer(&o.customer).is_none())
            .map(|o| o.lines.len())
            .sum::<usize>()
            + kept
                .notes
                .iter()
                .filter(|n| customer(&n.customer).is_none())
                .map(|n| n.lines.len())
                .sum::<usize>();
        assert_eq!(guest_lines, 135_080);
        customers_and_codes(&kept);
        documents(&kept);
        months_and_countries(&kept);
    }

    fn customers_and_codes(kept: &Kept) {
        let mut codes: BTreeMap<&str, i64> = BTreeMap::new();
        for line in kept.orders.iter().flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() += line.quantity;
        }
        for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Credit).flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() -= line.quantity;
        }
        for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Adjustment).flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() += line.quantity;
        }
        assert_eq!(codes.len(), 4_070);
        assert_eq!(codes.keys().map(|c| c.to_lowercase()).collect::<BTreeSet<_>>().len(), 3_958);
        for (code, pieces) in
            [("22197", 56_450), ("84077", 53_847), ("85099B", 47_363), ("85123A", 38_830), ("84879", 36_221)]
        {
            assert_eq!(codes[code], pieces, "{code}");
        }
        let mut net: BTreeMap<&str, (u32, u32, i64)> = BTreeMap::new();
        for order in &kept.orders {
            let Some(id) = customer(&order.customer) else { continue };
            let of = net.entry(id).or_default();
            (of.0, of.2) = (of.0 + 1, of.2 + total(order));
        }
        for note in &kept.notes {
            let Some(id) = customer(&note.customer) else { continue };
            let of = net.entry(id).or_default();
            (of.0, of.1, of.2) = (of.0 + 1, of.1 + 1, of.2 - note.total);
        }
        assert_eq!(net.len(), 4_372);
        for (id, wanted) in [
            ("14646", (77, 3, 27_948_902)),
            ("14911", (248, 47, 13_257_262)),
            ("12347", (7, 0, 431_000)),
            ("17850", (35, 1, 528_863)),
            ("12748", (224, 14, 2_907_210)),
        ] {
            assert_eq!(net[id], wanted, "{id}");
        }
        assert_eq!((net["18102"].2, net["17450"].2), (25_643_849, 18_748_217));
        assert_eq!(net.values().filter(|n| n.2 < 0).count(), 41);
    }

    fn documents(kept: &Kept) {
        let first = kept.orders.iter().find(|o| o.wished_number == Some(536_365)).unwrap();
        assert_eq!((total(first), first.lines.len()), (13_912, 7));
        assert_eq!((first.status, first.payment, first.is_import), (Status::Completed, Payment::Paid, true));
        assert_eq!(customer(&first.customer), Some("17850"));
        assert_eq!(first.shipping_address.as_ref().unwrap().country, "GB");
        assert_eq!(first.source.as_ref().unwrap().id, "536365");
        assert_eq!(first.source_name, "");
        let long = kept.orders.iter().find(|o| o.wished_number == Some(573_585)).unwrap();
        assert_eq!(long.lines.len(), 1_114);
        assert!(
            kept.notes
                .iter()
                .filter(|n| n.kind == CreditKind::Credit)
                .all(|n| n.total >= 0 && n.number.starts_with('C'))
        );
        assert!(kept.notes.iter().flat_map(|n| &n.lines).all(|l| l.quantity > 0));
        for note in &kept.notes {
            let parts: i64 =
                note.lines.iter().map(|l| l.unit_price.times(l.quantity, Currency::GBP).unwrap()).sum();
            assert_eq!(parts, note.total, "{}", note.number);
        }
    }

    fn months_and_countries(kept: &Kept) {
        let mut months: BTreeMap<String, u32> = BTreeMap::new();
        let mut countries: BTreeMap<String, (u32, i64)> = BTreeMap::new();
        let mut count = |at: crate::base::time::Timestamp, country: &str, total: i64| {
            *months.entry(at.to_string()[..7].to_owned()).or_default() += 1;
            let of = countries.entry(country.to_owned()).or_default();
            *of = (of.0 + 1, of.1 + total);
        };
        for order in &kept.orders {
            let address = order.shipping_address.clone().unwrap_or_default();
            count(order.placed_at.unwrap(), &address.country, total(order));
        }
        for note in &kept.notes {
            count(note.issued_at, &note.country, -note.total);
        }
        let wanted =
            [2_025, 1_476, 1_393, 1_983, 1_744, 2_162, 2_012, 1_927, 1_737, 2_327, 2_637, 3_462, 1_015];
        assert_eq!(months.into_values().collect::<Vec<_>>(), wanted);
        for (code, wanted) in [
            ("GB", (23_494, 818_780_636)),
            ("NL", (101, 28_466_154)),
            ("IE", (360, 26_327_682)),
            ("DE", (603, 22_169_821)),
            ("FR", (461, 19_740_390)),
        ] {
            assert_eq!(countries[code], wanted, "{code}");
        }
    }

    #[test]
    fn the_day_files_give_theirs() {
        for (name, lines, invoices, sum) in
            [("2010-12-01", 3_108, 143, "58635.56"), ("2011-12-05", 5_331, 151, "57751.32")]
        {
            let Some((_, report)) =
                read(Format::OnlineRetail, Kind::Orders, &[&format!("online-retail/{name}.csv")])
            else {
                return;
            };
            let t = &report.tallies;
            assert_eq!((t.lines, t.orders + t.credit_notes + t.adjustments), (lines, invoices));
            let sums = &t.sums[&Currency::GBP];
            assert_eq!(sums.total.exact - sums.credited.exact, decimal(sum));
            if name == "2010-12-01" {
                assert_eq!(t.customers, 98);
            }
        }
    }
}

mod shopify {
    use super::*;
    use crate::shop::orders::{NewOrderCustomer, Payment, Status};
    use std::collections::BTreeMap;

    fn orders(name: &str, currency: Option<&str>) -> Option<(Kept, Report)> {
        let options =
            Options { currency: currency.map(|c| Currency::parse(c).unwrap()), ..Options::default() };
        read_with(
            &preset(Format::Shopify, Kind::Orders).unwrap(),
            &[&format!("shopify/{name}.csv")],
            &options,
        )
    }

    #[test]
    fn a_real_shops_orders_give_their_figures() {
        let Some((kept, report)) = orders("orders_export_panalysis", Some("AUD")) else { return };
        let t = &report.tallies;
        assert_eq!((t.orders, t.rows, t.refused_rows), (1_057, 1_057, 0));
        let sums = &t.sums[&Currency::parse("AUD").unwrap()];
        assert_eq!(sums.goods.exact, decimal("53823.55"));
        assert_eq!(sums.shipping.exact, decimal("14559.40"));
        assert_eq!(sums.tax.exact, decimal("6073.50"));
        assert_eq!((sums.total.exact, sums.total.rounded), (decimal("68141.45"), 6_814_145));
        let facts =
            ["tax_included", "tax_included_or_none", "free_shipping", "tax_added", "total_unexplained"];
        // 1,040 with the tax included, one of them without tax, and 17 (not 16) with free shipping: together 1,057.
        assert_eq!(facts.map(|f| t.count(f)), [1_039, 1, 17, 0, 0]);
        assert!(kept.orders.iter().all(|o| o.tax_included));
        let mut regions: BTreeMap<&str, u32> = BTreeMap::new();
        for order in &kept.orders {
            *regions.entry(&order.billing.as_ref().unwrap().region).or_default() += 1;
        }
        for (region, count) in [
            ("NSW", 353),
            ("VIC", 247),
            ("QLD", 197),
            ("WA", 117),
            ("SA", 77),
            ("ACT", 30),
            ("TAS", 19),
            ("NT", 17),
        ] {
            assert_eq!(regions[region], count, "{region}");
        }
        let first = &kept.orders[0];
        assert_eq!((first.wished_number, first.source_name.as_str()), (Some(1030), "#1030"));
        let billing = first.billing.as_ref().unwrap();
        assert_eq!((billing.postcode.as_str(), billing.country.as_str()), ("0812", "AU"));
        assert_eq!(first.placed_at.unwrap().to_string(), "2014-11-25T03:45:53Z");
        assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(660)).count(), 687);
        assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(600)).count(), 370);
    }

    #[test]
    fn continuation_rows_belong_to_their_order() {
        let Some((kept, report)) = orders("shopify_orders_sample", None) else { return };
        let t = &report.tallies;
        // 58 different cells in the column Email, one of them empty: 57 people and five guests.
        assert_eq!((t.rows, t.orders, t.customers, t.guests, t.lines), (249, 127, 57, 5, 249));
        let sums = &t.sums[&Currency::USD];
        assert_eq!((sums.total.exact, sums.refunded.exact), (decimal("15063.00"), decimal("423.75")));
        assert!(
            kept.orders
                .iter()
                .all(|o| matches!(o.payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded))
        );
        let Some((kept, report)) = orders("shopify_orders_edge", None) else { return };
        assert_eq!((report.tallies.rows, report.tallies.orders), (9, 8));
        assert_eq!(kept.orders[0].lines.len(), 2);
        assert_eq!(
            (&kept.orders[3].customer, kept.orders[3].email.as_ref()),
            (&NewOrderCustomer::Guest, None)
        );
        assert_eq!((kept.orders[4].stated_total, kept.orders[4].status), (Some(0), Status::Completed));
    }

    #[test]
    fn a_customer_row_that_lacks_a_cell_is_refused_alone() {
        let Some((kept, report)) =
            read(Format::Shopify, Kind::Customers, &["shopify/customers_export_wave.csv"])
        else {
            return;
        };
        assert_eq!((kept.customers.len(), kept.refused.len()), (4, 1));
        assert_eq!((kept.refused[0].line, kept.refused[0].code), (4, "wrong_width"));
        assert_eq!(report.files[0].unknown_columns, ["channel"]);
        assert_eq!(kept.customers[0].last_name, "Meyers");
        assert_eq!(kept.customers[0].addresses[0].line1, "123 Main St.");
    }
}
