//! One line of the log a request: the route and not the path, no query, no name; written when its last byte is.

use crate::web::Web;
use crate::web::edge::Seen;
use crate::web::settings::LogAddress;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use bytes::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is known of a request when its answer begins.
#[derive(Debug)]
pub(super) struct Line {
    request_id: String,
    method: String,
    route: String,
    status: u16,
    /// Until the answer began.
    ms: f64,
    who: Option<String>,
    ip: String,
}

impl Line {
    /// Counts the request, too.
    pub(super) fn of(
        web: &Web,
        seen: &Seen,
        status: StatusCode,
        route: Option<&str>,
        who: Option<&str>,
    ) -> Self {
        let took = seen.started.elapsed();
        let route = route.unwrap_or("-");
        web.metrics().count(&seen.method, route, status, took);
        Self {
            request_id: seen.id.clone(),
            method: seen.method.as_str().to_owned(),
            route: route.to_owned(),
            status: status.as_u16(),
            ms: f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0,
            who: who.map(str::to_owned),
            ip: match web.settings().log_address {
                LogAddress::Full => seen.client.0.to_string(),
                LogAddress::Short => seen.client.shortened().to_string(),
                LogAddress::None => String::new(),
            },
        }
    }

    pub(super) fn write(&self, bytes: u64) {
        let Self { request_id, method, route, status, ms, who, ip } = self;
        let who = who.as_deref();
        tracing::info!(target: "access", %request_id, method, route, status, ms, bytes, who, ip, "request");
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
