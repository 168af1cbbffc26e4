//! The list of subscriptions, the page of one, and what can be done with it.

use super::ops::{Wish, grant};
use super::{COUNTED_MAX, Whole};
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Store, StoredEvent, Subject, events};
use crate::web::error::status;
use crate::web::parts::{Badge, Entry, Fill, FormErrors, Tone};
use crate::web::routing;
use crate::web::{Fields, Form, Page, Pages, Shell, Toast, see_other};
use crate::work::Work;
use crate::work::jobs::{self, State};
use crate::work::subscriptions::{self, SubscriptionId};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const PATH: &str = "/admin/subscriptions";
/// What was given up is shown so far, and what was done to it.
const SHOWN: usize = 20;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/subscriptions").route(routing::get().to(list)))
        .service(routing::resource("/admin/subscriptions/{name}").route(routing::get().to(show)))
        .service(routing::resource("/admin/subscriptions/{name}/pause").route(routing::post().to(pause)))
        .service(routing::resource("/admin/subscriptions/{name}/resume").route(routing::post().to(resume)))
        .service(routing::resource("/admin/subscriptions/{name}/replay").route(routing::post().to(replay)))
        .service(
            routing::resource("/admin/subscriptions/{name}/retry-failed").route(routing::post().to(again)),
        );
}

/// A subscription as pages show it.
#[derive(Debug, Serialize)]
struct View {
    name: String,
    title: String,
    sentence: String,
    kinds: Vec<String>,
    badge: Badge,
    /// Why it stands still.
    paused: Option<String>,
    since: Timestamp,
    seq: u64,
    at: Option<Timestamp>,
    lag: u64,
    waiting: u64,
    failed: u64,
    counted_max: u64,
    /// Where it is looked after; none for who may not go there.
    href: Option<String>,
    has_page: bool,
}

impl View {
    fn of(whole: Whole, may_follow: bool) -> Self {
        let Whole { name, about, subscription, place, lag, at, waiting, failed } = whole;
        let badge = match (&subscription.paused, failed) {
            (Some(_), _) => Badge::new("Paused", Tone::Warn, Fill::Half),
            (None, 0) => Badge::new("Running", Tone::Ok, Fill::Full),
            (None, _) => Badge::new("Gave some up", Tone::Bad, Fill::Half),
        };
        Self {
            has_page: about.page.is_some(),
            href: match about.page {
                Some(page) => may_follow.then_some(page),
                None => Some(format!("{PATH}/{name}")),
            },
            title: about.title,
            sentence: about.sentence,
            kinds: subscription.kinds,
            badge,
            paused: subscription.paused,
            since: subscription.since,
            seq: place,
            at,
            lag,
            waiting,
            failed,
            counted_max: COUNTED_MAX,
            name,
        }
    }
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        Self {
            name: "site_statistics".to_owned(),
            title: evil.clone(),
            sentence: evil.clone(),
            kinds: vec![evil.clone()],
            badge: Badge::new("Paused", Tone::Warn, Fill::Half),
            paused: Some(evil.clone()),
            since: Timestamp(1_790_000_000_000),
            seq: 1_234,
            at: Some(Timestamp(1_790_000_000_000)),
            lag: 5_678,
            waiting: 3,
            failed: 2,
            counted_max: COUNTED_MAX,
            href: Some(format!("{PATH}/site_statistics")),
            has_page: false,
        }
    }
}

#[derive(Debug, Serialize)]
struct ListPage {
    rows: Vec<View>,
    last: u64,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "subscriptions/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self { rows: vec![View::sample()], last: 6_912 }
    }
}

/// `GET /admin/subscriptions`
async fn list(
    me: Staff<may::ViewSystem>,
    (store, work): Parts,
    (pages, shell): (web::Data<Pages>, Shell),
) -> Result<HttpResponse> {
    // What has a page of its own is a webhook.
    let may_follow = me.may("webhooks:manage");
    let rows = Whole::all(&store, &work)?.into_iter().map(|whole| View::of(whole, may_follow)).collect();
    pages.show(&shell, &ListPage { rows, last: store.last_seq() })
}

