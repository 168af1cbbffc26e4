//! The loop of jobs: ends what the threads bring back and takes what is due, both in one transaction a round.

mod begin;

use super::clock::{self, Wall};
use super::crew::{About, Beat, Finished, Line, Worker, hire, pause_after};
use super::model::{Job, JobId, State};
use super::ops::{self, Ended};
use super::pick::{Free, Room, pick};
use crate::base::error::Result;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::store::{Actor, Read, Store, Tx};
use crate::work::told;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lanes that always have room for one job, whatever hangs in the others: more than a shop has webhooks.
const LANES: usize = 120;
/// Jobs at once beyond the first of each lane.
const MORE: usize = 64;
const WIDTH: usize = LANES + MORE;
/// Threads that may hang in a job whose lease was taken away, before there are no more.
const LOST_MAX: usize = 64;
/// The loop looks at least so often, and so long after a fault of the store.
const LOOK: Duration = Duration::from_secs(1);
/// What runs when the program ends gets so long to come to its end.
const GRACE: Duration = Duration::from_secs(5);
/// Threads without work end after so long: one hour with a hundred receivers that hang is not paid for ever.
const QUIET: Duration = Duration::from_secs(30);
/// A job that runs for longer is not waited for: that it is over is told.
const LONG_MS: i64 = MINUTE_MS;

/// Whether the jobs of a lane are done at present.
pub type Gate = fn(&dyn Read, &str) -> Result<bool>;

/// The jobs of this shop: who does them, and their loop. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

/// Who does the jobs of a kind.
type Workers = BTreeMap<&'static str, Arc<dyn Worker>>;

struct Inner {
    store: Store,
    workers: Arc<Workers>,
    gate: Gate,
    closed: AtomicBool,
    /// Something is to be looked at.
    woken: Mutex<bool>,
    changed: Condvar,
    running: Mutex<BTreeMap<JobId, Running>>,
    /// No token is given twice in one opening.
    last_token: AtomicU64,
    long_ms: AtomicI64,
}

struct Running {
    token: u64,
    lane: String,
    lease: Duration,
    pauses_ms: &'static [i64],
    /// Of its lane, at first and at most.
    at_once: (usize, usize),
    tries: u32,
    beat: Beat,
    noted: (u64, u64),
    by: Option<String>,
}

/// What the loop keeps between its rounds.
struct Desk {
    line: Arc<Line>,
    results: Receiver<Finished>,
    back: Sender<Finished>,
    /// Results that are not written yet.
    finished: Arc<Vec<Finished>>,
    last_lane: Option<String>,
    /// How many jobs of a lane may run at once; one, until the first has begun. It doubles with what ends well, up to what
    /// the worker allows, and a failure brings it back: a receiver that hangs holds few threads, a slow one has as many as
    /// it needs.
    widths: BTreeMap<String, usize>,
    /// Threads that hang in a job which was taken away.
    lost: usize,
    wall: Wall,
    noted: Instant,
}

