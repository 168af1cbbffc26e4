//! Money: integer minor units with an ISO 4217 code; unit prices to a ten-thousandth; never a float.

use crate::base::digits;
use crate::base::error::{Error, Result};
use rust_decimal::{Decimal, RoundingStrategy};
use std::str::FromStr;

/// An ISO 4217 code, such as `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const EUR: Self = Self(*b"EUR");
    pub const GBP: Self = Self(*b"GBP");
    pub const USD: Self = Self(*b"USD");

    /// Reads a code in any case.
    ///
    /// # Errors
    /// `invalid_currency` when ISO 4217 has no such code.
    pub fn parse(text: &str) -> Result<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let is_like_one = upper.len() == 3 && upper.bytes().all(|b| b.is_ascii_uppercase());
        iso_currency::Currency::from_code(&upper)
            // Gold, test codes and "no currency" have no minor unit: nobody pays with them.
            .filter(|currency| currency.exponent().is_some())
            .and_then(|_| <[u8; 3]>::try_from(upper.as_bytes()).ok())
            .map(Self)
            .ok_or_else(|| match is_like_one {
                true => Error::invalid(
                    "invalid_currency",
                    format!("{upper} is no currency. Enter one such as EUR."),
                ),
                false => {
                    let says = "Enter a currency code of three letters, such as EUR.";
                    Error::invalid("invalid_currency", says)
                }
            })
    }
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
    /// Digits after the point: EUR 2, JPY 0, KWD 3, CLF 4.
    pub fn exponent(&self) -> u32 {
        // What nearly every row of a list asks is not looked up among two hundred.
        if matches!(&self.0, b"EUR" | b"USD" | b"GBP" | b"CHF" | b"SEK" | b"DKK" | b"NOK" | b"PLN" | b"CZK") {
            return 2;
        }
        iso_currency::Currency::from_code(self.code()).and_then(|c| c.exponent()).map_or(2, u32::from)
    }
    /// The sign people write, such as `€`; the code where there is none of its own.
    pub fn symbol(&self) -> String {
        self.known_sign().map_or_else(|| format!("{}\u{a0}", self.code()), str::to_owned)
    }
    fn known_sign(&self) -> Option<&'static str> {
        match &self.0 {
            b"EUR" => Some("€"),
            b"GBP" => Some("£"),
            b"USD" => Some("$"),
            b"JPY" => Some("¥"),
            _ => None,
        }
    }
    pub fn bytes(&self) -> [u8; 3] {
        self.0
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}
impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
impl<C> minicbor::Encode<C> for Currency {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}
impl<'b, C> minicbor::Decode<'b, C> for Currency {
    fn decode(
        d: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> std::result::Result<Self, minicbor::decode::Error> {
        <[u8; 3]>::try_from(d.bytes()?)
            .map(Self)
            .map_err(|_cause| minicbor::decode::Error::message("a currency has 3 bytes"))
    }
}

/// An amount in minor units of its currency: `{"amount":1999,"currency":"EUR"}` is €19.99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Integer minor units (cents).
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "EUR")]
    pub currency: Currency,
}

impl Money {
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }
    /// Written for people: `€1,234.50`, `−€12.00`, `CHF 5.00`.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        self.write_shown(&mut text);
        text
    }
    /// Appends [`Money::shown`].
    pub fn write_shown(&self, out: &mut String) {
        let scale = self.currency.exponent();
        let (size, unit) = (self.amount.unsigned_abs(), 10_u64.pow(scale));
        out.push_str(if self.amount < 0 { "\u{2212}" } else { "" });
        match self.currency.known_sign() {
            Some(sign) => out.push_str(sign),
            None => {
                out.push_str(self.currency.code());
                out.push('\u{a0}');
            }
        }
        // Groups of three, the first as short as it is.
        let mut groups = [0; 7];
        let (mut rest, mut count) = (size / unit, 0);
        for group in &mut groups {
            (*group, rest, count) = (rest % 1_000, rest / 1_000, count + 1);
            if rest == 0 {
                break;
            }
        }
        for (place, group) in groups.iter().take(count).rev().enumerate() {
            out.push_str(if place == 0 { "" } else { "," });
            digits::push_wide(out, *group, if place == 0 { 1 } else { 3 });
        }
        if let Ok(width @ 1..) = usize::try_from(scale) {
            out.push('.');
            digits::push_wide(out, size % unit, width);
        }
    }
    /// Major units as a plain decimal, `-12.50`, for CSV and forms.
    pub fn decimal(&self) -> String {
        let mut text = String::new();
        self.write_decimal(&mut text);
        text
    }
    /// Appends [`Money::decimal`].
    pub fn write_decimal(&self, out: &mut String) {
        write_decimal(out, self.amount, self.currency.exponent());
    }
}

