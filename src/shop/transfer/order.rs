//! Orders from the rows that belong together.

use crate::base::email;
use crate::base::money::Currency;
use crate::base::time::{Timestamp, Zone};
use crate::shop::customers::{ExternalRef, NewCustomer};
use crate::shop::orders::{CreditKind, Given, LONE_SUBTOTAL, NewOrder, NewOrderCustomer, OrderId};
use crate::shop::transfer::amounts::{Amount, Amounts};
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::date::Moment;
use crate::shop::transfer::fields::{BILLING, Field, SHIPPING};
use crate::shop::transfer::keys::name_in;
use crate::shop::transfer::lines::{MadeLine, without_sum};
use crate::shop::transfer::maker::{Extras, Maker, first};
use crate::shop::transfer::outcome::Item;
use crate::shop::transfer::people::{leave_lone_name, name_payer};
use crate::shop::transfer::standing::Draft;
use rust_decimal::Decimal;

/// The code of an order without its moment, which its id begins with and every list is sorted by.
const NO_DATE: &str = "order_without_date";

/// Of an order that no other key tells from its neighbours.
const DAMAGED_KEY: (&str, &str) = (
    "key_damaged",
    "A spreadsheet has destroyed this number, and several orders may have it now. Import the file as it was exported, without a spreadsheet between, or give the column the format of text before it is filled.",
);
const SUM_ROW: (&str, &str) = (
    "row_of_sums",
    "The row names no article and has the pieces and the amount of the other rows of its order together. It was taken as their sum, not as an item.",
);
const NO_KEY: (&str, &str) = ("key_missing", "The row does not say which order it belongs to.");

/// Rows of the order's own file, and of the files of lines and payments.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    pub rows: &'a [View<'a>],
    /// None where they stand in the order's own rows.
    pub lines: Option<&'a [View<'a>]>,
    /// None where there is no file of them.
    pub payments: Option<&'a [View<'a>]>,
}

/// What the rows of one key are.
#[derive(Debug)]
pub enum Made {
    Item(Item),
    /// Nothing to write, such as a cart.
    Nothing,
    /// An order that stands in another place of the files and says the same.
    Again,
}

impl<'a> Group<'a> {
    /// The rows with its lines.
    fn lines(&self) -> &'a [View<'a>] {
        self.lines.unwrap_or(self.rows)
    }
}

