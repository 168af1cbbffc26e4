//! Every route as every role: nobody gets in without a permission, and reading never allows changing.

use crate::harness::{OWNER, PASSWORD, Shop, request};
use std::collections::BTreeSet;

/// Open to everybody on purpose. Anything else that answers a stranger fails the test.
const PUBLIC: &[&str] = &[
    "GET /",
    "GET /healthz",
    "GET /readyz",
    "GET /admin/sign-in",
    "POST /admin/sign-in",
    "POST /admin/sign-out",
    "GET /setup/{token}",
    "POST /setup/{token}",
    "GET /a/{name:.*}",
    "GET /favicon.ico",
    "POST /admin/display",
    "GET /api/docs",
    "GET /api/openapi.json",
    "GET /api/docs/errors/{code}",
    "GET /api/docs/errors",
    "GET /api/docs/search",
    // What a browser asks before it sends a form of another origin.
    "OPTIONS /store/v1/messages",
];
/// Changes that concern only the person who makes them: every role may.
const OWN: &[&str] =
    &["/admin/account", "/admin/parked", "/admin/display", "/admin/sign-out", "/admin/sign-in"];

/// For pages of the shop with a publishable key, whoever is signed in.
fn is_of_the_storefront(path: &str) -> bool {
    path.starts_with("/store/")
}

/// Method and path of every address of the program.
fn routes() -> Vec<(String, String)> {
    addresses(&backroom::routes::table())
}

fn addresses(table: &backroom::web::routing::Table) -> Vec<(String, String)> {
    table.addresses().map(|(method, path)| (method.to_string(), path.to_owned())).collect()
}

/// The path with something in its blanks.
fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}').unwrap();
        out.push_str(if name.starts_with("step:ship") || name.starts_with("action:ship") {
            "ship"
        } else if name == "step" {
            "complete"
        } else {
            "1"
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The routes that do not turn a stranger away.
fn open_to_strangers(url: &str, all: &[(String, String)]) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for (method, path) in all {
        let answer = request(
            &format!("{url}{}", filled(path)),
            method,
            &[("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")],
            (method != "GET").then_some(b"".as_slice()),
        );
        let turned_away = answer.status == 401
            || (answer.status == 303
                && answer.header("location").is_some_and(|l| l.starts_with("/admin/sign-in")));
        if !turned_away {
            open.insert(format!("{method} {path}"));
        }
    }
    let expected: BTreeSet<String> = PUBLIC.iter().map(|p| (*p).to_owned()).collect();
    open.difference(&expected).cloned().collect()
}

#[test]
fn no_route_lets_a_stranger_in() {
    let shop = Shop::open();
    let all = routes();
    for known in ["POST /admin/orders/{id}/{step}", "POST /admin/customers/new", "POST /admin/staff"] {
        assert!(all.iter().any(|(method, path)| format!("{method} {path}") == known), "{known}");
    }
    assert_eq!(open_to_strangers(&shop.url, &all), BTreeSet::new(), "open to everybody");
}

/// The same program with two routes more: a twin of one that is guarded, with the guard and without it.
#[test]
fn a_twin_of_a_route_that_forgot_its_guard_is_noticed() {
    use actix_web::{HttpResponse, HttpServer};
    use backroom::access::{Staff, may};
    use backroom::web::{Web, routing};
    async fn guarded(_staff: Staff<may::EditOrders>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn unguarded() -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    let home = tempfile::tempdir().unwrap();
    let mut settings = backroom::config::Settings::default();
    settings.data.dir = Some(home.path().join("data"));
    settings.store.reserve_mb = 0;
    settings.store.ballast_mb = 0;
    let app = backroom::app::App::open(&settings, backroom::base::time::Clock::system()).unwrap();
    let front = app.front().unwrap();
    let table = Web::table(|routes| {
        let (guard, none) = ("/admin/orders/{id}/guarded", "/admin/orders/{id}/unguarded");
        routes
            .service(routing::resource(guard).route(routing::post().to(guarded)))
            .service(routing::resource(none).route(routing::post().to(unguarded)));
        backroom::routes::all(routes);
    });
    let all = addresses(&table);
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let make = move || {
                let own = front.clone();
                front
                    .web
                    .app(front.shells.clone(), &table)
                    .configure(move |config| backroom::routes::parts(&own, config))
            };
            let server = HttpServer::new(make).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
            let address = server.addrs()[0];
            let running = server.run();
            sender.send((address, running.handle())).unwrap();
            running.await.unwrap();
        });
    });
    let (address, handle) = receiver.recv().unwrap();
    let open = open_to_strangers(&format!("http://{address}"), &all);
    assert_eq!(open, BTreeSet::from(["POST /admin/orders/{id}/unguarded".to_owned()]));
    drop(handle.stop(false));
    thread.join().unwrap();
    app.store.close().unwrap();
}

