//! `backroom completions`: the script that lets a shell complete commands and flags.

use crate::base::error::Result;
use crate::cli::{Answer, Exit};
use clap::{Args, Command};
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  backroom completions bash > /etc/bash_completion.d/backroom")]
pub(super) struct CompletionsArgs {
    shell: Shell,
}

pub(super) fn run(args: CompletionsArgs, mut command: Command, answer: &mut Answer) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "backroom", &mut script);
    answer.bytes(&script)?;
    Ok(Exit::Ok)
}