/// A job that was given up.
#[derive(Debug, Serialize)]
struct Failure {
    id: String,
    title: String,
    since: Timestamp,
    tries: u32,
    why: String,
}

/// What was done to a subscription.
fn entry(event: &StoredEvent) -> Entry {
    let number = |name: &str| event.data.get(name).and_then(Value::as_u64).unwrap_or_default();
    let skipped = event.data.get("skipped").and_then(Value::as_bool) == Some(true);
    let (icon, tone, text) = match event.kind.as_str() {
        "subscription.paused" => ("pause", Tone::Warn, "Paused".to_owned()),
        "subscription.resumed" if skipped => {
            ("play", Tone::Ok, "Set going, without what came meanwhile".to_owned())
        }
        "subscription.resumed" => ("play", Tone::Ok, "Set going".to_owned()),
        "subscription.replayed" => {
            ("undo-2", Tone::Info, format!("Set back behind event {}", number("after")))
        }
        "subscription.repeated" => {
            ("undo-2", Tone::Info, format!("{} tried again that were given up", number("jobs")))
        }
        other => ("info", Tone::Still, other.to_owned()),
    };
    Entry { icon, tone, text, by: event.actor.name.clone(), at: event.at, note: None, link: None }
}

#[derive(Debug, Serialize)]
struct ShowPage {
    row: View,
    failures: Vec<Failure>,
    timeline: Vec<Entry>,
    last: u64,
    may_change: bool,
    typed: ReplayForm,
    errors: Option<FormErrors>,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "subscriptions/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        let failure =
            Failure { id: "job_1".into(), title: evil.clone(), since: at, tries: 12, why: evil.clone() };
        Self {
            row: View::sample(),
            failures: vec![failure],
            timeline: Vec::new(),
            last: 6_912,
            may_change: true,
            typed: ReplayForm { after: evil, since: String::new() },
            errors: Some(FormErrors::of(&Error::invalid("x", "Enter a number.").on("/after"))),
        }
    }
}

type Parts = (web::Data<Store>, web::Data<Work>);

fn page(
    (store, work): &Parts,
    name: &str,
    may_change: bool,
    refused: Option<(ReplayForm, &Error)>,
) -> Result<ShowPage> {
    let whole = Whole::get(store, work, name)?;
    let (dead, deeds) = store.read(|s| {
        let about = Subject::of(&SubscriptionId::named(name));
        let deeds =
            if whole.about.page.is_some() { Vec::new() } else { events::of_subject(s, &about, None, SHOWN)? };
        Ok((jobs::of_lane(s, name, State::Dead, SHOWN)?.items, deeds))
    })?;
    let failures = dead.into_iter().map(|(id, job)| {
        let title = work.jobs().about(&job)?.title;
        let why = job.error.unwrap_or_default();
        Ok(Failure { id: id.to_string(), title, since: job.since, tries: job.tries, why })
    });
    let errors = refused.as_ref().map(|(_, error)| FormErrors::of(error));
    Ok(ShowPage {
        row: View::of(whole, true),
        failures: failures.collect::<Result<_>>()?,
        timeline: deeds.iter().map(entry).collect(),
        last: store.last_seq(),
        may_change,
        typed: refused.map(|(typed, _)| typed).unwrap_or_default(),
        errors,
    })
}

/// `GET /admin/subscriptions/{name}`
async fn show(
    me: Staff<may::ViewSystem>,
    parts: Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    name: routing::Path<String>,
) -> Result<HttpResponse> {
    let page = page(&parts, &name, me.may("jobs:manage"), None)?;
    if let Some(href) = page.row.href.as_deref().filter(|_| page.row.has_page) {
        return see_other(href, None);
    }
    pages.show(&shell, &page)
}

