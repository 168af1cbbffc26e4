//! Numbers as digits, appended to a text: a tenth of what `write!` takes, which shows in files of a hundred million cells.

/// The digits of the largest number.
const MOST: usize = 20;

/// Appends a number.
pub fn push(out: &mut String, number: u64) {
    push_wide(out, number, 1);
}

/// Appends a number with its sign.
pub fn push_signed(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    push(out, number.unsigned_abs());
}

/// Appends a number with zeros before it, so that it has so many digits at least.
pub fn push_wide(out: &mut String, number: u64, width: usize) {
    let (mut rest, mut digits, mut from) = (number, [b'0'; MOST], MOST);
    while rest > 0 {
        from -= 1;
        if let Some(digit) = digits.get_mut(from) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
    }
    let shown = digits.get(from.min(MOST - width.min(MOST))..).unwrap_or_default();
    out.push_str(std::str::from_utf8(shown).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_ever(number: u64, signed: i64, small in 0_u64..1_000, width in 1_usize..=20) {
            let mut text = String::from("7");
            push(&mut text, number);
            push_signed(&mut text, signed);
            push_wide(&mut text, small, width);
            prop_assert_eq!(text, format!("7{number}{signed}{small:0width$}"));
        }
    }
}
