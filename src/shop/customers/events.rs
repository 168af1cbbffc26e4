//! The facts that customers publish: a public contract, in the feed and in webhooks.

use crate::store::Event;
use serde::Serialize;
use serde_json::{Map, Value};

/// Every kind of event of this feature with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[
    ("customer.added", "A customer was added."),
    ("customer.changed", "Fields of a customer changed; `changes` has each before and after."),
];

/// Field → [before, after].
pub type Changes = Map<String, Value>;

/// What differs between two views of a record, field by field.
pub fn changes(before: &Value, after: &Value) -> Changes {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Map::new() };
    after
        .iter()
        .filter(|(field, value)| before.get(*field) != Some(value))
        .map(|(field, value)| {
            (
                field.clone(),
                Value::Array(vec![before.get(field).cloned().unwrap_or(Value::Null), value.clone()]),
            )
        })
        .collect()
}

/// `customer.added`
#[derive(Debug, Serialize)]
pub(super) struct Added {
    pub name: String,
    /// `import`, `order`, `page`, `api`.
    pub by: &'static str,
}
impl Event for Added {
    fn kind(&self) -> &'static str {
        "customer.added"
    }
}

/// `customer.changed`
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    pub changes: Changes,
}
impl Event for Changed {
    fn kind(&self) -> &'static str {
        "customer.changed"
    }
}
