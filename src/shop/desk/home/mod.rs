//! Home: what has to be done now, what today came to, the sales of the last weeks, the newest orders, and whether
//! the house is well. One request, from counters and sums kept with every order: as fast at a million orders as at ten.

mod days;
mod figures;
mod sales;

use crate::access::{Public, Shop, Staff, key, may};
use crate::base::error::{Error, Result};
use crate::base::money::{Currency, Money};
use crate::base::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::search::{self, Search};
use crate::shop::customers;
use crate::shop::desk::backups::{Away, Copies, Office, freshness};
use crate::shop::desk::schedules::standing;
use crate::shop::messages;
use crate::shop::orders::admin::state_of;
use crate::shop::orders::{self, VIEWS, currencies, sees_prices, sees_sales, sold_between};
use crate::shop::sites;
use crate::store::{self, Read, Store};
use crate::web::chart::Chart;
use crate::web::listing::grouped;
use crate::web::parts::{Badge, Fill, Tab, Tone};
use crate::web::routing;
use crate::web::{Page, Pages, Query, Shell};
use crate::work::schedules::Schedules;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use days::Days;
use figures::{Figure, orders_with};
use sales::{SPAN_DEFAULT, SPANS};
use serde::{Deserialize, Serialize};

/// Orders in the list of the newest.
const NEWEST: usize = 8;
/// The currency of most orders in this time is shown where the shop sold nothing in its own.
const MAIN_DAYS: i64 = 60;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/").route(routing::get().to(front)))
        .service(routing::resource("/admin").route(routing::get().to(home)));
}

/// The bare address is what people type; staff are who lives here.
async fn front(_: Public) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/admin")).finish()
}

/// What can be chosen.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HomeQuery {
    /// Days of the chart.
    days: Option<i32>,
    currency: Option<String>,
}

/// The page.
#[derive(Debug, Default, Serialize)]
pub(super) struct HomePage {
    greeting: String,
    /// `Friday 20 November 2026`
    day: String,
    /// Days and figures are those of this zone.
    zone: String,
    todo: Vec<Todo>,
    /// `None` without the permission to see orders.
    sales: Option<Sales>,
    newest: Vec<Newest>,
    /// `None` without the permission to see the system.
    health: Option<Vec<Line>>,
    /// No order was ever placed.
    is_new: bool,
    may_import: bool,
}

/// Work to do: a number and the list behind it.
#[derive(Debug, Serialize)]
struct Todo {
    count: i64,
    label: &'static str,
    href: String,
    tone: Tone,
}

/// Figures and chart.
#[derive(Debug, Serialize)]
struct Sales {
    figures: Vec<Figure>,
    chart: Chart,
    spans: Vec<Tab>,
    currencies: Vec<Tab>,
    span: i32,
}

/// An order among the newest.
#[derive(Debug, Serialize)]
struct Newest {
    id: String,
    number: u64,
    at: Timestamp,
    person: String,
    total: Money,
    badge: Badge,
}

/// A line of the health card.
#[derive(Debug, Serialize)]
struct Line {
    label: &'static str,
    text: String,
    badge: Option<Badge>,
}

impl Page for HomePage {
    const TEMPLATE: &'static str = "desk/home.html";
    #[cfg(test)]
    fn sample() -> Self {
        let chart = Chart::line("Sales, last 30 days", "Day", "€10 in all", &[]);
        let figure = Figure {
            label: "Sales today",
            value: "€1,284.50".into(),
            change: Some(figures::Change { text: "12 %".into(), direction: "up" }),
            note: "against last Friday, same time".into(),
            means: "Totals of the orders placed today.",
            href: orders_with("placed:today"),
        };
        let sales = Sales {
            figures: vec![figure],
            chart,
            spans: span_tabs(30, None),
            currencies: Vec::new(),
            span: 30,
        };
        Self {
            greeting: "Good morning, Marit".into(),
            day: "Friday 20 November 2026".into(),
            zone: "Europe/Berlin".into(),
            todo: vec![Todo {
                count: 33,
                label: "orders to ship",
                href: orders_with("status:open"),
                tone: Tone::Warn,
            }],
            sales: Some(sales),
            newest: vec![Newest {
                id: "ord_1".into(),
                number: 10_482,
                at: Timestamp(1_790_000_000_000),
                person: "<script>alert(1)</script>".into(),
                total: Money::new(12_290, Currency::EUR),
                badge: Badge::new("To ship", Tone::Warn, Fill::Half),
            }],
            health: Some(vec![Line { label: "Store", text: "1.2 GB".into(), badge: None }]),
            ..Self::default()
        }
    }
}

