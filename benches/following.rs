//! What follows a commit: how soon a webhook leaves, what placing loses with every subscriber on, how fast the log is read again.

use crate::client::Client;
use crate::figure::{Amount, Figure, Goal};
use crate::receiving::{Mails, Webhooks};
use crate::running::{Empty, Running};
use crate::{Size, p50_p99};
use backroom::base::error::Result;
use backroom::base::time::Clock;
use backroom::store::{Actor, Event, Record, Settings, Store, StoredEvent, Subject, Table, TableInfo, Tx};
use backroom::work::Work;
use backroom::work::subscriptions::{self, Subscriber};
use minicbor::{Decode, Encode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 16;
/// Orders a second while webhooks are timed.
const PACE: u64 = 200;
/// Events that are read, and that the log has, at the size that is promised.
const EVENTS: u64 = 1_000_000;
const GROUP: u64 = 1_000;
/// What the other side reads in one transaction.
const THEIR_BATCH: i64 = 200;

pub(crate) fn run(size: &Size) -> Vec<Figure> {
    let mut figures = soon(size, Duration::ZERO, "");
    figures.extend(soon(size, Duration::from_millis(100), ", a slow receiver"));
    figures.extend(loss(size));
    figures.extend(replay(size));
    figures
}

fn order(key: &str, name: &str, n: usize) -> String {
    let body = format!(
        "{{\"email\":\"{name}{n}@example.com\",\"currency\":\"EUR\",\"lines\":[{{\"sku\":\"BAR-1\",\
         \"title\":\"Test\",\"quantity\":1,\"unit_price\":{{\"amount\":100,\"currency\":\"EUR\"}}}}]}}"
    );
    format!(
        "POST /api/v1/orders HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\nidempotency-key: {name}-{n}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// From the 201 of an order to its webhook, at so many orders a second; the receiver takes its time to answer.
fn soon(size: &Size, takes: Duration, of: &str) -> Vec<Figure> {
    let count = if size.is_short { 40 } else { 20 * PACE };
    let receiver = Webhooks::open(takes);
    let shop = Empty::open();
    let running = shop.serve("[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n");
    shop.webhook(&running, &receiver.url, &["order.placed"]);
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let answered: Vec<(String, Instant)> = std::thread::scope(|scope| {
        let client = || {
            let mut client = Client::to(&running.address);
            let mut answered = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n as u64 >= count {
                    return answered;
                }
                // Orders come when they come, however long the one before takes.
                let at = begun + Duration::from_micros(n as u64 * 1_000_000 / PACE);
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                let got = client.ask(&order(&shop.key, "soon", n));
                assert_eq!(got.status, 201, "{}", String::from_utf8_lossy(&got.body));
                let now = Instant::now();
                let order: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
                answered.push((order["id"].as_str().unwrap().to_owned(), now));
            }
        };
        let all: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        all.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let got = receiver.wait_for(count as usize);
    let mut late: Vec<Duration> =
        answered.into_iter().map(|(order, at)| got[&order].saturating_duration_since(at)).collect();
    running.end();
    let (p50, p99) = p50_p99(&mut late);
    vec![
        Figure::alone(&format!("a webhook behind its 201, 200 orders/s{of}"), Amount::Time(p50)),
        Figure::alone(&format!("the same, p99{of}"), Amount::Time(p99))
            .goal(Goal::AtMost(Amount::Time(Duration::from_millis(100)))),
    ]
}

/// Orders a second with nobody following, and with everybody: webhooks, mails to customer and shop, in turns.
fn loss(size: &Size) -> Vec<Figure> {
    let (turns, each) = if size.is_short { (1, 10) } else { (4, 150) };
    let (receiver, mails) = (Webhooks::open(Duration::ZERO), Mails::open());
    let (quiet, busy) = (Empty::open(), Empty::open());
    let alone = quiet.serve("");
    let followed = busy.serve(&format!(
        "[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         hold_seconds = 0\n",
        mails.port
    ));
    busy.webhook(&followed, &receiver.url, &["order.*", "customer.*"]);
    busy.every_mail(&followed);
    let (mut ours, mut theirs) = (0.0, 0.0);
    for turn in 0..turns {
        theirs += placed(&alone, &quiet.key, turn, each) / turns as f64;
        ours += placed(&followed, &busy.key, turn, each) / turns as f64;
        // Each order reaches everybody in the end, and what is left to send does not slow the other side down.
        let all = (turn + 1) * each * CLIENTS;
        receiver.wait_for(all);
        mails.wait_for(2 * all);
    }
    followed.end();
    alone.end();
    vec![
        Figure::rates("orders placed with every subscriber on, 16 clients", ours, theirs, "nobody follows")
            .goal(Goal::Ratio(0.9)),
    ]
}

fn placed(shop: &Running, key: &str, turn: usize, each: usize) -> f64 {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut line = Client::to(&shop.address);
                for n in 0..each {
                    let got = line.ask(&order(key, "all", (turn * CLIENTS + client) * each + n));
                    assert_eq!(got.status, 201, "{}", String::from_utf8_lossy(&got.body));
                }
            });
        }
    });
    (CLIENTS * each) as f64 / begun.elapsed().as_secs_f64()
}

