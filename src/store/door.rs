//! The store as everyone else sees it: open, write, read, scan, watch, check, close.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, Timestamp};
use crate::store::actor::{Actor, ActorKind};
use crate::store::backup;
use crate::store::check::{Checker, Finding, Findings, check_all};
use crate::store::disk::make_dir;
use crate::store::engine::redb::{FileMedium, PART_DAMAGED, RedbOpener, check_pages as check_file, damaged};
use crate::store::events;
use crate::store::format::{self, Formats};
use crate::store::guarded::guarded;
use crate::store::health::{Health, busy, commit_unknown};
use crate::store::idempotency;
use crate::store::job::Operation;
use crate::store::journal::{self, JournaledOpener, Mark, Pace, Tap, Tapped};
use crate::store::sequence;
use crate::store::settings::Settings;
use crate::store::settler::{self, Bell};
use crate::store::shared::{Hook, Parts, Shared, Waker};
use crate::store::snapshot::Snapshot;
use crate::store::space::{Guard, free_bytes};
use crate::store::table::{Registry, TableInfo};
use crate::store::tx::{Tx, panic_text};
use crate::store::writer::Writer;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The name of the database in the data directory.
pub const FILE: &str = "store.redb";
const BALLAST: &str = "ballast";
/// Directories that a shop fills after its database is there; anything else beside it is somebody else's.
const BESIDE: &[&str] = &["index", "files", "journal", "backups", "shipping"];

/// The store. Clones share it; the last one that goes closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    settler: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store at event {}", self.last_seq())
    }
}

/// The tables that the store itself keeps.
fn own_tables() -> Vec<TableInfo> {
    const OWNER: &str = "store";
    vec![
        format::meta_info(),
        journal::info(),
        events::EVENTS.info(OWNER),
        idempotency::ANSWERS.info(OWNER),
        sequence::SEQUENCES.info(OWNER),
        sequence::COUNTERS.info(OWNER),
    ]
}

impl Store {
    /// Opens the store in `dir`, or makes a new one. `tables` are all tables of the features; a table that is not
    /// among them cannot be used.
    ///
    /// # Errors
    /// `store_locked` when another process has it, `store_format_newer` when a newer program wrote it (the file is
    /// left as it is), `store_damaged`, `store_io`; `config_data_dir` where no directory can be made.
    pub fn open(dir: &Path, settings: &Settings, clock: Clock, tables: &[TableInfo]) -> Result<Self> {
        Self::open_tapped(dir, settings, clock, tables, Tap::default())
    }
    fn open_tapped(
        dir: &Path,
        settings: &Settings,
        clock: Clock,
        tables: &[TableInfo],
        tap: Tap,
    ) -> Result<Self> {
        make_data_dir(dir)?;
        require_store(dir)?;
        let mb = |mb: u32| usize::try_from(mb).unwrap_or(64).saturating_mul(1 << 20);
        let registry = Arc::new(registry(tables)?);
        let opener = opener(dir, mb(settings.cache_mb.max(1)), &registry, &clock, tap);
        let asked = dir.to_owned();
        let probe = Box::new(move || free_bytes(&asked));
        let now = clock.now();
        let store = Self::start(Parts {
            clock,
            registry,
            opener: Box::new(opener),
            formats: Formats::OURS,
            space: Guard::new(probe, settings.reserve_mb, dir.join(BALLAST), settings.ballast_mb),
            scan_time: Duration::from_secs(settings.scan_seconds.into()),
            settles_beside: true,
        })?;
        // Only who has the store may do that.
        backup::finish(dir, now)?;
        store.inner.shared.space.lives_in(dir.join(FILE));
        Ok(store)
    }

