//! The steps an order page offers, with the forms they need.

use super::words;
use crate::shop::orders::{CancelReason, Fulfilment, Order, Step, next_steps};
use crate::web::parts::Choice;
use serde::Serialize;

/// A step as a button or a small form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Offered {
    pub word: &'static str,
    pub label: String,
    /// What the button of its form says.
    pub confirm: &'static str,
    pub icon: &'static str,
    /// Which fields it asks for: `none`, `ship`, `pay`, `hold`, `refund`, `cancel`; `complete` asks whether it is meant.
    pub asks: &'static str,
    /// The names of these fields.
    pub fields: &'static [&'static str],
    pub danger: bool,
}

/// The next sensible step, which stands outside, and the others that can be taken now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Offers {
    pub first: Option<Offered>,
    pub others: Vec<Offered>,
}

impl Offers {
    /// Whether this step is among them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.first.iter().chain(&self.others).any(|step| step.word == word)
    }
}

/// What can be done with an order now by somebody with these rights.
pub(super) fn offers(order: &Order, may: impl Fn(&str) -> bool) -> Offers {
    let may_take = |step: &Step| may(if step.is_about_goods() { "orders:ship" } else { "orders:edit" });
    let steps: Vec<Step> = next_steps(&order.axes()).into_iter().filter(may_take).collect();
    let sensible = [Step::Release, Step::Place, Step::Pay, Step::Ship, Step::Deliver, Step::Complete];
    let first = sensible.into_iter().find(|step| steps.contains(step));
    Offers {
        first: first.map(|step| offered(step, order)),
        others: steps
            .into_iter()
            .filter(|step| Some(*step) != first)
            .map(|step| offered(step, order))
            .collect(),
    }
}

fn offered(step: Step, order: &Order) -> Offered {
    let items = order.items();
    let label = match step {
        Step::Ship if order.fulfilment == Fulfilment::Part => "Ship the rest".to_owned(),
        Step::Ship if items == 1 => "Ship 1 item".to_owned(),
        Step::Ship if items > 1 => format!("Ship {items} items"),
        _ => step.label().to_owned(),
    };
    let (asks, fields): (_, &[&str]) = match step {
        Step::Ship => ("ship", &["carrier", "tracking", "more_follows"]),
        Step::Pay => ("pay", &["amount", "method", "reference"]),
        Step::Hold => ("hold", &["note"]),
        Step::Refund => ("refund", &["amount", "note"]),
        Step::Cancel => ("cancel", &["reason", "note"]),
        Step::Complete if words::missing(order).is_some() => ("complete", &[]),
        _ => ("none", &[]),
    };
    Offered {
        word: step.word(),
        label,
        confirm: if asks == "complete" { "Complete all the same" } else { step.label() },
        icon: words::icon(step),
        asks,
        fields,
        danger: step == Step::Cancel,
    }
}

/// Why an order is cancelled, to choose from.
pub(super) fn reasons() -> Vec<Choice> {
    CancelReason::ALL.iter().map(|r| Choice::new(r.word(), r.label())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::Payment;
    use crate::shop::orders::admin::samples;

    fn first(order: &Order) -> Option<&'static str> {
        offers(order, |_| true).first.map(|s| s.word)
    }

    #[test]
    fn the_first_button_is_the_next_sensible_step() {
        let mut order = samples::order();
        order.payment = Payment::Unpaid;
        order.fulfilment = Fulfilment::Unfulfilled;
        assert_eq!(first(&order), Some("pay"));
        order.payment = Payment::Paid;
        assert_eq!(first(&order), Some("ship"));
        order.fulfilment = Fulfilment::Part;
        assert_eq!(offers(&order, |_| true).first.map(|s| s.label).as_deref(), Some("Ship the rest"));
        order.fulfilment = Fulfilment::Fulfilled;
        assert_eq!(first(&order), Some("deliver"));
        order.fulfilment = Fulfilment::Delivered;
        assert_eq!(first(&order), Some("complete"));
        order.hold = Some("why".into());
        assert_eq!(first(&order), Some("release"));
    }

    #[test]
    fn an_order_that_lacks_something_is_completed_after_a_question() {
        let mut order = samples::order();
        let asks = |order: &Order| {
            let offers = offers(order, |_| true);
            let all: Vec<_> = offers.first.into_iter().chain(offers.others).collect();
            all.into_iter().find(|step| step.word == "complete").map(|step| step.asks)
        };
        (order.payment, order.fulfilment) = (Payment::Paid, Fulfilment::Fulfilled);
        assert_eq!((asks(&order), words::missing(&order)), (Some("none"), None));
        order.fulfilment = Fulfilment::Part;
        assert_eq!(words::missing(&order).as_deref(), Some("not shipped in full"));
        order.payment = Payment::Unpaid;
        assert_eq!(asks(&order), Some("complete"));
        assert_eq!(words::missing(&order).as_deref(), Some("not paid and not shipped in full"));
    }

    #[test]
    fn who_packs_is_offered_the_goods_and_nothing_else() {
        let mut order = samples::order();
        order.fulfilment = Fulfilment::Unfulfilled;
        let packer = offers(&order, |word| word == "orders:ship");
        assert_eq!(packer.first.map(|s| s.word), Some("ship"));
        assert!(packer.others.is_empty());
        assert_eq!(offers(&order, |_| false), Offers::default());
    }
}
