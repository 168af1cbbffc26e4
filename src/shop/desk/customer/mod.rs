//! The page of a customer: who they are, what they ordered, what it came to, and everything that happened.

mod timeline;

use crate::access::{Staff, may};
use crate::base::country;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Money;
use crate::base::time::Timestamp;
use crate::shop::customers::{self, Customer, CustomerId, Totals};
use crate::shop::desk::inbox;
use crate::shop::orders::admin::{badges, state_of};
use crate::shop::orders::{self, CreditKind, Order, OrderId};
use crate::store::{Read, Store, Subject, events};
use crate::web::parts::{Badge, Fill, Link, Slips, Tone};
use crate::web::query::encode;
use crate::web::routing;
use crate::web::{Page, Pages, PathId, Query, Shell};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use timeline::{Moment, moment};

/// Orders of one page.
const ORDERS_SHOWN: usize = 20;
/// Credit notes that are shown.
const CREDITS_SHOWN: usize = 20;
/// Entries of the timeline of one page.
const MOMENTS_SHOWN: usize = 30;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config.service(routing::resource("/admin/customers/{id}").route(routing::get().to(show)));
}

/// Where in the orders and in the timeline the page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ShowQuery {
    /// The list the customer was opened from; the shell reads it.
    from: Option<String>,
    /// The last order of the page before.
    orders_after: Option<String>,
    /// The last event of the page before.
    events_before: Option<u64>,
}

/// The page.
#[derive(Debug, Default, Serialize)]
pub(super) struct CustomerPage {
    id: String,
    name: String,
    back: Option<Link>,
    sub: String,
    badges: Vec<Badge>,
    sums: Vec<Sum>,
    orders: Vec<OrderRow>,
    orders_more: Option<String>,
    orders_first: Option<String>,
    credits: Vec<CreditRow>,
    moments: Vec<Moment>,
    moments_more: Option<String>,
    moments_first: Option<String>,
    email: String,
    phone: String,
    /// For `tel:`.
    phone_digits: String,
    facts: Vec<(&'static str, String)>,
    addresses: Vec<Vec<String>>,
    tags: Vec<(String, String)>,
    note: String,
    metadata: Vec<(String, String)>,
    external: Vec<(String, String)>,
    /// Others with the same phone number.
    alike: Vec<Link>,
    messages: Option<Slips>,
    may_edit: bool,
    may_view_orders: bool,
}

/// A number over the page.
#[derive(Debug, Serialize)]
struct Sum {
    label: &'static str,
    value: String,
    note: String,
    /// What exactly is counted.
    means: &'static str,
}

/// One of their orders.
#[derive(Debug, Serialize)]
struct OrderRow {
    id: String,
    number: u64,
    at: Timestamp,
    /// New or returning then, and why.
    standing: String,
    why: String,
    /// The state that says most, and all there is to say.
    state: Badge,
    states: String,
    items: i64,
    titles: String,
    total: Money,
}

/// One of their credit notes.
#[derive(Debug, Serialize)]
struct CreditRow {
    id: String,
    number: String,
    at: Timestamp,
    kind: &'static str,
    total: Money,
}

impl Page for CustomerPage {
    const TEMPLATE: &'static str = "desk/customer.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>";
        Self {
            id: "cus_1".into(),
            name: "Anna Berg".into(),
            back: Some(Link::new("Customers", "/admin/customers")),
            sums: vec![Sum {
                label: "Spent",
                value: "€122.90".into(),
                note: String::new(),
                means: customers::SPENT_MEANS,
            }],
            orders: vec![OrderRow {
                id: "ord_1".into(),
                number: 10_482,
                at: Timestamp(1_790_000_000_000),
                standing: "New".into(),
                why: "First order of this customer.".into(),
                state: Badge::new("To ship", Tone::Warn, Fill::Half),
                states: "Paid, Unfulfilled".into(),
                items: 2,
                titles: evil.into(),
                total: Money::new(12_290, crate::base::money::Currency::EUR),
            }],
            orders_more: Some("?orders_after=ord_1".into()),
            moments: vec![Moment {
                icon: "pencil",
                tone: Tone::Still,
                link: None,
                text: "changed: phone".into(),
                by: evil.into(),
                at: Timestamp(1_790_000_000_000),
                note: Some(evil.into()),
                changes: vec![crate::web::parts::Change {
                    field: "Phone".into(),
                    before: None,
                    after: Some("030".into()),
                }],
            }],
            email: "anna@example.com".into(),
            phone: "+49 30 1".into(),
            addresses: vec![vec!["Anna Berg".into(), evil.into()]],
            tags: vec![("VIP".into(), "/admin/customers?q=tag:VIP".into())],
            note: evil.into(),
            metadata: vec![("locker".into(), evil.into())],
            external: vec![("shopify".into(), "5123".into())],
            alike: vec![Link::new("Anna Bergh, 2 orders", "/admin/customers/cus_2")],
            facts: vec![("Language", "de".into())],
            may_edit: true,
            may_view_orders: true,
            ..Self::default()
        }
    }
}

