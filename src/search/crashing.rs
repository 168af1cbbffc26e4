//! What a crash leaves of an index: a directory that records every call to its files, and what a kill or a power cut may
//! leave of them.
#![cfg(test)]

use super::index::{Disk, real_disk};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::convert::identity;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, TerminatingWrite, WatchCallback, WatchHandle,
    WritePtr,
};

/// A fault that is planted below the index to see that the test finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Every commit is a plain one: it has no payload, so nobody knows how far it reaches.
    PlainCommit,
    /// A commit names one change more than it holds.
    CursorAhead,
}

/// A file's name: its directory's and its own.
type Name = (String, PathBuf);

#[derive(Clone, Debug)]
pub(super) enum Call {
    /// A file in the making, by its number.
    Create(Name, usize),
    Write(usize, Vec<u8>),
    SyncFile(usize),
    /// Written aside, synced, and renamed over what was there.
    Replace(Name, Vec<u8>),
    Delete(Name),
    SyncNames(String),
}

/// The files of all directories of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Image(BTreeMap<Name, Vec<u8>>);

/// Notes every call that changes a file, in one order.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    calls: Arc<Mutex<Vec<Call>>>,
    /// Files of words that were made by the thread of the indexer, and by none of the library's.
    whole: Arc<AtomicUsize>,
    fault: Fault,
    /// Calls that were tried, and the one that fails.
    tried: Arc<AtomicUsize>,
    fails_at: Option<usize>,
}

impl Recorder {
    pub(super) fn new(fault: Fault) -> Self {
        Self { calls: Arc::default(), whole: Arc::default(), fault, tried: Arc::default(), fails_at: None }
    }
    /// The call of this number fails, those behind it do not.
    pub(super) fn failing(at: usize) -> Self {
        Self { fails_at: Some(at), ..Self::new(Fault::None) }
    }
    /// Calls that were tried.
    pub(super) fn tried(&self) -> usize {
        self.tried.load(Ordering::SeqCst)
    }
    /// Segments that were written whole, but for those of an index built anew.
    pub(super) fn whole(&self) -> usize {
        self.whole.load(Ordering::SeqCst)
    }
    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
    pub(super) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
    /// The real files with this recorder before them.
    pub(super) fn disk(&self) -> Disk {
        let (this, real) = (self.clone(), real_disk());
        Arc::new(move |dir| {
            let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
            Ok(Box::new(Recorded { below: real(dir)?, name, recorder: this.clone() }))
        })
    }
    /// Makes a call and notes it where it succeeded; none comes between.
    fn call<T, E>(
        &self,
        call: impl FnOnce(usize) -> Call,
        act: impl FnOnce() -> Result<T, E>,
        failed: impl FnOnce(io::Error) -> E,
    ) -> Result<T, E> {
        let mut calls = self.calls.lock().unwrap();
        if Some(self.tried.fetch_add(1, Ordering::SeqCst)) == self.fails_at {
            return Err(failed(io::Error::other("this call was to fail")));
        }
        let done = act()?;
        let at = calls.len();
        calls.push(call(at));
        Ok(done)
    }
}

#[derive(Clone)]
struct Recorded {
    below: Box<dyn Directory>,
    name: String,
    recorder: Recorder,
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorded({})", self.name)
    }
}

impl Recorded {
    fn full(&self, path: &Path) -> Name {
        (self.name.clone(), path.to_owned())
    }
    /// What is written in place of the file `path` of a shop whose program has the fault.
    fn spoilt(&self, path: &Path, data: &[u8]) -> Vec<u8> {
        if self.recorder.fault == Fault::None || path != Path::new("meta.json") {
            return data.to_vec();
        }
        let mut meta: serde_json::Value = serde_json::from_slice(data).unwrap();
        let payload = meta["payload"].as_str().map(|text| serde_json::from_str(text).unwrap());
        if let Some(mut payload) = payload {
            meta["payload"] = match self.recorder.fault {
                Fault::PlainCommit => serde_json::Value::Null,
                _ => {
                    let payload: &mut serde_json::Value = &mut payload;
                    payload["seq"] = (payload["seq"].as_u64().unwrap() + 1).into();
                    payload.to_string().into()
                }
            };
        }
        serde_json::to_vec(&meta).unwrap()
    }
}

