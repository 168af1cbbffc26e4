//! The directory of parts beside the backups: one folder a journal, one file a part, named by its first number.

use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::backup::format::io;
use crate::store::backup::shelf::Shelf;
use crate::store::backup::shipping::part::{self, Head, Keys};
use crate::store::disk::{make_dir, private_file, sync_parent};
use crate::store::journal::Mark;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the directory beside the backups.
pub const ROLLS: &str = "journal";
const ENDING: &str = ".brj";
const READING: &str = "The shipped journal cannot be read";
const WRITING: &str = "The shipped journal cannot be written";
/// Parts that no backup needs stay so long: one that is being made may need them.
const UNNEEDED: Duration = Duration::from_secs(2 * 24 * 3_600);

/// A part by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFile {
    pub first: u64,
    pub path: PathBuf,
    /// Folder and name, as they are in every copy.
    pub name: String,
}

/// The parts beside the backups of a shop.
#[derive(Clone, Debug)]
pub struct Roll {
    dir: PathBuf,
}

impl Roll {
    /// That of a directory of backups.
    pub fn of(backups: &Path) -> Self {
        Self { dir: backups.join(ROLLS) }
    }
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// The journals of which there are parts.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn lives(&self) -> Result<Vec<[u8; 16]>> {
        Ok(names(&self.dir)?.iter().filter_map(|name| read_life(name)).collect())
    }
    /// The parts of a journal, the oldest first.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn parts(&self, life: [u8; 16]) -> Result<Vec<PartFile>> {
        let folder = folder_of(life);
        let dir = self.dir.join(&folder);
        let mut found: Vec<PartFile> = names(&dir)?
            .into_iter()
            .filter_map(|own| {
                let first = read_first(&own)?;
                Some(PartFile { first, path: dir.join(&own), name: format!("{ROLLS}/{folder}/{own}") })
            })
            .collect();
        found.sort_by_key(|part| part.first);
        Ok(found)
    }
    /// The head of a part.
    ///
    /// # Errors
    /// `backup_damaged`, `backup_format_newer`, `backup_io`.
    pub fn head(part: &PartFile) -> Result<Head> {
        part::read_head(&part.path)
    }
    /// Writes a part over the one of this first number. One that is final is durable afterwards.
    pub(super) fn write(&self, life: [u8; 16], first: u64, bytes: &[u8], is_final: bool) -> Result<()> {
        let dir = self.dir.join(folder_of(life));
        make_dir(&dir).map_err(|e| io(WRITING, e))?;
        let target = dir.join(format!("{first:020}{ENDING}"));
        let part = dir.join("new.part");
        let write = || {
            let mut file = private_file(&part)?;
            file.write_all(bytes)?;
            if is_final {
                file.sync_all()?;
            }
            std::fs::rename(&part, &target)?;
            if is_final { sync_parent(&target) } else { Ok(()) }
        };
        write().map_err(|e| io(WRITING, e))
    }
    /// Removes the parts that end before the oldest backup of their journal; gives their names. `bases` are the places
    /// of all backups that stay.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn prune(&self, bases: &[Mark]) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for life in self.lives()? {
            let parts = self.parts(life)?;
            let oldest = bases.iter().filter(|base| base.life == life).map(|base| base.number).min();
            for (place, part) in parts.iter().enumerate() {
                let is_needed = match oldest {
                    // The last one may still grow.
                    Some(oldest) => parts.get(place + 1).is_none_or(|next| next.first > oldest + 1),
                    None => age_of(&part.path).is_none_or(|age| age < UNNEEDED),
                };
                if is_needed {
                    continue;
                }
                match std::fs::remove_file(&part.path) {
                    Err(e) if e.kind() != ErrorKind::NotFound => return Err(io(WRITING, e)),
                    _ => gone.push(part.name.clone()),
                }
            }
            // Only an empty one goes.
            let _gone = std::fs::remove_dir(self.dir.join(folder_of(life)));
        }
        Ok(gone)
    }
}

