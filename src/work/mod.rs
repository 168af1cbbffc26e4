//! What follows a commit: readers of the event log, each at its own place, and the jobs that they and others write down.

pub mod jobs;
mod reader;
pub mod schedules;
pub mod subscriptions;
mod told;

pub use reader::{Filter, Reader};
pub use told::{EVENTS, retry};

use crate::base::error::Result;
use crate::base::priority::stand_back;
use crate::store::{Actor, Checker, Read, Store, TableInfo, Tx};
use jobs::{JobId, Jobs, Worker};
use std::sync::Arc;
use std::thread::JoinHandle;
use subscriptions::{Pump, Subscriber};

/// Every table of this floor.
pub const TABLES: &[&[TableInfo]] = &[jobs::TABLES, subscriptions::TABLES, schedules::TABLES];
/// What `backroom check` proves of it.
pub const CHECKS: &[Checker] = &[jobs::check, subscriptions::check];

/// The subscriptions and jobs of this shop. Cheap to clone.
#[derive(Clone)]
pub struct Work {
    store: Store,
    jobs: Jobs,
    pump: Pump,
}

/// The running loops. They end when this is dropped.
pub struct Running {
    work: Work,
    threads: Vec<JoinHandle<()>>,
}

impl Work {
    /// Prepares; nothing runs before [`Work::start`].
    pub fn new(
        store: Store,
        mut workers: Vec<Arc<dyn Worker>>,
        subscribers: Vec<Arc<dyn Subscriber>>,
    ) -> Self {
        let subscribers = Arc::new(subscribers);
        let retaker = subscriptions::Retaker { store: store.clone(), subscribers: Arc::clone(&subscribers) };
        workers.push(Arc::new(retaker));
        let jobs = Jobs::new(store.clone(), workers, subscriptions::is_open);
        let pump = Pump::new(store.clone(), subscribers, jobs.clone());
        let reader = pump.clone();
        store.when_there_is_more(Box::new(move || reader.wake()));
        Self { store, jobs, pump }
    }

    /// There may be something to do that no event tells of: a job was made, a subscription was set going.
    pub fn wake(&self) {
        self.pump.wake();
        self.jobs.wake();
    }

    /// Ends a job: at once if it waits, at its next safe point if it runs.
    ///
    /// # Errors
    /// `not_found`, `job_over`.
    pub async fn cancel(&self, actor: Actor, id: JobId) -> Result<()> {
        self.jobs.cancel(actor, id).await
    }

    /// What is said of a subscription.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn about_subscription(&self, from: &dyn Read, name: &str) -> Result<subscriptions::About> {
        self.pump.about(from, name)
    }

    /// Leaves out what a subscription has made of events and was not carried out.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn leave_out(&self, tx: &mut Tx<'_>, name: &str) -> Result<()> {
        self.pump.leave_out(tx, name)
    }

    /// Up to which event a subscription has read.
    pub fn place_of(&self, name: &str, subscription: &subscriptions::Subscription) -> u64 {
        self.pump.place(name, subscription)
    }

    /// The jobs, to be looked at.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Starts the loops. What was begun in another store, of which this one is a copy, stands still from now on.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn start(&self) -> Result<Running> {
        let epoch = self.store.epoch();
        // Mostly there is nothing to write, which a full disk would refuse.
        let is_settled = self.store.read(|s| subscriptions::strange(s, epoch))?.is_empty();
        let settle = move |tx: &mut Tx<'_>| subscriptions::settle(tx, epoch);
        let stopped =
            if is_settled { 0 } else { self.store.write_blocking(Actor::system("subscriptions"), settle)? };
        if stopped > 0 {
            tracing::warn!(
                stopped,
                "this shop was restored; its subscriptions wait until somebody lets them go on"
            );
        }
        let (jobs, pump) = (self.jobs.clone(), self.pump.clone());
        let mut running = Running { work: self.clone(), threads: Vec::new() };
        running.hire("jobs", move || jobs.run());
        running.hire("subscriptions", move || pump.run());
        Ok(running)
    }
}

/// How far the threads of this floor stand back: requests go first, and what follows a commit comes a little later.
const NICE: i32 = 10;

impl Running {
    fn hire(&mut self, name: &str, run: impl FnOnce() + Send + 'static) {
        let run = move || {
            stand_back(NICE);
            run();
        };
        match std::thread::Builder::new().name(name.to_owned()).spawn(run) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => tracing::error!("the loop of {name} could not be started: {error}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.work.pump.close();
        self.work.jobs.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a loop of what follows a commit ended by a panic");
            }
        }
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes its type public")]
mod tests;
