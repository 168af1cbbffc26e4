//! One site: its certificate, what is wrong, how it went day by day, every look.

use super::{Parts, Show, Viewer};
use crate::access::Shop;
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::shop::customers;
use crate::shop::sites::model::{Check, Site, SiteId, State};
use crate::shop::sites::{ops, statistics, view};
use crate::web::chart::Chart;
use crate::web::parts::{Badge, Link};
use crate::web::{Page, PathId, Query};
use crate::work::jobs;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Looks on the page; all of them when they are asked for.
const LISTED: usize = 30;
/// Days of the pictures.
const DAYS: usize = 90;
/// Single looks of the pictures of a new site.
const LOOKS: usize = 60;

/// What the certificate says.
#[derive(Debug, Serialize)]
struct Facts {
    subject: String,
    issuer: String,
    names: Vec<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    left: String,
    serial: String,
    fingerprint: String,
    /// The last look did not see it.
    is_old: bool,
}

/// One look.
#[derive(Debug, Serialize)]
struct Look {
    number: u32,
    at: Timestamp,
    badge: Badge,
    /// What was wrong, in sentences.
    said: String,
    days: Option<i64>,
    took_ms: Option<u64>,
    machine: String,
    /// The beginning of the fingerprint.
    certificate: String,
}

impl Look {
    fn of(number: u32, check: &Check) -> Self {
        let said: Vec<&str> = check.problems.iter().map(|problem| problem.sentence()).collect();
        let print = check.fingerprint.as_deref().unwrap_or_default();
        Self {
            number,
            at: check.at,
            badge: view::result(check),
            said: said.join(" "),
            days: check.days_left,
            took_ms: check.machine.is_some().then_some(check.took_ms),
            machine: check.machine.clone().unwrap_or_default(),
            certificate: print.chars().take(8).collect(),
        }
    }
}

