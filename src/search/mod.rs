//! How everything is found: one query language over one index, and what was just written is in it.
//!
//! Features declare their kinds and fields (`Schema`) and turn their records into documents (`Doc`).

#![expect(dead_code, reason = "the index that uses the rest is being built")]

mod cut;
mod doc;
mod engine;
mod find;
mod fold;
mod health;
pub mod highlight;
mod pending;
mod phone;
pub mod query;
mod request;
mod scan;
mod schema;
mod source;
mod terms;
mod tokens;

pub use doc::Doc;
pub use engine::{Search, Settings};
pub use health::Health;
pub use highlight::Match;
pub use query::{Chip, Completion, Parsed, Problem, Query};
pub use request::{Answer, Count, Cursor, Facet, Hit, LIMIT_MAX, Request, Sort, Total};
pub use schema::{FieldDef, KindDef, Schema, Shape};
pub use source::{Change, Source};
