//! The order list: views, query, filters, rows, pages. Its address is its whole state.

use super::columns::{self, Column};
use super::facets::{self, Group, Offer, PATH};
use super::row::Sheet;
use super::steps::reasons;
use super::terms::{chosen, replaced};
use crate::access::{Rights, Shop, Staff, may};
use crate::base::error::{Kind, Result};
use crate::base::id::Id;
use crate::base::money::{Currency, Money, parse_amount};
use crate::search::query::parse;
use crate::search::{Answer, Chip as Chips, Cursor, Problem, Query as Asked, Search, Total};
use crate::shop::customers;
use crate::shop::orders::{
    OrderId, VIEWS, View, called, count, currencies, doc, find, find_by_number, seen_by, sees_prices,
    standing,
};
use crate::store::{Snapshot, Store};
use crate::web::bulk::Refused;
use crate::web::columns::Tick;
use crate::web::listing::{self, ListQuery, grouped, total_words};
use crate::web::parts::{Chip, Choice, FormErrors, Link, Pager, Tab};
use crate::web::place::Place;
use crate::web::{Page, Pages, Query, Shell, Web, see_other};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows of a page to choose from.
const LIMITS: &[u32] = &[50, 100, 200];

/// The parameters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OrdersQuery {
    pub q: Option<String>,
    pub limit: Option<u32>,
    pub after: Option<String>,
    pub before: Option<String>,
    pub sort: Option<String>,
    /// Words of columns, several times or with commas.
    pub cols: Vec<String>,
    /// Days, and amounts in major units, of the small forms in the filters; they become part of `q`.
    pub since: Option<String>,
    pub until: Option<String>,
    pub least: Option<String>,
    pub most: Option<String>,
}

impl OrdersQuery {
    /// What the search is asked.
    pub(super) fn list(&self) -> ListQuery {
        ListQuery {
            q: self.q.clone(),
            limit: self.limit,
            after: self.after.clone(),
            before: self.before.clone(),
            sort: self.sort.clone(),
            count: None,
            fields: None,
        }
    }
    /// The address with the ranges of the small forms moved into the query; `None` when there are none.
    ///
    /// # Errors
    /// `invalid_amount` on the box whose amount cannot be read, or can be read in two ways.
    fn settled(
        &self,
        place: &Place,
        search: &Search,
        shell: &Shell,
        own: Currency,
    ) -> Result<Option<String>> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut query = text(&self.q);
        let read = |query: &str| parse(query, search.schema(), shell.now, &shell.zone(), None).query;
        if self.since.is_some() || self.until.is_some() {
            query = replaced(&read(&query), "placed", &facets::range(&text(&self.since), &text(&self.until)));
        }
        if self.least.is_some() || self.most.is_some() {
            let asked = read(&query);
            let currency = currency_of(&asked).unwrap_or(own);
            let least = amount("least", &text(&self.least), currency)?;
            let most = amount("most", &text(&self.most), currency)?;
            query = replaced(&asked, "total", &facets::range(&least, &most));
        }
        Ok(place.has(RANGES).then(|| place.less(RANGES).set("q", &query).href(PATH)))
    }
}

/// The one currency that a query asks for.
fn currency_of(query: &Asked) -> Option<Currency> {
    match chosen(query, "currency").as_slice() {
        [one] => Currency::parse(one).ok(),
        _ => None,
    }
}

/// What was typed into a box for an amount, as the query language writes it: there a comma means "or".
fn amount(name: &str, text: &str, currency: Currency) -> Result<String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let minor = parse_amount(text, currency).map_err(|e| e.on(format!("/{name}")))?;
    Ok(Money::new(minor, currency).decimal())
}

/// Parameters of the small forms for days and amounts.
const RANGES: &[&str] = &["since", "until", "least", "most"];

