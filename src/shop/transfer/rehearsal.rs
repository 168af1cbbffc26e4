//! The dry run: what an import would do, from the store as it is and what the run would have written before.

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::shop::customers::{self, Customer, CustomerId, ExternalRef, NewCustomer, Outcome};
use crate::shop::orders::{self, Arrival, CalledThere, NewCreditNote, NewOrder, Traits};
use crate::store::Snapshot;
use std::collections::HashMap;

/// Source and outside id.
type Outside = (String, String);

/// What would come of an order, what it would add, and what it would take back.
type Came = (Outcome, Vec<(Currency, i64)>, Option<String>);

/// What a dry run would have written.
#[derive(Debug, Default)]
pub struct WouldBe {
    orders: HashMap<Outside, Traits>,
    /// Under which outside id an order is, by what it is called there.
    called: HashMap<CalledThere, Outside>,
    notes: HashMap<Outside, NewCreditNote>,
    customers: Vec<Customer>,
    /// Their places by address and outside id.
    by_key: HashMap<String, usize>,
}

fn outside(source: &ExternalRef) -> Outside {
    (source.source.clone(), source.id.clone())
}

/// What a customer is found by, the address first, and whether it is one.
fn keys(customer: &NewCustomer) -> Vec<(String, bool)> {
    let address = customer.email.iter().map(|e| (format!("e\0{}", crate::base::email::key(e)), true));
    let outside = customer.external.iter().map(|e| (format!("c\0{}\0{}", e.source, e.id), false));
    // One row is known by nothing else, see `customers::row_key`.
    let row = customers::row_key(customer).map(|key| (format!("r\0{key:x?}"), true));
    address.chain(outside).chain(row).collect()
}

impl WouldBe {
    /// What would come of the order, and what it would add to what the changed ones come to.
    ///
    /// # Errors
    /// As the import of the order.
    pub fn order(&mut self, s: &Snapshot, order: &NewOrder) -> Result<Came> {
        let own = order.source.as_ref().map(outside);
        let called = CalledThere::of(order);
        let is_there = own.as_ref().is_some_and(|own| self.orders.contains_key(own));
        let other = called.clone().map(CalledThere::other_way).filter(|_| !is_there);
        let key = other.and_then(|other| self.called.get(&other).cloned()).or(own);
        self.called.extend(called.zip(key.clone()));
        if let Some(here) = key.as_ref().and_then(|k| self.orders.get(k)) {
            let traits = Traits::of(order)?.over(here);
            if !traits.changes(here)? {
                self.orders.extend(key.map(|k| (k, traits)));
                return Ok((Outcome::Unchanged, Vec::new(), None));
            }
            let sum = vec![(order.currency, traits.total()), (order.currency, -here.total())];
            self.orders.extend(key.map(|k| (k, traits)));
            return Ok((Outcome::Changed, sum, None));
        }
        let mut back = None;
        let (outcome, traits, sum) = match orders::arrival(s, order)? {
            Arrival::New(traits) => {
                let sum = vec![(order.currency, traits.total())];
                (Outcome::Added, traits, sum)
            }
            Arrival::Same(_) => return Ok((Outcome::Unchanged, Vec::new(), None)),
            Arrival::Changed(both) => {
                back = orders::setback(&both.0, &both.1);
                (Outcome::Changed, Traits::of(order)?, vec![(both.1.currency, both.1.total)])
            }
        };
        self.orders.extend(key.map(|k| (k, traits)));
        Ok((outcome, sum, back))
    }

    /// # Errors
    /// As the import of the customer.
    pub fn customer(&mut self, s: &Snapshot, customer: &NewCustomer) -> Result<(CustomerId, Outcome)> {
        let checked = customer.checked()?;
        let keys = keys(&checked);
        let is_them = |at: &usize, is_address: bool| {
            is_address || self.customers.get(*at).is_some_and(|c| !customers::is_somebody_else(c, &checked))
        };
        let known = keys.iter().find_map(|(key, is_address)| {
            self.by_key.get(key).copied().filter(|at| is_them(at, *is_address))
        });
        let before = known.and_then(|at| self.customers.get(at));
        let (after, outcome) = customers::rehearsed(s, before, checked)?;
        let id = after.id;
        let at = known.unwrap_or(self.customers.len());
        match self.customers.get_mut(at) {
            Some(place) => *place = after,
            None => self.customers.push(after),
        }
        for (key, _) in keys {
            self.by_key.entry(key).or_insert(at);
        }
        Ok((id, outcome))
    }

    /// # Errors
    /// As the import of the note.
    pub fn credit_note(&mut self, s: &Snapshot, note: &NewCreditNote) -> Result<Outcome> {
        let key = note.source.as_ref().map(outside);
        let outcome = match key.as_ref().and_then(|key| self.notes.get(key)) {
            Some(before) => orders::credit_note_after(note, before)?,
            None => orders::credit_note_arrival(s, note)?,
        };
        if outcome != Outcome::Unchanged {
            self.notes.extend(key.map(|key| (key, note.clone())));
        }
        Ok(outcome)
    }
}
