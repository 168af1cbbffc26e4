//! `backroom check`: prove that everything that must hold does.

use crate::app::App;
use crate::base::error::Result;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::registry;

/// Check the data: totals, indexes, counters, the event log
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  backroom check --data /var/lib/backroom

Ends with 0 when all is well and with 5 when something was found. Where no server runs, every page of the database is held
against its checksum too.
With --json, one line a finding: {\"check\", \"subject\", \"detail\"}.")]
pub(super) struct CheckArgs {
    /// JSON, one line a finding
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Proves the invariants of store and features and says what is wrong.
pub(super) fn run(args: &CheckArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let found = app.store.check(registry::CHECKS)?;
    for finding in &found {
        if args.json {
            answer.json(finding)?;
        } else {
            answer.line(format_args!("{}: {}", finding.place, finding.what))?;
        }
    }
    if found.is_empty() {
        if !args.json {
            answer.remark("no problem found")?;
        }
        return Ok(Exit::Ok);
    }
    Ok(Exit::Problems)
}
