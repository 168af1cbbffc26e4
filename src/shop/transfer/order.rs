//! Orders and credit notes from the rows that belong together.

use crate::base::money::{Currency, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{ExternalRef, NewCustomer};
use crate::shop::orders::{
    CancelReason, CreditKind, Fulfilment, Line, NewCreditNote, NewLine, NewOrder, NewOrderCustomer, OrderId,
    Parcel, Payment, PaymentNote, Status,
};
use crate::shop::transfer::amounts::{Amount, Amounts};
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::date::Moment;
use crate::shop::transfer::fields::{BILLING, Field, SHIPPING};
use crate::shop::transfer::lines::MadeLine;
use crate::shop::transfer::maker::{Extras, Maker, first};
use crate::shop::transfer::outcome::Item;
use crate::shop::transfer::words::Meaning;
use rust_decimal::Decimal;

const UNKNOWN_WORD: (&str, &str) = ("unknown_status", "This status is unknown here. It is kept as metadata.");
const NO_DATE: (&str, &str) =
    ("order_without_date", "The file does not say when the order was placed. It is taken as placed now.");
const OUTSTANDING: (&str, &str) =
    ("paid_but_outstanding", "The order is marked paid although an amount is outstanding.");

/// Rows of the order's own file, and of the files of lines and payments.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    pub rows: &'a [View<'a>],
    pub lines: &'a [View<'a>],
    pub payments: &'a [View<'a>],
}

/// An order being made: what several steps need.
struct Draft {
    meaning: Meaning,
    extras: Extras,
    held: Option<String>,
}

