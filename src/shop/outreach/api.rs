//! Webhooks for programs: list, add, change, pause, rotate, test, send again, and what was attempted.

use super::desk::{Outreach, Wish};
use super::model::{AttemptId, EndpointId};
use super::ops;
use super::told::{AttemptOut, WebhookOut};
use crate::access::{Caller, Once, may};
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::shop::customers::require_version;
use crate::store::{Store, Tx};
use crate::web::conditional::{IfMatch, record, record_as};
use crate::web::paging::{List, bad_cursor, limit_of};
use crate::web::routing;
use crate::web::{Json, JsonBytes, Query, json};
use crate::work::subscriptions;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/webhooks").route(routing::get().to(list)).route(routing::post().to(add)))
        .service(
            routing::resource("/webhooks/{id}")
                .route(routing::get().to(show))
                .route(routing::patch().to(patch).if_match())
                .route(routing::delete().to(remove).if_match()),
        )
        .service(routing::resource("/webhooks/{id}/pause").route(routing::post().to(pause).if_match()))
        .service(routing::resource("/webhooks/{id}/resume").route(routing::post().to(resume).if_match()))
        .service(
            routing::resource("/webhooks/{id}/rotate-secret").route(routing::post().to(rotate).if_match()),
        )
        .service(routing::resource("/webhooks/{id}/test").route(routing::post().to(test).if_match()))
        .service(routing::resource("/webhooks/{id}/replay").route(routing::post().to(replay).if_match()))
        .service(
            routing::resource("/webhooks/{id}/retry-failed")
                .route(routing::post().to(retry_failed).if_match()),
        )
        .service(routing::resource("/webhooks/{id}/attempts").route(routing::get().to(attempts)))
        .service(
            routing::resource("/webhooks/{id}/attempts/{attempt}/send-again")
                .route(routing::post().to(send_again).if_match()),
        );
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, add, show, patch, remove, pause, resume, rotate, test, replay, retry_failed, attempts, send_again),
    tags((name = "webhooks", description = "Events sent to addresses of yours, signed by the Standard Webhooks scheme."))
)]
pub struct ApiDocs;

/// Where events are to be sent.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = WebhookFields, example = json!({"url": "https://warehouse.example/hooks", "kinds": ["order.*"], "note": "Warehouse"}))]
pub(super) struct WebhookFields {
    /// An address that begins with `https://`.
    #[schema(required, nullable = false)]
    url: Option<String>,
    /// Kinds such as `order.placed`, `order.*`; `*` stands for all.
    #[schema(required, nullable = false)]
    kinds: Option<Vec<String>>,
    /// What it is for.
    note: Option<String>,
}

impl WebhookFields {
    fn wish(self) -> Wish {
        Wish { url: self.url, kinds: self.kinds, note: self.note }
    }
    /// What a merge patch wishes: `null` empties, and what cannot be empty is refused as such.
    fn patched(patch: &Value) -> Result<Wish> {
        let fields: Self = json::from_value(patch.clone())?;
        let is_emptied = |name: &str| patch.get(name).is_some_and(Value::is_null);
        let text = |name: &str, given| if is_emptied(name) { Some(String::new()) } else { given };
        Ok(Wish {
            url: text("url", fields.url),
            note: text("note", fields.note),
            kinds: if is_emptied("kinds") { Some(Vec::new()) } else { fields.kinds },
        })
    }
}

/// With an ETag of all that is told: how much waits and failed as well.
fn answer(request: &HttpRequest, out: &WebhookOut) -> Result<HttpResponse> {
    record(request, out.version, out)
}

fn read(store: &Store, id: EndpointId) -> Result<WebhookOut> {
    Ok(WebhookOut::new(store.read(|s| ops::whole(s, id))?, store.last_seq()))
}

/// Makes a change from the version that the caller saw.
async fn made_from<T: Send + 'static>(
    caller: &Caller<may::ManageWebhooks>,
    request: &HttpRequest,
    store: &Store,
    id: &str,
    op: impl Fn(&mut Tx<'_>, EndpointId) -> Result<T> + Send + 'static,
) -> Result<(EndpointId, T)> {
    let (id, seen) = (EndpointId::parse(id)?, IfMatch::of(request)?);
    let op = move |tx: &mut Tx<'_>| {
        let present = ops::get(tx, id)?.version;
        require_version(seen.against(present), present)?;
        op(tx, id)
    };
    Ok((id, store.write(caller.actor(), op).await?))
}

