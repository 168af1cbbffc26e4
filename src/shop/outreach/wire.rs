//! An event as programs see it: in the feed, in the stream and in webhooks.

use crate::base::time::Timestamp;
use crate::store::StoredEvent;
use serde::Serialize;

/// The largest body of a message, as the scheme advises.
const BODY_MAX: usize = 20_000;

/// An event: a fact that was committed together with the change it tells of.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// 1, 2, 3 … without gaps.
    pub seq: u64,
    pub id: String,
    /// Such as `order.placed`.
    pub kind: String,
    /// The record it is about.
    pub subject: String,
    /// Other records it concerns, such as the customer of an order.
    pub also: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who did it.
    pub actor: ActorOut,
    pub request_id: Option<String>,
    /// What the kind says. An amount is an object such as `{"amount": 12290, "currency": "EUR"}`. `changes` has a pair for
    /// each field that changed, `[before, after]`, such as `{"payment": ["unpaid", "paid"], "paid": [0, 12290]}`: there `paid` and `refunded` are in minor
    /// units of the order's currency, and what an import brought again is told in words.
    pub data: serde_json::Value,
}

/// Who did something: a member of staff, an API key, an import, a command, or the program itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Actor)]
pub struct ActorOut {
    pub kind: String,
    pub id: String,
    pub name: String,
}

impl EventOut {
    /// The event as the API shows it.
    pub fn new(e: StoredEvent) -> Self {
        Self {
            seq: e.seq,
            id: e.id.to_string(),
            kind: e.kind,
            subject: e.subject.to_string(),
            also: e.also.iter().map(ToString::to_string).collect(),
            at: e.at,
            actor: ActorOut { kind: e.actor.kind.word().to_owned(), id: e.actor.id, name: e.actor.name },
            request_id: e.request_id,
            data: e.data,
        }
    }
}

/// The body of a message.
#[derive(Serialize)]
struct Body<'b, D> {
    r#type: &'b str,
    timestamp: Timestamp,
    data: D,
}

/// The message that tells of an event: the same bytes whenever it is sent. What is too large for a message comes without
/// its `data`, which the feed has.
pub(super) fn message(event: StoredEvent) -> serde_json::Result<Vec<u8>> {
    let (kind, timestamp) = (event.kind.clone(), event.at);
    let mut out = EventOut::new(event);
    let bytes = serde_json::to_vec(&Body { r#type: &kind, timestamp, data: &out })?;
    if bytes.len() <= BODY_MAX {
        return Ok(bytes);
    }
    out.data = serde_json::Value::Null;
    serde_json::to_vec(&Body { r#type: &kind, timestamp, data: &out })
}

/// The kind of a test.
pub(super) const TEST: &str = "webhook.test";

/// The message of a test.
pub(super) fn test_message(at: Timestamp, endpoint: &str) -> serde_json::Result<Vec<u8>> {
    let data = serde_json::json!({ "webhook": endpoint, "message": "A test. Nothing has happened." });
    serde_json::to_vec(&Body { r#type: TEST, timestamp: at, data })
}
