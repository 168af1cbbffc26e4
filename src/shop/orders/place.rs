//! Placing orders: from the API, from staff, from an import; and credit notes that come with an import.

use super::events::{CreditNoteAdded, Placed};
use super::incoming::{NewCreditNote, NewOrder, NewOrderCustomer};
use super::keep::{self, account};
use super::model::{CreditNote, CreditNoteId, Order, OrderId};
use super::table::{BY_NUMBER, BY_SOURCE, CREDIT_BY_SOURCE, CREDIT_NOTES, NUMBERS};
use crate::base::error::{Error, Result};
use crate::base::id::{Id, time_of, uuid_v7};
use crate::base::money::{Money, within};
use crate::base::time::Timestamp;
use crate::shop::customers::{self, CustomerId, ExternalRef, NewCustomer};
use crate::store::{Read, Subject, Tx};

/// People's numbers start here, so that the first order does not look like a test.
const NUMBER_FIRST: u64 = 10_001;
/// A wished number is taken up to eight digits; longer ones are outside ids, not numbers people say.
const WISHED_MAX: u64 = 99_999_999;

/// The source that our own exports name for what was placed here.
const OWN: &str = "backroom";

/// What came of an order that an import brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    Added(OrderId),
    /// It was here already, by its source and outside id; nothing changed.
    Known(OrderId),
}

/// Places an order: one record, its number, its customer's totals, its event, all or nothing.
///
/// # Errors
/// `validation` with all fields; `source_taken` when this outside id was placed already.
pub fn place(tx: &mut Tx<'_>, new: &NewOrder) -> Result<Order> {
    if let Some(known) = known(tx, new)? {
        return Err(
            Error::conflict("source_taken", format!("This order was placed already: {known}.")).on("/source")
        );
    }
    insert(tx, new)
}

/// Places an order that an import brings, once: the same source and outside id change nothing.
///
/// # Errors
/// `validation`.
pub fn import(tx: &mut Tx<'_>, new: &NewOrder) -> Result<Imported> {
    if let Some(known) = known(tx, new)? {
        return Ok(Imported::Known(known));
    }
    insert(tx, new).map(|order| Imported::Added(order.id))
}

/// The order this one is already, by its source and outside id.
///
/// # Errors
/// Faults of the store only.
pub fn known(r: &impl Read, new: &NewOrder) -> Result<Option<OrderId>> {
    let Some(source) = &new.source else { return Ok(None) };
    if let Some(id) = own_id(source)
        && keep::find(r, id)?.is_some()
    {
        return Ok(Some(id));
    }
    BY_SOURCE.first(r, &(source.source.clone(), source.id.clone()))
}

/// The id that our own export names an order by.
fn own_id(source: &ExternalRef) -> Option<OrderId> {
    if source.source == OWN { OrderId::parse(&source.id).ok() } else { None }
}

fn insert(tx: &mut Tx<'_>, new: &NewOrder) -> Result<Order> {
    let now = tx.now();
    let placed_at = new.placed_at.unwrap_or(now);
    // An order of ours comes back under its id, as long as that still begins with the moment of placing.
    let own = new.source.as_ref().and_then(own_id).filter(|id| time_of(&id.bytes()) == Some(placed_at.0));
    let back = own.map(|_| NewOrder { source: None, ..new.clone() });
    let new = back.as_ref().unwrap_or(new);
    let id = own.unwrap_or_else(|| OrderId::from_bytes(dated_id(tx, placed_at)));
    // Checked before anything is written, so that a refusal says everything and costs nothing.
    new.checked(id, 0, None, now)?;
    let customer = customer_of(tx, new)?;
    let number = number_for(tx, new.wished_number)?;
    let order = new.checked(id, number, customer, now)?;
    let placed = Placed {
        number,
        channel: order.channel.clone(),
        total: Money::new(order.total, order.currency),
        lines: order.lines.len(),
        placed_at: order.placed_at,
    };
    keep::save(tx, None, &order, &placed)?;
    Ok(order)
}

/// An id whose order is the order of time.
fn dated_id(tx: &mut Tx<'_>, at: Timestamp) -> [u8; 16] {
    let mut random = [0; 10];
    tx.random(&mut random);
    uuid_v7(at.0, &random)
}