impl Maker<'_> {
    /// The order or credit note of a group.
    ///
    /// # Errors
    /// The cell that refuses the whole group.
    pub fn order(&mut self, key: &str, group: Group<'_>) -> Result<Made, Fault> {
        let unfit = if key.is_empty() { Some(NO_KEY) } else { None };
        let unfit = unfit.or_else(|| cell::is_damaged(name_in(key)).then_some(DAMAGED_KEY));
        if let (Some((code, reason)), Some(view)) = (unfit, group.rows.first()) {
            return Err(view.fault(Field::OrderKey, code, reason));
        }
        let rows = self.one_order(group.rows)?;
        let group = Group { rows: &rows, ..group };
        let mut draft = Draft::default();
        self.read_words(group.rows, &mut draft);
        if draft.meaning.is_skipped {
            self.tallies.skipped += 1;
            return Ok(Made::Nothing);
        }
        let id = self.outside_id(key, group.rows);
        if self.stood_before(&id, group.rows)? {
            return Ok(Made::Again);
        }
        let made = self.made(key, group, draft)?;
        self.ids.note(&id, group.rows);
        Ok(Made::Item(made))
    }

    fn made(&mut self, key: &str, group: Group<'_>, draft: Draft) -> Result<Item, Fault> {
        let currency = self.currency(group)?;
        let mut lines = Vec::new();
        for view in group.lines() {
            lines.extend(self.make_line(view, currency)?);
        }
        let told = group.lines();
        if let Some(view) = without_sum(&mut lines).and_then(|place| told.get(place).or(told.first())) {
            self.warn(SUM_ROW, view, Field::LineQuantity, &view.text(Field::LineQuantity));
        }
        self.column_lines(group.rows, currency, &mut lines)?;
        // Typed by hand in one letter case or the other.
        let starts = |p: &str| key.get(..p.len()).is_some_and(|start| start.eq_ignore_ascii_case(p));
        let begins = |prefix: &Option<String>| prefix.as_deref().is_some_and(starts);
        if begins(&self.mapping.rules.credit_prefix) {
            return self.credit_note(key, group.rows, currency, lines, CreditKind::Credit);
        }
        if begins(&self.mapping.rules.adjustment_prefix) {
            return self.credit_note(key, group.rows, currency, lines, CreditKind::Adjustment);
        }
        self.plain_order(key, group, currency, lines, draft).map(|o| Item::Order(Box::new(o)))
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
        let (mut amounts, beside) = self.amounts(views, &lines, currency)?;
        let mut payments = self.payments(group.payments.unwrap_or_default(), currency)?;
        if self.mapping.rules.total_from_payments && lines.is_empty() && !payments.is_empty() {
            let minor = payments.iter().fold(0, |sum: i64, p| sum.saturating_add(p.amount));
            amounts.stated_total = Some(Amount { exact: Decimal::new(minor, currency.exponent()), minor });
        }
        if amounts.stated_total.is_none() && amounts.lone_subtotal.is_none() {
            self.price_all(&lines, group)?;
        } else {
            self.note_free(&lines, group);
        }
        let placed = self.placed_at(views)?;
        if placed.is_some_and(|m| m.offset_min.is_none()) {
            self.assumptions.note(Assumed::Zone);
        }
        let person = self.order_person(views)?;
        if person.as_ref().is_none_or(|person| self.says_otherwise(person, views)) {
            self.keep_of_guest(&mut draft.extras, views);
        }
        let mut order = NewOrder {
            placed_at: placed.map(|m| m.at),
            placed_offset_min: placed.and_then(|m| m.offset_min),
            email: self.order_email(views).map(|e| email::as_written(&e)),
            phone: self.first_line(views, Field::OrderPhone),
            billing: self.address(views, &BILLING),
            shipping_address: self.address(views, &SHIPPING),
            discount: amounts.discount.minor,
            discount_code: self.discount_code(views),
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
        name_payer(&mut order, views);
        leave_lone_name(&mut order);
        self.state(&mut order, &amounts, views, &draft, &mut payments)?;
        self.keep_idle(&order, !payments.is_empty(), views, &mut draft.extras);
        if let (Some(subtotal), Some(view)) = (amounts.lone_subtotal, views.first()) {
            self.keep(&mut draft.extras, LONE_SUBTOTAL, &subtotal.exact.normalize().to_string(), view);
        }
        for field in beside {
            if let Some(view) = first(views, field) {
                let Fault { column, .. } = view.fault(field, "", "");
                self.keep(&mut draft.extras, &column, &view.text(field), &view);
            }
        }
        self.attributes(&mut draft.extras, views);
        self.keep_columns(&mut draft.extras, views);
        order.metadata = draft.extras.0;
        order.payments = payments;
        order.unsaid = self.unsaid(views, group.lines.is_some(), group.payments.is_some());
        self.count_customer(person.as_ref());
        if let (Some(person), Some(view)) = (&person, views.first()) {
            self.note_name(person, view);
        }
        order.customer = person.map_or(NewOrderCustomer::Guest, |p| NewOrderCustomer::Described(Box::new(p)));
        order.given =
            self.given(views, placed, |zone| order.times().into_iter().map(|at| at.local_ms(zone)).collect());
        self.check(&order, group)?;
        self.sum_up(&order, &amounts, lines.len() as u64);
        Ok(order)
    }

    /// What the file leaves open of a record.
    pub fn given(
        &self,
        views: &[View<'_>],
        placed: Option<Moment>,
        local: impl FnOnce(&Zone) -> Vec<i64>,
    ) -> Given {
        let options = self.options;
        let is_local = placed.is_some_and(|m| m.offset_min.is_none());
        let has_none = first(views, Field::OrderCurrency).is_none() && !self.is_signed(views);
        let of_mapping = self.mapping.constants.currency.filter(|_| !self.mapping.is_preset);
        let is_chosen = options.currency.or(of_mapping).is_some();
        Given {
            local: is_local.then(|| local(&options.zone)),
            currency: has_none,
            is_said: (is_local && options.zone_is_said) || (has_none && is_chosen),
        }
    }

    /// What the order is known by where it is from.
    fn outside_id(&mut self, key: &str, views: &[View<'_>]) -> String {
        // Not each of its rows has the id: the name stands in for it where none has.
        let best = views.iter().find(|view| view.is_first_choice(Field::OrderId)).or(views.first());
        let id = best.map(|view| self.first_line(&[*view], Field::OrderId)).unwrap_or_default();
        if id.is_empty() { name_in(key).to_owned() } else { cell::without_float_tail(&id).to_owned() }
    }

    /// The codes of coupons; WooCommerce's plugins write more of each into the cell: `code:ten|amount:3.00`.
    fn discount_code(&mut self, views: &[View<'_>]) -> String {
        let text = self.first_line(views, Field::DiscountCode);
        let codes: Vec<&str> = text
            .split([';', '|'])
            .filter_map(|part| part.trim().strip_prefix("code:"))
            .map(str::trim)
            .collect();
        if codes.is_empty() || !text.contains('|') { text } else { codes.join(", ") }
    }

    /// Source, number and channel.
    fn name(&mut self, order: &mut NewOrder, key: &str, views: &[View<'_>]) -> Result<(), Fault> {
        let (shown, id) = (name_in(key), self.outside_id(key, views));
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
            (Some(source), Some(view)) if source.id.is_empty() => {
                Err(view.fault(Field::OrderKey, NO_KEY.0, NO_KEY.1))
            }
            _ => Ok(()),
        }
    }

    /// The earliest moment the rows name.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn placed_at(&mut self, views: &[View<'_>]) -> Result<Option<Moment>, Fault> {
        let mut earliest: Option<Moment> = None;
        let mut last = String::new();
        for view in views.iter().filter(|v| v.has(Field::PlacedAt)) {
            let text = view.text(Field::PlacedAt);
            if text == last.as_str() || text.is_empty() {
                continue;
            }
            let moment = view.placed_at(self.options)?;
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

    /// Who placed the order; `None` for a guest.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn order_person(&mut self, views: &[View<'_>]) -> Result<Option<NewCustomer>, Fault> {
        let address = self.order_email(views).unwrap_or_default();
        let mut person = self.person(views, &address)?;
        if let Some(person) = &mut person {
            self.person_details(views, person)?;
        }
        Ok(person)
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
        self.check_order(order).map_err(|misfit| {
            let (line, fault) = *misfit;
            let view = line.and_then(|i| group.lines().get(i)).or(group.rows.first());
            match view {
                Some(view) if fault.code == NO_DATE && !view.has(Field::PlacedAt) => {
                    view.fault(Field::PlacedAt, NO_DATE, &no_date_column(view))
                }
                Some(view) if fault.code == NO_DATE => view.fault(Field::PlacedAt, NO_DATE, &fault.reason),
                Some(view) => view.named(fault, "order"),
                None => fault,
            }
        })
    }

    /// The rules of orders, now, so that the run that writes has nothing to refuse.
    ///
    /// # Errors
    /// The place of the line at fault, when it is one, and what is wrong.
    pub fn check_order(&self, order: &NewOrder) -> Result<(), Box<(Option<usize>, Fault)>> {
        use crate::base::id::Id;
        let lacks = |column: &str, code, reason: &str| {
            let (column, reason) = (column.to_owned(), reason.to_owned());
            Err(Box::new((None, Fault { column, code, reason, ..Fault::default() })))
        };
        if order.placed_at.is_none() {
            return lacks("placed_at", NO_DATE, "The file does not say when the order was placed.");
        }
        if order.lines.is_empty() && order.stated_total.is_none() {
            return lacks("", "order_empty", "The order has neither lines nor a total.");
        }
        let Err(error) = order.checked(OrderId::from_bytes([0; 16]), Timestamp(0)) else {
            return Ok(());
        };
        let fault = Fault::of(&error);
        let place = fault
            .column
            .strip_prefix("lines/")
            .and_then(|r| r.split('/').next())
            .and_then(|i| i.parse().ok());
        Err(Box::new((place, fault)))
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
}

/// Why an order has no date where no column is known to have one, with what was not read.
fn no_date_column(view: &View<'_>) -> String {
    let unread: Vec<String> =
        view.bound.unknown.iter().take(8).map(|c| cell::shown(view.title(*c))).collect();
    let unread = if unread.is_empty() { "none".to_owned() } else { unread.join(", ") };
    format!(
        "The file does not say when the order was placed: no column of it is known to. Columns that were not read: {unread}. If one of them says it, name it in a mapping (--from csv --mapping FILE)."
    )
}

/// The only run of digits in `#1001` or `SO-1001-A`.
fn number_in(text: &str) -> Option<u64> {
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|r| !r.is_empty()).collect();
    match runs.as_slice() {
        [one] if one.len() <= 12 => one.parse().ok(),
        _ => None,
    }
}
