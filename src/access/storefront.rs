//! A request of the storefront: a page of the shop, anywhere on the web, with a publishable key and from one of its
//! origins. It is no person of the house: no cookie is read.

use crate::access::gate::{Access, Door, bearer, take};
use crate::access::key::{self, ApiKey};
use crate::access::known::Known;
use crate::access::once::Once;
use crate::base::error::{Error, Kind, Result};
use crate::base::origin;
use crate::base::time::Timestamp;
use crate::store::{Actor, ActorKind};
use crate::web::limits::RateState;
use crate::web::{Budget, Caller as Counted, Client, Fields, body, cors, json, request_id};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What a page of the shop sends: by script as JSON with the key in a header, or as a plain form with the key in the field
/// `key`, which goes without script.
///
/// 401 without a publishable key that works, 403 from an origin that the key does not name.
#[derive(Debug)]
pub struct Storefront<T> {
    /// What was sent.
    pub value: T,
    key: Arc<Known>,
    client: Client,
    bytes: Bytes,
    now: Timestamp,
    /// Of a form: where the browser is led afterwards.
    return_to: Option<String>,
    is_form: bool,
}

impl<T> Storefront<T> {
    /// The key it came with.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }
    /// Where it came from.
    pub fn client(&self) -> Client {
        self.client
    }
    /// When it came.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    /// Whether a browser sent a form and shows the answer to a person.
    pub fn is_form(&self) -> bool {
        self.is_form
    }
    /// The page a browser is led to after its form; one of an origin of the key.
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }
    /// The page as the one who does a change.
    pub fn actor(&self, request: &HttpRequest) -> Actor {
        let actor = Actor::new(ActorKind::Key, self.key.id.to_string(), self.key.name.clone());
        Actor { request_id: Some(request_id(request)), ..actor }
    }
    /// The idempotency key, if it carries one.
    ///
    /// # Errors
    /// `idempotency_key_invalid`.
    pub fn once(&self, request: &HttpRequest) -> Result<Once> {
        Once::offered_by(self.key.id.to_string(), request, &self.bytes)
    }
    /// Takes one from a budget of the address, and one from a budget of the key: in this order, so that one network that
    /// writes without end does not use up what all others have together. Of messages it has a quarter of that at most.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn charge(&self, request: &HttpRequest, of_address: Budget, of_key: Budget) -> Result<()> {
        take(request, of_address, Counted::At(self.client))?;
        let own = request.extensions().get::<RateState>().cloned();
        take(request, of_key, Counted::Id(self.key.id.0))?;
        // The headers of the answer tell what is left to this address.
        if let Some(own) = own {
            request.extensions_mut().insert(own);
        }
        Ok(())
    }
}

type Later<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for Storefront<T> {
    type Error = Error;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&request, payload).await })
    }
}

async fn read<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> Result<Storefront<T>> {
    let access = Access::of(request)?;
    let said = cors::origin(request);
    // Whoever may ask at all may read why not.
    if let Some(said) = said
        && access.store().read(|s| key::is_known_origin(s, said, access.now()))?
    {
        cors::allow(request, said);
    }
    let shown = request.headers().get(header::AUTHORIZATION);
    let shown = shown.map(|value| value.to_str().ok().and_then(bearer).unwrap_or_default().to_owned());
    if shown.is_some() {
        // The address was not counted before, because the request showed a key.
        take(request, Budget::Address, Counted::At(Client::of(request)))?;
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(FORM));
    // A key in the header is looked at before anything is read.
    let early = shown.as_deref().map(|secret| opened(access, request, secret, said)).transpose()?;
    if early.is_none() && !is_form {
        // Of another form no field is read, so the key in it is not what is missing.
        if kind.is_some() {
            body::expect_type(request, &[JSON, FORM])?;
        }
        return Err(no_key());
    }
    body::expect_type(request, &[JSON, FORM])?;
    let bytes = body::read(payload, body::length(request), json::LIMIT).await?;
    let mut fields = if is_form { Fields::of(&bytes)? } else { Fields(Vec::new()) };
    let in_form = fields.take("key");
    let key = match (early, in_form) {
        (Some(key), _) => key,
        (None, Some(secret)) => opened(access, request, secret.trim(), said)?,
        (None, None) => return Err(no_key()),
    };
    let return_to = fields.take("return_to").filter(|address| !address.is_empty());
    if let Some(address) = &return_to {
        require_own(&key, address)?;
    }
    let value = if is_form { fields.parse()? } else { json::parse(&bytes)? };
    let (client, now) = (Client::of(request), access.now());
    Ok(Storefront { value, key, client, bytes, now, return_to, is_form })
}

fn no_key() -> Error {
    let text =
        "Send a publishable key: Authorization: Bearer pk_live_…, or the key as the field key of a form.";
    Error::refuse(Kind::Unauthenticated, "unauthenticated", text)
}

/// The key with this secret, when pages of this origin may use it.
fn opened(access: &Access, request: &HttpRequest, secret: &str, said: Option<&str>) -> Result<Arc<Known>> {
    let key = access.working_key(secret, Door::Storefront)??;
    match said {
        Some(said) if key.is_for(said) => {}
        Some(said) => {
            tracing::warn!(key = %key.id, origin = shown(said), "a page of an origin that the key does not name");
            access.strangers().note(said, Some(key.id), access.now());
            return Err(cors::refused(said));
        }
        None => {
            let text = "The request does not say where it comes from. Browsers send the header Origin by themselves; \
                        another program sends one of the key's origins.";
            return Err(Error::refuse(Kind::Forbidden, "origin_missing", text));
        }
    }
    access.used(request, &key);
    Ok(key)
}

/// An address elsewhere would make of this shop a door that leads anywhere.
fn require_own(key: &ApiKey, address: &str) -> Result<()> {
    if origin::of_url(address).is_some_and(|origin| key.is_for(&origin)) {
        return Ok(());
    }
    let text = format!("return_to has to be a page of {}.", key.origins().join(" or "));
    Err(Error::invalid("invalid_return_to", text).on("/return_to"))
}

fn shown(origin: &str) -> String {
    crate::base::unseen::shown(origin, 120)
}

/// Answers a browser that asks whether a page of its origin may send something here.
///
/// # Errors
/// `origin_not_allowed` (403) when no publishable key names the origin.
pub fn preflight(request: &HttpRequest, methods: &'static str) -> Result<HttpResponse> {
    let access = Access::of(request)?;
    let said = cors::origin(request).unwrap_or_default();
    if !access.store().read(|s| key::is_known_origin(s, said, access.now()))? {
        tracing::warn!(
            origin = shown(said),
            "a page asked whether it may use the storefront, and no publishable key names its origin"
        );
        access.strangers().note(said, None, access.now());
        return Err(cors::refused(said));
    }
    Ok(cors::preflight(request, said, methods))
}
