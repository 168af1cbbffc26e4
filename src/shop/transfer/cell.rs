//! What a cell says once the marks of spreadsheets are off (rule R8).

/// The cell without blanks at its ends and without Excel's text mark.
///
/// `="0001"` is the formula that keeps Excel from reading a code as a number: what counts is the text in it. The mark `'` is taken off codes (postcodes, ids, phones) always; off other text only before a digit or one
/// of the signs that begin a formula, because `'s-Hertogenbosch` is a town and `'t Hart` a name.
pub fn clean(raw: &str, is_code: bool) -> &str {
    let text = raw.trim();
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('"')
    {
        return inner.trim();
    }
    match text.strip_prefix('\'') {
        Some(rest)
            if is_code
                || rest.starts_with(|c: char| c.is_ascii_digit() || c == '\'' || begins_formula(c)) =>
        {
            rest
        }
        _ => text,
    }
}

/// Characters of a cell or a heading that a message repeats.
pub const SHOWN_MAX: usize = 100;

/// A cell or a heading as a message repeats it: a broken file may have one of a megabyte.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The first headings of a file, for saying what it has instead.
pub fn headings(header: &[String]) -> String {
    header.iter().take(8).map(|title| shown(title)).collect::<Vec<_>>().join(", ")
}

/// Signs that make a spreadsheet run a cell as a formula, also in full width.
pub fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
    )
}

/// The word that stands for nothing in a cell of dates and codes. "NA" is Namibia and never nothing.
pub fn is_null_word(text: &str) -> bool {
    matches!(text, "NULL" | "null" | "\\N" | "N/A" | "#N/A" | "(null)" | "None" | "NaN" | "nan")
}

/// What stands in the place of an id or an e-mail address where there is none: two rows with it are not one person.
pub fn is_nobody(text: &str) -> bool {
    const WORDS: [&str; 8] = ["", "-", "--", "none", "null", "nan", "n/a", "#n/a"];
    text.len() <= 6 && (is_null_word(text) || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)))
}

/// A code or a phone that a spreadsheet has destroyed.
pub fn is_damaged(text: &str) -> bool {
    matches!(text, "N/A" | "#N/A" | "#ERROR!" | "#REF!" | "#VALUE!" | "#NAME?")
        || crate::base::phone::is_damaged(text)
}

/// A customer number that passed through a table of floats: `17850.0` is 17850.
pub fn without_float_tail(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

/// Letters that were lost, or read in a wrong encoding, before the file came to us.
pub fn looks_garbled(text: &str) -> bool {
    !text.is_ascii()
        && (text.contains('\u{fffd}')
            || text.contains("â€")
            || text.contains("ï¿½")
            || has_torn_letter(text)
            || text
                .chars()
                .zip(text.chars().skip(1))
                .any(|(a, b)| matches!(a, 'Ã' | 'Â') && ('\u{80}'..='\u{bf}').contains(&b)))
}

/// A letter of three bytes in UTF-8, such as most of the East's, that was read byte by byte: `å¼\u{a0}`.
fn has_torn_letter(text: &str) -> bool {
    let is_part = |c: char| {
        let byte = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])).0.first().copied();
        ('\u{80}'..='\u{bf}').contains(&c)
            || (!c.is_ascii() && byte.is_some_and(|b| (0x80..=0xbf).contains(&b)))
    };
    // Closing quotes and dashes stand behind an accented letter by right; a sign amid a word does not.
    let is_sign = |c: char| {
        let is_common = matches!(c, '«' | '»' | '·' | '°' | '\u{a0}');
        (('\u{80}'..='\u{bf}').contains(&c) && !is_common)
            || matches!(c, '‚' | 'ƒ' | '„' | '†' | '‡' | 'ˆ' | '‰')
    };
    let next = text.chars().skip(1).zip(text.chars().skip(2));
    text.chars()
        .zip(next)
        .any(|(a, (b, c))| ('à'..='ï').contains(&a) && is_part(b) && is_part(c) && (is_sign(b) || is_sign(c)))
}

