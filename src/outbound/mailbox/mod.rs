//! A mailbox that is read over IMAP (RFC 3501): what is unseen in one folder, some of it at a time, and marked as seen when
//! it was taken. Nothing is deleted or moved. Knows no feature.
//!
//! The server is not believed: every wait has its end, lines and literals have bounds before there is room for them, and
//! what is nested is passed over without a call. Of the protocol only that is here which this needs.

mod answer;
mod server;
mod session;
mod socket;
mod wire;

pub use server::{Mailbox, Place};
pub use session::{Session, Trouble, Unseen};

/// The answers of a server, for noise.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let mut wire = wire::Wire::new(std::io::Cursor::new(bytes.to_vec()));
    while let Ok(answer) = wire.answer(1 << 16) {
        let _refused = answer::Said::read(&answer);
    }
}
