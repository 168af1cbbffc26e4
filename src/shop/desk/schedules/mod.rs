//! The page of schedules: what is done again and again, when next, what came of the last time; done now, paused, changed.

mod standing;
mod tidy;

pub use standing::standing;
pub use tidy::{TidyUp, plan as tidy_plan};

use crate::access::{Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Timestamp, Zone};
use crate::store::{Event, Read, Store, Subject, Tx};
use crate::web::error::status;
use crate::web::parts::{Badge, Choice, Fill, FormErrors, Tone};
use crate::web::progress::lasting;
use crate::web::routing;
use crate::web::{Fields, Form, Page, Pages, Shell, Toast, see_other};
use crate::work::Work;
use crate::work::jobs::{self, JobId, State};
use crate::work::schedules::{Missed, ScheduleId, Schedules, Set, Trouble};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const PATH: &str = "/admin/schedules";
/// Times that are named.
const NEXT: usize = 3;

/// Every kind of event of this part with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[(
    "schedule.changed",
    "A schedule was changed, paused or set going again: when it is due, before and after.",
)];

/// `schedule.changed`
#[derive(Serialize)]
struct Changed {
    name: &'static str,
    before: Told,
    after: Told,
}
impl Event for Changed {
    fn kind(&self) -> &'static str {
        "schedule.changed"
    }
}

/// What of a schedule can be changed.
#[derive(PartialEq, Eq, Serialize)]
struct Told {
    cron: String,
    missed: &'static str,
    paused: bool,
}

impl Told {
    fn of(set: &Set) -> Self {
        Self { cron: set.cron.text().to_owned(), missed: set.missed.word(), paused: set.paused }
    }
}

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/schedules").route(routing::get().to(list)))
        .service(
            routing::resource("/admin/schedules/{name}")
                .route(routing::get().to(show))
                .route(routing::post().to(save)),
        )
        .service(routing::resource("/admin/schedules/{name}/run").route(routing::post().to(run)))
        .service(routing::resource("/admin/schedules/{name}/pause").route(routing::post().to(pause)))
        .service(routing::resource("/admin/schedules/{name}/resume").route(routing::post().to(resume)));
}

/// A schedule as pages show it.
#[derive(Debug, Serialize)]
struct View {
    name: &'static str,
    title: &'static str,
    sentence: &'static str,
    cron: String,
    /// `every day at 02:00`
    words: String,
    /// The moments in words of the shop's clocks.
    next: Vec<String>,
    badge: Badge,
    paused: bool,
    off: Option<&'static str>,
    usual: Option<String>,
    missed: &'static str,
    oddities: Vec<String>,
    last: Option<Last>,
    skipped: Option<String>,
}

/// The last time.
#[derive(Debug, Serialize)]
struct Last {
    job: String,
    at: Timestamp,
    badge: Badge,
    said: String,
    /// How long it took.
    took: Option<String>,
}

impl View {
    fn of(s: &impl Read, set: Set, now: Timestamp, zone: &Zone) -> Result<Self> {
        let moment = |at: Timestamp| at.in_zone(zone).strftime("%A %-d %B %Y, %H:%M").to_string();
        let last = match set.schedule.last_job {
            Some(job) => Last::of(s, job)?,
            None => None,
        };
        let next = if set.paused { Vec::new() } else { set.cron.following(now, zone, NEXT) };
        let badge = match set.schedule.trouble(s)? {
            _ if set.paused => Badge::new("Paused", Tone::Warn, Fill::Half),
            Some(Trouble::Failed) => Badge::new("Failed last time", Tone::Bad, Fill::Full),
            Some(Trouble::Missed) => Badge::new("Missed last time", Tone::Warn, Fill::Empty),
            None => Badge::new("On", Tone::Ok, Fill::Full),
        };
        Ok(Self {
            name: set.name,
            title: set.title,
            sentence: set.sentence,
            words: set.cron.words(),
            next: next.into_iter().map(moment).collect(),
            badge,
            paused: set.paused,
            off: set.off,
            usual: (!set.is_usual).then_some(set.usual),
            missed: set.missed.word(),
            oddities: set.cron.oddities(now, zone),
            cron: set.cron.text().to_owned(),
            last,
            skipped: set.schedule.skipped_at.map(moment),
        })
    }

