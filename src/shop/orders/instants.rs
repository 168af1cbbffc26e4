//! What is known of the moments of an order stays where a newer file says the same time of day without its offset, as one
//! that went through a spreadsheet does: a zone that is assumed knows less.

use super::incoming::Given;
use super::model::Order;
use crate::base::time::{DAY_MS, HOUR_MS, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// Puts the moments that are known here in the place of those that were read by an assumed zone.
pub(super) fn keep_instants(order: &mut Order, here: &Order, given: &Given) {
    let (Some(local), Some(offset), None) = (
        given.local.as_ref().and_then(|local| local.first()),
        here.placed_offset_min,
        order.placed_offset_min,
    ) else {
        return;
    };
    let known = here.placed_at.0 + i64::from(offset) * MINUTE_MS;
    if !is_shown_as(known, *local) {
        return;
    }
    let apart = here.placed_at.0 - order.placed_at.0;
    (order.placed_at, order.placed_offset_min) = (here.placed_at, here.placed_offset_min);
    // The clocks of another day may be those of summer: an hour tells nothing apart from what is known.
    let kept = |at: Timestamp, known: Option<Timestamp>| {
        let moved = at.plus_ms(apart);
        known
            .filter(|known| moved.0.abs_diff(known.0) <= (HOUR_MS + MINUTE_MS).unsigned_abs())
            .unwrap_or(moved)
    };
    for (place, payment) in order.payments.iter_mut().enumerate() {
        let known = here.payments.get(place).and_then(|known| known.at);
        payment.at = payment.at.map(|at| kept(at, known));
    }
    for (place, parcel) in order.parcels.iter_mut().enumerate() {
        let known = here.parcels.get(place).and_then(|known| known.shipped_at);
        parcel.shipped_at = parcel.shipped_at.map(|at| kept(at, known));
    }
    if let Some(cancelled) = &mut order.cancelled {
        cancelled.at = kept(cancelled.at, here.cancelled.as_ref().map(|known| known.at));
    }
}

/// Whether a time is what a file shows of another, which may leave out its seconds or all of its time of day.
fn is_shown_as(known: i64, shown: i64) -> bool {
    [1000, MINUTE_MS, DAY_MS].into_iter().any(|step| known.div_euclid(step) * step == shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_to_the_second_the_minute_or_the_day() {
        let known = 3 * DAY_MS + 5 * HOUR_MS + 7 * MINUTE_MS + 9_250;
        for shown in [known - 250, known - 9_250, 3 * DAY_MS] {
            assert!(is_shown_as(known, shown), "{shown}");
        }
        assert!(!is_shown_as(known, known - HOUR_MS) && !is_shown_as(known, 2 * DAY_MS));
    }
}
