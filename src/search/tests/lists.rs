//! Lists of many documents: pages, orders and counts over many segments.

use super::*;
use crate::search::order::{SortValue, sort_text};

fn many(n: u32) -> Desk {
    let desk = Desk::new();
    for i in 0..n {
        desk.put(made(i));
        if i % 700 == 699 {
            desk.search.flush().unwrap();
        }
    }
    desk
}

/// Ten orders a minute; every third is open; totals in no order.
fn made(i: u32) -> Doc {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&i.to_be_bytes());
    Doc::new("order", id, now().0 - i64::from(i / 10) * 60_000)
        .text("name", if i.is_multiple_of(2) { "Anna Berg" } else { "Nora Vik" })
        .keyword("status", if i.is_multiple_of(3) { "open" } else { "completed" })
        .number("total", i64::from(i.wrapping_mul(2_654_435_761) % 500))
        .text("number", format!("SO-{}", i.wrapping_mul(2_654_435_761) % 500))
        .number("items", i64::from(i % 4))
}

#[test]
fn every_order_gives_every_document_once_over_many_segments() {
    let desk = many(3_000);
    for (text, sort) in [
        ("", Sort::Newest),
        ("", Sort::Oldest),
        ("anna", Sort::By { field: "total", descending: true }),
        ("", Sort::By { field: "items", descending: false }),
        ("", Sort::By { field: "number", descending: true }),
        ("anna", Sort::By { field: "status", descending: false }),
    ] {
        let mut seen = std::collections::HashSet::new();
        let mut request = Request { sort, limit: 130, ..Request::list(desk.query(text), "order") };
        let mut last: Option<Cursor> = None;
        loop {
            let answer = desk.search.find(&request).unwrap();
            for hit in &answer.hits {
                assert!(seen.insert(hit.id));
                assert!(last.is_none_or(|l| l.compare(&hit.cursor, &request.sort).is_lt()));
                last = Some(hit.cursor);
            }
            request.after = answer.next;
            if request.after.is_none() {
                break;
            }
        }
        let wanted = if text.is_empty() { 3_000 } else { 1_500 };
        assert_eq!(seen.len(), wanted, "{text} {:?}", request.sort);
    }
}

#[test]
fn pages_by_time_go_both_ways_through_segments_whose_times_overlap() {
    let desk = Desk::new();
    // Segments of one moment, of all times, of old and of new documents only; some are written again later.
    let groups: [&dyn Fn(u32) -> u32; 5] =
        [&|_| 500, &|i| i * 10, &|i| 900 + i % 100, &|i| i % 100, &|i| i * 7_919 % 1_000];
    for (group, minutes) in (0_u32..).zip(groups) {
        for i in 0..100 {
            desk.put(at(group * 1_000 + i, minutes(i)));
        }
        desk.search.flush().unwrap();
    }
    for i in (0..100).step_by(9) {
        desk.put(at(i, i * 3));
    }
    desk.search.flush().unwrap();
    let key = |hit: &Hit| (hit.time_ms, hit.id);
    for sort in [Sort::Newest, Sort::Oldest] {
        let mut wanted: Vec<_> = desk.shop.all().iter().map(|doc| (doc.time_ms, doc.id)).collect();
        wanted.sort_unstable();
        if sort == Sort::Newest {
            wanted.reverse();
        }
        for limit in [1, 7, 49] {
            let mut request =
                Request { sort: sort.clone(), limit, ..Request::list(desk.query("anna"), "order") };
            let (mut seen, mut pages) = (Vec::new(), Vec::new());
            loop {
                let answer = desk.search.find(&request).unwrap();
                let page: Vec<_> = answer.hits.iter().map(key).collect();
                seen.extend(page.clone());
                pages.push((page, answer.prev));
                request.after = answer.next;
                if request.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, wanted, "{sort:?}, pages of {limit}");
            while let Some((_, prev)) = pages.pop() {
                let Some((before, _)) = pages.last() else { break };
                let back = Request { before: prev, after: None, ..request.clone() };
                let answer = desk.search.find(&back).unwrap();
                assert_eq!(answer.hits.iter().map(key).collect::<Vec<_>>(), *before, "{sort:?}, back");
            }
        }
    }
}

/// An order so many minutes ago.
fn at(i: u32, minutes: u32) -> Doc {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&i.to_be_bytes());
    Doc::new("order", id, now().0 - i64::from(minutes) * 60_000).text("name", "Anna Berg")
}

#[test]
fn counting_stops_at_its_cap() {
    let desk = many(1_500);
    let total = |text: &str, cap: u64| {
        let request = Request { count: Count::UpTo(cap), limit: 1, ..Request::new(desk.query(text)) };
        desk.search.find(&request).unwrap().total
    };
    assert_eq!(total("anna", 1_000), Some(Total::Exact(750)));
    assert_eq!(total("anna", 750), Some(Total::Exact(750)));
    assert_eq!(total("anna", 749), Some(Total::MoreThan(749)));
    assert_eq!(total("status:open anna", 1_000), Some(Total::Exact(250)));
    desk.search.flush().unwrap();
    assert_eq!(total("anna", 749), Some(Total::MoreThan(749)));
}

