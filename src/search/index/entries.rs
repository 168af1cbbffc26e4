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
