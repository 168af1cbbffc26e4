//! The journal: what a group wrote, appended to a file and synced once, is the moment of acknowledgement.
//!
//! A commit of the database costs two syncs and some forty page writes; the write set of a group is a few KB in a row. So
//! the set is appended to a segment as one numbered, checksummed record, and one sync makes it durable. The database takes
//! it behind the answers, without a sync, while the next groups are appended; until then it lies over the database for
//! whoever reads. About once a second, and when the store is closed, the database is made durable together with the number
//! of the last record in it. After a crash the records beyond that number are applied again: they are plain puts and
//! deletes, so the result is exact.
//!
//! What must never happen: an answer before its record is synced; the database durable with a number that the journal
//! does not have, or that says more than is in it; a torn, stale or foreign record applied; a record that was synced passed
//! over in silence; a segment removed while the durable database needs it or speaks of it.

mod engine;
mod folder;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod log;
pub(super) mod reading;
mod record;
mod replay;
mod tap;
pub(super) mod write_set;

#[cfg(test)]
pub(super) mod faulty;

use crate::store::table::{Backup, TableInfo};

pub(super) use engine::{JournaledOpener, Pace, state_mark};
pub(super) use folder::FOLDER;
#[cfg(test)]
pub(super) use folder::{Disk, Folder, Leaf};
pub use tap::Mark;
pub(super) use tap::{OUTBOX, Tap, Tapped};

/// The registry's line for the table of the journal.
pub(super) const fn info() -> TableInfo {
    TableInfo {
        name: engine::STATE,
        owner: "store",
        indexes: &[],
        backup: Backup::Skip,
        sequences: &[],
        check: |_, _, _| Ok(()),
        fill: |_, _, _, _| Ok((0, None)),
    }
}
