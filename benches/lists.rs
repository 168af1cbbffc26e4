//! The lists of the admin beside each other: nothing that staff can ask for is much slower than the fastest.

use crate::client::{Client, get};
use crate::figure::{Figure, Goal};
use crate::running::Demo;
use crate::searching::timed;
use crate::shop::Shop;
use crate::{Size, p50_p99};
use backroom::base::time::Zone;
use backroom::search::query::parse;
use backroom::search::{Count, Request};
use backroom::shop::orders::VIEWS;
use serde_json::Value;
use std::time::Duration;

const FILTERS: &[&str] = &[
    "payment:paid",
    "status:completed",
    "fulfilment:delivered",
    "channel:web",
    "country:de",
    "currency:eur",
    "customer:new",
    "customer:returning",
    "is:refunded",
    "total:>100",
    "items:>3",
    "placed:-30d",
    "category:mugs",
];
const SORTS: &[&str] =
    &["-placed", "placed", "-total", "total", "name", "-name", "status", "payment", "country", "-items"];
/// Pages that are turned to reach the deepest one that is measured.
const DEEP: usize = 40;

pub(crate) fn run(demo: &Demo, shop: &Shop, size: &Size) -> Vec<Figure> {
    let rounds = if size.is_short { 2 } else { 60 };
    let served = demo.serve(true);
    let mut client = Client::to(&served.address);
    let mut median = |path: &str| {
        let request = get(path, &[("cookie", &demo.keys.cookie), ("accept", "text/html")]);
        let mut times: Vec<Duration> = (0..rounds)
            .map(|_| {
                let (got, time) = timed(|| client.ask(&request));
                assert_eq!(got.status, 200, "{path}");
                time
            })
            .collect();
        p50_p99(&mut times).0
    };
    let list = |query: &str, sort: &str| {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("/admin/orders?q={query}&sort={sort}")
    };
    let mut plain: Vec<String> = VIEWS.iter().map(|view| list(view.query, "-placed")).collect();
    plain.extend(FILTERS.iter().map(|filter| list(filter, "-placed")));
    plain.push(format!("/admin/orders?after={}", deep(demo, &served.address, size)));
    // The last page, which is the first from the other end.
    plain.push(list("", "placed"));
    let sorted = FILTERS.iter().flat_map(|filter| SORTS.iter().map(|sort| list(filter, sort)));
    let plain: Vec<Duration> = plain.iter().map(|path| median(path)).collect();
    let sorted: Vec<Duration> = sorted.map(|path| median(&path)).collect();
    let slowest = |times: &[Duration]| times.iter().max().copied().unwrap();
    let fastest = plain.iter().min().copied().unwrap();
    served.end();
    vec![
        Figure::times(
            format!("slowest of {} views, filters and pages", plain.len()),
            slowest(&plain),
            fastest,
            "the fastest list",
        )
        .goal(Goal::Ratio(0.2)),
        Figure::times(
            format!("slowest of {} filters with sorts", sorted.len()),
            slowest(&sorted),
            fastest,
            "the fastest list",
        )
        .goal(Goal::Ratio(0.05)),
        facets(shop, rounds),
    ]
}

/// The cursor behind which a page deep in the list begins.
fn deep(demo: &Demo, address: &str, size: &Size) -> String {
    let mut client = Client::to(address);
    let bearer = format!("Bearer {}", demo.keys.api_key);
    let mut after = String::new();
    for _ in 0..if size.is_short { 2 } else { DEEP } {
        let path = format!("/api/v1/orders?limit=200{after}");
        let list = client.ask(&get(&path, &[("authorization", &bearer)]));
        let list: Value = serde_json::from_slice(&list.body).unwrap();
        after = format!("&after={}", list["next_cursor"].as_str().unwrap());
    }
    after.trim_start_matches("&after=").to_owned()
}

/// How many orders there are of each value of two fields, of all orders.
fn facets(shop: &Shop, rounds: usize) -> Figure {
    let now = shop.store.clock().now();
    let parsed = parse("", shop.search.schema(), now, &Zone::utc(), None);
    let mut request =
        Request { limit: 1, facets: vec!["payment", "channel"], ..Request::list(parsed.query, "order") };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Another question each time: what was counted for the same one is kept.
        request.count = Count::UpTo(1 + round as u64);
        let (answer, time) = timed(|| shop.search.find(&request).unwrap());
        ours.push(time);
        let (groups, time) = timed(|| shop.grouped("payment") + shop.grouped("channel"));
        theirs.push(time);
        let values: usize = answer.facets.iter().map(|facet| facet.values.len()).sum();
        assert_eq!(values, groups, "both sides find the same values");
    }
    Figure::times(
        "counts of the values of two fields".to_owned(),
        p50_p99(&mut ours).0,
        p50_p99(&mut theirs).0,
        "SQLite GROUP BY",
    )
    .goal(Goal::Ratio(100.0))
}
