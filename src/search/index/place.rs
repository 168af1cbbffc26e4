//! The directories of the index: one for each life of the store, schema and format, and which of them to believe.

use super::layout::{FORMAT, Layout};
use super::lines::{Lines, NAME};
use super::reader::Reader;
use super::writer::Payload;
use crate::search::schema::Schema;
use crate::store::guarded;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{Directory, MmapDirectory};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, TantivyError};

/// Opens the files of an index in a directory that is there; a test puts its own in its place.
pub(crate) type Disk = Arc<dyn Fn(&Path) -> Result<Box<dyn Directory>, OpenDirectoryError> + Send + Sync>;

/// The directories as they are.
pub(crate) fn real_disk() -> Disk {
    Arc::new(|dir| Ok(Box::new(MmapDirectory::open(dir)?)))
}

/// Where indexes of one store and schema live.
#[derive(Clone)]
pub(crate) struct Place {
    root: PathBuf,
    disk: Disk,
    /// `<epoch>-s<schema hash>-f<format>`; a number for each rebuild follows.
    base: String,
}

/// An index that was opened and is worth believing.
pub(crate) struct Opened {
    pub(crate) index: Index,
    pub(crate) reader: Reader,
    pub(crate) payload: Payload,
    pub(crate) dir: PathBuf,
}

impl Place {
    pub(crate) fn new(root: &Path, disk: Disk, epoch: &str, schema: &Schema) -> Self {
        let base = format!("{epoch}-s{:08x}-f{FORMAT}", schema.hash());
        Self { root: root.to_owned(), disk, base }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directories of this store and schema, the newest rebuild first.
    fn own(&self) -> Vec<(u64, PathBuf)> {
        let mut dirs: Vec<(u64, PathBuf)> = self
            .all()
            .into_iter()
            .filter_map(|dir| {
                let name = dir.file_name()?.to_str()?.strip_prefix(&self.base)?.to_owned();
                let number = name.strip_prefix('-')?.parse().ok()?;
                Some((number, dir))
            })
            .collect();
        dirs.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        dirs
    }

    fn all(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.map(|e| e.path()).filter(|p| p.is_dir()).collect()
    }

    /// Opens the newest index that can be believed; `Ok(None)` when there is none and one has to be built.
    ///
    /// # Errors
    /// What is no damage and may pass: a lock, a full disk, missing rights.
    pub(crate) fn open(
        &self,
        layout: &Arc<Layout>,
        schema: &Schema,
        (first_seq, last_seq): (u64, u64),
    ) -> Result<Option<Opened>, TantivyError> {
        let epoch = self.base.split('-').next().unwrap_or_default();
        for (_, dir) in self.own() {
            // Over a file that was cut off the library may panic instead of refusing.
            let opened = guarded(|| open_one(&self.disk, &dir, layout, schema));
            let cut_off = || TantivyError::InternalError("a file ends too early".to_owned());
            match opened.unwrap_or_else(|| Err(cut_off())) {
                // One that was begun and never finished says nothing.
                Ok(None) => {}
                Ok(Some(opened)) => {
                    let payload = &opened.payload;
                    let fits = payload.epoch == epoch
                        && payload.seq <= last_seq
                        && payload.seq.saturating_add(1) >= first_seq;
                    if fits {
                        return Ok(Some(opened));
                    }
                    tracing::warn!(dir = %dir.display(), seq = payload.seq, last_seq, "the index does not belong to this store");
                }
                Err(error) if is_damage(&error) => {
                    tracing::warn!(dir = %dir.display(), %error, "the index is damaged and will be rebuilt");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Makes an empty index in a directory that has not been used.
    pub(crate) fn create(&self, layout: &Layout) -> Result<(Index, PathBuf), TantivyError> {
        let number = self.own().first().map_or(1, |(number, _)| number + 1);
        let dir = self.root.join(format!("{}-{number}", self.base));
        std::fs::create_dir_all(&dir)?;
        let made = (self.disk)(&dir).map_err(TantivyError::from).and_then(|files| {
            // Never over one that is there already.
            if Index::exists(&*files)? {
                Err(TantivyError::IndexAlreadyExists)
            } else {
                layout.builder().open_or_create(files)
            }
        });
        match made {
            Ok(mut index) => {
                prepare(&mut index);
                Ok((index, dir))
            }
            Err(error) => {
                drop(std::fs::remove_dir_all(&dir));
                Err(error)
            }
        }
    }

    /// Removes every directory but `keep`.
    pub(crate) fn remove_others(&self, keep: &Path) {
        for dir in self.all().into_iter().filter(|dir| dir != keep) {
            if let Err(error) = std::fs::remove_dir_all(&dir) {
                tracing::warn!(dir = %dir.display(), %error, "an old index could not be removed");
            }
        }
    }
}

fn prepare(index: &mut Index) {
    index.tokenizers().register(NAME, TextAnalyzer::builder(Lines::default()).build());
}

/// Opens a directory; none where nothing was ever committed. Only a reader proves an index: opening alone succeeds with
/// segments missing.
fn open_one(
    disk: &Disk,
    dir: &Path,
    layout: &Arc<Layout>,
    schema: &Schema,
) -> Result<Option<Opened>, TantivyError> {
    let mut index = Index::open(disk(dir)?)?;
    prepare(&mut index);
    if index.schema() != layout.schema {
        return Err(TantivyError::SchemaError("the fields differ".to_owned()));
    }
    let reader = Reader::open(&index, Arc::clone(layout), schema)?;
    let meta = index.load_metas()?;
    if meta.payload.is_none() && meta.segments.is_empty() {
        return Ok(None);
    }
    let payload = meta.payload.and_then(|text| serde_json::from_str(&text).ok());
    let payload = payload.ok_or_else(|| TantivyError::InternalError("there is no payload".to_owned()))?;
    Ok(Some(Opened { index, reader, payload, dir: dir.to_owned() }))
}

/// Bytes of the files in a directory.
pub(crate) fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

/// Whether an error says that the files are unusable, and not only that they cannot be used now.
pub(crate) fn is_damage(error: &TantivyError) -> bool {
    let passing = |error: &io::Error| {
        use io::ErrorKind as K;
        // 23 and 24: too many open files.
        matches!(
            error.kind(),
            K::PermissionDenied
                | K::StorageFull
                | K::QuotaExceeded
                | K::ReadOnlyFilesystem
                | K::Interrupted
                | K::OutOfMemory
                | K::ResourceBusy
                | K::WouldBlock
        ) || matches!(error.raw_os_error(), Some(23 | 24))
    };
    match error {
        TantivyError::LockFailure(..) | TantivyError::SystemError(_) | TantivyError::ErrorInThread(_) => {
            false
        }
        TantivyError::IoError(error) => !passing(error),
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error, .. }) => {
            !passing(io_error)
        }
        _ => true,
    }
}
