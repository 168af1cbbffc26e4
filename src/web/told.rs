//! Records as they were told last: their JSON and its ETag, until something has happened in the shop.
//!
//! A web shop asks for the same orders again and again, far more often than one changes. What a record's JSON says depends on
//! other records too, such as whether its customer is new; so nothing is kept beyond the next event, whatever it is about.

use crate::base::error::{Error, Result};
use crate::web::conditional;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of JSON that are kept.
const BYTES_MAX: usize = 1 << 20;
/// What a record costs beside its JSON.
const ENTRY: usize = 256;

/// What a record is told as.
#[derive(Clone, Debug)]
struct Body {
    json: Bytes,
    etag: HeaderValue,
}

/// The records that were told last. Everybody who may read one is told the same.
#[derive(Debug, Default)]
pub struct Told(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The number of the last event when these were read.
    seq: u64,
    bytes: usize,
    /// By kind and by what was asked for: an id or a number.
    records: HashMap<(&'static str, String), Body>,
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // It is whole after every statement but the last of `keep`, which cannot panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn get(&self, key: &(&'static str, String), seq: u64) -> Option<Body> {
        let inner = self.lock();
        if inner.seq == seq { inner.records.get(key).cloned() } else { None }
    }
    fn keep(&self, key: (&'static str, String), seq: u64, body: &Body) {
        // A number may be asked for with any number of zeros before it.
        let size = body.json.len() + key.1.len() + ENTRY;
        let mut inner = self.lock();
        // Who was slower than an event does not throw away what was read behind it.
        if seq < inner.seq {
            return;
        }
        if inner.seq != seq || inner.bytes + size > BYTES_MAX {
            *inner = Inner { seq, ..Inner::default() };
        }
        if size <= BYTES_MAX && inner.records.insert(key, body.clone()).is_none() {
            inner.bytes += size;
        }
    }

    /// Answers with a record: with what was told of it at the same last event, or with what `read` gives now.
    ///
    /// `seq` has to be asked of the store before anything is read: what is read then is of that event or a later one.
    ///
    /// # Errors
    /// What `read` refuses.
    pub fn answer<T: Serialize>(
        &self,
        request: &HttpRequest,
        (kind, asked, seq): (&'static str, String, u64),
        read: impl FnOnce(&str) -> Result<(u64, T)>,
    ) -> Result<HttpResponse> {
        let key = (kind, asked);
        if let Some(body) = self.get(&key, seq) {
            return Ok(conditional::told(request, body.json, body.etag));
        }
        let (version, record) = read(&key.1)?;
        let json = conditional::json_of(&record)?;
        let etag = HeaderValue::try_from(conditional::etag_of(version, &json)).map_err(Error::internal)?;
        let body = Body { json: json.into(), etag };
        self.keep(key, seq, &body);
        Ok(conditional::told(request, body.json, body.etag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody as _;
    use actix_web::test::TestRequest;

    fn told(told: &Told, asked: &str, seq: u64, says: &str) -> String {
        let request = TestRequest::get().to_http_request();
        let record = |_: &str| Ok((1, says.to_owned()));
        let answer = told.answer(&request, ("order", asked.to_owned(), seq), record).unwrap();
        let body = answer.into_body().try_into_bytes().ok().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn a_record_is_told_again_until_something_has_happened() {
        let all = Told::default();
        assert_eq!(told(&all, "1", 5, "a"), "\"a\"");
        assert_eq!(told(&all, "1", 5, "b"), "\"a\"", "it was not read again");
        assert_eq!(told(&all, "2", 5, "c"), "\"c\"", "another record");
        assert_eq!(told(&all, "1", 6, "b"), "\"b\"", "something has happened");
        assert_eq!(all.lock().records.len(), 1, "what is older is given back");
        // A reader that was slower than the event does not bring the old one back for those who know of it.
        assert_eq!(told(&all, "1", 5, "a"), "\"a\"");
        assert_eq!(told(&all, "1", 6, "b"), "\"b\"");
    }

    #[test]
    fn only_so_much_is_kept_and_a_refusal_not_at_all() {
        let all = Told::default();
        let large = "x".repeat(BYTES_MAX / 3);
        for n in 0..10 {
            told(&all, &n.to_string(), 1, &large);
            let inner = all.lock();
            assert!(
                inner.bytes <= BYTES_MAX
                    && inner.records.values().map(|b| b.json.len()).sum::<usize>() <= inner.bytes
            );
        }
        told(&all, "11", 1, &"x".repeat(BYTES_MAX * 2));
        assert!(all.get(&("order", "11".to_owned()), 1).is_none());
        let request = TestRequest::get().to_http_request();
        let refused = all
            .answer::<()>(&request, ("order", "12".to_owned(), 1), |id| Err(Error::not_found("order", id)));
        assert_eq!(refused.unwrap_err().code, "not_found");
        assert!(all.get(&("order", "12".to_owned()), 1).is_none());
    }
}
