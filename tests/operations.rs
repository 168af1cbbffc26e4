//! What the person who hosts it meets: health, metrics, logs, a clean stop, set-up, configuration.

use crate::harness::{PASSWORD, Shop, backroom, cookies, encoded, least_order, request, succeed, until};

#[test]
fn a_first_start_prints_a_link_that_works_once() {
    let mut shop = Shop::nothing();
    let printed = shop.start();
    let at = printed.find("/setup/").unwrap_or_else(|| panic!("no link: {printed}"));
    let path: String = printed[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    assert_eq!(shop.page("/admin", "").status, 303);
    shop.page(&path, "").expect(200);
    let form = format!("name=Olga&email=olga%40example.com&shop=Lumo&password={}", encoded(PASSWORD));
    let made = shop.form(&path, &form, "").expect(303);
    shop.page("/admin", &cookies(&made)).expect(200);
    assert_eq!(shop.page(&path, "").status, 404);
    assert_eq!(shop.form(&path, &form, "").status, 404);
    assert_eq!(shop.stop(), Some(0));
    assert!(!shop.start().contains("/setup/"), "an owner exists");
}

#[test]
fn it_says_whether_it_is_well_and_stops_cleanly() {
    let mut shop = Shop::open();
    let plain = |path: &str| request(&format!("{}{path}", shop.url), "GET", &[], None);
    assert_eq!(plain("/healthz").expect(200).body.trim(), "ok");
    assert_eq!(plain("/readyz").expect(200).json()["status"], "ok");
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    assert_eq!(shop.stop(), Some(0));
    shop.start();
    assert_eq!(crate::orders::total(&shop, "anna"), 1);
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    std::fs::write(&config, format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n")).unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    let text = request(&format!("http://127.0.0.1:{port}/metrics"), "GET", &[], None).expect(200).body;
    for name in [
        "backroom_http_requests_total",
        "backroom_http_request_duration_seconds",
        "backroom_build_info",
        "backroom_search_index_pending",
        "backroom_backup_last_verified_age_seconds",
    ] {
        assert!(text.contains(name), "{name} is missing:\n{text}");
    }
    assert!(!text.contains("ord_"), "paths are templates");
    assert_eq!(shop.get("/metrics").status, 404);
}

#[test]
fn metrics_ask_for_the_token_that_is_configured() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    let text = format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\ntoken = \"canary-7f1e\"\n");
    std::fs::write(&config, text).unwrap();
    let _shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let url = format!("http://127.0.0.1:{port}/metrics");
    let with = |header: &str| request(&url, "GET", &[("authorization", header)], None).status;
    for wrong in ["", "Bearer", "Bearer canary-7f1", "Bearer canary-7f1e2", "Basic canary-7f1e"] {
        assert_eq!(with(wrong), 401, "{wrong}");
    }
    assert_eq!(with("Bearer canary-7f1e"), 200);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    std::fs::write(&config, "[server]\nlisten = \"127.0.0.1:0\"\nlissen = \"x\"\n").unwrap();
    let path = config.to_str().unwrap();
    for args in [vec!["config", "check", "--config", path], vec!["serve", "--config", path]] {
        let output = backroom(&args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("lissen") && said.contains("listen") && said.contains('3'), "{said}");
    }
    std::fs::write(&config, "[log]\nlevel = \"loud\"\n").unwrap();
    for args in [vec!["config", "check", "--config", path], vec!["serve", "--config", path]] {
        let output = backroom(&args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("log.level"), "{said}");
    }
    let default = succeed(&["config", "default"]);
    std::fs::write(&config, default).unwrap();
    succeed(&["config", "check", "--config", path]);
    succeed(&["config", "show", "--json", "--config", path]);
}

#[test]
fn the_bare_address_leads_to_the_pages() {
    let shop = Shop::open();
    let front = request(&format!("{}/", shop.url), "GET", &[], None).expect(303);
    assert_eq!(front.header("location"), Some("/admin"));
}

/// Names and addresses are in there: nobody else on the machine may read them.
#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::open();
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    let mut waiting = vec![std::path::PathBuf::from(shop.data())];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        // Files of the index come and go.
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", path.display());
        seen += 1;
        if meta.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    assert!(seen > 5);
}

#[test]
fn a_damaged_page_is_said_in_one_sentence() {
    let mut shop = Shop::open();
    for i in 0..40 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100 + i)).expect(201);
    }
    assert_eq!(shop.stop(), Some(0));
    let file = std::path::Path::new(shop.data()).join("store.redb");
    let whole = std::fs::read(&file).unwrap();
    let mut complaints = 0;
    // Every page in turn is filled with nonsense but the first, which says where the others are.
    for page in 1..whole.len() / 4_096 {
        let mut damaged = whole.clone();
        damaged[page * 4_096..(page + 1) * 4_096].fill(0xA5);
        if whole[page * 4_096..(page + 1) * 4_096].iter().all(|b| *b == 0) {
            continue;
        }
        std::fs::write(&file, &damaged).unwrap();
        let output = backroom(&["check", "--data", shop.data()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "page {page}: {said}");
        match output.status.code() {
            // A page that holds nothing any more.
            Some(0) => {}
            Some(5) => complaints += 1,
            other => panic!("page {page}: {other:?}: {said}"),
        }
        if complaints == 12 {
            return;
        }
    }
    assert!(complaints > 0);
}

