//! The engine that ships: redb, which nothing outside this directory names but the tests of its files.

mod held;

use crate::base::error::{Error, Kind, Result};
use crate::store::disk::sync_parent;
use crate::store::engine::{Engine, EngineSnapshot, Opener};
use crate::store::guarded::guarded;
use crate::store::health::fenced;
use crate::store::span::{Direction, Span};
use crate::store::write_set::{Visit, WriteSet};
use redb::{
    AccessGuard, Database, DatabaseError, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    ReadableTableMetadata as _, StorageBackend, StorageError, TableDefinition, TableError, TableHandle,
    WriteTransaction,
};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The first bytes of every redb file.
const MAGIC: &[u8; 9] = b"redb\x1A\x0A\xA9\x0D\x0A";

type Bytes = &'static [u8];
type Guard = AccessGuard<'static, Bytes>;

fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// Where the bytes of a database are: a file, or what a test puts in its place.
pub(in crate::store) trait Medium: Send + Sync {
    /// Opens the bytes for one database.
    fn backend(&self) -> Result<Box<dyn StorageBackend>>;
    fn bytes(&self) -> u64;
    fn keep_copy(&self, label: &str) -> Result<()>;
}

/// A file in the data directory.
pub(in crate::store) struct FileMedium(pub(in crate::store) PathBuf);

impl Medium for FileMedium {
    fn backend(&self) -> Result<Box<dyn StorageBackend>> {
        let file = open_private(&self.0).map_err(|e| storage_io(&self.0, e))?;
        check_magic(&file).map_err(|e| storage_io(&self.0, e))?.then_some(()).ok_or_else(|| {
            damaged("The file store.redb is no database of this program. Restore a backup.")
        })?;
        let backend = redb::backends::FileBackend::new(file).map_err(open_error)?;
        Ok(Box::new(backend))
    }
    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.0).map_or(0, |m| m.len())
    }
    fn keep_copy(&self, label: &str) -> Result<()> {
        let mut name = self.0.clone().into_os_string();
        name.push(".");
        name.push(label);
        let target = PathBuf::from(name);
        let mut part = target.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        std::fs::copy(&self.0, &part)
            .and_then(|_| File::open(&part)?.sync_all())
            .and_then(|()| std::fs::rename(&part, &target))
            .and_then(|()| sync_parent(&target))
            .map_err(|e| storage_io(&target, e))
    }
}

/// Opens or creates a file that only its owner may read; a new one is in its directory after a power cut too.
fn open_private(path: &Path) -> std::io::Result<File> {
    let fresh = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    keep_private(&file)?;
    if fresh {
        sync_parent(path)?;
    }
    Ok(file)
}

/// A copy or an older umask may have left the file open to others.
fn keep_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!("others could read the database; now only its owner can");
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o700))
}

/// An empty file is a new database, and one that begins with zeros may be; anything else has to begin with the magic
/// bytes.
fn check_magic(mut file: &File) -> std::io::Result<bool> {
    let mut start = Vec::with_capacity(MAGIC.len());
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == MAGIC || start == [0; MAGIC.len()])
}

/// Opens redb over a medium.
pub(in crate::store) struct RedbOpener<M> {
    pub(in crate::store) medium: M,
    pub(in crate::store) cache_bytes: usize,
}

impl<M: Medium> Opener for RedbOpener<M> {
    fn open(&self) -> Result<Box<dyn Engine>> {
        let held = Arc::new(held::Held::new(self.medium.backend()?));
        let backend = held::Handle(Arc::clone(&held));
        let cache_bytes = self.cache_bytes;
        // A damaged file may panic inside redb.
        let opened = guarded(move || {
            let mut builder = Database::builder();
            builder.set_cache_size(cache_bytes);
            builder.set_repair_callback(|session| {
                tracing::warn!(
                    progress = session.progress(),
                    "repairing the database after an unclean stop: {:.0} %",
                    session.progress() * 100.0
                );
            });
            builder.create_with_backend(backend)
        });
        match opened {
            Some(Ok(db)) => Ok(Box::new(Redb { db, held, latest: Mutex::default() })),
            Some(Err(error)) => Err(open_error(error)),
            None => Err(damaged("The file store.redb is damaged and cannot be opened. Restore a backup.")),
        }
    }
    fn file_bytes(&self) -> u64 {
        self.medium.bytes()
    }
    fn keep_copy(&self, label: &str) -> Result<()> {
        self.medium.keep_copy(label)
    }
}

/// Cache of a check, which reads every page once.
const CHECK_CACHE: usize = 32 << 20;

