//! Every moment comes back as it was, holes are said, and what is planted wrong is found.
#![cfg(test)]

use super::part::{Draft, Keys, decode, read, records};
use super::*;
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::backup::tests::{Dump, TABLES, VISITS, Visit, add, back_up, dump};
use crate::store::backup::{How, Keep, Restored, Shelf, pack_what_waits, restore};
use crate::store::tests::{actor, clock, id, settings};
use crate::store::{Mark, Store, recover};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::Path;

const KEY: &str = "correct horse battery staple";

fn open(dir: &Path) -> Store {
    Store::open_shipping(dir, &settings(), clock(), TABLES).unwrap()
}

fn packer(store: &Store, dir: &Path) -> Packer {
    Packer::new(store, dir, 0, None)
}

fn asked(moment: Moment, key: Option<&'static str>) -> Ask<'static> {
    Ask { moment, now: Timestamp(i64::MAX / 2), known_bad: &[], journal: None, key }
}

fn bring(backups: &Path, data: &Path, moment: Moment) -> Result<Restored> {
    let plan = plan(&Shelf::at(backups), &asked(moment, Some(KEY)))?;
    let how = How { key: Some(KEY), checks: &[], plan: Some(&plan), even_unsound: false };
    restore(&plan.backup, data, TABLES, &how)
}

/// What a restored shop has, but its own epoch and what backups leave out.
fn comparable(store: &Store) -> Dump {
    let mut rows = dump(store);
    rows.retain(|(table, key), _| !(*table == "meta/1" && key.starts_with(b"epoch")) && *table != "visit/1");
    rows
}

/// The parts of the newest journal.
fn parts(dir: &Path) -> Vec<PartFile> {
    let roll = Roll::of(&dir.join("backups"));
    roll.lives().unwrap().into_iter().flat_map(|life| roll.parts(life).unwrap()).collect()
}

fn second(n: u64) -> Timestamp {
    Timestamp::parse("2026-11-20T10:00:00Z").unwrap().plus_ms(i64::try_from(n).unwrap() * 1_000)
}

/// A shop that was busy for a minute, a thing a second, with a backup in the tenth and parts of some seconds; what it
/// was after each. Closed.
struct Minute {
    dir: tempfile::TempDir,
    then: Vec<Dump>,
}

fn minute(key: Option<&str>) -> Minute {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut packer = Packer::new(&store, dir.path(), 0, key);
    let mut then = vec![comparable(&store)];
    for n in 1..=60 {
        store.clock().set(second(n));
        add(&store, n);
        if n == 10 {
            back_up(&store, dir.path(), key);
        }
        // What backups leave out is not shipped.
        if n == 20 {
            store
                .write_blocking(actor(), |tx| VISITS.put(tx, &id(1), &Visit { of: "canary".into() }))
                .unwrap();
        }
        if n.is_multiple_of(3) {
            packer.pack(&store, n == 9 || n.is_multiple_of(7)).unwrap();
        }
        then.push(comparable(&store));
    }
    let packed = packer.pack(&store, false).unwrap().unwrap();
    assert_eq!(packed.mark, store.journal_mark());
    store.close().unwrap();
    Minute { dir, then }
}

impl Minute {
    fn backups(&self) -> std::path::PathBuf {
        self.dir.path().join("backups")
    }
    /// The first second that does not come back as it was.
    fn wrong(&self) -> Option<u64> {
        (10..=60).find(|n| {
            let data = tempfile::tempdir().unwrap();
            let Ok(done) = bring(&self.backups(), data.path(), Moment::At(second(*n))) else { return true };
            let store = open(data.path());
            (done.seq, comparable(&store)) != (*n, self.then[usize::try_from(*n).unwrap()].clone())
        })
    }
}

#[test]
fn every_second_comes_back_as_it_was_and_the_epoch_is_new() {
    let minute = minute(None);
    assert!(parts(minute.dir.path()).len() > 2);
    assert_eq!(minute.wrong(), None);
    let data = tempfile::tempdir().unwrap();
    let done = bring(&minute.backups(), data.path(), Moment::Newest).unwrap();
    // One record is of what backups leave out.
    assert_eq!((done.seq, done.changes, done.moment), (60, 51, second(60)));
    let (old, new) = (open(minute.dir.path()), open(data.path()));
    assert_eq!(comparable(&old), comparable(&new));
    assert_ne!(old.epoch(), new.epoch());
    assert_eq!(new.check(&[]).unwrap(), []);
    // Between two changes it is as after the first.
    let between =
        bring(&minute.backups(), &data.path().join("b"), Moment::At(second(30).plus_ms(999))).unwrap();
    assert_eq!((between.seq, between.moment), (30, second(30)));
    for part in parts(minute.dir.path()) {
        let (_, plain) = read(&part.path, &mut Keys::new(None)).unwrap();
        assert!(!plain.windows(6).any(|w| w == b"canary"));
    }
}

#[test]
fn a_backup_of_the_same_second_brings_nothing_that_came_after_the_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut packer = packer(&store, dir.path());
    back_up(&store, dir.path(), None);
    for (n, ms) in [(1, 0), (2, 400)] {
        store.clock().set(second(5).plus_ms(ms));
        add(&store, n);
    }
    store.clock().set(second(5).plus_ms(900));
    back_up(&store, dir.path(), None);
    packer.pack(&store, true).unwrap();
    let backups = dir.path().join("backups");
    let at = |ms: i64| {
        let data = tempfile::tempdir().unwrap();
        bring(&backups, data.path(), Moment::At(second(5).plus_ms(ms))).unwrap().seq
    };
    assert_eq!([at(0), at(399), at(400), at(900)], [1, 1, 2, 2]);
}

