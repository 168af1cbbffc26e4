//! Signing in: budget, password, session, in an order in which nobody learns which accounts there are.

use crate::access::budget::{self, By};
use crate::access::events::{SignInFailed, SignedIn};
use crate::access::gate::{Access, take};
use crate::access::password::Password;
use crate::access::session::{self, Ending};
use crate::access::staff::{self, Credential, StaffId, StaffMember};
use crate::access::token::{self, TokenHash};
use crate::access::{cookies, device};
use crate::base::error::{Error, Kind, Result};
use crate::store::{Actor, ActorKind, Subject, Tx};
use crate::web::{Budget, Caller as Counted, Client, request_id};
use actix_web::HttpRequest;
use actix_web::http::header;

/// Where an attempt comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    client: Client,
    /// The browser, in short.
    device: String,
    /// The token of a browser that may be known.
    known: Option<TokenHash>,
    /// The session the browser still has; it is replaced.
    old: Option<TokenHash>,
    request_id: String,
}

impl Origin {
    pub(super) fn of(request: &HttpRequest, access: &Access) -> Self {
        let agent = request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        Self {
            client: Client::of(request),
            device: device::name(agent.unwrap_or_default()),
            known: cookies::device(request, access.https()).map(|t| token::hash(&t)),
            old: cookies::session(request, access.https()).map(|t| token::hash(&t)),
            request_id: request_id(request),
        }
    }
    fn network(&self) -> String {
        self.client.shortened().to_string()
    }
    fn actor(&self, person: &StaffMember) -> Actor {
        let actor = Actor::new(ActorKind::Staff, person.id.to_string(), person.name.clone());
        Actor { request_id: Some(self.request_id.clone()), ..actor }
    }
}

/// An opened door: what the browser gets.
pub(super) struct Opened {
    pub(super) person: StaffMember,
    /// For the cookies.
    pub(super) session: String,
    pub(super) device: String,
}

/// What is known of an attempt once it was charged.
struct Charged {
    by: Vec<By>,
    person: Option<(StaffMember, Credential)>,
}

/// Signs somebody in.
///
/// # Errors
/// `wrong_sign_in` (401), the same for an unknown address, a wrong password and an account that was deactivated;
/// `too_many_attempts` (429) and `sign_in_busy` (503) with the seconds to wait.
pub(super) async fn sign_in(
    access: &Access,
    request: &HttpRequest,
    email: &str,
    password: Password,
) -> Result<Opened> {
    let origin = Origin::of(request, access);
    // A place first: an attempt that is sent away because of the crowd costs nobody a try.
    let place = access.hasher().place()?;
    let known = access.store().read(|s| known_device(s, email, &origin, access))?;
    let counted = match known {
        Some([a, b, c, d, e, f, g, h, ..]) => Counted::Id([0, 0, 0, 0, 0, 0, 0, 1, a, b, c, d, e, f, g, h]),
        None => Counted::At(origin.client),
    };
    take(request, Budget::SignIn, counted)?;
    let charged = charge(access, email, &origin).await?;
    // An account that may not sign in costs the same time as any other.
    let stored = charged.person.as_ref().filter(|(p, _)| p.active).map(|(_, c)| c.hash.clone());
    let verdict = place.verify(password.clone(), stored.clone()).await?;
    let (Some((person, _)), true, Some(verified)) = (&charged.person, verdict.right, stored) else {
        note_failure(access, &charged, &origin);
        return Err(wrong());
    };
    let opened = open(access, origin, person.id, verified.clone(), charged.by.clone()).await?;
    if verdict.stale {
        rehash(access, person.id, password, verified);
    }
    Ok(opened)
}

/// The one answer for everything that is wrong.
fn wrong() -> Error {
    Error::refuse(Kind::Unauthenticated, "wrong_sign_in", "E-mail or password is wrong.")
}

/// The token of the browser, when this person has signed in from it.
fn known_device(
    r: &impl crate::store::Read,
    email: &str,
    origin: &Origin,
    access: &Access,
) -> Result<Option<TokenHash>> {
    let (Some(person), Some(device)) = (staff::find_by_email(r, email)?, origin.known) else {
        return Ok(None);
    };
    Ok(session::knows_device(r, &device, person.id, access.now())?.then_some(device))
}

