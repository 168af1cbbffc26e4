//! Orders through the API: placing once, changing without loss, steps and their refusals, new and returning.

use crate::harness::{OWNER, PASSWORD, Shop, least_order, until};
use serde_json::{Value, json};

#[test]
fn the_least_order_is_placed_and_read_back() {
    let shop = Shop::open();
    let placed = shop.place("k-1", &least_order("anna@example.com", 100)).expect(201);
    let order = placed.json();
    assert_eq!(order["total"], json!({"amount": 100, "currency": "EUR"}));
    assert_eq!(
        (&order["status"], &order["payment"], &order["fulfilment"]),
        (&json!("open"), &json!("unpaid"), &json!("unfulfilled"))
    );
    assert_eq!(order["customer"]["standing"], "new");
    let id = order["id"].as_str().unwrap();
    assert_eq!(placed.header("location"), Some(format!("/api/v1/orders/{id}").as_str()));
    assert_eq!(shop.get(&format!("/api/v1/orders/{id}")).expect(200).json(), order);
    let number = order["number"].as_u64().unwrap();
    assert_eq!(shop.get(&format!("/api/v1/orders/{number}")).expect(200).json(), order);
}

#[test]
fn the_same_key_never_makes_two_orders() {
    let mut shop = Shop::open();
    let body = least_order("anna@example.com", 100);
    let first = shop.place("same", &body).expect(201);
    let again = shop.place("same", &body).expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        shop.place("same", &least_order("anna@example.com", 200)).expect(422).code(),
        "idempotency_key_reused"
    );
    shop.kill();
    shop.start();
    assert_eq!(shop.place("same", &body).expect(201).body, first.body);
    assert_eq!(total(&shop, ""), 1);
    assert_eq!(shop.send("POST", "/api/v1/orders", &body, &[]).expect(400).code(), "idempotency_key_missing");
    assert_eq!(shop.place(&"x".repeat(256), &body).expect(400).code(), "idempotency_key_invalid");
}

/// Ids say when a record was made, so a caller gives none: that is for files of ours.
#[test]
fn nobody_gives_a_record_its_id() {
    let shop = Shop::open();
    let first = shop.place("1", &least_order("anna@example.com", 100)).expect(201).json();
    let mut order = least_order("anna@example.com", 200);
    for id in [first["id"].as_str().unwrap(), "ord_7zzzzzzzzzzzzzzzzzzzzzzzzz"] {
        order["source"] = json!({"source": "backroom", "id": id});
        let problem = shop.place("2", &order).expect(422);
        assert_eq!(problem.json()["errors"][0]["pointer"], "/source/source", "{}", problem.body);
    }
    assert_eq!(total(&shop, ""), 1);
}

#[test]
fn many_clients_with_one_key_make_one_order() {
    let shop = Shop::open();
    let body = least_order("anna@example.com", 100);
    let bodies: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..12).map(|_| scope.spawn(|| shop.place("race", &body).expect(201).body)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(bodies.windows(2).all(|w| w[0] == w[1]));
    assert_eq!(total(&shop, ""), 1);
}

#[test]
fn a_wrong_order_names_every_field_and_leaves_nothing() {
    let shop = Shop::open();
    let mut wrong = least_order("nonsense", 100);
    wrong["lines"][0]["quantity"] = json!(0);
    wrong["lines"][0]["unit_price"]["currency"] = json!("USD");
    let problem = shop.place("k", &wrong).expect(422);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    let body = problem.json();
    assert_eq!(body["code"], "validation");
    assert!(body["request_id"].as_str().is_some_and(|r| !r.is_empty()));
    assert!(
        body["errors"].as_array().unwrap().iter().any(|e| e["pointer"] == "/lines/0/unit_price/currency")
    );
    let mut wrong = least_order("nonsense", 100);
    wrong["lines"][0]["quantity"] = json!(0);
    let pointers: Vec<String> = shop.place("k", &wrong).expect(422).json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/lines/0/quantity", "/email"]);
    for field in ["status", "total", "paid", "id", "number", "payment", "created_at", "price", "role"] {
        let mut extra = least_order("anna@example.com", 100);
        extra[field] = json!(1);
        assert_eq!(shop.place("k2", &extra).expect(422).code(), "unknown_field", "{field}");
    }
    for quantity in ["0", "-1", "1000000000", "1.5", "\"1e3\"", "9223372036854775808"] {
        let raw = least_order("anna@example.com", 100)
            .to_string()
            .replace("\"quantity\":1", &format!("\"quantity\":{quantity}"));
        let answer = shop.request(
            "POST",
            "/api/v1/orders",
            &[
                ("authorization", &format!("Bearer {}", shop.key)),
                ("content-type", "application/json"),
                ("idempotency-key", "q"),
            ],
            Some(raw.as_bytes()),
        );
        assert_eq!(answer.status, 422, "{quantity}: {}", answer.body);
    }
    let mut many = least_order("anna@example.com", 1);
    many["lines"] = Value::Array(vec![many["lines"][0].clone(); 201]);
    shop.place("k3", &many).expect(422);
    assert_eq!(total(&shop, ""), 0);
    // A refusal is not remembered: the same key may come again, corrected.
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
}

