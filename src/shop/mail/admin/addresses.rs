//! The addresses that nothing is sent to.

use super::{PATH, Parts, Sender, Show, Viewer, tabs};
use crate::base::email;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::shop::mail::suppress;
use crate::web::error::status;
use crate::web::parts::{FormErrors, Tab};
use crate::web::place::Place;
use crate::web::{Form, Page, Query, Toast, see_other};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

const ROWS: usize = 100;
const REASON_MAX: usize = 200;

#[derive(Debug, Serialize)]
struct Row {
    address: String,
    reason: String,
    at: Timestamp,
    by: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AddressesPage {
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    may_send: bool,
    address: String,
    reason: String,
    errors: Option<FormErrors>,
}

impl Page for AddressesPage {
    const TEMPLATE: &'static str = "mail/addresses.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let row = Row {
            address: evil.clone(),
            reason: evil.clone(),
            at: Timestamp(1_790_000_000_000),
            by: evil.clone(),
        };
        Self {
            tabs: tabs("/addresses"),
            rows: vec![row],
            older: Some("/admin/mail/addresses?after=x".to_owned()),
            newest: Some("/admin/mail/addresses".to_owned()),
            may_send: true,
            address: evil.clone(),
            reason: evil.clone(),
            errors: Some(FormErrors::of(&Error::invalid("invalid_email", evil).on("/address"))),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    after: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    address: String,
    reason: String,
}

fn page(
    (store, _post, _outreach): &Parts,
    after: Option<&str>,
    typed: Typed,
    (may_send, error): (bool, Option<&Error>),
) -> Result<AddressesPage> {
    let here = format!("{PATH}/addresses");
    let found = store.read(|s| suppress::list(s, after, ROWS))?;
    let last = found.items.last().map(|row| row.address.clone()).filter(|_| found.more);
    let row = |s: suppress::Suppressed| Row { address: s.address, reason: s.reason, at: s.at, by: s.by };
    Ok(AddressesPage {
        tabs: tabs("/addresses"),
        rows: found.items.into_iter().map(row).collect(),
        older: last.map(|address| Place::default().and("after", &address).href(&here)),
        newest: after.map(|_| here.clone()),
        may_send,
        address: typed.address,
        reason: typed.reason,
        errors: error.map(FormErrors::of),
    })
}

/// `GET /admin/mail/addresses`
pub(super) async fn list(
    me: Viewer,
    parts: Parts,
    (pages, shell): Show,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let may_send = me.may("mail:send");
    pages.show(&shell, &page(&parts, query.0.after.as_deref(), Typed::default(), (may_send, None))?)
}

/// `POST /admin/mail/addresses`
pub(super) async fn add(
    me: Sender,
    parts: Parts,
    (pages, shell): Show,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let reason = typed.reason.trim();
    let checked = match email::parse(&typed.address) {
        Err(error) => Err(error.on("/address")),
        Ok(_) if reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) => {
            let text = format!("Use one line of at most {REASON_MAX} characters.");
            Err(Error::invalid("too_long", text).on("/reason"))
        }
        Ok(address) => Ok(address),
    };
    match checked {
        Ok(address) => {
            let reason = if reason.is_empty() { "Written down by hand." } else { reason }.to_owned();
            store_add(&me, &parts, address, reason).await?;
            let says = "Nothing is sent to this address any more.";
            see_other(&format!("{PATH}/addresses"), Some(Toast::ok(says)))
        }
        Err(error) => {
            let page = page(&parts, None, typed, (true, Some(&error)))?;
            pages.show_as(status(&error), &shell, &page)
        }
    }
}

async fn store_add(me: &Sender, parts: &Parts, address: String, reason: String) -> Result<()> {
    parts.0.write(me.actor(), move |tx| suppress::add(tx, &address, &reason)).await
}

/// `POST /admin/mail/addresses/release`
pub(super) async fn release(me: Sender, parts: Parts, Form(typed): Form<Typed>) -> Result<HttpResponse> {
    let address = typed.address;
    let released = parts.0.write(me.actor(), move |tx| suppress::release(tx, &address)).await;
    let toast = match released {
        Ok(()) => Toast::ok("Mails go to this address again."),
        Err(error) if error.kind == Kind::NotFound => Toast::info("The address is written to already."),
        Err(error) => return Err(error),
    };
    see_other(&format!("{PATH}/addresses"), Some(toast))
}
