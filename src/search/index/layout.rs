//! The fields of the index and the form of its terms.
//!
//! Every term begins with the letter of its kind, so that a question about orders meets only orders:
//!
//! | field | terms | answers |
//! |---|---|---|
//! | `grams` | `k` + beginning of a word | the plain box |
//! | | `k` + `~` + beginning of a few letters that is only in fields which some readers do not see | the plain box for those |
//! | `words` | `k` + word, with positions; `k` + `~` + field + word where the box does not search | whole words, phrases, typing mistakes |
//! | `keys` | `k` + field + token; `k`; `k` + mark + field | `field:value`, everything of a kind, `field:any` |
//! | `ref` | `k` + id | replacing and deleting a document |
//!
//! Columns: `time` (the order of the index), `head` and `tail` of the id, `kind`, one for each number, one for each
//! field that is counted, one for each text that lists are sorted by. Nothing is stored.

use crate::search::schema::{FieldDef, Schema, Shape};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexBuilder, IndexSettings, IndexSortByField, Order, Term};

/// Changes whenever the terms of the same document would differ, and where a version before may have left a document twice.
pub(crate) const FORMAT: u32 = 4;

/// Letters of a word's beginning that have a term of their own; longer ones are few and found in `words`.
const GRAM_LETTERS: usize = 8;
/// The same for digits, because numbers share long beginnings.
const GRAM_DIGITS: usize = 16;
/// Stands before the field in the term that says the field has a value.
const HAS: char = '\u{7f}';
/// Stands before the field in a word of a field that the box does not search: no word begins with it. Also before a
/// beginning that only fields have which some readers do not see.
const ASIDE: char = '~';
pub(crate) const ASIDE_BYTE: u8 = b'~';

/// The fields of one index.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) schema: tantivy::schema::Schema,
    pub(crate) grams: Field,
    pub(crate) words: Field,
    pub(crate) keys: Field,
    pub(crate) reference: Field,
    pub(crate) time: Field,
    pub(crate) head: Field,
    pub(crate) tail: Field,
    pub(crate) kind: Field,
    /// The column of a numeric or counted field, by the field's place in the schema.
    pub(crate) columns: Vec<Option<Field>>,
    /// The column of a text that lists are sorted by.
    pub(crate) sorts: Vec<Option<Field>>,
}

