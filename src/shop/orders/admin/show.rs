//! The order page: what was bought, how far it has come, what happened, and what can be done now.

use super::asides::Asides;
use super::facets::PATH;
use super::neighbours::{self, Neighbours};
use super::sheet::{self, Cancellation, Contact, LineRow, ParcelRow, PaymentRow};
use super::steps::{Offered, Offers, offers, reasons};
use super::terms::quoted;
use super::timeline::{Moment, Part, moments};
use super::words;
use crate::access::{Rights, Staff, may};
use crate::base::error::{Error, Result};
use crate::base::money::Money;
use crate::base::time::Timestamp;
use crate::search::Search;
use crate::shop::customers;
use crate::shop::orders::{Named, Order, Standing, called, get, seen_by, sees_prices, standing};
use crate::store::{Actor, Read, Snapshot, Store, Subject, events};
use crate::web::flash::local_path;
use crate::web::parts::{Badge, Choice, FormErrors, Link, Pair, Slips, Sum, Tab};
use crate::web::place::Place;
use crate::web::routing;
use crate::web::{Page, Pages, Query, Shell, see_other};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of the timeline that are shown at once.
const MOMENTS: usize = 50;
/// How often as many are read for the entries of one part; earlier ones are a click away.
const READS_MAX: usize = 20;
/// Lines that are shown at once; the largest real order has 1,114.
const LINES: usize = 100;

/// The parameters of the page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ShowQuery {
    /// The list it was opened from.
    pub from: Option<String>,
    /// The timeline before this event.
    pub before: Option<u64>,
    /// The part of the timeline that is shown: a word of [`Part`].
    pub timeline: Option<String>,
    /// `all` shows every line.
    pub lines: Option<String>,
}

/// The page as its template shows it.
#[derive(Debug, Serialize)]
pub(super) struct OrderPage {
    pub id: String,
    pub number: u64,
    pub version: u64,
    pub badges: Vec<Badge>,
    pub back: Link,
    /// The list it was opened from, for forms that come back; empty when there is none.
    pub from: String,
    /// The same as it stands behind an address: `?from=…` or nothing.
    pub kept: String,
    pub near: Neighbours,
    pub placed_at: Timestamp,
    pub placed_via: String,
    pub hold: Option<String>,
    pub cancelled: Option<Cancellation>,
    pub offers: Offers,
    /// The order can be shipped now, by this reader: what is scanned is about its parcel.
    pub packs: bool,
    pub reasons: Vec<Choice>,
    pub items: i64,
    pub lines: Vec<LineRow>,
    pub line_count: usize,
    /// Where all lines are shown, when these are not all.
    pub all_lines: Option<String>,
    pub has_discounts: bool,
    pub sums: Vec<Sum>,
    pub currency: String,
    /// What can still go back, as a form has it.
    pub refundable: String,
    /// What is still to come in, as it is typed.
    pub due: String,
    pub tax_note: Option<String>,
    pub payments: Vec<PaymentRow>,
    pub parcels: Vec<ParcelRow>,
    pub moments: Vec<Moment>,
    /// The parts of the timeline to choose from.
    pub parts: Vec<Tab>,
    pub older: Option<String>,
    pub customer: Option<CustomerCard>,
    pub standing: Badge,
    pub why: String,
    pub email: Option<Contact>,
    pub phone: Option<Contact>,
    pub shipping: Vec<String>,
    pub billing: Vec<String>,
    pub same_address: bool,
    pub tags: Vec<Link>,
    /// Tagged so: what lies in the parcel says no price.
    pub is_gift: bool,
    pub note: String,
    pub metadata: Vec<Pair>,
    pub facts: Vec<Pair>,
    /// Cards of other features.
    pub asides: Vec<Slips>,
    pub may_edit: bool,
    /// What was noted of a parcel can be corrected by this reader.
    pub may_ship: bool,
    /// Prices, payments and how to reach the customer are the reader's business.
    pub sees_prices: bool,
    /// What was refused, and what had been typed.
    pub errors: Option<FormErrors>,
    pub typed: BTreeMap<String, String>,
    /// The form that was refused stands in the menu.
    pub menu_open: bool,
    /// That form says itself what was refused.
    pub says_inside: bool,
    /// That the order is not paid, or not all of it: whoever sends it is not to overlook it.
    pub unpaid: Option<&'static str>,
    /// What of it is still to be done, before somebody says that it is complete.
    pub missing: Option<String>,
    /// What came in and has not gone back, as people write it.
    pub kept_money: Option<String>,
    /// The warning has to stand beside the step: the badge of the payment is not shown.
    pub warns_unpaid: bool,
}