#[test]
fn a_newer_format_is_refused_and_nothing_is_changed() {
    let mut shop = Shop::open();
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    assert_eq!(shop.stop(), Some(0));
    let file = shop.dir.join("store.redb");
    set_format(&file, 4);
    let before = std::fs::read(&file).unwrap();
    for verb in ["serve", "check", "reindex"] {
        let refused = backroom(&[verb, "--data", shop.data()]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(78), "{verb}: {said}");
        assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
    }
    assert!(std::fs::read(&file).unwrap() == before, "the file is as it was");
    set_format(&file, 3);
    shop.start();
    assert_eq!(crate::orders::total(&shop, "anna"), 1);
}

#[test]
fn an_older_shop_gets_the_rows_of_an_index_that_came_later() {
    let mut shop = Shop::open();
    let anna = serde_json::json!({"email": "anna@example.com", "first_name": "Anna"});
    let made = shop.send("POST", "/api/v1/customers", &anna, &[("idempotency-key", "k")]).expect(201).json();
    let path = format!("/api/v1/customers/{}", made["id"].as_str().unwrap());
    shop.send("PATCH", &path, &serde_json::json!({"email": "new@example.com"}), &[]).expect(200);
    assert_eq!(shop.stop(), Some(0));
    let file = shop.dir.join("store.redb");
    // As a program of format 2 has left it, which did not know the index.
    let database = redb::Database::open(&file).unwrap();
    let write = database.begin_write().unwrap();
    let index = redb::TableDefinition::<&[u8], &[u8]>::new("customer_by_old_email/1");
    assert!(write.delete_table(index).unwrap(), "there is the index");
    write.commit().unwrap();
    drop(database);
    let finds = || backroom(&["check", "--data", shop.data()]).status.code();
    assert_eq!(finds(), Some(5), "the row is missed");
    set_format(&file, 2);
    assert_eq!(finds(), Some(0));
}

/// A packed file of the fixtures.
fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = std::fs::File::open(crate::harness::project(&format!("tests/fixtures/{name}"))).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut bytes).unwrap();
    bytes
}

/// Stores of every released format are opened for ever.
#[test]
fn a_store_of_format_1_is_brought_up_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let old = unpacked("format_1.redb.gz");
    std::fs::write(dir.path().join("store.redb"), &old).unwrap();
    assert!(succeed(&["check", "--data", data]).contains("no problem"));
    assert!(std::fs::read(dir.path().join("store.redb.before-4")).unwrap() == old, "the old one is kept");
    assert_eq!(succeed(&["export", "orders", "--format", "jsonl", "--data", data]).lines().count(), 40);
}

/// Writes the number of the format, as another version of the program would.
fn set_format(file: &std::path::Path, format: u32) {
    use redb::ReadableTable as _;
    let table = redb::TableDefinition::<&[u8], &[u8]>::new("meta/1");
    let database = redb::Database::open(file).unwrap();
    let write = database.begin_write().unwrap();
    let key = write
        .open_table(table)
        .unwrap()
        .iter()
        .unwrap()
        .map(|row| row.unwrap().0.value().to_vec())
        .find(|key| String::from_utf8_lossy(key).contains("format"))
        .unwrap();
    write.open_table(table).unwrap().insert(key.as_slice(), format.to_be_bytes().as_slice()).unwrap();
    write.commit().unwrap();
}

#[test]
fn a_directory_without_a_shop_is_said_to_be_one() {
    let missing = backroom(&["check", "--data", "/nonexistent/backroom"]);
    assert_eq!(missing.status.code(), Some(1), "{}", String::from_utf8_lossy(&missing.stderr));
    let version = succeed(&["version"]);
    assert!(version.starts_with("backroom "), "{version}");
}

#[test]
fn a_lost_database_is_not_taken_for_a_new_shop() {
    let mut shop = Shop::open();
    shop.stop();
    let store = std::path::Path::new(shop.data()).join("store.redb");
    let refused = || {
        for verb in ["check", "serve"] {
            let refused = backroom(&[verb, "--data", shop.data()]);
            assert_eq!(refused.status.code(), Some(5));
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(said.contains("A shop was kept in") && said.contains("Restore a backup"), "{said}");
        }
    };
    std::fs::write(&store, b"").unwrap();
    refused();
    assert_eq!(std::fs::metadata(&store).unwrap().len(), 0, "nothing was made in its place");
    std::fs::remove_file(&store).unwrap();
    refused();
    assert!(!store.exists(), "nothing was made in its place");
}

#[test]
fn a_shop_may_begin_beside_what_is_somebody_elses() {
    let mut shop = Shop::nothing();
    let beside = std::path::Path::new(shop.data()).join("documents");
    std::fs::create_dir_all(&beside).unwrap();
    std::fs::write(beside.join("letter.txt"), b"x").unwrap();
    assert!(shop.start().contains("/setup/"));
}

