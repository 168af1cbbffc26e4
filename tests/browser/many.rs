//! One action for every order that matches, as a person does it: looked at first, then done, with and without script.

use super::pages::browser;
use crate::harness::{OWNER, PASSWORD, Shop, least_order};

fn everything_is_paid(script: bool) {
    let Some(mut page) = browser() else { return };
    let shop = Shop::open();
    for n in 0..55 {
        shop.place(&format!("k{n}"), &least_order(&format!("c{n}@example.com"), 100)).expect(201);
    }
    page.script(script);
    page.cookie(&shop.url, &shop.sign_in(OWNER, PASSWORD));
    page.open(&format!("{}/admin/orders", shop.url));
    page.click("main tbody tr .pick input");
    page.wait("getComputedStyle(document.querySelector('.bulk')).display !== 'none'");
    page.click("input[name=all]");
    page.leads_on(|p| p.click("button[value=pay]"));
    // By its stream, or because the page loads itself again.
    page.wait("!!document.querySelector(\"form[action$='/start']\")");
    page.wait("document.body.innerText.replace(/\\u00a0/g, ' ').includes('55 orders will change')");
    assert_eq!(crate::orders::total(&shop, "payment:paid"), 0);
    page.leads_on(|p| p.click("form[action$='/start'] button"));
    page.wait("!!document.querySelector(\"form[action$='/undo']\")");
    assert_eq!(crate::orders::total(&shop, "payment:paid"), 55);
    page.leads_on(|p| p.click("form[action$='/undo'] button"));
    page.wait("document.body.innerText.replace(/\\u00a0/g, ' ').includes('Done for 55 orders')");
    assert_eq!(crate::orders::total(&shop, "payment:paid"), 0);
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn every_order_is_changed_and_taken_back_with_script() {
    everything_is_paid(true);
}

#[test]
fn every_order_is_changed_and_taken_back_without_script() {
    everything_is_paid(false);
}
