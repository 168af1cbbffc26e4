//! Payments and refunds as they are played through in a store: what may be taken back when, and what is told of it.

use super::played::{is_sound, order, store, write};
use super::*;
use crate::base::money::{Currency, Money};
use crate::store::Actor;

#[test]
fn a_payment_whose_money_went_back_is_not_taken_back_before_the_refund_is() {
    let (_dir, store) = store();
    let wish = order("7", "c1", 0, 10_000);
    let Imported::Added(id) = write(&store, move |tx| import(tx, &wish)) else { panic!() };
    let input = |minor: Option<i64>| StepInput {
        amount: minor.map(|minor| Money::new(minor, Currency::GBP)),
        ..StepInput::default()
    };
    let step = |step: Step, minor: Option<i64>| {
        let input = input(minor);
        store.write_blocking(Actor::system("test"), move |tx| take(tx, id, None, step, &input))
    };
    step(Step::Pay, Some(3_000)).unwrap();
    step(Step::Pay, Some(3_000)).unwrap();
    step(Step::Refund, Some(2_000)).unwrap();
    let left = step(Step::Unpay, None).unwrap();
    assert_eq!((left.paid(), left.refunded, left.payment), (3_000, 2_000, Payment::PartPaid));
    assert!(!next_steps(&left.axes()).contains(&Step::Unpay));
    assert_eq!(step(Step::Unpay, None).unwrap_err().code, "payment_refunded");
    step(Step::Unrefund, None).unwrap();
    assert_eq!(step(Step::Unpay, None).unwrap().payment, Payment::Unpaid);
    is_sound(&store);
    // Each says what it was about, also what it took back.
    let events = store.read(|s| crate::store::events::after(s, 0, 100)).unwrap();
    let told: Vec<(String, i64, u64)> = events
        .iter()
        .filter(|event| event.data.get("amount").is_some())
        .map(|event| {
            let refund = event.data.get("refund").and_then(serde_json::Value::as_u64).unwrap_or_default();
            (event.kind.clone(), event.data["amount"]["amount"].as_i64().unwrap(), refund)
        })
        .collect();
    let is = |kind: &str, amount: i64, refund: u64| (format!("order.{kind}"), amount, refund);
    assert_eq!(
        told,
        [
            is("part_paid", 3_000, 0),
            is("part_paid", 3_000, 0),
            is("refunded", 2_000, 4),
            is("payment_taken_back", 3_000, 0),
            is("refund_taken_back", 2_000, 4),
            is("payment_taken_back", 3_000, 0),
        ]
    );
}
