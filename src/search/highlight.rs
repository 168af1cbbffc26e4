//! Why a document was found: the fields that match and the marks in their texts.
//!
//! Our own, because it marks beginnings, folded letters, ends of phone numbers and corrected words alike.

use crate::search::cut::Cutter;
use crate::search::doc::{Doc, Value};
use crate::search::fold::{self, Class};
use crate::search::query::Query;
use crate::search::query::tree::{Atom, Tree};
use crate::search::schema::{FieldDef, Schema, Shape};
use crate::search::tokens::{Form, Token, Tokens};
use std::ops::RangeInclusive;

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
    match query.schema().field_place(field) {
        Some(place) => Marker::new(query).ranges(text, place),
        None => Vec::new(),
    }
}

/// The texts of a document that the query was found in.
pub fn explain(doc: &Doc, query: &Query) -> Vec<Match> {
    matches(doc, query).take(MATCHES_MAX).collect()
}

/// The same one by one; no more texts are looked at than are taken.
pub fn matches<'a>(doc: &'a Doc, query: &'a Query) -> impl Iterator<Item = Match> + 'a {
    let mut marker = Marker::new(query);
    doc.values.iter().filter_map(move |(name, value)| {
        let place = query.schema().field_place(name)?;
        let def = query.schema().field_at(place)?;
        let (text, ranges) = match value {
            Value::Text(text) => (text.clone(), marker.ranges(text, place)),
            // Other numbers are shown nowhere as they are compared.
            Value::Money(money) if def.boxed => marker.whole(place, value.number()?, money.shown()),
            Value::Money(_) | Value::Number(_) => return None,
        };
        (!ranges.is_empty()).then_some(Match { field: def.name, label: def.label, text, ranges })
    })
}

/// Marks what a query was found by, in one text after another; its buffers are used again.
struct Marker<'a> {
    schema: &'a Schema,
    wanted: Vec<Wanted<'a>>,
    /// Fields of numbers, and the values of them that are asked for.
    amounts: Vec<(u16, RangeInclusive<i64>)>,
    /// The letters and digits that a text must have for the condition at the same place.
    needles: Vec<String>,
    letters: String,
    tokens: Tokens,
    cutter: Cutter,
}

impl<'a> Marker<'a> {
    fn new(query: &'a Query) -> Self {
        let mut wanted = Vec::new();
        positive(query.tree(), &mut wanted);
        let of_numbers = wanted.iter().filter_map(|wanted| match wanted {
            Wanted::Atom(Atom::Range(field, low, high)) => Some((*field, *low..=*high)),
            _ => None,
        });
        let amounts = of_numbers.collect();
        wanted.retain(Wanted::is_of_text);
        Self { amounts, ..Self::of(query.schema(), wanted) }
    }
    fn of(schema: &'a Schema, wanted: Vec<Wanted<'a>>) -> Self {
        let needles = wanted.iter().map(Wanted::needle).collect();
        let (letters, tokens, cutter) = (String::new(), Tokens::default(), Cutter::default());
        Self { schema, wanted, amounts: Vec::new(), needles, letters, tokens, cutter }
    }

    /// The text of a number, marked from its beginning to its end where the number is asked for.
    fn whole(&self, field: u16, number: i64, shown: String) -> (String, Vec<(usize, usize)>) {
        let is_asked = self.amounts.iter().any(|(of, between)| *of == field && between.contains(&number));
        let all = (0, shown.len());
        (shown, if is_asked { vec![all] } else { Vec::new() })
    }

    fn ranges(&mut self, text: &str, field: u16) -> Vec<(usize, usize)> {
        let Some(def) = self.schema.field_at(field) else { return Vec::new() };
        if !self.may_have_one(text, field, def) {
            return Vec::new();
        }
        self.tokens.clear();
        cut_into(&mut self.tokens, &mut self.cutter, text, field, def);
        let mut found = Vec::new();
        for wanted in &self.wanted {
            mark(text, &self.tokens, field, wanted, &mut found);
        }
        merge(found)
    }

