//! The pages of webhooks: the list, a new one, one with what was attempted, one attempt.

mod forms;
mod show;

use super::desk::Outreach;
use super::ops::{self, Whole};
use crate::access::{Staff, may};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::web::parts::{Badge, Fill, Tone};
use crate::web::routing;
use crate::web::{Page, Pages, Shell};
use actix_web::{HttpResponse, web};
use serde::Serialize;

const PATH: &str = "/admin/webhooks";

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/admin/webhooks")
                .route(routing::get().to(list))
                .route(routing::post().to(forms::create)),
        )
        .service(routing::resource("/admin/webhooks/new").route(routing::get().to(forms::new)))
        .service(
            routing::resource("/admin/webhooks/{id}")
                .route(routing::get().to(show::show))
                .route(routing::post().to(forms::save)),
        )
        .service(routing::resource("/admin/webhooks/{id}/edit").route(routing::get().to(forms::edit)))
        .service(routing::resource("/admin/webhooks/{id}/pause").route(routing::post().to(forms::pause)))
        .service(routing::resource("/admin/webhooks/{id}/resume").route(routing::post().to(forms::resume)))
        .service(routing::resource("/admin/webhooks/{id}/rotate").route(routing::post().to(forms::rotate)))
        .service(routing::resource("/admin/webhooks/{id}/test").route(routing::post().to(forms::test)))
        .service(routing::resource("/admin/webhooks/{id}/replay").route(routing::post().to(forms::replay)))
        .service(
            routing::resource("/admin/webhooks/{id}/retry-failed")
                .route(routing::post().to(forms::retry_failed)),
        )
        .service(routing::resource("/admin/webhooks/{id}/remove").route(routing::post().to(forms::remove)))
        .service(
            routing::resource("/admin/webhooks/{id}/attempts/{attempt}")
                .route(routing::get().to(show::attempt))
                .route(routing::post().to(forms::send_again)),
        )
        .service(
            routing::resource("/admin/webhooks/{id}/jobs/{job}/cancel")
                .route(routing::post().to(forms::cancel)),
        );
}

/// An endpoint as the pages show it.
#[derive(Debug, Serialize)]
struct View {
    id: String,
    url: String,
    note: String,
    kinds: Vec<String>,
    badge: Badge,
    paused: Option<String>,
    since: Timestamp,
    failing_since: Option<Timestamp>,
    last_good_at: Option<Timestamp>,
    next_at: Option<Timestamp>,
    delivered: u64,
    failed: u64,
    waiting: u64,
    dead: u64,
    lag: u64,
    created_at: Timestamp,
    created_by: String,
    /// Until when the secret before the present one signs too.
    both_until: Option<Timestamp>,
}

impl View {
    fn of(whole: Whole, last_seq: u64, now: Timestamp) -> Self {
        let Whole { id, endpoint, subscription, fare, waiting, dead, next_at } = whole;
        let badge = match (&subscription.paused, fare.failing_since) {
            (Some(_), _) => Badge::new("Paused", Tone::Warn, Fill::Half),
            (None, Some(_)) => Badge::new("Failing", Tone::Bad, Fill::Full),
            (None, None) => Badge::new("Running", Tone::Ok, Fill::Full),
        };
        let both_until = endpoint.secrets.iter().filter_map(|kept| kept.until).find(|until| *until > now);
        Self {
            id: id.to_string(),
            lag: crate::work::subscriptions::lag(&subscription, last_seq),
            url: endpoint.url,
            note: endpoint.note,
            kinds: subscription.kinds,
            badge,
            paused: subscription.paused,
            since: subscription.since,
            failing_since: fare.failing_since,
            last_good_at: fare.last_good_at,
            next_at: next_at.filter(|_| waiting > 0),
            delivered: fare.delivered,
            failed: fare.failed,
            waiting,
            dead,
            created_at: endpoint.created_at,
            created_by: endpoint.created_by,
            both_until,
        }
    }
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        Self {
            id: "whe_1".to_owned(),
            url: format!("https://example.com/{evil}"),
            note: evil.clone(),
            kinds: vec!["order.*".to_owned()],
            badge: Badge::new("Paused", Tone::Warn, Fill::Half),
            paused: Some(evil.clone()),
            since: at,
            failing_since: Some(at),
            last_good_at: None,
            next_at: Some(at),
            delivered: 7,
            failed: 2,
            waiting: 3,
            dead: 4,
            lag: 5,
            created_at: at,
            created_by: evil,
            both_until: Some(at),
        }
    }
}

#[derive(Debug, Serialize)]
struct ListPage {
    rows: Vec<View>,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "outreach/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self { rows: vec![View::sample()] }
    }
}

/// `GET /admin/webhooks`
async fn list(
    me: Staff<may::ManageWebhooks>,
    store: web::Data<Store>,
    (pages, shell): (web::Data<Pages>, Shell),
) -> Result<HttpResponse> {
    let (all, last) = (store.read(ops::list)?, store.last_seq());
    let rows = all.into_iter().map(|whole| View::of(whole, last, me.now())).collect();
    pages.show(&shell, &ListPage { rows })
}

/// The parts that a change needs.
type Parts = (web::Data<Store>, web::Data<Outreach>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        assert!(renders::<ListPage>().contains("order.*"));
        assert!(renders::<forms::FormPage>().contains("order.placed"));
        assert!(renders::<forms::ReplayPage>().contains("events have happened"));
        assert!(renders::<show::ShowPage>().contains("whsec_"));
        assert!(renders::<show::AttemptPage>().contains("webhook-signature"));
    }
}