#[test]
fn steps_lead_on_and_back_and_refusals_name_the_reason() {
    let shop = Shop::open();
    let id = shop.place("k", &least_order("anna@example.com", 1999)).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let step =
        |word: &str, body: Value| shop.send("POST", &format!("/api/v1/orders/{id}/{word}"), &body, &[]);
    let paid = step("pay", json!({"method": "cash"})).expect(200).json();
    assert_eq!((&paid["payment"], &paid["paid"]["amount"]), (&json!("paid"), &json!(1999)));
    assert_eq!(step("pay", json!({})).expect(409).code(), "order_paid");
    let shipped =
        step("ship", json!({"carrier": "DHL", "tracking": "00340434161094000000"})).expect(200).json();
    assert_eq!(shipped["parcels"][0]["tracking"], "00340434161094000000");
    assert_eq!(step("cancel", json!({})).expect(409).code(), "order_shipped");
    assert_eq!(total(&shop, "0034043416"), 1);
    step("unship", json!({})).expect(200);
    step("unpay", json!({})).expect(200);
    let cancelled = step("cancel", json!({"reason": "rejected", "note": "fraud"})).expect(200).json();
    assert_eq!((&cancelled["status"], &cancelled["payment"]), (&json!("cancelled"), &json!("voided")));
    assert_eq!(step("ship", json!({})).expect(409).code(), "order_cancelled");
    let reopened = step("reopen", json!({})).expect(200).json();
    assert_eq!((&reopened["status"], &reopened["payment"]), (&json!("open"), &json!("unpaid")));
    step("nonsense", json!({})).expect(404);
    assert_eq!(step("ship", json!({"speed": 1})).expect(422).code(), "unknown_field");
}

