//! Taking a step back: the opposite step, with what the first one took away.

use super::change::StepInput;
use super::model::Order;
use super::state::{Fulfilment, Step};
use crate::base::money::Money;

/// The step that brings an order back to where it stood before `step` was taken, and what that needs to know.
pub fn taken_back_by(step: Step, before: &Order) -> (Step, StepInput) {
    let mut input = StepInput::default();
    let back = match step {
        Step::Cancel | Step::Complete => Step::Reopen,
        Step::Reopen => match &before.cancelled {
            Some(cancelled) => {
                input.again = cancelled.made;
                input.reason = Some(cancelled.reason);
                input.note.clone_from(&cancelled.note);
                Step::Cancel
            }
            None => Step::Complete,
        },
        Step::Place => Step::Unplace,
        Step::Unplace => Step::Place,
        Step::Pay => Step::Unpay,
        Step::Unpay => {
            if let Some(payment) = before.payments.last() {
                input.again = payment.made;
                input.method.clone_from(&payment.method);
                input.reference.clone_from(&payment.reference);
                // A payment of nothing is the one of an order of nothing.
                input.amount = (payment.amount > 0).then(|| Money::new(payment.amount, before.currency));
            }
            Step::Pay
        }
        Step::Ship => Step::Unship,
        Step::Unship => {
            if let Some(parcel) = before.parcels.last() {
                input.again = parcel.made;
                input.carrier.clone_from(&parcel.carrier);
                input.tracking.clone_from(&parcel.tracking);
            }
            input.more_follows = before.fulfilment == Fulfilment::Part;
            Step::Ship
        }
        Step::Deliver => Step::Undeliver,
        Step::Undeliver => Step::Deliver,
        Step::Return => Step::Unreturn,
        Step::Unreturn => Step::Return,
        Step::Refund => Step::Unrefund,
        Step::Unrefund => {
            let last = before.refunds.last();
            input.again = last.map(|refund| refund.number);
            input.amount = last.map(|refund| Money::new(refund.amount, before.currency));
            Step::Refund
        }
        Step::Hold => Step::Release,
        Step::Release => {
            input.note = before.hold.clone().unwrap_or_default();
            Step::Hold
        }
    };
    (back, input)
}
