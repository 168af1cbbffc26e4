//! The figures of real shops through the real import and the real API (figures: the data's own facts).

use crate::harness::{Shop, shared, succeed};
use serde_json::Value;

fn import(shop: &Shop, args: &[&str]) -> Value {
    let mut all = vec!["import"];
    all.extend(args);
    all.extend(["--json", "--data", shop.data()]);
    serde_json::from_str(&succeed(&all)).unwrap()
}

fn count(shop: &Shop, what: &str, query: &str) -> u64 {
    let path = format!("/api/v1/{what}?count=exact&limit=1&q={}", crate::harness::encoded(query));
    shop.get(&path).expect(200).json()["total"].as_u64().unwrap()
}

/// What the API's own orders come to, read page by page; amounts in minor units.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    orders: u64,
    lines: u64,
    units: i64,
    total: i64,
    tax: i64,
}

fn sums(shop: &Shop, query: &str) -> Sums {
    let mut sums = Sums::default();
    let mut after = String::new();
    loop {
        let query = crate::harness::encoded(query);
        let page = shop.get(&format!("/api/v1/orders?limit=200&q={query}{after}")).expect(200).json();
        for order in page["data"].as_array().unwrap() {
            let lines = order["lines"].as_array().unwrap();
            sums.orders += 1;
            sums.lines += lines.len() as u64;
            sums.units += lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum::<i64>();
            sums.total += order["total"]["amount"].as_i64().unwrap();
            sums.tax += order["tax"]["amount"].as_i64().unwrap();
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return sums,
        }
    }
}

#[test]
fn a_real_shops_year_comes_in_whole_and_once() {
    let Some(data) = shared::data() else { return };
    let shop = Shop::open();
    let file = data.join("online-retail/online_retail.csv.zst");
    let report = import(&shop, &["orders", "--from", "online-retail", file.to_str().unwrap()]);
    assert_eq!(report["rows"], 541_909);
    assert_eq!(
        (&report["orders"], &report["credit_notes"], &report["adjustments"]),
        (&22_061.into(), &3_836.into(), &3.into())
    );
    assert_eq!(report["customers"], 4_372);
    assert_eq!(
        (count(&shop, "orders", ""), count(&shop, "credit-notes", ""), count(&shop, "customers", "")),
        (22_061, 3_839, 4_372)
    );
    assert_eq!(report["sums"]["GBP"]["credited"], 89_681_249);
    let by_external = |id: &str| {
        let found = shop.get(&format!("/api/v1/customers?q=external:{id}")).expect(200).json();
        found["data"].as_array().unwrap().iter().find(|c| c["external"][0]["id"] == id).unwrap().clone()
    };
    for (id, orders, notes, spent) in [
        ("14646", 74, 3, 27_948_902),
        ("17850", 34, 1, 528_863),
        ("12748", 210, 14, 2_907_210),
        ("12347", 7, 0, 431_000),
    ] {
        let customer = by_external(id);
        assert_eq!(
            (&customer["orders_all"], &customer["credit_notes"]),
            (&Value::from(orders), &Value::from(notes)),
            "{id}"
        );
        assert_eq!(customer["spent"][0]["amount"], spent, "{id}");
    }
    let top = shop.get("/api/v1/customers/top?by=spent&currency=GBP&limit=3").expect(200).json();
    let best: Vec<&str> =
        top["data"].as_array().unwrap().iter().map(|c| c["external"][0]["id"].as_str().unwrap()).collect();
    assert_eq!(best, ["14646", "18102", "17450"]);
    let first = shop.get("/api/v1/orders/536365").expect(200).json();
    assert_eq!(first["total"]["amount"], 13_912);
    assert_eq!(
        shop.get("/api/v1/orders/573585").expect(200).json()["lines"].as_array().unwrap().len(),
        1_114
    );
    // Sales of the year without credit notes and adjustments of stock, and its busiest month.
    let year = sums(&shop, "");
    assert_eq!((year.orders, year.lines), (22_061, 532_618), "{year:?}");
    assert_eq!(count(&shop, "orders", "placed:2011-11-01..2011-11-30"), 3_021);
    let again = import(&shop, &["orders", "--from", "online-retail", file.to_str().unwrap()]);
    assert_eq!(
        (&again["landed"]["orders_added"], &again["landed"]["orders_unchanged"]),
        (&0.into(), &22_061.into())
    );
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
}

