//! `Search`: opened once, asked by every page, told of every commit.

use crate::base::error::{Error, Result};
use crate::search::doc::Doc;
use crate::search::find::Counted;
use crate::search::fold::fold_key;
use crate::search::health::Health;
use crate::search::highlight::{Match, explain};
use crate::search::index::{Disk, Layout, Place, Reader, bytes, real_disk};
use crate::search::indexer::Indexer;
use crate::search::pending::Pending;
use crate::search::query::Query;
use crate::search::request::{Answer, Facet, Request, VALUES_MAX};
use crate::search::room::no_room;
use crate::search::schema::{Hidden, Schema};
use crate::search::source::{Change, Source};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Changes read from the log at once.
const LOG_PAGE: usize = 1_000;

/// Machine settings of the index.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Memory for documents that are being indexed, in MiB: 15 to 512.
    pub arena_mb: u32,
    /// Milliseconds after which changes are committed to the index.
    pub commit_every_ms: u32,
    /// Changes after which they are committed sooner. Many at once, as an import brings them, are committed as they come.
    pub commit_changes: u32,
    /// Records that wait at once, as an import brings them, from which on they become segments of their own.
    #[serde(skip)]
    pub(crate) many_from: usize,
}

/// The least by which such a segment is cheaper than what the library makes of the same documents.
const MANY_FROM: usize = 2_000;

impl Default for Settings {
    fn default() -> Self {
        Self { arena_mb: 30, commit_every_ms: 1_000, commit_changes: 2_000, many_from: MANY_FROM }
    }
}

/// The index with everything around it. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    pub(in crate::search) shared: Arc<Shared>,
    /// The schema as the reader sees it.
    schema: Schema,
}

pub(crate) struct Shared {
    pub(crate) schema: Schema,
    pub(crate) layout: Arc<Layout>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) pending: Pending,
    pub(crate) counted: Counted,
    pub(crate) place: Place,
    pub(crate) settings: Settings,
    /// The store's life, in hexadecimal digits.
    pub(crate) epoch: String,
    pub(crate) indexer: Mutex<Indexer>,
    pub(crate) rebuild_wanted: AtomicBool,
    pub(crate) rebuilding: AtomicBool,
    pub(crate) rebuilt_docs: Arc<AtomicU64>,
    /// Bytes of the disk that one which is being built leaves free; 0 to ask nobody.
    pub(crate) leaves_free: AtomicU64,
    /// One is to be built, and the disk has too little room.
    pub(crate) waits_for_room: AtomicBool,
    live: RwLock<Option<Arc<Live>>>,
    /// How many times another index took over.
    lives: AtomicU64,
    last_error: Mutex<String>,
}

/// The index that answers.
pub(crate) struct Live {
    pub(crate) reader: Reader,
    pub(crate) index: tantivy::Index,
    pub(crate) dir: PathBuf,
    /// Every change up to this one is in it.
    pub(crate) committed: AtomicU64,
    /// Its files are damaged: it answers until a new one is built, but is not written any more.
    pub(crate) broken: AtomicBool,
}

