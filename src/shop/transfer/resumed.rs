//! What a run has done group by group, so that one that was killed goes on behind its last group and tells the same as
//! one that was not.

use crate::base::error::Result;
use crate::base::time::{DAY_MS, Timestamp};
use crate::shop::customers::{CustomerId, Outcome};
use crate::shop::transfer::outcome::{Item, Place};
use crate::store::{Actor, Direction, Read, Record, Span, Store, Table, TableInfo, Tx};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use std::ops::ControlFlow;

/// Run and number of the group → what came of it.
const GROUPS: Table<(RunKey, u64), Group> = Table::new("import_group/1");
/// The tables of this part, for the registry. A restored shop has no run in the middle.
pub const TABLES: [TableInfo; 1] = [GROUPS.info("shop::transfer").not_backed_up()];
/// A run that was killed goes on for so long; later the same files are another import.
pub const RESTS_MS: i64 = DAY_MS;
/// Groups that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: usize = 500;

/// What a run is known by.
pub type RunKey = [u8; 16];

/// A run over the files of one import, which may go on where an earlier one was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub key: RunKey,
    /// What was noted before belongs to an earlier run, which is over.
    pub since: Timestamp,
}

/// What came of one item that was written. A refused one is tried again: its reason is said again by the rules.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Done {
    #[n(0)]
    outcome: u8,
    /// Whom a file of customers met, where it says what they have ordered.
    #[n(1)]
    customer: Option<CustomerId>,
    /// What the file took back of how an order stood.
    #[n(2)]
    #[cbor(default)]
    pub(super) back: Option<String>,
}

impl Done {
    pub(super) fn new(outcome: Outcome, customer: Option<CustomerId>) -> Self {
        let outcome = match outcome {
            Outcome::Added => 0,
            Outcome::Changed => 1,
            Outcome::Unchanged => 2,
        };
        Self { outcome, customer, back: None }
    }
    pub(super) fn taking_back(self, back: Option<String>) -> Self {
        Self { back, ..self }
    }
    pub(super) fn outcome(&self) -> (Outcome, Option<CustomerId>) {
        let outcome = match self.outcome {
            0 => Outcome::Added,
            1 => Outcome::Changed,
            _ => Outcome::Unchanged,
        };
        (outcome, self.customer)
    }
}

/// What came of a group: written in the transaction that writes the group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Group {
    #[n(0)]
    at: Timestamp,
    /// Where its items stand in the files.
    #[n(1)]
    digest: [u8; 16],
    /// In the order of the group; none for what was refused.
    #[n(2)]
    items: Vec<Option<Done>>,
}

impl Record for Group {
    type Key = (RunKey, u64);
}

fn digest(group: &[(Item, Place)]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for (_, place) in group {
        for part in [place.file.as_bytes(), &place.line.to_be_bytes(), place.key.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    shortened(&hash.finalize())
}

fn shortened(hash: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    short
}

/// A name for runs that have none: the same parts give the same key.
#[derive(Debug, Default)]
pub struct RunName(Sha256);

impl RunName {
    /// Takes in a part of the name.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
    pub fn key(self) -> RunKey {
        shortened(&self.0.finalize())
    }
}

/// What this run has done with the group before it was killed, item by item; none where it was not so far.
pub(super) fn done(
    r: &impl Read,
    run: &Run,
    number: u64,
    group: &[(Item, Place)],
) -> Result<Vec<Option<Done>>> {
    let kept = GROUPS.get(r, &(run.key, number))?;
    let is_ours = |kept: &Group| {
        kept.at >= run.since && kept.items.len() == group.len() && kept.digest == digest(group)
    };
    Ok(kept.filter(is_ours).map_or_else(|| vec![None; group.len()], |kept| kept.items))
}

/// Notes what was done with the group.
pub(super) fn note(
    tx: &mut Tx<'_>,
    run: &Run,
    number: u64,
    group: &[(Item, Place)],
    items: Vec<Option<Done>>,
) -> Result<()> {
    let at = tx.now();
    GROUPS.put(tx, &(run.key, number), &Group { at, digest: digest(group), items })
}

/// Forgets a run that has ended.
///
/// # Errors
/// Those of the store.
pub fn forget(store: &Store, actor: &Actor, key: RunKey) -> Result<()> {
    loop {
        let left = store.write_blocking(actor.clone(), move |tx| {
            let mut keys = Vec::new();
            GROUPS.walk_keys(tx, &Span::of(&key), Direction::Forward, |key| {
                keys.push(key);
                let is_full = keys.len() >= FORGOTTEN_AT_ONCE;
                Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            keys.iter().try_for_each(|key| GROUPS.delete(tx, key).map(|_| ()))?;
            Ok(keys.len())
        })?;
        if left < FORGOTTEN_AT_ONCE {
            return Ok(());
        }
    }
}

/// Runs that noted nothing since, such as those that were killed and never taken up again.
///
/// # Errors
/// Those of the store.
pub fn rested(r: &impl Read, since: Timestamp) -> Result<Vec<RunKey>> {
    let mut last: Vec<(RunKey, Timestamp)> = Vec::new();
    GROUPS.walk(r, &Span::all(), Direction::Forward, |(key, _), group| {
        match last.last_mut().filter(|(known, _)| *known == key) {
            Some((_, at)) => *at = group.at.max(*at),
            None => last.push((key, group.at)),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last.into_iter().filter(|(_, at)| *at < since).map(|(key, _)| key).collect())
}