impl Layout {
    pub(crate) fn new(schema: &Schema) -> Self {
        let mut builder = tantivy::schema::Schema::builder();
        let text = |option: IndexRecordOption| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(super::lines::NAME)
                .set_fieldnorms(false)
                .set_index_option(option);
            TextOptions::default().set_indexing_options(indexing)
        };
        let grams = builder.add_text_field("grams", text(IndexRecordOption::Basic));
        let words = builder.add_text_field("words", text(IndexRecordOption::WithFreqsAndPositions));
        let keys = builder.add_text_field("keys", text(IndexRecordOption::Basic));
        let reference = builder.add_bytes_field("ref", BytesOptions::default().set_indexed());
        let time = builder.add_i64_field("time", NumericOptions::default().set_fast());
        let head = builder.add_u64_field("head", NumericOptions::default().set_fast());
        let tail = builder.add_u64_field("tail", NumericOptions::default().set_fast());
        let kind = builder.add_u64_field("kind", NumericOptions::default().set_fast());
        let columns = schema
            .fields()
            .iter()
            .map(|def| match def.shape {
                Shape::Number | Shape::Money | Shape::Date => {
                    Some(builder.add_i64_field(&column_name(def.name), NumericOptions::default().set_fast()))
                }
                Shape::Time => None,
                _ if def.facet => Some(
                    builder.add_text_field(&column_name(def.name), TextOptions::default().set_fast("raw")),
                ),
                _ => None,
            })
            .collect();
        let sorts = schema
            .fields()
            .iter()
            .map(|def| {
                is_sorted_as_text(def).then(|| {
                    builder.add_text_field(&sort_name(def.name), TextOptions::default().set_fast("raw"))
                })
            })
            .collect();
        Self {
            schema: builder.build(),
            grams,
            words,
            keys,
            reference,
            time,
            head,
            tail,
            kind,
            columns,
            sorts,
        }
    }

    /// An index builder with the order, the fields and the tokenizer.
    pub(crate) fn builder(&self) -> IndexBuilder {
        let settings = IndexSettings {
            sort_by_field: Some(IndexSortByField { field: "time".to_owned(), order: Order::Desc }),
            docstore_compression: tantivy::store::Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        Index::builder().schema(self.schema.clone()).settings(settings)
    }

    pub(crate) fn gram(&self, kind: u8, gram: &str) -> Term {
        Term::from_field_text(self.grams, &format!("{}{gram}", letter(kind)))
    }
    pub(crate) fn gram_aside(&self, kind: u8, gram: &str) -> Term {
        Term::from_field_text(self.grams, &format!("{}{ASIDE}{gram}", letter(kind)))
    }
    pub(crate) fn word(&self, kind: u8, word: &str) -> Term {
        Term::from_field_text(self.words, &format!("{}{word}", letter(kind)))
    }
    pub(crate) fn word_aside(&self, kind: u8, field: u16, word: &str) -> Term {
        Term::from_field_text(self.words, &format!("{}{ASIDE}{}{word}", letter(kind), sign(field)))
    }
    pub(crate) fn key(&self, kind: u8, field: u16, key: &str) -> Term {
        Term::from_field_text(self.keys, &format!("{}{}{key}", letter(kind), sign(field)))
    }
    pub(crate) fn has(&self, kind: u8, field: u16) -> Term {
        Term::from_field_text(self.keys, &format!("{}{HAS}{}", letter(kind), sign(field)))
    }
    pub(crate) fn of_kind(&self, kind: u8) -> Term {
        Term::from_field_text(self.keys, &letter(kind).to_string())
    }
    pub(crate) fn id(&self, kind: u8, id: &[u8; 16]) -> Term {
        Term::from_field_bytes(self.reference, &reference(kind, id))
    }
}

pub(crate) fn reference(kind: u8, id: &[u8; 16]) -> [u8; 17] {
    let mut bytes = [0; 17];
    let (first, rest) = bytes.split_at_mut(1);
    first.copy_from_slice(&[kind]);
    rest.copy_from_slice(id);
    bytes
}

/// The name of a field's column.
pub(crate) fn column_name(field: &str) -> String {
    format!("c_{field}")
}

/// The name of the column of a text that lists are sorted by.
pub(crate) fn sort_name(field: &str) -> String {
    format!("s_{field}")
}

/// Whether lists are sorted by the letters of a field.
pub(crate) fn is_sorted_as_text(def: &FieldDef) -> bool {
    use Shape as S;
    def.sortable && !matches!(def.shape, S::Number | S::Money | S::Date | S::Time)
}

/// The letter of a kind.
pub(crate) fn letter(kind: u8) -> char {
    char::from(b'!' + kind.min(63))
}

/// The sign of a field.
pub(crate) fn sign(field: u16) -> char {
    char::from_u32(0x100 + u32::from(field)).unwrap_or('\u{ff}')
}

pub(crate) fn aside(out: &mut String, field: u16) {
    out.extend([ASIDE, sign(field)]);
}

/// The same where terms are bytes.
pub(crate) fn aside_bytes(out: &mut Vec<u8>, field: u16) {
    out.push(ASIDE_BYTE);
    out.extend(sign(field).encode_utf8(&mut [0; 4]).as_bytes());
}

pub(crate) fn gram_aside(out: &mut String, kind: u8, gram: &str) {
    out.extend([letter(kind), ASIDE]);
    out.push_str(gram);
}

pub(crate) fn has_term(out: &mut String, kind: u8, field: u16) {
    out.extend([letter(kind), HAS, sign(field)]);
}

/// Whether a beginning has a term of its own.
pub(crate) fn has_gram(beginning: &str) -> bool {
    let letters = beginning.chars().count();
    letters <= GRAM_LETTERS || (letters <= GRAM_DIGITS && beginning.bytes().all(|b| b.is_ascii_digit()))
}

/// The first string after all that begin with `prefix`; `None` when there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
