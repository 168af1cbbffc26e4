//! What pages, API and loops need of mail beside the store: the server, the mailbox of what comes back, how long a mail is
//! held, where the pages are.

use super::deliver::Deliveries;
use super::returned;
use super::settings;
use super::take::Notices;
use crate::base::error::Result;
use crate::outbound::mailbox::Mailbox;
use crate::outbound::smtp::Server;
use crate::store::{Actor, Store};
use crate::work::jobs::Worker;
use crate::work::schedules::Plan;
use crate::work::subscriptions::Subscriber;
use std::sync::Arc;

/// The mail of this shop. Cheap to clone.
#[derive(Clone)]
pub struct Post(Arc<Inner>);

struct Inner {
    store: Store,
    server: Option<Server>,
    hold_ms: i64,
    base: String,
    mailbox: Option<Mailbox>,
}

impl Post {
    /// Mail by a server, if there is one; `base` is the address people type for this shop.
    pub fn new(store: &Store, server: Option<Server>, hold_seconds: u32, base: Option<&str>) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            server,
            hold_ms: i64::from(hold_seconds) * 1_000,
            base: base.unwrap_or_default().trim_end_matches('/').to_owned(),
            mailbox: None,
        }))
    }
    /// The same with a mailbox that is read for what comes back.
    #[must_use]
    pub fn reading(self, mailbox: Option<Mailbox>) -> Self {
        let Inner { store, server, hold_ms, base, .. } = &*self.0;
        let (store, server, base) = (store.clone(), server.clone(), base.clone());
        Self(Arc::new(Inner { store, server, hold_ms: *hold_ms, base, mailbox }))
    }
    /// Who sends mails and reads what comes back, for the loop of jobs.
    pub fn workers(&self) -> Vec<Arc<dyn Worker>> {
        let rounds = returned::Rounds::new(self.0.store.clone(), self.0.mailbox.clone());
        vec![Arc::new(Deliveries::new(self.clone())), Arc::new(rounds)]
    }
    /// When the mailbox is read; `None` where there is none.
    pub fn plan(&self) -> Option<Plan> {
        self.0.mailbox.as_ref().map(|_| returned::plan(&self.0.store))
    }
    /// Who turns events into mails, for the loop of subscriptions.
    pub fn subscriber(&self) -> Arc<dyn Subscriber> {
        Arc::new(Notices { hold_ms: self.0.hold_ms })
    }
    /// Before the loops start: the subscription follows what this version tells of.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn settle(&self) -> Result<()> {
        self.0.store.write_blocking(Actor::system("mailer"), settings::settle)
    }
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }
    /// The server; `None` while none is configured.
    pub(super) fn server(&self) -> Option<&Server> {
        self.0.server.as_ref()
    }
    /// The mailbox of what comes back; `None` while none is configured.
    pub(super) fn mailbox(&self) -> Option<&Mailbox> {
        self.0.mailbox.as_ref()
    }
    /// How long a mail waits before it is sent.
    pub(super) fn hold_ms(&self) -> i64 {
        self.0.hold_ms
    }
    /// The same in seconds, for people.
    pub fn hold_seconds(&self) -> i64 {
        self.0.hold_ms / 1_000
    }
    pub(super) fn base(&self) -> &str {
        &self.0.base
    }
}
