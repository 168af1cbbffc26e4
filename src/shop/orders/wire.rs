//! Orders as JSON: what the API answers and what it takes. Every documented key is always present.

use super::change::{OrderChange, StepInput};
use super::model::{
    CreditKind, CreditNote, CreditNoteId, Line, NewLine, NewOrder, NewOrderCustomer, Order, OrderId, Parcel,
    PaymentNote, StaffNote,
};
use super::standing::Standing;
use super::state::{CancelReason, Fulfilment, Payment, Status, Step, next_steps};
use crate::base::error::{Checks, Error, Result};
use crate::base::money::{Currency, Money, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId, ExternalRef, patched};
use serde::{Deserialize, Serialize};
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
    /// Grows with every change; the ETag.
    pub version: u64,
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    /// The reason while the order is on hold.
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
    pub subtotal: Money,
    pub discount: Money,
    pub discount_code: String,
    pub shipping: Money,
    pub shipping_method: String,
    pub tax: Money,
    pub tax_included: bool,
    /// What an imported total differs from the sum of its parts; 0 for orders placed here.
    pub adjustment: Money,
    pub total: Money,
    pub paid: Money,
    pub refunded: Money,
    pub payments: Vec<PaymentOut>,
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
    pub discount: Money,
    pub tax: Money,
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

/// An order to place. Prices, discounts and taxes are in the order's currency; the total is computed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    /// A known customer; else one is found or made by the e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    #[schema(value_type = String, example = "EUR")]
    pub currency: Currency,
    pub lines: Vec<PlaceLine>,
    #[serde(default)]
    pub billing: Option<Address>,
    #[serde(default)]
    pub shipping_address: Option<Address>,
    #[serde(default)]
    pub discount: Option<Money>,
    #[serde(default)]
    pub discount_code: Option<String>,
    #[serde(default)]
    pub shipping: Option<Money>,
    #[serde(default)]
    pub shipping_method: Option<String>,
    /// Of the whole order; the sum of the lines' taxes if absent.
    #[serde(default)]
    pub tax: Option<Money>,
    /// Prices contain the tax. True if absent.
    #[serde(default)]
    pub tax_included: Option<bool>,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Where it comes in; `api` if absent.
    #[serde(default)]
    pub channel: Option<String>,
    /// Your own id of the order; the same one is placed once.
    #[serde(default)]
    pub source: Option<ExternalRef>,
    /// Now, if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub placed_at: Option<Timestamp>,
}

/// A line to place. A title or a SKU is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLine {
    #[serde(default)]
    pub sku: Option<String>,
    #[serde(default)]
    pub barcode: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub size: Option<String>,
    #[serde(default)]
    pub colour: Option<String>,
    #[serde(default)]
    pub vendor: Option<String>,
    /// 1 to 1,000,000.
    pub quantity: i64,
    pub unit_price: Money,
    #[serde(default)]
    pub discount: Option<Money>,
    #[serde(default)]
    pub tax: Option<Money>,
}

impl PlaceOrder {
    /// The order for the rules; `channel` is the door's own word.
    ///
    /// # Errors
    /// `validation` for amounts in another currency.
    pub fn into_new(self, channel: &str) -> Result<NewOrder> {
        let mut checks = Checks::default();
        let currency = self.currency;
        let mut amount =
            |pointer: &str, money: Option<Money>| in_currency(currency, pointer, money, &mut checks);
        let discount = amount("/discount", self.discount);
        let shipping = amount("/shipping", self.shipping);
        let tax = self.tax.map(|t| amount("/tax", Some(t)));
        let mut lines = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.into_iter().enumerate() {
            lines.push(line.into_new(i, currency, &mut checks));
        }
        checks.finish()?;
        Ok(NewOrder {
            source: self.source,
            placed_at: self.placed_at,
            channel: self.channel.unwrap_or_else(|| channel.to_owned()),
            customer: self.customer.map_or(NewOrderCustomer::Guest, NewOrderCustomer::Known),
            email: self.email,
            phone: self.phone.unwrap_or_default(),
            lines,
            billing: self.billing,
            shipping_address: self.shipping_address,
            discount,
            discount_code: self.discount_code.unwrap_or_default(),
            shipping,
            shipping_method: self.shipping_method.unwrap_or_default(),
            tax,
            tax_included: self.tax_included.unwrap_or(true),
            note: self.note.unwrap_or_default(),
            tags: self.tags,
            metadata: self.metadata,
            ..NewOrder::new(currency)
        })
    }
}

