//! Numbers as people and programs write them (rule R9): the decimal sign is decided per column, never per cell.

use crate::shop::transfer::signs::Sign;
use rust_decimal::Decimal;

/// The sign before the fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum DecimalSign {
    /// `1,234.50`
    #[default]
    #[serde(rename = ".")]
    Dot,
    /// `1.234,50`
    #[serde(rename = ",")]
    Comma,
}

impl DecimalSign {
    /// An amount as it is written with this sign.
    pub fn example(self) -> &'static str {
        match self {
            Self::Dot => "1234.50",
            Self::Comma => "1234,50",
        }
    }
}

/// What the cells of a column say about its decimal sign.
#[derive(Clone, Debug, Default)]
pub struct NumberVotes {
    dot: u64,
    comma: u64,
    /// The first cell such as `1,234` that may be read both ways, and the first such as `1.234`.
    unclear_comma: Option<String>,
    unclear_dot: Option<String>,
    /// A currency stands beside the digits of a cell.
    pub is_signed: bool,
}

impl NumberVotes {
    /// Takes one cell into account.
    pub fn see(&mut self, text: &str) {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        let Some((_, body)) = body(text) else { return };
        self.is_signed |= text.contains(|c: char| !c.is_ascii() || c.is_ascii_alphabetic() || c == '$');
        let (dots, commas) = (count(&body, '.'), count(&body, ','));
        match (dots, commas) {
            (0, 0) => {}
            (0, 1) => self.single(&body, ',', text),
            (1, 0) => self.single(&body, '.', text),
            (0, _) => self.dot += 1,
            (_, 0) => self.comma += 1,
            _ if body.rfind('.') > body.rfind(',') => self.dot += 1,
            _ => self.comma += 1,
        }
    }
    fn single(&mut self, body: &str, sign: char, text: &str) {
        let (whole, fraction) = body.split_once(sign).unwrap_or((body, ""));
        let groups = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
        match (groups, sign) {
            (true, '.') => {
                self.unclear_dot.get_or_insert_with(|| text.to_owned());
            }
            (true, _) => {
                self.unclear_comma.get_or_insert_with(|| text.to_owned());
            }
            (false, '.') => self.dot += 1,
            (false, _) => self.comma += 1,
        }
    }
    /// The sign of the column; `Err` with an example when it could be either; `None` when no cell has a sign.
    pub fn decide(&self) -> Result<Option<DecimalSign>, &str> {
        match (self.dot, self.comma, self.unclear_dot.as_ref().or(self.unclear_comma.as_ref())) {
            (0, 0, Some(example)) => Err(example),
            (0, 0, None) => Ok(None),
            (dot, comma, _) if dot >= comma => Ok(Some(DecimalSign::Dot)),
            _ => Ok(Some(DecimalSign::Comma)),
        }
    }
    /// The first cell that would have a fraction of three digits with this sign and could be thousands as well.
    pub fn fraction_of_three(&self, sign: DecimalSign) -> Option<&str> {
        match sign {
            DecimalSign::Dot => self.unclear_dot.as_deref(),
            DecimalSign::Comma => self.unclear_comma.as_deref(),
        }
    }
}

fn count(text: &str, sign: char) -> usize {
    text.chars().filter(|c| *c == sign).count()
}

/// Reads a number whose column has this decimal sign. `None` for what is no number, also for damage such as `2.14E+09`.
pub fn parse(text: &str, sign: DecimalSign) -> Option<Decimal> {
    if let Some(plain) = plain(text, sign) {
        return Some(plain);
    }
    let (is_negative, body) = body(text)?;
    let (point, other) = match sign {
        DecimalSign::Dot => ('.', ','),
        DecimalSign::Comma => (',', '.'),
    };
    let (whole, fraction) = body.split_once(point).unwrap_or((&body, ""));
    if whole.is_empty() && fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = ungrouped(whole, other)?;
    let value: Decimal = format!("{digits}.{fraction}0").parse().ok()?;
    let value = value.normalize();
    Some(if is_negative { -value } else { value })
}

