//! What an import takes back of how an order stands: an older file may say that it is unpaid which is paid here.

use super::model::Order;
use super::state::{Fulfilment, Payment, Status};
use crate::base::money::Money;

/// How much of the money has come, from nothing to all.
fn paid(payment: Payment) -> u8 {
    match payment {
        Payment::Unpaid | Payment::Voided => 0,
        Payment::Authorised => 1,
        Payment::PartPaid => 2,
        Payment::Paid | Payment::PartRefunded | Payment::Refunded => 3,
    }
}

/// How far the goods have come.
fn sent(fulfilment: Fulfilment) -> u8 {
    match fulfilment {
        Fulfilment::Unfulfilled => 0,
        Fulfilment::Part => 1,
        Fulfilment::Fulfilled => 2,
        Fulfilment::Delivered => 3,
        Fulfilment::PartReturned => 4,
        Fulfilment::Returned => 5,
    }
}

/// In which ways less has happened to an order than before; `None` where it only went on, as one does whose payment is
/// voided.
pub fn setback(before: &Order, after: &Order) -> Option<String> {
    let mut ways = Vec::new();
    if paid(after.payment) < paid(before.payment) && after.payment != Payment::Voided {
        ways.push(format!(
            "{} before, {} now",
            before.payment.label().to_lowercase(),
            after.payment.label().to_lowercase()
        ));
    }
    if after.refunded < before.refunded {
        let of = |order: &Order| Money::new(order.refunded, order.currency).shown();
        ways.push(format!("{} refunded before, {} now", of(before), of(after)));
    }
    if sent(after.fulfilment) < sent(before.fulfilment) {
        ways.push(format!(
            "{} before, {} now",
            before.fulfilment.label().to_lowercase(),
            after.fulfilment.label().to_lowercase()
        ));
    }
    if before.status == Status::Cancelled && after.status != Status::Cancelled {
        ways.push(format!(
            "{} before, {} now",
            before.status.label().to_lowercase(),
            after.status.label().to_lowercase()
        ));
    }
    (!ways.is_empty()).then(|| ways.join("; "))
}
