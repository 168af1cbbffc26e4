//! Who does jobs: a worker per kind, the sign of life that a running job gives, and the threads that run them.

use super::model::{Job, JobId};
use super::ops::Ended;
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::Tx;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// 15 s, doubled each time: twelve tries in about half a day.
const PAUSES_MS: &[i64] = &[
    15_000, 30_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_840_000, 7_680_000, 15_360_000,
];

/// What is written in the transaction that ends a try.
pub type Note = Arc<dyn Fn(&mut Tx<'_>) -> Result<()> + Send + Sync>;

/// What came of a try.
#[derive(Clone)]
pub struct Report {
    pub ended: Ended,
    pub note: Option<Note>,
}

impl From<Ended> for Report {
    fn from(ended: Ended) -> Self {
        Self { ended, note: None }
    }
}

/// What is said of a job beside what all jobs have.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What it is, in a few words.
    pub title: String,
    /// What it was told to do: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// The page of what it is about: words and address.
    pub page: Option<(String, String)>,
    /// What came of its rows so far.
    pub rows: Option<Rows>,
}

/// What came of the rows of a job. Each can be had as a file for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    pub done: u64,
    pub unchanged: u64,
    pub failed: u64,
    /// Until when the file can be had.
    pub until: Option<Timestamp>,
}

/// Does the jobs of one kind, each on a thread that may wait. A job may be done again after a crash: an effect outside
/// carries an id by which its receiver knows it.
pub trait Worker: Send + Sync + 'static {
    /// The kind of its jobs.
    fn kind(&self) -> &'static str;
    /// The pauses after each failed try, in milliseconds; behind the last one a job is dead.
    fn pauses_ms(&self) -> &'static [i64] {
        PAUSES_MS
    }
    /// How many jobs of a lane may run at once: as many as the first number after a failure, twice as many with each that
    /// ends well, up to the second.
    fn at_once(&self) -> (usize, usize) {
        (4, 8)
    }
    /// How long a job may give no sign of life before it is taken away.
    fn lease(&self) -> Duration {
        Duration::from_secs(60)
    }
    /// What is said of one of its jobs.
    ///
    /// # Errors
    /// Faults of the store only.
    fn about(&self, job: &Job) -> Result<About> {
        let words = job.kind.replace('_', " ");
        let mut title: String = words.chars().take(1).flat_map(char::to_uppercase).collect();
        title.extend(words.chars().skip(1));
        Ok(About { title, ..About::default() })
    }
    /// Gives what came of each row: what it is, how it went, what is said of it. False where its jobs have no rows, or
    /// they are not kept any more.
    ///
    /// # Errors
    /// Those of `take`, and faults of the store.
    fn rows(
        &self,
        job: &Job,
        only_failed: bool,
        take: &mut dyn FnMut([&str; 3]) -> Result<()>,
    ) -> Result<bool> {
        let _none = (job, only_failed, take);
        Ok(false)
    }
    /// A job of it was cancelled or given up: what it was about will not be done. Written with the end of the job.
    ///
    /// # Errors
    /// Faults of the store only.
    fn left_off(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        let _nothing = (tx, job);
        Ok(())
    }
    /// Does it. `Failed` with a pause asks for this pause, without one it is for good; an `Err` is tried again.
    ///
    /// # Errors
    /// Whatever went wrong.
    fn run(&self, id: JobId, job: &Job, beat: &Beat) -> Result<Report>;
}

/// What a running job says of itself, and what it is told.
#[derive(Clone)]
pub struct Beat(Arc<Life>);

struct Life {
    begun: Instant,
    /// Milliseconds after `begun`.
    last_ms: AtomicU64,
    progress: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
    closing: AtomicBool,
}

impl Beat {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self(Arc::new(Life {
            begun: Instant::now(),
            last_ms: zero(),
            progress: zero(),
            total: zero(),
            cancelled: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }))
    }
    /// It lives, and is so far.
    pub fn progress(&self, done: u64, total: u64) {
        let ms = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_ms.store(ms, Ordering::Relaxed);
        self.0.progress.store(done, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
    }
    /// At a safe point: how the job has to end now, if it has to.
    pub fn stop(&self) -> Option<Ended> {
        if self.0.cancelled.load(Ordering::Relaxed) {
            return Some(Ended::Cancelled);
        }
        self.0.closing.load(Ordering::Relaxed).then_some(Ended::Interrupted)
    }
    pub(super) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
    pub(super) fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
    }
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.0.progress.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }
    /// Since its last sign of life. By a clock that nobody sets.
    pub(super) fn silent_for(&self) -> Duration {
        let last = Duration::from_millis(self.0.last_ms.load(Ordering::Relaxed));
        self.0.begun.elapsed().saturating_sub(last)
    }
}

/// A job on its way to a thread.
pub(super) struct Task {
    pub(super) id: JobId,
    pub(super) job: Job,
    pub(super) worker: Arc<dyn Worker>,
    pub(super) beat: Beat,
}

/// What a thread brings back.
#[derive(Clone)]
pub(super) struct Finished {
    pub(super) id: JobId,
    pub(super) token: u64,
    pub(super) report: Report,
    /// How far it came, of how much.
    pub(super) so_far: (u64, u64),
    /// What it is, of one that somebody wanted.
    pub(super) title: Option<String>,
}

/// The line at which the threads wait for tasks, and how many threads there are.
pub(super) struct Line {
    state: Mutex<Waiting>,
    changed: Condvar,
    /// A thread that had nothing to do for so long goes home.
    quiet: Duration,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    /// All threads, and those of them that wait here.
    hired: usize,
    idle: usize,
    closed: bool,
}

