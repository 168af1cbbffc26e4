//! One field of a segment on its way to the disk: terms in their order, each with its documents.

use super::fst::Fst;
use crate::search::index::words::places_from;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use tantivy::positions::PositionSerializer;
use tantivy::postings::TermInfo;
use tantivy::postings::serializer::PostingsSerializer;
use tantivy::schema::IndexRecordOption;
use tantivy::termdict::TermDictionaryBuilder;

/// Documents of a term from which on the library writes them in blocks.
const BLOCK: usize = 128;

/// The three files a field is written to.
pub(super) struct Files<'a> {
    pub(super) terms: &'a mut dyn Write,
    pub(super) postings: &'a mut dyn Write,
    pub(super) positions: &'a mut dyn Write,
}

/// Writes the terms of a field.
pub(super) struct Field<'a> {
    fst: Fst<Counted<'a>>,
    places: TermDictionaryBuilder<Vec<u8>>,
    postings: Counted<'a>,
    serializer: PostingsSerializer,
    positions: Option<PositionSerializer<&'a mut dyn Write>>,
    record: IndexRecordOption,
    deltas: Vec<u32>,
    stopped: &'a AtomicBool,
}

impl<'a> Field<'a> {
    /// `total` is the number of times a document has a term.
    pub(super) fn new(
        files: Files<'a>,
        record: IndexRecordOption,
        total: usize,
        stopped: &'a AtomicBool,
    ) -> io::Result<Self> {
        files.postings.write_all(&(total as u64).to_le_bytes())?;
        Ok(Self {
            fst: Fst::new(Counted { inner: files.terms, written: 0 }),
            places: TermDictionaryBuilder::create(Vec::new())?,
            postings: Counted { inner: files.postings, written: 0 },
            serializer: PostingsSerializer::new(0.0, record, None),
            positions: record.has_positions().then(|| PositionSerializer::new(files.positions)),
            record,
            deltas: Vec::new(),
            stopped,
        })
    }

    /// Adds a term with documents in their order, each once.
    pub(super) fn term(&mut self, term: &[u8], docs: &[u32]) -> io::Result<()> {
        self.serializer.new_term(0, false);
        for doc in docs {
            self.serializer.write_doc(*doc, 0);
        }
        self.close(term, docs.len(), 0..0)
    }

    /// Adds a term with the places where documents have it: of several in one document the documents are several too.
    pub(super) fn term_at(&mut self, term: &[u8], docs: &[u32], positions: &[u32]) -> io::Result<()> {
        let from = self.at();
        let mut count = 0;
        self.serializer.new_term(0, true);
        let mut positions = positions;
        for same in docs.chunk_by(|a, b| a == b) {
            let (here, rest) = positions.split_at_checked(same.len()).unwrap_or((positions, &[]));
            positions = rest;
            let mut before = 0;
            self.deltas.clear();
            for position in here {
                self.deltas.push(position.saturating_sub(before));
                before = *position;
            }
            let Some(doc) = same.first() else { continue };
            count += 1;
            self.serializer.write_doc(*doc, u32::try_from(same.len()).unwrap_or(u32::MAX));
            if let Some(out) = self.positions.as_mut() {
                out.write_positions_delta(&self.deltas);
            }
        }
        if let Some(out) = self.positions.as_mut() {
            out.close_term()?;
        }
        let to = self.at();
        self.close(term, count, from..to)
    }

    /// Where the next position goes.
    fn at(&self) -> usize {
        self.positions.as_ref().map_or(0, |out| usize::try_from(out.written_bytes()).unwrap_or(usize::MAX))
    }

    fn close(&mut self, term: &[u8], docs: usize, positions: std::ops::Range<usize>) -> io::Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(io::Error::other("the building of an index was stopped"));
        }
        let doc_freq = u32::try_from(docs).unwrap_or(u32::MAX);
        let from = self.postings.written;
        self.serializer.close_term(doc_freq, &mut self.postings)?;
        if docs >= BLOCK {
            // It counts on from the last block and cannot be told to begin anew.
            self.serializer = PostingsSerializer::new(0.0, self.record, None);
        }
        let info =
            TermInfo { doc_freq, postings_range: from..self.postings.written, positions_range: positions };
        self.fst.add(term)?;
        self.places.insert_value(&info)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        let terms = self.fst.finish()?;
        if let Some(positions) = self.positions {
            positions.close()?;
        }
        // Of the library's own dictionary, which has no terms, only the places are taken.
        let whole = self.places.finish()?;
        let places = places_from(&whole).and_then(|from| whole.get(from..));
        let broken = || io::Error::other("the places of the terms cannot be read");
        terms.inner.write_all(places.ok_or_else(broken)?)
    }
}

/// Counts what is written.
struct Counted<'a> {
    inner: &'a mut dyn Write,
    written: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.written += written;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
