//! The two evaluators mean the same: what the index finds is what matches one document at a time.

use super::*;
use crate::search::order::{SortValue, sort_text};
use proptest::prelude::*;
use std::cmp::Ordering;

const WORDS: &[&str] = &[
    "anna",
    "Ann",
    "berg",
    "Bergmann",
    "Müller",
    "mueller",
    "O'Neil",
    "oneil",
    "RJ-M-NVY",
    "navy",
    "東京都",
    "京",
    "Sören",
    "schneider",
    "schnieder",
    "10482",
    "0010482",
    "ИВАНОВ",
    "a_b@x.de",
    "glass",
    "fragile",
    "x",
    "Straße",
    "+49 30 123 45 67",
    "030 1234567",
    "4567",
    "42",
    "abcdefghijklmnop",
    "abcdefghijkl",
    "12345678901234567890",
];
const STATUS: &[&str] = &["open", "completed", "cancelled", "draft"];
const TAGS: &[&str] = &["gift", "Gift", "spring sale", "vip"];

/// A document by small numbers.
#[derive(Clone, Debug)]
pub(super) struct Made {
    order: bool,
    id: u8,
    minute: u8,
    fields: Vec<(u8, usize)>,
    total: Option<i64>,
    shipby: Option<u8>,
}

impl Made {
    pub(super) fn doc(&self) -> Doc {
        let kind = if self.order { "order" } else { "customer" };
        let mut doc = Doc::new(kind, id(self.id), now().0 - i64::from(self.minute / 4) * 3_600_000);
        for (field, word) in &self.fields {
            let word = |list: &[&'static str]| list[word % list.len()];
            doc = match field % 10 {
                0 => doc.text("name", word(WORDS)),
                1 => doc.text("name", format!("{} {}", word(WORDS), word(&["berg", "Smith", "京都"]))),
                2 => doc.text("email", format!("{}@example.com", word(&["anna", "a_b", "x"]))),
                3 => doc.text("phone", word(&["+49 30 123 45 67", "030 1234567", "4567", "0049 40 7654321"])),
                4 if field % 20 < 10 || !self.order => doc.text("sku", word(WORDS)),
                4 => doc.text("tracking", word(WORDS)),
                5 => doc.text("number", word(&["10482", "#10483", "0010482", "SO-1"])),
                6 => doc.keyword("status", word(STATUS)),
                7 => doc.keyword("tag", word(TAGS)),
                8 => doc.text("note", format!("{} {}", word(WORDS), word(WORDS))),
                _ => doc.keyword("country", word(&["DE", "CH"])),
            };
        }
        if let Some(total) = self.total {
            doc = doc.number("total", total * 100);
        }
        doc.maybe_date("shipby", self.shipby.map(|day| now().0 - i64::from(day) * 43_200_000))
    }
}

pub(super) fn made() -> impl Strategy<Value = Made> {
    let fields =
        prop::collection::vec((any::<u8>(), any::<prop::sample::Index>().prop_map(|i| i.index(1_000))), 0..7);
    (any::<bool>(), 0..40_u8, any::<u8>(), fields, prop::option::of(0..6_i64), prop::option::of(0..6_u8))
        .prop_map(|(order, id, minute, fields, total, shipby)| Made {
            order,
            id,
            minute,
            fields,
            total,
            shipby,
        })
}

/// A term of the language.
fn term() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    let prefix =
        (prop::sample::select(WORDS), 1..6_usize).prop_map(|(w, n)| w.chars().take(n).collect::<String>());
    let fielded = prop::sample::select(vec![
        "status:open",
        "status:open,draft",
        "status:any",
        "status:none",
        "-status:open",
        "tag:gift",
        "tag:none",
        "tag:\"spring sale\"",
        "tag:s*",
        "total:>2",
        "total:1..3",
        "2.00",
        "3,00",
        "€4",
        "-1.00",
        "total:none",
        "total:any",
        "-total:2",
        "shipby:<now",
        "shipby:-1d",
        "shipby:none",
        "placed:today",
        "placed:yesterday",
        "placed:any",
        "-placed:today",
        "name:ann",
        "name:\"anna berg\"",
        "name:berg",
        "email:anna@",
        "email:example.com",
        "phone:4567",
        "phone:0301234567",
        "sku:rj*",
        "sku:\"rj-m-nvy\"",
        "number:1048",
        "number:\"10482\"",
        "country:DE,CH",
        "note:any",
        "name:京都",
    ]);
    prop_oneof![
        3 => word.prop_map(str::to_owned),
        3 => prefix,
        2 => prop::sample::select(WORDS).prop_map(|w| format!("\"{w}\"")),
        1 => prop::sample::select(WORDS).prop_map(|w| format!("-{w}")),
        4 => fielded.prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let few = prop::collection::vec(term(), 0..4).prop_map(|terms| terms.join(" "));
    prop_oneof![
        4 => few,
        1 => (term(), term()).prop_map(|(a, b)| format!("{a} OR {b}")),
        1 => (term(), term(), term()).prop_map(|(a, b, c)| format!("({a} {b}) OR -({c})")),
    ]
}

fn hidden(field: &str, _: &[&str]) -> bool {
    matches!(field, "email" | "phone" | "tracking")
}

/// A text of the box that excludes nothing.
fn hidden_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    let start =
        (prop::sample::select(WORDS), 1..9_usize).prop_map(|(w, n)| w.chars().take(n).collect::<String>());
    let address =
        prop::sample::select(vec!["a_b@", "@example", "example", "anna@example.com", "com", "exampel"]);
    let one = prop_oneof![
        2 => word.prop_map(str::to_owned),
        3 => start,
        1 => prop::sample::select(WORDS).prop_map(|w| format!("\"{w}\"")),
        2 => address.prop_map(str::to_owned),
    ];
    prop::collection::vec(one, 1..3).prop_map(|words| words.join(" "))
}

