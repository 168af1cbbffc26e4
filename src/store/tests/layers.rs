//! Reads through what waits over the database, set over set, while the database takes some of it.

use super::*;
use crate::store::crashing::{Bytes, Names};
use crate::store::engine::EngineSnapshot;
use crate::store::engine::memory::{Disk, MemoryOpener};
use crate::store::journal::{JournaledOpener, Pace, Tap};
use crate::store::write_set::WriteSet;
use crate::store::{Direction, Span};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

const NAME: &str = THINGS.name();

#[derive(Clone, Debug)]
enum Act {
    /// Rows that are put or removed in one group.
    Write(Vec<(Vec<u8>, Option<u8>)>),
    /// A reader comes and stays.
    Hold,
    /// The one that has stayed longest goes.
    LetGo,
    /// The database takes what waits.
    Settle,
}

fn act() -> impl Strategy<Value = Act> {
    let row = (prop::collection::vec(0u8..4, 0..3), prop::option::weighted(0.6, any::<u8>()));
    prop_oneof![
        6 => prop::collection::vec(row, 1..6).prop_map(Act::Write),
        3 => Just(Act::Hold),
        1 => Just(Act::LetGo),
        1 => Just(Act::Settle),
    ]
}

fn differs(rows: &dyn EngineSnapshot, model: &Model) -> Option<String> {
    let mut found = Vec::new();
    for direction in [Direction::Forward, Direction::Backward] {
        let mut walked = Vec::new();
        rows.walk(NAME, &Span::all(), direction, &mut |k, v| {
            walked.push((k.to_vec(), v.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        if direction == Direction::Backward {
            walked.reverse();
        }
        found.push(walked);
    }
    let expected: Vec<_> = model.clone().into_iter().collect();
    let count = rows.count(NAME).unwrap();
    let is_got = |(key, value): &(Vec<u8>, Vec<u8>)| {
        let mut got = None;
        rows.get(NAME, key, &mut |v| got = Some(v.to_vec())).unwrap() && got.as_ref() == Some(value)
    };
    let same =
        found.iter().all(|f| *f == expected) && count == model.len() as u64 && expected.iter().all(is_got);
    (!same).then(|| format!("{found:?}, {count} counted, in place of {expected:?}"))
}

proptest! {
    #[test]
    fn a_snapshot_is_the_state_of_its_moment_for_ever(acts in prop::collection::vec(act(), 0..60)) {
        let opener = JournaledOpener {
            below: Box::new(MemoryOpener(Arc::<Disk>::default())),
            folder: Arc::new(Names(Bytes::default())),
            tables: registry(TABLES).unwrap().names().to_vec(),
            clock: clock(),
            // A reader's set is followed by another one from four bytes on.
            pace: Pace { take_bytes: 16, ..Pace::default() },
            tap: Tap::default(),
            copied: Box::new(|_| 0),
            knows: false,
        };
        let engine = opener.open().unwrap();
        engine.accept().unwrap();
        let mut model = Model::new();
        let mut held = std::collections::VecDeque::new();
        for act in acts {
            match act {
                Act::Write(rows) => {
                    let mut set = WriteSet::default();
                    for (key, value) in rows {
                        match value {
                            Some(value) => {
                                set.write(NAME, &key, Some(&[value]));
                                model.insert(key, vec![value]);
                            }
                            None => {
                                set.write(NAME, &key, None);
                                model.remove(&key);
                            }
                        }
                    }
                    engine.apply(set).unwrap();
                }
                Act::Hold => held.push_back((engine.snapshot().unwrap(), model.clone())),
                Act::LetGo => drop(held.pop_front()),
                Act::Settle => engine.settle().unwrap(),
            }
            prop_assert_eq!(differs(engine.snapshot().unwrap().as_ref(), &model), None);
        }
        for (rows, then) in &held {
            prop_assert_eq!(differs(rows.as_ref(), then), None);
        }
    }
}
