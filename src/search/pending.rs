//! What has been committed to the store but not yet to the index: it is found all the same.

use crate::base::error::Result;
use crate::search::schema::Schema;
use crate::search::source::{Change, Source};
use crate::search::terms::{Analyser, SortedTerms};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Records kept waiting in memory; past these only the log is trusted, and answers say `degraded`.
const WAITING_MAX: usize = 20_000;
/// Records that may wait before an import, or catching up with the log, stops for a while. Twice as many would make an
/// import a sixth faster, and searches meanwhile twice as slow.
const CROWDED: usize = 5_000;

/// A record whose document in the index, if there is one, is out of date.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: u8,
    pub(crate) id: [u8; 16],
    /// The last change of it.
    pub(crate) seq: u64,
    /// Its document as it is since `seq` or later; `None` inside when it is gone.
    terms: OnceLock<Option<SortedTerms>>,
}

impl Entry {
    /// The document, read from the source the first time it is needed.
    pub(crate) fn terms(&self, source: &dyn Source, schema: &Schema) -> Result<Option<&SortedTerms>> {
        if let Some(terms) = self.terms.get() {
            return Ok(terms.as_ref());
        }
        let kind = schema.kind_at(self.kind).map_or("", |k| k.name);
        let doc = source.doc(kind, &self.id)?;
        let terms = doc.and_then(|doc| Analyser::new(schema).terms(&doc)).map(SortedTerms::new);
        Ok(self.terms.get_or_init(|| terms).as_ref())
    }
    /// The document, where it has been read; `None` inside when it is gone.
    pub(crate) fn known(&self) -> Option<Option<&SortedTerms>> {
        self.terms.get().map(Option::as_ref)
    }
}

/// What was waiting at one moment.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// By the last eight bytes of the id: read from one column, they rule out nearly every hit.
    by_tail: HashMap<u64, Vec<u32>, BuildHasherDefault<TailHasher>>,
}

/// Ids end in random bits, so these are their own hash.
#[derive(Debug, Default)]
struct TailHasher(u64);

impl Hasher for TailHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, tail: u64) {
        // Spread, because ids of tests and imports count up.
        self.0 = tail.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    pub(crate) fn may_have(&self, tail: u64) -> bool {
        self.by_tail.contains_key(&tail)
    }
    pub(crate) fn has(&self, kind: u8, id: &[u8; 16]) -> bool {
        let same_tail = self.by_tail.get(&tail(id)).map(Vec::as_slice).unwrap_or_default();
        same_tail
            .iter()
            .filter_map(|place| self.entries.get(*place as usize))
            .any(|entry| entry.kind == kind && entry.id == *id)
    }
}

/// The last eight bytes of an id.
pub(crate) fn tail(id: &[u8; 16]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(id.last_chunk::<8>().unwrap_or(&[0; 8]));
    u64::from_be_bytes(bytes)
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<(u8, [u8; 16]), Arc<Entry>>,
    /// The same, as queries take it; made again after a change.
    waiting: Option<Arc<Waiting>>,
    /// Every change up to this one is in the index or waiting here.
    noted: u64,
    /// Changes were left out, because too much was waiting or numbers were missing.
    behind: bool,
    woken: bool,
    stopping: bool,
}

