//! Counts that have been made: as long as neither the index nor what waits for it has changed, a question has the same
//! ones on every page of its list.

use super::Asked;
use crate::search::index::Generation;
use crate::search::pending::Waiting;
use crate::search::query::tree::Tree;
use crate::search::request::{Facet, Total};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Questions whose counts are kept; the one asked least recently gives way.
const KEPT_MAX: usize = 24;
/// Values of one question that are kept: of a field where almost every record has its own they would be megabytes.
const VALUES_KEPT_MAX: usize = 5_000;

/// What was counted for a question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) total: Option<Total>,
    pub(crate) facets: Arc<Vec<Facet>>,
}

#[derive(Debug)]
struct Entry {
    // As long as one points at it, nothing else has its address.
    generation: Weak<Generation>,
    waiting: Weak<Waiting>,
    kinds: Vec<(u8, Tree)>,
    cap: Option<u64>,
    fields: Vec<u16>,
    values_max: usize,
    counts: Counts,
}

/// The counts that were made last. All of them are of one state: an older one is never asked for again.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<VecDeque<Entry>>);

/// The state that counts are of.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) generation: &'a Arc<Generation>,
    pub(super) waiting: &'a Arc<Waiting>,
}

impl Entry {
    fn is_of(&self, of: Of<'_>) -> bool {
        std::ptr::eq(self.generation.as_ptr(), Arc::as_ptr(of.generation))
            && std::ptr::eq(self.waiting.as_ptr(), Arc::as_ptr(of.waiting))
    }
}

impl Counted {
    pub(super) fn get(
        &self,
        of: Of<'_>,
        asked: &Asked<'_>,
        cap: Option<u64>,
        fields: &[u16],
    ) -> Option<Counts> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |entry: &Entry| {
            entry.is_of(of)
                && entry.cap == cap
                && entry.fields == fields
                && entry.values_max == asked.request.values_max
                && entry.kinds == asked.kinds
        };
        let place = entries.iter().position(same)?;
        let entry = entries.remove(place)?;
        let counts = entry.counts.clone();
        entries.push_front(entry);
        Some(counts)
    }
    pub(super) fn keep(
        &self,
        of: Of<'_>,
        asked: &Asked<'_>,
        cap: Option<u64>,
        fields: &[u16],
        counts: &Counts,
    ) {
        if counts.facets.iter().map(|facet| facet.values.len()).sum::<usize>() > VALUES_KEPT_MAX {
            return;
        }
        let entry = Entry {
            generation: Arc::downgrade(of.generation),
            waiting: Arc::downgrade(of.waiting),
            kinds: asked.kinds.clone(),
            cap,
            fields: fields.to_vec(),
            values_max: asked.request.values_max,
            counts: counts.clone(),
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.is_of(of));
        entries.push_front(entry);
        entries.truncate(KEPT_MAX);
    }
}