/// Appends a number of which so many digits stand behind the point.
fn write_decimal(out: &mut String, value: i64, scale: u32) {
    let (size, unit) = (value.unsigned_abs(), 10_u64.pow(scale));
    if value < 0 {
        out.push('-');
    }
    digits::push(out, size / unit);
    if let Ok(width @ 1..) = usize::try_from(scale) {
        out.push('.');
        digits::push_wide(out, size % unit, width);
    }
}

/// The sum, or a refusal where 64 bits do not hold it.
///
/// # Errors
/// `amount_too_large` on overflow.
pub fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64> {
    amounts.into_iter().try_fold(0_i64, |a, b| a.checked_add(b)).ok_or_else(too_large)
}

/// The largest amount of one record in minor units, either way: a million million euros. Far below what 64 bits hold,
/// so that the sums of ninety thousand such records are still exact.
pub const AMOUNT_MAX: i64 = 100_000_000_000_000;

/// The sentence of that refusal; [`AMOUNT_MAX`] in words.
pub const TOO_LARGE: &str = "The amount is too large: 100,000,000,000,000 minor units (cents) are the most.";

/// The amount, or a refusal of one that no shop has.
///
/// # Errors
/// `amount_too_large` beyond [`AMOUNT_MAX`].
pub fn possible_amount(amount: i64) -> Result<i64> {
    if (-AMOUNT_MAX..=AMOUNT_MAX).contains(&amount) { Ok(amount) } else { Err(too_large()) }
}

fn too_large() -> Error {
    Error::invalid("amount_too_large", TOO_LARGE)
}

/// A decimal number in major units as minor units, rounded half away from zero.
///
/// # Errors
/// `amount_too_large` when it does not fit.
pub fn to_minor(value: Decimal, currency: Currency) -> Result<i64> {
    let factor = Decimal::from(10_i64.pow(currency.exponent()));
    value
        .checked_mul(factor)
        .map(|v| v.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
        .and_then(|v| i64::try_from(v).ok())
        .ok_or_else(too_large)
}

/// Reads what a person types into a money field: `59`, `59,00`, `59.00`, `€ 1,234.50`, `1.234,50`, `1'234.50`.
///
/// # Errors
/// `invalid_amount` when it is no amount, has more digits than the currency, or can be read in two ways: `1.000`.
pub fn parse_amount(text: &str, currency: Currency) -> Result<i64> {
    let wrong = || Error::invalid("invalid_amount", "Enter an amount such as 59.00.");
    let symbol = currency.symbol();
    let cleaned: String = text
        .replace(symbol.trim(), "")
        .replace(currency.code(), "")
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’'))
        .map(|c| if c == '\u{2212}' { '-' } else { c })
        .collect();
    let plain = match with_point(&cleaned, currency.exponent()) {
        Some(Ok(plain)) => plain,
        Some(Err(two)) => return Err(two),
        None => return Err(wrong()),
    };
    let value = Decimal::from_str(&plain).map_err(|e| wrong().because(e))?;
    if value.normalize().scale() > currency.exponent() {
        return Err(wrong());
    }
    to_minor(value, currency)
}

/// Whether a character is the sign of a currency.
pub fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '\u{20a0}'..='\u{20cf}')
}

/// The decimal number of a word that is an amount: `59.00`, `59,00`, `1.234,50`, `€59`. `None` where nothing says that it is
/// one, neither two decimals nor the sign of a currency, and for what can be read in two ways.
pub fn amount_in(word: &str) -> Option<String> {
    let bare = word.trim_matches(is_currency_sign);
    bare.chars().next()?;
    let plain = with_point(bare, 2)?.ok()?;
    let has_decimals = bare.rfind(['.', ',']).is_some_and(|at| bare.len() == at + 3);
    (has_decimals || bare.len() < word.len()).then_some(plain)
}

