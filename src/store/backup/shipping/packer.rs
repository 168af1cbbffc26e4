//! From segments to parts: what the journal has durably written is packed beside the backups, every few seconds.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::store::backup::create::kept_tables;
use crate::store::backup::format::{SUM, Sum, io};
use crate::store::backup::shelf::Shelf;
use crate::store::backup::shipping::part::{Draft, Keys, Shipped, read};
use crate::store::backup::shipping::roll::{Roll, last_row};
use crate::store::journal::reading::{Segment, segments};
use crate::store::journal::{self, Mark, OUTBOX, Tap, write_set};
use crate::store::space::free_bytes;
use crate::store::table::TableInfo;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A part that holds so much, or is so old, is final; until then it is written anew whenever there is more.
const PART_BYTES: usize = 1 << 20;
const PART_AGE: Duration = Duration::from_secs(600);
/// What stays free on the disk beside the shop's reserve.
const ROOM: u64 = 16 << 20;
const READING: &str = "The journal cannot be read to be shipped";

/// How far the parts of one journal go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The last record in a part.
    pub mark: Mark,
    /// The first record of the row without a hole that ends there.
    pub row_begins: u64,
    /// When the last record was written.
    pub at: Timestamp,
}

/// The row of parts of one journal.
#[derive(Clone, Debug)]
struct Row {
    /// The record that comes next.
    wanted: u64,
    begins: u64,
    /// The digest behind the last final part.
    after: Sum,
    /// Records up to here are in final parts.
    fixed: u64,
    at: Timestamp,
    draft: Option<(Draft, Instant)>,
    is_changed: bool,
}

/// Packs the journal of a data directory.
pub struct Packer {
    data: PathBuf,
    roll: Roll,
    tables: Vec<&'static str>,
    keys: Keys,
    reserve: u64,
    /// What is encrypted goes on encrypted or not at all.
    needs_key: bool,
    /// By the number of the file, which stays when it goes to the outbox.
    open: HashMap<u64, (PathBuf, Segment)>,
    rows: HashMap<[u8; 16], Row>,
}

impl Packer {
    /// That of the shop in `data`; from now on the journal's segments wait for it. `reserve` bytes of the disk stay free.
    pub fn new(store: &Store, data: &Path, reserve: u64, key: Option<&str>) -> Self {
        store.tap().want();
        // Whoever serves without the key that there was has decided so.
        Self { needs_key: false, ..Self::over(data, store.tables(), reserve, key) }
    }
    pub(in crate::store::backup) fn over(
        data: &Path,
        tables: &[TableInfo],
        reserve: u64,
        key: Option<&str>,
    ) -> Self {
        Self {
            data: data.to_owned(),
            roll: Roll::of(&data.join(super::super::FOLDER)),
            tables: kept_tables(tables),
            keys: Keys::new(key),
            reserve,
            needs_key: true,
            open: HashMap::new(),
            rows: HashMap::new(),
        }
    }

    /// Packs what the journal has written durably; gives how far the parts go. `is_last` makes all of them final.
    ///
    /// # Errors
    /// `backup_io`, `store_io`. It goes on there with the next call.
    pub fn pack(&mut self, store: &Store, is_last: bool) -> Result<Option<Packed>> {
        self.pack_up_to(store.tap(), is_last)
    }
    fn pack_up_to(&mut self, tap: &Tap, is_last: bool) -> Result<Option<Packed>> {
        // Before looking what there is: all up to here is in the files that are found.
        let mark = tap.mark();
        let known = self.rows.get(&mark.life);
        let is_new = known.is_none_or(|row| row.wanted <= mark.number);
        let due =
            |row: &Row| row.draft.as_ref().is_some_and(|(_, since)| is_last || since.elapsed() > PART_AGE);
        if is_new || self.has_waiting() || self.rows.values().any(due) {
            self.room()?;
            self.take(Some(mark))?;
            self.write(is_last)?;
            self.tidy();
        }
        let packed = |row: &Row| {
            let number = row.wanted - 1;
            Packed { mark: Mark { life: mark.life, number }, row_begins: row.begins, at: row.at }
        };
        Ok(self.rows.get(&mark.life).filter(|row| row.begins > 0).map(packed))
    }
    /// Packs what a shop that does not run has left: in the outbox, and in a journal that could not be brought in.
    pub(in crate::store::backup) fn pack_waiting(&mut self) -> Result<()> {
        if self.has_waiting() || !listed(&self.data.join(journal::FOLDER))?.is_empty() {
            self.room()?;
            self.take(None)?;
            self.write(true)?;
            self.tidy();
        }
        Ok(())
    }

