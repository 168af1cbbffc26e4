//! What goes out comes in again unchanged: random orders and customers full of hostile text.

use crate::base::id::Id;
use crate::base::money::{Currency, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, Customer, CustomerId, ExternalRef, NewCustomer};
use crate::shop::orders::{
    CancelReason, Fulfilment, NewLine, NewOrder, NewOrderCustomer, Order, OrderId, Parcel, Payment,
    PaymentNote, StaffNote, Status,
};
use crate::shop::transfer::document::{CustomerDocument, OrderDocument};
use crate::shop::transfer::export::{CustomerRows, OrderRows, OrderShape, customer_json, order_json};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::own_run::run;
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::writer::{CsvWriter, Style};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Text of one line such as attackers and customers write. Boxed, as all parts are here: the values a shrinking order keeps of
/// its many texts would otherwise lie on the stack together and not fit a test thread's without optimisation.
fn text() -> BoxedStrategy<String> {
    let hostile = prop::sample::select(vec![
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "＝1",
        "'",
        "''",
        "'=1",
        "a,b",
        "a;b",
        "\"",
        "\"\"",
        "a\tb",
        "NULL",
        "\\N",
        "N/A",
        "1,234",
        "0812",
        "2026-01-02",
        "ä€😀",
        "\u{202e}abc",
        "\u{feff}x",
        "x\u{a0}y",
        "{}",
        "[]",
        "#row",
        "yes",
        "<script>alert(1)</script>",
        "|",
        "sep=;",
    ]);
    prop_oneof![hostile.prop_map(str::to_owned), ".{0,20}", "[',;\"=+@\u{ff1d} a-]{0,6}", Just(String::new())]
        .boxed()
}
/// The same, but nothing that the rules of orders refuse.
fn line() -> BoxedStrategy<String> {
    text().prop_map(|t| t.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()).boxed()
}
fn note() -> BoxedStrategy<String> {
    prop::collection::vec(line(), 0..4).prop_map(|lines| lines.join("\n").trim().to_owned()).boxed()
}
fn address() -> BoxedStrategy<Address> {
    let country = prop::sample::select(vec!["", "DE", "NA", "NO"]);
    ((line(), line(), line(), line()), (line(), line(), line(), line()), country)
        .prop_map(|(a, b, country)| Address {
            name: a.0,
            company: a.1,
            line1: a.2,
            line2: a.3,
            postcode: b.0,
            city: b.1,
            region: b.2,
            country: country.to_owned(),
            phone: b.3,
        })
        .boxed()
}
fn time() -> impl Strategy<Value = Timestamp> {
    (-2_000_000_000_000_i64..4_000_000_000_000).prop_map(Timestamp)
}
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![-10_000_000_i64..10_000_000, -900_000_000_000_000_i64..900_000_000_000_000]
}
fn order_line() -> BoxedStrategy<NewLine> {
    let texts = ((line(), line(), line()), (line(), line(), line(), line()));
    let numbers =
        (-1000_i64..1000, -50_000_000_i64..50_000_000, 0_i64..1000, 0_i64..1000, prop::option::of(amount()));
    (texts, numbers)
        .prop_map(|((a, b), n)| NewLine {
            sku: a.0,
            barcode: a.1,
            title: a.2,
            category: b.0,
            size: b.1,
            colour: b.2,
            vendor: b.3,
            quantity: n.0,
            unit_price: Price(n.1),
            discount: n.2,
            tax: n.3,
            stated_total: n.4,
        })
        .boxed()
}
fn metadata() -> BoxedStrategy<BTreeMap<String, String>> {
    prop::collection::btree_map(line().prop_filter("a key", |k| !k.is_empty()), note(), 0..4).boxed()
}
fn tags() -> BoxedStrategy<Vec<String>> {
    prop::collection::vec(line().prop_map(|t| t.replace(',', "")), 0..4).boxed()
}
fn references() -> BoxedStrategy<Vec<ExternalRef>> {
    prop::collection::vec((text(), text()).prop_map(|(source, id)| ExternalRef { source, id }), 0..3).boxed()
}
fn payment() -> BoxedStrategy<PaymentNote> {
    (text(), text(), amount(), prop::option::of(time()), 0_u32..30, any::<bool>())
        .prop_map(|(method, reference, amount, at, instalments, by_step)| PaymentNote {
            method,
            reference,
            amount,
            at,
            instalments,
            by_step,
            before: by_step.then_some(Payment::Authorised),
            made: None,
        })
        .boxed()
}
fn parcel() -> BoxedStrategy<Parcel> {
    (text(), text(), prop::option::of(time()), any::<bool>())
        .prop_map(|(carrier, tracking, shipped_at, by_step)| Parcel {
            carrier,
            tracking,
            shipped_at,
            by_step,
            before: by_step.then_some(Fulfilment::Part),
            made: None,
        })
        .boxed()
}

