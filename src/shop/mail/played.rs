//! Mails as they are played through in a store: one for one fact, the same bytes at every try, nothing after its moment.

use super::bounce;
use super::deliver::Deliveries;
use super::desk::Post;
use super::model::{Content, MAILS, MailId, State};
use super::ops::{self, New};
use super::returned;
use super::settings::{self, LANE, Settings};
use super::suppress;
use super::take::Notices;
use crate::base::money::{Currency, Price};
use crate::base::time::{Clock, DAY_MS, HOUR_MS, MINUTE_MS, Timestamp, Zone};
use crate::outbound::smtp::{Place, Server, Tls};
use crate::shop::customers;
use crate::shop::orders::{self, NewLine, NewOrder, OrderId, StepInput};
use crate::store::{Actor, Direction, Event, Span, Store, StoredEvent, TableInfo, Tx, events};
use crate::work::Work;
use crate::work::jobs::{self, Jobs};
use crate::work::schedules::{Missed, Plan, Schedules};
use crate::work::subscriptions::Subscriber as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static TABLES_HERE: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
    let floors = crate::access::TABLES.iter().chain(crate::work::TABLES);
    floors
        .chain(&[customers::TABLES, orders::TABLES, super::TABLES])
        .flat_map(|t| t.iter().copied())
        .collect()
});

pub(super) fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let own = crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let store = Store::open(dir.path(), &own, clock, TABLES_HERE.as_slice()).unwrap();
    let (epoch, all) = (store.epoch(), ["order_placed", "order_paid", "order_cancelled"].map(str::to_owned));
    let wish = Settings { on: all.to_vec(), address: "shop@example.com".to_owned(), ..Settings::default() };
    let new = settings::checked(&wish, true).unwrap();
    write(&store, move |tx| settings::set(tx, &new, None, epoch));
    (dir, store)
}

pub(super) fn write<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut Tx<'_>) -> crate::base::error::Result<T> + Send + 'static,
) -> T {
    store.write_blocking(Actor::system("test"), op).unwrap()
}

pub(super) fn place(store: &Store, days_ago: i64) -> OrderId {
    let placed_at = store.clock().now().plus_ms(-days_ago * DAY_MS);
    write(store, move |tx| {
        let line = NewLine {
            title: "Mug".to_owned(),
            quantity: 1,
            unit_price: Price::from_minor(1_250, Currency::EUR)?,
            ..NewLine::default()
        };
        let new = NewOrder {
            email: Some("anna@example.com".to_owned()),
            lines: vec![line],
            placed_at: Some(placed_at),
            ..NewOrder::new(Currency::EUR)
        };
        Ok(orders::place(tx, &new)?.id)
    })
}

pub(super) fn step(store: &Store, id: OrderId, word: &str) {
    let step = orders::Step::from_word(word).unwrap();
    write(store, move |tx| orders::take(tx, id, None, step, &StepInput::default()).map(drop));
}

/// Gives every event of orders to the mailer once, as the loop does.
pub(super) fn take_all(store: &Store) {
    let all: Vec<StoredEvent> = store.read(|s| events::after(s, 0, 1_000)).unwrap();
    write(store, move |tx| {
        all.iter().try_for_each(|event| Notices { hold_ms: 10_000 }.take(tx, LANE, event))
    });
}

fn states(store: &Store) -> Vec<(String, State, String)> {
    let rows = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 100)).unwrap();
    rows.into_iter().map(|(_, mail)| (mail.moment, mail.state, mail.reason)).collect()
}

#[test]
fn an_event_that_is_read_twice_makes_one_mail() {
    let (_dir, store) = store();
    let id = place(&store, 0);
    step(&store, id, "pay");
    take_all(&store);
    take_all(&store);
    let mut moments: Vec<String> = states(&store).into_iter().map(|(moment, ..)| moment).collect();
    moments.sort();
    assert_eq!(moments, ["order_paid", "order_placed"]);
    // It is the key that keeps them apart: with another one for the same fact there are two.
    let planted =
        New { moment: "order_placed", to: "anna@example.com".into(), key: "other".into(), ..New::default() };
    write(&store, move |tx| {
        let now = tx.now();
        ops::add(tx, planted.clone(), "shop@example.com", now).map(drop)
    });
    assert_eq!(states(&store).len(), 3);
}