/// The common case, `-123.45`, without any copy.
fn plain(text: &str, sign: DecimalSign) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut value, mut scale, mut seen) = (0_i64, None, 0);
    for b in digits.bytes() {
        match b {
            b'0'..=b'9' if seen < 17 => {
                value = value * 10 + i64::from(b - b'0');
                scale = scale.map(|s| s + 1);
                seen += 1;
            }
            b'.' if sign == DecimalSign::Dot && scale.is_none() => scale = Some(0_u32),
            _ => return None,
        }
    }
    let value = if digits.len() == text.len() { value } else { -value };
    (seen > 0).then(|| Decimal::new(value, scale.unwrap_or(0)))
}

/// The digits of the whole part, whose groups must be of three (or two and then three, as in India).
fn ungrouped(whole: &str, other: char) -> Option<String> {
    let is_sign = |c: char| c == other || c == ' ' || c == '\'';
    let groups: Vec<&str> = whole.split(is_sign).collect();
    let last = groups.len() - 1;
    let kinds: std::collections::BTreeSet<char> = whole.chars().filter(|c| is_sign(*c)).collect();
    let fits = groups.iter().enumerate().all(|(i, group)| {
        group.bytes().all(|b| b.is_ascii_digit())
            && (last == 0
                || match i {
                    0 => (1..=3).contains(&group.len()),
                    i if i == last => group.len() == 3,
                    _ => group.len() == 3 || (group.len() == 2 && other == ','),
                })
    });
    (fits && kinds.len() <= 1).then(|| if whole.is_empty() { "0".to_owned() } else { groups.concat() })
}

/// Digits and signs without currency, brackets and minus; blanks become one kind. `None` for other text.
fn body(text: &str) -> Option<(bool, String)> {
    // The common case.
    if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) {
        return text.bytes().any(|b| b.is_ascii_digit()).then(|| (false, text.to_owned()));
    }
    let parts = Parts::of(text)?;
    (beside(parts.front) && beside(parts.tail)).then_some(())?;
    let mut body = String::with_capacity(parts.core.len());
    for c in parts.core.chars() {
        match c {
            '0'..='9' | '.' | ',' => body.push(c),
            '\'' | '\u{2019}' => body.push('\''),
            c if c.is_whitespace() && !body.ends_with(' ') => body.push(' '),
            c if c.is_whitespace() => {}
            // Letters and minuses among the digits are damage, such as `2.14E+09`.
            _ => return None,
        }
    }
    Some((parts.is_negative, body))
}

/// Words for pieces, as they stand beside quantities.
const PIECES: [&str; 13] =
    ["pc", "pcs", "piece", "pieces", "x", "st", "stk", "stck", "stück", "szt", "ks", "db", "pz"];

/// Only what is known to stand beside amounts and quantities may stand there: `1k` and `2 kg` are no numbers.
fn beside(text: &str) -> bool {
    let is_piece = || PIECES.contains(&text.trim_end_matches('.').to_lowercase().as_str());
    text.is_empty() || Sign::known(text).is_some() || is_piece()
}

/// The signs of currencies beside the digits of a cell; `None` for one without, and for other text.
pub fn signs(text: &str) -> Option<(Sign, Option<Sign>)> {
    let parts = Parts::of(text)?;
    match (Sign::known(parts.front), Sign::known(parts.tail)) {
        (Some(front), tail) => Some((front, tail)),
        (None, tail) => tail.map(|tail| (tail, None)),
    }
}