/// `GET /admin`
pub(super) async fn home(
    staff: Staff<may::AnyStaff>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    (search, office, schedules): (web::Data<Search>, web::Data<Office>, web::Data<Schedules>),
    shop: web::Data<Shop>,
    query: Query<HomeQuery>,
) -> Result<HttpResponse> {
    // Who only packs has one piece of work, and no use for what the shop earns.
    if !sees_prices(|word| staff.may(word)) {
        let queue = view("to_ship").map_or_else(|| orders_with(""), |view| orders_with(view.query));
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, queue)).finish());
    }
    // Who helps customers begins with the one who is on the phone; the figures are the business of others.
    if !sees_sales(|word| staff.may(word)) {
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/admin/search")).finish());
    }
    let (zone, own) = (shop.zone(), shop.profile().currency);
    let days = Days { now: shell.now, zone: &zone };
    let mut page = HomePage {
        greeting: greeting(&shell),
        day: shell.now.in_zone(&zone).strftime("%A %-d %B %Y").to_string(),
        zone: zone.name(),
        may_import: staff.may("imports:run"),
        ..HomePage::default()
    };
    if staff.may("orders:view") {
        store.read(|s| {
            page.todo = todo(s)?;
            page.todo.extend(send_back(&search, &days)?);
            page.newest = newest(s)?;
            page.is_new = page.newest.is_empty();
            page.sales = if page.is_new { None } else { Some(query.0.sales(s, &search, &days, own)?) };
            Ok(())
        })?;
    }
    if staff.may("messages:view") {
        let open = store.read(|s| messages::waiting(s, messages::Folder::Open))?;
        if open > 0 {
            let (count, href) = (i64::try_from(open).unwrap_or(i64::MAX), "/admin/messages".to_owned());
            let label = if count == 1 { "open message" } else { "open messages" };
            page.todo.push(Todo { count, label, href, tone: Tone::Info });
        }
    }
    if staff.may("system:view") {
        let mut lines = health(&store.health(), &search.health());
        lines.push(backup_line(&office, &store, shell.now)?);
        lines.extend(copies_line(&office.away(), shell.now, store.created_at().ok()));
        lines.extend(store.read(|s| certificate_line(s, shell.now))?);
        lines.extend(store.read(|s| keys_line(s, shell.now))?);
        let (text, badge) = store.read(|s| standing(s, &schedules))?;
        lines.push(Line { label: "Schedules", text, badge: Some(badge) });
        page.health = Some(lines);
    }
    pages.show(&shell, &page)
}

/// By the clocks of the one who reads.
fn greeting(shell: &Shell) -> String {
    let hour = shell.now.in_zone(&shell.zone()).hour();
    let words = match hour {
        5..12 => "Good morning",
        12..18 => "Good afternoon",
        _ => "Good evening",
    };
    let name = shell.user.as_ref().and_then(|user| user.name.split_whitespace().next());
    name.map_or_else(|| words.to_owned(), |name| format!("{words}, {name}"))
}

fn view(word: &str) -> Option<&'static orders::View> {
    VIEWS.iter().find(|view| view.word == word)
}

/// The views that are work, from their counters; only those with something in them.
fn todo(r: &impl Read) -> Result<Vec<Todo>> {
    let mut todo = Vec::new();
    for (word, one, several, tone) in [
        ("to_ship", "order to ship", "orders to ship", Tone::Warn),
        ("unpaid", "open order not paid", "open orders not paid", Tone::Info),
        ("held", "order on hold", "orders on hold", Tone::Bad),
    ] {
        let Some(view) = view(word) else { continue };
        let count = orders::count(r, view)?;
        if count > 0 {
            let label = if count == 1 { one } else { several };
            todo.push(Todo { count, label, href: orders_with(view.query), tone });
        }
    }
    Ok(todo)
}