#[test]
fn encrypted_parts_need_their_key_and_show_nothing() {
    let minute = minute(Some(KEY));
    let one = parts(minute.dir.path()).remove(1);
    let bytes = std::fs::read(&one.path).unwrap();
    assert!(decode(&bytes, &mut Keys::new(Some(KEY))).is_ok());
    assert_eq!(decode(&bytes, &mut Keys::new(None)).unwrap_err().code, "backup_key_missing");
    assert_eq!(
        decode(&bytes, &mut Keys::new(Some("another key, also long"))).unwrap_err().code,
        "backup_key_wrong"
    );
    assert_eq!(bring(&minute.backups(), &minute.dir.path().join("b"), Moment::Newest).unwrap().seq, 60);
    // Without the key nothing is packed in the clear.
    std::fs::rename(minute.dir.path().join("shipping"), minute.dir.path().join("s")).unwrap();
    std::fs::create_dir(minute.dir.path().join("shipping")).unwrap();
    let one = std::fs::read_dir(minute.dir.path().join("s")).unwrap().next().unwrap().unwrap();
    std::fs::copy(one.path(), minute.dir.path().join("shipping").join(one.file_name())).unwrap();
    assert_eq!(pack_what_waits(minute.dir.path(), TABLES, 0, None).unwrap_err().code, "backup_key_missing");
}

#[test]
fn every_damage_of_a_part_is_found() {
    let minute = minute(None);
    let good = std::fs::read(&parts(minute.dir.path())[1].path).unwrap();
    let mut dice = StdRng::seed_from_u64(rand::random());
    for round in 0..5_000 {
        let mut bad = good.clone();
        if round % 4 == 0 {
            bad.truncate(dice.random_range(0..good.len()));
        } else {
            bad[dice.random_range(0..good.len())] ^= 1 << dice.random_range(0..8);
        }
        let error = decode(&bad, &mut Keys::new(None)).unwrap_err();
        assert_eq!(error.code, "backup_damaged", "{error}");
    }
}

