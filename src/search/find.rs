//! Answering: the index without what waits, and what waits, put together in order.

use crate::base::error::Result;
use crate::search::engine::Shared;
use crate::search::pending::Waiting;
use crate::search::query::tree::Tree;
use crate::search::request::{Answer, Count, Cursor, Hit, LIMIT_MAX, Request, Sort, Total};
use crate::search::scan;
use std::cmp::Ordering;

impl Shared {
    pub(crate) fn find(&self, request: &Request<'_>) -> Result<Answer> {
        self.catch_up()?;
        let query = match &request.and {
            Some(rights) => request.query.and(rights),
            None => request.query.clone(),
        };
        let kinds: Vec<(u8, Tree)> = self
            .kinds(request)
            .into_iter()
            .map(|kind| (kind, query.tree().for_kind(kind, &self.schema)))
            .filter(|(_, tree)| *tree != Tree::Nothing)
            .collect();
        let waiting = self.pending.waiting();
        let limit = request.limit.min(LIMIT_MAX);
        let mut found = self.waiting_places(&kinds, &waiting)?;
        let after =
            request.after.as_ref().filter(|_| request.before.is_none() && request.sort == Sort::Newest);
        for (kind, tree) in &kinds {
            let kind_tree = (*kind, tree);
            found.extend(scan::newest(
                self.source.as_ref(),
                &self.schema,
                kind_tree,
                &waiting,
                after,
                limit + 1,
            )?);
        }
        let total = match request.count {
            Count::None => None,
            Count::UpTo(_) => Some(Total::MoreThan(found.len() as u64)),
        };
        let (hits, next, prev) = self.page(request, found, limit);
        Ok(Answer {
            hits,
            total,
            facets: Vec::new(),
            next,
            prev,
            degraded: true,
            corrected: Vec::new(),
            query,
        })
    }

    fn kinds(&self, request: &Request<'_>) -> Vec<u8> {
        if request.kinds.is_empty() {
            return (0..u8::try_from(self.schema.kinds().len()).unwrap_or(0)).collect();
        }
        request.kinds.iter().filter_map(|k| self.schema.kind_place(k)).collect()
    }

    /// The places of the waiting records that match.
    fn waiting_places(&self, kinds: &[(u8, Tree)], waiting: &Waiting) -> Result<Vec<Cursor>> {
        let mut found = Vec::new();
        for entry in &waiting.entries {
            let Some((_, tree)) = kinds.iter().find(|(kind, _)| *kind == entry.kind) else { continue };
            let Some(doc) = entry.terms(self.source.as_ref(), &self.schema)? else { continue };
            if tree.matches(doc) {
                found.push(Cursor {
                    value: None,
                    time_ms: doc.terms.time_ms,
                    id: entry.id,
                    kind: entry.kind,
                });
            }
        }
        Ok(found)
    }

    /// The page of a request out of all its candidates.
    fn page(
        &self,
        request: &Request<'_>,
        mut found: Vec<Cursor>,
        limit: usize,
    ) -> (Vec<Hit>, Option<Cursor>, Option<Cursor>) {
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
        let next = found.last().copied().filter(|_| more_after);
        let prev = found.first().copied().filter(|_| more_before);
        let hits = found.into_iter().filter_map(|cursor| self.hit(cursor)).collect();
        (hits, next, prev)
    }

    fn hit(&self, cursor: Cursor) -> Option<Hit> {
        let kind = self.schema.kind_at(cursor.kind)?.name;
        Some(Hit { kind, id: cursor.id, time_ms: cursor.time_ms, cursor })
    }
}
