//! The page of an action on every order that matches: what will come of it, how far it is, what came of it, the way back.

use super::bulk::Action;
use super::facets::PATH;
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::search::Search;
use crate::search::query::{exact, parse};
use crate::shop::orders::bulk::{self, Bulk, BulkId, Reason, Stage, Wish};
use crate::shop::orders::{seen_by, sees_prices};
use crate::store::{Store, Tx};
use crate::web::again::SameForm;
use crate::web::bulk::{Action as _, list_of};
use crate::web::parts::{Badge, Fill, Tone};
use crate::web::progress::Progress;
use crate::web::routing;
use crate::web::{Fields, Page, Pages, PathId, Shell, Toast, listing, see_other};
use crate::work::Work;
use crate::work::jobs::{self, Job, State};
use actix_web::{HttpResponse, web};
use serde::Serialize;

type Me = Staff<may::ViewOrders>;

/// An action on many orders.
#[derive(Debug, Serialize)]
pub(super) struct MassPage {
    id: String,
    title: String,
    query: String,
    badge: Badge,
    /// `checking`, `checked`, `running`, `stopped` or `over`.
    stage: &'static str,
    /// Something is being done: the page follows it.
    is_open: bool,
    progress: Option<Progress>,
    count: u64,
    done: u64,
    unchanged: u64,
    refused: u64,
    reasons: Vec<Why>,
    /// What is not to be overlooked of those that change.
    remarks: Vec<Why>,
    /// The reader may start, stop and take back.
    may_act: bool,
    can_undo: bool,
    can_try_again: bool,
    /// The files with what came of each order.
    files: Option<Files>,
    undoes: Option<String>,
    undone_by: Option<String>,
    again_of: Option<String>,
    by: String,
    at: crate::base::time::Timestamp,
    back: String,
    problem: Option<String>,
}

/// Why some orders are refused.
#[derive(Debug, Serialize)]
struct Why {
    text: String,
    count: u64,
    examples: String,
}

/// What came of each order, as files.
#[derive(Debug, Serialize)]
struct Files {
    job: String,
    until: crate::base::time::Timestamp,
}

impl MassPage {
    fn of(id: BulkId, bulk: Bulk, job: Option<Job>, staff: &Seen<'_>) -> Self {
        let is_open = job.as_ref().is_some_and(|job| job.state.is_open());
        let failed = job.as_ref().filter(|job| job.state == State::Dead).and_then(|job| job.error.clone());
        let (stage, badge) = match bulk.stage {
            Stage::Checked => ("checked", Badge::new("Not started", Tone::Still, Fill::Empty)),
            Stage::Over => ("over", Badge::new("Done", Tone::Ok, Fill::Full)),
            _ if !is_open && failed.is_some() => ("stopped", Badge::new("Failed", Tone::Bad, Fill::Full)),
            _ if !is_open => ("stopped", Badge::new("Stopped", Tone::Warn, Fill::Half)),
            Stage::Freezing | Stage::Checking => {
                ("checking", Badge::new("Being checked", Tone::Info, Fill::Half))
            }
            Stage::Running => ("running", Badge::new("Running", Tone::Info, Fill::Half)),
        };
        let is_settled =
            matches!(stage, "over" | "stopped") && matches!(bulk.stage, Stage::Running | Stage::Over);
        let has_rows = bulk.blocks > 0 && is_settled;
        let why = |reason: Reason| Why {
            examples: reason.examples.join(", "),
            count: reason.count,
            text: reason.text,
        };
        let waits = job.as_ref().is_some_and(|job| job.state == State::Ready);
        let progress = job.as_ref().filter(|_| is_open).and_then(|job| Progress::of(job, staff.now));
        let fallback =
            Progress { percent: None, text: if waits { "Waits for its turn" } else { "" }.to_owned() };
        let files = job.as_ref().filter(|job| has_rows && staff.sees_files(job)).and(bulk.job);
        Self {
            id: id.to_string(),
            badge,
            stage,
            is_open,
            progress: is_open.then(|| progress.unwrap_or(fallback)),
            count: bulk.count,
            done: bulk.tally.done,
            unchanged: bulk.tally.unchanged,
            refused: bulk.tally.refused,
            reasons: bulk.reasons.into_iter().map(why).collect(),
            remarks: bulk.remarks.unwrap_or_default().into_iter().map(why).collect(),
            may_act: staff.may_act,
            can_undo: has_rows && bulk.tally.done > 0 && bulk.undone_by.is_none(),
            can_try_again: has_rows && bulk.tally.refused > 0 && bulk.undoes.is_none(),
            files: files
                .map(|job| Files { job: job.to_string(), until: bulk.since.plus_ms(bulk::ROWS_KEPT_MS) }),
            undoes: bulk.undoes.map(|id| id.to_string()),
            undone_by: bulk.undone_by.map(|id| id.to_string()),
            again_of: bulk.again_of.map(|id| id.to_string()),
            by: bulk.by.name,
            at: bulk.created_at,
            back: if bulk.back.starts_with(PATH) { bulk.back } else { PATH.to_owned() },
            problem: bulk.problem.or(failed),
            title: bulk.title,
            query: bulk.query,
        }
    }
}

