//! How the store is: numbers that can be read at any time without waiting for it.

use crate::base::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The state of the store at one moment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Whether a write of a person would be taken.
    pub writable: bool,
    /// Whether reads are answered.
    pub readable: bool,
    /// Why not: `storage_gone`, `storage_low`, `store_fenced`, `store_closed`.
    pub reason: Option<&'static str>,
    /// Free bytes on the disk of the data directory.
    pub free_bytes: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Writes that wait for their turn.
    pub queued: usize,
    pub open_snapshots: usize,
    /// Age of the oldest snapshot; one that lives long makes the file grow.
    pub oldest_snapshot_ms: u64,
    /// Groups committed since the start.
    pub commits: u64,
    /// Operations in them.
    pub operations: u64,
    pub last_commit_us: u64,
    /// Times the database had to be opened again since the start.
    pub reopened: u64,
    /// Number of the last event.
    pub last_seq: u64,
}

/// Counters that the writer keeps.
#[derive(Default)]
pub(super) struct Gauges {
    pub(super) commits: AtomicU64,
    pub(super) operations: AtomicU64,
    /// Those of them that somebody waited for.
    pub(super) awaited: AtomicU64,
    pub(super) last_commit_us: AtomicU64,
    pub(super) reopened: AtomicU64,
}

impl Gauges {
    pub(super) fn committed(&self, operations: usize, awaited: usize, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(operations as u64, Ordering::Relaxed);
        self.awaited.fetch_add(awaited as u64, Ordering::Relaxed);
        self.last_commit_us.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Places for open snapshots; those beyond are not aged, only few are ever open at once.
const PLACES: usize = 128;

/// When each open snapshot began.
pub(super) struct Snapshots {
    start: Instant,
    /// Microseconds since `start`, plus one; 0 is a free place.
    began: [AtomicU64; PLACES],
    next: AtomicU64,
}

impl Snapshots {
    pub(super) fn new() -> Arc<Self> {
        let began = std::array::from_fn(|_| AtomicU64::new(0));
        Arc::new(Self { start: Instant::now(), began, next: AtomicU64::new(0) })
    }
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1
    }
    /// Notes that a snapshot begins; dropping the ticket ends it.
    pub(super) fn begin(self: &Arc<Self>) -> Ticket {
        let now = self.now();
        let first = usize::try_from(self.next.fetch_add(1, Ordering::Relaxed) % PLACES as u64).unwrap_or(0);
        let place = (first..PLACES).chain(0..first).find(|place| {
            self.began
                .get(*place)
                .is_some_and(|p| p.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok())
        });
        Ticket { all: Arc::clone(self), place }
    }
    /// How many are open, and the age of the oldest in milliseconds.
    pub(super) fn open(&self) -> (usize, u64) {
        let now = self.now();
        let began: Vec<u64> =
            self.began.iter().map(|p| p.load(Ordering::Relaxed)).filter(|began| *began > 0).collect();
        (began.len(), began.iter().min().map_or(0, |oldest| now.saturating_sub(*oldest) / 1_000))
    }
}

/// An open snapshot.
pub(super) struct Ticket {
    all: Arc<Snapshots>,
    place: Option<usize>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.place.and_then(|place| self.all.began.get(place)) {
            place.store(0, Ordering::Relaxed);
        }
    }
}

/// Refusals of the store as a whole.
pub(super) fn busy() -> Error {
    Error::unavailable("busy", "Too many changes are waiting. Try again in a moment.", 1)
}
pub(super) fn closed() -> Error {
    Error::unavailable("store_closed", "The shop is closing down. Try again in a moment.", 5)
}
pub(super) fn fenced() -> Error {
    Error::unavailable("store_fenced", "The database is being opened again. Try again in a moment.", 2)
}
pub(super) fn commit_unknown() -> Error {
    Error::unavailable(
        "commit_unknown",
        "It is not known whether this was saved. Try again with the same Idempotency-Key, or look before you repeat it.",
        2,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_snapshots_are_counted_until_they_end() {
        let all = Snapshots::new();
        let first: Vec<_> = (0..PLACES + 3).map(|_| all.begin()).collect();
        assert_eq!(all.open().0, PLACES);
        drop(first);
        assert_eq!(all.open(), (0, 0));
        let _one = all.begin();
        assert_eq!(all.open().0, 1);
    }
}
