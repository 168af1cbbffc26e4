//! The tokens of a document's texts: what the index holds and what a pending document is matched by.

use crate::search::cut::{Cutter, Part, fold_email, short};
use crate::search::fold;
use crate::search::phone;
use std::ops::Range;

/// How a token is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a whole and by its beginning.
    Word,
    /// As a whole only: one or two characters of a script without blanks.
    Dense,
    /// By its beginning of four digits and more: a phone number.
    Start,
    /// By all of it only: the end of a phone number.
    End,
}

/// The shortest beginning by which a phone number is found.
pub(crate) const PHONE_MIN: usize = 4;
/// Tokens of one document; what comes after is not found. An order of a thousand lines has some 10,000.
const TOKENS_MAX: usize = 20_000;
/// Positions between two values, so that no phrase spans them.
const VALUE_GAP: u32 = 10;

#[derive(Clone, Debug)]
pub(crate) struct Token {
    text: Range<u32>,
    /// Bytes of the source value.
    pub(crate) source: Range<u32>,
    /// Counts words, for phrases.
    pub(crate) position: u32,
    pub(crate) field: u16,
    pub(crate) form: Form,
    /// Found by the plain box.
    pub(crate) boxed: bool,
    /// Found by `field:value`.
    pub(crate) keyed: bool,
    /// A word of running text, which can be part of a phrase.
    pub(crate) running: bool,
    /// Of a field that some readers do not see.
    pub(crate) private: bool,
}

/// The tokens of a document, in the order of their positions.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    buffer: String,
    list: Vec<Token>,
    position: u32,
    field: u16,
    boxed: bool,
    running: bool,
    private: bool,
}

impl Tokens {
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.list.clear();
        self.position = 0;
    }
    /// Says to which field the next value's tokens belong.
    pub(crate) fn begin(&mut self, field: u16, boxed: bool, private: bool) {
        (self.field, self.boxed, self.private) = (field, boxed, private);
        self.position += VALUE_GAP;
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Token, &str)> {
        self.list.iter().map(|token| (token, self.text_of(token)))
    }
    pub(crate) fn text_of(&self, token: &Token) -> &str {
        self.buffer.get(token.text.start as usize..token.text.end as usize).unwrap_or_default()
    }
    pub(crate) fn at(&self, place: u32) -> Option<(&Token, &str)> {
        self.list.get(place as usize).map(|token| (token, self.text_of(token)))
    }
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    fn push(&mut self, text: &str, source: &Range<usize>, form: Form, keyed: bool) {
        if text.is_empty() || self.list.len() >= TOKENS_MAX || !(self.boxed || keyed) {
            return;
        }
        let from = self.buffer.len();
        self.buffer.push_str(text);
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.list.push(Token {
            text: narrow(from)..narrow(self.buffer.len()),
            source: narrow(source.start)..narrow(source.end),
            position: self.position,
            field: self.field,
            form,
            boxed: self.boxed,
            keyed,
            running: self.running,
            private: self.private,
        });
    }

    /// Running text; addresses in it are found as such.
    pub(crate) fn text(&mut self, cutter: &mut Cutter, text: &str, keyed: bool) {
        self.running = true;
        for (start, chunk) in chunks(text) {
            if chunk.contains(['@', '\u{ff20}']) {
                self.email(cutter, chunk, start, keyed);
            } else {
                self.groups(cutter, chunk, start, Group { keyed, ..Group::default() });
            }
        }
        self.running = false;
    }

    /// An address: as a whole, from its `@`, and the words in it.
    pub(crate) fn email(&mut self, cutter: &mut Cutter, text: &str, start: usize, keyed: bool) {
        let whole = fold_email(text);
        let source = start..start + text.len();
        if let Some(at) = whole.rfind('@').filter(|at| *at > 0) {
            self.push(whole.get(at..).unwrap_or_default(), &source, Form::Word, keyed);
        }
        self.push(&whole, &source, Form::Word, keyed);
        let domain = text.rfind(['@', '\u{ff20}']).unwrap_or(text.len());
        let (local, domain) = text.split_at_checked(domain).unwrap_or((text, ""));
        self.groups(cutter, local, start, Group { keyed, ..Group::default() });
        // Nobody writes a domain without its points, so its parts are enough.
        self.groups(cutter, domain, start + local.len(), Group { keyed, apart: true, ..Group::default() });
    }

    /// A code: without its separators, its parts, and without leading zeros.
    pub(crate) fn code(&mut self, cutter: &mut Cutter, text: &str) {
        let mut joined = String::new();
        let mut at = 0;
        while let Some(next) = cutter.next_group(text, at) {
            for part in cutter.parts() {
                joined.push_str(cutter.plain(part));
            }
            at = next;
        }
        let joined = short(&joined);
        let source = 0..text.len();
        self.push(joined, &source, Form::Word, true);
        let bare = joined.trim_start_matches('0');
        if bare.len() != joined.len() {
            self.push(bare, &source, Form::Word, true);
        }
        if self.boxed {
            // By its key it is known which words a reader may not find who does not see the field.
            let keyed = self.private;
            for (start, chunk) in chunks(text) {
                self.groups(cutter, chunk, start, Group { code: true, keyed, ..Group::default() });
            }
        }
    }

    /// A phone number: beginnings in three habits of writing it, and every end of four digits and more.
    pub(crate) fn phone(&mut self, text: &str) {
        let source = 0..text.len();
        let Some(number) = phone::read(text) else { return };
        if number.digits.len() < PHONE_MIN {
            self.push(&number.digits, &source, Form::Word, true);
            return;
        }
        self.push(&number.digits, &source, Form::Start, true);
        if number.national.len() >= PHONE_MIN {
            let trunk = format!("0{}", number.national);
            for habit in [trunk.as_str(), number.national.as_str()] {
                if habit != number.digits {
                    self.push(habit, &source, Form::Start, true);
                }
            }
        }
        for from in 1..=number.digits.len().saturating_sub(PHONE_MIN) {
            let end = number.digits.get(from..).unwrap_or_default();
            if end != number.national {
                self.push(end, &source, Form::End, true);
            }
        }
    }

    /// A keyword: exact for its field, words for the box.
    pub(crate) fn keyword(&mut self, cutter: &mut Cutter, text: &str) {
        let boxed = std::mem::replace(&mut self.boxed, false);
        self.push(short(&fold::fold_key(text)), &(0..text.len()), Form::Word, true);
        self.boxed = boxed;
        if boxed {
            self.text(cutter, text, false);
        }
    }

    /// The groups of a text without blanks.
    fn groups(&mut self, cutter: &mut Cutter, text: &str, start: usize, group: Group) {
        let Group { keyed, code, apart } = group;
        let mut at = 0;
        while let Some(next) = cutter.next_group(text, at) {
            at = next;
            let place = |r: &Range<usize>| r.start + start..r.end + start;
            if let Some((joined, source)) = cutter.joined().filter(|_| !apart) {
                self.push(joined, &place(&source), Form::Word, keyed);
            }
            for part in cutter.parts() {
                if part.dense {
                    self.dense(cutter, part, start, keyed);
                } else {
                    self.word(cutter, part, &place(&part.source), keyed, code);
                }
            }
        }
    }

    fn word(&mut self, cutter: &Cutter, part: &Part, source: &Range<usize>, keyed: bool, code: bool) {
        let plain = cutter.plain(part);
        self.push(plain, source, Form::Word, keyed);
        if let Some(long) = cutter.long(part) {
            self.push(long, source, Form::Word, keyed);
        }
        if code {
            let bare = plain.trim_start_matches('0');
            if bare.len() != plain.len() {
                self.push(bare, source, Form::Word, keyed);
            }
        } else if !plain.is_ascii() {
            let mut latin = String::new();
            if fold::in_latin(plain, &mut latin) {
                self.push(short(&latin), source, Form::Word, keyed);
            }
        }
        self.position += 1;
    }

    fn dense(&mut self, cutter: &Cutter, part: &Part, start: usize, keyed: bool) {
        let mut pairs = cutter.pairs(part);
        for (one, source) in cutter.characters(part) {
            self.push(one, &(source.start + start..source.end + start), Form::Dense, keyed);
            if let Some((pair, source)) = pairs.next() {
                self.push(pair, &(source.start + start..source.end + start), Form::Dense, keyed);
            }
            self.position += 1;
        }
    }
}

