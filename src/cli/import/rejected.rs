//! The file of refused rows: never one that is read, and put in its place when the import has ended.

use crate::base::error::{Error, Result};
use crate::cli::answer::{Answer, is_stream};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// What a new file may be, less what the caller's mask takes off.
const NEW_FILE: u32 = 0o666;

/// Where refused rows go. They wait in the shop's own folder, so an import that ends early has touched nothing, and
/// one that is killed leaves nothing lying about.
pub(super) struct Rejected {
    place: Place,
    rows: File,
}

enum Place {
    /// A file that is or will be there under this name, links followed.
    File(PathBuf),
    /// A pipe or a device: there is nothing to rename onto.
    Stream(PathBuf),
    /// What the command itself prints to.
    Answer,
}

impl Rejected {
    /// Looks whether rows can be written there, and that it is none of the files that are read.
    ///
    /// # Errors
    /// `rejected_is_input`, `file_unwritable`.
    pub(super) fn at(name: &Path, read: &[PathBuf], scratch: &Path, answer: &Answer) -> Result<Self> {
        let place = match answer.file(name) {
            path if is_standard_output(name) => {
                path.map_or(Ok(()), |path| is_not_read(&path, read))?;
                Place::Answer
            }
            path => place(&path?, read)?,
        };
        Ok(Self { place, rows: tempfile::tempfile_in(scratch).map_err(Error::internal)? })
    }
    /// The rows are written here first.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn writer(&self) -> Result<File> {
        self.rows.try_clone().map_err(Error::internal)
    }
    /// Puts the rows in their place.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub(super) fn put(mut self, answer: &mut Answer) -> Result<()> {
        self.rows.rewind().map_err(Error::internal)?;
        match &self.place {
            Place::File(path) => replaced(path, &mut self.rows).map_err(|e| unwritable(path, &e)),
            Place::Stream(path) => {
                let opened = OpenOptions::new().append(true).open(path);
                opened
                    .and_then(|mut out| io::copy(&mut self.rows, &mut out))
                    .map_err(|e| unwritable(path, &e))?;
                Ok(())
            }
            Place::Answer => {
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let read = self.rows.read(&mut buffer).map_err(Error::internal)?;
                    if read == 0 {
                        return Ok(());
                    }
                    answer.bytes(buffer.get(..read).unwrap_or_default())?;
                }
            }
        }
    }
}

fn is_standard_output(name: &Path) -> bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|stream| name == Path::new(stream))
}

fn place(path: &Path, read: &[PathBuf]) -> Result<Place> {
    let path = followed(path);
    is_not_read(&path, read)?;
    match fs::metadata(&path) {
        Ok(there) if there.is_dir() => return Err(unwritable(&path, &io::ErrorKind::IsADirectory.into())),
        // A file that a stream stands for is not to be replaced under the name of the stream.
        Ok(there) if !there.is_file() || is_stream(&path) => return Ok(Place::Stream(path)),
        // What cannot be written is said now, and not after an hour of reading. Where no file can be made beside one
        // that can be written, that one is written.
        Ok(_) => drop(OpenOptions::new().write(true).open(&path).map_err(|e| unwritable(&path, &e))?),
        Err(_) => drop(beside(&path, None).map_err(|e| unwritable(&path, &e))?),
    }
    Ok(Place::File(path))
}

fn is_not_read(path: &Path, read: &[PathBuf]) -> Result<()> {
    let Some(there) = fs::metadata(path).ok().filter(Metadata::is_file) else { return Ok(()) };
    let is_it = |input: &&PathBuf| fs::metadata(input).is_ok_and(|input| is_same(&input, &there));
    let Some(input) = read.iter().find(is_it) else { return Ok(()) };
    let (path, input) = (path.display(), input.display());
    let text =
        format!("{path} is {input}, which this import reads. Give the refused rows a file of their own.");
    Err(Error::invalid("rejected_is_input", text))
}

