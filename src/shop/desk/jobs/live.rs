//! What runs behind, told to the pages of a tab over one stream: how many jobs run, and what has come to its end.

use super::Looker;
use crate::access::{Caller, may};
use crate::base::error::Result;
use crate::store::Store;
use crate::web::{Web, sse};
use crate::work::Work;
use crate::work::jobs::{self, Job, JobId, State, Wanted};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// Progress is written once a second; it is looked at a little more often.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// Jobs that are followed: the newest.
const FOLLOWED: usize = 50;

/// What is told.
#[derive(Debug, Serialize)]
struct Told {
    running: usize,
    over: Vec<Over>,
}

/// Something that came to its end.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Over {
    text: String,
    good: bool,
}

/// What was told last.
#[derive(Default)]
struct Before {
    open: BTreeSet<JobId>,
    seen: Vec<(JobId, State, u64, u64, bool)>,
    running: usize,
    is_begun: bool,
}

impl Before {
    /// What is new; nothing when all is as it was.
    fn news(
        &mut self,
        found: &[(JobId, Job)],
        running: usize,
        title: impl Fn(&Job) -> String,
    ) -> Option<Told> {
        let seen: Vec<_> = found
            .iter()
            .map(|(id, job)| (*id, job.state, job.progress, job.total, job.cancel_asked))
            .collect();
        if self.is_begun && seen == self.seen && running == self.running {
            return None;
        }
        let ended = found.iter().filter(|(id, job)| !job.state.is_open() && self.open.contains(id));
        let over = ended.map(|(_, job)| Over {
            good: job.state != State::Dead,
            text: match job.state {
                State::Dead => format!("{}: failed. {}", title(job), job.error.clone().unwrap_or_default()),
                State::Cancelled => format!("{}: stopped.", title(job)),
                _ => format!("{}: {}", title(job), job.result.as_deref().unwrap_or("done.")),
            },
        });
        let told = Told { running, over: over.collect() };
        self.open = found.iter().filter(|(_, job)| job.state.is_open()).map(|(id, _)| *id).collect();
        (self.seen, self.running, self.is_begun) = (seen, running, true);
        Some(told)
    }
}

/// `GET /admin/jobs/stream`
pub(super) async fn stream(
    caller: Caller<may::AnyStaff>,
    request: HttpRequest,
    (store, work, front): (web::Data<Store>, web::Data<Work>, web::Data<Web>),
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let looker = Looker { actor: &actor, sees_all: caller.may("system:view"), manages: false };
    let by = looker.only();
    let standing = caller.standing(&request)?;
    let entered = front.streams().enter(&format!("jobs/{}", actor.id))?;
    let (sender, response) = sse::channel();
    actix_web::rt::spawn(async move {
        let _entered = entered;
        let (mut before, mut number) = (Before::default(), 0);
        while standing.holds() {
            let wanted = Wanted { by: by.clone(), ..Wanted::default() };
            let Ok(found) = store.read(|s| jobs::of_people(s, &wanted, None, FOLLOWED)) else { return };
            let running = work.jobs().running_for(by.as_deref());
            let title = |job: &Job| work.jobs().about(job).map(|about| about.title).unwrap_or_default();
            if let Some(told) = before.news(&found.items, running, title) {
                let Ok(data) = serde_json::to_string(&told) else { return };
                number += 1;
                let sent = tokio::select! {
                    sent = sender.send(number, "message", &data) => sent.is_ok(),
                    () = front.stopping() => false,
                };
                if !sent {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = sender.closed() => return,
                () = front.stopping() => return,
            }
        }
    });
    Ok(response)
}