    fn outbox(&self) -> PathBuf {
        self.data.join(OUTBOX)
    }
    fn has_waiting(&self) -> bool {
        std::fs::read_dir(self.outbox()).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| !self.open.contains_key(&entry.ino())))
        })
    }
    /// With too little room the shop comes first: what waits is given up, and a new backup begins the row anew.
    fn room(&self) -> Result<()> {
        if free_bytes(&self.data).map_or(true, |free| free >= self.reserve.saturating_add(ROOM)) {
            return Ok(());
        }
        for path in segments(&self.outbox()).unwrap_or_default() {
            let _gone = std::fs::remove_file(path);
        }
        let full = std::io::Error::new(ErrorKind::StorageFull, "the disk has too little room");
        Err(io("The journal cannot be shipped", full))
    }

    /// Reads all segments there are into the drafts.
    fn take(&mut self, mark: Option<Mark>) -> Result<()> {
        // A segment may go from the journal to the outbox meanwhile: it is seen twice then, never not at all.
        let mut paths = listed(&self.data.join(journal::FOLDER))?;
        paths.extend(listed(&self.outbox())?);
        let mut before = std::mem::take(&mut self.open);
        for path in paths {
            let number = match std::fs::metadata(&path) {
                Ok(about) => about.ino(),
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(io(READING, e)),
            };
            if let Some((_, segment)) = before.remove(&number) {
                self.open.insert(number, (path, segment));
                continue;
            }
            match Segment::open(&path) {
                Ok(Some(segment)) => drop(self.open.insert(number, (path, segment))),
                Ok(None) if path.starts_with(self.outbox()) => {
                    tracing::warn!("{} is no segment of a journal and was removed", path.display());
                    let _gone = std::fs::remove_file(path);
                }
                Ok(None) => {}
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(io(READING, e)),
            }
        }
        let mut order: Vec<(u64, (PathBuf, Segment))> = self.open.drain().collect();
        order.sort_by_key(|(_, (_, segment))| segment.next());
        let mut done = Ok(());
        for (_, (_, segment)) in &mut order {
            if done.is_ok() {
                done = self.take_one(segment, mark);
            }
        }
        self.open.extend(order);
        done
    }
    fn take_one(&mut self, segment: &mut Segment, mark: Option<Mark>) -> Result<()> {
        let life = segment.life;
        // Of an earlier journal all is there that will ever be.
        let up_to = mark.filter(|mark| mark.life == life).map_or(u64::MAX, |mark| mark.number);
        let Self { rows, roll, keys, tables, needs_key, .. } = self;
        let row = match rows.entry(life) {
            std::collections::hash_map::Entry::Occupied(row) => row.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Row::found(roll, life, keys, *needs_key)?)
            }
        };
        let wanted = |name: &[u8]| tables.iter().any(|table| table.as_bytes() == name);
        let mut set = Vec::new();
        segment.read(up_to, &mut |number, at, bytes| {
            if number < row.wanted {
                return Ok(());
            }
            if number > row.wanted || row.begins == 0 {
                row.break_off(roll, keys, life, number)?;
            }
            set.clear();
            write_set::pick(bytes, &wanted, &mut set)
                .ok_or_else(|| Error::internal("a record of the journal is no write set"))?;
            row.push(life, Shipped { number, at: Timestamp(at), set: &set })?;
            row.close_if(roll, keys, |draft, _| draft.plain.len() >= PART_BYTES)
        })
    }
    /// Writes the drafts that have grown; those that are old become final.
    fn write(&mut self, is_last: bool) -> Result<()> {
        let Self { rows, roll, keys, .. } = self;
        for row in rows.values_mut() {
            row.close_if(roll, keys, |_, since| is_last || since.elapsed() > PART_AGE)?;
            if let Some((draft, _)) = row.draft.as_ref().filter(|_| row.is_changed) {
                roll.write(draft.life, draft.first, &draft.encode(keys)?, false)?;
                row.is_changed = false;
            }
        }
        Ok(())
    }
    /// Removes the segments from the outbox that are in final parts.
    fn tidy(&mut self) {
        let (outbox, rows) = (self.outbox(), &self.rows);
        self.open.retain(|_, (path, segment)| {
            let is_fixed = rows.get(&segment.life).is_some_and(|row| segment.next() - 1 <= row.fixed);
            let is_done = path.starts_with(&outbox) && (is_fixed || !segment.has_records);
            !(is_done && std::fs::remove_file(&*path).is_ok())
        });
    }
}

fn listed(dir: &Path) -> Result<Vec<PathBuf>> {
    segments(dir).map_err(|e| io(READING, e))
}

