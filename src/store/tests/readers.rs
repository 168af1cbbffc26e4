//! Readers beside a writer: each sees one moment, and never one before what it knows was answered.

use super::{THINGS, actor, id, make, open, thing};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

const WRITES: i64 = 400;
/// So many bytes make the journal hand on what waits in it every few writes.
const LARGE: usize = 8_000;

#[test]
fn what_was_answered_is_in_every_later_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    make(&store, 1, thing("a", "red", 0)).unwrap();
    let (answered, over) = (AtomicI64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let known = answered.load(Ordering::SeqCst);
                    let seen = store.read(|s| THINGS.get(s, &id(1))).unwrap().unwrap();
                    assert!(seen.amount >= known, "{} after {known} was answered", seen.amount);
                }
            });
        }
        for amount in 1..=WRITES {
            let changed = thing("a", &"x".repeat(LARGE), amount);
            store.write_blocking(actor(), move |tx| THINGS.put(tx, &id(1), &changed)).unwrap();
            answered.store(amount, Ordering::SeqCst);
        }
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_reader_stays_in_its_moment_and_the_next_one_is_in_the_present() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    make(&store, 1, thing("a", "red", 1)).unwrap();
    let amount = |s: &crate::store::Snapshot| Ok(THINGS.get(s, &id(1))?.map(|t| t.amount));
    store
        .read(|early| {
            assert_eq!(amount(early)?, Some(1));
            let changed = thing("a", &"x".repeat(100_000), 2);
            store.write_blocking(actor(), move |tx| THINGS.put(tx, &id(1), &changed))?;
            assert_eq!(amount(early)?, Some(1), "as it was when the reader came");
            store.read(|late| {
                assert_eq!(amount(late)?, Some(2));
                Ok(())
            })
        })
        .unwrap();
}
