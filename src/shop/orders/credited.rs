//! Credit notes that an import brings, and that may be here already: nobody changes one here, so a newer file brings
//! it up to date.

use super::arrival::{Brought, ZONES_MS, first_eight, is_swapped, local_of, told_of, what_of};
use super::events::{CreditNoteAdded, CreditNoteReimported};
use super::incoming::{NewCreditNote, NewOrderCustomer};
use super::keep::{self, account};
use super::model::{CreditNote, CreditNoteId};
use super::table::{CREDIT_BY_SOURCE, CREDIT_NOTES};
use crate::base::error::Result;
use crate::base::id::{Id as _, time_of};
use crate::base::money::{Currency, Money, possible_amount};
use crate::base::time::Timestamp;
use crate::shop::customers::{self, CustomerId, ExternalRef, Outcome, changes};
use crate::store::{Read, Subject, Tx};
use sha2::{Digest as _, Sha256};

/// Brings a credit note of an import in, once.
///
/// # Errors
/// `validation` of the described customer; `other_credit_note`.
pub fn import_credit_note(tx: &mut Tx<'_>, new: &NewCreditNote) -> Result<(CreditNoteId, Outcome)> {
    possible_amount(new.total).map_err(|e| e.on("/total"))?;
    let here = here(tx, new)?;
    if let Some(here) = here.as_ref().filter(|here| says_the_same(new, here)) {
        return Ok((here.id, Outcome::Unchanged));
    }
    let named = named(tx, new)?;
    if let Some(here) = &here {
        refuse_other(new, here, named)?;
    }
    // Nobody new is made of a corrected address.
    let customer = match here.as_ref().and_then(|here| here.customer).filter(|_| named.is_none()) {
        Some(known) => Some(known),
        None => customer_of(tx, new)?,
    };
    let own = wished(new);
    let id = here.as_ref().map(|here| here.id).or(own);
    let id = id.unwrap_or_else(|| tx.dated_id(new.issued_at));
    let mut after = new.record(id, customer, tx.now());
    // A note of ours is named by its id.
    after.source = after.source.filter(|s| own.is_none() || s.own_id() != own);
    if let Some(here) = &here {
        after.version = here.version.saturating_add(1);
        (after.created_at, after.source) = (here.created_at, here.source.clone());
    }
    let (said, stands) = digests(new);
    let (version, in_own_file) = (after.version, own.is_some());
    let local = local_of(&new.given);
    after.imported = Some(Brought { said, version, in_own_file, stands, local, unsaid: 0, columns: 0 });
    save(tx, here.as_ref(), &after)?;
    Ok((id, if here.is_some() { Outcome::Changed } else { Outcome::Added }))
}

/// What [`import_credit_note`] would do, from the store as it is.
///
/// # Errors
/// `other_credit_note`.
pub fn credit_note_arrival(r: &impl Read, new: &NewCreditNote) -> Result<Outcome> {
    match here(r, new)? {
        None => Ok(Outcome::Added),
        Some(here) if says_the_same(new, &here) => Ok(Outcome::Unchanged),
        Some(here) => {
            refuse_other(new, &here, named(r, new)?)?;
            Ok(Outcome::Changed)
        }
    }
}

/// What the second of two notes under one number in the files of one import would do.
///
/// # Errors
/// `other_credit_note`.
pub fn credit_note_after(new: &NewCreditNote, before: &NewCreditNote) -> Result<Outcome> {
    let mut here = before.record(CreditNoteId::from_bytes([0; 16]), None, Timestamp(0));
    let (said, stands) = digests(before);
    let local = local_of(&before.given);
    here.imported =
        Some(Brought { said, version: 1, in_own_file: false, stands, local, unsaid: 0, columns: 0 });
    if digests(new).0 == said {
        return Ok(Outcome::Unchanged);
    }
    refuse_other(new, &here, None)?;
    Ok(Outcome::Changed)
}

/// The note this one is already, by our own id, or by its source and outside id.
fn here(r: &impl Read, new: &NewCreditNote) -> Result<Option<CreditNote>> {
    if let Some(id) = wished(new)
        && let Some(here) = keep::find_credit_note(r, id)?
    {
        return Ok(Some(here));
    }
    let Some(source) = &new.source else { return Ok(None) };
    let id = CREDIT_BY_SOURCE.first(r, &(source.source.clone(), source.id.clone()))?;
    id.map(|id| keep::get_credit_note(r, id)).transpose()
}

fn says_the_same(new: &NewCreditNote, here: &CreditNote) -> bool {
    let (said, stands) = digests(new);
    here.imported.is_some_and(|i| i.knows(said, stands, &new.given))
        || content(here) == content(&new.record(here.id, here.customer, here.created_at))
}

