//! What can be done with customers: add, find, edit, merge what an import brings, keep their totals.

use super::events::{Added, Changed, changes};
use super::external::ExternalRef;
use super::merge::said;
use super::model::{
    Address, Brought, Customer, CustomerId, NewCustomer, Totals, birthday, check_known, checked_address,
    is_to_come, language, many_lines, metadata, one_line, tags,
};
use super::named::Named;
use super::table::{BY_EMAIL, BY_EXTERNAL, BY_ORDERS, BY_PHONE, BY_SPENT, CUSTOMERS, NAMES, TOTALS};
use crate::base::error::{Checks, Error, Result};
use crate::base::id::{Id, time_of};
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::base::{email, phone};
use crate::store::{Direction, Index, Key, Read, Span, Subject, Tx};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What an import did with a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Added,
    Changed,
    Unchanged,
}

/// Fields to change; `None` leaves a field as it is. `email: Some(None)` removes the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerChange {
    pub email: Option<Option<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub phone: Option<String>,
    pub addresses: Option<Vec<Address>>,
    pub note: Option<String>,
    pub tags: Option<Vec<String>>,
    pub metadata: Option<BTreeMap<String, String>>,
    pub accepts_marketing: Option<bool>,
    pub tax_exempt: Option<bool>,
    pub vat_id: Option<String>,
    pub language: Option<String>,
    pub birthday: Option<String>,
}

/// The customer, or `NotFound`.
///
/// # Errors
/// `not_found`.
pub fn get(r: &impl Read, id: CustomerId) -> Result<Customer> {
    find(r, id)?.ok_or_else(|| Error::not_found("customer", id))
}

/// The customer, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn find(r: &impl Read, id: CustomerId) -> Result<Option<Customer>> {
    CUSTOMERS.get(r, &id)
}

/// What the customer is called by, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn named(r: &impl Read, id: CustomerId) -> Result<Option<Named>> {
    NAMES.get(r, &id)
}

/// The customer with this e-mail address in any spelling.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_email(r: &impl Read, address: &str) -> Result<Option<CustomerId>> {
    BY_EMAIL.first(r, &email::key(address))
}

/// The customer an outside system knows by this id.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_external(r: &impl Read, external: &ExternalRef) -> Result<Option<CustomerId>> {
    BY_EXTERNAL.first(r, &(external.source.clone(), external.id.clone()))
}

/// The customer that any outside system knows by this id; with several, of the first system by name.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_outside_id(r: &impl Read, id: &str) -> Result<Option<CustomerId>> {
    in_any_source(r, &BY_EXTERNAL, id)
}

/// The record under (source, `id`) for the first source that has one. One step a source, and there are few.
pub(in crate::shop) fn in_any_source<P: Key>(
    r: &impl Read,
    index: &Index<(String, String), P>,
    id: &str,
) -> Result<Option<P>> {
    let mut span = Span::all();
    loop {
        let mut next = None;
        index.walk(r, &span, Direction::Forward, |(source, _), _, _| {
            next = Some(source);
            Ok(ControlFlow::Break(()))
        })?;
        let Some(source) = next else { return Ok(None) };
        if let Some(found) = index.first(r, &(source.clone(), id.to_owned()))? {
            return Ok(Some(found));
        }
        // Behind every id of this source, before every other source.
        span = Span::from(&format!("{source}\u{1}"));
    }
}

