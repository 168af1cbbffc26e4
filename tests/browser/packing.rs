//! At the packing table: what a scanner types on the page of an order, and where its Enter leads.

use super::chrome::Chrome;
use super::pages::{Tour, browser};
use serde_json::{Value, json};

/// Types a code as a scanner does, where the focus is: all keys within a moment, and Enter.
fn scan(page: &mut Chrome, code: &str) {
    page.eval("window.paused = performance.now()");
    page.wait("performance.now() - window.paused > 100");
    let code = json!(code);
    page.eval(&format!(
        "for (const key of [...{code}, 'Enter']) {{ const e = document.activeElement || document.body; \
         if (e.matches('input') && key.length === 1) e.value += key; \
         e.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }})); }}"
    ));
}

/// The newest orders of the shop, as the API has them.
fn orders(tour: &Tour) -> Vec<Value> {
    let orders = tour.shop.get("/api/v1/orders?limit=3").json();
    orders["data"].as_array().unwrap().clone()
}

fn goods(tour: &Tour, id: &str) -> String {
    tour.shop.get(&format!("/api/v1/orders/{id}")).json()["fulfilment"].as_str().unwrap().to_owned()
}

/// The page of an order that is not shipped, and its id.
fn table() -> Option<(Chrome, Tour, String)> {
    let mut page = browser()?;
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let id = orders(&tour)[1]["id"].as_str().unwrap().to_owned();
    page.open(&format!("{}/admin/orders/{id}", tour.shop.url));
    Some((page, tour, id))
}

