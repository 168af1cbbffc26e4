//! The narrow waist: what the store asks of the engine below it.

pub(super) mod redb;

#[cfg(test)]
pub(super) mod memory;

use crate::base::error::Result;
use crate::store::journal::{Mark, Tap};
use crate::store::span::{Direction, Span};
use crate::store::write_set::{Visit, WriteSet};
use std::time::Duration;

/// An open database. One thread writes, another one may settle what was written, any thread reads; dropping it closes it and gives up its lock, even while
/// snapshots of it are alive: those answer `Unavailable` from then on.
pub(super) trait Engine: Send + Sync {
    /// The committed state of this moment.
    fn snapshot(&self) -> Result<Box<dyn EngineSnapshot>>;
    /// The same with its place in the journal, where there is one: all up to there is in it and nothing beyond.
    fn snapshot_marked(&self) -> Result<(Box<dyn EngineSnapshot>, Option<Mark>)> {
        Ok((self.snapshot()?, None))
    }
    /// Writes the whole set and makes it durable in the database itself, or nothing of it.
    ///
    /// # Errors
    /// Any error means that the outcome is unknown and that this engine must be dropped and opened again.
    fn commit(&self, set: &WriteSet) -> Result<()>;
    /// The same by the shortest way there is: the way of every group. `store_fenced` means that nothing of it was written.
    fn apply(&self, set: WriteSet) -> Result<()> {
        self.commit(&set)
    }
    /// Writes all of these sets, one over the other, so that they are seen; they are durable with the next commit. The same
    /// rule for errors.
    fn apply_lightly(&self, sets: &[&WriteSet]) -> Result<()> {
        sets.iter().try_for_each(|set| self.commit(set))
    }
    /// Does what is due behind the answers, on any thread while another one writes. The same rule for errors.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
    /// Waits while another thread has too much to settle, so that what waits for it fits into memory.
    fn wait_for_room(&self) {}
    /// In what time something is due; `None` when nothing will be.
    fn settle_in(&self) -> Option<Duration> {
        None
    }
    /// Whether the database on disk lacks something that accepting this opening brings in.
    fn owes(&self) -> bool {
        false
    }
    /// Makes the tables that do not exist yet. Durable; the same rule for errors.
    fn ensure_tables(&self, names: &[&'static str]) -> Result<()>;
    /// True when there is no table at all.
    fn is_new(&self) -> Result<bool>;
    /// Lets the opening reach the disk. Until then it has changed nothing there, so an engine that is dropped
    /// before leaves the file as it was.
    fn accept(&self) -> Result<()>;
}

/// The rows of one moment.
pub(super) trait EngineSnapshot {
    /// Calls `found` with the value; true when there is one. A table that does not exist has no rows.
    fn get(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool>;
    /// Visits the rows of a range.
    fn walk(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()>;
    /// The number of rows, without reading them.
    fn count(&self, table: &'static str) -> Result<u64>;
}

/// Opens an engine, and opens it again after a fault.
pub(super) trait Opener: Send + Sync {
    /// # Errors
    /// `store_locked`, `store_damaged`, `store_io`.
    fn open(&self) -> Result<Box<dyn Engine>>;
    /// Bytes the database takes on disk.
    fn file_bytes(&self) -> u64;
    /// How far the journal is, where there is one.
    fn tap(&self) -> Tap {
        Tap::default()
    }
    /// Copies the database as it was before it is opened for changes; `label` becomes part of the copy's name.
    fn keep_copy(&self, label: &str) -> Result<()>;
}
