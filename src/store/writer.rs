//! The one writer: takes what waits, runs it over one write set, commits once, and only then answers.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::actor::Actor;
use crate::store::events::{self, Head};
use crate::store::format;
use crate::store::idempotency::{FORGET_BURST, FORGET_PER_SECOND, forget};
use crate::store::job::{Job, Verdict};
use crate::store::queue::{Gather, Taken};
use crate::store::settler::Bell;
use crate::store::shared::{Gate, Shared};
use crate::store::tx::{Group, panic_text};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The most operations of one commit.
const GROUP_MAX: usize = 64;
/// Clients that were just answered come back soon. Waiting for them a moment makes one group of what would become
/// two that take turns, at the price of this part of a commit; a lone client is never waited with.
const GATHER_PART: u32 = 16;
const GATHER_MAX: Duration = Duration::from_millis(1);
/// Answers longer ago than this bring nobody back.
const GATHER_WITHIN: Duration = Duration::from_millis(50);
/// Writes after which a group takes no more operations, so that a large import does not hold its neighbours up.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// Attempts to open again at once after a fault; then one after each pause.
const REOPEN_ATTEMPTS: u32 = 2;
const REOPEN_PAUSE_MIN: Duration = Duration::from_millis(250);
const REOPEN_PAUSE_MAX: Duration = Duration::from_secs(4);

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
    company: Company,
    /// When to try the next time after opening again has failed.
    reopen_at: Instant,
    reopen_pause: Duration,
}

/// Who may come back soon.
struct Company {
    /// Operations answered last, and those that waited at that moment.
    jobs: usize,
    since: Instant,
    commit: Duration,
}

