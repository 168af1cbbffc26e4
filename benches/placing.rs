//! Placing orders durably: ours with everything that belongs to an order, beside SQLite WAL with synchronous=FULL and
//! PostgreSQL as it is installed.

use crate::Size;
use crate::figure::{Figure, Goal};
use crate::postgres::Server;
use backroom::base::money::{Currency, Price};
use backroom::base::time::Clock;
use backroom::shop::orders::{NewLine, NewOrder, place};
use backroom::store::{Actor, Settings, Store};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub(crate) fn run(server: Option<&Server>, size: &Size) -> Vec<Figure> {
    let each = if size.is_short { 20 } else { 400 };
    let mut figures = Vec::new();
    for (clients, least) in [(1, 0.8), (16, 2.0), (64, 4.0)] {
        let what = format!("an order placed, {clients} clients");
        let own = ours(clients, each);
        figures.push(
            Figure::times(what.clone(), own, theirs(clients, each), "SQLite WAL FULL")
                .goal(Goal::Ratio(least)),
        );
        if let Some(server) = server {
            let beside = Figure::times(what, own, in_postgres(server, clients, each), "PostgreSQL");
            figures.push(if clients > 1 { beside.goal(Goal::Ratio(2.0)) } else { beside });
        }
    }
    figures
}

fn order(n: usize) -> NewOrder {
    let price = Price::from_minor(1_999, Currency::EUR).unwrap();
    let line = |k: usize| NewLine {
        sku: format!("SKU-{k}"),
        title: "Rain jacket".into(),
        quantity: 1,
        unit_price: price,
        ..NewLine::default()
    };
    NewOrder {
        email: Some(format!("c{n}@example.com")),
        lines: (0..3).map(line).collect(),
        ..NewOrder::new(Currency::EUR)
    }
}

/// Wall time per order with so many clients at once.
fn ours(clients: usize, each: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let store = Store::open(dir.path(), &settings, Clock::system(), backroom::registry::tables()).unwrap();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..clients {
            let store = &store;
            scope.spawn(move || {
                for i in 0..each {
                    let new = order(client * each + i);
                    store.write_blocking(Actor::system("bench"), move |tx| place(tx, &new)).unwrap();
                }
            });
        }
    });
    let took = started.elapsed() / u32::try_from(clients * each).unwrap();
    let count = store.read(|s| backroom::shop::orders::count(s, &backroom::shop::orders::VIEWS[0])).unwrap();
    assert_eq!(count, i64::try_from(clients * each).unwrap(), "every order is there");
    store.close().unwrap();
    took
}

fn theirs(clients: usize, each: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let db = rusqlite::Connection::open(dir.path().join("shop.sqlite")).unwrap();
        db.busy_timeout(Duration::from_secs(60)).unwrap();
        db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;").unwrap();
        db
    };
    open()
        .execute_batch(
            "CREATE TABLE orders(id INTEGER PRIMARY KEY, number INTEGER UNIQUE, customer INTEGER, placed INTEGER, doc TEXT);
             CREATE INDEX by_customer ON orders(customer, placed);
             CREATE TABLE customers(id INTEGER PRIMARY KEY, email TEXT UNIQUE, orders INTEGER, spent INTEGER);
             CREATE INDEX by_orders ON customers(orders); CREATE INDEX by_spent ON customers(spent);
             CREATE TABLE events(seq INTEGER PRIMARY KEY, subject INTEGER, kind TEXT, doc TEXT);
             CREATE INDEX by_subject ON events(subject, seq);",
        )
        .unwrap();
    let done = Mutex::new(0_usize);
    // Connections are open before, as ours is.
    let connections: Vec<_> = (0..clients).map(|_| open()).collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (client, mut db) in connections.into_iter().enumerate() {
            let done = &done;
            scope.spawn(move || {
                for i in 0..each {
                    let n = (client * each + i) as i64;
                    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
                    let doc = "x".repeat(300);
                    tx.prepare_cached("INSERT INTO customers(email, orders, spent) VALUES (?1, 1, 5997)")
                        .unwrap()
                        .execute([format!("c{n}@example.com")])
                        .unwrap();
                    let customer = tx.last_insert_rowid();
                    tx.prepare_cached(
                        "INSERT INTO orders(number, customer, placed, doc) VALUES (?1, ?2, ?1, ?3)",
                    )
                    .unwrap()
                    .execute((n, customer, &doc))
                    .unwrap();
                    tx.prepare_cached(
                        "INSERT INTO events(subject, kind, doc) VALUES (?1, 'customer.added', ?2)",
                    )
                    .unwrap()
                    .execute((customer, &doc))
                    .unwrap();
                    tx.prepare_cached(
                        "INSERT INTO events(subject, kind, doc) VALUES (?1, 'order.placed', ?2)",
                    )
                    .unwrap()
                    .execute((n, &doc))
                    .unwrap();
                    tx.commit().unwrap();
                    *done.lock().unwrap() += 1;
                }
            });
        }
    });
    assert_eq!(*done.lock().unwrap(), clients * each);
    started.elapsed() / u32::try_from(clients * each).unwrap()
}

/// The same rows in tables of the same indexes, one transaction an order.
fn in_postgres(server: &Server, clients: usize, each: usize) -> Duration {
    let mut client = server.client();
    client
        .batch_execute(
            "DROP TABLE IF EXISTS orders, customers, events;
             CREATE TABLE orders(id bigserial PRIMARY KEY, number bigint UNIQUE, customer bigint, placed bigint, doc text);
             CREATE INDEX ON orders(customer, placed);
             CREATE TABLE customers(id bigserial PRIMARY KEY, email text UNIQUE, orders bigint, spent bigint);
             CREATE INDEX ON customers(orders); CREATE INDEX ON customers(spent);
             CREATE TABLE events(seq bigserial PRIMARY KEY, subject bigint, kind text, doc text);
             CREATE INDEX ON events(subject, seq);",
        )
        .unwrap();
    let connections: Vec<_> = (0..clients).map(|_| server.client()).collect();
    let doc = "x".repeat(300);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (at, mut db) in connections.into_iter().enumerate() {
            let doc = &doc;
            scope.spawn(move || {
                let customer = db
                    .prepare("INSERT INTO customers(email, orders, spent) VALUES ($1, 1, 5997) RETURNING id")
                    .unwrap();
                let order = db
                    .prepare("INSERT INTO orders(number, customer, placed, doc) VALUES ($1, $2, $1, $3)")
                    .unwrap();
                let event = db.prepare("INSERT INTO events(subject, kind, doc) VALUES ($1, $2, $3)").unwrap();
                for i in 0..each {
                    let n = (at * each + i) as i64;
                    let mut tx = db.transaction().unwrap();
                    let id: i64 = tx.query_one(&customer, &[&format!("c{n}@example.com")]).unwrap().get(0);
                    tx.execute(&order, &[&n, &id, doc]).unwrap();
                    tx.execute(&event, &[&id, &"customer.added", doc]).unwrap();
                    tx.execute(&event, &[&n, &"order.placed", doc]).unwrap();
                    tx.commit().unwrap();
                }
            });
        }
    });
    let took = started.elapsed() / u32::try_from(clients * each).unwrap();
    let count: i64 = client.query_one("SELECT count(*) FROM orders", &[]).unwrap().get(0);
    assert_eq!(count, (clients * each) as i64, "every order is there");
    took
}