backroom::id!(
    /// What the events are about.
    ThingId, "thg"
);

#[derive(serde::Serialize)]
struct Made {
    text: String,
}

impl Event for Made {
    fn kind(&self) -> &'static str {
        "thing.made"
    }
}

/// What the reader writes of an event, as one does that keeps statistics.
#[derive(Encode, Decode)]
struct Sum {
    #[n(0)]
    count: u64,
}

impl Record for Sum {
    type Key = u64;
}

const SUMS: Table<u64, Sum> = Table::new("bench_sum/1");
const SUM_TABLES: &[TableInfo] = &[SUMS.info("bench")];
/// Sums that are kept.
const THINGS: u64 = 100;

struct Counts;

impl Subscriber for Counts {
    fn prefix(&self) -> &'static str {
        "counts"
    }
    fn take(&self, tx: &mut Tx<'_>, _: &str, event: &StoredEvent) -> Result<()> {
        let thing = event.seq % THINGS;
        let count = SUMS.get(tx, &thing)?.map_or(0, |sum| sum.count) + 1;
        SUMS.put(tx, &thing, &Sum { count })
    }
}

/// A log that is read again from its beginning, durably, by one that counts: beside a cursor in SQLite.
fn replay(size: &Size) -> Vec<Figure> {
    let events = if size.is_short { 2_000 } else { EVENTS };
    let (ours, theirs) = (replayed(events), in_sqlite(events));
    vec![
        Figure::rates(
            "events read again by a subscriber that counts",
            ours,
            theirs,
            "SQLite cursor, WAL FULL",
        ),
        Figure::alone("the same", Amount::PerSecond(ours)).goal(Goal::AtLeast(Amount::PerSecond(20_000.0))),
    ]
}

fn replayed(events: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let tables = [backroom::registry::tables(), SUM_TABLES].concat();
    let store = Store::open(dir.path(), &settings, Clock::system(), &tables).unwrap();
    for group in 0..events / GROUP {
        store
            .write_blocking(Actor::system("bench"), move |tx| {
                for n in 0..GROUP {
                    let id = ThingId(u128::from(group * GROUP + n).to_be_bytes());
                    tx.publish(Subject::of(&id), &Made { text: "x".repeat(300) })?;
                }
                Ok(())
            })
            .unwrap();
    }
    let epoch = store.epoch();
    store
        .write_blocking(Actor::system("bench"), move |tx| {
            subscriptions::add(tx, "counts", Vec::new(), 0, epoch)
        })
        .unwrap();
    let work = Work::new(store.clone(), Vec::new(), vec![Arc::new(Counts)]);
    let begun = Instant::now();
    let running = work.start().unwrap();
    while store.read(|s| subscriptions::get(s, "counts")).unwrap().cursor < events {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let took = begun.elapsed();
    drop(running);
    let count = |n: u64| store.read(|s| SUMS.get(s, &n)).unwrap().unwrap().count;
    assert_eq!((0..THINGS).map(count).sum::<u64>(), events, "each was counted, and once");
    store.close().unwrap();
    events as f64 / took.as_secs_f64()
}

fn in_sqlite(events: u64) -> f64 {
    let (dir, events) = (tempfile::tempdir().unwrap(), i64::try_from(events).unwrap());
    let mut db = rusqlite::Connection::open(dir.path().join("log.sqlite")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE events(seq INTEGER PRIMARY KEY, kind TEXT, doc TEXT);
         CREATE TABLE sums(thing INTEGER PRIMARY KEY, count INTEGER);
         CREATE TABLE cursor(name TEXT PRIMARY KEY, seq INTEGER);
         INSERT INTO cursor VALUES('counts', 0);",
    )
    .unwrap();
    let tx = db.transaction().unwrap();
    let mut insert = tx.prepare("INSERT INTO events(kind, doc) VALUES('thing.made', ?1)").unwrap();
    for _ in 0..events {
        insert.execute(["x".repeat(360)]).unwrap();
    }
    drop(insert);
    tx.commit().unwrap();
    let begun = Instant::now();
    let mut cursor = 0;
    while cursor < events {
        let tx = db.transaction().unwrap();
        let mut read = tx
            .prepare_cached("SELECT seq, kind, doc FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")
            .unwrap();
        let batch: Vec<(i64, String)> = read
            .query_map((cursor, THEIR_BATCH), |row| Ok((row.get(0)?, row.get(2)?)))
            .unwrap()
            .map(std::result::Result::unwrap)
            .collect();
        drop(read);
        let mut count = tx
            .prepare_cached(
                "INSERT INTO sums VALUES(?1, 1) ON CONFLICT(thing) DO UPDATE SET count = count + 1",
            )
            .unwrap();
        for (seq, _) in &batch {
            count.execute([seq % THINGS as i64]).unwrap();
        }
        drop(count);
        cursor = batch.last().unwrap().0;
        tx.execute("UPDATE cursor SET seq = ?1 WHERE name = 'counts'", [cursor]).unwrap();
        tx.commit().unwrap();
    }
    let took = begun.elapsed();
    let all: i64 = db.query_row("SELECT sum(count) FROM sums", [], |row| row.get(0)).unwrap();
    assert_eq!(all, events);
    events as f64 / took.as_secs_f64()
}
