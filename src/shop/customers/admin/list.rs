//! The customer list: views, query, filters, rows, pages. Its address is its whole state.

use super::filters::{self, FACETS, Top, place};
use crate::access::{Shop, Staff, may};
use crate::base::country;
use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::search::query::parse;
use crate::search::{Problem, Query as Asked, Search, Total};
use crate::shop::customers::{
    Customer, CustomerId, Rank, SPENT_MEANS, Totals, find, main_spend, spent_currencies, totals,
    with_highest_spend, with_most_orders,
};
use crate::store::{Read, Store};
use crate::web::listing::{self, LIMIT_DEFAULT, LIMIT_MAX, ListQuery};
use crate::web::parts::{self, Chip, Facet, Link, Pager, Tab};
use crate::web::{Page, Pages, Query, Shell};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

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
    columns: &'static [Column],
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
    /// Where the list with this query is exported.
    export: Option<String>,
}

/// A column, as `table.table` takes it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Column {
    /// Names it in files.
    #[serde(skip)]
    pub word: &'static str,
    label: &'static str,
    width: Option<u16>,
    sort: Option<&'static str>,
    class: &'static str,
    /// What exactly is counted.
    title: &'static str,
    hidden: bool,
}

const fn column(word: &'static str, label: &'static str, width: u16) -> Column {
    Column { word, label, width: Some(width), sort: None, class: "", title: "", hidden: false }
}

pub(super) const COLUMNS: &[Column] = &[
    Column { width: None, ..column("name", "Name", 0) },
    Column { width: None, ..column("email", "E-mail", 0) },
    column("phone", "Phone", 148),
    column("country", "Country", 112),
    Column { sort: Some("orders"), class: "num", ..column("orders", "Orders", 84) },
    Column { sort: Some("spent"), class: "num", title: SPENT_MEANS, ..column("spent", "Spent", 116) },
    Column { sort: Some("last_order"), ..column("last_order", "Last order", 112) },
    column("tags", "Tags", 140),
    Column { hidden: true, ..column("note", "Note", 40) },
];

/// One customer in the list.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    name: String,
    email: String,
    phone: String,
    country: String,
    orders: u32,
    /// In the main currency, or in the one the list is about.
    spent: Option<Money>,
    /// There is more in other currencies.
    spent_more: bool,
    last_order_at: Option<Timestamp>,
    tags: Vec<String>,
    more_tags: usize,
    note: String,
}