#[test]
fn a_hole_is_said_and_up_to_it_everything_comes_back() {
    let minute = minute(None);
    let all = parts(minute.dir.path());
    // The part in which the thirtieth second is.
    let gone = all.iter().rposition(|part| Roll::head(part).unwrap().from <= second(30)).unwrap();
    let until = Roll::head(&all[gone - 1]).unwrap().to;
    let bytes = std::fs::read(&all[gone].path).unwrap();
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    for way in 0..3 {
        match way {
            0 => std::fs::remove_file(&all[gone].path).unwrap(),
            1 => std::fs::write(&all[gone].path, &damaged).unwrap(),
            _ => std::fs::write(&all[gone].path, &flipped).unwrap(),
        }
        let data = tempfile::tempdir().unwrap();
        for moment in [Moment::Newest, Moment::At(second(50)), Moment::At(second(30))] {
            let error = bring(&minute.backups(), data.path(), moment).unwrap_err();
            // A damage that its head does not show is met when the part is read.
            assert_eq!(
                error.code,
                if way == 2 { "backup_damaged" } else { "restore_hole" },
                "{way} {moment:?}"
            );
            assert!(
                way == 2
                    || error.message.contains(&format!("--at {until}"))
                    || moment == Moment::At(second(30))
            );
            assert!(!data.path().join("store.redb").exists());
        }
        let done = bring(&minute.backups(), data.path(), Moment::At(until)).unwrap();
        assert_eq!((done.moment, open(data.path()).last_seq()), (until, done.seq));
    }
}

#[test]
fn what_nobody_can_know_is_refused() {
    let minute = minute(None);
    let data = tempfile::tempdir().unwrap();
    let refused = |at: Timestamp| bring(&minute.backups(), data.path(), Moment::At(at)).unwrap_err();
    let late = refused(second(61));
    assert!(late.code == "restore_hole" && late.message.contains(&second(60).to_string()), "{late}");
    assert_eq!(refused(second(9)).code, "no_backup");
    // A backup alone is its own moment.
    std::fs::remove_dir_all(minute.backups().join("journal")).unwrap();
    assert_eq!(bring(&minute.backups(), data.path(), Moment::At(second(10))).unwrap().seq, 10);
    assert_eq!(refused(second(11)).code, "restore_hole");
    assert_eq!(bring(&minute.backups(), data.path(), Moment::Newest).unwrap().seq, 10);
}

/// Database, journal and outbox as a kill at this moment leaves them.
struct Left(tempfile::TempDir);

