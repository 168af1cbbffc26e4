//! Server-Sent Events: a stream that says it lives, and goes on where a client left it.

use crate::base::error::{Error, Kind};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that wait for a slow client before the sender waits too.
const WAITING_MAX: usize = 64;
/// Streams one caller can have open: a few consumers, and those a lost connection left behind.
const STREAMS_MAX: usize = 16;
/// Proxies close what is silent for a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Where events of a stream are put.
pub struct Sender(mpsc::Sender<Bytes>);

/// How many streams each caller has open.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<String, usize>>>);

impl Streams {
    /// Counts one more stream of a caller until what comes back is dropped.
    ///
    /// # Errors
    /// `too_many_streams` beyond [`STREAMS_MAX`].
    pub fn enter(&self, caller: &str) -> Result<Entered, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller.to_owned()).or_default();
        if *count >= STREAMS_MAX {
            let text = format!("At most {STREAMS_MAX} streams can be open at once. Close one first.");
            return Err(Error::refuse(Kind::TooMany, "too_many_streams", text));
        }
        *count += 1;
        Ok(Entered { streams: self.clone(), caller: caller.to_owned() })
    }
}

/// A stream that is open as long as this lives.
#[derive(Debug)]
pub struct Entered {
    streams: Streams,
    caller: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

/// The client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Sender {
    /// Sends one event; waits while the client is slow.
    ///
    /// # Errors
    /// [`Gone`] when the client is.
    pub async fn send(&self, id: u64, kind: &str, data: &str) -> Result<(), Gone> {
        let text = event(id, kind, data);
        self.0.send(Bytes::from(text)).await.map_err(|_closed| Gone)
    }
    /// Waits until the client is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// One event as it goes over the wire. JSON has no line breaks outside strings; other data gets a `data:` a line,
/// so that nothing in it can end the event or begin another.
fn event(id: u64, kind: &str, data: &str) -> String {
    let kind = kind.replace(['\r', '\n'], " ");
    let mut text = format!("id: {id}\nevent: {kind}\n");
    for line in data.replace("\r\n", "\n").split(['\r', '\n']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A stream and the answer that carries it.
pub fn channel() -> (Sender, HttpResponse) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let hello = Bytes::from_static(b"retry: 2000\n\n");
    let body = futures_util::stream::unfold((receiver, Some(hello)), |(mut receiver, hello)| async move {
        if let Some(hello) = hello {
            return Some((Ok::<_, actix_web::Error>(hello), (receiver, None)));
        }
        match tokio::time::timeout(ALIVE_EVERY, receiver.recv()).await {
            Ok(Some(event)) => Some((Ok(event), (receiver, None))),
            Ok(None) => None,
            Err(_silent) => Some((Ok(Bytes::from_static(b": alive\n\n")), (receiver, None))),
        }
    });
    let answer = HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        // An encoder would hold events back.
        .insert_header(("content-encoding", "identity"))
        .streaming(body);
    (Sender(sender), answer)
}

/// The number a client that comes back has seen last; `None` when it says nothing.
///
/// # Errors
/// `invalid_last_event_id` for anything but a number: to begin elsewhere would pass over events.
pub fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, Error> {
    let Some(header) = request.headers().get("last-event-id") else { return Ok(None) };
    match header.to_str().ok().map(str::trim) {
        Some("") => Ok(None),
        Some(text) if text.parse::<u64>().is_ok() => Ok(text.parse().ok()),
        _ => Err(Error::invalid(
            "invalid_last_event_id",
            "Last-Event-ID: send the id of an event as it came, such as 42.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::{BodySize, MessageBody};
    use actix_web::test::TestRequest;

    #[test]
    fn data_cannot_break_out_of_its_event() {
        assert_eq!(event(7, "order.placed", "{}"), "id: 7\nevent: order.placed\ndata: {}\n\n");
        assert_eq!(
            event(7, "a\ndata: b", "x\n\nevent: evil\r\ny\rz"),
            "id: 7\nevent: a data: b\ndata: x\ndata: \ndata: event: evil\ndata: y\ndata: z\n\n"
        );
    }

    #[actix_web::test]
    async fn a_stream_greets_sends_and_ends_with_its_sender() {
        let (sender, answer) = channel();
        assert_eq!(answer.headers().get("content-encoding").unwrap(), "identity");
        assert_eq!(answer.body().size(), BodySize::Stream);
        sender.send(8, "a", "1").await.unwrap();
        drop(sender);
        let body = actix_web::body::to_bytes(answer.into_body()).await.ok().unwrap();
        assert_eq!(body, "retry: 2000\n\nid: 8\nevent: a\ndata: 1\n\n");
    }

    #[actix_web::test]
    async fn a_client_that_is_gone_is_noticed() {
        let (sender, answer) = channel();
        drop(answer);
        sender.closed().await;
        assert_eq!(sender.send(1, "a", "1").await, Err(Gone));
    }

    #[test]
    fn the_last_event_is_a_number() {
        let read = |value: &str| {
            last_event_id(&TestRequest::get().insert_header(("last-event-id", value)).to_http_request())
        };
        assert_eq!((read("42").unwrap(), read("").unwrap()), (Some(42), None));
        for text in ["x", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(read(text).unwrap_err().code, "invalid_last_event_id", "{text}");
        }
    }
}
