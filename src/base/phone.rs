//! Phone numbers: kept as given, compared by their digits.

/// ITU E.164 allows 15 digits; room for an extension.
const DIGITS_MAX: usize = 24;

/// The digits of a number as typed, in any script; `+` and `00` at the start are the same.
pub fn digits(text: &str) -> String {
    let all: String = text
        .chars()
        .filter_map(|c| to_digit(c).and_then(|d| char::from_digit(d, 10)))
        .take(DIGITS_MAX)
        .collect();
    all.strip_prefix("00").map(str::to_owned).unwrap_or(all)
}

/// What two ways to write one number share: the digits without country prefix zeros.
pub fn significant(text: &str) -> String {
    digits(text).trim_start_matches('0').to_owned()
}

/// A phone cell that a spreadsheet has turned into a number such as `2.14E+09`.
pub fn is_damaged(text: &str) -> bool {
    let t = text.trim();
    t.split_once(['E', 'e']).is_some_and(|(a, b)| {
        a.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
            && !a.is_empty()
            && b.starts_with('+')
            && b.chars().skip(1).all(|c| c.is_ascii_digit())
    })
}

/// Decimal digits of the scripts customers type phone numbers in.
fn to_digit(c: char) -> Option<u32> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{966}'..='\u{96f}' => '\u{966}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    Some(u32::from(c) - u32::from(zero))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_many_formats_has_one_tail() {
        assert_eq!(digits("+49 30 123 45 67"), "49301234567");
        assert_eq!(digits("0049 (30) 1234567"), "49301234567");
        assert!(digits("+49 30 1234567").ends_with(&significant("030/1234567")));
        assert_eq!(digits("٠٣٠"), "030");
    }

    #[test]
    fn a_number_damaged_by_a_spreadsheet_is_known() {
        assert!(is_damaged("2.14E+09") && is_damaged("9.99E+99"));
        assert!(!is_damaged("+49 30 1") && !is_damaged(""));
    }
}
