//! Orders as any door hands them in, and the rules that make a record of one. Pure: no store, no HTTP, no clock.

use super::model::{
    Cancelled, CreditKind, CreditNote, CreditNoteId, LINES_IMPORT_MAX, LINES_MAX, Line, Order, OrderId,
    Parcel, PaymentNote, QUANTITY_MAX, RefundNote, StaffNote, total_of,
};
use super::partial::Unsaid;
use super::state::{CancelReason, Fulfilment, Payment, Status};
use crate::base::email;
use crate::base::error::{Checks, Error, FieldError, Result};
use crate::base::money::{Currency, Price, possible_amount, sum};
use crate::base::time::{DAY_MS, Timestamp};
use crate::base::unseen::is_blank;
use crate::shop::customers::{
    Address, CustomerId, ExternalRef, Life, NewCustomer, check_reference, checked_address, many_lines,
    metadata, one_line, tags,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who an incoming order belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum NewOrderCustomer {
    /// Nobody is known.
    #[default]
    Guest,
    Known(CustomerId),
    /// Found by external reference or e-mail, else made.
    Described(Box<NewCustomer>),
}

/// A line as any door hands it in. `total` is computed unless a trusted source states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLine {
    pub sku: String,
    pub barcode: String,
    pub title: String,
    pub category: String,
    pub size: String,
    pub colour: String,
    pub vendor: String,
    pub quantity: i64,
    pub unit_price: Price,
    pub discount: i64,
    pub tax: i64,
    /// Stated by an import whose totals are not price times quantity.
    pub stated_total: Option<i64>,
}

impl NewLine {
    /// Price times quantity, rounded once, less the discount.
    fn computed(&self, currency: Currency) -> Result<i64> {
        let gross = self.unit_price.times(self.quantity, currency)?;
        sum([gross, self.discount.checked_neg().unwrap_or(i64::MIN)])
    }
}

/// What a file leaves open of a record and an import has taken for given: where only this is another one than before,
/// the file says what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Its times as they stand in the file, in milliseconds, where they are without an offset.
    pub local: Option<Vec<i64>>,
    /// The file names no currency.
    pub currency: bool,
    /// Somebody has said the zone or the currency, so that what was read by another one is corrected.
    pub is_said: bool,
}

/// An order as any door hands it in, before the rules have seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The id it has in a file of ours: taken where it is free, so that links to it lead to it again.
    pub wished_id: Option<OrderId>,
    pub source: Option<ExternalRef>,
    pub source_name: String,
    /// Taken if it is free; else the next number is.
    pub wished_number: Option<u64>,
    /// Now, if `None`.
    pub placed_at: Option<Timestamp>,
    pub placed_offset_min: Option<i16>,
    pub channel: String,
    pub customer: NewOrderCustomer,
    pub email: Option<String>,
    pub phone: String,
    pub currency: Currency,
    pub lines: Vec<NewLine>,
    pub billing: Option<Address>,
    pub shipping_address: Option<Address>,
    pub discount: i64,
    pub discount_code: String,
    pub shipping: i64,
    pub shipping_method: String,
    /// Of the whole order; the sum of the lines' taxes, if `None`.
    pub tax: Option<i64>,
    pub tax_included: bool,
    /// Stated by a trusted source; the difference becomes `adjustment`.
    pub stated_total: Option<i64>,
    pub refunded: i64,
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    pub hold: Option<String>,
    pub cancelled: Option<(Option<Timestamp>, CancelReason, String)>,
    pub payments: Vec<PaymentNote>,
    pub parcels: Vec<Parcel>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    /// Only our own files have notes by staff and know what "unreturn" brings back.
    pub staff_notes: Vec<StaffNote>,
    pub fulfilment_before: Option<Fulfilment>,
    /// And what "reopen" brings back.
    pub payment_before: Option<Payment>,
    pub status_before: Option<Status>,
    /// What of `refunded` was noted by steps.
    pub refunds: Vec<RefundNote>,
    /// When a draft was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// More lines, negative quantities and no lines at all are allowed.
    pub is_import: bool,
    /// How far it had come in the shop of ours that exported it.
    pub life: Option<Life>,
    pub given: Given,
    /// What the file it is from has no column for.
    pub unsaid: Arc<Unsaid>,
    /// What its door found wrong with it: refused by the rules, together with what they find themselves.
    pub wrong: Vec<FieldError>,
}

