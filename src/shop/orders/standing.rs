//! New or returning: whether a customer had kept an earlier order when they placed this one, and why we say so.

use super::model::{Order, OrderId};
use super::state::{CancelReason, Fulfilment, Status};
use super::table::BY_CUSTOMER;
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::shop::customers::CustomerId;
use crate::store::{Direction, Read, Span};
use std::ops::ControlFlow;

/// Earlier orders are counted up to this; a page shows "99+".
const EARLIER_MAX: u32 = 100;
/// Earlier orders that were not kept are counted up to this.
const UNKEPT_MAX: u32 = 1_000;
/// Later orders looked at when an earlier one changes. Only of a customer who kept none of so many are there more, and those
/// keep their word in the search until they change themselves or the index is built anew.
const LATER_MAX: usize = 10_000;

/// Whether an order counts for its customer, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Yes,
    Cancelled,
    Rejected,
    Returned,
    Draft,
}

impl Kept {
    pub fn of(order: &Order) -> Self {
        match order.status {
            Status::Draft => Self::Draft,
            Status::Cancelled
                if order.cancelled.as_ref().is_some_and(|c| c.reason == CancelReason::Rejected) =>
            {
                Self::Rejected
            }
            Status::Cancelled => Self::Cancelled,
            _ if order.fulfilment == Fulfilment::Returned => Self::Returned,
            _ => Self::Yes,
        }
    }
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "kept",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Returned => "returned in full",
            Self::Draft => "a draft",
        }
    }
}

/// What stands beside an index row: whether the order is kept, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keeping {
    kept: Kept,
    number: u64,
}

impl Keeping {
    pub(super) fn of(order: &Order) -> Self {
        Self { kept: Kept::of(order), number: order.number }
    }
    pub(super) fn bytes(self) -> Vec<u8> {
        let code = match self.kept {
            Kept::Yes => 0,
            Kept::Cancelled => 1,
            Kept::Rejected => 2,
            Kept::Returned => 3,
            Kept::Draft => 4,
        };
        let mut bytes = vec![code];
        bytes.extend(self.number.to_be_bytes());
        bytes
    }
    fn read(bytes: &[u8]) -> Self {
        let kept = match bytes.first() {
            Some(0) => Kept::Yes,
            Some(2) => Kept::Rejected,
            Some(3) => Kept::Returned,
            Some(4) => Kept::Draft,
            _ => Kept::Cancelled,
        };
        let number = bytes.get(1..9).and_then(|b| <[u8; 8]>::try_from(b).ok()).map_or(0, u64::from_be_bytes);
        Self { kept, number }
    }
}

/// What we say about the customer of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is known for this order.
    Guest,
    /// No earlier order was kept. `unkept` of them were not; the newest of those, if any, with its reason.
    New { unkept: u32, last: Option<(u64, Kept)> },
    /// `earlier` orders were kept before (capped at 100), the newest of them has the number `last`.
    Returning { earlier: u32, last: u64 },
}

impl Standing {
    /// The word in the query language and the API.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::New { .. } => "new",
            Self::Returning { .. } => "returning",
        }
    }
    /// The badge on pages: `New`, `Returning · 6`, `Guest`.
    pub fn label(&self) -> String {
        match self {
            Self::Guest => "Guest".into(),
            Self::New { .. } => "New".into(),
            Self::Returning { earlier, .. } if *earlier >= EARLIER_MAX => {
                format!("Returning · {}+", EARLIER_MAX - 1)
            }
            Self::Returning { earlier, .. } => format!("Returning · {earlier}"),
        }
    }
    /// Why, in a sentence.
    pub fn reason(&self) -> String {
        match self {
            Self::Guest => "No customer is known for this order.".into(),
            Self::New { last: None, .. } => "First order of this customer.".into(),
            Self::New { unkept: 1, last: Some((number, kept)) } => {
                format!("The one earlier order, #{number}, was {}.", kept.word())
            }
            Self::New { unkept, last: Some((number, kept)) } => {
                format!("None of {unkept} earlier orders was kept; the last, #{number}, was {}.", kept.word())
            }
            Self::Returning { earlier: 1, last } => format!("One earlier order was kept: #{last}."),
            Self::Returning { earlier, last } if *earlier >= EARLIER_MAX => {
                format!("More than {} earlier orders were kept, the last is #{last}.", EARLIER_MAX - 1)
            }
            Self::Returning { earlier, last } => {
                format!("{earlier} earlier orders were kept, the last is #{last}.")
            }
        }
    }
}

