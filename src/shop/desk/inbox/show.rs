//! One message: what was written, what was answered and what became of it, whose it is, and what it is about.

use super::card;
use super::view::{People, badge};
use super::{Parts, Show, Viewer};
use crate::access::{Permission, Staff};
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::shop::customers;
use crate::shop::mail::{self, Fate};
use crate::shop::messages::{self, Message, MessageId, State, Step};
use crate::shop::orders;
use crate::shop::orders::admin::state_of;
use crate::store::{ActorKind, Read, StoredEvent, Subject, events};
#[cfg(test)]
use crate::web::parts::Fill;
use crate::web::parts::{Badge, Choice, Entry, FormErrors, Link, Slips, Tone};
use crate::web::query::encode;
use crate::web::{Page, PathId};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

/// Entries of the history.
const HISTORY: usize = 50;

/// What is typed as an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) version: u64,
    /// `close` closes the message with it.
    pub(super) then: Option<String>,
}

/// An answer, with its mail while the log has it.
#[derive(Debug, Serialize)]
struct ReplyView {
    at: Timestamp,
    by: String,
    text: String,
    badge: Option<Badge>,
    /// Why it was not sent, or is tried again.
    reason: String,
    mail: Option<String>,
    is_unsent: bool,
    can_be_cancelled: bool,
}

/// The customer who has the address.
#[derive(Debug, Serialize)]
struct CustomerView {
    link: Link,
    orders: u32,
    note: String,
}

/// The order it is about.
#[derive(Debug, Serialize)]
struct OrderView {
    link: Link,
    badge: Badge,
    at: Timestamp,
}

/// A move as a button.
#[derive(Debug, Serialize)]
struct Button {
    word: &'static str,
    label: &'static str,
    icon: &'static str,
    key: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct ShowPage {
    id: String,
    title: String,
    sub: String,
    badge: Badge,
    version: u64,
    name: String,
    email: String,
    phone: String,
    at: Timestamp,
    body: String,
    spam_reason: String,
    replies: Vec<ReplyView>,
    /// What is typed, or was and not sent.
    text: String,
    /// Why the last answer could not be sent, where nobody has seen to it.
    failed: Option<String>,
    errors: Option<FormErrors>,
    /// It can be answered here and now.
    may_answer: bool,
    may_act: bool,
    /// Why it cannot be.
    not_ready: Option<String>,
    buttons: Vec<Button>,
    owner: String,
    owner_id: String,
    owners: Vec<Choice>,
    me: String,
    customer: Option<CustomerView>,
    order: Option<OrderView>,
    /// A number was written that fits no order of this address.
    strange_number: String,
    /// Where it is searched for.
    search: String,
    facts: Vec<(String, String)>,
    page: String,
    others: Option<Slips>,
    history: Vec<Entry>,
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "messages/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        let reply = ReplyView {
            at,
            by: evil.clone(),
            text: evil.clone(),
            badge: Some(Badge::new("New", Tone::Warn, Fill::Empty)),
            reason: evil.clone(),
            mail: Some("mal_1".to_owned()),
            is_unsent: true,
            can_be_cancelled: true,
        };
        Self {
            id: "msg_1".to_owned(),
            title: evil.clone(),
            sub: evil.clone(),
            badge: Badge::new("New", Tone::Warn, Fill::Empty),
            version: 1,
            name: evil.clone(),
            email: evil.clone(),
            phone: evil.clone(),
            at,
            body: evil.clone(),
            spam_reason: evil.clone(),
            replies: vec![reply],
            text: evil.clone(),
            failed: Some(evil.clone()),
            errors: Some(FormErrors::of(&Error::invalid("required", evil.clone()).on("/text"))),
            may_answer: true,
            may_act: true,
            not_ready: Some(evil.clone()),
            buttons: buttons(State::Open),
            owner: evil.clone(),
            owner_id: "stf_1".to_owned(),
            owners: vec![Choice::new("stf_1", evil.clone())],
            me: "stf_2".to_owned(),
            customer: Some(CustomerView {
                link: Link::new(evil.clone(), "/admin/customers/cus_1"),
                orders: 2,
                note: evil.clone(),
            }),
            order: Some(OrderView {
                link: Link::new("#1", "/admin/orders/1"),
                badge: Badge::new("New", Tone::Warn, Fill::Empty),
                at,
            }),
            strange_number: evil.clone(),
            search: "/admin/search?q=x".to_owned(),
            facts: vec![("colour".to_owned(), evil.clone())],
            page: "https://shop.example".to_owned(),
            others: None,
            history: Vec::new(),
        }
    }
}

