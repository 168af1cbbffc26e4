//! Orders and customers as JSON documents: a line each in JSON-lines files, parts of them in the cells of our CSV.
//!
//! Amounts are integer minor units of the document's currency; unit prices are decimal text in major units,
//! because they may have four digits.

use super::document_parts::{
    CancelledDocument, ParcelDocument, PaymentDocument, RefundDocument, StaffNoteDocument,
};
use crate::base::money::{Currency, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, Customer, CustomerId, ExternalRef, Life, NewCustomer};
use crate::shop::orders::{
    ALL_COLUMNS, Fulfilment, Line, NewLine, NewOrder, NewOrderCustomer, Order, OrderId, Parcel, Payment,
    PaymentNote, RefundNote, StaffNote, Status, Unsaid,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A line of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineDocument {
    pub sku: String,
    pub barcode: String,
    pub title: String,
    pub category: String,
    pub size: String,
    pub colour: String,
    pub vendor: String,
    pub quantity: i64,
    #[serde(with = "price")]
    pub unit_price: Price,
    pub discount: i64,
    pub tax: i64,
    pub total: i64,
}

/// Who an order belongs to, as far as it takes to find them again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuyerDocument {
    pub id: Option<CustomerId>,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub phone: String,
    pub external: Vec<ExternalRef>,
}

/// An order with everything it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument {
    #[serde(default)]
    pub id: Option<OrderId>,
    #[serde(default)]
    pub number: Option<u64>,
    #[serde(default)]
    pub version: u64,
    #[serde(default)]
    pub placed_at: Option<Timestamp>,
    #[serde(default)]
    pub placed_offset_min: Option<i16>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    #[serde(default)]
    pub channel: String,
    #[serde(default)]
    pub source: Option<ExternalRef>,
    #[serde(default)]
    pub source_name: String,
    #[serde(default)]
    pub customer: Option<BuyerDocument>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub phone: String,
    pub currency: Currency,
    #[serde(default)]
    pub lines: Vec<LineDocument>,
    #[serde(default)]
    pub billing: Option<Address>,
    #[serde(default)]
    pub shipping_address: Option<Address>,
    #[serde(default)]
    pub subtotal: i64,
    #[serde(default)]
    pub discount: i64,
    #[serde(default)]
    pub discount_code: String,
    #[serde(default)]
    pub shipping: i64,
    #[serde(default)]
    pub shipping_method: String,
    #[serde(default)]
    pub tax: i64,
    #[serde(default)]
    pub tax_included: bool,
    #[serde(default)]
    pub adjustment: i64,
    pub total: i64,
    #[serde(default)]
    pub refunded: i64,
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    #[serde(default)]
    pub fulfilment_before: Option<Fulfilment>,
    #[serde(default)]
    pub hold: Option<String>,
    #[serde(default)]
    pub cancelled: Option<CancelledDocument>,
    #[serde(default)]
    pub payments: Vec<PaymentDocument>,
    #[serde(default)]
    pub parcels: Vec<ParcelDocument>,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub staff_notes: Vec<StaffNoteDocument>,
    /// What of `refunded` was noted by steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<RefundDocument>,
    /// When a draft was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
}

/// A customer with everything they have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDocument {
    pub id: Option<CustomerId>,
    pub version: u64,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub phone: String,
    pub addresses: Vec<Address>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub external: Vec<ExternalRef>,
    pub accepts_marketing: Option<bool>,
    pub tax_exempt: Option<bool>,
    pub vat_id: String,
    pub language: String,
    pub birthday: String,
    pub old_emails: Vec<String>,
}

mod price {
    use crate::base::money::Price;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(price: &Price, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&price.decimal().normalize())
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Price, D::Error> {
        let text = String::deserialize(d)?;
        let value = text.parse().map_err(serde::de::Error::custom)?;
        Price::from_decimal(value).map_err(serde::de::Error::custom)
    }
}

/// Adds our own id to the references a record is known by outside.
fn known_as(mut external: Vec<ExternalRef>, id: Option<CustomerId>) -> Vec<ExternalRef> {
    if let Some(id) = id {
        let own = ExternalRef::own(id);
        if !external.contains(&own) {
            external.push(own);
        }
    }
    external
}

/// How far a record had come; nothing where the file does not say it.
fn life(version: u64, created_at: Option<Timestamp>, updated_at: Option<Timestamp>) -> Option<Life> {
    Some(Life { version, created_at: created_at?, updated_at: updated_at? })
}

impl From<&Line> for LineDocument {
    fn from(l: &Line) -> Self {
        Self {
            sku: l.sku.clone(),
            barcode: l.barcode.clone(),
            title: l.title.clone(),
            category: l.category.clone(),
            size: l.size.clone(),
            colour: l.colour.clone(),
            vendor: l.vendor.clone(),
            quantity: l.quantity,
            unit_price: l.unit_price,
            discount: l.discount,
            tax: l.tax,
            total: l.total,
        }
    }
}

impl From<LineDocument> for NewLine {
    fn from(l: LineDocument) -> Self {
        Self {
            sku: l.sku,
            barcode: l.barcode,
            title: l.title,
            category: l.category,
            size: l.size,
            colour: l.colour,
            vendor: l.vendor,
            quantity: l.quantity,
            unit_price: l.unit_price,
            discount: l.discount,
            tax: l.tax,
            stated_total: Some(l.total),
        }
    }
}

