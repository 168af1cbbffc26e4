//! Numbers, amounts and dates as people type them, and the values they lie between.

use super::ast::Op;
use crate::base::money::is_currency_sign;
use crate::base::time::{Timestamp, Zone};
use jiff::civil::Date;
use jiff::{Span, ToSpan, Zoned};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::str::FromStr;

/// The lowest and the highest value that fit, both included; the low one above the high one fits nothing.
pub(crate) type Bounds = (i64, i64);

const NOTHING: Bounds = (i64::MAX, i64::MIN);

/// The bounds of a number. `scale` is how many stored units one typed unit has.
pub(crate) fn number_bounds(op: Op, items: &[&str], scale: i64) -> Option<Bounds> {
    let read = |text: &str| decimal(text).and_then(|d| d.checked_mul(Decimal::from(scale)));
    let floor =
        |d: Decimal| d.floor().to_i64().unwrap_or(if d.is_sign_negative() { i64::MIN } else { i64::MAX });
    let ceil =
        |d: Decimal| d.ceil().to_i64().unwrap_or(if d.is_sign_negative() { i64::MIN } else { i64::MAX });
    let first = items.first().copied().unwrap_or_default();
    Some(match op {
        Op::Between => {
            let end = |text: &str, open: i64, round: &dyn Fn(Decimal) -> i64| {
                if text.is_empty() { Some(open) } else { read(text).map(round) }
            };
            let second = items.get(1).copied().unwrap_or_default();
            let low = end(first, i64::MIN, &ceil)?;
            let high = end(second, i64::MAX, &floor)?;
            // "100..50" is meant as "50..100".
            if low > high && !first.is_empty() && !second.is_empty() {
                (end(second, 0, &ceil)?, end(first, 0, &floor)?)
            } else {
                (low, high)
            }
        }
        _ => {
            let value = read(first)?;
            match op {
                Op::More => (floor(value).saturating_add(1), i64::MAX),
                Op::AtLeast => (ceil(value), i64::MAX),
                Op::Less => (i64::MIN, ceil(value).saturating_sub(1)),
                Op::AtMost => (i64::MIN, floor(value)),
                _ if floor(value) == ceil(value) => (floor(value), floor(value)),
                _ => NOTHING,
            }
        }
    })
}

/// A decimal number, with a currency sign or code before or after it.
fn decimal(text: &str) -> Option<Decimal> {
    let bare = text.trim_matches(|c: char| c.is_alphabetic() || is_currency_sign(c) || c == ' ');
    let plain = bare.replace('\u{2212}', "-").replace(['\'', '’', '_'], "");
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let plain_only = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    if digits == 0 || digits > 18 || !plain_only {
        return None;
    }
    Decimal::from_str(&plain).ok()
}

/// When it is and where the reader is.
pub(crate) struct Calendar<'a> {
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a Zone,
}

/// A typed moment.
enum Moment {
    /// From the first millisecond to the one after the last.
    Span(i64, i64),
    /// `-7d`: alone it means everything from there to now (or from now to there).
    Relative(i64, i64),
}

impl Moment {
    fn span(&self) -> (i64, i64) {
        match self {
            Self::Span(from, to) | Self::Relative(from, to) => (*from, *to),
        }
    }
}

