//! Terms of one field while a segment is gathered: every text once, and which documents have it.

use super::log::{Docs, Log};
use crate::search::memory::MOST;
use std::cmp::Ordering;

/// Texts under numbers, each once.
#[derive(Default)]
pub(super) struct Texts {
    seed: Seed,
    /// As many as a power of two, of which a third is free at least.
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    /// Where the text of a number ends.
    ends: Vec<u32>,
}

/// The hash of a text with its number; then its [`head`]. Most texts are no longer than that, so that looking one up touches
/// no other memory.
type Slot = [u64; 3];

/// Not zeros: the system would first give pages that are only to be read, and stop all threads for each that is written to.
const FREE: Slot = [u64::MAX; 3];

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
    /// Bytes, with what writing will need.
    pub(super) fn memory(&self) -> usize {
        // While the table grows there are two of them, the new one twice as large: it is counted a little before.
        let is_nearly_full = self.ends.len() * 12 > self.slots.len() * 7;
        let slots = if is_nearly_full { self.slots.len() * 3 } else { self.slots.len() };
        slots * size_of::<Slot>() + self.bytes.len() + self.ends.len() * 48
    }
    /// The texts alone: no more are added.
    pub(super) fn closed(self) -> Self {
        Self { slots: Vec::new(), ..self }
    }
    pub(super) fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let to = self.ends.get(at).copied().unwrap_or(from);
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The number of a text, which is a new one where it was not there.
    pub(super) fn number(&mut self, text: &[u8]) -> u32 {
        if self.slots.len() * 2 < (self.ends.len() + 1) * 3 {
            self.grow();
        }
        let head = head(text);
        let hash = self.seed.hash(text, head);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots.get(at).copied().unwrap_or(FREE);
            if slot == FREE {
                break;
            }
            let [whose, first, second] = slot;
            if whose >> 32 == u64::from(hash) && [first, second] == head {
                #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
                let number = whose as u32;
                if text.len() <= HEAD || self.get(number) == text {
                    return number;
                }
            }
            at = (at + 1) & mask;
        }
        // What is gathered for a segment is far below what 32 bits count.
        const { assert!(MOST < u32::MAX as usize) };
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let number = narrow(self.ends.len());
        self.bytes.extend(text);
        self.ends.push(narrow(self.bytes.len()));
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = [u64::from(hash) << 32 | u64::from(number), head[0], head[1]];
        }
        number
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(1 << 10);
        let before = std::mem::replace(&mut self.slots, vec![FREE; len]);
        for slot in before.into_iter().filter(|slot| *slot != FREE) {
            let mut at = (slot[0] >> 32) as usize & (len - 1);
            while self.slots.get(at).is_some_and(|taken| *taken != FREE) {
                at = (at + 1) & (len - 1);
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }
}

/// Bytes of a text that its head holds.
const HEAD: usize = 15;

/// The first bytes of a text with zeros behind them, and in the last byte how many there are, or that there are more: for texts
/// of up to [`HEAD`] bytes all of it.
fn head(text: &[u8]) -> [u64; 2] {
    const LAST: u32 = 56;
    // Words of eight and four bytes that overlap: what both have is shifted out of the second.
    let behind = |word: u64, bytes: usize| {
        u32::try_from(bytes * 8).ok().and_then(|bits| word.checked_shr(bits)).unwrap_or(0)
    };
    let len = text.len();
    if let Some((first, rest)) = text.split_first_chunk::<8>() {
        let first = u64::from_le_bytes(*first);
        if len > HEAD {
            let next = rest.first_chunk::<8>().map_or(0, |next| u64::from_le_bytes(*next));
            return [first, next | 0xff << LAST];
        }
        let last = text.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
        return [first, behind(last, 16 - len) | (len as u64) << LAST];
    }
    let short = match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
            first | behind(last, 8 - len) << 32
        }
        _ => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    [short, (len as u64) << LAST]
}

/// What hashes depend on. Strangers write texts, too: they must not know which of them have one hash.
struct Seed([u64; 2]);

impl Default for Seed {
    fn default() -> Self {
        Self(rand::random())
    }
}

impl Seed {
    /// Fifteen bytes at a time, by the halves of a product.
    fn hash(&self, text: &[u8], head: [u64; 2]) -> u32 {
        let mut hash = 0;
        let mut add = |[first, second]: [u64; 2]| {
            let product = u128::from(first ^ self.0[0] ^ hash) * u128::from(second ^ self.0[1]);
            #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
            let halves = (product >> 64) as u64 ^ product as u64;
            hash = halves;
        };
        add(head);
        if let Some(rest) = text.get(HEAD..).filter(|rest| !rest.is_empty()) {
            rest.chunks(HEAD).for_each(|part| add(self::head(part)));
        }
        #[expect(clippy::cast_possible_truncation, reason = "both halves of it are as good")]
        let short = (hash >> 32 ^ hash) as u32;
        short
    }
}

