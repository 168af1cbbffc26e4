//! A shop with something on every page, and the addresses of all pages.

use super::chrome::{self, Chrome};
use crate::harness::{OWNER, PASSWORD, Shop, least_order, part};
use serde_json::json;

/// The browser, where there is one.
pub(super) fn browser() -> Option<Chrome> {
    if part("Chromium", chrome::path().is_some()) { Some(Chrome::start()) } else { None }
}

/// A shop whose orders are told of, and the session of its owner.
fn shop_with_mail() -> (Shop, tempfile::TempDir, String) {
    let server = crate::mail::Server::open();
    let (shop, home) = crate::mail::shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    crate::mail::switch_on(&shop, &cookie, crate::mail::OF_ORDERS, &[]).expect(303);
    (shop, home, cookie)
}

/// An order with long texts, and with many values in each cell of its row.
fn long_order(i: i64) -> serde_json::Value {
    let email = format!("customer{i}.with-a-long-local-part.and-more@mail.department.example.com");
    let mut order = least_order(&email, 100_000 * i + 1);
    let address = json!({"name": format!("Maximiliane Customer{i} von Muellerhausen"), "line1": "Donaudampfschifffahrtsgesellschaftsstrasse 17",
        "city": "Bern", "country": "CH", "phone": "+41 31 123 45 67"});
    order["shipping_address"] = address.clone();
    order["billing"] = address;
    order["phone"] = json!("+41 31 123 45 67");
    order["tags"] = json!(["gift", "a rather long tag of somebody"]);
    order["note"] = json!("Please leave it with the neighbour on the second floor");
    if i % 3 == 0 {
        order["currency"] = json!("CHF");
    }
    let currency = order["currency"].as_str().unwrap_or("EUR").to_owned();
    let line = |n: u32, size: &str| {
        json!({"sku": format!("RJ-{n}"), "barcode": format!("401234567890{n}"), "title": format!("Rain jacket number {n}"),
            "category": format!("Rain jackets {n}"), "size": size, "colour": format!("navy {n}"), "quantity": 2,
            "unit_price": {"amount": 100_000 * i + 5900, "currency": currency}})
    };
    order["lines"] = json!([line(1, "S"), line(2, "XXL"), line(3, "M"), line(4, "38/40")]);
    order
}

/// A shop to look at, and the session of its owner.
pub(super) struct Tour {
    pub shop: Shop,
    _home: tempfile::TempDir,
    pub cookie: String,
    pub pages: Vec<String>,
}

impl Tour {
    /// Orders of people with long names and addresses, in two currencies, held, tagged, noted, with many values a cell.
    pub(super) fn open() -> Self {
        let (shop, home, cookie) = shop_with_mail();
        for i in 0..12 {
            shop.place(&format!("k{i}"), &long_order(i)).expect(201);
        }
        let first = |path: &str| shop.get(path).json()["data"][0]["id"].as_str().unwrap().to_owned();
        let (order, customer) = (first("/api/v1/orders?limit=1"), first("/api/v1/customers?limit=1"));
        shop.form(&format!("/admin/orders/{order}/hold"), "note=waits+for+the+bank", &cookie).expect(303);
        let import = crate::transfer::checked_import(&shop, &cookie);
        let link = |list: &str, start: &str| {
            let body = shop.page(list, &cookie).expect(200).body.replace("&#x2f;", "/");
            let at = body.find(start).unwrap_or_else(|| panic!("no {start} on {list}"));
            body[at..].chars().take_while(|c| *c != '"').collect::<String>()
        };
        let (person, key) =
            (link("/admin/staff", "/admin/staff/stf_"), link("/admin/keys", "/admin/keys/key_"));
        let wish = format!("action=tag&tag=seen&id={order}.2&from=/admin/orders");
        let done = shop.form("/admin/orders/bulk", &wish, &cookie).expect(303);
        let result = done.header("location").unwrap().to_owned();
        let everything = "number,date,customer,total,status,payment,fulfilment,items,categories,sizes,colours,barcodes,email,phone,\
                          destination,channel,tags,voucher,method,tracking,note";
        let mut pages = crate::webhooks::pages(&shop);
        pages.extend(crate::mail::pages(&shop, &cookie));
        pages.extend(crate::messages::pages(&shop));
        pages.extend(crate::jobs::pages(&shop, &cookie));
        pages.extend(crate::sites::pages(&shop, &cookie));
        pages.extend([
            "/admin".to_owned(),
            "/admin/orders".to_owned(),
            "/admin/orders?q=status:open%20customer:new%20total:>1%20-country:de&sort=-total".to_owned(),
            format!("/admin/orders?cols={everything}"),
            "/admin/orders?q=nothing-like-this".to_owned(),
            "/admin/orders?q=colur:navy".to_owned(),
            "/admin/orders?q=status:open%20payment:unpaid,authorised,part_paid".to_owned(),
            "/admin/orders?q=status:open%20payment:paid,part_refunded%20fulfilment:unfulfilled,part%20-is:held".to_owned(),
            format!("/admin/orders?q=tag:{}", "x".repeat(100)),
            "/admin/customers?q=country:de,at,ch,fr,it,es,pl,nl,be,se,no,dk,fi,gb,us".to_owned(),
            "/admin/orders?least=1.000".to_owned(),
            format!("/admin/orders/{order}"),
            format!("/admin/orders/{order}/edit"),
            result,
            "/admin/customers".to_owned(),
            "/admin/customers?q=country:ch&sort=-spent".to_owned(),
            "/admin/customers?top=orders".to_owned(),
            "/admin/customers?top=spent".to_owned(),
            format!("/admin/customers/{customer}"),
            format!("/admin/customers/{customer}/edit"),
            "/admin/customers/new".to_owned(),
            "/admin/search".to_owned(),
            "/admin/search?q=customer".to_owned(),
            "/admin/search?q=mull".to_owned(),
            "/admin/search?q=department.example".to_owned(),
            "/admin/search/help".to_owned(),
            "/admin/staff".to_owned(),
            person,
            "/admin/staff/new".to_owned(),
            "/admin/keys".to_owned(),
            key,
            "/admin/keys/new".to_owned(),
            "/admin/account".to_owned(),
            "/admin/settings".to_owned(),
            "/admin/transfer".to_owned(),
            import,
            "/admin/exports/orders?q=status:open&cols=number,total".to_owned(),
            "/admin/exports/customers?spent_in=EUR".to_owned(),
            "/api/docs".to_owned(),
            "/api/docs/errors/validation".to_owned(),
            "/admin/nothing".to_owned(),
        ]);
        Self { shop, _home: home, cookie, pages }
    }
}
