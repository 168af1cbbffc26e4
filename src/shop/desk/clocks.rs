//! A clock that jumps: orders are placed, found and changed as before, and no id or number comes twice (promises: P11).
#![cfg(test)]

use super::trial::Trial;
use crate::base::time::{DAY_MS, SECOND_MS};
use crate::shop::orders::{self, Step};
use crate::store::{Actor, events};
use std::collections::BTreeSet;

const YEARS: i64 = 3_652 * DAY_MS;

#[test]
fn orders_are_placed_found_and_changed_under_a_clock_that_jumps() {
    let shop = Trial::open();
    let mut jumps = vec![YEARS, -YEARS, -YEARS, YEARS, DAY_MS, -DAY_MS, -DAY_MS, DAY_MS];
    jumps.extend([-SECOND_MS; 40]);
    let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let mut placed = Vec::new();
    for (n, jump) in jumps.iter().enumerate() {
        shop.clock.set(shop.clock.now().plus_ms(*jump));
        let order = shop.place(&format!("clock{n}@example.com"), "Clock", 1_000, |_| {});
        assert!(ids.insert(order.id), "an id came twice after {jump} ms");
        assert!(numbers.insert(order.number), "a number came twice after {jump} ms");
        assert_eq!(shop.count(&format!("email:clock{n}@example.com")), 1);
        // An answered key is answered again, whatever the time is.
        let key = n.to_string();
        shop.store
            .write_blocking(Actor::cli(), {
                let key = key.clone();
                move |tx| tx.remember("clock", &key, &[1; 32], 201, b"{}")
            })
            .unwrap();
        let again = shop.store.write_blocking(Actor::cli(), move |tx| tx.replay("clock", &key, &[1; 32]));
        assert!(again.unwrap().is_some());
        placed.push(order.id);
        // What was placed under any other clock is changed under this one.
        shop.step(placed[n / 2], if n % 2 == 0 { Step::Hold } else { Step::Release });
    }
    let many = placed.len() as u64;
    assert_eq!(
        numbers.iter().max().unwrap() - numbers.iter().min().unwrap() + 1,
        many,
        "no number is left out"
    );
    let seqs: Vec<u64> =
        shop.store.read(|s| events::after(s, 0, 10_000)).unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=shop.store.last_seq()).collect::<Vec<_>>());
    shop.search.flush().unwrap();
    assert_eq!(shop.count(""), many);
    assert!(shop.store.check(&[orders::check]).unwrap().is_empty());
    // Lists go on by their cursors over all the years.
    let request = |after| crate::search::Request {
        limit: 7,
        after,
        ..crate::search::Request::list(crate::search::Query::everything(shop.search.schema()), "order")
    };
    let (mut after, mut walked) = (None, BTreeSet::new());
    loop {
        let answer = shop.search.find(&request(after)).unwrap();
        walked.extend(answer.hits.iter().map(|hit| hit.id));
        after = answer.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(walked.len() as u64, many);
}
