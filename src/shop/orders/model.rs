//! What an order is: lines, addresses, amounts, parcels, payments, notes. Pure: no store, no HTTP, no clock.

use crate::base::error::{Error, Result};
use crate::base::money::{Currency, Price, sum};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId, ExternalRef};
use crate::shop::orders::arrival::Brought;
use crate::shop::orders::standing::Kept;
use crate::shop::orders::state::{Axes, CancelReason, Fulfilment, Payment, Status};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

crate::id!(
    /// An order: `ord_…`.
    OrderId, "ord"
);
crate::id!(
    /// A credit note: `crn_…`.
    CreditNoteId, "crn"
);

/// An order placed through the API has at most this many lines: a basket has no more, and a body of them stays small.
pub const LINES_MAX: usize = 200;
/// The largest real imported order has 1,114 lines.
pub const LINES_IMPORT_MAX: usize = 10_000;
pub const QUANTITY_MAX: i64 = 1_000_000;
pub const NOTES_MAX: usize = 500;

/// One line of an order. It keeps its own text and price: a later change of a product changes no order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Line {
    #[n(0)]
    pub sku: String,
    /// EAN, UPC or what the scanner reads.
    #[n(1)]
    pub barcode: String,
    #[n(2)]
    pub title: String,
    #[n(3)]
    pub category: String,
    #[n(4)]
    pub size: String,
    #[n(5)]
    pub colour: String,
    /// Pieces; at least 1 but for imported corrections, which may be negative.
    #[n(6)]
    pub quantity: i64,
    #[n(7)]
    pub unit_price: Price,
    /// Taken off this line, in minor units, not negative.
    #[n(8)]
    pub discount: i64,
    /// Tax of this line in minor units.
    #[n(9)]
    pub tax: i64,
    /// Price times quantity, rounded once, less the discount, in minor units.
    #[n(10)]
    pub total: i64,
    #[n(11)]
    pub vendor: String,
}

/// A payment that is known of, here or at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PaymentNote {
    #[n(0)]
    pub method: String,
    /// The provider's reference, or empty.
    #[n(1)]
    pub reference: String,
    /// Minor units of the order's currency.
    #[n(2)]
    pub amount: i64,
    #[n(3)]
    pub at: Option<Timestamp>,
    /// Number of instalments; 0 and 1 are one.
    #[n(4)]
    pub instalments: u32,
    /// Noted by the step "pay", so the step "unpay" may remove it.
    #[n(5)]
    pub by_step: bool,
    /// Where the money stood before that step, and stands again when it is taken back.
    #[n(6)]
    pub before: Option<Payment>,
    /// The version of the order that the step made, which its event names; earlier ones, and those of files, have none.
    #[n(7)]
    pub made: Option<u64>,
}

/// A parcel that left the house.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Parcel {
    #[n(0)]
    pub carrier: String,
    #[n(1)]
    pub tracking: String,
    #[n(2)]
    pub shipped_at: Option<Timestamp>,
    /// Noted by the step "ship".
    #[n(3)]
    pub by_step: bool,
    /// Where the goods stood before that step, and stand again when it is taken back.
    #[n(4)]
    pub before: Option<Fulfilment>,
    /// The version of the order that the step made, which its event names; earlier ones, and those of files, have none.
    #[n(5)]
    pub made: Option<u64>,
}

/// Money that went back, noted by a step.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RefundNote {
    /// The version of the order that it made: no two refunds of an order share one.
    #[n(0)]
    pub number: u64,
    /// In minor units, above 0.
    #[n(1)]
    pub amount: i64,
    #[n(2)]
    pub at: Timestamp,
    /// What taking it back brings back.
    #[n(3)]
    pub before: Payment,
}

/// A note by staff for staff.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StaffNote {
    /// 1, 2, 3 … within the order.
    #[n(0)]
    pub number: u32,
    #[n(1)]
    pub at: Timestamp,
    /// Who wrote it, by name.
    #[n(2)]
    pub by: String,
    #[n(3)]
    pub text: String,
    #[n(4)]
    pub edited_at: Option<Timestamp>,
    /// The id of who wrote it; notes of files have none.
    #[n(5)]
    pub by_id: Option<String>,
}

