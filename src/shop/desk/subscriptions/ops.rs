//! What is done to a subscription that has no page of its own, each with its event.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::{Read, Store, Subject, Tx};
use crate::work::Work;
use crate::work::jobs;
use crate::work::subscriptions::{self, About, SubscriptionId};

crate::events! {
    /// A subscription stands still and keeps its events; `reason` says why.
    Paused "subscription.paused" { name: String, reason: String, }
    /// A subscription goes on; `skipped` when what came meanwhile is left out.
    Resumed "subscription.resumed" { name: String, skipped: bool, }
    /// A subscription takes everything again that came after an event.
    Replayed "subscription.replayed" { name: String, after: u64, }
    /// What a subscription had given up is tried again.
    Repeated "subscription.repeated" { name: String, jobs: u64, }
}

/// Jobs that are tried again in one transaction.
const AGAIN_MAX: usize = 1_000;

/// # Errors
/// `has_page`: it is looked after elsewhere, where its own rules are.
fn require_bare(about: &About) -> Result<()> {
    match &about.page {
        None => Ok(()),
        Some(page) => {
            let text = format!(
                "This subscription is looked after at {page}; there it is paused, set going and repeated."
            );
            Err(Error::conflict("has_page", text))
        }
    }
}

/// What somebody wants of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Pause,
    /// Goes on; with what came meanwhile, or without.
    Resume {
        skip: bool,
    },
    /// Takes everything behind this event again.
    Replay {
        after: u64,
    },
    /// Tries again what was given up.
    Again,
}

/// Does it. What is so already changes nothing.
///
/// # Errors
/// `not_found`; `has_page`; `out_of_range` for an event that has not happened yet.
pub(super) async fn grant(
    (store, work): (&Store, &Work),
    actor: crate::store::Actor,
    name: &str,
    wish: Wish,
) -> Result<()> {
    let about = store.read(|s| {
        subscriptions::get(s, name)?;
        work.about_subscription(s, name)
    })?;
    require_bare(&about)?;
    let (own, work_of, epoch, last) = (name.to_owned(), work.clone(), store.epoch(), store.last_seq());
    store.write(actor, move |tx| done(tx, &work_of, &own, wish, epoch, last)).await?;
    work.wake();
    Ok(())
}

fn done(tx: &mut Tx<'_>, work: &Work, name: &str, wish: Wish, epoch: [u8; 16], last: u64) -> Result<()> {
    let (about, there) = (Subject::of(&SubscriptionId::named(name)), subscriptions::get(tx, name)?);
    let own = name.to_owned();
    match wish {
        Wish::Pause if there.paused.is_some() => Ok(()),
        Wish::Pause => {
            let reason = format!("{} paused it.", tx.actor().name);
            subscriptions::pause(tx, name, &reason)?;
            tx.publish(about, &Paused { name: own, reason }).map(drop)
        }
        Wish::Resume { .. } if there.paused.is_none() => Ok(()),
        Wish::Resume { skip } => {
            if skip {
                work.leave_out(tx, name)?;
                subscriptions::skip(tx, name, last)?;
            }
            subscriptions::resume(tx, name, epoch)?;
            tx.publish(about, &Resumed { name: own, skipped: skip }).map(drop)
        }
        Wish::Replay { after } if after > last => {
            let text = format!("The last event has the number {last}. Enter a number up to that.");
            Err(Error::invalid("out_of_range", text).on("/after"))
        }
        Wish::Replay { after } => {
            subscriptions::replay(tx, name, after)?;
            tx.publish(about, &Replayed { name: own, after }).map(drop)
        }
        Wish::Again => {
            let dead = jobs::dead_of_lane(tx, name, Timestamp(i64::MAX - 1), AGAIN_MAX)?;
            dead.iter().try_for_each(|id| jobs::retry(tx, *id))?;
            match dead.len() as u64 {
                0 => Ok(()),
                jobs => tx.publish(about, &Repeated { name: own, jobs }).map(drop),
            }
        }
    }
}

/// How many subscriptions without a page of their own stand still.
///
/// # Errors
/// Faults of the store only.
pub fn standing_still(s: &impl Read, work: &Work) -> Result<u64> {
    let mut still = 0;
    for (name, _) in subscriptions::all(s)?.into_iter().filter(|(_, one)| one.paused.is_some()) {
        still += u64::from(work.about_subscription(s, &name)?.page.is_none());
    }
    Ok(still)
}
