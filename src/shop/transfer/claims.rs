//! What a file of customers says that they have ordered and spent, held against what the shop knows.

use crate::base::money::Money;
use crate::shop::customers::Totals;
use crate::shop::transfer::landing::counted;
use crate::shop::transfer::outcome::{Claim, Place, Warnings};
use rust_decimal::Decimal;

const DIFFER: (&str, &str) = (
    "claims_differ",
    "The file tells of other orders or sums than the orders that are here. Import the orders, then this file again: what differs then is missing here, or counted in another way.",
);

/// Notes where they differ. Sums are compared in whatever currency was spent most in.
pub fn compare(claim: Claim, here: &Totals, place: &Place, warnings: &mut Warnings) {
    let spent = here.spent.iter().filter(|s| s.amount != 0).max_by_key(|s| s.amount);
    let spent = spent.map(|s| Money::new(s.amount, s.currency));
    let exact = spent.map_or(Decimal::ZERO, |m| Decimal::new(m.amount, m.currency.exponent()));
    let (orders, all) = (u64::from(here.orders), u64::from(here.orders_all));
    // Some shops count the cancelled ones, some do not.
    let has_orders = claim.orders.is_none_or(|n| n == orders || n == all);
    if has_orders && claim.spent.is_none_or(|sum| sum.round_dp(2) == exact.round_dp(2)) {
        return;
    }
    let mut differences = Vec::new();
    if let (Some(said), false) = (claim.orders, has_orders) {
        differences.push(format!("{} in the file, {orders} here", counted(said, "orders")));
    }
    if let Some(said) = claim.spent.filter(|sum| sum.round_dp(2) != exact.round_dp(2)) {
        let here = spent.map_or_else(|| "nothing".to_owned(), |m| m.shown());
        differences.push(format!("{} spent in the file, {here} here", said.normalize()));
    }
    let value = format!("{}: {}", place.key, differences.join("; "));
    warnings.note(DIFFER, &place.file, place.line, "", &value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Currency;
    use crate::shop::customers::Spent;

    #[test]
    fn what_differs_is_told_and_what_does_not_is_not() {
        let here = Totals {
            orders: 2,
            orders_all: 3,
            spent: vec![Spent { currency: Currency::EUR, amount: 8_000 }],
            ..Totals::default()
        };
        let place =
            Place { file: "c.csv".into(), line: 2, key: "a@b.de".into(), rows: Vec::new(), claim: None };
        let told = |orders: Option<u64>, spent: Option<&str>, here: &Totals| {
            let mut warnings = Warnings::default();
            let claim = Claim { orders, spent: spent.map(|s| s.parse().unwrap()) };
            compare(claim, here, &place, &mut warnings);
            warnings.0.get("claims_differ").map(|w| w.examples[0].value.clone())
        };
        for same in [(Some(2), Some("80.00")), (Some(3), Some("80")), (None, None), (Some(2), None)] {
            assert_eq!(told(same.0, same.1, &here), None, "{same:?}");
        }
        assert_eq!(told(Some(5), Some("80"), &here).unwrap(), "a@b.de: 5 orders in the file, 2 here");
        assert_eq!(
            told(Some(2), Some("81.50"), &here).unwrap(),
            "a@b.de: 81.5 spent in the file, €80.00 here"
        );
        assert_eq!(
            told(Some(1), Some("9"), &Totals::default()).unwrap(),
            "a@b.de: 1 order in the file, 0 here; 9 spent in the file, nothing here"
        );
        assert_eq!(told(Some(0), Some("0.00"), &Totals::default()), None);
    }
}