/// What the documents of a segment have of a field, in the order in which they came.
pub(super) struct Postings {
    texts: Texts,
    log: Log,
}

impl Postings {
    pub(super) fn new(has_positions: bool) -> Self {
        Self { texts: Texts::default(), log: Log::new(has_positions) }
    }
    /// What follows is of the next document.
    pub(super) fn begin(&mut self) {
        self.log.begin();
    }
    pub(super) fn add(&mut self, term: &[u8]) {
        let number = self.texts.number(term);
        self.log.add(number);
    }
    /// Gives the number of the term.
    pub(super) fn add_at(&mut self, term: &[u8], position: u32) -> u32 {
        let number = self.texts.number(term);
        self.log.add_at(number, position);
        number
    }
    /// Bytes of memory, with what writing will need.
    pub(super) fn bytes(&self) -> usize {
        self.texts.memory() + self.log.bytes()
    }
    /// Which documents have which term, where the documents stand in this order.
    pub(super) fn turned(self, order: &[u32]) -> Turned {
        let texts = self.texts.closed();
        let docs = self.log.turned(texts.len(), order);
        Turned { texts, docs }
    }
}

/// The terms of a field and their documents.
pub(super) struct Turned {
    pub(super) texts: Texts,
    pub(super) docs: Docs,
}

impl Turned {
    pub(super) fn text(&self, number: u32) -> &[u8] {
        self.texts.get(number)
    }
    /// The numbers of all terms in alphabetical order.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let start = |number| start_of(self.text(number).iter().copied());
        sorted(self.texts.len(), start, |a, b| self.text(a).cmp(self.text(b)))
    }
}

/// The numbers of so many terms in alphabetical order, by how they begin, and where that is the same by all of them.
pub(super) fn sorted(
    terms: usize,
    start: impl Fn(u32) -> u128,
    compare: impl Fn(u32, u32) -> Ordering,
) -> Vec<u32> {
    let numbers = 0..u32::try_from(terms).unwrap_or(u32::MAX);
    let mut keyed: Vec<(u128, u32)> = numbers.map(|number| (start(number), number)).collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| compare(a.1, b.1)));
    keyed.into_iter().map(|(_, number)| number).collect()
}

/// The first bytes as a number in their order.
pub(super) fn start_of(text: impl Iterator<Item = u8>) -> u128 {
    let mut first = [0; 16];
    for (place, byte) in first.iter_mut().zip(text) {
        *place = byte;
    }
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_all_of_a_short_text_and_no_other_has_it() {
        let whole: Vec<u8> = (1..=40).collect();
        for len in 0..=whole.len() {
            let [first, second] = head(&whole[..len]).map(u64::to_le_bytes);
            let bytes = [first, second].concat();
            let held = len.min(HEAD);
            assert_eq!(bytes[..held], whole[..held]);
            assert!(bytes[held..HEAD].iter().all(|byte| *byte == 0));
            assert_eq!(usize::from(bytes[HEAD]), if len > HEAD { 255 } else { len });
        }
        // Zeros at the end belong to the text.
        assert_ne!(head(b"a"), head(b"a\0"));
    }

    #[test]
    fn every_text_has_a_number_of_its_own_however_alike_they_are() {
        let mut texts = Texts::default();
        let all: Vec<String> = (0..20_000)
            .map(|n| match n % 3 {
                0 => format!("{n}"),
                1 => format!("the same fifteen {n}"),
                _ => format!("{n} and then the same end of the text"),
            })
            .collect();
        let numbers: Vec<u32> = all.iter().map(|text| texts.number(text.as_bytes())).collect();
        assert!(numbers.iter().copied().eq(0..20_000));
        let again: Vec<u32> = all.iter().map(|text| texts.number(text.as_bytes())).collect();
        assert_eq!(numbers, again);
        assert!(all.iter().zip(&numbers).all(|(text, number)| texts.get(*number) == text.as_bytes()));
    }

    #[test]
    fn terms_know_their_documents_in_the_order_asked_for() {
        let mut postings = Postings::new(true);
        for doc in 0..3_000_u32 {
            postings.begin();
            postings.add_at(format!("word{}", doc % 700).as_bytes(), 10);
            postings.add_at(b"all", 11);
            postings.add_at(b"all", 12);
        }
        let order: Vec<u32> = (0..3_000).rev().collect();
        let turned = postings.turned(&order);
        let sorted = turned.sorted();
        assert_eq!(sorted.len(), 701);
        assert!(sorted.is_sorted_by(|a, b| turned.text(*a) < turned.text(*b)));
        let of = |text: &str| *sorted.iter().find(|n| turned.text(**n) == text.as_bytes()).unwrap();
        assert_eq!(turned.docs.of(of("word1")), [198, 898, 1_598, 2_298, 2_998]);
        assert_eq!(turned.docs.of(of("all")).len(), 6_000);
        assert_eq!(turned.docs.positions(of("all")).get(..4).unwrap(), [11, 12, 11, 12]);
    }
}
