//! Sign-in and sign-out.

use super::{Result, again, entered, is_for_the_form};
use crate::access::events::SignedOut;
use crate::access::extract::Public;
use crate::access::gate::{Access, Visitor};
use crate::access::password::Password;
use crate::access::session::{self, Ending};
use crate::access::sign_in::sign_in;
use crate::access::staff;
use crate::access::turn_away::{PARKED, SIGN_IN, WITH_FILES, own_password_first};
use crate::store::Subject;
use crate::web::flash::{local_path, see_other};
use crate::web::parts::FormErrors;
use crate::web::routing;
use crate::web::{Form, Page, Pages, Query, Shell, Toast};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

pub(super) fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource(SIGN_IN).route(routing::get().to(show)).route(routing::post().to(enter)))
        .service(routing::resource("/admin/sign-out").route(routing::post().to(leave)));
}

/// Where somebody goes who came for nothing in particular.
const HOME: &str = "/admin";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Serialize)]
struct SignInPage {
    email: String,
    next: String,
    /// Why the person is here again.
    notice: Option<&'static str>,
    errors: Option<FormErrors>,
    /// Seconds until the next attempt makes sense.
    wait_s: Option<u32>,
    /// Nobody has an account yet.
    is_new: bool,
}

impl Page for SignInPage {
    const TEMPLATE: &'static str = "access/sign_in.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {
            email: "<script>alert(1)</script>".to_owned(),
            next: "/admin/orders?q=\"><script>alert(1)</script>".to_owned(),
            notice: Some("Your session has ended."),
            errors: Some(FormErrors::of(&crate::base::error::Error::invalid(
                "x",
                "E-mail or password is wrong.",
            ))),
            wait_s: Some(20),
            is_new: true,
        }
    }
}

/// The path to go to: one of ours, below the admin, and not this page again.
pub(super) fn wished(next: Option<&str>) -> String {
    let path = local_path(next.unwrap_or(HOME));
    let below = path.strip_prefix(HOME).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    if below && !path.starts_with(SIGN_IN) { path } else { HOME.to_owned() }
}

async fn show(
    _all: Public,
    request: HttpRequest,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    wish: Query<Wish>,
) -> Result<HttpResponse> {
    let next = wished(wish.0.next.as_deref());
    let visitor = access.visitor(&request)?;
    if matches!(visitor.as_ref(), Visitor::Live(_)) {
        return see_other(&next, None);
    }
    let notice = kept(&next).or_else(|| ended(visitor.as_ref()));
    let is_new = !access.store().read(staff::has_owner)?;
    let page = SignInPage { email: String::new(), next, notice, errors: None, wait_s: None, is_new };
    pages.show(&shell, &page)
}

/// What is said of a form that waits behind the door.
fn kept(next: &str) -> Option<&'static str> {
    if next.starts_with(PARKED) && next.ends_with(WITH_FILES) {
        return Some(
            "Your session has ended. Sign in again to go on: what you chose in the form was kept, only its file has to be \
             chosen again.",
        );
    }
    if next.starts_with(PARKED) {
        return Some("Your session has ended. Sign in again to save your change. Nothing is lost.");
    }
    None
}

/// Why somebody who was signed in is not any more.
fn ended(visitor: &Visitor) -> Option<&'static str> {
    let Visitor::Ended(ended) = visitor else { return None };
    Some(match ended.session.ended.map(|e| e.why) {
        Some(Ending::SignedOut) => "You have signed out.",
        Some(Ending::PasswordChanged) => "Your password was changed. Sign in with the new one.",
        Some(Ending::RoleChanged) => "Your role was changed. Sign in again to use it.",
        Some(Ending::Ended | Ending::Replaced | Ending::Deactivated) => "Your session was ended.",
        None => "Your session has ended, because it was not used for a while.",
    })
}

async fn enter(
    _all: Public,
    request: HttpRequest,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    mut shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let next = wished(typed.next.as_deref());
    let opened = match Password::new(&typed.password) {
        Ok(password) => sign_in(&access, &request, &typed.email, password).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(opened) if opened.person.password_is_temporary => {
            let toast = Toast::info("Choose a password of your own: somebody else made this one.");
            entered(&access, opened, &own_password_first(&next), Some(toast))
        }
        Ok(opened) => entered(&access, opened, &next, None),
        Err(error) if is_for_the_form(&error) => {
            let errors = Some(FormErrors::of(&error));
            // A wrong password loses no form, and says so again.
            let notice = kept(&next);
            let is_new = !access.store().read(staff::has_owner)?;
            let (email, wait_s) = (typed.email, error.retry_after_s);
            let page = SignInPage { email, next, notice, errors, wait_s, is_new };
            // The page is the one of a stranger, even while an older session is open.
            shell.user = None;
            shell.nav.clear();
            again(&pages, &shell, &page, &error)
        }
        Err(error) => Err(error),
    }
}

async fn leave(_all: Public, request: HttpRequest, access: web::Data<Access>) -> Result<HttpResponse> {
    if let Visitor::Live(live) = access.visitor(&request)?.as_ref() {
        let (token, subject) = (live.token, Subject::of(&live.person.id));
        let event = SignedOut { device: live.session.device.clone() };
        access
            .store()
            .write_small(live.actor(&request), move |tx| {
                if session::end(tx, &token, Ending::SignedOut)?.is_some() {
                    tx.publish(subject, &event)?;
                }
                Ok(())
            })
            .await?;
    }
    let mut answer = see_other(SIGN_IN, Some(Toast::ok("You have signed out.")))?;
    // The cookie stays: it opens nothing any more, and says whose form it is that another window sends now.
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    answer.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders() {
        let html = renders::<SignInPage>();
        assert!(html.contains("autocomplete=\"current-password\"") && html.contains("20"));
    }

    #[test]
    fn one_goes_on_below_the_admin_or_home() {
        for (next, to) in [
            ("/admin/orders?q=a", "/admin/orders?q=a"),
            ("/admin", "/admin"),
            ("/admin?x=1", "/admin?x=1"),
            ("//evil", "/admin"),
            ("/\\evil", "/admin"),
            ("https:evil", "/admin"),
            ("/%09/evil", "/admin"),
            ("/elsewhere", "/admin"),
            ("/administrator", "/admin"),
            ("/admin/sign-in?next=/admin", "/admin"),
        ] {
            assert_eq!(wished(Some(next)), to, "{next}");
        }
        assert_eq!(wished(None), "/admin");
    }
}
