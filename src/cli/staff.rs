//! `backroom staff`: accounts without the web, for the owner with access to the machine.

use crate::base::error::{Error, Result};
use crate::cli::Place;
use std::io::Read;

/// Add and manage staff accounts
#[derive(Clone, Debug, clap::Args)]
pub struct StaffArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub verb: StaffVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum StaffVerb {
    /// Add an account; the password is the first line of standard input
    #[command(after_help = "\
Examples:
  printf %s \"$PASSWORD\" | backroom staff add --email anna@example.com --name \"Anna Berg\" --role owner
  backroom staff add --email ben@example.com --name Ben --role packer --invite")]
    Add {
        #[arg(long)]
        email: String,
        /// As it stands under notes and in the audit log
        #[arg(long)]
        name: String,
        /// owner, manager, support, packer or read_only
        #[arg(long, default_value = "support")]
        role: String,
        /// Print a link to set a password with, instead of reading one
        #[arg(long)]
        invite: bool,
        /// One line of JSON: {"id", "email", "name", "role", "link"}
        #[arg(long)]
        json: bool,
    },
    /// List all accounts
    #[command(after_help = "\
Example:
  backroom staff list --json

With --json, one line an account: {\"id\", \"email\", \"name\", \"role\", \"is_active\", \"last_seen_at\"}.")]
    List {
        /// JSON, one line an account
        #[arg(long)]
        json: bool,
    },
    /// Deactivate an account and end its sessions; nothing it did is lost
    #[command(after_help = "Example:\n  backroom staff deactivate ben@example.com")]
    Deactivate { email: String },
    /// Let a deactivated account sign in again
    #[command(after_help = "Example:\n  backroom staff activate ben@example.com")]
    Activate { email: String },
    /// Set a new password, the first line of standard input, and end all sessions
    #[command(
        after_help = "Example:\n  printf %s \"$PASSWORD\" | backroom staff reset-password anna@example.com"
    )]
    ResetPassword { email: String },
    /// Sign an account out everywhere
    #[command(after_help = "Example:\n  backroom staff end-sessions anna@example.com")]
    EndSessions { email: String },
}

/// The longest password that is read.
const PASSWORD_LEN_MAX: usize = 1_024;

/// The first line of `input`, without its line end.
///
/// # Errors
/// `password_missing` when there is none, `password_too_long` beyond 1,024 bytes.
pub fn password_from(input: &mut impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    input
        .take(PASSWORD_LEN_MAX as u64 + 3)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::invalid("password_missing", "The password could not be read.").because(e))?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > PASSWORD_LEN_MAX {
        return Err(Error::invalid("password_too_long", "Use a password of at most 1,024 bytes."));
    }
    match std::str::from_utf8(line) {
        Ok("") => Err(Error::invalid("password_missing", "Give the password on standard input.")),
        Ok(text) => Ok(text.to_owned()),
        Err(e) => Err(Error::invalid("password_missing", "The password must be valid UTF-8.").because(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line() {
        for (input, password) in [("blue otter", "blue otter"), ("a\r\nb\n", "a"), (" ü \n", " ü ")] {
            assert_eq!(password_from(&mut input.as_bytes()).unwrap(), password);
        }
        let long = "x".repeat(5_000);
        for (input, code) in
            [("", "password_missing"), ("\nx", "password_missing"), (&long, "password_too_long")]
        {
            assert_eq!(password_from(&mut input.as_bytes()).unwrap_err().code, code);
        }
    }
}
