//! Search as you type: the first 50 orders and a count to 1,000, beside SQLite FTS5 with a prefix index on the same rows.

use crate::figure::{Figure, Goal};
use crate::shop::Shop;
use crate::{Size, p50_p99};
use backroom::base::time::Zone;
use backroom::search::query::parse;
use backroom::search::{Count, Request, Total};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What people type, shortest first, and two words.
pub(crate) const TYPED: &[(&str, &[&str])] = &[
    ("1 letter", &["a", "m", "s", "b", "k"]),
    ("2 letters", &["an", "mu", "so", "be", "ka"]),
    ("3 letters", &["ann", "mul", "sor", "ber", "kar"]),
    ("4 letters", &["anna", "mull", "sara", "berg", "karl"]),
    ("6 letters", &["johann", "müller", "marten", "willow", "candle"]),
    ("two words", &["anna be", "maria s", "paper st", "peter m", "linen sh"]),
];

pub(crate) fn run(shop: &Shop, size: &Size) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (what, words) in TYPED {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..size.rounds.max(words.len()) {
            let typed = words[round % words.len()];
            let (a, time) = timed(|| our_search(shop, typed));
            ours.push(time);
            let (b, time) = timed(|| their_search(shop, typed));
            theirs.push(time);
            // What FTS5 finds we find: our folding may find more (ü is also ue), never nothing.
            assert!(b == 0 || a > 0, "{typed}: {a} against {b}");
        }
        let ((our_50, our_99), (their_50, their_99)) = (p50_p99(&mut ours), p50_p99(&mut theirs));
        for (name, ours, theirs) in [("p50", our_50, their_50), ("p99", our_99, their_99)] {
            let least = if what.contains("words") { 10.0 } else { 30.0 };
            let what = format!("search, {what}, {name}");
            figures.push(Figure::times(what, ours, theirs, "SQLite FTS5").goal(Goal::Ratio(least)));
        }
    }
    figures
}

pub(crate) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let value = black_box(act());
    (value, started.elapsed())
}

fn our_search(shop: &Shop, typed: &str) -> u64 {
    let now = shop.store.clock().now();
    let parsed = parse(typed, shop.search.schema(), now, &Zone::utc(), None);
    let answer = shop
        .search
        .find(&Request { count: Count::UpTo(1_000), ..Request::list(parsed.query, "order") })
        .unwrap();
    assert!(!answer.degraded, "the index is complete");
    match answer.total {
        Some(Total::Exact(n) | Total::MoreThan(n)) => n,
        None => answer.hits.len() as u64,
    }
}

pub(crate) fn their_search(shop: &Shop, typed: &str) -> u64 {
    let query = format!("{}*", typed.split(' ').map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" "));
    let mut page = shop
        .sqlite
        .prepare_cached("SELECT rowid FROM found WHERE found MATCH ?1 ORDER BY rowid DESC LIMIT 50")
        .unwrap();
    let rows = page.query_map([&query], |r| r.get::<_, i64>(0)).unwrap().count();
    let mut count = shop
        .sqlite
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM found WHERE found MATCH ?1 LIMIT 1001)")
        .unwrap();
    let total: i64 = count.query_row([&query], |r| r.get(0)).unwrap();
    black_box(rows);
    total as u64
}
