//! What is asked of the index and what it answers.

use crate::base::error::{Error, Result};
use crate::base::id;
use crate::search::query::Query;
use crate::search::schema::{Schema, Shape};
use sha2::{Digest as _, Sha256};
use std::cmp::Ordering;
use std::fmt;

/// The most hits of one page.
pub const LIMIT_MAX: usize = 10_000;

/// The order of the hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the document's time: the index's own order, the cheapest.
    #[default]
    Newest,
    Oldest,
    /// Whole words before beginnings of words, each newest first. One page only.
    Best,
    /// By a sortable field; what has no value comes last, equal values newest first.
    By {
        field: &'static str,
        descending: bool,
    },
}

impl Sort {
    /// Reads `newest`, `oldest`, `best`, `total` or `-total` (highest first).
    ///
    /// # Errors
    /// `invalid_sort` for a field that lists cannot be sorted by.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match (name, schema.field(name)) {
            ("" | "newest", _) => Ok(Self::Newest),
            ("oldest", _) => Ok(Self::Oldest),
            ("best", _) => Ok(Self::Best),
            (_, Some(field)) if field.shape == Shape::Time => {
                Ok(if descending { Self::Newest } else { Self::Oldest })
            }
            (_, Some(field)) if field.sortable && is_numeric(field.shape) => {
                Ok(Self::By { field: field.name, descending })
            }
            _ => {
                let fields: Vec<&str> = schema
                    .fields()
                    .iter()
                    .filter(|f| f.sortable && is_numeric(f.shape))
                    .map(|f| f.name)
                    .collect();
                let message = format!("Sort by newest, oldest or one of: {}.", fields.join(", "));
                Err(Error::invalid("invalid_sort", message).on("/sort"))
            }
        }
    }
}

fn is_numeric(shape: Shape) -> bool {
    matches!(shape, Shape::Number | Shape::Money | Shape::Date)
}

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
    /// What the asker may see: both queries must match.
    pub and: Option<Query>,
    /// Whether a word that nothing was found for may be one typing mistake away.
    pub forgiving: bool,
}

impl<'a> Request<'a> {
    /// The newest 50 of all kinds, not counted.
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
            and: None,
            forgiving: true,
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
    /// Its place in this order.
    pub cursor: Cursor,
}

/// How often each value occurs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Facet {
    pub field: &'static str,
    /// Most frequent first; values of a closed list that do not occur are left out.
    pub values: Vec<(String, u64)>,
    /// Whether the whole result was counted; otherwise its first 10,000 documents were.
    pub exact: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub hits: Vec<Hit>,
    /// `None` when it was not asked for.
    pub total: Option<Total>,
    pub facets: Vec<Facet>,
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
    pub(crate) value: Option<i64>,
    pub(crate) time_ms: i64,
    pub(crate) id: [u8; 16],
    pub(crate) kind: u8,
    /// The mark of the list it is of: in another order the same place means nothing.
    pub(crate) list: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [head, place] = self.bytes();
        write!(f, "{}{}{}", id::to_text(&head), id::to_text(&place), id::to_text(&self.id))
    }
}

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
    /// Which list, which kind, whether there is a value, and a sum over everything; then value and time.
    fn bytes(&self) -> [[u8; 16]; 2] {
        let mut place = [0; 16];
        let (value, time) = place.split_at_mut(8);
        value.copy_from_slice(&self.value.unwrap_or(0).to_be_bytes());
        time.copy_from_slice(&self.time_ms.to_be_bytes());
        let mut head = [0; 16];
        let (list, rest) = head.split_at_mut(4);
        list.copy_from_slice(&self.list.to_be_bytes());
        let (kind, sum) = rest.split_at_mut(2);
        kind.copy_from_slice(&[self.kind, u8::from(self.value.is_some())]);
        let all =
            Sha256::new().chain_update(list).chain_update(kind).chain_update(place).chain_update(self.id);
        sum.iter_mut().zip(all.finalize()).for_each(|(sum, byte)| *sum = byte);
        [head, place]
    }
    fn read(text: &str) -> Option<Self> {
        let (head, rest) = text.split_at_checked(26)?;
        let (place, id) = rest.split_at_checked(26)?;
        let (head, place, id) = (id::from_text(head)?, id::from_text(place)?, id::from_text(id)?);
        let (value, time) = place.split_at_checked(8)?;
        let (list, rest) = head.split_at_checked(4)?;
        let (kind, has_value) = (*rest.first()?, *rest.get(1)?);
        let value = i64::from_be_bytes(value.try_into().ok()?);
        let time_ms = i64::from_be_bytes(time.try_into().ok()?);
        let list = u32::from_be_bytes(list.try_into().ok()?);
        let cursor = Self { value: (has_value == 1).then_some(value), time_ms, id, kind, list };
        // One that was changed on the way would begin somewhere else, and nobody would notice.
        (cursor.bytes() == [head, place]).then_some(cursor)
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
        fn a_cursor_reads_back(value: Option<i64>, time_ms: i64, id: [u8; 16], kind: u8, list: u32) {
            let cursor = Cursor { value, time_ms, id, kind, list };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        }
        #[test]
        fn any_text_is_a_cursor_or_refused(text: String) {
            let _parsed = Cursor::parse(&text);
        }
    }
}
