//! The box on the page, through the real program: the whole request of the drop-down and of the order list, from the first
//! byte sent to the last one read, beside what SQLite FTS5 alone takes for the same words over the same orders.

use crate::client::{Client, get};
use crate::figure::{Amount, Figure, Goal};
use crate::running::Demo;
use crate::searching::{Asked, TYPED, their_search, timed};
use crate::shop::Shop;
use crate::{Size, p50_p99};
use std::time::Duration;

/// What feels instant.
const WHOLE: Duration = Duration::from_millis(30);
/// Words with a mistake, a number, a piece of a phone number: what the other side cannot do at all.
const HARDER: &[(&str, &[&str])] = &[
    ("a typing mistake", &["schnider", "jakcet", "beriln", "wolll"]),
    ("a number", &["1234", "017", "2100"]),
];

pub(crate) fn run(demo: &Demo, shop: &Shop, size: &Size) -> Vec<Figure> {
    let served = demo.serve(true);
    let mut client = Client::to(&served.address);
    let mut show = |path: &str| {
        let got = client.ask(&get(path, &[("cookie", &demo.keys.cookie), ("accept", "text/html")]));
        assert_eq!(got.status, 200, "{path}");
        got.body
    };
    let mut figures = Vec::new();
    for (what, words) in TYPED.iter().chain(HARDER) {
        let (mut drop_down, mut list, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..size.rounds.max(words.len()) {
            let typed = words[round % words.len()];
            let query: String = typed.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let (page, time) = timed(|| show(&format!("/admin/search/suggest?q={query}")));
            drop_down.push(time);
            list.push(timed(|| show(&format!("/admin/orders?q={query}"))).1);
            let (found, time) = timed(|| their_search(shop, &Asked::BOUNDED, typed));
            theirs.push(time);
            let page = String::from_utf8_lossy(&page);
            let shows = page.contains("ord_") || page.contains("cus_");
            assert!(found == 0 || shows, "{typed}: {page}");
        }
        let ((their_50, their_99), drop_down, list) =
            (p50_p99(&mut theirs), p50_p99(&mut drop_down), p50_p99(&mut list));
        for (page, (p50, p99)) in [("drop-down", drop_down), ("order list", list)] {
            for (name, ours, theirs) in [("p50", p50, their_50), ("p99", p99, their_99)] {
                let figure =
                    Figure::times(format!("{page}, {what}, {name}"), ours, theirs, "SQLite FTS5, no page");
                figures.push(figure.goal(Goal::AtMost(Amount::Time(WHOLE))));
            }
        }
    }
    served.end();
    figures
}
