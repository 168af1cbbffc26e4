//! What an order or an import says about a customer, merged into the one that is known, or added.

use super::external::ExternalRef;
use super::model::{ADDRESSES_MAX, Address, Brought, Customer, CustomerId, NewCustomer, tags};
use super::ops::{Outcome, find, find_by_email, find_by_external, get, insert, record, save};
use super::table::{BY_OLD_EMAIL, BY_ROW, Brings, RowKey};
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::phone;
use crate::base::time::Timestamp;
use crate::store::{Read, Tx};
use sha2::{Digest as _, Sha256};

/// Files whose sayings are remembered: as many as anybody imports in turns.
const SAID_MAX: usize = 8;

/// The customer an order describes: found by outside id, then by e-mail, else added. What is known stays as it
/// is; a new outside id and a new address are added, empty fields are filled.
///
/// # Errors
/// `validation`.
pub fn known_as(tx: &mut Tx<'_>, new: &NewCustomer, by: &'static str) -> Result<CustomerId> {
    let new = new.checked()?;
    let Some(id) = match_of(tx, &new, !new.is_import)? else {
        let new = with_free_ids(tx, new)?;
        return Ok(insert(tx, new, by)?.id);
    };
    let before = get(tx, id)?;
    let mut after = before.clone();
    for (given, field) in [
        (&new.company, &mut after.company),
        (&new.phone, &mut after.phone),
        (&new.vat_id, &mut after.vat_id),
        (&new.language, &mut after.language),
    ] {
        if field.is_empty() {
            field.clone_from(given);
        }
    }
    if new.is_import {
        for (given, field) in [(&new.note, &mut after.note), (&new.birthday, &mut after.birthday)] {
            if field.is_empty() {
                field.clone_from(given);
            }
        }
        if after.tags.is_empty() {
            after.tags.clone_from(&new.tags);
        }
    }
    // Halves of two people's names are nobody's.
    let agrees = |known: &str, given: &str| known.is_empty() || known.to_lowercase() == given.to_lowercase();
    if agrees(&before.first_name, &new.first_name) && agrees(&before.last_name, &new.last_name) {
        for (given, field) in
            [(&new.first_name, &mut after.first_name), (&new.last_name, &mut after.last_name)]
        {
            if field.is_empty() {
                field.clone_from(given);
            }
        }
    }
    add_missing(tx, &mut after, &new)?;
    // What an order adds is nobody's change of what an import has left.
    if let Some(brought) = after.imported.as_mut().filter(|b| b.version == before.version) {
        brought.version = before.version.saturating_add(1);
    }
    save(tx, &before, after)?;
    Ok(id)
}

/// Merges what an import says about a customer: later cells that are not empty win. What it has said before changes
/// nothing again, and what was changed here since is not overwritten.
///
/// # Errors
/// `validation`, `changed_here`.
pub fn import(tx: &mut Tx<'_>, new: &NewCustomer) -> Result<(CustomerId, Outcome)> {
    let new = new.checked()?;
    let Some(id) = match_of_row(tx, &new)? else {
        let (row, new) = (row_key(&new), with_free_ids(tx, new)?);
        let id = insert(tx, new, "import")?.id;
        if let Some(row) = row {
            BY_ROW.put(tx, &row, &Brings { customer: id })?;
        }
        return Ok((id, Outcome::Added));
    };
    let before = get(tx, id)?;
    let Some(mut after) = brought_up_to_date(tx, &before, &new)? else { return Ok((id, Outcome::Unchanged)) };
    if let Some(brought) = &mut after.imported {
        brought.version = before.version.saturating_add(1);
    }
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
        None => match_of_row(r, &new)?.map(|id| get(r, id)).transpose()?,
    };
    let Some(known) = known else {
        let nobody = CustomerId::from_bytes([0; 16]);
        return Ok((record(new, nobody, Timestamp(0), Timestamp(0)), Outcome::Added));
    };
    Ok(match brought_up_to_date(r, &known, &new)? {
        Some(after) => (after, Outcome::Changed),
        None => (known, Outcome::Unchanged),
    })
}

