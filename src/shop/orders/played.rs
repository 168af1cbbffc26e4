//! Orders as they are played through in a store: placing, importing, changing, and what follows at the customer.

use super::*;
use crate::base::money::{Currency, Money, Price};
use crate::base::time::{Clock, DAY_MS, Timestamp};
use crate::shop::customers::{self, ExternalRef, NewCustomer, Outcome};
use crate::store::{Actor, Settings, Store, TableInfo};
use std::sync::{Arc, LazyLock};

static TABLES_HERE: LazyLock<Vec<TableInfo>> =
    LazyLock::new(|| customers::TABLES.iter().chain(TABLES).copied().collect());

pub(super) fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let store = Store::open(dir.path(), &settings, clock, TABLES_HERE.as_slice()).unwrap();
    (dir, store)
}

pub(super) fn order(outside: &str, customer: &str, day: i64, minor: i64) -> NewOrder {
    NewOrder {
        source: Some(ExternalRef { source: "test".into(), id: outside.into() }),
        wished_number: outside.parse().ok(),
        placed_at: Some(Timestamp(1_780_000_000_000 + day * DAY_MS)),
        customer: NewOrderCustomer::Described(Box::new(NewCustomer {
            external: vec![ExternalRef { source: "test".into(), id: customer.into() }],
            ..NewCustomer::default()
        })),
        lines: vec![NewLine {
            title: "Mug".into(),
            quantity: 1,
            unit_price: Price::from_minor(minor, Currency::GBP).unwrap(),
            ..NewLine::default()
        }],
        is_import: true,
        ..NewOrder::new(Currency::GBP)
    }
}

pub(super) fn write<T: Send + 'static>(
    store: &Store,
    op: impl Fn(&mut crate::store::Tx<'_>) -> crate::base::error::Result<T> + Send + 'static,
) -> T {
    store.write_blocking(Actor::system("test"), op).unwrap()
}

pub(super) fn is_sound(store: &Store) {
    let found = store.check(&[check]).unwrap();
    assert!(found.is_empty(), "{found:?}");
    // What says that something changed says what.
    let events = store.read(|s| crate::store::events::after(s, 0, 10_000)).unwrap();
    for event in events {
        let told = event.data.get("changes").and_then(serde_json::Value::as_object);
        assert!(told.is_none_or(|told| !told.is_empty()), "{} {}", event.kind, event.data);
    }
}

#[test]
fn an_import_brings_an_order_once_and_keeps_its_number() {
    let (_dir, store) = store();
    let first = write(&store, |tx| import(tx, &order("536365", "17850", 0, 13912)));
    let Imported::Added(id) = first else { panic!("{first:?}") };
    assert_eq!(write(&store, |tx| import(tx, &order("536365", "17850", 0, 13912))), Imported::Unchanged(id));
    let next = write(&store, |tx| place(tx, &NewOrder { source: None, ..order("1", "17850", 1, 100) }));
    assert_eq!(store.read(|s| get(s, id)).unwrap().number, 536_365);
    assert_eq!(next.number, 1, "a wished number that is free is taken");
    let third = write(&store, |tx| {
        place(tx, &NewOrder { source: None, wished_number: Some(1), ..order("x", "17850", 1, 100) })
    });
    assert_eq!(third.number, 536_366, "a taken one is not, and numbers go on after the largest");
    is_sound(&store);
}

/// The code of the refusal.
fn refused(store: &Store, new: NewOrder) -> String {
    let refused = store.write_blocking(Actor::system("test"), move |tx| import(tx, &new)).unwrap_err();
    format!("{}: {}", refused.code, refused.message)
}

