//! Values that many documents have, such as a state, a city or the title of a product: taken apart once, and known in a segment
//! by the numbers of their terms. Most values of an order are such ones.

use super::texts::{Seed, head};
use crate::search::doc::Value;
use crate::search::index::entries::{Start, has_starts, starts};
use crate::search::terms::{Analyser, Terms};

/// Bytes of a value that is kept: longer ones are notes, of which no two are the same.
const TEXT_MAX: usize = 200;
/// Bytes of what may be used, for each value that is kept: they take a tenth of it, and an eighth at most.
const BYTES_FOR_ONE: usize = 8 << 10;
const MOST_OF: usize = 8;
/// How often a value that is not asked for gives way to nobody, at most.
const CREDIT_MAX: u8 = 15;

/// One value of a field of documents of a kind.
#[derive(Default)]
pub(super) struct Piece {
    kind: u8,
    field: u16,
    text: String,
    credit: u8,
    /// Bytes of memory, as they were counted when it was kept.
    bytes: usize,
    pub(super) terms: Terms,
    /// Whether some readers do not see it.
    pub(super) private: bool,
    /// The beginnings of its words.
    pub(super) starts: Vec<Start>,
    /// The segment in which its terms have these numbers; 0 is none.
    pub(super) segment: u64,
    /// Words with their positions.
    pub(super) words: Vec<(u32, u32)>,
    pub(super) keys: Vec<u32>,
    pub(super) others: Vec<u32>,
}

impl Piece {
    fn is(&self, (kind, field): (u8, u16), text: &str) -> bool {
        self.field == field && self.kind == kind && self.text == text
    }
    /// Becomes what a value is; of its tokens the first ones count.
    fn fill(&mut self, field: u16, value: &Value, analyser: &mut Analyser, tokens: usize) {
        analyser.value(field, value, &mut self.terms);
        self.terms.tokens.truncate(tokens);
        self.segment = 0;
        self.private = analyser.schema().field_at(field).is_some_and(|def| def.private);
        self.starts.clear();
        let words = self.terms.tokens.iter().filter(|(token, _)| has_starts(token));
        self.starts.extend(words.flat_map(|(_, text)| starts(text)));
        self.starts.sort_unstable();
        self.starts.dedup();
    }
    /// Bytes of memory, with the numbers of its terms.
    fn count(&self) -> usize {
        let numbers = self.terms.tokens.len() * 16;
        let known = self.text.capacity() + self.starts.capacity() * size_of::<Start>();
        size_of::<Self>() + known + numbers + self.terms.tokens.bytes()
    }
}

/// The values that come again and again.
pub(super) struct Pieces {
    seed: Seed,
    /// By the hash of a value the place of its piece, from 1; 0 where there is none.
    table: Vec<u32>,
    /// The hashes of values that came once: only what comes again is kept.
    seen: Vec<u32>,
    kept: Vec<Piece>,
    /// A value that is not kept.
    passing: Piece,
    bytes: usize,
    /// Nothing more is kept above so many.
    most: usize,
}

impl Pieces {
    /// As many as belong to so many bytes of memory.
    pub(super) fn new(memory: usize) -> Self {
        let places = 1 << (memory / BYTES_FOR_ONE).max(1).ilog2();
        let (table, seen) = (vec![0; places], vec![0; places]);
        let (kept, passing, most) = (Vec::new(), Piece::default(), memory / MOST_OF);
        Self { seed: Seed::default(), table, seen, kept, passing, bytes: 0, most }
    }
    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.table.len() * 8
    }

    /// A value of a field of a kind, taken apart.
    pub(super) fn of(&mut self, of: (u8, u16), value: &Value, analyser: &mut Analyser) -> &mut Piece {
        let place = match value {
            Value::Text(text) if text.len() <= TEXT_MAX => self.place(of, value, text, analyser),
            _ => None,
        };
        match place.and_then(|place| self.kept.get_mut(place)) {
            Some(piece) => piece,
            None => {
                self.passing.fill(of.1, value, analyser, usize::MAX);
                &mut self.passing
            }
        }
    }
    /// The same with the first tokens only.
    pub(super) fn cut(
        &mut self,
        (_, field): (u8, u16),
        value: &Value,
        analyser: &mut Analyser,
        tokens: usize,
    ) -> &mut Piece {
        self.passing.fill(field, value, analyser, tokens);
        &mut self.passing
    }

    /// Where a text is kept, from now on perhaps.
    fn place(&mut self, of: (u8, u16), value: &Value, text: &str, analyser: &mut Analyser) -> Option<usize> {
        let mixed = u32::from(of.1) << 8 | u32::from(of.0);
        let hash = self.seed.hash(text.as_bytes(), head(text.as_bytes())) ^ mixed.wrapping_mul(0x9e37_79b1);
        let at = hash as usize & (self.table.len() - 1);
        let known = self.table.get(at).and_then(|place| place.checked_sub(1)).map(|place| place as usize);
        let piece = known.and_then(|place| self.kept.get_mut(place));
        if let Some(piece) = piece {
            if piece.is(of, text) {
                piece.credit = (piece.credit + 1).min(CREDIT_MAX);
                return known;
            }
            if piece.credit > 0 {
                piece.credit -= 1;
                return None;
            }
        }
        let came_before = self.seen.get_mut(at).is_some_and(|seen| std::mem::replace(seen, hash) == hash);
        if !came_before {
            return None;
        }
        // The one before gives way with its memory.
        let freed =
            known.and_then(|place| self.kept.get_mut(place)).map_or(0, |old| std::mem::take(old).bytes);
        self.bytes -= freed;
        if self.bytes >= self.most {
            return None;
        }
        let place = known.unwrap_or_else(|| {
            self.kept.push(Piece::default());
            self.kept.len() - 1
        });
        if let (Some(slot), Ok(number)) = (self.table.get_mut(at), u32::try_from(place + 1)) {
            *slot = number;
        }
        let piece = self.kept.get_mut(place)?;
        (piece.kind, piece.field, piece.credit) = (of.0, of.1, 1);
        text.clone_into(&mut piece.text);
        piece.fill(of.1, value, analyser, usize::MAX);
        piece.bytes = piece.count();
        self.bytes += piece.bytes;
        Some(place)
    }
}
