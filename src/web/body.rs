//! Reading a request's body into memory, within a limit.

use crate::base::error::{Error, Result};
use crate::web::error::{of_status, too_large};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

fn said(request: &HttpRequest, name: header::HeaderName) -> Option<String> {
    request.headers().get(name).map(|v| v.to_str().unwrap_or_default().to_ascii_lowercase())
}

/// Refuses a body that is compressed: a kilobyte could become a gigabyte.
///
/// # Errors
/// `unsupported_media_type` (415).
pub fn expect_plain(request: &HttpRequest) -> Result<()> {
    if said(request, header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let plain = "Send the body without Content-Encoding.";
        return Err(Error::invalid("unsupported_media_type", plain));
    }
    Ok(())
}

/// Refuses a body whose Content-Type is none of `wanted`, or that is compressed.
///
/// # Errors
/// `unsupported_media_type` (415).
pub fn expect_type(request: &HttpRequest, wanted: &[&str]) -> Result<()> {
    expect_plain(request)?;
    let refuse = || {
        Err(Error::invalid("unsupported_media_type", format!("Send the body as {}.", wanted.join(" or "))))
    };
    let Some(given) = said(request, header::CONTENT_TYPE) else { return refuse() };
    let (kind, parameters) = given.split_once(';').unwrap_or((given.as_str(), ""));
    let charset = parameters.split(';').map(str::trim).find_map(|p| p.strip_prefix("charset="));
    let utf8 = charset.is_none_or(|c| matches!(c.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"));
    if !wanted.contains(&kind.trim()) {
        return refuse();
    }
    if utf8 {
        return Ok(());
    }
    Err(Error::invalid(
        "unsupported_media_type",
        "Send the body in UTF-8; its Content-Type names another charset.",
    ))
}

/// The length a request declares, in bytes.
pub fn length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body.
///
/// # Errors
/// `body_too_large` (413) over `limit` bytes, `body_too_slow` (408), `unreadable` (400) when it breaks off.
pub async fn read(mut payload: Payload, declared: Option<usize>, limit: usize) -> Result<Bytes> {
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(Some(limit)));
    }
    let mut body = BytesMut::with_capacity(declared.unwrap_or(0).min(limit));
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|e| of_payload(&e))?;
        if body.len() + piece.len() > limit {
            return Err(too_large(Some(limit)));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// Our word for what went wrong while a body came in.
pub fn of_payload(error: &PayloadError) -> Error {
    match error {
        PayloadError::Overflow => too_large(None),
        PayloadError::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => {
            of_status(StatusCode::REQUEST_TIMEOUT)
        }
        _ => Error::invalid("unreadable", "The body broke off before its end."),
    }
}