/// The last record of a journal that the backups in this directory or the parts beside them hold, and when it was written or
/// backed up. What cannot be read says nothing.
pub(in crate::store) fn last_copied(backups: &Path, life: [u8; 16]) -> Option<(u64, Timestamp)> {
    let parts = Roll::of(backups).parts(life).unwrap_or_default();
    // The last one may have been torn while it grew.
    let shipped = parts.iter().rev().find_map(|part| Roll::head(part).ok()).map(|head| (head.last, head.to));
    let marks = Shelf::at(backups).marks().unwrap_or_default();
    let of_life = marks.iter().filter(|(_, mark)| mark.life == life);
    of_life.map(|(kept, mark)| (mark.number, kept.at)).chain(shipped).max()
}

/// Whether a part that lies elsewhere is of the same history as the parts here, which hold the same changes up to its end:
/// none where they do not, and where they do, whether they are cut otherwise. Parts begin at the same numbers everywhere,
/// since they are copied from here; but a power cut may take one here back to an earlier state of it, and what came behind is
/// a part of its own then.
///
/// # Errors
/// `backup_damaged`, `backup_format_newer`, `backup_io`.
pub fn agrees(roll: &Roll, there: &Head, key: Option<&str>) -> Result<Option<bool>> {
    let parts = roll.parts(there.life)?;
    // What ends before the oldest one here went with the backups that needed it.
    if parts.first().is_none_or(|oldest| there.last < oldest.first) {
        return Ok(Some(false));
    }
    let Some(at) = parts.iter().position(|part| part.first == there.first) else { return Ok(None) };
    let (mut keys, mut first, mut plain, mut cut) = (Keys::new(key), None, Vec::new(), 0);
    for part in parts.iter().skip(at).take_while(|part| part.first <= there.last) {
        match part::read(&part.path, &mut keys) {
            Ok((head, more)) => {
                first.get_or_insert(head);
                plain.extend(more);
            }
            // Encrypted to an earlier key, so it does not grow any more.
            Err(error) if error.code.starts_with("backup_key") => {
                let head = Roll::head(part)?;
                let is_same = head.last > there.last || head.after == there.after;
                return Ok(is_same.then_some(false));
            }
            Err(error) => return Err(error),
        }
        cut += 1;
    }
    let is_same = first.is_some_and(|first| part::begins_with(&first, &plain, there));
    Ok(is_same.then_some(cut > 1))
}

/// The last part of a row and where the row begins: up to there each part fits behind the one before.
pub(super) fn last_row(parts: &[PartFile]) -> Option<(Head, u64)> {
    let mut heads = parts.iter().rev().map_while(|part| Roll::head(part).ok());
    let last = heads.next()?;
    let mut begins = last.clone();
    for earlier in heads {
        if !begins.fits_behind(&earlier) {
            break;
        }
        begins = earlier;
    }
    Some((last, begins.first))
}

impl Head {
    /// Whether this part goes on where the other one ends.
    pub(in crate::store::backup) fn fits_behind(&self, earlier: &Self) -> bool {
        self.life == earlier.life && self.first == earlier.last + 1 && self.before == earlier.after
    }
}

fn age_of(path: &Path) -> Option<Duration> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()?.elapsed().ok()
}

fn names(dir: &Path) -> Result<Vec<String>> {
    match std::fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()
            .map_err(|e| io(READING, e)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(io(READING, e)),
    }
}

/// `00112233445566778899aabbccddeeff`.
pub fn folder_of(life: [u8; 16]) -> String {
    life.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The journal of a folder.
pub fn read_life(name: &str) -> Option<[u8; 16]> {
    let is_hex = name.len() == 32 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_hex.then(|| u128::from_str_radix(name, 16).ok()).flatten().map(u128::to_be_bytes)
}

fn read_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}
