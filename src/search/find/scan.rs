//! Answers without an index: the newest records of the store, matched one by one, up to a bound.

use crate::base::error::Result;
use crate::search::pending::Waiting;
use crate::search::query::tree::Tree;
use crate::search::request::Cursor;
use crate::search::schema::Schema;
use crate::search::source::Source;
use crate::search::terms::{Analyser, SortedTerms};

/// Records looked at for one answer: some 20 ms.
const LOOK_AT_MAX: usize = 1_000;
const PAGE: usize = 200;

/// The newest matching records of a kind that are not waiting in memory, after `after` in time.
pub(crate) fn newest(
    source: &dyn Source,
    schema: &Schema,
    (kind, tree): (u8, &Tree),
    waiting: &Waiting,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>> {
    let Some(def) = schema.kind_at(kind) else { return Ok(Vec::new()) };
    let mut analyser = Analyser::new(schema);
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut before = after.map(|c| (c.time_ms, c.id));
    while looked_at < LOOK_AT_MAX && found.len() < limit {
        let ids = source.recent(def.name, before, PAGE)?;
        let Some(last) = ids.last().copied() else { break };
        let mut last_time = None;
        for id in &ids {
            looked_at += 1;
            let Some(doc) = source.doc(def.name, id)? else { continue };
            if *id == last {
                last_time = Some(doc.time_ms);
            }
            let Some(terms) = analyser.terms(&doc).filter(|_| !waiting.has(kind, id)) else { continue };
            if tree.matches(&SortedTerms::new(terms)) && found.len() < limit {
                found.push(Cursor { value: None, time_ms: doc.time_ms, id: *id, kind, list: 0 });
            }
        }
        // Without the last one's time there is no place to go on from.
        let Some(time_ms) = last_time.filter(|_| ids.len() == PAGE) else { break };
        before = Some((time_ms, last));
    }
    Ok(found)
}
