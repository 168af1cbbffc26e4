//! Orders and customers out: CSV with the columns one chooses, and JSON lines. All columns come in again unchanged.

use crate::base::error::Result;
use crate::base::money::{Currency, Money};
use crate::shop::customers::{Address, Customer};
use crate::shop::orders::{Line, Order};
use crate::shop::transfer::document::{
    BuyerDocument, CustomerDocument, OrderDocument, ParcelDocument, PaymentDocument, StaffNoteDocument,
};
use crate::shop::transfer::writer::{Rows, unwritable};
use serde::Serialize;
use std::io::Write;

/// What a row of an order file is about.
pub struct OrderRow<'a> {
    pub order: &'a Order,
    pub buyer: Option<&'a BuyerDocument>,
    /// Its place from 1, and the line; `None` for an order without lines.
    pub line: Option<(usize, &'a Line)>,
}

/// A column of an order file.
pub struct OrderColumn {
    /// The name in the header, stable.
    pub name: &'static str,
    /// Text of people, which is guarded against spreadsheets.
    pub is_text: bool,
    value: for<'a> fn(&OrderRow<'a>) -> String,
}

/// A column of a customer file.
pub struct CustomerColumn {
    /// The name in the header, stable.
    pub name: &'static str,
    /// Text of people, which is guarded against spreadsheets.
    pub is_text: bool,
    value: fn(&Customer) -> String,
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
/// A list or a map as JSON; nothing for none.
pub(super) fn list<T: Serialize>(items: Vec<T>) -> String {
    if items.is_empty() { String::new() } else { json(&items) }
}
pub(super) fn own_money(amount: i64, currency: Currency) -> String {
    Money::new(amount, currency).decimal()
}
pub(super) fn opt<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}
fn flag(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident: $ty:ident of $row:ident { $($kind:ident $column:literal => $value:expr,)+ }) => {
        $(#[$doc])*
        pub const $name: &[$ty] = &[$($ty {
            name: $column,
            is_text: $crate::shop::transfer::export::columns!(@ $kind),
            value: |$row| $value,
        },)+];
    };
    (@ text) => { true };
    (@ plain) => { false };
}

pub(super) use columns;

use own_money as money;

/// One part of an address of an order.
fn part(address: &Option<Address>, of: fn(&Address) -> &String) -> String {
    address.as_ref().map(|a| of(a).clone()).unwrap_or_default()
}
fn line_text(row: &OrderRow<'_>, of: fn(&Line) -> &String) -> String {
    row.line.map(|(_, l)| of(l).clone()).unwrap_or_default()
}
fn line_money(row: &OrderRow<'_>, of: fn(&Line) -> i64) -> String {
    row.line.map(|(_, l)| money(of(l), row.order.currency)).unwrap_or_default()
}
fn buyer_text(row: &OrderRow<'_>, of: fn(&BuyerDocument) -> &String) -> String {
    row.buyer.map(|b| of(b).clone()).unwrap_or_default()
}

