//! What a price in euros is in the other currencies of the demo shop, with the endings people there expect.

use crate::base::money::Currency;

/// An amount of euro cents in minor units of `currency`, rounded to a price one would see on a tag.
pub(super) fn local_price(cents: i64, currency: Currency) -> i64 {
    match currency.code() {
        "GBP" => ending(cents * 88 / 100, 100, 5),
        "USD" => ending(cents * 112 / 100, 100, 5),
        "CHF" => ending(cents * 99 / 100, 50, 0),
        "SEK" => ending(cents * 1_130 / 100, 1_000, 100),
        "PLN" => ending(cents * 430 / 100, 100, 1),
        // The yen has no cents.
        "JPY" => ending(cents * 163 / 100, 100, 20),
        _ => cents,
    }
}

/// The nearest multiple of `step` less `below`, at least one step.
fn ending(amount: i64, step: i64, below: i64) -> i64 {
    ((amount + step / 2) / step * step).max(step) - below
}

/// The tax inside an amount, at a rate in hundredths of a per cent, rounded half up.
pub(super) fn tax_within(amount: i64, rate: i64) -> i64 {
    let whole = 10_000 + rate;
    (amount * rate * 2 + whole) / (whole * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_end_as_people_expect() {
        let price = |code: &str| local_price(1490, Currency::parse(code).unwrap());
        assert_eq!(
            ["EUR", "GBP", "USD", "CHF", "SEK", "PLN", "JPY"].map(price),
            [1490, 1295, 1695, 1500, 16900, 6399, 2380]
        );
    }

    #[test]
    fn tax_is_inside_the_amount() {
        assert_eq!((tax_within(11_900, 1900), tax_within(107, 700), tax_within(500, 0)), (1_900, 7, 0));
    }
}
