//! A transaction: reads see its own writes, and all of them are kept or none.

use crate::base::error::{Error, Result};
use crate::base::id::{Id, uuid_v7};
use crate::base::time::Timestamp;
use crate::store::actor::Actor;
use crate::store::engine::EngineSnapshot;
use crate::store::events::{Committed, Head};
use crate::store::snapshot::Read;
use crate::store::span::{Direction, Span};
use crate::store::table::Registry;
use crate::store::write_set::{Mark, Visit, WriteSet};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What a group of transactions shares: the state below them and the writes kept so far.
pub(super) struct Group {
    rows: Box<dyn EngineSnapshot>,
    registry: Arc<Registry>,
    writes: WriteSet,
    /// Where the event log stands, with the events of this group.
    head: Head,
    published: Vec<Committed>,
}

/// What a group comes to: the writes, where the event log stands with them, and the events among them.
pub(super) struct Outcome {
    pub(super) writes: WriteSet,
    pub(super) head: Head,
    pub(super) published: Vec<Committed>,
}

/// A moment in a group to which it can go back.
struct Moment {
    mark: Mark,
    head: Head,
    published: usize,
}

impl Group {
    pub(super) fn new(rows: Box<dyn EngineSnapshot>, registry: Arc<Registry>, head: Head) -> Self {
        Self { rows, registry, writes: WriteSet::default(), head, published: Vec::new() }
    }
    fn moment(&self) -> Moment {
        Moment { mark: self.writes.mark(), head: self.head, published: self.published.len() }
    }
    fn back_to(&mut self, moment: &Moment) {
        self.writes.back_to(moment.mark);
        self.head = moment.head;
        self.published.truncate(moment.published);
    }
    /// Runs one operation. Its writes are kept when it answers `Ok`, and taken back when it is refused or panics; a
    /// panic is an `Internal` error.
    pub(super) fn run<T>(
        &mut self,
        actor: &Actor,
        now: Timestamp,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let before = self.moment();
        let ran = catch_unwind(AssertUnwindSafe(|| op(&mut Tx { group: self, actor, now })));
        let result = ran.unwrap_or_else(|panic| {
            Err(Error::internal(format!(
                "an operation of the store panicked: {}",
                panic_text(panic.as_ref())
            )))
        });
        match result {
            Ok(_) => self.writes.keep(),
            Err(_) => self.back_to(&before),
        }
        result
    }
    /// True when something is to be committed.
    pub(super) fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }
    pub(super) fn bytes(&self) -> usize {
        self.writes.bytes()
    }
    /// Ends the group; the state below is let go, so that its pages can be used again.
    pub(super) fn finish(self) -> Outcome {
        Outcome { writes: self.writes, head: self.head, published: self.published }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref().copied())
        .unwrap_or("?")
}

/// One operation's view of the store and its pen. Everything is a function of the rows, the input, [`Tx::now`] and
/// [`Tx::random`], because an operation may be run again.
pub struct Tx<'t> {
    group: &'t mut Group,
    actor: &'t Actor,
    now: Timestamp,
}

impl Tx<'_> {
    /// The moment of this transaction: all its rows agree on it.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    /// Who does it.
    pub fn actor(&self) -> &Actor {
        self.actor
    }
    /// A new id. It begins with the time; what makes it unique is chance, so a clock that jumps back harms nothing.
    pub fn new_id<I: Id>(&mut self) -> I {
        self.dated_id(self.now)
    }
    /// A new id that begins with a moment. Those of one millisecond are in the order of their events: the number of the
    /// next one stands where RFC 9562 (6.2, method 1) has a counter.
    pub fn dated_id<I: Id>(&mut self, at: Timestamp) -> I {
        let mut random = [0; 10];
        self.random(&mut random);
        let [.., high, low] = self.group.head.seq.to_be_bytes();
        let [first, second, ..] = &mut random;
        (*first, *second) = (high, low);
        I::from_bytes(uuid_v7(at.0, &random))
    }
    /// Unguessable bytes.
    pub fn random(&mut self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
    /// Runs a part of this transaction whose writes are kept only on `Ok`: a line of an import that may be refused
    /// while the others stay.
    ///
    /// # Errors
    /// What `op` answers.
    pub fn attempt<T>(&mut self, op: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let before = self.group.moment();
        let result = op(self);
        if result.is_err() {
            self.group.back_to(&before);
        }
        result
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.group.registry
    }
    /// Writes a row, or removes it.
    pub(super) fn write_raw(&mut self, table: &'static str, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        self.group.registry.require(table)?;
        self.group.writes.write(table, key, value);
        Ok(())
    }
    /// Where the event log stands, and the list of what this group has published.
    pub(super) fn log(&mut self) -> (&mut Head, &mut Vec<Committed>) {
        (&mut self.group.head, &mut self.group.published)
    }
}

impl Read for Tx<'_> {
    fn get_raw(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool> {
        self.group.registry.require(table)?;
        match self.group.writes.get(table, key) {
            Some(Some(value)) => {
                found(value);
                Ok(true)
            }
            Some(None) => Ok(false),
            None => self.group.rows.get(table, key, found),
        }
    }
    fn walk_raw(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.group.registry.require(table)?;
        let below = |visit: &mut Visit<'_>| self.group.rows.walk(table, span, direction, visit);
        self.group.writes.walk_over(table, span, direction, below, visit)
    }
}
