//! What people type and what it has to find (the test table of the search page, and names in many scripts).

use super::*;
use crate::base::money::{Currency, Money};

/// The orders of the table.
fn table() -> Desk {
    let desk = Desk::new();
    desk.put(
        order(1)
            .text("number", "10482")
            .text("name", "Anna Berg")
            .text("email", "anna.berg@example.com")
            .text("phone", "+49 30 123 45 67")
            .text("item", "Rain jacket navy M")
            .text("sku", "RJ-M-NVY")
            .text("barcode", "4012345678901")
            .text("tracking", "00340434161094042557")
            .money("total", Money::new(123_450, Currency::EUR)),
    );
    desk.put(order(2).text("number", "10483").text("name", "Jürgen Müller").text("email", "a_b@x.de"));
    desk.put(order(3).text("number", "00010484").text("name", "Sören Åkesson").text("phone", "030 7654321"));
    desk.put(order(4).text("number", "#10485").text("name", "Mara Mueller").text("note", "refund annas mug"));
    desk.put(
        order(5)
            .text("number", "SO-2201")
            .text("name", "Sean O’Neil-Smith")
            .text("email", "info@example.com"),
    );
    desk
}

/// (typed, orders that must be found, orders that must not)
const TABLE: &[(&str, &[u8], &[u8])] = &[
    ("10482", &[1], &[2, 3, 4, 5]),
    ("#10482", &[1], &[2, 3, 4, 5]),
    ("0010482", &[1], &[2]),
    ("10484", &[3], &[1]),
    ("00010484", &[3], &[1]),
    ("#10485", &[4], &[1]),
    ("1048", &[1, 2, 3, 4], &[5]),
    ("so2201", &[5], &[1]),
    ("SO-2201", &[5], &[1]),
    ("anna berg", &[1], &[2, 3, 5]),
    ("berg anna", &[1], &[2, 3, 5]),
    ("BERG ann", &[1], &[2]),
    ("ann berg", &[], &[1]),
    ("mülelr", &[2], &[1, 3, 5]),
    ("müller", &[2, 4], &[1]),
    ("muller", &[2], &[1]),
    ("mueller", &[2, 4], &[1]),
    ("sören", &[3], &[1]),
    ("soren", &[3], &[1]),
    ("soeren", &[3], &[1]),
    ("akesson", &[3], &[1]),
    ("aakesson", &[3], &[1]),
    ("+49 30 123 45 67", &[1], &[3]),
    ("0301234567", &[1], &[3]),
    ("030 1234567", &[1], &[3]),
    ("030/123-4567", &[1], &[3]),
    ("(030) 123 45 67", &[1], &[3]),
    ("+49 (0)30 1234567", &[1], &[3]),
    ("0049301234567", &[1], &[3]),
    ("4567", &[1], &[3]),
    ("4930", &[1], &[3]),
    ("0301", &[1], &[3]),
    ("+49 30 7654321", &[3], &[1]),
    ("4321", &[3], &[1]),
    ("a_b@x.de", &[2], &[1, 5]),
    ("a_b@", &[2], &[1]),
    ("A_B@X.DE", &[2], &[1]),
    ("@example.com", &[1, 5], &[2]),
    ("example.com", &[1, 5], &[2]),
    ("anna.berg@", &[1], &[5]),
    ("anna.berg", &[1], &[5]),
    ("4012345678901", &[1], &[2]),
    ("401234567890", &[1], &[2]),
    ("RJ-M-NVY", &[1], &[2]),
    ("rjmnvy", &[1], &[2]),
    ("rj-m", &[1], &[2]),
    ("nvy", &[1], &[2]),
    ("navy M jacket", &[1], &[2]),
    ("00340434161094042557", &[1], &[2]),
    ("0034043416109", &[1], &[2]),
    ("refund annas mug", &[4], &[1]),
    ("\"annas mug\"", &[4], &[1]),
    ("\"mug annas\"", &[], &[4]),
    ("o'neil", &[5], &[1]),
    ("o’neil", &[5], &[1]),
    ("oneil", &[5], &[1]),
    ("neil", &[5], &[1]),
    ("neil-smith", &[5], &[1]),
    ("o'neil-smith", &[5], &[1]),
    ("\"sean o'neil\"", &[5], &[1]),
    ("zzz", &[], &[1, 2, 3, 4, 5]),
    ("1234.50", &[1], &[2]),
    ("1234,50", &[1], &[2]),
    ("1.234,50", &[1], &[2]),
    ("1,234.50", &[1], &[2]),
    ("€1,234.50", &[1], &[2]),
    ("1234.50€", &[1], &[2]),
    ("anna 1234.50", &[1], &[2]),
    ("1234.51", &[], &[1]),
    ("1234.5", &[], &[1]),
    ("\"1234.50\"", &[], &[1]),
];