#[test]
fn a_file_in_the_place_of_the_index_is_in_nobodys_way() {
    let mut shop = Shop::open();
    let order = least_order("anna@example.com", 100);
    shop.place("k1", &order).expect(201);
    shop.stop();
    let index = std::path::Path::new(shop.data()).join("index");
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::write(&index, b"x").unwrap();
    shop.start();
    until("the index is built", || shop.get("/api/v1/search?q=anna").json()["degraded"] == false);
    assert_eq!(crate::orders::total(&shop, "anna"), 1);
}

#[test]
fn behind_a_proxy_what_came_without_tls_goes_where_it_is_safe() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(
        &config,
        "[server]\npublic_url = \"https://shop.example.com\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n",
    )
    .unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let ask = |path: &str, scheme: &str| {
        let headers = [("host", "shop.example.com"), ("x-forwarded-proto", scheme)];
        shop.request("GET", path, &headers, None)
    };
    let page = ask("/admin/sign-in", "http").expect(308);
    assert_eq!(page.header("location"), Some("https://shop.example.com/admin/sign-in"));
    assert_eq!(ask("/api/v1/orders", "http").expect(403).code(), "tls_required");
    ask("/admin/sign-in", "https").expect(200);
    ask("/healthz", "http").expect(200);
}

/// The shop had been killed: its last three orders are in the journal alone.
#[test]
fn a_store_of_format_2_is_brought_up_with_its_journal() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let segment = "00000000000000000010.seg";
    std::fs::create_dir(dir.path().join("journal")).unwrap();
    std::fs::write(dir.path().join("store.redb"), unpacked("format_2/store.redb.gz")).unwrap();
    std::fs::write(dir.path().join("journal").join(segment), unpacked(&format!("format_2/{segment}.gz")))
        .unwrap();
    assert!(succeed(&["check", "--data", data]).contains("no problem"));
    assert!(dir.path().join("store.redb.before-4").exists(), "the old one is kept");
    let orders = succeed(&["export", "orders", "--format", "jsonl", "--data", data]);
    assert_eq!((orders.lines().count(), orders.matches("Late mug").count()), (43, 3));
}

/// Its orders came in a file with the ids of their shop: since format 4 one without ids knows them by their names.
#[test]
fn a_store_of_format_3_is_brought_up_and_its_orders_are_found_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("store.redb"), unpacked("format_3.redb.gz")).unwrap();
    let header = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price";
    let row = |name: &str, who: &str| {
        format!("{name},{who}@example.com,paid,EUR,20.00,20.00,2024-05-01 10:00:00 +0200,1,Mug,20.00\n")
    };
    let file = dir.path().join("short.csv");
    let rows = [row("#EU-2024-1018", "a"), row("FR1001", "c"), row("#1001-A", "d")].concat();
    std::fs::write(&file, format!("{header}\n{rows}")).unwrap();
    let told = succeed(&["import", "orders", "--from", "shopify", file.to_str().unwrap(), "--data", data]);
    assert!(told.contains("3 orders unchanged"), "{told}");
    assert!(dir.path().join("store.redb.before-4").exists(), "the old one is kept");
    assert!(succeed(&["check", "--data", data]).contains("no problem"));
}

/// A byte that went bad on the disk is no other value: nothing that reads would notice.
#[test]
fn the_check_reads_every_page() {
    let mut shop = Shop::open();
    for n in 0..20 {
        shop.place(&format!("k{n}"), &least_order(&format!("customer{n}@example.com"), 100)).expect(201);
    }
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
    let file = shop.dir.join("store.redb");
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> =
        bytes.windows(11).enumerate().filter(|(_, w)| w == b"customer7@e").map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 8] = b'9';
    }
    std::fs::write(&file, bytes).unwrap();
    let found = backroom(&["check", "--data", shop.data()]);
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.code() == Some(5) && said.contains("not as they were written"), "{said}");
}

#[test]
fn a_demo_lets_nobody_into_a_shop() {
    let mut shop = Shop::open();
    assert_eq!(shop.stop(), Some(0));
    let refused = backroom(&["demo", "--listen", "127.0.0.1:0", "--data", shop.data()]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("was not made by"), "{said}");
    assert!(!succeed(&["staff", "list", "--data", shop.data()]).contains("demo@example.com"));
    assert!(!succeed(&["key", "list", "--data", shop.data()]).contains("Demo"));
}

/// What root makes in the directory of another user that user cannot write.
#[test]
fn root_makes_no_files_in_the_shop_of_another_user() {
    let mut shop = Shop::open();
    assert_eq!(shop.stop(), Some(0));
    let is_root = std::os::unix::fs::chown(shop.dir.join("store.redb"), Some(65_534), Some(65_534)).is_ok();
    if !is_root {
        return eprintln!("skipped: only root can be refused");
    }
    for args in [&["check"][..], &["reindex"], &["backup", "create"], &["backup", "restore"], &["recover"]] {
        let refused = backroom(&[args, &["--data", shop.data()]].concat());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && said.contains("sudo -u '#65534'"), "{args:?}: {said}");
    }
}
