//! The daily round: a check of every site.

use super::model::SiteId;
use super::ops;
use crate::base::error::Result;
use crate::store::{Actor, Store, Tx};
use crate::web::listing::grouped;
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::schedules::{Missed, Plan};
use std::sync::Arc;

/// The word of the schedule in addresses.
pub(super) const NAME: &str = "certificates";
const KIND: &str = "certificate_round";
/// Checks that are written down in one transaction.
const PORTION: usize = 200;

/// The schedule.
pub fn plan() -> Plan {
    Plan {
        name: NAME,
        title: "Check of certificates",
        sentence: "Looks at the certificate of every site that is watched, and warns before one ends.",
        cron: "20 5 * * *".to_owned(),
        missed: Missed::Run,
        off: None,
        kind: KIND,
        due: None,
    }
}

/// Does it.
pub(super) struct Rounds {
    store: Store,
}

impl Rounds {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Worker for Rounds {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn about(&self, _: &Job) -> Result<About> {
        Ok(About { title: "Check of certificates".to_owned(), ..About::default() })
    }
    fn run(&self, id: JobId, _: &Job, beat: &Beat) -> Result<Report> {
        let (mut after, mut count): (Option<SiteId>, u64) = (None, 0);
        loop {
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
            let ids = self.store.read(|s| ops::ids_after(s, after, PORTION))?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            count += ids.len() as u64;
            self.store.write_blocking(Actor::system("sites"), move |tx| {
                let now = tx.now();
                ids.iter().try_for_each(|id| ops::enqueue(tx, *id, now).map(drop))
            })?;
            beat.progress(count, count);
        }
        let note = move |tx: &mut Tx<'_>| {
            let sites = if count == 1 { "site is" } else { "sites are" };
            jobs::say(tx, id, &format!("{} {sites} looked at.", grouped(count)))
        };
        Ok(Report { ended: Ended::Done, note: Some(Arc::new(note)) })
    }
}