#[test]
fn a_count_knows_what_is_deleted_and_what_is_out_of_date() {
    let desk = many(1_500);
    desk.search.flush().unwrap();
    let agrees = |right: u64| {
        for cap in right - 3..right + 3 {
            let request =
                Request { count: Count::UpTo(cap), limit: 1, ..Request::list(desk.query("anna"), "order") };
            let wanted = if right > cap { Total::MoreThan(cap) } else { Total::Exact(right) };
            assert_eq!(desk.search.find(&request).unwrap().total, Some(wanted));
        }
    };
    agrees(750);
    // Every even one is Anna's. What waits hides the document in the index, whether it matches or not.
    for i in (0..200).step_by(10) {
        desk.put(made(i + 1).text("city", "Oslo"));
        desk.put(Doc { values: made(i + 1).values, ..made(i) });
    }
    agrees(730);
    desk.delete("order", made(2).id);
    agrees(729);
    desk.search.flush().unwrap();
    agrees(729);
}

#[test]
fn a_long_order_by_value_is_walked_and_not_sorted() {
    // Enough matches in one segment that the order of the field is used.
    let desk = Desk::new();
    for i in 0..25_000 {
        desk.shop.put(made(i));
    }
    desk.search.reindex();
    desk.search.flush().unwrap();
    for (field, descending) in [("total", true), ("total", false), ("number", true), ("number", false)] {
        let sort = Sort::By { field, descending };
        let mut request = Request { sort, limit: 500, ..Request::list(desk.query(""), "order") };
        let mut places: Vec<Cursor> = Vec::new();
        for _ in 0..6 {
            let answer = desk.search.find(&request).unwrap();
            places.extend(answer.hits.iter().map(|h| h.cursor));
            request.after = answer.next;
        }
        let mut wanted: Vec<Cursor> = desk
            .shop
            .all()
            .iter()
            .map(|d| Cursor {
                value: d.values.iter().find(|v| v.0 == field).map(|(_, value)| match value {
                    doc::Value::Text(text) => SortValue::text(sort_text(Shape::Code, text).as_bytes()),
                    number => SortValue::Number(number.number().unwrap() * 100),
                }),
                time_ms: d.time_ms,
                id: d.id,
                kind: 0,
                list: 0,
            })
            .collect();
        wanted.sort_by(|a, b| a.compare(b, &request.sort));
        assert_eq!(places, wanted[..3_000]);
    }
}

#[test]
fn facets_count_the_present_result_under_one_spelling() {
    let desk = Desk::new();
    for (n, colour) in [(1, "Navy"), (2, "navy"), (3, "Navy"), (4, "Red")] {
        desk.put(order(n).keyword("colour", colour).keyword("status", if n < 3 { "open" } else { "draft" }));
    }
    for _ in 0..2 {
        let request = Request { facets: vec!["colour", "status"], ..Request::new(desk.query("status:open")) };
        let facets = desk.search.find(&request).unwrap().facets;
        assert_eq!(facets[0].values.len(), 1);
        assert_eq!((facets[0].field, facets[0].values[0].1, facets[0].exact), ("colour", 2, true));
        assert_eq!(facets[1].values, [("open".to_owned(), 2)]);
        desk.search.flush().unwrap();
    }
}

#[test]
fn counts_of_everything_follow_updates_and_deletes() {
    let desk = many(1_400);
    let counted = |desk: &Desk| -> Vec<(String, u64)> {
        let request = Request { facets: vec!["status"], limit: 0, ..Request::list(desk.query(""), "order") };
        let facet = desk.search.find(&request).unwrap().facets.first().cloned().unwrap();
        assert!(facet.exact);
        facet.values
    };
    let both =
        |open: u64, completed: u64| vec![("completed".to_owned(), completed), ("open".to_owned(), open)];
    assert_eq!(counted(&desk), both(467, 933));
    for i in 0..30 {
        desk.put(made(i).keyword("status", "draft"));
    }
    desk.delete("order", made(31).id);
    desk.put(customer(1).keyword("tag", "gift"));
    for _ in 0..2 {
        let counts = counted(&desk);
        assert_eq!(counts, [both(467, 932), vec![("draft".to_owned(), 30)]].concat());
        assert_eq!(desk.search.values("status", "D", &["order"], None).unwrap(), [("draft".to_owned(), 30)]);
        assert_eq!(desk.search.values("tag", "", &[], None).unwrap(), [("gift".to_owned(), 1)]);
        desk.search.flush().unwrap();
    }
}

