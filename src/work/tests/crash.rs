//! A kill or a power cut at any call to the disk: every event that was acknowledged goes out, in order, and twice only what
//! was going out at that very moment. Planted faults are noticed.

use super::*;
use crate::store::crashing::{self, Bytes, Cut, History, Recorder, Settles};
use crate::store::events;
use crate::work::jobs::testing::{end, lease_one};
use crate::work::jobs::{Ended, Jobs};
use crate::work::subscriptions::Pump;
use std::sync::Arc;

/// What is done wrong to see that the test finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The place moves before what the events come to is written.
    PlaceFirst,
    /// What the events come to is written, with its key, before the place moves.
    EffectFirst,
    /// The same without a key.
    KeyMissing,
    /// The job ends before its effect.
    DoneFirst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Published(u64),
    Sent(u64),
}

fn pump(store: &Store) -> Pump {
    let sends: Arc<dyn Subscriber> = Arc::new(Sends { refuses: |_| false });
    Pump::new(
        store.clone(),
        Arc::new(vec![sends]),
        Jobs::new(store.clone(), Vec::new(), subscriptions::is_open),
    )
}

/// Reads what there is into jobs, rightly or wrongly.
fn read(store: &Store, fault: Fault) {
    if matches!(fault, Fault::None | Fault::DoneFirst) {
        let pump = pump(store);
        while pump.round() {}
        return;
    }
    let place = store.read(|s| subscriptions::get(s, "sink")).unwrap().cursor;
    let seqs: Vec<u64> =
        store.read(|s| events::after(s, place, 10)).unwrap().iter().map(|event| event.seq).collect();
    let Some(last) = seqs.last().copied() else { return };
    let epoch = store.epoch();
    let effect = move || {
        let seqs = seqs.clone();
        write(store, move |tx| {
            seqs.iter().try_for_each(|seq| send(tx, "sink", *seq, fault != Fault::KeyMissing))
        });
    };
    if fault != Fault::PlaceFirst {
        effect();
    }
    write(store, move |tx| subscriptions::add(tx, "sink", Vec::new(), last, epoch));
    if fault == Fault::PlaceFirst {
        effect();
    }
}

/// Does every job that waits.
fn work(store: &Store, fault: Fault, mut effect: impl FnMut(u64)) {
    while let Some((id, job)) = write(store, lease_one) {
        let token = job.token;
        let ended = || write(store, move |tx| end(tx, id, token, &Ended::Done));
        if fault == Fault::DoneFirst {
            ended();
        }
        effect(seq_of(&job.payload));
        if fault != Fault::DoneFirst {
            assert!(ended());
        }
    }
}

fn history(fault: Fault) -> History<Known> {
    // A fault is planted into the same calls every time.
    let (recorder, settles) = match fault {
        Fault::None => (Recorder::slow(), Settles::Beside),
        _ => (Recorder::default(), Settles::Between),
    };
    let store = crashing::over(recorder.clone(), clock(), &tables(), settles).unwrap();
    subscribe(&store, "sink", &[]);
    let first = recorder.count();
    let mut acknowledged = Vec::new();
    for n in 0..40_u8 {
        for one in 0..=n % 3 {
            let seq = publish(&store, n + one);
            acknowledged.push((recorder.count(), Known::Published(seq)));
        }
        read(&store, fault);
        work(&store, fault, |seq| acknowledged.push((recorder.count(), Known::Sent(seq))));
    }
    let calls = recorder.calls();
    store.close().unwrap();
    History { calls, first, acknowledged }
}

/// What is wrong after a crash, when the work has gone on to its end.
fn wrong(bytes: Bytes, known: &[&Known]) -> Option<String> {
    let store = match crashing::over(bytes, clock(), &tables(), Settles::Beside) {
        Ok(store) => store,
        Err(error) => return Some(format!("opening: {} {}", error.code, error.cause_chain())),
    };
    let mut sent: Vec<u64> =
        known.iter().filter_map(|k| if let Known::Sent(seq) = k { Some(*seq) } else { None }).collect();
    let before = sent.len();
    write(&store, jobs::testing::release_all);
    read(&store, Fault::None);
    work(&store, Fault::None, |seq| sent.push(seq));
    let published: Vec<u64> =
        known.iter().filter_map(|k| if let Known::Published(seq) = k { Some(*seq) } else { None }).collect();
    let findings = store.check(crate::work::CHECKS).unwrap();
    let last = store.last_seq();
    drop(store.close());
    let missing: Vec<u64> = published.iter().copied().filter(|seq| !sent.contains(seq)).collect();
    let twice = sent.iter().enumerate().filter(|(at, seq)| sent[..*at].contains(seq)).count();
    let in_order = |part: &[u64]| part.is_sorted();
    let ordered = in_order(&sent[..before]) && in_order(&sent[before..]);
    let invented = sent.iter().any(|seq| *seq > last);
    (!missing.is_empty() || twice > 1 || !ordered || invented || !findings.is_empty())
        .then(|| format!("missing {missing:?}, {twice} twice, ordered {ordered}, {findings:?}"))
}

fn play(fault: Fault, cut: Cut, points: u32, seed: u64) -> Vec<String> {
    let judge = |bytes: Bytes, known: &[&Known]| wrong(bytes, known);
    crashing::play(
        &history(fault),
        cut,
        points,
        seed,
        |disk| crashing::over(disk, clock(), &tables(), Settles::Beside),
        judge,
    )
}

#[test]
fn whatever_was_published_goes_out_after_a_crash_at_any_call() {
    for (cut, seed) in [(Cut::Kill, 11), (Cut::Power, 12)] {
        let found = play(Fault::None, cut, crashing::points(150), crashing::seed(seed));
        assert_eq!(found, Vec::<String>::new(), "{cut:?}");
    }
}

#[test]
fn a_key_makes_up_for_a_place_that_moves_late() {
    let found = play(Fault::EffectFirst, Cut::Kill, 80, 13);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_place_that_moves_first_a_missing_key_and_an_early_end_are_noticed() {
    for (fault, at_least) in [(Fault::PlaceFirst, 9), (Fault::KeyMissing, 9), (Fault::DoneFirst, 9)] {
        let found = play(fault, Cut::Kill, 300, 14);
        assert!(found.len() >= at_least, "{} of 300 with {fault:?}", found.len());
    }
}