/// Other customers with the same phone number, at most five: perhaps the same person twice.
///
/// # Errors
/// Faults of the store only.
pub fn same_phone(r: &impl Read, customer: &Customer) -> Result<Vec<Customer>> {
    let digits = phone::significant(&customer.phone);
    if digits.len() < 6 {
        return Ok(Vec::new());
    }
    let mut others = Vec::new();
    BY_PHONE.walk(r, &Span::of(&digits), Direction::Forward, |_, id, _| {
        if id != customer.id {
            others.push(id);
        }
        Ok(if others.len() < 5 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    others.into_iter().filter_map(|id| find(r, id).transpose()).collect()
}

/// Adds a customer.
///
/// # Errors
/// `validation`; `email_taken` or `external_taken` when another customer has it.
pub fn add(tx: &mut Tx<'_>, new: &NewCustomer, by: &'static str) -> Result<Customer> {
    let new = new.checked()?;
    if !new.is_import && is_to_come(&new.birthday, tx.now()) {
        return Err(born_later());
    }
    if let Some(address) = &new.email
        && let Some(other) = find_by_email(tx, address)?
    {
        return Err(email_taken(tx, other)?);
    }
    insert(tx, new, by)
}

fn born_later() -> Error {
    Error::invalid("invalid_birthday", "Enter a birthday that is not to come.").on("/birthday")
}

fn email_taken(r: &impl Read, other: CustomerId) -> Result<Error> {
    let name = get(r, other)?.name();
    Ok(Error::conflict("email_taken", format!("{name} has this e-mail address already.")).on("/email"))
}

pub(super) fn insert(tx: &mut Tx<'_>, new: NewCustomer, by: &'static str) -> Result<Customer> {
    let now = tx.now();
    // A record of ours comes back under its id, which begins with the moment it was made.
    let dated = |id: CustomerId| Some((id, time_of(&id.bytes())?));
    let own = new.external.iter().find_map(|external| external.own_id().and_then(dated));
    let created_at = own.map_or_else(|| new.created_at.unwrap_or(now), |(_, at)| Timestamp(at));
    let id = own.map_or_else(|| tx.dated_id(created_at), |(id, _)| id);
    let customer = record(new, id, created_at, now);
    CUSTOMERS.put(tx, &customer.id, &customer)?;
    TOTALS.put(tx, &customer.id, &Totals::default())?;
    tx.publish(Subject::of(&customer.id), &Added { name: customer.name(), by })?;
    Ok(customer)
}

/// The record of somebody new.
pub(super) fn record(new: NewCustomer, id: CustomerId, created_at: Timestamp, now: Timestamp) -> Customer {
    let version = new.life.map_or(1, |life| life.version.max(1));
    let imported = new.is_import.then(|| Brought { said: vec![said(&new)], version });
    Customer {
        id,
        version,
        created_at,
        updated_at: new.life.map_or(now, |life| life.updated_at.min(now)),
        email: new.email,
        first_name: new.first_name,
        last_name: new.last_name,
        company: new.company,
        phone: new.phone,
        addresses: new.addresses,
        note: new.note,
        tags: new.tags,
        metadata: new.metadata,
        external: new.external.into_iter().filter(|e| e.own_id() != Some(id)).collect(),
        accepts_marketing: new.accepts_marketing.unwrap_or(false),
        tax_exempt: new.tax_exempt.unwrap_or(false),
        vat_id: new.vat_id,
        language: new.language,
        birthday: new.birthday,
        old_emails: new.old_emails,
        imported,
    }
}

/// Changes fields of a customer. `seen` is the version the change was made from.
///
/// # Errors
/// `not_found`, `version_mismatch`, `validation`, `email_taken`.
pub fn change(
    tx: &mut Tx<'_>,
    id: CustomerId,
    seen: Option<u64>,
    change: &CustomerChange,
) -> Result<Customer> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    let mut after = before.clone();
    apply(&mut after, change)?;
    if after.birthday != before.birthday && is_to_come(&after.birthday, tx.now()) {
        return Err(born_later());
    }
    if let Some(address) = &after.email
        && let Some(other) = find_by_email(tx, address)?
        && other != id
    {
        return Err(email_taken(tx, other)?);
    }
    if let Some(old) = &before.email
        && change.email.is_some()
        && after.email.as_deref().map(email::key) != Some(email::key(old))
        && !after.old_emails.contains(old)
    {
        after.old_emails.push(old.clone());
    }
    save(tx, &before, after)
}

/// Adds tags to a customer and takes others away; the rest stay.
///
/// # Errors
/// `not_found`, `validation`.
pub fn retag(tx: &mut Tx<'_>, id: CustomerId, add: &[String], remove: &[String]) -> Result<Customer> {
    let tags = retagged(&get(tx, id)?.tags, add, remove);
    change(tx, id, None, &CustomerChange { tags: Some(tags), ..CustomerChange::default() })
}

/// Tags with some added and others, in any case, taken away.
pub(in crate::shop) fn retagged(tags: &[String], add: &[String], remove: &[String]) -> Vec<String> {
    let gone: Vec<String> = remove.iter().map(|t| t.trim().to_lowercase()).collect();
    let kept = tags.iter().filter(|t| !gone.contains(&t.to_lowercase()));
    kept.chain(add).cloned().collect()
}

/// Refuses a change made from another version than the present one.
///
/// # Errors
/// `version_mismatch` naming both.
pub fn require_version(seen: Option<u64>, present: u64) -> Result<()> {
    match seen {
        Some(version) if version != present => Err(Error::conflict(
            "version_mismatch",
            format!(
                "Somebody changed this meanwhile: you saw version {version}, it is now version {present}. Look at it again."
            ),
        )),
        _ => Ok(()),
    }
}

fn apply(after: &mut Customer, change: &CustomerChange) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(address) = &change.email {
        after.email = match address.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) if after.email.as_deref() == Some(text) => after.email.clone(),
            Some(text) => checks.keep("/email", email::parse(text)),
        };
    }
    type Rule = fn(&str) -> Result<String>;
    for (pointer, given, field, rule) in [
        ("/first_name", &change.first_name, &mut after.first_name, one_line as Rule),
        ("/last_name", &change.last_name, &mut after.last_name, one_line),
        ("/company", &change.company, &mut after.company, one_line),
        ("/phone", &change.phone, &mut after.phone, one_line),
        ("/vat_id", &change.vat_id, &mut after.vat_id, one_line),
        ("/language", &change.language, &mut after.language, language),
        ("/birthday", &change.birthday, &mut after.birthday, birthday),
    ] {
        // What an import brought stays as it is while nobody changes it.
        if let Some(text) = given.as_deref().filter(|text| *text != field.as_str()) {
            *field = checks.keep(pointer, rule(text)).unwrap_or_default();
        }
    }
    if let Some(text) = &change.note {
        after.note = checks.keep("/note", many_lines(text)).unwrap_or_default();
    }
    if let Some(given) = &change.tags {
        after.tags = checks.keep("/tags", tags(given)).unwrap_or_default();
    }
    if let Some(given) = &change.metadata {
        after.metadata = checks.keep("/metadata", metadata(given)).unwrap_or_default();
    }
    if let Some(given) = &change.addresses {
        let most = super::model::ADDRESSES_MAX;
        if given.len() > most {
            checks.wrong("/addresses", "too_many", format!("Keep at most {most} addresses."));
        }
        after.addresses = given
            .iter()
            .enumerate()
            .map(|(i, a)| checked_address(a, &format!("/addresses/{i}"), &mut checks))
            .filter(|a| !a.is_empty())
            .collect();
    }
    after.accepts_marketing = change.accepts_marketing.unwrap_or(after.accepts_marketing);
    after.tax_exempt = change.tax_exempt.unwrap_or(after.tax_exempt);
    let words = [&after.first_name, &after.last_name, &after.company, &after.phone];
    check_known(after.email.as_deref(), &after.external, words, &mut checks);
    checks.finish()
}

