//! One endpoint with what waits and what was attempted, and one attempt.

use super::View;
use crate::access::{Access, Staff, may};
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::shop::outreach::deliver::Deliveries;
use crate::shop::outreach::model::{Attempt, AttemptId, Delivery, EndpointId};
use crate::shop::outreach::ops;
use crate::store::{Snapshot, Store, events};
use crate::web::parts::{Badge, Fill, Tone};
use crate::web::routing;
use crate::web::{Page, Pages, PathId, Query, Shell};
use crate::work::jobs::{self, Job, JobId, State};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Rows of the lists on the page.
const LISTED: usize = 50;

/// What is due within this time is waited for by the page; what is tried again in an hour is not.
const SOON_MS: i64 = MINUTE_MS;

/// A job of the endpoint.
#[derive(Debug, Serialize)]
struct JobRow {
    id: String,
    what: String,
    badge: Badge,
    tries: u32,
    due_at: Option<Timestamp>,
    error: Option<String>,
    /// It goes out just now, or soon.
    is_soon: bool,
    /// How far a long one is.
    progress: Option<(u64, u64)>,
    can_be_cancelled: bool,
}

impl JobRow {
    fn of(s: &Snapshot, id: JobId, job: Job, now: Timestamp) -> Result<Self> {
        let what = match minicbor::decode::<Delivery>(&job.payload) {
            Ok(delivery) if job.kind == ops::DELIVER && delivery.seq > 0 => {
                let kind = events::get(s, delivery.seq)?.map_or_else(|| "Event".to_owned(), |e| e.kind);
                format!("{kind} {}", delivery.seq)
            }
            Ok(_) if job.kind == ops::DELIVER => "Test".to_owned(),
            _ if job.kind == ops::AGAIN => "Send what was given up again".to_owned(),
            _ => "An event that could not be taken".to_owned(),
        };
        let badge = match job.state {
            State::Ready if job.tries > 0 => Badge::new("Waits to be tried again", Tone::Warn, Fill::Half),
            State::Ready => Badge::new("Waits", Tone::Still, Fill::Empty),
            State::Leased => Badge::new("Running", Tone::Info, Fill::Half),
            State::Dead => Badge::new("Given up", Tone::Bad, Fill::Full),
            State::Done | State::Cancelled => Badge::new("Over", Tone::Still, Fill::Empty),
        };
        Ok(Self {
            id: id.to_string(),
            what,
            badge,
            tries: job.tries,
            due_at: Some(job.due_at).filter(|_| job.state == State::Ready),
            is_soon: job.state == State::Leased
                || (job.state == State::Ready && job.due_at.since_ms(now) < SOON_MS),
            can_be_cancelled: !job.is_ending(),
            error: job.error,
            progress: Some((job.progress, job.total)).filter(|(_, total)| *total > 0),
        })
    }
}

/// An attempt as the pages show it.
#[derive(Debug, Serialize)]
struct AttemptView {
    id: String,
    kind: String,
    seq: u64,
    webhook_id: String,
    at: Timestamp,
    number: u32,
    badge: Badge,
    /// Why nothing came back.
    error: Option<String>,
    took_ms: u64,
    again_at: Option<Timestamp>,
    url: String,
    sent: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
}

impl AttemptView {
    fn of((id, attempt): (AttemptId, Attempt)) -> Self {
        let tone = if attempt.is_good() { Tone::Ok } else { Tone::Bad };
        let label = attempt.status.map_or_else(|| "No answer".to_owned(), |status| status.to_string());
        Self {
            id: id.to_string(),
            kind: attempt.kind,
            seq: attempt.delivery.seq,
            webhook_id: attempt.delivery.id,
            at: attempt.at,
            number: attempt.number,
            badge: Badge::new(label, tone, Fill::Full),
            error: attempt.error,
            took_ms: attempt.took_ms,
            again_at: attempt.again_at,
            url: attempt.url,
            sent: attempt.sent,
            headers: attempt.headers,
            body: attempt.body,
        }
    }
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        Self {
            id: "wat_1".to_owned(),
            kind: "order.placed".to_owned(),
            seq: 7,
            webhook_id: "evt_1".to_owned(),
            at,
            number: 2,
            badge: Badge::new("500", Tone::Bad, Fill::Full),
            error: Some(evil.clone()),
            took_ms: 12,
            again_at: Some(at),
            url: evil.clone(),
            sent: vec![("webhook-signature".to_owned(), "v1,x".to_owned())],
            headers: vec![("x".to_owned(), evil.clone())],
            body: evil,
        }
    }
}