#[test]
fn a_text_that_a_field_has_twice_is_one_value() {
    let twice = |n: u8| {
        let address = |doc: Doc| doc.text("name", "Anna Berg").text("city", "Oslo").keyword("tag", "gift");
        address(address(order(n)).number("items", 1).number("items", 1))
    };
    let doc = twice(1);
    assert_eq!(doc.texts_of("city").count(), 1);
    assert_eq!(doc.values.iter().filter(|(name, _)| *name == "items").count(), 2, "numbers stay");
    assert_eq!(order(1).text("name", "Oslo").text("city", "Oslo").texts_of("city").count(), 1, "by field");
    let desk = Desk::new();
    desk.put(doc);
    assert_eq!(desk.found("\"anna berg\" city:oslo tag:gift"), [1]);
}

#[test]
fn the_table_holds_while_everything_waits() {
    check(&table());
}

#[test]
fn the_table_holds_in_the_index() {
    let desk = table();
    desk.search.flush().unwrap();
    assert_eq!(desk.search.pending_len(), 0);
    check(&desk);
}

fn check(desk: &Desk) {
    for (text, wanted, unwanted) in TABLE {
        let found = desk.found(text);
        for n in *wanted {
            assert!(found.contains(n), "{text:?} finds {found:?}, not {n}: {:?}", desk.query(text));
        }
        for n in *unwanted {
            assert!(!found.contains(n), "{text:?} finds {n}");
        }
    }
}

