//! The command line: help with examples, exit codes, the same verbs with and without a running server.

use crate::harness::{
    OWNER, PASSWORD, Shop, backroom, least_order, program, project, request, succeed, succeed_system,
};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

const VERBS: &[&str] = &[
    "demo",
    "serve",
    "staff",
    "key",
    "import",
    "export",
    "search",
    "sites",
    "backup",
    "check",
    "recover",
    "reindex",
    "setup-link",
    "config",
    "openapi",
    "version",
    "completions",
];

#[test]
fn every_verb_explains_itself_and_readme_names_it() {
    let readme = std::fs::read_to_string(project("README.md")).unwrap();
    let help = succeed(&["--help"]);
    for verb in VERBS {
        assert!(help.contains(verb), "{verb} is not in --help");
        assert!(succeed(&[verb, "--help"]).contains("backroom "), "{verb} shows no example");
        assert!(readme.contains(&format!("backroom {verb}")), "README.md does not name `backroom {verb}`");
    }
    assert_eq!(backroom(&["nonsense"]).status.code(), Some(2));
    assert_eq!(backroom(&["import", "orders", "--from", "atlantis", "x.csv"]).status.code(), Some(2));
}

#[test]
fn a_verb_answers_the_same_with_and_without_the_server() {
    let mut shop = Shop::open();
    for i in 0..5 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100 + i)).expect(201);
    }
    let data = shop.data().to_owned();
    let verbs: &[&[&str]] = &[
        &["search", "--json", "c3@example.com", "--data", &data],
        &["export", "orders", "--data", &data],
        &["export", "orders", "--format", "jsonl", "--query", "email:c2@example.com", "--data", &data],
        &["export", "customers", "--data", &data],
        &["check", "--data", &data],
        &["staff", "list", "--json", "--data", &data],
    ];
    let served: Vec<String> = verbs.iter().map(|v| succeed(v)).collect();
    assert!(
        served[0].contains("c3@example.com")
            && served[1].lines().count() == 6
            && served[2].lines().count() == 1
    );
    assert_eq!(shop.stop(), Some(0));
    let alone: Vec<String> = verbs.iter().map(|v| succeed(v)).collect();
    assert_eq!(served, alone);
}

#[test]
fn what_is_exported_imports_again_unchanged() {
    let shop = Shop::open();
    for i in 0..8 {
        let mut order = least_order(&format!("c{i}@example.com"), 100 + i);
        order["note"] = "=1+1".into();
        order["tags"] = serde_json::json!(["a", "b c"]);
        order["shipping_address"] =
            serde_json::json!({"name": "Anna \"B\" Berg", "city": "Bern;,\t", "country": "CH"});
        shop.place(&format!("k{i}"), &order).expect(201);
    }
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    for format in ["csv", "jsonl"] {
        let (file, again, other) =
            (path(&format!("o.{format}")), path(&format!("o2.{format}")), path(&format!("shop-{format}")));
        succeed(&["export", "orders", "--format", format, "-o", &file, "--data", shop.data()]);
        succeed(&["import", "orders", "--from", "backroom", &file, "--data", &other]);
        succeed(&["export", "orders", "--format", format, "-o", &again, "--data", &other]);
        let (first, second) =
            (std::fs::read_to_string(&file).unwrap(), std::fs::read_to_string(&again).unwrap());
        assert_eq!(first.lines().count(), second.lines().count());
        let twice = succeed(&["import", "orders", "--from", "backroom", &file, "--data", &other, "--json"]);
        let report: Value = serde_json::from_str(&twice).unwrap();
        assert_eq!(
            (&report["landed"]["orders_added"], &report["landed"]["orders_unchanged"]),
            (&0.into(), &8.into())
        );
        // Into the shop it came from: nothing changes.
        let home_again =
            succeed(&["import", "orders", "--from", "backroom", &file, "--data", shop.data(), "--json"]);
        let report: Value = serde_json::from_str(&home_again).unwrap();
        assert_eq!(report["landed"]["orders_added"], 0, "{report}");
        succeed(&["check", "--data", &other]);
    }
    assert_eq!(crate::orders::total(&shop, ""), 8);
}

