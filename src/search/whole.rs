//! Records on their way into segments that are written whole.

use crate::base::error::{Error, Result};
use crate::search::index::{Bulk, Layout};
use crate::search::schema::Schema;
use crate::search::source::Source;
use crate::search::terms::{Analyser, Terms};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tantivy::{Index, SegmentMeta};

/// Records that are read out of one state of the store.
pub(crate) const PAGE: usize = 1_000;

/// Gathers documents and writes a segment whenever its memory is used up.
pub(crate) struct Whole {
    bulk: Bulk,
    analyser: Analyser,
    terms: Terms,
    segments: Vec<SegmentMeta>,
}

impl Whole {
    /// Segments of an index that does not name them yet, with so many bytes of memory.
    pub(crate) fn new(
        (index, layout): (&Index, &Arc<Layout>),
        schema: &Schema,
        memory: usize,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        let bulk = Bulk::new(index, Arc::clone(layout), memory, stopped);
        Self { bulk, analyser: Analyser::new(schema), terms: Terms::default(), segments: Vec::new() }
    }
    /// Adds the records of a kind that are there, at most [`PAGE`]; gives how many.
    pub(crate) fn add(&mut self, source: &dyn Source, kind: &str, ids: &[[u8; 16]]) -> Result<u64> {
        let mut count = 0;
        for doc in source.docs(kind, ids)?.into_iter().flatten() {
            if self.analyser.fill(&doc, &mut self.terms) {
                self.bulk.add(&self.terms);
                count += 1;
            }
        }
        self.write_if_full()?;
        Ok(count)
    }
    /// Adds a document that has been taken apart before.
    pub(crate) fn add_terms(&mut self, terms: &Terms) -> Result<()> {
        self.bulk.add(terms);
        self.write_if_full()
    }
    /// Writes what is left and gives all segments.
    pub(crate) fn finish(mut self) -> Result<Vec<SegmentMeta>> {
        self.write()?;
        Ok(self.segments)
    }
    fn write_if_full(&mut self) -> Result<()> {
        if self.bulk.is_full() { self.write() } else { Ok(()) }
    }
    fn write(&mut self) -> Result<()> {
        self.segments.extend(self.bulk.write().map_err(Error::internal)?);
        Ok(())
    }
}
