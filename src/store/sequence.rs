//! Numbers that never repeat, and counters, both kept in the store.

use crate::base::error::{Error, Result};
use crate::store::key::key_bytes;
use crate::store::snapshot::Read;
use crate::store::table::{Record, Table, unreadable};
use crate::store::tx::Tx;
use minicbor::{Decode, Encode};

/// The last number given out, by name of the sequence.
pub(super) const SEQUENCES: Table<String, Last> = Table::new("sequence/1");
/// A sum, by name of the counter.
pub(super) const COUNTERS: Table<String, Sum> = Table::new("counter/1");

/// The last number given out.
#[derive(Encode, Decode)]
#[cbor(transparent)]
pub(super) struct Last(#[n(0)] u64);

impl Record for Last {
    type Key = String;
}

/// A sum that goes up and down.
#[derive(Encode, Decode)]
#[cbor(transparent)]
pub(super) struct Sum(#[n(0)] i64);

impl Record for Sum {
    type Key = String;
}

/// The last number a sequence gave out; 0 when it never did.
///
/// # Errors
/// As [`Read::get_raw`].
pub fn sequence(from: &(impl Read + ?Sized), name: &str) -> Result<u64> {
    Ok(SEQUENCES.get(from, &name.to_owned())?.map_or(0, |last| last.0))
}

/// The present sum of a counter; 0 when nothing was ever counted.
///
/// # Errors
/// As [`Read::get_raw`].
pub fn counter(from: &(impl Read + ?Sized), name: &str) -> Result<i64> {
    let mut sum = None;
    from.get_raw(COUNTERS.name(), &key_bytes(name), &mut |bytes| sum = Some(bytes.to_vec()))?;
    match sum {
        None => Ok(0),
        Some(bytes) => crate::store::table::decode::<Sum>(COUNTERS.name(), &bytes).map(|sum| sum.0),
    }
}

impl Tx<'_> {
    /// The next number of a sequence: 1, 2, 3 … without gaps, given back when this transaction is refused.
    ///
    /// # Errors
    /// As [`Read::get_raw`].
    pub fn next(&mut self, sequence: &'static str) -> Result<u64> {
        let name = sequence.to_owned();
        let last = SEQUENCES.get(self, &name)?.map_or(0, |last| last.0);
        let next = last.checked_add(1).ok_or_else(|| unreadable(SEQUENCES.name(), "no numbers are left"))?;
        SEQUENCES.put(self, &name, &Last(next))?;
        Ok(next)
    }
    /// Raises a sequence so that the next number is larger than `number`; it never goes down.
    ///
    /// # Errors
    /// As [`Read::get_raw`].
    pub fn at_least(&mut self, sequence: &'static str, number: u64) -> Result<()> {
        let name = sequence.to_owned();
        if SEQUENCES.get(self, &name)?.is_none_or(|last| last.0 < number) {
            SEQUENCES.put(self, &name, &Last(number))?;
        }
        Ok(())
    }
    /// Adds to a counter, or takes away.
    ///
    /// # Errors
    /// `Internal` when the sum does not fit; see also [`Read::get_raw`].
    pub fn count(&mut self, counter: &str, delta: i64) -> Result<()> {
        if delta == 0 {
            return Ok(());
        }
        let sum = crate::store::sequence::counter(self, counter)?
            .checked_add(delta)
            .ok_or_else(|| Error::internal(format!("the counter {counter} overflows")))?;
        COUNTERS.put(self, &counter.to_owned(), &Sum(sum))
    }
}
