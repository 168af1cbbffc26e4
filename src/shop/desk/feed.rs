//! The change feed: every event, gap-free by sequence number, by page and as a stream.

use crate::access::{self, Caller, may};
use crate::base::error::{Error, Result};
use crate::shop::customers;
use crate::shop::desk::{backups, retention, schedules, subscriptions};
use crate::shop::mail;
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::outreach::{self, EventOut, Kinds};
use crate::shop::sites;
use crate::shop::transfer::{downloads, imports};
use crate::store::Store;
use crate::web::paging::{BYTES_MAX, limit_within};
use crate::web::routing;
use crate::web::{Query, Web, sse};
use crate::work::{self, Filter, Reader};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Events of one page at most.
pub(in crate::shop::desk) const LIMIT_MAX: u32 = 1_000;
pub(in crate::shop::desk) const LIMIT_DEFAULT: u32 = 100;
/// A key or session also ends by time, which wakes nobody.
const STANDING_ASKED_EVERY: Duration = Duration::from_secs(10);

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/events").route(routing::get().to(list)))
        .service(routing::resource("/events/stream").route(routing::get().to(stream)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, stream), tags((name = "events", description = "Every change, in order and without gaps.")))]
pub struct ApiDocs;

/// The parameters of the feed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedQuery {
    /// The last sequence number you have; absent begins at the oldest there is.
    after: Option<u64>,
    /// 1 to 1,000; 100 if absent. A page of events that tell more than 4 MB together has fewer, with `has_more`.
    limit: Option<u32>,
    /// Kinds, separated by commas, such as `order.placed,customer.*`; all if absent. An unknown one is refused.
    kind: Option<String>,
    /// Only events about one record, such as `ord_…`.
    subject: Option<String>,
    /// The `log` of the page before: when the shop was restored since, the answer is 410 `events_rewound`.
    log: Option<String>,
}

/// Every kind of event, with a sentence.
pub fn kinds() -> Vec<(&'static str, &'static str)> {
    let floors = [
        customers::EVENTS,
        orders::EVENTS,
        orders::bulk::EVENTS,
        imports::EVENTS,
        downloads::EVENTS,
        backups::EVENTS,
        schedules::EVENTS,
        subscriptions::EVENTS,
        outreach::EVENTS,
        mail::EVENTS,
        messages::EVENTS,
        sites::EVENTS,
        work::EVENTS,
        access::events::EVENTS,
        access::profile::EVENTS,
    ];
    floors.concat().into_iter().map(|(kind, sentence)| (kind, sentence.trim())).collect()
}

/// # Errors
/// `unknown_kind`.
fn filter(kind: Option<&str>, subject: Option<String>) -> Result<Filter> {
    let wanted = kind.unwrap_or_default().split(',').map(str::trim).filter(|k| !k.is_empty());
    let wanted: Vec<String> = wanted.map(str::to_owned).collect();
    Kinds(kinds()).require(&wanted).map_err(|error| error.on("/kind"))?;
    Ok(Filter { kinds: wanted, subject })
}

/// The parameters of the stream.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The last sequence number you have; absent begins at the oldest there is. `Last-Event-ID` goes before it.
    after: Option<u64>,
    /// Kinds, separated by commas, such as `order.placed,customer.*`; all if absent. An unknown one is refused.
    kind: Option<String>,
    /// Only events about one record, such as `ord_…`.
    subject: Option<String>,
    /// The `log` of the page before: when the shop was restored since, the answer is 410 `events_rewound`.
    log: Option<String>,
}

/// A page of the feed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Feed {
    pub data: Vec<EventOut>,
    /// There is more now; also where nothing came, because of many events few are of the kinds that you want.
    pub has_more: bool,
    /// What to send as `after` next time; also when nothing came.
    pub next_after: u64,
    /// The newest sequence number there is.
    pub last_seq: u64,
    /// The oldest sequence number that is given. Below it the answer is 410 `events_gone`.
    pub oldest_seq: u64,
    /// The name of this log. A shop that was restored from a backup has another, and gives numbers again.
    pub log: String,
}

/// Reads the change feed
///
/// Every event after a sequence number, in order and without gaps. Keep `next_after` and come again. The feed goes back
/// 90 days unless the configuration says otherwise; a consumer that was away for longer is answered 410 `events_gone` with
/// where to go on, and nothing is ever passed over. One that is further than the log, because the shop was restored from a
/// backup, is answered 410 `events_rewound`; send `log` along to be told in any case.
#[utoipa::path(get, operation_id = "list_events", path = "/api/v1/events", tag = "events", params(FeedQuery),
    responses((status = 200, description = "Events", body = Feed), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["events:view"])))]
