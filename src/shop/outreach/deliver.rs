//! From the event to the receiver: what an endpoint wants becomes a job, the job posts it and says what came of it.

use super::model::{Attempt, Delivery, ENDPOINTS, EndpointId};
use super::ops::{self, AGAIN, DELIVER};
use super::wire;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::outbound::webhooks::{Message, Sender, origin};
use crate::store::{Actor, Read, Store, StoredEvent, Tx, events};
use crate::work::jobs::{self, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::subscriptions::{About, Subscriber};
use std::sync::Arc;

/// Ten attempts over 75 hours, as the scheme has them.
const PAUSES_MS: &[i64] = &[
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
/// The receiver wants nothing any more.
const GONE: u16 = 410;
/// Jobs sent again in one transaction.
const PORTION: usize = 200;
const COUNTED_MAX: usize = 10_000;

/// Makes a job of every event that an endpoint wants.
pub struct Notices;

impl Subscriber for Notices {
    fn prefix(&self) -> &'static str {
        EndpointId::PREFIX
    }
    fn about(&self, from: &dyn Read, name: &str) -> Result<About> {
        let endpoint = ENDPOINTS.get(from, &EndpointId::parse(name)?)?;
        let (url, note) = endpoint.map_or_else(Default::default, |endpoint| (endpoint.url, endpoint.note));
        Ok(About {
            title: if note.is_empty() { "Webhook".to_owned() } else { format!("Webhook: {note}") },
            // Who sees subscriptions may not see what comes behind the origin: receivers have their tokens there.
            sentence: format!("Sends each event to {}", origin(&url)),
            page: Some(format!("/admin/webhooks/{name}")),
        })
    }
    fn take(&self, tx: &mut Tx<'_>, name: &str, event: &StoredEvent) -> Result<()> {
        let delivery = Delivery { id: event.id.to_string(), seq: event.seq, at: event.at };
        ops::deliver(tx, name, &delivery, Some(event.subject))
    }
}

/// Posts messages.
pub struct Deliveries {
    store: Store,
    sender: Sender,
}

impl Deliveries {
    pub fn new(store: Store, sender: Sender) -> Self {
        Self { store, sender }
    }

    /// The kind and the body of a message; none when its event is not in the log any more.
    pub(super) fn message(
        store: &Store,
        lane: &str,
        delivery: &Delivery,
    ) -> Result<Option<(String, Vec<u8>)>> {
        if delivery.seq == 0 {
            let body = wire::test_message(delivery.at, lane).map_err(Error::internal)?;
            return Ok(Some((wire::TEST.to_owned(), body)));
        }
        let Some(event) = store.read(|s| events::get(s, delivery.seq))? else { return Ok(None) };
        let kind = event.kind.clone();
        Ok(Some((kind, wire::message(event).map_err(Error::internal)?)))
    }
}

impl Worker for Deliveries {
    fn kind(&self) -> &'static str {
        DELIVER
    }
    fn pauses_ms(&self) -> &'static [i64] {
        PAUSES_MS
    }
    /// A receiver that hangs holds one thread; one that takes a tenth of a second is sent two hundred messages in one.
    fn at_once(&self) -> (usize, usize) {
        (1, 32)
    }
    fn run(&self, id: JobId, job: &Job, _: &Beat) -> Result<Report> {
        let endpoint_id = EndpointId::parse(&job.lane)?;
        let Some(endpoint) = self.store.read(|s| ENDPOINTS.get(s, &endpoint_id))? else {
            return Ok(Ended::Cancelled.into());
        };
        let delivery: Delivery = minicbor::decode(&job.payload).map_err(Error::internal)?;
        let Some((kind, body)) = Self::message(&self.store, &job.lane, &delivery)? else {
            let why = "The event is not in the log any more.".to_owned();
            return Ok(Ended::Failed { why, again_in_ms: None }.into());
        };
        // The rules may have become stricter since the address was written.
        let address = match self.sender.guard().read(&endpoint.url) {
            Ok(address) => address,
            Err(error) => {
                let why = error.message.to_string();
                return Ok(Ended::Failed { why, again_in_ms: jobs::pause_after(PAUSES_MS, job.tries) }.into());
            }
        };
        let now = self.store.clock().now();
        let secrets = endpoint.secrets(now);
        let message = Message { id: &delivery.id, at: now, body: &body, secrets: &secrets };
        let answer = self.sender.post(&address, &message);
        let (ended, stop) = judged(answer.status, answer.error.as_deref(), answer.retry_after_ms, job.tries);
        let again_at = match &ended {
            Ended::Failed { again_in_ms: Some(ms), .. } => Some(self.store.clock().now().plus_ms(*ms)),
            _ => None,
        };
        let attempt = Attempt {
            endpoint: endpoint_id,
            job: id,
            delivery,
            kind,
            at: now,
            number: job.tries,
            url: endpoint.url,
            sent: answer.sent,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            error: answer.error,
            took_ms: answer.took_ms,
            again_at,
        };
        let note = move |tx: &mut Tx<'_>| {
            ops::note(tx, &attempt)?;
            match stop {
                Some(reason) if ENDPOINTS.has(tx, &endpoint_id)? => ops::pause(tx, endpoint_id, reason),
                _ => Ok(()),
            }
        };
        Ok(Report { ended, note: Some(Arc::new(note)) })
    }
}