impl BuyerDocument {
    /// Who this is; without the record only the id is known.
    pub fn of(id: Option<CustomerId>, customer: Option<&Customer>) -> Option<Self> {
        let id = id?;
        let alone = Self { id: Some(id), ..Self::default() };
        Some(customer.filter(|c| c.id == id).map_or(alone, |c| Self {
            id: Some(id),
            email: c.email.clone(),
            first_name: c.first_name.clone(),
            last_name: c.last_name.clone(),
            company: c.company.clone(),
            phone: c.phone.clone(),
            external: c.external.clone(),
        }))
    }
    pub fn into_new(self) -> NewCustomer {
        NewCustomer {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            company: self.company,
            phone: self.phone,
            external: known_as(self.external, self.id),
            is_import: true,
            ..NewCustomer::default()
        }
    }
}

impl OrderDocument {
    pub fn of(order: &Order, customer: Option<&Customer>) -> Self {
        let o = order.clone();
        Self {
            id: Some(o.id),
            number: Some(o.number),
            version: o.version,
            placed_at: Some(o.placed_at),
            placed_offset_min: o.placed_offset_min,
            created_at: Some(o.created_at),
            updated_at: Some(o.updated_at),
            channel: o.channel,
            source: o.source,
            source_name: o.source_name,
            customer: BuyerDocument::of(order.customer, customer),
            email: o.email,
            phone: o.phone,
            currency: o.currency,
            lines: o.lines.iter().map(LineDocument::from).collect(),
            billing: o.billing,
            shipping_address: o.shipping_address,
            subtotal: o.subtotal,
            discount: o.discount,
            discount_code: o.discount_code,
            shipping: o.shipping,
            shipping_method: o.shipping_method,
            tax: o.tax,
            tax_included: o.tax_included,
            adjustment: o.adjustment,
            total: o.total,
            refunded: o.refunded,
            status: o.status,
            payment: o.payment,
            fulfilment: o.fulfilment,
            fulfilment_before: o.fulfilment_before,
            hold: o.hold,
            cancelled: o.cancelled.as_ref().map(CancelledDocument::from),
            payments: o.payments.iter().map(PaymentDocument::from).collect(),
            parcels: o.parcels.iter().map(ParcelDocument::from).collect(),
            note: o.note,
            tags: o.tags,
            metadata: o.metadata,
            staff_notes: o.staff_notes.iter().map(StaffNoteDocument::from).collect(),
            refunds: o.refunds.iter().map(RefundDocument::from).collect(),
            confirmed_at: o.confirmed_at,
        }
    }
    /// The order as an import hands it in; one that was placed here is named by our own id.
    pub fn into_new(self) -> NewOrder {
        let own = || self.id.map(ExternalRef::own);
        NewOrder {
            wished_id: self.id,
            unsaid: Arc::new(Unsaid { columns: ALL_COLUMNS, ..Unsaid::default() }),
            source: self.source.clone().or_else(own),
            source_name: self.source_name,
            wished_number: self.number,
            placed_at: self.placed_at,
            placed_offset_min: self.placed_offset_min,
            channel: self.channel,
            customer: self
                .customer
                .map_or(NewOrderCustomer::Guest, |c| NewOrderCustomer::Described(Box::new(c.into_new()))),
            email: self.email.filter(|e| !e.is_empty()),
            phone: self.phone,
            lines: self.lines.into_iter().map(NewLine::from).collect(),
            billing: self.billing.filter(|a| !a.is_empty()),
            shipping_address: self.shipping_address.filter(|a| !a.is_empty()),
            discount: self.discount,
            discount_code: self.discount_code,
            shipping: self.shipping,
            shipping_method: self.shipping_method,
            tax: Some(self.tax),
            tax_included: self.tax_included,
            stated_total: Some(self.total),
            refunded: self.refunded,
            status: self.status,
            payment: self.payment,
            fulfilment: self.fulfilment,
            hold: self.hold,
            payment_before: self.cancelled.as_ref().and_then(|c| c.payment_before),
            status_before: self.cancelled.as_ref().and_then(|c| c.status_before),
            refunds: self.refunds.into_iter().map(RefundNote::from).collect(),
            confirmed_at: self.confirmed_at,
            cancelled: self.cancelled.map(|c| (c.at, c.reason, c.note)),
            payments: self.payments.into_iter().map(PaymentNote::from).collect(),
            parcels: self.parcels.into_iter().map(Parcel::from).collect(),
            note: self.note,
            tags: self.tags,
            metadata: self.metadata,
            staff_notes: self.staff_notes.into_iter().map(StaffNote::from).collect(),
            fulfilment_before: self.fulfilment_before,
            is_import: true,
            life: life(self.version, self.created_at, self.updated_at),
            ..NewOrder::new(self.currency)
        }
    }
}

impl CustomerDocument {
    pub fn of(customer: &Customer) -> Self {
        let c = customer.clone();
        Self {
            id: Some(c.id),
            version: c.version,
            created_at: Some(c.created_at),
            updated_at: Some(c.updated_at),
            email: c.email,
            first_name: c.first_name,
            last_name: c.last_name,
            company: c.company,
            phone: c.phone,
            addresses: c.addresses,
            note: c.note,
            tags: c.tags,
            metadata: c.metadata,
            external: c.external,
            accepts_marketing: Some(c.accepts_marketing),
            tax_exempt: Some(c.tax_exempt),
            vat_id: c.vat_id,
            language: c.language,
            birthday: c.birthday,
            old_emails: c.old_emails,
        }
    }
    /// The customer as an import hands them in.
    pub fn into_new(self) -> NewCustomer {
        NewCustomer {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            company: self.company,
            phone: self.phone,
            addresses: self.addresses,
            note: self.note,
            tags: self.tags,
            metadata: self.metadata,
            external: known_as(self.external, self.id),
            accepts_marketing: self.accepts_marketing,
            tax_exempt: self.tax_exempt,
            vat_id: self.vat_id,
            language: self.language,
            birthday: self.birthday,
            old_emails: self.old_emails,
            created_at: self.created_at,
            life: life(self.version, self.created_at, self.updated_at),
            is_import: true,
        }
    }
}
