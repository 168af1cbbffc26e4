//! What is in the parcel, in the words a list shows: pieces, categories, sizes, colours, barcodes. Pure.

use super::model::{Line, Order};
use std::borrow::Cow;

/// The different values of a field of the lines, in the order of the lines, and how many pieces each has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Different<'a>(pub Vec<(&'a str, i64)>);

impl<'a> Different<'a> {
    fn of(lines: &'a [Line], field: impl Fn(&'a Line) -> &'a str) -> Self {
        let mut values: Vec<(&str, i64)> = Vec::new();
        for line in lines {
            let value = field(line);
            if value.is_empty() {
                continue;
            }
            match values.iter_mut().find(|(v, _)| *v == value) {
                Some((_, pieces)) => *pieces = pieces.saturating_add(line.quantity),
                None => values.push((value, line.quantity)),
            }
        }
        Self(values)
    }
    /// One after the other.
    pub fn plain(&self) -> Vec<Cow<'a, str>> {
        self.0.iter().map(|(value, _)| Cow::Borrowed(*value)).collect()
    }
    /// With the number of pieces where it is not one: `S`, `2×M`.
    pub fn counted(&self) -> Vec<Cow<'a, str>> {
        let one = |(value, pieces): &(&'a str, i64)| {
            if *pieces == 1 { Cow::Borrowed(*value) } else { Cow::Owned(format!("{pieces}×{value}")) }
        };
        self.0.iter().map(one).collect()
    }
    /// All values, for a title and for CSV.
    pub fn all(&self) -> String {
        let mut text = String::new();
        for (place, (value, _)) in self.0.iter().enumerate() {
            text.push_str(if place == 0 { "" } else { ", " });
            text.push_str(value);
        }
        text
    }
}

/// The item facts of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    pub items: i64,
    pub titles: Different<'a>,
    pub categories: Different<'a>,
    pub sizes: Different<'a>,
    pub colours: Different<'a>,
    pub barcodes: Different<'a>,
    pub skus: Different<'a>,
}

/// The facts of an order's lines.
pub fn facts(order: &Order) -> Facts<'_> {
    let lines = order.lines.as_slice();
    Facts {
        items: order.items(),
        titles: Different::of(lines, |l| &l.title),
        categories: Different::of(lines, |l| &l.category),
        sizes: Different::of(lines, |l| &l.size),
        colours: Different::of(lines, |l| &l.colour),
        barcodes: Different::of(lines, |l| &l.barcode),
        skus: Different::of(lines, |l| &l.sku),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(size: &str, quantity: i64) -> Line {
        Line { size: size.into(), quantity, ..Line::default() }
    }

    #[test]
    fn values_are_listed_once_with_their_pieces() {
        let lines = [line("S", 1), line("M", 1), line("M", 1), line("", 4), line("L", 1)];
        let sizes = Different::of(&lines, |l| &l.size);
        assert_eq!(sizes.counted(), ["S", "2×M", "L"]);
        assert_eq!(sizes.plain(), ["S", "M", "L"]);
    }
}
