//! What an `Error` looks like over HTTP: its status and its problem document (RFC 9457), decided here only.

use crate::base::error::{Error, FieldError, Kind};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

/// Media type of every error answer to a program.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Where each error code is explained; the code follows.
pub const ERROR_DOCS: &str = "/api/docs/errors/";

/// Codes whose status is finer than their kind's.
const FINER: &[(&str, StatusCode)] = &[
    ("unreadable", StatusCode::BAD_REQUEST),
    ("unknown_parameter", StatusCode::BAD_REQUEST),
    ("invalid_query", StatusCode::BAD_REQUEST),
    ("duplicate_parameter", StatusCode::BAD_REQUEST),
    ("idempotency_key_missing", StatusCode::BAD_REQUEST),
    ("idempotency_key_invalid", StatusCode::BAD_REQUEST),
    ("if_match_not_taken", StatusCode::BAD_REQUEST),
    ("key_in_address", StatusCode::BAD_REQUEST),
    ("invalid_header", StatusCode::BAD_REQUEST),
    ("upgrade_not_supported", StatusCode::BAD_REQUEST),
    ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED),
    ("body_too_slow", StatusCode::REQUEST_TIMEOUT),
    ("version_mismatch", StatusCode::PRECONDITION_FAILED),
    ("events_gone", StatusCode::GONE),
    ("events_rewound", StatusCode::GONE),
    ("result_gone", StatusCode::GONE),
    ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ("wrong_host", StatusCode::MISDIRECTED_REQUEST),
    ("precondition_required", StatusCode::PRECONDITION_REQUIRED),
];

/// The status of an error.
pub fn status(error: &Error) -> StatusCode {
    if let Some((_, status)) = FINER.iter().find(|(code, _)| *code == error.code) {
        return *status;
    }
    match error.kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The short title of a status, the same for every problem with it.
pub fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request cannot be read",
        401 => "Please sign in",
        403 => "This is not allowed",
        404 => "There is nothing here",
        405 => "This address does not take that method",
        408 => "The request took too long",
        409 => "This clashes with the present state",
        410 => "This is not kept any more",
        412 => "It was changed in the meantime",
        413 => "The request is too large",
        415 => "This content type is not taken here",
        421 => "This is not the address of the shop",
        422 => "The input needs a change",
        428 => "Say which version you change",
        429 => "Too many requests",
        431 => "The request head is too large",
        503 => "Not available right now",
        500 => "Something went wrong on our side",
        _ => "The request failed",
    }
}

/// The problem document: what programs get for every error, from the router's too.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// Address of the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    pub detail: &'a str,
    /// Path of the request.
    pub instance: &'a str,
    pub code: &'a str,
    pub request_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    pub errors: &'a [FieldError],
}

/// A problem (RFC 9457): what every refusal looks like.
#[derive(Debug, Serialize, utoipa::ToSchema, utoipa::ToResponse)]
#[schema(as = Problem)]
#[response(description = "What was wrong and what would be right", content_type = "application/problem+json")]
pub struct ProblemOut {
    /// Address of the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// Stable word for programs.
    #[schema(example = "validation")]
    pub code: String,
    pub request_id: String,
    /// Fields that need a change; absent when it is not about fields.
    pub errors: Option<Vec<ProblemField>>,
}

/// One field that needs a change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// JSON pointer.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    pub code: String,
    pub detail: String,
}

impl<'a> Problem<'a> {
    /// The document of `error` for one request.
    pub fn of(error: &'a Error, instance: &'a str, request_id: &'a str) -> Self {
        let status = status(error);
        Self {
            kind: format!("{ERROR_DOCS}{}", error.code),
            title: title(status),
            status: status.as_u16(),
            detail: &error.message,
            instance,
            code: error.code,
            request_id,
            errors: &error.fields,
        }
    }

    /// The document as an answer.
    pub fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(self).unwrap_or_default();
        HttpResponse::build(status).content_type(PROBLEM_JSON).body(body)
    }
}

/// Headers that say when to come back and how to sign in.
pub fn add_headers(error: &Error, response: &mut HttpResponse) {
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.kind == Kind::Unauthenticated {
        let scheme = HeaderValue::from_static("Bearer realm=\"backroom\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
}

/// What actix sends when no middleware has dressed the error for its reader (`refusal.rs` does).
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self)
    }
    fn error_response(&self) -> HttpResponse {
        let mut response = Problem::of(self, "", "").response();
        add_headers(self, &mut response);
        response
    }
}

/// Our word for an error that the framework itself answered with `status`.
pub fn of_status(status: StatusCode) -> Error {
    match status.as_u16() {
        400 => Error::invalid("unreadable", "The request could not be read."),
        401 => Error::refuse(Kind::Unauthenticated, "unauthenticated", "Sign in first."),
        403 => Error::refuse(Kind::Forbidden, "forbidden", "You may not do this."),
        404 => Error::refuse(Kind::NotFound, "not_found", "There is nothing at this address."),
        405 => Error::invalid("method_not_allowed", "This address does not take that method."),
        408 => Error::invalid("body_too_slow", "The request took too long to arrive."),
        413 => too_large(None),
        415 => Error::invalid("unsupported_media_type", "This content type is not taken here."),
        429 => Error::refuse(Kind::TooMany, "too_many_requests", "Too many requests. Wait a little."),
        503 => Error::unavailable("unavailable", "Not available right now. Try again soon.", 5),
        code if code >= 500 => Error::internal(format!("the framework answered {code}")),
        _ => Error::invalid("unreadable", "The request could not be read."),
    }
}

/// The refusal of a body over its limit in bytes.
pub fn too_large(limit: Option<usize>) -> Error {
    match limit {
        Some(bytes) => {
            Error::invalid("body_too_large", format!("The request is larger than {} KB.", bytes / 1024))
        }
        None => Error::invalid("body_too_large", "The request is too large."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_status_and_some_codes_a_finer_one() {
        assert_eq!(status(&Error::invalid("x", "y")), 422);
        assert_eq!(status(&Error::invalid("unknown_parameter", "y")), 400);
        assert_eq!(status(&Error::conflict("version_mismatch", "y")), 412);
        assert_eq!(status(&Error::conflict("total_changed", "y")), 409);
        assert_eq!(status(&Error::unavailable("storage_low", "y", 9)), 503);
        assert_eq!(status(&Error::internal("boom")), 500);
    }

    #[test]
    fn a_problem_has_every_key_of_the_contract() {
        let error = Error::invalid("invalid_email", "Enter an e-mail address.").on("/email");
        let json = serde_json::to_value(Problem::of(&error, "/api/v1/orders", "r1")).unwrap();
        assert_eq!(json["type"], "/api/docs/errors/invalid_email");
        assert_eq!((json["status"].as_u64(), json["code"].as_str()), (Some(422), Some("invalid_email")));
        assert_eq!((&json["instance"], &json["request_id"]), (&"/api/v1/orders".into(), &"r1".into()));
        assert_eq!(json["errors"][0]["pointer"], "/email");
    }

    #[test]
    fn the_framework_s_statuses_keep_their_number() {
        for number in [400_u16, 401, 403, 404, 405, 408, 413, 415, 429, 503] {
            let given = StatusCode::from_u16(number).unwrap();
            assert_eq!(status(&of_status(given)), given, "{number}");
        }
        assert_eq!(status(&of_status(StatusCode::BAD_GATEWAY)), 500);
    }
}
