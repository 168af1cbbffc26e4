//! Jobs as people look at them: those that somebody wanted, and those that events caused.

use super::model::{BY_PEOPLE, BY_STATE, JOBS, Job, JobId, State};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Direction, Page, Read, Span};
use std::ops::ControlFlow;

/// Jobs looked at for one page at most: a filter that fits nothing has an end.
const LOOKED_MAX: usize = 5_000;

/// Which jobs are listed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these; all, if `None`.
    pub state: Option<State>,
    pub kind: Option<String>,
    /// Only what this person or key wanted.
    pub by: Option<String>,
}

impl Wanted {
    fn fits(&self, job: &Job) -> bool {
        self.state.is_none_or(|state| job.state == state)
            && self.kind.as_ref().is_none_or(|kind| job.kind == *kind)
            && self.by.as_ref().is_none_or(|id| job.by.as_ref().is_some_and(|by| by.id == *id))
    }
}

/// A place in the list of people's jobs: behind this one it goes on.
pub type Place = (Timestamp, JobId);

/// Jobs that somebody wanted, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn of_people(
    from: &(impl Read + ?Sized),
    wanted: &Wanted,
    after: Option<Place>,
    limit: usize,
) -> Result<Page<(JobId, Job)>> {
    let span = match after {
        Some((at, id)) => Span::all().after(&(at, id), Direction::Backward),
        None => Span::all(),
    };
    let (mut items, mut more, mut looked) = (Vec::new(), false, 0);
    BY_PEOPLE.walk(from, &span, Direction::Backward, |_, id, _| {
        looked += 1;
        let Some(job) = JOBS.get(from, &id)?.filter(|job| wanted.fits(job)) else {
            return Ok(if looked < LOOKED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
        };
        if items.len() == limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        items.push((id, job));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page { items, more })
}

/// Jobs in a state that events caused, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn of_events(
    from: &(impl Read + ?Sized),
    state: State,
    after: Option<Place>,
    limit: usize,
) -> Result<Page<(JobId, Job)>> {
    let whole = Span::of(&state.place());
    let span = match after {
        Some((at, id)) => whole.after(&((state.place(), at), id), Direction::Backward),
        None => whole,
    };
    let (mut items, mut more) = (Vec::new(), false);
    BY_STATE.walk(from, &span, Direction::Backward, |_, id, _| {
        let Some(job) = JOBS.get(from, &id)?.filter(|job| job.by.is_none()) else {
            return Ok(ControlFlow::Continue(()));
        };
        if items.len() == limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        items.push((id, job));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page { items, more })
}