#[test]
fn shopify_orders_come_in_with_their_sums() {
    let Some(data) = shared::data() else { return };
    let shop = Shop::open();
    let file = data.join("shopify/orders_export_panalysis.csv");
    let dry = import(&shop, &["orders", "--from", "shopify", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!((&dry["orders"], &dry["landed"]["orders_added"]), (&1_057.into(), &1_057.into()));
    assert_eq!(count(&shop, "orders", ""), 0, "a dry run writes nothing");
    let report = import(&shop, &["orders", "--from", "shopify", file.to_str().unwrap()]);
    assert_eq!(report["orders"], 1_057);
    let told = report["sums"].as_object().unwrap().values().next().unwrap();
    assert_eq!(
        (&told["shipping"], &told["tax"], &told["total"]),
        (&1_455_940.into(), &607_350.into(), &6_814_145.into())
    );
    let kept = sums(&shop, "");
    assert_eq!((kept.orders, kept.total, kept.tax), (1_057, 6_814_145, 607_350));
}

#[test]
fn other_shops_come_in_through_a_mapping() {
    let Some(data) = shared::data() else { return };
    for (mapping, file, expected, customers, by_state) in [
        (
            "cdnow.toml",
            "cdnow/CDNOW_master.csv.zst",
            Sums { orders: 69_659, lines: 69_659, units: 167_881, total: 250_031_563, tax: 0 },
            23_570,
            vec![
                ("placed:1997", 56_902, 202_416_126),
                ("placed:1998", 12_757, 47_615_437),
                ("total:0", 80, 0),
                ("total:1286.01", 1, 128_601),
            ],
        ),
        (
            "adventureworks.toml",
            "adventureworks/sales.csv.zst",
            Sums { orders: 16_459, lines: 32_718, units: 32_718, total: 2_260_228_994, tax: 167_426_684 },
            12_427,
            vec![("placed:2019", 1_201, 0), ("placed:2020", 2_733, 0), ("placed:2021", 12_525, 0)],
        ),
        (
            "sales-sample.toml",
            "sales-sample/sales_data_sample.csv",
            Sums { orders: 307, lines: 2_823, units: 99_067, total: 1_003_262_885, tax: 0 },
            92,
            vec![
                ("status:completed", 290, 929_150_108 + 15_071_828),
                ("status:cancelled", 4, 19_448_748),
                ("is:held", 7, 17_897_919 + 7_221_286),
            ],
        ),
    ] {
        let mapping = crate::harness::project(&format!("tests/fixtures/mappings/{mapping}"));
        let shop = Shop::open();
        let report = import(
            &shop,
            &[
                "orders",
                "--from",
                "csv",
                "--mapping",
                mapping.to_str().unwrap(),
                data.join(file).to_str().unwrap(),
            ],
        );
        assert_eq!(report["orders"], expected.orders, "{file}: {report}");
        assert_eq!(sums(&shop, ""), expected, "{file}");
        assert_eq!(count(&shop, "customers", ""), customers, "{file}");
        for (query, orders, total) in by_state {
            assert_eq!(count(&shop, "orders", query), orders, "{file}: {query}");
            if total != 0 {
                assert_eq!(sums(&shop, query).total, total, "{file}: {query}");
            }
        }
    }
}

#[test]
fn files_that_belong_together_are_joined_and_add_up_in_the_shop() {
    let Some(data) = shared::data() else { return };
    let olist: Vec<String> =
        ["orders", "order_items", "order_payments", "customers", "products", "order_reviews"]
            .map(|name| data.join(format!("olist-sample/olist_{name}_dataset.csv")).display().to_string())
            .into();
    let shop = Shop::open();
    let mut args = vec!["orders", "--from", "olist"];
    args.extend(olist.iter().map(String::as_str));
    let report = import(&shop, &args);
    assert_eq!((&report["orders"], &report["lines"]), (&8_135.into(), &8_365.into()));
    assert_eq!((count(&shop, "orders", ""), count(&shop, "customers", "")), (8_135, 8_016));
    assert_eq!(report["sums"]["BRL"]["paid"], 142_860_281);
    let kept = sums(&shop, "");
    assert_eq!((kept.orders, kept.lines), (8_135, 8_365));
    // 609 of them because the goods could not be had, 625 for other reasons.
    assert_eq!(count(&shop, "orders", "status:cancelled"), 1_234);
    assert_eq!(count(&shop, "orders", "fulfilment:delivered"), 5_172);

    let mapping = crate::harness::project("tests/fixtures/mappings/northwind.toml");
    let northwind: Vec<String> = ["customers", "order_details", "orders", "products", "shippers"]
        .map(|name| data.join(format!("northwind/clean/{name}.csv")).display().to_string())
        .into();
    let shop = Shop::open();
    let mut args = vec!["orders", "--from", "csv", "--mapping", mapping.to_str().unwrap()];
    args.extend(northwind.iter().map(String::as_str));
    let report = import(&shop, &args);
    assert_eq!((&report["orders"], &report["lines"]), (&830.into(), &2_155.into()));
    assert_eq!((count(&shop, "orders", ""), count(&shop, "customers", "")), (830, 89));
    assert_eq!(report["sums"]["USD"]["shipping"], 6_494_269);
    let kept = sums(&shop, "");
    assert_eq!((kept.orders, kept.lines), (830, 2_155));
    assert_eq!(count(&shop, "orders", "fulfilment:unfulfilled"), 21);
    for (typed, shown) in [
        ("taqueria", "Antonio Moreno Taquería"),
        ("koniglich", "Königlich Essen"),
        ("comercio", "Comércio Mineiro"),
        ("munchen", "Peter Franken"),
        ("munster", "Münster"),
        ("lulea", "Luleå"),
        ("arhus", "Århus"),
        ("pere", "Blondesddsl père et fils"),
    ] {
        let found = shop.get(&format!("/api/v1/search?kind=customer&limit=50&q={typed}")).expect(200).json();
        // A hit is titled by the contact; company and city stand beside it where they matched.
        let hits: Vec<String> = found["data"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(
            hits.iter().any(|hit| hit.replace("<mark>", "").replace("</mark>", "").contains(shown)),
            "{typed}: {hits:?}"
        );
    }
}

#[test]
fn a_file_with_fewer_columns_takes_nothing_away_and_an_order_that_stands_twice_is_one() {
    let shop = Shop::open();
    let folder = tempfile::tempdir().unwrap();
    let bring = |text: &str, more: &[&str]| {
        let path = folder.path().join("orders.csv");
        std::fs::write(&path, text).unwrap();
        let mut args = vec!["orders", "--from", "shopify", path.to_str().unwrap()];
        args.extend(more);
        import(&shop, &args)
    };
    let landed = |text: &str| {
        let would_be = bring(text, &["--dry-run"])["landed"].clone();
        let done = bring(text, &[])["landed"].clone();
        assert_eq!(would_be, done);
        ["orders_added", "orders_changed", "orders_unchanged", "refused"]
            .map(|what| done[what].as_u64().unwrap())
    };
    let order = || {
        let order = shop.get("/api/v1/orders?q=ann").expect(200).json()["data"][0].clone();
        let lines = order["lines"].as_array().unwrap().len();
        (
            lines,
            order["payment"].as_str().unwrap().to_owned(),
            order["shipping_address"]["city"].clone(),
            order["discount"]["amount"].clone(),
        )
    };
    let header = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Shipping Name,Shipping City";
    let rows = "#1,ann@example.com,paid,EUR,30,30.00,2025-01-05 10:00:00 +0100,1,Mug,10,Ann Berg,Bern\n#1,ann@example.com,,,,,,2,Cup,10,,\n";
    let whole = format!("{header}\n{rows}");
    assert_eq!(landed(&format!("{whole}{rows}")), [1, 0, 0, 0], "the order stands twice");
    assert_eq!(order(), (2, "paid".into(), "Bern".into(), 0.into()));
    let part = "Name,Email,Created at,Total,Currency,Financial Status\n#1,ann@example.com,2025-01-05 10:00:00 +0100,30.00,EUR,paid\n";
    assert_eq!(landed(part), [0, 0, 1, 0]);
    assert_eq!(landed(part), [0, 0, 1, 0]);
    let back = part.replace("EUR,paid", "EUR,refunded");
    assert_eq!((landed(&back), landed(&back)), ([0, 1, 0, 0], [0, 0, 1, 0]));
    assert_eq!(order(), (2, "refunded".into(), "Bern".into(), 0.into()));
    // A file that has the column and leaves it empty says that nothing is there.
    let elsewhere = whole.replace(",paid,", ",refunded,").replace(",Bern", ",");
    assert_eq!((landed(&elsewhere), landed(&elsewhere)), ([0, 1, 0, 0], [0, 0, 1, 0]));
    assert_eq!(order(), (2, "refunded".into(), "".into(), 0.into()));
    // What is missing would have to be guessed, and a wrong guess is money.
    let pieces =
        || shop.get("/api/v1/orders?q=ann").expect(200).json()["data"][0]["lines"][1]["quantity"].clone();
    let header =
        "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem name,Lineitem price";
    let rows = "#1,ann@example.com,refunded,EUR,20,20.00,2025-01-05 10:00:00 +0100,Mug,10\n#1,ann@example.com,,,,,,Cup,10\n";
    let path = folder.path().join("no-quantity.csv");
    std::fs::write(&path, format!("{header}\n{rows}")).unwrap();
    let args =
        ["import", "orders", "--from", "shopify", path.to_str().unwrap(), "--json", "--data", shop.data()];
    let output = crate::harness::backroom(&args);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &told["landed"]["refused"]), (Some(1), &2.into()), "{told}");
    let plain: Vec<&str> = args.into_iter().filter(|arg| *arg != "--json").collect();
    let output = crate::harness::backroom(&plain);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("without all columns"), "{said}");
    assert_eq!((order().0, pieces()), (2, 2.into()));
    // Two orders under one number, side by side.
    let two = format!("{whole}{}", rows.replace("ann@", "bob@").replace("01-05", "03-06"));
    let path = folder.path().join("two.csv");
    std::fs::write(&path, two).unwrap();
    let args =
        ["import", "orders", "--from", "shopify", path.to_str().unwrap(), "--json", "--data", shop.data()];
    let output = crate::harness::backroom(&args);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &told["landed"]["refused"]), (Some(1), &4.into()), "{told}");
    assert_eq!(order().0, 2);
}

