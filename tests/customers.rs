//! Customers through the API: once per e-mail address, changed without loss, and who comes first.

use crate::harness::{OWNER, PASSWORD, Shop, least_order};
use serde_json::json;

#[test]
fn a_customer_is_added_once_whatever_the_spelling() {
    let shop = Shop::open();
    let add = |body: serde_json::Value| shop.send("POST", "/api/v1/customers", &body, &[]);
    let anna = add(json!({"email": "Anna@Example.com", "first_name": "Anna", "last_name": "Berg"}))
        .expect(201)
        .json();
    assert_eq!(add(json!({"email": "anna@example.com"})).expect(409).code(), "email_taken");
    assert_eq!(add(json!({})).expect(422).json()["errors"][0]["code"], "customer_empty");
    assert_eq!(add(json!({"email": "x@example.com", "is_admin": true})).expect(422).code(), "unknown_field");
    let order = shop.place("k", &least_order("ANNA@example.COM", 100)).expect(201).json();
    assert_eq!(order["customer"]["id"], anna["id"]);
    assert_eq!(shop.get("/api/v1/customers?q=anna&count=exact").json()["total"], 1);
}

#[test]
fn a_changed_address_is_found_and_the_old_one_too() {
    let shop = Shop::open();
    let id = shop
        .send("POST", "/api/v1/customers", &json!({"email": "old@example.com", "last_name": "Berg"}), &[])
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/customers/{id}");
    let changed = shop
        .send(
            "PATCH",
            &path,
            &json!({"email": "new@example.com", "addresses": [{"city": "Bern", "country": "CH"}]}),
            &[],
        )
        .expect(200)
        .json();
    assert_eq!((&changed["version"], &changed["addresses"][0]["country"]), (&json!(2), &json!("CH")));
    for query in ["new@example.com", "old@example.com", "bern", "country:CH"] {
        let found = shop
            .get(&format!("/api/v1/customers?count=exact&q={}", crate::harness::encoded(query)))
            .expect(200)
            .json();
        assert_eq!(found["total"], 1, "{query}");
    }
    let problem = shop.send("PATCH", &path, &json!({"email": "nonsense"}), &[]).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/email");
    assert_eq!(shop.get(&path).json()["email"], "new@example.com");
    shop.get("/api/v1/customers/cus_00000000000000000000000000").expect(404);
    shop.get("/api/v1/customers/..%2f..%2fx").expect(404);
}

#[test]
fn a_customer_keeps_something_to_be_known_by() {
    let shop = Shop::open();
    let added = json!({"email": "anna@example.com", "first_name": "Anna", "phone": "030 12"});
    let id = shop.send("POST", "/api/v1/customers", &added, &[]).expect(201).json()["id"].clone();
    let path = format!("/api/v1/customers/{}", id.as_str().unwrap());
    let nothing = json!({"email": null, "first_name": "", "phone": ""});
    let refused = shop.send("PATCH", &path, &nothing, &[]).expect(422).json();
    assert_eq!(refused["errors"][0]["code"], "customer_empty");
    shop.send("PATCH", &path, &json!({"email": null, "first_name": ""}), &[]).expect(200);
    assert_eq!(shop.get(&path).json()["phone"], "030 12");
}