impl Page for OrderPage {
    const TEMPLATE: &'static str = "orders/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        super::samples::order_page()
    }
}

impl OrderPage {
    /// What the order itself says; timeline, neighbours and customer are the store's to add.
    pub(super) fn new(
        order: &Order,
        standing: &Standing,
        may: impl Fn(&str) -> bool,
        query: &ShowQuery,
    ) -> Self {
        let from = query.from.as_deref().map(local_path).filter(|p| p != "/").unwrap_or_default();
        let kept = Place::default().and("from", &from);
        let shown = if query.lines.as_deref() == Some("all") { order.lines.len() } else { LINES };
        let (may_edit, may_ship, offers) = (may("orders:edit"), may("orders:ship"), offers(order, may));
        let tag = |tag: &String| Link::new(tag, list_of(&format!("tag:{}", quoted(tag))));
        Self {
            id: order.id.to_string(),
            number: order.number,
            version: order.version,
            badges: words::badges(order),
            back: Link::new("Orders", if from.is_empty() { PATH } else { &from }),
            near: Neighbours::default(),
            placed_at: order.placed_at,
            placed_via: order.channel.clone(),
            hold: order.hold.clone(),
            cancelled: sheet::cancellation(order),
            packs: offers.has("ship"),
            reasons: reasons(),
            items: order.items(),
            lines: order.lines.iter().take(shown).map(|l| sheet::line_row(l, order.currency)).collect(),
            line_count: order.lines.len(),
            all_lines: (order.lines.len() > shown)
                .then(|| kept.clone().and("lines", "all").href(&format!("{PATH}/{}", order.id))),
            has_discounts: order.lines.iter().any(|l| l.discount != 0),
            sums: sheet::sums(order),
            currency: order.currency.code().to_owned(),
            refundable: Money::new(order.refundable(), order.currency).decimal(),
            due: Money::new(order.due(), order.currency).decimal(),
            tax_note: sheet::tax_note(order),
            payments: sheet::payments(order),
            parcels: sheet::parcels(order),
            moments: Vec::new(),
            parts: Vec::new(),
            older: None,
            customer: None,
            standing: words::standing(standing),
            why: standing.reason(),
            email: order.email.as_deref().map(sheet::mail),
            phone: Some(order.phone.as_str()).filter(|p| !p.is_empty()).map(sheet::call),
            shipping: sheet::address(order.shipping_address.as_ref()),
            billing: sheet::address(order.billing.as_ref()),
            same_address: order.billing.is_some() && order.billing == order.shipping_address,
            tags: order.tags.iter().map(tag).collect(),
            is_gift: order.tags.iter().any(|tag| tag.eq_ignore_ascii_case("gift")),
            note: order.note.clone(),
            metadata: order
                .metadata
                .iter()
                .map(|(k, v)| Pair { label: k.clone(), value: v.clone() })
                .collect(),
            facts: sheet::facts(order),
            asides: Vec::new(),
            may_edit,
            may_ship,
            offers,
            sees_prices: true,
            errors: None,
            typed: BTreeMap::new(),
            menu_open: false,
            says_inside: false,
            unpaid: words::unpaid(order),
            warns_unpaid: false,
            missing: words::missing(order),
            kept_money: Some(Money::new(order.refundable(), order.currency))
                .filter(|money| money.amount > 0)
                .map(|money| money.shown()),
            kept: kept.href(""),
            from,
        }
    }

