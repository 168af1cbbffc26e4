//! Segments read from the side, while the journal goes on: for whoever ships it.

use crate::base::error::Result;
use crate::store::journal::log::{failed, first_of};
use crate::store::journal::record::{self, HEAD, Head, Place};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// What is called for a record: its number, its time in milliseconds, its write set as bytes.
pub(in crate::store) type Take<'t> = dyn FnMut(u64, i64, &[u8]) -> Result<()> + 't;

/// A segment that is read as far as it is written, and further when there is more.
pub(in crate::store) struct Segment {
    file: File,
    pub(in crate::store) life: [u8; 16],
    offset: u64,
    next: Place,
    pub(in crate::store) has_records: bool,
}

impl Segment {
    /// Opens one; none when its head is not whole.
    pub(in crate::store) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let mut head = [0; HEAD];
        match file.read_exact_at(&mut head, 0) {
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let Some(life) = record::life_of(&head) else { return Ok(None) };
        let Head::Ours(next) = record::read_head(&life, &head) else { return Ok(None) };
        Ok(Some(Self { file, life, offset: HEAD as u64, next, has_records: false }))
    }
    /// The number of the record that comes next.
    pub(in crate::store) fn next(&self) -> u64 {
        self.next.number
    }
    /// Gives the records up to the number `up_to` that were not given yet.
    ///
    /// # Errors
    /// `store_io`, and what `take` refuses.
    pub(in crate::store) fn read(&mut self, up_to: u64, take: &mut Take<'_>) -> Result<()> {
        if self.next.number > up_to {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let rest = self.file.metadata().map_err(failed)?.len().saturating_sub(self.offset);
        bytes.resize(usize::try_from(rest).unwrap_or(0), 0);
        self.file.read_exact_at(&mut bytes, self.offset).map_err(failed)?;
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(|rest| record::read(&self.life, rest))
            && found.place == self.next
            && found.place.number <= up_to
        {
            take(found.place.number, found.at, found.set)?;
            self.next = found.next();
            self.has_records = true;
            at += found.size;
            self.offset += found.size as u64;
        }
        Ok(())
    }
}

/// The segments in a directory, the oldest first.
pub(in crate::store) fn segments(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // In the outbox a number stands before the name.
        let first = first_of(&name).map(|first| (first, 0));
        let waiting = || {
            let (n, name) = name.split_once('-')?;
            Some((first_of(name)?, n.parse::<u32>().ok()?))
        };
        if let Some(order) = first.or_else(waiting) {
            found.push((order, dir.join(&name)));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
