//! Journals and databases with a fault planted in them, to see that the tests of crashes find it.

use crate::base::error::Result;
use crate::store::engine::{Engine, EngineSnapshot, Opener};
use crate::store::journal::engine::STATE;
use crate::store::journal::folder::{Folder, Leaf};
use crate::store::journal::log::first_of;
use crate::store::journal::record::{self, HEAD, Head, Life};
use crate::store::write_set::WriteSet;
use std::io;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Fault {
    /// A record is acknowledged without its sync.
    NoSync,
    /// A segment is given up as soon as the next one is begun.
    GivenUpEarly,
    /// Replay passes the last record over.
    LastSkipped,
    /// Replay takes a torn record for a whole one.
    TornTaken,
    /// The database says that it has one record more than it has.
    NumberAhead,
}

/// A folder with a fault.
pub(in crate::store) struct FaultyFolder {
    pub(in crate::store) below: Arc<dyn Folder>,
    pub(in crate::store) fault: Fault,
}

impl Folder for FaultyFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        self.below.names()
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = self.below.read(name)?;
        let life: Life = bytes[12..28].try_into().unwrap();
        let Head::Ours(mut next) = record::read_head(&life, &bytes) else { return Ok(bytes) };
        let is_last = self.names()?.last().is_some_and(|last| last == name || last == "spare");
        let (mut at, mut before) = (HEAD, None);
        while let Some(found) = record::read(&life, &bytes[at..]).filter(|found| found.place == next) {
            before = Some(at);
            next = found.next();
            at += found.size;
        }
        match (self.fault, before) {
            (Fault::LastSkipped, Some(last)) if is_last => bytes[last..].fill(0),
            (Fault::TornTaken, _) => mend(&life, next, &mut bytes[at..]),
            _ => {}
        }
        Ok(bytes)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>> {
        let leaf = self.below.open(name)?;
        Ok(if self.fault == Fault::NoSync { Box::new(Lazy(leaf)) } else { leaf })
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.below.rename(from, to)?;
        if self.fault == Fault::GivenUpEarly && first_of(to).is_some() {
            for older in self.names()?.iter().filter(|name| first_of(name).is_some() && *name != to) {
                self.below.remove(older)?;
            }
            self.below.sync()?;
        }
        Ok(())
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        // What was given up early is gone already.
        if self.names()?.iter().any(|there| there == name) { self.below.remove(name) } else { Ok(()) }
    }
    fn sync(&self) -> io::Result<()> {
        self.below.sync()
    }
    fn set_aside(&self, label: &str) -> io::Result<String> {
        self.below.set_aside(label)
    }
}

/// Gives a record that is not whole the checksum it would need.
fn mend(life: &Life, next: record::Place, bytes: &mut [u8]) {
    let Some(length) = bytes.first_chunk::<4>().map(|l| u32::from_be_bytes(*l) as usize) else { return };
    if length == 0 || length + 28 > bytes.len() || bytes[8..16] != next.number.to_be_bytes() {
        return;
    }
    let mut whole = bytes[..28 + length].to_vec();
    record::seal(life, next, 0, &mut whole).unwrap();
    let size = whole.len().min(bytes.len());
    bytes[..size].copy_from_slice(&whole[..size]);
}

struct Lazy(Box<dyn Leaf>);

impl Leaf for Lazy {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(offset, bytes)
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Opens a database that says too much.
pub(in crate::store) struct FaultyOpener(pub(in crate::store) Box<dyn Opener>);

impl Opener for FaultyOpener {
    fn open(&self) -> Result<Box<dyn Engine>> {
        Ok(Box::new(FaultyEngine(self.0.open()?)))
    }
    fn file_bytes(&self) -> u64 {
        self.0.file_bytes()
    }
    fn keep_copy(&self, label: &str) -> Result<()> {
        self.0.keep_copy(label)
    }
}

struct FaultyEngine(Box<dyn Engine>);

impl Engine for FaultyEngine {
    fn snapshot(&self) -> Result<Box<dyn EngineSnapshot>> {
        self.0.snapshot()
    }
    fn commit(&self, set: &WriteSet) -> Result<()> {
        let mut set = set.clone();
        if let Some(Some(row)) = set.get(STATE, b"state") {
            let mut row = row.to_vec();
            let number = u64::from_be_bytes(row[16..24].try_into().unwrap()) + 1;
            row[16..24].copy_from_slice(&number.to_be_bytes());
            set.write(STATE, b"state", Some(&row));
        }
        self.0.commit(&set)
    }
    fn apply_lightly(&self, sets: &[&WriteSet]) -> Result<()> {
        self.0.apply_lightly(sets)
    }
    fn ensure_tables(&self, names: &[&'static str]) -> Result<()> {
        self.0.ensure_tables(names)
    }
    fn is_new(&self) -> Result<bool> {
        self.0.is_new()
    }
    fn accept(&self) -> Result<()> {
        self.0.accept()
    }
}