#[test]
fn a_second_try_sends_the_bytes_of_the_first_whatever_has_changed() {
    let (_dir, store) = store();
    let order = place(&store, 0);
    take_all(&store);
    let (id, _) = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 1)).unwrap().remove(0);
    let post = Post::new(&store, None, 10, None);
    let deliveries = Deliveries::new(post);
    let first = deliveries.written(id).unwrap().unwrap();
    assert_eq!(
        store.read(|s| ops::get(s, id)).unwrap().state,
        State::Sending,
        "written down before it is sent"
    );
    // The shop gets another name, and time goes by: as after a kill.
    let (wish, epoch) =
        (Settings { name: "Other".into(), ..store.read(settings::get).unwrap() }, store.epoch());
    write(&store, move |tx| settings::set(tx, &wish, None, epoch));
    store.clock().set(store.clock().now().plus_ms(60_000));
    assert_eq!(deliveries.written(id).unwrap().unwrap(), first);
    // The log has the try that nobody noted the end of.
    let tries = store.read(|s| ops::get(s, id)).unwrap().attempts;
    let cut_off: Vec<_> = tries.iter().map(|attempt| (attempt.at, attempt.is_cut_off)).collect();
    assert_eq!(cut_off, [(Timestamp(1_790_000_000_000), true)]);
    // A cancelled order is not confirmed, not even at the second try.
    step(&store, order, "cancel");
    assert!(deliveries.written(id).unwrap().is_none());
    assert_eq!(store.read(|s| ops::get(s, id)).unwrap().state, State::Dropped);
}

#[test]
fn what_is_old_and_whom_nothing_is_sent_to_stand_in_the_log_with_the_reason() {
    let (_dir, store) = store();
    place(&store, 4);
    take_all(&store);
    let (_, state, reason) = states(&store).remove(0);
    assert_eq!(state, State::Dropped);
    assert!(reason.contains("three days old"), "{reason}");
    write(&store, |tx| suppress::add(tx, "Anna@Example.com", "It came back."));
    store.clock().set(store.clock().now().plus_ms(1_000));
    place(&store, 0);
    take_all(&store);
    let (id, _) = store.read(|s| MAILS.list(s, &Span::all(), Direction::Backward, 1)).unwrap().remove(0);
    let deliveries = Deliveries::new(Post::new(&store, None, 10, None));
    assert!(deliveries.written(id).unwrap().is_none());
    assert!(store.read(|s| ops::get(s, id)).unwrap().reason.contains("It came back."));
}

#[test]
fn what_is_switched_off_is_not_sent_but_what_somebody_asked_for_is() {
    let (_dir, store) = store();
    place(&store, 0);
    take_all(&store);
    let (id, _) = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 1)).unwrap().remove(0);
    let (wish, epoch) = (Settings { on: Vec::new(), ..store.read(settings::get).unwrap() }, store.epoch());
    write(&store, move |tx| settings::set(tx, &wish, None, epoch));
    let deliveries = Deliveries::new(Post::new(&store, None, 10, None));
    assert!(deliveries.written(id).unwrap().is_none());
    let next = write(&store, move |tx| {
        let now = tx.now();
        ops::again(tx, id, now)
    });
    assert!(deliveries.written(next).unwrap().is_some());
}

/// What the work behind tells when the daily backup failed.
#[derive(serde::Serialize)]
struct Failed {
    name: &'static str,
    title: &'static str,
    missed: bool,
    reason: &'static str,
}
impl Failed {
    const KIND: &'static str = "schedule.failed";
}
impl Event for Failed {
    fn kind(&self) -> &'static str {
        Self::KIND
    }
}

