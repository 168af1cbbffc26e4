//! The first set-up: whoever has the one-time link becomes the owner.

use super::{Result, again, entered, is_for_the_form};
use crate::access::extract::Public;
use crate::access::gate::{Access, take};
use crate::access::password::Password;
use crate::access::role::Role;
use crate::access::sign_in::sign_in_new;
use crate::access::staff::NewStaff;
use crate::access::{profile, setup};
use crate::base::error::{Checks, Error, Kind};
use crate::web::parts::{Choice, FormErrors};
use crate::web::routing;
use crate::web::{Budget, Caller as Counted, Client, Form, Page, Pages, Shell, Toast};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

pub(super) fn routes(config: &mut routing::Routes) {
    config.service(
        routing::resource("/setup/{token}")
            .route(routing::get().to(show))
            .route(routing::post().to(complete)),
    );
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    name: String,
    email: String,
    password: String,
    shop: String,
    zone: String,
    currency: String,
    country: String,
}

impl Typed {
    /// What was left empty, as a shop has it that says nothing of itself.
    fn completed(self) -> Self {
        let usual = profile::Profile::default();
        let or = |typed: String, usual: String| if typed.trim().is_empty() { usual } else { typed };
        Self {
            shop: or(self.shop, usual.name),
            zone: or(self.zone, usual.zone),
            currency: or(self.currency, usual.currency.to_string()),
            ..self
        }
    }
}

#[derive(Serialize)]
struct SetupPage {
    name: String,
    email: String,
    shop: String,
    zone: String,
    currency: String,
    country: String,
    zones: Vec<String>,
    countries: Vec<Choice>,
    errors: Option<FormErrors>,
}

impl Page for SetupPage {
    const TEMPLATE: &'static str = "access/setup.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let typed = Typed { name: evil.clone(), shop: evil, ..Typed::default() };
        Self::of(typed, Some(&Error::invalid("x", "Enter a name.").on("/name")))
    }
}

impl SetupPage {
    fn of(typed: Typed, error: Option<&Error>) -> Self {
        Self {
            name: typed.name,
            email: typed.email,
            shop: typed.shop,
            zone: typed.zone,
            currency: typed.currency,
            country: typed.country,
            zones: super::account::zones(),
            countries: super::shop::countries(),
            errors: error.map(FormErrors::of),
        }
    }
}

/// The page names its secret in the address: no other site may learn it from a link.
fn private(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    super::never_kept(&mut answer);
    answer
}

async fn show(
    _all: Public,
    request: HttpRequest,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    token: routing::Path<String>,
) -> Result<HttpResponse> {
    take(&request, Budget::SignIn, Counted::At(Client::of(&request)))?;
    if let Some(over) = over(&access, &pages, &shell, &token)? {
        return Ok(over);
    }
    pages.show(&shell, &SetupPage::of(Typed::default().completed(), None)).map(private)
}

async fn complete(
    _all: Public,
    request: HttpRequest,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    token: routing::Path<String>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    take(&request, Budget::SignIn, Counted::At(Client::of(&request)))?;
    // Nothing is hashed and nothing is said about the form without the link.
    if let Some(over) = over(&access, &pages, &shell, &token)? {
        return Ok(over);
    }
    let typed = typed.completed();
    let shop = typed.shop.trim().to_owned();
    match make(&access, &request, token.into_inner(), typed.clone()).await {
        Ok(opened) => entered(
            &access,
            opened,
            "/admin",
            Some(Toast::ok(format!("{shop} is ready. You are its owner."))),
        ),
        Err(error) if is_for_the_form(&error) => {
            again(&pages, &shell, &SetupPage::of(typed, Some(&error)), &error).map(private)
        }
        // Somebody else was faster.
        Err(error) if error.kind == Kind::NotFound => show_over(&pages, &shell),
        Err(error) => Err(error),
    }
}

/// What stands where a link leads nowhere: the same for one that ran out, was used, or never was.
#[derive(Serialize)]
struct OverPage {}

impl Page for OverPage {
    const TEMPLATE: &'static str = "access/setup_over.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self {}
    }
}

/// The page that says why, where the link does not open the set-up.
fn over(access: &Access, pages: &Pages, shell: &Shell, token: &str) -> Result<Option<HttpResponse>> {
    match access.store().read(|s| setup::check(s, token, access.now())) {
        Ok(()) => Ok(None),
        Err(error) if error.kind == Kind::NotFound => show_over(pages, shell).map(Some),
        Err(error) => Err(error),
    }
}

fn show_over(pages: &Pages, shell: &Shell) -> Result<HttpResponse> {
    pages.show_as(StatusCode::NOT_FOUND, shell, &OverPage {}).map(private)
}

async fn make(
    access: &Access,
    request: &HttpRequest,
    token: String,
    typed: Typed,
) -> Result<crate::access::sign_in::Opened> {
    let words = vec![typed.shop.clone(), typed.name.clone(), typed.email.clone()];
    let hashed = match Password::new(&typed.password) {
        Ok(password) => access.hasher().hash(password, words).await,
        Err(error) => Err(error),
    };
    // A refused password must not hide what else is wrong.
    let mut checks = Checks::default();
    let hash = match hashed {
        Err(error) if !error.fields.is_empty() => checks.keep("/password", Err(error)),
        other => Some(other?),
    };
    let password_refused = (!checks.is_clean()).then(|| checks.finish().err()).flatten();
    let owner = NewStaff { name: typed.name, email: typed.email, role: Role::Owner };
    let (shop, zone, currency, country) = (typed.shop, typed.zone, typed.currency, typed.country);
    let refused = password_refused.map(|e| e.fields).unwrap_or_default();
    sign_in_new(access, request, move |tx| {
        let person =
            tx.attempt(|tx| setup::complete(tx, &token, &owner, hash.as_deref().unwrap_or_default()));
        let wanted =
            profile::Wanted { name: &shop, zone: &zone, currency: &currency, country: &country, seen: None };
        let profile = tx.attempt(|tx| profile::set(tx, &wanted));
        match (person, profile) {
            (Ok(person), Ok(_)) if refused.is_empty() => Ok(person),
            (person, profile) => Err(everything(person.err(), profile.err(), &refused)),
        }
    })
    .await
}

/// All that is wrong in one refusal; a fault or a used-up link goes before it.
fn everything(
    person: Option<Error>,
    profile: Option<Error>,
    refused: &[crate::base::error::FieldError],
) -> Error {
    let mut fields = Vec::new();
    for error in [person, profile].into_iter().flatten() {
        if error.fields.is_empty() {
            return error;
        }
        fields.extend(error.fields);
    }
    fields.extend(refused.iter().cloned());
    Error::fields(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders() {
        let html = renders::<SetupPage>();
        assert!(renders::<OverPage>().contains("backroom setup-link"));
        assert!(html.contains("autocomplete=\"new-password\"") && html.contains("Europe&#x2f;Berlin"));
    }
}
