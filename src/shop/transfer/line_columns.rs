//! Line items that stand in columns of the order's row, as WooCommerce's plugins and Magento's samples write them.

use crate::base::money::{Currency, Price, TOO_LARGE, to_minor};
use crate::shop::customers::TEXT_LEN_MAX;
use crate::shop::orders::NewLine;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::lines::{MadeLine, four_digits};
use crate::shop::transfer::maker::{Maker, first};
use crate::shop::transfer::mapping::LineColumns;
use crate::shop::transfer::number::{self, DecimalSign};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A line as such a cell says it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    sku: String,
    title: String,
    size: String,
    colour: String,
    quantity: Option<Decimal>,
    /// Of the line, before its discount.
    subtotal: Option<Decimal>,
    /// Of the line, after its discount.
    total: Option<Decimal>,
    tax: Option<Decimal>,
}

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
            for view in views {
                for (name, text) in cells(view, kind) {
                    let told = match kind {
                        LineColumns::Woocommerce => told(&text),
                        LineColumns::MagentoJson => told_json(&text),
                    };
                    let made = told.and_then(|t| made(t, currency));
                    lines.push(made.ok_or_else(|| Fault {
                        file: Some(Arc::clone(view.file())),
                        line: view.line(),
                        column: name,
                        value: text,
                        code: "invalid_line_item",
                        reason: "The line item cannot be read. It needs a whole quantity and amounts.".into(),
                    })?);
                }
            }
        }
        if let Some(view) = first(views, Field::OrderFees) {
            let fees = view.number(Field::OrderFees)?.unwrap_or_default();
            if !fees.is_zero() {
                let told = Told { title: "Fees".into(), total: Some(fees), ..Told::default() };
                let large = || view.fault(Field::OrderFees, "amount_too_large", TOO_LARGE);
                lines.push(made(told, currency).ok_or_else(large)?);
            }
        }
        Ok(())
    }
}

/// The number of the item that a column with this title holds.
fn item_of(title: &str, kind: LineColumns) -> Option<u32> {
    let prefixes: &[&str] = match kind {
        LineColumns::Woocommerce => &["line_item_", "order_item_"],
        LineColumns::MagentoJson => &["product"],
    };
    let lower = title.to_ascii_lowercase();
    let rest = prefixes.iter().find_map(|p| lower.strip_prefix(p))?;
    rest.bytes().all(|b| b.is_ascii_digit()).then(|| rest.parse().unwrap_or(0))
}

/// Whether a file with these titles has columns of line items.
pub fn are_in(header: &[String], kind: LineColumns) -> bool {
    header.iter().any(|title| item_of(title, kind).is_some())
}

/// The cells with line items, in the order of their numbers.
fn cells(view: &View<'_>, kind: LineColumns) -> Vec<(String, String)> {
    let mut found: Vec<(u32, String, String)> = Vec::new();
    for (column, title) in view.bound.sheet.header.iter().enumerate() {
        let text = view.kept(column);
        if let (Some(number), false) = (item_of(title, kind), text.is_empty()) {
            found.push((number, title.clone(), text.to_owned()));
        }
    }
    found.sort();
    found.into_iter().map(|(_, title, text)| (title, text)).collect()
}

fn decimal(text: &str) -> Option<Decimal> {
    number::parse(text.trim(), DecimalSign::Dot)
}

/// `name:Mug|sku:M1|quantity:2|total:10.00|sub_total:12.00`, or the older `product_id:4959|1|30|size: Medium`.
fn told(text: &str) -> Option<Told> {
    let mut told = Told::default();
    let parts = whole_parts(text);
    let is_older = parts.get(1).is_some_and(|p| decimal(p).is_some());
    for (place, part) in parts.iter().enumerate() {
        match (is_older, place) {
            (true, 1) => told.quantity = decimal(part),
            (true, 2) => told.total = Some(decimal(part)?),
            _ => told.take(part)?,
        }
    }
    (told.quantity.is_some() || told.total.is_some()).then_some(told)
}