/// Holds every page of a database that nobody has open against its checksum, which no reading does. Takes about a second a
/// gigabyte.
///
/// # Errors
/// `store_damaged`; those of opening.
pub(in crate::store) fn check_pages(path: &Path) -> Result<()> {
    let backend = held::Handle(Arc::new(held::Held::new(FileMedium(path.to_owned()).backend()?)));
    let broken = || damaged("Pages of the database are not as they were written. Restore a backup.");
    let checked = guarded(move || {
        let mut db = Database::builder().set_cache_size(CHECK_CACHE).create_with_backend(backend)?;
        db.check_integrity()
    });
    match checked {
        Some(Ok(true)) => Ok(()),
        Some(Ok(false)) => {
            tracing::warn!("the database kept a wrong account of its free pages, which was made anew");
            Ok(())
        }
        Some(Err(DatabaseError::Storage(StorageError::Corrupted(_)))) | None => Err(broken()),
        Some(Err(error)) => Err(open_error(error)),
    }
}

struct Redb {
    /// The committed state as the last reader found it, for the readers to come; none once something was written.
    /// Given up before the database is closed.
    latest: Mutex<Option<Arc<Reading>>>,
    db: Database,
    held: Arc<held::Held>,
}

impl Redb {
    /// What becomes durable is so in two phases, and says which pages are free: after a kill nothing has to be looked
    /// through, whatever the size of the file. That costs some hundred kilobytes at a gigabyte, about once a second.
    fn begin(&self) -> Result<WriteTransaction> {
        let mut tx = self.db.begin_write().map_err(io_error)?;
        tx.set_two_phase_commit(true);
        tx.set_quick_repair(true);
        Ok(tx)
    }
    fn latest(&self) -> MutexGuard<'_, Option<Arc<Reading>>> {
        // It is whole after every statement, so a thread that died holding it left no harm.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn write(&self, tx: WriteTransaction, sets: &[&WriteSet]) -> Result<()> {
        // Pages that a state nobody reads any more holds on to could not be used again by this commit.
        *self.latest() = None;
        for (name, rows) in sets.iter().flat_map(|set| set.tables()) {
            let mut table = tx.open_table(definition(name)).map_err(io_error)?;
            for (key, value) in rows {
                match value {
                    Some(value) => drop(table.insert(key, value).map_err(io_error)?),
                    None => drop(table.remove(key).map_err(io_error)?),
                }
            }
        }
        tx.commit().map_err(io_error)?;
        // A reader may have come meanwhile; whoever comes from now on finds what was written.
        *self.latest() = None;
        Ok(())
    }
}

