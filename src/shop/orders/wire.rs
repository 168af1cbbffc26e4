//! Orders as JSON, as the API answers them. Every documented key is always present.

use super::model::{
    CreditKind, CreditNote, CreditNoteId, Line, Order, OrderId, Parcel, PaymentNote, StaffNote,
};
use super::standing::Standing;
use super::state::{CancelReason, Fulfilment, Payment, Status, Step, next_steps};
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId, ExternalRef};
use crate::web::paging::Fields;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderOut {
    #[schema(value_type = String, example = "ord_01kaj3m7q9f8x2v5n4c6b8d0e2")]
    pub id: OrderId,
    /// What people say: 10482.
    pub number: u64,
    /// Grows with every change of the record itself; what is worked out of other records does not count.
    pub version: u64,
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    /// The reason while the order is on hold; empty when none was given.
    pub hold: Option<String>,
    pub cancelled: Option<CancelledOut>,
    /// Steps that can be taken now: `POST /api/v1/orders/{id}/{step}`.
    pub next_steps: Vec<Step>,
    #[schema(value_type = String, format = DateTime)]
    pub placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    pub channel: String,
    pub source: Option<ExternalRef>,
    pub source_name: String,
    pub customer: Option<CustomerBrief>,
    pub email: Option<String>,
    pub phone: String,
    #[schema(value_type = String, example = "EUR")]
    pub currency: Currency,
    pub lines: Vec<LineOut>,
    /// Number of pieces.
    pub items: i64,
    pub billing: Option<Address>,
    pub shipping_address: Option<Address>,
    /// The sum of the lines' totals.
    pub subtotal: Money,
    /// Taken off the whole order, beyond what was taken off its lines.
    pub discount: Money,
    pub discount_code: String,
    pub shipping: Money,
    pub shipping_method: String,
    /// Of the whole order.
    pub tax: Money,
    /// The prices contain the tax; where they do not, it is added to the total.
    pub tax_included: bool,
    /// What an imported total differs from the sum of its parts; 0 for orders placed here.
    pub adjustment: Money,
    /// `subtotal` less `discount` plus `shipping`, plus `tax` unless `tax_included`, plus `adjustment`.
    pub total: Money,
    pub paid: Money,
    pub refunded: Money,
    pub payments: Vec<PaymentOut>,
    /// Refunds noted here, oldest first; what an import says of refunds stands in `refunded` alone.
    pub refunds: Vec<RefundOut>,
    pub parcels: Vec<ParcelOut>,
    /// Written by the customer.
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub staff_notes: Vec<StaffNoteOut>,
}

/// Who ordered, and whether they are new or returning.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerBrief {
    #[schema(value_type = String)]
    pub id: CustomerId,
    pub name: String,
    /// `new` or `returning`.
    pub standing: &'static str,
    /// Why, in a sentence.
    pub reason: String,
}

/// How and why an order was cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledOut {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub reason: CancelReason,
    pub note: String,
}

/// A line of an order or credit note.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineOut {
    pub sku: String,
    pub barcode: String,
    pub title: String,
    pub category: String,
    pub size: String,
    pub colour: String,
    pub vendor: String,
    pub quantity: i64,
    /// Rounded to minor units; `unit_price_exact` has up to four digits.
    pub unit_price: Money,
    /// Major units as text.
    pub unit_price_exact: String,
    /// Taken off the whole line, not off each piece.
    pub discount: Money,
    /// Of the whole line.
    pub tax: Money,
    /// `unit_price_exact` times `quantity`, rounded once to minor units, less `discount`.
    pub total: Money,
}

/// A payment that is known of.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentOut {
    pub method: String,
    pub reference: String,
    pub amount: Money,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    pub instalments: u32,
}

/// Money that went back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundOut {
    /// The `refund` of its events; no two refunds of an order share one.
    pub number: u64,
    pub amount: Money,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A parcel that left the house.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParcelOut {
    pub carrier: String,
    pub tracking: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub shipped_at: Option<Timestamp>,
}

/// A note by staff for staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffNoteOut {
    pub number: u32,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub by: String,
    pub text: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Timestamp>,
}

impl Fields for OrderOut {
    const NAMES: &'static [&'static str] = &[
        "adjustment",
        "billing",
        "cancelled",
        "channel",
        "created_at",
        "currency",
        "customer",
        "discount",
        "discount_code",
        "email",
        "fulfilment",
        "hold",
        "id",
        "items",
        "lines",
        "metadata",
        "next_steps",
        "note",
        "number",
        "paid",
        "parcels",
        "payment",
        "payments",
        "phone",
        "placed_at",
        "refunded",
        "refunds",
        "shipping",
        "shipping_address",
        "shipping_method",
        "source",
        "source_name",
        "staff_notes",
        "status",
        "subtotal",
        "tags",
        "tax",
        "tax_included",
        "total",
        "updated_at",
        "version",
    ];
}

