//! Life-like orders for the tests of pages.

use crate::base::id::Id;
use crate::base::money::{Currency, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId};
use crate::shop::orders::{Fulfilment, Line, Order, OrderId, Parcel, Payment, PaymentNote, StaffNote, Status};
use std::collections::BTreeMap;

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn line(title: &str, size: &str, barcode: &str, minor: i64) -> Line {
    Line {
        sku: "RJ-M-NVY".into(),
        barcode: barcode.into(),
        title: title.into(),
        category: if title == "Rain jacket" { "Rain jackets".into() } else { "Mugs".into() },
        size: size.into(),
        colour: "navy".into(),
        quantity: 1,
        unit_price: Price::from_minor(minor, Currency::EUR).unwrap(),
        total: minor,
        ..Line::default()
    }
}

/// #10482 of Anna Berg: two lines, paid, partly refunded, one parcel, a note, tags.
pub(super) fn order() -> Order {
    let address = Address {
        name: "Anna Berg".into(),
        line1: "Torstraße 1".into(),
        postcode: "10119".into(),
        city: "Berlin".into(),
        country: "DE".into(),
        ..Address::default()
    };
    Order {
        id: OrderId::from_bytes([1; 16]),
        number: 10_482,
        version: 7,
        placed_at: at("2026-11-20T07:12:00Z"),
        placed_offset_min: None,
        created_at: at("2026-11-20T07:12:00Z"),
        updated_at: at("2026-11-20T10:42:00Z"),
        channel: "web".into(),
        source: None,
        source_name: String::new(),
        customer: Some(CustomerId::from_bytes([2; 16])),
        email: Some("anna@example.com".into()),
        phone: "+49 30 1234567".into(),
        currency: Currency::EUR,
        lines: vec![line("Rain jacket", "M", "4012345678901", 5900), line("Enamel mug", "S", "4012345678918", 6000)],
        billing: Some(address.clone()),
        shipping_address: Some(address),
        subtotal: 11_900,
        discount: 590,
        discount_code: "SPRING".into(),
        shipping: 490,
        shipping_method: "DHL parcel".into(),
        tax: 1_884,
        tax_included: true,
        adjustment: 0,
        total: 11_800,
        refunded: 1_200,
        status: Status::Open,
        payment: Payment::PartRefunded,
        fulfilment: Fulfilment::Part,
        hold: None,
        cancelled: None,
        payments: vec![PaymentNote {
            method: "card".into(),
            reference: "pi_3QKx".into(),
            amount: 11_800,
            at: Some(at("2026-11-20T07:13:00Z")),
            instalments: 1,
            by_step: false,
        }],
        parcels: vec![Parcel {
            carrier: "DHL".into(),
            tracking: "00340434161094000000".into(),
            shipped_at: Some(at("2026-11-20T10:42:00Z")),
            by_step: true,
        }],
        note: "Please leave it with the neighbour".into(),
        tags: vec!["gift".into()],
        metadata: BTreeMap::from([("locker".to_owned(), "DE-1234".to_owned())]),
        staff_notes: vec![StaffNote {
            number: 1,
            at: at("2026-11-20T08:55:00Z"),
            by: "Marit Berg".into(),
            text: "Customer asks for neutral packaging".into(),
            edited_at: None,
        }],
        fulfilment_before: None,
    }
}

/// The same with this text in every place where somebody else writes.
pub(super) fn hostile(text: &str) -> Order {
    let mut order = order();
    let own = || text.to_owned();
    for line in &mut order.lines {
        for field in [&mut line.title, &mut line.category, &mut line.size, &mut line.colour, &mut line.barcode, &mut line.sku] {
            *field = own();
        }
    }
    for address in [&mut order.shipping_address, &mut order.billing].into_iter().flatten() {
        for field in [&mut address.name, &mut address.company, &mut address.line1, &mut address.city, &mut address.country] {
            *field = own();
        }
    }
    for field in [&mut order.note, &mut order.phone, &mut order.channel, &mut order.discount_code, &mut order.shipping_method, &mut order.source_name] {
        *field = own();
    }
    order.email = Some(own());
    order.hold = Some(own());
    order.tags = vec![own()];
    order.metadata = BTreeMap::from([(own(), own())]);
    order.parcels[0].tracking = own();
    order.parcels[0].carrier = own();
    order.payments[0].reference = own();
    order.staff_notes[0].text = own();
    order
}
