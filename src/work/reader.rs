//! A reader of the event log: every event once, in order, from any place on, waiting for what is to come.

use crate::base::error::Result;
use crate::store::{Store, StoredEvent, events};

/// Events looked at in one step, so that a filter that lets nothing through still yields.
const STEP: usize = 1_000;

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
    /// Whether an event is wanted.
    pub fn wants(&self, event: &StoredEvent) -> bool {
        self.wants_kind(&event.kind)
            && self
                .subject
                .as_ref()
                .is_none_or(|wanted| event.subjects().any(|subject| subject.to_string() == *wanted))
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

    /// Up to `limit` wanted events that are there now; empty when the reader has come to the end.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn take(&mut self, limit: usize) -> Result<Vec<StoredEvent>> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let batch = self.store.read(|s| events::after(s, self.at, STEP))?;
            if batch.is_empty() {
                break;
            }
            for event in batch {
                self.at = event.seq;
                if self.filter.wants(&event) {
                    taken.push(event);
                    if taken.len() == limit {
                        break;
                    }
                }
            }
        }
        Ok(taken)
    }

    /// Waits until something was committed after the reader's place.
    pub async fn wait(&self) {
        let mut seen = self.store.watch();
        // The sender lives as long as the store; when it is gone there is nothing to wait for.
        let _closed = seen.wait_for(|last| *last > self.at).await.is_err();
    }
}
