//! The plain box for a reader who does not see every field: what they do not see is not found by it either.

use super::tree::{Atom, OPEN_LETTERS, Tree, Typed};
use crate::search::schema::Schema;

/// A tree as it reads for documents of one kind and the reader of a schema.
///
/// A word counts where a field that the reader sees has it; where no hidden one has it, it is in one they see.
pub(crate) fn by(schema: &Schema, kind: u8, tree: Tree) -> Tree {
    let (hidden, open) = schema.boxed(kind);
    if hidden.is_empty() { tree } else { Reader { hidden, open }.tree(tree) }
}

struct Reader {
    /// Fields of the box whose texts they do not see.
    hidden: Vec<u16>,
    /// The others of the box.
    open: Vec<u16>,
}

impl Reader {
    fn tree(&self, tree: Tree) -> Tree {
        match tree {
            Tree::Is(atom) => self.atom(atom),
            Tree::And(all) => Tree::and(all.into_iter().map(|tree| self.tree(tree)).collect()),
            Tree::Or(any) => Tree::or(any.into_iter().map(|tree| self.tree(tree)).collect()),
            Tree::Not(inner) => Tree::not(self.tree(*inner)),
            Tree::Typed(typed) if typed.instead.is_empty() => {
                let tree = Box::new(self.tree((*typed.tree).clone()));
                Tree::Typed(Typed { tree, ..typed })
            }
            Tree::Typed(typed) => {
                Tree::or(typed.instead.into_iter().map(|word| self.atom(Atom::Word(word))).collect())
            }
            Tree::All | Tree::Nothing => tree,
        }
    }

    fn atom(&self, atom: Atom) -> Tree {
        match atom {
            Atom::Prefix(start) if start.chars().count() <= OPEN_LETTERS => Tree::Is(Atom::OpenPrefix(start)),
            Atom::Prefix(start) => self
                .seen(Atom::Prefix(start.clone()), |field| Tree::Is(Atom::KeyPrefix(field, start.clone()))),
            Atom::Word(word) => {
                self.seen(Atom::Word(word.clone()), |field| Tree::Is(Atom::Key(field, word.clone())))
            }
            Atom::Phrase(words) => self.seen(Atom::Phrase(words.clone()), |field| {
                let word = |word: &String| Tree::Is(Atom::Key(field, word.clone()));
                Tree::and(words.iter().map(word).collect())
            }),
            other => Tree::Is(other),
        }
    }

    fn seen(&self, atom: Atom, in_field: impl Fn(u16) -> Tree) -> Tree {
        let hidden = Tree::or(self.hidden.iter().map(|field| in_field(*field)).collect());
        let open = Tree::or(self.open.iter().map(|field| in_field(*field)).collect());
        Tree::and(vec![Tree::Is(atom), Tree::or(vec![Tree::not(hidden), open])])
    }
}