#[test]
fn an_order_is_paid_and_sent_in_parts() {
    let shop = Shop::open();
    let id = shop.place("k", &least_order("anna@example.com", 5_900)).expect(201).json()["id"].clone();
    let path = format!("/api/v1/orders/{}", id.as_str().unwrap());
    let step = |word: &str, body: Value| shop.send("POST", &format!("{path}/{word}"), &body, &[]);
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    for (amount, status, code) in [
        (eur(5_901), 409, "payment_too_high"),
        (eur(0), 422, "invalid_amount"),
        (eur(-1), 422, "invalid_amount"),
    ] {
        assert_eq!(step("pay", json!({"amount": amount})).expect(status).code(), code, "{amount}");
    }
    let yen = json!({"amount": {"amount": 5, "currency": "JPY"}});
    assert_eq!(step("pay", yen).expect(422).code(), "currency_mismatch");

    let first = json!({"amount": eur(2_000), "method": "Bank transfer", "reference": "TX-81"});
    let part = step("pay", first).expect(200).json();
    assert_eq!((&part["payment"], &part["paid"]), (&json!("part_paid"), &eur(2_000)));
    assert_eq!(part["payments"][0]["reference"], "TX-81");
    assert_eq!(total(&shop, "TX-81"), 1);
    assert_eq!(step("pay", json!({"amount": eur(3_901)})).expect(409).code(), "payment_too_high");
    let whole = step("pay", json!({})).expect(200).json();
    assert_eq!((&whole["payment"], &whole["paid"]), (&json!("paid"), &eur(5_900)));
    assert_eq!(step("unpay", json!({})).expect(200).json()["payment"], "part_paid");
    assert_eq!(step("unpay", json!({})).expect(200).json()["payment"], "unpaid");

    // What came in can go back, no more than that; the rest is due until it has come.
    step("pay", json!({"amount": eur(2_000)})).expect(200);
    assert_eq!(step("refund", json!({"amount": eur(500)})).expect(200).json()["payment"], "part_paid");
    assert_eq!(step("refund", json!({"amount": eur(1_501)})).expect(409).code(), "refund_too_high");
    let whole = step("pay", json!({})).expect(200).json();
    assert_eq!((&whole["payment"], &whole["paid"]), (&json!("part_refunded"), &eur(5_900)));
    assert_eq!(step("unrefund", json!({})).expect(200).json()["payment"], "paid");
    step("unpay", json!({})).expect(200);
    let all = step("refund", json!({})).expect(200).json();
    assert_eq!((&all["payment"], &all["refunded"]), (&json!("refunded"), &eur(2_000)));
    step("unrefund", json!({})).expect(200);
    step("unpay", json!({})).expect(200);

    // What a scanner puts into the wrong field is told to nobody as a carrier, through whatever door it comes.
    let scanned = json!({"carrier": "00340434161094000000"});
    assert_eq!(step("ship", scanned).expect(422).json()["errors"][0]["code"], "tracking_in_carrier");
    let one = json!({"carrier": "DHL", "tracking": "0034", "more_follows": true});
    assert_eq!(step("ship", one).expect(200).json()["fulfilment"], "part");
    assert_eq!(step("deliver", json!({})).expect(409).code(), "order_not_shipped");
    // What left comes back, also where it was not all.
    assert_eq!(step("return", json!({})).expect(200).json()["fulfilment"], "returned");
    assert_eq!(step("unreturn", json!({})).expect(200).json()["fulfilment"], "part");
    let both = step("ship", json!({"carrier": "UPS", "tracking": "1Z"})).expect(200).json();
    assert_eq!((&both["fulfilment"], both["parcels"].as_array().unwrap().len()), (&json!("fulfilled"), 2));
    let parcel = |body: Value| shop.send("PATCH", &format!("{path}/parcels/2"), &body, &[]);
    let swapped = json!({"carrier": "00340434161094000000", "tracking": ""});
    assert_eq!(parcel(swapped).expect(422).json()["errors"][0]["code"], "tracking_in_carrier");
    let refused = step("pay", json!({"more_follows": true})).expect(422).json();
    assert_eq!(
        refused["errors"][0]["detail"],
        "The step pay takes amount, method and reference, not “more_follows”."
    );

    let events = shop.get("/api/v1/events?limit=200").expect(200).json();
    let of = |kind: &str| {
        let all = events["data"].as_array().unwrap();
        all.iter().filter(|event| event["kind"] == kind).map(|e| e["data"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("order.part_paid")[0]["reference"], "TX-81");
    assert_eq!(of("order.part_paid")[0]["amount"], eur(2_000));
    assert_eq!(of("order.paid")[0]["amount"], eur(3_900));
    assert_eq!(of("order.part_shipped")[0]["tracking"], "0034");
    assert_eq!(of("order.shipped")[0]["tracking"], "1Z");
}

#[test]
fn a_parcel_is_corrected_in_the_index_and_the_log_and_nobody_is_written_to() {
    let shop = Shop::open();
    let placed = shop.place("k", &least_order("anna@example.com", 5_900)).expect(201).json();
    let home = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    let sent = json!({"carrier": "0034000001", "tracking": "wrong777"});
    shop.send("POST", &format!("{home}/ship"), &sent, &[]).expect(200);
    assert_eq!((total(&shop, "tracking:wrong777"), total(&shop, "tracking:0034000001")), (1, 0));
    let right = json!({"carrier": "DHL", "tracking": "0034000001"});
    let parcel = format!("{home}/parcels/1");
    let now = shop.send("PATCH", &parcel, &right, &[]).expect(200).json();
    assert_eq!((&now["version"], &now["fulfilment"]), (&json!(3), &json!("fulfilled")));
    assert_eq!((total(&shop, "tracking:wrong777"), total(&shop, "tracking:0034000001")), (0, 1));
    // The same once more changes nothing; what is no field and no parcel is refused.
    assert_eq!(shop.send("PATCH", &parcel, &right, &[]).expect(200).json()["version"], 3);
    shop.send("PATCH", &parcel, &json!({"weight": 7}), &[]).expect(422);
    for place in ["0", "2", "x"] {
        shop.send("PATCH", &format!("{home}/parcels/{place}"), &right, &[]).expect(404);
    }
    let told = shop.get("/api/v1/events?kind=order.parcel_changed").json()["data"].clone();
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(told[0]["data"]["parcel"], 1);
    assert_eq!(told[0]["data"]["changes"]["tracking"], json!(["wrong777", "0034000001"]));
    let packer = shop.key_with(&["orders:view", "orders:ship"]);
    let headers = [("authorization", format!("Bearer {packer}"))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let other = json!({"tracking": "0034000002"}).to_string();
    let mut with = headers.clone();
    with.push(("content-type", "application/json"));
    shop.request("PATCH", &parcel, &with, Some(other.as_bytes())).expect(200);
    let reader = shop.key_with(&["orders:view"]);
    let reader = format!("Bearer {reader}");
    let with = [("authorization", reader.as_str()), ("content-type", "application/json")];
    shop.request("PATCH", &parcel, &with, Some(other.as_bytes())).expect(403);
}

#[test]
fn what_was_paid_goes_back_in_parts_and_never_more_than_that() {
    let shop = Shop::open();
    let placed = shop.place("k", &least_order("anna@example.com", 5_900)).expect(201).json();
    let (id, customer) = (placed["id"].as_str().unwrap(), placed["customer"]["id"].as_str().unwrap());
    let step =
        |word: &str, body: Value| shop.send("POST", &format!("/api/v1/orders/{id}/{word}"), &body, &[]);
    let spent = || {
        let spent = shop.get(&format!("/api/v1/customers/{customer}")).expect(200).json()["spent"].clone();
        spent[0]["amount"].as_i64().unwrap()
    };
    let eur = |amount: i64| json!({"amount": {"amount": amount, "currency": "EUR"}});
    assert_eq!(step("refund", json!({})).expect(409).code(), "nothing_to_refund");
    step("pay", json!({})).expect(200);
    assert_eq!(spent(), 5_900);
    for (amount, status, code) in
        [(5_901, 409, "refund_too_high"), (0, 422, "invalid_amount"), (-1, 422, "invalid_amount")]
    {
        assert_eq!(step("refund", eur(amount)).expect(status).code(), code, "{amount}");
    }
    let yen = json!({"amount": {"amount": 5, "currency": "JPY"}});
    assert_eq!(step("refund", yen).expect(422).code(), "currency_mismatch");
    assert_eq!(
        step("refund", json!({"carrier": "DHL"})).expect(422).json()["errors"][0]["code"],
        "unknown_field"
    );
    assert_eq!(step("unrefund", json!({})).expect(409).code(), "refund_not_noted_here");
    let part = json!({"amount": {"amount": 1_200, "currency": "EUR"}, "note": "handle was chipped"});
    let now = step("refund", part).expect(200).json();
    assert_eq!((&now["payment"], &now["refunded"]["amount"]), (&json!("part_refunded"), &json!(1_200)));
    assert_eq!((spent(), total(&shop, "is:refunded payment:part_refunded")), (4_700, 1));
    assert_eq!(step("refund", eur(4_701)).expect(409).code(), "refund_too_high");
    let now = step("refund", json!({})).expect(200).json();
    assert_eq!((&now["payment"], &now["refunded"]["amount"]), (&json!("refunded"), &json!(5_900)));
    assert_eq!(step("refund", json!({})).expect(409).code(), "nothing_to_refund");
    // Back, one after the other.
    let now = step("unrefund", json!({})).expect(200).json();
    assert_eq!((&now["payment"], &now["refunded"]["amount"]), (&json!("part_refunded"), &json!(1_200)));
    let now = step("unrefund", json!({})).expect(200).json();
    assert_eq!((&now["payment"], &now["refunded"]["amount"]), (&json!("paid"), &json!(0)));
    assert_eq!((spent(), total(&shop, "is:refunded")), (5_900, 0));
    // A cancelled order is refunded, and stays so when it is opened again.
    step("cancel", json!({"reason": "customer"})).expect(200);
    assert_eq!(step("refund", json!({})).expect(200).json()["payment"], "refunded");
    assert_eq!(step("reopen", json!({})).expect(200).json()["payment"], "refunded");
    let told = shop.get("/api/v1/events?kind=order.refunded&limit=100").json()["data"].clone();
    let amounts: Vec<i64> =
        told.as_array().unwrap().iter().map(|e| e["data"]["amount"]["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [1_200, 4_700, 5_900]);
    assert_eq!(told[0]["data"]["note"], "handle was chipped");
    assert_eq!(
        shop.get("/api/v1/events?kind=order.refund_taken_back").json()["data"].as_array().unwrap().len(),
        2
    );
    // The page offers it with what is left, says why it cannot be more, and takes it back by its button.
    let other = shop.place("l", &least_order("ben@example.com", 5_900)).expect(201).json();
    let other = other["id"].as_str().unwrap();
    shop.send("POST", &format!("/api/v1/orders/{other}/pay"), &json!({}), &[]).expect(200);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let (path, home) = (format!("/admin/orders/{other}/refund"), format!("/admin/orders/{other}"));
    let page = shop.page(&home, &cookie).expect(200).body;
    assert!(page.contains("Mark refunded") && page.contains("at most 59.00"), "{page}");
    let refused = shop.form(&path, "version=2&amount=60,00", &cookie).expect(422).body;
    assert!(refused.contains("At most €59.00 can go back") && refused.contains("60,00"), "{refused}");
    shop.form(&path, "version=2&amount=1.000", &cookie).expect(422);
    shop.form(&path, "version=2&amount=12,50&note=chipped", &cookie).expect(303);
    let page = shop.page(&home, &cookie).expect(200).body;
    assert!(
        page.contains("Refunded €12.50") && page.contains("at most 46.50") && page.contains("chipped"),
        "{page}"
    );
    assert!(page.contains("Take back refund"), "{page}");
    shop.form(&format!("/admin/orders/{other}/unrefund"), "version=3", &cookie).expect(303);
    let customer = other_customer(&shop, other);
    let page = shop.page(&format!("/admin/customers/{customer}"), &cookie).expect(200).body;
    assert!(page.contains("refunded €12.50") && page.contains("refund taken back"), "{page}");
    let mut shop = shop;
    assert_eq!(shop.stop(), Some(0));
    crate::harness::succeed(&["check", "--data", shop.data()]);
}

fn other_customer(shop: &Shop, order: &str) -> String {
    let order = shop.get(&format!("/api/v1/orders/{order}")).expect(200).json();
    order["customer"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn two_editors_lose_nothing() {
    let shop = Shop::open();
    let placed = shop.place("k", &least_order("anna@example.com", 100)).expect(201).json();
    let path = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    let etag = shop.get(&path).header("etag").unwrap().to_owned();
    let patch = |body: Value, headers: &[(&str, &str)]| {
        let mut all = vec![("content-type", "application/merge-patch+json")];
        all.extend(headers);
        let bearer = format!("Bearer {}", shop.key);
        all.push(("authorization", &bearer));
        shop.request("PATCH", &path, &all, Some(body.to_string().as_bytes()))
    };
    let first = patch(json!({"phone": "030 1234567", "metadata": {"locker": "12"}}), &[("if-match", &etag)])
        .expect(200);
    let second = patch(json!({"phone": "040 7654321"}), &[("if-match", &etag)]);
    assert_eq!((second.status, second.code().as_str()), (412, "version_mismatch"));
    assert_eq!(shop.get(&path).json()["phone"], "030 1234567");
    let now = first.header("etag").unwrap().to_owned();
    let merged = patch(json!({"metadata": {"gift": "yes"}, "tags": ["VIP"]}), &[("if-match", &now)])
        .expect(200)
        .json();
    assert_eq!(merged["metadata"], json!({"gift": "yes", "locker": "12"}));
    assert_eq!(patch(json!({"total": 1}), &[]).expect(422).code(), "unknown_field");
    assert_eq!(total(&shop, "tag:vip"), 1);
    assert_eq!(total(&shop, "040 7654321"), 0);
    assert_eq!(total(&shop, "1234567"), 1);
}

#[test]
fn new_or_returning_turns_at_once_when_an_earlier_order_changes() {
    let shop = Shop::open();
    let place = |key: &str| shop.place(key, &least_order("anna@example.com", 100)).expect(201).json();
    let (first, second, third) = (place("1"), place("2"), place("3"));
    let standing = |order: &Value| {
        let read = shop.get(&format!("/api/v1/orders/{}", order["id"].as_str().unwrap())).json();
        (
            read["customer"]["standing"].as_str().unwrap().to_owned(),
            read["customer"]["reason"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(standing(&first).0, "new");
    assert_eq!(standing(&second).0, "returning");
    assert_eq!((total(&shop, "customer:new"), total(&shop, "customer:returning")), (1, 2));
    let step = |order: &Value, word: &str, body: Value| {
        shop.send("POST", &format!("/api/v1/orders/{}/{word}", order["id"].as_str().unwrap()), &body, &[])
            .expect(200)
    };
    step(&first, "cancel", json!({"reason": "rejected"}));
    let (word, reason) = standing(&second);
    assert_eq!(word, "new");
    assert!(reason.contains("rejected") && reason.contains(&first["number"].to_string()), "{reason}");
    assert_eq!((total(&shop, "customer:new"), total(&shop, "customer:returning")), (2, 1));
    step(&second, "ship", json!({}));
    step(&second, "return", json!({}));
    assert_eq!(standing(&third).0, "new");
    assert_eq!(total(&shop, "customer:returning"), 0);
    step(&first, "reopen", json!({}));
    assert_eq!(standing(&third).0, "returning");
    let customer = first["customer"]["id"].as_str().unwrap();
    let totals = shop.get(&format!("/api/v1/customers/{customer}")).json();
    assert_eq!((&totals["orders"], &totals["orders_all"]), (&json!(2), &json!(3)));
    assert_eq!(totals["spent"], json!([{"amount": 200, "currency": "EUR"}]));
}

#[test]
fn notes_are_added_edited_and_found() {
    let shop = Shop::open();
    let id = shop.place("k", &least_order("anna@example.com", 100)).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.send("POST", &format!("/api/v1/orders/{id}/notes"), &json!({"text": "refund annas mug"}), &[])
        .expect(201);
    assert_eq!(total(&shop, "annas mug"), 1);
    let edited = shop
        .send("PUT", &format!("/api/v1/orders/{id}/notes/1"), &json!({"text": "refunded the teapot"}), &[])
        .expect(200);
    assert_eq!(edited.json()["staff_notes"][0]["text"], "refunded the teapot");
    assert_eq!((total(&shop, "annas mug"), total(&shop, "teapot")), (0, 1));
    shop.send("PUT", &format!("/api/v1/orders/{id}/notes/9"), &json!({"text": "x"}), &[]).expect(404);
    shop.send("POST", &format!("/api/v1/orders/{id}/notes"), &json!({"text": "  "}), &[]).expect(422);
}

#[test]
fn a_list_is_walked_by_cursors_without_gaps_or_doubles() {
    let shop = Shop::open();
    for i in 0..23 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), i + 1)).expect(201);
    }
    for sort in ["", "total", "-total", "-placed"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = shop
                .get(&format!("/api/v1/orders?limit=5&sort={sort}&after={after}&count=exact"))
                .expect(200)
                .json();
            assert_eq!(page["total"], 23);
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|o| o["total"]["amount"].as_i64().unwrap()),
            );
            if page["has_more"] == false {
                assert!(page["next_cursor"].is_null());
                break;
            }
            after = page["next_cursor"].as_str().unwrap().to_owned();
        }
        let mut expected: Vec<i64> = (1..=23).collect();
        if sort != "total" {
            expected.reverse();
        }
        assert_eq!(seen, expected, "{sort}");
    }
    for (query, code) in [
        ("hue=red", "unknown_parameter"),
        ("limit=0", "invalid_limit"),
        ("limit=x", "wrong_type"),
        ("after=%00", "invalid_cursor"),
        ("q=%ff", "unreadable"),
        ("sort=colour", "unknown_sort"),
        ("sort=-", "unknown_sort"),
        ("sort=-newest", "unknown_sort"),
        ("q=colur:red", "invalid_query"),
    ] {
        let answer = shop.get(&format!("/api/v1/orders?{query}"));
        assert!(answer.status == 400 || answer.status == 422, "{query}: {} {}", answer.status, answer.body);
        assert_eq!(answer.code(), code, "{query}");
    }
}

#[test]
fn a_cursor_belongs_to_its_list_query_and_sorting() {
    let shop = Shop::open();
    for i in 0..3 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), i + 1)).expect(201);
    }
    let page = shop.get("/api/v1/orders?limit=1&sort=-total").expect(200).json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    shop.get(&format!("/api/v1/orders?limit=2&sort=-total&after={cursor}")).expect(200);
    for other in ["orders?limit=1", "orders?sort=total", "orders?sort=-total&q=c1", "customers?sort=-spent"] {
        let sign = if other.contains('?') { '&' } else { '?' };
        let answer = shop.get(&format!("/api/v1/{other}{sign}after={cursor}"));
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_cursor"), "{other}");
    }
}

