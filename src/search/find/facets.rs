//! How often each value of a field occurs in a result.

use super::walk::Walk;
use crate::search::fold::fold_key;
use crate::search::request::Facet;
use crate::search::schema::Schema;
use crate::search::terms::SortedTerms;
use std::collections::HashMap;

/// Documents that are looked at for a count.
pub(crate) const COUNTED_MAX: u64 = 10_000;
/// Values that are given back for a field.
const VALUES_MAX: usize = 200;

/// Counts the values of some fields over a walk and over waiting documents that match.
pub(crate) fn count(
    schema: &Schema,
    fields: &[u16],
    walk: Option<&Walk<'_>>,
    waiting: &[&SortedTerms],
) -> tantivy::Result<Vec<Facet>> {
    let mut tallies: Vec<Tally> = fields.iter().map(|_| Tally::default()).collect();
    for doc in waiting {
        for (field, tally) in fields.iter().zip(&mut tallies) {
            let values = doc.terms.facets.iter().filter(|(f, _)| f == field);
            values.for_each(|(_, value)| tally.add(value, 1));
        }
    }
    let mut exact = true;
    if let Some(walk) = walk {
        // By field and segment, because each segment numbers its values in its own way.
        let mut counts: Vec<Vec<HashMap<u64, u64>>> = fields
            .iter()
            .map(|_| walk.generation.segments.iter().map(|_| HashMap::new()).collect())
            .collect();
        exact = walk.each(COUNTED_MAX, |segment, at, doc| {
            for (field, counts) in fields.iter().zip(&mut counts) {
                let (Some(column), Some(counts)) = (segment.columns.facet(*field), counts.get_mut(at)) else {
                    continue;
                };
                for value in column.ords().values_for_doc(doc) {
                    *counts.entry(value).or_default() += 1;
                }
            }
        })?;
        for ((field, counts), tally) in fields.iter().zip(counts).zip(&mut tallies) {
            for (segment, counts) in walk.generation.segments.iter().zip(counts) {
                let Some(column) = segment.columns.facet(*field) else { continue };
                let mut text = String::new();
                for (value, count) in counts {
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
                spellings
                    .into_iter()
                    .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
                    .map(|s| (s.0, total))
            })
            .collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(VALUES_MAX);
        values
    }
}
