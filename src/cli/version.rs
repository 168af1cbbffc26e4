//! `backroom version`: which program this is.

use crate::base::error::Result;
use crate::cli::{Answer, Exit};
use clap::Args;
use serde_json::json;

/// Print the version
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  backroom version --json

With --json: {\"version\", \"revision\", \"system\"}; `revision` is null when the build did not say.")]
pub(super) struct VersionArgs {
    /// One line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: VersionArgs, answer: &mut Answer) -> Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    // Set by the build that is published.
    let revision = option_env!("BACKROOM_REVISION");
    let system = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    if args.json {
        answer.json(&json!({ "version": version, "revision": revision, "system": system }))?;
    } else {
        let origin = revision.map_or_else(|| system.clone(), |r| format!("{r}, {system}"));
        answer.line(format_args!("backroom {version} ({origin})"))?;
    }
    Ok(Exit::Ok)
}
