//! How many rows files of all shops have, broken ones among them.

use super::*;
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::sheet::{Sheet, Step};

/// Rows taken and refused, and whether all lines of refusals are named.
fn count(name: &str) -> Option<(u64, u64)> {
    let input = inputs(&[name])?.remove(0);
    let sheet = Sheet::open(&input, &Options::default()).unwrap();
    let mut rows = sheet.rows(&Meter::default()).unwrap();
    let mut taken = 0;
    loop {
        match rows.advance().unwrap() {
            Step::Row => taken += 1,
            Step::Refused(refused) => assert!(refused.line > 1 && !refused.cells.is_empty()),
            Step::End => return Some((taken, rows.counts().refused)),
        }
    }
}

#[test]
fn broken_files_refuse_their_broken_rows_only() {
    for (name, wanted) in [
        ("northwind/orders.csv", (654, 176)),
        ("northwind/customers.csv", (67, 24)),
        ("northwind/suppliers.csv", (20, 9)),
        ("prestashop/addresses_import.csv", (16, 0)),
        ("prestashop/manufacturers_import.csv", (4, 0)),
        ("prestashop/customers_import.csv", (9, 0)),
        ("magento2/configurable/products.csv", (1_994, 0)),
        ("olist-sample/olist_order_reviews_dataset.csv", (8_225, 0)),
        ("woocommerce/sample_products.csv", (25, 0)),
        ("shopify/jewelery.csv", (41, 0)),
        ("square/square_example.csv", (4, 0)),
    ] {
        let Some(found) = count(name) else { return };
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn every_file_of_the_spectrum_reads_as_its_json_says() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("bad-input/csv-spectrum");
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut json = std::fs::read_to_string(folder.join(format!("json/{name}.json"))).unwrap();
        if !std::fs::read(&path).unwrap().contains(&b'\r') {
            // The line ends of one file were changed on its way here.
            json = json.replace("\\r\\n", "\\n");
        }
        let wanted: Vec<std::collections::BTreeMap<String, String>> = serde_json::from_str(&json).unwrap();
        let sheet = Sheet::open(&Input::path(&path), &Options::default()).unwrap();
        let mut rows = sheet.rows(&Meter::default()).unwrap();
        let mut found = Vec::new();
        while let Step::Row = rows.advance().unwrap() {
            let cells = rows.row().cells().map(str::to_owned);
            found.push(sheet.header.iter().cloned().zip(cells).collect::<std::collections::BTreeMap<_, _>>());
        }
        assert_eq!(found, wanted, "{name}");
        count += 1;
    }
    assert_eq!(count, 11);
}
