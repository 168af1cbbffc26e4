//! Versions of resources: strong ETags, `If-Match` before a change, `If-None-Match` before sending again.

use crate::base::error::{Error, Result};
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};

/// The strong ETag of a version.
pub fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}

/// Which versions a change accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing was said.
    Absent,
    /// `*`: any version that exists.
    Any,
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// `invalid_header` (400) for what is no list of strong tags of ours. Weak tags never match (RFC 9110).
    pub fn of(request: &HttpRequest) -> Result<Self> {
        let lines = lines(request, header::IF_MATCH);
        if lines.is_empty() {
            return Ok(Self::Absent);
        }
        if lines.iter().any(|line| line.trim() == "*") {
            return Ok(Self::Any);
        }
        let wrong =
            || Error::invalid("invalid_header", "If-Match takes the ETag of the resource, such as \"v7\".");
        let tags: Option<Vec<u64>> = lines.iter().flat_map(|line| line.split(',')).map(version_of).collect();
        tags.filter(|tags| !tags.is_empty()).map(Self::Versions).ok_or_else(wrong)
    }

    /// Whether a change of what is now at `version` may go on.
    ///
    /// # Errors
    /// `version_mismatch` (412) with both versions.
    pub fn check(&self, version: u64) -> Result<()> {
        match self {
            Self::Absent | Self::Any => Ok(()),
            Self::Versions(tags) if tags.contains(&version) => Ok(()),
            Self::Versions(tags) => {
                let given: Vec<String> = tags.iter().map(|tag| etag(*tag)).collect();
                let message = format!(
                    "It is at {} now, the change is of {}. Read it again.",
                    etag(version),
                    given.join(", ")
                );
                Err(Error::conflict("version_mismatch", message))
            }
        }
    }

    /// The same where the version must be said.
    ///
    /// # Errors
    /// `precondition_required` (428) without the header.
    pub fn required(self) -> Result<Self> {
        match self {
            Self::Absent => {
                let message =
                    "Send If-Match with the ETag of what you have read, so that nobody's change is lost.";
                Err(Error::invalid("precondition_required", message))
            }
            given => Ok(given),
        }
    }
}

/// One resource as JSON with its ETag; 304 when the caller has this version.
pub fn resource(request: &HttpRequest, version: u64, body: &impl serde::Serialize) -> HttpResponse {
    let tag = etag(version);
    let known = lines(request, header::IF_NONE_MATCH)
        .iter()
        .any(|line| line.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|t| t == tag || t == "*"));
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if known {
        return answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
    }
    answer.json(body)
}

fn lines(request: &HttpRequest, name: HeaderName) -> Vec<&str> {
    request.headers().get_all(name).map(|v| v.to_str().unwrap_or_default()).collect()
}

fn version_of(tag: &str) -> Option<u64> {
    let digits = tag.trim().strip_prefix("\"v")?.strip_suffix('"')?;
    digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn given(header: &str) -> Result<IfMatch> {
        IfMatch::of(&TestRequest::get().insert_header(("if-match", header)).to_http_request())
    }

    #[test]
    fn a_change_of_an_older_version_is_refused_with_both() {
        assert!(given("\"v7\"").unwrap().check(7).is_ok());
        assert!(given("\"v6\", \"v7\"").unwrap().check(7).is_ok());
        assert!(given("*").unwrap().check(7).is_ok());
        let error = given("\"v6\"").unwrap().check(7).unwrap_err();
        assert_eq!(crate::web::error::status(&error), 412);
        assert!(error.message.contains("\"v7\"") && error.message.contains("\"v6\""));
        for wrong in ["v7", "W/\"v7\"", "\"7\"", "", "\"v\"", "\"v+7\"", "\"v99999999999999999999\""] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn where_the_version_must_be_said_silence_is_428() {
        let absent = IfMatch::of(&TestRequest::get().to_http_request()).unwrap();
        assert!(absent.check(3).is_ok());
        assert_eq!(crate::web::error::status(&absent.required().unwrap_err()), 428);
    }

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        let get = |tag: &str| TestRequest::get().insert_header(("if-none-match", tag)).to_http_request();
        assert_eq!(resource(&get("\"v7\""), 7, &1).status(), 304);
        assert_eq!(resource(&get("W/\"v7\", \"v9\""), 7, &1).status(), 304);
        let fresh = resource(&get("\"v6\""), 7, &1);
        assert_eq!(
            (fresh.status().as_u16(), fresh.headers().get("etag").unwrap().to_str().unwrap()),
            (200, "\"v7\"")
        );
    }
}
