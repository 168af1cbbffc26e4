//! The words of a segment that an automaton takes.
//!
//! The library's own search reads the node behind every letter before it asks whether the letter fits. Few do, and
//! a million words have many nodes: here only those are read that a fitting letter leads to.

use levenshtein_automata::{DFA, Distance, SINK_STATE};
use std::io;
use std::path::PathBuf;
use tantivy::directory::{CompositeFile, Directory as _, OwnedBytes};
use tantivy::index::SegmentId;
use tantivy::schema::Field;
use tantivy::{Index, TantivyError};
use tantivy_fst::raw::{Fst, Node};

/// Bytes at the end of a dictionary: how long the list of places is, a version, and what kind of dictionary it is.
const TAIL: usize = 16;

/// Where the words of a dictionary end and the list of their places begins; none where the bytes are no dictionary.
pub(super) fn places_from(dictionary: &[u8]) -> Option<usize> {
    let end = dictionary.len().checked_sub(TAIL)?;
    let len = u64::from_le_bytes(*dictionary.get(end..)?.first_chunk()?);
    end.checked_sub(usize::try_from(len).ok()?)
}

/// The words of one field; none where no document has any.
pub(crate) struct Words(Option<Fst<OwnedBytes>>);

impl Words {
    /// Opens the dictionary beside the library, which does not show its nodes.
    pub(crate) fn open(index: &Index, segment: SegmentId, field: Field) -> tantivy::Result<Self> {
        let broken = || io::Error::other("the words of a segment cannot be read");
        let path = PathBuf::from(format!("{}.term", segment.uuid_string()));
        let file = CompositeFile::open(&index.directory().open_read(&path)?)?;
        let Some(field) = file.open_read(field) else { return Ok(Self(None)) };
        let bytes = field.read_bytes()?;
        let fst = Fst::new(bytes.slice(0..places_from(&bytes).ok_or_else(broken)?));
        Ok(Self(Some(fst.map_err(|error| TantivyError::InternalError(error.to_string()))?)))
    }

    /// Gives the words behind `first` that the automaton takes, in alphabetical order and with `first`, until `found` says
    /// that it is enough. Letters for which `skip` holds, and what is behind them, are passed over.
    pub(crate) fn near(
        &self,
        first: &[u8],
        ways: &mut Ways<'_>,
        skip: impl Fn(u8) -> bool,
        mut found: impl FnMut(&[u8]) -> bool,
    ) {
        let Some(fst) = &self.0 else { return };
        let mut node = fst.root();
        for byte in first {
            let Some(at) = node.find_input(*byte) else { return };
            node = fst.node(node.transition_addr(at));
        }
        let dfa = ways.dfa;
        let mut word = first.to_vec();
        // A node, the state of the automaton before it, the letter that led there, and how long the word before that is.
        let mut open: Vec<(usize, u32, u8, usize)> = Vec::new();
        let mut step = |open: &mut Vec<_>, node: &Node<'_>, state: u32, len: usize| {
            let mut go = |letter: u8, state: u32, at: usize| {
                // What leads on was written before: in a damaged file nothing leads in a circle either.
                if state != SINK_STATE && !skip(letter) && at < node.addr() {
                    open.push((at, state, letter, len));
                }
            };
            match ways.of(state) {
                Some(letters) => {
                    for letter in letters.iter().rev() {
                        if let Some(at) = node.find_input(*letter) {
                            go(*letter, dfa.transition(state, *letter), node.transition_addr(at));
                        }
                    }
                }
                None => {
                    for at in (0..node.len()).rev() {
                        let next = node.transition(at);
                        go(next.inp, dfa.transition(state, next.inp), next.addr);
                    }
                }
            }
        };
        step(&mut open, &node, dfa.initial_state(), word.len());
        while let Some((at, state, letter, len)) = open.pop() {
            word.truncate(len);
            word.push(letter);
            let node = fst.node(at);
            if node.is_final() && matches!(dfa.distance(state), Distance::Exact(_)) && !found(&word) {
                return;
            }
            step(&mut open, &node, state, word.len());
        }
    }
}

/// From so many letters on all of a node are looked at.
const MANY: usize = 6;

/// The letters that lead on from each state of an automaton. After a mistake they are one or two, while a node has
/// dozens: those are looked for. They are found out once, for all parts of an index.
pub(crate) struct Ways<'a> {
    dfa: &'a DFA,
    known: Vec<Letters>,
}

/// What leads on from a state.
#[derive(Clone)]
enum Letters {
    Unknown,
    Many,
    Few(Vec<u8>),
}

impl<'a> Ways<'a> {
    pub(crate) fn new(dfa: &'a DFA) -> Self {
        Self { dfa, known: vec![Letters::Unknown; dfa.num_states()] }
    }
    /// The letters that lead on from a state, in their order; `None` where they are many.
    fn of(&mut self, state: u32) -> Option<&[u8]> {
        let letters = self.known.get_mut(state as usize)?;
        if matches!(letters, Letters::Unknown) {
            let leads = |letter: &u8| self.dfa.transition(state, *letter) != SINK_STATE;
            let found: Vec<u8> = (0..=u8::MAX).filter(leads).take(MANY).collect();
            *letters = if found.len() < MANY { Letters::Few(found) } else { Letters::Many };
        }
        match letters {
            Letters::Few(letters) => Some(letters),
            Letters::Unknown | Letters::Many => None,
        }
    }
}
