//! What hands do: single keys, Escape, and buttons that look like what they do.

use super::chrome::Chrome;
use super::pages::{Tour, browser};

/// The id of one of the newest orders.
fn order(tour: &Tour, at: usize) -> String {
    let orders = tour.shop.get("/api/v1/orders?limit=2").json();
    orders["data"][at]["id"].as_str().unwrap().to_owned()
}

/// The page of an order, whose id it is; nothing without a browser.
fn at_an_order() -> Option<(Chrome, Tour, String)> {
    let mut page = browser()?;
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let order = order(&tour, 1);
    page.open(&format!("{}/admin/orders/{order}", tour.shop.url));
    Some((page, tour, order))
}

#[test]
fn keys_lead_to_the_first_field_and_back() {
    let Some((mut page, _tour, order)) = at_an_order() else { return };
    page.press("s");
    page.wait("document.activeElement.name === 'tracking'");
    page.press("Escape");
    page.wait("!document.querySelector('details.menu[open]')");
    page.leads_on(|p| p.press("e"));
    page.wait("location.pathname.endsWith('/edit')");
    page.fill("#f-phone", "");
    page.leads_on(|p| {
        // Nothing differs from what was loaded, so nothing is asked.
        p.eval("document.querySelector('form[data-draft]').reset()");
        p.press("Escape");
    });
    page.wait(&format!("location.pathname === '/admin/orders/{order}'"));
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn cards_are_sorted_by_a_menu() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    page.width(390);
    for (list, by, sort) in [("orders", "Total", "-total"), ("customers", "Name", "name")] {
        page.open(&format!("{}/admin/{list}", tour.shop.url));
        page.click("details.of-cards summary");
        let of = "[...document.querySelectorAll('details.of-cards a')]";
        page.leads_on(|p| {
            p.eval(&format!("{of}.find((a) => a.textContent.trim() === '{by}').click()"));
        });
        page.wait(&format!("new URL(location).searchParams.get('sort') === '{sort}'"));
        let turned =
            if sort.starts_with('-') { sort.trim_start_matches('-').to_owned() } else { format!("-{sort}") };
        page.leads_on(|p| {
            p.eval("document.querySelector('details.of-cards a[aria-current]').click()");
        });
        page.wait(&format!("new URL(location).searchParams.get('sort') === '{turned}'"));
    }
    page.width(1440);
    page.wait("!document.querySelector('details.of-cards').checkVisibility()");
}

#[test]
fn a_form_that_reaches_nobody_stays_with_its_text() {
    let Some((mut page, _tour, _order)) = at_an_order() else { return };
    page.fill("textarea[name=text]", "ring twice");
    page.connected(false);
    page.click("form[action$='/notes'] button");
    page.wait("document.querySelector('.toast.error')?.textContent.includes('Your text is still here')");
    assert_eq!(page.text("document.querySelector('textarea[name=text]').value"), "ring twice");
    page.connected(true);
    page.leads_on(|p| p.click("form[action$='/notes'] button"));
    page.wait("document.querySelector('.tl').innerText.includes('ring twice')");
}

#[test]
fn dangerous_and_first_buttons_of_the_bar_look_like_it() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    page.open(&format!("{}/admin/orders", tour.shop.url));
    page.click("tbody .pick label");
    page.wait("document.querySelector('.bulk').checkVisibility()");
    for (value, colour) in [("cancel", "--bad"), ("tag", "--acc"), ("hold", "--acc")] {
        let painted = page.text(&format!(
            "getComputedStyle(document.querySelector('.bulk button[value={value}]')).backgroundColor"
        ));
        let wanted = page.text(&format!(
            "(() => {{ const e = document.createElement('i'); e.style.background = 'var({colour})'; document.body.append(e); \
             const c = getComputedStyle(e).backgroundColor; e.remove(); return c; }})()"
        ));
        assert_eq!(painted, wanted, "{value}");
    }
}