    #[cfg(test)]
    fn sample() -> Self {
        Self {
            name: "backup",
            title: "Daily backup",
            sentence: "Copies everything.",
            cron: "30 2 * * *".into(),
            words: "every day at 02:30".into(),
            next: vec!["Saturday 28 November 2026, 02:30".into()],
            badge: Badge::new("On", Tone::Ok, Fill::Full),
            paused: false,
            off: None,
            usual: Some("0 3 * * *".into()),
            missed: "run",
            oddities: vec!["On 29 March 2026 02:30 does not exist; it is due at 03:00.".into()],
            last: Some(Last {
                job: "job_1".into(),
                at: Timestamp(1_790_000_000_000),
                badge: Badge::new("Done", Tone::Ok, Fill::Full),
                said: "<script>alert(1)</script>".into(),
                took: Some("3 s".into()),
            }),
            skipped: Some("Friday".into()),
        }
    }
}

impl Last {
    /// `None` when the job is forgotten.
    fn of(s: &impl Read, id: JobId) -> Result<Option<Self>> {
        let job = match jobs::get(s, id) {
            Ok(job) => job,
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let badge = match job.state {
            State::Ready if job.tries > 0 => Badge::new("Failed, is tried again", Tone::Bad, Fill::Half),
            State::Ready => Badge::new("Waits", Tone::Still, Fill::Empty),
            State::Leased => Badge::new("Running", Tone::Info, Fill::Half),
            State::Done => Badge::new("Done", Tone::Ok, Fill::Full),
            State::Dead => Badge::new("Failed", Tone::Bad, Fill::Full),
            State::Cancelled => Badge::new("Stopped", Tone::Still, Fill::Empty),
        };
        let ms = job.since.since_ms(job.created_at);
        let took = (job.state == State::Done).then(|| {
            if ms < 1_000 { format!("{ms} ms") } else { lasting(u64::try_from(ms / 1_000).unwrap_or(0)) }
        });
        let said = job.result.or(job.error).unwrap_or_default();
        Ok(Some(Self { job: id.to_string(), at: job.created_at, badge, said, took }))
    }
}

#[derive(Debug, Serialize)]
struct ListPage {
    rows: Vec<View>,
    zone: String,
    may_change: bool,
    is_open: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "schedules/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self { rows: vec![View::sample()], zone: "Europe/Berlin".into(), may_change: true, is_open: true }
    }
}

/// `GET /admin/schedules`
async fn list(
    me: Staff<may::ViewSystem>,
    (store, schedules): (web::Data<Store>, web::Data<Schedules>),
    (pages, shell): (web::Data<Pages>, Shell),
) -> Result<HttpResponse> {
    let (zone, now) = (schedules.zone(), me.now());
    let rows: Vec<View> = store.read(|s| {
        schedules.list(s)?.into_iter().map(|set| View::of(s, set, now, &zone)).collect::<Result<_>>()
    })?;
    let is_running = |row: &View| {
        row.last.as_ref().is_some_and(|last| last.badge.fill != Fill::Full && last.badge.tone != Tone::Bad)
    };
    let page = ListPage {
        is_open: rows.iter().any(is_running),
        rows,
        zone: zone.name(),
        may_change: me.may("jobs:manage"),
    };
    pages.show(&shell, &page)
}

/// One schedule with its form.
#[derive(Debug, Serialize)]
struct ShowPage {
    row: View,
    zone: String,
    may_change: bool,
    typed: Typed,
    missed: Vec<Choice>,
    errors: Option<FormErrors>,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "schedules/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            row: View::sample(),
            zone: "Europe/Berlin".into(),
            may_change: true,
            typed: Typed { cron: "<b>".into(), missed: "run".into() },
            missed: choices(),
            errors: Some(FormErrors::of(&Error::invalid("invalid_cron", "minute: 1 to 59.").on("/cron"))),
        }
    }
}

fn choices() -> Vec<Choice> {
    vec![
        Choice::new("run", "Do it once when the program runs again"),
        Choice::new("skip", "Leave it out; the next time is soon enough"),
    ]
}

/// What was typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    cron: String,
    missed: String,
}

type Parts = (web::Data<Store>, web::Data<Schedules>);