#[test]
fn a_scanned_item_is_ticked_off_and_nothing_is_left() {
    let Some((mut page, _tour, id)) = table() else { return };
    let mark = "document.querySelector('tr[data-got] .got')?.textContent";
    for counted in ["1 of 2", "2 of 2", "3 of 2"] {
        scan(&mut page, "4012345678901");
        page.wait(&format!("{mark} === '{counted}'"));
    }
    page.wait("document.querySelector('[data-packed]').textContent.startsWith('One too many')");
    scan(&mut page, "04012345678902");
    page.wait("document.querySelector('[data-packed]').textContent === '3 of 8 scanned'");
    page.wait(&format!("location.pathname === '/admin/orders/{id}'"));
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn a_scanned_number_opens_that_order() {
    let Some((mut page, tour, _id)) = table() else { return };
    let other = &orders(&tour)[2];
    let (number, other) = (other["number"].to_string(), other["id"].as_str().unwrap().to_owned());
    page.leads_on(|p| scan(p, &format!("#{number}")));
    page.wait(&format!("location.pathname === '/admin/orders/{other}'"));
    // Nobody is led away by a number that no order has.
    scan(&mut page, "#99999");
    page.wait("document.querySelector('[data-packed]').textContent === 'There is no order #99999'");
    page.open(&format!("{}/admin/orders", tour.shop.url));
    page.leads_on(|p| scan(p, &number));
    page.wait(
        "location.pathname.startsWith('/admin/search') || location.pathname.startsWith('/admin/orders/')",
    );
}

#[test]
fn a_scanned_label_is_the_tracking_number_and_sends_nothing() {
    let Some((mut page, tour, id)) = table() else { return };
    let (label, value) =
        ("JJD000390007", |name: &str| format!("document.querySelector('[data-ship] [name={name}]').value"));
    scan(&mut page, label);
    page.wait("document.activeElement.name === 'carrier'");
    assert_eq!(page.text(&value("tracking")), label);
    // Into the field of the carrier, where the focus is now.
    page.eval(&format!("{} = ''", value("tracking")));
    scan(&mut page, "00340434161094000000");
    page.wait(&format!("{} === '00340434161094000000'", value("tracking")));
    assert_eq!((page.text(&value("carrier")), goods(&tour, &id)), (String::new(), "unfulfilled".to_owned()));
    // Without a number, Enter asks for one.
    page.eval(&format!("{} = ''", value("tracking")));
    page.fill("[data-ship] [name=carrier]", "DHL");
    page.press("Enter");
    page.wait("document.activeElement.name === 'tracking'");
    scan(&mut page, label);
    page.wait("document.activeElement.matches('[data-ship] .pri')");
    assert_eq!(goods(&tour, &id), "unfulfilled");
    // What comes within a moment of a scan is no hand.
    page.eval("window.paused = performance.now()");
    page.wait("performance.now() - window.paused > 100");
    page.leads_on(|p| p.press("Enter"));
    page.wait("document.querySelector('.toast')?.textContent.includes('shipped')");
    let parcel = tour.shop.get(&format!("/api/v1/orders/{id}")).json()["parcels"][0].clone();
    assert_eq!((&parcel["carrier"], &parcel["tracking"]), (&json!("DHL"), &json!(label)));
    // The next parcel goes with the same carrier, most likely.
    let next = orders(&tour)[2]["id"].as_str().unwrap().to_owned();
    page.open(&format!("{}/admin/orders/{next}", tour.shop.url));
    page.wait(&format!("{} === 'DHL'", value("carrier")));
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn on_paper_an_order_is_a_packing_slip_and_on_a_phone_the_address_follows_the_items() {
    let Some((mut page, tour, id)) = table() else { return };
    let seen = |of: &str| format!("!!document.querySelector(\"{of}\")?.checkVisibility()");
    let top = |of: &str| format!("document.querySelector(\"{of}\").getBoundingClientRect().top");
    page.wait(&format!("!({})", seen(".slip")));
    page.width(390);
    page.wait(&format!(
        "{} < {} && {} < {} && {} < {}",
        top(".c-lines"),
        top(".c-note"),
        top(".c-note"),
        top(".c-ship"),
        top(".c-ship"),
        top("#timeline")
    ));
    page.width(1440);
    page.call("Emulation.setEmulatedMedia", json!({"media": "print"}));
    for (of, is_there) in [
        (".slip address", true),
        (".c-lines tbody tr", true),
        // The order is tagged as a gift.
        (".c-lines td.price", false),
        ("#payments", false),
        ("#customer", false),
        (".head .badge", false),
    ] {
        page.wait(&format!("({}) === {is_there}", seen(of)));
    }
    assert!(page.text("document.querySelector('.slip').innerText").contains("Bern"));
    let shop = &tour.shop;
    let tags = json!({"tags": ["sale"]});
    shop.send("PATCH", &format!("/api/v1/orders/{id}"), &tags, &[]).expect(200);
    page.open(&format!("{}/admin/orders/{id}", shop.url));
    page.wait(&seen(".c-lines td.price"));
}

#[test]
fn a_name_of_one_long_word_breaks_no_page() {
    let Some((mut page, tour, _id)) = table() else { return };
    let mut order = crate::harness::least_order("long@example.com", 100);
    order["shipping_address"] =
        json!({"name": "M".repeat(70), "line1": "x", "city": "Bern", "country": "CH"});
    order["lines"][0]["title"] = json!("T".repeat(90));
    order["lines"][0]["sku"] = json!("S".repeat(60));
    let placed = tour.shop.place("long", &order).expect(201).json();
    page.open(&format!("{}/admin/orders/{}", tour.shop.url, placed["id"].as_str().unwrap()));
    for width in [1440, 390] {
        page.width(width);
        page.wait("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
        page.wait(
            "[...document.querySelectorAll('main .card > .in *')].filter((e) => e.checkVisibility() && !e.closest('.vh, .tw, .chart'))\
             .every((e) => e.getBoundingClientRect().right <= e.closest('.card').getBoundingClientRect().right + 1)",
        );
    }
    page.wait("[...document.querySelectorAll('table.items .m1, table.items .m3')].every((e) => !e.checkVisibility() || e.scrollWidth <= e.clientWidth + 1)");
}
