//! The one write path of orders: record, counters, the customer's totals and the event, in one go.

use super::model::{CreditNote, CreditNoteId, Order, OrderId};
use super::sales;
use super::standing::{of_customer, turned_by};
use super::state::{Fulfilment, Payment, Status};
use super::table::{
    BY_CUSTOMER, BY_NUMBER, BY_SOURCE, CREDIT_BY_CUSTOMER, CREDIT_BY_SOURCE, CREDIT_NOTES, ORDERS,
};
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::money::Currency;
use crate::shop::customers::{self, CustomerId, Spent, Totals};
use crate::store::{Direction, Event, Read, Span, Subject, Tx, counter};
use std::ops::ControlFlow;

/// The built-in views with a counter each, kept exact in the store, so that a badge never counts.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The word in addresses and counters.
    pub word: &'static str,
    pub label: &'static str,
    /// The same set in the query language.
    pub query: &'static str,
    holds: fn(&Order) -> bool,
}

impl View {
    /// Whether the view holds this order.
    pub fn holds(&self, order: &Order) -> bool {
        (self.holds)(order)
    }
}

/// The views, in the order of their tabs.
pub const VIEWS: &[View] = &[
    View { word: "all", label: "All", query: "", holds: |_| true },
    View {
        word: "to_ship",
        label: "To ship",
        query: "status:open payment:paid,part_refunded fulfilment:unfulfilled,part -is:held",
        holds: |o| {
            o.status == Status::Open
                && matches!(o.payment, Payment::Paid | Payment::PartRefunded)
                && matches!(o.fulfilment, Fulfilment::Unfulfilled | Fulfilment::Part)
                && o.hold.is_none()
        },
    },
    View {
        word: "unpaid",
        label: "Unpaid",
        query: "status:open payment:unpaid,authorised,part_paid",
        holds: |o| {
            o.status == Status::Open
                && matches!(o.payment, Payment::Unpaid | Payment::Authorised | Payment::PartPaid)
        },
    },
    View {
        word: "held",
        label: "On hold",
        query: "status:open is:held",
        holds: |o| o.status == Status::Open && o.hold.is_some(),
    },
    View {
        word: "returned",
        label: "Returned",
        query: "fulfilment:part_returned,returned",
        holds: |o| matches!(o.fulfilment, Fulfilment::PartReturned | Fulfilment::Returned),
    },
    View {
        word: "cancelled",
        label: "Cancelled",
        query: "status:cancelled",
        holds: |o| o.status == Status::Cancelled,
    },
];

fn counter_name(view: &View) -> String {
    format!("orders/{}", view.word)
}

/// How many orders a view holds, exactly, from its counter.
///
/// # Errors
/// Faults of the store only.
pub fn count(r: &impl Read, view: &View) -> Result<i64> {
    counter(r, &counter_name(view))
}

/// Writes an order and everything that follows from it. `before` is the record it replaces.
pub(super) fn save(tx: &mut Tx<'_>, before: Option<&Order>, after: &Order, event: &impl Event) -> Result<()> {
    if !after.adds_up() {
        return Err(Error::internal(format!("order {} does not add up", after.id)));
    }
    for view in VIEWS {
        let (was, is) = (before.is_some_and(view.holds), (view.holds)(after));
        if was != is {
            tx.count(&counter_name(view), if is { 1 } else { -1 })?;
        }
    }
    sales::account(tx, before, after)?;
    let mut also = Vec::new();
    let left = before.and_then(|o| o.customer).filter(|c| after.customer != Some(*c));
    let is_moved = before.is_some_and(|o| o.placed_at != after.placed_at);
    for customer in after.customer.into_iter().chain(left) {
        also.push(Subject::of(&customer));
        let was = before.filter(|o| o.customer == Some(customer));
        let is = Some(after).filter(|o| o.customer == Some(customer));
        let kept_at = |o: Option<&Order>| o.filter(|o| o.is_kept()).map(|o| o.placed_at);
        let (was_kept, is_kept) = (kept_at(was), kept_at(is));
        if was_kept != is_kept {
            // Where it was, and where it is.
            for place in was_kept.into_iter().chain(is_kept) {
                let turned = turned_by(tx, customer, (place, after.id))?;
                also.extend(turned.iter().filter(|id| **id != after.id).map(Subject::of));
            }
        }
        account(tx, customer, |totals| {
            for (order, sign) in was.into_iter().map(|o| (o, -1)).chain(is.map(|o| (o, 1))) {
                totals.orders_all = totals.orders_all.saturating_add_signed(sign);
                if order.is_kept() {
                    totals.orders = totals.orders.saturating_add_signed(sign);
                    let amount = order.total.saturating_sub(order.refunded);
                    spend(totals, order.currency, i64::from(sign).saturating_mul(amount))?;
                }
            }
            totals.last_order_at = totals.last_order_at.max(is.map(|o| o.placed_at));
            Ok(())
        })?;
    }
    ORDERS.put(tx, &after.id, after)?;
    for customer in left.into_iter().chain(after.customer.filter(|_| is_moved)) {
        let newest = of_customer(tx, customer, None, 1)?.first().copied();
        let last = newest.map(|id| get(tx, id)).transpose()?.map(|order| order.placed_at);
        account(tx, customer, |totals| {
            totals.last_order_at = last;
            Ok(())
        })?;
    }
    tx.publish_with(Subject::of(&after.id), &also, event)?;
    Ok(())
}

