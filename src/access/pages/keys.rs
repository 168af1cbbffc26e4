//! API keys: create with scopes or origins, shown once with a ready line for the shell, change origins, revoke.

use super::{Result, again, is_for_the_form, never_kept};
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::key::{self, ApiKey, DEFAULT_DAYS, KeyId, NewKey};
use crate::access::may::ManageKeys;
use crate::access::permission::{ALL_WORD, PERMISSIONS};
use crate::access::strangers::Stranger;
use crate::access::token;
use crate::base::error::Error;
use crate::base::time::{DAY_MS, Timestamp};
use crate::store::{StoredEvent, Subject, events};
use crate::web::flash::see_other;
use crate::web::parts::{Badge, Choice, Entry, Fill, FormErrors, Tone};
use crate::web::routing;
use crate::web::{Form, Page, Pages, PathId, Query, Shell, Toast, Web};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

const PATH: &str = "/admin/keys";
/// A key that was not used for so long is probably not needed.
const QUIET_MS: i64 = 90 * DAY_MS;
const TIMELINE: usize = 30;

pub(super) fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource(PATH).route(routing::get().to(list)).route(routing::post().to(create)))
        .service(routing::resource("/admin/keys/new").route(routing::get().to(new)))
        .service(routing::resource("/admin/keys/{id}").route(routing::get().to(show)))
        .service(routing::resource("/admin/keys/{id}/origins").route(routing::post().to(set_origins)))
        .service(routing::resource("/admin/keys/{id}/revoke").route(routing::post().to(revoke)));
}

/// A key as the pages show it.
#[derive(Serialize)]
struct KeyView {
    id: String,
    name: String,
    hint: String,
    /// Stands in pages, has origins and no scopes.
    is_publishable: bool,
    scopes: Vec<String>,
    origins: Vec<String>,
    badge: Badge,
    created_at: Timestamp,
    created_by: String,
    last_used_at: Option<Timestamp>,
    last_used_from: String,
    expires_at: Option<Timestamp>,
    is_revoked: bool,
    /// Not used for 90 days.
    is_quiet: bool,
}

impl KeyView {
    fn of(key: ApiKey, now: Timestamp) -> Self {
        let quiet_since = key.last_used_at.unwrap_or(key.created_at);
        let badge = match (key.revoked_at, key.refusal(now)) {
            (Some(_), _) => Badge::new("Revoked", Tone::Still, Fill::Empty),
            (None, Some(_)) => Badge::new("Expired", Tone::Bad, Fill::Empty),
            (None, None) => Badge::new("Active", Tone::Ok, Fill::Full),
        };
        Self {
            id: key.id.to_string(),
            is_quiet: key.refusal(now).is_none() && now.since_ms(quiet_since) > QUIET_MS,
            is_revoked: key.revoked_at.is_some(),
            is_publishable: key.is_publishable(),
            origins: key.origins().to_vec(),
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            badge,
            created_at: key.created_at,
            created_by: key.created_by,
            last_used_at: key.last_used_at,
            last_used_from: key.last_used_from,
            expires_at: key.expires_at,
        }
    }
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        Self {
            id: "key_1".to_owned(),
            name: evil.clone(),
            hint: "sk_live_…9f2c".to_owned(),
            is_publishable: true,
            scopes: vec!["orders:view".to_owned()],
            origins: vec![evil.clone()],
            badge: Badge::new("Active", Tone::Ok, Fill::Full),
            created_at: Timestamp(1_790_000_000_000),
            created_by: evil,
            last_used_at: None,
            last_used_from: String::new(),
            expires_at: Some(Timestamp(1_800_000_000_000)),
            is_revoked: false,
            is_quiet: true,
        }
    }
}

#[derive(Serialize)]
struct ListPage {
    rows: Vec<KeyView>,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "access/key_list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self { rows: vec![KeyView::sample()] }
    }
}

async fn list(
    me: Staff<ManageKeys>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
) -> Result<HttpResponse> {
    let keys = access.store().read(key::list)?;
    let rows = keys.into_iter().map(|key| KeyView::of(key, me.now())).collect();
    pages.show(&shell, &ListPage { rows })
}

/// A scope as a tick box.
#[derive(Serialize)]
struct Scope {
    word: &'static str,
    label: &'static str,
    sentence: &'static str,
    checked: bool,
}

#[derive(Serialize)]
struct NewPage {
    name: String,
    /// `secret` or `publishable`.
    kind: String,
    kinds: Vec<Choice>,
    origins: String,
    scopes: Vec<Scope>,
    days: String,
    lives: Vec<Choice>,
    errors: Option<FormErrors>,
}

