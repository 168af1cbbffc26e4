//! Sets of documents in index order, put together by and, or, not.
//!
//! Our own and not tantivy's, because these may be left after the first fifty documents and entered in the middle.

use std::ops::RangeInclusive;
use std::sync::Arc;
use tantivy::columnar::{Column, ColumnValues};
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::{DocId, DocSet, TERMINATED};

/// A set of documents that is walked once from the front.
pub(crate) type Docs = Box<dyn DocSet>;

/// Documents side by side.
pub(crate) struct Span {
    doc: DocId,
    end: DocId,
}

impl Span {
    pub(crate) fn new(from: DocId, end: DocId) -> Self {
        Self { doc: if from < end { from } else { TERMINATED }, end }
    }
}

impl DocSet for Span {
    fn advance(&mut self) -> DocId {
        self.seek(self.doc.saturating_add(1).min(TERMINATED))
    }
    fn seek(&mut self, target: DocId) -> DocId {
        self.doc = if target < self.end { target.max(self.doc) } else { TERMINATED };
        self.doc
    }
    fn doc(&self) -> DocId {
        self.doc
    }
    fn size_hint(&self) -> u32 {
        self.end.saturating_sub(self.doc)
    }
}

/// Documents of a list in order.
pub(crate) struct Listed {
    docs: Vec<DocId>,
    at: usize,
}

impl Listed {
    pub(crate) fn new(docs: Vec<DocId>) -> Self {
        Self { docs, at: 0 }
    }
}

impl DocSet for Listed {
    fn advance(&mut self) -> DocId {
        self.at += 1;
        self.doc()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        let rest = self.docs.get(self.at..).unwrap_or_default();
        self.at += rest.partition_point(|doc| *doc < target);
        self.doc()
    }
    fn doc(&self) -> DocId {
        self.docs.get(self.at).copied().unwrap_or(TERMINATED)
    }
    fn size_hint(&self) -> u32 {
        u32::try_from(self.docs.len().saturating_sub(self.at)).unwrap_or(u32::MAX)
    }
}

/// A condition that is looked up for one document.
pub(crate) enum Check {
    Range(Column<i64>, RangeInclusive<i64>),
    Kind(Arc<dyn ColumnValues<u64>>, u64),
}

impl Check {
    fn holds(&self, doc: DocId) -> bool {
        match self {
            Self::Range(column, range) => column.values_for_doc(doc).any(|value| range.contains(&value)),
            Self::Kind(column, kind) => column.get_val(doc) == *kind,
        }
    }
}

/// Documents that are in all sets and pass all checks.
pub(crate) struct Both {
    /// The smallest first; it leads.
    sets: Vec<Docs>,
    checks: Vec<Check>,
    doc: DocId,
}

impl Both {
    pub(crate) fn new(mut sets: Vec<Docs>, checks: Vec<Check>) -> Self {
        sets.sort_by_key(|set| set.size_hint());
        let mut both = Self { sets, checks, doc: 0 };
        let first = both.sets.first().map_or(TERMINATED, |lead| lead.doc());
        both.align(first);
        both
    }

    /// Moves to the first common document from `candidate` on, which the lead stands on.
    fn align(&mut self, mut candidate: DocId) -> DocId {
        let Some((lead, others)) = self.sets.split_first_mut() else {
            self.doc = TERMINATED;
            return TERMINATED;
        };
        'next: while candidate != TERMINATED {
            for other in others.iter_mut() {
                let there = seek(other.as_mut(), candidate);
                if there > candidate {
                    candidate = seek(lead.as_mut(), there);
                    continue 'next;
                }
            }
            if self.checks.iter().all(|check| check.holds(candidate)) {
                break;
            }
            candidate = lead.advance();
        }
        self.doc = candidate;
        candidate
    }
}

impl DocSet for Both {
    fn advance(&mut self) -> DocId {
        let next = self.sets.first_mut().map_or(TERMINATED, |lead| lead.advance());
        self.align(next)
    }
    fn seek(&mut self, target: DocId) -> DocId {
        if target <= self.doc {
            return self.doc;
        }
        let next = self.sets.first_mut().map_or(TERMINATED, |lead| seek(lead.as_mut(), target));
        self.align(next)
    }
    fn doc(&self) -> DocId {
        self.doc
    }
    fn size_hint(&self) -> u32 {
        // Each further condition lets perhaps half of the documents pass.
        let lead = self.sets.first().map_or(0, |lead| lead.size_hint());
        lead >> (self.sets.len() + self.checks.len()).min(8).saturating_sub(1)
    }
}

/// Documents that are in any of a few sets.
pub(crate) struct Either {
    sets: Vec<Docs>,
    doc: DocId,
}

impl Either {
    pub(crate) fn new(sets: Vec<Docs>) -> Self {
        let mut either = Self { sets, doc: 0 };
        either.lowest();
        either
    }
    fn lowest(&mut self) -> DocId {
        self.doc = self.sets.iter().map(|set| set.doc()).min().unwrap_or(TERMINATED);
        self.doc
    }
}

impl DocSet for Either {
    fn advance(&mut self) -> DocId {
        let here = self.doc;
        for set in &mut self.sets {
            if set.doc() == here && here != TERMINATED {
                set.advance();
            }
        }
        self.lowest()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        for set in &mut self.sets {
            seek(set.as_mut(), target);
        }
        self.lowest()
    }
    fn doc(&self) -> DocId {
        self.doc
    }
    fn size_hint(&self) -> u32 {
        self.sets.iter().fold(0_u32, |sum, set| sum.saturating_add(set.size_hint()))
    }
}

