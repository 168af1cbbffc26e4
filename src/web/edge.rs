//! The outermost middleware: request id, client address, panics, security headers, one log line, the counters.

use crate::base::error::Error;
use crate::base::id;
use crate::web::access_line::Line;
use crate::web::client::Client;
use crate::web::cors;
use crate::web::error::{Problem, add_headers, of_status};
use crate::web::limits::RateState;
use crate::web::refusal::{self, Reader};
use crate::web::routing::{NO_PATTERN, pattern};
use crate::web::{RequestId, Web};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::FutureExt as _;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

/// Only what is ours, nothing inline, nobody may frame us.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'";
const HSTS: &str = "max-age=63072000; includeSubDomains";
/// Set where the handler has set nothing else.
static HEADERS: [(HeaderName, HeaderValue); 8] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken from a caller.
const ID_MAX: usize = 64;

/// Who made the request, for the log: a staff id or the prefix of a key. The floor that knows puts it into the
/// request's extensions.
#[derive(Clone, Debug)]
pub struct Who(pub Arc<str>);

/// What is known of a request before it is handed on; a panic takes the rest with it.
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) method: Method,
    path: String,
    reader: Reader,
    pub(super) client: Client,
    pub(super) started: Instant,
}

/// A request counts as running until this goes, also where its client has gone and nobody waits for the answer.
struct Running(web::Data<Web>);

impl Running {
    fn begin(web: &web::Data<Web>) -> Self {
        web.metrics().begin();
        Self(web.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.metrics().end();
    }
}

/// The middleware.
///
/// # Errors
/// Only what actix turns into the finished answer for a panic or a refusal of a middleware.
pub async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(web) = request.app_data::<web::Data<Web>>().cloned() else {
        return Err(Error::internal("the app has no Web data").into());
    };
    let seen = see(&mut request, &web);
    let running = Running::begin(&web);
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    drop(running);
    let error = match outcome {
        Ok(Ok(mut answer)) => {
            let request = answer.request().clone();
            let state = request.extensions_mut().remove::<RateState>();
            decorate(answer.headers_mut(), &web, &seen, state.as_ref(), Some(&request));
            let who = request.extensions_mut().remove::<Who>();
            let line = Line::of(&web, seen, answer.status(), pattern(&request), who.map(|who| who.0));
            // The codec would ask a stream for its pieces to the end, to throw them away.
            let is_bare = is_head(&request) && answer.response().body().size() == BodySize::Stream;
            return Ok(answer.map_body(|_, body| {
                line.with(if is_bare { BoxBody::new(actix_web::body::None::new()) } else { body.boxed() })
            }));
        }
        Ok(Err(error)) => match error.as_error::<Error>() {
            Some(_) => error,
            None => of_status(error.as_response_error().status_code()).into(),
        },
        Err(panic) => Error::internal(format!("panic: {}", said(panic.as_ref()))).into(),
    };
    Err(finished(&web, seen, &error).into())
}

/// Notes id and address on the request and turns HEAD into GET: routes know only GET, and the codec sends no
/// body for a HEAD request.
fn see(request: &mut ServiceRequest, web: &Web) -> Seen {
    let given = request.headers().get(&REQUEST_ID).and_then(|v| v.to_str().ok()).filter(|t| is_id(t));
    let id = given.map_or_else(|| new_id(web), str::to_owned);
    let client = Client::find(request, &web.settings().trusted_proxies);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(client);
    let is_fragment = request.headers().contains_key("hx-request");
    let seen = Seen {
        id,
        method: request.method().clone(),
        path: request.path().to_owned(),
        reader: Reader::of(request.path(), request.headers(), is_fragment),
        client,
        started: Instant::now(),
    };
    if seen.method == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadAlone);
    }
    seen
}

/// The caller wants the head of the answer alone.
struct HeadAlone;

/// Whether the caller wants the head of the answer alone, for handlers that would begin something for its body.
pub fn is_head(request: &HttpRequest) -> bool {
    request.extensions().get::<HeadAlone>().is_some()
}

fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= ID_MAX && text.bytes().all(plain)
}

fn new_id(web: &Web) -> String {
    id::to_text(&id::uuid_v7(web.clock().now().0, &rand::random()))
}

/// What an answer varies by, said once: the compressor adds its own to what stands there.
fn unite_vary(headers: &mut HeaderMap) {
    if headers.get_all(header::VARY).count() < 2 {
        return;
    }
    let mut names: Vec<String> = Vec::new();
    for value in headers.get_all(header::VARY).filter_map(|value| value.to_str().ok()) {
        for name in value.split(',').map(str::trim) {
            if names.iter().all(|known| !known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
    }
    if let Ok(value) = HeaderValue::try_from(names.join(", ")) {
        headers.insert(header::VARY, value);
    }
}

/// The headers of every answer.
fn decorate(
    headers: &mut HeaderMap,
    web: &Web,
    seen: &Seen,
    state: Option<&RateState>,
    request: Option<&HttpRequest>,
) {
    unite_vary(headers);
    for (name, value) in &HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    if web.settings().is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if let Ok(id) = HeaderValue::from_str(&seen.id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    if let Some(state) = state {
        state.write(headers);
    }
    if cors::is_storefront(&seen.path) {
        cors::write(headers, request);
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    text.chars().take(300).collect()
}

/// The whole answer where the request itself is gone: actix only hands errors on then.
fn finished(web: &Web, seen: Seen, error: &actix_web::Error) -> Finished {
    let made;
    let error = match error.as_error::<Error>() {
        Some(error) => error,
        None => {
            made = of_status(StatusCode::INTERNAL_SERVER_ERROR);
            &made
        }
    };
    refusal::note(error, &seen.id, "-");
    let mut response = match seen.reader {
        Reader::Program => Problem::of(error, &seen.path, &seen.id).response(),
        reader => refusal::page(web, &web.bare_shell(&seen.path, &seen.id), reader, error, &seen.id),
    };
    add_headers(error, &mut response);
    decorate(response.headers_mut(), web, &seen, None, None);
    let line = Line::of(web, seen, response.status(), NO_PATTERN, None);
    let status = response.status();
    let headers = response.headers().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    line.write(body.len() as u64);
    Finished { status, headers, body }
}

/// A finished answer that travels as an error.
#[derive(Debug)]
struct Finished {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: bytes::Bytes,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered {}", self.status)
    }
}

impl ResponseError for Finished {
    fn status_code(&self) -> StatusCode {
        self.status
    }
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::with_body(self.status, BoxBody::new(self.body.clone()));
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}
