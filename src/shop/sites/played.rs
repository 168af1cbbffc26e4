//! Sites as they are played through in a store: each event is followed once however often it is read, a hiccup warns nobody,
//! and what was removed leaves nothing behind.

use super::desk::{Sites, Wish};
use super::events::{Expiring, Failed, Recovered};
use super::model::{CHECKS, DAYS, SITES, SiteId, State, WARNED};
use super::ops::{self, CHECKS_KEPT};
use super::take::{self, FirstCheck, Marketing, Statistics, Warnings};
use super::{own, statistics};
use crate::base::time::{Clock, DAY_MS, Timestamp};
use crate::outbound::certificates::{Certificate, Problem, Seen, Settings};
use crate::outbound::webhooks::Guard;
use crate::shop::customers;
use crate::shop::orders;
use crate::store::{Actor, Direction, Span, Store, StoredEvent, TableInfo, Tx, events};
use crate::work::jobs;
use crate::work::subscriptions::Subscriber;
use std::sync::LazyLock;

const RECHECK_MS: i64 = 120_000;

static TABLES_HERE: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
    let floors = crate::access::TABLES.iter().chain(crate::work::TABLES);
    let own = [customers::TABLES, orders::TABLES, super::TABLES];
    floors.chain(&own).flat_map(|tables| tables.iter().copied()).collect()
});

struct Played {
    _dir: tempfile::TempDir,
    store: Store,
    sites: Sites,
}

fn play() -> Played {
    let dir = tempfile::tempdir().unwrap();
    let own = crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let store = Store::open(dir.path(), &own, clock, TABLES_HERE.as_slice()).unwrap();
    let sites = Sites::new(&store, &Settings::default(), Guard::default(), None).unwrap();
    sites.settle().unwrap();
    Played { _dir: dir, store, sites }
}

