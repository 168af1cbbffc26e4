//! What supervisors ask: whether the process lives, and whether the shop can be used.

use crate::access::Public;
use crate::search::Search;
use crate::shop::desk::backups::{Copies, Office, freshness};
use crate::store::Store;
use crate::web::routing;
use crate::work::schedules::Schedules;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// `/healthz` and `/readyz`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/healthz").route(routing::get().to(alive)))
        .service(routing::resource("/readyz").route(routing::get().to(ready)));
}

/// 200 as long as requests are answered at all.
async fn alive(_: Public) -> &'static str {
    "ok"
}

/// 200 when orders can be placed and found; 503 names what is missing. A degraded index is no reason to send
/// people away: lists answer from the store meanwhile.
/// An old backup and a schedule that failed are none either, but whoever watches sees it.
async fn ready(
    _: Public,
    store: web::Data<Store>,
    search: web::Data<Search>,
    office: web::Data<Office>,
    schedules: web::Data<Schedules>,
) -> HttpResponse {
    let can_read = store.read(|_| Ok(())).is_ok();
    let health = store.health();
    let word = |well: bool| if well { "ok" } else { "failing" };
    let index = if search.health().ready { "ok" } else { "degraded" };
    let is_ready = can_read && health.writable;
    let fresh = freshness(&office, &store, store.clock().now()).ok();
    let backup = if fresh.is_some_and(|fresh| !fresh.is_stale) { "ok" } else { "old" };
    let on_time = store.read(|s| schedules.in_trouble(s)).is_ok_and(|all| all.is_empty());
    let schedules = if on_time { "ok" } else { "failing" };
    let copies = match office.away().copies(store.clock().now(), store.created_at().ok()) {
        Copies::None => "none",
        Copies::Well => "ok",
        Copies::Behind => "behind",
        Copies::Shared => "shared",
    };
    let body = json!({
        "status": word(is_ready),
        "checks": {
            "store": word(can_read), "writes": word(health.writable), "index": index, "backup": backup,
            "schedules": schedules, "copies": copies,
        },
        "last_verified_backup_age_seconds": fresh.filter(|fresh| fresh.is_any).map(|fresh| fresh.age_ms / 1_000),
        // Of the newest moment that can be restored without this machine.
        "shipped_age_seconds": office.away().age_ms(store.clock().now(), store.created_at().ok()).map(|ms| ms / 1_000),
    });
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}