impl NewOrder {
    /// All its times, in the order of their fields.
    pub fn times(&self) -> Vec<Timestamp> {
        let parts = self.payments.iter().map(|p| p.at).chain(self.parcels.iter().map(|p| p.shipped_at));
        let cancelled = self.cancelled.as_ref().and_then(|(at, ..)| *at);
        std::iter::once(self.placed_at).chain(parts).chain([cancelled]).flatten().collect()
    }

    /// An open, unpaid, empty order in a currency; doors fill in what they have.
    pub fn new(currency: Currency) -> Self {
        Self {
            wished_id: None,
            source: None,
            source_name: String::new(),
            wished_number: None,
            placed_at: None,
            placed_offset_min: None,
            channel: String::new(),
            customer: NewOrderCustomer::Guest,
            email: None,
            phone: String::new(),
            currency,
            lines: Vec::new(),
            billing: None,
            shipping_address: None,
            discount: 0,
            discount_code: String::new(),
            shipping: 0,
            shipping_method: String::new(),
            tax: None,
            tax_included: true,
            stated_total: None,
            refunded: 0,
            status: Status::Open,
            payment: Payment::Unpaid,
            fulfilment: Fulfilment::Unfulfilled,
            hold: None,
            cancelled: None,
            payments: Vec::new(),
            parcels: Vec::new(),
            note: String::new(),
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            staff_notes: Vec::new(),
            fulfilment_before: None,
            payment_before: None,
            status_before: None,
            refunds: Vec::new(),
            confirmed_at: None,
            is_import: false,
            life: None,
            given: Given::default(),
            unsaid: Arc::default(),
            wrong: Vec::new(),
        }
    }

