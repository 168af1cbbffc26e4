//! Our own files in again: CSV with all columns, and JSON lines, to exactly the record that went out.

use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::money::{Currency, Price, to_minor};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId, NewCustomer};
use crate::shop::orders::{CreditKind, CreditNoteId, NewCreditNote, NewOrder, OrderId};
use crate::shop::transfer::bound::{Bound, Fault, Row, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::credit_notes::{self, CreditNoteDocument};
use crate::shop::transfer::document::{BuyerDocument, CustomerDocument, LineDocument, OrderDocument};
use crate::shop::transfer::document_parts::{
    CancelledDocument, ParcelDocument, PaymentDocument, StaffNoteDocument,
};
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::writer::unguarded;
use serde::de::DeserializeOwned;

type Read<T> = std::result::Result<T, Fault>;

/// A row of our own CSV: cells exactly as they went out.
struct Cells<'a> {
    view: View<'a>,
}

impl<'a> Cells<'a> {
    fn raw(&self, column: &str) -> &'a str {
        let sheet = &self.view.bound.sheet;
        sheet.column(column).and_then(|c| self.view.row.record.get(c)).unwrap_or_default()
    }
    fn has(&self, column: &str) -> bool {
        self.view.bound.sheet.column(column).is_some()
    }
    fn text(&self, column: &str) -> String {
        unguarded(self.raw(column)).to_owned()
    }
    fn some(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|t| !t.is_empty())
    }
    fn fault(&self, column: &str, code: &'static str, reason: &str) -> Fault {
        let (column, value) = (column.to_owned(), cell::shown(self.raw(column)));
        Fault { line: self.view.line(), column, value, code, reason: reason.to_owned(), ..Fault::default() }
    }
    /// A cell that this program wrote by itself; nothing for an empty one.
    fn parsed<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
        match unguarded(self.raw(column)).trim() {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .ok_or_else(|| self.fault(column, "invalid_cell", "This is not as Backroom writes it.")),
        }
    }
    fn time(&self, column: &str) -> Read<Option<Timestamp>> {
        self.parsed(column, |t| Timestamp::parse(t).ok())
    }
    fn version(&self) -> Read<u64> {
        Ok(self.parsed("version", |t| t.parse().ok())?.unwrap_or(1))
    }
    fn flag(&self, column: &str) -> Read<bool> {
        Ok(self.parsed(column, cell::yes)?.unwrap_or(false))
    }
    fn json<T: DeserializeOwned + Default>(&self, column: &str) -> Read<T> {
        Ok(self.parsed(column, |t| serde_json::from_str(t).ok())?.unwrap_or_default())
    }
    fn amount(&self, field: Field, currency: Currency) -> Read<Option<i64>> {
        let Some(value) = self.view.number(field)? else { return Ok(None) };
        to_minor(value, currency).map(Some).map_err(|e| self.view.fault(field, e.code, &e.message))
    }
    fn address(&self, prefix: &str) -> Option<Address> {
        let part = |name: &str| self.text(&format!("{prefix}_{name}"));
        let address = Address {
            name: part("name"),
            company: part("company"),
            line1: part("line1"),
            line2: part("line2"),
            postcode: part("postcode"),
            city: part("city"),
            region: part("region"),
            country: part("country"),
            phone: part("phone"),
        };
        (!address.is_empty()).then_some(address)
    }
    fn word<T>(&self, column: &str, from: fn(&str) -> Option<T>) -> Read<Option<T>> {
        self.parsed(column, from)
    }
}

/// The row's own, the one that was chosen, or the shop's usual one where the file has no column for it.
fn currency(c: &Cells<'_>, options: &Options) -> Read<Currency> {
    let usual = options.usual_currency.filter(|_| !c.has("currency"));
    let known = c.parsed("currency", |t| Currency::parse(t).ok())?.or(options.currency).or(usual);
    known.ok_or_else(|| c.fault("currency", "currency_missing", "The file names no currency."))
}