#[test]
fn an_import_brings_up_to_date_what_nobody_changed_here() {
    let (_dir, store) = store();
    let Imported::Added(id) = write(&store, |tx| import(tx, &order("7", "c1", 0, 500))) else { panic!() };
    let last = store.last_seq();
    let newer = || NewOrder { payment: Payment::Paid, tags: vec!["gift".into()], ..order("7", "c1", 0, 900) };
    assert_eq!(write(&store, move |tx| import(tx, &newer())), Imported::Changed(id));
    let events = store.read(|s| crate::store::events::after(s, last, 10)).unwrap();
    assert_eq!(
        (events.len(), events[0].kind.as_str()),
        (1, "order.reimported"),
        "one event, and the customer is as before"
    );
    assert_eq!(events[0].data["changes"]["total"], serde_json::json!(["£5.00", "£9.00"]));
    let here = store.read(|s| get(s, id)).unwrap();
    assert_eq!((here.number, here.version, here.total, here.payment), (7, 2, 900, Payment::Paid));
    assert_eq!(write(&store, move |tx| import(tx, &newer())), Imported::Unchanged(id));
    assert_eq!(store.last_seq(), last + 1);
    // And again, and back.
    assert_eq!(write(&store, |tx| import(tx, &order("7", "c1", 0, 500))), Imported::Changed(id));
    is_sound(&store);
}

#[test]
fn what_was_changed_here_is_not_overwritten_and_the_same_file_still_says_nothing_new() {
    let (_dir, store) = store();
    let Imported::Added(id) = write(&store, |tx| import(tx, &order("7", "c1", 0, 500))) else { panic!() };
    write(&store, move |tx| take(tx, id, None, Step::Pay, &StepInput::default()));
    assert_eq!(write(&store, |tx| import(tx, &order("7", "c1", 0, 500))), Imported::Unchanged(id));
    let why = refused(&store, order("7", "c1", 0, 501));
    assert!(why.starts_with("changed_here: #7 is here already and was changed here"), "{why}");
    assert_eq!(store.read(|s| get(s, id)).unwrap().total, 500);
    // An order that was placed here is not a file's to change either.
    let by_us = write(&store, |tx| place(tx, &NewOrder { is_import: false, ..order("9", "c1", 1, 100) }));
    assert_eq!(write(&store, |tx| import(tx, &order("9", "c1", 1, 100))), Imported::Unchanged(by_us.id));
    assert!(refused(&store, order("9", "c1", 1, 101)).contains("not brought by an import"));
    is_sound(&store);
}

#[test]
fn another_order_with_a_known_number_is_refused_by_name() {
    let (_dir, store) = store();
    let with = |day, email: &str, title: &str| {
        let mut new = order("1001", "", day, 500);
        new.customer = NewOrderCustomer::Guest;
        new.email = Some(email.into());
        new.lines[0].title = title.into();
        new
    };
    let first = with(0, "anna@example.com", "Mug");
    let Imported::Added(id) = write(&store, move |tx| import(tx, &first)) else { panic!() };
    let why = refused(&store, with(3, "bob@example.com", "Cup"));
    assert!(
        why.starts_with("other_order: ")
            && why.contains("#1001, placed ")
            && why.contains("by anna@example.com"),
        "{why}"
    );
    assert!(why.contains("--source-name"), "{why}");
    // Files that know only the day: the same day is not the same order.
    assert!(refused(&store, with(0, "bob@example.com", "Cup")).starts_with("other_order"));
    // A corrected address is a change of the same order, and makes nobody new.
    let corrected = with(0, "anna.b@example.com", "Mug");
    assert_eq!(write(&store, move |tx| import(tx, &corrected)), Imported::Changed(id));
    let here = store.read(|s| get(s, id)).unwrap();
    assert_eq!(here.email.as_deref(), Some("anna.b@example.com"));
    assert_eq!(store.read(|s| customers::ids(s, None, 10)).unwrap().len(), 1);
    is_sound(&store);
}

