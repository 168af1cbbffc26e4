//! The writing end: segments that are made, filled, followed by the next one and given up.

use crate::base::error::{Error, Result};
use crate::store::journal::folder::{Folder, Leaf};
use crate::store::journal::record::{self, HEAD, Life, Place};
use crate::store::journal::write_set;
use crate::store::write_set::WriteSet;
use std::io;
use std::sync::Arc;

/// Room is made by writing zeros, so that a record changes bytes that are there and its sync has no length to write
/// down: a little in a quiet shop, then as much again as there is, up to the most.
const ROOM_MIN: u64 = 64 << 10;
const ROOM_MAX: u64 = 2 << 20;
/// A segment that was given up and waits to be used again; its bytes are there already.
const SPARE: &str = "spare";
const ENDING: &str = ".seg";

/// `00000000000000000042.seg`: by the number of its first record.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// The number in the name of a segment.
pub(super) fn first_of(name: &str) -> Option<u64> {
    name.strip_suffix(ENDING).filter(|digits| digits.len() == 20)?.parse().ok()
}

pub(super) fn failed(cause: io::Error) -> Error {
    let text = format!("The journal cannot be read or written: {cause}.");
    Error::unavailable("store_io", text, 5).because(cause)
}

struct Segment {
    first: u64,
    leaf: Box<dyn Leaf>,
    /// Where the next record goes.
    at: u64,
    len: u64,
}

pub(super) struct Log {
    folder: Arc<dyn Folder>,
    /// The place of the next record.
    next: Place,
    /// A segment that holds so much is followed by another one.
    segment_bytes: u64,
    current: Option<Segment>,
    /// The first numbers of full segments.
    older: Vec<u64>,
    buffer: Vec<u8>,
}

impl Log {
    pub(super) fn new(folder: Arc<dyn Folder>, next: Place, segment_bytes: u64) -> Self {
        Self { folder, next, segment_bytes, current: None, older: Vec::new(), buffer: Vec::new() }
    }
    /// The number of the last record.
    pub(super) fn last(&self) -> u64 {
        self.next.number - 1
    }
    /// The first number of the segment that is written to; 0 when there is none.
    pub(super) fn active(&self) -> u64 {
        self.current.as_ref().map_or(0, |segment| segment.first)
    }
    /// Whether full segments wait for the database to become durable.
    pub(super) fn is_long(&self) -> bool {
        !self.older.is_empty()
    }

    /// Writes a set down and syncs it: from then on it survives.
    pub(super) fn append(&mut self, life: &Life, set: &WriteSet, at: i64) -> Result<()> {
        record::begin(&mut self.buffer);
        let sum = write_set::encode(set, &mut self.buffer)
            .and_then(|()| record::seal(life, self.next, at, &mut self.buffer))
            .ok_or_else(|| Error::internal("a group is larger than a record of the journal can be"))?;
        let size = self.buffer.len() as u64;
        let most = self.segment_bytes;
        let is_full = |s: &Segment| s.at > HEAD as u64 && s.at.saturating_add(size) > most;
        if self.current.as_ref().is_none_or(is_full) {
            self.follow(life)?;
        }
        let Some(segment) = &mut self.current else { return Err(Error::internal("no segment")) };
        let room = segment.len.clamp(ROOM_MIN, ROOM_MAX);
        segment.write(&self.buffer, room).map_err(failed)?;
        self.next = Place { number: self.next.number + 1, previous: sum };
        Ok(())
    }

    /// Begins the next segment. Its name is durable before anything is written to it, and the one before says that it is not
    /// the last: the database may speak of the new one only later.
    pub(super) fn follow(&mut self, life: &Life) -> Result<()> {
        self.make_next(life).map_err(failed)
    }
    fn make_next(&mut self, life: &Life) -> io::Result<()> {
        let leaf = self.folder.open(SPARE)?;
        let mut segment = Segment { first: self.next.number, at: HEAD as u64, len: leaf.len()?, leaf };
        let room = ROOM_MIN.min(self.segment_bytes);
        if segment.len < room {
            segment.grow(room)?;
        }
        segment.leaf.write(0, &record::head(life, self.next))?;
        segment.leaf.sync_all()?;
        self.folder.rename(SPARE, &name(segment.first))?;
        self.folder.sync()?;
        if let Some(mut full) = self.current.take() {
            full.write(&record::goes_on(life, self.next).ok_or_else(|| io::Error::other("too large"))?, 0)?;
            self.older.push(full.first);
        }
        self.current = Some(segment);
        Ok(())
    }

    /// Gives up the full segments before this one: the durable database has what they hold, and speaks of this one. One of
    /// them is kept to be used again, unless they are wanted elsewhere.
    pub(super) fn give_up_before(&mut self, active: u64) -> Result<()> {
        let (mut gone, kept): (Vec<u64>, Vec<u64>) = self.older.iter().partition(|first| **first < active);
        if gone.is_empty() {
            return Ok(());
        }
        self.older = kept;
        let mut give_up = || {
            let last = if self.folder.is_handing_over() { None } else { gone.pop() };
            for first in gone.drain(..) {
                self.folder.let_go(&name(first))?;
            }
            if let Some(first) = last {
                self.folder.rename(&name(first), SPARE)?;
            }
            // Its name has to be gone before its bytes change.
            self.folder.sync()
        };
        give_up().map_err(failed)
    }

    /// Gives up everything: the durable database has it all, and says that there is no segment.
    pub(super) fn give_up_all(&mut self) -> Result<()> {
        self.current = None;
        self.older.clear();
        clear(self.folder.as_ref()).map_err(failed)
    }
}

impl Segment {
    /// Writes a record and syncs it; where there is no room for it so much is made for more.
    fn write(&mut self, record: &[u8], room: u64) -> io::Result<()> {
        let end = self.at + record.len() as u64;
        if end > self.len {
            // With too little space for more, what is needed has to do.
            self.grow(end.max(self.len + room)).or_else(|_| self.grow(end))?;
            self.leaf.sync_all()?;
        }
        self.leaf.write(self.at, record)?;
        self.leaf.sync_data()?;
        self.at = end;
        Ok(())
    }
    fn grow(&mut self, len: u64) -> io::Result<()> {
        let more = usize::try_from(len - self.len).map_err(io::Error::other)?;
        self.leaf.write(self.len, &vec![0; more])?;
        self.len = len;
        Ok(())
    }
}

/// Removes all segments.
pub(super) fn clear(folder: &dyn Folder) -> io::Result<()> {
    let names = folder.names()?;
    let ours: Vec<_> = names.iter().filter(|name| *name == SPARE || first_of(name).is_some()).collect();
    if ours.is_empty() {
        return Ok(());
    }
    ours.into_iter()
        .try_for_each(|name| if name == SPARE { folder.remove(name) } else { folder.let_go(name) })?;
    folder.sync()
}