impl Calendar<'_> {
    /// The bounds of a date in milliseconds.
    pub(crate) fn bounds(&self, op: Op, items: &[&str]) -> Option<Bounds> {
        let first = items.first().copied().unwrap_or_default();
        if op == Op::Between {
            let second = items.get(1).copied().unwrap_or_default();
            let low = if first.is_empty() { None } else { Some(self.moment(first)?.span()) };
            let high = if second.is_empty() { None } else { Some(self.moment(second)?.span()) };
            return Some(match (low, high) {
                (Some(a), Some(b)) if a.0 > b.0 => (b.0, a.1 - 1),
                (a, b) => (a.map_or(i64::MIN, |a| a.0), b.map_or(i64::MAX, |b| b.1 - 1)),
            });
        }
        let moment = self.moment(first)?;
        let (from, to) = moment.span();
        Some(match op {
            Op::More => (to, i64::MAX),
            Op::AtLeast => (from, i64::MAX),
            Op::Less => (i64::MIN, from - 1),
            Op::AtMost => (i64::MIN, to - 1),
            _ => match moment {
                Moment::Relative(from, _) if from <= self.now.0 => (from, self.now.0),
                Moment::Relative(_, to) => (self.now.0, to - 1),
                Moment::Span(from, to) => (from, to - 1),
            },
        })
    }

    fn moment(&self, text: &str) -> Option<Moment> {
        let today = self.now.in_zone(self.zone).date();
        match text.to_lowercase().as_str() {
            "now" => return Some(Moment::Span(self.now.0, self.now.0 + 1)),
            "today" => return self.day(today),
            "yesterday" => return self.day(today.yesterday().ok()?),
            "tomorrow" => return self.day(today.tomorrow().ok()?),
            _ => {}
        }
        if text.starts_with(['-', '+', '\u{2212}']) {
            return self.relative(text);
        }
        if text.contains(['T', 't']) {
            return self.instant(text);
        }
        if let Some(date) = date_of(text) {
            return self.day(date);
        }
        let number =
            |part: &str| part.parse::<i16>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
        match text.split_once('-') {
            None if text.len() == 4 => {
                let first = Date::new(number(text)?, 1, 1).ok()?;
                self.days(first, first.checked_add(1.year()).ok()?)
            }
            Some((year, month)) if year.len() == 4 && !month.is_empty() => {
                let first = Date::new(number(year)?, i8::try_from(number(month)?).ok()?, 1).ok()?;
                self.days(first, first.checked_add(1.month()).ok()?)
            }
            _ => None,
        }
    }

    fn days(&self, first: Date, after: Date) -> Option<Moment> {
        Some(Moment::Span(self.zone.date_start(first)?.0, self.zone.date_start(after)?.0))
    }
    fn day(&self, date: Date) -> Option<Moment> {
        self.days(date, date.tomorrow().ok()?)
    }

    /// `-7d`, `+2w`, `-12h`, `-3m` (months), `-1y`, `-30min`.
    fn relative(&self, text: &str) -> Option<Moment> {
        let back = !text.starts_with('+');
        let rest = text.trim_start_matches(['-', '+', '\u{2212}']);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, unit) = rest.split_at_checked(end)?;
        let count: i32 = digits.parse().ok().filter(|n| (0..=100_000).contains(n))?;
        let signed = if back { -count } else { count };
        let span: Span = match unit.to_lowercase().as_str() {
            "d" | "" | "day" | "days" => signed.days(),
            "w" | "week" | "weeks" => Span::new().try_weeks(signed).ok()?,
            "m" | "mo" | "month" | "months" => Span::new().try_months(signed).ok()?,
            "y" | "year" | "years" => Span::new().try_years(signed).ok()?,
            "h" | "hour" | "hours" => return self.shifted(Span::new().try_hours(signed).ok()?),
            "min" => return self.shifted(Span::new().try_minutes(signed).ok()?),
            _ => return None,
        };
        let date = self.now.in_zone(self.zone).checked_add(span).ok()?.date();
        let (from, to) = self.day(date)?.span();
        Some(Moment::Relative(from, to))
    }
    fn shifted(&self, span: Span) -> Option<Moment> {
        let at = millis(&self.now.in_zone(self.zone).checked_add(span).ok()?);
        Some(Moment::Relative(at, at + 1))
    }

    /// A date with a time, in the reader's zone or with an offset of its own. Without seconds it is the whole minute; with
    /// an offset and seconds it is the moment that a program has read somewhere, to the millisecond.
    fn instant(&self, text: &str) -> Option<Moment> {
        let (_, time) = text.split_once(['T', 't'])?;
        let clock = time.split(['Z', 'z', '+', '-', '\u{2212}', '[']).next().unwrap_or_default();
        let to_the_minute = clock.matches(':').count() < 2;
        let (from, length) = if let Ok(exact) = text.parse::<jiff::Timestamp>() {
            (exact.as_millisecond(), if to_the_minute { 60_000 } else { 1 })
        } else {
            let local: jiff::civil::DateTime = text.parse().ok()?;
            let from = millis(&local.to_zoned(self.zone.0.clone()).ok()?);
            (from, if to_the_minute { 60_000 } else { 1_000 })
        };
        Some(Moment::Span(from, from + length))
    }
}

