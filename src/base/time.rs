//! Time: one clock, UTC milliseconds inside, RFC 3339 outside, a named zone for people.

use crate::base::error::{Error, Result};
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

impl Timestamp {
    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// `invalid_time` when it is something else.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
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
        self.jiff().to_string()
    }
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to this; negative when it is later.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// This moment on the clocks of `zone`.
    /// What the clocks of the zone show, as milliseconds of a day that has no zone.
    pub fn local_ms(self, zone: &Zone) -> i64 {
        self.0 + i64::from(self.in_zone(zone).offset().seconds()) * 1_000
    }
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
    }

    #[test]
    fn a_day_starts_where_the_shop_is() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let t = Timestamp::parse("2026-11-20T23:30:00Z").unwrap();
        assert_eq!(zone.day_start(t).to_string(), "2026-11-20T23:00:00Z");
        assert!(Zone::named("Mars/Base").is_err());
    }

    #[test]
    fn no_moment_is_out_of_range() {
        let _texts = (Timestamp(i64::MAX).to_string(), Timestamp(i64::MIN).to_string());
    }
}