/// The order of some rows of our own file.
///
/// # Errors
/// The cell that is not as this program writes it.
pub fn order(rows: &[View<'_>], options: &Options) -> Read<NewOrder> {
    let Some(view) = rows.first().copied() else { return Err(nothing()) };
    let c = Cells { view };
    let currency = currency(&c, options)?;
    let document = document(&c, rows, currency)?;
    let (has_total, has_tax) = (c.some("total").is_some(), c.some("tax").is_some());
    let new = document.into_new();
    Ok(NewOrder {
        stated_total: new.stated_total.filter(|_| has_total),
        tax: new.tax.filter(|_| has_tax),
        ..new
    })
}

fn document(c: &Cells<'_>, rows: &[View<'_>], currency: Currency) -> Read<OrderDocument> {
    use crate::shop::orders::{CancelReason, Fulfilment, Payment, Status};
    let amount = |field: Field| c.amount(field, currency).map(Option::unwrap_or_default);
    let reason = c.word("cancel_reason", CancelReason::from_word)?;
    let cancelled = match reason {
        Some(reason) => Some(CancelledDocument {
            at: c.time("cancelled_at")?,
            reason,
            note: c.text("cancel_note"),
            payment_before: c.word("cancel_payment_before", Payment::from_word)?,
            status_before: None,
        }),
        None => None,
    };
    Ok(OrderDocument {
        id: c.parsed("id", |t| OrderId::parse(t).ok())?,
        number: c.parsed("number", |t| t.parse().ok())?,
        version: c.version()?,
        placed_at: c.time("placed_at")?,
        placed_offset_min: c.parsed("placed_offset_min", |t| t.parse().ok())?,
        created_at: c.time("created_at")?,
        updated_at: c.time("updated_at")?,
        channel: c.text("channel"),
        source: reference(c),
        source_name: c.text("source_name"),
        customer: buyer(c)?,
        email: c.some("email"),
        phone: c.text("phone"),
        currency,
        lines: lines(rows, currency)?,
        billing: c.address("billing"),
        shipping_address: c.address("shipping"),
        subtotal: amount(Field::OrderSubtotal)?,
        discount: amount(Field::OrderDiscount)?,
        discount_code: c.text("discount_code"),
        shipping: amount(Field::OrderShipping)?,
        shipping_method: c.text("shipping_method"),
        tax: amount(Field::OrderTax)?,
        tax_included: if c.has("tax_included") { c.flag("tax_included")? } else { true },
        adjustment: 0,
        total: amount(Field::OrderTotal)?,
        refunded: amount(Field::OrderRefunded)?,
        status: c.word("status", Status::from_word)?.unwrap_or(Status::Open),
        payment: c.word("payment", Payment::from_word)?.unwrap_or(Payment::Unpaid),
        fulfilment: c.word("fulfilment", Fulfilment::from_word)?.unwrap_or(Fulfilment::Unfulfilled),
        fulfilment_before: c.word("fulfilment_before", Fulfilment::from_word)?,
        hold: if c.flag("on_hold")? { Some(c.text("hold_reason")) } else { None },
        cancelled,
        payments: c.json::<Vec<PaymentDocument>>("payments")?,
        parcels: c.json::<Vec<ParcelDocument>>("parcels")?,
        note: c.text("note"),
        tags: tags(c),
        metadata: c.json("metadata")?,
        staff_notes: c.json::<Vec<StaffNoteDocument>>("staff_notes")?,
        // Lines of JSON alone have these.
        refunds: Vec::new(),
        confirmed_at: None,
    })
}

fn reference(c: &Cells<'_>) -> Option<crate::shop::customers::ExternalRef> {
    let (source, id) = (c.text("source"), c.text("source_id"));
    (!source.is_empty() || !id.is_empty()).then_some(crate::shop::customers::ExternalRef { source, id })
}

