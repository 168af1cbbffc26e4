//! `backroom staff`: accounts without the web, for the owner with access to the machine.

use crate::access::hasher::Hasher;
use crate::access::password::Password;
use crate::access::staff::{self, Granter, NewStaff, StaffId, StaffMember};
use crate::access::{Role, Shop};
use crate::app::App;
use crate::base::error::{Error, Result};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use serde_json::json;
use std::io::Read;

/// Add and manage staff accounts
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StaffArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) verb: StaffVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum StaffVerb {
    /// Add an account; the password is the first line of standard input
    #[command(after_help = "\
Example:
  backroom staff add --email ben@example.com --name Ben --role packer < password.txt
  printf %s \"$PASSWORD\" | backroom staff add --email anna@example.com --name \"Anna Berg\" --role owner")]
    Add {
        #[arg(long)]
        email: String,
        /// As it stands under notes and in the audit log
        #[arg(long)]
        name: String,
        /// owner, manager, support, packer or read_only
        #[arg(long, default_value = "support")]
        role: String,
        /// One line of JSON: {"id", "email", "name", "role", "is_active", "last_sign_in_at"}
        #[arg(long)]
        json: bool,
    },
    /// List all accounts
    #[command(after_help = "\
Example:
  backroom staff list --json

With --json, one line an account: {\"id\", \"email\", \"name\", \"role\", \"is_active\", \"last_sign_in_at\"}.")]
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
    #[command(after_help = "Example:\n  backroom staff reset-password anna@example.com < password.txt")]
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
pub(super) fn password_from(input: &mut impl Read) -> Result<String> {
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

/// Runs a verb on the accounts.
pub(super) fn run(args: StaffArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let by = Granter::console();
    match args.verb {
        StaffVerb::Add { email, name, role, json } => {
            let role = Role::parse(&role)?;
            let new = NewStaff { name, email, role };
            let hash = hashed(app, answer, &[&new.email, &new.name])?;
            let made =
                app.store.write_blocking(app.actor(), move |tx| staff::add(tx, &by, &new, &hash, false))?;
            if json {
                answer.json(&shown(&made))?;
            } else {
                answer.remark(format_args!("{} may sign in as {}", made.email, made.role.word()))?;
            }
        }
        StaffVerb::List { json } => {
            for member in app.store.read(staff::list)? {
                if json {
                    answer.json(&shown(&member))?;
                } else {
                    let state = if member.active { "" } else { "  (deactivated)" };
                    answer.line(format_args!(
                        "{}  {}  {}{state}",
                        member.email,
                        member.role.word(),
                        member.name
                    ))?;
                }
            }
        }
        StaffVerb::Deactivate { email } => {
            let id = id_of(app, &email)?;
            app.store.write_blocking(app.actor(), move |tx| staff::deactivate(tx, &by, id))?;
            answer.remark(format_args!("{email} may not sign in any more"))?;
        }
        StaffVerb::Activate { email } => {
            let id = id_of(app, &email)?;
            app.store.write_blocking(app.actor(), move |tx| staff::activate(tx, &by, id))?;
            answer.remark(format_args!("{email} may sign in again"))?;
        }
        StaffVerb::ResetPassword { email } => {
            let id = id_of(app, &email)?;
            let hash = hashed(app, answer, &[&email])?;
            app.store.write_blocking(app.actor(), move |tx| {
                staff::set_password(tx, &by, id, &hash, false, None)
            })?;
            answer.remark(format_args!("{email} has a new password and is signed out everywhere"))?;
        }
        StaffVerb::EndSessions { email } => {
            let id = id_of(app, &email)?;
            let ended = app.store.write_blocking(app.actor(), move |tx| staff::end_sessions(tx, &by, id))?;
            answer.remark(format_args!(
                "{ended} {} of {email} ended",
                if ended == 1 { "session" } else { "sessions" }
            ))?;
        }
    }
    Ok(Exit::Ok)
}

fn id_of(app: &App, email: &str) -> Result<StaffId> {
    let found = app.store.read(|s| staff::find_by_email(s, email))?;
    found.map(|m| m.id).ok_or_else(|| Error::not_found("staff member with the e-mail address", email))
}

/// The hash of the password on standard input, which must not be like `words` or the shop's name.
fn hashed(app: &App, answer: &Answer, words: &[&str]) -> Result<String> {
    let typed = answer.input_text(PASSWORD_LEN_MAX as u64 + 3)?;
    let password = Password::new(&password_from(&mut typed.as_bytes())?)?;
    let mut avoided: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    avoided.push(Shop::new(app.store.clone()).profile().name);
    Hasher::start()?.hash_blocking(password, avoided)
}

fn shown(member: &StaffMember) -> serde_json::Value {
    json!({
        "id": member.id, "email": member.email, "name": member.name, "role": member.role.word(),
        "is_active": member.active, "last_sign_in_at": member.last_sign_in_at,
    })
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