/// Charges the attempt before the password is looked at; refuses it when it comes too early.
async fn charge(access: &Access, email: &str, origin: &Origin) -> Result<Charged> {
    let (email, origin, access_again) = (email.to_owned(), origin.clone(), access.clone());
    let charged = access
        .store()
        .write(Actor::system("sign-in"), move |tx| {
            let person = match staff::find_by_email(tx, &email)? {
                Some(person) => staff::credential(tx, person.id)?.map(|c| (person, c)),
                None => None,
            };
            let by = match known_device(tx, &email, &origin, &access_again)? {
                Some(device) => vec![By::Device(device)],
                None => vec![By::Account(email.clone()), By::Network(origin.client.network())],
            };
            Ok(match budget::charge(tx, &by)? {
                Some(wait) => Err(wait),
                None => Ok(Charged { by, person }),
            })
        })
        .await?;
    charged.map_err(budget::too_early)
}

/// Writes the failure into the log of an account that exists; behind the answer, so that its time tells nothing.
fn note_failure(access: &Access, charged: &Charged, origin: &Origin) {
    if let Some((person, _)) = &charged.person {
        let (store, subject) = (access.store().clone(), Subject::of(&person.id));
        let event = SignInFailed { device: origin.device.clone(), network: origin.network() };
        let actor = Actor { request_id: Some(origin.request_id.clone()), ..Actor::system("sign-in") };
        tokio::spawn(async move {
            if let Err(error) = store.write(actor, move |tx| tx.publish(subject, &event)).await {
                tracing::warn!(code = error.code, "a failed sign-in could not be written down");
            }
        });
    }
}

/// Opens the session in one transaction, if what was verified still holds in it.
async fn open(access: &Access, origin: Origin, id: StaffId, verified: String, by: Vec<By>) -> Result<Opened> {
    let person = access.store().read(|s| staff::get(s, id))?;
    let (sid, device) = (token::new_token(), token::new_token());
    let (sid_hash, device_hash) = (token::hash(&sid), token::hash(&device));
    let settings = access.settings().clone();
    let opened = access
        .store()
        .write_small(origin.actor(&person), move |tx| {
            let still =
                staff::get(tx, id)?.active && staff::credential(tx, id)?.is_some_and(|c| c.hash == verified);
            if !still {
                return Err(wrong());
            }
            budget::clear(tx, &by)?;
            enter(tx, &origin, id, (&sid_hash, &device_hash), &settings)
        })
        .await?;
    Ok(Opened { person: opened, session: sid, device })
}

/// Opens a session for somebody who has proved who he is; the old one of this browser ends.
fn enter(
    tx: &mut Tx<'_>,
    origin: &Origin,
    id: StaffId,
    (sid, device): (&TokenHash, &TokenHash),
    settings: &crate::access::Settings,
) -> Result<StaffMember> {
    if let Some(old) = &origin.old {
        session::end(tx, old, Ending::Replaced)?;
    }
    session::start(tx, id, sid, &origin.device, &origin.network(), settings)?;
    session::remember_device(tx, origin.known.as_ref(), device, id)?;
    let event = SignedIn { device: origin.device.clone(), network: origin.network() };
    tx.publish(Subject::of(&id), &event)?;
    staff::signed_in(tx, id)
}

/// Signs in the owner who was made in the same transaction: for the first set-up.
pub(super) async fn sign_in_new(
    access: &Access,
    request: &HttpRequest,
    make: impl Fn(&mut Tx<'_>) -> Result<StaffMember> + Send + 'static,
) -> Result<Opened> {
    let origin = Origin::of(request, access);
    let (sid, device) = (token::new_token(), token::new_token());
    let (sid_hash, device_hash) = (token::hash(&sid), token::hash(&device));
    let settings = access.settings().clone();
    let actor = Actor { request_id: Some(request_id(request)), ..Actor::system("setup") };
    let person = access
        .store()
        .write(actor, move |tx| {
            let person = make(tx)?;
            enter(tx, &origin, person.id, (&sid_hash, &device_hash), &settings)
        })
        .await?;
    Ok(Opened { person, session: sid, device })
}

/// Makes a hash of today's cost, behind the answer.
fn rehash(access: &Access, id: StaffId, password: Password, old: String) {
    let (store, hasher) = (access.store().clone(), access.hasher().clone());
    tokio::spawn(async move {
        let Ok(new) = hasher.rehash(password).await else { return };
        let _later = store.write(Actor::system("access"), move |tx| staff::rehash(tx, id, &old, &new)).await;
    });
}