impl Left {
    fn by_a_kill(dir: &Path) -> Self {
        let left = tempfile::tempdir().unwrap();
        for name in ["store.redb", "journal", "shipping"] {
            let (from, to) = (dir.join(name), left.path().join(name));
            if from.is_file() {
                std::fs::copy(from, to).unwrap();
            } else if from.is_dir() {
                std::fs::create_dir(&to).unwrap();
                for entry in std::fs::read_dir(from).unwrap() {
                    let path = entry.unwrap().path();
                    std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        Self(left)
    }
    fn put_back(&self, dir: &Path) {
        for name in ["journal", "shipping"] {
            drop(std::fs::remove_dir_all(dir.join(name)));
            drop(std::fs::rename(self.0.path().join(name), dir.join(name)));
        }
        std::fs::copy(self.0.path().join("store.redb"), dir.join("store.redb")).unwrap();
    }
}

#[test]
fn kills_restarts_and_lost_parts_leave_no_hole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    add(&store, 1);
    back_up(&store, dir.path(), None);
    store.close().unwrap();
    let mut dice = StdRng::seed_from_u64(5);
    let mut n = 1;
    for round in 0..30 {
        let store = open(dir.path());
        let mut packer = packer(&store, dir.path());
        for _ in 0..dice.random_range(0..8) {
            n += 1;
            add(&store, n);
            if dice.random_bool(0.3) {
                packer.pack(&store, dice.random_bool(0.2)).unwrap();
            }
        }
        if round % 3 == 0 {
            let left = Left::by_a_kill(dir.path());
            drop(packer);
            store.close().unwrap();
            left.put_back(dir.path());
        } else {
            store.close().unwrap();
        }
    }
    pack_what_waits(dir.path(), TABLES, 0, None).unwrap();
    assert_eq!(bring(&dir.path().join("backups"), &dir.path().join("b"), Moment::Newest).unwrap().seq, n);
    // The part that was not final is lost by a power cut; what it held waits in the outbox or the journal.
    let store = open(dir.path());
    let mut one = packer(&store, dir.path());
    add(&store, n + 1);
    one.pack(&store, false).unwrap();
    let last = parts(dir.path()).pop().unwrap();
    std::fs::write(&last.path, [0; 30]).unwrap();
    drop(one);
    let packed = packer(&store, dir.path()).pack(&store, true).unwrap().unwrap();
    assert_eq!((packed.mark, packed.row_begins), (store.journal_mark(), parts(dir.path())[0].first));
    assert_eq!(std::fs::read_dir(dir.path().join("shipping")).map_or(0, Iterator::count), 0);
}

/// A shop of three changes whose disk took back what it had said was written: two more are in its parts, and in a backup
/// where that is wanted.
fn taken_back(by_backup: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut packer = packer(&store, dir.path());
    back_up(&store, dir.path(), None);
    (1..=3).for_each(|n| add(&store, n));
    packer.pack(&store, false).unwrap();
    let left = Left::by_a_kill(dir.path());
    store.clock().set(second(1));
    (4..=5).for_each(|n| add(&store, n));
    if by_backup {
        back_up(&store, dir.path(), None);
    } else {
        packer.pack(&store, true).unwrap();
    }
    store.close().unwrap();
    left.put_back(dir.path());
    dir
}

#[test]
fn a_disk_that_took_back_what_was_copied_is_noticed_and_what_was_copied_comes_back() {
    for by_backup in [false, true] {
        let dir = taken_back(by_backup);
        let error = Store::open_shipping(dir.path(), &settings(), clock(), TABLES).unwrap_err();
        assert_eq!(error.code, "store_damaged", "{error}");
        let rest = recover(dir.path(), TABLES, false).unwrap().unwrap();
        assert_eq!((rest.seq, rest.why), (3, error.message.into_owned()));
        assert!(by_backup || rest.shipped_until.is_some());
        let backups = dir.path().join("backups");
        let brought = bring(&backups, &dir.path().join("b"), Moment::Newest).unwrap();
        assert_eq!(brought.seq, 5);
        // Who goes on without it has a journal of another life, and the old one still comes back.
        recover(dir.path(), TABLES, true).unwrap().unwrap();
        let store = open(dir.path());
        let mut packer = packer(&store, dir.path());
        (6..=9).for_each(|n| add(&store, n));
        packer.pack(&store, true).unwrap();
        assert_eq!(bring(&backups, &dir.path().join("c"), Moment::At(second(1))).unwrap().seq, 5);
        store.clock().set(second(9));
        back_up(&store, dir.path(), None);
        add(&store, 10);
        packer.pack(&store, true).unwrap();
        assert_eq!(bring(&backups, &dir.path().join("d"), Moment::Newest).unwrap().seq, 8);
        assert_eq!(comparable(&open(&dir.path().join("d"))), comparable(&store));
    }
}

#[test]
fn a_shop_that_does_not_look_at_its_copies_ships_two_histories_as_one() {
    let dir = taken_back(false);
    let (backups, away) = (dir.path().join("backups"), dir.path().join("away"));
    std::fs::rename(&backups, &away).unwrap();
    let store = open(dir.path());
    std::fs::rename(&away, &backups).unwrap();
    let mut packer = packer(&store, dir.path());
    (6..=9).for_each(|n| add(&store, n));
    packer.pack(&store, true).unwrap();
    let error = bring(&backups, &dir.path().join("b"), Moment::Newest).unwrap_err();
    assert_eq!(error.code, "backup_unsound", "{error}");
}

#[test]
fn a_lost_database_comes_back_from_its_journal() {
    for lost in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        add(&store, 1);
        back_up(&store, dir.path(), None);
        packer(&store, dir.path()).pack(&store, true).unwrap();
        add(&store, 2);
        // What a kill leaves of the journal, and nothing or nonsense of the database.
        let left = tempfile::tempdir().unwrap();
        std::fs::create_dir(left.path().join("journal")).unwrap();
        for entry in std::fs::read_dir(dir.path().join("journal")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), left.path().join("journal").join(entry.file_name())).unwrap();
        }
        store.close().unwrap();
        std::fs::rename(dir.path().join("backups"), left.path().join("backups")).unwrap();
        if !lost {
            std::fs::write(left.path().join("store.redb"), [7; 9_000]).unwrap();
        }
        pack_what_waits(left.path(), TABLES, 0, None).unwrap();
        assert_eq!(bring(&left.path().join("backups"), left.path(), Moment::Newest).unwrap().seq, 2);
        assert_eq!(open(left.path()).last_seq(), 2);
    }
}

