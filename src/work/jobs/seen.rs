//! Jobs as people look at them: those that somebody wanted, and those that events caused.

use super::model::{BY_PEOPLE, BY_STATE, JOBS, Job, JobId, State};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Direction, Index, Key, Read, Span};
use std::ops::ControlFlow;

/// Jobs looked at for one page at most, so that a filter that fits nothing takes no longer than others: the next page goes
/// on behind them.
pub(in crate::work) const LOOKED_MAX: usize = 5_000;

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

/// A page of jobs. It may be empty and not the last.
#[derive(Debug, Default)]
pub struct Found {
    pub items: Vec<(JobId, Job)>,
    /// Behind which one it goes on; `None` where there is nothing more.
    pub next: Option<Place>,
}

impl Found {
    /// Takes the jobs of an index that fit, from the newest on.
    fn gather<K: Key>(
        from: &(impl Read + ?Sized),
        index: &Index<K, JobId>,
        span: &Span,
        at: impl Fn(K) -> Timestamp,
        fits: impl Fn(&Job) -> bool,
        limit: usize,
    ) -> Result<Self> {
        let (mut found, mut last, mut looked) = (Self::default(), None, 0);
        index.walk(from, span, Direction::Backward, |key, id, _| {
            let fitting = JOBS.get(from, &id)?.filter(&fits);
            if looked == LOOKED_MAX || (fitting.is_some() && found.items.len() == limit) {
                found.next = last;
                return Ok(ControlFlow::Break(()));
            }
            looked += 1;
            last = Some((at(key), id));
            found.items.extend(fitting.map(|job| (id, job)));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

/// Jobs that somebody wanted, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn of_people(
    from: &(impl Read + ?Sized),
    wanted: &Wanted,
    after: Option<Place>,
    limit: usize,
) -> Result<Found> {
    let span = match after {
        Some((at, id)) => Span::all().after(&(at, id), Direction::Backward),
        None => Span::all(),
    };
    Found::gather(from, &BY_PEOPLE, &span, |at| at, |job| wanted.fits(job), limit)
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
) -> Result<Found> {
    let whole = Span::of(&state.place());
    let span = match after {
        Some((at, id)) => whole.after(&((state.place(), at), id), Direction::Backward),
        None => whole,
    };
    Found::gather(from, &BY_STATE, &span, |(_, since)| since, |job| job.by.is_none(), limit)
}
