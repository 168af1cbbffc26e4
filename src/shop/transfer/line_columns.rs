//! Line items that stand in columns of the order's row, as WooCommerce's plugins and Magento's samples write them.

use crate::base::money::{Currency, Price, TOO_LARGE, to_minor};
use crate::shop::customers::TEXT_LEN_MAX;
use crate::shop::orders::NewLine;
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::item_cells::{self, Told};
use crate::shop::transfer::lines::{MadeLine, four_digits};
use crate::shop::transfer::maker::{Maker, first};
use crate::shop::transfer::mapping::LineColumns;
use rust_decimal::Decimal;
use std::sync::Arc;

const OTHER_ITEMS: (&str, &str) = (
    "items_differ",
    "The items of the order stand in rows of their own and in one cell, which say different things. Those of the rows were taken.",
);

impl Maker<'_> {
    /// Adds the lines that stand in columns, and the fees of the order as a line.
    ///
    /// # Errors
    /// `invalid_line_item`, `quantity_not_whole`, `amount_too_large`.
    pub fn column_lines(
        &mut self,
        views: &[View<'_>],
        currency: Currency,
        lines: &mut Vec<MadeLine>,
    ) -> Result<(), Fault> {
        if let Some(kind) = self.mapping.rules.lines {
            let mut told = Vec::new();
            let outcome = self.all_cells(views, kind, currency, &mut told);
            // Where a row each says what the items cost, a cell that lists them says the same once more.
            if lines.iter().any(|line| line.is_priced) {
                let sum =
                    |lines: &[MadeLine]| lines.iter().fold(0, |sum: i64, l| sum.saturating_add(l.total));
                let is_other = !told.is_empty() && sum(&told) != sum(lines);
                if let (true, Some(view)) = (outcome.is_err() || is_other, views.first()) {
                    self.warn(OTHER_ITEMS, view, Field::OrderKey, &view.text(Field::OrderKey));
                }
            } else {
                outcome?;
                if !told.is_empty() {
                    *lines = told;
                }
            }
        }
        if let Some(view) = first(views, Field::OrderFees) {
            let fees = view.number(Field::OrderFees)?.unwrap_or_default();
            if !fees.is_zero() {
                let told = Told { title: "Fees".into(), total: Some(fees), ..Told::default() };
                let large = || view.fault(Field::OrderFees, "amount_too_large", TOO_LARGE);
                let fees = made(told, currency).ok_or_else(large)?;
                lines.push(MadeLine { is_fee: true, ..fees });
            }
        }
        Ok(())
    }

    /// The lines in the cells of the rows of an order, each cell once: a file with a row an item repeats it in each row.
    fn all_cells(
        &mut self,
        views: &[View<'_>],
        kind: LineColumns,
        currency: Currency,
        lines: &mut Vec<MadeLine>,
    ) -> Result<(), Fault> {
        let cells = |view: &View<'_>| {
            let columns = item_cells::columns(&view.bound.sheet.header, kind);
            columns.into_iter().map(|column| view.kept(column).to_owned()).collect::<Vec<_>>()
        };
        let mut before: Vec<Vec<String>> = Vec::new();
        for view in views {
            let own = cells(view);
            if kind == LineColumns::MagentoJson || !before.contains(&own) {
                self.cell_lines(view, kind, currency, lines)?;
                before.push(own);
            }
        }
        Ok(())
    }

    /// The lines in the cells of one row.
    fn cell_lines(
        &mut self,
        view: &View<'_>,
        kind: LineColumns,
        currency: Currency,
        lines: &mut Vec<MadeLine>,
    ) -> Result<(), Fault> {
        let sign = view.bound.survey.cells_sign;
        for column in item_cells::columns(&view.bound.sheet.header, kind) {
            let text = view.kept(column);
            if text.is_empty() {
                continue;
            }
            let wrong = |reason: String| Fault {
                file: Some(Arc::clone(view.file())),
                line: view.line(),
                column: cell::shown(view.title(column)),
                value: cell::shown(text),
                code: "invalid_line_item",
                reason,
            };
            for told in item_cells::told(text, kind, sign).map_err(wrong)? {
                if told.quantity.is_none() {
                    self.assumptions.note(Assumed::OnePiece);
                }
                let made = made(told, currency);
                lines.push(made.ok_or_else(|| {
                    wrong("The line item cannot be taken: its quantity is no whole number, or an amount is too large.".into())
                })?);
            }
        }
        Ok(())
    }
}

fn made(told: Told, currency: Currency) -> Option<MadeLine> {
    let quantity = told.quantity.unwrap_or(Decimal::ONE);
    if !quantity.fract().is_zero() {
        return None;
    }
    let is_priced = told.total.is_some() || told.subtotal.is_some();
    let exact_total = told.total.or(told.subtotal).unwrap_or_default();
    let subtotal = told.subtotal.filter(|s| *s >= exact_total).unwrap_or(exact_total);
    let each = if quantity.is_zero() { Decimal::ZERO } else { four_digits(subtotal.checked_div(quantity)?) };
    let total = to_minor(exact_total, currency).ok()?;
    let exact_tax = told.tax.unwrap_or_default();
    let text = |t: &str| cell::one_line(t, TEXT_LEN_MAX).0;
    let mut line = NewLine {
        sku: text(&told.sku),
        title: text(&told.title),
        size: text(&told.size),
        colour: text(&told.colour),
        quantity: i64::try_from(quantity).ok()?,
        unit_price: Price::from_decimal(each).ok()?,
        discount: to_minor(subtotal.checked_sub(exact_total)?, currency).ok()?,
        tax: to_minor(exact_tax, currency).ok()?,
        ..NewLine::default()
    };
    let computed = line.unit_price.times(line.quantity, currency).ok()?.saturating_sub(line.discount);
    line.stated_total = (computed != total).then_some(total);
    Some(MadeLine { line, total, exact_total, exact_tax, is_priced, shipping: Decimal::ZERO, is_fee: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::number::DecimalSign;
    #[test]
    fn a_line_of_a_cell_has_its_discount_and_its_tax() {
        let cell = "name:Hoodie: blue|product_id:44|sku:H-1|quantity:2|total:84.00|sub_total:90.00|tax:16.8";
        let mut told = item_cells::told(cell, LineColumns::Woocommerce, DecimalSign::Dot).unwrap();
        let made = made(told.remove(0), Currency::EUR).unwrap();
        assert_eq!(
            (made.line.title.as_str(), made.line.sku.as_str(), made.line.quantity),
            ("Hoodie: blue", "H-1", 2)
        );
        assert_eq!(
            (made.line.unit_price, made.line.discount, made.total, made.line.tax),
            (Price(450_000), 600, 8400, 1680)
        );
    }

    #[test]
    fn half_a_piece_is_no_line() {
        let cell = "name:x|quantity:1.5|total:3";
        let mut told = item_cells::told(cell, LineColumns::Woocommerce, DecimalSign::Dot).unwrap();
        assert!(made(told.remove(0), Currency::EUR).is_none());
    }
}