impl Search {
    /// Opens the index in `dir` (created where missing) and catches up with the store.
    ///
    /// A missing, damaged or outdated index is no error: `run` builds a new one, and answers say `degraded`
    /// until then. A locked one or a full disk is no error either: `run` tries again.
    ///
    /// # Errors
    /// When the directory cannot be made or the store's log not be read.
    pub fn open(dir: &Path, schema: Schema, source: Arc<dyn Source>, settings: Settings) -> Result<Self> {
        Self::over(dir, schema, source, settings, real_disk())
    }
    /// The same with the index's files on a disk of the caller's.
    pub(crate) fn over(
        dir: &Path,
        schema: Schema,
        source: Arc<dyn Source>,
        settings: Settings,
        disk: Disk,
    ) -> Result<Self> {
        // The index is made from the store: whatever stands in its place is in the way.
        if dir.is_file() {
            tracing::warn!(dir = %dir.display(), "a file stands where the search index belongs; it is removed");
            std::fs::remove_file(dir).map_err(Error::internal)?;
        }
        std::fs::create_dir_all(dir).map_err(Error::internal)?;
        let layout = Arc::new(Layout::new(&schema));
        let epoch: String = source.epoch().iter().map(|byte| format!("{byte:02x}")).collect();
        let shared = Shared {
            place: Place::new(dir, disk, &epoch, &schema),
            schema,
            layout,
            source,
            pending: Pending::default(),
            counted: Counted::default(),
            settings,
            epoch,
            indexer: Mutex::default(),
            rebuild_wanted: AtomicBool::new(false),
            rebuilding: AtomicBool::new(false),
            rebuilt_docs: Arc::default(),
            leaves_free: AtomicU64::new(0),
            waits_for_room: AtomicBool::new(false),
            live: RwLock::new(None),
            lives: AtomicU64::new(0),
            last_error: Mutex::default(),
        };
        // Without an index everything will be read from the store: there is nothing to catch up with.
        shared.pending.start_at(shared.source.last_seq());
        if let Err(error) = shared.open_live() {
            shared.report(&error);
        }
        shared.catch_up()?;
        let schema = shared.schema.clone();
        Ok(Self { shared: Arc::new(shared), schema })
    }
    pub fn schema(&self) -> &Schema {
        &self.schema
    }
    /// The same search for a reader who may not ask for everything.
    #[must_use]
    pub fn hiding(&self, hidden: Hidden) -> Self {
        Self { schema: self.schema.hiding(hidden), ..self.clone() }
    }
    /// Notes what was committed. Call it from the store's commit hook, before the answers go out, with all
    /// changes of the commit in their order: what was noted is found by the next `find`. Takes microseconds.
    pub fn note(&self, changes: &[Change]) {
        self.shared.pending.note(&self.shared.schema, changes);
    }
    /// What comes after the last change that was noted is to be read from the log.
    pub fn fall_behind(&self) {
        self.shared.pending.fall_behind();
    }
    /// With the same number and no event of the store in between, a question has the same answer.
    pub fn state(&self) -> u64 {
        self.shared.lives.load(Ordering::SeqCst) << 1 | u64::from(self.shared.pending.is_behind())
    }
    /// Records that wait for the index.
    pub fn pending_len(&self) -> usize {
        self.shared.pending.len()
    }
    /// Whether a bulk import may go on; otherwise it waits a little for the index.
    ///
    /// # Errors
    /// `storage_low` where there is no index and the disk has no room to build one: whoever waits for it waits for ever.
    pub fn has_room(&self) -> Result<bool> {
        let has_room = self.shared.pending.has_room();
        let has_no_index =
            || self.shared.live().is_none() && self.shared.waits_for_room.load(Ordering::SeqCst);
        if !has_room && has_no_index() { Err(no_room()) } else { Ok(has_room) }
    }
    /// Answers a question. Takes microseconds to a few milliseconds.
    ///
    /// # Errors
    /// Only when the store or the index cannot be read at all.
    pub fn find(&self, request: &Request<'_>) -> Result<Answer> {
        self.shared.find(request)
    }
    /// The values of a field that begin with `start`, with their counts over what the asker may see, the 200 most
    /// frequent of them.
    ///
    /// # Errors
    /// Only when the store cannot be read.
    pub fn values(
        &self,
        field: &str,
        start: &str,
        kinds: &[&str],
        and: Option<&Query>,
    ) -> Result<Vec<(String, u64)>> {
        let start = fold_key(start);
        let naming = self.schema().field(field).and_then(|def| def.naming);
        let is_named = |value: &str| naming.is_some_and(|n| fold_key(&(n.name)(value)).starts_with(&start));
        let begins = |value: &str| fold_key(value).starts_with(&start) || is_named(value);
        let counted = self.every_value(field, kinds, and)?;
        let values = counted.iter().flat_map(|facet| &facet.values);
        // Of all of them: the beginning of a rare one is typed just because it is not among the frequent ones.
        Ok(values.filter(|(value, _)| begins(value)).take(VALUES_MAX).cloned().collect())
    }
    /// The counts of every value of a field, however many there are.
    pub(crate) fn every_value(
        &self,
        field: &str,
        kinds: &[&str],
        and: Option<&Query>,
    ) -> Result<Arc<Vec<Facet>>> {
        let request = Request {
            kinds: kinds.to_vec(),
            limit: 0,
            facets: vec![field],
            values_max: usize::MAX,
            and: and.cloned(),
            ..Request::new(Query::everything(self.schema()))
        };
        Ok(self.find(&request)?.facets)
    }
    /// Keeps the index up to date and builds it where it is missing, until `close`. Run it on a thread of its own.
    pub fn run(&self) {
        self.shared.run();
    }
    /// One step of `run`; `true` when there is more to do at once.
    ///
    /// # Errors
    /// When the index cannot be written or the store not be read; nothing is lost.
    pub fn tick(&self) -> Result<bool> {
        self.shared.tick(false)
    }
    /// Builds the index where it is missing, indexes everything that waits and commits it, now.
    ///
    /// # Errors
    /// When the index cannot be written or the store not be read; nothing is lost.
    pub fn flush(&self) -> Result<()> {
        while self.shared.tick(true)? {}
        Ok(())
    }
    /// Waits until the segments of a new index are merged, which takes minutes for a million records. Words with
    /// mistakes are looked for in every segment, so they are answered the faster the fewer there are.
    ///
    /// # Errors
    /// When the index cannot be read; nothing is lost.
    pub fn settle(&self) -> Result<()> {
        self.shared.settle()
    }
    /// Has the index built anew beside the present one, which answers meanwhile; `run` or `flush` does the work.
    pub fn reindex(&self) {
        self.shared.waits_for_room.store(false, Ordering::SeqCst);
        self.shared.rebuild_wanted.store(true, Ordering::SeqCst);
        self.shared.pending.wake();
    }
    /// What the loop does when it has been idle for a while.
    #[cfg(test)]
    pub(crate) fn merge_what_is_left(&self) -> Result<()> {
        self.shared.merge_what_is_left()
    }
    /// Whether there is one that answers, perhaps a little behind.
    pub fn has_index(&self) -> bool {
        self.shared.live().is_some()
    }
    /// So many bytes of the disk stay free while an index is built anew: the shop itself needs them.
    pub fn leave_free(&self, bytes: u64) {
        self.shared.leaves_free.store(bytes, Ordering::SeqCst);
        self.shared.waits_for_room.store(false, Ordering::SeqCst);
    }
    /// How the index is doing. Reads the size of its directory.
    pub fn health(&self) -> Health {
        self.shared.health()
    }
    /// The texts of a document that a query was found in, with marks. Take the query of the answer.
    pub fn explain(&self, doc: &Doc, query: &Query) -> Vec<Match> {
        explain(doc, query)
    }
    /// Ends `run`, which commits what waits.
    pub fn close(&self) {
        self.shared.pending.stop();
    }
}

