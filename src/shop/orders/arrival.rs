//! An order that an import brings and that may be here already: whether it says the same as before, may be brought
//! up to date, or is another order under the same number. Nothing is overwritten that somebody changed here.

use super::incoming::{Given, NewOrder, NewOrderCustomer};
use super::instants::keep_instants;
use super::keep;
use super::model::{Cancelled, Line, Order, OrderId, Parcel, PaymentNote};
use super::partial::{ALL_COLUMNS, Part, is_guess};
use super::place::known;
use super::state::Payment;
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::money::Currency;
use crate::base::time::{HOUR_MS, Timestamp, Zone};
use crate::shop::customers::{self, CustomerId};
use crate::store::Read;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

/// No two time zones are further apart.
pub(super) const ZONES_MS: i64 = 26 * HOUR_MS;

/// What an import left behind on an order, so that the next one can tell what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Brought {
    /// A digest of what the file said.
    #[n(0)]
    pub said: u64,
    /// The version it left; a higher one was made here.
    #[n(1)]
    pub version: u64,
    /// It came in a file of ours, which also tells what was done in the shop it is from.
    #[n(2)]
    pub in_own_file: bool,
    /// A digest of what the file said, without what was taken for given.
    #[n(3)]
    #[cbor(default)]
    pub stands: u64,
    /// When it was placed as it stands in the file, in milliseconds, where that is without an offset.
    #[n(4)]
    #[cbor(default)]
    pub local: Option<i64>,
    /// What the file had no column for, a bit a part: one that has it and leaves it empty says something else.
    #[n(5)]
    #[cbor(default)]
    pub unsaid: u64,
    /// The columns of amounts and of how it stands that the file had, a bit each; none of a file of an earlier program.
    #[n(6)]
    #[cbor(default)]
    pub columns: u64,
}

impl Brought {
    /// Whether a file that says this says nothing new.
    pub(super) fn knows(&self, said: u64, stands: u64, given: &Given) -> bool {
        self.said == said || (!given.is_said && self.stands == stands)
    }
}

/// What tells one order from another, small enough to keep that of every order of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Digest of all that the file says.
    said: u64,
    /// The same without what was taken for given.
    stands: u64,
    /// What the file has no column for.
    unsaid: u64,
    /// The columns of money that it has.
    columns: u64,
    /// The same without who the customer is, which a record names by an id of ours.
    content: u64,
    placed_at: Timestamp,
    /// Who it is from, as far as it says so, and what was bought.
    who: String,
    what: u64,
    in_own_file: bool,
    /// The version that a file of ours has seen, and when that was made: versions of two shops count alike.
    seen: Option<(u64, Timestamp)>,
    /// What it comes to.
    total: i64,
    /// Such as `#10482`.
    name: String,
    /// How far the clocks it was read by are from UTC.
    offset_ms: i64,
    /// When it was placed as it stands in the file, where that is without an offset.
    local: Option<i64>,
}

/// What a brought order is to the one under the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    Same,
    /// The same order with other content.
    Changed,
    Other,
}

/// What is to be done with an order that an import brings.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// It is not here yet.
    New(Traits),
    Same(OrderId),
    /// The record, and what it is to become; its customer is found when it is written.
    Changed(Box<(Order, Order)>),
}

