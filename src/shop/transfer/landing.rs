//! Where an import lands: items written to the store in groups, each in a transaction of its own inside, so that
//! a refused one leaves no trace and a killed import goes on by being run again.

use crate::base::error::{Kind, Result};
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::shop::customers::{self, ExternalRef, NewCustomer, Outcome};
use crate::shop::orders::{self, Imported, NewCreditNote, NewOrder, OrderId};
use crate::shop::transfer::outcome::{Item, Place, Refused, Sink};
use crate::shop::transfer::refusals::RefusedCsv;
use crate::store::{Actor, Snapshot, Store, Tx};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Refusals that are kept to be shown; the file has all of them.
const REFUSALS_KEPT: usize = 100;

/// Items of one commit: enough that the commit costs little, few enough that others wait only milliseconds.
const GROUP: usize = 100;

/// What an import did, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Encode, Decode)]
pub struct Landed {
    #[n(0)]
    pub orders_added: u64,
    /// They were here already, by source and outside id; nothing changed.
    #[n(1)]
    pub orders_known: u64,
    #[n(2)]
    pub customers_added: u64,
    #[n(3)]
    pub customers_changed: u64,
    #[n(4)]
    pub customers_unchanged: u64,
    #[n(5)]
    pub credit_notes_added: u64,
    #[n(6)]
    pub credit_notes_known: u64,
    /// Rows that could not be read, and items that the rules refused.
    #[n(7)]
    pub refused: u64,
}

impl Landed {
    /// Every count that is not zero, with its words.
    pub fn in_words(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.orders_added, "orders added"),
            (self.orders_known, "orders known already"),
            (self.customers_added, "customers added"),
            (self.customers_changed, "customers changed"),
            (self.customers_unchanged, "customers unchanged"),
            (self.credit_notes_added, "credit notes and adjustments added"),
            (self.credit_notes_known, "credit notes and adjustments known already"),
            (self.refused, "refused"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}

/// What to do with a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Note it and go on.
    #[default]
    Skip,
    /// End the import; what landed before stays.
    Stop,
}

/// How an import ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub landed: Landed,
    /// The first refusals, in the order of the files.
    pub refusals: Vec<Refused>,
    /// Why it went no further, when a refusal was to end it.
    pub stopped: Option<String>,
}

/// What came of one item.
#[derive(Clone, Debug)]
enum Came {
    OrderAdded,
    OrderKnown,
    Customer(Outcome),
    NoteAdded,
    NoteKnown,
    Refused { column: String, code: &'static str, reason: String },
}

/// A sink that writes to the store, or in a dry run only says what it would write.
pub struct Landing<'a> {
    store: Store,
    actor: Actor,
    /// Whether the index keeps up; an import waits for it, so that memory stays flat.
    has_room: &'a (dyn Fn() -> bool + Sync),
    /// Told of bytes read and of all; gives false to end the import.
    progress: &'a mut dyn FnMut(u64, u64, &Landed) -> bool,
    refused_rows: Option<RefusedCsv<Box<dyn Write + Send + 'a>>>,
    dry_run: bool,
    on_error: OnError,
    group: Vec<(Item, Place)>,
    counts: Landed,
    /// What a dry run would have added: outside ids and addresses.
    would_be: BTreeSet<String>,
    refusals: Vec<Refused>,
    is_ended: bool,
}

impl<'a> Landing<'a> {
    pub fn new(
        store: &Store,
        actor: Actor,
        has_room: &'a (dyn Fn() -> bool + Sync),
        progress: &'a mut dyn FnMut(u64, u64, &Landed) -> bool,
    ) -> Self {
        Self {
            store: store.clone(),
            actor,
            has_room,
            progress,
            refused_rows: None,
            dry_run: false,
            on_error: OnError::Skip,
            group: Vec::with_capacity(GROUP),
            counts: Landed::default(),
            would_be: BTreeSet::new(),
            refusals: Vec::new(),
            is_ended: false,
        }
    }
    /// Writes nothing.
    #[must_use]
    pub fn dry(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }
    /// Where refused rows go: the row as it stands, then where and why, so that it can be mended and imported.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn refused_to(mut self, out: Box<dyn Write + Send + 'a>) -> Result<Self> {
        self.refused_rows = Some(RefusedCsv::new(out)?);
        Ok(self)
    }

    /// Writes what is left and says how it ended.
    ///
    /// # Errors
    /// Those of the store; `file_unwritable`.
    pub fn finish(mut self) -> Result<Ended> {
        self.land()?;
        if let Some(rows) = self.refused_rows.take() {
            rows.finish()?;
        }
        let first = self.refusals.first().filter(|_| self.on_error == OnError::Stop);
        let stopped =
            first.map(|r| format!("Stopped at the first refusal: {} line {}: {}", r.file, r.line, r.reason));
        Ok(Ended { landed: self.counts, refusals: self.refusals, stopped })
    }

    fn land(&mut self) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        let group = Arc::new(std::mem::replace(&mut self.group, Vec::with_capacity(GROUP)));
        let came = if self.dry_run { self.rehearse(&group)? } else { self.write(&group)? };
        for ((_, place), came) in group.iter().zip(came) {
            self.count(place, came)?;
        }
        Ok(())
    }

    fn write(&self, group: &Arc<Vec<(Item, Place)>>) -> Result<Vec<Came>> {
        while !(self.has_room)() {
            std::thread::sleep(Duration::from_millis(5));
        }
        loop {
            let items = Arc::clone(group);
            let written = self.store.write_blocking(self.actor.clone(), move |tx| {
                items
                    .iter()
                    .map(|(item, _)| came(tx.attempt(|tx| land_one(tx, item))))
                    .collect::<Result<Vec<_>>>()
            });
            match written {
                // Every item is known by its outside id, so doing a group again after an unknown outcome is safe.
                Err(error) if error.code == "commit_unknown" => {
                    std::thread::sleep(Duration::from_millis(200))
                }
                other => return other,
            }
        }
    }

    /// What `write` would do, from the store as it is and what this run would have added.
    fn rehearse(&mut self, group: &[(Item, Place)]) -> Result<Vec<Came>> {
        let (store, would_be) = (self.store.clone(), &mut self.would_be);
        let now = store.clock().now();
        store.read(|s| group.iter().map(|(item, _)| came(rehearse_one(s, item, would_be, now))).collect())
    }

    fn count(&mut self, place: &Place, came: Came) -> Result<()> {
        let counts = &mut self.counts;
        match came {
            Came::OrderAdded => counts.orders_added += 1,
            Came::OrderKnown => counts.orders_known += 1,
            Came::Customer(Outcome::Added) => counts.customers_added += 1,
            Came::Customer(Outcome::Changed) => counts.customers_changed += 1,
            Came::Customer(Outcome::Unchanged) => counts.customers_unchanged += 1,
            Came::NoteAdded => counts.credit_notes_added += 1,
            Came::NoteKnown => counts.credit_notes_known += 1,
            Came::Refused { column, code, reason } => {
                let refused = Refused {
                    file: Arc::clone(&place.file),
                    line: place.line,
                    column,
                    value: place.key.clone(),
                    code,
                    reason,
                    header: Arc::from([]),
                    cells: Vec::new(),
                };
                self.refused(&refused)?;
            }
        }
        Ok(())
    }
}

