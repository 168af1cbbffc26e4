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
/// `invalid_if_match` when it is not an ETag of ours; `version_mismatch` for a weak one (RFC 9110, 13.1.1).
pub fn if_match(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    if text.starts_with("W/") {
        let message = "If-Match needs the ETag as this server sent it. Something between us has made it weak (W/): \
            a proxy that compresses answers does that.";
        return Err(Error::conflict("version_mismatch", message));
    }
    let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    version.map(Some).ok_or_else(|| {
        Error::invalid("invalid_if_match", "Send the ETag of an earlier answer as If-Match, with its quotes.")
    })
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
        assert_eq!(read("W/\"7\"").unwrap_err().code, "version_mismatch", "a weak one never matches");
        for wrong in ["7", "\"x\"", "\"1\", \"2\""] {
            assert_eq!(read(wrong).unwrap_err().code, "invalid_if_match", "{wrong}");
        }
    }

    #[test]
    fn where_the_version_must_be_said_silence_is_428() {
        let error = required(&TestRequest::get().to_http_request()).unwrap_err();
        assert_eq!(crate::web::error::status(&error), 428);
    }
}
