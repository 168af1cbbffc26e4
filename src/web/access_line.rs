//! One line of the log a request: the route and not the path, no query, no name; written when its last byte is.

use crate::web::Web;
use crate::web::edge::Seen;
use crate::web::settings::LogAddress;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What is known of a request when its answer begins.
#[derive(Debug)]
pub(super) struct Line {
    request_id: String,
    method: Method,
    route: &'static str,
    status: u16,
    /// Until the answer began.
    ms: f64,
    who: Option<Arc<str>>,
    ip: Option<IpAddr>,
}

impl Line {
    /// Counts the request, too.
    pub(super) fn of(
        web: &Web,
        seen: Seen,
        status: StatusCode,
        route: &'static str,
        who: Option<Arc<str>>,
    ) -> Self {
        let took = seen.started.elapsed();
        web.metrics().count(&seen.method, route, status, took);
        Self {
            request_id: seen.id,
            method: seen.method,
            route,
            status: status.as_u16(),
            ms: f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0,
            who,
            ip: match web.settings().log_address {
                LogAddress::Full => Some(seen.client.0),
                LogAddress::Short => Some(seen.client.shortened()),
                LogAddress::None => None,
            },
        }
    }

    pub(super) fn write(&self, bytes: u64) {
        let Self { request_id, route, status, ms, .. } = self;
        let (method, who) = (self.method.as_str(), self.who.as_deref());
        match self.ip {
            Some(ip) => {
                tracing::info!(target: "access", %request_id, method, route, status, ms, bytes, who, %ip, "request");
            }
            None => {
                tracing::info!(target: "access", %request_id, method, route, status, ms, bytes, who, ip = "", "request");
            }
        }
    }

    /// Writes the line now, or behind a body whose length nobody knows yet.
    pub(super) fn with(self, body: BoxBody) -> BoxBody {
        match body.size() {
            BodySize::Sized(bytes) => self.write(bytes),
            BodySize::None => self.write(0),
            BodySize::Stream => return BoxBody::new(Counted { body, line: self, bytes: 0 }),
        }
        body
    }
}

/// A body that counts what is sent of it; dropped when it has been sent or nobody reads it any more.
struct Counted {
    body: BoxBody,
    line: Line,
    bytes: u64,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(part))) = &next {
            self.bytes = self.bytes.saturating_add(part.len() as u64);
        }
        next
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.line.write(self.bytes);
    }
}
