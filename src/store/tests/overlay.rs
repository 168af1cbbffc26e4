//! Transactions over a write set against a plain model: reads, ranges both ways, refusals, panics, attempts.

use super::*;
use crate::base::error::{Error, Result};
use crate::store::door::registry;
use crate::store::engine::Opener;
use crate::store::engine::memory::{Disk, MemoryOpener};
use crate::store::events::Head;
use crate::store::tx::Group;
use crate::store::{Direction, Read, Span, Tx};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// How a transaction or an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Kept,
    Refused,
    Panics,
}

#[derive(Clone, Debug)]
enum Act {
    Put(Vec<u8>, u8),
    Remove(Vec<u8>),
    Look(Vec<u8>, Vec<u8>, bool, bool, usize),
    Attempt(Vec<Act>, End),
}

/// Few and short keys, so that they meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..4, 0..3)
}

fn act() -> impl Strategy<Value = Act> {
    let leaf = prop_oneof![
        3 => (key(), any::<u8>()).prop_map(|(k, v)| Act::Put(k, v)),
        2 => key().prop_map(Act::Remove),
        3 => (key(), key(), any::<bool>(), any::<bool>(), 0usize..8).prop_map(|(a, b, i, o, n)| Act::Look(a, b, i, o, n)),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        (prop::collection::vec(inner, 0..6), prop_oneof![Just(End::Kept), Just(End::Refused)])
            .prop_map(|(acts, end)| Act::Attempt(acts, end))
    })
}

fn transaction() -> impl Strategy<Value = (Vec<Act>, End)> {
    (
        prop::collection::vec(act(), 0..12),
        prop_oneof![3 => Just(End::Kept), 1 => Just(End::Refused), 1 => Just(End::Panics)],
    )
}

const NAME: &str = THINGS.name();

fn rows(from: &impl Read, span: &Span, direction: Direction, most: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    from.walk_raw(NAME, span, direction, &mut |k, v| {
        found.push((k.to_vec(), v.to_vec()));
        Ok(if found.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .unwrap();
    found
}

fn play(tx: &mut Tx<'_>, model: &mut Model, acts: &[Act]) {
    for act in acts {
        match act {
            Act::Put(key, value) => {
                tx.write_raw(NAME, key, Some(&[*value])).unwrap();
                model.insert(key.clone(), vec![*value]);
            }
            Act::Remove(key) => {
                tx.write_raw(NAME, key, None).unwrap();
                model.remove(key);
            }
            Act::Look(a, b, inside, open_end, most) => look(tx, model, (a, b), (*inside, *open_end), *most),
            Act::Attempt(acts, end) => {
                let before = model.clone();
                let result: Result<()> = tx.attempt(|tx| {
                    play(tx, model, acts);
                    if *end == End::Kept { Ok(()) } else { Err(Error::invalid("no", "No.")) }
                });
                if result.is_err() {
                    *model = before;
                }
            }
        }
    }
}

fn look(tx: &Tx<'_>, model: &Model, (a, b): (&[u8], &[u8]), (inside, open_end): (bool, bool), most: usize) {
    let mut value = None;
    tx.get_raw(NAME, a, &mut |v| value = Some(v.to_vec())).unwrap();
    assert_eq!(value.as_ref(), model.get(a));
    let span = Span {
        from: if inside { Bound::Included(a.to_vec()) } else { Bound::Excluded(a.to_vec()) },
        to: if open_end { Bound::Unbounded } else { Bound::Excluded(b.to_vec()) },
    };
    let fits = |k: &[u8]| (k > a || (inside && k == a)) && (open_end || k < b);
    let mut expected: Vec<_> =
        model.iter().filter(|(k, _)| fits(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let cut = |rows: &[(Vec<u8>, Vec<u8>)]| match most {
        0 => rows.to_vec(),
        most => rows.iter().take(most).cloned().collect(),
    };
    assert_eq!(rows(tx, &span, Direction::Forward, most), cut(&expected));
    expected.reverse();
    assert_eq!(rows(tx, &span, Direction::Backward, most), cut(&expected));
}

proptest! {
    #[test]
    fn a_group_of_transactions_is_what_the_model_says(
        groups in prop::collection::vec(prop::collection::vec(transaction(), 0..5), 0..4),
    ) {
        let registry = Arc::new(registry(TABLES).unwrap());
        let engine = MemoryOpener(Arc::<Disk>::default()).open().unwrap();
        let mut model = Model::new();
        for transactions in groups {
            let mut group = Group::new(engine.snapshot().unwrap(), Arc::clone(&registry), Head::default());
            for (acts, end) in transactions {
                let before = model.clone();
                let result = group.run(&actor(), clock().now(), |tx| {
                    play(tx, &mut model, &acts);
                    look(tx, &model, (&[], &[]), (true, true), 0);
                    match end {
                        End::Kept => Ok(()),
                        End::Refused => Err(Error::invalid("no", "No.")),
                        End::Panics => std::panic::resume_unwind(Box::new("planned")),
                    }
                });
                prop_assert_eq!(result.is_ok(), end == End::Kept);
                if result.is_err() {
                    model = before;
                }
            }
            engine.apply(group.finish().writes).unwrap();
            let mut committed = Model::new();
            engine.snapshot().unwrap().walk(NAME, &Span::all(), Direction::Forward, &mut |k, v| {
                committed.insert(k.to_vec(), v.to_vec());
                Ok(ControlFlow::Continue(()))
            }).unwrap();
            prop_assert_eq!(&committed, &model);
        }
    }
}