#[test]
fn amounts_that_no_shop_has_are_refused_and_sums_stay_exact() {
    let mut shop = Shop::open();
    for (at, cents) in [9_000_000_000_000_000_000_i64, 100_000_000_000_001, -1].into_iter().enumerate() {
        let answer = shop.place(&format!("large{at}"), &least_order("anna@example.com", cents)).expect(422);
        assert!(answer.body.contains("/lines"), "{}", answer.body);
    }
    let mut order = least_order("anna@example.com", 100);
    order["shipping"] = json!({"amount": i64::MAX, "currency": "EUR"});
    assert_eq!(shop.place("shipping", &order).expect(422).json()["errors"][0]["pointer"], "/shipping");
    order["shipping"] = json!({"amount": 1, "currency": "XXX"});
    shop.place("none", &order).expect(422);
    assert_eq!(total(&shop, ""), 0);

    let most = 100_000_000_000_000_i64;
    let spent = |shop: &Shop| shop.get("/api/v1/customers?q=anna").json()["data"][0]["spent"][0].clone();
    let mut ids = Vec::new();
    for at in 0..3 {
        let placed = shop.place(&format!("most{at}"), &least_order("anna@example.com", most)).expect(201);
        ids.push(placed.json()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(spent(&shop)["amount"], 3 * most);
    for id in &ids[1..] {
        shop.send("POST", &format!("/api/v1/orders/{id}/cancel"), &json!({}), &[]).expect(200);
    }
    assert_eq!(spent(&shop)["amount"], most);
    assert_eq!(shop.stop(), Some(0));
    crate::harness::succeed(&["check", "--data", shop.data()]);
}

#[test]
fn a_step_takes_its_own_words_and_no_others() {
    let shop = Shop::open();
    let id = shop.place("k", &least_order("anna@example.com", 100)).expect(201).json()["id"].clone();
    let path = |step: &str| format!("/api/v1/orders/{}/{step}", id.as_str().unwrap());
    let answer = shop.send("POST", &path("pay"), &json!({"tracking": "123"}), &[]).expect(422);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/tracking");
    shop.send("POST", &path("pay"), &json!({"method": "cash"}), &[]).expect(200);
    let shipped = shop.send("POST", &path("ship"), &json!({"tracking": "123"}), &[]).expect(200).json();
    assert_eq!(shipped["parcels"][0]["tracking"], "123");
}

#[test]
fn everything_wrong_with_the_shape_is_said_at_once() {
    let shop = Shop::open();
    let order = json!({"currency": "EUR", "colour": 1, "phone": 5, "tags": "x", "lines": [
        {"title": "Mug", "quantity": "two", "unit_price": {"amount": 1, "currency": "EUR"}, "sise": "L"}]});
    let refused = shop.place("k", &order).expect(422).json();
    let mut pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/colour", "/lines/0/quantity", "/lines/0/sise", "/phone", "/tags"]);
    let id = shop.place("l", &least_order("anna@example.com", 100)).expect(201).json()["id"].clone();
    let patch = json!({"shipping_address": {"planet": "Mars", "city": 7}, "metadata": {"a": 1}});
    let path = format!("/api/v1/orders/{}", id.as_str().unwrap());
    let refused = shop.send("PATCH", &path, &patch, &[]).expect(422).json();
    let said = refused.to_string();
    for pointer in ["/shipping_address/planet", "/shipping_address/city", "/metadata/a"] {
        assert!(said.contains(pointer), "{said}");
    }
    assert!(!said.contains("i64") && !said.contains("struct"), "{said}");
}

#[test]
fn what_is_answered_201_is_found_by_the_very_next_search() {
    let shop = Shop::open();
    std::thread::scope(|scope| {
        for t in 0..4 {
            let shop = &shop;
            scope.spawn(move || {
                for i in 0..40 {
                    let mail = format!("find-{t}x{i}@example.com");
                    shop.place(&format!("f{t}-{i}"), &least_order(&mail, 100)).expect(201);
                    assert_eq!(total(shop, &format!("email:{mail}")), 1, "{mail}");
                }
            });
        }
    });
    until("all are in the index", || shop.get("/api/v1/orders?count=exact").json()["total"] == 160);
}

/// How many orders a query finds.
pub(crate) fn total(shop: &Shop, query: &str) -> u64 {
    let answer = shop
        .get(&format!("/api/v1/orders?count=exact&limit=1&q={}", crate::harness::encoded(query)))
        .expect(200);
    answer.json()["total"].as_u64().unwrap()
}

#[test]
fn an_address_that_takes_no_parameters_refuses_them_and_does_nothing() {
    let shop = Shop::open();
    let placed = shop.place("odd-1", &least_order("odd@example.com", 100)).expect(201).json();
    let order = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    for path in [format!("{order}?x=1"), "/api/v1/webhooks?limit=1".to_owned()] {
        assert_eq!(shop.get(&path).expect(400).code(), "unknown_parameter", "{path}");
    }
    let noted = shop.send("POST", &format!("{order}/notes?x=1"), &json!({"text": "hello"}), &[]);
    assert_eq!(noted.expect(400).code(), "unknown_parameter");
    let after = shop.get(&order).expect(200).json();
    assert_eq!(after["version"], placed["version"], "nothing was written");
    shop.get("/api/v1/orders?limit=1").expect(200);
    shop.get(&order).expect(200);
}

#[test]
fn wrong_currencies_hide_nothing_else() {
    let shop = Shop::open();
    let order = |currency: &str, line: &str| {
        json!({
            "email": "no address", "currency": currency, "shipping": {"amount": 490, "currency": line}, "tags": ["x".repeat(300)],
            "placed_at": "9999-12-31T23:59:59Z",
            "lines": [{"sku": "BAR-1", "quantity": 0, "unit_price": {"amount": 100, "currency": line}}],
        })
    };
    for (currency, line, wrong) in [
        ("EUR", "USD", ["/shipping/currency", "/lines/0/unit_price/currency"].as_slice()),
        ("EUR", "XXQ", &["/shipping/currency", "/lines/0/unit_price/currency"]),
        ("euro", "EUR", &["/currency"]),
    ] {
        let refused = shop.place(&format!("{currency}{line}"), &order(currency, line)).expect(422).json();
        let all: Vec<&str> =
            refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        for pointer in wrong.iter().chain(&["/email", "/lines/0/quantity", "/placed_at", "/tags"]) {
            assert!(
                all.iter().any(|p| p.starts_with(pointer)),
                "{pointer} of {currency} {line}: {refused:#}"
            );
        }
        let late =
            refused["errors"].as_array().unwrap().iter().find(|e| e["pointer"] == "/placed_at").unwrap();
        assert_eq!(
            (&late["code"], &late["detail"]),
            (&json!("out_of_range"), &json!("Enter a moment between 1970 and now."))
        );
    }
}

#[test]
fn fields_are_filters_of_lists_and_mean_what_the_query_means() {
    let shop = Shop::open();
    for i in 1..=6_i64 {
        let mut order = least_order(&format!("c{i}@example.com"), i * 100);
        order["placed_at"] = json!(format!("2026-0{i}-01T10:00:00Z"));
        order["lines"][0]["category"] = json!(if i % 2 == 0 { "Mugs, large" } else { "socks" });
        order["tags"] = if i == 6 { json!(["gift"]) } else { json!([]) };
        shop.place(&format!("f{i}"), &order).expect(201);
    }
    let totals = |query: &str| -> Vec<i64> {
        let list = shop.get(&format!("/api/v1/orders?{query}")).expect(200).json();
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["total"]["amount"].as_i64().unwrap() / 100)
            .collect()
    };
    for (filters, q, found) in [
        ("status=open&payment=unpaid", "status:open payment:unpaid", vec![6, 5, 4, 3, 2, 1]),
        ("status=cancelled,completed", "status:cancelled,completed", vec![]),
        ("total[lt]=3", "total:<3", vec![2, 1]),
        ("total%5Bgte%5D=5&total%5Blte%5D=5.5", "total:>=5 total:<=5.5", vec![5]),
        ("placed_at[gte]=2026-05-01", "placed:>=2026-05-01", vec![6, 5]),
        // All came in today, whenever they were placed.
        ("created_at[lt]=2026-07-01", "created:<2026-07-01", vec![]),
        ("created_at[gt]=2026-07-01&total[lt]=3", "created:>2026-07-01 total:<3", vec![2, 1]),
        ("placed_at[lt]=2026-02-01T10:00:00Z", "placed:<2026-02-01T10:00:00Z", vec![1]),
        ("category=socks,other", "category:socks,other", vec![5, 3, 1]),
        ("category[eq]=Mugs,+large", "category:\"Mugs, large\"", vec![6, 4, 2]),
        ("category[prefix]=mug", "category:mug*", vec![6, 4, 2]),
        ("category[ne]=socks&total[gt]=2", "-category:socks total:>2", vec![6, 4]),
        ("tag[exists]=true", "tag:any", vec![6]),
        ("tag[exists]=false&total[in]=1,2,6", "tag:none total:1,2,6", vec![2, 1]),
        ("email[prefix]=c3@", "email:c3@*", vec![3]),
        ("q=total:%3E2&total[lt]=4", "total:>2 total:<4", vec![3]),
    ] {
        assert_eq!(totals(filters), found, "{filters}");
        assert_eq!(totals(&format!("q={}", crate::harness::encoded(q))), found, "{q}");
    }
    for (query, code, near) in [
        ("stauts=open", "unknown_parameter", "Did you mean “status”?"),
        ("orders=5", "unknown_parameter", "orders"),
        ("status=", "invalid_parameter", "Give a value"),
        ("total[lo]=5", "unknown_parameter", "gte"),
        ("total[lt=5", "unknown_parameter", "gte"),
        ("status=opne", "invalid_query", "Did you mean “open”?"),
        ("total[lt]=x", "invalid_query", "total"),
        ("name[lt]=x", "invalid_query", "name"),
        ("tag[exists]=maybe", "invalid_query", "true or false"),
        ("status=open&status=draft", "duplicate_parameter", "twice"),
        ("count=some", "invalid_parameter", "estimate"),
        ("fields=id,totl", "invalid_parameter", "Did you mean “total”?"),
        ("sort=-total,number", "unknown_sort", "-total,-placed_at"),
    ] {
        let refused = shop.get(&format!("/api/v1/orders?{query}"));
        assert!(refused.status == 400 || refused.status == 422, "{query}: {}", refused.body);
        assert_eq!(refused.code(), code, "{query}: {}", refused.body);
        assert!(refused.body.contains(near), "{query}: {}", refused.body);
    }
    // A cursor goes on in its own list alone, and links keep the filters.
    let page = shop
        .get("/api/v1/orders?category=socks&limit=1&fields=id,total&sort=total,-placed_at&count=estimate")
        .expect(200);
    let list = page.json();
    assert_eq!((&list["total"], &list["total_is_exact"]), (&json!(3), &json!(true)));
    let first = list["data"][0].as_object().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["id", "total"]);
    assert_eq!(first["total"]["amount"], 100);
    assert!(page.header("link").unwrap().contains("category=socks"), "{:?}", page.headers);
    let cursor = list["next_cursor"].as_str().unwrap();
    assert_eq!(totals(&format!("category=socks&sort=total&after={cursor}")), [3, 5]);
    let other = shop.get(&format!("/api/v1/orders?category=Mugs&sort=total&after={cursor}"));
    assert_eq!(other.expect(422).code(), "invalid_cursor");
    let customers =
        shop.get("/api/v1/customers?email=c2@example.com&orders[gte]=1&fields=email").expect(200).json();
    assert_eq!(customers["data"], json!([{"email": "c2@example.com"}]));
}