impl Desk {
    fn new(now: Timestamp) -> Self {
        let (back, results) = channel();
        Self {
            line: Arc::new(Line::new(QUIET)),
            results,
            back,
            finished: Arc::default(),
            last_lane: None,
            widths: BTreeMap::new(),
            lost: 0,
            wall: Wall::new(now),
            noted: Instant::now(),
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.line.close();
    }
}

impl Jobs {
    /// Prepares; nothing runs before [`Jobs::run`].
    pub fn new(store: Store, workers: Vec<Arc<dyn Worker>>, gate: Gate) -> Self {
        let first_token = rand::random::<u64>() >> 1;
        Self(Arc::new(Inner {
            store,
            workers: Arc::new(workers.into_iter().map(|worker| (worker.kind(), worker)).collect()),
            gate,
            closed: AtomicBool::new(false),
            woken: Mutex::new(false),
            changed: Condvar::new(),
            running: Mutex::new(BTreeMap::new()),
            last_token: AtomicU64::new(first_token),
            long_ms: AtomicI64::new(LONG_MS),
        }))
    }
    /// From how many milliseconds on a job is a long one.
    pub fn call_long(&self, ms: i64) {
        self.0.long_ms.store(ms, Ordering::Relaxed);
    }
    /// There may be something to do.
    pub fn wake(&self) {
        *self.0.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
    /// Ends the loop. What runs gets a few seconds; what is left goes on at the next start.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.wake();
    }
    /// Ends a job: at once if it waits, at its next safe point if it runs.
    ///
    /// # Errors
    /// As [`ops::cancel`].
    pub async fn cancel(&self, actor: Actor, id: JobId) -> Result<()> {
        let workers = Arc::clone(&self.0.workers);
        let op = move |tx: &mut Tx<'_>| {
            let before = told::cancel(tx, id)?;
            // One that runs says by itself how it ends.
            if before.state == State::Leased { Ok(()) } else { left_off(tx, &workers, &before) }
        };
        self.0.store.write(actor, op).await?;
        if let Some(running) = self.running().get(&id) {
            running.beat.cancel();
        }
        Ok(())
    }
    /// What is said of a job.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn about(&self, job: &Job) -> Result<About> {
        match self.0.workers.get(job.kind.as_str()) {
            Some(worker) => worker.about(job),
            None => Ok(About { title: job.kind.clone(), ..About::default() }),
        }
    }
    /// Gives what came of each row of a job; false where it has none, or they are not kept any more.
    ///
    /// # Errors
    /// As [`Worker::rows`].
    pub fn rows(
        &self,
        job: &Job,
        only_failed: bool,
        take: &mut dyn FnMut([&str; 3]) -> Result<()>,
    ) -> Result<bool> {
        self.0.workers.get(job.kind.as_str()).map_or(Ok(false), |worker| worker.rows(job, only_failed, take))
    }
    /// How many jobs run now that somebody of these ids wanted; of anybody, with `None`.
    pub fn running_for(&self, by: Option<&str>) -> usize {
        let running = self.running();
        let is_theirs =
            |wanted: &Option<String>| wanted.as_deref().is_some_and(|id| by.is_none_or(|by| by == id));
        running.values().filter(|running| is_theirs(&running.by)).count()
    }
    fn running(&self) -> MutexGuard<'_, BTreeMap<JobId, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }
    fn wait(&self, at_most: Duration) {
        let woken = self.0.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.changed.wait_timeout_while(woken, at_most, |woken| !*woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    /// Does jobs until it is closed. A panic of a round costs a pause and nothing else.
    pub fn run(&self) {
        let mut desk = Desk::new(self.0.store.clock().now());
        let mut in_order = false;
        while !self.is_closed() {
            let round = catch_unwind(AssertUnwindSafe(|| -> Result<Duration> {
                if !in_order {
                    self.put_in_order(&desk)?;
                    in_order = true;
                }
                let now = self.0.store.clock().now();
                desk.wall.look(now, |jump| clock::carry_out(&self.0.store, &actor(), jump))?;
                self.take_away_hung(&mut desk);
                self.round(&mut desk, now, true)
            }));
            let wait = match round {
                Ok(Ok(wait)) => wait,
                Ok(Err(error)) => {
                    tracing::warn!("jobs wait for the store: {}", error.cause_chain());
                    in_order = false;
                    LOOK
                }
                Err(_said) => {
                    tracing::error!("the loop of jobs met a fault of the program");
                    in_order = false;
                    LOOK
                }
            };
            self.wait(wait);
        }
        self.wind_up(&mut desk);
    }

    /// Has a thread for each job that runs. What hangs keeps its own.
    fn hire(&self, desk: &mut Desk) {
        let wanted = self.running().len() + desk.lost.min(LOST_MAX);
        while desk.line.hired() < wanted {
            let jobs = self.clone();
            if !hire(&desk.line, &desk.back, move || jobs.wake()) {
                // The next round tries again.
                return;
            }
        }
    }

    /// What is leased and in nobody's hands waits again, or is over: after a start, and after a commit of which nobody knew
    /// what became of it.
    fn put_in_order(&self, desk: &Desk) -> Result<()> {
        let mut held: BTreeSet<JobId> = self.running().keys().copied().collect();
        held.extend(desk.finished.iter().map(|finished| finished.id));
        let lost = self.0.store.read(|s| ops::lost(s, &held))?;
        if lost.is_empty() {
            return Ok(());
        }
        let long_ms = self.0.long_ms.load(Ordering::Relaxed);
        let over = lost.iter().filter(|(_, job)| job.cancel_asked && job.by.is_some());
        let over: Vec<(JobId, String)> = over.map(|(id, _)| (*id, self.title(*id))).collect();
        let workers = Arc::clone(&self.0.workers);
        let released = self.0.store.write_behind(actor(), move |tx| {
            let released = ops::release(tx, &held)?;
            let unwanted = lost.iter().filter(|(_, job)| job.cancel_asked);
            unwanted.map(|(_, job)| job).try_for_each(|job| left_off(tx, &workers, job))?;
            over.iter().try_for_each(|(id, title)| told::of_job(tx, *id, title, long_ms))?;
            Ok(released)
        })?;
        tracing::info!(released, "jobs that were interrupted wait again, or have ended as somebody wished");
        Ok(())
    }

    /// Lets what runs come to its end.
    fn wind_up(&self, desk: &mut Desk) {
        self.running().values().for_each(|running| running.beat.close());
        let end = Instant::now() + GRACE;
        loop {
            if let Err(error) = self.round(desk, self.0.store.clock().now(), false) {
                tracing::warn!("the ends of jobs could not be written: {}", error.cause_chain());
            }
            let left = end.saturating_duration_since(Instant::now());
            if self.running().is_empty() || left.is_zero() {
                return;
            }
            self.wait(left.min(LOOK));
        }
    }

    /// One round; gives how long to wait when nothing happens.
    fn round(&self, desk: &mut Desk, now: Timestamp, take: bool) -> Result<Duration> {
        self.collect(desk);
        let progress = self.progress_to_note(desk);
        let taken = Arc::new(self.lanes());
        let running: usize = taken.values().sum();
        let free = match take {
            true => Free {
                all: WIDTH.saturating_sub(running),
                more: MORE.saturating_sub(running.saturating_sub(taken.len())),
            },
            false => Free { all: 0, more: 0 },
        };
        let widths = Arc::new(desk.widths.clone());
        let after = desk.last_lane.clone();
        let (gate, ends) = (self.0.gate, Arc::clone(&desk.finished));
        let long_ms = self.0.long_ms.load(Ordering::Relaxed);
        let workers = Arc::clone(&self.0.workers);
        // What this round ends makes room in its own lanes only after it.
        let choose = move |from: &dyn Read, now: Timestamp| {
            pick(from, now, after.as_deref(), free, |lane| {
                let there = taken.get(lane).copied().unwrap_or(0);
                let width = widths.get(lane).copied().unwrap_or(1).saturating_sub(there);
                Ok(Room { width: if gate(from, lane)? { width } else { 0 }, is_idle: there == 0 })
            })
        };
        let picked = self.0.store.read(|s| choose(s, now))?;
        let nothing = picked.ids.is_empty() && ends.is_empty() && progress.is_empty();
        if !nothing {
            let first_token = self.0.last_token.fetch_add(WIDTH as u64, Ordering::Relaxed) + 1;
            let (leased, last_lane) = self.0.store.write_behind(actor(), move |tx| {
                for finished in ends.iter() {
                    end(tx, finished, &workers, long_ms)?;
                }
                for (id, token, (done, total)) in &progress {
                    ops::note_progress(tx, *id, *token, *done, *total)?;
                }
                // By the moment the clock was looked at: it may be set in between.
                let picked = choose(tx, now)?;
                let mut leased = Vec::new();
                for (id, token) in picked.ids.into_iter().zip(first_token..) {
                    leased.extend(ops::lease(tx, id, token)?.map(|job| (id, job)));
                }
                Ok((leased, picked.last_lane))
            })?;
            desk.finished = Arc::default();
            desk.last_lane = last_lane.or(desk.last_lane.take());
            let any = !leased.is_empty();
            self.begin(desk, leased);
            self.hire(desk);
            if any {
                // More may be due, in lanes that had no turn.
                return Ok(if self.running().len() < WIDTH { Duration::ZERO } else { LOOK });
            }
        }
        let ms = picked.next_due.map_or(i64::MAX, |due| due.since_ms(now).max(1));
        Ok(Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)).min(LOOK))
    }

    /// Takes what the threads brought; what lost its lease meanwhile is dropped.
    fn collect(&self, desk: &mut Desk) {
        let mut finished = std::mem::take(&mut desk.finished);
        let mut running = self.running();
        let mut more = Vec::new();
        while let Ok(mut result) = desk.results.try_recv() {
            if running.get(&result.id).is_some_and(|running| running.token == result.token)
                && let Some(was) = running.remove(&result.id)
            {
                match result.report.ended {
                    Ended::Failed { .. } => drop(desk.widths.insert(was.lane, was.at_once.0)),
                    Ended::Done => {
                        let width = desk.widths.entry(was.lane).or_insert(was.at_once.0);
                        *width = (*width * 2).min(was.at_once.1);
                    }
                    _ => {}
                }
                result.title = was.by.map(|_| self.title(result.id));
                more.push(result);
            } else {
                // A thread that was given up came back after all.
                desk.lost = desk.lost.saturating_sub(1);
            }
        }
        if !more.is_empty() {
            let mut all = Arc::unwrap_or_clone(finished);
            all.append(&mut more);
            finished = Arc::new(all);
        }
        desk.finished = finished;
    }

    /// What a job is, in a few words.
    fn title(&self, id: JobId) -> String {
        let job = self.0.store.read(|s| ops::get(s, id));
        job.and_then(|job| self.about(&job)).map(|about| about.title).unwrap_or_default()
    }

    fn lanes(&self) -> BTreeMap<String, usize> {
        let mut lanes = BTreeMap::new();
        for running in self.running().values() {
            *lanes.entry(running.lane.clone()).or_insert(0) += 1;
        }
        lanes
    }

    /// What to write of the progress of running jobs: at most once a second.
    fn progress_to_note(&self, desk: &mut Desk) -> Vec<(JobId, u64, (u64, u64))> {
        if desk.noted.elapsed() < LOOK {
            return Vec::new();
        }
        desk.noted = Instant::now();
        let mut running = self.running();
        let moved = running.iter_mut().filter(|(_, running)| running.beat.so_far() != running.noted);
        moved
            .map(|(id, running)| {
                running.noted = running.beat.so_far();
                (*id, running.token, running.noted)
            })
            .collect()
    }

    /// A job without a sign of life is tried again elsewhere; what its thread brings later counts for nothing.
    fn take_away_hung(&self, desk: &mut Desk) {
        let hung: Vec<(JobId, u64, Option<i64>)> = self
            .running()
            .iter()
            .filter(|(_, running)| running.beat.silent_for() > running.lease)
            .map(|(id, running)| (*id, running.token, pause_after(running.pauses_ms, running.tries)))
            .collect();
        for (id, token, again_in_ms) in hung {
            tracing::error!(job = %id, "a job gave no sign of life and was taken away");
            let was = self.running().remove(&id);
            let mut title = None;
            if let Some(was) = was {
                was.beat.cancel();
                desk.widths.insert(was.lane, was.at_once.0);
                title = was.by.map(|_| self.title(id));
            }
            let why = "It gave no sign of life and was taken away.".to_owned();
            let report = Ended::Failed { why, again_in_ms }.into();
            let mut all = Arc::unwrap_or_clone(std::mem::take(&mut desk.finished));
            all.push(Finished { id, token, report, so_far: (0, 0), title });
            desk.finished = Arc::new(all);
            desk.lost += 1;
        }
    }
}

