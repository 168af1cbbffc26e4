//! The file on disk: formats, locks, damage, crashes, and a disk that fails.

use super::*;
use crate::base::error::{Kind, Result};
use crate::store::crashing::{Bytes, Names};
use crate::store::engine::redb::{FileMedium, Medium, RedbOpener};
use crate::store::fill::fill_new_indexes;
use crate::store::format::{Migration, Step};
use crate::store::journal::{Disk, Folder, JournaledOpener, Leaf, Pace, Tap};
use crate::store::{Direction, Read as _, Span, Tx};
use redb::{BackendError, StorageBackend};
use sha2::{Digest, Sha256};
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

fn hash(path: &Path) -> [u8; 32] {
    Sha256::digest(std::fs::read(path).unwrap()).into()
}

/// The journal in a directory before a database.
fn journaled(below: RedbOpener<FileMedium>, dir: &Path) -> Box<JournaledOpener> {
    Box::new(JournaledOpener {
        below: Box::new(below),
        folder: Arc::new(Disk(dir.join("journal"))),
        tables: registry(TABLES).unwrap().names().to_vec(),
        clock: clock(),
        pace: Pace::default(),
        tap: Tap::default(),
        copied: Box::new(|_| 0),
        knows: false,
    })
}

/// What a kill leaves: database and journal as they are while the store is open.
fn copy_killed(from: &Path, to: &Path) {
    std::fs::copy(from.join("store.redb"), to.join("store.redb")).unwrap();
    let journal = to.join("journal");
    drop(std::fs::remove_dir_all(&journal));
    std::fs::create_dir(&journal).unwrap();
    for entry in std::fs::read_dir(from.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, journal.join(path.file_name().unwrap())).unwrap();
    }
}

fn open_as(dir: &Path, formats: Formats) -> Result<Store> {
    Store::start(Parts {
        clock: clock(),
        registry: Arc::new(registry(TABLES).unwrap()),
        opener: journaled(
            RedbOpener { medium: FileMedium(dir.join("store.redb")), cache_bytes: 1 << 20 },
            dir,
        ),
        formats,
        space: Guard::new(Box::new(|| Ok(u64::MAX)), 0, dir.join("ballast"), 0),
        scan_time: std::time::Duration::from_secs(10),
        settles_beside: false,
    })
}

#[test]
fn directory_and_file_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a/b");
    let store = open(&data);
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&data.join("store.redb"))), (0o700, 0o600));
    store.close().unwrap();
}

#[test]
fn a_newer_format_is_refused_and_the_file_stays_as_it_is() {
    for clean in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let newer = Formats { current: 7, migrations: &[] };
        let store = open_as(dir.path(), newer).unwrap();
        make(&store, 1, thing("lamp", "red", 3)).unwrap();
        let file = dir.path().join("store.redb");
        if clean {
            store.close().unwrap();
        } else {
            let copy = tempfile::tempdir().unwrap();
            copy_killed(dir.path(), copy.path());
            store.close().unwrap();
            copy_killed(copy.path(), dir.path());
        }
        let before = hash(&file);
        let error = open_as(dir.path(), Formats::OURS).err().unwrap();
        assert_eq!((error.code, error.kind), ("store_format_newer", Kind::Conflict));
        assert!(error.message.contains("format 7"), "{error}");
        assert_eq!(hash(&file), before, "clean: {clean}");
        // The newer program finds everything.
        let store = open_as(dir.path(), newer).unwrap();
        assert_eq!(store.last_seq(), 1);
        assert_eq!(store.check(&[]).unwrap(), []);
    }
}

fn paint(tx: &mut Tx<'_>) -> Result<Step> {
    let all = THINGS.list(tx, &Span::all(), Direction::Forward, 100)?;
    let Some((id, old)) = all.into_iter().find(|(_, t)| t.colour != "white") else { return Ok(Step::Done) };
    THINGS.put(tx, &id, &Thing { colour: "white".into(), ..old })?;
    Ok(Step::More)
}

static PLAN: &[Migration] = &[
    Migration { to: 2, what: "paint everything white, a piece at a time", run: paint },
    Migration {
        to: 3,
        what: "count what there is",
        run: |tx| {
            tx.count("white", i64::try_from(BY_COLOUR.count(tx, &Span::of("white"), 99)?).unwrap())?;
            Ok(Step::Done)
        },
    },
];

