//! The loop behind: what waits goes into the index, and an index that is missing is built.

use crate::base::error::{Error, Result};
use crate::search::engine::{Live, Shared};
use crate::search::index::{Payload, SEGMENTS, SEGMENTS_OF_MANY, Writer, damaged, has_to_merge, is_damage};
use crate::search::pending::Entry;
use crate::search::rebuild::Building;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Numbers after which the cursor is moved though nothing changed in the index.
const IDLE_SEQS: u64 = 10_000;
/// How long an idle loop waits for news.
const IDLE: Duration = Duration::from_secs(1);
/// After so many times with nothing to do what was left to be merged is merged: a short command has ended before.
const IDLES_BEFORE_MERGING: u32 = 10;
/// How long several commits of the store are gathered.
const GATHER: Duration = Duration::from_millis(10);
/// So long after many records came at once segments are merged as they are while an import goes on.
const AFTER_MANY: Duration = Duration::from_secs(10);
/// How often finished merges are looked for.
const MERGED_EVERY: Duration = Duration::from_secs(2);
/// How long to wait after a failure.
const AFTER_ERROR: Duration = Duration::from_secs(2);

/// What only the one who writes the index needs.
#[derive(Default)]
pub(crate) struct Indexer {
    pub(crate) writer: Option<Writer>,
    /// Records in the writer that are not committed.
    pub(crate) added: HashMap<(u8, [u8; 16]), Arc<Entry>>,
    /// When the first of them was added.
    pub(crate) since: Option<Instant>,
    /// When many records came at once.
    pub(crate) many: Option<Instant>,
    /// With them the index reaches to this number.
    pub(crate) reach: u64,
    pub(crate) building: Option<Building>,
    /// Bytes that one in the making had taken when the disk had no room for more, and some more.
    pub(crate) needs: u64,
    /// When room for one was looked for in vain.
    pub(crate) asked_for_room: Option<Instant>,
    /// When the segments were looked at last.
    pub(crate) looked: Option<Instant>,
    /// Nothing is lying about that a commit which failed, or a program that was killed, has left.
    pub(crate) swept: bool,
}

impl Shared {
    /// The loop; ends after `close`.
    pub(crate) fn run(&self) {
        self.verify();
        let (mut idles, mut seen) = (0, self.pending.noted());
        while !self.pending.is_stopping() {
            let before = self.pending.noted();
            match self.tick(false) {
                Ok(true) => idles = 0,
                Ok(false) => {
                    let is_quiet = before == seen && self.pending.len() == 0;
                    (idles, seen) = (if is_quiet { idles + 1 } else { 0 }, before);
                    if idles == IDLES_BEFORE_MERGING
                        && let Err(error) = self.merge_what_is_left()
                    {
                        self.report(&error);
                    }
                    let every = Duration::from_millis(u64::from(self.settings.commit_every_ms));
                    self.pending.wait(if self.pending.len() > 0 { every / 4 } else { IDLE }, before);
                    self.pending.pause(GATHER);
                }
                Err(error) => {
                    self.report(&error);
                    self.pending.pause(AFTER_ERROR);
                }
            }
        }
        if let Err(error) = self.tick(true) {
            self.report(&error);
        }
    }

    /// Lets the writer merge what a program that has ended left in many segments; else that would wait for the next change.
    pub(crate) fn merge_what_is_left(&self) -> Result<()> {
        let mut indexer = self.indexer.lock().unwrap_or_else(PoisonError::into_inner);
        if indexer.building.is_some() { Ok(()) } else { self.merge(&mut indexer) }
    }

    /// Opens the writer and commits, where segments are to be merged; the merges go on behind.
    pub(crate) fn merge(&self, indexer: &mut Indexer) -> Result<()> {
        let live = self.live().filter(|live| !live.broken.load(Ordering::SeqCst));
        let Some(live) = live else { return Ok(()) };
        if !has_to_merge(&live.index).map_err(Error::internal)? {
            return Ok(());
        }
        self.ready_writer(indexer, &live)?;
        self.feed(indexer, true)?;
        indexer.many = None;
        self.commit_payload(indexer)
    }