#[test]
fn an_amount_is_told_as_the_reason() {
    let desk = table();
    let doc = desk.shop.all().into_iter().find(|doc| doc.id == id(1)).unwrap();
    for (text, told) in
        [("1234,50", vec!["€1,234.50"]), ("total:>1000", vec!["€1,234.50"]), ("total:<9", vec![])]
    {
        let found: Vec<_> = highlight::explain(&doc, &desk.query(text))
            .into_iter()
            .map(|m| (m.field, m.text, m.ranges))
            .collect();
        let wanted: Vec<_> = told.iter().map(|t| ("total", (*t).to_owned(), vec![(0, t.len())])).collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn a_correction_is_said_as_the_shop_writes_it() {
    let desk = table();
    for _ in 0..2 {
        let answer = desk.answer("mülelr");
        assert_eq!(answer.corrected, [("mülelr".to_owned(), "Müller".to_owned())]);
        assert_eq!(desk.answer("müller").corrected, []);
        // Never in words with digits or an @.
        assert!(desk.answer("10842").hits.is_empty() && desk.answer("anna.brg@example.com").hits.is_empty());
        // Four letters are not corrected.
        assert!(desk.answer("brgg").hits.is_empty());
        desk.search.flush().unwrap();
    }
}

#[test]
fn a_correction_tells_nothing_of_what_the_reader_may_not_see() {
    let desk = Desk::new();
    for n in 1..=2 {
        desk.put(order(n).text("name", "Mullen").keyword("tag", "vip"));
    }
    desk.put(order(3).text("name", "Muller"));
    for _ in 0..2 {
        let ask = |rights: &str| {
            let request = Request {
                and: Some(desk.query(rights)),
                forgiving: true,
                ..Request::new(desk.query("mulleb"))
            };
            let answer = desk.search.find(&request).unwrap();
            let told = answer.corrected.into_iter().map(|(_, word)| word).collect::<Vec<_>>();
            (told, answer.hits.iter().map(|hit| hit.id[15]).collect::<Vec<_>>())
        };
        assert_eq!(ask("-tag:vip"), (vec!["Muller".to_owned()], vec![3]));
        assert_eq!(ask("").0, ["Mullen"], "it is the more frequent one");
        assert_eq!(ask("-tag:vip -name:muller"), (vec![], vec![]));
        desk.search.flush().unwrap();
    }
}

#[test]
fn the_last_word_may_be_mistyped_while_it_is_typed() {
    let desk = Desk::new();
    desk.put(order(1).text("name", "Annika Schneider"));
    desk.search.flush().unwrap();
    for text in ["annika schnie", "schneidre", "anika", "shneider"] {
        assert_eq!(desk.found(text), [1], "{text}");
    }
    assert_eq!(desk.found("annika schxxx"), Vec::<u8>::new());
}

#[test]
fn names_in_many_scripts_are_found_however_they_are_typed() {
    let desk = Desk::new();
    let names: &[(&str, &[&str])] = &[
        ("Antonio Moreno Taquería", &["taqueria", "TAQUERÍA"]),
        ("Königlich Essen", &["koniglich", "koeniglich"]),
        ("Comércio Mineiro", &["comercio"]),
        ("Frankenversand München", &["munchen", "muenchen", "münch"]),
        ("Toms Spezialitäten Münster", &["munster"]),
        ("Berglunds snabbköp Luleå", &["lulea", "snabbkop"]),
        ("Vaffeljernet Århus", &["arhus", "aarhus"]),
        ("Blondesddsl père et fils", &["pere"]),
        ("Straße Groß", &["strasse", "gross", "STRASSE"]),
        ("Sørensen Øster", &["sorensen", "soerensen", "oster"]),
        ("Đorđe Łukasiewicz", &["dorde", "lukasiewicz"]),
        ("Æbleskiver Œuvre", &["aebleskiver", "oeuvre"]),
        ("Yıldız İnönü", &["yildiz", "inonu", "YILDIZ"]),
        ("Иванов Пётр", &["иванов", "петр", "ivanov", "ИВАН"]),
        ("Παπαδόπουλος", &["παπαδοπουλος", "παπα", "papadopoylos"]),
        ("مُحَمَّد", &["محمد"]),
        ("דָּוִד", &["דוד"]),
        ("東京都渋谷区", &["渋谷", "東京都", "京", "谷区"]),
        ("カタカナ ﾊﾝｶｸ", &["かたかな", "ハンカク", "ﾊﾝ"]),
        ("김철수", &["철수", "김", "김철수"]),
        ("王小明", &["小明", "王小明"]),
        ("สมชาย ใจดี", &["สมชาย", "ใจดี"]),
        ("प्रिया शर्मा", &["प्रिया", "शर्मा"]),
        ("ＷＩＤＥ　Ｎａｍｅ", &["wide name"]),
        ("d´oeste", &["d'oeste", "doeste", "oeste"]),
        ("Nuñez d’Este", &["nunez", "d'este", "deste"]),
    ];
    for (n, (name, _)) in (1..).zip(names) {
        desk.put(customer(n).text("name", *name));
    }
    for round in ["waiting", "indexed"] {
        for (n, (name, typed)) in (1..).zip(names) {
            for text in *typed {
                assert!(
                    desk.found(text).contains(&n),
                    "{round}: {text:?} does not find {name}: {:?}",
                    desk.query(text)
                );
            }
        }
        assert!(!desk.found("京東").contains(&18), "characters in another order");
        desk.search.flush().unwrap();
    }
}

#[test]
fn a_prefix_finds_more_than_a_whole_word() {
    let desk = Desk::new();
    desk.put(order(1).text("name", "Blondesddsl père et fils"));
    desk.put(order(2).text("name", "GROSELLA-Restaurante").text("note", "Manuel Pereira"));
    desk.search.flush().unwrap();
    assert_eq!(desk.found("pere"), [1, 2]);
    assert_eq!(desk.found("pere fils"), [1]);
}

#[test]
fn whole_words_come_first_where_the_best_are_asked_for() {
    let desk = Desk::new();
    desk.put(order(1).text("name", "Bergmann"));
    desk.put(order(2).text("name", "Berg"));
    for _ in 0..2 {
        let request = Request { sort: Sort::Best, ..Request::new(desk.query("berg")) };
        let ids: Vec<u8> = desk.search.find(&request).unwrap().hits.iter().map(|h| h.id[15]).collect();
        assert_eq!(ids, [2, 1]);
        desk.search.flush().unwrap();
    }
}

#[test]
fn marks_show_what_was_found() {
    let schema = schema();
    let marked = |text: &str, query: &str, field: &str| -> Vec<String> {
        let ranges = highlight::ranges(text, &parse(&schema, query).query, field);
        ranges.iter().map(|(a, b)| text.get(*a..*b).unwrap().to_owned()).collect()
    };
    assert_eq!(marked("Anna Bergmann", "berg", "name"), ["Berg"]);
    assert_eq!(marked("Jürgen MÜLLER", "mull", "name"), ["MÜLL"]);
    assert_eq!(marked("Jürgen Müller", "muelle", "name"), ["Mülle"]);
    assert_eq!(marked("Sean O’Neil-Smith", "oneil", "name"), ["O’Neil"]);
    assert_eq!(marked("+49 30 123 45 67", "4567", "phone"), ["45 67"]);
    assert_eq!(marked("+49 30 123 45 67", "030123", "phone"), ["30 123"]);
    assert_eq!(marked("+49 30 123 45 67", "phone:4567", "phone"), ["45 67"]);
    assert_eq!(marked("RJ-M-NVY", "rjmn", "sku"), ["RJ-M-N"]);
    assert_eq!(marked("anna.berg@example.com", "@example", "email"), ["@example"]);
    assert_eq!(marked("anna.berg@example.com", "anna.berg@ex", "email"), ["anna.berg@ex"]);
    assert_eq!(marked("東京都渋谷区", "渋谷", "name"), ["渋谷"]);
    assert_eq!(marked("Anna Berg", "\"anna berg\"", "name"), ["Anna", "Berg"]);
    assert_eq!(marked("Anna Berg", "-anna berg", "name"), ["Berg"]);
    assert_eq!(marked("Anna Berg", "name:ann", "name"), ["Ann"]);
    assert_eq!(marked("Anna Berg", "name:ann", "note"), Vec::<String>::new());
    assert_eq!(marked("Strasse Straße", "straß", "name"), ["Strass", "Straß"]);
}

#[test]
fn marks_follow_the_correction() {
    let desk = table();
    let answer = desk.answer("mülelr");
    let doc = desk.shop.doc("order", &answer.hits[0].id).unwrap().unwrap();
    let matches = desk.search.explain(&doc, &answer.query);
    assert_eq!(matches.len(), 1);
    let (from, to) = matches[0].ranges[0];
    assert_eq!((matches[0].field, matches[0].text.get(from..to).unwrap()), ("name", "Müller"));
}

#[test]
fn a_word_that_another_kind_has_is_not_mistyped() {
    let desk = Desk::new();
    desk.put(customer(1).text("name", "Weber"));
    desk.put(order(2).text("name", "Webar"));
    let corrected = |known_in: &[&'static str]| {
        let request = Request {
            kinds: vec!["order"],
            known_in: known_in.to_vec(),
            forgiving: true,
            ..Request::new(desk.query("weber"))
        };
        desk.search.find(&request).unwrap().corrected.len()
    };
    for _ in 0..2 {
        assert_eq!((corrected(&[]), corrected(&["order"]), corrected(&["order", "customer"])), (1, 1, 0));
        desk.search.flush().unwrap();
    }
}

/// Who types three letters of a name has somebody on the phone, and is not looking for a berry or for Berlin.
#[test]
fn where_it_is_asked_for_people_come_before_all_else_that_is_called_so() {
    let desk = Desk::new();
    desk.put(order(1).text("name", "Anna Berg"));
    desk.put(order(2).text("email", "bergmann@example.com"));
    desk.put(order(3).text("name", "Otto Ber"));
    for n in 4..=9 {
        desk.put(order(n).text("item", "Berry jacket").text("sku", "X-BER-1"));
    }
    let found = |text: &str, best_in: &[&'static str]| -> Vec<u8> {
        let request = Request {
            sort: Sort::Best,
            limit: 5,
            best_in: best_in.to_vec(),
            ..Request::new(desk.query(text))
        };
        desk.search.find(&request).unwrap().hits.iter().map(|hit| hit.id[15]).collect()
    };
    for is_indexed in [false, true] {
        let best: &[&str] = &["name", "email"];
        let mut first = found("ber", best);
        assert_eq!((first.remove(0), first.len()), (3, 4), "the word itself, {is_indexed}");
        assert_eq!(
            first.drain(..2).collect::<std::collections::BTreeSet<_>>(),
            [1, 2].into(),
            "{is_indexed}"
        );
        assert!(first.iter().all(|n| *n >= 4));
        assert!(found("ber", &[]).iter().all(|n| *n >= 3), "{is_indexed}");
        // Two letters stand in everything, digits in no name.
        assert_eq!(found("be", best), found("be", &[]), "{is_indexed}");
        assert_eq!(found("1", best), found("1", &[]), "{is_indexed}");
        assert_eq!(found("-ber", best), found("-ber", &[]), "{is_indexed}");
        desk.search.flush().unwrap();
    }
}
