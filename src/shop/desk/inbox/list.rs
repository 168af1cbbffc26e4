//! The list: what is open, what is mine, what nobody minds, what is closed, and what was taken for spam.

use super::view::{People, VIEWS, badge, folder};
use super::{PATH, Parts, Show, Viewer};
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::mail;
use crate::shop::messages::{self, Folder, Message, MessageId};
use crate::web::parts::{Badge, Tab};
#[cfg(test)]
use crate::web::parts::{Fill, Tone};
use crate::web::place::Place;
use crate::web::{Page, Query};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

const ROWS: usize = 50;

/// A message as a row.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    title: String,
    sender: String,
    email: String,
    badge: Badge,
    /// Who minds it.
    owner: String,
    order_number: String,
    /// Why it was taken for spam.
    reason: String,
    at: Timestamp,
}

impl Row {
    fn of(message: &Message, people: &People) -> Self {
        Self {
            id: message.id.to_string(),
            title: message.title(),
            sender: message.sender().to_owned(),
            email: message.email.clone(),
            badge: badge(message),
            owner: message.assigned_to.map(|id| people.name(id)).unwrap_or_default(),
            order_number: message.order_number.clone(),
            reason: message.spam_reason.clone(),
            at: message.received_at,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    tabs: Vec<Tab>,
    /// The word of the view.
    view: String,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    /// Nothing was ever written.
    is_new: bool,
    /// The shop is told by mail of what comes in.
    is_told: bool,
    may_set_mail: bool,
    may_make_keys: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "messages/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let row = Row {
            id: "msg_1".to_owned(),
            title: "Where is my parcel?".to_owned(),
            sender: evil.clone(),
            email: evil.clone(),
            badge: Badge::new("Spam", Tone::Still, Fill::Empty),
            owner: evil.clone(),
            order_number: evil.clone(),
            reason: evil,
            at: Timestamp(1_790_000_000_000),
        };
        Self {
            tabs: Vec::new(),
            view: "spam".to_owned(),
            rows: vec![row],
            older: Some("/admin/messages?before=msg_1".to_owned()),
            newest: Some("/admin/messages".to_owned()),
            is_new: false,
            is_told: false,
            may_set_mail: true,
            may_make_keys: true,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    view: Option<String>,
    before: Option<String>,
}

/// `GET /admin/messages`
pub(super) async fn list(
    me: Viewer,
    (store, _post, _outreach): Parts,
    (pages, shell): Show,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let own = me.person().id;
    let word = query.0.view.as_deref().filter(|word| *word != "open").unwrap_or_default();
    let of = folder(word, Some(own))?;
    let before = query.0.before.as_deref().map(MessageId::parse).transpose()?;
    let page = store.read(|s| {
        let found = messages::page(s, of, before, ROWS)?;
        let people = People::of(s)?;
        let here = Place::default().set("view", word);
        let last = found.items.last().map(|m| m.id.to_string()).filter(|_| found.more);
        let tab = |(view, label): &(&'static str, &str)| {
            let in_address = if *view == "open" { "" } else { view };
            let tab = Tab {
                label: (*label).to_owned(),
                href: Place::default().set("view", in_address).href(PATH),
                count: None,
                current: in_address == word,
                ..Tab::default()
            };
            // What is over is not counted: nobody is to do anything about it.
            let is_work = matches!(*view, "open" | "mine" | "unassigned");
            let count = if is_work { Some(messages::waiting(s, folder(view, Some(own))?)?) } else { None };
            Ok(Tab { count, ..tab })
        };
        Ok(ListPage {
            tabs: VIEWS.iter().map(tab).collect::<Result<_>>()?,
            view: word.to_owned(),
            is_new: found.items.is_empty() && messages::page(s, Folder::All, None, 1)?.items.is_empty(),
            rows: found.items.iter().map(|message| Row::of(message, &people)).collect(),
            older: last.map(|id| here.clone().and("before", &id).href(PATH)),
            newest: before.map(|_| here.href(PATH)),
            is_told: mail::tells_of_messages(s)?,
            may_set_mail: me.may("mail:manage"),
            may_make_keys: me.may("keys:manage"),
        })
    })?;
    pages.show(&shell, &page)
}
