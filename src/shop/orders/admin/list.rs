//! The order list: views, query, filters, rows, pages. Its address is its whole state.

use super::around::{Ask, Cursors};
use super::columns::Column;
use super::facets::{self, Group, Offer, PATH};
use super::terms::{chosen, replaced};
use crate::access::{Rights, Shop, Staff, may};
use crate::base::error::{Kind, Result};
use crate::base::money::{Currency, Money, parse_amount};
use crate::search::query::parse;
use crate::search::{Answer, Problem, Query as Asked, Search};
use crate::shop::orders::{OrderId, seen_by, sees_prices};
use crate::store::Store;
use crate::web::bulk::Refused;
use crate::web::columns::Tick;
use crate::web::framed::Slots;
use crate::web::kept::State;
use crate::web::listing::{self, ListQuery};
use crate::web::parts::{Chip, Choice, FormErrors, Link, Pager, Tab};
use crate::web::place::Place;
use crate::web::{Page, Pages, Query, Shell, Web, see_other};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows of a page to choose from.
pub(super) const LIMITS: &[u32] = &[50, 100, 200];

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
pub(super) const RANGES: &[&str] = &["since", "until", "least", "most"];

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
    let state = || listing::state(&parts.store, &parts.search);
    let make = |begun| parts.framed(&shell, rights, &query.0, (begun, &state));
    parts.pages.show_made(ListPage::TEMPLATE, &shell, &rights, &state, make)
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
        let (answer, problems) = self.find(shell, query)?;
        let sprite = self.front.assets().path("img/icons.svg")?;
        let ask = Ask::new(query, shell, (&answer, &problems), &refused, sprite);
        let may = |word| rights.may(word);
        self.store.read(|s| {
            let rows = ask.rows(s, may, self.pages.fragments())?;
            ask.page(s, may, rows.pieces().concat(), rows.count(), ask.cursors())
        })
    }

    /// The page as HTML, with what surrounds the rows made once for all pages of this list.
    fn framed(
        &self,
        shell: &Shell,
        rights: Rights,
        query: &OrdersQuery,
        state: (State, &dyn Fn() -> State),
    ) -> Result<String> {
        let (answer, problems) = self.find(shell, query)?;
        let (sprite, refused) = (self.front.assets().path("img/icons.svg")?, Refused::default());
        let ask = Ask::new(query, shell, (&answer, &problems), &refused, sprite);
        let may = |word| rights.may(word);
        self.store.read(|s| {
            let rows = ask.rows(s, may, self.pages.fragments())?;
            let (newer, older) = ask.cursors();
            let shown = rows.count();
            let slots = Slots {
                own: own_cursor(&shell.query),
                next: older.as_deref(),
                prev: newer.as_deref(),
                rows: &rows.pieces(),
            };
            let said = (answer.total, &answer.corrected, answer.degraded, answer.query.text(), &problems);
            let depends_on = (rights, said, shown > 0, ask.all(shown));
            self.pages.framed(shell, &depends_on, state, &slots, |shell, marks| {
                let around = Ask::new(query, shell, (&answer, &problems), &refused, sprite);
                let beside: Cursors =
                    (newer.as_ref().map(|_| marks.prev.clone()), older.as_ref().map(|_| marks.next.clone()));
                around.page(s, may, marks.rows.clone(), shown, beside)
            })
        })
    }

    fn find(&self, shell: &Shell, query: &OrdersQuery) -> Result<(Answer, Vec<Problem>)> {
        let zone = self.shop.zone();
        listing::lenient(&self.search, &query.list(), "order", shell.now, &zone, &facets::fields())
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

/// The cursor in the address of a page, where it stands there once and as it was given.
fn own_cursor(query: &str) -> Option<&str> {
    let names = |pair: &&str| pair.starts_with("after=") || pair.starts_with("before=");
    let mut all = query.split('&').filter(names);
    let (pair, others) = (all.next()?, all.next());
    let cursor = pair.split_once('=')?.1;
    let is_plain = !cursor.is_empty() && cursor.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_plain && others.is_none()).then_some(cursor)
}