prop_compose! {
    fn order()(
        who in (1_u8..3, any::<u64>(), line(), prop::option::of(text()), line()),
        lines in prop::collection::vec(order_line(), 0..4),
        addresses in (prop::option::of(address()), prop::option::of(address())),
        amounts in (amount(), amount(), amount(), any::<bool>(), prop::option::of(amount()), 0_i64..100_000),
        texts in (line(), line(), note(), line(), line()),
        axes in (prop::sample::select(Status::ALL), prop::sample::select(Payment::ALL), prop::sample::select(Fulfilment::ALL)),
        odd in (prop::option::of(text()), prop::option::of((time(), prop::sample::select(CancelReason::ALL), text())), prop::option::of(-900_i16..900)),
        lists in (tags(), metadata(), prop::collection::vec(payment(), 0..3), prop::collection::vec(parcel(), 0..3)),
        source in prop::option::of((text(), text())),
        money in prop::sample::select(vec!["EUR", "JPY", "KWD", "CLF"]),
        at in time(),
    ) -> Option<Order> {
        let new = NewOrder {
            source: source.filter(|s| !s.0.is_empty() || !s.1.is_empty()).map(|(source, id)| ExternalRef { source, id }),
            source_name: who.2,
            placed_at: Some(at),
            placed_offset_min: odd.2,
            channel: who.4,
            email: who.3.filter(|e| e.chars().any(|c| !c.is_control() && !c.is_whitespace())),
            phone: texts.3,
            lines,
            billing: addresses.0,
            shipping_address: addresses.1,
            discount: amounts.0,
            discount_code: texts.0,
            shipping: amounts.1,
            shipping_method: texts.1,
            tax: Some(amounts.2),
            tax_included: amounts.3,
            stated_total: amounts.4,
            refunded: amounts.5,
            status: axes.0,
            payment: axes.1,
            fulfilment: axes.2,
            hold: odd.0,
            cancelled: odd.1.map(|(at, reason, note)| (Some(at), reason, note)),
            payments: lists.2,
            parcels: lists.3,
            note: texts.2,
            tags: lists.0,
            metadata: lists.1,
            is_import: true,
            ..NewOrder::new(Currency::parse(money).unwrap())
        };
        let mut random = [0; 16];
        random[..8].copy_from_slice(&who.1.to_be_bytes());
        let customer = (who.0 == 1).then(|| CustomerId::from_bytes([7; 16]));
        let order = new.checked(OrderId::from_bytes(random), at).ok()?;
        let by = StaffNote { number: 1, at, by: texts.4.clone(), text: texts.4, edited_at: None, by_id: None };
        let fulfilment_before = (order.fulfilment == Fulfilment::Returned).then_some(Fulfilment::Delivered);
        Some(Order { number: who.1 >> 1, customer, staff_notes: vec![by], fulfilment_before, ..order })
    }
}

prop_compose! {
    fn customer()(
        names in (line(), line(), line(), line(), note()),
        lists in (prop::collection::vec(address(), 0..3), tags(), metadata(), references()),
        rest in (any::<bool>(), any::<bool>(), line(), line(), line()),
        at in time(), email in prop::option::of(prop::sample::select(vec!["anna@example.com", "'o=neil@example.com", "+x@example.com", "=damaged\u{fffd}"])),
        number in any::<u64>(),
    ) -> Option<Customer> {
        let new = NewCustomer {
            email: email.map(str::to_owned),
            first_name: names.0,
            last_name: names.1,
            company: names.2,
            phone: names.3,
            addresses: lists.0,
            note: names.4,
            tags: lists.1,
            metadata: lists.2,
            external: lists.3,
            accepts_marketing: Some(rest.0),
            tax_exempt: Some(rest.1),
            vat_id: rest.2,
            language: rest.3,
            birthday: rest.4,
            created_at: Some(at),
            life: None,
            old_emails: vec!["=old@example.com".into()],
            is_import: true,
        };
        let n = new.checked().ok()?;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        Some(Customer {
            id: CustomerId::from_bytes(id), version: 3, created_at: at, updated_at: at, email: n.email, first_name: n.first_name,
            last_name: n.last_name, company: n.company, phone: n.phone, addresses: n.addresses, note: n.note, tags: n.tags,
            metadata: n.metadata, external: n.external, accepts_marketing: rest.0, tax_exempt: rest.1,
            imported: None,
            vat_id: n.vat_id, language: n.language, birthday: n.birthday, old_emails: n.old_emails,
        })
    }
}

