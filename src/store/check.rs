//! The checker: every record read, every index row held against its record, both ways, and the chain of events.

use crate::base::error::{Error, Result};
use crate::store::events;
use crate::store::format;
use crate::store::index::IndexInfo;
use crate::store::key::Key;
use crate::store::sequence::sequence;
use crate::store::snapshot::{Read, Snapshot};
use crate::store::span::{Direction, Span};
use crate::store::table::{Record, Registry, TableInfo, decode};
use std::ops::ControlFlow;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Where: a table, or what a feature checks.
    pub place: &'static str,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// A check of a feature: totals, levels, cursors.
pub type Checker = fn(&Snapshot, &mut Findings) -> Result<()>;

/// What was found so far. The first thousand are kept, all are counted.
#[derive(Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

const KEPT_MAX: usize = 1_000;

impl Findings {
    pub fn add(&mut self, place: &'static str, what: impl Into<String>) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Finding { place, what: what.into() });
        }
    }
    /// How many there are, with those that were not kept.
    pub fn count(&self) -> u64 {
        self.count
    }
    pub(super) fn into_list(mut self) -> Vec<Finding> {
        let more = self.count.saturating_sub(self.kept.len() as u64);
        if more > 0 {
            self.kept.push(Finding { place: "check", what: format!("There are {more} more findings.") });
        }
        self.kept
    }
}

/// Checks everything the store knows of, then what the features know of.
pub(super) fn check_all(
    snapshot: &Snapshot,
    registry: &Registry,
    more: &[Checker],
    findings: &mut Findings,
) -> Result<()> {
    format::check(snapshot, findings)?;
    for table in &registry.tables {
        (table.check)(table, snapshot, findings)?;
        for (name, numbers) in table.sequences {
            check_sequence(snapshot, name, numbers, findings)?;
        }
    }
    events::verify(snapshot, format::events_anchor(snapshot)?, |what| findings.add("event/1", what))?;
    for checker in more {
        match checker(snapshot, findings) {
            // A record that cannot be read was found already; the other checks go on.
            Err(error) if error.code == "internal" => {
                findings.add("check", format!("A check could not be finished: {}.", error.cause_chain()));
            }
            done => done?,
        }
    }
    Ok(())
}

/// A sequence must not be behind the numbers that are in use.
fn check_sequence(
    snapshot: &Snapshot,
    name: &'static str,
    numbers: &'static str,
    findings: &mut Findings,
) -> Result<()> {
    let last = sequence(snapshot, name)?;
    snapshot.walk_raw(numbers, &Span::all(), Direction::Backward, &mut |mut key, _| {
        if let Some(largest) = u64::read(&mut key).filter(|n| *n > last) {
            findings.add(
                numbers,
                format!("The number {largest} is in use, but the sequence {name} is at {last}."),
            );
        }
        Ok(ControlFlow::Break(()))
    })
}

/// Reads every record of a table and holds its index rows against it.
pub(super) fn check_table<K: Key, V: Record<Key = K>>(
    info: &TableInfo,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<()> {
    let mut expected: Vec<(IndexInfo, u64)> = V::INDEXES.iter().map(|index| (*index, 0)).collect();
    snapshot.walk_raw(info.name, &Span::all(), Direction::Forward, &mut |key_bytes, value| {
        let mut rest = key_bytes;
        let Some(key) = K::read(&mut rest).filter(|_| rest.is_empty()) else {
            findings.add(info.name, format!("The key {} is damaged.", hex(key_bytes)));
            return Ok(ControlFlow::Continue(()));
        };
        let record: V = match decode(info.name, value) {
            Ok(record) => record,
            Err(error) => {
                let why = error.cause_chain();
                findings.add(info.name, format!("The record {} cannot be read: {why}.", hex(key_bytes)));
                return Ok(ControlFlow::Continue(()));
            }
        };
        let rows = record.index_keys(&key);
        for (place, row) in rows.iter().enumerate() {
            if rows.iter().take(place).any(|earlier| earlier.same_place(row)) {
                continue;
            }
            let Some((_, count)) = expected.iter_mut().find(|(index, _)| index.name == row.index) else {
                return Err(Error::internal(format!("{} does not name its index {}", info.name, row.index)));
            };
            *count += 1;
            let mut same = false;
            snapshot.get_raw(row.index, &row.key, &mut |value| same = value == row.value)?;
            if !same {
                let what = format!("The row of the record {} is missing or wrong.", hex(key_bytes));
                findings.add(row.index, what);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (index, count) in expected {
        check_index::<K, V>(info, index, count, snapshot, findings)?;
    }
    Ok(())
}

/// When an index has other rows than its records ask for, finds those that lead nowhere.
fn check_index<K: Key, V: Record<Key = K>>(
    info: &TableInfo,
    index: IndexInfo,
    expected: u64,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<()> {
    let mut rows = 0;
    snapshot.walk_raw(index.name, &Span::all(), Direction::Forward, &mut |_, _| {
        rows += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    if rows == expected {
        return Ok(());
    }
    snapshot.walk_raw(index.name, &Span::all(), Direction::Forward, &mut |key, value| {
        let mut belongs = false;
        if let Some(id) = (index.id_of)(key, value) {
            snapshot.get_raw(info.name, &id, &mut |bytes| {
                let record: Option<V> = decode(info.name, bytes).ok();
                let asked = record.zip(K::read(&mut id.as_slice())).map(|(r, k)| r.index_keys(&k));
                belongs = asked.is_some_and(|rows| {
                    rows.iter().any(|row| row.index == index.name && row.key == key && row.value == value)
                });
            })?;
        }
        if !belongs {
            findings.add(index.name, format!("The row {} belongs to no record.", hex(key)));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Bytes for people who look for them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