impl Traits {
    /// Those of an order as an import hands it in.
    ///
    /// # Errors
    /// `validation`.
    pub fn of(new: &NewOrder) -> Result<Self> {
        Ok(Self::of_checked(new, &checked(new)?))
    }
    fn of_checked(new: &NewOrder, order: &Order) -> Self {
        let content = content(order);
        let with_person = |content: u64| {
            let mut said = Sha256::new();
            said.update(content.to_be_bytes());
            if let NewOrderCustomer::Described(person) = &new.customer {
                for outside in &person.external {
                    said.update(format!("{}\0{}\0", outside.source, outside.id));
                }
                said.update(person.email.as_deref().map(email::key).unwrap_or_default());
            }
            first_eight(&said.finalize())
        };
        Self {
            said: with_person(content),
            stands: with_person(as_it_stands(order, &new.given)),
            unsaid: new.unsaid.bits(),
            columns: new.unsaid.columns,
            content,
            placed_at: order.placed_at,
            who: who(order),
            what: what(order),
            in_own_file: new.life.is_some(),
            seen: new.life.map(|life| (life.version, life.updated_at)),
            total: order.total,
            name: name(order),
            offset_ms: match (&new.given.local, order.placed_offset_min) {
                (_, Some(minutes)) => i64::from(minutes) * 60_000,
                (Some(local), None) => local.first().map_or(0, |at| at - order.placed_at.0),
                (None, None) => 0,
            },
            local: local_of(&new.given),
        }
    }
    /// Those of the order that it becomes: what the file has no column for is as it is here.
    fn of_filled(self, order: &Order) -> Self {
        let (who, what) = (who(order), what(order));
        let placed_at = order.placed_at;
        Self { content: content(order), who, what, total: order.total, placed_at, ..self }
    }
    /// What the order comes to.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.total
    }
    fn likeness(&self, here: &Self) -> Likeness {
        let is_other_person = !self.who.is_empty() && !here.who.is_empty() && self.who != here.who;
        if self.said == here.said {
            Likeness::Same
        } else if (is_other_person && self.what != here.what) || self.is_of_another_time(here) {
            Likeness::Other
        } else {
            Likeness::Changed
        }
    }
    /// Whether another moment of placing tells of another order. It does not where everything else is the same and only
    /// the moment was read differently: day and month the other way round, or the shop's zone another one than then.
    fn is_of_another_time(&self, here: &Self) -> bool {
        let is_same = self.what == here.what && self.total == here.total && self.who == here.who;
        let apart = match (self.local, here.local) {
            // Two zones, and one time in the file.
            (Some(a), Some(b)) if a == b => 0,
            _ => self.placed_at.since_ms(here.placed_at).abs(),
        };
        let is_swapped = || is_swapped(self.placed_at, here.placed_at, self.offset_ms);
        let is_corrected = is_same && (!self.who.is_empty() || apart <= ZONES_MS || is_swapped());
        apart != 0 && !is_corrected
    }
    /// Those of an order that the same import has brought, and that this one would bring up to date.
    #[must_use]
    pub fn over(self, here: &Self) -> Self {
        let is_unsaid = |part: Part| self.unsaid & part.mask() != 0;
        let (no_who, no_what, no_total) =
            (is_unsaid(Part::Email), is_unsaid(Part::Lines), is_unsaid(Part::Total));
        Self {
            who: if no_who { here.who.clone() } else { self.who },
            what: if no_what { here.what } else { self.what },
            total: if no_total { here.total } else { self.total },
            ..self
        }
    }
    /// Whether the same import would change an order that it has itself brought; the dry run of [`arrival`] for an
    /// order that stands twice in its files.
    ///
    /// # Errors
    /// `other_order`.
    pub fn changes(&self, here: &Self) -> Result<bool> {
        match self.likeness(here) {
            Likeness::Same => Ok(false),
            Likeness::Changed => Ok(true),
            Likeness::Other => Err(other_order(self, here)),
        }
    }
    pub(super) fn brought(&self, version: u64) -> Brought {
        Brought {
            said: self.said,
            version,
            in_own_file: self.in_own_file,
            stands: self.stands,
            local: self.local,
            unsaid: self.unsaid,
            columns: self.columns,
        }
    }
}

