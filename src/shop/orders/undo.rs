//! Taking a step back: the opposite step, with what the first one took away.

use super::change::StepInput;
use super::model::Order;
use super::state::Step;
use crate::base::money::Money;

/// The step that brings an order back to where it stood before `step` was taken, and what that needs to know.
pub fn taken_back_by(step: Step, before: &Order) -> (Step, StepInput) {
    let mut input = StepInput::default();
    let back = match step {
        Step::Cancel | Step::Complete => Step::Reopen,
        Step::Reopen => match &before.cancelled {
            Some(cancelled) => {
                input.reason = Some(cancelled.reason);
                input.note.clone_from(&cancelled.note);
                Step::Cancel
            }
            None => Step::Complete,
        },
        Step::Pay => Step::Unpay,
        Step::Unpay => {
            input.method = before.payments.last().map(|payment| payment.method.clone()).unwrap_or_default();
            Step::Pay
        }
        Step::Ship => Step::Unship,
        Step::Unship => {
            if let Some(parcel) = before.parcels.last() {
                input.carrier.clone_from(&parcel.carrier);
                input.tracking.clone_from(&parcel.tracking);
            }
            Step::Ship
        }
        Step::Deliver => Step::Undeliver,
        Step::Undeliver => Step::Deliver,
        Step::Return => Step::Unreturn,
        Step::Unreturn => Step::Return,
        Step::Refund => Step::Unrefund,
        Step::Unrefund => {
            let last = before.refunds.last();
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
