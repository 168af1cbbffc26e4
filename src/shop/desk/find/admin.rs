//! The one box for people: the drop-down under it, the page of all results, the help about queries.

use super::rows::Parts;
use super::why::{Piece, Why};
use super::{Ask, Found, Hit, KINDS, Kind, find, kinds_for};
use crate::access::{Public, Staff, may};
use crate::base::error::Result;
use crate::search::{FieldDef, Search, Shape, Total};
use crate::shop::orders::sees_prices;
use crate::web::listing::said;
use crate::web::parts::{Badge, Link};
use crate::web::query::encode;
use crate::web::routing;
use crate::web::{Budget, Page, Pages, Query, Shell, see_other};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Hits of a kind in the drop-down.
const SUGGESTED: usize = 4;
/// Hits of a kind on the page; its list has the rest.
const SHOWN: usize = 20;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/search").route(routing::get().to(page)))
        .service(routing::resource("/admin/search/suggest").route(routing::get().to(suggest)))
        .service(
            routing::resource("/admin/search/complete").route(routing::get().to(super::complete::offers)),
        )
        .service(routing::resource("/admin/search/help").route(routing::get().to(help)))
        .service(routing::resource("/api/docs/search").route(routing::get().to(language)));
}

/// The parameters of the box.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BoxQuery {
    q: Option<String>,
    /// One kind only.
    kind: Option<String>,
}

/// A hit as templates show it.
#[derive(Debug, Serialize)]
struct Row {
    href: String,
    title: Vec<Piece>,
    subtitle: Vec<Piece>,
    badge: Option<Badge>,
    /// Reasons that title and subtitle do not show already.
    why: Vec<Reason>,
    /// The text names this record exactly.
    exact: bool,
}

/// Why a hit was found.
#[derive(Debug, Serialize)]
struct Reason {
    label: &'static str,
    pieces: Vec<Piece>,
}

impl Row {
    fn new(hit: &Hit, exact: bool, from: &str) -> Self {
        let reason = |why: &Why| Reason { label: why.label, pieces: why.pieces.clone() };
        Self {
            href: format!("{}{from}", hit.href),
            title: hit.pieces.clone(),
            subtitle: hit.line.clone(),
            badge: hit.badge.clone(),
            why: hit.further().map(reason).collect(),
            exact,
        }
    }
}

/// The hits of one kind.
#[derive(Debug, Serialize)]
struct Section {
    kind: &'static str,
    label: &'static str,
    /// How many there are, in words.
    total: String,
    rows: Vec<Row>,
    /// All of them, when more are there than are shown.
    more: Option<String>,
}

fn sections(found: &Found, q: &str, from: &str) -> Vec<Section> {
    let jump = found.jump.as_ref();
    let is_exact = |hit: &Hit| jump.is_some_and(|j| j.id == hit.id);
    let mut sections = Vec::new();
    if let Some(hit) = jump
        && !found.groups.iter().any(|group| group.hits.iter().any(is_exact))
        && let Some(kind) = KINDS.iter().find(|kind| kind.name == hit.kind)
    {
        let rows = vec![Row::new(hit, true, from)];
        sections.push(Section { kind: kind.name, label: kind.label, total: String::new(), rows, more: None });
    }
    for group in &found.groups {
        let mut hits: Vec<&Hit> = group.hits.iter().collect();
        // The record that was named comes first, the others keep their order.
        hits.sort_by_key(|hit| !is_exact(hit));
        let shown = hits.len() as u64;
        let is_all = group.total == Total::Exact(shown);
        let list = group.kind.list.filter(|_| !is_all).map(|list| format!("{list}?{}", encode(&[("q", q)])));
        sections.push(Section {
            kind: group.kind.name,
            label: group.kind.label,
            total: crate::web::listing::total_words(&group.total),
            rows: hits.into_iter().map(|hit| Row::new(hit, is_exact(hit), from)).collect(),
            more: list,
        });
    }
    sections
}

/// What was not understood, and the search that was perhaps meant.
#[derive(Debug, Serialize)]
struct Trouble {
    message: String,
    instead: Option<Link>,
}

fn troubles(found: &Found, q: &str) -> Vec<Trouble> {
    let link = |text: &str, word: &String| Link::new(word.clone(), address(&q.replacen(text, word, 1)));
    found
        .problems
        .iter()
        .chain(&found.hints)
        .map(|p| Trouble {
            message: found.asked.as_ref().map_or_else(|| p.message.clone(), |asked| said(p, asked)),
            instead: p.suggestion.as_ref().map(|word| link(&p.text, word)),
        })
        .collect()
}

