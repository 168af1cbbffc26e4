//! From a leased job to its thread.

use super::{Desk, Jobs, LOOK, Running};
use crate::work::jobs::crew::{Beat, Finished, Task, Worker};
use crate::work::jobs::model::{JOBS, Job, JobId};
use crate::work::jobs::ops::Ended;
use std::sync::Arc;

/// Jobs of a lane at once when its first has begun.
const START: usize = 4;

impl Jobs {
    /// Hands leased jobs to the threads.
    pub(super) fn begin(&self, desk: &mut Desk, leased: Vec<(JobId, Job)>) {
        let begun: Vec<(JobId, Job, Beat)> = leased
            .into_iter()
            .map(|(id, job)| {
                let beat = self.enlist(desk, id, &job);
                (id, job, beat)
            })
            .collect();
        self.heed(&begun);
        for (id, job, beat) in begun {
            self.hand_over(desk, id, job, beat);
        }
    }

    /// From here on it is found among what runs.
    fn enlist(&self, desk: &mut Desk, id: JobId, job: &Job) -> Beat {
        let worker = self.worker(job);
        let beat = Beat::new();
        let (lease, pauses_ms) = worker.map_or((LOOK, [].as_slice()), |w| (w.lease(), w.pauses_ms()));
        let at_once = worker.map_or((1, 1), |w| w.at_once());
        // A lane that nobody knows yet is thought well of, a little.
        desk.widths.entry(job.lane.clone()).or_insert(at_once.0.max(START).min(at_once.1));
        let running = Running {
            token: job.token,
            lane: job.lane.clone(),
            lease,
            pauses_ms,
            at_once,
            tries: job.tries,
            beat: beat.clone(),
            noted: (job.progress, job.total),
            by: job.by.as_ref().map(|by| by.id.clone()),
        };
        self.running().insert(id, running);
        beat
    }

    /// Who wanted one to end after it was leased and before it was found among what runs could tell the row alone.
    fn heed(&self, begun: &[(JobId, Job, Beat)]) {
        if begun.is_empty() {
            return;
        }
        let heeded = self.0.store.read(|s| {
            for (id, job, beat) in begun {
                if JOBS.get(s, id)?.is_some_and(|row| row.cancel_asked && row.token == job.token) {
                    beat.cancel();
                }
            }
            Ok(())
        });
        if let Err(error) = heeded {
            tracing::warn!("whether jobs are to end was not read: {}", error.cause_chain());
        }
    }

    fn hand_over(&self, desk: &Desk, id: JobId, job: Job, beat: Beat) {
        let back = desk.back.clone();
        let refuse = |why: &str| {
            let ended = Ended::Failed { why: why.to_owned(), again_in_ms: None };
            drop(back.send(Finished {
                id,
                token: job.token,
                report: ended.into(),
                so_far: (0, 0),
                title: None,
            }));
            self.wake();
        };
        match self.worker(&job) {
            None => refuse("This program does not know this kind of work."),
            // It was begun as often as it may be, and each time the program ended over it.
            Some(w) if usize::try_from(job.tries).is_ok_and(|tries| tries > w.pauses_ms().len() + 1) => {
                refuse("It was interrupted at every try.");
            }
            Some(worker) => {
                desk.line.put(Task { id, job, worker: Arc::clone(worker), beat });
            }
        }
    }

    fn worker(&self, job: &Job) -> Option<&Arc<dyn Worker>> {
        self.0.workers.get(job.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{Clock, Timestamp};
    use crate::store::{Actor, Settings, Store};
    use crate::work::jobs::testing::lease_one;
    use crate::work::jobs::{New, ops};

    #[test]
    fn one_that_somebody_stopped_before_it_was_found_among_what_runs_is_to_stop() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
        let clock = Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
        let store = Store::open(dir.path(), &settings, clock, &crate::work::TABLES.concat()).unwrap();
        let jobs = Jobs::new(store.clone(), Vec::new(), |_, _| Ok(true));
        let mut desk = Desk::new(store.clock().now());
        let leased = |n: u8| {
            let op = move |tx: &mut crate::store::Tx<'_>| {
                let payload = vec![n];
                ops::enqueue(tx, New { kind: "x", lane: "x", key: None, payload, due_at: tx.now() })?;
                lease_one(tx)
            };
            store.write_blocking(Actor::system("test"), op).unwrap().unwrap()
        };
        let (stopped, other) = (leased(1), leased(2));
        let id = stopped.0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(jobs.cancel(Actor::system("test"), id)).unwrap();
        let others_id = other.0;
        jobs.begin(&mut desk, vec![stopped, other]);
        let stop = |id: JobId| jobs.running().get(&id).and_then(|running| running.beat.stop());
        assert_eq!((stop(id), stop(others_id)), (Some(Ended::Cancelled), None));
    }
}
