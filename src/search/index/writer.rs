//! Writing: documents go in and out by their id, and no commit forgets how far it reaches.

use super::entries::{Cell, each_column, grams, grams_aside, keys, words};
use super::layout::{self, Layout};
use super::queued::{Queue, Queued};
use crate::search::terms::Terms;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::Directory as _;
use tantivy::directory::error::DeleteError;
use tantivy::error::DataCorruption;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy as _, NoMergePolicy};
use tantivy::{Index, IndexWriter, SegmentMeta, TantivyDocument, TantivyError};

/// How far an index reaches, kept in each commit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Payload {
    /// The life of the store it was made from, in hexadecimal digits.
    pub(crate) epoch: String,
    /// Every change up to this one is in it.
    pub(crate) seq: u64,
}

impl Payload {
    pub(super) fn text(&self) -> tantivy::Result<String> {
        serde_json::to_string(self)
            .map_err(|e| TantivyError::InternalError(format!("the payload cannot be written: {e}")))
    }
}

/// Letters of a segment's name.
const SEGMENT_NAME_LEN: usize = 32;

/// The one writer of an index. Plain commits, which would erase the payload, cannot be reached through it.
pub(crate) struct Writer {
    inner: IndexWriter<Queued>,
    queue: Arc<Queue>,
    layout: Arc<Layout>,
    /// Lines of the three text fields, made again for each document.
    text: String,
}

impl Writer {
    /// Opens the writer of every day: one thread, one merge at a time.
    pub(crate) fn open(index: &Index, layout: Arc<Layout>, arena_mb: u32) -> tantivy::Result<Self> {
        let this = Self::with(index, layout, arena_mb)?;
        this.merge_from(SEGMENTS);
        Ok(this)
    }

    /// From the next commit on so many segments of a size are merged.
    pub(crate) fn merge_from(&self, segments: usize) {
        self.inner.set_merge_policy(Box::new(merges(segments)));
    }

    /// Opens the writer for what has changed while an index was built: no merges until it is in use.
    pub(crate) fn for_building(index: &Index, layout: Arc<Layout>, arena_mb: u32) -> tantivy::Result<Self> {
        let this = Self::with(index, layout, arena_mb)?;
        this.inner.set_merge_policy(Box::new(NoMergePolicy));
        Ok(this)
    }

