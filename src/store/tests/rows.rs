//! Records and their indexes, the event log, remembered answers, and what the checker finds.

use super::*;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, HOUR_MS};
use crate::store::idempotency::{FORGET_BURST, KEPT_MS, NEWEST_KEPT};
use crate::store::{ActorKind, Direction, Finding, Findings, Read, Snapshot, Span, Tx, events, key_bytes};
use std::ops::ControlFlow;

fn write<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    store.write_blocking(actor(), op)
}

#[test]
fn index_rows_follow_their_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, |tx| {
        THINGS.put(tx, &id(1), &thing("lamp", "red", 5))?;
        THINGS.put(tx, &id(2), &thing("chair", "red", 3))?;
        THINGS.put(tx, &id(1), &thing("lamp", "blue", 5))?;
        assert_eq!(BY_COLOUR.count(tx, &Span::of("red"), 9)?, 1);
        Ok(())
    })
    .unwrap();
    write(&store, |tx| THINGS.put(tx, &id(2), &thing("stool", "red", 3))).unwrap();
    store
        .read(|s| {
            assert_eq!(BY_NAME.first(s, &"chair".to_owned())?, None);
            assert_eq!(BY_NAME.first(s, &"stool".to_owned())?, Some(id(2)));
            let mut seen = Vec::new();
            BY_COLOUR.walk(s, &Span::all(), Direction::Backward, |key, id, name| {
                seen.push((key, id, String::from_utf8_lossy(name).into_owned()));
                Ok(ControlFlow::Continue(()))
            })?;
            let row =
                |colour: &str, amount, n, name: &str| ((colour.to_owned(), amount), id(n), name.to_owned());
            assert_eq!(seen, [row("red", 3, 2, "stool"), row("blue", 5, 1, "lamp")]);
            Ok(())
        })
        .unwrap();
    assert!(write(&store, |tx| THINGS.delete(tx, &id(2))).unwrap());
    assert!(!write(&store, |tx| THINGS.delete(tx, &id(2))).unwrap());
    assert_eq!(store.read(|s| BY_COLOUR.count(s, &Span::all(), 9)).unwrap(), 1);
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn a_unique_value_belongs_to_one_record_and_a_clash_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, |tx| THINGS.put(tx, &id(1), &thing("lamp", "red", 5))).unwrap();
    write(&store, |tx| THINGS.put(tx, &id(2), &thing("chair", "red", 5))).unwrap();
    let error = write(&store, |tx| THINGS.put(tx, &id(2), &thing("lamp", "blue", 5))).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Conflict, "duplicate"));
    // An operation that goes on after the clash keeps a record in step all the same.
    write(&store, |tx| {
        assert!(THINGS.put(tx, &id(2), &thing("lamp", "blue", 5)).is_err());
        Ok(())
    })
    .unwrap();
    // The value is free again when its record gives it up, in the same transaction too.
    write(&store, |tx| {
        THINGS.put(tx, &id(1), &thing("floor lamp", "red", 5))?;
        THINGS.put(tx, &id(2), &thing("lamp", "blue", 5))?;
        THINGS.put(tx, &id(2), &thing("lamp", "green", 5))
    })
    .unwrap();
    assert_eq!(store.read(|s| BY_NAME.first(s, &"lamp".to_owned())).unwrap(), Some(id(2)));
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn pages_follow_each_other_in_both_directions() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, |tx| {
        (1..=25).try_for_each(|n| THINGS.put(tx, &id(n), &thing(&n.to_string(), "red", i64::from(n % 3))))
    })
    .unwrap();
    store
        .read(|s| {
            for direction in [Direction::Forward, Direction::Backward] {
                let mut span = Span::all();
                let mut sizes = Vec::new();
                let mut ids = Vec::new();
                loop {
                    let page = THINGS.page(s, &span, direction, 10)?;
                    sizes.push(page.items.len());
                    ids.extend(page.items.iter().map(|(id, _)| *id));
                    let Some((last, _)) = page.items.last().filter(|_| page.more) else { break };
                    span = Span::all().after(last, direction);
                }
                assert_eq!(sizes, [10, 10, 5]);
                let mut all: Vec<_> = (1..=25).map(id).collect();
                if direction == Direction::Backward {
                    all.reverse();
                }
                assert_eq!(ids, all);
                let first = BY_COLOUR.page(s, &Span::of("red"), direction, 7)?;
                let rest = Span::of("red").after(first.items.last().unwrap(), direction);
                assert_eq!(BY_COLOUR.page(s, &rest, direction, 99)?.items.len(), 18);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn many_are_found_as_one_by_one_near_and_far() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Some are in the database and some wait over it; every seventh is missing.
    let there = |n: &u8| !n.is_multiple_of(7);
    for part in [1..=100, 101..=200] {
        write(&store, move |tx| {
            let mut numbers = part.clone().filter(there);
            numbers.try_for_each(|n| THINGS.put(tx, &id(n), &thing(&n.to_string(), "red", 1)))
        })
        .unwrap();
    }
    let side_by_side: Vec<u8> = (40..90).collect();
    let wanted = [side_by_side, vec![], vec![7], vec![1, 2, 50, 51, 54, 150, 199, 200, 201, 250], vec![203]];
    for numbers in wanted {
        let keys: Vec<ThingId> = numbers.iter().copied().map(id).collect();
        let mut found = Vec::new();
        store
            .read(|s| {
                THINGS.visit_many(s, &keys, |at, thing| {
                    found.push((at, thing.name));
                    Ok(())
                })
            })
            .unwrap();
        let all = numbers.iter().enumerate().filter(|(_, n)| there(n) && **n <= 200);
        assert_eq!(found, all.map(|(at, n)| (at, n.to_string())).collect::<Vec<_>>(), "{numbers:?}");
    }
}

#[test]
fn the_log_is_a_timeline_and_an_audit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let anna = Actor { request_id: Some("r-1".into()), ..Actor::new(ActorKind::Staff, "stf_anna", "Anna") };
    for n in 1..=4 {
        store
            .write_blocking(anna.clone(), move |tx| {
                let also = [Subject::of(&id(100)), Subject::of(&id(100)), Subject::of(&id(n))];
                tx.publish_with(Subject::of(&id(n)), &also, &Made { name: n.to_string() })
            })
            .unwrap();
    }
    write(&store, |tx| tx.publish(Subject::of(&id(1)), &Made { name: "again".into() })).unwrap();
    store
        .read(|s| {
            let numbers = |events: Vec<events::StoredEvent>| events.iter().map(|e| e.seq).collect::<Vec<_>>();
            assert_eq!(numbers(events::after(s, 2, 2)?), [3, 4]);
            assert_eq!(numbers(events::of_subject(s, &Subject::of(&id(1)), None, 9)?), [5, 1]);
            assert_eq!(numbers(events::of_subject(s, &Subject::of(&id(100)), Some(4), 2)?), [3, 2]);
            assert_eq!(numbers(events::by_actor(s, "stf_anna", None, 9)?), [4, 3, 2, 1]);
            assert_eq!(numbers(events::by_actor(s, "stf_anna", Some(3), 1)?), [2]);
            let first = events::get(s, 1)?.unwrap();
            assert_eq!((first.actor, first.request_id), (anna.clone(), Some("r-1".into())));
            assert_eq!((first.at, first.kind.as_str()), (clock().now(), "thing.made"));
            assert_eq!(first.also.len(), 3);
            assert_eq!(first.subject.id_as::<ThingId>(), Some(id(1)));
            assert!(first.subject.to_string().starts_with("thg_"));
            Ok(())
        })
        .unwrap();
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn a_trimmed_log_keeps_its_numbers_and_its_chain() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=6 {
        make(&store, n, thing(&n.to_string(), "red", 1)).unwrap();
    }
    assert_eq!(write(&store, |tx| events::trim(tx, 4, 3)).unwrap(), 3);
    assert_eq!(store.check(&[]).unwrap(), []);
    assert_eq!(write(&store, |tx| events::trim(tx, 99, 99)).unwrap(), 3);
    assert_eq!(store.check(&[]).unwrap(), []);
    store.close().unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.last_seq(), 6);
    assert_eq!(make(&store, 7, thing("7", "red", 1)).unwrap(), 7);
    assert_eq!(store.check(&[]).unwrap(), []);
}

