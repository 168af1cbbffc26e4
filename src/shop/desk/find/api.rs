//! The one box for programs, and for the command line: hits of all kinds with marks as ranges.

use super::rows::Parts;
use super::{Ask, Found, Hit, Kind, Rows, find, kinds_for};
use crate::access::{Caller, may};
use crate::base::error::Result;
use crate::base::time::{Timestamp, Zone};
use crate::search::{Search, Total};
use crate::shop::orders::require_prices;
use crate::store::Store;
use crate::web::listing::refusal;
use crate::web::paging::limit_within;
use crate::web::routing;
use crate::web::{Budget, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

/// Hits of an answer.
pub(in crate::shop::desk) const LIMIT_DEFAULT: u32 = 10;
pub(in crate::shop::desk) const LIMIT_MAX: u32 = 50;

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config.service(routing::resource("/search").route(routing::get().to(search)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(paths(search), tags((name = "search", description = "One box for everything.")))]
pub struct ApiDocs;

/// The parameters of the box.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// What somebody types: a name, a number, the beginning or the end of a phone number, or the query language such as `status:open navy`.
    #[param(example = "anna berg")]
    q: Option<String>,
    /// Kinds to search, with commas: `order`, `customer`, `credit_note`, `message`; all that the key may see if absent.
    kind: Option<String>,
    /// 1 to 50 hits; 10 if absent. Every kind gets its fair share of them.
    limit: Option<u32>,
}

/// What the box found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchResult)]
pub struct SearchOut {
    /// Orders, then customers, then credit notes, then messages; within a kind whole words before beginnings of words, each
    /// newest first. The record that the text names exactly comes before all others.
    pub data: Vec<Hit>,
    /// There are more hits than these.
    pub has_more: bool,
    /// The id of the record that the text names exactly: `#10482`, an id, an outside id.
    #[schema(example = "ord_01kaj3m7q9f8x2v5n4c6b8d0e2")]
    pub exact: Option<String>,
    /// How many hits each kind has.
    pub counts: Vec<KindCount>,
    /// Words that found nothing, and those searched in their place.
    pub corrected: Vec<Corrected>,
    /// The index is being rebuilt: hits may be missing.
    pub degraded: bool,
}

/// How many hits a kind has.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KindCount {
    pub kind: &'static str,
    pub count: u64,
    /// False when the counting stopped at `count`.
    pub exact: bool,
}

/// A word that was corrected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Corrected {
    #[schema(example = "mülelr")]
    pub typed: String,
    #[schema(example = "müller")]
    pub searched: String,
}

