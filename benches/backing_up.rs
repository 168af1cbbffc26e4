//! Placing orders while a backup is made, beside placing them without one.

use crate::figure::{Figure, Goal};
use crate::{Size, p50_p99, shop};
use backroom::base::money::{Currency, Price};
use backroom::shop::orders::{NewLine, NewOrder, place};
use backroom::store::backup::{Files, Shelf, create};
use backroom::store::{Actor, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) fn run(shop: &shop::Shop, size: &Size) -> Vec<Figure> {
    let (dir, store) = (tempfile::tempdir().unwrap(), &shop.store);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    // Both sides take turns, so that neither has the quieter machine.
    for round in 0..if size.is_short { 1 } else { 5 } {
        let running = AtomicBool::new(true);
        let took = std::thread::scope(|scope| {
            let backup = scope.spawn(|| {
                let begun = Instant::now();
                let shelf = Shelf::of(&dir.path().join(round.to_string()));
                let made = create(store, &shelf, &Files::default(), 0, None).unwrap();
                running.store(false, Ordering::SeqCst);
                assert!(made.rows > size.orders, "the backup holds the shop");
                begun.elapsed()
            });
            while running.load(Ordering::SeqCst) {
                beside.push(place_one(store, round));
            }
            backup.join().unwrap()
        });
        let begun = Instant::now();
        while begun.elapsed() < took {
            alone.push(place_one(store, round));
        }
    }
    let (quiet, loud) = (p50_p99(&mut alone), p50_p99(&mut beside));
    let figure =
        |what: &str, ours, theirs| Figure::times(what.to_owned(), ours, theirs, "ours without a backup");
    vec![
        figure("an order while a backup is made, median", loud.0, quiet.0),
        figure("an order while a backup is made, p99", loud.1, quiet.1).goal(Goal::Ratio(0.5)),
    ]
}

/// How long one order takes.
pub(crate) fn place_one(store: &Store, round: u64) -> Duration {
    let line = NewLine {
        title: "Rain jacket".into(),
        quantity: 1,
        unit_price: Price::from_minor(1_999, Currency::EUR).unwrap(),
        ..NewLine::default()
    };
    let new = NewOrder {
        email: Some(format!("customer{round}@example.com")),
        lines: vec![line],
        ..NewOrder::new(Currency::EUR)
    };
    let begun = Instant::now();
    store.write_blocking(Actor::system("bench"), move |tx| place(tx, &new)).unwrap();
    begun.elapsed()
}