/// One site.
#[derive(Debug, Serialize)]
pub(super) struct ShowPage {
    id: String,
    address: String,
    link: String,
    note: String,
    is_own: bool,
    badge: Badge,
    /// What is wrong, in sentences.
    problems: Vec<&'static str>,
    /// It was wrong at one look only, and is looked at again at this time.
    again_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    facts: Option<Facts>,
    protocol: String,
    machine: String,
    email: Option<String>,
    consent: Option<(Timestamp, String, String)>,
    customer: Option<Link>,
    created_at: Timestamp,
    created_by: String,
    share: Option<String>,
    charts: Vec<Chart>,
    looks: Vec<Look>,
    more: bool,
    kept: usize,
    /// A look is under way, or due.
    is_open: bool,
    may_manage: bool,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "sites/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        use crate::outbound::certificates::Problem;
        use crate::web::chart::Datum;
        use crate::web::parts::{Fill, Tone};
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        let datum = |value: f64| Datum { label: evil.clone(), value, shown: evil.clone(), before: None };
        Self {
            id: "sit_1".to_owned(),
            address: evil.clone(),
            link: evil.clone(),
            note: evil.clone(),
            is_own: false,
            badge: Badge::new("Expired", Tone::Bad, Fill::Full),
            problems: vec![Problem::Expired.sentence()],
            again_at: Some(at),
            failing_since: Some(at),
            facts: Some(Facts {
                subject: evil.clone(),
                issuer: evil.clone(),
                names: vec![evil.clone()],
                not_before: at,
                not_after: at,
                left: "3 days".to_owned(),
                serial: "01".to_owned(),
                fingerprint: "ab".to_owned(),
                is_old: true,
            }),
            protocol: "TLS 1.3".to_owned(),
            machine: "127.0.0.1".to_owned(),
            email: Some(evil.clone()),
            consent: Some((at, evil.clone(), evil.clone())),
            customer: Some(Link::new(evil.clone(), "/admin/customers/1")),
            created_at: at,
            created_by: evil.clone(),
            share: Some("1 of 2 looks were good".to_owned()),
            charts: vec![Chart::line("Days left", "Day", &evil, &[datum(3.0), datum(2.0)])],
            looks: vec![Look {
                number: 1,
                at,
                badge: Badge::new("Expired", Tone::Bad, Fill::Full),
                said: evil.clone(),
                days: Some(3),
                took_ms: Some(12),
                machine: evil.clone(),
                certificate: evil,
            }],
            more: true,
            kept: 400,
            is_open: true,
            may_manage: true,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ShowQuery {
    /// `all` shows every look that is kept.
    looks: Option<String>,
}

impl ShowPage {
    fn of(id: SiteId, site: &Site, now: Timestamp) -> Self {
        let latest = site.latest.as_ref();
        let problems = latest.map(|check| check.problems.iter().map(|p| p.sentence()).collect());
        let text = |of: Option<&String>| of.cloned().unwrap_or_default();
        let facts = site.shown.as_ref().map(|shown| Facts {
            subject: shown.subject.clone(),
            issuer: shown.issuer.clone(),
            names: shown.names.clone(),
            not_before: shown.not_before,
            not_after: shown.not_after,
            left: view::left(shown.not_after, now),
            serial: shown.serial.clone(),
            fingerprint: shown.fingerprint.clone(),
            is_old: latest.is_none_or(|check| check.fingerprint.is_none()),
        });
        Self {
            id: id.to_string(),
            address: site.address().text(),
            link: format!("https://{}/", site.address().text()),
            note: site.note.clone(),
            is_own: site.is_own,
            badge: view::badge(site),
            problems: problems.unwrap_or_default(),
            again_at: None,
            failing_since: site.failing_since,
            facts,
            protocol: text(latest.and_then(|check| check.protocol.as_ref())),
            machine: text(latest.and_then(|check| check.machine.as_ref())),
            email: site.email.clone(),
            consent: site.consent.as_ref().map(|c| (c.at, c.source.clone(), c.by.clone())),
            customer: None,
            created_at: site.created_at,
            created_by: site.created_by.clone(),
            share: None,
            charts: Vec::new(),
            looks: Vec::new(),
            more: false,
            kept: ops::CHECKS_KEPT,
            is_open: false,
            may_manage: false,
        }
    }
}

/// `GET /admin/sites/{id}`
pub(super) async fn show(
    me: Viewer,
    (store, _sites, _work): Parts,
    shop: web::Data<Shop>,
    (pages, shell): Show,
    PathId(id): PathId<SiteId>,
    query: Query<ShowQuery>,
) -> Result<HttpResponse> {
    let most = if query.0.looks.as_deref() == Some("all") { ops::CHECKS_KEPT } else { LISTED };
    let (now, zone, sees_customers) = (me.now(), shop.zone(), me.may("customers:view"));
    let page = store.read(|s| {
        let site = ops::get(s, id)?;
        let looks = ops::checks(s, id, None, most)?;
        let mut last: Vec<Check> =
            ops::checks(s, id, None, LOOKS)?.items.into_iter().map(|(_, check)| check).collect();
        last.reverse();
        let days = statistics::days(s, id, DAYS)?;
        let due = jobs::due_of(s, ops::KIND, &id.to_string())?;
        let customer = match site.listed.filter(|_| sees_customers) {
            Some(id) => customers::find(s, id)?
                .map(|customer| Link::new(customer.name(), format!("/admin/customers/{id}"))),
            None => None,
        };
        let is_doubtful = site.state() == State::Doubtful;
        Ok(ShowPage {
            again_at: due.filter(|due| is_doubtful && *due > now),
            is_open: site.latest.is_none() || due.is_some_and(|due| due <= now),
            customer,
            share: view::share(&days),
            charts: view::charts(&days, &last, &zone),
            looks: looks.items.iter().map(|(number, check)| Look::of(*number, check)).collect(),
            more: looks.more,
            may_manage: me.may("sites:manage"),
            ..ShowPage::of(id, &site, now)
        })
    })?;
    pages.show(&shell, &page)
}