    /// The order with every field checked and every amount computed; id and times are the caller's, and its number and its
    /// customer are for the caller to give.
    ///
    /// # Errors
    /// `validation` with all fields that need a change.
    pub fn checked(&self, id: OrderId, now: Timestamp) -> Result<Order> {
        let mut checks = Checks::of(self.wrong.clone());
        let lines = self.checked_lines(&mut checks);
        self.check_amounts(&mut checks);
        if let Some(source) = &self.source {
            check_reference(source, self.is_import, "/source", &mut checks);
        }
        // A storefront's clock may be a little ahead; a day ahead it is a mistake that would top every list.
        if !self.is_import && self.placed_at.is_some_and(|at| at.0 < 0 || at > now.plus_ms(DAY_MS)) {
            checks.wrong("/placed_at", "out_of_range", "Enter a moment between 1970 and now.");
        }
        let mut line = |pointer: &str, text: &str| checks.keep(pointer, one_line(text)).unwrap_or_default();
        let (channel, phone) = (line("/channel", &self.channel), line("/phone", &self.phone));
        let (discount_code, shipping_method) =
            (line("/discount_code", &self.discount_code), line("/shipping_method", &self.shipping_method));
        let source_name = line("/source_name", &self.source_name);
        let mail = match self.email.as_deref().map(str::trim) {
            None | Some("") => None,
            // A damaged address in an old shop's file is data; it is kept and warned of by the import.
            Some(text) if self.is_import => Some(email::as_written(text)).filter(|kept| !kept.is_empty()),
            Some(text) => checks.keep("/email", email::parse(text)),
        };
        let mut address = |given: &Option<Address>, pointer: &str| {
            given.as_ref().map(|a| checked_address(a, pointer, &mut checks)).filter(|a| !a.is_empty())
        };
        let billing = address(&self.billing, "/billing");
        let shipping_address = address(&self.shipping_address, "/shipping_address");
        let note = checks.keep("/note", many_lines(&self.note)).unwrap_or_default();
        let tags = checks.keep("/tags", tags(&self.tags)).unwrap_or_default();
        let metadata = checks.keep("/metadata", metadata(&self.metadata)).unwrap_or_default();
        checks.finish()?;

        let Totals { subtotal, tax, computed, total } = self.totals(&lines)?;
        Ok(Order {
            id,
            number: 0,
            version: self.life.map_or(1, |life| life.version.max(1)),
            placed_at: self.placed_at.unwrap_or(now),
            placed_offset_min: self.placed_offset_min,
            created_at: self.life.map_or(now, |life| life.created_at.min(now)),
            updated_at: self.life.map_or(now, |life| life.updated_at.min(now)),
            channel,
            source: self.source.clone(),
            source_name,
            customer: None,
            email: mail,
            phone,
            currency: self.currency,
            lines,
            billing,
            shipping_address,
            subtotal,
            discount: self.discount,
            discount_code,
            shipping: self.shipping,
            shipping_method,
            tax,
            tax_included: self.tax_included,
            adjustment: sum([total, computed.checked_neg().unwrap_or(0)])?,
            total,
            refunded: self.refunded_of(total),
            status: self.status,
            payment: self.payment,
            fulfilment: self.fulfilment,
            hold: self.hold.clone(),
            cancelled: self.cancelled.clone().map(|(at, reason, note)| Cancelled {
                at: at.unwrap_or(self.placed_at.unwrap_or(now)),
                reason,
                note,
                payment_before: self.payment_before.unwrap_or_else(|| before_voided(self.payment)),
                status_before: self.status_before,
                made: None,
            }),
            payments: self.payments.clone(),
            parcels: self.parcels.clone(),
            note,
            tags,
            metadata,
            staff_notes: self.staff_notes.clone(),
            fulfilment_before: self.fulfilment_before,
            refunds: self.known_refunds(),
            confirmed_at: self.confirmed_at,
            imported: None,
        })
    }

    /// The refunds that a file names, where they are a part of what it says went back.
    fn known_refunds(&self) -> Vec<RefundNote> {
        let named = self.refunds.iter().fold(0_i64, |sum, refund| sum.saturating_add(refund.amount));
        let are_whole = self.refunds.iter().all(|refund| refund.amount > 0) && named <= self.refunded;
        if are_whole { self.refunds.clone() } else { Vec::new() }
    }

    /// What was given back: shops that say "refunded" and no sum mean all of it.
    fn refunded_of(&self, total: i64) -> i64 {
        if self.is_import && self.payment == Payment::Refunded && self.refunded == 0 {
            total
        } else {
            self.refunded
        }
    }

