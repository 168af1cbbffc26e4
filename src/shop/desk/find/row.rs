//! A hit as people and programs see it: title, a line below it, a state, an address, and why it was found.

use super::rows::{Asked, Made};
use super::why::{Piece, Why, marked_title, plain, reasons};
use super::{Ask, Kind};
use crate::base::country;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Money;
use crate::base::time::{Timestamp, Zone};
use crate::search::Answer;
use crate::shop::customers::{self, Customer, CustomerId, Totals};
use crate::shop::desk::inbox::badge;
use crate::shop::messages::{self, Message, MessageId};
use crate::shop::orders::admin::{goods_of, state_of};
use crate::shop::orders::{self, CreditKind, CreditNote, CreditNoteId, Order, OrderId};
use crate::store::Read;
use crate::web::listing::grouped;
use crate::web::parts::{Badge, Fill, Tone};
use serde::Serialize;
use std::sync::Arc;

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHit)]
pub struct Hit {
    /// `order`, `customer`, `credit_note` or `message`.
    #[schema(example = "order")]
    pub kind: &'static str,
    #[schema(example = "ord_01kaj3m7q9f8x2v5n4c6b8d0e2")]
    pub id: String,
    /// What people call it.
    #[schema(example = "#10482 · Anna Berg")]
    pub title: String,
    /// A line that tells it from others; days are those of the shop's zone.
    #[schema(example = "20 Nov 2026 · €122.90 · 3 items")]
    pub subtitle: String,
    /// The state in a word, or nothing.
    #[schema(example = "Paid")]
    pub state: String,
    /// Where staff look at it.
    #[schema(example = "/admin/orders/ord_01kaj3m7q9f8x2v5n4c6b8d0e2")]
    pub href: String,
    /// Where and how the query was found in it; empty for a record that was named exactly.
    pub matches: Vec<Why>,
    /// The state for pages.
    #[serde(skip)]
    pub badge: Option<Badge>,
    /// The title for pages, with marks.
    #[serde(skip)]
    pub pieces: Vec<Piece>,
    /// The line for pages, with marks.
    #[serde(skip)]
    pub line: Vec<Piece>,
}

impl Hit {
    pub(super) fn new(
        kind: &'static str,
        id: &impl std::fmt::Display,
        title: String,
        subtitle: &[String],
        badge: Option<Badge>,
    ) -> Self {
        let folder = match kind {
            "order" => "orders",
            "customer" => "customers",
            "message" => "messages",
            _ => "credit-notes",
        };
        let shown: Vec<&str> = subtitle.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let subtitle = shown.join(" · ");
        Self {
            kind,
            id: id.to_string(),
            line: plain(&subtitle),
            subtitle,
            state: badge.as_ref().map(|b| b.label.clone()).unwrap_or_default(),
            href: format!("/admin/{folder}/{id}"),
            matches: Vec::new(),
            badge,
            pieces: plain(&title),
            title,
        }
    }
    pub(super) fn because(mut self, matches: Vec<Why>) -> Self {
        self.pieces = marked_title(&self.title, &matches);
        self.line = marked_title(&self.subtitle, &matches);
        self.matches = matches;
        self
    }
    /// The reasons that title and line do not show already.
    pub fn further(&self) -> impl Iterator<Item = &Why> {
        let shown = |why: &Why| self.title.contains(&why.text) || self.subtitle.contains(&why.text);
        self.matches.iter().filter(move |why| !shown(why))
    }
}

/// Fields whose texts are not shown to those who see no prices.
const PRIVATE: &[&str] = &["email", "phone", "payment", "reference", "voucher", "vat"];

/// The hits of an answer, each with its reasons.
///
/// # Errors
/// Faults of the store only.
pub(super) fn hits(
    r: &impl Read,
    answer: &Answer,
    kind: &Kind,
    ask: &Ask<'_>,
    asked: &Asked<'_>,
) -> Result<Vec<Hit>> {
    let mut hits = Vec::with_capacity(answer.hits.len());
    for found in answer.hits.iter().filter(|hit| hit.kind == kind.name) {
        let key = (kind.name, found.id, ask.prices);
        let made = match asked.get(&key) {
            Some(made) => made,
            None => {
                let Some(made) = made(r, kind, found.id, ask)?.map(Arc::new) else { continue };
                asked.keep(key, &made);
                made
            }
        };
        let hidden = if ask.prices { &[] } else { PRIVATE };
        hits.push(made.hit.clone().because(reasons(&made.doc, &answer.query, hidden)));
    }
    Ok(hits)
}

