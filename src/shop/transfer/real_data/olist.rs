//! Olist: seven files joined by their keys.

use super::*;
use crate::shop::orders::{CancelReason, Fulfilment, NewOrderCustomer, Status};
use std::collections::BTreeMap;

const FILES: [&str; 7] = [
    "olist-sample/product_category_name_translation.csv",
    "olist-sample/olist_order_payments_dataset.csv",
    "olist-sample/olist_products_dataset.csv",
    "olist-sample/olist_orders_dataset.csv",
    "olist-sample/olist_order_reviews_dataset.csv",
    "olist-sample/olist_order_items_dataset.csv",
    "olist-sample/olist_customers_dataset.csv",
];

fn goods(order: &NewOrder) -> i64 {
    order.lines.iter().map(|l| l.unit_price.minor(order.currency).unwrap()).sum()
}
fn paid(order: &NewOrder) -> i64 {
    order.payments.iter().map(|p| p.amount).sum()
}

#[test]
fn a_missing_file_is_named() {
    let mapping = preset(Format::Olist, Kind::Orders).unwrap();
    let orders = Input::bytes("o.csv", &b"order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date\n"[..]);
    let error = run(&mapping, &[orders], &Options::default(), &mut Kept::default()).unwrap_err();
    assert_eq!(error.code, "file_missing");
    for name in
        ["olist_customers_dataset.csv", "olist_order_items_dataset.csv", "olist_order_payments_dataset.csv"]
    {
        assert!(error.message.contains(name), "{name}: {}", error.message);
    }
    assert!(!error.message.contains("olist_orders_dataset.csv"), "{}", error.message);
}

#[test]
fn files_in_any_order_are_joined_and_give_their_figures() {
    let Some((kept, report)) = read(Format::Olist, Kind::Orders, &FILES) else { return };
    let t = &report.tallies;
    assert_eq!((t.orders, t.lines, t.customers, t.refused_rows), (8_135, 8_365, 8_016, 0));
    let sums = &t.sums[&Currency::parse("BRL").unwrap()];
    assert_eq!(sums.goods.exact, decimal("1093264.35"));
    assert_eq!(sums.shipping.exact, decimal("172288.39"));
    assert_eq!((sums.paid.exact, sums.paid.rounded), (decimal("1428602.81"), 142_860_281));
    let mut by: BTreeMap<&str, (u32, usize, i64, i64, i64)> = BTreeMap::new();
    for o in &kept.orders {
        let of = by.entry(&o.metadata["order_status"]).or_default();
        *of = (of.0 + 1, of.1 + o.lines.len(), of.2 + goods(o), of.3 + o.shipping, of.4 + paid(o));
    }
    for (status, wanted) in [
        ("delivered", (5_172, 5_912, 72_311_876, 11_865_449, 84_219_246)),
        ("shipped", (1_107, 1_185, 15_072_744, 2_640_190, 17_721_396)),
        ("canceled", (625, 542, 9_523_527, 1_065_045, 14_325_560)),
        ("unavailable", (609, 7, 200_769, 13_280, 12_647_951)),
        ("invoiced", (314, 359, 6_152_637, 746_238, 6_913_799)),
        ("processing", (301, 357, 6_043_922, 895_489, 6_939_411)),
        ("created", (5, 0, 0, 0, 68_810)),
        ("approved", (2, 3, 20_960, 3_148, 24_108)),
    ] {
        assert_eq!(by[status], wanted, "{status}");
    }
    orders_and_payments(&kept);
    let unused: Vec<_> = report.files.iter().filter(|f| f.role == "not used").map(|f| &*f.name).collect();
    assert_eq!(unused, ["olist_order_reviews_dataset.csv"]);
}

fn orders_and_payments(kept: &Kept) {
    let mut methods: BTreeMap<&str, u32> = BTreeMap::new();
    for payment in kept.orders.iter().flat_map(|o| &o.payments) {
        *methods.entry(&payment.method).or_default() += 1;
    }
    let wanted = [
        ("boleto", 1_580),
        ("credit_card", 6_255),
        ("debit_card", 122),
        ("not_defined", 3),
        ("voucher", 964),
    ];
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(kept.orders.iter().filter(|o| o.payments.len() > 1).count(), 274);
    assert_eq!(kept.orders.iter().map(|o| o.payments.len()).max(), Some(29));
    let empty: Vec<_> = kept.orders.iter().filter(|o| o.lines.is_empty()).collect();
    assert_eq!(empty.len(), 775);
    assert!(empty.iter().all(|o| o.stated_total == Some(paid(o))));
    let differ = |by: i64| {
        let full = kept.orders.iter().filter(|o| !o.lines.is_empty());
        full.filter(|o| (goods(o) + o.shipping).abs_diff(paid(o)) > by.unsigned_abs()).count()
    };
    assert_eq!((differ(0), differ(5)), (42, 22));
    let count = |of: fn(&NewOrder) -> bool| kept.orders.iter().filter(|o| of(o)).count();
    assert_eq!(count(|o| o.cancelled.as_ref().is_some_and(|c| c.1 == CancelReason::Unavailable)), 609);
    assert_eq!(count(|o| o.fulfilment == Fulfilment::Delivered), 5_172);
    assert_eq!(count(|o| o.status == Status::Open), 314 + 301 + 5 + 2);
    let some =
        kept.orders.iter().find(|o| o.source.as_ref().unwrap().id.starts_with("0009792311464db5")).unwrap();
    assert!(!some.lines[0].category.is_empty());
    assert!(matches!(&some.customer, NewOrderCustomer::Described(p) if p.external[0].source == "olist"));
    assert_eq!(some.shipping_address.as_ref().unwrap().country, "BR");
}

#[test]
fn a_person_with_several_orders_is_one_customer() {
    let Some((kept, report)) = read(Format::Olist, Kind::Customers, &[FILES[6]]) else { return };
    assert_eq!((kept.customers.len(), report.tallies.customers, report.tallies.rows), (8_016, 8_016, 8_135));
}

#[test]
fn a_file_that_is_missing_is_asked_for() {
    let Some(files) = inputs(&FILES[..4]) else { return };
    let mapping = preset(Format::Olist, Kind::Orders).unwrap();
    let error = run(&mapping, &files, &Options::default(), &mut Kept::default()).unwrap_err();
    assert!(error.code == "file_missing" && error.message.contains("customer_id"), "{}", error.message);
}
