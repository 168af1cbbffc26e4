//! Webhooks against a receiver that answers, fails, hangs, redirects, wants nothing more, and dies: signed so that another
//! implementation takes them, sent until they arrive, once for every event, and never into the own network unasked.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, least_order, until};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A message that came.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// The other side. What it does is said by the path.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    /// Paths that answer 200 whatever they are called, from now on.
    mended: Arc<Mutex<bool>>,
}

impl Receiver {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (got, mended) = (Arc::default(), Arc::default());
        let receiver = Self { url, got: Arc::clone(&got), mended: Arc::clone(&mended) };
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (got, mended) = (Arc::clone(&got), Arc::clone(&mended));
                std::thread::spawn(move || serve(socket, &got, &mended));
            }
        });
        receiver
    }
    fn mend(&self) {
        *self.mended.lock().unwrap() = true;
    }
    fn got(&self, path: &str) -> Vec<Got> {
        self.got.lock().unwrap().iter().filter(|got| got.path == path).cloned().collect()
    }
}

fn serve(socket: TcpStream, got: &Mutex<Vec<Got>>, mended: &Mutex<bool>) {
    let (mut reader, mut writer) = (BufReader::new(socket.try_clone().unwrap()), socket);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        got.lock().unwrap().push(Got { path: path.clone(), headers, body });
        let known = if *mended.lock().unwrap() { "/ok" } else { path.as_str() };
        let (status, more) = match known {
            "/fail" => ("500 Oh no", ""),
            "/redirect" => ("302 Found", "location: /elsewhere\r\n"),
            "/gone" => ("410 Gone", ""),
            "/busy" => ("429 Busy", "retry-after: 7200\r\n"),
            "/hang" => {
                // Until the other side gives up.
                let _ended = reader.read(&mut [0; 1]);
                return;
            }
            "/drop" => return,
            "/flood" => {
                let _all = writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while writer.write_all(&[b'x'; 65_536]).is_ok() {}
                return;
            }
            _ => ("200 OK", ""),
        };
        let answer = format!("HTTP/1.1 {status}\r\n{more}content-length: 2\r\n\r\nok");
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A shop that may send to this machine.
fn shop() -> (Shop, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    std::fs::write(&config, "[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n").unwrap();
    (Shop::open_with(&["--config", config.to_str().unwrap()]), home)
}

fn add(shop: &Shop, url: &str, kinds: &[&str]) -> (String, String) {
    let made =
        shop.send("POST", "/api/v1/webhooks", &json!({"url": url, "kinds": kinds}), &[]).expect(201).json();
    (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

/// The pages of webhooks, with one whose first message failed and waits to be tried again.
pub(crate) fn pages(shop: &Shop) -> Vec<String> {
    let (id, _) =
        add(shop, "https://receiver.invalid/a-long-path-of-a-program/that-wants-to-know", &["order.*"]);
    act(shop, &id, "test", &json!({})).expect(202);
    until("it was tried", || !attempts(shop, &id).is_empty());
    let (list, attempt) = ("/admin/webhooks", attempts(shop, &id).remove(0));
    let attempt = attempt["id"].as_str().unwrap();
    ["", "/new", &format!("/{id}"), &format!("/{id}/edit"), &format!("/{id}/attempts/{attempt}")]
        .map(|place| format!("{list}{place}"))
        .to_vec()
}

fn act(shop: &Shop, id: &str, what: &str, body: &Value) -> Answer {
    shop.send("POST", &format!("/api/v1/webhooks/{id}/{what}"), body, &[])
}

fn read(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("/api/v1/webhooks/{id}")).expect(200).json()
}

fn attempts(shop: &Shop, id: &str) -> Vec<Value> {
    shop.get(&format!("/api/v1/webhooks/{id}/attempts")).expect(200).json()["data"]
        .as_array()
        .unwrap()
        .clone()
}

/// HMAC-SHA256 by its definition, so that what signs does not judge itself.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// As a receiver checks a message: one of the signatures has to be right, and the time near.
fn is_signed(got: &Got, secret: &str) -> bool {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let at = &got.headers["webhook-timestamp"];
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(at.parse::<u64>().unwrap().abs_diff(now) < 300, "{at}");
    let mut text = format!("{}.{at}.", got.id()).into_bytes();
    text.extend_from_slice(&got.body);
    let right = format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, &text)));
    got.headers["webhook-signature"].split(' ').any(|one| one == right)
}

