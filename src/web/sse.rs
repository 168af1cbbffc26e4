//! Server-Sent Events: a stream that says it lives, and goes on where a client left it.

use crate::base::error::Error;
use crate::web::Web;
use crate::web::edge::is_head;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Events that wait for a slow client before the sender waits too.
const WAITING_MAX: usize = 64;
/// Streams one caller can have open: a few consumers, and those a lost connection left behind.
const STREAMS_MAX: usize = 16;
/// Proxies close what is silent for a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The last thing a stream says that another one has taken the place of. Who comes back at once would end one more.
const REPLACED: &[u8] = b": a newer stream of this caller has taken the place of this one\nretry: 30000\n\n";

/// Where events of a stream are put.
#[derive(Clone)]
pub struct Sender(mpsc::Sender<Bytes>);

/// The streams each caller has open, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<String, VecDeque<oneshot::Sender<()>>>>>);

impl Streams {
    /// Counts one more stream of a caller until what comes back is dropped. Beyond [`STREAMS_MAX`] the oldest ends: a
    /// connection that was lost looks open for a while, and its client must not be kept out by it.
    fn enter(&self, caller: String) -> Entered {
        let (end, ended) = oneshot::channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = open.entry(caller.clone()).or_default();
        if all.len() >= STREAMS_MAX
            && let Some(oldest) = all.pop_front()
        {
            // One that has just ended by itself needs no telling.
            let _over = oldest.send(());
        }
        all.push_back(end);
        Entered { streams: self.clone(), caller, ended }
    }
}

/// A stream that is open as long as this lives.
#[derive(Debug)]
struct Entered {
    streams: Streams,
    caller: String,
    ended: oneshot::Receiver<()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.ended.close();
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(all) = open.get_mut(&self.caller) {
            all.retain(|one| !one.is_closed());
            if all.is_empty() {
                open.remove(&self.caller);
            }
        }
    }
}

/// Answers with a stream of this caller, which `tell` puts events into until it is over, the client is gone, a newer
/// stream takes its place or the server stops. Who asks for the head alone gets no stream.
pub fn stream<F>(
    request: &HttpRequest,
    web: &Web,
    caller: String,
    tell: impl FnOnce(Sender) -> F,
) -> HttpResponse
where
    F: Future<Output = ()> + 'static,
{
    let (sender, response) = channel();
    if is_head(request) {
        return response;
    }
    let mut entered = web.streams().enter(caller);
    let (telling, web) = (tell(sender.clone()), web.clone());
    actix_web::rt::spawn(async move {
        tokio::select! {
            () = telling => {}
            () = sender.closed() => {}
            () = web.stopping() => {}
            _ = &mut entered.ended => {
                // A client that has not read for so long learns it when the stream ends.
                let _full = sender.0.try_send(Bytes::from_static(REPLACED));
            }
        }
    });
    response
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
    async fn closed(&self) {
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
fn channel() -> (Sender, HttpResponse) {
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
    fn the_oldest_stream_of_a_caller_makes_room_for_a_newer_one() {
        let streams = Streams::default();
        let mut open: Vec<_> = (0..STREAMS_MAX).map(|_| streams.enter("a".to_owned())).collect();
        let mut other = streams.enter("b".to_owned());
        assert!(open.iter_mut().all(|one| one.ended.try_recv().is_err()));
        open.push(streams.enter("a".to_owned()));
        let ended: Vec<bool> = open.iter_mut().map(|one| one.ended.try_recv().is_ok()).collect();
        assert!(ended[0] && !ended[1..].contains(&true), "{ended:?}");
        assert!(other.ended.try_recv().is_err(), "callers have nothing to do with each other");
        // One that ends by itself makes room, too.
        drop(open.remove(0));
        drop(open.remove(0));
        open.push(streams.enter("a".to_owned()));
        assert!(open.iter_mut().all(|one| one.ended.try_recv().is_err()));
        drop((open, other));
        assert!(streams.0.lock().unwrap().is_empty());
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
