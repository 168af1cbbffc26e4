//! The bytes of a segment: a head that says whose it is and where it begins, then records one behind the other.
//!
//! ```text
//! head    "BRJOURNL"  version u32  life 16 bytes  first u64  previous u32  checksum u32
//! record  length u32  checksum u32  number u64  time i64  previous u32  write set, filled up to 8 bytes
//! ```
//!
//! Numbers are big-endian. A checksum covers the life of the journal and everything else in the head or the record, so
//! nothing of another store is taken for ours. A record holds the checksum of the one before it and the next number, so
//! it fits only behind the one it was written behind: what is left in a segment that is used again never does. A full
//! segment ends with one that fits nowhere, of the number behind that of the next segment: the last segment that ends so is
//! not the last there was.

use crc32fast::Hasher;

const MAGIC: &[u8; 8] = b"BRJOURNL";
/// The version of this layout.
const VERSION: u32 = 1;
/// Where the first record stands.
pub(super) const HEAD: usize = 48;
const RECORD_HEAD: usize = 28;
/// Records begin at multiples of this.
const STEP: usize = 8;

/// Tells the journal of one store from any other.
pub(super) type Life = [u8; 16];

/// The place of a record in the row of all: its number, and the checksum of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) previous: u32,
}

/// The head of a segment whose first record has this place.
pub(super) fn head(life: &Life, first: Place) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_be_bytes());
    bytes.extend(life);
    bytes.extend(first.number.to_be_bytes());
    bytes.extend(first.previous.to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.resize(HEAD, 0);
    bytes
}

/// What the head of a segment says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Ours(Place),
    /// Of another store.
    Foreign,
    /// Written by a newer program.
    Newer,
    Damaged,
}

pub(super) fn read_head(life: &Life, bytes: &[u8]) -> Head {
    let Some((MAGIC, rest)) = bytes.split_first_chunk::<8>() else { return Head::Damaged };
    let Some((version, rest)) = rest.split_first_chunk::<4>() else { return Head::Damaged };
    match u32::from_be_bytes(*version) {
        VERSION => {}
        newer if newer > VERSION => return Head::Newer,
        _ => return Head::Damaged,
    }
    let fields = || {
        let (whose, rest) = rest.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (previous, rest) = rest.split_first_chunk::<4>()?;
        let sum = rest.first_chunk::<4>()?;
        let is_whole = crc32fast::hash(bytes.get(..40)?) == u32::from_be_bytes(*sum);
        let place = Place { number: u64::from_be_bytes(*number), previous: u32::from_be_bytes(*previous) };
        is_whole.then_some((whose, place))
    };
    match fields() {
        Some((whose, place)) if whose == life => Head::Ours(place),
        Some(_) => Head::Foreign,
        None => Head::Damaged,
    }
}

/// Whose a segment is by its head, where that is whole and of this layout.
pub(super) fn life_of(bytes: &[u8]) -> Option<Life> {
    let life: Life = *bytes.get(12..)?.first_chunk::<16>()?;
    matches!(read_head(&life, bytes), Head::Ours(_)).then_some(life)
}

/// A record as it stands in a segment.
pub(super) struct Record<'a> {
    pub(super) place: Place,
    pub(super) sum: u32,
    /// When it was written.
    pub(super) at: i64,
    pub(super) set: &'a [u8],
    /// Bytes it takes, with what fills it up.
    pub(super) size: usize,
}

impl Record<'_> {
    /// Where the record behind it belongs.
    pub(super) fn next(&self) -> Place {
        Place { number: self.place.number + 1, previous: self.sum }
    }
}

/// Begins a record: the write set is put behind what this gives, then [`seal`] fills in the rest.
pub(super) fn begin(into: &mut Vec<u8>) {
    into.clear();
    into.resize(RECORD_HEAD, 0);
}

/// Fills in the head of a record that was begun; gives its checksum. `None` when it is larger than a record can be.
pub(super) fn seal(life: &Life, place: Place, at: i64, record: &mut Vec<u8>) -> Option<u32> {
    let length = u32::try_from(record.len() - RECORD_HEAD).ok()?.to_be_bytes();
    let mut put = |from: usize, bytes: &[u8]| {
        let target = record.get_mut(from..from + bytes.len())?;
        target.copy_from_slice(bytes);
        Some(())
    };
    put(0, &length)?;
    put(8, &place.number.to_be_bytes())?;
    put(16, &at.to_be_bytes())?;
    put(24, &place.previous.to_be_bytes())?;
    let sum = checksum(life, &length, record.get(8..)?);
    record.get_mut(4..8)?.copy_from_slice(&sum.to_be_bytes());
    record.resize(record.len().next_multiple_of(STEP), 0);
    Some(sum)
}

