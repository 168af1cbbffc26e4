//! My account: name, colours, time zone, keys; password; where I am signed in.

use super::sign_in::{Wish, wished};
use super::{Result, again, is_for_the_form};
use crate::access::budget::{self, By};
use crate::access::cookies;
use crate::access::events::SessionsEnded;
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::may::OwnAccount;
use crate::access::password::Password;
use crate::access::profile::Shop;
use crate::access::session::{self, Ending, SessionId};
use crate::access::staff::{self, Preferences, StaffMember, ThemeChoice};
use crate::access::token;
use crate::base::error::{Error, Kind};
use crate::base::time::Timestamp;
use crate::store::Subject;
use crate::web::flash::see_other;
use crate::web::parts::{Choice, FormErrors};
use crate::web::routing;
use crate::web::{Form, Page, Pages, PathId, Query, Shell, Toast};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const PATH: &str = "/admin/account";

pub(super) fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource(PATH).route(routing::get().to(show)).route(routing::post().to(save)))
        .service(routing::resource("/admin/account/password").route(routing::post().to(change_password)))
        .service(
            routing::resource("/admin/account/sessions/end-others").route(routing::post().to(end_others)),
        )
        .service(routing::resource("/admin/account/sessions/{id}/end").route(routing::post().to(end_one)));
}

/// Every time zone there is, by name.
pub(super) fn zones() -> Vec<String> {
    let mut zones: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    zones.retain(|name| {
        name == "UTC" || (name.contains('/') && !name.starts_with("Etc/") && !name.starts_with("SystemV/"))
    });
    zones
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    theme: ThemeChoice,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    compact: bool,
    #[serde(default)]
    keys: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    password: String,
    /// Where somebody goes on who had to choose one first; empty for nowhere in particular.
    #[serde(default)]
    next: String,
}

#[derive(Serialize)]
struct AccountPage {
    name: String,
    email: String,
    role: &'static str,
    role_says: &'static str,
    theme: &'static str,
    themes: Vec<Choice>,
    zone: String,
    zones: Vec<Choice>,
    compact: bool,
    keys: bool,
    password_is_temporary: bool,
    /// Where it goes on once there is an own password.
    next: String,
    sessions: Vec<SessionRow>,
    others: usize,
    errors: Option<FormErrors>,
    password_errors: Option<FormErrors>,
}

/// A session as its owner sees it.
#[derive(Serialize)]
struct SessionRow {
    id: String,
    device: String,
    network: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    is_this: bool,
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "access/account.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let at = Timestamp(1_790_000_000_000);
        Self {
            name: evil.clone(),
            email: "anna@example.com".to_owned(),
            role: "Owner",
            role_says: "Everything.",
            theme: "dark",
            themes: themes(),
            zone: "Europe/Berlin".to_owned(),
            zones: zone_choices(),
            compact: true,
            keys: true,
            password_is_temporary: true,
            next: "/admin/orders?q=\"><script>alert(1)</script>".to_owned(),
            sessions: vec![SessionRow {
                id: "ses_1".to_owned(),
                device: evil,
                network: "203.0.113.0".to_owned(),
                created_at: at,
                last_seen_at: at,
                is_this: false,
            }],
            others: 1,
            errors: Some(FormErrors::of(&Error::invalid("x", "Enter a name.").on("/name"))),
            password_errors: Some(FormErrors::of(&Error::invalid("x", "Too short.").on("/password"))),
        }
    }
}

fn themes() -> Vec<Choice> {
    vec![Choice::new("system", "As the system"), Choice::new("light", "Light"), Choice::new("dark", "Dark")]
}

fn zone_choices() -> Vec<Choice> {
    zones().into_iter().map(|zone| Choice::new(zone.clone(), zone.replace('_', " "))).collect()
}

fn page_of(access: &Access, staff: &Staff<OwnAccount>, person: &StaffMember) -> Result<AccountPage> {
    let now = staff.now();
    let sessions = access.store().read(|s| session::list(s, person.id, now, access.settings()))?;
    let sessions: Vec<SessionRow> = sessions
        .into_iter()
        .map(|(token, session)| SessionRow {
            id: session.id.to_string(),
            device: session.device,
            network: session.network,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            is_this: token == *staff.token(),
        })
        .collect();
    let preferences = &person.preferences;
    Ok(AccountPage {
        name: person.name.clone(),
        email: person.email.clone(),
        role: person.role.label(),
        role_says: person.role.sentence(),
        theme: preferences.theme.word(),
        themes: themes(),
        zone: preferences.zone.clone().unwrap_or_default(),
        zones: zone_choices(),
        compact: preferences.compact,
        keys: !preferences.no_keys,
        password_is_temporary: person.password_is_temporary,
        next: String::new(),
        others: sessions.iter().filter(|s| !s.is_this).count(),
        sessions,
        errors: None,
        password_errors: None,
    })
}

async fn show(
    staff: Staff<OwnAccount>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    wish: Query<Wish>,
) -> Result<HttpResponse> {
    let next = wish.0.next.unwrap_or_default();
    pages.show(&shell, &AccountPage { next, ..page_of(&access, &staff, staff.person())? })
}

