//! Walking through the index in its own order, newest first, and stopping when a page is full.

use crate::search::index::{Docs, Generation, Layout, Segment, doc_freq, docs};
use crate::search::order::Sort;
use crate::search::pending::Waiting;
use crate::search::query::tree::Tree;
use crate::search::request::Cursor;
use std::cmp::Ordering;
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, TERMINATED};

/// Documents of the first window when walking backwards; each further one is four times as wide.
const WINDOW: u32 = 256;

/// One question to one generation of the index.
pub(crate) struct Walk<'a> {
    pub(crate) generation: &'a Generation,
    pub(crate) layout: &'a Layout,
    pub(crate) waiting: &'a Waiting,
    /// The kinds asked for, each with the conditions as they read for it.
    pub(crate) kinds: &'a [(u8, Tree)],
}

impl Walk<'_> {
    /// The documents of one kind in one segment.
    pub(crate) fn docs(&self, segment: &Segment, (kind, tree): &(u8, Tree)) -> tantivy::Result<Option<Docs>> {
        docs(&segment.columns, self.layout, *kind, tree)
    }

    /// The `limit` newest places after `cursor`, and a few more of the same moment.
    pub(crate) fn older_than(&self, cursor: Option<&Cursor>, limit: usize) -> tantivy::Result<Vec<Cursor>> {
        let mut best = Best::new(limit, Sort::Newest);
        for segment in self.generation.newest_first() {
            // A full page needs nothing of the segments that are older than all of it: most searches open one or two.
            if best.is_beyond(segment.columns.newest) {
                break;
            }
            let from = cursor.map_or(0, |c| segment.columns.first_at_or_before(c.time_ms));
            if from == segment.columns.max_doc {
                continue;
            }
            for kind in self.kinds {
                let Some(mut docs) = self.docs(segment, kind)? else { continue };
                let mut doc = if docs.doc() < from { docs.seek(from) } else { docs.doc() };
                while doc != TERMINATED {
                    if best.is_beyond(segment.columns.time.get_val(doc)) {
                        break;
                    }
                    if segment.shows(doc, self.waiting) {
                        let place = segment.place(doc);
                        if cursor.is_none_or(|c| place.compare(c, &Sort::Newest) == Ordering::Greater) {
                            best.add(place);
                        }
                    }
                    doc = docs.advance();
                }
            }
        }
        Ok(best.places)
    }

    /// The `limit` oldest places before `cursor` (in the order newest first), and a few more of the same moment.
    pub(crate) fn newer_than(&self, cursor: Option<&Cursor>, limit: usize) -> tantivy::Result<Vec<Cursor>> {
        let mut best = Best::new(limit, Sort::Oldest);
        for segment in self.generation.newest_first().rev() {
            if best.is_beyond(segment.columns.oldest) {
                continue;
            }
            let end = cursor.map_or(segment.columns.max_doc, |c| segment.columns.span(c.time_ms, i64::MAX).1);
            for kind in self.kinds {
                self.backwards(segment, kind, cursor, end, &mut best)?;
            }
        }
        Ok(best.places)
    }

    fn backwards(
        &self,
        segment: &Segment,
        kind: &(u8, Tree),
        cursor: Option<&Cursor>,
        mut end: u32,
        best: &mut Best,
    ) -> tantivy::Result<()> {
        let mut width = WINDOW;
        let mut window = Vec::new();
        while end > 0 {
            let from = end.saturating_sub(width);
            let Some(mut docs) = self.docs(segment, kind)? else { return Ok(()) };
            let mut doc = if docs.doc() < from { docs.seek(from) } else { docs.doc() };
            window.clear();
            while doc < end {
                window.push(doc);
                doc = docs.advance();
            }
            for doc in window.iter().rev().copied() {
                if best.is_beyond(segment.columns.time.get_val(doc)) {
                    return Ok(());
                }
                if segment.shows(doc, self.waiting) {
                    let place = segment.place(doc);
                    if cursor.is_none_or(|c| place.compare(c, &Sort::Newest) == Ordering::Less) {
                        best.add(place);
                    }
                }
            }
            end = from;
            width = width.saturating_mul(4);
        }
        Ok(())
    }

    /// How many documents match; the counting stops above `cap`.
    pub(crate) fn count(&self, cap: u64) -> tantivy::Result<u64> {
        let Some(found) = self.found_up_to(cap)? else { return Ok(cap.saturating_add(1)) };
        let mut found = found.into_iter();
        let mut count = 0_u64;
        let mut block = [0; COLLECT_BLOCK_BUFFER_LEN];
        for segment in &self.generation.segments {
            let shows_all = segment.alive.is_none() && self.waiting.is_empty();
            for (kind, tree) in self.kinds {
                if count > cap {
                    return Ok(count);
                }
                // Where all documents are shown, a single term knows its number.
                if let Some(freq) = found.next().flatten().filter(|_| shows_all) {
                    count += u64::from(freq);
                    continue;
                }
                let Some(mut docs) = docs(&segment.columns, self.layout, *kind, tree)? else { continue };
                loop {
                    let filled = docs.fill_buffer(&mut block);
                    let shown = |doc: &&u32| shows_all || segment.shows(**doc, self.waiting);
                    count += block.iter().take(filled).filter(shown).count() as u64;
                    if filled < block.len() || count > cap {
                        break;
                    }
                }
            }
        }
        Ok(count)
    }

    /// How many documents a single term has, by segment and kind; none when more than `cap` match even if all that is
    /// deleted or out of date matched too. Of a frequent word nobody looks at documents, while orders come in as well.
    fn found_up_to(&self, cap: u64) -> tantivy::Result<Option<Vec<Option<u32>>>> {
        let enough = cap.saturating_add(self.waiting.entries.len() as u64);
        let (mut all, mut least) = (Vec::new(), 0_u64);
        for segment in &self.generation.segments {
            let mut of_segment = 0;
            for (kind, tree) in self.kinds {
                let found = doc_freq(&segment.columns, self.layout, *kind, tree)?;
                of_segment += found.map_or(0, u64::from);
                all.push(found);
            }
            least += of_segment.saturating_sub(segment.deleted_count());
            if least > enough {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }

    /// Any one document that matches.
    pub(crate) fn first(&self) -> tantivy::Result<Option<Cursor>> {
        for segment in &self.generation.segments {
            for kind in self.kinds {
                let Some(mut docs) = self.docs(segment, kind)? else { continue };
                let mut doc = docs.doc();
                while doc != TERMINATED {
                    if segment.shows(doc, self.waiting) {
                        return Ok(Some(segment.place(doc)));
                    }
                    doc = docs.advance();
                }
            }
        }
        Ok(None)
    }

    /// Up to `cap` matching documents, by segment and in ascending order, and whether these are all.
    pub(crate) fn first_docs(&self, cap: u64) -> tantivy::Result<(Vec<Vec<u32>>, bool)> {
        let mut all: Vec<Vec<u32>> = self.generation.segments.iter().map(|_| Vec::new()).collect();
        let mut room = usize::try_from(cap).unwrap_or(usize::MAX);
        let mut block = [0; COLLECT_BLOCK_BUFFER_LEN];
        for (segment, found) in self.generation.segments.iter().zip(&mut all) {
            let shows_all = segment.alive.is_none() && self.waiting.is_empty();
            for kind in self.kinds {
                let Some(mut docs) = self.docs(segment, kind)? else { continue };
                loop {
                    let filled = docs.fill_buffer(&mut block);
                    for doc in block.iter().take(filled) {
                        if shows_all || segment.shows(*doc, self.waiting) {
                            if room == 0 {
                                found.sort_unstable();
                                return Ok((all, false));
                            }
                            room -= 1;
                            found.push(*doc);
                        }
                    }
                    if filled < block.len() {
                        break;
                    }
                }
            }
        }
        // Several kinds come one after the other.
        all.iter_mut().for_each(|docs| docs.sort_unstable());
        Ok((all, true))
    }
}

/// The first places of an order, out of many that come in any order.
pub(crate) struct Best {
    limit: usize,
    sort: Sort,
    pub(crate) places: Vec<Cursor>,
    /// The time of the last place that can be on the page.
    edge: Option<i64>,
}

impl Best {
    pub(crate) fn new(limit: usize, sort: Sort) -> Self {
        Self { limit: limit.max(1), sort, places: Vec::new(), edge: None }
    }
    /// Whether a moment can no longer be on the page.
    fn is_beyond(&self, time_ms: i64) -> bool {
        self.edge.is_some_and(|edge| if self.sort == Sort::Oldest { time_ms > edge } else { time_ms < edge })
    }
    pub(crate) fn add(&mut self, place: Cursor) {
        self.places.push(place);
        // Sorting seldom keeps the cost per document constant; the first time it sets the edge.
        if self.places.len() == self.limit || self.places.len() >= self.limit * 2 + 64 {
            self.cut();
        }
    }
    pub(crate) fn cut(&mut self) {
        self.places.sort_unstable_by(|a, b| a.compare(b, &self.sort));
        self.places.truncate(self.limit);
        if self.places.len() == self.limit {
            self.edge = self.places.last().map(|last| last.time_ms);
        }
    }
    /// The last place that is on the page so far, when the page is full.
    pub(crate) fn last(&self) -> Option<&Cursor> {
        self.places.get(self.limit - 1).filter(|_| self.edge.is_some())
    }
}
