//! Messages: what people write to the shop through its contact form, until somebody has answered.
//!
//! A page of the shop sends a message with a publishable key. It is stored and answered at once; what follows (the mail to
//! the shop, webhooks) starts from its event. What looks like spam is kept apart and told to nobody. Whose customer and
//! which order a message is of is looked up when it is read, and never told to who wrote it.

mod arrival;
mod audit;
mod events;
mod model;
mod ops;
#[cfg(test)]
mod played;
mod search;
mod spam;
mod storefront;
mod unsent;

pub use arrival::{NAME_LEN_MAX, NewMessage, PAGE_LEN_MAX, SUBJECT_LEN_MAX, WORD_LEN_MAX};
pub use audit::check;
pub use events::EVENTS;
pub use model::{Message, MessageId, Reply, State, TABLES, Unsent};
pub use ops::{
    ANSWER_LEN_MAX, Folder, Step, about, add_reply, assign, by_email, customer_of, find, get, ids, page,
    receive, replies, reply, take, waiting,
};
pub use search::{FIELDS, KIND, doc, doc_of, shared};
#[cfg(any(test, fuzzing))]
pub(crate) use storefront::fuzzed;
pub use storefront::{ApiDocs, routes as storefront_routes};
pub use unsent::{close_with, send_after_all, take_back};
