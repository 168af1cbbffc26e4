//! Writing: documents go in and out by their id, and no commit forgets how far it reaches.

use super::layout::{self, Layout, has_gram, letter, sign};
use super::lines;
use super::queued::{Queue, Queued};
use crate::search::query::tree::OPEN_LETTERS;
use crate::search::terms::Terms;
use crate::search::tokens::{Form, PHONE_MIN, Token};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::Directory as _;
use tantivy::directory::error::DeleteError;
use tantivy::error::DataCorruption;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::schema::Field;
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
        let mut merges = LogMergePolicy::default();
        // A segment that is half deleted is written again without what is gone.
        merges.set_del_docs_ratio_before_merge(0.5);
        this.inner.set_merge_policy(Box::new(merges));
        Ok(this)
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

/// A value of a column.
pub(super) enum Cell<'a> {
    Signed(i64),
    Unsigned(u64),
    Text(&'a str),
}

/// What a document is sorted, counted and compared by.
pub(super) fn each_column<'a>(layout: &Layout, terms: &'a Terms, mut take: impl FnMut(Field, Cell<'a>)) {
    take(layout.time, Cell::Signed(terms.time_ms));
    let whole = u128::from_be_bytes(terms.id);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the id")]
    let (head, tail) = ((whole >> 64) as u64, whole as u64);
    take(layout.head, Cell::Unsigned(head));
    take(layout.tail, Cell::Unsigned(tail));
    take(layout.kind, Cell::Unsigned(u64::from(terms.kind)));
    let column = |columns: &[Option<Field>], field: u16| columns.get(usize::from(field)).copied().flatten();
    for (field, number) in &terms.numbers {
        if let Some(column) = column(&layout.columns, *field) {
            take(column, Cell::Signed(*number));
        }
    }
    for (field, value) in &terms.facets {
        if let Some(column) = column(&layout.columns, *field) {
            take(column, Cell::Text(value));
        }
    }
    for (field, value) in &terms.sorts {
        if let Some(column) = column(&layout.sorts, *field) {
            take(column, Cell::Text(value));
        }
    }
}

/// The beginnings of the words of the plain box.
fn grams(terms: &Terms, out: &mut String) {
    let mut tokens: Vec<(&str, Form)> = terms
        .tokens
        .iter()
        .filter(|(token, _)| token.boxed && token.form != Form::Dense)
        .map(|(token, text)| (text, token.form))
        .collect();
    tokens.sort_unstable_by_key(|(text, _)| *text);
    let kind = letter(terms.kind);
    let mut line = |gram: &str| {
        lines::begin(out, 0);
        out.push(kind);
        out.push_str(gram);
        lines::end(out);
    };
    let (mut before, mut before_from) = ("", 1);
    for (text, form) in tokens {
        let from = match form {
            Form::Start => PHONE_MIN,
            _ => 1,
        };
        if form == Form::End {
            line(text);
            continue;
        }
        // In alphabetical order the shared beginning of neighbours has been written before.
        let shared = shared_chars(before, text);
        for (count, (at, c)) in text.char_indices().enumerate() {
            let letters = count + 1;
            let beginning = text.get(..at + c.len_utf8()).unwrap_or(text);
            let written = letters <= shared && letters >= before_from;
            if letters >= from && !written && has_gram(beginning) {
                line(beginning);
            }
        }
        (before, before_from) = (text, from);
    }
}

fn grams_aside(terms: &Terms, out: &mut String) {
    each_aside(terms, |start| {
        lines::begin(out, 0);
        layout::gram_aside(out, terms.kind, start);
        lines::end(out);
    });
}

/// The beginnings of a few letters that only fields have which some readers do not see.
pub(super) fn each_aside(terms: &Terms, mut take: impl FnMut(&str)) {
    let words = |private: bool| {
        let fits = move |token: &Token| token.boxed && token.form == Form::Word && token.private == private;
        terms.tokens.iter().filter(move |(token, _)| fits(token)).map(|(_, text)| text)
    };
    let mut aside: Vec<(u64, &str)> = words(true).flat_map(starts).collect();
    if aside.is_empty() {
        return;
    }
    aside.sort_unstable();
    aside.dedup();
    let mut is_open = vec![false; aside.len()];
    for start in words(false).flat_map(starts) {
        if let Some(open) = aside.binary_search(&start).ok().and_then(|at| is_open.get_mut(at)) {
            *open = true;
        }
    }
    let hidden = aside.iter().zip(&is_open).filter(|(_, is_open)| !**is_open);
    hidden.for_each(|((_, start), _)| take(start));
}

/// The beginnings of up to [`OPEN_LETTERS`] letters, each behind its first bytes, by which they are sorted.
fn starts(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(OPEN_LETTERS);
    ends.filter_map(|end| text.get(..end)).map(|start| (first(start), start))
}

/// The first eight bytes, zeros behind them, as a number: mostly that alone tells two texts apart.
fn first(text: &str) -> u64 {
    text.as_bytes().first_chunk::<8>().map_or_else(
        || {
            text.bytes()
                .zip([56, 48, 40, 32, 24, 16, 8])
                .fold(0, |all, (byte, by)| all | u64::from(byte) << by)
        },
        |eight| u64::from_be_bytes(*eight),
    )
}

fn shared_chars(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count()
}

/// The whole words of the plain box, and of running text beside it, because of its phrases.
fn words(terms: &Terms, out: &mut String) {
    let kind = letter(terms.kind);
    let mut position = 0;
    for (token, text) in terms.tokens.iter() {
        if (token.boxed || token.running) && matches!(token.form, Form::Word | Form::Dense) {
            lines::begin(out, token.position.saturating_sub(position));
            position = token.position;
            out.push(kind);
            if !token.boxed {
                layout::aside(out, token.field);
            }
            out.push_str(text);
            lines::end(out);
        }
    }
}

fn keys(terms: &Terms, out: &mut String) {
    let mut key = String::new();
    let mut line = |key: &str| {
        lines::begin(out, 0);
        out.push_str(key);
        lines::end(out);
    };
    for mark in marks(terms) {
        mark.write(terms.kind, &mut key);
        line(&key);
    }
    for (token, text) in terms.tokens.iter().filter(|(token, _)| token.keyed) {
        key_of(terms.kind, token.field, text, &mut key);
        line(&key);
    }
}

/// A key that is no token: of what kind the document is, or that a field of it has a value.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Kind,
    Has(u16),
}

impl Mark {
    pub(super) fn write(self, kind: u8, key: &mut String) {
        key.clear();
        match self {
            Self::Kind => key.push(letter(kind)),
            Self::Has(field) => layout::has_term(key, kind, field),
        }
    }
}

/// The marks of a document.
pub(super) fn marks(terms: &Terms) -> impl Iterator<Item = Mark> {
    std::iter::once(Mark::Kind).chain(terms.has.iter().map(|field| Mark::Has(*field)))
}

/// The key of a token of a field.
pub(super) fn key_of(kind: u8, field: u16, text: &str, key: &mut String) {
    key.clear();
    key.extend([letter(kind), sign(field)]);
    key.push_str(text);
}
