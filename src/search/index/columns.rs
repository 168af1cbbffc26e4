//! What is opened of a segment once and used by every query: opening a column of a million documents
//! costs as much as fifty queries.

use super::layout::{Layout, column_name};
use super::near::Near;
use super::ordered::Ordered;
use super::words::Words;
use crate::search::fold::fold_key;
use crate::search::schema::Schema;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tantivy::columnar::{Cardinality, Column, ColumnValues, StrColumn};
use tantivy::schema::Field;
use tantivy::{Index, InvertedIndexReader, SegmentReader};

/// The most values of a field that are kept as texts: looking one up in the file costs as much as counting a thousand.
const NAMES_MAX: usize = 1_000;

/// The values of a field, folded and as they are.
type Names = Box<[(String, String)]>;

/// How often each value of a field occurs, by the number the value has in the segment.
pub(crate) type Histogram = Arc<HashMap<u64, u64>>;

/// The parts of a segment, which never change; only which of its documents are alive does.
pub(crate) struct Columns {
    pub(crate) grams: Arc<InvertedIndexReader>,
    pub(crate) words: Arc<InvertedIndexReader>,
    pub(crate) keys: Arc<InvertedIndexReader>,
    pub(crate) reference: Arc<InvertedIndexReader>,
    pub(crate) time: Arc<dyn ColumnValues<i64>>,
    pub(crate) head: Arc<dyn ColumnValues<u64>>,
    pub(crate) tail: Arc<dyn ColumnValues<u64>>,
    pub(crate) kind: Arc<dyn ColumnValues<u64>>,
    /// The kind of all its documents, when there is only one.
    pub(crate) only_kind: Option<u8>,
    pub(crate) max_doc: u32,
    /// The times of its newest and its oldest document, whether deleted or not.
    pub(crate) newest: i64,
    pub(crate) oldest: i64,
    ordered: Vec<OnceLock<Option<Ordered>>>,
    facets: Vec<OnceLock<Option<StrColumn>>>,
    names: Vec<OnceLock<Names>>,
    near: Vec<OnceLock<Option<Near>>>,
    segment: SegmentReader,
    dictionary: OnceLock<Words>,
    words_field: Field,
    index: Index,
    /// By the field sorted by: document ids from the lowest value to the highest, without those that have none.
    sorted: Vec<OnceLock<Arc<[u32]>>>,
    /// By kind and field: how often each value occurs, deleted documents included.
    histograms: Mutex<HashMap<(u8, u16), Histogram>>,
    schema: Schema,
}

