//! `backroom setup-link`: a new one-time link for the owner's account.

use crate::cli::Place;

/// Print a link that creates the owner's account; it works once and for an hour
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom setup-link --data /var/lib/backroom")]
pub struct SetupLinkArgs {
    #[command(flatten)]
    pub place: Place,
}