    /// What it comes to: as stated, else computed.
    ///
    /// # Errors
    /// `amount_too_large`.
    pub fn total(&self) -> Result<i64> {
        if let Some(total) = self.stated_total {
            return Ok(total);
        }
        let mut goods = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            goods.push(line.stated_total.map_or_else(|| line.computed(self.currency), Ok)?);
        }
        let tax = self.tax.map_or_else(|| sum(self.lines.iter().map(|l| l.tax)), Ok)?;
        total_of(sum(goods)?, self.discount, self.shipping, tax, self.tax_included)
    }

    fn checked_lines(&self, checks: &mut Checks) -> Vec<Line> {
        let most = if self.is_import { LINES_IMPORT_MAX } else { LINES_MAX };
        if self.lines.is_empty() && !self.is_import {
            checks.wrong("/lines", "lines_missing", "An order needs at least one line.");
        }
        if self.lines.len() > most {
            checks.wrong("/lines", "too_many_lines", format!("An order has at most {most} lines."));
            return Vec::new();
        }
        self.lines.iter().enumerate().map(|(i, l)| self.checked_line(i, l, checks)).collect()
    }

    fn checked_line(&self, index: usize, given: &NewLine, checks: &mut Checks) -> Line {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let least = if self.is_import { -QUANTITY_MAX } else { 1 };
        let is_possible = (least..=QUANTITY_MAX).contains(&given.quantity);
        if !is_possible {
            checks.wrong(
                at("quantity"),
                "invalid_quantity",
                format!("Enter a quantity from {least} to {QUANTITY_MAX}."),
            );
        }
        if given.unit_price.0 < 0 && !self.is_import {
            checks.wrong(at("unit_price"), "invalid_amount", "Enter a price that is not negative.");
        }
        for (field, amount) in [("discount", given.discount), ("tax", given.tax)] {
            if amount < 0 && !self.is_import {
                checks.wrong(at(field), "invalid_amount", format!("Enter a {field} that is not negative."));
            }
        }
        let mut text =
            |field: &str, value: &str| checks.keep_at(|| at(field), one_line(value)).unwrap_or_default();
        let mut line = Line {
            sku: text("sku", &given.sku),
            barcode: text("barcode", &given.barcode),
            title: text("title", &given.title),
            category: text("category", &given.category),
            size: text("size", &given.size),
            colour: text("colour", &given.colour),
            vendor: text("vendor", &given.vendor),
            quantity: given.quantity,
            unit_price: given.unit_price,
            discount: given.discount,
            tax: given.tax,
            total: 0,
        };
        // One that is too long is said already.
        let is_nameless = is_blank(&given.title) && is_blank(&given.sku);
        if is_nameless && !self.is_import {
            checks.wrong(at("title"), "title_missing", "Enter a title or a SKU.");
        }
        let computed = given.computed(self.currency);
        checks.keep_at(|| at("discount"), possible_amount(given.discount));
        checks.keep_at(|| at("tax"), possible_amount(given.tax));
        line.total = match given.stated_total {
            Some(total) => total,
            None => checks.keep_at(|| at("unit_price"), computed).unwrap_or_default(),
        };
        checks.keep_at(|| at("unit_price"), possible_amount(line.total));
        // What an impossible quantity or price comes to says nothing about the discount.
        let is_judged = is_possible && given.unit_price.0 >= 0 && given.discount >= 0;
        if line.total < 0 && is_judged && given.stated_total.is_none() && !self.is_import {
            checks.wrong(at("discount"), "discount_too_large", "The discount is larger than the line.");
        }
        line
    }

    /// What the lines come to, and the order with them.
    fn totals(&self, lines: &[Line]) -> Result<Totals> {
        let subtotal = sum(lines.iter().map(|l| l.total))?;
        let of_lines = sum(lines.iter().map(|l| l.tax))?;
        let tax = self.tax.unwrap_or(of_lines);
        // Rounded piece by piece it may be some cents more, and a discount of the whole order lowers it.
        let rounding = lines.iter().fold(0_i64, |pieces, line| pieces.saturating_add(line.quantity));
        if tax.saturating_add(rounding) < of_lines && self.discount == 0 && !self.is_import {
            let text = "The tax of an order is that of its lines and of shipping together: it cannot be less than theirs. \
                        Leave it out where it is the sum.";
            return Err(Error::invalid("tax_below_lines", text).on("/tax"));
        }
        let computed = total_of(subtotal, self.discount, self.shipping, tax, self.tax_included)?;
        let total = possible_amount(self.stated_total.unwrap_or(computed)).map_err(|e| e.on("/lines"))?;
        possible_amount(subtotal).map_err(|e| e.on("/lines"))?;
        possible_amount(tax).map_err(|e| e.on("/tax"))?;
        if self.tax_included && total >= 0 && tax > total && !self.is_import {
            let text = "Included tax is a part of the total and cannot be more than it.";
            return Err(Error::invalid("tax_too_large", text).on("/tax"));
        }
        if total < 0 && !self.is_import {
            return Err(
                Error::invalid("total_negative", "The discount is larger than the order.").on("/discount")
            );
        }
        Ok(Totals { subtotal, tax, computed, total })
    }

    fn check_amounts(&self, checks: &mut Checks) {
        for (pointer, amount) in [
            ("/discount", self.discount),
            ("/shipping", self.shipping),
            ("/tax", self.tax.unwrap_or(0)),
            ("/refunded", self.refunded),
        ] {
            checks.keep(pointer, possible_amount(amount));
            // What other shops write of discounts and shipping is data; that money went back is written one way here.
            if amount < 0 && (!self.is_import || pointer == "/refunded") {
                checks.wrong(pointer, "invalid_amount", "Enter an amount that is not negative.");
            }
        }
        for (index, payment) in self.payments.iter().enumerate() {
            let pointer = format!("/payments/{index}/amount");
            checks.keep(&pointer, possible_amount(payment.amount));
            if payment.amount < 0 {
                checks.wrong(&pointer, "invalid_amount", "Enter an amount that is not negative.");
            }
        }
    }
}