/// Writes `after` with a new version and its event; nothing when nothing differs.
pub(super) fn save(tx: &mut Tx<'_>, before: &Customer, mut after: Customer) -> Result<Customer> {
    let changes = changes(&view(before), &view(&after));
    if changes.is_empty() {
        return Ok(before.clone());
    }
    after.version = before.version + 1;
    after.updated_at = tx.now();
    CUSTOMERS.put(tx, &after.id, &after)?;
    tx.publish(Subject::of(&after.id), &Changed { changes })?;
    Ok(after)
}

/// The fields whose changes the log keeps.
fn view(c: &Customer) -> serde_json::Value {
    serde_json::json!({
        "email": c.email, "first_name": c.first_name, "last_name": c.last_name, "company": c.company,
        "phone": c.phone, "addresses": c.addresses, "note": c.note, "tags": c.tags, "metadata": c.metadata,
        "accepts_marketing": c.accepts_marketing, "tax_exempt": c.tax_exempt, "vat_id": c.vat_id,
        "language": c.language, "birthday": c.birthday, "external": c.external, "old_emails": c.old_emails,
    })
}

/// What the customer's orders add up to.
///
/// # Errors
/// Faults of the store only.
pub fn totals(r: &impl Read, id: CustomerId) -> Result<Totals> {
    Ok(TOTALS.get(r, &id)?.unwrap_or_default())
}

