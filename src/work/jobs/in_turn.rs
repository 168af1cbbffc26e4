//! Open jobs of a lane: about one object one has its turn and the others are behind it; others wait for their time.

use super::model::{BEHIND, BY_LANE, BY_OBJECT, JOBS, Job, JobId, State};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Direction, Read, Span, Tx};

/// Whether there is an open job of the lane about the object.
pub(super) fn is_behind(from: &(impl Read + ?Sized), lane: &str, object: Option<&str>) -> Result<bool> {
    object.map_or(Ok(false), |object| Ok(of_object(from, lane, object)?.is_some()))
}

/// The open job of a lane about an object that was made first.
fn of_object(from: &(impl Read + ?Sized), lane: &str, object: &str) -> Result<Option<JobId>> {
    let span = Span::of(&(lane.to_owned(), object.to_owned()));
    Ok(BY_OBJECT.list(from, &span, Direction::Forward, 1)?.pop().map(|(_, id)| id))
}

/// A job is over or dead: the next about the same object has its turn.
pub(super) fn let_next(tx: &mut Tx<'_>, lane: &str, object: Option<&str>) -> Result<()> {
    let Some(id) = object.map_or(Ok(None), |object| of_object(tx, lane, object))? else { return Ok(()) };
    match JOBS.get(tx, &id)? {
        Some(job) if job.is_behind => JOBS.put(tx, &id, &Job { is_behind: false, ..job }),
        _ => Ok(()),
    }
}

/// Jobs of a lane that are due later than a moment, the next one first.
///
/// # Errors
/// Faults of the store only.
pub fn later_of_lane(
    from: &(impl Read + ?Sized),
    lane: &str,
    than: Timestamp,
    limit: usize,
) -> Result<Vec<(JobId, Job)>> {
    let ready = |at: Timestamp| ((lane.to_owned(), State::Ready.place()), (at, 0_u64));
    let span = Span::between(&ready(than.plus_ms(1)), &ready(BEHIND));
    let rows = BY_LANE.list(from, &span, Direction::Forward, limit)?;
    let ids = rows.into_iter().map(|(_, id)| id);
    ids.filter_map(|id| JOBS.get(from, &id).transpose().map(|job| job.map(|job| (id, job)))).collect()
}
