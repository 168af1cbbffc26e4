//! What a query asks, taken down to single conditions: the same tree for the index and for one document.

use crate::search::terms::SortedTerms;
use crate::search::tokens::{Form, Token};

/// Letters of the beginnings that the index keeps apart by what everybody sees; longer ones are in few words.
pub(crate) const OPEN_LETTERS: usize = 3;

/// Letters from which on it counts in which field a word stands: shorter ones stand in every field.
const BEST_LETTERS: usize = 3;

/// A condition on one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    /// A word of the plain box.
    Word(String),
    /// The beginning of a word of the plain box.
    Prefix(String),
    /// The beginning of a word of the plain box, of [`OPEN_LETTERS`] at most, in a field that everybody sees.
    OpenPrefix(String),
    /// Words of the plain box that follow each other.
    Phrase(Vec<String>),
    /// A token of a field.
    Key(u16, String),
    /// The beginning of a token of a field.
    KeyPrefix(u16, String),
    /// Words that follow each other in a field of running text that the plain box does not search.
    KeyPhrase(u16, Vec<String>),
    /// The field has a value.
    Has(u16),
    /// A value of the field lies between these, both included.
    Range(u16, i64, i64),
    /// The document's moment lies between these, both included.
    Time(i64, i64),
    Kind(u8),
    Id(u8, [u8; 16]),
}

/// Conditions with and, or, not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    All,
    Nothing,
    Is(Atom),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    /// A word of the plain box that may have a typing mistake.
    Typed(Typed),
}

/// A typed word and, where nothing was found for it, the words that stand in for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// Folded.
    pub(crate) word: String,
    /// As it was typed.
    pub(crate) shown: String,
    /// Whether the beginning of a word is enough.
    pub(crate) prefix: bool,
    pub(crate) tree: Box<Tree>,
    /// Whole words one mistake away; empty as long as the word itself is found.
    pub(crate) instead: Vec<String>,
}

impl Tree {
    pub(crate) fn and(mut all: Vec<Self>) -> Self {
        if all.contains(&Self::Nothing) {
            return Self::Nothing;
        }
        all.retain(|t| *t != Self::All);
        match all.len() {
            0 => Self::All,
            1 => all.swap_remove(0),
            _ => Self::And(all),
        }
    }
    pub(crate) fn or(mut any: Vec<Self>) -> Self {
        if any.contains(&Self::All) {
            return Self::All;
        }
        any.retain(|t| *t != Self::Nothing);
        match any.len() {
            0 => Self::Nothing,
            1 => any.swap_remove(0),
            _ => Self::Or(any),
        }
    }
    pub(crate) fn not(inner: Self) -> Self {
        match inner {
            Self::All => Self::Nothing,
            Self::Nothing => Self::All,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether a document matches.
    pub(crate) fn matches(&self, doc: &SortedTerms) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Is(atom) => atom.matches(doc),
            Self::And(all) => all.iter().all(|t| t.matches(doc)),
            Self::Or(any) => any.iter().any(|t| t.matches(doc)),
            Self::Not(inner) => !inner.matches(doc),
            Self::Typed(typed) if typed.instead.is_empty() => typed.tree.matches(doc),
            Self::Typed(typed) => {
                typed.instead.iter().any(|word| doc.being(word).any(|t| t.is_word(word, word)))
            }
        }
    }

