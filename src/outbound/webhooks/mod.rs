//! Webhooks by the Standard Webhooks scheme: a signed message is posted to an address, and what came back is told. It knows
//! nothing of events, endpoints or schedules.

mod guard;
mod send;
mod settings;
mod sign;

pub use guard::{Address, Guard, origin};
pub use send::{Answer, Message, Sender};
pub use settings::Settings;
pub use sign::{Secret, sign};
