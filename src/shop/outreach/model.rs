//! Endpoints and the attempts to reach them, as the store keeps them.

use crate::base::time::Timestamp;
use crate::outbound::webhooks::Secret;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use crate::work::jobs::JobId;
use minicbor::{Decode, Encode};

crate::id!(
    /// A webhook endpoint: `whe_…`. Its text is the name of its subscription and of its lane of jobs.
    EndpointId, "whe"
);
crate::id!(
    /// An attempt to reach an endpoint: `wat_…`.
    AttemptId, "wat"
);

/// Where events go. Which ones, and whether it runs, is in its subscription.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Endpoint {
    #[n(0)]
    pub(super) url: String,
    /// What it is for, in somebody's words.
    #[n(1)]
    pub(super) note: String,
    /// The newest first.
    #[n(2)]
    pub(super) secrets: Vec<Kept>,
    #[n(3)]
    pub(super) created_at: Timestamp,
    #[n(4)]
    pub(super) created_by: String,
    #[n(5)]
    pub(super) version: u64,
}

/// A secret, and until when it signs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Kept {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) bytes: [u8; 32],
    /// The newest has no end.
    #[n(1)]
    pub(super) until: Option<Timestamp>,
}

impl Endpoint {
    /// What messages are signed with at a moment.
    pub(super) fn secrets(&self, now: Timestamp) -> Vec<Secret> {
        let valid = self.secrets.iter().filter(|kept| kept.until.is_none_or(|until| now < until));
        valid.map(|kept| Secret::of(kept.bytes)).collect()
    }
}

/// How an endpoint fares; apart from it, because it changes with every message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Fare {
    /// Messages that arrived.
    #[n(0)]
    pub(super) delivered: u64,
    /// Attempts that failed.
    #[n(1)]
    pub(super) failed: u64,
    #[n(2)]
    pub(super) last_good_at: Option<Timestamp>,
    /// Since when nothing arrives.
    #[n(3)]
    pub(super) failing_since: Option<Timestamp>,
}

/// What a job has to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Delivery {
    /// The header `webhook-id`: that of the event, the same whenever it is sent.
    #[n(0)]
    pub(super) id: String,
    /// The event; 0 for a test.
    #[n(1)]
    pub(super) seq: u64,
    /// When the test was asked for.
    #[n(2)]
    pub(super) at: Timestamp,
}

/// One attempt: what was sent, what came back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Attempt {
    #[n(0)]
    pub(super) endpoint: EndpointId,
    #[n(1)]
    pub(super) job: JobId,
    #[n(2)]
    pub(super) delivery: Delivery,
    /// The kind of the event.
    #[n(3)]
    pub(super) kind: String,
    #[n(4)]
    pub(super) at: Timestamp,
    /// 1 for the first, of this sending.
    #[n(5)]
    pub(super) number: u32,
    #[n(6)]
    pub(super) url: String,
    #[n(7)]
    pub(super) sent: Vec<(String, String)>,
    #[n(8)]
    pub(super) status: Option<u16>,
    #[n(9)]
    pub(super) headers: Vec<(String, String)>,
    #[n(10)]
    pub(super) body: String,
    #[n(11)]
    pub(super) error: Option<String>,
    #[n(12)]
    pub(super) took_ms: u64,
    /// When it is tried again; none when it arrived or was given up.
    #[n(13)]
    pub(super) again_at: Option<Timestamp>,
}

impl Attempt {
    pub(super) fn is_good(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

pub(super) const ENDPOINTS: Table<EndpointId, Endpoint> = Table::new("webhook_endpoint/1");
pub(super) const FARES: Table<EndpointId, Fare> = Table::new("webhook_fare/1");
pub(super) const ATTEMPTS: Table<AttemptId, Attempt> = Table::new("webhook_attempt/1");
/// (endpoint, when) → attempt.
pub(super) const BY_ENDPOINT: Index<(EndpointId, Timestamp), AttemptId> =
    Index::new("webhook_attempt_by_endpoint/1");

/// The tables of this feature. Attempts tell of this machine; a restored shop begins its own.
pub const TABLES: &[TableInfo] = &[
    ENDPOINTS.info("shop::outreach"),
    FARES.info("shop::outreach"),
    ATTEMPTS.info("shop::outreach").not_backed_up(),
];

impl Record for Endpoint {
    type Key = EndpointId;
}

impl Record for Fare {
    type Key = EndpointId;
}

impl Record for Attempt {
    type Key = AttemptId;
    const INDEXES: &'static [IndexInfo] = &[BY_ENDPOINT.info()];
    fn index_keys(&self, id: &AttemptId) -> Vec<IndexRow> {
        vec![BY_ENDPOINT.row(&(self.endpoint, self.at), id)]
    }
}
