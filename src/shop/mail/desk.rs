//! What pages, API and loops need of mail beside the store: the server, how long a mail is held, where the pages are.

use super::deliver::Deliveries;
use super::take::Notices;
use crate::outbound::smtp::Server;
use crate::store::Store;
use crate::work::jobs::Worker;
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
}

impl Post {
    /// Mail by a server, if there is one; `base` is the address people type for this shop.
    pub fn new(store: &Store, server: Option<Server>, hold_seconds: u32, base: Option<&str>) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            server,
            hold_ms: i64::from(hold_seconds) * 1_000,
            base: base.unwrap_or_default().trim_end_matches('/').to_owned(),
        }))
    }
    /// Who sends mails, for the loop of jobs.
    pub fn worker(&self) -> Arc<dyn Worker> {
        Arc::new(Deliveries::new(self.clone()))
    }
    /// Who turns events into mails, for the loop of subscriptions.
    pub fn subscriber(&self) -> Arc<dyn Subscriber> {
        Arc::new(Notices { hold_ms: self.0.hold_ms })
    }
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }
    /// The server; `None` while none is configured.
    pub(super) fn server(&self) -> Option<&Server> {
        self.0.server.as_ref()
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
