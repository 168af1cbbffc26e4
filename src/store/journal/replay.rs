//! The reading end: what the journal has beyond the durable database, or why it cannot be trusted.

use crate::base::error::{Error, Kind, Result};
use crate::store::journal::folder::Folder;
use crate::store::journal::log::{failed, first_of, name};
use crate::store::journal::record::{self, HEAD, Head, Life, Place};
use crate::store::journal::write_set;
use crate::store::write_set::WriteSet;

/// What the durable database says of its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) life: Life,
    /// The last record that is in the database.
    pub(super) number: u64,
    /// The first number of the segment that was written to; 0 when there was none.
    pub(super) active: u64,
}

/// What was found.
pub(super) struct Found {
    /// Where the next record belongs.
    pub(super) next: Place,
    pub(super) records: u64,
    /// Some of it belongs to another store.
    pub(super) is_foreign: bool,
}

/// Gives the sets beyond `state.number` to `apply`, in order. Records that were never synced may be missing at the end;
/// anything else that is missing is refused.
///
/// # Errors
/// `store_damaged`, `store_format_newer`, `store_io`.
pub(super) fn replay(
    folder: &dyn Folder,
    state: Option<State>,
    tables: &[&'static str],
    apply: &mut dyn FnMut(WriteSet) -> Result<()>,
) -> Result<Found> {
    let firsts: Vec<u64> = folder.names().map_err(failed)?.iter().filter_map(|n| first_of(n)).collect();
    let none = |is_foreign| {
        let number = state.map_or(0, |s| s.number) + 1;
        Found { next: Place { number, previous: 0 }, records: 0, is_foreign }
    };
    // A store that knows of no journal has none.
    let Some(state) = state else { return Ok(none(!firsts.is_empty())) };
    let mut walk = Walk { life: state.life, tables, beyond: state.number, next: None, records: 0, apply };
    let needed = state.number + 1;
    let is_lost = state.active > 0 && state.active <= state.number && !firsts.contains(&state.active);
    if is_lost {
        return Err(lost(state.number, "the segment that was written to is missing"));
    }
    for (place, first) in firsts.iter().enumerate() {
        // The next one begins early enough.
        if firsts.get(place + 1).is_some_and(|following| *following <= needed) {
            continue;
        }
        let bytes = folder.read(&name(*first)).map_err(failed)?;
        match record::read_head(&state.life, &bytes) {
            Head::Ours(begin) if begin.number == *first => {
                walk.segment(begin, bytes.get(HEAD..).unwrap_or_default(), place + 1 == firsts.len())?;
            }
            Head::Foreign => return Ok(none(true)),
            Head::Newer => return Err(newer()),
            Head::Ours(_) | Head::Damaged => {
                return Err(lost(walk.last(), "the head of a segment is damaged"));
            }
        }
    }
    let next = walk.next.filter(|next| next.number >= needed);
    Ok(Found { next: next.unwrap_or(none(false).next), records: walk.records, is_foreign: false })
}

struct Walk<'a> {
    life: Life,
    tables: &'a [&'static str],
    /// Records up to here are in the database.
    beyond: u64,
    next: Option<Place>,
    records: u64,
    apply: &'a mut dyn FnMut(WriteSet) -> Result<()>,
}

impl Walk<'_> {
    fn last(&self) -> u64 {
        self.next.map_or(self.beyond, |next| (next.number - 1).max(self.beyond))
    }
    /// Reads one segment; only the last one may end anywhere.
    fn segment(&mut self, begin: Place, mut bytes: &[u8], is_last: bool) -> Result<()> {
        let fits = self.next.map_or(begin.number <= self.beyond + 1, |next| next == begin);
        if !fits {
            return Err(lost(self.last(), "a segment is missing or damaged"));
        }
        let mut next = begin;
        while let Some(record) = record::read(&self.life, bytes).filter(|record| record.place == next) {
            if next.number > self.beyond {
                let mut set = WriteSet::default();
                write_set::decode(record.set, self.tables, &mut set).ok_or_else(newer)?;
                (self.apply)(set)?;
                self.records += 1;
            }
            next = record.next();
            bytes = bytes.get(record.size..).unwrap_or_default();
        }
        self.next = Some(next);
        if is_last && record::has_later(&self.life, bytes, next.number + 1) {
            return Err(lost(self.last(), "a record is damaged and there are others behind it"));
        }
        Ok(())
    }
}

fn lost(last: u64, why: &str) -> Error {
    let text = format!(
        "The journal beside store.redb is damaged behind change {last}: {why}. What follows cannot be brought back. \
         Put the directory journal back as it was, or restore a backup."
    );
    Error::refuse(Kind::Internal, "store_damaged", text)
}

fn newer() -> Error {
    Error::conflict(
        "store_format_newer",
        "The journal was written by a newer backroom: run the newer program, or restore a backup made before the upgrade.",
    )
}
