//! How far each order of the demo shop has come: its three states, which depend on its age.

use crate::cli::demo::dice::Dice;
use crate::shop::orders::{CancelReason, Fulfilment, Payment, Status};

/// The states of one order, before amounts and times are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) status: Status,
    pub(super) payment: Payment,
    pub(super) fulfilment: Fulfilment,
    pub(super) hold: Option<&'static str>,
    pub(super) cancelled: Option<(CancelReason, &'static str)>,
}

impl Fate {
    /// The same for an order of so many pieces: a part of one piece is all of it.
    pub(super) fn of_pieces(self, pieces: i64) -> Self {
        match self.fulfilment {
            Fulfilment::Part if pieces < 2 => Self { fulfilment: Fulfilment::Fulfilled, ..self },
            Fulfilment::PartReturned if pieces < 2 => {
                Self { payment: Payment::Refunded, fulfilment: Fulfilment::Returned, ..self }
            }
            _ => self,
        }
    }
}

const HOLDS: &[&str] = &[
    "Address cannot be delivered to; customer asked",
    "Waiting for the bank transfer",
    "Possible fraud: billing and shipping country differ",
    "Engraving text is missing",
    "Customer is on holiday until Monday",
];
const CUSTOMER_CANCELS: &[&str] = &[
    "",
    "Ordered twice by mistake.",
    "Found it elsewhere.",
    "Changed their mind.",
    "Delivery would be too late.",
];
const REJECTS: &[&str] = &[
    "Payment refused three times.",
    "Stolen card reported by the bank.",
    "No such address.",
    "Reseller; see note.",
];
const UNAVAILABLE: &[&str] = &["Last piece was damaged.", "Supplier cannot deliver before spring.", ""];
const OTHERS: &[&str] = &["Test order.", "Replaced by a new order.", ""];

/// The fate of an order placed `age_h` hours ago. `is_prepaid`: the money comes before the parcel.
pub(super) fn fate(dice: &mut Dice, age_h: u64, is_prepaid: bool) -> Fate {
    let open =
        |payment, fulfilment| Fate { status: Status::Open, payment, fulfilment, hold: None, cancelled: None };
    if dice.chance(45) && age_h > 2 {
        return cancelled(dice, is_prepaid);
    }
    let paid = if is_prepaid { Payment::Paid } else { Payment::Unpaid };
    match age_h {
        0..24 => fresh(dice, open(paid, Fulfilment::Unfulfilled), is_prepaid),
        24..96 => match dice.below(100) {
            0..30 => fresh(dice, open(paid, Fulfilment::Unfulfilled), is_prepaid),
            30..42 => open(paid, Fulfilment::Part),
            _ => open(paid, Fulfilment::Fulfilled),
        },
        96..240 => match dice.below(100) {
            0..6 => fresh(dice, open(paid, Fulfilment::Unfulfilled), is_prepaid),
            6..12 => open(paid, Fulfilment::Part),
            12..40 => open(paid, Fulfilment::Fulfilled),
            _ => Fate { status: done_if(paid), ..open(paid, Fulfilment::Delivered) },
        },
        _ => old(dice, age_h),
    }
}

/// Paid and delivered is done; what is delivered and not yet paid stays open.
fn done_if(payment: Payment) -> Status {
    if payment == Payment::Paid { Status::Completed } else { Status::Open }
}

/// An order of the last days that waits to be packed, and the odd ones among them.
fn fresh(dice: &mut Dice, usual: Fate, is_prepaid: bool) -> Fate {
    match dice.below(100) {
        0..3 => Fate { status: Status::Draft, payment: Payment::Unpaid, ..usual },
        3..9 => Fate { hold: Some(dice.word(HOLDS)), ..usual },
        9..13 => Fate { payment: Payment::PartPaid, ..usual },
        13..30 if is_prepaid => Fate { payment: Payment::Authorised, ..usual },
        30..38 => Fate { payment: Payment::Unpaid, ..usual },
        _ => usual,
    }
}

/// An order of which nothing is expected any more, save for a few.
fn old(dice: &mut Dice, age_h: u64) -> Fate {
    let done = Fate {
        status: Status::Completed,
        payment: Payment::Paid,
        fulfilment: Fulfilment::Delivered,
        hold: None,
        cancelled: None,
    };
    // Open business does not grow with the age of the shop.
    let lately = age_h < 24 * 60;
    match dice.below(1_000) {
        0..40 => Fate { payment: Payment::Refunded, fulfilment: Fulfilment::Returned, ..done },
        40..65 => Fate { payment: Payment::PartRefunded, fulfilment: Fulfilment::PartReturned, ..done },
        65..80 => Fate { payment: Payment::PartRefunded, ..done },
        80..95 if lately => Fate { status: Status::Open, payment: Payment::Unpaid, ..done },
        95..105 if lately => Fate { status: Status::Open, payment: Payment::PartPaid, ..done },
        105..110 if lately => Fate { status: Status::Open, fulfilment: Fulfilment::Part, ..done },
        110..114 if lately => Fate {
            status: Status::Open,
            fulfilment: Fulfilment::Unfulfilled,
            hold: Some(dice.word(HOLDS)),
            ..done
        },
        // Carriers do not tell of every delivery.
        114..150 => Fate { fulfilment: Fulfilment::Fulfilled, ..done },
        _ => done,
    }
}

fn cancelled(dice: &mut Dice, is_prepaid: bool) -> Fate {
    let (reason, notes) = dice.weighted(
        &[
            (45, (CancelReason::Customer, CUSTOMER_CANCELS)),
            (25, (CancelReason::Rejected, REJECTS)),
            (20, (CancelReason::Unavailable, UNAVAILABLE)),
        ],
        (CancelReason::Other, OTHERS),
    );
    let reason_other = dice.chance(100);
    let (reason, notes) = if reason_other { (CancelReason::Other, OTHERS) } else { (reason, notes) };
    let payment = match (reason, is_prepaid) {
        (CancelReason::Rejected, _) | (_, false) => Payment::Voided,
        _ => Payment::Refunded,
    };
    Fate {
        status: Status::Cancelled,
        payment,
        fulfilment: Fulfilment::Unfulfilled,
        hold: None,
        cancelled: Some((reason, dice.word(notes))),
    }
}
