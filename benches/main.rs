//! The figures, as ratios of two things measured in one run; `BACKROOM_BENCH=short` is small and checks results only.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench is a program of its own that prints and may stop"
)]

mod backing_up;
mod page;
mod placing;
mod searching;
mod shop;

use std::time::Duration;

/// How much is measured.
pub(crate) struct Size {
    pub(crate) orders: u64,
    pub(crate) rounds: usize,
    pub(crate) is_short: bool,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) ours: Duration,
    pub(crate) theirs: Duration,
    pub(crate) other: &'static str,
}

fn main() {
    let is_short = std::env::var("BACKROOM_BENCH").is_ok_and(|v| v == "short");
    // `cargo test` runs benches too, to see that they work.
    let is_test = std::env::args().any(|a| a == "--test");
    let orders = std::env::var("BACKROOM_BENCH_ORDERS").ok().and_then(|n| n.parse().ok());
    let size = Size {
        orders: orders.unwrap_or(if is_short || is_test { 2_000 } else { 100_000 }),
        rounds: if is_short || is_test { 3 } else { 200 },
        is_short: is_short || is_test,
    };
    let shop = shop::Shop::of(size.orders);
    let mut figures = searching::run(&shop, &size);
    figures.extend(page::run(&shop, &size));
    figures.extend(placing::run(&size));
    // It adds orders to the shop, so it comes last.
    figures.extend(backing_up::run(&shop, &size));
    println!("{:<44} {:>12} {:>12} {:>8}  other side", "figure", "ours", "theirs", "ratio");
    for f in &figures {
        let ratio = f.theirs.as_nanos() as f64 / f.ours.as_nanos().max(1) as f64;
        println!("{:<44} {:>12?} {:>12?} {ratio:>7.1}×  {}", f.what, f.ours, f.theirs, f.other);
    }
    println!("{} passed, 0 failed", figures.len());
}

/// The median and the 99th percentile of some times.
pub(crate) fn p50_p99(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
