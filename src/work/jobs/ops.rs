//! What is done to jobs in a transaction: enqueued, taken, ended, sent again, cancelled.

use super::in_turn::{is_behind, let_next};
use super::model::{APART, BY_LANE, BY_STATE, By, JOBS, Job, JobId, OPEN, State};
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::{Actor, ActorKind, Direction, Page, Read, Span, Tx, counter};
use crate::work::told::OF_SCHEDULE;
use std::collections::BTreeSet;

/// Jobs that ended and are still shown at most; of the older ones only the counters tell.
const KEPT: i64 = 1_000;
pub(super) const KEPT_COUNTER: &str = "jobs.kept";
/// The same of those that somebody wanted.
const KEPT_OF_PEOPLE: i64 = 500;
pub(super) const KEPT_OF_PEOPLE_COUNTER: &str = "jobs.kept_of_people";

/// A job to be made.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub kind: &'a str,
    pub lane: &'a str,
    /// What makes it one of its kind; without it nothing is compared.
    pub key: Option<String>,
    pub payload: Vec<u8>,
    /// Not before this.
    pub due_at: Timestamp,
}

/// Writes a job down; an open one of the same kind and key is that job already.
///
/// # Errors
/// Faults of the store only.
pub fn enqueue(tx: &mut Tx<'_>, new: New<'_>) -> Result<JobId> {
    put_in_line(tx, new, None)
}

/// As [`enqueue`], behind the open jobs of the lane about the same object: what happened to it is told in the order in
/// which it happened, whatever fails on the way.
///
/// # Errors
/// Faults of the store only.
pub fn enqueue_behind(tx: &mut Tx<'_>, new: New<'_>, object: &str) -> Result<JobId> {
    put_in_line(tx, new, Some(object.to_owned()))
}

fn put_in_line(tx: &mut Tx<'_>, new: New<'_>, object: Option<String>) -> Result<JobId> {
    if let Some(key) = &new.key
        && let Some(open) = OPEN.first(tx, &(new.kind.to_owned(), key.clone()))?
    {
        return Ok(open);
    }
    let (id, now) = (tx.new_id(), tx.now());
    let job = Job {
        kind: new.kind.to_owned(),
        lane: new.lane.to_owned(),
        key: new.key,
        state: State::Ready,
        payload: new.payload,
        tries: 0,
        due_at: new.due_at,
        created_at: now,
        since: now,
        token: 0,
        error: None,
        progress: 0,
        total: 0,
        cancel_asked: false,
        number: tx.next("job")?,
        by: wanted_by(tx.actor()),
        result: None,
        from: 0,
        begun_at: None,
        is_behind: is_behind(tx, new.lane, object.as_deref())?,
        object,
    };
    JOBS.put(tx, &id, &job)?;
    Ok(id)
}

/// The program itself wants nothing: what it does follows from events.
fn wanted_by(actor: &Actor) -> Option<By> {
    let by = By { id: actor.id.clone(), name: actor.name.clone() };
    (actor.kind != ActorKind::System).then_some(by)
}

/// # Errors
/// `not_found`; the ended ones are forgotten after a while.
pub fn get(from: &(impl Read + ?Sized), id: JobId) -> Result<Job> {
    JOBS.get(from, &id)?.ok_or_else(|| Error::not_found("job", id))
}

/// When the open job of a kind with this key is due; it is in the past while the job is being done.
///
/// # Errors
/// Faults of the store only.
pub fn due_of(from: &(impl Read + ?Sized), kind: &str, key: &str) -> Result<Option<Timestamp>> {
    let Some(id) = OPEN.first(from, &(kind.to_owned(), key.to_owned()))? else { return Ok(None) };
    Ok(JOBS.get(from, &id)?.map(|job| job.due_at))
}

/// Jobs of a lane in a state: those that wait by their time, others the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn of_lane(
    from: &(impl Read + ?Sized),
    lane: &str,
    state: State,
    limit: usize,
) -> Result<Page<(JobId, Job)>> {
    let direction = if state == State::Ready { Direction::Forward } else { Direction::Backward };
    let rows = BY_LANE.page(from, &Span::of(&(lane.to_owned(), state.place())), direction, limit)?;
    read(from, rows.items.into_iter().map(|(_, id)| id)).map(|items| Page { items, more: rows.more })
}