impl Directory for Recorded {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.below.get_file_handle(path)
    }
    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        let failed = |error| DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() };
        self.recorder.call(|_| Call::Delete(self.full(path)), || self.below.delete(path), failed)
    }
    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.below.exists(path)
    }
    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        const OTHERS: [&str; 3] = ["thrd-tantivy", "merge", "reindexer"];
        let thread = std::thread::current();
        let is_own = thread.name().is_none_or(|name| OTHERS.iter().all(|other| !name.starts_with(other)));
        if is_own && path.extension().is_some_and(|kind| kind == "term") {
            self.recorder.whole.fetch_add(1, Ordering::SeqCst);
        }
        let mut file = 0;
        let number = |at| {
            file = at;
            Call::Create(self.full(path), at)
        };
        let failed = |error| OpenWriteError::wrap_io_error(error, path.to_owned());
        let below = self.recorder.call(number, || self.below.open_write(path), failed)?;
        Ok(WritePtr::new(Box::new(OneFile { below, file, recorder: self.recorder.clone() })))
    }
    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.below.atomic_read(path)
    }
    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let data = self.spoilt(path, data);
        let call = |_| Call::Replace(self.full(path), data.clone());
        self.recorder.call(call, || self.below.atomic_write(path, &data), identity)
    }
    fn sync_directory(&self) -> io::Result<()> {
        self.recorder.call(|_| Call::SyncNames(self.name.clone()), || self.below.sync_directory(), identity)
    }
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.below.acquire_lock(lock)
    }
    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.below.watch(callback)
    }
}

struct OneFile {
    below: WritePtr,
    file: usize,
    recorder: Recorder,
}

impl Write for OneFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.recorder.call(
            |_| Call::Write(self.file, bytes.to_vec()),
            || self.below.write_all(bytes),
            identity,
        )?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.below.flush()
    }
}

impl TerminatingWrite for OneFile {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.recorder.call(|_| Call::SyncFile(self.file), || self.below.terminate_ref(token), identity)
    }
}

/// What a crash leaves of the calls that were not yet synced. What was deleted stays deleted in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The process is killed: the kernel keeps what was written.
    Kill,
    /// The power goes: names and contents that were not synced may be there or not.
    Power,
}

/// The files after the first `k` calls and a cut.
pub(super) fn image(before: &Image, calls: &[Call], k: usize, cut: Cut, rng: &mut StdRng) -> Image {
    let done = &calls[..k];
    let chance = [0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0][rng.random_range(0..7)];
    let mut image = before.clone();
    // By their numbers: the name under which a file lies, and what is kept of it.
    let mut open: BTreeMap<usize, Option<Name>> = BTreeMap::new();
    for (at, call) in done.iter().enumerate() {
        let later = &done[at..];
        let mut is_kept = |is_synced: &dyn Fn(&Call) -> bool| {
            cut == Cut::Kill || later.iter().any(is_synced) || rng.random_bool(chance)
        };
        let names_synced = |dir: &str| {
            let dir = dir.to_owned();
            move |later: &Call| matches!(later, Call::SyncNames(synced) if *synced == dir)
        };
        match call {
            Call::Create(name, file) => {
                let kept = is_kept(&names_synced(&name.0)).then(|| name.clone());
                if let Some(name) = &kept {
                    image.0.insert(name.clone(), Vec::new());
                }
                open.insert(*file, kept);
            }
            Call::Write(file, bytes) => {
                let file_synced = |later: &Call| matches!(later, Call::SyncFile(synced) if synced == file);
                let kept = is_kept(&file_synced);
                let there = open.get(file).and_then(Option::as_ref).and_then(|name| image.0.get_mut(name));
                if let Some(there) = there {
                    match kept {
                        true => there.extend_from_slice(bytes),
                        // Blocks that were given to the file and not written, or not even that.
                        false if rng.random_bool(0.5) => there.resize(there.len() + bytes.len(), 0),
                        false => {}
                    }
                }
            }
            Call::Replace(name, data) => {
                if is_kept(&names_synced(&name.0)) {
                    image.0.insert(name.clone(), data.clone());
                }
            }
            Call::Delete(name) => {
                image.0.remove(name);
            }
            Call::SyncFile(_) | Call::SyncNames(_) => {}
        }
    }
    image
}

impl Image {
    /// Lays the files out in a directory.
    pub(super) fn write(&self, root: &Path) {
        for ((dir, name), bytes) in &self.0 {
            let dir = root.join(dir);
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}
