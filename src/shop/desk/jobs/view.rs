//! A job as pages show it.

use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::web::parts::{Badge, Fill, Tone};
use crate::web::progress::Progress;
use crate::work::Work;
use crate::work::jobs::{About, Job, JobId, State};
use serde::Serialize;

/// A row of the list, and the head of the page of one.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View {
    pub id: String,
    pub title: String,
    pub kind: String,
    pub badge: Badge,
    pub by: String,
    pub at: Timestamp,
    /// Since when it is in its state.
    pub since: Timestamp,
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Option<Timestamp>,
    pub progress: Option<Progress>,
    /// What came of it, or why the last try failed.
    pub said: String,
    pub is_bad: bool,
    pub is_open: bool,
    /// It ends at its next safe point.
    pub is_ending: bool,
    /// It came to its end since the reader, who started it, looked at the list.
    pub is_new: bool,
}

impl View {
    pub(super) fn of(id: JobId, job: &Job, about: &About, now: Timestamp) -> Self {
        let badge = match job.state {
            State::Ready if job.tries > 0 => Badge::new("Waits to be tried again", Tone::Warn, Fill::Half),
            State::Ready => Badge::new("Waits", Tone::Still, Fill::Empty),
            State::Leased if job.is_ending() => Badge::new("Ends", Tone::Info, Fill::Half),
            State::Leased => Badge::new("Running", Tone::Info, Fill::Half),
            State::Dead => Badge::new("Failed", Tone::Bad, Fill::Full),
            State::Done => Badge::new("Done", Tone::Ok, Fill::Full),
            State::Cancelled => Badge::new("Stopped", Tone::Still, Fill::Empty),
        };
        let is_bad = job.error.is_some() && !matches!(job.state, State::Done | State::Cancelled);
        let said = if is_bad { job.error.clone() } else { job.result.clone() };
        Self {
            id: id.to_string(),
            title: about.title.clone(),
            kind: job.kind.clone(),
            badge,
            by: job.by.as_ref().map(|by| by.name.clone()).unwrap_or_default(),
            at: job.created_at,
            since: job.since,
            tries: job.tries,
            due_at: Some(job.due_at).filter(|due| job.state == State::Ready && *due > now),
            progress: Progress::of(job, now).filter(|_| job.state != State::Done),
            said: said.unwrap_or_default(),
            is_bad,
            is_open: job.state.is_open(),
            is_ending: job.is_ending(),
            is_new: false,
        }
    }

    /// Several.
    pub(super) fn all(work: &Work, jobs: &[(JobId, Job)], now: Timestamp) -> Result<Vec<Self>> {
        jobs.iter().map(|(id, job)| Ok(Self::of(*id, job, &work.jobs().about(job)?, now))).collect()
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        Self {
            id: "job_1".into(),
            title: "<script>alert(1)</script>".into(),
            kind: "orders_bulk".into(),
            badge: Badge::new("Running", Tone::Info, Fill::Half),
            by: "Marit".into(),
            at: Timestamp(1_790_000_000_000),
            since: Timestamp(1_790_000_000_000),
            tries: 2,
            due_at: Some(Timestamp(1_790_000_000_000)),
            progress: Some(Progress { percent: Some(36), text: "150 of 412".into() }),
            said: "It gave no sign of life.".into(),
            is_bad: true,
            is_open: true,
            is_ending: false,
            is_new: true,
        }
    }
}
