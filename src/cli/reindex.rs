//! `backroom reindex`: build the search index anew.

use crate::cli::Place;

/// Build the search index anew; a running shop goes on meanwhile
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom reindex --data /var/lib/backroom")]
pub struct ReindexArgs {
    #[command(flatten)]
    pub place: Place,
}