/// Sums of an order in minor units.
struct Totals {
    subtotal: i64,
    tax: i64,
    /// Of lines, discount, shipping and tax.
    computed: i64,
    /// Stated by a trusted source, or computed.
    total: i64,
}

/// What a payment that was voided with the order may have been.
fn before_voided(payment: Payment) -> Payment {
    if payment == Payment::Voided { Payment::Unpaid } else { payment }
}

/// A credit note as the import hands it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCreditNote {
    /// The id it has in a file of ours: taken where it is free.
    pub wished_id: Option<CreditNoteId>,
    pub number: String,
    pub source: Option<ExternalRef>,
    pub issued_at: Timestamp,
    /// Now, if `None`.
    pub created_at: Option<Timestamp>,
    pub customer: NewOrderCustomer,
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// Positive: credited to the customer.
    pub total: i64,
    pub kind: CreditKind,
    pub country: String,
    pub given: Given,
}

impl NewCreditNote {
    /// The record it becomes.
    pub fn record(&self, id: CreditNoteId, customer: Option<CustomerId>, now: Timestamp) -> CreditNote {
        CreditNote {
            id,
            number: self.number.clone(),
            version: 1,
            issued_at: self.issued_at,
            created_at: self.created_at.map_or(now, |at| at.min(now)),
            source: self.source.clone(),
            customer,
            currency: self.currency,
            lines: self.lines.clone(),
            total: self.total,
            kind: self.kind,
            country: self.country.clone(),
            imported: None,
        }
    }
    /// The refusal of a note whose number another one has.
    pub fn differs(&self, issued_at: Timestamp) -> Error {
        Error::conflict(
            "other_credit_note",
            format!(
                "Another credit note from this source has the number {}: it was issued {issued_at}, this one {}. If the files come from two shops, give this one a name of its own (--source-name, or “Shop name” on the page).",
                self.number, self.issued_at
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id;
    use proptest::prelude::*;

    fn line(quantity: i64, minor: i64) -> NewLine {
        NewLine {
            title: "Mug".into(),
            quantity,
            unit_price: Price::from_minor(minor, Currency::EUR).unwrap(),
            ..NewLine::default()
        }
    }
    fn checked(new: &NewOrder) -> Result<Order> {
        new.checked(OrderId::from_bytes([1; 16]), Timestamp(0))
    }

    #[test]
    fn an_outside_id_is_whole_and_the_moment_is_not_of_another_year() {
        let now = Timestamp(1_790_000_000_000);
        let refused = |new: NewOrder| {
            let error = new.checked(OrderId::from_bytes([1; 16]), now).unwrap_err();
            error.fields.iter().map(|field| field.pointer.clone()).collect::<Vec<_>>()
        };
        let order = || NewOrder { lines: vec![line(1, 100)], ..NewOrder::new(Currency::EUR) };
        let source = |source: &str, id: &str| Some(ExternalRef { source: source.into(), id: id.into() });
        assert_eq!(refused(NewOrder { source: source("", ""), ..order() }), ["/source/source", "/source/id"]);
        assert_eq!(refused(NewOrder { source: source("shop", " "), ..order() }), ["/source/id"]);
        for at in [-1, now.0 + 2 * DAY_MS] {
            assert_eq!(refused(NewOrder { placed_at: Some(Timestamp(at)), ..order() }), ["/placed_at"]);
        }
        let taxed = NewOrder { tax: Some(101), ..order() }.checked(OrderId::from_bytes([1; 16]), now);
        assert_eq!(taxed.unwrap_err().code, "tax_too_large");
    }

    #[test]
    fn a_negative_price_says_nothing_about_the_discount() {
        let refused = |line: NewLine| {
            let new = NewOrder { lines: vec![line], ..NewOrder::new(Currency::EUR) };
            checked(&new).unwrap_err().fields.into_iter().map(|f| f.pointer).collect::<Vec<_>>()
        };
        assert_eq!(refused(line(1, -100)), ["/lines/0/unit_price"]);
        assert_eq!(refused(NewLine { discount: -1, ..line(1, 100) }), ["/lines/0/discount"]);
        assert_eq!(refused(NewLine { discount: 101, ..line(1, 100) }), ["/lines/0/discount"]);
    }

    #[test]
    fn an_order_adds_up() {
        let new = NewOrder {
            lines: vec![line(2, 1999), NewLine { discount: 100, ..line(1, 500) }],
            shipping: 490,
            discount: 300,
            ..NewOrder::new(Currency::EUR)
        };
        let order = checked(&new).unwrap();
        assert_eq!((order.subtotal, order.total, order.items()), (4398, 4588, 3));
        assert!(order.adds_up());
    }

    #[test]
    fn nonsense_is_refused_with_the_field() {
        for (new, pointer) in [
            (NewOrder::new(Currency::EUR), "/lines"),
            (NewOrder { lines: vec![line(0, 1)], ..NewOrder::new(Currency::EUR) }, "/lines/0/quantity"),
            (
                NewOrder { lines: vec![line(i64::MIN, 1)], ..NewOrder::new(Currency::EUR) },
                "/lines/0/quantity",
            ),
            (
                NewOrder {
                    lines: vec![NewLine { discount: 2, ..line(1, 1) }],
                    ..NewOrder::new(Currency::EUR)
                },
                "/lines/0/discount",
            ),
            (NewOrder { lines: vec![line(1, 1)], discount: 2, ..NewOrder::new(Currency::EUR) }, "/discount"),
            (NewOrder { lines: vec![line(1, 1); 201], ..NewOrder::new(Currency::EUR) }, "/lines"),
        ] {
            assert_eq!(checked(&new).unwrap_err().fields[0].pointer, pointer);
        }
    }

    proptest! {
        #[test]
        fn totals_equal_a_model_or_are_refused(
            lines in prop::collection::vec((any::<i64>(), 0..i64::MAX / 100, any::<i64>()), 1..20),
            shipping: i64, discount: i64,
        ) {
            let new = NewOrder {
                lines: lines.iter().map(|(q, p, d)| NewLine {
                    quantity: *q, unit_price: Price(p - p % 100), discount: *d, title: "x".into(), ..NewLine::default()
                }).collect(),
                shipping, discount, ..NewOrder::new(Currency::EUR)
            };
            if let Ok(order) = checked(&new) {
                let model: i128 = lines.iter().map(|(q, p, d)| i128::from(*q) * i128::from(p / 100) - i128::from(*d)).sum::<i128>()
                    + i128::from(shipping) - i128::from(discount);
                prop_assert_eq!(i128::from(order.total), model);
                prop_assert!(order.adds_up());
            }
        }
    }
}
