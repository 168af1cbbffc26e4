//! What a file has no column for, so that an import leaves it as it is.

use crate::shop::orders::{AddressPart, LONE_SUBTOTAL, LinePart, Part, STANDING_FROM, Unsaid};
use crate::shop::transfer::bound::{Bound, View};
use crate::shop::transfer::fields::{AddressFields, BILLING, Field, SHIPPING};
use crate::shop::transfer::item_cells;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::maker::OF_GUEST;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Parts that one of these columns says. Payments of a file of their own say the first group.
const SAID_BY: [(Part, &[Field]); 25] = [
    (Part::Email, &[Field::OrderEmail, Field::CustomerEmail]),
    (Part::Phone, &[Field::OrderPhone]),
    (
        Part::Discount,
        &[Field::OrderDiscount, Field::OrderCartDiscount, Field::OrderLateDiscount, Field::OrderSubtotal],
    ),
    (Part::DiscountCode, &[Field::DiscountCode]),
    (Part::Freight, &[Field::OrderShipping, Field::LineShipping]),
    (Part::FreightMethod, &[Field::ShippingMethod]),
    (Part::Tax, &[Field::OrderTax, Field::OrderShippingTax, Field::OrderFeeTax, Field::LineTax]),
    (Part::Total, &[Field::OrderTotal]),
    (Part::Refunded, &[Field::OrderRefunded]),
    (Part::CancelledAt, &[Field::CancelledAt]),
    (Part::CancelReason, &[Field::CancelReason]),
    (Part::PaidAt, &[Field::PaidAt]),
    (Part::PaymentMethod, &[Field::PaymentMethod]),
    (Part::PaymentReference, &[Field::PaymentReference]),
    (Part::Parcels, &[Field::ShippedAt, Field::Tracking]),
    (Part::ShippedAt, &[Field::ShippedAt]),
    (Part::Carrier, &[Field::Carrier]),
    (Part::Tracking, &[Field::Tracking]),
    (Part::Note, &[Field::OrderNote]),
    (Part::Tags, &[Field::OrderTags]),
    (Part::Line(LinePart::Sku), &[Field::LineSku]),
    (Part::Line(LinePart::Barcode), &[Field::LineBarcode]),
    (Part::Line(LinePart::Category), &[Field::LineCategory]),
    (Part::Line(LinePart::Vendor), &[Field::LineVendor]),
    (Part::Line(LinePart::Title), &[Field::LineTitle]),
];

/// Columns of amounts, and those of how an order stands; see [`Unsaid::columns`].
const AMOUNTS: [Field; 20] = [
    Field::OrderCurrency,
    Field::OrderSubtotal,
    Field::OrderDiscount,
    Field::OrderCartDiscount,
    Field::OrderLateDiscount,
    Field::OrderShipping,
    Field::OrderShippingTax,
    Field::OrderFees,
    Field::OrderFeeTax,
    Field::OrderTax,
    Field::OrderTotal,
    Field::LineQuantity,
    Field::LinePrice,
    Field::LineDiscount,
    Field::LineDiscountRate,
    Field::LineTax,
    Field::LineTotal,
    Field::LineShipping,
    Field::LineSku,
    Field::LineTitle,
];
const STANDING: [Field; 6] = [
    Field::OrderStatus,
    Field::OrderPayment,
    Field::OrderRefunded,
    Field::OrderOutstanding,
    Field::PaidAt,
    Field::CancelledAt,
];

/// The bits of these fields that there are, from `first` on.
fn bits(first: u32, there: impl Iterator<Item = bool>) -> u64 {
    (first..).zip(there).filter(|(_, is_there)| *is_there).fold(0, |bits, (bit, _)| bits | 1 << bit)
}

