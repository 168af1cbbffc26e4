//! How far back the change feed goes: a floor that rises by the day. The log itself stays whole: it is the audit and the
//! timeline of every record, and each event is chained to the one before it. What rises is what the feed promises.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, Timestamp};
use crate::store::{Read, Record, Store, Table, TableInfo, Tx, events};
use crate::web::listing::grouped;
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::schedules::{Missed, Plan};
use crate::work::subscriptions;
use minicbor::{Decode, Encode};
use std::sync::Arc;

/// The kind of the jobs.
const KIND: &str = "feed_retention";
/// So much of the past is let go of in one run at most: a clock that is years ahead for a day takes days, not years.
const STEP_MS: i64 = 2 * DAY_MS;

/// What the feed promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Promise {
    /// The oldest event it still gives.
    #[n(0)]
    oldest_seq: u64,
    /// Events from this moment on are given.
    #[n(1)]
    since: Timestamp,
}

impl Record for Promise {
    type Key = ();
}

const PROMISE: Table<(), Promise> = Table::new("feed/1");

/// The table of this part.
pub const TABLES: &[TableInfo] = &[PROMISE.info("shop::desk")];

/// The oldest sequence number that the feed gives.
///
/// # Errors
/// Faults of the store only.
pub(super) fn oldest_seq(from: &(impl Read + ?Sized)) -> Result<u64> {
    let promised = PROMISE.get(from, &())?.unwrap_or_default().oldest_seq;
    Ok(promised.max(events::first_seq(from)?))
}

/// Where a consumer goes on who has everything up to `after`; at the oldest, for one that says nothing. `log` is the name of
/// the log that it has read, if it says so.
///
/// # Errors
/// `events_gone` for one that was away so long that something is missing, `events_rewound` for one that is further than
/// the log, or has read another: never is anything passed over.
pub(super) fn place(store: &Store, after: Option<u64>, log: Option<&str>) -> Result<(u64, u64)> {
    // By what is there to be read: who reads an event comes back for what follows before everybody was told of it.
    let (oldest, last) = store.read(|s| Ok((oldest_seq(s)?, events::last_seq(s)?)))?;
    if after.is_some_and(|after| after > last) || log.is_some_and(|log| log != log_name(store)) {
        let text = format!(
            "This is not the log that you have read, or it has not come so far: its last event is {last}. Where the shop was \
             restored from a backup, bring your records up to date by reading them. Then go on with after={last}&log={}.",
            log_name(store)
        );
        return Err(Error::refuse(Kind::NotFound, "events_rewound", text));
    }
    let after = match after {
        None => oldest - 1,
        Some(after) if after + 1 < oldest => {
            let text = format!(
                "The feed begins at event {oldest}; what came between {after} and that is not given any more. Bring your \
                 records up to date by reading them, then go on with after={}.",
                oldest - 1
            );
            return Err(Error::refuse(Kind::NotFound, "events_gone", text));
        }
        Some(after) => after,
    };
    Ok((after, oldest))
}

