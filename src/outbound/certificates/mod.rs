//! Certificates of other servers: one TLS handshake with an address, what was shown there, and what is wrong with it. It
//! knows nothing of sites, mails or schedules.

mod address;
mod handshake;
mod prober;
mod problem;
mod read;
mod settings;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use prober::{Prober, Seen};
pub use problem::Problem;
pub use read::Certificate;
pub use settings::Settings;
