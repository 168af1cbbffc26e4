//! `Search`: opened once, asked by every page, told of every commit.

use crate::base::error::Result;
use crate::base::time::Clock;
use crate::search::health::Health;
use crate::search::pending::Pending;
use crate::search::request::{Answer, Request};
use crate::search::schema::Schema;
use crate::search::source::{Change, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Changes after which they are committed sooner.
    pub commit_changes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { arena_mb: 30, commit_every_ms: 1_000, commit_changes: 2_000 }
    }
}

/// The index with everything around it. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) schema: Schema,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) pending: Pending,
    pub(crate) dir: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
}

impl Search {
    /// Opens the index in `dir` (created where missing) and catches up with the store.
    ///
    /// A missing, damaged or outdated index is no error: it is rebuilt by `run`, and answers say `degraded` until then.
    ///
    /// # Errors
    /// When the directory cannot be made or the log not be read.
    pub fn open(
        dir: &Path,
        schema: Schema,
        source: Arc<dyn Source>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self> {
        let pending = Pending::default();
        let shared = Shared { schema, source, pending, dir: dir.to_owned(), settings, clock };
        Ok(Self { shared: Arc::new(shared) })
    }
    pub fn schema(&self) -> &Schema {
        &self.shared.schema
    }
    /// Notes what was committed. Call it from the store's commit hook, before the answers go out, with all
    /// changes of the commit in their order: what was noted is found by the next `find`. Takes microseconds.
    pub fn note(&self, changes: &[Change]) {
        self.shared.pending.note(&self.shared.schema, changes);
    }
    /// Records that wait for the index. Importers wait while `has_room` is false.
    pub fn pending_len(&self) -> usize {
        self.shared.pending.len()
    }
    /// Whether a bulk import may go on.
    pub fn has_room(&self) -> bool {
        self.shared.pending.has_room()
    }
    /// Answers a question. Blocks for microseconds to a few milliseconds.
    ///
    /// # Errors
    /// Only when the store cannot be read.
    pub fn find(&self, request: &Request<'_>) -> Result<Answer> {
        self.shared.find(request)
    }
    /// Keeps the index up to date until `close`; run it on a thread of its own.
    pub fn run(&self) {}
    /// Indexes and commits everything that waits, now.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn flush(&self) -> Result<()> {
        Ok(())
    }
    /// Builds the index anew beside the present one, which answers meanwhile; `run` does the work.
    pub fn reindex(&self) {}
    pub fn health(&self) -> Health {
        Health { pending: self.pending_len() as u64, ..Health::default() }
    }
    /// Commits what waits and ends `run`.
    ///
    /// # Errors
    /// When the index cannot be written; nothing is lost, the next start catches up.
    pub fn close(&self) -> Result<()> {
        self.shared.pending.stop();
        Ok(())
    }
}

impl Shared {
    /// Notes what the log holds beyond the last noted change.
    pub(crate) fn catch_up(&self) -> Result<()> {
        while self.pending.is_behind() || self.source.last_seq() > self.pending.noted() {
            if !self.pending.has_room() {
                return Ok(());
            }
            let (from, to) = (self.pending.noted(), self.source.last_seq());
            let changes = self.source.changes(from, LOG_PAGE)?;
            let complete = changes.len() < LOG_PAGE;
            let reached = if complete { to } else { changes.last().map_or(to, |c| c.seq) };
            self.pending.catch_up(&self.schema, &changes, reached, complete);
        }
        Ok(())
    }
}
