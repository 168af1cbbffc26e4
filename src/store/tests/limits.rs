//! Too little space, too much time, and what health says of it.

use super::*;
use crate::base::error::Kind;
use crate::store::engine::memory::{Disk, MemoryOpener};
use crate::store::{Direction, Read, Span};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MB: u64 = 1 << 20;

/// A store on a disk whose free space the test sets; a ballast of 2 MB.
fn on_small_disk(dir: &Path, free: &Arc<AtomicU64>) -> Store {
    let (free, ballast) = (Arc::clone(free), dir.join("ballast"));
    let probe = Box::new(move || Ok(free.load(Ordering::SeqCst)));
    Store::start(Parts {
        clock: clock(),
        registry: Arc::new(registry(TABLES).unwrap()),
        opener: Box::new(MemoryOpener(Arc::<Disk>::default())),
        formats: Formats::OURS,
        space: Guard::new(probe, 100, ballast, 2),
        scan_time: Duration::from_millis(20),
        settles_beside: false,
    })
    .unwrap()
}

#[test]
fn little_space_refuses_people_and_lets_the_program_finish() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(1_000 * MB));
    let store = on_small_disk(dir.path(), &free);
    let ballast = dir.path().join("ballast");
    let system = || store.write_blocking(Actor::system("sign-in"), |tx| tx.next("n"));
    make(&store, 1, thing("lamp", "red", 1)).unwrap();
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 2 * MB);

    free.store(99 * MB, Ordering::SeqCst);
    let error = make(&store, 2, thing("chair", "red", 1)).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Unavailable, "storage_low"));
    assert!(error.retry_after_s.is_some());
    assert!(!ballast.exists());
    assert_eq!(store.read(|s| THINGS.get(s, &id(1))).unwrap().unwrap().name, "lamp");
    system().unwrap();
    // So does what lets a person in.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.write_small(actor(), |tx| tx.next("sessions"))).unwrap();
    let health = store.health();
    assert_eq!((health.writable, health.readable, health.reason), (false, true, Some("storage_low")));
    // What the ballast gave back is not for people.
    free.store(101 * MB, Ordering::SeqCst);
    assert_eq!(make(&store, 2, thing("chair", "red", 1)).unwrap_err().code, "storage_low");
    // When nothing is left at all, nobody writes.
    free.store(MB, Ordering::SeqCst);
    assert_eq!(system().unwrap_err().code, "storage_low");
    // Space is freed: writes go on by themselves, and the ballast comes back.
    free.store(103 * MB, Ordering::SeqCst);
    make(&store, 2, thing("chair", "red", 1)).unwrap();
    assert!(!ballast.exists());
    free.store(500 * MB, Ordering::SeqCst);
    make(&store, 3, thing("table", "red", 1)).unwrap();
    assert!(ballast.exists());
    assert!(store.health().writable);
}

#[test]
fn a_scan_ends_at_its_deadline_and_leaves_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_small_disk(dir.path(), &Arc::new(AtomicU64::new(u64::MAX)));
    store
        .write_blocking(actor(), |tx| {
            (1..=200).try_for_each(|n| THINGS.put(tx, &id(n), &thing(&n.to_string(), "red", 1)))
        })
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endless = || {
            store.scan(|s| {
                loop {
                    s.walk_raw(THINGS.name(), &Span::all(), Direction::Forward, &mut |_, _| {
                        Ok(ControlFlow::Continue(()))
                    })?;
                }
                #[expect(unreachable_code, reason = "names the type")]
                Ok(())
            })
        };
        let (a, b, c) = tokio::join!(endless(), endless(), endless());
        for result in [a, b] {
            assert_eq!(result.unwrap_err().code, "too_slow");
        }
        // The third had to wait as long as the others took.
        assert!(matches!(c.unwrap_err().code, "busy" | "too_slow"));
        let panicked = store
            .scan(|_| -> crate::base::error::Result<()> { std::panic::resume_unwind(Box::new("planned")) });
        assert_eq!(panicked.await.unwrap_err().kind, Kind::Internal);
        let all = store.scan(|s| THINGS.list(s, &Span::all(), Direction::Forward, 999)).await;
        assert_eq!(all.unwrap().len(), 200);
    });
    assert_eq!(store.health().open_snapshots, 0);
}

#[test]
fn health_counts_commits_and_open_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    make(&store, 1, thing("lamp", "red", 1)).unwrap();
    let inside = store.read(|_| Ok(store.health())).unwrap();
    assert_eq!((inside.open_snapshots, inside.commits, inside.operations, inside.last_seq), (1, 1, 1, 1));
    assert!(inside.file_bytes > 0 && inside.free_bytes > 0 && inside.writable);
    assert_eq!(store.health().open_snapshots, 0);
    store.close().unwrap();
    assert_eq!(store.health().reason, Some("store_closed"));
}
