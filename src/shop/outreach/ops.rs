//! What is done to an endpoint in a transaction. Each change publishes its event.

use super::events::{Added, Changed, Paused, Removed, Replayed, Resumed, SecretRotated};
use super::model::{
    ATTEMPTS, Attempt, AttemptId, BY_ENDPOINT, Delivery, ENDPOINTS, Endpoint, EndpointId, FARES, Fare, Kept,
};
use crate::base::error::{Error, Result};
use crate::base::time::{DAY_MS, Timestamp};
use crate::outbound::webhooks::{Secret, origin};
use crate::store::{Direction, EventId, Page, Read, Span, Subject, Tx};
use crate::work::jobs::{self, New, State};
use crate::work::subscriptions::{self, Subscription};

/// Endpoints of a shop at most.
const COUNT_MAX: usize = 100;
/// Attempts that are kept of an endpoint.
const ATTEMPTS_KEPT: u64 = 200;
/// How long a secret signs beside the one that took its place.
const BOTH_MS: i64 = DAY_MS;
/// Jobs that are given up in one transaction.
const GIVE_UP_MAX: usize = 5_000;
/// The kinds of jobs of this feature.
pub(super) const DELIVER: &str = "webhook";
pub(super) const AGAIN: &str = "webhook_again";

/// What was held against the rules; `None` stays as it is.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) url: Option<String>,
    pub(super) kinds: Option<Vec<String>>,
    pub(super) note: Option<String>,
}

/// An endpoint with all that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) id: EndpointId,
    pub(super) endpoint: Endpoint,
    pub(super) subscription: Subscription,
    pub(super) fare: Fare,
    /// Messages that wait to be sent or sent again, counted up to a thousand.
    pub(super) waiting: u64,
    /// Messages that were given up, counted up to a thousand.
    pub(super) dead: u64,
    /// When the next one is sent.
    pub(super) next_at: Option<Timestamp>,
}

const COUNTED_MAX: usize = 1_000;

/// # Errors
/// `not_found`.
pub(super) fn get(from: &(impl Read + ?Sized), id: EndpointId) -> Result<Endpoint> {
    ENDPOINTS.get(from, &id)?.ok_or_else(|| Error::not_found("webhook", id))
}

/// # Errors
/// `not_found`.
pub(super) fn whole(from: &(impl Read + ?Sized), id: EndpointId) -> Result<Whole> {
    let (endpoint, lane) = (get(from, id)?, id.to_string());
    let next = jobs::of_lane(from, &lane, State::Ready, 1)?.items.pop();
    Ok(Whole {
        id,
        endpoint,
        subscription: subscriptions::get(from, &lane)?,
        fare: FARES.get(from, &id)?.unwrap_or_default(),
        waiting: jobs::waiting_of_lane(from, &lane, COUNTED_MAX as u64)?,
        dead: jobs::dead_of_lane(from, &lane, Timestamp(i64::MAX - 1), COUNTED_MAX)?.len() as u64,
        next_at: next.map(|(_, job)| job.due_at),
    })
}

/// All of them, the newest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn list(from: &(impl Read + ?Sized)) -> Result<Vec<Whole>> {
    let rows = ENDPOINTS.list(from, &Span::all(), Direction::Backward, COUNT_MAX)?;
    rows.into_iter().map(|(id, _)| whole(from, id)).collect()
}

/// How many endpoints nothing arrives at.
///
/// # Errors
/// Faults of the store only.
pub fn failing(from: &(impl Read + ?Sized)) -> Result<u64> {
    let fares = FARES.list(from, &Span::all(), Direction::Forward, COUNT_MAX)?;
    Ok(fares.iter().filter(|(_, fare)| fare.failing_since.is_some()).count() as u64)
}

