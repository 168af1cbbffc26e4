//! What became of a message: taken, refused for good, or to be tried again; judged by where the server said no.

use crate::base::unseen::shown;
use lettre::transport::smtp::Error;
use std::io;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it. What it said.
    Taken(String),
    /// Not now; or something is wrong that is no fault of this message, and may be mended.
    Later(String),
    /// Never.
    Refused {
        answer: String,
        /// The address itself is no good: nothing sent there will ever arrive.
        is_address: bool,
    },
}

/// How far it had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    SignIn,
    Sender,
    Recipient,
    Content,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "The server cannot be reached",
            Self::SignIn => "The server refuses user and password",
            Self::Sender => "The server refuses the sender",
            Self::Recipient => "The server refuses the recipient",
            Self::Content => "The server refuses the message",
        }
    }
}

/// The outcome of an error at a step.
pub(super) fn outcome(step: Step, error: &Error) -> Outcome {
    let Some(code) = error.status().map(|code| code.to_string()) else {
        return Outcome::Later(broken(step, error));
    };
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let answer = format!("{code} {said}").trim().to_owned();
    if !error.is_permanent() {
        return Outcome::Later(answer);
    }
    match step {
        // These are the shop's own faults, and say nothing of the recipient: mended, the message goes.
        Step::Connect | Step::SignIn | Step::Sender => Outcome::Later(format!("{}: {answer}", step.words())),
        Step::Recipient | Step::Content => {
            Outcome::Refused { is_address: is_address(step, &code, &said), answer }
        }
    }
}

/// Whether a refusal is about the address and will stay. By RFC 3463 where the server says it so: class 1 is addresses,
/// 2.1 a mailbox that was switched off; a full mailbox and every policy are something else.
fn is_address(step: Step, code: &str, said: &str) -> bool {
    let enhanced = said.split_whitespace().next().unwrap_or_default();
    let parts: Vec<&str> = enhanced.split('.').collect();
    match parts.as_slice() {
        ["5", subject, detail] if detail.chars().all(|c| c.is_ascii_digit()) => {
            *subject == "1" || (*subject == "2" && *detail == "1")
        }
        _ => step == Step::Recipient && ["550", "551", "553"].contains(&code),
    }
}

fn broken(step: Step, error: &Error) -> String {
    let words = match step {
        Step::Connect => "The server cannot be reached",
        _ => "The connection broke off",
    };
    if error.is_timeout() || gave_up_waiting(error) {
        return "The server did not answer in time.".to_owned();
    }
    let cause = error.to_string();
    let cause = cause.trim_end_matches('.');
    if cause.contains("incomplete response") {
        return format!("{words}: the server hung up.");
    }
    let shown = shown(cause, 300);
    format!("{words}: {shown}.")
}

/// A socket whose time is over says so in one of two ways, by the system.
fn gave_up_waiting(error: &Error) -> bool {
    let mut at = std::error::Error::source(error);
    while let Some(cause) = at {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return matches!(io.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        }
        at = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_address_is_taken_for_that() {
        for (step, code, said, is) in [
            (Step::Recipient, "550", "5.1.1 No such user", true),
            (Step::Recipient, "550", "No such user", true),
            (Step::Recipient, "553", "mailbox name not allowed", true),
            (Step::Recipient, "550", "5.2.1 Mailbox disabled", true),
            (Step::Recipient, "552", "5.2.2 Mailbox full", false),
            (Step::Recipient, "550", "5.7.1 Relaying denied", false),
            (Step::Recipient, "554", "Go away", false),
            (Step::Content, "550", "This looks like spam", false),
            (Step::Content, "554", "5.7.1 This looks like spam", false),
            (Step::Content, "550", "5.1.1 No such user", true),
        ] {
            assert_eq!(is_address(step, code, said), is, "{code} {said}");
        }
    }
}