/// The name behind a link, also where nothing is there yet: a link stays one.
fn followed(path: &Path) -> PathBuf {
    if is_stream(path) {
        return path.to_owned();
    }
    let behind = || Some(path.parent()?.join(fs::read_link(path).ok()?));
    fs::canonicalize(path).ok().or_else(behind).unwrap_or_else(|| path.to_owned())
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file beside the one that is meant, with its rights.
fn beside(path: &Path, there: Option<&Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut named = tempfile::Builder::new();
    named.prefix(".refused-").permissions(fs::Permissions::from_mode(NEW_FILE));
    let file = named.tempfile_in(folder)?;
    if let Some(there) = there {
        // Only the superuser may give a file away; anybody else's file is their own already.
        let _kept = fchown(file.as_file(), Some(there.uid()), Some(there.gid()));
        file.as_file().set_permissions(fs::Permissions::from_mode(there.mode()))?;
    }
    Ok(file)
}

fn replaced(path: &Path, rows: &mut File) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if let Ok(mut file) = beside(path, there.as_ref()) {
        io::copy(rows, &mut file)?;
        // Or a power cut may leave the new name with nothing behind it.
        file.as_file().sync_all()?;
        if file.persist(path).is_ok() {
            return Ok(());
        }
        rows.rewind()?;
    }
    // A folder that is not ours, or a file that is mounted alone, lets nobody rename.
    io::copy(rows, &mut File::create(path)?)?;
    Ok(())
}

fn unwritable(path: &Path, cause: &io::Error) -> Error {
    Error::invalid("file_unwritable", format!("{} cannot be written: {cause}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn wrote(path: &Path) -> Result<()> {
        let mut answer = Answer::to(io::sink());
        let folder = tempfile::tempdir().unwrap();
        let rejected = Rejected::at(path, &[], folder.path(), &answer)?;
        rejected.writer()?.write_all(b"rows\n").unwrap();
        rejected.put(&mut answer)
    }
    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rows_take_the_place_of_older_ones_with_their_rights_and_links() {
        let home = tempfile::tempdir().unwrap();
        let (old, link, new) = (home.path().join("old"), home.path().join("link"), home.path().join("new"));
        fs::write(&old, "older and longer rows").unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("old", &link).unwrap();
        wrote(&link).unwrap();
        assert_eq!(
            (text(&old).as_str(), old.metadata().unwrap().permissions().mode() & 0o777),
            ("rows\n", 0o640)
        );
        assert!(link.is_symlink());
        wrote(&new).unwrap();
        assert_eq!(text(&new), "rows\n");
        std::os::unix::fs::symlink("later", home.path().join("ahead")).unwrap();
        wrote(&home.path().join("ahead")).unwrap();
        assert_eq!(text(&home.path().join("later")), "rows\n");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 5, "nothing else is left");
        assert_eq!(wrote(home.path()).unwrap_err().code, "file_unwritable");
        assert_eq!(wrote(&home.path().join("no/where")).unwrap_err().code, "file_unwritable");
    }

    #[test]
    fn what_is_read_is_not_written_under_any_name() {
        let home = tempfile::tempdir().unwrap();
        let (input, hard, link) =
            (home.path().join("in"), home.path().join("hard"), home.path().join("link"));
        fs::write(&input, "a,b\n").unwrap();
        fs::hard_link(&input, &hard).unwrap();
        std::os::unix::fs::symlink(&input, &link).unwrap();
        for name in [&input, &hard, &link] {
            let answer = Answer::to(io::sink());
            let refused = Rejected::at(name, std::slice::from_ref(&input), home.path(), &answer);
            assert_eq!(refused.err().unwrap().code, "rejected_is_input", "{}", name.display());
        }
        assert_eq!(text(&input), "a,b\n");
    }

    #[test]
    fn what_is_no_file_is_written_and_not_replaced() {
        wrote(Path::new("/dev/null")).unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let name = pipe.clone();
        let reader = std::thread::spawn(move || text(&name));
        wrote(&pipe).unwrap();
        assert_eq!(reader.join().unwrap(), "rows\n");
    }
}
