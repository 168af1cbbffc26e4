//! Kills and power cuts at any call to the disk: nothing acknowledged is lost, nothing is kept in part.

use super::*;
use crate::base::error::Result;
use crate::store::crashing::{self, Bytes, Call, Calls, Cut, History, Names, Recorder, Settles, Target};
use crate::store::engine::redb::RedbOpener;
use crate::store::journal::Folder;
use crate::store::journal::faulty;
use crate::store::{Direction, Span, counter};

/// A fault that is planted into the history to see that the test finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// In the journal or below it.
    Journal(faulty::Fault),
    /// The answer goes out before the change is durable.
    EarlyAnswer,
    /// The event has a transaction of its own.
    EventApart,
}

fn over<D: crate::store::engine::redb::Medium + Calls>(
    disk: D,
    fault: Fault,
    settles: Settles,
) -> Result<Store> {
    let mut below: Box<dyn Opener> = Box::new(RedbOpener { medium: disk.clone(), cache_bytes: 1 << 20 });
    let mut folder: Arc<dyn Folder> = Arc::new(Names(disk));
    if let Fault::Journal(fault) = fault {
        folder = Arc::new(faulty::FaultyFolder { below: folder, fault });
        if fault == faulty::Fault::NumberAhead {
            below = Box::new(faulty::FaultyOpener(below));
        }
    }
    crashing::over_parts(below, folder, clock(), TABLES, settles)
}

/// One change that touches everything: record, indexes, counter, sequence, event, remembered answer; every third
/// one takes a record away instead.
fn change(store: &Store, n: u8, fault: Fault) {
    store
        .write_blocking(actor(), move |tx| {
            let number = tx.next("change")?;
            if n.is_multiple_of(3) {
                assert!(THINGS.delete(tx, &id(n - 1))?);
                tx.count("things", -1)?;
            } else {
                let text = "x".repeat(usize::from(n) * 37 % 1_500);
                THINGS.put(tx, &id(n), &thing(&format!("{n} {text}"), "red", i64::from(n)))?;
                tx.count("things", 1)?;
            }
            tx.remember("crash", &n.to_string(), &[n; 32], 201, b"{}")?;
            if fault == Fault::EventApart {
                return Ok(());
            }
            tx.publish(Subject::of(&id(n)), &Made { name: number.to_string() }).map(drop)
        })
        .unwrap();
    if fault == Fault::EventApart {
        store
            .write_blocking(actor(), move |tx| tx.publish(Subject::of(&id(n)), &Made { name: n.to_string() }))
            .unwrap();
    }
}

/// What is wrong with a store that had acknowledged `acknowledged` changes and may have kept one more.
fn wrong(bytes: Bytes, acknowledged: u64, fault: Fault) -> Option<String> {
    let store = match over(bytes, fault, Settles::Beside) {
        Ok(store) => store,
        Err(error) => return Some(format!("opening: {} {error} {}", error.code, error.cause_chain())),
    };
    let all = || -> Result<(u64, u64, i64, u64)> {
        let findings = store.check(&[])?;
        if !findings.is_empty() {
            return Ok((u64::MAX, 0, 0, 0));
        }
        store.read(|s| {
            let things = THINGS.list(s, &Span::all(), Direction::Forward, 999)?.len();
            Ok((crate::store::sequence(s, "change")?, store.last_seq(), counter(s, "things")?, things as u64))
        })
    };
    let found = match all() {
        Ok((changes, events, counted, things)) => {
            let kept = changes - changes / 3 - changes / 3;
            let whole = changes == events && counted.cast_unsigned() == things && things == kept;
            let right = whole && (changes == acknowledged || changes == acknowledged + 1);
            (!right)
                .then(|| format!("{changes} changes, {events} events, {counted} counted, {things} things"))
        }
        Err(error) => Some(format!("{} {}", error.code, error.cause_chain())),
    };
    // Work goes on.
    let goes_on =
        make(&store, 250, thing("after", "blue", 1)).err().map(|e| format!("{} afterwards", e.code));
    drop(store.close());
    found.or(goes_on)
}

fn history(fault: Fault, settles: Settles) -> History<u8> {
    let recorder = Recorder::slow();
    let store = over(recorder.clone(), fault, settles).unwrap();
    let first = recorder.count();
    let mut acknowledged = Vec::new();
    for n in 1..=120 {
        if fault == Fault::EarlyAnswer {
            acknowledged.push((recorder.count(), n));
        }
        change(&store, n, fault);
        if fault != Fault::EarlyAnswer {
            acknowledged.push((recorder.count(), n));
        }
    }
    let calls = recorder.calls();
    store.close().unwrap();
    let meet = |two: &[Call]| matches!(two, [Call::Write(Target::File(_), ..), Call::Write(Target::Db, ..)]);
    // Between a record and its sync nothing else happens where one thread does both.
    if fault == Fault::None {
        assert_eq!(calls.windows(2).any(meet), settles == Settles::Beside);
    }
    History { calls, first, acknowledged }
}

fn play(fault: Fault, cut: Cut, points: u32, seed: u64) -> Vec<String> {
    let judge = |bytes: Bytes, known: &[&u8]| wrong(bytes, known.len() as u64, fault);
    let of = |settles, points| {
        let reopen = |disk| over(disk, fault, settles);
        let found = crashing::play(&history(fault, settles), cut, points, seed, reopen, judge);
        found.into_iter().map(|what| format!("{settles:?}: {what}")).collect::<Vec<_>>()
    };
    // A fault is planted into the same calls every time.
    if fault != Fault::None {
        return of(Settles::Between, points);
    }
    let half = points.div_ceil(2);
    [of(Settles::Between, half), of(Settles::Beside, half)].concat()
}

#[test]
fn a_kill_at_any_call_loses_nothing() {
    let found = play(Fault::None, Cut::Kill, crashing::points(5_000), crashing::seed(1));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_power_cut_at_any_call_loses_nothing() {
    let found = play(Fault::None, Cut::Power, crashing::points(5_000), crashing::seed(2));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_disk_that_lies_an_early_answer_and_an_event_apart_are_noticed() {
    for (fault, cut) in [
        (Fault::None, Cut::PowerAndLies),
        (Fault::EarlyAnswer, Cut::Kill),
        (Fault::EarlyAnswer, Cut::Power),
        (Fault::EventApart, Cut::Kill),
        (Fault::EventApart, Cut::Power),
    ] {
        let found = play(fault, cut, 200, 3);
        assert!(found.len() > 15, "{} of 200 with {cut:?}", found.len());
    }
}

#[test]
fn a_fault_in_the_journal_is_noticed() {
    use faulty::Fault::{GivenUpEarly, LastSkipped, NoSync, NumberAhead, TornTaken};
    for (fault, cut, at_least) in [
        (NoSync, Cut::Power, 15),
        (GivenUpEarly, Cut::Kill, 5),
        (GivenUpEarly, Cut::Power, 5),
        (LastSkipped, Cut::Kill, 15),
        (LastSkipped, Cut::Power, 15),
        (TornTaken, Cut::Power, 1),
        (NumberAhead, Cut::Kill, 5),
        (NumberAhead, Cut::Power, 5),
    ] {
        let found = play(Fault::Journal(fault), cut, 400, 4);
        assert!(found.len() >= at_least, "{} of 400 with {fault:?}, {cut:?}", found.len());
    }
}
