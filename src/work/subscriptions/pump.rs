//! The loop of subscriptions: gives each the events it wants, in order, and moves its place with what it writes.

use super::model::{SUBSCRIPTIONS, Subscription};
use super::ops;
use crate::base::error::{Error, Result};
use crate::base::time::SECOND_MS;
use crate::store::{Actor, Read, Store, StoredEvent, Tx, events};
use crate::work::jobs::{self, Beat, Ended, Job, JobId, Jobs, Report, Worker};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events of one transaction.
const BATCH: usize = 200;
/// Jobs of a subscription that may wait before it reads no further: the log keeps the rest.
const WAITING_MAX: u64 = 2_000;
/// The loop looks at least so often, and so long after a fault of the store.
const LOOK: Duration = Duration::from_secs(1);
/// The pause before an event that could not be taken is tried again.
const AGAIN_MS: i64 = 5 * SECOND_MS;
/// The kind of the jobs that try it.
const KIND: &str = "event";

/// What is said of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Who reads there, in a few words.
    pub title: String,
    /// What it makes of an event, in a sentence.
    pub sentence: String,
    /// The page where it is looked after; there nothing is done to it elsewhere.
    pub page: Option<String>,
}

/// What becomes of the events of subscriptions whose names begin alike. It writes into the store and nowhere else: an
/// effect outside is a job that it enqueues.
pub trait Subscriber: Send + Sync + 'static {
    /// How the names of its subscriptions begin.
    fn prefix(&self) -> &'static str;
    /// What is said of one of its subscriptions.
    ///
    /// # Errors
    /// Faults of the store only.
    fn about(&self, from: &dyn Read, name: &str) -> Result<About> {
        let _none = from;
        Ok(About { title: name.replace('_', " "), ..About::default() })
    }
    /// What it has made of events and was not carried out is left out.
    ///
    /// # Errors
    /// Faults of the store only.
    fn leave_out(&self, tx: &mut Tx<'_>) -> Result<()> {
        let _none = tx;
        Ok(())
    }
    /// Takes an event, in the transaction that moves the place.
    ///
    /// # Errors
    /// Why it cannot; what it wrote is taken back, and it is asked again later.
    fn take(&self, tx: &mut Tx<'_>, name: &str, event: &StoredEvent) -> Result<()>;
}

/// All subscribers of the program.
pub(in crate::work) type Subscribers = Arc<Vec<Arc<dyn Subscriber>>>;

fn subscriber<'s>(all: &'s Subscribers, name: &str) -> Option<&'s Arc<dyn Subscriber>> {
    all.iter().find(|subscriber| name.starts_with(subscriber.prefix()))
}

/// The loop of subscriptions. Cheap to clone.
#[derive(Clone)]
pub struct Pump(Arc<Inner>);

struct Inner {
    store: Store,
    subscribers: Subscribers,
    jobs: Jobs,
    signal: Mutex<Signal>,
    changed: Condvar,
    /// Up to where a subscription found nothing it wants, beyond its place: by name, with the turn it was at.
    looked: Mutex<BTreeMap<String, (u64, u64)>>,
}

#[derive(Default)]
struct Signal {
    woken: bool,
    closed: bool,
}

