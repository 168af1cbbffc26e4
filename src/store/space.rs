//! Free space on disk: looked at before every group of writes, with a ballast file to give up when it runs out.
//!
//! The database file grows by holes, which take no space until pages are written into them; so the reserve has to cover
//! what groups write, not the next doubling of the file.

use crate::base::error::{Error, Result};
use crate::store::actor::ActorKind;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

const MB: u64 = 1 << 20;
/// What the program's own writes need at least: a group of 64 small operations takes well under 1 MB of pages.
const SYSTEM_NEEDS: u64 = 4 * MB;

/// Asks for the free bytes; a test puts its own in its place.
pub(super) type Probe = Box<dyn Fn() -> std::io::Result<u64> + Send + Sync>;

/// Free bytes for this user on the disk that holds `dir`.
pub(crate) fn free_bytes(dir: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Decides who may write.
pub(super) struct Guard {
    probe: Probe,
    reserve: u64,
    ballast: Option<Ballast>,
    home: OnceLock<Home>,
}

/// The name of the database file.
struct Home {
    file: PathBuf,
    /// It was said that it is gone.
    said: AtomicBool,
}

/// A file that takes space until the space is needed.
struct Ballast {
    path: PathBuf,
    size: u64,
    there: AtomicBool,
}

impl Guard {
    /// `ballast` is the path of the file; none with a reserve or size of 0.
    pub(super) fn new(probe: Probe, reserve_mb: u32, ballast: PathBuf, ballast_mb: u32) -> Self {
        let size = u64::from(ballast_mb) * MB;
        let there = std::fs::metadata(&ballast).is_ok_and(|m| m.len() >= size);
        let ballast = (size > 0 && reserve_mb > 0).then(|| Ballast {
            path: ballast,
            size,
            there: AtomicBool::new(there),
        });
        Self { probe, reserve: u64::from(reserve_mb) * MB, ballast, home: OnceLock::new() }
    }
    /// From now on there has to be a file of this name.
    pub(super) fn lives_in(&self, file: PathBuf) {
        drop(self.home.set(Home { file, said: AtomicBool::new(false) }));
    }
    /// Whether somebody has moved or removed the data directory: what is written then is in no file that anybody finds. The
    /// name alone is asked for: on some mounted directories one file has another number every time.
    pub(super) fn is_gone(&self) -> bool {
        let Some(home) = self.home.get() else { return false };
        let is_gone = std::fs::metadata(&home.file).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        if is_gone && !home.said.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "{} was moved or removed while the shop runs: nothing is saved any more. Put it back and start again.",
                home.file.display()
            );
        }
        is_gone
    }
    /// Free bytes; when the disk cannot be asked, as many as there can be: the guard must not stop a shop.
    pub(super) fn free(&self) -> u64 {
        (self.probe)().unwrap_or(u64::MAX)
    }
    /// Whether a person's write is taken with so many bytes free. While the ballast is given up its size counts as
    /// taken, or ordinary writes would use up what was freed for the program's own.
    pub(super) fn is_enough(&self, free: u64) -> bool {
        let given_up =
            self.ballast.as_ref().filter(|b| !b.there.load(Ordering::Relaxed)).map_or(0, |b| b.size);
        self.reserve == 0 || free >= self.reserve.saturating_add(given_up)
    }
    /// Gives the ballast up when little is left; also before the database is opened, which may have to write.
    pub(super) fn ease(&self) {
        let Some(ballast) = self.ballast.as_ref().filter(|b| b.there.load(Ordering::Relaxed)) else { return };
        let free = self.free();
        if free < self.reserve {
            ballast.give_up();
            tracing::warn!(free_mb = free / MB, "little disk space is left: the ballast file is given up");
        }
    }
    /// Called by the writer before each group: gives the ballast up or takes it back, and says how things are.
    pub(super) fn look(&self) -> Look {
        self.ease();
        if let Some(ballast) = &self.ballast
            && !ballast.there.load(Ordering::Relaxed)
            && self.free() >= self.reserve.saturating_add(ballast.size * 2)
        {
            ballast.take_back();
        }
        let free = self.free();
        Look {
            is_gone: self.is_gone(),
            person: self.is_enough(free),
            system: self.reserve == 0 || free >= SYSTEM_NEEDS,
        }
    }
}

/// Who may write at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    is_gone: bool,
    person: bool,
    system: bool,
}

impl Look {
    /// # Errors
    /// `storage_gone`, `storage_low`.
    pub(super) fn allow(self, kind: ActorKind) -> Result<()> {
        if self.is_gone {
            let text = "The shop's data is not where it was, so nothing can be saved. Ask the operator to put it back and \
                        start the program again.";
            return Err(Error::unavailable("storage_gone", text, 30));
        }
        let allowed = if kind == ActorKind::System { self.system } else { self.person };
        if allowed {
            return Ok(());
        }
        Err(Error::unavailable(
            "storage_low",
            "The server has too little disk space to save anything. Reading goes on; ask the operator to free space.",
            30,
        ))
    }
}

impl Ballast {
    fn give_up(&self) {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("the ballast file cannot be removed: {error}");
            return;
        }
        self.there.store(false, Ordering::Relaxed);
    }
    fn take_back(&self) {
        match self.write() {
            Ok(()) => self.there.store(true, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!("the ballast file cannot be written: {error}");
                drop(std::fs::remove_file(&self.path));
            }
        }
    }
    /// Takes real blocks, not only a length.
    fn write(&self) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path)?;
        if rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, self.size).is_ok() {
            return Ok(());
        }
        fill(&file, self.size)
    }
}

fn fill(mut file: &File, size: u64) -> std::io::Result<()> {
    let zeros = vec![0; 1 << 20];
    for _ in 0..size / MB {
        std::io::Write::write_all(&mut file, &zeros)?;
    }
    Ok(())
}