/// Cancelled orders that somebody has paid for: nothing goes back by itself, and no view counts them.
fn send_back(search: &Search, days: &Days<'_>) -> Result<Option<Todo>> {
    let found = figures::to_send_back(search, days)?.filter(|(count, _)| *count > 0);
    Ok(found.map(|(count, href)| {
        let label = match count {
            1 => "cancelled order with money to send back",
            _ => "cancelled orders with money to send back",
        };
        Todo { count: i64::try_from(count).unwrap_or(i64::MAX), label, href, tone: Tone::Warn }
    }))
}

fn newest(r: &impl Read) -> Result<Vec<Newest>> {
    let mut newest = Vec::new();
    for id in orders::recent(r, None, NEWEST)? {
        let Some(order) = orders::find(r, id)? else { continue };
        let person = match order.customer {
            Some(id) => customers::find(r, id)?.map_or_else(|| order.person(), |c| c.name()),
            None => order.person(),
        };
        newest.push(Newest {
            id: order.id.to_string(),
            number: order.number,
            at: order.placed_at,
            person,
            total: Money::new(order.total, order.currency),
            badge: state_of(&order),
        });
    }
    Ok(newest)
}

impl HomeQuery {
    fn sales(&self, r: &impl Read, search: &Search, days: &Days<'_>, own: Currency) -> Result<Sales> {
        let span = self.days.unwrap_or(SPAN_DEFAULT);
        if !SPANS.iter().any(|(days, _)| *days == span) {
            return Err(Error::invalid("invalid_parameter", "days: use 7, 30, 90 or 364.").on("/days"));
        }
        let all = currencies(r)?;
        let main = match &self.currency {
            Some(code) => Currency::parse(code).map_err(|e| e.on("/currency"))?,
            None => main_currency(r, days, &all, own)?,
        };
        let tab = |c: &Currency| Tab {
            label: c.code().to_owned(),
            href: place(span, Some(*c)),
            current: *c == main,
            ..Tab::default()
        };
        Ok(Sales {
            figures: figures::today(r, search, days, &all, main)?,
            chart: sales::chart(r, days, main, span)?,
            spans: span_tabs(span, self.currency.as_ref().map(|_| main)),
            currencies: if all.len() > 1 { all.iter().map(tab).collect() } else { Vec::new() },
            span,
        })
    }
}

/// The shop's own currency; the one of most orders lately when nothing was sold in it.
fn main_currency(r: &impl Read, days: &Days<'_>, all: &[Currency], own: Currency) -> Result<Currency> {
    let (from, to) = (days.now.plus_ms(-MAIN_DAYS * DAY_MS), days.now.plus_ms(DAY_MS));
    let mut main = (own, 0);
    for currency in all {
        let orders = sold_between(r, *currency, &[from, to])?.first().map_or(0, |sold| sold.orders);
        if *currency == own && orders > 0 {
            return Ok(own);
        }
        if orders > main.1 {
            main = (*currency, orders);
        }
    }
    Ok(main.0)
}

/// Home with another choice.
fn place(span: i32, currency: Option<Currency>) -> String {
    let mut given = Vec::new();
    if span != SPAN_DEFAULT {
        given.push(("days", span.to_string()));
    }
    if let Some(currency) = currency {
        given.push(("currency", currency.code().to_owned()));
    }
    if given.is_empty() {
        "/admin".to_owned()
    } else {
        format!("/admin?{}", crate::web::query::encode(&given))
    }
}

fn span_tabs(present: i32, currency: Option<Currency>) -> Vec<Tab> {
    let tab = |(span, _): &(i32, i32)| Tab {
        label: if *span == 364 { "1 year".to_owned() } else { format!("{span} days") },
        href: place(*span, currency),
        current: *span == present,
        ..Tab::default()
    };
    SPANS.iter().map(tab).collect()
}

/// Whether the house is well, for those who may look behind it.
fn health(store: &store::Health, search: &search::Health) -> Vec<Line> {
    let line = |label, text: String| Line { label, text, badge: None };
    let good = |label: &str| Some(Badge::new(label, Tone::Ok, Fill::Full));
    let poor = |label: &str| Some(Badge::new(label, Tone::Bad, Fill::Half));
    let saving = match store.reason {
        None => good("Saving"),
        Some("storage_low") => poor("Disk nearly full"),
        Some(_) => poor("Not saving"),
    };
    let index = match (search.rebuilding, search.ready) {
        (true, _) => Some(Badge::new("Being rebuilt", Tone::Warn, Fill::Half)),
        (false, true) => good("Complete"),
        (false, false) => poor("Not complete"),
    };
    let documents = if search.rebuilding { search.rebuilt_docs } else { search.docs };
    let newest = match search.pending {
        0 => String::new(),
        n => format!(" and {} just changed", grouped(n)),
    };
    vec![
        Line { label: "Changes", text: format!("{} so far", grouped(store.last_seq)), badge: saving },
        Line { label: "Search", text: format!("{} entries{newest}", grouped(documents)), badge: index },
        line("Database", bytes(store.file_bytes)),
        line("Free on disk", bytes(store.free_bytes)),
        line("Program", format!("Backroom {}, format {}", env!("CARGO_PKG_VERSION"), store::FORMAT)),
    ]
}

