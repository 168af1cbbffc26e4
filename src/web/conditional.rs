//! Versions as strong ETags (RFC 9110, 8.8 and 13.1): `"7"` is version 7 of a record.

use crate::base::error::{Error, Result};
use actix_web::HttpRequest;
use actix_web::http::header;

/// The ETag of a version.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version that `If-Match` names; `None` when there is no such header or it is `*`.
///
/// # Errors
/// `invalid_if_match` when it is not an ETag of ours.
pub fn if_match(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    version.map(Some).ok_or_else(|| {
        Error::invalid("invalid_if_match", "Send the ETag of an earlier answer as If-Match, with its quotes.")
    })
}

/// Whether the caller has this version already (`If-None-Match`), so that 304 is the answer.
pub fn is_known(request: &HttpRequest, version: u64) -> bool {
    let tag = etag(version);
    let lines = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    // A proxy that compresses makes the tag weak; the comparison for reading does not mind (RFC 9110, 13.1.2).
    let mut tags = lines.flat_map(|line| line.split(',')).map(|t| t.trim().trim_start_matches("W/"));
    tags.any(|given| given == tag || given == "*")
}

/// The version that `If-Match` names, where a change must say which one it is of.
///
/// # Errors
/// `precondition_required` (428) without the header or with `*`; as [`if_match`].
pub fn required(request: &HttpRequest) -> Result<u64> {
    if_match(request)?.ok_or_else(|| {
        let message = "Send If-Match with the ETag of what you have read, so that nobody's change is lost.";
        Error::invalid("precondition_required", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_etags_of_ours_are_versions() {
        let read = |value: &str| {
            if_match(&TestRequest::default().insert_header(("if-match", value)).to_http_request())
        };
        assert_eq!(read(&etag(7)).unwrap(), Some(7));
        assert_eq!(read("*").unwrap(), None);
        for wrong in ["7", "W/\"7\"", "\"x\"", "\"1\", \"2\""] {
            assert_eq!(read(wrong).unwrap_err().code, "invalid_if_match", "{wrong}");
        }
    }

    #[test]
    fn what_the_caller_has_is_known_in_either_strength() {
        let known = |value: &str| {
            is_known(&TestRequest::get().insert_header(("if-none-match", value)).to_http_request(), 7)
        };
        assert!(known("\"7\"") && known("W/\"7\", \"9\"") && known("*"));
        assert!(!known("\"6\"") && !known("7") && !known(""));
    }

    #[test]
    fn where_the_version_must_be_said_silence_is_428() {
        let error = required(&TestRequest::get().to_http_request()).unwrap_err();
        assert_eq!(crate::web::error::status(&error), 428);
    }
}
