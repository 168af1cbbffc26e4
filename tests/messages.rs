//! The contact form: stored and answered at once, mailed once whatever is killed, open to the origins of its key alone,
//! with a brake for spam; and the inbox, in which what two people write is never lost.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, encoded, least_order, request, succeed, until};
use crate::mail::{Server, shop_with, switch_on};
use serde_json::{Value, json};

const DOOR: &str = "/store/v1/messages";
const ORIGIN: &str = "https://shop.example";
/// A test writes more often than people do; the brake has a test of its own.
const NO_BRAKE: &str = "\n[server.limits]\nmessage = 1000000\nmessages = 1000000\n";

/// A publishable key for pages of an origin.
pub(crate) fn key(shop: &Shop, origin: &str) -> String {
    let args =
        ["key", "create", "--data", shop.data(), "--name", "contact form", "--origin", origin, "--json"];
    let printed: Value = serde_json::from_str(succeed(&args).trim()).unwrap();
    printed["key"].as_str().unwrap().to_owned()
}

/// Sends a message as a page's script does.
pub(crate) fn send(shop: &Shop, key: &str, origin: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![
        ("authorization", bearer.as_str()),
        ("origin", origin),
        ("content-type", "application/json"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
    ];
    headers.extend(more);
    shop.request("POST", DOOR, &headers, Some(body.to_string().as_bytes()))
}

fn question(email: &str, text: &str) -> Value {
    json!({"email": email, "name": "Anna Berg", "subject": "Where is my parcel?", "body": text})
}

/// Messages of a view, the newest first.
fn view(shop: &Shop, word: &str) -> Vec<Value> {
    let list = shop.get(&format!("/api/v1/messages?limit=200&view={word}")).expect(200);
    list.json()["data"].as_array().unwrap().clone()
}

fn read(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("/api/v1/messages/{id}")).expect(200).json()
}

fn act(shop: &Shop, id: &str, what: &str, body: &Value) -> Answer {
    shop.send("POST", &format!("/api/v1/messages/{id}/{what}"), body, &[])
}

/// A shop whose pages may write, told by mail of what comes in.
fn open(hold_seconds: u32) -> (Shop, tempfile::TempDir, Server, String, String) {
    let server = Server::open();
    let (shop, home) = shop_with(server.port, hold_seconds, NO_BRAKE);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["new_message"], &[]).expect(303);
    let key = key(&shop, ORIGIN);
    (shop, home, server, cookie, key)
}

fn person(shop: &Shop, role: &str) -> String {
    let email = format!("{role}@example.com");
    shop.add_staff(&email, role, role);
    shop.sign_in(&email, PASSWORD)
}

/// The pages of the inbox, with a long message, one that is answered, and spam.
pub(crate) fn pages(shop: &Shop) -> Vec<String> {
    let key = key(shop, ORIGIN);
    let long = json!({"email": "maximiliane.von-muellerhausen-with-a-long-name@mail.department.example.com",
        "name": "Maximiliane Friederike von Muellerhausen-Donaudampfschifffahrt", "phone": "+41 31 123 45 67",
        "subject": "Donaudampfschifffahrtsgesellschaftskapitänsmützen".repeat(3), "order_number": "4711-0815-2342-not-here",
        "body": "Donaudampfschifffahrtsgesellschaft".repeat(30), "page": format!("https://shop.example/{}", "contact-".repeat(40)),
        "metadata": {"a rather long name of a field of the form": "and what was typed into it, longer than anybody thought"}});
    let long = send(shop, &key, ORIGIN, &long, &[]).expect(201).json();
    let answered =
        question("customer1.with-a-long-local-part.and-more@mail.department.example.com", "Is it blue?");
    let answered = send(shop, &key, ORIGIN, &answered, &[]).expect(201).json();
    let trapped = json!({"email": "spam@example.com", "body": "Buy", "website": "https://spam.example"});
    let trapped = send(shop, &key, ORIGIN, &trapped, &[]).expect(201).json();
    let id = |sent: &Value| sent["id"].as_str().unwrap().to_owned();
    act(shop, &id(&answered), "replies", &json!({"text": "It is.\n\nGreen, that is."})).expect(201);
    let customer = shop.get("/api/v1/customers?q=customer1.with").json()["data"][0]["id"].clone();
    let mut pages = vec![
        "/admin/messages".to_owned(),
        "/admin/messages?view=unassigned".to_owned(),
        "/admin/messages?view=closed".to_owned(),
        "/admin/messages?view=spam".to_owned(),
        format!("/admin/messages/{}", id(&long)),
        format!("/admin/messages/{}", id(&answered)),
        format!("/admin/messages/{}", id(&trapped)),
        "/admin/mail/templates/message_reply/de".to_owned(),
        "/admin/mail/templates/new_message/en".to_owned(),
    ];
    pages.extend(customer.as_str().map(|id| format!("/admin/customers/{id}")));
    pages
}