#[test]
fn an_older_format_is_copied_and_brought_up_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_as(dir.path(), Formats { current: 1, migrations: &[] }).unwrap();
    for n in 1..4 {
        make(&store, n, thing(&n.to_string(), "red", 3)).unwrap();
    }
    store.close().unwrap();
    let old = hash(&dir.path().join("store.redb"));
    // Of an earlier upgrade, after which an older program was gone back to.
    std::fs::write(dir.path().join("store.redb.before-3"), b"another one").unwrap();
    let store = open_as(dir.path(), Formats { current: 3, migrations: PLAN }).unwrap();
    assert_eq!(store.read(|s| crate::store::counter(s, "white")).unwrap(), 3);
    assert_eq!(store.check(&[]).unwrap(), []);
    assert_eq!(hash(&dir.path().join("store.redb.before-3")), old);
    store.close().unwrap();
    // Once is enough.
    let store = open_as(dir.path(), Formats { current: 3, migrations: PLAN }).unwrap();
    assert_eq!(store.read(|s| crate::store::counter(s, "white")).unwrap(), 3);
    store.close().unwrap();
    let older = Formats { current: 2, migrations: PLAN };
    assert_eq!(open_as(dir.path(), older).err().unwrap().code, "store_format_newer");
}

#[test]
fn a_migration_that_was_interrupted_goes_on_where_it_was() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    static BREAKS: &[Migration] = &[Migration {
        to: 2,
        what: "paint, and fail half-way once",
        run: |tx| {
            let white = BY_COLOUR.count(tx, &Span::of("white"), 99)?;
            if white == 2 && BROKEN.swap(false, Ordering::SeqCst) {
                return Err(crate::base::error::Error::internal("pulled the plug"));
            }
            paint(tx)
        },
    }];
    let dir = tempfile::tempdir().unwrap();
    let store = open_as(dir.path(), Formats { current: 1, migrations: &[] }).unwrap();
    for n in 1..4 {
        make(&store, n, thing(&n.to_string(), "red", 3)).unwrap();
    }
    store.close().unwrap();
    let old = hash(&dir.path().join("store.redb"));
    let two = Formats { current: 2, migrations: BREAKS };
    assert!(open_as(dir.path(), two).is_err());
    let store = open_as(dir.path(), two).unwrap();
    assert_eq!(hash(&dir.path().join("store.redb.before-2")), old, "the copy is of before, not of half-way");
    assert_eq!(store.read(|s| BY_COLOUR.count(s, &Span::of("white"), 99)).unwrap(), 3);
}