/// The page of all results for a text.
fn address(q: &str) -> String {
    format!("/admin/search?{}", encode(&[("q", q)]))
}

/// The page of all results.
#[derive(Debug, Serialize)]
pub(super) struct SearchPage {
    q: String,
    sections: Vec<Section>,
    problems: Vec<Trouble>,
    corrected: Vec<(String, String)>,
    degraded: bool,
    /// Something was asked and nothing found.
    nothing: bool,
    /// Searches that show what the box can do.
    examples: Vec<Example>,
}

/// A search to try.
#[derive(Debug, Serialize)]
struct Example {
    text: &'static str,
    says: &'static str,
    href: String,
}

const EXAMPLES: &[(&str, &str)] = &[
    ("anna berg", "names, in any order"),
    ("4567", "the last digits of a phone number"),
    ("@example.com", "everybody with an address there"),
    ("#10482", "an order by its number"),
    ("RJ-M-NVY", "orders with an SKU, a barcode, a tracking number"),
    ("navy jacket", "what is in the parcel"),
    ("status:open payment:paid", "the query language"),
    ("placed:-7d total:>100", "days and amounts"),
];

fn examples() -> Vec<Example> {
    EXAMPLES.iter().map(|(text, says)| Example { text, says, href: address(text) }).collect()
}

impl Page for SearchPage {
    const TEMPLATE: &'static str = "desk/search.html";
    #[cfg(test)]
    fn sample() -> Self {
        let found = samples::found();
        Self {
            q: "anna 4567".into(),
            sections: sections(&found, "anna 4567", "?from=%2Fadmin"),
            problems: vec![Trouble {
                message: "There is no field “colur”.".into(),
                instead: Some(Link::new("colour:x", address("colour:x"))),
            }],
            corrected: vec![("mülelr".into(), "müller".into())],
            degraded: true,
            nothing: false,
            examples: examples(),
        }
    }
}

/// `GET /admin/search`
pub(super) async fn page(
    request: HttpRequest,
    staff: Staff<may::AnyStaff>,
    shell: Shell,
    pages: web::Data<Pages>,
    parts: Parts,
    query: Query<BoxQuery>,
) -> Result<HttpResponse> {
    staff.charge(&request, Budget::Search)?;
    let q = query.0.q.unwrap_or_default();
    let kinds = kinds_for(query.0.kind.as_deref().unwrap_or_default(), |word| staff.may(word))?;
    let found = ask(&parts, &shell, (&q, &kinds, sees_prices(|word| staff.may(word))), SHOWN)?;
    let target = found
        .jump
        .as_ref()
        .or_else(|| found.single())
        .filter(|_| found.problems.is_empty() && found.corrected.is_empty());
    if let Some(hit) = target {
        return see_other(&hit.href, None);
    }
    let from = format!("?{}", encode(&[("from", address(&q))]));
    let page = SearchPage {
        sections: sections(&found, &q, &from),
        problems: troubles(&found, &q),
        nothing: !q.trim().is_empty() && found.is_empty(),
        corrected: found.corrected,
        degraded: found.degraded,
        examples: if q.trim().is_empty() { examples() } else { Vec::new() },
        q,
    };
    pages.show(&shell, &page)
}

fn ask(
    parts: &Parts,
    shell: &Shell,
    (text, kinds, prices): (&str, &[Kind], bool),
    limit: usize,
) -> Result<Found> {
    let kinds: Vec<Kind> =
        kinds.iter().filter(|kind| prices || kind.name != "credit_note").copied().collect();
    let ask = Ask {
        text,
        kinds: &kinds,
        limit,
        now: shell.now,
        zone: &parts.shop.zone(),
        prices,
        rows: Some(&parts.rows),
        people_first: true,
    };
    find(&parts.store, &parts.search, &ask)
}

/// The drop-down under the box: only options, headings and a foot.
#[derive(Debug, Serialize)]
pub(super) struct SuggestPage {
    q: String,
    sections: Vec<Section>,
    problems: Vec<Trouble>,
    corrected: Vec<(String, String)>,
    all: String,
    nothing: bool,
}

impl Page for SuggestPage {
    const TEMPLATE: &'static str = "desk/suggest.html";
    #[cfg(test)]
    fn sample() -> Self {
        let found = samples::found();
        Self {
            q: "anna".into(),
            sections: sections(&found, "anna", ""),
            problems: Vec::new(),
            corrected: Vec::new(),
            all: address("anna"),
            nothing: false,
        }
    }
}

