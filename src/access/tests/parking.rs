//! A form that met an ended session is sent again with one click.

use super::{House, MINUTE, OWNER, PASSWORD, console};
use crate::access::role::Role;
use crate::store::{Direction, Read as _, Span};
use std::ops::ControlFlow;

const NOTE: &[(&str, &str)] = &[("note", "Ring twice & wait <b>"), ("note", "second"), ("version", "7")];

async fn parked(house: &House) -> (super::Browser, String) {
    let browser = house.signed_in(OWNER).await;
    console::end_sessions(&house.store, OWNER).unwrap();
    let to = browser.post("/admin/probe/edit?x=1", NOTE).await.expect(303).header("location").to_owned();
    let next = crate::web::query::pairs(to.split_once('?').unwrap().1)[0].1.clone();
    (browser, next)
}

#[actix_web::test]
async fn a_form_waits_while_one_signs_in_again_and_is_sent_once() {
    let house = House::open().await;
    let (browser, next) = parked(&house).await;
    assert!(next.starts_with("/admin/parked/prk_"), "{next}");
    let page = browser.get(&format!("/admin/sign-in?next={next}")).await.expect(200);
    assert!(page.body.contains("Nothing is lost"));
    let wrong = [("email", OWNER), ("password", "not-the-password-at-all"), ("next", next.as_str())];
    let page = browser.post("/admin/sign-in", &wrong).await.expect(401);
    assert!(page.body.contains("Nothing is lost") && page.body.contains("password is wrong"));
    let form = [("email", OWNER), ("password", PASSWORD), ("next", next.as_str())];
    assert_eq!(browser.post("/admin/sign-in", &form).await.expect(303).header("location"), next);
    let page = browser.get(&next).await.expect(200);
    assert!(page.body.contains("Ring twice &amp; wait &lt;b&gt;") && page.body.contains("Send now"));
    assert!(page.body.contains("name=\"version\" value=\"7\""));
    // One click: the same body goes on to where it was going.
    let reply = browser.post(&next, NOTE).await.expect(307);
    assert_eq!(reply.header("location"), "/admin/probe/edit?x=1");
    let done = browser.post(reply.header("location"), NOTE).await.expect(303);
    assert_eq!(done.header("location"), "/admin/probe/any?got=Ring%20twice%20%26%20wait%20%3Cb%3E%7Csecond");
    let twice = browser.post(&next, NOTE).await.expect(303);
    assert_eq!(twice.header("location"), "/admin");
    browser.get(&next).await.expect(404);
    house.check();
}

#[actix_web::test]
async fn a_form_sent_after_signing_out_in_another_window_waits_too() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    browser.post("/admin/sign-out", &[]).await.expect(303);
    browser.get("/admin/account").await.expect(303);
    let to = browser.post("/admin/probe/edit?x=1", NOTE).await.expect(303).header("location").to_owned();
    let next = crate::web::query::pairs(to.split_once('?').unwrap().1)[0].1.clone();
    assert!(next.starts_with("/admin/parked/prk_"), "{next}");
    browser.get(&next).await.expect(303);
    browser.sign_in(OWNER, PASSWORD).await.expect(303);
    assert!(browser.get(&next).await.expect(200).body.contains("Ring twice &amp; wait &lt;b&gt;"));
    browser.post(&next, NOTE).await.expect(307);
    house.check();
}

