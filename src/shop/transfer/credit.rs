//! Credit notes and adjustments from documents whose numbers say that they are one.

use crate::base::money::{Currency, Price};
use crate::shop::customers::ExternalRef;
use crate::shop::orders::{CreditKind, Line, NewCreditNote, NewLine, NewOrderCustomer};
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::fields::{BILLING, Field, SHIPPING};
use crate::shop::transfer::lines::MadeLine;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::outcome::Item;
use rust_decimal::Decimal;

impl Maker<'_> {
    /// The credit note of a group whose lines are negative pieces, or prices below zero.
    ///
    /// # Errors
    /// `date_missing`, `invalid_date`.
    pub fn credit_note(
        &mut self,
        key: &str,
        views: &[View<'_>],
        currency: Currency,
        lines: Vec<MadeLine>,
        kind: CreditKind,
    ) -> Result<Item, Fault> {
        let person = self.order_person(views)?;
        let issued = self.placed_at(views)?;
        let Some(issued) = issued else {
            let view = views.first().copied();
            let reason = "A credit note needs the date it was issued on.";
            return Err(
                view.map_or_else(Fault::default, |v| v.fault(Field::PlacedAt, "date_missing", reason))
            );
        };
        let country = self.address(views, &SHIPPING).or_else(|| self.address(views, &BILLING));
        self.count_customer(person.as_ref());
        let exact: Decimal = lines.iter().map(|l| -l.exact_total).sum();
        let lines: Vec<Line> = lines.into_iter().map(credited).collect();
        let total = lines.iter().fold(0_i64, |sum, l| sum.saturating_add(l.total));
        let sums = self.tallies.sums.entry(currency).or_default();
        match kind {
            CreditKind::Credit => {
                sums.credited.add(exact, total);
                self.tallies.credit_notes += 1;
            }
            CreditKind::Adjustment => {
                sums.adjusted.add(exact, total);
                self.tallies.adjustments += 1;
            }
        }
        self.tallies.lines += lines.len() as u64;
        Ok(Item::CreditNote(Box::new(NewCreditNote {
            wished_id: None,
            created_at: None,
            number: key.to_owned(),
            source: Some(ExternalRef { source: self.mapping.source.clone(), id: key.to_owned() }),
            issued_at: issued.at,
            customer: person.map_or(NewOrderCustomer::Guest, |p| NewOrderCustomer::Described(Box::new(p))),
            currency,
            lines,
            total,
            kind,
            country: country.map(|a| a.country).unwrap_or_default(),
            given: self.given(views, Some(issued), |zone| vec![issued.at.local_ms(zone)]),
        })))
    }
}

/// A line of a credit note: pieces that came back, with the price that makes the credit.
fn credited(made: MadeLine) -> Line {
    let MadeLine { line, total, .. } = made;
    let NewLine {
        sku,
        barcode,
        title,
        category,
        size,
        colour,
        vendor,
        quantity,
        unit_price,
        discount,
        tax,
        ..
    } = line;
    let price = if quantity < 0 { unit_price } else { Price(unit_price.0.saturating_neg()) };
    Line {
        sku,
        barcode,
        title,
        category,
        size,
        colour,
        quantity: quantity.saturating_abs(),
        unit_price: price,
        discount,
        tax: tax.saturating_neg(),
        total: total.saturating_neg(),
        vendor,
    }
}
