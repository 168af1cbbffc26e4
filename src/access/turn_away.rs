//! Where somebody goes who is not signed in: to the sign-in page, with the way back, and with the form that was sent
//! safe on the server, all but its files.

use crate::access::gate::{Access, Live, Visitor};
use crate::access::parked::{self, Parked};
use crate::access::token;
use crate::base::error::{Error, Result};
use crate::store::Actor;
use crate::web::flash::local_path;
use crate::web::shell::is_fragment;
use crate::web::{Fields, Upload, query};
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{Method, header};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};

/// The sign-in page.
pub(super) const SIGN_IN: &str = "/admin/sign-in";
/// Where a parked form is shown again; its id and the secret that opens it follow.
pub(super) const PARKED: &str = "/admin/parked/";

/// Ends the address of a form whose files have to be chosen again.
pub(super) const WITH_FILES: &str = "?files=1";

/// The answer for a page that needs a person: 303 to the sign-in page; htmx is told to go there as a whole.
pub(super) async fn to_sign_in(
    request: &HttpRequest,
    payload: Payload,
    visitor: &Visitor,
) -> actix_web::Error {
    let next = match keep_form(request, payload, visitor).await {
        Ok(Some(parked)) => parked,
        Ok(None) if request.method() == Method::GET && !is_fragment(request) => path_of(request),
        // A part of a page, or a form that cannot be kept: back to the page it was on.
        Ok(None) => page_of(request),
        Err(error) => return error.into(),
    };
    let to = format!("{SIGN_IN}?{}", query::encode(&[("next", next)]));
    let answer = if is_fragment(request) {
        HttpResponse::Unauthorized().insert_header(("HX-Redirect", to)).finish()
    } else {
        HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
    };
    InternalError::from_response("nobody is signed in", answer).into()
}

/// The answer for somebody who has to choose a password of their own first: a page leads to its form.
pub(super) fn to_own_password(request: &HttpRequest, error: Error) -> actix_web::Error {
    if request.method() != Method::GET || is_fragment(request) {
        return error.into();
    }
    let to = (header::LOCATION, own_password_first(&path_of(request)));
    InternalError::from_response("no own password yet", HttpResponse::SeeOther().insert_header(to).finish())
        .into()
}

/// The page where somebody chooses a password of their own, and goes on from there to what was asked for.
pub(super) fn own_password_first(next: &str) -> String {
    const PAGE: &str = "/admin/account";
    if next == "/admin" { PAGE.to_owned() } else { format!("{PAGE}?{}", query::encode(&[("next", next)])) }
}

/// Keeps the form of somebody whose session has ended; gives the path where it is shown again.
async fn keep_form(request: &HttpRequest, mut payload: Payload, visitor: &Visitor) -> Result<Option<String>> {
    let Visitor::Ended(Live { person, .. }) = visitor else { return Ok(None) };
    if request.method() != Method::POST || !person.active {
        return Ok(None);
    }
    // Another content type, or more than a form may have: nothing that could be shown again.
    let sent = if Upload::is_one(request) {
        let payload = web::Payload::from_request(request, &mut payload).await;
        Upload::named(request, payload.map_err(|e| Error::internal(e.to_string()))?).await
    } else {
        Fields::from_request(request, &mut payload).await.map(|fields| (fields, Vec::new()))
    };
    let Ok((Fields(fields), files)) = sent else { return Ok(None) };
    if !parked::may_park(&fields) {
        return Ok(None);
    }
    let secret = token::new_token();
    let mark = if files.is_empty() { "" } else { WITH_FILES };
    let form = Parked { path: path_of(request), page: page_of(request), fields, files };
    let (staff, sealed) = (person.id, parked::seal(&form, &secret)?);
    let store = Access::of(request)?.store();
    match store.write(Actor::system("access"), move |tx| parked::park(tx, staff, &sealed)).await {
        Ok(id) => Ok(Some(format!("{PARKED}{id}/{secret}{mark}"))),
        // Signing in matters more than the form.
        Err(Error { .. }) => Ok(None),
    }
}

/// Path and query of the request.
fn path_of(request: &HttpRequest) -> String {
    local_path(request.uri().path_and_query().map_or("/", |p| p.as_str()))
}

/// The page of ours that the request came from; else the start.
fn page_of(request: &HttpRequest) -> String {
    let header = request.headers().get("hx-current-url").or_else(|| request.headers().get(header::REFERER));
    let url = header.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}"));
    match path.map(|path| local_path(&path)) {
        Some(path) if path.starts_with("/admin") => path,
        _ => "/admin".to_owned(),
    }
}