#[test]
fn one_record_is_read_again_only_where_it_has_changed() {
    let shop = Shop::open();
    let bearer = format!("Bearer {}", shop.key);
    let read = |path: &str, tag: &str| {
        shop.request("GET", path, &[("authorization", &bearer), ("if-none-match", tag)], None)
    };
    let first = shop.place("1", &least_order("anna@example.com", 100)).expect(201).json();
    let placed = shop.place("2", &least_order("anna@example.com", 200)).expect(201);
    let order = format!("/api/v1/orders/{}", placed.json()["id"].as_str().unwrap());
    let customer = format!("/api/v1/customers/{}", placed.json()["customer"]["id"].as_str().unwrap());
    for path in [&order, &customer] {
        let tag = read(path, "").expect(200).header("etag").unwrap().to_owned();
        let again = read(path, &tag).expect(304);
        assert_eq!((again.body.as_str(), again.header("etag")), ("", Some(tag.as_str())));
        read(path, &format!("\"x\", W/{tag}")).expect(304);
        read(path, "\"0\"").expect(200);
    }
    // Nobody has changed this order, and yet it tells something else: its customer is new on it now.
    let tag = read(&order, "").header("etag").unwrap().to_owned();
    let cancel = format!("/api/v1/orders/{}/cancel", first["id"].as_str().unwrap());
    shop.send("POST", &cancel, &json!({"reason": "customer"}), &[]).expect(200);
    assert_eq!(read(&order, &tag).expect(200).json()["customer"]["standing"], "new");
    // One of several versions is enough for a change; of none it is refused.
    let patch = |tags: &str| shop.send("PATCH", &order, &json!({"note": "Ring"}), &[("if-match", tags)]);
    patch("\"7\", \"8\"").expect(412);
    patch(&format!("\"7\", {tag}")).expect(200);
}