/// Whether a backup needs something from before this number. What came before the first one is wanted by nobody, and a
/// shop without one does not keep it over a kill.
fn is_missed(roll: &Roll, life: [u8; 16], number: u64) -> bool {
    let marks = roll.dir().parent().map(|dir| Shelf::at(dir).marks());
    let needs = |mark: &Mark| mark.life == life && mark.number + 1 < number;
    marks.is_some_and(|marks| marks.map_or(true, |all| all.iter().any(|(_, mark)| needs(mark))))
}

impl Row {
    /// The row as it lies beside the backups. A part that a power cut has left half is written again.
    fn found(roll: &Roll, life: [u8; 16], keys: &mut Keys, needs_key: bool) -> Result<Self> {
        let mut parts = roll.parts(life)?;
        let mut is_of_other_key = false;
        while let Some(last) = parts.last() {
            let sync = || std::fs::File::open(&last.path)?.sync_all();
            match read(&last.path, keys) {
                Ok(_) => {
                    sync().map_err(|e| io("The shipped journal cannot be written", e))?;
                    break;
                }
                Err(error) if error.code == "backup_damaged" => {
                    tracing::warn!("{} It is written again.", error.message);
                    std::fs::remove_file(&last.path).map_err(|e| io(READING, e))?;
                    parts.pop();
                }
                // Encrypted to an earlier key: that it is whole is proved by those who have it.
                Err(error) if error.code.starts_with("backup_key") && !needs_key => {
                    is_of_other_key = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let none = Self {
            wanted: 1,
            begins: 0,
            after: [0; SUM],
            fixed: 0,
            at: Timestamp(0),
            draft: None,
            is_changed: false,
        };
        // A row that needs two keys is of no use to who has one: a new one begins, and with it a backup.
        if let Some((head, _)) = last_row(&parts).filter(|_| is_of_other_key) {
            let next = head.last + 1;
            return Ok(Self { wanted: next, begins: next, fixed: head.last, at: head.to, ..none });
        }
        Ok(last_row(&parts).map_or(none.clone(), |(head, begins)| Self {
            wanted: head.last + 1,
            begins,
            after: head.after,
            fixed: head.last,
            at: head.to,
            ..none
        }))
    }
    /// Begins a new row with this number.
    fn break_off(&mut self, roll: &Roll, keys: &mut Keys, life: [u8; 16], number: u64) -> Result<()> {
        if self.begins > 0 && is_missed(roll, life, number) {
            tracing::warn!(
                "the shipped journal has a hole from change {} to {number}; a new backup is needed",
                self.wanted
            );
        }
        self.close_if(roll, keys, |_, _| true)?;
        (self.wanted, self.begins, self.after) = (number, number, [0; SUM]);
        Ok(())
    }
    fn push(&mut self, life: [u8; 16], record: Shipped<'_>) -> Result<()> {
        let (draft, _) =
            self.draft.get_or_insert_with(|| (Draft::new(life, record.number, self.after), Instant::now()));
        draft.push(record)?;
        self.at = record.at;
        self.wanted = record.number + 1;
        self.is_changed = true;
        Ok(())
    }
    /// Makes the draft a final part where `is_due` says so.
    fn close_if(
        &mut self,
        roll: &Roll,
        keys: &mut Keys,
        is_due: impl Fn(&Draft, &Instant) -> bool,
    ) -> Result<()> {
        let Some((draft, _)) = self.draft.as_ref().filter(|(draft, since)| is_due(draft, since)) else {
            return Ok(());
        };
        roll.write(draft.life, draft.first, &draft.encode(keys)?, true)?;
        (self.after, self.fixed) = (draft.after(), draft.last);
        self.draft = None;
        self.is_changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::backup::tests::{TABLES, add, back_up};
    use crate::store::tests::{clock, settings};

    #[test]
    fn a_hole_is_one_where_a_backup_needs_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_shipping(dir.path(), &settings(), clock(), TABLES).unwrap();
        let roll = Roll::of(&dir.path().join("backups"));
        (0..5).for_each(|n| add(&store, n));
        let mark = store.journal_mark();
        assert!(!is_missed(&roll, mark.life, mark.number + 9), "there is no backup yet");
        drop(back_up(&store, dir.path(), None));
        assert!(!is_missed(&roll, mark.life, mark.number + 1), "it has all before");
        assert!(is_missed(&roll, mark.life, mark.number + 2));
        assert!(!is_missed(&roll, [0; 16], mark.number + 2), "it is of another journal");
        store.close().unwrap();
    }
}
