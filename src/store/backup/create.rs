//! Making a backup of an open store.

use crate::base::error::{Error, Result};
use crate::base::priority::stand_back;
use crate::base::time::Timestamp;
use crate::store::backup::format::{BLOCK_BYTES, Header, TableRows, io};
use crate::store::backup::shelf::Shelf;
use crate::store::backup::writer::Writer;
use crate::store::disk::{private_file, sync_parent};
use crate::store::journal::Mark;
use crate::store::snapshot::{Read as _, Snapshot};
use crate::store::space::free_bytes;
use crate::store::table::{Backup, TableInfo};
use crate::store::{Direction, FORMAT, Span, Store, events, format};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read as _, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files that belong to the shop beside its tables.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The directory they are in.
    pub root: PathBuf,
    /// Folders in it that are left out, because the tables that speak of them are.
    pub skipped: &'static [&'static str],
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    pub file: PathBuf,
    pub bytes: u64,
    pub at: Timestamp,
    pub seq: u64,
    /// The last record of the journal in it.
    pub change: Option<u64>,
    pub rows: u64,
    pub files: u64,
}

/// The name while it is written. It is no backup's name, so what a crash leaves counts for nothing.
const PART: &str = "new.part";
const WRITING: &str = "The backup cannot be written";
/// How far a backup stands back behind those who wait for an answer: it gets a tenth of a core that they want whole. The
/// longer it takes, the longer the store keeps what changes meanwhile twice.
const NICE: i32 = 10;
/// Free space is asked for once in so many bytes.
const LOOK_EVERY: u64 = 8 << 20;

/// Backups are made one at a time: two would only be in each other's way.
static ONE: Mutex<()> = Mutex::new(());

/// Writes a backup of this moment. `reserve` bytes of the disk stay free; with `key` it is encrypted.
///
/// # Errors
/// `backup_io`, also when the disk has too little room, and those of reading the store. Nothing is left behind then.
pub fn create(store: &Store, shelf: &Shelf, files: &Files, reserve: u64, key: Option<&str>) -> Result<Made> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.make()?;
    let part = shelf.dir().join(PART);
    let write = || {
        store.read_marked(|snapshot, mark| {
            // Not before: while the snapshot is taken nothing is appended.
            stand_back(NICE);
            let job = Job { store, shelf, files, reserve, key, mark };
            job.write(snapshot, &part)
        })
    };
    // On a thread of its own, because one that has stood back stays there.
    let made = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("backup".into());
        let running = thread.spawn_scoped(scope, write).map_err(Error::internal)?;
        running.join().unwrap_or_else(|_| Err(Error::internal("the thread of a backup has died")))
    });
    if made.is_err() {
        let _gone = std::fs::remove_file(&part);
    }
    made
}

struct Job<'a> {
    store: &'a Store,
    shelf: &'a Shelf,
    files: &'a Files,
    reserve: u64,
    key: Option<&'a str>,
    mark: Option<Mark>,
}

