//! `backroom check`: prove that everything that must hold does.

use crate::cli::Place;

/// Check the data: totals, indexes, counters, the event log
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  backroom check --data /var/lib/backroom

Ends with 0 when all is well and with 5 when something was found.
With --json, one line a finding: {\"check\", \"subject\", \"detail\"}.")]
pub struct CheckArgs {
    /// JSON, one line a finding
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}
