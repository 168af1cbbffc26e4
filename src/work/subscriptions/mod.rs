//! Subscriptions: named durable readers of the event log. The place of each is a row of the store, moved in the very
//! transaction that writes what the events come to, so nothing is missed and nothing is taken twice.
//!
//! What has an effect outside writes a job: the job is at least once, and carries an id by which its receiver knows it.
//! An event that a subscriber cannot take becomes a job too, and the reader goes on: it is tried again with growing
//! pauses, and waits for somebody when it cannot be taken at all.

mod model;
mod ops;
mod pump;

pub use model::{Subscription, SubscriptionId, TABLES};
pub use ops::{
    add, all, behind, check, get, is_followed, is_open, lag, pause, refilter, remove, replay, resume,
    seq_before, settle, skip, slowest, strange,
};
pub(in crate::work) use pump::Retaker;
pub use pump::{About, Pump, Subscriber};
