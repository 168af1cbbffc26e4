//! Why a document was found: the fields that match and the marks in their texts.

use crate::search::doc::Doc;
use crate::search::query::Query;

/// A text of a document in which the query was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Match {
    pub field: &'static str,
    pub label: &'static str,
    pub text: String,
    /// Bytes of `text` to mark, in order and apart.
    pub ranges: Vec<(usize, usize)>,
}

/// The bytes of a field's text to mark, in order and apart. Take the query of the answer: it has the corrections.
pub fn ranges(text: &str, query: &Query, field: &str) -> Vec<(usize, usize)> {
    let _ = (text, query, field);
    Vec::new()
}

/// The fields of a document that the query was found in.
pub fn explain(doc: &Doc, query: &Query) -> Vec<Match> {
    let _ = (doc, query);
    Vec::new()
}
