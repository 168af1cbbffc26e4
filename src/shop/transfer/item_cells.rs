//! What stands in one cell of an order's row: its items and its refunds, as WooCommerce's plugins and Magento's samples
//! write them.

use crate::shop::transfer::cell::{shown, without_float_tail};
use crate::shop::transfer::mapping::LineColumns;
use crate::shop::transfer::number::{self, DecimalSign};
use rust_decimal::Decimal;
use serde_json::Value;

/// A line as such a cell says it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub sku: String,
    pub title: String,
    pub size: String,
    pub colour: String,
    pub quantity: Option<Decimal>,
    /// Of the line, before its discount.
    pub subtotal: Option<Decimal>,
    /// Of the line, after its discount.
    pub total: Option<Decimal>,
    pub tax: Option<Decimal>,
}

/// All items of an order in one cell, and all its refunds.
const ALL_ITEMS: &str = "line_items";
const REFUNDS: [&str; 2] = ["refund_items", "refunds"];

/// The number of the item that a column with this title holds.
fn item_of(title: &str, kind: LineColumns) -> Option<u32> {
    let prefixes: &[&str] = match kind {
        LineColumns::Woocommerce => &["line_item_", "order_item_"],
        LineColumns::MagentoJson => &["product"],
    };
    let lower = title.to_ascii_lowercase();
    if kind == LineColumns::Woocommerce && lower == ALL_ITEMS {
        return Some(0);
    }
    let rest = prefixes.iter().find_map(|p| lower.strip_prefix(p))?;
    rest.bytes().all(|b| b.is_ascii_digit()).then(|| rest.parse().unwrap_or(0))
}

/// The columns with items, in the order of their numbers.
pub fn columns(header: &[String], kind: LineColumns) -> Vec<usize> {
    let found = header.iter().enumerate().filter_map(|(at, title)| Some((item_of(title, kind)?, title, at)));
    let mut found: Vec<_> = found.collect();
    found.sort();
    found.into_iter().map(|(_, _, at)| at).collect()
}

/// The columns with refunds.
pub fn refund_columns(header: &[String], kind: LineColumns) -> Vec<usize> {
    let is_one = |title: &str| REFUNDS.iter().any(|known| title.eq_ignore_ascii_case(known));
    let found = header.iter().enumerate().filter(|(_, title)| is_one(title)).map(|(at, _)| at);
    if kind == LineColumns::Woocommerce { found.collect() } else { Vec::new() }
}

/// The columns with items and with refunds.
pub fn all_columns(header: &[String], kind: LineColumns) -> Vec<usize> {
    [columns(header, kind), refund_columns(header, kind)].concat()
}

/// The words before amounts in the cells of items and refunds.
const AMOUNTS: [&str; 8] =
    ["total", "sub_total", "subtotal", "tax", "total_tax", "amount", "refunded", "subtotal_tax"];