pub(super) async fn list(
    _caller: Caller<may::ViewEvents>,
    store: web::Data<Store>,
    query: Query<FeedQuery>,
) -> Result<HttpResponse> {
    let limit = limit_within(query.0.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let last_seq = store.last_seq();
    let wanted = filter(query.0.kind.as_deref(), query.0.subject)?;
    let (after, oldest_seq) = retention::place(&store, query.0.after, query.0.log.as_deref())?;
    let mut reader = Reader::new(store.get_ref().clone(), wanted, after);
    let (mut data, mut bytes) = (Vec::new(), 0);
    let mut left = reader.take(limit).await?.into_iter();
    while bytes < BYTES_MAX
        && let Some(event) = left.next()
    {
        let event = EventOut::new(event);
        bytes += serde_json::to_string(&event.data).map_err(Error::internal)?.len();
        data.push(event);
    }
    let is_cut = left.next().is_some();
    let last = data.last().map(|event| event.seq).filter(|_| is_cut);
    let next_after = last.unwrap_or(reader.at());
    Ok(HttpResponse::Ok().json(Feed {
        has_more: is_cut || !reader.is_at_end(),
        data,
        next_after,
        last_seq: last_seq.max(next_after),
        oldest_seq,
        log: retention::log_name(&store),
    }))
}

/// Streams the change feed
///
/// Server-Sent Events: `id` is the sequence number, `event` the kind. It begins after `after`, sends what there is and
/// then what comes. A client that comes back with `Last-Event-ID` goes on where it was. To hear only what is new, read
/// `last_seq` from the feed and begin there. The stream ends when the key is revoked and when the server stops; a key has
/// at most 16 at once, and one more ends the oldest of them. It is for programs with an HTTP client: the `EventSource` of a browser cannot send the key, and pages
/// of other origins are not let in.
#[utoipa::path(get, operation_id = "stream_events", path = "/api/v1/events/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last sequence number that came; libraries for Server-Sent Events send it by themselves.")),
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = String), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["events:view"])))]
pub(super) async fn stream(
    caller: Caller<may::ViewEvents>,
    request: HttpRequest,
    (store, front): (web::Data<Store>, web::Data<Web>),
    query: Query<StreamQuery>,
) -> Result<HttpResponse> {
    let (after, _) =
        retention::place(&store, sse::last_event_id(&request)?.or(query.0.after), query.0.log.as_deref())?;
    let wanted = filter(query.0.kind.as_deref(), query.0.subject)?;
    let mut reader = Reader::new(store.get_ref().clone(), wanted, after);
    let standing = caller.standing(&request)?;
    let name = caller.actor().id;
    Ok(sse::stream(&request, &front, name, |sender| async move {
        // A revocation is a change as well: it wakes the reader, and is seen before anything after it is sent.
        while standing.holds() {
            let Ok(batch) = reader.take(100).await else { return };
            if batch.is_empty() && reader.is_at_end() {
                tokio::select! {
                    () = reader.wait() => {}
                    () = tokio::time::sleep(STANDING_ASKED_EVERY) => {}
                }
            }
            for event in batch {
                let (seq, kind) = (event.seq, event.kind.clone());
                let Ok(data) = serde_json::to_string(&EventOut::new(event)) else { continue };
                if sender.send(seq, &kind, &data).await.is_err() {
                    return;
                }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_have_one_name_each_and_a_sentence() {
        let all = kinds();
        assert_eq!(all.iter().map(|(kind, _)| kind).collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|(_, sentence)| sentence.ends_with('.')), "{all:?}");
    }

    /// The kinds that events of the source give themselves.
    fn published() -> BTreeSet<String> {
        let (mut dirs, mut found) =
            (vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")], BTreeSet::new());
        while let Some(dir) = dirs.pop() {
            for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    // What tests publish is in no shop.
                    dirs.extend(Some(path).filter(|dir| !dir.ends_with("tests")));
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let code = text.split("\nmod tests {").next().unwrap_or_default();
                for body in code.split("fn kind(&self) -> &'static str {").skip(1) {
                    let kind = body.split('"').nth(1).filter(|_| body.trim_start().starts_with('"'));
                    found.extend(kind.filter(|kind| kind.contains('.')).map(str::to_owned));
                }
            }
        }
        found
    }

    #[test]
    fn every_kind_that_is_published_can_be_asked_for() {
        let published = published();
        assert!(published.len() > 5, "the rule reads the source: {published:?}");
        let known: BTreeSet<&str> = kinds().into_iter().map(|(kind, _)| kind).collect();
        let missing: Vec<_> = published.iter().filter(|kind| !known.contains(kind.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_kind_that_nothing_is_of_is_refused() {
        for known in ["order.placed", "order.*", "*", "key.revoked, staff.*", ""] {
            assert!(filter(Some(known), None).is_ok(), "{known}");
        }
        let refused = filter(Some("order.placd"), None).unwrap_err();
        assert_eq!(refused.code, "unknown_kind");
        assert!(refused.message.ends_with("Did you mean order.placed?"), "{}", refused.message);
        assert!(filter(Some("orders.*"), None).is_err());
    }
}
