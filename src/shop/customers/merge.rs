//! What an order or an import says about a customer, merged into the one that is known, or added.

use super::model::{ADDRESSES_MAX, Customer, CustomerId, ExternalRef, NewCustomer, tags};
use super::ops::{Outcome, find, find_by_email, find_by_external, get, insert, record, save};
use crate::base::email;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::store::{Read, Tx};

/// The customer an order describes: found by outside id, then by e-mail, else added. What is known stays as it
/// is; a new outside id and a new address are added, empty fields are filled.
///
/// # Errors
/// `validation`.
pub fn known_as(tx: &mut Tx<'_>, new: &NewCustomer, by: &'static str) -> Result<CustomerId> {
    let new = new.checked()?;
    let Some(id) = match_of(tx, &new)? else {
        let new = with_free_ids(tx, new)?;
        return Ok(insert(tx, new, by)?.id);
    };
    let before = get(tx, id)?;
    let mut after = before.clone();
    for (given, field) in [
        (&new.first_name, &mut after.first_name),
        (&new.company, &mut after.company),
        (&new.phone, &mut after.phone),
        (&new.vat_id, &mut after.vat_id),
        (&new.language, &mut after.language),
    ] {
        if field.is_empty() {
            field.clone_from(given);
        }
    }
    if after.last_name.is_empty() {
        after.last_name.clone_from(&new.last_name);
    }
    add_missing(tx, &mut after, &new)?;
    save(tx, &before, after)?;
    Ok(id)
}

/// Merges what an import says about a customer: later cells that are not empty win.
///
/// # Errors
/// `validation`.
pub fn import(tx: &mut Tx<'_>, new: &NewCustomer) -> Result<(CustomerId, Outcome)> {
    let new = new.checked()?;
    let Some(id) = match_of(tx, &new)? else {
        let new = with_free_ids(tx, new)?;
        return Ok((insert(tx, new, "import")?.id, Outcome::Added));
    };
    let before = get(tx, id)?;
    let after = merged(tx, &before, &new)?;
    let saved = save(tx, &before, after)?;
    Ok((id, if saved.version == before.version { Outcome::Unchanged } else { Outcome::Changed }))
}

/// What [`import`] would make of a customer, who is here as `before`; for the dry run.
///
/// # Errors
/// `not_found`, `validation`.
pub fn rehearsed(r: &impl Read, before: Option<&Customer>, new: NewCustomer) -> Result<(Customer, Outcome)> {
    let known = match before {
        Some(before) => Some(before.clone()),
        None => match_of(r, &new)?.map(|id| get(r, id)).transpose()?,
    };
    let Some(known) = known else {
        let nobody = CustomerId::from_bytes([0; 16]);
        return Ok((record(new, nobody, Timestamp(0), Timestamp(0)), Outcome::Added));
    };
    let after = merged(r, &known, &new)?;
    let outcome = if after == known { Outcome::Unchanged } else { Outcome::Changed };
    Ok((after, outcome))
}

fn merged(r: &impl Read, before: &Customer, new: &NewCustomer) -> Result<Customer> {
    let mut after = before.clone();
    for (given, field) in [
        (&new.first_name, &mut after.first_name),
        (&new.last_name, &mut after.last_name),
        (&new.company, &mut after.company),
        (&new.phone, &mut after.phone),
        (&new.note, &mut after.note),
        (&new.vat_id, &mut after.vat_id),
        (&new.language, &mut after.language),
        (&new.birthday, &mut after.birthday),
    ] {
        if !given.is_empty() {
            field.clone_from(given);
        }
    }
    let mut all_tags = after.tags.clone();
    all_tags.extend(new.tags.iter().cloned());
    after.tags = tags(&all_tags)?;
    after.metadata.extend(new.metadata.clone());
    after.accepts_marketing = new.accepts_marketing || after.accepts_marketing;
    after.tax_exempt = new.tax_exempt || after.tax_exempt;
    add_missing(r, &mut after, new)?;
    take_address(r, &mut after, new)?;
    for address in &new.old_emails {
        if !after.old_emails.contains(address) {
            after.old_emails.push(address.clone());
        }
    }
    Ok(after)
}

/// The customer that this describes, if they are here.
///
/// # Errors
/// `validation`.
pub fn described(r: &impl Read, new: &NewCustomer) -> Result<Option<CustomerId>> {
    match_of(r, &new.checked()?)
}

