//! Crashes while orders are placed, refused, repeated and cancelled by several callers at once (promises: P1, P2).

use super::*;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::base::money::{Currency, Price};
use crate::base::time::{Clock, Timestamp};
use crate::shop::customers;
use crate::store::crashing::{self, Bytes, Cut, History, Recorder, Settles};
use crate::store::{Actor, Store, Subject, TableInfo, Tx, events};
use std::sync::{LazyLock, Mutex};

static TABLES_HERE: LazyLock<Vec<TableInfo>> =
    LazyLock::new(|| customers::TABLES.iter().chain(TABLES).copied().collect());

const CALLERS: usize = 4;
const EACH: usize = 12;
const SCOPE: &str = "key_crash";

fn over(medium: Recorder) -> Result<Store> {
    crashing::over(medium, Clock::manual(Timestamp(1_790_000_000_000)), &TABLES_HERE, Settles::Beside)
}

/// What a caller was told.
#[derive(Clone, Debug)]
enum Told {
    Placed { key: String, id: OrderId },
    Cancelled(OrderId),
}

fn hash_of(key: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().zip(key.bytes()) {
        *place = byte;
    }
    hash
}

fn new_order(caller: usize, n: usize) -> NewOrder {
    let line = |sku: &str| NewLine {
        sku: sku.to_owned(),
        title: "Mug".to_owned(),
        // Every fifth one is refused: it must leave no trace in the group it came with.
        quantity: if n % 5 == 4 { 0 } else { 2 },
        unit_price: Price::from_minor(1_250, Currency::EUR).unwrap(),
        ..NewLine::default()
    };
    NewOrder {
        email: Some(format!("c{}@example.com", (caller + n) % 3)),
        lines: vec![line("MUG-1"), line("MUG-2")],
        ..NewOrder::new(Currency::EUR)
    }
}

fn id_of(body: &[u8]) -> Option<OrderId> {
    OrderId::parse(std::str::from_utf8(body).ok()?).ok()
}

/// Places under a key, as the API does: an answered key is answered again.
fn place_once(tx: &mut Tx<'_>, key: &str, new: &NewOrder) -> Result<OrderId> {
    if let Some(first) = tx.replay(SCOPE, key, &hash_of(key))? {
        return id_of(&first.body).ok_or_else(|| Error::internal("a remembered answer that is none"));
    }
    let id = place(tx, new)?.id;
    tx.remember(SCOPE, key, &hash_of(key), 201, id.to_string().as_bytes())?;
    Ok(id)
}

fn history() -> History<Told> {
    let recorder = Recorder::slow();
    let store = over(recorder.clone()).unwrap();
    let first = recorder.count();
    let told = Mutex::new(Vec::new());
    let tell = |what: Told| told.lock().unwrap().push((recorder.count(), what));
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (store, tell) = (&store, &tell);
            scope.spawn(move || {
                let mut last = None;
                for n in 0..EACH {
                    let key = format!("k-{caller}-{n}");
                    let (own, new) = (key.clone(), new_order(caller, n));
                    let placed =
                        store.write_blocking(Actor::system("crash"), move |tx| place_once(tx, &own, &new));
                    match placed {
                        Ok(id) => {
                            tell(Told::Placed { key, id });
                            last = Some(id);
                        }
                        Err(error) => assert_eq!(error.kind, Kind::Invalid, "{error:?}"),
                    }
                    if n % 4 == 3
                        && let Some(id) = last.take()
                    {
                        store
                            .write_blocking(Actor::system("crash"), move |tx| {
                                take(tx, id, None, Step::Cancel, &StepInput::default())
                            })
                            .unwrap();
                        tell(Told::Cancelled(id));
                    }
                }
            });
        }
    });
    let calls = recorder.calls();
    store.close().unwrap();
    History { calls, first, acknowledged: told.into_inner().unwrap() }
}

fn found_in(store: &Store, known: &[&Told]) -> Result<Vec<String>> {
    let mut wrong: Vec<String> = store.check(&[check])?.iter().map(|f| format!("check: {f:?}")).collect();
    let keys: Vec<String> = (0..CALLERS).flat_map(|c| (0..EACH).map(move |n| format!("k-{c}-{n}"))).collect();
    let answers = store.write_blocking(Actor::system("crash"), {
        let keys = keys.clone();
        move |tx| keys.iter().map(|key| tx.replay(SCOPE, key, &hash_of(key))).collect::<Result<Vec<_>>>()
    })?;
    let answers: Vec<(String, Option<OrderId>)> =
        keys.into_iter().zip(answers).map(|(key, a)| (key, a.and_then(|a| id_of(&a.body)))).collect();
    let all = store.read(|s| ids(s, None, usize::MAX))?;
    if all.len() != answers.iter().filter(|(_, id)| id.is_some()).count() {
        wrong.push(format!("{} orders, other remembered answers", all.len()));
    }
    for id in all {
        let order = store.read(|s| get(s, id))?;
        let told = store.read(|s| events::of_subject(s, &Subject::of(&id), None, 99))?;
        // Events of the customer's other orders may concern this one too.
        let own = |kind| told.iter().filter(|e| e.kind == kind && e.subject == Subject::of(&id)).count();
        let (placed, cancelled) = (own("order.placed"), own("order.cancelled"));
        if order.lines.len() != 2 || placed != 1 || cancelled != usize::from(order.cancelled.is_some()) {
            wrong.push(format!("order {id} is not whole"));
        }
    }
    for told in known {
        let is_kept = match told {
            Told::Placed { key, id } => answers.iter().any(|(k, a)| k == key && *a == Some(*id)),
            Told::Cancelled(id) => store.read(|s| find(s, *id))?.is_some_and(|o| o.cancelled.is_some()),
        };
        if !is_kept {
            wrong.push(format!("lost: {told:?}"));
        }
    }
    // Work goes on, and whoever repeats a call gets the same order.
    for (key, first) in answers.into_iter().take(3) {
        let again =
            store.write_blocking(Actor::system("crash"), move |tx| place_once(tx, &key, &new_order(0, 0)))?;
        if first.is_some_and(|first| first != again) {
            wrong.push(format!("a repeated call made {again}"));
        }
    }
    Ok(wrong)
}

fn wrong(bytes: Bytes, known: &[&Told]) -> Option<String> {
    let clock = Clock::manual(Timestamp(1_790_000_100_000));
    let store = match crashing::over(bytes, clock, &TABLES_HERE, Settles::Beside) {
        Ok(store) => store,
        Err(error) => return Some(format!("opening: {} {}", error.code, error.cause_chain())),
    };
    let found = found_in(&store, known).unwrap_or_else(|e| vec![format!("{} {}", e.code, e.cause_chain())]);
    drop(store.close());
    found.into_iter().next()
}

fn play(cut: Cut, points: u32, seed: u64) -> Vec<String> {
    crashing::play(&history(), cut, points, seed, over, wrong)
}

#[test]
fn a_kill_while_orders_are_placed_loses_and_doubles_none() {
    assert_eq!(play(Cut::Kill, crashing::points(5_000), crashing::seed(11)), Vec::<String>::new());
}

#[test]
fn a_power_cut_while_orders_are_placed_loses_and_doubles_none() {
    assert_eq!(play(Cut::Power, crashing::points(5_000), crashing::seed(12)), Vec::<String>::new());
}

#[test]
fn a_disk_that_lies_about_orders_is_noticed() {
    let found = play(Cut::PowerAndLies, 200, 13);
    assert!(found.len() > 15, "{} of 200", found.len());
}
