//! The terms by which one field is searched by itself. Most are a word of the plain box with its field before it: such a term is known
//! by the number of its word, and its text is put together when it is written.

use super::log::{Docs, Log};
use super::texts::{Texts, sorted, start_of};
use crate::search::index::entries::Mark;
use crate::search::index::layout::{ASIDE_BYTE, sign};
use crate::search::schema::FIELDS_MAX;
use std::cmp::Ordering;

/// No term.
const NONE: u32 = u32::MAX;

/// Where the text of a term is.
#[derive(Clone, Copy)]
enum Whose {
    /// A word with a field; `before` is the last term but this one that was made of it.
    Word {
        word: u32,
        field: u16,
        before: u32,
    },
    Text(u32),
}

/// The terms of documents, in the order in which they came.
pub(super) struct Keys {
    log: Log,
    terms: Vec<Whose>,
    /// The last term that was made of each word.
    of_word: Vec<u32>,
    texts: Texts,
    /// The term of each text.
    of_text: Vec<u32>,
    /// The terms of the marks, kind by kind: of the kind itself, then of its fields.
    of_mark: Vec<u32>,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            log: Log::new(false),
            terms: Vec::new(),
            of_word: Vec::new(),
            texts: Texts::default(),
            of_text: Vec::new(),
            of_mark: Vec::new(),
        }
    }
    /// What follows is of the next document.
    pub(super) fn begin(&mut self) {
        self.log.begin();
    }
    /// The number that the next new term has.
    fn next(&self) -> u32 {
        u32::try_from(self.terms.len()).unwrap_or(NONE)
    }
    /// Adds the term of a word in a field.
    pub(super) fn add_word(&mut self, word: u32, field: u16) {
        let place = word as usize;
        if self.of_word.len() <= place {
            self.of_word.resize(place + 1, NONE);
        }
        let last = self.of_word.get(place).copied().unwrap_or(NONE);
        let mut at = last;
        while let Some(Whose::Word { field: of, before, .. }) = self.terms.get(at as usize) {
            if *of == field {
                return self.log.add(at);
            }
            at = *before;
        }
        let number = self.next();
        self.terms.push(Whose::Word { word, field, before: last });
        if let Some(slot) = self.of_word.get_mut(place) {
            *slot = number;
        }
        self.log.add(number);
    }
    /// Adds a term that is made of no word.
    pub(super) fn add(&mut self, term: &[u8]) {
        let number = self.number(term);
        self.log.add(number);
    }
    /// Adds a mark. Every document has dozens, and there are few.
    pub(super) fn add_mark(&mut self, kind: u8, mark: Mark) {
        let place = match mark {
            Mark::Kind => 0,
            Mark::Has(field) => usize::from(field) + 1,
        };
        let place = usize::from(kind) * (FIELDS_MAX + 1) + place;
        if self.of_mark.len() <= place {
            self.of_mark.resize(place + 1, NONE);
        }
        let mut number = self.of_mark.get(place).copied().unwrap_or(NONE);
        if number == NONE {
            let mut text = String::new();
            mark.write(kind, &mut text);
            number = self.number(text.as_bytes());
            if let Some(slot) = self.of_mark.get_mut(place) {
                *slot = number;
            }
        }
        self.log.add(number);
    }
    /// The number of the term of a text.
    fn number(&mut self, term: &[u8]) -> u32 {
        let text = self.texts.number(term);
        if self.of_text.len() == text as usize {
            self.of_text.push(self.next());
            self.terms.push(Whose::Text(text));
        }
        self.of_text.get(text as usize).copied().unwrap_or(NONE)
    }
    /// How many times a document has a term.
    pub(super) fn postings(&self) -> usize {
        self.log.len()
    }
    /// Bytes of memory, with what writing will need.
    pub(super) fn bytes(&self) -> usize {
        let terms = self.terms.len() * (size_of::<Whose>() + 40);
        terms + self.of_word.len() * 4 + self.of_text.len() * 4 + self.texts.memory() + self.log.bytes()
    }
    /// Gives every term, in alphabetical order, with its documents: each once, where they stand in this order. `words` are the
    /// words that the numbers are of.
    ///
    /// # Errors
    /// What `take` returns.
    pub(super) fn write<E>(
        self,
        words: &Texts,
        order: &[u32],
        mut take: impl FnMut(&[u8], &[u32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { log, terms, texts, .. } = self;
        let texts = texts.closed();
        let docs: Docs = log.turned(terms.len(), order);
        let parts = |number: u32| match terms.get(number as usize) {
            Some(Whose::Word { word, field, .. }) => Parts::of(words.get(*word), *field),
            Some(Whose::Text(text)) => Parts { start: [0; 4], len: 0, rest: texts.get(*text) },
            None => Parts { start: [0; 4], len: 0, rest: &[] },
        };
        let start = |number| start_of(parts(number).bytes());
        let (mut text, mut next, mut once) = (Vec::new(), Vec::new(), Vec::new());
        for number in sorted(terms.len(), start, |a, b| parts(a).compare(&parts(b))) {
            next.clear();
            next.extend(parts(number).bytes());
            // One that was added in both ways is one term.
            if next != text {
                if !text.is_empty() {
                    take(&text, &once)?;
                }
                std::mem::swap(&mut text, &mut next);
                once.clear();
            }
            once.extend(docs.of(number));
            once.sort_unstable();
            once.dedup();
        }
        if !text.is_empty() {
            take(&text, &once)?;
        }
        Ok(())
    }
}

/// The text of a term.
struct Parts<'a> {
    /// The letter of the kind and the sign of the field, where it is made of a word.
    start: [u8; 4],
    len: usize,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Of a word with the letter of its kind before it.
    fn of(word: &'a [u8], field: u16) -> Self {
        let Some((kind, word)) = word.split_first() else {
            return Self { start: [0; 4], len: 0, rest: word };
        };
        if let Some(aside) = word.strip_prefix(&[ASIDE_BYTE]) {
            // A word of this field alone: its sign is there already.
            return Self { start: [*kind, 0, 0, 0], len: 1, rest: aside };
        }
        let (mut start, mut sign_bytes) = ([*kind, 0, 0, 0], [0; 4]);
        let sign_bytes = sign(field).encode_utf8(&mut sign_bytes).as_bytes();
        for (slot, byte) in start.iter_mut().skip(1).zip(sign_bytes) {
            *slot = *byte;
        }
        Self { start, len: 1 + sign_bytes.len(), rest: word }
    }
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.start.iter().take(self.len).chain(self.rest).copied()
    }
    fn compare(&self, other: &Self) -> Ordering {
        // Mostly of one field, or both of none.
        if (self.start, self.len) == (other.start, other.len) {
            return self.rest.cmp(other.rest);
        }
        self.bytes().cmp(other.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn terms_of_words_and_others_come_in_one_order_with_their_documents() {
        let mut words = Texts::default();
        let mut keys = Keys::new();
        let mut expected: BTreeMap<Vec<u8>, Vec<u32>> = BTreeMap::new();
        for doc in 0..400_u32 {
            keys.begin();
            for (field, word) in
                [(3, format!("w{}", doc % 50)), (4, format!("w{}", doc % 7)), (3, "w1".into())]
            {
                let number = words.number(format!("!{word}").as_bytes());
                keys.add_word(number, field);
                expected.entry(format!("!{}{word}", sign(field)).into_bytes()).or_default().push(399 - doc);
            }
            // A word that the box does not search.
            let aside = format!("!~{}aside and long enough {}", sign(9), doc % 3);
            keys.add_word(words.number(aside.as_bytes()), 9);
            expected.entry(aside.replacen('~', "", 1).into_bytes()).or_default().push(399 - doc);
            keys.add_mark(0, Mark::Has(3));
            expected.entry(format!("!\u{7f}{}", sign(3)).into_bytes()).or_default().push(399 - doc);
            // The last one is made of a word, too.
            for text in [format!("!{}w1x{}", sign(3), doc % 5), "!".to_owned(), format!("!{}w5", sign(4))] {
                keys.add(text.as_bytes());
                expected.entry(text.into_bytes()).or_default().push(399 - doc);
            }
        }
        for docs in expected.values_mut() {
            docs.sort_unstable();
            docs.dedup();
        }
        let order: Vec<u32> = (0..400).rev().collect();
        let mut written = Vec::new();
        let ended = keys.write(&words, &order, |text, docs| {
            written.push((text.to_vec(), docs.to_vec()));
            Ok::<(), ()>(())
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(written, expected.into_iter().collect::<Vec<_>>());
    }
}
