//! Webhooks and their attempts as programs see them.

use super::model::{Attempt, AttemptId};
use super::ops::Whole;
use crate::base::time::Timestamp;
use crate::work::subscriptions;
use serde::Serialize;

/// Where events are sent, and how that fares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookOut {
    pub(super) id: String,
    pub(super) url: String,
    /// Kinds such as `order.placed`, `order.*`; `*` stands for all.
    pub(super) kinds: Vec<String>,
    pub(super) note: String,
    /// `running` or `paused`.
    pub(super) status: &'static str,
    /// Why it is paused.
    pub(super) paused_reason: Option<String>,
    /// Since when it runs or is paused.
    #[schema(value_type = String, format = DateTime)]
    pub(super) status_since_at: Timestamp,
    /// The last event that was looked at.
    pub(super) cursor: u64,
    /// Events behind that one, wanted or not.
    pub(super) lag: u64,
    /// Messages that wait to be sent, or sent again; counted up to 1,000.
    pub(super) waiting: u64,
    /// Messages that were given up; counted up to 1,000.
    pub(super) given_up: u64,
    /// When the next message is sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) next_attempt_at: Option<Timestamp>,
    /// Messages that arrived.
    pub(super) delivered: u64,
    /// Attempts that failed.
    pub(super) failed: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_delivered_at: Option<Timestamp>,
    /// Since when nothing arrives.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) failing_since_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    pub(super) created_by: String,
    pub(super) version: u64,
    /// `whsec_…`: only in the answer that made it.
    pub(super) secret: Option<String>,
}

impl WebhookOut {
    pub(super) fn new(whole: Whole, last_seq: u64) -> Self {
        let Whole { id, endpoint, subscription, fare, waiting, dead, next_at } = whole;
        Self {
            id: id.to_string(),
            url: endpoint.url,
            note: endpoint.note,
            status: if subscription.paused.is_some() { "paused" } else { "running" },
            status_since_at: subscription.since,
            cursor: subscription.cursor,
            lag: subscriptions::lag(&subscription, last_seq),
            kinds: subscription.kinds,
            paused_reason: subscription.paused,
            waiting,
            given_up: dead,
            next_attempt_at: next_at,
            delivered: fare.delivered,
            failed: fare.failed,
            last_delivered_at: fare.last_good_at,
            failing_since_at: fare.failing_since,
            created_at: endpoint.created_at,
            created_by: endpoint.created_by,
            version: endpoint.version,
            secret: None,
        }
    }
}

/// One attempt to send a message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookAttempt)]
pub(super) struct AttemptOut {
    pub(super) id: String,
    /// The header `webhook-id` of the message, which is the id of its event (`evt_…`); not that of the webhook.
    pub(super) webhook_id: String,
    /// The sequence number of the event; null for a test.
    pub(super) seq: Option<u64>,
    pub(super) kind: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    /// 1 for the first of a message.
    pub(super) number: u32,
    pub(super) delivered: bool,
    /// What the receiver answered; null when nothing came back.
    pub(super) status: Option<u16>,
    /// Why nothing came back.
    pub(super) error: Option<String>,
    /// The beginning of what the receiver answered.
    pub(super) answer: String,
    pub(super) duration_ms: u64,
    /// When it is sent again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) next_attempt_at: Option<Timestamp>,
}

impl AttemptOut {
    pub(super) fn new((id, attempt): (AttemptId, Attempt)) -> Self {
        Self {
            id: id.to_string(),
            delivered: attempt.is_good(),
            seq: Some(attempt.delivery.seq).filter(|seq| *seq > 0),
            webhook_id: attempt.delivery.id,
            kind: attempt.kind,
            at: attempt.at,
            number: attempt.number,
            status: attempt.status,
            error: attempt.error,
            answer: attempt.body,
            duration_ms: attempt.took_ms,
            next_attempt_at: attempt.again_at,
        }
    }
}
