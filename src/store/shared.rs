//! What the store's readers and its writer share: the open engine behind its gate, the hooks, the numbers.

use crate::base::error::{Error, Result};
use crate::base::time::Clock;
use crate::store::behind::Behind;
use crate::store::engine::{Engine, EngineSnapshot, Opener};
use crate::store::events::Committed;
use crate::store::format::Formats;
use crate::store::health::{Gauges, Health, Snapshots, closed, fenced};
use crate::store::job::Job;
use crate::store::journal::{Mark, Tap};
use crate::store::queue::Queue;
use crate::store::settler::Bell;
use crate::store::snapshot::Snapshot;
use crate::store::space::Guard;
use crate::store::table::Registry;
use crate::store::write_set::WriteSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// Writes that may wait for their turn; the next one is told to come again.
const QUEUE_PLACES: usize = 1_024;
/// Scans that may run at once.
const SCANS: usize = 2;

/// Called after a durable commit, before its operations are answered.
pub type Hook = Box<dyn Fn(&[Committed]) + Send + Sync>;

/// Called after a durable commit, when its events count as there.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// The engine, or why there is none.
pub(super) enum Gate {
    Open(Arc<dyn Engine>),
    /// A fault was seen; it is being opened again.
    Fenced,
    Closed,
}

pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) registry: Arc<Registry>,
    pub(super) opener: Box<dyn Opener>,
    pub(super) formats: Formats,
    pub(super) epoch: [u8; 16],
    pub(super) tap: Tap,
    pub(super) space: Guard,
    pub(super) queue: Queue<Box<dyn Job>>,
    pub(super) gauges: Gauges,
    pub(super) behind: Behind,
    pub(super) last_seq: watch::Sender<u64>,
    pub(super) scans: Arc<Semaphore>,
    pub(super) scan_time: Duration,
    /// Wakes the thread that settles; without one the writer does it between its groups.
    pub(super) settler: Option<Bell>,
    /// The writer's thread, once it runs.
    pub(super) writer: OnceLock<ThreadId>,
    gate: RwLock<Gate>,
    /// Held by the thread that settles: an engine is not dropped under its hands.
    settling: Mutex<()>,
    /// A read met an I/O error, or settling failed: the engine answers nothing any more until it is opened again.
    sick: AtomicBool,
    snapshots: Arc<Snapshots>,
    hooks: RwLock<Vec<Hook>>,
    wakers: RwLock<Vec<Waker>>,
}

/// What they are made of.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) registry: Arc<Registry>,
    pub(super) opener: Box<dyn Opener>,
    pub(super) formats: Formats,
    pub(super) space: Guard,
    pub(super) scan_time: Duration,
    /// What is due behind the answers is done by a thread of its own. Without it everything is done in the same order
    /// every time.
    pub(super) settles_beside: bool,
}

