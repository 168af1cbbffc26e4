//! Files that are no files: what comes through a pipe can be read once, so it is put where it can be read again.

use crate::base::error::{Error, Result};
use crate::shop::transfer::input::Input;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// The files of an import, and what lies in the shop's folder as long as they are read.
pub(super) struct Given {
    pub(super) files: Vec<Input>,
    _kept: Vec<TempPath>,
}

impl Given {
    /// The files as they can be read any number of times. What comes through pipes lies in `scratch` meanwhile, at most
    /// `most` bytes of it.
    ///
    /// # Errors
    /// `pipe_too_large`, `file_unreadable`.
    pub(super) fn of(paths: &[PathBuf], scratch: &Path, most: u64) -> Result<Self> {
        let (mut files, mut kept, mut room) = (Vec::with_capacity(paths.len()), Vec::new(), most);
        for path in paths {
            // A folder, and what is not there, says so when it is read.
            if path.metadata().map_or(true, |m| m.is_file() || m.is_dir()) {
                files.push(Input::path(path));
                continue;
            }
            let input = Input::path(path);
            let mut source = File::open(path).map_err(|e| input.unreadable(e))?.take(room + 1);
            let mut copy =
                tempfile::Builder::new().prefix("pipe-").tempfile_in(scratch).map_err(Error::internal)?;
            let read = io::copy(&mut source, &mut copy).map_err(|e| input.unreadable(e))?;
            room = room.checked_sub(read).ok_or_else(|| too_large(path, most))?;
            copy.flush().map_err(Error::internal)?;
            let copy = copy.into_temp_path();
            files.push(Input::path_named(&copy, &path.display().to_string()));
            kept.push(copy);
        }
        Ok(Self { files, _kept: kept })
    }
}

fn too_large(path: &Path, most: u64) -> Error {
    let text = format!(
        "{} gives more than {} MB, which is the most through a pipe (server.max_upload). Save it as a file, or send it packed with gzip or zstd.",
        path.display(),
        most >> 20
    );
    Error::invalid("pipe_too_large", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::input::Meter;

    #[test]
    fn what_comes_through_a_pipe_is_read_any_number_of_times() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let send = || {
            let name = pipe.clone();
            std::thread::spawn(move || std::fs::write(name, "a,b\n1,2\n"))
        };
        let sender = send();
        let given = Given::of(std::slice::from_ref(&pipe), home.path(), 8).unwrap();
        sender.join().unwrap().unwrap();
        for _ in 0..2 {
            let mut text = String::new();
            given.files[0].open(&Meter::default()).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "a,b\n1,2\n");
        }
        assert_eq!(given.files[0].name(), pipe.to_str().unwrap());
        drop(given);
        let sender = send();
        assert_eq!(
            Given::of(std::slice::from_ref(&pipe), home.path(), 7).err().unwrap().code,
            "pipe_too_large"
        );
        // What is not read of it ends its writer.
        let _broken = sender.join().unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "only the pipe is left");
    }
}