/// What an import makes of a customer; `None` where it says nothing new.
fn brought_up_to_date(r: &impl Read, before: &Customer, new: &NewCustomer) -> Result<Option<Customer>> {
    let given = said(new);
    if before.imported.as_ref().is_some_and(|b| b.said.contains(&given)) {
        return Ok(None);
    }
    let mut after = merged(r, before, new)?;
    if after == *before {
        return Ok(None);
    }
    // One who was added here is filled in by the first file; a file of ours says which version it has seen.
    let is_untouched = match (&before.imported, new.life) {
        (_, Some(life)) if life.version == before.version => true,
        (Some(brought), _) => brought.version == before.version,
        (None, life) => life.is_none(),
    };
    if !is_untouched {
        let text = format!(
            "{} is here already and was changed here since, so the file does not overwrite it. Change it on the customer’s page.",
            before.name()
        );
        return Err(Error::conflict("changed_here", text));
    }
    let mut all = after.imported.take().unwrap_or_default().said;
    all.push(given);
    let old = all.len().saturating_sub(SAID_MAX);
    after.imported = Some(Brought { said: all.split_off(old), version: before.version });
    Ok(Some(after))
}

/// A digest of what a file says about a customer.
pub(super) fn said(new: &NewCustomer) -> u64 {
    let plain = NewCustomer { life: None, created_at: None, is_import: false, ..new.clone() };
    let (marketing, exempt) = (plain.accepts_marketing, plain.tax_exempt);
    let nobody = CustomerId::from_bytes([0; 16]);
    let mut digest = Sha256::new();
    let record = record(plain, nobody, Timestamp(0), Timestamp(0));
    digest.update(minicbor::to_vec(&record).unwrap_or_default());
    digest.update(format!("{marketing:?}{exempt:?}"));
    digest.finalize().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
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
    after.accepts_marketing = new.accepts_marketing.unwrap_or(after.accepts_marketing);
    after.tax_exempt = new.tax_exempt.unwrap_or(after.tax_exempt);
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
    match_of(r, &new.checked()?, false)
}

/// The customer that this describes. `is_now`: it is said now, by who orders, and not by a file.
fn match_of(r: &impl Read, new: &NewCustomer, is_now: bool) -> Result<Option<CustomerId>> {
    for id in new.external.iter().filter_map(ExternalRef::own_id) {
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
    // An old file has an address they had before; somebody else may have it by now, and has another name. Who orders now has
    // the address they write: of one that was somebody's before, only the name says that it is them.
    if let Some(address) = &new.email
        && let Some(id) = BY_OLD_EMAIL.first(r, &email::key(address))?
    {
        let here = get(r, id)?;
        let is_them = if is_now { is_called_alike(&here, new) } else { !is_somebody_else(&here, new) };
        return Ok(Some(id).filter(|_| is_them));
    }
    Ok(None)
}

/// As [`match_of`], and whom a file has brought before with neither address nor outside id.
fn match_of_row(r: &impl Read, new: &NewCustomer) -> Result<Option<CustomerId>> {
    let Some(row) = row_key(new) else { return match_of(r, new, false) };
    let Some(brings) = BY_ROW.get(r, &row)? else { return Ok(None) };
    Ok(find(r, brings.customer)?.map(|customer| customer.id))
}

/// What a row without e-mail address and outside id is known by when the file comes again: name and phone, and without
/// a phone name and address. `None` for a row that is known by more.
pub fn row_key(new: &NewCustomer) -> Option<RowKey> {
    if new.email.is_some() || !new.external.is_empty() {
        return None;
    }
    let mut parts = vec![&new.first_name, &new.last_name, &new.company, &new.vat_id];
    let digits = phone::significant(&new.phone);
    if digits.is_empty() {
        let lives = |a: &'_ Address| [a.line1.clone(), a.postcode.clone(), a.city.clone(), a.country.clone()];
        let address = new.addresses.first().map(lives).unwrap_or_default();
        return Some(digest_of(
            parts.into_iter().map(String::as_str).chain(address.iter().map(String::as_str)),
        ));
    }
    parts.push(&digits);
    Some(digest_of(parts.into_iter().map(String::as_str)))
}

fn digest_of<'a>(parts: impl Iterator<Item = &'a str>) -> RowKey {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.to_lowercase());
        digest.update([0]);
    }
    digest.finalize().first_chunk().copied().unwrap_or_default()
}