fn match_of(r: &impl Read, new: &NewCustomer) -> Result<Option<CustomerId>> {
    for id in new.external.iter().filter_map(own_id) {
        if let Some(customer) = find(r, id)? {
            return Ok(Some(customer.id));
        }
    }
    if let Some(address) = &new.email
        && let Some(id) = find_by_email(r, address)?
    {
        return Ok(Some(id));
    }
    for external in &new.external {
        if let Some(id) = find_by_external(r, external)?
            && !is_somebody_else(&get(r, id)?, new)
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Whether two people share an outside id, as customers 7 of two shops do: neither the e-mail address nor the name is
/// the same.
pub fn is_somebody_else(here: &Customer, new: &NewCustomer) -> bool {
    let name = |first: &str, last: &str| format!("{first} {last}").trim().to_lowercase();
    let (theirs, given) = (name(&here.first_name, &here.last_name), name(&new.first_name, &new.last_name));
    let has_other_address =
        matches!((&here.email, &new.email), (Some(a), Some(b)) if email::key(a) != email::key(b));
    has_other_address && !theirs.is_empty() && !given.is_empty() && theirs != given
}

/// An address that was never theirs is their new one; one they had before is an old file's.
fn take_address(r: &impl Read, after: &mut Customer, new: &NewCustomer) -> Result<()> {
    let (Some(here), Some(given)) = (&after.email, &new.email) else { return Ok(()) };
    let is_given = |address: &String| email::key(address) == email::key(given);
    if is_given(here) || after.old_emails.iter().any(is_given) || find_by_email(r, given)?.is_some() {
        return Ok(());
    }
    after.old_emails.push(here.clone());
    after.email = Some(given.clone());
    Ok(())
}

/// Without the outside ids that somebody else has.
fn with_free_ids(r: &impl Read, mut new: NewCustomer) -> Result<NewCustomer> {
    let mut free = Vec::new();
    for external in std::mem::take(&mut new.external) {
        if find_by_external(r, &external)?.is_none() {
            free.push(external);
        }
    }
    Ok(NewCustomer { external: free, ..new })
}

/// The id of a customer that our own export names.
pub(super) fn own_id(external: &ExternalRef) -> Option<CustomerId> {
    if external.source == "backroom" { CustomerId::parse(&external.id).ok() } else { None }
}

/// Adds outside ids, addresses and an e-mail address that are not there yet.
fn add_missing(r: &impl Read, after: &mut Customer, new: &NewCustomer) -> Result<()> {
    for external in &new.external {
        if own_id(external) != Some(after.id)
            && !after.external.contains(external)
            && find_by_external(r, external)?.is_none()
        {
            after.external.push(external.clone());
        }
    }
    for address in &new.addresses {
        if !after.addresses.contains(address) && after.addresses.len() < ADDRESSES_MAX {
            after.addresses.push(address.clone());
        }
    }
    if after.email.is_none()
        && let Some(address) = &new.email
        && find_by_email(r, address)?.is_none()
    {
        after.email = Some(address.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Clock;
    use crate::shop::customers::TABLES;
    use crate::store::{Actor, Settings, Store};

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
        let clock = Clock::manual(Timestamp(1_790_000_000_000));
        let store = Store::open(dir.path(), &settings, clock, TABLES).unwrap();
        (dir, store)
    }
    fn row(id: &str, first: &str, last: &str, address: &str) -> NewCustomer {
        NewCustomer {
            email: Some(address.into()),
            first_name: first.into(),
            last_name: last.into(),
            external: vec![ExternalRef { source: "shop".into(), id: id.into() }],
            is_import: true,
            ..NewCustomer::default()
        }
    }
    /// What the dry run says, and then the import.
    fn brought(store: &Store, new: NewCustomer) -> (CustomerId, Outcome) {
        let checked = new.checked().unwrap();
        let (_, said) = store.read(|s| rehearsed(s, None, checked.clone())).unwrap();
        let done = store.write_blocking(Actor::system("test"), move |tx| import(tx, &new)).unwrap();
        assert_eq!(said, done.1);
        done
    }

    #[test]
    fn customers_of_two_shops_with_one_id_stay_two() {
        let (_dir, store) = store();
        let (anna, _) = brought(&store, row("7", "Anna", "Berg", "anna@example.com"));
        let (rudi, outcome) = brought(&store, row("7", "Rudi", "Ratlos", "rudi@example.com"));
        assert!(outcome == Outcome::Added && anna != rudi);
        let found = brought(&store, row("7", "Rudi", "Ratlos", "rudi@example.com"));
        assert_eq!(found, (rudi, Outcome::Unchanged));
        assert_eq!(store.read(|s| get(s, anna)).unwrap().first_name, "Anna");
        assert_eq!(store.read(|s| get(s, rudi)).unwrap().external, []);
    }

    #[test]
    fn a_new_address_is_taken_and_an_earlier_one_is_not_taken_back() {
        let (_dir, store) = store();
        let (bo, _) = brought(&store, row("8", "Bo", "Li", "bo@example.com"));
        assert_eq!(brought(&store, row("8", "Bo", "Li", "new@example.com")), (bo, Outcome::Changed));
        let here = store.read(|s| get(s, bo)).unwrap();
        assert_eq!((here.email.as_deref(), here.old_emails.len()), (Some("new@example.com"), 1));
        assert_eq!(brought(&store, row("8", "Bo", "Li", "bo@example.com")), (bo, Outcome::Unchanged));
        // Somebody else's is nobody else's.
        brought(&store, row("9", "Li", "Li", "li@example.com"));
        assert_eq!(store.read(|s| get(s, bo)).unwrap().email.as_deref(), Some("new@example.com"));
    }
}
