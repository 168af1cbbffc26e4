//! Whether the rows under one number are one order: what stands twice is taken once, what contradicts itself is refused.

use crate::base::email;
use crate::base::money::Currency;
use crate::base::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::words::word_key;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Rows of one order are no further apart in time: real files date its lines by the minute.
const ROWS_APART_MS_MAX: u64 = HOUR_MS.unsigned_abs();
pub(super) const REPEATED: (&str, &str) =
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
        let rows = self.over_seams(views)?;
        let rows = self.once(&rows)?;
        self.is_of_one_mind(&rows)?;
        Ok(rows)
    }

    /// Rows of one number that are from somebody else, or of another time, are another order.
    fn is_one_order(&self, views: &[View<'_>]) -> Result<(), Fault> {
        // An address and an id are no two people: each is held against its own kind.
        let mut first_who: [Option<String>; 2] = [None, None];
        let mut first_at: Option<Timestamp> = None;
        let (mut last_who, mut last_placed) = ((0, Cow::Borrowed("")), Cow::Borrowed(""));
        for view in views {
            let (who, placed) = (person_of(view), view.text(Field::PlacedAt));
            let is_other_person = !who.1.is_empty() && who != last_who && {
                let key = email::key(&who.1);
                let first = first_who.get_mut(who.0);
                let is_other = first.is_some_and(|first| *first.get_or_insert_with(|| key.clone()) != key);
                last_who = who;
                is_other
            };
            let is_other_time = placed != last_placed && {
                let at = view.date(Field::PlacedAt, &self.options.zone).ok().flatten().map(|m| m.at);
                let is_apart = first_at.zip(at).is_some_and(|(a, b)| self.are_apart(a, b));
                first_at = first_at.or(at);
                last_placed = placed;
                is_apart
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

    /// Whether two moments are of two orders. One without its time of day may be any of that day.
    fn are_apart(&self, a: Timestamp, b: Timestamp) -> bool {
        let local = |at: Timestamp| at.local_ms(&self.options.zone);
        let (a, b) = (local(a), local(b));
        let is_day_alone = a.rem_euclid(DAY_MS) == 0 || b.rem_euclid(DAY_MS) == 0;
        let is_one_day = a.div_euclid(DAY_MS) == b.div_euclid(DAY_MS);
        a.abs_diff(b) > ROWS_APART_MS_MAX && !(is_day_alone && is_one_day)
    }

    /// An order that stands on both sides of a seam, where one part of an export ends and the next begins, goes on there, or
    /// stands twice because the parts overlap: then it is taken once.
    fn over_seams<'v>(&mut self, views: &[View<'v>]) -> Result<Vec<View<'v>>, Fault> {
        let is_one_part = |a: &View<'_>, b: &View<'_>| (a.row.file, a.row.block) == (b.row.file, b.row.block);
        let parts: Vec<&[View<'v>]> = views.chunk_by(is_one_part).collect();
        if parts.len() < 2 {
            return Ok(views.to_vec());
        }
        let mut said = HashSet::new();
        let mut before: HashMap<u64, &View<'v>> = HashMap::new();
        let mut rows = Vec::with_capacity(views.len());
        for part in parts {
            if let (false, Some(begin)) = (said.insert(digest(part)), part.first()) {
                self.warn(REPEATED, begin, Field::OrderKey, &begin.text(Field::OrderKey));
                continue;
            }
            for view in part {
                if let Some(same) = before.get(&digest(&[*view])) {
                    let file = Some(same.file()).filter(|file| !Arc::ptr_eq(file, view.file()));
                    let reason = format!(
                        "Line {} says what {} says, and a part of the export begins between them, so that it may be one line of the order that stands twice or two lines. Put the rows of the order together, each as often as it is meant.",
                        view.line(),
                        place(file, same.line())
                    );
                    return Err(view.fault(Field::OrderKey, "other_order", &reason));
                }
            }
            before.extend(part.iter().map(|view| (digest(&[*view]), view)));
            rows.extend_from_slice(part);
        }
        Ok(rows)
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
        let parts: Vec<&[View<'v>]> = views.chunk_by(goes_on).collect();
        if parts.len() < 2 {
            return Ok(views.to_vec());
        }
        let mut said = HashSet::new();
        let mut rows = Vec::with_capacity(views.len());
        for part in parts {
            let Some(begin) = part.first() else { continue };
            if !said.insert(digest(part)) {
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
                // In two files the numbers of lines alone tell nothing.
                let (of_first, of_other) = match Arc::ptr_eq(first.file(), other.file()) {
                    true => (format!("Line {}", first.line()), format!("line {}", other.line())),
                    false => {
                        (place(Some(first.file()), first.line()), place(Some(other.file()), other.line()))
                    }
                };
                let reason = format!(
                    "{of_first} says {} of the same order, {of_other} says {}. An order has one: correct the rows, or give each order a number of its own.",
                    cell::shown(&said),
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

/// Who the row says that the order is from: by an address, which counts more, or by an id.
fn person_of<'v>(view: &View<'v>) -> (usize, Cow<'v, str>) {
    let told = [(0, Field::OrderEmail), (0, Field::CustomerEmail), (1, Field::CustomerId)].into_iter();
    told.map(|(kind, field)| (kind, view.text(field))).find(|(_, text)| !text.is_empty()).unwrap_or_default()
}

/// A line of another file, or of this one.
pub(super) fn place(file: Option<&Arc<str>>, line: u64) -> String {
    file.map_or_else(|| format!("line {line}"), |file| format!("{file} line {line}"))
}

/// What the rows say, cell by cell.
pub(super) fn digest(views: &[View<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for view in views {
        for cell in view.row.record.cells() {
            cell.trim().hash(&mut hasher);
        }
        view.row.record.len().hash(&mut hasher);
    }
    hasher.finish()
}