impl Page for MassPage {
    const TEMPLATE: &'static str = "orders/mass.html";
    #[cfg(test)]
    fn sample() -> Self {
        let seen = Seen { may_act: true, id: "x", sees_all: true, now: crate::base::time::Timestamp(0) };
        Self::of(BulkId([7; 16]), bulk::testing::bulk(Stage::Checked), None, &seen)
    }
}

/// What the reader is shown and may do.
struct Seen<'a> {
    may_act: bool,
    id: &'a str,
    sees_all: bool,
    now: crate::base::time::Timestamp,
}

impl Seen<'_> {
    fn sees_files(&self, job: &Job) -> bool {
        self.sees_all || job.by.as_ref().is_some_and(|by| by.id == self.id)
    }
}

/// What a form asks to be done with every order of its list.
///
/// # Errors
/// `Forbidden`; of kind `Invalid` for what the form or the query has wrong.
pub(super) fn wished(
    query: &str,
    fields: &Fields,
    (staff, search, shop): (&Me, &Search, &Shop),
) -> Result<Wish> {
    let action = Action::read(fields)?;
    let prices = sees_prices(|word| staff.may(word));
    let search = seen_by(search, prices);
    let parsed = parse(query, search.schema(), staff.now(), &shop.zone(), None);
    if let Some(problem) = parsed.problems.first() {
        return Err(listing::refusal(problem).on("/all"));
    }
    // As the list was shown, with a star where a value is a beginning: that is read again by the job.
    let again = exact(&parsed.canonical, search.schema(), staff.now(), &shop.zone());
    if let Some(problem) = again.problems.first() {
        return Err(listing::refusal(problem).on("/all"));
    }
    let back = list_of::<Action>(fields);
    Ok(Wish { action, query: parsed.canonical, back, prices, at_once: false })
}

/// Writes the wish down and shows what will come of it.
pub(super) async fn begin(
    staff: &Me,
    store: &Store,
    work: &Work,
    wish: Wish,
    fields: &Fields,
) -> Result<HttpResponse> {
    staff.require_all(std::iter::once(wish.action.permission()))?;
    let actor = staff.actor();
    // The same list with the same action a minute later is another wish: there may be other orders in it.
    let minute = staff.now().0 / 60_000;
    let same = SameForm::new(&actor.id, format!("all{PATH}/{minute}"), &fields.0);
    // One that was discarded, or is over, answers for no new wish.
    let over = |tx: &Tx<'_>, id: &BulkId| Ok(bulk::get(tx, *id)?.stage == Stage::Over);
    let op = move |tx: &mut Tx<'_>| same.run_unless(tx, over, |tx| bulk::begin(tx, &wish).map(|(id, _)| id));
    let id: BulkId = store.write(actor, op).await?;
    work.wake();
    see_other(&page_of(id), None)
}

fn page_of(id: BulkId) -> String {
    format!("{PATH}/bulk/all/{id}")
}