impl Pump {
    /// Prepares; nothing is read before [`Pump::run`].
    pub(in crate::work) fn new(store: Store, subscribers: Subscribers, jobs: Jobs) -> Self {
        Self(Arc::new(Inner {
            store,
            subscribers,
            jobs,
            signal: Mutex::default(),
            changed: Condvar::new(),
            looked: Mutex::default(),
        }))
    }
    fn signal(&self) -> MutexGuard<'_, Signal> {
        self.0.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// What is said of a subscription.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn about(&self, from: &dyn Read, name: &str) -> Result<About> {
        match subscriber(&self.0.subscribers, name) {
            Some(subscriber) => subscriber.about(from, name),
            None => Ok(About {
                title: name.to_owned(),
                sentence: "This program does not know it: another version began it.".to_owned(),
                page: None,
            }),
        }
    }
    /// Leaves out what a subscription has made of events and was not carried out.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn leave_out(&self, tx: &mut Tx<'_>, name: &str) -> Result<()> {
        subscriber(&self.0.subscribers, name).map_or(Ok(()), |subscriber| subscriber.leave_out(tx))
    }
    /// Up to which event it has read: further than its place in the store where nothing was wanted lately.
    pub fn place(&self, name: &str, subscription: &Subscription) -> u64 {
        self.looked(name, subscription)
    }
    /// There may be something to read.
    pub fn wake(&self) {
        self.signal().woken = true;
        self.0.changed.notify_all();
    }
    /// Ends the loop.
    pub fn close(&self) {
        self.signal().closed = true;
        self.0.changed.notify_all();
    }

    /// Reads until it is closed.
    pub fn run(&self) {
        let mut settled = Instant::now();
        loop {
            let round = catch_unwind(AssertUnwindSafe(|| self.round()));
            let moved = match round {
                Ok(moved) => moved,
                Err(_said) => {
                    tracing::error!("the loop of subscriptions met a fault of the program");
                    false
                }
            };
            if settled.elapsed() >= LOOK {
                self.settle_places();
                settled = Instant::now();
            }
            let signal = self.signal();
            if signal.closed {
                return;
            }
            if moved {
                continue;
            }
            let idle = |signal: &mut Signal| !signal.woken && !signal.closed;
            let waited = self.0.changed.wait_timeout_while(signal, LOOK, idle);
            waited.unwrap_or_else(PoisonError::into_inner).0.woken = false;
        }
    }

    /// Gives every subscription a batch; true when one got something. A fault of one is no business of the others.
    pub(in crate::work) fn round(&self) -> bool {
        let all = match self.0.store.read(ops::all) {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!("subscriptions wait for the store: {}", error.cause_chain());
                return false;
            }
        };
        let mut moved = false;
        for (name, subscription) in all.into_iter().filter(|(_, s)| s.paused.is_none()) {
            match self.advance(&name, subscription) {
                Ok(more) => moved |= more,
                Err(error) => tracing::warn!(name, "a subscription waits: {}", error.cause_chain()),
            }
        }
        moved
    }

    fn advance(&self, name: &str, subscription: Subscription) -> Result<bool> {
        let Some(subscriber) = subscriber(&self.0.subscribers, name).cloned() else { return Ok(false) };
        let from = self.looked(name, &subscription);
        if from >= self.0.store.last_seq() {
            return Ok(false);
        }
        let read = |s: &crate::store::Snapshot| {
            let is_full = jobs::waiting_of_lane(s, name, WAITING_MAX)? >= WAITING_MAX;
            if is_full { Ok(Vec::new()) } else { events::after(s, from, BATCH) }
        };
        let batch = self.0.store.read(read)?;
        let Some((first, last)) = batch.first().map(|e| e.seq).zip(batch.last().map(|e| e.seq)) else {
            return Ok(false);
        };
        let own = name.to_owned();
        if first > from + 1 {
            let why = "Events that it had not read were removed from the log. See what is missing, and let it go on.";
            self.0.store.write_behind(actor(), move |tx| {
                ops::pause(tx, &own, why)?;
                ops::skip(tx, &own, first - 1)
            })?;
            return Ok(true);
        }
        let filter = subscription.filter();
        let wanted: Vec<StoredEvent> =
            batch.into_iter().filter(|event| filter.wants_kind(&event.kind)).collect();
        if wanted.is_empty() {
            self.looked_at(name, &subscription, last);
            return Ok(true);
        }
        let turn = subscription.turn;
        let written = self.0.store.write_behind(actor(), move |tx| {
            let there = SUBSCRIPTIONS.get(tx, &own)?.filter(|s| s.turn == turn && s.paused.is_none());
            let Some(there) = there else { return Ok(false) };
            for event in &wanted {
                if let Err(error) = tx.attempt(|tx| taken(subscriber.as_ref(), tx, &own, event)) {
                    hand_over(tx, &own, event, &error)?;
                }
            }
            SUBSCRIPTIONS.put(tx, &own, &Subscription { cursor: last, ..there })?;
            Ok(true)
        })?;
        if written {
            self.0.jobs.wake();
        }
        Ok(true)
    }

    fn looked(&self, name: &str, subscription: &Subscription) -> u64 {
        let looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let here = looked.get(name).filter(|(turn, _)| *turn == subscription.turn).map(|(_, seq)| *seq);
        here.unwrap_or(0).max(subscription.cursor)
    }
    fn looked_at(&self, name: &str, subscription: &Subscription, seq: u64) {
        let mut looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.insert(name.to_owned(), (subscription.turn, seq));
    }

    /// Writes down how far subscriptions looked that found nothing: seldom, for it saves only reading.
    fn settle_places(&self) {
        let looked = std::mem::take(&mut *self.0.looked.lock().unwrap_or_else(PoisonError::into_inner));
        if looked.is_empty() {
            return;
        }
        let settled = self.0.store.write_behind(actor(), move |tx| {
            for (name, (turn, seq)) in &looked {
                let there = SUBSCRIPTIONS.get(tx, name)?.filter(|s| s.turn == *turn && s.cursor < *seq);
                if let Some(there) = there {
                    SUBSCRIPTIONS.put(tx, name, &Subscription { cursor: *seq, ..there })?;
                }
            }
            Ok(())
        });
        if let Err(error) = settled {
            tracing::warn!("places of subscriptions could not be written: {}", error.cause_chain());
        }
    }
}

