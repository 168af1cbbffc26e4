//! Backups against everything that can happen to them: time, damage, crashes, other programs, full disks.
#![cfg(test)]

use super::format::{Content, MAGIC, TableRows, VERSION};
use super::reader::{Nothing, Reader};
use super::swap::{Step, Swap, put_in_place};
use super::unpack::{inside, open as open_backup, unpack};
use super::writer::Writer;
use super::*;
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::door::registry;
use crate::store::tests::{Made as ThingMade, THINGS, ThingId, actor, clock, id, settings, thing};
use crate::store::{Direction, FORMAT, Read, Record, Span, Store, Subject, Table, TableInfo, counter};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Of any size.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Visit {
    #[n(0)]
    pub(super) of: String,
}

impl Record for Visit {
    type Key = ThingId;
}

/// What a backup leaves out, and what it keeps.
pub(super) const VISITS: Table<ThingId, Visit> = Table::new("visit/1");
const NOTES: Table<ThingId, Visit> = Table::new("note/1");
pub(super) static TABLES: &[TableInfo] =
    &[THINGS.info("tests"), VISITS.info("tests").not_backed_up(), NOTES.info("tests")];

fn open(dir: &Path) -> Store {
    Store::open(dir, &settings(), clock(), TABLES).unwrap()
}

/// Keeps thing number `n` and publishes that.
pub(super) fn add(store: &Store, n: u64) {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    let key = ThingId(bytes);
    store
        .write_blocking(actor(), move |tx| {
            THINGS.put(tx, &key, &thing(&format!("thing {n}"), "red", 3))?;
            tx.count("things", 1)?;
            tx.publish(Subject::of(&key), &ThingMade { name: format!("thing {n}") })
        })
        .unwrap();
}

pub(super) type Dump = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Every row of every table and index.
pub(super) fn dump(store: &Store) -> Dump {
    let mut rows = Dump::new();
    store
        .read(|snapshot| {
            // What the database says of its journal is its own.
            for table in store.tables().iter().filter(|table| table.name != "journal/1") {
                for name in std::iter::once(table.name).chain(table.indexes.iter().map(|i| i.name)) {
                    snapshot.walk_raw(name, &Span::all(), Direction::Forward, &mut |key, value| {
                        rows.insert((name, key.to_vec()), value.to_vec());
                        Ok(ControlFlow::Continue(()))
                    })?;
                }
            }
            Ok(())
        })
        .unwrap();
    rows
}

pub(super) fn back_up(store: &Store, data: &Path, key: Option<&str>) -> Made {
    let files = Files { root: data.join("files"), skipped: &["imports"] };
    create(store, &Shelf::of(data), &files, 0, key).unwrap()
}

fn put_back(made: &Made, data: &Path) -> Result<Restored> {
    restore(&made.file, data, TABLES, &How { key: None, checks: &[], plan: None, even_unsound: false })
}

/// A shop with `n` things and files, and its backup; closed.
fn small_shop(n: u64) -> (tempfile::TempDir, Made) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (0..n).for_each(|n| add(&store, n));
    store.write_blocking(actor(), |tx| VISITS.put(tx, &id(1), &Visit { of: "canary".into() })).unwrap();
    for (name, text) in [("files/ab/cd", "a picture"), ("files/empty", ""), ("files/imports/x", "an upload")]
    {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let made = back_up(&store, dir.path(), None);
    store.close().unwrap();
    (dir, made)
}

fn read(bytes: &[u8]) -> Result<u64> {
    Reader::open(bytes)?.read(None, &mut Nothing)
}

#[test]
fn every_row_and_file_comes_back_and_the_epoch_is_new() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, made) = small_shop(300);
    assert_eq!((made.seq, made.files), (300, 2));
    assert_eq!(made.file.file_name().unwrap(), "backroom-20261120T100000Z-000300.brb");
    assert_eq!(std::fs::metadata(&made.file).unwrap().permissions().mode() & 0o777, 0o600);
    let store = open(dir.path());
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("new");
    let restored = put_back(&made, &data).unwrap();
    assert_eq!((restored.findings.len(), restored.before), (0, None));
    let again = open(&data);
    let (mut old, mut new) = (dump(&store), dump(&again));
    assert!(old.len() > 900);
    let is_epoch = |key: &(&str, Vec<u8>)| key.0 == "meta/1" && key.1.starts_with(b"epoch");
    assert_ne!(
        old.iter().find(|(key, _)| is_epoch(key)).unwrap(),
        new.iter().find(|(key, _)| is_epoch(key)).unwrap()
    );
    let visits = old.extract_if(.., |key, _| key.0 == "visit/1").count();
    old.retain(|key, _| !is_epoch(key));
    new.retain(|key, _| !is_epoch(key));
    assert_eq!(visits, 1);
    assert_eq!(old, new);
    assert_ne!(store.epoch(), again.epoch());
    assert_eq!(again.last_seq(), 300);
    assert_eq!(std::fs::read(data.join("files/ab/cd")).unwrap(), b"a picture");
    assert!(data.join("files/empty").is_file() && !data.join("files/imports").exists());
    // The chain of events goes on where it was.
    add(&again, 300);
    assert_eq!((again.last_seq(), again.check(&[]).unwrap()), (301, vec![]));
}

