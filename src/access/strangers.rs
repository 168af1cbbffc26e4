//! Origins whose pages were refused lately, so that the one that belongs to the shop is added without being typed. They are
//! held in memory alone: anybody may be refused as often as he likes.

use crate::access::key::KeyId;
use crate::base::origin;
use crate::base::time::Timestamp;
use std::sync::{Mutex, PoisonError};

/// How many are remembered; the one refused longest ago goes first.
const KEPT: usize = 8;

/// An origin that no key names, or not the one that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    pub(super) origin: String,
    /// The key that was shown. A browser that asks beforehand shows none.
    key: Option<KeyId>,
    pub(super) times: u64,
    pub(super) last_at: Timestamp,
}

/// Those that were refused since the program started.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<Vec<Stranger>>);

impl Strangers {
    /// Remembers a refusal; what is no origin of a web page is not worth it.
    pub(super) fn note(&self, said: &str, key: Option<KeyId>, now: Timestamp) {
        let Some(origin) = origin::parse(said).ok().filter(|origin| origin == said) else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|known| known.origin == origin && known.key == key);
        let times = known.map_or(0, |at| all.remove(at).times) + 1;
        all.insert(0, Stranger { origin, key, times, last_at: now });
        all.truncate(KEPT);
    }
    /// Those that may have meant this key and are none of its origins, the last refused first; each once.
    pub(super) fn of_key(&self, id: KeyId, origins: &[String]) -> Vec<Stranger> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Stranger> = Vec::new();
        for stranger in all.iter().filter(|s| s.key.is_none_or(|key| key == id)) {
            match found.iter_mut().find(|known| known.origin == stranger.origin) {
                Some(known) => known.times += stranger.times,
                None if origins.contains(&stranger.origin) => {}
                None => found.push(stranger.clone()),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_refused_last_comes_first_each_once_and_only_where_it_may_be_meant() {
        let (mine, other) = (KeyId([1; 16]), KeyId([2; 16]));
        let strangers = Strangers::default();
        let origins = |id| -> Vec<(String, u64)> {
            let known = ["https://known.example".to_owned()];
            strangers.of_key(id, &known).into_iter().map(|s| (s.origin, s.times)).collect()
        };
        strangers.note("https://a.example", None, Timestamp(1));
        strangers.note("https://b.example", Some(mine), Timestamp(2));
        strangers.note("https://known.example", None, Timestamp(3));
        strangers.note("https://a.example", Some(mine), Timestamp(4));
        assert_eq!(origins(mine), [("https://a.example".to_owned(), 2), ("https://b.example".to_owned(), 1)]);
        assert_eq!(origins(other), [("https://a.example".to_owned(), 1)]);
        for nonsense in ["null", "", "https://a.example/path", "javascript:alert(1)", "HTTPS://A.EXAMPLE"] {
            strangers.note(nonsense, None, Timestamp(5));
        }
        assert_eq!(origins(other).len(), 1, "what is no origin is not remembered");
        for n in 0..100 {
            strangers.note(&format!("https://s{n}.example"), None, Timestamp(6));
        }
        assert_eq!(origins(mine).len(), KEPT, "nobody fills the memory");
        assert_eq!(origins(mine)[0].0, "https://s99.example");
    }
}