/// Whether both have a name, and it is the same.
fn is_called_alike(here: &Customer, new: &NewCustomer) -> bool {
    let given = full_name(&new.first_name, &new.last_name);
    !given.is_empty() && given == full_name(&here.first_name, &here.last_name)
}

fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_lowercase()
}

/// Whether two people share an outside id, as customers 7 of two shops do: neither the e-mail address nor the name is
/// the same.
pub fn is_somebody_else(here: &Customer, new: &NewCustomer) -> bool {
    let theirs = full_name(&here.first_name, &here.last_name);
    let given = full_name(&new.first_name, &new.last_name);
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

/// Adds outside ids, addresses and an e-mail address that are not there yet.
fn add_missing(r: &impl Read, after: &mut Customer, new: &NewCustomer) -> Result<()> {
    for external in &new.external {
        if external.own_id() != Some(after.id)
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
    fn who_has_neither_address_nor_outside_id_is_known_by_name_and_phone_or_address() {
        let (_dir, store) = store();
        let ann = NewCustomer {
            first_name: "Ann".into(),
            phone: "+49 30 1234567".into(),
            is_import: true,
            ..NewCustomer::default()
        };
        let (id, outcome) = brought(&store, ann.clone());
        assert_eq!(outcome, Outcome::Added);
        assert_eq!(brought(&store, ann.clone()), (id, Outcome::Unchanged));
        let noted = NewCustomer { note: "Rings twice".into(), phone: "0049301234567".into(), ..ann.clone() };
        assert_eq!(brought(&store, noted), (id, Outcome::Changed));
        let (bo, _) = brought(&store, NewCustomer { first_name: "Bo".into(), ..ann.clone() });
        assert_ne!(bo, id);
        let lives = |city: &str| NewCustomer {
            phone: String::new(),
            addresses: vec![Address { city: city.into(), country: "DE".into(), ..Address::default() }],
            ..ann.clone()
        };
        let (here, outcome) = brought(&store, lives("Berlin"));
        assert_eq!(outcome, Outcome::Added);
        assert_eq!(brought(&store, lives("Berlin")), (here, Outcome::Unchanged));
        assert_eq!(brought(&store, lives("Bonn")).1, Outcome::Added);
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

    #[test]
    fn a_file_that_is_imported_again_undoes_nothing_that_was_changed_here() {
        use crate::shop::customers::{CustomerChange, change};
        let (_dir, store) = store();
        let first = NewCustomer {
            note: "file".into(),
            accepts_marketing: Some(true),
            tax_exempt: Some(true),
            ..row("1", "Ann", "Old", "ann@example.com")
        };
        let (ann, _) = brought(&store, first.clone());
        let here = CustomerChange {
            last_name: Some("New".into()),
            note: Some("ours".into()),
            accepts_marketing: Some(false),
            ..CustomerChange::default()
        };
        store.write_blocking(Actor::system("test"), move |tx| change(tx, ann, None, &here)).unwrap();
        assert_eq!(brought(&store, first.clone()), (ann, Outcome::Unchanged));
        let after = store.read(|s| get(s, ann)).unwrap();
        assert_eq!(
            (after.last_name.as_str(), after.note.as_str(), after.accepts_marketing),
            ("New", "ours", false)
        );
        // A newer file is refused by name.
        let newer = NewCustomer { phone: "+41 79".into(), ..first };
        let error = store
            .write_blocking(Actor::system("test"), move |tx| import(tx, &newer).map(|_| ()))
            .unwrap_err();
        assert!(error.code == "changed_here" && error.message.contains("Ann New"), "{}", error.message);
    }

    #[test]
    fn consent_and_exemption_are_withdrawn_by_a_file_and_not_by_silence() {
        let (_dir, store) = store();
        let with = |marketing, exempt, phone: &str| NewCustomer {
            accepts_marketing: marketing,
            tax_exempt: exempt,
            phone: phone.into(),
            ..row("1", "Ann", "Old", "ann@example.com")
        };
        let (ann, _) = brought(&store, with(Some(true), Some(true), ""));
        let flags = || store.read(|s| get(s, ann)).map(|c| (c.accepts_marketing, c.tax_exempt)).unwrap();
        brought(&store, with(None, None, "1"));
        assert_eq!(flags(), (true, true));
        assert_eq!(brought(&store, with(Some(false), Some(false), "")).1, Outcome::Changed);
        assert_eq!(flags(), (false, false));
        // The first file again is an old one by now.
        assert_eq!(brought(&store, with(Some(true), Some(true), "")).1, Outcome::Unchanged);
        assert_eq!(flags(), (false, false));
    }

    #[test]
    fn a_file_without_ids_finds_a_customer_by_an_address_they_had_before() {
        use crate::shop::customers::{CustomerChange, change};
        let (_dir, store) = store();
        let without_id = |first: &str, last: &str, address: &str| NewCustomer {
            external: Vec::new(),
            ..row("", first, last, address)
        };
        let (bo, _) = brought(&store, without_id("Bo", "Li", "bo@example.com"));
        let moved =
            CustomerChange { email: Some(Some("new@example.com".into())), ..CustomerChange::default() };
        store.write_blocking(Actor::system("test"), move |tx| change(tx, bo, None, &moved)).unwrap();
        assert_eq!(brought(&store, without_id("Bo", "Li", "BO@example.com")), (bo, Outcome::Unchanged));
        assert_eq!(store.read(|s| get(s, bo)).unwrap().email.as_deref(), Some("new@example.com"));
        // Who orders with it now and gives no name may be anybody; with the name it is them.
        let now = |first: &str, last: &str| {
            let described = NewCustomer { is_import: false, ..without_id(first, last, "bo@example.com") };
            store.write_blocking(Actor::system("test"), move |tx| known_as(tx, &described, "order")).unwrap()
        };
        assert_eq!(now("bo", "LI"), bo);
        assert_ne!(now("", ""), bo);
    }

    #[test]
    fn somebody_else_who_has_an_address_by_now_is_somebody_else() {
        use crate::shop::customers::{CustomerChange, change};
        let (_dir, store) = store();
        let (bo, _) = brought(&store, row("7", "Bo", "Li", "bo@example.com"));
        let moved =
            CustomerChange { email: Some(Some("new@example.com".into())), ..CustomerChange::default() };
        store.write_blocking(Actor::system("test"), move |tx| change(tx, bo, None, &moved)).unwrap();
        let rudi = NewCustomer { external: Vec::new(), ..row("", "Rudi", "Ratlos", "bo@example.com") };
        assert_ne!(brought(&store, rudi).0, bo);
    }

    #[test]
    fn an_order_that_is_imported_fills_in_what_nobody_knows_of_its_customer() {
        let (_dir, store) = store();
        let brings = |is_import: bool, note: &str, tag: &str| NewCustomer {
            note: note.into(),
            tags: vec![tag.into()],
            birthday: "1980-02-03".into(),
            is_import,
            ..row("7", "Ann", "Lee", "ann@example.com")
        };
        let plain = row("7", "Ann", "Lee", "ann@example.com");
        for (new, wanted) in [
            (plain, ("", "")),
            (brings(false, "typed", "x"), ("", "")),
            (brings(true, "VIP", "b2b"), ("VIP", "b2b")),
            (brings(true, "other", "c"), ("VIP", "b2b")),
        ] {
            let id =
                store.write_blocking(Actor::system("test"), move |tx| known_as(tx, &new, "order")).unwrap();
            let here = store.read(|s| get(s, id)).unwrap();
            assert_eq!((here.note.as_str(), here.tags.join(" ").as_str()), wanted);
        }
    }
}
