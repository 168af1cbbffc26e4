//! Typed tables: a feature's records under their keys, with their secondary indexes kept in step.

use crate::base::error::{Error, Result};
use crate::store::check::{Findings, check_table};
use crate::store::fill::fill_table;
use crate::store::index::{IndexInfo, IndexRow};
use crate::store::key::{Key, key_bytes};
use crate::store::snapshot::{Read, Snapshot};
use crate::store::span::{Direction, Span};
use crate::store::tx::Tx;
use std::marker::PhantomData;
use std::ops::{Bound, ControlFlow};

/// The largest record as bytes. An order of 10,000 lines takes about 2 MB.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// What a table keeps. On disk: one version byte, then minicbor with numbered fields, so that a new optional field
/// needs no migration.
pub trait Record: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + Sized {
    /// What the record is found by.
    type Key: Key;
    /// Grows when the meaning of a field changes; then [`Record::from_row`] reads the older ones.
    const VERSION: u8 = 1;
    /// Every index that [`Record::index_keys`] may name.
    const INDEXES: &'static [IndexInfo] = &[];

    /// The rows of this record in the indexes; none by default. Pure: it sees the record and its key.
    fn index_keys(&self, key: &Self::Key) -> Vec<IndexRow> {
        let _none = key;
        Vec::new()
    }
    /// Reads the bytes behind the version byte.
    ///
    /// # Errors
    /// A sentence for the log when the bytes are no record of that version.
    fn from_row(version: u8, bytes: &[u8]) -> std::result::Result<Self, String> {
        if version != Self::VERSION {
            return Err(format!("version {version} is not known"));
        }
        minicbor::decode(bytes).map_err(|e| e.to_string())
    }
}

/// Rows between two keys that are walked through: more are leapt over.
const OTHERS_MAX: u32 = 3;

/// A record as bytes.
pub(super) fn encode<V: Record>(table: &'static str, record: &V) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(V::VERSION);
    minicbor::encode(record, &mut bytes)
        .map_err(|e| Error::internal(format!("a record of the table {table} cannot be written: {e}")))?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Error::invalid("record_too_large", "This is too large to be kept in one record."));
    }
    Ok(bytes)
}

/// The record of some bytes.
pub(super) fn decode<V: Record>(table: &'static str, bytes: &[u8]) -> Result<V> {
    let read = match bytes.split_first() {
        Some((version, rest)) => V::from_row(*version, rest),
        None => Err("it is empty".to_owned()),
    };
    read.map_err(|e| unreadable(table, &e))
}

pub(super) fn unreadable(table: &'static str, what: &str) -> Error {
    Error::internal(format!("a row of the table {table} cannot be read: {what}"))
}

/// Whether a backup holds a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    Keep,
    /// Left out: what a restored shop does better without, such as sessions.
    Skip,
}

/// Fills these indexes of a table from the records behind a key, at most so many; see [`crate::store::fill`].
pub(super) type Fill = fn(
    &TableInfo,
    &mut Tx<'_>,
    &[&'static str],
    (Option<Vec<u8>>, usize),
) -> Result<(usize, Option<Vec<u8>>)>;

/// What the store knows of a table, and what the registry lists.
#[derive(Clone, Copy)]
pub struct TableInfo {
    pub name: &'static str,
    /// The module it belongs to, such as `shop::orders`.
    pub owner: &'static str,
    pub indexes: &'static [IndexInfo],
    pub backup: Backup,
    /// Sequences that must not be behind the largest number in a table whose keys begin with a `u64`:
    /// (sequence, table or index).
    pub sequences: &'static [(&'static str, &'static str)],
    pub(super) check: fn(&TableInfo, &Snapshot, &mut Findings) -> Result<()>,
    pub(super) fill: Fill,
}

impl TableInfo {
    /// Leaves the table out of backups.
    #[must_use]
    pub const fn not_backed_up(self) -> Self {
        Self { backup: Backup::Skip, ..self }
    }
    /// Names the sequences that number its records; see [`TableInfo::sequences`].
    #[must_use]
    pub const fn numbered(self, sequences: &'static [(&'static str, &'static str)]) -> Self {
        Self { sequences, ..self }
    }
}

impl std::fmt::Debug for TableInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.name, self.owner)
    }
}