fn buttons(state: State) -> Vec<Button> {
    let button = |step: &Step| match step {
        Step::Close => Button { word: "close", label: "Close", icon: "check", key: Some("c") },
        Step::Reopen => Button { word: "reopen", label: "Reopen", icon: "rotate-ccw", key: Some("c") },
        Step::Spam => Button { word: "spam", label: "Spam", icon: "ban", key: None },
        Step::NotSpam => Button { word: "not-spam", label: "No spam", icon: "check", key: None },
    };
    Step::ALL.iter().filter(|step| step.is_open_to(state)).map(button).collect()
}

/// `GET /admin/messages/{id}`
pub(super) async fn show(
    me: Viewer,
    parts: Parts,
    (pages, shell): Show,
    PathId(id): PathId<MessageId>,
) -> Result<HttpResponse> {
    pages.show(&shell, &page(&me, &parts, id, None)?)
}

/// The page, with what was typed and why that was refused.
pub(super) fn page<P: Permission>(
    me: &Staff<P>,
    (store, post, _): &Parts,
    id: MessageId,
    typed: Option<(Typed, &Error)>,
) -> Result<ShowPage> {
    let may_act = me.may("messages:reply");
    store.read(|s| {
        let message = messages::get(s, id)?;
        let people = People::of(s)?;
        let ready = mail::require_ready(post, s);
        let mut replies = Vec::new();
        let (mut unsent, mut reason) = (None, String::new());
        for (number, reply) in messages::replies(s, id)? {
            let fate = mail::fate_of(s, id, number)?;
            unsent = Some(reply.text.clone()).filter(|_| reply.is_unsent);
            if reply.is_unsent {
                reason = fate.as_ref().map(|fate| fate.reason.clone()).unwrap_or_default();
            }
            replies.push(reply_view(reply, fate, me));
        }
        let customer = if me.may("customers:view") { customer(s, &message)? } else { None };
        let order = if me.may("orders:view") { order(s, &message)? } else { None };
        let history = events::of_subject(s, &Subject::of(&id), None, HISTORY)?;
        let (typed, error) = match typed {
            Some((typed, error)) => (typed.text, Some(error)),
            // What was not sent stands in the box again.
            None => (unsent.unwrap_or_default(), None),
        };
        let owner = message.assigned_to;
        Ok(ShowPage {
            title: message.title(),
            sub: format!("From {}", message.sender()),
            badge: badge(&message),
            version: message.version,
            may_answer: may_act && message.state != State::Spam && ready.is_ok(),
            not_ready: ready.err().map(|error| error.message.into_owned()),
            may_act,
            buttons: if may_act { buttons(message.state) } else { Vec::new() },
            owner: owner.map(|id| people.name(id)).unwrap_or_default(),
            owner_id: owner.map(|id| id.to_string()).unwrap_or_default(),
            owners: people.who_may().map(|p| Choice::new(p.id.to_string(), p.name.clone())).collect(),
            me: me.person().id.to_string(),
            strange_number: if message.order.is_none() {
                message.order_number.clone()
            } else {
                String::new()
            },
            search: format!("/admin/search?{}", encode(&[("q", message.order_number.as_str())])),
            others: card::others(s, "Other messages of this address", &[&message.email], Some(id))?,
            history: history.iter().map(|event| entry(event, &people)).collect(),
            facts: facts(&message),
            text: typed,
            failed: message.has_failed.then_some(reason),
            errors: error.map(FormErrors::of),
            customer,
            order,
            replies,
            id: id.to_string(),
            at: message.received_at,
            name: message.name,
            email: message.email,
            phone: message.phone,
            body: message.body,
            spam_reason: message.spam_reason,
            page: message.page,
        })
    })
}

