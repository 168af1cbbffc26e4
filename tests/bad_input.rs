//! Bad input through every door: no 5xx, no panic, no exit, and nothing stored that was refused.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, backroom, encoded, least_order, shared};
use crate::orders::total;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// An answer that blames the caller, not us.
#[track_caller]
fn no_fault(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
}

#[test]
fn every_naughty_string_is_kept_as_text_or_refused() {
    let Some(data) = shared::data() else { return };
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let strings: Vec<String> = serde_json::from_str(
        &std::fs::read_to_string(find(&data.join("bad-input/blns"), "blns.json")).unwrap(),
    )
    .unwrap();
    let mut stored = 0;
    for (i, text) in strings.iter().enumerate().step_by(3) {
        let mut order = least_order(&format!("n{i}@example.com"), 100);
        order["lines"][0]["title"] = json!(text);
        order["note"] = json!(text);
        order["phone"] = json!(text);
        order["shipping_address"] = json!({"name": text, "city": text});
        order["metadata"] = json!({"k": text});
        let answer = shop.place(&format!("n{i}"), &order);
        no_fault(&answer, text);
        if answer.status == 201 {
            stored += 1;
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            let page = shop.page(&format!("/admin/orders/{id}"), &cookie).expect(200);
            nothing_new(&page.body, text);
        }
        for path in ["/api/v1/orders", "/api/v1/search", "/api/v1/customers"] {
            no_fault(&shop.get(&format!("{path}?q={}", encoded(text))), text);
        }
        no_fault(&shop.page(&format!("/admin/search?q={}", encoded(text)), &cookie), text);
        no_fault(&shop.page(&format!("/admin/orders?q={}", encoded(text)), &cookie), text);
        no_fault(
            &shop.form("/admin/sign-in", &format!("email={}&password={}", encoded(text), encoded(text)), ""),
            text,
        );
    }
    assert_eq!(total(&shop, ""), stored);
    nothing_new(&shop.page("/admin/orders?limit=200", &cookie).expect(200).body, "the list");
}

/// A page holds no element or attribute that our templates do not write.
#[track_caller]
fn nothing_new(html: &str, text: &str) {
    let page = scraper::Html::parse_document(html);
    for element in page.tree.values().filter_map(|n| n.as_element()) {
        let name = element.name();
        assert!(
            !matches!(
                name,
                "iframe"
                    | "object"
                    | "embed"
                    | "style"
                    | "marquee"
                    | "blink"
                    | "base"
                    | "img"
                    | "audio"
                    | "video"
            ),
            "{name} from {text:?}"
        );
        for (attribute, value) in element.attrs() {
            assert!(!attribute.starts_with("on"), "{name} {attribute} from {text:?}");
            let is_link = matches!(attribute, "href" | "src" | "action" | "formaction");
            let scheme_ok =
                ["/", "#", "?", "mailto:", "tel:", "http://127.0.0.1"].iter().any(|s| value.starts_with(s))
                    || value.is_empty();
            assert!(!is_link || scheme_ok, "{attribute}={value} from {text:?}");
            if name == "script" && attribute == "src" {
                assert!(value.starts_with("/a/"), "{value}");
            }
        }
    }
}

fn find(dir: &Path, name: &str) -> std::path::PathBuf {
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.file_name().is_some_and(|n| n == name) {
                return path;
            }
        }
    }
    panic!("{name} is not below {}", dir.display());
}

#[test]
fn broken_json_is_unreadable_and_nothing_else() {
    let Some(data) = shared::data() else { return };
    let shop = Shop::open();
    let mut tried = 0;
    let mut dirs = vec![data.join("bad-input/jsontestsuite")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            tried += 1;
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let answer = shop.request(
                "POST",
                "/api/v1/orders",
                &[
                    ("authorization", &format!("Bearer {}", shop.key)),
                    ("content-type", "application/json"),
                    ("idempotency-key", "j"),
                ],
                Some(&std::fs::read(&path).unwrap()),
            );
            assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.body);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
            if name.starts_with("n_") {
                assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            }
        }
    }
    assert!(tried > 250, "{tried}");
    assert_eq!(total(&shop, ""), 0);
}

#[test]
fn strange_requests_get_plain_refusals() {
    let shop = Shop::open();
    let bearer = format!("Bearer {}", shop.key);
    let auth = ("authorization", bearer.as_str());
    for (method, path, headers, body, status) in [
        ("GET", "/api/v1/nothing", vec![auth], None, 404),
        ("GET", "/nothing", vec![], None, 404),
        ("DELETE", "/api/v1/orders", vec![auth], None, 405),
        ("TRACE", "/api/v1/orders", vec![auth], None, 405),
        ("GET", "/api/v1/orders", vec![], None, 401),
        ("GET", "/api/v1/orders", vec![("authorization", "Bearer sk_live_nonsense")], None, 401),
        ("GET", "/api/v1/orders?api_key=sk_live_x", vec![], None, 400),
        (
            "POST",
            "/api/v1/orders",
            vec![auth, ("content-type", "text/plain"), ("idempotency-key", "a")],
            Some("{}"),
            415,
        ),
        (
            "POST",
            "/api/v1/orders",
            vec![
                auth,
                ("content-type", "application/json"),
                ("content-encoding", "gzip"),
                ("idempotency-key", "a"),
            ],
            Some("{}"),
            415,
        ),
        ("GET", "/api/v1/orders/../../../etc/passwd", vec![auth], None, 404),
        ("GET", "/api/v1/orders/%2e%2e%2f", vec![auth], None, 404),
        ("GET", "/api/v1/orders/ord_%00", vec![auth], None, 404),
        ("GET", "/ADMIN", vec![], None, 404),
        ("GET", "/admin//orders", vec![], None, 404),
        ("GET", "/a/app.css", vec![], None, 404),
    ] {
        let answer = shop.request(method, path, &headers, body.map(str::as_bytes));
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        if path.starts_with("/api") {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        }
    }
    let large = vec![b' '; 3 << 20];
    let answer = shop.request(
        "POST",
        "/api/v1/orders",
        &[auth, ("content-type", "application/json"), ("idempotency-key", "a")],
        Some(&large),
    );
    assert_eq!(answer.status, 413, "{}", answer.body);
}

