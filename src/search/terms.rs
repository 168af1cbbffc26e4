//! A document taken apart: the one form from which the index is written and pending documents are matched.

use crate::search::cut::Cutter;
use crate::search::doc::{Doc, Value};
use crate::search::order::{SortValue, sort_text};
use crate::search::schema::{Schema, Shape};
use crate::search::tokens::{Form, PHONE_MIN, Token, Tokens};

/// Characters of a value that is counted for filters.
const FACET_CHARS_MAX: usize = 100;

/// Everything a query can ask of a document.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    pub(crate) kind: u8,
    pub(crate) id: [u8; 16],
    pub(crate) time_ms: i64,
    pub(crate) tokens: Tokens,
    /// The fields with a text, sorted.
    pub(crate) has: Vec<u16>,
    pub(crate) numbers: Vec<(u16, i64)>,
    /// Values that are counted, as they were given.
    pub(crate) facets: Vec<(u16, String)>,
    /// What texts are sorted by.
    pub(crate) sorts: Vec<(u16, String)>,
}

impl Terms {
    /// What a list that is sorted by a field sorts this document by.
    pub(crate) fn sorted_by(&self, field: u16) -> Option<SortValue> {
        // Of several numbers the lowest, as the column gives it.
        let number =
            self.numbers.iter().filter(|(f, _)| *f == field).map(|(_, n)| SortValue::Number(*n)).min();
        number.or_else(|| {
            let text = self.sorts.iter().find(|(f, _)| *f == field);
            text.map(|(_, text)| SortValue::text(text.as_bytes()))
        })
    }
}

/// Takes documents apart; its buffers are used again.
#[derive(Debug)]
pub(crate) struct Analyser {
    schema: Schema,
    cutter: Cutter,
}

impl Analyser {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), cutter: Cutter::default() }
    }

    /// The terms of a document; `None` for a kind the schema does not know.
    pub(crate) fn terms(&mut self, doc: &Doc) -> Option<Terms> {
        let mut terms = Terms::default();
        self.fill(doc, &mut terms).then_some(terms)
    }

    /// The same into terms that are used again.
    pub(crate) fn fill(&mut self, doc: &Doc, terms: &mut Terms) -> bool {
        let Some(kind) = self.schema.kind_place(doc.kind) else { return false };
        (terms.kind, terms.id, terms.time_ms) = (kind, doc.id, doc.time_ms);
        terms.tokens.clear();
        terms.has.clear();
        terms.numbers.clear();
        terms.facets.clear();
        terms.sorts.clear();
        for (name, value) in &doc.values {
            if let Some(field) = self.schema.field_place(name) {
                self.add(terms, field, value);
            }
        }
        terms.has.sort_unstable();
        terms.has.dedup();
        // A value given twice is one document in the counts.
        terms.facets.sort_unstable();
        terms.facets.dedup();
        true
    }

    fn add(&mut self, terms: &mut Terms, field: u16, value: &Value) {
        let Some(def) = self.schema.field_at(field) else { return };
        let text = match (def.shape, value) {
            (Shape::Number | Shape::Money | Shape::Date, Value::Text(_)) | (Shape::Time, _) => return,
            (Shape::Number | Shape::Money | Shape::Date, Value::Number(_) | Value::Money(_)) => {
                let cents = def.shape == Shape::Money && matches!(value, Value::Number(_));
                let number = value.number().unwrap_or_default();
                let number = if cents { number.saturating_mul(100) } else { number };
                terms.numbers.push((field, number));
                // An amount of the box is compared as an amount.
                if def.boxed && def.shape != Shape::Money {
                    terms.tokens.begin(field, true, def.private);
                    terms.tokens.text(&mut self.cutter, &number.to_string(), false);
                }
                return;
            }
            (_, Value::Text(text)) => text.as_str(),
            (_, Value::Number(_) | Value::Money(_)) => &value.number().unwrap_or_default().to_string(),
        };
        terms.has.push(field);
        if def.sortable && terms.sorts.iter().all(|(f, _)| *f != field) {
            let sorted_by = sort_text(def.shape, text);
            if !sorted_by.is_empty() {
                terms.sorts.push((field, sorted_by));
            }
        }
        if def.facet {
            terms.facets.push((field, text.trim().chars().take(FACET_CHARS_MAX).collect()));
        }
        let tokens = &mut terms.tokens;
        tokens.begin(field, def.boxed, def.private);
        match def.shape {
            Shape::Word { .. } | Shape::Keyword => tokens.keyword(&mut self.cutter, text),
            Shape::Phone => tokens.phone(text),
            Shape::Email => tokens.email(&mut self.cutter, text, 0, true),
            Shape::Code => tokens.code(&mut self.cutter, text),
            _ => tokens.text(&mut self.cutter, text, true),
        }
    }
}

impl Token {
    /// Whether the plain box finds this token by its beginning `wanted`.
    pub(crate) fn starts_with(&self, text: &str, wanted: &str) -> bool {
        self.boxed
            && match self.form {
                Form::Word => text.starts_with(wanted),
                Form::Start => wanted.len() >= PHONE_MIN && text.starts_with(wanted),
                Form::End => text == wanted,
                Form::Dense => false,
            }
    }
    /// Whether the plain box finds this token as the whole word `wanted`.
    pub(crate) fn is_word(&self, text: &str, wanted: &str) -> bool {
        self.boxed && matches!(self.form, Form::Word | Form::Dense) && text == wanted
    }
}

/// Terms with their tokens in alphabetical order, so that one of thousands of pending documents is
/// matched in a fraction of a microsecond.
#[derive(Debug)]
pub(crate) struct SortedTerms {
    pub(crate) terms: Terms,
    by_text: Vec<u32>,
}

impl SortedTerms {
    pub(crate) fn new(terms: Terms) -> Self {
        let mut by_text: Vec<u32> = (0..u32::try_from(terms.tokens.len()).unwrap_or(0)).collect();
        by_text.sort_by(|a, b| terms.tokens.at(*a).map(|t| t.1).cmp(&terms.tokens.at(*b).map(|t| t.1)));
        Self { terms, by_text }
    }
    /// The tokens that begin with `wanted`.
    pub(crate) fn starting<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = (&'a Token, &'a str)> {
        let tokens = &self.terms.tokens;
        let from = self.by_text.partition_point(|i| tokens.at(*i).is_some_and(|(_, text)| text < wanted));
        self.by_text
            .get(from..)
            .unwrap_or_default()
            .iter()
            .filter_map(|i| tokens.at(*i))
            .take_while(move |(_, text)| text.starts_with(wanted))
    }
    /// The tokens that are `wanted`.
    pub(crate) fn being<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a Token> {
        self.starting(wanted).take_while(move |(_, text)| *text == wanted).map(|(token, _)| token)
    }
}
