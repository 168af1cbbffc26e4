//! The three axes of an order and the steps between their states, as data. Pure.

use minicbor::{Decode, Encode};

/// Declares an axis: variants with their number on disk and their word everywhere else. The word is taken as a bare
/// token, because the API's documentation does not look into a captured literal.
macro_rules! axis {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $n:literal $variant:ident $word:tt $label:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[cbor(index_only)]
        pub enum $name {
            $($(#[$vdoc])* #[n($n)] #[serde(rename = $word)] $variant,)+
        }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The word in the API, the query language, CSV files and events.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            /// The word on pages.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

axis! {
    /// Where the order as a whole stands.
    Status {
        /// Being written by staff; not placed.
        0 Draft "draft" "Draft",
        1 Open "open" "Open",
        2 Completed "completed" "Completed",
        3 Cancelled "cancelled" "Cancelled",
    }
}
axis! {
    /// Where the money stands.
    Payment {
        0 Unpaid "unpaid" "Unpaid",
        1 Authorised "authorised" "Authorised",
        2 PartPaid "part_paid" "Part paid",
        3 Paid "paid" "Paid",
        4 PartRefunded "part_refunded" "Part refunded",
        5 Refunded "refunded" "Refunded",
        6 Voided "voided" "Voided",
    }
}
axis! {
    /// Where the goods stand.
    Fulfilment {
        0 Unfulfilled "unfulfilled" "Unfulfilled",
        1 Part "part" "Part shipped",
        2 Fulfilled "fulfilled" "Shipped",
        3 Delivered "delivered" "Delivered",
        4 PartReturned "part_returned" "Part returned",
        5 Returned "returned" "Returned",
    }
}
axis! {
    /// Why an order was cancelled.
    CancelReason {
        0 Customer "customer" "Customer asked",
        /// Refused by the shop: fraud, payment failed, address unusable.
        1 Rejected "rejected" "Rejected by the shop",
        2 Unavailable "unavailable" "Goods unavailable",
        3 Other "other" "Other",
    }
}
axis! {
    /// A step that staff or a program can take. Every step has another one that takes it back.
    Step {
        0 Cancel "cancel" "Cancel order",
        1 Complete "complete" "Complete",
        2 Reopen "reopen" "Reopen",
        3 Pay "pay" "Mark paid",
        4 Unpay "unpay" "Take back payment",
        5 Ship "ship" "Mark shipped",
        6 Unship "unship" "Take back shipment",
        7 Deliver "deliver" "Mark delivered",
        8 Undeliver "undeliver" "Take back delivery",
        9 Return "return" "Mark returned",
        10 Unreturn "unreturn" "Take back return",
        11 Hold "hold" "Put on hold",
        12 Release "release" "Release hold",
        13 Refund "refund" "Mark refunded",
        14 Unrefund "unrefund" "Take back refund",
        15 Place "place" "Confirm order",
        16 Unplace "unplace" "Make it a draft again",
    }
}

/// The state a step is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    pub on_hold: bool,
    /// The newest payment was noted here by a step, so it can be taken back here.
    pub paid_by_step: bool,
    /// What came in before the newest payment is at least what went back.
    pub covers_refunds: bool,
    /// The newest parcel was noted here by a step.
    pub shipped_by_step: bool,
    /// A refund was noted here by a step.
    pub refunded_by_step: bool,
    /// It was a draft, and was confirmed by a step.
    pub placed_by_step: bool,
}

/// One condition of a step: where it does not hold, the code word and the sentence of the refusal.
struct Condition {
    step: Step,
    holds: fn(&Axes) -> bool,
    code: &'static str,
    refusal: &'static str,
}

const fn condition(
    step: Step,
    holds: fn(&Axes) -> bool,
    code: &'static str,
    refusal: &'static str,
) -> Condition {
    Condition { step, holds, code, refusal }
}

fn is_placed(a: &Axes) -> bool {
    a.status != Status::Draft
}
fn is_open(a: &Axes) -> bool {
    a.status == Status::Open
}
fn is_live(a: &Axes) -> bool {
    matches!(a.status, Status::Open | Status::Completed)
}
fn is_shipped(a: &Axes) -> bool {
    matches!(a.fulfilment, Fulfilment::Fulfilled | Fulfilment::Delivered)
}

/// Of a draft nothing is bought yet, whatever else might be said of it.
const fn not_of_a_draft(step: Step) -> Condition {
    condition(step, is_placed, "order_draft", "The order is a draft. Confirm it first.")
}

/// All rules between the states; the first that does not hold is the refusal.
const CONDITIONS: &[Condition] = &[
    not_of_a_draft(Step::Complete),
    not_of_a_draft(Step::Pay),
    not_of_a_draft(Step::Unpay),
    not_of_a_draft(Step::Ship),
    not_of_a_draft(Step::Unship),
    not_of_a_draft(Step::Deliver),
    not_of_a_draft(Step::Undeliver),
    not_of_a_draft(Step::Return),
    not_of_a_draft(Step::Unreturn),
    not_of_a_draft(Step::Hold),
    not_of_a_draft(Step::Refund),
    condition(
        Step::Place,
        |a| a.status != Status::Cancelled,
        "order_cancelled",
        "The order is cancelled. Reopen it first.",
    ),
    condition(Step::Place, |a| !is_placed(a), "order_not_draft", "Only a draft can be confirmed."),
    condition(Step::Unplace, is_open, "order_not_open", "Only an open order can become a draft again."),
    condition(Step::Unplace, |a| !a.on_hold, "order_on_hold", "The order is on hold. Release it first."),
    condition(
        Step::Unplace,
        |a| {
            a.placed_by_step
                && matches!(a.payment, Payment::Unpaid | Payment::Authorised)
                && a.fulfilment == Fulfilment::Unfulfilled
        },
        "not_confirmed_here",
        "Only an order that was confirmed here, and is neither paid nor shipped, becomes a draft again.",
    ),
    condition(
        Step::Cancel,
        |a| a.status != Status::Cancelled,
        "order_cancelled",
        "The order is cancelled already.",
    ),
    condition(
        Step::Cancel,
        |a| a.status != Status::Completed,
        "order_completed",
        "The order is completed. Reopen it first.",
    ),
    condition(
        Step::Cancel,
        |a| a.fulfilment == Fulfilment::Unfulfilled,
        "order_shipped",
        "Something has been shipped. Take the shipment back, or mark the order returned.",
    ),
    condition(
        Step::Complete,
        |a| a.status != Status::Completed,
        "order_completed",
        "The order is completed already.",
    ),
    condition(Step::Complete, is_open, "order_not_open", "Only an open order can be completed."),
    condition(Step::Complete, |a| !a.on_hold, "order_on_hold", "The order is on hold. Release it first."),
    condition(
        Step::Reopen,
        |a| matches!(a.status, Status::Completed | Status::Cancelled),
        "order_open",
        "Only a completed or cancelled order can be reopened.",
    ),
    condition(Step::Pay, is_live, "order_not_open", "A cancelled order cannot be paid. Reopen it first."),
    condition(
        Step::Pay,
        |a| matches!(a.payment, Payment::Unpaid | Payment::Authorised | Payment::PartPaid),
        "order_paid",
        "The order is paid already.",
    ),
    condition(Step::Unpay, is_live, "order_not_open", "The order is cancelled. Reopen it first."),
    condition(
        Step::Unpay,
        |a| matches!(a.payment, Payment::PartPaid | Payment::Paid) && a.paid_by_step,
        "payment_not_noted_here",
        "Only a payment that was noted here can be taken back.",
    ),
    condition(
        Step::Unpay,
        |a| a.covers_refunds,
        "payment_refunded",
        "Money of this payment went back already. Take back the refund first.",
    ),
    condition(
        Step::Ship,
        |a| a.status != Status::Cancelled,
        "order_cancelled",
        "A cancelled order cannot be shipped.",
    ),
    condition(Step::Ship, is_open, "order_not_open", "Only an open order can be shipped. Reopen it first."),
    condition(Step::Ship, |a| !a.on_hold, "order_on_hold", "The order is on hold. Release it first."),
    condition(
        Step::Ship,
        |a| matches!(a.fulfilment, Fulfilment::Unfulfilled | Fulfilment::Part),
        "order_shipped",
        "The order is shipped already.",
    ),
    condition(Step::Unship, is_live, "order_not_open", "The order is cancelled. Reopen it first."),
    condition(
        Step::Unship,
        |a| matches!(a.fulfilment, Fulfilment::Part | Fulfilment::Fulfilled) && a.shipped_by_step,
        "shipment_not_noted_here",
        "Only a shipment that was noted here and is not delivered can be taken back.",
    ),
    condition(Step::Deliver, is_live, "order_not_open", "The order is cancelled. Reopen it first."),
    condition(
        Step::Deliver,
        |a| a.fulfilment == Fulfilment::Fulfilled,
        "order_not_shipped",
        "Only a shipped order can be delivered.",
    ),
    condition(Step::Undeliver, is_live, "order_not_open", "The order is cancelled. Reopen it first."),
    condition(
        Step::Undeliver,
        |a| a.fulfilment == Fulfilment::Delivered,
        "order_not_delivered",
        "The order is not marked delivered.",
    ),
    condition(Step::Return, is_live, "order_not_open", "The order is cancelled. Nothing can come back."),
    condition(
        Step::Return,
        |a| is_shipped(a) || matches!(a.fulfilment, Fulfilment::Part | Fulfilment::PartReturned),
        "order_not_shipped",
        "Only what was shipped can come back. Cancel the order instead.",
    ),
    condition(Step::Unreturn, is_live, "order_not_open", "The order is cancelled. Reopen it first."),
    condition(
        Step::Unreturn,
        |a| a.fulfilment == Fulfilment::Returned,
        "order_not_returned",
        "The order is not marked returned.",
    ),
    condition(Step::Hold, is_open, "order_not_open", "Only an open order can be put on hold."),
    condition(Step::Hold, |a| !a.on_hold, "order_on_hold", "The order is on hold already."),
    condition(Step::Release, |a| a.on_hold, "order_not_on_hold", "The order is not on hold."),
    // A cancelled order too: what was paid for it goes back.
    condition(
        Step::Refund,
        |a| matches!(a.payment, Payment::PartPaid | Payment::Paid | Payment::PartRefunded),
        "nothing_to_refund",
        NOTHING_LEFT,
    ),
    condition(
        Step::Unrefund,
        |a| a.refunded_by_step,
        "refund_not_noted_here",
        "Only a refund that was noted here can be taken back.",
    ),
];

/// Why nothing can be refunded, where nothing was paid and where all of it has gone back.
pub(super) const NOTHING_LEFT: &str = "Of what was paid nothing is left that could go back.";

/// Why a step cannot be taken now: the stable code and a sentence; `None` when it can.
pub fn refusal(step: Step, axes: &Axes) -> Option<(&'static str, &'static str)> {
    CONDITIONS.iter().find(|c| c.step == step && !(c.holds)(axes)).map(|c| (c.code, c.refusal))
}

/// The steps that can be taken now, in the order in which pages offer them.
pub fn next_steps(axes: &Axes) -> Vec<Step> {
    [
        Step::Release,
        Step::Place,
        Step::Pay,
        Step::Ship,
        Step::Deliver,
        Step::Complete,
        Step::Hold,
        Step::Return,
        Step::Refund,
        Step::Reopen,
        Step::Unplace,
        Step::Unpay,
        Step::Unship,
        Step::Undeliver,
        Step::Unreturn,
        Step::Unrefund,
        Step::Cancel,
    ]
    .into_iter()
    .filter(|step| refusal(*step, axes).is_none())
    .collect()
}

impl Step {
    /// The goods are the packers' business, all else that of those who edit orders.
    pub fn is_about_goods(self) -> bool {
        matches!(self, Self::Ship | Self::Unship | Self::Deliver | Self::Undeliver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Axes = Axes {
        status: Status::Open,
        payment: Payment::Unpaid,
        fulfilment: Fulfilment::Unfulfilled,
        on_hold: false,
        paid_by_step: false,
        covers_refunds: true,
        shipped_by_step: false,
        refunded_by_step: false,
        placed_by_step: false,
    };

    #[test]
    fn a_new_order_can_be_paid_shipped_completed_held_or_cancelled() {
        assert_eq!(next_steps(&NEW), [Step::Pay, Step::Ship, Step::Complete, Step::Hold, Step::Cancel]);
    }

    #[test]
    fn a_cancelled_order_is_not_shipped_and_a_shipped_one_not_cancelled() {
        let cancelled = Axes { status: Status::Cancelled, ..NEW };
        assert_eq!(refusal(Step::Ship, &cancelled).unwrap().0, "order_cancelled");
        let shipped = Axes { fulfilment: Fulfilment::Fulfilled, ..NEW };
        assert_eq!(refusal(Step::Cancel, &shipped).unwrap().0, "order_shipped");
    }

    #[test]
    fn a_draft_is_confirmed_or_cancelled_and_says_so() {
        let draft = Axes { status: Status::Draft, ..NEW };
        assert_eq!(next_steps(&draft), [Step::Place, Step::Cancel]);
        for step in [Step::Pay, Step::Ship, Step::Hold, Step::Complete] {
            let (code, sentence) = refusal(step, &draft).unwrap();
            assert_eq!((code, sentence), ("order_draft", "The order is a draft. Confirm it first."));
        }
        assert_eq!(refusal(Step::Place, &NEW).unwrap().0, "order_not_draft");
        assert_eq!(refusal(Step::Unplace, &NEW).unwrap().0, "not_confirmed_here");
        let confirmed = Axes { placed_by_step: true, ..NEW };
        assert!(next_steps(&confirmed).contains(&Step::Unplace));
        assert!(!next_steps(&Axes { payment: Payment::Paid, ..confirmed }).contains(&Step::Unplace));
    }

    #[test]
    fn what_was_paid_can_go_back_also_of_a_cancelled_order() {
        let code = |axes: &Axes| refusal(Step::Refund, axes).map(|(code, _)| code);
        assert_eq!(code(&NEW), Some("nothing_to_refund"));
        let paid = Axes { payment: Payment::Paid, ..NEW };
        assert_eq!(code(&paid), None);
        assert_eq!(code(&Axes { status: Status::Cancelled, ..paid }), None);
        assert_eq!(code(&Axes { payment: Payment::Refunded, ..paid }), Some("nothing_to_refund"));
        assert_eq!(refusal(Step::Unrefund, &paid).map(|(code, _)| code), Some("refund_not_noted_here"));
    }

    /// The addresses of those steps name them, so that each has its own permission.
    #[test]
    fn the_steps_of_the_goods_are_those_that_the_addresses_name() {
        let words: Vec<_> = Step::ALL.iter().filter(|step| step.is_about_goods()).map(|s| s.word()).collect();
        assert_eq!(words.join("|"), "ship|unship|deliver|undeliver");
    }

    #[test]
    fn every_step_has_conditions() {
        for step in Step::ALL {
            assert!(CONDITIONS.iter().any(|c| c.step == *step), "{step}");
            assert_eq!(Step::from_word(step.word()), Some(*step));
        }
    }
}