impl Row {
    fn new(c: &Customer, totals: &Totals, currency: Option<Currency>) -> Self {
        let in_currency = |wanted| {
            totals.spent.iter().find(|s| s.currency == wanted).map(|s| Money::new(s.amount, s.currency))
        };
        Self {
            id: c.id.to_string(),
            name: c.name(),
            email: c.email.clone().unwrap_or_default(),
            phone: c.phone.clone(),
            country: if c.country().is_empty() { String::new() } else { country::name(c.country()) },
            orders: totals.orders,
            spent: currency.map_or_else(|| main_spend(totals), in_currency),
            spent_more: totals.spent.len() > 1,
            last_order_at: totals.last_order_at,
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
            tabs: filters::tabs("", None),
            q: "anna colur:x".into(),
            chips: vec![Chip { label: "anna".into(), without: place(&[]) }],
            problems: vec![Trouble {
                message: "There is no field “colur”.".into(),
                instead: Some(Link::new("colour:x", place(&[]))),
            }],
            corrected: vec![("bergh".into(), "berg".into())],
            degraded: true,
            columns: COLUMNS,
            rows: vec![Row::new(&super::samples::customer(), &totals, None)],
            pager: Pager { older: Some(place(&[])), shown: 1, ..Pager::default() },
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
    let query = query.0;
    let own = shop.profile().currency;
    let mut page = match store.read(|s| query.top(s, own))? {
        Some(top) => store.read(|s| query.by_rank(s, top))?,
        None => query.by_query(&store, &search, &shell, &shop)?,
    };
    let here =
        if shell.query.is_empty() { shell.path.clone() } else { format!("{}?{}", shell.path, shell.query) };
    page.from = format!("?{}", crate::web::query::encode(&[("from", here)]));
    page.may_edit = staff.rights().may("customers:edit");
    page.export = staff.rights().may("customers:export").then(|| {
        // Who spent most in one currency is a list of its own: no query of the index has it.
        let pairs = match page.spent_in {
            Some(currency) => vec![("spent_in", currency.code().to_owned())],
            None => vec![("q", page.q.clone()), ("sort", page.sort.clone())],
        };
        let asked: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/admin/exports/customers?{}", crate::web::query::encode(&asked))
    });
    page.columns = COLUMNS;
    pages.show(&shell, &page)
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

    fn limit(&self) -> Result<usize> {
        let limit = self.limit.map_or(LIMIT_DEFAULT, |l| usize::try_from(l).unwrap_or(usize::MAX));
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(Error::invalid("invalid_limit", format!("limit: enter a number from 1 to {LIMIT_MAX}."))
            .on("/limit"))
    }

    /// The place in the ranks behind which a page begins.
    fn rank(&self) -> Result<Option<Rank>> {
        self.after.as_deref().map(Rank::parse).transpose().map_err(|e| e.on("/after"))
    }

    /// The customers that come first, from an index kept with every order.
    fn by_rank(&self, r: &impl Read, top: Top) -> Result<ListPage> {
        let limit = self.limit()?;
        let mut older = None;
        let (ids, currency) = match top {
            Top::Orders => (with_most_orders(r, limit)?, None),
            Top::Spent(currency) => {
                let ranked = with_highest_spend(r, currency, self.rank()?, limit)?;
                older = ranked.last().filter(|_| ranked.len() == limit).map(|last| {
                    let (limit, after) = (self.limit.map(|l| l.to_string()), last.to_string());
                    let limit = limit.unwrap_or_default();
                    place(&[
                        ("top", "spent"),
                        ("currency", currency.code()),
                        ("limit", &limit),
                        ("after", &after),
                    ])
                });
                (ranked.into_iter().map(|rank| rank.id).collect(), Some(currency))
            }
        };
        let rows = rows(r, &ids, currency)?;
        let currencies = match currency {
            None => Vec::new(),
            Some(present) => spent_currencies(r)?.into_iter().map(|c| currency_tab(c, present)).collect(),
        };
        Ok(ListPage {
            tabs: filters::tabs("", Some(top)),
            currencies,
            pager: Pager {
                newer: self.after.as_ref().zip(currency).map(|(_, c)| currency_tab(c, c).href),
                older,
                shown: rows.len(),
                ..Pager::default()
            },
            sort: if currency.is_some() { "-spent" } else { "-orders" }.to_owned(),
            is_top: true,
            spent_in: currency,
            empty: if rows.is_empty() { "first" } else { "" },
            clear: place(&[]),
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
                href: place(&[("q", q.trim()), ("sort", sort)]),
                ..Tab::default()
            }
        };
        Ok(spent_currencies(r)?.into_iter().map(one).collect())
    }

    /// The customers that a query finds.
    fn by_query(&self, store: &Store, search: &Search, shell: &Shell, shop: &Shop) -> Result<ListPage> {
        let mut q = self.q.clone().unwrap_or_default();
        // What is typed into the filter of "Highest spend" goes on in the currency that was looked at.
        if let (Some("spent"), Some(code)) = (self.top.as_deref(), &self.currency)
            && !parse(&q, search.schema(), shell.now, &shop.zone(), None).query.asks_for("currency")
        {
            let currency = Currency::parse(code).map_err(|e| e.on("/currency"))?;
            q = format!("{} currency:{}", q.trim(), currency.code().to_lowercase());
        }
        let sort = match (self.sort.as_deref(), self.top.as_deref()) {
            (Some(sort), _) => sort.to_owned(),
            (None, Some("orders")) => "-orders".to_owned(),
            (None, Some("spent")) => "-spent".to_owned(),
            _ => String::new(),
        };
        let list = ListQuery {
            q: Some(q.clone()),
            limit: self.limit,
            after: self.after.clone(),
            before: self.before.clone(),
            sort: Some(sort.clone()),
            count: None,
        };
        let (answer, problems) =
            listing::lenient(search, &list, "customer", shell.now, &shop.zone(), FACETS)?;
        let asked = parse(&q, search.schema(), shell.now, &shop.zone(), None);
        let ids: Vec<CustomerId> = answer.hits.iter().map(|hit| CustomerId::from_bytes(hit.id)).collect();
        let (rows, currencies) =
            store.read(|s| Ok((rows(s, &ids, None)?, self.currencies_to_choose(s, &asked.query, &sort)?)))?;
        let at = |name: &str, cursor: &Option<crate::search::Cursor>| {
            let limit = self.limit.map(|l| l.to_string()).unwrap_or_default();
            cursor
                .as_ref()
                .map(|c| place(&[("q", &q), ("sort", &sort), ("limit", &limit), (name, &c.to_string())]))
        };
        Ok(ListPage {
            currencies,
            tabs: filters::tabs(&asked.canonical, None),
            chips: filters::chips(&asked.query, &sort),
            facets: filters::facets(&asked.query, &answer.facets, &sort),
            clear: place(&[("sort", &sort)]),
            problems: problems.iter().map(|p| trouble(p, &q, &asked.query)).collect(),
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

fn rows(r: &impl Read, ids: &[CustomerId], currency: Option<Currency>) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(customer) = find(r, *id)? {
            rows.push(Row::new(&customer, &totals(r, *id)?, currency));
        }
    }
    Ok(rows)
}

fn currency_tab(currency: Currency, present: Currency) -> Tab {
    Tab {
        label: currency.code().to_owned(),
        href: place(&[("top", "spent"), ("currency", currency.code())]),
        current: currency == present,
        ..Tab::default()
    }
}

fn total(total: Total) -> parts::Total {
    match total {
        Total::Exact(count) => parts::Total { count, exact: true },
        Total::MoreThan(count) => parts::Total { count, exact: false },
    }
}

fn trouble(problem: &Problem, q: &str, asked: &Asked) -> Trouble {
    let instead = problem
        .suggestion
        .as_ref()
        .map(|word| Link::new(word.clone(), place(&[("q", &q.replacen(&problem.text, word, 1))])));
    Trouble { message: listing::said(problem, asked), instead }
}
