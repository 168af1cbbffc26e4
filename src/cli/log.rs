//! The log: to standard error, as text for people on a terminal and as JSON for programs.

use crate::base::error::{Error, Result};
use crate::cli::answer::has_colours;
use crate::cli::log_line::Lines;
use crate::cli::log_noise::Noise;
use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log of this process, once. `level` comes before the configuration's, as `--verbose` does.
///
/// # Errors
/// `config_invalid` for a level that is none, `log_started` when it has been started before.
pub fn start(settings: &Log, level: Option<&str>) -> Result<()> {
    let levels: Targets = level.unwrap_or(&settings.level).parse().map_err(|e| {
        Error::invalid("config_invalid", "log.level: give error, warn, info, debug or trace.").because(e)
    })?;
    let most = levels.iter().map(|(_, level)| level).chain(levels.default_level()).max();
    let most = most.unwrap_or(LevelFilter::OFF);
    let noise = Noise { shown: most >= LevelFilter::DEBUG };
    let is_terminal = std::io::stderr().is_terminal();
    // Where the log cannot be written, as on a full disk, nobody can be told of that, and trying to would end the thread.
    let builder = tracing_subscriber::fmt()
        .with_max_level(most)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let started = if is_json(settings.format, is_terminal) {
        builder.event_format(Lines).finish().with(levels).with(noise).try_init()
    } else {
        builder
            .with_ansi(has_colours(is_terminal))
            .with_target(false)
            .finish()
            .with(levels)
            .with(noise)
            .try_init()
    };
    started.map_err(|e| Error::conflict("log_started", "The log has been started already.").because(e))?;
    // A fault of the program that is caught is told as "in the log".
    std::panic::set_hook(Box::new(|panic| tracing::error!("a fault of the program: {panic}")));
    Ok(())
}

fn is_json(format: LogFormat, is_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !is_terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_text_and_programs_json() {
        assert!(is_json(LogFormat::Auto, false) && !is_json(LogFormat::Auto, true));
        assert!(is_json(LogFormat::Json, true) && !is_json(LogFormat::Text, false));
    }
}
