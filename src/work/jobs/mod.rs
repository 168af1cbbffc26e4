//! Durable jobs: what is to be done outside a transaction, written down in the transaction that is its cause.
//!
//! A job is taken with a lease: a token that only who has it can end the job with. A failed job is tried again with growing
//! pauses, then it is dead: kept with its reason until somebody sends it again or gives it up. Lanes are served in turn,
//! so that one whose jobs fail or hang takes nothing from the others. Jobs of a lane about one object go in the order they
//! were made: one that waits for its next try holds up those about the same object, and no others.

mod audit;
mod clock;
mod crew;
mod in_turn;
mod model;
mod ops;
mod pick;
mod run;
mod seen;

pub use audit::check;
pub use crew::{About, Beat, Note, Report, Rows, Worker, pause_after};
pub use in_turn::later_of_lane;
pub use model::{By, Job, JobId, State, TABLES};
pub use ops::{
    Ended, New, cancel, dead_of_lane, due_of, enqueue, enqueue_behind, forget_like, get, give_up_lane,
    of_lane, prune, retry, say, waiting_of_lane, wanted,
};
pub use run::{Gate, Jobs};
pub use seen::{Found, Place, Wanted, of_events, of_people};

#[cfg(test)]
pub(in crate::work) mod testing {
    //! A job at a time, for tests that need no loop.

    use super::model::{BY_STATE, Job, JobId, State};
    use super::{ops, pick};
    use crate::base::error::Result;
    use crate::base::time::Timestamp;
    use crate::store::{Direction, Read, Span, Tx};

    pub(in crate::work) use super::clock::{BEGINNING, Jump, shift};
    pub(in crate::work) use super::ops::end;
    pub(in crate::work) use super::seen::LOOKED_MAX;

    /// Jobs in a state, the newest first.
    pub(in crate::work) fn in_state(from: &dyn Read, state: State) -> Result<Vec<(JobId, Job)>> {
        let rows = BY_STATE.list(from, &Span::of(&state.place()), Direction::Backward, usize::MAX)?;
        rows.into_iter().map(|(_, id)| Ok((id, ops::get(from, id)?))).collect()
    }

    pub(in crate::work) fn pick(
        from: &dyn Read,
        now: Timestamp,
        after: Option<&str>,
        free: usize,
        room: usize,
    ) -> Result<Vec<JobId>> {
        let all_of = pick::Free { all: free, more: free };
        pick::pick(from, now, after, all_of, |_| Ok(pick::Room { width: room, is_idle: true }))
            .map(|picked| picked.ids)
    }

    pub(in crate::work) fn lease_one(tx: &mut Tx<'_>) -> Result<Option<(JobId, Job)>> {
        let picked = pick(&*tx, tx.now(), None, 1, 1)?;
        let Some(id) = picked.first().copied() else { return Ok(None) };
        let token = u64::from_be_bytes(tx.new_id::<JobId>().0[8..].try_into().unwrap());
        Ok(ops::lease(tx, id, token)?.map(|job| (id, job)))
    }

    pub(in crate::work) fn release_all(tx: &mut Tx<'_>) -> Result<usize> {
        ops::release(tx, &std::collections::BTreeSet::new())
    }
}
