//! Dates as files write them (rule R10).

use crate::base::time::{MINUTE_MS, Timestamp, Zone};
use crate::shop::transfer::cell::is_null_word;
use crate::shop::transfer::clock::{begins_with_digit, clock, digits};
use crate::shop::transfer::date_order::{
    DateStyle, Numeric, behind, date, full_year, serial, without_last_dot,
};
use crate::shop::transfer::months;
use jiff::civil;

/// A moment and the offset the file gave with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    /// Minutes east of UTC.
    pub offset_min: Option<i16>,
}

/// Null dates: empty, `0000-00-00`, `0/0/0`, `NULL`.
pub fn is_null(text: &str) -> bool {
    text.is_empty()
        || is_null_word(text)
        || (text.bytes().all(|b| matches!(b, b'0' | b'-' | b'/' | b'.' | b':' | b' ' | b'T' | b'Z'))
            && text.contains(['-', '/', '.']))
}

/// The same for a day somebody was born on: a year of two digits that would lie behind `today` is one of the century before.
pub fn parse_birthday(text: &str, style: DateStyle, zone: &Zone, today: civil::Date) -> Option<Moment> {
    let moment = parse(text, style, zone)?;
    let has_century = Numeric::of(text.trim()).is_none_or(|numeric| numeric.has_century);
    if has_century || moment.at.in_zone(zone).date() <= today {
        return Some(moment);
    }
    let born = moment.at.in_zone(zone).datetime().checked_sub(jiff::Span::new().years(100)).ok()?;
    let zoned = born.to_zoned(zone.0.clone()).ok()?;
    Some(Moment { at: Timestamp(zoned.timestamp().as_millisecond()), offset_min: moment.offset_min })
}

/// Reads a date with or without time and offset; without an offset it is the time of `zone`. `None` for what is no date.
pub fn parse(text: &str, style: DateStyle, zone: &Zone) -> Option<Moment> {
    let text = months::without_weekday(text.trim());
    if style.is_serial {
        return in_zone(serial(text)?, zone);
    }
    let (date, rest) = match Numeric::of(text) {
        Some(numeric) => (numeric.day(style.of(numeric.separator)?)?, numeric.rest),
        None => year_first(text).or_else(|| compact(text)).or_else(|| worded(text))?,
    };
    let (time, offset) = clock(rest)?;
    let (moment, offset_s) = (date.to_datetime(time), offset);
    match offset_s {
        Some(seconds) => {
            let stamp = jiff::tz::Offset::from_seconds(seconds).ok()?.to_timestamp(moment).ok()?;
            Some(Moment {
                at: Timestamp(stamp.as_millisecond()),
                offset_min: i16::try_from(seconds / 60).ok(),
            })
        }
        None => in_zone(moment, zone),
    }
}

fn in_zone(moment: civil::DateTime, zone: &Zone) -> Option<Moment> {
    let zoned = moment.to_zoned(zone.0.clone()).ok()?;
    Some(Moment { at: Timestamp(zoned.timestamp().as_millisecond()), offset_min: None })
}

/// `2026-01-02 …`, also with `/` or `.`, `2024. 03. 15.` and `2024年3月15日`.
fn year_first(text: &str) -> Option<(civil::Date, &str)> {
    let (year, rest) = digits(text, 4, 4)?;
    let Some(separator) = rest.bytes().next().filter(|b| matches!(b, b'-' | b'/' | b'.')) else {
        return eastern(year, rest);
    };
    let (month, rest) = digits(behind(rest, separator)?, 1, 2)?;
    let (day, rest) = digits(behind(rest, separator)?, 1, 2)?;
    let rest = if separator == b'.' { without_last_dot(rest) } else { rest };
    (!begins_with_digit(rest)).then_some((date(year, month, day)?, rest))
}

/// Chinese, Japanese and Korean dates name each part behind it.
fn eastern(year: u32, rest: &str) -> Option<(civil::Date, &str)> {
    let next = |rest: &'_ str, names: [char; 2]| -> Option<usize> {
        Some(rest.trim_start().strip_prefix(names)?.trim_start().len())
    };
    let (month, rest) = digits(tail(rest, next(rest, ['年', '년'])?)?, 1, 2)?;
    let (day, rest) = digits(tail(rest, next(rest, ['月', '월'])?)?, 1, 2)?;
    let rest = tail(rest, next(rest, ['日', '일'])?)?;
    Some((date(year, month, day)?, rest))
}

/// The last `len` bytes.
fn tail(text: &str, len: usize) -> Option<&str> {
    text.get(text.len().checked_sub(len)?..)
}

/// `20260102`, also with hour, minute and second appended.
fn compact(text: &str) -> Option<(civil::Date, &str)> {
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    if !matches!(run, 8 | 10 | 12 | 14) {
        return None;
    }
    let (year, rest) = digits(text, 4, 4)?;
    let (month, rest) = digits(rest, 2, 2)?;
    let (day, rest) = digits(rest, 2, 2)?;
    (1900..=2200).contains(&year).then_some((date(year, month, day)?, rest))
}

