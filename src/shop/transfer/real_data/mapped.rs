//! The sets that are read with the mapping files of `tests/fixtures/mappings`.

use super::*;
use crate::shop::orders::{Fulfilment, NewOrderCustomer};
use std::collections::{BTreeMap, BTreeSet};

fn mapping(name: &str) -> Mapping {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mappings").join(name);
    Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}
fn mapped(name: &str, files: &[&str]) -> Option<(Kept, Report)> {
    read_with(&mapping(name), files, &Options::default())
}
fn usd(report: &Report) -> crate::shop::transfer::outcome::Sums {
    report.tallies.sums[&Currency::USD]
}
fn year(order: &NewOrder) -> String {
    order.placed_at.unwrap().to_string().chars().take(4).collect()
}
fn person(order: &NewOrder) -> &str {
    match &order.customer {
        NewOrderCustomer::Described(p) => &p.external[0].id,
        _ => "",
    }
}

#[test]
fn cdnow_gives_its_figures() {
    let Some((kept, report)) = mapped("cdnow.toml", &["cdnow/CDNOW_master.csv.zst"]) else { return };
    let t = &report.tallies;
    assert_eq!((t.orders, t.customers, t.refused_rows), (69_659, 23_570, 0));
    assert_eq!((usd(&report).total.exact, usd(&report).total.rounded), (decimal("2500315.63"), 250_031_563));
    assert_eq!(kept.orders.iter().flat_map(|o| &o.lines).map(|l| l.quantity).sum::<i64>(), 167_881);
    let total = |o: &NewOrder| {
        o.lines
            .iter()
            .map(|l| l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::USD).unwrap()))
            .sum::<i64>()
    };
    let mut years: BTreeMap<String, (u32, i64)> = BTreeMap::new();
    let mut people: BTreeMap<&str, u32> = BTreeMap::new();
    for order in &kept.orders {
        let of = years.entry(year(order)).or_default();
        *of = (of.0 + 1, of.1 + total(order));
        *people.entry(person(order)).or_default() += 1;
    }
    assert_eq!(years["1997"], (56_902, 202_416_126));
    assert_eq!(years["1998"], (12_757, 47_615_437));
    assert_eq!(kept.orders.iter().filter(|o| total(o) == 0).count(), 80);
    assert_eq!(kept.orders.iter().map(total).max(), Some(128_601));
    assert_eq!(people["14048"], 217);
}

#[test]
fn adventureworks_gives_its_figures() {
    let Some((kept, report)) = mapped("adventureworks.toml", &["adventureworks/sales.csv.zst"]) else {
        return;
    };
    let t = &report.tallies;
    assert_eq!((t.lines, t.orders, t.customers, t.refused_rows), (32_718, 16_459, 12_427, 0));
    let sums = usd(&report);
    assert_eq!((sums.goods.exact, sums.goods.rounded), (decimal("20928022.4307"), 2_092_802_310));
    assert_eq!((sums.tax.exact, sums.tax.rounded), (decimal("1674241.8469"), 167_426_684));
    assert_eq!(sums.goods.difference(Currency::USD), decimal("0.6693"));
    let items: BTreeSet<&str> = kept.orders.iter().flat_map(|o| &o.lines).map(|l| l.title.as_str()).collect();
    assert_eq!(items.len(), 130);
    let mut years: BTreeMap<String, (u32, rust_decimal::Decimal)> = BTreeMap::new();
    for order in &kept.orders {
        let of = years.entry(year(order)).or_default();
        of.0 += 1;
        of.1 += order
            .lines
            .iter()
            .map(|l| l.unit_price.decimal() * rust_decimal::Decimal::from(l.quantity))
            .sum::<rust_decimal::Decimal>();
    }
    assert_eq!(years["2019"], (1_201, decimal("3863120.2134")));
    assert_eq!(years["2020"], (2_733, decimal("6372462.1414")));
    assert_eq!(years["2021"], (12_525, decimal("10692440.0759")));
    let damaged: BTreeSet<_> =
        kept.orders.iter().filter_map(|o| o.email.as_ref()).filter(|e| e.contains('\u{fffd}')).collect();
    assert_eq!(damaged.len(), 31);
    assert!(report.warnings.count("invalid_email") >= 31);
    assert_eq!(report.warnings.count("garbled_text"), 205);
    assert!(kept.orders.iter().all(|o| !o.tax_included));
}