fn millis(at: &Zoned) -> i64 {
    at.timestamp().as_millisecond()
}

/// `2026-11-20` or `20.11.2026`.
fn date_of(text: &str) -> Option<Date> {
    let numbers = |sign: char| -> Option<[i16; 3]> {
        let parts: Vec<i16> = text
            .split(sign)
            .map(|p| p.parse().ok().filter(|_| p.bytes().all(|b| b.is_ascii_digit())))
            .collect::<Option<_>>()?;
        <[i16; 3]>::try_from(parts.as_slice()).ok()
    };
    let [year, month, day] = numbers('-').or_else(|| numbers('.').map(|[d, m, y]| [y, m, d]))?;
    if year < 1000 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(op: Op, items: &[&str]) -> Option<(String, String)> {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let now = Timestamp::parse("2026-11-20T10:15:00Z").unwrap();
        let calendar = Calendar { now, zone: &zone };
        calendar.bounds(op, items).map(|(a, b)| (Timestamp(a).to_string(), Timestamp(b).to_string()))
    }

    #[test]
    fn dates_are_days_of_the_readers_zone() {
        let (from, to) = bounds(Op::Is, &["today"]).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-11-19T23:00:00Z", "2026-11-20T22:59:59.999Z"));
        let (from, to) = bounds(Op::Is, &["-7d"]).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-11-12T23:00:00Z", "2026-11-20T10:15:00Z"));
        let (from, to) = bounds(Op::Between, &["2026-11-01", "2026-11-20"]).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-10-31T23:00:00Z", "2026-11-20T22:59:59.999Z"));
        assert_eq!(bounds(Op::Less, &["now"]).unwrap().1, "2026-11-20T10:14:59.999Z");
        assert_eq!(bounds(Op::More, &["2026-10-25"]).unwrap().0, "2026-10-25T23:00:00Z");
        assert_eq!(bounds(Op::Is, &["2026-10"]).unwrap().0, "2026-09-30T22:00:00Z");
        assert_eq!(bounds(Op::Is, &["20.11.2026"]), bounds(Op::Is, &["2026-11-20"]));
        assert_eq!(bounds(Op::Is, &["2026-11-20T08:00"]).unwrap().0, "2026-11-20T07:00:00Z");
        for minute in ["2026-11-20T08:00", "2026-11-20T07:00Z", "2026-11-20T07:00z", "2026-11-20T08:00+01:00"]
        {
            let (from, to) = bounds(Op::Is, &[minute]).unwrap();
            assert_eq!(
                (from.as_str(), to.as_str()),
                ("2026-11-20T07:00:00Z", "2026-11-20T07:00:59.999Z"),
                "{minute}"
            );
        }
        let (from, to) = bounds(Op::Is, &["2026-11-20T07:00:05+00:00"]).unwrap();
        assert_eq!(from, to, "a moment that a program has read somewhere");
        for nonsense in
            ["", "soon", "2026-13", "31.02.2026", "-7x", "-99999999999d", "-99999y", "2026-", "99999", "-T"]
        {
            assert_eq!(bounds(Op::Is, &[nonsense]), None, "{nonsense}");
        }
    }

    #[test]
    fn numbers_keep_to_what_can_be_stored() {
        assert_eq!(number_bounds(Op::More, &["3.5"], 1), Some((4, i64::MAX)));
        assert_eq!(number_bounds(Op::AtMost, &["3.5"], 1), Some((i64::MIN, 3)));
        assert_eq!(number_bounds(Op::Is, &["3.5"], 1), Some(NOTHING));
        assert_eq!(number_bounds(Op::Between, &["50", "100"], 10_000), Some((500_000, 1_000_000)));
        assert_eq!(number_bounds(Op::Between, &["100", "50"], 1), Some((50, 100)));
        assert_eq!(number_bounds(Op::Between, &["", "50"], 1), Some((i64::MIN, 50)));
        assert_eq!(number_bounds(Op::More, &["€100"], 1), Some((101, i64::MAX)));
        for nonsense in ["", "x", "1e5", "9999999999999999999", "--1", "."] {
            assert_eq!(number_bounds(Op::Is, &[nonsense], 1), None, "{nonsense}");
        }
    }
}
