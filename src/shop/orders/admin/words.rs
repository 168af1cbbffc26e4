//! States in the words, colours and shapes of pages.

use crate::shop::orders::{Fulfilment, Order, Payment, Standing, Status, Step};
use crate::web::parts::{Badge, Fill, Tone};

/// Where the order stands.
pub(super) fn status(status: Status) -> (Tone, Fill) {
    match status {
        Status::Draft => (Tone::Still, Fill::Empty),
        Status::Open => (Tone::Info, Fill::Half),
        Status::Completed => (Tone::Ok, Fill::Full),
        Status::Cancelled => (Tone::Bad, Fill::Full),
    }
}

/// Where the money stands.
pub(super) fn payment(payment: Payment) -> (Tone, Fill) {
    match payment {
        Payment::Unpaid => (Tone::Warn, Fill::Empty),
        Payment::Authorised | Payment::PartPaid => (Tone::Warn, Fill::Half),
        Payment::Paid => (Tone::Ok, Fill::Full),
        Payment::PartRefunded => (Tone::Info, Fill::Half),
        Payment::Refunded => (Tone::Still, Fill::Full),
        Payment::Voided => (Tone::Still, Fill::Empty),
    }
}

/// Where the goods stand.
pub(super) fn fulfilment(fulfilment: Fulfilment) -> (Tone, Fill) {
    match fulfilment {
        Fulfilment::Unfulfilled => (Tone::Warn, Fill::Empty),
        Fulfilment::Part => (Tone::Warn, Fill::Half),
        Fulfilment::Fulfilled | Fulfilment::Delivered => (Tone::Ok, Fill::Full),
        Fulfilment::PartReturned => (Tone::Info, Fill::Half),
        Fulfilment::Returned => (Tone::Still, Fill::Full),
    }
}

/// New stands out, returning does not.
pub(super) fn standing(standing: &Standing) -> Badge {
    let tone = if matches!(standing, Standing::New { .. }) { Tone::Info } else { Tone::Still };
    Badge::new(standing.label(), tone, Fill::Bare)
}

/// The badges beside the number of an order. That it is open goes without saying.
pub(super) fn badges(order: &Order) -> Vec<Badge> {
    let mut badges = Vec::new();
    if order.status != Status::Open {
        let (tone, fill) = status(order.status);
        badges.push(Badge::new(order.status.label(), tone, fill));
    }
    if order.hold.is_some() {
        badges.push(Badge::new("On hold", Tone::Bad, Fill::Half));
    }
    let (tone, fill) = payment(order.payment);
    badges.push(Badge::new(order.payment.label(), tone, fill));
    let (tone, fill) = fulfilment(order.fulfilment);
    badges.push(Badge::new(order.fulfilment.label(), tone, fill));
    badges
}

/// The word a class attribute has for a tone.
pub(super) fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Still => "",
        Tone::Ok => "ok",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Info => "info",
    }
}

/// The word a class attribute has for a shape.
pub(super) fn shape_of(fill: Fill) -> &'static str {
    match fill {
        Fill::Empty => "empty",
        Fill::Half => "half",
        Fill::Full => "full",
        Fill::Bare => "bare",
    }
}

/// The symbol of a step.
pub(super) fn icon(step: Step) -> &'static str {
    match step {
        Step::Cancel => "ban",
        Step::Complete => "check",
        Step::Reopen => "rotate-ccw",
        Step::Pay => "banknote",
        Step::Ship => "truck",
        Step::Deliver => "package",
        Step::Return => "archive-restore",
        Step::Hold => "pause",
        Step::Release => "play",
        Step::Unpay | Step::Unship | Step::Undeliver | Step::Unreturn => "undo-2",
    }
}

/// What the toast says after a step.
pub(super) fn done(step: Step) -> &'static str {
    match step {
        Step::Cancel => "cancelled",
        Step::Complete => "completed",
        Step::Reopen => "reopened",
        Step::Pay => "marked paid",
        Step::Unpay => "no longer marked paid",
        Step::Ship => "marked shipped",
        Step::Unship => "no longer marked shipped",
        Step::Deliver => "marked delivered",
        Step::Undeliver => "no longer marked delivered",
        Step::Return => "marked returned",
        Step::Unreturn => "no longer marked returned",
        Step::Hold => "put on hold",
        Step::Release => "released from hold",
    }
}

/// The goods are the packers' business, all else that of those who edit orders.
pub(super) fn is_about_goods(step: Step) -> bool {
    matches!(step, Step::Ship | Step::Unship | Step::Deliver | Step::Undeliver)
}
