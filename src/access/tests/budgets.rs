//! Who guesses waits, and who knows the password gets in (cases 2, 3, CVE-2026-27801).

use super::{DAY, House, MINUTE, OWNER, PASSWORD, Plan, SECOND};
use crate::access::budget::{self, By};
use crate::access::role::Role;
use crate::store::Actor;

#[actix_web::test]
async fn after_five_wrong_passwords_one_waits_longer_and_longer_and_then_gets_in() {
    let house = House::open().await;
    let stranger = house.browser(66);
    for _ in 0..5 {
        stranger.sign_in(OWNER, "wrong").await.expect(401);
    }
    let reply = stranger.sign_in(OWNER, PASSWORD).await.expect(429);
    assert_eq!(reply.header("retry-after"), "5");
    assert!(reply.body.contains("Wait 5 seconds, then try again."), "{}", reply.body);
    house.pass(5 * SECOND);
    stranger.sign_in(OWNER, "wrong").await.expect(401);
    assert_eq!(stranger.sign_in(OWNER, "wrong").await.expect(429).header("retry-after"), "10");
    house.pass(4 * SECOND);
    assert_eq!(stranger.sign_in(OWNER, "wrong").await.expect(429).header("retry-after"), "6");
    house.pass(6 * SECOND);
    stranger.sign_in(OWNER, PASSWORD).await.expect(303);
    for _ in 0..5 {
        house.browser(66).sign_in(OWNER, "wrong").await.expect(401);
    }
    house.browser(66).sign_in(OWNER, "wrong").await.expect(429);
}

#[actix_web::test]
async fn two_hundred_at_once_count_as_two_hundred() {
    let house = House::open().await;
    let tries = (0..200).map(|_| {
        let house = house.clone();
        async move { house.browser(66).sign_in(OWNER, "wrong").await.status }
    });
    let answers: Vec<u16> = futures_util::future::join_all(tries).await;
    let count = |status| answers.iter().filter(|s| **s == status).count();
    assert_eq!(count(401), 5, "as many as are free: {answers:?}");
    assert_eq!(count(401) + count(429) + count(503), 200, "{answers:?}");
}

#[actix_web::test]
async fn strangers_cannot_lock_out_whoever_has_signed_in_from_this_browser_before() {
    let house = House::open().await;
    let own = house.signed_in(OWNER).await;
    own.post("/admin/sign-out", &[]).await.expect(303);
    for n in 0..10 {
        // From many addresses: the account's own budget is used up.
        house.browser(100 + n).sign_in(OWNER, "wrong").await;
    }
    house.browser(200).sign_in(OWNER, PASSWORD).await.expect(429);
    own.sign_in(OWNER, PASSWORD).await.expect(303);
    // A known browser has a budget too.
    own.post("/admin/sign-out", &[]).await.expect(303);
    for _ in 0..5 {
        own.sign_in(OWNER, "wrong").await.expect(401);
    }
    own.sign_in(OWNER, PASSWORD).await.expect(429);
    house.pass(20 * MINUTE);
    own.sign_in(OWNER, PASSWORD).await.expect(303);
}

#[actix_web::test]
async fn a_planted_device_is_worth_nothing_after_the_victim_signs_in() {
    let house = House::open().await;
    house.hire("Eve", "eve@example.com", Role::Packer);
    let eve = house.signed_in("eve@example.com").await;
    let planted = eve.cookie("device");
    let victim = house.browser(2);
    victim.jar.borrow_mut().insert("device".to_owned(), planted.clone());
    victim.sign_in(OWNER, PASSWORD).await.expect(303);
    assert_ne!(victim.cookie("device"), planted);
    for n in 0..10 {
        house.browser(100 + n).sign_in(OWNER, "wrong").await;
    }
    let eve_again = house.browser(3);
    eve_again.jar.borrow_mut().insert("device".to_owned(), planted);
    eve_again.sign_in(OWNER, "wrong").await.expect(429);
}

#[actix_web::test]
async fn one_network_that_tries_many_accounts_waits_too() {
    let house = House::open().await;
    for n in 0..5 {
        house.browser(66).sign_in(&format!("guess{n}@example.com"), "wrong").await.expect(401);
    }
    house.browser(66).sign_in("another@example.com", "wrong").await.expect(429);
    house.browser(67).sign_in("another@example.com", "wrong").await.expect(401);
}

#[test]
fn counters_survive_a_restart_and_are_dropped_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let clock = crate::base::time::Clock::manual(crate::base::time::Timestamp(1_790_000_000_000));
    let keep = crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
    let open = || crate::store::Store::open(dir.path(), &keep, clock.clone(), &super::ALL_TABLES).unwrap();
    let charge = |store: &crate::store::Store, n: u32| {
        let by = [By::Account(format!("a{n}@example.com")), By::Network(u128::from(n))];
        store.write_blocking(Actor::cli(), move |tx| budget::charge(tx, &by)).unwrap()
    };
    let store = open();
    for _ in 0..5 {
        assert_eq!(charge(&store, 1), None);
    }
    store.close().unwrap();
    drop(store);
    let store = open();
    assert_eq!(charge(&store, 1), Some(5_000), "a restart gives no new tries");
    for n in 2..10 {
        charge(&store, n);
    }
    assert_eq!(store.read(budget::count).unwrap(), 18);
    clock.set(clock.now().plus_ms(2 * DAY));
    for _ in 0..5 {
        charge(&store, 1);
    }
    assert_eq!(store.read(budget::count).unwrap(), 2, "only what is in use is left");
    assert_eq!(store.check(&[]).unwrap(), Vec::new());
}

#[actix_web::test]
async fn a_flood_from_one_address_is_shed_before_anything_is_hashed() {
    let house = House::with(Plan { sign_ins: 3, ..Plan::default() }).await;
    let mut refused = 0;
    for _ in 0..6 {
        let reply = house.browser(66).sign_in(OWNER, "wrong").await;
        refused += u32::from(reply.status == 429 && !reply.header("retry-after").is_empty());
    }
    assert_eq!(refused, 3);
}