async fn save(
    staff: Staff<OwnAccount>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let id = staff.person().id;
    let preferences =
        Preferences { theme: typed.theme, zone: typed.zone, compact: typed.compact, no_keys: !typed.keys };
    let (name, wanted) = (typed.name.clone(), preferences.clone());
    match access.store().write(staff.actor(), move |tx| staff::change_self(tx, id, &name, &wanted)).await {
        Ok(person) => {
            let mut answer = see_other(PATH, Some(Toast::ok("Saved.")))?;
            for cookie in &cookies::display(&person.preferences) {
                answer.add_cookie(cookie).map_err(Error::internal)?;
            }
            Ok(answer)
        }
        Err(error) if is_for_the_form(&error) => {
            let person = StaffMember { name: typed.name, preferences, ..staff.person().clone() };
            let page =
                AccountPage { errors: Some(FormErrors::of(&error)), ..page_of(&access, &staff, &person)? };
            again(&pages, &shell, &page, &error)
        }
        Err(error) => Err(error),
    }
}

async fn change_password(
    staff: Staff<OwnAccount>,
    access: web::Data<Access>,
    shop: web::Data<Shop>,
    pages: web::Data<Pages>,
    shell: Shell,
    Form(typed): Form<NewPassword>,
) -> Result<HttpResponse> {
    match replace_password(&staff, &access, &shop, &typed).await {
        Ok(new_token) => {
            let text = "Your password was changed. Everywhere else you have to sign in again.";
            let to = if typed.next.is_empty() { PATH.to_owned() } else { wished(Some(&typed.next)) };
            let mut answer = see_other(&to, Some(Toast::ok(text)))?;
            let cookie = cookies::set_session(new_token, access.https(), access.settings());
            answer.add_cookie(&cookie).map_err(Error::internal)?;
            Ok(answer)
        }
        Err(error) if is_for_the_form(&error) => {
            let page = AccountPage {
                password_errors: Some(FormErrors::of(&error)),
                next: typed.next,
                ..page_of(&access, &staff, staff.person())?
            };
            again(&pages, &shell, &page, &error)
        }
        Err(error) => Err(error),
    }
}

/// Checks the present password, sets the new one, ends every other session and gives this one a new token.
async fn replace_password(
    staff: &Staff<OwnAccount>,
    access: &Access,
    shop: &Shop,
    typed: &NewPassword,
) -> Result<String> {
    let person = staff.person();
    let id = person.id;
    let current = Password::new(&typed.current_password)
        .map_err(|e| Error::invalid(e.code, e.message).on("/current_password"))?;
    let place = access.hasher().place()?;
    // Whoever found an open browser must not guess on, and must not use up the tries of the sign-in page.
    let by = [By::Device(*staff.token())];
    let charging = by.clone();
    let charged = access
        .store()
        .write(staff.actor(), move |tx| {
            Ok((budget::charge(tx, &charging)?, staff::credential(tx, id)?.map(|c| c.hash)))
        })
        .await?;
    if let Some(wait) = charged.0 {
        return Err(budget::too_early(wait));
    }
    if !place.verify(current, charged.1.clone()).await?.right {
        let text = "This is not your present password.";
        return Err(Error::invalid("wrong_password", text).on("/current_password"));
    }
    // A right password is no guess, whatever becomes of the new one.
    access.store().write(staff.actor(), move |tx| budget::clear(tx, &by)).await?;
    let words = vec![shop.profile().name, person.name.clone(), person.email.clone()];
    let hash = access.hasher().hash(Password::new(&typed.password)?, words).await?;
    let (old, new) = (*staff.token(), token::new_token());
    let (granter, new_hash) = (staff.granter(), token::hash(&new));
    access
        .store()
        .write(staff.actor(), move |tx| {
            // Another window may have changed it in between.
            if staff::credential(tx, id)?.map(|c| c.hash) != charged.1 {
                return Err(Error::conflict("version_mismatch", "The password was changed in the meantime."));
            }
            staff::set_password(tx, &granter, id, &hash, false, Some(&old))?;
            session::renew(tx, &old, &new_hash)
        })
        .await?;
    Ok(new)
}

async fn end_one(
    staff: Staff<OwnAccount>,
    access: web::Data<Access>,
    PathId(id): PathId<SessionId>,
) -> Result<HttpResponse> {
    let person = staff.person().id;
    let ended = access
        .store()
        .write(staff.actor(), move |tx| {
            let ended = session::end_one(tx, person, id)?;
            if ended {
                tx.publish(Subject::of(&person), &SessionsEnded { sessions_ended: 1 })?;
            }
            Ok(ended)
        })
        .await?;
    if !ended {
        return Err(Error::refuse(Kind::NotFound, "not_found", "This session has ended already."));
    }
    see_other(PATH, Some(Toast::ok("The session was ended.")))
}

async fn end_others(staff: Staff<OwnAccount>, access: web::Data<Access>) -> Result<HttpResponse> {
    let (person, keep) = (staff.person().id, *staff.token());
    let sessions_ended = access
        .store()
        .write(staff.actor(), move |tx| {
            let sessions_ended = session::end_all(tx, person, Some(&keep), Ending::Ended)?;
            tx.publish(Subject::of(&person), &SessionsEnded { sessions_ended })?;
            Ok(sessions_ended)
        })
        .await?;
    let text = match sessions_ended {
        1 => "One other session was ended.".to_owned(),
        many => format!("{many} other sessions were ended."),
    };
    see_other(PATH, Some(Toast::ok(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders() {
        let html = renders::<AccountPage>();
        assert!(html.contains("Europe&#x2f;Berlin") && html.contains("autocomplete=\"new-password\""));
    }

    #[test]
    fn zones_are_those_people_know() {
        let zones = zones();
        for zone in ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"] {
            assert!(zones.iter().any(|z| z == zone), "{zone}");
        }
        assert!(!zones.iter().any(|z| z.starts_with("Etc/")));
    }
}
