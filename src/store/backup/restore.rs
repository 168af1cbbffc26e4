//! Restoring: on trial into a directory that goes away, or in earnest in place of what is there.

use crate::base::error::{Error, Result};
use crate::base::time::{Clock, Timestamp};
use crate::store::backup::format::{Header, io};
use crate::store::backup::reader::{Nothing, Reader, Taker};
use crate::store::backup::shelf::Shelf;
use crate::store::backup::shipping::{Packer, Plan};
use crate::store::backup::swap::{FRESH, Swap, discard, finish, put_in_place};
use crate::store::backup::unpack::{Unpacked, open, unpack};
use crate::store::disk::make_dir;
use crate::store::door::{self, FILE, has_store, make_data_dir, registry};
use crate::store::engine::Opener as _;
use crate::store::engine::redb::{FileLock, FileMedium, RedbOpener};
use crate::store::format;
use crate::store::guarded::guarded;
use crate::store::journal::{self, Tap};
use crate::store::{Checker, Finding, Settings, Store, TableInfo};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a backup became.
#[derive(Clone, Debug)]
pub struct Restored {
    pub header: Header,
    pub files: u64,
    /// Records of the journal that were played over the backup.
    pub changes: u64,
    /// The moment it is: when the last of them was written, or the backup was made.
    pub moment: Timestamp,
    /// The last event in it.
    pub seq: u64,
    /// When the shop in it was made.
    pub created_at: Timestamp,
    /// What the checker has found in the restored store.
    pub findings: Vec<Finding>,
    /// Where the store is that was there before.
    pub before: Option<PathBuf>,
}

/// How the directory of a trial begins, and after how long one was left behind by a process that was killed.
const TRIAL: &str = "verify-";
const NO_PLACE: &str = "There is no place for a trial";
const TRIAL_MAX: Duration = Duration::from_secs(2 * 24 * 3_600);

