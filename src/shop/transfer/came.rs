//! What came of one item of an import: written, or as a dry run says that it would be.

use crate::base::error::{Kind, Result};
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::customers::{self, CustomerId, Outcome};
use crate::shop::orders::{self, Imported};
use crate::shop::transfer::outcome::{Item, Place};
use crate::shop::transfer::rehearsal::WouldBe;
use crate::shop::transfer::resumed::Done;
use crate::store::{Snapshot, Tx};

/// What an order adds to what the changed orders come to: what it comes to now, less what it came to when the same run had
/// brought it before.
pub(super) type Sum = Vec<(Currency, i64)>;

/// What came of one item.
#[derive(Clone, Debug)]
pub(super) enum Came {
    /// With what the file takes back of how an order stands.
    Order(Outcome, Sum, Option<String>),
    /// The customer is known where the file says what they have ordered.
    Customer(Option<CustomerId>, Outcome),
    Note(Outcome),
    Refused {
        column: String,
        code: &'static str,
        reason: String,
    },
}

/// A refusal of the rules is a result; a fault of the store ends the import.
pub(super) fn came(result: Result<Came>) -> Result<Came> {
    match result {
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict | Kind::NotFound) => {
            let (column, reason) = match error.fields.first() {
                Some(field) => (field.pointer.clone(), field.detail.clone()),
                None => (String::new(), error.message.clone().into_owned()),
            };
            Ok(Came::Refused { column, code: error.code, reason })
        }
        other => other,
    }
}

impl Came {
    /// As it is told again of an item that was written before a kill.
    pub(super) fn again(item: &Item, done: &Done) -> Result<Self> {
        let (outcome, customer) = done.outcome();
        Ok(match item {
            Item::Order(_) if outcome == Outcome::Unchanged => Self::Order(outcome, Sum::new(), None),
            Item::Order(order) => {
                Self::Order(outcome, vec![(order.currency, order.total()?)], done.back.clone())
            }
            Item::Customer(_) => Self::Customer(customer, outcome),
            Item::CreditNote(_) => Self::Note(outcome),
        })
    }
    /// What is noted of it, unless it was refused.
    pub(super) fn done(&self, place: &Place) -> Option<Done> {
        match self {
            Self::Order(outcome, _, back) => Some(Done::new(*outcome, None).taking_back(back.clone())),
            Self::Note(outcome) => Some(Done::new(*outcome, None)),
            Self::Customer(id, outcome) => Some(Done::new(*outcome, id.filter(|_| place.claim.is_some()))),
            Self::Refused { .. } => None,
        }
    }
}

pub(super) fn land_one(tx: &mut Tx<'_>, item: &Item, since: Timestamp) -> Result<Came> {
    Ok(match item {
        Item::Order(order) => match orders::import_over(tx, order)? {
            (Imported::Added(_), _) => {
                Came::Order(Outcome::Added, vec![(order.currency, order.total()?)], None)
            }
            (Imported::Changed(_), both) => {
                let (mut sum, mut back) = (Sum::new(), None);
                if let Some(both) = both {
                    let (before, after) = *both;
                    // Nobody else writes over what an import has brought.
                    let less = (before.updated_at >= since).then_some((before.currency, -before.total));
                    back = orders::setback(&before, &after);
                    sum = [(after.currency, after.total)].into_iter().chain(less).collect();
                }
                Came::Order(Outcome::Changed, sum, back)
            }
            (Imported::Unchanged(_), _) => Came::Order(Outcome::Unchanged, Sum::new(), None),
        },
        Item::Customer(customer) => {
            let (id, outcome) = customers::import(tx, customer)?;
            Came::Customer(Some(id), outcome)
        }
        Item::CreditNote(note) => Came::Note(orders::import_credit_note(tx, note)?.1),
    })
}

pub(super) fn rehearse_one(s: &Snapshot, item: &Item, would_be: &mut WouldBe) -> Result<Came> {
    Ok(match item {
        Item::Order(order) => {
            let (outcome, sum, back) = would_be.order(s, order)?;
            Came::Order(outcome, sum, back)
        }
        Item::Customer(customer) => {
            let (id, outcome) = would_be.customer(s, customer)?;
            Came::Customer(Some(id), outcome)
        }
        Item::CreditNote(note) => Came::Note(would_be.credit_note(s, note)?),
    })
}