/// Documents of one set that are in none of others.
pub(crate) struct Without {
    base: Docs,
    minus: Vec<Docs>,
}

impl Without {
    pub(crate) fn new(base: Docs, minus: Vec<Docs>) -> Self {
        let mut without = Self { base, minus };
        without.skip();
        without
    }
    fn skip(&mut self) -> DocId {
        loop {
            let doc = self.base.doc();
            if doc == TERMINATED || !self.minus.iter_mut().any(|set| seek(set.as_mut(), doc) == doc) {
                return doc;
            }
            self.base.advance();
        }
    }
}

impl DocSet for Without {
    fn advance(&mut self) -> DocId {
        self.base.advance();
        self.skip()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        seek(self.base.as_mut(), target);
        self.skip()
    }
    fn doc(&self) -> DocId {
        self.base.doc()
    }
    fn size_hint(&self) -> u32 {
        self.base.size_hint()
    }
}

/// Documents with a value in a range, read from the column in growing windows.
pub(crate) struct InRange {
    column: Column<i64>,
    range: RangeInclusive<i64>,
    max_doc: DocId,
    /// Where the next window begins.
    next: DocId,
    window: u32,
    found: Vec<DocId>,
    at: usize,
}

const WINDOW_MIN: u32 = 512;
const WINDOW_MAX: u32 = 65_536;

impl InRange {
    pub(crate) fn new(column: Column<i64>, range: RangeInclusive<i64>, max_doc: DocId) -> Self {
        let mut set = Self { column, range, max_doc, next: 0, window: WINDOW_MIN, found: Vec::new(), at: 0 };
        let outside =
            *set.range.start() > set.column.max_value() || *set.range.end() < set.column.min_value();
        if outside {
            set.next = max_doc;
        }
        set.fill();
        set
    }
    fn fill(&mut self) {
        while self.at >= self.found.len() && self.next < self.max_doc {
            let end = self.next.saturating_add(self.window).min(self.max_doc);
            self.found.clear();
            self.at = 0;
            self.column.get_docids_for_value_range(self.range.clone(), self.next..end, &mut self.found);
            self.found.dedup();
            self.next = end;
            self.window = (self.window * 2).min(WINDOW_MAX);
        }
    }
}

impl DocSet for InRange {
    fn advance(&mut self) -> DocId {
        self.at += 1;
        self.fill();
        self.doc()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        let rest = self.found.get(self.at..).unwrap_or_default();
        self.at += rest.partition_point(|doc| *doc < target);
        if self.at >= self.found.len() {
            if target > self.next {
                self.next = target;
                self.window = WINDOW_MIN;
            }
            self.fill();
        }
        self.doc()
    }
    fn doc(&self) -> DocId {
        self.found.get(self.at).copied().unwrap_or(TERMINATED)
    }
    fn size_hint(&self) -> u32 {
        self.max_doc / 4
    }
}

/// Documents in which words follow each other.
pub(crate) struct Following {
    words: Vec<SegmentPostings>,
    doc: DocId,
    starts: Vec<u32>,
    here: Vec<u32>,
}

impl Following {
    pub(crate) fn new(words: Vec<SegmentPostings>) -> Self {
        let mut set = Self { words, doc: 0, starts: Vec::new(), here: Vec::new() };
        let first = set.words.first().map_or(TERMINATED, DocSet::doc);
        set.align(first);
        set
    }
    fn align(&mut self, mut candidate: DocId) -> DocId {
        'next: while candidate != TERMINATED {
            let Some((lead, others)) = self.words.split_first_mut() else { break };
            for other in others.iter_mut() {
                let there = seek(other, candidate);
                if there > candidate {
                    candidate = seek(lead, there);
                    continue 'next;
                }
            }
            if self.follows() {
                break;
            }
            candidate = self.words.first_mut().map_or(TERMINATED, DocSet::advance);
        }
        self.doc = candidate;
        candidate
    }
    /// Whether the words stand side by side in the present document.
    fn follows(&mut self) -> bool {
        let Some((lead, others)) = self.words.split_first_mut() else { return false };
        lead.positions(&mut self.starts);
        for (step, other) in (1..).zip(others.iter_mut()) {
            other.positions(&mut self.here);
            self.starts.retain(|start| self.here.binary_search(&(start + step)).is_ok());
        }
        !self.starts.is_empty()
    }
}

impl DocSet for Following {
    fn advance(&mut self) -> DocId {
        let next = self.words.first_mut().map_or(TERMINATED, DocSet::advance);
        self.align(next)
    }
    fn seek(&mut self, target: DocId) -> DocId {
        if target <= self.doc {
            return self.doc;
        }
        let next = self.words.first_mut().map_or(TERMINATED, |lead| seek(lead, target));
        self.align(next)
    }
    fn doc(&self) -> DocId {
        self.doc
    }
    fn size_hint(&self) -> u32 {
        self.words.iter().map(DocSet::size_hint).min().unwrap_or(0)
    }
}

/// Moves a set forward; one that is there or further stays.
fn seek(set: &mut dyn DocSet, target: DocId) -> DocId {
    let here = set.doc();
    if here >= target {
        return here;
    }
    // Where both sets are dense the next document is mostly the one, and a step costs a tenth of a leap.
    let next = set.advance();
    if next >= target { next } else { set.seek(target) }
}
