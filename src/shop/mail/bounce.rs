//! Mails that came back later, as somebody or a program that reads the mailbox tells of them.

use super::model::{MailId, State};
use super::{ops, suppress};
use crate::base::email;
use crate::base::error::{Checks, Result};
use crate::base::id::Id as _;
use crate::store::Tx;

const REASON_MAX: usize = 300;
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
    let id = message_id.trim().trim_start_matches('<').split('@').next().unwrap_or_default();
    let mut found = None;
    if let Ok(id) = MailId::parse(id)
        && let Ok(mut mail) = ops::get(tx, id)
        && email::key(&mail.to) == email::key(&bounce.address)
    {
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
