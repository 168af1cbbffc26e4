//! Sites: addresses whose certificates are watched, the shop's own among them.
//!
//! Whoever adds a site publishes `site.added`; one subscription starts a check of its certificate, another writes whoever
//! agreed to it into the marketing list, which is the customer's own consent. A check is a job: it looks, and publishes
//! `certificate.checked`. Of that one subscription makes the statistics, another the warnings, which are events of their
//! own that mails follow. Each has its own place in the log, so that none waits for another.

pub mod admin;
pub mod api;
mod check;
mod console;
mod desk;
mod events;
mod model;
mod ops;
mod own;
#[cfg(test)]
mod played;
mod rounds;
mod statistics;
mod take;
mod view;
mod warnings;

pub use api::{ApiDocs, SiteOut, routes as api_routes};
pub use desk::{NOTE_MAX, Sites};
pub use events::EVENTS;
pub use model::{Site, SiteId, TABLES};
pub use ops::{check, failing, find, of_the_shop};
pub use rounds::plan;
pub use view::standing;
pub use warnings::{Warning, passed};