#[test]
fn a_corrected_moment_keeps_the_order_and_its_id() {
    let (_dir, store) = store();
    let placed = |outside: &str, day: i64| NewOrder {
        email: Some("anna@example.com".into()),
        ..order(outside, "c1", day, 500)
    };
    let first = placed("7", 40);
    let Imported::Added(id) = write(&store, move |tx| import(tx, &first)) else { panic!() };
    let other = placed("8", 20);
    let Imported::Added(later) = write(&store, move |tx| import(tx, &other)) else { panic!() };
    let corrected = placed("7", 1);
    assert_eq!(write(&store, move |tx| import(tx, &corrected)), Imported::Changed(id));
    is_sound(&store);
    let here = store.read(|s| get(s, id)).unwrap();
    assert_eq!(here.placed_at, placed("7", 1).placed_at.unwrap());
    let word = |id: OrderId| store.read(|s| standing(s, &get(s, id)?).map(|found| found.word())).unwrap();
    assert_eq!((word(id), word(later)), ("new", "returning"));
    let totals = store.read(|s| customers::totals(s, here.customer.unwrap())).unwrap();
    assert_eq!(totals.last_order_at, placed("8", 20).placed_at);
    let again = placed("7", 1);
    assert_eq!(write(&store, move |tx| import(tx, &again)), Imported::Unchanged(id));
    // In a file of ours it goes on with its id, whatever the moment in it is.
    let (_other, there) = self::store();
    let own = NewOrder { wished_id: Some(id), ..placed("7", 1) };
    assert_eq!(write(&there, move |tx| import(tx, &own)), Imported::Added(id));
    is_sound(&there);
}

#[test]
fn a_file_of_ours_that_was_edited_is_taken() {
    let (_dir, store) = store();
    let first = order("7", "c1", 1, 500);
    let Imported::Added(id) = write(&store, move |tx| import(tx, &first)) else { panic!() };
    let edited = |version: u64, note: &str| {
        let at = Timestamp(1_780_000_000_000);
        NewOrder {
            wished_id: Some(id),
            note: note.into(),
            life: Some(customers::Life { version, created_at: at, updated_at: at }),
            unsaid: Arc::new(Unsaid { columns: ALL_COLUMNS, ..Unsaid::default() }),
            ..order("7", "c1", 1, 500)
        }
    };
    // One without some of our columns would have them guessed.
    let part = NewOrder { unsaid: Arc::default(), ..edited(1, "by hand") };
    let refused = store.write_blocking(Actor::system("test"), move |tx| import(tx, &part)).unwrap_err();
    assert_eq!(refused.code, "file_incomplete");
    let once = edited(1, "by hand");
    assert_eq!(write(&store, move |tx| import(tx, &once)), Imported::Changed(id));
    assert_eq!(store.read(|s| get(s, id)).unwrap().note, "by hand");
    is_sound(&store);
}

#[test]
fn a_file_that_names_another_customer_moves_the_order_and_both_sums() {
    let (_dir, store) = store();
    write(&store, |tx| import(tx, &order("6", "c1", 0, 100)));
    write(&store, |tx| import(tx, &order("8", "c2", 9, 100)));
    let guest = NewOrder { customer: NewOrderCustomer::Guest, ..order("7", "", 1, 500) };
    let Imported::Added(id) = write(&store, move |tx| import(tx, &guest)) else { panic!() };
    assert_eq!(write(&store, |tx| import(tx, &order("7", "c1", 1, 500))), Imported::Changed(id));
    is_sound(&store);
    assert_eq!(write(&store, |tx| import(tx, &order("7", "c2", 1, 500))), Imported::Changed(id));
    is_sound(&store);
    let totals = |of: &str| {
        let external = ExternalRef { source: "test".into(), id: of.into() };
        store.read(|s| customers::totals(s, customers::find_by_external(s, &external)?.unwrap())).unwrap()
    };
    assert_eq!((totals("c1").orders, totals("c2").orders), (1, 2));
    assert_eq!(totals("c1").last_order_at, Some(Timestamp(1_780_000_000_000)));
}

