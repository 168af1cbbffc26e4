//! Lists in the order of a field: few matches are sorted; of many, the first are found by walking the field's order.

use super::walk::{Best, Walk};
use crate::search::index::{Ordered, Segment};
use crate::search::order::{Sort, SortValue};
use crate::search::query::tree::{Atom, Tree};
use crate::search::request::Cursor;
use std::cmp::Ordering;
use std::io;
use tantivy::TERMINATED;

/// Matches that are simply all looked at: some hundred microseconds.
const LOOK_AT_ALL: u32 = 20_000;
/// Documents of the field's order that are tried first for each row of the page: where nearly all match, that is all there is
/// to do. Each further try takes twice as many; behind so many all matches are looked at.
const TRIED_FOR_A_ROW: usize = 2;
const TRIED_MAX: usize = 32_768;

/// A page by the value of a field.
pub(crate) struct ByValue<'a> {
    pub(crate) field: u16,
    pub(crate) sort: &'a Sort,
    pub(crate) descending: bool,
    pub(crate) after: Option<&'a Cursor>,
    pub(crate) before: Option<&'a Cursor>,
    pub(crate) limit: usize,
}

impl ByValue<'_> {
    /// Candidates for the page: everything that can be on it, and some more.
    pub(crate) fn places(&self, walk: &Walk<'_>) -> tantivy::Result<Vec<Cursor>> {
        let mut found = Vec::new();
        for segment in &walk.generation.segments {
            let column = segment.columns.ordered(self.field);
            let within = Within {
                page: self,
                segment,
                column,
                after: self.after.map(|cursor| brought_in(cursor, column)).transpose()?,
                before: self.before.map(|cursor| brought_in(cursor, column)).transpose()?,
            };
            for kind in walk.kinds {
                for mut place in within.places(walk, kind)? {
                    if let (Some(column), Some(SortValue::Number(number))) = (column, place.value) {
                        place.value = column.value_of(number)?;
                    }
                    found.push(place);
                }
            }
        }
        Ok(found)
    }
}

/// A place as one segment numbers its values.
fn brought_in(cursor: &Cursor, column: Option<&Ordered>) -> io::Result<Cursor> {
    let value = match (cursor.value, column) {
        (Some(value), Some(column)) => column.number_of(value)?.map(SortValue::Number),
        // Nothing here has a value: whatever has one comes first.
        (value, None) => value.map(|_| SortValue::Number(0)),
        (None, _) => None,
    };
    Ok(Cursor { value, ..*cursor })
}

/// A page within one segment: every value is the number that it has there.
struct Within<'a> {
    page: &'a ByValue<'a>,
    segment: &'a Segment,
    column: Option<&'a Ordered>,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

