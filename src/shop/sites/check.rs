//! A check as a job: goes to the site, looks, and writes down what it saw in the transaction that ends the job.

use super::desk::Sites;
use super::model::SiteId;
use super::ops;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::store::Tx;
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Worker};
use std::sync::Arc;

/// The kind of the jobs.
pub(super) const CHECK: &str = "certificate_check";

/// Looks at certificates.
pub(super) struct Checks {
    sites: Sites,
}

impl Checks {
    pub(super) fn new(sites: Sites) -> Self {
        Self { sites }
    }
}

fn site_of(job: &Job) -> Result<SiteId> {
    let bytes = <[u8; 16]>::try_from(job.payload.as_slice());
    Ok(SiteId::from_bytes(bytes.map_err(|_short| Error::internal("an id has sixteen bytes"))?))
}

impl Worker for Checks {
    fn kind(&self) -> &'static str {
        CHECK
    }
    fn about(&self, job: &Job) -> Result<About> {
        let id = site_of(job)?;
        let title = "Check of a certificate".to_owned();
        let Some(site) = self.sites.store().read(|s| ops::find(s, id))? else {
            return Ok(About { title, ..About::default() });
        };
        let address = site.address().text();
        let page = Some((address.clone(), format!("/admin/sites/{id}")));
        Ok(About { title, facts: vec![("Site", address)], page, ..About::default() })
    }
    fn run(&self, id: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let site_id = site_of(job)?;
        if let Some(ended) = beat.stop() {
            return Ok(ended.into());
        }
        let (store, now) = (self.sites.store(), self.sites.store().clock().now());
        let Some(site) = store.read(|s| ops::find(s, site_id))? else { return Ok(Ended::Cancelled.into()) };
        let seen = self.sites.prober().look(&site.address(), site.is_own, now);
        let recheck_ms = self.sites.recheck_ms();
        let note = move |tx: &mut Tx<'_>| {
            ops::note(tx, site_id, &seen, recheck_ms)?;
            let said = match (seen.problems.first(), &seen.certificate) {
                (Some(problem), _) => problem.sentence().to_owned(),
                (None, Some(certificate)) => {
                    format!("In order; {} days are left.", certificate.days_left(tx.now()))
                }
                (None, None) => String::new(),
            };
            jobs::say(tx, id, &said)
        };
        Ok(Report { ended: Ended::Done, note: Some(Arc::new(note)) })
    }
}
