//! The time of day behind a date as files write it, and how far it is from UTC.

use jiff::civil;

/// Time and offset in seconds after a date; nothing is midnight. `None` when something else follows.
pub fn clock(rest: &str) -> Option<(civil::Time, Option<i32>)> {
    let midnight = civil::Time::midnight();
    let text = rest.trim_start_matches(',').trim();
    if text.is_empty() {
        return Some((midnight, None));
    }
    let text = without_word(text.strip_prefix('T').unwrap_or(text));
    let Some((hour, rest)) = digits(text, 1, 2) else {
        return offset(text).map(|o| (midnight, Some(o)));
    };
    let separator = rest.chars().next().filter(|c| matches!(c, ':' | '.'));
    let (minute, rest) = sixtieth(rest, separator)?;
    let (second, rest) = sixtieth(rest, separator)?;
    let (nanos, rest) = fraction(rest)?;
    let (hour, rest) = half_day(hour, rest.trim_start())?;
    let rest = rest.strip_prefix("Uhr").unwrap_or(rest).trim_start();
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second.min(59)).ok()?,
        nanos,
    );
    let offset = if rest.is_empty() { None } else { Some(offset(rest)?) };
    (second <= 60).then_some((time.ok()?, offset))
}

/// The time without the word that stands before it in some languages: `kl. 14.30`, `klo 14.30`.
fn without_word(text: &str) -> &str {
    let words = ["kl.", "kl ", "klo ", "at ", "um "];
    words.iter().find_map(|word| text.strip_prefix(word)).map_or(text, str::trim_start)
}

/// Minutes or seconds; nothing is none of them. A dot separates only what has two digits behind it: `14.30` is half past
/// two, and `14.3` is nothing.
fn sixtieth(text: &str, separator: Option<char>) -> Option<(u32, &str)> {
    let after = separator.and_then(|sign| text.strip_prefix(sign));
    match after {
        Some(after) => {
            digits(after, 2, 2).filter(|(_, rest)| separator == Some(':') || !begins_with_digit(rest))
        }
        None if begins_with_digit(text) => digits(text, 2, 2),
        None => Some((0, text)),
    }
}

/// Between `least` and `most` digits at the start, as many as there are.
pub fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let run = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(run)?;
    (run >= least).then(|| number.parse().ok().map(|n| (n, rest)))?
}

pub fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// `.123` as nanoseconds.
fn fraction(rest: &str) -> Option<(i32, &str)> {
    let Some(after) = rest.strip_prefix(['.', ',']) else { return Some((0, rest)) };
    let run = after.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = after.split_at_checked(run)?;
    let padded: String = number.chars().chain("000000000".chars()).take(9).collect();
    Some((padded.parse().ok()?, rest))
}

/// `AM` and `p. m.` after the time.
fn half_day(hour: u32, rest: &str) -> Option<(u32, &str)> {
    let same = Some((hour, rest));
    let add = match rest.bytes().next() {
        Some(b'a' | b'A') => 0,
        Some(b'p' | b'P') => 12,
        _ => return same,
    };
    let after = rest.get(1..)?.trim_start_matches('.').trim_start();
    let Some(after) = after.strip_prefix(['m', 'M']) else { return same };
    let after = after.strip_prefix('.').unwrap_or(after);
    if after.starts_with(char::is_alphanumeric) {
        return same;
    }
    (1..=12).contains(&hour).then_some((hour % 12 + add, after.trim_start()))
}

/// Names of zones that are one offset wherever they are written, in hours: those of RFC 5322, of Europe, and some more. `IST`
/// and `BST` are two zones each.
const ZONES: [(&str, i32); 33] = [
    ("Z", 0),
    ("UTC", 0),
    ("UT", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("MEZ", 1),
    ("CEST", 2),
    ("MESZ", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("TRT", 3),
    ("SAST", 2),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("JST", 9),
    ("KST", 9),
    ("AWST", 8),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
];

/// `Z`, `UTC`, `PST`, `+1100`, `+11:00`, `-05`, `GMT+1`, `+0100 (CET)` in seconds.
fn offset(text: &str) -> Option<i32> {
    let text = text.split_once('(').map_or(text, |(before, _)| before).trim();
    let word = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(word)?;
    let known = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, hours)| hours * 3600);
    let rest = match (known, rest) {
        (Some(seconds), "") => return Some(seconds),
        (Some(0), rest) => rest,
        (None, rest) if word.is_empty() => rest,
        _ => return None,
    };
    let (sign, rest) = match rest.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, rest.strip_prefix('-').or_else(|| rest.strip_prefix('\u{2212}'))?),
    };
    let (hours, rest) = digits(rest, 2, 2).or_else(|| digits(rest, 1, 1))?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, "") } else { digits(rest, 2, 2)? };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (rest.is_empty() && hours <= 15 && minutes < 60).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let (time, offset) = clock(text)?;
        Some(offset.map_or_else(|| time.to_string(), |o| format!("{time} {o}")))
    }

    #[test]
    fn a_dot_behind_the_hour_separates_minutes() {
        for (text, wanted) in [
            (" 14.30", "14:30:00"),
            (" 9.05", "09:05:00"),
            (" 14.30.15", "14:30:15"),
            (" 14.30.15.25", "14:30:15.25"),
            (" 14:30", "14:30:00"),
            (" 14:30:00.3", "14:30:00.3"),
            (" 14:30:15.25", "14:30:15.25"),
            ("T10:00:00.123", "10:00:00.123"),
            (" 2.30 pm", "14:30:00"),
            ("13", "13:00:00"),
            (" 13", "13:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text}");
        }
        for text in [" 14.3", " 14.300", " 14.60", " 14.", " 25.10", " 14.30.5"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn halves_of_the_day_and_zones_are_known_by_their_names() {
        for (text, wanted) in [
            (" 10:30 a. m.", "10:30:00"),
            (" 10:30 p.m.", "22:30:00"),
            (" 10:30 p.\u{a0}m.", "22:30:00"),
            (" 10:30:00\u{202f}PM", "22:30:00"),
            (" kl. 14.30", "14:30:00"),
            (" klo 14.30", "14:30:00"),
            (" 14:30 Uhr", "14:30:00"),
            (" 10:00:00,123", "10:00:00.123"),
            (" 10:00:00 PST", "10:00:00 -28800"),
            (" 10:00:00 PDT", "10:00:00 -25200"),
            (" 10:00:00 CET", "10:00:00 3600"),
            (" 10:00 GMT", "10:00:00 0"),
            (" 10:00 GMT+1", "10:00:00 3600"),
            (" 10:00:00 +0100 (CET)", "10:00:00 3600"),
            (" 10:00:00 GMT+0100 (Central European Standard Time)", "10:00:00 3600"),
            ("T10:00Z", "10:00:00 0"),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text}");
        }
        for text in [" 10:00 IST", " 10:00 amx", " 13:00 pm", " 10:00 PST+1", " 10:00 x", " 10:00 +"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
