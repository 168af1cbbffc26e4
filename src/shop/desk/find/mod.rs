//! The one box: what a text finds among everything there is, grouped by kind, each hit with the reason why.

mod admin;
pub(in crate::shop::desk) mod api;
mod complete;
mod jump;
mod row;
mod rows;
#[cfg(test)]
mod samples;
mod why;

pub use admin::routes as pages;
pub use api::{ApiDocs, SearchOut, answer, answered, routes};
pub use row::Hit;
pub use rows::Rows;
pub use why::Why;

pub use admin::routes as page_routes;
pub use api::routes as api_routes;

use crate::base::error::{Error, Result};
use crate::base::time::{Timestamp, Zone};
use crate::base::unseen::shown;
use crate::search::query::parse;
use crate::search::{Count, Problem, Query, Request, Search, Sort, Total};
use crate::shop::orders::seen_by;
use crate::store::Store;

/// Hits of one kind are counted up to this while somebody types.
const COUNT_MAX: u64 = 1_000;

/// A kind of record the box finds.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The word in the API and in documents of the index.
    pub name: &'static str,
    /// The heading of its group.
    pub label: &'static str,
    /// Permission without which its records are not searched.
    pub permission: &'static str,
    /// The list that shows all of them, where there is one.
    pub list: Option<&'static str>,
}

/// All kinds, in the order of their groups.
pub const KINDS: &[Kind] = &[
    Kind { name: "order", label: "Orders", permission: "orders:view", list: Some("/admin/orders") },
    Kind {
        name: "customer",
        label: "Customers",
        permission: "customers:view",
        list: Some("/admin/customers"),
    },
    Kind { name: "credit_note", label: "Credit notes", permission: "orders:view", list: None },
    Kind { name: "message", label: "Messages", permission: "messages:view", list: None },
];

/// The kinds that are searched: those wanted (all, if none is named) that the asker may see. Rights are part of
/// the question, not a filter of the answer.
///
/// # Errors
/// `invalid_parameter` for a kind that does not exist; `forbidden` when nothing that was asked for may be seen.
pub fn kinds_for(wanted: &str, may: impl Fn(&'static str) -> bool) -> Result<Vec<Kind>> {
    let names: Vec<&str> = wanted.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = names.iter().find(|name| !KINDS.iter().any(|kind| kind.name == **name)) {
        let known = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let shown = shown(unknown, 40);
        return Err(Error::invalid(
            "invalid_parameter",
            format!("kind: there is no “{shown}”; use {known}."),
        )
        .on("/kind"));
    }
    let asked = |kind: &&Kind| names.is_empty() || names.contains(&kind.name);
    let seen: Vec<Kind> = KINDS.iter().filter(asked).filter(|kind| may(kind.permission)).copied().collect();
    match KINDS.iter().find(asked) {
        Some(first) if seen.is_empty() => Err(Error::refuse(
            crate::base::error::Kind::Forbidden,
            "forbidden",
            format!("This needs the permission {}.", first.permission),
        )),
        _ => Ok(seen),
    }
}

/// What is asked of the box.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub text: &'a str,
    /// From `kinds_for`.
    pub kinds: &'a [Kind],
    /// Hits of each kind at most.
    pub limit: usize,
    pub now: Timestamp,
    /// Days of dates in the query, and of the dates that are shown.
    pub zone: &'a Zone,
    /// Whether the asker sees what orders cost and how to reach people.
    pub prices: bool,
    /// What was made of records lately, where it is kept.
    pub rows: Option<&'a Rows>,
    /// Whether people who are called so come before streets, colours and codes: who types three letters of a name has
    /// somebody on the phone.
    pub people_first: bool,
}

/// What people are called.
const OF_PEOPLE: &[&str] = &["name", "email"];

/// The hits of one kind, newest first.
#[derive(Clone, Debug)]
pub struct Group {
    pub kind: Kind,
    pub hits: Vec<Hit>,
    /// How many there are, counted to 1,000.
    pub total: Total,
}

/// What the box answers.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Kinds with at least one hit, in their order.
    pub groups: Vec<Group>,
    /// The one record the text names exactly: a number, an id, an outside id.
    pub jump: Option<Hit>,
    /// The text as it was understood.
    pub asked: Option<Query>,
    /// What of the text was not understood and was left out.
    pub problems: Vec<Problem>,
    /// Values that nothing has, with the nearest that something has.
    pub hints: Vec<Problem>,
    /// Words that found nothing and what was searched instead, such as (`mülelr`, `müller`).
    pub corrected: Vec<(String, String)>,
    /// The index is being rebuilt: these are the newest records that fit, not all.
    pub degraded: bool,
}

impl Found {
    /// All hits there are, as far as they were counted.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.jump.is_none()
    }
    /// The only hit, if there is one: Enter opens it.
    pub fn single(&self) -> Option<&Hit> {
        match self.groups.as_slice() {
            [one] if one.total == Total::Exact(1) => one.hits.first(),
            _ => None,
        }
    }
}

/// Asks the box.
///
/// # Errors
/// Faults of store and index only; what was not understood stands in `Found::problems`.
pub fn find(store: &Store, search: &Search, ask: &Ask<'_>) -> Result<Found> {
    // Before anything is read: what is made of it is of this state or a later one.
    let asked = rows::Asked::new(ask.rows, store.last_seq(), ask.zone);
    let search = seen_by(search, ask.prices);
    let parsed = parse(ask.text, search.schema(), ask.now, ask.zone, None);
    let mut found =
        Found { problems: parsed.problems, asked: Some(parsed.query.clone()), ..Found::default() };
    if ask.text.trim().is_empty() {
        return Ok(found);
    }
    found.jump = store.read(|s| jump::exact(s, ask))?;
    if parsed.query.is_everything() {
        // Nothing of the text was understood: everything would be the wrong answer.
        return Ok(found);
    }
    // A surname that customers have is not mistyped because no message has it.
    let known_in: Vec<&str> = ask.kinds.iter().map(|kind| kind.name).collect();
    for kind in ask.kinds {
        let answer = search.find(&Request {
            kinds: vec![kind.name],
            sort: Sort::Best,
            limit: ask.limit,
            count: Count::UpTo(COUNT_MAX),
            forgiving: true,
            known_in: known_in.clone(),
            best_in: if ask.people_first { OF_PEOPLE.to_vec() } else { Vec::new() },
            ..Request::new(parsed.query.clone())
        })?;
        found.degraded |= answer.degraded;
        // What was typed comes before what may have been meant.
        let is_typed = answer.corrected.is_empty();
        if is_typed && !answer.hits.is_empty() && !found.corrected.is_empty() {
            found.groups.clear();
            found.corrected.clear();
        } else if !is_typed && found.corrected.is_empty() && !found.groups.is_empty() {
            continue;
        }
        for pair in &answer.corrected {
            if !found.corrected.contains(pair) {
                found.corrected.push(pair.clone());
            }
        }
        let hits = store.read(|s| row::hits(s, &answer, kind, ask, &asked))?;
        if !hits.is_empty() {
            found.groups.push(Group { kind: *kind, total: answer.total.unwrap_or(Total::MoreThan(0)), hits });
        }
    }
    if found.is_empty() {
        let kinds: Vec<&str> = ask.kinds.iter().map(|kind| kind.name).collect();
        found.hints = search.nothing_has(&parsed.query, &kinds, ask.text)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
