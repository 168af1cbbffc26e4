//! The parts of this floor in one place, the app with its middlewares in order, and the server with its time limits.

use crate::base::error::Result;
use crate::base::time::{Clock, Zone};
use crate::web::client::Client;
use crate::web::flash::{self, Seal};
use crate::web::hosts::Hosts;
use crate::web::limits::{Budget, Caller, Limits, is_counted};
use crate::web::metrics::Metrics;
use crate::web::routing::{self, Routes, Table};
use crate::web::sse::Streams;
use crate::web::{Assets, Pages, Settings, Shell, ShellMaker, Told, cors, display, edge, guard, refusal};
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse, fn_service};
use actix_web::http::ConnectionType;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Compress, from_fn};
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
    told: Told,
    seal: Seal,
}

impl Web {
    /// Loads templates and assets.
    ///
    /// # Errors
    /// `invalid_setting`.
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
            told: Told::default(),
            seal: Seal::default(),
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
    /// Records as they were told last.
    pub fn told(&self) -> &Told {
        &self.0.told
    }
    /// What the messages of changes are sealed with.
    pub(super) fn seal(&self) -> &Seal {
        &self.0.seal
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

    /// The addresses of an app: this floor's (`/a/…`, `/favicon.ico`, `POST /admin/display`) and those that `add` adds.
    pub fn table(add: impl FnOnce(&mut Routes)) -> Table {
        let mut routes = Routes::default();
        add(&mut routes);
        routes
            .service(routing::resource("/a/{name:.*}").route(routing::get().to(asset)))
            .service(routing::resource("/favicon.ico").route(routing::get().to(favicon)))
            .service(routing::resource("/admin/display").route(routing::post().to(display::change)));
        routes.table()
    }

    /// The app with this floor's data and middlewares over these addresses; the floors above add their data to it.
    pub fn app(
        &self,
        shells: ShellMaker,
        table: &Table,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        let (web, table) = (self.clone(), table.clone());
        let answering = move |request| answered(web.clone(), table.clone(), request);
        // The one registered last is the outermost.
        App::new()
            .app_data(web::Data::new(self.clone()))
            .app_data(web::Data::new(self.0.pages.clone()))
            .app_data(web::Data::new(self.0.limits.clone()))
            .app_data(web::Data::new(self.0.metrics.clone()))
            .app_data(web::Data::new(shells))
            .default_service(fn_service(answering))
            .wrap(Compress::default())
            .wrap(from_fn(edge::edge))
    }
}

/// What happens to a request between its head and its handler, and to the answer on its way back. One function: a
/// middleware of the framework for each step would cost more than the steps do.
async fn answered(
    web: Web,
    table: Table,
    mut request: ServiceRequest,
) -> std::result::Result<ServiceResponse, actix_web::Error> {
    let is_last = guard::asks_for_websocket(request.headers());
    let admitted = guard::admit(&mut request, &web).and_then(|()| {
        address_budget(&request, &web).map_err(|error| Box::new(HttpResponse::from_error(error)))
    });
    let answer = match admitted {
        Ok(()) => counted(&web, table.answer(request).await),
        Err(refused) => ServiceResponse::new(request.into_parts().0, *refused),
    };
    let mut answer = refusal::dress(answer);
    flash::carry(&web, &mut answer);
    if is_last {
        // What stands behind it may be another request, or its body: nobody can tell.
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    compressible(&mut answer);
    Ok(answer)
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
        let workers = settings.workers.unwrap_or(cores).min(512);
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
    web.assets().serve(&request, routing::raw_value(&request, "name"))
}

/// Browsers ask for it on pages that name no icon.
async fn favicon(request: HttpRequest, web: web::Data<Web>) -> Result<HttpResponse> {
    let path = web.assets().path("img/favicon.svg")?.to_owned();
    web.assets().serve(&request, path.trim_start_matches("/a/"))
}

/// Addresses whose handlers ask for a key, and count by it.
const ASKING: &str = "/api/v1/";

/// Assets are free: they are cached for ever anyhow.
fn is_free(path: &str) -> bool {
    path.starts_with("/a/") || matches!(path, "/healthz" | "/readyz")
}

/// The budget of everybody who shows no key where one is asked for.
fn address_budget(request: &ServiceRequest, web: &Web) -> Result<()> {
    let path = request.path();
    let shows_key = request.headers().contains_key(header::AUTHORIZATION)
        && (path.starts_with(ASKING) || cors::is_storefront(path));
    if shows_key || is_free(path) { Ok(()) } else { take_address(request.request(), web) }
}

fn take_address(request: &HttpRequest, web: &Web) -> Result<()> {
    web.limits().take(request, Budget::Address, Caller::At(Client::of(request)))
}

/// What nothing was taken for, since it showed what looks like a key and nobody asked for it, counts by its address.
fn counted(web: &Web, answer: ServiceResponse) -> ServiceResponse {
    let request = answer.request();
    if is_free(request.path()) || is_counted(request) {
        return answer;
    }
    match take_address(request, web) {
        Ok(()) => answer,
        Err(error) => answer.into_response(HttpResponse::from_error(error)),
    }
}

/// What is small, compressed already or a stream of events is left as it is.
fn compressible(answer: &mut ServiceResponse) {
    let small = matches!(answer.response().body().size(), BodySize::Sized(n) if n < 1_024);
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let text = kind.starts_with("text/html") || kind.contains("json") || kind.starts_with("text/csv");
    let plain = small || !text;
    let headers = answer.headers_mut();
    if plain && !headers.contains_key(header::CONTENT_ENCODING) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    } else if !headers.contains_key(header::VARY) {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}
