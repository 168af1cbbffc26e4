//! Where segments are: a directory beside the database, or what a test puts in its place.

use crate::store::disk::{make_dir, sync_parent};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

/// The name of the journal's directory in the data directory.
pub(in crate::store) const FOLDER: &str = "journal";

/// A directory of files. What it answers is not durable before [`Folder::sync`].
pub(in crate::store) trait Folder: Send + Sync {
    /// The names of the files in it, in order; none when there is no such directory.
    fn names(&self) -> io::Result<Vec<String>>;
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Opens a file for writing; makes it, and the directory, when there is none.
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names durable.
    fn sync(&self) -> io::Result<()>;
    /// Puts the whole directory out of the way, to be looked at by people; gives its new name.
    fn set_aside(&self, label: &str) -> io::Result<String>;
    /// Whether segments are wanted elsewhere when the database does not need them any more.
    fn is_handing_over(&self) -> bool {
        false
    }
    /// Takes a segment away that the database does not need any more: for good, or to where it waits to be shipped.
    fn let_go(&self, name: &str) -> io::Result<()> {
        self.remove(name)
    }
}

/// An open file of a folder.
pub(in crate::store) trait Leaf: Send + Sync {
    fn len(&self) -> io::Result<u64>;
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes bytes durable that took the place of others.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes everything durable, the length too.
    fn sync_all(&self) -> io::Result<()>;
}

/// A directory on disk.
pub(in crate::store) struct Disk(pub(in crate::store) PathBuf);

impl Folder for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.join(name))
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn Leaf>> {
        make_dir(&self.0)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        Ok(Box::new(options.open(self.0.join(name))?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.0.join(from), self.0.join(to))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }
    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
    fn set_aside(&self, label: &str) -> io::Result<String> {
        let named = |n: u32| self.0.with_file_name(format!("{FOLDER}.{label}-{n}"));
        let free = (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0));
        std::fs::rename(&self.0, &free)?;
        sync_parent(&free)?;
        Ok(free.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }
}

impl Leaf for File {
    fn len(&self) -> io::Result<u64> {
        self.metadata().map(|about| about.len())
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }
    fn sync_all(&self) -> io::Result<()> {
        let mut file = self;
        file.flush()?;
        Self::sync_all(self)
    }
}
