//! What `backroom check` proves of jobs.

use super::model::{JOBS, State};
use super::ops::{KEPT_COUNTER, KEPT_OF_PEOPLE_COUNTER, kept_as};
use crate::base::error::Result;
use crate::store::{Direction, Findings, Snapshot, Span, counter};
use std::collections::BTreeMap;

/// For `backroom check`: a lease has its token, of the open jobs about an object exactly one has its turn, and the
/// counter of the kept is right.
///
/// # Errors
/// Faults of the store only.
pub fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<()> {
    let mut kept = [(KEPT_COUNTER, 0_i64), (KEPT_OF_PEOPLE_COUNTER, 0)];
    let mut turns: BTreeMap<(String, String), u32> = BTreeMap::new();
    JOBS.walk(snapshot, &Span::all(), Direction::Forward, |id, job| {
        if let Some(object) = job.object.as_ref().filter(|_| job.state.is_open()) {
            *turns.entry((job.lane.clone(), object.clone())).or_default() += u32::from(!job.is_behind);
        }
        if (job.state == State::Leased) != (job.token != 0) {
            findings.add("job/1", format!("{id} is {} and has the token {}.", job.state.word(), job.token));
        }
        let own = kept_as(&job).0;
        for (_, count) in kept.iter_mut().filter(|(name, _)| *name == own && job.is_kept()) {
            *count += 1;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    for ((lane, object), turns) in turns.into_iter().filter(|(_, turns)| *turns != 1) {
        findings
            .add("job/1", format!("{turns} open jobs of {lane} about {object} have their turn, not one."));
    }
    for (name, kept) in kept {
        let counted = counter(snapshot, name)?;
        if kept != counted {
            findings.add("job/1", format!("{kept} ended jobs are kept, {counted} are counted as {name}."));
        }
    }
    Ok(())
}