/// Threads that stay, however quiet it is: a shop that sends a webhook now and then starts none for it.
const STAY: usize = 2;

impl Line {
    pub(super) fn new(quiet: Duration) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), quiet }
    }
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn put(&self, task: Task) {
        self.state().tasks.push_back(task);
        self.changed.notify_one();
    }
    /// Threads that do a task or wait for one.
    pub(super) fn hired(&self) -> usize {
        self.state().hired
    }
    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
    /// The next task; none when the thread is to end, which is not counted any more then.
    fn next(&self) -> Option<Task> {
        let mut state = self.state();
        state.idle += 1;
        let is_quiet = |state: &mut Waiting| state.tasks.is_empty() && !state.closed;
        loop {
            let (back, waited) = self
                .changed
                .wait_timeout_while(state, self.quiet, is_quiet)
                .unwrap_or_else(PoisonError::into_inner);
            state = back;
            let task = state.tasks.pop_front();
            if task.is_none() && !state.closed && !(waited.timed_out() && state.idle > STAY) {
                continue;
            }
            state.idle -= 1;
            if task.is_none() {
                state.hired -= 1;
            }
            return task;
        }
    }
}

/// Starts one more thread, and says whether there is one. It ends when the line is closed, or has been quiet for long.
pub(super) fn hire(line: &Arc<Line>, results: &Sender<Finished>, done: impl Fn() + Send + 'static) -> bool {
    let (tasks, results) = (Arc::clone(line), results.clone());
    let work = move || {
        while let Some(task) = tasks.next() {
            let report = tried(&task);
            let so_far = task.beat.so_far();
            let finished = Finished { id: task.id, token: task.job.token, report, so_far, title: None };
            // What the task held is given back before the thread waits for long.
            drop(task);
            if results.send(finished).is_err() {
                return;
            }
            done();
        }
    };
    // Counted before it runs: it may be quick to end.
    line.state().hired += 1;
    let hired = std::thread::Builder::new().name("job".into()).spawn(work);
    if let Err(error) = &hired {
        line.state().hired -= 1;
        tracing::error!("a thread for jobs could not be started: {error}");
    }
    hired.is_ok()
}

fn tried(task: &Task) -> Report {
    let pause = pause_after(task.worker.pauses_ms(), task.job.tries);
    let ran = catch_unwind(AssertUnwindSafe(|| task.worker.run(task.id, &task.job, &task.beat)));
    match ran {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => {
            tracing::warn!(job = %task.id, kind = task.job.kind, "a job failed: {}", error.cause_chain());
            Ended::Failed { why: error.message.to_string(), again_in_ms: pause }.into()
        }
        Err(_said) => {
            tracing::error!(job = %task.id, kind = task.job.kind, "a job ended by a panic");
            let why = "It met a fault of the program, which is in the log.".to_owned();
            Ended::Failed { why, again_in_ms: pause }.into()
        }
    }
}

/// The pause behind the try with this number, a fifth longer or shorter by chance; `None` when it was the last.
pub fn pause_after(pauses_ms: &[i64], tries: u32) -> Option<i64> {
    let at = usize::try_from(tries.max(1) - 1).unwrap_or(usize::MAX);
    let pause = *pauses_ms.get(at)?;
    let spread = pause / 5;
    Some(
        pause - spread
            + (2 * spread).min(i64::from(rand::random::<u32>()) * (2 * spread) / i64::from(u32::MAX)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id as _;
    use std::sync::mpsc::channel;

    /// Ends when it is let go.
    struct Slow(Arc<Mutex<()>>);

    impl Worker for Slow {
        fn kind(&self) -> &'static str {
            "slow"
        }
        fn run(&self, _: JobId, _: &Job, _: &Beat) -> Result<Report> {
            drop(self.0.lock().unwrap());
            Ok(Ended::Done.into())
        }
    }

    fn task(worker: &Arc<dyn Worker>, n: u8) -> Task {
        let job = Job { kind: "slow".into(), lane: "slow".into(), ..Job::sample() };
        Task { id: JobId::from_bytes([n; 16]), job, worker: Arc::clone(worker), beat: Beat::new() }
    }

    #[test]
    fn threads_without_work_end_and_come_back_with_it() {
        let held = Arc::new(Mutex::new(()));
        let worker: Arc<dyn Worker> = Arc::new(Slow(Arc::clone(&held)));
        let (line, (back, results)) = (Arc::new(Line::new(Duration::from_millis(50))), channel());
        let round = |threads: u8| {
            let hangs = held.lock().unwrap();
            (0..threads).for_each(|n| line.put(task(&worker, n)));
            while line.hired() < usize::from(threads) {
                assert!(hire(&line, &back, || {}));
            }
            // All of them hang in their jobs, for longer than a thread is quiet.
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(line.hired(), usize::from(threads));
            drop(hangs);
            for _ in 0..threads {
                results.recv_timeout(Duration::from_secs(30)).unwrap();
            }
        };
        for _ in 0..2 {
            round(20);
            let late = Instant::now() + Duration::from_secs(30);
            while line.hired() > STAY && Instant::now() < late {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(line.hired(), STAY);
        }
        line.close();
        let late = Instant::now() + Duration::from_secs(30);
        while line.hired() > 0 && Instant::now() < late {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(line.hired(), 0);
    }
}