    /// Whether a typing mistake could be forgiven somewhere.
    pub(crate) fn has_typed_words(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::has_typed_words),
            Self::Typed(_) => true,
            Self::All | Self::Nothing | Self::Is(_) | Self::Not(_) => false,
        }
    }

    /// The tree with whole words in place of beginnings.
    pub(crate) fn whole_words(&self) -> Self {
        match self {
            Self::Is(Atom::Prefix(word)) => Self::Is(Atom::Word(word.clone())),
            Self::And(all) => Self::And(all.iter().map(Self::whole_words).collect()),
            Self::Or(any) => Self::Or(any.iter().map(Self::whole_words).collect()),
            Self::Typed(typed) => {
                let tree = Box::new(typed.tree.whole_words());
                Self::Typed(Typed { tree, ..typed.clone() })
            }
            other => other.clone(),
        }
    }

    /// The tree where a word of it stands in one of these fields; nothing where none of its words is long enough to say
    /// something.
    pub(crate) fn best_in(&self, fields: &[u16]) -> Self {
        let mut any = Vec::new();
        self.each_word(&mut |word, is_start| {
            if word.chars().count() >= BEST_LETTERS && word.chars().any(char::is_alphabetic) {
                any.extend(fields.iter().map(|field| {
                    let word = word.to_owned();
                    Self::Is(if is_start { Atom::KeyPrefix(*field, word) } else { Atom::Key(*field, word) })
                }));
            }
        });
        Self::and(vec![self.clone(), Self::or(any)])
    }
    /// The words that a document may have to match, and whether they are beginnings.
    fn each_word(&self, take: &mut impl FnMut(&str, bool)) {
        match self {
            Self::Is(Atom::Word(word)) => take(word, false),
            Self::Is(Atom::Prefix(word)) => take(word, true),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|tree| tree.each_word(take)),
            Self::Typed(typed) => typed.tree.each_word(take),
            Self::All | Self::Nothing | Self::Is(_) | Self::Not(_) => {}
        }
    }

    /// The tree as it reads for documents of one kind.
    pub(crate) fn for_kind(&self, kind: u8) -> Self {
        match self {
            Self::Is(Atom::Kind(wanted)) if *wanted == kind => Self::All,
            Self::Is(Atom::Kind(_)) => Self::Nothing,
            Self::Is(Atom::Id(wanted, _)) if *wanted != kind => Self::Nothing,
            Self::And(all) => Self::and(all.iter().map(|t| t.for_kind(kind)).collect()),
            Self::Or(any) => Self::or(any.iter().map(|t| t.for_kind(kind)).collect()),
            Self::Not(inner) => Self::not(inner.for_kind(kind)),
            Self::Typed(typed) if typed.instead.is_empty() => typed.tree.for_kind(kind),
            Self::Typed(typed) => {
                Self::or(typed.instead.iter().map(|w| Self::Is(Atom::Word(w.clone()))).collect())
            }
            other => other.clone(),
        }
    }
}

impl Atom {
    fn matches(&self, doc: &SortedTerms) -> bool {
        let terms = &doc.terms;
        match self {
            Self::Word(word) => doc.being(word).any(|t| t.is_word(word, word)),
            Self::Prefix(wanted) => doc.starting(wanted).any(|(t, text)| t.starts_with(text, wanted)),
            Self::OpenPrefix(wanted) => {
                doc.starting(wanted).any(|(t, text)| !t.private && t.starts_with(text, wanted))
            }
            Self::Phrase(words) => {
                follows(doc, words, |t| t.boxed && matches!(t.form, Form::Word | Form::Dense))
            }
            Self::Key(field, key) => doc.being(key).any(|t| t.keyed && t.field == *field),
            Self::KeyPrefix(field, start) => doc.starting(start).any(|(t, _)| t.keyed && t.field == *field),
            Self::KeyPhrase(field, words) => follows(doc, words, |t| t.running && t.field == *field),
            Self::Has(field) => terms.has.binary_search(field).is_ok(),
            Self::Range(field, low, high) => {
                terms.numbers.iter().any(|(f, n)| f == field && (low..=high).contains(&n))
            }
            Self::Time(low, high) => (low..=high).contains(&&terms.time_ms),
            Self::Kind(kind) => terms.kind == *kind,
            Self::Id(kind, id) => terms.kind == *kind && terms.id == *id,
        }
    }
}

/// Whether tokens that `fits` allows stand one after the other.
fn follows(doc: &SortedTerms, words: &[String], fits: impl Fn(&Token) -> bool) -> bool {
    let Some((first, rest)) = words.split_first() else { return true };
    doc.being(first).filter(|t| fits(t)).any(|start| {
        rest.iter()
            .zip(1..)
            .all(|(word, step)| doc.being(word).any(|t| fits(t) && t.position == start.position + step))
    })
}
