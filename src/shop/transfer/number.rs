//! Numbers as people and programs write them (rule R9): the decimal sign is decided per column, never per cell.

use rust_decimal::Decimal;

/// The sign before the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum DecimalSign {
    /// `1,234.50`
    #[serde(rename = ".")]
    Dot,
    /// `1.234,50`
    #[serde(rename = ",")]
    Comma,
}

/// What the cells of a column say about its decimal sign.
#[derive(Clone, Debug, Default)]
pub struct NumberVotes {
    dot: u64,
    comma: u64,
    /// The first cell such as `1,234` that may be read both ways.
    unclear: Option<String>,
}

impl NumberVotes {
    /// Takes one cell into account.
    pub fn see(&mut self, text: &str) {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        let Some((_, body)) = body(text) else { return };
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
            (true, _) => {
                self.unclear.get_or_insert_with(|| text.to_owned());
            }
            (false, '.') => self.dot += 1,
            (false, _) => self.comma += 1,
        }
    }
    /// The sign of the column; `Err` with an example when it could be either; `None` when no cell has a sign.
    pub fn decide(&self) -> Result<Option<DecimalSign>, &str> {
        match (self.dot, self.comma, &self.unclear) {
            (0, 0, Some(example)) => Err(example),
            (0, 0, None) => Ok(None),
            (dot, comma, _) if dot >= comma => Ok(Some(DecimalSign::Dot)),
            _ => Ok(Some(DecimalSign::Comma)),
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
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    let mut is_negative = inner.is_some();
    let rest = inner.unwrap_or(text);
    let mut body = String::with_capacity(rest.len());
    let (mut letters, mut minus) = (0, 0);
    for c in rest.chars() {
        match c {
            '0'..='9' | '.' | ',' => body.push(c),
            '\'' | '\u{2019}' => body.push('\''),
            '-' | '\u{2212}' => minus += 1,
            '+' if body.is_empty() => {}
            '$' | '€' | '£' | '¥' | '₹' | '₽' | '₺' | '₩' | '฿' | '₫' | '₴' | '₪' | '¢' => {
                letters += 1
            }
            c if c.is_whitespace() => {
                if !body.is_empty() && !body.ends_with(' ') {
                    body.push(' ');
                }
            }
            // A letter may stand before or behind the digits, never among them: `2.14E+09` is damage.
            c if c.is_alphabetic() => {
                letters += 1;
                if !body.is_empty() {
                    body.push('\u{1}');
                }
            }
            _ => return None,
        }
    }
    let trimmed = body.trim_end_matches([' ', '\u{1}']);
    let minus_inside = minus > 0 && {
        let first = rest.find(|c: char| c.is_ascii_digit())?;
        let last = rest.rfind(|c: char| c.is_ascii_digit())?;
        rest.get(first..last)?.contains(['-', '\u{2212}'])
    };
    let fits = letters <= 4 && minus <= 1 && !minus_inside && !trimmed.contains('\u{1}');
    is_negative |= minus == 1;
    (fits && trimmed.contains(|c: char| c.is_ascii_digit())).then(|| (is_negative, trimmed.to_owned()))
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
        ] {
            assert_eq!(parse(text, sign), Some(wanted.parse().unwrap()), "{text:?}");
        }
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
