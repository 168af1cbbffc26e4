//! Why a document was found: the fields that match and the marks in their texts.
//!
//! Our own, because it marks beginnings, folded letters, ends of phone numbers and corrected words alike.

use crate::search::cut::Cutter;
use crate::search::doc::{Doc, Value};
use crate::search::fold::{self, Class};
use crate::search::query::Query;
use crate::search::query::tree::{Atom, Tree};
use crate::search::schema::{Schema, Shape};
use crate::search::tokens::{Form, Token, Tokens};

/// Texts of one document that are explained.
const MATCHES_MAX: usize = 20;

/// A text of a document in which the query was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Match {
    pub field: &'static str,
    pub label: &'static str,
    pub text: String,
    /// Bytes of `text` to mark, in order and apart.
    pub ranges: Vec<(usize, usize)>,
}

/// The bytes of a field's text to mark, in order and apart. Take the query of the answer: it has the corrections.
pub fn ranges(text: &str, query: &Query, field: &str) -> Vec<(usize, usize)> {
    let Some(place) = query.schema().field_place(field) else { return Vec::new() };
    let mut wanted = Vec::new();
    positive(query.tree(), &mut wanted);
    if wanted.is_empty() {
        return Vec::new();
    }
    let tokens = tokens_of(text, query.schema(), place);
    let mut found = Vec::new();
    for atom in &wanted {
        mark(text, &tokens, place, atom, &mut found);
    }
    merge(found)
}

/// The texts of a document that the query was found in.
pub fn explain(doc: &Doc, query: &Query) -> Vec<Match> {
    let mut matches = Vec::new();
    for (name, value) in &doc.values {
        let Value::Text(text) = value else { continue };
        let Some(def) = query.schema().field(name) else { continue };
        let ranges = ranges(text, query, name);
        if !ranges.is_empty() && matches.len() < MATCHES_MAX {
            matches.push(Match { field: def.name, label: def.label, text: text.clone(), ranges });
        }
    }
    matches
}

/// A folded word as a document writes it.
pub(crate) fn written(doc: &Doc, word: &str, schema: &Schema) -> Option<String> {
    doc.values.iter().find_map(|(name, value)| {
        let Value::Text(text) = value else { return None };
        let tokens = tokens_of(text, schema, schema.field_place(name)?);
        let (token, _) = tokens.iter().find(|(token, text)| token.is_word(text, word))?;
        text.get(token.source.start as usize..token.source.end as usize).map(str::to_owned)
    })
}

fn tokens_of(text: &str, schema: &Schema, field: u16) -> Tokens {
    let mut tokens = Tokens::default();
    let Some(def) = schema.field_at(field) else { return tokens };
    let mut cutter = Cutter::default();
    tokens.begin(field, def.boxed, def.private);
    match def.shape {
        Shape::Word { .. } | Shape::Keyword => tokens.keyword(&mut cutter, text),
        Shape::Phone => tokens.phone(text),
        Shape::Email => tokens.email(&mut cutter, text, 0, true),
        Shape::Code => tokens.code(&mut cutter, text),
        _ => tokens.text(&mut cutter, text, true),
    }
    tokens
}

/// The conditions that a document was found by, not those it was spared by.
fn positive<'a>(tree: &'a Tree, out: &mut Vec<Wanted<'a>>) {
    match tree {
        Tree::Is(atom) => out.push(Wanted::Atom(atom)),
        Tree::And(all) | Tree::Or(all) => all.iter().for_each(|t| positive(t, out)),
        Tree::Typed(typed) if typed.instead.is_empty() => positive(&typed.tree, out),
        Tree::Typed(typed) => out.extend(typed.instead.iter().map(|word| Wanted::Word(word))),
        Tree::All | Tree::Nothing | Tree::Not(_) => {}
    }
}

