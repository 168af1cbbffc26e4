//! Answering: the index without what waits, and what waits, put together in order.

mod by_value;
mod correct;
mod counted;
mod facets;
mod scan;
mod walk;

pub(crate) use counted::Counted;

use crate::base::error::{Error, Result};
use crate::search::engine::Shared;
use crate::search::index::Generation;
use crate::search::order::Sort;
use crate::search::pending::Waiting;
use crate::search::query::Query;
use crate::search::query::seen;
use crate::search::query::tree::Tree;
use crate::search::request::{Answer, Count, Cursor, Hit, LIMIT_MAX, Request, Total};
use crate::search::schema::Schema;
use crate::search::terms::SortedTerms;
use by_value::ByValue;
use correct::Scope;
use counted::{Counts, Of};
use facets::COUNTED_MAX;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use walk::Walk;

/// Everything one answer is made from.
struct Asked<'a> {
    request: &'a Request<'a>,
    limit: usize,
    /// The kinds asked for, each with the conditions as they read for it.
    plain: Vec<(u8, Tree)>,
    /// The same as they read for the asker, who may not see every field.
    kinds: Vec<(u8, Tree)>,
    waiting: &'a Waiting,
    generation: Option<&'a Generation>,
}

/// Conditions as they read for the reader of a schema.
fn seen(schema: &Schema, kinds: &[(u8, Tree)]) -> Vec<(u8, Tree)> {
    kinds.iter().map(|(kind, tree)| (*kind, seen::by(schema, *kind, tree.clone()))).collect()
}

/// What kept a question from being answered.
pub(crate) enum Trouble {
    /// The index cannot be read: the answer is given without it.
    Index(tantivy::TantivyError),
    Source(Error),
}

impl From<tantivy::TantivyError> for Trouble {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Index(error)
    }
}
impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.into())
    }
}
impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Source(error)
    }
}

/// Hits, the place after them, the place before them.
type Page = (Vec<Hit>, Option<Cursor>, Option<Cursor>);
type Outcome<T> = std::result::Result<T, Trouble>;

impl Shared {
    pub(crate) fn find(&self, request: &Request<'_>) -> Result<Answer> {
        self.catch_up()?;
        // What waits is taken before the index: what the index takes over in between is in both, never in neither.
        let waiting = self.pending.waiting();
        let generation = self.generation();
        match self.answer(request, &waiting, generation.as_ref()) {
            Ok(answer) => Ok(answer),
            Err(Trouble::Source(error)) => Err(error),
            Err(Trouble::Index(error)) => {
                self.cannot_read(error);
                self.answer(request, &waiting, None).map_err(|trouble| match trouble {
                    Trouble::Source(error) => error,
                    Trouble::Index(error) => Error::internal(error),
                })
            }
        }
    }

    fn answer(
        &self,
        request: &Request<'_>,
        waiting: &Arc<Waiting>,
        current: Option<&Arc<Generation>>,
    ) -> Outcome<Answer> {
        let generation = current.map(Arc::as_ref);
        let kinds = self.kinds(&request.kinds);
        let rights = request.and.as_ref().map_or(&Tree::All, Query::tree);
        let schema = request.query.schema();
        let asked = |tree: &Tree| {
            let plain = self.trees(&kinds, &Tree::and(vec![tree.clone(), rights.clone()]));
            let (limit, kinds) = (request.limit.min(LIMIT_MAX), seen(schema, &plain));
            Asked { request, limit, kinds, plain, waiting, generation }
        };
        let mut query = request.query.clone();
        let mut corrected = Vec::new();
        let mut question = asked(query.tree());
        let mut matching = self.waiting_matches(&question)?;
        let mut page = self.hits(&question, &matching)?;
        // Where something was found, every word of it was.
        if page.0.is_empty() && request.forgiving && query.tree().has_typed_words() {
            let mut tree = query.tree().clone();
            let known_in = match request.known_in.as_slice() {
                [] => kinds.clone(),
                named => self.kinds(named),
            };
            let scope = Scope { generation, waiting, kinds: &kinds, known_in: &known_in, rights, schema };
            corrected = self.correct(&mut tree, &scope)?;
            if !corrected.is_empty() {
                question = asked(&tree);
                query = request.query.with_tree(tree);
                matching = self.waiting_matches(&question)?;
                page = self.hits(&question, &matching)?;
            }
        }
        let of = current.map(|generation| Of { generation, waiting });
        let Counts { total, facets } = self.counts(&question, &matching, of)?;
        let facets = facets::shown(schema, facets);
        let (hits, next, prev) = page;
        let degraded = generation.is_none() || self.pending.is_behind();
        Ok(Answer { hits, total, facets, next, prev, degraded, corrected, query })
    }

    fn hits(&self, asked: &Asked<'_>, matching: &[&SortedTerms]) -> Outcome<Page> {
        let mut found = self.waiting_places(asked, matching);
        if asked.request.sort == Sort::Best {
            return self.best(asked, found);
        }
        if asked.limit > 0 {
            found.extend(self.places(asked)?);
        }
        Ok(self.page(asked.request, found, asked.limit))
    }

