//! Figures of the search floor alone: building, typing, lists, orders and counts over many orders.

use backroom::base::error::Result;
use backroom::base::time::{Clock, Timestamp, Zone};
use backroom::search::{
    Change, Count, Doc, FieldDef, KindDef, Query, Request, Schema, Search, Settings, Shape, Sort, Source,
    query,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const FIRST: &[&str] = &[
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Leon",
    "Marie", "Noah", "Olivia", "Paul", "Quentin", "Rosa", "Sören", "Tilda", "Ursula", "Viktor", "Wanda",
    "Xaver", "Yara", "Zoë",
];
const LAST: &[&str] = &[
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Koch",
    "Bauer",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Braun",
    "Krüger",
    "Hofmann",
    "Hartmann",
    "Lange",
    "Berg",
    "Bergmann",
    "Sørensen",
    "O'Neil",
    "García",
    "Kowalski",
    "Nowak",
    "Ivanov",
    "Dubois",
];
const CITIES: &[&str] =
    &["Berlin", "München", "Hamburg", "Köln", "Zürich", "Wien", "Oslo", "København", "Paris", "Leeds"];
const ITEMS: &[&str] = &[
    "Rain jacket",
    "Wool sweater",
    "Cotton shirt",
    "Linen trousers",
    "Leather boots",
    "Silk scarf",
    "Canvas bag",
    "Enamel mug",
    "Oak board",
    "Desk lamp",
    "Steel bottle",
    "Paper notebook",
];
const COLOURS: &[&str] = &["navy", "black", "white", "red", "green", "sand"];
const STATUS: &[&str] = &["open", "completed", "cancelled"];
const NOW: i64 = 1_790_000_000_000;

/// Numbers that look random and are the same every time.
fn mix(n: u64, salt: u64) -> usize {
    let mut x = n.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((x ^ (x >> 31)) >> 8).unwrap_or(0)
}

fn pick<'a>(list: &[&'a str], n: u64, salt: u64) -> &'a str {
    list.get(mix(n, salt) % list.len()).copied().unwrap_or_default()
}

fn id(n: u64) -> [u8; 16] {
    let mut bytes = [7; 16];
    let (head, tail) = bytes.split_at_mut(8);
    head.copy_from_slice(&n.to_be_bytes());
    tail.copy_from_slice(&(mix(n, 99) as u64).to_be_bytes());
    bytes
}

fn order(n: u64) -> Doc {
    let (first, last) = (pick(FIRST, n, 1), pick(LAST, n, 2));
    let digits = mix(n, 3) % 100_000_000;
    let mut doc = Doc::new("order", id(n), NOW - i64::try_from(n).unwrap_or(0) * 20_000)
        .text("number", format!("{}", 1_000_000 + n))
        .text("name", format!("{first} {last}"))
        .text("email", format!("{first}.{last}{}@example{}.com", mix(n, 4) % 500, mix(n, 5) % 20))
        .text("phone", format!("+49 30 {digits:08}"))
        .text("city", pick(CITIES, n, 6))
        .text("street", format!("{}straße {}", pick(LAST, n, 7), mix(n, 8) % 200))
        .text("postcode", format!("{:05}", mix(n, 9) % 90_000 + 10_000))
        .keyword("status", if mix(n, 10) % 50 == 0 { "open" } else { pick(STATUS, n, 11) })
        .keyword("payment", if mix(n, 12) % 20 == 0 { "unpaid" } else { "paid" })
        .keyword("country", if mix(n, 13) % 8 == 0 { "CH" } else { "DE" })
        .number("total", i64::try_from(mix(n, 14) % 50_000).unwrap_or(0))
        .number("items", i64::try_from(mix(n, 15) % 6).unwrap_or(0) + 1);
    for line in 0..1 + (mix(n, 16) % 3) as u64 {
        let (item, colour) = (pick(ITEMS, n, 20 + line), pick(COLOURS, n, 30 + line));
        doc = doc
            .text("item", format!("{item} {colour} M"))
            .text("sku", format!("{}-M-{colour}", item.to_uppercase().replace(' ', "")))
            .keyword("colour", colour);
    }
    doc
}