/// What is done to the shop between two commits of the index.
#[derive(Clone, Debug)]
enum Step {
    Put(Made),
    Delete(bool, u8),
    Index,
}

/// What happens to a shop, and how many waiting records become segments of their own.
fn steps() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let step = prop_oneof![
        12 => made().prop_map(Step::Put),
        2 => (any::<bool>(), 0..40_u8).prop_map(|(order, id)| Step::Delete(order, id)),
        1 => Just(Step::Index),
    ];
    (prop::sample::select(vec![usize::MAX, 1, 6]), prop::collection::vec(step, 0..80))
}

fn shop_after((many_from, steps): &(usize, Vec<Step>)) -> Desk {
    let desk = Desk::many_from(*many_from);
    for step in steps {
        match step {
            Step::Put(made) => desk.put(made.doc()),
            Step::Delete(order, n) => desk.delete(if *order { "order" } else { "customer" }, id(*n)),
            Step::Index => desk.search.flush().unwrap(),
        }
    }
    desk
}

/// The documents that should be found, in the order of a list.
fn model(desk: &Desk, query: &Query, rights: &Query, kinds: &[&str], sort: &Sort) -> Vec<Doc> {
    let mut docs: Vec<Doc> = desk
        .shop
        .all()
        .into_iter()
        .filter(|d| kinds.is_empty() || kinds.contains(&d.kind))
        .filter(|d| query.matches(d) && rights.matches(d))
        .collect();
    docs.sort_by(|a, b| order_of(a, b, sort));
    docs
}

fn order_of(a: &Doc, b: &Doc, sort: &Sort) -> Ordering {
    let newest = || {
        let kind = |d: &Doc| u8::from(d.kind == "customer");
        b.time_ms.cmp(&a.time_ms).then_with(|| b.id.cmp(&a.id)).then_with(|| kind(a).cmp(&kind(b)))
    };
    let value = |d: &Doc, field: &str| {
        let shape = schema().field(field).map_or(Shape::Text, |def| def.shape);
        let value = |value: &doc::Value| match value {
            number @ (doc::Value::Number(_) | doc::Value::Money(_)) => number.number().map(SortValue::Number),
            doc::Value::Text(text) => {
                let text = sort_text(shape, text);
                (!text.is_empty()).then(|| SortValue::text(text.as_bytes()))
            }
        };
        d.values.iter().filter(|(name, _)| *name == field).find_map(|(_, v)| value(v))
    };
    match sort {
        Sort::Newest | Sort::Best => newest(),
        Sort::Oldest => newest().reverse(),
        Sort::By { field, descending } => match (value(a, field), value(b, field)) {
            (Some(x), Some(y)) if *descending => y.cmp(&x).then_with(newest),
            (Some(x), Some(y)) => x.cmp(&y).then_with(newest),
            (x, y) => y.is_some().cmp(&x.is_some()).then_with(newest),
        },
    }
}

fn keys(docs: &[Doc]) -> Vec<(&'static str, u8)> {
    docs.iter().map(|d| (d.kind, d.id[15])).collect()
}
fn hit_keys(hits: &[Hit]) -> Vec<(&'static str, u8)> {
    hits.iter().map(|h| (h.kind, h.id[15])).collect()
}

const SORTS: usize = 9;

