//! The parts of an order's document that notes of steps are: payments, parcels, refunds, notes by staff, a cancellation.

use crate::base::time::Timestamp;
use crate::shop::orders::{
    CancelReason, Cancelled, Fulfilment, Parcel, Payment, PaymentNote, RefundNote, StaffNote, Status,
};
use serde::{Deserialize, Serialize};

/// A payment that is known of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDocument {
    #[serde(default)]
    pub method: String,
    #[serde(default)]
    pub reference: String,
    pub amount: i64,
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub instalments: u32,
    #[serde(default)]
    pub by_step: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Payment>,
}

/// A parcel that left the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelDocument {
    #[serde(default)]
    pub carrier: String,
    #[serde(default)]
    pub tracking: String,
    #[serde(default)]
    pub shipped_at: Option<Timestamp>,
    #[serde(default)]
    pub by_step: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Fulfilment>,
}

/// A note by staff for staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffNoteDocument {
    pub number: u32,
    pub at: Timestamp,
    pub by: String,
    pub text: String,
    #[serde(default)]
    pub edited_at: Option<Timestamp>,
}

/// How and why an order was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledDocument {
    pub at: Option<Timestamp>,
    pub reason: CancelReason,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub payment_before: Option<Payment>,
    /// Of a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_before: Option<Status>,
}

/// Money that went back, noted by a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundDocument {
    pub number: u64,
    pub amount: i64,
    pub at: Timestamp,
    pub before: Payment,
}

impl From<&PaymentNote> for PaymentDocument {
    fn from(p: &PaymentNote) -> Self {
        // The version of an order that a step made is this shop's: elsewhere no event names it.
        let PaymentNote { method, reference, amount, at, instalments, by_step, before, made: _ } = p.clone();
        Self { method, reference, amount, at, instalments, by_step, before }
    }
}
impl From<PaymentDocument> for PaymentNote {
    fn from(p: PaymentDocument) -> Self {
        let PaymentDocument { method, reference, amount, at, instalments, by_step, before } = p;
        Self { method, reference, amount, at, instalments, by_step, before, made: None }
    }
}
impl From<&Parcel> for ParcelDocument {
    fn from(p: &Parcel) -> Self {
        let Parcel { carrier, tracking, shipped_at, by_step, before, made: _ } = p.clone();
        Self { carrier, tracking, shipped_at, by_step, before }
    }
}
impl From<ParcelDocument> for Parcel {
    fn from(p: ParcelDocument) -> Self {
        let ParcelDocument { carrier, tracking, shipped_at, by_step, before } = p;
        Self { carrier, tracking, shipped_at, by_step, before, made: None }
    }
}
impl From<&StaffNote> for StaffNoteDocument {
    fn from(n: &StaffNote) -> Self {
        // Ids of people are those of this shop; elsewhere they name nobody, or somebody else.
        let StaffNote { number, at, by, text, edited_at, by_id: _ } = n.clone();
        Self { number, at, by, text, edited_at }
    }
}
impl From<StaffNoteDocument> for StaffNote {
    fn from(n: StaffNoteDocument) -> Self {
        let StaffNoteDocument { number, at, by, text, edited_at } = n;
        Self { number, at, by, text, edited_at, by_id: None }
    }
}
impl From<&Cancelled> for CancelledDocument {
    fn from(c: &Cancelled) -> Self {
        let Cancelled { at, reason, note, payment_before, status_before, made: _ } = c.clone();
        Self { at: Some(at), reason, note, payment_before: Some(payment_before), status_before }
    }
}
impl From<&RefundNote> for RefundDocument {
    fn from(r: &RefundNote) -> Self {
        let RefundNote { number, amount, at, before } = r.clone();
        Self { number, amount, at, before }
    }
}
impl From<RefundDocument> for RefundNote {
    fn from(r: RefundDocument) -> Self {
        let RefundDocument { number, amount, at, before } = r;
        Self { number, amount, at, before }
    }
}
