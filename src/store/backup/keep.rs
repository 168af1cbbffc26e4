//! Which backups are kept: some of the last days, weeks and months. Pure.

use crate::base::time::Timestamp;
use std::collections::BTreeSet;

/// How many days, weeks and months keep a backup: the newest of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub daily: u32,
    pub weekly: u32,
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { daily: 7, weekly: 4, monthly: 12 }
    }
}

impl Keep {
    /// For each backup whether it is kept; given are when it was made and whether it was verified. Days, weeks (from
    /// Monday) and months without a backup do not count, so a shop that was closed for a year keeps what it had. The
    /// newest is always kept, and so is the newest that is known to be good.
    pub fn choose(&self, backups: &[(Timestamp, bool)]) -> Vec<bool> {
        let mut newest_first: Vec<usize> = (0..backups.len()).collect();
        newest_first.sort_by_key(|place| std::cmp::Reverse((backups.get(*place).map(|b| b.0), *place)));
        let mut kept = vec![false; backups.len()];
        let (mut days, mut weeks, mut months) =
            (Spans::new(self.daily), Spans::new(self.weekly), Spans::new(self.monthly));
        let (mut is_first, mut has_good) = (true, false);
        for place in newest_first {
            let Some((at, is_good)) = backups.get(place) else { continue };
            let date = at.jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
            let week = date.iso_week_date();
            // Each of the three has to see it, whatever the others say.
            let wanted = [
                days.want(date.year(), i16::from(date.month()) * 32 + i16::from(date.day())),
                weeks.want(week.year(), i16::from(week.week())),
                months.want(date.year(), i16::from(date.month())),
                is_first,
                *is_good && !has_good,
            ];
            is_first = false;
            has_good |= is_good;
            if let Some(keep) = kept.get_mut(place) {
                *keep = wanted.contains(&true);
            }
        }
        kept
    }
}

/// The days, weeks or months met so far.
struct Spans {
    most: usize,
    met: BTreeSet<(i16, i16)>,
}

impl Spans {
    fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), met: BTreeSet::new() }
    }
    /// True for the newest of a span that still counts.
    fn want(&mut self, year: i16, number: i16) -> bool {
        self.met.len() < self.most && self.met.insert((year, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::DAY_MS;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_year_of_daily_backups_leaves_days_weeks_and_months() {
        let last = at("2026-11-27T03:00:00Z");
        let all: Vec<_> = (0..400).map(|n| (last.plus_ms(-n * DAY_MS), true)).collect();
        let kept: Vec<String> = all
            .iter()
            .zip(Keep::default().choose(&all))
            .filter(|(_, kept)| *kept)
            .map(|((at, _), _)| at.to_string().chars().take(10).collect())
            .collect();
        assert_eq!(
            kept,
            [
                "2026-11-27",
                "2026-11-26",
                "2026-11-25",
                "2026-11-24",
                "2026-11-23",
                "2026-11-22",
                "2026-11-21",
                "2026-11-15",
                "2026-11-08",
                "2026-10-31",
                "2026-09-30",
                "2026-08-31",
                "2026-07-31",
                "2026-06-30",
                "2026-05-31",
                "2026-04-30",
                "2026-03-31",
                "2026-02-28",
                "2026-01-31",
                "2025-12-31",
            ]
        );
    }

    #[test]
    fn the_newest_and_the_newest_good_one_stay_whatever_is_set() {
        let none = Keep { daily: 0, weekly: 0, monthly: 0 };
        let all = [
            (at("2026-11-01T03:00:00Z"), true),
            (at("2026-11-03T03:00:00Z"), false),
            (at("2026-11-02T03:00:00Z"), true),
        ];
        assert_eq!(none.choose(&all), [false, true, true]);
        assert!(none.choose(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_kept_covers_every_span_and_nothing_twice(
            times in proptest::collection::vec((0_i64..800 * 24, any::<bool>()), 0..60),
            (daily, weekly, monthly) in (0_u32..9, 0_u32..6, 0_u32..14),
        ) {
            let keep = Keep { daily, weekly, monthly };
            let all: Vec<_> = times.iter().map(|(h, good)| (Timestamp(1_700_000_000_000 + h * 3_600_000), *good)).collect();
            let kept = keep.choose(&all);
            let left: Vec<_> = all.iter().zip(&kept).filter(|(_, k)| **k).map(|(b, _)| *b).collect();
            prop_assert!(left.len() <= (daily + weekly + monthly + 2) as usize);
            prop_assert_eq!(all.iter().map(|b| b.0).max(), left.iter().map(|b| b.0).max());
            prop_assert_eq!(
                all.iter().filter(|b| b.1).map(|b| b.0).max(),
                left.iter().filter(|b| b.1).map(|b| b.0).max()
            );
            // Pruning twice is pruning once.
            prop_assert!(keep.choose(&left).iter().all(|k| *k));
            // Every one of the newest days with a backup still has one.
            let day = |b: &(Timestamp, bool)| b.0.0.div_euclid(DAY_MS);
            let mut days: Vec<i64> = all.iter().map(day).collect();
            days.sort_unstable();
            days.dedup();
            for wanted in days.iter().rev().take(daily as usize) {
                prop_assert!(left.iter().any(|b| day(b) == *wanted));
            }
        }
    }
}
