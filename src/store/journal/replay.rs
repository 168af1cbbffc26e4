//! The reading end: what the journal has beyond the durable database, or why it cannot be trusted.

use crate::base::error::{Error, Kind, Result};
use crate::store::journal::folder::Folder;
use crate::store::journal::log::{failed, first_of, name};
use crate::store::journal::record::{self, HEAD, Head, Life, Place};
use crate::store::journal::write_set;
use crate::store::write_set::WriteSet;

/// What the durable database says of its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) life: Life,
    /// The last record that is in the database.
    pub(super) number: u64,
    /// The first number of the segment that was written to; 0 when there was none.
    pub(super) active: u64,
}

/// What was found.
pub(super) struct Found {
    /// Where the next record belongs.
    pub(super) next: Place,
    pub(super) records: u64,
    /// Some of it belongs to another store.
    pub(super) is_foreign: bool,
    /// The rest is damaged or missing, and whoever asked knows it.
    pub(super) is_cut: bool,
}

impl Found {
    /// Refuses what ends before a copy of it does, or notes it, as with anything else that is missing. Only what was durable
    /// is copied, and numbers that a copy has must not be given to other changes.
    pub(super) fn hold_against(&mut self, copied: u64, knows: bool) -> Result<()> {
        if copied >= self.next.number {
            if !knows {
                return Err(behind_its_copies(self.next.number - 1, copied));
            }
            self.is_cut = true;
        }
        Ok(())
    }
}

/// Gives the sets beyond `state.number` to `apply`, in order. Records that were never synced may be missing at the end;
/// anything else that is missing is refused, unless somebody `knows` it: then what is whole up to there is given.
///
/// # Errors
/// `store_damaged`, `store_format_newer`, `store_io`.
pub(super) fn replay(
    folder: &dyn Folder,
    state: Option<State>,
    tables: &[&'static str],
    knows: bool,
    apply: &mut dyn FnMut(WriteSet) -> Result<()>,
) -> Result<Found> {
    let firsts: Vec<u64> = folder.names().map_err(failed)?.iter().filter_map(|n| first_of(n)).collect();
    let none = |is_foreign| {
        let number = state.map_or(0, |s| s.number) + 1;
        Found { next: Place { number, previous: 0 }, records: 0, is_foreign, is_cut: false }
    };
    // A store that knows of no journal has none.
    let Some(state) = state else { return Ok(none(!firsts.is_empty())) };
    let mut walk = Walk { life: state.life, tables, beyond: state.number, next: None, records: 0, apply };
    let is_foreign = match walk.all(folder, state, &firsts) {
        Ok(is_foreign) => is_foreign,
        Err(error) if knows && error.code == "store_damaged" => {
            let next = Place { number: walk.last() + 1, previous: 0 };
            return Ok(Found { next, records: walk.records, is_foreign: false, is_cut: true });
        }
        Err(error) => return Err(error),
    };
    if is_foreign {
        return Ok(none(true));
    }
    let next = walk.next.filter(|next| next.number > state.number);
    let next = next.unwrap_or(none(false).next);
    Ok(Found { next, records: walk.records, is_foreign: false, is_cut: false })
}

struct Walk<'a> {
    life: Life,
    tables: &'a [&'static str],
    /// Records up to here are in the database.
    beyond: u64,
    next: Option<Place>,
    records: u64,
    apply: &'a mut dyn FnMut(WriteSet) -> Result<()>,
}

