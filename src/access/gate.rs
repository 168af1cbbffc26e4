//! Who is at the door: the session or key of a request, looked up once and anew for every request.

use crate::access::hasher::Hasher;
use crate::access::key;
use crate::access::known::{Keys, Known};
use crate::access::reveal::Reveals;
use crate::access::session::{self, Session, SessionId};
use crate::access::settings::Settings;
use crate::access::staff::{self, StaffMember};
use crate::access::strangers::Strangers;
use crate::access::token::{self, TokenHash};
use crate::access::{Rights, cookies};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Actor, ActorKind, Store};
use crate::web::{Budget, Caller as Counted, Client, Limits, Who, request_id};
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, web};
use std::rc::Rc;
use std::sync::Arc;

/// What this floor needs for every request. Cheap to clone; one in the app's data.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Store,
    settings: Settings,
    https: bool,
    hasher: Hasher,
    reveals: Reveals,
    strangers: Strangers,
    keys: Keys,
}

impl Access {
    /// `https`: whether people reach the shop by HTTPS; cookies are bound to it then.
    ///
    /// # Errors
    /// `invalid_setting`; `Internal` when no thread can be started.
    pub fn new(store: Store, settings: Settings, https: bool) -> Result<Self> {
        settings.check()?;
        let (hasher, reveals, strangers) = (Hasher::start()?, Reveals::default(), Strangers::default());
        let keys = Keys::of(&store);
        Ok(Self(Arc::new(Inner { store, settings, https, hasher, reveals, strangers, keys })))
    }
    pub fn store(&self) -> &Store {
        &self.0.store
    }
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }
    pub(super) fn https(&self) -> bool {
        self.0.https
    }
    /// Origins that were refused lately.
    pub(super) fn strangers(&self) -> &Strangers {
        &self.0.strangers
    }
    /// Keeps a secret to be shown once, to this session alone; gives the ticket for the address of the page.
    pub fn reveal_later(&self, session: SessionId, secret: String) -> String {
        self.0.reveals.keep(session, secret)
    }
    /// The secret of a ticket, once.
    pub fn revealed(&self, session: SessionId, ticket: &str) -> Option<String> {
        self.0.reveals.take(session, ticket)
    }
    /// The floor of a request.
    ///
    /// # Errors
    /// `Internal` when the app was put together without it.
    pub fn of(request: &HttpRequest) -> Result<&Self> {
        let found = request.app_data::<web::Data<Self>>();
        found.map(|data| data.get_ref()).ok_or_else(|| Error::internal("the app has no Access data"))
    }

    /// Who has opened the session of this request. Read once a request and remembered with it.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn visitor(&self, request: &HttpRequest) -> Result<Rc<Visitor>> {
        if let Some(known) = request.extensions().get::<Rc<Visitor>>() {
            return Ok(Rc::clone(known));
        }
        let visitor = Rc::new(self.look_up(request)?);
        if let Visitor::Live(live) = visitor.as_ref() {
            request.extensions_mut().insert(Who(live.person.id.to_string().into()));
            self.touch_session(live);
        }
        request.extensions_mut().insert(Rc::clone(&visitor));
        Ok(visitor)
    }

    fn look_up(&self, request: &HttpRequest) -> Result<Visitor> {
        let Some(sid) = cookies::session(request, self.https()) else { return Ok(Visitor::Nobody) };
        self.visitor_by(token::hash(&sid))
    }

    /// Who a session belongs to, now.
    pub(super) fn visitor_by(&self, token: TokenHash) -> Result<Visitor> {
        let now = self.now();
        self.store().read(|s| {
            let Some(session) = session::find(s, &token)? else { return Ok(Visitor::Nobody) };
            let Some(person) = staff::find(s, session.staff)? else { return Ok(Visitor::Nobody) };
            let is_live = person.active && session.is_live(now, self.settings());
            let live = Live { person, session, token };
            Ok(if is_live { Visitor::Live(live) } else { Visitor::Ended(live) })
        })
    }

    /// Writes the use of a session down, behind the answer: nobody waits for it, and it may fail.
    fn touch_session(&self, live: &Live) {
        if live.session.is_due(self.now()) {
            let (store, token) = (self.store().clone(), live.token);
            tokio::spawn(async move {
                let _later = store.write(Actor::system("access"), move |tx| session::touch(tx, &token)).await;
            });
        }
    }

    /// The API key of a request; `None` when it carries none. Nothing of it is ever logged.
    ///
    /// # Errors
    /// `key_in_address` (400), `invalid_key`, `wrong_key_kind` (401), `too_many_requests` (429).
    pub(super) fn key(&self, request: &HttpRequest) -> Result<Option<Arc<Known>>> {
        refuse_key_in_address(request)?;
        let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
        let secret = header.to_str().ok().and_then(bearer).unwrap_or_default();
        let key = match self.working_key(secret, Door::BackOffice)? {
            Ok(key) => key,
            Err(refusal) => {
                // The address was not counted before, because the request showed a key.
                take(request, Budget::Address, Counted::At(Client::of(request)))?;
                return Err(refusal);
            }
        };
        take(request, Budget::Key, Counted::Id(key.id.0))?;
        self.used(request, &key);
        Ok(Some(key))
    }

    /// The key with this secret, if it works and is of the kind that opens this door; else why not.
    pub(super) fn working_key(
        &self,
        secret: &str,
        door: Door,
    ) -> Result<std::result::Result<Arc<Known>, Error>> {
        let refuse = |code, text| Ok(Err(Error::refuse(Kind::Unauthenticated, code, text)));
        let Some(key) = self.0.keys.find(self.store(), secret)? else {
            return refuse("invalid_key", door.unknown());
        };
        if key.is_publishable() != (door == Door::Storefront) {
            return refuse("wrong_key_kind", door.wrong_kind());
        }
        match key.refusal(self.now()) {
            Some(text) => refuse("invalid_key", text),
            None => Ok(Ok(key)),
        }
    }

    /// Notes on the request whose it is, and in the store that the key is in use.
    pub(super) fn used(&self, request: &HttpRequest, key: &Known) {
        request.extensions_mut().insert(Who(Arc::clone(&key.name_in_log)));
        self.touch_key(key, Client::of(request));
    }

    fn touch_key(&self, key: &Known, client: Client) {
        if key.is_due(self.now()) {
            let (store, id, network) = (self.store().clone(), key.id, client.shortened().to_string());
            let keys = self.0.keys.clone();
            tokio::spawn(async move {
                let _later =
                    store.write(Actor::system("access"), move |tx| key::touch(tx, id, &network)).await;
                // It writes no event.
                keys.forget();
            });
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.store().clock().now()
    }
}

