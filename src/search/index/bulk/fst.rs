//! The dictionary of terms in the library's own format (`tantivy-fst`, version 2), written in one pass.
//!
//! The library's builder looks every node up among those it has written, so that words with the same end share it. That
//! costs more than all else about a term and saves little: an end that is not shared is a byte or two a letter. Here
//! every node is written as it comes.

use std::io::{self, Write};

const VERSION: u64 = 2;
/// The address of the node that is final and has nothing behind it. It is not written.
const EMPTY: u64 = 0;
/// No node has been written.
const NONE: u64 = 1;
/// From so many transitions on a node has a table of them.
const TABLE_FROM: usize = 33;
/// Inputs whose place in this list stands for them, in the byte that says what kind of node it is.
const COMMON: &[u8; 63] = b"te/oasripcnw.hlm-du012g=:bf3y5&_4v9678k%?xCDASFIBEjPTzRNM+LOqHG";

/// A node to which transitions may still come.
#[derive(Default)]
struct Node {
    is_final: bool,
    /// The number of the first term at or behind it.
    first: u64,
    /// Input, what it adds to the number, and where it leads.
    transitions: Vec<(u8, u64, u64)>,
    /// The last input, whose node is open.
    open: Option<u8>,
}

/// Numbers terms as they come, in their order from 0.
pub(super) struct Fst<W> {
    out: W,
    written: u64,
    buffer: Vec<u8>,
    nodes: Vec<Node>,
    /// How many of the nodes are in use: the others are used again.
    depth: usize,
    last: Vec<u8>,
    last_node: u64,
    terms: u64,
    common: [u8; 256],
}

impl<W: Write> Fst<W> {
    pub(super) fn new(out: W) -> Self {
        let mut common = [0; 256];
        for (at, input) in (1_u8..).zip(COMMON) {
            if let Some(place) = common.get_mut(usize::from(*input)) {
                *place = at;
            }
        }
        let mut buffer = Vec::new();
        buffer.extend(VERSION.to_le_bytes());
        buffer.extend(0_u64.to_le_bytes());
        let nodes = vec![Node::default()];
        Self { out, written: 0, buffer, nodes, depth: 1, last: Vec::new(), last_node: NONE, terms: 0, common }
    }

    /// Adds a term, which must come behind all others.
    pub(super) fn add(&mut self, term: &[u8]) -> io::Result<()> {
        let shared = self.last.iter().zip(term).take_while(|(a, b)| a == b).count();
        // Where they part the term has the larger byte; the very first one may be empty.
        let is_behind = term.get(shared) > self.last.get(shared) || self.terms == 0;
        if !is_behind {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a term is out of order"));
        }
        self.close_to(shared)?;
        let number = self.terms;
        for byte in term.get(shared..).unwrap_or_default() {
            if let Some(node) = self.nodes.get_mut(self.depth - 1) {
                node.open = Some(*byte);
            }
            if self.nodes.len() == self.depth {
                self.nodes.push(Node::default());
            }
            if let Some(node) = self.nodes.get_mut(self.depth) {
                (node.is_final, node.first, node.open) = (false, number, None);
                node.transitions.clear();
            }
            self.depth += 1;
        }
        if let Some(node) = self.nodes.get_mut(self.depth - 1) {
            node.is_final = true;
        }
        self.terms += 1;
        self.last.clear();
        self.last.extend(term);
        Ok(())
    }

