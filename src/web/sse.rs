//! Server-Sent Events: a stream that says it lives, and goes on where a client left it.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that wait for a slow client before the sender waits too.
const WAITING_MAX: usize = 64;
/// Proxies close what is silent for a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Where events of a stream are put.
pub struct Sender(mpsc::Sender<Bytes>);

/// The client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Sender {
    /// Sends one event; waits while the client is slow.
    ///
    /// # Errors
    /// [`Gone`] when the client is.
    pub async fn send(&self, id: u64, kind: &str, data: &str) -> Result<(), Gone> {
        // JSON has no line breaks outside strings, and inside they are escaped.
        let text = format!("id: {id}\nevent: {kind}\ndata: {data}\n\n");
        self.0.send(Bytes::from(text)).await.map_err(|_closed| Gone)
    }
    /// Waits until the client is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
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

/// The number a client that comes back has seen last.
pub fn last_event_id(request: &HttpRequest) -> Option<u64> {
    request.headers().get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}
