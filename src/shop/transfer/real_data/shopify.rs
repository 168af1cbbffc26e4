//! Shopify's samples: 1,057 real orders, continuation rows, a broken customer.

use super::*;
use crate::shop::orders::{NewOrderCustomer, Payment, Status};
use std::collections::BTreeMap;

fn orders(name: &str, currency: Option<&str>) -> Option<(Kept, Report)> {
    let options = Options { currency: currency.map(|c| Currency::parse(c).unwrap()), ..Options::default() };
    read_with(&preset(Format::Shopify, Kind::Orders).unwrap(), &[&format!("shopify/{name}.csv")], &options)
}

#[test]
fn a_real_shops_orders_give_their_figures() {
    let Some((kept, report)) = orders("orders_export_panalysis", Some("AUD")) else { return };
    let t = &report.tallies;
    assert_eq!((t.orders, t.rows, t.refused_rows), (1_057, 1_057, 0));
    let sums = &t.sums[&Currency::parse("AUD").unwrap()];
    assert_eq!(sums.goods.exact, decimal("53823.55"));
    assert_eq!(sums.shipping.exact, decimal("14559.40"));
    assert_eq!(sums.tax.exact, decimal("6073.50"));
    assert_eq!((sums.total.exact, sums.total.rounded), (decimal("68141.45"), 6_814_145));
    let facts = ["tax_included", "tax_included_or_none", "free_shipping", "tax_added", "total_unexplained"];
    // 1,040 with the tax included, one of them without tax, and 17 (not 16) with free shipping: together 1,057.
    assert_eq!(facts.map(|f| t.count(f)), [1_039, 1, 17, 0, 0]);
    assert!(kept.orders.iter().all(|o| o.tax_included));
    let mut regions: BTreeMap<&str, u32> = BTreeMap::new();
    for order in &kept.orders {
        *regions.entry(&order.billing.as_ref().unwrap().region).or_default() += 1;
    }
    for (region, count) in [
        ("NSW", 353),
        ("VIC", 247),
        ("QLD", 197),
        ("WA", 117),
        ("SA", 77),
        ("ACT", 30),
        ("TAS", 19),
        ("NT", 17),
    ] {
        assert_eq!(regions[region], count, "{region}");
    }
    let first = &kept.orders[0];
    assert_eq!((first.wished_number, first.source_name.as_str()), (Some(1030), "#1030"));
    let billing = first.billing.as_ref().unwrap();
    assert_eq!((billing.postcode.as_str(), billing.country.as_str()), ("0812", "AU"));
    assert_eq!(first.placed_at.unwrap().to_string(), "2014-11-25T03:45:53Z");
    assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(660)).count(), 687);
    assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(600)).count(), 370);
}

#[test]
fn continuation_rows_belong_to_their_order() {
    let Some((kept, report)) = orders("shopify_orders_sample", None) else { return };
    let t = &report.tallies;
    // 58 different cells in the column Email, one of them empty: 57 people and five guests.
    assert_eq!((t.rows, t.orders, t.customers, t.guests, t.lines), (249, 127, 57, 5, 249));
    let sums = &t.sums[&Currency::USD];
    assert_eq!((sums.total.exact, sums.refunded.exact), (decimal("15063.00"), decimal("423.75")));
    assert!(
        kept.orders
            .iter()
            .all(|o| matches!(o.payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded))
    );
    let Some((kept, report)) = orders("shopify_orders_edge", None) else { return };
    assert_eq!((report.tallies.rows, report.tallies.orders), (9, 8));
    assert_eq!(kept.orders[0].lines.len(), 2);
    assert_eq!((&kept.orders[3].customer, kept.orders[3].email.as_ref()), (&NewOrderCustomer::Guest, None));
    assert_eq!((kept.orders[4].stated_total, kept.orders[4].status), (Some(0), Status::Completed));
}

#[test]
fn a_customer_row_that_lacks_a_cell_is_refused_alone() {
    let Some((kept, report)) = read(Format::Shopify, Kind::Customers, &["shopify/customers_export_wave.csv"])
    else {
        return;
    };
    assert_eq!((kept.customers.len(), kept.refused.len()), (4, 1));
    assert_eq!((kept.refused[0].line, kept.refused[0].code), (4, "wrong_width"));
    assert_eq!(report.files[0].unknown_columns, ["channel"]);
    assert_eq!(kept.customers[0].last_name, "Meyers");
    assert_eq!(kept.customers[0].addresses[0].line1, "123 Main St.");
}
