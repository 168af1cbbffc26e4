//! The customer list: views, query, filters, rows, pages. Its address is its whole state.

use super::columns::{self, Column};
use super::filters::{self, FACETS, PATH, Top, place};
use crate::access::{Rights, Shop, Staff, may};
use crate::base::country;
use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::search::query::parse;
use crate::search::{Problem, Query as Asked, Search, Total};
use crate::shop::customers::{
    Customer, CustomerId, Rank, Totals, average_spend, find, main_spend, spent_currencies, totals,
    with_highest_spend, with_most_orders,
};
use crate::store::{Read, Store};
use crate::web::bulk::Refused;
use crate::web::columns::Tick;
use crate::web::listing::{self, ListQuery, as_searched};
use crate::web::paging::limit_of;
use crate::web::parts::{self, Chip, Facet, FormErrors, Link, Pager, Tab};
use crate::web::place::Place;
use crate::web::{Page, Pages, Query, Shell};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Customers that are counted of each currency to know which one is the usual.
const SPENDERS_COUNTED: usize = 1_000;
/// Tags that a row shows.
const TAGS_SHOWN: usize = 3;

/// The parameters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CustomersQuery {
    q: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
    before: Option<String>,
    sort: Option<String>,
    /// `orders` or `spent`: who comes first.
    top: Option<String>,
    /// For `top=spent`.
    currency: Option<String>,
    /// Words of columns, several times or with commas.
    cols: Vec<String>,
}

/// The list as its template shows it.
#[derive(Debug, Default, Serialize)]
pub(super) struct ListPage {
    tabs: Vec<Tab>,
    /// The currencies of "Highest spend".
    currencies: Vec<Tab>,
    q: String,
    chips: Vec<Chip>,
    facets: Vec<Facet>,
    clear: String,
    problems: Vec<Trouble>,
    corrected: Vec<(String, String)>,
    degraded: bool,
    columns: Vec<Column>,
    /// Every column by its word: whether it is shown.
    on: BTreeMap<&'static str, bool>,
    ticks: Vec<Tick>,
    /// The list with the usual columns.
    usual_columns: String,
    sort: String,
    rows: Vec<Row>,
    /// What is added to a customer's address, so that it leads back here.
    from: String,
    pager: Pager,
    /// The list shows only who comes first.
    is_top: bool,
    /// The currency in which they spent most.
    spent_in: Option<Currency>,
    /// `first` or `none` when there is no row, else empty.
    empty: &'static str,
    may_edit: bool,
    /// This address, for the form that comes back.
    here: String,
    /// What of a form was refused, and the tag that was typed into it.
    errors: Option<FormErrors>,
    tag: String,
    /// Where the list with this query is exported.
    export: Option<String>,
}

/// One customer in the list.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    /// What the box of the row says: which customer, and as of which version.
    pick: String,
    ticked: bool,
    name: String,
    company: String,
    email: String,
    phone: String,
    country: String,
    orders: u32,
    /// In the main currency, or in the one the list is about.
    spent: Option<Money>,
    /// There is more in other currencies.
    spent_more: bool,
    /// What an order was worth on average.
    average: Option<Money>,
    last_order_at: Option<Timestamp>,
    since: Timestamp,
    marketing: bool,
    language: String,
    tags: Vec<String>,
    more_tags: usize,
    note: String,
}

impl Row {
    fn new(c: &Customer, totals: &Totals, currency: Option<Currency>, ticked: &[CustomerId]) -> Self {
        let in_currency = |wanted| {
            totals.spent.iter().find(|s| s.currency == wanted).map(|s| Money::new(s.amount, s.currency))
        };
        let spent = currency.map_or_else(|| main_spend(totals), in_currency);
        Self {
            id: c.id.to_string(),
            pick: format!("{}.{}", c.id, c.version),
            ticked: ticked.contains(&c.id),
            name: c.name(),
            company: c.company.clone(),
            email: c.email.clone().unwrap_or_default(),
            phone: c.phone.clone(),
            country: if c.country().is_empty() { String::new() } else { country::name(c.country()) },
            orders: totals.orders,
            average: average_spend(totals),
            spent,
            spent_more: totals.spent.len() > 1,
            last_order_at: totals.last_order_at,
            since: c.created_at,
            marketing: c.accepts_marketing,
            language: c.language.clone(),
            tags: c.tags.iter().take(TAGS_SHOWN).cloned().collect(),
            more_tags: c.tags.len().saturating_sub(TAGS_SHOWN),
            note: c.note.chars().take(300).collect(),
        }
    }
}

