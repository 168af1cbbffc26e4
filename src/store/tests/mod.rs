//! Tests of the store as a whole, and the small shop they are played in.

mod basics;
mod crash;
mod disk;
mod fence;
mod group;
mod journal;
mod layers;
mod limits;
mod overlay;
mod readers;
mod rows;

use crate::base::time::{Clock, Timestamp};
use crate::store::door::registry;
use crate::store::engine::Opener;
use crate::store::format::Formats;
use crate::store::shared::Parts;
use crate::store::space::{Guard, Probe};
use crate::store::{
    Actor, Event, Index, IndexInfo, IndexRow, Record, Settings, Store, Subject, Table, TableInfo,
};
use minicbor::{Decode, Encode};
use std::sync::Arc;

crate::id!(
    /// A thing.
    ThingId, "thg"
);

/// A record with a unique and a plain index.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Thing {
    #[n(0)]
    pub(super) name: String,
    #[n(1)]
    pub(super) colour: String,
    #[n(2)]
    pub(super) amount: i64,
}

impl Record for Thing {
    type Key = ThingId;
    const INDEXES: &'static [IndexInfo] = &[BY_NAME.info(), BY_COLOUR.info()];
    fn index_keys(&self, id: &ThingId) -> Vec<IndexRow> {
        vec![
            BY_NAME.row(&self.name, id),
            BY_COLOUR.row_with(&(self.colour.clone(), self.amount), id, self.name.as_bytes()),
        ]
    }
}

pub(super) const THINGS: Table<ThingId, Thing> = Table::new("thing/1");
pub(super) const BY_NAME: Index<String, ThingId> = Index::unique("thing_by_name/1");
pub(super) const BY_COLOUR: Index<(String, i64), ThingId> = Index::new("thing_by_colour/1");

pub(super) static TABLES: &[TableInfo] = &[THINGS.info("tests")];

#[derive(serde::Serialize)]
pub(super) struct Made {
    pub(super) name: String,
}

impl Event for Made {
    fn kind(&self) -> &'static str {
        "thing.made"
    }
}

pub(super) fn thing(name: &str, colour: &str, amount: i64) -> Thing {
    Thing { name: name.into(), colour: colour.into(), amount }
}

pub(super) fn id(n: u8) -> ThingId {
    ThingId([n; 16])
}

pub(super) fn actor() -> Actor {
    Actor::cli()
}

pub(super) fn clock() -> Clock {
    Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap())
}

/// No guard, so that tests run on a full disk too, and no ballast.
pub(super) fn settings() -> Settings {
    Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() }
}

pub(super) fn open(dir: &std::path::Path) -> Store {
    Store::open(dir, &settings(), clock(), TABLES).unwrap()
}

/// A store over any engine, with any free space.
pub(super) fn start(opener: Box<dyn Opener>, probe: Probe, reserve_mb: u32) -> Store {
    let ballast = std::path::PathBuf::from("/nonexistent/ballast");
    Store::start(Parts {
        clock: clock(),
        registry: Arc::new(registry(TABLES).unwrap()),
        opener,
        formats: Formats::OURS,
        space: Guard::new(probe, reserve_mb, ballast, 0),
        scan_time: std::time::Duration::from_secs(10),
        settles_beside: false,
    })
    .unwrap()
}

/// Keeps a thing and publishes that it was made.
pub(super) fn make(store: &Store, n: u8, thing: Thing) -> crate::base::error::Result<u64> {
    store.write_blocking(actor(), move |tx| {
        THINGS.put(tx, &id(n), &thing)?;
        tx.count("things", 1)?;
        tx.publish(Subject::of(&id(n)), &Made { name: thing.name.clone() })
    })
}