/// The set of records that are waiting for the index.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    inner: Mutex<Inner>,
    woken: Condvar,
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The set is whole after every statement, so a thread that died holding it left no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the index holds everything up to `seq`, and nothing is known of what came after.
    pub(crate) fn start_at(&self, seq: u64) {
        let mut inner = self.lock();
        inner.noted = seq;
        inner.behind = false;
        inner.by_id.retain(|_, entry| entry.seq > seq);
        inner.waiting = None;
    }

    /// Notes changes in the order of their numbers. What cannot be kept leaves the set `behind`.
    pub(crate) fn note(&self, schema: &Schema, changes: &[Change]) {
        let mut inner = self.lock();
        for change in changes {
            // Several changes have the number of one event.
            if change.seq < inner.noted {
                continue;
            }
            if inner.behind || change.seq > inner.noted + 1 {
                inner.behind = true;
                break;
            }
            add(&mut inner, schema, change);
        }
        drop(inner);
        self.woken.notify_all();
    }

    /// Changes came that could not be noted.
    pub(crate) fn fall_behind(&self) {
        self.lock().behind = true;
        self.wake();
    }

    /// Notes what was read from the log after `from`, which reaches up to `to`.
    pub(crate) fn catch_up(&self, schema: &Schema, changes: &[Change], to: u64, complete: bool) {
        let mut inner = self.lock();
        let noted = inner.noted;
        for change in changes.iter().filter(|c| c.seq > noted) {
            if let Some(kind) = schema.kind_place(change.kind) {
                put(&mut inner.by_id, kind, change);
            }
        }
        inner.waiting = None;
        inner.noted = inner.noted.max(to);
        inner.behind = !complete;
    }

    pub(crate) fn waiting(&self) -> Arc<Waiting> {
        let mut inner = self.lock();
        if let Some(waiting) = &inner.waiting {
            return Arc::clone(waiting);
        }
        let entries: Vec<Arc<Entry>> = inner.by_id.values().map(Arc::clone).collect();
        let mut by_tail: HashMap<u64, Vec<u32>, BuildHasherDefault<TailHasher>> =
            HashMap::with_capacity_and_hasher(entries.len(), BuildHasherDefault::default());
        for (place, entry) in (0..).zip(&entries) {
            by_tail.entry(tail(&entry.id)).or_default().push(place);
        }
        let waiting = Arc::new(Waiting { entries, by_tail });
        inner.waiting = Some(Arc::clone(&waiting));
        waiting
    }

    pub(crate) fn noted(&self) -> u64 {
        self.lock().noted
    }
    pub(crate) fn is_behind(&self) -> bool {
        self.lock().behind
    }
    pub(crate) fn len(&self) -> usize {
        self.lock().by_id.len()
    }
    /// Whether more may come in bulk: every search looks through what waits, so it stays well below what is kept.
    pub(crate) fn has_room(&self) -> bool {
        self.len() < CROWDED
    }

    /// Forgets entries that the index holds now. One that was noted again in the meantime stays.
    pub(crate) fn drop_indexed(&self, indexed: &[Arc<Entry>]) {
        let mut inner = self.lock();
        for entry in indexed {
            let key = (entry.kind, entry.id);
            if inner.by_id.get(&key).is_some_and(|now| Arc::ptr_eq(now, entry)) {
                inner.by_id.remove(&key);
            }
        }
        inner.waiting = None;
    }

    /// Forgets everything up to a number: a new index has taken over.
    pub(crate) fn reached(&self, seq: u64) {
        let mut inner = self.lock();
        inner.by_id.retain(|_, entry| entry.seq > seq);
        inner.waiting = None;
        inner.noted = inner.noted.max(seq);
    }

    /// Waits until something is noted after a number, the program ends or the time is over.
    pub(crate) fn wait(&self, at_most: Duration, after: u64) {
        let mut inner = self.lock();
        inner.woken = false;
        let idle = |inner: &mut Inner| inner.noted <= after && !inner.woken && !inner.stopping;
        drop(self.woken.wait_timeout_while(inner, at_most, idle));
    }
    /// Waits until the program ends or the time is over.
    pub(crate) fn pause(&self, at_most: Duration) {
        drop(self.woken.wait_timeout_while(self.lock(), at_most, |inner| !inner.stopping));
    }
    /// Ends a `wait`.
    pub(crate) fn wake(&self) {
        self.lock().woken = true;
        self.woken.notify_all();
    }
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.woken.notify_all();
    }
    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }
}

fn add(inner: &mut Inner, schema: &Schema, change: &Change) {
    if let Some(kind) = schema.kind_place(change.kind) {
        if inner.by_id.len() >= WAITING_MAX && !inner.by_id.contains_key(&(kind, change.id)) {
            // One event may change many records: those of it that did not fit are read with all others of it.
            inner.noted = inner.noted.min(change.seq.saturating_sub(1));
            inner.behind = true;
            return;
        }
        put(&mut inner.by_id, kind, change);
        inner.waiting = None;
    }
    inner.noted = inner.noted.max(change.seq);
}

/// A new entry even for a known record: a document read before this change must not be kept for it.
fn put(by_id: &mut HashMap<(u8, [u8; 16]), Arc<Entry>>, kind: u8, change: &Change) {
    let entry = Entry { kind, id: change.id, seq: change.seq, terms: OnceLock::new() };
    by_id.insert((kind, change.id), Arc::new(entry));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{KindDef, Schema};

    #[test]
    fn of_an_event_that_does_not_fit_nothing_is_lost() {
        let kind = KindDef { name: "order", prefix: "ord", label: "" };
        let schema = Schema::new(vec![kind], Vec::new()).unwrap();
        let change = |seq: u64, n: usize| {
            let mut id = [0; 16];
            id[8..].copy_from_slice(&(n as u64).to_be_bytes());
            Change { seq, kind: "order", id }
        };
        let pending = Pending::default();
        pending.start_at(0);
        let many: Vec<Change> = (1..WAITING_MAX).map(|n| change(1, n)).collect();
        pending.note(&schema, &many);
        assert!(!pending.is_behind() && pending.noted() == 1);
        let three = [0, 1, 2].map(|n| change(2, WAITING_MAX + n));
        pending.note(&schema, &three);
        pending.note(&schema, &[change(3, 0)]);
        assert!(pending.is_behind() && pending.noted() == 1, "the second event is read again");
        pending.catch_up(&schema, &three, 2, true);
        assert!(!pending.is_behind() && pending.noted() == 2);
        assert_eq!(pending.len(), WAITING_MAX + 2);
    }
}