/// Whether the library of the standard takes a message with this body.
fn is_taken(got: &Got, body: &[u8], secret: &str) -> bool {
    let mut headers = ureq::http::HeaderMap::new();
    for (name, value) in &got.headers {
        headers.insert(ureq::http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    standardwebhooks::Webhook::new(secret).unwrap().verify(body, &headers).is_ok()
}

#[test]
fn the_library_of_the_standard_takes_what_was_sent_and_nothing_else() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let (id, secret) = add(&shop, &format!("{}/ok", receiver.url), &["order.*"]);
    let (_, stranger) = add(&shop, &format!("{}/other", receiver.url), &["customer.*"]);
    // Letters beyond ASCII are signed as the bytes they are.
    let mut order = least_order("anna@example.com", 100);
    order["lines"][0]["title"] = json!("Mütze „Größe M“ 帽子");
    shop.place("a", &order).expect(201);
    until("it arrived", || !receiver.got("/ok").is_empty());
    let got = receiver.got("/ok").remove(0);
    assert!(is_taken(&got, &got.body, &secret));
    assert!(!is_taken(&got, &got.body, &stranger), "another secret");
    let mut longer = got.body.clone();
    longer.push(b' ');
    assert!(!is_taken(&got, &longer, &secret), "a space more");
    let mut other = got.body.clone();
    let at = other.iter().position(|byte| byte.is_ascii_digit()).unwrap();
    other[at] ^= 1;
    assert!(!is_taken(&got, &other, &secret), "another figure");
    for (header, by) in [("webhook-id", "evt_1"), ("webhook-timestamp", "1")] {
        let mut changed = got.clone();
        changed.headers.insert(header.to_owned(), by.to_owned());
        assert!(!is_taken(&changed, &got.body, &secret), "{header}");
    }
    let rotated = act(&shop, &id, "rotate-secret", &json!({})).expect(200).json();
    let rotated = rotated["secret"].as_str().unwrap();
    act(&shop, &id, "test", &json!({})).expect(202);
    until("the test arrived", || receiver.got("/ok").len() == 2);
    let got = receiver.got("/ok").remove(1);
    assert!(is_taken(&got, &got.body, &secret) && is_taken(&got, &got.body, rotated), "both, for a day");
    assert!(!is_taken(&got, &got.body, &stranger));
    // What was tried in vain and comes later is signed anew, under the same id.
    let (id, secret) = add(&shop, &format!("{}/fail", receiver.url), &["order.placed"]);
    shop.place("b", &order).expect(201);
    until("it failed", || !attempts(&shop, &id).is_empty());
    receiver.mend();
    until("it came again", || receiver.got("/fail").len() >= 2);
    let all = receiver.got("/fail");
    assert!(all.iter().all(|got| got.id() == all[0].id() && is_taken(got, &got.body, &secret)));
}

#[test]
fn an_order_arrives_signed_once_and_in_the_words_of_the_feed() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let (id, secret) = add(&shop, &format!("{}/ok", receiver.url), &["order.*"]);
    let (other, _) = add(&shop, &format!("{}/customers", receiver.url), &["customer.*"]);
    shop.place("a", &least_order("anna@example.com", 100)).expect(201);
    until("it arrived", || !receiver.got("/ok").is_empty());
    let got = receiver.got("/ok").remove(0);
    assert!(is_signed(&got, &secret));
    let placed = shop.get("/api/v1/events?kind=order.placed").json()["data"][0].clone();
    let message = got.json();
    assert_eq!(message["data"], placed);
    assert_eq!((&message["type"], &message["timestamp"]), (&json!("order.placed"), &placed["at"]));
    assert_eq!(json!(got.id()), placed["id"]);
    assert_eq!(got.headers["content-type"], "application/json");
    until("it is written down", || read(&shop, &id)["delivered"] == 1);
    let attempt = attempts(&shop, &id).remove(0);
    assert_eq!(
        (&attempt["status"], &attempt["answer"], &attempt["number"]),
        (&json!(200), &json!("ok"), &json!(1))
    );
    assert_eq!(read(&shop, &id)["secret"], Value::Null, "shown once");
    until("the other has its own", || !receiver.got("/customers").is_empty());
    assert!(
        receiver
            .got("/customers")
            .iter()
            .all(|got| got.json()["type"].as_str().unwrap().starts_with("customer."))
    );
    // For a day both secrets sign.
    let new = act(&shop, &id, "rotate-secret", &json!({})).expect(200).json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    act(&shop, &id, "test", &json!({})).expect(202);
    until("the test arrived", || receiver.got("/ok").len() == 2);
    let got = receiver.got("/ok").remove(1);
    assert_eq!(got.json()["type"], "webhook.test");
    assert!(is_signed(&got, &secret) && is_signed(&got, &new) && new != secret);
    // Everything again keeps its ids; what is removed hears nothing.
    shop.request(
        "DELETE",
        &format!("/api/v1/webhooks/{other}"),
        &[("authorization", &format!("Bearer {}", shop.key))],
        None,
    )
    .expect(204);
    act(&shop, &id, "replay", &json!({"after": 0})).expect(202);
    until("it came again", || receiver.got("/ok").len() == 3);
    let again = receiver.got("/ok").remove(2);
    assert_eq!((again.id(), again.body == receiver.got("/ok")[0].body), (receiver.got("/ok")[0].id(), true));
    act(&shop, &id, "replay", &json!({"since": "2020-01-01T00:00:00Z"})).expect(202);
    until("and once more", || receiver.got("/ok").len() == 4);
}

