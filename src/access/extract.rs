//! Who may call a handler, said in its signature: `Staff<P>` for pages, `Caller<P>` for the API, `Public` for all.

use crate::access::gate::{Access, Live, Visitor, take};
use crate::access::known::Known;
use crate::access::permission::{self, Permission, Rights};
use crate::access::role::Role;
use crate::access::session::Session;
use crate::access::staff::{self, Granter, StaffId, StaffMember};
use crate::access::standing::{Credential, Standing};
use crate::access::token::TokenHash;
use crate::access::turn_away;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Actor, ActorKind};
use crate::web::{Budget, Caller as Counted, Shell, ShellMaker, request_id};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::{Either, Ready, ready};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

/// A signed-in member of staff who has the permission `P`, for pages.
///
/// Nobody signed in: 303 to the sign-in page, where a form that was sent waits to be sent again. Without the
/// permission: a page that names it and who can give it.
pub struct Staff<P> {
    live: Live,
    request_id: String,
    now: Timestamp,
    permission: PhantomData<fn() -> P>,
}

impl<P> Staff<P> {
    /// Who it is.
    pub fn person(&self) -> &StaffMember {
        &self.live.person
    }
    /// The session the request came with.
    pub fn session(&self) -> &Session {
        &self.live.session
    }
    pub(super) fn token(&self) -> &TokenHash {
        &self.live.token
    }
    pub fn role(&self) -> Role {
        self.live.person.role
    }
    pub fn rights(&self) -> Rights {
        self.live.rights()
    }
    /// Whether the person also has the permission with this word.
    pub fn may(&self, word: &str) -> bool {
        self.rights().may(word)
    }
    /// Refuses unless the person has all of these permissions too.
    ///
    /// # Errors
    /// `forbidden`, naming the first that is missing.
    pub fn require_all(&self, words: impl Iterator<Item = &'static str>) -> Result<()> {
        match words.into_iter().find(|word| !self.may(word)) {
            None => Ok(()),
            Some(word) => {
                let text = format!("Your role does not have the permission {word}. An owner can give it.");
                Err(Error::refuse(Kind::Forbidden, "forbidden", text))
            }
        }
    }
    /// Takes one from a budget of this person.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn charge(&self, request: &HttpRequest, budget: Budget) -> Result<()> {
        take(request, budget, Counted::Id(self.live.person.id.0))
    }
    /// The person as the one who does a change.
    pub fn actor(&self) -> Actor {
        let person = &self.live.person;
        let actor = Actor::new(ActorKind::Staff, person.id.to_string(), person.name.clone());
        Actor { request_id: Some(self.request_id.clone()), ..actor }
    }
    /// The person as the one who manages staff or keys.
    pub fn granter(&self) -> Granter {
        Granter { staff: Some(self.live.person.id), rights: self.rights() }
    }
    /// When the request came.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    /// What surrounds the page; the same as the extractor `Shell` gives.
    ///
    /// # Errors
    /// Those of the floors that fill it.
    pub fn shell(&self, request: &HttpRequest) -> Result<Shell> {
        match request.app_data::<web::Data<ShellMaker>>() {
            Some(maker) => maker.make(request),
            None => Err(Error::internal("the app has no ShellMaker")),
        }
    }
}

type Later<T> = Pin<Box<dyn Future<Output = std::result::Result<T, actix_web::Error>>>>;
type Now<T> = Ready<std::result::Result<T, actix_web::Error>>;

impl<P> Staff<P> {
    /// The same, as the handler's permission says it.
    fn retyped<Q>(self) -> Staff<Q> {
        let Self { live, request_id, now, permission: _ } = self;
        Staff { live, request_id, now, permission: PhantomData }
    }
}

impl<P: Permission> FromRequest for Staff<P> {
    type Error = actix_web::Error;
    type Future = Either<Now<Self>, Later<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match admission(request, payload, Asked::of::<P>()) {
            Admission::Known(staff) => Either::Left(ready(staff.map(|staff| staff.retyped()))),
            Admission::Unknown(turned_away) => Either::Right(Box::pin(async move { Err(turned_away.await) })),
        }
    }
}

