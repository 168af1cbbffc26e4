//! Commands beside the service: secrets that it alone has, files that are not to be written over, a shop that is moved away.

use crate::harness::{Shop, backroom, least_order, program, succeed, until};
use std::path::Path;
use std::process::{Command, Stdio};

/// How a command ended, and what it said.
fn ended(args: &[&str]) -> (Option<i32>, String) {
    let out = backroom(args);
    let said = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_command_does_without_the_secrets_that_the_service_alone_is_given() {
    let mut shop = Shop::open();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml").display().to_string();
    std::fs::write(
        &file,
        "[mail]\nhost = \"smtp.example.com\"\nuser = \"shop\"\n[backup]\ns3_endpoint = \"https://s3.example.com\"\ns3_bucket = \"b\"\n",
    )
    .unwrap();
    let data = shop.data().to_owned();
    let verbs: &[&[&str]] = &[&["staff", "list"], &["check"], &["backup", "list"], &["config", "show"]];
    // Beside the running service, and alone.
    for is_served in [true, false] {
        for verb in verbs {
            let (code, said) = ended(&[verb, &["--config", &file, "--data", &data][..]].concat());
            assert_eq!(code, Some(0), "{verb:?}: {said}");
        }
        if is_served {
            shop.stop();
        }
    }
    let (code, said) = ended(&["config", "check", "--config", &file]);
    assert!(code == Some(0) && said.contains("mail.password is not set here"), "{said}");
    let (code, said) = ended(&["serve", "--config", &file, "--data", &data, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(3) && said.contains("mail.password") && said.contains("s3_access_key"), "{said}");
}

#[test]
fn what_is_in_the_data_directory_is_not_written_over() {
    let mut shop = Shop::open();
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    let data = shop.data().to_owned();
    let home = tempfile::tempdir().unwrap();
    let orders = home.path().join("orders.csv").display().to_string();
    std::fs::write(&orders, "Name,Email,Created at,Lineitem name,Lineitem quantity,Lineitem price\n")
        .unwrap();
    let database = Path::new(&data).join("store.redb").display().to_string();
    for is_served in [true, false] {
        for verb in [
            &["export", "orders", "-o", &database, "--data", &data][..],
            &["import", "orders", "--from", "shopify", &orders, "--rejected", &database, "--data", &data],
        ] {
            let (code, said) = ended(verb);
            assert!(code == Some(1) && said.contains("in the data directory"), "{verb:?}: {said}");
        }
        if is_served {
            shop.stop();
        }
    }
    assert!(succeed(&["check", "--data", &data]).contains("no problem"));
}

#[test]
fn what_is_only_tried_makes_no_shop() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("orders.csv").display().to_string();
    std::fs::write(
        &file,
        "Name,Email,Created at,Lineitem name,Lineitem quantity,Lineitem price,Currency\n#1,anna@example.com,2024-05-01 10:00:00 +0200,Cup,1,2.00,EUR\n",
    )
    .unwrap();
    let data = home.path().join("shop").display().to_string();
    let (code, said) = ended(&["import", "orders", "--from", "shopify", &file, "--dry-run", "--data", &data]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!Path::new(&data).exists());
}

#[test]
fn whoever_has_read_enough_of_an_export_made_without_a_server_is_no_failure() {
    let mut shop = Shop::open();
    for n in 0..40 {
        shop.place(&format!("k{n}"), &least_order("anna@example.com", 100)).expect(201);
    }
    let data = shop.data().to_owned();
    shop.stop();
    let command = format!(
        "set -o pipefail; {} export orders --format jsonl --data {data} | head -c 1 > /dev/null",
        program()
    );
    let out = Command::new("bash").args(["-c", &command]).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_backup_is_not_made_in_plain_where_they_were_encrypted() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    shop.stop();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml").display().to_string();
    std::fs::write(&file, "[backup]\nkey = \"a-key-that-is-long-enough-for-this\"\n").unwrap();
    succeed(&["backup", "create", "--config", &file, "--data", &data]);
    let (code, said) = ended(&["backup", "create", "--data", &data]);
    assert!(code == Some(1) && said.contains("backup.key is not set now"), "{said}");
    assert_eq!(succeed(&["backup", "list", "--data", &data]).lines().count(), 1);
}

#[test]
fn a_site_is_looked_at_without_a_server_too() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    shop.stop();
    succeed(&["sites", "add", "nowhere.invalid", "--data", &data]);
    let (code, said) = ended(&["sites", "check", "nowhere.invalid", "--data", &data]);
    assert_eq!(code, Some(5), "{said}");
}

#[test]
fn a_shop_whose_directory_is_moved_away_takes_no_orders() {
    let shop = Shop::open();
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    let away = format!("{}-away", shop.data());
    std::fs::rename(shop.data(), &away).unwrap();
    let refused = shop.place("k2", &least_order("anna@example.com", 100)).expect(503);
    assert_eq!(refused.code(), "storage_gone");
    until("it is said", || shop.request("GET", "/readyz", &[], None).status == 503);
    std::fs::rename(&away, shop.data()).unwrap();
    // It is the file that it was.
    shop.place("k2", &least_order("anna@example.com", 100)).expect(201);
}