/// What stands at the end of a full segment when the next one begins with this place.
pub(super) fn goes_on(life: &Life, next: Place) -> Option<Vec<u8>> {
    let mut record = Vec::new();
    begin(&mut record);
    seal(life, Place { number: next.number + 1, previous: 0 }, 0, &mut record)?;
    Some(record)
}

fn checksum(life: &Life, length: &[u8; 4], rest: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(life);
    hasher.update(length);
    hasher.update(rest);
    hasher.finalize()
}

/// The record at the beginning of `bytes`; `None` when there is no whole one.
pub(super) fn read<'a>(life: &Life, bytes: &'a [u8]) -> Option<Record<'a>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let covered = rest.get(..(RECORD_HEAD - 8).checked_add(len)?)?;
    let sum = u32::from_be_bytes(*sum);
    let (number, fields) = covered.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*number);
    // Zeros are what stands behind the last record.
    if number == 0 || checksum(life, length, covered) != sum {
        return None;
    }
    let (at, fields) = fields.split_first_chunk::<8>()?;
    let (previous, set) = fields.split_first_chunk::<4>()?;
    let place = Place { number, previous: u32::from_be_bytes(*previous) };
    let at = i64::from_be_bytes(*at);
    Some(Record { place, sum, at, set, size: (RECORD_HEAD + len).next_multiple_of(STEP) })
}

/// Whether a whole record of `number` or later stands anywhere in `bytes`, which begin where a record may.
pub(super) fn has_later(life: &Life, bytes: &[u8], number: u64) -> bool {
    (0..bytes.len()).step_by(STEP).any(|at| {
        bytes.get(at..).is_some_and(|rest| {
            // Looking at the number first spares nearly all checksums.
            let there = rest.get(8..16).and_then(|n| n.first_chunk::<8>()).map(|n| u64::from_be_bytes(*n));
            there.is_some_and(|n| n >= number && n - number < 1 << 32)
                && read(life, rest).is_some_and(|record| record.place.number >= number)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Life = [7; 16];

    fn record(place: Place, set: &[u8]) -> (Vec<u8>, u32) {
        let mut bytes = Vec::new();
        begin(&mut bytes);
        bytes.extend(set);
        let sum = seal(&LIFE, place, 5, &mut bytes).unwrap();
        (bytes, sum)
    }

    #[test]
    fn a_head_says_whose_it_is_and_any_changed_bit_is_seen() {
        let place = Place { number: 42, previous: 9 };
        let bytes = head(&LIFE, place);
        assert_eq!(bytes.len(), HEAD);
        assert_eq!(read_head(&LIFE, &bytes), Head::Ours(place));
        assert_eq!(read_head(&[8; 16], &bytes), Head::Foreign);
        for bit in 0..44 * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(read_head(&LIFE, &bytes), Head::Ours(place));
        }
        assert_eq!(read_head(&LIFE, &bytes[..40]), Head::Damaged);
    }

    #[test]
    fn a_record_is_read_as_written_or_not_at_all() {
        let place = Place { number: 3, previous: 77 };
        let (bytes, sum) = record(place, b"some rows");
        let read_back = read(&LIFE, &bytes).unwrap();
        assert_eq!((read_back.place, read_back.sum, read_back.set), (place, sum, b"some rows".as_slice()));
        assert_eq!((read_back.size, read_back.next().number), (bytes.len(), 4));
        for bit in 0..(RECORD_HEAD + 9) * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&LIFE, &bytes).is_none(), "bit {bit}");
        }
        for len in 0..RECORD_HEAD + 9 {
            assert!(read(&LIFE, &bytes[..len]).is_none());
        }
        assert!(read(&[8; 16], &bytes).is_none());
        assert!(read(&LIFE, &[0; 64]).is_none());
    }

    #[test]
    fn a_later_record_is_found_behind_damage_and_an_older_one_is_not() {
        let (bytes, _) = record(Place { number: 8, previous: 1 }, b"rows");
        let behind = [vec![0xA5; 40], bytes].concat();
        assert!(has_later(&LIFE, &behind, 8));
        assert!(!has_later(&LIFE, &behind, 9));
        assert!(!has_later(&[1; 16], &behind, 8));
    }
}
