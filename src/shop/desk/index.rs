//! What the index holds: which records become documents, and which documents an event changes.

use crate::base::error::Result;
use crate::base::id::Id;
use crate::search::{Change, Doc, Schema, Search, Source};
use crate::shop::customers::{self, CustomerId};
use crate::shop::messages::{self, MessageId};
use crate::shop::orders::{self, CreditNoteId, OrderId};
use crate::store::{Committed, Direction, Read, Store, StoredEvent, Subject, events};

/// Events read in one step while the index catches up.
const EVENTS_AT_ONCE: usize = 2_000;

/// All kinds and fields of the query language.
///
/// # Errors
/// Internal, when two features declare the same field.
pub fn schema() -> Result<Schema> {
    let mut kinds = orders::KINDS.to_vec();
    kinds.insert(1, customers::KIND);
    kinds.push(messages::KIND);
    let fields = customers::FIELDS.iter().chain(orders::FIELDS).map(messages::shared);
    Schema::new(kinds, fields.chain(messages::FIELDS.iter().copied()).collect())
}

/// The kind of document that a subject of an event is; `None` for subjects that are not searched for.
fn kind_of(subject: &Subject) -> Option<&'static str> {
    match subject.kind {
        OrderId::PREFIX => Some("order"),
        CustomerId::PREFIX => Some("customer"),
        CreditNoteId::PREFIX => Some("credit_note"),
        MessageId::PREFIX => Some("message"),
        _ => None,
    }
}

/// Tells the search which documents committed events change. From an event on of which the store cannot say what else it
/// concerns, the search reads the log itself as soon as that can be read.
pub fn note(search: &Search, store: &Store, committed: &[Committed]) {
    let (changes, is_whole) = changes(store, committed);
    search.note(&changes);
    if !is_whole {
        search.fall_behind();
    }
}

/// The documents that committed events change, up to the first event of which that cannot be said.
fn changes(store: &Store, committed: &[Committed]) -> (Vec<Change>, bool) {
    let mut changes = Vec::new();
    for event in committed {
        let before = changes.len();
        of_subjects(event.seq, event.subjects.iter().copied(), &mut changes);
        if event.kind == RENAMES {
            let renamed = store.read(|s| {
                events::get(s, event.seq)?.map_or(Ok(()), |event| of_others(s, &event, &mut changes))
            });
            if let Err(error) = renamed {
                tracing::warn!(error = %error.cause_chain(), "the orders of a renamed customer are indexed later");
                changes.truncate(before);
                return (changes, false);
            }
        }
    }
    (changes, true)
}

/// The event that may give a customer another name.
const RENAMES: &str = "customer.changed";
/// The fields of the name by which a customer's orders are found too.
const OF_THE_NAME: &[&str] = &["first_name", "last_name", "company", "email"];

fn of_subjects(seq: u64, subjects: impl Iterator<Item = Subject>, changes: &mut Vec<Change>) {
    changes.extend(subjects.filter_map(|s| kind_of(&s).map(|kind| Change { seq, kind, id: s.id })));
}

/// What else an event changes: the orders and credit notes of a customer who has another name now.
fn of_others(r: &impl Read, event: &StoredEvent, changes: &mut Vec<Change>) -> Result<()> {
    let Some(customer) = event.subject.id_as::<CustomerId>().filter(|_| event.kind == RENAMES) else {
        return Ok(());
    };
    let changed = event.data.get("changes");
    if !OF_THE_NAME.iter().any(|field| changed.is_some_and(|fields| fields.get(*field).is_some())) {
        return Ok(());
    }
    let (orders, notes) = orders::all_of(r, customer)?;
    let change = |kind: &'static str, id: [u8; 16]| Change { seq: event.seq, kind, id };
    changes.extend(orders.iter().map(|id| change("order", id.bytes())));
    changes.extend(notes.iter().map(|id| change("credit_note", id.bytes())));
    Ok(())
}

/// The document of a record; `None` when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn doc(r: &impl Read, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>> {
    match kind {
        "order" => orders::doc(r, OrderId::from_bytes(*id)),
        "customer" => customers::doc(r, CustomerId::from_bytes(*id)),
        "credit_note" => orders::credit_note_doc(r, CreditNoteId::from_bytes(*id)),
        "message" => messages::doc(r, MessageId::from_bytes(*id)),
        _ => Ok(None),
    }
}

/// The store, as the index reads it.
pub struct StoreSource(pub Store);