/// `GET /admin/search/suggest`
pub(super) async fn suggest(
    request: HttpRequest,
    staff: Staff<may::AnyStaff>,
    shell: Shell,
    pages: web::Data<Pages>,
    parts: Parts,
    query: Query<BoxQuery>,
) -> Result<HttpResponse> {
    staff.charge(&request, Budget::Search)?;
    let q = query.0.q.unwrap_or_default();
    let kinds = kinds_for(query.0.kind.as_deref().unwrap_or_default(), |word| staff.may(word))?;
    let mut found = ask(&parts, &shell, (&q, &kinds, sees_prices(|word| staff.may(word))), SUGGESTED)?;
    // Who is still typing has not mistyped yet.
    found.hints.clear();
    let page = SuggestPage {
        sections: sections(&found, &q, ""),
        problems: troubles(&found, &q),
        nothing: !q.trim().is_empty() && found.is_empty(),
        corrected: found.corrected,
        all: address(&q),
        q,
    };
    pages.show(&shell, &page)
}

/// The help about queries, written from the fields themselves.
#[derive(Debug, Serialize)]
pub(super) struct HelpPage {
    /// Shown beside the documentation of the API.
    is_public: bool,
    fields: Vec<FieldHelp>,
    examples: Vec<Example>,
}

/// One field of the query language.
#[derive(Debug, Serialize)]
struct FieldHelp {
    name: &'static str,
    aliases: String,
    label: &'static str,
    help: &'static str,
    example: &'static str,
    href: String,
    /// The words of a closed list.
    values: String,
    /// The kinds that have it.
    kinds: String,
    boxed: bool,
    sortable: bool,
}

impl FieldHelp {
    fn new(field: &FieldDef, label_of: impl Fn(&str) -> &'static str) -> Self {
        let values = match field.shape {
            Shape::Word { values } => values.join(", "),
            _ => String::new(),
        };
        Self {
            name: field.name,
            aliases: field.aliases.join(", "),
            label: field.label,
            help: field.help,
            example: field.example,
            href: address(field.example),
            values,
            kinds: field.kinds.iter().map(|kind| label_of(kind)).collect::<Vec<_>>().join(", "),
            boxed: field.boxed,
            sortable: field.sortable,
        }
    }
}

fn help_of(fields: &[FieldDef]) -> HelpPage {
    let label_of = |kind: &str| KINDS.iter().find(|k| k.name == kind).map_or("", |k| k.label);
    HelpPage {
        is_public: false,
        fields: fields.iter().map(|f| FieldHelp::new(f, label_of)).collect(),
        examples: examples(),
    }
}

impl Page for HelpPage {
    const TEMPLATE: &'static str = "desk/query-help.html";
    #[cfg(test)]
    fn sample() -> Self {
        help_of(crate::shop::desk::index::schema().unwrap().fields())
    }
}

/// `GET /admin/search/help`
pub(super) async fn help(
    _staff: Staff<may::AnyStaff>,
    shell: Shell,
    pages: web::Data<Pages>,
    search: web::Data<Search>,
) -> Result<HttpResponse> {
    pages.show(&shell, &help_of(search.schema().fields()))
}

/// `GET /api/docs/search`: the same for those who write programs; there is nothing of the shop on it.
pub(super) async fn language(
    _anybody: Public,
    shell: Shell,
    pages: web::Data<Pages>,
    search: web::Data<Search>,
) -> Result<HttpResponse> {
    pages.show(&shell, &HelpPage { is_public: true, ..help_of(search.schema().fields()) })
}

#[cfg(test)]
mod samples {
    use super::*;
    use crate::shop::desk::find::{Group, samples};

    /// Two groups, the second with more than is shown.
    pub(super) fn found() -> Found {
        let (order, customer) = (samples::order(), samples::customer());
        Found {
            jump: Some(order.clone()),
            groups: vec![
                Group { kind: KINDS[0], hits: vec![order], total: Total::Exact(1) },
                Group { kind: KINDS[1], hits: vec![customer], total: Total::MoreThan(1_000) },
            ],
            ..Found::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn every_page_renders_and_escapes() {
        let html = renders::<SearchPage>();
        assert!(html.contains("<mark>Anna</mark>") && html.contains("more than 1,000"), "{html}");
        let help = renders::<HelpPage>().replace("&#x2f;", "/");
        assert!(
            help.contains("placed:2026-11-01..2026-11-20") && help.contains("/admin/search?q=total:50..100")
        );
    }

    #[test]
    fn the_drop_down_is_nothing_but_options_headings_and_a_foot() {
        let html = renders::<SuggestPage>();
        assert!(!html.contains("<html") && !html.contains("<title"), "{html}");
        assert_eq!(html.matches("role=\"option\"").count(), 2);
        assert_eq!(html.matches("data-exact").count(), 1);
    }
}
