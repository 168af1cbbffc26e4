//! Placing orders: from the API, from staff, from an import.

use super::arrival::{Arrival, Traits, arrival, content, customer_named};
use super::events::{Placed, Reimported};
use super::incoming::{NewOrder, NewOrderCustomer};
use super::keep;
use super::model::{Order, OrderId};
use super::table::{BY_NUMBER, BY_SOURCE, BY_SOURCE_NAME, NUMBERS};
use crate::base::error::{Error, Result};
use crate::base::id::{Id as _, time_of};
use crate::base::money::Money;
use crate::shop::customers::{self, Address, CustomerId, ExternalRef, NewCustomer, changes};
use crate::store::{Direction, Read, Span, Tx};

/// People's numbers start here, so that the first order does not look like a test.
const NUMBER_FIRST: u64 = 10_001;
/// A wished number is taken up to eight digits; longer ones are outside ids, not numbers people say.
const WISHED_MAX: u64 = 99_999_999;

/// What came of an order that an import brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    Added(OrderId),
    /// It was here with other content and was brought up to date.
    Changed(OrderId),
    /// It was here already and the file says nothing new.
    Unchanged(OrderId),
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
    insert(tx, new, None)
}

/// Places an order that an import brings, once. One that is here is brought up to date where nobody has changed it
/// here since.
///
/// # Errors
/// `validation`; `other_order`, `changed_here`.
pub fn import(tx: &mut Tx<'_>, new: &NewOrder) -> Result<Imported> {
    import_over(tx, new).map(|(imported, _)| imported)
}

/// An order as it was before and as it is now.
pub(super) type Both = Box<(Order, Order)>;

/// The same, with both states of the order where it was brought up to date.
///
/// # Errors
/// As [`import`].
pub fn import_over(tx: &mut Tx<'_>, new: &NewOrder) -> Result<(Imported, Option<Both>)> {
    match arrival(tx, new)? {
        Arrival::New(traits) => insert(tx, new, Some(&traits)).map(|order| (Imported::Added(order.id), None)),
        Arrival::Same(id) => Ok((Imported::Unchanged(id), None)),
        Arrival::Changed(both) => {
            let (before, mut after) = *both;
            // Nobody new is made of a corrected address.
            if before.customer.is_none() || customer_named(tx, new)?.is_some() {
                after.customer = customer_of(tx, new)?;
            }
            after.updated_at = tx.now();
            let mut changes_told = changes(&told(&before), &told(&after));
            if changes_told.is_empty() {
                changes_told = changes(&told_in_full(&before), &told_in_full(&after));
            }
            if changes_told.is_empty() {
                let digest = |o: &Order| format!("{:016x}", content(o));
                changes_told.insert("content".to_owned(), vec![digest(&before), digest(&after)].into());
            }
            let event = Reimported { number: after.number, changes: changes_told };
            keep::save(tx, Some(&before), &after, &event)?;
            Ok((Imported::Changed(after.id), Some(Box::new((before, after)))))
        }
    }
}

/// The fields of an order that an import may change, as the log keeps them.
fn told(o: &Order) -> serde_json::Value {
    let lines = o.lines.iter().map(|l| {
        let what = if l.title.is_empty() { &l.sku } else { &l.title };
        format!("{} × {what}, {}", l.quantity, Money::new(l.total, o.currency).shown())
    });
    let amount = |minor: i64| Money::new(minor, o.currency).shown();
    serde_json::json!({
        "customer": o.customer.map(|id| id.to_string()), "email": o.email, "phone": o.phone, "billing": o.billing,
        "shipping_address": o.shipping_address, "lines": lines.collect::<Vec<_>>(),
        "discount": amount(o.discount), "discount_code": o.discount_code, "shipping": amount(o.shipping),
        "shipping_method": o.shipping_method, "tax": amount(o.tax), "total": amount(o.total),
        "refunded": amount(o.refunded), "status": o.status, "payment": o.payment, "fulfilment": o.fulfilment,
        "hold": o.hold, "paid": amount(o.paid()), "note": o.note, "tags": o.tags, "metadata": o.metadata,
        "parcels": o.parcels.iter().map(|p| format!("{} {}", p.carrier, p.tracking)).collect::<Vec<_>>(),
        "channel": o.channel, "placed_at": o.placed_at, "adjustment": amount(o.adjustment),
        "tax_included": o.tax_included, "source_name": o.source_name,
        "cancelled": o.cancelled.as_ref().map(|c| (c.at, c.reason.word(), c.note.as_str())),
    })
}

