//! Staff: who works here, with which role; add, change the role, shut out, let in again.

use super::{Result, again, is_for_the_form, never_kept};
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::may::ManageStaff;
use crate::access::password::Password;
use crate::access::permission::PERMISSIONS;
use crate::access::profile::Shop;
use crate::access::role::Role;
use crate::access::session;
use crate::access::staff::{self, NewStaff, StaffId, StaffMember};
use crate::access::token;
use crate::base::time::Timestamp;
use crate::store::{Subject, events};
use crate::web::flash::see_other;
use crate::web::parts::{Badge, Entry, Fill, FormErrors, Tone};
use crate::web::routing;
use crate::web::{Form, Page, Pages, PathId, Query, Shell, Toast};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const PATH: &str = "/admin/staff";
/// Entries of the timeline on a person's page.
const TIMELINE: usize = 30;

pub(super) fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource(PATH).route(routing::get().to(list)).route(routing::post().to(add)))
        .service(routing::resource("/admin/staff/new").route(routing::get().to(new)))
        .service(routing::resource("/admin/staff/{id}").route(routing::get().to(show)))
        .service(routing::resource("/admin/staff/{id}/role").route(routing::post().to(set_role)))
        .service(routing::resource("/admin/staff/{id}/deactivate").route(routing::post().to(deactivate)))
        .service(routing::resource("/admin/staff/{id}/activate").route(routing::post().to(activate)))
        .service(routing::resource("/admin/staff/{id}/end-sessions").route(routing::post().to(end_sessions)))
        .service(
            routing::resource("/admin/staff/{id}/reset-password").route(routing::post().to(reset_password)),
        );
}

/// A role as a choice, with what it may do.
#[derive(Serialize)]
struct RoleChoice {
    value: &'static str,
    label: &'static str,
    sentence: &'static str,
    may: Vec<&'static str>,
}

fn roles() -> Vec<RoleChoice> {
    let may = |role: &Role| PERMISSIONS.iter().filter(|p| role.may(p.word)).map(|p| p.label).collect();
    Role::ALL
        .iter()
        .map(|r| RoleChoice { value: r.word(), label: r.label(), sentence: r.sentence(), may: may(r) })
        .collect()
}

/// A person as a row of the list.
#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    badge: Badge,
    last_sign_in_at: Option<Timestamp>,
    sessions: usize,
    is_me: bool,
}

fn badge(person: &StaffMember) -> Badge {
    match (person.active, person.last_sign_in_at) {
        (false, _) => Badge::new("Deactivated", Tone::Still, Fill::Empty),
        (true, None) => Badge::new("Never signed in", Tone::Warn, Fill::Half),
        (true, Some(_)) => Badge::new("Active", Tone::Ok, Fill::Full),
    }
}

#[derive(Serialize)]
struct ListPage {
    rows: Vec<Row>,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "access/staff_list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            rows: vec![Row {
                id: "stf_1".to_owned(),
                name: "<script>alert(1)</script>".to_owned(),
                email: "anna@example.com".to_owned(),
                role: "Owner",
                badge: Badge::new("Active", Tone::Ok, Fill::Full),
                last_sign_in_at: None,
                sessions: 2,
                is_me: true,
            }],
        }
    }
}

async fn list(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
) -> Result<HttpResponse> {
    let (now, settings) = (me.now(), access.settings());
    let rows = access.store().read(|s| {
        let mut rows = Vec::new();
        for person in staff::list(s)? {
            rows.push(Row {
                id: person.id.to_string(),
                role: person.role.label(),
                badge: badge(&person),
                last_sign_in_at: person.last_sign_in_at,
                sessions: session::list(s, person.id, now, settings)?.len(),
                is_me: person.id == me.person().id,
                name: person.name,
                email: person.email,
            });
        }
        Ok(rows)
    })?;
    pages.show(&shell, &ListPage { rows })
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    /// Empty: one is made.
    #[serde(default)]
    password: String,
}

#[derive(Serialize)]
struct NewPage {
    name: String,
    email: String,
    role: String,
    roles: Vec<RoleChoice>,
    errors: Option<FormErrors>,
}