impl Columns {
    pub(crate) fn open(
        (index, segment): (&Index, &SegmentReader),
        layout: &Layout,
        schema: &Schema,
    ) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        let kind = full(fast.u64("kind")?, 0);
        let (low, high) = (kind.min_value(), kind.max_value());
        let fields = schema.fields().len();
        let time = full(fast.i64("time")?, 0);
        // Documents stand in a segment newest first.
        let last = segment.max_doc().checked_sub(1);
        let (newest, oldest) =
            last.map_or((i64::MIN, i64::MAX), |last| (time.get_val(0), time.get_val(last)));
        Ok(Self {
            grams: segment.inverted_index(layout.grams)?,
            words: segment.inverted_index(layout.words)?,
            keys: segment.inverted_index(layout.keys)?,
            reference: segment.inverted_index(layout.reference)?,
            time,
            newest,
            oldest,
            head: full(fast.u64("head")?, 0),
            tail: full(fast.u64("tail")?, 0),
            kind,
            only_kind: u8::try_from(low).ok().filter(|_| low == high),
            max_doc: segment.max_doc(),
            ordered: std::iter::repeat_with(OnceLock::new).take(fields).collect(),
            facets: std::iter::repeat_with(OnceLock::new).take(fields).collect(),
            names: std::iter::repeat_with(OnceLock::new).take(fields).collect(),
            near: std::iter::repeat_with(OnceLock::new).take(fields).collect(),
            sorted: std::iter::repeat_with(OnceLock::new).take(fields).collect(),
            histograms: Mutex::default(),
            segment: segment.clone(),
            dictionary: OnceLock::new(),
            words_field: layout.words,
            index: index.clone(),
            schema: schema.clone(),
        })
    }

    /// The words, where mistyped ones are looked for. Opened when that is first done.
    pub(crate) fn dictionary(&self) -> tantivy::Result<&Words> {
        if let Some(words) = self.dictionary.get() {
            return Ok(words);
        }
        let words = Words::open(&self.index, self.segment.segment_id(), self.words_field)?;
        Ok(self.dictionary.get_or_init(|| words))
    }
    /// The column that lists are sorted by; `None` when no document of the segment has a value.
    pub(crate) fn ordered(&self, field: u16) -> Option<&Ordered> {
        let place = self.ordered.get(usize::from(field))?;
        let open = || self.schema.field_at(field).and_then(|def| Ordered::open(&self.segment, def));
        place.get_or_init(open).as_ref()
    }
    /// The column of a counted field; `None` when no document of the segment has a value.
    pub(crate) fn facet(&self, field: u16) -> Option<&StrColumn> {
        let place = self.facets.get(usize::from(field))?;
        let open = || {
            let def = self.schema.field_at(field).filter(|def| def.facet)?;
            self.segment.fast_fields().str(&column_name(def.name)).ok().flatten()
        };
        place.get_or_init(open).as_ref()
    }
    /// The values of a counted field in the order of their numbers, folded and as they are; none of a field with many.
    pub(crate) fn names(&self, field: u16) -> std::io::Result<&[(String, String)]> {
        let (Some(column), Some(place)) = (self.facet(field), self.names.get(usize::from(field))) else {
            return Ok(&[]);
        };
        if let Some(names) = place.get() {
            return Ok(names);
        }
        let mut names = Vec::new();
        if column.num_terms() <= NAMES_MAX {
            let mut terms = column.dictionary().stream()?;
            while terms.advance() {
                let text = String::from_utf8_lossy(terms.key()).into_owned();
                names.push((fold_key(&text), text));
            }
        }
        Ok(place.get_or_init(|| names.into()))
    }
    /// The values of a counted field in the newest documents. Read the first time they are asked for.
    pub(crate) fn near(&self, field: u16) -> Option<&Near> {
        let column = self.facet(field)?;
        self.near.get(usize::from(field))?.get_or_init(|| Near::of(column, self.max_doc)).as_ref()
    }
    /// Whether they have been asked for.
    pub(crate) fn has_near(&self, field: u16) -> bool {
        self.near.get(usize::from(field)).is_some_and(|near| near.get().is_some())
    }
    /// The documents that have a value of a field, by that value. Made the first time it is asked for.
    pub(crate) fn by_value(&self, field: u16) -> Option<&Arc<[u32]>> {
        let column = self.ordered(field)?;
        let place = self.sorted.get(usize::from(field))?;
        Some(place.get_or_init(|| {
            let mut docs: Vec<(i64, u32)> =
                (0..self.max_doc).filter_map(|doc| column.first(doc).map(|value| (value, doc))).collect();
            docs.sort_unstable();
            docs.into_iter().map(|(_, doc)| doc).collect()
        }))
    }
    /// Whether the order by a field has been asked for before.
    pub(crate) fn has_order(&self, field: u16) -> bool {
        self.sorted.get(usize::from(field)).is_some_and(|order| order.get().is_some())
    }

    /// How often each value of a counted field occurs in documents of a kind. Counted the first time it is asked for.
    pub(crate) fn histogram(&self, kind: u8, field: u16) -> Histogram {
        let known = |key| self.histograms.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(histogram) = known(&(kind, field)) {
            return histogram;
        }
        let mut counts = HashMap::new();
        if let Some(column) = self.facet(field).filter(|_| self.only_kind.is_none_or(|only| only == kind)) {
            for doc in 0..self.max_doc {
                if self.kind_of(doc) == kind {
                    for value in column.ords().values_for_doc(doc) {
                        *counts.entry(value).or_default() += 1;
                    }
                }
            }
        }
        let counts = Arc::new(counts);
        let mut all = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((kind, field), Arc::clone(&counts));
        counts
    }
    /// The counts that have been asked for.
    pub(crate) fn counted(&self) -> Vec<(u8, u16)> {
        self.histograms.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    pub(crate) fn id(&self, doc: u32) -> [u8; 16] {
        let whole = (u128::from(self.head.get_val(doc)) << 64) | u128::from(self.tail.get_val(doc));
        whole.to_be_bytes()
    }
    pub(crate) fn kind_of(&self, doc: u32) -> u8 {
        self.only_kind.unwrap_or_else(|| u8::try_from(self.kind.get_val(doc)).unwrap_or(u8::MAX))
    }
    /// The first document whose time is `latest` or before: the index is sorted newest first.
    pub(crate) fn first_at_or_before(&self, latest: i64) -> u32 {
        let (mut low, mut high) = (0, self.max_doc);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time.get_val(middle) > latest {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
    /// The documents whose time lies between these, both included.
    pub(crate) fn span(&self, earliest: i64, latest: i64) -> (u32, u32) {
        let from = self.first_at_or_before(latest);
        let to = earliest.checked_sub(1).map_or(self.max_doc, |before| self.first_at_or_before(before));
        (from, to.max(from))
    }
}

/// The values of a column in which every document has one.
fn full<T>(column: Column<T>, default: T) -> Arc<dyn ColumnValues<T>>
where
    T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static,
{
    if column.get_cardinality() == Cardinality::Full {
        column.values
    } else {
        column.first_or_default_col(default)
    }
}
