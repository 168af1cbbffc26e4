//! Rows of lists as HTML, kept until something they show has changed: the event log says what did.

use crate::base::error::Result;
use crate::store::{Read, Subject, events};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of rows that are kept; beyond it everything is forgotten and begins anew.
const BYTES_MAX: usize = 4 << 20;
/// What an entry takes beside its text.
const ENTRY_BYTES: usize = 160;
/// Events that are gone through one by one; behind more of them everything is forgotten.
const EVENTS_MAX: usize = 256;
/// Records whose last change is remembered.
const CHANGED_MAX: usize = 4_096;

/// A row, with a place where something of the page is put in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    pub before: String,
    pub after: String,
}

/// In which way rows are shown: equal for everything that a row depends on but its record and what that concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way(u64);

impl Way {
    pub fn of(everything: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        everything.hash(&mut hasher);
        Self(hasher.finish())
    }
}

#[derive(Debug)]
struct Entry {
    fragment: Arc<Fragment>,
    /// The last event that it was made behind.
    seq: u64,
    /// What else it shows.
    shows: Option<[u8; 16]>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The last event that was heard of; 0 before the first time.
    seq: u64,
    /// What events up to this one changed is not known any more.
    floor: u64,
    rows: HashMap<(Way, [u8; 16]), Entry>,
    bytes: usize,
    /// Ids and the last event that named them.
    changed: HashMap<[u8; 16], u64>,
}

/// The rows that were made last.
#[derive(Debug, Default)]
pub struct Fragments(Mutex<Inner>);

/// The event that a reader has got to; none where it reads an older state than others have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(Option<u64>);

/// A row that is to be kept.
pub struct New {
    pub id: [u8; 16],
    /// The id of another record that it shows. What concerns that one concerns the row.
    pub shows: Option<[u8; 16]>,
    pub fragment: Arc<Fragment>,
}

impl Inner {
    fn forget(&mut self, seq: u64) {
        *self = Self { seq, floor: seq, ..Self::default() };
    }
    /// Hears of what the snapshot has beyond the last time; false for one that is older.
    fn follow(&mut self, s: &impl Read) -> Result<bool> {
        if self.seq == 0 {
            self.seq = events::last(s)?;
            return Ok(self.seq > 0);
        }
        // The last one once more, to see that the snapshot has it.
        let heard = events::concerned(s, self.seq, EVENTS_MAX + 1)?;
        if heard.first().is_none_or(|first| first.seq != self.seq) {
            return Ok(false);
        }
        if heard.len() > EVENTS_MAX || self.changed.len() > CHANGED_MAX {
            self.forget(events::last(s)?);
            return Ok(true);
        }
        for event in heard.iter().skip(1) {
            self.seq = event.seq;
            for subject in &event.subjects {
                self.changed.insert(subject.id, event.seq);
            }
        }
        Ok(true)
    }
    fn get(&self, way: Way, id: [u8; 16]) -> Option<Arc<Fragment>> {
        let entry = self.rows.get(&(way, id))?;
        let is_as_it_was = |id: &[u8; 16]| self.changed.get(id).is_none_or(|changed| *changed <= entry.seq);
        let is = is_as_it_was(&id) && entry.shows.as_ref().is_none_or(is_as_it_was);
        is.then(|| Arc::clone(&entry.fragment))
    }
}

