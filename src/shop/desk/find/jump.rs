//! The one record a text names exactly: `#10482`, an id, the id it has in another system.

use super::Ask;
use super::row::{Hit, credit_note_hit, customer_hit, customer_of, message_hit, order_hit};
use crate::base::error::Result;
use crate::base::id::Id;
use crate::shop::customers::{self, CustomerId};
use crate::shop::messages::{self, MessageId};
use crate::shop::orders::{self, CreditNoteId, OrderId};
use crate::store::Read;

/// Longer than any number or outside id; longer texts name nothing.
const NAME_LEN_MAX: usize = 100;

/// The record, if the text is nothing but its name and the asker may see it.
///
/// # Errors
/// Faults of the store only.
pub(super) fn exact(r: &impl Read, ask: &Ask<'_>) -> Result<Option<Hit>> {
    let text = ask.text.trim();
    let text = text.strip_prefix("number:").unwrap_or(text);
    let asked = |name: &str| ask.kinds.iter().any(|kind| kind.name == name);
    if text.is_empty()
        || text.len() > NAME_LEN_MAX
        || text.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        return Ok(None);
    }
    if asked("order")
        && let Some(id) = order_named(r, text)?
        && let Some(order) = orders::find(r, id)?
    {
        let customer = customer_of(r, &order)?;
        return Ok(Some(order_hit(&order, customer.as_ref(), ask.zone, ask.prices)));
    }
    if asked("customer")
        && let Some(id) = customer_named(r, text)?
        && let Some(customer) = customers::find(r, id)?
    {
        return Ok(Some(customer_hit(&customer, &customers::totals(r, id)?)));
    }
    if ask.prices
        && asked("credit_note")
        && let Some(id) = credit_note_named(r, text)?
        && let Some(note) = orders::find_credit_note(r, id)?
    {
        return Ok(Some(credit_note_hit(r, &note, ask.zone)?));
    }
    if asked("message")
        && let Ok(id) = MessageId::parse(text)
        && let Some(message) = messages::find(r, id)?
    {
        return Ok(Some(message_hit(&message, ask.zone)));
    }
    Ok(None)
}

/// By id, by number with or without `#`, by the id in another system.
fn order_named(r: &impl Read, text: &str) -> Result<Option<OrderId>> {
    if let Ok(id) = OrderId::parse(text) {
        return Ok(Some(id));
    }
    let bare = text.strip_prefix('#').unwrap_or(text);
    if bare.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = bare.parse()
        && let Some(id) = orders::find_by_number(r, number)?
    {
        return Ok(Some(id));
    }
    match orders::find_by_outside_id(r, text)? {
        None if bare != text => orders::find_by_outside_id(r, bare),
        found => Ok(found),
    }
}

fn customer_named(r: &impl Read, text: &str) -> Result<Option<CustomerId>> {
    match CustomerId::parse(text) {
        Ok(id) => Ok(Some(id)),
        Err(_) => customers::find_by_outside_id(r, text),
    }
}

fn credit_note_named(r: &impl Read, text: &str) -> Result<Option<CreditNoteId>> {
    match CreditNoteId::parse(text) {
        Ok(id) => Ok(Some(id)),
        Err(_) => orders::find_credit_note_by_outside_id(r, text),
    }
}
