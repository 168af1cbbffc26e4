//! The column that a list is sorted by, within one segment.

use super::layout::{column_name, is_sorted_as_text, sort_name};
use crate::search::order::SortValue;
use crate::search::schema::{FieldDef, Shape};
use std::io;
use std::ops::Bound;
use tantivy::SegmentReader;
use tantivy::columnar::{Cardinality, Column, StrColumn};

/// Values of a field by document. Within the segment each is one number: a text is its place among those of the
/// segment, doubled, so that a text that is not there has a place between its neighbours.
pub(crate) enum Ordered {
    Number(Column<i64>),
    Text(StrColumn),
}

impl Ordered {
    /// The column of a field; `None` when no document of the segment has a value, or lists cannot be sorted by it.
    pub(crate) fn open(segment: &SegmentReader, def: &FieldDef) -> Option<Self> {
        let fast = segment.fast_fields();
        if is_sorted_as_text(def) {
            return fast.str(&sort_name(def.name)).ok().flatten().map(Self::Text);
        }
        let numeric = matches!(def.shape, Shape::Number | Shape::Money | Shape::Date);
        let column = fast.column_opt::<i64>(&column_name(def.name)).ok().flatten();
        column.filter(|_| numeric).map(Self::Number)
    }
    /// Whether the values are numbers, and no document has several.
    pub(crate) fn has_one_each(&self) -> bool {
        matches!(self, Self::Number(column) if column.get_cardinality() != Cardinality::Multivalued)
    }
    /// The number of a document's value in this segment.
    pub(crate) fn first(&self, doc: u32) -> Option<i64> {
        match self {
            Self::Number(column) => column.first(doc),
            Self::Text(column) => column.ords().first(doc).and_then(there),
        }
    }
    /// The number of a value in this segment.
    pub(crate) fn number_of(&self, value: SortValue) -> io::Result<Option<i64>> {
        let (column, text) = match (self, value) {
            (Self::Number(_), SortValue::Number(number)) => return Ok(Some(number)),
            (Self::Text(column), SortValue::Text(text)) => (column, text),
            // A place of another order means nothing here.
            (Self::Number(_), SortValue::Text(_)) | (Self::Text(_), SortValue::Number(_)) => return Ok(None),
        };
        let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
        let wanted = text.get(..end).unwrap_or_default();
        if let Some(ord) = column.dictionary().term_ord(wanted)? {
            return Ok(there(ord));
        }
        let next = match column.dictionary().term_bounds_to_ord(Bound::Included(wanted), Bound::Unbounded)?.0
        {
            Bound::Included(ord) => ord,
            Bound::Excluded(ord) => ord.saturating_add(1),
            Bound::Unbounded => 0,
        };
        Ok(i64::try_from(next).ok().and_then(|ord| ord.checked_mul(2)))
    }
    /// The value of a number in this segment.
    pub(crate) fn value_of(&self, number: i64) -> io::Result<Option<SortValue>> {
        let column = match self {
            Self::Number(_) => return Ok(Some(SortValue::Number(number))),
            Self::Text(column) => column,
        };
        let mut text = Vec::new();
        let Ok(ord) = u64::try_from(number / 2) else { return Ok(None) };
        Ok(column.dictionary().ord_to_term(ord, &mut text)?.then(|| SortValue::text(&text)))
    }
}

/// The number of a text that is there.
fn there(ord: u64) -> Option<i64> {
    i64::try_from(ord).ok()?.checked_mul(2)?.checked_add(1)
}
