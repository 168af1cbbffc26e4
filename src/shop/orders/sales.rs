//! What was sold when: for every currency and quarter of an hour the kept orders placed in it, and what they came to.

use super::keep::sum_too_large;
use super::model::Order;
use super::table::SALES;
use crate::base::error::Result;
use crate::base::money::Currency;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::store::{Direction, Findings, Read, Snapshot, Span, Tx};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Quarters of an hour in UTC: the days of every time zone in use begin at one, so that sums of days are exact
/// wherever the shop is and whatever zone it changes to.
const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// Kept orders and their sum in minor units of one currency, less what was given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Sold {
    #[n(0)]
    pub orders: i64,
    #[n(1)]
    pub amount: i64,
}

impl Sold {
    fn plus(self, other: Self) -> Self {
        Self {
            orders: self.orders.saturating_add(other.orders),
            amount: self.amount.saturating_add(other.amount),
        }
    }
    /// The sum, or `None` where 64 bits do not hold it.
    fn exactly(self, other: Self) -> Option<Self> {
        Some(Self {
            orders: self.orders.checked_add(other.orders)?,
            amount: self.amount.checked_add(other.amount)?,
        })
    }
    /// What one order came to, rounded half away from zero; `None` when there was none.
    pub fn average(self) -> Option<i64> {
        let half = self.orders / 2;
        let rounded =
            if self.amount < 0 { self.amount.saturating_sub(half) } else { self.amount.saturating_add(half) };
        rounded.checked_div(self.orders)
    }
}

/// Where an order counts, and for how much; `None` when it does not.
fn share(order: &Order) -> Option<((Currency, i64), Sold)> {
    let quarter = order.placed_at.0.div_euclid(QUARTER_MS);
    let amount = order.total.saturating_sub(order.refunded);
    order.is_kept().then_some(((order.currency, quarter), Sold { orders: 1, amount }))
}

/// Keeps the sums in step with an order that was `before` and is `after`; the one write path of orders calls it.
///
/// # Errors
/// `sum_too_large`.
pub(super) fn account(tx: &mut Tx<'_>, before: Option<&Order>, after: &Order) -> Result<()> {
    let (was, is) = (before.and_then(share), share(after));
    if was == is {
        return Ok(());
    }
    let taken = was.map(|(key, sold)| (key, Sold { orders: -sold.orders, amount: -sold.amount }));
    for (key, change) in taken.into_iter().chain(is) {
        let sold = SALES.get(tx, &key)?.unwrap_or_default();
        SALES.put(tx, &key, &sold.exactly(change).ok_or_else(sum_too_large)?)?;
    }
    Ok(())
}

/// What was sold in one currency from one border to the next, for every two neighbours of `borders`, which rise.
/// A border inside a quarter of an hour counts as its end.
///
/// # Errors
/// Faults of the store only.
pub fn sold_between(r: &impl Read, currency: Currency, borders: &[Timestamp]) -> Result<Vec<Sold>> {
    let quarters: Vec<i64> =
        borders.iter().map(|b| b.0.saturating_add(QUARTER_MS - 1).div_euclid(QUARTER_MS)).collect();
    let (Some(first), Some(last)) = (quarters.first(), quarters.last()) else { return Ok(Vec::new()) };
    let mut sums = vec![Sold::default(); borders.len().saturating_sub(1)];
    let span = Span::between(&(currency, *first), &(currency, *last));
    SALES.walk(r, &span, Direction::Forward, |(_, quarter), sold| {
        let place = quarters.partition_point(|border| *border <= quarter).saturating_sub(1);
        if let Some(sum) = sums.get_mut(place) {
            *sum = sum.plus(sold);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(sums)
}

/// The currencies anything was ever sold in, in the order of their codes. One step a currency.
///
/// # Errors
/// Faults of the store only.
pub fn currencies(r: &impl Read) -> Result<Vec<Currency>> {
    let mut found: Vec<Currency> = Vec::new();
    loop {
        let span = match found.last() {
            Some(last) => Span::all().after(&(*last, i64::MAX), Direction::Forward),
            None => Span::all(),
        };
        let mut next = None;
        SALES.walk_keys(r, &span, Direction::Forward, |(currency, _)| {
            next = Some(currency);
            Ok(ControlFlow::Break(()))
        })?;
        match next {
            Some(currency) => found.push(currency),
            None => return Ok(found),
        }
    }
}

/// What the sums have to be, gathered order by order.
#[derive(Debug, Default)]
pub(super) struct Audit(BTreeMap<(Currency, i64), Sold>);

impl Audit {
    pub(super) fn add(&mut self, order: &Order) {
        if let Some((key, sold)) = share(order) {
            let sum = self.0.entry(key).or_default();
            *sum = sum.plus(sold);
        }
    }
    /// Compares with what is kept.
    ///
    /// # Errors
    /// Faults of the store only.
    pub(super) fn compare(
        mut self,
        s: &Snapshot,
        place: &'static str,
        findings: &mut Findings,
    ) -> Result<()> {
        let mut wrong = |(currency, quarter): (Currency, i64), kept: Sold, is: Sold| {
            if kept != is {
                let at = Timestamp(quarter.saturating_mul(QUARTER_MS));
                findings.add(
                    place,
                    format!("the sales in {currency} from {at} on say {kept:?}, the orders {is:?}"),
                );
            }
        };
        SALES.walk(s, &Span::all(), Direction::Forward, |key, kept| {
            wrong(key, kept, self.0.remove(&key).unwrap_or_default());
            Ok(ControlFlow::Continue(()))
        })?;
        self.0.into_iter().for_each(|(key, is)| wrong(key, Sold::default(), is));
        Ok(())
    }
}