#[test]
fn a_store_that_nobody_listened_to_shows_its_hole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut one = packer(&store, dir.path());
    add(&store, 1);
    back_up(&store, dir.path(), None);
    add(&store, 2);
    one.pack(&store, true).unwrap();
    store.close().unwrap();
    let deaf = Store::open(dir.path(), &settings(), clock(), TABLES).unwrap();
    add(&deaf, 3);
    deaf.close().unwrap();
    let store = open(dir.path());
    let mut one = packer(&store, dir.path());
    add(&store, 4);
    let packed = one.pack(&store, true).unwrap().unwrap();
    assert_eq!(packed.row_begins, packed.mark.number);
    let backups = dir.path().join("backups");
    assert_eq!(bring(&backups, &dir.path().join("b"), Moment::Newest).unwrap_err().code, "restore_hole");
    store.clock().set(second(5));
    back_up(&store, dir.path(), None);
    assert_eq!(bring(&backups, &dir.path().join("b"), Moment::Newest).unwrap().seq, 4);
}

#[test]
fn two_shops_from_one_copy_are_not_mixed() {
    let minute = minute(None);
    let all = parts(minute.dir.path());
    let (one, next) = (&all[all.len() - 2], &all[all.len() - 1]);
    // Another history of the same numbers: the same store, set back by a copy of its disk.
    let (head, plain) = read(&one.path, &mut Keys::new(None)).unwrap();
    let mut draft = Draft::new(head.life, head.first, head.before);
    for record in records(&plain) {
        let mut record = record.unwrap();
        record.at = record.at.plus_ms(1);
        draft.push(record).unwrap();
    }
    std::fs::write(&one.path, draft.encode(&mut Keys::new(None)).unwrap()).unwrap();
    let error = bring(&minute.backups(), &minute.dir.path().join("b"), Moment::Newest).unwrap_err();
    assert_eq!(error.code, "restore_hole");
    std::fs::remove_file(&next.path).unwrap();
    assert!(bring(&minute.backups(), &minute.dir.path().join("b"), Moment::Newest).is_ok());
}

/// Keeps the newest backup only and prunes; `early` forgets that the older one is still there.
fn prune(dir: &Path, early: bool) {
    let shelf = Shelf::of(dir);
    let mut marks: Vec<Mark> = shelf.marks().unwrap().into_iter().map(|(_, mark)| mark).collect();
    if early {
        // The newest stands first.
        marks.truncate(1);
    }
    Roll::of(shelf.dir()).prune(&marks).unwrap();
}

/// A minute with a second backup in its last second.
fn minute_with_two() -> Minute {
    let minute = minute(None);
    let store = open(minute.dir.path());
    store.clock().set(second(61));
    back_up(&store, minute.dir.path(), None);
    store.close().unwrap();
    minute
}