/// One endpoint.
#[derive(Debug, Serialize)]
pub(super) struct ShowPage {
    hook: View,
    /// Shown this once.
    secret: Option<String>,
    jobs: Vec<JobRow>,
    more_jobs: bool,
    /// Something goes out just now: the page follows it.
    is_soon: bool,
    attempts: Vec<AttemptView>,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "outreach/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        let job = JobRow {
            id: "job_1".to_owned(),
            what: "Event 7".to_owned(),
            badge: Badge::new("Waits", Tone::Still, Fill::Empty),
            tries: 1,
            due_at: Some(Timestamp(1_790_000_000_000)),
            error: Some("<script>alert(1)</script>".to_owned()),
            progress: Some((1, 2)),
            is_soon: true,
            can_be_cancelled: true,
        };
        Self {
            hook: View::sample(),
            secret: Some("whsec_c2VjcmV0".to_owned()),
            jobs: vec![job],
            more_jobs: true,
            is_soon: true,
            attempts: vec![AttemptView::sample()],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    shown: Option<String>,
}

/// `GET /admin/webhooks/{id}`
pub(super) async fn show(
    me: Staff<may::ManageWebhooks>,
    store: web::Data<Store>,
    access: web::Data<Access>,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<EndpointId>,
    query: Query<Shown>,
) -> Result<HttpResponse> {
    let last = store.last_seq();
    let (whole, rows, more_jobs, attempts) = store.read(|s| {
        let mut open = jobs::of_lane(s, &id.to_string(), State::Leased, LISTED)?;
        for state in [State::Ready, State::Dead] {
            let page = jobs::of_lane(s, &id.to_string(), state, LISTED)?;
            open.items.extend(page.items);
            open.more |= page.more;
        }
        let rows = open.items.into_iter().map(|(id, job)| JobRow::of(s, id, job, me.now()));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        Ok((ops::whole(s, id)?, rows, open.more, ops::attempts(s, id, None, LISTED)?))
    })?;
    let secret = query.0.shown.and_then(|ticket| access.revealed(me.session().id, &ticket));
    let is_secret = secret.is_some();
    let page = ShowPage {
        is_soon: whole.subscription.paused.is_none() && rows.iter().any(|row| row.is_soon),
        hook: View::of(whole, last, me.now()),
        secret,
        jobs: rows,
        more_jobs,
        attempts: attempts.items.into_iter().map(AttemptView::of).collect(),
    };
    let mut answer = pages.show(&shell, &page)?;
    if is_secret {
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(answer)
}

/// One attempt.
#[derive(Debug, Serialize)]
pub(super) struct AttemptPage {
    hook: String,
    paused: bool,
    attempt: AttemptView,
    /// What was sent, made again from the event.
    message: Option<String>,
}

impl Page for AttemptPage {
    const TEMPLATE: &'static str = "outreach/attempt.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            hook: "whe_1".to_owned(),
            paused: false,
            attempt: AttemptView::sample(),
            message: Some("{}".to_owned()),
        }
    }
}

/// `GET /admin/webhooks/{id}/attempts/{attempt}`
pub(super) async fn attempt(
    _me: Staff<may::ManageWebhooks>,
    store: web::Data<Store>,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<EndpointId>,
    path: routing::Path<(String, String)>,
) -> Result<HttpResponse> {
    let attempt_id = AttemptId::parse(&path.1)?;
    let (attempt, whole) = store.read(|s| Ok((ops::attempt(s, id, attempt_id)?, ops::whole(s, id)?)))?;
    let message = sent(&store, id, &attempt)?;
    let page = AttemptPage {
        hook: id.to_string(),
        paused: whole.subscription.paused.is_some(),
        attempt: AttemptView::of((attempt_id, attempt)),
        message,
    };
    pages.show(&shell, &page)
}

/// The body of a message, spread over lines to be read.
fn sent(store: &Store, id: EndpointId, attempt: &Attempt) -> Result<Option<String>> {
    let message = Deliveries::message(store, &id.to_string(), &attempt.delivery)?;
    let Some((_, bytes)) = message else { return Ok(None) };
    let value = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    Ok(value.and_then(|value| serde_json::to_string_pretty(&value).ok()))
}
