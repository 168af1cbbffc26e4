//! Every event reaches everybody who wants it, at least once, with the same payload, through faults before and after the
//! effect and through ends of the program; never more often than faults explain. `BACKROOM_FAULT_EVENTS` plays more.

use super::*;
use crate::base::error::{Error, Result};
use crate::work::Work;
use crate::work::jobs::{Beat, Ended, Job, JobId, Report, State, Worker};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Things that events are about.
const THINGS: u64 = 40;

/// What arrived: for each lane and event the payloads as they came.
type Arrived = Arc<Mutex<BTreeMap<(String, u64), Vec<Vec<u8>>>>>;
/// For each lane the events as they came for the first time.
type InOrder = Arc<Mutex<BTreeMap<String, Vec<u64>>>>;

/// Carries events out, with a fault in four of ten.
struct Shaky {
    arrived: Arrived,
    in_order: InOrder,
    dice: AtomicU64,
    /// Faults behind the effect: each may bring the same once more.
    late_faults: Arc<AtomicU64>,
}

impl Worker for Shaky {
    fn kind(&self) -> &'static str {
        "send"
    }
    fn pauses_ms(&self) -> &'static [i64] {
        &[1; 400]
    }
    fn run(&self, _: JobId, job: &Job, _: &Beat) -> Result<Report> {
        let failed = || Err(Error::unavailable("planned", "Planned.", 1));
        let n = self.dice.fetch_add(1, Ordering::Relaxed) % 10;
        match n {
            0 => return failed(),
            1 => panic!("planned"),
            _ => {}
        }
        let at = (job.lane.clone(), seq_of(&job.payload));
        let seq = at.1;
        let mut arrived = self.arrived.lock().unwrap();
        let payloads = arrived.entry(at).or_default();
        payloads.push(job.payload.clone());
        if payloads.len() == 1 {
            self.in_order.lock().unwrap().entry(job.lane.clone()).or_default().push(seq);
        }
        drop(arrived);
        if n < 4 {
            self.late_faults.fetch_add(1, Ordering::Relaxed);
        }
        match n {
            2 => failed(),
            3 => panic!("planned"),
            _ => Ok(Ended::Done.into()),
        }
    }
}

#[test]
fn what_was_promised_arrives_whatever_fails_and_no_oftener_than_faults_explain() {
    let wanted: u64 = std::env::var("BACKROOM_FAULT_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Clock::system());
    subscribe(&store, "sink/a", &[]);
    subscribe(&store, "sink/b", &["thing.*"]);
    let (arrived, in_order, late_faults) =
        (Arrived::default(), InOrder::default(), Arc::new(AtomicU64::new(0)));
    let mut about = BTreeMap::new();
    let ends = 5;
    for part in 0..ends {
        let worker = Shaky {
            arrived: Arc::clone(&arrived),
            in_order: Arc::clone(&in_order),
            dice: AtomicU64::new(part),
            late_faults: Arc::clone(&late_faults),
        };
        let work =
            Work::new(store.clone(), vec![Arc::new(worker)], vec![Arc::new(Sends { refuses: |_| false })]);
        let running = work.start().unwrap();
        for n in 0..wanted / ends {
            let thing = u8::try_from(n % THINGS).unwrap();
            about.insert(publish(&store, thing), thing);
        }
        if part + 1 < ends {
            // It ends wherever it is; what is left is for the next one.
            drop(running);
            continue;
        }
        let end = Instant::now() + Duration::from_secs(60 + wanted / 100);
        let all = 2 * (wanted / ends * ends);
        while (arrived.lock().unwrap().len() as u64) < all
            || store.read(|s| jobs::testing::in_state(s, State::Ready)).unwrap().len()
                + store.read(|s| jobs::testing::in_state(s, State::Leased)).unwrap().len()
                > 0
        {
            assert!(Instant::now() < end, "{} of {all} arrived", arrived.lock().unwrap().len());
            std::thread::park_timeout(Duration::from_millis(10));
        }
        drop(running);
    }
    let arrived = arrived.lock().unwrap();
    let last = store.last_seq();
    for lane in ["sink/a", "sink/b"] {
        let missing: Vec<u64> =
            (1..=last).filter(|seq| !arrived.contains_key(&(lane.to_owned(), *seq))).collect();
        assert_eq!(missing, Vec::<u64>::new(), "{lane}");
    }
    // What happened to one thing arrived in the order in which it happened.
    for (lane, order) in in_order.lock().unwrap().iter() {
        let mut last = BTreeMap::new();
        for seq in order {
            let before = last.insert(about[seq], *seq).unwrap_or(0);
            assert!(before < *seq, "{lane}: {seq} arrived behind {before}, both about thing {}", about[seq]);
        }
    }
    assert!(arrived.values().all(|payloads| payloads.windows(2).all(|two| two[0] == two[1])));
    let doubled: u64 = arrived.values().map(|payloads| payloads.len() as u64 - 1).sum();
    let explained = late_faults.load(Ordering::Relaxed);
    assert!(doubled <= explained, "{doubled} came again, {explained} faults behind the effect");
    assert!(explained > 0, "the faults were played");
    assert_eq!(store.read(|s| jobs::testing::in_state(s, State::Dead)).unwrap().len(), 0);
    assert_eq!(store.check(crate::work::CHECKS).unwrap(), []);
}