/// The same; wakes what follows it, and gives the endpoint as it is now.
async fn changed<T: Send + 'static>(
    caller: &Caller<may::ManageWebhooks>,
    request: &HttpRequest,
    (store, outreach): (&Store, &Outreach),
    id: &str,
    op: impl Fn(&mut Tx<'_>, EndpointId) -> Result<T> + Send + 'static,
) -> Result<(WebhookOut, T)> {
    let (id, done) = made_from(caller, request, store, id, op).await?;
    outreach.work.wake();
    Ok((read(store, id)?, done))
}

/// Lists webhooks
#[utoipa::path(get, operation_id = "list_webhooks", path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "All webhooks, the newest first", body = List<WebhookOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn list(
    _caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse> {
    let all = store.read(ops::list)?;
    let last = store.last_seq();
    List::whole(all.into_iter().map(|whole| WebhookOut::new(whole, last)).collect()).response(&request)
}

/// Adds a webhook
///
/// It is sent what happens from now on. The answer holds the secret that messages are signed with; it is never shown again.
#[utoipa::path(post, operation_id = "add_webhook", path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookFields,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 201, description = "Added", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn add(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    body: JsonBytes<WebhookFields>,
) -> Result<HttpResponse> {
    let once = Once::offered(&caller, &request, &body.bytes)?;
    let new = outreach.checked(&body.value.wish(), None)?;
    let (epoch, last) = (store.epoch(), store.last_seq());
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 201, |tx| {
                let (id, secret) = ops::add(tx, &new, epoch)?;
                Ok(WebhookOut { secret: Some(secret.text()), ..WebhookOut::new(ops::whole(tx, id)?, last) })
            })
        })
        .await?;
    let place = answer.field("id").map(|id| format!("/api/v1/webhooks/{id}"));
    let mut answer = answer.response(place);
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// Reads a webhook
#[utoipa::path(get, operation_id = "read_webhook", path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-None-Match" = Option<String>, Header, description = "The ETag you have")),
    responses((status = 200, description = "The webhook", body = WebhookOut), (status = 304, description = "You have it as it is"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn show(
    _caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    answer(&request, &read(&store, EndpointId::parse(&id)?)?)
}

/// Changes fields of a webhook
///
/// Only the fields given change; `null` empties the note. With `If-Match` the change is made only from the version you saw.
#[utoipa::path(patch, operation_id = "change_webhook", path = "/api/v1/webhooks/{id}", tag = "webhooks", request_body(content = WebhookFields, content_type = "application/merge-patch+json"),
    params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The webhook as it is now", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn patch(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
    Json(fields): Json<Value>,
) -> Result<HttpResponse> {
    let own = EndpointId::parse(&id)?;
    let there = store.read(|s| ops::get(s, own))?;
    let new = outreach.checked(&WebhookFields::patched(&fields)?, Some(&there))?;
    let op = move |tx: &mut Tx<'_>, id| ops::change(tx, id, &new);
    let (out, ()) = changed(&caller, &request, (&store, &outreach), &id, op).await?;
    answer(&request, &out)
}

/// Removes a webhook
///
/// Nothing is sent there any more, and what waited is dropped.
#[utoipa::path(delete, operation_id = "remove_webhook", path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 204, description = "Removed"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn remove(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    made_from(&caller, &request, &store, &id, ops::remove).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pauses a webhook
///
/// Nothing is sent; events and messages are kept for it.
#[utoipa::path(post, operation_id = "pause_webhook", path = "/api/v1/webhooks/{id}/pause", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The webhook as it is now", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn pause(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let reason = format!("Paused by {}.", caller.actor().name);
    let (out, ()) =
        changed(&caller, &request, (&store, &outreach), &id, move |tx, id| ops::pause(tx, id, &reason))
            .await?;
    answer(&request, &out)
}

/// How a webhook goes on.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Resume {
    /// Leave out what came while it was paused; false if absent.
    skip_missed: bool,
}

/// Lets a paused webhook go on
///
/// With everything that came meanwhile, or without.
#[utoipa::path(post, operation_id = "resume_webhook", path = "/api/v1/webhooks/{id}/resume", tag = "webhooks", request_body = Resume, params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The webhook as it is now", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn resume(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
    Json(how): Json<Resume>,
) -> Result<HttpResponse> {
    let (epoch, skip_to) = (store.epoch(), how.skip_missed.then(|| store.last_seq()));
    let op = move |tx: &mut Tx<'_>, id| ops::resume(tx, id, skip_to, epoch);
    let (out, ()) = changed(&caller, &request, (&store, &outreach), &id, op).await?;
    answer(&request, &out)
}