impl NewPage {
    fn of(typed: Typed, error: Option<&Error>) -> Self {
        let Typed { name, kind, origins, scopes: chosen, days } = typed;
        let all = Scope {
            word: ALL_WORD,
            label: "Everything",
            sentence: "Every scope there is and will be.",
            checked: false,
        };
        let one = |p: &crate::access::permission::PermissionInfo| Scope {
            word: p.word,
            label: p.label,
            sentence: p.sentence,
            checked: false,
        };
        let mut scopes: Vec<Scope> = std::iter::once(all).chain(PERMISSIONS.iter().map(one)).collect();
        for scope in &mut scopes {
            scope.checked = chosen.iter().any(|word| word == scope.word);
        }
        let lives = vec![
            Choice::new("30", "30 days"),
            Choice::new("90", "90 days"),
            Choice::new(DEFAULT_DAYS.to_string(), "One year"),
            Choice::new("never", "Does not expire"),
        ];
        let kinds = vec![
            Choice::new(SECRET, "Secret: a program on a server. It opens what its scopes say."),
            Choice::new(
                PUBLISHABLE,
                "Publishable: the pages of the shop, for everybody to read. It opens the storefront alone, such as the contact form.",
            ),
        ];
        let days = if days.is_empty() { DEFAULT_DAYS.to_string() } else { days };
        let kind = if kind == PUBLISHABLE { kind } else { SECRET.to_owned() };
        Self { name, kind, kinds, origins, scopes, days, lives, errors: error.map(FormErrors::of) }
    }
}

impl Page for NewPage {
    const TEMPLATE: &'static str = "access/key_new.html";
    #[cfg(test)]
    fn sample() -> Self {
        let error = Error::invalid("x", "Choose at least one scope.").on("/scopes");
        let name = "<script>alert(1)</script>".to_owned();
        let scopes = vec!["orders:view".to_owned()];
        Self::of(Typed { name, scopes, ..Typed::default() }, Some(&error))
    }
}

async fn new(_me: Staff<ManageKeys>, pages: web::Data<Pages>, shell: Shell) -> Result<HttpResponse> {
    pages.show(&shell, &NewPage::of(Typed::default(), None))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    name: String,
    /// `secret` if absent.
    kind: String,
    scopes: Vec<String>,
    /// One a line.
    origins: String,
    days: String,
}

const SECRET: &str = "secret";
const PUBLISHABLE: &str = "publishable";

/// Origins as they are typed, one a line or with spaces between them.
fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\r', '\t']).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

impl Typed {
    fn key(&self) -> Result<NewKey> {
        let typed = listed(&self.origins);
        let origins = match self.kind.as_str() {
            PUBLISHABLE => Some(typed),
            "" | SECRET if typed.is_empty() => None,
            "" | SECRET => {
                let text = "A secret key has no origins. Choose a publishable one, or leave them out.";
                return Err(Error::invalid("key_has_no_origins", text).on("/origins"));
            }
            _ => {
                let text = "Choose a secret or a publishable key.";
                return Err(Error::invalid("invalid_choice", text).on("/kind"));
            }
        };
        Ok(NewKey { name: self.name.clone(), scopes: self.scopes.clone(), days: self.days()?, origins })
    }
    fn days(&self) -> Result<Option<u32>> {
        match self.days.as_str() {
            "" => Ok(Some(DEFAULT_DAYS)),
            "never" => Ok(None),
            number => number.parse().map(Some).map_err(|e: std::num::ParseIntError| {
                Error::invalid("out_of_range", "Choose how long the key works.").on("/days").because(e)
            }),
        }
    }
}

async fn create(
    me: Staff<ManageKeys>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    match created(&me, &access, &typed).await {
        Ok((key, secret)) => {
            let ticket = access.reveal_later(me.session().id, secret);
            see_other(&format!("{PATH}/{}?shown={ticket}", key.id), None)
        }
        Err(error) if is_for_the_form(&error) => {
            let page = NewPage::of(typed, Some(&error));
            again(&pages, &shell, &page, &error)
        }
        Err(error) => Err(error),
    }
}

async fn created(me: &Staff<ManageKeys>, access: &Access, typed: &Typed) -> Result<(ApiKey, String)> {
    let new = typed.key()?;
    let secret = if new.origins.is_some() { token::new_publishable_key() } else { token::new_key() };
    let granter = me.granter();
    let kept = secret.clone();
    let key = access.store().write(me.actor(), move |tx| key::create(tx, &granter, &new, &kept)).await?;
    Ok((key, secret))
}

#[derive(Serialize)]
struct KeyPage {
    key: KeyView,
    timeline: Vec<Entry>,
    /// Shown this once.
    secret: Option<String>,
    /// A line for the shell that uses it.
    curl: Option<String>,
    /// What was typed as origins, and refused; else those there are.
    origins: String,
    /// Those that were on the page.
    seen: String,
    /// Origins that were refused lately.
    refused: Vec<Refused>,
    errors: Option<FormErrors>,
}

/// An origin that was refused, with what the key's origins were together with it.
#[derive(Serialize)]
struct Refused {
    origin: String,
    times: u64,
    last_at: Timestamp,
    together: String,
}

impl Refused {
    fn of(stranger: Stranger, seen: &str) -> Self {
        let Stranger { origin, times, last_at, .. } = stranger;
        Self { together: format!("{seen}\n{origin}"), origin, times, last_at }
    }
}

