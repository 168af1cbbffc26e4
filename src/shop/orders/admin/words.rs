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

/// Where the order stands, as a badge.
pub(super) fn status_of(order: &Order) -> Badge {
    let (tone, fill) = status(order.status);
    Badge::new(order.status.label(), tone, fill)
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

/// Whether the order is nobody's work any more, or not yet: what is unpaid or unshipped of it is no task.
fn rests(order: &Order) -> bool {
    matches!(order.status, Status::Cancelled | Status::Draft)
}

/// Where the money stands, as a badge. Of an order that rests nothing is asked.
pub(super) fn payment_of(order: &Order) -> Badge {
    let (tone, fill) = payment(order.payment);
    let tone = if rests(order) && tone == Tone::Warn { Tone::Still } else { tone };
    Badge::new(order.payment.label(), tone, fill)
}

/// What is said before an order goes out that is not paid; nothing of one that rests.
pub(super) fn unpaid(order: &Order) -> Option<&'static str> {
    match order.payment {
        _ if rests(order) => None,
        Payment::Unpaid => Some("Not paid"),
        Payment::Authorised => Some("Not paid yet, only authorised"),
        Payment::PartPaid => Some("Not paid in full"),
        _ => None,
    }
}

/// What an open order still lacks, as the end of a sentence that begins with what it is; nothing of one that lacks nothing.
pub(super) fn missing(order: &Order) -> Option<String> {
    let goods = match order.fulfilment {
        _ if rests(order) => None,
        Fulfilment::Unfulfilled => Some("not shipped"),
        Fulfilment::Part => Some("not shipped in full"),
        _ => None,
    };
    let money = unpaid(order).map(str::to_lowercase);
    match (money, goods) {
        (Some(money), Some(goods)) => Some(format!("{money} and {goods}")),
        (money, goods) => money.or_else(|| goods.map(str::to_owned)),
    }
}

/// Where the goods stand, as a badge. Goods that do not leave the house because the order was cancelled are no work:
/// there the word is that of the order.
pub fn goods_of(order: &Order) -> Badge {
    let (tone, fill) = fulfilment(order.fulfilment);
    if rests(order) && tone == Tone::Warn {
        return Badge::new(order.status.label(), Tone::Still, Fill::Empty);
    }
    Badge::new(order.fulfilment.label(), tone, fill)
}

/// The badges of all that can be said of where an order stands. That it is open goes without saying.
pub fn badges(order: &Order) -> Vec<Badge> {
    let mut badges = Vec::new();
    if order.status != Status::Open {
        let (tone, fill) = status(order.status);
        badges.push(Badge::new(order.status.label(), tone, fill));
    }
    // Whether it waits is of no interest once it is cancelled.
    if order.hold.is_some() && order.status != Status::Cancelled {
        badges.push(Badge::new("On hold", Tone::Bad, Fill::Half));
    }
    badges.push(payment_of(order));
    let goods = goods_of(order);
    if badges.iter().all(|b| b.label != goods.label) {
        badges.push(goods);
    }
    badges
}

/// The one word that says most about where an order stands.
pub fn state_of(order: &Order) -> Badge {
    let (label, tone, fill) = match (order.status, order.payment, order.fulfilment) {
        (Status::Cancelled | Status::Draft, ..) => (order.status.label(), Tone::Still, Fill::Empty),
        _ if order.hold.is_some() => ("On hold", Tone::Warn, Fill::Half),
        (_, Payment::Refunded | Payment::PartRefunded, _) => (order.payment.label(), Tone::Info, Fill::Half),
        (.., Fulfilment::Returned | Fulfilment::PartReturned) => {
            (order.fulfilment.label(), Tone::Info, Fill::Half)
        }
        (_, Payment::Unpaid | Payment::Authorised | Payment::PartPaid, _) => {
            (order.payment.label(), Tone::Warn, Fill::Empty)
        }
        (Status::Open, _, Fulfilment::Unfulfilled | Fulfilment::Part) => ("To ship", Tone::Warn, Fill::Half),
        (.., Fulfilment::Fulfilled | Fulfilment::Delivered) => {
            (order.fulfilment.label(), Tone::Ok, Fill::Full)
        }
        _ => (order.status.label(), Tone::Ok, Fill::Full),
    };
    Badge::new(label, tone, fill)
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
        Step::Complete | Step::Place => "check",
        Step::Reopen => "rotate-ccw",
        Step::Pay => "banknote",
        Step::Ship => "truck",
        Step::Deliver => "package",
        Step::Return => "archive-restore",
        Step::Hold => "pause",
        Step::Release => "play",
        Step::Refund => "rotate-ccw",
        Step::Unplace | Step::Unpay | Step::Unship | Step::Undeliver | Step::Unreturn | Step::Unrefund => {
            "undo-2"
        }
    }
}

/// What the toast says after a step.
pub(super) fn done(step: Step) -> &'static str {
    match step {
        Step::Cancel => "cancelled",
        Step::Place => "confirmed",
        Step::Unplace => "made a draft again",
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
        Step::Refund => "marked refunded",
        Step::Unrefund => "no longer marked refunded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::admin::samples;

    #[test]
    fn a_cancelled_order_does_not_look_like_work() {
        let mut order = samples::order();
        (order.status, order.payment) = (Status::Cancelled, Payment::Unpaid);
        order.fulfilment = Fulfilment::Unfulfilled;
        assert_eq!(state_of(&order).label, Status::Cancelled.label());
        assert_eq!(goods_of(&order).label, Status::Cancelled.label());
        assert!([goods_of(&order), payment_of(&order)].iter().all(|b| b.tone == Tone::Still));
        let shown: Vec<_> = badges(&order).into_iter().map(|b| b.label).collect();
        assert_eq!(shown, [Status::Cancelled.label(), Payment::Unpaid.label()]);
        order.fulfilment = Fulfilment::Delivered;
        assert_eq!(goods_of(&order).label, Fulfilment::Delivered.label(), "what was sent is said");
        order.status = Status::Open;
        assert_eq!(badges(&order).len(), 2);
    }
}