impl Company {
    fn gather(&self) -> Gather {
        let fresh = self.since.elapsed() < GATHER_WITHIN;
        let at_most = if fresh { (self.commit / GATHER_PART).min(GATHER_MAX) } else { Duration::ZERO };
        Gather { jobs: self.jobs, at_most }
    }
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, head: Head) -> Self {
        let company = Company { jobs: 1, since: Instant::now(), commit: Duration::ZERO };
        let reopen_at = Instant::now();
        Self { shared, head, budget: Budget::new(), company, reopen_at, reopen_pause: REOPEN_PAUSE_MIN }
    }

    /// Works until the line is closed and empty, then drops the engine. A panic in here is a fault of ours: what was
    /// being done has an unknown outcome, and the work goes on from what is on disk.
    pub(super) fn run(mut self) {
        self.shared.writer.get_or_init(|| std::thread::current().id());
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work())) {
            tracing::error!("the writer panicked: {}", panic_text(panic.as_ref()));
            self.fence();
        }
        self.shared.shut(Gate::Closed);
        self.shared.settler.iter().for_each(Bell::end);
        self.shared.drop_hooks();
    }
    fn work(&mut self) {
        let mut jobs: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_MAX);
        loop {
            let is_open = self.shared.is_open();
            let patience = if is_open { self.settle_in() } else { Some(REOPEN_PAUSE_MIN) };
            let taken = self.shared.queue.take(&mut jobs, GROUP_MAX, patience, self.company.gather());
            if self.shared.take_sick() && self.shared.is_open() {
                self.fence();
                self.reopen(REOPEN_ATTEMPTS);
            }
            if !self.shared.is_open() && Instant::now() >= self.reopen_at {
                self.reopen(1);
            }
            match taken {
                Taken::Closed => return,
                Taken::Nothing if self.settle_in().is_some_and(|left| left.is_zero()) => self.settle(),
                Taken::Nothing => {}
                Taken::Some if self.shared.is_open() => self.groups(&mut jobs),
                Taken::Some => answer(&mut jobs, Verdict::Fenced),
            }
        }
    }
    /// In what time something is due that no other thread does.
    fn settle_in(&self) -> Option<Duration> {
        if self.shared.settler.is_some() { None } else { self.shared.settle_in() }
    }
    /// Does what was left for a quiet moment.
    fn settle(&mut self) {
        if let Err(error) = self.shared.settle() {
            self.fail(&mut Vec::new(), Verdict::Unknown, &error);
        }
    }
    /// Does all jobs, in as many commits as their writes ask for.
    fn groups(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        while !jobs.is_empty() && self.shared.is_open() {
            self.group(jobs);
        }
        answer(jobs, Verdict::Fenced);
    }

    /// Runs the first jobs, commits what they wrote, and answers them.
    fn group(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        let look = self.shared.space.look();
        let rows = match self.shared.rows() {
            Ok(rows) => rows,
            Err(error) => return self.fail(jobs, Verdict::Fenced, &error),
        };
        let mut group = Group::new(rows, Arc::clone(&self.shared.registry), self.head);
        let now = self.shared.clock.now();
        self.forget_old_answers(&mut group, now);
        let mut count = 0;
        for job in jobs.iter_mut() {
            match look.allow(job.counts_as()) {
                Ok(()) => job.run(&mut group, now),
                Err(error) => job.refuse(error),
            }
            count += 1;
            if group.bytes() >= GROUP_BYTES_MAX {
                break;
            }
        }
        let mut jobs: Vec<_> = jobs.drain(..count).collect();
        if jobs.iter().any(|job| job.met_io_error()) {
            drop(group);
            return self.fail(
                &mut jobs,
                Verdict::Fenced,
                &Error::internal("reading failed inside an operation"),
            );
        }
        if !group.has_writes() {
            return answer(&mut jobs, Verdict::Done);
        }
        // The snapshot below the group is let go before it is written, so that its pages can be used again soon.
        let outcome = group.finish();
        let started = Instant::now();
        match self.shared.apply(outcome.writes) {
            Ok(()) => {
                let took = started.elapsed();
                let awaited = jobs.iter().filter(|job| job.is_awaited()).count();
                self.shared.gauges.committed(jobs.len(), awaited, took);
                self.head = outcome.head;
                self.shared.announce(&outcome.published);
                let coming = jobs.len() + self.shared.queue.len();
                answer(&mut jobs, Verdict::Done);
                self.company = Company { jobs: coming, since: Instant::now(), commit: took };
            }
            // It had failed behind the answers, before anything of this was written.
            Err(error) if error.code == "store_fenced" => self.fail(&mut jobs, Verdict::Fenced, &error),
            Err(error) => self.fail(&mut jobs, Verdict::Unknown, &error),
        }
    }

    /// After a fault of the engine: closes it, answers, and opens it again.
    fn fail(&mut self, jobs: &mut Vec<Box<dyn Job>>, verdict: Verdict, error: &Error) {
        tracing::error!("the database failed, {verdict:?}: {error} {}", error.cause_chain());
        self.fence();
        answer(jobs, verdict);
        self.reopen(REOPEN_ATTEMPTS);
    }

    fn forget_old_answers(&mut self, group: &mut Group, now: Timestamp) {
        let most = self.budget.left();
        if most == 0 {
            return;
        }
        match group.run(&Actor::system("store"), now, |tx| forget(tx, most)) {
            Ok(Some(rows)) => self.budget.spend(rows),
            // Looking again with every group would be for nothing.
            Ok(None) => self.budget.spend(most),
            Err(error) => tracing::warn!("old answers cannot be forgotten: {}", error.cause_chain()),
        }
    }

    fn fence(&self) {
        self.shared.shut(Gate::Fenced);
    }

    /// Tries to open the engine again, and pauses longer after every time that this fails.
    fn reopen(&mut self, attempts: u32) {
        for _ in 0..attempts {
            match self.try_reopen() {
                Ok(()) => {
                    self.shared.gauges.reopened.fetch_add(1, Ordering::Relaxed);
                    self.reopen_pause = REOPEN_PAUSE_MIN;
                    tracing::warn!("the database is open again, at event {}", self.head.seq);
                    return;
                }
                Err(error) => {
                    tracing::error!("the database cannot be opened again: {error} {}", error.cause_chain());
                }
            }
        }
        self.reopen_at = Instant::now() + self.reopen_pause;
        self.reopen_pause = (self.reopen_pause * 2).min(REOPEN_PAUSE_MAX);
    }
    fn try_reopen(&mut self) -> Result<()> {
        let shared = &self.shared;
        shared.space.ease();
        let opened = format::open(shared.opener.as_ref(), &shared.registry, &shared.clock, shared.formats)?;
        if opened.epoch != shared.epoch || opened.head.seq < self.head.seq {
            return Err(Error::internal("the database file was replaced by another one"));
        }
        let rows = opened.engine.snapshot()?;
        // The commit that failed may have become durable all the same: its events are announced like any other.
        let mut group = Group::new(rows, Arc::clone(&shared.registry), opened.head);
        let events = group.run(&Actor::system("store"), shared.clock.now(), |tx| {
            events::changes(tx, self.head.seq, usize::MAX)
        })?;
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
