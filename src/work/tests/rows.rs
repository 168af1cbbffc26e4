//! Rules of subscriptions and jobs, a transaction at a time.

use super::*;
use crate::base::time::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::store::counter;
use crate::work::jobs::testing::{end, lease_one, shift};
use crate::work::jobs::{Ended, State};

fn one(store: &Store, lane: &'static str, key: &'static str) -> jobs::JobId {
    write(store, move |tx| {
        let key = Some(key.to_owned());
        jobs::enqueue(tx, New { kind: "send", lane, key, payload: vec![0; 8], due_at: tx.now() })
    })
}

#[test]
fn a_key_is_one_open_job_and_free_again_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    let first = one(&store, "a", "order 1");
    assert_eq!(one(&store, "a", "order 1"), first);
    assert_ne!(one(&store, "a", "order 2"), first);
    let (id, job) = write(&store, lease_one).unwrap();
    assert_eq!((id, one(&store, "a", "order 1")), (first, first), "also while it is being done");
    let token = job.token;
    assert!(!write(&store, move |tx| end(tx, id, token + 1, &Ended::Done)), "another's token ends nothing");
    assert!(write(&store, move |tx| end(tx, id, token, &Ended::Done)));
    assert!(!write(&store, move |tx| end(tx, id, token, &Ended::Done)), "once is enough");
    assert_ne!(one(&store, "a", "order 1"), first);
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn a_failure_waits_then_is_dead_and_can_be_sent_again_or_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let id = one(&store, "a", "order 1");
    let fail = |again_in_ms| {
        let (id, job) = write(&store, lease_one).unwrap();
        let ended = Ended::Failed { why: "refused".into(), again_in_ms };
        assert!(write(&store, move |tx| end(tx, id, job.token, &ended)));
    };
    fail(Some(HOUR_MS));
    assert!(write(&store, lease_one).is_none(), "not before its time");
    now.set(now.now().plus_ms(HOUR_MS));
    fail(None);
    let job = store.read(|s| jobs::get(s, id)).unwrap();
    assert_eq!((job.state, job.tries, job.error.as_deref()), (State::Dead, 2, Some("refused")));
    assert_eq!(store.read(|s| jobs::dead_of_lane(s, "a", now.now(), 9)).unwrap(), [id]);
    write(&store, move |tx| jobs::retry(tx, id));
    let job = store.read(|s| jobs::get(s, id)).unwrap();
    assert_eq!((job.state, job.tries), (State::Ready, 0));
    fail(None);
    write(&store, move |tx| jobs::cancel(tx, id));
    assert_eq!(store.read(|s| jobs::get(s, id)).unwrap_err().code, "not_found");
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn lanes_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    for key in ["1", "2", "3", "4", "5", "6"] {
        one(&store, "busy", key);
    }
    one(&store, "calm", "7");
    let picked = |after: Option<&'static str>| {
        store
            .read(|s| {
                let ids = jobs::testing::pick(s, clock().now(), after, 4, 2)?;
                ids.into_iter()
                    .map(|id| Ok(jobs::get(s, id)?.lane))
                    .collect::<crate::base::error::Result<Vec<_>>>()
            })
            .unwrap()
    };
    assert_eq!(picked(None), ["busy", "busy", "calm"]);
    assert_eq!(picked(Some("busy")), ["calm", "busy", "busy"]);
}

#[test]
fn a_clock_that_is_set_moves_what_waits_and_nothing_comes_all_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let start = now.now();
    let later = write(&store, move |tx| {
        let due_at = tx.now().plus_ms(HOUR_MS);
        jobs::enqueue(tx, New { kind: "send", lane: "a", key: None, payload: vec![0; 8], due_at })
    });
    for jump in [DAY_MS, -10 * DAY_MS] {
        let before = store.read(|s| jobs::get(s, later)).unwrap().due_at;
        assert_eq!(write(&store, move |tx| shift(tx, before.plus_ms(-1), jump)), 1);
        assert_eq!(store.read(|s| jobs::get(s, later)).unwrap().due_at, before.plus_ms(jump));
    }
    assert_eq!(
        write(&store, move |tx| shift(tx, start.plus_ms(HOUR_MS), DAY_MS)),
        0,
        "what is due stays due"
    );
}

#[test]
fn ended_jobs_leave_a_counter_and_no_heap() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    for round in 0..11 {
        now.set(now.now().plus_ms(SECOND_MS));
        write(&store, move |tx| {
            for n in 0..100_u8 {
                let key = Some(format!("{round}/{n}"));
                jobs::enqueue(
                    tx,
                    New { kind: "send", lane: "a", key, payload: vec![0; 8], due_at: tx.now() },
                )?;
                let (id, job) = lease_one(tx)?.unwrap();
                end(tx, id, job.token, &Ended::Done)?;
            }
            Ok(())
        });
    }
    assert_eq!(store.read(|s| counter(s, "jobs.done")).unwrap(), 1_100);
    let kept = store.read(|s| jobs::testing::in_state(s, State::Done)).unwrap();
    assert_eq!(kept.len(), 1_000);
    assert_eq!(kept[0].1.key.as_deref().map(|key| key.split('/').next().unwrap()), Some("10"));
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn a_subscription_is_set_back_by_number_or_time_and_never_forward() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let start = now.now();
    for n in 1..=9 {
        now.set(start.plus_ms(i64::from(n) * HOUR_MS));
        publish(&store, n);
    }
    let before = |hours: i64| {
        let at = start.plus_ms(hours * HOUR_MS);
        store.read(|s| subscriptions::seq_before(s, at, store.last_seq())).unwrap()
    };
    assert_eq!([before(0), before(1), before(2), before(9), before(10)], [0, 0, 1, 8, 9]);
    write(&store, |tx| subscriptions::add(tx, "sink", Vec::new(), 7, [1; 16]));
    write(&store, |tx| subscriptions::replay(tx, "sink", 4));
    write(&store, |tx| subscriptions::replay(tx, "sink", 8));
    assert_eq!(store.read(|s| subscriptions::get(s, "sink")).unwrap().cursor, 4);
}

#[test]
fn a_restored_shop_sends_nothing_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    write(&store, |tx| subscriptions::add(tx, "sink/a", Vec::new(), 0, [1; 16]));
    subscribe(&store, "sink/b", &[]);
    let epoch = store.epoch();
    assert_eq!(write(&store, move |tx| subscriptions::settle(tx, epoch)), 1);
    let paused = |name: &str| store.read(|s| subscriptions::get(s, name)).unwrap().paused;
    assert!(paused("sink/a").unwrap().contains("restored") && paused("sink/b").is_none());
    write(&store, move |tx| subscriptions::resume(tx, "sink/a", epoch));
    assert_eq!(write(&store, move |tx| subscriptions::settle(tx, epoch)), 0);
    assert!(paused("sink/a").is_none());
}

#[test]
fn the_check_finds_events_that_were_removed_too_early() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    (1..=6).for_each(|n| {
        publish(&store, n);
    });
    subscribe(&store, "sink", &[]);
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
    write(&store, |tx| crate::store::events::trim(tx, 3, 9));
    assert_eq!(store.check(crate::work::CHECKS).unwrap().len(), 1);
}