    /// The same with a journal whose segments wait for whoever ships them.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_shipping(
        dir: &Path,
        settings: &Settings,
        clock: Clock,
        tables: &[TableInfo],
    ) -> Result<Self> {
        let tap = Tap::default();
        tap.want();
        Self::open_tapped(dir, settings, clock, tables, tap)
    }

    /// Opens the engine and starts the writer.
    pub(super) fn start(parts: Parts) -> Result<Self> {
        parts.space.ease();
        let opened = format::open(parts.opener.as_ref(), &parts.registry, &parts.clock, parts.formats)?;
        let shared = Arc::new(Shared::new(parts, opened.engine, opened.epoch, opened.head.seq));
        let writer = Writer::new(Arc::clone(&shared), opened.head);
        // Closes what is open, should a thread be missing.
        let inner = Inner { shared, writer: Mutex::default(), settler: Mutex::default() };
        *own(&inner.writer) = Some(thread("store-writer", move || writer.run())?);
        if inner.shared.settler.is_some() {
            let shared = Arc::clone(&inner.shared);
            *own(&inner.settler) = Some(thread("store-settler", move || settler::run(&shared))?);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `op` as one transaction and answers when it is durable. The operation goes on when this future is
    /// dropped: a client that hangs up changes nothing.
    ///
    /// # Errors
    /// What `op` refuses; `busy` when too many wait; `storage_low`; `commit_unknown` when nobody knows whether it
    /// was saved; `store_fenced` and `store_closed` when it was not.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let counts_as = actor.kind;
        self.write_as(counts_as, actor, op).await
    }

    /// The same for a person's write of a few rows without which nobody could come in to look or go out: with little
    /// space left it is taken as the program's own are.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_small<T: Send + 'static>(
        &self,
        actor: Actor,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_as(ActorKind::System, actor, op).await
    }

    async fn write_as<T: Send + 'static>(
        &self,
        counts_as: ActorKind,
        actor: Actor,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let answer = move |result| drop(sender.send(result));
        self.inner.shared.queue.push(Box::new(Operation {
            actor,
            counts_as,
            is_awaited: true,
            op,
            answer,
            result: None,
        }))?;
        receiver.await.unwrap_or_else(|_| Err(commit_unknown()))
    }

    /// The same from a plain thread; it waits for room in the line instead of being refused. Not for a thread that
    /// serves requests, and never from inside an operation.
    ///
    /// # Errors
    /// As [`Store::write`], without `busy`.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        actor: Actor,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_on_this_thread(actor, true, op)
    }

    /// The same for work that nobody waits for: where others crowd around the writer it takes a small part of its time.
    ///
    /// # Errors
    /// As [`Store::write_blocking`].
    pub fn write_behind<T: Send + 'static>(
        &self,
        actor: Actor,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = &self.inner.shared;
        shared.behind.wait();
        let busy = Arc::new(AtomicU64::new(0));
        let (spent, before) = (Arc::clone(&busy), shared.gauges.awaited.load(Ordering::Relaxed));
        let timed = move |tx: &mut Tx<'_>| {
            let begun = Instant::now();
            let result = op(tx);
            spent.store(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            result
        };
        let result = self.write_on_this_thread(actor, false, timed);
        let others = shared.gauges.awaited.load(Ordering::Relaxed).saturating_sub(before);
        shared.behind.done(Duration::from_micros(busy.load(Ordering::Relaxed)), others);
        result
    }

    fn write_on_this_thread<T: Send + 'static>(
        &self,
        actor: Actor,
        is_awaited: bool,
        op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.inner.is_writer_thread() {
            return Err(Error::internal("write_blocking from inside an operation would wait for itself"));
        }
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let answer = move |result| drop(sender.send(result));
        let counts_as = actor.kind;
        let operation = Operation { actor, counts_as, is_awaited, op, answer, result: None };
        self.inner.shared.queue.push_when_free(Box::new(operation))?;
        receiver.recv().unwrap_or_else(|_| Err(commit_unknown()))
    }

    /// Reads on this thread: points and pages, microseconds. No deadline.
    ///
    /// # Errors
    /// What `query` answers; `store_fenced`, `store_closed`, `store_io`.
    pub fn read<T>(&self, query: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        let shared = &self.inner.shared;
        let snapshot = shared.snapshot(None)?;
        shared.watched(query(&snapshot))
    }

    /// The same with the snapshot's place in the journal.
    pub(super) fn read_marked<T>(
        &self,
        query: impl FnOnce(&Snapshot, Option<Mark>) -> Result<T>,
    ) -> Result<T> {
        let shared = &self.inner.shared;
        let (snapshot, mark) = shared.snapshot_marked()?;
        shared.watched(query(&snapshot, mark))
    }

    /// Reads much, on a small pool; stopped at the deadline in the settings.
    ///
    /// # Errors
    /// As [`Store::read`]; `busy` when no place in the pool came free in time; `too_slow`.
    pub async fn scan<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.inner.shared);
        let place = tokio::time::timeout(shared.scan_time, Arc::clone(&shared.scans).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(busy()) };
        let task = tokio::task::spawn_blocking(move || {
            let _place = place;
            let snapshot = shared.snapshot(Some(Instant::now() + shared.scan_time))?;
            catch_unwind(AssertUnwindSafe(|| shared.watched(query(&snapshot)))).unwrap_or_else(|panic| {
                Err(Error::internal(format!("a scan panicked: {}", panic_text(panic.as_ref()))))
            })
        });
        task.await.unwrap_or_else(|error| Err(Error::internal(error)))
    }

    /// Calls `hook` with the events of every group as soon as they are durable, before the operations are answered:
    /// on the writer's thread, so it has to be quick, and must not write. After a commit of unknown outcome the
    /// hook gets its events when it turns out that they are there.
    pub fn on_commit(&self, hook: Hook) {
        self.inner.shared.add_hook(hook);
    }
    /// Calls `waker` when there are new events and [`Store::last_seq`] says so: on the writer's thread, so it must do no
    /// more than wake another one.
    pub fn when_there_is_more(&self, waker: Waker) {
        self.inner.shared.add_waker(waker);
    }
    /// The number of the last durable event, and its changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.shared.last_seq.subscribe()
    }
    /// The number of the last durable event; 0 when there is none.
    pub fn last_seq(&self) -> u64 {
        *self.inner.shared.last_seq.borrow()
    }
    /// Made by chance when the store was made: tells one store, and what was derived from it, from another.
    pub fn epoch(&self) -> [u8; 16] {
        self.inner.shared.epoch
    }
    /// When the store was made; a restored one was made when the first one was.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn created_at(&self) -> Result<Timestamp> {
        self.read(format::created)
    }
    pub fn clock(&self) -> &Clock {
        &self.inner.shared.clock
    }
    /// Every table, the store's own among them.
    pub fn tables(&self) -> &[TableInfo] {
        &self.inner.shared.registry.tables
    }
    /// The last durable record of the journal.
    pub fn journal_mark(&self) -> Mark {
        self.tap().mark()
    }
    pub(super) fn tap(&self) -> &Tap {
        &self.inner.shared.tap
    }
    /// How it is just now; cheap.
    pub fn health(&self) -> Health {
        self.inner.shared.health()
    }

    /// Checks every record, every index, the chain of events, and what `more` checks, on one snapshot. Takes seconds
    /// per million records.
    ///
    /// # Errors
    /// As [`Store::read`]: when something cannot be read at all.
    pub fn check(&self, more: &[Checker]) -> Result<Vec<Finding>> {
        let mut findings = Findings::default();
        // A damaged page may panic inside the engine.
        let walked = guarded(|| {
            self.read(|snapshot| check_all(snapshot, &self.inner.shared.registry, more, &mut findings))
        });
        walked.unwrap_or_else(|| Err(damaged(PART_DAMAGED)))?;
        Ok(findings.into_list())
    }

    /// Finishes what waits and closes the database, so that the next start needs no repair. Snapshots that are still
    /// open answer `Unavailable` from then on.
    ///
    /// # Errors
    /// `Internal` when the writer had panicked.
    pub fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

