//! Customers from the rows that are about one of them.

use crate::shop::customers::{ADDRESSES_MAX, Address, NewCustomer, TEXT_LEN_MAX};
use crate::shop::orders::NewOrder;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::{BILLING, Field};
use crate::shop::transfer::maker::{Extras, Maker, first, is_name_alone};
use crate::shop::transfer::outcome::Item;
use crate::shop::transfer::tie::goes_on_above;
use rust_decimal::Decimal;

const MERGED: (&str, &str) = (
    "customer_merged",
    "This e-mail address stands in several rows. They became one customer; later cells win.",
);
const NO_EMAIL: &str = "The row names a customer and has no e-mail address. Write it into the row; only a further address of the customer above has none.";
const NOBODY: (&str, &str) = ("customer_empty", "The row names nobody. It was left out.");

impl Maker<'_> {
    /// The customer of a group of rows; `None` when the rows name nobody.
    ///
    /// # Errors
    /// The cell that refuses the rows.
    pub fn customer(&mut self, views: &[View<'_>], addresses: &[View<'_>]) -> Result<Option<Item>, Fault> {
        let mut whole: Option<NewCustomer> = None;
        let mut further: Vec<View<'_>> = Vec::new();
        for view in views {
            let is_nobodys =
                [Field::CustomerEmail, Field::CustomerId].iter().all(|f| view.text(*f).is_empty());
            if is_nobodys && whole.is_some() && goes_on_above(self.mapping) {
                further.push(further_address(view)?);
                continue;
            }
            let Some(part) = self.customer_row(*view)? else { continue };
            whole = Some(match whole.take() {
                None => part,
                Some(before) => {
                    self.warn(MERGED, view, Field::CustomerEmail, &view.text(Field::CustomerEmail));
                    merged(before, part)
                }
            });
        }
        let Some(mut customer) = whole else { return Ok(None) };
        let mut extras = Extras(std::mem::take(&mut customer.metadata));
        for view in addresses.iter().chain(&further) {
            customer.addresses.extend(self.address(&[*view], &BILLING));
            if customer.vat_id.is_empty() {
                customer.vat_id = self.line(view, Field::BillingVatId);
            }
            // Of two phones one is the address's, the other the person's.
            let second = view.unsaid().into_iter().find(|(_, field, _)| *field == Field::BillingPhone);
            if let (true, Some((_, _, phone))) = (customer.phone.is_empty(), second) {
                customer.phone = cell::one_line(phone, TEXT_LEN_MAX).0;
            }
        }
        let mut more = Extras::default();
        self.keep_unsaid(&mut more, addresses);
        for ((name, text), view) in more.0.iter().zip(addresses.first().into_iter().cycle()) {
            if *text != customer.phone {
                self.keep(&mut extras, name, text, view);
            }
        }
        for view in &further {
            let mut more = Extras::default();
            self.keep_columns(&mut more, &[*view]);
            for (name, text) in more.0 {
                let before = extras.0.get(&name).filter(|before| **before != text);
                let both = before.map(|before| format!("{before}; {text}"));
                self.keep(&mut extras, &name, both.as_deref().unwrap_or(&text), view);
            }
        }
        customer.metadata = extras.0;
        if customer.phone.is_empty() {
            customer.phone = phone_of(&customer.addresses);
        }
        customer.addresses.truncate(ADDRESSES_MAX);
        self.count_customer(Some(&customer));
        if let (Err(error), Some(view)) = (customer.checked(), views.first()) {
            return Err(view.named(Fault::of(&error), "customer"));
        }
        Ok(Some(Item::Customer(Box::new(customer))))
    }

    fn customer_row(&mut self, view: View<'_>) -> Result<Option<NewCustomer>, Fault> {
        let views = [view];
        let known = [
            Field::CustomerEmail,
            Field::CustomerName,
            Field::CustomerFirstName,
            Field::CustomerLastName,
            Field::CustomerCompany,
            Field::CustomerPhone,
            Field::BillingName,
            Field::BillingCompany,
            Field::BillingPhone,
        ];
        if known.iter().all(|f| view.text(*f).is_empty()) && !self.is_id_enough() {
            self.warn(NOBODY, &view, Field::CustomerId, &view.text(Field::CustomerId));
            self.tallies.skipped += 1;
            self.left_out.push(view.refused(NOBODY.0, NOBODY.1));
            return Ok(None);
        }
        let given = view.text(Field::CustomerEmail).into_owned();
        let found = self.person(&views, &given)?;
        let mut person = match found {
            Some(person) => person,
            None => self.nameless(&views),
        };
        self.person_details(&views, &mut person)?;
        if person.phone.is_empty() {
            person.phone = phone_of(&person.addresses);
        }
        self.claims(&views)?;
        let mut extras = Extras(std::mem::take(&mut person.metadata));
        self.keep_columns(&mut extras, &views);
        person.metadata = extras.0;
        Ok(Some(person))
    }

    /// An id alone makes a customer where the file has nothing else, as in tables of marketplaces.
    fn is_id_enough(&self) -> bool {
        [
            Field::CustomerEmail,
            Field::CustomerName,
            Field::CustomerLastName,
            Field::CustomerCompany,
            Field::CustomerPhone,
        ]
        .iter()
        .all(|f| self.mapping.columns(*f).is_empty())
    }

    /// A person with a name or a phone only.
    fn nameless(&mut self, views: &[View<'_>]) -> NewCustomer {
        let mut person = NewCustomer {
            first_name: self.first_line(views, Field::CustomerFirstName),
            last_name: self.first_line(views, Field::CustomerLastName),
            company: self.first_line(views, Field::CustomerCompany),
            phone: self.first_line(views, Field::CustomerPhone),
            is_import: true,
            ..NewCustomer::default()
        };
        let name = self.first_line(views, Field::CustomerName);
        if person.first_name.is_empty() && person.last_name.is_empty() {
            (person.first_name, person.last_name) = crate::shop::transfer::maker::split_name(&name);
        }
        person.addresses.extend(self.address(views, &BILLING));
        person
    }

    /// What the file says about orders and money spent: ours are computed, so these are compared only.
    fn claims(&mut self, views: &[View<'_>]) -> Result<(), Fault> {
        if let Some(view) = first(views, Field::CustomerOrders) {
            let orders = view.number(Field::CustomerOrders)?.unwrap_or_default();
            let orders = u64::try_from(orders).unwrap_or(0);
            *self.tallies.facts.entry("claimed_orders").or_default() += orders;
            let claim = self.claim.get_or_insert_default();
            claim.orders = Some(claim.orders.unwrap_or_default().saturating_add(orders));
        }
        if let Some(view) = first(views, Field::CustomerSpent) {
            let spent = view.number(Field::CustomerSpent)?.unwrap_or(Decimal::ZERO);
            self.tallies.claimed_spent = self.tallies.claimed_spent.saturating_add(spent);
            let claim = self.claim.get_or_insert_default();
            claim.spent = Some(claim.spent.unwrap_or_default().saturating_add(spent));
        }
        Ok(())
    }
}

/// A row that goes on with the customer above: an address, which names nobody else as the customer.
fn further_address<'v>(view: &View<'v>) -> Result<View<'v>, Fault> {
    let names = [Field::CustomerName, Field::CustomerFirstName, Field::CustomerLastName];
    match names.into_iter().find(|field| !view.text(*field).is_empty()) {
        Some(field) => Err(view.fault(field, "key_missing", NO_EMAIL)),
        None => Ok(*view),
    }
}

