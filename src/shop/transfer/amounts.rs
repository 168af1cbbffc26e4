//! The amounts of an order: what the file states, what follows from the lines, and where the tax is.

use crate::base::money::{Currency, to_minor};
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::item_cells;
use crate::shop::transfer::lines::MadeLine;
use crate::shop::transfer::maker::{Maker, first};
use crate::shop::transfer::mapping::{LineColumns, TaxRule};
use crate::shop::transfer::order::Group;
use rust_decimal::Decimal;
use std::sync::Arc;

const UNEXPLAINED: (&str, &str) = (
    "total_unexplained",
    "The parts of the order do not add up to its total. The total is kept, the rest is an adjustment.",
);

const EXCESS: (&str, &str) = (
    "discount_unexplained",
    "The lines come to more than the subtotal, and to more than the discount of the file explains. The difference is a discount.",
);

const WITHOUT_AMOUNTS: (&str, &str) = (
    "order_without_amounts",
    "Neither the order nor any of its lines says what it costs. Fill in the price of its lines or its total; 0 where it was free.",
);

const UNPRICED: (&str, &str) =
    ("line_without_price", "The file does not say what lines of the order cost. They are taken as free.");

/// An amount as the file states it and in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub exact: Decimal,
    pub minor: i64,
}

/// The amounts of one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// The lines after their discounts; the stated subtotal where no line has a price.
    pub goods: Amount,
    /// A subtotal that no line accounts for.
    pub lone_subtotal: Option<Amount>,
    pub discount: Amount,
    pub shipping: Amount,
    pub tax: Amount,
    pub has_tax: bool,
    pub is_tax_included: bool,
    pub stated_total: Option<Amount>,
    pub refunded: Amount,
    pub outstanding: Option<Amount>,
}

impl Amounts {
    /// Goods less discount plus shipping plus added tax, or what the file states.
    pub fn total(&self) -> Amount {
        self.stated_total.unwrap_or_else(|| {
            let tax = if self.is_tax_included { Amount::default() } else { self.tax };
            Amount {
                exact: self
                    .goods
                    .exact
                    .saturating_sub(self.discount.exact)
                    .saturating_add(self.shipping.exact)
                    .saturating_add(tax.exact),
                minor: self
                    .goods
                    .minor
                    .saturating_sub(self.discount.minor)
                    .saturating_add(self.shipping.minor)
                    .saturating_add(tax.minor),
            }
        })
    }
}