fn schema() -> Schema {
    const ORDER: &[&str] = &["order"];
    let field = |name: &'static str, shape, boxed, facet, sortable| FieldDef {
        name,
        aliases: &[],
        label: name,
        help: "",
        example: "",
        kinds: ORDER,
        shape,
        boxed,
        facet,
        sortable,
        private: matches!(name, "email" | "phone"),
        naming: None,
        none: "",
    };
    let words = Shape::Word { values: STATUS };
    let kinds = vec![
        KindDef { name: "order", prefix: "ord", label: "Orders" },
        KindDef { name: "customer", prefix: "cus", label: "Customers" },
    ];
    let fields = vec![
        field("number", Shape::Code, true, false, false),
        field("name", Shape::Text, true, false, false),
        field("email", Shape::Email, true, false, false),
        field("phone", Shape::Phone, true, false, false),
        field("city", Shape::Text, true, false, false),
        field("street", Shape::Text, true, false, false),
        field("postcode", Shape::Code, true, false, false),
        field("item", Shape::Text, true, false, false),
        field("sku", Shape::Code, true, false, false),
        field("colour", Shape::Keyword, false, true, false),
        field("status", words, false, true, false),
        field("payment", Shape::Word { values: &["paid", "unpaid"] }, false, true, false),
        field("country", Shape::Keyword, false, true, false),
        field("total", Shape::Money, false, false, true),
        field("items", Shape::Number, false, false, true),
        field("placed", Shape::Time, false, false, false),
    ];
    Schema::new(kinds, fields).expect("the schema is sound")
}

/// Orders that are computed and not kept.
struct Made {
    orders: AtomicU64,
    /// Changes since the beginning: the changed order by place.
    log: std::sync::Mutex<Vec<u64>>,
}

impl Source for Made {
    fn doc(&self, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>> {
        let n = id.first_chunk::<8>().map_or(0, |b| u64::from_be_bytes(*b));
        Ok((kind == "order" && n < self.orders.load(Ordering::SeqCst)).then(|| order(n)))
    }
    fn ids(&self, kind: &str, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>> {
        let from = after.and_then(|a| a.first_chunk::<8>().map(|b| u64::from_be_bytes(*b) + 1)).unwrap_or(0);
        let end = if kind == "order" { self.orders.load(Ordering::SeqCst) } else { 0 };
        Ok((from..end).take(limit).map(id).collect())
    }
    fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Change>> {
        let log = self.log.lock().map(|l| l.clone()).unwrap_or_default();
        Ok((1..)
            .zip(log)
            .map(|(seq, n)| Change { seq, kind: "order", id: id(n) })
            .filter(|c| c.seq > after_seq)
            .take(limit)
            .collect())
    }
    fn last_seq(&self) -> u64 {
        self.log.lock().map_or(0, |l| l.len() as u64)
    }
    fn epoch(&self) -> [u8; 16] {
        [1; 16]
    }
}

/// Builds an index of `docs` orders in memory-like circumstances and prints what questions cost.
pub(crate) fn run(docs: u64) {
    let dir = tempfile::tempdir().expect("a directory for the index");
    let made = Arc::new(Made { orders: AtomicU64::new(docs), log: std::sync::Mutex::default() });
    let source: Arc<dyn Source> = Arc::<Made>::clone(&made);
    let clock = Clock::manual(Timestamp(NOW));
    let search = Search::open(dir.path(), schema(), source, Settings::default(), clock).expect("an index");
    let started = Instant::now();
    let read = (0..20_000).map(|n| order(n).texts_of("name").count()).sum::<usize>();
    println!("making {read} documents takes {:.1} µs each", started.elapsed().as_secs_f64() * 1e6 / 20_000.0);
    let started = Instant::now();
    search.flush().expect("the index is built");
    let took = started.elapsed().as_secs_f64();
    println!(
        "CPU in clock ticks of 10 ms, user and system: whole {:?}, this thread {:?}",
        ticks("self"),
        ticks("thread-self")
    );
    let health = search.health();
    println!(
        "built {docs} orders in {took:.1} s: {:.0} orders/s, {} segments, {} MB",
        docs as f64 / took,
        health.segments,
        health.bytes / 1_000_000
    );
    ask_everything(&search, docs, "built");
    steady(&search, &made, docs);
    ask_everything(&search, docs, "after updates");
    for n in 0..1_000 {
        change(&search, &made, n * 37 % docs);
    }
    ask_everything(&search, docs, "with 1,000 waiting");
}

/// User and system time of the process or the thread.
fn ticks(of: &str) -> (u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).unwrap_or_default();
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|f| f.parse().ok()).unwrap_or(0);
    (next(), next())
}

fn change(search: &Search, made: &Made, n: u64) {
    let seq = made.log.lock().map_or(0, |mut log| {
        log.push(n);
        log.len() as u64
    });
    search.note(&[Change { seq, kind: "order", id: id(n) }]);
}

