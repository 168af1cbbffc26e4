//! Building an index beside the present one: all records in their order, then what changed meanwhile, then the swap.

use crate::base::error::{Error, Result};
use crate::search::engine::{Live, Shared};
use crate::search::index::{Payload, Reader, Writer, bytes};
use crate::search::indexer::Indexer;
use crate::search::terms::{Analyser, Terms};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Records read at once; between two pages the live index gets what waits.
const PAGE: usize = 1_000;
/// Arena of each building thread, in MiB: larger segments make fewer merges later, and writing one out takes nearly its
/// arena again. One of them fits a machine of 256 MB beside the rest of the program and a backup that is made and proved
/// meanwhile.
const ARENA_MB: u32 = 20;
const LOG_PAGE: usize = 1_000;
/// Segments that need no merging at once.
const SEGMENTS_LEFT: usize = 4;

/// An index in the making.
pub(crate) struct Building {
    index: tantivy::Index,
    dir: PathBuf,
    writer: Writer,
    analyser: Analyser,
    terms: Terms,
    kind: u8,
    after: Option<[u8; 16]>,
    /// Every change up to this one is in it once all records are read.
    reach: u64,
}

impl Shared {
    pub(crate) fn begin_rebuild(&self) -> Result<Building> {
        // Taken before the first record is read: what is read later is as new or newer.
        let reach = self.source.last_seq();
        let (index, dir) = self.place.create(&self.layout).map_err(Error::internal)?;
        let writer =
            Writer::for_building(&index, Arc::clone(&self.layout), ARENA_MB).map_err(Error::internal)?;
        self.rebuilding.store(true, Ordering::SeqCst);
        self.rebuilt_docs.store(0, Ordering::SeqCst);
        tracing::info!(dir = %dir.display(), "building the search index");
        let analyser = Analyser::new(&self.schema);
        Ok(Building { index, dir, writer, analyser, terms: Terms::default(), kind: 0, after: None, reach })
    }

    /// Reads one page of records, or finishes.
    pub(crate) fn rebuild_step(&self, indexer: &mut Indexer) -> Result<()> {
        let Some(building) = indexer.building.as_mut() else { return Ok(()) };
        let Some(kind) = self.schema.kind_at(building.kind) else { return self.finish_rebuild(indexer) };
        let page = self.source.docs(kind.name, building.after, PAGE)?;
        let mut written = Ok(());
        for (_, doc) in &page {
            let Some(doc) = doc.as_ref() else { continue };
            if building.analyser.fill(doc, &mut building.terms) {
                written = building.writer.add(&building.terms);
                self.rebuilt_docs.fetch_add(1, Ordering::Relaxed);
            }
            if written.is_err() {
                break;
            }
        }
        if let Err(error) = written {
            return Err(self.rebuild_failed(indexer, error));
        }
        match page.last() {
            Some((last, _)) if page.len() >= PAGE => building.after = Some(*last),
            _ => {
                building.kind += 1;
                building.after = None;
            }
        }
        Ok(())
    }

    /// Adds what changed since the beginning, commits, and puts the new index in the place of the old one.
    fn finish_rebuild(&self, indexer: &mut Indexer) -> Result<()> {
        let Some(building) = indexer.building.as_mut() else { return Ok(()) };
        let mut written = Ok(());
        let to = self.source.last_seq().max(self.pending.noted());
        let mut seen = HashSet::new();
        while building.reach < to && written.is_ok() {
            let changes = self.source.changes(building.reach, LOG_PAGE)?;
            for change in &changes {
                let Some(kind) = self.schema.kind_place(change.kind) else { continue };
                // The present state is written, and it has all changes up to `to`: once is enough.
                if !seen.insert((kind, change.id)) {
                    continue;
                }
                let name = self.schema.kind_at(kind).map_or("", |k| k.name);
                written = match self.source.doc(name, &change.id)? {
                    Some(doc) if building.analyser.fill(&doc, &mut building.terms) => {
                        building.writer.put(&building.terms)
                    }
                    _ => {
                        building.writer.remove(kind, &change.id);
                        Ok(())
                    }
                };
                if written.is_err() {
                    break;
                }
            }
            let last = changes.last().map_or(to, |c| c.seq);
            building.reach = if changes.len() < LOG_PAGE { to } else { last };
        }
        let payload = Payload { epoch: self.epoch.clone(), seq: building.reach };
        let reader = written
            .and_then(|()| building.writer.commit(&payload))
            .and_then(|()| Reader::open(&building.index, Arc::clone(&self.layout), &self.schema));
        match reader {
            Ok(reader) => self.swap(indexer, reader),
            Err(error) => Err(self.rebuild_failed(indexer, error)),
        }
    }

    fn swap(&self, indexer: &mut Indexer, reader: Reader) -> Result<()> {
        let Some(building) = indexer.building.take() else { return Ok(()) };
        let reach = building.reach;
        let live = Live {
            reader,
            index: building.index,
            dir: building.dir.clone(),
            committed: AtomicU64::new(reach),
            broken: AtomicBool::new(false),
        };
        // The old writer goes first: what it held and did not commit is in the new index or waits.
        indexer.writer = None;
        indexer.added.clear();
        indexer.since = None;
        indexer.reach = reach;
        self.set_live(Some(Arc::new(live)));
        self.pending.reached(reach);
        self.rebuilding.store(false, Ordering::SeqCst);
        // Its large arena is given back before the writer of every day is opened, whose commit begins the merges.
        building.writer.finish().map_err(Error::internal)?;
        self.place.remove_others(&building.dir);
        if self.generation().is_some_and(|g| g.segments.len() > SEGMENTS_LEFT) {
            self.feed(indexer, true)?;
            self.commit_payload(indexer)?;
        }
        self.clear_error();
        tracing::info!(
            docs = self.rebuilt_docs.load(Ordering::Relaxed),
            bytes = bytes(&building.dir),
            "the search index is built"
        );
        Ok(())
    }

    /// Starts over later, in a new directory.
    fn rebuild_failed(&self, indexer: &mut Indexer, error: tantivy::TantivyError) -> Error {
        if let Some(building) = indexer.building.take() {
            drop(building.writer);
            if let Err(error) = std::fs::remove_dir_all(&building.dir) {
                tracing::warn!(dir = %building.dir.display(), %error, "an unfinished index could not be removed");
            }
        }
        Error::internal(error)
    }
}
