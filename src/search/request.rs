//! What is asked of the index and what it answers.

use crate::base::error::{Error, Result};
use crate::base::id;
use crate::search::order::{Sort, SortValue, TEXT_BYTES};
use crate::search::query::Query;
use sha2::{Digest as _, Sha256};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The most hits of one page.
pub const LIMIT_MAX: usize = 10_000;

/// Values of a field that are counted for a filter: more than anybody reads.
pub(crate) const VALUES_MAX: usize = 200;

/// How far hits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    None,
    /// Exactly up to this many; the counting stops there. While typing 1,000, in lists 10,000.
    UpTo(u64),
}

/// How many documents match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Total {
    Exact(u64),
    MoreThan(u64),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub query: Query,
    /// Kinds by name; all when empty.
    pub kinds: Vec<&'a str>,
    pub sort: Sort,
    /// Hits of the page, at most `LIMIT_MAX`; 0 only counts.
    pub limit: usize,
    /// The page after this place; `before` wins when both are given.
    pub after: Option<Cursor>,
    /// The page before this place.
    pub before: Option<Cursor>,
    /// Marks the cursors of the answer, so that the asker knows them again.
    pub list: u32,
    pub count: Count,
    /// Fields whose values are counted over the result.
    pub facets: Vec<&'a str>,
    /// Values that are given back for a field, most frequent first.
    pub values_max: usize,
    /// What the asker may see: both queries must match.
    pub and: Option<Query>,
    /// Whether a word that nothing was found for may be one typing mistake away. Only for who says what was searched in
    /// its place: whoever acts on what is found would act on other records than were asked for.
    pub forgiving: bool,
    /// Kinds in which a word stands that is not mistyped then; those that are asked when empty.
    pub known_in: Vec<&'a str>,
    /// Fields in which a word of the query is best: what it is found in there comes before all else ([`Sort::Best`]).
    pub best_in: Vec<&'a str>,
}

impl<'a> Request<'a> {
    /// The newest 50 of all kinds, not counted, with words as they were typed.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            kinds: Vec::new(),
            sort: Sort::Newest,
            limit: 50,
            after: None,
            before: None,
            list: 0,
            count: Count::None,
            facets: Vec::new(),
            values_max: VALUES_MAX,
            and: None,
            forgiving: false,
            known_in: Vec::new(),
            best_in: Vec::new(),
        }
    }
    /// The newest 50 of one kind, counted to 10,000: a list.
    pub fn list(query: Query, kind: &'a str) -> Self {
        Self { kinds: vec![kind], count: Count::UpTo(10_000), ..Self::new(query) }
    }
}

/// A found record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub kind: &'static str,
    pub id: [u8; 16],
    pub time_ms: i64,
    /// Its place in this order: the cursor of a page that ends, or begins, with it.
    pub cursor: Cursor,
}

/// How often each value occurs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facet {
    pub field: &'static str,
    /// Most frequent first; values of a closed list that do not occur are left out.
    pub values: Vec<(String, u64)>,
    /// Whether the whole result was counted; otherwise its first 10,000 documents were, or without an index fewer.
    pub exact: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub hits: Vec<Hit>,
    /// `None` when it was not asked for.
    pub total: Option<Total>,
    /// Shared: the pages of a list have the same ones.
    pub facets: Arc<Vec<Facet>>,
    /// The `after` of the next page.
    pub next: Option<Cursor>,
    /// The `before` of the page before.
    pub prev: Option<Cursor>,
    /// There is no complete index at the moment: hits may be missing.
    pub degraded: bool,
    /// Typed words and the words searched in their place.
    pub corrected: Vec<(String, String)>,
    /// The query as it was evaluated, with corrections: what highlights are made with.
    pub query: Query,
}

/// A place in an order: opaque text outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The value of the field sorted by; `None` when sorting by time or without a value.
    pub(crate) value: Option<SortValue>,
    pub(crate) time_ms: i64,
    pub(crate) id: [u8; 16],
    pub(crate) kind: u8,
    /// The mark of the list it is of: in another order the same place means nothing.
    pub(crate) list: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks().iter().try_for_each(|block| f.write_str(&id::to_text(block)))
    }
}

