//! What the store keeps of a schedule: what people have changed of it, and when it is due and was.

use crate::base::error::{Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Read, Record, Table, TableInfo};
use crate::work::jobs::{self, JobId, State};
use minicbor::{Decode, Encode};

crate::id!(
    /// A schedule in the log: `sch_…`, made of its name.
    ScheduleId, "sch"
);

impl ScheduleId {
    /// Of a schedule by its name.
    pub fn named(name: &str) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        Self(bytes)
    }
}

/// What is wrong with a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its last job failed.
    Failed,
    /// Its last time went by while the program did not run, and nothing was done since.
    Missed,
}

/// What becomes of a time that went by while the program was not running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Missed {
    /// It is made up for once, however many went by.
    #[default]
    #[n(0)]
    Run,
    /// The next time is soon enough.
    #[n(1)]
    Skip,
}

impl Missed {
    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Skip => "skip",
        }
    }
    pub fn named(word: &str) -> Option<Self> {
        [Self::Run, Self::Skip].into_iter().find(|missed| missed.word() == word)
    }
}

/// A schedule; what nobody has changed is as the program and its configuration have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Schedule {
    #[n(0)]
    pub cron: Option<String>,
    #[n(1)]
    pub missed: Option<Missed>,
    #[n(2)]
    pub paused: Option<bool>,
    #[n(3)]
    pub next_at: Option<Timestamp>,
    /// The time that was carried out last.
    #[n(4)]
    pub last_at: Option<Timestamp>,
    #[n(5)]
    pub last_job: Option<JobId>,
    /// The last time that was left out, because the program was not running.
    #[n(6)]
    pub skipped_at: Option<Timestamp>,
}

impl Record for Schedule {
    type Key = String;
}

impl Schedule {
    /// What is wrong with it, if anything is.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn trouble(&self, from: &(impl Read + ?Sized)) -> Result<Option<Trouble>> {
        let last = match self.last_job.map(|id| jobs::get(from, id)).transpose() {
            Ok(last) => last,
            // It is forgotten after a while.
            Err(error) if error.kind == Kind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        let is_failed = |job: &jobs::Job| {
            job.state == State::Dead || (job.state == State::Ready && job.tries > 0 && job.error.is_some())
        };
        if last.as_ref().is_some_and(is_failed) {
            return Ok(Some(Trouble::Failed));
        }
        let since = last.map(|job| job.created_at).max(self.last_at);
        let is_missed = self.skipped_at.is_some_and(|skipped| since.is_none_or(|since| since < skipped));
        Ok(is_missed.then_some(Trouble::Missed))
    }
}

/// The trouble of a schedule by its name, if it has any.
///
/// # Errors
/// Faults of the store only.
pub fn trouble_of(from: &(impl Read + ?Sized), name: &str) -> Result<Option<Trouble>> {
    SCHEDULES.get(from, &name.to_owned())?.unwrap_or_default().trouble(from)
}

pub(super) const SCHEDULES: Table<String, Schedule> = Table::new("schedule/1");

/// The tables of schedules.
pub const TABLES: &[TableInfo] = &[SCHEDULES.info("work")];
