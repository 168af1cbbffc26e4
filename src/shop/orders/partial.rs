//! What a file has no column for: it stays as it is when an import brings an order up to date. Pure: no store, no clock.

use super::model::{Cancelled, Line, Order, total_of};
use super::state::{Fulfilment, Payment, Status};
use crate::base::error::Result;
use crate::base::money::sum;
use crate::shop::customers::{Address, METADATA_MAX};
use std::collections::BTreeSet;

/// A part of an order that a file can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Email,
    Phone,
    Channel,
    /// All of them.
    Lines,
    Line(LinePart),
    Billing(AddressPart),
    Shipping(AddressPart),
    Discount,
    DiscountCode,
    Freight,
    FreightMethod,
    Tax,
    Total,
    Refunded,
    Status,
    CancelledAt,
    CancelReason,
    Payment,
    Payments,
    PaidAt,
    PaymentMethod,
    PaymentReference,
    Fulfilment,
    Parcels,
    ShippedAt,
    Carrier,
    Tracking,
    Note,
    Tags,
}

impl Part {
    /// Its bit among those of a file.
    pub(super) fn mask(self) -> u64 {
        1 << self.bit()
    }
    /// Its number on disk, below 64.
    fn bit(self) -> u32 {
        match self {
            Self::Email => 0,
            Self::Phone => 1,
            Self::Channel => 2,
            Self::Lines => 3,
            Self::Discount => 4,
            Self::DiscountCode => 5,
            Self::Freight => 6,
            Self::FreightMethod => 7,
            Self::Tax => 8,
            Self::Total => 9,
            Self::Refunded => 10,
            Self::Status => 11,
            Self::CancelledAt => 12,
            Self::CancelReason => 13,
            Self::Payment => 14,
            Self::Payments => 15,
            Self::PaidAt => 16,
            Self::PaymentMethod => 17,
            Self::PaymentReference => 18,
            Self::Fulfilment => 19,
            Self::Parcels => 20,
            Self::ShippedAt => 21,
            Self::Carrier => 22,
            Self::Tracking => 23,
            Self::Note => 24,
            Self::Tags => 25,
            Self::Line(part) => 32 + part as u32,
            Self::Billing(part) => 40 + part as u32,
            Self::Shipping(part) => 52 + part as u32,
        }
    }
}

/// A part of every line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinePart {
    Sku = 0,
    Barcode,
    Title,
    Category,
    Size,
    Colour,
    Vendor,
}

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressPart {
    Name = 0,
    Company,
    Line1,
    Line2,
    Postcode,
    City,
    Region,
    Country,
    Phone,
}

/// What a file has no column for. Of an order that no file brought everything is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsaid {
    pub parts: BTreeSet<Part>,
    /// The custom fields that the file speaks of; `None` where it may speak of any.
    pub metadata: Option<BTreeSet<String>>,
    /// The columns that the file has, a bit each: below [`STANDING_FROM`] those of amounts, from there on those of how an order
    /// stands.
    pub columns: u64,
}

/// See [`Unsaid::columns`].
pub const STANDING_FROM: u32 = 32;
/// A file with all of them.
pub const ALL_COLUMNS: u64 = u64::MAX;

/// Whether a file without columns that an earlier one had says other amounts, or that the order stands otherwise. What is
/// missing would have to be guessed, and a wrong guess is money.
pub(super) fn is_guess(before: u64, now: u64, here: &Order, after: &Order) -> bool {
    let amounts = |o: &Order| {
        let lines: Vec<_> =
            o.lines.iter().map(|l| (l.quantity, l.unit_price, l.discount, l.tax, l.total)).collect();
        (o.currency, lines, o.discount, o.shipping, o.tax, o.total)
    };
    let standing = |o: &Order| {
        let payments: Vec<i64> = o.payments.iter().map(|payment| payment.amount).collect();
        (o.status, o.payment, o.refunded, payments)
    };
    let (of_amounts, of_standing) = ((1 << STANDING_FROM) - 1, !((1 << STANDING_FROM) - 1));
    let lacks = before & !now;
    (lacks & of_amounts != 0 && amounts(here) != amounts(after))
        || (lacks & of_standing != 0 && standing(here) != standing(after))
}

/// The custom field of a subtotal that no line accounts for.
pub const LONE_SUBTOTAL: &str = "subtotal";

