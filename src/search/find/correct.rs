//! Typing mistakes: words nothing was found for are replaced by words one mistake away.

use super::Outcome;
use super::walk::Walk;
use crate::search::engine::Shared;
use crate::search::index::{Generation, Ways, letter};
use crate::search::pending::Waiting;
use crate::search::query::seen;
use crate::search::query::tree::{Atom, Tree, Typed};
use crate::search::schema::Schema;
use crate::search::tokens::Form;
use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Words that stand in for one that was mistyped.
const INSTEAD_MAX: usize = 32;
/// Words of one query that are corrected.
const CORRECTED_MAX: usize = 3;
/// Words one mistake away that are looked at.
const LOOKED_AT_MAX: usize = 2_000;

/// What is asked, besides the word itself: kinds and rights.
pub(crate) struct Scope<'a> {
    pub(crate) generation: Option<&'a Generation>,
    pub(crate) waiting: &'a Waiting,
    pub(crate) kinds: &'a [u8],
    /// Kinds in which a word that stands there is none that was mistyped.
    pub(crate) known_in: &'a [u8],
    /// What the asker may see.
    pub(crate) rights: &'a Tree,
    pub(crate) schema: &'a Schema,
}

impl Shared {
    /// Fills in the words that stand in for mistyped ones; gives typed words and what was searched instead.
    pub(crate) fn correct(&self, tree: &mut Tree, scope: &Scope<'_>) -> Outcome<Vec<(String, String)>> {
        let mut corrected = Vec::new();
        self.correct_in(tree, scope, &mut corrected)?;
        Ok(corrected)
    }

    fn correct_in(
        &self,
        tree: &mut Tree,
        scope: &Scope<'_>,
        corrected: &mut Vec<(String, String)>,
    ) -> Outcome<()> {
        match tree {
            Tree::And(all) | Tree::Or(all) => {
                for tree in all {
                    self.correct_in(tree, scope, corrected)?;
                }
            }
            Tree::Typed(typed) => {
                if typed.instead.is_empty()
                    && corrected.len() < CORRECTED_MAX
                    && self.any(scope, scope.known_in, &typed.tree)?.is_none()
                {
                    typed.instead = self.instead(typed, scope)?;
                    if let Some(best) = typed.instead.first() {
                        corrected.push((typed.shown.clone(), self.as_written(best, scope)?));
                    }
                }
            }
            // What is excluded is meant as it was typed.
            Tree::Not(_) | Tree::All | Tree::Nothing | Tree::Is(_) => {}
        }
        Ok(())
    }

    /// A visible document of some kinds for which a tree holds.
    fn any(&self, scope: &Scope<'_>, kinds: &[u8], tree: &Tree) -> Outcome<Option<(u8, [u8; 16])>> {
        let tree = Tree::and(vec![tree.clone(), scope.rights.clone()]);
        let of_kind = |kind: &u8| (*kind, seen::by(scope.schema, *kind, tree.for_kind(*kind)));
        let kinds: Vec<(u8, Tree)> = kinds.iter().map(of_kind).collect();
        for entry in &scope.waiting.entries {
            let Some((_, tree)) = kinds.iter().find(|(kind, _)| *kind == entry.kind) else { continue };
            let Some(doc) = entry.terms(self.source.as_ref(), &self.schema)? else { continue };
            if tree.matches(doc) {
                return Ok(Some((entry.kind, entry.id)));
            }
        }
        let Some(generation) = scope.generation else { return Ok(None) };
        let walk = Walk { generation, layout: &self.layout, waiting: scope.waiting, kinds: &kinds };
        let first = walk.first()?;
        Ok(first.map(|place| (place.kind, place.id)))
    }

    /// Words one mistake away, of which the first is in a visible document: whole words first, then the frequent ones.
    fn instead(&self, typed: &Typed, scope: &Scope<'_>) -> Outcome<Vec<String>> {
        let mut words: HashMap<String, u64> = HashMap::new();
        let builder = distance_one();
        let dfa =
            if typed.prefix { builder.build_prefix_dfa(&typed.word) } else { builder.build_dfa(&typed.word) };
        let whole = builder.build_dfa(&typed.word);
        for entry in &scope.waiting.entries {
            let Some(doc) = entry.terms(self.source.as_ref(), &self.schema)? else { continue };
            for (token, text) in doc.terms.tokens.iter() {
                let near = token.boxed && token.form == Form::Word && is_near(&dfa, text);
                if near && may_replace(text) {
                    *words.entry(text.to_owned()).or_default() += 1;
                }
            }
        }
        if let Some(generation) = scope.generation {
            let mut ways = Ways::new(&dfa);
            for kind in scope.kinds {
                near_words(generation, *kind, &mut ways, &mut words)?;
            }
        }
        let mut ranked: Vec<(bool, u64, String)> =
            words.into_iter().map(|(word, count)| (is_near(&whole, &word), count, word)).collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then_with(|| a.2.cmp(&b.2)));
        let mut instead: Vec<String> =
            ranked.into_iter().take(INSTEAD_MAX).map(|(_, _, word)| word).collect();
        // The first one is told, so somebody must be allowed to see it. The others find what may be seen, or nothing.
        let mut hidden = 0;
        for word in &instead {
            if self.any(scope, scope.kinds, &Tree::Is(Atom::Word(word.clone())))?.is_some() {
                break;
            }
            hidden += 1;
        }
        instead.drain(..hidden);
        Ok(instead)
    }

    /// A word as a document that has it writes it.
    fn as_written(&self, word: &str, scope: &Scope<'_>) -> Outcome<String> {
        let Some((kind, id)) = self.any(scope, scope.kinds, &Tree::Is(Atom::Word(word.to_owned())))? else {
            return Ok(word.to_owned());
        };
        let kind = self.schema.kind_at(kind).map_or("", |k| k.name);
        let Some(doc) = self.source.doc(kind, &id)? else { return Ok(word.to_owned()) };
        Ok(crate::search::highlight::written(&doc, word, &self.schema).unwrap_or_else(|| word.to_owned()))
    }
}

/// The automaton's tables, made once.
fn distance_one() -> &'static LevenshteinAutomatonBuilder {
    static BUILDER: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    BUILDER.get_or_init(|| LevenshteinAutomatonBuilder::new(1, true))
}

fn is_near(dfa: &DFA, word: &str) -> bool {
    matches!(dfa.eval(word), Distance::Exact(0 | 1))
}

/// Numbers and addresses never stand in for a word.
fn may_replace(word: &str) -> bool {
    !word.bytes().any(is_of_address)
}

fn is_of_address(byte: u8) -> bool {
    byte == b'@' || byte.is_ascii_digit()
}

/// The words of a kind in the index that the automaton takes.
fn near_words(
    generation: &Generation,
    kind: u8,
    ways: &mut Ways<'_>,
    words: &mut HashMap<String, u64>,
) -> tantivy::Result<()> {
    let first = letter(kind).to_string();
    for segment in &generation.segments {
        let mut near = Vec::new();
        segment.columns.dictionary()?.near(first.as_bytes(), ways, is_of_address, |word| {
            near.push(word.to_vec());
            near.len() < LOOKED_AT_MAX
        });
        let terms = segment.columns.words.terms();
        for key in near {
            let word = std::str::from_utf8(&key).ok().and_then(|key| key.strip_prefix(first.as_str()));
            if let (Some(word), Some(info)) = (word, terms.get(&key)?) {
                *words.entry(word.to_owned()).or_default() += u64::from(info.doc_freq);
            }
        }
    }
    Ok(())
}
