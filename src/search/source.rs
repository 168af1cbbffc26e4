//! The seam to the store: where documents come from and what has changed.

use crate::base::error::Result;
use crate::search::doc::Doc;

/// A record that changed, by the number of the event that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub seq: u64,
    /// The kind's name or the prefix of its ids; changes of kinds the schema does not know only move the number.
    pub kind: &'static str,
    pub id: [u8; 16],
}

/// Whoever keeps the records.
///
/// All methods see at least what was committed before they were called. They are called from many threads.
pub trait Source: Send + Sync {
    /// The document of a record as it is now; `None` when it is gone or not to be found.
    ///
    /// # Errors
    /// Whatever keeps the record from being read.
    fn doc(&self, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>>;

    /// Ids of a kind in their order after `after`; fewer than `limit` only at the end.
    ///
    /// # Errors
    /// Whatever keeps the records from being read.
    fn ids(&self, kind: &str, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>>;

    /// The documents of many records as they are now, in the order of their ids. Better in one snapshot than one by one.
    ///
    /// # Errors
    /// Whatever keeps the records from being read.
    fn docs(&self, kind: &str, ids: &[[u8; 16]]) -> Result<Vec<Option<Doc>>> {
        ids.iter().map(|id| self.doc(kind, id)).collect()
    }

    /// Ids of a kind by their document's time, newest first, from the one after `before` on.
    /// Lists are answered from this while there is no index.
    ///
    /// # Errors
    /// Whatever keeps the records from being read.
    fn recent(&self, kind: &str, before: Option<(i64, [u8; 16])>, limit: usize) -> Result<Vec<[u8; 16]>> {
        let _ = (kind, before, limit);
        Ok(Vec::new())
    }

    /// Changes after a number, in their order, never cutting one number in two;
    /// fewer than `limit` only at the end of the log. Changes of other kinds may be left out.
    ///
    /// # Errors
    /// Whatever keeps the log from being read.
    fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Change>>;

    /// The number of the oldest event the log still has: an index that does not reach it is built anew.
    fn first_seq(&self) -> u64 {
        0
    }

    /// The number of the last committed event.
    fn last_seq(&self) -> u64;

    /// Which life of the store this is: it differs after a restore, so that no older index is believed.
    fn epoch(&self) -> [u8; 16];
}
