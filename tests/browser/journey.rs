//! From the set-up link to an export, as a person does it, with and without script.

use super::pages::{Tour, browser};
use crate::harness::{OWNER, PASSWORD, Shop, least_order, part, project};

/// The accessibility checker, where it is at hand.
fn axe() -> Option<String> {
    let path = project("target/parts/axe.min.js");
    let here = path.is_file();
    if part("axe-core in target/parts", here) { std::fs::read_to_string(path).ok() } else { None }
}

fn journey(script: bool) {
    let Some(mut page) = browser() else { return };
    let mut shop = Shop::nothing();
    let printed = shop.start();
    let at = printed.find("/setup/").unwrap();
    let path: String = printed[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    page.script(script);
    page.open(&format!("{}/admin", shop.url));
    assert!(page.text("document.body.innerText").contains("This shop is not set up yet"));
    page.open(&format!("{}{path}", shop.url));
    page.fill("input[name=name]", "Olga Owner");
    page.fill("input[name=email]", OWNER);
    page.fill("input[name=password]", PASSWORD);
    page.leads_on(|p| p.click("main form[method=post] button"));
    page.wait("location.pathname.startsWith('/admin')");

    // Out and in again.
    page.call("Network.clearBrowserCookies", serde_json::json!({}));
    page.open(&format!("{}/admin/orders", shop.url));
    page.wait("location.pathname === '/admin/sign-in'");
    page.fill("input[name=email]", OWNER);
    page.fill("input[name=password]", PASSWORD);
    page.leads_on(|p| p.click("main form[method=post] button"));
    page.wait("location.pathname === '/admin/orders'");

    shop.key = shop.key_with(&["all"]);
    let mut order = least_order("anna@example.com", 5900);
    order["shipping_address"] = serde_json::json!({"name": "Anna Müller", "city": "Bern", "country": "CH"});
    shop.place("j", &order).expect(201);

    // Find it and open it.
    if script {
        page.open(&format!("{}/admin", shop.url));
        page.press("/");
        page.call("Input.insertText", serde_json::json!({"text": "mull"}));
        page.wait("document.querySelectorAll('[role=option]').length > 0");
        assert!(page.text("document.querySelector('[role=option]').innerText").contains("Anna"));
        page.leads_on(|p| {
            p.press("ArrowDown");
            p.press("Enter");
        });
    }
    page.open(&format!("{}/admin/search?q=mueller", shop.url));
    page.wait("document.body.innerText.includes('Anna Müller')");
    page.open(&format!("{}/admin/orders", shop.url));
    page.wait("document.querySelectorAll('main tbody tr').length === 1");
    page.leads_on(|p| p.click("main tbody tr a[href^='/admin/orders/ord_']"));
    page.wait("document.body.innerText.includes('Anna Müller')");

    // Act: a note, then the order is paid by its form.
    page.fill("textarea[name=text]", "neutral packaging, please");
    page.leads_on(|p| p.click("form[action$='/notes'] button"));
    page.wait("document.body.innerText.includes('neutral packaging, please')");
    let pay = "form[action$='/pay']";
    page.wait(&format!("!!document.querySelector(\"{pay}\")"));
    page.leads_on(|p| {
        p.eval(&format!(
            "(() => {{ const d = document.querySelector(\"{pay}\").closest('details, [popover], dialog'); if (d && d.tagName === 'DETAILS') d.open = true; if (d && d.showPopover) try {{ d.showPopover() }} catch {{}} }})()"
        ));
        p.click(&format!("{pay} button"));
    });
    page.wait("document.body.innerText.includes('Paid')");
    assert_eq!(crate::orders::total(&shop, "payment:paid"), 1);

    // Import a file: it is read first, then written by a second click.
    let file = shop.dir.join("orders.csv");
    std::fs::write(&file, crate::transfer::SHOPIFY).unwrap();
    page.open(&format!("{}/admin/transfer", shop.url));
    page.choose("input[name=file]", &file);
    page.leads_on(|p| p.click("form[action='/admin/transfer/imports'] button.pri"));
    page.wait("!!document.querySelector(\"form[action$='/start']\")");
    page.leads_on(|p| p.click("form[action$='/start'] button.pri"));
    page.wait("document.body.innerText.includes('Refused rows') && !!document.querySelector('#result')");
    assert_eq!(crate::orders::total(&shop, ""), 3);

    // Export what a list shows.
    page.open(&format!("{}/admin/orders?q=city:bern", shop.url));
    page.leads_on(|p| p.click("main a[href^='/admin/exports/orders']"));
    let downloads = shop.dir.join("downloads");
    let rows = page.downloads(&downloads, |p| p.click("main form[method=post] button.pri"));
    assert_eq!(rows.lines().count(), 3, "{rows}");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn the_whole_journey_works_with_script() {
    journey(true);
}

#[test]
fn the_whole_journey_works_without_script() {
    journey(false);
}

#[test]
fn pages_are_accessible() {
    let (Some(mut page), Some(axe)) = (browser(), axe()) else { return };
    let tour = Tour::open();
    let mut wrong = Vec::new();
    let pages = std::iter::once("/admin/sign-in".to_owned()).chain(tour.pages);
    for path in pages {
        if path != "/admin/sign-in" {
            page.cookie(&tour.shop.url, &tour.cookie);
        }
        for (width, scheme) in [(1440, "light"), (1440, "dark"), (390, "light")] {
            page.width(width);
            page.scheme(scheme);
            page.open(&format!("{}{path}", tour.shop.url));
            wrong.extend(page.axe(&axe).into_iter().map(|v| format!("{path} {width} {scheme}: {v}")));
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}
