//! Search as you type: the first 50 orders and a count to 1,000, beside SQLite FTS5 with a prefix index on the same rows and
//! beside PostgreSQL.

use crate::backing_up::place_one;
use crate::figure::{Figure, Goal};
use crate::postgres::Server;
use crate::shop::Shop;
use crate::{Size, p50_p99};
use backroom::base::time::Zone;
use backroom::search::query::parse;
use backroom::search::{Count, Request, Total};
use postgres::{Client, Statement};
use std::hint::black_box;
use std::sync::mpsc::{RecvTimeoutError, channel};
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

/// Searches of the other side that take a second each are not made 200 times.
const SLOW_ROUNDS: usize = 40;
/// A hundred a second.
const UPDATES_EVERY: Duration = Duration::from_millis(10);

pub(crate) fn run(shop: &Shop, server: Option<&Server>, size: &Size) -> Vec<Figure> {
    let mut figures: Vec<Figure> = ASKED.iter().flat_map(|asked| beside_sqlite(shop, asked, size)).collect();
    figures.extend(under_updates(shop, size));
    if let Some(server) = server {
        server.fill_found(shop);
        let mut client = server.client();
        for way in [Way::TRIGRAM, Way::PREFIX] {
            figures.extend(beside_postgres(shop, &mut client, &way, size));
        }
    }
    figures
}

/// How one asks FTS5: as its own documents do, the best first and all counted, or with the limits of ours, so that it
/// may stop early.
pub(crate) struct Asked {
    name: &'static str,
    page: &'static str,
    count: &'static str,
    has_goal: bool,
    /// So often at most.
    rounds: usize,
}

const ASKED: [&Asked; 2] = [&Asked::BEST, &Asked::BOUNDED];

impl Asked {
    const BEST: Self = Self {
        name: "SQLite FTS5, best, all counted",
        page: "SELECT rowid FROM found WHERE found MATCH ?1 ORDER BY rank LIMIT 50",
        count: "SELECT count(*) FROM found WHERE found MATCH ?1",
        has_goal: true,
        rounds: SLOW_ROUNDS,
    };
    /// The same of a table that nobody writes to.
    const AT_REST: Self = Self { name: "the same at rest; ours with 100 new orders/s", ..Self::BEST };
    pub(crate) const BOUNDED: Self = Self {
        name: "SQLite FTS5, newest, 1,000 counted",
        page: "SELECT rowid FROM found WHERE found MATCH ?1 ORDER BY rowid DESC LIMIT 50",
        count: "SELECT count(*) FROM (SELECT 1 FROM found WHERE found MATCH ?1 LIMIT 1001)",
        has_goal: false,
        rounds: usize::MAX,
    };
}

/// Ours while orders are placed, of which each makes its customer's record a new one too; the other side is left alone.
fn under_updates(shop: &Shop, size: &Size) -> Vec<Figure> {
    // Dropped at the end, however it comes.
    let (going_on, ended) = channel::<()>();
    let store = &shop.store;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while ended.recv_timeout(UPDATES_EVERY) == Err(RecvTimeoutError::Timeout) {
                place_one(store, 0);
            }
        });
        let figures = beside_sqlite(shop, &Asked::AT_REST, size);
        drop(going_on);
        figures
    })
}

fn beside_sqlite(shop: &Shop, asked: &Asked, size: &Size) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (what, words) in TYPED {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..size.rounds.clamp(words.len(), asked.rounds) {
            let typed = words[round % words.len()];
            let (a, time) = timed(|| our_search(shop, typed, round as u64));
            ours.push(time);
            let (b, time) = timed(|| their_search(shop, asked, typed));
            theirs.push(time);
            // What FTS5 finds we find: our folding may find more (ü is also ue), never nothing.
            assert!(b == 0 || a > 0, "{typed}: {a} against {b}");
        }
        let ((our_50, our_99), (their_50, their_99)) = (p50_p99(&mut ours), p50_p99(&mut theirs));
        for (name, ours, theirs) in [("p50", our_50, their_50), ("p99", our_99, their_99)] {
            let least = if what.contains("words") { 10.0 } else { 30.0 };
            let what = format!("search, {what}, {name}");
            let figure = Figure::times(what, ours, theirs, asked.name);
            figures.push(if asked.has_goal { figure.goal(Goal::Ratio(least)) } else { figure });
        }
    }
    figures
}