impl Inner {
    fn is_writer_thread(&self) -> bool {
        self.shared.writer.get() == Some(&std::thread::current().id())
    }
    fn close(&self) -> Result<()> {
        self.shared.queue.close();
        let Some(writer) = own(&self.writer).take() else { return Ok(()) };
        let settler = own(&self.settler).take();
        if self.is_writer_thread() {
            // The last handle may go inside an operation: the writer then ends by itself.
            return Ok(());
        }
        let joined = |thread: JoinHandle<()>| {
            thread.join().map_err(|panic| {
                Error::internal(format!("a thread of the store panicked: {}", panic_text(panic.as_ref())))
            })
        };
        // The other one is there as long as the writer may wait for it.
        let writer = joined(writer);
        self.shared.settler.iter().for_each(Bell::end);
        writer.and(settler.map_or(Ok(()), joined))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!("closing the store: {}", error.cause_chain());
        }
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(Error::internal)
}

fn own(thread: &Mutex<Option<JoinHandle<()>>>) -> MutexGuard<'_, Option<JoinHandle<()>>> {
    thread.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Database and journal of a data directory.
pub(super) fn opener(
    dir: &Path,
    cache_bytes: usize,
    registry: &Registry,
    clock: &Clock,
    tap: Tap,
) -> JournaledOpener {
    let backups = dir.join(backup::FOLDER);
    JournaledOpener {
        below: Box::new(RedbOpener { medium: FileMedium(dir.join(FILE)), cache_bytes }),
        folder: Arc::new(Tapped::new(dir, tap.clone())),
        tables: registry.names().to_vec(),
        clock: clock.clone(),
        pace: Pace::default(),
        tap,
        copied: Box::new(move |life| backup::last_copied(&backups, life).map_or(0, |(last, _)| last)),
        knows: false,
    }
}