#[test]
fn a_message_is_answered_at_once_mailed_once_and_replied_to() {
    let (shop, _home, server, _cookie, key) = open(0);
    let customer = json!({"email": "anna@example.com", "first_name": "Anna", "language": "de"});
    shop.send("POST", "/api/v1/customers", &customer, &[]).expect(201);
    let sent = send(&shop, &key, ORIGIN, &question("anna@example.com", "It was to come\non Monday."), &[]);
    let sent = sent.expect(201);
    assert_eq!(sent.header("access-control-allow-origin"), Some(ORIGIN));
    assert!(sent.header("access-control-expose-headers").unwrap().contains("RateLimit"));
    assert!(sent.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case("vary") && v.contains("Origin")));
    assert!(sent.header("ratelimit-policy").unwrap().starts_with("\"message\""), "{sent:?}");
    let told = sent.json();
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "received_at"]);
    let id = told["id"].as_str().unwrap().to_owned();

    until("the shop is told", || server.to("boss@example.com").len() == 1);
    let notice = server.to("boss@example.com").remove(0);
    assert_eq!(notice.header("reply-to"), "anna@example.com");
    assert_eq!(notice.header("auto-submitted"), "auto-generated");
    assert!(notice.header("subject").contains("Anna Berg"), "{}", notice.header("subject"));
    for word in ["It was to come", "on Monday.", "anna@example.com", "Where is my parcel?"] {
        assert!(notice.text().contains(word), "{word}: {}", notice.text());
    }

    let message = read(&shop, &id);
    assert_eq!((&message["state"], &message["replies"]), (&json!("open"), &json!([])));
    assert!(message["customer"].is_string(), "{message}");
    let answered = act(&shop, &id, "replies", &json!({"text": "It comes tomorrow."})).expect(201).json();
    assert_eq!(answered["version"], 2);
    until("the answer came", || server.to("anna@example.com").len() == 1);
    let first = server.to("anna@example.com").remove(0);
    assert_eq!(first.header("subject"), "Re: Where is my parcel?");
    assert_eq!(first.header("reply-to"), "help@example.com");
    assert!(!first.data.contains("Auto-Submitted"), "a person wrote it");
    for word in ["Guten Tag Anna Berg", "It comes tomorrow.", "> It was to come", "> on Monday.", "Lumo"] {
        assert!(first.text().contains(word), "{word}: {}", first.text());
    }
    until("it is noted", || read(&shop, &id)["replies"][0]["mail_state"] == "sent");
    act(&shop, &id, "replies", &json!({"text": "It came.", "close": true})).expect(201);
    until("the second answer came", || server.to("anna@example.com").len() == 2);
    let second = server.to("anna@example.com").remove(1);
    assert_eq!(second.header("in-reply-to"), first.id());
    assert_eq!(second.header("references"), first.id());
    assert_eq!(read(&shop, &id)["state"], "closed");
    succeed(&["check", "--data", shop.data()]);
    assert_eq!(server.to("boss@example.com").len(), 1);
    let mail = shop.get("/api/v1/mail?limit=200").json();
    assert!(mail["data"].as_array().unwrap().iter().all(|mail| mail["message"] == json!(id)), "{mail}");
}