#[test]
fn every_damage_is_found() {
    let (_dir, made) = small_shop(40);
    let good = std::fs::read(&made.file).unwrap();
    assert_eq!(read(&good).unwrap(), 2);
    let blocks = blocks_of(&good);
    assert!(blocks.len() > 8, "{}", blocks.len());
    let seed = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    for round in 0..10_000 {
        let mut bad = good.clone();
        let any = |dice: &mut StdRng, len: usize| dice.random_range(0..len);
        match round % 8 {
            0 => bad.truncate(any(&mut dice, good.len())),
            1 => bad.extend((0..=any(&mut dice, 99)).map(|_| dice.random::<u8>())),
            2 => {
                let (a, b) = (any(&mut dice, blocks.len()), any(&mut dice, blocks.len()));
                let mut order: Vec<usize> = (0..blocks.len()).collect();
                order.swap(a, b);
                bad.truncate(blocks[0].start);
                order.iter().for_each(|n| bad.extend_from_slice(&good[blocks[*n].clone()]));
            }
            3 => drop(bad.drain(blocks[any(&mut dice, blocks.len())].clone())),
            4 => {
                let twice = blocks[any(&mut dice, blocks.len())].clone();
                bad.splice(twice.end..twice.end, good[twice].iter().copied());
            }
            _ => {
                let at = any(&mut dice, bad.len());
                bad[at] ^= 1 << any(&mut dice, 8);
            }
        }
        if bad == good {
            continue;
        }
        let error = read(&bad).expect_err(&format!("seed {seed} round {round}"));
        assert!(
            ["backup_damaged", "not_a_backup"].contains(&error.code),
            "seed {seed} round {round}: {error:?}"
        );
    }
}

/// Where the blocks are.
fn blocks_of(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = MAGIC.len() + 8 + number(MAGIC.len() + 4) + 32;
    let mut found = Vec::new();
    while at < bytes.len() {
        let end = at + 9 + number(at + 5) + 32;
        found.push(at..end);
        at = end;
    }
    assert_eq!(bytes[found.last().unwrap().start], Content::End as u8);
    found
}

#[test]
fn blocks_of_another_backup_of_the_same_shop_do_not_fit() {
    let (dir, made) = small_shop(40);
    let store = open(dir.path());
    store.clock().set(Timestamp::parse("2026-11-21T10:00:00Z").unwrap());
    let other = back_up(&store, dir.path(), None);
    let (one, two) = (std::fs::read(&made.file).unwrap(), std::fs::read(&other.file).unwrap());
    let (a, b) = (blocks_of(&one), blocks_of(&two));
    assert_ne!(one, two);
    let mixed = [&one[..a[3].start], &two[b[3].start..]].concat();
    assert_eq!(read(&mixed).unwrap_err().code, "backup_damaged");
}