/// What is told of where nothing else differs, so that no event says that something changed and not what.
fn told_in_full(o: &Order) -> serde_json::Value {
    let lines = o.lines.iter().map(|l| {
        let texts = [&l.sku, &l.barcode, &l.title, &l.category, &l.size, &l.colour, &l.vendor];
        let texts: Vec<&str> =
            texts.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let amount = |minor: i64| Money::new(minor, o.currency).shown();
        format!(
            "{} × {}, {} each, discount {}, tax {}, {}",
            l.quantity,
            texts.join(" "),
            l.unit_price.decimal(),
            amount(l.discount),
            amount(l.tax),
            amount(l.total)
        )
    });
    let payments = o.payments.iter().map(|p| {
        let at = p.at.map(|at| at.to_string()).unwrap_or_default();
        let amount = Money::new(p.amount, o.currency).shown();
        format!("{amount} {} {} {at} in {}", p.method, p.reference, p.instalments.max(1))
    });
    let parcels = o.parcels.iter().map(|p| {
        let at = p.shipped_at.map(|at| at.to_string()).unwrap_or_default();
        format!("{} {} {at}", p.carrier, p.tracking)
    });
    let notes = o.staff_notes.iter().map(|n| format!("{} {} {}", n.at, n.by, n.text));
    serde_json::json!({
        "lines": lines.collect::<Vec<_>>(), "payments": payments.collect::<Vec<_>>(),
        "parcels": parcels.collect::<Vec<_>>(), "staff_notes": notes.collect::<Vec<_>>(),
        "currency": o.currency, "placed_offset_min": o.placed_offset_min,
        "fulfilment_before": o.fulfilment_before,
    })
}

/// The order this one is already, by its source and outside id, or by what it is called there where one of the two files
/// has no outside ids.
///
/// # Errors
/// Faults of the store only.
pub fn known(r: &impl Read, new: &NewOrder) -> Result<Option<OrderId>> {
    // By our own id first: a file of ours says which record it is.
    if let Some(id) = wished(new)
        && keep::find(r, id)?.is_some()
    {
        return Ok(Some(id));
    }
    let Some(source) = &new.source else { return Ok(None) };
    let known = BY_SOURCE.first(r, &(source.source.clone(), source.id.clone()))?;
    match CalledThere::of(new) {
        Some(called) if known.is_none() && new.is_import => called.known(r, new.wished_number),
        _ => Ok(known),
    }
}

/// What an order is called where it is from. Exports of a shop have it always and the outside id beside it in some: those
/// that have none are known by it alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CalledThere {
    pub source: String,
    pub name: String,
    /// The outside id is the name.
    pub is_all: bool,
}

