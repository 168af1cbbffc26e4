//! What today came to, against the same weekday last week up to the same time; each number equals a list.

use super::days::Days;
use crate::base::error::Result;
use crate::base::money::{Currency, Money};
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::search::query::parse;
use crate::search::{Count, Request, Search, Total};
use crate::shop::orders::{Sold, sold_between};
use crate::store::Read;
use crate::web::listing::grouped;
use crate::web::query::encode;
use serde::Serialize;

/// Orders that count: not a draft, not cancelled or rejected, not returned in full.
const KEPT: &str = "-status:cancelled,draft -fulfilment:returned";
/// Counted exactly up to this; the list says "more than" from there on, too.
const COUNT_MAX: u64 = 10_000;

/// A number of the day, as `home.html` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) change: Option<Change>,
    pub(super) note: String,
    /// What exactly is counted.
    pub(super) means: &'static str,
    /// The list of exactly these orders.
    pub(super) href: String,
}

/// The difference to last week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) text: String,
    /// `up`, `down` or `none`.
    pub(super) direction: &'static str,
}

/// The order list with a query.
pub(super) fn orders_with(q: &str) -> String {
    format!("/admin/orders?{}", encode(&[("q", q.trim())]))
}

/// What was sold in a stretch of time, in the main currency and in all.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    main: Sold,
    orders: i64,
}

fn stretch(
    r: &impl Read,
    currencies: &[Currency],
    main: Currency,
    from: Timestamp,
    to: Timestamp,
) -> Result<Stretch> {
    let mut sums = Stretch::default();
    for currency in currencies {
        let sold = sold_between(r, *currency, &[from, to])?.first().copied().unwrap_or_default();
        sums.orders = sums.orders.saturating_add(sold.orders);
        if *currency == main {
            sums.main = sold;
        }
    }
    Ok(sums)
}

/// The four figures of today.
///
/// # Errors
/// Faults of store and index only.
pub(super) fn today(
    r: &impl Read,
    search: &Search,
    days: &Days<'_>,
    currencies: &[Currency],
    main: Currency,
) -> Result<Vec<Figure>> {
    let now = stretch(r, currencies, main, days.start(0), days.start(1))?;
    // The quarter of an hour that has begun is compared as a whole.
    let then = stretch(r, currencies, main, days.start(-7), days.same_time(-7).plus_ms(MINUTE_MS))?;
    let before = days.weekday(-7);
    let all = format!("placed:today {KEPT}");
    let in_main = format!("{all} currency:{}", main.code().to_lowercase());
    let new = format!("placed:today customer:new {KEPT}");
    let new_count = count(search, days, &new)?;
    let exact = match new_count {
        Counted::Exactly(n) => Some(n),
        _ => None,
    };
    let several = currencies.len() > 1;
    Ok(vec![
        Figure {
            label: "Sales today",
            value: Money::new(now.main.amount, main).shown(),
            change: percent(now.main.amount, then.main.amount),
            note: if then.main.amount > 0 {
                format!("against last {before}, same time")
            } else {
                format!("nothing by this time last {before}")
            },
            means: "Totals of the orders placed today that were not cancelled or returned in full, less refunds.",
            href: orders_with(&in_main),
        },
        Figure {
            label: "Orders today",
            value: words(now.orders),
            change: difference(now.orders, then.orders),
            note: if several { "in all currencies".to_owned() } else { String::new() },
            means: "Orders placed today that were not cancelled or returned in full.",
            href: orders_with(&all),
        },
        Figure {
            label: "Average order",
            value: now.main.average().map_or_else(|| "–".to_owned(), |a| Money::new(a, main).shown()),
            change: now.main.average().zip(then.main.average()).and_then(|(a, b)| percent(a, b)),
            note: String::new(),
            means: "Sales today divided by their orders.",
            href: orders_with(&in_main),
        },
        Figure {
            label: "New customers",
            value: match new_count {
                Counted::Exactly(n) => grouped(n),
                Counted::MoreThan(n) => format!("more than {}", grouped(n)),
                Counted::NotNow => "–".to_owned(),
            },
            change: None,
            note: match new_count {
                Counted::NotNow => "counted again when the search index is complete".to_owned(),
                _ => share(exact, now.orders),
            },
            means: "Orders placed today whose customer had kept no order before.",
            href: orders_with(&new),
        },
    ])
}

