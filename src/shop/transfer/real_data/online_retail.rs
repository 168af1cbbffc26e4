//! Online Retail: half a million lines of a real shop.

use super::*;
use crate::shop::orders::{CreditKind, NewOrderCustomer, Payment, Status};
use std::collections::{BTreeMap, BTreeSet};

fn total(order: &NewOrder) -> i64 {
    order
        .lines
        .iter()
        .map(|l| l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::GBP).unwrap()))
        .sum()
}
fn customer(customer: &NewOrderCustomer) -> Option<&str> {
    match customer {
        NewOrderCustomer::Described(person) => Some(person.external[0].id.as_str()),
        _ => None,
    }
}

#[test]
fn the_whole_file_gives_its_figures() {
    let Some((kept, report)) =
        read(Format::OnlineRetail, Kind::Orders, &["online-retail/online_retail.csv.zst"])
    else {
        return;
    };
    let t = &report.tallies;
    assert_eq!((t.rows, t.lines, t.refused_rows), (541_909, 541_909, 0));
    assert_eq!((t.orders, t.credit_notes, t.adjustments, t.customers), (22_061, 3_836, 3, 4_372));
    let sums = &t.sums[&Currency::GBP];
    assert_eq!(sums.total.exact, decimal("10655622.484"));
    assert_eq!(sums.goods.exact, decimal("10655622.484"));
    assert_eq!(sums.credited.exact, decimal("896812.49"));
    assert_eq!(sums.adjusted.exact, decimal("11062.06"));
    assert_eq!(sums.total.rounded - sums.credited.rounded - sums.adjusted.rounded, 974_774_793);
    assert_eq!(kept.orders.iter().filter(|o| total(o) > 0).count(), 19_959);
    assert_eq!(report.files[0].trimmed_cells, 113_452);
    assert_eq!(t.guests, 3_710);
    let guest_lines: usize = kept
        .orders
        .iter()
        .filter(|o| customer(&o.customer).is_none())
        .map(|o| o.lines.len())
        .sum::<usize>()
        + kept.notes.iter().filter(|n| customer(&n.customer).is_none()).map(|n| n.lines.len()).sum::<usize>();
    assert_eq!(guest_lines, 135_080);
    customers_and_codes(&kept);
    documents(&kept);
    months_and_countries(&kept);
}

fn customers_and_codes(kept: &Kept) {
    let mut codes: BTreeMap<&str, i64> = BTreeMap::new();
    for line in kept.orders.iter().flat_map(|o| &o.lines) {
        *codes.entry(&line.sku).or_default() += line.quantity;
    }
    for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Credit).flat_map(|o| &o.lines) {
        *codes.entry(&line.sku).or_default() -= line.quantity;
    }
    for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Adjustment).flat_map(|o| &o.lines) {
        *codes.entry(&line.sku).or_default() += line.quantity;
    }
    assert_eq!(codes.len(), 4_070);
    assert_eq!(codes.keys().map(|c| c.to_lowercase()).collect::<BTreeSet<_>>().len(), 3_958);
    for (code, pieces) in
        [("22197", 56_450), ("84077", 53_847), ("85099B", 47_363), ("85123A", 38_830), ("84879", 36_221)]
    {
        assert_eq!(codes[code], pieces, "{code}");
    }
    let mut net: BTreeMap<&str, (u32, u32, i64)> = BTreeMap::new();
    for order in &kept.orders {
        let Some(id) = customer(&order.customer) else { continue };
        let of = net.entry(id).or_default();
        (of.0, of.2) = (of.0 + 1, of.2 + total(order));
    }
    for note in &kept.notes {
        let Some(id) = customer(&note.customer) else { continue };
        let of = net.entry(id).or_default();
        (of.0, of.1, of.2) = (of.0 + 1, of.1 + 1, of.2 - note.total);
    }
    assert_eq!(net.len(), 4_372);
    for (id, wanted) in [
        ("14646", (77, 3, 27_948_902)),
        ("14911", (248, 47, 13_257_262)),
        ("12347", (7, 0, 431_000)),
        ("17850", (35, 1, 528_863)),
        ("12748", (224, 14, 2_907_210)),
    ] {
        assert_eq!(net[id], wanted, "{id}");
    }
    assert_eq!((net["18102"].2, net["17450"].2), (25_643_849, 18_748_217));
    assert_eq!(net.values().filter(|n| n.2 < 0).count(), 41);
}