#[test]
fn a_killed_shop_tells_of_what_it_has_taken_exactly_once() {
    let (mut shop, _home, server, _cookie, key) = open(1);
    let sent: Vec<String> = (0..5)
        .map(|n| {
            let new = question("anna@example.com", &format!("Question number {n}"));
            send(&shop, &key, ORIGIN, &new, &[]).expect(201).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    shop.kill();
    shop.start();
    for id in &sent {
        assert_eq!(read(&shop, id)["state"], "open");
    }
    until("the shop is told of all", || server.to("boss@example.com").len() >= 5);
    act(&shop, &sent[0], "replies", &json!({"text": "Yes."})).expect(201);
    shop.kill();
    shop.start();
    until("the answer came", || !server.to("anna@example.com").is_empty());
    until("nothing waits", || {
        let open = ["queued", "sending"].map(|s| shop.get(&format!("/api/v1/mail?state={s}")).json());
        open.iter().all(|list| list["data"].as_array().unwrap().is_empty())
    });
    let ids: std::collections::BTreeSet<String> =
        server.to("boss@example.com").iter().map(crate::mail::Got::id).collect();
    assert_eq!(ids.len(), 5, "a mail each");
    assert_eq!(server.to("anna@example.com").len(), 1);
    succeed(&["check", "--data", shop.data()]);
}

#[test]
fn who_asks_or_sends_in_another_way_is_told_what_is_taken() {
    let (shop, _home) = shop_with(1, 3_600, NO_BRAKE);
    let _key = key(&shop, ORIGIN);
    let plain = shop.request("OPTIONS", DOOR, &[], None).expect(204);
    assert_eq!(plain.header("allow"), Some("POST, OPTIONS"));
    let multipart = [("origin", ORIGIN), ("content-type", "multipart/form-data; boundary=x")];
    let refused = shop.request("POST", DOOR, &multipart, Some(b"--x--")).expect(415);
    assert!(refused.body.contains("application/x-www-form-urlencoded"), "{}", refused.body);
    let latin = [("content-type", "application/json; charset=iso-8859-1"), ("origin", ORIGIN)];
    assert!(shop.request("POST", DOOR, &latin, Some(b"{}")).expect(415).body.contains("UTF-8"));
}

#[test]
fn only_pages_of_the_key_s_origins_may_write_and_each_door_has_its_kind_of_key() {
    let (shop, _home) = shop_with(1, 3_600, NO_BRAKE);
    let key = key(&shop, ORIGIN);
    let ask = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
            ("sec-fetch-site", "cross-site"),
        ];
        shop.request("OPTIONS", DOOR, &headers, None)
    };
    let may = ask(ORIGIN).expect(204);
    for (name, value) in [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "Authorization, Content-Type, Idempotency-Key, X-Request-Id"),
        ("access-control-max-age", "7200"),
    ] {
        assert_eq!(may.header(name), Some(value), "{name}");
    }
    assert_eq!(may.header("access-control-allow-credentials"), None);
    let vary: String = may.headers.iter().filter(|(n, _)| n == "vary").map(|(_, v)| v.as_str()).collect();
    assert!(vary.contains("Origin"), "{vary}");
    let new = question("anna@example.com", "Hello there");
    for origin in [
        "http://shop.example",
        "https://shop.example:8443",
        "https://evil.shop.example",
        "https://shop.example.evil",
        "null",
        "https://SHOP.example",
    ] {
        let refused = ask(origin).expect(403);
        assert_eq!(
            (refused.code().as_str(), refused.header("access-control-allow-origin")),
            ("origin_not_allowed", None)
        );
        let refused = send(&shop, &key, origin, &new, &[]).expect(403);
        assert_eq!(refused.code(), "origin_not_allowed", "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
    }
    let refused = send(&shop, &key, "", &new, &[]).expect(403);
    assert_eq!(refused.code(), "origin_missing");
    // A secret key on the storefront, a publishable one in the back office: each is told what is needed.
    let refused = send(&shop, &shop.key, ORIGIN, &new, &[]).expect(401);
    assert_eq!(refused.code(), "wrong_key_kind");
    assert!(refused.json()["detail"].as_str().unwrap().contains("pk_live_"), "{}", refused.body);
    assert_eq!(refused.header("access-control-allow-origin"), Some(ORIGIN), "the page may read why");
    let bearer = format!("Bearer {key}");
    let refused = shop.request("GET", "/api/v1/orders", &[("authorization", &bearer)], None).expect(401);
    assert_eq!(refused.code(), "wrong_key_kind");
    assert!(refused.json()["detail"].as_str().unwrap().contains("sk_live_"), "{}", refused.body);
    let refused =
        shop.request("POST", DOOR, &[("origin", ORIGIN), ("content-type", "application/json")], Some(b"{}"));
    assert_eq!(refused.expect(401).code(), "unauthenticated");
    let wrong = format!("{}x", &key[..key.len() - 1]);
    assert_eq!(send(&shop, &wrong, ORIGIN, &new, &[]).expect(401).code(), "invalid_key");
    // The API of the back office is as closed to other origins as before.
    let headers = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    let closed = shop.request("OPTIONS", "/api/v1/orders", &headers, None);
    assert!(closed.status >= 400 && closed.header("access-control-allow-origin").is_none(), "{closed:?}");
    assert!(view(&shop, "all").is_empty());

    // Another origin is added on the page of the key, and the key is revoked.
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let listed = shop.page("/admin/keys", &cookie).expect(200).body.replace("&#x2f;", "/");
    let at = listed.find("/admin/keys/key_").unwrap();
    let mut paths = listed.match_indices("/admin/keys/key_").map(|(at, _)| &listed[at..at + 42]);
    let page =
        paths.find(|path| shop.page(path, &cookie).body.contains("pk_live_")).unwrap_or(&listed[at..at + 42]);
    let form = |origins: &str, seen: &str| format!("origins={}&seen={}", encoded(origins), encoded(seen));
    // Those that were refused stand there with a button; what is no origin does not.
    let shown = shop.page(page, &cookie).body.replace("&#x2f;", "/");
    assert!(shown.contains("Add this origin"), "{shown}");
    for (origin, is_offered) in [("https://shop.example:8443", true), (ORIGIN, false), ("null", false)] {
        assert_eq!(shown.contains(&format!("<code>{origin}</code>")), is_offered, "{origin}");
    }
    let two = "https://shop.example\r\nhttps://shop.example:8443";
    shop.form(&format!("{page}/origins"), &form("https://*.example", ORIGIN), &cookie).expect(422);
    shop.form(&format!("{page}/origins"), &form(two, "https://old.example"), &cookie).expect(412);
    shop.form(&format!("{page}/origins"), &form(two, ORIGIN), &cookie).expect(303);
    ask("https://shop.example:8443").expect(204);
    send(&shop, &key, "https://shop.example:8443", &new, &[]).expect(201);
    shop.form(&format!("{page}/revoke"), "", &cookie).expect(303);
    assert_eq!(send(&shop, &key, ORIGIN, &new, &[]).expect(401).code(), "invalid_key");
    ask(ORIGIN).expect(403);
}

