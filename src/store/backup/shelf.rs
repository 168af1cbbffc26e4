//! The directory `backups/`: names, what is in it, what is known to be good, what is taken away.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::store::backup::format::{Header, io};
use crate::store::backup::keep::Keep;
use crate::store::backup::reader::last_sum;
use crate::store::backup::unpack::open;
use crate::store::disk::{make_dir, sync_parent};
use crate::store::journal::Mark;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The directory of backups in the data directory.
pub const FOLDER: &str = "backups";
const PREFIX: &str = "backroom-";
pub(super) const ENDING: &str = ".brb";
/// Beside a backup that was verified stands a note of this ending.
const NOTE: &str = "verified";
/// And of this one beside one that was copied to another place.
const COPIED: &str = "copied";
/// The same for a copy in another directory.
const FILED: &str = "filed";
const READING: &str = "The directory of backups cannot be read";
/// A name is at most so much later than what it names.
const SAME_SECOND_MS: i64 = 60_000;
/// The clocks of machines, and of one before and after it was set, may be so far apart.
pub(super) const APART_MS: i64 = HOUR_MS;

/// A backup on the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub file: String,
    pub bytes: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The last event in it.
    pub seq: u64,
    /// When it was last restored on trial and found good.
    pub verified_at: Option<Timestamp>,
    /// When it was copied to another place, and to which.
    pub copied: Option<Copied>,
    /// The same for a copy in another directory.
    pub filed: Option<Copied>,
}

impl Kept {
    /// Whether there is a copy of this name.
    pub fn is_at(&self, to: &str) -> bool {
        [&self.copied, &self.filed].into_iter().flatten().any(|copied| copied.to == to)
    }
}

/// The note beside a backup of which there is a copy elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    pub at: Timestamp,
    /// Endpoint, bucket and name.
    pub to: String,
}

/// The note beside a verified backup. The sum makes sure that it is about these bytes.
#[derive(Serialize, Deserialize)]
struct Note {
    verified_at: Timestamp,
    bytes: u64,
    sum: String,
}

/// The directory of backups.
#[derive(Clone, Debug)]
pub struct Shelf {
    dir: PathBuf,
}