fn read(from: &(impl Read + ?Sized), ids: impl Iterator<Item = JobId>) -> Result<Vec<(JobId, Job)>> {
    ids.filter_map(|id| JOBS.get(from, &id).transpose().map(|job| job.map(|job| (id, job)))).collect()
}

/// How many jobs of a lane wait, counted up to `most`.
///
/// # Errors
/// Faults of the store only.
pub fn waiting_of_lane(from: &(impl Read + ?Sized), lane: &str, most: u64) -> Result<u64> {
    BY_LANE.count(from, &Span::of(&(lane.to_owned(), State::Ready.place())), most)
}

/// Ids of the dead jobs of a lane that died up to a moment, the oldest first.
///
/// # Errors
/// Faults of the store only.
pub fn dead_of_lane(
    from: &(impl Read + ?Sized),
    lane: &str,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<JobId>> {
    let dead = |at: i64| ((lane.to_owned(), State::Dead.place()), (Timestamp(at), 0_u64));
    let span = Span::between(&dead(i64::MIN), &dead(until.0.saturating_add(1)));
    let rows = BY_LANE.list(from, &span, Direction::Forward, limit)?;
    Ok(rows.into_iter().map(|(_, id)| id).collect())
}

/// Has a dead or cancelled job done again, at once and with all its tries; one that waits is due now, and one that is being
/// worked on is tried once more at once if that fails.
///
/// # Errors
/// `not_found`; `Conflict` `job_done` for one that was done.
pub fn retry(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let mut job = get(tx, id)?;
    match job.state {
        State::Done => Err(Error::conflict("job_done", "This was done already.")),
        State::Leased => {
            job.want_again(tx.now());
            JOBS.put(tx, &id, &job)
        }
        State::Ready => {
            job.due_at = tx.now();
            // It was told to by the clock of now: one that is set moves what waits since before.
            set(tx, id, job, State::Ready)
        }
        State::Dead | State::Cancelled => {
            if job.state == State::Cancelled {
                tx.count(kept_as(&job).0, -1)?;
            }
            let twin = match &job.key {
                Some(key) => OPEN.first(tx, &(job.kind.clone(), key.clone()))?,
                None => None,
            };
            if twin.is_some() {
                // The same is to be done already.
                return JOBS.delete(tx, &id).map(drop);
            }
            job.tries = 0;
            job.begun_at = None;
            job.result = None;
            job.cancel_asked = false;
            job.due_at = tx.now();
            job.is_behind = is_behind(tx, &job.lane, job.object.as_deref())?;
            set(tx, id, job, State::Ready)
        }
    }
}

/// Ends a job that waits; one that is being worked on ends at its next safe point; a dead one is given up for good.
///
/// # Errors
/// `not_found`; `Conflict` `job_over` when it ended already.
pub fn cancel(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let mut job = get(tx, id)?;
    match job.state {
        State::Ready => set_over(tx, id, job, State::Cancelled),
        State::Leased => {
            job.cancel_asked = true;
            JOBS.put(tx, &id, &job)
        }
        State::Dead => {
            tx.count("jobs.given_up", 1)?;
            JOBS.delete(tx, &id).map(drop)
        }
        State::Done | State::Cancelled => Err(Error::conflict("job_over", "This job is over already.")),
    }
}

/// Removes what waits in a lane and what died in it, at most `limit` jobs; gives how many.
///
/// # Errors
/// Faults of the store only.
pub fn give_up_lane(tx: &mut Tx<'_>, lane: &str, limit: usize) -> Result<usize> {
    let mut gone = Vec::new();
    for state in [State::Ready, State::Dead] {
        let span = Span::of(&(lane.to_owned(), state.place()));
        let left = limit.saturating_sub(gone.len());
        gone.extend(BY_LANE.list(tx, &span, Direction::Forward, left)?.into_iter().map(|(_, id)| id));
    }
    let mut objects = BTreeSet::new();
    for id in &gone {
        objects.extend(JOBS.get(tx, id)?.and_then(|job| job.object));
        JOBS.delete(tx, id)?;
    }
    // What the limit has left goes on.
    for object in objects {
        let_next(tx, lane, Some(&object))?;
    }
    tx.count("jobs.given_up", i64::try_from(gone.len()).unwrap_or(i64::MAX))?;
    Ok(gone.len())
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// It failed and is tried again after some milliseconds, or is dead when there is no time given.
    Failed {
        why: String,
        again_in_ms: Option<i64>,
    },
    /// It is not its time yet: it waits for some milliseconds, and the try does not count.
    PutOff {
        why: String,
        again_in_ms: i64,
    },
    /// It stopped at a safe point because somebody does not want it any more.
    Cancelled,
    /// It stopped at a safe point because the program ends, and goes on at the next start; the try does not count.
    Interrupted,
}

/// Takes a job: from now on only `token` ends it.
pub(super) fn lease(tx: &mut Tx<'_>, id: JobId, token: u64) -> Result<Option<Job>> {
    let Some(mut job) = JOBS.get(tx, &id)?.filter(|job| job.state == State::Ready) else { return Ok(None) };
    job.tries += 1;
    job.token = token;
    // Whatever the clock says: due later would mean that it is wanted again.
    job.due_at = job.due_at.min(tx.now());
    job.from = job.progress;
    job.begun_at = job.begun_at.or(Some(tx.now()));
    set(tx, id, job.clone(), State::Leased)?;
    job.state = State::Leased;
    Ok(Some(job))
}

/// Ends a try. False when the job is not the token's any more: who comes too late changes nothing.
pub(in crate::work) fn end(tx: &mut Tx<'_>, id: JobId, token: u64, ended: &Ended) -> Result<bool> {
    let Some(mut job) = JOBS.get(tx, &id)?.filter(|job| job.state == State::Leased && job.token == token)
    else {
        return Ok(false);
    };
    job.token = 0;
    match ended {
        Ended::Done => {
            job.error = None;
            set_over(tx, id, job, State::Done)?;
        }
        Ended::Cancelled => set_over(tx, id, job, State::Cancelled)?,
        // Nobody wants what would come of another try.
        Ended::Interrupted | Ended::PutOff { .. } if job.cancel_asked => {
            set_over(tx, id, job, State::Cancelled)?;
        }
        Ended::Interrupted => {
            job.tries = job.tries.saturating_sub(1);
            set(tx, id, job, State::Ready)?;
        }
        Ended::PutOff { why, again_in_ms } => {
            job.tries = job.tries.saturating_sub(1);
            job.error = Some(why.clone());
            job.due_at = tx.now().plus_ms(*again_in_ms);
            set(tx, id, job, State::Ready)?;
        }
        Ended::Failed { why, again_in_ms } => {
            job.error = Some(why.clone());
            let again_in_ms = if job.is_wanted_again() {
                job.tries = 0;
                Some(0)
            } else {
                *again_in_ms
            };
            match again_in_ms {
                Some(_) if job.cancel_asked => set_over(tx, id, job, State::Cancelled)?,
                Some(ms) => {
                    job.due_at = tx.now().plus_ms(ms);
                    set(tx, id, job, State::Ready)?;
                }
                None => {
                    tx.count("jobs.dead", 1)?;
                    set(tx, id, job, State::Dead)?;
                }
            }
        }
    }
    Ok(true)
}

/// Notes how far a job is.
pub(super) fn note_progress(tx: &mut Tx<'_>, id: JobId, token: u64, progress: u64, total: u64) -> Result<()> {
    match JOBS.get(tx, &id)? {
        Some(job) if job.state == State::Leased && job.token == token => {
            JOBS.put(tx, &id, &Job { progress, total, ..job })
        }
        _ => Ok(()),
    }
}

/// Jobs that are leased and in nobody's hands.
pub(super) fn lost(from: &(impl Read + ?Sized), held: &BTreeSet<JobId>) -> Result<Vec<(JobId, Job)>> {
    let rows = BY_STATE.list(from, &Span::of(&State::Leased.place()), Direction::Forward, usize::MAX)?;
    read(from, rows.into_iter().map(|(_, id)| id).filter(|id| !held.contains(id)))
}

/// They wait again; one that somebody wanted to end, which the program did before it could, has ended. Gives how many that
/// were.
pub(super) fn release(tx: &mut Tx<'_>, held: &BTreeSet<JobId>) -> Result<usize> {
    let lost = lost(tx, held)?;
    let count = lost.len();
    for (id, mut job) in lost {
        job.token = 0;
        job.due_at = tx.now();
        job.error = Some("The program ended in the middle of it.".to_owned());
        if job.cancel_asked {
            set_over(tx, id, job, State::Cancelled)?;
        } else {
            set(tx, id, job, State::Ready)?;
        }
    }
    Ok(count)
}

fn set(tx: &mut Tx<'_>, id: JobId, job: Job, state: State) -> Result<()> {
    let since = tx.now();
    let job = Job { state, since, ..job };
    JOBS.put(tx, &id, &job)?;
    if state.is_open() { Ok(()) } else { let_next(tx, &job.lane, job.object.as_deref()) }
}

/// Ends a job for good: counted, shown for a while, then forgotten.
fn set_over(tx: &mut Tx<'_>, id: JobId, job: Job, state: State) -> Result<()> {
    tx.count(if state == State::Done { "jobs.done" } else { "jobs.cancelled" }, 1)?;
    let kept_job = Job { state, ..job };
    set(tx, id, kept_job.clone(), state)?;
    let (name, most, apart) = kept_as(&kept_job);
    let kept = counter(tx, name)? + 1;
    let mut gone = 0;
    if kept > most {
        let mut oldest = None;
        for state in [State::Done, State::Cancelled] {
            let span = Span::of(&(state.place() + apart));
            // Of one moment this very job may be the first.
            let first = BY_STATE.list(tx, &span, Direction::Forward, 2)?;
            let first = first.into_iter().find(|(_, old)| *old != id);
            oldest = oldest.into_iter().chain(first.map(|((_, since), id)| (since, id))).min();
        }
        if let Some((_, oldest)) = oldest {
            JOBS.delete(tx, &oldest)?;
            gone = 1;
        }
    }
    tx.count(name, 1 - gone)
}

/// Where a job is counted that is over, how many of those are kept, and how far apart they stand.
pub(super) fn kept_as(job: &Job) -> (&'static str, i64, u8) {
    if job.by.is_some() { (KEPT_OF_PEOPLE_COUNTER, KEPT_OF_PEOPLE, APART) } else { (KEPT_COUNTER, KEPT, 0) }
}

/// Forgets jobs that are over since before a moment, at most `limit`; gives how many.
///
/// # Errors
/// Faults of the store only.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let mut gone = Vec::new();
    for (state, apart) in
        [(State::Done, 0), (State::Cancelled, 0), (State::Done, APART), (State::Cancelled, APART)]
    {
        let place = state.place() + apart;
        let span = Span::between(&(place, Timestamp(i64::MIN)), &(place, before));
        let left = limit.saturating_sub(gone.len());
        gone.extend(
            BY_STATE.list(tx, &span, Direction::Forward, left)?.into_iter().map(|(_, id)| (id, apart)),
        );
    }
    for (id, apart) in &gone {
        JOBS.delete(tx, id)?;
        tx.count(if *apart == 0 { KEPT_COUNTER } else { KEPT_OF_PEOPLE_COUNTER }, -1)?;
    }
    Ok(gone.len())
}

