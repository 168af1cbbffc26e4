//! A place that copies go to and come back from: a directory, such as that of another disk, or S3-compatible storage.

use crate::base::error::{Error, Kind, Result};
use crate::outbound::s3::Storage;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A place by its name.
pub struct Target {
    name: String,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Storage(Box<Storage>),
}

impl Target {
    pub fn folder(dir: &Path) -> Self {
        Self { name: dir.display().to_string(), place: Place::Folder(dir.to_owned()) }
    }
    /// `name` is what people read: endpoint, bucket and prefix.
    pub fn storage(name: String, storage: Storage) -> Self {
        Self { name, place: Place::Storage(Box::new(storage)) }
    }
    /// What it is called on pages and in notes.
    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn is_folder(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }
    /// Whether a directory is on another disk than `from`; `None` for a storage.
    ///
    /// # Errors
    /// `copy_failed` where there is no directory.
    pub fn is_apart(&self, from: &Path) -> Result<Option<bool>> {
        let Place::Folder(dir) = &self.place else { return Ok(None) };
        if !dir.is_dir() {
            return Err(failed(dir, not_there()));
        }
        let device = |of: &Path| std::fs::metadata(of).map(|about| about.dev()).map_err(|e| failed(dir, e));
        Ok(Some(device(dir)? != device(from)?))
    }
    /// Bytes of what has this name there; `None` when there is none.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn size_of(&self, name: &str) -> Result<Option<u64>> {
        match &self.place {
            Place::Storage(storage) => storage.size_of(name),
            Place::Folder(dir) => match std::fs::metadata(dir.join(name)) {
                Ok(about) => Ok(Some(about.len())),
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
                Err(e) => Err(failed(dir, e)),
            },
        }
    }
    /// Puts a file there under this name, over one that is there already.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn put(&self, name: &str, file: &Path) -> Result<()> {
        match &self.place {
            Place::Storage(storage) => storage.put(name, file),
            Place::Folder(dir) => {
                let copy = || {
                    let mut source = File::open(file)?;
                    place(dir, name, &mut |into| io::copy(&mut source, into).map(|_bytes| ()))
                };
                copy().map_err(|e| failed(dir, e))
            }
        }
    }
    /// The same with bytes.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        match &self.place {
            Place::Storage(storage) => storage.put_bytes(name, bytes),
            Place::Folder(dir) => {
                place(dir, name, &mut |into| into.write_all(bytes)).map_err(|e| failed(dir, e))
            }
        }
    }
    /// The names in one folder that begin with this: the folder with its slash, and how the name itself begins.
    ///
    /// # Errors
    /// `copy_failed`; `copy_forbidden` where the key of a storage may not list.
    pub fn names(&self, begin: &str) -> Result<Vec<String>> {
        match &self.place {
            Place::Storage(storage) => storage.names(begin),
            Place::Folder(dir) => {
                let (below, first) =
                    begin.rsplit_once('/').map_or(("", begin), |(below, first)| (below, first));
                let entries = match std::fs::read_dir(dir.join(below)) {
                    Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                    entries => entries.map_err(|e| failed(dir, e))?,
                };
                let slash = if below.is_empty() { "" } else { "/" };
                let mut found = Vec::new();
                for entry in entries {
                    let own = entry.map_err(|e| failed(dir, e))?.file_name();
                    let own = own.to_string_lossy();
                    if own.starts_with(first) {
                        found.push(format!("{below}{slash}{own}"));
                    }
                }
                Ok(found)
            }
        }
    }
    /// Fetches what has this name into a new file.
    ///
    /// # Errors
    /// `copy_failed`; `copy_forbidden` where the key of a storage may not read.
    pub fn get(&self, name: &str, file: &Path) -> Result<()> {
        match &self.place {
            Place::Storage(storage) => storage.get(name, file),
            Place::Folder(dir) => {
                std::fs::copy(dir.join(name), file).map(|_bytes| ()).map_err(|e| failed(dir, e))
            }
        }
    }
    /// Takes away what has this name. A storage keeps everything: its own rules say when something goes.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn remove(&self, name: &str) -> Result<()> {
        match &self.place {
            Place::Storage(_) => Ok(()),
            Place::Folder(dir) => match std::fs::remove_file(dir.join(name)) {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(failed(dir, e)),
                _ => Ok(()),
            },
        }
    }
}

/// Writes a file beside its place, makes it durable and gives it its name.
fn place(dir: &Path, name: &str, write: &mut dyn FnMut(&mut File) -> io::Result<()>) -> io::Result<()> {
    // A disk that is not mounted is no empty directory to be filled.
    if !dir.is_dir() {
        return Err(not_there());
    }
    let target = dir.join(name);
    let parent = target.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent)?;
    let part = target.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    write(&mut file)?;
    file.sync_all()?;
    std::fs::rename(&part, &target)?;
    File::open(parent)?.sync_all()
}

fn not_there() -> io::Error {
    io::Error::new(ErrorKind::NotFound, "the directory is not there")
}

fn failed(dir: &Path, cause: io::Error) -> Error {
    let text = format!("The copy to {} failed: {cause}.", dir.display());
    Error::refuse(Kind::Unavailable, "copy_failed", text).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_takes_lists_and_gives_back_and_one_that_is_not_there_takes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::folder(dir.path());
        target.put_bytes("journal/ab/1.brj", b"part").unwrap();
        target.put_bytes("journal/ab/1.brj", b"longer part").unwrap();
        assert_eq!(target.size_of("journal/ab/1.brj").unwrap(), Some(11));
        assert_eq!(target.size_of("journal/ab/2.brj").unwrap(), None);
        assert_eq!(target.names("journal/ab/").unwrap(), ["journal/ab/1.brj"]);
        assert_eq!(target.names("journal/a").unwrap(), ["journal/ab"]);
        assert_eq!(target.names("elsewhere/").unwrap(), Vec::<String>::new());
        let back = dir.path().join("back");
        target.get("journal/ab/1.brj", &back).unwrap();
        target.put("copy.brb", &back).unwrap();
        assert_eq!(std::fs::read(dir.path().join("copy.brb")).unwrap(), b"longer part");
        assert_eq!(target.names("co").unwrap(), ["copy.brb"]);
        target.remove("copy.brb").unwrap();
        target.remove("copy.brb").unwrap();
        let gone = Target::folder(&dir.path().join("unmounted"));
        assert_eq!(gone.put_bytes("1.brj", b"part").unwrap_err().code, "copy_failed");
        assert!(!dir.path().join("unmounted").exists());
    }
}