#[test]
fn a_receiver_that_fails_gets_it_later_and_nobody_waits_for_it() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let hook = |path: &str| add(&shop, &format!("{}{path}", receiver.url), &["order.placed"]).0;
    let hang = hook("/hang");
    let (fail, redirect, busy, dropped, flood) =
        (hook("/fail"), hook("/redirect"), hook("/busy"), hook("/drop"), hook("/flood"));
    let dead = add(&shop, "http://127.0.0.1:1/", &["order.placed"]).0;
    let well = hook("/ok");
    shop.place("a", &least_order("anna@example.com", 100)).expect(201);
    until("the good one has it", || read(&shop, &well)["delivered"] == 1);
    until("an answer without end is cut", || read(&shop, &flood)["delivered"] == 1);
    assert!(attempts(&shop, &flood)[0]["answer"].as_str().unwrap().len() <= 16 << 10);
    let first = |id: &str| {
        until("it was tried", || !attempts(&shop, id).is_empty());
        attempts(&shop, id).pop().unwrap()
    };
    let pause = |attempt: &Value| {
        let time = |field: &str| attempt[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        time("next_attempt_at").duration_since(time("at")).as_secs()
    };
    for (id, status) in
        [(&fail, json!(500)), (&redirect, json!(302)), (&dropped, Value::Null), (&dead, Value::Null)]
    {
        let attempt = first(id);
        assert_eq!((&attempt["status"], &attempt["delivered"]), (&status, &json!(false)), "{attempt}");
        assert!((3..=8).contains(&pause(&attempt)), "{attempt}");
    }
    assert!(first(&dead)["error"].as_str().unwrap().contains("refused"));
    assert_eq!(pause(&first(&busy)) / 3_600, 2, "it asked for two hours");
    assert!(receiver.got("/elsewhere").is_empty(), "redirects are not followed");
    until("it was tried again after some seconds", || receiver.got("/fail").len() >= 2);
    receiver.mend();
    // Somebody does not want to wait.
    for id in [&fail, &redirect, &busy] {
        let attempt = first(id)["id"].as_str().unwrap().to_owned();
        let again = act(&shop, id, &format!("attempts/{attempt}/send-again"), &json!({}));
        until("it arrived", || {
            let whole = read(&shop, id);
            let is_done = whole["failing_since_at"].is_null() && whole["waiting"] == 0;
            is_done && whole["delivered"].as_u64() >= Some(1)
        });
        // It may have been tried by itself a moment before.
        assert!(again.status == 202 || again.status == 409, "{}", again.body);
    }
    let bodies = receiver.got("/fail");
    assert!(bodies.iter().all(|got| got.body == bodies[0].body && got.id() == bodies[0].id()));
    until("the one that hangs is given up on as well", || !attempts(&shop, &hang).is_empty());
    assert!(first(&hang)["error"].as_str().unwrap().contains("in time"));
}