/// `Jan 5, 2025 …`, `5 January 2025 …`, `5. tammikuuta 2025`, `15-Mar-24` and `2024-Mar-15`.
fn worded(text: &str) -> Option<(civil::Date, &str)> {
    let month = |text: &'_ str| {
        let run = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
        Some((months::month(text.get(..run)?)?, run))
    };
    if let Some((month, run)) = month(text) {
        let (day, rest) = digits(behind_gap(text.get(run..)?), 1, 2)?;
        let (year, rest) = worded_year(behind_gap(without_ordinal(rest)))?;
        return Some((date(year, month, day)?, rest));
    }
    let (first, rest) = digits(text, 4, 4).or_else(|| digits(text, 1, 2))?;
    let rest = behind_gap(without_ordinal(rest));
    let (month, run) = month(rest)?;
    let rest = behind_gap(rest.get(run..)?);
    let ((year, rest), day) = if first > 31 {
        let (day, rest) = digits(rest, 1, 2)?;
        ((first, rest), day)
    } else {
        (worded_year(rest)?, first)
    };
    (!begins_with_digit(rest)).then_some((date(year, month, day)?, rest))
}

/// What follows the signs and little words between the parts of a date: `15 de marzo de 2024`.
fn behind_gap(text: &str) -> &str {
    let text = text.trim_start_matches([' ', '\u{a0}', ',', '.', '-', '/', '\'', '’']);
    let word = ["de ", "of ", "del "].iter().find_map(|word| text.strip_prefix(word));
    word.map_or(text, str::trim_start)
}

/// The text without the letters that make a day of a number: `15th`, `1er`.
fn without_ordinal(text: &str) -> &str {
    let endings = ["st", "nd", "rd", "th", "er", "º"];
    let rest = endings.iter().find_map(|ending| text.strip_prefix(ending));
    rest.filter(|rest| !rest.starts_with(char::is_alphanumeric)).unwrap_or(text)
}

/// A year beside the name of a month: with four digits, or with two that begin no time.
fn worded_year(text: &str) -> Option<(u32, &str)> {
    if let Some((year, rest)) = digits(text, 4, 4) {
        return (!begins_with_digit(rest)).then_some((year, rest));
    }
    let (short, rest) = digits(text, 2, 2)?;
    let is_year = rest.is_empty() || rest.starts_with([' ', ',', 'T', '\u{a0}']);
    is_year.then(|| (full_year(short), rest))
}