#[actix_web::test]
async fn without_its_link_nothing_of_it_can_be_read() {
    let house = House::open().await;
    let (browser, next) = parked(&house).await;
    let rows = house.store.read(|s| {
        let mut bytes = Vec::new();
        s.walk_raw("parked_form/1", &Span::all(), Direction::Forward, &mut |_, value| {
            bytes.extend_from_slice(value);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(bytes)
    });
    let rows = String::from_utf8_lossy(&rows.unwrap()).into_owned();
    assert!(rows.len() > 40 && !rows.contains("Ring twice") && !rows.contains("/admin/probe"), "{rows}");
    browser.sign_in(OWNER, PASSWORD).await.expect(303);
    let (id, secret) = next.rsplit_once('/').unwrap();
    let other = format!("{id}/{}", secret.chars().rev().collect::<String>());
    browser.get(&other).await.expect(404);
    browser.get(&next).await.expect(200);
}

#[actix_web::test]
async fn nobody_else_sees_it_and_it_is_kept_for_half_an_hour() {
    let house = House::open().await;
    house.hire("Eve", "eve@example.com", Role::Manager);
    let (browser, next) = parked(&house).await;
    let eve = house.browser(3);
    eve.sign_in("eve@example.com", PASSWORD).await.expect(303);
    eve.get(&next).await.expect(404);
    assert_eq!(eve.post(&next, NOTE).await.expect(303).header("location"), "/admin");
    browser.sign_in(OWNER, PASSWORD).await.expect(303);
    browser.get(&next).await.expect(200);
    house.pass(30 * MINUTE);
    browser.get(&next).await.expect(404);
}

#[actix_web::test]
async fn nothing_is_kept_of_strangers_of_passwords_and_of_who_was_shut_out() {
    let house = House::open().await;
    house.hire("Ben", "ben@example.com", Role::Support);
    let to = house.browser(3).post("/admin/probe/edit", NOTE).await.expect(303).header("location").to_owned();
    assert_eq!(to, "/admin/sign-in?next=/admin", "a stranger has nothing to keep");

    let browser = house.signed_in("ben@example.com").await;
    console::end_sessions(&house.store, "ben@example.com").unwrap();
    let form = [("current_password", PASSWORD), ("password", "another long one it is")];
    let to = browser.post("/admin/account/password", &form).await.expect(303).header("location").to_owned();
    assert_eq!(to, "/admin/sign-in?next=/admin");

    let browser = house.signed_in("ben@example.com").await;
    console::deactivate(&house.store, "ben@example.com").unwrap();
    let to = browser.post("/admin/probe/edit", NOTE).await.expect(303).header("location").to_owned();
    assert_eq!(to, "/admin/sign-in?next=/admin");
}

#[actix_web::test]
async fn htmx_is_sent_to_the_sign_in_page_as_a_whole() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    console::end_sessions(&house.store, OWNER).unwrap();
    let reply = browser.post_part("/admin/probe/edit", NOTE, "/admin/probe/edit").await;
    assert_eq!(reply.status, 401, "{}", reply.body);
    assert!(
        reply.header("hx-redirect").starts_with("/admin/sign-in?next=/admin/parked/prk_"),
        "{:?}",
        reply.headers
    );
    let too_large = [("note", "x".repeat(70_000))];
    let form: Vec<(&str, &str)> = too_large.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let reply = browser.post_part("/admin/probe/edit", &form, "/admin/probe/edit?y=2").await;
    assert_eq!(reply.header("hx-redirect"), "/admin/sign-in?next=/admin/probe/edit%3Fy%3D2");
}

#[actix_web::test]
async fn of_a_form_with_a_file_all_but_the_file_is_kept_and_it_is_said() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    console::end_sessions(&house.store, OWNER).unwrap();
    let to = browser
        .post_file("/admin/probe/upload", &[("what", "orders"), ("currency", "CHF")], ("file", "export.csv"))
        .await
        .expect(303)
        .header("location")
        .to_owned();
    let page = browser.get(&to).await.expect(200);
    assert!(page.body.contains("only its file has to be"), "{}", page.body);
    let next = crate::web::query::pairs(to.split_once('?').unwrap().1)[0].1.clone();
    browser.sign_in(OWNER, PASSWORD).await.expect(303);
    let page = browser.get(&next).await.expect(200);
    for text in [
        "Choose again: export.csv",
        "name=\"currency\" value=\"CHF\"",
        "multipart/form-data",
        "type=\"file\"",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
}
