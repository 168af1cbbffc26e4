//! An error dressed for the one who asked: a problem document for programs, a page or a short message for people.

use crate::base::error::{Error, Kind};
use crate::web::Web;
use crate::web::error::{Problem, add_headers, of_status, status, title};
use crate::web::request_id;
use crate::web::routing::pattern;
use crate::web::shell::{Shell, is_fragment, shell_of};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

/// Paths that belong to programs; their errors are always problem documents.
const FOR_PROGRAMS: &[&str] = &["/api", "/store", "/healthz", "/readyz", "/metrics"];

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A program: problem+json.
    Program,
    /// A person with a browser: a whole page.
    Person,
    /// htmx on behalf of a person: a message that goes among the others.
    Part,
}

impl Reader {
    /// Judged by the path and by what is accepted.
    pub fn of(path: &str, headers: &HeaderMap, is_fragment: bool) -> Self {
        let under = |base: &str| path.strip_prefix(base).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        if FOR_PROGRAMS.iter().any(|base| under(base)) {
            return Self::Program;
        }
        if is_fragment {
            return Self::Part;
        }
        let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let json = accept.contains("json") && !accept.contains("text/html");
        if json { Self::Program } else { Self::Person }
    }
}

/// A request refused before it reached its handler.
pub fn refuse(request: ServiceRequest, error: Error) -> ServiceResponse {
    // `into_response` would forget the error, and the answer would not be dressed for its reader.
    ServiceResponse::new(request.into_parts().0, HttpResponse::from_error(error))
}

/// Every error that has no body for its reader yet gets one.
pub(super) fn dress(answer: ServiceResponse) -> ServiceResponse {
    let code = answer.status();
    let ours = answer.response().error().and_then(|e| e.as_error::<Error>()).is_some();
    let bare = code.as_u16() >= 400 && !answer.headers().contains_key(header::CONTENT_TYPE);
    let framework_s = code.as_u16() >= 400 && answer.response().error().is_some();
    if !(ours || bare || framework_s) {
        return answer;
    }
    let (request, old) = answer.into_parts();
    let made;
    let error = match old.error().and_then(|e| e.as_error::<Error>()) {
        Some(error) => error,
        None => {
            made = match old.error() {
                Some(cause) if code.is_server_error() => Error::internal(cause.to_string()),
                _ => of_status(code),
            };
            &made
        }
    };
    if let Some(page) = page_of_form(&request, code) {
        let there = HttpResponse::SeeOther().insert_header((header::LOCATION, page)).finish();
        return ServiceResponse::new(request, there);
    }
    note(error, &request_id(&request), pattern(&request));
    let mut dressed = answer_to(&request, error);
    for name in [header::SET_COOKIE, header::ALLOW, header::HeaderName::from_static("hx-redirect")] {
        for value in old.headers().get_all(&name) {
            dressed.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, dressed)
}

/// Where somebody is led who opens the address that a form is sent to, such as by Enter in the address bar after a
/// refusal: one step up, and so on until there is a page.
fn page_of_form(request: &HttpRequest, code: StatusCode) -> Option<String> {
    let is_person = Reader::of(request.path(), request.headers(), is_fragment(request)) == Reader::Person;
    if code != StatusCode::METHOD_NOT_ALLOWED || !is_person || request.method() != Method::GET {
        return None;
    }
    let (above, _) = request.path().rsplit_once('/')?;
    above.starts_with("/admin").then(|| above.to_owned())
}

/// The cause of a fault, once, for the log.
pub(super) fn note(error: &Error, request_id: &str, route: &str) {
    let cause = error.cause_chain();
    match error.kind {
        Kind::Internal => tracing::error!(request_id, route, code = error.code, %cause, "request failed"),
        Kind::Unavailable => {
            tracing::warn!(request_id, route, code = error.code, %cause, "request not served")
        }
        _ => {}
    }
}

fn answer_to(request: &HttpRequest, error: &Error) -> HttpResponse {
    let reader = Reader::of(request.path(), request.headers(), is_fragment(request));
    let id = request_id(request);
    if reader != Reader::Program
        && let Some(web) = request.app_data::<web::Data<Web>>()
    {
        // A shell that cannot be made is no reason to show nothing.
        let shell = shell_of(request).unwrap_or_else(|_| web.bare_shell(request.path(), &id));
        return page(web, &shell, reader, error, &id);
    }
    finish(error, Problem::of(error, request.path(), &id).response())
}

/// The error as a page or a message; as a problem document when even that fails.
pub(super) fn page(web: &Web, shell: &Shell, reader: Reader, error: &Error, id: &str) -> HttpResponse {
    let mut shell = shell.clone();
    shell.toast = None;
    let view = ErrorPage::of(error, id);
    let made = match reader {
        Reader::Part => web.pages().text("errors/toast.html", &ErrorToast::of(error, id)),
        Reader::Person | Reader::Program => {
            shell.fragment = false;
            web.pages().render(ErrorPage::TEMPLATE, &shell, &view)
        }
    };
    let Ok(body) = made else { return finish(error, Problem::of(error, &shell.path, id).response()) };
    let mut response = HttpResponse::build(status(error)).content_type("text/html; charset=utf-8").body(body);
    if reader == Reader::Part {
        let headers = response.headers_mut();
        headers.insert(header::HeaderName::from_static("hx-retarget"), HeaderValue::from_static("#toasts"));
        headers.insert(header::HeaderName::from_static("hx-reswap"), HeaderValue::from_static("beforeend"));
        headers.insert(header::HeaderName::from_static("hx-push-url"), HeaderValue::from_static("false"));
    }
    finish(error, response)
}

fn finish(error: &Error, mut response: HttpResponse) -> HttpResponse {
    add_headers(error, &mut response);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, HX-Request"));
    response
}

/// What went wrong, why and what to do, for people.
#[derive(Debug, Serialize)]
pub struct ErrorPage<'a> {
    pub status: u16,
    pub title: &'static str,
    pub detail: &'a str,
    pub hint: &'static str,
    pub errors: Vec<&'a str>,
    pub request_id: &'a str,
}

