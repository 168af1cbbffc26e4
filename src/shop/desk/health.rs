//! What supervisors ask: whether the process lives, and whether the shop can be used.

use crate::access::Public;
use crate::search::Search;
use crate::store::Store;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// `/healthz` and `/readyz`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/healthz").route(web::get().to(alive)))
        .service(web::resource("/readyz").route(web::get().to(ready)));
}

/// 200 as long as requests are answered at all.
async fn alive(_: Public) -> &'static str {
    "ok"
}

/// 200 when orders can be placed and found; 503 names what is missing. A degraded index is no reason to send
/// people away: lists answer from the store meanwhile.
async fn ready(_: Public, store: web::Data<Store>, search: web::Data<Search>) -> HttpResponse {
    let can_read = store.read(|_| Ok(())).is_ok();
    let health = store.health();
    let word = |well: bool| if well { "ok" } else { "failing" };
    let index = if search.health().ready { "ok" } else { "degraded" };
    let is_ready = can_read && health.writable;
    let body = json!({
        "status": word(is_ready),
        "checks": {"store": word(can_read), "writes": word(health.writable), "index": index},
    });
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}
