//! The order list: views, query, filters, rows, pages. Its address is its whole state.

use super::columns::{self, Column, Tick};
use super::facets::{self, Group, Offer, PATH};
use super::row::Sheet;
use super::steps::reasons;
use super::terms::{Place, replaced};
use crate::access::{Shop, Staff, may};
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Currency;
use crate::search::query::parse;
use crate::search::{Answer, Cursor, Problem, Search, Total};
use crate::shop::customers;
use crate::shop::orders::{OrderId, VIEWS, count, currencies, find, standing};
use crate::store::{Snapshot, Store};
use crate::web::listing::{self, ListQuery, total_words};
use crate::web::parts::{Chip, Choice, Link, Pager, Tab};
use crate::web::{Page, Pages, Query, Shell, Web, see_other};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

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
        }
    }
    /// The address with the ranges of the small forms moved into the query; `None` when there are none.
    fn settled(&self, place: &Place, search: &Search, shell: &Shell) -> Option<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut query = text(&self.q);
        for (field, from, to) in [("placed", &self.since, &self.until), ("total", &self.least, &self.most)] {
            if from.is_some() || to.is_some() {
                let read = parse(&query, search.schema(), shell.now, &shell.zone(), None).query;
                query = replaced(&read, field, &facets::range(&text(from), &text(to)));
            }
        }
        place.has(RANGES).then(|| place.less(RANGES).set("q", &query).href(PATH))
    }
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
    /// Where the list with this query is exported.
    pub export: Option<String>,
    /// This address, for forms that come back.
    pub here: String,
    pub may_edit: bool,
    pub may_ship: bool,
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
    let place = Place::of(&shell.query);
    if let Some(settled) = query.0.settled(&place, &search, &shell) {
        return see_other(&settled, None);
    }
    let (answer, problems) =
        listing::lenient(&search, &query.0.list(), "order", shell.now, &shop.zone(), &facets::fields())?;
    let sprite = front.assets().path("img/icons.svg")?;
    let rights = staff.rights();
    let ask = Ask { query: &query.0, place, answer, problems, shell: &shell, sprite };
    let page = store.read(|s| ask.page(s, |word| rights.may(word)))?;
    pages.show(&shell, &page)
}

/// What was asked and what the index answered; the records come from one snapshot.
struct Ask<'a> {
    query: &'a OrdersQuery,
    place: Place,
    answer: Answer,
    problems: Vec<Problem>,
    shell: &'a Shell,
    sprite: &'a str,
}

impl Ask<'_> {
    fn page(&self, s: &Snapshot, may: impl Fn(&str) -> bool) -> Result<ListPage> {
        let q = self.query.q.clone().unwrap_or_default();
        let asked = &self.answer.query;
        let columns = columns::shown(&self.query.cols);
        let export = may("orders:export").then(|| self.export(&q, &columns));
        let (rows, shown) = self.rows(s, &columns, may("customers:view"))?;
        let views = self.views(s)?;
        let is_first_use = views.first().is_none_or(|all| all.count == Some(0));
        Ok(ListPage {
            chips: facets::chips(asked, &self.place),
            groups: facets::groups(asked, &self.place, &self.answer.facets),
            days: facets::days(asked, &self.place),
            clear: self.place.set("q", "").href(PATH),
            currencies: self.currencies_to_choose(s)?,
            problems: self.problems.iter().map(|p| self.trouble(p, &q)).collect(),
            corrected: self.answer.corrected.clone(),
            degraded: self.answer.degraded,
            ticks: columns::ticks(&columns),
            usual_columns: self.place.less(&["cols"]).href(PATH),
            columns,
            sort: self.query.sort.clone().unwrap_or_else(|| "-placed".to_owned()),
            total: self.answer.total.as_ref().map(total_words).unwrap_or_default(),
            pager: self.pager(shown),
            limits: self.limits(),
            empty: if shown > 0 {
                ""
            } else if is_first_use {
                "first"
            } else {
                "none"
            },
            export,
            here: self.place.href(PATH),
            may_edit: may("orders:edit"),
            may_ship: may("orders:ship"),
            reasons: reasons(),
            views,
            rows,
            shown,
            q,
        })
    }

    /// Totals of several currencies cannot be compared: a list in their order offers to show one currency only.
    fn currencies_to_choose(&self, s: &Snapshot) -> Result<Vec<Link>> {
        let q = self.query.q.clone().unwrap_or_default();
        let sort = self.query.sort.as_deref().unwrap_or_default();
        if sort.trim_start_matches('-') != "total" || q.contains("currency:") {
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

    fn rows(&self, s: &Snapshot, columns: &[Column], links_customers: bool) -> Result<(String, usize)> {
        let from = Place::default().set("from", &self.place.href(PATH)).href("");
        let zone = self.shell.zone();
        let sheet = Sheet {
            columns,
            zone: &zone,
            now: self.shell.now,
            sprite: self.sprite,
            from: &from,
            links_customers,
        };
        let (mut html, mut shown) = (String::with_capacity(self.answer.hits.len() * 1_400), 0);
        for hit in &self.answer.hits {
            let Some(order) = find(s, OrderId::from_bytes(hit.id))? else { continue };
            // Who ordered it, not whom it is sent to: a present goes to somebody else.
            let customer = match order.customer {
                Some(id) => customers::find(s, id)?,
                None => None,
            };
            let name = customer.map(|c| c.name()).filter(|n| !n.is_empty()).unwrap_or_else(|| order.person());
            sheet.row(&mut html, &order, &standing(s, &order)?, &name);
            shown += 1;
        }
        Ok((html, shown))
    }

    /// The view whose query this one is, or begins with, is the current one.
    fn views(&self, s: &Snapshot) -> Result<Vec<Tab>> {
        let chips = self.answer.query.chips();
        let typed: Vec<&str> = chips.iter().map(|c| c.text.as_str()).collect();
        let current = VIEWS
            .iter()
            .enumerate()
            .filter(|(_, view)| view.query.split_whitespace().all(|term| typed.contains(&term)))
            .max_by_key(|(_, view)| view.query.split_whitespace().count())
            .map(|(at, _)| at);
        let mut tabs = Vec::new();
        for (at, view) in VIEWS.iter().enumerate() {
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
        Trouble { message: problem.message.clone(), instead }
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
