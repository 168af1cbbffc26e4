//! Subscriptions for programs: list, read, pause, set going, set back, try again.

use super::Whole;
use super::ops::{Wish, grant};
use crate::access::{Caller, may};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::web::Json;
use crate::web::paging::List;
use crate::web::routing;
use crate::work::Work;
use crate::work::subscriptions;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/subscriptions").route(routing::get().to(list)))
        .service(routing::resource("/subscriptions/{name}").route(routing::get().to(show)))
        .service(routing::resource("/subscriptions/{name}/pause").route(routing::post().to(pause)))
        .service(routing::resource("/subscriptions/{name}/resume").route(routing::post().to(resume)))
        .service(routing::resource("/subscriptions/{name}/replay").route(routing::post().to(replay)))
        .service(
            routing::resource("/subscriptions/{name}/retry-failed").route(routing::post().to(retry_failed)),
        );
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, show, pause, resume, replay, retry_failed),
    tags((name = "subscriptions", description = "Who reads the event log inside the shop, and how far each is."))
)]
pub struct ApiDocs;

/// A durable reader of the event log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Subscription)]
pub(super) struct SubscriptionOut {
    /// Such as `site_statistics`, or the id of a webhook.
    name: String,
    /// What it is, in a few words.
    title: String,
    /// What it makes of an event.
    description: String,
    /// The kinds of events it wants, such as `order.*`.
    kinds: Vec<String>,
    /// `running` or `paused`.
    status: &'static str,
    /// Why it stands still.
    paused_reason: Option<String>,
    /// Since when it runs or stands.
    #[schema(value_type = String, format = DateTime)]
    status_since_at: Timestamp,
    /// The sequence number up to which it has read.
    seq: u64,
    /// When the event with that number happened.
    #[schema(value_type = Option<String>, format = DateTime)]
    seq_at: Option<Timestamp>,
    /// How many events are behind its place, wanted or not.
    lag: u64,
    /// What follows from its events and is to be done; counted up to 1,000.
    waiting: u64,
    /// What was given up after all its tries; counted up to 1,000.
    failed: u64,
    /// Where it is looked after; then the steps below are refused.
    page: Option<String>,
}

impl SubscriptionOut {
    fn of(whole: Whole) -> Self {
        let Whole { name, about, subscription, place, lag, at, waiting, failed } = whole;
        Self {
            name,
            title: about.title,
            description: about.sentence,
            kinds: subscription.kinds,
            status: if subscription.paused.is_some() { "paused" } else { "running" },
            paused_reason: subscription.paused,
            status_since_at: subscription.since,
            seq: place,
            seq_at: at,
            lag,
            waiting,
            failed,
            page: about.page,
        }
    }
}

type Parts = (web::Data<Store>, web::Data<Work>);

/// Lists subscriptions
///
/// All of them, webhooks and the mails among them.
#[utoipa::path(get, operation_id = "list_subscriptions", path = "/api/v1/subscriptions", tag = "subscriptions",
    responses((status = 200, description = "Subscriptions", body = List<SubscriptionOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["system:view"])))]
pub(super) async fn list(
    _caller: Caller<may::ViewSystem>,
    request: HttpRequest,
    (store, work): Parts,
) -> Result<HttpResponse> {
    let rows = Whole::all(&store, &work)?.into_iter().map(SubscriptionOut::of).collect();
    List::whole(rows).response(&request)
}

/// Reads a subscription
#[utoipa::path(get, operation_id = "read_subscription", path = "/api/v1/subscriptions/{name}", tag = "subscriptions", params(("name" = String, Path, description = "`site_statistics`")),
    responses((status = 200, description = "The subscription", body = SubscriptionOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["system:view"])))]
pub(super) async fn show(
    _caller: Caller<may::ViewSystem>,
    parts: Parts,
    name: routing::Path<String>,
) -> Result<HttpResponse> {
    now(&parts, &name)
}

fn now((store, work): &Parts, name: &str) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(SubscriptionOut::of(Whole::get(store, work, name)?)))
}

type Me = Caller<may::ManageJobs>;

async fn done(caller: &Me, parts: &Parts, name: &str, wish: Wish) -> Result<HttpResponse> {
    grant((&parts.0, &parts.1), caller.actor(), name, wish).await?;
    now(parts, name)
}

/// Pauses a subscription
///
/// It keeps its events. One that stands still already keeps its reason.
#[utoipa::path(post, operation_id = "pause_subscription", path = "/api/v1/subscriptions/{name}/pause", tag = "subscriptions", params(("name" = String, Path, description = "`site_statistics`")),
    responses((status = 200, description = "The subscription", body = SubscriptionOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["jobs:manage"])))]
pub(super) async fn pause(caller: Me, parts: Parts, name: routing::Path<String>) -> Result<HttpResponse> {
    done(&caller, &parts, &name, Wish::Pause).await
}

/// What becomes of the events that came meanwhile.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = SubscriptionResume)]
pub(super) struct Resume {
    /// They are left out.
    skip: bool,
}

/// Lets a subscription go on
#[utoipa::path(post, operation_id = "resume_subscription", path = "/api/v1/subscriptions/{name}/resume", tag = "subscriptions", request_body = Resume, params(("name" = String, Path, description = "`site_statistics`")),
    responses((status = 200, description = "The subscription", body = SubscriptionOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["jobs:manage"])))]
pub(super) async fn resume(
    caller: Me,
    parts: Parts,
    name: routing::Path<String>,
    Json(given): Json<Resume>,
) -> Result<HttpResponse> {
    done(&caller, &parts, &name, Wish::Resume { skip: given.skip }).await
}

/// From where everything is taken again: one of the two.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = SubscriptionReplay, example = json!({"since": "2026-11-20T10:15:00Z"}))]
pub(super) struct Replay {
    /// Behind this event.
    after: Option<u64>,
    /// From this moment on.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
}

/// Takes everything again from an event or a moment on
///
/// What it has made of an event already is not made twice.
#[utoipa::path(post, operation_id = "replay_subscription", path = "/api/v1/subscriptions/{name}/replay", tag = "subscriptions", request_body = Replay, params(("name" = String, Path, description = "`site_statistics`")),
    responses((status = 200, description = "The subscription", body = SubscriptionOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["jobs:manage"])))]
pub(super) async fn replay(
    caller: Me,
    parts: Parts,
    name: routing::Path<String>,
    Json(from): Json<Replay>,
) -> Result<HttpResponse> {
    let after = subscriptions::behind(&parts.0, from.after, from.since.as_deref())?;
    done(&caller, &parts, &name, Wish::Replay { after }).await
}

/// Tries again what a subscription gave up
///
/// At most 1,000 at once; repeat while `failed` is not 0.
#[utoipa::path(post, operation_id = "retry_subscription_failures", path = "/api/v1/subscriptions/{name}/retry-failed", tag = "subscriptions", params(("name" = String, Path, description = "`site_statistics`")),
    responses((status = 200, description = "The subscription", body = SubscriptionOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["jobs:manage"])))]
pub(super) async fn retry_failed(
    caller: Me,
    parts: Parts,
    name: routing::Path<String>,
) -> Result<HttpResponse> {
    done(&caller, &parts, &name, Wish::Again).await
}
