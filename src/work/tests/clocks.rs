//! Clocks that are set while jobs wait, while the program runs and while it does not.

use super::loops::{Carrier, until};
use super::*;
use crate::base::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::work::jobs::testing::{BEGINNING, Jump, end, lease_one, shift};
use crate::work::jobs::{Ended, JobId, State};
use crate::work::{Running, Work};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What may have gone by while a test ran.
const NEAR_MS: i64 = 60_000;

/// A shop whose clock stands until it is set, and what it has sent.
struct Shop {
    store: Store,
    clock: Clock,
    sent: Arc<Mutex<Vec<(String, u64)>>>,
    _dir: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
        let store = open(dir.path(), clock.clone());
        Self { store, clock, sent: Arc::default(), _dir: dir }
    }
    /// The program begins, as after a start: with everything that was written before.
    fn start(&self) -> (Work, Running) {
        let carrier = Carrier { sent: Arc::clone(&self.sent), plan: Box::new(|_, _| Ok(None)) };
        let work = Work::new(self.store.clone(), vec![Arc::new(carrier)], Vec::new());
        let running = work.start().unwrap();
        (work, running)
    }
    /// A job that waits for so long.
    fn add(&self, seq: u64, pause_ms: i64) -> JobId {
        write(&self.store, move |tx| {
            let (payload, due_at) = (seq.to_be_bytes().to_vec(), tx.now().plus_ms(pause_ms));
            jobs::enqueue(tx, New { kind: "send", lane: "sink", key: None, payload, due_at })
        })
    }
    fn goes_by(&self, ms: i64) {
        self.clock.set(self.clock.now().plus_ms(ms));
    }
    /// How long a job still waits.
    fn left_ms(&self, id: JobId) -> i64 {
        self.store.read(|s| jobs::get(s, id)).unwrap().due_at.since_ms(self.clock.now())
    }
    fn sent(&self) -> Vec<u64> {
        self.sent.lock().unwrap().iter().map(|(_, seq)| *seq).collect()
    }
    /// Whatever is due now is done, and the clock was looked at.
    fn settles(&self, work: &Work, seq: u64) {
        self.add(seq, 0);
        work.wake();
        until("what is due was sent", || self.sent().contains(&seq));
    }
    #[track_caller]
    fn waits(&self, id: JobId, ms: i64) {
        let left = self.left_ms(id);
        assert!((left - ms).abs() < NEAR_MS, "{left} ms are left, not {ms}");
    }
}

#[test]
fn a_job_that_was_written_by_the_new_clock_is_not_moved_with_the_others() {
    for by_ms in [HOUR_MS, 3_650 * DAY_MS, -HOUR_MS, -3_650 * DAY_MS] {
        let shop = Shop::open();
        let (work, running) = shop.start();
        let before = shop.add(1, 2 * HOUR_MS);
        shop.settles(&work, 2);
        // The loop has not looked yet.
        shop.goes_by(by_ms);
        let behind = shop.add(3, 2 * HOUR_MS);
        let hastened = shop.add(4, 2 * HOUR_MS);
        write(&shop.store, move |tx| jobs::retry(tx, hastened));
        shop.settles(&work, 5);
        until("what was hastened was sent", || shop.sent().contains(&4));
        shop.waits(before, 2 * HOUR_MS);
        shop.waits(behind, 2 * HOUR_MS);
        drop(running);
    }
}

#[test]
fn what_a_clock_that_was_ahead_wrote_waits_for_its_own_pause_after_a_start() {
    let shop = Shop::open();
    let right = shop.add(1, 3 * HOUR_MS);
    shop.goes_by(400 * DAY_MS);
    let (due, later) = (shop.add(2, 0), shop.add(3, 2 * HOUR_MS));
    shop.goes_by(-400 * DAY_MS);
    let (_work, running) = shop.start();
    until("what was due was sent", || shop.sent() == [2]);
    shop.waits(later, 2 * HOUR_MS);
    shop.waits(right, 3 * HOUR_MS);
    assert_eq!(shop.left_ms(due), 0);
    drop(running);
}

#[test]
fn a_program_that_starts_years_behind_lets_nothing_wait_for_longer_than_its_pause() {
    let shop = Shop::open();
    let waits = shop.add(1, 2 * HOUR_MS);
    let right = shop.clock.now().plus_ms(HOUR_MS);
    // The clock of the machine has lost its battery; a while later it is set from the network.
    shop.clock.set(Timestamp::parse("2000-01-01T00:00:00Z").unwrap());
    let (work, running) = shop.start();
    shop.settles(&work, 2);
    let own = shop.add(3, HOUR_MS);
    shop.settles(&work, 4);
    shop.clock.set(right);
    shop.settles(&work, 5);
    shop.waits(own, HOUR_MS);
    shop.waits(waits, 2 * HOUR_MS);
    drop(running);
}

