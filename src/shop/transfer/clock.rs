//! The time of day behind a date as files write it, and how far it is from UTC.

use jiff::civil;

/// Time and offset in seconds after a date; nothing is midnight. `None` when something else follows.
pub fn clock(rest: &str) -> Option<(civil::Time, Option<i32>)> {
    let midnight = civil::Time::midnight();
    let text = rest.trim_start_matches(',').trim();
    if text.is_empty() {
        return Some((midnight, None));
    }
    let text = text.strip_prefix('T').unwrap_or(text);
    let Some((hour, rest)) = digits(text, 1, 2) else {
        return offset(text).map(|o| (midnight, Some(o)));
    };
    let separator = rest.chars().next().filter(|c| matches!(c, ':' | '.'));
    let (minute, rest) = sixtieth(rest, separator)?;
    let (second, rest) = sixtieth(rest, separator)?;
    let (nanos, rest) = fraction(rest)?;
    let (hour, rest) = half_day(hour, rest.trim_start())?;
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second.min(59)).ok()?,
        nanos,
    );
    let offset = if rest.is_empty() { None } else { Some(offset(rest)?) };
    (second <= 60).then_some((time.ok()?, offset))
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
    let Some(after) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let run = after.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = after.split_at_checked(run)?;
    let padded: String = number.chars().chain("000000000".chars()).take(9).collect();
    Some((padded.parse().ok()?, rest))
}

/// `AM` and `PM` after the time.
fn half_day(hour: u32, rest: &str) -> Option<(u32, &str)> {
    let upper: String = rest.chars().take(2).collect::<String>().to_ascii_uppercase();
    let (add, rest) = match upper.as_str() {
        "AM" => (0, rest.get(2..)?),
        "PM" => (12, rest.get(2..)?),
        _ => return Some((hour, rest)),
    };
    (1..=12).contains(&hour).then_some((hour % 12 + add, rest.trim_start()))
}

/// `Z`, `UTC`, `+1100`, `+11:00`, `-05` in seconds.
fn offset(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-').or_else(|| text.strip_prefix('\u{2212}'))?),
    };
    let (hours, rest) = digits(rest, 2, 2)?;
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
}
