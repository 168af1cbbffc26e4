//! What can be done with staff; each operation says what it refuses.

use super::model::{Credential, Granter, NAME_LEN_MAX, NewStaff, Preferences, StaffId, StaffMember};
use super::table::{BY_EMAIL, CREDENTIALS, STAFF};
use crate::access::events::{
    Changed, PasswordChanged, RoleChanged, SessionsEnded, StaffActivated, StaffAdded, StaffChanged,
    StaffDeactivated,
};
use crate::access::role::Role;
use crate::access::session::{self, Ending};
use crate::access::token::TokenHash;
use crate::base::email;
use crate::base::error::{Checks, Error, Kind, Result};
use crate::store::{Direction, Read, Span, Subject, Tx};

/// Most members of staff, deactivated ones included.
const COUNT_MAX: usize = 1_000;

/// # Errors
/// Faults of the store only.
pub fn find(r: &impl Read, id: StaffId) -> Result<Option<StaffMember>> {
    STAFF.get(r, &id)
}

/// # Errors
/// `not_found`.
pub fn get(r: &impl Read, id: StaffId) -> Result<StaffMember> {
    find(r, id)?.ok_or_else(|| Error::not_found("member of staff", id))
}

/// The person with this e-mail address, however it is written.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_email(r: &impl Read, address: &str) -> Result<Option<StaffMember>> {
    match BY_EMAIL.first(r, &email::key(address))? {
        Some(id) => find(r, id),
        None => Ok(None),
    }
}

/// Everybody, by name.
///
/// # Errors
/// Faults of the store only.
pub fn list(r: &impl Read) -> Result<Vec<StaffMember>> {
    let rows = STAFF.list(r, &Span::all(), Direction::Forward, COUNT_MAX)?;
    let mut staff: Vec<StaffMember> = rows.into_iter().map(|(_, member)| member).collect();
    staff.sort_by_key(|member| (member.name.to_lowercase(), member.id));
    Ok(staff)
}

/// Whether the shop was set up: there is an owner, active or not.
///
/// # Errors
/// Faults of the store only.
pub fn has_owner(r: &impl Read) -> Result<bool> {
    Ok(list(r)?.iter().any(|member| member.role == Role::Owner))
}

/// The names of the owners who can sign in.
///
/// # Errors
/// Faults of the store only.
pub fn owner_names(r: &impl Read) -> Result<Vec<String>> {
    Ok(list(r)?.into_iter().filter(|m| m.active && m.role == Role::Owner).map(|m| m.name).collect())
}

/// The password record of somebody, for the one place that compares it.
pub(in crate::access) fn credential(r: &impl Read, id: StaffId) -> Result<Option<Credential>> {
    CREDENTIALS.get(r, &id)
}

/// Adds somebody with a password that was hashed before. `temporary`: somebody else knows it.
///
/// # Errors
/// `validation` with the fields; `cannot_grant`; `email_taken` (409).
pub fn add(
    tx: &mut Tx<'_>,
    by: &Granter,
    new: &NewStaff,
    hash: &str,
    temporary: bool,
) -> Result<StaffMember> {
    let mut checks = Checks::default();
    let name = checks.keep("/name", checked_name(&new.name));
    let email = checks.keep("/email", email::parse(&new.email));
    checks.finish()?;
    by.check(new.role.rights())?;
    let (name, email) = (name.unwrap_or_default(), email.unwrap_or_default());
    if find_by_email(tx, &email)?.is_some() {
        let text = "Somebody with this e-mail address is there already.";
        return Err(Error::conflict("email_taken", text).on("/email"));
    }
    if list(tx)?.len() >= COUNT_MAX {
        return Err(Error::conflict("too_many_staff", format!("A shop has at most {COUNT_MAX} staff.")));
    }
    let member = StaffMember {
        id: tx.new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        name,
        email,
        role: new.role,
        active: true,
        last_sign_in_at: None,
        preferences: Preferences::default(),
        password_is_temporary: temporary,
    };
    STAFF.put(tx, &member.id, &member)?;
    let credential = Credential { hash: hash.to_owned(), changed_at: tx.now() };
    CREDENTIALS.put(tx, &member.id, &credential)?;
    let event = StaffAdded { name: member.name.clone(), email: member.email.clone(), role: member.role };
    tx.publish(Subject::of(&member.id), &event)?;
    Ok(member)
}