fn answer(tx: &mut Tx<'_>, key: &str) -> Result<bool> {
    if tx.replay("scope", key, &[1; 32])?.is_some() {
        return Ok(true);
    }
    tx.remember("scope", key, &[1; 32], 201, b"{}")?;
    Ok(false)
}

#[test]
fn an_answer_is_remembered_for_72_hours_and_more_by_scope_key_and_body() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = Store::open(dir.path(), &settings(), now.clone(), TABLES).unwrap();
    assert!(!write(&store, |tx| answer(tx, "a")).unwrap());
    assert!(write(&store, |tx| answer(tx, "a")).unwrap());
    write(&store, |tx| {
        assert_eq!(tx.replay("other", "a", &[1; 32])?, None);
        let error = tx.replay("scope", "a", &[2; 32]).unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Invalid, "idempotency_key_reused"));
        let first = tx.replay("scope", "a", &[1; 32])?.unwrap();
        assert_eq!((first.status, first.body.as_slice()), (201, b"{}".as_slice()));
        Ok(())
    })
    .unwrap();
    // Many come after it, so that it may be forgotten, and is when its time is over.
    let many = |from: usize| {
        write(&store, move |tx| {
            (from..from + NEWEST_KEPT)
                .try_for_each(|n| tx.remember("scope", &n.to_string(), &[1; 32], 201, b"{}"))
        })
        .unwrap();
    };
    now.set(clock().now().plus_ms(KEPT_MS - HOUR_MS));
    many(0);
    assert!(write(&store, |tx| answer(tx, "a")).unwrap());
    now.set(clock().now().plus_ms(KEPT_MS + HOUR_MS));
    many(NEWEST_KEPT);
    assert!(!write(&store, |tx| answer(tx, "a")).unwrap());
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn a_clock_that_jumps_ahead_forgets_little() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = Store::open(dir.path(), &settings(), now.clone(), TABLES).unwrap();
    write(&store, |tx| {
        (0..2_000).try_for_each(|n| tx.remember("scope", &n.to_string(), &[1; 32], 201, b"{}"))
    })
    .unwrap();
    now.set(clock().now().plus_ms(3_650 * DAY_MS));
    for n in 0..100 {
        write(&store, move |tx| tx.at_least("n", n)).unwrap();
    }
    let left = |store: &Store| {
        store
            .read(|s| {
                let mut rows = 0;
                s.walk_raw("idempotency/1", &Span::all(), Direction::Forward, &mut |_, _| {
                    rows += 1;
                    Ok(ControlFlow::Continue(()))
                })?;
                Ok(rows)
            })
            .unwrap()
    };
    // What the bucket holds, and a little that may flow in while this runs.
    let forgotten = 2_000 - left(&store);
    assert!((i64::from(FORGET_BURST)..i64::from(FORGET_BURST) * 3).contains(&forgotten), "{forgotten}");
    // Back to the right time, and on: numbers and ids go on too.
    now.set(clock().now().plus_ms(-DAY_MS));
    let before = write(&store, |tx| Ok((tx.next("n")?, tx.new_id::<ThingId>()))).unwrap();
    let after = write(&store, |tx| Ok((tx.next("n")?, tx.new_id::<ThingId>()))).unwrap();
    assert!(after.0 == before.0 + 1 && after.1 != before.1);
}

