//! The facts that orders publish: a public contract, in the feed and in webhooks.

use super::model::Order;
use super::state::Step;
use crate::base::money::Money;
use crate::base::time::Timestamp;
use crate::shop::customers::Changes;
use crate::store::{Event, StoredEvent};
use serde::Serialize;

/// Every kind of event of this feature with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[
    ("order.placed", "An order was placed or imported."),
    (
        "order.changed",
        "Contact, addresses, note, tags or metadata changed; `changes` has each before and after.",
    ),
    (
        "order.reimported",
        "An import brought the order again with other content; `changes` has each before and after.",
    ),
    ("order.noted", "A staff note was added or edited."),
    (
        "order.parcel_changed",
        "What was noted of a parcel was corrected: `parcel` is its place from 1, `changes` has carrier and tracking before and after.",
    ),
    ("order.cancelled", "The order was cancelled; `reason` says why."),
    ("order.confirmed", "A draft became an order."),
    ("order.confirmation_taken_back", "An order that was confirmed by mistake became a draft again."),
    ("order.completed", "The order was completed."),
    ("order.reopened", "A completed or cancelled order was reopened."),
    (
        "order.paid",
        "The order was marked paid: `amount` came in, and nothing is due any more. As with every step `version` is the version of the order that it made; `again` says that a payment is there once more that was taken back by mistake.",
    ),
    ("order.part_paid", "`amount` came in for the order, and more is due."),
    (
        "order.payment_taken_back",
        "The newest payment, noted by mistake, was taken back: `amount`, `method` and `reference` are its.",
    ),
    (
        "order.shipped",
        "The order was marked shipped: the only parcel or the last one, with `carrier` and `tracking`.",
    ),
    (
        "order.part_shipped",
        "A parcel left with a part of the order, and more follows; with `carrier` and `tracking`.",
    ),
    (
        "order.shipment_taken_back",
        "The newest parcel, noted by mistake, was taken back: `carrier` and `tracking` are its.",
    ),
    ("order.delivered", "The order was marked delivered."),
    ("order.delivery_taken_back", "A delivery noted by mistake was taken back."),
    ("order.returned", "The goods came back in full."),
    ("order.return_taken_back", "A return noted by mistake was taken back."),
    (
        "order.refunded",
        "Money went back: `amount`; `refund` is its number, `changes` has the payment before and after.",
    ),
    (
        "order.refund_taken_back",
        "The newest refund, noted by mistake, was taken back: `amount`, and `refund` is its number.",
    ),
    ("order.held", "The order was put on hold."),
    ("order.released", "The order was released from hold."),
    ("credit_note.added", "A credit note or ledger adjustment was imported."),
    (
        "credit_note.reimported",
        "An import brought the credit note again with other content; `changes` has each before and after.",
    ),
];

/// `order.placed`
#[derive(Debug, Serialize)]
pub(super) struct Placed {
    pub number: u64,
    pub channel: String,
    pub total: Money,
    pub lines: usize,
    /// When the customer placed it; an import brings orders long after.
    pub placed_at: Timestamp,
}
impl Event for Placed {
    fn kind(&self) -> &'static str {
        "order.placed"
    }
}

/// When what an event tells of happened: an order's placing may be long before the import that brought it.
pub fn happened_at(event: &StoredEvent) -> Timestamp {
    let placed = event.data.get("placed_at").and_then(serde_json::Value::as_str);
    let placed = placed.filter(|_| event.kind == "order.placed").and_then(|text| Timestamp::parse(text).ok());
    placed.unwrap_or(event.at)
}

/// `order.changed`
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    pub number: u64,
    pub changes: Changes,
}
impl Event for Changed {
    fn kind(&self) -> &'static str {
        "order.changed"
    }
}

/// `order.reimported`
#[derive(Debug, Serialize)]
pub(super) struct Reimported {
    pub number: u64,
    pub changes: Changes,
}
impl Event for Reimported {
    fn kind(&self) -> &'static str {
        "order.reimported"
    }
}

/// `order.noted`
#[derive(Debug, Serialize)]
pub(super) struct Noted {
    pub number: u64,
    pub note: u32,
    pub text: String,
    /// The text before an edit.
    pub before: Option<String>,
}
impl Event for Noted {
    fn kind(&self) -> &'static str {
        "order.noted"
    }
}

