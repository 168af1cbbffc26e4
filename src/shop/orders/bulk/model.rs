//! An action on many orders as the store keeps it: what is to be done, the frozen ids in blocks, what came of each.

use crate::base::time::Timestamp;
use crate::shop::orders::OrderId;
use crate::store::{Actor, Record, Table, TableInfo};
use crate::work::jobs::JobId;
use minicbor::{Decode, Encode};

crate::id!(
    /// An action on many orders: `blk_…`.
    BulkId, "blk"
);

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(in crate::shop::orders) enum Stage {
    /// The ids are being written down.
    #[n(0)]
    Freezing,
    /// It is tried with each order, and taken back.
    #[n(1)]
    Checking,
    /// It waits for somebody to start it.
    #[n(2)]
    Checked,
    /// It is being done.
    #[n(3)]
    Running,
    #[n(4)]
    Over,
}

/// How many orders went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(in crate::shop::orders) struct Tally {
    #[n(0)]
    pub done: u64,
    #[n(1)]
    pub unchanged: u64,
    #[n(2)]
    pub refused: u64,
}

/// Why some orders are refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::shop::orders) struct Reason {
    #[n(0)]
    pub text: String,
    #[n(1)]
    pub count: u64,
    /// Names of the first of them.
    #[n(2)]
    pub examples: Vec<String>,
}

/// An action on many orders.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::shop::orders) struct Bulk {
    #[n(0)]
    pub title: String,
    /// The action as JSON; where orders have one of their own it goes before this one.
    #[n(1)]
    pub action: String,
    #[n(2)]
    pub query: String,
    /// Who does it: every change bears this name.
    #[n(3)]
    pub by: Actor,
    #[n(4)]
    pub created_at: Timestamp,
    #[n(5)]
    pub stage: Stage,
    /// When it last went on.
    #[n(6)]
    pub since: Timestamp,
    /// Orders it is about.
    #[n(7)]
    pub count: u64,
    /// Of the check first, then of what was done.
    #[n(8)]
    pub tally: Tally,
    #[n(9)]
    pub reasons: Vec<Reason>,
    #[n(10)]
    pub job: Option<JobId>,
    /// Blocks of ids, and the next one of the present stage.
    #[n(11)]
    pub blocks: u32,
    #[n(12)]
    pub next: u32,
    /// What it takes back, and what took it back.
    #[n(13)]
    pub undoes: Option<BulkId>,
    #[n(14)]
    pub undone_by: Option<BulkId>,
    /// It is about those that this one was refused for.
    #[n(15)]
    pub again_of: Option<BulkId>,
    /// Nobody is asked before it is done.
    #[n(16)]
    pub at_once: bool,
    /// Who asked sees prices, and finds orders by them.
    #[n(17)]
    pub prices: bool,
    /// The list it came from.
    #[n(18)]
    pub back: String,
    /// Why it cannot go on.
    #[n(19)]
    pub problem: Option<String>,
    /// What nobody is to overlook of those it is done with.
    #[n(20)]
    pub remarks: Option<Vec<Reason>>,
}

/// How it went with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum Went {
    #[n(0)]
    Done,
    #[n(1)]
    Unchanged,
    #[n(2)]
    Refused,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Said {
    #[n(0)]
    pub went: Went,
    #[n(1)]
    pub text: String,
    /// The action that takes it back, as JSON.
    #[n(2)]
    pub back: Option<String>,
    /// The order's version after it.
    #[n(3)]
    pub version: u64,
    /// What the order is called.
    #[n(4)]
    pub name: String,
    /// What is not to be overlooked of the order.
    #[n(5)]
    pub remark: Option<String>,
}

/// An order of the frozen list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Item {
    #[n(0)]
    pub id: OrderId,
    /// An action of its own, as JSON.
    #[n(1)]
    pub action: Option<String>,
    /// The version it must still have.
    #[n(2)]
    pub seen: Option<u64>,
    #[n(3)]
    pub said: Option<Said>,
}

impl Item {
    pub(super) fn new(id: OrderId) -> Self {
        Self { id, action: None, seen: None, said: None }
    }
}

/// Some orders of the frozen list: as many as one transaction changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Block {
    #[n(0)]
    pub items: Vec<Item>,
}

impl Record for Bulk {
    type Key = BulkId;
}
impl Record for Block {
    type Key = (BulkId, u32);
}

pub(super) const BULKS: Table<BulkId, Bulk> = Table::new("order_bulk/1");
pub(super) const BLOCKS: Table<(BulkId, u32), Block> = Table::new("order_bulk_block/1");

/// The tables of this part. Backups hold them: what was half done goes on, and what was done can be taken back.
pub const TABLES: &[TableInfo] = &[BULKS.info("shop::orders"), BLOCKS.info("shop::orders")];