impl Within<'_> {
    fn places(&self, walk: &Walk<'_>, kind: &(u8, Tree)) -> tantivy::Result<Vec<Cursor>> {
        let Some(docs) = walk.docs(self.segment, kind)? else { return Ok(Vec::new()) };
        if docs.size_hint() > LOOK_AT_ALL
            && self.before.is_none()
            && let Some(found) = self.in_order(walk, kind)?
        {
            return Ok(found);
        }
        self.all(walk, kind)
    }

    fn wanted(&self, place: &Cursor) -> bool {
        match (&self.before, &self.after) {
            (Some(before), _) => place.compare(before, self.page.sort) == Ordering::Less,
            (None, Some(after)) => place.compare(after, self.page.sort) == Ordering::Greater,
            (None, None) => true,
        }
    }

    /// Looks at all matches of the segment and keeps the best.
    fn all(&self, walk: &Walk<'_>, kind: &(u8, Tree)) -> tantivy::Result<Vec<Cursor>> {
        let (segment, limit, sort) = (self.segment, self.page.limit, self.page.sort);
        let mut nearest: Vec<Cursor> = Vec::new();
        let mut best = Best::new(limit, sort.clone());
        let Some(mut docs) = walk.docs(segment, kind)? else { return Ok(nearest) };
        let mut doc = docs.doc();
        while doc != TERMINATED {
            let value = self.column.and_then(|c| c.first(doc)).map(SortValue::Number);
            if !self.is_worse(&best, value) && segment.shows(doc, walk.waiting) {
                let place = Cursor { value, ..segment.place(doc) };
                if self.wanted(&place) {
                    if self.before.is_some() {
                        nearest.push(place);
                    } else {
                        best.add(place);
                    }
                }
            }
            doc = docs.advance();
        }
        if self.before.is_none() {
            best.cut();
            return Ok(best.places);
        }
        nearest.sort_unstable_by(|a, b| b.compare(a, sort));
        nearest.truncate(limit);
        Ok(nearest)
    }

    /// Whether a value cannot be on the page any more; saves reading the rest of the document.
    fn is_worse(&self, best: &Best, value: Option<SortValue>) -> bool {
        let Some(last) = best.last().filter(|_| self.before.is_none()) else { return false };
        match (value, last.value) {
            (Some(value), Some(edge)) if self.page.descending => value < edge,
            (Some(value), Some(edge)) => value > edge,
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    /// Walks the order of the field and tries each document; `None` when the matches are too far along.
    fn in_order(&self, walk: &Walk<'_>, kind: &(u8, Tree)) -> tantivy::Result<Option<Vec<Cursor>>> {
        let segment = self.segment;
        let Some(column) = self.column else { return Ok(None) };
        let Some(order) = segment.columns.by_value(self.page.field) else { return Ok(None) };
        // A condition on the field itself says where in its order the matches are.
        let between = column.has_one_each().then(|| bounds(&kind.1, self.page.field)).flatten();
        let order = match between {
            Some((low, high)) => {
                let value = |place: usize| order.get(place).and_then(|doc| column.first(*doc));
                let from = partition(order.len(), |place| value(place).is_some_and(|v| v < low));
                let to = partition(order.len(), |place| value(place).is_some_and(|v| v <= high));
                order.get(from..to).unwrap_or_default()
            }
            None => order.as_ref(),
        };
        let after = self.after.as_ref();
        let Some(mut next) = Order::new(column, order, self.page.descending, after, segment) else {
            return Ok(None);
        };
        let mut found: Vec<Cursor> = Vec::new();
        let (mut tried_so_far, mut at_once) = (0, self.page.limit.saturating_mul(TRIED_FOR_A_ROW).max(1));
        while tried_so_far < TRIED_MAX {
            let tried: Vec<u32> = next.by_ref().take(at_once).collect();
            let is_end = tried.len() < at_once;
            tried_so_far += tried.len();
            at_once *= 2;
            let mut ascending = tried.clone();
            ascending.sort_unstable();
            let matching = intersect(walk, segment, kind, &ascending)?;
            for doc in tried {
                if matching.binary_search(&doc).is_err() || !segment.shows(doc, walk.waiting) {
                    continue;
                }
                let value = column.first(doc).map(SortValue::Number);
                let place = Cursor { value, ..segment.place(doc) };
                if !self.wanted(&place) {
                    continue;
                }
                // Within one value and moment the order is by id, which the index does not know.
                let tied = found.last().is_some_and(|l| l.value == place.value && l.time_ms == place.time_ms);
                if found.len() >= self.page.limit && !tied {
                    return Ok(Some(found));
                }
                found.push(place);
            }
            if is_end {
                // What has no value comes at the end, unless it has to have one.
                return Ok(between.map(|_| found));
            }
        }
        Ok(None)
    }
}

/// The values of a field that a tree lets pass, where it says so of all that match.
fn bounds(tree: &Tree, field: u16) -> Option<(i64, i64)> {
    match tree {
        Tree::Is(Atom::Range(of, low, high)) if *of == field => Some((*low, *high)),
        Tree::And(all) => all
            .iter()
            .filter_map(|tree| bounds(tree, field))
            .reduce(|(low, high), (from, to)| (low.max(from), high.min(to))),
        _ => None,
    }
}

/// Those of some documents, given in ascending order, that match.
fn intersect(
    walk: &Walk<'_>,
    segment: &Segment,
    kind: &(u8, Tree),
    ascending: &[u32],
) -> tantivy::Result<Vec<u32>> {
    let mut matching = Vec::new();
    let Some(mut docs) = walk.docs(segment, kind)? else { return Ok(matching) };
    for doc in ascending {
        let here = if docs.doc() < *doc { docs.seek(*doc) } else { docs.doc() };
        if here == *doc {
            matching.push(*doc);
        }
    }
    Ok(matching)
}

/// Document ids by value, equal values newest first.
struct Order<'a> {
    column: &'a Ordered,
    order: &'a [u32],
    descending: bool,
    /// The group of equal values being given: where it begins, how far it was given, and its end.
    start: usize,
    from: usize,
    end: usize,
}

impl<'a> Order<'a> {
    /// Begins at the value of a cursor; `None` when the cursor stands among documents without a value.
    fn new(
        column: &'a Ordered,
        order: &'a [u32],
        descending: bool,
        after: Option<&Cursor>,
        segment: &Segment,
    ) -> Option<Self> {
        let mut this = Self { column, order, descending, start: 0, from: 0, end: order.len() };
        let Some(after) = after else {
            if descending {
                this.group_before(order.len());
            }
            return Some(this);
        };
        let Some(SortValue::Number(value)) = after.value else { return None };
        let doc = segment.columns.first_at_or_before(after.time_ms);
        let at = |place: usize| this.order.get(place).and_then(|d| column.first(*d).map(|v| (v, *d)));
        let start = partition(order.len(), |place| at(place).is_some_and(|here| here < (value, doc)));
        if descending {
            let group_end = partition(order.len(), |place| at(place).is_some_and(|(v, _)| v <= value));
            let group_start = partition(order.len(), |place| at(place).is_some_and(|(v, _)| v < value));
            (this.start, this.from, this.end) = (group_start, start.max(group_start), group_end);
            if this.from >= this.end {
                this.group_before(group_start);
            }
        } else {
            this.from = start;
        }
        Some(this)
    }
    fn value(&self, place: usize) -> Option<i64> {
        self.order.get(place).and_then(|doc| self.column.first(*doc))
    }
    /// Takes up the group of equal values that ends before `end`. Most are small: it is looked for backwards, in steps that
    /// double.
    fn group_before(&mut self, end: usize) {
        (self.start, self.end) = (end, end);
        if let Some(value) = end.checked_sub(1).and_then(|last| self.value(last)) {
            let is_less = |place: usize| self.value(place).is_some_and(|v| v < value);
            let (mut low, mut step) = (end.saturating_sub(2), 2);
            while low > 0 && !is_less(low) {
                low = low.saturating_sub(step);
                step *= 2;
            }
            self.start = low + partition(end - low, |place| is_less(low + place));
        }
        self.from = self.start;
    }
}

impl Iterator for Order<'_> {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        if self.from >= self.end {
            return None;
        }
        let doc = self.order.get(self.from).copied();
        self.from += 1;
        if self.descending && self.from >= self.end {
            self.group_before(self.start);
        }
        doc
    }
}

/// The first place below `len` for which `before` no longer holds.
fn partition(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