fn actor() -> Actor {
    Actor::system("jobs")
}

/// Writes how a try ended, with what its worker wants written; a note that is refused costs only itself. What somebody
/// waited long for is told to be over.
fn end(tx: &mut Tx<'_>, finished: &Finished, workers: &Workers, long_ms: i64) -> Result<()> {
    if let (done, total @ 1..) = finished.so_far {
        ops::note_progress(tx, finished.id, finished.token, done, total)?;
    }
    if !ops::end(tx, finished.id, finished.token, &finished.report.ended)? {
        return Ok(());
    }
    if let Some(note) = &finished.report.note {
        tx.attempt(|tx| note(tx)).or_else(|error| {
            tracing::error!(job = %finished.id, "the note of a job was refused: {}", error.cause_chain());
            Ok(())
        })?;
    }
    match ops::get(tx, finished.id) {
        Ok(job) if job.state == State::Cancelled => left_off(tx, workers, &job)?,
        _ => {}
    }
    match &finished.title {
        Some(title) => told::of_job(tx, finished.id, title, long_ms),
        None => Ok(()),
    }
}

fn left_off(tx: &mut Tx<'_>, workers: &Workers, job: &Job) -> Result<()> {
    workers.get(job.kind.as_str()).map_or(Ok(()), |worker| worker.left_off(tx, job))
}