/// What is to be done with an order that an import brings.
///
/// # Errors
/// `validation`; `other_order` where another order has its number, `changed_here` where it may not be overwritten,
/// `file_incomplete` where what is missing in the file would have to be guessed.
pub fn arrival(r: &impl Read, new: &NewOrder) -> Result<Arrival> {
    let order = checked(new)?;
    let mut given = Traits::of_checked(new, &order);
    let Some(id) = known(r, new)? else { return Ok(Arrival::New(given)) };
    let here = keep::get(r, id)?;
    let says_no_more = |i: Brought| i.unsaid & !given.unsaid == 0;
    if here.imported.is_some_and(|i| i.knows(given.said, given.stands, &new.given) && says_no_more(i)) {
        return Ok(Arrival::Same(id));
    }
    let mut order = new.unsaid.filled(order, &here)?;
    keep_instants(&mut order, &here, &new.given);
    given = given.of_filled(&order);
    let mut of_here = Traits {
        said: 0,
        stands: 0,
        unsaid: 0,
        columns: 0,
        content: content(&here),
        placed_at: here.placed_at,
        who: who(&here),
        what: what(&here),
        in_own_file: false,
        seen: None,
        total: here.total,
        name: name(&here),
        offset_ms: 0,
        local: here.imported.and_then(|i| i.local),
    };
    let customer = customer_named(r, new)?;
    if given.content == of_here.content && (customer.is_none() || customer == here.customer) {
        of_here.said = given.said;
    }
    match given.likeness(&of_here) {
        Likeness::Same => Ok(Arrival::Same(id)),
        Likeness::Other => Err(other_order(&given, &of_here)),
        Likeness::Changed if !is_untouched(&here, &given) => Err(changed_here(&here)),
        // Of a file of ours nothing is taken for given.
        Likeness::Changed if given.in_own_file && given.columns != ALL_COLUMNS => Err(incomplete(&here)),
        Likeness::Changed
            if is_guess(here.imported.map_or(0, |i| i.columns), given.columns, &here, &order) =>
        {
            Err(incomplete(&here))
        }
        Likeness::Changed => {
            let version = here.version.saturating_add(1);
            let after = Order {
                id,
                number: here.number,
                version,
                created_at: here.created_at,
                source: here.source.clone(),
                customer: customer.or(here.customer),
                imported: Some(given.brought(version)),
                refunds: here.refunds.clone(),
                confirmed_at: here.confirmed_at,
                ..order
            };
            Ok(Arrival::Changed(Box::new((here, after))))
        }
    }
}

/// It came by import, in the same kind of file, and nothing has happened to it here since; or it came by import and is in a
/// file of ours that was made of it as it is here. What was placed here stays the shop's own: mails are sent of it.
fn is_untouched(here: &Order, given: &Traits) -> bool {
    let (is_seen, seen) = (given.seen == Some((here.version, here.updated_at)), given.seen.map(|(v, _)| v));
    here.imported.is_some_and(|i| {
        let is_as_left =
            i.version == here.version && (seen == Some(here.version) || i.in_own_file == given.in_own_file);
        is_seen || is_as_left
    })
}

fn checked(new: &NewOrder) -> Result<Order> {
    new.checked(OrderId::from_bytes([0; 16]), Timestamp(0))
}

/// The customer that the file names, if there is one already.
pub(super) fn customer_named(r: &impl Read, new: &NewOrder) -> Result<Option<CustomerId>> {
    match &new.customer {
        NewOrderCustomer::Known(id) => Ok(Some(*id)),
        NewOrderCustomer::Described(person) => customers::described(r, person),
        NewOrderCustomer::Guest => match new.email.as_deref().map(str::trim).filter(|e| !e.is_empty()) {
            Some(address) => customers::find_by_email(r, address),
            None => Ok(None),
        },
    }
}