/// Who came with a session.
#[derive(Clone, Debug)]
pub enum Visitor {
    Nobody,
    /// Signed in.
    Live(Live),
    /// Was signed in. Opens nothing; a form that was being written belongs to this account.
    Ended(Live),
}

/// A session with its person.
#[derive(Clone, Debug)]
pub struct Live {
    pub person: StaffMember,
    pub session: Session,
    pub token: TokenHash,
}

impl Live {
    /// The person as the one who does a change.
    pub fn actor(&self, request: &HttpRequest) -> Actor {
        let actor = Actor::new(ActorKind::Staff, self.person.id.to_string(), self.person.name.clone());
        Actor { request_id: Some(request_id(request)), ..actor }
    }
    pub fn rights(&self) -> Rights {
        self.person.role.rights()
    }
}

/// Takes one request from a budget, where the app has limits.
pub(super) fn take(request: &HttpRequest, budget: Budget, caller: Counted) -> Result<()> {
    match request.app_data::<web::Data<Limits>>() {
        Some(limits) => limits.take(request, budget, caller),
        None => Ok(()),
    }
}

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    BackOffice,
    Storefront,
}

impl Door {
    fn unknown(self) -> &'static str {
        match self {
            Self::BackOffice => "This is no API key of this shop. Send Authorization: Bearer sk_live_…",
            Self::Storefront => {
                "This is no publishable key of this shop. Send Authorization: Bearer pk_live_…, or the key as the field key of a form."
            }
        }
    }
    fn wrong_kind(self) -> &'static str {
        match self {
            Self::BackOffice => {
                "This is a publishable key, for pages of the shop: it opens /store/ alone. Here a secret key is needed: Authorization: Bearer sk_live_…"
            }
            Self::Storefront => {
                "This is a secret key, which must never stand in a page: revoke it if it does. Here a publishable key is needed: Authorization: Bearer pk_live_…"
            }
        }
    }
}

/// The secret behind `Bearer`.
pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, secret) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Addresses end up in logs and histories: a secret in one is refused, so that the caller learns it.
fn refuse_key_in_address(request: &HttpRequest) -> Result<()> {
    let planted = |text: &str| text.contains(token::KEY_PREFIX);
    let mut pairs = [request.path(), request.query_string()].into_iter().flat_map(crate::web::query::pairs);
    if pairs.any(|(name, value)| planted(&name) || planted(&value)) {
        let text = "Send the API key in the header Authorization: Bearer …, never in the address. \
                    Addresses are logged on the way: revoke this key.";
        return Err(Error::invalid("key_in_address", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_bearer_is_a_key() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer"), None);
        assert_eq!(bearer(""), None);
    }

    #[test]
    fn a_key_in_the_address_is_refused_however_it_is_written() {
        let written = [
            "/api/v1/orders?key=sk_live_abc",
            "/api/v1/orders?a=b&sk%5Flive_x",
            "/api/v1/sk_live_x",
            "/api/v1/orders/sk%5Flive_x",
        ];
        for uri in written {
            let error = refuse_key_in_address(&TestRequest::with_uri(uri).to_http_request()).unwrap_err();
            assert_eq!(error.code, "key_in_address", "{uri}");
        }
        assert!(refuse_key_in_address(&TestRequest::with_uri("/x?q=sk_lives").to_http_request()).is_ok());
    }
}