fn tags(c: &Cells<'_>) -> Vec<String> {
    let text = c.text("tags");
    text.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

fn buyer(c: &Cells<'_>) -> Read<Option<BuyerDocument>> {
    let buyer = BuyerDocument {
        id: c.parsed("customer_id", |t| CustomerId::parse(t).ok())?,
        email: c.some("customer_email"),
        first_name: c.text("customer_first_name"),
        last_name: c.text("customer_last_name"),
        company: c.text("customer_company"),
        phone: c.text("customer_phone"),
        external: c.json("customer_external")?,
    };
    Ok((buyer != BuyerDocument::default()).then_some(buyer))
}

fn lines(rows: &[View<'_>], currency: Currency) -> Read<Vec<LineDocument>> {
    let mut lines = Vec::new();
    for view in rows {
        let c = Cells { view: *view };
        let is_line = if c.has("line") {
            !c.raw("line").trim().is_empty()
        } else {
            ["line_sku", "line_title", "line_quantity"].iter().any(|name| !c.raw(name).is_empty())
        };
        if !is_line {
            continue;
        }
        let quantity = view.number(Field::LineQuantity)?.unwrap_or(rust_decimal::Decimal::ONE);
        let quantity = i64::try_from(quantity.trunc()).ok().filter(|_| quantity.fract().is_zero());
        let quantity = quantity.ok_or_else(|| {
            c.fault("line_quantity", "quantity_not_whole", "A quantity is a whole number of pieces.")
        })?;
        let price = Price::from_decimal(view.number(Field::LinePrice)?.unwrap_or_default())
            .map_err(|e| view.fault(Field::LinePrice, e.code, &e.message))?;
        let discount = c.amount(Field::LineDiscount, currency)?.unwrap_or_default();
        let computed = price.times(quantity, currency).unwrap_or_default().saturating_sub(discount);
        lines.push(LineDocument {
            sku: c.text("line_sku"),
            barcode: c.text("line_barcode"),
            title: c.text("line_title"),
            category: c.text("line_category"),
            size: c.text("line_size"),
            colour: c.text("line_colour"),
            vendor: c.text("line_vendor"),
            quantity,
            unit_price: price,
            discount,
            tax: c.amount(Field::LineTax, currency)?.unwrap_or_default(),
            total: c.amount(Field::LineTotal, currency)?.unwrap_or(computed),
        });
    }
    Ok(lines)
}

/// The credit note of some rows of our own file.
///
/// # Errors
/// The cell that is not as this program writes it.
pub fn credit_note(rows: &[View<'_>], options: &Options) -> Read<NewCreditNote> {
    let Some(view) = rows.first().copied() else { return Err(nothing()) };
    let c = Cells { view };
    let currency = currency(&c, options)?;
    let issued_at = c.time("issued_at")?;
    let document = CreditNoteDocument {
        id: c.parsed("id", |t| CreditNoteId::parse(t).ok())?,
        number: c.text("number"),
        kind: c.word("kind", credit_notes::kind_from_word)?.unwrap_or(CreditKind::Credit),
        issued_at: issued_at.ok_or_else(|| {
            c.fault("issued_at", "date_missing", "A credit note needs the date it was issued on.")
        })?,
        created_at: c.time("created_at")?,
        source: reference(&c),
        customer: buyer(&c)?,
        currency,
        country: c.text("country"),
        lines: lines(rows, currency)?,
        total: c
            .amount(Field::OrderTotal, currency)?
            .ok_or_else(|| c.fault("total", "invalid_number", "A credit note needs its total."))?,
    };
    document.into_new().map_err(|e| {
        let fault = Fault::of(&e);
        let at = fault.column.strip_prefix("lines/").and_then(|rest| rest.split('/').next()?.parse().ok());
        let at = at.and_then(|line: usize| rows.get(line)).unwrap_or(&view);
        Fault { line: at.line(), ..fault }
    })
}

/// The customer of a row of our own file.
///
/// # Errors
/// The cell that is not as this program writes it.
pub fn customer(view: View<'_>) -> Read<NewCustomer> {
    let c = Cells { view };
    let document = CustomerDocument {
        id: c.parsed("id", |t| CustomerId::parse(t).ok())?,
        version: c.version()?,
        created_at: c.time("created_at")?,
        updated_at: c.time("updated_at")?,
        email: c.some("email"),
        first_name: c.text("first_name"),
        last_name: c.text("last_name"),
        company: c.text("company"),
        phone: c.text("phone"),
        addresses: c.json("addresses")?,
        note: c.text("note"),
        tags: tags(&c),
        metadata: c.json("metadata")?,
        external: c.json("external")?,
        accepts_marketing: c.parsed("accepts_marketing", cell::yes)?,
        tax_exempt: c.parsed("tax_exempt", cell::yes)?,
        vat_id: c.text("vat_id"),
        language: c.text("language"),
        birthday: c.text("birthday"),
        old_emails: c.json("old_emails")?,
    };
    Ok(document.into_new())
}

fn nothing() -> Fault {
    Fault { code: "row_missing", reason: "There is no row.".into(), ..Fault::default() }
}

/// An order of a JSON line.
///
/// # Errors
/// `invalid_json` with what is wrong.
pub fn order_of_json(text: &str) -> Result<NewOrder> {
    json::<OrderDocument>(text).map(OrderDocument::into_new)
}

/// A credit note of a JSON line.
///
/// # Errors
/// `invalid_json` with what is wrong; the rules of credit notes.
pub fn credit_note_of_json(text: &str) -> Result<NewCreditNote> {
    json::<CreditNoteDocument>(text)?.into_new()
}

/// A customer of a JSON line.
///
/// # Errors
/// `invalid_json` with what is wrong.
pub fn customer_of_json(text: &str) -> Result<NewCustomer> {
    json::<CustomerDocument>(text).map(CustomerDocument::into_new)
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        Error::invalid("invalid_json", format!("The line is not read: {}.", cell::shown(&e.to_string())))
    })
}

/// The rows of one record as views.
pub fn views<'a>(bound: &'a Bound, rows: &'a [Row]) -> Vec<View<'a>> {
    rows.iter().map(|row| View { bound, row, lookups: &[] }).collect()
}
