//! What is refused before a handler sees it: foreign hosts, forged forms, bodies that drip.

use crate::base::error::{Error, Kind};
use crate::web::Web;
use crate::web::client::came_plain;
use crate::web::cors::is_storefront;
use crate::web::hosts::{Hosts, is_same};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Time a body has at least; one second more for every `BODY_RATE` bytes that came.
const BODY_TIME: Duration = Duration::from_secs(10);
const BODY_RATE: u64 = 64 * 1024;
/// Asked by machines that know only our number.
const ANY_HOST: &[&str] = &["/healthz", "/readyz"];

/// Host, origin and deadline of a request.
///
/// # Errors
/// The answer in place of the handler's.
pub(super) fn admit(request: &mut ServiceRequest, web: &Web) -> Result<(), Box<HttpResponse>> {
    let refuse = |error: Error| Box::new(HttpResponse::from_error(error));
    if asks_for_websocket(request.headers()) {
        let text = "Nothing here speaks WebSocket. Send the request without the header Upgrade.";
        return Err(refuse(Error::invalid("upgrade_not_supported", text)));
    }
    check_host(request, web.hosts()).map_err(refuse)?;
    // The storefront is called from other origins, by a key that is held against them; it reads no cookie.
    if !is_storefront(request.path()) {
        check_origin(request.method(), request.headers(), web.origin(), web.hosts()).map_err(refuse)?;
    }
    let origin = web.origin().filter(|origin| origin.starts_with("https://"));
    if let Some(origin) = origin
        && !ANY_HOST.contains(&request.path())
        && came_plain(request, &web.settings().trusted_proxies)
    {
        return Err(Box::new(without_tls(request, format!("{origin}{}", asked(request)))));
    }
    let has_body = request.headers().contains_key(header::CONTENT_LENGTH)
        || request.headers().contains_key(header::TRANSFER_ENCODING);
    if has_body {
        let payload = request.take_payload();
        let timed = Timed::new(payload, tokio::time::Instant::now());
        request.set_payload(Payload::Stream { payload: Box::pin(timed) });
    }
    Ok(())
}

/// Whether a request wants to go on as a WebSocket. The library takes all that comes behind such a head for its body, whatever
/// its length says: a proxy that goes by the length would have put the next request there.
pub(super) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let mut wanted =
        headers.get_all(header::UPGRADE).flat_map(|value| value.as_bytes().split(|b| *b == b','));
    wanted.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Path and query alone, also of a request whose first line names a host.
fn asked(request: &ServiceRequest) -> &str {
    request.uri().path_and_query().map_or("/", |asked| asked.as_str())
}

/// A key or a password that came in the open is not used; a page is shown where it is safe.
fn without_tls(request: &ServiceRequest, place: String) -> HttpResponse {
    if request.path().starts_with("/api/") || is_storefront(request.path()) {
        let text = format!("Use {place}: what comes without TLS can be read on the way.");
        return HttpResponse::from_error(Error::refuse(Kind::Forbidden, "tls_required", text));
    }
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, place)).finish()
}

/// Every name a request gives for us must be one of ours.
fn check_host(request: &ServiceRequest, hosts: &Hosts) -> Result<(), Error> {
    if ANY_HOST.contains(&request.path()) {
        return Ok(());
    }
    let named = request.headers().get_all(header::HOST).map(|v| v.to_str().unwrap_or_default());
    let in_line = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
    let mut count = 0;
    for host in named.chain(in_line) {
        count += 1;
        if !hosts.have(host) {
            return Err(Error::invalid("wrong_host", hosts.refusal()));
        }
    }
    if count == 0 && hosts.are_required() {
        return Err(Error::invalid("wrong_host", "The request names no host."));
    }
    Ok(())
}

/// A change must come from a page of ours. Browsers say where from; who carries a key in a header is no browser
/// that was tricked, because nothing of it is sent by itself.
fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    origin: Option<&str>,
    hosts: &Hosts,
) -> Result<(), Error> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || carries_key(headers) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("null"));
    let forged = || {
        let message = "This change did not come from a page of this shop. Open the page again and repeat it.";
        Err(Error::refuse(Kind::Forbidden, "forged_origin", message))
    };
    if let Some(site) = text("sec-fetch-site") {
        return if site == "same-origin" { Ok(()) } else { forged() };
    }
    let stated = text("origin").or_else(|| text("referer"));
    match stated {
        Some(from) if is_own_origin(from, text("host"), origin, hosts) => Ok(()),
        Some(_) => forged(),
        // No browser of today: without a cookie there is nothing to misuse.
        None if headers.contains_key(header::COOKIE) => forged(),
        None => Ok(()),
    }
}

/// Whether the request proves itself by a key in its header. Browsers send Basic credentials by themselves, as a
/// password in front of the shop makes them do: those prove nothing.
fn carries_key(headers: &HeaderMap) -> bool {
    let text = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    text.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
}

fn is_own_origin(from: &str, host: Option<&str>, origin: Option<&str>, hosts: &Hosts) -> bool {
    let from = from.to_ascii_lowercase();
    let Some((scheme, rest)) = from.split_once("://") else { return false };
    let named = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some(origin) = origin
        && let Some((own_scheme, own_host)) = origin.split_once("://")
        && is_same(named, own_host)
    {
        return scheme == own_scheme;
    }
    let same = host.is_some_and(|host| host.eq_ignore_ascii_case(named)) && !named.is_empty();
    same && hosts.have(named)
}

/// A body with a deadline that moves on only as far as bytes come in.
struct Timed {
    payload: Payload,
    seen: u64,
    started: tokio::time::Instant,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Timed {
    fn new(payload: Payload, started: tokio::time::Instant) -> Self {
        Self { payload, seen: 0, started, sleep: None }
    }
    fn deadline(&self) -> tokio::time::Instant {
        self.started + BODY_TIME + Duration::from_secs(self.seen / BODY_RATE)
    }
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match Pin::new(&mut this.payload).poll_next(context) {
            Poll::Ready(Some(Ok(piece))) => {
                this.seen = this.seen.saturating_add(piece.len() as u64);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => {
                let deadline = this.deadline();
                let sleep = this.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                if sleep.deadline() != deadline {
                    sleep.as_mut().reset(deadline);
                }
                match sleep.as_mut().poll(context) {
                    Poll::Ready(()) => {
                        let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the body was too slow");
                        Poll::Ready(Some(Err(PayloadError::Io(late))))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::body;
    use futures_util::{StreamExt as _, stream};

    fn dripping(pieces: usize, size: usize) -> Payload {
        let piece = move |_| Ok::<_, PayloadError>(Bytes::from(vec![b'x'; size]));
        let endless = stream::iter(0..pieces).map(piece).chain(stream::pending());
        Payload::Stream { payload: Box::pin(endless) }
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let long_ago = tokio::time::Instant::now() - BODY_TIME;
        let timed = Timed::new(dripping(3, 10), long_ago);
        let payload: Payload = Payload::Stream { payload: Box::pin(timed) };
        let error = body::read(payload, None, 1_000).await.unwrap_err();
        assert_eq!((error.code, crate::web::error::status(&error).as_u16()), ("body_too_slow", 408));
    }

    #[tokio::test]
    async fn every_64_kb_buy_a_second() {
        let mut timed = Timed::new(dripping(10, 64 * 1024), tokio::time::Instant::now());
        for _ in 0..10 {
            assert!(timed.next().await.is_some());
        }
        assert_eq!(timed.deadline() - timed.started, BODY_TIME + Duration::from_secs(10));
    }
}