/// A record as a hit, and as it is searched; `None` where there is none.
fn made(r: &impl Read, kind: &Kind, id: [u8; 16], ask: &Ask<'_>) -> Result<Option<Made>> {
    let (zone, prices) = (ask.zone, ask.prices);
    let (hit, doc) = match kind.name {
        "order" => {
            let Some(order) = orders::find(r, OrderId::from_bytes(id))? else { return Ok(None) };
            let customer = customer_of(r, &order)?;
            let doc = orders::doc_of(r, &order, customer.as_ref())?;
            (order_hit(&order, customer.as_ref(), zone, prices), doc)
        }
        "customer" => {
            let Some(customer) = customers::find(r, CustomerId::from_bytes(id))? else { return Ok(None) };
            let totals = customers::totals(r, customer.id)?;
            (customer_hit(&customer, &totals), customers::doc_of(&customer, &totals))
        }
        "message" => {
            let Some(message) = messages::find(r, MessageId::from_bytes(id))? else { return Ok(None) };
            (message_hit(&message, zone), messages::doc_of(&message))
        }
        _ => {
            let id = CreditNoteId::from_bytes(id);
            let Some(note) = orders::find_credit_note(r, id)? else { return Ok(None) };
            let Some(doc) = orders::credit_note_doc(r, id)? else { return Ok(None) };
            (credit_note_hit(r, &note, zone)?, doc)
        }
    };
    Ok(Some(Made { hit, doc }))
}

/// Who ordered it.
pub(super) fn customer_of(r: &impl Read, order: &Order) -> Result<Option<Customer>> {
    match order.customer {
        Some(id) => customers::find(r, id),
        None => Ok(None),
    }
}

/// An order: `#10482 · Anna Berg`.
pub(super) fn order_hit(order: &Order, customer: Option<&Customer>, zone: &Zone, prices: bool) -> Hit {
    let person = orders::called(order, customer, prices);
    let title = if person.is_empty() {
        format!("#{}", order.number)
    } else {
        format!("#{} · {person}", order.number)
    };
    let items = order.items();
    let line = [
        day(order.placed_at, zone),
        if prices { Money::new(order.total, order.currency).shown() } else { String::new() },
        format!("{items} {}", if items == 1 { "item" } else { "items" }),
    ];
    let badge = if prices { state_of(order) } else { goods_of(order) };
    Hit::new("order", &order.id, title, &line, Some(badge))
}

/// A customer: the name, then what tells them from a namesake.
pub(super) fn customer_hit(customer: &Customer, totals: &Totals) -> Hit {
    let name = customer.name();
    let contact = [customer.email.as_deref().unwrap_or_default(), customer.phone.as_str()]
        .into_iter()
        .find(|text| !text.is_empty() && *text != name)
        .unwrap_or_default()
        .to_owned();
    let place = match (
        customer.addresses.iter().map(|a| a.city.as_str()).find(|c| !c.is_empty()),
        customer.country(),
    ) {
        (Some(city), "") => city.to_owned(),
        (Some(city), code) => format!("{city}, {}", country::name(code)),
        (None, "") => String::new(),
        (None, code) => country::name(code),
    };
    let orders = match totals.orders {
        0 if totals.orders_all > 0 => "no kept orders".to_owned(),
        0 => "no orders".to_owned(),
        1 => "1 order".to_owned(),
        many => format!("{} orders", grouped(u64::from(many))),
    };
    let spent =
        customers::main_spend(totals).filter(|m| m.amount != 0).map(|m| m.shown()).unwrap_or_default();
    Hit::new("customer", &customer.id, name, &[contact, place, orders, spent], None)
}

/// A credit note: `C536379 · Anna Berg`.
pub(super) fn credit_note_hit(r: &impl Read, note: &CreditNote, zone: &Zone) -> Result<Hit> {
    let person = match note.customer {
        Some(id) => customers::find(r, id)?.map(|c| c.name()).unwrap_or_default(),
        None => String::new(),
    };
    let title = if person.is_empty() { note.number.clone() } else { format!("{} · {person}", note.number) };
    let line = [day(note.issued_at, zone), Money::new(note.total, note.currency).shown()];
    let label = if note.kind == CreditKind::Adjustment { "Adjustment" } else { "Credit" };
    Ok(Hit::new("credit_note", &note.id, title, &line, Some(Badge::new(label, Tone::Still, Fill::Bare))))
}

/// A message: `Where is my parcel? · Anna Berg`.
pub(super) fn message_hit(message: &Message, zone: &Zone) -> Hit {
    let title = format!("{} · {}", message.title(), message.sender());
    let email = if message.name.is_empty() { String::new() } else { message.email.clone() };
    let order = match message.order_number.trim_start_matches('#') {
        "" => String::new(),
        number => format!("about order #{number}"),
    };
    Hit::new(
        "message",
        &message.id,
        title,
        &[day(message.received_at, zone), email, order],
        Some(badge(message)),
    )
}

/// `20 Nov 2026`
fn day(at: Timestamp, zone: &Zone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y").to_string()
}