/// Orders that are paid and sent are done.
pub fn settled(payment: Payment, fulfilment: Fulfilment) -> Status {
    let is_paid = matches!(payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded);
    if is_paid && !matches!(fulfilment, Fulfilment::Unfulfilled | Fulfilment::Part) {
        Status::Completed
    } else {
        Status::Open
    }
}

impl Unsaid {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.metadata.is_none()
    }
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
    /// The parts as the record of an import keeps them.
    pub(super) fn bits(&self) -> u64 {
        self.parts.iter().fold(0, |bits, part| bits | part.mask())
    }

    /// The order as the file says it, with what it has no column for as it is here.
    ///
    /// # Errors
    /// `amount_too_large`.
    pub(super) fn filled(&self, mut new: Order, here: &Order) -> Result<Order> {
        if self.is_empty() {
            return Ok(new);
        }
        let computed = |o: &Order| total_of(o.subtotal, o.discount, o.shipping, o.tax, o.tax_included);
        self.fill_texts(&mut new, here);
        self.fill_lines(&mut new, here)?;
        if self.has(Part::Discount) && new.discount == 0 {
            new.discount = here.discount;
        }
        if self.has(Part::Freight) {
            new.shipping = here.shipping;
        }
        if self.has(Part::Tax) {
            new.tax = here.tax;
        }
        if self.has(Part::Tax) || self.has(Part::Lines) {
            new.tax_included = here.tax_included;
        }
        let parts = computed(&new)?;
        if self.has(Part::Total) {
            let is_same = self.has(Part::Lines) || parts == computed(here)?;
            new.total = sum([parts, if is_same { here.adjustment } else { 0 }])?;
        }
        new.adjustment = sum([new.total, parts.saturating_neg()])?;
        self.fill_standing(&mut new, here);
        self.fill_steps(&mut new, here);
        if let Some(spoken_of) = &self.metadata {
            for (name, value) in here.metadata.iter().filter(|(name, _)| !spoken_of.contains(*name)) {
                if new.metadata.len() < METADATA_MAX {
                    new.metadata.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        Ok(new)
    }

    fn fill_texts(&self, new: &mut Order, here: &Order) {
        let texts = [
            (Part::Phone, &mut new.phone, &here.phone),
            (Part::Channel, &mut new.channel, &here.channel),
            (Part::DiscountCode, &mut new.discount_code, &here.discount_code),
            (Part::FreightMethod, &mut new.shipping_method, &here.shipping_method),
            (Part::Note, &mut new.note, &here.note),
        ];
        for (_, to, from) in texts.into_iter().filter(|(part, ..)| self.has(*part)) {
            to.clone_from(from);
        }
        if self.has(Part::Email) {
            new.email.clone_from(&here.email);
        }
        if self.has(Part::Tags) {
            new.tags.clone_from(&here.tags);
        }
        self.fill_address(&mut new.billing, here.billing.as_ref(), Part::Billing);
        self.fill_address(&mut new.shipping_address, here.shipping_address.as_ref(), Part::Shipping);
    }

    fn fill_address(&self, new: &mut Option<Address>, here: Option<&Address>, part: fn(AddressPart) -> Part) {
        use AddressPart::{City, Company, Country, Line1, Line2, Name, Phone, Postcode, Region};
        let unsaid = |place| self.has(part(place));
        let all = [Name, Company, Line1, Line2, Postcode, City, Region, Country, Phone];
        // The country of an address may be that of the mapping, and no column says so.
        if all.into_iter().filter(|place| *place != Country).all(unsaid) && unsaid(Country) {
            *new = here.cloned();
            return;
        }
        let (Some(new), Some(here)) = (new, here) else { return };
        for (place, to, from) in [
            (Name, &mut new.name, &here.name),
            (Company, &mut new.company, &here.company),
            (Line1, &mut new.line1, &here.line1),
            (Line2, &mut new.line2, &here.line2),
            (Postcode, &mut new.postcode, &here.postcode),
            (City, &mut new.city, &here.city),
            (Region, &mut new.region, &here.region),
            (Country, &mut new.country, &here.country),
            (Phone, &mut new.phone, &here.phone),
        ] {
            if unsaid(place) {
                to.clone_from(from);
            }
        }
    }

    fn fill_lines(&self, new: &mut Order, here: &Order) -> Result<()> {
        if self.has(Part::Lines) {
            new.lines.clone_from(&here.lines);
            new.subtotal = here.subtotal;
            if !here.lines.is_empty() {
                new.metadata.remove(LONE_SUBTOTAL);
            }
            return Ok(());
        }
        let is_same = |(a, b): (&Line, &Line)| {
            let says = |part, a: &str, b: &str| self.has(Part::Line(part)) || a == b;
            says(LinePart::Sku, &a.sku, &b.sku)
                && says(LinePart::Title, &a.title, &b.title)
                && (a.quantity, a.unit_price) == (b.quantity, b.unit_price)
        };
        if new.lines.len() != here.lines.len() || !new.lines.iter().zip(&here.lines).all(is_same) {
            return Ok(());
        }
        for (line, here) in new.lines.iter_mut().zip(&here.lines) {
            for (part, to, from) in [
                (LinePart::Sku, &mut line.sku, &here.sku),
                (LinePart::Barcode, &mut line.barcode, &here.barcode),
                (LinePart::Title, &mut line.title, &here.title),
                (LinePart::Category, &mut line.category, &here.category),
                (LinePart::Size, &mut line.size, &here.size),
                (LinePart::Colour, &mut line.colour, &here.colour),
                (LinePart::Vendor, &mut line.vendor, &here.vendor),
            ] {
                if self.has(Part::Line(part)) {
                    to.clone_from(from);
                }
            }
        }
        new.subtotal = sum(new.lines.iter().map(|l| l.total))?;
        Ok(())
    }

    /// The three axes. A file without a status says how an order stands by what it says of money and goods.
    fn fill_standing(&self, new: &mut Order, here: &Order) {
        let (no_payment, no_fulfilment) = (self.has(Part::Payment), self.has(Part::Fulfilment));
        if no_payment {
            new.payment = here.payment;
        }
        // What was given back in part makes of a paid order what it is here, and no status of a file need say it.
        let is_paid = matches!(new.payment, Payment::Paid | Payment::PartRefunded);
        if self.has(Part::Refunded) && is_paid && here.payment == Payment::PartRefunded {
            (new.payment, new.refunded) = (here.payment, here.refunded);
        }
        let is_back = matches!(new.payment, Payment::Refunded | Payment::PartRefunded);
        if (no_payment && self.has(Part::Refunded)) || (is_back && new.refunded == 0) {
            new.refunded = here.refunded;
        }
        if no_fulfilment {
            new.fulfilment = here.fulfilment;
        }
        if self.has(Part::Status) && new.status != Status::Cancelled {
            let is_kept = matches!(here.status, Status::Cancelled | Status::Draft);
            if is_kept || (no_payment && no_fulfilment) {
                new.status = here.status;
                new.cancelled.clone_from(&here.cancelled);
            } else if no_payment || no_fulfilment {
                new.status = settled(new.payment, new.fulfilment);
            }
            new.hold = here.hold.clone().filter(|_| new.status == Status::Open);
        }
        if let (Some(cancelled), Some(Cancelled { at, reason, note, .. })) =
            (&mut new.cancelled, &here.cancelled)
        {
            if self.has(Part::CancelledAt) {
                cancelled.at = *at;
            }
            if self.has(Part::CancelReason) {
                (cancelled.reason, cancelled.note) = (*reason, note.clone());
            }
        }
    }

    /// Payments and parcels, of which a file tells at most one each.
    fn fill_steps(&self, new: &mut Order, here: &Order) {
        if self.has(Part::Payments) && new.payments.is_empty() {
            new.payments.clone_from(&here.payments);
        } else if let ([payment], [here]) = (new.payments.as_mut_slice(), here.payments.as_slice()) {
            if self.has(Part::PaidAt) {
                payment.at = here.at;
            }
            if self.has(Part::PaymentMethod) {
                payment.method.clone_from(&here.method);
            }
            if self.has(Part::PaymentReference) {
                payment.reference.clone_from(&here.reference);
            }
        }
        if self.has(Part::Parcels) && new.parcels.is_empty() {
            new.parcels.clone_from(&here.parcels);
        } else if let ([parcel], [here]) = (new.parcels.as_mut_slice(), here.parcels.as_slice()) {
            if self.has(Part::ShippedAt) {
                parcel.shipped_at = here.shipped_at;
            }
            if self.has(Part::Carrier) {
                parcel.carrier.clone_from(&here.carrier);
            }
            if self.has(Part::Tracking) {
                parcel.tracking.clone_from(&here.tracking);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id as _;
    use crate::base::money::{Currency, Price};
    use crate::base::time::Timestamp;
    use crate::shop::orders::{CancelReason, NewLine, NewOrder, OrderId, Parcel, PaymentNote};

    fn whole() -> NewOrder {
        let line = |sku: &str, minor| NewLine {
            sku: sku.into(),
            title: "Mug".into(),
            vendor: "Ours".into(),
            quantity: 1,
            unit_price: Price::from_minor(minor, Currency::EUR).unwrap(),
            ..NewLine::default()
        };
        let address = |city: &str| {
            Some(Address {
                name: "Ann".into(),
                line1: "Way 1".into(),
                city: city.into(),
                ..Address::default()
            })
        };
        NewOrder {
            lines: vec![line("A", 1000), line("B", 2000)],
            email: Some("ann@example.com".into()),
            phone: "030 1".into(),
            billing: address("Bern"),
            shipping_address: address("Basel"),
            discount: 300,
            shipping: 500,
            tax: Some(200),
            stated_total: Some(3100),
            payment: Payment::Paid,
            fulfilment: Fulfilment::Fulfilled,
            status: Status::Completed,
            payments: vec![PaymentNote {
                method: "card".into(),
                reference: "r1".into(),
                amount: 3100,
                at: Some(Timestamp(5)),
                instalments: 1,
                by_step: false,
                before: None,
                made: None,
            }],
            parcels: vec![Parcel {
                carrier: "DHL".into(),
                tracking: "T1".into(),
                shipped_at: Some(Timestamp(6)),
                by_step: false,
                before: None,
                made: None,
            }],
            note: "Ring twice".into(),
            tags: vec!["gift".into()],
            metadata: [("Gate".to_owned(), "7".to_owned())].into(),
            is_import: true,
            ..NewOrder::new(Currency::EUR)
        }
    }
    fn made(new: &NewOrder) -> Order {
        new.checked(OrderId::from_bytes([1; 16]), Timestamp(9)).unwrap()
    }
    /// Everything that there is.
    fn all() -> Vec<Part> {
        use AddressPart::{City, Company, Country, Line1, Line2, Name, Phone, Postcode, Region};
        let lines = [
            LinePart::Sku,
            LinePart::Barcode,
            LinePart::Title,
            LinePart::Category,
            LinePart::Size,
            LinePart::Colour,
            LinePart::Vendor,
        ];
        let places = [Name, Company, Line1, Line2, Postcode, City, Region, Country, Phone];
        let plain = [
            Part::Email,
            Part::Phone,
            Part::Channel,
            Part::Lines,
            Part::Discount,
            Part::DiscountCode,
            Part::Freight,
            Part::FreightMethod,
            Part::Tax,
            Part::Total,
            Part::Refunded,
            Part::Status,
            Part::CancelledAt,
            Part::CancelReason,
            Part::Payment,
            Part::Payments,
            Part::PaidAt,
            Part::PaymentMethod,
            Part::PaymentReference,
            Part::Fulfilment,
            Part::Parcels,
            Part::ShippedAt,
            Part::Carrier,
            Part::Tracking,
            Part::Note,
            Part::Tags,
        ];
        let of = |part: fn(AddressPart) -> Part| places.into_iter().map(part);
        plain
            .into_iter()
            .chain(lines.map(Part::Line))
            .chain(of(Part::Billing))
            .chain(of(Part::Shipping))
            .collect()
    }
    fn but(said: &[Part]) -> Unsaid {
        let parts = all().into_iter().filter(|part| !said.contains(part)).collect();
        Unsaid { parts, metadata: Some(BTreeSet::new()), columns: 0 }
    }

    #[test]
    fn every_part_has_a_bit_of_its_own() {
        assert_eq!(but(&[]).bits().count_ones() as usize, all().len());
    }

    #[test]
    fn a_file_that_says_nothing_changes_nothing() {
        let here = made(&whole());
        let empty = NewOrder { is_import: true, ..NewOrder::new(Currency::EUR) };
        let filled = but(&[]).filled(made(&empty), &here).unwrap();
        assert_eq!(filled, here);
        assert_eq!(
            Unsaid::default().filled(made(&empty), &here).unwrap(),
            made(&empty),
            "one that says all does"
        );
    }

    #[test]
    fn what_a_file_says_is_taken_and_the_parts_add_up() {
        let here = made(&whole());
        let empty = || NewOrder { is_import: true, ..NewOrder::new(Currency::EUR) };
        let fill = |new: NewOrder, said: &[Part]| {
            let filled = but(said).filled(made(&new), &here).unwrap();
            assert!(filled.adds_up(), "{said:?}");
            filled
        };
        let total = fill(NewOrder { stated_total: Some(2800), ..empty() }, &[Part::Total]);
        assert_eq!((total.total, total.subtotal, total.adjustment), (2800, 3000, here.adjustment - 300));
        let lines = fill(NewOrder { lines: vec![whole().lines.remove(0)], ..empty() }, &[Part::Lines]);
        assert_eq!((lines.lines.len(), lines.total), (1, 1000 - 300 + 500));
        let same = NewOrder {
            lines: whole().lines.into_iter().map(|l| NewLine { vendor: String::new(), ..l }).collect(),
            ..empty()
        };
        let same = fill(same, &[Part::Lines, Part::Line(LinePart::Sku), Part::Line(LinePart::Title)]);
        assert_eq!((same.lines[1].vendor.as_str(), same.total), ("Ours", 3100));
        let town = Address { city: "Genf".into(), ..Address::default() };
        let moved = fill(NewOrder { billing: Some(town), ..empty() }, &[Part::Billing(AddressPart::City)]);
        let billing = moved.billing.unwrap();
        assert_eq!(
            (billing.city.as_str(), billing.line1.as_str(), moved.shipping_address),
            ("Genf", "Way 1", here.shipping_address.clone())
        );
        let blank = fill(empty(), &[Part::Note, Part::Tags]);
        assert_eq!((blank.note.as_str(), blank.tags.len()), ("", 0), "an empty cell says that it is empty");
        let spoken = Unsaid { metadata: Some(["Gate".to_owned()].into()), ..but(&[]) };
        assert!(spoken.filled(made(&empty()), &here).unwrap().metadata.is_empty());
    }

    #[test]
    fn an_order_stands_by_what_is_known_of_it() {
        let axes = |o: &Order| (o.status, o.payment, o.fulfilment);
        let empty = || NewOrder { is_import: true, ..NewOrder::new(Currency::EUR) };
        let open = made(&NewOrder { status: Status::Open, fulfilment: Fulfilment::Unfulfilled, ..whole() });
        let sent = NewOrder { fulfilment: Fulfilment::Fulfilled, ..empty() };
        let sent = but(&[Part::Fulfilment]).filled(made(&sent), &open).unwrap();
        assert_eq!(axes(&sent), (Status::Completed, Payment::Paid, Fulfilment::Fulfilled));
        let cancelled = made(&NewOrder {
            status: Status::Cancelled,
            cancelled: Some((Some(Timestamp(7)), CancelReason::Rejected, "odd".into())),
            ..whole()
        });
        let paid = NewOrder { payment: Payment::Paid, status: Status::Completed, ..empty() };
        let still = but(&[Part::Payment]).filled(made(&paid), &cancelled).unwrap();
        assert_eq!((still.status, &still.cancelled), (Status::Cancelled, &cancelled.cancelled));
        // What was given back is not taken back by a file that does not speak of it.
        let back = made(&NewOrder { payment: Payment::PartRefunded, refunded: 500, ..whole() });
        let paid = but(&[Part::Payment]).filled(made(&paid), &back).unwrap();
        assert_eq!((paid.payment, paid.refunded), (Payment::PartRefunded, 500));
        let all_of_it = NewOrder { payment: Payment::Refunded, stated_total: Some(3100), ..empty() };
        let all_of_it = but(&[Part::Payment, Part::Total]).filled(made(&all_of_it), &back).unwrap();
        assert_eq!((all_of_it.payment, all_of_it.refunded), (Payment::Refunded, 3100));
        // A file with a payment's method knows no more of it than that.
        let method = PaymentNote {
            method: "bank".into(),
            reference: String::new(),
            at: None,
            ..whole().payments.remove(0)
        };
        let method = NewOrder { payments: vec![method], ..empty() };
        let method = but(&[Part::Payments, Part::PaymentMethod]).filled(made(&method), &back).unwrap();
        assert_eq!((method.payments[0].method.as_str(), method.payments[0].at), ("bank", Some(Timestamp(5))));
    }
}