#[test]
fn a_clock_that_was_wrong_for_a_moment_takes_no_key_of_a_small_shop_away() {
    let dir = tempfile::tempdir().unwrap();
    let now = clock();
    let store = Store::open(dir.path(), &settings(), now.clone(), TABLES).unwrap();
    for n in 0..20 {
        assert!(!write(&store, move |tx| answer(tx, &format!("k{n}"))).unwrap());
    }
    for days in [300, -300] {
        now.set(clock().now().plus_ms(days * DAY_MS));
        for n in 0..60 {
            assert!(!write(&store, move |tx| answer(tx, &format!("{days} {n}"))).unwrap());
        }
        // Who repeats it now gets no second order either.
        for n in 0..20 {
            assert!(write(&store, move |tx| answer(tx, &format!("k{n}"))).unwrap(), "k{n} at {days} days");
        }
    }
    now.set(clock().now());
    for n in 0..20 {
        assert!(write(&store, move |tx| answer(tx, &format!("k{n}"))).unwrap(), "k{n} is forgotten");
    }
    // Of many the newest stay.
    write(&store, |tx| {
        (0..NEWEST_KEPT).try_for_each(|n| tx.remember("scope", &format!("m{n}"), &[1; 32], 201, b"{}"))
    })
    .unwrap();
    now.set(clock().now().plus_ms(300 * DAY_MS));
    for n in 0..60 {
        write(&store, move |tx| tx.at_least("n", n)).unwrap();
    }
    now.set(clock().now());
    for n in 0..NEWEST_KEPT {
        assert!(write(&store, move |tx| answer(tx, &format!("m{n}"))).unwrap(), "m{n} is forgotten");
    }
    assert_eq!(store.check(&[]).unwrap(), []);
}

