//! Whole segments, of a new index or of an import, written at once: what the library does for a document that comes now is not
//! what a million of them need.
//!
//! The library's own writer looks every beginning of every word up in a table, and is full after some thousand documents,
//! so that most of the work is writing small segments and merging them. Here a segment gathers the words only, each
//! once, as long as there is memory; the beginnings are made of them when it is written, and the dictionary
//! is written in one pass. The files are those the library itself would write: nothing that reads an index knows the difference.

mod columns;
mod field;
mod fst;
mod grams;
mod keys;
mod log;
mod texts;

use self::columns::Columns;
use self::field::{Field, Files};
use self::grams::Grams;
use self::keys::Keys;
use self::texts::{Postings, Texts};
use super::entries::{each_aside, each_column, key_of, marks};
use super::layout::{self, Layout, has_gram, letter};
use super::writer::Payload;
use crate::search::terms::Terms;
use crate::search::tokens::{Form, Token};
use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tantivy::directory::{CompositeWrite, Directory as _, TerminatingWrite as _, WritePtr};
use tantivy::fieldnorm::FieldNormsSerializer;
use tantivy::index::SegmentComponent;
use tantivy::schema::{Field as Name, IndexRecordOption};
use tantivy::store::{Compressor, StoreWriter};
use tantivy::{Index, SegmentMeta, TantivyDocument, TantivyError};

/// Documents on their way into one segment after another.
pub(crate) struct Bulk {
    index: Index,
    layout: Arc<Layout>,
    /// Bytes that may be used.
    memory: usize,
    /// Nobody wants it any more.
    stopped: Arc<AtomicBool>,
    gathered: Gathered,
    term: Vec<u8>,
    key: String,
}

/// The documents of a segment.
struct Gathered {
    times: Vec<i64>,
    references: Vec<[u8; 17]>,
    words: Postings,
    keys: Keys,
    /// Beginnings that do not come from those words.
    others: Postings,
    columns: Columns,
}

impl Gathered {
    fn new(layout: &Layout) -> Self {
        Self {
            times: Vec::new(),
            references: Vec::new(),
            words: Postings::new(true),
            keys: Keys::new(),
            others: Postings::new(false),
            columns: Columns::new(&layout.schema),
        }
    }
}

impl Bulk {
    pub(crate) fn new(index: &Index, layout: Arc<Layout>, memory: usize, stopped: Arc<AtomicBool>) -> Self {
        let gathered = Gathered::new(&layout);
        Self { index: index.clone(), layout, memory, stopped, gathered, term: Vec::new(), key: String::new() }
    }

    /// Adds a document. Of one that is added twice both are found.
    pub(crate) fn add(&mut self, terms: &Terms) {
        let to = &mut self.gathered;
        let doc = u32::try_from(to.times.len()).unwrap_or(u32::MAX);
        to.times.push(terms.time_ms);
        to.references.push(layout::reference(terms.kind, &terms.id));
        each_column(&self.layout, terms, |column, cell| to.columns.add(doc, column, cell));
        to.words.begin();
        to.keys.begin();
        to.others.begin();
        let (term, kind) = (&mut self.term, letter(terms.kind));
        let mut wide = [0; 4];
        let kind = kind.encode_utf8(&mut wide).as_bytes();
        for (token, text) in terms.tokens.iter() {
            let is_word = matches!(token.form, Form::Word | Form::Dense);
            let mut word = None;
            if is_word && (token.boxed || token.running) {
                term.clear();
                term.extend(kind);
                if !token.boxed {
                    layout::aside_bytes(term, token.field);
                }
                term.extend(text.as_bytes());
                word = Some(to.words.add_at(term, token.position));
            }
            match word {
                Some(word) if token.keyed => to.keys.add_word(word, token.field),
                None if token.keyed => {
                    key_of(terms.kind, token.field, text, &mut self.key);
                    to.keys.add(self.key.as_bytes());
                }
                _ => {}
            }
            if token.boxed && !has_made(token, text) {
                others(to, term, kind, token.form, text);
            }
        }
        each_aside(terms, |start| {
            term.clear();
            term.push(grams::WHOLE);
            term.extend(kind);
            term.push(layout::ASIDE_BYTE);
            term.extend(start.as_bytes());
            to.others.add(term);
        });
        marks(terms).for_each(|mark| to.keys.add_mark(terms.kind, mark));
    }

    /// Whether the memory is used up.
    pub(crate) fn is_full(&self) -> bool {
        let it = &self.gathered;
        let used = it.words.bytes() + it.keys.bytes() + it.others.bytes() + it.columns.bytes();
        used + it.times.len() * 40 >= self.memory
    }