#[test]
fn a_schedule_that_failed_is_told_to_the_shop_unless_it_has_run_well_meanwhile() {
    let (_dir, store) = store();
    let (wish, epoch) = (store.read(settings::get).unwrap(), store.epoch());
    let wish = Settings {
        on: vec!["schedule_failed".to_owned()],
        notices_to: "boss@example.com".to_owned(),
        language: "de".to_owned(),
        ..wish
    };
    write(&store, move |tx| settings::set(tx, &wish, None, epoch));
    // A job of the schedule failed for good.
    let jobs = Jobs::new(store.clone(), Vec::new(), |_, _| Ok(true));
    let plan = Plan {
        name: "backup",
        title: "Daily backup",
        sentence: "Copies everything.",
        cron: "0 3 * * *".to_owned(),
        missed: Missed::Skip,
        off: None,
        kind: "backup",
        due: None,
    };
    let schedules = Schedules::new(store.clone(), jobs, vec![plan], Zone::utc);
    let now = store.clock().now();
    schedules.tick(now).unwrap();
    let event = Failed { name: "backup", title: "Daily backup", missed: false, reason: "Disk full." };
    let day_later = now.plus_ms(DAY_MS + HOUR_MS);
    store.clock().set(day_later);
    schedules.tick(day_later).unwrap();
    // The program did not run at three: that is told by itself, and once more by hand to have two.
    write(&store, move |tx| tx.publish(settings::SUBJECT, &event).map(drop));
    take_all(&store);
    take_all(&store);
    let rows = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 9)).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|(_, mail)| mail.to == "boss@example.com"));
    let deliveries = Deliveries::new(Post::new(&store, None, 10, Some("https://shop.example.com")));
    let written = |n: usize| deliveries.written(rows[n].0).unwrap();
    let both = [written(0).unwrap(), written(1).unwrap()];
    let mut subjects = both.clone().map(|content| content.subject);
    subjects.sort();
    assert_eq!(subjects, ["Daily backup ist fehlgeschlagen", "Daily backup wurde versäumt"]);
    assert!(both.iter().all(|mail| mail.text.contains("https://shop.example.com/admin/schedules/backup")));
    // It runs before they are sent.
    store.clock().set(day_later.plus_ms(HOUR_MS));
    let own = schedules.clone();
    write(&store, move |tx| own.run_now(tx, "backup").map(drop));
    assert!(written(0).is_none() && written(1).is_none());
    let well = "It went well before this was sent.";
    assert!(states(&store).iter().all(|(_, state, why)| *state == State::Dropped && why == well));
}

#[test]
fn a_round_through_the_mailbox_that_waits_to_be_made_again_is_the_next_one() {
    let (_dir, store) = store();
    let jobs = Jobs::new(store.clone(), Vec::new(), |_, _| Ok(true));
    let schedules = Schedules::new(store.clone(), jobs, vec![returned::plan(&store)], Zone::utc);
    let tick = |minutes: i64| {
        store.clock().set(store.clock().now().plus_ms(minutes * MINUTE_MS));
        schedules.tick(store.clock().now()).unwrap()
    };
    assert_eq!((tick(0), tick(5), tick(60)), (1, 0, 0));
    let waits = store.read(|s| jobs::of_lane(s, "read_bounces", jobs::State::Ready, 9)).unwrap().items;
    let id = waits[0].0;
    write(&store, move |tx| jobs::cancel(tx, id));
    assert_eq!((waits.len(), tick(0), tick(4), tick(1)), (1, 1, 0, 0));
}

