//! The payments, refunds and parcels that go with an order's states.

use crate::base::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::cli::demo::dice::Dice;
use crate::cli::demo::fates::Fate;
use crate::cli::demo::places::Market;
use crate::shop::orders::{Fulfilment, Parcel, Payment, PaymentNote};

/// What is known to have been paid, by `end` at the latest.
pub(super) fn payments(
    dice: &mut Dice,
    payment: Payment,
    method: &'static str,
    total: i64,
    placed_at: Timestamp,
    end: Timestamp,
) -> Vec<PaymentNote> {
    // What staff have to note themselves comes days later.
    let by_step = matches!(method, "invoice" | "bank_transfer" | "cash_on_delivery");
    let delay_ms =
        if by_step { dice.between(8, 200) as i64 * HOUR_MS } else { dice.between(0, 4) as i64 * MINUTE_MS };
    let at = Some(placed_at.plus_ms(delay_ms).min(end));
    let mut note = |amount, instalments| PaymentNote {
        method: method.to_owned(),
        reference: reference(dice, method),
        amount,
        at,
        instalments,
        by_step,
        before: None,
        made: None,
    };
    match payment {
        Payment::Unpaid | Payment::Voided | Payment::Authorised => Vec::new(),
        Payment::PartPaid => vec![note(total / 2, 2)],
        _ if method == "klarna" && total > 10_000 => vec![note(total, 3)],
        _ if total > 5_000 && at.is_some_and(|t| t.0 % 41 == 0) => {
            // Two cards, or a gift card and the rest.
            vec![note(total / 4, 1), note(total - total / 4, 1)]
        }
        _ => vec![note(total, 1)],
    }
}

/// The reference as the provider writes it.
fn reference(dice: &mut Dice, method: &str) -> String {
    let pattern = match method {
        "card" | "carte_bancaire" | "apple_pay" => "pi_3@##@@##@#@##@@",
        "paypal" => "%@@#####@@######@",
        "klarna" => "KL-%#######-@##",
        "invoice" => "RE-2%#####",
        "cash_on_delivery" => "",
        _ => "TX%###########",
    };
    let mut out = String::with_capacity(20);
    dice.fill(pattern, &mut out);
    out
}

/// Minor units given back.
pub(super) fn refunded(dice: &mut Dice, fate: Fate, total: i64) -> i64 {
    match fate.payment {
        Payment::Refunded => total,
        Payment::PartRefunded => total * dice.between(2, 12) as i64 * 5 / 100,
        _ => 0,
    }
}

/// The parcels of an order of so many lines; none carries more than six.
pub(super) fn parcels(
    dice: &mut Dice,
    market: &Market,
    lines: usize,
    fulfilment: Fulfilment,
    shipped_at: Timestamp,
) -> Vec<Parcel> {
    let count = if fulfilment == Fulfilment::Part { 1 } else { lines.div_ceil(6) };
    (0..count)
        .map(|_| {
            let (carrier, pattern) = dice.pick(&market.carriers).copied().unwrap_or_default();
            let mut tracking = String::with_capacity(pattern.len());
            dice.fill(pattern, &mut tracking);
            Parcel {
                carrier: carrier.to_owned(),
                tracking,
                shipped_at: Some(shipped_at),
                by_step: true,
                before: None,
                made: None,
            }
        })
        .collect()
}
