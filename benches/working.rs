//! Jobs: written down and done durably, beside a queue in a table of SQLite with synchronous=FULL.

use crate::Size;
use crate::figure::{Amount, Figure, Goal};
use backroom::base::error::Result;
use backroom::base::time::Clock;
use backroom::store::{Actor, Settings, Store};
use backroom::work::Work;
use backroom::work::jobs::{self, Beat, Ended, Job, JobId, New, Report, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Callers that write jobs down at once, and workers of the other side.
const CLIENTS: usize = 16;

pub(crate) fn run(size: &Size) -> Vec<Figure> {
    let each = if size.is_short { 20 } else { 1_000 };
    let (ours, theirs) = (ours(each), theirs(each));
    vec![
        Figure::rates("jobs written down and done, 16 callers", ours, theirs, "SQLite queue, WAL FULL"),
        Figure::alone("jobs written down and done", Amount::PerSecond(ours))
            .goal(Goal::AtLeast(Amount::PerSecond(5_000.0))),
    ]
}

/// Counts what it is given.
struct Counts(Arc<AtomicUsize>);

impl Worker for Counts {
    fn kind(&self) -> &'static str {
        "count"
    }
    fn run(&self, _: JobId, _: &Job, _: &Beat) -> Result<Report> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Ended::Done.into())
    }
}

/// Jobs a second, from the first that is written down to the last whose end is durable.
fn ours(each: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let store = Store::open(dir.path(), &settings, Clock::system(), backroom::registry::tables()).unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let work = Work::new(store.clone(), vec![Arc::new(Counts(Arc::clone(&done)))], Vec::new());
    let running = work.start().unwrap();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (store, work) = (&store, &work);
            scope.spawn(move || {
                for i in 0..each {
                    // Two lanes to a caller, as endpoints have theirs.
                    let lane = format!("lane {}", client % 8);
                    let key = format!("{client}/{i}");
                    store
                        .write_blocking(Actor::system("bench"), move |tx| {
                            let key = Some(key.clone());
                            let new = New {
                                kind: "count",
                                lane: &lane,
                                key,
                                payload: vec![0; 64],
                                due_at: tx.now(),
                            };
                            jobs::enqueue(tx, new)
                        })
                        .unwrap();
                    work.wake();
                }
            });
        }
    });
    let all = i64::try_from(CLIENTS * each).unwrap();
    while store.read(|s| backroom::store::counter(s, "jobs.done")).unwrap() < all {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = started.elapsed();
    assert_eq!(done.load(Ordering::Relaxed), CLIENTS * each, "each was done, and once");
    drop(running);
    store.close().unwrap();
    (CLIENTS * each) as f64 / took.as_secs_f64()
}

fn theirs(each: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let db = rusqlite::Connection::open(dir.path().join("queue.sqlite")).unwrap();
        db.busy_timeout(Duration::from_secs(60)).unwrap();
        db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;").unwrap();
        db
    };
    open()
        .execute_batch(
            "CREATE TABLE jobs(id INTEGER PRIMARY KEY, kind TEXT, key TEXT UNIQUE, state INTEGER, due INTEGER, payload BLOB);
             CREATE INDEX by_state ON jobs(state, due);",
        )
        .unwrap();
    let done = AtomicUsize::new(0);
    let all = CLIENTS * each;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (open, done) = (&open, &done);
            scope.spawn(move || {
                let db = open();
                for i in 0..each {
                    db.execute(
                        "INSERT INTO jobs(kind, key, state, due, payload) VALUES ('count', ?1, 0, ?2, zeroblob(64))",
                        (format!("{client}/{i}"), i as i64),
                    )
                    .unwrap();
                }
                drop(db);
            });
            scope.spawn(move || {
                let db = open();
                while done.load(Ordering::Relaxed) < all {
                    let taken: Option<i64> = db
                        .query_row(
                            "UPDATE jobs SET state = 1 WHERE id = (SELECT id FROM jobs WHERE state = 0 ORDER BY due LIMIT 1)
                             RETURNING id",
                            [],
                            |row| row.get(0),
                        )
                        .ok();
                    match taken {
                        Some(id) => {
                            db.execute("UPDATE jobs SET state = 2 WHERE id = ?1", [id]).unwrap();
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        None => std::thread::sleep(Duration::from_millis(1)),
                    }
                }
            });
        }
    });
    all as f64 / started.elapsed().as_secs_f64()
}