impl Shelf {
    /// That of a data directory.
    pub fn of(data: &Path) -> Self {
        Self { dir: data.join(FOLDER) }
    }
    /// That of any directory, such as one that backups were copied to.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
    /// When the backup of this name was made; none for another file.
    pub fn made_at(name: &str) -> Option<Timestamp> {
        read_name(name).map(|(at, _)| at)
    }
    /// The last event in the backup of this name; none for another file.
    pub(super) fn seq_of(name: &str) -> Option<u64> {
        read_name(name).map(|(_, seq)| seq)
    }
    /// The places in the journal of the backups that say one.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn marks(&self) -> Result<Vec<(Kept, Mark)>> {
        let mark = |kept: &Kept| self.header(&kept.file).ok()?.journal;
        Ok(self.list()?.into_iter().filter_map(|kept| mark(&kept).map(|mark| (kept, mark))).collect())
    }
    /// What the backup of this name says of itself.
    ///
    /// # Errors
    /// `backup_damaged`, `not_a_backup`, `backup_format_newer`, `store_format_newer`, `backup_io`.
    pub fn header(&self, name: &str) -> Result<Header> {
        header_of(&self.dir.join(name))
    }
    /// Whether a backup has the name it was given: others are found by it, and would be taken for another moment. A name that
    /// is none of ours says nothing.
    pub fn is_named(name: &str, header: &Header) -> bool {
        // Of two of one second the later one is named as if made a second later.
        read_name(name).is_none_or(|(at, seq)| {
            seq == header.seq && (-1_000..SAME_SECOND_MS).contains(&at.since_ms(header.at))
        })
    }
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// Makes it, for its owner alone.
    ///
    /// # Errors
    /// `backup_io`.
    pub(super) fn make(&self) -> Result<()> {
        make_dir(&self.dir).map_err(|e| io("The directory of backups cannot be made", e))
    }
    /// The backups, newest first. Other files do not count.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn list(&self) -> Result<Vec<Kept>> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(io(READING, e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| io(READING, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some((at, seq)) = read_name(&name) else { continue };
            // One that was taken away meanwhile is not there.
            let Ok(about) = entry.metadata() else { continue };
            if about.is_file() {
                let verified_at = noted(&entry.path());
                let copy = |ending| {
                    let note = std::fs::read(entry.path().with_extension(ending)).ok()?;
                    serde_json::from_slice(&note).ok()
                };
                let (copied, filed) = (copy(COPIED), copy(FILED));
                found.push(Kept { file: name, bytes: about.len(), at, seq, verified_at, copied, filed });
            }
        }
        found.sort_by_key(|kept| std::cmp::Reverse((kept.at, kept.seq)));
        Ok(found)
    }
    /// When the newest backup that is known to be good was made. One of the future was made under a clock that was wrong, so
    /// it says nothing of that.
    pub fn last_verified(&self, now: Timestamp) -> Option<Timestamp> {
        let all = self.list().unwrap_or_default();
        let is_one = |kept: &&Kept| kept.verified_at.is_some() && kept.at <= now.plus_ms(APART_MS);
        all.iter().filter(is_one).map(|kept| kept.at).max()
    }
    /// The backups that are more than shall be kept, oldest last; removes them unless it is a rehearsal.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn prune(&self, keep: &Keep, is_rehearsal: bool) -> Result<Vec<Kept>> {
        self.prune_but(keep, None, is_rehearsal)
    }
    /// The same, but one stays in any case: it was just made, under a clock that may be years behind.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn prune_but(&self, keep: &Keep, stays: Option<&str>, is_rehearsal: bool) -> Result<Vec<Kept>> {
        let all = self.list()?;
        let chosen = keep.choose(&all.iter().map(|k| (k.at, k.verified_at.is_some())).collect::<Vec<_>>());
        let gone: Vec<Kept> = all.into_iter().zip(chosen).filter(|(_, kept)| !kept).map(|(k, _)| k).collect();
        let firsts = self.firsts(keep)?;
        let stays = |old: &Kept| stays == Some(old.file.as_str()) || firsts.contains(&old.file);
        let gone: Vec<Kept> = gone.into_iter().filter(|old| !stays(old)).collect();
        for old in gone.iter().filter(|_| !is_rehearsal) {
            let path = self.dir.join(&old.file);
            std::fs::remove_file(&path).map_err(|e| io("An old backup cannot be removed", e))?;
            // A note without its backup says nothing; list does not see it.
            let _gone = std::fs::remove_file(note_of(&path));
            let _gone = std::fs::remove_file(path.with_extension(COPIED));
            let _gone = std::fs::remove_file(path.with_extension(FILED));
        }
        Ok(gone)
    }
    /// The first backup of every journal, as long as days keep one: after a restore, which begins a new journal, the moments
    /// before it are still to be had from there, should it have been to the wrong one.
    fn firsts(&self, keep: &Keep) -> Result<BTreeSet<String>> {
        let marks = self.marks()?;
        let Some(newest) = marks.iter().map(|(kept, _)| kept.at).max() else { return Ok(BTreeSet::new()) };
        let most = i64::from(keep.daily).saturating_mul(DAY_MS);
        // The newest stand first, so that what is met last is the first of its journal.
        let firsts: BTreeMap<[u8; 16], Kept> =
            marks.into_iter().map(|(kept, mark)| (mark.life, kept)).collect();
        let young = firsts.into_values().filter(|kept| newest.since_ms(kept.at) < most);
        Ok(young.map(|kept| kept.file).collect())
    }
    /// Notes that a backup of the shelf was copied, to a directory or to a storage.
    ///
    /// # Errors
    /// `backup_io`; it will be copied again.
    pub fn note_copied(&self, file: &str, copied: &Copied, is_folder: bool) -> Result<()> {
        let ending = if is_folder { FILED } else { COPIED };
        let note = serde_json::to_vec(copied).map_err(Error::internal)?;
        std::fs::write(self.dir.join(file).with_extension(ending), note)
            .map_err(|e| io("The backup was copied, but that cannot be noted beside it", e))
    }
    /// Takes such a note away: the copy is not there.
    ///
    /// # Errors
    /// `backup_io`.
    pub fn forget_copied(&self, file: &str, is_folder: bool) -> Result<()> {
        let note = self.dir.join(file).with_extension(if is_folder { FILED } else { COPIED });
        match std::fs::remove_file(note) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(io("The note of a copy that is gone cannot be removed", e))
            }
            _ => Ok(()),
        }
    }
    /// A backup by its name on the shelf, or by its path.
    ///
    /// # Errors
    /// `no_backup`.
    pub fn find(&self, file: &Path) -> Result<PathBuf> {
        let on_shelf = (file.components().count() == 1).then(|| self.dir.join(file));
        let places = [Some(file.to_owned()), on_shelf];
        places.into_iter().flatten().find(|path| path.is_file()).ok_or_else(|| {
            let text = format!(
                "There is no backup {}. `backroom backup list` shows those there are.",
                file.display()
            );
            Error::refuse(Kind::NotFound, "no_backup", text)
        })
    }
    /// A path that no backup has, for one made at `at`: two of one second must not be one.
    pub(super) fn free_name(&self, mut at: Timestamp, seq: u64) -> (PathBuf, Timestamp) {
        loop {
            let path = self.dir.join(name(at, seq));
            if !path.exists() {
                return (path, at);
            }
            at = at.plus_ms(1_000);
        }
    }
}

/// What a backup says of itself.
///
/// # Errors
/// Those of [`Shelf::header`].
pub fn header_of(backup: &Path) -> Result<Header> {
    Ok(open(backup)?.header().clone())
}

