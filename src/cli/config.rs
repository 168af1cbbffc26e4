//! `backroom config`: check the configuration, show what is in force, print the documented example.

use crate::base::error::Result;
use crate::cli::{Answer, Exit, Place};
use crate::config::{EXAMPLE, Entry, Flag};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Check, show or print the configuration
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Say everything that is wrong with file and environment, with place and remedy
    #[command(after_help = "Example:\n  backroom config check --config /etc/backroom/config.toml")]
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Print every setting with its value and where that came from; secrets are masked
    #[command(after_help = "\
Examples:
  backroom config show
  BACKROOM_STORE__CACHE_MB=256 backroom config show --json

With --json: {\"file\", \"settings\": [{\"key\", \"value\", \"from\", \"where\"}]}; `from` is default, file, environment,
credential or flag; `where` is file and line, variable, path or flag.")]
    Show {
        #[command(flatten)]
        place: Place,
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a file with every setting, its meaning and its default
    #[command(after_help = "Example:\n  backroom config default > config.toml")]
    Default,
}

pub(super) fn run(args: ConfigArgs, answer: &mut Answer) -> Result<Exit> {
    match args.verb {
        ConfigVerb::Check { place } => {
            let loaded = place.load(Vec::new())?;
            let source = loaded.file.map_or("no file".to_owned(), |f| f.display().to_string());
            answer.remark(format_args!("The configuration is right ({source})."))?;
        }
        ConfigVerb::Show { place, json } => {
            let loaded = place.load(Vec::<Flag>::new())?;
            if json {
                answer.json(&json!({ "file": loaded.file, "settings": loaded.entries }))?;
            } else {
                let rows: Vec<_> = loaded.entries.iter().map(|entry| row(answer, entry)).collect();
                answer.table(&rows)?;
            }
        }
        ConfigVerb::Default => answer.bytes(EXAMPLE.as_bytes())?,
    }
    Ok(Exit::Ok)
}

fn row(answer: &Answer, entry: &Entry) -> [String; 3] {
    let value = match &entry.value {
        Value::Null => "not set".to_owned(),
        value => value.to_string(),
    };
    [entry.key.clone(), value, answer.faint(&entry.origin)]
}
