//! Messages for programs: the list, one with its answers, answering, handing on, closing, and what is spam.

use super::ops::{self, Answer};
use super::view::folder;
use crate::access::staff::{self, StaffId};
use crate::access::{Caller, Once, may};
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::mail::{self, Post};
use crate::shop::messages::{self, Message, MessageId, Step};
use crate::shop::outreach::Outreach;
use crate::store::{Read, Store, Tx};
use crate::web::conditional::{self, IfMatch};
use crate::web::paging::{List, bad_cursor, limit_of};
use crate::web::routing;
use crate::web::{Json, JsonBytes, Query};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/messages").route(routing::get().to(list)))
        .service(routing::resource("/messages/{id}").route(routing::get().to(show)))
        .service(routing::resource("/messages/{id}/replies").route(routing::post().to(reply).if_match()))
        .service(routing::resource("/messages/{id}/assign").route(routing::post().to(assign).if_match()))
        .service(routing::resource("/messages/{id}/close").route(routing::post().to(close).if_match()))
        .service(routing::resource("/messages/{id}/reopen").route(routing::post().to(reopen).if_match()))
        .service(routing::resource("/messages/{id}/spam").route(routing::post().to(spam).if_match()))
        .service(routing::resource("/messages/{id}/not-spam").route(routing::post().to(not_spam).if_match()));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, show, reply, assign, close, reopen, spam, not_spam),
    tags((name = "messages", description = "What people write to the shop, and what it answers."))
)]
pub struct ApiDocs;

/// A message to the shop.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageOut {
    id: String,
    /// `open`, `closed` or `spam`.
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    email: String,
    name: String,
    phone: String,
    subject: String,
    body: String,
    /// As it was written; whether it fits is said by `order`.
    order_number: String,
    /// The order, where number and e-mail address fit together.
    order: Option<String>,
    /// The customer who has the e-mail address now.
    customer: Option<String>,
    /// The page it was written on.
    page: String,
    language: String,
    metadata: BTreeMap<String, String>,
    /// Why it is taken for spam.
    spam_reason: Option<String>,
    /// The member of staff who minds it.
    assigned_to: Option<String>,
    /// The answers, the oldest first.
    replies: Vec<ReplyOut>,
    version: u64,
}

/// An answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageReply)]
pub(super) struct ReplyOut {
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    by: String,
    text: String,
    /// The mail that carries it; null when it is so old that the log does not have it any more.
    mail: Option<String>,
    /// How far the mail is, as at `/api/v1/mail`.
    mail_state: Option<String>,
}

impl MessageOut {
    fn of(r: &impl Read, message: Message) -> Result<Self> {
        let customer = messages::customer_of(r, &message)?;
        let mut replies = Vec::new();
        for (number, reply) in messages::replies(r, message.id)? {
            let fate = mail::fate_of(r, message.id, number)?;
            replies.push(ReplyOut {
                number,
                at: reply.at,
                by: reply.by,
                text: reply.text,
                mail: fate.as_ref().map(|fate| fate.mail.to_string()),
                mail_state: fate.map(|fate| fate.state.to_owned()),
            });
        }
        Ok(Self {
            id: message.id.to_string(),
            state: message.state.word(),
            received_at: message.received_at,
            email: message.email,
            name: message.name,
            phone: message.phone,
            subject: message.subject,
            body: message.body,
            order_number: message.order_number,
            order: message.order.map(|id| id.to_string()),
            customer: customer.map(|id| id.to_string()),
            page: message.page,
            language: message.language,
            metadata: message.metadata,
            spam_reason: Some(message.spam_reason).filter(|reason| !reason.is_empty()),
            assigned_to: message.assigned_to.map(|id| id.to_string()),
            replies,
            version: message.version,
        })
    }
}

/// The parameters of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageQuery {
    /// `open`, `unassigned` (open, and nobody minds it), `mine` (of a signed-in person), `closed`, `spam` or `all`; `open` if absent.
    view: Option<String>,
    /// Those from this address alone, whatever their state; not together with `view`.
    email: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
}

