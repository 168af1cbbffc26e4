//! Cron text: five fields that say when something is due by the clocks of a zone, the moments it means, and its words.
//!
//! By the clocks of people: a time that a change of the clocks leaves out is due when the clocks go on, one that comes
//! twice is due the first time. What is due in every hour is due in every hour that passes.

use crate::base::error::{Error, Result};
use crate::base::time::{DAY_MS, MONTHS, Timestamp, WEEKDAYS, Zone};
use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;

/// 29 February comes after eight years at the latest.
const DAYS_MAX: usize = 366 * 8 + 2;
/// More times a day are said as a whole.
const TIMES_SAID: usize = 4;

/// What a field allows, a bit a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// It was written as `*`.
    is_any: bool,
}

impl Field {
    fn has(self, value: u32) -> bool {
        self.bits >> value & 1 == 1
    }
    fn values(self) -> Vec<u32> {
        (0..64).filter(|value| self.has(*value)).collect()
    }
}

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

impl Cron {
    /// Reads five fields: minute, hour, day of the month, month, day of the week; `*`, numbers, `a-b`, `/n`, lists with
    /// commas, `jan`, `mon`; or `@hourly`, `@daily`, `@weekly`, `@monthly`.
    ///
    /// # Errors
    /// `invalid_cron`, which says what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let plain = match text.as_str() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            other => other,
        };
        let parts: Vec<&str> = plain.split(' ').collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(wrong(
                "Write five fields: minute, hour, day, month, day of the week, such as 0 2 * * *.",
            ));
        };
        let weekdays = field("day of the week", weekday, 0, 7, &WEEKDAYS, 0)?;
        let sunday = if weekdays.has(7) { 1 } else { 0 };
        let cron = Self {
            minutes: field("minute", minute, 0, 59, &[], 0)?,
            hours: field("hour", hour, 0, 23, &[], 0)?,
            days: field("day of the month", day, 1, 31, &[], 0)?,
            months: field("month", month, 1, 12, &MONTHS, 1)?,
            weekdays: Field { bits: (weekdays.bits | sunday) & 0x7f, ..weekdays },
            text: plain.to_owned(),
        };
        if cron.next(Timestamp(0), &Zone::utc()).is_none() {
            return Err(wrong("There is no such day in any year."));
        }
        Ok(cron)
    }

    /// The text, in one form.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn is_on(&self, date: Date) -> bool {
        let number = |n: i8| u32::try_from(n).unwrap_or(0);
        let day = self.days.has(number(date.day()));
        let weekday = self.weekdays.has(number(date.weekday().to_sunday_zero_offset()));
        // As cron has it since ever: two restrictions of the day are one or the other.
        let fits = match (self.days.is_any, self.weekdays.is_any) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        fits && self.months.has(number(date.month()))
    }

    /// Every moment of a day, in order.
    fn on(&self, date: Date, zone: &Zone) -> Vec<Timestamp> {
        let mut found = Vec::new();
        if !self.is_on(date) {
            return found;
        }
        let (hours, minutes) = (self.hours.values(), self.minutes.values());
        for hour in &hours {
            for minute in &minutes {
                let (hour, minute) = (i8::try_from(*hour).unwrap_or(0), i8::try_from(*minute).unwrap_or(0));
                let (moment, second) = moments(date.at(hour, minute, 0, 0), zone);
                found.extend(moment);
                found.extend(second.filter(|_| self.is_hourly()));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn is_hourly(&self) -> bool {
        self.hours.values().len() == 24
    }

    /// The first moment behind another.
    pub fn next(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let mut date = after.in_zone(zone).date();
        for _ in 0..DAYS_MAX {
            if let Some(found) = self.on(date, zone).into_iter().find(|at| *at > after) {
                return Some(found);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The last moment up to another.
    pub fn last(&self, until: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let mut date = until.in_zone(zone).date();
        for _ in 0..DAYS_MAX {
            if let Some(found) = self.on(date, zone).into_iter().rfind(|at| *at <= until) {
                return Some(found);
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    /// The next moments.
    pub fn following(&self, after: Timestamp, zone: &Zone, count: usize) -> Vec<Timestamp> {
        let (mut found, mut at) = (Vec::new(), after);
        while let Some(next) = self.next(at, zone).filter(|_| found.len() < count) {
            found.push(next);
            at = next;
        }
        found
    }

    /// What becomes of it where the clocks are changed within a year, in sentences.
    pub fn oddities(&self, from: Timestamp, zone: &Zone) -> Vec<String> {
        let (mut said, until) = (Vec::new(), from.plus_ms(370 * DAY_MS).jiff());
        if self.is_hourly() {
            return said;
        }
        for change in zone.0.following(from.jiff()).take_while(|change| change.timestamp() < until) {
            let date = change.timestamp().to_zoned(zone.0.clone()).date();
            if !self.is_on(date) {
                continue;
            }
            for (hour, minute) in self.times() {
                let at = date.at(hour, minute, 0, 0);
                let time = at.strftime("%H:%M");
                let day = at.strftime("%-d %B %Y");
                match zone.0.to_ambiguous_timestamp(at).offset() {
                    AmbiguousOffset::Gap { .. } => {
                        let moved =
                            moments(at, zone).0.map(|at| at.in_zone(zone).strftime("%H:%M").to_string());
                        let moved = moved.unwrap_or_default();
                        said.push(format!("On {day} {time} does not exist; it is due at {moved}."));
                    }
                    AmbiguousOffset::Fold { .. } => {
                        said.push(format!("On {day} {time} comes twice; it is due the first time."));
                    }
                    AmbiguousOffset::Unambiguous { .. } => {}
                }
            }
        }
        said
    }

    fn times(&self) -> Vec<(i8, i8)> {
        let minutes = self.minutes.values();
        let small = |n: u32| i8::try_from(n).unwrap_or(0);
        let of_hour =
            |hour: u32| minutes.iter().map(move |minute| (small(hour), small(*minute))).collect::<Vec<_>>();
        self.hours.values().into_iter().flat_map(of_hour).collect()
    }

    /// `every day at 02:00`
    pub fn words(&self) -> String {
        let time = self.time_words();
        let days = self.day_words();
        let months = if self.months.is_any {
            String::new()
        } else {
            format!(" in {}", listed(&self.months.values(), |n| named(&MONTHS, n, 1)))
        };
        if time.starts_with("every") && days == "every day" {
            return format!("{time}{months}");
        }
        format!("{days}{months}{}{time}", if time.starts_with("every") { ", " } else { " " })
    }

    fn time_words(&self) -> String {
        let minutes = self.minutes.values();
        if self.is_hourly() {
            return match minutes.as_slice() {
                all if all.len() == 60 => "every minute".to_owned(),
                [0] => "every hour".to_owned(),
                [minute] => format!("every hour, at {minute} minutes past"),
                [0, step, ..]
                    if minutes.iter().zip(0..).all(|(minute, n)| *minute == n * step)
                        && 60 % step == 0
                        && minutes.len() as u32 == 60 / step =>
                {
                    format!("every {step} minutes")
                }
                several => format!("every hour, at {} minutes past", listed(several, |n| n.to_string())),
            };
        }
        let times = self.times();
        if times.len() > TIMES_SAID {
            let hours = listed(&self.hours.values(), |n| n.to_string());
            return match minutes.as_slice() {
                all if all.len() == 60 => format!("every minute of the hours {hours}"),
                some => format!("at minute {} of the hours {hours}", listed(some, |n| n.to_string())),
            };
        }
        let words: Vec<String> =
            times.iter().map(|(hour, minute)| format!("{hour:02}:{minute:02}")).collect();
        format!("at {}", joined(&words))
    }

    fn day_words(&self) -> String {
        let weekdays = || match self.weekdays.values().as_slice() {
            [1, 2, 3, 4, 5] => "Monday to Friday".to_owned(),
            some => listed(some, |n| named(&WEEKDAYS, n, 0)),
        };
        let days = || format!("on day {} of the month", listed(&self.days.values(), |n| n.to_string()));
        match (self.days.is_any, self.weekdays.is_any) {
            (true, true) => "every day".to_owned(),
            (true, false) => format!("every {}", weekdays()),
            (false, true) => days(),
            (false, false) => format!("{} and every {}", days(), weekdays()),
        }
    }
}

/// When the clocks of a zone show something: never, once, or twice. What they leave out is when they go on.
fn moments(at: DateTime, zone: &Zone) -> (Option<Timestamp>, Option<Timestamp>) {
    let plain = |offset: jiff::tz::Offset| offset.to_timestamp(at).ok();
    let ours = |at: jiff::Timestamp| Timestamp(at.as_millisecond());
    match zone.0.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => (plain(offset).map(ours), None),
        AmbiguousOffset::Fold { before, after } => (plain(before).map(ours), plain(after).map(ours)),
        AmbiguousOffset::Gap { before, .. } => {
            let inside = plain(before).map(|at| ours(at).plus_ms(1).jiff());
            let change = inside.and_then(|at| zone.0.preceding(at).next().map(|change| change.timestamp()));
            (change.map(ours), None)
        }
    }
}

fn wrong(text: impl Into<String>) -> Error {
    Error::invalid("invalid_cron", text.into())
}

fn field(name: &str, text: &str, least: u32, most: u32, names: &[&str], first: u32) -> Result<Field> {
    let value = |text: &str| -> Result<u32> {
        let by_name = |full: &&str| text.len() == 3 && full.to_lowercase().starts_with(text);
        let named = names.iter().position(by_name).and_then(|at| u32::try_from(at).ok()).map(|at| at + first);
        let found = named.or_else(|| text.parse().ok()).filter(|n| (least..=most).contains(n));
        found.ok_or_else(|| wrong(format!("{name}: “{}” is no number from {least} to {most}.", shown(text))))
    };
    let mut bits = 0_u64;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None if step.is_some() => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        let step = match step {
            None => 1,
            Some(text) => text.parse::<u32>().ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
                wrong(format!("{name}: behind the slash stands a number from 1 to {most}."))
            })?,
        };
        if from > to {
            return Err(wrong(format!("{name}: {from}-{to} goes backwards.")));
        }
        let mut n = from;
        while n <= to {
            bits |= 1 << n;
            n += step;
        }
    }
    Ok(Field { bits, is_any: text == "*" })
}

fn shown(text: &str) -> String {
    crate::base::unseen::shown(text, 20)
}

fn named(names: &[&'static str], n: u32, first: u32) -> String {
    let at = n.checked_sub(first).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| names.get(at)).map_or_else(|| n.to_string(), |name| (*name).to_owned())
}

fn listed(values: &[u32], word: impl Fn(u32) -> String) -> String {
    joined(&values.iter().map(|n| word(*n)).collect::<Vec<_>>())
}

/// `a, b and c`
fn joined(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::MINUTE_MS;
    use proptest::prelude::*;

    fn cron(text: &str) -> Cron {
        Cron::parse(text).unwrap()
    }
    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }
    fn berlin() -> Zone {
        Zone::named("Europe/Berlin").unwrap()
    }
    fn next(text: &str, after: &str) -> String {
        cron(text).next(at(after), &berlin()).unwrap().rfc3339()
    }

    #[test]
    fn a_time_is_that_of_the_clocks_of_the_shop() {
        assert_eq!(next("0 2 * * *", "2026-11-27T01:00:00Z"), "2026-11-28T01:00:00Z");
        assert_eq!(next("0 2 * * *", "2026-07-27T00:00:00Z"), "2026-07-28T00:00:00Z");
        assert_eq!(next("0 2 * * *", "2026-11-27T00:59:59Z"), "2026-11-27T01:00:00Z");
        assert_eq!(next("*/15 * * * *", "2026-11-27T01:01:00Z"), "2026-11-27T01:15:00Z");
        assert_eq!(next("30 4 1,15 * *", "2026-11-27T01:01:00Z"), "2026-12-01T03:30:00Z");
        assert_eq!(next("0 9 * * mon-fri", "2026-11-27T12:00:00Z"), "2026-11-30T08:00:00Z");
        assert_eq!(next("0 9 13 * 5", "2026-11-07T12:00:00Z"), "2026-11-13T08:00:00Z", "one or the other");
        assert_eq!(next("0 0 29 2 *", "2026-11-27T12:00:00Z"), "2028-02-28T23:00:00Z");
        assert_eq!(next("0 0 * * 7", "2026-11-27T12:00:00Z"), "2026-11-28T23:00:00Z");
        assert_eq!(next("@daily", "2026-11-27T12:00:00Z"), "2026-11-27T23:00:00Z");
    }

    #[test]
    fn half_past_two_that_does_not_exist_is_due_at_three_and_the_one_that_exists_twice_once() {
        // The clocks go from two to three on 29 March 2026, which is one o'clock in UTC.
        assert_eq!(next("30 2 * * *", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(next("30 2 * * *", "2026-03-29T01:00:00Z"), "2026-03-30T00:30:00Z");
        // They go from three to two on 25 October: half past two is at 0:30 and at 1:30.
        assert_eq!(next("30 2 * * *", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(next("30 2 * * *", "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
        let last = |until: &str| cron("30 2 * * *").last(at(until), &berlin()).unwrap().rfc3339();
        assert_eq!(last("2026-10-25T22:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(last("2026-03-29T01:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(last("2026-03-29T00:59:59Z"), "2026-03-28T01:30:00Z");
        let said = cron("30 2 * * *").oddities(at("2026-01-01T00:00:00Z"), &berlin());
        assert_eq!(
            said,
            [
                "On 29 March 2026 02:30 does not exist; it is due at 03:00.",
                "On 25 October 2026 02:30 comes twice; it is due the first time."
            ]
        );
        assert!(cron("30 4 * * *").oddities(at("2026-01-01T00:00:00Z"), &berlin()).is_empty());
    }

    #[test]
    fn what_is_due_every_hour_is_due_in_every_hour_that_passes() {
        let day = |from: &str| cron("0 * * * *").following(at(from), &berlin(), 4);
        let hours = |from: &str| {
            day(from).windows(2).map(|two| two[1].since_ms(two[0]) / MINUTE_MS).collect::<Vec<_>>()
        };
        assert_eq!(hours("2026-10-24T23:30:00Z"), [60, 60, 60]);
        assert_eq!(hours("2026-03-28T23:30:00Z"), [60, 60, 60]);
    }

    #[test]
    fn words_say_what_the_text_means() {
        for (text, words) in [
            ("0 2 * * *", "every day at 02:00"),
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("0 * * * *", "every hour"),
            ("5 * * * *", "every hour, at 5 minutes past"),
            ("30 2,14 * * *", "every day at 02:30 and 14:30"),
            ("0 9 * * 1-5", "every Monday to Friday at 09:00"),
            ("0 9 * * sat,sun", "every Sunday and Saturday at 09:00"),
            ("0 3 1 * *", "on day 1 of the month at 03:00"),
            ("0 3 1 jan,jul *", "on day 1 of the month in January and July at 03:00"),
            ("0 3 13 * fri", "on day 13 of the month and every Friday at 03:00"),
            (
                "0 8-18 * * *",
                "every day at minute 0 of the hours 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 and 18",
            ),
            ("*/20 * * * mon", "every Monday, every 20 minutes"),
        ] {
            assert_eq!(cron(text).words(), words, "{text}");
        }
    }

    #[test]
    fn what_is_no_cron_text_is_refused_with_the_field() {
        for (text, part) in [
            ("", "five fields"),
            ("0 2 * *", "five fields"),
            ("0 2 * * * *", "five fields"),
            ("60 2 * * *", "minute"),
            ("0 24 * * *", "hour"),
            ("0 2 0 * *", "day of the month"),
            ("0 2 * 13 *", "month"),
            ("0 2 * * 8", "day of the week"),
            ("0 2 * * mo", "day of the week"),
            ("*/0 2 * * *", "slash"),
            ("5-1 2 * * *", "backwards"),
            ("0 2 30 2 *", "no such day"),
            ("a 2 * * *", "minute"),
            ("1,, 2 * * *", "minute"),
            ("99999999999 2 * * *", "minute"),
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(
                error.code == "invalid_cron" && error.message.contains(part),
                "{text}: {}",
                error.message
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Against a clock that goes a minute at a time.
        #[test]
        fn the_next_moment_is_the_first_that_fits(
            minute in 0_u32..60, hour in 0_u32..24, day in prop::option::of(1_u32..29), weekday in prop::option::of(0_u32..7),
            start in 1_760_000_000_000_i64..1_800_000_000_000,
        ) {
            let or_any = |n: Option<u32>| n.map_or_else(|| "*".to_owned(), |n| n.to_string());
            let cron = cron(&format!("{minute} {hour} {} * {}", or_any(day), or_any(weekday)));
            let start = Timestamp(start / MINUTE_MS * MINUTE_MS);
            let fits = |at: Timestamp| {
                let local = at.in_zone(&Zone::utc());
                let by_day = day.is_none_or(|day| local.day() as u32 == day);
                let by_week = weekday.is_none_or(|w| local.weekday().to_sunday_zero_offset() as u32 == w);
                let on = if day.is_some() && weekday.is_some() { by_day || by_week } else { by_day && by_week };
                on && local.hour() as u32 == hour && local.minute() as u32 == minute
            };
            let found = cron.next(start, &Zone::utc()).unwrap();
            prop_assert!(fits(found) && found > start);
            let minutes = found.since_ms(start) / MINUTE_MS;
            prop_assert!((1..minutes).all(|n| !fits(start.plus_ms(n * MINUTE_MS))));
            prop_assert_eq!(cron.last(found, &Zone::utc()), Some(found));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9*/,\\- a-z@]{0,30}") {
            if let Ok(cron) = Cron::parse(&text) {
                prop_assert_eq!(&Cron::parse(cron.text()).unwrap(), &cron);
                prop_assert!(!cron.words().is_empty());
            }
        }
    }
}
