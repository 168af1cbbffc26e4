//! The signs of currencies in cells of amounts: a `£` says more than what is assumed of a file.

use crate::base::money::Currency;

/// A sign with the currencies it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    pub text: char,
    codes: &'static [&'static str],
}

/// The currencies of each sign. Where there is only one, the sign rules.
const SIGNS: &[Sign] = &[
    Sign { text: '€', codes: &["EUR"] },
    Sign { text: '£', codes: &["GBP"] },
    Sign { text: '₹', codes: &["INR"] },
    Sign { text: '₽', codes: &["RUB"] },
    Sign { text: '₺', codes: &["TRY"] },
    Sign { text: '₩', codes: &["KRW"] },
    Sign { text: '₫', codes: &["VND"] },
    Sign { text: '₴', codes: &["UAH"] },
    Sign { text: '₪', codes: &["ILS"] },
    Sign { text: '฿', codes: &["THB"] },
    Sign { text: '¥', codes: &["JPY", "CNY"] },
    Sign {
        text: '$',
        codes: &[
            "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BRL", "BBD",
            "BMD", "BSD", "BZD", "DOP", "FJD", "GYD", "JMD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD",
        ],
    },
];

impl Sign {
    /// The first sign in a cell.
    pub fn of(text: &str) -> Option<Self> {
        text.chars().find_map(|c| SIGNS.iter().find(|sign| sign.text == c)).copied()
    }
    /// Whether amounts of this currency are written with it.
    pub fn is_of(self, currency: Currency) -> bool {
        self.codes.contains(&currency.to_string().as_str())
    }
    /// The one currency it stands for.
    pub fn currency(self) -> Option<Currency> {
        match self.codes {
            [one] => Currency::parse(one).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_of_currencies_that_there_are() {
        for sign in SIGNS {
            for code in sign.codes {
                assert!(sign.is_of(Currency::parse(code).unwrap()), "{code}");
            }
        }
        assert_eq!(Sign::of("£14.90").and_then(Sign::currency), Some(Currency::parse("GBP").unwrap()));
        assert_eq!(Sign::of("$14.90").and_then(Sign::currency), None);
        assert_eq!(Sign::of("14.90"), None);
    }
}
