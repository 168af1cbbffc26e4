//! Orders and customers out: CSV with the columns one chooses, and JSON lines. All columns come in again unchanged.

use crate::base::error::Result;
use crate::base::money::{Currency, Money};
use crate::shop::customers::{Address, Customer};
use crate::shop::orders::{Line, Order};
use crate::shop::transfer::document::{CustomerDocument, OrderDocument};
use crate::shop::transfer::document_parts::{ParcelDocument, PaymentDocument, StaffNoteDocument};
use crate::shop::transfer::put::{Flag, Joined, Json, List, Shown};
use crate::shop::transfer::writer::{Rows, unwritable};
use serde::Serialize;
use std::io::Write;

/// What a row of an order file is about.
pub struct OrderRow<'a> {
    pub order: &'a Order,
    /// Who ordered; without the record only the id is known.
    pub buyer: Option<&'a Customer>,
    /// Its place from 1, and the line; `None` for an order without lines.
    pub line: Option<(usize, &'a Line)>,
}

/// A column of an order file.
pub struct OrderColumn {
    /// The name in the header, stable.
    pub name: &'static str,
    /// Text of people, which is guarded against spreadsheets.
    pub is_text: bool,
    value: for<'a> fn(&'a OrderRow<'a>, &'a mut String) -> &'a str,
}

/// A column of a customer file.
pub struct CustomerColumn {
    /// The name in the header, stable.
    pub name: &'static str,
    /// Text of people, which is guarded against spreadsheets.
    pub is_text: bool,
    value: for<'a> fn(&'a Customer, &'a mut String) -> &'a str,
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident: $ty:ident of $row:ident { $($kind:ident $column:literal => $value:expr,)+ }) => {
        $(#[$doc])*
        pub const $name: &[$ty] = &[$($ty {
            name: $column,
            is_text: $crate::shop::transfer::export::columns!(@ $kind),
            value: |$row, room| $crate::shop::transfer::put::Put::put($value, room),
        },)+];
    };
    (@ text) => { true };
    (@ plain) => { false };
}

pub(super) use columns;

/// One part of an address of an order.
fn part(address: &Option<Address>, of: fn(&Address) -> &String) -> Option<&str> {
    address.as_ref().map(|a| of(a).as_str())
}
fn line_text<'a>(row: &OrderRow<'a>, of: fn(&Line) -> &String) -> Option<&'a str> {
    row.line.map(|(_, l)| of(l).as_str())
}
fn line_money(row: &OrderRow<'_>, of: fn(&Line) -> i64) -> Option<Money> {
    row.line.map(|(_, l)| Money::new(of(l), row.order.currency))
}
fn buyer_text<'a>(row: &OrderRow<'a>, of: fn(&Customer) -> &String) -> Option<&'a str> {
    row.buyer.map(|b| of(b).as_str())
}
fn money(amount: i64, currency: Currency) -> Money {
    Money::new(amount, currency)
}

columns! {
    /// All columns of an order file: the order's own on every row, then the line's.
    ORDER_COLUMNS: OrderColumn of r {
        plain "number" => r.order.number,
        plain "id" => Shown(r.order.id),
        plain "version" => r.order.version,
        plain "placed_at" => r.order.placed_at,
        plain "placed_offset_min" => r.order.placed_offset_min,
        plain "created_at" => r.order.created_at,
        plain "updated_at" => r.order.updated_at,
        text "channel" => r.order.channel.as_str(),
        text "source" => r.order.source.as_ref().map(|s| s.source.as_str()),
        text "source_id" => r.order.source.as_ref().map(|s| s.id.as_str()),
        text "source_name" => r.order.source_name.as_str(),
        plain "status" => r.order.status.word(),
        plain "payment" => r.order.payment.word(),
        plain "fulfilment" => r.order.fulfilment.word(),
        plain "fulfilment_before" => r.order.fulfilment_before.map(|f| f.word()),
        plain "on_hold" => Flag(r.order.hold.is_some()),
        text "hold_reason" => r.order.hold.as_deref(),
        plain "cancelled_at" => r.order.cancelled.as_ref().map(|c| c.at),
        plain "cancel_reason" => r.order.cancelled.as_ref().map(|c| Shown(c.reason)),
        text "cancel_note" => r.order.cancelled.as_ref().map(|c| c.note.as_str()),
        plain "cancel_payment_before" => r.order.cancelled.as_ref().map(|c| c.payment_before.word()),
        plain "customer_id" => r.order.customer.map(Shown),
        text "customer_email" => r.buyer.and_then(|b| b.email.as_deref()),
        text "customer_first_name" => buyer_text(r, |b| &b.first_name),
        text "customer_last_name" => buyer_text(r, |b| &b.last_name),
        text "customer_company" => buyer_text(r, |b| &b.company),
        text "customer_phone" => buyer_text(r, |b| &b.phone),
        text "customer_external" => r.buyer.map(|b| List(&b.external)),
        text "email" => r.order.email.as_deref(),
        text "phone" => r.order.phone.as_str(),
        plain "currency" => r.order.currency.code(),
        plain "subtotal" => money(r.order.subtotal, r.order.currency),
        plain "discount" => money(r.order.discount, r.order.currency),
        text "discount_code" => r.order.discount_code.as_str(),
        plain "shipping" => money(r.order.shipping, r.order.currency),
        text "shipping_method" => r.order.shipping_method.as_str(),
        plain "tax" => money(r.order.tax, r.order.currency),
        plain "tax_included" => Flag(r.order.tax_included),
        plain "adjustment" => money(r.order.adjustment, r.order.currency),
        plain "total" => money(r.order.total, r.order.currency),
        plain "paid" => money(r.order.paid(), r.order.currency),
        plain "refunded" => money(r.order.refunded, r.order.currency),
        plain "items" => r.order.items(),
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
        text "note" => r.order.note.as_str(),
        text "tags" => Joined(&r.order.tags),
        text "metadata" => (!r.order.metadata.is_empty()).then_some(Json(&r.order.metadata)),
        text "payments" => List(&r.order.payments.iter().map(PaymentDocument::from).collect::<Vec<_>>()),
        text "parcels" => List(&r.order.parcels.iter().map(ParcelDocument::from).collect::<Vec<_>>()),
        text "staff_notes" => List(&r.order.staff_notes.iter().map(StaffNoteDocument::from).collect::<Vec<_>>()),
        plain "line" => r.line.map(|(place, _)| place),
        text "line_sku" => line_text(r, |l| &l.sku),
        text "line_barcode" => line_text(r, |l| &l.barcode),
        text "line_title" => line_text(r, |l| &l.title),
        text "line_category" => line_text(r, |l| &l.category),
        text "line_size" => line_text(r, |l| &l.size),
        text "line_colour" => line_text(r, |l| &l.colour),
        text "line_vendor" => line_text(r, |l| &l.vendor),
        plain "line_quantity" => r.line.map(|(_, l)| l.quantity),
        plain "line_unit_price" => r.line.map(|(_, l)| l.unit_price),
        plain "line_discount" => line_money(r, |l| l.discount),
        plain "line_tax" => line_money(r, |l| l.tax),
        plain "line_total" => line_money(r, |l| l.total),
    }
}