fn read(views: &[View<'_>], field: Field, currency: Currency) -> Result<Option<Amount>, Fault> {
    let Some(view) = first(views, field) else { return Ok(None) };
    let Some(exact) = view.number(field)? else { return Ok(None) };
    let minor = to_minor(exact, currency);
    let minor = minor.map_err(|e| view.fault(field, e.code, &e.message))?;
    Ok(Some(Amount { exact, minor }))
}

/// An amount that may be in the sums of the file already, or not.
struct Beside {
    field: Field,
    is_tax: bool,
    amount: Amount,
}

/// Taxes that some files leave out of the tax, and discounts that some leave out of the lines.
const BESIDE: [(Field, bool); 4] = [
    (Field::OrderShippingTax, true),
    (Field::OrderFeeTax, true),
    (Field::OrderLateDiscount, false),
    (Field::OrderCartDiscount, false),
];

/// Counts those of the amounts, as few as can be, that make the total right where it is not right without them.
fn beside_explains(found: &mut Amounts, beside: &mut Vec<Beside>, total: i64) -> bool {
    let near = |sum: i64| sum.abs_diff(total) <= 1;
    let with = found.goods.minor.saturating_sub(found.discount.minor).saturating_add(found.shipping.minor);
    let taxed = with.saturating_add(found.tax.minor);
    if near(with) || near(taxed) {
        return false;
    }
    let mut choices: Vec<u32> = (1..1_u32 << beside.len()).collect();
    choices.sort_by_key(|choice| choice.count_ones());
    let is_in = |choice: u32, place: usize| choice >> place & 1 == 1;
    let sum = |choice: u32| {
        beside.iter().enumerate().filter(|(place, _)| is_in(choice, *place)).fold(taxed, |sum, (_, b)| {
            if b.is_tax { sum.saturating_add(b.amount.minor) } else { sum.saturating_sub(b.amount.minor) }
        })
    };
    let Some(choice) = choices.into_iter().find(|choice| near(sum(*choice))) else { return false };
    for (_, b) in beside.iter().enumerate().filter(|(place, _)| is_in(choice, *place)) {
        let whole = if b.is_tax { &mut found.tax } else { &mut found.discount };
        whole.exact += b.amount.exact;
        whole.minor = whole.minor.saturating_add(b.amount.minor);
    }
    found.has_tax |= found.tax.minor != 0;
    let mut place = 0;
    beside.retain(|_| {
        place += 1;
        !is_in(choice, place - 1)
    });
    true
}

/// What was taken off the lines where the subtotal is less than they come to. The fees, a line here, may be in the
/// subtotal or not: the discount that the file tells shows it, else they are not.
fn off_goods(goods: Amount, subtotal: Amount, lines: &[MadeLine], told: Option<Amount>) -> Amount {
    let less = |a: Amount, b: Amount| Amount {
        exact: a.exact.saturating_sub(b.exact),
        minor: a.minor.saturating_sub(b.minor),
    };
    let of_fees = || lines.iter().filter(|l| l.is_fee);
    let fees = Amount {
        exact: of_fees().map(|l| l.exact_total).sum(),
        minor: of_fees().fold(0, |sum, l| sum.saturating_add(l.total)),
    };
    let (with, without) = (less(goods, subtotal), less(less(goods, fees), subtotal));
    let is_told = told.is_some_and(|told| told.minor.abs_diff(with.minor) <= 1);
    if without.minor < 0 || (is_told && with.minor != 0) { with } else { without }
}

fn positive(amount: Amount) -> Amount {
    Amount { exact: amount.exact.abs(), minor: amount.minor.saturating_abs() }
}

impl Maker<'_> {
    /// Reads the amounts of an order and decides what they mean.
    ///
    /// The fields are those whose amounts are in none of the sums.
    ///
    /// # Errors
    /// `invalid_number`, `amount_too_large`.
    pub fn amounts(
        &mut self,
        views: &[View<'_>],
        lines: &[MadeLine],
        currency: Currency,
    ) -> Result<(Amounts, Vec<Field>), Fault> {
        let of = |field: Field| read(views, field, currency);
        let mut found = Amounts {
            goods: Amount {
                exact: lines.iter().map(|l| l.exact_total).sum(),
                minor: lines.iter().fold(0, |sum, l| sum.saturating_add(l.total)),
            },
            shipping: of(Field::OrderShipping)?.unwrap_or_default(),
            stated_total: of(Field::OrderTotal)?,
            refunded: of(Field::OrderRefunded)?.map(positive).unwrap_or_default(),
            outstanding: of(Field::OrderOutstanding)?,
            ..Amounts::default()
        };
        let freight: Decimal = lines.iter().map(|l| l.shipping).sum();
        found.shipping.exact += freight;
        found.shipping.minor =
            found.shipping.minor.saturating_add(to_minor(freight, currency).unwrap_or_default());
        let is_priced = lines.iter().any(|l| l.is_priced);
        match of(Field::OrderSubtotal)? {
            Some(subtotal) if !is_priced => {
                found.goods = subtotal;
                found.lone_subtotal = Some(subtotal);
            }
            Some(subtotal) if subtotal.minor <= found.goods.minor => {
                let told = of(Field::OrderDiscount)?.map(positive);
                found.discount = off_goods(found.goods, subtotal, lines, told);
                let is_more = |told: Amount| found.discount.minor > told.minor.saturating_add(1);
                if let (true, Some(view)) = (told.is_some_and(is_more), views.first()) {
                    self.warn(EXCESS, view, Field::OrderSubtotal, &subtotal.exact.to_string());
                }
            }
            _ => found.discount = of(Field::OrderDiscount)?.map(positive).unwrap_or_default(),
        }
        match of(Field::OrderTax)? {
            Some(tax) => (found.tax, found.has_tax) = (tax, true),
            None => {
                found.tax.exact = lines.iter().map(|l| l.exact_tax).sum();
                found.tax.minor = lines.iter().fold(0, |sum, l| sum.saturating_add(l.line.tax));
            }
        }
        let mut beside = Vec::new();
        for (field, is_tax) in BESIDE {
            let amount = of(field)?.filter(|amount| amount.minor != 0);
            beside.extend(amount.map(|amount| Beside { field, is_tax, amount: positive(amount) }));
        }
        // What the lines have taken off already.
        let taken_off = lines.iter().fold(0_i64, |sum, l| sum.saturating_add(l.line.discount));
        found.is_tax_included = match self.mapping.rules.tax {
            TaxRule::Included => {
                self.assumptions.note(Assumed::TaxIncluded);
                true
            }
            TaxRule::Added => {
                self.assumptions.note(Assumed::TaxAdded);
                false
            }
            TaxRule::Decide => self.decide(&mut found, &mut beside, views),
        };
        if found.refunded.minor == 0 {
            found.refunded = self.refunds_in_columns(views, currency)?;
        }
        if self.mapping.rules.tax != TaxRule::Decide {
            self.prove(&found, views);
        }
        let left = beside.iter().filter(|b| b.is_tax || b.amount.minor != taken_off).map(|b| b.field);
        Ok((found, left.collect()))
    }

    /// What stands in WooCommerce's columns of refunds.
    ///
    /// # Errors
    /// `invalid_number`, `amount_too_large`.
    fn refunds_in_columns(&self, views: &[View<'_>], currency: Currency) -> Result<Amount, Fault> {
        let (Some(kind), Some(head)) = (self.mapping.rules.lines, views.first()) else {
            return Ok(Amount::default());
        };
        for column in item_cells::refund_columns(&head.bound.sheet.header, kind) {
            let Some(view) = views.iter().find(|v| !v.kept(column).is_empty()) else { continue };
            let text = view.kept(column);
            let sign = view.bound.survey.cells_sign;
            let fault = |code, reason| Fault {
                file: Some(Arc::clone(view.file())),
                line: view.line(),
                column: cell::shown(view.title(column)),
                value: cell::shown(text),
                code,
                reason,
            };
            let exact = item_cells::refunded(text, sign).map_err(|wrong| {
                let right = sign.example();
                let reason = format!(
                    "The refund cannot be read: “{}” has to be an amount such as {right}.",
                    cell::shown(&wrong)
                );
                fault("invalid_number", reason)
            })?;
            if !exact.is_zero() {
                let minor = to_minor(exact, currency);
                let minor = minor.map_err(|e| fault(e.code, e.message.to_string()))?;
                return Ok(Amount { exact, minor });
            }
        }
        Ok(Amount::default())
    }

    /// Whether all lines of an order without a total have a price: what nobody says is not free.
    ///
    /// # Errors
    /// `order_without_amounts` where none has one and the file has a column for it.
    pub fn price_all(&mut self, lines: &[MadeLine], group: Group<'_>) -> Result<(), Fault> {
        let unpriced = lines.iter().filter(|line| !line.is_priced && line.line.quantity != 0).count();
        let view = group.lines.or(Some(group.rows)).and_then(|views| views.first());
        let (Some(view), true) = (view, unpriced > 0) else { return Ok(()) };
        let of_line = [Field::LinePrice, Field::LineTotal].into_iter().find(|f| view.has(*f));
        let of_order = [Field::OrderTotal, Field::OrderSubtotal];
        let of_order = of_order.into_iter().find(|f| group.rows.iter().any(|row| row.has(*f)));
        match of_line.or(of_order) {
            Some(field) if unpriced == lines.len() => {
                Err(view.fault(field, WITHOUT_AMOUNTS.0, WITHOUT_AMOUNTS.1))
            }
            field => {
                self.warn(UNPRICED, view, field.unwrap_or(Field::LinePrice), "");
                Ok(())
            }
        }
    }

    /// Warns where the file has a total of the order, and no column of what its lines cost.
    pub fn note_free(&mut self, lines: &[MadeLine], group: Group<'_>) {
        let view = group.lines.or(Some(group.rows)).and_then(|views| views.first());
        let has_prices = |view: &&View<'_>| view.has(Field::LinePrice) || view.has(Field::LineTotal);
        let is_free =
            lines.iter().any(|line| line.line.quantity != 0) && lines.iter().all(|line| !line.is_priced);
        if let (Some(view), true) = (view.filter(|view| !has_prices(view)), is_free) {
            self.warn(UNPRICED, view, Field::LinePrice, &view.text(Field::LineTitle));
        }
    }

    /// Warns where the parts of an order do not come to its total, whose tax the format settles.
    fn prove(&mut self, found: &Amounts, views: &[View<'_>]) {
        let (Some(total), Some(view)) = (found.stated_total, views.first()) else { return };
        let computed = Amounts { stated_total: None, ..*found }.total();
        if found.goods != Amount::default() && computed.minor.abs_diff(total.minor) > 1 {
            self.warn(UNEXPLAINED, view, Field::OrderTotal, &total.exact.to_string());
        }
    }

    /// Whether the tax is in the prices: whatever makes the total right, to a hundredth.
    fn decide(&mut self, found: &mut Amounts, beside: &mut Vec<Beside>, views: &[View<'_>]) -> bool {
        // The amounts of this format are without the tax.
        let is_net = self.mapping.rules.lines == Some(LineColumns::Woocommerce);
        let Some(total) = found.stated_total else { return !is_net };
        if beside_explains(found, beside, total.minor) {
            self.tallies.fact("tax_added");
            return false;
        }
        let base = found.goods.minor.saturating_sub(found.discount.minor);
        let with = base.saturating_add(found.shipping.minor);
        let near = |sum: i64| sum.abs_diff(total.minor) <= 1;
        let taxed = |sum: i64| near(sum.saturating_add(found.tax.minor));
        let (fact, is_included, is_free) = match (near(with), taxed(with)) {
            (true, true) => ("tax_included_or_none", true, false),
            (true, false) => ("tax_included", true, false),
            (false, true) => ("tax_added", false, false),
            _ if found.shipping.minor > 0 && near(base) => ("free_shipping", true, true),
            _ if found.shipping.minor > 0 && taxed(base) => ("free_shipping", false, true),
            _ => ("total_unexplained", !is_net, false),
        };
        self.tallies.fact(fact);
        if is_free {
            found.discount.minor = found.discount.minor.saturating_add(found.shipping.minor);
            found.discount.exact += found.shipping.exact;
        }
        if let ("total_unexplained", Some(view), true) =
            (fact, views.first(), found.goods != Amount::default())
        {
            self.warn(UNEXPLAINED, view, Field::OrderTotal, &total.exact.to_string());
        }
        is_included
    }
}