/// Begins an endpoint: it is sent what happens from now on. Gives its secret, which is shown once.
///
/// # Errors
/// `too_many_webhooks`; `duplicate` never: two may have one address.
pub(super) fn add(tx: &mut Tx<'_>, new: &Checked, epoch: [u8; 16]) -> Result<(EndpointId, Secret)> {
    if ENDPOINTS.list(tx, &Span::all(), Direction::Forward, COUNT_MAX)?.len() >= COUNT_MAX {
        let text = format!("A shop has at most {COUNT_MAX} webhooks.");
        return Err(Error::conflict("too_many_webhooks", text));
    }
    let id: EndpointId = tx.new_id();
    let bytes = fresh(tx);
    let (url, kinds) = (new.url.clone().unwrap_or_default(), new.kinds.clone().unwrap_or_default());
    let endpoint = Endpoint {
        url: url.clone(),
        note: new.note.clone().unwrap_or_default(),
        secrets: vec![Kept { bytes, until: None }],
        created_at: tx.now(),
        created_by: tx.actor().name.clone(),
        version: 1,
    };
    ENDPOINTS.put(tx, &id, &endpoint)?;
    let seq = tx.publish(Subject::of(&id), &Added { url: origin(&url), kinds: kinds.clone() })?;
    subscriptions::add(tx, &id.to_string(), kinds, seq, epoch)?;
    Ok((id, Secret::of(bytes)))
}

fn fresh(tx: &mut Tx<'_>) -> [u8; 32] {
    let mut bytes = [0; 32];
    tx.random(&mut bytes);
    bytes
}

/// Changes what is given.
///
/// # Errors
/// `not_found`.
pub(super) fn change(tx: &mut Tx<'_>, id: EndpointId, new: &Checked) -> Result<()> {
    let mut endpoint = get(tx, id)?;
    let mut changes = Vec::new();
    let mut set = |field: &'static str, place: &mut String, new: &Option<String>| {
        if let Some(new) = new.as_ref().filter(|new| *new != place) {
            changes.push((field, std::mem::replace(place, new.clone()), new.clone()));
        }
    };
    set("url", &mut endpoint.url, &new.url);
    set("note", &mut endpoint.note, &new.note);
    for (_, before, after) in changes.iter_mut().filter(|(field, _, _)| *field == "url") {
        (*before, *after) = as_told(before, after);
    }
    let lane = id.to_string();
    let before = subscriptions::get(tx, &lane)?.kinds;
    if let Some(kinds) = new.kinds.as_ref().filter(|kinds| **kinds != before) {
        changes.push(("kinds", before.join(", "), kinds.join(", ")));
        subscriptions::refilter(tx, &lane, kinds.clone())?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    endpoint.version += 1;
    ENDPOINTS.put(tx, &id, &endpoint)?;
    tx.publish(Subject::of(&id), &Changed { changes }).map(drop)
}

/// A change of the address as the log tells it, which more people read than may see the address.
fn as_told(before: &str, after: &str) -> (String, String) {
    let (before, after) = (origin(before), origin(after));
    match before == after {
        true => (format!("{before}/…"), format!("{after}/… (another path)")),
        false => (before, after),
    }
}

/// Ends it, with all that waits.
///
/// # Errors
/// `not_found`.
pub(super) fn remove(tx: &mut Tx<'_>, id: EndpointId) -> Result<()> {
    let (endpoint, lane) = (get(tx, id)?, id.to_string());
    ENDPOINTS.delete(tx, &id)?;
    FARES.delete(tx, &id)?;
    subscriptions::remove(tx, &lane)?;
    jobs::give_up_lane(tx, &lane, GIVE_UP_MAX)?;
    for (_, attempt) in BY_ENDPOINT.list(tx, &Span::of(&id), Direction::Forward, usize::MAX)? {
        ATTEMPTS.delete(tx, &attempt)?;
    }
    tx.publish(Subject::of(&id), &Removed { url: origin(&endpoint.url) }).map(drop)
}

