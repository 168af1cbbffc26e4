//! Server-sent events: a body that never ends by itself, with a sign of life in quiet times.

use crate::base::error::{Error, Result};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How often a comment is sent when nothing happens; proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After this a client has to come back, so that none is served for ever by an old process.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Comes back as `Last-Event-ID` when the client reconnects.
    pub id: Option<String>,
    /// The kind, such as `order.placed`.
    pub kind: Option<String>,
    /// Usually JSON on one line.
    pub data: String,
}

impl Event {
    /// As it goes over the wire. A line break in the data starts another `data:` line, none can end the event.
    fn bytes(&self) -> Bytes {
        let one_line = |text: &str| text.replace(['\r', '\n', '\0'], " ");
        let mut text = String::with_capacity(self.data.len() + 64);
        if let Some(id) = &self.id {
            text.push_str(&format!("id: {}\n", one_line(id)));
        }
        if let Some(kind) = &self.kind {
            text.push_str(&format!("event: {}\n", one_line(kind)));
        }
        for line in self.data.replace("\r\n", "\n").split(['\n', '\r']) {
            text.push_str(&format!("data: {line}\n"));
        }
        text.push('\n');
        Bytes::from(text)
    }
}

/// The last event a reconnecting client has seen.
///
/// # Errors
/// `invalid_header` (400) when it is no number.
pub fn last_event_id(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(value) = request.headers().get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Error::invalid("invalid_header", "Last-Event-ID is the number of an event."))
}

/// The answer that sends what `events` yields until that ends, the client leaves or an hour has passed.
pub fn respond<S>(events: S) -> HttpResponse
where
    S: Stream<Item = Event> + 'static,
{
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Body::new(events, KEEP_ALIVE, LIFETIME))
}

struct Body {
    events: Pin<Box<dyn Stream<Item = Event>>>,
    quiet: Interval,
    ends: Instant,
    greeted: bool,
}

impl Body {
    fn new(events: impl Stream<Item = Event> + 'static, every: Duration, lifetime: Duration) -> Self {
        let mut quiet = tokio::time::interval_at(Instant::now() + every, every);
        quiet.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { events: Box::pin(events), quiet, ends: Instant::now() + lifetime, greeted: false }
    }
}

impl Stream for Body {
    type Item = std::result::Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.greeted {
            this.greeted = true;
            // Sends the head at once and says how long to wait before coming back.
            return Poll::Ready(Some(Ok(Bytes::from_static(b"retry: 2000\n\n"))));
        }
        if Instant::now() >= this.ends {
            return Poll::Ready(None);
        }
        match this.events.as_mut().poll_next(context) {
            Poll::Ready(Some(event)) => {
                this.quiet.reset();
                Poll::Ready(Some(Ok(event.bytes())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.quiet.poll_tick(context) {
                Poll::Ready(_) => Poll::Ready(Some(Ok(Bytes::from_static(b": still here\n\n")))),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use futures_util::{StreamExt as _, stream};

    fn text(item: Option<std::result::Result<Bytes, Infallible>>) -> String {
        String::from_utf8(item.unwrap().unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn data_cannot_break_out_of_its_event() {
        let event = Event {
            id: Some("7\nid: 9".into()),
            kind: Some("a".into()),
            data: "x\n\nevent: evil\r\ny".into(),
        };
        let mut body = Body::new(stream::iter([event]), KEEP_ALIVE, LIFETIME);
        assert_eq!(text(body.next().await), "retry: 2000\n\n");
        assert_eq!(
            text(body.next().await),
            "id: 7 id: 9\nevent: a\ndata: x\ndata: \ndata: event: evil\ndata: y\n\n"
        );
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn a_quiet_stream_gives_signs_of_life_and_ends_in_the_end() {
        let mut body = Body::new(stream::pending(), Duration::from_millis(1), Duration::from_millis(30));
        body.next().await;
        assert_eq!(text(body.next().await), ": still here\n\n");
        while let Some(item) = body.next().await {
            assert_eq!(text(Some(item)), ": still here\n\n");
        }
    }

    #[test]
    fn the_last_event_is_a_number() {
        let with = |value: &str| {
            last_event_id(&TestRequest::get().insert_header(("last-event-id", value)).to_http_request())
        };
        assert_eq!(with("42").unwrap(), Some(42));
        assert!(with("x").is_err() && with("-1").is_err());
        assert_eq!(last_event_id(&TestRequest::get().to_http_request()).unwrap(), None);
    }
}
