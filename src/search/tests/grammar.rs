//! The query language: what it means, what it says when it does not understand, and that nothing kills it.

use super::*;
use crate::base::money::{Currency, Money};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn eur(cents: i64) -> Money {
    Money::new(cents, Currency::EUR)
}

fn shop() -> Desk {
    let desk = Desk::new();
    let at = |text: &str| Timestamp::parse(text).unwrap().0;
    desk.put(
        order(1)
            .text("name", "Anna Berg")
            .text("email", "anna@example.com")
            .text("phone", "030 1234567")
            .text("sku", "RJ-M-NVY")
            .keyword("status", "open")
            .keyword("payment", "paid")
            .keyword("country", "DE")
            .keyword("assignee", "stf_marit")
            .keyword("tag", "gift")
            .keyword("colour", "Navy Blue")
            .money("total", eur(12_290))
            .number("items", 4)
            .date("shipby", at("2026-11-20T09:00:00Z")),
    );
    desk.put(
        order(2)
            .text("name", "Berg Anna")
            .keyword("status", "open")
            .keyword("payment", "part_refunded")
            .keyword("country", "CH")
            .keyword("tag", "gift")
            .keyword("tag", "spring sale")
            .text("note", "fragile: glass")
            .money("total", eur(10_000))
            .number("items", 3),
    );
    desk.put(
        Doc::new("order", id(3), at("2026-11-19T12:00:00Z"))
            .text("name", "Nora Vik")
            .keyword("status", "completed")
            .keyword("payment", "paid")
            .keyword("country", "NO")
            .money("total", Money::new(120, Currency::parse("JPY").unwrap()))
            .number("items", 1),
    );
    desk.put(Doc::new("order", id(4), at("2026-10-01T12:00:00Z")).keyword("status", "cancelled"));
    desk.put(customer(9).text("name", "Anna Berg").keyword("country", "DE"));
    desk
}

const MEANINGS: &[(&str, &[u8])] = &[
    ("", &[1, 2, 9, 3, 4]),
    ("status:open", &[1, 2]),
    ("STATUS:Open", &[1, 2]),
    ("status:open payment:paid", &[1]),
    ("status:open,completed", &[1, 2, 3]),
    ("payment:part-refunded", &[2]),
    ("payment:part*", &[2]),
    ("-status:open", &[9, 3, 4]),
    ("-status:open status:any", &[3, 4]),
    ("status:open OR status:cancelled", &[1, 2, 4]),
    ("(status:open payment:paid) OR status:cancelled", &[1, 4]),
    ("anna status:open OR status:completed", &[1, 2]),
    ("-(status:open OR status:completed) status:any", &[4]),
    ("NOT status:open AND status:any", &[3, 4]),
    ("total:>100", &[1, 3]),
    ("total:>=100", &[1, 2, 3]),
    ("total:<100.01", &[2]),
    ("total:100", &[2]),
    ("total:50..120", &[2, 3]),
    ("total:..100", &[2]),
    ("total:122.9,100", &[1, 2]),
    ("total:none", &[4]),
    ("items:>3", &[1]),
    ("items:1..3", &[2, 3]),
    ("items:any", &[1, 2, 3]),
    ("email:anna@", &[1]),
    ("email:example.com", &[1]),
    ("email:@example.com", &[1]),
    ("email:\"anna@\"", &[]),
    ("phone:4567", &[1]),
    ("phone:+4930123", &[1]),
    ("name:\"anna berg\"", &[1, 9]),
    ("name:ann", &[1, 2, 9]),
    ("name:\"ann\"", &[]),
    ("sku:RJ-M*", &[1]),
    ("sku:rjm", &[1]),
    ("sku:\"RJ-M\"", &[]),
    ("sku:\"rj m nvy\"", &[1]),
    ("colour:\"navy blue\"", &[1]),
    ("color:navy*", &[1]),
    ("colour:navy", &[]),
    ("tag:gift", &[1, 2]),
    ("tag:\"Spring Sale\"", &[2]),
    ("tag:none", &[9, 3, 4]),
    ("tag:none status:any", &[3, 4]),
    ("note:any", &[2]),
    ("assignee:me", &[1]),
    ("country:CH,NO", &[2, 3]),
    ("-country:DE", &[2, 3, 4]),
    ("placed:today", &[1, 2]),
    ("placed:yesterday", &[3]),
    ("placed:-7d", &[1, 2, 3]),
    ("placed:2026-11-01..2026-11-19", &[3]),
    ("placed:2026-10", &[4]),
    ("placed:<2026-11-01", &[4]),
    ("placed:<-7d", &[4]),
    ("shipby:<now", &[1]),
    ("shipby:none", &[2, 3, 4]),
    ("fragile: glass", &[2]),
    ("NOT --status:open", &[9, 3, 4]),
    ("--status:open", &[1, 2]),
    ("NOT -OR status:open", &[1, 2]),
    ("items:,>3", &[1]),
    ("( 4567)", &[1]),
    ("-( -status:open)", &[1, 2]),
    ("anna -berg", &[]),
    ("nor* OR fragile", &[2, 3]),
    ("ann* berg", &[1, 2, 9]),
    ("\"anna berg\"", &[1, 9]),
    ("ord_0000000000000000000000000G", &[]),
];

