//! What the API's document says is what the program answers: every operation is called, and its answers are held against
//! the document's own schemas, headers and status.

use crate::harness::{Answer, Shop, least_order, request};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The document, and what was called of it.
struct Document {
    api: Value,
    called: BTreeSet<String>,
}

impl Document {
    fn of(shop: &Shop) -> Self {
        let mut api = request(&format!("{}/api/openapi.json", shop.url), "GET", &[], None).expect(200).json();
        // A client that ignores what it does not know is one thing; a field that nobody documented is another.
        let schemas = api["components"]["schemas"].as_object_mut().unwrap();
        for schema in schemas.values_mut().filter(|s| s.get("properties").is_some()) {
            schema.as_object_mut().unwrap().entry("additionalProperties").or_insert(json!(false));
        }
        Self { api, called: BTreeSet::new() }
    }

    /// Calls an operation and holds the answer against the document.
    fn call(
        &mut self,
        shop: &Shop,
        (method, template): (&str, &str),
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let what = format!("{method} {template}");
        let operation = &self.api["paths"][template][method.to_lowercase()];
        assert!(operation.is_object(), "{what} is not documented");
        let own = headers.iter().any(|(name, _)| *name == "authorization");
        let mut sent = vec![("authorization", format!("Bearer {}", shop.key))];
        sent.retain(|_| !own);
        sent.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        if body.is_some() {
            sent.push(("content-type", "application/json".to_owned()));
        }
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let bytes = body.map(|b| b.to_string().into_bytes());
        let answer = request(&format!("{}{path}", shop.url), method, &sent, bytes.as_deref());
        let responses = operation["responses"].as_object().unwrap();
        let family = format!("{}XX", answer.status / 100);
        let documented = responses.get(&answer.status.to_string()).or_else(|| responses.get(&family));
        let documented =
            documented.unwrap_or_else(|| panic!("{what} does not say {}: {}", answer.status, answer.body));
        let documented = match documented["$ref"].as_str() {
            Some(to) => self.api.pointer(to.trim_start_matches('#')).unwrap(),
            None => documented,
        };
        for name in documented["headers"].as_object().unwrap().keys() {
            // These depend on what was asked.
            let is_always = !["Link", "Idempotent-Replayed", "Retry-After"].contains(&name.as_str());
            assert!(!is_always || answer.header(name).is_some(), "{what} does not send {name}");
        }
        for name in ["etag", "location", "link", "idempotent-replayed", "retry-after"] {
            let is_said =
                documented["headers"].as_object().unwrap().keys().any(|n| n.eq_ignore_ascii_case(name));
            assert!(is_said || answer.header(name).is_none(), "{what} sends {name} and does not say so");
        }
        if answer.status == 204 {
            self.called.insert(operation["operationId"].as_str().unwrap().to_owned());
            return answer;
        }
        let kind = answer.header("content-type").unwrap().split(';').next().unwrap().to_owned();
        let content = documented["content"].get(&kind);
        let content = content.unwrap_or_else(|| panic!("{what} answers {kind}, which is not documented"));
        if kind.ends_with("json") {
            let mut schema = content["schema"].clone();
            schema["components"] = self.api["components"].clone();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let instance = answer.json();
            let wrong: Vec<String> =
                validator.iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{what} {}: {wrong:#?}\n{instance:#}", answer.status);
        }
        if answer.status < 300 {
            self.called.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
        answer
    }
}

#[test]
fn every_operation_answers_as_the_document_says() {
    // Nothing listens there: a mail is tried and waits.
    let (shop, _home) = crate::mail::shop_with(1, 3_600, "");
    let mut api = Document::of(&shop);
    let orders = "/api/v1/orders";
    let full = json!({
        "email": "anna@example.com", "phone": "030 1234567", "currency": "EUR", "channel": "web",
        "lines": [{"sku": "RJ-M", "barcode": "4006381333931", "title": "Rain jacket", "category": "Jackets",
            "size": "M", "colour": "navy", "vendor": "Own", "quantity": 2,
            "unit_price": {"amount": 5900, "currency": "EUR"}, "discount": {"amount": 100, "currency": "EUR"},
            "tax": {"amount": 100, "currency": "EUR"}}],
        "billing": {"name": "Anna Berg", "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin", "country": "DE"},
        "shipping_address": {"name": "Anna Berg", "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin", "country": "DE"},
        "discount": {"amount": 100, "currency": "EUR"}, "discount_code": "MAY",
        "shipping": {"amount": 490, "currency": "EUR"}, "shipping_method": "Post", "note": "Ring twice",
        "tags": ["gift"], "metadata": {"basket": "7"}, "source": {"source": "storefront", "id": "A-7"},
    });
    let key = [("idempotency-key", "full")];
    let placed = api.call(&shop, ("POST", orders), orders, Some(&full), &key).expect(201);
    let replayed = api.call(&shop, ("POST", orders), orders, Some(&full), &key).expect(201);
    assert_eq!((placed.body, replayed.header("idempotent-replayed")), (replayed.body.clone(), Some("true")));
    let (order, customer) = (replayed.json()["id"].clone(), replayed.json()["customer"]["id"].clone());
    let (order, customer) = (order.as_str().unwrap(), customer.as_str().unwrap());
    let least = least_order("ben@example.com", 100);
    api.call(&shop, ("POST", orders), orders, Some(&least), &[("idempotency-key", "least")]).expect(201);
    api.call(&shop, ("POST", orders), orders, Some(&json!({"lines": 7})), &key).expect(422);
    api.call(&shop, ("POST", orders), orders, Some(&full), &[]).expect(400);

    let one = format!("{orders}/{order}");
    api.call(&shop, ("GET", orders), &format!("{orders}?limit=1&count=exact"), None, &[]).expect(200);
    api.call(&shop, ("GET", orders), &format!("{orders}?hue=red"), None, &[]).expect(400);
    let filtered = format!("{orders}?status=open&total[gte]=0&count=estimate&sort=total,-placed_at");
    api.call(&shop, ("GET", orders), &filtered, None, &[]).expect(200);
    api.call(&shop, ("GET", "/api/v1/orders/{id}"), &one, None, &[]).expect(200);
    api.call(&shop, ("GET", "/api/v1/orders/{id}"), &format!("{orders}/nothing"), None, &[]).expect(404);
    let patch = json!({"note": "Ring once"});
    api.call(&shop, ("PATCH", "/api/v1/orders/{id}"), &one, Some(&patch), &[]).expect(200);
    api.call(&shop, ("PATCH", "/api/v1/orders/{id}"), &one, Some(&patch), &[("if-match", "\"1\"")])
        .expect(412);
    for (step, words) in [
        ("hold", json!({"note": "asks"})),
        ("release", json!({})),
        ("pay", json!({"method": "cash"})),
        ("ship", json!({"carrier": "DHL", "tracking": "00340"})),
        ("deliver", json!({})),
        ("return", json!({})),
        ("unreturn", json!({})),
        ("complete", json!({})),
        ("reopen", json!({})),
    ] {
        let path = format!("{one}/{step}");
        api.call(&shop, ("POST", "/api/v1/orders/{id}/{step}"), &path, Some(&words), &[]).expect(200);
    }
    api.call(&shop, ("POST", "/api/v1/orders/{id}/{step}"), &format!("{one}/pay"), None, &[]).expect(409);
    let (notes, text) = (format!("{one}/notes"), json!({"text": "Called back"}));
    api.call(&shop, ("POST", "/api/v1/orders/{id}/notes"), &notes, Some(&text), &[]).expect(201);
    let note = format!("{notes}/1");
    let edited = json!({"text": "Called back twice"});
    api.call(&shop, ("PUT", "/api/v1/orders/{id}/notes/{number}"), &note, Some(&edited), &[]).expect(200);

    parcels(&shop, &mut api, &one);

    credit_notes(&shop, &mut api);

    customers(&shop, &mut api, customer);

    for path in ["/api/v1/search?q=anna", "/api/v1/search?q=nobodyatall"] {
        api.call(&shop, ("GET", "/api/v1/search"), path, None, &[]).expect(200);
    }
    api.call(&shop, ("GET", "/api/v1/events"), "/api/v1/events?limit=1000", None, &[]).expect(200);

    webhooks(&shop, &mut api);
    mail(&shop, &mut api);
    messages(&shop, &mut api);
    sites(&shop, &mut api);
    jobs(&shop, &mut api);
    subscriptions(&shop, &mut api);

    let operations: BTreeSet<String> = api.api["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        // A stream has no end to wait for; tests/events.rs reads it.
        .filter(|name| name != "stream_events")
        .collect();
    assert_eq!(api.called, operations);
}

fn subscriptions(shop: &Shop, api: &mut Document) {
    let list = "/api/v1/subscriptions";
    api.call(shop, ("GET", list), list, None, &[]).expect(200);
    let (one, path) = (format!("{list}/site_statistics"), "/api/v1/subscriptions/{name}");
    api.call(shop, ("GET", path), &one, None, &[]).expect(200);
    api.call(shop, ("GET", path), &format!("{list}/nothing"), None, &[]).expect(404);
    for (step, body) in [
        ("pause", None),
        ("resume", Some(json!({"skip": false}))),
        ("replay", Some(json!({"after": 0}))),
        ("retry-failed", None),
    ] {
        let (doc, real) = (format!("{path}/{step}"), format!("{one}/{step}"));
        api.call(shop, ("POST", doc.as_str()), &real, body.as_ref(), &[]).expect(200);
    }
    let replay = format!("{path}/replay");
    api.call(shop, ("POST", replay.as_str()), &format!("{one}/replay"), Some(&json!({})), &[]).expect(422);
}

/// The name leads nowhere, so there is an attempt that failed.
fn sites(shop: &Shop, api: &mut Document) {
    let list = "/api/v1/sites";
    let body = json!({"address": "https://watched.invalid", "email": "anna@example.com", "marketing_consent": true,
        "consent_source": "form", "note": "Hers"});
    let made = api.call(shop, ("POST", list), list, Some(&body), &[]).expect(201).json();
    api.call(shop, ("POST", list), list, Some(&body), &[]).expect(409);
    api.call(shop, ("POST", list), list, Some(&json!({"address": "10.0.0.1"})), &[]).expect(422);
    let (template, one) = ("/api/v1/sites/{id}", format!("{list}/{}", made["id"].as_str().unwrap()));
    crate::harness::until("it is looked at", || shop.get(&one).json()["checks"] != 0);
    api.call(shop, ("GET", list), &format!("{list}?limit=1&state=doubtful"), None, &[]).expect(200);
    api.call(shop, ("GET", template), &one, None, &[]).expect(200);
    api.call(shop, ("GET", "/api/v1/sites/{id}/checks"), &format!("{one}/checks?limit=1"), None, &[])
        .expect(200);
    api.call(shop, ("POST", "/api/v1/sites/{id}/check"), &format!("{one}/check"), None, &[]).expect(202);
    api.call(shop, ("DELETE", template), &one, None, &[]).expect(204);
    api.call(shop, ("DELETE", template), &one, None, &[]).expect(404);
}

fn webhooks(shop: &Shop, api: &mut Document) {
    let list = "/api/v1/webhooks";
    let new = json!({"url": "https://receiver.invalid/hook", "kinds": ["order.*"], "note": "Warehouse"});
    let made = api.call(shop, ("POST", list), list, Some(&new), &[]).expect(201).json();
    api.call(shop, ("POST", list), list, Some(&json!({"url": "http://x"})), &[]).expect(422);
    api.call(shop, ("GET", list), list, None, &[]).expect(200);
    let one = format!("{list}/{}", made["id"].as_str().unwrap());
    api.call(shop, ("GET", "/api/v1/webhooks/{id}"), &one, None, &[]).expect(200);
    let patch = json!({"note": "Depot"});
    api.call(shop, ("PATCH", "/api/v1/webhooks/{id}"), &one, Some(&patch), &[]).expect(200);
    let mut act = |what: &str, body: Value, status: u16| {
        let template = format!("/api/v1/webhooks/{{id}}/{what}");
        api.call(shop, ("POST", &template), &format!("{one}/{what}"), Some(&body), &[]).expect(status);
    };
    act("test", json!({}), 202);
    act("replay", json!({"after": 0}), 202);
    act("retry-failed", json!({}), 202);
    act("rotate-secret", json!({}), 200);
    let attempts = format!("{one}/attempts?limit=5");
    crate::harness::until("it was tried", || shop.get(&attempts).json()["data"][0]["id"].is_string());
    let tried =
        api.call(shop, ("GET", "/api/v1/webhooks/{id}/attempts"), &attempts, None, &[]).expect(200).json();
    let again = format!("{one}/attempts/{}/send-again", tried["data"][0]["id"].as_str().unwrap());
    let template = "/api/v1/webhooks/{id}/attempts/{attempt}/send-again";
    api.call(shop, ("POST", template), &again, Some(&json!({})), &[]).expect(202);
    for (what, status) in [("pause", 200), ("test", 409), ("resume", 200)] {
        let template = format!("/api/v1/webhooks/{{id}}/{what}");
        let path = format!("{one}/{what}");
        api.call(shop, ("POST", &template), &path, Some(&json!({})), &[]).expect(status);
    }
    api.call(shop, ("DELETE", "/api/v1/webhooks/{id}"), &one, None, &[]).expect(204);
    api.call(shop, ("DELETE", "/api/v1/webhooks/{id}"), &one, None, &[]).expect(404);
}

/// One that waits for an hour is cancelled, sent again, and came back.
fn mail(shop: &Shop, api: &mut Document) {
    let cookie = shop.sign_in(crate::harness::OWNER, crate::harness::PASSWORD);
    crate::mail::switch_on(shop, &cookie, &["order_placed"], &[]).expect(303);
    shop.place("mailed", &least_order("mail@example.com", 100)).expect(201);
    let list = "/api/v1/mail";
    crate::harness::until("it waits", || shop.get(list).json()["data"][0]["id"].is_string());
    let path = format!("{list}?state=queued&limit=1");
    let mail = api.call(shop, ("GET", list), &path, None, &[]).expect(200).json()["data"][0].clone();
    api.call(shop, ("GET", list), &format!("{list}?state=odd"), None, &[]).expect(422);
    let one = format!("{list}/{}", mail["id"].as_str().unwrap());
    api.call(shop, ("GET", "/api/v1/mail/{id}"), &one, None, &[]).expect(200);
    let cancel = format!("{one}/cancel");
    api.call(shop, ("POST", "/api/v1/mail/{id}/cancel"), &cancel, None, &[]).expect(200);
    api.call(shop, ("POST", "/api/v1/mail/{id}/cancel"), &cancel, None, &[]).expect(409);
    api.call(shop, ("POST", "/api/v1/mail/{id}/resend"), &format!("{one}/resend"), None, &[]).expect(202);
    let bounces = format!("{list}/bounces");
    let bounce = json!({"email": "mail@example.com", "kind": "hard", "message_id": mail["message_id"]});
    api.call(shop, ("POST", "/api/v1/mail/bounces"), &bounces, Some(&bounce), &[]).expect(200);
    api.call(shop, ("POST", "/api/v1/mail/bounces"), &bounces, Some(&json!({"email": "x"})), &[]).expect(422);
    let suppressed = "/api/v1/mail/suppressed";
    api.call(shop, ("GET", suppressed), suppressed, None, &[]).expect(200);
    let address = format!("{suppressed}/mail@example.com");
    let template = "/api/v1/mail/suppressed/{address}";
    api.call(shop, ("DELETE", template), &address, None, &[]).expect(204);
    api.call(shop, ("DELETE", template), &address, None, &[]).expect(404);
}

/// One is sent, answered, handed on, closed, and taken for spam and not.
fn messages(shop: &Shop, api: &mut Document) {
    let (door, origin) = ("/store/v1/messages", "https://shop.example");
    let key = format!("Bearer {}", crate::messages::key(shop, origin));
    let headers = [("authorization", key.as_str()), ("origin", origin), ("idempotency-key", "message")];
    let new = json!({"email": "anna@example.com", "name": "Anna", "subject": "Parcel", "body": "Where is it?",
        "order_number": "#1", "phone": "030", "page": "https://shop.example/contact", "language": "de",
        "metadata": {"colour": "navy"}});
    let sent = api.call(shop, ("POST", door), door, Some(&new), &headers).expect(201).json();
    api.call(shop, ("POST", door), door, Some(&new), &headers).expect(201);
    let again = [("authorization", key.as_str()), ("origin", origin)];
    api.call(shop, ("POST", door), door, Some(&json!({"email": "x"})), &again).expect(422);
    api.call(shop, ("POST", door), door, Some(&new), &[("origin", origin)]).expect(401);
    api.call(shop, ("POST", door), door, Some(&new), &again[..1]).expect(403);
    let list = "/api/v1/messages";
    api.call(shop, ("GET", list), &format!("{list}?view=open&limit=1"), None, &[]).expect(200);
    api.call(shop, ("GET", list), &format!("{list}?email=anna@example.com"), None, &[]).expect(200);
    api.call(shop, ("GET", list), &format!("{list}?view=odd"), None, &[]).expect(422);
    let one = format!("{list}/{}", sent["id"].as_str().unwrap());
    api.call(shop, ("GET", "/api/v1/messages/{id}"), &one, None, &[]).expect(200);
    let (template, path) = ("/api/v1/messages/{id}/replies", format!("{one}/replies"));
    let answer = json!({"text": "On its way.", "close": true});
    api.call(shop, ("POST", template), &path, Some(&answer), &[("if-match", "\"99\"")]).expect(412);
    api.call(shop, ("POST", template), &path, Some(&answer), &[("idempotency-key", "answer")]).expect(201);
    api.call(shop, ("POST", template), &path, Some(&answer), &[("idempotency-key", "answer")]).expect(201);
    let (template, path) = ("/api/v1/messages/{id}/assign", format!("{one}/assign"));
    let owner = json!({"assigned_to": crate::harness::OWNER});
    api.call(shop, ("POST", template), &path, Some(&owner), &[]).expect(200);
    api.call(shop, ("POST", template), &path, Some(&json!({"assigned_to": "nobody"})), &[]).expect(422);
    for (step, status) in [("reopen", 200), ("reopen", 409), ("close", 200), ("spam", 200), ("not-spam", 200)]
    {
        let template = format!("/api/v1/messages/{{id}}/{step}");
        api.call(shop, ("POST", &template), &format!("{one}/{step}"), None, &[]).expect(status);
    }
}

fn jobs(shop: &Shop, api: &mut Document) {
    let template = "/api/v1/orders/bulk/{action}";
    let body = json!({"q": "", "tag": "seen"});
    let bulk = |api: &mut Document, action: &str, key: &str| {
        let path = format!("/api/v1/orders/bulk/{action}");
        api.call(shop, ("POST", template), &path, Some(&body), &[("idempotency-key", key)]).expect(202).json()
    };
    let begun = bulk(api, "tag", "b");
    let one = begun["job_url"].as_str().unwrap().to_owned();
    crate::harness::until("it is over", || shop.get(&one).json()["status"] == "done");
    api.call(shop, ("GET", "/api/v1/jobs/{id}"), &one, None, &[]).expect(200);
    let list = "/api/v1/jobs";
    bulk(api, "untag", "c");
    api.call(shop, ("GET", list), &format!("{list}?limit=1"), None, &[]).expect(200);
    api.call(shop, ("GET", "/api/v1/jobs/{id}/rows"), &format!("{one}/rows"), None, &[]).expect(200);
    for what in ["cancel", "retry"] {
        let template = format!("/api/v1/jobs/{{id}}/{what}");
        api.call(shop, ("POST", &template), &format!("{one}/{what}"), None, &[]).expect(409);
    }
    // An endpoint's message to nowhere waits to be tried again: it can be stopped, and sent again.
    let hook = json!({"url": "https://receiver.invalid/hook", "kinds": ["order.*"]});
    let hook = shop.send("POST", "/api/v1/webhooks", &hook, &[]).expect(201).json();
    let test = format!("/api/v1/webhooks/{}/test", hook["id"].as_str().unwrap());
    shop.send("POST", &test, &json!({}), &[]).expect(202);
    let waits = || {
        let waiting = shop.get("/api/v1/jobs?kind=webhook&status=waiting").json();
        waiting["data"][0]["tries"]
            .as_u64()
            .filter(|tries| *tries > 0)
            .map(|_| waiting["data"][0]["id"].clone())
    };
    crate::harness::until("it waits", || waits().is_some());
    let id = waits().unwrap();
    for what in ["cancel", "retry"] {
        let (template, path) =
            (format!("/api/v1/jobs/{{id}}/{what}"), format!("{list}/{}/{what}", id.as_str().unwrap()));
        api.call(shop, ("POST", &template), &path, None, &[]).expect(200);
    }
}

/// `customer` is one who has ordered.
fn customers(shop: &Shop, api: &mut Document, customer: &str) {
    let customers = "/api/v1/customers";
    let zoe = json!({"email": "zoe@example.com", "first_name": "Zoë", "birthday": "1990-02-03", "tags": ["vip"],
        "addresses": [{"name": "Zoë", "line1": "Rue 1", "city": "Paris", "country": "FR"}]});
    api.call(shop, ("POST", customers), customers, Some(&zoe), &[]).expect(201);
    api.call(shop, ("POST", customers), customers, Some(&zoe), &[]).expect(409);
    api.call(shop, ("GET", customers), &format!("{customers}?limit=1&sort=-spent"), None, &[]).expect(200);
    for by in ["orders", "spent&currency=EUR"] {
        let path = format!("{customers}/top?by={by}");
        api.call(shop, ("GET", "/api/v1/customers/top"), &path, None, &[]).expect(200);
    }
    let one = format!("{customers}/{customer}");
    api.call(shop, ("GET", "/api/v1/customers/{id}"), &one, None, &[]).expect(200);
    let patch = json!({"company": "Berg"});
    api.call(shop, ("PATCH", "/api/v1/customers/{id}"), &one, Some(&patch), &[]).expect(200);
    let unborn = json!({"email": "unborn@example.com", "birthday": "2999-01-01"});
    for (method, template, path) in
        [("POST", customers, customers), ("PATCH", "/api/v1/customers/{id}", one.as_str())]
    {
        let refused = api.call(shop, (method, template), path, Some(&unborn), &[]).expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/birthday", "{refused}");
    }
}

/// Credit notes come by import only.
fn credit_notes(shop: &Shop, api: &mut Document) {
    let file = crate::harness::project("tests/fixtures/credit_note.csv");
    let args = ["import", "orders", "--from", "online-retail", file.to_str().unwrap(), "--data", shop.data()];
    crate::harness::succeed(&args);
    let list = "/api/v1/credit-notes";
    let notes = api.call(shop, ("GET", list), list, None, &[]).expect(200).json();
    let one = format!("{list}/{}", notes["data"][0]["id"].as_str().unwrap());
    api.call(shop, ("GET", "/api/v1/credit-notes/{id}"), &one, None, &[]).expect(200);
}

/// What was noted of a parcel of an order that is at `one`, corrected.
fn parcels(shop: &Shop, api: &mut Document, one: &str) {
    let (parcel, there) = (json!({"tracking": "00341"}), "/api/v1/orders/{id}/parcels/{number}");
    let path = format!("{one}/parcels/1");
    let corrected = api.call(shop, ("PATCH", there), &path, Some(&parcel), &[]).expect(200).json();
    assert_eq!(
        corrected["parcels"][0],
        json!({"carrier": "DHL", "tracking": "00341", "shipped_at": corrected["parcels"][0]["shipped_at"]})
    );
    api.call(shop, ("PATCH", there), &path, Some(&parcel), &[("if-match", "\"1\"")]).expect(412);
    api.call(shop, ("PATCH", there), &format!("{one}/parcels/9"), Some(&parcel), &[]).expect(404);
}