enum Wanted<'a> {
    Atom(&'a Atom),
    /// A word that stands in for a mistyped one.
    Word(&'a str),
}

fn mark(text: &str, tokens: &Tokens, field: u16, wanted: &Wanted<'_>, found: &mut Vec<(usize, usize)>) {
    let atom = match wanted {
        Wanted::Word(word) => {
            let hits = tokens.iter().filter(|(token, t)| token.is_word(t, word));
            found.extend(hits.map(|(token, t)| place_in(text, token, t, t.len())));
            return;
        }
        Wanted::Atom(atom) => atom,
    };
    for (token, t) in tokens.iter() {
        let matched = match atom {
            Atom::Word(word) => token.is_word(t, word).then_some(t.len()),
            Atom::Prefix(start) => token.starts_with(t, start).then_some(start.len()),
            Atom::Key(of, key) => (token.keyed && *of == field && t == key).then_some(t.len()),
            Atom::KeyPrefix(of, start) => {
                (token.keyed && *of == field && t.starts_with(start.as_str())).then_some(start.len())
            }
            Atom::Phrase(words) => {
                let boxed = |t: &Token| t.boxed && matches!(t.form, Form::Word | Form::Dense);
                mark_phrase(text, tokens, words, token, t, boxed, found);
                None
            }
            Atom::KeyPhrase(of, words) if *of == field => {
                mark_phrase(text, tokens, words, token, t, |t| t.running, found);
                None
            }
            _ => None,
        };
        found.extend(matched.map(|len| place_in(text, token, t, len)));
    }
}

/// Marks words that follow each other, when they begin with this token.
fn mark_phrase(
    text: &str,
    tokens: &Tokens,
    words: &[String],
    token: &Token,
    token_text: &str,
    fits: impl Fn(&Token) -> bool,
    found: &mut Vec<(usize, usize)>,
) {
    if !fits(token) || words.first().is_none_or(|first| first != token_text) {
        return;
    }
    let mut places = Vec::new();
    for (step, word) in (0..).zip(words) {
        let at = token.position + step;
        let next = tokens.iter().find(|(t, text)| fits(t) && t.position == at && text == word);
        let Some((next, next_text)) = next else { return };
        places.push(place_in(text, next, next_text, next_text.len()));
    }
    found.extend(places);
}

/// The bytes of the source behind the first `len` bytes of a token.
fn place_in(text: &str, token: &Token, token_text: &str, len: usize) -> (usize, usize) {
    let (from, to) = (token.source.start as usize, token.source.end as usize);
    let source = text.get(from..to).unwrap_or_default();
    let wanted = token_text.get(..len).unwrap_or(token_text);
    for reading in [Reading::Signs, Reading::Plain, Reading::Long] {
        let letters = read(source, reading);
        let folded: String = letters.iter().map(|(folded, _, _)| folded.as_str()).collect();
        // A number without its country may carry a zero that is not written.
        let start = match folded.find(token_text) {
            // The end of a number stands at its end, and may stand earlier too.
            Some(_) if token.form == Form::End => folded.rfind(token_text).map(|at| (at, wanted.len())),
            Some(at) => Some((at, wanted.len())),
            None if token.form == Form::Start => token_text
                .strip_prefix('0')
                .and_then(|rest| folded.rfind(rest))
                .map(|at| (at, wanted.len().saturating_sub(1))),
            None => None,
        };
        if let Some((at, len)) = start {
            return bytes_of(&letters, at, len).map_or((from, to), |(a, b)| (from + a, from + b));
        }
    }
    (from, to)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// With the signs between letters, as addresses are read.
    Signs,
    Plain,
    /// With `ue` for `ü`.
    Long,
}

/// The folded letters of a source, each with its bytes.
fn read(source: &str, reading: Reading) -> Vec<(String, usize, usize)> {
    let mut letters = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..) {
        let (mut plain, mut long) = (String::new(), String::new());
        let Some(cluster) = fold::next_cluster(rest, &mut plain, &mut long) else { break };
        let sign = matches!(cluster.class, Class::Joiner | Class::Gap) && reading == Reading::Signs;
        if sign {
            plain.extend(rest.chars().next().filter(char::is_ascii));
        }
        let folded = if reading == Reading::Long { long } else { plain };
        if !folded.is_empty() {
            letters.push((folded, at, at + cluster.len));
        }
        at += cluster.len;
    }
    letters
}

/// The source bytes of a range of folded bytes.
fn bytes_of(letters: &[(String, usize, usize)], from: usize, len: usize) -> Option<(usize, usize)> {
    let (mut at, mut start, mut end) = (0, None, None);
    for (folded, first, last) in letters {
        if at + folded.len() > from && at < from + len {
            start = start.or(Some(*first));
            end = Some(*last);
        }
        at += folded.len();
    }
    start.zip(end)
}

/// Ranges in order, touching ones put together.
fn merge(mut ranges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    ranges.retain(|(from, to)| from < to);
    ranges.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (from, to) in ranges {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
