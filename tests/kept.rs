//! Lists that are kept between two changes: nobody sees an old one, or one of somebody else.

use crate::harness::{Answer, PASSWORD, Shop, cookies, least_order};
use serde_json::{Value, json};
use std::io::Read as _;

const LISTS: &[&str] =
    &["/admin/orders", "/admin/orders?q=anna", "/admin/orders?sort=-total&limit=100", "/admin/customers"];

/// The list as the page shows it, asked twice: the second one may be the one that was kept.
fn twice(shop: &Shop, path: &str, cookie: &str) -> Answer {
    let first = shop.page(path, cookie).expect(200);
    let second = shop.page(path, cookie).expect(200);
    assert_eq!(first.body, second.body, "{path}");
    assert_eq!(first.header("etag"), second.header("etag"));
    second
}

#[test]
fn every_change_is_on_the_very_next_page() {
    let mut shop = Shop::open();
    let cookie = shop.sign_in(crate::harness::OWNER, PASSWORD);
    let list = |shop: &Shop| twice(shop, "/admin/orders", &cookie).body;
    assert!(list(&shop).contains("No orders yet"));
    let placed = shop.place("k-1", &least_order("anna@example.com", 1_234)).expect(201).json();
    assert!(list(&shop).contains("€12.34"));
    let order = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    let send = |shop: &Shop, method: &str, path: &str, body: Value| {
        shop.send(method, path, &body, &[]).expect(if method == "POST" && path.ends_with("notes") {
            201
        } else {
            200
        })
    };
    send(&shop, "POST", &format!("{order}/notes"), json!({"text": "ring twice"}));
    assert!(list(&shop).contains("Note: ring twice"));
    send(&shop, "PATCH", &order, json!({"tags": ["fragile"]}));
    assert!(list(&shop).contains("Tags: fragile"));
    let customer = format!("/api/v1/customers/{}", placed["customer"]["id"].as_str().unwrap());
    send(&shop, "PATCH", &customer, json!({"first_name": "Annegret", "last_name": "Kjær"}));
    assert!(list(&shop).contains("Annegret Kjær"));
    assert!(twice(&shop, "/admin/customers", &cookie).body.contains("Annegret Kjær"));
    let again = shop.place("k-2", &least_order("anna@example.com", 100)).expect(201).json();
    assert!(list(&shop).contains("Returning · 1"));
    send(&shop, "POST", &format!("{order}/cancel"), json!({"reason": "customer"}));
    let shown = list(&shop);
    assert!(
        shown.contains("Cancelled") && !shown.contains("Returning ·"),
        "the earlier order counts no more"
    );

    // What was kept is what a program that keeps nothing shows.
    let known: Vec<String> = LISTS.iter().map(|path| twice(&shop, path, &cookie).body).collect();
    assert!(known[1].contains(&format!("#{}<", again["number"])));
    shop.kill();
    shop.start();
    for (path, known) in LISTS.iter().zip(known) {
        assert_eq!(shop.page(path, &cookie).expect(200).body, known, "{path}");
    }
}

/// A list from its first page to its last, and back one page.
fn leafed(shop: &Shop, first: &str, cookie: &str) -> Vec<String> {
    let (mut pages, mut path) = (Vec::new(), first.to_owned());
    let link = |page: &str, rel: &str| {
        let (_, rest) = page.split_once(&format!("rel=\"{rel}\" href=\""))?;
        Some(rest.split('"').next()?.replace("&amp;", "&").replace("&#x2f;", "/"))
    };
    loop {
        let page = shop.page(&path, cookie).expect(200).body;
        let next = link(&page, "next");
        let back = link(&page, "prev");
        pages.push(page);
        match (next, back) {
            (Some(next), _) => path = next,
            (None, Some(back)) => {
                pages.push(shop.page(&back, cookie).expect(200).body);
                return pages;
            }
            (None, None) => return pages,
        }
    }
}

