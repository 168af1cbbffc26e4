//! Putting a restored shop in the place of another: one rename decides. Its files follow; where that was cut off, whoever
//! opens the shop next goes on with it.

use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::backup::format::io;
use crate::store::backup::shelf::stamp;
use crate::store::backup::unpack::FILES;
use crate::store::disk::{make_dir, sync_parent};
use crate::store::door::FILE;
use crate::store::engine::redb::FileLock;
use crate::store::journal::FOLDER;
use std::path::{Path, PathBuf};

/// The directory in the data directory where a backup is unpacked. What a crash leaves in it is thrown away while the
/// database is in it, and belongs to the shop once that has left.
pub(in crate::store) const FRESH: &str = "restoring";
/// The search index; it is made anew from the store.
const INDEX: &str = "index";
const SWAPPING: &str = "The restored shop cannot be put in its place";

/// What is exchanged.
pub(super) struct Swap<'a> {
    pub(super) data: &'a Path,
    /// The unpacked and checked backup, on the same disk.
    pub(super) fresh: &'a Path,
    /// Whether there is a store to be kept beside.
    pub(super) has_before: bool,
    pub(super) at: Timestamp,
}

/// A step that is about to be done; a test ends here and there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    KeepBefore,
    Store,
    Files,
    Index,
    Clear,
}

/// Exchanges the store; the caller holds its lock. Gives where the one before is.
///
/// # Errors
/// `backup_io`; the old state is there then, or the new one.
pub(super) fn put_in_place(
    swap: &Swap<'_>,
    about_to: &mut dyn FnMut(Step) -> Result<()>,
) -> Result<Option<PathBuf>> {
    let (store, new) = (swap.data.join(FILE), swap.fresh.join(FILE));
    // Whoever opens the new one before this is over comes too early.
    let _lock = FileLock::take(&new)?;
    // The files follow the database, also after a power cut.
    sync_names(&swap.fresh.join(FILES)).map_err(|e| io(SWAPPING, e))?;
    about_to(Step::KeepBefore)?;
    let before = swap.has_before.then(|| free_aside(&store, swap.at));
    if let Some(aside) = &before {
        // A second name for the same bytes: the first one never points nowhere.
        let kept = std::fs::hard_link(&store, aside).or_else(|_| copy(&store, aside));
        kept.and_then(|()| sync_parent(aside))
            .map_err(|e| io("The shop as it is cannot be kept aside", e))?;
    }
    about_to(Step::Store)?;
    std::fs::rename(&new, &store).and_then(|()| sync_parent(&store)).map_err(|e| io(SWAPPING, e))?;
    // From here on the new state is there, and what is left to do can be done later.
    about_to(Step::Files)?;
    merge_files(swap.fresh, swap.data, Path::new(""), swap.at).map_err(|e| io(SWAPPING, e))?;
    about_to(Step::Index)?;
    // Usually there is none: it was brought in. The new store would not take it for its own, whatever it holds.
    let journal = swap.data.join(FOLDER);
    if std::fs::read_dir(&journal).is_ok_and(|mut all| all.next().is_some()) {
        std::fs::rename(&journal, free_aside(&journal, swap.at)).map_err(|e| io(SWAPPING, e))?;
    }
    clear(&swap.data.join(INDEX));
    about_to(Step::Clear)?;
    clear(swap.fresh);
    Ok(before)
}

/// Does what a restore that was cut off behind its swap has left to do, and clears away what one before it has left; the
/// caller holds the lock of the store.
///
/// # Errors
/// `backup_io`.
pub(in crate::store) fn finish(data: &Path, at: Timestamp) -> Result<()> {
    let fresh = data.join(FRESH);
    if !fresh.is_dir() {
        return Ok(());
    }
    if fresh.join(FILE).exists() {
        tracing::warn!(
            "a restore was cut off before its shop was in place; what it had unpacked is cleared away"
        );
        return discard(&fresh).map_err(|e| io("An unfinished restore cannot be cleared away", e));
    }
    tracing::warn!("a restore was cut off when the shop was in its place; its files follow now");
    merge_files(&fresh, data, Path::new(""), at).map_err(|e| io(SWAPPING, e))?;
    clear(&fresh);
    Ok(())
}

/// Clears an unfinished restore away, the files before the database: files without one belong to the shop, and stay.
pub(super) fn discard(fresh: &Path) -> std::io::Result<()> {
    let files = fresh.join(FILES);
    if !fresh.exists() || !fresh.join(FILE).exists() && files.exists() {
        return Ok(());
    }
    if files.exists() {
        std::fs::remove_dir_all(&files)?;
        sync_parent(&files)?;
    }
    std::fs::remove_dir_all(fresh)
}

/// The index of the old store would not be believed anyway: the new one has another epoch.
fn clear(dir: &Path) {
    if let Err(error) = std::fs::remove_dir_all(dir)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("{} cannot be cleared away: {error}", dir.display());
    }
}

/// `store.redb.before-20261127T193000Z`, or with a number behind when that is taken.
fn free_aside(path: &Path, at: Timestamp) -> PathBuf {
    let named = |more: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{}{more}", stamp(at)));
        PathBuf::from(name)
    };
    let first = named("");
    if !first.exists() {
        return first;
    }
    (2..).map(|n: u32| named(&format!("-{n}"))).find(|path| !path.exists()).unwrap_or(first)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    std::fs::File::open(to)?.sync_all()
}

/// Makes the names in a directory durable, and in those below.
fn sync_names(dir: &Path) -> std::io::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_names(&entry.path())?;
        }
    }
    std::fs::File::open(dir)?.sync_all()
}

/// Moves the restored files to those that are there. One of the same name and other content gets a second name first.
fn merge_files(fresh: &Path, data: &Path, folder: &Path, at: Timestamp) -> std::io::Result<()> {
    let (from, to) = (fresh.join(FILES).join(folder), data.join(FILES).join(folder));
    if !from.is_dir() {
        return Ok(());
    }
    make_dir(&to)?;
    for entry in std::fs::read_dir(&from)? {
        let entry = entry?;
        let own = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            merge_files(fresh, data, &own, at)?;
            continue;
        }
        let target = to.join(entry.file_name());
        if target.exists() && !is_same(&entry.path(), &target)? {
            let aside = free_aside(&target, at);
            std::fs::hard_link(&target, &aside).or_else(|_| copy(&target, &aside))?;
            sync_parent(&aside)?;
        }
        std::fs::rename(entry.path(), &target)?;
    }
    std::fs::File::open(&to)?.sync_all()
}

fn is_same(a: &Path, b: &Path) -> std::io::Result<bool> {
    use std::io::{BufRead as _, BufReader};
    let (a, b) = (std::fs::File::open(a)?, std::fs::File::open(b)?);
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let len = left.len().min(right.len());
        if left.get(..len) != right.get(..len) {
            return Ok(false);
        }
        if len == 0 {
            return Ok(left.len() == right.len());
        }
        a.consume(len);
        b.consume(len);
    }
}