/// Yes and no as shops write them; "NO" of a country column never comes here.
pub fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "y" | "on" | "subscribed" => Some(true),
        "" | "0" | "no" | "false" | "n" | "off" | "not subscribed" | "unsubscribed" => Some(false),
        _ => None,
    }
}

/// The parts of a list in one cell, without the empty ones.
pub fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// One line of at most `most` characters: breaks become blanks, other control characters go. The flag says
/// whether anything was changed.
pub fn one_line(text: &str, most: usize) -> (String, bool) {
    if text.len() <= most && !text.chars().any(char::is_control) {
        return (text.trim().to_owned(), false);
    }
    let mut line = String::with_capacity(text.len().min(4 * most));
    for c in text.trim().chars().take(most) {
        match c {
            '\r' | '\n' | '\t' if line.ends_with(' ') => {}
            '\r' | '\n' | '\t' => line.push(' '),
            c if c.is_control() => {}
            c => line.push(c),
        }
    }
    let changed = line != text.trim();
    (line.trim().to_owned(), changed)
}

/// The same for texts of several lines.
pub fn many_lines(text: &str, most: usize) -> (String, bool) {
    let plain = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String =
        plain.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(most).collect();
    let changed = kept != plain.trim();
    (kept.trim().to_owned(), changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_the_text_mark_go_and_names_stay() {
        for (raw, is_code, wanted) in [
            ("'0812", false, "0812"),
            ("'7210448301122", true, "7210448301122"),
            ("\u{a0}Cancelled ", false, "Cancelled"),
            ("'M2M 2M2", true, "M2M 2M2"),
            ("'s-Hertogenbosch", false, "'s-Hertogenbosch"),
            ("'=1+1", false, "=1+1"),
            ("''quoted'", false, "'quoted'"),
            ("NA", true, "NA"),
            ("=\"0001\"", true, "0001"),
            (" =\"Mug\" ", false, "Mug"),
            ("=\"", true, "=\""),
            ("=\"a\"&\"b\"", false, "=\"a\"&\"b\""),
        ] {
            assert_eq!(clean(raw, is_code), wanted);
        }
    }

    #[test]
    fn damage_is_seen_and_namibia_is_none() {
        for text in ["2.14E+09", "9.99E+99", "#N/A", "#ERROR!"] {
            assert!(is_damaged(text), "{text}");
        }
        assert!(!is_damaged("NA") && !is_damaged("+49 30 1") && !is_null_word("NA"));
        // A database writes these; no spreadsheet has destroyed anything.
        assert!(!is_damaged("NULL") && is_nobody("NULL"));
        assert!(looks_garbled("J\u{fffd}rg") && looks_garbled("JÃ¶rg") && looks_garbled("itâ€™s"));
        assert!(looks_garbled("å¼\u{a0} ä¼Ÿ") && looks_garbled("åŒ—äº¬") && looks_garbled("ã‚\u{ab}ãƒƒ"));
        assert!(!looks_garbled("café”… à «x» né–") && !looks_garbled("北京"));
        assert!(!looks_garbled("Jörg") && !looks_garbled("São Paulo") && !looks_garbled("Ânia"));
    }

    #[test]
    fn a_number_that_was_a_float_is_a_number_again() {
        assert_eq!(without_float_tail("17850.0"), "17850");
        assert_eq!(without_float_tail("1.0.0"), "1.0.0");
        assert_eq!(without_float_tail(".0"), ".0");
    }

    #[test]
    fn one_line_has_no_breaks_and_keeps_its_length() {
        assert_eq!(one_line("a\r\nb\u{0}c", 10), ("a bc".into(), true));
        assert_eq!(one_line(" ab ", 10), ("ab".into(), false));
        assert_eq!(one_line("äöü", 2), ("äö".into(), true));
        assert_eq!(many_lines("a\r\nb", 10), ("a\nb".into(), false));
    }
}
