//! A message as the store keeps it: who wrote what, how far it is, who minds it, and what was answered.

use crate::access::key::KeyId;
use crate::access::staff::StaffId;
use crate::base::email;
use crate::base::time::Timestamp;
use crate::shop::orders::OrderId;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

crate::id!(
    /// A message to the shop: `msg_…`.
    MessageId, "msg"
);

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Somebody has to look at it.
    #[n(0)]
    Open,
    #[n(1)]
    Closed,
    /// Taken for spam, by the rules or by somebody.
    #[n(2)]
    Spam,
}

impl State {
    pub(super) fn place(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Closed => 1,
            Self::Spam => 2,
        }
    }
    /// The word in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Spam => "spam",
        }
    }
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Closed => "Closed",
            Self::Spam => "Spam",
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Message {
    #[n(0)]
    pub id: MessageId,
    /// As it was written; may be empty, as may everything but address and text.
    #[n(1)]
    pub name: String,
    #[n(2)]
    pub email: String,
    #[n(3)]
    pub phone: String,
    #[n(4)]
    pub subject: String,
    #[n(5)]
    pub body: String,
    /// The number of an order as it was written.
    #[n(6)]
    pub order_number: String,
    /// The order, where number and e-mail address fit together.
    #[n(7)]
    pub order: Option<OrderId>,
    /// The page it was written on.
    #[n(8)]
    pub page: String,
    /// The language of who wrote, by its tag.
    #[n(9)]
    pub language: String,
    #[n(10)]
    pub metadata: BTreeMap<String, String>,
    #[n(11)]
    pub received_at: Timestamp,
    /// The publishable key it came with.
    #[n(12)]
    pub key: KeyId,
    /// The network it came from.
    #[n(13)]
    pub network: String,
    #[n(14)]
    pub state: State,
    /// Why it is taken for spam.
    #[n(15)]
    pub spam_reason: String,
    /// Who minds it.
    #[n(16)]
    pub assigned_to: Option<StaffId>,
    /// How many answers there are.
    #[n(17)]
    pub replies: u32,
    /// When it was answered last.
    #[n(18)]
    pub replied_at: Option<Timestamp>,
    /// Rises with every change.
    #[n(19)]
    pub version: u64,
    /// Of the letters and digits of its text.
    #[cbor(n(20), with = "minicbor::bytes")]
    pub(super) fingerprint: [u8; 32],
    /// How many of the answers were not sent.
    #[n(21)]
    #[cbor(default)]
    pub(super) unsent: u32,
    /// The last answer could not be sent, and nobody has seen to it.
    #[n(22)]
    #[cbor(default)]
    pub has_failed: bool,
    /// When somebody marked it as spam.
    #[n(23)]
    pub(super) marked_at: Option<Timestamp>,
}

impl Message {
    /// What lists call it: the subject, else how it begins.
    pub fn title(&self) -> String {
        const LONGEST: usize = 80;
        if !self.subject.is_empty() {
            return self.subject.clone();
        }
        let line = self.body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        if line.chars().count() <= LONGEST {
            return line.to_owned();
        }
        format!("{}…", line.chars().take(LONGEST).collect::<String>().trim_end())
    }
    /// Whether somebody was answered.
    pub fn is_answered(&self) -> bool {
        self.replies > self.unsent
    }
    /// Who wrote it: the name, else the address.
    pub fn sender(&self) -> &str {
        if self.name.is_empty() { &self.email } else { &self.name }
    }
}

/// An answer to a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    #[n(0)]
    pub at: Timestamp,
    /// The name of who answered.
    #[n(1)]
    pub by: String,
    #[n(2)]
    pub text: String,
    /// Its mail did not go: cancelled, refused or given up.
    #[n(3)]
    #[cbor(default)]
    pub is_unsent: bool,
    /// The message was closed with it.
    #[n(4)]
    #[cbor(default)]
    pub(super) has_closed: bool,
    /// Who minds the message because of it.
    #[n(5)]
    #[cbor(default)]
    pub(super) taken_by: Option<StaffId>,
    /// The answer before it could not be sent.
    #[n(6)]
    #[cbor(default)]
    pub(super) follows_failure: bool,
}

/// Why an answer was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// Somebody did not want it sent.
    Cancelled,
    /// The server refused it, or nobody may be written to there.
    Failed,
}

pub(super) const MESSAGES: Table<MessageId, Message> = Table::new("message/1");
/// (message, number from 1) → the answer.
pub(super) const REPLIES: Table<(MessageId, u32), Reply> = Table::new("message_reply/1");
/// (place of the state, received) → message.
pub(super) const BY_STATE: Index<(u8, Timestamp), MessageId> = Index::new("message_by_state/1");
/// (who minds it, received) → open message.
pub(super) const BY_OWNER: Index<(Option<StaffId>, Timestamp), MessageId> = Index::new("message_by_owner/1");
/// (e-mail address in the form in which two are the same, received) → message.
pub(super) const BY_EMAIL: Index<(String, Timestamp), MessageId> = Index::new("message_by_email/1");
/// (order, received) → message.
pub(super) const BY_ORDER: Index<(OrderId, Timestamp), MessageId> = Index::new("message_by_order/1");
/// (fingerprint of the text, received) → message.
pub(super) const BY_TEXT: Index<([u8; 32], Timestamp), MessageId> = Index::new("message_by_text/1");

/// The tables of this feature.
pub const TABLES: &[TableInfo] = &[MESSAGES.info("shop::messages"), REPLIES.info("shop::messages")];

impl Record for Message {
    type Key = MessageId;
    const INDEXES: &'static [IndexInfo] =
        &[BY_STATE.info(), BY_OWNER.info(), BY_EMAIL.info(), BY_ORDER.info(), BY_TEXT.info()];
    fn index_keys(&self, id: &MessageId) -> Vec<IndexRow> {
        let at = self.received_at;
        let mut rows = vec![
            BY_STATE.row(&(self.state.place(), at), id),
            BY_EMAIL.row(&(email::key(&self.email), at), id),
            BY_TEXT.row(&(self.fingerprint, at), id),
        ];
        rows.extend((self.state == State::Open).then(|| BY_OWNER.row(&(self.assigned_to, at), id)));
        rows.extend(self.order.map(|order| BY_ORDER.row(&(order, at), id)));
        rows
    }
}

impl Record for Reply {
    type Key = (MessageId, u32);
}