type Me = Staff<may::ManageJobs>;

async fn done(
    me: &Me,
    (store, work): &Parts,
    name: &str,
    wish: Wish,
    says: &'static str,
) -> Result<HttpResponse> {
    grant((store, work), me.actor(), name, wish).await?;
    see_other(&format!("{PATH}/{name}"), Some(Toast::ok(says)))
}

/// `POST /admin/subscriptions/{name}/pause`
async fn pause(me: Me, parts: Parts, name: routing::Path<String>, _fields: Fields) -> Result<HttpResponse> {
    done(&me, &parts, &name, Wish::Pause, "It stands still and keeps its events.").await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ResumeForm {
    /// `take` or `skip`.
    missed: String,
}

/// `POST /admin/subscriptions/{name}/resume`
async fn resume(
    me: Me,
    parts: Parts,
    name: routing::Path<String>,
    Form(form): Form<ResumeForm>,
) -> Result<HttpResponse> {
    let skip = match form.missed.as_str() {
        "skip" => true,
        "" | "take" => false,
        _ => return Err(Error::invalid("invalid_choice", "Choose take or skip.").on("/missed")),
    };
    done(&me, &parts, &name, Wish::Resume { skip }, "It goes on.").await
}

/// From where everything is taken again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReplayForm {
    /// Behind the event with this number.
    after: String,
    /// Or from this day on, in the shop's zone.
    since: String,
}

impl ReplayForm {
    fn after(&self, store: &Store, shop: &Shop) -> Result<u64> {
        match (self.after.trim(), self.since.trim()) {
            ("", "") => {
                Err(Error::invalid("required", "Enter the number of an event, or choose a day.").on("/after"))
            }
            ("", day) => {
                let day = day.parse::<jiff::civil::Date>().ok();
                let since = day.and_then(|day| shop.zone().date_start(day));
                let since =
                    since.ok_or_else(|| Error::invalid("invalid_time", "Choose a day.").on("/since"))?;
                let last = store.last_seq();
                store.read(|s| subscriptions::seq_before(s, since, last))
            }
            (number, "") => number.parse().map_err(|e: std::num::ParseIntError| {
                Error::invalid("out_of_range", "Enter the number of an event, such as 1234.")
                    .on("/after")
                    .because(e)
            }),
            _ => Err(Error::invalid("invalid_choice", "Enter a number or a day, not both.").on("/since")),
        }
    }
}

/// `POST /admin/subscriptions/{name}/replay`
async fn replay(
    me: Me,
    parts: Parts,
    shop: web::Data<Shop>,
    (pages, shell): (web::Data<Pages>, Shell),
    name: routing::Path<String>,
    Form(form): Form<ReplayForm>,
) -> Result<HttpResponse> {
    let wanted = match form.after(&parts.0, &shop) {
        Ok(after) => grant((&parts.0, &parts.1), me.actor(), &name, Wish::Replay { after }).await,
        Err(error) => Err(error),
    };
    match wanted {
        Ok(()) => {
            see_other(&format!("{PATH}/{name}"), Some(Toast::ok("It takes everything again from there.")))
        }
        Err(error) if error.kind == Kind::Invalid => {
            let page = page(&parts, &name, true, Some((form, &error)))?;
            pages.show_as(status(&error), &shell, &page)
        }
        Err(fault) => Err(fault),
    }
}

/// `POST /admin/subscriptions/{name}/retry-failed`
async fn again(me: Me, parts: Parts, name: routing::Path<String>, _fields: Fields) -> Result<HttpResponse> {
    done(&me, &parts, &name, Wish::Again, "What was given up is tried again.").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        let list = renders::<ListPage>();
        assert!(list.contains("5,678") && !list.contains("<script>alert"));
        let show = renders::<ShowPage>();
        assert!(show.contains("Enter a number.") && show.contains("Let it go on"));
    }
}