/// How and why an order was cancelled, and what "reopen" brings back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cancelled {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub reason: CancelReason,
    #[n(2)]
    pub note: String,
    #[n(3)]
    pub payment_before: Payment,
    /// Of a draft; what was placed is open before it is cancelled.
    #[n(4)]
    pub status_before: Option<Status>,
    /// The version of the order that the step made, which its event names; earlier ones, and those of files, have none.
    #[n(5)]
    pub made: Option<u64>,
}

/// An order as the store keeps it. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    #[n(0)]
    pub id: OrderId,
    /// What people say on the phone: `#10482`.
    #[n(1)]
    pub number: u64,
    /// Grows with every change; an edit names the version it saw.
    #[n(2)]
    pub version: u64,
    #[n(3)]
    pub placed_at: Timestamp,
    /// Minutes east of UTC where it was placed, when the source said so.
    #[n(4)]
    pub placed_offset_min: Option<i16>,
    #[n(5)]
    pub created_at: Timestamp,
    #[n(6)]
    pub updated_at: Timestamp,
    /// Where it came in: `web`, `api`, `phone`, `import` …
    #[n(7)]
    pub channel: String,
    #[n(8)]
    pub source: Option<ExternalRef>,
    /// The name it had there, such as `#1001` or `536365`, when it differs from `number`.
    #[n(9)]
    pub source_name: String,
    #[n(10)]
    pub customer: Option<CustomerId>,
    #[n(11)]
    pub email: Option<String>,
    #[n(12)]
    pub phone: String,
    #[n(13)]
    pub currency: Currency,
    #[n(14)]
    pub lines: Vec<Line>,
    #[n(15)]
    pub billing: Option<Address>,
    #[n(16)]
    pub shipping_address: Option<Address>,
    /// Sum of the lines' totals.
    #[n(17)]
    pub subtotal: i64,
    /// Taken off the whole order, not negative, beyond the lines' own discounts.
    #[n(18)]
    pub discount: i64,
    #[n(19)]
    pub discount_code: String,
    #[n(20)]
    pub shipping: i64,
    #[n(21)]
    pub shipping_method: String,
    #[n(22)]
    pub tax: i64,
    /// The prices contain the tax; otherwise it is added.
    #[n(23)]
    pub tax_included: bool,
    /// What the source's total differs from the sum of the parts; 0 for orders placed here.
    #[n(24)]
    pub adjustment: i64,
    #[n(25)]
    pub total: i64,
    /// Sum given back, not negative.
    #[n(26)]
    pub refunded: i64,
    #[n(27)]
    pub status: Status,
    #[n(28)]
    pub payment: Payment,
    #[n(29)]
    pub fulfilment: Fulfilment,
    /// The reason while the order is on hold; empty when none was given.
    #[n(30)]
    pub hold: Option<String>,
    #[n(31)]
    pub cancelled: Option<Cancelled>,
    #[n(32)]
    pub payments: Vec<PaymentNote>,
    #[n(33)]
    pub parcels: Vec<Parcel>,
    /// Written by the customer.
    #[n(34)]
    pub note: String,
    #[n(35)]
    pub tags: Vec<String>,
    #[n(36)]
    pub metadata: BTreeMap<String, String>,
    #[n(37)]
    pub staff_notes: Vec<StaffNote>,
    /// What "unreturn" brings back.
    #[n(38)]
    pub fulfilment_before: Option<Fulfilment>,
    /// What the import left that brought it.
    #[n(39)]
    pub imported: Option<Brought>,
    /// Refunds noted by a step; what an import says of refunds stands in `refunded` alone. An order without any has the
    /// bytes that it had before there were such notes: digests of what an import said rest on them.
    #[n(40)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub refunds: Vec<RefundNote>,
    /// When a draft was confirmed here.
    #[n(41)]
    pub confirmed_at: Option<Timestamp>,
}