/// Changes what a customer's orders add up to.
///
/// # Errors
/// What `change` refuses.
pub(super) fn account(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    change: impl FnOnce(&mut Totals) -> Result<()>,
) -> Result<()> {
    let before = customers::totals(tx, customer)?;
    let mut totals = before.clone();
    change(&mut totals)?;
    if totals == before { Ok(()) } else { customers::set_totals(tx, customer, &totals) }
}

/// Adds an amount to what was spent in a currency; the list stays sorted by currency.
///
/// # Errors
/// `sum_too_large` where the sum would no longer be exact: what is taken away later has to give the old sum again.
pub(super) fn spend(totals: &mut Totals, currency: Currency, amount: i64) -> Result<()> {
    match totals.spent.binary_search_by_key(&currency, |s| s.currency) {
        Ok(at) => {
            if let Some(spent) = totals.spent.get_mut(at) {
                spent.amount = spent.amount.checked_add(amount).ok_or_else(sum_too_large)?;
            }
        }
        Err(at) => totals.spent.insert(at, Spent { currency, amount }),
    }
    Ok(())
}

/// The refusal of a change whose sum 64 bits do not hold.
pub(super) fn sum_too_large() -> Error {
    Error::invalid("sum_too_large", "With this amount the shop's sums would no longer fit.").on("/lines")
}

/// The order, or `NotFound`.
///
/// # Errors
/// `not_found`.
pub fn get(r: &impl Read, id: OrderId) -> Result<Order> {
    find(r, id)?.ok_or_else(|| Error::not_found("order", id))
}

/// The order, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn find(r: &impl Read, id: OrderId) -> Result<Option<Order>> {
    ORDERS.get(r, &id)
}

/// What somebody calls an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Id(OrderId),
    Number(u64),
}

impl Named {
    /// Reads an id, or a number with or without `#`.
    ///
    /// # Errors
    /// `not_found` for what is neither.
    pub fn read(text: &str) -> Result<Self> {
        match text.trim_start_matches('#').parse::<u64>() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => OrderId::parse(text).map(Self::Id),
        }
    }
    /// The id; an id itself is not looked for.
    ///
    /// # Errors
    /// `not_found` where no order has the number; faults of the store.
    pub fn id(self, r: &impl Read) -> Result<OrderId> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Number(number) => {
                find_by_number(r, number)?.ok_or_else(|| Error::not_found("order", number))
            }
        }
    }
}

/// The order with this number.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_number(r: &impl Read, number: u64) -> Result<Option<OrderId>> {
    BY_NUMBER.first(r, &number)
}

/// The order an outside system knows by this id.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_source(r: &impl Read, source: &str, id: &str) -> Result<Option<OrderId>> {
    BY_SOURCE.first(r, &(source.to_owned(), id.to_owned()))
}

/// The order that any outside system knows by this id; with several, of the first system by name.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_outside_id(r: &impl Read, id: &str) -> Result<Option<OrderId>> {
    customers::in_any_source(r, &BY_SOURCE, id)
}

/// The credit note that any outside system knows by this id.
///
/// # Errors
/// Faults of the store only.
pub fn find_credit_note_by_outside_id(r: &impl Read, id: &str) -> Result<Option<CreditNoteId>> {
    customers::in_any_source(r, &CREDIT_BY_SOURCE, id)
}

