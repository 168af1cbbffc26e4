//! What is told of orders that were brought again, noted and counted, played through in a store.

use super::played::{is_sound, order, store, write};
use super::*;
use crate::base::money::{Currency, Price};
use crate::base::time::{DAY_MS, Timestamp};
use crate::store::Actor;

#[test]
fn whatever_a_file_says_anew_is_told() {
    let (_dir, store) = store();
    let at = Timestamp(1_780_000_000_000);
    type Change = fn(&mut NewOrder, Timestamp);
    let changes: &[(&str, Change)] = &[
        ("barcode", |new, _| new.lines[0].barcode = "4006381333931".into()),
        ("vendor", |new, _| new.lines[0].vendor = "Lumo".into()),
        ("price", |new, _| {
            new.lines[0].unit_price = Price::from_minor(600, Currency::GBP).unwrap();
            new.lines[0].discount = 100;
        }),
        ("total", |new, _| new.stated_total = Some(510)),
        ("tax", |new, _| new.tax_included = false),
        ("name", |new, _| new.source_name = "seven".into()),
        ("offset", |new, _| new.placed_offset_min = Some(60)),
        ("cancelled", |new, at| {
            new.status = Status::Cancelled;
            new.cancelled = Some((Some(at), CancelReason::Other, "a".into()));
        }),
        ("reason", |new, at| new.cancelled = Some((Some(at), CancelReason::Rejected, "a".into()))),
        ("note of it", |new, at| new.cancelled = Some((Some(at), CancelReason::Rejected, "b".into()))),
        ("parcel", |new, at| {
            new.parcels = vec![Parcel {
                carrier: "DHL".into(),
                tracking: "1".into(),
                shipped_at: Some(at),
                by_step: false,
                before: None,
                made: None,
            }];
        }),
        ("day of it", |new, at| new.parcels[0].shipped_at = Some(at.plus_ms(DAY_MS))),
        ("payment", |new, at| {
            new.payments = vec![PaymentNote {
                method: "bank".into(),
                reference: "1".into(),
                amount: 0,
                at: Some(at),
                instalments: 1,
                by_step: false,
                before: None,
                made: None,
            }];
        }),
        ("instalments", |new, _| new.payments[0].instalments = 3),
    ];
    let mut wish = order("7", "c1", 0, 500);
    let first = wish.clone();
    write(&store, move |tx| import(tx, &first));
    for (what, change) in changes {
        change(&mut wish, at);
        let (new, last) = (wish.clone(), store.last_seq());
        let done = write(&store, move |tx| import(tx, &new));
        assert!(matches!(done, Imported::Changed(_)), "{what}");
        let events = store.read(|s| crate::store::events::after(s, last, 10)).unwrap();
        let told = events.iter().find(|event| event.kind == "order.reimported").unwrap();
        assert!(!told.data["changes"].as_object().unwrap().is_empty(), "{what}");
    }
    is_sound(&store);
}

#[test]
fn one_order_is_new_or_returning_in_one_way_however_many_were_not_kept() {
    let (_dir, store) = store();
    let unkept = |n: i64| NewOrder {
        status: Status::Cancelled,
        cancelled: Some((None, CancelReason::Other, String::new())),
        placed_at: Some(Timestamp(1_780_000_000_000 + n * 60_000)),
        ..order(&format!("{}", 10_000 + n), "c1", 0, 500)
    };
    // One that was kept stands before more than are counted.
    write(&store, |tx| import(tx, &order("9999", "c1", 0, 500)));
    write(&store, move |tx| (1..=1_002).try_for_each(|n| import(tx, &unkept(n)).map(drop)));
    let Imported::Added(id) = write(&store, |tx| import(tx, &order("20000", "c1", 90, 500))) else {
        panic!()
    };
    let (standing, word) = store
        .read(|s| {
            let order = get(s, id)?;
            Ok((standing(s, &order)?, standing::word(s, &order)?))
        })
        .unwrap();
    assert_eq!((standing.word(), word), ("returning", "returning"));
    assert_eq!(standing, Standing::Returning { earlier: 1, last: 9_999 });
    assert_eq!(standing.reason(), "One earlier order was kept: #9999.");
}

#[test]
fn a_note_is_its_writer_s() {
    let (_dir, store) = store();
    let id = write(&store, |tx| place(tx, &NewOrder { source: None, ..order("1", "c1", 0, 500) })).id;
    let ann = || Actor::new(crate::store::ActorKind::Staff, "stf_a", "Ann Lee");
    let as_other = |id: &str, name: &str| Actor::new(crate::store::ActorKind::Staff, id, name);
    let edit = |actor: Actor, note: u32, text: &'static str| {
        let done = store.write_blocking(actor, move |tx| edit_note(tx, id, None, note, text));
        done.map(drop).map_err(|error| error.code)
    };
    store.write_blocking(ann(), move |tx| add_note(tx, id, None, "Blue")).unwrap();
    assert_eq!(edit(as_other("stf_b", "Bo"), 1, "Red"), Err("note_of_another"));
    // Two people may have one name.
    assert_eq!(edit(as_other("stf_c", "Ann Lee"), 1, "Red"), Err("note_of_another"));
    // Nothing is changed by who says the same.
    assert_eq!(edit(as_other("stf_b", "Bo"), 1, "Blue"), Ok(()));
    assert_eq!(edit(ann(), 1, "Green"), Ok(()));
    let notes = || store.read(|s| get(s, id)).unwrap().staff_notes;
    assert_eq!((notes()[0].text.as_str(), notes()[0].by.as_str()), ("Green", "Ann Lee"));
    // Of notes of earlier programs no more is known than the name.
    write(&store, move |tx| {
        let mut old = get(tx, id)?;
        old.staff_notes[0].by_id = None;
        let before = get(tx, id)?;
        keep::save(
            tx,
            Some(&before),
            &old,
            &events::Noted { number: old.number, note: 1, text: String::new(), before: None },
        )
    });
    assert_eq!(edit(as_other("stf_b", "Bo"), 1, "Red"), Err("note_of_another"));
    assert_eq!(edit(as_other("stf_c", "Ann Lee"), 1, "Red"), Ok(()));
}
