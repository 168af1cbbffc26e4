//! From terms to conditions: what a typed word or value asks of a document.

mod boxed;
mod fielded;

use super::Problem;
use super::ast::{All, Any, Item, What};
use super::tree::Tree;
use crate::base::time::{Timestamp, Zone};
use crate::search::phone;
use crate::search::schema::Schema;

/// What a query is read with.
pub(crate) struct Context<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a Zone,
    pub(crate) me: Option<&'a str>,
}

/// The conditions of the terms. Terms with a value that cannot be are taken out and reported.
pub(crate) fn tree(context: &Context<'_>, ast: &mut All, problems: &mut Vec<Problem>) -> Tree {
    let mut words = 0;
    count_words(ast, &mut words);
    let mut planner = Planner { context, problems, words_left: words };
    planner.all(ast)
}

/// Words of the plain box that the last of can be a beginning.
fn count_words(all: &All, count: &mut usize) {
    for item in all.0.iter().flat_map(|any| &any.0) {
        match &item.what {
            What::Group(inner) => count_words(inner, count),
            What::Text { quoted: false, .. } if !item.negated => *count += 1,
            _ => {}
        }
    }
}

struct Planner<'a, 'b> {
    context: &'a Context<'a>,
    problems: &'b mut Vec<Problem>,
    /// Words not planned yet; the last one is a beginning.
    words_left: usize,
}

impl Planner<'_, '_> {
    fn all(&mut self, all: &mut All) -> Tree {
        let mut trees = Vec::new();
        let mut kept: Vec<Any> = Vec::new();
        let mut rest = std::mem::take(&mut all.0).into_iter().peekable();
        while let Some(mut any) = rest.next() {
            let Some(first) = piece(&any) else {
                let tree = self.any(&mut any);
                if !any.0.is_empty() {
                    trees.push(tree);
                    kept.push(any);
                }
                continue;
            };
            // Pieces of digits side by side may be one phone number.
            let mut run = vec![first.to_owned()];
            let mut run_trees = vec![self.any(&mut any)];
            kept.push(any);
            while let Some(mut next) = rest.next_if(|next| piece(next).is_some()) {
                run.extend(piece(&next).map(str::to_owned));
                run_trees.push(self.any(&mut next));
                kept.push(next);
            }
            let apart = Tree::and(run_trees);
            let one = if run.len() > 1 { boxed::number_in_pieces(&run) } else { None };
            trees.push(match one {
                Some(one) => Tree::or(vec![one, apart]),
                None => apart,
            });
        }
        all.0 = kept;
        Tree::and(trees)
    }

    fn any(&mut self, any: &mut Any) -> Tree {
        let mut trees = Vec::new();
        let mut kept = Vec::new();
        for mut item in std::mem::take(&mut any.0) {
            if let Some(tree) = self.item(&mut item) {
                trees.push(if item.negated { Tree::not(tree) } else { tree });
                kept.push(item);
            }
        }
        any.0 = kept;
        Tree::or(trees)
    }

    /// `None` for a term that cannot be searched.
    fn item(&mut self, item: &mut Item) -> Option<Tree> {
        match &mut item.what {
            What::Group(inner) => {
                let tree = self.all(inner);
                (!inner.0.is_empty()).then_some(tree)
            }
            What::Text { text, quoted: true } => Some(boxed::phrase(text)),
            What::Text { text, quoted: false } => {
                let mut prefix = false;
                if !item.negated {
                    self.words_left = self.words_left.saturating_sub(1);
                    prefix = self.words_left == 0;
                }
                Some(boxed::word(self.context.schema, text, prefix))
            }
            What::Field { field, value } => match fielded::condition(self.context, *field, value) {
                Ok(tree) => Some(tree),
                Err(problem) => {
                    self.problems.push(*problem);
                    None
                }
            },
        }
    }
}

/// The text of a term that may be a piece of a phone number.
fn piece(any: &Any) -> Option<&str> {
    match any.0.as_slice() {
        [Item { negated: false, what: What::Text { text, quoted: false } }] if phone::is_piece(text) => {
            Some(text)
        }
        _ => None,
    }
}