impl Job<'_> {
    fn write(&self, snapshot: &Snapshot, part: &Path) -> Result<Made> {
        let now = self.store.clock().now();
        let head = events::head(snapshot)?;
        let seq = if head.seq > 0 { head.seq } else { format::events_anchor(snapshot)?.seq };
        // Names have whole seconds.
        let (target, named) = self.shelf.free_name(Timestamp(now.0 - now.0.rem_euclid(1_000)), seq);
        let names = kept_tables(self.store.tables());
        let count =
            |name: &&'static str| Ok(TableRows { name: (*name).to_owned(), rows: snapshot.count_raw(name)? });
        let header = Header {
            store_format: FORMAT,
            epoch: self.store.epoch(),
            seq,
            // To the millisecond: who restores a moment wants nothing that came after it.
            at: now,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            tables: names.iter().map(count).collect::<Result<_>>()?,
            salt: self.key.map(|_| rand::random()),
            journal: self.mark,
        };
        let out = self.with_room(private_file(part).map_err(|e| io(WRITING, e))?);
        let mut writer = Writer::begin(BufWriter::with_capacity(BLOCK_BYTES, out), &header, self.key)?;
        for (number, name) in names.iter().enumerate() {
            snapshot.walk_raw(name, &Span::all(), Direction::Forward, &mut |key, value| {
                writer.row(number, key, value)?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        let files = self.write_files(&mut writer)?;
        let (out, rows) = writer.finish()?;
        if !header.tables.iter().map(|table| table.rows).eq(rows) {
            return Err(Error::internal("a snapshot has other rows than it counts"));
        }
        let file = out.into_inner().map_err(|e| io(WRITING, e.into_error()))?.file;
        let place = || {
            file.sync_all()?;
            std::fs::rename(part, &target)?;
            sync_parent(&target)?;
            file.metadata()
        };
        let bytes = place().map_err(|e| io(WRITING, e))?.len();
        Ok(Made {
            file: target,
            bytes,
            at: named,
            seq,
            change: self.mark.map(|mark| mark.number),
            rows: header.rows(),
            files,
        })
    }

    /// Files are only ever added or removed as a whole, so reading them behind the snapshot finds all it speaks of.
    fn write_files(&self, writer: &mut Writer<impl Write>) -> Result<u64> {
        let mut names = Vec::new();
        collect(&self.files.root, "", self.files.skipped, &mut names)?;
        let mut buffer = vec![0; BLOCK_BYTES];
        let mut count = 0;
        for name in names {
            let mut file = match File::open(self.files.root.join(&name)) {
                Ok(file) => file,
                // Removed since, and so not of this moment any more.
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(io("A file of the shop cannot be read", e)),
            };
            writer.file(&name)?;
            count += 1;
            loop {
                let read = file.read(&mut buffer).map_err(|e| io("A file of the shop cannot be read", e))?;
                match buffer.get(..read) {
                    Some(bytes) if !bytes.is_empty() => writer.data(bytes)?,
                    _ => break,
                }
            }
        }
        Ok(count)
    }

    fn with_room(&self, file: File) -> Roomy<'_> {
        Roomy { file, dir: self.shelf.dir(), reserve: self.reserve, since: LOOK_EVERY }
    }
}

/// Tables and their indexes, as a backup holds them.
pub(super) fn kept_tables(tables: &[TableInfo]) -> Vec<&'static str> {
    tables
        .iter()
        .filter(|table| table.backup == Backup::Keep)
        .flat_map(|table| std::iter::once(table.name).chain(table.indexes.iter().map(|index| index.name)))
        .collect()
}

/// The files below a directory by their names inside it, in order; links are not followed.
fn collect(root: &Path, folder: &str, skipped: &[&str], found: &mut Vec<String>) -> Result<()> {
    let failed = |e| io("The files of the shop cannot be listed", e);
    let entries = match std::fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(failed(e)),
    };
    let mut entries = entries.collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let own = entry.file_name();
        let Some(own) = own.to_str().filter(|own| !own.ends_with(".part")) else { continue };
        let name = if folder.is_empty() { own.to_owned() } else { format!("{folder}/{own}") };
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_file() {
            found.push(name);
        } else if kind.is_dir() && !skipped.contains(&name.as_str()) {
            collect(root, &name, skipped, found)?;
        }
    }
    Ok(())
}

/// A file that stops growing before the disk is full: the shop needs what is left.
struct Roomy<'a> {
    file: File,
    dir: &'a Path,
    reserve: u64,
    since: u64,
}

impl Write for Roomy<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.since >= LOOK_EVERY {
            self.since = 0;
            if free_bytes(self.dir)? < self.reserve.saturating_add(LOOK_EVERY) {
                return Err(std::io::Error::new(
                    ErrorKind::StorageFull,
                    "the disk has too little room beside what the shop needs (store.reserve_mb)",
                ));
            }
        }
        let written = self.file.write(bytes)?;
        self.since += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
