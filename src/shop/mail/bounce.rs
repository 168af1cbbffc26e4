//! Mails that came back later, as somebody or a program that reads the mailbox tells of them.

use super::model::{Mail, MailId, State};
use super::{ops, suppress};
use crate::base::email;
use crate::base::error::{Checks, Kind, Result};
use crate::base::id::Id as _;
use crate::store::{Read, Tx};

pub const REASON_MAX: usize = 300;
/// What kinds there are, and whether each ends the sending to the address.
const KINDS: &[(&str, bool)] = &[("hard", true), ("complaint", true), ("soft", false)];

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Bounce {
    pub(super) address: String,
    ends: bool,
    reason: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    pub(super) suppressed: bool,
    pub(super) mail: Option<MailId>,
}

/// # Errors
/// `validation` with the fields.
pub(super) fn checked(address: &str, kind: Option<&str>, reason: Option<&str>) -> Result<Bounce> {
    let mut checks = Checks::default();
    let address = checks.keep("/email", email::parse(address)).unwrap_or_default();
    let kind = kind.unwrap_or("hard");
    let known = KINDS.iter().find(|(word, _)| *word == kind);
    if known.is_none() {
        checks.wrong("/kind", "invalid_choice", "Use hard, soft or complaint.");
    }
    let reason = reason.unwrap_or_default().trim();
    if reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) {
        checks.wrong("/reason", "too_long", format!("Use one line of at most {REASON_MAX} characters."));
    }
    checks.finish()?;
    let word = if kind == "complaint" { "A complaint" } else { "It came back" };
    let reason = if reason.is_empty() { format!("{word}.") } else { format!("{word}: {reason}") };
    Ok(Bounce { address, ends: known.is_some_and(|(_, ends)| *ends), reason })
}

/// Notes it: at the mail, if it is known, and at the address, if nothing is to be sent there any more.
///
/// # Errors
/// Faults of the store only.
pub(super) fn note(tx: &mut Tx<'_>, bounce: &Bounce, message_id: &str) -> Result<Noted> {
    let mut found = None;
    if let Some((id, mut mail)) = sent_to(tx, message_id, &bounce.address)? {
        found = Some(id);
        if mail.state == State::Sent {
            mail.reason.clone_from(&bounce.reason);
            ops::set(tx, id, &mut mail, State::Failed)?;
        }
    }
    if bounce.ends {
        suppress::add(tx, &bounce.address, &bounce.reason)?;
    }
    Ok(Noted { suppressed: bounce.ends, mail: found })
}

/// The same of what a stranger says: only where it names a mail of this shop that went to that very address. `None` when
/// it does not, else whether it is news. Nobody ends the sending to an address by writing a letter.
///
/// # Errors
/// Faults of the store only.
pub(super) fn note_of_stranger(tx: &mut Tx<'_>, bounce: &Bounce, message_id: &str) -> Result<Option<bool>> {
    let Some((_, mail)) = sent_to(tx, message_id, &bounce.address)? else { return Ok(None) };
    // The whole id, as it was sent: its first part alone stands on pages.
    if !mail.message_id.eq_ignore_ascii_case(bare(message_id)) {
        return Ok(None);
    }
    let ends_now = bounce.ends && suppress::find(tx, &bounce.address)?.is_none();
    note(tx, bounce, message_id)?;
    Ok(Some(mail.state == State::Sent || ends_now))
}

/// The mail of a `Message-ID`, where it went to this address.
fn sent_to(from: &impl Read, message_id: &str, address: &str) -> Result<Option<(MailId, Mail)>> {
    let Ok(id) = MailId::parse(bare(message_id).split('@').next().unwrap_or_default()) else {
        return Ok(None);
    };
    match ops::get(from, id) {
        Ok(mail) if email::key(&mail.to) == email::key(address) => Ok(Some((id, mail))),
        Ok(_) => Ok(None),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn bare(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}
