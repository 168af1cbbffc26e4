//! The list of jobs, the page of one, and what can be done with it.

use super::view::View;
use super::{Looker, live, looked};
use crate::access::{Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::shop::transfer::writer::guarded;
use crate::store::Store;
use crate::web::download::{attachment, streamed};
use crate::web::parts::{Pager, Tab};
use crate::web::place::Place;
use crate::web::routing;
use crate::web::{Fields, Page, Pages, Query, Shell, Toast, see_other};
use crate::work::jobs::{self, Job, JobId, Rows, State, Wanted};
use crate::work::{self, Work};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::io::Write as _;

const PATH: &str = "/admin/jobs";
/// Rows of a page.
const LISTED: usize = 50;

type Me = Staff<may::AnyStaff>;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/jobs").route(routing::get().to(list)))
        .service(routing::resource("/admin/jobs/stream").route(routing::get().to(live::stream)))
        .service(routing::resource("/admin/jobs/{id}").route(routing::get().to(show)))
        .service(routing::resource("/admin/jobs/{id}/rows.csv").route(routing::get().to(rows)))
        .service(routing::resource("/admin/jobs/{id}/cancel").route(routing::post().to(cancel)))
        .service(routing::resource("/admin/jobs/{id}/retry").route(routing::post().to(retry)));
}

fn looker(me: &Me, look: impl FnOnce(Looker<'_>) -> Result<HttpResponse>) -> Result<HttpResponse> {
    let actor = me.actor();
    look(Looker { actor: &actor, sees_all: me.may("system:view"), manages: me.may("jobs:manage") })
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ListQuery {
    /// The word of a state; all if absent.
    state: Option<String>,
    /// `events`: those that events caused.
    of: Option<String>,
    /// Behind this place.
    after: Option<String>,
}

#[derive(Debug, Serialize)]
struct ListPage {
    tabs: Vec<Tab>,
    rows: Vec<View>,
    pager: Pager,
    /// Those of events are looked at.
    of_events: bool,
    sees_all: bool,
    is_open: bool,
    here: String,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "jobs/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            tabs: vec![Tab { label: "All".into(), href: PATH.into(), current: true, ..Tab::default() }],
            rows: vec![View::sample()],
            pager: Pager { older: Some(format!("{PATH}?after=x")), shown: 1, ..Pager::default() },
            of_events: false,
            sees_all: true,
            is_open: true,
            here: PATH.into(),
        }
    }
}

/// `GET /admin/jobs`
async fn list(
    me: Me,
    request: HttpRequest,
    (store, work): (web::Data<Store>, web::Data<Work>),
    (pages, shell): (web::Data<Pages>, Shell),
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let state = match query.0.state.as_deref() {
        None | Some("") => None,
        Some(word) => Some(State::named(word).ok_or_else(unknown_state)?),
    };
    let after = query.0.after.as_deref().map(place_of).transpose()?;
    looker(&me, |looker| {
        let of_events = query.0.of.as_deref() == Some("events") && looker.sees_all;
        let found = store.read(|s| {
            if of_events {
                return jobs::of_events(s, state.unwrap_or(State::Ready), after, LISTED);
            }
            let wanted = Wanted { state, kind: None, by: looker.only() };
            jobs::of_people(s, &wanted, after, LISTED)
        })?;
        let older = found
            .next
            .map(|(at, id)| Place::of(&shell.query).set("after", &format!("{}.{id}", at.0)).href(PATH));
        let (mut rows, since) =
            (View::all(&work, &found.items, me.now())?, looked::since(&request, me.now()));
        for (row, (_, job)) in rows.iter_mut().zip(&found.items) {
            row.is_new = looked::is_new(job, &looker.actor.id, since);
        }
        let page = ListPage {
            tabs: tabs(state, of_events, looker.sees_all),
            pager: Pager { older, shown: rows.len(), ..Pager::default() },
            is_open: rows.iter().any(|row| row.is_open),
            rows,
            of_events,
            sees_all: looker.sees_all,
            here: Place::of(&shell.query).href(PATH),
        };
        pages.show(&shell, &page).map(|answer| looked::note(answer, &request, me.now()))
    })
}

fn unknown_state() -> Error {
    let words = State::ALL.map(State::word).join(", ");
    Error::invalid("invalid_choice", format!("state: choose {words}.")).on("/state")
}