    /// Whether cutting a text into its words can be worth it. Words of a text without accents are made of its letters
    /// and digits in their order; only phone numbers are found by digits that are not written, and by digits alone.
    fn may_have_one(&mut self, text: &str, field: u16, def: &FieldDef) -> bool {
        let of_field = |(wanted, _): &(&Wanted<'_>, &String)| wanted.is_of_field(field, def);
        let mut needles = self.wanted.iter().zip(&self.needles).filter(of_field).map(|(_, needle)| needle);
        if def.shape == Shape::Phone {
            return needles.any(|needle| needle.bytes().all(|b| b.is_ascii_digit()));
        }
        if !text.is_ascii() {
            return needles.next().is_some();
        }
        let letters = &mut self.letters;
        letters.clear();
        needles.any(|needle| {
            if letters.is_empty() {
                letters_of(text, letters);
            }
            letters.contains(needle.as_str())
        })
    }
}

fn letters_of(text: &str, out: &mut String) {
    out.extend(text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()));
}

/// A folded word as a document writes it.
pub(crate) fn written(doc: &Doc, word: &str, schema: &Schema) -> Option<String> {
    doc.values.iter().find_map(|(name, value)| {
        let Value::Text(text) = value else { return None };
        let field = schema.field_place(name)?;
        let mut tokens = Tokens::default();
        cut_into(&mut tokens, &mut Cutter::default(), text, field, schema.field_at(field)?);
        let (token, _) = tokens.iter().find(|(token, text)| token.is_word(text, word))?;
        text.get(token.source.start as usize..token.source.end as usize).map(str::to_owned)
    })
}

fn cut_into(tokens: &mut Tokens, cutter: &mut Cutter, text: &str, field: u16, def: &FieldDef) {
    tokens.begin(field, def.boxed, def.private);
    match def.shape {
        Shape::Word { .. } | Shape::Keyword => tokens.keyword(cutter, text),
        Shape::Phone => tokens.phone(text),
        Shape::Email => tokens.email(cutter, text, 0, true),
        Shape::Code => tokens.code(cutter, text),
        _ => tokens.text(cutter, text, true),
    }
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

impl Wanted<'_> {
    /// Whether it is found in a text at all, unlike a range of numbers.
    fn is_of_text(&self) -> bool {
        !matches!(
            self,
            Self::Atom(Atom::Has(_) | Atom::Range(..) | Atom::Time(..) | Atom::Kind(_) | Atom::Id(..))
        )
    }
    /// Whether texts of a field are looked at for it.
    fn is_of_field(&self, field: u16, def: &FieldDef) -> bool {
        match self {
            Self::Atom(Atom::Key(of, _) | Atom::KeyPrefix(of, _) | Atom::KeyPhrase(of, _)) => *of == field,
            Self::Word(_) | Self::Atom(_) => def.boxed,
        }
    }
    /// Letters and digits without which a text does not have it.
    fn needle(&self) -> String {
        let text = match self {
            Self::Word(word) => word,
            Self::Atom(
                Atom::Word(word) | Atom::Prefix(word) | Atom::Key(_, word) | Atom::KeyPrefix(_, word),
            ) => word.as_str(),
            Self::Atom(Atom::Phrase(words) | Atom::KeyPhrase(_, words)) => {
                words.first().map_or("", String::as_str)
            }
            Self::Atom(_) => "",
        };
        let mut letters = String::new();
        letters_of(text, &mut letters);
        letters
    }
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
        let (folded, letters) = read(source, reading);
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

/// A source folded, and of each of its letters the end in the folded text and the bytes in the source.
fn read(source: &str, reading: Reading) -> (String, Vec<(usize, usize, usize)>) {
    let (mut plain, mut long) = (String::new(), String::new());
    let mut letters = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..) {
        let Some(cluster) = fold::next_cluster(rest, &mut plain, &mut long) else { break };
        let sign = matches!(cluster.class, Class::Joiner | Class::Gap) && reading == Reading::Signs;
        if sign {
            plain.extend(rest.chars().next().filter(char::is_ascii));
        }
        let end = if reading == Reading::Long { long.len() } else { plain.len() };
        if letters.last().map_or(0, |(end, _, _)| *end) < end {
            letters.push((end, at, at + cluster.len));
        }
        at += cluster.len;
    }
    (if reading == Reading::Long { long } else { plain }, letters)
}