/// Sends a form as a browser without script does.
fn form(shop: &Shop, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
    let mut headers = vec![
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("accept", "text/html,application/xhtml+xml"),
    ];
    headers.extend(more);
    shop.request("POST", DOOR, &headers, Some(body.join("&").as_bytes()))
}

#[test]
fn a_plain_form_works_without_script_and_leads_back_to_the_shop_alone() {
    let (shop, _home) = shop_with(1, 3_600, NO_BRAKE);
    let key = key(&shop, ORIGIN);
    let fields =
        [("key", key.as_str()), ("email", "anna@example.com"), ("body", "By a form"), ("website", "")];
    let from = [("origin", ORIGIN)];
    let back = "https://shop.example/thanks?a=1";
    let led = form(&shop, &[&fields[..], &[("return_to", back)]].concat(), &from).expect(303);
    assert_eq!(led.header("location"), Some(back));
    for elsewhere in
        ["https://evil.example/", "//evil.example", "/admin", "https://shop.example@evil.example/"]
    {
        let refused = form(&shop, &[&fields[..], &[("return_to", elsewhere)]].concat(), &from).expect(422);
        assert_eq!((refused.code().as_str(), refused.header("location")), ("invalid_return_to", None));
    }
    let thanks = form(&shop, &[&fields[..2], &[("body", "Another")]].concat(), &from).expect(201);
    assert!(thanks.body.contains("Your message has arrived"), "{}", thanks.body);
    let wrong =
        form(&shop, &[("key", key.as_str()), ("email", "anna"), ("return_to", back)], &from).expect(422);
    for word in ["Your message was not sent", "Enter an e-mail address", "Write a message."] {
        assert!(wrong.body.contains(word), "{word}: {}", wrong.body);
    }
    assert_eq!(
        form(&shop, &fields, &[("origin", "https://evil.example")]).expect(403).code(),
        "origin_not_allowed"
    );
    assert_eq!(form(&shop, &fields[1..], &from).expect(401).code(), "unauthenticated");
    assert_eq!(
        form(&shop, &[("key", &shop.key), fields[1], fields[2]], &from).expect(401).code(),
        "wrong_key_kind"
    );
    let texts: Vec<Value> = view(&shop, "all").into_iter().map(|m| m["body"].clone()).collect();
    assert_eq!(texts, ["Another", "By a form"]);
}

#[test]
fn everything_wrong_is_said_at_once_and_a_retry_makes_no_second_message() {
    let (shop, _home) = shop_with(1, 3_600, NO_BRAKE);
    let key = key(&shop, ORIGIN);
    let wrong =
        json!({"email": "anna", "body": " ", "subject": "a\r\nBcc: all@example.com", "page": "javascript:1"});
    let refused = send(&shop, &key, ORIGIN, &wrong, &[]).expect(422).json();
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/subject", "/page", "/email", "/body"]);
    let unknown = json!({"email": "anna@example.com", "body": "x", "colour": "navy"});
    assert_eq!(send(&shop, &key, ORIGIN, &unknown, &[]).expect(422).code(), "unknown_field");
    assert_eq!(send(&shop, &key, ORIGIN, &json!("x"), &[]).status / 100, 4);
    let bearer = format!("Bearer {key}");
    let text = [("authorization", bearer.as_str()), ("origin", ORIGIN), ("content-type", "text/plain")];
    shop.request("POST", DOOR, &text, Some(b"{}")).expect(415);
    let typed =
        [("authorization", bearer.as_str()), ("origin", ORIGIN), ("content-type", "application/json")];
    shop.request("POST", &format!("{DOOR}?key={key}"), &typed, Some(b"{}")).expect(400);
    let once = [("idempotency-key", "one")];
    let new = question("anna@example.com", "Only once");
    let first = send(&shop, &key, ORIGIN, &new, &once).expect(201);
    let second = send(&shop, &key, ORIGIN, &new, &once).expect(201);
    assert_eq!((first.body, second.header("idempotency-replayed")), (second.body.clone(), Some("true")));
    let other = question("anna@example.com", "Something else");
    assert_eq!(send(&shop, &key, ORIGIN, &other, &once).expect(422).code(), "idempotency_key_reused");
    assert_eq!(view(&shop, "all").len(), 1);
}

