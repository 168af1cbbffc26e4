//! Days on the clocks of the shop: where they begin, also when the clocks change.

use crate::base::time::{Timestamp, Zone};
use jiff::ToSpan;
use jiff::civil::Date;

/// The days around a moment.
#[derive(Clone, Debug)]
pub(super) struct Days<'a> {
    pub(super) now: Timestamp,
    pub(super) zone: &'a Zone,
}

impl Days<'_> {
    /// The date `offset` days from today.
    pub(super) fn date(&self, offset: i32) -> Date {
        let today = self.now.in_zone(self.zone).date();
        today.checked_add(offset.days()).unwrap_or(today)
    }
    /// The first moment of the day `offset` days from today.
    pub(super) fn start(&self, offset: i32) -> Timestamp {
        self.zone.date_start(self.date(offset)).unwrap_or(self.now)
    }
    /// The time it is now, `offset` days from today.
    pub(super) fn same_time(&self, offset: i32) -> Timestamp {
        let here = self.now.in_zone(self.zone);
        here.checked_add(offset.days())
            .map_or(self.now, |there| Timestamp(there.timestamp().as_millisecond()))
    }
    /// `Friday`
    pub(super) fn weekday(&self, offset: i32) -> String {
        self.date(offset).strftime("%A").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_week_at_the_same_time_is_the_same_time_on_the_wall_also_across_a_change_of_clocks() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let days = Days { now: Timestamp::parse("2026-10-27T09:30:00Z").unwrap(), zone: &zone };
        assert_eq!(days.same_time(-7).to_string(), "2026-10-20T08:30:00Z");
        assert_eq!(
            (days.start(-7).to_string(), days.start(0).to_string()),
            ("2026-10-19T22:00:00Z".into(), "2026-10-26T23:00:00Z".into())
        );
        assert_eq!(days.weekday(-7), "Tuesday");
    }
}
