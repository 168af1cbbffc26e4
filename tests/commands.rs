//! The command line: help with examples, exit codes, the same verbs with and without a running server.

use crate::harness::{Shop, backroom, least_order, project, succeed};

const VERBS: &[&str] = &[
    "demo",
    "serve",
    "staff",
    "key",
    "import",
    "export",
    "search",
    "backup",
    "check",
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
        let report: serde_json::Value = serde_json::from_str(&twice).unwrap();
        assert_eq!(
            (&report["landed"]["orders_added"], &report["landed"]["orders_unchanged"]),
            (&0.into(), &8.into())
        );
        // Into the shop it came from: nothing changes.
        let home_again =
            succeed(&["import", "orders", "--from", "backroom", &file, "--data", shop.data(), "--json"]);
        let report: serde_json::Value = serde_json::from_str(&home_again).unwrap();
        assert_eq!(report["landed"]["orders_added"], 0, "{report}");
        succeed(&["check", "--data", &other]);
    }
    assert_eq!(crate::orders::total(&shop, ""), 8);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let shop = Shop::open();
    for i in 0..50 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    let command =
        format!("{} export orders --data {} | head -n 1", env!("CARGO_BIN_EXE_backroom"), shop.data());
    let output =
        std::process::Command::new("bash").args(["-o", "pipefail", "-c", &command]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