#[test]
fn what_looks_like_spam_is_kept_apart_told_to_nobody_and_never_lost() {
    let (shop, _home, server, cookie, key) = open(0);
    let honest =
        question("anna@example.com", "A question that is long enough to be one's own words, really.");
    let honest = send(&shop, &key, ORIGIN, &honest, &[]).expect(201);
    let links = "http://a.example http://b.example http://c.example http://d.example";
    let text = "A Question, that is long enough to be one's own words: REALLY";
    let mut suspected = Vec::new();
    for new in [
        json!({"email": "bot@example.com", "body": "Buy", "website": "https://spam.example"}),
        question("bot@example.com", links),
        question("copy@example.com", text),
    ] {
        let answer = send(&shop, &key, ORIGIN, &new, &[]).expect(201);
        let keys = |a: &Answer| a.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&answer), keys(&honest), "who writes learns nothing");
        suspected.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    let spam = view(&shop, "spam");
    assert_eq!(spam.len(), 3);
    assert!(spam.iter().all(|m| m["spam_reason"].as_str().is_some_and(|why| !why.is_empty())), "{spam:?}");
    assert_eq!(view(&shop, "open").len(), 1);
    assert_eq!(
        act(&shop, &suspected[0], "replies", &json!({"text": "x"})).expect(409).code(),
        "message_is_spam"
    );
    let page = shop.page("/admin/messages?view=spam", &cookie).expect(200).body;
    assert!(page.contains("A field that people do not see was filled in."), "{page}");
    // One is no spam after all; another one that passed is.
    act(&shop, &suspected[2], "not-spam", &json!({})).expect(200);
    let honest = honest.json()["id"].as_str().unwrap().to_owned();
    let marked = act(&shop, &honest, "spam", &json!({})).expect(200).json();
    assert!(marked["spam_reason"].as_str().unwrap().starts_with("Marked by"), "{marked}");
    assert_eq!((view(&shop, "open").len(), view(&shop, "spam").len()), (1, 3));
    // The mailer has read behind all of it once a later message is told of.
    send(&shop, &key, ORIGIN, &question("later@example.com", "The last one"), &[]).expect(201);
    until("the last one is told of", || {
        server.to("boss@example.com").iter().any(|got| got.text().contains("The last one"))
    });
    assert!(server.to("boss@example.com").len() <= 2);
    assert!(!server.to("boss@example.com").iter().any(|got| got.text().contains("bot@example.com")));
    succeed(&["check", "--data", shop.data()]);
}

#[test]
fn who_writes_too_often_waits() {
    let (shop, _home) = shop_with(1, 3_600, "");
    let key = key(&shop, ORIGIN);
    let write =
        |n: u32| send(&shop, &key, ORIGIN, &question("anna@example.com", &format!("Number {n}")), &[]);
    let answers: Vec<Answer> = (0..6).map(write).collect();
    let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429]);
    let braked = answers.last().unwrap();
    assert!(braked.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(braked.header("ratelimit-policy"), Some("\"message\";q=5;w=60"));
    assert_eq!(braked.header("access-control-allow-origin"), Some(ORIGIN), "the page may read how long");
    assert_eq!(braked.code(), "too_many_requests");
    let page = form(
        &shop,
        &[("key", key.as_str()), ("email", "a@example.com"), ("body", "x")],
        &[("origin", ORIGIN)],
    );
    assert!(page.expect(429).body.contains("Too many requests"));
    assert_eq!(view(&shop, "all").len(), 5);
}

#[test]
fn one_address_does_not_use_up_what_all_have_together() {
    let more =
        "\n[server]\ntrusted_proxies = [\"127.0.0.1/32\"]\n[server.limits]\nmessage = 2\nmessages = 8\n";
    let (shop, _home) = shop_with(1, 3_600, more);
    let key = key(&shop, ORIGIN);
    let mut n = 0;
    let mut from = |address: &str| {
        n += 1;
        let new = question("anna@example.com", &format!("Number {n}"));
        let answer = send(&shop, &key, ORIGIN, &new, &[("x-forwarded-for", address)]);
        (answer.status, answer.header("ratelimit-policy").unwrap_or_default().to_owned())
    };
    let statuses: Vec<u16> = (0..6).map(|_| from("203.0.113.7").0).collect();
    assert_eq!(statuses, [201, 201, 429, 429, 429, 429]);
    // A network of IPv6 is one.
    assert_eq!(["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3"].map(|a| from(a).0), [201, 201, 429]);
    // So are all those of one customer: they have a quarter of what there is for all.
    assert_eq!(["2001:db8:9:1::1", "2001:db8:9:2::1", "2001:db8:9:3::1"].map(|a| from(a).0), [201, 201, 429]);
    assert_eq!(["203.0.113.8", "203.0.113.8"].map(|a| from(a).0), [201, 201]);
    assert_eq!(from("203.0.113.9"), (429, "\"messages\";q=8;w=60".to_owned()));
}

