//! What is done to an action on many orders in a transaction: begun, frozen, gone on with, taken back, forgotten.

use super::each::{count, one, still_may, tried};
use super::model::{BLOCKS, BULKS, Block, Bulk, BulkId, Item, Stage, Tally, Went};
use super::work::KIND;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, Timestamp};
use crate::shop::orders::admin::Action;
use crate::store::{Direction, Event, Findings, Read, Snapshot, Span, Subject, Tx};
use crate::web::bulk::Action as _;
use crate::work::jobs::{self, JobId, New};
use serde::Serialize;

/// Orders of a block: so many are changed in one transaction.
pub(super) const BLOCK: usize = 50;
/// How long what came of each order is kept; a preview that nobody started is kept a day.
pub(in crate::shop::orders) const ROWS_KEPT_MS: i64 = 7 * DAY_MS;
const PREVIEW_KEPT_MS: i64 = DAY_MS;
/// How long it is told that there was one.
const KEPT_MS: i64 = 31 * DAY_MS;
/// Blocks that are removed in one transaction.
const REMOVED_MAX: usize = 500;

/// Every kind of event of this part with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[
    ("bulk.started", "An action on every order that matches a query was started: which, on how many."),
    (
        "bulk.resumed",
        "Somebody let an action on many orders go on that was stopped: from now on it is theirs.",
    ),
    ("bulk.discarded", "Somebody threw the preview of an action on many orders away."),
    ("bulk.ended", "An action on many orders came to its end: how many were changed, as before, refused."),
];

#[derive(Serialize)]
struct Started {
    title: String,
    query: String,
    count: u64,
}
impl Event for Started {
    fn kind(&self) -> &'static str {
        "bulk.started"
    }
}

#[derive(Serialize)]
struct Resumed {
    title: String,
    /// Orders that are left.
    left: u64,
}
impl Event for Resumed {
    fn kind(&self) -> &'static str {
        "bulk.resumed"
    }
}

#[derive(Serialize)]
struct Discarded {
    title: String,
}
impl Event for Discarded {
    fn kind(&self) -> &'static str {
        "bulk.discarded"
    }
}

#[derive(Serialize)]
struct AtEnd {
    title: String,
    changed: u64,
    unchanged: u64,
    refused: u64,
}
impl Event for AtEnd {
    fn kind(&self) -> &'static str {
        "bulk.ended"
    }
}

/// What somebody wants done with every order that a query finds.
#[derive(Clone, Debug)]
pub(in crate::shop::orders) struct Wish {
    pub action: Action,
    pub query: String,
    pub back: String,
    /// Whether they see prices, and so find orders by them.
    pub prices: bool,
    /// Without asking again.
    pub at_once: bool,
}

/// # Errors
/// `not_found`; they are forgotten after a while.
pub(in crate::shop::orders) fn get(from: &(impl Read + ?Sized), id: BulkId) -> Result<Bulk> {
    BULKS.get(from, &id)?.ok_or_else(|| Error::not_found("action on many orders", id))
}

/// Begins one: a job writes the ids down and checks them.
///
/// # Errors
/// Faults of the store only.
pub(in crate::shop::orders) fn begin(tx: &mut Tx<'_>, wish: &Wish) -> Result<(BulkId, JobId)> {
    let action = serde_json::to_string(&wish.action).map_err(Error::internal)?;
    let bulk = Bulk {
        title: wish.action.title(),
        action,
        query: wish.query.clone(),
        by: tx.actor().clone(),
        created_at: tx.now(),
        stage: Stage::Freezing,
        since: tx.now(),
        count: 0,
        tally: Tally::default(),
        reasons: Vec::new(),
        job: None,
        blocks: 0,
        next: 0,
        undoes: None,
        undone_by: None,
        again_of: None,
        at_once: wish.at_once,
        prices: wish.prices,
        back: wish.back.clone(),
        problem: None,
    };
    let id = tx.new_id();
    Ok((id, enqueue(tx, id, bulk)?))
}

/// Writes the bulk down with a job that goes on with it.
fn enqueue(tx: &mut Tx<'_>, id: BulkId, mut bulk: Bulk) -> Result<JobId> {
    let is_done = matches!(bulk.stage, Stage::Running) || bulk.at_once;
    let mut payload = id.0.to_vec();
    payload.push(u8::from(is_done));
    let key = Some(format!("{id}/{}", u8::from(is_done)));
    let job = jobs::enqueue(tx, New { kind: KIND, lane: KIND, key, payload, due_at: tx.now() })?;
    bulk.job = Some(job);
    bulk.problem = None;
    BULKS.put(tx, &id, &bulk)?;
    Ok(job)
}