/// `GET /admin/customers/{id}`
pub(super) async fn show(
    staff: Staff<may::ViewCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    id: PathId<CustomerId>,
    query: Query<ShowQuery>,
) -> Result<HttpResponse> {
    let may_view_orders = staff.may("orders:view");
    let mut page = store.read(|s| {
        let customer = customers::get(s, id.0)?;
        let totals = customers::totals(s, id.0)?;
        let mut page = CustomerPage::of(&customer, &totals, &shell);
        page.alike = alike(s, &customer)?;
        let addresses = customer.email.iter().chain(&customer.old_emails).map(String::as_str);
        page.messages = inbox::of_addresses(s, &addresses.collect::<Vec<_>>(), staff.rights())?;
        if may_view_orders {
            page.add_orders(s, id.0, &query.0)?;
        }
        page.add_moments(s, id.0, &query.0, may_view_orders)?;
        Ok(page)
    })?;
    page.may_edit = staff.may("customers:edit");
    page.may_view_orders = may_view_orders;
    pages.show(&shell, &page)
}

impl CustomerPage {
    fn of(c: &Customer, totals: &Totals, shell: &Shell) -> Self {
        let since = c.created_at.in_zone(&shell.zone()).strftime("%-d %B %Y").to_string();
        let sum = |label, value, note, means| Sum { label, value, note, means };
        let unkept = totals.orders_all.saturating_sub(totals.orders);
        let mut sums = vec![sum(
            "Orders",
            totals.orders.to_string(),
            if unkept > 0 { format!("and {unkept} not kept") } else { String::new() },
            "Orders that were kept: not cancelled, rejected or returned in full.",
        )];
        for spent in &totals.spent {
            let average = Money::new(
                spent.amount.checked_div(i64::from(totals.orders.max(1))).unwrap_or(0),
                spent.currency,
            );
            let note = if totals.spent.len() == 1 && totals.orders > 1 {
                format!("{} an order, paid or not", average.shown())
            } else {
                "Paid or not".to_owned()
            };
            let value = Money::new(spent.amount, spent.currency).shown();
            sums.push(sum("Spent", value, note, customers::SPENT_MEANS));
        }
        if let Some(at) = totals.last_order_at {
            let day = at.in_zone(&shell.zone()).strftime("%-d %b %Y").to_string();
            sums.push(sum("Last order", day, ago(at, shell.now), ""));
        }
        let mut badges = Vec::new();
        if c.tax_exempt {
            badges.push(Badge::new("Tax exempt", Tone::Info, Fill::Bare));
        }
        if totals.orders_all == 0 {
            badges.push(Badge::new("No orders yet", Tone::Still, Fill::Bare));
        }
        Self {
            id: c.id.to_string(),
            name: c.name(),
            back: Some(Link::new(
                "Customers",
                shell.from.clone().unwrap_or_else(|| "/admin/customers".to_owned()),
            )),
            sub: format!("Customer since {since}"),
            badges,
            sums,
            email: c.email.clone().unwrap_or_default(),
            phone: c.phone.clone(),
            phone_digits: dialled(&c.phone),
            facts: facts(c),
            addresses: c.addresses.iter().map(|a| with_phone(a.lines(), &a.phone)).collect(),
            tags: c
                .tags
                .iter()
                .map(|tag| (tag.clone(), list_with(&format!("tag:{}", quoted(tag)))))
                .collect(),
            note: c.note.clone(),
            metadata: c.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            external: c.external.iter().map(|e| (e.source.clone(), e.id.clone())).collect(),
            ..Self::default()
        }
    }

    fn add_orders(&mut self, r: &impl Read, id: CustomerId, query: &ShowQuery) -> Result<()> {
        let after = match query.orders_after.as_deref().map(OrderId::parse) {
            Some(Ok(order)) => orders::find(r, order)?.map(|o| (o.placed_at, o.id)),
            _ => None,
        };
        let mut ids = orders::of_customer(r, id, after, ORDERS_SHOWN + 1)?;
        let has_more = ids.len() > ORDERS_SHOWN;
        ids.truncate(ORDERS_SHOWN);
        for order in &ids {
            if let Some(order) = orders::find(r, *order)? {
                self.orders.push(order_row(r, &order)?);
            }
        }
        self.orders_more = ids.last().filter(|_| has_more).map(|last| format!("?orders_after={last}#orders"));
        self.orders_first = after.map(|_| "?#orders".to_owned());
        for note in orders::credit_notes_of(r, id, CREDITS_SHOWN)? {
            self.credits.push(CreditRow {
                id: note.id.to_string(),
                number: note.number.clone(),
                at: note.issued_at,
                kind: if note.kind == CreditKind::Adjustment { "Adjustment" } else { "Credit note" },
                total: Money::new(note.total, note.currency),
            });
        }
        Ok(())
    }

