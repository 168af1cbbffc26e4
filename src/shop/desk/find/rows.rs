//! What was made of records that were found lately: the newest are found again with every letter that is typed.

use super::row::Hit;
use crate::access::Shop;
use crate::base::error::{Error, Result};
use crate::base::time::Zone;
use crate::search::{Doc, Search};
use crate::store::Store;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records that are kept; each takes some four kilobytes.
const KEPT: usize = 256;

/// A record that is found: kind, id, and whether who asks sees prices.
pub(super) type Key = (&'static str, [u8; 16], bool);

/// A hit without its reasons, and the texts that reasons are looked for in.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) hit: Hit,
    pub(super) doc: Doc,
}

/// What the box asks, as handlers take it.
pub(super) struct Parts {
    pub(super) store: web::Data<Store>,
    pub(super) search: web::Data<Search>,
    pub(super) shop: web::Data<Shop>,
    pub(super) rows: web::Data<Rows>,
}

impl FromRequest for Parts {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        fn part<T: 'static>(request: &HttpRequest) -> Result<web::Data<T>> {
            let part = request.app_data::<web::Data<T>>().cloned();
            part.ok_or_else(|| Error::internal("the app lacks a part of the box"))
        }
        let parts = || {
            let (store, search) = (part(request)?, part(request)?);
            Ok(Self { store, search, shop: part(request)?, rows: part(request)? })
        };
        ready(parts())
    }
}

/// Those of one state of the shop: with the next event they are made anew. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Rows(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    seq: u64,
    /// Days are written in it.
    zone: String,
    made: HashMap<Key, Arc<Made>>,
}

/// The same for one search: `seq` was the number of the last event before anything was read.
pub(super) struct Asked<'a> {
    rows: Option<&'a Rows>,
    seq: u64,
    zone: String,
}

impl<'a> Asked<'a> {
    pub(super) fn new(rows: Option<&'a Rows>, seq: u64, zone: &Zone) -> Self {
        Self { rows, seq, zone: zone.name() }
    }
    fn lock(&self) -> Option<MutexGuard<'a, Inner>> {
        self.rows.map(|rows| rows.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Made>> {
        let inner = self.lock()?;
        let is_same = inner.seq == self.seq && inner.zone == self.zone;
        if is_same { inner.made.get(key).cloned() } else { None }
    }
    pub(super) fn keep(&self, key: Key, made: &Arc<Made>) {
        let Some(mut inner) = self.lock() else { return };
        if inner.seq != self.seq || inner.zone != self.zone || inner.made.len() >= KEPT {
            *inner = Inner { seq: self.seq, zone: self.zone.clone(), made: HashMap::new() };
        }
        inner.made.insert(key, Arc::clone(made));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_of_one_state_and_one_zone() {
        let rows = Rows::default();
        let asked = |seq, zone: &str| Asked::new(Some(&rows), seq, &Zone::named(zone).unwrap());
        let made = |title: &str| {
            let hit = Hit::new("order", &"ord_1", title.to_owned(), &[], None);
            Arc::new(Made { hit, doc: Doc::new("order", [1; 16], 0) })
        };
        let key = ("order", [1; 16], true);
        asked(1, "UTC").keep(key, &made("a"));
        assert_eq!(asked(1, "UTC").get(&key).unwrap().hit.title, "a");
        assert!(asked(1, "UTC").get(&("order", [1; 16], false)).is_none(), "who sees no prices");
        assert!(asked(2, "UTC").get(&key).is_none() && asked(1, "Asia/Tokyo").get(&key).is_none());
        asked(2, "UTC").keep(key, &made("b"));
        assert!(asked(1, "UTC").get(&key).is_none());
        for n in 0..=u8::MAX {
            asked(2, "UTC").keep(("order", [n; 16], true), &made("c"));
        }
        assert!(rows.0.lock().unwrap().made.len() <= KEPT);
        assert!(Asked::new(None, 1, &Zone::utc()).get(&key).is_none());
    }
}
