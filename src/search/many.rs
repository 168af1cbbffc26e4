//! Many records at once, as an import brings them: they are written as segments of their own, which takes half of what
//! the library takes for documents that come one by one.
//!
//! Nothing is removed from a segment that is written whole before it is in the index, so its records must not be in
//! another one: whatever the index has of them is removed first, in a commit of its own.

use crate::base::error::Result;
use crate::search::engine::{Live, Shared};
use crate::search::index::Payload;
use crate::search::indexer::Indexer;
use crate::search::memory::for_building;
use crate::search::pending::Entry;
use crate::search::whole::{PAGE, Whole};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tantivy::SegmentMeta;

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
            // The writer may hold older documents of the same records: they come first, and so do some that were written
            // before a step that failed, so this commit says no more than the one before.
            indexer.reach = live.committed.load(Ordering::SeqCst);
            self.commit(indexer, live)?;
        }
        if live.reader.current().segments.is_empty() {
            // There is nothing that could be removed, but what the writer was told to remove before it would
            // remove from the first segment that comes.
            indexer.writer = None;
            self.ready_writer(indexer, live)?;
        }
        let segments = match self.segments_of(live, &entries) {
            Ok(segments) => segments,
            Err(error) => {
                // The next writer removes what was written in vain.
                indexer.give_up_writer();
                return Err(error);
            }
        };
        if let Err(error) = self.replace(indexer, live, &entries, segments) {
            return Err(self.write_failed(indexer, error));
        }
        indexer.added = entries.into_iter().map(|entry| ((entry.kind, entry.id), entry)).collect();
        indexer.reach = reach;
        self.commit(indexer, live)
    }

    /// The documents of some records in segments that no index names yet.
    fn segments_of(&self, live: &Live, entries: &[Arc<Entry>]) -> Result<Vec<SegmentMeta>> {
        let (_, memory) = for_building();
        let mut whole = Whole::new((&live.index, &self.layout), &self.schema, memory, Arc::default());
        let mut unread: BTreeMap<u8, Vec<[u8; 16]>> = BTreeMap::new();
        for entry in entries {
            match entry.known() {
                // A search has taken it apart.
                Some(Some(doc)) => whole.add_terms(&doc.terms)?,
                Some(None) => {}
                None => unread.entry(entry.kind).or_default().push(entry.id),
            }
        }
        for (kind, mut ids) in unread {
            let name = self.schema.kind_at(kind).map_or("", |kind| kind.name);
            ids.sort_unstable();
            for page in ids.chunks(PAGE) {
                whole.add(self.source.as_ref(), name, page)?;
            }
        }
        whole.finish()
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
