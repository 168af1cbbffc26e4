//! The store with its journal: what is on disk when, and what a start makes of it.

use super::*;
use crate::store::crashing::{self, Bytes, Settles};
use crate::store::{Direction, Span};
use std::path::Path;
use std::time::Duration;

fn over(disk: &Bytes) -> crate::base::error::Result<Store> {
    crashing::over(disk.clone(), clock(), TABLES, Settles::Beside)
}

fn segments(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("journal")).map_or(0, Iterator::count)
}

/// A disk as a kill leaves it behind so many things.
fn killed(things: u8, settles: Settles) -> Bytes {
    let disk = Bytes::default();
    let store = crashing::over(disk.clone(), clock(), TABLES, settles).unwrap();
    for n in 1..=things {
        make(&store, n, thing(&n.to_string(), "red", i64::from(n))).unwrap();
    }
    let left = disk.copy();
    store.close().unwrap();
    left
}

#[test]
fn a_kill_loses_nothing_and_a_clean_end_leaves_no_journal() {
    for things in [1, 2, 30, 120] {
        let disk = killed(things, Settles::Beside);
        assert!(!disk.names().is_empty());
        let store = over(&disk).unwrap();
        assert_eq!(store.last_seq(), u64::from(things));
        assert_eq!(store.check(&[]).unwrap(), []);
        assert_eq!(disk.names(), Vec::<String>::new(), "brought in");
        make(&store, 200, thing("after", "blue", 1)).unwrap();
        store.close().unwrap();
        assert_eq!(disk.names(), Vec::<String>::new());
        assert_eq!(over(&disk).unwrap().last_seq(), u64::from(things) + 1);
    }
}

#[test]
fn snapshots_see_each_group_whether_the_database_has_taken_it_or_not() {
    let store = over(&Bytes::default()).unwrap();
    for n in 1..=100 {
        let before = store.read(|s| Ok((s.count_raw("thing/1")?, THINGS.get(s, &id(n))?))).unwrap();
        assert_eq!(before, (u64::from(n) - 1, None));
        store
            .read(|old| {
                make(&store, n, thing(&n.to_string(), "red", 3))?;
                assert_eq!(old.count_raw("thing/1")?, u64::from(n) - 1);
                assert_eq!(THINGS.get(old, &id(n))?, None);
                let now = store.read(|s| THINGS.list(s, &Span::all(), Direction::Backward, 999))?;
                assert_eq!((now.len(), now[0].0), (usize::from(n), id(n)));
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn a_journal_that_was_lost_is_said_and_not_passed_over() {
    for settles in [Settles::Between, Settles::Beside] {
        let disk = killed(30, settles);
        let all = disk.names();
        let segments: Vec<_> = all.iter().filter(|name| name.ends_with(".seg")).collect();
        let mut refused = Vec::new();
        for name in &segments {
            let disk = disk.copy();
            disk.remove(name);
            match over(&disk) {
                Err(error) => {
                    assert_eq!(error.code, "store_damaged");
                    assert!(error.message.contains("journal"), "{error}");
                    refused.push(*name);
                }
                // The database had it already, and it was about to be given up.
                Ok(store) => assert_eq!((store.last_seq(), settles), (30, Settles::Beside), "without {name}"),
            }
        }
        assert_eq!(refused.last(), segments.last(), "the last one is never missing in silence");
        // Back again, everything is.
        assert_eq!(over(&disk).unwrap().last_seq(), 30);
    }
}

#[test]
fn another_stores_journal_is_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let (store, theirs) = (open(dir.path()), open(other.path()));
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    make(&theirs, 1, thing("chair", "red", 3)).unwrap();
    store.close().unwrap();
    for entry in std::fs::read_dir(other.path().join("journal")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join("journal").join(path.file_name().unwrap())).unwrap();
    }
    let store = open(dir.path());
    assert_eq!(store.last_seq(), 1);
    assert_eq!(store.read(|s| THINGS.get(s, &id(1))).unwrap().unwrap().name, "lamp");
    assert!(dir.path().join("journal.of-another-store-1").is_dir());
    make(&store, 2, thing("table", "red", 3)).unwrap();
}

#[test]
fn a_quiet_store_is_made_durable_after_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    make(&store, 1, thing("lamp", "red", 3)).unwrap();
    assert_eq!(segments(dir.path()), 1);
    let file = || std::fs::read(dir.path().join("store.redb")).unwrap();
    let has = |bytes: &[u8]| bytes.windows(4).any(|w| w == b"lamp");
    assert!(!has(&file()));
    let mut waited = 0;
    while !has(&file()) {
        std::thread::park_timeout(Duration::from_millis(100));
        waited += 1;
        assert!(waited < 300);
    }
    store.close().unwrap();
    assert_eq!(segments(dir.path()), 0);
}

#[test]
fn without_its_journal_a_store_is_opened_by_those_who_know_it_and_by_nobody_else() {
    use crate::store::recover;
    for way in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let killed = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        for n in 1..=9 {
            make(&store, n, thing(&n.to_string(), "red", 3)).unwrap();
        }
        let epoch = store.epoch();
        let journal = killed.path().join("journal");
        std::fs::create_dir(&journal).unwrap();
        let segment = std::fs::read_dir(dir.path().join("journal")).unwrap().next().unwrap().unwrap();
        std::fs::copy(dir.path().join("store.redb"), killed.path().join("store.redb")).unwrap();
        let mut bytes = std::fs::read(segment.path()).unwrap();
        store.close().unwrap();
        match way {
            // Lost; damaged in the middle; whole.
            0 => {}
            1 => {
                let middle = bytes.iter().rposition(|b| *b != 0).unwrap() / 2;
                bytes[middle] ^= 1;
                std::fs::write(journal.join(segment.file_name()), &bytes).unwrap();
            }
            _ => std::fs::write(journal.join(segment.file_name()), &bytes).unwrap(),
        }
        let data = killed.path();
        if way == 2 {
            assert_eq!(recover(data, TABLES, true).unwrap(), None);
            assert_eq!(open(data).last_seq(), 9);
            continue;
        }
        let refused = || Store::open(data, &settings(), clock(), TABLES).err().unwrap();
        assert!(refused().message.contains("`backroom recover`"), "{}", refused());
        let before = std::fs::read(data.join("store.redb")).unwrap();
        let rest = recover(data, TABLES, false).unwrap().unwrap();
        assert!(std::fs::read(data.join("store.redb")).unwrap() == before, "only said");
        assert_eq!(refused().code, "store_damaged");
        assert_eq!(recover(data, TABLES, true).unwrap(), Some(rest.clone()));
        let store = open(data);
        assert!(store.last_seq() == rest.seq && (way == 0 || rest.seq > 0) && rest.seq < 9, "{rest:?}");
        assert_ne!(store.epoch(), epoch);
        assert_eq!(store.check(&[]).unwrap(), []);
        make(&store, 100, thing("after", "blue", 1)).unwrap();
        store.close().unwrap();
        assert_eq!(open(data).last_seq(), rest.seq + 1);
        assert_eq!(data.join("journal.damaged-1").exists(), way == 1);
    }
}