impl Shared {
    pub(super) fn new(parts: Parts, engine: Box<dyn Engine>, epoch: [u8; 16], last_seq: u64) -> Self {
        Self {
            clock: parts.clock,
            registry: parts.registry,
            tap: parts.opener.tap(),
            opener: parts.opener,
            formats: parts.formats,
            epoch,
            space: parts.space,
            queue: Queue::new(QUEUE_PLACES),
            gauges: Gauges::default(),
            behind: Behind::default(),
            last_seq: watch::Sender::new(last_seq),
            scans: Arc::new(Semaphore::new(SCANS)),
            scan_time: parts.scan_time,
            settler: parts.settles_beside.then(Bell::default),
            writer: OnceLock::new(),
            gate: RwLock::new(Gate::Open(Arc::from(engine))),
            settling: Mutex::default(),
            sick: AtomicBool::new(false),
            snapshots: Snapshots::new(),
            hooks: RwLock::default(),
            wakers: RwLock::default(),
        }
    }
    fn gate(&self) -> RwLockReadGuard<'_, Gate> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn gate_mut(&self) -> RwLockWriteGuard<'_, Gate> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }
    /// Runs something on the open engine.
    pub(super) fn engine<T>(&self, act: impl FnOnce(&dyn Engine) -> Result<T>) -> Result<T> {
        match &*self.gate() {
            Gate::Open(engine) => act(engine.as_ref()),
            Gate::Fenced => Err(fenced()),
            Gate::Closed => Err(closed()),
        }
    }
    /// The committed rows of this moment. The gate is not held by them: closing does not wait for readers.
    pub(super) fn rows(&self) -> Result<Box<dyn EngineSnapshot>> {
        self.engine(|engine| engine.snapshot())
    }
    /// The same with its place in the journal.
    pub(super) fn snapshot_marked(&self) -> Result<(Snapshot, Option<Mark>)> {
        let ticket = self.snapshots.begin();
        let (rows, mark) = self.watched(self.engine(|engine| engine.snapshot_marked()))?;
        Ok((Snapshot::new(rows, Arc::clone(&self.registry), None, ticket), mark))
    }
    pub(super) fn snapshot(&self, deadline: Option<Instant>) -> Result<Snapshot> {
        let ticket = self.snapshots.begin();
        let rows = self.watched(self.rows())?;
        Ok(Snapshot::new(rows, Arc::clone(&self.registry), deadline, ticket))
    }
    /// Looks at what a read came to: an I/O error asks the writer to open the engine again.
    pub(super) fn watched<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && is_io(error)
        {
            self.sicken(error);
        }
        result
    }
    /// The open engine failed: asks the writer to open it again.
    pub(super) fn sicken(&self, error: &Error) {
        if self.is_open() && !self.sick.swap(true, Ordering::AcqRel) {
            tracing::error!("the database failed: {error} {}", error.cause_chain());
            self.queue.wake();
        }
    }
    pub(super) fn take_sick(&self) -> bool {
        self.sick.swap(false, Ordering::AcqRel)
    }
    pub(super) fn apply(&self, writes: WriteSet) -> Result<()> {
        let apply = |engine: &dyn Engine| {
            if self.settler.is_some() {
                engine.wait_for_room();
            }
            engine.apply(writes)?;
            let is_due = engine.settle_in().is_some_and(|left| left.is_zero());
            match &self.settler {
                Some(bell) => {
                    bell.ring(is_due);
                    Ok(())
                }
                None if is_due => engine.settle(),
                None => Ok(()),
            }
        };
        catch_unwind(AssertUnwindSafe(|| self.engine(apply)))
            .unwrap_or_else(|_| Err(Error::internal("the database panicked in a commit")))
    }
    /// Does what is due behind the answers. The gate is free meanwhile: nobody who reads waits for it.
    pub(super) fn settle(&self) -> Result<()> {
        let engine = match &*self.gate() {
            Gate::Open(engine) => Arc::clone(engine),
            Gate::Fenced | Gate::Closed => return Ok(()),
        };
        catch_unwind(AssertUnwindSafe(|| engine.settle()))
            .unwrap_or_else(|_| Err(Error::internal("the database panicked while it was made durable")))
    }
    /// The same on the thread that does nothing else. What fails makes the writer open the engine again: the journal has
    /// what the database lacks.
    pub(super) fn settle_beside(&self) {
        let _busy = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.settle() {
            // The engine that failed, if any is open: the next one comes only when this is over.
            self.sicken(&error);
        }
    }
    /// In what time something is due behind the answers.
    pub(super) fn settle_in(&self) -> Option<Duration> {
        self.engine(|engine| Ok(engine.settle_in())).ok().flatten()
    }
    /// Closes the gate and drops the engine behind it: its lock on the file is free afterwards.
    pub(super) fn shut(&self, why: Gate) {
        let old = std::mem::replace(&mut *self.gate_mut(), why);
        let _nobody_else = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        if catch_unwind(AssertUnwindSafe(|| drop(old))).is_err() {
            tracing::error!("the database panicked while it was closed");
        }
    }
    pub(super) fn open_gate(&self, engine: Box<dyn Engine>) {
        self.sick.store(false, Ordering::Release);
        *self.gate_mut() = Gate::Open(Arc::from(engine));
    }
    pub(super) fn is_open(&self) -> bool {
        matches!(&*self.gate(), Gate::Open(_))
    }

    pub(super) fn add_hook(&self, hook: Hook) {
        self.hooks.write().unwrap_or_else(PoisonError::into_inner).push(hook);
    }
    pub(super) fn add_waker(&self, waker: Waker) {
        self.wakers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }
    /// Hooks may hold the store they hang on: letting them go lets it go.
    pub(super) fn drop_hooks(&self) {
        self.wakers.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.hooks.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
    /// Tells everyone about events that are durable now.
    pub(super) fn announce(&self, events: &[Committed]) {
        let Some(last) = events.last() else { return };
        for hook in self.hooks.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if catch_unwind(AssertUnwindSafe(|| hook(events))).is_err() {
                tracing::error!("a commit hook panicked at event {}", last.seq);
            }
        }
        self.last_seq.send_replace(last.seq);
        // Who is woken looks at once: the number has to be there.
        self.wakers.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|waker| waker());
    }

    pub(super) fn health(&self) -> Health {
        let free_bytes = self.space.free();
        let reason = match &*self.gate() {
            Gate::Open(_) if self.space.is_gone() => Some("storage_gone"),
            Gate::Open(_) if !self.space.is_enough(free_bytes) => Some("storage_low"),
            Gate::Open(_) => None,
            Gate::Fenced => Some("store_fenced"),
            Gate::Closed => Some("store_closed"),
        };
        let (open_snapshots, oldest_snapshot_ms) = self.snapshots.open();
        let number = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        Health {
            writable: reason.is_none(),
            readable: matches!(reason, None | Some("storage_low" | "storage_gone")),
            reason,
            free_bytes,
            file_bytes: self.opener.file_bytes(),
            queued: self.queue.len(),
            open_snapshots,
            oldest_snapshot_ms,
            commits: number(&self.gauges.commits),
            operations: number(&self.gauges.operations),
            last_commit_us: number(&self.gauges.last_commit_us),
            reopened: number(&self.gauges.reopened),
            last_seq: *self.last_seq.borrow(),
        }
    }
}

/// An error that the engine does not recover from by itself.
pub(super) fn is_io(error: &Error) -> bool {
    error.code == "store_io"
}