/// Stands still from now on; events and messages wait. Twice is once.
///
/// # Errors
/// `not_found`.
pub(super) fn pause(tx: &mut Tx<'_>, id: EndpointId, reason: &str) -> Result<()> {
    let lane = id.to_string();
    get(tx, id)?;
    if subscriptions::get(tx, &lane)?.paused.is_some() {
        return Ok(());
    }
    subscriptions::pause(tx, &lane, reason)?;
    tx.publish(Subject::of(&id), &Paused { reason: reason.to_owned() }).map(drop)
}

/// Goes on: with everything that came meanwhile, or with what comes from now on (`last` is the newest event). What failed
/// is tried anew.
///
/// # Errors
/// `not_found`.
pub(super) fn resume(tx: &mut Tx<'_>, id: EndpointId, skip_to: Option<u64>, epoch: [u8; 16]) -> Result<()> {
    let lane = id.to_string();
    get(tx, id)?;
    if subscriptions::get(tx, &lane)?.paused.is_none() {
        return Ok(());
    }
    subscriptions::resume(tx, &lane, epoch)?;
    if let Some(last) = skip_to {
        subscriptions::skip(tx, &lane, last)?;
        jobs::give_up_lane(tx, &lane, GIVE_UP_MAX)?;
    }
    tx.publish(Subject::of(&id), &Resumed { skipped: skip_to.is_some() }).map(drop)
}

/// Gives it a new secret; the one before signs beside it for a day.
///
/// # Errors
/// `not_found`.
pub(super) fn rotate(tx: &mut Tx<'_>, id: EndpointId) -> Result<Secret> {
    let mut endpoint = get(tx, id)?;
    let (bytes, now) = (fresh(tx), tx.now());
    endpoint.secrets.retain(|kept| kept.until.is_none());
    for kept in &mut endpoint.secrets {
        kept.until = Some(now.plus_ms(BOTH_MS));
    }
    endpoint.secrets.insert(0, Kept { bytes, until: None });
    endpoint.version += 1;
    ENDPOINTS.put(tx, &id, &endpoint)?;
    tx.publish(Subject::of(&id), &SecretRotated {})?;
    Ok(Secret::of(bytes))
}

/// Sends everything again that came after an event.
///
/// # Errors
/// `not_found`.
pub(super) fn replay(tx: &mut Tx<'_>, id: EndpointId, after: u64) -> Result<()> {
    get(tx, id)?;
    subscriptions::replay(tx, &id.to_string(), after)?;
    tx.publish(Subject::of(&id), &Replayed { after }).map(drop)
}

/// Has a message delivered.
///
/// # Errors
/// Faults of the store only.
pub(super) fn deliver(
    tx: &mut Tx<'_>,
    lane: &str,
    delivery: &Delivery,
    about: Option<Subject>,
) -> Result<()> {
    let key = Some(format!("{lane}/{}", delivery.id));
    let payload = minicbor::to_vec(delivery).map_err(Error::internal)?;
    let new = New { kind: DELIVER, lane, key, payload, due_at: tx.now() };
    match about {
        Some(subject) => jobs::enqueue_behind(tx, new, &subject.to_string()),
        None => jobs::enqueue(tx, new),
    }
    .map(drop)
}

/// Sends a message that tells of nothing.
///
/// # Errors
/// `not_found`; `webhook_paused`, for nothing would come.
pub(super) fn test(tx: &mut Tx<'_>, id: EndpointId) -> Result<()> {
    let lane = running(tx, id)?;
    let delivery = Delivery { id: tx.new_id::<EventId>().to_string(), seq: 0, at: tx.now() };
    deliver(tx, &lane, &delivery, None)
}

/// The lane of an endpoint that runs.
fn running(tx: &Tx<'_>, id: EndpointId) -> Result<String> {
    let lane = id.to_string();
    get(tx, id)?;
    match subscriptions::get(tx, &lane)?.paused {
        None => Ok(lane),
        Some(_) => Err(Error::conflict("webhook_paused", "This webhook is paused. Let it go on first.")),
    }
}