/// Whether a job is about it now, or waits to be.
///
/// # Errors
/// Faults of the store only.
pub(in crate::shop::orders) fn is_worked_on(from: &(impl Read + ?Sized), bulk: &Bulk) -> Result<bool> {
    let Some(id) = bulk.job else { return Ok(false) };
    match jobs::get(from, id) {
        Ok(job) => Ok(job.state.is_open()),
        Err(error) if error.kind == Kind::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn busy() -> Error {
    Error::conflict("bulk_busy", "It is being worked on now. Wait for it, or stop it first.")
}

/// Does what was checked. From now on it is done in the name of who started it.
///
/// # Errors
/// `not_found`; `Conflict` `bulk_not_checked` when it is not waiting for that.
pub(in crate::shop::orders) fn start(tx: &mut Tx<'_>, id: BulkId) -> Result<JobId> {
    let bulk = get(tx, id)?;
    if bulk.stage != Stage::Checked {
        let text = "It has been started already, or its check has not ended.";
        return Err(Error::conflict("bulk_not_checked", text));
    }
    let bulk = Bulk { by: tx.actor().clone(), ..running(bulk) };
    publish_start(tx, id, &bulk)?;
    enqueue(tx, id, bulk)
}

fn running(bulk: Bulk) -> Bulk {
    Bulk { stage: Stage::Running, next: 0, tally: Tally::default(), reasons: Vec::new(), ..bulk }
}

fn publish_start(tx: &mut Tx<'_>, id: BulkId, bulk: &Bulk) -> Result<()> {
    let started = Started { title: bulk.title.clone(), query: bulk.query.clone(), count: bulk.count };
    tx.publish(Subject::of(&id), &started).map(drop)
}

/// Goes on with one that was stopped.
///
/// # Errors
/// `not_found`; `Conflict` `bulk_busy` or `bulk_over`.
pub(in crate::shop::orders) fn resume(tx: &mut Tx<'_>, id: BulkId) -> Result<JobId> {
    let bulk = get(tx, id)?;
    if is_worked_on(tx, &bulk)? {
        return Err(busy());
    }
    if matches!(bulk.stage, Stage::Checked | Stage::Over) {
        return Err(Error::conflict("bulk_over", "There is nothing left to do."));
    }
    let left = bulk.count.saturating_sub(u64::from(bulk.next) * BLOCK as u64);
    tx.publish(Subject::of(&id), &Resumed { title: bulk.title.clone(), left })?;
    let by = tx.actor().clone();
    enqueue(tx, id, Bulk { by, ..bulk })
}

/// Throws a preview away, also one whose check was stopped.
///
/// # Errors
/// `not_found`; `Conflict` `bulk_busy`, `bulk_over`.
pub(in crate::shop::orders) fn discard(tx: &mut Tx<'_>, id: BulkId) -> Result<String> {
    let bulk = get(tx, id)?;
    if is_worked_on(tx, &bulk)? {
        return Err(busy());
    }
    if matches!(bulk.stage, Stage::Running | Stage::Over) {
        let text = "It has been started already: there is no preview to throw away.";
        return Err(Error::conflict("bulk_over", text));
    }
    tx.publish(Subject::of(&id), &Discarded { title: bulk.title.clone() })?;
    // Its blocks go when those of an action that was done would.
    BULKS.put(tx, &id, &Bulk { stage: Stage::Over, count: 0, tally: Tally::default(), ..bulk.clone() })?;
    Ok(bulk.back)
}

/// Takes back what it changed, of the orders that nobody has changed since.
///
/// # Errors
/// `not_found`; `Conflict` `bulk_busy`, `bulk_not_started`, `bulk_undone`, `nothing_to_undo`.
pub(in crate::shop::orders) fn undo(tx: &mut Tx<'_>, id: BulkId) -> Result<(BulkId, JobId)> {
    let before = settled(tx, id)?;
    if before.undone_by.is_some() {
        return Err(Error::conflict("bulk_undone", "This was taken back already."));
    }
    if before.tally.done == 0 || before.blocks == 0 {
        return Err(Error::conflict("nothing_to_undo", "There is nothing to take back any more."));
    }
    const UNDO: &str = "Undo: ";
    let title = match before.title.strip_prefix(UNDO) {
        Some(first) => first.to_owned(),
        None => format!("{UNDO}{}", before.title),
    };
    let next = follow(tx, &before, title);
    let (new, job) = made(tx, Bulk { undoes: Some(id), at_once: true, ..next })?;
    // One that was stopped does not go on any more: there would be no way back from what it did then.
    BULKS.put(tx, &id, &Bulk { undone_by: Some(new), stage: Stage::Over, ..before })?;
    Ok((new, job))
}

/// Checks once more those that were refused.
///
/// # Errors
/// `not_found`; `Conflict` `bulk_busy`, `bulk_not_started`, `nothing_refused`.
pub(in crate::shop::orders) fn again(tx: &mut Tx<'_>, id: BulkId) -> Result<(BulkId, JobId)> {
    let before = settled(tx, id)?;
    if before.tally.refused == 0 || before.blocks == 0 {
        return Err(Error::conflict("nothing_refused", "None was refused, or it is too long ago."));
    }
    let next = follow(tx, &before, before.title.clone());
    made(tx, Bulk { again_of: Some(id), at_once: false, ..next })
}

/// One that was done, or stopped while it was.
fn settled(tx: &Tx<'_>, id: BulkId) -> Result<Bulk> {
    let bulk = get(tx, id)?;
    if is_worked_on(tx, &bulk)? {
        return Err(busy());
    }
    if !matches!(bulk.stage, Stage::Running | Stage::Over) {
        return Err(Error::conflict(
            "bulk_not_started",
            "It has not been started, so it has changed nothing.",
        ));
    }
    Ok(bulk)
}

fn follow(tx: &Tx<'_>, before: &Bulk, title: String) -> Bulk {
    Bulk {
        title,
        by: tx.actor().clone(),
        created_at: tx.now(),
        since: tx.now(),
        stage: Stage::Freezing,
        count: 0,
        tally: Tally::default(),
        reasons: Vec::new(),
        job: None,
        blocks: 0,
        next: 0,
        undoes: None,
        undone_by: None,
        again_of: None,
        ..before.clone()
    }
}

fn made(tx: &mut Tx<'_>, bulk: Bulk) -> Result<(BulkId, JobId)> {
    let id = tx.new_id();
    Ok((id, enqueue(tx, id, bulk)?))
}

/// Removes what an interrupted freezing has left; true when there is nothing left.
///
/// # Errors
/// Faults of the store only.
pub(super) fn thaw(tx: &mut Tx<'_>, id: BulkId) -> Result<bool> {
    let mut keys = Vec::new();
    BLOCKS.walk_keys(tx, &Span::of(&id), Direction::Forward, |key| {
        keys.push(key);
        Ok(if keys.len() < REMOVED_MAX {
            std::ops::ControlFlow::Continue(())
        } else {
            std::ops::ControlFlow::Break(())
        })
    })?;
    for key in &keys {
        BLOCKS.delete(tx, key)?;
    }
    Ok(keys.len() < REMOVED_MAX)
}

/// Writes blocks of the frozen list down, from this number on.
///
/// # Errors
/// Faults of the store only.
pub(super) fn freeze(tx: &mut Tx<'_>, id: BulkId, first: u32, blocks: &[Block]) -> Result<()> {
    for (number, block) in (first..).zip(blocks) {
        BLOCKS.put(tx, &(id, number), block)?;
    }
    Ok(())
}

/// The list is whole.
///
/// # Errors
/// `not_found`.
pub(super) fn frozen(tx: &mut Tx<'_>, id: BulkId, blocks: u32, count: u64) -> Result<()> {
    let bulk = get(tx, id)?;
    if bulk.stage != Stage::Freezing {
        return Ok(());
    }
    let (at_once, since) = (bulk.at_once, tx.now());
    let bulk = Bulk { blocks, count, next: 0, since, stage: Stage::Checking, ..bulk };
    let bulk = if at_once { running(bulk) } else { bulk };
    if at_once {
        publish_start(tx, id, &bulk)?;
    }
    BULKS.put(tx, &id, &bulk)
}

/// A block of a list.
///
/// # Errors
/// Faults of the store only.
pub(super) fn block(from: &(impl Read + ?Sized), id: BulkId, number: u32) -> Result<Option<Block>> {
    BLOCKS.get(from, &(id, number))
}

/// What is taken from an earlier one: what it changed, to be taken back, or what it was refused for, to be tried again.
pub(super) fn taken_over(block: Block, takes_back: bool) -> Vec<Item> {
    let one = |item: Item| {
        let said = item.said.clone()?;
        match said.went {
            Went::Done if takes_back => {
                Some(Item { action: said.back, seen: Some(said.version), ..Item::new(item.id) })
            }
            // One that takes something back still does so only where nobody has changed the order since.
            Went::Refused if !takes_back => Some(Item { said: None, ..item }),
            _ => None,
        }
    };
    block.items.into_iter().filter_map(one).collect()
}

/// Checks or changes the next block. False when there is nothing left to do at this stage.
///
/// # Errors
/// `Forbidden` when who started it may not do it any more; faults of the store.
pub(super) fn advance(tx: &mut Tx<'_>, id: BulkId) -> Result<bool> {
    let mut bulk = get(tx, id)?;
    let is_check = match bulk.stage {
        Stage::Checking => true,
        Stage::Running => false,
        Stage::Freezing | Stage::Checked | Stage::Over => return Ok(false),
    };
    let number = bulk.next;
    let Some(mut block) = block(tx, id, number)?.filter(|_| number < bulk.blocks) else {
        end_stage(tx, id, bulk, is_check)?;
        return Ok(false);
    };
    let common: Action = serde_json::from_str(&bulk.action).map_err(Error::internal)?;
    if !is_check {
        still_may(tx, &bulk.by, common.permission())?;
    }
    for item in &mut block.items {
        let said = if is_check { tried(tx, item, &common)? } else { one(tx, item, &common)? };
        count(&mut bulk, &said);
        item.said = (!is_check).then_some(said);
    }
    if !is_check {
        BLOCKS.put(tx, &(id, number), &block)?;
    }
    bulk.next += 1;
    bulk.since = tx.now();
    BULKS.put(tx, &id, &bulk)?;
    Ok(true)
}

fn end_stage(tx: &mut Tx<'_>, id: BulkId, mut bulk: Bulk, is_check: bool) -> Result<()> {
    bulk.since = tx.now();
    bulk.stage = if is_check { Stage::Checked } else { Stage::Over };
    BULKS.put(tx, &id, &bulk)?;
    if is_check {
        return Ok(());
    }
    let Tally { done, unchanged, refused } = bulk.tally;
    let ended = AtEnd { title: bulk.title, changed: done, unchanged, refused };
    tx.publish(Subject::of(&id), &ended).map(drop)
}

/// Until when what came of each order can be had.
pub(super) fn rows_until(bulk: &Bulk) -> Option<Timestamp> {
    let is_there = bulk.blocks > 0 && matches!(bulk.stage, Stage::Running | Stage::Over);
    is_there.then(|| bulk.since.plus_ms(ROWS_KEPT_MS))
}

/// Forgets what is too long ago, a portion at a time; true when nothing is left to forget now.
///
/// # Errors
/// Faults of the store only.
pub fn prune(tx: &mut Tx<'_>) -> Result<bool> {
    let now = tx.now();
    for (id, bulk) in BULKS.list(tx, &Span::all(), Direction::Forward, usize::MAX)? {
        let age = now.since_ms(bulk.since);
        let most = if bulk.stage == Stage::Checked { PREVIEW_KEPT_MS } else { ROWS_KEPT_MS };
        if age <= most || is_worked_on(tx, &bulk)? {
            continue;
        }
        if bulk.blocks > 0 {
            if !thaw(tx, id)? {
                return Ok(false);
            }
            BULKS.put(tx, &id, &Bulk { blocks: 0, stage: Stage::Over, ..bulk })?;
        } else if age > KEPT_MS {
            // Of one whose list was cut short there may be some, though it counts none.
            if !thaw(tx, id)? {
                return Ok(false);
            }
            BULKS.delete(tx, &id)?;
        }
    }
    Ok(true)
}

/// For `backroom check`: what came of the orders is what is counted.
///
/// # Errors
/// Faults of the store only.
pub fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<()> {
    for (id, bulk) in BULKS.list(snapshot, &Span::all(), Direction::Forward, usize::MAX)? {
        if bulk.blocks == 0 || !matches!(bulk.stage, Stage::Running | Stage::Over) {
            continue;
        }
        let mut found = Tally::default();
        BLOCKS.walk(snapshot, &Span::of(&id), Direction::Forward, |_, block| {
            for said in block.items.iter().filter_map(|item| item.said.as_ref()) {
                match said.went {
                    Went::Done => found.done += 1,
                    Went::Unchanged => found.unchanged += 1,
                    Went::Refused => found.refused += 1,
                }
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        if found != bulk.tally {
            findings.add("order_bulk/1", format!("{id} counts {:?}, its orders say {found:?}.", bulk.tally));
        }
    }
    Ok(())
}
