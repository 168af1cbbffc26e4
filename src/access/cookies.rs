//! The two cookies of this floor: the session, and the browser that somebody has signed in from before.

use crate::access::session::{DEVICE_MS, remembered_ms};
use crate::access::settings::Settings;
use crate::access::staff::Preferences;
use crate::base::time::SECOND_MS;
use crate::web::flash::session_cookie;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

/// Longest token that is looked at.
const LEN_MAX: usize = 64;

/// Bound to this very host as the session's is.
fn device_name(https: bool) -> &'static str {
    if https { "__Host-device" } else { "device" }
}

/// The session's token in a request.
pub(crate) fn session(request: &HttpRequest, https: bool) -> Option<String> {
    read(request, session_cookie(https))
}

/// The browser's token in a request.
pub(crate) fn device(request: &HttpRequest, https: bool) -> Option<String> {
    read(request, device_name(https))
}

fn read(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.cookie(name)?.value().to_owned();
    (!value.is_empty() && value.len() <= LEN_MAX).then_some(value)
}

/// The cookie of a new session. It stays for as long as the session is remembered after its end: by it a form that
/// was being written is known to be that of its writer.
pub(super) fn set_session(token: String, https: bool, settings: &Settings) -> Cookie<'static> {
    made(session_cookie(https), token, https, Duration::seconds(remembered_ms(settings) / SECOND_MS))
}

/// The cookie that says "I have signed in here before".
pub(super) fn set_device(token: String, https: bool) -> Cookie<'static> {
    made(device_name(https), token, https, Duration::seconds(DEVICE_MS / SECOND_MS))
}

fn made(name: &'static str, value: String, https: bool, age: Duration) -> Cookie<'static> {
    // Lax and not Strict: a link in a mail opens the page it names. Changes are guarded by their origin.
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(age)
        .finish()
}

/// How somebody wants the pages, for the first paint in this browser.
pub(super) fn display(preferences: &Preferences) -> [Cookie<'static>; 3] {
    let cookie = |name: &'static str, word: &'static str| {
        Cookie::build(name, word)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::days(365))
            .finish()
    };
    [
        cookie("theme", preferences.theme.word()),
        cookie("rows", if preferences.compact { "compact" } else { "comfortable" }),
        cookie("keys", if preferences.no_keys { "off" } else { "on" }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_https_the_session_is_bound_to_the_host_and_without_it_still_works() {
        let settings = Settings { session_idle_minutes: 60, session_days: 1 };
        // A day that it lives, an hour that it may idle, and a day that it is remembered: it outlives its session.
        let age = 49 * 3_600;
        let bound = set_session("t".to_owned(), true, &settings).to_string();
        assert_eq!(bound, format!("__Host-sid=t; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age={age}"));
        let plain = set_session("t".to_owned(), false, &settings).to_string();
        assert_eq!(plain, format!("sid=t; HttpOnly; SameSite=Lax; Path=/; Max-Age={age}"));
    }

    #[test]
    fn a_cookie_of_the_other_kind_is_not_read() {
        let request =
            actix_web::test::TestRequest::get().cookie(Cookie::new("sid", "planted")).to_http_request();
        assert_eq!(session(&request, true), None);
        assert_eq!(session(&request, false).as_deref(), Some("planted"));
        let long = "x".repeat(65);
        let request = actix_web::test::TestRequest::get().cookie(Cookie::new("sid", long)).to_http_request();
        assert_eq!(session(&request, false), None);
    }
}
