//! What the work behind tells of itself: that something which somebody waited long for is over, and that a schedule failed or
//! missed its time.

use super::jobs::{self, Job, JobId, State};
use super::schedules::ScheduleId;
use crate::base::error::{Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Event, Subject, Tx};
use serde::Serialize;

/// Every kind of event of this floor with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[
    (
        "job.ended",
        "A job that somebody started and that ran for more than a minute is over: `status` is done, failed or cancelled, `said` what came of it.",
    ),
    ("job.cancelled", "Somebody stopped a job, or gave one up that had failed; `kind` is what it does."),
    ("job.retried", "Somebody had a job done again that had failed or was stopped, or before its time."),
    (
        "schedule.failed",
        "A job of a schedule failed for good, or, with `missed`, its time went by while the program did not run; `reason` says more.",
    ),
];

/// `job.ended`
#[derive(Debug, Serialize)]
struct JobEnded {
    kind: String,
    title: String,
    status: &'static str,
    said: String,
    took_seconds: i64,
    /// The id of who started it.
    by: String,
}
impl Event for JobEnded {
    fn kind(&self) -> &'static str {
        "job.ended"
    }
}

/// `job.cancelled`
#[derive(Debug, Serialize)]
struct JobCancelled {
    kind: String,
    status_before: &'static str,
}
impl Event for JobCancelled {
    fn kind(&self) -> &'static str {
        "job.cancelled"
    }
}

/// `job.retried`
#[derive(Debug, Serialize)]
struct JobRetried {
    kind: String,
    status_before: &'static str,
}
impl Event for JobRetried {
    fn kind(&self) -> &'static str {
        "job.retried"
    }
}

/// Cancels a job, as [`jobs::cancel`] does, in the name of who wants that; gives what it was.
pub(super) fn cancel(tx: &mut Tx<'_>, id: JobId) -> Result<Job> {
    let before = jobs::get(tx, id)?;
    jobs::cancel(tx, id)?;
    let told = JobCancelled { kind: before.kind.clone(), status_before: before.state.word() };
    tx.publish(Subject::of(&id), &told)?;
    Ok(before)
}

/// Has a job done again, as [`jobs::retry`] does, in the name of who wants that.
///
/// # Errors
/// As [`jobs::retry`].
pub fn retry(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let before = jobs::get(tx, id)?;
    jobs::retry(tx, id)?;
    let told = JobRetried { kind: before.kind, status_before: before.state.word() };
    tx.publish(Subject::of(&id), &told).map(drop)
}

/// `schedule.failed`
#[derive(Debug, Serialize)]
struct ScheduleFailed {
    name: String,
    title: String,
    missed: bool,
    reason: String,
}
impl Event for ScheduleFailed {
    fn kind(&self) -> &'static str {
        "schedule.failed"
    }
}

/// The job of a schedule is wanted by this, with its name behind.
pub(super) const OF_SCHEDULE: &str = "schedule/";

/// Tells of a job whose try has ended, where there is something to tell: somebody's that is over and ran for at least so
/// long, and one of a schedule that failed for good.
pub(super) fn of_job(tx: &mut Tx<'_>, id: JobId, title: &str, long_ms: i64) -> Result<()> {
    let job = match jobs::get(tx, id) {
        Ok(job) => job,
        Err(error) if error.kind == Kind::NotFound => return Ok(()),
        Err(fault) => return Err(fault),
    };
    let (false, Some(by)) = (job.state.is_open(), job.by) else { return Ok(()) };
    let said = job.error.filter(|_| job.state != State::Done).or(job.result).unwrap_or_default();
    if let Some(name) = by.id.strip_prefix(OF_SCHEDULE) {
        if job.state == State::Dead {
            let (name, title) = (name.to_owned(), title.to_owned());
            let event = ScheduleFailed { name: name.clone(), title, missed: false, reason: said };
            tx.publish(Subject::of(&ScheduleId::named(&name)), &event)?;
        }
        return Ok(());
    }
    let took_ms = job.begun_at.map_or(0, |begun| tx.now().since_ms(begun));
    if took_ms < long_ms {
        return Ok(());
    }
    let event = JobEnded {
        kind: job.kind,
        title: title.to_owned(),
        status: job.state.word(),
        said,
        took_seconds: took_ms / 1_000,
        by: by.id,
    };
    tx.publish(Subject::of(&id), &event).map(drop)
}

/// Tells that a time of a schedule went by and is left out.
pub(super) fn missed(tx: &mut Tx<'_>, name: &str, title: &str, planned: Timestamp) -> Result<()> {
    let reason =
        format!("The program was not running when it was due ({planned}), and it is not made up for.");
    let event = ScheduleFailed { name: name.to_owned(), title: title.to_owned(), missed: true, reason };
    tx.publish(Subject::of(&ScheduleId::named(name)), &event).map(drop)
}
