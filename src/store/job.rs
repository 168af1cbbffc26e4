//! One operation on its way: run over a group, answered when the fate of its commit is known.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::actor::{Actor, ActorKind};
use crate::store::health::{commit_unknown, fenced};
use crate::store::shared::is_io;
use crate::store::tx::{Group, Tx};

/// What became of the commit of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its writes are durable, or there were none.
    Done,
    /// Nobody knows.
    Unknown,
    /// It was not committed, for a fault before that.
    Fenced,
}

/// One operation in the line.
pub(super) trait Job: Send {
    /// Whose write it counts as when little space is left.
    fn counts_as(&self) -> ActorKind;
    /// Whether somebody waits for it.
    fn is_awaited(&self) -> bool;
    /// Runs it and keeps its result until the verdict.
    fn run(&mut self, group: &mut Group, now: Timestamp);
    /// Refuses it without running it.
    fn refuse(&mut self, error: Error);
    /// True when it met an I/O error of the engine.
    fn met_io_error(&self) -> bool;
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// An operation and where its answer goes.
pub(super) struct Operation<T, F, A> {
    pub(super) actor: Actor,
    pub(super) counts_as: ActorKind,
    pub(super) is_awaited: bool,
    pub(super) op: F,
    pub(super) answer: A,
    pub(super) result: Option<Result<T>>,
}

impl<T, F, A> Job for Operation<T, F, A>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send,
    A: FnOnce(Result<T>) + Send,
{
    fn counts_as(&self) -> ActorKind {
        self.counts_as
    }
    fn is_awaited(&self) -> bool {
        self.is_awaited
    }
    fn run(&mut self, group: &mut Group, now: Timestamp) {
        self.result = Some(group.run(&self.actor, now, |tx| (self.op)(tx)));
    }
    fn refuse(&mut self, error: Error) {
        self.result = Some(Err(error));
    }
    fn met_io_error(&self) -> bool {
        matches!(&self.result, Some(Err(error)) if is_io(error))
    }
    fn answer(self: Box<Self>, verdict: Verdict) {
        let result = match verdict {
            Verdict::Done => self.result.unwrap_or_else(|| Err(commit_unknown())),
            Verdict::Unknown => Err(commit_unknown()),
            Verdict::Fenced => Err(fenced()),
        };
        (self.answer)(result);
    }
}