    fn add_moments(
        &mut self,
        r: &impl Read,
        id: CustomerId,
        query: &ShowQuery,
        with_orders: bool,
    ) -> Result<()> {
        let mut found = events::of_subject(r, &Subject::of(&id), query.events_before, MOMENTS_SHOWN + 1)?;
        let has_more = found.len() > MOMENTS_SHOWN;
        found.truncate(MOMENTS_SHOWN);
        self.moments_more =
            found.last().filter(|_| has_more).map(|last| format!("?events_before={}#timeline", last.seq));
        self.moments_first = query.events_before.map(|_| "?#timeline".to_owned());
        let own = Subject::of(&id);
        self.moments = found.iter().filter(|e| with_orders || e.subject == own).map(moment).collect();
        Ok(())
    }
}

fn order_row(r: &impl Read, order: &Order) -> Result<OrderRow> {
    let standing = orders::standing(r, order)?;
    let facts = orders::facts(order);
    Ok(OrderRow {
        id: order.id.to_string(),
        number: order.number,
        at: order.placed_at,
        why: standing.reason(),
        standing: standing.label(),
        state: state_of(order),
        states: badges(order).into_iter().map(|b| b.label).collect::<Vec<_>>().join(", "),
        items: facts.items,
        titles: facts.titles.all(),
        total: Money::new(order.total, order.currency),
    })
}

/// Perhaps the same person twice.
fn alike(r: &impl Read, customer: &Customer) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    for other in customers::same_phone(r, customer)? {
        let orders = customers::totals(r, other.id)?.orders;
        let words = if orders == 1 { "1 order".to_owned() } else { format!("{orders} orders") };
        links.push(Link::new(format!("{}, {words}", other.name()), format!("/admin/customers/{}", other.id)));
    }
    Ok(links)
}

fn facts(c: &Customer) -> Vec<(&'static str, String)> {
    let name = format!("{} {}", c.first_name, c.last_name);
    let country = if c.country().is_empty() { String::new() } else { country::name(c.country()) };
    [
        ("Name", name.trim().to_owned()),
        ("Company", c.company.clone()),
        ("VAT id", c.vat_id.clone()),
        ("Country", country),
        ("Language", c.language.clone()),
        ("Birthday", c.birthday.clone()),
        ("Marketing", if c.accepts_marketing { "Accepts" } else { "Does not accept" }.to_owned()),
        ("Earlier e-mail", c.old_emails.join(", ")),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

fn with_phone(mut lines: Vec<String>, phone: &str) -> Vec<String> {
    if !phone.is_empty() {
        lines.push(phone.to_owned());
    }
    lines
}

/// A number as `tel:` takes it.
fn dialled(phone: &str) -> String {
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn list_with(q: &str) -> String {
    format!("/admin/customers?{}", encode(&[("q", q)]))
}

fn quoted(word: &str) -> String {
    let bare = word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if bare { word.to_owned() } else { format!("\"{}\"", word.replace('"', "")) }
}

/// `today`, `12 days ago`, `3 months ago`: beside the day, never instead of it.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let days = now.since_ms(at) / crate::base::time::DAY_MS;
    match days {
        i64::MIN..=0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        2..=60 => format!("{days} days ago"),
        61..=730 => format!("{} months ago", days / 30),
        _ => format!("{} years ago", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders_and_escapes() {
        let html = renders::<CustomerPage>();
        for text in [
            "First order of this customer.",
            "same phone number",
            "tel:",
            "Anna Bergh, 2 orders",
            "?orders_after=ord_1",
            "2\u{a0}items: ",
            "whether paid yet or not",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }

    #[test]
    fn a_distance_in_time_is_said_in_words() {
        let now = Timestamp(1_790_000_000_000);
        let before = |days: i64| ago(now.plus_ms(-days * crate::base::time::DAY_MS), now);
        assert_eq!(
            (before(-3), before(1), before(59), before(200), before(900)),
            (
                "today".into(),
                "1 day ago".into(),
                "59 days ago".into(),
                "6 months ago".into(),
                "2 years ago".into()
            )
        );
    }

    #[test]
    fn a_tag_leads_to_all_who_have_it() {
        assert_eq!(quoted("VIP"), "VIP");
        assert_eq!(list_with(&format!("tag:{}", quoted("a b\"c"))), "/admin/customers?q=tag:%22a%20bc%22");
    }
}
