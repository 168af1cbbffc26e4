//! Whether the files of an index are as they were written, by the sum at the end of each.
//!
//! They are read piece by piece: the library would map them, and a shop that nobody uses would seem to need as much memory as its
//! index has bytes.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use tantivy::Index;

/// Bytes at the end that say how long the note before them is, and what they are.
const TAIL: u64 = 8;
const MAGIC: u32 = 1_337;
/// Bytes of the note at most.
const NOTE_MAX: u64 = 50_000;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The note behind the content of a file.
#[derive(serde::Deserialize)]
struct Note {
    crc: u32,
}

/// The files of an index in `dir` that are not what they were, or are not there. Nobody is told of those that were not read when
/// it `is_over`.
pub(crate) fn damaged(
    index: &Index,
    dir: &Path,
    is_over: &dyn Fn() -> bool,
) -> tantivy::Result<Vec<PathBuf>> {
    let known = index.directory().list_managed_files();
    let mut damaged = Vec::new();
    for file in index.load_metas()?.list_segment_files().into_iter().filter(|file| known.contains(file)) {
        if !is_whole(&dir.join(&file), is_over)? {
            damaged.push(file);
        }
    }
    Ok(damaged)
}

fn is_whole(path: &Path, is_over: &dyn Fn() -> bool) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let len = file.metadata()?.len();
    let Some((content, note)) = parts(&mut file, len)? else { return Ok(false) };
    file.seek(SeekFrom::Start(0))?;
    let (mut hasher, mut piece) = (crc32fast::Hasher::new(), vec![0; PIECE]);
    let mut content = file.take(content);
    loop {
        if is_over() {
            return Ok(true);
        }
        let count = content.read(&mut piece)?;
        if count == 0 {
            return Ok(hasher.finalize() == note.crc);
        }
        hasher.update(piece.get(..count).unwrap_or_default());
    }
}

/// How long the content is, and the note behind it; none where there is none.
fn parts(file: &mut File, len: u64) -> io::Result<Option<(u64, Note)>> {
    let Some(at) = len.checked_sub(TAIL) else { return Ok(None) };
    let mut tail = [0; TAIL as usize];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut tail)?;
    let tail = u64::from_le_bytes(tail);
    let (note_len, magic) = (tail & u64::from(u32::MAX), tail >> 32);
    let Some(content) = at.checked_sub(note_len) else { return Ok(None) };
    if magic != u64::from(MAGIC) || note_len > NOTE_MAX {
        return Ok(None);
    }
    let mut note = Vec::new();
    file.seek(SeekFrom::Start(content))?;
    file.take(note_len).read_to_end(&mut note)?;
    Ok(serde_json::from_slice(&note).ok().map(|note| (content, note)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_until_anything_of_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.term");
        let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let note = format!("{{\"version\":{{}},\"crc\":{}}}", crc32fast::hash(&content));
        let mut whole = content;
        whole.extend(note.as_bytes());
        whole.extend((note.len() as u32).to_le_bytes());
        whole.extend(MAGIC.to_le_bytes());
        let is = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            is_whole(&path, &|| false).unwrap()
        };
        assert!(is(&whole));
        for at in [0, 300_000, 699_999, whole.len() - 12, whole.len() - 8, whole.len() - 3] {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert!(!is(&other), "a change at {at}");
        }
        for len in [0, 7, 8, 100, 700_000, whole.len() - 1] {
            assert!(!is(&whole[..len]), "cut off at {len}");
        }
        assert!(!is_whole(&dir.path().join("other.term"), &|| false).unwrap());
        whole[5] ^= 1;
        assert!(!is(&whole));
        assert!(is_whole(&path, &|| true).unwrap(), "whoever is not to read on says nothing against it");
    }
}
