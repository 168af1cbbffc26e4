//! The figures, as ratios of two things measured in one run; `BACKROOM_BENCH=short` is small and checks results only.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench is a program of its own that prints and may stop"
)]

mod backing_up;
mod client;
mod figure;
mod following;
mod growth;
mod indexing;
mod lists;
mod living;
mod moving;
mod page;
mod placing;
mod postgres;
mod receiving;
mod running;
mod searching;
mod serving;
mod shop;
mod working;

use figure::Figure;
use std::cell::LazyCell;
use std::time::Duration;

/// How much is measured.
pub(crate) struct Size {
    pub(crate) orders: u64,
    pub(crate) rounds: usize,
    pub(crate) is_short: bool,
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
    // `BACKROOM_BENCH_ONLY=lists,page` measures these subjects alone.
    let only = std::env::var("BACKROOM_BENCH_ONLY").ok();
    println!("{}", figure::heads());
    // It makes its own shops, of several sizes, and takes long.
    if only.as_deref().map_or(size.is_short, |only| only == "growth") {
        let sizes = std::env::var("BACKROOM_BENCH_SIZES").ok();
        growth::run(sizes.as_deref(), &size);
        if only.is_some() {
            return;
        }
    }
    // Made when something is measured that needs them.
    let shop = LazyCell::new(|| shop::Shop::of(size.orders));
    let demo = LazyCell::new(|| running::Demo::of(size.orders));
    let server = postgres::Server::start();
    if server.is_none() {
        println!("(no PostgreSQL here: the figures beside it are left out)");
    }
    let server = server.as_ref();
    let mut count = 0;
    let subjects: &[(&str, &dyn Fn() -> Vec<Figure>)] = &[
        ("searching", &|| searching::run(&shop, server, &size)),
        ("page", &|| page::run(&demo, &shop, &size)),
        ("serving", &|| serving::run(&demo, &size)),
        ("lists", &|| lists::run(&demo, &shop, &size)),
        ("placing", &|| placing::run(server, &size)),
        ("working", &|| working::run(&size)),
        ("following", &|| following::run(&size)),
        ("moving", &|| moving::run(&demo, server, &size)),
        ("indexing", &|| indexing::run(&shop, &size)),
        ("living", &|| living::run(&demo, &size)),
        // It adds orders to the shop, so it comes last.
        ("backing_up", &|| backing_up::run(&shop, &size)),
    ];
    for (_, run) in subjects.iter().filter(|(name, _)| is_wanted(only.as_deref(), name)) {
        count += print(run(), &size);
    }
    println!("{count} passed, 0 failed");
}

fn is_wanted(only: Option<&str>, name: &str) -> bool {
    only.is_none_or(|only| only.split(',').any(|one| one == name))
}

/// Prints figures; gives how many.
fn print(figures: Vec<Figure>, size: &Size) -> usize {
    for figure in &figures {
        // The short form checks results; its times say nothing.
        if size.is_short {
            println!("{figure:#}");
        } else {
            println!("{figure}");
        }
    }
    figures.len()
}

/// The median and the 99th percentile of some times.
pub(crate) fn p50_p99(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