impl Page for NewPage {
    const TEMPLATE: &'static str = "access/staff_new.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            name: "<script>alert(1)</script>".to_owned(),
            email: String::new(),
            role: "packer".to_owned(),
            roles: roles(),
            errors: Some(FormErrors::of(
                &crate::base::error::Error::invalid("x", "Enter a name.").on("/name"),
            )),
        }
    }
}

async fn new(_me: Staff<ManageStaff>, pages: web::Data<Pages>, shell: Shell) -> Result<HttpResponse> {
    let role = Role::Support.word().to_owned();
    let page = NewPage { name: String::new(), email: String::new(), role, roles: roles(), errors: None };
    pages.show(&shell, &page)
}

async fn add(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    shop: web::Data<Shop>,
    pages: web::Data<Pages>,
    shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    match added(&me, &access, &shop, &typed).await {
        Ok((person, generated)) => {
            let text = format!("{} can sign in now.", person.name);
            see_other(
                &with_secret(&me, &access, person.id, generated),
                Some(Toast::ok(text).saved("staff-new")),
            )
        }
        Err(error) if is_for_the_form(&error) => {
            let errors = Some(FormErrors::of(&error));
            let page =
                NewPage { name: typed.name, email: typed.email, role: typed.role, roles: roles(), errors };
            again(&pages, &shell, &page, &error)
        }
        Err(error) => Err(error),
    }
}

async fn added(
    me: &Staff<ManageStaff>,
    access: &Access,
    shop: &Shop,
    typed: &Typed,
) -> Result<(StaffMember, Option<String>)> {
    let role = Role::parse(&typed.role)?;
    let new = NewStaff { name: typed.name.clone(), email: typed.email.clone(), role };
    let words = vec![shop.profile().name, new.name.clone(), new.email.clone()];
    let (hash, generated) = hashed(access, &typed.password, words).await?;
    let granter = me.granter();
    let person =
        access.store().write(me.actor(), move |tx| staff::add(tx, &granter, &new, &hash, true)).await?;
    Ok((person, generated))
}

/// The hash of the typed password, or of a new one, which is given too.
async fn hashed(access: &Access, typed: &str, words: Vec<String>) -> Result<(String, Option<String>)> {
    let generated = typed.is_empty().then(token::new_password);
    let password = Password::new(generated.as_deref().unwrap_or(typed))?;
    Ok((access.hasher().hash(password, words).await?, generated))
}

/// The page of a person, where a password that was made is shown once.
fn with_secret(me: &Staff<ManageStaff>, access: &Access, id: StaffId, secret: Option<String>) -> String {
    match secret {
        Some(secret) => format!("{PATH}/{id}?shown={}", access.reveal_later(me.session().id, secret)),
        None => format!("{PATH}/{id}"),
    }
}

#[derive(Serialize)]
struct MemberPage {
    id: String,
    version: u64,
    name: String,
    email: String,
    role: &'static str,
    role_label: &'static str,
    badge: Badge,
    active: bool,
    is_me: bool,
    created_at: Timestamp,
    last_sign_in_at: Option<Timestamp>,
    password_is_temporary: bool,
    sessions: Vec<SessionRow>,
    roles: Vec<RoleChoice>,
    timeline: Vec<Entry>,
    /// The password that was made for them, shown this once.
    secret: Option<String>,
}