#[test]
fn ticks_are_counted_after_going_back_and_a_range_by_keys() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    page.open(&format!("{}/admin/orders", tour.shop.url));
    // Keys within a moment are a scanner's, not a hand's.
    let by_hand = |page: &mut Chrome, key: &str| {
        page.eval("window.paused = performance.now()");
        page.wait("performance.now() - window.paused > 100");
        page.press(key);
    };
    by_hand(&mut page, "j");
    by_hand(&mut page, "x");
    page.wait("document.querySelector('[data-count]').textContent === '1 selected'");
    for key in ["j", "j", "X"] {
        by_hand(&mut page, key);
    }
    page.wait("document.querySelector('[data-count]').textContent === '3 selected'");
    page.leads_on(|p| {
        p.eval("location.href = '/admin/customers'");
    });
    page.eval("history.back()");
    page.wait("location.pathname === '/admin/orders' && document.readyState === 'complete'");
    page.wait("document.querySelectorAll('tbody .pick input:checked').length === 3");
    page.wait("document.querySelector('[data-count]').textContent === '3 selected'");
}

#[test]
fn boxes_offer_what_was_opened_last_and_what_can_be_asked() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let id = |at: usize| order(&tour, at);
    for at in [0, 1] {
        page.open(&format!("{}/admin/orders/{}", tour.shop.url, id(at)));
        page.wait("document.documentElement.classList.contains('js')");
    }
    page.open(&format!("{}/admin/orders", tour.shop.url));
    page.eval("document.querySelector('#q').focus()");
    page.wait("document.querySelectorAll('#hits [role=option]').length === 2");
    let first = page.text("document.querySelector('#hits [role=option]').getAttribute('href')");
    assert_eq!(first, format!("/admin/orders/{}", id(1)), "the last one comes first");

    page.fill("#filter", "pa");
    page.wait("!!document.querySelector('#offers [data-text=\"payment:\"]')");
    page.eval("document.querySelector('#filter').focus()");
    page.press("ArrowDown");
    page.press("Enter");
    page.wait("document.querySelector('#filter').value === 'payment:'");
    page.wait("!!document.querySelector('#offers [data-text=\"payment:unpaid\"] .tn')");
    page.press("ArrowDown");
    page.press("Enter");
    page.wait("document.querySelector('#filter').value === 'payment:unpaid '");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn a_key_held_down_walks_on_and_a_scanned_code_is_no_key() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    page.open(&format!("{}/admin/orders", tour.shop.url));
    let key = |page: &mut Chrome, keys: &str, repeat: bool| {
        page.eval(&format!(
            "for (const key of '{keys}') (document.activeElement || document.body).dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, repeat: {repeat} }}))"
        ));
    };
    let at = "[...document.querySelectorAll('tbody tr')].findIndex((r) => 'at' in r.dataset)";
    key(&mut page, "j", false);
    page.wait(&format!("{at} === 0"));
    key(&mut page, "jjjjjj", true);
    page.wait(&format!("{at} === 6"));
    // The code of a parcel begins with a letter that ticks a row, and has others that open one.
    page.eval("window.paused = performance.now()");
    page.wait("performance.now() - window.paused > 100");
    key(&mut page, "x47j1f", false);
    page.eval("window.paused = performance.now()");
    page.wait("performance.now() - window.paused > 150");
    assert_eq!(page.text("String(document.querySelectorAll('tbody .pick input:checked').length)"), "0");
    assert_eq!(page.text("document.activeElement.id"), "");
    page.wait(&format!("{at} === 6"));
    key(&mut page, "x", false);
    page.wait("document.querySelectorAll('tbody .pick input:checked').length === 1");
    page.click(".bulk .menu:has(#f-tag) summary");
    page.wait("document.activeElement.id === 'f-tag'");
}

