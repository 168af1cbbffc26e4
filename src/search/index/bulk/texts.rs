//! Terms of one field while a segment is gathered: every text once, and which documents have it.

/// Texts under numbers, each once.
#[derive(Default)]
struct Texts {
    seed: Seed,
    /// Hash and number and one; 0 is free. As many as a power of two.
    slots: Vec<u64>,
    bytes: Vec<u8>,
    /// Where the text of a number ends.
    ends: Vec<u32>,
}

impl Texts {
    fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let to = self.ends.get(at).copied().unwrap_or(from);
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    fn number(&mut self, text: &[u8]) -> u32 {
        if self.slots.len() < (self.ends.len() + 1) * 2 {
            self.grow();
        }
        let hash = hash(self.seed.0, text);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots.get(at).copied().unwrap_or(0);
            #[expect(clippy::cast_possible_truncation, reason = "the lower half of a slot")]
            let below = slot as u32;
            if below == 0 {
                break;
            }
            if slot >> 32 == u64::from(hash) && self.get(below - 1) == text {
                return below - 1;
            }
            at = (at + 1) & mask;
        }
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let number = narrow(self.ends.len());
        self.bytes.extend(text);
        self.ends.push(narrow(self.bytes.len()));
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = u64::from(hash) << 32 | u64::from(number + 1);
        }
        number
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(1 << 10);
        let before = std::mem::replace(&mut self.slots, vec![0; len]);
        for slot in before.into_iter().filter(|slot| *slot != 0) {
            let mut at = (slot >> 32) as usize & (len - 1);
            while self.slots.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & (len - 1);
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }
}

/// What hashes begin with. Strangers write texts, too: they must not know which of them have one hash.
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(rand::random())
    }
}

/// Eight bytes at a time.
fn hash(seed: u64, text: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = seed ^ text.len() as u64;
    let mut add = |word: u64| {
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    };
    let (whole, rest) = text.as_chunks::<8>();
    for chunk in whole {
        add(u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    add(u64::from_le_bytes(last));
    hash ^= hash >> 29;
    (hash.wrapping_mul(FACTOR) >> 32) as u32
}

/// What the documents of a segment have of a field, in the order in which they came.
#[derive(Default)]
pub(super) struct Postings {
    texts: Texts,
    /// The numbers of the terms of each document, and where it has them in a field with positions.
    log: Vec<u32>,
    /// Where the terms of a document begin.
    begins: Vec<u32>,
    has_positions: bool,
}

impl Postings {
    pub(super) fn new(has_positions: bool) -> Self {
        Self { has_positions, ..Self::default() }
    }
    /// What follows is of the next document.
    pub(super) fn begin(&mut self) {
        self.begins.push(u32::try_from(self.log.len()).unwrap_or(u32::MAX));
    }
    pub(super) fn add(&mut self, term: &[u8]) {
        let number = self.texts.number(term);
        self.log.push(number);
    }
    pub(super) fn add_at(&mut self, term: &[u8], position: u32) {
        let number = self.texts.number(term);
        self.log.extend([number, position]);
    }
    /// Bytes of memory, with what writing will need.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.texts.slots.len() * 8 + self.texts.bytes.len() + self.texts.ends.len() * 48;
        texts + self.log.len() * 8 + self.begins.len() * 4
    }
    /// Which documents have which term, where the documents stand in this order.
    pub(super) fn turned(self, order: &[u32]) -> Turned {
        let step = if self.has_positions { 2 } else { 1 };
        let terms = self.texts.ends.len();
        let mut ends: Vec<u32> = vec![0; terms + 1];
        for number in self.log.iter().step_by(step) {
            if let Some(count) = ends.get_mut(*number as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        // Where the next document of a term goes; at the end that is where the term ends.
        let mut docs: Vec<u32> = vec![0; sum as usize];
        let mut positions: Vec<u32> = vec![0; if self.has_positions { sum as usize } else { 0 }];
        for (doc, old) in (0_u32..).zip(order) {
            let at = *old as usize;
            let from = self.begins.get(at).copied().unwrap_or(0) as usize;
            let to = self.begins.get(at + 1).map_or(self.log.len(), |next| *next as usize);
            for entry in self.log.get(from..to).unwrap_or_default().chunks(step) {
                let Some(next) = entry.first().and_then(|number| ends.get_mut(*number as usize)) else {
                    continue;
                };
                let place = *next as usize;
                *next += 1;
                if let Some(slot) = docs.get_mut(place) {
                    *slot = doc;
                }
                if let (Some(slot), Some(position)) = (positions.get_mut(place), entry.get(1)) {
                    *slot = *position;
                }
            }
        }
        ends.pop();
        Turned { texts: self.texts, ends, docs, positions }
    }
}

/// The documents of each term of a field.
pub(super) struct Turned {
    texts: Texts,
    ends: Vec<u32>,
    docs: Vec<u32>,
    positions: Vec<u32>,
}

impl Turned {
    pub(super) fn text(&self, number: u32) -> &[u8] {
        self.texts.get(number)
    }
    /// How many times a document has a term.
    pub(super) fn len(&self) -> usize {
        self.docs.len()
    }
    pub(super) fn without_positions(self) -> Self {
        Self { positions: Vec::new(), ..self }
    }
    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        from as usize..self.ends.get(at).copied().unwrap_or(from) as usize
    }
    /// The documents in their order; one that has the term several times comes as often.
    pub(super) fn docs(&self, number: u32) -> &[u32] {
        self.docs.get(self.range(number)).unwrap_or_default()
    }
    /// Where the documents have the term.
    pub(super) fn positions(&self, number: u32) -> &[u32] {
        self.positions.get(self.range(number)).unwrap_or_default()
    }
    /// The numbers of all terms in alphabetical order.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut keyed: Vec<(u128, u32)> = (0..u32::try_from(self.ends.len()).unwrap_or(0))
            .map(|number| (start_of(self.text(number)), number))
            .collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.text(a.1).cmp(self.text(b.1))));
        keyed.into_iter().map(|(_, number)| number).collect()
    }
}

/// The first bytes as a number in their order.
fn start_of(text: &[u8]) -> u128 {
    let mut first = [0; 16];
    for (place, byte) in first.iter_mut().zip(text) {
        *place = *byte;
    }
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(turned.docs(of("word1")), [198, 898, 1_598, 2_298, 2_998]);
        assert_eq!(turned.docs(of("all")).len(), 6_000);
        assert_eq!(turned.positions(of("all")).get(..4).unwrap(), [11, 12, 11, 12]);
    }
}