#[test]
fn the_tax_of_an_order_is_not_less_than_that_of_its_lines() {
    let shop = Shop::open();
    let order = |tax: Value| {
        json!({"email": "anna@example.com", "currency": "EUR", "tax_included": false, "tax": tax,
            "shipping": {"amount": 500, "currency": "EUR"},
            "lines": [{"title": "Mug", "quantity": 1, "unit_price": {"amount": 2_997, "currency": "EUR"},
                "tax": {"amount": 478, "currency": "EUR"}}]})
    };
    let euros = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    for (key, tax) in [("a", euros(22)), ("b", euros(0)), ("c", euros(476))] {
        let refused = shop.place(key, &order(tax)).expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/tax", "{refused}");
        assert_eq!(refused["errors"][0]["code"], "tax_below_lines", "{refused}");
    }
    // Rounded piece by piece the lines have some cents more.
    let mut many = order(euros(1_881));
    many["lines"][0].as_object_mut().unwrap().extend([
        ("quantity".to_owned(), json!(100)),
        ("unit_price".to_owned(), euros(99)),
        ("tax".to_owned(), euros(1_900)),
    ]);
    shop.place("many", &many).expect(201);
    // A discount of the whole order lowers the tax of its lines.
    let mut less = order(euros(239));
    less["discount"] = euros(1_500);
    assert_eq!(shop.place("less", &less).expect(201).json()["total"]["amount"], 2_997 - 1_500 + 500 + 239);
    for (key, tax, total) in [("d", euros(477), 3_974), ("e", euros(558), 4_055), ("f", Value::Null, 3_975)] {
        assert_eq!(shop.place(key, &order(tax)).expect(201).json()["total"]["amount"], total);
    }
}