#[test]
fn a_role_does_what_it_may_and_nothing_else() {
    let shop = Shop::open();
    for role in ["manager", "support", "packer", "read_only"] {
        shop.add_staff(&format!("{role}@example.com"), role, role);
    }
    let all = routes();
    let status = |cookie: &str, method: &str, path: &str| {
        request(
            &format!("{}{}", shop.url, filled(path)),
            method,
            &[
                ("cookie", cookie),
                ("sec-fetch-site", "same-origin"),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            (method != "GET").then_some(b"".as_slice()),
        )
        .status
    };
    let reader = shop.sign_in("read_only@example.com", PASSWORD);
    for (method, path) in all.iter().filter(|(m, p)| m != "GET" && !OWN.iter().any(|own| p.starts_with(own)))
    {
        if PUBLIC.contains(&format!("{method} {path}").as_str()) {
            continue;
        }
        if is_of_the_storefront(path) {
            assert_eq!(status(&reader, method, path), 401, "no cookie is read: {method} {path}");
            continue;
        }
        assert_eq!(status(&reader, method, path), 403, "read_only {method} {path}");
    }
    let owner = shop.sign_in(OWNER, PASSWORD);
    for (method, path) in all.iter().filter(|(_, path)| !path.ends_with("/stream")) {
        if ["sign-out", "sign-in", "sessions", "password", "/setup/"].iter().any(|own| path.contains(own)) {
            // These end the very session the walk is made with.
            continue;
        }
        if is_of_the_storefront(path) {
            continue;
        }
        let got = status(&owner, method, path);
        assert!(got != 401 && got != 403 && got < 500, "owner {method} {path}: {got}");
    }
    let packer = shop.sign_in("packer@example.com", PASSWORD);
    // What the API answers with has prices and contact data in it.
    let placed = shop.place("k", &crate::harness::least_order("anna@example.com", 100)).expect(201).json();
    let headers = [("cookie", packer.as_str()), ("sec-fetch-site", "same-origin")];
    let path = format!("/api/v1/orders/{}/ship", placed["id"].as_str().unwrap());
    let refused = shop.request("POST", &path, &headers, Some(b"")).expect(403);
    assert!(!refused.body.contains("anna@example.com"), "{}", refused.body);
    assert_eq!(
        status(&packer, "POST", "/admin/orders/{id}/{step:ship}"),
        404,
        "may ship, but there is no such order"
    );
    assert_eq!(status(&packer, "POST", "/admin/orders/{id}/{step}"), 403);
    assert_eq!(status(&packer, "GET", "/admin/customers"), 403);
    assert_eq!(status(&packer, "GET", "/admin/staff"), 403);
    let home = shop.page("/admin", &packer);
    let queue = home.header("location").unwrap_or_default();
    assert!(queue.starts_with("/admin/orders?q="), "a packer's home is what is to be shipped: {queue}");
    let support = shop.sign_in("support@example.com", PASSWORD);
    assert_eq!(status(&support, "GET", "/admin/customers"), 200);
    assert_eq!(status(&support, "GET", "/admin/keys"), 403);
    // What was taken away is gone with the next request.
    crate::harness::succeed(&["staff", "deactivate", "support@example.com", "--data", shop.data()]);
    assert_eq!(status(&support, "GET", "/admin/customers"), 303);
}

#[test]
fn who_packs_finds_nobody_by_what_they_do_not_see() {
    let shop = Shop::open();
    shop.add_staff("packer@example.com", "P", "packer");
    let order = serde_json::json!({
        "email": "zwiebel.tester@mailhost.example", "phone": "+49 171 5550123", "currency": "EUR",
        "discount_code": "GEHEIM-77", "shipping_address": {"name": "Anna Berg", "city": "Kiel", "country": "DE"},
        "lines": [{"sku": "BAR-1", "title": "Test", "quantity": 1, "unit_price": {"amount": 100, "currency": "EUR"}}],
    });
    shop.place("seen", &order).expect(201);
    // Who has told no name is called by the address on other people's pages.
    shop.place("nameless", &crate::harness::least_order("quastenflosser@mailhost.example", 100)).expect(201);
    let (owner, packer) = (shop.sign_in(OWNER, PASSWORD), shop.sign_in("packer@example.com", PASSWORD));
    let finds = |cookie: &str, text: &str| {
        let q = crate::harness::encoded(text);
        ["/admin/search?q=", "/admin/search/suggest?q=", "/admin/orders?q="].map(|path| {
            let answer = shop.page(&format!("{path}{q}"), cookie);
            // The only hit is opened at once.
            answer.status == 303 || answer.expect(200).body.contains("ord_")
        })
    };
    for text in [
        "zw",
        "zwi",
        "zwiebel",
        "zwiebel.tester@mailhost.example",
        "zwiebel.t",
        "@mailhost",
        "mailhost",
        "quasten",
        "qua",
        "quastenflosser@",
        "zwiebal",
        "0123",
        "015",
        "+49 171 555",
        "geheim",
        "gehe",
        "\"zwiebel tester\"",
        "name:quasten",
        "77",
    ] {
        assert_eq!(finds(&packer, text), [false; 3], "{text}");
    }
    for text in ["zwi", "@mailhost", "quasten", "0171 555", "gehe", "zwiebal"] {
        assert_eq!(finds(&owner, text), [true; 3], "{text}");
    }
    for text in ["anna", "an", "ber ann", "kiel", "bar-1", "bar", "\"anna berg\"", "bergq"] {
        assert_eq!(finds(&packer, text)[2], text != "ber ann", "{text}");
    }
}

#[test]
fn a_key_does_what_its_scopes_say() {
    let shop = Shop::open();
    let reader = shop.key_with(&["orders:view"]);
    let call = |key: &str, method: &str, path: &str| {
        request(
            &format!("{}{path}", shop.url),
            method,
            &[
                ("authorization", &format!("Bearer {key}")),
                ("content-type", "application/json"),
                ("idempotency-key", "k"),
            ],
            (method != "GET").then_some(b"{}".as_slice()),
        )
    };
    call(&reader, "GET", "/api/v1/orders").expect(200);
    for (method, path) in [
        ("POST", "/api/v1/orders"),
        ("GET", "/api/v1/customers"),
        ("GET", "/api/v1/events"),
        ("POST", "/api/v1/orders/1/ship"),
    ] {
        let answer = call(&reader, method, path).expect(403);
        assert!(answer.json()["detail"].as_str().unwrap().contains(':'), "names the scope: {}", answer.body);
    }
}

/// What is unpacked before it is refused takes a thousand times its size in memory.
#[test]
fn no_route_unpacks_what_it_is_sent() {
    use std::io::Write as _;
    let shop = Shop::open();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 16 << 20]).unwrap();
    let packed = packer.finish().unwrap();
    let (cookie, key) = (shop.sign_in(OWNER, PASSWORD), format!("Bearer {}", shop.key));
    for (method, path) in routes().iter().filter(|(method, _)| !["GET", "OPTIONS"].contains(&method.as_str()))
    {
        if ["sign-out", "sign-in", "sessions", "password", "/setup/"].iter().any(|own| path.contains(own)) {
            continue;
        }
        for kind in
            ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
        {
            let who = if path.starts_with("/api/") {
                ("authorization", key.as_str())
            } else {
                ("cookie", cookie.as_str())
            };
            let headers = [
                who,
                ("sec-fetch-site", "same-origin"),
                ("content-type", kind),
                ("content-encoding", "gzip"),
                ("idempotency-key", "k"),
            ];
            let status = shop.request(method, &filled(path), &headers, Some(&packed)).status;
            assert!(status != 413 && status < 500, "{method} {path} as {kind}: {status}");
        }
    }
}
