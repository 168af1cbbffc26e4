//! What a reader may not ask for, by any door: it is asked of what a term means, and not of how it was typed.

use super::*;
use crate::search::query::{Compare, complete, given};

/// Some values of one field, and another field at all.
fn hidden(field: &str, values: &[&str]) -> bool {
    match field {
        "payment" => values.contains(&"part_refunded"),
        "total" => true,
        _ => false,
    }
}

fn shop() -> Desk {
    let desk = Desk::new();
    desk.put(order(1).keyword("payment", "part_refunded").keyword("status", "open"));
    desk.put(order(2).keyword("payment", "paid").keyword("status", "open"));
    desk
}

const HIDDEN: [&str; 14] = [
    "payment:part_refunded",
    "payment:Part_Refunded",
    "payment:PART_REFUNDED",
    "payment:\"part refunded\"",
    "payment:part-refunded",
    "payment:part*",
    "payment:pa*",
    "payment:*",
    "payment:any",
    "-payment:none",
    "-payment:paid,part_*",
    "status:open OR payment:P*",
    "(status:open payment:part-ref*)",
    "total:>1",
];

#[test]
fn no_way_of_writing_a_value_asks_for_what_is_not_seen() {
    let desk = shop();
    let less = desk.search.hiding(hidden);
    for text in HIDDEN {
        let all = parse(desk.search.schema(), text);
        assert!(all.problems.is_empty(), "{text}: {:?}", all.problems);
        let parsed = parse(less.schema(), text);
        let problem = parsed.problems.first().unwrap_or_else(|| panic!("{text} is searched"));
        assert!(problem.message.starts_with("Your role does not see “"), "{text}: {problem:?}");
        assert!(!parsed.query.asks_for("payment") && !parsed.query.asks_for("total"), "{text}");
    }
    for text in ["payment:paid", "payment:Paid,unpaid", "payment:un*", "status:any"] {
        assert_eq!(parse(less.schema(), text).problems, [], "{text}");
    }
    // Neither a value that does not exist nor one that is missing names what is not seen.
    for text in ["payment:part_refundet", "payment:x", "total:"] {
        let problems = parse(less.schema(), text).problems;
        let said = format!("{problems:?}");
        assert!(
            !problems.is_empty() && !said.contains("part_refunded") && !said.contains("such as"),
            "{said}"
        );
    }
}

#[test]
fn neither_do_the_filters_of_a_program() {
    let desk = shop();
    let less = desk.search.hiding(hidden);
    let asked = |search: &Search, compare, value: &str| {
        given(search.schema(), (now(), &Zone::utc()), "payment", compare, value).map_err(|p| p.message)
    };
    for (compare, value) in [
        (Compare::Is, "Part Refunded"),
        (Compare::Not, "part_refunded"),
        (Compare::In, "paid,PART-REFUNDED"),
        (Compare::Prefix, "p"),
        (Compare::Exists, "true"),
        (Compare::Exists, "false"),
    ] {
        assert!(asked(&desk.search, compare, value).is_ok(), "{compare:?} {value}");
        let said = asked(&less, compare, value).unwrap_err();
        assert!(said.starts_with("Your role does not see “payment:"), "{compare:?} {value}: {said}");
    }
    assert!(asked(&less, Compare::In, "paid,unpaid").is_ok());
}

#[test]
fn an_amount_in_the_box_is_none_for_who_may_not_ask_for_it() {
    let desk = shop();
    desk.put(order(3).number("total", 5_990));
    for _ in 0..2 {
        let found = |search: &Search| {
            search.find(&Request::new(parse(search.schema(), "59.90").query)).unwrap().hits.len()
        };
        assert_eq!((found(&desk.search), found(&desk.search.hiding(hidden))), (1, 0));
        desk.search.flush().unwrap();
    }
}

#[test]
fn what_is_not_seen_is_not_counted_and_not_offered() {
    let desk = shop();
    let less = desk.search.hiding(hidden);
    let values = |search: &Search| search.values("payment", "p", &["order"], None).unwrap();
    // The counts that are kept are of all readers: in either order nobody gets those of another.
    for _ in 0..2 {
        assert_eq!(values(&less), [("paid".to_owned(), 1)]);
        assert_eq!(values(&desk.search).len(), 2);
        desk.search.flush().unwrap();
    }
    let offered = |search: &Search, text: &str| -> Vec<String> {
        complete(text, search.schema(), &["order"]).into_iter().map(|offer| offer.text).collect()
    };
    assert_eq!(offered(&less, "payment:p"), ["payment:paid"]);
    assert_eq!(offered(&less, "payment:unpaid,part"), Vec::<String>::new());
    assert_eq!(offered(&desk.search, "payment:p"), ["payment:paid", "payment:part_refunded"]);
    let total = Request { facets: vec!["payment"], ..Request::new(Query::everything(less.schema())) };
    let none = |_: &str, _: &[&str]| true;
    let blind = Request { query: Query::everything(desk.search.hiding(none).schema()), ..total };
    assert_eq!(desk.search.find(&blind).unwrap().facets.len(), 0);
}
