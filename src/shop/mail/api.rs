//! Mails for programs: the log, one with its content, sending again, cancelling, and what came back.

use super::desk::Post;
use super::model::{Content, Mail, MailId, State};
use super::suppress::{self, Suppressed};
use super::{bounce, ops};
use crate::access::{Caller, may};
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::outreach::Outreach;
use crate::store::Store;
use crate::web::paging::{List, bad_cursor, limit_of};
use crate::web::routing;
use crate::web::{Json, Query};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/mail").route(routing::get().to(list)))
        .service(routing::resource("/mail/bounces").route(routing::post().to(bounced)))
        .service(routing::resource("/mail/suppressed").route(routing::get().to(suppressed)))
        .service(routing::resource("/mail/suppressed/{address}").route(routing::delete().to(release)))
        .service(routing::resource("/mail/{id}").route(routing::get().to(show)))
        .service(routing::resource("/mail/{id}/cancel").route(routing::post().to(cancel)))
        .service(routing::resource("/mail/{id}/resend").route(routing::post().to(resend)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, show, cancel, resend, bounced, suppressed, release),
    tags((name = "mail", description = "What customers, the shop and its staff are told by e-mail."))
)]
pub struct ApiDocs;

/// A mail to one recipient.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Mail)]
pub(super) struct MailOut {
    id: String,
    /// The moment it tells of, such as `order_placed`; `test` for one that somebody sent to himself.
    moment: String,
    to: String,
    /// Empty until it is written, just before it is sent.
    subject: String,
    language: String,
    /// `queued`, `sending`, `sent`, `failed`, `cancelled` or `dropped`.
    state: &'static str,
    /// Why it was not sent, or is tried again.
    reason: Option<String>,
    /// The order it is about.
    order: Option<String>,
    /// The message to the shop that it tells of or answers.
    message: Option<String>,
    /// The site it warns of.
    site: Option<String>,
    /// The header `Message-ID`, the same at every try.
    message_id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it came into its state.
    #[schema(value_type = String, format = DateTime)]
    state_since_at: Timestamp,
    /// When it is sent, or tried again.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// The tries, the oldest first; the last 20 are kept.
    attempts: Vec<TryOut>,
    /// The mail that was sent in its place.
    sent_again_as: Option<String>,
}

/// One try, and what the mail server said.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MailAttempt)]
pub(super) struct TryOut {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether the server said that it has it. Where the program ended before that was noted, `answer` says so: it may have
    /// it all the same.
    taken: bool,
    answer: String,
    duration_ms: u64,
}

impl MailOut {
    fn new(id: MailId, mail: Mail, state: State) -> Self {
        let attempts = mail.attempts.into_iter().map(|a| TryOut {
            at: a.at,
            taken: a.taken,
            answer: a.answer,
            duration_ms: a.took_ms,
        });
        Self {
            id: id.to_string(),
            moment: mail.moment,
            to: mail.to,
            subject: mail.subject,
            language: mail.language,
            state: state.word(),
            reason: Some(mail.reason).filter(|reason| !reason.is_empty()),
            order: mail.order.map(|order| order.to_string()),
            message: mail.message.map(|message| message.to_string()),
            site: mail.site.map(|site| site.to_string()),
            message_id: mail.message_id,
            created_at: mail.created_at,
            state_since_at: mail.since,
            due_at: Some(mail.due_at).filter(|_| state == State::Queued),
            attempts: attempts.collect(),
            sent_again_as: mail.again.map(|id| id.to_string()),
        }
    }
}

/// A mail with exactly what is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MailWithContent)]
pub(super) struct WholeOut {
    mail: MailOut,
    /// Absent until it is written.
    content: Option<ContentOut>,
}

/// What is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MailContent)]
pub(super) struct ContentOut {
    from_name: String,
    from: String,
    reply_to: Option<String>,
    subject: String,
    text: String,
    html: String,
}