/// Gives a webhook a new secret
///
/// For a day messages carry a signature by each of the two. The answer holds the new one; it is never shown again.
#[utoipa::path(post, operation_id = "rotate_webhook_secret", path = "/api/v1/webhooks/{id}/rotate-secret", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The webhook as it is now", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn rotate(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let (out, secret) = changed(&caller, &request, (&store, &outreach), &id, ops::rotate).await?;
    let out = WebhookOut { secret: Some(secret.text()), ..out };
    record_as(StatusCode::OK, out.version, &out)
}

/// Sends a test
///
/// A message of the type `webhook.test`; its attempt tells what came back.
#[utoipa::path(post, operation_id = "test_webhook", path = "/api/v1/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 202, description = "It is being sent", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn test(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let (out, ()) = changed(&caller, &request, (&store, &outreach), &id, ops::test).await?;
    accepted(&out)
}

fn accepted(out: &WebhookOut) -> Result<HttpResponse> {
    record_as(StatusCode::ACCEPTED, out.version, out)
}

/// From where everything is sent again: one of the two.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"since": "2026-11-20T10:15:00Z"}))]
pub(super) struct Replay {
    /// Behind this event.
    after: Option<u64>,
    /// From this moment on.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
}

/// Sends everything again from an event or a moment on
///
/// Messages keep their `webhook-id`, so that a receiver knows those it has.
#[utoipa::path(post, operation_id = "replay_webhook", path = "/api/v1/webhooks/{id}/replay", tag = "webhooks", request_body = Replay, params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 202, description = "It is being sent", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn replay(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
    Json(from): Json<Replay>,
) -> Result<HttpResponse> {
    let after = subscriptions::behind(&store, from.after, from.since.as_deref())?;
    let (out, ()) =
        changed(&caller, &request, (&store, &outreach), &id, move |tx, id| ops::replay(tx, id, after))
            .await?;
    accepted(&out)
}

/// Sends everything again that was given up
#[utoipa::path(post, operation_id = "retry_webhook_failures", path = "/api/v1/webhooks/{id}/retry-failed", tag = "webhooks", params(("id" = String, Path, description = "`whe_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 202, description = "It is being sent", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn retry_failed(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let (out, ()) = changed(&caller, &request, (&store, &outreach), &id, ops::again).await?;
    accepted(&out)
}

/// How many attempts.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct AttemptsQuery {
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// A cursor of an earlier page.
    after: Option<String>,
}

/// Lists attempts, the newest first
///
/// The last 200 of a webhook are kept.
#[utoipa::path(get, operation_id = "list_webhook_attempts", path = "/api/v1/webhooks/{id}/attempts", tag = "webhooks",
    params(("id" = String, Path, description = "`whe_…`"), AttemptsQuery),
    responses((status = 200, description = "Attempts", body = List<AttemptOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn attempts(
    _caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    query: Query<AttemptsQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let id = EndpointId::parse(&id)?;
    let after = query.0.after.as_deref().map(AttemptId::parse).transpose().map_err(|_none| bad_cursor())?;
    let page = store.read(|s| {
        ops::get(s, id)?;
        ops::attempts(s, id, after, limit)
    })?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|(id, _)| id.to_string());
    List::going_on(page.items.into_iter().map(AttemptOut::new).collect(), next_cursor).response(&request)
}

/// Sends the message of an attempt again
#[utoipa::path(post, operation_id = "send_webhook_again", path = "/api/v1/webhooks/{id}/attempts/{attempt}/send-again", tag = "webhooks",
    params(("id" = String, Path, description = "`whe_…`"), ("attempt" = String, Path, description = "`wat_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 202, description = "It is being sent", body = WebhookOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["webhooks:manage"])))]
pub(super) async fn send_again(
    caller: Caller<may::ManageWebhooks>,
    request: HttpRequest,
    (store, outreach): (web::Data<Store>, web::Data<Outreach>),
    path: routing::Path<(String, String)>,
) -> Result<HttpResponse> {
    let (id, attempt) = path.into_inner();
    let attempt = AttemptId::parse(&attempt)?;
    let op = move |tx: &mut Tx<'_>, id| ops::send_again(tx, id, attempt);
    let (out, ()) = changed(&caller, &request, (&store, &outreach), &id, op).await?;
    accepted(&out)
}
