//! The readers of the journal, for whoever throws noise at them.
#![cfg(any(test, fuzzing))]

use super::record::{self, HEAD, Place, begin, life_of, seal};
use super::write_set;
use crate::store::write_set::WriteSet;

const TABLES: &[&str] = &["meta/1", "event/1", "order/1", "counter/1"];

/// Reads bytes as a segment, and as the write set of a record whose checksum is right.
pub(crate) fn segment(bytes: &[u8]) {
    if let Some(life) = life_of(bytes) {
        let mut rest = bytes.get(HEAD..).unwrap_or_default();
        while let Some(found) = record::read(&life, rest) {
            let _refused = write_set::decode(found.set, TABLES, &mut WriteSet::default());
            rest = rest.get(found.size..).unwrap_or_default();
        }
    }
    let (life, place) = ([7; 16], Place { number: 1, previous: 0 });
    let mut made = Vec::new();
    begin(&mut made);
    made.extend(bytes);
    if seal(&life, place, 0, &mut made).is_some()
        && let Some(found) = record::read(&life, &made)
    {
        let _refused = write_set::decode(found.set, TABLES, &mut WriteSet::default());
        let _refused = write_set::pick(found.set, &|name| name == b"event/1", &mut Vec::new());
    }
    let _refused = record::read(&life, bytes);
}
