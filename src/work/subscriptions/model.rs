//! A subscription as the store keeps it.

use crate::base::time::Timestamp;
use crate::store::{Record, Table, TableInfo};
use crate::work::Filter;
use minicbor::{Decode, Encode};

crate::id!(
    /// A subscription in the log: `sub_…`, made of its name.
    SubscriptionId, "sub"
);

impl SubscriptionId {
    /// Of a subscription by its name.
    pub fn named(name: &str) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        Self(bytes)
    }
}

/// Where a subscription is and what it wants.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Subscription {
    /// Everything up to this sequence number was taken or not wanted.
    #[n(0)]
    pub cursor: u64,
    /// Kinds such as `order.placed`, or `order.*`; all, if empty.
    #[n(1)]
    pub kinds: Vec<String>,
    /// Why it stands still; it runs when there is no reason.
    #[n(2)]
    pub paused: Option<String>,
    /// Since when it runs or stands.
    #[n(3)]
    pub since: Timestamp,
    /// Which store it was set going in: a restored one has another, and begins nothing by itself.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub epoch: [u8; 16],
    /// Counts everything that moves the place otherwise than by reading, so that a reader that was overtaken notices.
    #[n(5)]
    pub turn: u64,
}

impl Subscription {
    /// What it wants, for a reader.
    pub fn filter(&self) -> Filter {
        Filter { kinds: self.kinds.clone(), subject: None }
    }
}

impl Record for Subscription {
    type Key = String;
}

pub(super) const SUBSCRIPTIONS: Table<String, Subscription> = Table::new("subscription/1");

/// The tables of subscriptions. Backups hold them; a restored one stands still until somebody lets it go on.
pub const TABLES: &[TableInfo] = &[SUBSCRIPTIONS.info("work")];