/// Gives somebody another role. Who gains a permission has to sign in again, so that an old session that somebody
/// else holds gains nothing; who only loses some goes on and meets the new limits with the next request.
///
/// # Errors
/// `last_owner` (409), `own_role` (403), `cannot_grant` (403), `version_mismatch`, `not_found`.
pub fn set_role(
    tx: &mut Tx<'_>,
    by: &Granter,
    id: StaffId,
    version: Option<u64>,
    role: Role,
) -> Result<StaffMember> {
    let mut member = managed(tx, by, id)?;
    check_version(&member, version)?;
    let before = member.role;
    if before == role {
        return Ok(member);
    }
    keep_an_owner(tx, &member)?;
    refuse_oneself(by, id, "own_role", "Another owner has to change your role.")?;
    by.check(role.rights())?;
    member.role = role;
    put(tx, &mut member)?;
    if !before.rights().covers(role.rights()) {
        session::end_all(tx, id, None, Ending::RoleChanged)?;
    }
    tx.publish(Subject::of(&id), &RoleChanged { before, after: role })?;
    Ok(member)
}

/// Shuts somebody out at once; everything they did stays under their name.
///
/// # Errors
/// `last_owner` (409), `own_account` (403), `cannot_grant`, `not_found`.
pub fn deactivate(tx: &mut Tx<'_>, by: &Granter, id: StaffId) -> Result<StaffMember> {
    let mut member = managed(tx, by, id)?;
    if !member.active {
        return Ok(member);
    }
    keep_an_owner(tx, &member)?;
    refuse_oneself(by, id, "own_account", "Another owner has to deactivate you.")?;
    member.active = false;
    put(tx, &mut member)?;
    let sessions_ended = session::end_all(tx, id, None, Ending::Deactivated)?;
    session::forget_devices(tx, id)?;
    tx.publish(Subject::of(&id), &StaffDeactivated { sessions_ended })?;
    Ok(member)
}

/// Lets somebody sign in again, with the password they had.
///
/// # Errors
/// `cannot_grant`, `not_found`.
pub fn activate(tx: &mut Tx<'_>, by: &Granter, id: StaffId) -> Result<StaffMember> {
    let mut member = managed(tx, by, id)?;
    if member.active {
        return Ok(member);
    }
    member.active = true;
    put(tx, &mut member)?;
    tx.publish(Subject::of(&id), &StaffActivated {})?;
    Ok(member)
}

/// Sets a password that was hashed before and ends every session but `keep`. `temporary`: somebody else knows it.
/// When somebody else set it, the browsers of the person count as strangers again.
///
/// # Errors
/// `cannot_grant`, `not_found`.
pub fn set_password(
    tx: &mut Tx<'_>,
    by: &Granter,
    id: StaffId,
    hash: &str,
    temporary: bool,
    keep: Option<&TokenHash>,
) -> Result<StaffMember> {
    let mut member = managed(tx, by, id)?;
    let by_self = by.staff == Some(id);
    member.password_is_temporary = temporary;
    put(tx, &mut member)?;
    let credential = Credential { hash: hash.to_owned(), changed_at: tx.now() };
    CREDENTIALS.put(tx, &id, &credential)?;
    let sessions_ended = session::end_all(tx, id, keep, Ending::PasswordChanged)?;
    if !by_self {
        session::forget_devices(tx, id)?;
    }
    tx.publish(Subject::of(&id), &PasswordChanged { by_self, sessions_ended })?;
    Ok(member)
}

/// Replaces the stored hash of an unchanged password by one of today's cost.
///
/// # Errors
/// Faults of the store only.
pub fn rehash(tx: &mut Tx<'_>, id: StaffId, old: &str, new: &str) -> Result<()> {
    match CREDENTIALS.get(tx, &id)? {
        Some(credential) if credential.hash == old => {
            CREDENTIALS.put(tx, &id, &Credential { hash: new.to_owned(), ..credential })
        }
        _ => Ok(()),
    }
}

