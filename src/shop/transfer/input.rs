//! What an import reads from: a file or bytes, plain, gzip or zstd, any number of times from the start.

use crate::base::error::{Error, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER: usize = 128 * 1024;

/// How files begin that people take for tables.
const SIGNS: [(&[u8], &str); 9] = [
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office program"),
    (b"{\\rtf", "a text document"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "an archive"),
];

/// One file of an import. It is read several times, so it must stay as it is meanwhile.
#[derive(Clone, Debug)]
pub struct Input {
    name: String,
    /// As messages call it: the path that somebody typed, or the name.
    told: String,
    from: From,
    /// The line its header is on, where it is a part of a file of refused rows.
    part: Option<u64>,
}

#[derive(Clone, Debug)]
enum From {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

/// Counts the bytes taken from the file itself, before unpacking, for the progress bar.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Input {
    pub fn path(path: &Path) -> Self {
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Self { name, told: path.display().to_string(), from: From::Path(path.to_owned()), part: None }
    }
    /// A file that lies under another name than its own.
    pub fn path_named(path: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), told: name.to_owned(), from: From::Path(path.to_owned()), part: None }
    }
    /// Where it lies; `None` for bytes.
    pub fn plain_path(&self) -> Option<&Path> {
        match &self.from {
            From::Path(path) => Some(path),
            From::Bytes(_) => None,
        }
    }
    /// For pasted text and tests.
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.to_owned(), told: name.to_owned(), from: From::Bytes(bytes.into()), part: None }
    }
    /// The part of it whose header is on this line.
    #[must_use]
    pub fn part_from(&self, line: u64) -> Self {
        Self { part: Some(line), ..self.clone() }
    }
    /// The line its header is on, where it is a part of a file.
    pub fn part(&self) -> Option<u64> {
        self.part
    }
    /// The file's name without its folder, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Bytes of the file as it lies there, packed or not.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub fn size(&self) -> Result<u64> {
        match &self.from {
            From::Path(path) => path.metadata().map(|m| m.len()).map_err(|e| self.unreadable(e)),
            From::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }
    /// Opens it from the start, unpacked; packing is known by the first bytes, not by the name.
    ///
    /// # Errors
    /// `file_unreadable`, or `file_is_workbook` for an Excel file.
    pub fn open(&self, meter: &Meter) -> Result<Box<dyn BufRead + Send>> {
        let raw: Box<dyn Read + Send> = match &self.from {
            From::Path(path) => Box::new(File::open(path).map_err(|e| self.unreadable(e))?),
            From::Bytes(bytes) => Box::new(io::Cursor::new(Arc::clone(bytes))),
        };
        let mut plain = BufReader::with_capacity(BUFFER, Metered { raw, meter: meter.clone() });
        let first = plain.fill_buf().map_err(|e| self.unreadable(e))?;
        Ok(if first.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(plain)))
        } else if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Box::new(BufReader::with_capacity(BUFFER, Frames::Between(plain)))
        } else if first.starts_with(b"PK\x03\x04") {
            return Err(Error::invalid(
                "file_is_workbook",
                format!(
                    "{} is a zip file or a broken workbook. Save the sheet as .xlsx or CSV UTF-8.",
                    self.name
                ),
            ));
        } else {
            Box::new(plain)
        })
    }
    /// The refusal for a file that cannot be read or unpacked.
    pub fn unreadable(&self, cause: io::Error) -> Error {
        let why = match cause.kind() {
            io::ErrorKind::NotFound => ": there is no such file",
            io::ErrorKind::PermissionDenied => ": the rights to read it are missing",
            io::ErrorKind::IsADirectory => ": it is a folder",
            io::ErrorKind::UnexpectedEof => ": it ends too early",
            _ => "",
        };
        Error::invalid("file_unreadable", format!("{} cannot be read{why}.", self.told)).because(cause)
    }
    /// Refuses pictures and documents by their first bytes, and bytes that no text has unless its letters are wide.
    ///
    /// # Errors
    /// `file_not_text`.
    pub fn refuse_foreign(&self, head: &[u8], is_wide: bool) -> Result<()> {
        let known = SIGNS.iter().find(|(sign, _)| head.starts_with(sign));
        let Some(what) =
            known.map(|(_, what)| *what).or_else(|| (!is_wide && is_binary(head)).then_some("no text"))
        else {
            return Ok(());
        };
        let text = format!(
            "{} is {what}, not a table. Import CSV, JSON lines or an Excel workbook (.xlsx), as they are or packed with gzip or zstd.",
            self.name
        );
        Err(Error::invalid("file_not_text", text))
    }
}

