//! The tokenizer of the index: terms are made by us and only read apart here.
//!
//! A text is a sequence of lines: one character that says how many words on the term stands, the term, a line feed.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name by which the fields ask for it.
pub(crate) const NAME: &str = "lines";
/// Steps further than this read as this.
const STEP_MAX: u32 = 60;

/// Adds the head of a line that stands `step` words after the one before.
pub(crate) fn begin(out: &mut String, step: u32) {
    out.push(char::from_u32(0x20 + step.min(STEP_MAX)).unwrap_or(' '));
}

/// Ends a line.
pub(crate) fn end(out: &mut String) {
    out.push('\n');
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    token: Token,
}

impl Tokenizer for Lines {
    type TokenStream<'a> = LineStream<'a>;
    fn token_stream<'a>(&'a mut self, text: &'a str) -> LineStream<'a> {
        self.token.reset();
        self.token.position = 0;
        LineStream { rest: text, token: &mut self.token }
    }
}

#[derive(Debug)]
pub(crate) struct LineStream<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl TokenStream for LineStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((line, rest)) = self.rest.split_once('\n') else { return false };
        let Some((head, term)) = line.split_at_checked(1) else { return false };
        let step = head.bytes().next().map_or(0, |b| usize::from(b.saturating_sub(0x20)));
        self.rest = rest;
        self.token.position += step;
        self.token.text.clear();
        self.token.text.push_str(term);
        true
    }
    fn token(&self) -> &Token {
        self.token
    }
    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
