//! A table of what is typed and has to be found, and the promises of the box.

use super::*;
use crate::shop::customers::ExternalRef;
use crate::shop::desk::trial::Trial;

fn titles(found: &Found, kind: &str) -> Vec<String> {
    let groups = found.groups.iter().filter(|g| g.kind.name == kind);
    groups.flat_map(|g| g.hits.iter().map(|h| h.title.clone())).collect()
}

fn shop() -> Trial {
    let shop = Trial::open();
    shop.place("anna@example.com", "Anna Berg", 5_900, |new| new.phone = "+49 30 123 45 67".into());
    shop.place("a_b@x.de", "Jürgen Müller", 1_200, |new| new.note = "refund annas mug".into());
    shop.place("soeren@example.dk", "Sören Øst", 900, |new| {
        new.source = Some(ExternalRef { source: "shopify".into(), id: "450789469".into() });
        new.parcels = vec![crate::shop::orders::Parcel {
            carrier: "DHL".into(),
            tracking: "00340434161094000001".into(),
            shipped_at: None,
            by_step: false,
            before: None,
            made: None,
        }];
    });
    shop
}

#[test]
fn everything_people_type_finds_the_order_and_says_why() {
    let shop = shop();
    for (text, person, field) in [
        ("anna berg", "Anna Berg", "name"),
        ("berg anna", "Anna Berg", "name"),
        ("mülelr", "Jürgen Müller", "name"),
        ("mueller", "Jürgen Müller", "name"),
        ("sören", "Sören Øst", "name"),
        ("soren", "Sören Øst", "name"),
        ("+49 30 123 45 67", "Anna Berg", "phone"),
        ("0301234567", "Anna Berg", "phone"),
        ("4567", "Anna Berg", "phone"),
        ("a_b@x.de", "Jürgen Müller", "email"),
        ("@x.de", "Jürgen Müller", "email"),
        ("refund annas mug", "Jürgen Müller", "note"),
        ("0034043416109400", "Sören Øst", "tracking"),
    ] {
        let found = shop.find(text);
        let hits: Vec<_> =
            found.groups.iter().filter(|g| g.kind.name == "order").flat_map(|g| &g.hits).collect();
        assert!(!hits.is_empty(), "{text} finds nothing");
        assert!(hits[0].title.ends_with(person), "{text}: {}", hits[0].title);
        let why = hits[0].matches.iter().find(|w| w.field == field);
        assert!(why.is_some_and(|w| !w.ranges.is_empty()), "{text}: {:?}", hits[0].matches);
    }
    for text in ["4012345678901", "RJ-M-NVY", "rjmnvy", "navy M jacket", "jacket"] {
        assert_eq!(titles(&shop.find(text), "order").len(), 3, "{text}");
    }
}

#[test]
fn a_corrected_word_is_said() {
    let found = shop().find("mülelr");
    assert_eq!(found.corrected.len(), 1, "{:?}", found.corrected);
    assert_eq!(found.corrected[0].0, "mülelr", "as it was typed");
    assert!(
        found.corrected[0].1.eq_ignore_ascii_case("müller") || found.corrected[0].1 == "muller",
        "{:?}",
        found.corrected
    );
}

#[test]
fn a_reason_is_given_once_however_often_the_order_has_it() {
    let shop = Trial::open();
    shop.place("anna@example.com", "Anna Berg", 5_900, |new| {
        new.phone = "+49 30 123 45 67".into();
        let mut address = new.shipping_address.clone().unwrap();
        address.phone = "030 1234567".into();
        new.billing = Some(address.clone());
        new.shipping_address = Some(address);
    });
    for (text, field) in [("4567", "phone"), ("torstraße", "address")] {
        let found = shop.find(text);
        let hit = &found.groups.iter().find(|g| g.kind.name == "order").unwrap().hits[0];
        let reasons = hit.matches.iter().filter(|why| why.field == field).count();
        assert_eq!(reasons, 1, "{text}: {:?}", hit.matches);
    }
    // What stands in the line below the title is marked there and not said again.
    let found = shop.find("anna@example.com");
    let hit = &found.groups.iter().find(|g| g.kind.name == "customer").unwrap().hits[0];
    assert!(hit.subtitle.starts_with("anna@example.com") && hit.line.iter().any(|p| p.marked), "{hit:?}");
    assert_eq!(hit.further().filter(|why| why.field == "email").count(), 0, "{:?}", hit.matches);
}

#[test]
fn an_exact_name_jumps() {
    let shop = shop();
    let first = shop.place("x@example.com", "Xaver", 100, |_| {});
    for text in [
        format!("#{}", first.number),
        first.number.to_string(),
        format!("number:{}", first.number),
        format!(" {} ", first.number),
        first.id.to_string(),
    ] {
        assert_eq!(shop.find(&text).jump.map(|hit| hit.id), Some(first.id.to_string()), "{text}");
    }
    assert!(shop.find("450789469").jump.is_some_and(|hit| hit.title.ends_with("Sören Øst")));
    let customer = first.customer.unwrap();
    assert_eq!(shop.find(&customer.to_string()).jump.map(|hit| hit.kind), Some("customer"));
    for text in ["#1", "99999999", "cus_00000000000000000000000000", "anna", "#", ""] {
        assert!(shop.find(text).jump.is_none(), "{text}");
    }
}

#[test]
fn a_text_that_means_nothing_finds_nothing_instead_of_everything() {
    let shop = shop();
    let found = shop.find("colur:navy");
    assert!(found.groups.is_empty());
    assert_eq!(found.problems.len(), 1);
    assert!(shop.find("   ").groups.is_empty());
    assert!(!shop.find("colur:navy anna").groups.is_empty(), "the rest is searched");
}

#[test]
fn nobody_finds_what_they_may_not_see() {
    let shop = shop();
    let packer = kinds_for("", |word| word == "orders:view").unwrap();
    let found = shop.find_in("anna", &packer);
    assert!(titles(&found, "customer").is_empty() && !titles(&found, "order").is_empty());
    let customer =
        shop.find("anna").groups.iter().find(|g| g.kind.name == "customer").unwrap().hits[0].id.clone();
    assert!(shop.find_in(&customer, &packer).jump.is_none());
    assert_eq!(kinds_for("", |_| false).unwrap_err().code, "forbidden");
    assert_eq!(kinds_for("customer", |word| word == "orders:view").unwrap_err().code, "forbidden");
    assert_eq!(kinds_for("spaceship", |_| true).unwrap_err().code, "invalid_parameter");
}

#[test]
fn what_was_saved_is_found_by_the_very_next_search() {
    let shop = Trial::open();
    for n in 0..20 {
        let order = shop.place(&format!("p{n}@example.com"), &format!("Person{n} Neu"), 100 + n, |_| {});
        let found = shop.find(&format!("person{n} neu"));
        assert!(titles(&found, "order").contains(&format!("#{} · Person{n} Neu", order.number)), "{n}");
    }
}

#[test]
fn a_single_hit_is_known_as_one() {
    let shop = shop();
    assert!(shop.find_in("anna berg", &kinds_for("order", |_| true).unwrap()).single().is_some());
    assert!(shop.find("anna berg").single().is_none(), "an order and a customer");
    assert!(shop.find("jacket").single().is_none());
}