    /// How many documents match, and how often each value occurs in them: counted, or known from the page before.
    fn counts(&self, asked: &Asked<'_>, matching: &[&SortedTerms], of: Option<Of<'_>>) -> Outcome<Counts> {
        let cap = match asked.request.count {
            Count::None => None,
            Count::UpTo(cap) => Some(cap),
        };
        let fields = self.counted_fields(asked);
        if cap.is_none() && fields.is_empty() {
            return Ok(Counts::default());
        }
        if let Some(known) = of.and_then(|of| self.counted.get(of, asked, cap, &fields)) {
            return Ok(known);
        }
        let waiting = matching.len() as u64;
        let (facets, seen) = match fields.is_empty() {
            true => (Vec::new(), None),
            false => {
                let wanted = (fields.as_slice(), asked.request.values_max);
                facets::count(&self.schema, wanted, self.walk(asked).as_ref(), matching)?
            }
        };
        let total = match (cap, seen) {
            (None, _) => None,
            // Who has looked at them knows how many there are.
            (Some(cap @ ..=COUNTED_MAX), Some(seen)) => Some(match waiting + seen.docs {
                count if seen.all && count <= cap => Total::Exact(count),
                _ => Total::MoreThan(cap),
            }),
            (Some(cap), _) => Some(self.total(asked, waiting, cap)?),
        };
        let counts = Counts { total, facets: Arc::new(facets) };
        if let Some(of) = of {
            self.counted.keep(of, asked, cap, &fields, &counts);
        }
        Ok(counts)
    }

    /// How many documents match, counted up to a cap.
    fn total(&self, asked: &Asked<'_>, waiting: u64, cap: u64) -> Outcome<Total> {
        // Without an index nobody knows.
        let Some(walk) = self.walk(asked) else { return Ok(Total::MoreThan(waiting)) };
        let count = waiting + walk.count(cap.saturating_sub(waiting))?;
        Ok(if count > cap { Total::MoreThan(cap) } else { Total::Exact(count) })
    }

    /// The kinds of a request; all when it names none.
    fn kinds(&self, names: &[&str]) -> Vec<u8> {
        if names.is_empty() {
            return (0..u8::try_from(self.schema.kinds().len()).unwrap_or(0)).collect();
        }
        let mut kinds: Vec<u8> = names.iter().filter_map(|k| self.schema.kind_place(k)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    fn trees(&self, kinds: &[u8], tree: &Tree) -> Vec<(u8, Tree)> {
        kinds
            .iter()
            .map(|kind| (*kind, tree.for_kind(*kind)))
            .filter(|(_, tree)| *tree != Tree::Nothing)
            .collect()
    }

    fn walk<'a>(&'a self, asked: &'a Asked<'a>) -> Option<Walk<'a>> {
        asked.generation.map(|generation| Walk {
            generation,
            layout: &self.layout,
            waiting: asked.waiting,
            kinds: &asked.kinds,
        })
    }

    /// The waiting documents that match.
    fn waiting_matches<'a>(&self, asked: &'a Asked<'_>) -> Outcome<Vec<&'a SortedTerms>> {
        let mut found = Vec::new();
        for entry in &asked.waiting.entries {
            let Some((_, tree)) = asked.kinds.iter().find(|(kind, _)| *kind == entry.kind) else { continue };
            let Some(doc) = entry.terms(self.source.as_ref(), &self.schema)? else { continue };
            if tree.matches(doc) {
                found.push(doc);
            }
        }
        Ok(found)
    }

    fn waiting_places(&self, asked: &Asked<'_>, matching: &[&SortedTerms]) -> Vec<Cursor> {
        let field = match &asked.request.sort {
            Sort::By { field, .. } => self.schema.field_place(field),
            _ => None,
        };
        matching
            .iter()
            .map(|doc| {
                let terms = &doc.terms;
                let value = field.and_then(|f| terms.sorted_by(f));
                Cursor { value, time_ms: terms.time_ms, id: terms.id, kind: terms.kind, list: 0 }
            })
            .collect()
    }

    /// Places of the index that can be on the page.
    fn places(&self, asked: &Asked<'_>) -> Outcome<Vec<Cursor>> {
        let request = asked.request;
        // One more than a page shows whether there is a next one.
        let limit = asked.limit + 1;
        let (after, before) =
            (request.after.as_ref().filter(|_| request.before.is_none()), request.before.as_ref());
        let Some(walk) = self.walk(asked) else { return self.scanned(asked, after, limit) };
        let places = match (&request.sort, before) {
            (Sort::By { field, descending }, _) => {
                let Some(field) = self.schema.field_place(field) else { return Ok(Vec::new()) };
                let sort = &request.sort;
                ByValue { field, sort, descending: *descending, after, before, limit }.places(&walk)
            }
            (Sort::Oldest, None) => walk.newer_than(after, limit),
            (Sort::Oldest, Some(before)) => walk.older_than(Some(before), limit),
            (_, None) => walk.older_than(after, limit),
            (_, Some(before)) => walk.newer_than(Some(before), limit),
        };
        Ok(places?)
    }

