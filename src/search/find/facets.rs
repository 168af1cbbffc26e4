//! How often each value of a field occurs in a result.

use super::walk::Walk;
use crate::search::fold::fold_key;
use crate::search::index::Segment;
use crate::search::query::tree::{Atom, Tree};
use crate::search::request::Facet;
use crate::search::schema::Schema;
use crate::search::terms::SortedTerms;
use std::collections::HashMap;
use tantivy::TERMINATED;
use tantivy::columnar::StrColumn;

/// Documents that are looked at for a count of some.
pub(crate) const COUNTED_MAX: u64 = 10_000;
/// Waiting records that are taken out of a count of everything one by one.
const TAKEN_OUT_MAX: usize = 200;
/// Values of a column up to which each has its counter in a row; more are looked up.
const SIDE_BY_SIDE_MAX: usize = 16_384;
/// Values that are given back for a field.
const VALUES_MAX: usize = 200;

/// Counts by the number a value has in a segment.
type Counts = HashMap<u64, u64>;

/// Counts the values of some fields over a walk and over waiting documents that match.
pub(crate) fn count(
    schema: &Schema,
    fields: &[u16],
    walk: Option<&Walk<'_>>,
    waiting: &[&SortedTerms],
) -> tantivy::Result<Vec<Facet>> {
    let mut tallies: Vec<Tally> = fields.iter().map(|_| Tally::default()).collect();
    for (field, tally) in fields.iter().zip(&mut tallies) {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for doc in waiting {
            for (_, value) in doc.terms.facets.iter().filter(|(f, _)| f == field) {
                *counts.entry(value.as_str()).or_default() += 1;
            }
        }
        counts.into_iter().for_each(|(value, count)| tally.add(value, count));
    }
    let mut exact = true;
    if let Some(walk) = walk {
        let everything = walk.kinds.iter().all(|(_, tree)| *tree == Tree::All);
        let counts = if everything && walk.waiting.entries.len() <= TAKEN_OUT_MAX {
            of_everything(fields, walk)?
        } else {
            let (counts, complete) = of_some(fields, walk)?;
            exact = complete;
            counts
        };
        for ((field, counts), tally) in fields.iter().zip(counts).zip(&mut tallies) {
            for (segment, counts) in walk.generation.segments.iter().zip(counts) {
                let Some(column) = segment.columns.facet(*field) else { continue };
                let mut text = String::new();
                for (value, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                    text.clear();
                    column.ord_to_str(value, &mut text)?;
                    tally.add(&text, count);
                }
            }
        }
    }
    Ok(fields
        .iter()
        .zip(tallies)
        .filter_map(|(field, tally)| {
            let def = schema.field_at(*field)?;
            Some(Facet { field: def.name, values: tally.values(), exact })
        })
        .collect())
}

/// By field and segment, because each segment numbers its values in its own way.
fn of_some(fields: &[u16], walk: &Walk<'_>) -> tantivy::Result<(Vec<Vec<Counts>>, bool)> {
    let mut docs: Vec<Vec<u32>> = walk.generation.segments.iter().map(|_| Vec::new()).collect();
    let complete = walk.each(COUNTED_MAX, |_, at, doc| {
        if let Some(docs) = docs.get_mut(at) {
            docs.push(doc);
        }
    })?;
    // Column by column: one after the other they stay in the processor's cache.
    let counts = fields.iter().map(|field| {
        let segments = walk.generation.segments.iter().zip(&docs);
        segments.map(|(segment, docs)| of_docs(segment.columns.facet(*field), docs)).collect()
    });
    Ok((counts.collect(), complete))
}

/// How often each value of a column occurs in some documents.
fn of_docs(column: Option<&StrColumn>, docs: &[u32]) -> Counts {
    let Some(column) = column.filter(|_| !docs.is_empty()) else { return Counts::new() };
    let ords = column.ords();
    let values = docs.iter().flat_map(|doc| ords.values_for_doc(*doc));
    let known = column.num_terms();
    if known > SIDE_BY_SIDE_MAX {
        let mut counts = Counts::new();
        values.for_each(|value| *counts.entry(value).or_default() += 1);
        return counts;
    }
    let mut counts = vec![0_u64; known];
    for value in values {
        if let Some(count) = usize::try_from(value).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    (0..).zip(counts).filter(|(_, count)| *count > 0).collect()
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
struct Tally(HashMap<String, HashMap<String, u64>>);

impl Tally {
    fn add(&mut self, value: &str, count: u64) {
        *self.0.entry(fold_key(value)).or_default().entry(value.to_owned()).or_default() += count;
    }
    fn values(self) -> Vec<(String, u64)> {
        let mut values: Vec<(String, u64)> = self
            .0
            .into_values()
            .filter_map(|spellings| {
                let total = spellings.values().sum();
                let frequent = spellings.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
                frequent.map(|(spelling, _)| (spelling, total))
            })
            .collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(VALUES_MAX);
        values
    }
}
