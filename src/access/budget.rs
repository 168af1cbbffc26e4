//! Sign-in budgets: who guesses passwords waits longer and longer, and the one who knows the password still gets in.
//!
//! Every attempt is charged before the password is looked at, in the transaction that reads the counter: two hundred
//! at once count as two hundred. A right password gives the charge back. Counters are in the store: a restart gives
//! no new tries. No wait is longer than a quarter of an hour, and none needs somebody to lift it.

use crate::access::token::{self, TokenHash};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};
use crate::store::{
    Direction, Index, IndexInfo, IndexRow, Read, Record, Span, Table, TableInfo, Tx, counter,
};
use minicbor::{Decode, Encode};

/// Attempts without a wait.
pub const FREE: u32 = 5;
/// The first wait; it doubles with every further attempt.
const WAIT_MS: i64 = 5 * SECOND_MS;
/// The longest wait.
pub const WAIT_MAX_MS: i64 = 900 * SECOND_MS;
/// Counters are dropped so long after the last attempt: soon where it was a typing mistake.
const FORGET_FEW_MS: i64 = HOUR_MS;
const FORGET_MANY_MS: i64 = DAY_MS;
/// Counters kept at most; with more, those that would be dropped next go first.
const COUNT_MAX: i64 = 100_000;
/// Old counters removed with each attempt.
const TRIM_MAX: usize = 4;
const COUNTER: &str = "sign_in_budgets";

/// What a counter counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// An e-mail address as it was typed, whether there is such an account or not.
    Account(String),
    /// A network, by `Client::network`.
    Network(u128),
    /// A browser that the person has signed in from before. It has a budget of its own, so that strangers who
    /// use up the other two do not lock the person out.
    Device(TokenHash),
}

impl By {
    /// Under a hash: what people type into the e-mail field may be a password.
    fn key(&self) -> TokenHash {
        match self {
            Self::Account(email) => token::hash(&format!("account\0{}", crate::base::email::key(email))),
            Self::Network(network) => token::hash(&format!("network\0{network}")),
            Self::Device(hash) => token::hash(&format!("device\0{hash:?}")),
        }
    }
}

/// A counter as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Budget {
    /// Attempts since the last success.
    #[n(0)]
    attempts: u32,
    #[n(1)]
    last_at: Timestamp,
}

impl Budget {
    /// Milliseconds to wait before the next attempt.
    fn wait_ms(self, now: Timestamp) -> i64 {
        let since = now.since_ms(self.last_at);
        // A clock that was set back must not lock anybody out; the attempt brings the counter to the new time.
        if since < 0 { 0 } else { wait_after(self.attempts).saturating_sub(since).max(0) }
    }
    fn forget_at(self) -> Timestamp {
        self.last_at.plus_ms(if self.attempts < FREE { FORGET_FEW_MS } else { FORGET_MANY_MS })
    }
}

/// The wait after so many attempts, in milliseconds.
fn wait_after(attempts: u32) -> i64 {
    match attempts.checked_sub(FREE) {
        None => 0,
        Some(more) => WAIT_MS.saturating_mul(1_i64 << more.min(30)).min(WAIT_MAX_MS),
    }
}

const BUDGETS: Table<TokenHash, Budget> = Table::new("sign_in_budget/1");
const BY_END: Index<Timestamp, TokenHash> = Index::new("sign_in_budget_by_end/1");

impl Record for Budget {
    type Key = TokenHash;
    const INDEXES: &'static [IndexInfo] = &[BY_END.info()];
    fn index_keys(&self, key: &TokenHash) -> Vec<IndexRow> {
        vec![BY_END.row(&self.forget_at(), key)]
    }
}

pub const TABLES: &[TableInfo] = &[BUDGETS.info("access").not_backed_up()];

