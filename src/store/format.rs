//! The format on disk: one number, refused when it is newer, brought up step by step when it is older.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, Timestamp};
use crate::store::actor::Actor;
use crate::store::check::Findings;
use crate::store::engine::{Engine, Opener};
use crate::store::events::Head;
use crate::store::fill::{PORTION, fill_new_indexes};
use crate::store::guarded::guarded;
use crate::store::key::key_bytes;
use crate::store::snapshot::{Read, Snapshot};
use crate::store::table::{Backup, Registry, TableInfo};
use crate::store::tx::{Group, Tx};
use std::sync::Arc;

/// The format this program writes. It grows with every change that an older program could not live with, a new
/// optional field among them: the older one would drop it when it writes the record again.
pub const FORMAT: u32 = 4;

/// A word → bytes. Read as plain bytes, so that any program can read the format of any other.
const META: &str = "meta/1";
const KEY_FORMAT: &str = "format";
const KEY_EPOCH: &str = "epoch";
const KEY_CREATED: &str = "created_at";
const KEY_VERSION: &str = "app_version";
const KEY_ANCHOR: &str = "events_anchor";
/// There from the copy before an upgrade to the upgrade's end.
const KEY_UPGRADING: &str = "upgrading";

/// The registry's line for the table of these words.
pub(super) const fn meta_info() -> TableInfo {
    TableInfo {
        name: META,
        owner: "store",
        indexes: &[],
        backup: Backup::Keep,
        sequences: &[],
        check: |_, _, _| Ok(()),
        fill: |_, _, _, _| Ok((0, None)),
    }
}

/// What a migration says when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Its part is committed; call it again. It sees from the data how far it is.
    More,
    Done,
}

