//! A form that met an ended session: shown again with all its values, sent with one click.

use super::Result;
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::may;
use crate::access::parked::{self, ParkedId};
use crate::base::error::Kind;
use crate::web::flash::see_other;
use crate::web::{Page, Pages, PathId, Shell, Toast};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/admin/parked/{id}/{secret}").route(web::get().to(show)).route(web::post().to(send)),
    );
}

#[derive(Serialize)]
struct ParkedPage {
    action: String,
    path: String,
    page: String,
    fields: Vec<Field>,
    /// Rows of a list that were ticked.
    ticked: usize,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
    /// Such as `Tracking number`.
    label: String,
    /// Not for people: versions and keys, what was empty, and what was not changed.
    is_plumbing: bool,
}

impl Page for ParkedPage {
    const TEMPLATE: &'static str = "access/parked.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>";
        let sent = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            action: "/admin/parked/prk_1/x".to_owned(),
            path: "/admin/orders/ord_1/note".to_owned(),
            page: "/admin/orders/ord_1".to_owned(),
            fields: shown(vec![
                sent("note", evil),
                sent(evil, "x"),
                sent("version", "7"),
                sent("was_city", "Bern"),
                sent("city", "Bern"),
                sent("was_phone", "030 1"),
                sent("phone", ""),
            ]),
            ticked: 2,
        }
    }
}

/// `tracking_number` → `Tracking number`.
fn label(name: &str) -> String {
    let words = name.replace(['_', '.', '-'], " ");
    let mut letters = words.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn is_plumbing(name: &str) -> bool {
    matches!(name, "version" | "once" | "key" | "from" | "back" | "idempotency_key" | "was" | "id")
        || name.starts_with("was_")
}

/// The fields of a form, those to be looked at told from the others.
fn shown(sent: Vec<(String, String)>) -> Vec<Field> {
    let was = |name: &str| {
        let wanted = format!("was_{name}");
        sent.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.as_str())
    };
    let is_old = |name: &str, value: &str| was(name).unwrap_or_default() == value;
    let fields = sent.iter().map(|(name, value)| Field {
        label: label(name),
        is_plumbing: is_plumbing(name) || is_old(name, value),
        name: name.clone(),
        value: value.clone(),
    });
    fields.collect()
}

/// What opens the form; the store has only what it closes.
fn secret_of(request: &HttpRequest) -> String {
    request.match_info().get("secret").unwrap_or_default().to_owned()
}

async fn show(
    staff: Staff<may::AnyStaff>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    (PathId(id), request): (PathId<ParkedId>, HttpRequest),
) -> Result<HttpResponse> {
    let secret = secret_of(&request);
    let form = access.store().read(|s| parked::get(s, id, &secret, staff.person().id, staff.now()))?;
    let ticked = form.fields.iter().filter(|(name, _)| name == "id").count();
    let action = format!("/admin/parked/{id}/{secret}");
    let page = ParkedPage { action, path: form.path, page: form.page, fields: shown(form.fields), ticked };
    pages.show(&shell, &page)
}

/// Uses the kept form up and hands the same body on to where it was going: 307 keeps method and body.
async fn send(
    staff: Staff<may::AnyStaff>,
    access: web::Data<Access>,
    (PathId(id), request): (PathId<ParkedId>, HttpRequest),
) -> Result<HttpResponse> {
    let (person, secret) = (staff.person().id, secret_of(&request));
    match access.store().write(staff.actor(), move |tx| parked::take(tx, id, &secret, person)).await {
        Ok(form) => {
            Ok(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, form.path)).finish())
        }
        Err(error) if error.kind == Kind::NotFound => {
            see_other("/admin", Some(Toast::info("This form was sent already, or kept for too long.")))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders_and_shows_what_was_typed() {
        let html = renders::<ParkedPage>();
        assert!(html.contains("name=\"version\" value=\"7\""), "{html}");
        assert!(html.contains("Send now") && html.contains("<dt>Ticked</dt><dd>2</dd>"));
        assert!(!html.contains("<dt>City</dt>"), "it was Bern before: {html}");
        assert!(html.contains("<dt>Phone</dt><dd><span class=\"mute\">empty</span>"), "{html}");
        assert_eq!(label("tracking_number"), "Tracking number");
        assert!(is_plumbing("was_email") && !is_plumbing("wash"), "what was there before is no news");
    }
}
