//! The one writer: takes what waits, runs it over one write set, commits once, and only then answers.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::actor::Actor;
use crate::store::events::{Head, committed_after};
use crate::store::format;
use crate::store::health::{commit_unknown, fenced};
use crate::store::idempotency::{FORGET_BURST, FORGET_PER_SECOND, forget};
use crate::store::queue::Taken;
use crate::store::shared::{Gate, Shared, is_io};
use crate::store::tx::{Group, Tx};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The most operations of one commit.
const GROUP_MAX: usize = 64;
/// Attempts to open again at once after a fault; then one per [`REOPEN_PAUSE`].
const REOPEN_ATTEMPTS: u32 = 2;
const REOPEN_PAUSE: Duration = Duration::from_millis(250);

/// What became of the commit of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its writes are durable, or there were none.
    Done,
    /// Nobody knows.
    Unknown,
    /// It was not committed, for a fault before that.
    Fenced,
}

/// One operation in the line.
pub(super) trait Job: Send {
    fn actor(&self) -> &Actor;
    /// Runs it and keeps its result until the verdict.
    fn run(&mut self, group: &mut Group, now: Timestamp);
    /// Refuses it without running it.
    fn refuse(&mut self, error: Error);
    /// True when it met an I/O error of the engine.
    fn met_io_error(&self) -> bool;
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// An operation and where its answer goes.
pub(super) struct Operation<T, F, A> {
    pub(super) actor: Actor,
    pub(super) op: F,
    pub(super) answer: A,
    pub(super) result: Option<Result<T>>,
}

impl<T, F, A> Job for Operation<T, F, A>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send,
    A: FnOnce(Result<T>) + Send,
{
    fn actor(&self) -> &Actor {
        &self.actor
    }
    fn run(&mut self, group: &mut Group, now: Timestamp) {
        self.result = Some(group.run(&self.actor, now, |tx| (self.op)(tx)));
    }
    fn refuse(&mut self, error: Error) {
        self.result = Some(Err(error));
    }
    fn met_io_error(&self) -> bool {
        matches!(&self.result, Some(Err(error)) if is_io(error))
    }
    fn answer(self: Box<Self>, verdict: Verdict) {
        let result = match verdict {
            Verdict::Done => self.result.unwrap_or_else(|| Err(commit_unknown())),
            Verdict::Unknown => Err(commit_unknown()),
            Verdict::Fenced => Err(fenced()),
        };
        (self.answer)(result);
    }
}

/// How many old answers may be forgotten now: a bucket that fills with time that really passes.
struct Budget {
    left: u32,
    filled: Instant,
}

impl Budget {
    fn new() -> Self {
        Self { left: FORGET_BURST, filled: Instant::now() }
    }
    fn left(&mut self) -> usize {
        let seconds = u32::try_from(self.filled.elapsed().as_secs()).unwrap_or(u32::MAX);
        if seconds > 0 {
            self.filled = Instant::now();
            self.left = self.left.saturating_add(seconds.saturating_mul(FORGET_PER_SECOND)).min(FORGET_BURST);
        }
        self.left as usize
    }
    fn spend(&mut self, rows: usize) {
        self.left = self.left.saturating_sub(u32::try_from(rows).unwrap_or(u32::MAX));
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    head: Head,
    budget: Budget,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, head: Head) -> Self {
        Self { shared, head, budget: Budget::new() }
    }

    /// Works until the line is closed and empty, then drops the engine.
    pub(super) fn run(mut self) {
        self.shared.writer.get_or_init(|| std::thread::current().id());
        let mut jobs: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_MAX);
        let mut reopen_at = Instant::now();
        loop {
            let patience = (!self.shared.is_open()).then_some(REOPEN_PAUSE);
            let taken = self.shared.queue.take(&mut jobs, GROUP_MAX, patience);
            if self.shared.take_sick() && self.shared.is_open() {
                self.fence();
                self.reopen(REOPEN_ATTEMPTS);
                reopen_at = Instant::now() + REOPEN_PAUSE;
            }
            if !self.shared.is_open() && Instant::now() >= reopen_at {
                self.reopen(1);
                reopen_at = Instant::now() + REOPEN_PAUSE;
            }
            match taken {
                Taken::Closed => break,
                Taken::Nothing => {}
                Taken::Some if self.shared.is_open() => self.group(&mut jobs),
                Taken::Some => answer(&mut jobs, Verdict::Fenced),
            }
        }
        self.shared.shut(Gate::Closed);
    }

