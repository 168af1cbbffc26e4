//! A backup that is made under load: it is one moment of the store in every table, the file grows little meanwhile, and a
//! table that was forgotten is noticed (promises: P19, P18).
#![cfg(test)]

use super::tests::{Dump, TABLES, VISITS, Visit, back_up, dump};
use super::{How, Made, restore};
use crate::store::tests::{Made as ThingMade, THINGS, ThingId, actor, clock, id, settings, thing};
use crate::store::{Store, Subject, TableInfo, events};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much the file may grow by a backup, in per cent.
const GROWTH_MAX: u64 = 25;

/// A directory whose syncs cost nothing, where there is one.
fn room() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_no_such_place| tempfile::tempdir().unwrap())
}

fn open(dir: &Path, tables: &'static [TableInfo]) -> Store {
    Store::open(dir, &settings(), clock(), tables).unwrap()
}

fn key(n: u64) -> ThingId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    ThingId(bytes)
}

/// The change with the number `n`, which is its event's: the same one always does the same.
fn change(store: &Store, n: u64, of: u64) {
    store
        .write_blocking(actor(), move |tx| {
            let key = key(n * 7 % of);
            if n.is_multiple_of(11) {
                THINGS.delete(tx, &key)?;
            } else {
                let text = format!("{n} {}", "x".repeat(usize::try_from(n * 131 % 1_700).unwrap()));
                THINGS.put(tx, &key, &thing(&text, "red", i64::try_from(n).unwrap()))?;
            }
            tx.count("changes", 1)?;
            tx.next("change")?;
            tx.publish(Subject::of(&key), &ThingMade { name: n.to_string() })
        })
        .unwrap();
}

/// The tables in which two stores differ, but for what names a store.
fn differing(one: &Dump, other: &Dump) -> BTreeSet<&'static str> {
    let missing = |a: &Dump, b: &Dump| -> BTreeSet<&'static str> {
        a.iter()
            .filter(|(row, value)| row.0 != "meta/1" && b.get(*row) != Some(value))
            .map(|(row, _)| row.0)
            .collect()
    };
    missing(one, other).union(&missing(other, one)).copied().collect()
}

/// The events of a store; their rows also hold what chance has made of their ids.
fn told(store: &Store) -> Vec<String> {
    let all = store.read(|s| events::after(s, 0, usize::MAX)).unwrap();
    all.into_iter().map(|e| format!("{} {} {} {}", e.seq, e.kind, e.subject, e.data)).collect()
}

/// What is in a backup: its rows, and its events.
fn restored(made: &Made, tables: &'static [TableInfo]) -> (Dump, Vec<String>) {
    let dir = room();
    let how = How { key: None, checks: &[], plan: None, even_unsound: false };
    restore(&made.file, dir.path(), tables, &how).unwrap();
    let store = open(dir.path(), tables);
    let found = (dump(&store), told(&store));
    store.close().unwrap();
    found
}

#[test]
fn a_backup_under_writes_is_one_moment_in_every_table() {
    let dir = room();
    let store = open(dir.path(), TABLES);
    let stop = AtomicBool::new(false);
    let made: Vec<Made> = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1.. {
                change(&store, n, 60);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let made = (1..=3)
            .map(|round| {
                while store.last_seq() < round * 60 {
                    std::thread::yield_now();
                }
                back_up(&store, dir.path(), None)
            })
            .collect();
        stop.store(true, Ordering::SeqCst);
        made
    });
    for made in made {
        let reference = room();
        let same = open(reference.path(), TABLES);
        (1..=made.seq).for_each(|n| change(&same, n, 60));
        let (rows, events) = restored(&made, TABLES);
        assert_eq!(differing(&rows, &dump(&same)), BTreeSet::from(["event/1"]), "at {}", made.seq);
        assert_eq!(events, told(&same), "at {}", made.seq);
        // The measure has teeth: one event more is another store.
        change(&same, made.seq + 1, 60);
        assert!(differing(&rows, &dump(&same)).len() > 3 && events != told(&same));
    }
}

#[test]
fn a_table_that_a_backup_forgets_is_noticed() {
    // The program that makes the backup forgets one; the one that restores it has them all.
    static FORGETFUL: &[TableInfo] =
        &[THINGS.info("tests").not_backed_up(), VISITS.info("tests").not_backed_up(), TABLES[2]];
    for (tables, lost) in [
        (TABLES, BTreeSet::from(["visit/1"])),
        (FORGETFUL, BTreeSet::from(["thing/1", "thing_by_colour/1", "thing_by_name/1", "visit/1"])),
    ] {
        let dir = room();
        let store = open(dir.path(), tables);
        (1..=20).for_each(|n| change(&store, n, 60));
        store.write_blocking(actor(), |tx| VISITS.put(tx, &id(1), &Visit { of: "canary".into() })).unwrap();
        let made = back_up(&store, dir.path(), None);
        assert_eq!(differing(&restored(&made, TABLES).0, &dump(&store)), lost);
    }
}

/// Bytes that a file takes on its disk.
fn taken(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().blocks() * 512
}

#[test]
fn a_backup_under_load_makes_the_file_grow_little() {
    const THINGS_THERE: u64 = 8_000;
    let dir = room();
    let store = open(dir.path(), TABLES);
    for begin in (0..THINGS_THERE).step_by(500) {
        store
            .write_blocking(actor(), move |tx| {
                (begin..begin + 500).try_for_each(|n| {
                    THINGS.put(tx, &key(n), &thing(&format!("{n} {}", "y".repeat(1_500)), "blue", 1))
                })
            })
            .unwrap();
    }
    // What a backup keeps from being used again grows with the changes meanwhile, so there are no more of them on a
    // machine on which it takes longer.
    const CHANGES_MEANWHILE: u64 = 1_500;
    let (stop, changes, most) = (AtomicBool::new(false), AtomicU64::new(1), AtomicU64::new(u64::MAX));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                if changes.load(Ordering::SeqCst) < most.load(Ordering::SeqCst) {
                    change(&store, changes.fetch_add(1, Ordering::SeqCst), THINGS_THERE);
                } else {
                    std::thread::yield_now();
                }
            }
        });
        let wait = |until: u64| {
            while changes.load(Ordering::SeqCst) < until {
                std::thread::yield_now();
            }
        };
        // As it is under the same load without a backup, once that has taken all the room it needs.
        let file = dir.path().join("store.redb");
        let (mut before, mut begun) = (0, 500);
        while taken(&file) > before {
            before = taken(&file);
            begun += 1_000;
            wait(begun);
        }
        let begun = changes.load(Ordering::SeqCst);
        most.store(begun + CHANGES_MEANWHILE, Ordering::SeqCst);
        let made = back_up(&store, dir.path(), None);
        let meanwhile = changes.load(Ordering::SeqCst) - begun;
        most.store(u64::MAX, Ordering::SeqCst);
        wait(begun + meanwhile + 200);
        let after = taken(&file);
        stop.store(true, Ordering::SeqCst);
        assert!(made.rows > THINGS_THERE / 2);
        assert!(meanwhile > 0, "nothing was changed while the backup was made");
        assert!(
            after * 100 <= before * (100 + GROWTH_MAX),
            "{before} bytes became {after} while {meanwhile} changes were made"
        );
    });
}