    /// Writes what was gathered as a segment; `None` where that is nothing.
    pub(crate) fn write(&mut self) -> tantivy::Result<Option<SegmentMeta>> {
        let count = u32::try_from(self.gathered.times.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return Ok(None);
        }
        let gathered = std::mem::replace(&mut self.gathered, Gathered::new(&self.layout));
        let segment = self.index.new_segment();
        let Gathered { times, references, words, keys, others, columns } = gathered;
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by_key(|doc| Reverse(times.get(*doc as usize)));
        let mut out = segment.open_write(SegmentComponent::FastFields)?;
        columns.write(&order, &mut out)?;
        out.terminate()?;
        FieldNormsSerializer::from_write(segment.open_write(SegmentComponent::FieldNorms)?)?.close()?;
        let store = segment.open_write(SegmentComponent::Store)?;
        let mut store = StoreWriter::new(store, Compressor::None, STORE_BLOCK, false)?;
        for _ in 0..count {
            store.store(&TantivyDocument::default(), &self.layout.schema)?;
        }
        store.close()?;
        let open = |component| segment.open_write(component).map(CompositeWrite::wrap);
        let mut files = (
            open(SegmentComponent::Terms)?,
            open(SegmentComponent::Postings)?,
            open(SegmentComponent::Positions)?,
        );
        let words = self.words_and_grams(&mut files, words, others, &order)?;
        let mut field =
            field(&self.stopped, &mut files, self.layout.keys, IndexRecordOption::Basic, keys.postings())?;
        keys.write(&words, &order, |key, docs| field.term(key, docs))?;
        field.finish()?;
        drop(words);
        self.references(&mut files, &references, &order)?;
        let (terms, postings, positions) = files;
        terms.close()?;
        postings.close()?;
        positions.close()?;
        let meta = segment.with_max_doc(count).meta().clone();
        meta.untrack_temp_docstore();
        Ok(Some(meta))
    }

    /// Writes the words and their beginnings; gives the texts of the words.
    fn words_and_grams(
        &self,
        files: &mut Composites,
        words: Postings,
        others: Postings,
        order: &[u32],
    ) -> tantivy::Result<Texts> {
        let mut words = words.turned(order);
        let mut sorted = words.sorted();
        let record = IndexRecordOption::WithFreqsAndPositions;
        let mut out = field(&self.stopped, files, self.layout.words, record, words.docs.len())?;
        for number in &sorted {
            out.term_at(words.text(*number), words.docs.of(*number), words.docs.positions(*number))?;
        }
        out.finish()?;
        words.docs.forget_positions();
        // Words of other fields stand behind a sign that is not ASCII.
        sorted.retain(|number| words.text(*number).is_ascii());
        let others = others.turned(order);
        let mut out = field(
            &self.stopped,
            files,
            self.layout.grams,
            IndexRecordOption::Basic,
            words.docs.len() + others.docs.len(),
        )?;
        Grams::write((&words, sorted), &others, order.len(), &mut out)?;
        out.finish()?;
        Ok(words.texts)
    }

    fn references(
        &self,
        files: &mut Composites,
        references: &[[u8; 17]],
        order: &[u32],
    ) -> tantivy::Result<()> {
        let mut sorted: Vec<([u8; 17], u32)> =
            order.iter().filter_map(|old| references.get(*old as usize)).copied().zip(0..).collect();
        sorted.sort_unstable();
        let mut out =
            field(&self.stopped, files, self.layout.reference, IndexRecordOption::Basic, sorted.len())?;
        for same in sorted.chunk_by(|a, b| a.0 == b.0) {
            let docs: Vec<u32> = same.iter().map(|(_, doc)| *doc).collect();
            if let Some((reference, _)) = same.first() {
                out.term(reference, &docs)?;
            }
        }
        out.finish()?;
        Ok(())
    }
}

/// Bytes of a block of the library's store of documents, in which there is nothing.
const STORE_BLOCK: usize = 16_384;

type Composites = (CompositeWrite<WritePtr>, CompositeWrite<WritePtr>, CompositeWrite<WritePtr>);

fn field<'a>(
    stopped: &'a AtomicBool,
    files: &'a mut Composites,
    name: Name,
    record: IndexRecordOption,
    total: usize,
) -> tantivy::Result<Field<'a>> {
    let (terms, postings, positions) = files;
    let files = Files {
        terms: terms.for_field(name),
        postings: postings.for_field(name),
        positions: positions.for_field(name),
    };
    Ok(Field::new(files, record, total, stopped)?)
}

/// Whether the beginnings of a token are made of its word.
fn has_made(token: &Token, text: &str) -> bool {
    token.form == Form::Word && text.is_ascii()
}

/// The beginnings of a token that are not made of words.
fn others(to: &mut Gathered, term: &mut Vec<u8>, kind: &[u8], form: Form, text: &str) {
    let mut add = |mark: u8, text: &str| {
        term.clear();
        term.push(mark);
        term.extend(kind);
        term.extend(text.as_bytes());
        to.others.add(term);
    };
    match form {
        Form::Start => add(grams::START, text),
        Form::End => add(grams::WHOLE, text),
        Form::Dense => {}
        Form::Word => {
            for (at, c) in text.char_indices() {
                let beginning = text.get(..at + c.len_utf8()).unwrap_or(text);
                if has_gram(beginning) {
                    add(grams::WHOLE, beginning);
                }
            }
        }
    }
}

/// Makes these segments, and no others, the index.
pub(crate) fn publish(
    index: &Index,
    mut segments: Vec<SegmentMeta>,
    payload: &Payload,
) -> tantivy::Result<()> {
    let mut meta = index.load_metas()?;
    segments.sort_by_key(|segment| Reverse(segment.max_doc()));
    meta.segments = segments;
    meta.payload = Some(payload.text()?);
    let text = serde_json::to_vec_pretty(&meta)
        .map_err(|e| TantivyError::InternalError(format!("the segments cannot be written down: {e}")))?;
    // What it names is on the disk first.
    index.directory().sync_directory()?;
    index.directory().atomic_write(Path::new("meta.json"), &text)?;
    index.directory().sync_directory()?;
    Ok(())
}