/// How many orders there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Exactly(u64),
    MoreThan(u64),
    /// The index is being rebuilt.
    NotNow,
}

/// How many cancelled orders have money of the customer, with their list; `None` while the index cannot say.
///
/// # Errors
/// Faults of the index only.
pub(super) fn to_send_back(search: &Search, days: &Days<'_>) -> Result<Option<(u64, String)>> {
    let q = "status:cancelled payment:paid,part_paid,part_refunded";
    Ok(match count(search, days, q)? {
        Counted::Exactly(n) | Counted::MoreThan(n) => Some((n, orders_with(q))),
        Counted::NotNow => None,
    })
}

/// How many orders a query finds.
fn count(search: &Search, days: &Days<'_>, q: &str) -> Result<Counted> {
    let query = parse(q, search.schema(), days.now, days.zone, None).query;
    let request =
        Request { kinds: vec!["order"], limit: 0, count: Count::UpTo(COUNT_MAX), ..Request::new(query) };
    let answer = search.find(&request)?;
    Ok(match answer.total {
        _ if answer.degraded => Counted::NotNow,
        Some(Total::Exact(n)) => Counted::Exactly(n),
        Some(Total::MoreThan(n)) => Counted::MoreThan(n),
        None => Counted::NotNow,
    })
}

fn words(n: i64) -> String {
    u64::try_from(n).map_or_else(|_| n.to_string(), grouped)
}

fn share(part: Option<u64>, whole: i64) -> String {
    match (part, u64::try_from(whole)) {
        (Some(part), Ok(whole)) if whole > 0 => format!("{} % of orders", (part * 100 + whole / 2) / whole),
        _ => String::new(),
    }
}

fn direction(now: i64, then: i64) -> &'static str {
    match now.cmp(&then) {
        std::cmp::Ordering::Greater => "up",
        std::cmp::Ordering::Less => "down",
        std::cmp::Ordering::Equal => "none",
    }
}

/// The change in percent, rounded; `None` when there was nothing to compare with.
fn percent(now: i64, then: i64) -> Option<Change> {
    if then <= 0 {
        return None;
    }
    let (now_wide, then_wide) = (i128::from(now), i128::from(then));
    let percent =
        ((now_wide - then_wide) * 100 + (now_wide - then_wide).signum() * then_wide / 2) / then_wide;
    let text = if percent == 0 { "no change".to_owned() } else { format!("{} %", percent.abs()) };
    Some(Change { text, direction: if percent == 0 { "none" } else { direction(now, then) } })
}

fn difference(now: i64, then: i64) -> Option<Change> {
    let text = match now.saturating_sub(then) {
        0 if now == 0 => return None,
        0 => "no change".to_owned(),
        n => words(n.abs()),
    };
    Some(Change { text, direction: direction(now, then) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(change: Option<Change>) -> String {
        change.map_or_else(|| "-".to_owned(), |c| format!("{} {}", c.direction, c.text))
    }

    #[test]
    fn changes_are_rounded_and_need_something_to_compare_with() {
        assert_eq!(text(percent(112, 100)), "up 12 %");
        assert_eq!(text(percent(1, 3)), "down 67 %");
        assert_eq!(text(percent(100, 100)), "none no change");
        assert_eq!(text(percent(5, 0)), "-");
        assert_eq!(text(percent(-100, 100)), "down 200 %");
        assert_eq!(text(percent(i64::MAX, 1)), format!("up {} %", (i128::from(i64::MAX) - 1) * 100));
        assert_eq!((text(difference(31, 27)), text(difference(0, 0))), ("up 4".to_owned(), "-".to_owned()));
        assert_eq!(share(Some(12), 31), "39 % of orders");
        assert_eq!(share(Some(0), 0), "");
    }
}
