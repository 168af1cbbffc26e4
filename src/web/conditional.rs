//! Versions as strong ETags (RFC 9110, 8.8 and 13.1): `"7-1a2b3c4d"` is version 7 of a record as it was told, with what else
//! its JSON says, such as whether a customer is new. Of `If-Match` the version alone counts: what is worked out of other
//! records changes without anybody having changed this one. So `"7"` will do there.

use crate::base::error::{Error, Result};
use actix_web::body::BoxBody;
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The ETag of a version as it was told.
pub fn etag_of(version: u64, body: &[u8]) -> String {
    let [a, b, c, d, ..] = Sha256::digest(body).0;
    format!("\"{version}-{:08x}\"", u32::from_be_bytes([a, b, c, d]))
}

/// The answer that tells a record; 304 where a caller who reads has it already as it is (`If-None-Match`).
///
/// # Errors
/// `Internal` when it cannot be written as JSON.
pub fn record(request: &HttpRequest, version: u64, record: &impl Serialize) -> Result<HttpResponse> {
    let json = json_of(record)?;
    let tag = HeaderValue::try_from(etag_of(version, &json)).map_err(Error::internal)?;
    Ok(told(request, json.into(), tag))
}

/// The same for an answer that nobody reads twice.
///
/// # Errors
/// `Internal` when it cannot be written as JSON.
pub fn record_as(status: StatusCode, version: u64, record: &impl Serialize) -> Result<HttpResponse> {
    let json = json_of(record)?;
    let tag = HeaderValue::try_from(etag_of(version, &json)).map_err(Error::internal)?;
    Ok(whole(status, json.into(), tag))
}

/// A record as JSON.
///
/// # Errors
/// `Internal` when it cannot be written.
pub(super) fn json_of(record: &impl Serialize) -> Result<Vec<u8>> {
    // An order of two lines.
    let mut json = Vec::with_capacity(3 << 10);
    serde_json::to_writer(&mut json, record).map_err(Error::internal)?;
    Ok(json)
}

/// The answer with this JSON, or that the caller has it.
pub(super) fn told(request: &HttpRequest, json: Bytes, tag: HeaderValue) -> HttpResponse {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && has(request, &tag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    whole(StatusCode::OK, json, tag)
}

fn whole(status: StatusCode, json: Bytes, tag: HeaderValue) -> HttpResponse {
    let mut answer = HttpResponse::with_body(status, BoxBody::new(json));
    answer.headers_mut().insert(header::ETAG, tag);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Whether `If-None-Match` names a tag; a weak one counts (RFC 9110, 13.1.2).
fn has(request: &HttpRequest, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    let all = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// The refusal of `If-Match` on a change that does not go by it: it would be made where the caller relies on its not being
/// made.
pub(super) fn unasked(request: &HttpRequest, compares: bool) -> Option<Error> {
    if compares || request.method().is_safe() || !request.headers().contains_key(header::IF_MATCH) {
        return None;
    }
    let text = "Nothing here has a version that If-Match could be compared with. Leave the header out.";
    Some(Error::invalid("if_match_not_taken", text))
}

/// The versions that `If-Match` names; none when there is no such header or it is `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Vec<u64>);

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// `invalid_if_match` for what is no ETag of ours; `version_mismatch` where all are weak (RFC 9110, 13.1.1).
    pub fn of(request: &HttpRequest) -> Result<Self> {
        let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(Self::default()) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self::default());
        }
        let (weak, strong): (Vec<&str>, Vec<&str>) =
            text.split(',').map(str::trim).partition(|tag| tag.starts_with("W/"));
        if strong.is_empty() && !weak.is_empty() {
            let message = "If-Match needs the ETag as this server sent it. Something between us has made it weak (W/): \
                a proxy that compresses answers does that.";
            return Err(Error::conflict("version_mismatch", message));
        }
        let versions: Option<Vec<u64>> = strong.into_iter().map(version_of).collect();
        versions.map(Self).ok_or_else(|| {
            let text = "Send the ETag of an earlier answer as If-Match, with its quotes.";
            Error::invalid("invalid_if_match", text)
        })
    }
    /// The version a change is made from, where it must be one of those named: the present one if it is among them.
    pub fn against(&self, present: u64) -> Option<u64> {
        if self.0.contains(&present) { Some(present) } else { self.0.first().copied() }
    }
}

/// The version of one of our tags.
fn version_of(tag: &str) -> Option<u64> {
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (version, told) = inside.split_once('-').unwrap_or((inside, ""));
    if told.len() <= 8 && told.bytes().all(|b| b.is_ascii_hexdigit()) { version.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_etags_of_ours_are_versions() {
        let read = |value: &str| {
            IfMatch::of(&TestRequest::default().insert_header(("if-match", value)).to_http_request())
        };
        assert_eq!(read("\"7\"").unwrap().against(7), Some(7));
        assert_eq!(read(&etag_of(7, b"x")).unwrap().against(8), Some(7));
        assert_eq!(read("*").unwrap().against(7), None);
        assert_eq!(read("W/\"7\"").unwrap_err().code, "version_mismatch", "a weak one never matches");
        let several = read("\"1\", W/\"9\" ,\"2-00ff00ff\"").unwrap();
        assert_eq!([1, 2, 3, 9].map(|now| several.against(now)), [Some(1), Some(2), Some(1), Some(1)]);
        for wrong in ["7", "\"x\"", "\"1\", 2", "", "\"1-zz\"", "\"1\","] {
            assert_eq!(read(wrong).unwrap_err().code, "invalid_if_match", "{wrong}");
        }
    }

    #[test]
    fn who_has_it_is_told_so_and_not_sent_it_again() {
        let tag = etag_of(3, b"\"a\"");
        for (sent, status) in [
            (tag.clone(), 304),
            (format!("\"1\", W/{tag}"), 304),
            ("*".to_owned(), 304),
            ("\"3\"".to_owned(), 200),
            (etag_of(3, b"\"b\""), 200),
        ] {
            let request =
                TestRequest::get().insert_header(("if-none-match", sent.as_str())).to_http_request();
            let answer = record(&request, 3, &"a").unwrap();
            assert_eq!(answer.status().as_u16(), status, "{sent}");
            assert_eq!(answer.headers().get("etag").unwrap().to_str().unwrap(), tag);
        }
    }
}