#[test]
fn a_message_is_linked_to_customer_and_order_of_its_address_alone() {
    let (shop, _home) = shop_with(1, 3_600, NO_BRAKE);
    let key = key(&shop, ORIGIN);
    let placed = shop.place("a", &least_order("anna@example.com", 5_900)).expect(201).json();
    let (order, number) = (placed["id"].as_str().unwrap(), placed["number"].as_u64().unwrap());
    let about = |email: &str, number: &str| {
        let mut new = question(email, &format!("About {number}, from {email}"));
        new["order_number"] = json!(number);
        let sent = send(&shop, &key, ORIGIN, &new, &[]).expect(201).json();
        read(&shop, sent["id"].as_str().unwrap())
    };
    let own = about("ANNA@example.com", &format!("#{number}"));
    assert_eq!((own["order"].as_str(), own["customer"].is_string()), (Some(order), true));
    let strange = about("eve@example.com", &number.to_string());
    assert_eq!((&strange["order"], &strange["customer"]), (&Value::Null, &Value::Null));
    let none = about("anna@example.com", "999999");
    assert_eq!((&none["order"], none["customer"].is_string()), (&Value::Null, true));
    // A customer that is added later has what was written before.
    shop.send("POST", "/api/v1/customers", &json!({"email": "eve@example.com"}), &[]).expect(201);
    assert!(read(&shop, strange["id"].as_str().unwrap())["customer"].is_string());

    let (cookie, packer) = (shop.sign_in(OWNER, PASSWORD), person(&shop, "packer"));
    let link = format!("/admin/messages/{}", own["id"].as_str().unwrap());
    let shows = |path: &str, cookie: &str| {
        shop.page(path, cookie).expect(200).body.replace("&#x2f;", "/").contains(&link)
    };
    assert!(shows(&format!("/admin/orders/{order}"), &cookie));
    assert!(shows(&format!("/admin/customers/{}", own["customer"].as_str().unwrap()), &cookie));
    assert!(!shows(&format!("/admin/orders/{order}"), &packer), "who packs sees no messages");
    let page = shop.page(&link, &cookie).expect(200).body;
    assert!(page.contains(&format!("#{number}")) && page.contains("1\u{a0}order"), "{page}");
}

#[test]
fn roles_see_and_answer_and_two_people_lose_nothing() {
    let (shop, _home, _server, owner, key) = open(3_600);
    let sent = send(&shop, &key, ORIGIN, &question("anna@example.com", "Hello"), &[]).expect(201).json();
    let page = format!("/admin/messages/{}", sent["id"].as_str().unwrap());
    let [support, reader, packer] = ["support", "read_only", "packer"].map(|role| person(&shop, role));
    assert_eq!(shop.page(&page, &packer).status, 403);
    let seen = shop.page(&page, &reader).expect(200).body;
    assert!(seen.contains("anna@example.com") && !seen.contains("Send and close"), "{seen}");
    assert_eq!(shop.form(&format!("{page}/reply"), "text=x&version=1", &reader).status, 403);
    assert_eq!(shop.form(&format!("{page}/close"), "version=1", &reader).status, 403);

    // The owner answers; support, who has the page from before, is shown it and keeps what was typed.
    let answered = shop.form(&format!("{page}/reply"), "text=It+comes+tomorrow.&version=1", &owner);
    assert_eq!(answered.expect(303).header("location"), Some(page.as_str()));
    let late = shop.form(&format!("{page}/reply"), "text=It+is+lost.&version=1", &support).expect(412);
    assert!(late.body.contains("It is lost.") && late.body.contains("It comes tomorrow."), "{}", late.body);
    let message = read(&shop, sent["id"].as_str().unwrap());
    assert_eq!(message["replies"].as_array().unwrap().len(), 1);
    assert!(message["assigned_to"].is_string(), "who answers first minds it: {message}");
    let version = message["version"].as_u64().unwrap();
    assert!(late.body.contains(&format!("name=\"version\" value=\"{version}\"")), "sent again it goes");
    let empty = shop.form(&format!("{page}/reply"), &format!("text=++&version={version}"), &support);
    assert!(empty.expect(422).body.contains("Write an answer."));

    // It can be called back while it waits.
    let mail = message["replies"][0]["mail"].as_str().unwrap().to_owned();
    shop.form(&format!("/admin/mail/{mail}/cancel"), &format!("from={}", encoded(&page)), &owner).expect(303);
    assert_eq!(read(&shop, message["id"].as_str().unwrap())["replies"][0]["mail_state"], "cancelled");

    // It is handed to support, not to who packs; closed and opened again.
    let id = message["id"].as_str().unwrap();
    assert_eq!(
        act(&shop, id, "assign", &json!({"assigned_to": "packer@example.com"})).expect(422).code(),
        "cannot_assign"
    );
    act(&shop, id, "assign", &json!({"assigned_to": "support@example.com"})).expect(200);
    let mine = shop.page("/admin/messages?view=mine", &support).expect(200).body;
    assert!(mine.contains("Where is my parcel?"), "{mine}");
    let none = shop.page("/admin/messages?view=mine", &owner).expect(200).body;
    assert!(!none.contains("Where is my parcel?"), "{none}");
    let version = read(&shop, id)["version"].as_u64().unwrap();
    let closed = shop.form(&format!("{page}/close"), &format!("version={version}"), &support).expect(303);
    assert_eq!(closed.header("location"), Some("/admin/messages"));
    assert_eq!(view(&shop, "closed").len(), 1);
    shop.form(&format!("{page}/reopen"), &format!("version={version}"), &support).expect(303);
    assert_eq!(view(&shop, "closed").len(), 1, "a page from before changes nothing");
    act(&shop, id, "reopen", &json!({})).expect(200);
    assert_eq!(view(&shop, "open").len(), 1);
}