/// What a handler asks of who calls it, as a value: what follows is made once and not for every permission.
#[derive(Clone, Copy)]
struct Asked {
    word: &'static str,
    before_own_password: bool,
}

impl Asked {
    fn of<P: Permission>() -> Self {
        Self { word: P::WORD, before_own_password: P::BEFORE_OWN_PASSWORD }
    }
}

enum Admission {
    Known(std::result::Result<Box<Staff<()>>, actix_web::Error>),
    /// Nobody is signed in: the answer that says so.
    Unknown(Pin<Box<dyn Future<Output = actix_web::Error>>>),
}

#[inline(never)]
fn admission(request: &HttpRequest, payload: &mut Payload, asked: Asked) -> Admission {
    let visitor = Access::of(request).and_then(|access| access.visitor(request));
    match visitor {
        Ok(visitor) => match visitor.as_ref() {
            Visitor::Live(live) => Admission::Known(admitted(request, live, asked).map(Box::new).map_err(
                |error| match error.code {
                    OWN_PASSWORD_FIRST => turn_away::to_own_password(request, error),
                    _ => error.into(),
                },
            )),
            Visitor::Ended(_) | Visitor::Nobody => {
                let (request, payload) = (request.clone(), payload.take());
                Admission::Unknown(Box::pin(async move {
                    turn_away::to_sign_in(&request, payload, visitor.as_ref()).await
                }))
            }
        },
        Err(error) => Admission::Known(Err(error.into())),
    }
}

fn admitted(request: &HttpRequest, live: &Live, asked: Asked) -> Result<Staff<()>> {
    let access = Access::of(request)?;
    if live.person.password_is_temporary && !asked.before_own_password {
        return Err(own_password_first());
    }
    if !live.rights().may(asked.word) {
        return Err(missing_permission(access, asked.word)?);
    }
    Ok(Staff {
        live: live.clone(),
        request_id: request_id(request),
        now: access.now(),
        permission: PhantomData,
    })
}

const OWN_PASSWORD_FIRST: &str = "own_password_first";

fn own_password_first() -> Error {
    let text = "Your password was made by somebody else. Choose your own first, under My account.";
    Error::refuse(Kind::Forbidden, OWN_PASSWORD_FIRST, text)
}

/// Says which permission is missing and who can give it.
fn missing_permission(access: &Access, word: &str) -> Result<Error> {
    let owners = access.store().read(staff::owner_names)?;
    let who = match owners.as_slice() {
        [] => "An owner".to_owned(),
        [one] => format!("{one} (owner)"),
        [one, two] => format!("{one} or {two} (owners)"),
        [one, two, ..] => format!("{one}, {two} or another owner"),
    };
    let label = permission::find(word).map_or(word, |p| p.label);
    let text = format!("You need the permission “{label}” ({word}). {who} can give it to you.");
    Ok(Error::refuse(Kind::Forbidden, "missing_permission", text))
}

/// A program with an API key that has the scope `P`, or a member of staff with the permission, for the API.
///
/// 401 and 403 are problem documents that name the missing scope. With an `Authorization` header no cookie is read.
pub struct Caller<P> {
    credential: Credential,
    whose: Whose,
    request_id: String,
    rights: Rights,
    now: Timestamp,
    granter: Granter,
    permission: PhantomData<fn() -> P>,
}

