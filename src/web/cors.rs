//! What pages of other origins may do (CORS, the Fetch standard): only with the addresses of the storefront, only origins
//! that a key names, each exactly, and never with cookies.

use crate::base::error::{Error, Kind};
use crate::base::unseen::shown;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

/// Where the addresses of the storefront begin.
const STOREFRONT: &str = "/store/";
/// Seconds for which a browser remembers that it may.
const MAX_AGE: &str = "7200";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, X-Request-Id";
/// Headers that a page may read.
const EXPOSED: &str =
    "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotency-Replayed, Location";

/// Whether an address belongs to the storefront, which other origins may call and which reads no cookie.
pub fn is_storefront(path: &str) -> bool {
    path.starts_with(STOREFRONT)
}

/// The origin whose pages may read the answer, noted on the request.
struct ReadBy(HeaderValue);

/// The origin a request says it comes from.
pub fn origin(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"))
}

/// Lets pages of an origin read the answer to this request, whatever it will be.
pub fn allow(request: &HttpRequest, origin: &str) {
    if let Ok(value) = HeaderValue::from_str(origin) {
        request.extensions_mut().insert(ReadBy(value));
    }
}

/// The answer to a browser that asks beforehand, from an origin that may.
pub fn preflight(request: &HttpRequest, origin: &str, methods: &'static str) -> HttpResponse {
    allow(request, origin);
    HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .insert_header((header::VARY, "Access-Control-Request-Method, Access-Control-Request-Headers"))
        .finish()
}

/// The refusal of an origin that no key, or not this one, names.
pub fn refused(origin: &str) -> Error {
    let shown = shown(origin, 120);
    let text = format!(
        "Pages of “{shown}” may not send this. Add exactly this origin to the publishable key, under System, API keys."
    );
    Error::refuse(Kind::Forbidden, "origin_not_allowed", text)
}

/// The headers of every answer of the storefront. A cache must know that the answer depends on who asks.
pub(super) fn write(headers: &mut HeaderMap, request: Option<&HttpRequest>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let read_by = request.and_then(|r| r.extensions().get::<ReadBy>().map(|by| by.0.clone()));
    if let Some(origin) = read_by {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn an_answer_names_the_one_origin_that_may_read_it() {
        let request = TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        write(&mut headers, Some(&request));
        assert_eq!(headers.get("vary").unwrap(), "Origin");
        assert!(headers.get("access-control-allow-origin").is_none());
        allow(&request, "https://shop.example");
        let mut headers = HeaderMap::new();
        write(&mut headers, Some(&request));
        assert_eq!(headers.get("access-control-allow-origin").unwrap(), "https://shop.example");
        assert!(
            headers.get("access-control-expose-headers").unwrap().to_str().unwrap().contains("Retry-After")
        );
        assert!(headers.get("access-control-allow-credentials").is_none());
    }

    #[test]
    fn only_the_storefront_is_open() {
        assert!(is_storefront("/store/v1/messages"));
        for other in ["/store", "/storefront/x", "/api/v1/orders", "/admin/store/x"] {
            assert!(!is_storefront(other), "{other}");
        }
    }
}
