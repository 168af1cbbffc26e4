//! What is done to a message in a transaction: received, answered, handed on, moved, found.

use super::arrival::NewMessage;
use super::events::{Assigned, Closed, MarkedNotSpam, MarkedSpam, Received, Reopened, Replied};
use super::model::{
    BY_EMAIL, BY_ORDER, BY_OWNER, BY_STATE, BY_TEXT, MESSAGES, Message, MessageId, REPLIES, Reply, State,
};
use super::spam;
use crate::access::key::ApiKey;
use crate::access::staff::{self, StaffId};
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::time::{DAY_MS, Timestamp};
use crate::shop::customers::{self, CustomerId};
use crate::shop::orders::{self, OrderId};
use crate::store::{Direction, Index, Key, Page, Read, Span, Subject, Tx};

/// Characters of an answer at most.
pub const ANSWER_LEN_MAX: usize = customers::NOTE_LEN_MAX;
/// Answers to one message at most.
const REPLIES_MAX: u32 = 500;
/// The same text within this time is suspected.
const SAME_MS: i64 = 7 * DAY_MS;
/// Earlier messages of the same text that are looked at.
const SAME_LOOKED_AT: usize = 20;
/// Spam is kept so long.
const SPAM_KEPT_MS: i64 = 90 * DAY_MS;
/// Old spam removed with each new message.
const SWEPT: usize = 5;
/// Of so many of the oldest.
const LOOKED_AT: usize = 50;
/// Counted in one view at most.
const COUNTED_MAX: u64 = 1_000;

/// # Errors
/// `not_found`.
pub fn get(r: &(impl Read + ?Sized), id: MessageId) -> Result<Message> {
    MESSAGES.get(r, &id)?.ok_or_else(|| Error::not_found("message", id))
}

/// The message, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn find(r: &(impl Read + ?Sized), id: MessageId) -> Result<Option<Message>> {
    MESSAGES.get(r, &id)
}

/// The answers to a message, the oldest first.
///
/// # Errors
/// Faults of the store only.
pub fn replies(r: &(impl Read + ?Sized), id: MessageId) -> Result<Vec<(u32, Reply)>> {
    let most = usize::try_from(REPLIES_MAX).unwrap_or(usize::MAX);
    let rows = REPLIES.list(r, &Span::of(&id), Direction::Forward, most)?;
    Ok(rows.into_iter().map(|((_, number), reply)| (number, reply)).collect())
}

/// One answer.
///
/// # Errors
/// `not_found`.
pub fn reply(r: &(impl Read + ?Sized), id: MessageId, number: u32) -> Result<Reply> {
    REPLIES.get(r, &(id, number))?.ok_or_else(|| Error::not_found("reply", format_args!("{number} of {id}")))
}

/// Keeps a message that came in; it was held against the rules before. What looks like spam is kept as such.
///
/// # Errors
/// Faults of the store only.
pub fn receive(tx: &mut Tx<'_>, new: &NewMessage, key: &ApiKey, network: &str) -> Result<Message> {
    let gone = sweep(tx)?;
    let fingerprint = spam::fingerprint(&new.body);
    let again = came_before(tx, new, fingerprint)?;
    let suspicion = spam::suspicion(new, key.origins(), again);
    let order = order_of(tx, new)?;
    let message = Message {
        id: tx.new_id(),
        name: new.name.clone(),
        email: new.email.clone(),
        phone: new.phone.clone(),
        subject: new.subject.clone(),
        body: new.body.clone(),
        order_number: new.order_number.clone(),
        order,
        page: new.page.clone(),
        language: new.language.clone(),
        metadata: new.metadata.clone(),
        received_at: tx.now(),
        key: key.id,
        network: network.to_owned(),
        state: if suspicion.is_some() { State::Spam } else { State::Open },
        spam_reason: suspicion.clone().unwrap_or_default(),
        assigned_to: None,
        replies: 0,
        replied_at: None,
        version: 1,
        fingerprint,
        unsent: 0,
        has_failed: false,
        marked_at: None,
    };
    MESSAGES.put(tx, &message.id, &message)?;
    // Whoever fills in forms for fun does not write into the history of orders.
    let mut also = if suspicion.is_some() { Vec::new() } else { concerned(tx, &message)? };
    // What reads the log, as the index does, looks at them again and finds nothing.
    also.extend(gone.iter().map(Subject::of));
    tx.publish_with(Subject::of(&message.id), &also, &Received { suspected: suspicion })?;
    Ok(message)
}