/// What the groups of a text become.
#[derive(Clone, Copy, Default)]
struct Group {
    keyed: bool,
    /// Parts also without leading zeros.
    code: bool,
    /// Parts are not joined.
    apart: bool,
}

/// The pieces of a text between blanks, with their first byte.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let from = rest.find(|c: char| !is_blank(c))?;
        let word = rest.get(from..)?;
        let len = word.find(is_blank).unwrap_or(word.len());
        let start = at + from;
        at = start + len;
        word.get(..len).map(|chunk| (start, chunk))
    })
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(fill: impl Fn(&mut Tokens, &mut Cutter)) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokens.begin(0, true, false);
        fill(&mut tokens, &mut Cutter::default());
        tokens.iter().map(|(_, text)| text.to_owned()).collect()
    }

    #[test]
    fn words_come_with_their_other_forms() {
        assert_eq!(
            tokens(|t, c| t.text(c, "Jörg O'Neil Иванов 東京", true)),
            ["jorg", "joerg", "oneil", "o", "neil", "иванов", "ivanov", "東", "東京", "京"]
        );
    }

    #[test]
    fn an_address_is_found_whole_by_its_domain_and_by_its_words() {
        let all = tokens(|t, c| t.email(c, "Anna_B@example.com", 0, true));
        for wanted in ["anna_b@example.com", "@example.com", "anna", "annab", "example", "com"] {
            assert!(all.iter().any(|t| t == wanted), "{wanted} in {all:?}");
        }
    }

    #[test]
    fn a_code_is_found_without_separators_and_zeros() {
        let all = tokens(|t, c| t.code(c, "#00 RJ-M-NVY"));
        for wanted in ["00rjmnvy", "rjmnvy", "nvy"] {
            assert!(all.iter().any(|t| t == wanted), "{wanted} in {all:?}");
        }
    }
}
