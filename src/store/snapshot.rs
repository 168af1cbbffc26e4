//! Reading: what a transaction and a snapshot have in common, and the snapshot itself.

use crate::base::error::{Error, Result};
use crate::store::engine::EngineSnapshot;
use crate::store::health::Ticket;
use crate::store::span::{Direction, Span};
use crate::store::table::Registry;
use crate::store::write_set::Visit;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

/// Rows as bytes. [`Table`](crate::store::Table) and [`Index`](crate::store::Index) read through it; so does what
/// works on any table, such as a backup.
pub trait Read {
    /// Calls `found` with the value of the row `key`; true when there is one.
    ///
    /// # Errors
    /// `Internal` for a table that was not named when the store was opened, `Unavailable` while the store is
    /// being reopened or closed.
    fn get_raw(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool>;
    /// Visits rows in order until the visitor breaks.
    ///
    /// # Errors
    /// As [`Read::get_raw`]; `too_slow` when a scan has used up its time; and what the visitor returns.
    fn walk_raw(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()>;
}

/// The committed state of one moment. It belongs to the thread that reads; keep it for as long as the reading
/// takes and no longer: pages that it sees cannot be used again.
pub struct Snapshot {
    rows: Box<dyn EngineSnapshot>,
    registry: Arc<Registry>,
    deadline: Option<Instant>,
    steps: Cell<u32>,
    _ticket: Ticket,
}

/// A clock is asked once in so many rows.
const STEPS_PER_LOOK: u32 = 128;

impl Snapshot {
    pub(super) fn new(
        rows: Box<dyn EngineSnapshot>,
        registry: Arc<Registry>,
        deadline: Option<Instant>,
        ticket: Ticket,
    ) -> Self {
        Self { rows, registry, deadline, steps: Cell::new(0), _ticket: ticket }
    }
    /// The number of rows of a table, without reading them.
    pub(super) fn count_raw(&self, table: &'static str) -> Result<u64> {
        self.registry.require(table)?;
        self.rows.count(table)
    }
    /// Counts a step and refuses to go on behind the deadline.
    fn step(&self) -> Result<()> {
        let Some(deadline) = self.deadline else { return Ok(()) };
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(STEPS_PER_LOOK) && Instant::now() >= deadline {
            return Err(Error::unavailable(
                "too_slow",
                "This takes too long. Narrow the range or the search and try again.",
                5,
            ));
        }
        Ok(())
    }
}

impl Read for Snapshot {
    fn get_raw(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool> {
        self.registry.require(table)?;
        self.step()?;
        self.rows.get(table, key, found)
    }
    fn walk_raw(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.registry.require(table)?;
        if self.deadline.is_none() {
            return self.rows.walk(table, span, direction, visit);
        }
        self.rows.walk(table, span, direction, &mut |key, value| {
            self.step()?;
            visit(key, value)
        })
    }
}
