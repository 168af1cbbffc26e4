//! Sites for programs: list, add, read, have looked at, remove; what was seen, look by look.

use super::desk::{Sites, Wish};
use super::model::{Check, Site, SiteId, State};
use super::warnings::days_until;
use super::{ops, view};
use crate::access::{Caller, may};
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::web::paging::{List, bad_cursor, limit_of};
use crate::web::routing;
use crate::web::{Json, Query};
use crate::work::Work;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/sites").route(routing::get().to(list)).route(routing::post().to(add)))
        .service(
            routing::resource("/sites/{id}")
                .route(routing::get().to(show))
                .route(routing::delete().to(remove)),
        )
        .service(routing::resource("/sites/{id}/check").route(routing::post().to(check)))
        .service(routing::resource("/sites/{id}/checks").route(routing::get().to(checks)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, add, show, remove, check, checks),
    tags((name = "sites", description = "Addresses whose certificates are watched."))
)]
pub struct ApiDocs;

/// A site whose certificate is watched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Site)]
pub struct SiteOut {
    pub id: String,
    /// `example.com`, or with its port where that is not 443.
    pub address: String,
    /// What it is, in somebody's words.
    note: String,
    /// Of its owner.
    email: Option<String>,
    /// That the owner agreed to be written to.
    marketing_consent: Option<ConsentOut>,
    /// The customer who stands in the marketing list for it.
    customer: Option<String>,
    /// The shop's own address, from `server.public_url`.
    own: bool,
    /// `good`, `expiring` (21 days or less are left), `doubtful` (something was wrong at one look, which is made again),
    /// `failing`, or `unchecked`.
    pub state: &'static str,
    /// What was wrong at the last look, the gravest first, such as `expired`, `wrong_name`, `self_signed`, `untrusted`,
    /// `timed_out`, `refused`, `name_not_found`.
    pub problems: Vec<&'static str>,
    /// Since when something is wrong.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since_at: Option<Timestamp>,
    /// Whole days until the certificate ends; negative behind that. Null while none was seen.
    pub days_left: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_checked_at: Option<Timestamp>,
    /// Looks so far.
    checks: u32,
    /// What was shown last.
    certificate: Option<CertificateOut>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Who added it; empty where it is the shop's own.
    created_by: String,
}

/// When and where somebody agreed to be written to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SiteConsent)]
pub struct ConsentOut {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    source: String,
    /// Who wrote it down.
    by: String,
}

/// What a certificate says of itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SiteCertificate)]
pub struct CertificateOut {
    subject: String,
    issuer: String,
    /// The names it is for; the first hundred.
    names: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    valid_from_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    serial: String,
    /// SHA-256, in hexadecimal digits.
    fingerprint: String,
}

impl SiteOut {
    pub(super) fn new(id: SiteId, site: Site, now: Timestamp) -> Self {
        let problems = site.latest.iter().flat_map(|check| check.problems.iter()).map(|p| p.word()).collect();
        let certificate = site.shown.clone().map(|shown| CertificateOut {
            subject: shown.subject,
            issuer: shown.issuer,
            names: shown.names,
            valid_from_at: shown.not_before,
            expires_at: shown.not_after,
            serial: shown.serial,
            fingerprint: shown.fingerprint,
        });
        Self {
            id: id.to_string(),
            address: site.address().text(),
            state: site.state().word(),
            days_left: view::days_left(&site, now)
                .or_else(|| site.shown.as_ref().map(|shown| days_until(shown.not_after, now))),
            problems,
            certificate,
            note: site.note,
            email: site.email,
            marketing_consent: site.consent.map(|c| ConsentOut { at: c.at, source: c.source, by: c.by }),
            customer: site.listed.map(|id| id.to_string()),
            own: site.is_own,
            failing_since_at: site.failing_since,
            last_checked_at: site.latest.map(|check| check.at),
            checks: site.checks,
            created_at: site.created_at,
            created_by: site.created_by,
        }
    }
}

/// One look at a certificate.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SiteCheck)]
pub(super) struct CheckOut {
    /// 1, 2, 3 … of this site.
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    good: bool,
    problems: Vec<&'static str>,
    /// The look before saw something wrong too.
    confirmed: bool,
    days_left: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    fingerprint: Option<String>,
    /// The machine that was connected to.
    machine: Option<String>,
    /// Such as `TLS 1.3`.
    protocol: Option<String>,
    /// For connecting and agreeing on the encryption.
    duration_ms: u64,
}

impl CheckOut {
    fn new((number, check): (u32, Check)) -> Self {
        Self {
            number,
            at: check.at,
            good: check.problems.is_empty(),
            problems: check.problems.iter().map(|problem| problem.word()).collect(),
            confirmed: check.confirmed,
            days_left: check.days_left,
            expires_at: check.expires_at,
            fingerprint: check.fingerprint,
            machine: check.machine,
            protocol: check.protocol,
            duration_ms: check.took_ms,
        }
    }
}

/// A site to be watched.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = SiteFields, example = json!({"address": "garden.example", "email": "anna@example.com", "note": "Her shop"}))]
pub(super) struct SiteFields {
    /// `example.com`, `example.com:8443` or a whole address that begins with `https://`.
    #[schema(required)]
    address: String,
    /// What it is; one line.
    note: Option<String>,
    /// Of its owner.
    email: Option<String>,
    /// The owner agreed to be written to: a customer with this e-mail address accepts marketing from now on, and is made
    /// where there is none. False if absent.
    marketing_consent: bool,
    /// Where that was agreed to, such as `form of the storefront`.
    consent_source: Option<String>,
}