#[test]
fn who_ordered_and_who_spent_most_is_known_at_once() {
    let shop = Shop::open();
    for i in 0..4 {
        for j in 0..=i {
            shop.place(
                &format!("{i}-{j}"),
                &least_order(&format!("c{i}@example.com"), 1000 / (i + 1) / (i + 1)),
            )
            .expect(201);
        }
    }
    let emails = |path: &str| -> Vec<String> {
        let answer = shop.get(path).expect(200).json();
        answer["data"].as_array().unwrap().iter().map(|c| c["email"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(emails("/api/v1/customers/top?limit=2"), ["c3@example.com", "c2@example.com"]);
    assert_eq!(
        emails("/api/v1/customers/top?by=spent&currency=EUR&limit=2"),
        ["c0@example.com", "c1@example.com"]
    );
    assert_eq!(emails("/api/v1/customers/top?by=spent&currency=USD"), Vec::<String>::new());
    assert_eq!(emails("/api/v1/customers?sort=-orders&limit=1"), ["c3@example.com"]);
    shop.get("/api/v1/customers/top?by=height").expect(422);
}

#[test]
fn who_spent_most_is_exported_as_it_is_listed() {
    let shop = Shop::open();
    let place = |key: &str, email: &str, currency: &str, cents: i64| {
        let mut order = least_order(email, cents);
        order["currency"] = json!(currency);
        order["lines"][0]["unit_price"]["currency"] = json!(currency);
        shop.place(key, &order).expect(201);
    };
    // Most of what b spent is in AUD, which is before EUR in the alphabet.
    place("1", "a@example.com", "EUR", 10_000);
    place("2", "b@example.com", "EUR", 30_000);
    place("3", "b@example.com", "AUD", 90_000);
    place("4", "c@example.com", "EUR", 20_000);
    place("5", "d@example.com", "AUD", 70_000);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let emails = |text: &str| -> Vec<String> {
        let pieces = text.split("@example.com").map(|before| before.chars().last().unwrap_or(' '));
        let mut found: Vec<String> = pieces.filter(char::is_ascii_lowercase).map(|c| c.to_string()).collect();
        found.dedup();
        found
    };
    let page = |path: &str| shop.page(path, &cookie).expect(200).body.replace("&#x2f;", "/");
    let rows = |body: &str| emails(body.split_once("<tbody>").map_or("", |(_, rest)| rest));
    let list = page("/admin/customers?top=spent");
    assert_eq!(rows(&list), ["b", "c", "a"], "the shop's own currency comes first");
    assert!(list.contains("/admin/exports/customers?spent_in=EUR"), "{list}");
    let export = page("/admin/exports/customers?spent_in=EUR");
    assert!(export.contains("Customers who spent in EUR"), "{export}");
    let file = shop.form("/admin/exports/customers", "spent_in=EUR&shape=list", &cookie).expect(200).body;
    assert_eq!(emails(&file), ["b", "c", "a"], "{file}");
    assert!(file.contains("300.00,EUR,AUD 900.00"), "{file}");
    // Page by page it is the same order.
    let first = page("/admin/customers?top=spent&currency=EUR&limit=2");
    assert_eq!(rows(&first), ["b", "c"]);
    let at = first.find("rel=\"next\"").unwrap();
    let next: String =
        first[at..].split("href=\"").nth(1).unwrap().chars().take_while(|c| *c != '"').collect();
    assert_eq!(rows(&page(&next.replace("&amp;", "&"))), ["a"]);
    shop.page("/admin/customers?top=spent&currency=EUR&after=nonsense", &cookie).expect(422);
    // A query keeps the currency that was looked at, and sums of several are not compared without a word.
    let asked = page("/admin/customers?top=spent&currency=EUR&q=c");
    assert!(asked.contains("value=\"c currency:eur\""), "{asked}");
    assert!(page("/admin/customers?q=spent:%3E5").contains("Sums are compared as numbers."));
    for wrong in ["spent_in=XYZ", "spent_in=EUR&q=anna"] {
        shop.form("/admin/exports/customers", wrong, &cookie).expect(422);
    }
    shop.form("/admin/exports/orders", "spent_in=EUR", &cookie).expect(422);
}

/// The rows of a list, as the names of their customers.
fn names(page: &str) -> Vec<String> {
    let rows = page.split("class=\"row\"").skip(1);
    rows.filter_map(|row| Some(row.split_once('>')?.1.split_once('<')?.0.to_owned())).collect()
}

#[test]
fn the_list_is_sorted_by_any_column_and_shows_those_that_are_chosen() {
    let shop = Shop::open();
    for (first, last, email) in
        [("Zoë", "Abt", "zoe"), ("anna", "Berg", "anna"), ("Ágnes", "Bartók", "agnes"), ("Ирина", "Вик", "i")]
    {
        let email = format!("{email}@example.com");
        let body = json!({"email": email, "first_name": first, "last_name": last, "language": "hu"});
        shop.send("POST", "/api/v1/customers", &body, &[]).expect(201);
    }
    let staff = shop.sign_in(OWNER, PASSWORD);
    let listed =
        |query: &str| names(&shop.page(&format!("/admin/customers?{query}"), &staff).expect(200).body);
    let in_order = ["Ágnes Bartók", "anna Berg", "Zoë Abt", "Ирина Вик"];
    assert_eq!(listed("sort=name"), in_order);
    assert_eq!(listed("sort=-name"), in_order.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(listed("sort=email"), ["Ágnes Bartók", "anna Berg", "Ирина Вик", "Zoë Abt"]);
    let page = shop.page("/admin/customers?sort=name&limit=2&cols=language,since", &staff).expect(200).body;
    assert_eq!(names(&page), in_order[..2]);
    assert!(page.contains(">hu</td>") && !page.contains("anna@example.com"), "{page}");
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = next.replace("&amp;", "&").replace("&#x2f;", "/");
    assert!(next.contains("cols="), "{next}");
    assert_eq!(names(&shop.page(&next, &staff).expect(200).body), in_order[2..]);
    // The API sorts by the same words.
    let sorted = shop.get("/api/v1/customers?sort=-name").expect(200).json();
    assert_eq!(sorted["data"][0]["first_name"], "Ирина");
    shop.get("/api/v1/customers?sort=note").expect(422);
}

#[test]
fn ticked_customers_get_a_tag_and_lose_it_again() {
    let shop = Shop::open();
    let add = |email: &str, tags: &[&str]| {
        let body = json!({"email": email, "tags": tags});
        shop.send("POST", "/api/v1/customers", &body, &[]).expect(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (anna, bo) = (add("anna@example.com", &["vip"]), add("bo@example.com", &[]));
    let tags = |id: &str| shop.get(&format!("/api/v1/customers/{id}")).json()["tags"].clone();
    let staff = shop.sign_in(OWNER, PASSWORD);
    let list = shop.page("/admin/customers", &staff).expect(200).body;
    assert!(list.contains(&format!("value=\"{anna}.1\"")), "{list}");
    let form = format!("action=tag&tag=VIP&from=/admin/customers?q=a&id={anna}.1&id={bo}.1");
    let done = shop.form("/admin/customers/bulk", &form, &staff).expect(303);
    let place = done.header("location").unwrap().to_owned();
    let result = shop.page(&place, &staff).expect(200).body;
    assert!(result.contains("bo@example.com") && result.contains("Done for 1"), "{result}");
    assert_eq!((tags(&anna), tags(&bo)), (json!(["vip"]), json!(["VIP"])));
    let key = place.rsplit('/').next().unwrap();
    shop.form("/admin/customers/bulk", &format!("undo={key}"), &staff).expect(303);
    assert_eq!((tags(&anna), tags(&bo)), (json!(["vip"]), json!([])));
    // A result of one list is not taken back through another.
    shop.form("/admin/orders/bulk", &format!("undo={key}"), &staff).expect(404);
    let none =
        shop.form("/admin/customers/bulk", "action=tag&tag=x&from=/admin/customers", &staff).expect(422);
    assert!(none.body.contains("Tick at least one customer."));
    let empty =
        shop.form("/admin/customers/bulk", &format!("action=tag&tag=&id={anna}.2"), &staff).expect(422);
    assert!(empty.body.contains("Write the tag first.") && empty.body.contains("checked"));
}

#[test]
fn orders_are_found_by_the_new_name_of_their_customer_at_once() {
    let shop = Shop::open();
    let body = json!({"email": "x@example.com", "first_name": "Xylofon", "last_name": "Quarzer"});
    let id = shop.send("POST", "/api/v1/customers", &body, &[]).expect(201).json()["id"].clone();
    let mut order = least_order("x@example.com", 100);
    order["customer"] = id.clone();
    shop.place("k", &order).expect(201);
    let found = |name: &str| {
        let answer = shop.get(&format!("/api/v1/orders?count=exact&q=name:{name}")).expect(200).json();
        answer["total"].as_u64().unwrap()
    };
    assert_eq!((found("xylofon"), found("brandneu")), (1, 0));
    let path = format!("/api/v1/customers/{}", id.as_str().unwrap());
    shop.send("PATCH", &path, &json!({"first_name": "Brandneu"}), &[]).expect(200);
    assert_eq!((found("xylofon"), found("brandneu")), (0, 1));
}

#[test]
fn an_order_makes_nobody_of_two_people() {
    let shop = Shop::open();
    let vic = json!({"email": "vic@example.com", "first_name": "Vic"});
    shop.send("POST", "/api/v1/customers", &vic, &[]).expect(201);
    let order = |key: &str, email: &str, more: serde_json::Value| {
        let mut order = least_order(email, 100);
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.place(key, &order).expect(201);
        shop.get(&format!("/api/v1/customers?q={}", crate::harness::encoded(email))).json()["data"][0].clone()
    };
    let address = |name: &str| json!({"name": name, "line1": "Weg 1", "city": "Bonn", "country": "DE"});
    let names = |of: &serde_json::Value| {
        (of["first_name"].as_str().unwrap().to_owned(), of["last_name"].as_str().unwrap().to_owned())
    };
    let gift = order("1", "vic@example.com", json!({"shipping_address": address("Anna Mallory")}));
    assert_eq!(names(&gift), ("Vic".into(), String::new()));
    let own = order("2", "vic@example.com", json!({"billing": address("Vic Mole")}));
    assert_eq!(names(&own), ("Vic".into(), "Mole".into()));
    // A bill that says only the name: the same person lives where the goods go.
    let short = json!({"billing": {"name": "Ann Berg"}, "shipping_address": address("Ann Berg")});
    let ann = order("4", "ann@example.com", short);
    assert_eq!((names(&ann), &ann["addresses"][0]["city"]), (("Ann".into(), "Berg".into()), &json!("Bonn")));
    // Who pays is the customer, not who is given the present.
    let payer = json!({"billing": address("Pia Payer"), "shipping_address": address("Gil Given")});
    assert_eq!(names(&order("3", "pia@example.com", payer)), ("Pia".into(), "Payer".into()));
}