impl Walk<'_> {
    fn last(&self) -> u64 {
        self.next.map_or(self.beyond, |next| (next.number - 1).max(self.beyond))
    }
    /// Reads all segments; true when there is one of another store.
    fn all(&mut self, folder: &dyn Folder, state: State, firsts: &[u64]) -> Result<bool> {
        let needed = state.number + 1;
        if state.active > 0 && !firsts.contains(&state.active) {
            return Err(lost(state.number, "the segment that was written to is missing"));
        }
        for (place, first) in firsts.iter().enumerate() {
            // The next one begins early enough.
            if firsts.get(place + 1).is_some_and(|following| *following <= needed) {
                continue;
            }
            let bytes = folder.read(&name(*first)).map_err(failed)?;
            match record::read_head(&state.life, &bytes) {
                Head::Ours(begin) if begin.number == *first => {
                    // A database that speaks of no segment has what all of them held; some may be gone already.
                    let is_last = place + 1 == firsts.len() && state.active > 0;
                    self.segment(begin, bytes.get(HEAD..).unwrap_or_default(), is_last)?;
                }
                // Under the name of one that is needed it is as if that were missing.
                Head::Foreign if state.active > 0 => {
                    return Err(lost(self.last(), "a segment belongs to another shop"));
                }
                Head::Foreign => return Ok(true),
                Head::Newer => return Err(newer()),
                Head::Ours(_) | Head::Damaged => {
                    return Err(lost(self.last(), "the head of a segment is damaged"));
                }
            }
        }
        Ok(false)
    }
    /// Reads one segment; nothing of ours may stand behind what is read of the last one.
    fn segment(&mut self, begin: Place, mut bytes: &[u8], is_last: bool) -> Result<()> {
        let fits = self.next.map_or(begin.number <= self.beyond + 1, |next| next == begin);
        if !fits {
            return Err(lost(self.last(), "a segment is missing or damaged"));
        }
        let mut next = begin;
        while let Some(record) = record::read(&self.life, bytes).filter(|record| record.place == next) {
            if next.number > self.beyond {
                let mut set = WriteSet::default();
                write_set::decode(record.set, self.tables, &mut set).ok_or_else(newer)?;
                (self.apply)(set)?;
                self.records += 1;
            }
            next = record.next();
            bytes = bytes.get(record.size..).unwrap_or_default();
        }
        self.next = Some(next);
        if is_last && record::has_later(&self.life, bytes, next.number + 1) {
            return Err(lost(
                self.last(),
                "a record is damaged, or a segment is missing, and there was more behind it",
            ));
        }
        Ok(())
    }
}

fn lost(last: u64, why: &str) -> Error {
    let text = format!(
        "The journal beside store.redb is damaged behind change {last}: {why}. What follows cannot be brought back. \
         Put the directory journal back as it was, restore a backup, or open what there is with `backroom recover`, \
         which says what is missing."
    );
    Error::refuse(Kind::Internal, "store_damaged", text)
}

/// A disk that took back what it had said was written, or one that was set back by a copy of itself.
fn behind_its_copies(last: u64, copied: u64) -> Error {
    let text = format!(
        "The shop ends with change {last}, but its backups hold changes up to {copied}: the disk lost what it had said was \
         written, or an older copy of the shop lies here. `backroom backup restore` brings back what the backups hold; \
         `backroom recover` says what there is without it, and opens that."
    );
    Error::refuse(Kind::Internal, "store_damaged", text)
}