/// The calendar day of a moment where it was written down: `2026-11-20`.
pub fn day(moment: Moment, zone: &Zone) -> String {
    match moment.offset_min {
        Some(minutes) => {
            moment.at.plus_ms(i64::from(minutes) * MINUTE_MS).in_zone(&Zone::utc()).date().to_string()
        }
        None => moment.at.in_zone(zone).date().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::date_order::{ANY_ORDER, DateOrder, DateVotes};
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        let style = DateStyle {
            slash: Some(DateOrder::MonthFirst),
            dash: Some(DateOrder::DayFirst),
            dot: Some(DateOrder::DayFirst),
            is_serial: false,
        };
        parse(text, style, &Zone::utc()).map(|m| m.at.to_string())
    }
    #[test]
    fn dates_of_real_files_are_read() {
        for (text, wanted) in [
            ("2014-11-25 14:45:53 +1100", "2014-11-25T03:45:53Z"),
            ("2025-01-05T10:00:00Z", "2025-01-05T10:00:00Z"),
            ("2011-12-05 08:26:00", "2011-12-05T08:26:00Z"),
            ("19970101", "1997-01-01T00:00:00Z"),
            ("2018100100", "2018-10-01T00:00:00Z"),
            ("2018100113", "2018-10-01T13:00:00Z"),
            ("20181001134501", "2018-10-01T13:45:01Z"),
            ("11/26/2003 0:00 ", "2003-11-26T00:00:00Z"),
            ("08/14/25", "2025-08-14T00:00:00Z"),
            ("2019-07-01", "2019-07-01T00:00:00Z"),
            ("1996-07-04 00:00:00.000", "1996-07-04T00:00:00Z"),
            ("13-01-2016", "2016-01-13T00:00:00Z"),
            ("1/13/2016", "2016-01-13T00:00:00Z"),
            ("31.12.2025 23:59", "2025-12-31T23:59:00Z"),
            ("1/13/2016 1:05 PM", "2016-01-13T13:05:00Z"),
            ("1/13/2016 12:05 am", "2016-01-13T00:05:00Z"),
            ("2025-01-05 10:00:00.123 -05:30", "2025-01-05T15:30:00.123Z"),
            ("Jan 5, 2025, 10:00:00 AM", "2025-01-05T10:00:00Z"),
            ("5 January 2025", "2025-01-05T00:00:00Z"),
            ("05-Dec-2025 13:00", "2025-12-05T13:00:00Z"),
            ("2025/1/5", "2025-01-05T00:00:00Z"),
            ("5. marraskuuta 2025", "2025-11-05T00:00:00Z"),
            ("5 mars 2025", "2025-03-05T00:00:00Z"),
            ("5. März 2025 10:00", "2025-03-05T10:00:00Z"),
            ("sept. 5, 2025", "2025-09-05T00:00:00Z"),
            ("2025-01-05 10:00:00 UTC", "2025-01-05T10:00:00Z"),
            ("15-Mar-24", "2024-03-15T00:00:00Z"),
            ("15-Mar-24 10:30", "2024-03-15T10:30:00Z"),
            ("Mar 15, '24", "2024-03-15T00:00:00Z"),
            ("2024-Mar-15", "2024-03-15T00:00:00Z"),
            ("15 de marzo de 2024", "2024-03-15T00:00:00Z"),
            ("March 15th, 2024 at 2:30 pm", "2024-03-15T14:30:00Z"),
            ("1er mars 2024", "2024-03-01T00:00:00Z"),
            ("Fri, 15 Mar 2024 10:00:00 +0100", "2024-03-15T09:00:00Z"),
            ("Fri Mar 15 2024 10:00:00 GMT+0100 (Central European Standard Time)", "2024-03-15T09:00:00Z"),
            ("Fr., 15.03.2024 14.30", "2024-03-15T14:30:00Z"),
            ("2024-03-15 10:00:00 PST", "2024-03-15T18:00:00Z"),
            ("3/15/2024 10:30 p. m.", "2024-03-15T22:30:00Z"),
            ("2024. 03. 15.", "2024-03-15T00:00:00Z"),
            ("2024. 03. 15. 10:30", "2024-03-15T10:30:00Z"),
            ("15. 3. 2024 10:30", "2024-03-15T10:30:00Z"),
            ("15.03.2024.", "2024-03-15T00:00:00Z"),
            ("2024年3月15日", "2024-03-15T00:00:00Z"),
            ("2024年3月15日 10:30", "2024-03-15T10:30:00Z"),
            ("2024년 3월 15일", "2024-03-15T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text:?}");
        }
        let zone = Zone::named("Australia/Sydney").unwrap();
        let moment = parse("2014-11-25 14:45:53", DateStyle::default(), &zone).unwrap();
        assert_eq!((moment.at.to_string().as_str(), moment.offset_min), ("2014-11-25T03:45:53Z", None));
        let moment = parse("2014-11-25 14:45:53 +1100", DateStyle::default(), &zone).unwrap();
        assert_eq!((moment.offset_min, day(moment, &zone).as_str()), (Some(660), "2014-11-25"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "2025-13-01",
            "2025-02-30",
            "12345678",
            "1/2",
            "2025-01-05 10:00 x",
            "99999999",
            "2025-01-05 25:00",
            "13/13/2016",
            "17850.0",
            "1/2/20256",
            "5. marra 2025",
            "5 marching 2025",
            "5 listopada 2025",
            "45678.5",
            "15 Mar 10:30",
            "15-Mar-241",
            "Friday",
            "15.03.2024.10",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        for text in ["", "0000-00-00", "0000-00-00 00:00:00", "0/0/0", "NULL"] {
            assert!(is_null(text), "{text:?}");
        }
        assert!(!is_null("2025-01-05") && !is_null("0"));
    }

    #[test]
    fn nobody_is_born_in_the_future() {
        let today = civil::date(2026, 11, 30);
        for (text, wanted) in [
            ("13.05.55", "1955-05-13"),
            ("13.05.24", "2024-05-13"),
            ("30.11.26", "2026-11-30"),
            ("01.12.26", "1926-12-01"),
            ("29.02.28", "1928-02-29"),
            ("13.05.2055", "2055-05-13"),
            ("13.05.75", "1975-05-13"),
            ("2055-05-13", "2055-05-13"),
        ] {
            let style = DateStyle { dot: Some(DateOrder::DayFirst), ..DateStyle::default() };
            for zone in ["UTC", "Europe/Berlin"] {
                let zone = Zone::named(zone).unwrap();
                let born = parse_birthday(text, style, &zone, today).unwrap();
                assert_eq!(day(born, &zone), wanted, "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in "[0-9/:T+Z .-]{0,25}|.{0,8}") {
            let mut votes = DateVotes::default();
            votes.see(&text);
            let _read = (votes.decide(None, ANY_ORDER).is_ok(), read(&text), is_null(&text));
        }
        #[test]
        fn times_read_back(ms in 0_i64..4_000_000_000_000) {
            let at = Timestamp(ms);
            prop_assert_eq!(read(&at.to_string()), Some(at.to_string()));
        }
    }
}
