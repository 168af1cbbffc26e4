//! Answers whose mail did not go: the message is what it was before, or open again; and answers that went after all.

use super::events::{Assigned, Reopened, Replied, ReplyNotSent};
use super::model::{Message, MessageId, REPLIES, Reply, State, Unsent};
use super::ops::{Step, concerned, find, keep, replies, reply, take};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Subject, Tx};

/// Closes a message with an answer to it, which opens it again should it not be sent.
///
/// # Errors
/// As [`take`] and [`reply`].
pub fn close_with(tx: &mut Tx<'_>, id: MessageId, number: u32) -> Result<Message> {
    let answer = Reply { has_closed: true, ..reply(tx, id, number)? };
    REPLIES.put(tx, &(id, number), &answer)?;
    take(tx, id, None, Step::Close)
}

/// An answer was not sent. Cancelled, the message is what it was before it; failed, it is open: somebody has to see to it.
///
/// # Errors
/// Faults of the store only.
pub fn take_back(tx: &mut Tx<'_>, id: MessageId, number: u32, why: Unsent) -> Result<()> {
    let Some((mut message, reply)) = answered(tx, id, number, false)? else { return Ok(()) };
    let subject = Subject::of(&id);
    message.unsent += 1;
    message.replied_at = last_sent(tx, id)?;
    message.has_failed = why == Unsent::Failed || reply.follows_failure;
    let opens = message.state == State::Closed && (why == Unsent::Failed || reply.has_closed);
    if opens {
        message.state = State::Open;
    }
    let left = reply.taken_by.filter(|by| why == Unsent::Cancelled && message.assigned_to == Some(*by));
    if left.is_some() {
        message.assigned_to = None;
    }
    let message = keep(tx, message)?;
    let reason = match why {
        Unsent::Cancelled => "cancelled",
        Unsent::Failed => "failed",
    };
    let also = concerned(tx, &message)?;
    tx.publish_with(subject, &also, &ReplyNotSent { reply: number, reason })?;
    if opens {
        tx.publish(subject, &Reopened {})?;
    }
    if let Some(by) = left {
        tx.publish(subject, &Assigned { before: Some(by.to_string()), after: None })?;
    }
    Ok(())
}

/// An answer that was not sent is, or is to be: its mail is sent again.
///
/// # Errors
/// Faults of the store only.
pub fn send_after_all(tx: &mut Tx<'_>, id: MessageId, number: u32) -> Result<()> {
    let Some((mut message, _)) = answered(tx, id, number, true)? else { return Ok(()) };
    message.unsent = message.unsent.saturating_sub(1);
    message.replied_at = last_sent(tx, id)?;
    message.has_failed = false;
    let message = keep(tx, message)?;
    let also = concerned(tx, &message)?;
    tx.publish_with(Subject::of(&id), &also, &Replied { reply: number })?;
    Ok(())
}

/// Turns an answer that was not sent into one that is, or the other way round; gives it with its message. `None` where it
/// is so already, or gone with old spam.
fn answered(
    tx: &mut Tx<'_>,
    id: MessageId,
    number: u32,
    is_unsent: bool,
) -> Result<Option<(Message, Reply)>> {
    let Some(message) = find(tx, id)? else { return Ok(None) };
    let Some(mut reply) = REPLIES.get(tx, &(id, number))?.filter(|reply| reply.is_unsent == is_unsent) else {
        return Ok(None);
    };
    reply.is_unsent = !is_unsent;
    REPLIES.put(tx, &(id, number), &reply)?;
    Ok(Some((message, reply)))
}

/// When the last answer that was sent was given.
fn last_sent(tx: &Tx<'_>, id: MessageId) -> Result<Option<Timestamp>> {
    Ok(replies(tx, id)?.into_iter().rev().find(|(_, reply)| !reply.is_unsent).map(|(_, reply)| reply.at))
}