columns! {
    /// All columns of an order file: the order's own on every row, then the line's.
    ORDER_COLUMNS: OrderColumn of r {
        plain "number" => r.order.number.to_string(),
        plain "id" => r.order.id.to_string(),
        plain "version" => r.order.version.to_string(),
        plain "placed_at" => r.order.placed_at.rfc3339(),
        plain "placed_offset_min" => opt(r.order.placed_offset_min),
        plain "created_at" => r.order.created_at.rfc3339(),
        plain "updated_at" => r.order.updated_at.rfc3339(),
        text "channel" => r.order.channel.clone(),
        text "source" => r.order.source.as_ref().map(|s| s.source.clone()).unwrap_or_default(),
        text "source_id" => r.order.source.as_ref().map(|s| s.id.clone()).unwrap_or_default(),
        text "source_name" => r.order.source_name.clone(),
        plain "status" => r.order.status.to_string(),
        plain "payment" => r.order.payment.to_string(),
        plain "fulfilment" => r.order.fulfilment.to_string(),
        plain "fulfilment_before" => opt(r.order.fulfilment_before),
        plain "on_hold" => flag(r.order.hold.is_some()),
        text "hold_reason" => r.order.hold.clone().unwrap_or_default(),
        plain "cancelled_at" => opt(r.order.cancelled.as_ref().map(|c| c.at)),
        plain "cancel_reason" => opt(r.order.cancelled.as_ref().map(|c| c.reason)),
        text "cancel_note" => r.order.cancelled.as_ref().map(|c| c.note.clone()).unwrap_or_default(),
        plain "cancel_payment_before" => opt(r.order.cancelled.as_ref().map(|c| c.payment_before)),
        plain "customer_id" => opt(r.order.customer),
        text "customer_email" => r.buyer.and_then(|b| b.email.clone()).unwrap_or_default(),
        text "customer_first_name" => buyer_text(r, |b| &b.first_name),
        text "customer_last_name" => buyer_text(r, |b| &b.last_name),
        text "customer_company" => buyer_text(r, |b| &b.company),
        text "customer_phone" => buyer_text(r, |b| &b.phone),
        text "customer_external" => r.buyer.map(|b| list(b.external.clone())).unwrap_or_default(),
        text "email" => r.order.email.clone().unwrap_or_default(),
        text "phone" => r.order.phone.clone(),
        plain "currency" => r.order.currency.to_string(),
        plain "subtotal" => money(r.order.subtotal, r.order.currency),
        plain "discount" => money(r.order.discount, r.order.currency),
        text "discount_code" => r.order.discount_code.clone(),
        plain "shipping" => money(r.order.shipping, r.order.currency),
        text "shipping_method" => r.order.shipping_method.clone(),
        plain "tax" => money(r.order.tax, r.order.currency),
        plain "tax_included" => flag(r.order.tax_included),
        plain "adjustment" => money(r.order.adjustment, r.order.currency),
        plain "total" => money(r.order.total, r.order.currency),
        plain "paid" => money(r.order.paid(), r.order.currency),
        plain "refunded" => money(r.order.refunded, r.order.currency),
        plain "items" => r.order.items().to_string(),
        text "billing_name" => part(&r.order.billing, |a| &a.name),
        text "billing_company" => part(&r.order.billing, |a| &a.company),
        text "billing_line1" => part(&r.order.billing, |a| &a.line1),
        text "billing_line2" => part(&r.order.billing, |a| &a.line2),
        text "billing_postcode" => part(&r.order.billing, |a| &a.postcode),
        text "billing_city" => part(&r.order.billing, |a| &a.city),
        text "billing_region" => part(&r.order.billing, |a| &a.region),
        text "billing_country" => part(&r.order.billing, |a| &a.country),
        text "billing_phone" => part(&r.order.billing, |a| &a.phone),
        text "shipping_name" => part(&r.order.shipping_address, |a| &a.name),
        text "shipping_company" => part(&r.order.shipping_address, |a| &a.company),
        text "shipping_line1" => part(&r.order.shipping_address, |a| &a.line1),
        text "shipping_line2" => part(&r.order.shipping_address, |a| &a.line2),
        text "shipping_postcode" => part(&r.order.shipping_address, |a| &a.postcode),
        text "shipping_city" => part(&r.order.shipping_address, |a| &a.city),
        text "shipping_region" => part(&r.order.shipping_address, |a| &a.region),
        text "shipping_country" => part(&r.order.shipping_address, |a| &a.country),
        text "shipping_phone" => part(&r.order.shipping_address, |a| &a.phone),
        text "note" => r.order.note.clone(),
        text "tags" => r.order.tags.join(","),
        text "metadata" => if r.order.metadata.is_empty() { String::new() } else { json(&r.order.metadata) },
        text "payments" => list(r.order.payments.iter().map(PaymentDocument::from).collect()),
        text "parcels" => list(r.order.parcels.iter().map(ParcelDocument::from).collect()),
        text "staff_notes" => list(r.order.staff_notes.iter().map(StaffNoteDocument::from).collect()),
        plain "line" => opt(r.line.map(|(place, _)| place)),
        text "line_sku" => line_text(r, |l| &l.sku),
        text "line_barcode" => line_text(r, |l| &l.barcode),
        text "line_title" => line_text(r, |l| &l.title),
        text "line_category" => line_text(r, |l| &l.category),
        text "line_size" => line_text(r, |l| &l.size),
        text "line_colour" => line_text(r, |l| &l.colour),
        text "line_vendor" => line_text(r, |l| &l.vendor),
        plain "line_quantity" => opt(r.line.map(|(_, l)| l.quantity)),
        plain "line_unit_price" => opt(r.line.map(|(_, l)| l.unit_price.decimal().normalize())),
        plain "line_discount" => line_money(r, |l| l.discount),
        plain "line_tax" => line_money(r, |l| l.tax),
        plain "line_total" => line_money(r, |l| l.total),
    }
}