#[test]
fn an_order_is_one_whether_or_not_its_file_has_the_ids_of_its_shop() {
    let shop = Shop::open();
    let folder = tempfile::tempdir().unwrap();
    let header = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price";
    let row = |n: u32, state: &str| {
        let time = format!("2025-01-{:02} 10:00:00 +0100", n % 28 + 1);
        format!("#{n},ann{n}@example.com,{state},EUR,10,10.00,{time},1,Mug,10")
    };
    let file = |name: &str, orders: &[(u32, &str)], has_ids: bool| {
        let id = |n: u32| if has_ids { format!("{},", 4_500_000 + n) } else { String::new() };
        let rows: Vec<String> =
            orders.iter().map(|(n, state)| format!("{}{}", id(*n), row(*n, state))).collect();
        let path = folder.path().join(name);
        let text = format!("{}{header}\n{}\n", if has_ids { "Id," } else { "" }, rows.join("\n"));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let landed = |files: &[String]| {
        let bring = |more: &[&str]| {
            let mut args = vec!["orders", "--from", "shopify"];
            args.extend(files.iter().map(String::as_str));
            args.extend(more);
            import(&shop, &args)["landed"].clone()
        };
        let (would_be, done) = (bring(&["--dry-run"]), bring(&[]));
        assert_eq!(would_be, done);
        ["orders_added", "orders_changed", "orders_unchanged", "refused"]
            .map(|what| done[what].as_u64().unwrap())
    };
    let (one, two) = ([(1, "paid"), (2, "paid")], [(3, "paid"), (4, "paid")]);
    assert_eq!(landed(&[file("ids.csv", &one, true)]), [2, 0, 0, 0]);
    assert_eq!(landed(&[file("plain.csv", &one, false)]), [0, 0, 2, 0]);
    assert_eq!(landed(&[file("plain.csv", &two, false)]), [2, 0, 0, 0]);
    assert_eq!(landed(&[file("ids.csv", &two, true)]), [0, 0, 2, 0]);
    // What has changed there changes here, out of either file.
    let back = [(1, "refunded"), (3, "refunded")];
    assert_eq!(landed(&[file("ids.csv", &back, true)]), [0, 2, 0, 0]);
    assert_eq!(landed(&[file("plain.csv", &back, false)]), [0, 0, 2, 0]);
    // Both in one import.
    let both = [(5, "paid"), (6, "paid")];
    assert_eq!(landed(&[file("a.csv", &both, true), file("b.csv", &both, false)]), [2, 0, 2, 0]);
    let last = [(7, "paid")];
    assert_eq!(landed(&[file("a.csv", &last, false), file("b.csv", &last, true)]), [1, 0, 1, 0]);
    assert_eq!(count(&shop, "orders", ""), 7);
    // Another order that is called the same is not taken for it.
    let other = file("other.csv", &[(8, "paid")], false);
    let text = std::fs::read_to_string(&other).unwrap().replace("#8,ann8@", "#1,bob@").replace("Mug", "Pan");
    std::fs::write(&other, text).unwrap();
    let args = ["import", "orders", "--from", "shopify", &other, "--json", "--data", shop.data()];
    let output = crate::harness::backroom(&args);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &told["landed"]["refused"]), (Some(1), &1.into()), "{told}");
    assert_eq!(count(&shop, "orders", ""), 7);
}

#[test]
fn an_order_that_the_import_itself_brings_up_to_date_counts_once_in_its_sum() {
    let shop = Shop::open();
    let folder = tempfile::tempdir().unwrap();
    let header = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price";
    let row =
        |price: &str| format!("#1,ann@example.com,paid,EUR,{price},2025-01-05 10:00:00 +0100,1,Mug,{price}");
    let (full, short) = (folder.path().join("full.csv"), folder.path().join("short.csv"));
    std::fs::write(&full, format!("Id,{header}\n77,{}\n", row("10.00"))).unwrap();
    std::fs::write(&short, format!("{header}\n{}\n", row("12.00"))).unwrap();
    let files = [full.to_str().unwrap(), short.to_str().unwrap()];
    for more in [&["--dry-run"][..], &[]] {
        let args =
            [&["import", "orders", "--from", "shopify", "--data", shop.data()], &files[..], more].concat();
        let told = succeed(&args);
        assert!(told.contains("1 order added") && told.contains("1 order changed"), "{told}");
        assert!(told.contains("€12.00 is the total"), "{told}");
    }
    assert_eq!(sums(&shop, "").total, 1_200);
}
