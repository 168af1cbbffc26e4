//! One mail: whom it tells of what, how far it is, what the server said, and exactly what was sent.

use super::{PATH, Parts, Sender, Show, Viewer};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::shop::mail::model::{Attempt, Content, Mail, MailId, State};
use crate::shop::mail::view::{badge, label};
use crate::shop::mail::{ops, write};
use crate::store::Tx;
use crate::web::flash::local_path;
use crate::web::parts::{Badge, Fill, Link, Tone};
use crate::web::{Form, Page, PathId, Toast, see_other};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

/// A mail that is due within this time is waited for by its page; one that is tried again in an hour is not.
const SOON_MS: i64 = MINUTE_MS;

#[derive(Debug, Serialize)]
struct Try {
    at: Timestamp,
    badge: Badge,
    answer: String,
    /// Unless nobody knows.
    took_ms: Option<u64>,
}

impl From<Attempt> for Try {
    fn from(a: Attempt) -> Self {
        let state = if a.taken { State::Sent } else { State::Failed };
        let badge = match (a.taken, a.is_cut_off) {
            (_, true) => Badge::new("Not known", Tone::Warn, Fill::Half),
            (true, false) => Badge { label: "Taken".to_owned(), ..badge(state, false) },
            (false, false) => Badge { label: "Not taken".to_owned(), ..badge(state, false) },
        };
        Self { at: a.at, badge, answer: a.answer, took_ms: Some(a.took_ms).filter(|_| !a.is_cut_off) }
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    from: String,
    reply_to: Option<String>,
    subject: String,
    text: String,
    html: String,
}

impl From<Content> for Shown {
    fn from(c: Content) -> Self {
        let from = format!("{} <{}>", c.from_name, c.from);
        Self { from, reply_to: c.reply_to, subject: c.subject, text: c.text, html: c.html }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ShowPage {
    id: String,
    title: String,
    kind: String,
    to: String,
    language: String,
    order: Option<Link>,
    message: Option<Link>,
    /// The page of the site it warns of.
    site: Option<String>,
    badge: Badge,
    reason: String,
    created_at: Timestamp,
    by: String,
    /// While it waits.
    due_at: Option<Timestamp>,
    /// Since it is over.
    since: Option<Timestamp>,
    message_id: String,
    again: Option<String>,
    tries: Vec<Try>,
    content: Option<Shown>,
    /// What is shown is what it would say now; it is written when it is sent.
    is_draft: bool,
    can_be_cancelled: bool,
    can_be_resent: bool,
    /// It is sent just now, or soon: the page follows it.
    is_soon: bool,
}

impl ShowPage {
    fn of(id: MailId, mail: Mail, state: State, may_send: bool, now: Timestamp) -> Self {
        let kind = label(&mail.moment).to_owned();
        Self {
            id: id.to_string(),
            title: if mail.subject.is_empty() { kind.clone() } else { mail.subject },
            kind,
            order: mail
                .order
                .zip(mail.number)
                .map(|(order, number)| Link::new(format!("#{number}"), format!("/admin/orders/{order}"))),
            message: mail.message.map(|id| Link::new("To the message", format!("/admin/messages/{id}"))),
            site: mail.site.map(|site| format!("/admin/sites/{site}")),
            badge: badge(state, !mail.attempts.is_empty()),
            reason: mail.reason,
            created_at: mail.created_at,
            by: mail.by,
            due_at: Some(mail.due_at).filter(|_| state == State::Queued),
            since: Some(mail.since).filter(|_| !state.is_open()),
            message_id: mail.message_id,
            again: mail.again.map(|id| id.to_string()),
            tries: mail.attempts.into_iter().rev().map(Try::from).collect(),
            content: None,
            is_draft: false,
            can_be_cancelled: may_send && state == State::Queued,
            can_be_resent: may_send && !state.is_open(),
            is_soon: state.is_open() && mail.due_at.since_ms(now) < SOON_MS,
            to: mail.to,
            language: mail.language,
        }
    }
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "mail/show.html";
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        Self {
            id: "mal_1".to_owned(),
            title: evil.clone(),
            kind: "Order placed".to_owned(),
            to: evil.clone(),
            language: "en".to_owned(),
            order: Some(Link::new("#1", "/admin/orders/1")),
            message: Some(Link::new("To the message", "/admin/messages/msg_1")),
            site: Some("/admin/sites/1".to_owned()),
            badge: badge(State::Failed, true),
            reason: evil.clone(),
            created_at: at,
            by: evil.clone(),
            due_at: Some(at),
            since: Some(at),
            message_id: "mal_1@example.com".to_owned(),
            again: Some("mal_2".to_owned()),
            tries: vec![Try {
                at,
                badge: badge(State::Failed, true),
                answer: evil.clone(),
                took_ms: Some(3),
            }],
            content: Some(Shown {
                from: evil.clone(),
                reply_to: Some(evil.clone()),
                subject: evil.clone(),
                text: evil.clone(),
                html: format!("<p>{evil}</p>"),
            }),
            is_draft: true,
            is_soon: true,
            can_be_cancelled: true,
            can_be_resent: true,
        }
    }
}

/// `GET /admin/mail/{id}`
pub(super) async fn show(
    me: Viewer,
    (store, post, _outreach): Parts,
    (pages, shell): Show,
    PathId(id): PathId<MailId>,
) -> Result<HttpResponse> {
    let page = store.read(|s| {
        let mail = ops::get(s, id)?;
        let state = ops::state(s, &mail)?;
        let kept = ops::content(s, id)?;
        let is_draft = kept.is_none() && state.is_open();
        let content = match kept {
            None if is_draft => write::content(&post, s, &mail, me.now())?,
            kept => kept,
        };
        let page = ShowPage::of(id, mail, state, me.may("mail:send"), me.now());
        Ok(ShowPage { content: content.map(Shown::from), is_draft, ..page })
    })?;
    pages.show(&shell, &page)
}

/// Where to come back to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Back {
    from: Option<String>,
}

fn back(form: &Back, id: MailId) -> String {
    let from = form.from.as_deref().map(local_path).filter(|path| *path != "/");
    from.unwrap_or_else(|| format!("{PATH}/{id}"))
}

/// A refusal is said on the page.
fn refusal(error: Error) -> Result<Toast> {
    match error.kind {
        Kind::Conflict | Kind::Invalid => Ok(Toast::error(error.message.into_owned())),
        _ => Err(error),
    }
}

/// `POST /admin/mail/{id}/cancel`
pub(super) async fn cancel(
    me: Sender,
    (store, _post, _outreach): Parts,
    PathId(id): PathId<MailId>,
    Form(form): Form<Back>,
) -> Result<HttpResponse> {
    let toast = match store.write(me.actor(), move |tx| ops::cancel(tx, id)).await {
        // The answer box of the message has it again.
        Ok(mail) if mail.reply.is_some() => Toast::ok("Not sent. The text is in the answer box again."),
        Ok(_) => Toast::ok("The mail is not sent."),
        Err(error) => refusal(error)?,
    };
    see_other(&back(&form, id), Some(toast))
}

/// `POST /admin/mail/{id}/resend`
pub(super) async fn resend(
    me: Sender,
    (store, post, outreach): Parts,
    PathId(id): PathId<MailId>,
    Form(form): Form<Back>,
) -> Result<HttpResponse> {
    let hold_ms = post.hold_ms();
    let op = move |tx: &mut Tx<'_>| {
        let due_at = tx.now().plus_ms(hold_ms);
        ops::again(tx, id, due_at)
    };
    match store.write(me.actor(), op).await {
        Ok(next) => {
            outreach.work.wake();
            let undo = format!("{PATH}/{next}/cancel");
            let toast = Toast::ok("The mail is sent again.").undo("Cancel sending", undo, &[]);
            see_other(&format!("{PATH}/{next}"), Some(toast))
        }
        Err(error) => see_other(&back(&form, id), Some(refusal(error)?)),
    }
}
