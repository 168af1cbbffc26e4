//! The command line: a file a verb. Each verb reads its arguments, calls the rooms below and writes its answer.

mod answer;
mod exit;
mod log;
mod log_line;
mod log_noise;
mod place;
mod progress;
mod reach;

pub mod demo;
mod serve;

mod backup;
mod check;
mod completions;
mod config;
mod export;
mod import;
mod key;
mod openapi;
mod recover;
mod reindex;
mod search;
mod setup_link;
mod sites;
mod staff;
mod version;

pub use answer::Answer;
pub use exit::Exit;
pub use log::start as start_log;
pub use place::Place;

use crate::app::App;
use crate::base::error::{Error, Result};
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
  0 done   1 failed   2 wrong usage   3 wrong configuration   5 check found problems, damaged data or backup
  75 try again later   78 the data was written by a newer version

`backroom <command> --help` shows an example.";

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Staff(staff::StaffArgs),
    Key(key::KeyArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Search(search::SearchArgs),
    Sites(sites::SitesArgs),
    Backup(backup::BackupArgs),
    Check(check::CheckArgs),
    Reindex(reindex::ReindexArgs),
    Recover(recover::RecoverArgs),
    SetupLink(setup_link::SetupLinkArgs),
    Config(config::ConfigArgs),
    Openapi(openapi::OpenapiArgs),
    Version(version::VersionArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the program with the arguments of its caller, the program's name first, and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refused) => return answer::usage(&refused),
    };
    // What this program writes holds names and addresses: files and directories are for its own user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let mut answer = Answer::new(cli.quiet, cli.verbose);
    let done = cli.verb.run(&mut answer).and_then(|exit| answer.finish().map(|()| exit));
    done.unwrap_or_else(|error| {
        answer::complain(&error);
        Exit::of(&error)
    })
}

/// The verb of a command line that another process sent.
fn verb_of(arguments: Vec<String>) -> Option<Verb> {
    Cli::try_parse_from(arguments).ok().map(|cli| cli.verb)
}

impl Verb {
    fn run(self, answer: &mut Answer) -> Result<Exit> {
        match self {
            Self::Demo(args) => demo::run(&args, answer),
            Self::Serve(args) => serve::run(&args, answer),
            Self::Config(args) => config::run(args, answer),
            Self::Openapi(args) => openapi::run(&args, answer),
            Self::Version(args) => version::run(args, answer),
            Self::Completions(args) => completions::run(args, Cli::command(), answer),
            Self::Recover(args) => recover::run(&args, answer),
            Self::Backup(args) if !args.opens_the_shop() => backup::run_beside(&args, answer),
            on_a_shop => {
                let place = on_a_shop.place()?.clone();
                reach::with_shop(&place, on_a_shop, answer)
            }
        }
    }

    /// Where the data of a verb is that works on a shop.
    fn place(&self) -> Result<&Place> {
        Ok(match self {
            Self::Staff(args) => &args.place,
            Self::Key(args) => &args.place,
            Self::Import(args) => &args.place,
            Self::Export(args) => &args.place,
            Self::Search(args) => &args.place,
            Self::Sites(args) => &args.place,
            Self::Backup(args) => &args.place,
            Self::Check(args) => &args.place,
            Self::Reindex(args) => &args.place,
            Self::SetupLink(args) => &args.place,
            _ => return Err(Error::invalid("usage", "This command does not work on a shop's data.")),
        })
    }

    /// Whether the verb only says what it would do.
    fn only_tries(&self) -> bool {
        matches!(self, Self::Import(args) if args.dry_run)
    }

    /// Whether the verb makes a shop where there is none: it adds something. A mistyped directory is no shop.
    fn makes_a_shop(&self) -> bool {
        match self {
            Self::Staff(args) => matches!(args.verb, staff::StaffVerb::Add { .. }),
            Self::Key(args) => matches!(args.verb, key::KeyVerb::Create { .. }),
            Self::Import(_) | Self::SetupLink(_) => true,
            _ => false,
        }
    }

    /// Whether the verb reads its standard input: the password of an account.
    fn reads_input(&self) -> bool {
        matches!(
            self,
            Self::Staff(args) if matches!(args.verb, staff::StaffVerb::Add { .. } | staff::StaffVerb::ResetPassword { .. })
        )
    }

    /// Runs a verb on an open shop, here or in the server.
    fn on(self, app: &App, answer: &mut Answer) -> Result<Exit> {
        match self {
            Self::Staff(args) => staff::run(args, app, answer),
            Self::Key(args) => key::run(args, app, answer),
            Self::Import(args) => import::run(&args, app, answer),
            Self::Export(args) => export::run(&args, app, answer),
            Self::Search(args) => search::run(&args, app, answer),
            Self::Sites(args) => sites::run(args, app, answer),
            Self::Backup(args) => backup::run(&args, app, answer),
            Self::Check(args) => check::run(&args, app, answer),
            Self::Reindex(args) => reindex::run(&args, app, answer),
            Self::SetupLink(args) => setup_link::run(&args, app, answer),
            _ => Err(Error::invalid("usage", "This command does not work on a shop's data.")),
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
