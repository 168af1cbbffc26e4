//! Rates of discount: shares such as `0.1`, percentages such as `10%`, and columns that write percentages without the sign.

use crate::shop::transfer::number::{self, DecimalSign};
use rust_decimal::Decimal;

/// What the cells of a column of rates say about how they are written.
#[derive(Clone, Debug, Default)]
pub struct RateVotes {
    /// A cell between nothing and one.
    has_shares: bool,
    /// The first cell above one.
    above_one: Option<String>,
}

impl RateVotes {
    /// Takes one cell into account.
    pub fn see(&mut self, text: &str) {
        // Only its size counts here: a rate has no thousands.
        let sign = if text.contains(',') { DecimalSign::Comma } else { DecimalSign::Dot };
        match number::parse(text, sign).map(|rate| rate.abs()) {
            Some(rate) if rate.is_zero() => {}
            Some(rate) if rate < Decimal::ONE => self.has_shares = true,
            Some(rate) if rate > Decimal::ONE => {
                self.above_one.get_or_insert_with(|| text.to_owned());
            }
            _ => {}
        }
    }
    /// An example of the percentages, where the whole column is of them.
    pub fn percentages(&self) -> Option<&str> {
        self.above_one.as_deref().filter(|_| !self.has_shares)
    }
}

/// The share that a cell of rates says. `None` for what is no number, and for more than all of it.
pub fn parse(text: &str, sign: DecimalSign, is_percentage: bool) -> Option<Decimal> {
    let (number, has_sign) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (text, false),
    };
    let value = number::parse(number, sign)?.abs();
    let share = if has_sign || is_percentage { value.checked_div(Decimal::ONE_HUNDRED)? } else { value };
    (share <= Decimal::ONE).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(cells: &[&str]) -> RateVotes {
        let mut votes = RateVotes::default();
        cells.iter().for_each(|c| votes.see(c));
        votes
    }

    #[test]
    fn a_column_of_percentages_is_one_throughout() {
        assert_eq!(votes(&["0", "10", "1", "12,5"]).percentages(), Some("10"));
        for cells in [&["0.1", "10"][..], &["0.1", "0"], &["1", ""], &["10%"]] {
            assert_eq!(votes(cells).percentages(), None, "{cells:?}");
        }
    }

    #[test]
    fn no_rate_is_more_than_all_of_it() {
        use DecimalSign::{Comma, Dot};
        for (text, sign, is_percentage, wanted) in [
            ("0.1", Dot, false, Some("0.1")),
            ("-0.1", Dot, false, Some("0.1")),
            ("10", Dot, true, Some("0.1")),
            ("10%", Dot, false, Some("0.1")),
            ("12,5 %", Comma, false, Some("0.125")),
            ("10%", Dot, true, Some("0.1")),
            ("1", Dot, false, Some("1")),
            ("10", Dot, false, None),
            ("150", Dot, true, None),
            ("101%", Dot, false, None),
            ("ten", Dot, false, None),
        ] {
            assert_eq!(parse(text, sign, is_percentage), wanted.map(|w| w.parse().unwrap()), "{text}");
        }
    }
}