#[test]
fn parts_go_with_the_oldest_backup_that_needs_them() {
    let minute = minute_with_two();
    let before = parts(minute.dir.path());
    prune(minute.dir.path(), false);
    let left = parts(minute.dir.path());
    // What ends before the first backup is gone, and nothing else.
    assert!(left.len() < before.len() && left.len() > 2, "{} of {}", left.len(), before.len());
    assert_eq!(minute.wrong(), None);
    let shelf = Shelf::of(minute.dir.path());
    let keep = Keep { daily: 0, weekly: 0, monthly: 0 };
    assert_eq!(shelf.prune(&keep, false).unwrap().len(), 1);
    prune(minute.dir.path(), false);
    assert_eq!(parts(minute.dir.path()).len(), 1);
    assert_eq!(bring(shelf.dir(), &minute.dir.path().join("b"), Moment::Newest).unwrap().seq, 60);
}

/// A power cut may take a part back to an earlier state, and what came behind it is a part of its own then.
#[test]
fn parts_that_were_cut_otherwise_are_of_one_history() {
    let minute = minute(None);
    let (all, roll) = (parts(minute.dir.path()), Roll::of(&minute.backups()));
    let mut keys = Keys::new(None);
    let read_all: Vec<(Head, Vec<u8>)> =
        all.iter().map(|part| read(&part.path, &mut keys).unwrap()).collect();
    let (first, second) = (&read_all[0], &read_all[1]);
    let joined = |change: u64, more: u64| {
        let mut draft = Draft::new(first.0.life, first.0.first, first.0.before);
        for plain in [&first.1, &second.1] {
            for record in records(plain) {
                let record = record.unwrap();
                let set = if record.number == change { b"other".as_slice() } else { record.set };
                draft.push(part::Shipped { set, ..record }).unwrap();
            }
        }
        for n in 1..=more {
            let number = second.0.last + n;
            draft.push(part::Shipped { number, at: second.0.to, set: b"x" }).unwrap();
        }
        head_of(&draft.encode(&mut Keys::new(None)).unwrap()).unwrap()
    };
    assert_eq!(agrees(&roll, &first.0, None).unwrap(), Some(false));
    assert_eq!(agrees(&roll, &joined(0, 0), None).unwrap(), Some(true), "to be sent again");
    assert_eq!(agrees(&roll, &joined(second.0.first, 0), None).unwrap(), None, "another change");
    assert_eq!(agrees(&roll, &joined(0, 1_000), None).unwrap(), None, "more than is here");
    let mut other = first.0.clone();
    other.life = [7; 16];
    assert_eq!(
        agrees(&roll, &other, None).unwrap(),
        Some(false),
        "a journal that nobody has here is in nobody's way"
    );
}

/// A restore begins another journal: what is older than it is another shop.
#[test]
fn nothing_of_before_a_restore_comes_back_in_silence() {
    let minute = minute(None);
    let data = minute.dir.path();
    bring(&minute.backups(), data, Moment::At(second(40))).unwrap();
    let store = open(data);
    store.clock().set(second(80));
    let mut packer = packer(&store, data);
    add(&store, 80);
    let made = back_up(&store, data, None);
    add(&store, 81);
    packer.pack(&store, true).unwrap();
    store.close().unwrap();
    let shelf = Shelf::at(&minute.backups());
    let name = made.file.file_name().unwrap().to_str().unwrap().to_owned();
    let newest = plan(&shelf, &asked(Moment::Newest, None)).unwrap();
    assert_eq!(newest.backup, made.file);
    // A clock that is behind, or one that was ahead: nobody knows which.
    let early = Ask { now: second(0).plus_ms(-7_200_000), ..asked(Moment::Newest, None) };
    assert_eq!(plan(&shelf, &early).unwrap_err().code, "restore_unclear");
    let bad = [name];
    let known = Ask { known_bad: &bad, ..asked(Moment::Newest, None) };
    assert_eq!(plan(&shelf, &known).unwrap_err().code, "restore_hole");
    let mut bytes = std::fs::read(&made.file).unwrap();
    bytes[30] ^= 1;
    std::fs::write(&made.file, bytes).unwrap();
    let error = plan(&shelf, &asked(Moment::Newest, None)).unwrap_err();
    assert_eq!(error.code, "restore_hole", "{error}");
    assert!(plan(&shelf, &asked(Moment::At(second(50)), None)).is_ok(), "that is of before it");
}

