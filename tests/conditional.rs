//! `If-Match` on everything that changes something: it is gone by, or refused where nothing has a version.

use crate::harness::{Answer, Shop, least_order, request};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WRITES: [&str; 4] = ["post", "put", "patch", "delete"];

/// A record of each kind that has a version, as the blanks of an address name them.
struct Records {
    order: String,
    customer: String,
    message: String,
    webhook: String,
}

impl Records {
    fn of(shop: &Shop) -> Self {
        let order = shop.place("a", &least_order("anna@example.com", 100)).expect(201).json();
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        shop.send("POST", &format!("{path}/notes"), &json!({"text": "Blue"}), &[]).expect(201);
        shop.send("POST", &format!("{path}/ship"), &json!({"tracking": "1"}), &[]).expect(200);
        let origin = "https://shop.example";
        let key = format!("Bearer {}", crate::messages::key(shop, origin));
        let headers =
            [("authorization", key.as_str()), ("origin", origin), ("content-type", "application/json")];
        let new = json!({"email": "anna@example.com", "body": "Where is it?"}).to_string();
        let address = format!("{}/store/v1/messages", shop.url);
        let message = request(&address, "POST", &headers, Some(new.as_bytes())).expect(201).json();
        let new = json!({"url": "https://receiver.example/hook", "kinds": ["site.*"]});
        let webhook = shop.send("POST", "/api/v1/webhooks", &new, &[]).expect(201).json();
        let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
        Self {
            customer: id(&order["customer"]),
            order: id(&order),
            message: id(&message),
            webhook: id(&webhook),
        }
    }

    fn filled(&self, path: &str) -> String {
        let id = match path.split('/').nth(3) {
            Some("orders") => &self.order,
            Some("customers") => &self.customer,
            Some("messages") => &self.message,
            Some("webhooks") => &self.webhook,
            _ => "1",
        };
        let path = path.replace("{id}", id).replace("{number}", "1").replace("{step}", "complete");
        let path =
            path.replace("{attempt}", "wat_01kaj3m7q9f8x2v5n4c6b8d0e2").replace("{action}", "complete");
        path.replace("{address}", "anna@example.com").replace("{name}", "mail")
    }
}

fn body(path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "notes" | "replies" | "{number}" if !path.contains("parcels") => json!({"text": "x"}),
        "assign" => json!({"assigned_to": null}),
        "replay" => json!({"after": 0}),
        _ => json!({}),
    }
}

#[test]
fn every_change_goes_by_if_match_or_refuses_it() {
    let shop = Shop::open();
    let records = Records::of(&shop);
    let api = request(&format!("{}/api/openapi.json", shop.url), "GET", &[], None).expect(200).json();
    let seq = || shop.get("/api/v1/events?limit=1").json()["last_seq"].clone();
    let before = seq();
    let mut documented = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in WRITES.into_iter().filter(|method| item.get(method).is_some()) {
            let operation = &item[method];
            let names = operation["parameters"].as_array();
            let compares = names.is_some_and(|all| all.iter().any(|one| one["name"] == "If-Match"));
            let text = body(path).to_string();
            let bearer = format!("Bearer {}", shop.key);
            let mut headers = vec![("authorization", bearer.as_str()), ("if-match", "\"0-dead\"")];
            let sent = operation.get("requestBody").map(|_| text.as_bytes());
            headers.extend(sent.map(|_| ("content-type", "application/json")));
            headers.push(("idempotency-key", "walk"));
            let answer = shop.request(&method.to_uppercase(), &records.filled(path), &headers, sent);
            let wanted = if compares { (412, "version_mismatch") } else { (400, "if_match_not_taken") };
            assert_eq!((answer.status, answer.code().as_str()), wanted, "{method} {path}: {}", answer.body);
            if compares {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    assert!(documented.len() > 20, "{documented:?}");
    assert_eq!(seq(), before, "nothing has changed");
    // The table of addresses says the same.
    let table = backroom::routes::table();
    let without_words = |path: &str| match path.split_once("{step:") {
        Some((before, _)) => format!("{before}{{step}}"),
        None => path.to_owned(),
    };
    let comparing: BTreeSet<(String, String)> =
        table.comparing().map(|(method, path)| (method.to_string(), without_words(path))).collect();
    assert_eq!(comparing, documented);
}

#[test]
fn a_change_made_from_what_was_told_is_made_and_the_next_one_from_it_is_not() {
    let shop = Shop::open();
    let records = Records::of(&shop);
    let with = |method: &str, path: &str, body: Option<&Value>, tag: &str| -> Answer {
        let bearer = format!("Bearer {}", shop.key);
        let mut headers = vec![("authorization", bearer.as_str()), ("if-match", tag)];
        headers.extend(body.map(|_| ("content-type", "application/json")));
        let text = body.map(Value::to_string);
        shop.request(method, path, &headers, text.as_ref().map(String::as_bytes))
    };
    let tag_of = |path: &str| shop.get(path).expect(200).header("etag").unwrap().to_owned();
    let order = format!("/api/v1/orders/{}", records.order);
    let note = json!({"text": "Red"});
    let seen = tag_of(&order);
    with("POST", &format!("{order}/notes"), Some(&note), &seen).expect(201);
    with("POST", &format!("{order}/notes"), Some(&note), &seen).expect(412);
    // The version alone counts.
    let version = shop.get(&order).json()["version"].as_u64().unwrap();
    with("POST", &format!("{order}/notes"), Some(&note), &format!("\"{version}-00000000\"")).expect(201);
    let hook = format!("/api/v1/webhooks/{}", records.webhook);
    let seen = tag_of(&hook);
    let made = with("POST", &format!("{hook}/rotate-secret"), None, &seen).expect(200);
    assert!(made.header("etag").unwrap().contains('-'), "one form for all ETags");
    with("DELETE", &hook, None, &seen).expect(412);
    with("DELETE", &hook, None, made.header("etag").unwrap()).expect(204);
}
