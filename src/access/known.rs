//! Keys that came lately, read once: a program shows the same one with every request.
//!
//! Nothing is ever told by an older record: what changes a key writes an event, and the hook of the commit forgets all of
//! them before the change is answered.

use crate::access::key::{self, ApiKey, KeyId};
use crate::access::permission::Rights;
use crate::access::token::{self, TokenHash};
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::store::Store;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

/// A key with what is made of its record.
#[derive(Debug)]
pub(super) struct Known {
    key: ApiKey,
    pub(super) rights: Rights,
    /// Its id as text: it names it in the log.
    pub(super) name_in_log: Arc<str>,
}

impl Deref for Known {
    type Target = ApiKey;
    fn deref(&self) -> &ApiKey {
        &self.key
    }
}

/// The keys by the hash of their secret. A shop has at most a thousand.
#[derive(Clone, Default)]
pub(super) struct Keys(Arc<RwLock<Inner>>);

#[derive(Default)]
struct Inner {
    known: HashMap<TokenHash, Arc<Known>>,
    /// How often all were forgotten.
    times: u64,
}

impl Keys {
    /// Those of a store, which forget themselves.
    pub(super) fn of(store: &Store) -> Self {
        let keys = Self::default();
        let own = keys.clone();
        store.on_commit(Box::new(move |committed| {
            if committed.iter().any(|c| c.subjects.iter().any(|subject| subject.kind == KeyId::PREFIX)) {
                own.forget();
            }
        }));
        keys
    }
    pub(super) fn forget(&self) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.known.clear();
        inner.times += 1;
    }
    /// The key with this secret. A mistyped one is recognised without the store.
    ///
    /// # Errors
    /// Faults of the store only.
    pub(super) fn find(&self, store: &Store, secret: &str) -> Result<Option<Arc<Known>>> {
        if !token::has_form(secret) {
            return Ok(None);
        }
        let hash = token::hash(secret);
        let times = {
            let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = inner.known.get(&hash) {
                return Ok(Some(Arc::clone(known)));
            }
            inner.times
        };
        let Some(key) = store.read(|s| key::find_by_secret(s, secret))? else { return Ok(None) };
        let known = Arc::new(Known { rights: key.rights(), name_in_log: key.id.to_string().into(), key });
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // What was read before a change that was announced meanwhile may be older than it.
        if inner.times == times {
            inner.known.insert(hash, Arc::clone(&known));
        }
        Ok(Some(known))
    }
}
