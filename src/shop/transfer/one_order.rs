//! Whether the rows under one number are one order: what stands twice is taken once, what contradicts itself is refused.

use crate::base::email;
use crate::base::money::Currency;
use crate::base::time::{HOUR_MS, Timestamp};
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::words::word_key;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Rows of one order are no further apart in time: real files date its lines by the minute.
const ROWS_APART_MS_MAX: i64 = HOUR_MS;
const REPEATED: (&str, &str) =
    ("order_repeated", "The order stands in the file more than once and says the same. It was taken once.");
const DIFFERENT: (&str, &str) = (
    "rows_differ",
    "The rows of one order say different things here. What stands first was taken, this was not.",
);

/// Of an order these are one thing; a file that says two leaves open which is right.
const ONE_THING: [Field; 5] = [
    Field::OrderCurrency,
    Field::OrderTotal,
    Field::OrderStatus,
    Field::OrderPayment,
    Field::OrderFulfilment,
];
/// Fields that are judged elsewhere: what makes rows one order, and who it is from and when.
const JUDGED: [Field; 7] = [
    Field::OrderKey,
    Field::OrderSplit,
    Field::OrderId,
    Field::PlacedAt,
    Field::OrderEmail,
    Field::CustomerEmail,
    Field::CustomerId,
];

impl Maker<'_> {
    /// The rows of an order, each once.
    ///
    /// # Errors
    /// `other_order` where they are two orders, `order_contradicted` where they say two things of one.
    pub fn one_order<'v>(&mut self, views: &[View<'v>]) -> Result<Vec<View<'v>>, Fault> {
        self.is_one_order(views)?;
        let rows = self.once(views)?;
        self.is_of_one_mind(&rows)?;
        Ok(rows)
    }

    /// Rows of one number that are from somebody else, or of another time, are another order.
    fn is_one_order(&self, views: &[View<'_>]) -> Result<(), Fault> {
        let (mut first_who, mut first_at): (Option<String>, Option<Timestamp>) = (None, None);
        let mut last = (String::new(), String::new());
        for view in views {
            let (who, placed) = (person_of(view), view.text(Field::PlacedAt));
            let is_other_person = !who.is_empty() && who != last.0 && {
                let key = email::key(&who);
                let is_other = first_who.as_ref().is_some_and(|first| *first != key);
                first_who.get_or_insert(key);
                last.0 = who;
                is_other
            };
            let is_other_time = placed != last.1.as_str() && {
                let at = view.date(Field::PlacedAt, &self.options.zone).ok().flatten().map(|m| m.at);
                let apart = first_at.zip(at).map_or(0, |(a, b)| a.since_ms(b).abs());
                first_at = first_at.or(at);
                last.1 = placed.into_owned();
                apart > ROWS_APART_MS_MAX
            };
            if is_other_person || is_other_time {
                let reason = format!(
                    "Two orders have this number: the rows from line {} on are from another person or time than those from line {} on. Give each a number of its own.",
                    view.line(),
                    views.first().map_or(0, View::line)
                );
                return Err(view.fault(Field::OrderKey, "other_order", &reason));
            }
        }
        Ok(())
    }

    /// Without the rows in which the order stands once more as it stood before.
    fn once<'v>(&mut self, views: &[View<'v>]) -> Result<Vec<View<'v>>, Fault> {
        let [head, _, ..] = views else { return Ok(views.to_vec()) };
        let is_said_once = head.bound.is_said_once;
        let goes_on = |before: &View<'_>, row: &View<'_>| {
            if is_said_once {
                return !row.begins();
            }
            let is_next = row.row.ordinal == before.row.ordinal + 1;
            is_next && !(self.mapping.rules.once && row.begins() && digest(&[*row]) == digest(&[*before]))
        };
        let mut parts = HashMap::new();
        let mut rows = Vec::with_capacity(views.len());
        for part in views.chunk_by(goes_on) {
            let Some(begin) = part.first() else { continue };
            if parts.insert(digest(part), begin.line()).is_some() {
                self.warn(REPEATED, begin, Field::OrderKey, &begin.text(Field::OrderKey));
                continue;
            }
            if is_said_once && begin.begins() && rows.iter().any(View::begins) {
                let reason = format!(
                    "The order stands twice in the file: from line {} on it says something else than from line {} on. Leave the right one, or give each a number of its own.",
                    begin.line(),
                    head.line()
                );
                return Err(begin.fault(Field::OrderKey, "other_order", &reason));
            }
            rows.extend_from_slice(part);
        }
        Ok(rows)
    }

    /// What the order is asked for once is said once, or the same in each row.
    fn is_of_one_mind(&mut self, views: &[View<'_>]) -> Result<(), Fault> {
        let [head, _, ..] = views else { return Ok(()) };
        let is_other = |f: &&Field| !ONE_THING.contains(f) && !JUDGED.contains(f);
        let others =
            Field::ALL.iter().filter(|f| !matches!(f.section(), "line" | "payment")).filter(is_other);
        // What refuses the order comes first: of one that is refused nothing is told but why.
        for field in ONE_THING.iter().chain(others).copied().filter(|field| head.has(*field)) {
            let taken = views.iter().find_map(|view| Some((view, view.column_of(field)?)));
            let Some((first, column)) = taken else { continue };
            let said = first.text(field);
            let other = views.iter().find(|view| {
                view.column_of(field) == Some(column) && {
                    let text = view.text(field);
                    text != said
                        && !cell::is_nobody(&text)
                        && !self.says_the_same(first, field, column, (&said, &text))
                }
            });
            let Some(other) = other else { continue };
            let text = other.text(field);
            if ONE_THING.contains(&field) {
                let reason = format!(
                    "Line {} says {} of the same order, line {} says {}. An order has one: correct the rows, or give each order a number of its own.",
                    first.line(),
                    cell::shown(&said),
                    other.line(),
                    cell::shown(&text)
                );
                return Err(other.fault(field, "order_contradicted", &reason));
            }
            self.warn(DIFFERENT, other, field, &text);
        }
        Ok(())
    }

    fn says_the_same(&self, view: &View<'_>, field: Field, column: usize, (a, b): (&str, &str)) -> bool {
        let kind = match field {
            Field::OrderStatus => "status",
            Field::OrderPayment => "payment",
            Field::OrderFulfilment => "fulfilment",
            Field::OrderCurrency => {
                let currency = |text| Currency::parse(text).ok();
                return a == b || currency(a).is_some_and(|of_a| currency(b) == Some(of_a));
            }
            _ => return a == b || view.is_same(field, column, (a, b)),
        };
        let meaning = |word| self.mapping.meaning(kind, word);
        a == b || word_key(a) == word_key(b) || meaning(a).is_some_and(|of_a| meaning(b) == Some(of_a))
    }
}

/// Who the row says that the order is from.
fn person_of(view: &View<'_>) -> String {
    let told = [Field::OrderEmail, Field::CustomerEmail, Field::CustomerId].into_iter();
    told.map(|field| view.text(field)).find(|text| !text.is_empty()).unwrap_or_default().into_owned()
}

/// What the rows say, cell by cell.
fn digest(views: &[View<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for view in views {
        for cell in view.row.record.cells() {
            cell.trim().hash(&mut hasher);
        }
        view.row.record.len().hash(&mut hasher);
    }
    hasher.finish()
}