/// The order and the customer whose history tells of a message too.
pub(super) fn concerned(tx: &Tx<'_>, message: &Message) -> Result<Vec<Subject>> {
    let customer = customer_of(tx, message)?;
    Ok(message.order.iter().map(Subject::of).chain(customer.iter().map(Subject::of)).collect())
}

/// Removes spam that nobody will look for any more, a few at a time; gives what is gone. What somebody marked stays as long
/// after that, however old it is.
fn sweep(tx: &mut Tx<'_>) -> Result<Vec<MessageId>> {
    let place = State::Spam.place();
    let before = tx.now().plus_ms(-SPAM_KEPT_MS);
    let span = Span::between(&(place, Timestamp(i64::MIN)), &(place, before));
    let mut old = Vec::new();
    for (_, id) in BY_STATE.list(tx, &span, Direction::Forward, LOOKED_AT)? {
        let marked_at = MESSAGES.get(tx, &id)?.and_then(|message| message.marked_at);
        if old.len() < SWEPT && marked_at.is_none_or(|at| at < before) {
            old.push(id);
        }
    }
    for id in &old {
        for (number, _) in replies(tx, *id)? {
            REPLIES.delete(tx, &(*id, number))?;
        }
        MESSAGES.delete(tx, id)?;
    }
    Ok(old)
}