/// The list as its template shows it.
#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    pub views: Vec<Tab>,
    pub q: String,
    pub chips: Vec<Chip>,
    pub groups: Vec<Group>,
    pub days: Vec<Offer>,
    /// The address without any filter.
    pub clear: String,
    /// In the order of totals: the currencies to look at one of them only.
    pub currencies: Vec<Link>,
    pub problems: Vec<Trouble>,
    /// What of a form was refused, and what was typed into it.
    pub errors: Option<FormErrors>,
    pub typed: BTreeMap<String, String>,
    /// Typed and understood instead.
    pub corrected: Vec<(String, String)>,
    pub degraded: bool,
    pub columns: Vec<Column>,
    pub ticks: Vec<Tick>,
    pub usual_columns: String,
    pub sort: String,
    /// Rows as HTML; everything in them is escaped by `row`.
    pub rows: String,
    pub shown: usize,
    /// The count in words.
    pub total: String,
    pub pager: Pager,
    pub limits: Vec<Limit>,
    /// `first` or `none` when there is no row, else empty.
    pub empty: &'static str,
    /// The words of the box that selects every order that matches; none when the page shows them all.
    pub all: Option<String>,
    /// Where the list with this query is exported.
    pub export: Option<String>,
    /// This address, for forms that come back.
    pub here: String,
    pub may_edit: bool,
    /// Prices and payments are the reader's business.
    pub sees_prices: bool,
    pub may_ship: bool,
    pub may_import: bool,
    /// Why orders are cancelled.
    pub reasons: Vec<Choice>,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "orders/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        super::samples::list_page()
    }
}

/// What was not understood of the query, and the query that was perhaps meant.
#[derive(Debug, Serialize)]
pub(super) struct Trouble {
    pub message: String,
    pub instead: Option<Link>,
}

/// A number of rows to choose.
#[derive(Debug, Serialize)]
pub(super) struct Limit {
    pub rows: u32,
    pub href: String,
    pub current: bool,
}

/// `GET /admin/orders`
pub(super) async fn list(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    front: web::Data<Web>,
    (store, search): (web::Data<Store>, web::Data<Search>),
    shop: web::Data<Shop>,
    query: Query<OrdersQuery>,
) -> Result<HttpResponse> {
    let search = web::Data::new(seen_by(&search, sees_prices(|word| staff.may(word))));
    let parts = ListParts { pages, front, store, search, shop };
    let place = Place::of(&shell.query);
    let own = parts.shop.profile().currency;
    let refused = match query.0.settled(&place, &parts.search, &shell, own) {
        Ok(Some(settled)) => return see_other(&settled, None),
        Ok(None) => Refused::default(),
        Err(error) if error.kind == Kind::Invalid => {
            let boxes = [("least", query.0.least.as_ref()), ("most", query.0.most.as_ref())];
            let typed = boxes.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.clone())));
            Refused { errors: Some(FormErrors::of(&error)), typed: typed.collect(), ticked: Vec::new() }
        }
        Err(fault) => return Err(fault),
    };
    if refused.status() != StatusCode::OK {
        return parts.show(&shell, staff.rights(), &query.0, refused);
    }
    let rights = staff.rights();
    parts.pages.show_kept(
        &shell,
        &rights,
        || listing::state(&parts.store, &parts.search),
        || parts.page(&shell, rights, &query.0, refused),
    )
}

/// What the list needs of the app.
pub(super) struct ListParts {
    pub pages: web::Data<Pages>,
    pub front: web::Data<Web>,
    pub store: web::Data<Store>,
    pub search: web::Data<Search>,
    pub shop: web::Data<Shop>,
}

impl ListParts {
    /// The list; with something refused as an answer that says so.
    fn show(
        &self,
        shell: &Shell,
        rights: Rights,
        query: &OrdersQuery,
        refused: Refused<OrderId>,
    ) -> Result<HttpResponse> {
        let status = refused.status();
        self.pages.show_as(status, shell, &self.page(shell, rights, query, refused)?)
    }

    fn page(
        &self,
        shell: &Shell,
        rights: Rights,
        query: &OrdersQuery,
        refused: Refused<OrderId>,
    ) -> Result<ListPage> {
        let zone = self.shop.zone();
        let (answer, problems) =
            listing::lenient(&self.search, &query.list(), "order", shell.now, &zone, &facets::fields())?;
        let sprite = self.front.assets().path("img/icons.svg")?;
        let place = Place::of(&shell.query).less(RANGES);
        let ask = Ask { query, place, answer, problems, refused, shell, sprite };
        self.store.read(|s| ask.page(s, |word| rights.may(word)))
    }

    /// The list at the address of `shell`, after a form in it was refused.
    pub(super) fn again(
        &self,
        shell: &Shell,
        rights: Rights,
        refused: Refused<OrderId>,
    ) -> Result<HttpResponse> {
        let asked = crate::web::query::parse::<OrdersQuery>(&shell.query).unwrap_or_default();
        self.show(shell, rights, &asked, refused)
    }
}

/// What was asked and what the index answered; the records come from one snapshot.
struct Ask<'a> {
    query: &'a OrdersQuery,
    place: Place,
    answer: Answer,
    problems: Vec<Problem>,
    refused: Refused<OrderId>,
    shell: &'a Shell,
    sprite: &'a str,
}

