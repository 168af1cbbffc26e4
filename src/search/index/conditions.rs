//! From the conditions of a query to the documents of a segment.

use super::columns::Columns;
use super::docsets::{Both, Check, Docs, Either, Following, InRange, Listed, Span, Without};
use super::layout::{Layout, has_gram, prefix_end};
use super::ordered::Ordered;
use crate::search::query::tree::{Atom, Tree};
use std::ops::RangeInclusive;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::query::BitSetDocSet;
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, InvertedIndexReader, Term};

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
            Atom::Prefix(start) => {
                beginning_with(columns.max_doc, &columns.words, &layout.word(kind, start), LIMITS)
            }
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
                beginning_with(columns.max_doc, &columns.keys, &layout.key(kind, *field, start), LIMITS)
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

/// How the documents of many terms are put together, by how many there are.
#[derive(Clone, Copy)]
struct Limits {
    side_by_side: usize,
    listed: u64,
}

const LIMITS: Limits = Limits { side_by_side: SIDE_BY_SIDE_MAX, listed: LISTED_MAX };

/// The documents of all terms that begin with this one.
fn beginning_with(
    max_doc: u32,
    index: &InvertedIndexReader,
    start: &Term,
    limits: Limits,
) -> tantivy::Result<Option<Docs>> {
    let start = start.serialized_value_bytes();
    let mut range = index.terms().range().ge(start);
    if let Some(end) = prefix_end(start) {
        range = range.lt(end);
    }
    let mut stream = range.into_stream()?;
    let mut terms: Vec<TermInfo> = Vec::new();
    let mut total = 0;
    let mut reading = Reading { index, block: None };
    while stream.advance() {
        let info = stream.value();
        total += u64::from(info.doc_freq);
        terms.push(info.clone());
        if terms.len() <= limits.side_by_side || total <= limits.listed {
            continue;
        }
        // Numbers share beginnings by the million: from here on no term is kept.
        let mut bits = BitSet::with_max_value(max_doc);
        let mut put = |docs: &[u32]| {
            for doc in docs {
                bits.insert(*doc);
            }
        };
        for info in &terms {
            reading.docs(info, &mut put)?;
        }
        while stream.advance() {
            reading.docs(stream.value(), &mut put)?;
        }
        return Ok(Some(Box::new(BitSetDocSet::from(bits))));
    }
    if terms.len() <= limits.side_by_side {
        let mut sets: Vec<Docs> = Vec::new();
        for info in &terms {
            sets.push(Box::new(index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?));
        }
        return Ok(either(sets));
    }
    let mut docs = Vec::new();
    for info in &terms {
        reading.docs(info, &mut |some: &[u32]| docs.extend_from_slice(some))?;
    }
    docs.sort_unstable();
    docs.dedup();
    Ok(Some(Box::new(Listed::new(docs))))
}

/// Reads the documents of one term after another, all in the room of the first.
struct Reading<'a> {
    index: &'a InvertedIndexReader,
    block: Option<BlockSegmentPostings>,
}

impl Reading<'_> {
    fn docs(&mut self, info: &TermInfo, take: &mut impl FnMut(&[u32])) -> std::io::Result<()> {
        let block = match &mut self.block {
            Some(block) => {
                self.index.reset_block_postings_from_terminfo(info, block)?;
                block
            }
            none => {
                none.insert(self.index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?)
            }
        };
        while !block.docs().is_empty() {
            take(block.docs());
            block.advance();
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::schema::{STRING, SchemaBuilder};
    use tantivy::{DocSet as _, Index, TERMINATED, TantivyDocument};

    /// Terms of one and of many documents, also of as many as fill blocks of postings to the last place.
    #[test]
    fn however_many_terms_begin_so_the_same_documents_have_them() {
        const DOCS: u32 = 700;
        let has = |doc: u32, term: u32| match term {
            0 => doc < 256,
            1 => doc.is_multiple_of(5),
            _ => doc % 40 + 2 == term,
        };
        let mut schema = SchemaBuilder::new();
        let field = schema.add_text_field("t", STRING);
        let index = Index::create_in_ram(schema.build());
        let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
        for doc in 0..DOCS {
            let mut one = TantivyDocument::default();
            for term in (0..42).filter(|term| has(doc, *term)) {
                one.add_text(field, format!("a{term:02}"));
            }
            one.add_text(field, "b00");
            writer.add_document(one).unwrap();
        }
        writer.prepare_commit().unwrap().commit().unwrap();
        let searcher = index.reader().unwrap().searcher();
        let words = searcher.segment_reader(0).inverted_index(field).unwrap();
        for (start, terms) in
            [("a", 0..42), ("a0", 0..10), ("a00", 0..1), ("a1", 10..20), ("a41", 41..42), ("c", 0..0)]
        {
            let wanted: Vec<u32> =
                (0..DOCS).filter(|doc| terms.clone().any(|term| has(*doc, term))).collect();
            for side_by_side in [0, 1, 8, 9, 10, 41, 42] {
                for listed in [0, 1, 255, 256, 257, 400, 100_000] {
                    let limits = Limits { side_by_side, listed };
                    let term = Term::from_field_text(field, start);
                    let mut found = Vec::new();
                    if let Some(mut docs) = beginning_with(DOCS, &words, &term, limits).unwrap() {
                        while docs.doc() != TERMINATED {
                            found.push(docs.doc());
                            docs.advance();
                        }
                    }
                    assert_eq!(found, wanted, "{start} with {side_by_side} and {listed}");
                }
            }
        }
    }
}
