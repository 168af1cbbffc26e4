//! What another system calls a record.

use super::model::one_line;
use crate::base::error::Checks;
use crate::base::id::Id;
use minicbor::{Decode, Encode};

/// Where a record came from: the system and the id it has there. One reference names one record.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// The other system, such as `shopify`.
    #[n(0)]
    pub source: String,
    /// The id the record has there.
    #[n(1)]
    pub id: String,
}

/// The source that our own exports name for records of this shop.
const OWN_SOURCE: &str = "backroom";

impl ExternalRef {
    /// How our own export names a record.
    pub fn own(id: impl std::fmt::Display) -> Self {
        Self { source: OWN_SOURCE.into(), id: id.to_string() }
    }
    /// The id of a record of ours, where our own export names it.
    pub fn own_id<I: Id>(&self) -> Option<I> {
        if self.source == OWN_SOURCE { I::parse(&self.id).ok() } else { None }
    }
}

/// An outside id names its system and is not empty: the next empty one would be taken for the same record. Ids of our own
/// records come in files of ours alone, since they say when a record was made.
pub fn check_reference(given: &ExternalRef, is_import: bool, pointer: &str, checks: &mut Checks) {
    if given.source == OWN_SOURCE && !is_import {
        let text = format!("“{OWN_SOURCE}” names records of exports of this program. Name the other system.");
        checks.wrong(format!("{pointer}/source"), "invalid_value", text);
    }
    for (field, text) in [("source", &given.source), ("id", &given.id)] {
        let at = format!("{pointer}/{field}");
        if text.trim().is_empty() {
            checks.wrong(at, "required", "Name the other system and the id there, or leave both out.");
        } else {
            checks.keep(&at, one_line(text));
        }
    }
}
