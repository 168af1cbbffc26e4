//! Which rows of a table a walk visits: a range of keys and the way through it.

use crate::store::key::{Key, key_bytes, write_open_text};
use std::cmp::Ordering;
use std::ops::Bound;

/// The way through a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    #[default]
    Forward,
    /// Largest key first.
    Backward,
}

impl Direction {
    /// `Less` when a walk meets `a` before `b`.
    pub(super) fn order(self, a: &[u8], b: &[u8]) -> Ordering {
        match self {
            Self::Forward => a.cmp(b),
            Self::Backward => b.cmp(a),
        }
    }
}

/// A range of keys as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub(super) from: Bound<Vec<u8>>,
    pub(super) to: Bound<Vec<u8>>,
}

impl Span {
    /// Every row.
    pub fn all() -> Self {
        Self { from: Bound::Unbounded, to: Bound::Unbounded }
    }
    /// All keys that begin with these whole parts: `Span::of(&customer)` in an index by (customer, date).
    pub fn of<K: Key + ?Sized>(parts: &K) -> Self {
        Self::starting(key_bytes(parts))
    }
    /// All keys whose first part is a text that begins with `text`.
    pub fn of_text(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len());
        write_open_text(text.as_bytes(), &mut bytes);
        Self::starting(bytes)
    }
    /// From `first` (inside) to `end` (outside). Both may be the beginning of a longer key.
    pub fn between<A: Key + ?Sized, B: Key + ?Sized>(first: &A, end: &B) -> Self {
        Self { from: Bound::Included(key_bytes(first)), to: Bound::Excluded(key_bytes(end)) }
    }
    /// From `first` on.
    pub fn from<K: Key + ?Sized>(first: &K) -> Self {
        Self { from: Bound::Included(key_bytes(first)), to: Bound::Unbounded }
    }
    /// Up to `end`, which is outside.
    pub fn until<K: Key + ?Sized>(end: &K) -> Self {
        Self { from: Bound::Unbounded, to: Bound::Excluded(key_bytes(end)) }
    }
    /// All keys that begin with these bytes.
    pub fn starting(bytes: Vec<u8>) -> Self {
        let to = next_sibling(&bytes).map_or(Bound::Unbounded, Bound::Excluded);
        Self { from: Bound::Included(bytes), to }
    }
    /// The rest of this range behind the whole key `key`, in the direction of the walk. Give the last key of one
    /// page to get the next one; for an index that is the pair (indexed value, id).
    #[must_use]
    pub fn after<K: Key + ?Sized>(self, key: &K, direction: Direction) -> Self {
        self.after_bytes(key_bytes(key), direction)
    }
    /// The same for a key given as bytes.
    #[must_use]
    pub fn after_bytes(mut self, key: Vec<u8>, direction: Direction) -> Self {
        match direction {
            Direction::Forward => {
                if !matches!(&self.from, Bound::Included(b) | Bound::Excluded(b) if *b > key) {
                    self.from = Bound::Excluded(key);
                }
            }
            Direction::Backward => {
                if !matches!(&self.to, Bound::Included(b) | Bound::Excluded(b) if *b < key) {
                    self.to = Bound::Excluded(key);
                }
            }
        }
        self
    }
    /// True when no key can lie inside; walking such a range visits nothing.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b))
            | (Bound::Excluded(a), Bound::Included(b)) => a >= b,
            _ => false,
        }
    }
    /// The two ends as borrowed bytes.
    pub(super) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.from.as_ref().map(Vec::as_slice), self.to.as_ref().map(Vec::as_slice))
    }
}

/// The first bytes behind everything that begins with `bytes`; `None` when there are none.
fn next_sibling(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut next = bytes.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(span: &Span, key: &[u8]) -> bool {
        let from = match span.bounds().0 {
            Bound::Included(b) => key >= b,
            Bound::Excluded(b) => key > b,
            Bound::Unbounded => true,
        };
        let to = match span.bounds().1 {
            Bound::Included(b) => key <= b,
            Bound::Excluded(b) => key < b,
            Bound::Unbounded => true,
        };
        from && to
    }

    proptest! {
        #[test]
        fn a_prefix_range_holds_just_what_begins_with_it(
            prefix in prop::collection::vec(prop_oneof![Just(0u8), Just(255), any::<u8>()], 0..4),
            key in prop::collection::vec(prop_oneof![Just(0u8), Just(255), any::<u8>()], 0..6),
        ) {
            prop_assert_eq!(holds(&Span::starting(prefix.clone()), &key), key.starts_with(&prefix));
        }
        #[test]
        fn an_empty_range_holds_nothing(a: Vec<u8>, b: Vec<u8>, key: Vec<u8>) {
            let span = Span { from: Bound::Included(a), to: Bound::Excluded(b) };
            prop_assert!(!(span.is_empty() && holds(&span, &key)));
        }
    }

    #[test]
    fn a_text_prefix_finds_longer_texts_only_in_its_part() {
        let span = Span::of_text("ann");
        assert!(holds(&span, &key_bytes(&("anna".to_owned(), 7u64))));
        assert!(!holds(&span, &key_bytes(&("an".to_owned(), 7u64))));
        assert!(!holds(&Span::of("ann"), &key_bytes(&("anna".to_owned(), 7u64))));
    }

    #[test]
    fn behind_a_key_never_widens_a_range() {
        let span = Span::between(&5u64, &9u64);
        assert_eq!(span.clone().after(&3u64, Direction::Forward), span);
        assert_eq!(span.clone().after(&9u64, Direction::Backward).to, span.to);
        assert!(!holds(&span.after(&6u64, Direction::Forward), &key_bytes(&6u64)));
    }
}
