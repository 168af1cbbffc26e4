//! Jobs for programs: list, read, stop, repeat, what came of each row.

use super::Looker;
use super::pages::{RowsQuery, place_of, rows_file};
use crate::access::{Caller, may};
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::web::Query;
use crate::web::paging::{List, limit_of};
use crate::web::progress::pace;
use crate::web::routing;
use crate::work::jobs::{self, Job, JobId, State, Wanted};
use crate::work::{self, Work};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

type Me = Caller<may::AnyStaff>;

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/jobs").route(routing::get().to(list)))
        .service(routing::resource("/jobs/{id}").route(routing::get().to(show)))
        .service(routing::resource("/jobs/{id}/rows").route(routing::get().to(rows)))
        .service(routing::resource("/jobs/{id}/cancel").route(routing::post().to(cancel)))
        .service(routing::resource("/jobs/{id}/retry").route(routing::post().to(retry)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, show, rows, cancel, retry),
    tags((name = "jobs", description = "Long work that goes on behind: how far it is, what came of it."))
)]
pub struct ApiDocs;

/// Something that is done behind.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Job)]
pub(super) struct JobOut {
    id: String,
    /// Who does it, such as `orders_bulk`.
    kind: String,
    /// What it is, in a few words.
    title: String,
    /// `waiting`, `running`, `done`, `failed` (tried as often as its kind is, or cannot succeed) or `cancelled`.
    status: &'static str,
    /// Since when it has this status.
    #[schema(value_type = String, format = DateTime)]
    status_since_at: Timestamp,
    /// The person, key or schedule that wanted it; null where an event was its cause.
    started_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// How far it is, of how much; both 0 while nobody knows.
    progress: u64,
    total: u64,
    /// While it runs: how much a second, and how long the rest takes at that pace.
    per_second: Option<f64>,
    seconds_left: Option<u64>,
    /// How often it was begun, since it was made or last repeated.
    tries: u32,
    /// When it is tried next, while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Timestamp>,
    /// It ends at its next safe point.
    cancel_asked: bool,
    /// What came of it, in a sentence.
    result: Option<String>,
    /// Why the last try failed.
    error: Option<String>,
    /// What came of its rows; null for jobs that have none.
    rows: Option<RowsOut>,
}

/// What came of the rows of a job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = JobRows)]
pub(super) struct RowsOut {
    changed: u64,
    unchanged: u64,
    failed: u64,
    /// Where each row can be had as CSV; null when they are not kept any more.
    url: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    url_expires_at: Option<Timestamp>,
}

impl JobOut {
    /// A job as JSON.
    ///
    /// # Errors
    /// Faults of the store only.
    fn of(work: &Work, id: JobId, job: Job, now: Timestamp) -> Result<Self> {
        let about = work.jobs().about(&job)?;
        let pace = pace(&job, now);
        let rows = about.rows.map(|rows| RowsOut {
            changed: rows.done,
            unchanged: rows.unchanged,
            failed: rows.failed,
            url: rows.until.map(|_| format!("/api/v1/jobs/{id}/rows")),
            url_expires_at: rows.until,
        });
        Ok(Self {
            id: id.to_string(),
            title: about.title,
            status: job.state.word(),
            status_since_at: job.since,
            started_by: job.by.map(|by| by.name),
            created_at: job.created_at,
            progress: job.progress,
            total: job.total,
            per_second: pace.map(|pace| (pace.per_second * 10.0).round() / 10.0),
            seconds_left: pace.and_then(|pace| pace.seconds_left),
            tries: job.tries,
            next_try_at: Some(job.due_at).filter(|_| job.state == State::Ready),
            cancel_asked: job.cancel_asked && job.state == State::Leased,
            result: job.result,
            error: job.error.filter(|_| job.state != State::Done),
            rows,
            kind: job.kind,
        })
    }
}

fn looker<'a>(caller: &Me, actor: &'a crate::store::Actor) -> Looker<'a> {
    Looker { actor, sees_all: caller.may("system:view"), manages: caller.may("jobs:manage") }
}

/// The parameters of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct JobsQuery {
    /// `waiting`, `running`, `done`, `failed` or `cancelled`; all if absent.
    status: Option<String>,
    /// Only jobs of this kind.
    kind: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// A cursor from `next_cursor`.
    after: Option<String>,
}

