//! The log: every mail with its state and what the server said, and the way on after a restore.

use super::{PATH, Parts, Sender, Show, Viewer, tabs};
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::mail::events::Resumed;
use crate::shop::mail::model::{Mail, MailId, State};
use crate::shop::mail::ops;
use crate::shop::mail::settings::{self, LANE};
use crate::shop::mail::view::{badge, label};
use crate::store::Tx;
use crate::web::parts::{Badge, Link, Tab};
use crate::web::place::Place;
use crate::web::{Form, Page, Query, Toast, see_other};
use crate::work::subscriptions;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

const ROWS: usize = 50;

/// A mail as a row.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    /// The subject, else what it is about.
    subject: String,
    kind: String,
    to: String,
    order: Option<Link>,
    badge: Badge,
    answer: String,
    tries: usize,
    at: Timestamp,
}

impl Row {
    fn of(id: MailId, mail: Mail, state: State) -> Self {
        let kind = label(&mail.moment).to_owned();
        let answer = mail.attempts.last().map(|a| a.answer.clone());
        Self {
            id: id.to_string(),
            subject: if mail.subject.is_empty() { kind.clone() } else { mail.subject },
            order: mail
                .order
                .zip(mail.number)
                .map(|(order, number)| Link::new(format!("#{number}"), format!("/admin/orders/{order}"))),
            badge: badge(state, !mail.attempts.is_empty()),
            answer: if mail.reason.is_empty() { answer.unwrap_or_default() } else { mail.reason },
            tries: mail.attempts.len(),
            at: mail.created_at,
            to: mail.to,
            kind,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    tabs: Vec<Tab>,
    states: Vec<Tab>,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    /// Any filter is on.
    filtered: bool,
    /// A mail server is configured.
    has_server: bool,
    /// Some moment is switched on.
    is_on: bool,
    /// Why mails stand still, and how many wait.
    paused: Option<String>,
    waiting: u64,
    may_send: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "mail/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let row = Row {
            id: "mal_1".to_owned(),
            subject: evil.clone(),
            kind: "Order placed".to_owned(),
            to: evil.clone(),
            order: Some(Link::new("#1", "/admin/orders/1")),
            badge: badge(State::Failed, true),
            answer: evil.clone(),
            tries: 2,
            at: Timestamp(1_790_000_000_000),
        };
        Self {
            tabs: tabs(""),
            states: Vec::new(),
            rows: vec![row],
            older: Some("/admin/mail?before=mal_1".to_owned()),
            newest: Some("/admin/mail".to_owned()),
            filtered: true,
            has_server: false,
            is_on: true,
            paused: Some(evil),
            waiting: 3,
            may_send: true,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    state: Option<String>,
    before: Option<String>,
}

/// `GET /admin/mail`
pub(super) async fn list(
    me: Viewer,
    (store, post, _outreach): Parts,
    (pages, shell): Show,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let word = query.0.state.as_deref().unwrap_or_default();
    let state = State::from_word(word);
    let before = query.0.before.as_deref().map(MailId::parse).transpose()?;
    let tab = |word: &'static str, label: &str| Tab {
        label: label.to_owned(),
        href: Place::default().set("state", word).href(PATH),
        current: state.map_or("", State::word) == word,
        ..Tab::default()
    };
    let mut states = vec![tab("", "All")];
    states.extend(State::ALL.iter().map(|state| tab(state.word(), state.label())));
    let page = store.read(|s| {
        let found = ops::page(s, state, before, ROWS)?;
        let last = found.items.last().map(|(id, _)| id.to_string()).filter(|_| found.more);
        let here = Place::default().set("state", state.map_or("", State::word));
        let rows = found.items.into_iter().map(|(id, mail)| {
            let state = ops::state(s, &mail)?;
            Ok(Row::of(id, mail, state))
        });
        Ok(ListPage {
            tabs: tabs(""),
            states,
            rows: rows.collect::<Result<_>>()?,
            older: last.map(|id| here.clone().and("before", &id).href(PATH)),
            newest: before.map(|_| here.href(PATH)),
            filtered: state.is_some() || before.is_some(),
            has_server: post.server().is_some(),
            is_on: !settings::get(s)?.on.is_empty(),
            paused: subscriptions::get(s, LANE).ok().and_then(|s| s.paused),
            waiting: ops::waiting(s)?,
            may_send: me.may("mail:send"),
        })
    })?;
    pages.show(&shell, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResumeForm {
    /// `send` or `skip`.
    missed: String,
}

/// `POST /admin/mail/resume`
pub(super) async fn resume(
    me: Sender,
    (store, _post, outreach): Parts,
    Form(form): Form<ResumeForm>,
) -> Result<HttpResponse> {
    let (epoch, last, skipped) = (store.epoch(), store.last_seq(), form.missed == "skip");
    let op = move |tx: &mut Tx<'_>| {
        if subscriptions::get(tx, LANE)?.paused.is_none() {
            return Ok(());
        }
        if skipped {
            ops::leave_out(tx)?;
            subscriptions::skip(tx, LANE, last)?;
        }
        subscriptions::resume(tx, LANE, epoch)?;
        tx.publish(settings::SUBJECT, &Resumed { skipped }).map(drop)
    };
    store.write(me.actor(), op).await?;
    outreach.work.wake();
    see_other(PATH, Some(Toast::ok("Mails are sent again.")))
}
