//! `POST /store/v1/messages`: the contact form of the shop, by script or as a plain form. Answered at once, and the same
//! whoever writes and whatever becomes of it.

use super::arrival::NewMessage;
use super::model::MessageId;
use super::ops;
use crate::access::{Public, Storefront, preflight};
use crate::base::error::{Kind, Result};
use crate::base::time::Timestamp;
use crate::store::{Store, Tx};
use crate::web::error::{add_headers, status};
use crate::web::routing;
use crate::web::{Budget, Page, Pages};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The routes of the storefront.
pub fn routes(config: &mut routing::Routes) {
    config.service(
        routing::resource("/store/v1/messages")
            .without_strangers()
            .route(routing::post().to(receive))
            .route(routing::options().to(ask)),
    );
}

/// What this door tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(receive),
    tags((name = "storefront", description = "What the pages of the shop call, with a publishable key."))
)]
pub struct ApiDocs;

/// What somebody writes to the shop.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewMessage, example = json!({"email": "anna@example.com", "name": "Anna Berg", "subject": "My parcel",
    "body": "Where is it?", "order_number": "#10482", "language": "en"}))]
pub(super) struct MessageIn {
    /// Where the answer goes.
    #[schema(required)]
    email: String,
    /// What they write, in plain text.
    #[schema(required)]
    body: String,
    name: Option<String>,
    phone: Option<String>,
    subject: Option<String>,
    /// The number of an order, with or without `#`.
    order_number: Option<String>,
    /// The address of the page it was written on.
    page: Option<String>,
    /// The language of who writes, such as `de`; the answer uses it.
    language: Option<String>,
    /// Fields of your own, as text.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: BTreeMap<String, String>,
    /// Leave it empty, and hide it from people in your form: programs that fill in everything give themselves away by it.
    website: Option<String>,
}

impl From<MessageIn> for NewMessage {
    fn from(m: MessageIn) -> Self {
        Self {
            name: m.name.unwrap_or_default(),
            email: m.email,
            phone: m.phone.unwrap_or_default(),
            subject: m.subject.unwrap_or_default(),
            body: m.body,
            order_number: m.order_number.unwrap_or_default(),
            page: m.page.unwrap_or_default(),
            language: m.language.unwrap_or_default(),
            metadata: m.metadata,
            trap: m.website.unwrap_or_default(),
        }
    }
}

/// That a message has arrived.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageReceived)]
pub(super) struct ReceivedOut {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

/// What a browser shows that sent a form and is led nowhere else.
#[derive(Debug, Serialize)]
struct ThanksPage {
    shop: String,
    /// What is to be changed; empty when it has arrived.
    errors: Vec<String>,
    /// The page it was sent from.
    back: String,
}

impl Page for ThanksPage {
    const TEMPLATE: &'static str = "messages/thanks.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        Self { shop: evil.clone(), errors: vec![evil], back: "https://shop.example".to_owned() }
    }
}

/// Sends the shop a message
///
/// For the contact form of the shop: as JSON with the key in the header, or as a plain HTML form with the key in the field
/// `key`. A form may say with `return_to` which page of the shop the browser is led to (303); without it a short page says
/// that the message has arrived. The answer is the same whatever becomes of the message. An address may send 5 a minute.
/// An `Idempotency-Key` makes a retry safe.
#[utoipa::path(post, operation_id = "send_message", path = "/store/v1/messages", tag = "storefront", request_body = MessageIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "New for every message; a retry with it is answered as the first time."),
        ("Origin" = String, Header, description = "An origin of the key; browsers send it by themselves.")),
    responses((status = 201, description = "It has arrived", body = ReceivedOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("publishable" = [])))]
pub(super) async fn receive(
    request: HttpRequest,
    asked: Storefront<MessageIn>,
    (store, pages, shop): (web::Data<Store>, web::Data<Pages>, web::Data<crate::access::Shop>),
) -> Result<HttpResponse> {
    let answer = taken(&request, &asked, &store).await;
    // A person whose browser sent a form is shown words; what to change stands in the form they go back to.
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_person = asked.is_form() && accepts.contains("text/html");
    let origin = asked.key().origins().first().cloned().unwrap_or_default();
    let back = crate::web::cors::origin(&request).map_or(origin, str::to_owned);
    let name = shop.profile().name.clone();
    match answer {
        Ok(answer) => match asked.return_to() {
            Some(place) => Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish()),
            None if is_person => {
                let page = ThanksPage { shop: name, errors: Vec::new(), back };
                shown(&pages, StatusCode::CREATED, &page)
            }
            None => Ok(answer),
        },
        Err(error) if is_person && error.kind != Kind::Internal => {
            let mut errors: Vec<String> = error.fields.iter().map(|f| f.detail.clone()).collect();
            if errors.is_empty() {
                errors.push(error.message.clone().into_owned());
            }
            let mut answer = shown(&pages, status(&error), &ThanksPage { shop: name, errors, back })?;
            add_headers(&error, &mut answer);
            Ok(answer)
        }
        Err(error) => Err(error),
    }
}

fn shown(pages: &Pages, status: StatusCode, page: &ThanksPage) -> Result<HttpResponse> {
    let html = pages.text(ThanksPage::TEMPLATE, page)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// Keeps the message and says so.
async fn taken(request: &HttpRequest, asked: &Storefront<MessageIn>, store: &Store) -> Result<HttpResponse> {
    asked.charge(request, Budget::Message, Budget::Messages)?;
    let new = NewMessage::from(asked.value.clone()).checked()?;
    let once = asked.once(request)?;
    let (key, network) = (asked.key().clone(), asked.client().shortened().to_string());
    let op = move |tx: &mut Tx<'_>| {
        once.run(tx, 201, |tx| {
            let message = ops::receive(tx, &new, &key, &network)?;
            Ok(ReceivedOut { id: message.id, received_at: message.received_at })
        })
    };
    let answer = store.write(asked.actor(request), op).await?;
    Ok(answer.response(None))
}

/// `OPTIONS /store/v1/messages`: a browser asks beforehand. Anybody else is told which methods there are.
pub(super) async fn ask(_: Public, request: HttpRequest) -> Result<HttpResponse> {
    if request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return preflight(&request, "POST");
    }
    let allowed = header::Allow(vec![Method::POST, Method::OPTIONS]);
    Ok(HttpResponse::NoContent().insert_header(allowed).finish())
}

/// What strangers send: as a message, and as the address of a page.
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzzed(bytes: &[u8]) {
    use super::spam;
    use crate::base::origin;
    let text = String::from_utf8_lossy(bytes);
    if let Ok(origin) = origin::parse(&text) {
        assert_eq!(origin::of_url(&origin), Some(origin));
    }
    let _origin = origin::of_url(&text);
    let Ok(body) = crate::web::json::parse::<MessageIn>(bytes) else { return };
    if let Ok(new) = NewMessage::from(body).checked() {
        let _suspicion = spam::suspicion(&new, &["https://shop.example".to_owned()], false);
        let _same = (spam::fingerprint(&new.body), spam::is_own_words(&new.body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_thanks_says_what_to_change_and_escapes() {
        let pages = Pages::load(&crate::web::Assets::load()).unwrap();
        let refused = pages.text(ThanksPage::TEMPLATE, &ThanksPage::sample()).unwrap();
        assert!(refused.contains("Go back") && !refused.contains("<script>alert"), "{refused}");
        let thanks = ThanksPage { errors: Vec::new(), ..ThanksPage::sample() };
        let thanks = pages.text(ThanksPage::TEMPLATE, &thanks).unwrap();
        assert!(thanks.contains("Your message has arrived"), "{thanks}");
    }
}