/// A shop that was restored elsewhere from the same copies, for a drill, and the real one that went on: neither is taken for
/// the newest of both in silence.
#[test]
fn two_journals_side_by_side_are_asked_about() {
    let minute = minute(None);
    let (shelf, real) = (Shelf::at(&minute.backups()), parts(minute.dir.path())[0].clone());
    let real = Roll::head(&real).unwrap().life;
    let drill = tempfile::tempdir().unwrap();
    bring(&minute.backups(), drill.path(), Moment::At(second(20))).unwrap();
    let store = open(drill.path());
    store.clock().set(second(30));
    add(&store, 30);
    let made = back_up(&store, drill.path(), None).file;
    let other = store.journal_mark().life;
    store.close().unwrap();
    std::fs::copy(&made, minute.backups().join(made.file_name().unwrap())).unwrap();

    let error = plan(&shelf, &asked(Moment::Newest, None)).unwrap_err();
    assert_eq!(error.code, "restore_unclear");
    for said in [&folder_of(real), &folder_of(other), &second(60).to_string()] {
        assert!(error.message.contains(said), "{said}: {error}");
    }
    let of = |life| plan(&shelf, &Ask { journal: Some(life), ..asked(Moment::Newest, None) }).unwrap();
    assert_eq!(of(other).backup.file_name(), made.file_name());
    let data = tempfile::tempdir().unwrap();
    let how = How { key: None, checks: &[], plan: Some(&of(real)), even_unsound: false };
    assert_eq!(restore(&of(real).backup, data.path(), TABLES, &how).unwrap().seq, 60);
    // Before the other one began there is one only.
    assert!(plan(&shelf, &asked(Moment::At(second(25)), None)).is_ok());
    assert_eq!(plan(&shelf, &asked(Moment::At(second(40)), None)).unwrap_err().code, "restore_unclear");
}

#[test]
fn a_part_that_is_removed_early_is_noticed() {
    let minute = minute_with_two();
    prune(minute.dir.path(), true);
    assert_eq!(minute.wrong(), Some(11));
}

#[test]
fn a_restore_that_stops_a_record_early_is_noticed() {
    let minute = minute(None);
    let data = tempfile::tempdir().unwrap();
    let mut plan = plan(&Shelf::at(&minute.backups()), &asked(Moment::At(second(40)), None)).unwrap();
    plan.up_to -= 1;
    let how = How { key: None, checks: &[], plan: Some(&plan), even_unsound: false };
    let done = restore(&plan.backup, data.path(), TABLES, &how).unwrap();
    assert_ne!((done.seq, comparable(&open(data.path()))), (40, minute.then[40].clone()));
    // And one that finds less than it was told to take is refused.
    plan.up_to += 100;
    let how = How { key: None, checks: &[], plan: Some(&plan), even_unsound: false };
    assert_eq!(restore(&plan.backup, data.path(), TABLES, &how).unwrap_err().code, "restore_hole");
}

#[test]
fn a_clock_that_is_set_back_changes_the_order_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut packer = packer(&store, dir.path());
    back_up(&store, dir.path(), None);
    for (n, at) in [(1, 100), (2, 200), (3, 150), (4, 160), (5, 9_000), (6, 300)] {
        store.clock().set(second(at));
        add(&store, n);
        packer.pack(&store, n % 2 == 0).unwrap();
    }
    let backups = dir.path().join("backups");
    let at =
        |at: u64| bring(&backups, tempfile::tempdir().unwrap().path(), Moment::At(second(at))).unwrap().seq;
    // The last one written at or before that time, and all before it.
    assert_eq!([at(100), at(155), at(170), at(250), at(300), at(9_000)], [1, 3, 4, 4, 6, 6]);
    assert_eq!(bring(&backups, &dir.path().join("b"), Moment::Newest).unwrap().seq, 6);
}
