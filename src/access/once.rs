//! The same request twice gets the first answer: idempotency keys, kept in the transaction of their change.

use crate::access::Caller;
use crate::base::error::{Error, Result};
use crate::store::Tx;
use crate::web::conditional::etag_of;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Stripe's limit, which client libraries know.
const KEY_LEN_MAX: usize = 255;

/// A request that may come again.
#[derive(Clone, Debug)]
pub struct Once {
    /// Keys of different callers have nothing to do with each other.
    scope: String,
    key: Option<String>,
    /// Over method, path and body: the same key for something else is a mistake of the caller.
    hash: [u8; 32],
}

impl Once {
    /// For requests that must carry an `Idempotency-Key`.
    ///
    /// # Errors
    /// `idempotency_key_missing`, `idempotency_key_invalid`.
    pub fn required<P>(caller: &Caller<P>, request: &HttpRequest, body: &[u8]) -> Result<Self> {
        let once = Self::offered(caller, request, body)?;
        if once.key.is_none() {
            return Err(Error::invalid(
                "idempotency_key_missing",
                "Send an Idempotency-Key header, new for every order, so that a retry never makes a second one.",
            ));
        }
        Ok(once)
    }

    /// For requests that may carry one.
    ///
    /// # Errors
    /// `idempotency_key_invalid`.
    pub fn offered<P>(caller: &Caller<P>, request: &HttpRequest, body: &[u8]) -> Result<Self> {
        Self::offered_by(caller.actor().id, request, body)
    }

    /// The same for a caller who is known otherwise; `scope` keeps callers apart.
    ///
    /// # Errors
    /// `idempotency_key_invalid`.
    pub(super) fn offered_by(scope: String, request: &HttpRequest, body: &[u8]) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update([0]);
        hash.update(request.path());
        hash.update([0]);
        hash.update(body);
        Ok(Self { scope, key: key_of(request)?, hash: hash.finalize().into() })
    }

    /// Runs `op` unless this request was answered before; its answer is remembered with its change.
    ///
    /// # Errors
    /// Those of `op`, which then is not remembered; `idempotency_key_reused` for another request.
    pub fn run<T: Serialize>(
        &self,
        tx: &mut Tx<'_>,
        status: u16,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<FirstAnswer> {
        if let Some(key) = &self.key
            && let Some(first) = tx.replay(&self.scope, key, &self.hash)?
        {
            return Ok(FirstAnswer { status: first.status, body: first.body, replayed: true });
        }
        let value = op(tx)?;
        let body = serde_json::to_vec(&value).map_err(Error::internal)?;
        if let Some(key) = &self.key {
            tx.remember(&self.scope, key, &self.hash, status, &body)?;
        }
        Ok(FirstAnswer { status, body, replayed: false })
    }
}

fn key_of(request: &HttpRequest) -> Result<Option<String>> {
    let invalid = || {
        Error::invalid(
            "idempotency_key_invalid",
            format!("Send one Idempotency-Key of 1 to {KEY_LEN_MAX} visible ASCII characters."),
        )
    };
    let mut given = request.headers().get_all("idempotency-key");
    let Some(first) = given.next() else { return Ok(None) };
    let text = first.to_str().map_err(|e| invalid().because(e))?.trim();
    let fits = (1..=KEY_LEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits && given.next().is_none() { Ok(Some(text.to_owned())) } else { Err(invalid()) }
}

/// The answer that was given first, now or then.
#[derive(Clone, Debug)]
pub struct FirstAnswer {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
}

impl FirstAnswer {
    /// A text field of the answer's object.
    pub fn field(&self, name: &str) -> Option<String> {
        let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        value.get(name)?.as_str().map(str::to_owned)
    }

    /// The HTTP answer, byte for byte the first one; a replayed one says so.
    pub fn response(self, location: Option<String>) -> HttpResponse {
        let version = serde_json::from_slice::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|v| v.get("version").and_then(serde_json::Value::as_u64));
        let mut answer = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        answer.content_type("application/json");
        if let Some(version) = version {
            answer.insert_header(("etag", etag_of(version, &self.body)));
        }
        if let Some(location) = location {
            answer.insert_header(("location", location));
        }
        if self.replayed {
            // The names that Stripe's and the draft's client libraries look for.
            answer
                .insert_header(("idempotent-replayed", "true"))
                .insert_header(("idempotency-replayed", "true"));
        }
        answer.body(self.body)
    }
}