fn reply_view<P>(reply: messages::Reply, fate: Option<Fate>, me: &Staff<P>) -> ReplyView {
    let waits = fate.as_ref().is_some_and(|fate| fate.due_at.is_some());
    ReplyView {
        at: reply.at,
        by: reply.by,
        text: reply.text,
        is_unsent: reply.is_unsent,
        badge: fate.as_ref().map(|fate| fate.badge.clone()),
        reason: fate.as_ref().map(|fate| fate.reason.clone()).unwrap_or_default(),
        mail: fate.filter(|_| me.may("mail:view")).map(|fate| fate.mail.to_string()),
        can_be_cancelled: waits && me.may("mail:send"),
    }
}

fn customer(r: &impl Read, message: &Message) -> Result<Option<CustomerView>> {
    let Some(id) = messages::customer_of(r, message)? else { return Ok(None) };
    let Some(customer) = customers::find(r, id)? else { return Ok(None) };
    let orders = customers::totals(r, id)?.orders;
    let link = Link::new(customer.name(), format!("/admin/customers/{id}"));
    Ok(Some(CustomerView { link, orders, note: customer.note }))
}

fn order(r: &impl Read, message: &Message) -> Result<Option<OrderView>> {
    let Some(id) = message.order else { return Ok(None) };
    let Some(order) = orders::find(r, id)? else { return Ok(None) };
    let link = Link::new(format!("#{}", order.number), format!("/admin/orders/{id}"));
    Ok(Some(OrderView { link, badge: state_of(&order), at: order.placed_at }))
}

fn facts(message: &Message) -> Vec<(String, String)> {
    let own = [("Language", &message.language), ("Network", &message.network)];
    let own = own.into_iter().filter(|(_, value)| !value.is_empty());
    let own = own.map(|(label, value)| (label.to_owned(), value.clone()));
    own.chain(message.metadata.clone()).collect()
}

/// What happened, in words.
fn entry(event: &StoredEvent, people: &People) -> Entry {
    use crate::access::staff::StaffId;
    use crate::base::id::Id as _;
    let text = |name: &str| event.data.get(name).and_then(serde_json::Value::as_str);
    let (icon, tone, says) = match event.kind.as_str() {
        "message.received" => match text("suspected") {
            Some(why) => ("mail", Tone::Warn, format!("Came in and was taken for spam: {why}")),
            None => ("mail", Tone::Info, "Came in".to_owned()),
        },
        "message.replied" => ("send", Tone::Ok, "Answered".to_owned()),
        "message.reply_not_sent" if text("reason") == Some("cancelled") => {
            ("ban", Tone::Still, "Sending the answer was cancelled".to_owned())
        }
        "message.reply_not_sent" => ("ban", Tone::Bad, "The answer could not be sent".to_owned()),
        "message.assigned" => match text("after").and_then(|id| StaffId::parse(id).ok()) {
            Some(id) => ("user", Tone::Still, format!("Handed to {}", people.name(id))),
            None => ("user", Tone::Still, "Handed to nobody".to_owned()),
        },
        "message.closed" => ("check", Tone::Ok, "Closed".to_owned()),
        "message.reopened" => ("rotate-ccw", Tone::Still, "Opened again".to_owned()),
        "message.marked_spam" => ("ban", Tone::Bad, "Taken for spam".to_owned()),
        "message.marked_not_spam" => ("check", Tone::Ok, "Seen to be no spam".to_owned()),
        other => ("info", Tone::Still, other.to_owned()),
    };
    let by = match event.actor.kind {
        ActorKind::Key => format!("{} (API key)", event.actor.name),
        _ => event.actor.name.clone(),
    };
    Entry { icon, tone, text: says, by, at: event.at, note: None, link: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Actor, EventId};

    #[test]
    fn every_event_of_messages_has_its_words() {
        for (kind, _) in messages::EVENTS {
            let event = StoredEvent {
                seq: 1,
                id: EventId([1; 16]),
                kind: (*kind).to_owned(),
                subject: Subject { kind: "msg", id: [1; 16] },
                also: Vec::new(),
                at: Timestamp(0),
                actor: Actor::cli(),
                request_id: None,
                data: serde_json::Value::Null,
            };
            assert_ne!(entry(&event, &People::default()).text, *kind);
        }
    }
}