/// Changes a row below everything that keeps rows in step.
fn damage(
    store: &Store,
    table: &'static str,
    key: Vec<u8>,
    change: impl Fn(Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) {
    write(store, move |tx| {
        let mut old = Vec::new();
        assert!(tx.get_raw(table, &key, &mut |bytes| old = bytes.to_vec())?);
        tx.write_raw(table, &key, change(old).as_deref())
    })
    .unwrap();
}

fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| f.place).collect()
}

#[test]
fn the_checker_finds_planted_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=5 {
        make(&store, n, thing(&n.to_string(), "red", 1)).unwrap();
    }
    assert_eq!(store.check(&[]).unwrap(), []);
    let colour = |n: u8| key_bytes(&(("red".to_owned(), 1i64), id(n)));

    damage(&store, BY_COLOUR.name(), colour(1), |_| None);
    assert_eq!(places(&store.check(&[]).unwrap()), [BY_COLOUR.name()]);
    // One row too few and one too many.
    write(&store, |tx| {
        tx.write_raw(BY_COLOUR.name(), &key_bytes(&(("blue".to_owned(), 1i64), id(2))), Some(b"2"))
    })
    .unwrap();
    let found = store.check(&[]).unwrap();
    assert!(found.len() == 1 || found.len() == 2, "{found:?}");
    damage(&store, BY_NAME.name(), key_bytes("3"), |_| Some(vec![9; 16]));
    assert!(places(&store.check(&[]).unwrap()).contains(&BY_NAME.name()));
    damage(&store, THINGS.name(), key_bytes(&id(4)), |_| Some(vec![1, 0xff]));
    assert!(places(&store.check(&[]).unwrap()).contains(&THINGS.name()));
    let error = store.read(|s| THINGS.get(s, &id(4))).unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(error.cause_chain().contains("thing/1"), "{}", error.cause_chain());
}

#[test]
fn the_checker_finds_an_altered_event() {
    for (altered, whole) in [(2u64, false), (3, true)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        for n in 1..=4 {
            make(&store, n, thing(&n.to_string(), "red", 1)).unwrap();
        }
        damage(&store, "event/1", key_bytes(&altered), move |bytes| {
            let at = bytes.windows(4).position(|w| w == b"name").unwrap();
            let mut bytes = bytes;
            bytes[at] = b'N';
            if whole { None } else { Some(bytes) }
        });
        let found = store.check(&[]).unwrap();
        assert!(found.iter().any(|f| f.place == "event/1"), "{found:?}");
    }
}

#[test]
fn the_checker_asks_the_features_and_looks_at_sequences() {
    static NUMBERED: &[TableInfo] =
        &[THINGS.info("tests"), NUMBERS.info("tests").numbered(&[("no", "no/1")])];
    const NUMBERS: Table<u64, Number> = Table::new("no/1");
    #[derive(Encode, Decode)]
    struct Number(#[n(0)] bool);
    impl Record for Number {
        type Key = u64;
    }
    fn feature(_: &Snapshot, findings: &mut Findings) -> Result<()> {
        findings.add("tests", "The sum is wrong.");
        Ok(())
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &settings(), clock(), NUMBERED).unwrap();
    write(&store, |tx| {
        tx.next("no")?;
        NUMBERS.put(tx, &1, &Number(true))
    })
    .unwrap();
    assert_eq!(places(&store.check(&[feature]).unwrap()), ["tests"]);
    write(&store, |tx| NUMBERS.put(tx, &7, &Number(true))).unwrap();
    assert_eq!(places(&store.check(&[]).unwrap()), ["no/1"]);
}

#[test]
fn attempts_keep_or_drop_what_they_did_with_events_and_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seqs = write(&store, |tx| {
        let mut seqs = Vec::new();
        for n in 1..=6u8 {
            let result = tx.attempt(|tx| {
                let number = tx.next("no")?;
                THINGS.put(tx, &id(n), &thing(&n.to_string(), "red", 1))?;
                let seq = tx.publish(Subject::of(&id(n)), &Made { name: number.to_string() })?;
                if n % 3 == 0 { Err(Error::invalid("no", "No.")) } else { Ok((number, seq)) }
            });
            seqs.extend(result.ok());
        }
        Ok(seqs)
    })
    .unwrap();
    assert_eq!(seqs, [(1, 1), (2, 2), (3, 3), (4, 4)]);
    assert_eq!(store.last_seq(), 4);
    assert_eq!(store.check(&[]).unwrap(), []);
}