/// Another time tells of another note, unless all else is the same and the time was only read differently. So does
/// somebody else who gave back something else.
fn refuse_other(new: &NewCreditNote, here: &CreditNote, named: Option<CustomerId>) -> Result<()> {
    let is_other_person = named.is_some() && here.customer.is_some() && named != here.customer;
    let is_same = !is_other_person && what_of(&new.lines) == what_of(&here.lines) && new.total == here.total;
    let local = local_of(&new.given);
    // Two zones, and one time in the file.
    let is_one_time = local.is_some() && local == here.imported.and_then(|i| i.local);
    let apart = if is_one_time { 0 } else { new.issued_at.since_ms(here.issued_at).abs() };
    let offset = local.map_or(0, |at| at - new.issued_at.0);
    let is_read_otherwise =
        is_same && (apart <= ZONES_MS || is_swapped(new.issued_at, here.issued_at, offset));
    let is_other_thing = what_of(&new.lines) != what_of(&here.lines);
    if (apart != 0 && !is_read_otherwise) || (is_other_person && is_other_thing) {
        return Err(new.differs(here.issued_at));
    }
    Ok(())
}

/// A digest of what a note says, without what is ours alone.
fn content(note: &CreditNote) -> u64 {
    let plain = CreditNote {
        id: CreditNoteId::from_bytes([0; 16]),
        version: 0,
        created_at: Timestamp(0),
        source: None,
        customer: None,
        imported: None,
        number: String::new(),
        ..note.clone()
    };
    first_eight(&Sha256::digest(minicbor::to_vec(&plain).unwrap_or_default()))
}

/// Digests of what the file says, and of that without what was taken for given when it was read.
fn digests(new: &NewCreditNote) -> (u64, u64) {
    let mut note = new.record(CreditNoteId::from_bytes([0; 16]), None, Timestamp(0));
    let said = content(&note);
    if new.given.local.is_some() {
        note.issued_at = Timestamp(0);
    }
    if new.given.currency {
        note.currency = Currency::EUR;
    }
    let mut digest = Sha256::new();
    digest.update(content(&note).to_be_bytes());
    digest.update(told_of(&new.given));
    (said, first_eight(&digest.finalize()))
}

/// The customer that the file names, if there is one already.
fn named(r: &impl Read, new: &NewCreditNote) -> Result<Option<CustomerId>> {
    match &new.customer {
        NewOrderCustomer::Guest => Ok(None),
        NewOrderCustomer::Known(id) => Ok(Some(*id)),
        NewOrderCustomer::Described(person) => customers::described(r, person),
    }
}

fn customer_of(tx: &mut Tx<'_>, new: &NewCreditNote) -> Result<Option<CustomerId>> {
    Ok(match &new.customer {
        NewOrderCustomer::Guest => None,
        NewOrderCustomer::Known(id) => Some(customers::get(tx, *id)?.id),
        NewOrderCustomer::Described(described) => {
            let mut described = (**described).clone();
            described.is_import = true;
            described.created_at = described.created_at.or(Some(new.issued_at));
            Some(customers::known_as(tx, &described, "import")?)
        }
    })
}

/// Writes a note and what follows from it.
fn save(tx: &mut Tx<'_>, before: Option<&CreditNote>, after: &CreditNote) -> Result<()> {
    CREDIT_NOTES.put(tx, &after.id, after)?;
    let mut also = Vec::new();
    let was = before.and_then(|note| note.customer);
    for customer in was.into_iter().chain(after.customer.filter(|c| was != Some(*c))) {
        let was = before.filter(|note| note.customer == Some(customer));
        let is = Some(after).filter(|note| note.customer == Some(customer));
        account(tx, customer, |totals| {
            for (note, sign) in was.into_iter().map(|n| (n, -1)).chain(is.map(|n| (n, 1))) {
                totals.credit_notes = totals.credit_notes.saturating_add_signed(sign);
                keep::spend(totals, note.currency, note.total.saturating_mul(-i64::from(sign)))?;
            }
            Ok(())
        })?;
        also.push(Subject::of(&customer));
    }
    let (number, total) = (after.number.clone(), Money::new(after.total, after.currency));
    match before {
        None => tx.publish_with(Subject::of(&after.id), &also, &CreditNoteAdded { number, total })?,
        Some(before) => {
            let changes = changes(&told(before), &told(after));
            tx.publish_with(Subject::of(&after.id), &also, &CreditNoteReimported { number, total, changes })?
        }
    };
    Ok(())
}

/// The fields of a note that an import may change, as the log keeps them.
fn told(note: &CreditNote) -> serde_json::Value {
    let lines = note.lines.iter().map(|l| {
        let what = if l.title.is_empty() { &l.sku } else { &l.title };
        format!("{} × {what}, {}", l.quantity, Money::new(l.total, note.currency).shown())
    });
    serde_json::json!({
        "customer": note.customer.map(|id| id.to_string()), "issued_at": note.issued_at, "kind": note.kind,
        "lines": lines.collect::<Vec<_>>(), "total": Money::new(note.total, note.currency).shown(),
        "country": note.country,
    })
}

/// The id of ours that a credit note comes with.
fn wished(new: &NewCreditNote) -> Option<CreditNoteId> {
    let own = new.wished_id.or_else(|| new.source.as_ref().and_then(ExternalRef::own_id));
    own.filter(|id| time_of(&id.bytes()).is_some())
}
