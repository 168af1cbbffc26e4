//! Outreach: webhooks. Other programs are told of events: who wants which, what was sent, what came back.
//!
//! An endpoint is a subscription to the event log with an address and secrets; every event it wants becomes a job, which
//! posts it and is tried again for three days. Pausing an endpoint loses nothing: its place in the log stays.

pub mod admin;
pub mod api;
mod deliver;
mod desk;
mod events;
mod kinds;
mod model;
mod ops;
mod told;
mod wire;

pub use api::{ApiDocs, routes as api_routes};
pub use deliver::{Again, Deliveries, Notices};
pub use desk::{KINDS_MAX, NOTE_MAX, Others, Outreach};
pub use events::EVENTS;
pub use kinds::Kinds;
pub use model::{AttemptId, EndpointId, TABLES};
pub use ops::failing;
pub use wire::{ActorOut, EventOut};
