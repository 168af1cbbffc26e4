//! My account and staff, as people use them.

use super::{House, OWNER, PASSWORD, console};
use crate::access::profile;
use crate::access::role::Role;
use crate::access::staff::{self, ThemeChoice};

#[actix_web::test]
async fn somebody_is_added_with_a_password_that_must_be_replaced() {
    let house = House::open().await;
    let owner = house.signed_in(OWNER).await;
    let form = [("name", "Ben"), ("email", "ben@example.com"), ("role", "packer")];
    let to = owner.post("/admin/staff", &form).await.expect(303).header("location").to_owned();
    let page = owner.get(&to).await.expect(200);
    let code = page.body.split("<code>").nth(1).unwrap();
    let password: String = code.chars().take(23).collect();
    assert_eq!(password.matches('-').count(), 3, "{password}");
    assert!(!owner.get(&to).await.expect(200).body.contains(&password), "it is shown once");

    let ben = house.browser(2);
    assert_eq!(
        ben.sign_in("ben@example.com", &password).await.expect(303).header("location"),
        "/admin/account"
    );
    let sent = ben.get("/admin/probe/view").await.expect(303);
    let way = "/admin/account?next=/admin/probe/view";
    assert_eq!(sent.header("location"), way);
    let account = ben.get(way).await.expect(200).body;
    let at = |text: &str| account.find(text).unwrap();
    assert!(at("id=\"password\"") < at("action=\"/admin/account\""), "the password comes first: {account}");
    assert_eq!(ben.get("/api/v1/probe/view").await.expect(403).code(), "own_password_first");
    ben.get("/admin/account").await.expect(200);
    // It goes on to what was asked for, also after a try that was refused, and never elsewhere.
    let form = |new: &'static str| {
        [("current_password", password.as_str()), ("password", new), ("next", "/admin/probe/view")]
    };
    let short = ben.post("/admin/account/password", &form("short")).await.expect(422);
    assert!(short.body.contains("name=\"next\" value=\"/admin/probe/view\""), "{}", short.body);
    let done = ben.post("/admin/account/password", &form("seven tin kettles whistle")).await;
    assert_eq!(done.expect(303).header("location"), "/admin/probe/view");
    ben.get("/admin/probe/view").await.expect(200);
    house.check();
}

#[actix_web::test]
async fn a_password_is_changed_with_the_present_one_only() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let change = |current: &str, new: &str| {
        let form =
            [("current_password".to_owned(), current.to_owned()), ("password".to_owned(), new.to_owned())];
        let browser = &browser;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            browser.post("/admin/account/password", &form).await
        }
    };
    let reply = change("wrong", "seven tin kettles whistle").await.expect(422);
    assert!(reply.body.contains("This is not your present password."));
    for weak in ["short", "password1234", "olgaowner2026", ""] {
        change(PASSWORD, weak).await.expect(422);
    }
    house.pass(super::HOUR);
    for _ in 0..5 {
        change("wrong", "seven tin kettles whistle").await.expect(422);
    }
    change(PASSWORD, "seven tin kettles whistle").await.expect(429);
    house.pass(super::MINUTE);
    let before = browser.cookie("sid");
    change(PASSWORD, "seven tin kettles whistle").await.expect(303);
    assert_ne!(browser.cookie("sid"), before);
    house.browser(3).sign_in(OWNER, PASSWORD).await.expect(401);
    house.browser(3).sign_in(OWNER, "seven tin kettles whistle").await.expect(303);
}

#[actix_web::test]
async fn preferences_are_kept_and_shown() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let form = [
        ("name", "Olga O."),
        ("theme", "dark"),
        ("zone", "Asia/Tokyo"),
        ("compact", "true"),
        ("keys", "true"),
    ];
    let reply = browser.post("/admin/account", &form).await.expect(303);
    assert!(reply.cookies().iter().any(|c| c.starts_with("theme=dark")));
    let page = browser.get("/admin/account").await.expect(200);
    assert!(page.body.contains("data-theme=\"dark\"") && page.body.contains("Olga O."));
    let kept = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    assert_eq!(kept.preferences.theme, ThemeChoice::Dark);
    assert_eq!(kept.preferences.zone.as_deref(), Some("Asia/Tokyo"));
    let wrong = [("name", ""), ("theme", "dark"), ("zone", "Mars/Base")];
    let reply = browser.post("/admin/account", &wrong).await.expect(422);
    assert!(reply.body.contains("2 things need a change"));
    // Another browser looks the same after signing in.
    let other = house.signed_in(OWNER).await;
    assert_eq!((other.cookie("theme").as_str(), other.cookie("rows").as_str()), ("dark", "compact"));
}