/// How old the newest backup is that was restored on trial.
fn backup_line(office: &Office, store: &Store, now: Timestamp) -> Result<Line> {
    let fresh = freshness(office, store, now)?;
    let hours = fresh.age_ms / HOUR_MS;
    let age = match hours {
        0 => "less than an hour ago".to_owned(),
        1 => "an hour ago".to_owned(),
        2..48 => format!("{hours} hours ago"),
        _ => format!("{} days ago", hours / 24),
    };
    let (text, badge) = match (office.shelf().last_verified(now), fresh.is_old) {
        (Some(_), false) => (age, Badge::new("Proved", Tone::Ok, Fill::Full)),
        (Some(_), true) => (age, Badge::new("Old", Tone::Bad, Fill::Half)),
        (None, false) => ("none yet".to_owned(), Badge::new("New shop", Tone::Still, Fill::Empty)),
        (None, true) => ("none".to_owned(), Badge::new("Missing", Tone::Bad, Fill::Empty)),
    };
    Ok(Line { label: "Last proved backup", text, badge: Some(badge) })
}

/// How the copies elsewhere stand; `None` where nothing is copied by itself.
fn copies_line(away: &Away, now: Timestamp, shop_made: Option<Timestamp>) -> Option<Line> {
    let (text, badge) = match away.copies(now, shop_made) {
        Copies::None => return None,
        Copies::Well => ("up to the last moment", Badge::new("On time", Tone::Ok, Fill::Full)),
        Copies::Behind => ("see Backups", Badge::new("Behind", Tone::Bad, Fill::Half)),
        Copies::Shared => ("see Backups", Badge::new("Shared place", Tone::Warn, Fill::Half)),
    };
    Some(Line { label: "Copies elsewhere", text: text.to_owned(), badge: Some(badge) })
}

/// How long the certificate of the shop's own address still lasts; `None` where it has none.
fn certificate_line(r: &store::Snapshot, now: Timestamp) -> Result<Option<Line>> {
    Ok(sites::of_the_shop(r)?.map(|(_, site)| {
        let (text, badge) = sites::standing(&site, now);
        Line { label: "Certificate", text, badge: Some(badge) }
    }))
}

/// The API key that ends first, where that is soon; a checkout would stand still with it.
fn keys_line(r: &store::Snapshot, now: Timestamp) -> Result<Option<Line>> {
    let keys = key::ending(r, now)?;
    let Some((first, others)) = keys.split_first() else { return Ok(None) };
    let left = first.expires_at.map_or(0, |end| end.since_ms(now));
    let days = left / DAY_MS;
    let (when, badge) = match days {
        _ if left <= 0 => ("has ended".to_owned(), Badge::new("Ended", Tone::Bad, Fill::Empty)),
        0 => ("ends today".to_owned(), Badge::new("Ends soon", Tone::Bad, Fill::Half)),
        1 => ("ends in 1 day".to_owned(), Badge::new("Ends soon", Tone::Warn, Fill::Half)),
        days => (format!("ends in {days} days"), Badge::new("Ends soon", Tone::Warn, Fill::Half)),
    };
    let more = match others.len() {
        0 => String::new(),
        1 => ", 1 more soon".to_owned(),
        count => format!(", {count} more soon"),
    };
    Ok(Some(Line {
        label: "API keys", text: format!("“{}” {when}{more}", first.name), badge: Some(badge)
    }))
}

/// `14.2 MB`, in powers of 1024, in tenths.
fn bytes(count: u64) -> String {
    let (mut tenths, mut unit) = (count.saturating_mul(10), "B");
    for name in ["KB", "MB", "GB", "TB"] {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1_024, name);
    }
    if unit == "B" { format!("{count} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests;
