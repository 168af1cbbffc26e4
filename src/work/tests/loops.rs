//! The loops themselves: failing, hanging and panicking work, and what it does to others.

use super::*;
use crate::base::error::{Error, Result};
use crate::work::jobs::{Beat, Ended, Job, JobId, Report, State, Worker};
use crate::work::{Running, Work};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What happens in place of carrying out, if anything does.
pub(super) type Plan = dyn Fn(&Job, &Beat) -> Result<Option<Report>> + Send + Sync;

/// Carries events out: into a list, after doing what the plan says.
pub(super) struct Carrier {
    pub(super) sent: Arc<Mutex<Vec<(String, u64)>>>,
    pub(super) plan: Box<Plan>,
}

impl Worker for Carrier {
    fn kind(&self) -> &'static str {
        "send"
    }
    fn pauses_ms(&self) -> &'static [i64] {
        &[1; 200]
    }
    fn lease(&self) -> Duration {
        Duration::from_millis(300)
    }
    fn run(&self, _: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        if let Some(report) = (self.plan)(job, beat)? {
            return Ok(report);
        }
        self.sent.lock().unwrap().push((job.lane.clone(), seq_of(&job.payload)));
        Ok(Ended::Done.into())
    }
}

struct Shop {
    store: Store,
    work: Work,
    sent: Arc<Mutex<Vec<(String, u64)>>>,
    running: Option<Running>,
    _dir: tempfile::TempDir,
}

impl Shop {
    fn open(
        refuses: fn(u64) -> bool,
        plan: impl Fn(&Job, &Beat) -> Result<Option<Report>> + Send + Sync + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, sent) = (open(dir.path(), Clock::system()), Arc::default());
        let carrier = Carrier { sent: Arc::clone(&sent), plan: Box::new(plan) };
        let work = Work::new(store.clone(), vec![Arc::new(carrier)], vec![Arc::new(Sends { refuses })]);
        Self { store, work, sent, running: None, _dir: dir }
    }
    fn start(&mut self) {
        self.running = Some(self.work.start().unwrap());
    }
    fn sent(&self, lane: &str) -> Vec<u64> {
        self.sent.lock().unwrap().iter().filter(|(l, _)| l == lane).map(|(_, seq)| *seq).collect()
    }
    fn in_state(&self, state: State) -> Vec<Job> {
        let all = self.store.read(|s| jobs::testing::in_state(s, state)).unwrap();
        all.into_iter().map(|(_, job)| job).collect()
    }
}

#[track_caller]
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn lanes_that_hang_hold_up_nobody_however_many_they_are() {
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let mut shop = Shop::open(
        |_| false,
        move |job, beat| {
            while job.lane != "sink/good" && !is_over.load(Ordering::Relaxed) {
                // It lives, and answers nothing.
                beat.progress(0, 0);
                std::thread::park_timeout(Duration::from_millis(5));
            }
            Ok(None)
        },
    );
    subscribe(&shop.store, "sink/good", &[]);
    for n in 0..100 {
        let name = String::leak(format!("sink/hangs {n:02}"));
        subscribe(&shop.store, name, &[]);
    }
    shop.start();
    (0..60).for_each(|n| {
        publish(&shop.store, n);
    });
    until("the good one has all", || shop.sent("sink/good").len() == 60);
    assert_eq!(shop.sent.lock().unwrap().len(), 60, "while the others hang");
    over.store(true, Ordering::Relaxed);
    until("everybody has all", || shop.sent.lock().unwrap().len() == 60 * 101);
}

#[test]
fn what_follows_stands_back_behind_those_who_wait() {
    let nice = || rustix::process::getpriority_process(None).unwrap();
    let (seen, own) = (Arc::new(Mutex::new(Vec::new())), nice());
    let noted = Arc::clone(&seen);
    let mut shop = Shop::open(
        |_| false,
        move |_, _| {
            noted.lock().unwrap().push(rustix::process::getpriority_process(None).unwrap());
            Ok(None)
        },
    );
    subscribe(&shop.store, "sink/a", &[]);
    shop.start();
    publish(&shop.store, 1);
    until("it was done", || !seen.lock().unwrap().is_empty());
    assert_eq!(seen.lock().unwrap().as_slice(), [own.max(10)]);
    assert_eq!(nice(), own, "who publishes is as quick as before");
}

