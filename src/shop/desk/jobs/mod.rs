//! The jobs of the shop on a page and for programs: what runs, how far it is, what came of it; stopped and repeated.
//!
//! Everybody sees what they wanted themselves; who looks at the system sees all, and who manages jobs stops and repeats
//! those of others.

mod api;
mod live;
mod looked;
mod pages;
mod view;

pub use api::{ApiDocs, routes as api_routes};
pub use pages::routes;

use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::store::{Actor, Store};
use crate::work::jobs::{self, Job, JobId};

/// Who looks at jobs.
struct Looker<'a> {
    actor: &'a Actor,
    sees_all: bool,
    manages: bool,
}

impl Looker<'_> {
    /// Whose jobs are listed; everybody's, with `None`.
    fn only(&self) -> Option<String> {
        (!self.sees_all).then(|| self.actor.id.clone())
    }
    fn is_own(&self, job: &Job) -> bool {
        job.by.as_ref().is_some_and(|by| by.id == self.actor.id)
    }
    fn may_act(&self, job: &Job) -> bool {
        self.manages || self.is_own(job)
    }
    /// A job to look at.
    ///
    /// # Errors
    /// `not_found`, also for one that is no business of theirs.
    fn see(&self, store: &Store, id: &str) -> Result<(JobId, Job)> {
        let id = JobId::parse(id)?;
        let job = store.read(|s| jobs::get(s, id))?;
        if self.sees_all || self.is_own(&job) { Ok((id, job)) } else { Err(Error::not_found("job", id)) }
    }
    /// A job to act upon.
    ///
    /// # Errors
    /// `forbidden`, also for one that there is not: who manages none learns nothing of it. `not_found` for who does.
    fn act(&self, store: &Store, id: &str) -> Result<JobId> {
        match self.see(store, id) {
            Ok((id, job)) if self.may_act(&job) => Ok(id),
            Err(error) if self.manages || error.kind != Kind::NotFound => Err(error),
            Ok(_) | Err(_) => {
                let text = "You stop and repeat your own jobs. For those of others you need the permission “Manage jobs” (jobs:manage).";
                Err(Error::refuse(Kind::Forbidden, "forbidden", text))
            }
        }
    }
}
