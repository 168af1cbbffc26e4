//! The job that forgets what is too long ago: jobs that are over, and what came of each order of an action on many.

use crate::base::error::Result;
use crate::base::time::DAY_MS;
use crate::shop::orders;
use crate::store::{Actor, Store};
use crate::web::listing::grouped;
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::schedules::{Missed, Plan};
use std::sync::Arc;

/// The kind of the jobs.
const KIND: &str = "tidy_up";
/// Jobs that are over are shown for a month.
const JOBS_KEPT_MS: i64 = 31 * DAY_MS;
/// Jobs that are forgotten in one transaction.
const PORTION: usize = 200;

/// The schedule.
pub fn plan() -> Plan {
    Plan {
        name: "tidy-up",
        title: "Tidy up",
        sentence: "Forgets jobs that are over for a month, and what came of each order of an action a week ago.",
        cron: "30 4 * * *".to_owned(),
        missed: Missed::Run,
        off: None,
        kind: KIND,
        due: None,
    }
}

/// Does it.
pub struct TidyUp {
    store: Store,
}

impl TidyUp {
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Worker for TidyUp {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn about(&self, _: &Job) -> Result<About> {
        Ok(About { title: "Tidy up".to_owned(), ..About::default() })
    }
    fn run(&self, id: JobId, _: &Job, beat: &Beat) -> Result<Report> {
        let actor = || Actor::system("tidy-up");
        let mut gone = 0;
        loop {
            beat.progress(gone, 0);
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
            let some = self.store.write_blocking(actor(), |tx| {
                let before = tx.now().plus_ms(-JOBS_KEPT_MS);
                jobs::prune(tx, before, PORTION)
            })?;
            gone += some as u64;
            if some < PORTION {
                break;
            }
        }
        while !self.store.write_blocking(actor(), orders::bulk::prune)? {
            beat.progress(gone, 0);
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
        }
        let said = format!("{} jobs were forgotten.", grouped(gone));
        let note = move |tx: &mut crate::store::Tx<'_>| jobs::say(tx, id, &said);
        Ok(Report { ended: Ended::Done, note: Some(Arc::new(note)) })
    }
}