/// Notes beside a backup that it was restored on trial and is good.
///
/// # Errors
/// `backup_io`; the backup is as good without the note.
pub fn note_verified(backup: &Path, at: Timestamp) -> Result<()> {
    let write = || {
        let file = File::open(backup)?;
        let note = Note { verified_at: at, bytes: file.metadata()?.len(), sum: hex(&last_sum(&file)?) };
        let part = backup.with_extension("verified.part");
        std::fs::write(&part, serde_json::to_vec(&note)?)?;
        File::open(&part)?.sync_all()?;
        std::fs::rename(&part, note_of(backup))?;
        sync_parent(backup)
    };
    write().map_err(|e| io("The backup is good, but that cannot be noted beside it", e))
}

/// Takes the note away: it turned out that it is not good.
pub fn forget_verified(backup: &Path) {
    let _gone = std::fs::remove_file(note_of(backup));
}

fn note_of(backup: &Path) -> PathBuf {
    backup.with_extension(NOTE)
}

/// What the note says when it is about these very bytes.
fn noted(backup: &Path) -> Option<Timestamp> {
    let note: Note = serde_json::from_slice(&std::fs::read(note_of(backup)).ok()?).ok()?;
    let file = File::open(backup).ok()?;
    let is_same = file.metadata().ok()?.len() == note.bytes && hex(&last_sum(&file).ok()?) == note.sum;
    is_same.then_some(note.verified_at)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20261127T193000Z`.
pub(super) fn stamp(at: Timestamp) -> String {
    at.jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `backroom-20261127T193000Z-000123.brb`.
fn name(at: Timestamp, seq: u64) -> String {
    format!("{PREFIX}{}-{seq:06}{ENDING}", stamp(at))
}

fn read_name(name: &str) -> Option<(Timestamp, u64)> {
    let (time, seq) = name.strip_prefix(PREFIX)?.strip_suffix(ENDING)?.split_once('-')?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some((Timestamp(at.as_millisecond()), seq.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_time_and_number() {
        let at = Timestamp::parse("2026-11-27T19:30:00Z").unwrap();
        assert_eq!(name(at, 123), "backroom-20261127T193000Z-000123.brb");
        assert_eq!(read_name("backroom-20261127T193000Z-000123.brb"), Some((at, 123)));
        assert_eq!(read_name(&name(at, 12_345_678)), Some((at, 12_345_678)));
        let header = |at: Timestamp, seq| Header {
            store_format: 1,
            epoch: [0; 16],
            seq,
            at,
            app_version: String::new(),
            tables: Vec::new(),
            salt: None,
            journal: None,
        };
        let made = at.plus_ms(345);
        assert!(
            Shelf::is_named(&name(at, 123), &header(made, 123))
                && Shelf::is_named("mine.brb", &header(made, 1))
        );
        assert!(Shelf::is_named(&name(at.plus_ms(2_000), 123), &header(made, 123)), "two of one second");
        assert!(!Shelf::is_named(&name(at, 124), &header(made, 123)));
        assert!(!Shelf::is_named(&name(at.plus_ms(86_400_000), 123), &header(made, 123)));
        for other in [
            "x.brb",
            "backroom-20261127T193000Z-1.brb.part",
            "backroom-20261327T193000Z-1.brb",
            "backroom-.brb",
        ] {
            assert_eq!(read_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_note_is_believed_for_its_own_bytes_only() {
        let data = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(data.path());
        shelf.make().unwrap();
        let at = Timestamp::parse("2026-11-27T19:30:00Z").unwrap();
        let (path, _) = shelf.free_name(at, 7);
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(
            (shelf.last_verified(at.plus_ms(60_000)), shelf.free_name(at, 7).1),
            (None, at.plus_ms(1_000))
        );
        note_verified(&path, at.plus_ms(5)).unwrap();
        assert_eq!(shelf.list().unwrap()[0].verified_at, Some(at.plus_ms(5)));
        assert_eq!(shelf.last_verified(at.plus_ms(60_000)), Some(at));
        std::fs::write(&path, [8; 100]).unwrap();
        assert_eq!(shelf.last_verified(at.plus_ms(60_000)), None);
    }

    #[test]
    fn pruning_takes_backup_and_note_and_rehearsing_takes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(data.path());
        shelf.make().unwrap();
        let at = Timestamp::parse("2026-11-27T19:30:00Z").unwrap();
        for n in 0..5 {
            let (path, made) = shelf.free_name(at.plus_ms(n * 60_000), 7);
            std::fs::write(&path, [0; 40]).unwrap();
            note_verified(&path, made).unwrap();
        }
        std::fs::write(shelf.dir().join("mine.txt"), "x").unwrap();
        let keep = Keep::default();
        assert_eq!(shelf.prune(&keep, true).unwrap().len(), 4);
        assert_eq!(shelf.list().unwrap().len(), 5);
        assert_eq!(shelf.prune(&keep, false).unwrap().len(), 4);
        assert_eq!(shelf.list().unwrap()[0].at, at.plus_ms(4 * 60_000));
        assert_eq!(std::fs::read_dir(shelf.dir()).unwrap().count(), 3);
    }
}