impl Played {
    fn write<T: Send + 'static>(
        &self,
        op: impl Fn(&mut Tx<'_>) -> crate::base::error::Result<T> + Send + 'static,
    ) -> crate::base::error::Result<T> {
        self.store.write_blocking(Actor::system("test"), op)
    }
    fn add(&self, address: &str, email: &str, consent: bool) -> SiteId {
        let wish = Wish {
            address: address.to_owned(),
            email: email.to_owned(),
            consent,
            source: "the form".to_owned(),
            ..Wish::default()
        };
        let new = self.sites.checked(&wish).unwrap();
        self.write(move |tx| ops::add(tx, &new)).unwrap()
    }
    fn later(&self, ms: i64) {
        self.store.clock().set(self.store.clock().now().plus_ms(ms));
    }
    fn seen(&self, id: SiteId, days: i64, problems: &[Problem]) {
        let now = self.store.clock().now();
        let certificate = Certificate {
            issuer: "Test Trust".to_owned(),
            not_after: now.plus_ms(days * DAY_MS + 1),
            fingerprint: "ab".to_owned(),
            ..Certificate::default()
        };
        let seen = Seen {
            problems: problems.to_vec(),
            certificate: Some(certificate),
            took_ms: 30,
            ..Seen::default()
        };
        self.write(move |tx| ops::note(tx, id, &seen, RECHECK_MS)).unwrap();
    }
    fn log(&self) -> Vec<StoredEvent> {
        self.store.read(|s| events::after(s, 0, 10_000)).unwrap()
    }
    /// Gives all events to all subscribers, as the loop does.
    fn follow(&self) {
        let all = self.log();
        self.write(move |tx| {
            for event in &all {
                let by: &[&dyn Subscriber] = match event.kind.as_str() {
                    "site.added" => &[&FirstCheck, &Marketing],
                    "certificate.checked" => &[&Statistics, &Warnings],
                    _ => &[],
                };
                by.iter().try_for_each(|subscriber| subscriber.take(tx, subscriber.prefix(), event))?;
            }
            Ok(())
        })
        .unwrap();
    }
    fn told(&self) -> Vec<String> {
        let kinds = [Expiring::KIND, Failed::KIND, Recovered::KIND];
        self.log().into_iter().map(|e| e.kind).filter(|kind| kinds.contains(&kind.as_str())).collect()
    }
    fn state(&self, id: SiteId) -> State {
        self.store.read(|s| ops::get(s, id)).unwrap().state()
    }
    /// When the next look is due.
    fn due(&self, id: SiteId) -> Option<Timestamp> {
        self.store.read(|s| jobs::due_of(s, ops::KIND, &id.to_string())).unwrap()
    }
    /// Takes the open look away, as when it was made.
    fn looked(&self, id: SiteId) {
        self.write(move |tx| {
            let job = ops::enqueue(tx, id, Timestamp(0))?;
            jobs::cancel(tx, job)
        })
        .unwrap();
    }
    fn is_sound(&self) {
        let found = self.store.check(&[super::check, jobs::check]).unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_site_is_watched_once_and_looked_at_at_once() {
    let p = play();
    let id = p.add("https://Example.com/shop", "", false);
    let wish = Wish { address: "example.com".to_owned(), ..Wish::default() };
    let again = p.sites.checked(&wish).unwrap();
    let refused = p.write(move |tx| ops::add(tx, &again)).unwrap_err();
    assert_eq!((refused.code, refused.fields[0].pointer.as_str()), ("site_exists", "/address"));
    assert_eq!(p.due(id), None);
    p.follow();
    p.follow();
    assert_eq!(p.due(id), Some(p.store.clock().now()));
    p.is_sound();
}

#[test]
fn what_failed_once_is_looked_at_again_before_anybody_is_told() {
    let p = play();
    let id = p.add("example.com", "", false);
    p.seen(id, 50, &[Problem::TimedOut]);
    assert_eq!(p.state(id), State::Doubtful);
    assert_eq!(p.due(id), Some(p.store.clock().now().plus_ms(RECHECK_MS)));
    p.follow();
    assert_eq!(p.told(), Vec::<String>::new());
    // Somebody looks at once: that is the same hiccup still.
    p.later(2_000);
    p.looked(id);
    p.seen(id, 50, &[Problem::TimedOut]);
    assert_eq!(p.state(id), State::Doubtful);
    p.later(RECHECK_MS);
    p.looked(id);
    p.seen(id, 50, &[Problem::TimedOut]);
    assert_eq!((p.state(id), p.due(id)), (State::Failing, None));
    p.follow();
    p.follow();
    assert_eq!(p.told(), ["certificate.failed"]);
    p.later(DAY_MS);
    p.seen(id, 50, &[Problem::Refused]);
    p.seen(id, 49, &[]);
    p.follow();
    assert_eq!(p.told(), ["certificate.failed", "certificate.recovered"]);
    assert_eq!(p.state(id), State::Good);
    // A hiccup that is over at the second look.
    p.seen(id, 49, &[Problem::Refused]);
    p.later(RECHECK_MS);
    p.seen(id, 49, &[]);
    p.follow();
    assert_eq!(p.told().len(), 2);
    p.is_sound();
}

#[test]
fn the_end_is_told_at_each_step_once_though_everything_is_read_again() {
    let p = play();
    let id = p.add("example.com", "", false);
    for days in (0..=30).rev() {
        p.later(DAY_MS);
        p.seen(id, days, &[]);
        p.follow();
    }
    assert_eq!(p.told(), ["certificate.expiring"; 5]);
    let steps: Vec<i64> = p
        .log()
        .iter()
        .filter(|event| event.kind == Expiring::KIND)
        .map(|event| event.data["within_days"].as_i64().unwrap())
        .collect();
    assert_eq!(steps, [21, 14, 7, 3, 1]);
    let days = p.store.read(|s| statistics::days(s, id, 100)).unwrap();
    assert_eq!(days.len(), 31);
    assert!(days.iter().all(|(_, day)| (day.checks, day.good) == (1, 1)), "none counts twice");
}

#[test]
fn consent_is_written_to_the_customer_once_and_stays_taken_back() {
    let p = play();
    let by_email = |email: &'static str| {
        p.store
            .read(|s| match customers::find_by_email(s, email)? {
                Some(id) => customers::get(s, id).map(Some),
                None => Ok(None),
            })
            .unwrap()
    };
    p.add("quiet.example.com", "quiet@example.com", false);
    let id = p.add("anna.example.com", "Anna@example.com", true);
    p.follow();
    assert!(by_email("quiet@example.com").is_none(), "nobody becomes a customer unasked");
    let anna = by_email("anna@example.com").unwrap();
    assert!(anna.accepts_marketing);
    let site = p.store.read(|s| ops::get(s, id)).unwrap();
    assert_eq!((site.listed, site.consent.unwrap().source.as_str()), (Some(anna.id), "the form"));
    let back = customers::CustomerChange { accepts_marketing: Some(false), ..Default::default() };
    let customer = anna.id;
    p.write(move |tx| customers::change(tx, customer, None, &back)).unwrap();
    p.follow();
    assert!(!by_email("anna@example.com").unwrap().accepts_marketing, "read again, it is not given again");
    // Who agrees anew, with another site, is in it again.
    p.add("two.example.com", "anna@example.com", true);
    p.follow();
    assert!(by_email("anna@example.com").unwrap().accepts_marketing);
}

#[test]
fn the_shops_own_address_follows_the_configuration() {
    let p = play();
    let settle = |url: Option<&'static str>| {
        let (last, epoch, own) = (p.store.last_seq(), p.store.epoch(), own::address(url));
        p.write(move |tx| own::settle(tx, own.as_ref(), last, epoch)).unwrap();
        p.store.read(ops::of_the_shop).unwrap().map(|(id, site)| (id, site.address().text()))
    };
    assert_eq!(settle(None), None);
    assert_eq!(settle(Some("http://shop.example.com")), None, "it has no certificate");
    let (first, address) = settle(Some("https://shop.example.com")).unwrap();
    assert_eq!(address, "shop.example.com");
    assert_eq!(
        settle(Some("https://shop.example.com/")).unwrap().0,
        first,
        "it is the same at the next start"
    );
    assert_eq!(p.write(move |tx| ops::remove(tx, first)).unwrap_err().code, "site_is_own");
    let by_hand = p.add("new.example.com", "", false);
    assert_eq!(settle(Some("https://new.example.com")).unwrap().0, by_hand);
    assert!(
        p.store.read(|s| ops::find(s, first)).unwrap().is_none(),
        "the one before is not watched any more"
    );
    assert_eq!(settle(None), None);
    assert!(!p.store.read(|s| ops::get(s, by_hand)).unwrap().is_own, "what somebody added stays");
    p.is_sound();
}