#[test]
fn an_answer_that_is_called_back_leaves_the_message_as_it_was() {
    let (shop, _home, server, owner, key) = open(3_600);
    let sent = send(&shop, &key, ORIGIN, &question("anna@example.com", "Hello"), &[]).expect(201).json();
    let id = sent["id"].as_str().unwrap();
    let page = format!("/admin/messages/{id}");
    let reply = |form: &str| {
        shop.form(&format!("{page}/reply"), form, &owner).expect(303);
        read(&shop, id)
    };
    let cancel = |message: &Value| {
        let mail =
            message["replies"].as_array().unwrap().last().unwrap()["mail"].as_str().unwrap().to_owned();
        let back = format!("from={}", encoded(&page));
        shop.form(&format!("/admin/mail/{mail}/cancel"), &back, &owner).expect(303);
        (read(&shop, id), mail)
    };
    let closed = reply("text=It+comes+tomorrow.&version=1&then=close");
    assert_eq!((&closed["state"], closed["assigned_to"].is_string()), (&json!("closed"), true));
    let (message, mail) = cancel(&closed);
    assert_eq!((&message["state"], &message["assigned_to"]), (&json!("open"), &Value::Null), "{message}");
    let seen = shop.page(&page, &owner).expect(200).body;
    assert!(seen.contains("\nIt comes tomorrow.</textarea>"), "the text is in the box again: {seen}");
    assert!(seen.contains("Sending the answer was cancelled") && !seen.contains("Answered</span>"), "{seen}");
    let list = shop.page("/admin/messages", &owner).expect(200).body;
    assert!(list.contains("New</span>") && !list.contains("Answered</span>"), "{list}");
    let events = shop.get("/api/v1/events?limit=200").expect(200).json();
    let told = events["data"].as_array().unwrap().iter().any(|event| {
        event["kind"] == "message.reply_not_sent"
            && event["data"] == json!({"reply": 1, "reason": "cancelled"})
    });
    assert!(told, "{events}");

    // What was closed by hand stays so; what somebody else has taken meanwhile stays theirs.
    shop.add_staff("support@example.com", "support", "support");
    let version = message["version"].as_u64().unwrap();
    let answered = reply(&format!("text=It+comes+today.&version={version}"));
    act(&shop, id, "assign", &json!({"assigned_to": "support@example.com"})).expect(200);
    act(&shop, id, "close", &json!({})).expect(200);
    let (message, _) = cancel(&answered);
    assert_eq!((&message["state"], message["assigned_to"].is_string()), (&json!("closed"), true));

    // Sent again after all, it is an answer as any other.
    act(&shop, id, "reopen", &json!({})).expect(200);
    shop.send("POST", &format!("/api/v1/mail/{mail}/resend"), &json!({}), &[]).expect(202);
    let seen = shop.page("/admin/messages", &owner).expect(200).body;
    assert!(seen.contains("Answered</span>"), "{seen}");
    assert!(server.to("anna@example.com").is_empty());
    succeed(&["check", "--data", shop.data()]);
}

#[test]
fn an_answer_that_is_refused_opens_its_message_again_and_says_why() {
    let (shop, _home, server, owner, key) = open(0);
    let sent = send(&shop, &key, ORIGIN, &question("nobody@example.com", "Hello"), &[]).expect(201).json();
    let id = sent["id"].as_str().unwrap();
    act(&shop, id, "replies", &json!({"text": "It comes tomorrow.", "close": true})).expect(201);
    until("it was refused", || read(&shop, id)["replies"][0]["mail_state"] == "failed");
    assert_eq!(read(&shop, id)["state"], "open");
    let list = shop.page("/admin/messages", &owner).expect(200).body;
    assert!(list.contains("Not sent</span>"), "{list}");
    let page = format!("/admin/messages/{id}");
    let seen = shop.page(&page, &owner).expect(200).body;
    assert!(seen.contains("The last answer could not be sent: 550 5.1.1 No such user here"), "{seen}");
    assert!(seen.contains("\nIt comes tomorrow.</textarea>"), "{seen}");
    // Who closes it has seen to it.
    act(&shop, id, "close", &json!({})).expect(200);
    act(&shop, id, "reopen", &json!({})).expect(200);
    assert!(!shop.page(&page, &owner).expect(200).body.contains("could not be sent:"));
    // Nothing is sent to that address until somebody says so: that is no answer either.
    act(&shop, id, "replies", &json!({"text": "Once more.", "close": true})).expect(201);
    until("it was left out", || read(&shop, id)["replies"][1]["mail_state"] == "dropped");
    assert_eq!(read(&shop, id)["state"], "open");
    assert_eq!(server.asked("nobody@example.com"), 1);
    succeed(&["check", "--data", shop.data()]);
}

