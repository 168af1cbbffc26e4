//! What the store keeps of a schedule: what people have changed of it, and when it is due and was.

use crate::base::time::Timestamp;
use crate::store::{Record, Table, TableInfo};
use crate::work::jobs::JobId;
use minicbor::{Decode, Encode};

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

pub(super) const SCHEDULES: Table<String, Schedule> = Table::new("schedule/1");

/// The tables of schedules.
pub const TABLES: &[TableInfo] = &[SCHEDULES.info("work")];
