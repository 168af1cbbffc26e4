//! One action on every order that matches, for programs: answered at once with the job that does it.

use super::ops::{self, Wish};
use crate::access::{Caller, Once, Permission, Shop, may};
use crate::base::error::{Error, Result};
use crate::search::Search;
use crate::search::query::exact;
use crate::shop::customers;
use crate::shop::orders::admin::Action;
use crate::shop::orders::{CancelReason, StepBody, require_prices, step_named};
use crate::store::Store;
use crate::web::bulk::Tagging;
use crate::web::routing;
use crate::web::{JsonBytes, listing};
use crate::work::Work;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The routes below `/api/v1`; they stand before those of single orders.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/orders/bulk/{action:ship|unship|deliver|undeliver}")
                .route(routing::post().to(move_goods)),
        )
        .service(routing::resource("/orders/bulk/{action}").route(routing::post().to(change)));
}

/// What this part tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(paths(change))]
pub struct ApiDocs;

/// Which orders, and what the action needs to know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkAction, example = json!({"q": "status:open tag:gift", "tag": "wrapped"}))]
pub(super) struct BulkBody {
    /// The query language of the search box, such as `status:open tag:gift`; an empty one is every order.
    q: String,
    /// `tag` and `untag`: which.
    #[serde(default)]
    tag: Option<String>,
    /// Cancel: `customer`, `rejected`, `unavailable` or `other`.
    #[serde(default)]
    reason: Option<CancelReason>,
    /// Cancel and hold: words for staff.
    #[serde(default)]
    note: Option<String>,
    /// Pay: how.
    #[serde(default)]
    method: Option<String>,
    /// Ship: who carries it.
    #[serde(default)]
    carrier: Option<String>,
}

impl BulkBody {
    fn action(self, word: &str) -> Result<(String, Action)> {
        let tag = self.tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty());
        let is_tagging = matches!(word, "tag" | "untag");
        if is_tagging != tag.is_some() {
            let text = if is_tagging { "tag: write the tag." } else { "tag: only tag and untag take one." };
            return Err(Error::invalid("tag_empty", text).on("/tag"));
        }
        // What no order can have is refused before it is tried on all of them.
        tag.map(|tag| customers::tags(&[tag.to_owned()])).transpose().map_err(|e| e.on("/tag"))?;
        let action = match (word, tag) {
            ("tag", Some(tag)) => Action::Tag(Tagging::Add(tag.to_owned())),
            ("untag", Some(tag)) => Action::Tag(Tagging::Remove(tag.to_owned())),
            _ => {
                let step = step_named(word)?;
                let body = StepBody {
                    amount: None,
                    reason: self.reason,
                    note: self.note,
                    method: self.method,
                    carrier: self.carrier,
                    // Those are each order's own.
                    reference: None,
                    tracking: None,
                    more_follows: None,
                };
                Action::Step(step, body.into_input(step)?)
            }
        };
        Ok((self.q, action))
    }
}

/// The job that does it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkStarted)]
pub(super) struct StartedOut {
    /// `job_…`
    job: String,
    /// Where it is followed; also in `Location`.
    job_url: String,
    /// `blk_…`: the subject of its events, such as `bulk.ended`.
    bulk: String,
}

/// Acts on every order that matches
///
/// The orders that match now are written down and then changed a few at a time, each by itself: what one refuses leaves
/// the others as they are. `action` is a step of an order, `tag` or `untag`. The answer comes at once; the job says how far
/// it is and, at its end, what came of each order. Staff can take it back from the page of the job. `ship`, `unship`,
/// `deliver` and `undeliver` need `orders:ship`, all others `orders:edit`.
#[utoipa::path(post, operation_id = "change_orders", path = "/api/v1/orders/bulk/{action}", tag = "orders", request_body = BulkBody,
    params(("action" = String, Path, description = "A step, such as `complete`; `tag` or `untag`", example = "tag"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 202, description = "It has begun", body = StartedOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:edit"]), ("key" = ["orders:ship"])))]
pub(super) async fn change(
    caller: Caller<may::EditOrders>,
    request: HttpRequest,
    parts: Parts,
    word: routing::Path<String>,
    body: JsonBytes<BulkBody>,
) -> Result<HttpResponse> {
    begun(caller, &request, parts, &word, body).await
}

/// The actions of those who pack; documented with [`change`].
pub(super) async fn move_goods(
    caller: Caller<may::ShipOrders>,
    request: HttpRequest,
    parts: Parts,
    word: routing::Path<String>,
    body: JsonBytes<BulkBody>,
) -> Result<HttpResponse> {
    begun(caller, &request, parts, &word, body).await
}

type Parts = (web::Data<Store>, web::Data<Search>, web::Data<Shop>, web::Data<Work>);

async fn begun<P: Permission>(
    caller: Caller<P>,
    request: &HttpRequest,
    (store, search, shop, work): Parts,
    word: &str,
    body: JsonBytes<BulkBody>,
) -> Result<HttpResponse> {
    require_prices(&caller)?;
    let once = Once::offered(&caller, request, &body.bytes)?;
    let (query, action) = body.value.action(word)?;
    let parsed = exact(&query, search.schema(), caller.now(), &shop.zone());
    if let Some(problem) = parsed.problems.first() {
        return Err(listing::refusal(problem).on("/q"));
    }
    let back = "/admin/orders".to_owned();
    let wish = Wish { action, query, back, prices: true, at_once: true };
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 202, |tx| {
                let (bulk, job) = ops::begin(tx, &wish)?;
                let (job, job_url) = (job.to_string(), format!("/api/v1/jobs/{job}"));
                Ok(StartedOut { job, job_url, bulk: bulk.to_string() })
            })
        })
        .await?;
    work.wake();
    let job_url = answer.field("job_url");
    Ok(answer.response(job_url))
}