#[test]
fn gone_pauses_and_a_pause_keeps_everything() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let (id, _) = add(&shop, &format!("{}/gone", receiver.url), &["order.placed"]);
    shop.place("a", &least_order("anna@example.com", 100)).expect(201);
    until("it was paused", || read(&shop, &id)["status"] == "paused");
    assert!(read(&shop, &id)["paused_reason"].as_str().unwrap().contains("410"));
    assert_eq!(read(&shop, &id)["given_up"], 1);
    act(&shop, &id, "test", &json!({})).expect(409);
    for n in 0..3 {
        shop.place(&format!("b{n}"), &least_order("ben@example.com", 100)).expect(201);
    }
    receiver.mend();
    act(&shop, &id, "resume", &json!({})).expect(200);
    until("what came meanwhile arrived", || read(&shop, &id)["delivered"] == 3);
    act(&shop, &id, "retry-failed", &json!({})).expect(202);
    until("and what was given up", || read(&shop, &id)["delivered"] == 4);
    let ids: std::collections::BTreeSet<String> =
        receiver.got("/gone").iter().map(|got| got.id().to_owned()).collect();
    assert_eq!((ids.len(), receiver.got("/gone").len()), (4, 5), "only the refused one came twice");
    act(&shop, &id, "pause", &json!({})).expect(200);
    shop.place("c", &least_order("cora@example.com", 100)).expect(201);
    act(&shop, &id, "resume", &json!({"skip_missed": true})).expect(200);
    shop.place("d", &least_order("dora@example.com", 100)).expect(201);
    until("only the last came", || read(&shop, &id)["delivered"] == 5);
    assert_eq!(
        (read(&shop, &id)["lag"].as_u64().unwrap() < 3, read(&shop, &id)["waiting"].clone()),
        (true, json!(0))
    );
    let kinds: Vec<Value> =
        shop.get("/api/v1/events?kind=webhook.*").json()["data"].as_array().unwrap().clone();
    let kinds: Vec<&str> = kinds.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["webhook.added", "webhook.paused", "webhook.resumed", "webhook.paused", "webhook.resumed"]
    );
}

/// Receivers have tokens in their addresses. Who reads what happens, or who follows it, is no reason to have them.
#[test]
fn an_address_is_told_to_those_alone_who_manage_webhooks() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let (id, _) = add(&shop, &format!("{}/ok/token-one?key=token-two", receiver.url), &["order.*"]);
    let at = format!("/api/v1/webhooks/{id}");
    let elsewhere = json!({"url": format!("{}/ok/token-three", receiver.url), "note": "Warehouse"});
    shop.send("PATCH", &at, &elsewhere, &[]).expect(200);
    shop.send("PATCH", &at, &json!({"url": "https://receiver.invalid/token-four"}), &[]).expect(200);
    act(&shop, &id, "test", &json!({})).expect(202);
    until("it was tried", || !attempts(&shop, &id).is_empty());
    assert!(shop.get(&at).body.contains("token-four"));
    let others = shop.key_with(&["system:view", "events:view", "jobs:manage"]);
    let header = format!("Bearer {others}");
    let seen = |path: &str| {
        let answer = shop.request("GET", path, &[("authorization", &header)], None).expect(200);
        assert!(!answer.body.contains("token-"), "{path}: {}", answer.body);
        answer.body
    };
    assert!(seen("/api/v1/subscriptions").contains("https://receiver.invalid"));
    assert!(seen("/api/v1/events?limit=1000").contains(&receiver.url));
    seen("/api/v1/jobs");
    shop.send("DELETE", &at, &json!({}), &[]).expect(204);
    let log = seen("/api/v1/events?limit=1000");
    assert!(log.contains("webhook.removed") && log.contains("another path"), "{log}");
    for role in ["read_only", "manager"] {
        let email = format!("{role}@example.com");
        add(&shop, "https://receiver.invalid/token-five", &["order.*"]);
        shop.add_staff(&email, role, role);
        let cookie = shop.sign_in(&email, PASSWORD);
        for page in ["/admin/subscriptions", "/admin/jobs", "/admin"] {
            assert!(!shop.page(page, &cookie).body.contains("token-"), "{role} {page}");
        }
    }
}

