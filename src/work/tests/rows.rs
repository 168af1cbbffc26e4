//! Rules of subscriptions and jobs, a transaction at a time.

use super::*;
use crate::base::time::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::store::counter;
use crate::work::jobs::testing::{LOOKED_MAX, end, lease_one};
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
fn what_is_sent_again_while_it_is_being_tried_is_tried_again_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    let id = one(&store, "a", "order 1");
    for again_in_ms in [Some(HOUR_MS), None] {
        let (id, job) = write(&store, lease_one).unwrap();
        write(&store, move |tx| jobs::retry(tx, id));
        let ended = Ended::Failed { why: "refused".into(), again_in_ms };
        assert!(write(&store, move |tx| end(tx, id, job.token, &ended)));
    }
    let (id, job) = (id, write(&store, lease_one).unwrap().1);
    assert_eq!((job.state, job.tries), (State::Leased, 1));
    // Once: what fails then waits as it would have.
    let ended = Ended::Failed { why: "refused".into(), again_in_ms: Some(HOUR_MS) };
    assert!(write(&store, move |tx| end(tx, id, job.token, &ended)));
    assert!(write(&store, lease_one).is_none());
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
fn what_is_put_off_costs_no_try_however_often() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let id = one(&store, "a", "order 1");
    for _ in 0..400 {
        let (id, job) = write(&store, lease_one).unwrap();
        assert_eq!(job.tries, 1);
        let ended = Ended::PutOff { why: "Tomorrow.".into(), again_in_ms: DAY_MS };
        assert!(write(&store, move |tx| end(tx, id, job.token, &ended)));
        assert!(write(&store, lease_one).is_none(), "not before its time");
        now.set(now.now().plus_ms(DAY_MS));
    }
    let job = store.read(|s| jobs::get(s, id)).unwrap();
    assert_eq!((job.state, job.tries, job.error.as_deref()), (State::Ready, 0, Some("Tomorrow.")));
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn what_is_to_end_is_not_begun_again_however_its_try_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    let ends = [
        Some(Ended::Interrupted),
        Some(Ended::PutOff { why: "Tomorrow.".into(), again_in_ms: DAY_MS }),
        Some(Ended::Failed { why: "refused".into(), again_in_ms: Some(DAY_MS) }),
        // The program was killed.
        None,
    ];
    for ended in ends {
        let id = one(&store, "a", "order 1");
        let (_, job) = write(&store, lease_one).unwrap();
        write(&store, move |tx| jobs::cancel(tx, id));
        match &ended {
            Some(ended) => {
                let ended = ended.clone();
                assert!(write(&store, move |tx| end(tx, id, job.token, &ended)));
            }
            None => assert_eq!(write(&store, jobs::testing::release_all), 1),
        }
        let job = store.read(|s| jobs::get(s, id)).unwrap();
        assert_eq!((job.state, job.token), (State::Cancelled, 0), "{ended:?}");
        assert!(write(&store, lease_one).is_none());
    }
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
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
fn what_people_wanted_is_kept_apart_from_what_events_cause() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let by = |who: Actor, count: u32| {
        store
            .write_blocking(who, move |tx| {
                for _ in 0..count {
                    let new =
                        New { kind: "send", lane: "a", key: None, payload: vec![0; 8], due_at: tx.now() };
                    let id = jobs::enqueue(tx, new)?;
                    let (_, job) = lease_one(tx)?.unwrap();
                    jobs::say(tx, id, "One order changed.")?;
                    end(tx, id, job.token, &Ended::Done)?;
                }
                Ok(())
            })
            .unwrap();
    };
    let anna = Actor::new(crate::store::ActorKind::Staff, "stf_1", "Anna");
    by(anna.clone(), 1);
    now.set(now.now().plus_ms(DAY_MS));
    (0..11).for_each(|_| by(actor(), 100));
    let listed = |wanted: jobs::Wanted| store.read(|s| jobs::of_people(s, &wanted, None, 9)).unwrap().items;
    let found = listed(jobs::Wanted::default());
    assert_eq!(found.len(), 1, "a thousand jobs of events drive it out of nothing");
    assert_eq!(found[0].1.by.as_ref().map(|by| by.name.as_str()), Some("Anna"));
    assert_eq!(found[0].1.result.as_deref(), Some("One order changed."));
    assert_eq!(listed(jobs::Wanted { by: Some("stf_2".into()), ..jobs::Wanted::default() }), []);
    assert_eq!(listed(jobs::Wanted { state: Some(State::Dead), ..jobs::Wanted::default() }), []);
    let of_events = store.read(|s| jobs::of_events(s, State::Done, None, 2_000)).unwrap().items;
    assert_eq!(of_events.len(), 1_000);
    for _ in 0..6 {
        now.set(now.now().plus_ms(SECOND_MS));
        by(anna.clone(), 100);
    }
    let mine = store.read(|s| jobs::of_people(s, &jobs::Wanted::default(), None, 2_000)).unwrap().items;
    assert_eq!(mine.len(), 500, "and they are no heap either");
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
    // A month later they are forgotten; the counter is not.
    let month_ago = now.now();
    now.set(now.now().plus_ms(31 * DAY_MS));
    while write(&store, move |tx| jobs::prune(tx, month_ago.plus_ms(1), 300)) > 0 {}
    assert_eq!(store.read(|s| jobs::of_people(s, &jobs::Wanted::default(), None, 9)).unwrap().items, []);
    assert_eq!(store.read(|s| counter(s, "jobs.done")).unwrap(), 1_701);
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn pages_of_the_list_go_on_where_they_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), clock());
    let anna = Actor::new(crate::store::ActorKind::Staff, "stf_1", "Anna");
    store
        .write_blocking(anna, |tx| {
            for _ in 0..25 {
                let new = New { kind: "send", lane: "a", key: None, payload: vec![0; 8], due_at: tx.now() };
                jobs::enqueue(tx, new)?;
            }
            Ok(())
        })
        .unwrap();
    for of_events in [false, true] {
        let (mut seen, mut after) = (std::collections::BTreeSet::new(), None);
        loop {
            let page = store
                .read(|s| match of_events {
                    true => jobs::of_events(s, State::Ready, after, 10),
                    false => jobs::of_people(s, &jobs::Wanted::default(), after, 10),
                })
                .unwrap();
            seen.extend(page.items.into_iter().map(|(id, _)| id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), if of_events { 0 } else { 25 });
    }
}