/// Says that it is over when it goes.
struct Ending<'a>(&'a AtomicBool);
impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_backup_under_writes_is_one_event_number_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let stop = AtomicBool::new(false);
    let made: Vec<Made> = std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (store, stop) = (&store, &stop);
            scope.spawn(move || {
                let mut n = thread << 32;
                while !stop.load(Ordering::SeqCst) {
                    add(store, n);
                    n += 1;
                }
            });
        }
        // Also when this thread fails, or the others would write for ever.
        let _stop = Ending(&stop);
        let mut last = 0;
        (0..4)
            .map(|_| {
                while store.last_seq() < last + 20 {
                    std::thread::yield_now();
                }
                let made = back_up(&store, dir.path(), None);
                last = made.seq;
                made
            })
            .collect()
    });
    for made in made {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(put_back(&made, data.path()).unwrap().header.seq, made.seq);
        let then = open(data.path());
        let things =
            then.read(|s| THINGS.list(s, &Span::all(), Direction::Forward, usize::MAX)).unwrap().len();
        let counted = then.read(|s| counter(s, "things")).unwrap();
        assert_eq!((then.last_seq(), things as u64, counted), (made.seq, made.seq, made.seq as i64));
    }
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn a_restore_that_is_cut_off_leaves_the_old_or_the_new_shop() {
    for steps in 0..6 {
        let (dir, made) = small_shop(20);
        let data = dir.path();
        std::fs::create_dir_all(data.join("index")).unwrap();
        std::fs::write(data.join("files/ab/cd"), "another picture").unwrap();
        let store = open(data);
        (20..30).for_each(|n| add(&store, n));
        store.close().unwrap();
        let fresh = data.join("restoring");
        let reader = open_backup(&made.file).unwrap();
        unpack(reader, &fresh, &Arc::new(registry(TABLES).unwrap()), (None, None), 0).unwrap();
        let swap = Swap { data, fresh: &fresh, has_before: true, at: Timestamp(0) };
        let (mut left, mut cut_at) = (steps, None);
        let done = put_in_place(&swap, &mut |step| {
            if left == 0 {
                cut_at = Some(step);
                return Err(Error::internal("cut off"));
            }
            left -= 1;
            Ok(())
        });
        assert_eq!(done.is_ok(), steps == 5);
        let is_new = steps == 5 || matches!(cut_at, Some(Step::Files | Step::Index | Step::Clear));
        let now = open(data);
        assert_eq!(now.last_seq(), if is_new { 20 } else { 30 }, "{cut_at:?}");
        assert_eq!(now.check(&[]).unwrap(), [], "{cut_at:?}");
        now.close().unwrap();
        if is_new {
            assert_eq!(std::fs::read(data.join("files/ab/cd")).unwrap(), b"a picture");
            let beside = std::fs::read_dir(data.join("files/ab")).unwrap().map(|e| e.unwrap().path());
            let aside: Vec<_> = beside.filter(|path| path.to_string_lossy().contains("cd.before-")).collect();
            assert_eq!(std::fs::read(&aside[0]).unwrap(), b"another picture");
            let before = data.join("before");
            std::fs::create_dir(&before).unwrap();
            std::fs::rename(data.join("store.redb.before-19700101T000000Z"), before.join("store.redb"))
                .unwrap();
            assert_eq!(open(&before).last_seq(), 30);
        }
        // The next one is not stopped by what this one left.
        let restored = put_back(&made, data).unwrap();
        assert!(restored.before.unwrap().is_file() && !fresh.exists() && !data.join("index").exists());
        assert_eq!(open(data).last_seq(), 20);
    }
}

/// Copies a shop as a kill leaves it; `edit` changes each segment of its journal.
fn copied(from: &Path, to: &Path, edit: &dyn Fn(&mut Vec<u8>)) {
    std::fs::copy(from.join("store.redb"), to.join("store.redb")).unwrap();
    std::fs::create_dir(to.join("journal")).unwrap();
    for entry in std::fs::read_dir(from.join("journal")).unwrap() {
        let entry = entry.unwrap();
        let mut bytes = std::fs::read(entry.path()).unwrap();
        edit(&mut bytes);
        std::fs::write(to.join("journal").join(entry.file_name()), bytes).unwrap();
    }
}

