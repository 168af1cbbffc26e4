//! How often each value of a field occurs in a result.

use super::walk::Walk;
use crate::search::fold::fold_key;
use crate::search::index::Segment;
use crate::search::query::tree::{Atom, Tree};
use crate::search::request::Facet;
use crate::search::schema::{Schema, Shape};
use crate::search::terms::SortedTerms;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::TERMINATED;
use tantivy::columnar::StrColumn;

/// Documents that are looked at for a count of some.
pub(crate) const COUNTED_MAX: u64 = 10_000;
/// Waiting records that are taken out of a count of everything one by one.
const TAKEN_OUT_MAX: usize = 200;
/// Values of a column up to which each has its counter in a row; more are looked up.
const SIDE_BY_SIDE_MAX: usize = 16_384;

/// Counts by the number a value has in a segment.
type Counts = HashMap<u64, u64>;

/// The documents of the index that were looked at.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) docs: u64,
    /// Whether there are no more.
    pub(super) all: bool,
}

/// Counts the values of some fields over a walk and over waiting documents that match.
pub(crate) fn count(
    schema: &Schema,
    (fields, values_max): (&[u16], usize),
    walk: Option<&Walk<'_>>,
    waiting: &[&SortedTerms],
) -> tantivy::Result<(Vec<Facet>, Option<Seen>)> {
    let mut tallies: Vec<Tally<'_>> = fields.iter().map(|_| Tally::default()).collect();
    for (field, tally) in fields.iter().zip(&mut tallies) {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for doc in waiting {
            for (_, value) in doc.terms.facets.iter().filter(|(f, _)| f == field) {
                *counts.entry(value.as_str()).or_default() += 1;
            }
        }
        counts.into_iter().for_each(|(value, count)| tally.add(fold_key(value), value, count));
    }
    let mut seen = None;
    if let Some(walk) = walk {
        let everything = walk.kinds.iter().all(|(_, tree)| *tree == Tree::All);
        let counts = if everything && walk.waiting.entries.len() <= TAKEN_OUT_MAX {
            of_everything(fields, walk)?
        } else {
            let (counts, those) = of_some(fields, walk)?;
            seen = Some(those);
            counts
        };
        for ((field, counts), tally) in fields.iter().zip(counts).zip(&mut tallies) {
            for (segment, counts) in walk.generation.segments.iter().zip(counts) {
                let Some(column) = segment.columns.facet(*field) else { continue };
                let names = segment.columns.names(*field)?;
                for (value, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                    match usize::try_from(value).ok().and_then(|place| names.get(place)) {
                        Some((folded, text)) => tally.add(folded.as_str(), text.as_str(), count),
                        None => {
                            let mut text = String::new();
                            column.ord_to_str(value, &mut text)?;
                            tally.add(fold_key(&text), text, count);
                        }
                    }
                }
            }
        }
    }
    // Without an index only what waits for it was counted.
    let exact = walk.is_some() && seen.is_none_or(|seen| seen.all);
    let facets = fields.iter().zip(tallies).filter_map(|(field, tally)| {
        let def = schema.field_at(*field)?;
        Some(Facet { field: def.name, values: tally.values(values_max), exact })
    });
    Ok((facets.collect(), seen))
}

/// The counts without values that the reader of a schema may not ask for. They are taken out here and not while they
/// are counted, because counts are kept for all readers.
pub(super) fn shown(schema: &Schema, facets: Arc<Vec<Facet>>) -> Arc<Vec<Facet>> {
    let is_shown = |facet: &Facet, value: &str| match schema.field(facet.field) {
        Some(def) if matches!(def.shape, Shape::Word { .. }) => schema.shows_values(def, &[value]),
        _ => true,
    };
    if facets.iter().all(|facet| facet.values.iter().all(|(value, _)| is_shown(facet, value))) {
        return facets;
    }
    let mut less = Vec::clone(&facets);
    for facet in &mut less {
        let values = std::mem::take(&mut facet.values);
        facet.values = values.into_iter().filter(|(value, _)| is_shown(facet, value)).collect();
    }
    Arc::new(less)
}

/// By field and segment, because each segment numbers its values in its own way.
fn of_some(fields: &[u16], walk: &Walk<'_>) -> tantivy::Result<(Vec<Vec<Counts>>, Seen)> {
    let (docs, all) = walk.first_docs(COUNTED_MAX)?;
    // Column by column: one after the other they stay in the processor's cache.
    let mut rows = Rows::default();
    let counts = fields.iter().map(|field| {
        let segments = walk.generation.segments.iter().zip(&docs);
        segments.map(|(segment, docs)| rows.counted(segment, *field, docs)).collect()
    });
    let counts = counts.collect();
    Ok((counts, Seen { docs: docs.iter().map(|docs| docs.len() as u64).sum(), all }))
}

