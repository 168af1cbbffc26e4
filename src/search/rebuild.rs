//! Building an index beside the present one: all records, then what changed meanwhile, then the swap.

use crate::base::error::{Error, Result};
use crate::search::engine::{Live, Shared};
use crate::search::gather::Gathering;
use crate::search::index::{Payload, Reader, Writer, bytes, publish};
use crate::search::indexer::Indexer;
use crate::search::terms::Analyser;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tantivy::SegmentMeta;

/// How long a step waits for the threads that build; between two the live index gets what waits.
const STEP: Duration = Duration::from_millis(20);
/// Arena for what has changed meanwhile, in MiB.
const ARENA_MB: u32 = 15;
const LOG_PAGE: usize = 1_000;

/// An index in the making.
pub(crate) struct Building {
    index: tantivy::Index,
    dir: PathBuf,
    state: State,
    /// Every change up to this one is in it once all records are read.
    reach: u64,
}

enum State {
    /// Threads read all records.
    Gathering(Gathering),
    /// All are in these segments.
    Gathered(Vec<SegmentMeta>),
}

impl Shared {
    pub(crate) fn begin_rebuild(&self) -> Result<Building> {
        self.begin_with(|index| {
            Gathering::begin(&self.source, &self.schema, (index, &self.layout), &self.rebuilt_docs)
        })
    }

    fn begin_with(&self, gather: impl FnOnce(&tantivy::Index) -> Result<Gathering>) -> Result<Building> {
        // Taken before the first record is read: what is read later is as new or newer.
        let reach = self.source.last_seq();
        let (index, dir) = self.place.create(&self.layout).map_err(Error::internal)?;
        self.rebuilding.store(true, Ordering::SeqCst);
        self.rebuilt_docs.store(0, Ordering::SeqCst);
        tracing::info!(dir = %dir.display(), "building the search index");
        let gathering = gather(&index).inspect_err(|_| self.rebuild_failed(&dir))?;
        Ok(Building { index, dir, state: State::Gathering(gathering), reach })
    }

    /// Waits a little for the records to be read, or finishes.
    pub(crate) fn rebuild_step(&self, indexer: &mut Indexer) -> Result<()> {
        let Some(mut building) = indexer.building.take() else { return Ok(()) };
        match building.state {
            // One that is finished grows no more.
            State::Gathering(gathering)
                if !self.may_grow(&building.dir) && !gathering.wait(Duration::ZERO) =>
            {
                // Its threads have ended when this is gone.
                drop(gathering);
                let taken = bytes(&building.dir);
                indexer.needs = taken.saturating_add(taken / 4);
                self.rebuild_failed(&building.dir);
                Ok(())
            }
            State::Gathering(gathering) if !gathering.wait(STEP) => {
                building.state = State::Gathering(gathering);
                indexer.building = Some(building);
                Ok(())
            }
            State::Gathering(gathering) => match gathering.segments() {
                Ok(segments) => {
                    building.state = State::Gathered(segments);
                    indexer.building = Some(building);
                    Ok(())
                }
                Err(error) => {
                    self.rebuild_failed(&building.dir);
                    Err(error)
                }
            },
            State::Gathered(segments) => {
                let Building { index, dir, reach, .. } = building;
                match self.complete(&index, segments, reach) {
                    Ok((reader, reach)) => self.swap(indexer, reader, (index, dir, reach)),
                    Err(error) => {
                        self.rebuild_failed(&dir);
                        Err(error)
                    }
                }
            }
        }
    }

    /// Adds what changed since the beginning and commits; gives the index opened, and how far it reaches.
    fn complete(
        &self,
        index: &tantivy::Index,
        segments: Vec<SegmentMeta>,
        from: u64,
    ) -> Result<(Reader, u64)> {
        let to = self.source.last_seq().max(self.pending.noted());
        let (mut reach, mut changed) = (from, HashSet::new());
        while reach < to {
            let changes = self.source.changes(reach, LOG_PAGE)?;
            changed.extend(
                changes.iter().filter_map(|change| Some((self.schema.kind_place(change.kind)?, change.id))),
            );
            let last = changes.last().map_or(to, |c| c.seq);
            reach = if changes.len() < LOG_PAGE { to } else { last };
        }
        let payload = |seq| Payload { epoch: self.epoch.clone(), seq };
        // With what has changed meanwhile it reaches further; without, it is an index all the same.
        let seq = if changed.is_empty() { reach } else { from };
        publish(index, segments, &payload(seq)).map_err(Error::internal)?;
        if !changed.is_empty() {
            let mut writer =
                Writer::for_building(index, Arc::clone(&self.layout), ARENA_MB).map_err(Error::internal)?;
            let mut analyser = Analyser::new(&self.schema);
            for (kind, id) in changed {
                let name = self.schema.kind_at(kind).map_or("", |k| k.name);
                // The present state is written, and it has all changes up to `to`: once is enough.
                match self.source.doc(name, &id)?.and_then(|doc| analyser.terms(&doc)) {
                    Some(terms) => writer.put(&terms).map_err(Error::internal)?,
                    None => writer.remove(kind, &id),
                }
            }
            writer.commit(&payload(reach)).map_err(Error::internal)?;
            // The writer of every day is the next one, and there is room for one.
            writer.finish().map_err(Error::internal)?;
        }
        let reader = Reader::open(index, Arc::clone(&self.layout), &self.schema).map_err(Error::internal)?;
        Ok((reader, reach))
    }

    fn swap(
        &self,
        indexer: &mut Indexer,
        reader: Reader,
        (index, dir, reach): (tantivy::Index, PathBuf, u64),
    ) -> Result<()> {
        let live = Live {
            reader,
            index,
            dir: dir.clone(),
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
        indexer.needs = 0;
        self.place.remove_others(&dir);
        self.merge(indexer)?;
        self.clear_error();
        tracing::info!(
            docs = self.rebuilt_docs.load(Ordering::Relaxed),
            bytes = bytes(&dir),
            "the search index is built"
        );
        Ok(())
    }

    /// It is begun again later, in a new directory.
    fn rebuild_failed(&self, dir: &std::path::Path) {
        self.rebuild_wanted.store(true, Ordering::SeqCst);
        self.rebuilding.store(false, Ordering::SeqCst);
        if let Err(error) = std::fs::remove_dir_all(dir) {
            tracing::warn!(dir = %dir.display(), %error, "an unfinished index could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::tests::{Desk, order};

    #[test]
    fn a_rebuild_that_cannot_begin_leaves_nothing_behind_and_is_begun_again() {
        let desk = Desk::new();
        desk.put(order(1));
        desk.search.flush().unwrap();
        let directories = || std::fs::read_dir(desk.dir.path()).unwrap().count();
        let before = directories();
        let begun = desk.search.shared.begin_with(|_| Err(Error::internal("no thread can be started")));
        assert!(begun.is_err());
        assert_eq!((directories(), desk.search.health().rebuilding), (before, false));
        assert_eq!(desk.found(""), [1]);
        desk.search.flush().unwrap();
        assert_eq!((directories(), desk.search.health().rebuilt_docs), (before, 1));
    }
}
