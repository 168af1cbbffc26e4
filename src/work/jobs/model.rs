//! A job as the store keeps it.

use crate::base::time::Timestamp;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use minicbor::{Decode, Encode};

crate::id!(
    /// A job: `job_…`.
    JobId, "job"
);

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// It waits for its time and its turn.
    #[n(0)]
    Ready,
    /// Somebody works on it.
    #[n(1)]
    Leased,
    /// It was done.
    #[n(2)]
    Done,
    /// It was tried as often as its kind is, or cannot succeed.
    #[n(3)]
    Dead,
    /// Somebody did not want it any more.
    #[n(4)]
    Cancelled,
}

impl State {
    /// Its place in the indexes: what waits comes first in a lane.
    pub(super) fn place(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Leased => 1,
            Self::Done => 2,
            Self::Dead => 3,
            Self::Cancelled => 4,
        }
    }
    /// The word in the API and in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "waiting",
            Self::Leased => "running",
            Self::Done => "done",
            Self::Dead => "failed",
            Self::Cancelled => "cancelled",
        }
    }
    /// The state of a word of the API.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
    /// All states.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Leased, Self::Done, Self::Dead, Self::Cancelled];
    /// Whether it is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Ready | Self::Leased)
    }
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Job {
    /// Who does it.
    #[n(0)]
    pub kind: String,
    /// Jobs of one lane wait for each other, those of different lanes do not.
    #[n(1)]
    pub lane: String,
    /// What it is in the business: there is at most one open job of a kind with this key.
    #[n(2)]
    pub key: Option<String>,
    #[n(3)]
    pub state: State,
    /// What its worker needs to know.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    /// How often it was begun, since it was made or last sent again.
    #[n(5)]
    pub tries: u32,
    /// When it is to be tried next.
    #[n(6)]
    pub due_at: Timestamp,
    #[n(7)]
    pub created_at: Timestamp,
    /// Since when it is in its state.
    #[n(8)]
    pub since: Timestamp,
    /// Who has it may end it; 0 while nobody works on it.
    #[n(9)]
    pub token: u64,
    /// Why the last try failed.
    #[n(10)]
    pub error: Option<String>,
    /// How far it is, of how much.
    #[n(11)]
    pub progress: u64,
    #[n(12)]
    pub total: u64,
    /// It is to end at its next safe point.
    #[n(13)]
    pub cancel_asked: bool,
    /// Grows with every job that is made: those due at one moment go in this order.
    #[n(14)]
    pub number: u64,
    /// Who wanted it; nobody where an event was its cause.
    #[n(15)]
    pub by: Option<By>,
    /// What came of it, in a sentence.
    #[n(16)]
    pub result: Option<String>,
    /// How far it was when the present try began: so fast is it since.
    #[n(17)]
    #[cbor(default)]
    pub from: u64,
    /// What it is about: open jobs of a lane about one object are done one behind the other, as they were made.
    #[n(18)]
    #[cbor(default)]
    pub object: Option<String>,
    /// Another one about the object is before it.
    #[n(19)]
    #[cbor(default)]
    pub is_behind: bool,
    /// When it was begun for the first time, since it was made or last sent again.
    #[n(20)]
    #[cbor(default)]
    pub begun_at: Option<Timestamp>,
}

#[cfg(test)]
impl Job {
    /// One that is being done, for tests.
    pub fn sample() -> Self {
        Self {
            kind: "x".into(),
            lane: "x".into(),
            key: None,
            state: State::Leased,
            payload: Vec::new(),
            tries: 1,
            due_at: Timestamp(0),
            created_at: Timestamp(0),
            since: Timestamp(0),
            token: 1,
            error: None,
            progress: 0,
            total: 0,
            cancel_asked: false,
            number: 1,
            by: None,
            result: None,
            from: 0,
            object: None,
            is_behind: false,
            begun_at: None,
        }
    }
}

/// A person, a key, the command line or a schedule that wanted a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct By {
    #[n(0)]
    pub id: String,
    #[n(1)]
    pub name: String,
}

impl Job {
    /// Its place in the index of states. What people wanted and is over stands apart: what events cause would drive it out.
    fn place(&self) -> u8 {
        let is_apart = self.by.is_some() && !self.state.is_open() && self.state != State::Dead;
        self.state.place() + if is_apart { APART } else { 0 }
    }
    /// Has it tried once more at once, should the try that is under way fail.
    pub(super) fn want_again(&mut self, now: Timestamp) {
        self.due_at = now.max(self.since.plus_ms(1));
    }
    /// Whether somebody wants that: what runs is due since it was taken at the latest, so one that is due later was told to.
    pub(super) fn is_wanted_again(&self) -> bool {
        self.state == State::Leased && self.due_at > self.since
    }
    /// Whether it runs and is to end at its next safe point.
    pub fn is_ending(&self) -> bool {
        self.state == State::Leased && self.cancel_asked
    }
    /// Whether it is over and only kept to be looked at.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.state, State::Done | State::Cancelled)
    }
}

/// Added to the place of jobs of people that are over.
pub(super) const APART: u8 = 8;

pub(super) const JOBS: Table<JobId, Job> = Table::new("job/1");
/// Lane and place of the state, then the time it is due or in its state since and its number.
pub(super) type InLane = ((String, u8), (Timestamp, u64));
/// Where it is in its lane → job.
pub(super) const BY_LANE: Index<InLane, JobId> = Index::new("job_by_lane/1");
/// (place of the state, since) → job.
pub(super) const BY_STATE: Index<(u8, Timestamp), JobId> = Index::new("job_by_state/1");
/// Since when it is there → a job that somebody wanted.
pub(super) const BY_PEOPLE: Index<Timestamp, JobId> = Index::new("job_by_people/1");
/// (lane, object) and number → open job.
pub(super) const BY_OBJECT: Index<((String, String), u64), JobId> = Index::new("job_by_object/1");
/// Where jobs stand in their lane that have another one before them: behind everything that has a time.
pub(super) const BEHIND: Timestamp = Timestamp(i64::MAX);
/// (kind, key) → the open job.
pub(super) const OPEN: Index<(String, String), JobId> = Index::unique("job_open/1");

/// The tables of jobs. Backups hold them: what was waiting when the machine burnt is not forgotten.
pub const TABLES: &[TableInfo] = &[JOBS.info("work")];

impl Record for Job {
    type Key = JobId;
    const INDEXES: &'static [IndexInfo] =
        &[BY_LANE.info(), BY_STATE.info(), BY_PEOPLE.info(), BY_OBJECT.info(), OPEN.info()];
    fn index_keys(&self, id: &JobId) -> Vec<IndexRow> {
        let time = match self.state {
            State::Ready if self.is_behind => BEHIND,
            State::Ready => self.due_at,
            _ => self.since,
        };
        let place = self.state.place();
        let mut rows = vec![
            BY_LANE.row(&((self.lane.clone(), place), (time, self.number)), id),
            BY_STATE.row(&(self.place(), self.since), id),
        ];
        if self.by.is_some() {
            rows.push(BY_PEOPLE.row(&self.created_at, id));
        }
        if let Some(object) = self.object.as_ref().filter(|_| self.state.is_open()) {
            rows.push(BY_OBJECT.row(&((self.lane.clone(), object.clone()), self.number), id));
        }
        if let Some(key) = self.key.as_ref().filter(|_| self.state.is_open()) {
            rows.push(OPEN.row(&(self.kind.clone(), key.clone()), id));
        }
        rows
    }
}
