//! Time: one clock, UTC milliseconds inside, RFC 3339 outside, a named zone for people.

use crate::base::error::{Error, Result};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A moment: milliseconds since 1970 in UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
#[cbor(transparent)]
pub struct Timestamp(pub i64);

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// The months in English, from January on.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The days of the week in English, from Sunday on.
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Timestamp {
    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// `invalid_time` when it is something else.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        // No clock is a day and more from UTC, as RFC 3339 has it too; jiff would take one.
        let has_offset = |text: &str| {
            let time = text.get(10..).unwrap_or_default();
            time.rsplit_once(['+', '-']).is_none_or(|(_, offset)| offset.get(..2).is_some_and(|h| h <= "23"))
        };
        if !has_offset(text) {
            let wrong = "Enter a time with an offset from -23:59 to +23:59, such as 2026-11-20T10:15:00Z.";
            return Err(Error::invalid("invalid_time", wrong));
        }
        let read = |text: &str| text.parse::<jiff::Timestamp>();
        let is_last_day = |rest: &str| read(&format!("9998{rest}")).is_ok();
        match read(text) {
            Ok(at) => Ok(Self(at.as_millisecond())),
            // The calendar ends a day before the year does; who looks at ranges says what is wrong with such a moment.
            Err(_) if text.strip_prefix("9999").is_some_and(is_last_day) => {
                Ok(Self(jiff::Timestamp::MAX.as_millisecond()))
            }
            Err(e) => {
                Err(Error::invalid("invalid_time", "Enter a time such as 2026-11-20T10:15:00Z.").because(e))
            }
        }
    }
    /// This moment, as jiff counts it; times out of jiff's range become its nearest end.
    pub fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
    /// `2026-11-20T10:15:00Z`, with milliseconds only where there are some.
    pub fn rfc3339(self) -> String {
        let mut text = String::with_capacity(20);
        self.write_rfc3339(&mut text);
        text
    }
    /// Appends [`Timestamp::rfc3339`].
    pub fn write_rfc3339(self, out: &mut String) {
        let clock = self.0.rem_euclid(DAY_MS);
        let Some((year, month, day)) = self.civil().filter(|_| clock % SECOND_MS == 0) else {
            // A text has room for everything.
            let _written = write!(out, "{}", self.jiff());
            return;
        };
        let seconds = clock / SECOND_MS;
        let parts = [year / 100, year % 100, month, day, seconds / 3_600, seconds / 60 % 60, seconds % 60];
        let mut text = *b"0000-00-00T00:00:00Z";
        let places = [0, 2, 5, 8, 11, 14, 17];
        for (place, part) in places.into_iter().zip(parts) {
            let digit = |n: i64| b'0' + u8::try_from(n % 10).unwrap_or_default();
            if let Some(pair) = text.get_mut(place..place + 2) {
                pair.copy_from_slice(&[digit(part / 10), digit(part)]);
            }
        }
        out.push_str(std::str::from_utf8(&text).unwrap_or_default());
    }
    /// Year, month and day in UTC, for the years of four digits (after Howard Hinnant, "chrono-compatible low-level
    /// date algorithms").
    fn civil(self) -> Option<(i64, i64, i64)> {
        let days = self.0.div_euclid(DAY_MS) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let place = (5 * day_of_year + 2) / 153;
        let month = if place < 10 { place + 3 } else { place - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let day = day_of_year - (153 * place + 2) / 5 + 1;
        // The calendar of jiff ends a day before the last year does.
        (1..=9_998).contains(&year).then_some((year, month, day))
    }
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to this; negative when it is later.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// What the clocks of the zone show, as milliseconds of a day that has no zone.
    pub fn local_ms(self, zone: &Zone) -> i64 {
        self.0.saturating_add(i64::from(self.in_zone(zone).offset().seconds()) * 1_000)
    }
    /// This moment on the clocks of `zone`.
    pub fn in_zone(self, zone: &Zone) -> jiff::Zoned {
        self.jiff().to_zoned(zone.0.clone())
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.rfc3339())
    }
}
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A time zone by its IANA name, from the database inside the program.
#[derive(Clone, Debug)]
pub struct Zone(pub jiff::tz::TimeZone);