    /// Writes the nodes behind the first `letters` of the last term.
    fn close_to(&mut self, letters: usize) -> io::Result<()> {
        while self.depth > letters + 1 {
            self.depth -= 1;
            let address = self.write_node(self.depth);
            let first = self.nodes.get(self.depth).map_or(0, |node| node.first);
            if let Some(node) = self.nodes.get_mut(self.depth - 1)
                && let Some(input) = node.open.take()
            {
                node.transitions.push((input, first - node.first, address));
            }
        }
        if self.buffer.len() >= 1 << 16 {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written += self.buffer.len() as u64;
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn write_node(&mut self, at: usize) -> u64 {
        let start = self.written + self.buffer.len() as u64;
        let Some(node) = self.nodes.get(at) else { return EMPTY };
        let out = &mut self.buffer;
        match node.transitions.as_slice() {
            [] if node.is_final => return EMPTY,
            [(input, 0, address)] if !node.is_final && *address == self.last_node => {
                let common = self.common.get(usize::from(*input)).copied().unwrap_or(0);
                if common == 0 {
                    out.push(*input);
                }
                out.push(0b1100_0000 | common);
            }
            [(input, adds, address)] if !node.is_final => {
                let adds_len = if *adds == 0 { 0 } else { bytes_of(*adds) };
                pack(out, *adds, adds_len);
                let back = back(start, *address);
                let back_len = bytes_of(back);
                pack(out, back, back_len);
                out.push(back_len << 4 | adds_len);
                let common = self.common.get(usize::from(*input)).copied().unwrap_or(0);
                if common == 0 {
                    out.push(*input);
                }
                out.push(0b1000_0000 | common);
            }
            several => several_ways(out, start, node.is_final, several),
        }
        self.last_node = self.written + self.buffer.len() as u64 - 1;
        self.last_node
    }

    /// Gives back what it wrote to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.close_to(0)?;
        let root = self.write_node(0);
        self.buffer.extend(self.terms.to_le_bytes());
        self.buffer.extend(root.to_le_bytes());
        self.flush()?;
        Ok(self.out)
    }
}

/// A node that is final, or has not just one transition.
fn several_ways(out: &mut Vec<u8>, start: u64, is_final: bool, ways: &[(u8, u64, u64)]) {
    let back_len = ways.iter().map(|(_, _, address)| bytes_of(back(start, *address))).max().unwrap_or(0);
    let adds = ways.iter().map(|(_, adds, _)| *adds).max().unwrap_or(0);
    let adds_len = if adds == 0 { 0 } else { bytes_of(adds) };
    if adds > 0 {
        if is_final {
            // The term that ends here is the first of all behind it.
            pack(out, 0, adds_len);
        }
        for (_, adds, _) in ways.iter().rev() {
            pack(out, *adds, adds_len);
        }
    }
    for (_, _, address) in ways.iter().rev() {
        pack(out, back(start, *address), back_len);
    }
    out.extend(ways.iter().rev().map(|(input, _, _)| *input));
    if ways.len() >= TABLE_FROM {
        let mut table = [u8::MAX; 256];
        for (at, (input, _, _)) in (0_u8..=u8::MAX).zip(ways) {
            if let Some(place) = table.get_mut(usize::from(*input)) {
                *place = at;
            }
        }
        out.extend(table);
    }
    out.push(back_len << 4 | adds_len);
    let count = u8::try_from(ways.len()).unwrap_or(1);
    let short = if (1..=63).contains(&ways.len()) { count } else { 0 };
    if short == 0 {
        // 1 stands for 256, because a single transition has its place in the last byte.
        out.push(count);
    }
    out.push(u8::from(is_final) << 6 | short);
}

fn back(start: u64, address: u64) -> u64 {
    if address == EMPTY { EMPTY } else { start - address }
}

fn bytes_of(number: u64) -> u8 {
    let bits = u64::BITS - number.leading_zeros();
    u8::try_from(bits.div_ceil(8).max(1)).unwrap_or(8)
}

fn pack(out: &mut Vec<u8>, number: u64, bytes: u8) {
    out.extend(number.to_le_bytes().iter().take(usize::from(bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::BTreeSet;
    use tantivy_fst::raw::Fst as Theirs;
    use tantivy_fst::{IntoStreamer, Map, Streamer};

    fn written(terms: &BTreeSet<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut fst = Fst::new(&mut out);
        for term in terms {
            fst.add(term).unwrap();
        }
        fst.finish().unwrap();
        out
    }

    fn check(terms: &BTreeSet<Vec<u8>>) {
        let map = Map::from(Theirs::new(written(terms)).unwrap());
        assert_eq!(map.len(), terms.len());
        let mut stream = map.into_stream();
        let mut all = terms.iter().zip(0_u64..);
        while let Some((term, number)) = stream.next() {
            assert_eq!(all.next(), Some((&term.to_vec(), number)));
        }
        assert!(all.next().is_none());
        for (term, number) in terms.iter().zip(0..) {
            assert_eq!(map.get(term), Some(number));
            let mut longer = term.clone();
            longer.push(b'!');
            assert_eq!(map.get(&longer).is_some(), terms.contains(&longer));
        }
    }

    #[test]
    fn the_library_reads_what_is_written() {
        check(&BTreeSet::new());
        check(&BTreeSet::from([b"a".to_vec()]));
        check(&(0..=255_u8).map(|byte| vec![byte]).collect());
        check(&(0..=255_u8).map(|byte| vec![7, byte, byte]).collect());
        check(&(0..40_u8).map(|byte| vec![b'x', byte]).chain([b"x".to_vec()]).collect());
        let mut rng = StdRng::seed_from_u64(7);
        for letters in [2, 30, 70, 255] {
            let word = |rng: &mut StdRng| -> Vec<u8> {
                let len = rng.random_range(1..9);
                (0..len).map(|_| b'!'.wrapping_add(rng.random_range(0..letters))).collect()
            };
            check(&(0..20_000).map(|_| word(&mut rng)).collect());
        }
    }

    #[test]
    fn terms_out_of_order_are_refused() {
        let mut fst = Fst::new(Vec::new());
        fst.add(b"b").unwrap();
        assert!(fst.add(b"a").is_err() && fst.add(b"b").is_err());
    }
}
