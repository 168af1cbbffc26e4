//! `backroom serve`: run the shop.

use crate::access;
use crate::app::{App, Front};
use crate::base::error::{Error, Result};
use crate::base::time::Clock;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::reach::{Door, require_owner};
use crate::cli::{Place, start_log};
use crate::config::{Flag, Secret};
use crate::limited;
use crate::routes;
use crate::workers;
use actix_web::HttpServer;
use actix_web::dev::Server;
use std::net::SocketAddr;
use std::path::Path;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Run the shop
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom serve
  backroom serve --listen 0.0.0.0:8080 --data /var/lib/backroom

The first start prints a link that creates the owner's account; it works once and for an hour.
Ctrl C or SIGTERM stops: running requests get 20 seconds to finish, copies that\nare being sent get 10; a second signal does not wait for requests.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Address and port to listen on (setting server.listen)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
}

impl ServeArgs {
    /// The flags that stand for settings.
    pub(super) fn flags(&self) -> Vec<Flag> {
        self.listen
            .iter()
            .map(|listen| Flag { name: "--listen", path: "server.listen", value: listen.clone() })
            .collect()
    }
}

/// Serves the shop until it is told to stop.
pub(super) fn run(args: &ServeArgs, answer: &mut Answer) -> Result<Exit> {
    let settings = args.place.load(args.flags())?.settings;
    start_log(&settings.log, answer.log_level())?;
    let data = settings.data.dir.as_deref().unwrap_or(Path::new(""));
    match require_owner(data) {
        // What is there could not be written by its owner any more.
        Err(error) if data.join("store.redb").exists() => return Err(error),
        // The shop may be root's own from now on, as in a container, so it is only said.
        Err(error) => tracing::warn!("{}", error.message),
        Ok(()) => {}
    }
    settings.require_files()?;
    let app = App::open(&settings, Clock::system())?;
    let behind = workers::start(&app);
    let served = serve(&app, answer, |address, answer| {
        answer.line(format_args!("backroom {}   data {}", env!("CARGO_PKG_VERSION"), app.dir.display()))?;
        let here = format!("http://{address}");
        let public = settings.server.origin();
        if public.is_some() {
            answer.line(format_args!("  listens  {here}"))?;
        }
        let url = public.unwrap_or(here);
        answer.line(format_args!("  admin    {url}/admin"))?;
        answer.line(format_args!("  api      {url}/api/docs"))?;
        if let Some(token) = access::setup_link(&app.store)? {
            answer.line(format_args!("  set up   {url}/setup/{token}   (1 hour, once)"))?;
        }
        answer.finish()
    });
    let closed = behind.close(&app);
    served?;
    closed?;
    tracing::info!("closed");
    Ok(Exit::Ok)
}

/// Answers until a signal comes. `hello` runs once the shop answers.
pub(super) fn serve(
    app: &App,
    answer: &mut Answer,
    hello: impl FnOnce(SocketAddr, &mut Answer) -> Result<()>,
) -> Result<()> {
    let door = Door::open(app)?;
    let importer = workers::start_importer(app);
    let backups = workers::backups::start(app);
    let shipping = workers::shipping::start(app);
    match app.sites.settle().and_then(|()| app.post.settle()) {
        // A shop whose disk is full is read all the same; what this sets going waits for a start with room.
        Err(error) if error.code == "storage_low" => tracing::warn!("{}", error.message),
        settled => settled?,
    }
    let work = app.outreach.work.start()?;
    let schedules = app.schedules.start();
    let served = actix_web::rt::System::new().block_on(answering(app, answer, hello));
    drop(schedules);
    drop(work);
    drop(backups);
    drop(importer);
    // Behind everything that writes, so that what was answered is shipped.
    drop(shipping);
    drop(door);
    served
}

async fn answering(
    app: &App,
    answer: &mut Answer,
    hello: impl FnOnce(SocketAddr, &mut Answer) -> Result<()>,
) -> Result<()> {
    let front = app.front()?;
    let (server, address) = listening(&front)?;
    let metrics = measured(&front)?;
    let handle = server.handle();
    // Before anybody is told that it answers: who reads that may end it at once.
    let mut signals = Signals::new()?;
    // Whoever reads nothing, or has no room for it, is served all the same.
    if let Err(error) = hello(address, answer) {
        tracing::warn!(
            code = error.code,
            "the start could not be told: {} {}",
            error.message,
            error.cause_chain()
        );
    }
    tracing::info!(%address, data = %app.dir.display(), "answering");
    let web = front.web.clone();
    let stop = async move {
        signals.next().await;
        tracing::info!("stopping");
        web.stop();
        // A second signal does not wait for running requests.
        tokio::select! {
            () = handle.stop(true) => {}
            () = signals.next() => handle.stop(false).await,
        }
    };
    actix_web::rt::spawn(stop);
    let ended = server.await;
    if let Some(metrics) = metrics {
        metrics.stop(false).await;
    }
    ended.map_err(Error::internal)
}

fn listening(front: &Front) -> Result<(Server, SocketAddr)> {
    let settings = front.web.settings();
    let own = front.clone();
    // One for all threads: what each of them makes anew stays in memory as often.
    let table = routes::table();
    let make = move || {
        let front = own.clone();
        front.web.app(front.shells.clone(), &table).configure(move |config| routes::parts(&front, config))
    };
    let listen = settings.listen.as_str();
    let taken = |e: std::io::Error| {
        Error::unavailable("address_taken", format!("Cannot listen on {listen}: {e}."), 1)
    };
    let server = limited!(HttpServer::new(make), settings).disable_signals().bind(listen).map_err(taken)?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| Error::internal("the server listens nowhere"))?;
    Ok((server.run(), address))
}

/// Starts the listener for metrics where one is configured.
fn measured(front: &Front) -> Result<Option<actix_web::dev::ServerHandle>> {
    let metrics = &front.app.settings.metrics;
    let Some(listen) = &metrics.listen else { return Ok(None) };
    let taken = |e: std::io::Error| {
        Error::unavailable("address_taken", format!("Cannot listen on {listen} for metrics: {e}."), 1)
    };
    let server =
        front.web.metrics().serve(listen, metrics.token.as_ref().map(Secret::reveal)).map_err(taken)?;
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(Some(handle))
}

/// What an administrator or a supervisor sends to end the program; from its making on nothing else ends it.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// The terminal is gone.
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let of = |kind| signal(kind).map_err(Error::internal);
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            hangup: of(SignalKind::hangup())?,
        })
    }
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