impl Fragments {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whatever a thread that died had heard of, it heard of whole events.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The rows of some records that are as they were, as the snapshot sees it.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn known(
        &self,
        s: &impl Read,
        way: Way,
        records: &[Subject],
    ) -> Result<(Vec<Option<Arc<Fragment>>>, Moment)> {
        let mut inner = self.lock();
        if !inner.follow(s)? {
            return Ok((records.iter().map(|_| None).collect(), Moment(None)));
        }
        Ok((records.iter().map(|record| inner.get(way, record.id)).collect(), Moment(Some(inner.seq))))
    }
    /// Keeps rows that were made of the snapshot of that moment.
    pub fn keep(&self, way: Way, moment: Moment, rows: Vec<New>) {
        let Some(seq) = moment.0.filter(|_| !rows.is_empty()) else { return };
        let mut inner = self.lock();
        if seq < inner.floor {
            return;
        }
        for New { id, shows, fragment } in rows {
            let size = fragment.before.len() + fragment.after.len() + ENTRY_BYTES;
            if inner.bytes + size > BYTES_MAX {
                (inner.rows, inner.bytes) = (HashMap::new(), 0);
            }
            inner.bytes += size;
            if let Some(old) = inner.rows.insert((way, id), Entry { fragment, seq, shows }) {
                let size = old.fragment.before.len() + old.fragment.after.len() + ENTRY_BYTES;
                inner.bytes = inner.bytes.saturating_sub(size);
            }
        }
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro for ids makes its type public")]
mod tests {
    use super::*;
    use crate::base::time::{Clock, Timestamp};
    use crate::store::{Actor, Event, Settings, Store};

    crate::id!(
        /// A record of these tests.
        ThingId, "thg"
    );

    #[derive(serde::Serialize)]
    struct Changed;

    impl Event for Changed {
        fn kind(&self) -> &'static str {
            "thing.changed"
        }
    }

    const WAY: Way = Way(7);

    fn change(store: &Store, thing: u8, also: u8) {
        let of = |n| Subject::of(&ThingId([n; 16]));
        let publish = move |tx: &mut crate::store::Tx<'_>| tx.publish_with(of(thing), &[of(also)], &Changed);
        store.write_blocking(Actor::system("test"), publish).unwrap();
    }

    fn known(kept: &Fragments, store: &Store, way: Way) -> (Vec<bool>, Moment) {
        let things: Vec<Subject> = (1..=3).map(|n| Subject::of(&ThingId([n; 16]))).collect();
        let (rows, moment) = store.read(|s| kept.known(s, way, &things)).unwrap();
        (rows.iter().map(Option::is_some).collect(), moment)
    }

    fn keep(kept: &Fragments, moment: Moment, things: &[u8]) {
        let row = |n: &u8| {
            let fragment = Arc::new(Fragment { before: "<tr>".to_owned(), after: n.to_string() });
            New { id: [*n; 16], shows: Some([100 + n; 16]), fragment }
        };
        kept.keep(WAY, moment, things.iter().map(row).collect());
    }

    #[test]
    fn a_row_is_kept_until_an_event_concerns_what_it_shows() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
        let clock = Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
        let store = Store::open(dir.path(), &settings, clock, &[]).unwrap();
        change(&store, 9, 9);
        let kept = Fragments::default();
        let (rows, moment) = known(&kept, &store, WAY);
        assert_eq!(rows, [false; 3]);
        keep(&kept, moment, &[1, 2, 3]);
        assert_eq!(known(&kept, &store, WAY).0, [true; 3]);
        assert_eq!(known(&kept, &store, Way(8)).0, [false; 3], "shown in another way");
        // The record itself, or what it shows; others leave it alone.
        change(&store, 1, 9);
        assert_eq!(known(&kept, &store, WAY).0, [false, true, true]);
        change(&store, 9, 102);
        let (rows, later) = known(&kept, &store, WAY);
        assert_eq!(rows, [false, false, true]);
        // Made of a state before the change: not shown after it.
        keep(&kept, moment, &[1, 2]);
        assert_eq!(known(&kept, &store, WAY).0, [false, false, true]);
        keep(&kept, later, &[1, 2]);
        assert_eq!(known(&kept, &store, WAY).0, [true; 3]);
        // A reader of an older state neither is given what is newer nor leaves anything behind.
        let old = store.read(|s| {
            change(&store, 9, 9);
            assert_eq!(known(&kept, &store, WAY).0, [true; 3]);
            kept.known(s, WAY, &[Subject::of(&ThingId([1; 16]))])
        });
        let (rows, none) = old.unwrap();
        assert_eq!((rows, none), (vec![None], Moment(None)));
        // After more than can be gone through nothing is believed, not even what is still being made.
        let (_, before) = known(&kept, &store, WAY);
        (0..=EVENTS_MAX).for_each(|_| change(&store, 9, 9));
        assert_eq!(known(&kept, &store, WAY).0, [false; 3]);
        keep(&kept, before, &[1]);
        assert_eq!(known(&kept, &store, WAY).0, [false; 3]);
    }

    #[test]
    fn only_so_much_is_kept() {
        let kept = Fragments::default();
        let rows = (0..3_u8).map(|n| New {
            id: [n; 16],
            shows: None,
            fragment: Arc::new(Fragment { before: "x".repeat(BYTES_MAX / 2), after: String::new() }),
        });
        kept.keep(WAY, Moment(Some(1)), rows.collect());
        let inner = kept.lock();
        assert!(inner.rows.len() == 1 && inner.bytes <= BYTES_MAX);
    }
}