#[test]
fn a_page_that_found_nothing_among_many_says_where_the_next_one_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let by = |name: &'static str, count: usize| {
        let op = move |tx: &mut Tx<'_>| {
            let new = || New { kind: "send", lane: "a", key: None, payload: vec![0; 8], due_at: tx.now() };
            let news: Vec<_> = (0..count).map(|_| new()).collect();
            news.into_iter().try_for_each(|new| jobs::enqueue(tx, new).map(drop))
        };
        store.write_blocking(Actor::new(crate::store::ActorKind::Staff, name, name), op).unwrap();
        now.set(now.now().plus_ms(SECOND_MS));
    };
    by("stf_2", 2);
    by("stf_1", LOOKED_MAX);
    let wanted = jobs::Wanted { by: Some("stf_2".into()), ..jobs::Wanted::default() };
    let page = |after| store.read(|s| jobs::of_people(s, &wanted, after, 1)).unwrap();
    let first = page(None);
    assert!(first.items.is_empty() && first.next.is_some(), "it is not the end");
    let second = page(first.next);
    assert_eq!(second.items.len(), 1);
    let third = page(second.next);
    assert_eq!((third.items.len(), third.next), (1, None));
    // Events are no people's jobs, and the list of events has no end behind theirs either.
    write(&store, |tx| send(tx, "a", 1, true));
    let of_events = |after| store.read(|s| jobs::of_events(s, State::Ready, after, 9)).unwrap();
    let first = of_events(None);
    assert_eq!(first.items.len(), 1);
    assert!(of_events(first.next).next.is_none());
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

#[test]
fn jobs_about_one_object_go_one_behind_the_other_and_a_dead_one_holds_up_none() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let about = |object: &'static str| {
        write(&store, move |tx| {
            let new = New { kind: "send", lane: "a", key: None, payload: vec![0; 8], due_at: tx.now() };
            jobs::enqueue_behind(tx, new, object)
        })
    };
    let (first, second, third) = (about("order 1"), about("order 1"), about("order 1"));
    let other = about("order 2");
    let ended = |id, job: &jobs::Job, ended: Ended| {
        let token = job.token;
        assert!(write(&store, move |tx| end(tx, id, token, &ended)));
    };
    let failed = |again_in_ms| Ended::Failed { why: "refused".into(), again_in_ms };
    let (id, job) = write(&store, lease_one).unwrap();
    assert_eq!(id, first);
    let (id, busy) = write(&store, lease_one).unwrap();
    assert_eq!(id, other, "the next about the first order waits");
    ended(first, &job, failed(Some(HOUR_MS)));
    assert!(write(&store, lease_one).is_none(), "also while the first waits for its next try");
    now.set(now.now().plus_ms(HOUR_MS));
    let (id, job) = write(&store, lease_one).unwrap();
    assert_eq!(id, first);
    ended(first, &job, failed(None));
    let (id, job) = write(&store, lease_one).unwrap();
    assert_eq!(id, second, "a dead one holds up nothing");
    // Sent again it has its turn behind what runs, and before what was made later.
    write(&store, move |tx| jobs::retry(tx, first));
    assert!(write(&store, lease_one).is_none());
    ended(second, &job, Ended::Done);
    let (id, job) = write(&store, lease_one).unwrap();
    assert_eq!(id, first);
    write(&store, move |tx| jobs::cancel(tx, third));
    ended(first, &job, Ended::Done);
    ended(other, &busy, Ended::Done);
    assert!(write(&store, lease_one).is_none());
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn of_rounds_of_a_schedule_that_come_to_nothing_the_last_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = open(dir.path(), now.clone());
    let round = |by: &'static str, said: &'static str| {
        now.set(now.now().plus_ms(SECOND_MS));
        let id = one(&store, "rounds", "round");
        write(&store, move |tx| jobs::wanted(tx, id, jobs::By { id: by.to_owned(), name: by.to_owned() }));
        let (id, job) = write(&store, lease_one).unwrap();
        write(&store, move |tx| {
            end(tx, id, job.token, &Ended::Done)?;
            jobs::say(tx, id, said)?;
            jobs::forget_like(tx, id, "Nothing.", 20)
        });
        id
    };
    let gone = [round("schedule/x", "Nothing."), round("schedule/x", "Nothing.")];
    let kept =
        [round("stf_1", "Nothing."), round("schedule/x", "Something."), round("schedule/x", "Nothing.")];
    assert!(gone.iter().all(|id| store.read(|s| jobs::get(s, *id)).is_err()));
    assert!(kept.iter().all(|id| store.read(|s| jobs::get(s, *id)).is_ok()));
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}
