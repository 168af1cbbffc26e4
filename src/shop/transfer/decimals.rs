//! How the columns of numbers in a file are read: each by its own cells, else by those of the file's other columns, unless
//! that would make cents of what may be thousands.

use crate::base::error::{Error, Result};
use crate::base::money::Currency;
use crate::shop::transfer::cell::shown;
use crate::shop::transfer::number::{DecimalSign, NumberVotes};
use crate::shop::transfer::signs::Sign;
use std::collections::BTreeSet;

/// What the numbers of a column are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    #[default]
    Money,
    /// Pieces, orders, instalments and rates. A quantity that a table of floats has made `1.0` says nothing about how its
    /// writer puts an amount.
    Count,
}

/// A column of numbers with what its cells say.
#[derive(Debug, Default)]
pub struct Numbers {
    pub title: String,
    pub measure: Measure,
    pub votes: NumberVotes,
}

/// Which currencies the amounts of a file may be in.
#[derive(Clone, Debug, Default)]
pub struct Currencies(BTreeSet<u32>);

impl Currencies {
    pub fn see(&mut self, currency: Currency) {
        self.0.insert(currency.exponent());
    }
    pub fn see_text(&mut self, text: &str) {
        if let Some(currency) = Sign::known(text).and_then(|sign| sign.currency()) {
            self.see(currency);
        }
    }
    /// Whether amounts have three decimals by right, as dinars have.
    fn have_three_decimals(&self) -> bool {
        self.0.first().is_some_and(|least| *least >= 3)
    }
}

/// The sign of every column, in their order, and what no cell decides, a sentence each.
///
/// # Errors
/// `number_style_unclear` where a column can be read both ways.
pub fn decide(
    columns: &[Numbers],
    chosen: Option<DecimalSign>,
    currencies: &Currencies,
) -> Result<(Vec<DecimalSign>, Vec<String>)> {
    let money = columns.iter().filter(|c| c.measure == Measure::Money);
    let said: BTreeSet<bool> =
        money.filter_map(|c| c.votes.decide().ok().flatten()).map(|sign| sign == DecimalSign::Dot).collect();
    // A file has one writer: what its other columns say decides those that could be read both ways.
    let usual = match (chosen, said.len()) {
        (Some(sign), _) => Some(sign),
        (None, 1) => Some(if said.contains(&true) { DecimalSign::Dot } else { DecimalSign::Comma }),
        _ => None,
    };
    let mut told = Vec::new();
    let mut of = |column: &Numbers| {
        let example = match column.votes.decide() {
            Ok(sign) => return Ok(sign.or(usual).unwrap_or(DecimalSign::Dot)),
            Err(example) => example,
        };
        let sign = usual.ok_or_else(|| unclear(&column.title, example))?;
        // No price list has a tenth of a cent in every price: `1.200` is likelier to be thousands, and is asked about.
        let odd = column.votes.fraction_of_three(sign).filter(|_| {
            chosen.is_none() && column.measure == Measure::Money && !currencies.have_three_decimals()
        });
        if let Some(example) = odd {
            return Err(unclear(&column.title, example));
        }
        let point = if sign == DecimalSign::Dot { "a dot" } else { "a comma" };
        told.push(format!("{}: {} is read with {point} before the fraction.", column.title, shown(example)));
        Ok(sign)
    };
    let signs = columns.iter().map(&mut of).collect::<Result<Vec<_>>>()?;
    Ok((signs, told))
}

fn unclear(title: &str, example: &str) -> Error {
    Error::invalid(
        "number_style_unclear",
        format!(
            "The column {} can be read in two ways: {} may be thousands or a fraction. Say which sign the decimals have (--decimal , or --decimal .).",
            shown(title),
            shown(example)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &str, measure: Measure, cells: &[&str]) -> Numbers {
        let mut votes = NumberVotes::default();
        cells.iter().for_each(|c| votes.see(c));
        Numbers { title: title.to_owned(), measure, votes }
    }
    fn total(cells: &[&str]) -> Numbers {
        column("Total", Measure::Money, cells)
    }
    fn decided(columns: &[Numbers], code: &str) -> std::result::Result<Vec<DecimalSign>, &'static str> {
        let mut currencies = Currencies::default();
        currencies.see(Currency::parse(code).unwrap());
        decide(columns, None, &currencies).map(|(signs, _)| signs).map_err(|e| e.code)
    }

    #[test]
    fn thousands_are_no_fractions_because_another_column_has_a_dot() {
        use DecimalSign::{Comma, Dot};
        const UNCLEAR: std::result::Result<Vec<DecimalSign>, &str> = Err("number_style_unclear");
        let quantity = || column("Qty", Measure::Count, &["1.0", "2.0"]);
        assert_eq!(decided(&[total(&["150.000 ₫"]), quantity()], "VND"), UNCLEAR);
        assert_eq!(decided(&[total(&["15.000", "9.500"]), quantity()], "IDR"), UNCLEAR);
        let price = || column("Price", Measure::Money, &["0.50"]);
        assert_eq!(decided(&[total(&["1.200", "3.500"]), price()], "EUR"), UNCLEAR);
        // One cell that is no group of three says what the others are.
        assert_eq!(decided(&[total(&["1.200", "3.50"]), price()], "EUR"), Ok(vec![Dot, Dot]));
        // What another column makes thousands of is no tenth of a cent.
        assert_eq!(decided(&[total(&["1,200"]), price()], "EUR"), Ok(vec![Dot, Dot]));
        let comma = column("Price", Measure::Money, &["0,50"]);
        assert_eq!(decided(&[total(&["1.200"]), comma], "EUR"), Ok(vec![Comma, Comma]));
        // Dinars have three decimals.
        assert_eq!(decided(&[total(&["1.200"]), price()], "KWD"), Ok(vec![Dot, Dot]));
        assert_eq!(decided(&[total(&["1.200"])], "KWD"), UNCLEAR);
        // Pieces are no money.
        let pieces = column("Qty", Measure::Count, &["1.000", "2.000"]);
        assert_eq!(decided(&[pieces, price()], "EUR"), Ok(vec![Dot, Dot]));
    }

    #[test]
    fn whoever_says_the_sign_knows_better() {
        let columns = [total(&["1.200"]), column("Price", Measure::Money, &["0.50"])];
        let (signs, told) = decide(&columns, Some(DecimalSign::Dot), &Currencies::default()).unwrap();
        assert_eq!(signs, [DecimalSign::Dot; 2]);
        assert_eq!(told, ["Total: 1.200 is read with a dot before the fraction."]);
    }
}
