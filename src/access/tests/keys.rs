//! API keys: in the header only, gone with the next request, used and expiring (cases 20, 21).

use super::{DAY, House, MINUTE, OWNER, PASSWORD, console, program};
use crate::access::key::{self, NewKey};
use crate::access::token;
use actix_web::test::TestRequest;

fn made(house: &House, days: Option<u32>) -> (key::ApiKey, String) {
    let new = NewKey { name: "Web shop".into(), scopes: vec!["orders:view".into()], days, origins: None };
    console::create_key(&house.store, &new).unwrap()
}

async fn viewed(house: &House, secret: &str) -> super::Reply {
    house.call(program(TestRequest::get(), "/api/v1/probe/view", secret)).await
}

#[actix_web::test]
async fn a_key_opens_the_api_until_it_is_revoked_or_expires() {
    let house = House::open().await;
    let (key, secret) = made(&house, None);
    let reply = viewed(&house, &secret).await.expect(200);
    assert_eq!(reply.body, key.id.to_string());
    assert!(reply.header("ratelimit").starts_with("\"key\";r=599"), "{:?}", reply.headers);
    console::revoke_key(&house.store, &key.id.to_string()).unwrap();
    let reply = viewed(&house, &secret).await.expect(401);
    assert_eq!(
        (reply.code().as_str(), reply.header("content-type")),
        ("invalid_key", "application/problem+json")
    );
    assert!(reply.body.contains("revoked") && reply.header("www-authenticate").starts_with("Bearer"));

    let (_, secret) = made(&house, Some(30));
    viewed(&house, &secret).await.expect(200);
    house.pass(30 * DAY);
    assert!(viewed(&house, &secret).await.expect(401).body.contains("expired"));
    assert_eq!(house.events().iter().filter(|k| k.starts_with("key.")).count(), 3);
    house.check();
}

#[actix_web::test]
async fn what_is_no_key_is_refused_with_what_would_be_right() {
    let house = House::open().await;
    let (_, secret) = made(&house, None);
    for wrong in
        [token::new_key(), "x".to_owned(), String::new(), secret.to_lowercase(), format!("{secret}x")]
    {
        let reply = viewed(&house, &wrong).await.expect(401);
        assert_eq!(reply.code(), "invalid_key");
        assert!(reply.body.contains("Authorization: Bearer sk_live_"));
        assert!(wrong.is_empty() || wrong == "x" || !reply.body.contains(&wrong), "it is not repeated");
    }
    let none = house.call(TestRequest::get().uri("/api/v1/probe/view")).await.expect(401);
    assert_eq!(none.code(), "unauthenticated");
    assert!(none.body.contains("orders:view"), "it names the scope");
    let basic = TestRequest::get().uri("/api/v1/probe/view").insert_header(("authorization", "Basic abc"));
    assert_eq!(house.call(basic).await.expect(401).code(), "invalid_key");
}

#[actix_web::test]
async fn with_a_key_no_cookie_is_read() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let cookie = format!("sid={}", browser.cookie("sid"));
    let request = program(TestRequest::get(), "/api/v1/probe/view", "nonsense")
        .insert_header(("cookie", cookie.as_str()));
    house.call(request).await.expect(401);
    let (_, secret) = made(&house, None);
    let request =
        program(TestRequest::post(), "/api/v1/probe/edit", &secret).insert_header(("cookie", cookie));
    assert_eq!(house.call(request).await.expect(403).code(), "missing_scope");
}

#[actix_web::test]
async fn a_key_in_the_address_is_refused_even_when_it_is_right() {
    let house = House::open().await;
    let (_, secret) = made(&house, None);
    for path in [
        format!("/api/v1/probe/view?key={secret}"),
        format!("/api/v1/probe/view?x=%73k_live_{}", &secret[8..]),
    ] {
        let reply = house.call(TestRequest::get().uri(&path)).await.expect(400);
        assert_eq!(reply.code(), "key_in_address");
        assert!(!reply.body.contains(&secret), "it is not repeated");
        house.call(program(TestRequest::get(), &path, &secret)).await.expect(400);
    }
}