#[test]
fn indexes_that_came_later_are_filled_in_portions_and_behind_a_cut_go_on() {
    static CALLS: AtomicI64 = AtomicI64::new(0);
    static FILLS: &[Migration] = &[Migration {
        to: 2,
        what: "fill, and fail half-way once",
        run: |tx| match CALLS.fetch_add(1, Ordering::SeqCst) {
            3 => Err(crate::base::error::Error::internal("pulled the plug")),
            _ => fill_new_indexes(tx, 7),
        },
    }];
    let dir = tempfile::tempdir().unwrap();
    let store = open_as(dir.path(), Formats { current: 1, migrations: &[] }).unwrap();
    for n in 1..=60 {
        make(&store, n, thing(&n.to_string(), if n % 2 == 0 { "red" } else { "blue" }, 3)).unwrap();
    }
    let empty = |tx: &mut Tx<'_>| {
        let mut keys = Vec::new();
        tx.walk_raw(BY_COLOUR.name(), &Span::all(), Direction::Forward, &mut |key, _| {
            keys.push(key.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        keys.iter().try_for_each(|key| tx.write_raw(BY_COLOUR.name(), key, None))
    };
    store.write_blocking(actor(), empty).unwrap();
    assert_ne!(store.check(&[]).unwrap(), []);
    store.close().unwrap();
    let two = Formats { current: 2, migrations: FILLS };
    assert!(open_as(dir.path(), two).is_err());
    let store = open_as(dir.path(), two).unwrap();
    assert!(CALLS.load(Ordering::SeqCst) > 8, "a portion a transaction");
    assert_eq!(store.check(&[]).unwrap(), []);
    assert_eq!(store.read(|s| BY_COLOUR.count(s, &Span::of("red"), 99)).unwrap(), 30);
}

#[test]
fn a_file_in_place_of_the_directory_is_a_mistake_of_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shop.csv");
    std::fs::write(&file, "a").unwrap();
    for place in [file.clone(), file.join("data")] {
        let error = Store::open(&place, &settings(), clock(), TABLES).err().unwrap();
        assert_eq!(error.code, "config_data_dir", "{error:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"a");
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.redb");
    for bytes in [b"SQLite format 3\0".to_vec(), b"re".to_vec(), [[0; 4_096], [1; 4_096]].concat()] {
        std::fs::write(&file, &bytes).unwrap();
        let error = Store::open(dir.path(), &settings(), clock(), TABLES).err().unwrap();
        assert_eq!((error.code, error.kind), ("store_damaged", Kind::Internal));
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
    // A redb database of another program.
    std::fs::remove_file(&file).unwrap();
    let other = redb::Database::create(&file).unwrap();
    let tx = other.begin_write().unwrap();
    tx.open_table(redb::TableDefinition::<u64, u64>::new("theirs")).unwrap();
    tx.commit().unwrap();
    drop(other);
    let before = hash(&file);
    assert_eq!(Store::open(dir.path(), &settings(), clock(), TABLES).err().unwrap().code, "store_damaged");
    assert_eq!(hash(&file), before);
}

#[test]
fn a_damaged_file_is_refused_or_right_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.redb");
    let store = open(dir.path());
    for n in 1..30 {
        make(&store, n, thing(&n.to_string(), "red", 3)).unwrap();
    }
    // As a kill leaves it, so that opening reads everything.
    let killed = tempfile::tempdir().unwrap();
    copy_killed(dir.path(), killed.path());
    let whole = std::fs::read(killed.path().join("store.redb")).unwrap();
    store.close().unwrap();
    drop(store);
    let mut refused = 0;
    for cut in (0..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[cut..].iter_mut().take(64).for_each(|b| *b = !*b);
        copy_killed(killed.path(), dir.path());
        std::fs::write(&file, &bytes).unwrap();
        match Store::open(dir.path(), &settings(), clock(), TABLES) {
            Err(error) => {
                assert!(matches!(error.code, "store_damaged" | "internal"), "{} at {cut}", error.code);
                refused += 1;
            }
            Ok(store) => assert_eq!((store.last_seq(), store.check(&[]).unwrap()), (29, vec![]), "at {cut}"),
        }
    }
    assert!(refused > 0);
}

#[test]
fn every_commit_boundary_is_a_store_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let copy = tempfile::tempdir().unwrap();
    for n in 1..25 {
        make(&store, n, thing(&n.to_string(), "red", i64::from(n))).unwrap();
        copy_killed(dir.path(), copy.path());
        let killed = open(copy.path());
        assert_eq!((killed.last_seq(), killed.epoch()), (u64::from(n), store.epoch()));
        assert_eq!(killed.check(&[]).unwrap(), []);
        make(&killed, 200, thing("after", "blue", 1)).unwrap();
        killed.close().unwrap();
    }
}

/// A medium that fails when it is told to.
struct Moody {
    below: Arc<dyn Medium>,
    mood: Arc<Mood>,
}

#[derive(Debug, Default)]
struct Mood {
    limited: AtomicBool,
    /// Calls that still work when they are limited.
    left: AtomicI64,
    /// Only the next call fails then, and those behind it work again.
    is_short: AtomicBool,
}

impl Mood {
    fn ask(&self) -> io::Result<()> {
        if !self.limited.load(Ordering::SeqCst) {
            return Ok(());
        }
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 || left < 0 && self.is_short.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

impl Medium for Moody {
    fn backend(&self) -> Result<Box<dyn StorageBackend>> {
        Ok(Box::new(MoodyBackend { below: self.below.backend()?, mood: Arc::clone(&self.mood) }))
    }
    fn bytes(&self) -> u64 {
        self.below.bytes()
    }
    fn keep_copy(&self, label: &str) -> Result<()> {
        self.below.keep_copy(label)
    }
}

#[derive(Debug)]
struct MoodyBackend {
    below: Box<dyn StorageBackend>,
    mood: Arc<Mood>,
}

impl StorageBackend for MoodyBackend {
    fn len(&self) -> io::Result<u64> {
        self.below.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.mood.ask()?;
        self.below.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.mood.ask()?;
        self.below.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.mood.ask()?;
        self.below.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.mood.ask()?;
        self.below.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.below.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> std::result::Result<bool, BackendError> {
        self.below.try_lock_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> std::result::Result<(), BackendError> {
        self.below.unlock_range(start, end)
    }
}

/// A journal that fails when it is told to, with each call that changes something.
struct MoodyFolder {
    below: Arc<dyn Folder>,
    mood: Arc<Mood>,
}

struct MoodyLeaf {
    below: Box<dyn Leaf>,
    mood: Arc<Mood>,
}

impl Folder for MoodyFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        self.mood.ask()?;
        self.below.names()
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.mood.ask()?;
        self.below.read(name)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>> {
        self.mood.ask()?;
        Ok(Box::new(MoodyLeaf { below: self.below.open(name)?, mood: Arc::clone(&self.mood) }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.mood.ask()?;
        self.below.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.mood.ask()?;
        self.below.remove(name)
    }
    fn sync(&self) -> io::Result<()> {
        self.mood.ask()?;
        self.below.sync()
    }
    fn set_aside(&self, label: &str) -> io::Result<String> {
        self.mood.ask()?;
        self.below.set_aside(label)
    }
}

impl Leaf for MoodyLeaf {
    fn len(&self) -> io::Result<u64> {
        self.mood.ask()?;
        self.below.len()
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.mood.ask()?;
        self.below.write(offset, bytes)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.mood.ask()?;
        self.below.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.mood.ask()?;
        self.below.sync_all()
    }
}

/// Database and journal on a disk that may fail.
fn moody(below: &Arc<dyn Medium>, folder: &Arc<dyn Folder>, mood: &Arc<Mood>) -> Box<JournaledOpener> {
    let medium = Moody { below: Arc::clone(below), mood: Arc::clone(mood) };
    Box::new(JournaledOpener {
        below: Box::new(RedbOpener { medium, cache_bytes: 1 << 20 }),
        folder: Arc::new(MoodyFolder { below: Arc::clone(folder), mood: Arc::clone(mood) }),
        tables: registry(TABLES).unwrap().names().to_vec(),
        clock: clock(),
        // So that segments follow each other soon.
        pace: Pace { take_bytes: 2_000, wait_bytes: 4_000, segment_bytes: 2_000, ..Pace::default() },
        tap: Tap::default(),
        copied: Box::new(|_| 0),
        knows: false,
    })
}

fn in_memory() -> (Arc<dyn Medium>, Arc<dyn Folder>) {
    let bytes = Bytes::default();
    (Arc::new(bytes.clone()), Arc::new(Names(bytes)))
}

/// The parts of a store on a disk that may fail; what is due behind the answers is done by a thread of its own or by the
/// writer.
fn parts(below: &Arc<dyn Medium>, folder: &Arc<dyn Folder>, mood: &Arc<Mood>, settles_beside: bool) -> Parts {
    Parts {
        clock: clock(),
        registry: Arc::new(registry(TABLES).unwrap()),
        opener: moody(below, folder, mood),
        formats: Formats::OURS,
        space: Guard::new(Box::new(|| Ok(u64::MAX)), 0, "/nonexistent".into(), 0),
        scan_time: std::time::Duration::from_secs(10),
        settles_beside,
    }
}

fn over(below: &Arc<dyn Medium>, folder: &Arc<dyn Folder>, mood: &Arc<Mood>) -> Store {
    Store::start(parts(below, folder, mood, true)).unwrap()
}

/// What a store that is being opened again answers when it is open.
fn again<T>(ask: impl Fn() -> Result<T>) -> T {
    for _ in 0..500 {
        match ask() {
            Err(error) if error.code == "store_fenced" => {
                std::thread::park_timeout(std::time::Duration::from_millis(20));
            }
            answer => return answer.unwrap(),
        }
    }
    panic!("it is not opened again");
}

/// Writes until a call fails, then goes on once the disk works again; says whether a call failed.
fn fail_once(store: &Store, mood: &Mood, calls: i64, changes: u8) -> bool {
    make(store, 1, thing("lamp", "red", 3)).unwrap();
    // A reader from before holds on to its snapshot all the time.
    let old = store.read(|old| {
        mood.left.store(calls, Ordering::SeqCst);
        mood.limited.store(true, Ordering::SeqCst);
        let (mut acknowledged, mut sent) = (1, 1);
        while sent < changes && acknowledged == sent {
            sent += 1;
            match make(store, sent, thing(&sent.to_string(), "red", 3)) {
                Ok(_) => acknowledged = sent,
                Err(error) => {
                    assert!(matches!(error.code, "commit_unknown" | "store_fenced"), "{}", error.code)
                }
            }
        }
        // The disk is well again: the store comes back by itself.
        mood.limited.store(false, Ordering::SeqCst);
        let mut tries = 0;
        while let Err(error) = make(store, 100, thing("after", "blue", 1)) {
            assert!(matches!(error.code, "commit_unknown" | "store_fenced"), "{}", error.code);
            std::thread::park_timeout(std::time::Duration::from_millis(20));
            tries += 1;
            assert!(tries < 500);
        }
        // The thread that settles may say only now what it met.
        let things = again(|| store.read(|s| THINGS.list(s, &Span::all(), Direction::Forward, 99)));
        // Everything acknowledged, perhaps the unknown one, and the one after it.
        let count = u8::try_from(things.len()).unwrap() - 1;
        assert!(count == acknowledged || count == sent, "{count} of {acknowledged}, {sent}");
        assert_eq!(store.last_seq(), things.len() as u64);
        assert_eq!(again(|| store.check(&[])), []);
        let _either = THINGS.get(old, &id(1));
        // The thread that settles may have met it while every write went well.
        Ok(mood.left.load(Ordering::SeqCst) < 0)
    });
    store.close().unwrap();
    old.unwrap()
}

#[test]
fn every_call_to_the_disk_may_fail_once() {
    let mood = Arc::<Mood>::default();
    // So many changes that the thread that settles comes to its turn.
    let ways = [(false, 6), (true, 40)].into_iter().flat_map(|way| [(way, false), (way, true)]);
    for ((settles_beside, changes), is_short) in ways {
        mood.is_short.store(is_short, Ordering::SeqCst);
        let (mut failed, mut well) = (0, 0);
        for calls in 0.. {
            let (bytes, folder) = in_memory();
            let store = Store::start(parts(&bytes, &folder, &mood, settles_beside)).unwrap();
            if fail_once(&store, &mood, calls, changes) {
                (failed, well) = (failed + 1, 0);
            } else {
                well += 1;
            }
            // With two threads one run may have fewer calls than the next.
            if well == 5 {
                break;
            }
            let again = over(&bytes, &folder, &mood);
            assert_eq!(again.check(&[]).unwrap(), []);
            again.close().unwrap();
        }
        assert!(failed > 25, "{failed}");
    }
}

#[test]
fn an_opening_that_fails_can_be_repeated() {
    let mood = Arc::<Mood>::default();
    for (made_before, is_short) in [(false, false), (true, false), (false, true), (true, true)] {
        mood.is_short.store(is_short, Ordering::SeqCst);
        for calls in 0.. {
            let (mut bytes, mut folder) = in_memory();
            if made_before {
                let disk = Bytes::default();
                (bytes, folder) = (Arc::new(disk.clone()), Arc::new(Names(disk.clone())));
                let store = over(&bytes, &folder, &mood);
                make(&store, 1, thing("lamp", "red", 3)).unwrap();
                // As a kill leaves it, so that opening has something to bring in.
                let killed = disk.copy();
                store.close().unwrap();
                (bytes, folder) = (Arc::new(killed.clone()), Arc::new(Names(killed)));
            }
            mood.left.store(calls, Ordering::SeqCst);
            mood.limited.store(true, Ordering::SeqCst);
            let opened = Store::start(parts(&bytes, &folder, &mood, false));
            mood.limited.store(false, Ordering::SeqCst);
            if let Err(error) = &opened {
                assert_eq!((error.kind, error.code), (Kind::Unavailable, "store_io"), "call {calls}");
            }
            let untouched = opened.is_ok() && mood.left.load(Ordering::SeqCst) > 0;
            drop(opened);
            let store = over(&bytes, &folder, &mood);
            assert_eq!(store.last_seq(), u64::from(made_before));
            assert_eq!(store.check(&[]).unwrap(), []);
            if untouched {
                break;
            }
        }
    }
}

#[test]
fn a_file_is_opened_again_while_an_old_snapshot_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let mood = Arc::<Mood>::default();
    let file: Arc<dyn Medium> = Arc::new(FileMedium(dir.path().join("store.redb")));
    let folder: Arc<dyn Folder> = Arc::new(Disk(dir.path().join("journal")));
    assert!(fail_once(&over(&file, &folder, &mood), &mood, 20, 40));
    assert_eq!(open(dir.path()).check(&[]).unwrap(), []);
}
