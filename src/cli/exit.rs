//! The exit codes: a contract with scripts, so they stand in one place.

use crate::base::error::{Error, Kind};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 2,
    Configuration = 3,
    /// `check` found problems, the data is damaged, or a backup is no good.
    Problems = 5,
    /// Temporary: the same command may work later.
    TryAgain = 75,
    /// The data was written by a newer version of the program.
    Format = 78,
}

impl Exit {
    /// What an error means to a script.
    pub fn of(error: &Error) -> Self {
        match (error.code, error.kind) {
            // The reader of our output has seen enough.
            (CLOSED_PIPE, _) => Self::Ok,
            ("usage", _) => Self::Usage,
            ("store_format_newer" | "backup_format_newer", _) => Self::Format,
            ("store_damaged" | "backup_damaged" | "backup_unsound" | "not_a_backup", _) => Self::Problems,
            // Files that cannot be read or written stay so until somebody does something about it.
            ("store_io" | "backup_io", _) => Self::Failed,
            ("store_locked", _) | (_, Kind::Unavailable | Kind::TooMany) => Self::TryAgain,
            (code, _) if code.starts_with("config_") => Self::Configuration,
            _ => Self::Failed,
        }
    }
}

impl Exit {
    /// The end of a command that ran in another process.
    pub(super) fn from_code(code: u8) -> Self {
        [Self::Ok, Self::Usage, Self::Configuration, Self::Problems, Self::TryAgain, Self::Format]
            .into_iter()
            .find(|exit| *exit as u8 == code)
            .unwrap_or(Self::Failed)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The code word of an answer nobody reads to its end, as with `| head`.
pub(super) const CLOSED_PIPE: &str = "closed_pipe";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_can_tell_failures_apart() {
        for (error, exit) in [
            (Error::invalid("config_invalid", ""), 3),
            (Error::invalid("validation", ""), 1),
            (Error::invalid("usage", ""), 2),
            (Error::conflict("store_format_newer", ""), 78),
            (Error::conflict("backup_format_newer", ""), 78),
            (Error::invalid("backup_damaged", ""), 5),
            (Error::conflict("store_locked", ""), 75),
            (Error::unavailable("store_busy", "", 1), 75),
            (Error::unavailable("store_io", "", 1), 1),
            (Error::unavailable("backup_io", "", 1), 1),
            (Error::internal(std::io::Error::other("x")), 1),
            (Error::invalid(CLOSED_PIPE, ""), 0),
        ] {
            assert_eq!(Exit::of(&error) as u8, exit, "{}", error.code);
        }
    }
}
