//! What an order comes to, by an example that a test computes.

use serde::Serialize;

/// An order as it is sent: two of a thing with a discount, one of another, a discount on it all, shipping, and a tax that
/// the prices do not contain.
const ORDER: &str = r#"{"currency": "EUR", "tax_included": false,
 "lines": [{"title": "Rain jacket", "quantity": 2, "unit_price": {"amount": 5900, "currency": "EUR"},
            "discount": {"amount": 800, "currency": "EUR"}, "tax": {"amount": 2090, "currency": "EUR"}},
           {"title": "Mug", "quantity": 1, "unit_price": {"amount": 1200, "currency": "EUR"},
            "tax": {"amount": 228, "currency": "EUR"}}],
 "discount": {"amount": 1000, "currency": "EUR"}, "shipping": {"amount": 490, "currency": "EUR"}}"#;

/// A step of the sum: the field of the answer, how it comes about, and the amount in minor units.
const STEPS: &[(&str, &str, i64)] = &[
    ("lines[0].total", "2 × 5900 − 800", 11_000),
    ("lines[1].total", "1 × 1200", 1_200),
    ("subtotal", "11000 + 1200", 12_200),
    ("tax", "2090 + 228", 2_318),
    ("total", "12200 − 1000 + 490 + 2318", 14_008),
];
/// The total of the same order where the prices contain the tax.
const INCLUDED: i64 = 11_690;

/// The example as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct Amounts {
    order: &'static str,
    steps: &'static [(&'static str, &'static str, i64)],
    included: i64,
}

impl Amounts {
    pub(super) const EXAMPLE: Self = Self { order: ORDER, steps: STEPS, included: INCLUDED };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id as _;
    use crate::base::time::Timestamp;
    use crate::shop::orders::{Order, OrderId, PlaceOrder};

    fn placed(order: &str) -> Order {
        let given: PlaceOrder = serde_json::from_str(order).unwrap();
        given.into_new("api").checked(OrderId::from_bytes([1; 16]), Timestamp(0)).unwrap()
    }

    /// What a sum in words comes to: terms from left to right, products first.
    fn sum(words: &str) -> i64 {
        let product = |term: &str| term.split('×').map(|n| n.trim().parse::<i64>().unwrap()).product::<i64>();
        let terms = words.replace('−', "+ -");
        terms.split('+').map(|term| product(&term.replace("- ", "-"))).sum()
    }

    #[test]
    fn the_example_comes_to_what_it_says() {
        let order = placed(ORDER);
        let lines: Vec<i64> = order.lines.iter().map(|line| line.total).collect();
        for (field, words, amount) in STEPS {
            let computed = match *field {
                "lines[0].total" => lines[0],
                "lines[1].total" => lines[1],
                "subtotal" => order.subtotal,
                "tax" => order.tax,
                "total" => order.total,
                other => panic!("{other}"),
            };
            assert_eq!((computed, sum(words)), (*amount, *amount), "{field}");
        }
        assert_eq!(placed(&ORDER.replace("false", "true")).total, INCLUDED);
    }
}