/// Sends the message of an attempt again.
///
/// # Errors
/// `not_found`, `webhook_paused`.
pub(super) fn send_again(tx: &mut Tx<'_>, id: EndpointId, attempt: AttemptId) -> Result<()> {
    let lane = running(tx, id)?;
    let attempt = self::attempt(tx, id, attempt)?;
    match jobs::get(tx, attempt.job) {
        Ok(job) if matches!(job.state, State::Dead | State::Ready | State::Leased) => {
            jobs::retry(tx, attempt.job)
        }
        // Somebody wants this one now, whatever else waits.
        _ => deliver(tx, &lane, &attempt.delivery, None),
    }
}

/// Sends everything again that was given up, behind.
///
/// # Errors
/// `not_found`, `webhook_paused`.
pub(super) fn again(tx: &mut Tx<'_>, id: EndpointId) -> Result<()> {
    let lane = running(tx, id)?;
    let payload = tx.now().0.to_be_bytes().to_vec();
    let key = Some(lane.clone());
    jobs::enqueue(tx, New { kind: AGAIN, lane: &lane, key, payload, due_at: tx.now() }).map(drop)
}

/// # Errors
/// `not_found`, also for an attempt of another endpoint.
pub(super) fn attempt(from: &(impl Read + ?Sized), endpoint: EndpointId, id: AttemptId) -> Result<Attempt> {
    let found = ATTEMPTS.get(from, &id)?.filter(|attempt| attempt.endpoint == endpoint);
    found.ok_or_else(|| Error::not_found("attempt", id))
}

/// The attempts of an endpoint, the newest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn attempts(
    from: &(impl Read + ?Sized),
    endpoint: EndpointId,
    behind: Option<AttemptId>,
    limit: usize,
) -> Result<Page<(AttemptId, Attempt)>> {
    let mut span = Span::of(&endpoint);
    if let Some(id) = behind {
        // One that is not kept any more has none behind it.
        let Some(attempt) = ATTEMPTS.get(from, &id)?.filter(|attempt| attempt.endpoint == endpoint) else {
            return Ok(Page { items: Vec::new(), more: false });
        };
        span = span.after(&((endpoint, attempt.at), id), Direction::Backward);
    }
    let rows = BY_ENDPOINT.page(from, &span, Direction::Backward, limit)?;
    let read = |id: AttemptId| ATTEMPTS.get(from, &id).transpose().map(|a| a.map(|a| (id, a)));
    let items = rows.items.into_iter().filter_map(|(_, id)| read(id)).collect::<Result<_>>()?;
    Ok(Page { items, more: rows.more })
}

/// Writes an attempt down, and how the endpoint fares with it. An endpoint that was removed meanwhile is left alone.
///
/// # Errors
/// Faults of the store only.
pub(super) fn note(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<()> {
    let endpoint = attempt.endpoint;
    if !ENDPOINTS.has(tx, &endpoint)? {
        return Ok(());
    }
    let id = tx.new_id();
    ATTEMPTS.put(tx, &id, attempt)?;
    let kept = BY_ENDPOINT.count(tx, &Span::of(&endpoint), ATTEMPTS_KEPT + 10)?;
    let over = usize::try_from(kept.saturating_sub(ATTEMPTS_KEPT)).unwrap_or(0);
    for (_, old) in BY_ENDPOINT.list(tx, &Span::of(&endpoint), Direction::Forward, over)? {
        ATTEMPTS.delete(tx, &old)?;
    }
    let mut fare = FARES.get(tx, &endpoint)?.unwrap_or_default();
    if attempt.is_good() {
        fare.delivered += 1;
        fare.last_good_at = Some(attempt.at);
        fare.failing_since = None;
    } else {
        fare.failed += 1;
        fare.failing_since = fare.failing_since.or(Some(attempt.at));
    }
    FARES.put(tx, &endpoint, &fare)
}
