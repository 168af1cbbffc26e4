//! The dry run: what an import would do, from the store as it is and what the run would have written before.

use crate::base::error::Result;
use crate::shop::customers::{self, ExternalRef, NewCustomer, Outcome};
use crate::shop::orders::{self, Arrival, NewCreditNote, NewOrder, Traits};
use crate::store::Snapshot;
use std::collections::{BTreeSet, HashMap};

/// Source and outside id.
type Outside = (String, String);

/// What a dry run would have written.
#[derive(Debug, Default)]
pub struct WouldBe {
    orders: HashMap<Outside, Traits>,
    notes: HashMap<Outside, NewCreditNote>,
    /// Outside ids and addresses.
    customers: BTreeSet<String>,
}

fn outside(source: &ExternalRef) -> Outside {
    (source.source.clone(), source.id.clone())
}

impl WouldBe {
    /// # Errors
    /// As the import of the order.
    pub fn order(&mut self, s: &Snapshot, order: &NewOrder) -> Result<Outcome> {
        let traits = Traits::of(order)?;
        let key = order.source.as_ref().map(outside);
        if let Some(here) = key.as_ref().and_then(|k| self.orders.get(k)) {
            let outcome = if traits.changes(here)? { Outcome::Changed } else { Outcome::Unchanged };
            self.orders.extend(key.map(|k| (k, traits)));
            return Ok(outcome);
        }
        let outcome = match orders::arrival(s, order)? {
            Arrival::New => Outcome::Added,
            Arrival::Same(_) => return Ok(Outcome::Unchanged),
            Arrival::Changed(_) => Outcome::Changed,
        };
        self.orders.extend(key.map(|k| (k, traits)));
        Ok(outcome)
    }

    /// # Errors
    /// As the import of the customer.
    pub fn customer(&mut self, s: &Snapshot, customer: &NewCustomer) -> Result<Outcome> {
        let checked = customer.checked()?;
        if let Some(id) = customers::described(s, &checked)? {
            let changes = customers::would_change(s, id, &checked)?;
            return Ok(if changes { Outcome::Changed } else { Outcome::Unchanged });
        }
        let keys = checked.external.iter().map(|ExternalRef { source, id }| format!("c\0{source}\0{id}"));
        let email = checked.email.iter().map(|e| format!("e\0{}", crate::base::email::key(e)));
        let mut is_new = true;
        for key in keys.chain(email) {
            is_new &= self.customers.insert(key);
        }
        Ok(if is_new { Outcome::Added } else { Outcome::Changed })
    }

    /// Whether the note would be added.
    ///
    /// # Errors
    /// As the import of the note.
    pub fn credit_note(&mut self, s: &Snapshot, note: &NewCreditNote) -> Result<bool> {
        if orders::known_credit_note(s, note)? {
            return Ok(false);
        }
        let Some(key) = note.source.as_ref().map(outside) else { return Ok(true) };
        match self.notes.get(&key) {
            Some(here) if here.says_the_same(note) => Ok(false),
            Some(here) => Err(note.differs(here.issued_at)),
            None => {
                self.notes.insert(key, note.clone());
                Ok(true)
            }
        }
    }
}