#[test]
fn a_report_is_believed_of_a_mail_and_its_own_address_alone_and_only_once() {
    let (_dir, store) = store();
    place(&store, 0);
    take_all(&store);
    let (id, mail) = store.read(|s| MAILS.list(s, &Span::all(), Direction::Forward, 9)).unwrap().remove(0);
    write(&store, move |tx| {
        let mut mail = ops::get(tx, id)?;
        ops::set(tx, id, &mut mail, State::Sent)
    });
    let told = |address: &'static str, message_id: String| {
        let bounce = bounce::checked(address, Some("hard"), Some("550 5.1.1 gone")).unwrap();
        write(&store, move |tx| bounce::note_of_stranger(tx, &bounce, &message_id))
    };
    let right = format!("<{}>", mail.message_id);
    let before = store.last_seq();
    for (address, message_id) in [
        ("otto@example.com", right.clone()),
        ("anna@example.com", format!("{id}@elsewhere.example")),
        ("anna@example.com", id.to_string()),
        ("anna@example.com", String::new()),
    ] {
        assert_eq!(told(address, message_id), None);
    }
    assert_eq!(store.last_seq(), before, "nothing happened");
    assert_eq!(told("Anna@example.com", right.clone()), Some(true));
    assert_eq!(store.last_seq(), before + 2, "the mail failed, the address is not written to");
    assert_eq!(told("anna@example.com", right), Some(false));
    assert_eq!(store.last_seq(), before + 2);
}

/// A shop that may send so many mails a day, and what becomes of some.
struct Full {
    store: Store,
    deliveries: Deliveries,
    _dir: tempfile::TempDir,
}

impl Full {
    fn open(limit: u32) -> Self {
        let (dir, store) = store();
        let deliveries = Deliveries::new(Post::new(&store, None, 10, None));
        let full = Self { store, deliveries, _dir: dir };
        full.limit(limit);
        full
    }
    fn limit(&self, daily_limit: u32) {
        let (was, epoch) = (self.store.read(settings::get).unwrap(), self.store.epoch());
        let on = vec!["new_message".to_owned()];
        let wish = Settings { daily_limit, on, notices_to: "boss@example.com".to_owned(), ..was };
        write(&self.store, move |tx| settings::set(tx, &wish, None, epoch).map(drop));
    }
    /// A mail whose job waits for two hours more.
    fn add(&self, moment: &'static str, by: &'static str) -> MailId {
        write(&self.store, move |tx| {
            let key = format!("planted/{}", tx.new_id::<MailId>());
            let new = New { moment, to: "boss@example.com".into(), by: by.into(), key, ..New::default() };
            let due_at = tx.now().plus_ms(2 * HOUR_MS);
            let id = ops::add(tx, new, "shop@example.com", due_at)?.unwrap();
            let content = Content {
                from_name: String::new(),
                from: "shop@example.com".to_owned(),
                reply_to: None,
                subject: "Hello".to_owned(),
                text: String::new(),
                html: String::new(),
                at: tx.now(),
                in_reply_to: None,
            };
            ops::keep(tx, id, &content).map(|()| id)
        })
    }
    /// Why it does not go today; empty when it does.
    fn why_not(&self, id: MailId) -> String {
        let goes = self.deliveries.written(id).unwrap().is_some();
        let mail = self.store.read(|s| ops::get(s, id)).unwrap();
        assert_eq!(goes, mail.reason.is_empty());
        mail.reason
    }
    /// For how long the mail and its job wait.
    fn waits_ms(&self, id: MailId) -> (i64, i64) {
        let mail = self.store.read(|s| ops::get(s, id)).unwrap();
        let job = self.store.read(|s| jobs::get(s, mail.job.unwrap())).unwrap();
        let now = self.store.clock().now();
        (mail.due_at.since_ms(now), job.due_at.since_ms(now))
    }
}

#[test]
fn what_waits_for_tomorrow_is_due_when_more_may_be_sent() {
    let shop = Full::open(1);
    let (first, second, later) = (shop.add("test", ""), shop.add("test", ""), shop.add("test", ""));
    assert_eq!(shop.why_not(first), "");
    assert_eq!(shop.why_not(second), "The one mail of the day is sent; this one goes tomorrow.");
    assert!(shop.waits_ms(second).0 > 2 * HOUR_MS, "until tomorrow");
    shop.limit(2);
    assert_eq!((shop.waits_ms(second), shop.why_not(second)), ((0, 0), String::new()));
    assert_eq!(shop.waits_ms(later), (2 * HOUR_MS, 2 * HOUR_MS), "that waits for something else");
    assert_eq!(shop.why_not(later), "The 2 mails of the day are sent; this one goes tomorrow.");
    // Fewer change nothing.
    shop.limit(1);
    assert_eq!(shop.waits_ms(later).1, 2 * HOUR_MS);
}

