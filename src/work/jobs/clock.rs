//! Clocks that are set while jobs wait. Pauses are lengths of time: when the clock is set, what waits is moved with it, so
//! that nothing comes all at once and nothing waits for longer than its own pause. A machine that slept counts as one whose
//! clock was set. Each job is judged by its own times, so a move that is made twice moves nothing twice.

use super::model::{BY_STATE, JOBS, Job, JobId, State};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Actor, Direction, Span, Store, Tx};
use std::collections::VecDeque;
use std::time::Instant;

/// The clock was set when it moved so much more or less than time went by.
const JUMP_MS: i64 = 30_000;
/// What is written now may bear a moment that is a little later.
const AHEAD_MS: i64 = 1_000;
/// Jobs looked at in one transaction, so that others have their turn in between.
const PORTION: usize = 1_000;

/// A place among the jobs that wait: since when one of them does, and which it is.
pub(in crate::work) type Reached = (Timestamp, JobId);
/// Before the first of them.
pub(in crate::work) const BEGINNING: Reached = (Timestamp(i64::MIN), JobId([0; 16]));

/// A clock that was set.
#[derive(Clone, Copy, Debug)]
pub(in crate::work) struct Jump {
    /// What the clock of before would have said,
    from: Timestamp,
    /// when that of now said this.
    to: Timestamp,
    /// What waits since then or later is none of the clock of before.
    began: Timestamp,
    noted: Instant,
}

impl Jump {
    /// A start: whatever waits since a moment that is still to come was written by a clock that was ahead.
    pub(in crate::work) fn at_start(now: Timestamp) -> Self {
        Self { from: now, to: now, began: Timestamp(i64::MIN), noted: Instant::now() }
    }
    /// Whether the clock was set since it said `wall`, which was so many milliseconds ago.
    pub(in crate::work) fn between(wall: Timestamp, now: Timestamp, elapsed_ms: i64) -> Option<Self> {
        let from = wall.plus_ms(elapsed_ms);
        let by_ms = now.since_ms(from);
        // Forward, there is a gap that neither clock has written in. What stands there was written by a clock that was
        // right before this one started years behind.
        let began = if by_ms > 0 { from.plus_ms(1) } else { now.plus_ms(-elapsed_ms) };
        (by_ms.saturating_abs() > JUMP_MS).then(|| Self { from, to: now, began, noted: Instant::now() })
    }
    /// The last moment that the clock of now may have written.
    fn until(&self) -> Timestamp {
        let ms = i64::try_from(self.noted.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.to.plus_ms(ms).plus_ms(AHEAD_MS)
    }
    /// A job as it waits from now on: for what was left of its pause. `None` where nothing changes.
    fn moved(&self, job: &Job, until: Timestamp) -> Option<Job> {
        if job.since >= self.began && job.since <= until {
            return None;
        }
        // One that waits since later than even the clock of before would say has all of its pause before it.
        let left = job.due_at.since_ms(job.since.max(self.from));
        let due_at = if left > 0 { self.to.plus_ms(left) } else { job.due_at.min(self.to) };
        (due_at != job.due_at).then(|| Job { due_at, since: self.to, ..job.clone() })
    }
}

/// Moves the time of jobs that wait, a portion behind a place; gives how many were moved, and the place reached while there
/// may be more.
pub(in crate::work) fn shift(
    tx: &mut Tx<'_>,
    jump: &Jump,
    after: Reached,
) -> Result<(usize, Option<Reached>)> {
    let place = State::Ready.place();
    let until = jump.until();
    // What the clock of now wrote, mostly all there is, is passed over.
    let is_of_now = after.0 >= jump.began && after.0 <= until;
    let after = if is_of_now { (until, JobId([0xff; 16])) } else { after };
    let span = Span::of(&place).after(&((place, after.0), after.1), Direction::Forward);
    let rows = BY_STATE.list(tx, &span, Direction::Forward, PORTION)?;
    let reached = rows.last().filter(|_| rows.len() == PORTION).map(|((_, since), id)| (*since, *id));
    let mut moved = 0;
    for (_, id) in rows {
        if let Some(job) = JOBS.get(tx, &id)?.and_then(|job| jump.moved(&job, until)) {
            JOBS.put(tx, &id, &job)?;
            moved += 1;
        }
    }
    Ok((moved, reached))
}

/// The clock of the wall beside one that nobody sets.
pub(super) struct Wall {
    said: Timestamp,
    at: Instant,
    /// What is not carried out yet, the first one first.
    jumps: VecDeque<Jump>,
}

impl Wall {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { said: now, at: Instant::now(), jumps: [Jump::at_start(now)].into() }
    }
    /// Looks whether the clock was set, and has that carried out. What fails is carried out at the next look, as it was
    /// noted: who fails may have done it and not know.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        mut carry_out: impl FnMut(Jump) -> Result<usize>,
    ) -> Result<()> {
        let at = Instant::now();
        let elapsed_ms = i64::try_from(at.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        self.jumps.extend(Jump::between(self.said, now, elapsed_ms));
        (self.said, self.at) = (now, at);
        while let Some(jump) = self.jumps.front().copied() {
            let moved = carry_out(jump)?;
            self.jumps.pop_front();
            let by_ms = jump.to.since_ms(jump.from);
            if moved > 0 || by_ms != 0 {
                tracing::warn!(by_ms, moved, "the clock was set; what waits was moved with it");
            }
        }
        Ok(())
    }
}