fn sorts() -> Vec<Sort> {
    vec![
        Sort::Newest,
        Sort::Oldest,
        Sort::By { field: "total", descending: true },
        Sort::By { field: "total", descending: false },
        Sort::By { field: "shipby", descending: true },
        Sort::By { field: "name", descending: false },
        Sort::By { field: "name", descending: true },
        Sort::By { field: "number", descending: true },
        Sort::By { field: "status", descending: false },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_index_finds_what_matches(
        steps in steps(),
        asked in prop::collection::vec((text(), 0..3_usize, 0..SORTS), 1..40),
    ) {
        let desk = shop_after(&steps);
        for (text, kinds, sort) in &asked {
            let kinds: &[&str] = [&[][..], &["order"], &["customer"]][*kinds];
            let (query, rights) = (desk.query(text), desk.query("-tag:vip"));
            let request = Request {
                kinds: kinds.to_vec(),
                sort: sorts()[*sort].clone(),
                limit: 100,
                count: Count::UpTo(1_000),
                facets: vec!["status", "tag"],
                and: Some(rights.clone()),
                forgiving: true,
                ..Request::new(query.clone())
            };
            let answer = desk.search.find(&request).unwrap();
            let wanted = model(&desk, &answer.query, &rights, kinds, &request.sort);
            prop_assert_eq!(hit_keys(&answer.hits), keys(&wanted), "{} {:?}", text, answer.query);
            prop_assert_eq!(answer.total, Some(Total::Exact(wanted.len() as u64)));
            prop_assert!(!answer.degraded);
            if answer.corrected.is_empty() {
                prop_assert_eq!(&answer.query, &query);
            } else {
                prop_assert_eq!(model(&desk, &query, &rights, kinds, &request.sort), vec![]);
            }
            let status = answer.facets.iter().find(|f| f.field == "status").unwrap();
            for word in STATUS {
                let counted = status.values.iter().find(|(v, _)| v == word).map_or(0, |v| v.1);
                let right = wanted.iter().filter(|d| d.texts_of("status").any(|s| s == *word)).count() as u64;
                prop_assert_eq!(counted, right, "{} of {}", word, text);
            }
        }
    }

    /// A reader who does not see addresses, phone numbers and tracking numbers finds what the index would find if it had
    /// none of them, but for words that are only a part of a code or a keyword.
    #[test]
    fn what_a_reader_does_not_see_is_not_found_by_it(
        steps in steps(),
        asked in prop::collection::vec((hidden_text(), 0..3_usize), 1..40),
    ) {
        let desk = shop_after(&steps);
        for (text, kinds) in &asked {
            let kinds: &[&str] = [&[][..], &["order"], &["customer"]][*kinds];
            let query = query::parse(text, &desk.search.schema().hiding(hidden), now(), &Zone::utc(), None).query;
            for sort in [Sort::Newest, Sort::Best] {
                let request = Request { kinds: kinds.to_vec(), sort, limit: 100, forgiving: true, ..Request::new(query.clone()) };
                let answer = desk.search.find(&request).unwrap();
                let everything = desk.query("");
                let wanted = model(&desk, &answer.query, &everything, kinds, &Sort::Newest);
                let mut found = hit_keys(&answer.hits);
                if request.sort == Sort::Best {
                    found.sort_unstable();
                    let mut wanted = keys(&wanted);
                    wanted.sort_unstable();
                    prop_assert_eq!(&found, &wanted, "best of {} {:?}", text, answer.query);
                } else {
                    prop_assert_eq!(&found, &keys(&wanted), "{} {:?}", text, answer.query);
                }
                let full = desk.query("").with_tree(answer.query.tree().clone());
                for doc in &wanted {
                    let mut seen = doc.clone();
                    seen.values.retain(|(field, _)| !hidden(field, &[]));
                    prop_assert!(full.matches(&seen), "{} tells of {:?}", text, doc);
                }
            }
        }
    }

    #[test]
    fn pages_one_after_the_other_are_the_whole_list(
        steps in steps(),
        asked in prop::collection::vec((text(), 0..SORTS, 1..7_usize), 1..8),
    ) {
        let desk = shop_after(&steps);
        for (text, sort, limit) in &asked {
            let query = desk.query(text);
            let everything = desk.query("");
            let first = Request { sort: sorts()[*sort].clone(), limit: *limit, forgiving: true, ..Request::new(query.clone()) };
            let answer = desk.search.find(&first).unwrap();
            let wanted = keys(&model(&desk, &answer.query, &everything, &[], &first.sort));
            let mut pages = vec![answer];
            while let Some(next) = pages[pages.len() - 1].next {
                let next = Cursor::parse(&next.to_string()).unwrap();
                pages.push(desk.search.find(&Request { after: Some(next), ..first.clone() }).unwrap());
            }
            let all: Vec<_> = pages.iter().flat_map(|p| hit_keys(&p.hits)).collect();
            prop_assert_eq!(&all, &wanted, "{} {:?}", text, first.sort);
            prop_assert_eq!(pages[0].prev, None);
            // And back again.
            let mut back = Vec::new();
            let mut here = pages[pages.len() - 1].clone();
            loop {
                back.splice(0..0, hit_keys(&here.hits));
                let Some(prev) = here.prev else { break };
                here = desk.search.find(&Request { before: Some(prev), ..first.clone() }).unwrap();
                prop_assert!(here.next.is_some());
            }
            prop_assert_eq!(&back, &wanted, "back through {} {:?}", text, first.sort);
        }
    }
}
