//! `backroom config`: check the configuration, show what is in force, print the documented example.

use crate::base::error::Result;
use crate::cli::{Answer, Exit, Place};
use crate::config::{EXAMPLE, Entry};
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
            let loaded = place.load_beside()?;
            loaded.settings.require_files()?;
            for secret in &loaded.missing {
                answer.remark(format_args!(
                    "{secret} is not set here. That is right where the service is given it by itself, as a credential or in its \
                     environment."
                ))?;
            }
            let source = loaded.file.map_or("no file".to_owned(), |f| f.display().to_string());
            answer.remark(format_args!("The configuration is right ({source})."))?;
        }
        ConfigVerb::Show { place, json } => {
            let loaded = place.load_beside()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);
    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        args: ConfigArgs,
    }
    /// What the command prints.
    fn printed(words: &[&str]) -> String {
        let page = Page::default();
        let mut answer = Answer::to(page.clone());
        let alone = Alone::try_parse_from([&["config"], words].concat()).unwrap();
        assert_eq!(run(alone.args, &mut answer).unwrap(), Exit::Ok);
        answer.finish().unwrap();
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_is_in_force_is_shown_with_its_place_and_without_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, "[log]\nlevel = \"debug\"\n[metrics]\ntoken = \"canary-51c9\"\n").unwrap();
        let path = file.to_str().unwrap();
        let text = printed(&["show", "--config", path, "--data", "/tmp/x"]);
        assert!(text.lines().any(|l| l.starts_with("log.level ") && l.ends_with("config.toml:2")), "{text}");
        assert!(text.lines().any(|l| l.starts_with("data.dir ") && l.ends_with("--data")), "{text}");
        assert!(text.contains("***") && !text.contains("canary"), "{text}");
        let json: Value = serde_json::from_str(&printed(&["show", "--json", "--config", path])).unwrap();
        assert_eq!(json["file"], path);
        let level = json["settings"].as_array().unwrap().iter().find(|s| s["key"] == "log.level").unwrap();
        assert_eq!((&level["value"], &level["from"]), (&json!("debug"), &json!("file")));
        assert_eq!(level["where"], format!("{path}:2"));
    }

    #[test]
    fn a_file_that_is_named_and_not_there_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, "[mail]\nhost = \"smtp.example.com\"\nca_file = \"/nonexistent.pem\"\n")
            .unwrap();
        let alone = Alone::try_parse_from(["config", "check", "--config", file.to_str().unwrap()]).unwrap();
        let refused = run(alone.args, &mut Answer::to(Page::default())).unwrap_err();
        assert_eq!((refused.code, refused.fields[0].pointer.as_str()), ("config_invalid", "mail.ca_file"));
        assert_eq!(Exit::of(&refused), Exit::Configuration);
    }

    #[test]
    fn the_printed_default_is_a_right_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, printed(&["default"])).unwrap();
        assert!(printed(&["check", "--config", file.to_str().unwrap()]).contains("is right"));
    }
}