impl PlaceLine {
    fn into_new(self, index: usize, currency: Currency, checks: &mut Checks) -> NewLine {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let price = in_currency(currency, &at("unit_price"), Some(self.unit_price), checks);
        let unit_price =
            checks.keep(&at("unit_price"), Price::from_minor(price, currency)).unwrap_or_default();
        NewLine {
            sku: self.sku.unwrap_or_default(),
            barcode: self.barcode.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            category: self.category.unwrap_or_default(),
            size: self.size.unwrap_or_default(),
            colour: self.colour.unwrap_or_default(),
            vendor: self.vendor.unwrap_or_default(),
            quantity: self.quantity,
            unit_price,
            discount: in_currency(currency, &at("discount"), self.discount, checks),
            tax: in_currency(currency, &at("tax"), self.tax, checks),
            stated_total: None,
        }
    }
}

fn in_currency(currency: Currency, pointer: &str, money: Option<Money>, checks: &mut Checks) -> i64 {
    let Some(money) = money else { return 0 };
    if money.currency != currency {
        checks.wrong(
            format!("{pointer}/currency"),
            "currency_mismatch",
            format!("Use the order's currency, {currency}, not {}.", money.currency),
        );
    }
    money.amount
}

/// The fields of an order that can be changed, as a JSON merge patch (RFC 7396): absent leaves, `null` empties,
/// objects are merged key by key.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderFields {
    pub email: Option<String>,
    pub phone: String,
    pub billing: Option<Address>,
    pub shipping_address: Option<Address>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

impl OrderFields {
    fn of(o: &Order) -> Self {
        Self {
            email: o.email.clone(),
            phone: o.phone.clone(),
            billing: o.billing.clone(),
            shipping_address: o.shipping_address.clone(),
            note: o.note.clone(),
            tags: o.tags.clone(),
            metadata: o.metadata.clone(),
        }
    }
    /// The change that a merge patch makes to an order.
    ///
    /// # Errors
    /// `unknown_field` or `invalid_type` with the field.
    pub fn change(o: &Order, patch: &serde_json::Value) -> Result<OrderChange> {
        let wanted: Self = patched(&Self::of(o), patch)?;
        Ok(OrderChange {
            email: Some(wanted.email),
            phone: Some(wanted.phone),
            billing: Some(wanted.billing),
            shipping_address: Some(wanted.shipping_address),
            note: Some(wanted.note),
            tags: Some(wanted.tags),
            metadata: Some(wanted.metadata),
        })
    }
}

/// What a step may be told; each step reads its own fields.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepBody {
    /// Cancel: `customer`, `rejected`, `unavailable` or `other`.
    pub reason: Option<CancelReason>,
    /// Cancel and hold: words for staff.
    pub note: Option<String>,
    /// Pay: how.
    pub method: Option<String>,
    /// Ship: who carries it.
    pub carrier: Option<String>,
    /// Ship: the tracking number.
    pub tracking: Option<String>,
}

impl StepBody {
    pub fn into_input(self) -> StepInput {
        StepInput {
            reason: self.reason,
            note: self.note.unwrap_or_default(),
            method: self.method.unwrap_or_default(),
            carrier: self.carrier.unwrap_or_default(),
            tracking: self.tracking.unwrap_or_default(),
        }
    }
}

/// A staff note to add or its new text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    pub text: String,
}

/// The step named in an address.
///
/// # Errors
/// `not_found` for a word that is no step.
pub fn step_named(word: &str) -> Result<Step> {
    Step::from_word(word).ok_or_else(|| Error::not_found("step", word.chars().take(40).collect::<String>()))
}