fn page(
    (store, schedules): &Parts,
    name: &str,
    may_change: bool,
    now: Timestamp,
    refused: Option<(Typed, &Error)>,
) -> Result<ShowPage> {
    let zone = schedules.zone();
    let row = store.read(|s| View::of(s, schedules.get(s, name)?, now, &zone))?;
    let errors = refused.as_ref().map(|(_, error)| FormErrors::of(error));
    let typed = match refused {
        Some((typed, _)) => typed,
        None => Typed { cron: row.cron.clone(), missed: row.missed.to_owned() },
    };
    Ok(ShowPage { row, zone: zone.name(), may_change, typed, missed: choices(), errors })
}

/// `GET /admin/schedules/{name}`
async fn show(
    me: Staff<may::ViewSystem>,
    parts: Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    name: routing::Path<String>,
) -> Result<HttpResponse> {
    pages.show(&shell, &page(&parts, &name, me.may("jobs:manage"), me.now(), None)?)
}

/// `POST /admin/schedules/{name}`
async fn save(
    me: Staff<may::ManageJobs>,
    parts: Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    name: routing::Path<String>,
    form: Form<Typed>,
) -> Result<HttpResponse> {
    let typed = form.0;
    let (own, word, text) = (parts.1.clone(), name.to_string(), typed.clone());
    let done = parts
        .0
        .write(me.actor(), move |tx| {
            let missed = Missed::named(&text.missed)
                .ok_or_else(|| Error::invalid("invalid_choice", "Choose run or skip.").on("/missed"))?;
            changed(tx, &own, &word, |tx| own.change(tx, &word, &text.cron, missed))
        })
        .await;
    match done {
        Ok(()) => {
            parts.1.wake();
            see_other(&format!("{PATH}/{name}"), Some(Toast::ok("Saved.")))
        }
        Err(error) if error.kind == Kind::Invalid => {
            let page = page(&parts, &name, true, me.now(), Some((typed, &error)))?;
            pages.show_as(status(&error), &shell, &page)
        }
        Err(fault) => Err(fault),
    }
}

/// Changes a schedule and says so in the log; what was no change leaves no trace.
fn changed(
    tx: &mut Tx<'_>,
    schedules: &Schedules,
    name: &str,
    change: impl FnOnce(&mut Tx<'_>) -> Result<Set>,
) -> Result<()> {
    let before = Told::of(&schedules.get(tx, name)?);
    let set = change(tx)?;
    let after = Told::of(&set);
    if before == after {
        return Ok(());
    }
    let event = Changed { name: set.name, before, after };
    tx.publish(Subject::of(&ScheduleId::named(set.name)), &event).map(drop)
}

/// `POST /admin/schedules/{name}/run`
async fn run(
    me: Staff<may::ManageJobs>,
    (store, schedules): Parts,
    work: web::Data<Work>,
    name: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    let name = name.into_inner();
    let own = schedules.clone();
    let job = store.write(me.actor(), move |tx| own.run_now(tx, &name)).await?;
    work.wake();
    see_other(&format!("/admin/jobs/{job}"), None)
}

/// `POST /admin/schedules/{name}/pause`
async fn pause(
    me: Staff<may::ManageJobs>,
    parts: Parts,
    name: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    rest(me, parts, name.into_inner(), true).await
}

/// `POST /admin/schedules/{name}/resume`
async fn resume(
    me: Staff<may::ManageJobs>,
    parts: Parts,
    name: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    rest(me, parts, name.into_inner(), false).await
}

async fn rest(
    me: Staff<may::ManageJobs>,
    (store, schedules): Parts,
    name: String,
    paused: bool,
) -> Result<HttpResponse> {
    let own = schedules.clone();
    let op = move |tx: &mut Tx<'_>| changed(tx, &own, &name, |tx| own.pause(tx, &name, paused));
    store.write(me.actor(), op).await?;
    schedules.wake();
    let text = if paused { "It rests until somebody lets it go on." } else { "It goes on." };
    see_other(PATH, Some(Toast::ok(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        let list = renders::<ListPage>();
        assert!(list.contains("Every day at 02:30") && !list.contains("<script>alert"));
        let show = renders::<ShowPage>();
        assert!(show.contains("does not exist") && show.contains("minute: 1 to 59."));
    }

    #[test]
    fn names_are_told_apart_in_the_log() {
        assert_ne!(ScheduleId::named("backup"), ScheduleId::named("feed"));
    }
}
