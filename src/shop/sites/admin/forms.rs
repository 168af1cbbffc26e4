//! What is sent from the pages of sites.

use super::{Manager, PATH, Parts, Show};
use crate::base::error::{Error, Kind, Result};
use crate::shop::sites::desk::Wish;
use crate::shop::sites::model::SiteId;
use crate::shop::sites::{ops, rounds};
use crate::web::error::status;
use crate::web::parts::FormErrors;
use crate::web::{Form, Page, PathId, Toast, see_other};
use crate::work::schedules::Schedules;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// What was typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    address: String,
    note: String,
    email: String,
    /// `true` when it is ticked.
    consent: String,
    consent_source: String,
}

impl Typed {
    fn wish(&self) -> Wish {
        Wish {
            address: self.address.clone(),
            note: self.note.clone(),
            email: self.email.clone(),
            consent: self.consent == "true",
            source: self.consent_source.clone(),
        }
    }
}

/// A new site.
#[derive(Debug, Serialize)]
pub(super) struct FormPage {
    typed: Typed,
    errors: Option<FormErrors>,
}

impl Page for FormPage {
    const TEMPLATE: &'static str = "sites/form.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let typed = Typed {
            address: evil.clone(),
            note: evil.clone(),
            email: evil.clone(),
            consent: "true".to_owned(),
            consent_source: evil,
        };
        let error = Error::invalid("invalid_address", "Write the address of a site.").on("/address");
        Self { typed, errors: Some(FormErrors::of(&error)) }
    }
}

/// `GET /admin/sites/new`
pub(super) async fn new(_me: Manager, (pages, shell): Show) -> Result<HttpResponse> {
    pages.show(&shell, &FormPage { typed: Typed::default(), errors: None })
}

/// Whether an error belongs beside the form that caused it.
fn is_for_the_form(error: &Error) -> bool {
    matches!(error.kind, Kind::Invalid | Kind::Conflict)
}

/// `POST /admin/sites`
pub(super) async fn create(
    me: Manager,
    (_store, sites, _work): Parts,
    (pages, shell): Show,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let made = match sites.checked(&typed.wish()) {
        Ok(new) => sites.add(me.actor(), new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(id) => see_other(
            &format!("{PATH}/{id}"),
            Some(Toast::ok("The site is watched. Its certificate is being looked at.")),
        ),
        Err(error) if is_for_the_form(&error) => {
            let page = FormPage { typed, errors: Some(FormErrors::of(&error)) };
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /admin/sites/{id}/check`
pub(super) async fn check(
    me: Manager,
    (store, _sites, work): Parts,
    PathId(id): PathId<SiteId>,
) -> Result<HttpResponse> {
    store.write(me.actor(), move |tx| ops::ask(tx, id)).await?;
    work.wake();
    see_other(&format!("{PATH}/{id}"), Some(Toast::ok("The certificate is being looked at.")))
}

/// `POST /admin/sites/check`
pub(super) async fn check_all(
    me: Manager,
    (store, _sites, work): Parts,
    schedules: web::Data<Schedules>,
) -> Result<HttpResponse> {
    let own = schedules.get_ref().clone();
    store.write(me.actor(), move |tx| own.run_now(tx, rounds::NAME)).await?;
    work.wake();
    see_other(PATH, Some(Toast::ok("All certificates are being looked at.")))
}

/// `POST /admin/sites/{id}/remove`
pub(super) async fn remove(
    me: Manager,
    (store, _sites, _work): Parts,
    PathId(id): PathId<SiteId>,
) -> Result<HttpResponse> {
    match store.write(me.actor(), move |tx| ops::remove(tx, id)).await {
        Ok(()) => see_other(PATH, Some(Toast::ok("The site is not watched any more."))),
        Err(error) if is_for_the_form(&error) => {
            see_other(&format!("{PATH}/{id}"), Some(Toast::error(error.message.into_owned())))
        }
        Err(error) => Err(error),
    }
}