#[test]
fn a_form_of_the_menu_is_seen_whole_and_says_what_was_refused() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let id = order(&tour, 1);
    tour.shop.send("POST", &format!("/api/v1/orders/{id}/pay"), &serde_json::json!({}), &[]).expect(200);
    for width in [1440, 390] {
        page.width(width);
        for step in ["refund", "cancel"] {
            page.open(&format!("{}/admin/orders/{id}", tour.shop.url));
            let form = format!(".steps form[action$='/{step}']");
            page.click("summary[aria-label='More actions']");
            page.click(&format!(".fold:has(> form[action$='/{step}']) > summary"));
            page.wait(&format!(
                "(() => {{ const b = document.querySelector(\"{form} .btn\"), r = b.getBoundingClientRect(); \
                 return document.elementFromPoint(r.x + r.width / 2, r.bottom - 4) === b; }})()"
            ));
        }
        page.open(&format!("{}/admin/orders/{id}", tour.shop.url));
        page.click("summary[aria-label='More actions']");
        page.click(".fold:has(> form[action$='/refund']) > summary");
        page.fill(".steps [name=amount]", "99999999");
        page.leads_on(|p| p.click(".steps form[action$='/refund'] .btn"));
        page.wait("document.activeElement.name === 'amount'");
        let said = "document.getElementById(document.activeElement.getAttribute('aria-describedby'))";
        page.wait(&format!("{said}.checkVisibility() && {said}.textContent.includes('At most')"));
        page.wait("document.activeElement.getAttribute('aria-invalid') === 'true'");
    }
}

#[test]
fn what_is_typed_beside_another_form_is_kept() {
    let Some((mut page, _tour, _order)) = at_an_order() else { return };
    page.fill("textarea[name=text]", "ring twice");
    page.leads_on(|p| {
        p.eval("document.querySelector(\"form[action$='/hold']\").requestSubmit()");
    });
    page.wait("[...document.querySelectorAll('.note-form .notice button')].some((b) => b.textContent === 'Restore')");
    page.click(".note-form .notice button");
    assert_eq!(page.text("document.querySelector('textarea[name=text]').value"), "ring twice");
}

#[test]
fn what_a_button_of_the_customer_form_adds_is_in_sight() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let customers = tour.shop.get("/api/v1/customers?limit=1").json();
    let id = customers["data"][0]["id"].as_str().unwrap().to_owned();
    page.width(390);
    for with_script in [true, false] {
        page.script(true);
        page.open(&format!("{}/admin/customers/{id}/edit", tour.shop.url));
        page.script(with_script);
        page.leads_on(|p| p.click("button[value=add_address]"));
        page.script(true);
        page.wait("document.activeElement.name?.endsWith('.name') && scrollY > 400");
    }
}

#[test]
fn ticks_of_one_page_are_not_left_without_a_question() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    page.open(&format!("{}/admin/orders?limit=5", tour.shop.url));
    page.eval("window.confirm = (text) => { window.asked = text; return false; }");
    page.click("tbody .pick label");
    page.click(".pager [rel=next]");
    page.wait("window.asked?.startsWith('1 ticked here')");
    page.eval("window.confirm = () => true");
    page.leads_on(|p| p.click(".pager [rel=next]"));
    page.wait("new URL(location).searchParams.has('after')");
}

#[test]
fn a_template_that_was_only_looked_at_is_not_saved() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let address = format!("{}/admin/mail/templates/order_placed/en", tour.shop.url);
    page.open(&address);
    page.wait("!document.querySelector('form[data-draft]').hasAttribute('data-dirty')");
    page.fill("#f-subject", "Thank you");
    page.leads_on(|p| p.click("button[formaction$='/preview']"));
    let dirty = "document.querySelector('form[data-draft]').hasAttribute('data-dirty')";
    page.wait(dirty);
    page.leads_on(|p| p.click("main form[data-draft] .btn.pri"));
    page.wait(&format!("!({dirty}) && document.querySelector('#f-subject').value === 'Thank you'"));
    // Saved is saved: nothing is offered to be restored.
    page.open(&address);
    page.wait("!document.querySelector('form[data-draft] .notice button')");
    page.leads_on(|p| p.click("button[formaction$='/preview']"));
    page.wait(&format!("!({dirty})"));
}

#[test]
fn what_cannot_be_undone_asks_in_its_place() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    page.cookie(&tour.shop.url, &tour.cookie);
    let made = tour.shop.key_with(&["orders:view"]);
    page.open(&format!("{}/admin/keys", tour.shop.url));
    page.leads_on(|p| p.click("main tbody a.row"));
    page.click(".sure > summary");
    page.click(".sure [data-keep]");
    page.wait("!document.querySelector('.sure').open");
    page.click(".sure > summary");
    page.leads_on(|p| p.click(".sure form .danger"));
    page.wait("!document.querySelector('.sure')");
    assert!(!made.is_empty());
}