impl Shared {
    /// Opens the index that is there; `false` when there is none that can be believed.
    ///
    /// # Errors
    /// What may pass: a lock, a full disk, missing rights.
    pub(crate) fn open_live(&self) -> Result<bool> {
        let seqs = (self.source.first_seq(), self.source.last_seq());
        let opened = self.place.open(&self.layout, &self.schema, seqs).map_err(Error::internal)?;
        let Some(opened) = opened else { return Ok(false) };
        let seq = opened.payload.seq;
        self.place.remove_others(&opened.dir);
        // What came after the index waits before the index is shown, or a query in between would miss it.
        self.pending.start_at(seq);
        self.catch_up()?;
        self.set_live(Some(Arc::new(Live {
            reader: opened.reader,
            index: opened.index,
            dir: opened.dir,
            committed: AtomicU64::new(seq),
            broken: AtomicBool::new(false),
        })));
        Ok(true)
    }

    /// Gives up an index that cannot be read; a new one is built.
    pub(crate) fn cannot_read(&self, error: tantivy::TantivyError) {
        self.report(&Error::internal(error));
        self.set_live(None);
        self.rebuild_wanted.store(true, Ordering::SeqCst);
        self.pending.wake();
    }

    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(crate) fn set_live(&self, live: Option<Arc<Live>>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        self.lives.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes what the log holds beyond the last noted change.
    pub(crate) fn catch_up(&self) -> Result<()> {
        while self.pending.is_behind() || self.source.last_seq() > self.pending.noted() {
            if !self.pending.has_room() {
                return Ok(());
            }
            let (from, to) = (self.pending.noted(), self.source.last_seq());
            let changes = self.source.changes(from, LOG_PAGE)?;
            let complete = changes.len() < LOG_PAGE;
            let reached = if complete { to.max(from) } else { changes.last().map_or(to, |c| c.seq) };
            self.pending.catch_up(&self.schema, &changes, reached, complete);
        }
        Ok(())
    }

    pub(crate) fn report(&self, error: &Error) {
        let text = format!("{error} {}", error.cause_chain());
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk says the same every second.
        if *last != text {
            tracing::warn!(error = %text, "the search index could not be updated; trying again");
        }
        *last = text;
    }
    pub(crate) fn clear_error(&self) {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn health(&self) -> Health {
        let live = self.live();
        let generation = live.as_ref().map(|live| live.reader.current());
        let committed = live.as_ref().map_or(0, |live| live.committed.load(Ordering::SeqCst));
        // Changes that concern no kind of the schema are reached by knowing of them.
        let idle = live.is_some() && self.pending.len() == 0 && !self.pending.is_behind();
        let reached = if idle { committed.max(self.pending.noted()) } else { committed };
        Health {
            ready: live.is_some() && !self.pending.is_behind(),
            docs: generation.as_ref().map_or(0, |g| g.docs),
            segments: generation.as_ref().map_or(0, |g| g.segments.len() as u64),
            pending: self.pending.len() as u64,
            lag: self.source.last_seq().saturating_sub(reached),
            rebuilding: self.rebuilding.load(Ordering::SeqCst),
            waits_for_room: self.waits_for_room.load(Ordering::SeqCst),
            rebuilt_docs: self.rebuilt_docs.load(Ordering::Relaxed),
            bytes: live.as_ref().map_or(0, |live| bytes(&live.dir)),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