    /// Reads all files of the index once: opening one proves only that they are there. A command that has ended does not wait.
    fn verify(&self) {
        let Some(live) = self.live() else { return };
        match damaged(&live.index, &live.dir, &|| self.pending.is_stopping()) {
            Ok(damaged) if damaged.is_empty() => {}
            Ok(damaged) => {
                let files = damaged.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
                self.cannot_read(tantivy::TantivyError::InternalError(format!("damaged files: {files}")));
            }
            Err(error) if is_damage(&error) => self.cannot_read(error),
            Err(error) => self.report(&Error::internal(error)),
        }
    }

    /// One step: `true` when there is more to do at once. With `now` everything that waits is committed.
    pub(crate) fn tick(&self, now: bool) -> Result<bool> {
        let mut indexer = self.indexer.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up()?;
        let more = self.feed(&mut indexer, now)?;
        if self.rebuild_wanted.load(Ordering::SeqCst) {
            if self.may_build(&mut indexer) {
                // One that was begun before is stopped.
                indexer.building = None;
                indexer.building = Some(self.begin_rebuild()?);
                self.rebuild_wanted.store(false, Ordering::SeqCst);
                return Ok(true);
            }
            if indexer.building.is_none() {
                // One that was given up because it is damaged is not opened again.
                return Ok(more);
            }
        }
        if indexer.building.is_none() {
            if self.live().is_some() {
                return Ok(more);
            }
            if self.open_live()? {
                return Ok(true);
            }
            if !self.may_build(&mut indexer) {
                return Ok(false);
            }
            indexer.building = Some(self.begin_rebuild()?);
            return Ok(true);
        }
        self.rebuild_step(&mut indexer)?;
        Ok(true)
    }

    /// Gives the live index what waits and commits when it is time.
    pub(crate) fn feed(&self, indexer: &mut Indexer, now: bool) -> Result<bool> {
        let Some(live) = self.live().filter(|live| !live.broken.load(Ordering::SeqCst)) else {
            return Ok(false);
        };
        let reach = self.pending.noted();
        let waiting = self.pending.waiting();
        let is_added = |indexer: &Indexer, entry: &Arc<Entry>| {
            indexer.added.get(&(entry.kind, entry.id)).is_some_and(|added| Arc::ptr_eq(added, entry))
        };
        let fresh = waiting.entries.iter().filter(|entry| !is_added(indexer, entry));
        let fresh: Vec<Arc<Entry>> = fresh.map(Arc::clone).collect();
        let committed = live.committed.load(Ordering::SeqCst);
        let is_behind = (now && reach > committed) || reach > committed + IDLE_SEQS;
        if indexer.writer.is_none() && fresh.is_empty() && !is_behind {
            // A writer takes two megabytes and some threads: a shop in which nothing happens has none.
            return Ok(self.has_more());
        }
        let every = Duration::from_millis(u64::from(self.settings.commit_every_ms));
        if fresh.len() >= self.settings.many_from {
            self.ready_writer(indexer, &live)?;
            indexer.many = Some(Instant::now());
            self.feed_many(indexer, &live, fresh, reach)?;
            indexer.many = Some(Instant::now());
            return Ok(self.has_more());
        }
        let has_time = !now && indexer.added.is_empty() && self.pending.has_room();
        if has_time && indexer.many.is_some_and(|many| many.elapsed() < every) {
            // More come, and many at once cost half.
            return Ok(self.has_more());
        }
        self.ready_writer(indexer, &live)?;
        for entry in fresh {
            let key = (entry.kind, entry.id);
            let terms = entry.terms(self.source.as_ref(), &self.schema)?;
            let Some(writer) = indexer.writer.as_mut() else { return Ok(false) };
            let written = match terms {
                Some(doc) => writer.put(&doc.terms),
                None => {
                    writer.remove(entry.kind, &entry.id);
                    Ok(())
                }
            };
            if let Err(error) = written {
                return Err(self.write_failed(indexer, error));
            }
            indexer.added.insert(key, entry);
            indexer.since.get_or_insert_with(Instant::now);
        }
        indexer.reach = reach;
        let due = indexer.since.is_some_and(|since| since.elapsed() >= every)
            || indexer.added.len() >= self.settings.commit_changes as usize
            || (!indexer.added.is_empty() && !self.pending.has_room())
            || (now && !indexer.added.is_empty())
            || is_behind;
        if due {
            self.commit(indexer, &live)?;
        } else {
            self.show_merged(indexer, &live)?;
        }
        Ok(self.has_more())
    }

