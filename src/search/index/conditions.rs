//! From the conditions of a query to the documents of a segment.

use super::columns::Columns;
use super::docsets::{Both, Check, Docs, Either, Following, InRange, Listed, Span, Without};
use super::layout::{Layout, has_gram, prefix_end};
use super::ordered::Ordered;
use crate::search::query::tree::{Atom, Tree};
use std::ops::RangeInclusive;
use tantivy::postings::TermInfo;
use tantivy::query::BitSetDocSet;
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocSet, InvertedIndexReader, TERMINATED, Term};

/// Terms that are walked side by side; more are put together first.
const SIDE_BY_SIDE_MAX: usize = 8;
/// Documents of many terms that are sorted in a list; more go through a bit set.
const LISTED_MAX: u64 = 20_000;

/// The documents of one kind in a segment for which a tree (of `Tree::for_kind`) holds; `None` for none.
pub(crate) fn docs(
    columns: &Columns,
    layout: &Layout,
    kind: u8,
    tree: &Tree,
) -> tantivy::Result<Option<Docs>> {
    if columns.only_kind.is_some_and(|only| only != kind) {
        return Ok(None);
    }
    Place { columns, layout, kind }.docs(tree)
}

/// One kind in one segment.
struct Place<'a> {
    columns: &'a Columns,
    layout: &'a Layout,
    kind: u8,
}

impl Place<'_> {
    fn docs(&self, tree: &Tree) -> tantivy::Result<Option<Docs>> {
        match tree {
            Tree::All => self.all(),
            Tree::Nothing => Ok(None),
            Tree::Is(Atom::Range(..) | Atom::Time(..)) | Tree::Not(_) => self.and(std::slice::from_ref(tree)),
            Tree::Is(atom) => self.atom(atom),
            Tree::And(all) => self.and(all),
            Tree::Or(any) => {
                let mut sets = Vec::new();
                for tree in any {
                    sets.extend(self.docs(tree)?);
                }
                Ok(either(sets))
            }
            // for_kind() has taken these apart.
            Tree::Typed(typed) => self.docs(&typed.tree),
        }
    }

    /// Everything of the kind.
    fn all(&self) -> tantivy::Result<Option<Docs>> {
        if self.columns.only_kind == Some(self.kind) {
            return Ok(Some(Box::new(Span::new(0, self.columns.max_doc))));
        }
        postings(&self.columns.keys, &self.layout.of_kind(self.kind))
    }

    fn and(&self, all: &[Tree]) -> tantivy::Result<Option<Docs>> {
        let mut sets: Vec<Docs> = Vec::new();
        let mut minus: Vec<Docs> = Vec::new();
        let mut ranges: Vec<(u16, RangeInclusive<i64>)> = Vec::new();
        // Terms carry their kind; spans, ranges and what is only excluded do not.
        let mut of_kind = self.columns.only_kind == Some(self.kind);
        for tree in all {
            match tree {
                Tree::Is(Atom::Range(field, low, high)) => ranges.push((*field, *low..=*high)),
                Tree::Is(Atom::Time(low, high)) => {
                    let (from, to) = self.columns.span(*low, *high);
                    if from == to {
                        return Ok(None);
                    }
                    sets.push(Box::new(Span::new(from, to)));
                }
                Tree::Not(inner) => minus.extend(self.docs(inner)?),
                other => {
                    let Some(set) = self.docs(other)? else { return Ok(None) };
                    of_kind = true;
                    sets.push(set);
                }
            }
        }
        let mut checks = Vec::new();
        // Few documents are looked up one by one; for many the column is read through.
        let leader = sets.iter().map(|set| set.size_hint()).min().unwrap_or(self.columns.max_doc);
        for (field, range) in ranges {
            let Some(Ordered::Number(column)) = self.columns.ordered(field) else { return Ok(None) };
            let column = column.clone();
            if leader > self.columns.max_doc / 8 {
                sets.push(Box::new(InRange::new(column, range, self.columns.max_doc)));
            } else {
                checks.push(Check::Range(column, range));
            }
        }
        if sets.is_empty() {
            sets.extend(self.all()?);
            of_kind = true;
        }
        if sets.is_empty() {
            return Ok(None);
        }
        if !of_kind {
            checks.push(Check::Kind(std::sync::Arc::clone(&self.columns.kind), u64::from(self.kind)));
        }
        let base = match (sets.len(), checks.is_empty()) {
            (1, true) => sets.swap_remove(0),
            _ => Box::new(Both::new(sets, checks)),
        };
        Ok(Some(if minus.is_empty() { base } else { Box::new(Without::new(base, minus)) }))
    }

    fn atom(&self, atom: &Atom) -> tantivy::Result<Option<Docs>> {
        let (columns, layout, kind) = (self.columns, self.layout, self.kind);
        match atom {
            Atom::Word(word) => postings(&columns.words, &layout.word(kind, word)),
            Atom::Prefix(start) if has_gram(start) => postings(&columns.grams, &layout.gram(kind, start)),
            Atom::Prefix(start) => beginning_with(columns, &columns.words, &layout.word(kind, start)),
            Atom::OpenPrefix(start) => {
                let all = postings(&columns.grams, &layout.gram(kind, start))?;
                let aside = postings(&columns.grams, &layout.gram_aside(kind, start))?;
                Ok(match (all, aside) {
                    (Some(all), Some(aside)) => Some(Box::new(Without::new(all, vec![aside]))),
                    (all, _) => all,
                })
            }
            Atom::Phrase(words) => {
                following(&columns.words, words.iter().map(|word| layout.word(kind, word)))
            }
            Atom::Key(field, key) => postings(&columns.keys, &layout.key(kind, *field, key)),
            Atom::KeyPrefix(field, start) => {
                beginning_with(columns, &columns.keys, &layout.key(kind, *field, start))
            }
            Atom::KeyPhrase(field, words) => {
                following(&columns.words, words.iter().map(|word| layout.word_aside(kind, *field, word)))
            }
            Atom::Has(field) => postings(&columns.keys, &layout.has(kind, *field)),
            Atom::Id(of, id) if *of == kind => postings(&columns.reference, &layout.id(kind, id)),
            Atom::Kind(of) if *of == kind => self.all(),
            Atom::Id(..) | Atom::Kind(_) => Ok(None),
            // Only and() meets these.
            Atom::Range(..) | Atom::Time(..) => Ok(None),
        }
    }
}

