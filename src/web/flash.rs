//! The short message after a change, carried over the redirect in one cookie: it works without script.
//!
//! The cookie is sealed with a key of this process and for one session. A message has a button that sends a form to this
//! shop, so one that somebody else put there, such as a site below the same domain, must never be shown. A restart loses
//! the messages of its second, and nothing else.

use crate::base::error::Result;
use crate::web::Web;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Where everything that a button takes back is.
const UNDO_BELOW: &str = "/admin/";
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

    /// The message a request brings, if it is one that this process gave to the same session.
    pub fn read(request: &HttpRequest) -> Option<Self> {
        let web = request.app_data::<web::Data<Web>>()?;
        let https = web.settings().is_https();
        let cookie = request.cookie(cookie_name(https))?;
        web.seal().open(cookie.value(), &session_of(request, https))
    }

    fn is_showable(&self, session: &str) -> bool {
        let fits = self.text.chars().count() <= TEXT_MAX;
        // What can be taken back was done by somebody who is signed in.
        let ours = |undo: &Undo| is_undo_path(&undo.action) && !session.is_empty();
        fits && self.undo.as_ref().is_none_or(ours)
    }
}

/// Whether a button of a message may send its form there.
fn is_undo_path(path: &str) -> bool {
    let plain = local_path(path) == path && path.starts_with(UNDO_BELOW);
    plain && !String::from_utf8_lossy(&unescape(path)).contains("..")
}

/// The key that messages are sealed with, made anew by every process.
pub struct Seal([u8; 32]);

impl Default for Seal {
    fn default() -> Self {
        Self(rand::random())
    }
}

impl Seal {
    /// Every length of key is right for this code, so there always is one.
    fn code(&self, json: &[u8], session: &str) -> Option<Hmac<Sha256>> {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        // The code of a message has one length, so nothing can be moved from it into the session or back.
        code.update(json);
        code.update(&[0]);
        code.update(session.as_bytes());
        Some(code)
    }

    fn close(&self, toast: &Toast, session: &str) -> Option<String> {
        let json = serde_json::to_vec(toast).ok()?;
        let code = self.code(&json, session)?.finalize().into_bytes();
        Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(code), URL_SAFE_NO_PAD.encode(json)))
    }

    fn open(&self, value: &str, session: &str) -> Option<Toast> {
        if value.len() > COOKIE_MAX {
            return None;
        }
        let (code, json) = value.split_once('.')?;
        let (code, json) = (URL_SAFE_NO_PAD.decode(code).ok()?, URL_SAFE_NO_PAD.decode(json).ok()?);
        self.code(&json, session)?.verify_slice(&code).ok()?;
        let toast: Toast = serde_json::from_slice(&json).ok()?;
        toast.is_showable(session).then_some(toast)
    }

    /// The value of the cookie; none where the message is too long even without its button.
    fn carried(&self, toast: &Toast, session: &str) -> Option<String> {
        let mut short = toast.clone();
        short.text = short.text.chars().take(TEXT_MAX).collect();
        let mut value = self.close(&short, session)?;
        if value.len() > COOKIE_MAX {
            // What was done is said even where the way back is too long to be carried.
            short.undo = None;
            value = self.close(&short, session)?;
        }
        (value.len() <= COOKIE_MAX).then_some(value)
    }
}

/// The cookie that the session is known by; `access` gives it. With HTTPS a cookie is bound to this very host, so that no
/// neighbour below the same domain can plant one. On a plain address in the local network browsers refuse such cookies.
pub(crate) fn session_cookie(https: bool) -> &'static str {
    if https { "__Host-sid" } else { "sid" }
}

fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-flash" } else { "flash" }
}