#[actix_web::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let house = House::open().await;
    let (here, there, elsewhere) =
        (house.signed_in(OWNER).await, house.signed_in(OWNER).await, house.signed_in(OWNER).await);
    let page = here.get("/admin/account").await.expect(200);
    assert_eq!(
        page.body.matches("Firefox on Linux").count() - page.body.matches("class=\"vh\"> Firefox").count(),
        3
    );
    let action = page.body.split("action=\"/admin/account/sessions/").nth(1).unwrap();
    let id = action.split('/').next().unwrap().to_owned();
    here.post(&format!("/admin/account/sessions/{id}/end"), &[]).await.expect(303);
    let left = [there.is_in().await, elsewhere.is_in().await];
    assert_eq!(left.iter().filter(|x| **x).count(), 1);
    here.post(&format!("/admin/account/sessions/{id}/end"), &[]).await.expect(404);
    here.post("/admin/account/sessions/end-others", &[]).await.expect(303);
    assert!(!there.is_in().await && !elsewhere.is_in().await && here.is_in().await);
    // Nobody ends the session of somebody else by its id.
    house.hire("Eve", "eve@example.com", Role::Packer);
    let eve = house.signed_in("eve@example.com").await;
    let page = here.get("/admin/account").await.expect(200).body;
    assert!(!page.contains("sessions/end-others"));
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let now = house.clock.now();
    let mine = house
        .store
        .read(|s| crate::access::session::list(s, owner.id, now, house.access.settings()))
        .unwrap();
    eve.post(&format!("/admin/account/sessions/{}/end", mine[0].1.id), &[]).await.expect(404);
    assert!(here.is_in().await);
}

#[actix_web::test]
async fn an_owner_manages_staff_from_their_pages() {
    let house = House::open().await;
    let ben = house.hire("Ben", "ben@example.com", Role::Packer);
    let owner = house.signed_in(OWNER).await;
    let his = house.signed_in("ben@example.com").await;
    let path = |verb: &str| format!("/admin/staff/{}/{verb}", ben.id);
    owner.post(&path("end-sessions"), &[]).await.expect(303);
    assert!(!his.is_in().await);
    owner.post(&path("reset-password"), &[]).await.expect(303);
    house.browser(3).sign_in("ben@example.com", PASSWORD).await.expect(401);
    owner.post(&path("deactivate"), &[]).await.expect(303);
    let list = owner.get("/admin/staff").await.expect(200);
    assert!(list.body.contains("Deactivated") && list.body.contains("(you)"));
    owner.post(&path("activate"), &[]).await.expect(303);
    let page = owner.get(&format!("/admin/staff/{}", ben.id)).await.expect(200);
    for text in ["Password changed", "Deactivated", "Activated again", "Added as packer"] {
        assert!(page.body.contains(text), "{text}");
    }
    let me = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    owner.post(&format!("/admin/staff/{}/deactivate", me.id), &[]).await.expect(409);
    owner.get("/admin/staff/stf_00000000000000000000000000").await.expect(404);
    let bad = [
        ("name", ""),
        ("email", "ben@example.com"),
        ("role", "packer"),
        ("password", "a good long one this"),
    ];
    let reply = owner.post("/admin/staff", &bad).await.expect(422);
    assert!(reply.body.contains("Enter a name.") && !reply.body.contains("a good long one this"));
    let taken = [("name", "Ben 2"), ("email", "BEN@example.com"), ("role", "packer")];
    owner.post("/admin/staff", &taken).await.expect(409);
    house.check();
}

#[actix_web::test]
async fn what_the_command_line_does_is_in_the_log_under_its_name() {
    let house = House::open().await;
    console::end_sessions(&house.store, OWNER).unwrap();
    let events = house.store.read(|s| crate::store::events::after(s, 0, 100)).unwrap();
    assert!(events.iter().all(|e| e.actor.name == "Command line"));
    assert_eq!(console::list_staff(&house.store).unwrap().len(), 1);
    assert_eq!(console::deactivate(&house.store, "who@example.com").unwrap_err().code, "not_found");
}

#[actix_web::test]
async fn what_was_set_up_is_changed_under_settings_and_two_do_not_overwrite_each_other() {
    let house = House::open().await;
    house.hire("Sam", "sam@example.com", Role::Support);
    let browser = house.signed_in(OWNER).await;
    let page = browser.get("/admin/settings").await.expect(200);
    assert!(page.body.contains("name=\"version\" value=\"0\""), "{}", page.body);
    let form = |name: &'static str, currency: &'static str, version: &'static str| {
        [
            ("shop", name),
            ("zone", "Europe/Zurich"),
            ("currency", currency),
            ("country", "CH"),
            ("version", version),
        ]
    };
    browser.post("/admin/settings", &form("Alp Shop", "CHF", "0")).await.expect(303);
    let saved = house.store.read(profile::get).unwrap();
    assert_eq!((saved.name.as_str(), saved.currency.code(), saved.version), ("Alp Shop", "CHF", 1));
    let page = browser.get("/admin/settings").await.expect(200);
    assert!(
        page.body.contains("Alp Shop") && page.body.contains("currency from “EUR” to “CHF”"),
        "{}",
        page.body
    );
    let late = browser.post("/admin/settings", &form("Lake Shop", "CHF", "0")).await.expect(412);
    assert!(late.body.contains("Saved in the meantime") && late.body.contains("Lake Shop"), "{}", late.body);
    assert!(late.body.contains("name=\"version\" value=\"1\""), "saving again is meant");
    let wrong = browser.post("/admin/settings", &form("Lake Shop", "nope", "1")).await.expect(422);
    assert!(wrong.body.contains("aria-invalid"), "{}", wrong.body);
    assert_eq!(house.store.read(profile::get).unwrap().name, "Alp Shop");
    let sam = house.signed_in("sam@example.com").await;
    let refused = sam.get("/admin/settings").await.expect(403);
    assert!(
        refused.body.contains("can give it to you") && !refused.body.contains("Settings, Staff"),
        "{}",
        refused.body
    );
    house.check();
}
