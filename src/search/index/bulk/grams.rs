//! The beginnings of words, made of the words: a beginning has the documents of all words that begin so.
//!
//! A document has a handful of words and hundreds of beginnings, which therefore are not gathered one by one.

use super::field::Field;
use super::texts::Turned;
use crate::search::index::layout::has_gram;
use crate::search::tokens::PHONE_MIN;
use std::io;

/// Stands before a term of the second list that is found by its beginnings of [`PHONE_MIN`] characters and more.
pub(super) const START: u8 = b'S';
/// Stands before one that is found as a whole.
pub(super) const WHOLE: u8 = b'W';

/// From which list a term is, and its number there.
#[derive(Clone, Copy)]
enum Item {
    Word(u32),
    Other(u32),
}

pub(super) struct Grams<'a, 'f> {
    words: &'a Turned,
    others: &'a Turned,
    items: Vec<Item>,
    out: &'a mut Field<'f>,
    docs: Vec<u32>,
    bits: Vec<u64>,
}

impl<'a, 'f> Grams<'a, 'f> {
    /// Writes all beginnings of ASCII words and what `others` says. `words` are the numbers of these words in their order;
    /// every term begins with the letter of its kind.
    pub(super) fn write(
        words: (&'a Turned, Vec<u32>),
        others: &'a Turned,
        docs: usize,
        out: &'a mut Field<'f>,
    ) -> io::Result<()> {
        let (words, numbers) = words;
        let mut this = Self {
            words,
            others,
            items: Vec::new(),
            out,
            docs: Vec::new(),
            bits: vec![0; docs.div_ceil(64)],
        };
        this.items.extend(numbers.into_iter().map(Item::Word));
        this.items.extend(others.sorted().into_iter().map(Item::Other));
        // Three runs that are sorted already.
        let mut items = std::mem::take(&mut this.items);
        items.sort_by(|a, b| this.text(*a).cmp(this.text(*b)));
        this.items = items;
        this.deeper(0, this.items.len(), 0)
    }

    fn text(&self, item: Item) -> &'a [u8] {
        match item {
            Item::Word(number) => self.words.text(number),
            Item::Other(number) => self.others.text(number).get(1..).unwrap_or_default(),
        }
    }
    fn at(&self, place: usize) -> &'a [u8] {
        self.items.get(place).map_or(&[], |item| self.text(*item))
    }
    /// The documents of an item under a beginning of it, which words may have or not; `len` counts the letter of the kind too.
    fn docs_under(&self, item: Item, len: usize, is_open: bool) -> &'a [u32] {
        match item {
            Item::Word(number) if is_open => self.words.docs.of(number),
            Item::Word(_) => &[],
            Item::Other(number) => {
                let (kind, text) = self.others.text(number).split_first().unwrap_or((&WHOLE, &[]));
                let fits = match *kind {
                    START => is_open && len > PHONE_MIN,
                    _ => text.len() == len,
                };
                if fits { self.others.docs.of(number) } else { &[] }
            }
        }
    }

    /// The items of a range share their first `shared` bytes: their next ones.
    fn deeper(&mut self, from: usize, to: usize, shared: usize) -> io::Result<()> {
        let mut at = from;
        while at < to && self.at(at).len() == shared {
            at += 1;
        }
        while at < to {
            let Some(byte) = self.at(at).get(shared).copied() else { break };
            let end = at + self.run(at, to, shared, byte);
            self.beginning(at, end, shared + 1)?;
            at = end;
        }
        Ok(())
    }

    /// How many items from `at` on have this byte at this place.
    fn run(&self, at: usize, to: usize, place: usize, byte: u8) -> usize {
        let has = |item: usize| self.at(item).get(place) == Some(&byte);
        // Mostly they are few; many are found by halving.
        let mut step = 1;
        while at + step < to && has(at + step) {
            step *= 2;
        }
        let (mut low, mut high) = (step / 2, step.min(to - at));
        while low + 1 < high {
            let middle = low.midpoint(high);
            if has(at + middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        high.max(1)
    }

    /// The items of a range share their first `shared` bytes: this beginning and the longer ones.
    fn beginning(&mut self, from: usize, to: usize, shared: usize) -> io::Result<()> {
        if to == from + 1 {
            return self.alone(from, shared);
        }
        let beginning = self.at(from).get(..shared).unwrap_or_default();
        let is_open = has_beginning(beginning);
        if shared > 1 {
            self.gather(from, to, shared, is_open);
            self.put(beginning)?;
        }
        // Longer ones than have a term are left, where nothing is found as a whole.
        if !is_open && !self.has_whole(from, to) {
            return Ok(());
        }
        self.deeper(from, to, shared)
    }

    /// All that is left of one item.
    fn alone(&mut self, place: usize, shared: usize) -> io::Result<()> {
        let Some(item) = self.items.get(place).copied() else { return Ok(()) };
        let text = self.text(item);
        let mut last: &[u32] = &[];
        for len in shared.max(2)..=text.len() {
            let beginning = text.get(..len).unwrap_or_default();
            let docs = self.docs_under(item, len, has_beginning(beginning));
            if docs.is_empty() {
                match item {
                    // No longer beginning of a word has a term either.
                    Item::Word(_) => break,
                    Item::Other(_) => continue,
                }
            }
            if !std::ptr::eq(docs, last) {
                self.docs.clear();
                self.docs.extend(docs);
                self.docs.dedup();
                last = docs;
            }
            self.put(beginning)?;
        }
        Ok(())
    }

    fn has_whole(&self, from: usize, to: usize) -> bool {
        let is_whole = |item: &Item| match item {
            Item::Word(_) => false,
            Item::Other(number) => self.others.text(*number).first() == Some(&WHOLE),
        };
        self.items.get(from..to).unwrap_or_default().iter().any(is_whole)
    }

    fn put(&mut self, beginning: &[u8]) -> io::Result<()> {
        if self.docs.is_empty() { Ok(()) } else { self.out.term(beginning, &self.docs) }
    }

    /// The documents of a range under a beginning, each once and in their order.
    fn gather(&mut self, from: usize, to: usize, len: usize, is_open: bool) {
        self.docs.clear();
        let items = self.items.get(from..to).unwrap_or_default();
        let total: usize = items.iter().map(|item| self.docs_under(*item, len, is_open).len()).sum();
        if total < self.bits.len() / 4 {
            for item in items {
                let docs = self.docs_under(*item, len, is_open);
                self.docs.extend(docs);
            }
            self.docs.sort_unstable();
            self.docs.dedup();
            return;
        }
        let mut bits = std::mem::take(&mut self.bits);
        for item in items {
            for doc in self.docs_under(*item, len, is_open) {
                if let Some(word) = bits.get_mut(*doc as usize / 64) {
                    *word |= 1 << (*doc % 64);
                }
            }
        }
        for (at, word) in (0_u32..).zip(&mut bits) {
            let mut left = std::mem::take(word);
            while left != 0 {
                self.docs.push(at * 64 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        self.bits = bits;
    }
}

/// Whether the beginning of an ASCII word has a term, the letter of its kind before it.
fn has_beginning(beginning: &[u8]) -> bool {
    let text = beginning.get(1..).and_then(|text| std::str::from_utf8(text).ok());
    text.is_some_and(has_gram)
}