fn actor() -> Actor {
    Actor::system("subscriptions")
}

fn taken(subscriber: &dyn Subscriber, tx: &mut Tx<'_>, name: &str, event: &StoredEvent) -> Result<()> {
    let take = AssertUnwindSafe(|| subscriber.take(tx, name, event));
    catch_unwind(take).unwrap_or_else(|_said| Err(Error::internal("a subscriber panicked over an event")))
}

/// The reader goes on; the event is tried again as a job.
fn hand_over(tx: &mut Tx<'_>, name: &str, event: &StoredEvent, error: &Error) -> Result<()> {
    tracing::error!(name, seq = event.seq, "an event could not be taken: {}", error.cause_chain());
    let due_at = tx.now().plus_ms(AGAIN_MS);
    let key = Some(format!("{name}/{}", event.seq));
    let payload = event.seq.to_be_bytes().to_vec();
    jobs::enqueue(tx, jobs::New { kind: KIND, lane: name, key, payload, due_at }).map(drop)
}

/// Tries events again that could not be taken.
pub(in crate::work) struct Retaker {
    pub(in crate::work) store: Store,
    pub(in crate::work) subscribers: Subscribers,
}

impl Worker for Retaker {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn run(&self, _: JobId, job: &Job, _: &Beat) -> Result<Report> {
        let for_good = |why: &str| Ok(Ended::Failed { why: why.to_owned(), again_in_ms: None }.into());
        let Some(subscriber) = subscriber(&self.subscribers, &job.lane).cloned() else {
            return for_good("This program does not know the subscription.");
        };
        let seq = <[u8; 8]>::try_from(job.payload.as_slice()).map(u64::from_be_bytes).unwrap_or_default();
        let Some(event) = self.store.read(|s| events::get(s, seq))? else {
            return for_good("The event is not in the log any more.");
        };
        let name = job.lane.clone();
        self.store.write_behind(actor(), move |tx| match SUBSCRIPTIONS.has(tx, &name)? {
            true => subscriber.take(tx, &name, &event),
            false => Ok(()),
        })?;
        Ok(Ended::Done.into())
    }
}