/// Every table of an open store.
pub(super) struct Registry {
    pub(super) tables: Vec<TableInfo>,
    /// Tables and indexes, sorted.
    names: Vec<&'static str>,
}

impl Registry {
    /// # Errors
    /// `Internal` when a name is used twice.
    pub(super) fn new(tables: Vec<TableInfo>) -> Result<Self> {
        let mut names: Vec<&'static str> = Vec::new();
        for table in &tables {
            names.push(table.name);
            names.extend(table.indexes.iter().map(|index| index.name));
        }
        names.sort_unstable();
        if let Some(twice) = names.array_windows().find_map(|[a, b]| (a == b).then_some(a)) {
            return Err(Error::internal(format!("the table {twice} is registered twice")));
        }
        Ok(Self { tables, names })
    }
    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }
    /// # Errors
    /// `Internal` for a table that no one registered, so that none is forgotten in backups and checks.
    pub(super) fn require(&self, table: &'static str) -> Result<()> {
        match self.names.binary_search(&table) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::internal(format!("the table {table} is not registered"))),
        }
    }
}

/// A table of records, declared once in its feature's `table.rs`. The name carries a version, such as `orders/1`.
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn(K) -> V>,
}

/// Some rows and whether there are more behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub more: bool,
}

impl<K: Key, V: Record<Key = K>> Table<K, V> {
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// For the registry; `owner` is the module, such as `shop::orders`.
    pub const fn info(&self, owner: &'static str) -> TableInfo {
        TableInfo {
            name: self.name,
            owner,
            indexes: V::INDEXES,
            backup: Backup::Keep,
            sequences: &[],
            check: check_table::<K, V>,
            fill: fill_table::<K, V>,
        }
    }

    /// The record under `key`.
    ///
    /// # Errors
    /// `Internal` when its bytes cannot be read; see also [`Read::get_raw`].
    pub fn get(&self, from: &(impl Read + ?Sized), key: &K) -> Result<Option<V>> {
        self.get_bytes(from, &key_bytes(key))
    }
    /// True when there is a record under `key`; it is not decoded.
    ///
    /// # Errors
    /// As [`Read::get_raw`].
    pub fn has(&self, from: &(impl Read + ?Sized), key: &K) -> Result<bool> {
        from.get_raw(self.name, &key_bytes(key), &mut |_| {})
    }
    fn get_bytes(&self, from: &(impl Read + ?Sized), key: &[u8]) -> Result<Option<V>> {
        let mut record = None;
        from.get_raw(self.name, key, &mut |bytes| record = Some(decode(self.name, bytes)))?;
        record.transpose()
    }

