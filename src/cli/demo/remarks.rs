//! What staff have written on orders, and the goodwill they have credited: apart from the orders themselves, so that
//! a shop without them is the same shop.

use crate::base::time::{HOUR_MS, Timestamp};
use crate::cli::demo::dice::Dice;
use crate::shop::customers::ExternalRef;
use crate::shop::orders::{CreditKind, Given, NewCreditNote, NewOrderCustomer, Order, StaffNote};

/// The people of the demo shop.
const STAFF: &[&str] = &["Dana Demo", "Marit Lund", "Jonas Weber", "Priya Nair", "Tomás Vidal"];
const NOTES: &[&str] = &[
    "Called: neighbour at no. 14 takes the parcel.",
    "Wants the invoice by e-mail, not in the parcel.",
    "Asked for navy instead of black; changed before packing.",
    "Second delivery attempt on Thursday afternoon.",
    "Sizes run small, told her to take M.",
    "Refund annas mug: handle was chipped, no need to send it back.",
    "Kunde bittet um Lieferung nach 17 Uhr.",
    "Prière de ne pas sonner, le bébé dort.",
    "Voucher did not work in the shop; gave 5 % by hand.",
    "Same customer as the phone order of last week.",
    "Photo of the damage is in the mailbox.",
    "Please gift-wrap, card text is in the order.",
    "Address checked with the customer, number was missing.",
    "Customs form sent with the parcel.",
];
const REPLIES: &[&str] =
    &["Done.", "Spoke to them, all fine.", "Parcel is back, see returns shelf.", "Waiting for an answer."];
/// Notes and credits of a thousand orders.
const NOTED: u64 = 45;
const CREDITED: u64 = 6;

/// The notes on order `n`, the newest last.
pub(super) fn notes(seed: u64, n: u64, placed_at: Timestamp, end: Timestamp) -> Vec<StaffNote> {
    let mut dice = Dice::of(seed, 45, n);
    if !dice.chance(NOTED) {
        return Vec::new();
    }
    let mut note = |number, from_h, to_h, texts: &[&'static str]| StaffNote {
        number,
        at: placed_at.plus_ms(dice.between(from_h, to_h) as i64 * HOUR_MS).min(end),
        by: dice.word(STAFF).to_owned(),
        text: dice.word(texts).to_owned(),
        edited_at: None,
        by_id: None,
    };
    let mut notes = vec![note(1, 1, 40, NOTES)];
    if n.is_multiple_of(3) {
        notes.push(note(2, 41, 90, REPLIES));
    }
    notes
}

/// The goodwill credited for order `n` that was placed, if any.
pub(super) fn credit(seed: u64, n: u64, order: &Order, end: Timestamp) -> Option<NewCreditNote> {
    let mut dice = Dice::of(seed, 46, n);
    let customer = order.customer?;
    let issued_at = order.placed_at.plus_ms(dice.between(200, 600) as i64 * HOUR_MS);
    // What has been given back already is no reason for more.
    let total = (order.total - order.refunded) * dice.between(1, 4) as i64 * 5 / 100;
    if !dice.chance(CREDITED) || !order.is_kept() || issued_at > end || total <= 0 {
        return None;
    }
    Some(NewCreditNote {
        wished_id: None,
        created_at: None,
        number: format!("CN-{}", order.number),
        source: Some(ExternalRef { source: "demo".to_owned(), id: n.to_string() }),
        issued_at,
        customer: NewOrderCustomer::Known(customer),
        currency: order.currency,
        lines: Vec::new(),
        total,
        kind: CreditKind::Credit,
        country: order.shipping_address.as_ref().map(|a| a.country.clone()).unwrap_or_default(),
        given: Given::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_orders_have_notes_and_they_stay_the_same() {
        let (placed, end) = (Timestamp(0), Timestamp(30 * HOUR_MS));
        let all: Vec<_> = (0..2_000).map(|n| notes(1, n, placed, end)).collect();
        let noted = all.iter().filter(|notes| !notes.is_empty()).count();
        assert!((60..130).contains(&noted), "{noted}");
        assert!(all.iter().flatten().all(|n| n.at <= end && n.at >= placed && !n.text.is_empty()));
        assert!(all.iter().any(|notes| notes.len() == 2));
        assert_eq!(all[7], notes(1, 7, placed, end));
    }
}
