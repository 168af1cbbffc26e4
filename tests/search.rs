//! The search box and the query language through the API, the page and the command line.

use crate::harness::{OWNER, PASSWORD, Shop, encoded, succeed};
use serde_json::{Value, json};

/// A shop with a few orders that are hard to find elsewhere.
fn shop() -> Shop {
    let shop = Shop::open();
    let order = |key: &str, email: &str, name: &str, phone: &str, line: Value, more: Value| {
        let mut body = json!({
            "email": email, "phone": phone, "currency": "EUR", "lines": [line],
            "shipping_address": {"name": name, "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin", "country": "DE"},
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        shop.place(key, &body).expect(201);
    };
    let line = |title: &str, sku: &str, barcode: &str, size: &str, colour: &str, cents: i64| {
        json!({"title": title, "sku": sku, "barcode": barcode, "size": size, "colour": colour, "category": "Jackets",
               "quantity": 2, "unit_price": {"amount": cents, "currency": "EUR"}})
    };
    order(
        "1",
        "anna@example.com",
        "Anna Berg",
        "+49 30 123 45 67",
        line("Rain jacket", "RJ-M-NVY", "4012345678901", "M", "navy", 5900),
        json!({}),
    );
    order(
        "2",
        "a_b@x.de",
        "Jürgen Müller",
        "030 99887766",
        line("Enamel mug", "MUG-1", "4006381333931", "", "red", 1200),
        json!({"note": "refund annas mug"}),
    );
    order(
        "3",
        "soeren@example.dk",
        "Sören Øst",
        "",
        line("Wool socks", "SOCK-L", "5012345678900", "L", "grey", 900),
        json!({"tags": ["gift"], "discount_code": "SPRING"}),
    );
    order(
        "4",
        "taro@example.jp",
        "山田太郎",
        "",
        line("Rain jacket", "RJ-L-RED", "4012345678918", "L", "red", 5900),
        json!({}),
    );
    shop
}

fn people(shop: &Shop, query: &str) -> Vec<String> {
    let answer = shop.get(&format!("/api/v1/orders?q={}", encoded(query))).expect(200).json();
    let mut names: Vec<String> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["shipping_address"]["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn everything_a_caller_may_say_finds_the_order() {
    let shop = shop();
    let (anna, mueller, soeren, yamada) = (["Anna Berg"], ["Jürgen Müller"], ["Sören Øst"], ["山田太郎"]);
    for (query, expected) in [
        ("anna berg", anna.as_slice()),
        ("berg anna", &anna),
        ("ber ann", &[]),
        ("mülelr", &[]),
        ("mueller", &mueller),
        ("muller", &mueller),
        ("sören", &soeren),
        ("soren", &soeren),
        ("ost", &soeren),
        ("+49 30 123 45 67", &anna),
        ("0301234567", &anna),
        ("4567", &anna),
        ("a_b@x.de", &mueller),
        ("@x.de", &mueller),
        ("4012345678901", &anna),
        ("RJ-M-NVY", &anna),
        ("rjmnvy", &anna),
        ("navy jacket", &anna),
        ("annas mug", &mueller),
        ("山田", &yamada),
        ("太郎", &yamada),
        ("sku:RJ-*", &["Anna Berg", "山田太郎"]),
        ("total:>100", &["Anna Berg", "山田太郎"]),
        ("total:20..30", &mueller),
        ("colour:red -category:none size:L", &yamada),
        ("tag:gift", &soeren),
        ("tag:none total:<30", &mueller),
        ("voucher:spring", &soeren),
        ("note:any", &mueller),
        ("placed:today items:2 status:open payment:unpaid anna", &["Anna Berg", "Jürgen Müller"]),
        ("country:CH", &[]),
        ("(colour:navy OR colour:grey) status:open", &["Anna Berg", "Sören Øst"]),
    ] {
        assert_eq!(people(&shop, query), expected, "{query}");
    }
}

#[test]
fn what_was_searched_in_place_of_a_word_is_said_or_nothing_is() {
    let shop = shop();
    assert_eq!(people(&shop, "mülelr"), Vec::<String>::new(), "a list has no place to say it");
    let answer = shop.get(&format!("/api/v1/search?q={}", encoded("mülelr"))).expect(200).json();
    assert_eq!(answer["corrected"][0]["typed"], "mülelr", "{answer}");
    assert_eq!(answer["data"][0]["kind"], "order");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let list = shop.page(&format!("/admin/orders?q={}", encoded("mülelr")), &cookie).expect(200).body;
    assert!(list.contains("Jürgen Müller") && list.contains("mülelr"), "{list}");
}

#[test]
fn the_box_answers_with_kinds_and_marks() {
    let shop = shop();
    let answer = shop.get("/api/v1/search?q=anna").expect(200).json();
    let hits = answer["data"].as_array().unwrap();
    let kinds: Vec<&str> = hits.iter().map(|h| h["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"order") && kinds.contains(&"customer"), "{kinds:?}");
    let marked =
        hits.iter().flat_map(|h| h["matches"].as_array().unwrap()).find(|m| m["field"] == "name").unwrap();
    let (text, range) = (marked["text"].as_str().unwrap(), &marked["ranges"][0]);
    let units: Vec<u16> = text.encode_utf16().collect();
    let cut = &units[range[0].as_u64().unwrap() as usize..range[1].as_u64().unwrap() as usize];
    assert_eq!(String::from_utf16(cut).unwrap(), "Anna");
    let only = shop.get("/api/v1/search?q=anna&kind=customer").expect(200).json();
    assert!(only["data"].as_array().unwrap().iter().all(|h| h["kind"] == "customer"));
    assert_eq!(shop.get("/api/v1/search?q=anna&kind=spaceship").code(), "invalid_parameter");
    let printed: Value =
        serde_json::from_str(&succeed(&["search", "--data", shop.data(), "--json", "anna"])).unwrap();
    assert_eq!(printed["data"], answer["data"]);
}

#[test]
fn an_order_is_found_by_what_it_comes_to() {
    let shop = shop();
    for text in ["118.00", "118,00", "€118", "rain 118,00"] {
        let answer = shop.get(&format!("/api/v1/search?q={}", encoded(text))).expect(200).json();
        let hits = answer["data"].as_array().unwrap();
        assert_eq!(hits.len(), 2, "{text}: {answer}");
        let told = hits[0]["matches"].as_array().unwrap();
        assert!(told.iter().any(|m| m["field"] == "total" && m["text"] == "€118.00"), "{text}: {answer}");
    }
    assert_eq!(people(&shop, "118"), Vec::<String>::new(), "a number is no amount");
    shop.add_staff("packer@example.com", "Pat", "packer");
    let packer = shop.sign_in("packer@example.com", PASSWORD);
    let page = shop.page("/admin/search?q=118.00", &packer).expect(200).body;
    assert!(page.contains("Nothing found") && !page.contains("Anna Berg"), "{page}");
}

#[test]
fn searches_have_a_budget_of_their_own() {
    let mut shop = Shop::open();
    shop.kill();
    shop.searches = "3";
    shop.start();
    let search = || shop.get("/api/v1/search?q=anna");
    for _ in 0..3 {
        assert_eq!(search().expect(200).header("ratelimit-policy"), Some("\"search\";q=3;w=60"));
    }
    assert_eq!(search().expect(429).code(), "too_many_requests");
    shop.get("/api/v1/orders?q=anna").expect(200);
    // A person has one too, in the page and the drop-down together.
    let person = shop.sign_in(OWNER, PASSWORD);
    for path in ["/admin/search?q=a", "/admin/search/suggest?q=a", "/admin/search?q=b"] {
        shop.page(path, &person).expect(200);
    }
    shop.page("/admin/search/suggest?q=b", &person).expect(429);
    shop.page("/admin/orders?q=b", &person).expect(200);
}

#[test]
fn hostile_queries_are_answered_at_once() {
    let shop = shop();
    for query in [
        "(".repeat(10_000),
        "NOT ".repeat(5_000),
        "*".to_owned(),
        "/a+/".to_owned(),
        "field:".to_owned(),
        "a:b:c:d".to_owned(),
        "\"".to_owned(),
        "\u{0}".to_owned(),
        "%".repeat(300),
        "OR OR OR".to_owned(),
        "-".to_owned(),
        "..".to_owned(),
        "total:99999999999999999999999".to_owned(),
        "placed:0000-99-99".to_owned(),
        "\u{202e}\u{feff}\u{301}".repeat(40),
        "x".repeat(60_000),
    ] {
        for path in ["/api/v1/search", "/api/v1/orders", "/api/v1/customers"] {
            let status = shop.get(&format!("{path}?q={}", encoded(&query))).status;
            assert!(
                matches!(status, 200 | 400 | 414 | 422 | 431),
                "{status} {path} {}",
                query.chars().take(20).collect::<String>()
            );
        }
    }
    assert_eq!(people(&shop, "anna berg"), ["Anna Berg"]);
}

#[test]
fn a_mistyped_value_is_said_with_a_link_to_what_was_meant() {
    let shop = shop();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    assert_eq!(people(&shop, "country:Germany").len(), 4);
    for (typed, near, link) in [
        ("colour:nvy", "colour “nvy”. Did you mean “navy”", "colour:navy"),
        ("category:jakets", "category “jakets”. Did you mean “Jackets”", "category:Jackets"),
        ("tag:gfit", "tag “gfit”. Did you mean “gift”", "tag:gift"),
        ("country:Germny", "country “Germny”. Did you mean “Germany”", "country:Germany"),
    ] {
        for path in ["/admin/orders", "/admin/search"] {
            let page = shop.page(&format!("{path}?q={}", encoded(typed)), &cookie).expect(200).body;
            assert!(
                page.contains(near) && page.contains(&format!("<code>{link}</code>")),
                "{path} {typed}: {page}"
            );
        }
        // A program is answered that there are none: there may be some tomorrow.
        assert!(people(&shop, typed).is_empty());
    }
}

#[test]
fn who_packs_learns_of_no_refund_however_it_is_asked_for() {
    let shop = shop();
    shop.add_staff("pim@example.com", "Pim", "packer");
    let (owner, packer) = (shop.sign_in(OWNER, PASSWORD), shop.sign_in("pim@example.com", PASSWORD));
    let page = |path: &str, cookie: &str| shop.page(path, cookie).expect(200).body;
    // With one hit alone the box leads to it.
    assert!(!shop.page("/admin/search?q=is:noted", &packer).body.contains("does not see"));
    for text in
        ["is:Refunded", "is:REFUNDED", "is:ref*", "is:\"refunded\"", "is:any", "-is:re*", "payment:Refunded"]
    {
        for path in ["/admin/orders", "/admin/search", "/admin/search/suggest"] {
            let path = format!("{path}?q={}", encoded(text));
            assert!(!shop.page(&path, &owner).body.contains("does not see"), "{path}");
            assert!(page(&path, &packer).contains("Your role does not see “"), "{path}");
        }
        let api = format!("/api/v1/orders?q={}", encoded(text));
        assert_eq!(shop.page(&api, &packer).status, 403, "{api}");
    }
    for filter in ["is=Refunded", "is[in]=held,REFUNDED", "is[prefix]=re", "is[exists]=true"] {
        assert_eq!(shop.page(&format!("/api/v1/orders?{filter}"), &packer).status, 403, "{filter}");
    }
    let offers =
        |text: &str, cookie: &str| page(&format!("/admin/search/complete?kind=order&q={text}"), cookie);
    for (text, offer) in [
        ("is:", "is:refunded"),
        ("is:re", "is:refunded"),
        ("is:held,", "is:held,refunded"),
        ("-is:r", "-is:refunded"),
    ] {
        assert!(offers(text, &owner).contains(offer), "{text}");
        assert!(!offers(text, &packer).contains(offer), "{text}");
    }
    assert!(offers("is:", &packer).contains("is:held"));
    assert!(!offers("payment:", &packer).contains("paid"));
}
