//! An answer with its mail: both in one transaction, for the page and for the API alike.

use crate::access::staff::StaffId;
use crate::base::error::Result;
use crate::shop::mail::{self, MailId, Post};
use crate::shop::messages::{self, Message, MessageId, State};
use crate::store::Tx;

/// What somebody answers.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    /// The version that was answered.
    pub(super) seen: Option<u64>,
    /// Who answers, where a person does.
    pub(super) by: Option<StaffId>,
    /// Nothing more is needed.
    pub(super) close: bool,
}

/// Writes an answer down and queues its mail.
///
/// # Errors
/// As [`messages::add_reply`]; `mail_not_set_up`.
pub(super) fn answer(
    tx: &mut Tx<'_>,
    post: &Post,
    id: MessageId,
    answer: &Answer,
) -> Result<(Message, MailId)> {
    let (mut message, number) = messages::add_reply(tx, id, answer.seen, &answer.text, answer.by)?;
    let mail = mail::queue_answer(post, tx, &message, number)?;
    if answer.close && message.state == State::Open {
        message = messages::close_with(tx, id, number)?;
    }
    Ok((message, mail))
}
