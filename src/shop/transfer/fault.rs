//! A cell that refuses its row: where it stands, what it has, and why not.

use crate::base::error::Error;
use std::sync::Arc;

/// A cell that refuses its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The file of the row, where several are read.
    pub file: Option<Arc<str>>,
    /// Physical line of the row.
    pub line: u64,
    pub column: String,
    pub value: String,
    pub code: &'static str,
    pub reason: String,
}

impl Fault {
    /// A refusal by the rules of a record: its first field; the line is the caller's.
    pub fn of(error: &Error) -> Self {
        let field = error.fields.first();
        Self {
            file: None,
            line: 0,
            column: field.map_or("", |f| f.pointer.trim_start_matches('/')).to_owned(),
            value: String::new(),
            code: field.map_or(error.code, |f| f.code),
            reason: field.map_or_else(|| error.message.to_string(), |f| f.detail.clone()),
        }
    }
}