#[test]
fn a_page_is_not_changed_from_another_site() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let id = shop.place("k", &least_order("anna@example.com", 100)).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/admin/orders/{id}/hold");
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![],
    ] {
        let mut all =
            vec![("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers.iter().copied());
        assert_eq!(shop.request("POST", &path, &all, Some(b"version=1")).status, 403, "{headers:?}");
    }
    assert_eq!(total(&shop, "is:held"), 0);
}

#[test]
fn broken_http_does_not_stop_the_shop() {
    let shop = Shop::open();
    let address = shop.url.trim_start_matches("http://").to_owned();
    for raw in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!(
            "GET / HTTP/1.1\r\nhost: {address}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!(
            "POST /admin/sign-in HTTP/1.1\r\nhost: {address}\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde"
        ),
        format!("GET /{} HTTP/1.1\r\nhost: {address}\r\n\r\n", "a".repeat(140_000)),
        format!("GET / HTTP/1.1\r\nhost: {address}\r\n{}\r\n", "x: y\r\n".repeat(200)),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
    ] {
        let mut socket = TcpStream::connect(&address).unwrap();
        // The server may hang up in the middle of a request it will not have.
        let _cut = socket.write_all(raw.as_bytes());
        let _half_closed = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _cut = socket.read_to_string(&mut answer);
        let status: u16 = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(400);
        assert!((400..500).contains(&status), "{status}: {}", raw.chars().take(60).collect::<String>());
    }
    shop.get("/api/v1/orders").expect(200);
}

/// The library takes what comes behind such a head for a body without an end: it waited ten seconds for the rest of it, and
/// a proxy that goes by the length would have had the next request answered by nobody.
#[test]
fn a_request_that_wants_to_be_a_websocket_is_answered_at_once_and_is_the_last() {
    let shop = Shop::open();
    let address = shop.url.trim_start_matches("http://").to_owned();
    let (key, body) = (&shop.key, least_order("anna@example.com", 100).to_string());
    for upgrade in ["connection: upgrade\r\nupgrade: websocket\r\n", "upgrade: WebSocket\r\n"] {
        let begun = std::time::Instant::now();
        let mut socket = TcpStream::connect(&address).unwrap();
        let next = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n");
        let length = body.len();
        let raw = format!(
            "POST /api/v1/orders HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nidempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{upgrade}\r\n{body}{next}"
        );
        socket.write_all(raw.as_bytes()).unwrap();
        let mut answer = String::new();
        let _cut = socket.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("upgrade_not_supported"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
    }
    assert_eq!(total(&shop, ""), 0);
}

#[test]
fn files_of_bad_input_are_refused_with_their_lines_or_imported_as_text() {
    let Some(data) = shared::data() else { return };
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("shop");
    let mut dirs = vec![data.join("bad-input"), data.join("payloads")];
    let mut tried = 0;
    while let Some(folder) = dirs.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            tried += 1;
            // Every file meets one of the formats; together they meet all.
            let formats =
                ["shopify", "woocommerce", "magento", "prestashop", "online-retail", "olist", "backroom"];
            let format = formats[tried % formats.len()];
            let kind = if tried % 2 == 0 || format == "online-retail" { "orders" } else { "customers" };
            let output = backroom(&[
                "import",
                kind,
                "--from",
                format,
                path.to_str().unwrap(),
                "--data",
                dir.to_str().unwrap(),
                "--dry-run",
            ]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0..=2)),
                "{} as {format}: {:?} {said}",
                path.display(),
                output.status
            );
            assert!(!said.contains("panicked"), "{}: {said}", path.display());
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn an_address_that_is_stale_says_so_and_a_refusal_says_once_who_can_help() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    for address in ["/admin/orders?after=zzz", "/admin/orders?limit=99999"] {
        let page = shop.page(address, &cookie);
        assert!((400..423).contains(&page.status), "{address}: {}", page.status);
        assert!(page.body.contains("Open the page anew"), "{address}: {}", page.body);
        assert!(!page.body.contains("Nothing was saved"), "{address}: {}", page.body);
    }
    shop.add_staff("packer@example.com", "P", "packer");
    let packer = shop.sign_in("packer@example.com", PASSWORD);
    let refused = shop.page("/admin/staff", &packer).expect(403).body;
    assert!(refused.contains("can give it to you") && !refused.contains("another role"), "{refused}");
}
