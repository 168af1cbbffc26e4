//! That a mail tells of what it was made for, once, and goes where the order is told of: played through in a store.

use super::deliver::Deliveries;
use super::desk::Post;
use super::model::MAILS;
use super::ops;
use super::played::{place, step, store, take_all, write};
use super::settings::{self, Settings};
use crate::base::money::{Currency, Price};
use crate::shop::orders::{self, NewLine, NewOrder, OrderId, StepInput};
use crate::store::{Direction, Span, Store};

/// What would be sent of each mail of a kind now, or why it is not.
fn told_of(store: &Store, moment: &str) -> Vec<Result<String, String>> {
    let deliveries = Deliveries::new(Post::new(store, None, 10, None));
    let rows = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 100)).unwrap();
    let mut all: Vec<_> = rows.into_iter().filter(|(_, mail)| mail.moment == moment).collect();
    all.sort_by_key(|(_, mail)| mail.event);
    all.into_iter()
        .map(|(id, _)| match deliveries.written(id).unwrap() {
            Some(content) => Ok(content.text),
            None => Err(store.read(|s| ops::get(s, id)).unwrap().reason),
        })
        .collect()
}

fn switch_on(store: &Store, moments: &[&str]) {
    let on: Vec<String> = moments.iter().map(|word| (*word).to_owned()).collect();
    let (wish, epoch) = (Settings { on, ..store.read(settings::get).unwrap() }, store.epoch());
    write(store, move |tx| settings::set(tx, &wish, None, epoch));
}

fn step_with(store: &Store, id: OrderId, word: &str, input: StepInput) {
    let step = orders::Step::from_word(word).unwrap();
    write(store, move |tx| orders::take(tx, id, None, step, &input).map(drop));
}

#[test]
fn each_parcel_is_told_of_once_even_where_several_left_at_one_moment() {
    let (_dir, store) = store();
    switch_on(&store, &["order_shipped"]);
    let id = place(&store, 0);
    let parcel = |tracking: &str| StepInput {
        carrier: "DHL".into(),
        tracking: tracking.into(),
        more_follows: true,
        ..StepInput::default()
    };
    // The clock stands still: as in one group of commits.
    for tracking in ["00340001", "00340002", "00340003"] {
        step_with(&store, id, "ship", parcel(tracking));
    }
    take_all(&store);
    step(&store, id, "unship");
    let told = told_of(&store, "order_shipped");
    assert!(told[0].as_ref().is_ok_and(|text| text.contains("00340001") && !text.contains("00340002")));
    assert!(told[1].as_ref().is_ok_and(|text| text.contains("00340002")));
    assert!(told[2].as_ref().is_err_and(|why| why.contains("taken back")), "{told:?}");
}

#[test]
fn a_payment_or_cancellation_that_was_taken_back_is_not_told_of_by_the_next_one() {
    let (_dir, store) = store();
    let id = place(&store, 0);
    for word in ["pay", "unpay", "pay"] {
        step(&store, id, word);
    }
    let cancelled = place(&store, 0);
    for word in ["cancel", "reopen", "cancel"] {
        step(&store, cancelled, word);
    }
    take_all(&store);
    for moment in ["order_paid", "order_cancelled"] {
        let told = told_of(&store, moment);
        assert!(told.len() == 2 && told[0].is_err() && told[1].is_ok(), "{moment}: {told:?}");
    }
}

#[test]
fn what_was_taken_back_by_mistake_is_not_told_of_twice() {
    let (_dir, store) = store();
    switch_on(&store, &["order_paid", "order_shipped", "order_cancelled", "order_refunded"]);
    let id = place(&store, 0);
    for (first, back) in [("pay", "unpay"), ("ship", "unship"), ("refund", "unrefund")] {
        step(&store, id, first);
        let before = store.read(|s| orders::get(s, id)).unwrap();
        step(&store, id, back);
        let (again, needs) = orders::taken_back_by(orders::Step::from_word(back).unwrap(), &before);
        step_with(&store, id, again.word(), needs);
    }
    take_all(&store);
    for moment in ["order_paid", "order_shipped", "order_refunded"] {
        let told = told_of(&store, moment);
        assert!(told.len() == 1 && told[0].is_ok(), "{moment}: {told:?}");
    }
}

#[test]
fn what_was_not_told_because_it_was_taken_back_is_told_when_it_is_restored() {
    let (_dir, store) = store();
    let id = place(&store, 0);
    let restore = || {
        let before = store.read(|s| orders::get(s, id)).unwrap();
        step(&store, id, "unpay");
        // Its turn comes meanwhile.
        let told = told_of(&store, "order_paid");
        let (again, needs) = orders::taken_back_by(orders::Step::Unpay, &before);
        step_with(&store, id, again.word(), needs);
        take_all(&store);
        told
    };
    step(&store, id, "pay");
    take_all(&store);
    assert!(restore()[0].is_err());
    let told = told_of(&store, "order_paid");
    assert!(told.len() == 2 && told.iter().filter(|mail| mail.is_ok()).count() == 1, "{told:?}");
}

#[test]
fn a_mail_goes_where_the_order_is_told_of_when_it_is_sent() {
    let (_dir, store) = store();
    let id = place(&store, 0);
    take_all(&store);
    write(&store, move |tx| {
        let email = Some(Some("right@example.com".to_owned()));
        orders::change(tx, id, None, &orders::OrderChange { email, ..orders::OrderChange::default() })
            .map(drop)
    });
    let (mail, _) = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 1)).unwrap().remove(0);
    let deliveries = Deliveries::new(Post::new(&store, None, 10, None));
    assert!(deliveries.written(mail).unwrap().is_some());
    assert_eq!(store.read(|s| ops::get(s, mail)).unwrap().to, "right@example.com");

    // An order without an address of its own is told of at that of whose it is.
    let customer = store.read(|s| orders::get(s, id)).unwrap().customer.unwrap();
    let other = write(&store, move |tx| {
        let line = NewLine {
            quantity: 1,
            unit_price: Price::from_minor(1_250, Currency::EUR)?,
            title: "Mug".to_owned(),
            ..NewLine::default()
        };
        let customer = orders::NewOrderCustomer::Known(customer);
        Ok(orders::place(tx, &NewOrder { customer, lines: vec![line], ..NewOrder::new(Currency::EUR) })?.id)
    });
    take_all(&store);
    let all = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 100)).unwrap();
    let to: Vec<&str> =
        all.iter().filter(|(_, mail)| mail.order == Some(other)).map(|(_, mail)| mail.to.as_str()).collect();
    assert_eq!(to, ["anna@example.com"]);
}