/// Ids in order of placing after `after`, for rebuilding the index and for exports.
///
/// # Errors
/// Faults of the store only.
pub fn ids(r: &impl Read, after: Option<OrderId>, limit: usize) -> Result<Vec<OrderId>> {
    keys(r, after, Direction::Forward, limit)
}

/// The orders with these ids, in the order of the ids; `None` for those that there are not.
///
/// # Errors
/// Faults of the store only.
pub fn find_all(r: &impl Read, ids: &[OrderId]) -> Result<Vec<Option<Order>>> {
    let mut places: Vec<(OrderId, usize)> = ids.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let ascending: Vec<OrderId> = places.iter().map(|(id, _)| *id).collect();
    let mut found: Vec<Option<Order>> = ids.iter().map(|_| None).collect();
    ORDERS.visit_many(r, &ascending, |at, order| {
        if let Some(place) = places.get(at).and_then(|(_, place)| found.get_mut(*place)) {
            *place = Some(order);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The orders behind one up to and with another, in the order of placing.
///
/// # Errors
/// Those of `visit`; faults of the store.
pub fn between(
    r: &impl Read,
    after: Option<OrderId>,
    last: OrderId,
    mut visit: impl FnMut(Order) -> Result<()>,
) -> Result<()> {
    let span = after.map_or_else(Span::all, |key| Span::all().after(&key, Direction::Forward));
    ORDERS.walk(r, &span, Direction::Forward, |id, order| {
        if id > last {
            return Ok(ControlFlow::Break(()));
        }
        visit(order)?;
        Ok(if id < last { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })
}

/// The newest orders before `before`, newest first: what lists show while the index is rebuilt.
///
/// # Errors
/// Faults of the store only.
pub fn recent(r: &impl Read, before: Option<OrderId>, limit: usize) -> Result<Vec<OrderId>> {
    keys(r, before, Direction::Backward, limit)
}

fn keys(r: &impl Read, from: Option<OrderId>, direction: Direction, limit: usize) -> Result<Vec<OrderId>> {
    let span = from.map_or_else(Span::all, |key| Span::all().after(&key, direction));
    let mut ids = Vec::new();
    ORDERS.walk_keys(r, &span, direction, |id| {
        ids.push(id);
        Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ids)
}

/// The credit note, or `NotFound`.
///
/// # Errors
/// `not_found`.
pub fn get_credit_note(r: &impl Read, id: CreditNoteId) -> Result<CreditNote> {
    find_credit_note(r, id)?.ok_or_else(|| Error::not_found("credit note", id))
}

/// The credit note, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn find_credit_note(r: &impl Read, id: CreditNoteId) -> Result<Option<CreditNote>> {
    CREDIT_NOTES.get(r, &id)
}

/// Ids of credit notes after `after`.
///
/// # Errors
/// Faults of the store only.
pub fn credit_note_ids(
    r: &impl Read,
    after: Option<CreditNoteId>,
    limit: usize,
) -> Result<Vec<CreditNoteId>> {
    let span = after.map_or_else(Span::all, |key| Span::all().after(&key, Direction::Forward));
    let mut ids = Vec::new();
    CREDIT_NOTES.walk_keys(r, &span, Direction::Forward, |id| {
        ids.push(id);
        Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ids)
}

/// All orders and credit notes of a customer: they are found by the customer's name.
///
/// # Errors
/// Faults of the store only.
pub fn all_of(r: &impl Read, customer: CustomerId) -> Result<(Vec<OrderId>, Vec<CreditNoteId>)> {
    let (mut orders, mut notes) = (Vec::new(), Vec::new());
    BY_CUSTOMER.walk(r, &Span::of(&customer), Direction::Forward, |_, id, _| {
        orders.push(id);
        Ok(ControlFlow::Continue(()))
    })?;
    CREDIT_BY_CUSTOMER.walk(r, &Span::of(&customer), Direction::Forward, |_, id, _| {
        notes.push(id);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((orders, notes))
}

/// A customer's credit notes, newest first.
///
/// # Errors
/// Faults of the store only.
pub fn credit_notes_of(r: &impl Read, customer: CustomerId, limit: usize) -> Result<Vec<CreditNote>> {
    let mut ids = Vec::new();
    CREDIT_BY_CUSTOMER.walk(r, &Span::of(&customer), Direction::Backward, |_, id, _| {
        ids.push(id);
        Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    ids.into_iter().filter_map(|id| find_credit_note(r, id).transpose()).collect()
}