/// The number with a point before its decimals and nothing between its groups. `None` for what is no number; an
/// error for what is two: the comma groups as amounts are shown, a point before three digits may do either.
fn with_point(text: &str, exponent: u32) -> Option<Result<String>> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let signs: Vec<(usize, char)> = digits.char_indices().filter(|(_, c)| !c.is_ascii_digit()).collect();
    if signs.iter().any(|(_, c)| !matches!(c, '.' | ',')) {
        return None;
    }
    let Some((at, last)) = signs.last().copied() else { return Some(Ok(text.to_owned())) };
    let (head, tail) = (digits.get(..at)?, digits.get(at + 1..)?);
    let of_last = signs.iter().filter(|(_, c)| *c == last).count();
    let may_group = tail.len() == 3 && (1..=3).contains(&head.len()) && !head.starts_with('0');
    let (whole, part) = match (of_last, signs.len()) {
        (1, 1) if may_group && last == ',' && exponent != 3 => (digits, ""),
        (1, 1) if may_group && (last == ',' || exponent != 3) => {
            let message = format!("{text} can be read in two ways. Write {head}{tail} or {head}.00.");
            return Some(Err(Error::invalid("invalid_amount", message)));
        }
        // The later of two different signs is the decimal one; a sign that comes again groups.
        (1, _) => (head, tail),
        (_, all) if all == of_last => (digits, ""),
        _ => return None,
    };
    let mut groups = whole.split(['.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = rest.is_empty() || (1..=3).contains(&first.len());
    if !is_grouped || rest.iter().any(|group| group.len() != 3) || (first.is_empty() && part.is_empty()) {
        return None;
    }
    Some(Ok(format!("{sign}{}{}.{part:0<1}", if first.is_empty() { "0" } else { first }, rest.concat())))
}

/// A price of one piece in ten-thousandths of a major unit, because suppliers quote 0.0125.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
#[cbor(transparent)]
pub struct Price(pub i64);

impl Price {
    const SCALE: u32 = 4;

    /// # Errors
    /// `amount_too_large` when it does not fit.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self> {
        Self::from_decimal(Decimal::new(minor, currency.exponent()))
    }
    /// Rounded half away from zero to four digits.
    ///
    /// # Errors
    /// `amount_too_large` when it does not fit.
    pub fn from_decimal(value: Decimal) -> Result<Self> {
        let scaled = value
            .checked_mul(Decimal::from(10_000))
            .map(|v| v.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
        scaled.and_then(|v| i64::try_from(v).ok()).map(Self).ok_or_else(too_large)
    }
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, Self::SCALE)
    }
    /// Appends it with as many digits behind the point as it needs: `1.25`, `-0.0125`, `12`.
    pub fn write_decimal(self, out: &mut String) {
        write_decimal(out, self.0, Self::SCALE);
        let without = out.trim_end_matches('0');
        out.truncate(without.strip_suffix('.').unwrap_or(without).len());
    }
    /// The price in minor units, rounded half away from zero.
    ///
    /// # Errors
    /// `amount_too_large` when it does not fit.
    pub fn minor(self, currency: Currency) -> Result<i64> {
        to_minor(self.decimal(), currency)
    }
    /// Price times quantity in minor units, rounded half away from zero once, for the line.
    ///
    /// # Errors
    /// `amount_too_large` when it does not fit.
    pub fn times(self, quantity: i64, currency: Currency) -> Result<i64> {
        let product = self.decimal().checked_mul(Decimal::from(quantity)).ok_or_else(too_large)?;
        to_minor(product, currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn currencies_have_their_digits() {
        for (code, digits) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(Currency::parse(code).unwrap().exponent(), digits, "{code}");
        }
        for code in ["EURO", "ZZZ", "XXX", "XTS", "XAU"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        assert_eq!(Money::new(123_450, Currency::EUR).shown(), "€1,234.50");
        assert_eq!(Money::new(-1200, Currency::EUR).shown(), "−€12.00");
        assert_eq!(Money::new(5, Currency::EUR).shown(), "€0.05");
        assert_eq!(Money::new(1234, Currency::parse("JPY").unwrap()).shown(), "¥1,234");
    }

    #[test]
    fn typed_amounts_are_read_in_either_habit() {
        for text in ["59", "59,00", "59.00", "€ 59", "59 EUR"] {
            assert_eq!(parse_amount(text, Currency::EUR).unwrap(), 5900, "{text}");
        }
        assert_eq!(parse_amount("1.234,50", Currency::EUR).unwrap(), 123_450);
        assert_eq!(parse_amount("1,234.50", Currency::EUR).unwrap(), 123_450);
        assert_eq!(parse_amount("1,234", Currency::EUR).unwrap(), 123_400);
        for (text, minor) in [
            ("1,000.50", 100_050),
            ("1'000.50", 100_050),
            ("1 000,50", 100_050),
            ("50,5", 5_050),
            (".5", 50),
            ("50.", 5_000),
            ("1.000.000", 100_000_000),
            ("1,000,000.00", 100_000_000),
            ("0.50", 50),
            ("-1,000", -100_000),
        ] {
            assert_eq!(parse_amount(text, Currency::EUR).unwrap(), minor, "{text}");
        }
        for text in
            ["", "x", "1.005", "--1", "1e3", "99999999999999999999", "1,2,3", "1.00.000,5", ",", "0,125"]
        {
            assert!(parse_amount(text, Currency::EUR).is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_is_an_amount_where_its_decimals_or_a_sign_say_so() {
        for (word, number) in [
            ("59.90", Some("59.90")),
            ("59,90", Some("59.90")),
            ("1.234,50", Some("1234.50")),
            ("1,234.50", Some("1234.50")),
            ("€59", Some("59")),
            ("59₹", Some("59")),
            (".50", Some("0.50")),
            ("59", None),
            ("59.9", None),
            ("59.905", None),
            ("1.234", None),
            ("€1.234", None),
            ("24.12.26", None),
            ("10.0.0.10", None),
            ("€", None),
            ("", None),
            ("a.90", None),
        ] {
            assert_eq!(amount_in(word).as_deref(), number, "{word}");
        }
    }

    #[test]
    fn an_amount_that_can_be_read_in_two_ways_is_refused_with_both() {
        let said = parse_amount("1.000", Currency::EUR).unwrap_err().message.into_owned();
        assert_eq!(said, "1.000 can be read in two ways. Write 1000 or 1.00.");
        let dinar = Currency::parse("KWD").unwrap();
        assert_eq!(parse_amount("1.000", dinar).unwrap(), 1_000);
        assert!(parse_amount("1,000", dinar).is_err());
    }

    #[test]
    fn a_line_is_rounded_once() {
        let price = Price::from_decimal(Decimal::new(1, 3)).unwrap();
        assert_eq!(price.times(4, Currency::GBP).unwrap(), 0);
        assert_eq!(price.times(5, Currency::GBP).unwrap(), 1);
        assert!(Price(i64::MAX).times(i64::MAX, Currency::GBP).is_err());
    }

    proptest! {
        #[test]
        fn decimal_text_reads_back(amount in -1_000_000_000_000_i64..1_000_000_000_000) {
            let money = Money::new(amount, Currency::EUR);
            prop_assert_eq!(parse_amount(&money.decimal(), Currency::EUR).unwrap(), amount);
        }
        #[test]
        fn decimals_are_written_as_the_library_writes_them(value: i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "CLF", "HUF"])) {
            let currency = Currency::parse(code).unwrap();
            prop_assert_eq!(Money::new(value, currency).decimal(), Decimal::new(value, currency.exponent()).to_string());
            let mut price = String::from("100");
            Price(value).write_decimal(&mut price);
            prop_assert_eq!(price, format!("100{}", Price(value).decimal().normalize()));
        }
        #[test]
        fn no_text_makes_an_amount_panic(text: String) {
            let _parsed = parse_amount(&text, Currency::EUR);
        }
    }
}