/// Lists jobs
///
/// Those that people, keys and schedules wanted, the newest first; not the many that follow from events. A key sees its
/// own, with `system:view` everybody's. What is over is kept for a month, the last 500 at most.
#[utoipa::path(get, operation_id = "list_jobs", path = "/api/v1/jobs", tag = "jobs", params(JobsQuery),
    responses((status = 200, description = "Jobs", body = List<JobOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = [])))]
pub(super) async fn list(
    caller: Me,
    request: HttpRequest,
    (store, work): (web::Data<Store>, web::Data<Work>),
    query: Query<JobsQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let state = match query.0.status.as_deref() {
        None => None,
        Some(word) => Some(State::named(word).ok_or_else(|| {
            let words = State::ALL.map(State::word).join(", ");
            Error::invalid("invalid_choice", format!("status: choose {words}.")).on("/status")
        })?),
    };
    let after = query.0.after.as_deref().map(place_of).transpose()?;
    let actor = caller.actor();
    let wanted = Wanted { state, kind: query.0.kind.clone(), by: looker(&caller, &actor).only() };
    let found = store.read(|s| jobs::of_people(s, &wanted, after, limit))?;
    let next = found.next.map(|(at, id)| format!("{}.{id}", at.0));
    let rows = found.items.into_iter().map(|(id, job)| JobOut::of(&work, id, job, caller.now()));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    List::going_on(rows, next).response(&request)
}

/// Reads a job
#[utoipa::path(get, operation_id = "read_job", path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, description = "The job", body = JobOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = [])))]
pub(super) async fn show(
    caller: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let (id, job) = looker(&caller, &actor).see(&store, &id)?;
    Ok(HttpResponse::Ok().json(JobOut::of(&work, id, job, caller.now())?))
}

/// Reads what came of each row
///
/// As CSV with the columns `Row`, `Result` and `What it says`, for 7 days after the end.
#[utoipa::path(get, operation_id = "read_job_rows", path = "/api/v1/jobs/{id}/rows", tag = "jobs",
    params(("id" = String, Path, description = "`job_…`"), ("only" = Option<String>, Query, description = "`failed`: only those; all if absent")),
    responses((status = 200, description = "The rows", content_type = "text/csv", body = String), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = [])))]
pub(super) async fn rows(
    caller: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
    query: Query<RowsQuery>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let (id, job) = looker(&caller, &actor).see(&store, &id)?;
    rows_file(&work, id, job, &query.0)
}

/// Stops a job
///
/// At once if it waits, at its next safe point if it runs. One that failed is given up and forgotten: 204. The job of
/// another needs `jobs:manage`.
#[utoipa::path(post, operation_id = "cancel_job", path = "/api/v1/jobs/{id}/cancel", tag = "jobs", params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, description = "The job as it is now", body = JobOut), (status = 204, description = "It had failed and is forgotten"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = [])))]
pub(super) async fn cancel(
    caller: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let id = looker(&caller, &actor).act(&store, &id)?;
    work.cancel(caller.actor(), id).await?;
    now(&store, &work, id, caller.now())
}

/// Repeats a job
///
/// One that failed or was stopped is done again, at once and with all its tries; one that waits for its next try is due
/// now. Where the same is to be done already it is forgotten: 204. The job of another needs `jobs:manage`.
#[utoipa::path(post, operation_id = "retry_job", path = "/api/v1/jobs/{id}/retry", tag = "jobs", params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, description = "The job as it is now", body = JobOut), (status = 204, description = "The same is to be done already"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = [])))]
pub(super) async fn retry(
    caller: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let id = looker(&caller, &actor).act(&store, &id)?;
    store.write(caller.actor(), move |tx| work::retry(tx, id)).await?;
    work.wake();
    now(&store, &work, id, caller.now())
}

fn now(store: &Store, work: &Work, id: JobId, now: Timestamp) -> Result<HttpResponse> {
    match store.read(|s| jobs::get(s, id)) {
        Ok(job) => Ok(HttpResponse::Ok().json(JobOut::of(work, id, job, now)?)),
        Err(_forgotten) => Ok(HttpResponse::NoContent().finish()),
    }
}