/// Charges an attempt to every counter of `by`, or to none when one of them says wait. `Ok(Some(ms))` is the wait:
/// not an error, since a refused transaction would keep nothing.
///
/// # Errors
/// Faults of the store only.
pub fn charge(tx: &mut Tx<'_>, by: &[By]) -> Result<Option<i64>> {
    let now = tx.now();
    let mut counters = Vec::with_capacity(by.len());
    let mut wait = 0;
    for key in by.iter().map(By::key) {
        let kept = BUDGETS.get(tx, &key)?.filter(|b| now < b.forget_at());
        wait = wait.max(kept.map_or(0, |b| b.wait_ms(now)));
        counters.push((key, kept.map_or(0, |b| b.attempts)));
    }
    if wait > 0 {
        return Ok(Some(wait));
    }
    trim(tx)?;
    for (key, attempts) in counters {
        if !BUDGETS.has(tx, &key)? {
            tx.count(COUNTER, 1)?;
        }
        BUDGETS.put(tx, &key, &Budget { attempts: attempts.saturating_add(1), last_at: now })?;
    }
    Ok(None)
}

/// A right password: the counters begin anew.
///
/// # Errors
/// Faults of the store only.
pub fn clear(tx: &mut Tx<'_>, by: &[By]) -> Result<()> {
    for key in by.iter().map(By::key) {
        if BUDGETS.delete(tx, &key)? {
            tx.count(COUNTER, -1)?;
        }
    }
    Ok(())
}

/// Removes a few counters that have run out, and where there are too many the ones nearest to it.
fn trim(tx: &mut Tx<'_>) -> Result<()> {
    let full = counter(tx, COUNTER)? >= COUNT_MAX;
    let span = if full { Span::all() } else { Span::until(&tx.now()) };
    for (_, key) in BY_END.list(tx, &span, Direction::Forward, TRIM_MAX)? {
        BUDGETS.delete(tx, &key)?;
        tx.count(COUNTER, -1)?;
    }
    Ok(())
}

/// How many counters there are, for tests and the health page.
///
/// # Errors
/// Faults of the store only.
pub fn count(r: &impl Read) -> Result<i64> {
    counter(r, COUNTER)
}

/// The refusal of an attempt that comes `wait` milliseconds too early.
pub fn too_early(wait: i64) -> Error {
    let seconds = u32::try_from(wait.saturating_add(SECOND_MS - 1) / SECOND_MS).unwrap_or(900).max(1);
    let text = format!("Too many attempts. Wait {}, then try again.", spoken(seconds));
    let error = Error::refuse(Kind::TooMany, "too_many_attempts", text);
    error.retry_after(seconds)
}

fn spoken(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, 1) => "1 second".to_owned(),
        (0, s) => format!("{s} seconds"),
        (1, 0) => "1 minute".to_owned(),
        (m, 0) => format!("{m} minutes"),
        (m, s) => format!("{m} min {s} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wait_begins_after_five_attempts_and_doubles_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (0..15).map(|n| wait_after(n) / SECOND_MS).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(u32::MAX), WAIT_MAX_MS);
    }

    #[test]
    fn the_wait_is_said_as_people_say_it() {
        let said = |ms| too_early(ms).message.into_owned();
        assert_eq!(said(4_200), "Too many attempts. Wait 5 seconds, then try again.");
        assert_eq!(said(60_000), "Too many attempts. Wait 1 minute, then try again.");
        assert_eq!(said(61_000), "Too many attempts. Wait 1 min 1 s, then try again.");
        assert_eq!(too_early(900_000).retry_after_s, Some(900));
        assert_eq!(too_early(1).retry_after_s, Some(1));
    }

    #[test]
    fn what_is_counted_apart_has_keys_apart() {
        let keys = [
            By::Account("Anna@Example.com".to_owned()).key(),
            By::Account("bert@example.com".to_owned()).key(),
            By::Network(1).key(),
            By::Network(2).key(),
            By::Device([1; 32]).key(),
        ];
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys[0], By::Account(" anna@example.COM ".to_owned()).key());
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_longest_wait_whatever_the_clock_does(
            attempts: u32, last_at: i64, now: i64,
        ) {
            let wait = Budget { attempts, last_at: Timestamp(last_at) }.wait_ms(Timestamp(now));
            prop_assert!((0..=WAIT_MAX_MS).contains(&wait));
        }
    }
}
