//! `backroom reindex`: build the search index anew.

use crate::app::App;
use crate::base::error::Result;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::search::no_room;
use std::time::Duration;

/// Build the search index anew; a running shop goes on meanwhile
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom reindex --data /var/lib/backroom")]
pub(super) struct ReindexArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

/// Asks for a new index and waits until it is there.
pub(super) fn run(_args: &ReindexArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    app.search.reindex();
    loop {
        let health = app.search.health();
        if health.ready && !health.rebuilding {
            break;
        }
        if health.waits_for_room {
            // A shop that is served goes on asking.
            return Err(no_room());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    app.search.flush()?;
    if app.search.health().waits_for_room {
        return Err(no_room());
    }
    answer.remark(format_args!("{} documents in the index", app.search.health().docs))?;
    Ok(Exit::Ok)
}