/// Whether the same text came within a week: from the same address, or longer than two people would write alike.
fn came_before(tx: &Tx<'_>, new: &NewMessage, fingerprint: [u8; 32]) -> Result<bool> {
    let since = tx.now().plus_ms(-SAME_MS);
    let span = Span::between(&(fingerprint, since), &(fingerprint, Timestamp(i64::MAX)));
    let rows = BY_TEXT.list(tx, &span, Direction::Backward, SAME_LOOKED_AT)?;
    if spam::is_own_words(&new.body) {
        return Ok(!rows.is_empty());
    }
    let own = email::key(&new.email);
    for (_, id) in rows {
        if MESSAGES.get(tx, &id)?.is_some_and(|earlier| email::key(&earlier.email) == own) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The order of this number, if it is one of who writes.
fn order_of(tx: &Tx<'_>, new: &NewMessage) -> Result<Option<OrderId>> {
    let text = new.order_number.trim_start_matches('#').trim();
    if text.is_empty() {
        return Ok(None);
    }
    let by_number = text.parse().ok().map(|number: u64| orders::find_by_number(tx, number)).transpose()?;
    let found = match by_number.flatten() {
        Some(id) => Some(id),
        None => orders::find_by_outside_id(tx, text)?,
    };
    let Some(id) = found else { return Ok(None) };
    let order = orders::get(tx, id)?;
    let own = email::key(&new.email);
    let of_order = order.email.as_deref().is_some_and(|address| email::key(address) == own);
    let of_customer = match order.customer {
        Some(customer) => customers::find_by_email(tx, &new.email)? == Some(customer),
        None => false,
    };
    Ok((of_order || of_customer).then_some(id))
}

/// The customer who has the address it was written from, now.
///
/// # Errors
/// Faults of the store only.
pub fn customer_of(r: &impl Read, message: &Message) -> Result<Option<CustomerId>> {
    customers::find_by_email(r, &message.email)
}

/// The message as somebody saw it, to be changed. The version rises when it is kept.
fn open(tx: &Tx<'_>, id: MessageId, seen: Option<u64>) -> Result<Message> {
    let message = get(tx, id)?;
    if seen.is_some_and(|seen| seen != message.version) {
        let text = "Somebody changed the message in the meantime. Look at what is there now, then try again.";
        return Err(Error::conflict("version_mismatch", text));
    }
    Ok(message)
}

pub(super) fn keep(tx: &mut Tx<'_>, mut message: Message) -> Result<Message> {
    message.version += 1;
    MESSAGES.put(tx, &message.id, &message)?;
    Ok(message)
}

/// Adds an answer; the caller queues its mail in the same transaction. Who answers first minds the message from then on.
///
/// # Errors
/// `not_found`, `version_mismatch`; `required`, `too_long`, `control_character`; `message_is_spam`, `too_many_replies`.
pub fn add_reply(
    tx: &mut Tx<'_>,
    id: MessageId,
    seen: Option<u64>,
    text: &str,
    by: Option<StaffId>,
) -> Result<(Message, u32)> {
    let text = customers::many_lines(text).map_err(|e| e.on("/text"))?;
    if text.is_empty() {
        return Err(Error::invalid("required", "Write an answer.").on("/text"));
    }
    let mut message = open(tx, id, seen)?;
    if message.state == State::Spam {
        let text = "This message is taken for spam. Say that it is none first.";
        return Err(Error::conflict("message_is_spam", text));
    }
    if message.replies >= REPLIES_MAX {
        let text = format!("A message has at most {REPLIES_MAX} answers. Go on by mail.");
        return Err(Error::conflict("too_many_replies", text));
    }
    message.replies += 1;
    message.replied_at = Some(tx.now());
    let number = message.replies;
    let taken = message.assigned_to.is_none() && by.is_some();
    let reply = Reply {
        at: tx.now(),
        by: tx.actor().name.clone(),
        text,
        is_unsent: false,
        has_closed: false,
        taken_by: by.filter(|_| taken),
        follows_failure: message.has_failed,
    };
    REPLIES.put(tx, &(id, number), &reply)?;
    if taken {
        message.assigned_to = by;
    }
    message.has_failed = false;
    let message = keep(tx, message)?;
    let also = concerned(tx, &message)?;
    tx.publish_with(Subject::of(&id), &also, &Replied { reply: number })?;
    if taken {
        let after = by.map(|by| by.to_string());
        tx.publish(Subject::of(&id), &Assigned { before: None, after })?;
    }
    Ok((message, number))
}

/// Gives a message to somebody, or to nobody.
///
/// # Errors
/// `not_found`, `version_mismatch`; `cannot_assign`.
pub fn assign(tx: &mut Tx<'_>, id: MessageId, seen: Option<u64>, to: Option<StaffId>) -> Result<Message> {
    let message = open(tx, id, seen)?;
    if let Some(to) = to {
        let person = staff::find(tx, to)?.filter(|person| person.active);
        if !person.is_some_and(|person| person.role.may("messages:reply")) {
            let text = "Choose somebody who works here and may answer messages.";
            return Err(Error::invalid("cannot_assign", text).on("/assigned_to"));
        }
    }
    if message.assigned_to == to {
        return Ok(message);
    }
    let before = message.assigned_to.map(|id| id.to_string());
    let message = keep(tx, Message { assigned_to: to, ..message })?;
    tx.publish(Subject::of(&id), &Assigned { before, after: to.map(|id| id.to_string()) })?;
    Ok(message)
}

/// A move of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Close,
    Reopen,
    Spam,
    NotSpam,
}

impl Step {
    pub const ALL: &'static [Self] = &[Self::Close, Self::Reopen, Self::Spam, Self::NotSpam];
    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Spam => "spam",
            Self::NotSpam => "not-spam",
        }
    }
    /// # Errors
    /// `not_found`.
    pub fn named(word: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|step| step.word() == word);
        found.ok_or_else(|| Error::not_found("step", word))
    }
    /// The step that takes this one back.
    pub fn back(self) -> Self {
        match self {
            Self::Close => Self::Reopen,
            Self::Reopen => Self::Close,
            Self::Spam => Self::NotSpam,
            Self::NotSpam => Self::Spam,
        }
    }
    fn leads(self, from: State) -> Option<State> {
        match (self, from) {
            (Self::Close, State::Open) => Some(State::Closed),
            (Self::Reopen, State::Closed) | (Self::NotSpam, State::Spam) => Some(State::Open),
            (Self::Spam, State::Open | State::Closed) => Some(State::Spam),
            _ => None,
        }
    }
    /// Whether it can be taken in a state.
    pub fn is_open_to(self, state: State) -> bool {
        self.leads(state).is_some()
    }
}

/// Moves a message.
///
/// # Errors
/// `not_found`, `version_mismatch`; `message_state`.
pub fn take(tx: &mut Tx<'_>, id: MessageId, seen: Option<u64>, step: Step) -> Result<Message> {
    let message = open(tx, id, seen)?;
    let Some(state) = step.leads(message.state) else {
        let text =
            format!("This message is in the wrong state for it: {}.", message.state.label().to_lowercase());
        return Err(Error::conflict("message_state", text));
    };
    let spam_reason = match step {
        Step::Spam => format!("Marked by {}.", tx.actor().name),
        _ => String::new(),
    };
    // Who closes it has seen to what failed.
    let has_failed = message.has_failed && step != Step::Close;
    let marked_at = (step == Step::Spam).then(|| tx.now());
    let message = keep(tx, Message { state, spam_reason, has_failed, marked_at, ..message })?;
    let subject = Subject::of(&id);
    match step {
        Step::Close => tx.publish(subject, &Closed {}),
        Step::Reopen => tx.publish(subject, &Reopened {}),
        Step::Spam => tx.publish(subject, &MarkedSpam {}),
        Step::NotSpam => tx.publish(subject, &MarkedNotSpam {}),
    }?;
    Ok(message)
}