impl<'a> ErrorPage<'a> {
    const TEMPLATE: &'static str = "errors/error.html";

    fn of(error: &'a Error, request_id: &'a str) -> Self {
        let status = status(error);
        let listed = error.fields.len() > 1;
        Self {
            status: status.as_u16(),
            title: title(status),
            // The title says it already.
            detail: if error.kind == Kind::Internal { "" } else { &error.message },
            hint: hint(error),
            errors: error.fields.iter().filter(|_| listed).map(|f| f.detail.as_str()).collect(),
            request_id,
        }
    }
}

/// What is wrong with an address and with no form.
const OF_ADDRESSES: &[&str] = &[
    "unknown_parameter",
    "invalid_query",
    "duplicate_parameter",
    "invalid_parameter",
    "invalid_cursor",
    "invalid_limit",
    "unknown_sort",
];

fn hint(error: &Error) -> &'static str {
    match error.kind {
        // An address says what is shown: nobody has sent anything.
        Kind::Invalid if OF_ADDRESSES.contains(&error.code) => {
            "The address asks for something that is not there, or not any more. Open the page anew and choose again."
        }
        Kind::Invalid => "Go back, change it and send it again. Nothing was saved.",
        Kind::Unauthenticated => "Your session may have ended.",
        // Where it says already who can help, once is enough.
        Kind::Forbidden if error.message.contains("owner") => "",
        Kind::Forbidden => "An owner of the shop can give you another role under Staff.",
        Kind::NotFound => {
            "It may have been deleted, or the address has a slip in it. Search finds it by any part of it."
        }
        Kind::Conflict => {
            "Somebody changed it in the meantime. Look again and repeat what still makes sense."
        }
        Kind::TooMany => "Wait a moment and try again.",
        Kind::Unavailable => {
            "Try again in a few seconds. If you were saving, look first whether it was saved."
        }
        Kind::Internal => {
            "It has been written to the log. Tell whoever looks after the server the number below."
        }
    }
}

/// The same as one line among the messages.
#[derive(Debug, Serialize)]
struct ErrorToast {
    tone: &'static str,
    text: String,
    undo: Option<()>,
    saved: Option<()>,
}

impl ErrorToast {
    fn of(error: &Error, id: &str) -> Self {
        let text = match error.kind {
            Kind::Internal | Kind::Unavailable => format!("{} Request {id}.", error.message),
            _ => error.message.clone().into_owned(),
        };
        Self { tone: "error", text, undo: None, saved: None }
    }
}
