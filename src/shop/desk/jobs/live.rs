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
        let ended = found.iter().filter(|(id, job)| !job.state.is_open() && self.is_news(*id, job));
        let over = ended.map(|(_, job)| Over {
            good: job.state != State::Dead,
            text: match job.state {
                State::Dead => format!("{}: failed. {}", title(job), job.error.clone().unwrap_or_default()),
                State::Cancelled => format!("{}: stopped.", title(job)),
                _ => format!("{}: {}", title(job), job.result.as_deref().unwrap_or("done.")),
            },
        });
        let told = Told { running, over: over.collect() };
        (self.seen, self.running, self.is_begun) = (seen, running, true);
        Some(told)
    }

    /// Whether a job that is over came to its end since the last look. One that also began since then is newer than all
    /// that were there.
    fn is_news(&self, id: JobId, job: &Job) -> bool {
        match self.seen.iter().find(|(seen, ..)| *seen == id) {
            Some((_, state, ..)) => state.is_open() || (*state == State::Dead && job.state == State::Done),
            None => self.is_begun && self.seen.iter().all(|(seen, ..)| *seen < id),
        }
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
    let name = format!("jobs/{}", actor.id);
    Ok(sse::stream(&request, &front, name, |sender| async move {
        let (mut before, mut number) = (Before::default(), 0);
        while standing.holds() {
            let wanted = Wanted { by: by.clone(), ..Wanted::default() };
            let Ok(found) = store.read(|s| jobs::of_people(s, &wanted, None, FOLLOWED)) else { return };
            let running = work.jobs().running_for(by.as_deref());
            let title = |job: &Job| work.jobs().about(job).map(|about| about.title).unwrap_or_default();
            if let Some(told) = before.news(&found.items, running, title) {
                let Ok(data) = serde_json::to_string(&told) else { return };
                number += 1;
                if sender.send(number, "message", &data).await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(before: &mut Before, jobs: &[(u8, State)]) -> Option<Vec<String>> {
        let job = |(n, state): &(u8, State)| (JobId([*n; 16]), Job { state: *state, ..Job::sample() });
        let found: Vec<_> = jobs.iter().map(job).collect();
        let told = before.news(&found, 0, |_| "Tag".to_owned())?;
        Some(told.over.into_iter().map(|over| over.text).collect())
    }

    #[test]
    fn what_comes_to_its_end_is_told_once_however_quick_it_is() {
        let mut before = Before::default();
        let done = |n: u8| (n, State::Done);
        assert_eq!(news(&mut before, &[done(2), done(1)]), Some(vec![]), "what was over before is no news");
        assert_eq!(news(&mut before, &[done(2), done(1)]), None);
        assert_eq!(news(&mut before, &[(3, State::Leased), done(2), done(1)]), Some(vec![]));
        assert_eq!(news(&mut before, &[done(3), done(2), done(1)]), Some(vec!["Tag: done.".to_owned()]));
        let both = [(5, State::Dead), done(4), done(3), done(2)];
        let told = vec!["Tag: failed. ".to_owned(), "Tag: done.".to_owned()];
        assert_eq!(news(&mut before, &both), Some(told), "begun and over between two looks");
        // An older one that comes into view again, or is given up, is none.
        assert_eq!(news(&mut before, &[(5, State::Cancelled), done(4), done(3), done(1)]), Some(vec![]));
    }
}
