//! Many records at once, as an import brings them: they are written as segments of their own, which takes half of what
//! the library takes for documents that come one by one.

use crate::base::error::{Error, Result};
use crate::search::engine::{Live, Shared};
use crate::search::index::{Bulk, Payload};
use crate::search::indexer::Indexer;
use crate::search::memory::for_building;
use crate::search::pending::Entry;
use crate::search::terms::{Analyser, Terms};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tantivy::SegmentMeta;

/// Records that are read out of one state of the store.
const PAGE: usize = 1_000;

impl Shared {
    /// Puts these records, which wait, into the live index and commits; with them it reaches to `reach`.
    pub(crate) fn feed_many(
        &self,
        indexer: &mut Indexer,
        live: &Live,
        entries: Vec<Arc<Entry>>,
        reach: u64,
    ) -> Result<()> {
        if !indexer.added.is_empty() {
            // The writer may hold older documents of the same records: they come first.
            self.commit(indexer, live)?;
        }
        let segments = self.segments_of(live, &entries)?;
        if let Err(error) = self.replace(indexer, live, &entries, segments) {
            return Err(self.write_failed(indexer, error));
        }
        indexer.added = entries.into_iter().map(|entry| ((entry.kind, entry.id), entry)).collect();
        indexer.reach = reach;
        self.commit(indexer, live)
    }

    /// The documents of some records in segments that no index names yet.
    fn segments_of(&self, live: &Live, entries: &[Arc<Entry>]) -> Result<Vec<SegmentMeta>> {
        let mut by_kind: BTreeMap<u8, Vec<[u8; 16]>> = BTreeMap::new();
        for entry in entries {
            by_kind.entry(entry.kind).or_default().push(entry.id);
        }
        let (_, memory) = for_building();
        let mut bulk = Bulk::new(&live.index, Arc::clone(&self.layout), memory, Arc::default())
            .map_err(Error::internal)?;
        let (mut analyser, mut terms) = (Analyser::new(&self.schema), Terms::default());
        let mut segments = Vec::new();
        for (kind, mut ids) in by_kind {
            let name = self.schema.kind_at(kind).map_or("", |kind| kind.name);
            ids.sort_unstable();
            for page in ids.chunks(PAGE) {
                for doc in self.source.docs(name, page)?.into_iter().flatten() {
                    if analyser.fill(&doc, &mut terms) {
                        bulk.add(&terms).map_err(Error::internal)?;
                    }
                }
                if bulk.is_full() {
                    segments.extend(bulk.write().map_err(Error::internal)?);
                }
            }
        }
        segments.extend(bulk.write().map_err(Error::internal)?);
        Ok(segments)
    }

    /// Hands the segments to the writer, after the documents that the index has of these records have gone.
    fn replace(
        &self,
        indexer: &mut Indexer,
        live: &Live,
        entries: &[Arc<Entry>],
        segments: Vec<SegmentMeta>,
    ) -> tantivy::Result<()> {
        let Some(writer) = indexer.writer.as_mut() else { return Ok(()) };
        let generation = live.reader.current();
        let mut has_removed = false;
        for entry in entries {
            if generation.has_had(entry.kind, &entry.id)? {
                writer.remove(entry.kind, &entry.id);
                has_removed = true;
            }
        }
        if has_removed {
            // A commit of its own, or what is to go could go out of the new segments too. Until they are there the
            // records are found because they wait, and after a crash too: the index says that it does not reach them.
            let seq = live.committed.load(Ordering::SeqCst);
            writer.commit(&Payload { epoch: self.epoch.clone(), seq })?;
        }
        writer.add_segments(segments)
    }
}