impl Order {
    pub fn axes(&self) -> Axes {
        Axes {
            status: self.status,
            payment: self.payment,
            fulfilment: self.fulfilment,
            on_hold: self.hold.is_some(),
            paid_by_step: self.payments.last().is_some_and(|p| p.by_step),
            covers_refunds: self.refunded <= self.paid_before_last(),
            shipped_by_step: self.parcels.last().is_some_and(|p| p.by_step),
            refunded_by_step: !self.refunds.is_empty(),
            placed_by_step: self.confirmed_at.is_some(),
        }
    }
    /// Counts for the customer.
    pub fn is_kept(&self) -> bool {
        Kept::of(self) == Kept::Yes
    }
    /// Pieces in the parcel: the sum of the lines' quantities.
    pub fn items(&self) -> i64 {
        self.lines.iter().fold(0_i64, |a, l| a.saturating_add(l.quantity))
    }
    /// What came in but for the newest payment.
    fn paid_before_last(&self) -> i64 {
        self.paid().saturating_sub(self.payments.last().map_or(0, |p| p.amount))
    }
    pub fn paid(&self) -> i64 {
        self.payments.iter().fold(0_i64, |a, p| a.saturating_add(p.amount))
    }
    /// What is still to come in. What went back is not owed any more, and of what came in it is the part that is gone.
    pub fn due(&self) -> i64 {
        let kept = self.paid().saturating_sub(self.refunded).max(0);
        self.total.saturating_sub(self.refunded).saturating_sub(kept).max(0)
    }
    /// What can still go back. An import may say that an order is paid and not how.
    pub fn refundable(&self) -> i64 {
        // A refund of what was paid in part hides that it was.
        let stood = self.refunds.first().map_or(self.payment, |refund| refund.before);
        let is_paid = matches!(stood, Payment::Paid | Payment::PartRefunded | Payment::Refunded);
        let received = if is_paid { self.paid().max(self.total) } else { self.paid() };
        received.saturating_sub(self.refunded).max(0)
    }
    /// The person to write on lists: of the shipping address, else billing, e-mail, phone.
    pub fn person(&self) -> String {
        let contact = [self.email.as_deref().unwrap_or_default(), self.phone.as_str()];
        self.named().chain(contact).find(|t| !t.is_empty()).unwrap_or_default().to_owned()
    }
    /// Whom a parcel goes to, as far as who packs may know: by name only.
    pub fn recipient(&self) -> String {
        self.named().find(|t| !t.is_empty()).unwrap_or_default().to_owned()
    }
    fn named(&self) -> impl Iterator<Item = &str> {
        let addresses = [&self.shipping_address, &self.billing].into_iter().flatten();
        addresses.flat_map(|a| [a.name.as_str(), a.company.as_str()])
    }
    /// The parts add up to the total.
    pub fn adds_up(&self) -> bool {
        sum(self.lines.iter().map(|l| l.total)).is_ok_and(|s| s == self.subtotal)
            && total_of(self.subtotal, self.discount, self.shipping, self.tax, self.tax_included)
                .is_ok_and(|t| t.checked_add(self.adjustment) == Some(self.total))
    }
}

/// Subtotal less discount plus shipping, plus tax unless the prices contain it.
///
/// # Errors
/// `amount_too_large` on overflow.
pub fn total_of(subtotal: i64, discount: i64, shipping: i64, tax: i64, tax_included: bool) -> Result<i64> {
    let negative = discount
        .checked_neg()
        .ok_or_else(|| Error::invalid("amount_too_large", "The discount is too large."))?;
    sum([subtotal, negative, shipping, if tax_included { 0 } else { tax }])
}

/// Money given back outside an order's own record: a credit note, or a manual adjustment of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CreditNote {
    #[n(0)]
    pub id: CreditNoteId,
    /// As the source numbered it, such as `C536379`.
    #[n(1)]
    pub number: String,
    #[n(2)]
    pub version: u64,
    #[n(3)]
    pub issued_at: Timestamp,
    #[n(4)]
    pub created_at: Timestamp,
    #[n(5)]
    pub source: Option<ExternalRef>,
    #[n(6)]
    pub customer: Option<CustomerId>,
    #[n(7)]
    pub currency: Currency,
    /// Lines with positive quantities: what came back or was credited.
    #[n(8)]
    pub lines: Vec<Line>,
    /// Credited to the customer, in minor units; negative for an adjustment in the shop's favour.
    #[n(9)]
    pub total: i64,
    #[n(10)]
    pub kind: CreditKind,
    /// ISO 3166 code when the source names a country.
    #[n(11)]
    pub country: String,
    /// What the import left behind that brought it.
    #[n(12)]
    #[cbor(default)]
    pub imported: Option<Brought>,
}

/// What kind of document a [`CreditNote`] is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum CreditKind {
    #[n(0)]
    Credit,
    /// A manual entry of the ledger, such as written-off debt.
    #[n(1)]
    Adjustment,
}
