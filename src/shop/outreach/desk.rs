//! What pages and API need of webhooks beside the store: where may be sent to, which kinds there are.

use super::deliver::{Again, Deliveries, Notices};
use super::kinds::Kinds;
use super::model::Endpoint;
use super::ops::Checked;
use crate::base::error::{Checks, Error, Result};
use crate::outbound::webhooks::{Guard, Sender, Settings};
use crate::store::Store;
use crate::work::Work;
use crate::work::jobs::Worker;
use crate::work::subscriptions::Subscriber;
use std::sync::Arc;

pub const NOTE_MAX: usize = 200;
pub const KINDS_MAX: usize = 100;

/// The webhooks of this shop. Cheap to clone.
#[derive(Clone)]
pub struct Outreach {
    sender: Sender,
    kinds: Kinds,
    /// What follows a commit: woken when something was made that no event tells of.
    pub work: Work,
}

/// Who else does jobs and follows events.
pub type Others = (Vec<Arc<dyn Worker>>, Vec<Arc<dyn Subscriber>>);

impl Outreach {
    /// Webhooks with the work that carries them out, and what others have done by the same loops.
    ///
    /// # Errors
    /// `invalid_setting`.
    pub fn new(store: &Store, settings: &Settings, kinds: Kinds, others: Others) -> Result<Self> {
        let sender = Sender::new(Guard::new(settings.networks()?));
        let deliveries = Deliveries::new(store.clone(), sender.clone());
        let again = Again::new(store.clone());
        let (mut workers, mut subscribers) = others;
        workers.extend([Arc::new(deliveries) as Arc<dyn Worker>, Arc::new(again)]);
        subscribers.push(Arc::new(Notices));
        let work = Work::new(store.clone(), workers, subscribers);
        Ok(Self { sender, kinds, work })
    }

    /// The kinds there are.
    pub fn kinds(&self) -> &[(&'static str, &'static str)] {
        &self.kinds.0
    }

    /// Holds what somebody wants against the rules: all fields of a new endpoint, those given of one that is there.
    ///
    /// # Errors
    /// `validation` with the fields.
    pub(super) fn checked(&self, wish: &Wish, of: Option<&Endpoint>) -> Result<Checked> {
        let mut checks = Checks::default();
        let is_new = of.is_none();
        let url = match &wish.url {
            None if !is_new => None,
            given => checks
                .keep("/url", self.sender.guard().read(given.as_deref().unwrap_or_default()))
                .map(|address| address.text().to_owned()),
        };
        let kinds = match &wish.kinds {
            None if !is_new => None,
            given => {
                let mut kinds: Vec<String> =
                    given.iter().flatten().map(|k| k.trim().to_owned()).filter(|k| !k.is_empty()).collect();
                kinds.sort_unstable();
                kinds.dedup();
                if kinds.is_empty() {
                    checks.wrong("/kinds", "required", "Choose the events to send, or everything (*).");
                } else if kinds.len() > KINDS_MAX {
                    checks.wrong(
                        "/kinds",
                        "too_many",
                        format!("Choose at most {KINDS_MAX} kinds of events."),
                    );
                }
                checks.keep("/kinds", self.kinds.require(&kinds)).map(|()| kinds)
            }
        };
        let note = wish.note.as_deref().map(str::trim);
        if note.is_some_and(|note| note.chars().count() > NOTE_MAX || note.chars().any(char::is_control)) {
            checks.wrong("/note", "too_long", format!("Use one line of at most {NOTE_MAX} characters."));
        }
        checks.finish()?;
        Ok(Checked { url, kinds, note: note.map(str::to_owned) })
    }

    /// Whether an error belongs beside the form that caused it.
    pub(super) fn is_for_the_form(error: &Error) -> bool {
        use crate::base::error::Kind;
        matches!(error.kind, Kind::Invalid | Kind::Conflict)
    }
}

/// What somebody wants of an endpoint, as it was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) url: Option<String>,
    pub(super) kinds: Option<Vec<String>>,
    pub(super) note: Option<String>,
}
