//! How sites are shown: their state as a badge, their days as pictures.

use super::model::{Check, Day, Site, State};
use super::warnings::days_until;
use crate::base::time::{Timestamp, Zone};
use crate::web::chart::{Chart, Datum};
use crate::web::listing::grouped;
use crate::web::parts::{Badge, Fill, Tone};

/// With fewer days than this a picture shows the single looks.
const DAYS_LEAST: usize = 4;

/// The days that are left of the certificate that was shown last.
pub(super) fn days_left(site: &Site, now: Timestamp) -> Option<i64> {
    let ends = site.latest.as_ref().and_then(|check| check.expires_at);
    ends.map(|ends| days_until(ends, now))
}

/// `54 days`, `1 day`, `ended 3 days ago`.
pub(super) fn lasting(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        0.. => format!("{} days", grouped(days.unsigned_abs())),
        -1 => "ended within a day".to_owned(),
        _ => format!("ended {} days ago", grouped(days.unsigned_abs())),
    }
}

/// The same of a certificate that ends at a moment.
pub(super) fn left(ends: Timestamp, now: Timestamp) -> String {
    lasting(days_until(ends, now))
}

/// The state as word, colour and shape.
pub(super) fn badge(site: &Site) -> Badge {
    let problem = site.latest.as_ref().and_then(|check| check.problems.first());
    match (site.state(), problem) {
        (State::Failing, Some(problem)) => Badge::new(problem.label(), Tone::Bad, Fill::Full),
        (State::Failing, None) => Badge::new("Failing", Tone::Bad, Fill::Full),
        // What was seen once counts when it is seen again; what it was is no secret until then.
        (State::Doubtful, Some(problem)) => {
            Badge::new(format!("{}, seen once", problem.label()), Tone::Warn, Fill::Half)
        }
        (State::Doubtful, None) => Badge::new("Seen once", Tone::Warn, Fill::Half),
        (State::Expiring, _) => Badge::new("Ends soon", Tone::Warn, Fill::Half),
        (State::Unchecked, _) => Badge::new("Not looked at yet", Tone::Still, Fill::Empty),
        (State::Good, _) => Badge::new("Good", Tone::Ok, Fill::Full),
    }
}

/// How a site stands, in a word and in days.
pub fn standing(site: &Site, now: Timestamp) -> (String, Badge) {
    (days_left(site, now).map(lasting).unwrap_or_default(), badge(site))
}

/// What came of one look.
pub(super) fn result(check: &Check) -> Badge {
    match check.problems.first() {
        None => Badge::new("Good", Tone::Ok, Fill::Full),
        Some(problem) if check.confirmed => Badge::new(problem.label(), Tone::Bad, Fill::Full),
        Some(problem) => Badge::new(problem.label(), Tone::Warn, Fill::Half),
    }
}

/// The words of a filter.
pub(super) fn label(state: State) -> &'static str {
    match state {
        State::Failing => "Failing",
        State::Doubtful => "Seen once",
        State::Expiring => "Ends soon",
        State::Unchecked => "Not looked at yet",
        State::Good => "Good",
    }
}

/// `12 of 13 looks were good (92 %)`.
pub(super) fn share(days: &[(String, Day)]) -> Option<String> {
    let all: u32 = days.iter().map(|(_, day)| day.checks).sum();
    let good: u32 = days.iter().map(|(_, day)| day.good).sum();
    let percent = (u64::from(good) * 100).checked_div(u64::from(all))?;
    let looks = if all == 1 { "look was" } else { "looks were" };
    Some(format!("{} of {} {looks} good ({percent}\u{202f}%)", grouped(good.into()), grouped(all.into())))
}

/// The pictures of a site: days left, milliseconds of a handshake, share of good looks. Each is left out while there is
/// nothing to draw.
pub(super) fn charts(days: &[(String, Day)], checks: &[Check], zone: &Zone) -> Vec<Chart> {
    let (left, took, good) = if days.len() < DAYS_LEAST { of_checks(checks, zone) } else { of_days(days) };
    let unit = if days.len() < DAYS_LEAST { "Look" } else { "Day" };
    let said = |data: &[Datum]| {
        let ends = data.first().zip(data.last());
        ends.map_or_else(String::new, |(first, last)| {
            format!("From {} ({}) to {} ({})", first.shown, first.label, last.shown, last.label)
        })
    };
    [("Days left", left), ("Handshake, in milliseconds", took), ("Good looks, in percent", good)]
        .into_iter()
        .filter(|(_, data)| data.len() > 1)
        .map(|(title, data)| {
            let draw = if title.ends_with("percent") { Chart::percent } else { Chart::line };
            draw(title, unit, &said(&data), &data)
        })
        .collect()
}

type Three = (Vec<Datum>, Vec<Datum>, Vec<Datum>);

fn datum(label: &str, value: u64, unit: &str) -> Datum {
    let shown = if unit.is_empty() { grouped(value) } else { format!("{}\u{202f}{unit}", grouped(value)) };
    Datum { label: label.to_owned(), value: value as f64, shown, before: None }
}

fn left_of(days: i64) -> u64 {
    u64::try_from(days).unwrap_or(0)
}

fn of_days(days: &[(String, Day)]) -> Three {
    let label = |day: &str| match day.parse::<jiff::civil::Date>() {
        Ok(day) => day.strftime("%-d %b").to_string(),
        Err(_) => day.to_owned(),
    };
    let mut three = Three::default();
    for (day, sum) in days {
        let label = label(day);
        three.0.extend(sum.days_left.map(|left| datum(&label, left_of(left), "")));
        three.1.extend(sum.average_ms().map(|ms| datum(&label, ms, "ms")));
        let percent = (u64::from(sum.good) * 100).checked_div(u64::from(sum.checks));
        three.2.extend(percent.map(|percent| datum(&label, percent, "%")));
    }
    three
}

fn of_checks(checks: &[Check], zone: &Zone) -> Three {
    let mut three = Three::default();
    for check in checks {
        let label = check.at.in_zone(zone).strftime("%-d %b, %H:%M").to_string();
        three.0.extend(check.days_left.map(|left| datum(&label, left_of(left), "")));
        if check.fingerprint.is_some() {
            three.1.push(datum(&label, check.took_ms, "ms"));
        }
        three.2.push(datum(&label, if check.problems.is_empty() { 100 } else { 0 }, "%"));
    }
    three
}