/// What was not understood of the query, and the list that was perhaps meant.
#[derive(Debug, Serialize)]
pub(super) struct Trouble {
    message: String,
    instead: Option<Link>,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "customers/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        let totals = Totals {
            orders: 7,
            spent: vec![crate::shop::customers::Spent { currency: Currency::EUR, amount: 123_450 }],
            ..Totals::default()
        };
        Self {
            tabs: filters::tabs(&Place::default(), "", None),
            q: "anna colur:x".into(),
            chips: vec![Chip { label: "anna".into(), without: PATH.into() }],
            problems: vec![Trouble {
                message: "There is no field “colur”.".into(),
                instead: Some(Link::new("colour:x", PATH)),
            }],
            corrected: vec![("bergh".into(), "berg".into())],
            degraded: true,
            on: columns::COLUMNS.iter().map(|c| (c.word, true)).collect(),
            columns: columns::COLUMNS.to_vec(),
            ticks: columns::ticks(columns::COLUMNS),
            rows: vec![Row::new(&super::samples::customer(), &totals, None, &[])],
            errors: Some(FormErrors::of(&Error::invalid("tag_empty", "Write the tag first.").on("/tag"))),
            pager: Pager { older: Some(PATH.into()), shown: 1, ..Pager::default() },
            may_edit: true,
            ..Self::default()
        }
    }
}

/// `GET /admin/customers`
pub(super) async fn list(
    staff: Staff<may::ViewCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    search: web::Data<Search>,
    shop: web::Data<Shop>,
    query: Query<CustomersQuery>,
) -> Result<HttpResponse> {
    let parts = ListParts { pages, store, search, shop };
    let rights = staff.rights();
    parts.pages.show_kept(
        &shell,
        &rights,
        || listing::state(&parts.store, &parts.search),
        || parts.page(&shell, rights, &query.0, Refused::default()),
    )
}

/// What the list needs of the app.
pub(super) struct ListParts {
    pub pages: web::Data<Pages>,
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
        query: &CustomersQuery,
        refused: Refused<CustomerId>,
    ) -> Result<HttpResponse> {
        let status = refused.status();
        self.pages.show_as(status, shell, &self.page(shell, rights, query, refused)?)
    }

    fn page(
        &self,
        shell: &Shell,
        rights: Rights,
        query: &CustomersQuery,
        refused: Refused<CustomerId>,
    ) -> Result<ListPage> {
        let own = self.shop.profile().currency;
        let ask = Ask { query, kept: filters::kept(&shell.query), ticked: &refused.ticked };
        let mut page = match self.store.read(|s| query.top(s, own))? {
            Some(top) => self.store.read(|s| ask.by_rank(s, top))?,
            None => ask.by_query(self, shell)?,
        };
        page.here = Place::of(&shell.query).href(PATH);
        page.from = Place::default().set("from", &page.here).href("");
        page.may_edit = rights.may("customers:edit");
        page.columns = columns::shown(&query.cols);
        let is_on = |word| page.columns.iter().any(|c| c.word == word);
        page.on = columns::COLUMNS.iter().map(|c| (c.word, is_on(c.word))).collect();
        page.ticks = columns::ticks(&page.columns);
        page.usual_columns = Place::of(&shell.query).less(&["cols"]).href(PATH);
        page.export = rights.may("customers:export").then(|| page.exported());
        let tag = refused.typed.get("tag").cloned().unwrap_or_default();
        (page.errors, page.tag) = (refused.errors, tag);
        Ok(page)
    }

    /// The list at the address of `shell`, after a form in it was refused.
    pub(super) fn again(
        &self,
        shell: &Shell,
        rights: Rights,
        refused: Refused<CustomerId>,
    ) -> Result<HttpResponse> {
        let asked = crate::web::query::parse::<CustomersQuery>(&shell.query).unwrap_or_default();
        self.show(shell, rights, &asked, refused)
    }
}

impl ListPage {
    /// Where this list is exported, with its query, its order and its columns.
    fn exported(&self) -> String {
        let words: Vec<_> = self.columns.iter().map(|c| c.word).collect();
        let place = Place::default();
        // Who spent most in one currency is a list of its own: no query of the index has it.
        let place = match self.spent_in {
            Some(currency) => place.set("spent_in", currency.code()),
            None => place.set("q", &as_searched(&self.q, &self.corrected)).set("sort", &self.sort),
        };
        place.set("cols", &words.join(",")).href("/admin/exports/customers")
    }
}

