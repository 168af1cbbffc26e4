//! Reading on in the log: the next events that somebody wants, out of a bounded number.

use super::{BY_SUBJECT, EVENTS, StoredEvent, get, last};
use crate::base::error::Result;
use crate::base::id::from_text;
use crate::store::snapshot::Read;
use crate::store::span::{Direction, Span};
use std::ops::ControlFlow;

/// What a reader of the log was given, and how far it has come with it.
#[derive(Debug)]
pub struct Taken {
    pub events: Vec<StoredEvent>,
    /// Everything up to this number was given out or not wanted.
    pub at: u64,
    /// It is not the end of the log: the limit was reached, or enough was looked at.
    pub more: bool,
}

/// Up to `limit` events of wanted kinds behind the number `seq`, oldest first, out of at most `most`. What is not wanted is
/// not taken apart.
///
/// # Errors
/// As [`Table::walk`].
pub fn wanted_after(
    from: &(impl Read + ?Sized),
    seq: u64,
    (limit, most): (usize, usize),
    wants: impl Fn(&str) -> bool,
) -> Result<Taken> {
    let mut taken = Taken { events: Vec::new(), at: seq, more: false };
    let Some(first) = seq.checked_add(1) else { return Ok(taken) };
    let mut looked = 0;
    EVENTS.walk(from, &Span::from(&first), Direction::Forward, |seq, row| {
        taken.at = seq;
        looked += 1;
        if wants(&row.kind) {
            taken.events.push(row.stored(seq)?);
        }
        taken.more = looked >= most || taken.events.len() >= limit;
        Ok(if taken.more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(taken)
}

/// The same of the events about a subject, written as its id; none where it is no id.
///
/// # Errors
/// As [`Table::walk`].
pub fn about_after(
    from: &(impl Read + ?Sized),
    subject: &str,
    seq: u64,
    (limit, most): (usize, usize),
    wants: impl Fn(&str) -> bool,
) -> Result<Taken> {
    let mut taken = Taken { events: Vec::new(), at: seq, more: false };
    let id = subject.split_once('_').and_then(|(kind, id)| Some((kind.to_owned(), from_text(id)?)));
    let numbers = match id {
        Some(key) => {
            let behind = Span::of(&key).after(&(key, seq), Direction::Forward);
            BY_SUBJECT.list(from, &behind, Direction::Forward, most)?
        }
        None => Vec::new(),
    };
    let looked = numbers.len();
    for (_, seq) in numbers {
        taken.at = seq;
        taken.events.extend(get(from, seq)?.filter(|event| wants(&event.kind)));
        if taken.events.len() >= limit {
            taken.more = true;
            return Ok(taken);
        }
    }
    taken.more = looked >= most;
    if !taken.more {
        taken.at = taken.at.max(last(from)?);
    }
    Ok(taken)
}