fn postings(index: &InvertedIndexReader, term: &Term) -> tantivy::Result<Option<Docs>> {
    let postings = index.read_postings(term, IndexRecordOption::Basic)?;
    Ok(postings.map(|postings| -> Docs { Box::new(postings) }))
}

/// How many documents have the term a tree consists of; `None` for other trees. Deleted ones count.
pub(crate) fn doc_freq(
    columns: &Columns,
    layout: &Layout,
    kind: u8,
    tree: &Tree,
) -> tantivy::Result<Option<u32>> {
    let freq = match tree {
        Tree::All if columns.only_kind == Some(kind) => columns.max_doc,
        Tree::All => columns.keys.doc_freq(&layout.of_kind(kind))?,
        Tree::Is(Atom::Word(word)) => columns.words.doc_freq(&layout.word(kind, word))?,
        Tree::Is(Atom::Prefix(start)) if has_gram(start) => {
            columns.grams.doc_freq(&layout.gram(kind, start))?
        }
        Tree::Is(Atom::Key(field, key)) => columns.keys.doc_freq(&layout.key(kind, *field, key))?,
        Tree::Is(Atom::Has(field)) => columns.keys.doc_freq(&layout.has(kind, *field))?,
        _ => return Ok(None),
    };
    Ok(Some(freq))
}

fn either(mut sets: Vec<Docs>) -> Option<Docs> {
    match sets.len() {
        0 => None,
        1 => Some(sets.swap_remove(0)),
        _ => Some(Box::new(Either::new(sets))),
    }
}

/// The documents of all terms that begin with this one.
fn beginning_with(
    columns: &Columns,
    index: &InvertedIndexReader,
    start: &Term,
) -> tantivy::Result<Option<Docs>> {
    let start = start.serialized_value_bytes();
    let mut range = index.terms().range().ge(start);
    if let Some(end) = prefix_end(start) {
        range = range.lt(end);
    }
    let mut stream = range.into_stream()?;
    let mut terms: Vec<TermInfo> = Vec::new();
    while stream.advance() {
        terms.push(stream.value().clone());
    }
    let read = |info: &TermInfo| index.read_postings_from_terminfo(info, IndexRecordOption::Basic);
    if terms.len() <= SIDE_BY_SIDE_MAX {
        let mut sets: Vec<Docs> = Vec::new();
        for info in &terms {
            sets.push(Box::new(read(info)?));
        }
        return Ok(either(sets));
    }
    let total: u64 = terms.iter().map(|info| u64::from(info.doc_freq)).sum();
    if total <= LISTED_MAX {
        let mut docs = Vec::new();
        for info in &terms {
            let mut postings = read(info)?;
            while postings.doc() != TERMINATED {
                docs.push(postings.doc());
                postings.advance();
            }
        }
        docs.sort_unstable();
        docs.dedup();
        return Ok(Some(Box::new(Listed::new(docs))));
    }
    let mut bits = BitSet::with_max_value(columns.max_doc);
    for info in &terms {
        let mut postings = read(info)?;
        while postings.doc() != TERMINATED {
            bits.insert(postings.doc());
            postings.advance();
        }
    }
    Ok(Some(Box::new(BitSetDocSet::from(bits))))
}

/// The documents in which terms follow each other.
fn following(
    index: &InvertedIndexReader,
    terms: impl Iterator<Item = Term>,
) -> tantivy::Result<Option<Docs>> {
    let mut words = Vec::new();
    for term in terms {
        let Some(postings) = index.read_postings(&term, IndexRecordOption::WithFreqsAndPositions)? else {
            return Ok(None);
        };
        words.push(postings);
    }
    let set = Following::new(words);
    Ok(Some(Box::new(set)))
}
