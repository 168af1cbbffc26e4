//! What is done to a subscription in a transaction: begun, paused, set going, set back, removed.

use super::model::{SUBSCRIPTIONS, Subscription};
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::{Direction, Findings, Read, Snapshot, Span, Store, Tx, events};

/// Begins a subscription behind an event.
///
/// # Errors
/// Faults of the store only.
pub fn add(tx: &mut Tx<'_>, name: &str, kinds: Vec<String>, after: u64, epoch: [u8; 16]) -> Result<()> {
    let new = Subscription { cursor: after, kinds, paused: None, since: tx.now(), epoch, turn: 0 };
    SUBSCRIPTIONS.put(tx, &name.to_owned(), &new)
}

/// # Errors
/// `not_found`.
pub fn get(from: &(impl Read + ?Sized), name: &str) -> Result<Subscription> {
    SUBSCRIPTIONS.get(from, &name.to_owned())?.ok_or_else(|| Error::not_found("subscription", name))
}

/// All subscriptions by name.
///
/// # Errors
/// Faults of the store only.
pub fn all(from: &(impl Read + ?Sized)) -> Result<Vec<(String, Subscription)>> {
    SUBSCRIPTIONS.list(from, &Span::all(), Direction::Forward, usize::MAX)
}

/// Whether what this subscription has caused is to be done now. Work of no subscription always is.
///
/// # Errors
/// Faults of the store only.
pub fn is_open(from: &dyn Read, name: &str) -> Result<bool> {
    Ok(SUBSCRIPTIONS.get(from, &name.to_owned())?.is_none_or(|subscription| subscription.paused.is_none()))
}

/// Whether somebody follows events of a kind now.
///
/// # Errors
/// Faults of the store only.
pub fn is_followed(from: &(impl Read + ?Sized), kind: &str) -> Result<bool> {
    Ok(all(from)?.iter().any(|(_, s)| s.paused.is_none() && s.filter().wants_kind(kind)))
}

/// Changes what is wanted from now on.
///
/// # Errors
/// `not_found`.
pub fn refilter(tx: &mut Tx<'_>, name: &str, kinds: Vec<String>) -> Result<()> {
    change(tx, name, |subscription, _| subscription.kinds = kinds)
}

/// Stops it with a reason. Events are kept for it: it goes on where it is. Twice keeps the first reason.
///
/// # Errors
/// `not_found`.
pub fn pause(tx: &mut Tx<'_>, name: &str, why: &str) -> Result<()> {
    change(tx, name, |subscription, now| {
        if subscription.paused.is_none() {
            subscription.paused = Some(why.to_owned());
            subscription.since = now;
        }
    })
}

/// Lets it go on where it is.
///
/// # Errors
/// `not_found`.
pub fn resume(tx: &mut Tx<'_>, name: &str, epoch: [u8; 16]) -> Result<()> {
    change(tx, name, |subscription, now| {
        if subscription.paused.take().is_some() {
            subscription.since = now;
        }
        subscription.epoch = epoch;
    })
}

/// Sets it back, so that everything behind the sequence number `after` is taken once more; never forward, or something
/// would be missed.
///
/// # Errors
/// `not_found`.
pub fn replay(tx: &mut Tx<'_>, name: &str, after: u64) -> Result<()> {
    change(tx, name, |subscription, _| subscription.cursor = subscription.cursor.min(after))
}

/// Moves it forward to an event, over what is not wanted or not there any more.
///
/// # Errors
/// `not_found`.
pub fn skip(tx: &mut Tx<'_>, name: &str, to: u64) -> Result<()> {
    change(tx, name, |subscription, _| subscription.cursor = subscription.cursor.max(to))
}

/// Ends it.
///
/// # Errors
/// Faults of the store only.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    SUBSCRIPTIONS.delete(tx, &name.to_owned()).map(drop)
}

/// The subscriptions that were begun in another store.
///
/// # Errors
/// Faults of the store only.
pub fn strange(from: &impl Read, epoch: [u8; 16]) -> Result<Vec<String>> {
    let strange = all(from)?.into_iter().filter(|(_, s)| s.epoch != epoch);
    Ok(strange.map(|(name, _)| name).collect())
}

/// What was begun in another store stands still: this one was restored, and nobody knows what was sent after the
/// backup was made. Gives how many those are.
///
/// # Errors
/// Faults of the store only.
pub fn settle(tx: &mut Tx<'_>, epoch: [u8; 16]) -> Result<usize> {
    let strange = strange(tx, epoch)?;
    for name in &strange {
        pause(
            tx,
            name,
            "This shop was restored from a backup. See what was sent since then, and let it go on.",
        )?;
    }
    Ok(strange.len())
}

/// How many events are behind its place, wanted or not.
pub fn lag(subscription: &Subscription, last_seq: u64) -> u64 {
    last_seq.saturating_sub(subscription.cursor)
}

/// The number of the last event before a moment, of `last` events; 0 when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn seq_before(from: &(impl Read + ?Sized), at: Timestamp, last: u64) -> Result<u64> {
    let (mut before, mut end) = (0, last);
    while before < end {
        let middle = before + (end - before).div_ceil(2);
        // What was removed is old.
        if events::get(from, middle)?.is_none_or(|event| event.at < at) {
            before = middle;
        } else {
            end = middle - 1;
        }
    }
    Ok(before)
}

/// The event behind which everything is taken again: named by its number, or by a moment; by one of the two.
///
/// # Errors
/// `required` with both or none, `invalid_time`; `out_of_range` for a number that no event has yet.
pub fn behind(store: &Store, after: Option<u64>, since: Option<&str>) -> Result<u64> {
    match (after, since) {
        (Some(after), None) => {
            let last = store.last_seq();
            if after > last {
                let text = format!("The last event has the number {last}. Enter a number up to that.");
                return Err(Error::invalid("out_of_range", text).on("/after"));
            }
            Ok(after)
        }
        (None, Some(since)) => {
            let since = Timestamp::parse(since).map_err(|e| e.on("/since"))?;
            let last = store.last_seq();
            store.read(|s| seq_before(s, since, last))
        }
        _ => {
            let text = "Say from where: after with a sequence number, or since with a time.";
            Err(Error::invalid("required", text).on("/since"))
        }
    }
}

/// The place of the subscription that is furthest behind.
///
/// # Errors
/// Faults of the store only.
pub fn slowest(from: &(impl Read + ?Sized)) -> Result<Option<u64>> {
    Ok(all(from)?.into_iter().map(|(_, subscription)| subscription.cursor).min())
}

/// For `backroom check`: no event was removed that a subscription has not read.
///
/// # Errors
/// Faults of the store only.
pub fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<()> {
    for (name, subscription) in all(snapshot)? {
        let next = events::changes(snapshot, subscription.cursor, 1)?.pop().map(|event| event.seq);
        if next.is_some_and(|seq| seq > subscription.cursor + 1) {
            let text =
                format!("{name} is at event {}, and the next there is is {next:?}.", subscription.cursor);
            findings.add("subscription/1", text);
        }
    }
    Ok(())
}

fn change(tx: &mut Tx<'_>, name: &str, act: impl FnOnce(&mut Subscription, Timestamp)) -> Result<()> {
    let mut subscription = get(tx, name)?;
    let now = tx.now();
    act(&mut subscription, now);
    subscription.turn += 1;
    SUBSCRIPTIONS.put(tx, &name.to_owned(), &subscription)
}
