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
    use crate::shop::orders::place::import;
    use crate::shop::orders::played::{is_sound, order, store, write};
    use crate::shop::orders::{Imported, NewOrder, get};

    #[test]
    fn a_time_is_shown_to_the_second_the_minute_or_the_day() {
        let known = 3 * DAY_MS + 5 * HOUR_MS + 7 * MINUTE_MS + 9_250;
        for shown in [known - 250, known - 9_250, 3 * DAY_MS] {
            assert!(is_shown_as(known, shown), "{shown}");
        }
        assert!(!is_shown_as(known, known - HOUR_MS) && !is_shown_as(known, 2 * DAY_MS));
    }

    #[test]
    fn an_instant_that_is_known_stays_where_a_file_shows_its_time_without_the_offset() {
        let (_dir, store) = store();
        let at = order("7", "c1", 1, 500).placed_at.unwrap();
        let offset = -300;
        let first = NewOrder { placed_offset_min: Some(offset), ..order("7", "c1", 1, 500) };
        let Imported::Added(id) = write(&store, move |tx| import(tx, &first)) else { panic!() };
        // The same clock, to the minute, read as if it were that of UTC.
        let clock = at.plus_ms(i64::from(offset) * 60_000);
        let shown = Timestamp(clock.0.div_euclid(60_000) * 60_000);
        let later = move |shown: Timestamp, note: &str| {
            let new = NewOrder { placed_at: Some(shown), note: note.into(), ..order("7", "c1", 1, 500) };
            NewOrder { given: Given { local: Some(vec![shown.0]), ..Given::default() }, ..new }
        };
        assert_eq!(write(&store, move |tx| import(tx, &later(shown, ""))), Imported::Unchanged(id));
        assert_eq!(write(&store, move |tx| import(tx, &later(shown, "new"))), Imported::Changed(id));
        let here = store.read(|s| get(s, id)).unwrap();
        assert_eq!((here.placed_at, here.placed_offset_min, here.note.as_str()), (at, Some(offset), "new"));
        assert_eq!(write(&store, move |tx| import(tx, &later(shown, "new"))), Imported::Unchanged(id));
        is_sound(&store);
    }
}
