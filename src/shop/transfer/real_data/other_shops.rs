//! PrestaShop and Magento samples.

use super::*;

#[test]
fn prestashops_customers_are_joined_with_their_addresses() {
    let files = ["prestashop/addresses_import.csv", "prestashop/customers_import.csv"];
    let Some((kept, report)) = read(Format::Prestashop, Kind::Customers, &files) else { return };
    assert_eq!((kept.customers.len(), kept.refused.len()), (9, 0));
    let addresses: Vec<usize> = kept.customers.iter().map(|c| c.addresses.len()).collect();
    assert_eq!(addresses, [1, 2, 2, 2, 1, 2, 1, 0, 0]);
    assert_eq!(report.warnings.count("row_without_record"), 5);
    let peter = &kept.customers[0];
    assert_eq!(
        (peter.email.as_deref(), peter.birthday.as_str()),
        (Some("Peter.Pan@prestashop.com"), "1987-04-02")
    );
    assert_eq!(
        (peter.addresses[0].line1.as_str(), peter.addresses[0].country.as_str()),
        ("360W, 42nd Street", "US")
    );
    assert_eq!(kept.customers[3].tags, ["Customer", "Carribean"]);
    assert!(
        kept.customers.iter().all(|c| !format!("{c:?}").contains("123456789")),
        "no password comes along"
    );
}

#[test]
fn magentos_samples_are_read_and_no_password_with_them() {
    let Some((kept, _)) = read(Format::Magento, Kind::Customers, &["magento2/customer/customer_profile.csv"])
    else {
        return;
    };
    let roni = &kept.customers[0];
    assert_eq!(
        (roni.first_name.as_str(), roni.addresses[0].line1.as_str()),
        ("Veronica", "6146 Honey Bluff Parkway")
    );
    assert!(!format!("{roni:?}").contains("roni_cost3"));
    let Some((kept, _)) = read(Format::Magento, Kind::Orders, &["magento2/sales/orders.csv"]) else {
        return;
    };
    // Its orders have no date, and an order needs its moment.
    assert_eq!(kept.orders.len(), 0);
    let refused: Vec<_> = kept.refused.iter().map(|r| (r.line, r.code)).collect();
    assert_eq!(refused, [(2, "order_without_date"), (3, "order_without_date")]);
    let text = std::fs::read_to_string(shared().unwrap().join("magento2/sales/orders.csv")).unwrap();
    let dated: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line},created_at\n"),
            _ => format!("{line},2025-01-05 10:00:00\n"),
        })
        .collect();
    let mut kept = Kept::default();
    let magento = preset(Format::Magento, Kind::Orders).unwrap();
    run(&magento, &[Input::bytes("orders.csv", dated.as_bytes())], &Options::default(), &mut kept).unwrap();
    assert_eq!(kept.orders.len(), 2);
    let line = &kept.orders[0].lines[0];
    assert_eq!((line.sku.as_str(), line.size.as_str(), line.colour.as_str()), ("WS03", "XS", "Red"));
}
