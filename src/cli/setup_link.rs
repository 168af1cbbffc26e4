//! `backroom setup-link`: a new one-time link for the owner's account.

use crate::access;
use crate::app::App;
use crate::base::error::{Error, Result};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;

/// Print a link that creates the owner's account; it works once and for an hour
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom setup-link --data /var/lib/backroom")]
pub(super) struct SetupLinkArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

/// Makes a new link; an older one no longer works.
pub(super) fn run(_args: &SetupLinkArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    match access::setup_link(&app.store)? {
        Some(token) => {
            answer.line(format_args!("{}/setup/{token}", address(app)))?;
            Ok(Exit::Ok)
        }
        None => Err(Error::conflict(
            "owner_exists",
            "The shop has an owner. Use `backroom staff reset-password`.",
        )),
    }
}

/// The address people reach the shop at, as far as the configuration says.
pub(super) fn address(app: &App) -> String {
    let server = &app.settings.server;
    server.origin().unwrap_or_else(|| format!("http://{}", server.listen))
}
