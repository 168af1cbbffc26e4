//! Phone numbers as digits, in the ways in which people leave parts of them out.

use crate::search::fold;

/// ITU E.164 allows 15 digits with those of the country, but not counting `00`.
const DIGITS_MAX: usize = 15;
/// Digits that are looked at: a number as it is dialled.
const DIALLED_MAX: usize = DIGITS_MAX + 2;

/// A number in digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// All digits; `+`, `00` and a `(0)` after the country are gone.
    pub(crate) digits: String,
    /// Without country and without leading zeros; the same as `digits` without zeros when no country was given.
    pub(crate) national: String,
    /// Whether it began with `+` or `00`.
    pub(crate) with_country: bool,
}

/// Reads the digits of a text; `None` where there are none.
pub(crate) fn read(text: &str) -> Option<Number> {
    let plus = text.trim_start_matches(|c: char| !c.is_alphanumeric() && !is_plus(c)).starts_with(is_plus);
    let without_trunk = if plus { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let mut digits: String = without_trunk.chars().filter_map(fold::digit).take(DIALLED_MAX).collect();
    let mut with_country = plus;
    // `00` is how `+` is dialled; shorter than a number it is only zeros.
    if let Some(rest) = digits.strip_prefix("00").filter(|rest| rest.len() > 6 && !plus) {
        digits = rest.to_owned();
        with_country = true;
    }
    digits.truncate(DIGITS_MAX);
    if digits.is_empty() {
        return None;
    }
    let local = if with_country { digits.get(country_len(&digits)..).unwrap_or_default() } else { &digits };
    let national = local.trim_start_matches('0').to_owned();
    Some(Number { digits, national, with_country })
}

/// Whether a chunk of a query can be a piece of a phone number.
pub(crate) fn is_piece(chunk: &str) -> bool {
    chunk.chars().any(|c| fold::digit(c).is_some())
        && chunk
            .chars()
            .all(|c| fold::digit(c).is_some() || is_plus(c) || matches!(c, '(' | ')' | '-' | '/' | '.'))
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{ff0b}')
}

/// The digits of the country code a number begins with (ITU E.164).
fn country_len(digits: &str) -> usize {
    const TWO: [u32; 45] = [
        20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57,
        58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 28,
    ];
    let two: u32 = digits.get(..2).and_then(|d| d.parse().ok()).unwrap_or(0);
    match two {
        10..=19 | 70..=79 => 1,
        _ if TWO.contains(&two) => 2,
        _ => 3.min(digits.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_national_part_is_what_all_habits_share() {
        for text in
            ["+49 30 123 45 67", "0049 (30) 1234567", "030/123-4567", "+49 (0)30 1234567", "030 1234567"]
        {
            assert_eq!(read(text).unwrap().national, "301234567", "{text}");
        }
        assert_eq!(read("+1 (212) 555-7818").unwrap().national, "2125557818");
        assert_eq!(read("+353 1 234").unwrap().national, "1234");
        assert_eq!(read("ext."), None);
    }

    #[test]
    fn a_number_of_fifteen_digits_is_whole_however_it_is_dialled() {
        for text in ["+49 123456789012345", "0049 123456789012345", "49123456789012345"] {
            assert_eq!(read(text).unwrap().digits, "491234567890123", "{text}");
        }
        for text in ["+491234567890123", "00491234567890123", "00 49 (1234) 567890123"] {
            let number = read(text).unwrap();
            assert_eq!((number.digits.as_str(), number.with_country), ("491234567890123", true), "{text}");
            assert_eq!(number.national, "1234567890123", "{text}");
        }
    }
}
