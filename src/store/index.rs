//! Secondary indexes: rows that lead from a value to the records that have it.

use crate::base::error::{Error, Result};
use crate::store::key::{Key, key_bytes};
use crate::store::snapshot::Read;
use crate::store::span::{Direction, Span};
use crate::store::table::{Page, unreadable};
use crate::store::tx::Tx;
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// What a table says about one of its indexes.
#[derive(Clone, Copy, Debug)]
pub struct IndexInfo {
    pub name: &'static str,
    /// At most one record per value.
    pub unique: bool,
    /// The key of the record that a row leads to, as bytes.
    pub(super) id_of: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
}

/// One row that a record has in an index; made by [`Index::row`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    pub(super) index: &'static str,
    unique: bool,
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// How much of `value` is the record's key; 0 where the key has it.
    id_len: usize,
}

impl IndexRow {
    pub(super) fn same_place(&self, other: &Self) -> bool {
        self.index == other.index && self.key == other.key
    }
    /// # Errors
    /// `duplicate` when another record than `id` has this value in a unique index.
    pub(super) fn refuse_duplicate(&self, tx: &Tx<'_>, id: &[u8]) -> Result<()> {
        if !self.unique {
            return Ok(());
        }
        let mut clash = false;
        tx.get_raw(self.index, &self.key, &mut |value| {
            clash = value.get(..self.id_len).is_none_or(|own| own != id);
        })?;
        if clash {
            let why = format!("the unique index {} has this value for another record", self.index);
            return Err(Error::conflict("duplicate", "Another record has this value already.").because(why));
        }
        Ok(())
    }
}

/// An index by `K` over records with the key `P`. A row may carry a few bytes of its own, for lists that need no
/// look at the record.
///
/// On disk the key is `K` then `P`; in a unique index it is `K`, and the value begins with `P`.
pub struct Index<K, P> {
    name: &'static str,
    unique: bool,
    types: PhantomData<fn(K) -> P>,
}

impl<K: Key, P: Key> Index<K, P> {
    /// Any number of records per value.
    pub const fn new(name: &'static str) -> Self {
        Self { name, unique: false, types: PhantomData }
    }
    /// At most one record per value.
    pub const fn unique(name: &'static str) -> Self {
        Self { name, unique: true, types: PhantomData }
    }
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// For [`Record::INDEXES`](crate::store::Record::INDEXES).
    pub const fn info(&self) -> IndexInfo {
        let id_of = if self.unique { id_in_value::<P> } else { id_in_key::<K, P> };
        IndexInfo { name: self.name, unique: self.unique, id_of }
    }
    /// The row that leads from `key` to the record `id`.
    pub fn row(&self, key: &K, id: &P) -> IndexRow {
        self.row_with(key, id, &[])
    }
    /// The same with some bytes beside it.
    pub fn row_with(&self, key: &K, id: &P, extra: &[u8]) -> IndexRow {
        let mut row_key = key_bytes(key);
        let mut value = Vec::with_capacity(16 + extra.len());
        if self.unique {
            id.write(&mut value);
        } else {
            id.write(&mut row_key);
        }
        let id_len = value.len();
        value.extend_from_slice(extra);
        IndexRow { index: self.name, unique: self.unique, key: row_key, value, id_len }
    }

    /// Visits (value, record key, extra bytes) of a range until the visitor breaks.
    ///
    /// # Errors
    /// As [`Read::walk_raw`]; `Internal` when a row cannot be read.
    pub fn walk(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        mut visit: impl FnMut(K, P, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        from.walk_raw(self.name, span, direction, &mut |key, value| {
            let (value_of, id, extra) =
                self.parts(key, value).ok_or_else(|| unreadable(self.name, "its key is damaged"))?;
            visit(value_of, id, extra)
        })
    }
    fn parts<'v>(&self, mut key: &[u8], mut value: &'v [u8]) -> Option<(K, P, &'v [u8])> {
        let indexed = K::read(&mut key)?;
        let id = if self.unique { P::read(&mut value)? } else { P::read(&mut key)? };
        key.is_empty().then_some((indexed, id, value))
    }
    /// The first record with the value `key`: the only one in a unique index, else the one with the smallest key.
    ///
    /// # Errors
    /// As [`Index::walk`].
    pub fn first(&self, from: &(impl Read + ?Sized), key: &K) -> Result<Option<P>> {
        let mut found = None;
        self.walk(from, &Span::of(key), Direction::Forward, |_, id, _| {
            found = Some(id);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
    /// At most `limit` rows of a range: value and record key.
    ///
    /// # Errors
    /// As [`Index::walk`].
    pub fn list(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(K, P)>> {
        Ok(self.page(from, span, direction, limit)?.items)
    }
    /// At most `limit` rows of a range, and whether there are more. The next page is the range [`Span::after`] the
    /// last pair (in a unique index after its value alone).
    ///
    /// # Errors
    /// As [`Index::walk`].
    pub fn page(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        limit: usize,
    ) -> Result<Page<(K, P)>> {
        let mut page = Page { items: Vec::with_capacity(limit.min(64)), more: false };
        self.walk(from, span, direction, |key, id, _| {
            if page.items.len() == limit {
                page.more = true;
                return Ok(ControlFlow::Break(()));
            }
            page.items.push((key, id));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(page)
    }
    /// How many rows a range has, counted up to `most`.
    ///
    /// # Errors
    /// As [`Read::walk_raw`].
    pub fn count(&self, from: &(impl Read + ?Sized), span: &Span, most: u64) -> Result<u64> {
        let mut rows = 0;
        from.walk_raw(self.name, span, Direction::Forward, &mut |_, _| {
            if rows == most {
                return Ok(ControlFlow::Break(()));
            }
            rows += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }
}

fn id_in_value<P: Key>(_: &[u8], mut value: &[u8]) -> Option<Vec<u8>> {
    P::read(&mut value).map(|id| key_bytes(&id))
}

fn id_in_key<K: Key, P: Key>(mut key: &[u8], _: &[u8]) -> Option<Vec<u8>> {
    K::read(&mut key)?;
    P::read(&mut key).filter(|_| key.is_empty()).map(|id| key_bytes(&id))
}