#[test]
fn credit_notes_lower_what_a_customer_spent() {
    let (_dir, store) = store();
    write(&store, |tx| import(tx, &order("1", "14646", 0, 5000)));
    let note = |number: &str, total: i64| NewCreditNote {
        wished_id: None,
        created_at: None,
        number: number.into(),
        source: Some(ExternalRef { source: "test".into(), id: number.into() }),
        issued_at: Timestamp(1_780_000_000_000),
        customer: order("1", "14646", 0, 1).customer,
        currency: Currency::GBP,
        lines: Vec::new(),
        total,
        kind: CreditKind::Credit,
        country: String::new(),
        given: Given::default(),
    };
    let credit = note("C1", 1200);
    let import = |note: NewCreditNote| {
        let said = store.read(|s| credit_note_arrival(s, &note));
        let done = store.write_blocking(Actor::system("test"), move |tx| import_credit_note(tx, &note));
        let done = done.map(|(_, outcome)| outcome);
        assert_eq!(said.as_ref().ok(), done.as_ref().ok(), "the dry run says what is done");
        done
    };
    assert_eq!(import(credit.clone()).unwrap(), Outcome::Added);
    assert_eq!(import(credit.clone()).unwrap(), Outcome::Unchanged);
    assert_eq!(import(note("C1", 1300)).unwrap(), Outcome::Changed);
    is_sound(&store);
    assert_eq!(import(credit.clone()).unwrap(), Outcome::Changed);
    // The same in another zone than before says what it said; another time and sum are another note's.
    let local = |zone: i64| NewCreditNote {
        issued_at: Timestamp(1_780_000_000_000 - zone),
        given: Given { local: Some(vec![1_780_000_000_000]), currency: true, is_said: false },
        ..note("C1", 1200)
    };
    assert_eq!(import(local(0)).unwrap(), Outcome::Unchanged, "as it is here");
    assert_eq!(import(local(3_600_000)).unwrap(), Outcome::Changed);
    assert_eq!(import(local(7_200_000)).unwrap(), Outcome::Unchanged);
    assert_eq!(import(credit.clone()).unwrap(), Outcome::Changed, "a time with its offset corrects it");
    let later = NewCreditNote { issued_at: Timestamp(1_790_000_000_000), ..note("C1", 1400) };
    assert_eq!(import(later).unwrap_err().code, "other_credit_note");
    let external = ExternalRef { source: "test".into(), id: "14646".into() };
    let totals =
        store.read(|s| customers::totals(s, customers::find_by_external(s, &external)?.unwrap())).unwrap();
    assert_eq!((totals.orders, totals.credit_notes, totals.spent[0].amount), (1, 1, 3800));
    is_sound(&store);
}

#[test]
fn what_was_taken_for_given_is_no_news_and_what_somebody_says_corrects_it() {
    let (_dir, store) = store();
    let local = 1_780_000_000_000;
    let read = |zone: i64, is_said: bool| NewOrder {
        placed_at: Some(Timestamp(local - zone)),
        given: Given { local: Some(vec![local]), currency: true, is_said },
        ..order("1", "c1", 0, 500)
    };
    let import = |new: NewOrder| write(&store, move |tx| import(tx, &new));
    let Imported::Added(id) = import(read(0, false)) else { panic!("it is new") };
    assert_eq!(import(read(3_600_000, false)), Imported::Unchanged(id), "the shop's zone is another one");
    assert_eq!(import(read(3_600_000, true)), Imported::Changed(id));
    assert_eq!(store.read(|s| get(s, id)).unwrap().placed_at, Timestamp(local - 3_600_000));
    assert_eq!(import(read(0, false)), Imported::Unchanged(id), "what was corrected stays");
    // A newer file, read in the zone of now, is of the same order.
    let mut newer = read(0, false);
    newer.lines[0].unit_price = Price::from_minor(600, Currency::GBP).unwrap();
    assert_eq!(import(newer), Imported::Changed(id));
    assert_eq!(import(read(3_600_000, true)), Imported::Changed(id));
    // Another currency that somebody says.
    let pounds = NewOrder { currency: Currency::GBP, ..read(3_600_000, true) };
    let euros = NewOrder { currency: Currency::EUR, ..pounds.clone() };
    assert_eq!(import(pounds), Imported::Unchanged(id));
    assert_eq!(import(euros), Imported::Changed(id));
    // The day and the month the other way round, on an order of nobody: 3 May and 5 March.
    let dated = |at: &str| NewOrder {
        customer: NewOrderCustomer::Guest,
        placed_at: Some(Timestamp::parse(at).unwrap()),
        ..order("2", "", 0, 700)
    };
    let Imported::Added(other) = import(dated("2026-05-03T10:00:00Z")) else { panic!("it is new") };
    assert_eq!(import(dated("2026-03-05T10:00:00Z")), Imported::Changed(other));
    let far = dated("2026-01-09T10:00:00Z");
    let error = store
        .write_blocking(Actor::system("test"), move |tx| super::import(tx, &far).map(|_| ()))
        .unwrap_err();
    assert_eq!(error.code, "other_order");
    is_sound(&store);
}