impl Source for StoreSource {
    fn doc(&self, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>> {
        self.0.read(|s| doc(s, kind, id))
    }

    fn ids(&self, kind: &str, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>> {
        self.0.read(|s| {
            Ok(match kind {
                "order" => bytes(orders::ids(s, after.map(OrderId::from_bytes), limit)?),
                "customer" => bytes(customers::ids(s, after.map(CustomerId::from_bytes), limit)?),
                "credit_note" => {
                    bytes(orders::credit_note_ids(s, after.map(CreditNoteId::from_bytes), limit)?)
                }
                "message" => {
                    let after = after.map(MessageId::from_bytes);
                    bytes(messages::ids(s, after, Direction::Forward, limit)?)
                }
                _ => Vec::new(),
            })
        })
    }

    fn docs(&self, kind: &str, ids: &[[u8; 16]]) -> Result<Vec<Option<Doc>>> {
        self.0.read(|s| ids.iter().map(|id| doc(s, kind, id)).collect())
    }

    fn recent(&self, kind: &str, before: Option<(i64, [u8; 16])>, limit: usize) -> Result<Vec<[u8; 16]>> {
        // Ids carry the time of placing, so the id alone is the place.
        let before = before.map(|(_, id)| id);
        self.0.read(|s| {
            Ok(match kind {
                "order" => bytes(orders::recent(s, before.map(OrderId::from_bytes), limit)?),
                "customer" => bytes(customers::recent(s, before.map(CustomerId::from_bytes), limit)?),
                "message" => {
                    let before = before.map(MessageId::from_bytes);
                    bytes(messages::ids(s, before, Direction::Backward, limit)?)
                }
                _ => Vec::new(),
            })
        })
    }

    fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Change>> {
        self.0.read(|s| {
            let (mut changes, mut at) = (Vec::new(), after_seq);
            while changes.len() < limit {
                let batch = events::after(s, at, limit.clamp(1, EVENTS_AT_ONCE))?;
                let Some(last) = batch.last() else { break };
                at = last.seq;
                for event in batch {
                    of_subjects(event.seq, event.subjects(), &mut changes);
                    of_others(s, &event, &mut changes)?;
                }
            }
            Ok(changes)
        })
    }

    fn first_seq(&self) -> u64 {
        // A log that cannot be read now is looked at again when it is.
        self.0.read(events::first_seq).unwrap_or_default()
    }

    fn last_seq(&self) -> u64 {
        self.0.last_seq()
    }

    fn epoch(&self) -> [u8; 16] {
        self.0.epoch()
    }
}

fn bytes(ids: Vec<impl Id>) -> Vec<[u8; 16]> {
    ids.iter().map(Id::bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::{Currency, Price};
    use crate::base::time::Timestamp;
    use crate::search::Settings;
    use crate::shop::customers::ExternalRef;
    use crate::shop::desk::trial::Trial;
    use crate::shop::orders::{NewLine, NewOrder, import};
    use crate::store::{Actor, Tx};
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_rename_whose_orders_cannot_be_read_is_left_to_the_log() {
        let trial = Trial::open();
        let noted = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&noted);
        trial.store.on_commit(Box::new(move |committed| into.lock().unwrap().extend_from_slice(committed)));
        let order = trial.place("anna@example.com", "Anna Berg", 100, |_| {});
        trial.rename(order.customer.unwrap(), "Zwiebel");
        let committed = noted.lock().unwrap().clone();
        let (all, is_whole) = changes(&trial.store, &committed);
        assert!(is_whole && all.iter().filter(|change| change.id == order.id.bytes()).count() > 1, "{all:?}");
        // The same with a store that cannot be read any more.
        let dir = tempfile::tempdir().unwrap();
        let source = Arc::new(StoreSource(trial.store.clone()));
        let search = Search::open(dir.path(), schema().unwrap(), source, Settings::default());
        let search = search.unwrap();
        let last = committed.last().unwrap().seq;
        trial.store.close().unwrap();
        let (before, is_whole) = changes(&trial.store, &committed);
        assert!(!is_whole && before.iter().all(|change| change.seq < last), "{before:?}");
        let state = search.state();
        note(&search, &trial.store, &committed);
        assert_ne!(search.state(), state, "it says that it is behind");
    }

    #[test]
    fn an_order_that_moves_turns_those_around_its_old_and_its_new_place() {
        const LATER: i64 = 1_200;
        let trial = Trial::open();
        let order = move |n: i64, day: i64| NewOrder {
            source: Some(ExternalRef { source: "till".into(), id: n.to_string() }),
            placed_at: Some(Timestamp::parse("2020-01-01T10:00:00Z").unwrap().plus_ms(day * 86_400_000)),
            is_import: true,
            email: Some("counter@example.com".into()),
            lines: vec![NewLine {
                title: "Mug".into(),
                quantity: 1,
                unit_price: Price::from_minor(100, Currency::EUR).unwrap(),
                ..NewLine::default()
            }],
            ..NewOrder::new(Currency::EUR)
        };
        let bring = |n: i64, day: i64| {
            let new = order(n, day);
            trial.store.write_blocking(Actor::system("test"), move |tx| import(tx, &new)).unwrap()
        };
        bring(1, 1);
        bring(2, 2);
        let later = order;
        let all =
            move |tx: &mut Tx<'_>| (0..LATER).try_for_each(|n| import(tx, &later(10 + n, 10 + n)).map(drop));
        trial.store.write_blocking(Actor::system("test"), all).unwrap();
        let new = |day: &str| {
            trial.search.flush().unwrap();
            let of = |more: &str| trial.count(&format!("email:counter@example.com customer:new{more}"));
            (of(""), of(&format!(" placed:{day}")))
        };
        assert_eq!(new("2020-01-02"), (1, 1));
        // The first one was placed after the second: that one is the customer's first now.
        bring(1, 5);
        assert_eq!(new("2020-01-03"), (1, 1));
        bring(1, 1);
        assert_eq!(new("2020-01-02"), (1, 1));
    }
}