/// Characters of a block of sixteen bytes.
const BLOCK: usize = 26;

impl Cursor {
    /// Reads the text form.
    ///
    /// # Errors
    /// `invalid_cursor` for anything that no answer gave.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text)
            .ok_or_else(|| Error::invalid("invalid_cursor", "Use a cursor from an answer, unchanged."))
    }
    /// The mark of the list it is of.
    pub fn list(&self) -> u32 {
        self.list
    }
    /// Which list, which kind, what value there is, and a sum over everything; then value and time, then the id; at the
    /// end a value that is a text.
    fn blocks(&self) -> Vec<[u8; 16]> {
        let (sort, number, text) = match self.value {
            None => (0, 0, None),
            Some(SortValue::Number(number)) => (1, number, None),
            Some(SortValue::Text(text)) => (2, 0, Some(text)),
        };
        let mut place = [0; 16];
        let (value, time) = place.split_at_mut(8);
        value.copy_from_slice(&number.to_be_bytes());
        time.copy_from_slice(&self.time_ms.to_be_bytes());
        let mut blocks = vec![[0; 16], place, self.id];
        if let Some(text) = text {
            blocks.extend(text.as_chunks::<16>().0);
        }
        let mut head = [0; 16];
        let (list, rest) = head.split_at_mut(4);
        list.copy_from_slice(&self.list.to_be_bytes());
        let (kind, sum) = rest.split_at_mut(2);
        kind.copy_from_slice(&[self.kind, sort]);
        let mut all = Sha256::new().chain_update(list).chain_update(kind);
        blocks.iter().skip(1).for_each(|block| all.update(block));
        sum.iter_mut().zip(all.finalize()).for_each(|(sum, byte)| *sum = byte);
        if let Some(first) = blocks.first_mut() {
            *first = head;
        }
        blocks
    }
    fn read(text: &str) -> Option<Self> {
        if !text.is_ascii() || !text.len().is_multiple_of(BLOCK) || text.len() > 5 * BLOCK {
            return None;
        }
        let block = |at: usize| id::from_text(text.get(at * BLOCK..(at + 1) * BLOCK)?);
        let (head, place, id) = (block(0)?, block(1)?, block(2)?);
        let (value, time) = place.split_at_checked(8)?;
        let (list, rest) = head.split_at_checked(4)?;
        let value = match *rest.get(1)? {
            1 => Some(SortValue::Number(i64::from_be_bytes(value.try_into().ok()?))),
            2 => {
                let mut text = [0; TEXT_BYTES];
                text.copy_from_slice([block(3)?, block(4)?].as_flattened());
                Some(SortValue::Text(text))
            }
            _ => None,
        };
        let time_ms = i64::from_be_bytes(time.try_into().ok()?);
        let list = u32::from_be_bytes(list.try_into().ok()?);
        let cursor = Self { value, time_ms, id, kind: *rest.first()?, list };
        // One that was changed on the way would begin somewhere else, and nobody would notice.
        (cursor.to_string() == text).then_some(cursor)
    }

    /// Which of two places comes first.
    pub(crate) fn compare(&self, other: &Self, sort: &Sort) -> Ordering {
        let newest = || {
            other
                .time_ms
                .cmp(&self.time_ms)
                .then_with(|| other.id.cmp(&self.id))
                .then(self.kind.cmp(&other.kind))
        };
        match sort {
            Sort::Newest | Sort::Best => newest(),
            Sort::Oldest => newest().reverse(),
            Sort::By { descending, .. } => {
                let by_value = match (self.value, other.value) {
                    (Some(a), Some(b)) if *descending => b.cmp(&a),
                    (Some(a), Some(b)) => a.cmp(&b),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                };
                by_value.then_with(newest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(
            number: Option<i64>,
            text: Option<[u8; TEXT_BYTES]>,
            time_ms: i64,
            id: [u8; 16],
            kind: u8,
            list: u32,
        ) {
            let value = text.map(SortValue::Text).or(number.map(SortValue::Number));
            let cursor = Cursor { value, time_ms, id, kind, list };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        }
        #[test]
        fn any_text_is_a_cursor_or_refused(text: String) {
            let _parsed = Cursor::parse(&text);
        }
    }
}
