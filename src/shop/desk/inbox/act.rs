//! What is done on the page of a message: answered, handed on, closed, opened again, taken for spam or not.

use super::ops::{self, Answer};
use super::show::{self, Typed};
use super::{Answerer, PATH, Parts, Show};
use crate::access::staff::StaffId;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::shop::messages::{self, MessageId, Step};
use crate::store::Tx;
use crate::web::error::status;
use crate::web::routing;
use crate::web::{Form, PathId, Toast, see_other};
use actix_web::HttpResponse;
use serde::Deserialize;

/// A refusal is said on the page it leads back to.
fn refusal(error: Error) -> Result<Toast> {
    match error.kind {
        Kind::Conflict | Kind::Invalid => Ok(Toast::error(error.message.into_owned())),
        _ => Err(error),
    }
}

/// `POST /admin/messages/{id}/reply`
pub(super) async fn reply(
    me: Answerer,
    parts: Parts,
    (pages, shell): Show,
    PathId(id): PathId<MessageId>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let answer = Answer {
        text: typed.text.clone(),
        seen: Some(typed.version),
        by: Some(me.person().id),
        close: typed.then.as_deref() == Some("close"),
    };
    let post = parts.1.get_ref().clone();
    let hold_s = post.hold_seconds();
    let done = parts.0.write(me.actor(), move |tx: &mut Tx<'_>| ops::answer(tx, &post, id, &answer)).await;
    match done {
        Ok((_, mail)) => {
            parts.2.work.wake();
            let here = format!("{PATH}/{id}");
            let says = match hold_s {
                0 => "The answer is on its way.".to_owned(),
                1 => "The answer is sent in a second.".to_owned(),
                s => format!("The answer is sent in {s} seconds."),
            };
            let toast = Toast::ok(says).saved(format!("reply-{id}"));
            let toast = if hold_s > 0 && me.may("mail:send") {
                toast.undo("Cancel sending", format!("/admin/mail/{mail}/cancel"), &[("from", &here)])
            } else {
                toast
            };
            see_other(&here, Some(toast))
        }
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
            let page = show::page(&me, &parts, id, Some((typed, &error)))?;
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// Who is to mind it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Owner {
    /// Empty: nobody.
    assigned_to: String,
    version: u64,
}

/// `POST /admin/messages/{id}/assign`
pub(super) async fn assign(
    me: Answerer,
    parts: Parts,
    PathId(id): PathId<MessageId>,
    Form(owner): Form<Owner>,
) -> Result<HttpResponse> {
    let to = match owner.assigned_to.trim() {
        "" => None,
        text => Some(StaffId::parse(text)?),
    };
    let own = me.person().id;
    let op = move |tx: &mut Tx<'_>| messages::assign(tx, id, Some(owner.version), to);
    let toast = match parts.0.write(me.actor(), op).await {
        Ok(_) if to.is_none() => Toast::ok("Nobody minds the message now."),
        Ok(_) if to == Some(own) => Toast::ok("The message is yours."),
        Ok(_) => Toast::ok("The message is handed on."),
        Err(error) => refusal(error)?,
    };
    see_other(&format!("{PATH}/{id}"), Some(toast))
}

/// The version that was on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Seen {
    version: u64,
}

/// `POST /admin/messages/{id}/{step}`
pub(super) async fn step(
    me: Answerer,
    parts: Parts,
    path: routing::Path<(String, String)>,
    Form(seen): Form<Seen>,
) -> Result<HttpResponse> {
    let (id, step) = (MessageId::parse(&path.0)?, Step::named(&path.1)?);
    let op = move |tx: &mut Tx<'_>| messages::take(tx, id, Some(seen.version), step);
    let here = format!("{PATH}/{id}");
    match parts.0.write(me.actor(), op).await {
        Ok(message) => {
            let says = match step {
                Step::Close => "The message is closed.",
                Step::Reopen => "The message is open again.",
                Step::Spam => "The message is among the spam.",
                Step::NotSpam => "The message is among the open ones.",
            };
            let back = format!("{here}/{}", step.back().word());
            let toast = Toast::ok(says).undo("Undo", back, &[("version", &message.version.to_string())]);
            // What is over makes room for the next one.
            let to = if matches!(step, Step::Close | Step::Spam) { PATH } else { &here };
            see_other(to, Some(toast))
        }
        Err(error) => see_other(&here, Some(refusal(error)?)),
    }
}