#[test]
fn every_event_goes_to_everybody_who_wants_it_through_faults_of_all_kinds() {
    let faults = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&faults);
    let dice = AtomicU64::new(1);
    let mut shop = Shop::open(
        |_| false,
        move |job, _| {
            let n = dice.fetch_add(1, Ordering::Relaxed);
            if job.lane == "sink/calm" {
                return Ok(None);
            }
            match n % 5 {
                0 => {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                1 => {
                    count.fetch_add(1, Ordering::Relaxed);
                    panic!("planned");
                }
                _ => return Ok(None),
            }
            Err(Error::unavailable("planned", "Planned.", 1))
        },
    );
    subscribe(&shop.store, "sink/calm", &[]);
    subscribe(&shop.store, "sink/shaky", &["thing.*"]);
    subscribe(&shop.store, "sink/other", &["nothing.of_this"]);
    (0..50).for_each(|n| {
        publish(&shop.store, n);
    });
    shop.start();
    (50..250).for_each(|n| {
        publish(&shop.store, n);
    });
    until("everything was sent", || {
        shop.sent("sink/calm").len() >= 250 && shop.sent("sink/shaky").len() >= 250
    });
    until("no job is open", || {
        shop.in_state(State::Ready).is_empty() && shop.in_state(State::Leased).is_empty()
    });
    for lane in ["sink/calm", "sink/shaky"] {
        let mut sent = shop.sent(lane);
        sent.sort_unstable();
        assert_eq!(sent, (1..=250).collect::<Vec<u64>>(), "{lane}: nothing is missing, nothing went twice");
    }
    assert!(faults.load(Ordering::Relaxed) > 20, "faults were played");
    assert!(shop.sent("sink/other").is_empty());
    until("places are written", || {
        let place = |name: &str| shop.store.read(|s| subscriptions::get(s, name)).unwrap().cursor;
        ["sink/calm", "sink/shaky", "sink/other"].iter().all(|name| place(name) == 250)
    });
    drop(shop.running.take());
    assert_eq!(shop.store.check(crate::work::CHECKS).unwrap(), []);
}

