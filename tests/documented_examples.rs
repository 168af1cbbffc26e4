//! What the page of the API's documentation prints can be sent as it is printed, with ids of the shop in place of those it
//! shows.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, least_order, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What every id of an example ends in.
const ID_TAIL: &str = "_01kaj3m7q9f8x2v5n4c6b8d0e2";
/// The origin that the examples of the storefront name.
const ORIGIN: &str = "https://shop.example.com";

/// A shop that has one of everything, and what its examples are.
pub(crate) struct Printed {
    pub shop: Shop,
    ids: BTreeMap<&'static str, String>,
    publishable: String,
    sent: u32,
    _home: tempfile::TempDir,
}

/// One call of the page, as it is typed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
}

impl Printed {
    pub(crate) fn open() -> Self {
        let limits = "[server.limits]\nmessage = 1000000\nmessages = 1000000\n";
        // Nothing listens there: a mail is tried and waits.
        let (shop, home) = crate::mail::shop_with(1, 3_600, limits);
        let cookie = shop.sign_in(OWNER, PASSWORD);
        crate::mail::switch_on(&shop, &cookie, &["order_placed"], &[]).expect(303);
        let publishable = crate::messages::key(&shop, ORIGIN);
        let mut printed = Self { shop, ids: BTreeMap::new(), publishable, sent: 0, _home: home };
        printed.fill();
        printed
    }

    /// One of everything that an example names.
    fn fill(&mut self) {
        let shop = &self.shop;
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let made =
            |path: &str, body: Value, status: u16| shop.send("POST", path, &body, &[]).expect(status).json();
        let order = shop.place("first", &least_order("ben@example.com", 100)).expect(201).json();
        made(&format!("/api/v1/orders/{}/notes", id(&order["id"])), json!({"text": "Called back"}), 201);
        let parcel = json!({"carrier": "DHL", "more_follows": true});
        made(&format!("/api/v1/orders/{}/ship", id(&order["id"])), parcel, 200);
        let job = made("/api/v1/orders/bulk/tag", json!({"q": "status:open", "tag": "seen"}), 202);
        let hook = json!({"url": "https://receiver.invalid/hook", "kinds": ["order.*"]});
        let hook = made("/api/v1/webhooks", hook, 201);
        let one = format!("/api/v1/webhooks/{}", id(&hook["id"]));
        made(&format!("{one}/test"), json!({}), 202);
        let site = made("/api/v1/sites", json!({"address": "https://watched.invalid"}), 201);
        let message = json!({"email": "ben@example.com", "body": "Where is it?"});
        let message =
            crate::messages::send(shop, &self.publishable, ORIGIN, &message, &[]).expect(201).json();
        let assign = format!("/api/v1/messages/{}/assign", id(&message["id"]));
        let assigned = shop.send("POST", &assign, &json!({"assigned_to": OWNER}), &[]).expect(200).json();
        let file = crate::harness::project("tests/fixtures/credit_note.csv");
        let args =
            ["import", "orders", "--from", "online-retail", file.to_str().unwrap(), "--data", shop.data()];
        crate::harness::succeed(&args);
        let first = |path: &str| {
            until("it is there", || shop.get(path).json()["data"][0]["id"].is_string());
            id(&shop.get(path).json()["data"][0]["id"])
        };
        let ids = [
            ("ord", id(&order["id"])),
            ("cus", id(&order["customer"]["id"])),
            ("job", id(&job["job"])),
            ("whe", id(&hook["id"])),
            ("wat", first(&format!("{one}/attempts"))),
            ("sit", id(&site["id"])),
            ("msg", id(&message["id"])),
            ("stf", id(&assigned["assigned_to"])),
            ("mal", first("/api/v1/mail")),
            ("crn", first("/api/v1/credit-notes")),
        ];
        until("the job is over", || {
            shop.get(&format!("/api/v1/jobs/{}", ids[2].1)).json()["status"] == "done"
        });
        self.ids = ids.into_iter().collect();
    }