#[test]
fn an_order_is_known_by_its_name_in_a_file_without_ids() {
    let (_dir, store) = store();
    let named = |id: &str, name: &str, number: Option<u64>| NewOrder {
        source_name: name.into(),
        wished_number: number,
        ..order(id, "7", 0, 500)
    };
    // Two names of one number, of which the second has another one here; and names that give none.
    let orders = [("71", "DE1001", Some(1001)), ("72", "FR1001", Some(1001)), ("73", "#EU-2024-1", None)];
    for (id, name, number) in orders {
        let full = named(id, name, number);
        let Imported::Added(here) = write(&store, move |tx| import(tx, &full)) else { panic!("{name}") };
        let short = named(name, name, number);
        assert_eq!(write(&store, move |tx| import(tx, &short)), Imported::Unchanged(here), "{name}");
    }
    // The shorter file first.
    let short = named("#9-A-1", "#9-A-1", None);
    let Imported::Added(here) = write(&store, move |tx| import(tx, &short)) else { panic!() };
    let full = named("79", "#9-A-1", None);
    assert_eq!(write(&store, move |tx| import(tx, &full)), Imported::Unchanged(here));
    is_sound(&store);
}

#[test]
fn an_order_imported_between_others_turns_the_later_one() {
    let (_dir, store) = store();
    let ids: Vec<OrderId> = [("2", 2), ("3", 3), ("1", 1)]
        .into_iter()
        .map(|(n, day)| match write(&store, move |tx| import(tx, &order(n, "7", day, 100))) {
            Imported::Added(id) | Imported::Changed(id) | Imported::Unchanged(id) => id,
        })
        .collect();
    let words = |store: &Store| -> Vec<&'static str> {
        store.read(|s| ids.iter().map(|id| Ok(standing(s, &get(s, *id)?)?.word())).collect()).unwrap()
    };
    assert_eq!(words(&store), ["returning", "returning", "new"]);
    let last = store.last_seq();
    let first = ids[2];
    write(&store, move |tx| take(tx, first, None, Step::Cancel, &StepInput::default()));
    assert_eq!(words(&store), ["new", "returning", "new"]);
    let event = store.read(|s| crate::store::events::after(s, last, 10)).unwrap().remove(0);
    let turned: Vec<String> = event.also.iter().map(ToString::to_string).collect();
    assert!(turned.contains(&ids[0].to_string()), "the event names the order that turned");
    assert!(!turned.contains(&ids[1].to_string()), "and not the one that did not");
    is_sound(&store);
}

#[test]
fn counters_and_totals_stay_right_through_any_steps() {
    let (_dir, store) = store();
    let mut ids = Vec::new();
    for n in 0..12_i64 {
        let placed = write(&store, move |tx| {
            import(tx, &order(&(100 + n).to_string(), &(n % 3).to_string(), n, 100 * n))
        });
        let Imported::Added(id) = placed else { panic!("{placed:?}") };
        ids.push(id);
    }
    // A fixed but mixed sequence of steps, allowed and not.
    let mut state = 7_usize;
    for _ in 0..400 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let id = ids[(state >> 33) % ids.len()];
        let step = Step::ALL[(state >> 40) % Step::ALL.len()];
        let _refused_or_done = store
            .write_blocking(Actor::system("test"), move |tx| take(tx, id, None, step, &StepInput::default()));
    }
    is_sound(&store);
}