/// The parts between the bars. A name may have bars of its own: what follows it without a word of the format is of it.
fn whole_parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split('|') {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_keyed =
            part.split_once(':').is_some_and(|(key, _)| !key.is_empty() && key.chars().all(is_word));
        match parts.last_mut() {
            Some(name) if !is_keyed && (name.starts_with("name:") || name.starts_with("product:")) => {
                name.push('|');
                name.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

impl Told {
    fn take(&mut self, part: &str) -> Option<()> {
        let Some((name, value)) = part.split_once(':') else {
            if self.sku.is_empty() && self.title.is_empty() {
                part.trim().clone_into(&mut self.sku);
            }
            return Some(());
        };
        let value = value.trim();
        let number = || if value.is_empty() { Some(None) } else { decimal(value).map(Some) };
        match name.trim().to_ascii_lowercase().as_str() {
            "name" | "product" => value.clone_into(&mut self.title),
            "sku" => value.clone_into(&mut self.sku),
            "product_id" if self.title.is_empty() => self.title = format!("Product {value}"),
            "quantity" | "qty" => self.quantity = number()?,
            "total" => self.total = number()?,
            "sub_total" | "subtotal" => self.subtotal = number()?,
            "tax" | "total_tax" => self.tax = number()?,
            "size" | "pa_size" => value.clone_into(&mut self.size),
            "color" | "colour" | "pa_color" => value.clone_into(&mut self.colour),
            _ => {}
        }
        Some(())
    }
}

/// `{"sku":"WS03","qty":"1","configurable_options":{"size":"XS","color":"Red"}}`
fn told_json(text: &str) -> Option<Told> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let word = |v: &serde_json::Value| match v {
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Number(n) => n.to_string(),
        _ => String::new(),
    };
    let at = |pointer: &str| value.pointer(pointer).map(word).unwrap_or_default();
    Some(Told {
        sku: at("/sku"),
        title: at("/name"),
        size: at("/configurable_options/size"),
        colour: at("/configurable_options/color"),
        quantity: decimal(&at("/qty")),
        total: decimal(&at("/row_total")),
        subtotal: decimal(&at("/price")).zip(decimal(&at("/qty"))).map(|(p, q)| p * q),
        tax: decimal(&at("/tax_amount")),
    })
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
    Some(MadeLine { line, total, exact_total, exact_tax, is_priced, shipping: Decimal::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_plugins_write_line_items_that_are_understood() {
        let line =
            told("name:Hoodie: blue|product_id:44|sku:H-1|quantity:2|total:84.00|sub_total:90.00|tax:16.8")
                .unwrap();
        let made = made(line, Currency::EUR).unwrap();
        assert_eq!(
            (made.line.title.as_str(), made.line.sku.as_str(), made.line.quantity),
            ("Hoodie: blue", "H-1", 2)
        );
        assert_eq!(
            (made.line.unit_price, made.line.discount, made.total, made.line.tax),
            (Price(450_000), 600, 8400, 1680)
        );
        let older = told("product_id:4959|3|30|size: Medium").unwrap();
        assert_eq!(
            (older.title.as_str(), older.size.as_str(), older.total),
            ("Product 4959", "Medium", decimal("30"))
        );
        assert_eq!(told("SKU-9|1|30").unwrap().sku, "SKU-9");
        for (cell, title) in [
            ("name:T-Shirt | Red|product_id:4|quantity:1|total:10.00", "T-Shirt | Red"),
            ("name:Pipe|12|inch|sku:P|quantity:2|total:5", "Pipe|12|inch"),
            ("name:Set | Size: M|quantity:1|total:5", "Set | Size: M"),
        ] {
            assert_eq!(told(cell).unwrap().title, title);
        }
    }

    #[test]
    fn a_cell_that_is_no_line_item_is_none() {
        for text in ["", "nonsense", "name:x|quantity:many", "a|1|lots"] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(told_json("{"), None);
        let half = told("name:x|quantity:1.5|total:3").unwrap();
        assert!(made(half, Currency::EUR).is_none());
    }
}
