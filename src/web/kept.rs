//! Pages that would come out the same again: kept until something they show has changed.
//!
//! Several people look at the same lists, and go back and forth between them, far more often than an order arrives.

use crate::web::assets::compressed;
use crate::web::shell::Shell;
use actix_web::web::Bytes;
use flate2::Compression;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Bytes of pages that are kept, as they are and compressed.
const BYTES_MAX: usize = 2 << 20;
/// A compressed page is about so much smaller.
const SMALLER: usize = 5;
/// How long one compresses a page that may be asked for once: the next level takes twice the time for a tenth of the bytes.
const LEVEL: Compression = Compression::new(2);

/// The numbers of the states that pages are made of: with the same ones a page is the same. The events of the store
/// come first; whatever changes what a page shows writes one.
pub type State = [u64; 2];

/// Everything about a request that its page depends on, but for the state of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// `None` for a page that is like no other: with a message of what has just been done.
    pub(super) fn of(template: &str, shell: &Shell, reader: &impl Serialize) -> Option<Self> {
        Self::of_list(template, shell, &shell.query, reader)
    }
    /// The same of an address with another query.
    pub(super) fn of_list(
        template: &str,
        shell: &Shell,
        query: &str,
        reader: &impl Serialize,
    ) -> Option<Self> {
        let bytes = serde_json::to_vec(&(template, shell.lasting(query)?, reader)).ok()?;
        Some(Self(Sha256::digest(&bytes).into()))
    }
}

/// A page that was made.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) html: Bytes,
    pub(super) etag: String,
    gzip: OnceLock<Option<Bytes>>,
}

impl Body {
    pub(super) fn new(html: String, etag: String) -> Self {
        Self { html: html.into(), etag, gzip: OnceLock::new() }
    }
    /// Compressed, at the first time somebody asks for it so.
    pub(super) fn gzip(&self) -> Option<&Bytes> {
        self.gzip.get_or_init(|| compressed(&self.html, LEVEL).ok().map(Bytes::from)).as_ref()
    }
    fn weight(&self) -> usize {
        self.html.len() + self.html.len() / SMALLER
    }
}

#[derive(Debug)]
struct Entry {
    key: Key,
    state: State,
    body: Arc<Body>,
}

/// The pages that were made last. All of them are of one state: an older one is never asked for again.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<VecDeque<Entry>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        // The list is whole after every statement, so a thread that died holding it left no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn get(&self, key: &Key, state: State) -> Option<Arc<Body>> {
        let entries = self.lock();
        let entry = entries.iter().find(|entry| entry.state == state && entry.key == *key)?;
        Some(Arc::clone(&entry.body))
    }
    pub(super) fn keep(&self, key: Key, state: State, body: &Arc<Body>) {
        let mut entries = self.lock();
        // Who was slower than an event does not throw away what was made behind it.
        let [seq, _] = state;
        if entries.iter().any(|entry| entry.state.first().is_some_and(|known| *known > seq)) {
            return;
        }
        entries.retain(|entry| entry.state == state && entry.key != key);
        entries.push_back(Entry { key, state, body: Arc::clone(body) });
        let mut weight: usize = entries.iter().map(|entry| entry.body.weight()).sum();
        while weight > BYTES_MAX
            && let Some(oldest) = entries.pop_front()
        {
            weight -= oldest.body.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;

    fn body(bytes: usize) -> Arc<Body> {
        Arc::new(Body::new("x".repeat(bytes), String::new()))
    }
    fn key(shell: &Shell) -> Option<Key> {
        Key::of("orders/list.html", shell, &"rights")
    }
    fn shell() -> Shell {
        Shell { toast: None, ..Shell::sample() }
    }

    #[test]
    fn a_page_is_kept_for_its_state_and_no_longer() {
        let (kept, key) = (Kept::default(), key(&shell()).unwrap());
        kept.keep(key.clone(), [1, 1], &body(10));
        assert!(kept.get(&key, [1, 1]).is_some());
        assert!(kept.get(&key, [2, 1]).is_none() && kept.get(&key, [1, 2]).is_none());
        kept.keep(key.clone(), [2, 1], &body(10));
        assert_eq!(kept.lock().len(), 1, "what is older is given back");
        kept.keep(key.clone(), [1, 9], &body(10));
        assert!(kept.get(&key, [2, 1]).is_some() && kept.get(&key, [1, 9]).is_none(), "a straggler");
    }

    #[test]
    fn only_so_much_is_kept() {
        let kept = Kept::default();
        let keys: Vec<Key> =
            (0..8).map(|n| key(&Shell { path: format!("/admin/orders/{n}"), ..shell() }).unwrap()).collect();
        for key in &keys {
            kept.keep(key.clone(), [1, 1], &body(BYTES_MAX / 3));
        }
        let there: Vec<bool> = keys.iter().map(|key| kept.get(key, [1, 1]).is_some()).collect();
        assert_eq!(there.iter().filter(|is| **is).count(), 2, "{there:?}");
        assert!(there[7], "the newest stays");
        kept.keep(keys[0].clone(), [1, 1], &body(2 * BYTES_MAX));
        assert!(kept.get(&keys[0], [1, 1]).is_none(), "one that is too large is not kept");
    }

    #[test]
    fn everything_that_changes_a_page_changes_its_key() {
        let same = key(&shell()).unwrap();
        let later = Timestamp(shell().now.0 + 1_000);
        assert_eq!(key(&Shell { now: later, request_id: "other".to_owned(), ..shell() }).unwrap(), same);
        let days_later = Timestamp(shell().now.0 + 86_400_000);
        for other in [
            Shell { query: "q=anna".to_owned(), ..shell() },
            Shell { path: "/admin/customers".to_owned(), ..shell() },
            Shell { user: None, ..shell() },
            Shell { nav: Vec::new(), ..shell() },
            Shell { zone: "Asia/Tokyo".to_owned(), ..shell() },
            Shell { fragment: !shell().fragment, ..shell() },
            Shell { compact: !shell().compact, ..shell() },
            Shell { now: days_later, ..shell() },
        ] {
            assert_ne!(key(&other).unwrap(), same, "{other:?}");
        }
        assert_ne!(Key::of("orders/list.html", &shell(), &"other rights").unwrap(), same);
        // An asked text may name moments, such as the last two hours.
        let minutes_later = Timestamp(shell().now.0 + 61_000);
        let asked = |now| key(&Shell { query: "q=placed:-2h".to_owned(), now, ..shell() }).unwrap();
        assert_ne!(asked(shell().now), asked(minutes_later));
        let told = Some(crate::web::Toast::ok("Saved."));
        assert_eq!(key(&Shell { toast: told, ..shell() }), None);
    }
}
