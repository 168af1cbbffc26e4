//! The one record a text names exactly: `#10482`, an id, the name or id it has in another system.

use super::row::{Hit, credit_note_hit, customer_hit, order_hit};
use super::Ask;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::shop::customers::{self, CustomerId, ExternalRef};
use crate::shop::orders::{self, CreditNoteId, OrderId};
use crate::store::Read;

/// The systems whose ids are looked up without naming them.
const SOURCES: &[&str] = &["shopify", "woocommerce", "magento", "prestashop", "online-retail", "olist", "backroom", "demo"];

/// The record, if the text is nothing but its name and the asker may see it.
///
/// # Errors
/// Faults of the store only.
pub(super) fn exact(r: &impl Read, ask: &Ask<'_>) -> Result<Option<Hit>> {
    let text = ask.text.trim();
    let asked = |name: &str| ask.kinds.iter().any(|kind| kind.name == name);
    if text.is_empty() || text.chars().count() > 100 || text.contains(char::is_whitespace) {
        return Ok(None);
    }
    if asked("order")
        && let Some(id) = order_named(r, text)?
        && let Some(order) = orders::find(r, id)?
    {
        return Ok(Some(order_hit(r, &order, ask.zone)?));
    }
    if asked("customer")
        && let Some(id) = customer_named(r, text)?
        && let Some(customer) = customers::find(r, id)?
    {
        return Ok(Some(customer_hit(&customer, &customers::totals(r, id)?, ask.zone)));
    }
    if asked("credit_note")
        && let Some(id) = credit_note_named(r, text)?
        && let Some(note) = orders::find_credit_note(r, id)?
    {
        return Ok(Some(credit_note_hit(r, &note, ask.zone)?));
    }
    Ok(None)
}

/// By number with or without `#`, by id, by the id in another system.
fn order_named(r: &impl Read, text: &str) -> Result<Option<OrderId>> {
    if let Ok(id) = OrderId::parse(text) {
        return Ok(Some(id));
    }
    let bare = text.strip_prefix('#').unwrap_or(text);
    if !bare.is_empty()
        && bare.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = bare.parse()
        && let Some(id) = orders::find_by_number(r, number)?
    {
        return Ok(Some(id));
    }
    for source in SOURCES {
        for name in [text, bare] {
            if let Some(id) = orders::find_by_source(r, source, name)? {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

fn customer_named(r: &impl Read, text: &str) -> Result<Option<CustomerId>> {
    if let Ok(id) = CustomerId::parse(text) {
        return Ok(Some(id));
    }
    for source in SOURCES {
        let external = ExternalRef { source: (*source).to_owned(), id: text.to_owned() };
        if let Some(id) = customers::find_by_external(r, &external)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn credit_note_named(r: &impl Read, text: &str) -> Result<Option<CreditNoteId>> {
    if let Ok(id) = CreditNoteId::parse(text) {
        return Ok(Some(id));
    }
    for source in SOURCES {
        if let Some(id) = orders::find_credit_note_by_source(r, source, text)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
