//! One demo shop on disk, and the same rows in SQLite.

use backroom::base::time::{Clock, Timestamp, Zone};
use backroom::cli::demo::{Demo, Plan};
use backroom::search::Search;
use backroom::shop::desk::index::{StoreSource, note, schema};
use backroom::shop::orders;
use backroom::store::{Actor, Store};
use std::sync::Arc;

/// The shop under measurement.
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) search: Search,
    pub(crate) sqlite: rusqlite::Connection,
    _dir: tempfile::TempDir,
}

impl Shop {
    /// A shop of so many orders, with its index complete.
    pub(crate) fn of(orders: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let settings = backroom::store::Settings { reserve_mb: 0, ballast_mb: 0, ..Default::default() };
        let store = Store::open(dir.path(), &settings, clock, backroom::registry::tables()).unwrap();
        let source = Arc::new(StoreSource(store.clone()));
        let search =
            Search::open(&dir.path().join("index"), schema().unwrap(), source, Default::default()).unwrap();
        let (noting, reading) = (search.clone(), store.clone());
        store.on_commit(Box::new(move |committed| note(&noting, &reading, committed)));
        let behind = search.clone();
        std::thread::spawn(move || behind.run());
        let sqlite = rusqlite::Connection::open(dir.path().join("other.sqlite")).unwrap();
        sqlite
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-262144;
                 CREATE VIRTUAL TABLE found USING fts5(text, prefix='1 2 3 4', tokenize='unicode61 remove_diacritics 2');
                 CREATE TABLE placed(id INTEGER PRIMARY KEY, payment TEXT, channel TEXT);",
            )
            .unwrap();
        fill(&store, &search, &sqlite, orders);
        Self { store, search, sqlite, _dir: dir }
    }
    /// How many values a column of the other side has, with how many rows each.
    pub(crate) fn grouped(&self, column: &str) -> usize {
        let query = format!("SELECT {column}, count(*) FROM placed GROUP BY {column}");
        let mut groups = self.sqlite.prepare_cached(&query).unwrap();
        groups.query_map([], |row| row.get::<_, i64>(1)).unwrap().count()
    }
    /// Builds the other side's index anew.
    pub(crate) fn rebuild_theirs(&self) {
        self.sqlite.execute_batch("INSERT INTO found(found) VALUES('rebuild');").unwrap();
    }
}

fn fill(store: &Store, search: &Search, sqlite: &rusqlite::Connection, count: u64) {
    let end = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
    let demo = Demo::new(Plan { seed: 1, orders: count, end, zone: Zone::utc() }).unwrap();
    let mut group = Vec::new();
    sqlite.execute_batch("BEGIN").unwrap();
    let mut insert = sqlite.prepare("INSERT INTO found(rowid, text) VALUES (?1, ?2)").unwrap();
    let mut state = sqlite.prepare("INSERT INTO placed(payment, channel) VALUES (?1, ?2)").unwrap();
    for (n, order) in demo.orders().enumerate() {
        // The same words on both sides: person, e-mail, phone, place, titles, SKUs.
        let address = order.shipping_address.clone().or(order.billing.clone()).unwrap_or_default();
        let mut text = format!(
            "{} {} {} {} {}",
            address.name,
            order.email.clone().unwrap_or_default(),
            order.phone,
            address.line1,
            address.city
        );
        for line in &order.lines {
            text.push_str(&format!(" {} {}", line.title, line.sku));
        }
        insert.execute((n as i64 + 1, text)).unwrap();
        state.execute((order.payment.word(), &order.channel)).unwrap();
        group.push(order);
        if group.len() == 250 {
            land(store, search, &mut group);
        }
    }
    land(store, search, &mut group);
    drop((insert, state));
    sqlite.execute_batch("COMMIT").unwrap();
    search.flush().unwrap();
    // As a shop's index is a minute after it was built; new orders make new segments from there on.
    search.settle().unwrap();
}

fn land(store: &Store, search: &Search, group: &mut Vec<orders::NewOrder>) {
    while !search.has_room().unwrap() {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    let all = std::mem::take(group);
    store
        .write_blocking(Actor::system("bench"), move |tx| {
            for order in &all {
                orders::place(tx, order)?;
            }
            Ok(())
        })
        .unwrap();
}
