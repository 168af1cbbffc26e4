//! Characters that nobody sees, which make two texts look the same, one look like none, or break a line.

/// Marks that are not seen or turn the text around; U+FFFD is the sign of damage.
pub fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
}

/// Whether a reader sees nothing of this text. A sign of damage and blank letters of a script are seen or taken for such.
pub fn is_blank(text: &str) -> bool {
    let is_filler =
        |c: char| matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{180e}');
    text.chars().all(|c| c.is_whitespace() || is_filler(c) || (is_hidden(c) && c != '\u{fffd}'))
}

/// What a message repeats of a text that somebody sent: its first letters, without marks that would break the line.
pub fn shown(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_unseen_marks_is_blank_and_one_with_a_letter_is_not() {
        for text in ["", " \t", "\u{200b}", "\u{feff}\u{2060} \u{200d}", "\u{3164}", "\u{ad}"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}a", "\u{fffd}", "م\u{200c}", "0", "—"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