impl From<Content> for ContentOut {
    fn from(c: Content) -> Self {
        let Content { from_name, from, reply_to, subject, text, html, at: _, in_reply_to: _ } = c;
        Self { from_name, from, reply_to, subject, text, html }
    }
}

/// The parameters of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct MailQuery {
    /// `queued`, `sending`, `sent`, `failed`, `cancelled` or `dropped`; all if absent.
    state: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
}

fn read(store: &Store, id: MailId) -> Result<MailOut> {
    store.read(|s| {
        let mail = ops::get(s, id)?;
        let state = ops::state(s, &mail)?;
        Ok(MailOut::new(id, mail, state))
    })
}

/// Lists mails
///
/// The newest first. Mails are kept for 180 days.
#[utoipa::path(get, operation_id = "list_mails", path = "/api/v1/mail", tag = "mail", params(MailQuery),
    responses((status = 200, description = "Mails", body = List<MailOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:view"])))]
pub(super) async fn list(
    _caller: Caller<may::ViewMail>,
    request: HttpRequest,
    store: web::Data<Store>,
    query: Query<MailQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let state = match query.0.state.as_deref() {
        None => None,
        Some(word) => Some(State::from_word(word).ok_or_else(|| {
            let all: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
            let text = format!("state: use one of {}.", all.join(", "));
            Error::invalid("invalid_parameter", text).on("/state")
        })?),
    };
    let before = match query.0.after.as_deref() {
        None => None,
        Some(after) => Some(MailId::parse(after).map_err(|_none| bad_cursor())?),
    };
    let (rows, more) = store.read(|s| {
        let page = ops::page(s, state, before, limit)?;
        let rows = page.items.into_iter().map(|(id, mail)| {
            let state = ops::state(s, &mail)?;
            Ok(MailOut::new(id, mail, state))
        });
        Ok((rows.collect::<Result<Vec<_>>>()?, page.more))
    })?;
    let next_cursor = rows.last().filter(|_| more).map(|mail| mail.id.clone());
    List::going_on(rows, next_cursor).response(&request)
}

/// Reads a mail with what is sent
#[utoipa::path(get, operation_id = "read_mail", path = "/api/v1/mail/{id}", tag = "mail", params(("id" = String, Path, description = "`mal_…`")),
    responses((status = 200, description = "The mail", body = WholeOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:view"])))]
pub(super) async fn show(
    _caller: Caller<may::ViewMail>,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let id = MailId::parse(&id)?;
    let mail = read(&store, id)?;
    let content = store.read(|s| ops::content(s, id))?.map(ContentOut::from);
    Ok(HttpResponse::Ok().json(WholeOut { mail, content }))
}

/// Cancels the sending of a mail that waits
#[utoipa::path(post, operation_id = "cancel_mail", path = "/api/v1/mail/{id}/cancel", tag = "mail", params(("id" = String, Path, description = "`mal_…`")),
    responses((status = 200, description = "The mail as it is now", body = MailOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:send"])))]
pub(super) async fn cancel(
    caller: Caller<may::SendMail>,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let id = MailId::parse(&id)?;
    store.write(caller.actor(), move |tx| ops::cancel(tx, id)).await?;
    Ok(HttpResponse::Ok().json(read(&store, id)?))
}

/// Sends a mail again
///
/// As a new one: to the address that the order has now, in the words of now. It waits as every mail does.
#[utoipa::path(post, operation_id = "send_mail_again", path = "/api/v1/mail/{id}/resend", tag = "mail", params(("id" = String, Path, description = "`mal_…`")),
    responses((status = 202, description = "The new mail", body = MailOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:send"])))]
pub(super) async fn resend(
    caller: Caller<may::SendMail>,
    (store, post, outreach): (web::Data<Store>, web::Data<Post>, web::Data<Outreach>),
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let (id, hold_ms) = (MailId::parse(&id)?, post.hold_ms());
    let op = move |tx: &mut crate::store::Tx<'_>| {
        let due_at = tx.now().plus_ms(hold_ms);
        ops::again(tx, id, due_at)
    };
    let next = store.write(caller.actor(), op).await?;
    outreach.work.wake();
    Ok(HttpResponse::Accepted().json(read(&store, next)?))
}

/// A mail that came back, or about which somebody complained.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = MailBounce, example = json!({"email": "anna@example.com", "kind": "hard", "reason": "550 5.1.1 No such user"}))]
pub(super) struct BounceIn {
    /// The address it went to.
    #[schema(required)]
    email: String,
    /// `hard` and `complaint` end the sending to this address, `soft` is noted only; `hard` if absent.
    kind: Option<String>,
    /// What the other server said.
    reason: Option<String>,
    /// The `Message-ID` of the mail that came back; it counts as failed then.
    message_id: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MailBounced)]
pub(super) struct BouncedOut {
    email: String,
    /// Nothing is sent to this address any more.
    suppressed: bool,
    /// The mail that came back.
    mail: Option<String>,
}

/// Tells of a mail that came back
///
/// For the program that reads the mailbox, or the notices of the provider.
#[utoipa::path(post, operation_id = "report_bounce", path = "/api/v1/mail/bounces", tag = "mail", request_body = BounceIn,
    responses((status = 200, description = "Noted", body = BouncedOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:send"])))]
pub(super) async fn bounced(
    caller: Caller<may::SendMail>,
    store: web::Data<Store>,
    Json(given): Json<BounceIn>,
) -> Result<HttpResponse> {
    let bounce = bounce::checked(&given.email, given.kind.as_deref(), given.reason.as_deref())?;
    let message_id = given.message_id.unwrap_or_default();
    let email = bounce.address.clone();
    let noted = store.write(caller.actor(), move |tx| bounce::note(tx, &bounce, &message_id)).await?;
    let mail = noted.mail.map(|id| id.to_string());
    Ok(HttpResponse::Ok().json(BouncedOut { email, suppressed: noted.suppressed, mail }))
}

/// An address that nothing is sent to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SuppressedAddress)]
pub(super) struct SuppressedOut {
    email: String,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    since_at: Timestamp,
    by: String,
}

impl From<Suppressed> for SuppressedOut {
    fn from(s: Suppressed) -> Self {
        Self { email: s.address, reason: s.reason, since_at: s.at, by: s.by }
    }
}

/// The parameters of the list of addresses.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct SuppressedQuery {
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    after: Option<String>,
}

/// Lists the addresses that nothing is sent to
#[utoipa::path(get, operation_id = "list_suppressed_addresses", path = "/api/v1/mail/suppressed", tag = "mail", params(SuppressedQuery),
    responses((status = 200, description = "Addresses", body = List<SuppressedOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:view"])))]
pub(super) async fn suppressed(
    _caller: Caller<may::ViewMail>,
    request: HttpRequest,
    store: web::Data<Store>,
    query: Query<SuppressedQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let page = store.read(|s| suppress::list(s, query.0.after.as_deref(), limit))?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|row| row.address.clone());
    List::going_on(page.items.into_iter().map(SuppressedOut::from).collect(), next_cursor).response(&request)
}

/// Lets an address be written to again
#[utoipa::path(delete, operation_id = "release_address", path = "/api/v1/mail/suppressed/{address}", tag = "mail", params(("address" = String, Path, description = "The e-mail address", example = "anna@example.com")),
    responses((status = 204, description = "Released"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["mail:send"])))]
pub(super) async fn release(
    caller: Caller<may::SendMail>,
    store: web::Data<Store>,
    address: routing::Path<String>,
) -> Result<HttpResponse> {
    let address = email::key(&address);
    store.write(caller.actor(), move |tx| suppress::release(tx, &address)).await?;
    Ok(HttpResponse::NoContent().finish())
}
