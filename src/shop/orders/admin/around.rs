//! A page of the order list out of what was asked and what the index answered: the rows, and what stands around them.

use super::columns::{self, Column};
use super::facets::{self, PATH};
use super::list::{LIMITS, Limit, ListPage, OrdersQuery, RANGES, Trouble};
use super::row::Sheet;
use super::steps::reasons;
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::money::Currency;
use crate::search::{Answer, Chip as Chips, Cursor, Problem, Total};
use crate::shop::orders::{OrderId, VIEWS, View, count, currencies, doc, find_by_number, sees_prices};
use crate::store::Snapshot;
use crate::web::Shell;
use crate::web::bulk::Refused;
use crate::web::escape::escape;
use crate::web::fragments::{Fragment, Fragments};
use crate::web::listing::{self, as_searched, grouped, total_words};
use crate::web::parts::{Link, Pager, Tab};
use crate::web::place::Place;
use std::sync::Arc;

/// The cursors of the pages beside a page: of the newer one and of the older one.
pub(super) type Cursors = (Option<String>, Option<String>);

/// The rows of a page.
pub(super) struct Rows {
    all: Vec<Arc<Fragment>>,
    /// What follows the address of an order, so that it knows its list: `?from=…`, escaped.
    from: String,
}

impl Rows {
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }
    /// Their HTML, piece by piece.
    pub(super) fn pieces(&self) -> Vec<&str> {
        self.all.iter().flat_map(|row| [row.before.as_str(), &self.from, &row.after]).collect()
    }
}

/// What was asked and what the index answered; the records come from one snapshot.
pub(super) struct Ask<'a> {
    query: &'a OrdersQuery,
    place: Place,
    answer: &'a Answer,
    problems: &'a [Problem],
    refused: &'a Refused<OrderId>,
    shell: &'a Shell,
    sprite: &'a str,
}

impl<'a> Ask<'a> {
    pub(super) fn new(
        query: &'a OrdersQuery,
        shell: &'a Shell,
        (answer, problems): (&'a Answer, &'a [Problem]),
        refused: &'a Refused<OrderId>,
        sprite: &'a str,
    ) -> Self {
        let place = Place::of(&shell.query).less(RANGES);
        Self { query, place, answer, problems, refused, shell, sprite }
    }
}

impl Ask<'_> {
    /// The page with these rows, which are HTML, between pages with these cursors.
    pub(super) fn page(
        &self,
        s: &Snapshot,
        may: impl Fn(&'static str) -> bool,
        rows: String,
        shown: usize,
        beside: Cursors,
    ) -> Result<ListPage> {
        let q = self.query.q.clone().unwrap_or_default();
        let asked = &self.answer.query;
        let prices = sees_prices(&may);
        let columns = columns::shown(&self.query.cols, prices);
        let export = may("orders:export").then(|| self.export(&q, &columns));
        let views = self.views(s, prices)?;
        let is_first_use = views.first().is_none_or(|all| all.count == Some(0));
        Ok(ListPage {
            chips: facets::chips(asked, &self.place),
            groups: facets::groups(asked, &self.place, &self.answer.facets, self.sprite)
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
            pager: self.pager(shown, beside),
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
    pub(super) fn all(&self, shown: usize) -> Option<String> {
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
        let q = as_searched(q, &self.answer.corrected);
        let place = Place::default().set("q", &q).set("sort", &sort).set("cols", &words.join(","));
        place.href("/admin/exports/orders")
    }

    pub(super) fn cursors(&self) -> Cursors {
        let text = |cursor: &Option<Cursor>| cursor.as_ref().map(ToString::to_string);
        (text(&self.answer.prev), text(&self.answer.next))
    }

    /// The rows as HTML. Those that have been shown before are as they were then, unless something they show has changed.
    pub(super) fn rows(
        &self,
        s: &Snapshot,
        may: impl Fn(&'static str) -> bool,
        kept: &Fragments,
    ) -> Result<Rows> {
        let columns = &columns::shown(&self.query.cols, sees_prices(&may));
        let zone = self.shell.zone();
        let sheet = Sheet {
            columns,
            zone: &zone,
            zone_name: &zone.name(),
            year: self.shell.now.in_zone(&zone).year(),
            sprite: self.sprite,
            links_customers: may("customers:view"),
            picks: may("orders:edit") || may("orders:ship"),
            sees_prices: sees_prices(&may),
            ticked: &self.refused.ticked,
        };
        let named = self.named(s)?;
        let others = self.answer.hits.iter().map(|hit| OrderId::from_bytes(hit.id));
        let ids: Vec<OrderId> = named.into_iter().chain(others.filter(|id| Some(*id) != named)).collect();
        let mut from = String::new();
        escape(&mut from, &Place::default().set("from", &self.place.href(PATH)).href(""));
        Ok(Rows { all: sheet.rows(s, &ids, kept)?, from })
    }

    /// The order whose number the query is about comes first, where everything that begins so is listed newest first.
    fn named(&self, s: &Snapshot) -> Result<Option<OrderId>> {
        let query = &self.answer.query;
        if self.query.sort.is_some() || self.query.after.is_some() || self.query.before.is_some() {
            return Ok(None);
        }
        let is_named = |chip: &&Chips| !chip.negated && matches!(chip.field, None | Some("number"));
        for chip in query.chips().iter().filter(is_named) {
            let Ok(number) = chip.value.trim_start_matches('#').trim_end_matches('*').parse() else {
                continue;
            };
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

    fn pager(&self, shown: usize, (newer, older): Cursors) -> Pager {
        let link = |name: &str, cursor: Option<String>| cursor.map(|c| self.place.set(name, &c).href(PATH));
        let total = self.answer.total.map(|total| match total {
            Total::Exact(count) => crate::web::parts::Total { count, exact: true },
            Total::MoreThan(count) => crate::web::parts::Total { count, exact: false },
        });
        Pager { newer: link("before", newer), older: link("after", older), shown, total }
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
