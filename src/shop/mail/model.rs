//! A mail as the store keeps it: whom it tells of what, how far it is, and exactly what is sent.

use crate::base::time::Timestamp;
use crate::shop::messages::MessageId;
use crate::shop::orders::OrderId;
use crate::shop::sites::SiteId;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use crate::work::jobs::JobId;
use minicbor::{Decode, Encode};

crate::id!(
    /// A mail: `mal_…`.
    MailId, "mal"
);

/// Declares the states: their number on disk, their word and their label.
macro_rules! states {
    ($($(#[$doc:meta])* $n:literal $variant:ident $word:tt $label:literal,)+) => {
        /// How far a mail is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
        #[cbor(index_only)]
        pub(super) enum State {
            $($(#[$doc])* #[n($n)] $variant,)+
        }
        impl State {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)+];
            pub(super) fn place(self) -> u8 {
                match self { $(Self::$variant => $n,)+ }
            }
            /// The word in the API and in addresses.
            pub(super) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            pub(super) fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}

states! {
    /// It waits for its time, or to be tried again.
    0 Queued "queued" "Waiting",
    /// It is being given to the server, and cannot be called back.
    1 Sending "sending" "Sending",
    2 Sent "sent" "Sent",
    /// The server refused it for good, or it was tried as often as mails are.
    3 Failed "failed" "Failed",
    /// Somebody did not want it sent.
    4 Cancelled "cancelled" "Cancelled",
    /// What it tells was not true any more, or nobody may be written to there.
    5 Dropped "dropped" "Not sent",
}

impl State {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.word() == word)
    }
    /// Whether something is still to come.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }
}

/// One try, and what the server said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Attempt {
    #[n(0)]
    pub(super) at: Timestamp,
    #[n(1)]
    pub(super) answer: String,
    #[n(2)]
    pub(super) taken: bool,
    #[n(3)]
    pub(super) took_ms: u64,
    /// The program ended before the server's answer was noted: whether it was taken is not known.
    #[n(4)]
    #[cbor(default)]
    pub(super) is_cut_off: bool,
}

/// A mail to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Mail {
    /// The word of its moment; `test` for one that somebody sent to himself.
    #[n(0)]
    pub(super) moment: String,
    #[n(1)]
    pub(super) to: String,
    /// Empty until it is written.
    #[n(2)]
    pub(super) subject: String,
    #[n(3)]
    pub(super) order: Option<OrderId>,
    /// The number people say.
    #[n(4)]
    pub(super) number: Option<u64>,
    #[n(5)]
    pub(super) language: String,
    #[n(6)]
    pub(super) state: State,
    /// Why it was not sent, or failed.
    #[n(7)]
    pub(super) reason: String,
    #[n(8)]
    pub(super) created_at: Timestamp,
    /// Since when it is in its state.
    #[n(9)]
    pub(super) since: Timestamp,
    /// When it is sent, or tried again.
    #[n(10)]
    pub(super) due_at: Timestamp,
    #[n(11)]
    pub(super) attempts: Vec<Attempt>,
    /// Without angle brackets; the same at every try.
    #[n(12)]
    pub(super) message_id: String,
    #[n(13)]
    pub(super) job: Option<JobId>,
    /// Moment, subject and event, which no two mails share.
    #[n(14)]
    pub(super) key: String,
    /// The mail that was sent in place of this one.
    #[n(15)]
    pub(super) again: Option<MailId>,
    /// Who asked for it, where somebody did.
    #[n(16)]
    pub(super) by: String,
    /// The day whose number of mails it counts in.
    #[n(17)]
    pub(super) counted: Option<String>,
    /// The message to the shop that it is about.
    #[n(18)]
    pub(super) message: Option<MessageId>,
    /// The number of the answer that it carries.
    #[n(19)]
    pub(super) reply: Option<u32>,
    /// The site it warns of.
    #[n(20)]
    pub(super) site: Option<SiteId>,
    /// The event it tells of, where that says more than what it is about.
    #[n(21)]
    #[cbor(default)]
    pub(super) event: Option<u64>,
    /// It waits for tomorrow, because the number of a day was reached.
    #[n(22)]
    #[cbor(default)]
    pub(super) is_put_off: bool,
}

/// What is sent, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Content {
    #[n(0)]
    pub(super) from_name: String,
    #[n(1)]
    pub(super) from: String,
    #[n(2)]
    pub(super) reply_to: Option<String>,
    #[n(3)]
    pub(super) subject: String,
    #[n(4)]
    pub(super) text: String,
    #[n(5)]
    pub(super) html: String,
    /// The `Date` header.
    #[n(6)]
    pub(super) at: Timestamp,
    /// The `Message-ID` of the mail before it, without angle brackets.
    #[n(7)]
    pub(super) in_reply_to: Option<String>,
}

/// How many mails went out on a day, in the shop's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Day {
    #[n(0)]
    pub(super) day: String,
    #[n(1)]
    pub(super) sent: u32,
    /// Those of them that strangers caused.
    #[n(2)]
    #[cbor(default)]
    pub(super) by_strangers: u32,
}

pub(super) const MAILS: Table<MailId, Mail> = Table::new("mail/1");
pub(super) const CONTENTS: Table<MailId, Content> = Table::new("mail_content/1");
/// There is one, under 0.
pub(super) const DAY: Table<u8, Day> = Table::new("mail_day/1");
/// Moment, subject and event → the mail.
pub(super) const BY_KEY: Index<String, MailId> = Index::unique("mail_by_key/1");
/// (place of the state, since) → mail.
pub(super) const BY_STATE: Index<(u8, Timestamp), MailId> = Index::new("mail_by_state/1");
/// (order, created) → mail.
pub(super) const BY_ORDER: Index<(OrderId, Timestamp), MailId> = Index::new("mail_by_order/1");

/// The tables of this feature. Backups hold all of them: a restored shop knows whom it has written to.
pub const TABLES: &[TableInfo] = &[
    MAILS.info("shop::mail"),
    CONTENTS.info("shop::mail"),
    DAY.info("shop::mail"),
    super::settings::SETTINGS.info("shop::mail"),
    super::suppress::SUPPRESSED.info("shop::mail"),
    super::templates::TEMPLATES.info("shop::mail"),
    super::templates::VERSIONS.info("shop::mail"),
];

impl Record for Mail {
    type Key = MailId;
    const INDEXES: &'static [IndexInfo] = &[BY_KEY.info(), BY_STATE.info(), BY_ORDER.info()];
    fn index_keys(&self, id: &MailId) -> Vec<IndexRow> {
        let mut rows = vec![BY_KEY.row(&self.key, id), BY_STATE.row(&(self.state.place(), self.since), id)];
        rows.extend(self.order.map(|order| BY_ORDER.row(&(order, self.created_at), id)));
        rows
    }
}

impl Record for Content {
    type Key = MailId;
}

impl Record for Day {
    type Key = u8;
}
