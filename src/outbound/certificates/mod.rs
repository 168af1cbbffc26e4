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

/// What a server shows as its certificate, for noise.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let _days = Certificate::read(bytes).map(|found| found.days_left(crate::base::time::Timestamp(0)));
}