/// A demo shop in the directory, with one customer who has a new address; it does not run any more.
fn demo(data: &str) {
    let mut child = Command::new(program())
        .args(["demo", "--orders", "1500", "--listen", "127.0.0.1:0", "--json", "--data", data])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let at: Value = serde_json::from_str(&line).unwrap();
    let (url, key) = (at["url"].as_str().unwrap(), at["api_key"].as_str().unwrap());
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let some = request(&format!("{url}/api/v1/customers?limit=1"), "GET", &headers, None).expect(200).json();
    let path = format!("{url}/api/v1/customers/{}", some["data"][0]["id"].as_str().unwrap());
    let headers = [headers[0], ("content-type", "application/merge-patch+json")];
    request(&path, "PATCH", &headers, Some(br#"{"email":"moved@example.org"}"#)).expect(200);
    succeed_system("kill", &["-TERM", &child.id().to_string()]);
    child.wait().unwrap();
}

#[test]
fn a_whole_shop_goes_out_and_comes_in_and_goes_out_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let data = path("demo");
    demo(&data);
    let export = |data: &str, what: &str, format: &str, to: &str| {
        succeed(&["export", what, "--format", format, "-o", to, "--data", data]);
    };
    let kinds = ["customers", "orders", "credit-notes"];
    for what in kinds {
        export(&data, what, "jsonl", &path(what));
    }
    let first = kinds.map(|what| std::fs::read_to_string(path(what)).unwrap());
    assert!(first[0].contains("\"old_emails\":[\""), "nobody has an earlier address");
    assert!(first[2].lines().count() > 5, "nothing was credited");
    for format in ["csv", "xlsx", "jsonl"] {
        let other = path(&format!("shop-{format}"));
        for (what, whole) in kinds.iter().zip(&first) {
            let (file, records) = (path(&format!("{what}.{format}")), whole.lines().count() as u64);
            export(&data, what, format, &file);
            let import = |more: &[&str]| -> Value {
                let args = ["import", what, "--from", "backroom", &file, "--data", &other, "--json"];
                let told = succeed(&[&args, more].concat());
                let mut landed = serde_json::from_str::<Value>(&told).unwrap()["landed"].take();
                landed.as_object_mut().unwrap().retain(|_, count| *count != 0);
                landed
            };
            let what = what.replace('-', "_");
            let added = serde_json::json!({ format!("{what}_added"): records });
            assert_eq!(import(&["--dry-run"]), added, "{file}");
            assert_eq!(import(&[]), added, "{file}");
            assert_eq!(import(&[]), serde_json::json!({ format!("{what}_unchanged"): records }), "{file}");
        }
        for (what, whole) in kinds.iter().zip(&first) {
            let again = path("again");
            export(&other, what, "jsonl", &again);
            let again = std::fs::read_to_string(again).unwrap();
            let differs = again.lines().zip(whole.lines()).find(|(a, b)| a != b);
            assert!(differs.is_none() && again.len() == whole.len(), "{what} by {format}: {differs:?}");
        }
        // And into the shop it came from, where nothing changes.
        let orders = path(&format!("orders.{format}"));
        let told = succeed(&["import", "orders", "--from", "backroom", &orders, "--data", &data, "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["landed"]["orders_unchanged"], first[1].lines().count(), "{told}");
        assert!(succeed(&["check", "--data", &other]).contains("no problem"));
    }
}

#[test]
fn orders_of_another_shop_keep_their_ids_and_its_credit_notes_come_along() {
    let retail = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        1,A,Cup,2,2011-01-01 10:00,2.00,7,France\n2,A,Cup,1,2011-01-02 10:00,2.00,7,France\n\
        C3,A,=Cup,-1,2011-01-02 11:00,2.00,7,France\nC4,B,Pan,-1,2011-01-03 10:00,9.00,8,France\n\
        A5,B,Adjust bad debt,1,2011-01-04 10:00,-5.00,,United Kingdom\n";
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (here, file) = (path("here"), path("retail.csv"));
    std::fs::write(&file, retail).unwrap();
    succeed(&["import", "orders", "--from", "online-retail", &file, "--data", &here]);
    let kinds = ["orders", "credit-notes", "customers"];
    let export = |data: &str, what: &str, format: &str, to: &str| {
        succeed(&["export", what, "--format", format, "-o", to, "--data", data])
    };
    let told = export(&here, "orders", "csv", &path("all.csv"));
    assert!(told.contains("Credit notes are a file of their own"), "{told}");
    for format in ["csv", "jsonl", "xlsx"] {
        // Without the file of customers: everybody comes with an order or a credit note.
        let there = path(&format!("there-{format}"));
        for what in &kinds[..2] {
            let name = path(&format!("{what}.{format}"));
            export(&here, what, format, &name);
            for (added, unchanged) in [(true, false), (false, true)] {
                let args = ["import", what, "--from", "backroom", &name, "--data", &there, "--json"];
                let told: Value = serde_json::from_str(&succeed(&args)).unwrap();
                let count = |key: &str| told["landed"][format!("{}_{key}", what.replace('-', "_"))] != 0;
                assert_eq!((count("added"), count("unchanged")), (added, unchanged), "{told}");
                assert_eq!(told["landed"]["refused"], 0, "{told}");
            }
            for (data, to) in [(&here, "a"), (&there, "b")] {
                export(data, what, "jsonl", &path(to));
            }
            let [a, b] = ["a", "b"].map(|name| std::fs::read_to_string(path(name)).unwrap());
            assert_eq!(a, b, "{what} by {format}");
        }
        for (data, to) in [(&here, "a"), (&there, "b")] {
            export(data, "customers", "jsonl", &path(to));
        }
        let [a, b] = ["a", "b"].map(|name| std::fs::read_to_string(path(name)).unwrap().lines().count());
        assert_eq!((a, b), (2, 2));
        assert!(succeed(&["check", "--data", &there]).contains("no problem"));
    }
}

#[test]
fn an_exported_file_is_edited_and_comes_in_again_unless_somebody_was_faster() {
    let mut shop = Shop::open();
    let order = shop.place("k1", &least_order("anna@example.com", 1_000)).expect(201).json();
    let id = order["id"].as_str().unwrap().to_owned();
    let step = |shop: &Shop, step: &str, body: Value| {
        shop.send("POST", &format!("/api/v1/orders/{id}/{step}"), &body, &[]).expect(200)
    };
    step(&shop, "pay", serde_json::json!({}));
    step(&shop, "refund", serde_json::json!({"amount": {"amount": 400, "currency": "EUR"}}));
    step(&shop, "cancel", serde_json::json!({"reason": "customer"}));
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    succeed(&["export", "orders", "--format", "jsonl", "-o", &file("first"), "--data", shop.data()]);
    // What a step has noted is the same in the file: nothing is refused.
    let told = backroom(&[
        "import",
        "orders",
        "--from",
        "backroom",
        &file("first"),
        "--data",
        shop.data(),
        "--json",
    ]);
    let landed = serde_json::from_slice::<Value>(&told.stdout).unwrap()["landed"].clone();
    assert_eq!((&landed["orders_unchanged"], &landed["refused"]), (&1.into(), &0.into()), "{landed}");
    shop.stop();

    // It is another shop's then, with what was noted by steps.
    let mut other = Shop::open();
    let import = |data: &str, name: &str| {
        let told =
            backroom(&["import", "orders", "--from", "backroom", &file(name), "--data", data, "--json"]);
        serde_json::from_slice::<Value>(&told.stdout).unwrap()["landed"].clone()
    };
    assert_eq!(import(other.data(), "first")["orders_added"], 1);
    step(&other, "reopen", serde_json::json!({}));
    step(&other, "unrefund", serde_json::json!({}));
    let export = |data: &str, name: &str, note: &str| {
        succeed(&["export", "orders", "--format", "jsonl", "-o", &file(name), "--data", data]);
        let mut edited: Value = serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
        edited["note"] = note.into();
        std::fs::write(file(name), format!("{edited}\n")).unwrap();
    };
    export(other.data(), "edited", "edited");
    export(other.data(), "late", "late");
    assert_eq!(import(other.data(), "edited")["orders_changed"], 1);
    assert_eq!(import(other.data(), "edited")["orders_unchanged"], 1);
    step(&other, "hold", serde_json::json!({"note": "look"}));
    let late = import(other.data(), "late");
    assert_eq!((&late["orders_changed"], &late["refused"]), (&0.into(), &1.into()), "{late}");
    let here = other.get(&format!("/api/v1/orders/{id}")).expect(200).json();
    assert_eq!((&here["note"], &here["refunded"]["amount"]), (&"edited".into(), &0.into()), "{here}");
    assert_eq!(other.stop(), Some(0));
    assert!(succeed(&["check", "--data", other.data()]).contains("no problem"));
}

#[test]
fn what_cannot_be_imported_is_told_with_its_path_and_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("shop").to_str().unwrap().to_owned();
    let told = |args: &[&str]| {
        let all = [&["import", "orders", "--data", &data], args].concat();
        let output = backroom(&all);
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let nonexist = told(&["--from", "shopify", "/nonexist.csv"]);
    assert!(nonexist.contains("/nonexist.csv cannot be read: there is no such file."), "{nonexist}");
    assert!(told(&["--from", "shopify", "/etc"]).contains("/etc cannot be read: it is a folder."));
    assert!(told(&["--from", "csv", "/nonexist.csv"]).contains("--from csv needs --mapping FILE"));
    let long = home.path().join("long.csv");
    std::fs::write(&long, format!("{},b\n1,2\n", "x".repeat(900_000))).unwrap();
    let long = told(&["--from", "shopify", long.to_str().unwrap()]);
    assert!(long.len() < 1_000 && long.contains("xxx…"), "{}", long.len());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let shop = Shop::open();
    for i in 0..50 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    let command = format!("{} export orders --data {} | head -n 1", program(), shop.data());
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &command]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A script that names an order has this one; on the page, where the number is still being typed, its beginning is enough and
/// is handed on with the star.
#[test]
fn an_export_takes_a_value_as_it_is_written() {
    let shop = Shop::open();
    for n in 0..12 {
        let order = least_order("anna@example.com", 100);
        shop.place(&format!("k{n}"), &order).expect(201);
    }
    let count = |query: &str| {
        let args = ["export", "orders", "--format", "jsonl", "--query", query, "--data", shop.data()];
        succeed(&args).lines().count()
    };
    // The numbers are 10001 to 10012.
    assert_eq!((count("number:10001"), count("number:1001"), count("number:1001*")), (1, 0, 3));
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let form = "q=number%3A1001&shape=list";
    let file = shop.form("/admin/exports/orders", form, &cookie).expect(200).body;
    assert_eq!(file.lines().count(), 1 + 3);
    let told = shop.get("/api/v1/events?kind=export.made").json();
    assert_eq!(told["data"][0]["data"]["query"], "number:1001*");
}

#[test]
fn a_mistyped_directory_is_not_made_into_a_shop() {
    let dir = tempfile::tempdir().unwrap();
    let typed = dir.path().join("shpo").display().to_string();
    for verb in [
        &["staff", "list"][..],
        &["staff", "deactivate", "ben@example.com"],
        &["staff", "end-sessions", "ben@example.com"],
        &["key", "list"],
        &["export", "orders"],
        &["search", "anna"],
        &["check"],
    ] {
        let out = backroom(&[verb, &["--data", &typed]].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.contains("There is no shop in"), "{verb:?}: {said}");
        assert!(!std::path::Path::new(&typed).exists(), "{verb:?} made {typed}");
    }
}

#[test]
fn a_file_whose_name_is_no_text_is_told_of_and_not_asked_for() {
    let shop = Shop::open();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(std::ffi::OsStr::from_bytes(b"orders\xff.csv"));
    std::fs::write(&file, "Name\n").unwrap();
    let out = Command::new(program())
        .args(["import", "orders", "--from", "shopify", "--data", shop.data()])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("is not valid UTF-8"), "{said}");
}