#[test]
fn the_one_box_finds_messages_by_who_wrote_and_what_for_those_who_see_the_inbox() {
    let (shop, _home, _server, owner, key) = open(0);
    let long = json!({"email": "j.mueller@example.de", "name": "Jürgen Müller", "subject": "Größentausch",
        "phone": "+49 30 765 43 21", "order_number": "4711",
        "body": "Guten Tag,\n\ndie Regenjacke ist zu klein. Kann ich sie gegen eine größere tauschen?"});
    let sent = send(&shop, &key, ORIGIN, &long, &[]).expect(201).json();
    let trapped = json!({"email": "spam@example.com", "name": "Cheap", "body": "Casino bonus", "website": "https://spam.example"});
    let trapped = send(&shop, &key, ORIGIN, &trapped, &[]).expect(201).json();
    let find = |query: &str, more: &str| {
        shop.get(&format!("/api/v1/search?q={}{more}", encoded(query))).expect(200).json()
    };
    let hit = |query: &str| find(query, "&kind=message")["data"][0].clone();
    for (query, field) in [
        ("jürgen müller", "name"),
        ("mueller", "name"),
        ("j.mueller@example.de", "email"),
        ("4321", "phone"),
        ("grössentausch", "subject"),
        ("regenjacke tausch", "text"),
        ("subject:größentausch", "subject"),
        ("text:regenjacke", "text"),
    ] {
        let hit = hit(query);
        assert_eq!((&hit["id"], &hit["kind"]), (&sent["id"], &json!("message")), "{query}");
        let why = hit["matches"].as_array().unwrap().iter().map(|why| why["field"].as_str().unwrap());
        assert!(why.collect::<Vec<_>>().contains(&field), "{query}: {hit}");
    }
    let found = hit("regenjacke");
    assert_eq!(found["title"], "Größentausch · Jürgen Müller");
    assert!(found["subtitle"].as_str().unwrap().ends_with("j.mueller@example.de · about order #4711"));
    assert_eq!((&found["state"], &hit("casino")["state"]), (&json!("New"), &json!("Spam")));
    assert_eq!(hit("casino")["id"], trapped["id"]);
    assert_eq!(find(sent["id"].as_str().unwrap(), "")["exact"], sent["id"]);
    // The drop-down and the page have them too, and lead to the message.
    let link = format!("/admin/messages/{}", sent["id"].as_str().unwrap());
    let plain = |answer: Answer| answer.expect(200).body.replace("&#x2f;", "/");
    let drop_down = plain(shop.page("/admin/search/suggest?q=regenjacke", &owner));
    assert!(drop_down.contains(&link) && drop_down.contains("Messages"), "{drop_down}");
    let jumped = shop.page("/admin/search?q=regenjacke", &owner).expect(303);
    assert_eq!(jumped.header("location"), Some(link.as_str()));
    // What becomes of it is seen by the next search; and nobody else finds it.
    act(&shop, sent["id"].as_str().unwrap(), "close", &json!({})).expect(200);
    assert_eq!(hit("regenjacke")["state"], "Closed");
    let packer = person(&shop, "packer");
    assert!(!shop.page("/admin/search/suggest?q=regenjacke", &packer).expect(200).body.contains("msg_"));
    let blind = format!("Bearer {}", shop.key_with(&["orders:view", "customers:view"]));
    let blind = [("authorization", blind.as_str())];
    let answer = shop.request("GET", "/api/v1/search?q=regenjacke", &blind, None).expect(200).json();
    assert_eq!(answer["data"], json!([]));
    let named = format!("/api/v1/search?q={}", sent["id"].as_str().unwrap());
    assert_eq!(shop.request("GET", &named, &blind, None).expect(200).json()["exact"], Value::Null);
    shop.request("GET", "/api/v1/search?q=x&kind=message", &blind, None).expect(403);
    // An index that is built anew has them as well.
    succeed(&["reindex", "--data", shop.data()]);
    until("it is whole again", || find("regenjacke", "")["degraded"] == false);
    assert_eq!(hit("regenjacke")["id"], sent["id"]);
}

#[test]
fn without_a_mail_server_messages_come_in_and_answers_say_what_is_missing() {
    let shop = Shop::open();
    let key = key(&shop, ORIGIN);
    let sent = send(&shop, &key, ORIGIN, &question("anna@example.com", "Hello"), &[]).expect(201).json();
    let id = sent["id"].as_str().unwrap();
    let refused = act(&shop, id, "replies", &json!({"text": "Hello"})).expect(409);
    assert_eq!(refused.code(), "mail_not_set_up");
    assert_eq!(read(&shop, id)["replies"], json!([]), "an answer nobody gets is not kept");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = shop.page(&format!("/admin/messages/{id}"), &cookie).expect(200).body;
    assert!(page.contains("mail.host") && page.contains("mailto:anna@example.com"), "{page}");
    let away = request(&format!("{}{DOOR}", shop.url), "GET", &[], None);
    assert_eq!(away.expect(405).code(), "method_not_allowed");
}
