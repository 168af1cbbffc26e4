//! Lines of an order from the rows of a file: prices to four digits, totals rounded half up line by line.

use crate::base::error::Error;
use crate::base::money::{Currency, Price, TOO_LARGE, to_minor};
use crate::shop::orders::NewLine;
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::maker::Maker;
use rust_decimal::{Decimal, RoundingStrategy};

/// A line, and what the file says exactly.
#[derive(Clone, Debug, Default)]
pub struct MadeLine {
    pub line: NewLine,
    /// Minor units, rounded half up once.
    pub total: i64,
    pub exact_total: Decimal,
    pub exact_tax: Decimal,
    /// The file says what it cost.
    pub is_priced: bool,
    /// Freight that the file states with the line, exactly.
    pub shipping: Decimal,
    /// The fees of the order, which its subtotal may leave out.
    pub is_fee: bool,
}

/// Rounded half away from zero to four digits: prices and rates are no finer, more digits are noise of floats.
pub fn four_digits(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// Takes out the row that some marketplaces put over the items of an order: without article, with the pieces and the amount
/// of all the others together. Gives its place.
pub fn without_sum(lines: &mut Vec<MadeLine>) -> Option<usize> {
    let is_named = |made: &MadeLine| {
        [&made.line.sku, &made.line.title, &made.line.barcode].iter().any(|text| !text.is_empty())
    };
    let mut nameless = lines.iter().enumerate().filter(|(_, made)| !is_named(made)).map(|(place, _)| place);
    let (place, None) = (nameless.next()?, nameless.next()) else { return None };
    let sum = lines.get(place)?;
    let others = || lines.iter().filter(|made| is_named(made));
    let pieces = others().fold(0_i64, |all, made| all.saturating_add(made.line.quantity));
    let amount: Decimal = others().map(|made| made.exact_total).sum();
    let each = sum.exact_total.checked_div(Decimal::from(sum.line.quantity));
    let is_sum = others().count() > 1
        && sum.line.quantity == pieces
        && !amount.is_zero()
        && (sum.exact_total == amount || each == Some(amount));
    is_sum.then(|| lines.remove(place)).map(|_| place)
}

fn amount(view: &View<'_>, field: Field) -> Result<Option<Decimal>, Fault> {
    if view.has(field) { view.number(field) } else { Ok(None) }
}

impl Maker<'_> {
    /// The line of a row; `None` when the row has none.
    ///
    /// # Errors
    /// `invalid_number`, `quantity_not_whole`, `amount_too_large`.
    pub fn make_line(&mut self, view: &View<'_>, currency: Currency) -> Result<Option<MadeLine>, Fault> {
        let (sku, title) = (self.line(view, Field::LineSku), self.line(view, Field::LineTitle));
        let (quantity, price) = (amount(view, Field::LineQuantity)?, amount(view, Field::LinePrice)?);
        let stated = amount(view, Field::LineTotal)?;
        if sku.is_empty() && title.is_empty() && quantity.is_none() && price.is_none() && stated.is_none() {
            return Ok(None);
        }
        if quantity.is_none() {
            self.assumptions.note(Assumed::OnePiece);
        }
        let pieces = quantity.unwrap_or(Decimal::ONE);
        let whole = i64::try_from(pieces.trunc()).ok().filter(|_| pieces.fract().is_zero());
        let whole = whole.ok_or_else(|| {
            view.fault(Field::LineQuantity, "quantity_not_whole", "A quantity is a whole number of pieces.")
        })?;
        let too_large = || view.fault(Field::LinePrice, "amount_too_large", TOO_LARGE);
        let large = |_: Error| too_large();
        let has_rate = view.has(Field::LineDiscountRate);
        let rate = if has_rate { view.discount_rate()?.map(four_digits) } else { None }.unwrap_or_default();
        let told = amount(view, Field::LineDiscount)?.map(|discount| discount.abs());
        let each = match (price, stated) {
            (Some(price), _) => four_digits(price),
            // The total is what is left behind the discount, the price what it was before.
            (None, Some(total)) if !pieces.is_zero() => {
                let before = match told {
                    Some(discount) => total.checked_add(discount),
                    None => total.checked_div(Decimal::ONE - rate),
                };
                four_digits(before.unwrap_or(total) / pieces)
            }
            _ => Decimal::ZERO,
        };
        let gross = each.checked_mul(pieces).ok_or_else(too_large)?;
        let discount = told.unwrap_or(gross * rate);
        let exact_total = stated.unwrap_or_else(|| gross.saturating_sub(discount));
        let exact_tax = amount(view, Field::LineTax)?.unwrap_or_default();
        let minor = |value: Decimal| to_minor(value, currency).map_err(&large);
        let mut line = NewLine {
            sku,
            barcode: self.line(view, Field::LineBarcode),
            title,
            category: self.line(view, Field::LineCategory),
            size: self.line(view, Field::LineSize),
            colour: self.line(view, Field::LineColour),
            vendor: self.line(view, Field::LineVendor),
            quantity: whole,
            unit_price: Price::from_decimal(each).map_err(&large)?,
            discount: minor(discount)?,
            tax: minor(exact_tax)?,
            stated_total: None,
        };
        let total = minor(exact_total)?;
        let computed = line.unit_price.times(whole, currency).map_err(&large)?.saturating_sub(line.discount);
        line.stated_total = (computed != total).then_some(total);
        let shipping = amount(view, Field::LineShipping)?.unwrap_or_default();
        let is_priced = price.is_some() || stated.is_some();
        Ok(Some(MadeLine { line, total, exact_total, exact_tax, is_priced, shipping, is_fee: false }))
    }
}