/// Calls `visit` with the totals of every customer.
///
/// # Errors
/// Faults of the store, and what `visit` refuses.
pub fn each_totals(r: &impl Read, mut visit: impl FnMut(CustomerId, Totals) -> Result<()>) -> Result<()> {
    TOTALS.walk(r, &Span::all(), Direction::Forward, |id, totals| {
        visit(id, totals)?;
        Ok(ControlFlow::Continue(()))
    })
}

/// Writes the totals; only the orders, which know them, call this, in the transaction of their own change.
///
/// # Errors
/// Faults of the store only.
pub fn set_totals(tx: &mut Tx<'_>, id: CustomerId, totals: &Totals) -> Result<()> {
    TOTALS.put(tx, &id, totals)
}

/// The customers with the most kept orders, most first.
///
/// # Errors
/// Faults of the store only.
pub fn with_most_orders(r: &impl Read, limit: usize) -> Result<Vec<CustomerId>> {
    let mut ids = Vec::new();
    BY_ORDERS.walk(r, &Span::all(), Direction::Forward, |Reverse(orders), id, _| {
        if orders > 0 {
            ids.push(id);
        }
        Ok(if orders > 0 && ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ids)
}

/// A customer's place among those who spent in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Minor units.
    pub amount: i64,
    pub id: CustomerId,
}

impl std::fmt::Display for Rank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.amount, self.id)
    }
}

impl Rank {
    /// Reads the text form.
    ///
    /// # Errors
    /// `invalid_cursor` for anything that no list gave.
    pub fn parse(text: &str) -> Result<Self> {
        let read = text.split_once('.').and_then(|(amount, id)| {
            Some(Self { amount: amount.parse().ok()?, id: CustomerId::parse(id).ok()? })
        });
        read.ok_or_else(|| {
            Error::invalid("invalid_cursor", "Use the cursor of an earlier answer of this list.")
        })
    }
}

/// The customers who spent most in a currency, most first, behind a place.
///
/// # Errors
/// Faults of the store only.
pub fn with_highest_spend(
    r: &impl Read,
    currency: Currency,
    after: Option<Rank>,
    limit: usize,
) -> Result<Vec<Rank>> {
    let mut ranks = Vec::new();
    let mut span = Span::of(&currency);
    if let Some(Rank { amount, id }) = after {
        span = span.after(&((currency, Reverse(amount)), id), Direction::Forward);
    }
    BY_SPENT.walk(r, &span, Direction::Forward, |(_, Reverse(amount)), id, _| {
        if amount > 0 {
            ranks.push(Rank { amount, id });
        }
        Ok(if amount > 0 && ranks.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ranks)
}

/// The currencies anybody has spent in, by code. One step a currency.
///
/// # Errors
/// Faults of the store only.
pub fn spent_currencies(r: &impl Read) -> Result<Vec<Currency>> {
    let mut found: Vec<Currency> = Vec::new();
    loop {
        let span = match found.last() {
            // Keys rise while the sums fall: this is the end of a currency.
            Some(last) => Span::from(&(*last, Reverse(i64::MIN))),
            None => Span::all(),
        };
        let mut next = None;
        BY_SPENT.walk(r, &span, Direction::Forward, |(currency, _), _, _| {
            let is_new = found.last() != Some(&currency);
            next = next.or(is_new.then_some(currency));
            Ok(if is_new { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        match next {
            Some(currency) => found.push(currency),
            None => return Ok(found),
        }
    }
}

/// Ids after `after` in id order, for rebuilding the index and for exports.
///
/// # Errors
/// Faults of the store only.
pub fn ids(r: &impl Read, after: Option<CustomerId>, limit: usize) -> Result<Vec<CustomerId>> {
    keys(r, after, Direction::Forward, limit)
}

/// The newest customers before `before`, newest first: what lists show while the index is rebuilt.
///
/// # Errors
/// Faults of the store only.
pub fn recent(r: &impl Read, before: Option<CustomerId>, limit: usize) -> Result<Vec<CustomerId>> {
    keys(r, before, Direction::Backward, limit)
}

fn keys(
    r: &impl Read,
    from: Option<CustomerId>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<CustomerId>> {
    let span = from.map_or_else(Span::all, |key| Span::all().after(&key, direction));
    let mut ids = Vec::new();
    CUSTOMERS.walk_keys(r, &span, direction, |id| {
        ids.push(id);
        Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ids)
}