impl KeyPage {
    fn of(key: ApiKey, timeline: &[StoredEvent], access: &Access) -> Self {
        let (seen, now) = (key.origins().join("\n"), access.now());
        let strangers = access.strangers().of_key(key.id, key.origins());
        let refused = strangers.into_iter().map(|stranger| Refused::of(stranger, &seen)).collect();
        let timeline = timeline.iter().map(super::history::entry).collect();
        let key = KeyView::of(key, now);
        Self { key, timeline, secret: None, curl: None, origins: seen.clone(), seen, refused, errors: None }
    }
}

impl Page for KeyPage {
    const TEMPLATE: &'static str = "access/key.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            key: KeyView::sample(),
            timeline: Vec::new(),
            origins: "<script>".to_owned(),
            seen: "https://shop.example".to_owned(),
            refused: vec![Refused {
                origin: "<script>".to_owned(),
                times: 2,
                last_at: Timestamp(1_790_000_000_000),
                together: "<script>".to_owned(),
            }],
            errors: Some(FormErrors::of(&Error::invalid("x", "<script>").on("/origins"))),
            secret: Some("sk_live_secret".to_owned()),
            curl: Some("curl -H 'Authorization: Bearer sk_live_secret' https://x/".to_owned()),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    shown: Option<String>,
}

async fn show(
    me: Staff<ManageKeys>,
    request: HttpRequest,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    PathId(id): PathId<KeyId>,
    query: Query<Shown>,
) -> Result<HttpResponse> {
    let (key, timeline) = access
        .store()
        .read(|s| Ok((key::get(s, id)?, events::of_subject(s, &Subject::of(&id), None, TIMELINE)?)))?;
    let secret = query.0.shown.and_then(|ticket| access.revealed(me.session().id, &ticket));
    let is_secret = secret.is_some();
    let curl = secret.as_deref().map(|secret| curl(&request, secret, &key));
    let page = KeyPage { secret, curl, ..KeyPage::of(key, &timeline, &access) };
    let mut answer = pages.show(&shell, &page)?;
    if is_secret {
        never_kept(&mut answer);
    }
    Ok(answer)
}

/// A call that this key can make, with the address of this shop.
fn curl(request: &HttpRequest, secret: &str, key: &ApiKey) -> String {
    let public = request.app_data::<web::Data<Web>>().and_then(|w| w.settings().origin());
    let host = request.headers().get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = if host.chars().all(plain) { host } else { "127.0.0.1:8080" };
    let base = public.unwrap_or_else(|| format!("http://{host}"));
    if let Some(origin) = key.origins().first() {
        let body = r#"{"email":"anna@example.com","name":"Anna Berg","body":"A test of the contact form"}"#;
        return format!(
            "curl '{base}/store/v1/messages' -H 'Authorization: Bearer {secret}' -H 'Origin: {origin}' -H 'Content-Type: application/json' -d '{body}'"
        );
    }
    let rights = key.rights();
    let path = [
        ("orders:view", "/api/v1/orders?limit=1"),
        ("customers:view", "/api/v1/customers?limit=1"),
        ("events:view", "/api/v1/events?limit=1"),
    ]
    .into_iter()
    .find(|(word, _)| rights.may(word))
    .map_or("/api/v1/", |(_, path)| path);
    format!("curl -H 'Authorization: Bearer {secret}' '{base}{path}'")
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TypedOrigins {
    origins: String,
    seen: String,
}

async fn set_origins(
    me: Staff<ManageKeys>,
    access: web::Data<Access>,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<KeyId>,
    Form(typed): Form<TypedOrigins>,
) -> Result<HttpResponse> {
    let (given, seen) = (listed(&typed.origins), listed(&typed.seen));
    match access.store().write(me.actor(), move |tx| key::set_origins(tx, id, &given, &seen)).await {
        Ok(_) => see_other(&format!("{PATH}/{id}"), Some(Toast::ok("The origins are saved."))),
        Err(error) if is_for_the_form(&error) => {
            let (key, timeline) = access.store().read(|s| {
                Ok((key::get(s, id)?, events::of_subject(s, &Subject::of(&id), None, TIMELINE)?))
            })?;
            let page = KeyPage::of(key, &timeline, &access);
            let errors = Some(FormErrors::of(&error));
            again(&pages, &shell, &KeyPage { origins: typed.origins, errors, ..page }, &error)
        }
        Err(error) => Err(error),
    }
}

async fn revoke(
    me: Staff<ManageKeys>,
    access: web::Data<Access>,
    PathId(id): PathId<KeyId>,
) -> Result<HttpResponse> {
    let granter = me.granter();
    let key = access.store().write(me.actor(), move |tx| key::revoke(tx, &granter, id)).await?;
    see_other(PATH, Some(Toast::ok(format!("The key “{}” does not work any more.", key.name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render() {
        assert!(renders::<ListPage>().contains("sk_live_…9f2c"));
        assert!(renders::<NewPage>().contains("orders:view"));
        assert!(renders::<KeyPage>().contains("sk_live_secret"));
    }
}
