//! What lists are sorted by: a number, or the beginning of a text.

use crate::base::error::{Error, Result};
use crate::search::fold::fold_key;
use crate::search::schema::{FieldDef, Schema, Shape};

/// Bytes of a text that lists are sorted by. Texts that begin alike for so long stand newest first.
pub(crate) const TEXT_BYTES: usize = 32;
/// A run of digits longer than this is compared as text.
const DIGITS_MAX: usize = 32;

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
    /// Reads what a list of records of one kind is sorted by: `total`, or `-total` for highest first; moments end in
    /// `_at` in JSON, so they may here; nothing is newest first.
    ///
    /// # Errors
    /// `unknown_sort` for what this list cannot be sorted by, or not for its reader.
    pub fn parse(text: &str, schema: &Schema, kind: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::Newest);
        }
        let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let name = name.strip_suffix("_at").unwrap_or(name);
        let is_offered = |f: &&FieldDef| f.sortable && f.kinds.contains(&kind) && schema.shows(f);
        let sortable: Vec<&FieldDef> = schema.fields().iter().filter(is_offered).collect();
        match sortable.iter().find(|f| f.name == name || f.aliases.contains(&name)) {
            Some(field) if field.shape == Shape::Time => {
                Ok(if descending { Self::Newest } else { Self::Oldest })
            }
            Some(field) => Ok(Self::By { field: field.name, descending }),
            None => {
                let names = sortable.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
                let message = format!("This list can be sorted by {names}.");
                Err(Error::invalid("unknown_sort", message).on("/sort"))
            }
        }
    }
}

/// The value of a document that a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortValue {
    Number(i64),
    /// The beginning of a text as `sort_text` gives it, filled up with zeros.
    Text([u8; TEXT_BYTES]),
}

impl SortValue {
    /// The value of a text that `sort_text` gave.
    pub(crate) fn text(text: &[u8]) -> Self {
        let mut bytes = [0; TEXT_BYTES];
        bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Self::Text(bytes)
    }
}

/// A text as lists are sorted by it: in the order of its letters whatever their case and marks, numbers in it by their
/// size, words of a closed list in the order of that list. Never longer than `TEXT_BYTES`; empty when there is nothing
/// to sort by.
pub(crate) fn sort_text(shape: Shape, text: &str) -> String {
    if let Shape::Word { values } = shape {
        let rank = values.iter().position(|v| *v == text).and_then(|rank| u32::try_from(rank).ok());
        return rank.and_then(|rank| char::from_u32(0x41 + rank)).map(String::from).unwrap_or_default();
    }
    let folded = fold_key(text);
    let mut out = String::with_capacity(TEXT_BYTES);
    let mut rest = folded.as_str();
    while let Some(c) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let len = if digits > 0 { digits } else { c.len_utf8() };
        let (piece, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        let number = piece.trim_start_matches('0');
        let count = u32::try_from(number.len()).unwrap_or(u32::MAX);
        let head = if digits > 0 && number.len() <= DIGITS_MAX { char::from_u32(0x30 + count) } else { None };
        let piece = if head.is_some() { number } else { piece };
        out.extend(head);
        out.push_str(piece);
        rest = after;
        if out.len() >= TEXT_BYTES {
            break;
        }
    }
    let end = (0..=TEXT_BYTES.min(out.len())).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
    out.truncate(end);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers_stand_where_people_look_for_them() {
        let value = |text: &str| SortValue::text(sort_text(Shape::Text, text).as_bytes());
        for order in [
            &["Abel", "Ágnes", "anna Berg", "Anna Bergh", "Örs", "Zoë", "Ирина", "Яков", "京都"][..],
            &["2", "10", "#99", "100", "10482"],
            &["A 2", "A-10", "A 11 x"],
        ] {
            assert!(order.is_sorted_by(|a, b| value(a) < value(b)), "{order:?}");
        }
    }
    #[test]
    fn words_of_a_list_stand_in_its_order() {
        let shape = Shape::Word { values: &["unpaid", "paid", "authorised"] };
        assert!(sort_text(shape, "unpaid") < sort_text(shape, "paid"));
        assert!(sort_text(shape, "paid") < sort_text(shape, "authorised"));
        assert_eq!(sort_text(shape, "nonsense"), "");
    }

    proptest! {
        #[test]
        fn a_text_to_sort_by_is_short_and_keeps_its_order_as_a_value(a: String, b: String) {
            let (a, b) = (sort_text(Shape::Text, &a), sort_text(Shape::Text, &b));
            prop_assert!(a.len() <= TEXT_BYTES && !a.contains('\0'));
            let values = (SortValue::text(a.as_bytes()), SortValue::text(b.as_bytes()));
            prop_assert_eq!(values.0.cmp(&values.1), a.cmp(&b));
        }
        #[test]
        fn whole_numbers_are_sorted_as_numbers(a: u64, b: u64) {
            let text = |n: u64| sort_text(Shape::Code, &n.to_string());
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }
    }
}