columns! {
    /// All columns of a customer file.
    CUSTOMER_COLUMNS: CustomerColumn of c {
        plain "id" => c.id.to_string(),
        plain "version" => c.version.to_string(),
        plain "created_at" => c.created_at.rfc3339(),
        plain "updated_at" => c.updated_at.rfc3339(),
        text "email" => c.email.clone().unwrap_or_default(),
        text "first_name" => c.first_name.clone(),
        text "last_name" => c.last_name.clone(),
        text "company" => c.company.clone(),
        text "phone" => c.phone.clone(),
        plain "accepts_marketing" => flag(c.accepts_marketing),
        plain "tax_exempt" => flag(c.tax_exempt),
        text "vat_id" => c.vat_id.clone(),
        text "language" => c.language.clone(),
        text "birthday" => c.birthday.clone(),
        text "tags" => c.tags.join(","),
        text "note" => c.note.clone(),
        text "address" => c.addresses.first().map(|a| a.lines().join(", ")).unwrap_or_default(),
        text "country" => c.country().to_owned(),
        text "addresses" => list(c.addresses.clone()),
        text "metadata" => if c.metadata.is_empty() { String::new() } else { json(&c.metadata) },
        text "external" => list(c.external.clone()),
        text "old_emails" => list(c.old_emails.clone()),
    }
}

/// Rows of an order file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderShape {
    /// One row per line; only this shape with all columns comes in again.
    PerLine,
    /// One row per order; the line's columns are those of its first line.
    PerOrder,
}

/// Writes orders one after another.
pub struct OrderRows<R: Rows> {
    rows: R,
    columns: Vec<&'static OrderColumn>,
    shape: OrderShape,
}

/// The columns with these names, in this order; all of them for no names. Unknown names are left out.
fn chosen<C>(all: &'static [C], name: fn(&C) -> &'static str, names: &[&str]) -> Vec<&'static C> {
    if names.is_empty() {
        return all.iter().collect();
    }
    names.iter().filter_map(|n| all.iter().find(|c| name(c) == *n)).collect()
}

pub(super) fn header(rows: &mut impl Rows, names: impl Iterator<Item = &'static str>) -> Result<()> {
    for name in names {
        rows.plain(name)?;
    }
    rows.end_row()
}

impl<R: Rows> OrderRows<R> {
    /// Writes the header. `columns` are names of [`ORDER_COLUMNS`]; none means all.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn new(mut rows: R, columns: &[&str], shape: OrderShape) -> Result<Self> {
        let columns = chosen(ORDER_COLUMNS, |c| c.name, columns);
        header(&mut rows, columns.iter().map(|c| c.name))?;
        Ok(Self { rows, columns, shape })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, order: &Order, customer: Option<&Customer>) -> Result<()> {
        let buyer = BuyerDocument::of(order.customer, customer);
        let most = if self.shape == OrderShape::PerOrder { 1 } else { usize::MAX };
        let mut lines: Vec<Option<(usize, &Line)>> =
            order.lines.iter().take(most).enumerate().map(|(i, l)| Some((i + 1, l))).collect();
        if lines.is_empty() {
            lines.push(None);
        }
        for line in lines {
            let row = OrderRow { order, buyer: buyer.as_ref(), line };
            for column in &self.columns {
                let value = (column.value)(&row);
                if column.is_text { self.rows.text(&value)? } else { self.rows.plain(&value)? }
            }
            self.rows.end_row()?;
        }
        Ok(())
    }
    /// Gives the writer back.
    pub fn into_rows(self) -> R {
        self.rows
    }
}

/// Writes customers one after another.
pub struct CustomerRows<R: Rows> {
    rows: R,
    columns: Vec<&'static CustomerColumn>,
}

impl<R: Rows> CustomerRows<R> {
    /// Writes the header. `columns` are names of [`CUSTOMER_COLUMNS`]; none means all.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn new(mut rows: R, columns: &[&str]) -> Result<Self> {
        let columns = chosen(CUSTOMER_COLUMNS, |c| c.name, columns);
        header(&mut rows, columns.iter().map(|c| c.name))?;
        Ok(Self { rows, columns })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, customer: &Customer) -> Result<()> {
        for column in &self.columns {
            let value = (column.value)(customer);
            if column.is_text { self.rows.text(&value)? } else { self.rows.plain(&value)? }
        }
        self.rows.end_row()
    }
    /// Gives the writer back.
    pub fn into_rows(self) -> R {
        self.rows
    }
}

pub(super) fn json_line<T: Serialize>(out: &mut dyn Write, document: &T) -> Result<()> {
    serde_json::to_writer(&mut *out, document).map_err(|e| unwritable(e.into()))?;
    out.write_all(b"\n").map_err(unwritable)
}

/// Writes an order as one line of JSON.
///
/// # Errors
/// `file_unwritable`.
pub fn order_json(out: &mut dyn Write, order: &Order, customer: Option<&Customer>) -> Result<()> {
    json_line(out, &OrderDocument::of(order, customer))
}

/// Writes a customer as one line of JSON.
///
/// # Errors
/// `file_unwritable`.
pub fn customer_json(out: &mut dyn Write, customer: &Customer) -> Result<()> {
    json_line(out, &CustomerDocument::of(customer))
}