impl<P> Caller<P> {
    /// The same, as the handler's permission says it.
    fn retyped<Q>(self) -> Caller<Q> {
        let Self { credential, whose, request_id, rights, now, granter, permission: _ } = self;
        Caller { credential, whose, request_id, rights, now, granter, permission: PhantomData }
    }
    /// The caller as the one who does a change. Its `id` keeps the idempotency keys of callers apart.
    pub fn actor(&self) -> Actor {
        let actor = match &self.whose {
            Whose::Key(key) => Actor::new(ActorKind::Key, key.id.to_string(), key.name.clone()),
            Whose::Person(person) => Actor::new(ActorKind::Staff, person.id.to_string(), person.name.clone()),
        };
        Actor { request_id: Some(self.request_id.clone()), ..actor }
    }
    /// Takes one from a further budget of the key or the person; the headers of the answer tell of that one then.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn charge(&self, request: &HttpRequest, budget: Budget) -> Result<()> {
        let id = match &self.whose {
            Whose::Key(key) => key.id.0,
            Whose::Person(person) => person.id.0,
        };
        take(request, budget, Counted::Id(id))
    }
    pub fn rights(&self) -> Rights {
        self.rights
    }
    /// Whether the caller also has the permission with this word.
    pub fn may(&self, word: &str) -> bool {
        self.rights.may(word)
    }
    /// Whether it is a person's session, and not the key of a program.
    pub fn is_person(&self) -> bool {
        matches!(self.credential, Credential::Session(_))
    }
    /// The person, where it is one's session.
    pub fn person(&self) -> Option<StaffId> {
        self.granter.staff
    }
    /// The caller as the one who manages staff or keys.
    pub fn granter(&self) -> Granter {
        self.granter
    }
    /// When the request came.
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// Whose call it is; most only read, and nobody asks.
enum Whose {
    Key(Arc<Known>),
    Person(Box<StaffMember>),
}

impl<P: Permission> Caller<P> {
    /// What a long answer asks from time to time: whether the caller may still have it.
    ///
    /// # Errors
    /// `Internal` when the app was put together without this floor.
    pub fn standing(&self, request: &HttpRequest) -> Result<Standing> {
        Ok(Standing::new(Access::of(request)?.clone(), self.credential, P::WORD))
    }
}

impl<P: Permission> FromRequest for Caller<P> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(called(request, Asked::of::<P>()).map(Caller::retyped))
    }
}

#[inline(never)]
fn called(request: &HttpRequest, asked: Asked) -> Result<Caller<()>> {
    let access = Access::of(request)?;
    match access.key(request)? {
        Some(key) => by_key(request, access, key, asked),
        None => by_session(request, access, asked),
    }
}

fn by_key(request: &HttpRequest, access: &Access, key: Arc<Known>, asked: Asked) -> Result<Caller<()>> {
    let rights = key.rights;
    if !rights.may(asked.word) {
        let text = format!("This API key lacks the scope {}.", asked.word);
        return Err(Error::refuse(Kind::Forbidden, "missing_scope", text));
    }
    let (granter, now) = (Granter { staff: None, rights }, access.now());
    let (credential, request_id) = (Credential::Key(key.id), request_id(request));
    Ok(Caller {
        credential,
        whose: Whose::Key(key),
        request_id,
        rights,
        now,
        granter,
        permission: PhantomData,
    })
}

fn by_session(request: &HttpRequest, access: &Access, asked: Asked) -> Result<Caller<()>> {
    let visitor = access.visitor(request)?;
    let Visitor::Live(live) = visitor.as_ref() else {
        let text =
            format!("Send an API key with the scope {}: Authorization: Bearer sk_live_…", scope(asked.word));
        return Err(Error::refuse(Kind::Unauthenticated, "unauthenticated", text));
    };
    take(request, Budget::Key, Counted::Id(live.person.id.0))?;
    if live.person.password_is_temporary && !asked.before_own_password {
        return Err(own_password_first());
    }
    if !live.rights().may(asked.word) {
        return Err(missing_permission(access, asked.word)?);
    }
    let rights = live.rights();
    let granter = Granter { staff: Some(live.person.id), rights };
    let (credential, now) = (Credential::Session(live.token), access.now());
    let (whose, request_id) = (Whose::Person(Box::new(live.person.clone())), request_id(request));
    Ok(Caller { credential, whose, request_id, rights, now, granter, permission: PhantomData })
}

fn scope(word: &'static str) -> &'static str {
    if word.is_empty() { "it needs" } else { word }
}

/// Says that a handler is open to everybody on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl FromRequest for Public {
    type Error = std::convert::Infallible;
    type Future = Ready<std::result::Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self))
    }
}
