//! Everything that is wrong with the shape of an input, said at once.

use crate::base::error::{Error, FieldError};
use crate::web::decode::{Node, Trouble};
use serde::de::DeserializeOwned;

/// What most types can be read from, one or the other.
fn stand_ins() -> impl Iterator<Item = Node> {
    let money = [("amount", Node::Number(1.into())), ("currency", Node::Text("EUR".into()))];
    [
        Node::Text(String::new()),
        Node::Number(1.into()),
        Node::List(Vec::new()),
        Node::Map(money.map(|(name, node)| (name.to_owned(), node)).into()),
        Node::Map(Vec::new()),
        Node::Bool(false),
        Node::Text("EUR".into()),
    ]
    .into_iter()
}

/// Puts something in the place of what is missing, so that what is wrong behind it is found too. False where nothing fits.
fn stand_in<T: DeserializeOwned>(rest: &mut Node, place: &[String], reads: &mut u32) -> bool {
    for node in stand_ins() {
        *reads += 1;
        if *reads > READS_MAX {
            return false;
        }
        let mut filled = rest.clone();
        if !filled.put_in(place, node) {
            return false;
        }
        let is_elsewhere = |trouble: Trouble| trouble.faults().iter().any(|(at, _)| !at.starts_with(place));
        if T::deserialize(filled.clone()).map_or_else(is_elsewhere, |_| true) {
            *rest = filled;
            return true;
        }
    }
    false
}

/// How often an input is read to find what is wrong with it, at most.
const READS_MAX: u32 = 40;
/// Most faults that one refusal names.
const FAULTS_MAX: usize = 20;

/// Reads a type, or says everything that is wrong with the shape of the input: what was wrong is taken out and the rest
/// read again, as long as that says something new. `message` is for a refusal that is about no field.
///
/// # Errors
/// `unknown_field`, `required`, `wrong_type` … with JSON pointers; `validation` for several kinds at once.
pub(super) fn read<T: DeserializeOwned>(tree: Node, message: &'static str) -> Result<T, Error> {
    let mut rest = tree.clone();
    let mut found: Vec<FieldError> = Vec::new();
    let (mut read, mut reads) = (T::deserialize(tree), 1);
    loop {
        let trouble = match read {
            Ok(value) if found.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(trouble) => trouble,
        };
        let (mut is_new, is_missed) = (false, trouble.is_missed());
        for (mut place, fault) in trouble.faults() {
            // What was taken out is missed then. That is no second fault: something stands in for it, or what it was in
            // goes as well.
            let is_within = |inner: &str| {
                inner
                    .strip_prefix(fault.pointer.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let is_consequence = found.iter().any(|f| is_within(&f.pointer));
            if !is_consequence {
                found.push(fault);
            }
            if is_missed && stand_in::<T>(&mut rest, &place, &mut reads) {
                is_new = true;
                continue;
            }
            if is_consequence {
                place.pop();
            }
            while !place.is_empty() && !rest.take_out(&place) {
                place.pop();
            }
            is_new |= !place.is_empty();
        }
        reads += 1;
        if !is_new || found.len() >= FAULTS_MAX || reads > READS_MAX {
            break;
        }
        read = T::deserialize(rest.clone());
    }
    let code = found.first().map_or("validation", |f| f.code);
    // A name nobody knows is a mistake of the program that sends it, whatever else is wrong.
    let is_one_kind = code == "unknown_field" || found.iter().all(|f| f.code == code);
    let mut error = Error::fields(found);
    if is_one_kind {
        error.code = code;
    }
    if error.message.is_empty() {
        error.message = message.into();
    }
    Err(error)
}

impl Node {
    /// Removes the entry of an object at a path; says whether there was one. An item of a list stays, since the
    /// places of those behind it would change.
    fn take_out(&mut self, place: &[String]) -> bool {
        match (self, place) {
            (Self::Map(entries), [name]) => {
                let before = entries.len();
                entries.retain(|(key, _)| key != name);
                entries.len() < before
            }
            (Self::Map(entries), [name, rest @ ..]) => {
                entries.iter_mut().any(|(key, node)| key == name && node.take_out(rest))
            }
            (Self::List(items), [place, rest @ ..]) => {
                let item = place.parse::<usize>().ok().and_then(|at| items.get_mut(at));
                item.is_some_and(|node| node.take_out(rest))
            }
            _ => false,
        }
    }
    /// Adds an entry to the object that a path leads to; says whether there is one.
    fn put_in(&mut self, place: &[String], node: Self) -> bool {
        match (self, place) {
            (Self::Map(entries), [name]) => {
                entries.push((name.clone(), node));
                true
            }
            (Self::Map(entries), [name, rest @ ..]) => {
                entries.iter_mut().find(|(key, _)| key == name).is_some_and(|(_, at)| at.put_in(rest, node))
            }
            (Self::List(items), [place, rest @ ..]) => {
                let item = place.parse::<usize>().ok().and_then(|at| items.get_mut(at));
                item.is_some_and(|at| at.put_in(rest, node))
            }
            _ => false,
        }
    }
}
