//! Writing, reading, indexes, sequences, the log.

use super::*;
use crate::base::error::Error;
use crate::store::{Direction, Read, Span, counter, events, sequence};

#[test]
fn what_was_written_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let epoch = store.epoch();
    assert_eq!(make(&store, 1, thing("lamp", "red", 3)).unwrap(), 1);
    assert_eq!(make(&store, 2, thing("chair", "red", 1)).unwrap(), 2);
    store.close().unwrap();
    assert_eq!(store.read(|_| Ok(())).unwrap_err().code, "store_closed");
    assert_eq!(make(&store, 3, thing("x", "red", 1)).unwrap_err().code, "store_closed");
    drop(store);

    let store = open(dir.path());
    assert_eq!((store.epoch(), store.last_seq()), (epoch, 2));
    store
        .read(|s| {
            assert_eq!(THINGS.get(s, &id(1))?, Some(thing("lamp", "red", 3)));
            assert_eq!(BY_NAME.first(s, &"chair".to_owned())?, Some(id(2)));
            let red = BY_COLOUR.list(s, &Span::of("red"), Direction::Forward, 10)?;
            assert_eq!(red, [(("red".to_owned(), 1), id(2)), (("red".to_owned(), 3), id(1))]);
            assert_eq!(counter(s, "things")?, 2);
            let line = events::of_subject(s, &Subject::of(&id(2)), None, 10)?;
            assert_eq!(line[0].data["name"], "chair");
            Ok(())
        })
        .unwrap();
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn a_second_opener_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let second = Store::open(dir.path(), &settings(), clock(), TABLES);
    assert_eq!(second.err().unwrap().code, "store_locked");
}

#[test]
fn sequences_count_without_gaps_and_never_go_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let next = || store.write_blocking(actor(), |tx| tx.next("order")).unwrap();
    assert_eq!((next(), next()), (1, 2));
    let refused = store.write_blocking(actor(), |tx| {
        tx.next("order")?;
        Err::<(), _>(Error::invalid("no", "No."))
    });
    assert_eq!(refused.unwrap_err().code, "no");
    assert_eq!(next(), 3);
    store.write_blocking(actor(), |tx| tx.at_least("order", 10)).unwrap();
    store.write_blocking(actor(), |tx| tx.at_least("order", 5)).unwrap();
    assert_eq!(next(), 11);
    assert_eq!(store.read(|s| sequence(s, "order")).unwrap(), 11);
}

#[test]
fn a_table_that_nobody_registered_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &settings(), clock(), &[]).unwrap();
    let error = store.read(|s| THINGS.get(s, &id(1))).unwrap_err();
    assert!(error.cause_chain().contains("thing/1"), "{}", error.cause_chain());
    let error = make(&store, 1, thing("a", "b", 1)).unwrap_err();
    assert!(error.cause_chain().contains("thing/1"), "{}", error.cause_chain());
    assert!(
        store
            .read(|s| s.walk_raw("x/1", &Span::all(), Direction::Forward, &mut |_, _| Ok(
                std::ops::ControlFlow::Continue(())
            )))
            .is_err()
    );
}

#[test]
fn ids_of_one_millisecond_are_in_the_order_of_their_events() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let ids: Vec<ThingId> = (0..300)
        .map(|_| {
            let op = |tx: &mut crate::store::Tx<'_>| {
                let id: ThingId = tx.new_id();
                tx.publish(Subject::of(&id), &Made { name: "lamp".into() })?;
                Ok(id)
            };
            store.write_blocking(actor(), op).unwrap()
        })
        .collect();
    // The clock of these tests stands still.
    assert!(ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]));
}

#[test]
fn who_is_woken_finds_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (looking, noted) = (store.clone(), Arc::clone(&seen));
    store.when_there_is_more(Box::new(move || noted.lock().unwrap().push(looking.last_seq())));
    assert_eq!(make(&store, 1, thing("lamp", "red", 3)).unwrap(), 1);
    assert_eq!(make(&store, 2, thing("chair", "red", 1)).unwrap(), 2);
    store.write_blocking(actor(), |tx| tx.next("order")).unwrap();
    assert_eq!(*seen.lock().unwrap(), [1, 2], "and nobody is woken where nothing happened");
    store.close().unwrap();
}