fn newer() -> Error {
    Error::conflict(
        "store_format_newer",
        "The journal was written by a newer backroom: run the newer program, or restore a backup made before the upgrade.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::crashing::{Bytes, Names};
    use crate::store::journal::log::Log;
    use std::sync::Arc;

    const LIFE: Life = [7; 16];
    const TABLES: &[&str] = &["rows/1"];

    /// Segments of so many records each, the first one numbered 1.
    fn written(segments: &[u64]) -> (Bytes, Names<Bytes>) {
        let disk = Bytes::default();
        let folder = Names(disk.clone());
        let (mut next, mut buffer) = (Place { number: 1, previous: 0 }, Vec::new());
        for count in segments {
            let leaf = folder.open(&name(next.number)).unwrap();
            let mut bytes = record::head(&LIFE, next);
            for _ in 0..*count {
                let mut set = WriteSet::default();
                set.write("rows/1", &next.number.to_be_bytes(), Some(b"row"));
                record::begin(&mut buffer);
                write_set::encode(&set, &mut buffer).unwrap();
                let sum = record::seal(&LIFE, next, 0, &mut buffer).unwrap();
                next = Place { number: next.number + 1, previous: sum };
                bytes.extend(&buffer);
            }
            bytes.resize(bytes.len() + 512, 0);
            leaf.write(0, &bytes).unwrap();
        }
        (disk, folder)
    }

    /// The numbers that are brought in, or the code of the refusal.
    fn brought(
        folder: &Names<Bytes>,
        number: u64,
        active: u64,
    ) -> std::result::Result<Vec<u64>, &'static str> {
        let mut numbers = Vec::new();
        let state = State { life: LIFE, number, active };
        let found = replay(folder, Some(state), TABLES, false, &mut |set| {
            numbers.extend(set.touched("rows/1").map(|(key, _)| u64::from_be_bytes(key.try_into().unwrap())));
            Ok(())
        })
        .map_err(|error| error.code)?;
        assert_eq!(found.records, numbers.len() as u64);
        assert_eq!(found.next.number, numbers.last().map_or(number, |last| *last) + 1);
        Ok(numbers)
    }

    #[test]
    fn what_the_database_lacks_is_brought_in_and_nothing_else() {
        let (_, folder) = written(&[5, 4, 3]);
        assert_eq!(brought(&folder, 0, 0).unwrap(), (1..=12).collect::<Vec<_>>());
        assert_eq!(brought(&folder, 4, 1).unwrap(), (5..=12).collect::<Vec<_>>());
        assert_eq!(brought(&folder, 5, 6).unwrap(), (6..=12).collect::<Vec<_>>());
        assert_eq!(brought(&folder, 11, 10).unwrap(), [12]);
        // A journal that is behind the database has nothing to say.
        assert_eq!(brought(&folder, 12, 10), Ok(vec![]));
        assert_eq!(brought(&folder, 40, 10), Ok(vec![]));
    }

    #[test]
    fn a_torn_end_is_cut_and_a_hole_is_refused() {
        let size = {
            let (_, folder) = written(&[1]);
            folder.read(&name(1)).unwrap().len() - HEAD - 512
        };
        let start = |n: usize| HEAD + n * size;
        for byte in 0..size {
            let (disk, folder) = written(&[5, 3]);
            disk.edit(&name(6), |bytes| bytes[start(2) + byte] ^= 1);
            let cut = brought(&folder, 0, 1);
            // What fills a record up says nothing.
            assert!(
                cut == Ok((1..=7).collect()) || byte > size - 8 && cut == Ok((1..=8).collect()),
                "{byte}"
            );
            let (disk, folder) = written(&[5, 3]);
            disk.edit(&name(6), |bytes| bytes[start(1) + byte] ^= 1);
            let hole = brought(&folder, 0, 1);
            assert!(hole == Err("store_damaged") || byte > size - 8 && hole.is_ok(), "{byte}: {hole:?}");
        }
        let (disk, folder) = written(&[5, 3]);
        disk.edit(&name(1), |bytes| bytes[start(4)] ^= 1);
        assert_eq!(brought(&folder, 0, 0), Err("store_damaged"));
        // The database has it already.
        assert_eq!(brought(&folder, 5, 6).unwrap(), [6, 7, 8]);
    }

    #[test]
    fn a_lost_segment_is_refused_unless_the_database_has_it() {
        for (gone, number, active, expected) in [
            (1, 0, 0, Err("store_damaged")),
            (6, 0, 1, Err("store_damaged")),
            (1, 5, 6, Ok(vec![6, 7, 8, 9])),
            (6, 9, 6, Err("store_damaged")),
            (8, 7, 6, Ok(vec![])),
            (8, 7, 8, Err("store_damaged")),
        ] {
            let (disk, folder) = written(&[5, 2, 2]);
            disk.remove(&name(gone));
            assert_eq!(brought(&folder, number, active), expected, "{gone} is gone");
        }
    }

    #[test]
    fn a_full_segment_says_that_it_is_not_the_last() {
        let (disk, folder) = written(&[5, 2, 2]);
        let next = Place { number: 8, previous: 0 };
        disk.edit(&name(6), |bytes| {
            let end = bytes.len() - 512;
            let says = record::goes_on(&LIFE, next).unwrap();
            bytes[end..end + says.len()].copy_from_slice(&says);
        });
        assert_eq!(brought(&folder, 3, 1).unwrap(), (4..=9).collect::<Vec<_>>());
        disk.remove(&name(8));
        assert_eq!(brought(&folder, 3, 1), Err("store_damaged"), "the database speaks of the first one yet");
        assert_eq!(brought(&folder, 9, 0), Ok(vec![]), "it needs none any more");
    }

    #[test]
    fn the_loss_of_a_segment_that_the_database_does_not_speak_of_yet_is_noticed() {
        let disk = Bytes::default();
        let folder = Names(disk.clone());
        let mut log = Log::new(Arc::new(Names(disk.clone())), Place { number: 1, previous: 0 }, 400);
        while disk.names().len() < 3 {
            let mut set = WriteSet::default();
            set.write("rows/1", &(log.last() + 1).to_be_bytes(), Some(b"row"));
            log.append(&LIFE, &set, 0).unwrap();
        }
        assert_eq!(brought(&folder, 0, 1).unwrap(), (1..=log.last()).collect::<Vec<_>>());
        let [_, second, third] = disk.names().try_into().unwrap();
        disk.remove(&third);
        assert_eq!(brought(&folder, 0, 1), Err("store_damaged"));
        // What notices it is the end of the one before.
        let says = record::goes_on(&LIFE, Place { number: first_of(&third).unwrap(), previous: 0 }).unwrap();
        disk.edit(&second, |bytes| {
            let at = bytes.windows(says.len()).position(|w| w == says).unwrap();
            bytes[at..at + says.len()].fill(0);
        });
        assert_eq!(brought(&folder, 0, 1).unwrap().len() as u64, first_of(&third).unwrap() - 1);
    }

    #[test]
    fn what_is_not_ours_is_not_taken() {
        let (_, folder) = written(&[2]);
        let state = Some(State { life: [8; 16], number: 0, active: 0 });
        let mut never = |_| Err(Error::internal("taken"));
        assert!(replay(&folder, state, TABLES, false, &mut never).unwrap().is_foreign);
        assert!(replay(&folder, None, TABLES, false, &mut never).unwrap().is_foreign);
        // It has the name of one that the database speaks of.
        let state = Some(State { life: [8; 16], number: 0, active: 1 });
        assert_eq!(replay(&folder, state, TABLES, false, &mut never).err().unwrap().code, "store_damaged");
        // A table that this program does not know.
        let state = Some(State { life: LIFE, number: 0, active: 0 });
        assert_eq!(
            replay(&folder, state, &["other/1"], false, &mut never).err().unwrap().code,
            "store_format_newer"
        );
        for (byte, code) in [(0, "store_damaged"), (11, "store_format_newer"), (30, "store_damaged")] {
            let (disk, folder) = written(&[2]);
            disk.edit(&name(1), |bytes| bytes[byte] = 0xFF);
            assert_eq!(brought(&folder, 0, 0), Err(code), "{byte}");
        }
    }

    #[test]
    fn what_is_left_of_an_earlier_use_is_not_taken() {
        let (old, _) = written(&[5]);
        let (_, folder) = written(&[5, 2]);
        let older = Names(old).read(&name(1)).unwrap();
        let mut bytes = folder.read(&name(6)).unwrap();
        let end = bytes.len() - 512;
        bytes.truncate(end);
        bytes.extend(&older[end..]);
        folder.open(&name(6)).unwrap().write(0, &bytes).unwrap();
        assert_eq!(brought(&folder, 5, 6).unwrap(), [6, 7]);
    }
}
