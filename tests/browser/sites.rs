//! A site is added, looked at and removed as a person does it, with and without script.

use super::pages::browser;
use crate::harness::{OWNER, PASSWORD, Shop};

fn a_site_is_watched(script: bool) {
    let Some(mut page) = browser() else { return };
    let shop = Shop::open();
    page.script(script);
    page.cookie(&shop.url, &shop.sign_in(OWNER, PASSWORD));
    page.open(&format!("{}/admin/sites", shop.url));
    page.wait("document.body.innerText.includes('No sites yet')");
    page.leads_on(|p| p.click("main a.btn[href='/admin/sites/new']"));
    page.fill("input[name=address]", "10.0.0.1");
    page.leads_on(|p| p.click("main form button.pri"));
    page.wait("document.querySelector('#f-address').getAttribute('aria-invalid') === 'true'");
    page.fill("input[name=address]", "https://watched.invalid/shop");
    page.leads_on(|p| p.click("main form button.pri"));
    page.wait("location.pathname.startsWith('/admin/sites/sit_')");
    // By itself where there is script, else at the next look at the page.
    if !script {
        crate::harness::until("it was looked at", || {
            page.open(&page_address(&shop));
            page.text("document.body.innerText").contains("seen once")
        });
    }
    page.wait("document.body.innerText.includes('seen once')");
    page.leads_on(|p| p.click("form[action$='/remove'] button"));
    page.wait("document.body.innerText.includes('No sites yet')");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

/// The page of the only site.
fn page_address(shop: &Shop) -> String {
    let site = shop.get("/api/v1/sites").expect(200).json()["data"][0]["id"].clone();
    format!("{}/admin/sites/{}", shop.url, site.as_str().unwrap())
}

#[test]
fn a_site_is_watched_with_script() {
    a_site_is_watched(true);
}

#[test]
fn a_site_is_watched_without_script() {
    a_site_is_watched(false);
}