    /// Keeps a record, new or changed, and brings its index rows in step.
    ///
    /// # Errors
    /// `Conflict` `duplicate` when a unique index has that value for another record; nothing is written then.
    pub fn put(&self, tx: &mut Tx<'_>, key: &K, record: &V) -> Result<()> {
        let key_bytes = key_bytes(key);
        let bytes = encode(self.name, record)?;
        if V::INDEXES.is_empty() {
            return tx.write_raw(self.name, &key_bytes, Some(&bytes));
        }
        let before = self.get_bytes(tx, &key_bytes)?;
        let old = before.map(|record| record.index_keys(key)).unwrap_or_default();
        let new = record.index_keys(key);
        for row in new.iter().filter(|row| !old.contains(row)) {
            row.refuse_duplicate(tx, &key_bytes)?;
        }
        for row in old.iter().filter(|row| !new.iter().any(|n| n.same_place(row))) {
            tx.write_raw(row.index, &row.key, None)?;
        }
        for row in new.iter().filter(|row| !old.contains(row)) {
            tx.write_raw(row.index, &row.key, Some(&row.value))?;
        }
        tx.write_raw(self.name, &key_bytes, Some(&bytes))
    }
    /// Keeps a record under a key that is new by its making, in a table without unique indexes.
    pub(super) fn add(&self, tx: &mut Tx<'_>, key: &K, record: &V) -> Result<()> {
        for row in record.index_keys(key) {
            tx.write_raw(row.index, &row.key, Some(&row.value))?;
        }
        tx.write_raw(self.name, &key_bytes(key), Some(&encode(self.name, record)?))
    }
    /// Removes a record and its index rows; false when there was none.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn delete(&self, tx: &mut Tx<'_>, key: &K) -> Result<bool> {
        let key_bytes = key_bytes(key);
        if V::INDEXES.is_empty() {
            let there = tx.get_raw(self.name, &key_bytes, &mut |_| {})?;
            if there {
                tx.write_raw(self.name, &key_bytes, None)?;
            }
            return Ok(there);
        }
        let Some(record) = self.get_bytes(tx, &key_bytes)? else { return Ok(false) };
        for row in record.index_keys(key) {
            tx.write_raw(row.index, &row.key, None)?;
        }
        tx.write_raw(self.name, &key_bytes, None)?;
        Ok(true)
    }

    /// Visits the records under some keys, which are given in ascending order; those that there are not are left out.
    /// Keys that are near each other are found by walking from one to the next, which costs a fraction of looking each
    /// one up.
    ///
    /// # Errors
    /// As [`Table::get`], and those of the visitor, which is told the place of the key.
    pub fn visit_many(
        &self,
        from: &(impl Read + ?Sized),
        keys: &[K],
        mut visit: impl FnMut(usize, V) -> Result<()>,
    ) -> Result<()> {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key_bytes(key)).collect();
        let mut at = 0;
        while let (Some(next), Some(last)) = (keys.get(at), keys.last()) {
            let span = Span { from: Bound::Included(next.clone()), to: Bound::Included(last.clone()) };
            let (mut others, mut is_end) = (0, true);
            from.walk_raw(self.name, &span, Direction::Forward, &mut |key, value| {
                while keys.get(at).is_some_and(|wanted| wanted.as_slice() < key) {
                    at += 1;
                }
                if keys.get(at).is_some_and(|wanted| wanted == key) {
                    visit(at, decode(self.name, value)?)?;
                    (at, others) = (at + 1, 0);
                } else {
                    others += 1;
                }
                is_end = at >= keys.len();
                let goes_on = !is_end && others < OTHERS_MAX;
                is_end |= goes_on;
                Ok(if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })?;
            // Nothing more is there, or the next one is too far to be walked to.
            if is_end {
                break;
            }
        }
        Ok(())
    }

    /// Visits the records of a range until the visitor breaks.
    ///
    /// # Errors
    /// As [`Read::walk_raw`]; `Internal` when a row cannot be read.
    pub fn walk(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        mut visit: impl FnMut(K, V) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        from.walk_raw(self.name, span, direction, &mut |key, value| {
            visit(self.key_of(key)?, decode(self.name, value)?)
        })
    }
    /// Visits the keys of a range without decoding the records.
    ///
    /// # Errors
    /// As [`Table::walk`].
    pub fn walk_keys(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        mut visit: impl FnMut(K) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        from.walk_raw(self.name, span, direction, &mut |key, _| visit(self.key_of(key)?))
    }
    fn key_of(&self, mut key: &[u8]) -> Result<K> {
        K::read(&mut key)
            .filter(|_| key.is_empty())
            .ok_or_else(|| unreadable(self.name, "its key is damaged"))
    }
    /// At most `limit` records of a range.
    ///
    /// # Errors
    /// As [`Table::walk`].
    pub fn list(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(K, V)>> {
        Ok(self.page(from, span, direction, limit)?.items)
    }
    /// At most `limit` records of a range, and whether there are more. The next page is the range
    /// [`Span::after`] the last key.
    ///
    /// # Errors
    /// As [`Table::walk`].
    pub fn page(
        &self,
        from: &(impl Read + ?Sized),
        span: &Span,
        direction: Direction,
        limit: usize,
    ) -> Result<Page<(K, V)>> {
        let mut page = Page { items: Vec::with_capacity(limit.min(64)), more: false };
        from.walk_raw(self.name, span, direction, &mut |key, value| {
            if page.items.len() == limit {
                page.more = true;
                return Ok(ControlFlow::Break(()));
            }
            page.items.push((self.key_of(key)?, decode(self.name, value)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(page)
    }
}
