//! What the work behind tells of itself: that long work of somebody is over, and that a schedule failed; nothing else.

use super::*;
use crate::base::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::store::{ActorKind, events};
use crate::work::jobs::testing::{end, lease_one};
use crate::work::jobs::{By, Ended, JobId};
use crate::work::told;

/// A job that somebody wants.
fn wanted(store: &Store, by: &str) -> JobId {
    let anna = Actor::new(ActorKind::Staff, by, "Anna");
    let op = |tx: &mut Tx<'_>| {
        jobs::enqueue(tx, New { kind: "tag", lane: "a", key: None, payload: Vec::new(), due_at: tx.now() })
    };
    store.write_blocking(anna, op).unwrap()
}

/// Has the next job take so long and end like this; gives what was told of it.
fn ends(store: &Store, clock: &Clock, took_ms: i64, ended: Ended) -> Vec<StoredEvent> {
    let (id, job) = write(store, lease_one).unwrap();
    clock.set(clock.now().plus_ms(took_ms));
    let before = store.last_seq();
    write(store, move |tx| {
        assert!(end(tx, id, job.token, &ended)?);
        told::of_job(tx, id, "Tag 412 orders", MINUTE_MS)
    });
    store.read(|s| events::after(s, before, 9)).unwrap()
}

#[test]
fn long_work_of_somebody_is_told_when_it_is_over_and_short_work_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = open(dir.path(), clock.clone());
    let id = wanted(&store, "stf_1");
    let told = ends(&store, &clock, MINUTE_MS, Ended::Done);
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "job.ended"));
    assert_eq!(told[0].subject, Subject::of(&id));
    let data = &told[0].data;
    assert_eq!((&data["title"], &data["by"]), (&"Tag 412 orders".into(), &"stf_1".into()));
    assert_eq!((&data["status"], &data["took_seconds"]), (&"done".into(), &60.into()));
    wanted(&store, "stf_1");
    assert!(ends(&store, &clock, MINUTE_MS - 1, Ended::Done).is_empty(), "nobody went away in between");
    // Its time counts from the first try on, through pauses; one that was sent again begins anew.
    let id = wanted(&store, "stf_1");
    let failed = |again_in_ms| Ended::Failed { why: "refused".into(), again_in_ms };
    assert!(ends(&store, &clock, SECOND_MS, failed(Some(HOUR_MS))).is_empty(), "it goes on");
    clock.set(clock.now().plus_ms(HOUR_MS));
    let told = ends(&store, &clock, SECOND_MS, failed(None));
    assert_eq!((&told[0].data["status"], &told[0].data["said"]), (&"failed".into(), &"refused".into()));
    write(&store, move |tx| jobs::retry(tx, id));
    assert!(ends(&store, &clock, SECOND_MS, Ended::Done).is_empty());
    // What follows from events is nobody's to wait for.
    write(&store, |tx| send(tx, "a", 1, false));
    assert!(ends(&store, &clock, HOUR_MS, Ended::Done).is_empty());
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn a_schedule_that_failed_for_good_is_told_and_one_that_is_tried_again_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = open(dir.path(), clock.clone());
    let scheduled = || {
        write(&store, |tx| {
            let new = New { kind: "tidy", lane: "t", key: None, payload: Vec::new(), due_at: tx.now() };
            let id = jobs::enqueue(tx, new)?;
            let by = By { id: "schedule/tidy-up".into(), name: "Schedule: Tidy up".into() };
            jobs::wanted(tx, id, by)
        });
    };
    scheduled();
    let failed = |again_in_ms| Ended::Failed { why: "disk full".into(), again_in_ms };
    assert!(ends(&store, &clock, 1, failed(Some(1))).is_empty());
    clock.set(clock.now().plus_ms(1));
    let told = ends(&store, &clock, 1, failed(None));
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "schedule.failed"));
    assert_eq!((&told[0].data["name"], &told[0].data["reason"]), (&"tidy-up".into(), &"disk full".into()));
    assert_eq!(told[0].data["missed"], false);
    scheduled();
    assert!(ends(&store, &clock, HOUR_MS, Ended::Done).is_empty(), "nobody waits for it");
}