impl Engine for Redb {
    fn snapshot(&self) -> Result<Box<dyn EngineSnapshot>> {
        // Held while the state is looked up: one that a commit has overtaken would be kept after it else.
        let mut latest = self.latest();
        let reading = match latest.as_ref() {
            Some(reading) => Arc::clone(reading),
            None => {
                let tx = self.db.begin_read().map_err(io_error)?;
                let reading = Arc::new(Reading { tx, open: RwLock::default() });
                *latest = Some(Arc::clone(&reading));
                reading
            }
        };
        Ok(Box::new(RedbSnapshot(reading)))
    }
    fn commit(&self, set: &WriteSet) -> Result<()> {
        self.write(self.begin()?, &[set])
    }
    fn apply_lightly(&self, sets: &[&WriteSet]) -> Result<()> {
        let mut tx = self.db.begin_write().map_err(io_error)?;
        tx.set_durability(Durability::None).map_err(Error::internal)?;
        self.write(tx, sets)
    }
    fn ensure_tables(&self, names: &[&'static str]) -> Result<()> {
        let there: Vec<String> = {
            let tx = self.db.begin_read().map_err(io_error)?;
            tx.list_tables().map_err(io_error)?.map(|table| table.name().to_owned()).collect()
        };
        let missing: Vec<_> = names.iter().filter(|name| !there.iter().any(|t| t == *name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let tx = self.begin()?;
        for name in missing {
            tx.open_table(definition(name)).map_err(io_error)?;
        }
        tx.commit().map_err(io_error)?;
        *self.latest() = None;
        Ok(())
    }
    fn is_new(&self) -> Result<bool> {
        let tx = self.db.begin_read().map_err(io_error)?;
        Ok(tx.list_tables().map_err(io_error)?.next().is_none())
    }
    fn accept(&self) -> Result<()> {
        self.held.release().map_err(io_error)
    }
}

/// A table of a state, found once; `None` when there is no such table.
type OpenTable = Option<Arc<ReadOnlyTable<Bytes, Bytes>>>;

/// A read transaction and the tables that its readers have opened so far: looking a table up costs more than reading a
/// row.
struct Reading {
    tx: ReadTransaction,
    open: RwLock<Vec<(&'static str, OpenTable)>>,
}

impl Reading {
    fn table(&self, name: &'static str) -> Result<OpenTable> {
        let known = |open: &[(&'static str, OpenTable)]| {
            open.iter().find(|(known, _)| *known == name).map(|(_, table)| table.clone())
        };
        if let Some(table) = known(&self.open.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(table);
        }
        let table = match self.tx.open_table(definition(name)) {
            Ok(table) => Some(Arc::new(table)),
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(io_error(error)),
        };
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // Two readers may have looked for it at once.
        if known(&open).is_none() {
            open.push((name, table.clone()));
        }
        Ok(table)
    }
}

struct RedbSnapshot(Arc<Reading>);

impl RedbSnapshot {
    /// Runs `use_it` on the table; `None` when there is no such table.
    fn with<T>(
        &self,
        name: &'static str,
        use_it: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> std::result::Result<T, StorageError>,
    ) -> Result<Option<T>> {
        match self.0.table(name)? {
            Some(table) => use_it(&table).map(Some).map_err(io_error),
            None => Ok(None),
        }
    }
}

impl EngineSnapshot for RedbSnapshot {
    fn get(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let row: Option<Guard> = self.with(table, |t| t.get(key))?.flatten();
        let Some(value) = row else { return Ok(false) };
        found(value.value());
        Ok(true)
    }
    fn walk(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if span.is_empty() {
            return Ok(());
        }
        let Some(mut rows) = self.with(table, |t| t.range::<&[u8]>(span.bounds()))? else { return Ok(()) };
        loop {
            let row = match direction {
                Direction::Forward => rows.next(),
                Direction::Backward => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, value) = row.map_err(io_error)?;
            if visit(key.value(), value.value())?.is_break() {
                return Ok(());
            }
        }
    }
    fn count(&self, table: &'static str) -> Result<u64> {
        Ok(self.with(table, |t| t.len())?.unwrap_or(0))
    }
}

/// The lock of a database file, taken without opening the database, which may be damaged.
pub(in crate::store) struct FileLock(redb::backends::FileBackend);

impl FileLock {
    /// Takes it, or says who has it; a file that is missing is made, empty, which is a database to come.
    ///
    /// # Errors
    /// `store_locked`, `store_io`.
    pub(in crate::store) fn take(path: &Path) -> Result<Self> {
        let file = open_private(path).map_err(|e| storage_io(path, e))?;
        let backend = redb::backends::FileBackend::new(file).map_err(open_error)?;
        match backend.try_lock_range(Bound::Unbounded, Bound::Unbounded) {
            Ok(true) => Ok(Self(backend)),
            Ok(false) => Err(open_error(DatabaseError::DatabaseAlreadyOpen)),
            Err(cause) => Err(open_error(DatabaseError::Storage(cause.into()))),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            tracing::warn!("the lock of a database file could not be given back: {error}");
        }
    }
}

/// What is said of a page that cannot be read.
pub(in crate::store) const PART_DAMAGED: &str =
    "A part of the database is damaged. Run the check, and restore a backup.";

pub(in crate::store) fn damaged(message: &'static str) -> Error {
    Error::refuse(Kind::Internal, "store_damaged", message)
}

fn storage_io(path: &Path, cause: std::io::Error) -> Error {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let message = format!("The file {name} in the data directory cannot be opened: {cause}.");
    Error::refuse(Kind::Unavailable, "store_io", message).because(cause)
}

/// What failed while opening.
fn open_error(error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::unavailable(
            "store_locked",
            "The data directory is in use by another backroom process. Stop that one first, or ask it.",
            5,
        ),
        DatabaseError::Storage(StorageError::Io(cause))
            if cause.kind() != std::io::ErrorKind::InvalidData
                && cause.kind() != std::io::ErrorKind::UnexpectedEof =>
        {
            Error::unavailable(
                "store_io",
                format!("The database file cannot be read or written: {cause}."),
                5,
            )
            .because(cause)
        }
        other => {
            damaged("The file store.redb is damaged and cannot be opened. Restore a backup.").because(other)
        }
    }
}

/// What failed while reading or writing an open database: it has to be opened again, unless it was closed.
fn io_error(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::DatabaseClosed => fenced(),
        error @ redb::Error::Corrupted(_) => damaged(PART_DAMAGED).because(error),
        error => {
            Error::unavailable("store_io", "The database cannot be read just now. Try again in a moment.", 2)
                .because(error)
        }
    }
}