/// A cell around its digits.
struct Parts<'a> {
    is_negative: bool,
    front: &'a str,
    /// From the first digit to the last, with a decimal sign at either end.
    core: &'a str,
    tail: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        let rest = inner.unwrap_or(text);
        let is_point = |c: &char| matches!(c, '.' | ',');
        let (first, last) =
            (rest.find(|c: char| c.is_ascii_digit())?, rest.rfind(|c: char| c.is_ascii_digit())?);
        let (before, after) = (rest.get(..first)?, rest.get(last + 1..)?);
        let mut reversed = before.chars().rev();
        // A dot right behind letters is theirs: `Rs.500` are five hundred.
        let is_fraction = reversed.next().as_ref().is_some_and(is_point)
            && !reversed.next().is_some_and(char::is_alphabetic);
        let front = if is_fraction { before.get(..first - 1)? } else { before };
        let has_point = after.chars().next().as_ref().is_some_and(is_point);
        let tail = if has_point { after.get(1..)? } else { after };
        let core = rest.get(front.len()..rest.len() - tail.len())?;
        // `12,-` is a whole amount as it is written in German, Dutch and Swiss shops.
        let tail = if has_point { without_dashes(tail) } else { tail };
        let (front, front_minus) = without_minus(front.trim_matches(|c: char| c == '+' || c.is_whitespace()));
        let (tail, tail_minus) = without_minus(tail);
        (front_minus + tail_minus <= 1).then_some(Self {
            is_negative: inner.is_some() || front_minus + tail_minus == 1,
            front,
            core,
            tail,
        })
    }
}

/// The text without the one or two dashes that stand for no cents.
fn without_dashes(tail: &str) -> &str {
    let is_dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let rest = tail.strip_prefix(is_dash).unwrap_or(tail);
    rest.strip_prefix(is_dash).unwrap_or(rest)
}