#[test]
fn an_order_is_found_by_where_it_is_from_and_one_number_is_one_order() {
    let shop = Shop::open();
    let erp = json!({"source": {"source": "erp", "id": "A-7"}});
    let mut order = least_order("anna@example.com", 100);
    order.as_object_mut().unwrap().extend(erp.as_object().unwrap().clone());
    let number = shop.place("1", &order).expect(201).json()["number"].as_u64().unwrap();
    shop.place("2", &least_order("bob@example.com", 100)).expect(201);
    assert_eq!(total(&shop, "source:erp"), 1);
    assert_eq!(shop.get("/api/v1/orders?source=erp&count=exact").json()["total"], 1);
    // Of a program a beginning is one where it says so.
    let short = number / 10;
    assert_eq!((total(&shop, &format!("number:{short}")), total(&shop, &format!("number:{short}*"))), (0, 2));
    assert_eq!(total(&shop, &format!("number:{number}")), 1);
}

/// A page holds some megabytes at most, whatever was asked for: who reads slowly makes the shop hold no more of it.
#[test]
fn a_page_of_large_orders_has_fewer_and_goes_on_behind_them() {
    let shop = Shop::open();
    const COUNT: usize = 40;
    for n in 0..COUNT {
        let line = |at: usize| {
            let price = json!({"amount": 100, "currency": "EUR"});
            json!({"sku": format!("S{at}"), "title": "t".repeat(480), "category": "c".repeat(300), "vendor": "v".repeat(300), "quantity": 1, "unit_price": price})
        };
        let mut order = least_order(&format!("large{n}@example.com"), 100);
        order["lines"] = (0..150).map(line).collect();
        shop.place(&format!("large-{n}"), &order).expect(201);
    }
    let ids = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|order| order["id"].as_str().unwrap().to_owned()).collect()
    };
    let leaf = |way: &str, cursor: &str, fields: &str| {
        let answer =
            shop.get(&format!("/api/v1/orders?limit=200&count=exact&{way}={cursor}{fields}")).expect(200);
        assert!(answer.body.len() < 5 << 20, "{}", answer.body.len());
        let page = answer.json();
        assert_eq!(page["total"], COUNT);
        page
    };
    let mut forward = leaf("q", "", "");
    let mut pages = vec![ids(&forward)];
    while forward["has_more"] == true {
        assert!(forward["next_cursor"].is_string());
        forward = leaf("after", forward["next_cursor"].as_str().unwrap(), "");
        pages.push(ids(&forward));
    }
    let all: Vec<String> = pages.concat();
    assert!(pages.len() > 1 && pages.iter().all(|page| !page.is_empty()), "{pages:?}");
    assert_eq!((all.len(), all.iter().collect::<std::collections::BTreeSet<_>>().len()), (COUNT, COUNT));
    // And back: what stands right before the cursor, in the order of the list, up to the first.
    let mut back = forward;
    let mut met = ids(&back);
    while let Some(cursor) = back["prev_cursor"].as_str() {
        back = leaf("before", cursor, "");
        assert_eq!(back["has_more"], true);
        met.splice(0..0, ids(&back));
    }
    assert_eq!(met, all);
    // What was asked for of each is little: all of them are on one page.
    let small = leaf("q", "", "&fields=id");
    assert_eq!((ids(&small), small["has_more"].clone()), (all, json!(false)));
}
