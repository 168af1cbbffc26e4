//! What a document has in the index: its columns, the words and the beginnings of words it is found by, its keys. Both writers
//! take it from here: the one of every day as lines of text, that of whole segments one by one.

use super::layout::{self, Layout, has_gram, letter, sign};
use super::lines;
use crate::search::query::tree::OPEN_LETTERS;
use crate::search::terms::Terms;
use crate::search::tokens::{Form, PHONE_MIN, Token};
use tantivy::schema::Field;

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
pub(super) fn grams(terms: &Terms, out: &mut String) {
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

pub(super) fn grams_aside(terms: &Terms, out: &mut String) {
    each_aside(terms, |start| {
        lines::begin(out, 0);
        layout::gram_aside(out, terms.kind, start);
        lines::end(out);
    });
}

/// The beginnings of a few letters that only fields have which some readers do not see.
pub(super) fn each_aside(terms: &Terms, take: impl FnMut(&str)) {
    let mut aside = Aside::default();
    for (token, text) in terms.tokens.iter().filter(|(token, _)| has_starts(token)) {
        starts(text).for_each(|start| aside.add(token.private, &[start]));
    }
    aside.each(take);
}

/// Whether a token is a word of the plain box.
pub(super) fn has_starts(token: &Token) -> bool {
    token.boxed && token.form == Form::Word
}

/// A beginning of up to [`OPEN_LETTERS`] letters: its bytes with zeros behind them, in the order of the texts.
pub(super) type Start = u128;
const START_BYTES: usize = 16;
const _: () = assert!(OPEN_LETTERS * 4 <= START_BYTES);

/// The beginnings of a word.
pub(super) fn starts(text: &str) -> impl Iterator<Item = Start> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(OPEN_LETTERS);
    ends.map(|end| {
        let mut first = [0; START_BYTES];
        first.iter_mut().zip(text.bytes().take(end)).for_each(|(place, byte)| *place = byte);
        Start::from_be_bytes(first)
    })
}

/// The beginnings of the words of a document, in fields that everybody sees and in others.
#[derive(Default)]
pub(super) struct Aside {
    open: Vec<Start>,
    private: Vec<Start>,
}

impl Aside {
    pub(super) fn add(&mut self, private: bool, starts: &[Start]) {
        let to = if private { &mut self.private } else { &mut self.open };
        to.extend_from_slice(starts);
    }
    /// Gives those that no open field has, and forgets all.
    pub(super) fn each(&mut self, mut take: impl FnMut(&str)) {
        let Self { open, private } = self;
        if !private.is_empty() {
            private.sort_unstable();
            private.dedup();
            let mut is_open = vec![false; private.len()];
            for start in &*open {
                if let Some(open) = private.binary_search(start).ok().and_then(|at| is_open.get_mut(at)) {
                    *open = true;
                }
            }
            for start in private.iter().zip(is_open).filter(|(_, is_open)| !is_open).map(|(start, _)| start) {
                let bytes = start.to_be_bytes();
                let len = bytes.iter().position(|byte| *byte == 0).unwrap_or(START_BYTES);
                take(bytes.get(..len).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default());
            }
        }
        open.clear();
        private.clear();
    }
}

fn shared_chars(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count()
}

/// The whole words of the plain box, and of running text beside it, because of its phrases.
pub(super) fn words(terms: &Terms, out: &mut String) {
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

pub(super) fn keys(terms: &Terms, out: &mut String) {
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