/// Ends every session of somebody.
///
/// # Errors
/// `cannot_grant`, `not_found`.
pub fn end_sessions(tx: &mut Tx<'_>, by: &Granter, id: StaffId) -> Result<u32> {
    managed(tx, by, id)?;
    let sessions_ended = session::end_all(tx, id, None, Ending::Ended)?;
    tx.publish(Subject::of(&id), &SessionsEnded { sessions_ended })?;
    Ok(sessions_ended)
}

/// Changes one's own name and preferences.
///
/// # Errors
/// `validation` with the fields, `not_found`.
pub fn change_self(
    tx: &mut Tx<'_>,
    id: StaffId,
    name: &str,
    preferences: &Preferences,
) -> Result<StaffMember> {
    let mut checks = Checks::default();
    let name = checks.keep("/name", checked_name(name));
    checks.keep("/zone", preferences.check());
    checks.finish()?;
    let before = get(tx, id)?;
    let mut member =
        StaffMember { name: name.unwrap_or_default(), preferences: preferences.clone(), ..before.clone() };
    if member == before {
        return Ok(member);
    }
    put(tx, &mut member)?;
    let of = |m: &StaffMember| {
        [
            ("name", m.name.clone()),
            ("theme", m.preferences.theme.word().to_owned()),
            ("zone", m.preferences.zone.clone().unwrap_or_default()),
            ("compact", m.preferences.compact.to_string()),
            ("keys", (!m.preferences.no_keys).to_string()),
        ]
    };
    let changes = of(&before)
        .into_iter()
        .zip(of(&member))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((field, before), (_, after))| Changed { field, before, after })
        .collect();
    tx.publish(Subject::of(&id), &StaffChanged { changes })?;
    Ok(member)
}

/// Notes the moment of a sign-in. No new version: nobody changed anything.
///
/// # Errors
/// `not_found`.
pub fn signed_in(tx: &mut Tx<'_>, id: StaffId) -> Result<StaffMember> {
    let mut member = get(tx, id)?;
    member.last_sign_in_at = Some(tx.now());
    STAFF.put(tx, &id, &member)?;
    Ok(member)
}

/// The person, when the granter may manage them: nobody resets the password of somebody who may do more.
fn managed(tx: &Tx<'_>, by: &Granter, id: StaffId) -> Result<StaffMember> {
    let member = get(tx, id)?;
    if by.staff != Some(id) {
        by.check(member.role.rights())?;
    }
    Ok(member)
}

fn check_version(member: &StaffMember, version: Option<u64>) -> Result<()> {
    if version.is_some_and(|seen| seen != member.version) {
        let text = format!("{} was changed in the meantime. Look again and repeat it.", member.name);
        return Err(Error::conflict("version_mismatch", text));
    }
    Ok(())
}

/// Refuses to take the last owner away: nobody could ever manage staff again.
fn keep_an_owner(tx: &Tx<'_>, member: &StaffMember) -> Result<()> {
    let is_other = |m: &StaffMember| m.active && m.role == Role::Owner && m.id != member.id;
    if member.active && member.role == Role::Owner && !list(tx)?.iter().any(is_other) {
        let text = format!("{} is the last owner. Make somebody else an owner first.", member.name);
        return Err(Error::conflict("last_owner", text));
    }
    Ok(())
}

fn refuse_oneself(by: &Granter, id: StaffId, code: &'static str, text: &'static str) -> Result<()> {
    if by.staff == Some(id) { Err(Error::refuse(Kind::Forbidden, code, text)) } else { Ok(()) }
}

fn put(tx: &mut Tx<'_>, member: &mut StaffMember) -> Result<()> {
    member.version += 1;
    member.updated_at = tx.now();
    STAFF.put(tx, &member.id, member)
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::invalid("required", "Enter a name."));
    }
    if name.chars().count() > NAME_LEN_MAX {
        return Err(Error::invalid("too_long", format!("Use at most {NAME_LEN_MAX} characters.")));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("control_character", "Remove line breaks and control characters."));
    }
    Ok(name.to_owned())
}
