//! What `backroom check` proves of orders: totals add up, counters count, customers' sums are the sums of their orders.

use super::keep::{VIEWS, count, spend};
use super::sales;
use super::state::Payment;
use super::table::{CREDIT_NOTES, ORDERS};
use crate::base::error::Result;
use crate::shop::customers::{self, CustomerId, Totals};
use crate::store::{Direction, Findings, Snapshot, Span};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const PLACE: &str = "shop::orders";

/// The checks of this feature.
///
/// # Errors
/// Faults of the store only; what is wrong with the records becomes findings.
pub fn check(s: &Snapshot, findings: &mut Findings) -> Result<()> {
    let mut totals: BTreeMap<CustomerId, Totals> = BTreeMap::new();
    let mut counted = vec![0_i64; VIEWS.len()];
    let mut sales = sales::Audit::default();
    ORDERS.walk(s, &Span::all(), Direction::Forward, |id, order| {
        if order.id != id {
            findings.add(PLACE, format!("order {id} says it is {}", order.id));
        }
        if !order.adds_up() {
            findings.add(PLACE, format!("the parts of order {id} do not add up to its total"));
        }
        // Earlier versions have kept them so.
        if order.payment == Payment::Refunded && order.refunded == 0 && order.total > 0 {
            let text = format!(
                "order #{} is refunded and no amount was kept, so its total counts as spent; import the file it came from once more, which keeps it",
                order.number
            );
            findings.add(PLACE, text);
        }
        for (view, n) in VIEWS.iter().zip(&mut counted) {
            *n += i64::from(view.holds(&order));
        }
        sales.add(&order);
        if let Some(customer) = order.customer {
            let sums = totals.entry(customer).or_default();
            sums.orders_all = sums.orders_all.saturating_add(1);
            sums.last_order_at = sums.last_order_at.max(Some(order.placed_at));
            if order.is_kept() {
                sums.orders = sums.orders.saturating_add(1);
                spend(sums, order.currency, order.total.saturating_sub(order.refunded))?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    CREDIT_NOTES.walk(s, &Span::all(), Direction::Forward, |_, note| {
        if let Some(customer) = note.customer {
            let sums = totals.entry(customer).or_default();
            sums.credit_notes = sums.credit_notes.saturating_add(1);
            spend(sums, note.currency, note.total.saturating_neg())?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    sales.compare(s, PLACE, findings)?;
    for (view, n) in VIEWS.iter().zip(counted) {
        let kept = count(s, view)?;
        if kept != n {
            findings.add(PLACE, format!("the counter of the view {} says {kept}, there are {n}", view.word));
        }
    }
    let mut compare = |customer: CustomerId, kept: &Totals, sums: &Totals| {
        if !are_same(kept, sums) {
            findings.add(PLACE, format!("the totals of customer {customer} are not those of their orders"));
        }
    };
    // Also those of customers who have no order any more.
    customers::each_totals(s, |customer, kept| {
        compare(customer, &kept, &totals.remove(&customer).unwrap_or_default());
        Ok(())
    })?;
    totals.iter().for_each(|(customer, sums)| compare(*customer, &Totals::default(), sums));
    Ok(())
}

fn are_same(kept: &Totals, sums: &Totals) -> bool {
    let numbers = |t: &Totals| (t.orders, t.orders_all, t.credit_notes, t.last_order_at);
    // A sum that came back to nothing may stand as an entry of 0.
    let spent = |t: &Totals| t.spent.iter().filter(|s| s.amount != 0).copied().collect::<Vec<_>>();
    numbers(kept) == numbers(sums) && spent(kept) == spent(sums)
}