#[test]
fn who_hangs_holds_up_nobody_and_comes_too_late() {
    let (let_go, hung) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let back = Arc::new(AtomicU64::new(0));
    let (gate, count, late) = (Arc::clone(&let_go), Arc::clone(&hung), Arc::clone(&back));
    let mut shop = Shop::open(
        |_| false,
        move |job, _| {
            if job.lane == "sink/hangs" && job.tries == 1 {
                count.fetch_add(1, Ordering::SeqCst);
                while !gate.load(Ordering::SeqCst) {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                late.fetch_add(1, Ordering::SeqCst);
                // What it says now is nobody's business any more.
                return Ok(Some(Ended::Failed { why: "late".into(), again_in_ms: None }.into()));
            }
            Ok(None)
        },
    );
    subscribe(&shop.store, "sink/hangs", &[]);
    subscribe(&shop.store, "sink/well", &[]);
    shop.start();
    (0..10).for_each(|n| {
        publish(&shop.store, n);
    });
    until("the other one has everything", || shop.sent("sink/well").len() == 10);
    until("all were taken away and tried again", || shop.sent("sink/hangs").len() == 10);
    assert_eq!((hung.load(Ordering::SeqCst), back.load(Ordering::SeqCst)), (10, 0));
    let_go.store(true, Ordering::SeqCst);
    until("those that hung are back", || back.load(Ordering::SeqCst) == 10);
    until("no job is open", || {
        shop.in_state(State::Ready).is_empty() && shop.in_state(State::Leased).is_empty()
    });
    assert!(shop.in_state(State::Dead).is_empty(), "a late refusal kills nothing");
}

#[test]
fn an_event_that_cannot_be_taken_is_set_aside_and_the_reader_goes_on() {
    let mut shop = Shop::open(|seq| seq == 2, |_, _| Ok(None));
    subscribe(&shop.store, "sink", &[]);
    shop.start();
    (0..5).for_each(|n| {
        publish(&shop.store, n);
    });
    until("the others were sent", || shop.sent("sink").len() == 4);
    let aside = shop.in_state(State::Ready);
    assert_eq!((aside.len(), aside[0].kind.as_str(), seq_of(&aside[0].payload)), (1, "event", 2));
}

#[test]
fn what_is_paused_keeps_its_events_and_its_jobs() {
    let mut shop = Shop::open(|_| false, |_, _| Ok(None));
    subscribe(&shop.store, "sink", &[]);
    write(&shop.store, |tx| {
        subscriptions::pause(tx, "sink", "Somebody looks into it.")?;
        send(tx, "sink", 1, true)
    });
    shop.start();
    (0..5).for_each(|n| {
        publish(&shop.store, n);
    });
    write(&shop.store, |tx| send(tx, "elsewhere", 9, true));
    shop.work.wake();
    until("work of no subscription is done", || shop.sent("elsewhere") == [9]);
    assert!(shop.sent("sink").is_empty());
    let subscription = shop.store.read(|s| subscriptions::get(s, "sink")).unwrap();
    assert_eq!(subscriptions::lag(&subscription, shop.store.last_seq()), 5);
    let epoch = shop.store.epoch();
    write(&shop.store, move |tx| subscriptions::resume(tx, "sink", epoch));
    shop.work.wake();
    until("all came", || shop.sent("sink").len() == 5);
}

#[test]
fn a_long_job_tells_how_far_it_is_and_stops_where_it_is_safe() {
    let mut shop = Shop::open(
        |_| false,
        |_, beat| {
            loop {
                beat.progress(3, 10);
                if let Some(ended) = beat.stop() {
                    return Ok(Some(ended.into()));
                }
                std::thread::park_timeout(Duration::from_millis(5));
            }
        },
    );
    write(&shop.store, |tx| send(tx, "long", 1, true));
    shop.start();
    until("it is a third through", || {
        shop.in_state(State::Leased).first().is_some_and(|job| (job.progress, job.total) == (3, 10))
    });
    let id = shop.store.read(|s| jobs::testing::in_state(s, State::Leased)).unwrap()[0].0;
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(shop.work.cancel(actor(), id))
        .unwrap();
    until("it was cancelled", || shop.in_state(State::Cancelled).len() == 1);
    // The program ends: what runs goes on at the next start, and the try does not count.
    write(&shop.store, |tx| send(tx, "long", 2, true));
    shop.work.wake();
    until("the next one runs", || shop.in_state(State::Leased).len() == 1);
    drop(shop.running.take());
    let waits = shop.in_state(State::Ready);
    assert_eq!((waits.len(), waits[0].tries), (1, 0));
}

#[test]
fn what_a_killed_program_had_in_its_hands_is_done_again() {
    let mut shop = Shop::open(|_| false, |_, _| Ok(None));
    write(&shop.store, |tx| {
        send(tx, "sink", 1, true)?;
        jobs::testing::lease_one(tx).map(drop)
    });
    assert_eq!(shop.in_state(State::Leased).len(), 1);
    shop.start();
    until("it was sent", || shop.sent("sink") == [1]);
}

#[test]
fn what_somebody_stopped_before_a_kill_is_over_at_the_next_start() {
    let mut shop = Shop::open(|_| false, |_, _| Ok(None));
    let id = write(&shop.store, |tx| {
        send(tx, "sink", 1, true)?;
        let (id, _) = jobs::testing::lease_one(tx)?.unwrap();
        jobs::wanted(tx, id, jobs::By { id: "stf_1".into(), name: "Anna".into() })?;
        jobs::cancel(tx, id).map(|()| id)
    });
    shop.work.jobs().call_long(0);
    let before = shop.store.last_seq();
    shop.start();
    until("it has ended", || !shop.store.read(|s| jobs::get(s, id)).unwrap().state.is_open());
    let job = shop.store.read(|s| jobs::get(s, id)).unwrap();
    assert_eq!((job.state, job.token), (State::Cancelled, 0));
    assert!(shop.sent("sink").is_empty());
    let told = shop.store.read(|s| crate::store::events::after(s, before, 9)).unwrap();
    assert_eq!(told.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["job.ended"]);
    assert_eq!(told[0].data["status"], "cancelled");
    drop(shop.running.take());
    assert_eq!(shop.store.check(crate::work::CHECKS).unwrap(), []);
}