#[test]
fn every_term_has_its_meaning_waiting_and_indexed() {
    let desk = shop();
    for round in ["waiting", "indexed"] {
        for (text, wanted) in MEANINGS {
            assert_eq!(desk.found(text), *wanted, "{round}: {text} {:?}", desk.query(text));
        }
        desk.search.flush().unwrap();
    }
}

#[test]
fn an_id_is_found_as_text() {
    let desk = shop();
    let text = format!("ord_{}", crate::base::id::to_text(&id(3)));
    assert_eq!(desk.found(&text), [3]);
    desk.search.flush().unwrap();
    assert_eq!(desk.found(&text), [3]);
    assert_eq!(desk.found(&text.replace("ord", "cus")), Vec::<u8>::new());
}

#[test]
fn what_is_not_understood_is_said_and_the_rest_is_searched() {
    let schema = schema();
    for (text, code, suggestion, rest) in [
        ("colur:navy anna", "unknown_field", Some("colour:navy"), "anna"),
        ("payment:piad anna", "unknown_value", Some("payment:paid"), "anna"),
        ("payment:zzz anna", "unknown_value", None, "anna"),
        ("total:many anna", "wrong_value", None, "anna"),
        ("placed:soon anna", "wrong_value", None, "anna"),
        ("status:>open anna", "wrong_value", None, "anna"),
        ("payment: anna", "incomplete", None, "anna"),
        ("anna payment:", "incomplete", None, "anna"),
    ] {
        let parsed = parse(&schema, text);
        assert_eq!(parsed.problems.len(), 1, "{text}: {:?}", parsed.problems);
        let problem = &parsed.problems[0];
        assert_eq!((problem.code, problem.suggestion.as_deref()), (code, suggestion), "{text}");
        assert_eq!(parsed.canonical, rest, "{text}");
        assert!(problem.message.ends_with(['.', '?']), "{}", problem.message);
    }
    for text in ["http://example.com/a", "10:30", "Remark: fragile", "12:30:00", "a:/b", "", " "] {
        assert_eq!(parse(&schema, text).problems, [], "{text}");
    }
    // Signs alone would find everything, which looks like an answer.
    for text in ["\"", "((", ":", "OR", "- -", "\"\" NOT", "???"] {
        let parsed = parse(&schema, text);
        assert_eq!(parsed.problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["incomplete"], "{text}");
    }
}

#[test]
fn limits_are_problems_and_not_errors() {
    let schema = schema();
    let many = (0..40).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
    let codes = |text: &str| -> Vec<&str> { parse(&schema, text).problems.iter().map(|p| p.code).collect() };
    assert_eq!(codes(&many), ["too_many_terms"]);
    assert_eq!(parse(&schema, &many).query.chips().len(), query::TERMS_MAX);
    assert_eq!(codes(&"x".repeat(300)), ["too_long"]);
    assert_eq!(codes("(((((anna)))))"), ["too_deep"]);
    assert_eq!(codes("((((anna))))"), Vec::<&str>::new());
}