fn documents(kept: &Kept) {
    let first = kept.orders.iter().find(|o| o.wished_number == Some(536_365)).unwrap();
    assert_eq!((total(first), first.lines.len()), (13_912, 7));
    assert_eq!((first.status, first.payment, first.is_import), (Status::Completed, Payment::Paid, true));
    assert_eq!(customer(&first.customer), Some("17850"));
    assert_eq!(first.shipping_address.as_ref().unwrap().country, "GB");
    assert_eq!(first.source.as_ref().unwrap().id, "536365");
    assert_eq!(first.source_name, "");
    let long = kept.orders.iter().find(|o| o.wished_number == Some(573_585)).unwrap();
    assert_eq!(long.lines.len(), 1_114);
    assert!(
        kept.notes
            .iter()
            .filter(|n| n.kind == CreditKind::Credit)
            .all(|n| n.total >= 0 && n.number.starts_with('C'))
    );
    assert!(kept.notes.iter().flat_map(|n| &n.lines).all(|l| l.quantity > 0));
    for note in &kept.notes {
        let parts: i64 =
            note.lines.iter().map(|l| l.unit_price.times(l.quantity, Currency::GBP).unwrap()).sum();
        assert_eq!(parts, note.total, "{}", note.number);
    }
}

fn months_and_countries(kept: &Kept) {
    let mut months: BTreeMap<String, u32> = BTreeMap::new();
    let mut countries: BTreeMap<String, (u32, i64)> = BTreeMap::new();
    let mut count = |at: crate::base::time::Timestamp, country: &str, total: i64| {
        *months.entry(at.to_string().chars().take(7).collect()).or_default() += 1;
        let of = countries.entry(country.to_owned()).or_default();
        *of = (of.0 + 1, of.1 + total);
    };
    for order in &kept.orders {
        let address = order.shipping_address.clone().unwrap_or_default();
        count(order.placed_at.unwrap(), &address.country, total(order));
    }
    for note in &kept.notes {
        count(note.issued_at, &note.country, -note.total);
    }
    let wanted = [2_025, 1_476, 1_393, 1_983, 1_744, 2_162, 2_012, 1_927, 1_737, 2_327, 2_637, 3_462, 1_015];
    assert_eq!(months.into_values().collect::<Vec<_>>(), wanted);
    for (code, wanted) in [
        ("GB", (23_494, 818_780_636)),
        ("NL", (101, 28_466_154)),
        ("IE", (360, 26_327_682)),
        ("DE", (603, 22_169_821)),
        ("FR", (461, 19_740_390)),
    ] {
        assert_eq!(countries[code], wanted, "{code}");
    }
}

#[test]
fn the_day_files_give_theirs() {
    for (name, lines, invoices, sum) in
        [("2010-12-01", 3_108, 143, "58635.56"), ("2011-12-05", 5_331, 151, "57751.32")]
    {
        let Some((_, report)) =
            read(Format::OnlineRetail, Kind::Orders, &[&format!("online-retail/{name}.csv")])
        else {
            return;
        };
        let t = &report.tallies;
        assert_eq!((t.lines, t.orders + t.credit_notes + t.adjustments), (lines, invoices));
        let sums = &t.sums[&Currency::GBP];
        assert_eq!(sums.total.exact - sums.credited.exact, decimal(sum));
        if name == "2010-12-01" {
            assert_eq!(t.customers, 98);
        }
    }
}
