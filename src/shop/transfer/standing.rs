//! Where an imported order stands: its status words on our three axes, with the payments and parcels that go with them.

use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::orders::{
    CancelReason, Fulfilment, NewOrder, Parcel, Payment, PaymentNote, Status, settled,
};
use crate::shop::transfer::amounts::Amounts;
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::maker::{Extras, Maker, first};
use crate::shop::transfer::words::Meaning;

const UNKNOWN_WORD: (&str, &str) = (
    "unknown_status",
    "This status is unknown here. It is kept as a custom field, and the order stands as the import assumes.",
);
const UNPAID_BUT_PAID: (&str, &str) = (
    "paid_beside_unpaid",
    "The status of the order is one of unpaid orders, and a date of payment or a refund stands beside it. It was taken as paid.",
);
const NOT_PAID_YET: (&str, &str) = (
    "paid_but_due",
    "The status of the order is one of paid orders, and an amount of it is due. It was taken as not paid, or in part.",
);
const OUTSTANDING: (&str, &str) =
    ("paid_but_outstanding", "The order is marked paid although an amount is outstanding.");

/// An order being made: what several steps need.
#[derive(Default)]
pub struct Draft {
    /// What its status words say.
    pub meaning: Meaning,
    pub extras: Extras,
    /// The word that holds it.
    pub held: Option<String>,
    /// A column has a word about it that nobody here knows: what the mapping takes for given is for files without one.
    pub is_payment_unknown: bool,
    pub is_fulfilment_unknown: bool,
}

