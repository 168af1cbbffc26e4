//! The messages of a customer or about an order, as a card on their pages.

use super::PATH;
use super::view::badge;
use crate::access::Rights;
use crate::base::error::Result;
use crate::shop::messages::{self, Message, MessageId, State};
use crate::shop::orders::OrderId;
use crate::store::{Read, Snapshot};
use crate::web::parts::{Link, Slip, Slips};

/// Rows of the card.
const ROWS: usize = 8;

/// The card of an order; none without a message, or for who sees none.
///
/// # Errors
/// Faults of the store only.
pub fn of_order(s: &Snapshot, order: OrderId, rights: Rights) -> Result<Option<Slips>> {
    if !rights.may("messages:view") {
        return Ok(None);
    }
    let found = messages::about(s, order, ROWS)?.items;
    Ok(card("Messages", found.iter().filter(|m| m.state != State::Spam)))
}

/// The card of who has these e-mail addresses.
///
/// # Errors
/// Faults of the store only.
pub fn of_addresses(r: &impl Read, addresses: &[&str], rights: Rights) -> Result<Option<Slips>> {
    if !rights.may("messages:view") {
        return Ok(None);
    }
    others(r, "Messages", addresses, None)
}

/// The same without one of them.
pub(super) fn others(
    r: &impl Read,
    title: &'static str,
    addresses: &[&str],
    but: Option<MessageId>,
) -> Result<Option<Slips>> {
    let mut found: Vec<Message> = Vec::new();
    for address in addresses.iter().filter(|address| !address.is_empty()) {
        found.extend(messages::by_email(r, address, None, ROWS + 1)?.items);
    }
    found.sort_by_key(|message| std::cmp::Reverse(message.received_at));
    let shown = found.iter().filter(|m| Some(m.id) != but && m.state != State::Spam);
    Ok(card(title, shown.take(ROWS)))
}

fn card<'m>(title: &'static str, messages: impl Iterator<Item = &'m Message>) -> Option<Slips> {
    let rows: Vec<Slip> = messages.map(slip).collect();
    (!rows.is_empty()).then_some(Slips { title, word: "messages", rows, all: None })
}

fn slip(message: &Message) -> Slip {
    Slip {
        link: Link::new(message.title(), format!("{PATH}/{}", message.id)),
        badge: badge(message),
        at: message.received_at,
        note: String::new(),
        act: None,
    }
}
