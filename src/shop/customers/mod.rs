//! Customers: people and companies the shop has dealt with, each once, known by e-mail, phone or an outside id.

pub mod admin;
mod api;
mod events;
mod external;
mod merge;
mod model;
mod named;
mod ops;
mod search;
mod table;
mod wire;

pub use api::{ApiDocs, routes as api_routes};
pub use events::{Changes, EVENTS, changes};
pub use external::{ExternalRef, check_reference};
pub use merge::{described, import, is_somebody_else, known_as, rehearsed, row_key};
pub use model::*;
pub use named::Named;
pub use ops::{
    CustomerChange, Outcome, Rank, add, change, each_totals, find, find_by_email, find_by_external,
    find_by_outside_id, get, ids, named, recent, require_version, retag, same_phone, set_totals,
    spent_currencies, totals, with_highest_spend, with_most_orders,
};
pub(in crate::shop) use ops::{in_any_source, retagged};
pub(in crate::shop) use search::address_fields;
pub use search::{FIELDS, KIND, average_spend, doc, doc_of, main_spend};
pub use table::{RowKey, TABLES};
pub(in crate::shop) use wire::patched;
pub use wire::{CustomerFields, CustomerOut};
