//! What a crash leaves of a store: a disk that records every call to the database and to the journal in one order, and what
//! a kill or a power cut may leave of it.

use super::door::registry;
use super::engine::Opener;
use super::engine::redb::{Medium, RedbOpener};
use super::format::Formats;
use super::journal::{Folder, JournaledOpener, Leaf, Pace, Tap};
use super::shared::Parts;
use super::space::Guard;
use super::{Store, TableInfo};
use crate::base::error::Result;
use crate::base::time::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

/// How many crashes of each model a test plays: `BACKROOM_CRASH_POINTS`, or `usual`.
pub(crate) fn points(usual: u32) -> u32 {
    std::env::var("BACKROOM_CRASH_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Where the dice of a test begin: `BACKROOM_CRASH_SEED`, as a failed run printed it, or `usual`.
pub(crate) fn seed(usual: u64) -> u64 {
    std::env::var("BACKROOM_CRASH_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// What a disk holds: the bytes of the database, files of the journal, and their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    db: Vec<u8>,
    files: Vec<Vec<u8>>,
    names: BTreeMap<String, usize>,
    aside: u32,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Db,
    File(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Write(Target, usize, Vec<u8>),
    SetLen(usize),
    Sync(Target),
    Create(String, usize),
    Rename(String, String),
    Remove(String),
    SyncNames,
}

impl Image {
    fn bytes(&mut self, target: Target) -> &mut Vec<u8> {
        match target {
            Target::Db => &mut self.db,
            Target::File(at) => &mut self.files[at],
        }
    }
    fn write(&mut self, target: Target, at: usize, data: &[u8]) {
        let bytes = self.bytes(target);
        if target != Target::Db && bytes.len() < at + data.len() {
            bytes.resize(at + data.len(), 0);
        }
        // The database may have become shorter by a lost call.
        let end = (at + data.len()).min(bytes.len());
        if at < end {
            bytes[at..end].copy_from_slice(&data[..end - at]);
        }
    }
    fn play(&mut self, call: &Call) {
        match call {
            Call::Write(target, at, data) => self.write(*target, *at, data),
            Call::SetLen(len) => self.db.resize(*len, 0),
            Call::Create(name, file) => {
                self.names.insert(name.clone(), *file);
            }
            Call::Rename(from, to) => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Call::Remove(name) => {
                self.names.remove(name);
            }
            Call::Sync(_) | Call::SyncNames => {}
        }
    }
}

/// A disk in memory that stays when a store over it is closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(Arc<Mutex<Image>>);

/// A disk in memory with a list of every call that changed it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    disk: Bytes,
    calls: Arc<Mutex<Vec<Call>>>,
    is_slow: bool,
}

impl Bytes {
    fn of(image: Image) -> Self {
        Self(Arc::new(Mutex::new(image)))
    }
    fn with<T>(&self, act: impl FnOnce(&mut Image) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }
    /// The names of the journal's files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.with(|image| image.names.keys().cloned().collect())
    }
    /// Changes a file of the journal.
    pub(crate) fn edit(&self, name: &str, act: impl FnOnce(&mut Vec<u8>)) {
        self.with(|image| {
            let file = image.names[name];
            act(&mut image.files[file]);
        });
    }
    pub(crate) fn remove(&self, name: &str) {
        self.with(|image| image.names.remove(name));
    }
    /// A disk with the same bytes.
    pub(crate) fn copy(&self) -> Self {
        Self::of(self.with(|image| image.clone()))
    }
}

/// Makes every call to a disk in memory, and notes it where that is wanted.
pub(crate) trait Calls: Clone + std::fmt::Debug + Send + Sync + 'static {
    fn disk(&self) -> &Bytes;
    fn note(&self, call: Call);
    /// Before every call that takes its time on a real disk.
    fn pause(&self) {}
    fn call(&self, call: Call) -> io::Result<()> {
        self.disk().with(|image| {
            image.play(&call);
            self.note(call);
        });
        Ok(())
    }
}

impl Calls for Bytes {
    fn disk(&self) -> &Bytes {
        self
    }
    fn note(&self, _: Call) {}
}

impl Calls for Recorder {
    fn disk(&self) -> &Bytes {
        &self.disk
    }
    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
    fn pause(&self) {
        if self.is_slow {
            std::thread::park_timeout(std::time::Duration::from_micros(20));
        }
    }
}

impl Recorder {
    /// Every call takes a moment, so that those of two threads come between each other.
    pub(crate) fn slow() -> Self {
        Self { is_slow: true, ..Self::default() }
    }
    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

/// The database's view of a disk.
#[derive(Debug)]
struct Db<C>(C);

/// The journal's view of it.
pub(in crate::store) struct Names<C>(pub(in crate::store) C);

struct OneFile<C>(C, usize);

macro_rules! medium {
    ($disk:ty) => {
        impl Medium for $disk {
            fn backend(&self) -> Result<Box<dyn StorageBackend>> {
                Ok(Box::new(Db(self.clone())))
            }
            fn bytes(&self) -> u64 {
                self.disk().with(|image| image.db.len() as u64)
            }
            fn keep_copy(&self, _: &str) -> Result<()> {
                Ok(())
            }
        }
    };
}
medium!(Bytes);
medium!(Recorder);

impl<C: Calls> StorageBackend for Db<C> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.disk().with(|image| image.db.len() as u64))
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        self.0.disk().with(|image| out.copy_from_slice(&image.db[start..start + out.len()]));
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.pause();
        self.0.call(Call::SetLen(usize::try_from(len).unwrap()))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.pause();
        self.0.call(Call::Sync(Target::Db))
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.pause();
        self.0.call(Call::Write(Target::Db, usize::try_from(offset).unwrap(), data.to_vec()))
    }
}