#[test]
fn nothing_kills_the_parser() {
    let desk = shop();
    desk.search.flush().unwrap();
    let hostile = [
        "(".repeat(10_000),
        "NOT ".repeat(5_000),
        "-".repeat(10_000),
        "\"".repeat(9_999),
        "*".to_owned(),
        "/a+/".to_owned(),
        "field:".to_owned(),
        "status:".to_owned(),
        "a OR ".repeat(1_000),
        "OR OR OR".to_owned(),
        ") ) (".to_owned(),
        "\0\0status:\0open\0".to_owned(),
        "\u{202e}\u{2066}anna\u{202c}".to_owned(),
        "\u{fffd}\u{d7ff}\u{e000}".to_owned(),
        "x".repeat(1_000_000),
        "\u{301}".repeat(1_000),
        "a-".repeat(128),
        "total:".to_owned() + &"9".repeat(200),
        "placed:-999999999999999999d".to_owned(),
        "1,2,3,,,,".to_owned(),
        "tag:,,,".to_owned(),
        "total:....".to_owned(),
        format!("size:{}", "a,".repeat(120)),
        "@@@@ @ a@ @b".to_owned(),
        "+ +49 ++ (((0)))".to_owned(),
    ];
    for text in &hostile {
        let started = Instant::now();
        let parsed = parse(desk.search.schema(), text);
        let _answer = desk.search.find(&Request::new(parsed.query)).unwrap();
        let shown: String = text.chars().take(20).collect();
        assert!(started.elapsed() < Duration::from_millis(50), "{shown} took {:?}", started.elapsed());
    }
}

#[test]
fn chips_and_text_are_two_views_of_one_query() {
    let schema = schema();
    let query = parse(&schema, "  anna   status:open -country:DE total:>100 (a OR b) color:Navy ").query;
    let chips = query.chips();
    assert_eq!(query.text(), "anna status:open -country:DE total:>100 (a OR b) colour:Navy");
    assert_eq!(
        (chips[2].field, chips[2].value.as_str(), chips[2].negated, chips[2].text.as_str()),
        (Some("country"), "DE", true, "-country:DE")
    );
    assert_eq!(query.without(1), "anna -country:DE total:>100 (a OR b) colour:Navy");
    assert_eq!(query.with("payment:paid"), format!("{} payment:paid", query.text()));
    assert_eq!(query.with("status:open"), query.text());
    assert_eq!(
        query.with_field("status", "part shipped"),
        "anna -country:DE total:>100 (a OR b) colour:Navy status:\"part shipped\""
    );
    assert_eq!(query.without_field("colour"), "anna status:open -country:DE total:>100 (a OR b)");
}

#[test]
fn a_beginning_is_completed() {
    let schema = schema();
    let texts = |text: &str| -> Vec<String> {
        query::complete(text, &schema, &["order"]).into_iter().map(|c| c.text).collect()
    };
    assert_eq!(texts("anna pay"), ["payment:"]);
    assert_eq!(texts("payment:pa"), ["payment:paid", "payment:part_refunded"]);
    assert_eq!(texts("-status:open,c"), ["-status:open,completed", "-status:open,cancelled"]);
    assert_eq!(texts("colo"), ["colour:"]);
    assert_eq!(texts(""), Vec::<String>::new());
}

proptest! {
    #[test]
    fn any_text_is_read_and_its_canonical_form_means_the_same(text in "\\PC{0,80}") {
        let schema = schema();
        let first = parse(&schema, &text);
        let second = parse(&schema, &first.canonical);
        prop_assert_eq!(&second.canonical, &first.canonical);
        prop_assert_eq!(second.problems, []);
        prop_assert_eq!(second.query, first.query);
    }

    #[test]
    fn any_mix_of_the_grammar_is_read_and_its_canonical_form_means_the_same(
        parts in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "-", "\"", "OR", "AND", "NOT", " ", " ", "anna", "o'neil", "+49 (0)30", "123 45", "status:", "open",
            "open,draft", "total:", ">", ">=", "<", "..", "100", "50..100", "tag:", "none", "any", "*", "me", "assignee:",
            "placed:", "today", "-7d", "2026-11", "@", "a@b.de", "zzz:", ",", "“", "東京", "#1", "ü", ":", "(030)",
        ]), 0..24)
    ) {
        let schema = schema();
        let first = parse(&schema, &parts.concat());
        let second = parse(&schema, &first.canonical);
        prop_assert_eq!(&second.canonical, &first.canonical);
        prop_assert_eq!(second.problems, [], "{}", first.canonical);
        prop_assert_eq!(second.query, first.query);
    }
}

