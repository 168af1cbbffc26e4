//! Indexes that came later than the records of their tables: they are given the rows of all records, a portion a
//! transaction, so that memory is bounded and an upgrade that is cut off goes on where it was.

use crate::base::error::{Error, Result};
use crate::store::format::{self, Step};
use crate::store::index::IndexRow;
use crate::store::key::Key;
use crate::store::snapshot::Read as _;
use crate::store::table::{Record, TableInfo, decode};
use crate::store::tx::Tx;
use crate::store::{Direction, Span};
use minicbor::{Decode, Encode};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Records whose rows are made in one transaction.
pub(super) const PORTION: usize = 10_000;
const KEY: &str = "filling";

/// How far it is; kept while it goes on, because an index that is half full does not look new any more.
#[derive(Encode, Decode)]
struct Filling {
    #[n(0)]
    table: String,
    /// The indexes of it that are filled.
    #[n(1)]
    new: Vec<String>,
    /// The last record whose rows are there.
    #[n(2)]
    after: Vec<u8>,
}

/// Makes the rows of at most so many records.
///
/// # Errors
/// Faults of the store only: a record that cannot be read is passed over, and told by the checker.
pub(super) fn fill_new_indexes(tx: &mut Tx<'_>, portion: usize) -> Result<Step> {
    let registry = Arc::clone(tx.registry());
    let begun = format::get(tx, KEY)?.map(|bytes| minicbor::decode::<Filling>(&bytes));
    let mut begun = begun.transpose().map_err(|e| Error::internal(e.to_string()))?;
    let mut left = portion;
    for table in &registry.tables {
        if begun.as_ref().is_some_and(|begun| begun.table != table.name) {
            continue;
        }
        let (new, after) = match begun.take() {
            Some(begun) => (named(table, &begun.new), Some(begun.after)),
            None => (new_indexes(table, tx)?, None),
        };
        if new.is_empty() {
            continue;
        }
        let (seen, stopped) = (table.fill)(table, tx, &new, (after, left.max(1)))?;
        left = left.saturating_sub(seen);
        if let Some(after) = stopped {
            let new = new.iter().map(|name| (*name).to_owned()).collect();
            let filling = Filling { table: table.name.to_owned(), new, after };
            let bytes = minicbor::to_vec(filling).map_err(|e| Error::internal(e.to_string()))?;
            format::put(tx, KEY, &bytes)?;
            return Ok(Step::More);
        }
    }
    format::remove(tx, KEY)?;
    Ok(Step::Done)
}

fn named(table: &TableInfo, names: &[String]) -> Vec<&'static str> {
    table.indexes.iter().map(|index| index.name).filter(|name| names.iter().any(|n| n == name)).collect()
}

/// The indexes of a table that have no row yet.
fn new_indexes(table: &TableInfo, tx: &Tx<'_>) -> Result<Vec<&'static str>> {
    let mut new = Vec::new();
    for index in table.indexes {
        let mut is_new = true;
        tx.walk_raw(index.name, &Span::all(), Direction::Forward, &mut |_, _| {
            is_new = false;
            Ok(ControlFlow::Break(()))
        })?;
        new.extend(is_new.then_some(index.name));
    }
    Ok(new)
}

/// Fills indexes of one table with the rows of at most `most` records behind a key; gives how many it has seen and, where
/// there may be more, the last one.
pub(super) fn fill_table<K: Key, V: Record<Key = K>>(
    table: &TableInfo,
    tx: &mut Tx<'_>,
    new: &[&'static str],
    (after, most): (Option<Vec<u8>>, usize),
) -> Result<(usize, Option<Vec<u8>>)> {
    let span = match after {
        Some(key) => Span::all().after_bytes(key, Direction::Forward),
        None => Span::all(),
    };
    let (mut rows, mut seen, mut stopped) = (Vec::<IndexRow>::new(), 0, None);
    tx.walk_raw(table.name, &span, Direction::Forward, &mut |bytes, value| {
        let mut key = bytes;
        if let (Some(key), Ok(record)) = (K::read(&mut key), decode::<V>(table.name, value)) {
            rows.extend(record.index_keys(&key).into_iter().filter(|row| new.contains(&row.index)));
        }
        seen += 1;
        if seen < most {
            return Ok(ControlFlow::Continue(()));
        }
        stopped = Some(bytes.to_vec());
        Ok(ControlFlow::Break(()))
    })?;
    rows.iter().try_for_each(|row| tx.write_raw(row.index, &row.key, Some(&row.value)))?;
    Ok((seen, stopped))
}