#[test]
fn every_page_of_a_list_is_of_the_present_state() {
    let mut shop = Shop::open();
    let cookie = shop.sign_in(crate::harness::OWNER, PASSWORD);
    let people = ["anna", "bert", "anna", "carl", "anna", "dora", "bert"];
    let placed: Vec<Value> = (0..)
        .zip(people)
        .map(|(n, name)| {
            let order = least_order(&format!("{name}@example.com"), 1_000 + n);
            shop.place(&format!("k-{n}"), &order).expect(201).json()
        })
        .collect();
    let lists =
        ["/admin/orders?limit=2", "/admin/orders?q=-tag:vip&limit=3", "/admin/orders?limit=2&sort=total"];
    let all = |shop: &Shop| lists.map(|list| leafed(shop, list, &cookie));
    let before = all(&shop);
    assert_eq!(before.each_ref().map(Vec::len), [5, 4, 5]);
    assert_eq!(all(&shop), before, "the same once more");
    // The first order of Anna, which is on the last page, makes those on others returning ones.
    let first = format!("/api/v1/orders/{}", placed[0]["id"].as_str().unwrap());
    shop.send("POST", &format!("{first}/cancel"), &json!({"reason": "customer"}), &[]).expect(200);
    let tagged = format!("/api/v1/orders/{}", placed[3]["id"].as_str().unwrap());
    shop.send("PATCH", &tagged, &json!({"tags": ["vip"]}), &[]).expect(200);
    shop.place("k-9", &least_order("eva@example.com", 5)).expect(201);
    let after = all(&shop);
    assert_eq!(after.each_ref().map(Vec::len), [5, 4, 5]);
    assert!(after[0].concat().contains("Tags: vip") && !after[1].concat().contains("Tags: vip"));
    assert!(before[0].concat().contains("Returning · 2") && !after[0].concat().contains("Returning · 2"));
    shop.kill();
    shop.start();
    for (page, known) in all(&shop).concat().into_iter().zip(after.concat()) {
        assert_eq!(page, known, "what was kept is what a program that keeps nothing shows");
    }
}

#[test]
fn a_list_is_kept_for_whom_it_was_made() {
    let shop = Shop::open();
    shop.place("k-1", &least_order("anna@example.com", 1_234)).expect(201);
    let owner = shop.sign_in(crate::harness::OWNER, PASSWORD);
    let add = |email: &str, role: &str| {
        shop.add_staff(email, "Pim", role);
        shop.sign_in(email, PASSWORD)
    };
    let (packer, reader) = (add("pim@example.com", "packer"), add("rita@example.com", "read_only"));
    assert!(twice(&shop, "/admin/orders", &owner).body.contains("€12.34"));
    assert!(!twice(&shop, "/admin/orders", &packer).body.contains("€12.34"));
    let read = twice(&shop, "/admin/orders", &reader).body;
    assert!(read.contains("€12.34") && !read.contains("Mark paid"));
    let owners = twice(&shop, "/admin/orders", &owner).body;
    assert!(owners.contains("Mark paid") && owners.contains("Olga Owner"));
    assert!(shop.page("/admin/orders", "").status == 303, "a stranger signs in first");

    let dark = format!("theme=dark; {owner}");
    assert!(twice(&shop, "/admin/orders", &dark).body.contains("data-theme=\"dark\""));
    assert!(!twice(&shop, "/admin/orders", &owner).body.contains("data-theme=\"dark\""));
}

#[test]
fn a_message_is_told_once_and_to_one() {
    let shop = Shop::open();
    let placed = shop.place("k-1", &least_order("anna@example.com", 100)).expect(201).json();
    let owner = shop.sign_in(crate::harness::OWNER, PASSWORD);
    twice(&shop, "/admin/orders", &owner);
    let steps = format!("/admin/orders/{}/pay", placed["id"].as_str().unwrap());
    let paid = shop.form(&steps, &format!("version={}", placed["version"]), &owner).expect(303);
    let told = format!("{}; {owner}", cookies(&paid));
    let list = shop.page("/admin/orders", &told).expect(200);
    assert!(list.body.contains("class=\"toast ok"), "{}", list.body);
    assert!(!twice(&shop, "/admin/orders", &owner).body.contains("class=\"toast ok"));
}

#[test]
fn it_comes_compressed_or_not_and_a_reload_costs_nothing() {
    let shop = Shop::open();
    shop.place("k-1", &least_order("anna@example.com", 100)).expect(201);
    let owner = shop.sign_in(crate::harness::OWNER, PASSWORD);
    let get = |more: (&str, &str)| {
        let headers = [("cookie", owner.as_str()), ("accept", "text/html"), more];
        shop.request("GET", "/admin/orders", &headers, None)
    };
    let plain = twice(&shop, "/admin/orders", &owner);
    let small = get(("accept-encoding", "gzip")).expect(200);
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert_eq!(small.header("vary"), Some("HX-Request, Accept-Encoding"));
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(small.bytes.as_slice()).read_to_string(&mut unpacked).unwrap();
    assert_eq!((small.header("etag"), &unpacked), (plain.header("etag"), &plain.body));
    assert_eq!(get(("if-none-match", plain.header("etag").unwrap())).status, 304);
    let part = get(("hx-request", "true")).expect(200);
    assert!(!part.body.contains("<html") && plain.body.contains("<html"));
}
