//! Cutting text into groups of parts: `O’Neil-Smith` is one group of three parts, also read as one word.

use crate::search::fold::{self, Class, Cluster};
use std::ops::Range;

/// Letters counted of a word; the rest tells nothing apart.
pub(crate) const WORD_CHARS_MAX: usize = 64;
/// Parts that are joined into one word; a longer chain is a list or a path.
const JOINED_PARTS_MAX: usize = 8;

/// A run of letters and digits, or of characters of a script without blanks.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    plain: Range<usize>,
    long: Range<usize>,
    pub(crate) dense: bool,
    /// Bytes of the source.
    pub(crate) source: Range<usize>,
}

/// Cuts one text; its buffers are used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    plain: String,
    long: String,
    parts: Vec<Part>,
    /// The bytes of each dense character of the group: folded and in the source.
    dense: Vec<(Range<usize>, Range<usize>)>,
}

impl Cutter {
    /// Reads the next group of `text` from byte `at` and gives the byte after it; `None` at the end.
    pub(crate) fn next_group(&mut self, text: &str, at: usize) -> Option<usize> {
        self.plain.clear();
        self.long.clear();
        self.parts.clear();
        self.dense.clear();
        let mut at = at;
        let mut open = false;
        loop {
            let (plain_from, long_from) = (self.plain.len(), self.long.len());
            let next =
                text.get(at..).and_then(|rest| fold::next_cluster(rest, &mut self.plain, &mut self.long));
            let Some(Cluster { class, len }) = next else {
                return if self.parts.is_empty() { None } else { Some(at) };
            };
            let source = at..at + len;
            at += len;
            match class {
                Class::Word | Class::Dense => {
                    self.add(class == Class::Dense, open, plain_from, long_from, source);
                    open = true;
                }
                Class::Joiner => open = false,
                Class::Gap if self.parts.is_empty() => {}
                Class::Gap => return Some(at),
                Class::Nothing => {}
            }
        }
    }

    fn add(&mut self, dense: bool, open: bool, plain: usize, long: usize, source: Range<usize>) {
        if dense {
            self.dense.push((plain..self.plain.len(), source.clone()));
        }
        match self.parts.last_mut() {
            Some(part) if open && part.dense == dense => {
                part.plain.end = self.plain.len();
                part.long.end = self.long.len();
                part.source.end = source.end;
            }
            _ => self.parts.push(Part {
                plain: plain..self.plain.len(),
                long: long..self.long.len(),
                dense,
                source,
            }),
        }
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
    /// The folded text of a part.
    pub(crate) fn plain(&self, part: &Part) -> &str {
        short(self.plain.get(part.plain.clone()).unwrap_or_default())
    }
    /// The part with `ue` for `ü`, where that differs.
    pub(crate) fn long(&self, part: &Part) -> Option<&str> {
        let long = short(self.long.get(part.long.clone()).unwrap_or_default());
        (long != self.plain(part)).then_some(long)
    }
    /// All parts as one word, where there are several that belong together.
    pub(crate) fn joined(&self) -> Option<(&str, Range<usize>)> {
        let (first, last) = (self.parts.first()?, self.parts.last()?);
        let joins = (2..=JOINED_PARTS_MAX).contains(&self.parts.len()) && !self.parts.iter().any(|p| p.dense);
        joins.then(|| (short(&self.plain), first.source.start..last.source.end))
    }
    /// The characters of a dense part, folded, with their place in the source.
    pub(crate) fn characters(&self, part: &Part) -> impl Iterator<Item = (&str, Range<usize>)> {
        let within = part.plain.clone();
        self.dense
            .iter()
            .filter(move |(folded, _)| within.start <= folded.start && folded.end <= within.end)
            .map(|(folded, source)| (self.plain.get(folded.clone()).unwrap_or_default(), source.clone()))
    }
    /// The folded text of two characters that follow each other.
    pub(crate) fn pairs(&self, part: &Part) -> impl Iterator<Item = (&str, Range<usize>)> {
        let within = part.plain.clone();
        let inside = move |r: &Range<usize>| within.start <= r.start && r.end <= within.end;
        self.dense.windows(2).filter_map(move |two| match two {
            [(a, from), (b, to)] if inside(a) && inside(b) => {
                Some((self.plain.get(a.start..b.end).unwrap_or_default(), from.start..to.end))
            }
            _ => None,
        })
    }
}

/// The first letters of a word.
pub(crate) fn short(word: &str) -> &str {
    match word.char_indices().nth(WORD_CHARS_MAX) {
        Some((end, _)) => word.get(..end).unwrap_or(word),
        None => word,
    }
}

/// An e-mail address, or the part of one, folded with its signs kept; empty for what has no letters.
pub(crate) fn fold_email(text: &str) -> String {
    let (mut plain, mut long) = (String::with_capacity(text.len()), String::new());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(cluster) = fold::next_cluster(rest, &mut plain, &mut long) else { break };
        if matches!(cluster.class, Class::Joiner | Class::Gap) {
            let sign = rest.chars().next().map_or('.', |c| if c == '\u{ff20}' { '@' } else { c });
            if cluster.class == Class::Joiner || sign == '@' {
                plain.push(if sign.is_ascii() { sign } else { '-' });
            }
        }
        at += cluster.len;
    }
    let bare = plain.trim_matches(|c: char| c != '@' && c.is_ascii_punctuation() && c != '_');
    short(bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut cutter = Cutter::default();
        let (mut at, mut out) = (0, Vec::new());
        while let Some(next) = cutter.next_group(text, at) {
            let parts: Vec<&str> = cutter.parts().iter().map(|p| cutter.plain(p)).collect();
            let joined = cutter.joined().map_or(String::new(), |(j, _)| format!("={j}"));
            out.push(format!("{}{joined}", parts.join("|")));
            at = next;
        }
        out
    }

    #[test]
    fn joiners_separate_and_join() {
        assert_eq!(cut("O’Neil, d´oeste RJ-M-NVY"), ["o|neil=oneil", "d|oeste=doeste", "rj|m|nvy=rjmnvy"]);
        assert_eq!(cut("  -- Anna--Berg.  "), ["anna|berg=annaberg"]);
        assert_eq!(cut(""), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_blanks_are_parts_of_their_own() {
        assert_eq!(cut("iPhone手机壳15"), ["iphone|手机壳|15"]);
        let mut cutter = Cutter::default();
        cutter.next_group("東京都", 0);
        let part = cutter.parts()[0].clone();
        let pairs: Vec<_> = cutter.pairs(&part).map(|(p, r)| (p.to_owned(), r)).collect();
        assert_eq!(pairs, [("東京".to_owned(), 0..6), ("京都".to_owned(), 3..9)]);
    }

    #[test]
    fn an_address_keeps_its_signs() {
        assert_eq!(fold_email("<Anna_B+shop@Exämple.de>,"), "anna_b+shop@example.de");
        assert_eq!(fold_email("@example.com"), "@example.com");
        assert_eq!(fold_email("anna@"), "anna@");
    }
}