impl Zone {
    pub fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
    /// # Errors
    /// `invalid_zone` when the database has no such name.
    pub fn named(name: &str) -> Result<Self> {
        jiff::tz::TimeZone::get(name).map(Self).map_err(|e| {
            Error::invalid("invalid_zone", "Enter a time zone such as Europe/Berlin.").because(e)
        })
    }
    pub fn name(&self) -> String {
        self.0.iana_name().unwrap_or("UTC").to_owned()
    }
    /// The first moment of the day `at` falls on, in this zone.
    pub fn day_start(&self, at: Timestamp) -> Timestamp {
        at.in_zone(self).start_of_day().map_or(at, |z| Timestamp(z.timestamp().as_millisecond()))
    }
    /// The first moment of a calendar day in this zone.
    pub fn date_start(&self, date: jiff::civil::Date) -> Option<Timestamp> {
        date.to_zoned(self.0.clone()).ok().map(|z| Timestamp(z.timestamp().as_millisecond()))
    }
}

/// The only source of the present moment. Tests move theirs by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }
    /// A clock that stands until it is set.
    pub fn manual(at: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(at.0))))
    }
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Source::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }
    /// Moves a manual clock; the system's clock stays as it is.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(at) = &self.0 {
            at.store(to.0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_the_calendar_is_a_moment_and_nonsense_is_none() {
        for last in ["9999-12-31T23:59:59Z", "9999-12-31T00:00:00.5Z", "9999-12-30T23:00:00Z"] {
            assert_eq!(
                Timestamp::parse(last).unwrap(),
                Timestamp(jiff::Timestamp::MAX.as_millisecond()),
                "{last}"
            );
        }
        assert!(
            Timestamp::parse("9999-06-01T00:00:00Z").unwrap()
                < Timestamp::parse("9999-12-31T00:00:00Z").unwrap()
        );
        for none in ["9999-13-01T00:00:00Z", "9999-12-31", "99999-12-31T00:00:00Z", "9999"] {
            assert_eq!(Timestamp::parse(none).unwrap_err().code, "invalid_time", "{none}");
        }
    }

    #[test]
    fn a_time_is_read_with_its_offset_and_written_in_utc() {
        let t = Timestamp::parse("2014-11-25T14:45:53+11:00").unwrap();
        assert_eq!(t.to_string(), "2014-11-25T03:45:53Z");
        assert!(Timestamp::parse("yesterday").is_err());
        assert!(Timestamp::parse("2026-11-20T10:15:00+14:00").is_ok());
        for none in ["2026-11-20T10:15:00+25:00", "2026-11-20T10:15:00-24:00"] {
            assert_eq!(Timestamp::parse(none).unwrap_err().code, "invalid_time", "{none}");
        }
    }

    #[test]
    fn the_ends_of_time_have_clocks_too() {
        for (zone, at) in [("Asia/Tokyo", i64::MAX), ("America/New_York", i64::MIN)] {
            assert_eq!(Timestamp(at).local_ms(&Zone::named(zone).unwrap()), at, "{zone}");
        }
    }

    #[test]
    fn a_day_starts_where_the_shop_is() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let t = Timestamp::parse("2026-11-20T23:30:00Z").unwrap();
        assert_eq!(zone.day_start(t).to_string(), "2026-11-20T23:00:00Z");
        assert!(Zone::named("Mars/Base").is_err());
    }

    proptest::proptest! {
        #[test]
        fn a_moment_is_written_as_the_library_writes_it(
            at in proptest::prop_oneof![proptest::prelude::any::<i64>(), -63_000_000_000_000..260_000_000_000_000_i64],
            is_whole: bool,
        ) {
            let at = if is_whole { at / 1_000 * 1_000 } else { at };
            proptest::prop_assert_eq!(Timestamp(at).rfc3339(), Timestamp(at).jiff().to_string());
        }
    }

    #[test]
    fn no_moment_is_out_of_range() {
        let _texts = (Timestamp(i64::MAX).to_string(), Timestamp(i64::MIN).to_string());
    }
}
