//! What stands on the sheet of an order: lines, sums, payments, parcels, addresses, in the words of pages. Pure.

use super::carriers;
use crate::base::money::{Currency, Money, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::Address;
use crate::shop::orders::{Line, Order, Parcel, Payment, PaymentNote};
use crate::web::parts::{Link, Pair, Sum};
use serde::Serialize;

/// How an order was cancelled.
#[derive(Debug, Serialize)]
pub(super) struct Cancellation {
    pub at: Timestamp,
    pub reason: &'static str,
    pub note: String,
}

/// A line of the order.
#[derive(Debug, Serialize)]
pub(super) struct LineRow {
    pub title: String,
    /// Category, size, colour, vendor.
    pub sub: String,
    pub sku: String,
    pub barcode: String,
    pub price: String,
    pub quantity: i64,
    pub discount: Option<Money>,
    /// Absent where prices are not shown.
    pub total: Option<Money>,
}

impl LineRow {
    /// Leaves what is in the parcel.
    pub(super) fn hide_prices(&mut self) {
        self.price.clear();
        (self.discount, self.total) = (None, None);
    }
}

/// A payment that is known of.
#[derive(Debug, Serialize)]
pub(super) struct PaymentRow {
    pub method: String,
    pub reference: String,
    pub amount: Money,
    pub at: Option<Timestamp>,
    pub instalments: u32,
}

/// A parcel that left the house.
#[derive(Debug, Serialize)]
pub(super) struct ParcelRow {
    pub carrier: String,
    pub tracking: String,
    pub link: Option<Link>,
    pub at: Option<Timestamp>,
}

/// A way to reach somebody.
#[derive(Debug, Serialize)]
pub(super) struct Contact {
    pub text: String,
    /// `mailto:` or `tel:`; absent for what a program could misread.
    pub href: Option<String>,
}

pub(super) fn line_row(line: &Line, currency: Currency) -> LineRow {
    let sub: Vec<&str> = [&line.category, &line.size, &line.colour, &line.vendor]
        .into_iter()
        .map(String::as_str)
        .filter(|t| !t.is_empty())
        .collect();
    LineRow {
        title: if line.title.is_empty() { line.sku.clone() } else { line.title.clone() },
        sub: sub.join(" · "),
        sku: line.sku.clone(),
        barcode: line.barcode.clone(),
        price: price(line.unit_price, currency),
        quantity: line.quantity,
        discount: (line.discount != 0).then(|| Money::new(line.discount.saturating_neg(), currency)),
        total: Some(Money::new(line.total, currency)),
    }
}

/// A price of one piece, with as many digits as it has.
fn price(price: Price, currency: Currency) -> String {
    let rounded = price.minor(currency).ok();
    match rounded.filter(|minor| Price::from_minor(*minor, currency).is_ok_and(|p| p == price)) {
        Some(minor) => Money::new(minor, currency).shown(),
        None => format!("{}{}", currency.symbol(), price.decimal().normalize()),
    }
}

/// When, why and with which words it was cancelled.
pub(super) fn cancellation(order: &Order) -> Option<Cancellation> {
    let cancelled = order.cancelled.as_ref()?;
    Some(Cancellation { at: cancelled.at, reason: cancelled.reason.label(), note: cancelled.note.clone() })
}

/// What is said about a tax that the prices contain.
pub(super) fn tax_note(order: &Order) -> Option<String> {
    let is_inside = order.tax_included && order.tax != 0;
    is_inside
        .then(|| format!("{} tax is contained in the total.", Money::new(order.tax, order.currency).shown()))
}

/// What the total is made of, and what of it was paid.
pub(super) fn sums(o: &Order) -> Vec<Sum> {
    let sum = |label: &str, amount: i64| Sum {
        label: label.to_owned(),
        amount: Money::new(amount, o.currency),
        total: false,
    };
    let with = |label: &str, detail: &str| {
        if detail.is_empty() { label.to_owned() } else { format!("{label}, {detail}") }
    };
    let mut rows = vec![sum("Subtotal", o.subtotal)];
    if o.discount != 0 || !o.discount_code.is_empty() {
        rows.push(sum(&with("Discount", &o.discount_code), o.discount.saturating_neg()));
    }
    if o.shipping != 0 || !o.shipping_method.is_empty() {
        rows.push(sum(&with("Shipping", &o.shipping_method), o.shipping));
    }
    if o.tax != 0 && !o.tax_included {
        rows.push(sum("Tax", o.tax));
    }
    if o.adjustment != 0 {
        rows.push(sum("Adjustment of the source", o.adjustment));
    }
    rows.push(Sum { total: true, ..sum("Total", o.total) });
    if !o.payments.is_empty() {
        rows.push(sum("Paid", o.paid()));
    }
    if o.refunded != 0 {
        rows.push(sum("Refunded", o.refunded.saturating_neg()));
    }
    if matches!(o.payment, Payment::Unpaid | Payment::Authorised | Payment::PartPaid) {
        rows.push(Sum { total: true, ..sum("Due", o.due()) });
    }
    rows
}

pub(super) fn payments(o: &Order) -> Vec<PaymentRow> {
    let row = |p: &PaymentNote| PaymentRow {
        method: method(&p.method),
        reference: p.reference.clone(),
        amount: Money::new(p.amount, o.currency),
        at: p.at,
        instalments: p.instalments,
    };
    o.payments.iter().map(row).collect()
}

/// A word of a program, such as `apple_pay`, as people write it; what people wrote stays.
fn method(word: &str) -> String {
    if word.is_empty() || !word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return word.to_owned();
    }
    match word {
        "paypal" => return "PayPal".to_owned(),
        "ideal" => return "iDEAL".to_owned(),
        "sepa" | "blik" | "p24" | "eps" => return word.to_uppercase(),
        _ => {}
    }
    let words = word.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn parcels(o: &Order) -> Vec<ParcelRow> {
    let row = |p: &Parcel| ParcelRow {
        carrier: p.carrier.clone(),
        tracking: p.tracking.clone(),
        link: carriers::link(&p.carrier, &p.tracking),
        at: p.shipped_at,
    };
    o.parcels.iter().map(row).collect()
}

pub(super) fn address(address: Option<&Address>) -> Vec<String> {
    let Some(address) = address else { return Vec::new() };
    let phone = Some(address.phone.clone()).filter(|p| !p.is_empty());
    address.lines().into_iter().chain(phone).collect()
}

pub(super) fn mail(text: &str) -> Contact {
    let is_plain = text.matches('@').count() == 1
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '+'));
    Contact { text: text.to_owned(), href: is_plain.then(|| format!("mailto:{text}")) }
}

