//! `backroom search`: the same answer as the search box.

use crate::cli::Place;

/// Search as the search box does
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom search anna berg
  backroom search --json --limit 5 'status:open total:>100'

With --json, one line a hit: {\"kind\", \"id\", \"title\", \"line\"}.")]
pub struct SearchArgs {
    /// Words in any order; the last one may be half typed
    #[arg(required = true, value_name = "QUERY")]
    pub words: Vec<String>,
    /// Only this kind, such as order or customer; may be repeated
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// At most so many hits, 1 to 100
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub limit: u8,
    /// JSON, one line a hit
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

impl SearchArgs {
    /// What would be in the box.
    pub fn query(&self) -> String {
        self.words.join(" ")
    }
}