/// A stray zero is a damaged cell; many are no letters.
fn is_binary(head: &[u8]) -> bool {
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    head.len() >= 64 && zeros * 16 > head.len()
}

struct Metered<R> {
    raw: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buf)?;
        self.meter.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

type Frame<R> = ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>;

/// All frames of a zstd file one after another; the decoder itself stops after the first.
enum Frames<R: BufRead> {
    Between(R),
    Inside(Box<Frame<R>>),
    Broken,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Broken) {
                Self::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        *self = Self::Between(source);
                        return Ok(0);
                    }
                    *self = Self::Inside(Box::new(Frame::new(source).map_err(io::Error::other)?));
                }
                Self::Inside(mut frame) => {
                    let count = frame.read(buf)?;
                    if count > 0 || buf.is_empty() {
                        *self = Self::Inside(frame);
                        return Ok(count);
                    }
                    *self = Self::Between(frame.into_inner());
                }
                Self::Broken => return Err(io::Error::other("the zstd data is damaged")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> Result<String> {
        let input = Input::bytes("x", bytes);
        let mut text = String::new();
        input.open(&Meter::default())?.read_to_string(&mut text).map_err(|e| input.unreadable(e))?;
        Ok(text)
    }
    fn gz(text: &str) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    }
    fn zst(text: &str) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn packed_files_are_unpacked_with_all_their_parts() {
        assert_eq!(read(b"a,b\n1,2\n").unwrap(), "a,b\n1,2\n");
        assert_eq!(read(&[gz("a,b\n"), gz("1,2\n")].concat()).unwrap(), "a,b\n1,2\n");
        assert_eq!(read(&[zst("a,b\n"), zst("1,2\n")].concat()).unwrap(), "a,b\n1,2\n");
    }

    #[test]
    fn damaged_and_foreign_files_are_refused_and_not_cut_short() {
        let whole = zst(&"a,b\n".repeat(10_000));
        assert_eq!(read(&whole[..whole.len() - 5]).unwrap_err().code, "file_unreadable");
        let whole = gz(&"a,b\n".repeat(10_000));
        assert_eq!(read(&whole[..whole.len() - 5]).unwrap_err().code, "file_unreadable");
        assert_eq!(read(b"PK\x03\x04rest").unwrap_err().code, "file_is_workbook");
        let nowhere = Input::path(Path::new("/nowhere/at-all.csv"));
        let told = nowhere.open(&Meter::default()).err().unwrap();
        assert_eq!(told.code, "file_unreadable");
        assert_eq!(told.message, "/nowhere/at-all.csv cannot be read: there is no such file.");
        let folder = tempfile::tempdir().unwrap();
        let told = Input::path(folder.path()).open(&Meter::default()).err().unwrap();
        assert!(told.message.ends_with("cannot be read: it is a folder."), "{}", told.message);
        // What was uploaded is not told where it lies.
        let told = Input::path_named(Path::new("/nowhere/7"), "a.csv").size().unwrap_err();
        assert_eq!(told.message, "a.csv cannot be read: there is no such file.");
    }

    #[test]
    fn the_meter_counts_what_was_read_of_the_file() {
        let bytes = gz("a,b\n1,2\n");
        let meter = Meter::default();
        let input = Input::bytes("x", bytes.clone());
        input.open(&meter).unwrap().read_to_end(&mut Vec::new()).unwrap();
        assert_eq!((meter.bytes(), input.size().unwrap()), (bytes.len() as u64, bytes.len() as u64));
    }
}