/// What is read of a column at once, kept from one column to the next.
#[derive(Default)]
struct Rows {
    docs: Vec<u32>,
    rows: Vec<u32>,
    values: Vec<u64>,
}

impl Rows {
    /// How often each value of a field occurs in some documents, which ascend.
    fn counted(&mut self, segment: &Segment, field: u16, docs: &[u32]) -> Counts {
        let Some(column) = segment.columns.facet(field).filter(|_| !docs.is_empty()) else {
            return Counts::new();
        };
        let known = column.num_terms();
        if known > SIDE_BY_SIDE_MAX {
            let mut counts = Counts::new();
            self.read(column, docs).iter().for_each(|value| *counts.entry(*value).or_default() += 1);
            return counts;
        }
        let mut counts = vec![0_u32; known];
        // Of the newest documents, which are asked about most, the values lie in memory as they are counted.
        let near = segment.columns.near(field);
        let far = near.map_or(docs, |near| near.count(docs, &mut counts));
        if !far.is_empty() {
            for value in self.read(column, far) {
                if let Some(count) = usize::try_from(*value).ok().and_then(|at| counts.get_mut(at)) {
                    *count += 1;
                }
            }
        }
        let counts = (0..).zip(counts).filter(|(_, count)| *count > 0);
        counts.map(|(value, count)| (value, u64::from(count))).collect()
    }
    /// All values of some documents.
    fn read(&mut self, column: &StrColumn, docs: &[u32]) -> &[u64] {
        let ords = column.ords();
        self.docs.clear();
        self.rows.clear();
        ords.row_ids_for_docs(docs, &mut self.docs, &mut self.rows);
        self.values.clear();
        self.values.resize(self.rows.len(), 0);
        ords.values.get_vals(&self.rows, &mut self.values);
        &self.values
    }
}

/// Each segment was counted once; only what is deleted or out of date is taken out of its counts.
fn of_everything(fields: &[u16], walk: &Walk<'_>) -> tantivy::Result<Vec<Vec<Counts>>> {
    let mut counts: Vec<Vec<Counts>> = fields.iter().map(|_| Vec::new()).collect();
    for segment in &walk.generation.segments {
        let hidden = hidden(segment, walk)?;
        for (field, counts) in fields.iter().zip(&mut counts) {
            let mut of_segment = Counts::new();
            for (kind, _) in walk.kinds {
                for (value, count) in segment.columns.histogram(*kind, *field).iter() {
                    *of_segment.entry(*value).or_default() += count;
                }
            }
            if let Some(column) = segment.columns.facet(*field) {
                for doc in &hidden {
                    let of_kind = walk.kinds.iter().any(|(kind, _)| *kind == segment.columns.kind_of(*doc));
                    for value in column.ords().values_for_doc(*doc).filter(|_| of_kind) {
                        if let Some(count) = of_segment.get_mut(&value) {
                            *count = count.saturating_sub(1);
                        }
                    }
                }
            }
            counts.push(of_segment);
        }
    }
    Ok(counts)
}

/// The documents of a segment that are not to be shown.
fn hidden(segment: &Segment, walk: &Walk<'_>) -> tantivy::Result<Vec<u32>> {
    let mut hidden = segment.deleted().to_vec();
    for entry in &walk.waiting.entries {
        let id = Tree::Is(Atom::Id(entry.kind, entry.id));
        let Some(mut docs) = walk.docs(segment, &(entry.kind, id))? else { continue };
        while docs.doc() != TERMINATED {
            hidden.push(docs.doc());
            docs.advance();
        }
    }
    hidden.sort_unstable();
    hidden.dedup();
    Ok(hidden)
}

/// Counts by value; spellings that fold to the same are one value under its most frequent spelling.
#[derive(Debug, Default)]
struct Tally<'a>(HashMap<Cow<'a, str>, Vec<(Cow<'a, str>, u64)>>);

impl<'a> Tally<'a> {
    fn add(&mut self, folded: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>, count: u64) {
        let (spellings, value) = (self.0.entry(folded.into()).or_default(), value.into());
        match spellings.iter_mut().find(|(spelling, _)| *spelling == value) {
            Some((_, sum)) => *sum += count,
            None => spellings.push((value, count)),
        }
    }
    fn values(self, max: usize) -> Vec<(String, u64)> {
        let mut values: Vec<(Cow<'a, str>, u64)> = self
            .0
            .into_values()
            .filter_map(|spellings| {
                let total = spellings.iter().map(|(_, count)| count).sum();
                let frequent = spellings.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
                frequent.map(|(spelling, _)| (spelling, total))
            })
            .collect();
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(max);
        values.into_iter().map(|(value, count)| (value.into_owned(), count)).collect()
    }
}