/// The name of this log: another one after a restore.
pub(super) fn log_name(store: &Store) -> String {
    store.epoch().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Raises the floor for `days` of retention; gives the oldest event from now on. Nothing that a subscription has not read
/// is let go of.
///
/// # Errors
/// Faults of the store only.
fn raise(tx: &mut Tx<'_>, last_seq: u64, days: u32) -> Result<u64> {
    let now = tx.now();
    let before = PROMISE.get(tx, &())?;
    let first = events::first_seq(tx)?;
    let begun = || Ok::<_, Error>(events::get(tx, first)?.map_or(now, |event| event.at));
    let since = match before {
        Some(promise) => promise.since,
        None => begun()?,
    };
    let oldest = before.map_or(first, |promise| promise.oldest_seq.max(first));
    let wanted = now.plus_ms(-i64::from(days) * DAY_MS).min(since.plus_ms(STEP_MS));
    if wanted <= since && before.is_some() {
        return Ok(oldest);
    }
    let since = wanted.max(since);
    let by_time = subscriptions::seq_before(tx, since, last_seq)? + 1;
    let by_readers = subscriptions::slowest(tx)?.map_or(u64::MAX, |cursor| cursor + 1);
    let oldest = by_time.min(by_readers).max(oldest);
    PROMISE.put(tx, &(), &Promise { oldest_seq: oldest, since })?;
    Ok(oldest)
}

/// The schedule.
pub fn plan(days: u32) -> Plan {
    Plan {
        name: "feed",
        title: "Retention of the change feed",
        sentence: "Lets the change feed begin later, by the days it promises; the log and the timelines stay whole.",
        cron: "45 4 * * *".to_owned(),
        missed: Missed::Run,
        off: (days == 0).then_some("The configuration keeps everything (events.feed_days = 0)."),
        kind: KIND,
        due: None,
    }
}

/// Does it.
pub struct Retention {
    store: Store,
    days: u32,
}

impl Retention {
    pub fn new(store: Store, days: u32) -> Self {
        Self { store, days }
    }
}

impl Worker for Retention {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn about(&self, _: &Job) -> Result<About> {
        Ok(About { title: "Retention of the change feed".to_owned(), ..About::default() })
    }
    fn run(&self, id: JobId, _: &Job, _: &Beat) -> Result<Report> {
        let (last_seq, days) = (self.store.last_seq(), self.days);
        let note = move |tx: &mut Tx<'_>| {
            let said = if days == 0 {
                "The configuration keeps everything.".to_owned()
            } else {
                format!("The feed begins at event {}.", grouped(raise(tx, last_seq, days)?))
            };
            jobs::say(tx, id, &said)
        };
        Ok(Report { ended: Ended::Done, note: Some(Arc::new(note)) })
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes its type public")]
mod tests {
    use super::*;
    use crate::base::time::Clock;
    use crate::store::{Actor, Event, Settings, Subject};

    #[derive(serde::Serialize)]
    struct Made;
    impl Made {
        const KIND: &'static str = "thing.made";
    }
    impl Event for Made {
        fn kind(&self) -> &'static str {
            Self::KIND
        }
    }

    crate::id!(
        /// What the events of these tests are about.
        ThingId, "thg"
    );

    /// A shop in which a thing was made every day at noon; the last one is of today.
    fn yard(days: i64) -> (Store, Clock, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse("2026-01-01T12:00:00Z").unwrap());
        let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
        let tables = [TABLES, &crate::work::TABLES.concat()].concat();
        let store = Store::open(dir.path(), &settings, clock.clone(), &tables).unwrap();
        for day in 0..days {
            clock.set(Timestamp::parse("2026-01-01T12:00:00Z").unwrap().plus_ms(day * DAY_MS));
            store
                .write_blocking(Actor::cli(), |tx| tx.publish(Subject::of(&ThingId([1; 16])), &Made))
                .unwrap();
        }
        (store, clock, dir)
    }

    fn run(store: &Store, days: u32) -> u64 {
        let last = store.last_seq();
        store.write_blocking(Actor::system("test"), move |tx| raise(tx, last, days)).unwrap()
    }

    #[test]
    fn who_has_the_newest_event_is_not_told_that_it_is_of_another_log() {
        let (store, _clock, _dir) = yard(3);
        let answers = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (looking, noted) = (store.clone(), Arc::clone(&answers));
        // What was committed can be read here, and nobody was told of it yet.
        store.on_commit(Box::new(move |committed| {
            let last = committed.last().unwrap().seq;
            noted.lock().unwrap().push(place(&looking, Some(last), None).map(|(after, _)| after).ok());
        }));
        let made = |tx: &mut Tx<'_>| tx.publish(Subject::of(&ThingId([1; 16])), &Made);
        assert_eq!(store.write_blocking(Actor::cli(), made).unwrap(), 4);
        assert_eq!(*answers.lock().unwrap(), [Some(4)]);
        store.close().unwrap();
    }

    #[test]
    fn the_floor_rises_by_the_day_and_whoever_is_below_it_is_told() {
        let (store, clock, _dir) = yard(100);
        assert_eq!(place(&store, Some(0), None).unwrap(), (0, 1));
        // At two days of the past a run it takes a while to come to ninety.
        let floors: Vec<u64> = (0..8).map(|_| run(&store, 90)).collect();
        assert_eq!(floors, [3, 5, 7, 9, 10, 10, 10, 10]);
        assert_eq!(place(&store, None, None).unwrap(), (9, 10));
        assert_eq!(place(&store, Some(9), None).unwrap(), (9, 10));
        let own = log_name(&store);
        assert_eq!(place(&store, Some(100), Some(&own)).unwrap(), (100, 10));
        for (after, log) in [(101, None), (50, Some("another")), (500, Some(own.as_str()))] {
            let rewound = place(&store, Some(after), log).unwrap_err();
            assert!(
                rewound.code == "events_rewound" && rewound.message.contains("after=100"),
                "{}",
                rewound.message
            );
        }
        let gone = place(&store, Some(8), None).unwrap_err();
        assert!(gone.code == "events_gone" && gone.message.contains("after=9"), "{}", gone.message);
        assert_eq!(store.read(events::first_seq).unwrap(), 1, "the log is whole");
        // A day later one more is let go of; less retention lets more go, more brings nothing back.
        clock.set(clock.now().plus_ms(DAY_MS));
        assert_eq!(run(&store, 90), 11);
        assert_eq!((run(&store, 200), run(&store, 90)), (11, 11));
    }

    #[test]
    fn a_clock_that_is_ten_years_ahead_for_a_day_takes_two_days_of_the_feed() {
        let (store, clock, _dir) = yard(100);
        let floors: Vec<u64> = (0..8).map(|_| run(&store, 90)).collect();
        assert_eq!(floors.last(), Some(&10));
        let today = clock.now();
        clock.set(today.plus_ms(3_650 * DAY_MS));
        assert_eq!(run(&store, 90), 12);
        clock.set(today);
        assert_eq!(run(&store, 90), 12);
    }

    #[test]
    fn nothing_that_a_subscription_has_not_read_is_let_go_of() {
        let (store, _, _dir) = yard(100);
        let epoch = store.epoch();
        store
            .write_blocking(Actor::cli(), move |tx| subscriptions::add(tx, "slow", Vec::new(), 4, epoch))
            .unwrap();
        let floors: Vec<u64> = (0..5).map(|_| run(&store, 90)).collect();
        assert_eq!(floors, [3, 5, 5, 5, 5]);
    }
}