impl<C: Calls> Folder for Names<C> {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.0.disk().names())
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(self.0.disk().with(|image| image.files[image.names[name]].clone()))
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>> {
        let there = self.0.disk().with(|image| image.names.get(name).copied());
        let file = match there {
            Some(file) => file,
            None => {
                let file = self.0.disk().with(|image| {
                    image.files.push(Vec::new());
                    image.files.len() - 1
                });
                self.0.call(Call::Create(name.to_owned(), file))?;
                file
            }
        };
        Ok(Box::new(OneFile(self.0.clone(), file)))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.call(Call::Rename(from.to_owned(), to.to_owned()))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.call(Call::Remove(name.to_owned()))
    }
    fn sync(&self) -> io::Result<()> {
        self.0.call(Call::SyncNames)
    }
    fn set_aside(&self, label: &str) -> io::Result<String> {
        self.0.disk().with(|image| {
            image.names.clear();
            image.aside += 1;
        });
        Ok(label.to_owned())
    }
}

impl<C: Calls> Leaf for OneFile<C> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.disk().with(|image| image.files[self.1].len() as u64))
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.call(Call::Write(Target::File(self.1), usize::try_from(offset).unwrap(), bytes.to_vec()))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.pause();
        self.0.call(Call::Sync(Target::File(self.1)))
    }
    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What a crash leaves of the calls that were not yet synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The process is killed: the kernel keeps what was written.
    Kill,
    /// The power goes: any sector of what was not synced may be there or not.
    Power,
    /// The power goes, and the disk had lied about some syncs: the control that the test has teeth.
    PowerAndLies,
}

/// What call makes this one durable.
fn makes_durable(call: &Call, later: &Call) -> bool {
    match call {
        Call::Write(target, ..) => matches!(later, Call::Sync(synced) if synced == target),
        Call::SetLen(_) => matches!(later, Call::Sync(Target::Db)),
        Call::Create(..) | Call::Rename(..) | Call::Remove(_) => matches!(later, Call::SyncNames),
        Call::Sync(_) | Call::SyncNames => true,
    }
}

/// The disk after the first `k` calls and a cut.
pub(crate) fn image(before: &Image, calls: &[Call], k: usize, cut: Cut, rng: &mut StdRng) -> Image {
    let done = &calls[..k];
    // Up to where the disk did what it said.
    let mut honest = k;
    if cut == Cut::PowerAndLies {
        let is_sync = |call: &Call| matches!(call, Call::Sync(_) | Call::SyncNames);
        let syncs: Vec<usize> =
            done.iter().enumerate().filter(|(_, c)| is_sync(c)).map(|(at, _)| at).collect();
        honest = syncs.iter().rev().nth(rng.random_range(0..6)).map_or(0, |at| *at);
    }
    // Of each kind of call the last sync that counts.
    let last_sync =
        |call: &Call| done[..honest].iter().rposition(|later| makes_durable(call, later)).unwrap_or(0);
    let mut image = before.clone();
    let made = done.iter().filter_map(|c| if let Call::Create(_, file) = c { Some(*file + 1) } else { None });
    let files = made.max().unwrap_or(0).max(image.files.len());
    image.files.resize(files, Vec::new());
    let chance = [0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0][rng.random_range(0..7)];
    let sector = [512, 4_096, 1 << 30][rng.random_range(0..3)];
    let mut synced: Vec<(Target, usize)> = Vec::new();
    let names_synced = last_sync(&Call::Remove(String::new()));
    for (at, call) in done.iter().enumerate() {
        let is_kept = cut == Cut::Kill
            || match call {
                Call::Write(..) | Call::SetLen(_) => {
                    let target = if let Call::Write(target, ..) = call { *target } else { Target::Db };
                    let known = synced.iter().find(|(t, _)| *t == target).map(|(_, last)| *last);
                    let last = known.unwrap_or_else(|| {
                        let last = last_sync(call);
                        synced.push((target, last));
                        last
                    });
                    at < last
                }
                _ => at < names_synced,
            };
        match call {
            _ if is_kept => image.play(call),
            Call::Write(target, start, data) => {
                let mut done = 0;
                while done < data.len() {
                    let here = start + done;
                    let size = (sector - here % sector).min(data.len() - done);
                    if rng.random_bool(chance) {
                        image.write(*target, here, &data[done..done + size]);
                    }
                    done += size;
                }
            }
            Call::Sync(_) | Call::SyncNames => {}
            _ if rng.random_bool(0.5) => image.play(call),
            _ => {}
        }
    }
    image
}