/// A step from one format to the next.
pub(super) struct Migration {
    /// The format it leads to.
    pub(super) to: u32,
    /// What it does, for the log.
    pub(super) what: &'static str,
    pub(super) run: fn(&mut Tx<'_>) -> Result<Step>,
}

/// The formats of one program; a test plays other programs.
#[derive(Clone, Copy)]
pub(super) struct Formats {
    pub(super) current: u32,
    pub(super) migrations: &'static [Migration],
}

impl Formats {
    pub(super) const OURS: Self = Self {
        current: FORMAT,
        migrations: &[
            Migration {
                to: 2,
                what: "a journal before the database",
                // The opening has it already; the number keeps programs away that would pass it over.
                run: |_| Ok(Step::Done),
            },
            Migration {
                to: 3,
                what: "indexes that came later have the rows of older records",
                run: |tx| fill_new_indexes(tx, PORTION),
            },
            Migration {
                to: 4,
                what: "orders are found by what they are called where they are from",
                run: |tx| fill_new_indexes(tx, PORTION),
            },
        ],
    };
}

/// An open engine of the right format.
pub(super) struct Opened {
    pub(super) engine: Box<dyn Engine>,
    pub(super) epoch: [u8; 16],
    pub(super) head: Head,
}

/// Opens a database, makes a new one, or brings an older one up to date.
pub(super) fn open(
    opener: &dyn Opener,
    registry: &Arc<Registry>,
    clock: &Clock,
    formats: Formats,
) -> Result<Opened> {
    // A damaged file may panic inside the engine.
    guarded(|| open_checked(opener, registry, clock, formats)).unwrap_or_else(|| {
        Err(Error::refuse(
            Kind::Internal,
            "store_damaged",
            "The database is damaged and cannot be opened. Restore a backup.",
        ))
    })
}

fn open_checked(
    opener: &dyn Opener,
    registry: &Arc<Registry>,
    clock: &Clock,
    formats: Formats,
) -> Result<Opened> {
    let mut engine = opener.open()?;
    let found = found_format(engine.as_ref(), registry)?;
    if engine.owes() && found.is_some_and(|found| found < formats.current) {
        // The copy of an older store has to hold what its journal holds.
        engine.accept()?;
        drop(engine);
        engine = opener.open()?;
    }
    let change = |op: &dyn Fn(&mut Tx<'_>) -> Result<Step>| change(engine.as_ref(), registry, clock, op);
    match found {
        Some(newer) if newer > formats.current => return Err(too_new(newer, formats.current)),
        Some(found) => {
            // One that was cut off goes on with a file that is half new: the copy is of before.
            let is_cut_off = look(engine.as_ref(), registry, |tx| Ok(get(tx, KEY_UPGRADING)?.is_some()))?;
            let is_older = found < formats.current;
            if is_older && !is_cut_off {
                opener.keep_copy(&format!("before-{}", formats.current))?;
            }
            engine.accept()?;
            engine.ensure_tables(registry.names())?;
            if is_older {
                change(&|tx| put(tx, KEY_UPGRADING, &formats.current.to_be_bytes()).map(|()| Step::Done))?;
            }
            for migration in formats.migrations.iter().filter(|m| m.to > found && m.to <= formats.current) {
                tracing::info!("bringing the store to format {}: {}", migration.to, migration.what);
                while change(&|tx| {
                    let step = (migration.run)(tx)?;
                    if step == Step::Done {
                        put(tx, KEY_FORMAT, &migration.to.to_be_bytes())?;
                    }
                    Ok(step)
                })? == Step::More
                {}
            }
            if is_older || is_cut_off {
                change(&|tx| remove(tx, KEY_UPGRADING).map(|()| Step::Done))?;
            }
        }
        None if engine.is_new()? => {
            engine.accept()?;
            change(&|tx| {
                let created = tx.now().0.to_be_bytes();
                put(tx, KEY_FORMAT, &formats.current.to_be_bytes())?;
                set_epoch(tx)?;
                put(tx, KEY_CREATED, &created)?;
                Ok(Step::Done)
            })?;
            engine.ensure_tables(registry.names())?;
        }
        None => {
            return Err(Error::refuse(
                Kind::Internal,
                "store_damaged",
                "The file store.redb is a database of another program, or its first page is lost. Restore a backup.",
            ));
        }
    }
    change(&|tx| {
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        if get(tx, KEY_VERSION)?.as_deref() != Some(version) {
            put(tx, KEY_VERSION, version)?;
        }
        Ok(Step::Done)
    })?;
    let (epoch, head) = state(engine.as_ref(), registry)?;
    Ok(Opened { engine, epoch, head })
}

/// Epoch and last event of an open database.
pub(super) fn state(engine: &dyn Engine, registry: &Arc<Registry>) -> Result<([u8; 16], Head)> {
    look(engine, registry, |tx| {
        let epoch = get(tx, KEY_EPOCH)?.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let epoch = epoch.ok_or_else(|| Error::internal("the store has no epoch"))?;
        let mut head = crate::store::events::head(tx)?;
        if head.seq == 0 {
            head = events_anchor(tx)?;
        }
        Ok((epoch, head))
    })
}

/// Number and time of the last event of a database that is not accepted yet.
///
/// # Errors
/// `store_format_newer`; those of reading.
pub(super) fn last_event(engine: &dyn Engine, registry: &Arc<Registry>) -> Result<(u64, Option<Timestamp>)> {
    match found_format(engine, registry)? {
        Some(newer) if newer > FORMAT => return Err(too_new(newer, FORMAT)),
        _ => {}
    }
    let (_, head) = state(engine, registry)?;
    let event = look(engine, registry, |tx| crate::store::events::get(tx, head.seq))?;
    Ok((head.seq, event.map(|event| event.at)))
}

fn found_format(engine: &dyn Engine, registry: &Arc<Registry>) -> Result<Option<u32>> {
    look(engine, registry, |tx| {
        Ok(get(tx, KEY_FORMAT)?.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_be_bytes))
    })
}

/// Reads without keeping anything.
fn look<T>(
    engine: &dyn Engine,
    registry: &Arc<Registry>,
    op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    let clock = Clock::system();
    Group::new(engine.snapshot()?, Arc::clone(registry), Head::default()).run(
        &Actor::system("store"),
        clock.now(),
        op,
    )
}

/// One transaction of its own.
fn change(
    engine: &dyn Engine,
    registry: &Arc<Registry>,
    clock: &Clock,
    op: &dyn Fn(&mut Tx<'_>) -> Result<Step>,
) -> Result<Step> {
    let rows = engine.snapshot()?;
    let mut group = Group::new(rows, Arc::clone(registry), Head::default());
    let step = group.run(&Actor::system("store"), clock.now(), op)?;
    let outcome = group.finish();
    if !outcome.writes.is_empty() {
        engine.commit(&outcome.writes)?;
    }
    Ok(step)
}

pub(super) fn get(from: &(impl Read + ?Sized), key: &str) -> Result<Option<Vec<u8>>> {
    let mut found = None;
    from.get_raw(META, &key_bytes(key), &mut |bytes| found = Some(bytes.to_vec()))?;
    Ok(found)
}

pub(super) fn put(tx: &mut Tx<'_>, key: &str, value: &[u8]) -> Result<()> {
    tx.write_raw(META, &key_bytes(key), Some(value))
}

pub(super) fn remove(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    tx.write_raw(META, &key_bytes(key), None)
}

/// Gives a store an epoch of its own: what was derived from the one it was copied from is not believed any more.
pub(super) fn set_epoch(tx: &mut Tx<'_>) -> Result<()> {
    let mut epoch = [0; 16];
    tx.random(&mut epoch);
    put(tx, KEY_EPOCH, &epoch)
}

/// The same for a database that is no store yet.
pub(super) fn renew_epoch(engine: &dyn Engine, registry: &Arc<Registry>) -> Result<()> {
    let renew = |tx: &mut Tx<'_>| set_epoch(tx).map(|()| Step::Done);
    change(engine, registry, &Clock::system(), &renew).map(|_| ())
}

/// When the store was made.
pub(super) fn created(from: &(impl Read + ?Sized)) -> Result<Timestamp> {
    let bytes = get(from, KEY_CREATED)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    bytes.map(|b| Timestamp(i64::from_be_bytes(b))).ok_or_else(|| Error::internal("the store has no date"))
}

/// The same of an engine that no store works with.
pub(super) fn created_in(engine: &dyn Engine, registry: &Arc<Registry>) -> Result<Timestamp> {
    look(engine, registry, |tx| created(tx))
}

/// The last event that was trimmed: the chain begins behind it.
pub(super) fn events_anchor(from: &(impl Read + ?Sized)) -> Result<Head> {
    match get(from, KEY_ANCHOR)? {
        None => Ok(Head::default()),
        Some(bytes) => minicbor::decode(&bytes).map_err(|e| Error::internal(e.to_string())),
    }
}

/// Moves the beginning of the chain.
pub(super) fn set_events_anchor(tx: &mut Tx<'_>, anchor: Head) -> Result<()> {
    put(tx, KEY_ANCHOR, &minicbor::to_vec(anchor).map_err(|e| Error::internal(e.to_string()))?)
}

fn too_new(found: u32, ours: u32) -> Error {
    Error::conflict(
        "store_format_newer",
        format!(
            "The store has format {found}, written by a newer backroom; this one reads up to {ours}: \
             run the newer program or restore a backup made before the upgrade."
        ),
    )
}

/// The words that have to be there.
pub(super) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<()> {
    for (key, len) in [(KEY_FORMAT, 4), (KEY_EPOCH, 16), (KEY_CREATED, 8)] {
        if get(snapshot, key)?.is_none_or(|bytes| bytes.len() != len) {
            findings.add(META, format!("The entry {key} is missing or damaged."));
        }
    }
    Ok(())
}
