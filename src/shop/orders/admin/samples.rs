//! Life-like orders for the tests of pages.

use super::columns;
use super::credit::CreditNotePage;
use super::facets;
use super::list::{Limit, ListPage, Trouble};
use super::neighbours::Neighbours;
use super::row::Sheet;
use super::show::{CustomerCard, OrderPage, ShowQuery};
use super::slips::{Slip, SlipsPage};
use super::steps;
use super::terms;
use super::timeline;
use crate::base::id::Id;
use crate::base::money::{Currency, Money, Price};
use crate::base::time::{Timestamp, Zone};
use crate::search::Facet;
use crate::shop::customers::{Address, CustomerId};
use crate::shop::orders::{
    CreditKind, CreditNote, CreditNoteId, Fulfilment, Line, Order, OrderId, Parcel, Payment, PaymentNote,
    StaffNote, Standing, Status,
};
use crate::store::{Actor, ActorKind, EventId, StoredEvent, Subject};
use crate::web::parts::{Link, Pager, Tab};
use crate::web::place::Place;
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
        lines: vec![
            line("Rain jacket", "M", "4012345678901", 5900),
            line("Enamel mug", "S", "4012345678918", 6000),
        ],
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
            before: None,
            made: None,
        }],
        parcels: vec![Parcel {
            carrier: "DHL".into(),
            tracking: "00340434161094000000".into(),
            shipped_at: Some(at("2026-11-20T10:42:00Z")),
            by_step: true,
            before: None,
            made: None,
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
            by_id: None,
        }],
        fulfilment_before: None,
        refunds: Vec::new(),
        confirmed_at: None,
        imported: None,
    }
}