/// `GET /admin/orders/bulk/all/{id}`
pub(super) async fn show(
    staff: Me,
    store: web::Data<Store>,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<BulkId>,
) -> Result<HttpResponse> {
    let (bulk, job) = store.read(|s| {
        let bulk = bulk::get(s, id)?;
        let job = bulk.job.and_then(|job| jobs::get(s, job).ok());
        Ok((bulk, job))
    })?;
    let action: Option<Action> = serde_json::from_str(&bulk.action).ok();
    let actor = staff.actor();
    let seen = Seen {
        may_act: action.is_some_and(|action| staff.may(action.permission())),
        id: &actor.id,
        sees_all: staff.may("system:view"),
        now: staff.now(),
    };
    pages.show(&shell, &MassPage::of(id, bulk, job, &seen))
}

type Parts = (web::Data<Store>, web::Data<Work>);

/// Who changes nothing is turned away before anything is read or looked up.
pub(super) fn require_changes(staff: &Me) -> Result<()> {
    if staff.may("orders:edit") || staff.may("orders:ship") {
        return Ok(());
    }
    let text = "Your role changes no orders. An owner can allow it.";
    Err(Error::refuse(Kind::Forbidden, "forbidden", text))
}

/// Then it is what the action itself needs.
fn acting(staff: &Me, store: &Store, id: &str) -> Result<BulkId> {
    require_changes(staff)?;
    let id = <BulkId as crate::base::id::Id>::parse(id)?;
    let bulk = store.read(|s| bulk::get(s, id))?;
    let action: Action = serde_json::from_str(&bulk.action).map_err(Error::internal)?;
    staff.require_all(std::iter::once(action.permission()))?;
    Ok(id)
}

/// Back to the page, with what could not be done on it.
fn answered<T>(
    id: BulkId,
    done: Result<T>,
    to: impl FnOnce(T) -> (String, Option<Toast>),
) -> Result<HttpResponse> {
    match done {
        Ok(done) => {
            let (page, toast) = to(done);
            see_other(&page, toast)
        }
        Err(error) if error.kind == Kind::Conflict => {
            see_other(&page_of(id), Some(Toast::error(error.message.to_string())))
        }
        Err(fault) => Err(fault),
    }
}

/// Does something about one, and leads to what `to` says of it.
async fn acted<T: Send + 'static>(
    staff: &Me,
    (store, work): &Parts,
    id: &str,
    op: impl Fn(&mut Tx<'_>, BulkId) -> Result<T> + Send + 'static,
    to: impl FnOnce(BulkId, T) -> (String, Option<Toast>),
) -> Result<HttpResponse> {
    let id = acting(staff, store, id)?;
    let done = store.write(staff.actor(), move |tx| op(tx, id)).await;
    work.wake();
    answered(id, done, |done| to(id, done))
}

/// `POST …/start`
pub(super) async fn start(
    staff: Me,
    parts: Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    acted(&staff, &parts, &id, bulk::start, |id, _| (page_of(id), None)).await
}

/// `POST …/stop`
pub(super) async fn stop(
    staff: Me,
    (store, work): Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    let id = acting(&staff, &store, &id)?;
    let job = store.read(|s| bulk::get(s, id))?.job;
    let done = match job {
        Some(job) => work.cancel(staff.actor(), job).await,
        None => Ok(()),
    };
    answered(id, done, |()| (page_of(id), Some(Toast::ok("It stops after the orders it is working on."))))
}

/// `POST …/resume`
pub(super) async fn resume(
    staff: Me,
    parts: Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    acted(&staff, &parts, &id, bulk::resume, |id, _| (page_of(id), None)).await
}

/// `POST …/discard`
pub(super) async fn discard(
    staff: Me,
    parts: Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    acted(&staff, &parts, &id, bulk::discard, |_, back| (back, Some(Toast::ok("Nothing was changed.")))).await
}

/// `POST …/undo`
pub(super) async fn undo(
    staff: Me,
    parts: Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    acted(&staff, &parts, &id, bulk::undo, |_, (new, _)| (page_of(new), None)).await
}

/// `POST …/again`
pub(super) async fn again(
    staff: Me,
    parts: Parts,
    id: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    acted(&staff, &parts, &id, bulk::again, |_, (new, _)| (page_of(new), None)).await
}
