//! Which jobs are begun next: what is due, from the lanes in turn, and never so that one lane takes the room of another.

use super::model::{BEHIND, BY_LANE, JobId, State};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Direction, Read, Span};

/// Lanes looked at in one go.
const LANES_MAX: usize = 1_000;

/// What can be taken now.
#[derive(Debug, Default)]
pub(super) struct Picked {
    pub(super) ids: Vec<JobId>,
    /// When the next one is due, of those that are not.
    pub(super) next_due: Option<Timestamp>,
    /// The lane that was served last.
    pub(super) last_lane: Option<String>,
}

/// How many jobs may be begun now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free {
    pub(super) all: usize,
    /// Of them, those that are not the first of their lane.
    pub(super) more: usize,
}

/// What a lane may have now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) width: usize,
    /// Nothing of it runs.
    pub(super) is_idle: bool,
}

/// Chooses jobs that are due, from the lanes in turn, beginning behind `after`. The first job of a lane takes nothing from
/// what lanes may have more, so those that hang hold up nobody else.
pub(super) fn pick(
    from: &dyn Read,
    now: Timestamp,
    after: Option<&str>,
    mut free: Free,
    room: impl Fn(&str) -> Result<Room>,
) -> Result<Picked> {
    let mut picked = Picked::default();
    let mut lanes = Vec::new();
    let mut span = Span::all();
    while lanes.len() < LANES_MAX {
        let Some((((lane, _), _), _)) = BY_LANE.list(from, &span, Direction::Forward, 1)?.pop() else {
            break;
        };
        let end = ((lane.clone(), u8::MAX), (Timestamp(i64::MAX), u64::MAX));
        span = Span::all().after(&(end, JobId([0xff; 16])), Direction::Forward);
        lanes.push(lane);
    }
    let turn = after.map_or(0, |after| lanes.partition_point(|lane| lane.as_str() <= after));
    let turn = turn.min(lanes.len());
    lanes.rotate_left(turn);
    for lane in lanes {
        let Room { width, is_idle } = room(&lane)?;
        let first = usize::from(is_idle);
        let most = width.min(free.more + first).min(free.all);
        let rows = BY_LANE.list(
            from,
            &Span::of(&(lane.clone(), State::Ready.place())),
            Direction::Forward,
            most + 1,
        )?;
        let due = rows
            .iter()
            .take(most)
            .take_while(|((_, (due, _)), _)| *due <= now && *due != BEHIND)
            .map(|(_, id)| *id);
        let before = picked.ids.len();
        picked.ids.extend(due);
        let count = picked.ids.len() - before;
        if count > 0 {
            free.all -= count;
            free.more = free.more.saturating_sub(count.saturating_sub(first));
            picked.last_lane = Some(lane);
        }
        let waits = rows.iter().map(|((_, (due, _)), _)| *due).find(|due| *due > now && *due != BEHIND);
        picked.next_due = picked.next_due.into_iter().chain(waits).min();
    }
    Ok(picked)
}
