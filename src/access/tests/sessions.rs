//! Signing in and out, and what ends a session (cases 1, 4, 6, 7, 8, 19, 46).

use super::{DAY, HOUR, House, MINUTE, OWNER, PASSWORD, Plan, console};
use crate::access::permission::Rights;
use crate::access::role::Role;
use crate::access::session;
use crate::access::staff::{self, Granter};
use crate::store::Actor;

fn console_role(house: &House, email: &str, role: Role) {
    let email = email.to_owned();
    house
        .store
        .write_blocking(Actor::cli(), move |tx| {
            let id = staff::find_by_email(tx, &email)?.unwrap().id;
            staff::set_role(tx, &Granter::console(), id, None, role)
        })
        .unwrap();
}

#[actix_web::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let house = House::open().await;
    let person = house.hire("Ben", "ben@example.com", Role::Packer);
    console::deactivate(&house.store, "ben@example.com").unwrap();
    let mut bodies = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        (OWNER, "wrong"),
        ("ben@example.com", PASSWORD),
        ("", ""),
        (OWNER, ""),
    ] {
        let reply = house.browser(1).sign_in(email, password).await.expect(401);
        // What was typed is shown again, and the page names the request's id nowhere.
        bodies
            .push(reply.body.replace(&crate::web::query::encode(&[("", email)])[1..], "").replace(email, ""));
        assert!(reply.cookies().is_empty(), "nobody gets a cookie");
        assert_eq!(reply.header("cache-control"), "no-store");
        house.pass(20 * MINUTE);
    }
    assert!(bodies[0].contains("E-mail or password is wrong."));
    let plain = |body: &str| body.replace("you@example.com", "");
    assert!(bodies.iter().all(|b| plain(b) == plain(&bodies[0])), "{}\n{}", bodies[0], bodies[1]);
    assert!(!person.password_is_temporary);
}

#[actix_web::test]
async fn a_right_password_opens_the_page_that_was_wanted() {
    let house = House::open().await;
    let browser = house.browser(1);
    let reply = browser.get("/admin/probe/view?q=a%20b").await.expect(303);
    assert_eq!(reply.header("location"), "/admin/sign-in?next=/admin/probe/view%3Fq%3Da%2520b");
    let page = browser.get(reply.header("location")).await.expect(200);
    assert!(page.body.contains("name=\"next\" value=\"/admin/probe/view?q=a%20b\""), "{}", page.body);
    let form =
        [("email", " Olga@Example.COM "), ("password", PASSWORD), ("next", "/admin/probe/view?q=a%20b")];
    let reply = browser.post("/admin/sign-in", &form).await.expect(303);
    assert_eq!(reply.header("location"), "/admin/probe/view?q=a%20b");
    assert!(browser.is_in().await);
    // The sign-in page sends on who is in already.
    assert_eq!(
        browser.get("/admin/sign-in?next=/admin/keys").await.expect(303).header("location"),
        "/admin/keys"
    );
    assert!(house.events().contains(&"staff.signed_in".to_owned()));
    house.check();
}

#[actix_web::test]
async fn nobody_is_sent_away_after_signing_in() {
    let house = House::open().await;
    for next in ["//evil", "/\\evil", "https:evil", "%2f%2fevil", "/%09/evil", "/elsewhere"] {
        let form = [("email", OWNER), ("password", PASSWORD), ("next", next)];
        let reply = house.browser(1).post("/admin/sign-in", &form).await.expect(303);
        assert_eq!(reply.header("location"), "/admin", "{next}");
    }
}

#[actix_web::test]
async fn passwords_are_limited_in_bytes_only() {
    let house = House::open().await;
    let browser = house.browser(1);
    browser.sign_in(OWNER, &"x".repeat(100_000)).await.expect(413);
    browser.sign_in(OWNER, &"x".repeat(1_025)).await.expect(422);
    browser.sign_in(OWNER, &"x".repeat(1_024)).await.expect(401);
    browser.sign_in(OWNER, "a\0b🔑").await.expect(401);
}