/// A refusal of the rules is a result; a fault of the store ends the import.
fn came(result: Result<Came>) -> Result<Came> {
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

fn land_one(tx: &mut Tx<'_>, item: &Item) -> Result<Came> {
    Ok(match item {
        Item::Order(order) => match orders::import(tx, order)? {
            Imported::Added(_) => Came::OrderAdded,
            Imported::Known(_) => Came::OrderKnown,
        },
        Item::Customer(customer) => Came::Customer(customers::import(tx, customer)?.1),
        Item::CreditNote(note) => match orders::import_credit_note(tx, note)? {
            Some(_) => Came::NoteAdded,
            None => Came::NoteKnown,
        },
    })
}

fn rehearse_one(s: &Snapshot, item: &Item, would_be: &mut BTreeSet<String>, now: Timestamp) -> Result<Came> {
    match item {
        Item::Order(order) => rehearse_order(s, order, would_be, now),
        Item::Customer(customer) => rehearse_customer(s, customer, would_be),
        Item::CreditNote(note) => rehearse_note(s, note, would_be),
    }
}

fn rehearse_order(
    s: &Snapshot,
    order: &NewOrder,
    would_be: &mut BTreeSet<String>,
    now: Timestamp,
) -> Result<Came> {
    if let Some(source) = &order.source {
        let known = orders::known(s, order)?.is_some();
        if known || !would_be.insert(format!("o\0{}\0{}", source.source, source.id)) {
            return Ok(Came::OrderKnown);
        }
    }
    order.checked(OrderId::from_bytes([0; 16]), 0, None, now)?;
    Ok(Came::OrderAdded)
}

fn rehearse_customer(s: &Snapshot, customer: &NewCustomer, would_be: &mut BTreeSet<String>) -> Result<Came> {
    let checked = customer.checked()?;
    let mut known = None;
    for external in &checked.external {
        known = known.or(customers::find_by_external(s, external)?);
    }
    if let (None, Some(email)) = (known, &checked.email) {
        known = customers::find_by_email(s, email)?;
    }
    if let Some(id) = known {
        let changes = customers::would_change(s, id, &checked)?;
        return Ok(Came::Customer(if changes { Outcome::Changed } else { Outcome::Unchanged }));
    }
    let keys = checked.external.iter().map(|ExternalRef { source, id }| format!("c\0{source}\0{id}"));
    let email = checked.email.iter().map(|e| format!("e\0{}", crate::base::email::key(e)));
    let mut is_new = true;
    for key in keys.chain(email) {
        is_new &= would_be.insert(key);
    }
    Ok(Came::Customer(if is_new { Outcome::Added } else { Outcome::Changed }))
}

fn rehearse_note(s: &Snapshot, note: &NewCreditNote, would_be: &mut BTreeSet<String>) -> Result<Came> {
    let Some(source) = &note.source else { return Ok(Came::NoteAdded) };
    let known = orders::has_credit_note(s, source)?;
    let is_new = !known && would_be.insert(format!("n\0{}\0{}", source.source, source.id));
    Ok(if is_new { Came::NoteAdded } else { Came::NoteKnown })
}

impl Sink for Landing<'_> {
    fn item(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>> {
        self.group.push((item, place.clone()));
        if self.group.len() >= GROUP {
            self.land()?;
        }
        Ok(if self.is_ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn refused(&mut self, row: &Refused) -> Result<()> {
        self.counts.refused += 1;
        if self.refusals.len() < REFUSALS_KEPT {
            self.refusals.push(row.clone());
        }
        self.is_ended |= self.on_error == OnError::Stop;
        if let Some(rows) = &mut self.refused_rows {
            rows.write(row)?;
        }
        Ok(())
    }

    fn progress(&mut self, done: u64, all: u64) {
        self.is_ended |= !(self.progress)(done, all, &self.counts);
    }
}