/// Many small commits: segments and deletes as in a busy shop.
fn steady(search: &Search, made: &Made, docs: u64) {
    let started = Instant::now();
    for commit in 0..60_u64 {
        for k in 0..50 {
            change(search, made, mix(commit * 50 + k, 50) as u64 % docs);
        }
        search.flush().expect("a commit");
    }
    let health = search.health();
    println!(
        "60 commits of 50 changes: {:.1} ms each, {} segments, {} MB",
        started.elapsed().as_secs_f64() * 1e3 / 60.0,
        health.segments,
        health.bytes / 1_000_000
    );
}

fn ask_everything(search: &Search, docs: u64, state: &str) {
    println!("-- {state}: p50 and p99 in µs, newest 50 and counted to 1,000 unless said otherwise");
    let name = |i: u64| format!("{} {}", pick(FIRST, i * 977 % docs, 1), pick(LAST, i * 977 % docs, 2));
    for letters in 1..=6 {
        figure(search, &format!("{letters} letters"), |i| {
            list(search, &name(i).chars().take(letters).collect::<String>())
        });
    }
    figure(search, "first name, 3 letters of the last", |i| {
        let name = name(i);
        let (first, last) = name.split_once(' ').unwrap_or_default();
        list(search, &format!("{first} {}", last.chars().take(3).collect::<String>()))
    });
    figure(search, "3 letters and a status", |i| {
        list(search, &format!("{} status:open", name(i).chars().take(3).collect::<String>()))
    });
    figure(search, "an e-mail", |i| {
        list(search, order(i * 977 % docs).texts_of("email").next().unwrap_or_default())
    });
    figure(search, "7 digits of a phone", |i| {
        list(
            search,
            &format!("{:08}", mix(i * 977 % docs, 3) % 100_000_000).chars().skip(1).collect::<String>(),
        )
    });
    figure(search, "a number", |i| list(search, &format!("{}", 1_000_000 + i * 977 % docs)));
    figure(search, "a mistyped name", |i| list(search, &swapped(pick(LAST, i, 2))));
    for text in [
        "",
        "status:open",
        "status:completed",
        "-status:completed",
        "payment:unpaid status:open",
        "placed:-30d",
        "placed:-30d status:open",
        "total:>499.9",
        "total:>499.99",
        "total:<100 status:open",
        "name:a",
        "name:mul",
        "country:CH",
        "\"anna berg\"",
        "colour:none",
        "status:any",
        "berlin OR wien",
        "straße",
    ] {
        let listed = Request::list(parse(search, text), "order");
        figure(search, &format!("list {text}"), |_| listed.clone());
    }
    for (text, sort) in [
        ("", Sort::Oldest),
        ("", Sort::By { field: "total", descending: true }),
        ("status:open", Sort::By { field: "total", descending: true }),
        ("anna", Sort::By { field: "total", descending: false }),
        ("anna berg", Sort::By { field: "items", descending: false }),
    ] {
        let listed = Request { sort: sort.clone(), ..Request::list(parse(search, text), "order") };
        figure(search, &format!("list {text:?} by {sort:?}"), |_| listed.clone());
    }
    let mut deep = Request { limit: 1_000, ..Request::list(parse(search, "status:completed"), "order") };
    for _ in 0..20 {
        deep.after = search.find(&deep).ok().and_then(|a| a.next);
    }
    deep.limit = 50;
    figure(search, "a page after 20,000 completed", |_| deep.clone());
    figure(search, "the page before it", |_| Request { before: deep.after, after: None, ..deep.clone() });
    let facets = Request {
        facets: vec!["status", "payment", "country", "colour"],
        ..Request::list(parse(search, "anna"), "order")
    };
    figure(search, "four facets of a name", |_| facets.clone());
    let facets = Request { query: parse(search, ""), ..facets };
    figure(search, "four facets of everything", |_| facets.clone());
}

fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 4 {
        letters.swap(2, 3);
    }
    letters.into_iter().collect()
}

fn parse(search: &Search, text: &str) -> Query {
    query::parse(text, search.schema(), Timestamp(NOW), &Zone::utc(), None).query
}

fn list(search: &Search, text: &str) -> Request<'static> {
    Request { count: Count::UpTo(1_000), ..Request::list(parse(search, text), "order") }
}

fn figure(search: &Search, what: &str, mut request: impl FnMut(u64) -> Request<'static>) {
    let mut times = Vec::new();
    let mut hits = 0;
    for i in 0..300 {
        let request = request(i);
        let started = Instant::now();
        let answer = search.find(&request).expect("an answer");
        times.push(started.elapsed().as_secs_f64() * 1e6);
        hits += answer.hits.len();
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!("{what:<44} {:>9.1} {:>9.1}   {:.1} hits", at(0.5), at(0.99), hits as f64 / 300.0);
}
