//! Mail: what customers, the shop and its staff are told by e-mail, and when.
//!
//! A subscription to the event log turns an event into a mail for each moment that is switched on: at most one per moment,
//! subject and event, whatever is killed and when. A mail waits some seconds in which it can be cancelled; then its moment
//! is looked at again, it is written from its template, kept as it is going to be sent, and given to the server under a
//! Message-ID that stays. Orders that an import brought never send any.

pub mod admin;
mod answers;
pub mod api;
mod audit;
mod behind;
mod bounce;
mod card;
mod deliver;
mod desk;
mod events;
mod model;
mod moments;
mod ops;
#[cfg(test)]
mod played;
mod returned;
mod scene;
mod settings;
mod suppress;
mod take;
mod templates;
#[cfg(test)]
mod told_once;
mod view;
mod write;

pub use answers::{Fate, fate_of, queue_answer, require_ready, tells_of_messages};
pub use api::{ApiDocs, routes as api_routes};
pub use audit::check;
pub use bounce::REASON_MAX;
pub use card::of_order;
pub use desk::Post;
pub use events::EVENTS;
pub use model::{MailId, TABLES};
pub use ops::failed_lately;
#[cfg(any(test, fuzzing))]
pub use returned::fuzzed as fuzzed_bounce;