pub(super) fn first_eight(digest: &[u8]) -> u64 {
    digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// A digest of what the source says of an order, without what is ours alone: ids, number, versions, who edited.
pub(super) fn content(order: &Order) -> u64 {
    let plain = Order {
        id: OrderId::from_bytes([0; 16]),
        number: 0,
        version: 0,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        source: None,
        customer: None,
        imported: None,
        refunds: Vec::new(),
        confirmed_at: None,
        payments: order.payments.iter().map(|p| PaymentNote { made: None, ..p.clone() }).collect(),
        parcels: order.parcels.iter().map(|p| Parcel { made: None, ..p.clone() }).collect(),
        cancelled: order.cancelled.clone().map(|c| Cancelled {
            payment_before: Payment::Unpaid,
            status_before: None,
            made: None,
            ..c
        }),
        ..order.clone()
    };
    first_eight(&Sha256::digest(minicbor::to_vec(&plain).unwrap_or_default()))
}

/// A digest of what stands in the file, without what was taken for given when it was read.
fn as_it_stands(order: &Order, given: &Given) -> u64 {
    if given.local.is_none() && !given.currency {
        return content(order);
    }
    let mut plain = order.clone();
    if given.currency {
        plain.currency = Currency::EUR;
    }
    if given.local.is_some() {
        plain.placed_at = Timestamp(0);
        plain.payments.iter_mut().for_each(|p| p.at = None);
        plain.parcels.iter_mut().for_each(|p| p.shipped_at = None);
        plain.cancelled.iter_mut().for_each(|c| c.at = Timestamp(0));
    }
    let mut digest = Sha256::new();
    digest.update(content(&plain).to_be_bytes());
    digest.update(told_of(given));
    first_eight(&digest.finalize())
}

/// When it was placed as it stands in the file.
pub(super) fn local_of(given: &Given) -> Option<i64> {
    given.local.as_ref().and_then(|local| local.first().copied())
}

/// What was taken for given, for a digest.
pub(super) fn told_of(given: &Given) -> String {
    format!("{:?}{}", given.local, given.currency)
}

/// Whether two moments are one date whose day and month were read the other way round. An hour apart are the clocks of
/// summer and winter.
pub(super) fn is_swapped(a: Timestamp, b: Timestamp, offset_ms: i64) -> bool {
    let date = |at: Timestamp, shift| at.plus_ms(offset_ms + shift).in_zone(&Zone::utc()).date();
    [-HOUR_MS, 0, HOUR_MS].into_iter().any(|shift| {
        let (a, b) = (date(a, 0), date(b, shift));
        (a.year(), a.month(), a.day()) == (b.year(), b.day(), b.month())
    })
}

fn who(order: &Order) -> String {
    order.email.as_deref().map_or_else(|| order.person().to_lowercase(), email::key)
}

fn what(order: &Order) -> u64 {
    what_of(&order.lines)
}

/// A digest of what was bought.
pub(super) fn what_of(lines: &[Line]) -> u64 {
    let mut digest = Sha256::new();
    for line in lines {
        digest.update(format!("{}\0{}\0{}\0", line.sku, line.title, line.quantity));
    }
    first_eight(&digest.finalize())
}

/// What people call it: its number here, else its name there.
fn name(order: &Order) -> String {
    let short = |text: &str| text.chars().take(100).collect();
    match order.number {
        0 if order.source_name.is_empty() => order.source.as_ref().map(|s| short(&s.id)).unwrap_or_default(),
        0 => short(&order.source_name),
        number => format!("#{number}"),
    }
}

fn other_order(given: &Traits, here: &Traits) -> Error {
    let from = |t: &Traits| if t.who.is_empty() { String::new() } else { format!(" by {}", t.who) };
    Error::conflict(
        "other_order",
        format!(
            "Another order from this source has this number: {}, placed {}{}; this one was placed {}{}. If the files come from two shops, give this one a name of its own (--source-name, or “Shop name” on the page).",
            here.name,
            here.placed_at,
            from(here),
            given.placed_at,
            from(given)
        ),
    )
}

fn incomplete(here: &Order) -> Error {
    Error::conflict(
        "file_incomplete",
        format!(
            "#{} is here already, and this file says other amounts of it, or that it stands otherwise, without all columns that \
             its file had before. Import one with all columns.",
            here.number
        ),
    )
}

fn changed_here(here: &Order) -> Error {
    let what = if here.imported.is_some() {
        "was changed here since it was imported"
    } else {
        "was not brought by an import"
    };
    Error::conflict(
        "changed_here",
        format!(
            "#{} is here already and {what}, so the file does not overwrite it. Change it on its page.",
            here.number
        ),
    )
}