/// A place in a list of jobs, as addresses have it: `1790000000000.job_…`.
pub(super) fn place_of(text: &str) -> Result<jobs::Place> {
    let wrong = || Error::invalid("invalid_cursor", "Begin the list without a cursor.").on("/after");
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    let at = at.parse().map_err(|_no_number| wrong())?;
    let id = <JobId as crate::base::id::Id>::parse(id).map_err(|_no_id| wrong())?;
    Ok((Timestamp(at), id))
}

/// The views of the list: of people's jobs by state, and of those of events.
fn tabs(state: Option<State>, of_events: bool, sees_all: bool) -> Vec<Tab> {
    let tab = |label: &str, href: String, current: bool| Tab {
        label: label.to_owned(),
        href,
        current,
        ..Tab::default()
    };
    let mut tabs = vec![tab("All", PATH.to_owned(), state.is_none() && !of_events)];
    for (own, label) in [
        (State::Leased, "Running"),
        (State::Ready, "Waiting"),
        (State::Dead, "Failed"),
        (State::Done, "Done"),
        (State::Cancelled, "Stopped"),
    ] {
        let href = format!("{PATH}?state={}", own.word());
        tabs.push(tab(label, href, state == Some(own) && !of_events));
    }
    let of_events_too =
        [(State::Ready, "Of events: waiting"), (State::Leased, "running"), (State::Dead, "failed")];
    for (own, label) in of_events_too.into_iter().filter(|_| sees_all) {
        let href = format!("{PATH}?of=events&state={}", own.word());
        let current = of_events && state.unwrap_or(State::Ready) == own;
        tabs.push(tab(label, href, current));
    }
    tabs
}

/// One job.
#[derive(Debug, Serialize)]
struct ShowPage {
    job: View,
    facts: Vec<(&'static str, String)>,
    /// Words and address.
    page: Option<(String, String)>,
    rows: Option<RowsView>,
    may_cancel: bool,
    may_retry: bool,
    /// What was given up can be forgotten.
    may_forget: bool,
}

/// What came of its rows.
#[derive(Debug, Serialize)]
struct RowsView {
    done: u64,
    unchanged: u64,
    failed: u64,
    until: Option<Timestamp>,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "jobs/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            job: View::sample(),
            facts: vec![("Orders", "<b>412</b>".into())],
            page: Some(("The action".into(), "/admin/orders".into())),
            rows: Some(RowsView {
                done: 1,
                unchanged: 2,
                failed: 3,
                until: Some(Timestamp(1_790_000_000_000)),
            }),
            may_cancel: true,
            may_retry: true,
            may_forget: true,
        }
    }
}

/// `GET /admin/jobs/{id}`
async fn show(
    me: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    (pages, shell): (web::Data<Pages>, Shell),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    looker(&me, |looker| {
        let (id, job) = looker.see(&store, &id)?;
        let about = work.jobs().about(&job)?;
        let may_act = looker.may_act(&job);
        let row = |rows: Rows| RowsView {
            done: rows.done,
            unchanged: rows.unchanged,
            failed: rows.failed,
            until: rows.until,
        };
        let page = ShowPage {
            job: View::of(id, &job, &about, me.now()),
            facts: about.facts,
            page: about.page,
            rows: about.rows.map(row),
            may_cancel: may_act && job.state.is_open() && !job.is_ending(),
            may_retry: may_act && can_be_repeated(&job),
            may_forget: may_act && job.state == State::Dead,
        };
        pages.show(&shell, &page)
    })
}

/// What failed or was stopped, and what waits for its next try.
fn can_be_repeated(job: &Job) -> bool {
    matches!(job.state, State::Dead | State::Cancelled) || (job.state == State::Ready && job.tries > 0)
}

/// `POST /admin/jobs/{id}/cancel`
async fn cancel(
    me: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    let actor = me.actor();
    let looker = Looker { actor: &actor, sees_all: me.may("system:view"), manages: me.may("jobs:manage") };
    let id = looker.act(&store, &id)?;
    let was = store.read(|s| jobs::get(s, id))?.state;
    let done = work.cancel(me.actor(), id).await;
    let (page, toast) = match (done, was) {
        (Ok(()), State::Dead) => (PATH.to_owned(), Toast::ok("It is given up.")),
        (Ok(()), State::Leased) => (format!("{PATH}/{id}"), Toast::ok("It stops at the next safe point.")),
        (Ok(()), _) => (format!("{PATH}/{id}"), Toast::ok("It is not done any more.")),
        (Err(error), _) if error.kind == Kind::Conflict => {
            (format!("{PATH}/{id}"), Toast::error(error.message.to_string()))
        }
        (Err(fault), _) => return Err(fault),
    };
    see_other(&page, Some(toast))
}

