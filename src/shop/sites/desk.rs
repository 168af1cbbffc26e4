//! What pages, API and loops need of sites beside the store: who looks, and where may be looked.

use super::check::Checks;
use super::ops::Wanted;
use super::rounds::Rounds;
use super::take::{FirstCheck, Marketing, Statistics, Warnings};
use super::{model::SiteId, ops, own};
use crate::base::email;
use crate::base::error::{Checks as Rules, Result};
use crate::outbound::certificates::{Address, Prober, Settings};
use crate::outbound::webhooks::Guard;
use crate::store::{Actor, Store, Tx};
use crate::work::jobs::Worker;
use crate::work::subscriptions::Subscriber;
use std::sync::Arc;

pub const NOTE_MAX: usize = 200;
/// What is said of a consent that names no place.
const SOURCE: &str = "not said";

/// The sites of this shop. Cheap to clone.
#[derive(Clone)]
pub struct Sites(Arc<Inner>);

struct Inner {
    store: Store,
    prober: Prober,
    recheck_ms: i64,
    own: Option<Address>,
}

/// A site as somebody wrote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) address: String,
    pub(super) note: String,
    pub(super) email: String,
    pub(super) consent: bool,
    pub(super) source: String,
}

impl Sites {
    /// Sites as the configuration has them; `public_url` is the address people type for this shop.
    ///
    /// # Errors
    /// `invalid_setting`.
    pub fn new(store: &Store, settings: &Settings, guard: Guard, public_url: Option<&str>) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            store: store.clone(),
            prober: Prober::new(guard, settings)?,
            recheck_ms: settings.recheck_ms(),
            own: own::address(public_url),
        })))
    }
    /// Who does the work, for the loop of jobs.
    pub fn workers(&self) -> Vec<Arc<dyn Worker>> {
        vec![Arc::new(Checks::new(self.clone())), Arc::new(Rounds::new(self.0.store.clone()))]
    }
    /// Who follows events, for the loop of subscriptions.
    pub fn subscribers(&self) -> Vec<Arc<dyn Subscriber>> {
        vec![Arc::new(FirstCheck), Arc::new(Marketing), Arc::new(Statistics), Arc::new(Warnings)]
    }
    /// Before the loops start: the subscriptions are there, and the shop's own address is watched.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn settle(&self) -> Result<()> {
        let (own, last, epoch) = (self.0.own.clone(), self.0.store.last_seq(), self.0.store.epoch());
        let op = move |tx: &mut Tx<'_>| own::settle(tx, own.as_ref(), last, epoch);
        self.0.store.write_blocking(Actor::system("sites"), op)
    }
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }
    pub(super) fn prober(&self) -> &Prober {
        &self.0.prober
    }
    pub(super) fn recheck_ms(&self) -> i64 {
        self.0.recheck_ms
    }

    /// Holds a new site against the rules.
    ///
    /// # Errors
    /// `validation` with the fields.
    pub(super) fn checked(&self, wish: &Wish) -> Result<Wanted> {
        let mut rules = Rules::default();
        let address = rules.keep("/address", Address::read(&wish.address, self.0.prober.guard()));
        let email = match wish.email.trim() {
            "" => None,
            text => rules.keep("/email", email::parse(text)),
        };
        if wish.consent && wish.email.trim().is_empty() {
            rules.wrong("/email", "required", "Enter the e-mail address of who agreed.");
        }
        for (field, text) in [("/note", &wish.note), ("/consent_source", &wish.source)] {
            if text.trim().chars().count() > NOTE_MAX || text.trim().chars().any(char::is_control) {
                rules.wrong(field, "too_long", format!("Use one line of at most {NOTE_MAX} characters."));
            }
        }
        rules.finish()?;
        let source = Some(wish.source.trim()).filter(|text| !text.is_empty()).unwrap_or(SOURCE).to_owned();
        // Whatever keeps the address out is among the fields above.
        let address = address.unwrap_or_else(|| Address::of("", 0));
        let consent = wish.consent.then_some(source);
        Ok(Wanted { address, note: wish.note.trim().to_owned(), email, consent })
    }

    /// Adds a site that was held against the rules.
    ///
    /// # Errors
    /// `site_exists`, `too_many_sites`.
    pub(super) async fn add(&self, actor: Actor, new: Wanted) -> Result<SiteId> {
        self.0.store.write(actor, move |tx| ops::add(tx, &new)).await
    }
}
