//! Who may say a price: whoever may place orders, and nobody else by any door; what was paid and went back is computed.

use crate::harness::{OWNER, PASSWORD, Shop, least_order};
use crate::messages;
use crate::orders::total;
use serde_json::{Value, json};

fn send(shop: &Shop, key: &str, path: &str, method: &str, body: &Value) -> (u16, String) {
    let (bearer, once) = (format!("Bearer {key}"), body.to_string());
    let headers =
        [("authorization", &*bearer), ("content-type", "application/json"), ("idempotency-key", &once[..40])];
    let answer = shop.request(method, path, &headers, Some(once.as_bytes()));
    (answer.status, answer.body)
}

#[test]
fn only_who_may_place_orders_says_a_price() {
    let shop = Shop::open();
    let body = least_order("anna@example.com", 1);
    let publishable = messages::key(&shop, "https://shop.example");
    assert_eq!(send(&shop, &publishable, "/api/v1/orders", "POST", &body).0, 401);
    for scopes in
        [&["orders:edit"][..], &["orders:view", "orders:ship"], &["customers:edit"], &["imports:run"]]
    {
        let key = shop.key_with(scopes);
        let (status, said) = send(&shop, &key, "/api/v1/orders", "POST", &body);
        assert_eq!(status, 403, "{scopes:?}: {said}");
    }
    // What pages of the shop may send knows no price either, and there is no other door there.
    let order = json!({"email": "a@example.com", "body": "x", "lines": body["lines"], "total": {"amount": 1, "currency": "EUR"}});
    let said = messages::send(&shop, &publishable, "https://shop.example", &order, &[]).expect(422);
    assert_eq!(said.code(), "unknown_field");
    for path in ["/store/v1/carts", "/store/v1/orders", "/store/v1/checkout"] {
        assert_eq!(send(&shop, &publishable, path, "POST", &body).0, 404, "{path}");
    }
    assert_eq!(total(&shop, ""), 0);

    // Who places orders cannot change them, nor say that they were paid.
    let places = shop.key_with(&["orders:create"]);
    let (status, placed) =
        send(&shop, &places, "/api/v1/orders", "POST", &least_order("anna@example.com", 500));
    assert_eq!(status, 201, "{placed}");
    let placed: Value = serde_json::from_str(&placed).unwrap();
    let path = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    assert_eq!(send(&shop, &places, &path, "PATCH", &json!({"note": "x".repeat(40)})).0, 403);
    assert_eq!(
        send(&shop, &places, &format!("{path}/pay"), "POST", &json!({"method": "x".repeat(40)})).0,
        403
    );
    // And who edits them sets no price, by no name that an order has.
    for (name, value) in placed.as_object().unwrap() {
        let patch = json!({ name: value });
        let answer = shop.send("PATCH", &path, &patch, &[]);
        let is_field =
            ["email", "phone", "billing", "shipping_address", "note", "tags", "metadata"].contains(&&**name);
        assert_eq!(answer.status, if is_field { 200 } else { 422 }, "{name}: {}", answer.body);
    }
    // Neither by the form of the page.
    let cookie = shop.sign_in(OWNER, PASSWORD);
    for field in ["total=1", "lines%5B0%5D%5Bunit_price%5D=1", "discount=1", "paid=1", "unit_price=1"] {
        let form = format!("email=anna%40example.com&{field}");
        let path = format!("/admin/orders/{}/edit", placed["id"].as_str().unwrap());
        // A form says nothing of what it does not know; nothing of it is taken.
        assert!(shop.form(&path, &form, &cookie).status < 500, "{field}");
    }
    let now = shop.get(&path).expect(200).json();
    for name in ["total", "subtotal", "paid", "refunded", "lines", "discount", "tax", "payment"] {
        assert_eq!(now[name], placed[name], "{name}");
    }
}

/// Many say at once that the same money goes back.
#[test]
fn no_more_goes_back_than_was_paid_however_many_say_so() {
    let shop = Shop::open();
    let placed = shop.place("a", &least_order("anna@example.com", 1_000)).expect(201).json();
    let path = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    let refund = |cents: i64| {
        let body = json!({"amount": {"amount": cents, "currency": "EUR"}});
        shop.send("POST", &format!("{path}/refund"), &body, &[])
    };
    assert_eq!(refund(1).expect(409).code(), "nothing_to_refund");
    shop.send("POST", &format!("{path}/pay"), &json!({}), &[]).expect(200);
    assert_eq!(refund(1_001).expect(409).code(), "refund_too_high");
    assert!(refund(-1).expect(422).body.contains("/amount"));
    let taken: usize = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..16).map(|_| scope.spawn(|| usize::from(refund(300).status == 200))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let now = shop.get(&path).expect(200).json();
    assert_eq!(
        (taken, &now["refunded"]["amount"], &now["payment"]),
        (3, &json!(900), &json!("part_refunded"))
    );
    assert_eq!(refund(101).expect(409).code(), "refund_too_high");
    refund(100).expect(200);
    assert_eq!(refund(1).expect(409).code(), "nothing_to_refund");
}
