//! Reading: one generation of the index after another, each opened once for all queries.

use super::columns::Columns;
use super::layout::{self, Layout};
use crate::search::pending::Waiting;
use crate::search::request::Cursor;
use crate::search::schema::Schema;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tantivy::fastfield::AliveBitSet;
use tantivy::index::SegmentId;
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher};

/// A segment as of one commit.
pub(crate) struct Segment {
    pub(crate) columns: Arc<Columns>,
    pub(crate) alive: Option<AliveBitSet>,
    deleted: OnceLock<Vec<u32>>,
    id: SegmentId,
}

impl Segment {
    /// Whether a document is to be shown: neither deleted nor out of date.
    pub(crate) fn shows(&self, doc: u32, waiting: &Waiting) -> bool {
        if self.alive.as_ref().is_some_and(|alive| alive.is_deleted(doc)) {
            return false;
        }
        if waiting.is_empty() || !waiting.may_have(self.columns.tail.get_val(doc)) {
            return true;
        }
        !waiting.has(self.columns.kind_of(doc), &self.columns.id(doc))
    }
    pub(crate) fn deleted_count(&self) -> u64 {
        let alive = self.alive.as_ref().map(|alive| alive.num_alive_docs() as u64);
        alive.map_or(0, |alive| u64::from(self.columns.max_doc).saturating_sub(alive))
    }
    /// The deleted documents.
    pub(crate) fn deleted(&self) -> &[u32] {
        self.deleted.get_or_init(|| match &self.alive {
            Some(alive) => (0..self.columns.max_doc).filter(|doc| alive.is_deleted(*doc)).collect(),
            None => Vec::new(),
        })
    }
    /// The place of a document in the order by time.
    pub(crate) fn place(&self, doc: u32) -> Cursor {
        let columns = &self.columns;
        Cursor {
            value: None,
            time_ms: columns.time.get_val(doc),
            id: columns.id(doc),
            kind: columns.kind_of(doc),
            list: 0,
        }
    }
}

/// The index as of one commit.
pub(crate) struct Generation {
    /// The largest first.
    pub(crate) segments: Vec<Segment>,
    /// Their places in the order of their newest documents.
    by_newest: Vec<usize>,
    pub(crate) docs: u64,
    /// Keeps the files of the segments from being deleted.
    _searcher: Searcher,
}

impl Generation {
    /// The segments with the newest documents first.
    pub(crate) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.by_newest.iter().filter_map(|place| self.segments.get(*place))
    }
    /// Whether a segment has a document of a record, be it a deleted one.
    pub(crate) fn has_had(&self, kind: u8, id: &[u8; 16]) -> tantivy::Result<bool> {
        let reference = layout::reference(kind, id);
        for segment in &self.segments {
            if segment.columns.reference.terms().get(reference)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Opens generations.
pub(crate) struct Reader {
    inner: IndexReader,
    layout: Arc<Layout>,
    schema: Schema,
    current: Mutex<Arc<Generation>>,
}

impl Reader {
    pub(crate) fn open(index: &Index, layout: Arc<Layout>, schema: &Schema) -> tantivy::Result<Self> {
        let inner: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let first = generation(inner.searcher(), &layout, schema, &HashMap::new())?;
        Ok(Self { inner, layout, schema: schema.clone(), current: Mutex::new(Arc::new(first)) })
    }

    pub(crate) fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the index has other segments than are shown: a merge has ended.
    pub(crate) fn is_outdated(&self, index: &Index) -> tantivy::Result<bool> {
        let now: HashSet<SegmentId> = index.searchable_segment_ids()?.into_iter().collect();
        let current = self.current();
        Ok(now.len() != current.segments.len() || current.segments.iter().any(|s| !now.contains(&s.id)))
    }

    /// Shows the last commit to the queries that come.
    pub(crate) fn reload(&self) -> tantivy::Result<()> {
        self.inner.reload()?;
        let before = self.current();
        let known = before.segments.iter().map(|s| (s.id, Arc::clone(&s.columns))).collect();
        let next = generation(self.inner.searcher(), &self.layout, &self.schema, &known)?;
        prepare(&before, &next, &self.schema);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }
}

fn generation(
    searcher: Searcher,
    layout: &Layout,
    schema: &Schema,
    known: &HashMap<SegmentId, Arc<Columns>>,
) -> tantivy::Result<Generation> {
    let mut segments = Vec::new();
    for reader in searcher.segment_readers() {
        let id = reader.segment_id();
        let columns = match known.get(&id) {
            Some(columns) => Arc::clone(columns),
            None => Arc::new(Columns::open((searcher.index(), reader), layout, schema)?),
        };
        segments.push(Segment {
            columns,
            alive: reader.alive_bitset().cloned(),
            deleted: OnceLock::new(),
            id,
        });
    }
    segments.sort_by_key(|s| Reverse(s.columns.max_doc));
    let mut by_newest: Vec<usize> = (0..segments.len()).collect();
    by_newest.sort_by_key(|place| segments.get(*place).map(|s| Reverse(s.columns.newest)));
    Ok(Generation { docs: searcher.num_docs(), segments, by_newest, _searcher: searcher })
}

/// Orders and counts that were in use are made for new segments before a query has to.
fn prepare(before: &Generation, next: &Generation, schema: &Schema) {
    for field in 0..u16::try_from(schema.fields().len()).unwrap_or(0) {
        if before.segments.iter().any(|s| s.columns.has_order(field)) {
            for segment in &next.segments {
                segment.columns.by_value(field);
            }
        }
        if before.segments.iter().any(|s| s.columns.has_near(field)) {
            for segment in &next.segments {
                segment.columns.near(field);
            }
        }
    }
    let counted: HashSet<(u8, u16)> = before.segments.iter().flat_map(|s| s.columns.counted()).collect();
    for (kind, field) in counted {
        for segment in &next.segments {
            segment.columns.histogram(kind, field);
        }
    }
}
