//! The command line: a file a verb. Each verb reads its arguments, calls the rooms below and writes its answer.

mod answer;
mod completions;
mod config;
pub mod demo;
mod exit;
mod log;
mod place;
mod version;

// What the verbs take whose wiring follows their floors.
mod check;
mod export;
mod import;
mod key;
mod openapi;
mod reindex;
mod search;
mod serve;
mod setup_link;
mod staff;

pub use answer::Answer;
pub use check::CheckArgs;
pub use exit::Exit;
pub use export::{ExportArgs, ExportFormat, ExportWhat};
pub use import::{ImportArgs, ImportSource, ImportWhat, OnError};
pub use key::{KeyArgs, KeyVerb};
pub use log::start as start_log;
pub use openapi::OpenapiArgs;
pub use place::Place;
pub use reindex::ReindexArgs;
pub use search::SearchArgs;
pub use serve::ServeArgs;
pub use setup_link::SetupLinkArgs;
pub use staff::{StaffArgs, StaffVerb, password_from};

use crate::base::error::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;

/// The whole back office of a small web shop in one executable.
#[derive(Debug, Parser)]
#[command(
    name = "backroom",
    version,
    disable_version_flag = true,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = AFTER_HELP
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Print the version and exit
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: (),
    /// Say only what goes wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more on standard error; -vv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 done   1 failed   2 wrong usage   3 wrong configuration   5 check found problems
  75 try again later   78 the data was written by a newer version

`backroom <command> --help` shows an example.";

/// A verb stands here once it works, never before.
#[derive(Debug, Subcommand)]
enum Verb {
    Config(config::ConfigArgs),
    Version(version::VersionArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the program with the arguments of its caller, the program's name first, and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refused) => return answer::usage(&refused),
    };
    let mut answer = Answer::new(cli.quiet, cli.verbose);
    let done = cli.verb.run(&mut answer).and_then(|exit| answer.finish().map(|()| exit));
    done.unwrap_or_else(|error| {
        answer::complain(&error);
        Exit::of(&error)
    })
}

impl Verb {
    fn run(self, answer: &mut Answer) -> Result<Exit> {
        match self {
            Self::Config(args) => config::run(args, answer),
            Self::Version(args) => version::run(args, answer),
            Self::Completions(args) => completions::run(args, Cli::command(), answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verb with its subverbs, as `backroom staff add`.
    fn commands(command: &clap::Command, path: &str, out: &mut Vec<(String, clap::Command)>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name());
            out.push((path.clone(), sub.clone()));
            commands(sub, &path, out);
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_sentence_and_an_example() {
        let mut all = Vec::new();
        commands(&Cli::command(), "backroom", &mut all);
        for (path, mut command) in all {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{path}: {about}");
            if command.get_subcommands().next().is_none() {
                let help = command.render_long_help().to_string();
                assert!(help.contains("Example") && help.contains(&format!("  {path}")), "{path}:\n{help}");
            }
        }
    }
}
