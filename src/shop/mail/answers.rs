//! The mails of answers to messages: queued in the transaction of the answer, whatever else is switched on; and how far
//! each of them is.

use super::desk::Post;
use super::model::{BY_KEY, MAILS, Mail, MailId, State};
use super::moments::{Moment, language};
use super::ops::{self, New};
use super::settings::{self, LANE};
use super::view;
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::shop::customers;
use crate::shop::messages::{self, Message, MessageId, Unsent};
use crate::store::{Read, Tx};
use crate::web::parts::Badge;
use crate::work::subscriptions;

/// Mails sent in place of one another that are followed.
const AGAIN_MAX: usize = 50;

fn key(message: MessageId, number: u32) -> String {
    format!("{}/{message}/{number}", Moment::MessageReply.word())
}

/// Refuses while nothing can be sent.
///
/// # Errors
/// `mail_not_set_up` with what is missing.
pub fn require_ready(post: &Post, r: &(impl Read + ?Sized)) -> Result<()> {
    let missing = if post.server().is_none() {
        "No mail server is configured, so nothing can be answered from here. Set mail.host in the configuration."
    } else if settings::get(r)?.address.is_empty() {
        "Mails have no sender yet. Enter the address under Mail, Settings, then answer."
    } else {
        return Ok(());
    };
    Err(Error::conflict("mail_not_set_up", missing))
}

/// Whether the shop is told by mail of messages that come in.
///
/// # Errors
/// Faults of the store only.
pub fn tells_of_messages(r: &(impl Read + ?Sized)) -> Result<bool> {
    Ok(settings::get(r)?.is_on(Moment::NewMessage))
}

/// Queues the mail of an answer.
///
/// # Errors
/// `mail_not_set_up`; faults of the store.
pub fn queue_answer(post: &Post, tx: &mut Tx<'_>, message: &Message, number: u32) -> Result<MailId> {
    require_ready(post, tx)?;
    let settings = settings::get(tx)?;
    if subscriptions::get(tx, LANE).is_err() {
        // The lane of the mails, which stands still in a restored shop, has to be there.
        let kinds = vec![Moment::MessageReply.event().to_owned()];
        let last = post.store().last_seq();
        subscriptions::add(tx, LANE, kinds, last, post.store().epoch())?;
    }
    let own = match messages::customer_of(tx, message)? {
        Some(id) => customers::find(tx, id)?.map(|c| c.language).unwrap_or_default(),
        None => String::new(),
    };
    let tag = if own.is_empty() { &message.language } else { &own };
    let new = New {
        moment: Moment::MessageReply.word(),
        to: message.email.clone(),
        language: language(tag, &settings.language).to_owned(),
        order: None,
        message: Some((message.id, Some(number))),
        site: None,
        event: None,
        key: key(message.id, number),
        by: tx.actor().name.clone(),
    };
    let due_at = tx.now().plus_ms(post.hold_ms());
    let added = ops::add(tx, new, &settings.address, due_at)?;
    added.ok_or_else(|| Error::internal("an answer has its mail already"))
}

/// The mail of an answer: the last of those that were sent in place of one another.
pub(super) fn mail_of(
    r: &(impl Read + ?Sized),
    message: MessageId,
    number: u32,
) -> Result<Option<(MailId, Mail)>> {
    let Some(mut id) = BY_KEY.first(r, &key(message, number))? else { return Ok(None) };
    let Some(mut mail) = MAILS.get(r, &id)? else { return Ok(None) };
    for _ in 0..AGAIN_MAX {
        let Some(next) = mail.again else { break };
        let Some(there) = MAILS.get(r, &next)? else { break };
        (id, mail) = (next, there);
    }
    Ok(Some((id, mail)))
}

/// The message follows what becomes of the mail of an answer to it.
///
/// # Errors
/// Faults of the store only.
pub(super) fn follow(tx: &mut Tx<'_>, mail: &Mail, state: State) -> Result<()> {
    let (Some(message), Some(number)) = (mail.message, mail.reply) else { return Ok(()) };
    match state {
        State::Queued | State::Sending => Ok(()),
        State::Sent => messages::send_after_all(tx, message, number),
        // One that went out before counts, whatever becomes of a second one.
        _ if has_arrived(tx, message, number)? => Ok(()),
        State::Cancelled => messages::take_back(tx, message, number, Unsent::Cancelled),
        State::Failed | State::Dropped => messages::take_back(tx, message, number, Unsent::Failed),
    }
}

/// Whether one of the mails of an answer was sent.
fn has_arrived(r: &(impl Read + ?Sized), message: MessageId, number: u32) -> Result<bool> {
    let mut next = BY_KEY.first(r, &key(message, number))?;
    for _ in 0..=AGAIN_MAX {
        let Some(mail) = next.map(|id| MAILS.get(r, &id)).transpose()?.flatten() else { break };
        if mail.state == State::Sent {
            return Ok(true);
        }
        next = mail.again;
    }
    Ok(false)
}

/// How far the mail of an answer is.
#[derive(Clone, Debug)]
pub struct Fate {
    pub mail: MailId,
    /// The word in the API.
    pub state: &'static str,
    pub badge: Badge,
    /// Why it was not sent, or is tried again.
    pub reason: String,
    /// While it waits.
    pub due_at: Option<Timestamp>,
}

/// What became of the mail of an answer; `None` when it is so old that the log does not have it any more.
///
/// # Errors
/// Faults of the store only.
pub fn fate_of(r: &(impl Read + ?Sized), message: MessageId, number: u32) -> Result<Option<Fate>> {
    let Some((id, mail)) = mail_of(r, message, number)? else { return Ok(None) };
    let state = ops::state(r, &mail)?;
    Ok(Some(Fate {
        mail: id,
        state: state.word(),
        badge: view::badge(state, !mail.attempts.is_empty()),
        reason: if state == State::Sent { String::new() } else { mail.reason },
        due_at: Some(mail.due_at).filter(|_| state == State::Queued),
    }))
}
