//! Commits of unknown outcome and reads that fail: the store fences itself, opens again and goes on.

use super::*;
use crate::base::error::Kind;
use crate::store::engine::memory::{Commit, Disk, MemoryOpener};
use crate::store::{Direction, Span, counter, events};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

fn over(disk: &Arc<Disk>) -> Store {
    start(Box::new(MemoryOpener(Arc::clone(disk))), Box::new(|| Ok(u64::MAX)), 0)
}

fn next_commit(disk: &Disk, commit: Commit) {
    disk.commits.lock().unwrap().push_back(commit);
}

fn heard(store: &Store) -> Arc<Mutex<Vec<u64>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let by_hook = Arc::clone(&heard);
    store.on_commit(Box::new(move |events| by_hook.lock().unwrap().extend(events.iter().map(|e| e.seq))));
    heard
}

#[test]
fn a_failed_commit_is_unknown_and_the_store_goes_on() {
    for (commit, durable) in
        [(Commit::FailsLost, false), (Commit::FailsDurable, true), (Commit::Panics, false)]
    {
        let disk = Arc::<Disk>::default();
        let store = over(&disk);
        let heard = heard(&store);
        make(&store, 1, thing("lamp", "red", 3)).unwrap();
        next_commit(&disk, commit);
        let error = make(&store, 2, thing("chair", "red", 3)).unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Unavailable, "commit_unknown"));
        assert!(error.retry_after_s.is_some());
        // Reads and writes go on by themselves; a write waits for the reopening in its line.
        make(&store, 3, thing("table", "blue", 1)).unwrap();
        let found = store.read(|s| THINGS.get(s, &id(2))).unwrap();
        assert_eq!(found.is_some(), durable);
        // The log has no gap, and the hook heard of each event once and in order.
        let last = if durable { 3 } else { 2 };
        assert_eq!(store.last_seq(), last);
        assert_eq!(*heard.lock().unwrap(), (1..=last).collect::<Vec<_>>());
        assert_eq!(store.check(&[]).unwrap(), []);
        assert_eq!((store.health().reopened, disk.opened.load(Ordering::SeqCst)), (1, 2));
    }
}

#[test]
fn a_retry_after_an_unknown_commit_is_answered_once() {
    for (commit, replayed) in [(Commit::FailsLost, false), (Commit::FailsDurable, true)] {
        let disk = Arc::<Disk>::default();
        let store = over(&disk);
        let order = || {
            store.write_blocking(actor(), |tx| {
                if let Some(first) = tx.replay("key", "k-1", &[7; 32])? {
                    return Ok((first.body, true));
                }
                let number = tx.next("order")?;
                tx.count("orders", 1)?;
                let body = number.to_string().into_bytes();
                tx.remember("key", "k-1", &[7; 32], 201, &body)?;
                Ok((body, false))
            })
        };
        next_commit(&disk, commit);
        assert_eq!(order().unwrap_err().code, "commit_unknown");
        assert_eq!(order().unwrap(), (b"1".to_vec(), replayed));
        assert_eq!(order().unwrap(), (b"1".to_vec(), true));
        assert_eq!(store.read(|s| counter(s, "orders")).unwrap(), 1);
    }
}

#[test]
fn while_it_cannot_be_opened_everything_is_answered_at_once() {
    let disk = Arc::<Disk>::default();
    let store = over(&disk);
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    next_commit(&disk, Commit::FailsLost);
    disk.failing_opens.store(1_000, Ordering::SeqCst);
    assert_eq!(make(&store, 2, thing("a", "b", 1)).unwrap_err().code, "commit_unknown");
    assert_eq!(make(&store, 2, thing("a", "b", 1)).unwrap_err().code, "store_fenced");
    assert_eq!(store.read(|_| Ok(())).unwrap_err().code, "store_fenced");
    let health = store.health();
    assert_eq!((health.writable, health.readable, health.reason), (false, false, Some("store_fenced")));
    // A fenced store can be closed.
    disk.failing_opens.store(0, Ordering::SeqCst);
    store.close().unwrap();
    drop(store);
    let store = over(&disk);
    assert_eq!(store.last_seq(), 1);
}

#[test]
fn a_read_that_fails_makes_the_writer_open_the_database_again() {
    let disk = Arc::<Disk>::default();
    let store = over(&disk);
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    disk.failing_read.store(true, Ordering::SeqCst);
    let list = || store.read(|s| THINGS.list(s, &Span::all(), Direction::Forward, 9));
    assert_eq!(list().unwrap_err().code, "store_io");
    // The next write finds an open store again, and so do reads from then on.
    make(&store, 2, thing("chair", "red", 3)).unwrap();
    assert_eq!(list().unwrap().len(), 2);
    assert_eq!(store.health().reopened, 1);
}

#[test]
fn a_read_that_fails_inside_an_operation_commits_nothing() {
    let disk = Arc::<Disk>::default();
    let store = over(&disk);
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    disk.failing_read.store(true, Ordering::SeqCst);
    assert_eq!(make(&store, 2, thing("chair", "red", 3)).unwrap_err().code, "store_fenced");
    assert_eq!(make(&store, 2, thing("chair", "red", 3)).unwrap(), 2);
    assert_eq!(store.read(|s| events::after(s, 0, 9)).unwrap().len(), 2);
}

#[test]
fn a_snapshot_from_before_the_fence_answers_unavailable() {
    let disk = Arc::<Disk>::default();
    let store = over(&disk);
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    let code = store.read(|s| {
        next_commit(&disk, Commit::FailsLost);
        assert_eq!(make(&store, 2, thing("a", "b", 1)).unwrap_err().code, "commit_unknown");
        make(&store, 2, thing("a", "b", 1)).unwrap();
        THINGS.get(s, &id(1))
    });
    assert_eq!(code.unwrap_err().code, "store_fenced");
    assert_eq!(store.health().reopened, 1);
}

#[test]
fn a_panic_of_the_writer_itself_is_survived() {
    let broken = Arc::new(AtomicBool::new(false));
    let probe_broken = Arc::clone(&broken);
    let probe = Box::new(move || {
        if probe_broken.swap(false, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("planned"));
        }
        Ok(u64::MAX)
    });
    let store = start(Box::new(MemoryOpener(Arc::<Disk>::default())), probe, 100);
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    broken.store(true, Ordering::SeqCst);
    assert_eq!(make(&store, 2, thing("chair", "red", 3)).unwrap_err().code, "commit_unknown");
    make(&store, 2, thing("chair", "red", 3)).unwrap();
    store.close().unwrap();
}

#[test]
fn closing_lets_the_hooks_go_and_what_they_hold() {
    let store = over(&Arc::<Disk>::default());
    let held = Arc::new(());
    let (by_hook, again) = (Arc::clone(&held), store.clone());
    store.on_commit(Box::new(move |_| {
        let _held = (&by_hook, again.last_seq());
    }));
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    store.close().unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
}