/// All tables, the store's own first.
pub(super) fn registry(tables: &[TableInfo]) -> Result<Registry> {
    Registry::new(own_tables().into_iter().chain(tables.iter().copied()).collect())
}

/// Whether a directory has a database. An empty file is none: whoever takes its lock makes it.
///
/// # Errors
/// `store_io` where nobody can say: a shop that may not be read is not a shop that is not there.
pub(super) fn has_store(dir: &Path) -> Result<bool> {
    let file = dir.join(FILE);
    match std::fs::metadata(&file) {
        Ok(about) => Ok(about.len() > 0),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(e) => {
            let text = format!(
                "{} cannot be looked at: {e}. Is this the user that the shop runs as?",
                file.display()
            );
            Err(Error::refuse(Kind::Unavailable, "store_io", text).because(e))
        }
    }
}

/// Proves the pages of the database of a shop that does not run; see [`Store::check`] for what is in them.
///
/// # Errors
/// `store_damaged`; `store_locked` where it runs.
pub fn check_pages(dir: &Path) -> Result<()> {
    if has_store(dir)? { check_file(&dir.join(FILE)) } else { Ok(()) }
}

/// A directory in which a shop was, without its database, is not a new shop: whoever starts over there in silence
/// finds out when customers ask for their orders.
///
/// # Errors
/// `store_damaged`; `store_io`.
pub fn require_store(dir: &Path) -> Result<()> {
    if has_store(dir)? {
        return Ok(());
    }
    if dir.join(backup::FRESH).is_dir() {
        let text = format!(
            "A restore into {} was cut off before the shop was in its place. Run the restore again, or remove the directory {} to begin anew.",
            dir.display(),
            backup::FRESH
        );
        return Err(Error::refuse(Kind::Internal, "store_damaged", text));
    }
    let is_used =
        |name: &str| std::fs::read_dir(dir.join(name)).is_ok_and(|mut entries| entries.next().is_some());
    match BESIDE.iter().find(|name| is_used(name)) {
        None => Ok(()),
        Some(rest) => Err(Error::refuse(
            Kind::Internal,
            "store_damaged",
            format!(
                "A shop was kept in {}, but its database {FILE} is missing or empty: {rest} is still there. Restore a backup, or begin anew in an empty directory.",
                dir.display()
            ),
        )),
    }
}

/// The same for the data directory.
pub(super) fn make_data_dir(dir: &Path) -> Result<()> {
    make_dir(dir).map_err(|cause| {
        use std::io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied};
        let message = format!("The data directory {} cannot be made: {cause}.", dir.display());
        // No later attempt will find it otherwise.
        if matches!(cause.kind(), AlreadyExists | NotADirectory | PermissionDenied) {
            return Error::invalid("config_data_dir", message).because(cause);
        }
        Error::unavailable("store_io", message, 5).because(cause)
    })
}
