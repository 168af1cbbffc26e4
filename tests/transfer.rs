//! Imports and exports from the pages: upload, dry run, start, a kill in the middle, refused rows, and files that come
//! in again unchanged.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, encoded, least_order, shared, succeed, until};
use crate::orders::total;
use std::path::Path;

/// A file in a form.
struct File<'a> {
    input: &'a str,
    name: &'a str,
    bytes: &'a [u8],
}

fn csv<'a>(name: &'a str, text: &'a str) -> File<'a> {
    File { input: "file", name, bytes: text.as_bytes() }
}

/// Sends a form with files, as a browser does.
fn send(shop: &Shop, cookie: &str, path: &str, fields: &[(&str, &str)], files: &[File<'_>]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--xXx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(head.into_bytes());
    }
    for File { input, name, bytes } in files {
        let head = format!(
            "--xXx\r\nContent-Disposition: form-data; name=\"{input}\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--xXx--\r\n");
    let headers = [
        ("content-type", "multipart/form-data; boundary=xXx"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    shop.request("POST", path, &headers, Some(&body))
}

/// Uploads files and gives the path of the import.
#[track_caller]
fn upload(shop: &Shop, cookie: &str, fields: &[(&str, &str)], files: &[File<'_>]) -> String {
    let answer = send(shop, cookie, "/admin/transfer/imports", fields, files).expect(303);
    answer.header("location").unwrap().to_owned()
}

/// The page of an import once nothing happens any more.
fn at_rest(shop: &Shop, cookie: &str, path: &str) -> String {
    let mut page = String::new();
    until("the import is at rest", || {
        page = shop.page(path, cookie).expect(200).body;
        !page.contains("id=\"bar\"")
    });
    page
}

/// Says that it is to be done and waits until it is.
fn start(shop: &Shop, cookie: &str, path: &str, how: &str) -> String {
    shop.form(&format!("{path}/start"), how, cookie).expect(303);
    at_rest(shop, cookie, path)
}

/// Brings a file in, from the upload to its end.
pub(crate) fn imported(shop: &Shop, cookie: &str, text: &str) {
    let kind = [("what", "orders"), ("from", "online-retail")];
    let path = upload(shop, cookie, &kind, &[csv("orders.csv", text)]);
    at_rest(shop, cookie, &path);
    start(shop, cookie, &path, "on_error=stop");
}

/// An import that waits for somebody to start it.
pub(crate) fn checked_import(shop: &Shop, cookie: &str) -> String {
    let path = upload(shop, cookie, &[], &[csv("orders.csv", SHOPIFY)]);
    at_rest(shop, cookie, &path);
    path
}

pub(crate) const SHOPIFY: &str = "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping City,Shipping Country,Id\n\
#1001,anna@example.com,paid,2026-11-01 10:00:00 +0100,unfulfilled,EUR,30.00,4.90,0.00,34.90,2026-11-01 10:00:00 +0100,2,Mug,15.00,MUG-1,Anna Müller,Bern,CH,7001\n\
#1002,olaf@example.com,paid,,fulfilled,EUR,9.00,0.00,0.00,9.00,2026-11-02 10:00:00 +0100,1,=2+3,9.00,CUP-1,Olaf,Oslo,NO,7002\n\
#1003,mia@example.com,paid,,fulfilled,EUR,9.00,0.00,0.00,9.00,2026-11-03 10:00:00 +0100,1.5,Cup,9.00,CUP-1,Mia,Oslo,NO,7003\n";

#[test]
fn an_upload_is_read_first_and_written_when_somebody_says_so() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let path = upload(&shop, &cookie, &[], &[csv("orders.csv", SHOPIFY)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Checked, not imported yet") && page.contains("Shopify"), "{page}");
    assert!(page.contains("Orders added") && page.contains("1.5"), "the refused cell is shown: {page}");
    assert_eq!(total(&shop, ""), 0, "a dry run writes nothing");
    let page = start(&shop, &cookie, &path, "on_error=skip");
    assert!(page.contains("Done"), "{page}");
    assert_eq!((total(&shop, ""), total(&shop, "muller bern")), (2, 1));

    let refused = shop.page(&format!("{path}/refused.csv"), &cookie).expect(200);
    assert!(refused.header("content-disposition").unwrap().starts_with("attachment"));
    assert!(
        refused.body.contains("#1003") && refused.body.contains("quantity_not_whole"),
        "{}",
        refused.body
    );
    // Mended in its own file, the row comes in alone.
    let mended = refused.body.replace(",1.5,", ",1,");
    let path =
        upload(&shop, &cookie, &[("what", "orders"), ("from", "shopify")], &[csv("refused.csv", &mended)]);
    at_rest(&shop, &cookie, &path);
    start(&shop, &cookie, &path, "on_error=stop");
    assert_eq!(total(&shop, ""), 3);

    // The same file again changes nothing.
    let path = upload(&shop, &cookie, &[], &[csv("orders.csv", SHOPIFY)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(
        page.contains("Orders unchanged") && page.contains("What could be read is here already"),
        "{page}"
    );
    assert!(!page.contains(&format!("{path}/start")), "nothing to do has no button: {page}");
    shop.form(&format!("{path}/start"), "", &cookie).expect(409);
    assert_eq!(total(&shop, ""), 3);
    let list = shop.page("/admin/transfer", &cookie).expect(200).body;
    assert_eq!(list.matches("href=\"/admin/transfer/imports/imp_").count(), 3);
    shop.form(&format!("{path}/remove"), "", &cookie).expect(303);
    shop.page(&path, &cookie).expect(404);
    assert_eq!(total(&shop, ""), 3);
}

#[test]
fn a_page_names_the_rows_that_are_left_out_and_gives_them_back() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let text = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Total Orders,Tax Exempt\n\
'1,Anna,Berg,anna@example.com,yes,12.00,1,no\n'2,,,,no,0.00,0,no\n";
    let path = upload(&shop, &cookie, &[], &[csv("customers.csv", text)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Rows left out") && page.contains("The row names nobody."), "{page}");
    assert_eq!((figure(&page, "Customers added"), figure(&page, "Left out")), ("1", "1"));
    assert!(page.contains("anna@example.com: 1 order in the file, 0 here"), "{page}");
    let page = start(&shop, &cookie, &path, "");
    assert!(page.contains("Done"), "{page}");
    let rows = shop.page(&format!("{path}/refused.csv"), &cookie).expect(200).body;
    assert!(rows.contains("'2,,,,no,0.00,0,no,customers.csv,3,,,customer_empty,"), "{rows}");
    // Alone it is nothing to import.
    let path =
        upload(&shop, &cookie, &[("what", "customers"), ("from", "shopify")], &[csv("refused.csv", &rows)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("No row holds anything to import; the reasons are below."), "{page}");
    // A time zone that there is not is refused at its field.
    let form = [("zone", "Mars/Olympus"), ("what", "customers"), ("from", "shopify")];
    let page = send(&shop, &cookie, &format!("{path}/check"), &form, &[]).expect(422).body;
    assert!(
        page.contains("Enter a time zone such as Europe&#x2f;Berlin.") && page.contains("Mars&#x2f;Olympus"),
        "{page}"
    );
}

#[test]
fn a_changed_file_changes_and_two_shops_with_one_format_are_kept_apart() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let run = |fields: &[(&str, &str)], text: &str| {
        let path = upload(&shop, &cookie, fields, &[csv("orders.csv", text)]);
        let checked = at_rest(&shop, &cookie, &path);
        (path, checked)
    };
    let first: String = SHOPIFY.lines().take(3).map(|l| format!("{l}\n")).collect();
    let (path, _) = run(&[], &first);
    start(&shop, &cookie, &path, "");
    assert_eq!(total(&shop, ""), 2);
    // Marked paid meanwhile in the old shop.
    let newer = first.replace("=2+3,9.00", "=2+4,9.00");
    let (path, checked) = run(&[], &newer);
    assert!(
        figure(&checked, "Orders changed") == "1" && figure(&checked, "Orders unchanged") == "1",
        "{checked}"
    );
    let done = start(&shop, &cookie, &path, "");
    assert_eq!((figure(&done, "Orders changed"), figure(&done, "Orders unchanged")), ("1", "1"));
    let order = shop.get("/api/v1/orders?q=olaf").expect(200).json();
    assert_eq!(order["data"][0]["lines"][0]["title"], "=2+4");
    // The file of another shop that also has a #1001.
    let other = first
        .lines()
        .take(2)
        .collect::<Vec<_>>()
        .join("\n")
        .replace("anna@", "bert@")
        .replace("2026-11-01", "2026-10-01");
    let (path, checked) = run(&[], &other);
    assert!(checked.contains("Another order from this source has this number: #1001"), "{checked}");
    assert!(checked.contains("by anna@example.com"), "{checked}");
    let rows = shop.page(&format!("{path}/refused.csv"), &cookie).expect(200).body;
    assert!(rows.contains("bert@example.com") && rows.contains("other_order"), "{rows}");
    // The refused rows come in under a name of their own, and are known by it.
    for (added, unchanged) in [("1", "0"), ("0", "1")] {
        let (path, checked) = run(&[("from", "shopify"), ("source_name", "Shop Two")], &rows);
        assert_eq!(
            (figure(&checked, "Orders added"), figure(&checked, "Orders unchanged")),
            (added, unchanged)
        );
        assert!(checked.contains("<dd>Shop Two</dd>"), "{checked}");
        if added == "1" {
            start(&shop, &cookie, &path, "");
        }
    }
    let order = shop.get("/api/v1/orders?q=bert").expect(200).json();
    assert_eq!(order["data"][0]["source"]["source"], "shop two");
    let own = [("from", "shopify"), ("source_name", "backroom")];
    // A choice that cannot be taken is made again on the import's page; the files stay.
    for (field, value, said) in [
        ("source_name", "backroom", "Choose another."),
        ("currency", "XX", "currency"),
        ("decimal", "x", "dot or a comma"),
    ] {
        let wrong = [own[0], (field, value)];
        let path = upload(&shop, &cookie, &wrong, &[csv("orders.csv", &rows)]);
        let page = shop.page(&path, &cookie).expect(200).body;
        assert!(page.contains("Failed") && page.contains(said), "{page}");
        assert!(page.contains(&format!("value=\"{value}\"")) || field == "decimal", "{page}");
        let right = [("from", "shopify"), ("source_name", "shop two")];
        send(&shop, &cookie, &format!("{path}/check"), &right, &[]).expect(303);
        let page = at_rest(&shop, &cookie, &path);
        assert_eq!(figure(&page, "Orders unchanged"), "1", "{page}");
        assert!(page.contains("Nothing to import") && !page.contains("Checked, not imported yet"), "{page}");
        let list = shop.page("/admin/transfer", &cookie).expect(200).body;
        assert!(list.contains("Nothing to import"), "{list}");
    }
}

#[test]
fn a_check_says_what_is_written_and_assumed_and_is_made_again_when_the_shop_changes() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let bare = "Name,Email,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n\
#1,anna@example.com,30.00,30.00,2026-11-01 10:00:00,2,Mug,15.00\n#2,bert@example.com,9.00,9.00,2026-11-02 10:00:00,1,Cup,9.00\n";
    let first: String = bare.lines().take(2).map(|l| format!("{l}\n")).collect();
    let both = upload(&shop, &cookie, &[("from", "shopify")], &[csv("orders.csv", bare)]);
    let page = at_rest(&shop, &cookie, &both);
    assert_eq!(figure(&page, "Total of the orders to write"), "€39.00");
    let assumed = page.split_once("What this import assumes").unwrap().1;
    for sentence in ["in EUR", "Orders are paid", "Orders are shipped", "time zone UTC"] {
        assert!(assumed.contains(sentence), "{sentence}: {page}");
    }
    // Somebody imports one of them meanwhile: what was shown is true no more.
    let one = upload(&shop, &cookie, &[("from", "shopify")], &[csv("one.csv", &first)]);
    at_rest(&shop, &cookie, &one);
    start(&shop, &cookie, &one, "");
    let page = start(&shop, &cookie, &both, "");
    assert!(page.contains("The shop has changed since the files were checked"), "{page}");
    assert_eq!((figure(&page, "Orders added"), figure(&page, "Orders unchanged")), ("1", "1"));
    assert_eq!(figure(&page, "Total of the orders to write"), "€9.00");
    assert_eq!(total(&shop, ""), 1, "nothing is written that nobody has seen");
    let page = start(&shop, &cookie, &both, "");
    assert!(page.contains("Done") && figure(&page, "Total of the orders written") == "€9.00", "{page}");
    // A change that does not concern the files does not stop them.
    let more = bare.replace("#1,", "#3,").replace("#2,", "#4,");
    let path = upload(&shop, &cookie, &[("from", "shopify")], &[csv("more.csv", &more)]);
    at_rest(&shop, &cookie, &path);
    shop.place("k", &least_order("kim@example.com", 100)).expect(201);
    assert!(start(&shop, &cookie, &path, "").contains("Done"));
    assert_eq!(total(&shop, ""), 5);
}

/// A figure of a check or a result, "0" where it is not shown.
fn figure<'a>(page: &'a str, label: &str) -> &'a str {
    let found = page.split_once(&format!("<dt>{label}</dt><dd class=\"num\">"));
    found.and_then(|(_, rest)| rest.split_once("</dd>")).map_or("0", |(number, _)| number)
}

#[test]
fn what_cannot_be_read_says_why_and_the_files_need_not_be_sent_again() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let nothing = send(&shop, &cookie, "/admin/transfer/imports", &[("what", "orders")], &[]).expect(422);
    assert!(nothing.body.contains("Choose at least one file."), "{}", nothing.body);
    let path = upload(&shop, &cookie, &[], &[csv("leer.csv", "")]);
    assert!(at_rest(&shop, &cookie, &path).contains("leer.csv has no header line."));
    let broken =
        [("content-type", "multipart/form-data"), ("sec-fetch-site", "same-origin"), ("cookie", &cookie)];
    shop.request("POST", "/admin/transfer/imports", &broken, Some(b"x")).expect(415);
    let text = "Bestellung;Wer;Wann;Was;Summe\nA1;kim@example.com;03.02.2026;Tasse;1.234,50\n";
    let path = upload(&shop, &cookie, &[], &[csv("eigenes.csv", text)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Failed") && page.contains("none of the formats"), "{page}");
    shop.form(&format!("{path}/start"), "", &cookie).expect(409);

    let mapping = "source = \"eigenes\"\n[constants]\ncurrency = \"EUR\"\n[order]\nkey = \"Bestellung\"\nid = \"Bestellung\"\nplaced_at = \"Wann\"\n[customer]\nemail = \"Wer\"\n[line]\ntitle = \"Was\"\ntotal = \"Summe\"\n";
    let wrong = send(&shop, &cookie, &format!("{path}/check"), &[("decimal", "x")], &[]).expect(422);
    assert!(wrong.body.contains("dot or a comma"), "{}", wrong.body);
    let file = File { input: "mapping", name: "eigenes.toml", bytes: mapping.as_bytes() };
    // A mapping that was given is not asked for: what is missing is what the files hold.
    let file_again = File { input: "mapping", name: "eigenes.toml", bytes: mapping.as_bytes() };
    send(&shop, &cookie, &format!("{path}/check"), &[("from", "csv")], &[file_again]).expect(303);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Choose what the files hold: the mapping was taken"), "{page}");
    assert!(page.contains("id=\"f-what\" name=\"what\" aria-invalid"), "{page}");
    let fields = [("from", "csv"), ("what", "orders")];
    send(&shop, &cookie, &format!("{path}/check"), &fields, &[file]).expect(303);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("03.02.2026 the day or the month may come first"), "{page}");
    // The mapping need not be sent again either.
    let fields = [("from", "csv"), ("what", "orders"), ("dates", "dmy")];
    send(&shop, &cookie, &format!("{path}/check"), &fields, &[]).expect(303);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Checked, not imported yet"), "{page}");
    start(&shop, &cookie, &path, "");
    let order = shop.get("/api/v1/orders?q=kim").expect(200).json();
    assert_eq!(order["data"][0]["total"]["amount"], 123_450);
    assert_eq!(order["data"][0]["placed_at"], "2026-02-03T00:00:00Z");
}

#[test]
fn a_file_whose_letters_nothing_tells_asks_for_its_encoding() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    // Иван, Москва
    let text = [
        b"Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Billing Name\n#1,ivan@example.com,paid,EUR,9.00,2026-11-01 10:00:00 +0100,1,Cup,9.00,".as_slice(),
        b"\xc8\xe2\xe0\xed \xcc\xee\xf1\xea\xe2\xe0\n",
    ]
    .concat();
    let path = upload(&shop, &cookie, &[], &[File { input: "file", name: "orders.csv", bytes: &text }]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Failed") && page.contains("Save it as UTF-8, or say its encoding"), "{page}");
    // The field stands open, with the guess in it.
    assert!(page.contains("id=\"f-encoding\" name=\"encoding\" aria-invalid"), "{page}");
    let guess = page.split("They look like ").nth(1).map(|rest| rest.split(',').next().unwrap().to_owned());
    if let Some(guess) = guess {
        assert!(page.contains(&format!("<option value=\"{guess}\" selected>")), "{guess}: {page}");
    }
    let fields = [("from", "shopify"), ("what", "orders"), ("encoding", "windows-1251")];
    send(&shop, &cookie, &format!("{path}/check"), &fields, &[]).expect(303);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Checked, not imported yet") && page.contains("Иван Москва"), "{page}");
}

/// An import that went on tells what one run would have told: the same as the check.
fn ended_as_checked(shop: &Shop, orders: u64, refused: u64) {
    let told = |kind: &str| {
        let events = shop.get(&format!("/api/v1/events?kind={kind}")).expect(200).json();
        events["data"][0]["data"]["landed"].clone()
    };
    let ended = told("import.ended");
    assert_eq!((&ended["orders_added"], &ended["refused"]), (&orders.into(), &refused.into()), "{ended}");
    assert_eq!(ended, told("import.checked"));
}

#[test]
fn an_import_goes_on_after_a_kill_and_brings_everything_once() {
    let orders = 6_000;
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for i in 0..orders {
        text.push_str(&format!(
            "{},A{i},Thing {i},1,2011-01-01 10:00,2.00,{},France\n",
            500_000 + i,
            10_000 + i % 700
        ));
    }
    text.push_str("1,A,Thing,1,some day,2.00,10000,France\n");
    let mut shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let path = upload(&shop, &cookie, &[], &[csv("year.csv", &text)]);
    at_rest(&shop, &cookie, &path);
    shop.form(&format!("{path}/start"), "", &cookie).expect(303);
    until("some orders have landed", || total(&shop, "") > 300);
    shop.kill();
    shop.start();
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Done"), "{page}");
    ended_as_checked(&shop, orders, 1);
    let refused = shop.page(&format!("{path}/refused.csv"), &cookie).expect(200).body;
    assert_eq!(refused.lines().count(), 2, "{refused}");
    assert_eq!(total(&shop, ""), orders);
    let customers = shop.get("/api/v1/customers?count=exact&limit=1").json();
    assert_eq!(customers["total"], 700);
    // One that is stopped by hand stays stopped, and what came stays once when it goes on.
    let path = upload(&shop, &cookie, &[], &[csv("year.csv", &text.replace("A1,", "B1,"))]);
    at_rest(&shop, &cookie, &path);
    shop.form(&format!("{path}/start"), "", &cookie).expect(303);
    shop.form(&format!("{path}/stop"), "", &cookie).expect(303);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Stopped by Olga Owner.") || page.contains("Done"), "{page}");
    assert_eq!(shop.stop(), Some(0));
}

#[test]
fn an_import_goes_on_after_the_program_has_ended_in_order_and_tells_the_same() {
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for i in 0..12_000 {
        // Those that are refused shift the groups that are written against the steps that are told.
        let day = if [7, 11, 20].contains(&i) { "some day" } else { "2011-01-01 10:00" };
        text.push_str(&format!("{},A,Thing,1,{day},2.00,{},France\n", 500_000 + i, 10_000 + i % 70));
    }
    let mut shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let path = upload(&shop, &cookie, &[], &[csv("year.csv", &text)]);
    at_rest(&shop, &cookie, &path);
    shop.form(&format!("{path}/start"), "", &cookie).expect(303);
    until("some orders have landed", || total(&shop, "") > 300);
    assert!(total(&shop, "") < 11_000, "it is in the middle");
    assert_eq!(shop.stop(), Some(0));
    shop.start();
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("Done"), "{page}");
    ended_as_checked(&shop, 11_997, 3);
    assert_eq!(total(&shop, ""), 11_997);
}

#[test]
fn a_command_that_was_killed_tells_when_it_is_run_again_what_it_would_have_told() {
    let mut shop = Shop::open();
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for i in 0..6_000 {
        text.push_str(&format!(
            "{},A,Thing,1,2011-01-01 10:00,2.00,{},France\n",
            500_000 + i,
            10_000 + i % 70
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("year.csv");
    std::fs::write(&file, &text).unwrap();
    let args = ["import", "orders", "--from", "online-retail", file.to_str().unwrap(), "--json", "--data"];
    let mut command = std::process::Command::new(crate::harness::program());
    let mut child = command.args(args).arg(shop.data()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("some orders have landed", || total(&shop, "") > 300);
    shop.kill();
    assert!(!child.wait().unwrap().success());
    shop.start();
    let landed = |args: &[&str]| -> serde_json::Value {
        let args = [args, &[shop.data()]].concat();
        serde_json::from_str::<serde_json::Value>(&succeed(&args)).unwrap()["landed"].clone()
    };
    let told = landed(&args);
    assert_eq!((&told["orders_added"], &told["orders_unchanged"]), (&6_000.into(), &0.into()), "{told}");
    // Run once more it is another import.
    let told = landed(&args);
    assert_eq!((&told["orders_added"], &told["orders_unchanged"]), (&0.into(), &6_000.into()), "{told}");
    assert_eq!(total(&shop, ""), 6_000);
}

#[test]
fn what_a_list_shows_is_exported_and_whole_records_come_in_again_unchanged() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    for i in 0..1_203 {
        let mut order = least_order(&format!("c{}@example.com", i % 50), 100 + i);
        order["note"] = "=cmd|' /C calc'!A0".into();
        order["tags"] = serde_json::json!(["gift wrapped"]);
        order["shipping_address"] =
            serde_json::json!({"name": "Åse Ødegård", "city": "Bodø", "country": "NO"});
        shop.place(&format!("k{i}"), &order).expect(201);
    }
    let page =
        shop.page("/admin/exports/orders?q=total:%3E5&sort=-total&cols=number,total", &cookie).expect(200);
    assert!(page.body.contains("<strong>802</strong> orders match"), "{}", page.body);
    let form = format!("q={}&sort=-total&cols=number%2Ctotal&shape=shown&delimiter=%3B", encoded("total:>5"));
    let shown = shop.form("/admin/exports/orders", &form, &cookie).expect(200);
    let rows: Vec<&str> = shown.body.lines().collect();
    assert_eq!((rows[0], rows.len()), ("Order;Status;Total;Currency", 803));
    assert_eq!((rows[1], rows[802]), ("11203;Open;13.02;EUR", "10402;Open;5.01;EUR"));
    let all = shop.form("/admin/exports/orders", "shape=list", &cookie).expect(200).body;
    assert!(
        all.contains(",new,") && all.contains(",returning,") && all.contains("\"'=cmd|"),
        "{}",
        &all[..900]
    );
    assert!(!all.contains(",=cmd"));
    let customers = shop.form("/admin/exports/customers", "shape=list&mark=yes", &cookie).expect(200).body;
    assert_eq!((customers.starts_with('\u{feff}'), customers.lines().count()), (true, 51));
    // A word is taken as it stands: what was meant by a mistyped one is not sent under its name.
    assert_eq!(
        shop.form("/admin/exports/orders", "q=odegard", &cookie).expect(200).body.lines().count(),
        1_204
    );
    for mistyped in ["odegadr", "Bodoe1"] {
        let file = shop.form("/admin/exports/orders", &format!("q={mistyped}"), &cookie).expect(200).body;
        assert_eq!(file.lines().count(), 1, "{mistyped}");
        let page = shop.page(&format!("/admin/exports/orders?q={mistyped}"), &cookie).expect(200).body;
        assert!(page.contains("<strong>0</strong> orders match"), "{page}");
        let printed = succeed(&["export", "orders", "--query", mistyped, "--data", shop.data()]);
        assert_eq!(printed.lines().count(), 1, "{mistyped}");
    }
    shop.form("/admin/exports/orders", "shape=pdf", &cookie).expect(422);
    let wrong = shop.page("/admin/exports/orders?q=colur%3Ax", &cookie).expect(422);
    assert!(wrong.body.contains("There is no field"), "{}", wrong.body);
    let events = shop.get("/api/v1/events?kind=export.made").expect(200).json();
    let made = events["data"].as_array().unwrap();
    assert_eq!(made.len(), 6);
    assert_eq!((&made[0]["data"]["records"], &made[0]["data"]["whole"]), (&802.into(), &true.into()));
    assert_eq!(made[0]["actor"]["name"], "Olga Owner");

    // The lists are for people: as files to import they are refused by name, also where a format is chosen.
    for (name, text, fields) in [
        ("orders.csv", &all, &[][..]),
        ("shown.csv", &shown.body, &[]),
        ("customers.csv", &customers, &[]),
        ("chosen.csv", &customers, &[("from", "shopify"), ("what", "customers")]),
        ("chosen.csv", &all, &[("from", "backroom"), ("what", "orders")]),
    ] {
        let path = upload(&shop, &cookie, fields, &[csv(name, text)]);
        let page = at_rest(&shop, &cookie, &path);
        assert!(page.contains("Failed") && page.contains("Export “Everything there is”"), "{name}: {page}");
    }

    for (format, name) in [("csv", "orders.csv"), ("jsonl", "orders.jsonl"), ("xlsx", "orders.xlsx")] {
        let form = format!("shape=records&format={format}");
        let file = shop.form("/admin/exports/orders", &form, &cookie).expect(200).bytes;
        let other = Shop::open();
        let there = other.sign_in(OWNER, PASSWORD);
        let path = upload(&other, &there, &[], &[File { input: "file", name, bytes: &file }]);
        assert!(at_rest(&other, &there, &path).contains("Backroom"));
        start(&other, &there, &path, "on_error=stop");
        let all = "shape=records";
        let again = other.form("/admin/exports/orders", all, &there).expect(200).body;
        assert_eq!(again, shop.form("/admin/exports/orders", all, &cookie).expect(200).body, "{name}");
    }
}

#[test]
fn credit_notes_are_exported_and_come_in_again() {
    let retail = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        1,A,Cup,2,2011-01-01 10:00,2.00,7,France\nC2,A,=Cup,-1,2011-01-02 10:00,2.00,8,France\n";
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let path = upload(&shop, &cookie, &[], &[csv("retail.csv", retail)]);
    assert_eq!(figure(&at_rest(&shop, &cookie, &path), "Customers in the files"), "2");
    start(&shop, &cookie, &path, "");
    let page = shop.page("/admin/exports/orders?shape=credit_notes", &cookie).expect(200).body;
    assert!(page.contains("<strong>1</strong> credit note."), "{page}");
    for (format, name) in [("csv", "notes.csv"), ("jsonl", "notes.jsonl"), ("xlsx", "notes.xlsx")] {
        let form = format!("shape=credit_notes&format={format}");
        let file = shop.form("/admin/exports/orders", &form, &cookie).expect(200).bytes;
        let other = Shop::open();
        let there = other.sign_in(OWNER, PASSWORD);
        let as_orders = [("from", "backroom"), ("what", "orders")];
        let path = upload(&other, &there, &as_orders, &[File { input: "file", name, bytes: &file }]);
        assert!(at_rest(&other, &there, &path).contains("holds credit notes"), "{name}");
        let path = upload(&other, &there, &[], &[File { input: "file", name, bytes: &file }]);
        let page = at_rest(&other, &there, &path);
        assert_eq!(figure(&page, "Credit notes and adjustments added"), "1", "{page}");
        start(&other, &there, &path, "on_error=stop");
        let all = "shape=credit_notes";
        let again = other.form("/admin/exports/orders", all, &there).expect(200).body;
        assert_eq!(again, shop.form("/admin/exports/orders", all, &cookie).expect(200).body, "{name}");
    }
}

#[test]
fn an_upload_over_the_limit_is_refused_with_what_helps() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[server]\nmax_upload = \"1 MB\"\n").unwrap();
    let shop = Shop::open_with(&["--config", file.path().to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    assert!(shop.page("/admin/transfer", &cookie).expect(200).body.contains("1.0 MB at most"));
    let large = "a,b\n".repeat(300_000);
    let page = send(&shop, &cookie, "/admin/transfer/imports", &[], &[csv("large.csv", &large)]).expect(413);
    assert!(page.body.contains("larger than 1 MB, which is the most here"), "{}", page.body);
}

#[test]
fn pictures_documents_and_mac_files_are_told_apart() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    for (name, bytes, said) in [
        ("a.png", &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "a.png is a picture, not a table."),
        ("a.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\n", "a.pdf is a PDF document, not a table."),
        ("a.csv", &b"\0\x01\x02\x03".repeat(100), "a.csv is no text, not a table."),
    ] {
        let path = upload(&shop, &cookie, &[], &[File { input: "file", name, bytes }]);
        let page = at_rest(&shop, &cookie, &path);
        assert!(page.contains("Failed") && page.contains(said), "{page}");
    }
    let path = upload(&shop, &cookie, &[], &[csv("mac.csv", &SHOPIFY.replace('\n', "\r"))]);
    assert_eq!(figure(&at_rest(&shop, &cookie, &path), "Orders added"), "2");
    let header = SHOPIFY.lines().next().unwrap();
    let path = upload(&shop, &cookie, &[], &[csv("header.csv", header)]);
    let page = at_rest(&shop, &cookie, &path);
    assert!(page.contains("a header and no rows") && page.contains("Nothing to import"), "{page}");
}

#[test]
fn whatever_is_uploaded_is_read_or_refused_and_the_shop_goes_on() {
    let Some(data) = shared::data() else { return };
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let mut files = Vec::new();
    for folder in ["bad-input", "payloads", "images", "mail"] {
        collect(&data.join(folder), &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    let mut paths = Vec::new();
    for (i, file) in files.iter().enumerate().filter(|(i, _)| i % 7 == 0) {
        let bytes = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().replace('"', "_");
        let whats = ["", "orders", "customers"];
        let froms = ["", "shopify", "backroom", "olist", "woocommerce"];
        let fields = [("what", whats[i % 3]), ("from", froms[i % 5])];
        paths.push(upload(&shop, &cookie, &fields, &[File { input: "file", name: &name, bytes: &bytes }]));
    }
    for path in paths {
        let page = at_rest(&shop, &cookie, &path);
        let is_judged = ["Failed", "Checked", "Nothing to import"].iter().any(|word| page.contains(word));
        assert!(is_judged, "{path}");
        assert!(!page.contains("fault of the program"), "{path}: {page}");
    }
    assert_eq!(total(&shop, ""), 0);
    shop.request("GET", "/readyz", &[], None).expect(200);
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
    files.sort();
}