    /// Leaves only what somebody needs who packs: what goes into the parcel, and where it goes.
    fn without_prices(mut self, order: &Order) -> Self {
        self.sees_prices = false;
        self.badges.retain(|badge| badge.label != order.payment.label());
        self.warns_unpaid = self.unpaid.is_some() && self.packs;
        self.lines.iter_mut().for_each(LineRow::hide_prices);
        self.has_discounts = false;
        (self.sums, self.payments, self.tax_note) = (Vec::new(), Vec::new(), None);
        (self.email, self.phone, self.kept_money) = (None, None, None);
        (self.billing, self.same_address) = (Vec::new(), false);
        self.moments.retain_mut(Moment::hide_prices);
        if let Some(customer) = &mut self.customer {
            customer.spent.clear();
        }
        self
    }
}

/// Who ordered, and what their orders add up to.
#[derive(Debug, Serialize)]
pub(super) struct CustomerCard {
    pub name: String,
    /// Absent for those who may not see customers.
    pub href: Option<String>,
    pub orders: String,
    pub spent: Vec<Money>,
    pub spent_means: &'static str,
    pub last_order_at: Option<Timestamp>,
    /// The list of all their orders.
    pub all_orders: String,
}

/// `GET /admin/orders/{id}`
pub(super) async fn show(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    (store, search, asides): (web::Data<Store>, web::Data<Search>, web::Data<Asides>),
    id: routing::Path<String>,
    query: Query<ShowQuery>,
) -> Result<HttpResponse> {
    let id = match Named::read(&id)? {
        Named::Id(id) => id,
        number => {
            let id = store.read(|s| number.id(s))?;
            return see_other(&format!("/admin/orders/{id}"), None);
        }
    };
    let (rights, reader, query) = (staff.rights(), &staff.actor(), &query.0);
    let view = View { shell: &shell, search: &search, rights, reader, query, asides: &asides };
    let page = store.read(|s| view.page(s, &get(s, id)?))?;
    pages.show(&shell, &page)
}

/// What the page needs beside the order.
pub(super) struct View<'a> {
    pub shell: &'a Shell,
    pub search: &'a Search,
    pub rights: Rights,
    /// Who reads it.
    pub reader: &'a Actor,
    pub query: &'a ShowQuery,
    pub asides: &'a Asides,
}