/// Moves everything that waits, in portions.
pub(super) fn carry_out(store: &Store, actor: &Actor, jump: Jump) -> Result<usize> {
    let (mut moved, mut after) = (0, BEGINNING);
    loop {
        let (some, reached) = store.write_behind(actor.clone(), move |tx| shift(tx, &jump, after))?;
        moved += some;
        match reached {
            Some(reached) => after = reached,
            None => return Ok(moved),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Error;
    use crate::base::time::{DAY_MS, HOUR_MS};

    #[test]
    fn a_jump_is_carried_out_as_it_was_noted_until_that_succeeds() {
        let start = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let mut wall = Wall::new(start);
        let unknown = || Error::unavailable("commit_unknown", "Nobody knows.", 1);
        assert!(wall.look(start, |_| Err(unknown())).is_err());
        let mut seen = Vec::new();
        let later = start.plus_ms(DAY_MS);
        let second = wall.look(later, |jump| {
            seen.push((jump.from, jump.to));
            if seen.len() == 2 { Err(unknown()) } else { Ok(0) }
        });
        assert!(second.is_err());
        wall.look(later.plus_ms(HOUR_MS), |jump| {
            seen.push((jump.from, jump.to));
            Ok(0)
        })
        .unwrap();
        assert_eq!(seen.len(), 4, "{seen:?}");
        assert_eq!((seen[0], seen[1]), ((start, start), seen[2]));
        let by = |at: usize| seen[at].1.since_ms(seen[at].0);
        assert!((by(2) - DAY_MS).abs() < 10_000 && (by(3) - HOUR_MS).abs() < 10_000, "{seen:?}");
        wall.look(later.plus_ms(HOUR_MS), |_| Err(unknown())).unwrap();
    }

    #[test]
    fn a_job_moves_once_and_one_that_the_new_clock_wrote_does_not() {
        let old = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        for by_ms in [DAY_MS, HOUR_MS, -HOUR_MS, -3_650 * DAY_MS] {
            let new = old.plus_ms(by_ms);
            let jump = Jump::between(old, new, 500).unwrap();
            let job = |since: Timestamp, pause_ms: i64| Job {
                state: State::Ready,
                since,
                due_at: since.plus_ms(pause_ms),
                ..Job::sample()
            };
            let once = jump.moved(&job(old.plus_ms(-40 * 60_000), HOUR_MS), jump.until()).unwrap();
            let left = once.due_at.since_ms(new);
            assert!((left - 20 * 60_000).abs() <= 500, "{by_ms}: {left}");
            assert_eq!(jump.moved(&once, jump.until()), None, "{by_ms}: twice is once");
            for behind_ms in [0, 400] {
                let own = job(new.plus_ms(-behind_ms), HOUR_MS);
                assert_eq!(jump.moved(&own, jump.until()), None, "{by_ms}");
            }
            let due = job(old.plus_ms(-3 * HOUR_MS), 1_000);
            let still = jump.moved(&due, jump.until()).unwrap_or(due);
            assert!(still.due_at <= new, "{by_ms}: what was due stays due");
        }
        assert!(Jump::between(old, old.plus_ms(20_000), 500).is_none());
    }
}