/// Takes away what killed trials have left. It can wait for the next one when it does not work.
fn clear_old_trials(scratch: &Path) {
    for entry in std::fs::read_dir(scratch).into_iter().flatten().flatten() {
        let is_trial = entry.file_name().to_string_lossy().starts_with(TRIAL);
        let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_trial && age.is_some_and(|age| age > TRIAL_MAX) {
            let _gone = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Restores into a new directory inside `scratch`, checks everything there, and takes it away again. `leave` bytes of the
/// disk stay free: the shop that runs meanwhile needs them.
///
/// # Errors
/// `backup_damaged` and what else makes a backup unreadable; `backup_io`.
pub fn try_out(
    backup: &Path,
    scratch: &Path,
    tables: &[TableInfo],
    checks: &[Checker],
    (key, leave): (Option<&str>, u64),
) -> Result<Restored> {
    let reader = open(backup)?;
    make_dir(scratch).map_err(|e| io(NO_PLACE, e))?;
    clear_old_trials(scratch);
    let place = tempfile::Builder::new().prefix(TRIAL).tempdir_in(scratch).map_err(|e| io(NO_PLACE, e))?;
    unpacked(reader, place.path(), tables, &How { key, checks, plan: None, even_unsound: true }, leave)
}

/// Whether a backup is what was written: read to its end, and taken nowhere.
pub fn is_whole(backup: &Path, key: Option<&str>) -> bool {
    open(backup).and_then(|reader| reader.read(key, &mut Nothing)).is_ok()
}

/// Whether a backup can be read with this key; only its beginning is. What else may be wrong with it is not asked.
pub fn opens(backup: &Path, key: Option<&str>) -> bool {
    struct First;
    const ENOUGH: &str = "read_enough";
    fn enough() -> Result<()> {
        Err(Error::conflict(ENOUGH, ""))
    }
    impl Taker for First {
        fn row(&mut self, _: usize, _: &[u8], _: &[u8]) -> Result<()> {
            enough()
        }
        fn file(&mut self, _: &str) -> Result<()> {
            enough()
        }
        fn data(&mut self, _: &[u8]) -> Result<()> {
            enough()
        }
    }
    let read = open(backup).and_then(|reader| reader.read(key, &mut First));
    !read.is_err_and(|error| error.code.starts_with("backup_key"))
}

/// What a restore goes by.
#[derive(Clone, Copy)]
pub struct How<'a> {
    pub key: Option<&'a str>,
    /// What the restored shop is checked with.
    pub checks: &'a [Checker],
    /// The parts of the journal that are played over the backup; none for the backup alone.
    pub plan: Option<&'a Plan>,
    /// Also when the checker finds something, or it is the backup of another shop.
    pub even_unsound: bool,
}

/// Restores into the data directory `data`, empty or not. What is there stays beside it. A crash at any moment leaves
/// the old state or the new one.
///
/// # Errors
/// `store_locked` while a server has the directory; `backup_damaged` and others of reading; `backup_unsound` when the
/// checker finds something and `backup_of_another_shop` where a shop was made at another moment than the one that is there,
/// unless that is wanted; `restore_hole`. Nothing has changed then.
pub fn restore(backup: &Path, data: &Path, tables: &[TableInfo], how: &How<'_>) -> Result<Restored> {
    // A file that is no backup is refused before anything is made.
    let reader = open(backup)?;
    make_data_dir(data)?;
    bring_in_journal(data, tables)?;
    let store = data.join(FILE);
    let is_empty = !has_store(data)?;
    let here = if is_empty { None } else { made_at(data, tables) };
    // Makes an empty file where there is none.
    let lock = FileLock::take(&store)?;
    let fresh = data.join(FRESH);
    finish(data, Clock::system().now())?;
    let done = prepare(reader, &fresh, tables, how).and_then(|mut restored| {
        if here.is_some_and(|here| here != restored.created_at) && !how.even_unsound {
            return Err(of_another_shop(data));
        }
        let swap = Swap { data, fresh: &fresh, has_before: !is_empty, at: Clock::system().now() };
        restored.before = put_in_place(&swap, &mut |_| Ok(()))?;
        Ok(restored)
    });
    if done.is_err() {
        let _gone = discard(&fresh);
        if is_empty && !has_store(data)? {
            let _gone = std::fs::remove_file(&store);
        }
    }
    drop(lock);
    done
}

/// When the shop in `data` was made, which a restored one keeps; none where its database cannot be read: that is what
/// backups are for.
fn made_at(data: &Path, tables: &[TableInfo]) -> Option<Timestamp> {
    let registry = Arc::new(registry(tables).ok()?);
    let opener = RedbOpener { medium: FileMedium(data.join(FILE)), cache_bytes: 64 << 20 };
    guarded(|| opener.open().and_then(|engine| format::created_in(engine.as_ref(), &registry)))?.ok()
}

fn of_another_shop(data: &Path) -> Error {
    let text = format!(
        "This is a backup of another shop than the one in {}. Restore it into an empty directory, or put it in the place of \
         this shop with --force.",
        data.display()
    );
    Error::conflict("backup_of_another_shop", text)
}

/// Packs what the journal of a shop that does not run holds and was not shipped yet, so that a plan finds it.
///
/// # Errors
/// `store_locked`; `backup_io`.
pub fn pack_what_waits(data: &Path, tables: &[TableInfo], reserve: u64, key: Option<&str>) -> Result<()> {
    bring_in_journal(data, tables)?;
    let own = registry(tables)?;
    // Without a database nobody works on it; its journal may still be whole.
    let _lock = data.join(FILE).exists().then(|| FileLock::take(&data.join(FILE))).transpose()?;
    if !data.exists() {
        return Ok(());
    }
    Packer::over(data, &own.tables, reserve, key).pack_waiting()
}

/// What the journal of the shop as it is holds goes into its database, which is kept aside and has to be whole.
fn bring_in_journal(data: &Path, tables: &[TableInfo]) -> Result<()> {
    let is_empty = std::fs::read_dir(data.join(journal::FOLDER)).map_or(true, |mut all| all.next().is_none());
    // Opened without its database the journal would be taken for that of another one, and put aside with all it holds.
    if is_empty || !has_store(data)? {
        return Ok(());
    }
    let tap = Tap::default();
    // What was not shipped yet waits for that.
    if Shelf::of(data).list().is_ok_and(|all| !all.is_empty()) {
        tap.want();
    }
    let opener = door::opener(data, 64 << 20, &registry(tables)?, &Clock::system(), tap);
    match guarded(|| opener.open().and_then(|engine| engine.accept())) {
        Some(Err(error)) if error.code == "store_locked" => Err(error),
        Some(Ok(())) => Ok(()),
        // A shop that cannot be opened is what backups are for; its journal is put aside with it.
        Some(Err(error)) => {
            tracing::warn!("the journal cannot be brought in: {error}");
            Ok(())
        }
        None => {
            tracing::warn!("the journal cannot be brought in: the database is damaged");
            Ok(())
        }
    }
}

/// Unpacks and checks; nothing of the old state is touched.
fn prepare(
    reader: Reader<BufReader<File>>,
    fresh: &Path,
    tables: &[TableInfo],
    how: &How<'_>,
) -> Result<Restored> {
    discard(fresh).map_err(|e| io("An unfinished restore cannot be cleared away", e))?;
    let restored = unpacked(reader, fresh, tables, how, 0)?;
    if let Some(first) = restored.findings.first().filter(|_| !how.even_unsound) {
        let text = format!(
            "The restored shop has problems, {} in all, and nothing was changed. The first: {}: {}",
            restored.findings.len(),
            first.place,
            first.what
        );
        return Err(Error::conflict("backup_unsound", text));
    }
    Ok(restored)
}

fn unpacked(
    reader: Reader<BufReader<File>>,
    dir: &Path,
    tables: &[TableInfo],
    how: &How<'_>,
    leave: u64,
) -> Result<Restored> {
    let Unpacked { header, files, changes, last_at } =
        unpack(reader, dir, &Arc::new(registry(tables)?), (how.key, how.plan), leave)?;
    let (findings, seq, created_at) = check(dir, tables.to_vec(), how.checks)?;
    let moment = last_at.unwrap_or(header.at);
    Ok(Restored { header, files, changes, moment, seq, created_at, findings, before: None })
}

/// Opens an unpacked store as the program would, checks it and closes it.
fn check(dir: &Path, tables: Vec<TableInfo>, checks: &[Checker]) -> Result<(Vec<Finding>, u64, Timestamp)> {
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let store = Store::open(dir, &settings, Clock::system(), &tables)?;
    let (findings, seq, created_at) = (store.check(checks)?, store.last_seq(), store.created_at()?);
    store.close()?;
    Ok((findings, seq, created_at))
}
