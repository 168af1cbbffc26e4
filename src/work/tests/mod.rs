//! Tests of subscriptions and jobs together, with a small crew that does what a test tells it.

mod clocks;
mod crash;
mod long;
mod loops;
mod promised;
mod rows;

use crate::base::time::{Clock, Timestamp};
use crate::store::{Actor, Event, Settings, Store, StoredEvent, Subject, TableInfo, Tx};
use crate::work::jobs::{self, New};
use crate::work::subscriptions::{self, Subscriber};

crate::id!(
    /// What the events of these tests are about.
    ThingId, "thg"
);

#[derive(serde::Serialize)]
struct Made {
    name: String,
}

impl Event for Made {
    fn kind(&self) -> &'static str {
        "thing.made"
    }
}

fn tables() -> Vec<TableInfo> {
    crate::work::TABLES.concat()
}

fn clock() -> Clock {
    Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap())
}

/// The program itself: what it makes is wanted by nobody.
fn actor() -> Actor {
    Actor::system("test")
}

fn open(dir: &std::path::Path, clock: Clock) -> Store {
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    Store::open(dir, &settings, clock, &tables()).unwrap()
}

fn write<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut Tx<'_>) -> crate::base::error::Result<T> + Send + 'static,
) -> T {
    store.write_blocking(actor(), op).unwrap()
}

/// Publishes that thing `n` was made; gives the number of the event.
fn publish(store: &Store, n: u8) -> u64 {
    write(store, move |tx| tx.publish(Subject::of(&ThingId([n; 16])), &Made { name: n.to_string() }))
}

fn subscribe(store: &Store, name: &'static str, kinds: &[&str]) {
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let epoch = store.epoch();
    write(store, move |tx| subscriptions::add(tx, name, kinds.clone(), 0, epoch));
}

/// Makes a job of every event.
struct Sends {
    /// Events it cannot take.
    refuses: fn(u64) -> bool,
}

impl Subscriber for Sends {
    fn prefix(&self) -> &'static str {
        "sink"
    }
    fn take(&self, tx: &mut Tx<'_>, name: &str, event: &StoredEvent) -> crate::base::error::Result<()> {
        assert!(!(self.refuses)(event.seq), "planned");
        let key = Some(format!("{name}/{}", event.seq));
        let payload = event.seq.to_be_bytes().to_vec();
        let new = New { kind: "send", lane: name, key, payload, due_at: tx.now() };
        jobs::enqueue_behind(tx, new, &event.subject.to_string()).map(drop)
    }
}

/// The job that carries an event out.
fn send(tx: &mut Tx<'_>, lane: &str, seq: u64, keyed: bool) -> crate::base::error::Result<()> {
    let key = keyed.then(|| format!("{lane}/{seq}"));
    let payload = seq.to_be_bytes().to_vec();
    jobs::enqueue(tx, New { kind: "send", lane, key, payload, due_at: tx.now() }).map(drop)
}

fn seq_of(payload: &[u8]) -> u64 {
    u64::from_be_bytes(payload.try_into().unwrap())
}