/// `POST /admin/jobs/{id}/retry`
async fn retry(
    me: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    let actor = me.actor();
    let looker = Looker { actor: &actor, sees_all: me.may("system:view"), manages: me.may("jobs:manage") };
    let id = looker.act(&store, &id)?;
    let done = store.write(me.actor(), move |tx| work::retry(tx, id)).await;
    work.wake();
    let toast = match done {
        Ok(()) => Toast::ok("It is tried again."),
        Err(error) if error.kind == Kind::Conflict => Toast::error(error.message.to_string()),
        Err(fault) => return Err(fault),
    };
    // It is forgotten where the same is to be done already.
    let is_there = store.read(|s| jobs::get(s, id)).is_ok();
    let page = if is_there { format!("{PATH}/{id}") } else { PATH.to_owned() };
    see_other(&page, Some(toast))
}

/// Which rows are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RowsQuery {
    /// `failed`: only those; all if absent.
    pub only: Option<String>,
}

impl RowsQuery {
    fn only_failed(&self) -> Result<bool> {
        match self.only.as_deref() {
            None | Some("") => Ok(false),
            Some("failed") => Ok(true),
            Some(_) => Err(Error::invalid("invalid_choice", "only: the one value is failed.").on("/only")),
        }
    }
}

/// `GET /admin/jobs/{id}/rows.csv`
async fn rows(
    me: Me,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
    query: Query<RowsQuery>,
) -> Result<HttpResponse> {
    looker(&me, |looker| {
        let (id, job) = looker.see(&store, &id)?;
        rows_file(&work, id, job, &query.0)
    })
}

/// What came of each row, as CSV, written while it is read.
pub(super) fn rows_file(work: &Work, id: JobId, job: Job, query: &RowsQuery) -> Result<HttpResponse> {
    let only_failed = query.only_failed()?;
    let rows = work.jobs().about(&job)?.rows;
    let Some(rows) = rows else { return Err(Error::not_found("file of the rows of", id)) };
    if rows.until.is_none() {
        let text = "What came of each row is kept for 7 days. They are over.";
        return Err(Error::refuse(Kind::NotFound, "result_gone", text));
    }
    let name = if only_failed { format!("{id}-failed.csv") } else { format!("{id}.csv") };
    let (mut pieces, answer) = streamed(attachment("text/csv; charset=utf-8", &name));
    let jobs = work.jobs().clone();
    let write = move || {
        let mut lines = String::from("Row,Result,What it says\r\n");
        let mut take = |cells: [&str; 3]| {
            let quoted = cells.map(|cell| format!("\"{}\"", guarded(cell).replace('"', "\"\"")));
            lines.push_str(&quoted.join(","));
            lines.push_str("\r\n");
            if lines.len() > 32 * 1024 {
                pieces.write_all(lines.as_bytes()).map_err(Error::internal)?;
                lines.clear();
            }
            Ok(())
        };
        let whole = jobs.rows(&job, only_failed, &mut take);
        let sent = pieces.write_all(lines.as_bytes());
        if !matches!(whole, Ok(true)) && sent.is_ok() {
            pieces.fail();
        }
    };
    std::thread::Builder::new().name("rows".into()).spawn(write).map_err(Error::internal)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        let list = renders::<ListPage>();
        assert!(list.contains("150 of 412") && !list.contains("<script>alert"));
        let show = renders::<ShowPage>();
        assert!(show.contains("rows.csv?only=failed") && !show.contains("<b>412"));
    }

    #[test]
    fn a_place_is_read_or_refused() {
        let id = JobId([7; 16]);
        assert_eq!(place_of(&format!("-5.{id}")).unwrap(), (Timestamp(-5), id));
        for wrong in ["", "5", "x.job_1", "5.ord_1", ".."] {
            assert_eq!(place_of(wrong).unwrap_err().code, "invalid_cursor", "{wrong}");
        }
    }
}