impl View<'_> {
    /// The page of an order, from one snapshot.
    pub(super) fn page(&self, s: &Snapshot, order: &Order) -> Result<OrderPage> {
        let standing = standing(s, order)?;
        let mut page = OrderPage::new(order, &standing, |word| self.rights.may(word), self.query);
        let prices = sees_prices(|word| self.rights.may(word));
        (page.moments, page.older) = self.moments(s, order, &page.kept)?;
        page.parts = self.parts(order, &page.kept, prices)?;
        let search = seen_by(self.search, prices);
        page.near = neighbours::of(&search, self.shell, Some(page.from.as_str()), order)?;
        page.customer = self.customer(s, order)?;
        page.asides = self.asides.of(s, order.id, self.rights)?;
        Ok(if prices { page } else { page.without_prices(order) })
    }

    /// The entries of the timeline, and where the earlier ones are.
    fn moments(&self, s: &Snapshot, order: &Order, kept: &str) -> Result<(Vec<Moment>, Option<String>)> {
        let part = self.part()?;
        let (mut found, mut before) = (Vec::new(), self.query.before);
        let mut last = None;
        for _ in 0..READS_MAX {
            let events = events::of_subject(s, &Subject::of(&order.id), before, MOMENTS + 1)?;
            let more = events.len() > MOMENTS;
            let wanted = |m: &Moment| part.is_none_or(|part| m.part == part);
            found.extend(
                moments(events.iter().take(MOMENTS), order, (self.reader, self.shell.now))
                    .into_iter()
                    .filter(wanted),
            );
            last = events.iter().take(MOMENTS).next_back().map(|e| e.seq).filter(|_| more);
            before = last;
            if last.is_none() || found.len() >= MOMENTS {
                break;
            }
        }
        let older = last.map(|seq| self.timeline(order, kept, part, Some(seq)));
        Ok((found, older))
    }

    /// The part of the timeline that is asked for.
    fn part(&self) -> Result<Option<Part>> {
        let Some(word) = self.query.timeline.as_deref().filter(|w| !w.is_empty()) else { return Ok(None) };
        let names: Vec<_> = Part::ALL.iter().map(|part| part.words().0).collect();
        let unknown = || {
            let message = format!("timeline: use one of {}.", names.join(", "));
            Error::invalid("invalid_parameter", message).on("/timeline")
        };
        Part::named(word).map(Some).ok_or_else(unknown)
    }

    /// The page at a part of the timeline, before an event.
    fn timeline(&self, order: &Order, kept: &str, part: Option<Part>, before: Option<u64>) -> String {
        let place = Place::of(kept.trim_start_matches('?'))
            .and("timeline", part.map_or("", |part| part.words().0))
            .and("before", &before.map(|seq| seq.to_string()).unwrap_or_default());
        format!("{}#timeline", place.href(&format!("/admin/orders/{}", order.id)))
    }

    /// The parts of the timeline to choose from.
    fn parts(&self, order: &Order, kept: &str, prices: bool) -> Result<Vec<Tab>> {
        let present = self.part()?;
        let tab = |part: Option<Part>| Tab {
            label: part.map_or("All", |part| part.words().1).to_owned(),
            href: self.timeline(order, kept, part, None),
            current: part == present,
            ..Tab::default()
        };
        let seen = Part::ALL.iter().filter(|part| prices || **part != Part::Money).map(|part| Some(*part));
        Ok(std::iter::once(None).chain(seen).map(tab).collect())
    }

    fn customer(&self, s: &impl Read, order: &Order) -> Result<Option<CustomerCard>> {
        let Some(id) = order.customer else { return Ok(None) };
        let prices = sees_prices(|word| self.rights.may(word));
        let name = called(order, customers::find(s, id)?.as_ref(), prices);
        let totals = customers::totals(s, id)?;
        let orders = match (totals.orders, totals.orders_all) {
            (1, 1) => "1 order".to_owned(),
            (kept, all) if kept == all => format!("{all} orders"),
            (kept, 1) => format!("1 order, {kept} kept"),
            (kept, all) => format!("{all} orders, {kept} kept"),
        };
        Ok(Some(CustomerCard {
            name,
            href: self.rights.may("customers:view").then(|| format!("/admin/customers/{id}")),
            orders,
            spent: totals.spent.iter().map(|s| Money::new(s.amount, s.currency)).collect(),
            spent_means: customers::SPENT_MEANS,
            last_order_at: totals.last_order_at,
            all_orders: list_of(&format!("customer_id:{id}")),
        }))
    }
}

/// Answers the page again, with what was refused on top and the status of the refusal.
pub(super) fn refused(
    pages: &Pages,
    shell: &Shell,
    mut page: OrderPage,
    error: &Error,
    typed: BTreeMap<String, String>,
) -> Result<HttpResponse> {
    page.errors = Some(FormErrors::of(error));
    let is_tried =
        |step: &Offered| step.asks != "none" && typed.get("step").is_some_and(|word| word == step.word);
    page.menu_open = page.offers.others.iter().any(is_tried);
    page.says_inside = page.menu_open || page.offers.first.as_ref().is_some_and(is_tried);
    page.typed = typed;
    let status =
        if error.fields.is_empty() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    pages.show_as(status, shell, &page)
}

/// The order list with a query.
fn list_of(query: &str) -> String {
    Place::default().set("q", query).href(PATH)
}
