//! Mail over SMTP: one message to one recipient at a time, over connections that are kept for a while, and what the
//! server said of it. Knows no feature.

mod answer;
mod dkim;
mod letter;
mod server;

pub use answer::Outcome;
pub use dkim::Dkim;
pub use letter::{Letter, Party, is_address};
pub(super) use server::is_here;
pub use server::{Place, Server, Tls};
