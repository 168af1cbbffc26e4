//! What comes back: a mailbox is read in rounds, each message is asked whether it reports that a mail of this shop could not
//! be delivered, or that somebody complained of one, and what it reports is noted by the rule of `bounce.rs`.
//!
//! Anybody can write to that mailbox. A report counts where it names the `Message-ID` of a mail of this shop together with
//! the address which that very mail went to. Everything is marked as seen when it was dealt with, nothing is deleted, and
//! what is no report is counted and left to people.

mod mime;
mod notice;
mod round;
mod verdict;

pub(super) use round::{NAME, Rounds, last, plan};

/// A message of a stranger, for noise.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let _nothing = notice::read(bytes);
}
