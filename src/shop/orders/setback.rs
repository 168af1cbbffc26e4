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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::NewOrder;
    use crate::shop::orders::import_over;
    use crate::shop::orders::played::{order, store, write};

    #[test]
    fn what_an_older_file_takes_back_is_told() {
        let (_dir, store) = store();
        let standing = |payment, fulfilment, refunded| NewOrder {
            payment,
            fulfilment,
            refunded,
            ..order("7", "c1", 1, 500)
        };
        let steps = [
            (standing(Payment::Unpaid, Fulfilment::Unfulfilled, 0), None),
            (standing(Payment::Paid, Fulfilment::Fulfilled, 0), None),
            (standing(Payment::Refunded, Fulfilment::Returned, 500), None),
            (
                standing(Payment::Paid, Fulfilment::Fulfilled, 0),
                Some("£5.00 refunded before, £0.00 now; returned before, shipped now"),
            ),
            (
                standing(Payment::Unpaid, Fulfilment::Unfulfilled, 0),
                Some("paid before, unpaid now; shipped before, unfulfilled now"),
            ),
        ];
        for (new, wanted) in steps {
            let both = write(&store, move |tx| import_over(tx, &new)).1;
            assert_eq!(both.and_then(|both| setback(&both.0, &both.1)).as_deref(), wanted);
        }
    }
}
