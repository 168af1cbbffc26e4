//! A form that met an ended session: shown again with all its values, sent with one click.

use super::Result;
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::may;
use crate::access::parked::{self, ParkedId, Tellers};
use crate::base::error::Kind;
use crate::web::flash::see_other;
use crate::web::routing;
use crate::web::{Page, Pages, PathId, Shell, Toast};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

pub(super) fn routes(config: &mut routing::Routes) {
    config.service(
        routing::resource("/admin/parked/{id}/{secret}")
            .route(routing::get().to(show))
            .route(routing::post().to(send)),
    );
}

#[derive(Serialize)]
struct ParkedPage {
    action: String,
    /// What was to be done, where its feature says so.
    title: Option<String>,
    /// The feature's own words for what was sent.
    told: Option<Vec<(String, String)>>,
    /// Files to be chosen again, by input.
    files: Vec<FileInput>,
    path: String,
    page: String,
    fields: Vec<Field>,
    /// Rows of a list that were ticked.
    ticked: usize,
}

/// An input whose files have to be chosen again.
#[derive(Serialize)]
struct FileInput {
    name: String,
    /// What was chosen, with commas.
    chosen: String,
    many: bool,
}

fn inputs(files: Vec<(String, String)>) -> Vec<FileInput> {
    let mut inputs: Vec<FileInput> = Vec::new();
    for (name, chosen) in files {
        match inputs.iter_mut().find(|input| input.name == name) {
            Some(input) => {
                input.chosen = format!("{}, {chosen}", input.chosen);
                input.many = true;
            }
            None => inputs.push(FileInput { name, chosen, many: false }),
        }
    }
    inputs
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
            title: None,
            told: None,
            files: Vec::new(),
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
    routing::raw_value(request, "secret").to_owned()
}

async fn show(
    staff: Staff<may::AnyStaff>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    (PathId(id), request): (PathId<ParkedId>, HttpRequest),
) -> Result<HttpResponse> {
    let secret = secret_of(&request);
    let tellers = request.app_data::<web::Data<Tellers>>().map(|t| t.0.clone()).unwrap_or_default();
    let (form, told) = access.store().read(|s| {
        let form = parked::get(s, id, &secret, staff.person().id, staff.now())?;
        for teller in tellers {
            if let Some(told) = teller(s, &form.path, &form.fields)? {
                return Ok((form, Some(told)));
            }
        }
        Ok((form, None))
    })?;
    let ticked = form.fields.iter().filter(|(name, _)| name == "id").count();
    let files = inputs(form.files);
    // With its files the form goes straight to where it was going: there is nothing to hand on without them.
    let action = if files.is_empty() { format!("/admin/parked/{id}/{secret}") } else { form.path.clone() };
    let (title, told) = told.map_or((None, None), |told| (Some(told.title), told.fields));
    let fields = shown(form.fields);
    let page = ParkedPage { action, title, told, files, path: form.path, page: form.page, fields, ticked };
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
        let files = [("file", "a.csv"), ("file", "b.csv"), ("mapping", "m.toml")];
        let files = inputs(files.iter().map(|(n, f)| ((*n).to_owned(), (*f).to_owned())).collect());
        assert_eq!((files.len(), files[0].chosen.as_str(), files[0].many), (2, "a.csv, b.csv", true));
        assert_eq!(label("tracking_number"), "Tracking number");
        assert!(is_plumbing("was_email") && !is_plumbing("wash"), "what was there before is no news");
    }
}
