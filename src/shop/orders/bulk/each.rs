//! What is done with one order of many: tried and taken back, or done; and whether it may be done at all.

use super::model::{Bulk, Item, Reason, Said, Went};
use crate::access::{key, staff};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::shop::orders::admin::Action;
use crate::shop::orders::{find, get as get_order};
use crate::store::{Actor, ActorKind, Tx};
use crate::web::bulk::{Action as _, require_unchanged};

/// Different reasons that are told apart, and orders named for each.
const REASONS_MAX: usize = 50;
const EXAMPLES_MAX: usize = 5;

/// Does it with one order, and takes it back whatever came of it.
pub(super) fn tried(tx: &mut Tx<'_>, item: &Item, common: &Action) -> Result<Said> {
    let mut said = None;
    let taken_back: Result<()> = tx.attempt(|tx| {
        said = Some(one(tx, item, common)?);
        Err(Error::conflict("only_checked", "It was only checked."))
    });
    match (said, taken_back) {
        (Some(said), _) => Ok(said),
        (None, Err(fault)) => Err(fault),
        (None, Ok(())) => Err(Error::internal("a check was not taken back")),
    }
}

/// Does it with one order.
pub(super) fn one(tx: &mut Tx<'_>, item: &Item, common: &Action) -> Result<Said> {
    let own: Option<Action> = match &item.action {
        Some(text) => Some(serde_json::from_str(text).map_err(Error::internal)?),
        None => None,
    };
    let action = own.as_ref().unwrap_or(common);
    let name = find(tx, item.id)?.map_or_else(|| item.id.to_string(), |order| format!("#{}", order.number));
    let ran = tx.attempt(|tx| {
        require_unchanged::<Action>(tx, item.id, item.seen)?;
        action.run(tx, item.id)
    });
    let mut remark = None;
    let (went, text, back) = match ran {
        Ok(Some(back)) => {
            remark = action.remark(tx, item.id)?.map(str::to_owned);
            let back = serde_json::to_string(&back).map_err(Error::internal)?;
            (Went::Done, action.done(), Some(back))
        }
        Ok(None) => (Went::Unchanged, action.unchanged(), None),
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict | Kind::NotFound) => {
            (Went::Refused, error.message.into_owned(), None)
        }
        Err(fault) => return Err(fault),
    };
    let version = if went == Went::Done { get_order(tx, item.id)?.version } else { 0 };
    Ok(Said { went, text, back, version, name, remark })
}

/// Adds what was said of an order to what is told of all.
pub(super) fn count(bulk: &mut Bulk, said: &Said) {
    match said.went {
        Went::Done => bulk.tally.done += 1,
        Went::Unchanged => bulk.tally.unchanged += 1,
        Went::Refused => bulk.tally.refused += 1,
    }
    if let Some(remark) = &said.remark {
        told(bulk.remarks.get_or_insert_default(), remark, &said.name);
    }
    if said.went != Went::Done {
        told(&mut bulk.reasons, &said.text, &said.name);
    }
}

/// Adds an order to those of which the same is said.
fn told(all: &mut Vec<Reason>, text: &str, name: &str) {
    let is_full = all.len() >= REASONS_MAX;
    match all.iter_mut().find(|reason| reason.text == text) {
        Some(reason) => {
            reason.count += 1;
            if reason.examples.len() < EXAMPLES_MAX {
                reason.examples.push(name.to_owned());
            }
        }
        None if is_full => {}
        None => all.push(Reason { text: text.to_owned(), count: 1, examples: vec![name.to_owned()] }),
    }
}

/// Whoever was dismissed, or lost the right, changes nothing by a job of theirs either.
pub(super) fn still_may(tx: &Tx<'_>, by: &Actor, word: &str) -> Result<()> {
    let may = match by.kind {
        ActorKind::Staff => {
            let person = staff::find(tx, staff::StaffId::parse(&by.id)?)?;
            person.is_some_and(|person| person.active && person.role.rights().may(word))
        }
        ActorKind::Key => match key::get(tx, key::KeyId::parse(&by.id)?) {
            Ok(key) => key.refusal(tx.now()).is_none() && key.rights().may(word),
            Err(error) if error.kind == Kind::NotFound => false,
            Err(fault) => return Err(fault),
        },
        _ => true,
    };
    if may {
        return Ok(());
    }
    let text = format!("{} may not do this any more, so it stopped.", by.name);
    Err(Error::refuse(Kind::Forbidden, "forbidden", text))
}