/// What is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    Open,
    /// Open, and this person minds it.
    Of(StaffId),
    /// Open, and nobody minds it.
    Unassigned,
    Closed,
    Spam,
    All,
}

/// Messages of a folder, the newest first, from before one on.
///
/// # Errors
/// Faults of the store only.
pub fn page(
    r: &(impl Read + ?Sized),
    of: Folder,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Page<Message>> {
    let before = match before {
        Some(before) => MESSAGES.get(r, &before)?,
        None => None,
    };
    match of {
        Folder::Open => page_of(r, &BY_STATE, &State::Open.place(), before, limit),
        Folder::Closed => page_of(r, &BY_STATE, &State::Closed.place(), before, limit),
        Folder::Spam => page_of(r, &BY_STATE, &State::Spam.place(), before, limit),
        Folder::Of(person) => page_of(r, &BY_OWNER, &Some(person), before, limit),
        Folder::Unassigned => page_of(r, &BY_OWNER, &None, before, limit),
        Folder::All => {
            let span = match before {
                Some(before) => Span::all().after(&before.id, Direction::Backward),
                None => Span::all(),
            };
            let page = MESSAGES.page(r, &span, Direction::Backward, limit)?;
            Ok(Page { items: page.items.into_iter().map(|(_, message)| message).collect(), more: page.more })
        }
    }
}

/// A page of an index by something and the time.
fn page_of<K: Key + Clone>(
    r: &(impl Read + ?Sized),
    index: &Index<(K, Timestamp), MessageId>,
    key: &K,
    before: Option<Message>,
    limit: usize,
) -> Result<Page<Message>> {
    let mut span = Span::of(key);
    if let Some(before) = before {
        span = span.after(&((key.clone(), before.received_at), before.id), Direction::Backward);
    }
    let rows = index.page(r, &span, Direction::Backward, limit)?;
    let found = rows.items.into_iter().filter_map(|(_, id)| MESSAGES.get(r, &id).transpose());
    Ok(Page { items: found.collect::<Result<_>>()?, more: rows.more })
}

/// Ids of messages in their order after `after`, for the index.
///
/// # Errors
/// Faults of the store only.
pub fn ids(
    r: &(impl Read + ?Sized),
    after: Option<MessageId>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<MessageId>> {
    let span = after.map_or_else(Span::all, |id| Span::all().after(&id, direction));
    Ok(MESSAGES.page(r, &span, direction, limit)?.items.into_iter().map(|(id, _)| id).collect())
}

/// The messages from an e-mail address, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn by_email(
    r: &(impl Read + ?Sized),
    address: &str,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Page<Message>> {
    let before = match before {
        Some(before) => MESSAGES.get(r, &before)?,
        None => None,
    };
    page_of(r, &BY_EMAIL, &email::key(address), before, limit)
}

/// The messages about an order, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn about(r: &(impl Read + ?Sized), order: OrderId, limit: usize) -> Result<Page<Message>> {
    page_of(r, &BY_ORDER, &order, None, limit)
}

/// How many messages are in a folder, up to a thousand.
///
/// # Errors
/// Faults of the store only.
pub fn waiting(r: &(impl Read + ?Sized), of: Folder) -> Result<u64> {
    match of {
        Folder::Open => BY_STATE.count(r, &Span::of(&State::Open.place()), COUNTED_MAX),
        Folder::Closed => BY_STATE.count(r, &Span::of(&State::Closed.place()), COUNTED_MAX),
        Folder::Spam => BY_STATE.count(r, &Span::of(&State::Spam.place()), COUNTED_MAX),
        Folder::Of(person) => BY_OWNER.count(r, &Span::of(&Some(person)), COUNTED_MAX),
        Folder::Unassigned => BY_OWNER.count(r, &Span::of(&None::<StaffId>), COUNTED_MAX),
        Folder::All => Ok(0),
    }
}
