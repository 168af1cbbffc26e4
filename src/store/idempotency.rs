//! What was answered under an idempotency key, so that a request that comes again changes nothing again.

use crate::base::error::{Error, Result};
use crate::base::time::{HOUR_MS, Timestamp};
use crate::store::index::{Index, IndexInfo, IndexRow};
use crate::store::snapshot::Read;
use crate::store::span::{Direction, Span};
use crate::store::table::{Record, Table};
use crate::store::tx::Tx;
use minicbor::{Decode, Encode};

/// A key is remembered at least this long, and believed as long as it is remembered: the clock that says that the time is
/// over may be wrong, and who repeats a request under an old key wants no second order.
pub const KEPT_MS: i64 = 72 * HOUR_MS;
/// Rows that may be forgotten at once, and per second in the long run: a clock that jumps ahead by years makes all
/// keys old, and must not make the shop forget them in one go.
pub(super) const FORGET_BURST: u32 = 256;
pub(super) const FORGET_PER_SECOND: u32 = 64;
/// The most one group of transactions forgets; more would make a commit long.
const FORGET_PER_GROUP: usize = 64;
/// So many of the newest stay, however old the clock makes them: in a small shop that is all of them, and a clock that was
/// wrong for a moment takes no key away that somebody may still repeat.
pub(super) const NEWEST_KEPT: usize = 1_024;

/// (scope, key) → what was answered.
pub(super) const ANSWERS: Table<(String, String), Answer> = Table::new("idempotency/1");
/// Time of the answer → (scope, key).
const BY_TIME: Index<Timestamp, (String, String)> = Index::new("idempotency_by_time/1");

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// HTTP status.
    pub status: u16,
    pub body: Vec<u8>,
}

/// An answer on disk.
#[derive(Encode, Decode)]
pub(super) struct Answer {
    #[cbor(n(0), with = "minicbor::bytes")]
    body_hash: [u8; 32],
    #[n(1)]
    status: u16,
    #[cbor(n(2), with = "minicbor::bytes")]
    body: Vec<u8>,
    #[n(3)]
    at: Timestamp,
}

impl Record for Answer {
    type Key = (String, String);
    const INDEXES: &'static [IndexInfo] = &[BY_TIME.info()];
    fn index_keys(&self, key: &(String, String)) -> Vec<IndexRow> {
        vec![BY_TIME.row(&self.at, key)]
    }
}

/// What [`Tx::remember`] kept, read without a transaction: for looking at it again.
///
/// # Errors
/// As [`Tx::replay`].
pub fn remembered(
    r: &(impl Read + ?Sized),
    scope: &str,
    key: &str,
    body_hash: &[u8; 32],
) -> Result<Option<Remembered>> {
    let Some(answer) = ANSWERS.get(r, &(scope.to_owned(), key.to_owned()))? else { return Ok(None) };
    if answer.body_hash != *body_hash {
        return Err(Error::invalid(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
        ));
    }
    Ok(Some(Remembered { status: answer.status, body: answer.body }))
}

impl Tx<'_> {
    /// What was answered to the same key before; `None` for a new key. `scope` keeps the keys of different callers
    /// and routes apart; `body_hash` tells whether it is the same request.
    ///
    /// # Errors
    /// `Invalid` `idempotency_key_reused` when the key came with another body.
    pub fn replay(&self, scope: &str, key: &str, body_hash: &[u8; 32]) -> Result<Option<Remembered>> {
        remembered(self, scope, key, body_hash)
    }
    /// Keeps the answer under the key, in the same transaction as what it is about.
    ///
    /// # Errors
    /// As [`Table::put`].
    pub fn remember(
        &mut self,
        scope: &str,
        key: &str,
        body_hash: &[u8; 32],
        status: u16,
        body: &[u8],
    ) -> Result<()> {
        let answer = Answer { body_hash: *body_hash, status, body: body.to_vec(), at: self.now() };
        ANSWERS.put(self, &(scope.to_owned(), key.to_owned()), &answer)
    }
}

/// Forgets the oldest answers that are out of date, at most `most` of them, and says how many that were; none when those that
/// are out of date are among the newest.
pub(super) fn forget(tx: &mut Tx<'_>, most: usize) -> Result<Option<usize>> {
    let limit = tx.now().plus_ms(-KEPT_MS);
    let old = BY_TIME.list(tx, &Span::until(&limit), Direction::Forward, most.min(FORGET_PER_GROUP))?;
    if old.is_empty() {
        return Ok(Some(0));
    }
    let newest = BY_TIME.list(tx, &Span::all(), Direction::Backward, NEWEST_KEPT)?;
    let Some(first_kept) = newest.get(NEWEST_KEPT - 1) else { return Ok(None) };
    let mut gone = 0;
    for (_, key) in old.iter().filter(|row| *row < first_kept) {
        ANSWERS.delete(tx, key)?;
        gone += 1;
    }
    Ok((gone > 0).then_some(gone))
}