    fn with(index: &Index, layout: Arc<Layout>, arena_mb: u32) -> tantivy::Result<Self> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread((arena_mb.clamp(15, 512) as usize) << 20)
            .build();
        let (inner, queue) = (index.writer_with_options::<Queued>(options)?, Arc::default());
        leap(&inner, index)?;
        Ok(Self { inner, queue, layout, text: String::new() })
    }

    /// Deletes what a commit that failed, or a program that was killed, has left behind: a file that is there already
    /// would be in the way of the next commit. Call it before the first change.
    pub(crate) fn sweep(&self, index: &Index, dir: &Path) -> tantivy::Result<()> {
        self.inner.garbage_collect_files().wait()?;
        // After a power cut the library's list of its files may lack some that are there.
        let known: HashMap<String, Option<u64>> = index
            .load_metas()?
            .segments
            .iter()
            .map(|segment| (segment.id().uuid_string(), segment.delete_opstamp()))
            .collect();
        for entry in std::fs::read_dir(dir)? {
            let name = entry?.file_name();
            // `<segment>.<kind>`, and `<segment>.<number>.del` for what was deleted in it up to a commit.
            let Some((segment, rest)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            if segment.len() != SEGMENT_NAME_LEN {
                continue;
            }
            let is_used = known.get(segment).is_some_and(|deleted| {
                rest.strip_suffix(".del")
                    .is_none_or(|number| deleted.is_some_and(|at| at.to_string() == number))
            });
            if !is_used {
                match index.directory().delete(Path::new(&name)) {
                    Ok(()) | Err(DeleteError::FileDoesNotExist(_)) => {}
                    Err(DeleteError::IoError { io_error, .. }) => {
                        return Err(TantivyError::IoError(io_error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Replaces a document.
    pub(crate) fn put(&mut self, terms: &Terms) -> tantivy::Result<()> {
        self.remove(terms.kind, &terms.id);
        self.add(terms)
    }

    pub(crate) fn remove(&mut self, kind: u8, id: &[u8; 16]) {
        self.inner.delete_term(self.layout.id(kind, id));
    }

    /// Adds a document that is not there yet.
    pub(crate) fn add(&mut self, terms: &Terms) -> tantivy::Result<()> {
        let layout = &self.layout;
        let mut doc = TantivyDocument::default();
        each_column(layout, terms, |column, cell| match cell {
            Cell::Signed(number) => doc.add_i64(column, number),
            Cell::Unsigned(number) => doc.add_u64(column, number),
            Cell::Text(text) => doc.add_text(column, text),
        });
        let text = &mut self.text;
        text.clear();
        grams(terms, text);
        grams_aside(terms, text);
        doc.add_text(layout.grams, &*text);
        text.clear();
        words(terms, text);
        doc.add_text(layout.words, &*text);
        text.clear();
        keys(terms, text);
        doc.add_text(layout.keys, &*text);
        doc.add_bytes(layout.reference, &layout::reference(terms.kind, &terms.id));
        self.inner.add_document(self.queue.wait_for(doc)).map(|_| ())
    }

    /// Takes up segments that were written whole; the next commit makes them part of the index. What was removed before the
    /// last commit does not concern their documents, unless the index had no segment then: nothing has taken up what was to
    /// be removed, and the library does it late.
    pub(crate) fn add_segments(&self, segments: Vec<SegmentMeta>) -> tantivy::Result<()> {
        segments.into_iter().try_for_each(|segment| self.inner.add_segment(segment))
    }

    /// Makes everything so far durable and readable after a reload.
    pub(crate) fn commit(&mut self, payload: &Payload) -> tantivy::Result<()> {
        let text = payload.text()?;
        let mut prepared = self.inner.prepare_commit()?;
        prepared.set_payload(&text);
        prepared.commit().map(|_| ())
    }

    /// Ends the writer when its merges are done.
    pub(crate) fn finish(self) -> tantivy::Result<()> {
        self.inner.wait_merging_threads()
    }
}

/// So many segments of a size are merged.
pub(crate) const SEGMENTS: usize = 8;
/// The same while an import goes on, of which every batch is a segment: merging takes as long as all else that an import does.
pub(crate) const SEGMENTS_OF_MANY: usize = 100;

/// Which segments are merged.
fn merges(segments: usize) -> LogMergePolicy {
    let mut merges = LogMergePolicy::default();
    merges.set_min_num_segments(segments);
    // A segment that is half deleted is written again without what is gone.
    merges.set_del_docs_ratio_before_merge(0.5);
    merges
}

/// Whether the next commit of the writer of every day would merge segments.
pub(crate) fn has_to_merge(index: &Index) -> tantivy::Result<bool> {
    Ok(!merges(SEGMENTS).compute_merge_candidates(&index.load_metas()?.segments).is_empty())
}

/// Numbers of changes between the last commit and what a commit that failed has deleted: as many as one of these has
/// changes, and some more.
const LEAP_MAX: u64 = 1 << 24;

/// Gives the changes of a new writer numbers that nothing in the index has.
///
/// The library numbers the first one as the last commit. Where something was deleted from a segment up to the number of a commit, it
/// takes the segment as being up to that number: what has the same number and comes later would be passed over, and a
/// document be found in its old version too. A commit that failed may have left a segment with a number above the last commit's.
fn leap(writer: &IndexWriter<Queued>, index: &Index) -> tantivy::Result<()> {
    let meta = index.load_metas()?;
    let deleted = meta.segments.iter().filter_map(SegmentMeta::delete_opstamp).max();
    let last = deleted.unwrap_or(0).max(meta.opstamp);
    if last - meta.opstamp > LEAP_MAX {
        return Err(TantivyError::DataCorruption(DataCorruption::comment_only(
            "the numbers of an index are too far from each other",
        )));
    }
    while writer.run(std::iter::empty())? < last {}
    Ok(())
}