impl Maker<'_> {
    /// The order or credit note of a group; `None` when it is none, such as a cart.
    ///
    /// # Errors
    /// The cell that refuses the whole group.
    pub fn order(&mut self, key: &str, group: Group<'_>) -> Result<Option<Item>, Fault> {
        let mut draft = Draft { meaning: Meaning::default(), extras: Extras::default(), held: None };
        self.read_words(group.rows, &mut draft);
        if draft.meaning.is_skipped {
            self.tallies.skipped += 1;
            return Ok(None);
        }
        let currency = self.currency(group.rows)?;
        let mut lines = Vec::new();
        for view in group.lines {
            lines.extend(self.make_line(view, currency)?);
        }
        self.column_lines(group.rows, currency, &mut lines)?;
        let begins = |prefix: &Option<String>| prefix.as_ref().is_some_and(|p| key.starts_with(p.as_str()));
        if begins(&self.mapping.rules.credit_prefix) {
            return self.credit_note(key, group.rows, currency, lines, CreditKind::Credit).map(Some);
        }
        if begins(&self.mapping.rules.adjustment_prefix) {
            return self.credit_note(key, group.rows, currency, lines, CreditKind::Adjustment).map(Some);
        }
        self.plain_order(key, group, currency, lines, draft).map(|o| Some(Item::Order(Box::new(o))))
    }

    fn plain_order(
        &mut self,
        key: &str,
        group: Group<'_>,
        currency: Currency,
        lines: Vec<MadeLine>,
        mut draft: Draft,
    ) -> Result<NewOrder, Fault> {
        let views = group.rows;
        let mut amounts = self.amounts(views, &lines, currency)?;
        let mut payments = self.payments(group.payments, currency)?;
        if self.mapping.rules.total_from_payments && lines.is_empty() && !payments.is_empty() {
            let minor = payments.iter().fold(0, |sum: i64, p| sum.saturating_add(p.amount));
            amounts.stated_total = Some(Amount { exact: Decimal::new(minor, currency.exponent()), minor });
        }
        let placed = self.placed_at(views)?;
        if let (None, Some(view)) = (placed, views.first()) {
            self.warn(NO_DATE, view, Field::PlacedAt, key);
        }
        let person = self.order_person(views)?;
        let mut order = NewOrder {
            placed_at: placed.map(|m| m.at),
            placed_offset_min: placed.and_then(|m| m.offset_min),
            email: self.order_email(views).map(|e| e.chars().filter(|c| !c.is_control()).take(254).collect()),
            phone: self.first_line(views, Field::OrderPhone),
            billing: self.address(views, &BILLING),
            shipping_address: self.address(views, &SHIPPING),
            discount: amounts.discount.minor,
            discount_code: self.first_line(views, Field::DiscountCode),
            shipping: amounts.shipping.minor,
            shipping_method: self.first_line(views, Field::ShippingMethod),
            tax: amounts.has_tax.then_some(amounts.tax.minor),
            tax_included: amounts.is_tax_included,
            stated_total: amounts.stated_total.map(|a| a.minor),
            refunded: amounts.refunded.minor,
            note: self.note(views, Field::OrderNote),
            tags: self.tags(views, Field::OrderTags),
            lines: lines.iter().map(|l| l.line.clone()).collect(),
            is_import: true,
            ..NewOrder::new(currency)
        };
        self.name(&mut order, key, views)?;
        self.state(&mut order, &amounts, views, &draft, &mut payments)?;
        if let (Some(subtotal), Some(view)) = (amounts.lone_subtotal, views.first()) {
            self.keep(&mut draft.extras, "subtotal", &subtotal.exact.normalize().to_string(), view);
        }
        self.attributes(&mut draft.extras, views);
        self.keep_columns(&mut draft.extras, views);
        order.metadata = draft.extras.0;
        order.payments = payments;
        self.count_customer(person.as_ref());
        order.customer = person.map_or(NewOrderCustomer::Guest, |p| NewOrderCustomer::Described(Box::new(p)));
        self.check(&order, group)?;
        self.sum_up(&order, &amounts, lines.len() as u64);
        Ok(order)
    }

    /// Source, number and channel.
    fn name(&mut self, order: &mut NewOrder, key: &str, views: &[View<'_>]) -> Result<(), Fault> {
        let shown = key.split('\u{1f}').next().unwrap_or(key);
        let id = self.first_line(views, Field::OrderId);
        let id = if id.is_empty() { shown.to_owned() } else { cell::without_float_tail(&id).to_owned() };
        order.source = Some(ExternalRef { source: self.mapping.source.clone(), id });
        order.wished_number = number_in(&self.first_line(views, Field::OrderNumber));
        if order.wished_number.is_none_or(|n| n.to_string() != shown) {
            order.source_name = cell::one_line(shown, crate::shop::customers::TEXT_LEN_MAX).0;
        }
        order.channel = self.first_line(views, Field::Channel);
        if order.channel.is_empty() {
            order.channel.clone_from(&self.mapping.constants.channel);
        }
        match (&order.source, views.first()) {
            (Some(source), Some(view)) if source.id.is_empty() => Err(view.fault(
                Field::OrderKey,
                "key_missing",
                "The row does not say which order it belongs to.",
            )),
            _ => Ok(()),
        }
    }

    fn currency(&mut self, views: &[View<'_>]) -> Result<Currency, Fault> {
        let Some(view) = first(views, Field::OrderCurrency) else {
            let known = self.mapping.constants.currency.or(self.options.currency);
            return known.ok_or_else(|| {
                let view = views.first();
                Fault {
                    line: view.map_or(0, View::line),
                    column: String::new(),
                    value: String::new(),
                    code: "currency_missing",
                    reason: "The file names no currency. Say which one its amounts are in.".into(),
                }
            });
        };
        Currency::parse(&view.text(Field::OrderCurrency))
            .map_err(|e| view.fault(Field::OrderCurrency, e.code, &e.message))
    }

    /// The earliest moment the rows name.
    fn placed_at(&mut self, views: &[View<'_>]) -> Result<Option<Moment>, Fault> {
        let mut earliest: Option<Moment> = None;
        let mut last = String::new();
        for view in views.iter().filter(|v| v.has(Field::PlacedAt)) {
            let text = view.text(Field::PlacedAt);
            if text == last.as_str() || text.is_empty() {
                continue;
            }
            let moment = view.date(Field::PlacedAt, &self.options.zone)?;
            earliest = match (earliest, moment) {
                (Some(a), Some(b)) if b.at < a.at => Some(b),
                (None, b) => b,
                (a, _) => a,
            };
            text.as_ref().clone_into(&mut last);
        }
        Ok(earliest)
    }

    fn order_email(&mut self, views: &[View<'_>]) -> Option<String> {
        let view = first(views, Field::OrderEmail).map(|v| (v, Field::OrderEmail));
        let (view, field) =
            view.or_else(|| first(views, Field::CustomerEmail).map(|v| (v, Field::CustomerEmail)))?;
        Some(view.text(field).into_owned())
    }

    fn order_person(&mut self, views: &[View<'_>]) -> Result<Option<NewCustomer>, Fault> {
        let address = self.order_email(views).unwrap_or_default();
        self.person(views, &address)
    }

    /// What the three status columns say, one after another.
    fn read_words(&mut self, views: &[View<'_>], draft: &mut Draft) {
        for (kind, field) in [
            ("status", Field::OrderStatus),
            ("payment", Field::OrderPayment),
            ("fulfilment", Field::OrderFulfilment),
        ] {
            let Some(any) = views.first().filter(|v| v.has(field)).copied() else { continue };
            let view = first(views, field).unwrap_or(any);
            let word = view.text(field);
            match self.mapping.meaning(kind, &word) {
                Some(meaning) => {
                    draft.meaning.then(meaning);
                    if meaning.is_hold {
                        draft.held = Some(cell::one_line(&word, 200).0);
                    }
                }
                None if word.is_empty() => {}
                None => {
                    self.warn(UNKNOWN_WORD, &view, field, &word);
                    self.keep(&mut draft.extras, field.name(), &word, &view);
                }
            }
        }
    }

    /// The three axes, with the payments and parcels that go with them.
    fn state(
        &mut self,
        order: &mut NewOrder,
        amounts: &Amounts,
        views: &[View<'_>],
        draft: &Draft,
        payments: &mut Vec<PaymentNote>,
    ) -> Result<(), Fault> {
        let total = amounts.total().minor;
        let (said, usual) = (draft.meaning, self.mapping.state);
        let paid_at = self.moment(views, Field::PaidAt)?;
        let shipped_at = self.moment(views, Field::ShippedAt)?;
        let knows = |field: Field| views.first().is_some_and(|v| v.has(field));
        let from_date = |is_there: bool| if is_there { Payment::Paid } else { Payment::Unpaid };
        order.payment = said
            .payment
            .or_else(|| paid_by(payments, total))
            .or_else(|| knows(Field::PaidAt).then(|| from_date(paid_at.is_some())))
            .or(usual.payment)
            .unwrap_or(Payment::Unpaid);
        if amounts.refunded.minor > 0 && matches!(order.payment, Payment::Paid | Payment::PartRefunded) {
            order.payment =
                if amounts.refunded.minor >= total { Payment::Refunded } else { Payment::PartRefunded };
        }
        let sent = |is_there: bool| if is_there { Fulfilment::Fulfilled } else { Fulfilment::Unfulfilled };
        order.fulfilment = said
            .fulfilment
            .or_else(|| knows(Field::ShippedAt).then(|| sent(shipped_at.is_some())))
            .or(usual.fulfilment)
            .unwrap_or(Fulfilment::Unfulfilled);
        let is_settled = matches!(order.payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded)
            && !matches!(order.fulfilment, Fulfilment::Unfulfilled | Fulfilment::Part);
        let settled = if is_settled { Status::Completed } else { Status::Open };
        order.status = said.status.or(usual.status).unwrap_or(settled);
        let cancelled_at = self.moment(views, Field::CancelledAt)?;
        if cancelled_at.is_some() || order.payment == Payment::Voided {
            order.status = Status::Cancelled;
        }
        if order.status == Status::Cancelled {
            let word = self.first_line(views, Field::CancelReason);
            let reason = said.reason.or_else(|| cancel_reason(&word)).unwrap_or(CancelReason::Other);
            order.cancelled = Some((cancelled_at.or(order.placed_at), reason, word));
        }
        if order.status == Status::Open {
            order.hold.clone_from(&draft.held);
        }
        self.parcel(order, views)?;
        self.payment_note(order, amounts, views, payments)
    }

    fn moment(&mut self, views: &[View<'_>], field: Field) -> Result<Option<Timestamp>, Fault> {
        let Some(view) = first(views, field) else { return Ok(None) };
        Ok(view.date(field, &self.options.zone)?.map(|m| m.at))
    }

    fn parcel(&mut self, order: &mut NewOrder, views: &[View<'_>]) -> Result<(), Fault> {
        let shipped_at = self.moment(views, Field::ShippedAt)?;
        let (carrier, tracking) =
            (self.first_line(views, Field::Carrier), self.first_line(views, Field::Tracking));
        if shipped_at.is_some() || !tracking.is_empty() {
            order.parcels.push(Parcel { carrier, tracking, shipped_at, by_step: false });
        }
        Ok(())
    }

    /// The one payment that columns of the order tell of.
    fn payment_note(
        &mut self,
        order: &mut NewOrder,
        amounts: &Amounts,
        views: &[View<'_>],
        payments: &mut Vec<PaymentNote>,
    ) -> Result<(), Fault> {
        let total = amounts.total().minor;
        let outstanding = amounts.outstanding.unwrap_or_default();
        if let (Payment::Paid, 1.., Some(view)) =
            (order.payment, outstanding.minor, first(views, Field::OrderOutstanding))
        {
            self.warn(OUTSTANDING, &view, Field::OrderOutstanding, &view.text(Field::OrderOutstanding));
        }
        let at = self.moment(views, Field::PaidAt)?;
        let method = self.first_line(views, Field::PaymentMethod);
        let reference = self.first_line(views, Field::PaymentReference);
        let amount = match order.payment {
            Payment::Paid | Payment::PartRefunded | Payment::Refunded => total,
            Payment::PartPaid if amounts.outstanding.is_some() => total.saturating_sub(outstanding.minor),
            _ => 0,
        };
        let is_told = at.is_some() || !method.is_empty() || !reference.is_empty();
        if payments.is_empty() && is_told {
            payments.push(PaymentNote { method, reference, amount, at, instalments: 1, by_step: false });
        }
        Ok(())
    }

    fn payments(&mut self, views: &[View<'_>], currency: Currency) -> Result<Vec<PaymentNote>, Fault> {
        let mut payments = Vec::new();
        for view in views {
            let exact = view.number(Field::PayAmount)?.unwrap_or_default();
            let amount = crate::base::money::to_minor(exact, currency)
                .map_err(|e| view.fault(Field::PayAmount, e.code, &e.message))?;
            let instalments =
                view.number(Field::PayInstalments)?.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
            payments.push(PaymentNote {
                method: self.line(view, Field::PayMethod),
                reference: self.line(view, Field::PayReference),
                amount,
                at: view.date(Field::PayAt, &self.options.zone)?.map(|m| m.at),
                instalments,
                by_step: false,
            });
        }
        Ok(payments)
    }

    /// Shopify's note attributes: a line each, `key: value`.
    fn attributes(&mut self, extras: &mut Extras, views: &[View<'_>]) {
        let Some(view) = first(views, Field::OrderAttributes) else { return };
        let text = view.text(Field::OrderAttributes);
        for (number, line) in text.lines().enumerate() {
            match line.split_once(':') {
                Some((name, value)) => self.keep(extras, name.trim(), value.trim(), &view),
                None => self.keep(extras, &format!("attribute {}", number + 1), line.trim(), &view),
            }
        }
    }

    fn check(&self, order: &NewOrder, group: Group<'_>) -> Result<(), Fault> {
        self.check_order(order).map_err(|(line, fault)| {
            let view = line.and_then(|i| group.lines.get(i)).or(group.rows.first());
            Fault { line: view.map_or(0, View::line), ..fault }
        })
    }

    /// The rules of orders, now, so that the run that writes has nothing to refuse.
    ///
    /// # Errors
    /// The place of the line at fault, when it is one, and what is wrong.
    pub fn check_order(&self, order: &NewOrder) -> Result<(), (Option<usize>, Fault)> {
        use crate::base::id::Id;
        let Err(error) = order.checked(OrderId::from_bytes([0; 16]), 1, None, Timestamp(0)) else {
            return Ok(());
        };
        let fault = Fault::of(&error);
        let place = fault
            .column
            .strip_prefix("lines/")
            .and_then(|r| r.split('/').next())
            .and_then(|i| i.parse().ok());
        Err((place, fault))
    }

    /// Counts an order that is handed out.
    pub fn sum_up(&mut self, order: &NewOrder, amounts: &Amounts, lines: u64) {
        self.tallies.orders += 1;
        self.tallies.lines += lines;
        let sums = self.tallies.sums.entry(order.currency).or_default();
        let paid = order.payments.iter().fold(0_i64, |sum, p| sum.saturating_add(p.amount));
        for (sum, amount) in [
            (&mut sums.goods, amounts.goods),
            (&mut sums.discount, amounts.discount),
            (&mut sums.shipping, amounts.shipping),
            (&mut sums.tax, amounts.tax),
            (&mut sums.total, amounts.total()),
            (&mut sums.refunded, amounts.refunded),
        ] {
            sum.add(amount.exact, amount.minor);
        }
        sums.paid.add(Decimal::new(paid, order.currency.exponent()), paid);
    }

    fn credit_note(
        &mut self,
        key: &str,
        views: &[View<'_>],
        currency: Currency,
        lines: Vec<MadeLine>,
        kind: CreditKind,
    ) -> Result<Item, Fault> {
        let person = self.order_person(views)?;
        let issued = self.placed_at(views)?;
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
            number: key.to_owned(),
            source: Some(ExternalRef { source: self.mapping.source.clone(), id: key.to_owned() }),
            issued_at: issued.map_or(Timestamp(0), |m| m.at),
            customer: person.map_or(NewOrderCustomer::Guest, |p| NewOrderCustomer::Described(Box::new(p))),
            currency,
            lines,
            total,
            kind,
            country: country.map(|a| a.country).unwrap_or_default(),
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

/// What the payments that are known of make of an order; `None` without any.
fn paid_by(payments: &[PaymentNote], total: i64) -> Option<Payment> {
    let paid = payments.iter().fold(0_i64, |sum, p| sum.saturating_add(p.amount));
    match payments {
        [] => None,
        _ if paid >= total => Some(Payment::Paid),
        _ => Some(Payment::PartPaid),
    }
}

/// The only run of digits in `#1001` or `SO-1001-A`.
fn number_in(text: &str) -> Option<u64> {
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|r| !r.is_empty()).collect();
    match runs.as_slice() {
        [one] if one.len() <= 12 => one.parse().ok(),
        _ => None,
    }
}

fn cancel_reason(word: &str) -> Option<CancelReason> {
    match word.to_ascii_lowercase().as_str() {
        "customer" => Some(CancelReason::Customer),
        "fraud" | "declined" => Some(CancelReason::Rejected),
        "inventory" => Some(CancelReason::Unavailable),
        _ => None,
    }
}
