//! `backroom search`: the same answer as the search box.

use crate::app::App;
use crate::base::error::Result;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::shop::desk::find::{Ask, answered, find, kinds_for};
use crate::web::listing::refusal;

/// Search as the search box does
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom search anna berg
  backroom search --json --limit 5 'status:open total:>100'

With --json, what GET /api/v1/search answers: {\"data\", …}.")]
pub(super) struct SearchArgs {
    /// Words in any order; the last one may be half typed
    #[arg(required = true, value_name = "QUERY")]
    pub(super) words: Vec<String>,
    /// Only this kind, such as order or customer; may be repeated
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Vec<String>,
    /// At most so many hits, 1 to 100
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) limit: u8,
    /// One line of JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

impl SearchArgs {
    /// What would be in the box.
    pub(super) fn query(&self) -> String {
        self.words.join(" ")
    }
}

/// Asks the box.
pub(super) fn run(args: &SearchArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let kinds = kinds_for(&args.kind.join(","), |_| true)?;
    let (text, zone) = (args.query(), app.shop.zone());
    let ask = Ask {
        prices: true,
        rows: None,
        people_first: false,
        text: &text,
        kinds: &kinds,
        limit: usize::from(args.limit),
        now: app.store.clock().now(),
        zone: &zone,
    };
    let found = find(&app.store, &app.search, &ask)?;
    if args.json {
        // A program is refused what it would otherwise take for "nothing found".
        if let Some(problem) = found.problems.first() {
            return Err(refusal(problem));
        }
        answer.json(&answered(&found, usize::from(args.limit)))?;
        return Ok(Exit::Ok);
    }
    for problem in &found.problems {
        answer.remark(&problem.message)?;
    }
    for (typed, used) in &found.corrected {
        answer.remark(format_args!("nothing found for {typed}, searched {used}"))?;
    }
    for hit in found.groups.iter().flat_map(|group| &group.hits) {
        answer.line(format_args!("{}  {}  {}", hit.title, hit.subtitle, hit.id))?;
    }
    Ok(Exit::Ok)
}