/// Asks the box as a program does: what is not understood of the query is a refusal.
///
/// # Errors
/// `invalid_query`, `invalid_parameter`, `invalid_limit`.
pub fn answer(
    (store, search, rows): (&Store, &Search, &Rows),
    (text, kinds): (&str, &[Kind]),
    limit: Option<u32>,
    now: Timestamp,
    zone: &Zone,
) -> Result<SearchOut> {
    let limit = limit_within(limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let found = find(
        store,
        search,
        &Ask { text, kinds, limit, now, zone, prices: true, rows: Some(rows), people_first: false },
    )?;
    match found.problems.first() {
        Some(problem) => Err(refusal(problem).on("/q")),
        None => Ok(SearchOut::new(&found, limit)),
    }
}

/// What was found as the API answers it, of all kinds together at most so many.
pub fn answered(found: &Found, limit: usize) -> SearchOut {
    SearchOut::new(found, limit)
}

impl SearchOut {
    fn new(found: &Found, limit: usize) -> Self {
        let exact = found.jump.as_ref().map(|hit| hit.id.clone());
        let counts: Vec<KindCount> = found
            .groups
            .iter()
            .map(|group| match group.total {
                Total::Exact(count) => KindCount { kind: group.kind.name, count, exact: true },
                Total::MoreThan(count) => KindCount { kind: group.kind.name, count, exact: false },
            })
            .collect();
        let corrected = |(typed, searched): &(String, String)| Corrected {
            typed: typed.clone(),
            searched: searched.clone(),
        };
        let corrected = found.corrected.iter().map(corrected).collect();
        let mut groups: Vec<Vec<Hit>> = found.groups.iter().map(|group| group.hits.clone()).collect();
        let mut data = Vec::new();
        if let Some(jump) = found.jump.clone() {
            // With its reasons, when it was also found by them.
            let same = groups.iter_mut().find_map(|hits| {
                let at = hits.iter().position(|hit| hit.id == jump.id)?;
                Some(hits.remove(at))
            });
            data.push(same.unwrap_or(jump));
        }
        let shares =
            shares(&groups.iter().map(Vec::len).collect::<Vec<_>>(), limit.saturating_sub(data.len()));
        let had: usize = data.len() + groups.iter().map(Vec::len).sum::<usize>();
        for (hits, share) in groups.into_iter().zip(shares) {
            data.extend(hits.into_iter().take(share));
        }
        let counted: u64 = counts.iter().map(|c| c.count).sum();
        let has_more = data.len() < had || counted > data.len() as u64 || counts.iter().any(|c| !c.exact);
        Self { has_more, data, exact, counts, corrected, degraded: found.degraded }
    }
}

/// How many of each group are shown when all together may be `limit`: one of each in turn until it is reached.
fn shares(sizes: &[usize], limit: usize) -> Vec<usize> {
    let mut shares = vec![0; sizes.len()];
    let mut left = limit.min(sizes.iter().sum());
    while left > 0 {
        for (share, size) in shares.iter_mut().zip(sizes) {
            if left > 0 && *share < *size {
                *share += 1;
                left -= 1;
            }
        }
    }
    shares
}

/// Searches everything
///
/// The one box of the admin: names, numbers with or without `#`, phones in any format and by their last digits,
/// e-mail addresses and parts of them, addresses, SKUs, barcodes, tracking numbers, notes, tags, what people wrote to the shop; or the query language.
/// The last word may be the beginning of one, and a typing mistake is forgiven when nothing else is found. What was
/// answered 201 is found by the very next search. `ranges` count UTF-16 code units, as JavaScript does.
#[utoipa::path(get, operation_id = "search_everything", path = "/api/v1/search", tag = "search", params(SearchQuery),
    responses((status = 200, description = "Hits", body = SearchOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:view"]), ("key" = ["customers:view"]), ("key" = ["messages:view"])))]
pub(super) async fn search(
    request: HttpRequest,
    caller: Caller<may::AnyStaff>,
    parts: Parts,
    query: Query<SearchQuery>,
) -> Result<HttpResponse> {
    caller.charge(&request, Budget::Search)?;
    require_prices(&caller)?;
    let query = query.0;
    let kinds = kinds_for(query.kind.as_deref().unwrap_or_default(), |word| caller.may(word))?;
    let asked = (query.q.as_deref().unwrap_or_default(), kinds.as_slice());
    let found = answer(
        (&parts.store, &parts.search, &parts.rows),
        asked,
        query.limit,
        caller.now(),
        &parts.shop.zone(),
    )?;
    Ok(HttpResponse::Ok().json(found))
}

#[cfg(test)]
mod tests {
    use super::shares;
    use proptest::prelude::*;

    #[test]
    fn every_kind_gets_its_share() {
        assert_eq!(shares(&[10, 3, 0], 10), [7, 3, 0]);
        assert_eq!(shares(&[10, 10, 10], 10), [4, 3, 3]);
        assert_eq!(shares(&[1, 1], 10), [1, 1]);
        assert_eq!(shares(&[], 10), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn shares_fill_the_limit_and_no_more(sizes in prop::collection::vec(0_usize..60, 0..4), limit in 0_usize..60) {
            let shares = shares(&sizes, limit);
            prop_assert_eq!(shares.iter().sum::<usize>(), limit.min(sizes.iter().sum()));
            prop_assert!(shares.iter().zip(&sizes).all(|(share, size)| share <= size));
        }
    }
}