impl OrderOut {
    /// `name` is the customer's, empty when there is none.
    pub fn new(o: &Order, standing: &Standing, name: String) -> Self {
        let money = |amount| Money::new(amount, o.currency);
        Self {
            id: o.id,
            number: o.number,
            version: o.version,
            status: o.status,
            payment: o.payment,
            fulfilment: o.fulfilment,
            hold: o.hold.clone(),
            cancelled: o.cancelled.as_ref().map(|c| CancelledOut {
                at: c.at,
                reason: c.reason,
                note: c.note.clone(),
            }),
            next_steps: next_steps(&o.axes()),
            placed_at: o.placed_at,
            created_at: o.created_at,
            updated_at: o.updated_at,
            channel: o.channel.clone(),
            source: o.source.clone(),
            source_name: o.source_name.clone(),
            customer: o.customer.map(|id| CustomerBrief {
                id,
                name,
                standing: standing.word(),
                reason: standing.reason(),
            }),
            email: o.email.clone(),
            phone: o.phone.clone(),
            currency: o.currency,
            lines: o.lines.iter().map(|l| LineOut::new(l, o.currency)).collect(),
            items: o.items(),
            billing: o.billing.clone(),
            shipping_address: o.shipping_address.clone(),
            subtotal: money(o.subtotal),
            discount: money(o.discount),
            discount_code: o.discount_code.clone(),
            shipping: money(o.shipping),
            shipping_method: o.shipping_method.clone(),
            tax: money(o.tax),
            tax_included: o.tax_included,
            adjustment: money(o.adjustment),
            total: money(o.total),
            paid: money(o.paid()),
            refunded: money(o.refunded),
            payments: o.payments.iter().map(|p| PaymentOut::new(p, o.currency)).collect(),
            refunds: o
                .refunds
                .iter()
                .map(|r| RefundOut { number: r.number, amount: money(r.amount), at: r.at })
                .collect(),
            parcels: o.parcels.iter().map(ParcelOut::new).collect(),
            note: o.note.clone(),
            tags: o.tags.clone(),
            metadata: o.metadata.clone(),
            staff_notes: o.staff_notes.iter().map(StaffNoteOut::new).collect(),
        }
    }
}

impl LineOut {
    fn new(l: &Line, currency: Currency) -> Self {
        let money = |amount| Money::new(amount, currency);
        Self {
            sku: l.sku.clone(),
            barcode: l.barcode.clone(),
            title: l.title.clone(),
            category: l.category.clone(),
            size: l.size.clone(),
            colour: l.colour.clone(),
            vendor: l.vendor.clone(),
            quantity: l.quantity,
            unit_price: money(l.unit_price.minor(currency).unwrap_or(i64::MAX)),
            unit_price_exact: l.unit_price.decimal().normalize().to_string(),
            discount: money(l.discount),
            tax: money(l.tax),
            total: money(l.total),
        }
    }
}
impl PaymentOut {
    fn new(p: &PaymentNote, currency: Currency) -> Self {
        Self {
            method: p.method.clone(),
            reference: p.reference.clone(),
            amount: Money::new(p.amount, currency),
            at: p.at,
            instalments: p.instalments.max(1),
        }
    }
}
impl ParcelOut {
    fn new(p: &Parcel) -> Self {
        Self { carrier: p.carrier.clone(), tracking: p.tracking.clone(), shipped_at: p.shipped_at }
    }
}
impl StaffNoteOut {
    fn new(n: &StaffNote) -> Self {
        Self { number: n.number, at: n.at, by: n.by.clone(), text: n.text.clone(), edited_at: n.edited_at }
    }
}

/// A credit note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote)]
pub struct CreditNoteOut {
    #[schema(value_type = String)]
    pub id: CreditNoteId,
    pub number: String,
    pub kind: CreditKind,
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    pub source: Option<ExternalRef>,
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    #[schema(value_type = String)]
    pub currency: Currency,
    pub country: String,
    pub lines: Vec<LineOut>,
    /// Credited to the customer.
    pub total: Money,
}

impl Fields for CreditNoteOut {
    const NAMES: &'static [&'static str] =
        &["country", "currency", "customer", "id", "issued_at", "kind", "lines", "number", "source", "total"];
}

impl CreditNoteOut {
    pub fn new(n: &CreditNote) -> Self {
        Self {
            id: n.id,
            number: n.number.clone(),
            kind: n.kind,
            issued_at: n.issued_at,
            source: n.source.clone(),
            customer: n.customer,
            currency: n.currency,
            country: n.country.clone(),
            lines: n.lines.iter().map(|l| LineOut::new(l, n.currency)).collect(),
            total: Money::new(n.total, n.currency),
        }
    }
}