impl SiteFields {
    fn wish(self) -> Wish {
        Wish {
            address: self.address,
            note: self.note.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            consent: self.marketing_consent,
            source: self.consent_source.unwrap_or_default(),
        }
    }
}

/// The parameters of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct SitesQuery {
    /// `failing`, `doubtful`, `expiring`, `unchecked` or `good`; all if absent.
    state: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
}

/// The parameters of the looks.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ChecksQuery {
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
}

fn read(store: &Store, id: SiteId) -> Result<SiteOut> {
    let now = store.clock().now();
    Ok(SiteOut::new(id, store.read(|s| ops::get(s, id))?, now))
}

/// Lists sites
///
/// The most urgent first: what fails, what ends soon, then the rest by the end of its certificate.
#[utoipa::path(get, operation_id = "list_sites", path = "/api/v1/sites", tag = "sites", params(SitesQuery),
    responses((status = 200, description = "Sites", body = List<SiteOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:view"])))]
pub(super) async fn list(
    _caller: Caller<may::ViewSites>,
    request: HttpRequest,
    store: web::Data<Store>,
    query: Query<SitesQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let state = match query.0.state.as_deref() {
        None => None,
        Some(word) => Some(State::from_word(word).ok_or_else(|| {
            let all: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
            Error::invalid("invalid_parameter", format!("state: use one of {}.", all.join(", "))).on("/state")
        })?),
    };
    let after = query.0.after.as_deref().map(|text| SiteId::parse(text).map_err(|_none| bad_cursor()));
    let (after, now) = (after.transpose()?, store.clock().now());
    let page = store.read(|s| match after {
        Some(id) if ops::find(s, id)?.is_none() => Err(bad_cursor()),
        _ => ops::page(s, state, after, limit),
    })?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|(id, _)| id.to_string());
    List::going_on(
        page.items.into_iter().map(|(id, site)| SiteOut::new(id, site, now)).collect(),
        next_cursor,
    )
    .response(&request)
}

/// Adds a site
///
/// Its certificate is looked at at once, and every day from now on. For what staff add and for what a storefront takes
/// from its users; an address is watched once.
#[utoipa::path(post, operation_id = "add_site", path = "/api/v1/sites", tag = "sites", request_body = SiteFields,
    responses((status = 201, description = "Added", body = SiteOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:manage"])))]
pub(super) async fn add(
    caller: Caller<may::ManageSites>,
    (store, sites): (web::Data<Store>, web::Data<Sites>),
    Json(fields): Json<SiteFields>,
) -> Result<HttpResponse> {
    let new = sites.checked(&fields.wish())?;
    let id = sites.add(caller.actor(), new).await?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/v1/sites/{id}")))
        .json(read(&store, id)?))
}

/// Reads a site
#[utoipa::path(get, operation_id = "read_site", path = "/api/v1/sites/{id}", tag = "sites", params(("id" = String, Path, description = "`sit_…`")),
    responses((status = 200, description = "The site", body = SiteOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:view"])))]
pub(super) async fn show(
    _caller: Caller<may::ViewSites>,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(read(&store, SiteId::parse(&id)?)?))
}

/// Removes a site
///
/// Nobody looks any more, and what was seen is forgotten. The shop's own address stays.
#[utoipa::path(delete, operation_id = "remove_site", path = "/api/v1/sites/{id}", tag = "sites", params(("id" = String, Path, description = "`sit_…`")),
    responses((status = 204, description = "Removed"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:manage"])))]
pub(super) async fn remove(
    caller: Caller<may::ManageSites>,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let id = SiteId::parse(&id)?;
    store.write(caller.actor(), move |tx| ops::remove(tx, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Has a site looked at now
///
/// The answer is the site as it is; `certificate.checked` in the change feed tells what was seen.
#[utoipa::path(post, operation_id = "check_site", path = "/api/v1/sites/{id}/check", tag = "sites", params(("id" = String, Path, description = "`sit_…`")),
    responses((status = 202, description = "It is looked at", body = SiteOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:manage"])))]
pub(super) async fn check(
    caller: Caller<may::ManageSites>,
    (store, work): (web::Data<Store>, web::Data<Work>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let id = SiteId::parse(&id)?;
    store.write(caller.actor(), move |tx| ops::ask(tx, id)).await?;
    work.wake();
    Ok(HttpResponse::Accepted().json(read(&store, id)?))
}

/// Lists the looks at a site
///
/// The newest first; the last 400 are kept.
#[utoipa::path(get, operation_id = "list_site_checks", path = "/api/v1/sites/{id}/checks", tag = "sites", params(("id" = String, Path, description = "`sit_…`"), ChecksQuery),
    responses((status = 200, description = "Looks", body = List<CheckOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["sites:view"])))]
pub(super) async fn checks(
    _caller: Caller<may::ViewSites>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    query: Query<ChecksQuery>,
) -> Result<HttpResponse> {
    let (id, limit) = (SiteId::parse(&id)?, limit_of(query.0.limit)?);
    let before = query.0.after.as_deref().map(|text| text.parse::<u32>().map_err(|_none| bad_cursor()));
    let before = before.transpose()?;
    let page = store.read(|s| {
        ops::get(s, id)?;
        ops::checks(s, id, before, limit)
    })?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|(number, _)| number.to_string());
    List::going_on(page.items.into_iter().map(CheckOut::new).collect(), next_cursor).response(&request)
}
