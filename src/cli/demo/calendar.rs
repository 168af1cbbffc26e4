//! When the demo shop's orders come in: more each year, before Christmas, on Sundays and in the evening.

use crate::base::time::{DAY_MS, HOUR_MS, Timestamp, Zone};
use crate::cli::demo::dice::Dice;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// How many orders of a day come in each hour, from midnight.
const HOURS: [u64; 24] =
    [12, 7, 4, 2, 2, 4, 9, 18, 32, 45, 52, 55, 58, 52, 50, 52, 55, 60, 68, 85, 95, 88, 60, 30];
/// Fixed-point one: positions within a day are 0 to `ONE`.
const ONE: u64 = 1 << 32;
/// A shop of fewer orders is a little over a year old, a larger one three.
const SMALL_SHOP: u64 = 20_000;

#[derive(Debug)]
struct Day {
    start: Timestamp,
    /// Orders placed before this day.
    before: u64,
    /// 1 to 12.
    month: u8,
}

/// Gives every order its time. Orders are numbered from 0 in the order they are placed.
#[derive(Debug)]
pub(super) struct Calendar {
    days: Vec<Day>,
    orders: u64,
    end: Timestamp,
    seed: u64,
}

impl Calendar {
    /// `orders` spread over the time up to `end`, on the clocks of `zone`.
    pub(super) fn new(seed: u64, orders: u64, end: Timestamp, zone: &Zone) -> Self {
        let span: i64 = if orders < SMALL_SHOP { 400 } else { 1_120 };
        let last = end.in_zone(zone).date();
        let mut days = Vec::new();
        let mut weights = Vec::new();
        for back in (0..span).rev() {
            let Ok(date) = last.checked_sub(back.days()) else { continue };
            let Some(start) = zone.date_start(date) else { continue };
            let mut weight = weight(seed, date, (span - back) as u64, span as u64);
            if back == 0 {
                weight = weight / 100 * part_of_day(end.since_ms(start)) / ONE * 100;
            }
            days.push(Day { start, before: 0, month: date.month().unsigned_abs() });
            weights.push(weight);
        }
        let all: u64 = weights.iter().sum::<u64>().max(1);
        let mut so_far = 0_u64;
        for (day, weight) in days.iter_mut().zip(weights) {
            day.before = (u128::from(orders) * u128::from(so_far) / u128::from(all)) as u64;
            so_far += weight;
        }
        Self { days, orders, end, seed }
    }
    /// The moment of order `n` and the month (1 to 12) it falls in; never after the end, never before order `n - 1`.
    pub(super) fn placed(&self, n: u64) -> (Timestamp, u8) {
        let next = self.days.partition_point(|d| d.before <= n);
        let Some(day) = next.checked_sub(1).and_then(|at| self.days.get(at)) else { return (self.end, 1) };
        let (after, until) = self.days.get(next).map_or((self.orders, self.end), |d| (d.before, d.start));
        let count = after.saturating_sub(day.before).max(1);
        let jitter = Dice::of(self.seed, 21, n).next() >> 32;
        // 64 bits hold this for four thousand million orders a day.
        let position = ((n - day.before) * ONE + jitter) / count;
        let length = until.since_ms(day.start).max(1);
        let whole = if next < self.days.len() { ONE } else { part_of_day(length) };
        let ms = moment_of_day(position * (whole >> 1) / (ONE >> 1)).min(length - 1);
        (day.start.plus_ms(ms), day.month)
    }
}

/// How busy a day is; `age` of `span` days have passed since the shop opened.
fn weight(seed: u64, date: Date, age: u64, span: u64) -> u64 {
    let season = match (date.month(), date.day()) {
        (1, _) => 80,
        (2, _) => 75,
        (3, _) => 85,
        (4 | 8, _) => 90,
        (5 | 6 | 9, _) => 95,
        (7, _) => 100,
        (10, _) => 105,
        (11, 1..=19) => 140,
        (11, _) => 190,
        (12, 1..=18) => 210,
        (12, 19..=24) => 120,
        _ => 70,
    };
    let weekday = match date.weekday() {
        Weekday::Monday => 115,
        Weekday::Tuesday => 105,
        Weekday::Wednesday | Weekday::Thursday => 100,
        Weekday::Friday => 90,
        Weekday::Saturday => 80,
        Weekday::Sunday => 125,
    };
    let growth = 100 + 250 * age / span;
    let chance = Dice::of(seed, 22, age).between(80, 120);
    season * weekday * growth * chance
}

/// The share of a day's orders that has come in `ms` after midnight, of [`ONE`].
fn part_of_day(ms: i64) -> u64 {
    let all: u64 = HOURS.iter().sum();
    let ms = ms.clamp(0, DAY_MS) as u64;
    let hour = HOUR_MS as u64;
    let before: u64 = HOURS.iter().take((ms / hour) as usize).sum();
    let within = HOURS.get((ms / hour) as usize).copied().unwrap_or(0) * (ms % hour) / hour;
    (before + within) * ONE / all
}

/// The milliseconds after midnight at which a share (of [`ONE`]) of a day's orders has come in.
fn moment_of_day(share: u64) -> i64 {
    let all: u64 = HOURS.iter().sum();
    let mut left = share * all;
    for (hour, busy) in HOURS.iter().enumerate() {
        let here = *busy * ONE;
        if left < here {
            return hour as i64 * HOUR_MS + (left / busy.max(&1) * HOUR_MS as u64 / ONE) as i64;
        }
        left -= here;
    }
    DAY_MS - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(orders: u64) -> Calendar {
        let end = Timestamp::parse("2026-11-20T15:30:00Z").unwrap();
        Calendar::new(1, orders, end, &Zone::named("Europe/Berlin").unwrap())
    }

    #[test]
    fn times_rise_to_the_end_and_not_beyond() {
        for orders in [1, 2, 500, 30_000] {
            let calendar = calendar(orders);
            let times: Vec<_> = (0..orders).map(|n| calendar.placed(n).0).collect();
            assert!(times.windows(2).all(|w| w[0] <= w[1]), "{orders}");
            let last = times[times.len() - 1];
            assert!(last <= calendar.end, "{orders}: {last} after {}", calendar.end);
            assert!(orders < 500 || calendar.end.since_ms(last) < DAY_MS, "{orders}: {last}");
        }
    }

    #[test]
    fn evenings_and_christmas_are_busy() {
        let calendar = calendar(30_000);
        let zone = Zone::named("Europe/Berlin").unwrap();
        let (mut evening, mut night, mut december, mut february) = (0, 0, 0, 0);
        for n in 0..30_000 {
            let (at, month) = calendar.placed(n);
            let local = at.in_zone(&zone);
            assert_eq!(local.month().unsigned_abs(), month);
            match local.hour() {
                19..=21 => evening += 1,
                2..=4 => night += 1,
                _ => (),
            }
            december += i32::from(month == 12);
            february += i32::from(month == 2);
        }
        assert!(evening > 10 * night && december > february, "{evening} {night} {december} {february}");
    }
}