/// How a try ended, and why the endpoint is to stand still from now on, if it is.
fn judged(
    status: Option<u16>,
    error: Option<&str>,
    retry_after_ms: Option<i64>,
    tries: u32,
) -> (Ended, Option<&'static str>) {
    let failed = |why: String, again_in_ms| Ended::Failed { why, again_in_ms };
    let why = match status {
        Some(status) if (200..300).contains(&status) => return (Ended::Done, None),
        Some(GONE) => {
            let why = "The receiver answered 410: it wants nothing any more.";
            return (failed(why.to_owned(), None), Some(why));
        }
        Some(status) if (300..400).contains(&status) => {
            format!("The receiver answered {status}; redirects are not followed.")
        }
        Some(status) => format!("The receiver answered {status}."),
        None => error.unwrap_or_default().to_owned(),
    };
    match jobs::pause_after(PAUSES_MS, tries) {
        Some(pause) => (failed(why, Some(pause.max(retry_after_ms.unwrap_or(0)))), None),
        None => (failed(why, None), Some("Ten attempts over three days failed. Events are kept.")),
    }
}

/// Sends again what was given up, a portion at a time.
pub struct Again {
    store: Store,
}

impl Again {
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Worker for Again {
    fn kind(&self) -> &'static str {
        AGAIN
    }
    fn run(&self, _: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let until = <[u8; 8]>::try_from(job.payload.as_slice()).map(i64::from_be_bytes);
        let until = Timestamp(until.map_err(|_short| Error::internal("a moment has eight bytes"))?);
        let dead = |limit: usize| self.store.read(|s| jobs::dead_of_lane(s, &job.lane, until, limit));
        let total = dead(COUNTED_MAX)?.len() as u64;
        let mut done = 0;
        loop {
            beat.progress(done, total.max(done));
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
            let ids = dead(PORTION)?;
            if ids.is_empty() {
                return Ok(Ended::Done.into());
            }
            done += ids.len() as u64;
            self.store.write_blocking(Actor::system("webhooks"), move |tx| {
                ids.iter().try_for_each(|id| jobs::retry(tx, *id))
            })?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_as_the_scheme_says() {
        let judge = |status: u16, after: Option<i64>, tries: u32| judged(Some(status), None, after, tries);
        assert_eq!(judge(200, None, 1).0, Ended::Done);
        assert_eq!(judge(299, None, 9).0, Ended::Done);
        let pause = |(ended, stop): (Ended, Option<&str>)| match ended {
            Ended::Failed { again_in_ms, .. } => (again_in_ms, stop.is_some()),
            other => panic!("{other:?}"),
        };
        assert_eq!(pause(judge(410, None, 1)), (None, true), "gone is gone");
        for status in [301, 308, 400, 404, 500, 503] {
            let (again, stops) = pause(judge(status, None, 1));
            assert!((4_000..=6_000).contains(&again.unwrap()) && !stops, "{status}: {again:?}");
        }
        assert_eq!(pause(judge(429, Some(HOUR_MS), 1)), (Some(HOUR_MS), false), "a pause asked for is kept");
        assert!(pause(judge(429, Some(1), 3)).0.unwrap() > 20 * MINUTE_MS, "and never makes it shorter");
        assert_eq!(pause(judge(500, None, 10)), (None, true), "the tenth is the last");
        assert!(pause(judge(500, None, 9)).0.is_some());
        assert_eq!(PAUSES_MS.iter().sum::<i64>() / HOUR_MS, 75);
    }
}