/// How one searches in PostgreSQL: the condition, and what is typed as its argument.
struct Way {
    name: &'static str,
    condition: &'static str,
    argument: fn(&str) -> String,
    /// It finds beginnings of words as we do; parts of words are more.
    finds_beginnings: bool,
    goal: Option<f64>,
}

impl Way {
    const TRIGRAM: Self = Self {
        name: "PostgreSQL trigram",
        condition: "text ILIKE ALL (string_to_array($1, '|'))",
        argument: |typed| typed.split(' ').map(|w| format!("%{w}%")).collect::<Vec<_>>().join("|"),
        finds_beginnings: false,
        goal: Some(500.0),
    };
    const PREFIX: Self = Self {
        name: "PostgreSQL tsvector",
        condition: "to_tsvector('simple', text) @@ to_tsquery('simple', $1)",
        argument: |typed| typed.split(' ').map(|w| format!("{w}:*")).collect::<Vec<_>>().join(" & "),
        finds_beginnings: true,
        goal: None,
    };
}

fn beside_postgres(shop: &Shop, client: &mut Client, way: &Way, size: &Size) -> Vec<Figure> {
    let Way { name, condition, argument, finds_beginnings, goal } = way;
    let page = format!("SELECT id FROM found WHERE {condition} ORDER BY id DESC LIMIT 50");
    let count = format!("SELECT count(*) FROM (SELECT 1 FROM found WHERE {condition} LIMIT 1001) AS first");
    let (page, count) = (client.prepare(&page).unwrap(), client.prepare(&count).unwrap());
    let mut figures = Vec::new();
    for (what, words) in TYPED {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..size.rounds.clamp(words.len(), SLOW_ROUNDS) {
            let typed = words[round % words.len()];
            let (ours_found, time) = timed(|| our_search(shop, typed, round as u64));
            ours.push(time);
            let (found, time) = timed(|| in_postgres(client, &page, &count, &argument(typed)));
            theirs.push(time);
            assert!(
                !finds_beginnings || found == 0 || ours_found > 0,
                "{typed}: {ours_found} against {found}"
            );
        }
        let ((our_50, our_99), (their_50, their_99)) = (p50_p99(&mut ours), p50_p99(&mut theirs));
        for (mark, ours, theirs) in [("p50", our_50, their_50), ("p99", our_99, their_99)] {
            let figure = Figure::times(format!("search, {what}, {mark}"), ours, theirs, name);
            figures.push(match goal {
                Some(least) => figure.goal(Goal::Ratio(*least)),
                None => figure,
            });
        }
    }
    figures
}

fn in_postgres(client: &mut Client, page: &Statement, count: &Statement, wanted: &str) -> i64 {
    black_box(client.query(page, &[&wanted]).unwrap().len());
    client.query_one(count, &[&wanted]).unwrap().get(0)
}

pub(crate) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let value = black_box(act());
    (value, started.elapsed())
}

/// With `more` than a thousand counted it is another question each time: what was counted for the same one is kept.
fn our_search(shop: &Shop, typed: &str, more: u64) -> u64 {
    let now = shop.store.clock().now();
    let parsed = parse(typed, shop.search.schema(), now, &Zone::utc(), None);
    let answer = shop
        .search
        .find(&Request { count: Count::UpTo(1_000 + more), ..Request::list(parsed.query, "order") })
        .unwrap();
    assert!(!answer.degraded, "the index is complete");
    match answer.total {
        Some(Total::Exact(n) | Total::MoreThan(n)) => n,
        None => answer.hits.len() as u64,
    }
}

pub(crate) fn their_search(shop: &Shop, asked: &Asked, typed: &str) -> u64 {
    let query = format!("{}*", typed.split(' ').map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" "));
    let mut page = shop.sqlite.prepare_cached(asked.page).unwrap();
    let rows = page.query_map([&query], |r| r.get::<_, i64>(0)).unwrap().count();
    let mut count = shop.sqlite.prepare_cached(asked.count).unwrap();
    let total: i64 = count.query_row([&query], |r| r.get(0)).unwrap();
    black_box(rows);
    total as u64
}