columns! {
    /// All columns of a customer file.
    CUSTOMER_COLUMNS: CustomerColumn of c {
        plain "id" => Shown(c.id),
        plain "version" => c.version,
        plain "created_at" => c.created_at,
        plain "updated_at" => c.updated_at,
        text "email" => c.email.as_deref(),
        text "first_name" => c.first_name.as_str(),
        text "last_name" => c.last_name.as_str(),
        text "company" => c.company.as_str(),
        text "phone" => c.phone.as_str(),
        plain "accepts_marketing" => Flag(c.accepts_marketing),
        plain "tax_exempt" => Flag(c.tax_exempt),
        text "vat_id" => c.vat_id.as_str(),
        text "language" => c.language.as_str(),
        text "birthday" => c.birthday.as_str(),
        text "tags" => Joined(&c.tags),
        text "note" => c.note.as_str(),
        text "address" => c.addresses.first().map(|a| a.lines().join(", ")),
        text "country" => c.country(),
        text "addresses" => List(&c.addresses),
        text "metadata" => (!c.metadata.is_empty()).then_some(Json(&c.metadata)),
        text "external" => List(&c.external),
        text "old_emails" => List(&c.old_emails),
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
    /// The columns before the first one of a line: they are made once an order.
    leading: usize,
    shape: OrderShape,
    cell: String,
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
        let leading = columns.iter().position(|c| c.name.starts_with("line")).unwrap_or(columns.len());
        Ok(Self { rows, columns, leading, shape, cell: String::new() })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, order: &Order, customer: Option<&Customer>) -> Result<()> {
        let Self { rows, columns, leading, shape, cell } = self;
        let buyer = customer.filter(|c| Some(c.id) == order.customer);
        let most = if *shape == OrderShape::PerOrder { 1 } else { usize::MAX };
        let (own, of_lines) = columns.split_at_checked(*leading).unwrap_or((columns, &[]));
        let mut write = |rows: &mut R, columns: &[&OrderColumn], row: &OrderRow<'_>| {
            for column in columns {
                let value = (column.value)(row, cell);
                if column.is_text { rows.text(value)? } else { rows.plain(value)? }
            }
            Ok(())
        };
        let from = rows.place();
        let mut made = None;
        for place in 0..order.lines.len().clamp(1, most) {
            let row = OrderRow { order, buyer, line: order.lines.get(place).map(|line| (place + 1, line)) };
            if !made.is_some_and(|to| rows.repeat(from, to)) {
                write(rows, own, &row)?;
                made = made.or(Some(rows.place()));
            }
            write(rows, of_lines, &row)?;
            rows.end_row()?;
        }
        Ok(())
    }
    /// The rows, to look at what was written.
    pub fn rows_mut(&mut self) -> &mut R {
        &mut self.rows
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
    cell: String,
}

impl<R: Rows> CustomerRows<R> {
    /// Writes the header. `columns` are names of [`CUSTOMER_COLUMNS`]; none means all.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn new(mut rows: R, columns: &[&str]) -> Result<Self> {
        let columns = chosen(CUSTOMER_COLUMNS, |c| c.name, columns);
        header(&mut rows, columns.iter().map(|c| c.name))?;
        Ok(Self { rows, columns, cell: String::new() })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, customer: &Customer) -> Result<()> {
        for column in &self.columns {
            let value = (column.value)(customer, &mut self.cell);
            if column.is_text { self.rows.text(value)? } else { self.rows.plain(value)? }
        }
        self.rows.end_row()
    }
    /// The rows, to look at what was written.
    pub fn rows_mut(&mut self) -> &mut R {
        &mut self.rows
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