#[test]
fn a_restore_over_a_killed_shop_keeps_what_its_journal_had_and_leaves_no_journal() {
    let (dir, made) = small_shop(20);
    let store = open(dir.path());
    (20..30).for_each(|n| add(&store, n));
    let killed = tempfile::tempdir().unwrap();
    copied(dir.path(), killed.path(), &|_| {});
    store.close().unwrap();
    for damaged in [false, true] {
        let data = tempfile::tempdir().unwrap();
        copied(killed.path(), data.path(), &|segment| segment[20] ^= u8::from(damaged));
        let before = put_back(&made, data.path()).unwrap().before.unwrap();
        let restored = open(data.path());
        assert_eq!(restored.last_seq(), 20);
        add(&restored, 40);
        restored.close().unwrap();
        let aside = std::fs::read_dir(data.path()).unwrap().map(|e| e.unwrap().file_name());
        let aside = aside.filter(|name| name.to_string_lossy().starts_with("journal.before-")).count();
        assert_eq!(aside, usize::from(damaged));
        if !damaged {
            let old = tempfile::tempdir().unwrap();
            std::fs::copy(before, old.path().join("store.redb")).unwrap();
            assert_eq!(open(old.path()).last_seq(), 30);
        }
    }
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let (dir, made) = small_shop(20);
    let bytes = std::fs::read(&made.file).unwrap();
    let wrong = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Made { file: path, ..made.clone() }
    };
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let header = open_backup(&made.file).unwrap().header().clone();
    let with = |header: &Header| Writer::begin(Vec::new(), header, None).unwrap().finish().unwrap().0;
    let later = with(&Header { store_format: FORMAT + 1, ..header.clone() });
    let unknown = with(&Header { tables: vec![TableRows { name: "x/9".into(), rows: 0 }], ..header.clone() });
    let miscounted = with(&header);
    let mut layout = bytes.clone();
    let head = blocks_of(&bytes)[0].start - 32;
    layout[MAGIC.len()..MAGIC.len() + 4].copy_from_slice(&(VERSION + 1).to_be_bytes());
    let sum: [u8; 32] = Sha256::digest(&layout[..head]).into();
    layout[head..head + 32].copy_from_slice(&sum);
    for (made, code) in [
        (wrong("flipped", &flipped), "backup_damaged"),
        (wrong("short", &bytes[..bytes.len() / 2]), "backup_damaged"),
        (wrong("miscounted", &miscounted), "backup_damaged"),
        (wrong("empty", b""), "backup_damaged"),
        (wrong("text", &[b'x'; 5000]), "not_a_backup"),
        (wrong("later", &later), "store_format_newer"),
        (wrong("unknown", &unknown), "backup_format_newer"),
        (wrong("layout", &layout), "backup_format_newer"),
    ] {
        let store = std::fs::read(dir.path().join("store.redb")).unwrap();
        assert_eq!(put_back(&made, dir.path()).unwrap_err().code, code, "{}", made.file.display());
        assert!(std::fs::read(dir.path().join("store.redb")).unwrap() == store);
        assert!(!dir.path().join("restoring").exists());
        let empty = dir.path().join("nothing");
        assert!(put_back(&made, &empty).is_err());
        assert!(!empty.join("store.redb").exists());
    }
    // A shop that is open is left alone, and goes on.
    let store = open(dir.path());
    assert_eq!(put_back(&made, dir.path()).unwrap_err().code, "store_locked");
    add(&store, 20);
    assert_eq!(store.last_seq(), 21);
}

#[test]
fn an_encrypted_backup_needs_its_key_and_shows_nothing() {
    let (dir, plain) = small_shop(20);
    let store = open(dir.path());
    let key = "correct horse battery staple";
    let made = back_up(&store, dir.path(), Some(key));
    let bytes = std::fs::read(&made.file).unwrap();
    assert_ne!(made.file, plain.file);
    assert!(!bytes.windows(9).any(|w| w == b"a picture"));
    let open = |key| Reader::open(bytes.as_slice()).unwrap().read(key, &mut Nothing);
    assert_eq!(open(None).unwrap_err().code, "backup_key_missing");
    assert_eq!(open(Some("another key, also long")).unwrap_err().code, "backup_key_wrong");
    assert_eq!(open(Some(key)).unwrap(), 2);
    let tried = try_out(&made.file, &dir.path().join("tmp"), TABLES, &[], (Some(key), 0)).unwrap();
    let full = try_out(&made.file, &dir.path().join("tmp"), TABLES, &[], (Some(key), u64::MAX)).unwrap_err();
    assert_eq!(full.code, "backup_io", "what the shop needs of the disk stays free");
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    assert_eq!((tried.header.seq, tried.findings.len()), (20, 0));
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0, "a trial leaves nothing");
}

#[test]
fn a_disk_without_room_gets_no_backup_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    add(&store, 1);
    let error = create(&store, &Shelf::of(dir.path()), &Files::default(), u64::MAX, None).unwrap_err();
    assert_eq!(error.code, "backup_io");
    assert_eq!(std::fs::read_dir(dir.path().join(FOLDER)).unwrap().count(), 0);
    add(&store, 2);
}

#[test]
fn a_name_of_a_file_leads_nowhere_else() {
    for name in ["../x", "/etc/x", "a/../../x", "", "a\0b", "."] {
        assert_eq!(inside(name), None, "{name:?}");
    }
    assert!(inside("ab/cd").is_some());
}

#[test]
fn a_large_record_goes_through() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut dice = StdRng::seed_from_u64(7);
    // Nothing that packs well.
    let noise: String = (0..12_000_000).map(|_| char::from(dice.random_range(b'!'..b'~'))).collect();
    store.write_blocking(actor(), move |tx| NOTES.put(tx, &id(1), &Visit { of: noise.clone() })).unwrap();
    add(&store, 1);
    let made = back_up(&store, dir.path(), None);
    assert!(made.bytes > 8_000_000);
    let data = dir.path().join("again");
    assert!(put_back(&made, &data).unwrap().findings.is_empty());
    assert!(dump(&store).len() == dump(&open(&data)).len());
}