/// New or returning, from the orders before this one.
///
/// # Errors
/// Faults of the store only.
pub fn standing(r: &impl Read, order: &Order) -> Result<Standing> {
    let Some(customer) = order.customer else { return Ok(Standing::Guest) };
    let (mut earlier, mut unkept) = (0, 0);
    let (mut last, mut last_unkept) = (0, None);
    let here = (order.placed_at, order.id);
    BY_CUSTOMER.walk(r, &before(customer, here), Direction::Backward, |_, _, value| {
        let row = Keeping::read(value);
        if row.kept == Kept::Yes {
            earlier += 1;
            last = if earlier == 1 { row.number } else { last };
        } else {
            unkept += 1;
            last_unkept = last_unkept.or(Some((row.number, row.kept)));
        }
        Ok(if earlier < EARLIER_MAX && unkept < UNKEPT_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    // Behind so many that were not kept nobody counts any more; whether there is one that was is looked up.
    if earlier == 0
        && unkept >= UNKEPT_MAX
        && let Some(number) = kept_before(r, customer, here)?
    {
        return Ok(Standing::Returning { earlier: 1, last: number });
    }
    Ok(if earlier > 0 {
        Standing::Returning { earlier, last }
    } else {
        Standing::New { unkept, last: last_unkept }
    })
}

/// The customer's orders before a place in time.
fn before(customer: CustomerId, here: (Timestamp, OrderId)) -> Span {
    Span::of(&customer).after(&((customer, here.0), here.1), Direction::Backward)
}

/// Whether the customer has a kept order before this place in time: the question of the index, without counting.
pub(super) fn has_kept_before(
    r: &impl Read,
    customer: CustomerId,
    here: (Timestamp, OrderId),
) -> Result<bool> {
    Ok(kept_before(r, customer, here)?.is_some())
}

/// The number of the newest kept order before this place in time.
fn kept_before(r: &impl Read, customer: CustomerId, here: (Timestamp, OrderId)) -> Result<Option<u64>> {
    let mut found = None;
    BY_CUSTOMER.walk(r, &before(customer, here), Direction::Backward, |_, _, value| {
        let row = Keeping::read(value);
        found = (row.kept == Kept::Yes).then_some(row.number);
        Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// The word for an order, which needs no counting.
///
/// # Errors
/// Faults of the store only.
pub(super) fn word(r: &impl Read, order: &Order) -> Result<&'static str> {
    let Some(customer) = order.customer else { return Ok(Standing::Guest.word()) };
    let standing = if has_kept_before(r, customer, (order.placed_at, order.id))? {
        Standing::Returning { earlier: 1, last: 0 }
    } else {
        Standing::New { unkept: 0, last: None }
    };
    Ok(standing.word())
}

/// The later orders whose word "new" or "returning" turns when the order at `here` begins or ceases to be kept:
/// those up to and including the next kept one, and none if an earlier one is kept.
pub(super) fn turned_by(
    r: &impl Read,
    customer: CustomerId,
    here: (Timestamp, OrderId),
) -> Result<Vec<OrderId>> {
    if has_kept_before(r, customer, here)? {
        return Ok(Vec::new());
    }
    let mut turned = Vec::new();
    let later = Span::of(&customer).after(&((customer, here.0), here.1), Direction::Forward);
    BY_CUSTOMER.walk(r, &later, Direction::Forward, |_, id, value| {
        turned.push(id);
        let is_next_kept = Keeping::read(value).kept == Kept::Yes;
        Ok(if is_next_kept || turned.len() >= LATER_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(turned)
}

/// The customer's orders, newest first, up to `limit`: those before `place` in time, or the newest.
///
/// # Errors
/// Faults of the store only.
pub fn of_customer(
    r: &impl Read,
    customer: CustomerId,
    place: Option<(Timestamp, OrderId)>,
    limit: usize,
) -> Result<Vec<OrderId>> {
    let mut ids = Vec::new();
    let span = place.map_or_else(|| Span::of(&customer), |here| before(customer, here));
    BY_CUSTOMER.walk(r, &span, Direction::Backward, |_, id, _| {
        ids.push(id);
        Ok(if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(ids)
}
