//! Many operations in one commit: neighbours, order, hooks.

use super::*;
use crate::base::error::{Error, Kind, Result};
use crate::store::counter;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

/// Holds the writer inside an operation, so that what is sent meanwhile becomes one group.
fn held(store: &Store) -> (std::thread::JoinHandle<Result<()>>, mpsc::Sender<()>) {
    let (release, wait) = mpsc::channel::<()>();
    let (entered, in_there) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let store = store.clone();
    let holder = std::thread::spawn(move || {
        store.write_blocking(actor(), move |_| {
            entered.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            Ok(())
        })
    });
    in_there.recv().unwrap();
    (holder, release)
}

type Operation = Box<dyn Fn(&mut crate::store::Tx<'_>) -> Result<u64> + Send>;

/// Sends operations so that all of them become one group, and gives their answers in order.
fn together(store: &Store, operations: Vec<Operation>) -> Vec<Result<u64>> {
    let (holder, release) = held(store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = runtime.block_on(async {
        let writes: Vec<_> = operations.into_iter().map(|op| store.write(actor(), op)).collect();
        // The writes before this one in the list are polled first and stand in the line.
        let go = async { release.send(()).unwrap() };
        tokio::join!(biased; futures_util::future::join_all(writes), go).0
    });
    holder.join().unwrap().unwrap();
    answers
}

#[test]
fn a_refused_or_panicking_neighbour_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let answers = together(
        &store,
        vec![
            Box::new(|tx| {
                THINGS.put(tx, &id(1), &thing("lamp", "red", 1))?;
                tx.publish(Subject::of(&id(1)), &Made { name: "lamp".into() })
            }),
            Box::new(|tx| {
                THINGS.put(tx, &id(2), &thing("chair", "red", 1))?;
                tx.publish(Subject::of(&id(2)), &Made { name: "chair".into() })?;
                Err(Error::invalid("no", "No."))
            }),
            Box::new(|tx| {
                THINGS.put(tx, &id(3), &thing("table", "red", 1))?;
                tx.publish(Subject::of(&id(3)), &Made { name: "table".into() })?;
                std::panic::resume_unwind(Box::new("planned"))
            }),
            Box::new(|tx| {
                // Sees the first one, and neither of the others.
                assert!(THINGS.has(tx, &id(1))? && !THINGS.has(tx, &id(2))? && !THINGS.has(tx, &id(3))?);
                THINGS.put(tx, &id(4), &thing("chair", "red", 1))?;
                tx.publish(Subject::of(&id(4)), &Made { name: "chair".into() })
            }),
        ],
    );
    assert_eq!(answers[0].as_ref().unwrap(), &1);
    assert_eq!(answers[1].as_ref().unwrap_err().code, "no");
    assert_eq!(answers[2].as_ref().unwrap_err().kind, Kind::Internal);
    assert!(answers[2].as_ref().unwrap_err().cause_chain().contains("planned"));
    assert_eq!(answers[3].as_ref().unwrap(), &2);
    assert_eq!((store.health().commits, store.last_seq()), (1, 2));
    assert_eq!(store.check(&[]).unwrap(), []);
}

#[test]
fn many_writers_share_few_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let barrier = Arc::new(Barrier::new(32));
    let threads: Vec<_> = (0..32)
        .map(|_| {
            let (store, barrier) = (store.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                (0..20)
                    .map(|_| store.write_blocking(actor(), |tx| tx.next("order")).unwrap())
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let mut numbers: Vec<u64> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=640).collect::<Vec<_>>());
    let health = store.health();
    assert_eq!(health.operations, 640);
    assert!(health.commits < 320, "{} commits", health.commits);
}

#[test]
fn hooks_hear_of_events_before_the_answer_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let last = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&last);
    store.on_commit(Box::new(move |events| {
        for event in events {
            assert_eq!(heard.swap(event.seq, Ordering::SeqCst) + 1, event.seq);
            assert_eq!(event.kind, "thing.made");
            assert_eq!(event.subjects.len(), 1);
        }
    }));
    store.on_commit(Box::new(|_| std::panic::resume_unwind(Box::new("a hook that panics harms nobody"))));
    let watch = store.watch();
    for n in 1..20 {
        let seq = make(&store, n, thing(&n.to_string(), "red", 1)).unwrap();
        assert_eq!(last.load(Ordering::SeqCst), seq);
        assert_eq!(*watch.borrow(), seq);
    }
}

#[test]
fn an_operation_without_writes_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.write_blocking(actor(), |tx| counter(tx, "things")).unwrap();
    assert!(store.write_blocking(actor(), |_| Err::<(), _>(Error::invalid("no", "No."))).is_err());
    assert_eq!(store.health().commits, 0);
}

#[test]
fn a_full_line_is_busy_and_serves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (holder, release) = held(&store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = runtime.block_on(async {
        let writes: Vec<_> = (0..1_030).map(|_| store.write(actor(), |tx| tx.next("n"))).collect();
        let go = async { release.send(()).unwrap() };
        tokio::join!(biased; futures_util::future::join_all(writes), go).0
    });
    holder.join().unwrap().unwrap();
    let busy = answers.iter().filter(|a| a.as_ref().is_err_and(|e| e.code == "busy")).count();
    assert_eq!((answers.len(), busy), (1_030, 6));
}

#[test]
fn a_write_goes_on_when_its_caller_hangs_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (holder, release) = held(&store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let write = store.write(actor(), |tx| tx.next("n"));
        let polled_once = futures_util::future::select(Box::pin(write), std::future::ready(()));
        drop(polled_once.await);
    });
    release.send(()).unwrap();
    holder.join().unwrap().unwrap();
    assert_eq!(store.write_blocking(actor(), |tx| tx.next("n")).unwrap(), 2);
}

#[test]
fn writing_from_inside_an_operation_is_refused_and_not_a_deadlock() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let inner = store.clone();
    let error =
        store.write_blocking(actor(), move |_| inner.write_blocking(actor(), |tx| tx.next("n"))).unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
}

#[test]
fn the_last_handle_may_go_inside_an_operation() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let last = Mutex::new(Some(store.clone()));
    let (sender, done) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let write = store.write(actor(), move |_| {
            drop(last.lock().unwrap().take());
            sender.send(()).unwrap();
            Ok(())
        });
        drop(futures_util::future::select(Box::pin(write), std::future::ready(())).await);
    });
    drop(store);
    done.recv().unwrap();
}

#[test]
fn a_large_operation_ends_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let large = |n: u8| -> Operation {
        Box::new(move |tx| {
            THINGS.put(tx, &id(n), &thing(&format!("{n}{}", "x".repeat(5 << 20)), "red", 1))?;
            tx.next("n")
        })
    };
    let small = || -> Operation { Box::new(|tx| tx.next("n")) };
    let answers = together(&store, vec![small(), large(1), small(), small(), large(2), small()]);
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(store.health().commits, 3);
}

#[test]
fn a_record_that_is_too_large_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = make(&store, 1, thing(&"x".repeat(crate::store::RECORD_BYTES_MAX), "red", 1)).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Invalid, "record_too_large"));
}