fn number_for(tx: &mut Tx<'_>, wished: Option<u64>) -> Result<u64> {
    if let Some(number) = wished.filter(|n| (1..=WISHED_MAX).contains(n))
        && BY_NUMBER.first(tx, &number)?.is_none()
    {
        tx.at_least(NUMBERS, number)?;
        return Ok(number);
    }
    tx.at_least(NUMBERS, NUMBER_FIRST - 1)?;
    tx.next(NUMBERS)
}

/// The customer of an order: as given, as described, or by the order's own contact data.
fn customer_of(tx: &mut Tx<'_>, new: &NewOrder) -> Result<Option<CustomerId>> {
    match &new.customer {
        NewOrderCustomer::Known(id) => match customers::find(tx, *id)? {
            Some(customer) => Ok(Some(customer.id)),
            None => {
                Err(Error::invalid("no_such_customer", format!("There is no customer {id}.")).on("/customer"))
            }
        },
        NewOrderCustomer::Described(described) => {
            let mut described = (**described).clone();
            described.is_import = new.is_import;
            described.created_at = described.created_at.or(new.placed_at);
            customers::known_as(tx, &described, "order").map(Some)
        }
        NewOrderCustomer::Guest => match new.email.as_deref().map(str::trim).filter(|e| !e.is_empty()) {
            Some(email) => customers::known_as(tx, &described_by(new, email), "order").map(Some),
            None => Ok(None),
        },
    }
}

/// Who an order with an e-mail address and no customer is from.
fn described_by(new: &NewOrder, email: &str) -> NewCustomer {
    let address = new.shipping_address.as_ref().or(new.billing.as_ref());
    let name = address.map(|a| a.name.trim()).unwrap_or_default();
    let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
    NewCustomer {
        email: Some(email.to_owned()),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        company: address.map(|a| a.company.clone()).unwrap_or_default(),
        phone: if new.phone.is_empty() {
            address.map(|a| a.phone.clone()).unwrap_or_default()
        } else {
            new.phone.clone()
        },
        addresses: address.filter(|a| !a.line1.is_empty()).cloned().into_iter().collect(),
        created_at: new.placed_at,
        is_import: new.is_import,
        ..NewCustomer::default()
    }
}

/// Adds a credit note that an import brings, once. `None` when it was here already.
///
/// # Errors
/// `validation` of the described customer.
pub fn import_credit_note(tx: &mut Tx<'_>, new: &NewCreditNote) -> Result<Option<CreditNoteId>> {
    if let Some(source) = &new.source
        && CREDIT_BY_SOURCE.first(tx, &(source.source.clone(), source.id.clone()))?.is_some()
    {
        return Ok(None);
    }
    let customer = match &new.customer {
        NewOrderCustomer::Guest => None,
        NewOrderCustomer::Known(id) => Some(customers::get(tx, *id)?.id),
        NewOrderCustomer::Described(described) => {
            let mut described = (**described).clone();
            described.is_import = true;
            described.created_at = described.created_at.or(Some(new.issued_at));
            Some(customers::known_as(tx, &described, "import")?)
        }
    };
    within(new.total).map_err(|e| e.on("/total"))?;
    let note = CreditNote {
        id: CreditNoteId::from_bytes(dated_id(tx, new.issued_at)),
        number: new.number.clone(),
        version: 1,
        issued_at: new.issued_at,
        created_at: tx.now(),
        source: new.source.clone(),
        customer,
        currency: new.currency,
        lines: new.lines.clone(),
        total: new.total,
        kind: new.kind,
        country: new.country.clone(),
    };
    CREDIT_NOTES.put(tx, &note.id, &note)?;
    let mut also = Vec::new();
    if let Some(customer) = customer {
        account(tx, customer, |totals| {
            totals.credit_notes = totals.credit_notes.saturating_add(1);
            keep::spend(totals, note.currency, -note.total)
        })?;
        also.push(Subject::of(&customer));
    }
    let event = CreditNoteAdded { number: note.number.clone(), total: Money::new(note.total, note.currency) };
    tx.publish_with(Subject::of(&note.id), &also, &event)?;
    Ok(Some(note.id))
}

/// Whether a credit note with this outside id is here.
///
/// # Errors
/// Faults of the store only.
pub fn has_credit_note(r: &impl Read, source: &ExternalRef) -> Result<bool> {
    Ok(CREDIT_BY_SOURCE.first(r, &(source.source.clone(), source.id.clone()))?.is_some())
}