#[actix_web::test]
async fn a_form_of_another_site_does_nothing_in_the_name_of_who_is_signed_in() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let cookie = format!("sid={}", browser.cookie("sid"));
    for site in ["cross-site", "same-site"] {
        let request = TestRequest::post()
            .uri("/api/v1/probe/edit")
            .insert_header(("cookie", cookie.as_str()))
            .insert_header(("sec-fetch-site", site));
        assert_eq!(house.call(request).await.expect(403).code(), "forged_origin");
    }
    let none = TestRequest::post().uri("/api/v1/probe/edit").insert_header(("cookie", cookie.as_str()));
    house.call(none).await.expect(403);
    // A browser sends Basic credentials by itself: they are no proof that a program is calling.
    let basic = TestRequest::post()
        .uri("/admin/probe/edit")
        .insert_header(("cookie", cookie))
        .insert_header(("sec-fetch-site", "cross-site"))
        .insert_header(("authorization", "Basic YTpi"));
    house.call(basic).await.expect(403);
}

#[actix_web::test]
async fn the_use_of_a_key_is_written_down_once_a_minute() {
    let house = House::open().await;
    let (key, secret) = made(&house, None);
    let used = || house.store.read(|s| key::get(s, key.id)).unwrap().last_used_at;
    viewed(&house, &secret).await.expect(200);
    while used().is_none() {
        tokio::task::yield_now().await;
    }
    let first = used();
    assert_eq!(house.store.read(|s| key::get(s, key.id)).unwrap().last_used_from, "198.51.100.0");
    house.pass(MINUTE - 1);
    viewed(&house, &secret).await.expect(200);
    house.store.write(crate::store::Actor::cli(), |_| Ok(())).await.unwrap();
    assert_eq!(used(), first);
    house.pass(1);
    viewed(&house, &secret).await.expect(200);
    while used() == first {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn the_secret_is_shown_once_and_kept_nowhere() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let form = [("name", "Web shop"), ("scopes", "orders:view"), ("scopes", "orders:create"), ("days", "90")];
    let to = browser.post("/admin/keys", &form).await.expect(303).header("location").to_owned();
    let other = house.browser(5);
    other.sign_in(OWNER, PASSWORD).await.expect(303);
    assert!(
        !other.get(&to).await.expect(200).body.contains("shown this once"),
        "another session sees nothing"
    );
    let page = browser.get(&to).await.expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let start = page.body.find("sk_live_").map(|at| &page.body[at..]).unwrap();
    let secret = page
        .body
        .match_indices("sk_live_")
        .map(|(at, _)| page.body[at..].chars().take(57).collect::<String>())
        .find(|text| token::is_key(text))
        .unwrap_or_else(|| panic!("{start}"));
    assert!(page.body.contains("/api/v1/orders?limit=1"), "a ready line");
    viewed(&house, &secret).await.expect(200);
    assert!(!browser.get(&to).await.expect(200).body.contains(&secret));
    let list = browser.get("/admin/keys").await.expect(200);
    assert!(!list.body.contains(&secret) && list.body.contains(&secret[53..]));
    house.store.close().unwrap();
    let disk = std::fs::read(house._dir.path().join("store.redb")).unwrap();
    assert!(!disk.windows(secret.len()).any(|w| w == secret.as_bytes()));
}

#[actix_web::test]
async fn a_key_in_use_that_ends_soon_is_told_of() {
    let house = House::open().await;
    let (key, secret) = made(&house, Some(60));
    made(&house, Some(40));
    made(&house, None);
    let ending = || {
        let now = house.store.clock().now();
        house.store.read(|s| key::ending(s, now)).unwrap().len()
    };
    viewed(&house, &secret).await.expect(200);
    while house.store.read(|s| key::get(s, key.id)).unwrap().last_used_at.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ending(), 0, "it works for two months more");
    house.pass(31 * DAY);
    assert_eq!(ending(), 1, "nobody uses the other one that ends");
    house.pass(31 * DAY);
    assert_eq!(ending(), 1, "it has just ended");
    house.pass(15 * DAY);
    assert_eq!(ending(), 0, "whoever missed it has found out");
}