#[derive(Serialize)]
struct SessionRow {
    device: String,
    network: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

impl Page for MemberPage {
    const TEMPLATE: &'static str = "access/staff_member.html";
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        let session =
            SessionRow { device: evil.clone(), network: String::new(), created_at: at, last_seen_at: at };
        Self {
            id: "stf_1".to_owned(),
            version: 3,
            name: evil,
            email: "anna@example.com".to_owned(),
            role: "packer",
            role_label: "Packer",
            badge: Badge::new("Active", Tone::Ok, Fill::Full),
            active: true,
            is_me: false,
            created_at: at,
            last_sign_in_at: None,
            password_is_temporary: true,
            sessions: vec![session],
            roles: roles(),
            timeline: Vec::new(),
            secret: Some("abcde-fghij".to_owned()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    shown: Option<String>,
}

async fn show(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    PathId(id): PathId<StaffId>,
    query: Query<Shown>,
) -> Result<HttpResponse> {
    let (now, settings) = (me.now(), access.settings());
    let (person, sessions, timeline) = access.store().read(|s| {
        let person = staff::get(s, id)?;
        let sessions = session::list(s, id, now, settings)?;
        Ok((person, sessions, events::of_subject(s, &Subject::of(&id), None, TIMELINE)?))
    })?;
    let secret = query.0.shown.and_then(|ticket| access.revealed(me.session().id, &ticket));
    let is_secret = secret.is_some();
    let page = MemberPage {
        id: person.id.to_string(),
        version: person.version,
        role: person.role.word(),
        role_label: person.role.label(),
        badge: badge(&person),
        active: person.active,
        is_me: person.id == me.person().id,
        created_at: person.created_at,
        last_sign_in_at: person.last_sign_in_at,
        password_is_temporary: person.password_is_temporary,
        name: person.name,
        email: person.email,
        sessions: sessions
            .into_iter()
            .map(|(_, s)| SessionRow {
                device: s.device,
                network: s.network,
                created_at: s.created_at,
                last_seen_at: s.last_seen_at,
            })
            .collect(),
        roles: roles(),
        timeline: timeline.iter().map(super::history::entry).collect(),
        secret,
    };
    let mut answer = pages.show(&shell, &page)?;
    if is_secret {
        never_kept(&mut answer);
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: String,
    version: u64,
}

async fn set_role(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    PathId(id): PathId<StaffId>,
    Form(typed): Form<NewRole>,
) -> Result<HttpResponse> {
    let (granter, role) = (me.granter(), Role::parse(&typed.role)?);
    let person = access
        .store()
        .write(me.actor(), move |tx| staff::set_role(tx, &granter, id, Some(typed.version), role))
        .await?;
    back(id, format!("{} is now {}.", person.name, role.label()))
}

async fn deactivate(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    PathId(id): PathId<StaffId>,
) -> Result<HttpResponse> {
    let granter = me.granter();
    let person = access.store().write(me.actor(), move |tx| staff::deactivate(tx, &granter, id)).await?;
    let path = format!("{PATH}/{id}/activate");
    let toast = Toast::ok(format!("{} cannot sign in any more.", person.name)).undo("Undo", path, &[]);
    see_other(&format!("{PATH}/{id}"), Some(toast))
}

async fn activate(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    PathId(id): PathId<StaffId>,
) -> Result<HttpResponse> {
    let granter = me.granter();
    let person = access.store().write(me.actor(), move |tx| staff::activate(tx, &granter, id)).await?;
    back(id, format!("{} can sign in again.", person.name))
}

async fn end_sessions(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    PathId(id): PathId<StaffId>,
) -> Result<HttpResponse> {
    let granter = me.granter();
    let count = access.store().write(me.actor(), move |tx| staff::end_sessions(tx, &granter, id)).await?;
    back(
        id,
        if count == 1 {
            "One session was ended.".to_owned()
        } else {
            format!("{count} sessions were ended.")
        },
    )
}

async fn reset_password(
    me: Staff<ManageStaff>,
    access: web::Data<Access>,
    PathId(id): PathId<StaffId>,
) -> Result<HttpResponse> {
    if id == me.person().id {
        // Here the present password is asked for.
        return see_other("/admin/account#password", None);
    }
    let granter = me.granter();
    let (hash, generated) = hashed(&access, "", Vec::new()).await?;
    let person = access
        .store()
        .write(me.actor(), move |tx| staff::set_password(tx, &granter, id, &hash, true, None))
        .await?;
    let toast = Toast::ok(format!("{} has a new password. Hand it over.", person.name));
    see_other(&with_secret(&me, &access, id, generated), Some(toast))
}

fn back(id: StaffId, text: String) -> Result<HttpResponse> {
    see_other(&format!("{PATH}/{id}"), Some(Toast::ok(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render() {
        assert!(renders::<ListPage>().contains("Active"));
        assert!(renders::<NewPage>().contains("value=\"packer\" checked"));
        assert!(renders::<MemberPage>().contains("abcde-fghij"));
    }
}