    /// Places of the store's newest records, while there is no index.
    fn scanned(&self, asked: &Asked<'_>, after: Option<&Cursor>, limit: usize) -> Outcome<Vec<Cursor>> {
        let mut found = Vec::new();
        if asked.request.before.is_some() || matches!(asked.request.sort, Sort::Oldest) {
            return Ok(found);
        }
        let after = after.filter(|_| matches!(asked.request.sort, Sort::Newest | Sort::Best));
        for (kind, tree) in &asked.kinds {
            let source = self.source.as_ref();
            found.extend(scan::newest(source, &self.schema, (*kind, tree), asked.waiting, after, limit)?);
        }
        Ok(found)
    }

    /// Documents with the words themselves before those with words that only begin so; both in the best fields first.
    fn best(&self, asked: &Asked<'_>, waiting: Vec<Cursor>) -> Outcome<Page> {
        let schema = asked.request.query.schema();
        let stage = |plain: Vec<(u8, Tree)>| Asked { kinds: seen(schema, &plain), plain, ..*asked };
        let whole = |of: &[(u8, Tree)]| of.iter().map(|(kind, tree)| (*kind, tree.whole_words())).collect();
        let mut stages = Vec::new();
        let fields = self.best_fields(asked.request);
        if !fields.is_empty() {
            let kinds = asked.plain.iter().map(|(kind, tree)| (*kind, tree.best_in(&fields)));
            let in_fields: Vec<_> = kinds.filter(|(_, tree)| *tree != Tree::Nothing).collect();
            stages.push(stage(whole(&in_fields)));
            stages.push(stage(in_fields));
        }
        stages.push(stage(whole(&asked.plain)));
        let (mut hits, mut known): (Vec<Hit>, HashSet<(&str, [u8; 16])>) = (Vec::new(), HashSet::new());
        let mut take = |hits: &mut Vec<Hit>, found: Vec<Cursor>| {
            let (more, _, _) = self.page(asked.request, found, asked.limit);
            hits.extend(more.into_iter().filter(|hit| known.insert((hit.kind, hit.id))));
            hits.truncate(asked.limit);
        };
        for stage in stages.iter().filter(|stage| !stage.plain.is_empty()) {
            if hits.len() < asked.limit {
                let matching = self.waiting_matches(stage)?;
                let mut found = self.waiting_places(stage, &matching);
                found.extend(self.places(stage)?);
                take(&mut hits, found);
            }
        }
        if hits.len() < asked.limit {
            let mut found = waiting;
            found.extend(self.places(asked)?);
            take(&mut hits, found);
        }
        Ok((hits, None, None))
    }

    /// The fields of a request in which a word is best, as far as the asker sees them.
    fn best_fields(&self, request: &Request<'_>) -> Vec<u16> {
        let schema = request.query.schema();
        let places = request.best_in.iter().filter_map(|name| schema.field_place(name));
        places.filter(|place| schema.field_at(*place).is_some_and(|def| schema.shows(def))).collect()
    }

    /// The fields asked for whose values are counted.
    fn counted_fields(&self, asked: &Asked<'_>) -> Vec<u16> {
        let names = asked.request.facets.iter();
        let reader = asked.request.query.schema();
        names
            .filter_map(|name| self.schema.field_place(name))
            .filter(|field| self.schema.field_at(*field).is_some_and(|def| def.facet && reader.shows(def)))
            .collect()
    }

    /// The page of a request out of all its candidates.
    fn page(&self, request: &Request<'_>, mut found: Vec<Cursor>, limit: usize) -> Page {
        let sort = &request.sort;
        found.sort_by(|a, b| a.compare(b, sort));
        let (mut more_after, mut more_before) = (false, false);
        if let Some(before) = &request.before {
            found.retain(|c| c.compare(before, sort) == Ordering::Less);
            more_after = true;
            more_before = found.len() > limit;
            found.drain(..found.len().saturating_sub(limit));
        } else {
            if let Some(after) = &request.after {
                found.retain(|c| c.compare(after, sort) == Ordering::Greater);
                more_before = true;
            }
            more_after |= found.len() > limit;
            found.truncate(limit);
        }
        let marked = |cursor: &Cursor| Cursor { list: request.list, ..*cursor };
        let next = found.last().map(marked).filter(|_| more_after);
        let prev = found.first().map(marked).filter(|_| more_before);
        let hits = found.iter().filter_map(|cursor| self.hit(marked(cursor))).collect();
        (hits, next, prev)
    }

    fn hit(&self, cursor: Cursor) -> Option<Hit> {
        let kind = self.schema.kind_at(cursor.kind)?.name;
        Some(Hit { kind, id: cursor.id, time_ms: cursor.time_ms, cursor })
    }

    /// The present generation of the index, if there is one.
    pub(crate) fn generation(&self) -> Option<Arc<Generation>> {
        self.live().map(|live| live.reader.current())
    }
}