/// Lists messages
///
/// The newest first. Spam is kept for 90 days.
#[utoipa::path(get, operation_id = "list_messages", path = "/api/v1/messages", tag = "messages", params(MessageQuery),
    responses((status = 200, description = "Messages", body = List<MessageOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:view"])))]
pub(super) async fn list(
    caller: Caller<may::ViewMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    query: Query<MessageQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let after = query.0.after.as_deref().map(MessageId::parse).transpose().map_err(|_none| bad_cursor())?;
    let of = match (query.0.view.as_deref(), query.0.email.as_deref()) {
        (Some(_), Some(_)) => {
            let text = "email: not together with view.";
            return Err(Error::invalid("invalid_parameter", text).on("/email"));
        }
        (view, None) => Ok(folder(view.unwrap_or_default(), caller.person())?),
        (None, Some(email)) => Err(email.to_owned()),
    };
    let (rows, more) = store.read(|s| {
        let page = match &of {
            Ok(folder) => messages::page(s, *folder, after, limit)?,
            Err(email) => messages::by_email(s, email, after, limit)?,
        };
        let rows = page.items.into_iter().map(|message| MessageOut::of(s, message));
        Ok((rows.collect::<Result<Vec<_>>>()?, page.more))
    })?;
    let next_cursor = rows.last().filter(|_| more).map(|message| message.id.clone());
    List::going_on(rows, next_cursor).response(&request)
}

/// Reads a message with its answers
#[utoipa::path(get, operation_id = "read_message", path = "/api/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "`msg_…`"), ("If-None-Match" = Option<String>, Header, description = "The ETag you have")),
    responses((status = 200, description = "The message", body = MessageOut), (status = 304, description = "You have it as it is"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:view"])))]
pub(super) async fn show(
    _caller: Caller<may::ViewMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    told(&request, &store, MessageId::parse(&id)?)
}

fn told(request: &HttpRequest, store: &Store, id: MessageId) -> Result<HttpResponse> {
    let out = store.read(|s| MessageOut::of(s, messages::get(s, id)?))?;
    conditional::record(request, out.version, &out)
}

/// What is answered.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewMessageReply, example = json!({"text": "It is on its way.", "close": true}))]
pub(super) struct ReplyIn {
    /// The answer, in plain text.
    #[schema(required)]
    text: String,
    /// Close the message with it; false if absent.
    close: bool,
}

/// Answers a message by mail
///
/// The mail waits as every mail does, and is sent in the language of the customer. With `If-Match` only when nobody has
/// changed the message since you read it.
#[utoipa::path(post, operation_id = "reply_to_message", path = "/api/v1/messages/{id}/replies", tag = "messages", request_body = ReplyIn,
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw"),
        ("Idempotency-Key" = Option<String>, Header, description = "New for every answer; a retry with it is answered as the first time.")),
    responses((status = 201, description = "The message with the answer", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn reply(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    (store, post, outreach): (web::Data<Store>, web::Data<Post>, web::Data<Outreach>),
    id: routing::Path<String>,
    body: JsonBytes<ReplyIn>,
) -> Result<HttpResponse> {
    let (id, seen) = (MessageId::parse(&id)?, IfMatch::of(&request)?);
    let once = Once::offered(&caller, &request, &body.bytes)?;
    let (given, by, post) = (body.value, caller.person(), post.get_ref().clone());
    let op = move |tx: &mut Tx<'_>| {
        once.run(tx, 201, |tx| {
            let seen = seen.against(messages::get(tx, id)?.version);
            let answer = Answer { text: given.text.clone(), seen, by, close: given.close };
            let (message, _) = ops::answer(tx, &post, id, &answer)?;
            MessageOut::of(tx, message)
        })
    };
    let answer = store.write(caller.actor(), op).await?;
    outreach.work.wake();
    Ok(answer.response(None))
}

/// Who is to mind a message.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = MessageAssignment, example = json!({"assigned_to": "stf_01kaj3m7q9f8x2v5n4c6b8d0e2"}))]
pub(super) struct AssignIn {
    /// The id or the e-mail address of a member of staff; null for nobody.
    assigned_to: Option<String>,
}

/// Hands a message on
///
/// To somebody who may answer messages, or to nobody.
#[utoipa::path(post, operation_id = "assign_message", path = "/api/v1/messages/{id}/assign", tag = "messages", request_body = AssignIn,
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The message as it is now", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn assign(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    Json(given): Json<AssignIn>,
) -> Result<HttpResponse> {
    let (id, seen) = (MessageId::parse(&id)?, IfMatch::of(&request)?);
    let to = match given.assigned_to.as_deref().map(str::trim) {
        None => None,
        Some(text) => {
            let unknown = || {
                let text = "Send the id or the e-mail address of a member of staff, or null.";
                Error::invalid("cannot_assign", text).on("/assigned_to")
            };
            let by_id = StaffId::parse(text).ok();
            let by_email = store.read(|s| staff::find_by_email(s, text))?.map(|person| person.id);
            Some(by_id.or(by_email).ok_or_else(unknown)?)
        }
    };
    let op = move |tx: &mut Tx<'_>| {
        let seen = seen.against(messages::get(tx, id)?.version);
        messages::assign(tx, id, seen, to)
    };
    store.write(caller.actor(), op).await?;
    told(&request, &store, id)
}

async fn moved(
    caller: &Caller<may::ReplyMessages>,
    request: &HttpRequest,
    store: &Store,
    id: &str,
    step: Step,
) -> Result<HttpResponse> {
    let (id, seen) = (MessageId::parse(id)?, IfMatch::of(request)?);
    let op = move |tx: &mut Tx<'_>| {
        let seen = seen.against(messages::get(tx, id)?.version);
        messages::take(tx, id, seen, step)
    };
    store.write(caller.actor(), op).await?;
    told(request, store, id)
}

/// Closes a message
#[utoipa::path(post, operation_id = "close_message", path = "/api/v1/messages/{id}/close", tag = "messages",
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The message as it is now", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn close(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    moved(&caller, &request, &store, &id, Step::Close).await
}

/// Opens a closed message again
#[utoipa::path(post, operation_id = "reopen_message", path = "/api/v1/messages/{id}/reopen", tag = "messages",
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The message as it is now", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn reopen(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    moved(&caller, &request, &store, &id, Step::Reopen).await
}

/// Takes a message for spam
#[utoipa::path(post, operation_id = "mark_message_spam", path = "/api/v1/messages/{id}/spam", tag = "messages",
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The message as it is now", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn spam(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    moved(&caller, &request, &store, &id, Step::Spam).await
}

/// Says that a message is no spam
///
/// It is open from then on.
#[utoipa::path(post, operation_id = "mark_message_not_spam", path = "/api/v1/messages/{id}/not-spam", tag = "messages",
    params(("id" = String, Path, description = "`msg_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw")),
    responses((status = 200, description = "The message as it is now", body = MessageOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["messages:reply"])))]
pub(super) async fn not_spam(
    caller: Caller<may::ReplyMessages>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    moved(&caller, &request, &store, &id, Step::NotSpam).await
}