/// The amounts in a cell, which say how it is written.
pub fn amounts(text: &str) -> impl Iterator<Item = &str> {
    let parts = if is_json(text) { "" } else { text };
    let parts = parts.split(['|', ';']).filter_map(|part| part.split_once(':'));
    parts
        .filter(|(key, _)| AMOUNTS.iter().any(|known| key.trim().eq_ignore_ascii_case(known)))
        .map(|(_, value)| value.trim())
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

/// The items of a cell.
///
/// # Errors
/// What cannot be read, as a sentence.
pub fn told(text: &str, kind: LineColumns, sign: DecimalSign) -> Result<Vec<Told>, String> {
    let wrong = || "The line item cannot be read. It needs a whole quantity and amounts.".to_owned();
    if kind == LineColumns::MagentoJson || is_json(text) {
        let value: Value = serde_json::from_str(text).ok().ok_or_else(wrong)?;
        let items = if let Value::Array(items) = value { items } else { vec![value] };
        return Ok(items.iter().map(told_json).collect());
    }
    let items: Vec<Told> = whole_items(text)
        .into_iter()
        .map(|item| told_item(item, sign).and_then(|told| told.ok_or_else(wrong)))
        .collect::<Result<_, _>>()?;
    Ok(items)
}

/// The items of a cell: each begins with the word that the first one begins with, so that a name may have a semicolon.
fn whole_items(text: &str) -> Vec<&str> {
    let Some((first, _)) = text.split_once(':') else { return vec![text] };
    if first.is_empty() || !first.chars().all(is_word) {
        return vec![text];
    }
    let start = format!(";{first}:");
    let mut items = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(&start) {
        let (item, more) = rest.split_at_checked(end).unwrap_or((rest, ""));
        items.push(item);
        rest = more.get(1..).unwrap_or_default();
    }
    items.push(rest);
    items.retain(|item| !item.trim().is_empty());
    items
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `name:Mug|sku:M1|quantity:2|total:10.00|sub_total:12.00`, or the older `product_id:4959|1|30|size: Medium`.
fn told_item(text: &str, sign: DecimalSign) -> Result<Option<Told>, String> {
    let mut told = Told::default();
    let parts = whole_parts(text.trim_end_matches(';'));
    let is_older = parts.get(1).is_some_and(|p| pieces(p, sign).is_some());
    for (place, part) in parts.iter().enumerate() {
        match (is_older, place) {
            (true, 1) => told.quantity = pieces(part, sign),
            (true, 2) => told.total = Some(amount("total", part, sign)?),
            _ => told.take(part, sign)?,
        }
    }
    Ok((told.quantity.is_some() || told.total.is_some()).then_some(told))
}

/// The parts between the bars. A name may have bars of its own: what follows it without a word of the format is of it.
fn whole_parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split('|') {
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

fn amount(word: &str, text: &str, sign: DecimalSign) -> Result<Decimal, String> {
    number::parse(text.trim(), sign).ok_or_else(|| {
        let right = sign.example();
        format!(
            "The line item cannot be read: {word} is “{}” and has to be an amount such as {right}.",
            shown(text)
        )
    })
}

/// A quantity, which a table of floats may have written as `2.0` whatever sign the amounts have.
fn pieces(text: &str, sign: DecimalSign) -> Option<Decimal> {
    number::parse(without_float_tail(text.trim()), sign)
}

impl Told {
    fn take(&mut self, part: &str, sign: DecimalSign) -> Result<(), String> {
        let Some((name, value)) = part.split_once(':') else {
            if self.sku.is_empty() && self.title.is_empty() {
                part.trim().clone_into(&mut self.sku);
            }
            return Ok(());
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let number = || if value.is_empty() { Ok(None) } else { amount(&name, value, sign).map(Some) };
        match name.as_str() {
            "name" | "product" => value.clone_into(&mut self.title),
            "sku" => value.clone_into(&mut self.sku),
            "product_id" if self.title.is_empty() => self.title = format!("Product {value}"),
            "quantity" | "qty" if value.is_empty() => {}
            "quantity" | "qty" => {
                let none = || {
                    format!(
                        "The line item cannot be read: {name} is “{}” and has to be a whole number.",
                        shown(value)
                    )
                };
                self.quantity = Some(pieces(value, sign).ok_or_else(none)?);
            }
            "total" => self.total = number()?,
            "sub_total" | "subtotal" => self.subtotal = number()?,
            "tax" | "total_tax" => self.tax = number()?,
            "size" | "pa_size" => value.clone_into(&mut self.size),
            "color" | "colour" | "pa_color" => value.clone_into(&mut self.colour),
            _ => {}
        }
        Ok(())
    }
}

/// `{"sku":"WS03","qty":"1","configurable_options":{"size":"XS","color":"Red"}}`, or an item of WooCommerce's. Amounts in
/// JSON have a dot.
fn told_json(value: &Value) -> Told {
    let word = |v: &Value| match v {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => String::new(),
    };
    let at = |pointer: &str| value.pointer(pointer).map(word).unwrap_or_default();
    let number =
        |pointers: [&str; 2]| pointers.iter().find_map(|p| number::parse(at(p).trim(), DecimalSign::Dot));
    let quantity = number(["/qty", "/quantity"]);
    let of_pieces = number(["/price", "/price"]).zip(quantity).and_then(|(p, q)| p.checked_mul(q));
    Told {
        sku: at("/sku"),
        title: at("/name"),
        size: at("/configurable_options/size"),
        colour: at("/configurable_options/color"),
        quantity,
        total: number(["/row_total", "/total"]),
        subtotal: number(["/subtotal", "/sub_total"]).or(of_pieces),
        tax: number(["/tax_amount", "/total_tax"]),
    }
}

/// What went back by a cell of refunds: `amount:29.75|reason:x`, one after another.
///
/// # Errors
/// The amount that cannot be read.
pub fn refunded(text: &str, sign: DecimalSign) -> Result<Decimal, String> {
    if is_json(text) {
        let value: Value = serde_json::from_str(text).ok().ok_or_else(|| text.to_owned())?;
        let items = if let Value::Array(items) = value { items } else { vec![value] };
        let amount = |item: &Value| match item.get("amount")? {
            Value::String(text) => number::parse(text.trim(), DecimalSign::Dot),
            Value::Number(n) => number::parse(&n.to_string(), DecimalSign::Dot),
            _ => None,
        };
        let amounts: Option<Vec<Decimal>> = items.iter().map(amount).collect();
        return amounts.map(sum).ok_or_else(|| text.to_owned());
    }
    let parts = || text.split([';', '|']).filter_map(|part| part.trim().split_once(':'));
    let said = ["amount", "refunded", "total"];
    let word = said.into_iter().find(|word| parts().any(|(key, _)| key == *word));
    let amounts = parts().filter(|(key, text)| word == Some(*key) && !text.trim().is_empty());
    let read =
        amounts.map(|(_, text)| number::parse(text.trim(), sign).ok_or_else(|| text.trim().to_owned()));
    read.collect::<Result<Vec<_>, _>>().map(sum)
}

/// Some plugins write what went back as less than nothing.
fn sum(amounts: Vec<Decimal>) -> Decimal {
    amounts.iter().fold(Decimal::ZERO, |sum, amount| sum.saturating_add(amount.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use DecimalSign::{Comma, Dot};

    fn woo(text: &str, sign: DecimalSign) -> Result<Vec<Told>, String> {
        told(text, LineColumns::Woocommerce, sign)
    }
    fn one(text: &str) -> Told {
        let mut items = woo(text, Dot).unwrap();
        assert_eq!(items.len(), 1, "{text}");
        items.remove(0)
    }
    fn decimal(text: &str) -> Option<Decimal> {
        number::parse(text, Dot)
    }

    #[test]
    fn both_plugins_write_line_items_that_are_understood() {
        let older = one("product_id:4959|3|30|size: Medium");
        assert_eq!(
            (older.title.as_str(), older.size.as_str(), older.total),
            ("Product 4959", "Medium", decimal("30"))
        );
        assert_eq!(one("SKU-9|1|30").sku, "SKU-9");
        for (cell, title) in [
            ("name:T-Shirt | Red|product_id:4|quantity:1|total:10.00", "T-Shirt | Red"),
            ("name:Pipe|12|inch|sku:P|quantity:2|total:5", "Pipe|12|inch"),
            ("name:Set | Size: M|quantity:1|total:5", "Set | Size: M"),
            ("name:Set; blue: 2|quantity:1|total:5", "Set; blue: 2"),
        ] {
            assert_eq!(one(cell).title, title);
        }
    }

    #[test]
    fn all_items_may_stand_in_one_cell() {
        let items = woo(
            "id:1|name:Mug; blue|product_id:4|sku:MUG|quantity:2|subtotal:20.00|subtotal_tax:4.00|total:18.00|total_tax:4.00|meta:Size=L;id:2|name:Cup|product_id:5|sku:CUP|quantity:1|subtotal:3|total:3|total_tax:0",
            Dot,
        )
        .unwrap();
        let seen: Vec<_> = items.iter().map(|t| (t.title.as_str(), t.sku.as_str(), t.total)).collect();
        assert_eq!(seen, [("Mug; blue", "MUG", decimal("18")), ("Cup", "CUP", decimal("3"))]);
        assert_eq!(
            (items[0].subtotal, items[0].quantity, items[0].tax),
            (decimal("20"), decimal("2"), decimal("4"))
        );
        let json = "[{\"id\":1,\"name\":\"Mug\",\"sku\":\"MUG\",\"quantity\":2,\"subtotal\":\"20.00\",\"total\":\"18.00\",\"total_tax\":\"4.00\"},{\"name\":\"Cup\",\"quantity\":1,\"total\":3}]";
        let items = woo(json, Comma).unwrap();
        assert_eq!(items.iter().map(|t| t.total).collect::<Vec<_>>(), [decimal("18"), decimal("3")]);
        let header: Vec<String> =
            ["a", "line_item_2", "line_items", "line_item_1", "refunds"].map(str::to_owned).into();
        assert_eq!(columns(&header, LineColumns::Woocommerce), [2, 3, 1]);
        assert_eq!(refund_columns(&header, LineColumns::Woocommerce), [4]);
    }

    #[test]
    fn cells_are_read_with_the_sign_of_their_file() {
        let cell = "name:Mug|quantity:2.0|total:1.200|sub_total:1.200,50|tax:0,5";
        assert_eq!(amounts(cell).collect::<Vec<_>>(), ["1.200", "1.200,50", "0,5"]);
        let items = woo(cell, Comma).unwrap();
        assert_eq!((items[0].total, items[0].quantity), (decimal("1200"), decimal("2")));
        let wrong = woo("name:Mug|quantity:2|total:20,00", Dot).unwrap_err();
        assert_eq!(
            wrong,
            "The line item cannot be read: total is “20,00” and has to be an amount such as 1234.50."
        );
    }

    #[test]
    fn a_cell_that_is_no_line_item_is_refused() {
        for text in ["nonsense", "name:x|quantity:many", "a|1|lots"] {
            assert!(woo(text, Dot).is_err(), "{text}");
        }
        assert!(told("{", LineColumns::MagentoJson, Dot).is_err());
    }

    #[test]
    fn refunds_are_read_like_other_amounts_or_refused() {
        for (text, sign, wanted) in [
            ("amount:5,00|reason:x", Comma, Ok("5")),
            ("amount:1,234.50|reason:x", Dot, Ok("1234.5")),
            ("amount:-1,005.00|reason:x;amount:2.00|reason:y", Dot, Ok("1007")),
            ("id:3|date:2024-05-01 10:00:00|amount:5.00|reason:total: all", Dot, Ok("5")),
            ("[{\"id\":3,\"amount\":\"5.50\"}]", Comma, Ok("5.5")),
            ("reason:x", Dot, Ok("0")),
            ("amount:5,00|reason:x", Dot, Err("5,00")),
            ("amount:five", Dot, Err("five")),
        ] {
            let wanted = wanted.map(|w| w.parse().unwrap()).map_err(str::to_owned);
            assert_eq!(refunded(text, sign), wanted, "{text}");
        }
    }
}
