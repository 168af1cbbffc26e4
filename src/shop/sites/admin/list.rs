//! The list: every site, the most urgent first.

use super::{PATH, Parts, Show, Viewer};
use crate::base::error::{Kind, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::sites::events::{Expiring, Failed};
use crate::shop::sites::model::{Site, SiteId, State};
use crate::shop::sites::{ops, statistics, view};
use crate::store::Snapshot;
use crate::web::chart::Chart;
use crate::web::parts::{Badge, Tab};
use crate::web::place::Place;
use crate::web::{Page, Query};
use crate::work::subscriptions;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

const ROWS: usize = 50;
/// Days of the small pictures.
const SPARK_DAYS: usize = 30;

/// A site as a row.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    address: String,
    note: String,
    is_own: bool,
    badge: Badge,
    days: Option<String>,
    issuer: String,
    checked_at: Option<Timestamp>,
    /// Days left over the last weeks, and in words.
    spark: Option<(Chart, String)>,
}

impl Row {
    fn of(s: &Snapshot, id: SiteId, site: &Site, now: Timestamp) -> Result<Self> {
        let days = statistics::days(s, id, SPARK_DAYS)?;
        let left: Vec<f64> =
            days.iter().filter_map(|(_, day)| day.days_left).map(|left| left as f64).collect();
        let spark = (left.len() > 1).then(|| {
            let words = format!("Days left over {} days", left.len());
            (Chart::spark(&left), words)
        });
        Ok(Self {
            id: id.to_string(),
            address: site.address().text(),
            note: site.note.clone(),
            is_own: site.is_own,
            badge: view::badge(site),
            days: view::days_left(site, now).map(view::lasting),
            issuer: site.shown.as_ref().map(|shown| shown.issuer.clone()).unwrap_or_default(),
            checked_at: site.latest.as_ref().map(|check| check.at),
            spark,
        })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    states: Vec<Tab>,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    /// Any filter is on.
    filtered: bool,
    /// The shop's own address is watched.
    has_own: bool,
    /// Somebody follows the warnings: a mail, or a webhook.
    is_told: bool,
    may_manage: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "sites/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        use crate::web::parts::{Fill, Tone};
        let evil = "<script>alert(1)</script>".to_owned();
        let row = Row {
            id: "sit_1".to_owned(),
            address: evil.clone(),
            note: evil.clone(),
            is_own: true,
            badge: Badge::new("Ends soon", Tone::Warn, Fill::Half),
            days: Some("12 days".to_owned()),
            issuer: evil.clone(),
            checked_at: Some(Timestamp(1_790_000_000_000)),
            spark: Some((Chart::spark(&[3.0, 2.0]), evil)),
        };
        Self {
            states: vec![Tab {
                label: "All".to_owned(),
                href: PATH.to_owned(),
                current: true,
                ..Tab::default()
            }],
            rows: vec![row],
            older: Some("/admin/sites?after=sit_1".to_owned()),
            newest: Some(PATH.to_owned()),
            filtered: true,
            has_own: false,
            is_told: false,
            may_manage: true,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    state: Option<String>,
    after: Option<String>,
}

/// `GET /admin/sites`
pub(super) async fn list(
    me: Viewer,
    (store, _sites, _work): Parts,
    (pages, shell): Show,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let state = State::from_word(query.0.state.as_deref().unwrap_or_default());
    let after = query.0.after.as_deref().map(SiteId::parse).transpose()?;
    let now = me.now();
    let page = store.read(|s| {
        let tab = |word: &'static str, label: &str, count: Option<u64>| Tab {
            label: label.to_owned(),
            href: Place::default().set("state", word).href(PATH),
            current: state.map_or("", State::word) == word,
            count,
            ..Tab::default()
        };
        let mut states = vec![tab("", "All", None)];
        for one in State::ALL {
            let count = ops::count(s, *one)?;
            if count > 0 || state == Some(*one) {
                states.push(tab(one.word(), view::label(*one), Some(count)));
            }
        }
        // The one it goes on behind may be gone: then it begins anew.
        let found = match ops::page(s, state, after, ROWS) {
            Err(gone) if gone.kind == Kind::NotFound => ops::page(s, state, None, ROWS)?,
            other => other?,
        };
        let last = found.items.last().map(|(id, _)| id.to_string()).filter(|_| found.more);
        let here = Place::default().set("state", state.map_or("", State::word));
        let rows = found.items.iter().map(|(id, site)| Row::of(s, *id, site, now));
        Ok(ListPage {
            states,
            rows: rows.collect::<Result<_>>()?,
            older: last.map(|id| here.clone().and("after", &id).href(PATH)),
            newest: after.map(|_| here.href(PATH)),
            filtered: state.is_some() || after.is_some(),
            has_own: ops::of_the_shop(s)?.is_some(),
            is_told: subscriptions::is_followed(s, Failed::KIND)?
                && subscriptions::is_followed(s, Expiring::KIND)?,
            may_manage: me.may("sites:manage"),
        })
    })?;
    pages.show(&shell, &page)
}