/// Who brings the database up to the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settles {
    /// A thread of its own, as in the program.
    Beside,
    /// The writer between its groups: the same calls in the same order every time.
    Between,
}

/// A store over a disk in memory, with its journal and all the room in the world.
#[expect(private_bounds, reason = "callers have the two disks of this file")]
pub(crate) fn over(
    disk: impl Medium + Calls,
    clock: Clock,
    tables: &[TableInfo],
    settles: Settles,
) -> Result<Store> {
    let below = Box::new(RedbOpener { medium: disk.clone(), cache_bytes: 1 << 20 });
    over_parts(below, Arc::new(Names(disk)), clock, tables, settles)
}

/// The same with parts that a test has tampered with.
pub(in crate::store) fn over_parts(
    below: Box<dyn Opener>,
    folder: Arc<dyn Folder>,
    clock: Clock,
    tables: &[TableInfo],
    settles: Settles,
) -> Result<Store> {
    let registry = Arc::new(registry(tables)?);
    // So that a short history has segments that are full, given up and used again.
    let pace = Pace { take_bytes: 3 << 10, wait_bytes: 12 << 10, segment_bytes: 12 << 10, ..Pace::default() };
    let tables = registry.names().to_vec();
    Store::start(Parts {
        opener: Box::new(JournaledOpener {
            below,
            folder,
            tables,
            clock: clock.clone(),
            pace,
            tap: Tap::default(),
            copied: Box::new(|_| 0),
            knows: false,
        }),
        clock,
        registry,
        formats: Formats::OURS,
        space: Guard::new(Box::new(|| Ok(u64::MAX)), 0, "/nonexistent".into(), 0),
        scan_time: std::time::Duration::from_secs(10),
        settles_beside: settles == Settles::Beside,
    })
}

/// A history of calls, and what was acknowledged after how many of them.
pub(crate) struct History<A> {
    pub(crate) calls: Vec<Call>,
    /// Calls before which no crash is played: the store was not there yet.
    pub(crate) first: usize,
    pub(crate) acknowledged: Vec<(usize, A)>,
}

/// Cuts a history at `points` random places, half of them with a second cut while the first is being repaired, and
/// gives what `wrong` says of what is left. Each finding names its seed.
pub(crate) fn play<A: Sync>(
    history: &History<A>,
    cut: Cut,
    points: u32,
    seed: u64,
    reopen: impl Fn(Recorder) -> Result<Store> + Sync,
    wrong: impl Fn(Bytes, &[&A]) -> Option<String> + Sync,
) -> Vec<String> {
    const THREADS: u32 = 2;
    let part = &|thread: u32| {
        let mut rng = StdRng::seed_from_u64(seed ^ (u64::from(thread) << 32));
        let mut all_wrong = Vec::new();
        for point in (thread..points).step_by(THREADS as usize) {
            let k = rng.random_range(history.first..=history.calls.len());
            let known: Vec<&A> =
                history.acknowledged.iter().filter(|(at, _)| *at <= k).map(|(_, what)| what).collect();
            let mut left = image(&Image::default(), &history.calls, k, cut, &mut rng);
            if rng.random_bool(0.5) {
                let second = Recorder { disk: Bytes::of(left.clone()), ..Recorder::default() };
                if let Ok(store) = reopen(second.clone()) {
                    drop(store.close());
                }
                let calls = second.calls();
                let again = rng.random_range(0..=calls.len());
                left = image(&left, &calls, again, cut, &mut rng);
            }
            if let Some(what) = wrong(Bytes::of(left), &known) {
                let known = known.len();
                all_wrong.push(format!("seed {seed}, point {point}, call {k}, {known} acknowledged: {what}"));
            }
        }
        all_wrong
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    })
}
