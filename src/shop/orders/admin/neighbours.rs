//! The orders before and after one in the list it was opened from.

use super::facets::PATH;
use super::list::OrdersQuery;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::search::{Answer, Search};
use crate::shop::orders::{Order, OrderId};
use crate::web::Shell;
use crate::web::listing;
use crate::web::place::Place;
use serde::Serialize;

/// Addresses of the orders beside one, as its list has them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Neighbours {
    pub newer: Option<String>,
    pub older: Option<String>,
}

/// The neighbours of an order in the list at `from`; none when it was opened from elsewhere.
///
/// # Errors
/// Faults of the index only; an address that is no list has no neighbours.
pub(super) fn of(search: &Search, shell: &Shell, from: Option<&str>, order: &Order) -> Result<Neighbours> {
    let Some(query) = from.and_then(|path| path.strip_prefix(PATH)) else { return Ok(Neighbours::default()) };
    let Ok(asked) = crate::web::query::parse::<OrdersQuery>(query.trim_start_matches('?')) else {
        return Ok(Neighbours::default());
    };
    let list = asked.list();
    let look =
        |list: &listing::ListQuery| listing::lenient(search, list, "order", shell.now, &shell.zone(), &[]);
    let Ok((answer, _)) = look(&list) else { return Ok(Neighbours::default()) };
    let place = Place::of(query.trim_start_matches('?'));
    let link = |id: [u8; 16], place: &Place| {
        let from = Place::default().and("from", &place.href(PATH));
        from.href(&format!("{PATH}/{}", OrderId::from_bytes(id)))
    };
    let (newer, older) = beside(&answer, order);
    let mut near =
        Neighbours { newer: newer.map(|id| link(id, &place)), older: older.map(|id| link(id, &place)) };
    // At an edge of the page the neighbour stands on the next one.
    if let (None, Some(cursor)) = (&near.older, answer.next) {
        let next = listing::ListQuery { after: Some(cursor.to_string()), before: None, ..list.clone() };
        let id = look(&next)?.0.hits.first().map(|hit| hit.id);
        near.older =
            id.map(|id| link(id, &place.less(&["before", "after"]).and("after", &cursor.to_string())));
    }
    if let (None, Some(cursor)) = (&near.newer, answer.prev) {
        let previous = listing::ListQuery { before: Some(cursor.to_string()), after: None, ..list };
        let id = look(&previous)?.0.hits.last().map(|hit| hit.id);
        near.newer =
            id.map(|id| link(id, &place.less(&["before", "after"]).and("before", &cursor.to_string())));
    }
    Ok(near)
}

/// The hits before and after the order on this page. An order that has just left the list, because it was shipped,
/// stands where its time would be.
fn beside(answer: &Answer, order: &Order) -> (Option<[u8; 16]>, Option<[u8; 16]>) {
    let hits = &answer.hits;
    let at = hits.iter().position(|hit| hit.id == order.id.bytes());
    let gap = at
        .unwrap_or_else(|| hits.iter().position(|hit| hit.time_ms < order.placed_at.0).unwrap_or(hits.len()));
    let newer = gap.checked_sub(1).and_then(|place| hits.get(place));
    let older = hits.get(if at.is_some() { gap.saturating_add(1) } else { gap });
    (newer.map(|hit| hit.id), older.map(|hit| hit.id))
}