/// The text without minuses and blanks at its ends, and how many minuses they were.
fn without_minus(text: &str) -> (&str, usize) {
    let is_minus = |c: char| matches!(c, '-' | '\u{2212}');
    let inner = text.trim_matches(|c: char| is_minus(c) || c.is_whitespace());
    let count = |text: &str| text.chars().filter(|c| is_minus(*c)).count();
    (inner, count(text) - count(inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn votes(cells: &[&str]) -> NumberVotes {
        let mut votes = NumberVotes::default();
        cells.iter().for_each(|c| votes.see(c));
        votes
    }

    #[test]
    fn numbers_in_all_their_clothes_are_read() {
        use DecimalSign::{Comma, Dot};
        for (text, sign, wanted) in [
            ("1234.5", Dot, "1234.5"),
            ("1,149.00 ", Dot, "1149"),
            ("1.149,00", Comma, "1149"),
            ("1 149,00", Comma, "1149"),
            ("1\u{a0}149,00", Comma, "1149"),
            ("1\u{202f}149,00", Comma, "1149"),
            ("$1,149.00 ", Dot, "1149"),
            ("($33.62)", Dot, "-33.62"),
            ("-$33.62", Dot, "-33.62"),
            ("- 33.62", Dot, "-33.62"),
            ("\u{2212}33.62", Dot, "-33.62"),
            ("33.62-", Dot, "-33.62"),
            ("0,90 €", Comma, "0.9"),
            ("18", Dot, "18"),
            ("18", Comma, "18"),
            ("11.8", Dot, "11.8"),
            (".5", Dot, "0.5"),
            ("5.", Dot, "5"),
            ("R$ 10,00", Comma, "10"),
            ("EUR 10.00", Dot, "10"),
            ("1'149.00", Dot, "1149"),
            ("12,34,567.00", Dot, "1234567"),
            ("2181.5625", Dot, "2181.5625"),
            ("32.3800011", Dot, "32.3800011"),
            ("-80995", Dot, "-80995"),
            ("99999999999999999999.99", Dot, "99999999999999999999.99"),
            ("12,-", Comma, "12"),
            ("€ 99,-", Comma, "99"),
            ("99,- €", Comma, "99"),
            ("1.200,--", Comma, "1200"),
            ("CHF 12.-", Dot, "12"),
            ("1'200.\u{2014}", Dot, "1200"),
            ("-12,-", Comma, "-12"),
            ("(12,-)", Comma, "-12"),
            ("12.00-", Dot, "-12"),
            ("12.00- EUR", Dot, "-12"),
            ("12.00 EUR-", Dot, "-12"),
            ("$-33.62", Dot, "-33.62"),
            ("Rs.500", Dot, "500"),
            ("Rs. 1200", Dot, "1200"),
            ("Rs.500.50", Dot, "500.5"),
            ("Fr.50", Dot, "50"),
            ("100 руб.", Dot, "100"),
            ("kr.1.200,50", Comma, "1200.5"),
            ("$.50", Dot, "0.5"),
            ("EUR .50", Dot, "0.5"),
            ("$12.00 USD", Dot, "12"),
            ("+5", Dot, "5"),
            ("R100", Dot, "100"),
        ] {
            assert_eq!(parse(text, sign), Some(wanted.parse().unwrap()), "{text:?}");
        }
    }

    #[test]
    fn quantities_may_say_pieces() {
        for text in ["2 Stk.", "2x", "2 Stück", "2 szt."] {
            assert_eq!(parse(text, DecimalSign::Dot), Some(Decimal::from(2)), "{text}");
        }
        assert!(
            ["2 kg", "2k", "500g", "2 sets of"].iter().all(|text| parse(text, DecimalSign::Dot).is_none())
        );
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "-",
            "abc",
            "1.2.3",
            "1,5",
            "2.14E+09",
            "1e5",
            "12 50",
            "1,23.4",
            "(",
            "()",
            "$",
            "--1",
            "1-2",
            "NaN",
            "1.5 something invalid",
            "1,149,00",
            "٣",
            "1 2 3",
            "0x10",
            "50¢",
            "1.2k",
            "1M",
            "1万",
            "1o",
            "l00",
            "500g",
            "1k",
            "12.00 CR",
            "NaN5",
            "3 x 5",
            "TBD 5",
            "10 Tsd",
            "5E",
            "12-.50",
            "-12-",
            "USD1.00 - USD 2.00",
            "EUR-USD 5",
            "9".repeat(60).as_str(),
        ] {
            assert_eq!(parse(text, DecimalSign::Dot), None, "{text:?}");
        }
    }

    #[test]
    fn the_column_decides_and_not_the_cell() {
        assert_eq!(votes(&["1,234", "1.5"]).decide(), Ok(Some(DecimalSign::Dot)));
        assert_eq!(votes(&["1.234", "1,5"]).decide(), Ok(Some(DecimalSign::Comma)));
        assert_eq!(votes(&["1,234", "2,345,678"]).decide(), Ok(Some(DecimalSign::Dot)));
        assert_eq!(votes(&["1.149,00"]).decide(), Ok(Some(DecimalSign::Comma)));
        assert_eq!(votes(&["0.125"]).decide(), Ok(Some(DecimalSign::Dot)));
        assert_eq!(votes(&["17", "1,234"]).decide(), Err("1,234"));
        assert_eq!(votes(&["17", "", "abc"]).decide(), Ok(None));
    }

    proptest! {
        #[test]
        fn any_text_is_a_number_or_none(text in "[0-9.,' ()$€E+-]{0,14}|.{0,8}") {
            let mut votes = NumberVotes::default();
            votes.see(&text);
            let _parsed = (votes.decide().is_ok(), parse(&text, DecimalSign::Dot), parse(&text, DecimalSign::Comma));
        }
        #[test]
        fn decimals_read_back(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..5) {
            let value = Decimal::new(mantissa, scale);
            prop_assert_eq!(parse(&value.to_string(), DecimalSign::Dot), Some(value));
            prop_assert_eq!(parse(&value.to_string().replace('.', ","), DecimalSign::Comma), Some(value));
        }
    }
}
