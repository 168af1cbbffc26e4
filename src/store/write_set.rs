//! The writes of a group in memory: sorted, readable before they are committed, and taken back to any mark.

use crate::base::error::Result;
use crate::store::span::{Direction, Span};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

/// What a walk calls for every row: key, value.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>> + 'v;

/// A value, or `None` for a row that is to be removed.
type Written = Option<Box<[u8]>>;
type Rows = BTreeMap<Box<[u8]>, Written>;

/// What one write replaced in the set: `None` when the set knew nothing of that key.
#[derive(Clone)]
struct Undo {
    table: &'static str,
    key: Box<[u8]>,
    before: Option<Written>,
}

/// Sorted writes by table, with the way back.
#[derive(Clone, Default)]
pub(super) struct WriteSet {
    tables: BTreeMap<&'static str, Rows>,
    undo: Vec<Undo>,
    /// Bytes written so far, taken back or not.
    bytes: usize,
}

/// A moment in a write set to which it can go back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

impl WriteSet {
    /// Notes that `key` shall have `value`, or be gone.
    pub(super) fn write(&mut self, table: &'static str, key: &[u8], value: Option<&[u8]>) {
        let key: Box<[u8]> = key.into();
        self.bytes += key.len() + value.map_or(0, <[u8]>::len);
        let before = self.tables.entry(table).or_default().insert(key.clone(), value.map(Into::into));
        self.undo.push(Undo { table, key, before });
    }
    /// `None` when this set does not touch the key, `Some(None)` when it removes it.
    pub(super) fn get(&self, table: &str, key: &[u8]) -> Option<Option<&[u8]>> {
        self.tables.get(table)?.get(key).map(|written| written.as_deref())
    }
    pub(super) fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }
    /// Takes back everything since the mark.
    pub(super) fn back_to(&mut self, mark: Mark) {
        while self.undo.len() > mark.0 {
            let Some(Undo { table, key, before }) = self.undo.pop() else { return };
            let Some(rows) = self.tables.get_mut(table) else { continue };
            match before {
                Some(written) => drop(rows.insert(key, written)),
                None => drop(rows.remove(&key)),
            }
        }
    }
    /// Forgets the way back: what is written so far stays.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }
    /// About how many bytes went in.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
    pub(super) fn is_empty(&self) -> bool {
        self.tables.values().all(BTreeMap::is_empty)
    }
    /// Adds what a later set wrote.
    pub(super) fn absorb(&mut self, later: Self) {
        self.bytes += later.bytes;
        for (table, rows) in later.tables {
            let own = self.tables.entry(table).or_default();
            if own.is_empty() {
                *own = rows;
            } else {
                own.extend(rows);
            }
        }
    }
    /// The keys of a table that this set touches, and whether they have a row then.
    pub(super) fn touched(&self, table: &str) -> impl Iterator<Item = (&[u8], bool)> {
        let rows = self.tables.get(table).into_iter().flatten();
        rows.map(|(key, value)| (key.as_ref(), value.is_some()))
    }
    /// Table by table in key order: what an engine applies.
    pub(super) fn tables(
        &self,
    ) -> impl Iterator<Item = (&'static str, impl Iterator<Item = (&[u8], Option<&[u8]>)>)> {
        self.tables
            .iter()
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(table, rows)| (*table, rows.iter().map(|(k, v)| (k.as_ref(), v.as_deref()))))
    }

    /// Walks the rows of `below` with the writes of this set over them.
    pub(super) fn walk_over(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        below: impl FnOnce(&mut Visit<'_>) -> Result<()>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if span.is_empty() {
            return Ok(());
        }
        let Some(rows) = self.tables.get(table).filter(|rows| !rows.is_empty()) else {
            return below(visit);
        };
        let mut written = rows.range::<[u8], (Bound<&[u8]>, Bound<&[u8]>)>(span.bounds());
        let mut next = || match direction {
            Direction::Forward => written.next(),
            Direction::Backward => written.next_back(),
        };
        let mut waiting = next();
        let mut stopped = false;
        below(&mut |key, value| {
            while let Some((own, change)) = waiting {
                let order = direction.order(own, key);
                if order == Ordering::Greater {
                    break;
                }
                waiting = next();
                let flow = match change {
                    Some(own_value) => visit(own, own_value)?,
                    None => ControlFlow::Continue(()),
                };
                stopped = flow.is_break();
                if stopped || order == Ordering::Equal {
                    return Ok(flow);
                }
            }
            let flow = visit(key, value)?;
            stopped = flow.is_break();
            Ok(flow)
        })?;
        while let Some((own, change)) = waiting.filter(|_| !stopped) {
            waiting = next();
            if let Some(own_value) = change {
                stopped = visit(own, own_value)?.is_break();
            }
        }
        Ok(())
    }
}
