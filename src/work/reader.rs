//! A reader of the event log: every event once, in order, from any place on, waiting for what is to come.

use crate::base::error::Result;
use crate::store::events::{self, Taken};
use crate::store::{Read, Store, StoredEvent};

/// Events looked at on the thread that asks; more than that are looked at on the pool for long reads.
const AT_ONCE: usize = 200;
/// Events looked at before it is said how far that was, so that a filter that lets nothing through still yields.
const STEP: usize = 20_000;

/// Which events a reader wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Kinds such as `order.placed`, or `order.*`; all, if empty.
    pub kinds: Vec<String>,
    /// Only events about this subject, such as `ord_…`.
    pub subject: Option<String>,
}

impl Filter {
    /// Whether events of a kind are wanted.
    pub fn wants_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty()
            || self.kinds.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(start) => kind.starts_with(start),
                None => kind == *wanted,
            })
    }
    /// What is wanted behind the number `seq`.
    fn after(&self, from: &(impl Read + ?Sized), seq: u64, limits: (usize, usize)) -> Result<Taken> {
        match &self.subject {
            Some(subject) => events::about_after(from, subject, seq, limits, |kind| self.wants_kind(kind)),
            None => events::wanted_after(from, seq, limits, |kind| self.wants_kind(kind)),
        }
    }
}

/// A place in the event log.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    filter: Filter,
    /// The last sequence number looked at.
    at: u64,
}

impl Reader {
    /// A reader of what comes after the event with the sequence number `after`.
    pub fn new(store: Store, filter: Filter, after: u64) -> Self {
        Self { store, filter, at: after }
    }

    /// The last sequence number looked at: everything up to it was given out or not wanted.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Up to `limit` wanted events that are there now. Fewer, or none, are not the end of the log where few are wanted and
    /// many were looked at: that is where [`Reader::is_at_end`] says so.
    ///
    /// # Errors
    /// As [`Store::scan`].
    pub async fn take(&mut self, limit: usize) -> Result<Vec<StoredEvent>> {
        let few = self.store.read(|s| self.filter.after(s, self.at, (limit.min(AT_ONCE), AT_ONCE)))?;
        self.at = few.at;
        let mut events = few.events;
        let left = limit.saturating_sub(events.len());
        if few.more && left > 0 {
            let (filter, at) = (self.filter.clone(), self.at);
            let more = self.store.scan(move |s| filter.after(s, at, (left, STEP))).await?;
            self.at = more.at;
            events.extend(more.events);
        }
        Ok(events)
    }

    /// There is nothing behind its place.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.store.last_seq()
    }

    /// Waits until something was committed after the reader's place.
    pub async fn wait(&self) {
        let mut seen = self.store.watch();
        // The sender lives as long as the store; when it is gone there is nothing to wait for.
        let _closed = seen.wait_for(|last| *last > self.at).await.is_err();
    }
}
