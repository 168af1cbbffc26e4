//! Addresses that nothing is sent to any more: those that came back, and those somebody wrote down.

use super::events::{AddressReleased, AddressSuppressed};
use super::settings::SUBJECT;
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::{Direction, Page, Read, Record, Span, Table, Tx};
use minicbor::{Decode, Encode};

/// The address in the form in which two are the same → why.
pub(super) const SUPPRESSED: Table<String, Suppressed> = Table::new("mail_suppressed/1");

/// Why an address is not written to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Suppressed {
    #[n(0)]
    pub(super) address: String,
    #[n(1)]
    pub(super) reason: String,
    #[n(2)]
    pub(super) at: Timestamp,
    /// Who wrote it down.
    #[n(3)]
    pub(super) by: String,
}

impl Record for Suppressed {
    type Key = String;
}

/// Why an address is not to be written to; `None` when it may be.
///
/// # Errors
/// Faults of the store only.
pub(super) fn find(from: &(impl Read + ?Sized), address: &str) -> Result<Option<Suppressed>> {
    SUPPRESSED.get(from, &email::key(address))
}

/// Writes nothing to an address from now on. Twice keeps the first reason.
///
/// # Errors
/// Faults of the store only.
pub(super) fn add(tx: &mut Tx<'_>, address: &str, reason: &str) -> Result<()> {
    let key = email::key(address);
    if SUPPRESSED.has(tx, &key)? {
        return Ok(());
    }
    let new = Suppressed {
        address: address.to_owned(),
        reason: reason.to_owned(),
        at: tx.now(),
        by: tx.actor().name.clone(),
    };
    SUPPRESSED.put(tx, &key, &new)?;
    tx.publish(SUBJECT, &AddressSuppressed { reason: reason.to_owned() }).map(drop)
}

/// Writes to an address again.
///
/// # Errors
/// `not_found`.
pub(super) fn release(tx: &mut Tx<'_>, address: &str) -> Result<()> {
    let was = find(tx, address)?.ok_or_else(|| Error::not_found("suppressed address", address))?;
    SUPPRESSED.delete(tx, &email::key(address))?;
    tx.publish(SUBJECT, &AddressReleased { reason: was.reason }).map(drop)
}

/// All of them from an address on, by the letters.
///
/// # Errors
/// Faults of the store only.
pub(super) fn list(
    from: &(impl Read + ?Sized),
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Suppressed>> {
    let span = match after {
        Some(after) => Span::all().after(&email::key(after), Direction::Forward),
        None => Span::all(),
    };
    let mut rows = SUPPRESSED.list(from, &span, Direction::Forward, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { items: rows.into_iter().map(|(_, row)| row).collect(), more })
}