    /// Whether the log holds more than waits, and there is room for it.
    fn has_more(&self) -> bool {
        self.pending.is_behind() && self.pending.has_room()
    }

    /// Ends the writer, which waits for its merges, and shows what they made. The next change opens another one.
    pub(crate) fn settle(&self) -> Result<()> {
        let mut indexer = self.indexer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = indexer.writer.take() else { return Ok(()) };
        // What it held and did not commit waits still and is written again.
        indexer.added.clear();
        indexer.since = None;
        writer.finish().map_err(Error::internal)?;
        match self.live() {
            Some(live) => live.reader.reload().map_err(Error::internal),
            None => Ok(()),
        }
    }

    /// Commits though nothing changed.
    pub(crate) fn commit_payload(&self, indexer: &mut Indexer) -> Result<()> {
        match self.live() {
            Some(live) => self.commit(indexer, &live),
            None => Ok(()),
        }
    }

    /// Shows what merges have made of the segments since the last commit.
    fn show_merged(&self, indexer: &mut Indexer, live: &Live) -> Result<()> {
        if indexer.looked.is_some_and(|looked| looked.elapsed() < MERGED_EVERY) {
            return Ok(());
        }
        indexer.looked = Some(Instant::now());
        if live.reader.is_outdated(&live.index).map_err(Error::internal)? {
            live.reader.reload().map_err(Error::internal)?;
        }
        Ok(())
    }

    pub(crate) fn commit(&self, indexer: &mut Indexer, live: &Live) -> Result<()> {
        let Some(writer) = indexer.writer.as_mut() else { return Ok(()) };
        let are_many = indexer.many.is_some_and(|many| many.elapsed() < AFTER_MANY);
        writer.merge_from(if are_many { SEGMENTS_OF_MANY } else { SEGMENTS });
        let payload = Payload { epoch: self.epoch.clone(), seq: indexer.reach };
        if let Err(error) = writer.commit(&payload) {
            return Err(self.write_failed(indexer, error));
        }
        if let Err(error) = live.reader.reload() {
            return Err(self.write_failed(indexer, error));
        }
        live.committed.store(indexer.reach, Ordering::SeqCst);
        let added: Vec<Arc<Entry>> = indexer.added.drain().map(|(_, entry)| entry).collect();
        indexer.since = None;
        self.pending.drop_indexed(&added);
        self.clear_error();
        Ok(())
    }

    /// After any error the writer is given up: what it held still waits and is written again by the next one.
    /// A damaged index is given up too and built anew.
    pub(crate) fn write_failed(&self, indexer: &mut Indexer, error: tantivy::TantivyError) -> Error {
        indexer.give_up_writer();
        if is_damage(&error) {
            if let Some(live) = self.live() {
                live.broken.store(true, Ordering::SeqCst);
            }
            self.rebuild_wanted.store(true, Ordering::SeqCst);
        }
        Error::internal(error)
    }

    /// Opens a writer where there is none.
    pub(crate) fn ready_writer(&self, indexer: &mut Indexer, live: &Live) -> Result<()> {
        if indexer.writer.is_some() {
            return Ok(());
        }
        let open = || {
            let writer = Writer::open(&live.index, Arc::clone(&self.layout), self.settings.arena_mb)?;
            if !indexer.swept {
                writer.sweep(&live.index, &live.dir)?;
            }
            // The one before may have committed what it could not show any more.
            live.reader.reload()?;
            Ok(writer)
        };
        match open() {
            Ok(writer) => {
                indexer.writer = Some(writer);
                indexer.swept = true;
                Ok(())
            }
            Err(error) => Err(self.write_failed(indexer, error)),
        }
    }
}

impl Indexer {
    /// What the writer held and did not commit waits still and is written again by the next one, which removes what this one
    /// has left.
    pub(crate) fn give_up_writer(&mut self) {
        self.writer = None;
        self.added.clear();
        self.since = None;
        self.swept = false;
    }
}