#[actix_web::test]
async fn a_planted_session_is_not_used_and_the_one_before_ends() {
    let house = House::open().await;
    let first = house.signed_in(OWNER).await;
    let victim = house.browser(2);
    victim.jar.borrow_mut().insert("sid".to_owned(), first.cookie("sid"));
    victim.sign_in(OWNER, PASSWORD).await.expect(303);
    assert_ne!(victim.cookie("sid"), first.cookie("sid"));
    assert!(victim.is_in().await && !first.is_in().await, "the old token opens nothing any more");
    let planted = house.browser(3);
    planted.jar.borrow_mut().insert("sid".to_owned(), "planted".to_owned());
    assert!(!planted.is_in().await);
}

#[actix_web::test]
async fn a_stolen_cookie_is_worth_nothing_after_sign_out_password_change_role_change_and_deactivation() {
    let house = House::open().await;
    let person = house.hire("Ben", "ben@example.com", Role::Packer);
    let thief = || async {
        let browser = house.signed_in("ben@example.com").await;
        let thief = browser.thief();
        assert!(thief.is_in().await);
        (browser, thief)
    };
    let (browser, stolen) = thief().await;
    let reply = browser.post("/admin/sign-out", &[]).await.expect(303);
    assert_eq!(reply.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(reply.header("location"), "/admin/sign-in");
    assert!(!stolen.is_in().await && !browser.is_in().await);

    let (browser, stolen) = thief().await;
    let fresh = "seven tin kettles whistle";
    let form = [("current_password", PASSWORD), ("password", fresh)];
    browser.post("/admin/account/password", &form).await.expect(303);
    assert!(browser.is_in().await, "the one who changed it stays, with a new token");
    assert!(!stolen.is_in().await);

    console::reset_password(&house.store, house.access.hasher(), "ben@example.com", PASSWORD).unwrap();
    assert!(!browser.is_in().await, "a reset ends everything");

    let (_, stolen) = thief().await;
    console_role(&house, "ben@example.com", Role::Support);
    assert!(!stolen.is_in().await, "who gains a permission signs in again");

    let (_, stolen) = thief().await;
    console::end_sessions(&house.store, "ben@example.com").unwrap();
    assert!(!stolen.is_in().await);

    let (_, stolen) = thief().await;
    console::deactivate(&house.store, "ben@example.com").unwrap();
    assert!(!stolen.is_in().await);
    house.browser(9).sign_in("ben@example.com", PASSWORD).await.expect(401);
    console::activate(&house.store, "ben@example.com").unwrap();
    assert!(!stolen.is_in().await, "an ended session does not come back");
    house.signed_in("ben@example.com").await;
    let left = house.store.read(|s| session::list(s, person.id, house.clock.now(), house.access.settings()));
    assert_eq!(left.unwrap().len(), 1);
    house.check();
}

#[actix_web::test]
async fn a_role_that_was_taken_away_is_gone_with_the_next_request() {
    let house = House::open().await;
    house.hire("Sue", "sue@example.com", Role::Support);
    let browser = house.signed_in("sue@example.com").await;
    browser.get("/admin/probe/edit").await.expect(200);
    console_role(&house, "sue@example.com", Role::ReadOnly);
    // Read only has events:view, which Support has not: the session ends. Packer has less of everything but shipping.
    assert!(!Role::Support.rights().covers(Role::ReadOnly.rights()));
    browser.get("/admin/probe/edit").await.expect(303);

    console_role(&house, "sue@example.com", Role::Manager);
    let browser = house.signed_in("sue@example.com").await;
    browser.get("/admin/probe/edit").await.expect(200);
    console_role(&house, "sue@example.com", Role::Packer);
    let refused = browser.get("/admin/probe/edit").await.expect(403);
    assert!(refused.body.contains("Edit orders") && refused.body.contains("orders:edit"), "{}", refused.body);
    assert!(refused.body.contains("Olga Owner"), "who can give it");
    browser.get("/admin/probe/view").await.expect(200);
    assert!(Role::Packer.rights().covers(Rights::parse(&["orders:view"]).unwrap()));
}

#[actix_web::test]
async fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_days() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    house.pass(12 * HOUR - MINUTE);
    assert!(browser.is_in().await);
    used_now(&house).await;
    house.pass(11 * HOUR);
    assert!(browser.is_in().await, "its use counts");
    used_now(&house).await;
    house.pass(12 * HOUR);
    assert!(!browser.is_in().await);
    let page = browser.get("/admin/sign-in").await.expect(200);
    assert!(page.body.contains("not used for a while"));

    let browser = house.signed_in(OWNER).await;
    for _ in 0..28 {
        assert!(browser.is_in().await);
        used_now(&house).await;
        house.pass(12 * HOUR - MINUTE);
    }
    house.pass(HOUR);
    assert!(!browser.is_in().await, "two weeks are the end");
}

