//! Numbers for Prometheus: requests by route, gauges that others hand in, on a listener of their own.

use crate::base::error::Error;
use actix_web::dev::Server;
use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// The `[metrics]` section: off until an address is given, never public by accident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port of `/metrics`, such as `127.0.0.1:9090`.
    pub listen: Option<String>,
}

/// Upper bounds of the answer times in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: &'static str,
}

/// Heads of requests that could not be read. The library tells of them in its log alone, which has no `Metrics`.
static HEADS_UNREADABLE: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Counts the head of a request that could not be read.
pub fn note_unreadable_head() {
    HEADS_UNREADABLE.inc();
}

/// All numbers of the program. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    running: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("backroom");
        let requests = Family::default();
        let seconds: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let running = Gauge::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_duration_seconds", "Time to the head of the answer", seconds.clone());
        registry.register("http_requests_running", "Requests being answered", running.clone());
        registry.register(
            "http_heads_unreadable",
            "Heads of requests that could not be read, or did not come in time",
            HEADS_UNREADABLE.clone(),
        );
        registry.register_collector(Box::new(Process));
        Self(Arc::new(Inner { registry: Mutex::new(registry), requests, seconds, running }))
    }

    /// Lets a floor register its own counters; names get the prefix `backroom_`.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.0.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the program says of itself: `backroom_build_info` with these labels.
    pub fn built(&self, labels: &[(&'static str, &'static str)]) {
        let info = prometheus_client::metrics::info::Info::new(labels.to_vec());
        self.register(|registry| registry.register("build", "What is running", info));
    }

    /// A number that is asked for at each scrape. `name` has its unit at the end, without prefix.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        let asked = Asked { name, help, read: Box::new(read) };
        self.register(|registry| registry.register_collector(Box::new(asked)));
    }

    pub(super) fn begin(&self) {
        self.0.running.inc();
    }
    pub(super) fn end(&self) {
        self.0.running.dec();
    }
    pub(super) fn count(&self, method: &Method, route: &'static str, status: StatusCode, took: Duration) {
        // A made-up method must not make a new series.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        let method = known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        let request = Request { method, route, status: status.as_u16() };
        self.0.requests.get_or_create(&request).inc();
        self.0.seconds.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
    }

    /// The text of a scrape.
    ///
    /// # Errors
    /// `Internal` when a number cannot be written.
    pub fn text(&self) -> crate::base::error::Result<String> {
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry).map_err(Error::internal)?;
        Ok(text)
    }

    /// A server for `/metrics` alone, on its own address. With a token only readers who send it are answered.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn serve(&self, listen: &str, token: Option<&str>) -> std::io::Result<Server> {
        let metrics = web::Data::new(self.clone());
        let token = web::Data::new(Token(token.map(str::to_owned)));
        let app = move || {
            App::new()
                .app_data(metrics.clone())
                .app_data(token.clone())
                .route("/metrics", web::get().to(scrape))
        };
        let server = HttpServer::new(app).workers(1).max_connections(64).disable_signals();
        Ok(server.bind(listen)?.run())
    }
}

/// What readers of the metrics have to send, where something is asked.
struct Token(Option<String>);

impl Token {
    fn opens(&self, request: &HttpRequest) -> bool {
        let Some(wanted) = &self.0 else { return true };
        let sent = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let given = sent.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        // The same time for every wrong one, of whatever length.
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        given.is_some_and(|(_, token)| bool::from(digest(token.trim()).ct_eq(&digest(wanted))))
    }
}

async fn scrape(
    request: HttpRequest,
    metrics: web::Data<Metrics>,
    token: web::Data<Token>,
) -> crate::base::error::Result<HttpResponse> {
    if !token.opens(&request) {
        return Ok(HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish());
    }
    Ok(HttpResponse::Ok().content_type(OPENMETRICS).body(metrics.text()?))
}

struct Asked {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metric = encoder.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?;
        ConstGauge::new((self.read)()).encode(metric)
    }
}

/// What the system says about this process, where it says it (Linux).
#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(bytes) = resident_bytes() {
            let help = "Memory in use";
            let metric =
                encoder.encode_descriptor("process_resident_memory_bytes", help, None, MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(metric)?;
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            let help = "Open files and sockets";
            let metric = encoder.encode_descriptor("process_open_fds", help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(files.count()).unwrap_or(i64::MAX)).encode(metric)?;
        }
        Ok(())
    }
}

/// Resident memory in bytes.
pub fn resident_bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kb: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kb * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(7);
        metrics.count(&Method::GET, "/admin/orders/{id}", StatusCode::OK, took);
        metrics.count(&Method::GET, "/admin/orders/{id}", StatusCode::OK, took);
        metrics.count(&Method::from_bytes(b"BREW").unwrap(), "-", StatusCode::NOT_FOUND, took);
        metrics.gauge("search_index_lag_seconds", "How far the index is behind", || 1.5);
        let text = metrics.text().unwrap();
        let line =
            "backroom_http_requests_total{method=\"GET\",route=\"/admin/orders/{id}\",status=\"200\"} 2";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("method=\"other\"") && !text.contains("BREW"));
        assert!(text.contains("backroom_search_index_lag_seconds 1.5"));
        assert!(text.contains("le=\"0.01\"") && text.contains("process_resident_memory_bytes"));
    }
}