impl Maker<'_> {
    /// What the file of an order has no column for.
    pub fn unsaid(&mut self, views: &[View<'_>], has_lines: bool, has_payments: bool) -> Arc<Unsaid> {
        let Some(bound) = views.first().map(|view| view.bound) else { return Arc::default() };
        // Files stay where they are while they are read; each is looked at once.
        let place = std::ptr::from_ref(bound).addr();
        if let Some((_, known)) = self.unsaid.iter().find(|(of, _)| *of == place) {
            return Arc::clone(known);
        }
        let found = Arc::new(self.look(bound, has_lines, has_payments));
        self.unsaid.push((place, Arc::clone(&found)));
        found
    }

    fn look(&self, bound: &Bound, has_lines: bool, has_payments: bool) -> Unsaid {
        let has = |fields: &[Field]| fields.iter().any(|field| bound.has(*field));
        // What somebody has written into a mapping is said; what a format usually means is not.
        let is_chosen = !self.mapping.is_preset;
        let (constants, usual) = (&self.mapping.constants, self.mapping.state);
        let is_line_column = |kind| !item_cells::columns(&bound.sheet.header, kind).is_empty();
        let columns = self.mapping.rules.lines.is_some_and(is_line_column);
        let of_line = Field::ALL.iter().filter(|f| f.section() == "line").any(|f| bound.has(*f));
        let status = has(&[Field::OrderStatus]);
        let mut parts: BTreeSet<Part> =
            SAID_BY.iter().filter(|(_, fields)| !has(fields)).map(|(part, _)| *part).collect();
        let mut set = |part: Part, is_said: bool| {
            if is_said {
                parts.remove(&part)
            } else {
                parts.insert(part)
            };
        };
        set(Part::Lines, has_lines || columns || of_line || bound.has(Field::OrderFees));
        if has_lines || columns {
            // The lines are not in columns of this file, and say what they say.
            SAID_BY
                .iter()
                .filter(|(part, _)| matches!(part, Part::Line(_)))
                .for_each(|(part, _)| set(*part, true));
            set(Part::Tax, true);
            set(Part::Freight, true);
        } else {
            set(Part::Line(LinePart::Size), bound.has(Field::LineSize));
            set(Part::Line(LinePart::Colour), bound.has(Field::LineColour));
        }
        if columns {
            set(Part::Refunded, true);
        }
        set(Part::Channel, bound.has(Field::Channel) || (is_chosen && !constants.channel.is_empty()));
        let is_paid = has_payments || status || has(&[Field::OrderPayment, Field::PaidAt]);
        set(Part::Payment, is_paid || (is_chosen && usual.payment.is_some()));
        let of_payment = [Field::PaidAt, Field::PaymentMethod, Field::PaymentReference];
        set(Part::Payments, has_payments || has(&of_payment));
        if has_payments {
            for part in [Part::PaidAt, Part::PaymentMethod, Part::PaymentReference] {
                set(part, true);
            }
            set(Part::Total, bound.has(Field::OrderTotal) || self.mapping.rules.total_from_payments);
        }
        let is_sent = status || has(&[Field::OrderFulfilment, Field::ShippedAt]);
        set(Part::Fulfilment, is_sent || (is_chosen && usual.fulfilment.is_some()));
        let is_known = status || bound.has(Field::CancelledAt);
        set(Part::Status, is_known || (is_chosen && usual.status.is_some()));
        for (of, part) in [(BILLING, Part::Billing as fn(AddressPart) -> Part), (SHIPPING, Part::Shipping)] {
            let has_country = is_chosen && !constants.country.is_empty();
            for (place, fields) in places(&of) {
                let is_payer = place == AddressPart::Name && part(place) == Part::Billing(AddressPart::Name);
                let is_named = is_payer && has(&PAYER);
                set(part(place), has(&fields) || is_named || (place == AddressPart::Country && has_country));
            }
        }
        let beside = [has_lines, columns, bound.survey.names_currencies];
        let of_amounts = AMOUNTS.iter().map(|field| bound.has(*field)).chain(beside);
        let of_standing = STANDING.iter().map(|field| bound.has(*field)).chain([has_payments]);
        Unsaid {
            parts,
            columns: bits(0, of_amounts) | bits(STANDING_FROM, of_standing),
            metadata: (!bound.has(Field::OrderAttributes)).then(|| spoken_of(bound, columns || of_line)),
        }
    }
}

/// Who an order is from, where it names no payer.
const PAYER: [Field; 3] = [Field::CustomerName, Field::CustomerFirstName, Field::CustomerLastName];

fn places(of: &AddressFields) -> [(AddressPart, Vec<Field>); 9] {
    [
        (AddressPart::Name, vec![of.name, of.first_name, of.last_name]),
        (AddressPart::Company, vec![of.company]),
        (AddressPart::Line1, vec![of.line1, of.street]),
        (AddressPart::Line2, vec![of.line2, of.street]),
        (AddressPart::Postcode, vec![of.postcode]),
        (AddressPart::City, vec![of.city]),
        (AddressPart::Region, vec![of.region]),
        (AddressPart::Country, vec![of.country]),
        (AddressPart::Phone, vec![of.phone]),
    ]
}

/// The custom fields that a file speaks of: those of its columns, and those that the import makes of others.
fn spoken_of(bound: &Bound, has_lines: bool) -> BTreeSet<String> {
    let sheet = &bound.sheet;
    let mut names: BTreeSet<String> = (0..sheet.header.len()).map(|column| sheet.name_of(column)).collect();
    for (name, is_said) in [
        ("payment_method", bound.has(Field::PaymentMethod)),
        ("carrier", bound.has(Field::Carrier)),
        ("cancel_reason", bound.has(Field::CancelReason)),
        (LONE_SUBTOTAL, bound.has(Field::OrderSubtotal) || has_lines),
        (Field::OrderStatus.name(), bound.has(Field::OrderStatus)),
        (Field::OrderPayment.name(), bound.has(Field::OrderPayment)),
        (Field::OrderFulfilment.name(), bound.has(Field::OrderFulfilment)),
    ] {
        if is_said {
            names.insert(name.to_owned());
        }
    }
    names.extend(OF_GUEST.iter().filter(|(field, _)| bound.has(*field)).map(|(_, name)| (*name).to_owned()));
    names
}