fn read(kind: Kind, bytes: Vec<u8>) -> Kept {
    let mut kept = Kept::default();
    let report = run(kind, &[Input::bytes("x", bytes)], &Options::default(), &mut kept).unwrap();
    assert_eq!(report.tallies.refused_rows, kept.refused.len() as u64);
    kept
}
fn buyer() -> Customer {
    Customer {
        id: CustomerId::from_bytes([7; 16]),
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        email: Some("anna@example.com".into()),
        first_name: "=Anna".into(),
        last_name: "'t Hart".into(),
        company: String::new(),
        phone: "+49 30".into(),
        addresses: Vec::new(),
        note: String::new(),
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        external: vec![ExternalRef { source: "shopify".into(), id: "1".into() }],
        accepts_marketing: false,
        tax_exempt: false,
        vat_id: String::new(),
        language: String::new(),
        birthday: String::new(),
        old_emails: Vec::new(),
        imported: None,
    }
}

proptest! {
    #[test]
    fn orders_come_back_from_csv_and_json(
        orders in prop::collection::vec(order().prop_filter_map("orders the rules accept", |o| o), 1..4),
        semicolon: bool, mark: bool,
    ) {
        let style = Style { delimiter: if semicolon { b';' } else { b',' }, mark };
        let mut csv = OrderRows::new(CsvWriter::new(Vec::new(), style).unwrap(), &[], OrderShape::PerLine).unwrap();
        let mut json = Vec::new();
        let customer = buyer();
        let mut wanted: Vec<NewOrder> = Vec::new();
        for order in &orders {
            csv.write(order, Some(&customer)).unwrap();
            order_json(&mut json, order, Some(&customer)).unwrap();
            wanted.push(OrderDocument::of(order, Some(&customer)).into_new());
        }
        let from_csv = read(Kind::Orders, csv.into_rows().finish().unwrap());
        prop_assert_eq!(&from_csv.refused, &vec![]);
        let mut ids = std::collections::BTreeSet::new();
        prop_assume!(orders.iter().all(|o| ids.insert(o.id)));
        prop_assert_eq!(&from_csv.orders, &wanted);
        prop_assert_eq!(&read(Kind::Orders, json).orders, &wanted);
        for (order, new) in orders.iter().zip(&wanted) {
            let again = new.checked(order.id, order.created_at).unwrap();
            let given = Order { number: 0, customer: None, source: new.source.clone(), ..order.clone() };
            prop_assert_eq!(again, given);
        }
    }

    #[test]
    fn customers_come_back_from_csv_and_json(
        customers in prop::collection::vec(customer().prop_filter_map("customers the rules accept", |c| c), 1..4),
    ) {
        let mut csv = CustomerRows::new(CsvWriter::new(Vec::new(), Style::default()).unwrap(), &[]).unwrap();
        let mut json = Vec::new();
        for customer in &customers {
            csv.write(customer).unwrap();
            customer_json(&mut json, customer).unwrap();
        }
        let wanted: Vec<_> = customers.iter().map(|c| CustomerDocument::of(c).into_new()).collect();
        let from_csv = read(Kind::Customers, csv.into_rows().finish().unwrap());
        prop_assert_eq!(&from_csv.refused, &vec![]);
        prop_assert_eq!(&from_csv.customers, &wanted);
        prop_assert_eq!(&read(Kind::Customers, json).customers, &wanted);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), head in prop::sample::select(vec!["", "number,id,currency,line\n", "{\"currency\":\"EUR\"}\n"])) {
        let input = Input::bytes("x", [head.as_bytes(), &bytes].concat());
        let _report = run(Kind::Orders, std::slice::from_ref(&input), &Options::default(), &mut Kept::default());
        let _report = run(Kind::Customers, &[input], &Options::default(), &mut Kept::default());
    }
}

#[test]
fn the_buyer_is_described_and_known_by_our_id() {
    let new = NewOrder { is_import: true, ..NewOrder::new(Currency::EUR) };
    let order = new.checked(OrderId::from_bytes([1; 16]), Timestamp(0)).unwrap();
    let order = Order { customer: Some(buyer().id), ..order };
    let back = OrderDocument::of(&order, Some(&buyer())).into_new();
    let NewOrderCustomer::Described(person) = &back.customer else { panic!("{:?}", back.customer) };
    assert_eq!((person.last_name.as_str(), person.external.len()), ("'t Hart", 2));
    assert_eq!(person.external[1].source, "backroom");
    assert_eq!(back.source.unwrap().id, order.id.to_string());
    let alone = OrderDocument::of(&order, None).into_new();
    assert!(matches!(alone.customer, NewOrderCustomer::Described(p) if p.external.len() == 1));
}
