//! The short message after a change, carried over the redirect in one cookie: it works without script.

use crate::base::error::Result;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

const COOKIE: &str = "flash";
/// Longest message in characters; what is longer is cut.
const TEXT_MAX: usize = 300;
/// A cookie is refused by browsers from 4 KB on, its name and attributes included.
const COOKIE_MAX: usize = 3_800;

/// What kind of message it is. Errors stay until they are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    #[default]
    Ok,
    Info,
    Error,
}

/// One message for the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    /// A button that takes the change back.
    #[serde(default)]
    pub undo: Option<Undo>,
    /// Key of the form draft that is now saved: the browser may forget it.
    #[serde(default)]
    pub saved: Option<String>,
}

/// A form with one button that posts `fields` to a path of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// What the button says, such as `Undo` or `Cancel sending`.
    pub label: String,
    /// Path on this server.
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Toast {
    pub fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    pub fn info(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Info, ..Self::default() }
    }
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Error, ..Self::default() }
    }
    /// Adds the button that takes it back.
    #[must_use]
    pub fn undo(mut self, label: &str, action: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.undo = Some(Undo { label: label.to_owned(), action: action.into(), fields });
        self
    }
    /// Names the form draft that this change has saved.
    #[must_use]
    pub fn saved(mut self, draft: impl Into<String>) -> Self {
        self.saved = Some(draft.into());
        self
    }

    /// The message a request brings, if it is one of ours.
    pub fn read(request: &HttpRequest) -> Option<Self> {
        let cookie = request.cookie(COOKIE)?;
        if cookie.value().len() > COOKIE_MAX {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let toast: Self = serde_json::from_slice(&json).ok()?;
        let fits = toast.text.chars().count() <= TEXT_MAX;
        let local = toast.undo.as_ref().is_none_or(|undo| local_path(&undo.action) == undo.action);
        (fits && local).then_some(toast)
    }

    fn cookie(&self) -> Option<Cookie<'static>> {
        let mut short = self.clone();
        short.text = short.text.chars().take(TEXT_MAX).collect();
        let written = |toast: &Self| serde_json::to_vec(toast).ok().map(|json| URL_SAFE_NO_PAD.encode(json));
        let mut value = written(&short)?;
        if value.len() > COOKIE_MAX {
            // What was done is said even where the way back is too long to be carried.
            short.undo = None;
            value = written(&short)?;
        }
        (value.len() <= COOKIE_MAX).then(|| cookie(value, Duration::seconds(60)))
    }
}

/// 303 to a page of ours, with a message for it.
///
/// # Errors
/// None at present; the signature fits handlers.
pub fn see_other(path: &str, toast: Option<Toast>) -> Result<HttpResponse> {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, local_path(path)));
    if let Some(cookie) = toast.as_ref().and_then(Toast::cookie) {
        answer.cookie(cookie);
    }
    Ok(answer.finish())
}

/// The cookie that takes the message away once it was shown.
pub fn taken() -> Cookie<'static> {
    cookie(String::new(), Duration::ZERO)
}

fn cookie(value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value).path("/").http_only(true).same_site(SameSite::Lax).max_age(age).finish()
}

/// The path when it stays on this server, else `/`: nobody is sent away by `next=//evil`.
pub fn local_path(path: &str) -> String {
    let mut start = path.chars();
    let rooted = start.next() == Some('/') && !matches!(start.next(), Some('/' | '\\'));
    let decoded = String::from_utf8_lossy(&unescape(path)).into_owned();
    let mut inner = decoded.chars();
    let still_rooted = inner.next() == Some('/') && !matches!(inner.next(), Some('/' | '\\'));
    let plain =
        !decoded.chars().any(|c| c.is_control() || c == '\\') && path.is_ascii() && !path.contains(' ');
    if rooted && still_rooted && plain { path.to_owned() } else { "/".to_owned() }
}

/// Undoes the percent sign and two hex digits; what is no escape stays as it is.
fn unescape(text: &str) -> Vec<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match after {
            [a, b, tail @ ..] if *byte == b'%' => match hex(a).zip(hex(b)) {
                Some((a, b)) => {
                    out.push(a * 16 + b);
                    rest = tail;
                }
                None => out.push(*byte),
            },
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn carried(toast: &Toast) -> Option<Toast> {
        let cookie = toast.cookie()?;
        Toast::read(&TestRequest::get().cookie(cookie).to_http_request())
    }

    #[test]
    fn a_message_survives_the_redirect_unchanged() {
        let toast = Toast::ok("Archived 12 orders “é” ; , 日本").undo("Undo", "/admin/x", &[("a", "1 & 2")]);
        assert_eq!(carried(&toast), Some(toast));
    }

    #[test]
    fn a_long_message_is_cut_and_a_planted_one_with_a_foreign_action_ignored() {
        assert_eq!(carried(&Toast::ok("x".repeat(900))).unwrap().text.len(), TEXT_MAX);
        assert_eq!(carried(&Toast::ok("x").undo("Undo", "https://evil.example", &[])), None);
        assert_eq!(carried(&Toast::ok("x").undo("Undo", "//evil.example", &[])), None);
        // The longest note that an undo carries, in letters of three bytes.
        let long = Toast::ok("x").undo("Undo", "/admin/x", &[("note", &"日".repeat(500))]);
        assert_eq!(carried(&long), Some(long));
        let longer = Toast::ok("x").undo("Undo", "/admin/x", &[("note", &"日".repeat(5_000))]);
        assert_eq!(carried(&longer), Some(Toast::ok("x")));
        for junk in ["", "_", "e30", "{}", "_zz", "bnVsbA", "eyJ0ZXh0IjoxfQ"] {
            let request = TestRequest::get().cookie(Cookie::new(COOKIE, junk)).to_http_request();
            assert_eq!(Toast::read(&request), None, "{junk}");
        }
    }

    #[test]
    fn nobody_is_redirected_away() {
        for evil in [
            "//evil",
            "/\\evil",
            "https:evil",
            "https://evil",
            "/%09/evil",
            "%2f%2fevil",
            "/%2fevil",
            "/%5cevil",
            "/a\r\nSet-Cookie: x",
            "",
            "evil",
            "/\u{202e}x",
            "javascript:alert(1)",
            "/ evil",
        ] {
            assert_eq!(local_path(evil), "/", "{evil}");
        }
        for fine in ["/", "/admin/orders?q=a%20b&sort=-total", "/admin/orders/ord_1#notes"] {
            assert_eq!(local_path(fine), fine);
        }
        let response = see_other("//evil", None).unwrap();
        assert_eq!(response.headers().get("location").unwrap(), "/");
    }
}
