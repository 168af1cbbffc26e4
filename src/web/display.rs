//! How somebody likes to see the admin: colours, row height, single-letter keys. Kept in cookies, so that the
//! first paint is right.

use crate::base::error::{Error, Result};
use crate::web::Form;
use crate::web::flash::local_path;
use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header;
use serde::Deserialize;

/// What may be changed; what is absent stays.
#[derive(Debug, Deserialize)]
pub struct Display {
    theme: Option<String>,
    rows: Option<String>,
    keys: Option<String>,
    /// The page to go back to.
    back: Option<String>,
}

const YEAR: Duration = Duration::days(365);

/// `POST /admin/display`: remembers it and goes back.
///
/// # Errors
/// `unknown_value` for a word that means nothing.
pub async fn change(Form(display): Form<Display>) -> Result<HttpResponse> {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, local_path(display.back.as_deref().unwrap_or("/admin"))));
    let choices: [(&'static str, Option<String>, &[&str]); 3] = [
        ("theme", display.theme, &["light", "dark", "system"]),
        ("rows", display.rows, &["comfortable", "compact"]),
        ("keys", display.keys, &["on", "off"]),
    ];
    for (name, chosen, known) in choices {
        let Some(word) = chosen else { continue };
        if !known.contains(&word.as_str()) {
            let message = format!("“{name}” is one of: {}.", known.join(", "));
            return Err(Error::invalid("unknown_value", message).on(format!("/{name}")));
        }
        let cookie =
            Cookie::build(name, word).path("/").same_site(SameSite::Lax).http_only(true).max_age(YEAR);
        answer.cookie(cookie.finish());
    }
    Ok(answer.finish())
}
