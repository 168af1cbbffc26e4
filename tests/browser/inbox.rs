//! A contact form on a page of another origin, with and without script, and the answer to it.

use super::pages::{Tour, browser};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

/// Serves the same page at every address, as the shop's own web server would; gives its origin.
fn storefront(page: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let own = origin.clone();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(socket.try_clone().unwrap());
            let mut line = String::new();
            while head.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            let body = page(&own);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _gone = socket.write_all(answer.as_bytes());
        }
    });
    origin
}

/// The form of docs/messages.md, with the script that sends it where there is one.
fn contact(shop: &str, key: &str, origin: &str) -> String {
    let docs = std::fs::read_to_string(crate::harness::project("docs/messages.md")).unwrap();
    let part = |kind: &str| {
        let from = docs.split(&format!("```{kind}\n")).nth(1).unwrap_or_else(|| panic!("no {kind}"));
        from.split("```").next().unwrap().to_owned()
    };
    let page =
        format!("<!doctype html><title>Contact</title>{}<script>{}</script>", part("html"), part("js"));
    page.replace("https://admin.example.com", shop)
        .replace("https://shop.example.com", origin)
        .replace("pk_live_…", key)
}

#[test]
fn a_form_of_another_origin_is_sent_with_and_without_script_and_answered() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    let (sender, receiver) = std::sync::mpsc::channel::<(String, String)>();
    let held = std::sync::Mutex::new((receiver, None::<(String, String)>));
    let origin = storefront(move |own| {
        let mut held = held.lock().unwrap();
        if held.1.is_none() {
            held.1 = held.0.recv().ok();
        }
        let (shop, key) = held.1.clone().unwrap_or_default();
        contact(&shop, &key, own)
    });
    let key = crate::messages::key(&tour.shop, &origin);
    sender.send((tour.shop.url.clone(), key)).unwrap();

    page.script(false);
    page.open(&format!("{origin}/contact"));
    page.fill("[name=email]", "anna@example.com");
    page.fill("[name=body]", "Written without script");
    page.leads_on(|p| p.click("form button"));
    page.wait(&format!("location.href === '{origin}/thanks'"));

    page.script(true);
    page.open(&format!("{origin}/contact"));
    page.fill("[name=email]", "anna@example.com");
    page.fill("[name=body]", "Written with script");
    page.click("form button");
    page.wait("document.querySelector('#said').textContent.includes('has arrived')");
    let open = tour.shop.get("/api/v1/messages?email=anna@example.com").json();
    let texts: Vec<&str> =
        open["data"].as_array().unwrap().iter().map(|m| m["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Written with script", "Written without script"]);
    let ids: Vec<&str> = open["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();

    page.cookie(&tour.shop.url, &tour.cookie);
    for (id, script) in ids.iter().zip([true, false]) {
        page.script(script);
        page.open(&format!("{}/admin/messages", tour.shop.url));
        page.leads_on(|p| p.click(&format!("a.row[href$='{id}']")));
        page.fill("#f-text", "Thank you.\nIt comes tomorrow.");
        page.leads_on(|p| p.click("form[action$='/reply'] button[value=close]"));
        page.wait("document.querySelector('.head .badge').textContent === 'Closed'");
        page.wait("document.querySelector('main').innerText.includes('It comes tomorrow.')");
    }
    page.script(true);
    let complaints: Vec<&String> = page.complaints.iter().filter(|text| !text.contains("favicon")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