impl CustomersQuery {
    /// Who comes first is asked only without a query; with one, the list is sorted instead.
    fn top(&self, r: &impl Read, own: Currency) -> Result<Option<Top>> {
        let asks_more = self.q.as_deref().is_some_and(|q| !q.trim().is_empty()) || self.sort.is_some();
        match self.top.as_deref() {
            None => Ok(None),
            Some("orders") if !asks_more => Ok(Some(Top::Orders)),
            Some("spent") if !asks_more => match &self.currency {
                Some(code) => {
                    Currency::parse(code).map(|c| Some(Top::Spent(c))).map_err(|e| e.on("/currency"))
                }
                None => Ok(Some(Top::Spent(usual_currency(r, own)?))),
            },
            Some("orders" | "spent") => Ok(None),
            Some(_) => Err(Error::invalid("invalid_parameter", "top: use orders or spent.").on("/top")),
        }
    }

    /// The place in the ranks behind which a page begins.
    fn rank(&self) -> Result<Option<Rank>> {
        self.after.as_deref().map(Rank::parse).transpose().map_err(|e| e.on("/after"))
    }
}

/// What was asked, and how the list is shown.
struct Ask<'a> {
    query: &'a CustomersQuery,
    kept: Place,
    ticked: &'a [CustomerId],
}