/// Writes down what came of a job, for the note of its report.
///
/// # Errors
/// Faults of the store only.
pub fn say(tx: &mut Tx<'_>, id: JobId, result: &str) -> Result<()> {
    match JOBS.get(tx, &id)? {
        Some(job) => JOBS.put(tx, &id, &Job { result: Some(result.to_owned()), ..job }),
        None => Ok(()),
    }
}

/// Forgets the jobs of schedules in the lane of a job that came to the same before it, of the last ones: what is done every
/// few minutes and mostly comes to nothing would drive everything else out.
///
/// # Errors
/// Faults of the store only.
pub fn forget_like(tx: &mut Tx<'_>, than: JobId, result: &str, limit: usize) -> Result<()> {
    let Some(lane) = JOBS.get(tx, &than)?.map(|job| job.lane) else { return Ok(()) };
    for (id, job) in of_lane(tx, &lane, State::Done, limit)?.items {
        let is_of_schedule = job.by.as_ref().is_some_and(|by| by.id.starts_with(OF_SCHEDULE));
        if id != than && is_of_schedule && job.result.as_deref() == Some(result) {
            tx.count(kept_as(&job).0, -1)?;
            JOBS.delete(tx, &id)?;
        }
    }
    Ok(())
}

/// Says who wanted a job that the program made.
///
/// # Errors
/// Faults of the store only.
pub fn wanted(tx: &mut Tx<'_>, id: JobId, by: By) -> Result<()> {
    match JOBS.get(tx, &id)?.filter(|job| job.state.is_open()) {
        Some(job) => JOBS.put(tx, &id, &Job { by: Some(by), ..job }),
        None => Ok(()),
    }
}