#[test]
fn a_kill_loses_nothing() {
    let ((mut shop, _home), receiver) = (shop(), Receiver::open());
    let (id, _) = add(&shop, &format!("{}/ok", receiver.url), &["order.placed"]);
    for round in 0..3 {
        for n in 0..20 {
            shop.place(&format!("{round}-{n}"), &least_order("anna@example.com", 100)).expect(201);
        }
        shop.kill();
        shop.start();
    }
    let orders: std::collections::BTreeSet<String> =
        shop.get("/api/v1/events?kind=order.placed&limit=1000").json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
    assert_eq!(orders.len(), 60);
    let arrived = || {
        receiver.got("/ok").iter().map(|got| got.id().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    until("everything arrived", || arrived() == orders);
    until("and nothing is left to do", || read(&shop, &id)["waiting"] == 0 && read(&shop, &id)["lag"] == 0);
    let twice = receiver.got("/ok").len() - orders.len();
    assert!(twice <= 3 * 16, "{twice} came twice: only what was in hand when it was killed may");
    assert_eq!(shop.stop(), Some(0));
    crate::harness::succeed(&["check", "--data", shop.data()]);
}

#[test]
fn a_restored_shop_sends_nothing_until_somebody_says_so() {
    let ((mut shop, _home), receiver) = (shop(), Receiver::open());
    let (id, _) = add(&shop, &format!("{}/ok", receiver.url), &["order.placed"]);
    crate::harness::succeed(&["backup", "create", "--data", shop.data()]);
    // This was sent after the backup, which knows nothing of it.
    shop.place("a", &least_order("anna@example.com", 100)).expect(201);
    until("it arrived", || read(&shop, &id)["delivered"] == 1);
    assert_eq!(shop.stop(), Some(0));
    let file = std::fs::read_dir(shop.dir.join("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "brb"))
        .unwrap();
    crate::harness::succeed(&["backup", "restore", file.to_str().unwrap(), "--data", shop.data()]);
    shop.start();
    let whole = read(&shop, &id);
    assert_eq!(whole["status"], "paused");
    assert!(whole["paused_reason"].as_str().unwrap().contains("restored"), "{whole}");
    shop.place("b", &least_order("ben@example.com", 100)).expect(201);
    act(&shop, &id, "resume", &json!({"skip_missed": true})).expect(200);
    shop.place("c", &least_order("cora@example.com", 100)).expect(201);
    until("only what came then is sent", || read(&shop, &id)["delivered"] == 1);
    assert_eq!(receiver.got("/ok").len(), 2);
}

#[test]
fn what_cannot_be_sent_to_is_refused_with_its_field_and_changes_nothing() {
    let shop = Shop::open();
    let refused = |body: Value| {
        let answer = shop.send("POST", "/api/v1/webhooks", &body, &[]).expect(422).json();
        let fields = answer["errors"].as_array().unwrap().iter();
        fields
            .map(|e| format!("{} {}", e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(refused(json!({})), ["/url invalid_url", "/kinds required"]);
    for url in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "shop",
        "https://2130706433/",
    ] {
        assert_eq!(refused(json!({"url": url, "kinds": ["*"]})), ["/url invalid_url"], "{url}");
    }
    assert_eq!(
        refused(json!({"url": "https://example.com/", "kinds": ["order.plced"]})),
        ["/kinds unknown_kind"]
    );
    assert_eq!(shop.get("/api/v1/webhooks").json()["data"], json!([]));
    let (id, _) = add(&shop, "https://example.com/", &["*"]);
    let path = format!("/api/v1/webhooks/{id}");
    shop.send("PATCH", &path, &json!({"url": "https://169.254.169.254/"}), &[]).expect(422);
    assert_eq!(
        shop.send("PATCH", &path, &json!({"kinds": ["order.*"]}), &[]).expect(200).json()["version"],
        2
    );
    shop.send("PATCH", &path, &json!({"note": "x"}), &[("if-match", "\"1\"")]).expect(412);
    act(&shop, &id, "replay", &json!({})).expect(422);
    act(&shop, &id, "replay", &json!({"since": "yesterday"})).expect(422);
    act(&shop, "whe_nothing", "pause", &json!({})).expect(404);
}

#[test]
fn the_pages_do_what_the_api_does() {
    let ((shop, _home), receiver) = (shop(), Receiver::open());
    let cookie = shop.sign_in(OWNER, PASSWORD);
    shop.page("/admin/webhooks", &cookie).expect(200);
    let form = |url: &str| format!("url={}&note=Warehouse&kinds=order.placed", crate::harness::encoded(url));
    let refused = shop.form("/admin/webhooks", &form("http://example.com/"), &cookie).expect(422);
    assert!(
        refused.body.contains("begins with https") && refused.body.contains("Warehouse"),
        "what was typed stays"
    );
    let made = shop.form("/admin/webhooks", &form(&format!("{}/fail", receiver.url)), &cookie).expect(303);
    let place = made.header("location").unwrap().to_owned();
    let home = place.split('?').next().unwrap().to_owned();
    assert!(shop.page(&place, &cookie).expect(200).body.contains("whsec_"));
    assert!(!shop.page(&place, &cookie).expect(200).body.contains("whsec_"), "shown once");
    shop.place("a", &least_order("anna@example.com", 100)).expect(201);
    let page = || shop.page(&home, &cookie).expect(200).body.replace("&#x2f;", "/");
    until("the failure is shown", || page().contains("/attempts/wat_") && page().contains("Failing"));
    let home_page = shop.page("/admin", &cookie).expect(200).body;
    assert!(home_page.contains(r#"Webhooks<span class="n">1<"#), "the navigation counts it");
    let text = page();
    let at = text.find(&format!("{home}/attempts/wat_")).unwrap();
    let attempt: String = text[at..].chars().take_while(|c| *c != '"').collect();
    let shown = shop.page(&attempt, &cookie).expect(200).body;
    assert!(shown.contains("webhook-signature") && shown.contains("order.placed") && shown.contains("500"));
    shop.form(&format!("{home}/pause"), "", &cookie).expect(303);
    assert!(page().contains("Paused by Olga Owner"));
    receiver.mend();
    shop.form(&format!("{home}/resume"), "missed=send", &cookie).expect(303);
    shop.form(&attempt, "", &cookie).expect(303);
    until("it arrived", || page().contains("Running"));
    shop.form(&format!("{home}/test"), "", &cookie).expect(303);
    until("the test too", || page().contains("webhook.test"));
    // How much it is, before anything is sent; and nothing for a day that has not come.
    let asked = shop.form(&format!("{home}/replay"), "since=2020-01-01", &cookie).expect(200).body;
    assert!(
        asked.contains("events have happened since then") && asked.contains("Send them again"),
        "{asked}"
    );
    let future = shop.form(&format!("{home}/replay"), "since=2999-01-01&sure=1", &cookie).expect(303);
    let told = future.header("set-cookie").unwrap().split(';').next().unwrap();
    assert!(shop.page(&home, &format!("{cookie}; {told}")).body.contains("That day has not come yet"));
    shop.form(&format!("{home}/replay"), "since=2020-01-01&sure=1", &cookie).expect(303);
    until("and the order again", || {
        receiver.got("/fail").iter().filter(|got| got.json()["type"] == "order.placed").count() >= 3
    });
    shop.form(&format!("{home}/rotate"), "", &cookie).expect(303);
    shop.form(&home, &form(&format!("{}/ok", receiver.url)), &cookie).expect(303);
    shop.page(&format!("{home}/edit"), &cookie).expect(200);
    shop.form(&format!("{home}/remove"), "", &cookie).expect(303);
    shop.page(&home, &cookie).expect(404);
    let support = shop.key_with(&["orders:view"]);
    let answer =
        shop.request("GET", "/api/v1/webhooks", &[("authorization", &format!("Bearer {support}"))], None);
    assert_eq!(answer.status, 403);
}

#[test]
fn a_webhook_is_added_once_emptied_by_null_and_has_an_etag_of_all_it_says() {
    let (shop, _receiver) = shop();
    let new = json!({"url": "https://hooks.example.com/a", "kinds": ["order.*"], "note": "ERP"});
    let add = || shop.send("POST", "/api/v1/webhooks", &new, &[("idempotency-key", "hook-1")]).expect(201);
    let (first, again) = (add(), add());
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    assert_eq!(shop.get("/api/v1/webhooks").json()["data"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/webhooks/{}", first.json()["id"].as_str().unwrap());
    let patch = |body: Value| shop.send("PATCH", &path, &body, &[]);
    assert_eq!(patch(json!({"note": null})).expect(200).json()["note"], "");
    for (field, pointer) in [("url", "/url"), ("kinds", "/kinds")] {
        let refused = patch(json!({ field: null })).expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let told = shop.get(&path);
    let etag = told.header("etag").unwrap().to_owned();
    let bearer = format!("Bearer {}", shop.key);
    let known = [("authorization", bearer.as_str()), ("if-none-match", etag.as_str())];
    shop.request("GET", &path, &known, None).expect(304);
    // Nothing of the webhook has changed, and what is told of it has.
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    until("it is told otherwise", || {
        let now = shop.get(&path);
        now.json() != told.json() && now.header("etag") != Some(etag.as_str())
    });
}