/// The same with this text in every place where somebody else writes.
pub(super) fn hostile(text: &str) -> Order {
    let mut order = order();
    let own = || text.to_owned();
    for line in &mut order.lines {
        for field in [
            &mut line.title,
            &mut line.category,
            &mut line.size,
            &mut line.colour,
            &mut line.barcode,
            &mut line.sku,
        ] {
            *field = own();
        }
    }
    for address in [&mut order.shipping_address, &mut order.billing].into_iter().flatten() {
        for field in [
            &mut address.name,
            &mut address.company,
            &mut address.line1,
            &mut address.city,
            &mut address.country,
        ] {
            *field = own();
        }
    }
    for field in [
        &mut order.note,
        &mut order.phone,
        &mut order.channel,
        &mut order.discount_code,
        &mut order.shipping_method,
        &mut order.source_name,
    ] {
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

/// The list with two orders, one of them by somebody hostile.
pub(super) fn list_page() -> ListPage {
    let evil = "\"><script>alert(1)</script>";
    let zone = Zone::named("Europe/Berlin").unwrap();
    let columns = columns::shown(&[], true);
    let place = Place::of("q=payment:paid+anna");
    let sheet = Sheet {
        columns: &columns,
        zone: &zone,
        zone_name: "Europe/Berlin",
        year: 2026,
        sprite: "/a/img/icons.svg",
        links_customers: true,
        picks: true,
        sees_prices: true,
        ticked: &[],
    };
    let rows = [
        sheet.row(&order(), &Standing::Returning { earlier: 6, last: 10_301 }, "Anna Berg"),
        sheet.row(&hostile(evil), &Standing::New { unkept: 0, last: None }, evil),
    ];
    let rows = rows.map(|row| row.before + &row.after).concat();
    let asked = terms::tests::query("payment:paid anna");
    let counted = [
        Facet { field: "payment", values: vec![("paid".into(), 37)], exact: true },
        Facet { field: "category", values: vec![(evil.into(), 3)], exact: true },
    ];
    let tab = |label: &str, count, current| Tab {
        label: label.into(),
        href: "/admin/orders".into(),
        count: Some(count),
        current,
        changed: current,
    };
    ListPage {
        views: vec![tab("All", 10_482, true), tab("To ship", 42, false)],
        q: format!("payment:paid {evil}"),
        chips: facets::chips(&asked, &place),
        groups: facets::groups(&asked, &place, &counted, "/a/icons.svg"),
        days: facets::days(&asked, &place),
        clear: "/admin/orders".into(),
        currencies: ["EUR", "CHF"].map(|c| Link::new(c, format!("/admin/orders?q=currency:{c}"))).into(),
        problems: vec![Trouble {
            message: "There is no field “colur”.".into(),
            instead: Some(Link::new("colour", "/admin/orders?q=colour")),
        }],
        errors: None,
        typed: BTreeMap::new(),
        corrected: vec![("bergh".into(), "berg".into())],
        degraded: true,
        ticks: columns::ticks(&columns, true),
        columns,
        usual_columns: "/admin/orders".into(),
        sort: "-placed".into(),
        rows,
        shown: 2,
        total: "more than 10,000".into(),
        pager: Pager { older: Some("/admin/orders?after=x".into()), shown: 2, ..Pager::default() },
        limits: vec![Limit { rows: 50, href: "/admin/orders".into(), current: true }],
        empty: "",
        all: Some("Select all 412 that match".into()),
        export: Some("/admin/transfer".into()),
        here: "/admin/orders?q=x".into(),
        may_edit: true,
        sees_prices: true,
        may_ship: true,
        may_import: true,
        reasons: steps::reasons(),
    }
}

/// The page of a hostile order, with every card and form.
pub(super) fn order_page() -> OrderPage {
    let order = hostile("\"><script>alert(1)</script>");
    let event = |kind: &str, data| StoredEvent {
        seq: 1,
        id: EventId::from_bytes([0; 16]),
        kind: kind.to_owned(),
        subject: Subject::of(&order.id),
        also: Vec::new(),
        at: at("2026-11-20T10:42:00Z"),
        actor: Actor::new(ActorKind::Staff, "stf_1", "<script>alert(1)</script>"),
        request_id: None,
        data,
    };
    let happened = [
        event("order.noted", serde_json::json!({"note": 1, "text": "x"})),
        event("order.shipped", serde_json::json!({"carrier": "DHL", "tracking": "0034"})),
        event(
            "order.changed",
            serde_json::json!({"changes": {"email": ["a@example.com", "<script>alert(1)</script>"]}}),
        ),
        event("order.placed", serde_json::json!({})),
    ];
    let mut page =
        OrderPage::new(&order, &Standing::New { unkept: 0, last: None }, |_| true, &ShowQuery::default());
    let reader = Actor::new(ActorKind::Staff, "stf_2", "Marit Berg");
    page.moments = timeline::moments(happened.iter(), &order, (&reader, order.placed_at));
    page.older = Some("?before=1".into());
    page.near = Neighbours { newer: Some("/admin/orders/x".into()), older: None };
    page.customer = Some(CustomerCard {
        name: "<script>alert(1)</script>".into(),
        href: Some("/admin/customers/cus_1".into()),
        orders: "7 orders, 6 kept".into(),
        spent: vec![Money::new(61_230, Currency::EUR)],
        spent_means: crate::shop::customers::SPENT_MEANS,
        last_order_at: Some(order.placed_at),
        all_orders: "/admin/orders?q=x".into(),
    });
    page
}

/// A credit note with one line.
pub(super) fn credit_note_page() -> CreditNotePage {
    let note = CreditNote {
        id: CreditNoteId::from_bytes([3; 16]),
        number: "C536379".into(),
        version: 1,
        issued_at: at("2026-11-20T10:42:00Z"),
        created_at: at("2026-11-20T10:42:00Z"),
        source: None,
        customer: None,
        currency: Currency::GBP,
        lines: vec![line("<script>alert(1)</script>", "M", "4012345678901", 2750)],
        total: 2750,
        kind: CreditKind::Credit,
        country: "GB".into(),
        imported: None,
    };
    CreditNotePage::new(&note, Some(Link::new("Anna", "/admin/customers/cus_1")))
}

/// The packing slip of an order that waits.
pub(super) fn slips_page() -> SlipsPage {
    let waiting = Order { hold: Some("<script>alert(1)</script>".into()), ..order() };
    SlipsPage {
        back: Link::new("Orders", "/admin/orders?q=status:open"),
        slips: vec![Slip::of(&waiting)],
        waiting: vec![waiting.number],
        gone: 1,
    }
}