/// `order.parcel_changed`
#[derive(Debug, Serialize)]
pub(super) struct ParcelChanged {
    pub number: u64,
    /// Its place among the parcels of the order, from 1.
    pub parcel: usize,
    pub changes: Changes,
}
impl Event for ParcelChanged {
    fn kind(&self) -> &'static str {
        "order.parcel_changed"
    }
}

/// The payment, refund or parcel that a step has noted or taken back.
#[derive(Debug, Default, Serialize)]
pub(super) struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub carrier: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tracking: String,
}

impl About {
    /// Each step notes the newest, and takes the newest back.
    pub(super) fn of(step: Step, before: &Order, after: &Order) -> Self {
        let has_it = if matches!(step, Step::Pay | Step::Ship | Step::Refund) { after } else { before };
        let amount = |minor: i64| Some(Money::new(minor, after.currency));
        match step {
            Step::Pay | Step::Unpay => has_it.payments.last().map(|payment| Self {
                amount: amount(payment.amount),
                method: payment.method.clone(),
                reference: payment.reference.clone(),
                ..Self::default()
            }),
            Step::Refund | Step::Unrefund => has_it.refunds.last().map(|refund| Self {
                amount: amount(refund.amount),
                refund: Some(refund.number),
                ..Self::default()
            }),
            Step::Ship | Step::Unship => has_it.parcels.last().map(|parcel| Self {
                carrier: parcel.carrier.clone(),
                tracking: parcel.tracking.clone(),
                ..Self::default()
            }),
            _ => None,
        }
        .unwrap_or_default()
    }
}

/// A step was taken: `order.cancelled`, `order.paid` …
#[derive(Debug, Serialize)]
pub(super) struct StepTaken {
    pub number: u64,
    #[serde(skip)]
    pub step: Step,
    /// Paid or shipped in part: more is to come.
    #[serde(skip)]
    pub is_part: bool,
    pub changes: Changes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(flatten)]
    pub about: About,
    /// The version of the order that the step made.
    pub version: u64,
    /// What was taken back by mistake is there again: nobody has to be told twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}
impl Event for StepTaken {
    fn kind(&self) -> &'static str {
        match self.step {
            Step::Cancel => "order.cancelled",
            Step::Place => "order.confirmed",
            Step::Unplace => "order.confirmation_taken_back",
            Step::Complete => "order.completed",
            Step::Reopen => "order.reopened",
            Step::Pay if self.is_part => "order.part_paid",
            Step::Pay => "order.paid",
            Step::Unpay => "order.payment_taken_back",
            Step::Ship if self.is_part => "order.part_shipped",
            Step::Ship => "order.shipped",
            Step::Unship => "order.shipment_taken_back",
            Step::Deliver => "order.delivered",
            Step::Undeliver => "order.delivery_taken_back",
            Step::Return => "order.returned",
            Step::Unreturn => "order.return_taken_back",
            Step::Hold => "order.held",
            Step::Release => "order.released",
            Step::Refund => "order.refunded",
            Step::Unrefund => "order.refund_taken_back",
        }
    }
}

/// `credit_note.added`
#[derive(Debug, Serialize)]
pub(super) struct CreditNoteAdded {
    pub number: String,
    pub total: Money,
}
impl Event for CreditNoteAdded {
    fn kind(&self) -> &'static str {
        "credit_note.added"
    }
}

/// `credit_note.reimported`
#[derive(Debug, Serialize)]
pub(super) struct CreditNoteReimported {
    pub number: String,
    pub total: Money,
    pub changes: Changes,
}
impl Event for CreditNoteReimported {
    fn kind(&self) -> &'static str {
        "credit_note.reimported"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_documented_event() {
        for (step, is_part) in Step::ALL.iter().flat_map(|step| [(step, false), (step, true)]) {
            let event = StepTaken {
                number: 1,
                step: *step,
                is_part,
                changes: Changes::new(),
                reason: None,
                note: String::new(),
                about: About::default(),
                version: 1,
                again: false,
            };
            assert!(EVENTS.iter().any(|(kind, _)| *kind == event.kind()), "{step}");
        }
    }
}
