//! An engine for tests: rows in memory, and commits and reads that fail when they are told to.

use crate::base::error::{Error, Kind, Result};
use crate::store::engine::{Engine, EngineSnapshot, Opener};
use crate::store::health::fenced;
use crate::store::span::{Direction, Span};
use crate::store::write_set::{Visit, WriteSet};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;
type Tables = BTreeMap<&'static str, Rows>;

/// What the next commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Commit {
    Works,
    /// Answers an error, and nothing was written.
    FailsLost,
    /// Answers an error although everything was written.
    FailsDurable,
    Panics,
}

/// What outlives an engine: the rows, the lock, and what is to go wrong.
#[derive(Default)]
pub(in crate::store) struct Disk {
    rows: Mutex<Arc<Tables>>,
    locked: AtomicBool,
    pub(in crate::store) commits: Mutex<VecDeque<Commit>>,
    /// Openings that fail before one works.
    pub(in crate::store) failing_opens: AtomicU32,
    /// The next read of a row fails, and all after it until the engine is opened again.
    pub(in crate::store) failing_read: AtomicBool,
    pub(in crate::store) opened: AtomicU32,
}

pub(in crate::store) struct MemoryOpener(pub(in crate::store) Arc<Disk>);

impl Opener for MemoryOpener {
    fn open(&self) -> Result<Box<dyn Engine>> {
        let failing = self.0.failing_opens.load(Ordering::SeqCst);
        if failing > 0 {
            self.0.failing_opens.store(failing - 1, Ordering::SeqCst);
            return Err(io());
        }
        if self.0.locked.swap(true, Ordering::SeqCst) {
            return Err(Error::refuse(Kind::Unavailable, "store_locked", "Locked."));
        }
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Memory { disk: Arc::clone(&self.0), state: Arc::default() }))
    }
    fn file_bytes(&self) -> u64 {
        0
    }
    fn keep_copy(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

fn io() -> Error {
    Error::unavailable("store_io", "Told to fail.", 1)
}

#[derive(Default)]
struct State {
    closed: AtomicBool,
    /// After an error nothing works, as with redb.
    latched: AtomicBool,
}

impl State {
    fn ask(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(fenced());
        }
        if self.latched.load(Ordering::SeqCst) { Err(io()) } else { Ok(()) }
    }
}

struct Memory {
    disk: Arc<Disk>,
    state: Arc<State>,
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.disk.locked.store(false, Ordering::SeqCst);
    }
}

impl Engine for Memory {
    fn snapshot(&self) -> Result<Box<dyn EngineSnapshot>> {
        self.state.ask()?;
        let rows = Arc::clone(&self.disk.rows.lock().unwrap());
        Ok(Box::new(MemorySnapshot { rows, disk: Arc::clone(&self.disk), state: Arc::clone(&self.state) }))
    }
    fn commit(&self, set: &WriteSet) -> Result<()> {
        self.state.ask()?;
        let plan = self.disk.commits.lock().unwrap().pop_front().unwrap_or(Commit::Works);
        if plan == Commit::Works || plan == Commit::FailsDurable {
            let mut shared = self.disk.rows.lock().unwrap();
            let tables = Arc::make_mut(&mut shared);
            for (table, rows) in set.tables() {
                let target = tables.entry(table).or_default();
                for (key, value) in rows {
                    match value {
                        Some(value) => drop(target.insert(key.to_vec(), value.to_vec())),
                        None => drop(target.remove(key)),
                    }
                }
            }
        }
        match plan {
            Commit::Works => Ok(()),
            Commit::Panics => std::panic::resume_unwind(Box::new("planned")),
            Commit::FailsLost | Commit::FailsDurable => {
                self.state.latched.store(true, Ordering::SeqCst);
                Err(io())
            }
        }
    }
    fn ensure_tables(&self, names: &[&'static str]) -> Result<()> {
        let mut shared = self.disk.rows.lock().unwrap();
        for name in names {
            Arc::make_mut(&mut shared).entry(name).or_default();
        }
        Ok(())
    }
    fn is_new(&self) -> Result<bool> {
        Ok(self.disk.rows.lock().unwrap().is_empty())
    }
    fn accept(&self) -> Result<()> {
        Ok(())
    }
}

struct MemorySnapshot {
    rows: Arc<Tables>,
    disk: Arc<Disk>,
    state: Arc<State>,
}

impl MemorySnapshot {
    fn ask(&self) -> Result<()> {
        self.state.ask()?;
        if self.disk.failing_read.swap(false, Ordering::SeqCst) {
            self.state.latched.store(true, Ordering::SeqCst);
        }
        self.state.ask()
    }
}

impl EngineSnapshot for MemorySnapshot {
    fn get(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool> {
        self.ask()?;
        let row = self.rows.get(table).and_then(|rows| rows.get(key));
        Ok(row.map(|value| found(value)).is_some())
    }
    fn walk(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.ask()?;
        let Some(rows) = self.rows.get(table).filter(|_| !span.is_empty()) else { return Ok(()) };
        let mut rows = rows.range::<[u8], (Bound<&[u8]>, Bound<&[u8]>)>(span.bounds());
        loop {
            let row = match direction {
                Direction::Forward => rows.next(),
                Direction::Backward => rows.next_back(),
            };
            match row {
                Some((key, value)) if visit(key, value)?.is_continue() => {}
                _ => return Ok(()),
            }
        }
    }
    fn count(&self, table: &'static str) -> Result<u64> {
        self.ask()?;
        Ok(self.rows.get(table).map_or(0, |rows| rows.len() as u64))
    }
}