    /// Runs the jobs and commits what they wrote.
    fn group(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        let look = self.shared.space.look();
        let Ok(rows) = self.shared.rows() else {
            self.fence();
            answer(jobs, Verdict::Fenced);
            return self.reopen(REOPEN_ATTEMPTS);
        };
        let mut group = Group::new(rows, Arc::clone(&self.shared.registry), self.head);
        let now = self.shared.clock.now();
        self.forget_old_answers(&mut group, now);
        for job in jobs.iter_mut() {
            match look.allow(job.actor().kind) {
                Ok(()) => job.run(&mut group, now),
                Err(error) => job.refuse(error),
            }
        }
        if jobs.iter().any(|job| job.met_io_error()) {
            drop(group);
            self.fence();
            answer(jobs, Verdict::Fenced);
            return self.reopen(REOPEN_ATTEMPTS);
        }
        if !group.has_writes() {
            return answer(jobs, Verdict::Done);
        }
        // The snapshot below the group is let go before the commit, so that its pages can be used again.
        let outcome = group.finish();
        let started = Instant::now();
        match self.shared.apply(&outcome.writes) {
            Ok(()) => {
                self.shared.gauges.committed(jobs.len(), started.elapsed());
                self.head = outcome.head;
                self.shared.announce(&outcome.published);
                answer(jobs, Verdict::Done);
            }
            Err(error) => {
                tracing::error!("a commit failed, its outcome is unknown: {}", error.cause_chain());
                self.fence();
                answer(jobs, Verdict::Unknown);
                self.reopen(REOPEN_ATTEMPTS);
            }
        }
    }

    fn forget_old_answers(&mut self, group: &mut Group, now: Timestamp) {
        let most = self.budget.left();
        if most == 0 {
            return;
        }
        match group.run(&Actor::system("store"), now, |tx| forget(tx, most)) {
            Ok(rows) => self.budget.spend(rows),
            Err(error) => tracing::warn!("old answers cannot be forgotten: {}", error.cause_chain()),
        }
    }

    fn fence(&self) {
        self.shared.shut(Gate::Fenced);
    }

    /// Tries to open the engine again and goes on where the disk says.
    fn reopen(&mut self, attempts: u32) {
        for _ in 0..attempts {
            match self.try_reopen() {
                Ok(()) => {
                    self.shared.gauges.reopened.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!("the database is open again, at event {}", self.head.seq);
                    return;
                }
                Err(error) => {
                    tracing::error!("the database cannot be opened again: {error} {}", error.cause_chain());
                }
            }
        }
    }
    fn try_reopen(&mut self) -> Result<()> {
        let shared = &self.shared;
        let opened = format::open(shared.opener.as_ref(), &shared.registry, &shared.clock, shared.formats)?;
        if opened.epoch != shared.epoch || opened.head.seq < self.head.seq {
            return Err(Error::internal("the database file was replaced by another one"));
        }
        let rows = opened.engine.snapshot()?;
        // The commit that failed may have become durable all the same: its events are announced like any other.
        let mut group = Group::new(rows, Arc::clone(&shared.registry), opened.head);
        let events = group
            .run(&Actor::system("store"), shared.clock.now(), |tx| committed_after(tx, self.head.seq))?;
        drop(group);
        self.head = opened.head;
        shared.open_gate(opened.engine);
        shared.announce(&events);
        Ok(())
    }
}

fn answer(jobs: &mut Vec<Box<dyn Job>>, verdict: Verdict) {
    for job in jobs.drain(..) {
        job.answer(verdict);
    }
}