impl Ask<'_> {
    fn page(&self, s: &Snapshot, may: impl Fn(&'static str) -> bool) -> Result<ListPage> {
        let q = self.query.q.clone().unwrap_or_default();
        let asked = &self.answer.query;
        let prices = sees_prices(&may);
        let columns = columns::shown(&self.query.cols, prices);
        let export = may("orders:export").then(|| self.export(&q, &columns));
        let (rows, shown) = self.rows(s, &columns, &may)?;
        let views = self.views(s, prices)?;
        let is_first_use = views.first().is_none_or(|all| all.count == Some(0));
        Ok(ListPage {
            chips: facets::chips(asked, &self.place),
            groups: facets::groups(asked, &self.place, &self.answer.facets)
                .into_iter()
                .filter(|group| prices || !group.of_money)
                .collect(),
            days: facets::days(asked, &self.place),
            clear: self.place.set("q", "").href(PATH),
            currencies: self.currencies_to_choose(s)?,
            problems: self.problems.iter().map(|p| self.trouble(p, &q)).collect(),
            errors: self.refused.errors.clone(),
            typed: self.refused.typed.clone(),
            corrected: self.answer.corrected.clone(),
            degraded: self.answer.degraded,
            ticks: columns::ticks(&columns, prices),
            sees_prices: prices,
            usual_columns: self.place.less(&["cols"]).href(PATH),
            columns,
            sort: self.query.sort.clone().unwrap_or_else(|| "-placed".to_owned()),
            total: self.total(&views),
            pager: self.pager(shown),
            limits: self.limits(),
            empty: if shown > 0 {
                ""
            } else if is_first_use {
                "first"
            } else {
                "none"
            },
            all: self.all(shown),
            export,
            here: self.place.href(PATH),
            may_edit: may("orders:edit"),
            may_ship: may("orders:ship"),
            may_import: may("imports:run"),
            reasons: reasons(),
            views,
            rows,
            shown,
            q,
        })
    }

    /// The count in words. A view as it stands has its own counter, exact however many there are; with the same
    /// number beside its name it would be odd to say "more than".
    fn total(&self, views: &[Tab]) -> String {
        let of_view = views.iter().find(|tab| tab.current && !tab.changed).and_then(|tab| tab.count);
        match (of_view, &self.answer.total) {
            (Some(count), Some(Total::MoreThan(_))) if self.problems.is_empty() => {
                total_words(&Total::Exact(count))
            }
            (_, counted) => counted.as_ref().map(total_words).unwrap_or_default(),
        }
    }

    /// Offered where there are more than the page shows, and where the query means what it says.
    fn all(&self, shown: usize) -> Option<String> {
        let total = self.answer.total.as_ref()?;
        let (Total::Exact(count) | Total::MoreThan(count)) = total;
        let is_more = usize::try_from(*count).is_ok_and(|count| count > shown);
        let is_sure = self.problems.is_empty() && self.answer.corrected.is_empty() && !self.answer.degraded;
        (is_more && is_sure).then(|| match total {
            Total::Exact(count) => format!("Select all {} that match", grouped(*count)),
            Total::MoreThan(_) => "Select all that match".to_owned(),
        })
    }

    /// Totals of several currencies cannot be compared: a list in their order, or of those above or below an amount,
    /// offers to show one currency only.
    fn currencies_to_choose(&self, s: &Snapshot) -> Result<Vec<Link>> {
        let q = self.query.q.clone().unwrap_or_default();
        let sort = self.query.sort.as_deref().unwrap_or_default();
        let compares = sort.trim_start_matches('-') == "total" || self.answer.query.asks_for("total");
        if !compares || self.answer.query.asks_for("currency") {
            return Ok(Vec::new());
        }
        let one = |c: Currency| {
            let q = format!("{q} currency:{}", c.code().to_lowercase());
            Link::new(c.code(), self.place.set("q", q.trim()).href(PATH))
        };
        Ok(currencies(s)?.into_iter().map(one).collect())
    }

    /// Where this list is exported, with its query, its order and its columns.
    fn export(&self, q: &str, columns: &[Column]) -> String {
        let words: Vec<_> = columns.iter().map(|c| c.word).collect();
        let sort = self.query.sort.clone().unwrap_or_default();
        let place = Place::default().set("q", q).set("sort", &sort).set("cols", &words.join(","));
        place.href("/admin/exports/orders")
    }

    fn rows(
        &self,
        s: &Snapshot,
        columns: &[Column],
        may: impl Fn(&'static str) -> bool,
    ) -> Result<(String, usize)> {
        let from = Place::default().set("from", &self.place.href(PATH)).href("");
        let zone = self.shell.zone();
        let sheet = Sheet {
            columns,
            zone: &zone,
            now: self.shell.now,
            sprite: self.sprite,
            from: &from,
            links_customers: may("customers:view"),
            picks: may("orders:edit") || may("orders:ship"),
            ticked: &self.refused.ticked,
        };
        let (mut html, mut shown) = (String::with_capacity(self.answer.hits.len() * 1_400), 0);
        let named = self.named(s)?;
        let others = self.answer.hits.iter().map(|hit| OrderId::from_bytes(hit.id));
        for id in named.into_iter().chain(others.filter(|id| Some(*id) != named)) {
            let Some(order) = find(s, id)? else { continue };
            // Who ordered it, not whom it is sent to: a present goes to somebody else.
            let customer = match order.customer {
                Some(id) => customers::find(s, id)?,
                None => None,
            };
            let name = called(&order, customer.as_ref(), sees_prices(&may));
            sheet.row(&mut html, &order, &standing(s, &order)?, &name);
            shown += 1;
        }
        Ok((html, shown))
    }

    /// The order whose number the query is about comes first, where everything that begins so is listed newest first.
    fn named(&self, s: &Snapshot) -> Result<Option<OrderId>> {
        let query = &self.answer.query;
        if self.query.sort.is_some() || self.query.after.is_some() || self.query.before.is_some() {
            return Ok(None);
        }
        let is_named = |chip: &&Chips| !chip.negated && matches!(chip.field, None | Some("number"));
        for chip in query.chips().iter().filter(is_named) {
            let Ok(number) = chip.value.trim_start_matches('#').parse() else { continue };
            let Some(id) = find_by_number(s, number)? else { continue };
            if doc(s, id)?.is_some_and(|doc| query.matches(&doc)) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The view whose query this one is, or begins with, is the current one.
    fn views(&self, s: &Snapshot, prices: bool) -> Result<Vec<Tab>> {
        let chips = self.answer.query.chips();
        let typed: Vec<&str> = chips.iter().map(|c| c.text.as_str()).collect();
        let current = VIEWS
            .iter()
            .enumerate()
            .filter(|(_, view)| view.query.split_whitespace().all(|term| typed.contains(&term)))
            .max_by_key(|(_, view)| view.query.split_whitespace().count())
            .map(|(at, _)| at);
        let mut tabs = Vec::new();
        // Whose business money is not has no list of who owes some.
        let offered = |view: &View| prices || !view.query.contains("payment:unpaid");
        for (at, view) in VIEWS.iter().enumerate().filter(|(_, view)| offered(view)) {
            let current = current == Some(at);
            tabs.push(Tab {
                label: view.label.to_owned(),
                href: self.place.less(&["sort"]).set("q", view.query).href(PATH),
                count: u64::try_from(count(s, view)?).ok(),
                current,
                changed: current && typed.len() > view.query.split_whitespace().count(),
            });
        }
        Ok(tabs)
    }

    fn trouble(&self, problem: &Problem, q: &str) -> Trouble {
        let instead = problem.suggestion.as_ref().map(|word| {
            Link::new(word.clone(), self.place.set("q", &q.replacen(&problem.text, word, 1)).href(PATH))
        });
        Trouble { message: listing::said(problem, &self.answer.query), instead }
    }

    fn pager(&self, shown: usize) -> Pager {
        let link = |name: &str, cursor: &Option<Cursor>| {
            cursor.as_ref().map(|c| self.place.set(name, &c.to_string()).href(PATH))
        };
        let total = self.answer.total.map(|total| match total {
            Total::Exact(count) => crate::web::parts::Total { count, exact: true },
            Total::MoreThan(count) => crate::web::parts::Total { count, exact: false },
        });
        Pager {
            newer: link("before", &self.answer.prev),
            older: link("after", &self.answer.next),
            shown,
            total,
        }
    }

    fn limits(&self) -> Vec<Limit> {
        let present = self.query.limit.unwrap_or(LIMITS.first().copied().unwrap_or(50));
        let limit = |rows: &u32| Limit {
            rows: *rows,
            href: self.place.set("limit", &rows.to_string()).href(PATH),
            current: *rows == present,
        };
        LIMITS.iter().map(limit).collect()
    }
}
