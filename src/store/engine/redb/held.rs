//! A backend that keeps the first writes in memory until they are accepted.
//!
//! redb marks a file as open, and repairs it after an unclean stop, before its caller can look inside. A
//! program that finds a newer format must leave the file as it was, so what opening writes waits here.

use super::MAGIC;
use redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

const BLOCK: usize = 4096;

enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// The file as it would be, and the steps that lead there.
#[derive(Default)]
struct Waiting {
    steps: Vec<Step>,
    blocks: BTreeMap<u64, Vec<u8>>,
    len: u64,
    /// The file's own bytes count up to here; behind it a shrunken and grown file is zero.
    base_len: u64,
}

pub(super) struct Held {
    below: Box<dyn StorageBackend>,
    through: AtomicBool,
    waiting: Mutex<Option<Waiting>>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.below.fmt(f)
    }
}

impl Held {
    pub(super) fn new(below: Box<dyn StorageBackend>) -> Self {
        Self { below, through: AtomicBool::new(false), waiting: Mutex::default() }
    }
    /// Does what waited, in the order and with the syncs it was asked for, and lets everything through.
    pub(super) fn release(&self) -> io::Result<()> {
        let mut waiting = self.lock();
        for step in waiting.take().map(|w| w.steps).unwrap_or_default() {
            match step {
                Step::Write(offset, data) => self.below.write(offset, &data)?,
                Step::SetLen(len) => self.below.set_len(len)?,
                Step::Sync => self.below.sync_data()?,
            }
        }
        self.through.store(true, Ordering::Release);
        Ok(())
    }
    fn lock(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn is_through(&self) -> bool {
        self.through.load(Ordering::Acquire)
    }
    /// Runs `act` on what waits; `None` when everything goes through already.
    fn waiting<T>(&self, act: impl FnOnce(&mut Waiting) -> io::Result<T>) -> io::Result<Option<T>> {
        if self.is_through() {
            return Ok(None);
        }
        let mut waiting = self.lock();
        if self.is_through() {
            return Ok(None);
        }
        if waiting.is_none() {
            *waiting = Some(self.begin()?);
        }
        waiting.as_mut().map(act).transpose()
    }
    /// What is there at the beginning. redb holds its lock by now, so nobody else is writing.
    fn begin(&self) -> io::Result<Waiting> {
        let len = self.below.len()?;
        if len > 0 && self.is_unfinished(len)? {
            return Ok(Waiting { steps: vec![Step::SetLen(0)], ..Waiting::default() });
        }
        Ok(Waiting { len, base_len: len, ..Waiting::default() })
    }
    /// True for a file whose creation was cut short: redb writes the magic number last, and nothing but the first
    /// block before it. Such a file has never held anything; it is begun anew.
    fn is_unfinished(&self, len: u64) -> io::Result<bool> {
        let block = BLOCK as u64;
        for number in 0..len.div_ceil(block) {
            let bytes = self.base_block(number, len)?;
            let looked_at = if number == 0 { MAGIC.len() } else { BLOCK };
            if bytes.iter().take(looked_at).any(|byte| *byte != 0) {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// The part of a block that the file itself has; the rest is zero.
    fn base_block(&self, number: u64, base_len: u64) -> io::Result<Vec<u8>> {
        let mut block = vec![0; BLOCK];
        let start = number * BLOCK as u64;
        let there = usize::try_from(base_len.saturating_sub(start)).map_or(BLOCK, |n| n.min(BLOCK));
        if let Some(part) = block.get_mut(..there).filter(|part| !part.is_empty()) {
            self.below.read(start, part)?;
        }
        Ok(block)
    }
}

/// The pieces of `offset..offset + len` by block: block number, start inside it, start inside the data, length.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        (done < len).then(|| {
            let at = offset + done as u64;
            let inside = usize::try_from(at % BLOCK as u64).unwrap_or(0);
            let size = (BLOCK - inside).min(len - done);
            let piece = (at / BLOCK as u64, inside, done, size);
            done += size;
            piece
        })
    })
}

fn short() -> io::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof)
}

/// What redb holds of it.
#[derive(Debug)]
pub(super) struct Handle(pub(super) std::sync::Arc<Held>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.0.waiting(|w| Ok(w.len))?.map_or_else(|| self.0.below.len(), Ok)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.0.is_through() {
            return self.0.below.read(offset, out);
        }
        let held = self.0.waiting(|w| {
            if offset + out.len() as u64 > w.len {
                return Err(short());
            }
            for (number, inside, at, size) in pieces(offset, out.len()) {
                let target = out.get_mut(at..at + size).ok_or_else(short)?;
                match w.blocks.get(&number) {
                    Some(block) => {
                        target.copy_from_slice(block.get(inside..inside + size).ok_or_else(short)?)
                    }
                    None => {
                        let start = number * BLOCK as u64 + inside as u64;
                        let there =
                            usize::try_from(w.base_len.saturating_sub(start)).unwrap_or(size).min(size);
                        let (own, zero) = target.split_at_mut(there);
                        zero.fill(0);
                        if !own.is_empty() {
                            self.0.below.read(start, own)?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        held.map_or_else(|| self.0.below.read(offset, out), Ok)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        let held = self.0.waiting(|w| {
            if len < w.len {
                w.base_len = w.base_len.min(len);
                drop(w.blocks.split_off(&len.div_ceil(BLOCK as u64)));
                let inside = usize::try_from(len % BLOCK as u64).unwrap_or(0);
                if let Some(block) = w.blocks.get_mut(&(len / BLOCK as u64)) {
                    block.iter_mut().skip(inside).for_each(|byte| *byte = 0);
                }
            }
            w.len = len;
            w.steps.push(Step::SetLen(len));
            Ok(())
        })?;
        held.map_or_else(|| self.0.below.set_len(len), Ok)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.0.is_through() {
            return self.0.below.sync_data();
        }
        let held = self.0.waiting(|w| {
            w.steps.push(Step::Sync);
            Ok(())
        })?;
        held.map_or_else(|| self.0.below.sync_data(), Ok)
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.0.is_through() {
            return self.0.below.write(offset, data);
        }
        let held = self.0.waiting(|w| {
            for (number, inside, at, size) in pieces(offset, data.len()) {
                let mut block = match w.blocks.remove(&number) {
                    Some(block) => block,
                    None => self.0.base_block(number, w.base_len)?,
                };
                let (target, source) = (block.get_mut(inside..inside + size), data.get(at..at + size));
                target.ok_or_else(short)?.copy_from_slice(source.ok_or_else(short)?);
                w.blocks.insert(number, block);
            }
            w.len = w.len.max(offset + data.len() as u64);
            w.steps.push(Step::Write(offset, data.to_vec()));
            Ok(())
        })?;
        held.map_or_else(|| self.0.below.write(offset, data), Ok)
    }
    fn close(&self) -> io::Result<()> {
        self.0.below.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.query_lock_range(start, end)
    }
}
