//! How everything is found: one query language over one index, and what was just written is in it.
//!
//! Features declare their kinds and fields (`Schema`) and turn their records into documents (`Doc`).

#[cfg(test)]
mod crashing;
mod cut;
mod doc;
mod engine;
mod find;
mod fold;
mod gather;
mod health;
pub mod highlight;
mod index;
mod indexer;
mod known;
mod many;
mod memory;
mod order;
mod pending;
mod phone;
pub mod query;
mod rebuild;
mod request;
mod room;
mod schema;
mod source;
mod terms;
#[cfg(test)]
mod tests;
mod tokens;
mod whole;

pub use doc::Doc;
pub use engine::{Search, Settings};
pub use health::Health;
pub use highlight::Match;
pub use order::Sort;
pub use query::{Chip, Completion, Parsed, Problem, Query};
pub use request::{Answer, Count, Cursor, Facet, Hit, LIMIT_MAX, Request, Total};
pub use room::no_room;
pub use schema::{FieldDef, Hidden, KindDef, Naming, Schema, Shape};
pub use source::{Change, Source};