#[test]
fn in_another_store_the_subscriptions_go_on() {
    let p = play();
    p.write(|tx| {
        for (name, _) in take::ALL {
            crate::work::subscriptions::pause(tx, name, "This shop was restored.")?;
        }
        Ok(())
    })
    .unwrap();
    p.write(|tx| own::settle(tx, None, 0, [9; 16])).unwrap();
    for (name, _) in take::ALL {
        let there = p.store.read(|s| crate::work::subscriptions::get(s, name)).unwrap();
        assert_eq!((there.paused, there.epoch), (None, [9; 16]), "{name}");
    }
}

#[test]
fn the_history_is_bounded_and_goes_with_the_site() {
    let p = play();
    let id = p.add("example.com", "", false);
    for _ in 0..CHECKS_KEPT + 3 {
        p.later(DAY_MS);
        p.seen(id, 60, &[]);
    }
    let looks = p.store.read(|s| ops::checks(s, id, None, 1_000)).unwrap().items;
    let numbers: Vec<u32> = looks.iter().map(|(number, _)| *number).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[CHECKS_KEPT - 1]), (CHECKS_KEPT, 403, 4));
    p.follow();
    p.is_sound();
    p.write(move |tx| ops::remove(tx, id)).unwrap();
    p.follow();
    p.seen(id, 60, &[]);
    let left = p.store.read(|s| {
        Ok((
            SITES.list(s, &Span::all(), Direction::Forward, 9)?.len(),
            CHECKS.list(s, &Span::all(), Direction::Forward, 9)?.len(),
            DAYS.list(s, &Span::all(), Direction::Forward, 9)?.len(),
            WARNED.list(s, &Span::all(), Direction::Forward, 9)?.len(),
        ))
    });
    assert_eq!(left.unwrap(), (0, 0, 0, 0));
    p.is_sound();
}

#[test]
fn the_most_urgent_comes_first_and_pages_go_on_where_they_ended() {
    let p = play();
    let mut expected = Vec::new();
    for (address, days, problem) in [
        ("good.example.com", 60, None),
        ("soon.example.com", 5, None),
        ("down.example.com", 40, Some(Problem::WrongName)),
        ("sooner.example.com", 2, None),
    ] {
        let id = p.add(address, "", false);
        p.seen(id, days, problem.as_slice());
        if problem.is_some() {
            p.later(RECHECK_MS);
            p.looked(id);
            p.seen(id, days, problem.as_slice());
        }
        expected.push((address, id));
    }
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = p.store.read(|s| ops::page(s, None, after, 1)).unwrap();
        after = page.items.last().map(|(id, _)| *id);
        found.extend(page.items.into_iter().map(|(_, site)| site.address().text()));
        if !page.more {
            break;
        }
    }
    assert_eq!(found, ["down.example.com", "sooner.example.com", "soon.example.com", "good.example.com"]);
    assert_eq!(p.store.read(super::failing).unwrap(), 1);
}

#[test]
fn what_is_wrong_with_a_wish_is_said_field_by_field() {
    let p = play();
    let wish = Wish {
        address: "127.0.0.1".to_owned(),
        note: "x".repeat(300),
        email: String::new(),
        consent: true,
        source: "a\nb".to_owned(),
    };
    let fields: Vec<_> = p.sites.checked(&wish).unwrap_err().fields.into_iter().map(|f| f.pointer).collect();
    assert_eq!(fields, ["/address", "/email", "/note", "/consent_source"]);
}
