//! The chart of sales: days or weeks against the same number before.

use super::days::Days;
use crate::base::error::Result;
use crate::base::money::{Currency, Money};
use crate::shop::orders::{Sold, sold_between};
use crate::store::Read;
use crate::web::chart::{Chart, Datum};
use rust_decimal::prelude::ToPrimitive;

/// What the chart can show: days, and how many of them make a point.
pub(super) const SPANS: &[(i32, i32)] = &[(7, 1), (30, 1), (90, 1), (364, 7)];
pub(super) const SPAN_DEFAULT: i32 = 30;

/// The chart of the last `span` days, today included.
///
/// # Errors
/// Faults of the store only.
pub(super) fn chart(r: &impl Read, days: &Days<'_>, currency: Currency, span: i32) -> Result<Chart> {
    let step = SPANS.iter().find(|(days, _)| *days == span).map_or(1, |(_, step)| *step);
    let points = span / step;
    let first = 1 - points * 2 * step;
    let borders: Vec<_> = (0..=points * 2).map(|n| days.start(first + n * step)).collect();
    let sold = sold_between(r, currency, &borders)?;
    let half = usize::try_from(points).unwrap_or(0);
    let (before, now) = sold.split_at_checked(half).unwrap_or((&[], &sold));
    let data: Vec<Datum> = now
        .iter()
        .zip(before)
        .zip(0..)
        .map(|((now, before), n)| {
            let day = days.date(first + (points + n) * step);
            Datum {
                label: day.strftime(if step == 1 { "%-d %b" } else { "%-d %b %Y" }).to_string(),
                value: major(now.amount, currency),
                shown: Money::new(now.amount, currency).shown(),
                before: Some((major(before.amount, currency), Money::new(before.amount, currency).shown())),
            }
        })
        .collect();
    let total = |sold: &[Sold]| {
        Money::new(sold.iter().fold(0_i64, |sum, s| sum.saturating_add(s.amount)), currency).shown()
    };
    let unit = if step == 1 { "Day" } else { "Week from" };
    let title = format!("Sales, last {span} days");
    let description =
        format!("{} in the last {span} days, {} in the {span} days before.", total(now), total(before));
    Ok(Chart::line(&title, unit, &description, &data))
}

/// Major units for the scale of the chart alone; amounts that people read are never floats.
fn major(amount: i64, currency: Currency) -> f64 {
    rust_decimal::Decimal::new(amount, currency.exponent()).to_f64().unwrap_or(0.0)
}
