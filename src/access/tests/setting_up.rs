//! The first start: one link, one owner (case 17).

use super::{HOUR, House, PASSWORD, Plan};
use crate::access::role::Role;
use crate::access::{setup_link, staff};

const FORM: &[(&str, &str)] =
    &[("name", "Olga Owner"), ("email", "olga@example.com"), ("password", PASSWORD), ("shop", "Lumo Shop")];

async fn empty() -> House {
    House::with(Plan { owner: false, ..Plan::default() }).await
}

fn owners(house: &House) -> usize {
    house.store.read(staff::list).unwrap().iter().filter(|m| m.role == Role::Owner).count()
}

#[actix_web::test]
async fn whoever_has_the_link_becomes_the_owner_and_is_in() {
    let house = empty().await;
    let token = setup_link(&house.store).unwrap().unwrap();
    let browser = house.browser(1);
    let page = browser.get(&format!("/setup/{token}")).await.expect(200);
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));
    let mistyped = browser.get("/setup/0123456789abcdefghjkmnpqrs").await.expect(404);
    assert!(
        mistyped.body.contains("backroom setup-link")
            && mistyped.body.contains("works once, and for an hour")
    );
    let reply = browser.post(&format!("/setup/{token}"), FORM).await.expect(303);
    assert_eq!(reply.header("location"), "/admin");
    assert!(browser.is_in().await);
    assert_eq!(owners(&house), 1);
    assert_eq!(house.store.read(crate::access::profile::get).unwrap().name, "Lumo Shop");
    // The door is gone.
    let used = browser.get(&format!("/setup/{token}")).await.expect(404);
    assert!(used.body.contains("backroom setup-link"), "{}", used.body);
    browser.post(&format!("/setup/{token}"), FORM).await.expect(404);
    assert_eq!(setup_link(&house.store).unwrap(), None);
    house.check();
}

#[actix_web::test]
async fn of_two_at_once_exactly_one_becomes_the_owner() {
    let house = empty().await;
    let token = setup_link(&house.store).unwrap().unwrap();
    let tries = (0..8).map(|n| {
        let (house, token) = (house.clone(), token.clone());
        async move {
            let email = format!("olga{n}@example.com");
            let form =
                [("name", "Olga"), ("email", email.as_str()), ("password", PASSWORD), ("shop", "Lumo")];
            house.browser(n).post(&format!("/setup/{token}"), &form).await.status
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|s| **s == 303).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|s| **s == 404).count(), 7, "{answers:?}");
    assert_eq!(owners(&house), 1);
    house.check();
}

#[actix_web::test]
async fn a_link_works_for_an_hour_and_a_new_one_takes_its_place() {
    let house = empty().await;
    let old = setup_link(&house.store).unwrap().unwrap();
    let new = setup_link(&house.store).unwrap().unwrap();
    let browser = house.browser(1);
    browser.get(&format!("/setup/{old}")).await.expect(404);
    browser.get(&format!("/setup/{new}")).await.expect(200);
    house.pass(HOUR);
    browser.get(&format!("/setup/{new}")).await.expect(404);
    browser.post(&format!("/setup/{new}"), FORM).await.expect(404);
    assert_eq!(owners(&house), 0);
}

#[actix_web::test]
async fn a_form_with_mistakes_says_all_of_them_and_uses_nothing_up() {
    let house = empty().await;
    let token = setup_link(&house.store).unwrap().unwrap();
    let browser = house.browser(1);
    let form = [
        ("name", ""),
        ("email", "no"),
        ("password", "passwordpassword1"),
        ("shop", "Lumo"),
        ("currency", "XXQ"),
    ];
    let reply = browser.post(&format!("/setup/{token}"), &form).await.expect(422);
    for text in ["4 things need a change", "Enter a name.", "anna@example.com", "easy to guess"] {
        assert!(reply.body.contains(text), "{text}: {}", reply.body);
    }
    assert!(!reply.body.contains("passwordpassword1"), "a password is never shown again");
    let shop =
        [("name", "O"), ("email", "o@example.com"), ("password", "lumoshoplumoshop"), ("shop", "Lumo Shop")];
    browser.post(&format!("/setup/{token}"), &shop).await.expect(422);
    assert_eq!(owners(&house), 0);
    browser.post(&format!("/setup/{token}"), FORM).await.expect(303);
}

#[actix_web::test]
async fn without_a_link_there_is_no_door() {
    let house = empty().await;
    for path in ["/setup/", "/setup/x", "/setup/%2e%2e", "/setup/'"] {
        house.browser(1).get(path).await.expect(404);
    }
    house.browser(1).post("/setup/x", FORM).await.expect(404);
    // Nobody can sign in to an empty shop.
    house.browser(1).sign_in("olga@example.com", PASSWORD).await.expect(401);
}