impl CalledThere {
    pub fn of(new: &NewOrder) -> Option<Self> {
        let number = || new.wished_number.map(|number| number.to_string()).unwrap_or_default();
        Self::made(new.source.as_ref()?, &new.source_name, number)
    }
    fn of_kept(order: &Order) -> Option<Self> {
        Self::made(order.source.as_ref()?, &order.source_name, || order.number.to_string())
    }
    fn made(source: &ExternalRef, name: &str, number: impl FnOnce() -> String) -> Option<Self> {
        let name = if name.is_empty() { number() } else { name.to_owned() };
        let is_all = source.id == name;
        (!name.is_empty()).then(|| Self { source: source.source.clone(), name, is_all })
    }
    /// The same order out of a file of the other kind.
    #[must_use]
    pub fn other_way(self) -> Self {
        Self { is_all: !self.is_all, ..self }
    }
    /// The order that a file of the other kind has brought under this name. `number` is the one that it was to have here, and
    /// has where no other order had it.
    fn known(self, r: &impl Read, number: Option<u64>) -> Result<Option<OrderId>> {
        let called = (self.source.clone(), self.name.clone());
        let is_all = self.is_all;
        let other = self.other_way();
        let is_it = |id: &OrderId| Ok(Self::of_kept(&keep::get(r, *id)?).as_ref() == Some(&other));
        let first = match number {
            Some(number) if is_all => BY_NUMBER.first(r, &number)?,
            _ if is_all => None,
            _ => BY_SOURCE.first(r, &called)?,
        };
        if let Some(id) = first
            && is_it(&id)?
        {
            return Ok(Some(id));
        }
        if !is_all {
            return Ok(None);
        }
        // Of two with one name nobody knows which is meant.
        match BY_SOURCE_NAME.list(r, &Span::of(&called), Direction::Forward, 2)?.as_slice() {
            [(_, id)] if is_it(id)? => Ok(Some(*id)),
            _ => Ok(None),
        }
    }
}

/// The id of ours that an order comes with. Ids carry the moment of placing, so nobody gives them but a file of ours, which
/// says both.
fn wished(new: &NewOrder) -> Option<OrderId> {
    let in_file = new.source.as_ref().filter(|_| new.is_import);
    new.wished_id
        .or_else(|| in_file.and_then(ExternalRef::own_id))
        .filter(|id| time_of(&id.bytes()).is_some())
}

fn insert(tx: &mut Tx<'_>, new: &NewOrder, brought: Option<&Traits>) -> Result<Order> {
    let now = tx.now();
    let placed_at = new.placed_at.unwrap_or(now);
    // An order of ours comes back under its id: links and the programs of others know it by that. It is free, or the
    // order would be here.
    let own = wished(new);
    let is_named_by_it = own.is_some() && new.source.as_ref().and_then(ExternalRef::own_id) == own;
    let back = is_named_by_it.then(|| NewOrder { source: None, ..new.clone() });
    let new = back.as_ref().unwrap_or(new);
    let id = own.unwrap_or_else(|| tx.dated_id(placed_at));
    // Checked before anything is written, so that a refusal says everything and costs nothing.
    let mut order = new.checked(id, now)?;
    order.customer = customer_of(tx, new)?;
    order.number = number_for(tx, new.wished_number)?;
    order.imported = brought.map(|traits| traits.brought(order.version));
    let placed = Placed {
        number: order.number,
        channel: order.channel.clone(),
        total: Money::new(order.total, order.currency),
        lines: order.lines.len(),
        placed_at: order.placed_at,
    };
    keep::save(tx, None, &order, &placed)?;
    Ok(order)
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
    // Whose address it is pays: a present goes to somebody else.
    let is_named = |address: &&Address| !address.name.trim().is_empty() || !address.company.trim().is_empty();
    let payer = new.billing.as_ref().filter(is_named);
    let other = new.shipping_address.as_ref();
    let address = payer.or(other).or(new.billing.as_ref());
    // Where the same person is sent the goods, they also live there.
    let same = |other: &&Address| {
        payer.is_none_or(|payer| other.name.trim().to_lowercase() == payer.name.trim().to_lowercase())
    };
    let all = || address.into_iter().chain(other.filter(same));
    let name = address.map(|a| a.name.trim()).unwrap_or_default();
    let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
    NewCustomer {
        email: Some(email.to_owned()),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        company: address.map(|a| a.company.clone()).unwrap_or_default(),
        phone: if new.phone.is_empty() {
            all().map(|a| a.phone.clone()).find(|phone| !phone.is_empty()).unwrap_or_default()
        } else {
            new.phone.clone()
        },
        addresses: all().find(|a| !a.line1.is_empty()).cloned().into_iter().collect(),
        created_at: new.placed_at,
        is_import: new.is_import,
        ..NewCustomer::default()
    }
}