#[test]
fn a_value_that_nothing_has_is_said_with_the_nearest_one_that_something_has() {
    let desk = Desk::new();
    for (at, (colour, country)) in
        [("navy", "DE"), ("Dark Green", "CH"), ("navy", "DE")].into_iter().enumerate()
    {
        let doc = Doc::new("order", id(u8::try_from(at).unwrap()), now().0).keyword("colour", colour);
        desk.put(doc.keyword("country", country));
    }
    let hint = |text: &str| {
        let problems = desk.search.nothing_has(&desk.query(text), &["order"], text).unwrap();
        problems.into_iter().map(|p| (p.text, p.suggestion.unwrap(), p.message)).next()
    };
    for flushed in [false, true] {
        for (typed, text, suggestion, near) in [
            ("colour:nvy", "colour:nvy", "colour:navy", "“navy”"),
            ("x -color:nvay", "color:nvay", "color:navy", "“navy”"),
            ("colour:navy,\"dark gren\"", "dark gren", "\"Dark Green\"", "“Dark Green”"),
            ("(country:Germny OR x)", "country:Germny", "country:Germany", "“Germany”"),
        ] {
            let (was, instead, message) = hint(typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!((was.as_str(), instead.as_str()), (text, suggestion), "{typed}");
            assert!(message.contains(near) && message.starts_with("Nothing has the co"), "{message}");
        }
        for typed in [
            "colour:navy",
            "colour:NAVY",
            "colour:na*",
            "colour:none",
            "colour:zzzzzz",
            "country:de",
            "country:XX",
            "country:Germany",
            "colour:>a",
        ] {
            assert_eq!(hint(typed), None, "{typed} {flushed}");
        }
        let found = |text: &str| desk.search.find(&Request::new(desk.query(text))).unwrap().hits.len();
        assert_eq!(
            [
                "country:Germany",
                "country:germany,CH",
                "-country:Switzerland",
                "country:DEU",
                "country:Atlantis"
            ]
            .map(found),
            [2, 3, 2, 2, 0]
        );
        desk.search.flush().unwrap();
    }
}

#[test]
fn a_field_that_no_list_is_sorted_by_is_refused() {
    let schema = schema();
    let parse = |text: &str| Sort::parse(text, &schema, "order");
    let total = |descending| Sort::By { field: "total", descending };
    assert_eq!((parse("-total").unwrap(), parse("total").unwrap()), (total(true), total(false)));
    assert_eq!((parse("-placed").unwrap(), parse("-placed_at").unwrap()), (Sort::Newest, Sort::Newest));
    assert_eq!((parse("placed").unwrap(), parse("").unwrap()), (Sort::Oldest, Sort::Newest));
    // A sign alone turns nothing round, nor does one before a word that is no field.
    for wrong in ["sku", "zzz", "--total", "-", "-newest", "-oldest", "-best", "_at", "-_at"] {
        assert_eq!(parse(wrong).unwrap_err().code, "unknown_sort", "{wrong}");
    }
    assert_eq!(Sort::parse("total", &schema, "customer").unwrap_err().code, "unknown_sort");
}

#[test]
fn a_rare_value_is_found_by_its_beginning_among_any_number_of_frequent_ones() {
    let desk = Desk::new();
    for n in 0..250_u8 {
        // Each of the frequent ones twice, so that the rare one comes behind more than are shown of all.
        let doc = order(n).keyword("tag", format!("often {n}")).keyword("tag", format!("often {}", n / 2));
        desk.put(doc);
    }
    desk.put(order(255).keyword("tag", "Zebra").keyword("country", "CH"));
    for _ in 0..2 {
        let values = |start: &str| desk.search.values("tag", start, &["order"], None).unwrap();
        assert_eq!(values("ze"), [("Zebra".to_owned(), 1)]);
        assert_eq!(values("often").len(), 200);
        assert_eq!(values("").len(), 200);
        let query = desk.query("tag:zebar");
        let meant = desk.search.nothing_has(&query, &["order"], "tag:zebar").unwrap();
        assert_eq!(meant[0].suggestion.as_deref(), Some("tag:Zebra"), "{meant:?}");
        let list = Request { facets: vec!["tag"], ..Request::list(desk.query(""), "order") };
        assert_eq!(desk.search.find(&list).unwrap().facets[0].values.len(), 200);
        desk.search.flush().unwrap();
    }
}

#[test]
fn counts_without_an_index_do_not_say_that_they_are_whole() {
    let shop = Arc::new(Shop::default());
    shop.put(order(1).keyword("status", "open"));
    let dir = tempfile::tempdir().unwrap();
    let search = open(dir.path(), &shop);
    let count = || {
        let query = Query::everything(search.schema());
        let answer =
            search.find(&Request { facets: vec!["status"], ..Request::list(query, "order") }).unwrap();
        (answer.degraded, answer.facets[0].exact)
    };
    assert_eq!(count(), (true, false));
    search.flush().unwrap();
    assert_eq!(count(), (false, true));
}
