//! The subscriptions of the shop on a page and for programs: who reads the event log, how far each is, what it could not
//! take; paused, set going, set back. A webhook has a page of its own, and is looked after there.

mod api;
mod ops;
mod pages;

pub use api::{ApiDocs, routes as api_routes};
pub use ops::{EVENTS, standing_still};
pub use pages::routes;

use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::{Read, Store, events};
use crate::work::Work;
use crate::work::jobs;
use crate::work::subscriptions::{self, About, Subscription};

/// Work of a subscription is counted so far.
const COUNTED_MAX: u64 = 1_000;

/// A subscription with all that is known of it.
struct Whole {
    name: String,
    about: About,
    subscription: Subscription,
    /// Up to which event it has read.
    place: u64,
    /// Events behind that, wanted or not.
    lag: u64,
    /// When the event at its place happened.
    at: Option<Timestamp>,
    /// What follows from its events and is to be done, counted up to a thousand.
    waiting: u64,
    /// What was given up, counted up to a thousand.
    failed: u64,
}

impl Whole {
    fn of(s: &impl Read, work: &Work, name: String, subscription: Subscription, last: u64) -> Result<Self> {
        let place = work.place_of(&name, &subscription);
        let most = usize::try_from(COUNTED_MAX).unwrap_or(usize::MAX);
        Ok(Self {
            about: work.about_subscription(s, &name)?,
            place,
            lag: last.saturating_sub(place),
            at: events::get(s, place)?.map(|event| event.at),
            waiting: jobs::waiting_of_lane(s, &name, COUNTED_MAX)?,
            failed: jobs::dead_of_lane(s, &name, Timestamp(i64::MAX - 1), most)?.len() as u64,
            subscription,
            name,
        })
    }
    /// By its name.
    ///
    /// # Errors
    /// `not_found`.
    fn get(store: &Store, work: &Work, name: &str) -> Result<Self> {
        let last = store.last_seq();
        store.read(|s| Self::of(s, work, name.to_owned(), subscriptions::get(s, name)?, last))
    }
    /// All of them: the program's own first, then those with pages of their own.
    ///
    /// # Errors
    /// Faults of the store only.
    fn all(store: &Store, work: &Work) -> Result<Vec<Self>> {
        let last = store.last_seq();
        let mut all = store.read(|s| {
            let all = subscriptions::all(s)?.into_iter();
            all.map(|(name, one)| Self::of(s, work, name, one, last)).collect::<Result<Vec<_>>>()
        })?;
        all.sort_by_key(|one| (one.about.page.is_some(), one.about.title.clone()));
        Ok(all)
    }
}
