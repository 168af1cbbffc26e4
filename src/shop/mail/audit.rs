//! What `backroom check` proves of mails: one that waits has a job that sends it, and what was written belongs to a mail.

use super::model::{CONTENTS, MAILS, State};
use super::ops;
use crate::base::error::Result;
use crate::store::{Direction, Findings, Snapshot, Span};
use std::ops::ControlFlow;

const PLACE: &str = "shop::mail";

/// The checks of this feature.
///
/// # Errors
/// Faults of the store only; what is wrong with the records becomes findings.
pub fn check(s: &Snapshot, findings: &mut Findings) -> Result<()> {
    MAILS.walk(s, &Span::all(), Direction::Forward, |id, mail| {
        // One that was given up by its job failed, and may be tried again among the jobs.
        let is_lost = mail.state.is_open() && ops::state(s, &mail)? == State::Cancelled;
        if is_lost {
            findings.add(PLACE, format!("mail {id} is {} and nobody sends it", mail.state.word()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    CONTENTS.walk(s, &Span::all(), Direction::Forward, |id, _| {
        if MAILS.get(s, &id)?.is_none() {
            findings.add(PLACE, format!("what was written for mail {id} is there, and the mail is not"));
        }
        Ok(ControlFlow::Continue(()))
    })
}