#[test]
fn a_comma_after_a_comparison_stands_between_thousands() {
    let schema = schema();
    let read = |text: &str| parse(&schema, text);
    for (typed, meant) in [
        ("total:>1,000.50", "total:>1000.50"),
        ("total:<=12,345,678", "total:<=12345678"),
        ("items:>1,000", "items:>1000"),
        ("total:1,000..2,000", "total:1000..2000"),
        ("total:500..1,200.50", "total:500..1200.50"),
    ] {
        assert!(read(typed).problems.is_empty(), "{typed}");
        assert_eq!(read(typed).query, read(meant).query, "{typed}");
    }
    for wrong in [
        "total:>1,00",
        "total:>1.5,000",
        "total:>1,000.5,000",
        "total:>a,000",
        "total:1,000",
        "total:1,000.50",
    ] {
        assert_eq!(read(wrong).problems.len(), 1, "{wrong}");
    }
    assert_eq!(read("total:1,20").query, read("total:1 OR total:20").query, "a list without a comparison");
}

#[test]
fn what_is_wrong_is_told_back_as_it_was_typed() {
    let schema = schema();
    for (typed, told) in [
        ("status:>open,draft", "status:>open,draft"),
        ("status:open..draft", "status:open..draft"),
        ("total:>1,x", "total:>1,x"),
    ] {
        assert_eq!(parse(&schema, typed).problems[0].text, told);
    }
}

#[test]
fn a_list_of_a_program_is_a_list_and_its_terms_stay_terms_as_text() {
    let schema = schema();
    let given = |field: &str, compare, value: &str| {
        query::given(&schema, (now(), &Zone::utc()), field, compare, value)
    };
    use query::Compare::{In, Is, Prefix};
    for range in ["1,000..2,000", "1..2", "1,2..3"] {
        let refused = given("total", In, range).unwrap_err();
        assert_eq!((refused.code, refused.message.contains("gte and lte")), ("wrong_value", true), "{range}");
    }
    assert_eq!(given("items", In, "1,3").unwrap(), parse(&schema, "items:1,3").query);
    assert_eq!(given("placed", In, "today").unwrap(), given("placed", Is, "today").unwrap());
    assert_eq!(given("name", Prefix, "anna be").unwrap(), parse(&schema, "name:\"anna\" name:be*").query);
    // Bare, the second word would be asked of the whole box.
    assert_eq!(given("name", Prefix, "anna be").unwrap().text(), "name:\"anna be*\"");
    assert_eq!(given("name", Prefix, "anna").unwrap().text(), "name:anna*");
}

/// `number:1001` of a program is that order, and no other one that begins so.
#[test]
fn a_field_has_the_whole_value_unless_it_is_being_typed_or_has_a_star() {
    let desk = Desk::new();
    let fields = [
        ("number", "1001", "10010"),
        ("email", "zoe@shop.example", "zoe@shop.example.org"),
        ("phone", "030 1234567", "030 12345678"),
        ("name", "Anna Berg", "Anna Bergmann"),
    ];
    for (field, whole, longer) in fields {
        desk.put(order(1).text(field, whole));
        desk.put(order(2).text(field, longer));
        let schema = desk.search.schema();
        let found = |query: Query| {
            let answer = desk.search.find(&Request::new(query)).unwrap();
            answer.hits.iter().map(|hit| hit.id[15]).collect::<BTreeSet<_>>()
        };
        let (one, both) = (BTreeSet::from([1]), BTreeSet::from([1, 2]));
        let exact = |text: &str| found(query::exact(text, schema, now(), &Zone::utc()).query);
        let typed = |text: &str| found(parse(schema, text).query);
        let value = whole.replace(' ', "");
        let value = if field == "name" { "berg" } else { &value };
        assert_eq!(exact(&format!("{field}:{value}")), one, "{field}");
        assert_eq!(exact(&format!("{field}:{value}*")), both, "{field}");
        assert_eq!(typed(&format!("{field}:{value}")), both, "{field}");
        // What stands before something else has been typed; a list ends with what is being typed.
        assert_eq!(typed(&format!("{field}:{value} placed:any")), one, "{field}");
        assert_eq!(typed(&format!("{field}:x,{value}")), both, "{field}");
        assert_eq!(typed(&format!("{field}:{value},x")), one, "{field}");
        assert_eq!(parse(schema, &format!("{field}:{value}")).canonical, format!("{field}:{value}*"));
        // What stands last because something was taken away behind it is not being typed.
        let rest = parse(schema, &format!("{field}:{value} placed:any")).query.without(1);
        assert_eq!((rest.as_str(), typed(&rest)), (format!("{field}:\"{value}\"").as_str(), one.clone()));
        let rest = parse(schema, &format!("{field}:{value}* placed:any")).query.without_field("placed");
        assert_eq!((rest.as_str(), typed(&rest)), (format!("{field}:{value}*").as_str(), both.clone()));
    }
}