/// The customer's name stands on an order that names no payer: the customer may have other orders, or a page here, with
/// another name.
pub fn name_payer(order: &mut NewOrder, views: &[View<'_>]) {
    let billing = order.billing.as_ref();
    if billing.is_some_and(|billing| !billing.name.is_empty()) {
        return;
    }
    // What is too long is told where the customer is made.
    let said = |f| first(views, f).map(|v| cell::one_line(&v.text(f), TEXT_LEN_MAX).0).unwrap_or_default();
    let parts = [said(Field::CustomerFirstName), said(Field::CustomerLastName)].join(" ");
    let whole = parts.trim();
    let name = if whole.is_empty() { said(Field::CustomerName) } else { whole.to_owned() };
    let receiver = order.shipping_address.as_ref().filter(|_| billing.is_none());
    if !name.is_empty() && receiver.is_none_or(|receiver| receiver.name != name) {
        order.billing.get_or_insert_default().name = name;
    }
}

/// Where nothing but the payer's own name is known of the receiver there is no address of theirs.
pub fn leave_lone_name(order: &mut NewOrder) {
    let payer = order.billing.as_ref().map(|payer| payer.name.clone());
    order.shipping_address.take_if(|to| is_name_alone(to) && payer.as_deref() == Some(to.name.as_str()));
}

/// The first phone of the addresses.
fn phone_of(addresses: &[Address]) -> String {
    addresses.iter().map(|a| a.phone.clone()).find(|p| !p.is_empty()).unwrap_or_default()
}

/// Two rows about one customer: what the later one says wins, lists are joined.
pub fn merged(before: NewCustomer, later: NewCustomer) -> NewCustomer {
    let text = |a: String, b: String| if b.is_empty() { a } else { b };
    let mut addresses = later.addresses;
    addresses.extend(before.addresses.into_iter().filter(|a| !addresses.contains(a)).collect::<Vec<_>>());
    let mut tags = before.tags;
    tags.extend(later.tags.into_iter().filter(|t| !tags.contains(t)).collect::<Vec<_>>());
    let mut metadata = before.metadata;
    metadata.extend(later.metadata);
    let mut external = before.external;
    external.extend(later.external.into_iter().filter(|e| !external.contains(e)).collect::<Vec<_>>());
    NewCustomer {
        email: later.email.or(before.email),
        first_name: text(before.first_name, later.first_name),
        last_name: text(before.last_name, later.last_name),
        company: text(before.company, later.company),
        phone: text(before.phone, later.phone),
        addresses,
        note: text(before.note, later.note),
        tags,
        metadata,
        external,
        accepts_marketing: later.accepts_marketing.or(before.accepts_marketing),
        tax_exempt: later.tax_exempt.or(before.tax_exempt),
        vat_id: text(before.vat_id, later.vat_id),
        life: None,
        is_import: true,
        language: text(before.language, later.language),
        birthday: text(before.birthday, later.birthday),
        old_emails: before.old_emails,
        created_at: before.created_at.min(later.created_at).or(later.created_at).or(before.created_at),
    }
}