impl Maker<'_> {
    /// What the three status columns say, one after another.
    pub fn read_words(&mut self, views: &[View<'_>], draft: &mut Draft) {
        for (kind, field) in [
            ("status", Field::OrderStatus),
            ("payment", Field::OrderPayment),
            ("fulfilment", Field::OrderFulfilment),
        ] {
            let Some(any) = views.first().filter(|v| v.has(field)).copied() else { continue };
            let view = first(views, field).unwrap_or(any);
            let word = view.text(field);
            match self.mapping.meaning(kind, &word) {
                Some(meaning) => {
                    draft.meaning.then(meaning);
                    if meaning.is_hold {
                        draft.held = Some(cell::one_line(&word, 200).0);
                    }
                }
                None if word.is_empty() => {}
                None => {
                    draft.is_payment_unknown |= field != Field::OrderFulfilment;
                    draft.is_fulfilment_unknown |= field != Field::OrderPayment;
                    self.warn(UNKNOWN_WORD, &view, field, &word);
                    self.keep(&mut draft.extras, field.name(), &word, &view);
                }
            }
        }
    }

    /// The three axes, with the payments and parcels that go with them.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn state(
        &mut self,
        order: &mut NewOrder,
        amounts: &Amounts,
        views: &[View<'_>],
        draft: &Draft,
        payments: &mut Vec<PaymentNote>,
    ) -> Result<(), Fault> {
        let total = amounts.total().minor;
        let (said, usual) = (draft.meaning, usual_state(self.mapping.state, draft));
        let paid_at = self.moment(views, Field::PaidAt)?;
        let shipped_at = self.moment(views, Field::ShippedAt)?;
        let knows = |field: Field| views.first().is_some_and(|v| v.has(field));
        let from_date = |is_there: bool| if is_there { Payment::Paid } else { Payment::Unpaid };
        let known = said
            .payment
            .or_else(|| paid_by(payments, total))
            .or_else(|| knows(Field::PaidAt).then(|| from_date(paid_at.is_some())));
        order.payment = known.or(usual.payment).unwrap_or(Payment::Unpaid);
        if known.is_none() {
            self.assumptions.note(Assumed::Payment(order.payment));
        }
        self.weigh_payment(order, amounts, views, paid_at);
        if amounts.refunded.minor > 0 && matches!(order.payment, Payment::Paid | Payment::PartRefunded) {
            order.payment =
                if amounts.refunded.minor >= total { Payment::Refunded } else { Payment::PartRefunded };
        }
        let sent = |is_there: bool| if is_there { Fulfilment::Fulfilled } else { Fulfilment::Unfulfilled };
        let known = said.fulfilment.or_else(|| knows(Field::ShippedAt).then(|| sent(shipped_at.is_some())));
        order.fulfilment = known.or(usual.fulfilment).unwrap_or(Fulfilment::Unfulfilled);
        if known.is_none() {
            self.assumptions.note(Assumed::Fulfilment(order.fulfilment));
        }
        let settled = settled(order.payment, order.fulfilment);
        order.status = said.status.or(usual.status).unwrap_or(settled);
        if let (None, Some(status)) = (said.status, usual.status) {
            self.assumptions.note(Assumed::Status(status));
        }
        let cancelled_at = self.moment(views, Field::CancelledAt)?;
        if cancelled_at.is_some() || order.payment == Payment::Voided {
            order.status = Status::Cancelled;
        }
        if order.status == Status::Cancelled {
            let word = self.first_line(views, Field::CancelReason);
            let reason = said.reason.or_else(|| cancel_reason(&word)).unwrap_or(CancelReason::Other);
            order.cancelled = Some((cancelled_at.or(order.placed_at), reason, word));
        }
        if order.status == Status::Open {
            order.hold.clone_from(&draft.held);
        }
        self.parcel(order, views)?;
        self.payment_note(order, amounts, views, payments)
    }

    /// Holds what the status of the order says of its payment against what columns of their own say: one word for all
    /// tells less than a date, a refund or what is due. A column of the payment itself is believed.
    fn weigh_payment(
        &mut self,
        order: &mut NewOrder,
        amounts: &Amounts,
        views: &[View<'_>],
        paid_at: Option<Timestamp>,
    ) {
        let is_said = first(views, Field::OrderPayment).is_some();
        let due = amounts.outstanding.unwrap_or_default().minor;
        let status = |field| first(views, Field::OrderStatus).map(|view| (view, field));
        match order.payment {
            _ if is_said => {}
            Payment::Unpaid if paid_at.is_some() || amounts.refunded.minor > 0 => {
                order.payment = Payment::Paid;
                if let Some((view, field)) = status(Field::OrderStatus) {
                    self.warn(UNPAID_BUT_PAID, &view, field, &view.text(field));
                }
            }
            Payment::Paid if due > 0 && paid_at.is_none() => {
                let is_all = due >= amounts.total().minor;
                order.payment = if is_all { Payment::Unpaid } else { Payment::PartPaid };
                if let Some((view, field)) = status(Field::OrderOutstanding) {
                    self.warn(NOT_PAID_YET, &view, field, &view.text(field));
                }
            }
            _ => {}
        }
    }

    /// Keeps as custom fields what is said about a parcel that has not left, a cancellation that has not been, and a
    /// payment that was not made.
    pub fn keep_idle(
        &mut self,
        order: &NewOrder,
        has_payments: bool,
        views: &[View<'_>],
        extras: &mut Extras,
    ) {
        for (field, name, is_told) in [
            (Field::PaymentMethod, "payment_method", has_payments),
            (Field::Carrier, "carrier", !order.parcels.is_empty()),
            (Field::CancelReason, "cancel_reason", order.cancelled.is_some()),
        ] {
            if let (false, Some(view)) = (is_told, first(views, field)) {
                self.keep(extras, name, &view.text(field), &view);
            }
        }
    }

    fn moment(&mut self, views: &[View<'_>], field: Field) -> Result<Option<Timestamp>, Fault> {
        let Some(view) = first(views, field) else { return Ok(None) };
        Ok(view.date(field, &self.options.zone)?.map(|m| m.at))
    }

    fn parcel(&mut self, order: &mut NewOrder, views: &[View<'_>]) -> Result<(), Fault> {
        let shipped_at = self.moment(views, Field::ShippedAt)?;
        let (carrier, tracking) =
            (self.first_line(views, Field::Carrier), self.first_line(views, Field::Tracking));
        if shipped_at.is_some() || !tracking.is_empty() {
            order.parcels.push(Parcel {
                carrier,
                tracking,
                shipped_at,
                by_step: false,
                before: None,
                made: None,
            });
        }
        Ok(())
    }

    /// The one payment that columns of the order tell of.
    fn payment_note(
        &mut self,
        order: &mut NewOrder,
        amounts: &Amounts,
        views: &[View<'_>],
        payments: &mut Vec<PaymentNote>,
    ) -> Result<(), Fault> {
        let total = amounts.total().minor;
        let outstanding = amounts.outstanding.unwrap_or_default();
        if let (Payment::Paid, 1.., Some(view)) =
            (order.payment, outstanding.minor, first(views, Field::OrderOutstanding))
        {
            self.warn(OUTSTANDING, &view, Field::OrderOutstanding, &view.text(Field::OrderOutstanding));
        }
        let at = self.moment(views, Field::PaidAt)?;
        let method = self.first_line(views, Field::PaymentMethod);
        let reference = self.first_line(views, Field::PaymentReference);
        let amount = match order.payment {
            Payment::Paid | Payment::PartRefunded | Payment::Refunded => total,
            Payment::PartPaid if amounts.outstanding.is_some() => total.saturating_sub(outstanding.minor),
            _ => 0,
        };
        // Of an order that is not paid the method is no payment; it stays among its custom fields.
        let is_open = matches!(order.payment, Payment::Unpaid | Payment::Voided) && at.is_none();
        let is_part = order.payment == Payment::PartPaid && amount > 0;
        let is_told = is_part || at.is_some() || !(is_open || method.is_empty() && reference.is_empty());
        if payments.is_empty() && is_told {
            payments.push(PaymentNote {
                method,
                reference,
                amount,
                at,
                instalments: 1,
                by_step: false,
                before: None,
                made: None,
            });
        }
        Ok(())
    }

    /// The payments of a file of their own.
    ///
    /// # Errors
    /// `invalid_number`, `invalid_date`, `amount_too_large`.
    pub fn payments(&mut self, views: &[View<'_>], currency: Currency) -> Result<Vec<PaymentNote>, Fault> {
        let mut payments = Vec::new();
        for view in views {
            let exact = view.number(Field::PayAmount)?.unwrap_or_default();
            let amount = crate::base::money::to_minor(exact, currency)
                .map_err(|e| view.fault(Field::PayAmount, e.code, &e.message))?;
            let instalments =
                view.number(Field::PayInstalments)?.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
            payments.push(PaymentNote {
                method: self.line(view, Field::PayMethod),
                reference: self.line(view, Field::PayReference),
                amount,
                at: view.date(Field::PayAt, &self.options.zone)?.map(|m| m.at),
                instalments,
                by_step: false,
                before: None,
                made: None,
            });
        }
        Ok(payments)
    }
}

/// What is taken for given where no column says it; of what a column says in an unknown word the least is.
fn usual_state(mut usual: Meaning, draft: &Draft) -> Meaning {
    if draft.is_payment_unknown {
        usual.payment = Some(Payment::Unpaid);
    }
    if draft.is_fulfilment_unknown {
        usual.fulfilment = Some(Fulfilment::Unfulfilled);
    }
    if draft.is_payment_unknown || draft.is_fulfilment_unknown {
        usual.status = None;
    }
    usual
}

/// What the payments that are known of make of an order; `None` without any.
fn paid_by(payments: &[PaymentNote], total: i64) -> Option<Payment> {
    let paid = payments.iter().fold(0_i64, |sum, p| sum.saturating_add(p.amount));
    match payments {
        [] => None,
        _ if paid >= total => Some(Payment::Paid),
        _ => Some(Payment::PartPaid),
    }
}

fn cancel_reason(word: &str) -> Option<CancelReason> {
    match word.to_ascii_lowercase().as_str() {
        "customer" => Some(CancelReason::Customer),
        "fraud" | "declined" => Some(CancelReason::Rejected),
        "inventory" => Some(CancelReason::Unavailable),
        _ => None,
    }
}