    /// Every call of the page in its order, but what removes something comes last.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        let html = self.shop.request("GET", "/api/docs", &[], None).expect(200).body;
        let calls = html.split("<p>Call it:</p><pre tabindex=\"0\">").skip(1);
        let calls = calls.map(|rest| unescaped(rest.split("</pre>").next().unwrap())).collect::<Vec<_>>();
        let mut calls: Vec<Call> = calls.iter().map(|text| self.read(text)).collect();
        calls.sort_by_key(|call| call.method == "DELETE");
        calls
    }

    /// A call as a shell would understand it, with what is of this shop in place of what is an example.
    fn read(&mut self, text: &str) -> Call {
        let text = text
            .replace("$KEY", &self.shop.key)
            .replace("$PUBLISHABLE_KEY", &self.publishable)
            .replace("cart-4711", &self.next_key());
        let text =
            self.ids.iter().fold(text, |text, (prefix, id)| text.replace(&format!("{prefix}{ID_TAIL}"), id));
        assert!(!text.contains(ID_TAIL) && !text.contains('$'), "of no record here: {text}");
        let mut words = words(&text).into_iter();
        assert_eq!(words.next().as_deref(), Some("curl"));
        let mut call =
            Call { method: "GET".to_owned(), path: String::new(), headers: Vec::new(), body: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "-X" => call.method = words.next().unwrap(),
                "-d" => call.body = Some(serde_json::from_str(&words.next().unwrap()).unwrap()),
                "-H" => {
                    let (name, value) = words
                        .next()
                        .unwrap()
                        .split_once(": ")
                        .map(|(n, v)| (n.to_owned(), v.to_owned()))
                        .unwrap();
                    call.headers.push((name, value));
                }
                url => url
                    .strip_prefix(&self.shop.url)
                    .unwrap_or_else(|| panic!("{url}"))
                    .clone_into(&mut call.path),
            }
        }
        call
    }

    fn next_key(&mut self) -> String {
        self.sent += 1;
        format!("example-{}", self.sent)
    }

    /// Sends a call; no two share an idempotency key.
    pub(crate) fn send(&mut self, call: &Call) -> Answer {
        let key = self.next_key();
        let headers = call.headers.iter().map(|(name, value)| match name.as_str() {
            "Idempotency-Key" => (name.as_str(), key.as_str()),
            name => (name, value.as_str()),
        });
        let body = call.body.as_ref().map(|body| body.to_string().into_bytes());
        self.shop.request(&call.method, &call.path, &headers.collect::<Vec<_>>(), body.as_deref())
    }
}

/// HTML as text.
fn unescaped(html: &str) -> String {
    [("&#x27;", "'"), ("&#x2f;", "/"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// The words of a command: quoted in two ways, and with line ends that are escaped.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None) => match letters.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_documented_example_can_be_sent_as_it_is_printed() {
    let mut printed = Printed::open();
    let calls = printed.calls();
    assert!(calls.len() > 55, "the page has them: {}", calls.len());
    let mut refused = Vec::new();
    for call in &calls {
        // A stream has no end to wait for.
        if call.path == "/api/v1/events/stream" {
            continue;
        }
        let answer = printed.send(call);
        // What one example did may be in the way of the next one.
        if !(200..300).contains(&answer.status) && answer.status != 409 {
            refused.push(format!("{call:?}\n{} {}", answer.status, answer.body));
        }
        if call.path.starts_with("/api/v1/orders/bulk/") {
            let q = call.body.as_ref().unwrap()["q"].as_str().unwrap();
            assert!(!q.is_empty(), "an example acts on no order that nobody named");
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    assert_eq!(words("a 'b \"c' \"d'e\" 'f'\\''g' \\\n h"), ["a", "b \"c", "d'e", "f'g", "h"]);
}

#[test]
fn amounts_of_documented_events_are_as_the_page_says() {
    let shop = Shop::open();
    let order = shop.place("one", &least_order("anna@example.com", 100)).expect(201).json();
    let pay = format!("/api/v1/orders/{}/pay", order["id"].as_str().unwrap());
    shop.send("POST", &pay, &json!({}), &[]).expect(200);
    let feed = shop.get("/api/v1/events?kind=order.placed,order.paid").json();
    let data: Vec<&Value> = feed["data"].as_array().unwrap().iter().map(|event| &event["data"]).collect();
    assert_eq!(data[0]["total"], json!({"amount": 100, "currency": "EUR"}));
    assert_eq!(data[1]["changes"]["payment"], json!(["unpaid", "paid"]));
    assert_eq!(data[1]["changes"]["paid"], json!([0, 100]));
}

#[test]
fn a_documented_idempotency_key_counts_per_api_key() {
    let shop = Shop::open();
    let (order, other) = (least_order("anna@example.com", 100), shop.key_with(&["orders:create"]));
    let number = |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "cart"),
        ];
        let body = order.to_string();
        let placed = shop.request("POST", "/api/v1/orders", &headers, Some(body.as_bytes()));
        placed.expect(201).json()["number"].clone()
    };
    let first = number(&shop.key);
    assert_eq!(number(&shop.key), first);
    assert_ne!(number(&other), first);
}

#[test]
fn a_documented_list_says_whether_more_follow_whichever_way_one_leafs() {
    let shop = Shop::open();
    for n in 0..3 {
        shop.place(&n.to_string(), &least_order("anna@example.com", 100)).expect(201);
    }
    let page =
        |cursor: &str| shop.get(&format!("/api/v1/orders?limit=1&fields=number{cursor}")).expect(200).json();
    let (mut forth, mut numbers) = (page(""), Vec::new());
    loop {
        // With `fields` a record has only those.
        assert_eq!(forth["data"][0].as_object().unwrap().len(), 1, "{forth}");
        numbers.push(forth["data"][0]["number"].as_u64().unwrap());
        assert_eq!(forth["has_more"], json!(!forth["next_cursor"].is_null()), "{forth}");
        let Some(next) = forth["next_cursor"].as_str() else { break };
        forth = page(&format!("&after={next}"));
    }
    assert_eq!(numbers.len(), 3);
    let mut back = forth;
    while let Some(before) = back["prev_cursor"].as_str() {
        back = page(&format!("&before={before}"));
        numbers.pop();
        assert_eq!(back["data"][0]["number"].as_u64(), numbers.last().copied(), "{back}");
        assert_eq!(back["has_more"], true, "the record one came from follows: {back}");
    }
    assert_eq!(numbers.len(), 1);
}