/// The source bytes of a range of folded bytes.
fn bytes_of(letters: &[(usize, usize, usize)], from: usize, len: usize) -> Option<(usize, usize)> {
    let (mut at, mut start, mut end) = (0, None, None);
    for (to, first, last) in letters {
        if *to > from && at < from + len {
            start = start.or(Some(*first));
            end = Some(*last);
        }
        at = *to;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::KindDef;
    use proptest::prelude::*;

    const SHAPES: [Shape; 6] =
        [Shape::Word { values: &[] }, Shape::Keyword, Shape::Text, Shape::Phone, Shape::Email, Shape::Code];

    fn field(shape: Shape) -> FieldDef {
        FieldDef {
            name: "field",
            aliases: &[],
            label: "",
            help: "",
            example: "",
            kinds: &["order"],
            shape,
            boxed: true,
            facet: false,
            sortable: false,
            private: false,
            none: "",
            naming: None,
        }
    }

    proptest! {
        /// No text is passed over that has what is wanted.
        #[test]
        fn a_text_with_a_word_is_cut(
            text in "[ -~]{0,40}|[ -~äß＠京\u{301}]{0,20}",
            at in any::<prop::sample::Index>(),
            shape in 0..6_usize,
        ) {
            let def = field(SHAPES[shape]);
            let mut tokens = Tokens::default();
            cut_into(&mut tokens, &mut Cutter::default(), &text, 0, &def);
            prop_assume!(tokens.len() > 0);
            let token = tokens.at(u32::try_from(at.index(tokens.len())).unwrap()).unwrap().1;
            let schema = Schema::new(vec![KindDef { name: "order", prefix: "ord", label: "" }], vec![def]).unwrap();
            for start in (1..=token.len()).filter_map(|len| token.get(..len)) {
                let atom = Atom::Prefix(start.to_owned());
                let mut marker = Marker::of(&schema, vec![Wanted::Atom(&atom)]);
                prop_assert!(marker.may_have_one(&text, 0, schema.field_at(0).unwrap()), "{start} in {text:?}");
            }
        }
    }

    #[test]
    fn a_text_without_the_word_is_not_cut() {
        let schema = Schema::new(vec![], vec![]).unwrap();
        let atom = Atom::Prefix("ann".to_owned());
        let mut marker = Marker::of(&schema, vec![Wanted::Atom(&atom)]);
        let (text, phone) = (field(Shape::Text), field(Shape::Phone));
        assert!(!marker.may_have_one("Berg & Co.", 0, &text));
        assert!(marker.may_have_one("Berg, A. N. N.", 0, &text));
        assert!(!marker.may_have_one("+49 30 1234567", 0, &phone), "no letters are dialled");
        assert!(
            !marker.may_have_one("ann", 0, &FieldDef { boxed: false, ..text }),
            "not searched by the box"
        );
        let atom = Atom::KeyPrefix(3, "ann".to_owned());
        let mut marker = Marker::of(&schema, vec![Wanted::Atom(&atom)]);
        assert!(marker.may_have_one("ann", 3, &text) && !marker.may_have_one("ann", 4, &text));
        let atom = Atom::Prefix("0049".to_owned());
        let mut marker = Marker::of(&schema, vec![Wanted::Atom(&atom)]);
        assert!(marker.may_have_one("+49 30 1234567", 0, &phone));
    }
}
