//! The parts of this floor in one place, the app with its middlewares in order, and the server with its time limits.

use crate::base::error::{Error, Result};
use crate::base::time::{Clock, Zone};
use crate::web::client::Client;
use crate::web::hosts::Hosts;
use crate::web::limits::{Budget, Caller, Limits};
use crate::web::metrics::Metrics;
use crate::web::refusal::refuse;
use crate::web::sse::Streams;
use crate::web::{Assets, Pages, Settings, Shell, ShellMaker, display, edge, guard, refusal};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, web};
use std::sync::Arc;
use std::time::Duration;

/// What every request needs: settings, templates, assets, limits, counters. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    settings: Settings,
    origin: Option<String>,
    hosts: Hosts,
    clock: Clock,
    assets: Assets,
    pages: Pages,
    limits: Limits,
    metrics: Metrics,
    stopping: tokio::sync::watch::Sender<bool>,
    streams: Streams,
}

impl Web {
    /// Loads templates and assets.
    ///
    /// # Errors
    /// `invalid_setting`; `Internal` for a broken template.
    pub fn new(settings: Settings, clock: Clock, metrics: Metrics) -> Result<Self> {
        settings.check()?;
        let assets = Assets::load();
        let pages = Pages::load(&assets)?;
        let limits = Limits::new(&settings.limits);
        let (origin, hosts) = (settings.origin(), Hosts::of(&settings));
        Ok(Self(Arc::new(Inner {
            settings,
            origin,
            hosts,
            clock,
            assets,
            pages,
            limits,
            metrics,
            stopping: tokio::sync::watch::Sender::new(false),
            streams: Streams::default(),
        })))
    }
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn pages(&self) -> &Pages {
        &self.0.pages
    }
    pub fn assets(&self) -> &Assets {
        &self.0.assets
    }
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
    /// The open streams of each caller.
    pub fn streams(&self) -> &Streams {
        &self.0.streams
    }
    /// Lets answers that never end by themselves end now: the server is about to stop.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }
    /// Waits until the server is about to stop.
    pub async fn stopping(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives as long as this does: there is no error to come.
        let _stopped = stopping.wait_for(|stopping| *stopping).await;
    }
    pub(super) fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }
    /// Whether a host that a request names may be written into its answer: nobody but us can have it.
    pub fn vouches_for(&self, host: &str) -> bool {
        self.0.hosts.vouch_for(host)
    }
    pub(super) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// An address of this server as others reach it: `public_url` and a path.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin.as_deref().unwrap_or_default())
    }

    /// A shell without a person, for answers that are made without the request.
    pub(super) fn bare_shell(&self, path: &str, request_id: &str) -> Shell {
        Shell::bare(path, request_id, &Zone::utc(), self.0.clock.now())
    }

    /// The app with this floor's data, routes and middlewares; the floors above add theirs to it.
    /// Its routes: `/a/…`, `/favicon.ico`, `POST /admin/display`. Everything unknown is 404 or 405.
    pub fn app(
        &self,
        shells: ShellMaker,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        // The one registered last is the outermost.
        App::new()
            .app_data(web::Data::new(self.clone()))
            .app_data(web::Data::new(self.0.pages.clone()))
            .app_data(web::Data::new(self.0.limits.clone()))
            .app_data(web::Data::new(self.0.metrics.clone()))
            .app_data(web::Data::new(shells))
            .service(web::resource("/a/{name:.*}").route(web::get().to(asset)))
            .service(web::resource("/favicon.ico").route(web::get().to(favicon)))
            .service(web::resource("/admin/display").route(web::post().to(display::change)))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(address_budget))
            .wrap(from_fn(guard::guard))
            .wrap(from_fn(refusal::dress))
            .wrap(from_fn(compressible))
            .wrap(Compress::default())
            .wrap(from_fn(edge::edge))
    }
}

/// Sets the time limits that actix has switches for; the rest is in `guard.rs`. A macro, because the type of a
/// server names every type of its app.
///
/// `limited!(HttpServer::new(app), &settings)` gives the server, still to be bound.
#[macro_export]
macro_rules! limited {
    ($server:expr, $settings:expr) => {{
        let settings: &$crate::web::Settings = $settings;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let workers = settings.workers.unwrap_or(cores);
        $server
            .workers(workers)
            .max_connections($crate::web::descriptors::connections(settings.max_connections, workers))
            .backlog(1_024)
            .keep_alive(std::time::Duration::from_secs(15))
            .client_request_timeout(std::time::Duration::from_secs(5))
            .client_disconnect_timeout(std::time::Duration::from_secs(5))
            .shutdown_timeout(20)
            .on_connect($crate::web::server::on_connect)
    }};
}

/// How long sent bytes may wait for a client that does not read.
const UNREAD: Duration = Duration::from_secs(30);

/// Limits a fresh connection: one that takes nothing for 30 seconds is closed by the kernel.
pub fn on_connect(connection: &dyn std::any::Any, _: &mut actix_web::dev::Extensions) {
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>() {
        unread_limit(stream);
    }
}

#[cfg(target_os = "linux")]
fn unread_limit(stream: &tokio::net::TcpStream) {
    let ms = u32::try_from(UNREAD.as_millis()).unwrap_or(30_000);
    // A kernel without it only keeps a dead client longer.
    let _set = rustix::net::sockopt::set_tcp_user_timeout(stream, ms);
}

#[cfg(not(target_os = "linux"))]
fn unread_limit(_: &tokio::net::TcpStream) {}

async fn asset(request: HttpRequest, web: web::Data<Web>) -> Result<HttpResponse> {
    web.assets().serve(&request, request.match_info().get("name").unwrap_or_default())
}

/// Browsers ask for it on pages that name no icon.
async fn favicon(request: HttpRequest, web: web::Data<Web>) -> Result<HttpResponse> {
    let path = web.assets().path("img/favicon.svg")?.to_owned();
    web.assets().serve(&request, path.trim_start_matches("/a/"))
}

/// A path that exists with another method is 405, any other 404.
async fn nothing_here(request: HttpRequest) -> Result<HttpResponse> {
    if request.resource_map().has_resource(request.path()) {
        return Err(Error::invalid("method_not_allowed", "This address does not take that method."));
    }
    Err(Error::refuse(crate::base::error::Kind::NotFound, "not_found", "There is nothing at this address."))
}

/// Middleware: the budget of everybody who shows no key. Assets are free: they are cached for ever anyhow.
async fn address_budget<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let free = request.headers().contains_key(header::AUTHORIZATION)
        || request.path().starts_with("/a/")
        || matches!(request.path(), "/healthz" | "/readyz");
    if !free && let Some(limits) = request.app_data::<web::Data<Limits>>() {
        let client = Client::of(request.request());
        if let Err(error) = limits.take(request.request(), Budget::Address, Caller::At(client)) {
            return Ok(refuse(request, error).map_into_right_body());
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

/// Middleware inside `Compress`: what is small, compressed already or a stream of events is left as it is.
async fn compressible<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<B>, actix_web::Error> {
    let mut answer = next.call(request).await?;
    let small = matches!(answer.response().body().size(), actix_web::body::BodySize::Sized(n) if n < 1_024);
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let text = kind.starts_with("text/html") || kind.contains("json") || kind.starts_with("text/csv");
    let plain = small || !text;
    let headers = answer.headers_mut();
    if plain && !headers.contains_key(header::CONTENT_ENCODING) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    } else if !headers.contains_key(HeaderName::from_static("vary")) {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    Ok(answer)
}