pub(super) fn call(text: &str) -> Contact {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plus = if text.trim_start().starts_with('+') { "+" } else { "" };
    Contact { text: text.to_owned(), href: (digits.len() > 3).then(|| format!("tel:{plus}{digits}")) }
}

/// Where it came from.
pub(super) fn facts(o: &Order) -> Vec<Pair> {
    let source = o.source.as_ref();
    [
        ("Channel", o.channel.clone()),
        ("Source", source.map(|s| s.source.clone()).unwrap_or_default()),
        ("Number there", o.source_name.clone()),
        ("Id there", source.map(|s| s.id.clone()).unwrap_or_default()),
        ("Id", o.id.to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(label, value)| Pair { label: label.to_owned(), value })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_payment_are_named_as_people_do() {
        for (word, shown) in
            [("apple_pay", "Apple pay"), ("paypal", "PayPal"), ("Visa **** 1", "Visa **** 1"), ("", "")]
        {
            assert_eq!(method(word), shown);
        }
    }
    use crate::shop::orders::admin::samples;

    #[test]
    fn sums_lead_from_the_lines_to_the_total() {
        let order = samples::order();
        let rows: Vec<_> = sums(&order).into_iter().map(|r| (r.label, r.amount.shown())).collect();
        let text: Vec<String> = rows.iter().map(|(label, amount)| format!("{label} {amount}")).collect();
        assert_eq!(
            text,
            [
                "Subtotal €119.00",
                "Discount, SPRING −€5.90",
                "Shipping, DHL parcel €4.90",
                "Total €118.00",
                "Paid €118.00",
                "Refunded −€12.00",
            ]
        );
    }

    #[test]
    fn what_is_due_shows_while_it_is_due() {
        let order = Order { payment: Payment::Unpaid, payments: Vec::new(), refunded: 0, ..samples::order() };
        assert_eq!(
            sums(&order).last().map(|r| (r.label.clone(), r.amount.amount)),
            Some(("Due".into(), 11_800))
        );
    }

    #[test]
    fn prices_keep_their_digits() {
        assert_eq!(price(Price(590_000), Currency::EUR), "€59.00");
        assert_eq!(price(Price(125), Currency::GBP), "£0.0125");
    }

    #[test]
    fn only_plain_addresses_and_numbers_are_links() {
        assert_eq!(mail("anna@example.com").href.as_deref(), Some("mailto:anna@example.com"));
        assert_eq!(mail("a@b?cc=c@d").href, None);
        assert_eq!(mail("javascript:alert(1)").href, None);
        assert_eq!(call("+49 (30) 123-4567").href.as_deref(), Some("tel:+49301234567"));
        assert_eq!(call("none").href, None);
    }
}