fn session_of(request: &HttpRequest, https: bool) -> String {
    request.cookie(session_cookie(https)).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

/// The session that the next request will bring: one that this answer begins or ends, or the one there is.
fn next_session(answer: &ServiceResponse, https: bool) -> String {
    let given = answer.response().cookies().filter(|cookie| cookie.name() == session_cookie(https)).last();
    match given {
        Some(cookie) => cookie.value().to_owned(),
        None => session_of(answer.request(), https),
    }
}

/// What an answer says of the message beside its body; it becomes a cookie when the answer leaves.
enum Carried {
    Next(Toast),
    Taken,
}

/// Notes that the message was shown and goes.
pub(super) fn taken(answer: &mut HttpResponse) {
    answer.extensions_mut().insert(Carried::Taken);
}

/// Gives the answer the cookie of its message.
pub(super) fn carry(web: &Web, answer: &mut ServiceResponse) {
    let Some(carried) = answer.response_mut().extensions_mut().remove::<Carried>() else { return };
    let https = web.settings().is_https();
    let (value, age) = match carried {
        Carried::Taken => (Some(String::new()), Duration::ZERO),
        Carried::Next(toast) => {
            (web.seal().carried(&toast, &next_session(answer, https)), Duration::seconds(60))
        }
    };
    let Some(value) = value else { return };
    let cookie = Cookie::build(cookie_name(https), value).path("/").http_only(true).secure(https);
    // Only a value with signs that no cookie may have is refused, and ours has none.
    let _added = answer.response_mut().add_cookie(&cookie.same_site(SameSite::Lax).max_age(age).finish());
}

/// 303 to a page of ours, with a message for it.
///
/// # Errors
/// None at present; the signature fits handlers.
pub fn see_other(path: &str, toast: Option<Toast>) -> Result<HttpResponse> {
    let mut answer = HttpResponse::SeeOther().insert_header((header::LOCATION, local_path(path))).finish();
    if let Some(toast) = toast {
        answer.extensions_mut().insert(Carried::Next(toast));
    }
    Ok(answer)
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

    const SESSION: &str = "a-session";

    fn carried(toast: &Toast) -> Option<Toast> {
        let seal = Seal::default();
        seal.open(&seal.carried(toast, SESSION)?, SESSION)
    }

    #[test]
    fn a_message_survives_the_redirect_unchanged() {
        let toast = Toast::ok("Archived 12 orders “é” ; , 日本").undo("Undo", "/admin/x", &[("a", "1 & 2")]);
        assert_eq!(carried(&toast), Some(toast));
    }

    #[test]
    fn a_long_message_is_cut_and_a_button_leads_nowhere_else() {
        assert_eq!(carried(&Toast::ok("x".repeat(900))).unwrap().text.len(), TEXT_MAX);
        for elsewhere in [
            "https://evil.example",
            "//evil.example",
            "/store/v1/messages",
            "/admin/../api/x",
            "/admin/%2e./x",
        ] {
            assert_eq!(carried(&Toast::ok("x").undo("Undo", elsewhere, &[])), None, "{elsewhere}");
        }
        // The longest note that an undo carries, in letters of three bytes.
        let long = Toast::ok("x").undo("Undo", "/admin/x", &[("note", &"日".repeat(500))]);
        assert_eq!(carried(&long), Some(long));
        let longer = Toast::ok("x").undo("Undo", "/admin/x", &[("note", &"日".repeat(5_000))]);
        assert_eq!(carried(&longer), Some(Toast::ok("x")));
    }

    #[test]
    fn a_message_that_somebody_else_put_there_is_not_shown() {
        let seal = Seal::default();
        let toast = Toast::error("Your session is about to end.").undo("Stay", "/admin/staff", &[("a", "b")]);
        let json = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&toast).unwrap());
        // Without a seal, with one of another process, and with one of somebody else's session.
        assert_eq!(seal.open(&json, SESSION), None);
        assert_eq!(seal.open(&format!(".{json}"), SESSION), None);
        assert_eq!(seal.open(&Seal::default().carried(&toast, SESSION).unwrap(), SESSION), None);
        assert_eq!(seal.open(&seal.carried(&toast, "of-somebody-else").unwrap(), SESSION), None);
        assert_eq!(seal.open(&seal.carried(&toast, "").unwrap(), ""), None, "nobody is signed in");
        // A seal of one message under another.
        let own = seal.carried(&Toast::ok("Saved."), SESSION).unwrap();
        let code = own.split_once('.').unwrap().0;
        assert_eq!(seal.open(&format!("{code}.{json}"), SESSION), None);
        assert_eq!(seal.open(&own, SESSION), Some(Toast::ok("Saved.")));
        for junk in ["", ".", "_", "e30", "{}", "_zz", "bnVsbA", "eyJ0ZXh0IjoxfQ", "e30.e30"] {
            assert_eq!(seal.open(junk, SESSION), None, "{junk}");
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