#[test]
fn what_is_taken_back_brings_back_the_state_before() {
    let (_dir, store) = store();
    let wish =
        NewOrder { payment: Payment::Authorised, fulfilment: Fulfilment::Part, ..order("7", "c1", 0, 500) };
    let Imported::Added(id) = write(&store, move |tx| import(tx, &wish)) else { panic!() };
    let here = || store.read(|s| get(s, id)).unwrap();
    let step = |step: Step, input: StepInput| {
        let before = here();
        write(&store, move |tx| take(tx, id, None, step, &input.clone()));
        taken_back_by(step, &before)
    };
    for first in [Step::Pay, Step::Ship] {
        let (back, needs) = step(first, StepInput::default());
        step(back, needs);
    }
    assert_eq!((here().payment, here().fulfilment), (Payment::Authorised, Fulfilment::Part));

    // What a step takes away is in what takes it back.
    let tracked = StepInput { carrier: "DHL".into(), tracking: "0034".into(), ..StepInput::default() };
    step(Step::Ship, tracked.clone());
    // And the number that it had, so that nobody is told of it twice.
    let had = |input: &StepInput| StepInput { again: Some(here().version - 1), ..input.clone() };
    assert_eq!(step(Step::Unship, StepInput::default()), (Step::Ship, had(&tracked)));
    let part = StepInput { more_follows: true, ..tracked };
    step(Step::Ship, part.clone());
    assert_eq!(step(Step::Unship, StepInput::default()), (Step::Ship, had(&part)));
    let half = StepInput {
        amount: Some(Money::new(200, here().currency)),
        method: "bank".into(),
        reference: "TX 7".into(),
        ..StepInput::default()
    };
    step(Step::Pay, half.clone());
    assert_eq!((here().payment, here().due()), (Payment::PartPaid, 300));
    step(Step::Pay, StepInput::default());
    assert_eq!((here().payment, here().due()), (Payment::Paid, 0));
    assert_eq!(step(Step::Unpay, StepInput::default()).1.amount.map(|amount| amount.amount), Some(300));
    assert_eq!(
        step(Step::Unpay, StepInput::default()),
        (Step::Pay, StepInput { again: Some(here().version - 3), ..half })
    );
    assert_eq!(here().payment, Payment::Authorised);
    step(Step::Hold, StepInput { note: "fraud?".into(), ..StepInput::default() });
    let (_, needs) = step(Step::Release, StepInput::default());
    assert_eq!(needs.note, "fraud?");
    step(Step::Complete, StepInput::default());
    assert_eq!(step(Step::Reopen, StepInput::default()).0, Step::Complete);
    is_sound(&store);

    // What was corrected of a parcel is what taking it back brings back.
    step(Step::Ship, StepInput { tracking: "0034".into(), ..StepInput::default() });
    let right = ParcelChange { carrier: Some("DHL".into()), tracking: Some(" 0035 ".into()) };
    write(&store, move |tx| correct_parcel(tx, id, None, 1, &right));
    is_sound(&store);
    let needs = step(Step::Unship, StepInput::default()).1;
    assert_eq!((needs.carrier.as_str(), needs.tracking.as_str()), ("DHL", "0035"));
}

#[test]
fn a_draft_stays_one_through_a_cancellation_and_becomes_an_order_that_counts() {
    let (_dir, store) = store();
    let wish = NewOrder { status: Status::Draft, ..order("7", "c1", 0, 500) };
    let Imported::Added(id) = write(&store, move |tx| import(tx, &wish)) else { panic!() };
    let step = |step: Step| write(&store, move |tx| take(tx, id, None, step, &StepInput::default()));
    let spent = |order: &Order| {
        store
            .read(|s| customers::totals(s, order.customer.unwrap()))
            .unwrap()
            .spent
            .iter()
            .map(|s| s.amount)
            .sum::<i64>()
    };
    step(Step::Cancel);
    let draft = step(Step::Reopen);
    assert_eq!((draft.status, draft.payment, spent(&draft)), (Status::Draft, Payment::Unpaid, 0));
    let placed = step(Step::Place);
    assert_eq!((placed.status, spent(&placed)), (Status::Open, 500));
    is_sound(&store);
    let draft = step(Step::Unplace);
    assert_eq!((draft.status, draft.confirmed_at, spent(&draft)), (Status::Draft, None, 0));
    step(Step::Place);
    step(Step::Cancel);
    assert_eq!(step(Step::Reopen).status, Status::Open);
    is_sound(&store);
}