/// Waits for the note that a session was used, which is written behind the answer.
async fn used_now(house: &House) {
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let settings = house.access.settings();
    loop {
        let live = house.store.read(|s| session::list(s, owner.id, house.clock.now(), settings)).unwrap();
        if live.iter().any(|(_, s)| s.last_seen_at == house.clock.now()) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_session_s_use_is_written_at_most_once_a_minute() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let began = house.clock.now();
    house.pass(59_000);
    assert!(browser.is_in().await);
    // Another write would come behind the note, if there were one.
    house.store.write(Actor::cli(), |_| Ok(())).await.unwrap();
    let settings = house.access.settings();
    let live = house.store.read(|s| session::list(s, owner.id, house.clock.now(), settings)).unwrap();
    assert_eq!(live[0].1.last_seen_at, began);
    house.pass(1_000);
    assert!(browser.is_in().await);
    used_now(&house).await;
    assert_eq!((live[0].1.device.as_str(), live[0].1.network.as_str()), ("Firefox on Linux", "203.0.113.0"));
}

#[actix_web::test]
async fn a_clock_that_jumps_back_ends_no_session_and_old_ones_are_removed() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    house.pass(-DAY * 365 * 10);
    assert!(browser.is_in().await);
    house.pass(DAY * 365 * 10);
    for _ in 0..60 {
        house.pass(1);
        house.signed_in(OWNER).await;
    }
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let settings = house.access.settings();
    let count =
        || house.store.read(|s| session::list(s, owner.id, house.clock.now(), settings)).unwrap().len();
    assert_eq!(count(), 50, "with more the oldest end");
    assert!(!browser.is_in().await);
    house.pass(16 * DAY);
    house.signed_in(OWNER).await;
    house.signed_in(OWNER).await;
    assert_eq!(count(), 2);
    house.check();
}

#[actix_web::test]
async fn with_https_cookies_are_bound_to_the_host() {
    let house = House::with(Plan { https: true, ..Plan::default() }).await;
    let browser = house.browser(1);
    let reply = browser.sign_in(OWNER, PASSWORD).await.expect(303);
    let cookies = reply.cookies();
    let sid = cookies.iter().find(|c| c.starts_with("__Host-sid=")).unwrap();
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1339200"] {
        assert!(sid.contains(part), "{sid}");
    }
    assert!(cookies.iter().any(|c| c.starts_with("__Host-device=")));
    assert!(browser.is_in().await);
    let plain = house.browser(2);
    plain.jar.borrow_mut().insert("sid".to_owned(), browser.cookie("__Host-sid"));
    assert!(!plain.is_in().await, "a cookie that a neighbour could plant is not read");
}

#[actix_web::test]
async fn no_token_and_no_password_is_on_disk_or_in_an_event() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    house.browser(2).sign_in(OWNER, "a wrong and secret guess").await.expect(401);
    let (sid, device) = (browser.cookie("sid"), browser.cookie("device"));
    let events = house.store.read(|s| crate::store::events::after(s, 0, 1_000)).unwrap();
    let said = format!("{events:?}");
    house.store.close().unwrap();
    let disk = std::fs::read(house._dir.path().join("store.redb")).unwrap();
    for secret in [sid.as_str(), device.as_str(), PASSWORD, "a wrong and secret guess"] {
        assert!(secret.len() > 20 && !said.contains(secret));
        assert!(!disk.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
}
