//! A clock that jumps signs nobody out for good (promises: P11).

use super::*;
use crate::access::session;
use crate::access::staff;
use crate::store::Actor;

/// Lets a browser be used several times while the clock is wrong, and what is written behind the answers arrive.
async fn used(house: &House, browser: &Browser) -> bool {
    let mut is_in = true;
    for _ in 0..3 {
        is_in &= browser.is_in().await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        house.store.write(Actor::cli(), |_| Ok(())).await.unwrap();
        house.pass(MINUTE);
    }
    is_in
}

#[actix_web::test]
async fn a_clock_that_was_set_back_for_a_while_signs_nobody_out_afterwards() {
    for jump in [DAY, 10 * 365 * DAY] {
        let house = House::open().await;
        let browser = house.signed_in(OWNER).await;
        house.pass(-jump);
        assert!(used(&house, &browser).await, "while it is {jump} ms behind");
        house.pass(jump);
        assert!(browser.is_in().await, "after it was {jump} ms behind");
        house.check();
    }
}

#[actix_web::test]
async fn a_clock_that_was_ahead_for_a_while_ends_few_sessions() {
    for jump in [DAY, 10 * 365 * DAY] {
        let house = House::open().await;
        let mut browsers = Vec::new();
        for _ in 0..20 {
            browsers.push(house.signed_in(OWNER).await);
        }
        house.pass(jump);
        assert!(!browsers[0].is_in().await, "it is {jump} ms later");
        let ahead = house.signed_in(OWNER).await;
        house.pass(-jump);
        let mut left = 0;
        for browser in &browsers {
            left += usize::from(browser.is_in().await);
        }
        assert!(left >= 12, "{left} of 20 are still in after the clock was {jump} ms ahead");
        assert!(ahead.is_in().await);
        house.check();
    }
}

#[actix_web::test]
async fn a_clock_that_goes_back_by_a_second_again_and_again_is_not_noticed() {
    let house = House::open().await;
    let browser = house.signed_in(OWNER).await;
    let seq = house.store.last_seq();
    for _ in 0..100 {
        house.pass(-SECOND);
        assert!(browser.is_in().await);
    }
    // Nothing is written for it, and no budget is used up.
    house.store.write(Actor::cli(), |_| Ok(())).await.unwrap();
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let settings = house.access.settings();
    let live = house.store.read(|s| session::list(s, owner.id, house.clock.now(), settings)).unwrap();
    assert_eq!(live[0].1.last_seen_at, house.clock.now().plus_ms(100 * SECOND));
    assert_eq!(house.store.last_seq(), seq);
    for _ in 0..5 {
        house.pass(-SECOND);
        house.browser(9).sign_in(OWNER, PASSWORD).await.expect(303);
    }
}
