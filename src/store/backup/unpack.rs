//! Unpacking a backup into a directory of its own: a database and files.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::backup::format::{Header, damaged, io};
use crate::store::backup::reader::{Reader, Taker};
use crate::store::backup::shipping::{Plan, replay};
use crate::store::disk::{make_dir, private_file};
use crate::store::door::FILE;
use crate::store::engine::redb::{FileMedium, RedbOpener};
use crate::store::engine::{Engine, Opener as _};
use crate::store::format;
use crate::store::space::free_bytes;
use crate::store::table::Registry;
use crate::store::write_set::WriteSet;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Where unpacked files are in the directory.
pub(super) const FILES: &str = "files";
/// Rows are committed when they are so many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// The disk is not filled up beyond this in any case.
const ROOM_LEFT: u64 = 64 << 20;
const CACHE_BYTES: usize = 64 << 20;
const WRITING: &str = "The restored shop cannot be written";

/// A backup as an opened file with its head read.
pub(super) fn open(backup: &Path) -> Result<Reader<BufReader<File>>> {
    let file = File::open(backup).map_err(|e| io("The backup cannot be opened", e))?;
    Reader::open(BufReader::with_capacity(1 << 20, file))
}

/// Unpacks a backup into `dir`, which is made, plays the journal over it where there is a plan, and gives the store there
/// an epoch of its own. `leave` bytes of the disk stay free.
///
/// # Errors
/// `backup_damaged` and others of reading; `backup_format_newer` for a table this program does not know; `backup_io` where
/// the disk has too little room.
pub(super) fn unpack(
    reader: Reader<BufReader<File>>,
    dir: &Path,
    registry: &Arc<Registry>,
    (key, plan): (Option<&str>, Option<&Plan>),
    leave: u64,
) -> Result<Unpacked> {
    make_dir(dir).map_err(|e| io(WRITING, e))?;
    let header = reader.header().clone();
    let names = header.tables.iter().map(|table| known(registry, &table.name)).collect::<Result<Vec<_>>>()?;
    let opener = RedbOpener { medium: FileMedium(dir.join(FILE)), cache_bytes: CACHE_BYTES };
    let engine = opener.open()?;
    engine.accept()?;
    engine.ensure_tables(registry.names())?;
    let mut into = Unpacker {
        dir,
        engine: engine.as_ref(),
        names,
        set: WriteSet::default(),
        file: None,
        leave: leave.max(ROOM_LEFT),
        since: 0,
    };
    let files = reader.read(key, &mut into)?;
    into.end_file()?;
    into.commit()?;
    let (changes, last_at) = match plan.zip(header.journal) {
        Some((plan, base)) => replay(engine.as_ref(), registry, base, plan, key)?,
        None => (0, None),
    };
    format::renew_epoch(engine.as_ref(), registry)?;
    Ok(Unpacked { header, files, changes, last_at })
}

/// What an unpacked backup is.
pub(super) struct Unpacked {
    pub(super) header: Header,
    pub(super) files: u64,
    /// Records of the journal that were played over it, and when the last of them was written.
    pub(super) changes: u64,
    pub(super) last_at: Option<Timestamp>,
}

fn known(registry: &Registry, name: &str) -> Result<&'static str> {
    registry.names().iter().find(|known| **known == name).copied().ok_or_else(|| {
        let text = format!(
            "The backup has a table {name} that this program does not know. Use the one that made it."
        );
        Error::conflict("backup_format_newer", text)
    })
}

struct Unpacker<'a> {
    dir: &'a Path,
    engine: &'a dyn Engine,
    names: Vec<&'static str>,
    set: WriteSet,
    file: Option<File>,
    leave: u64,
    /// Bytes of files since the free space was asked for.
    since: usize,
}

impl Unpacker<'_> {
    fn room(&self) -> Result<()> {
        if free_bytes(self.dir).is_ok_and(|free| free < self.leave) {
            let full = std::io::ErrorKind::StorageFull;
            return Err(io(WRITING, std::io::Error::new(full, "too little disk space is left")));
        }
        Ok(())
    }
    fn commit(&mut self) -> Result<()> {
        self.room()?;
        self.engine.apply(std::mem::take(&mut self.set))
    }
    fn end_file(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), |file| file.sync_all()).map_err(|e| io(WRITING, e))
    }
}

impl Taker for Unpacker<'_> {
    fn row(&mut self, table: usize, key: &[u8], value: &[u8]) -> Result<()> {
        let name = self.names.get(table).ok_or_else(|| damaged("rows belong to no table"))?;
        self.set.write(name, key, Some(value));
        self.set.keep();
        if self.set.bytes() >= GROUP_BYTES { self.commit() } else { Ok(()) }
    }
    fn file(&mut self, name: &str) -> Result<()> {
        self.end_file()?;
        let path =
            inside(name).ok_or_else(|| damaged(format!("the file {name:?} has no name for a file")))?;
        let path = self.dir.join(FILES).join(path);
        make_dir(path.parent().unwrap_or(self.dir)).map_err(|e| io(WRITING, e))?;
        self.file = Some(private_file(&path).map_err(|e| io(WRITING, e))?);
        Ok(())
    }
    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.since += bytes.len();
        if self.since >= GROUP_BYTES {
            self.since = 0;
            self.room()?;
        }
        let file = self.file.as_mut().ok_or_else(|| damaged("content belongs to no file"))?;
        file.write_all(bytes).map_err(|e| io(WRITING, e))
    }
}

/// A name that leads nowhere but inside.
pub(super) fn inside(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !name.is_empty() && !name.contains('\0')).then(|| path.to_owned())
}
