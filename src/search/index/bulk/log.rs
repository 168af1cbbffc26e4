//! Which documents have which terms, by the terms' numbers: in the order of the documents while they come, in that of the terms
//! when they are written.

/// The terms of documents, in the order in which they came.
#[derive(Default)]
pub(super) struct Log {
    /// The numbers of the terms of each document, and where it has them in a field with positions.
    entries: Vec<u32>,
    /// Where the terms of a document begin.
    begins: Vec<u32>,
    has_positions: bool,
}

impl Log {
    pub(super) fn new(has_positions: bool) -> Self {
        Self { has_positions, ..Self::default() }
    }
    /// What follows is of the next document.
    pub(super) fn begin(&mut self) {
        self.begins.push(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
    }
    pub(super) fn add(&mut self, number: u32) {
        self.entries.push(number);
    }
    pub(super) fn add_at(&mut self, number: u32, position: u32) {
        self.entries.extend([number, position]);
    }
    /// How many times a document has a term.
    pub(super) fn len(&self) -> usize {
        self.entries.len() / self.step()
    }
    fn step(&self) -> usize {
        if self.has_positions { 2 } else { 1 }
    }
    /// Bytes of memory, with what writing will need.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() * 8 + self.begins.len() * 4
    }
    /// Which documents have which of so many terms, where the documents stand in this order.
    pub(super) fn turned(self, terms: usize, order: &[u32]) -> Docs {
        let step = self.step();
        let mut ends: Vec<u32> = vec![0; terms + 1];
        for number in self.entries.iter().step_by(step) {
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
            let to = self.begins.get(at + 1).map_or(self.entries.len(), |next| *next as usize);
            for entry in self.entries.get(from..to).unwrap_or_default().chunks(step) {
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
        Docs { ends, docs, positions }
    }
}

/// The documents of each term.
pub(super) struct Docs {
    ends: Vec<u32>,
    docs: Vec<u32>,
    positions: Vec<u32>,
}

impl Docs {
    /// How many times a document has a term.
    pub(super) fn len(&self) -> usize {
        self.docs.len()
    }
    pub(super) fn forget_positions(&mut self) {
        self.positions = Vec::new();
    }
    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        from as usize..self.ends.get(at).copied().unwrap_or(from) as usize
    }
    /// The documents in their order; one that has the term several times comes as often.
    pub(super) fn of(&self, number: u32) -> &[u32] {
        self.docs.get(self.range(number)).unwrap_or_default()
    }
    /// Where the documents have the term.
    pub(super) fn positions(&self, number: u32) -> &[u32] {
        self.positions.get(self.range(number)).unwrap_or_default()
    }
}
