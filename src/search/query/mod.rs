//! The query language: one text for the search box, lists, saved views, the API, export and bulk actions.
//!
//! ```text
//! query   = term { [ "OR" ] term }          "and" is implied; OR binds its two neighbours
//! term    = [ "-" ] ( field ":" value | text | "(" query ")" )
//! value   = [ ">" | ">=" | "<" | "<=" ] scalar | scalar ".." scalar | scalar "," scalar … | quoted | "none" | "any"
//! ```
//!
//! The last word of the text is a beginning, earlier words are whole, words in quotes follow each other.
//! Whatever is wrong becomes a `Problem`; the other terms are searched. Nothing here can fail or panic.

mod ast;
mod given;
mod parse;
mod plan;
pub(crate) mod seen;
mod suggest;
pub(crate) mod tree;
mod values;
mod write;

use crate::base::time::{Timestamp, Zone};
use crate::search::doc::Doc;
use crate::search::schema::Schema;
use crate::search::terms::{Analyser, SortedTerms};
use ast::All;
use tree::Tree;

pub use given::{Compare, given};
pub use suggest::{Completion, complete};
pub use write::Chip;
pub(crate) use write::quoted;

/// Characters of a query that are read.
pub const CHARS_MAX: usize = 256;
/// Terms of a query that are searched.
pub const TERMS_MAX: usize = 16;
/// Parentheses inside parentheses.
pub const DEPTH_MAX: usize = 4;
/// Values of one list, such as `size:S,M,L`.
pub const LIST_MAX: usize = 32;

/// Something in a query that was not understood and is not searched.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Stable word: `unknown_field`, `unknown_value`, `wrong_value`, `incomplete`, `too_long`, `too_many_terms`, `too_deep`;
    /// of a list also `unknown_sort`, `of_others` and `no_such_value`.
    pub code: &'static str,
    /// The part of the query it is about, as it was typed.
    pub text: String,
    /// What was wrong and what would be right.
    pub message: String,
    /// The text to put in its place.
    pub suggestion: Option<String>,
}

impl Problem {
    /// Whether a term was left out for it; otherwise something was read only in part.
    pub fn leaves_out_a_term(&self) -> bool {
        matches!(self.code, "unknown_field" | "unknown_value" | "wrong_value" | "incomplete")
    }
}

/// A query that was understood, and what of it was not.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub query: Query,
    pub problems: Vec<Problem>,
    /// The query in its shortest form, without the problems: two texts that mean the same read the same.
    pub canonical: String,
}

/// A query against one schema.
#[derive(Clone, Debug)]
pub struct Query {
    schema: Schema,
    ast: All,
    tree: Tree,
}

impl Query {
    /// The query that finds everything.
    pub fn everything(schema: &Schema) -> Self {
        Self { schema: schema.clone(), ast: All::default(), tree: Tree::All }
    }
    /// The query that finds nothing: the answer where nothing of what was asked was understood.
    pub fn nothing(schema: &Schema) -> Self {
        Self { schema: schema.clone(), ast: All::default(), tree: Tree::Nothing }
    }
    /// Whether it finds everything, because nothing was asked.
    pub fn is_everything(&self) -> bool {
        self.tree == Tree::All
    }
    /// The query that finds what both find.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut ast = self.ast.clone();
        ast.0.extend(other.ast.0.iter().cloned());
        let tree = Tree::and(vec![self.tree.clone(), other.tree.clone()]);
        Self { schema: self.schema.clone(), ast, tree }
    }
    /// Whether a document matches: the same answer as the index gives, without one.
    ///
    /// Typing mistakes are not forgiven here: only `Search::find` knows that nothing else was found.
    pub fn matches(&self, doc: &Doc) -> bool {
        let terms = Analyser::new(&self.schema).terms(doc);
        terms.is_some_and(|terms| {
            let tree = seen::by(&self.schema, terms.kind, self.tree.clone());
            tree.matches(&SortedTerms::new(terms))
        })
    }
    /// The values of open fields it asks for: (place of the field, value).
    pub(crate) fn open_values(&self) -> Vec<(u16, String)> {
        let mut values = Vec::new();
        suggest::open_values(&self.ast, &self.schema, &mut values);
        values
    }
    pub fn schema(&self) -> &Schema {
        &self.schema
    }
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }
    pub(crate) fn with_tree(&self, tree: Tree) -> Self {
        Self { tree, ..self.clone() }
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

/// Reads a query text as the box does, while it is typed: a value of a field that stands last is a beginning, and is told
/// with the star that says so.
///
/// `now` and `zone` give relative dates their meaning; `me` is the value that stands for the word `me`.
pub fn parse(text: &str, schema: &Schema, now: Timestamp, zone: &Zone, me: Option<&str>) -> Parsed {
    read(text, schema, now, zone, me, true)
}

/// The same for programs, which write the star where they mean a beginning: without it a field has the whole value.
pub fn exact(text: &str, schema: &Schema, now: Timestamp, zone: &Zone) -> Parsed {
    read(text, schema, now, zone, None, false)
}

fn read(
    text: &str,
    schema: &Schema,
    now: Timestamp,
    zone: &Zone,
    me: Option<&str>,
    is_typed: bool,
) -> Parsed {
    let mut problems = Vec::new();
    let mut ast = parse::read(text, schema, &mut problems);
    ast.settle();
    if is_typed {
        ast.open_last(&|field| schema.has_beginnings(field));
    }
    let context = plan::Context { schema, now, zone, me };
    let understood = problems.len();
    let mut tree = plan::tree(&context, &mut ast, &mut problems);
    if problems.len() > understood {
        // Terms were taken out: what stands side by side now may mean something together.
        ast.settle();
        tree = plan::tree(&context, &mut ast, &mut Vec::new());
    }
    let canonical = write::all(&ast, schema);
    Parsed { query: Query { schema: schema.clone(), ast, tree }, problems, canonical }
}

/// The distance used for suggestions: how many letters have to be typed otherwise, swaps counting once.
pub(crate) fn nearest<'a>(wanted: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    suggest::nearest(wanted, words)
}
