//! The pages of this floor: sign-in, first set-up, my account, staff, API keys, settings. Complete without script.

mod account;
mod history;
mod keys;
mod parked;
mod setup;
mod shop;
mod sign_in;
mod staff;

use crate::access::cookies;
use crate::access::gate::Access;
use crate::access::sign_in::Opened;
use crate::base::error::{Error, Kind};
use crate::web::error::status;
use crate::web::flash::see_other;
use crate::web::routing;
use crate::web::{Page, Pages, Shell, Toast};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};

type Result<T> = crate::base::error::Result<T>;

/// The routes of this floor. The app needs `Data<Access>`, `Data<profile::Shop>` and what `Web::app` brings.
pub fn routes(config: &mut routing::Routes) {
    sign_in::routes(config);
    setup::routes(config);
    parked::routes(config);
    account::routes(config);
    staff::routes(config);
    shop::routes(config);
    keys::routes(config);
}

/// Whether a refusal is one that the form itself shows again.
fn is_for_the_form(error: &Error) -> bool {
    matches!(error.kind, Kind::Invalid | Kind::Conflict | Kind::Unauthenticated | Kind::TooMany)
        || error.code == "sign_in_busy"
}

/// The form again, with what was wrong and with the status of it. Answers with secrets in them are never kept.
fn again<P: Page>(pages: &Pages, shell: &Shell, page: &P, error: &Error) -> Result<HttpResponse> {
    let mut answer = pages.show_as(status(error), shell, page)?;
    if let Some(seconds) = error.retry_after_s {
        answer.headers_mut().insert(actix_web::http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    never_kept(&mut answer);
    Ok(answer)
}

/// Marks an answer that no cache may keep.
fn never_kept(answer: &mut HttpResponse) {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// 303 with the cookies of a new session.
fn entered(access: &Access, opened: Opened, to: &str, toast: Option<Toast>) -> Result<HttpResponse> {
    let mut answer = see_other(to, toast)?;
    let https = access.https();
    let mut all = vec![
        cookies::set_session(opened.session, https, access.settings()),
        cookies::set_device(opened.device, https),
    ];
    all.extend(cookies::display(&opened.person.preferences));
    for cookie in &all {
        answer.add_cookie(cookie).map_err(Error::internal)?;
    }
    Ok(answer)
}