#[test]
fn a_pause_goes_on_while_the_program_does_not_run() {
    let shop = Shop::open();
    let (over, open) = (shop.add(1, HOUR_MS), shop.add(2, 3 * HOUR_MS));
    let (work, running) = shop.start();
    shop.settles(&work, 3);
    drop((work, running));
    shop.goes_by(2 * HOUR_MS);
    let (_work, running) = shop.start();
    until("its time has come", || shop.sent().contains(&1));
    assert_eq!(shop.left_ms(over), -HOUR_MS);
    shop.waits(open, HOUR_MS);
    // Set between two starts by less than what it waits for.
    drop(running);
    shop.goes_by(-20 * MINUTE_MS);
    let (work, running) = shop.start();
    shop.settles(&work, 4);
    assert!(shop.left_ms(open) > 0 && !shop.sent().contains(&2));
    drop(running);
}

#[test]
fn however_many_wait_all_are_moved_and_a_second_time_none() {
    let shop = Shop::open();
    let ids: Vec<JobId> = (0..2_500).map(|seq| shop.add(seq, HOUR_MS)).collect();
    let all = |jump: Jump| {
        let (mut moved, mut after, mut portions) = (0, Some(BEGINNING), 0);
        while let Some(place) = after {
            let (some, next) = write(&shop.store, move |tx| shift(tx, &jump, place));
            (moved, after, portions) = (moved + some, next, portions + 1);
        }
        assert!(portions <= 4, "{portions}");
        moved
    };
    for by_ms in [DAY_MS, -10 * DAY_MS, 3_650 * DAY_MS] {
        let old = shop.clock.now();
        shop.goes_by(by_ms);
        let jump = Jump::between(old, shop.clock.now(), 0).unwrap();
        let before = Jump::between(old, old.plus_ms(by_ms), 0).unwrap();
        assert_eq!((all(jump), all(before)), (2_500, 0));
        assert!(ids.iter().all(|id| shop.left_ms(*id) == HOUR_MS));
        assert_eq!(all(Jump::at_start(shop.clock.now())), 0);
    }
    assert_eq!(shop.store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn what_failed_before_the_clock_was_set_waits_for_what_was_left_of_its_pause() {
    let shop = Shop::open();
    let id = shop.add(1, 0);
    write(&shop.store, |tx| {
        let (id, job) = lease_one(tx)?.unwrap();
        let again_in_ms = Some(2 * HOUR_MS);
        end(tx, id, job.token, &Ended::Failed { why: "refused".into(), again_in_ms })
    });
    shop.goes_by(HOUR_MS);
    let old = shop.clock.now();
    for by_ms in [DAY_MS, -2 * DAY_MS] {
        let jump = Jump::between(shop.clock.now(), shop.clock.now().plus_ms(by_ms), 0).unwrap();
        shop.goes_by(by_ms);
        assert_eq!(write(&shop.store, move |tx| shift(tx, &jump, BEGINNING)).0, 1);
        assert_eq!(shop.left_ms(id), HOUR_MS);
    }
    assert_eq!(shop.clock.now(), old.plus_ms(-DAY_MS));
}

#[test]
fn a_clock_that_jumps_brings_no_storm() {
    let shop = Shop::open();
    let (store, clock, sent) = (&shop.store, &shop.clock, &shop.sent);
    let due: Vec<i64> = (1..=20).map(|n| n * HOUR_MS).collect();
    write(store, move |tx| {
        send(tx, "sink", 0, true)?;
        for after in &due {
            let due_at = tx.now().plus_ms(*after);
            let payload = after.to_be_bytes().to_vec();
            jobs::enqueue(tx, New { kind: "send", lane: "sink", key: None, payload, due_at })?;
        }
        Ok(())
    });
    let (work, _running) = shop.start();
    until("the loop runs", || sent.lock().unwrap().len() == 1);
    let mut at = clock.now();
    let pauses = |at: Timestamp| -> BTreeMap<u64, i64> {
        let all = store.read(|s| jobs::testing::in_state(s, State::Ready)).unwrap();
        all.iter().map(|(_, job)| (seq_of(&job.payload), job.due_at.since_ms(at))).collect()
    };
    let first = pauses(at);
    for jump in [3_650 * DAY_MS, -DAY_MS, -3_650 * DAY_MS, DAY_MS] {
        at = at.plus_ms(jump);
        clock.set(at);
        work.wake();
        let near = |(seq, pause): (&u64, &i64)| (pause - first[seq]).abs() < 60_000;
        until("the pauses are what they were", || {
            let now = pauses(at);
            now.len() == 20 && now.iter().all(near)
        });
    }
    assert_eq!(sent.lock().unwrap().len(), 1, "nothing came before its time");
}
