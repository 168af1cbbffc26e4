//! Orders of one run that have one outside id: what says the same is taken once, what says something else is refused.

use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::one_order::{REPEATED, digest, place};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// The ids of the orders that were made, small enough to keep those of a million.
#[derive(Debug, Default)]
pub struct Ids {
    /// No two orders of the run can have one id where each has its key for one.
    is_needed: bool,
    made: HashMap<u64, Stood>,
    files: BTreeMap<u32, Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Stood {
    /// Of its rows as they stand.
    said: u64,
    file: u32,
    line: u32,
}

impl Ids {
    pub fn new(is_needed: bool) -> Self {
        Self { is_needed, ..Self::default() }
    }
    /// Remembers an order that was made of these rows.
    pub fn note(&mut self, id: &str, views: &[View<'_>]) {
        let (true, Some(head)) = (self.is_needed, views.first()) else { return };
        let file = u32::try_from(head.row.file).unwrap_or(u32::MAX);
        self.files.entry(file).or_insert_with(|| Arc::clone(head.file()));
        let line = u32::try_from(head.line()).unwrap_or(u32::MAX);
        self.made.insert(hashed(id), Stood { said: digest(views), file, line });
    }
}

fn hashed(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

impl Maker<'_> {
    /// Whether an order with this id was made before of rows that say the same.
    ///
    /// # Errors
    /// `other_order` where they say something else: one of the two would take the place of the other.
    pub fn stood_before(&mut self, id: &str, views: &[View<'_>]) -> Result<bool, Fault> {
        let (Some(before), Some(head)) = (self.ids.made.get(&hashed(id)).copied(), views.first()) else {
            return Ok(false);
        };
        if before.said == digest(views) {
            self.warn(REPEATED, head, Field::OrderKey, &head.text(Field::OrderKey));
            return Ok(true);
        }
        let field = if head.text(Field::OrderId).is_empty() { Field::OrderKey } else { Field::OrderId };
        let is_here = usize::try_from(before.file).is_ok_and(|file| file == head.row.file);
        let file = self.ids.files.get(&before.file).filter(|_| !is_here);
        let reason = format!(
            "{} stands in {} already, and line {} on says something else of it. Give each order an id of its own, put the rows of one order together, or import a later state of it in a file of its own.",
            cell::shown(id),
            place(file, u64::from(before.line)),
            head.line()
        );
        Err(head.fault(field, "other_order", &reason))
    }
}
