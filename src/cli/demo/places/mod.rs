//! Where the demo shop's customers live: towns, streets, postcodes, phones, currency and tax of each market.

mod eastern;
mod german;
mod northern;
mod western;
mod world;

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::cli::demo::names::{NameTable, Names};

/// One country in one language. Lists are separated by commas; in patterns `#` is a digit, `%` one that is
/// not 0 and `@` a capital letter.
#[derive(Debug)]
pub(super) struct MarketTable {
    /// ISO 3166-1 alpha-2.
    pub(super) country: &'static str,
    /// BCP 47.
    pub(super) language: &'static str,
    /// Of two hundred customers so many live here; all together make two hundred.
    pub(super) slots: usize,
    pub(super) names: &'static NameTable,
    pub(super) currency: &'static str,
    /// Tax in hundredths of a per cent: usual, and on books and food.
    pub(super) tax: (i64, i64),
    /// Shipping in minor units of the currency, and the subtotal from which it is free.
    pub(super) shipping: (i64, i64),
    /// `carrier=tracking pattern`
    pub(super) carriers: &'static str,
    /// Ways to pay that only this market has, added to the usual ones.
    pub(super) methods: &'static str,
    pub(super) phones: &'static str,
    /// The subdomain of example.com, .net and .org its people have their mail at; empty for none.
    pub(super) mail: &'static str,
    /// `$` stands for the surname.
    pub(super) companies: &'static str,
    pub(super) vat_id: &'static str,
    /// `town=postcode pattern=region`, the last part only where addresses carry it.
    pub(super) towns: &'static str,
    pub(super) streets: &'static str,
    /// `$` stands for the street, the rest is the number.
    pub(super) street_form: &'static str,
    /// What customers write to the shop.
    pub(super) notes: &'static str,
}

/// A town with its postcodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Town {
    pub(super) name: &'static str,
    pub(super) postcode: &'static str,
    pub(super) region: &'static str,
}

/// A [`MarketTable`] with its lists taken apart, once per program.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) table: &'static MarketTable,
    pub(super) currency: Currency,
    /// Ten-thousandths of a major unit in one minor unit: how a [`Price`](crate::base::money::Price) counts.
    pub(super) scale: i64,
    pub(super) names: Names,
    pub(super) towns: Vec<Town>,
    pub(super) streets: Vec<&'static str>,
    /// Carrier and pattern of its tracking codes.
    pub(super) carriers: Vec<(&'static str, &'static str)>,
    pub(super) phones: Vec<&'static str>,
    pub(super) companies: Vec<&'static str>,
    pub(super) methods: Vec<&'static str>,
    pub(super) notes: Vec<&'static str>,
}

impl Market {
    /// # Errors
    /// `invalid_currency` when the table names none.
    fn read(table: &'static MarketTable) -> Result<Self> {
        let list = |text: &'static str| text.split(',').filter(|e| !e.is_empty()).collect::<Vec<_>>();
        let mut methods = vec!["card", "card", "paypal", "paypal", "invoice", "bank_transfer", "apple_pay"];
        methods.extend(list(table.methods));
        let currency = Currency::parse(table.currency)?;
        Ok(Self {
            currency,
            scale: 10_i64.pow(4_u32.saturating_sub(currency.exponent())),
            names: Names::read(table.names, table.language == "de"),
            towns: list(table.towns).into_iter().map(town).collect(),
            streets: list(table.streets),
            carriers: list(table.carriers).into_iter().filter_map(|c| c.split_once('=')).collect(),
            phones: list(table.phones),
            companies: list(table.companies),
            notes: table.notes.split('|').filter(|n| !n.is_empty()).collect(),
            methods,
            table,
        })
    }
}

fn town(text: &'static str) -> Town {
    let mut parts = text.split('=');
    let mut next = || parts.next().unwrap_or_default();
    Town { name: next(), postcode: next(), region: next() }
}

/// All markets, the largest first.
///
/// # Errors
/// Only when the tables in this program are wrong, which a test excludes.
pub(super) fn markets() -> Result<Vec<Market>> {
    [german::MARKETS, western::MARKETS, northern::MARKETS, eastern::MARKETS, world::MARKETS]
        .into_iter()
        .flatten()
        .map(Market::read)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::country;
    use std::collections::HashSet;

    #[test]
    fn the_tables_are_whole() {
        let all = markets().unwrap();
        assert_eq!(all.iter().map(|m| m.table.slots).sum::<usize>(), 200);
        let mut mails = HashSet::new();
        for m in &all {
            let t = m.table;
            assert_eq!(country::find(t.country), Some(t.country));
            assert!(mails.insert(t.mail), "{} twice", t.mail);
            assert!(t.street_form.contains('$'), "{}", t.country);
            for (what, count) in [
                ("towns", m.towns.len()),
                ("streets", m.streets.len()),
                ("carriers", m.carriers.len()),
                ("phones", m.phones.len()),
                ("companies", m.companies.len()),
                ("notes", m.notes.len()),
            ] {
                assert!(count >= 1, "{} has no {what}", t.country);
            }
            assert!(m.towns.iter().all(|town| !town.name.is_empty()), "{}", t.country);
        }
    }
}