#[test]
fn what_strangers_cause_leaves_half_of_the_day_to_the_others() {
    let shop = Full::open(4);
    let notice = || shop.why_not(shop.add("new_message", ""));
    assert_eq!((notice(), notice()), (String::new(), String::new()));
    let full = "Half of the mails of the day are of this kind already; this one goes tomorrow.";
    assert_eq!(notice(), full);
    // Somebody asked for this one; the others have what is left.
    assert_eq!(shop.why_not(shop.add("new_message", "Anna")), "");
    assert_eq!(shop.why_not(shop.add("test", "")), "");
    assert!(shop.why_not(shop.add("test", "")).starts_with("The 4 mails"));
    // The next day is another.
    shop.store.clock().set(shop.store.clock().now().plus_ms(DAY_MS));
    assert_eq!((notice(), notice(), notice()), (String::new(), String::new(), full.to_owned()));
}

/// A mail server that takes everything; gives its port.
fn takes_everything() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = |socket: TcpStream| -> std::io::Result<()> {
        let mut answers = socket.try_clone()?;
        let mut answer = |text: &str| answers.write_all(format!("{text}\r\n").as_bytes());
        answer("220 here")?;
        let mut is_content = false;
        for line in BufReader::new(socket).lines() {
            let line = line?;
            match (is_content, line.as_str()) {
                (true, ".") => is_content = answer("250 taken").map(|()| false)?,
                (true, _) => {}
                (false, "DATA") => is_content = answer("354 go on").map(|()| true)?,
                (false, _) => answer("250 well")?,
            }
        }
        Ok(())
    };
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || talk(socket));
        }
    });
    port
}

#[test]
fn a_backlog_of_more_days_than_a_mail_has_tries_is_sent_a_day_at_a_time() {
    const DAYS: usize = 15;
    let shop = Full::open(1);
    let place = Place {
        host: "127.0.0.1",
        port: Some(takes_everything()),
        tls: Tls::None,
        login: None,
        hello: None,
        authority: None,
        patience: Duration::from_secs(9),
        dkim: None,
        returns_to: None,
    };
    let post = Post::new(&shop.store, Some(Server::new(&place).unwrap()), 10, None);
    let mails: Vec<MailId> = (0..DAYS).map(|_| shop.add("test", "")).collect();
    let sent = || {
        let mails = mails.iter().map(|id| shop.store.read(|s| ops::get(s, *id)).unwrap());
        mails.filter(|mail| mail.state == State::Sent).count()
    };
    for day in 1..=DAYS {
        // It was not running while the clock went on, so that this is no clock that was set.
        shop.store.clock().set(shop.store.clock().now().plus_ms(DAY_MS));
        let running = Work::new(shop.store.clone(), post.workers(), Vec::new()).start().unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        let now = shop.store.clock().now();
        let of_lane = |state| shop.store.read(|s| jobs::of_lane(s, LANE, state, 99)).unwrap().items;
        let waits_for_tomorrow = || {
            let waiting = of_lane(jobs::State::Ready);
            let dead = of_lane(jobs::State::Dead);
            assert!(dead.is_empty(), "on day {day}: {:?}", dead[0].1.error);
            // The one of this day may be under way.
            sent() == day && waiting.len() == DAYS - day && waiting.iter().all(|(_, job)| job.due_at > now)
        };
        while !waits_for_tomorrow() {
            assert!(Instant::now() < end, "day {day} does not end");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        drop(running);
        assert_eq!(sent(), day);
    }
}