impl Ask<'_> {
    /// The customers that come first, from an index kept with every order.
    fn by_rank(&self, r: &impl Read, top: Top) -> Result<ListPage> {
        let limit = limit_of(self.query.limit)?;
        let mut older = None;
        let (ids, currency) = match top {
            Top::Orders => (with_most_orders(r, limit)?, None),
            Top::Spent(currency) => {
                let ranked = with_highest_spend(r, currency, self.query.rank()?, limit)?;
                older = ranked.last().filter(|_| ranked.len() == limit).map(|last| {
                    let after = last.to_string();
                    self.at(&[("top", "spent"), ("currency", currency.code()), ("after", &after)])
                });
                (ranked.into_iter().map(|rank| rank.id).collect(), Some(currency))
            }
        };
        let rows = self.rows(r, &ids, currency)?;
        let currencies = match currency {
            None => Vec::new(),
            Some(present) => {
                spent_currencies(r)?.into_iter().map(|c| self.currency_tab(c, present)).collect()
            }
        };
        Ok(ListPage {
            tabs: filters::tabs(&self.kept, "", Some(top)),
            currencies,
            pager: Pager {
                newer: self.query.after.as_ref().zip(currency).map(|(_, c)| self.currency_tab(c, c).href),
                older,
                shown: rows.len(),
                ..Pager::default()
            },
            sort: if currency.is_some() { "-spent" } else { "-orders" }.to_owned(),
            is_top: true,
            spent_in: currency,
            empty: if rows.is_empty() { "first" } else { "" },
            clear: self.at(&[]),
            rows,
            ..ListPage::default()
        })
    }

    /// Sums of several currencies cannot be compared: a list in their order, or of those above or below an amount,
    /// offers to show one currency only.
    fn currencies_to_choose(&self, r: &impl Read, asked: &Asked, sort: &str) -> Result<Vec<Tab>> {
        let compares = sort.trim_start_matches('-') == "spent" || asked.asks_for("spent");
        if !compares || asked.asks_for("currency") {
            return Ok(Vec::new());
        }
        let q = asked.text();
        let one = |c: Currency| {
            let q = format!("{q} currency:{}", c.code().to_lowercase());
            Tab {
                label: c.code().to_owned(),
                href: self.at(&[("q", q.trim()), ("sort", sort)]),
                ..Tab::default()
            }
        };
        Ok(spent_currencies(r)?.into_iter().map(one).collect())
    }

    /// The customers that a query finds.
    fn by_query(&self, parts: &ListParts, shell: &Shell) -> Result<ListPage> {
        let (search, asks) = (&parts.search, self.query);
        let zone = parts.shop.zone();
        let mut q = asks.q.clone().unwrap_or_default();
        // What is typed into the filter of "Highest spend" goes on in the currency that was looked at.
        if let (Some("spent"), Some(code)) = (asks.top.as_deref(), &asks.currency) {
            let typed = parse(&q, search.schema(), shell.now, &zone, None);
            if !typed.query.asks_for("currency") {
                let currency = Currency::parse(code).map_err(|e| e.on("/currency"))?;
                // What is not understood stays, and is said.
                let rest = if typed.problems.is_empty() { &typed.canonical } else { &q };
                q = format!("{} currency:{}", rest.trim(), currency.code().to_lowercase());
            }
        }
        let sort = match (asks.sort.as_deref(), asks.top.as_deref()) {
            (Some(sort), _) => sort.to_owned(),
            (None, Some("orders")) => "-orders".to_owned(),
            (None, Some("spent")) => "-spent".to_owned(),
            _ => String::new(),
        };
        let list = ListQuery {
            q: Some(q.clone()),
            limit: asks.limit,
            after: asks.after.clone(),
            before: asks.before.clone(),
            sort: Some(sort.clone()),
            count: None,
            fields: None,
        };
        let (answer, problems) = listing::lenient(search, &list, "customer", shell.now, &zone, FACETS)?;
        let asked = parse(&q, search.schema(), shell.now, &zone, None);
        let ids: Vec<CustomerId> = answer.hits.iter().map(|hit| CustomerId::from_bytes(hit.id)).collect();
        let (rows, currencies) = parts
            .store
            .read(|s| Ok((self.rows(s, &ids, None)?, self.currencies_to_choose(s, &asked.query, &sort)?)))?;
        let at = |name: &str, cursor: &Option<crate::search::Cursor>| {
            cursor.as_ref().map(|c| self.at(&[("q", &q), ("sort", &sort), (name, &c.to_string())]))
        };
        Ok(ListPage {
            currencies,
            tabs: filters::tabs(&self.kept, &asked.canonical, None),
            chips: filters::chips(&self.kept, &asked.query, &sort),
            facets: filters::facets(&self.kept, &asked.query, &answer.facets, &sort),
            clear: self.at(&[("sort", &sort)]),
            problems: problems.iter().map(|p| self.trouble(p, &q, &asked.query)).collect(),
            corrected: answer.corrected.clone(),
            degraded: answer.degraded,
            pager: Pager {
                newer: at("before", &answer.prev),
                older: at("after", &answer.next),
                shown: rows.len(),
                total: answer.total.map(total),
            },
            empty: match (rows.is_empty(), q.trim().is_empty()) {
                (false, _) => "",
                (true, true) => "first",
                (true, false) => "none",
            },
            rows,
            sort,
            q,
            ..ListPage::default()
        })
    }

    fn at(&self, parameters: &[(&str, &str)]) -> String {
        place(&self.kept, parameters)
    }

    fn rows(&self, r: &impl Read, ids: &[CustomerId], currency: Option<Currency>) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(customer) = find(r, *id)? {
                rows.push(Row::new(&customer, &totals(r, *id)?, currency, self.ticked));
            }
        }
        Ok(rows)
    }

    fn currency_tab(&self, currency: Currency, present: Currency) -> Tab {
        Tab {
            label: currency.code().to_owned(),
            href: self.at(&[("top", "spent"), ("currency", currency.code())]),
            current: currency == present,
            ..Tab::default()
        }
    }

    fn trouble(&self, problem: &Problem, q: &str, asked: &Asked) -> Trouble {
        let instead = problem
            .suggestion
            .as_ref()
            .map(|word| Link::new(word.clone(), self.at(&[("q", &q.replacen(&problem.text, word, 1))])));
        Trouble { message: listing::said(problem, asked), instead }
    }
}

/// The currency in which sums are looked at first: the shop's own; the one most customers spent in where nobody spent
/// in the shop's own.
fn usual_currency(r: &impl Read, own: Currency) -> Result<Currency> {
    let mut most = (own, 0);
    for currency in spent_currencies(r)? {
        if currency == own {
            return Ok(own);
        }
        let spenders = with_highest_spend(r, currency, None, SPENDERS_COUNTED)?.len();
        if spenders > most.1 {
            most = (currency, spenders);
        }
    }
    Ok(most.0)
}

fn total(total: Total) -> parts::Total {
    match total {
        Total::Exact(count) => parts::Total { count, exact: true },
        Total::MoreThan(count) => parts::Total { count, exact: false },
    }
}
