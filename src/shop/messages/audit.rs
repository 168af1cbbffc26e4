//! What `backroom check` proves of messages: every answer has its message, and they are counted.

use super::model::{MESSAGES, MessageId, REPLIES};
use crate::base::error::Result;
use crate::store::{Direction, Findings, Snapshot, Span};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const PLACE: &str = "shop::messages";

/// The checks of this feature.
///
/// # Errors
/// Faults of the store only; what is wrong with the records becomes findings.
pub fn check(s: &Snapshot, findings: &mut Findings) -> Result<()> {
    let mut counted: BTreeMap<MessageId, u32> = BTreeMap::new();
    REPLIES.walk(s, &Span::all(), Direction::Forward, |(id, number), _| {
        let count = counted.entry(id).or_default();
        *count += 1;
        if number != *count {
            findings.add(PLACE, format!("answer {number} to message {id} is out of its order"));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    MESSAGES.walk(s, &Span::all(), Direction::Forward, |id, message| {
        let count = counted.remove(&id).unwrap_or(0);
        if message.id != id {
            findings.add(PLACE, format!("message {id} says it is {}", message.id));
        }
        if message.replies != count {
            findings.add(PLACE, format!("message {id} counts {} answers and has {count}", message.replies));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for id in counted.keys() {
        findings.add(PLACE, format!("there are answers to message {id}, which is gone"));
    }
    Ok(())
}
