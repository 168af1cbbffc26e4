//! What whoever ships the journal has to know of it: whose it is, how far it is durable, and where full segments wait.

use crate::store::disk::{make_dir, sync_parent};
use crate::store::journal::folder::{Disk, Folder, Leaf};
use minicbor::{Decode, Encode};
use serde::Serialize;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The directory in the data directory where segments wait that the database does not need any more.
pub(in crate::store) const OUTBOX: &str = "shipping";
/// More segments than this wait for nobody: the shop needs the disk. What is shipped has a hole then, and a new backup
/// begins it anew.
const WAITING_MAX: usize = 128;

/// A place in the journal of one store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
pub struct Mark {
    /// Tells the journal of one store from any other.
    #[serde(skip)]
    #[cbor(n(0), with = "minicbor::bytes")]
    pub life: [u8; 16],
    /// The number of a record.
    #[n(1)]
    pub number: u64,
}

/// Says how far the journal is durable, and hears whether its segments are wanted. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::store) struct Tap(Arc<Inner>);

#[derive(Default)]
struct Inner {
    mark: Mutex<Mark>,
    is_wanted: AtomicBool,
}

impl Tap {
    /// The last durable record.
    pub(in crate::store) fn mark(&self) -> Mark {
        *self.0.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn note(&self, mark: Mark) {
        *self.0.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
    }
    /// From now on segments are handed over in place of being removed.
    pub(in crate::store) fn want(&self) {
        self.0.is_wanted.store(true, Ordering::Relaxed);
    }
    fn is_wanted(&self) -> bool {
        self.0.is_wanted.load(Ordering::Relaxed)
    }
}

/// The journal's directory, whose segments go to the outbox where they are wanted.
pub(in crate::store) struct Tapped {
    disk: Disk,
    outbox: PathBuf,
    tap: Tap,
}

impl Tapped {
    pub(in crate::store) fn new(data: &Path, tap: Tap) -> Self {
        Self { disk: Disk(data.join(super::FOLDER)), outbox: data.join(OUTBOX), tap }
    }
    fn hand_over(&self, name: &str) -> io::Result<()> {
        make_dir(&self.outbox)?;
        let waiting: Vec<PathBuf> =
            std::fs::read_dir(&self.outbox)?.flatten().map(|entry| entry.path()).collect();
        if waiting.len() >= WAITING_MAX {
            tracing::warn!("nobody ships the journal; what waited is given up");
            waiting.iter().try_for_each(std::fs::remove_file)?;
        }
        // After a crash a record may be known to the kernel's memory alone.
        let from = self.disk.0.join(name);
        File::open(&from)?.sync_all()?;
        // A record of another life may have this number too.
        let free = (1..).map(|n: u32| self.outbox.join(format!("{n}-{name}"))).find(|path| !path.exists());
        let to = free.unwrap_or_else(|| self.outbox.join(name));
        std::fs::rename(&from, &to)?;
        sync_parent(&to)
    }
}

impl Folder for Tapped {
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.disk.read(name)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>> {
        self.disk.open(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }
    fn set_aside(&self, label: &str) -> io::Result<String> {
        self.disk.set_aside(label)
    }
    fn is_handing_over(&self) -> bool {
        self.tap.is_wanted()
    }
    fn let_go(&self, name: &str) -> io::Result<()> {
        if !self.tap.is_wanted() {
            return self.disk.remove(name);
        }
        self.hand_over(name).or_else(|error| {
            // The shop goes on; whoever ships sees the hole.
            tracing::warn!("a segment of the journal cannot be handed over: {error}");
            self.disk.remove(name)
        })
    }
}