#[test]
fn one_address_in_two_rows_is_one_customer() {
    let Some((kept, report)) = mapped("adventureworks-customers.toml", &["adventureworks/customers.csv"])
    else {
        return;
    };
    assert_eq!((report.tallies.rows, kept.customers.len()), (847, 440));
    assert_eq!(report.warnings.count("customer_merged"), 407);
}

#[test]
fn the_sample_that_excel_damaged_loses_no_row() {
    let Some((kept, report)) = mapped("sales-sample.toml", &["sales-sample/sales_data_sample.csv"]) else {
        return;
    };
    let t = &report.tallies;
    assert_eq!((t.rows, t.lines, t.orders, t.customers, t.refused_rows), (2_823, 2_823, 307, 92, 0));
    assert_eq!(
        (usd(&report).total.exact, usd(&report).total.rounded),
        (decimal("10032628.85"), 1_003_262_885)
    );
    let mut by: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
    for o in &kept.orders {
        let of = by.entry(&o.metadata["STATUS"]).or_default();
        let sum = |l: &crate::shop::orders::NewLine| {
            l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::USD).unwrap())
        };
        *of = (of.0 + 1, of.1 + o.lines.iter().map(sum).sum::<i64>());
    }
    for (status, wanted) in [
        ("Shipped", (286, 929_150_108)),
        ("Cancelled", (4, 19_448_748)),
        ("On Hold", (4, 17_897_919)),
        ("Resolved", (4, 15_071_828)),
        ("In Process", (6, 14_472_996)),
        ("Disputed", (3, 7_221_286)),
    ] {
        assert_eq!(by[status], wanted, "{status}");
    }
    assert_eq!(kept.orders.iter().filter(|o| o.hold.is_some()).count(), 7);
    assert_eq!(kept.orders.iter().filter(|o| o.cancelled.is_some()).count(), 4);
    assert!(kept.orders.iter().any(|o| o.metadata.get("TERRITORY").is_some_and(|t| t == "NA")));
    let phones: BTreeSet<&str> =
        kept.orders.iter().filter_map(|o| o.shipping_address.as_ref()).map(|a| a.phone.as_str()).collect();
    for phone in ["03 9520 4555", "+61 2 9495 8555", "2125557818"] {
        assert!(phones.contains(phone), "{phone}");
    }
    let first = kept.orders.iter().find(|o| o.wished_number == Some(10_107)).unwrap();
    assert_eq!(first.placed_at.unwrap().to_string(), "2003-02-24T00:00:00Z");
    let Some((_, small)) = mapped("sales-sample.toml", &["sales-sample/sales_sample_excel_damaged.csv"])
    else {
        return;
    };
    assert_eq!((small.tallies.lines, small.tallies.orders), (251, 26));
    assert_eq!(usd(&small).total.exact, decimal("907371.55"));
    assert!(small.warnings.count("damaged_code") > 0);
}

#[test]
fn northwind_gives_its_figures() {
    let files = ["customers", "order_details", "orders", "products", "shippers"]
        .map(|n| format!("northwind/clean/{n}.csv"));
    let Some((kept, report)) = mapped("northwind.toml", &files.each_ref().map(String::as_str)) else {
        return;
    };
    let t = &report.tallies;
    // 91 customers, two of whom never ordered.
    assert_eq!((t.orders, t.lines, t.customers, t.refused_rows), (830, 2_155, 89, 0));
    assert_eq!(usd(&report).goods.exact, decimal("1265793.0395"));
    assert_eq!(usd(&report).shipping.rounded, 6_494_269);
    let gross: rust_decimal::Decimal = kept
        .orders
        .iter()
        .flat_map(|o| &o.lines)
        .map(|l| l.unit_price.decimal() * rust_decimal::Decimal::from(l.quantity))
        .sum();
    assert_eq!(gross, decimal("1354458.59"));
    assert_eq!(kept.orders.iter().flat_map(|o| &o.lines).map(|l| &l.sku).collect::<BTreeSet<_>>().len(), 77);
    assert_eq!(kept.orders.iter().filter(|o| o.fulfilment == Fulfilment::Unfulfilled).count(), 21);
    let second = &kept.orders[1];
    assert_eq!(second.shipping_address.as_ref().unwrap().city, "Münster");
    assert_eq!(second.parcels[0].carrier, "Speedy Express");
    assert!(matches!(&second.customer, NewOrderCustomer::Described(p) if p.company == "Toms Spezialitäten"));
    assert!(!second.lines[0].title.is_empty());
}
