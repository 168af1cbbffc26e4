//! No link and no form of any page leads nowhere.

use crate::harness::{OWNER, PASSWORD, Shop, least_order};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Pages of one path with different queries that are looked at.
const QUERIES_MAX: usize = 6;
/// Pages of one kind, such as orders, that are looked at.
const ALIKE_MAX: usize = 3;

/// The path with its ids taken out, such as `/admin/orders/*`.
fn pattern(path: &str) -> String {
    let is_id = |part: &str| part.len() > 20 && part.contains('_');
    path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn every_link_and_every_form_leads_somewhere() {
    let shop = Shop::open();
    for i in 0..60 {
        let mut order = least_order(&format!("c{}@example.com", i % 9), 100 * i + 1);
        order["lines"][0]["size"] = "M".into();
        order["lines"][0]["colour"] = "navy".into();
        order["tags"] = serde_json::json!(["gift"]);
        order["phone"] = "+49 30 1234567".into();
        shop.place(&format!("k{i}"), &order).expect(201);
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    crate::transfer::checked_import(&shop, &cookie);
    let mut waiting: VecDeque<String> =
        ["/admin", "/api/docs", "/admin/nothing-here"].map(str::to_owned).into();
    let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut of_path: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_kind: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut forms = BTreeSet::new();
    let mut dead = Vec::new();
    let mut seen = 0;
    while let Some(address) = waiting.pop_front() {
        let path = address.split('?').next().unwrap().to_owned();
        let count = of_path.entry(path.clone()).or_default();
        *count += 1;
        let alike = of_kind.entry(pattern(&path)).or_default();
        if *count > QUERIES_MAX
            || (!alike.contains(&path) && alike.len() >= ALIKE_MAX && pattern(&path) != path)
        {
            continue;
        }
        alike.insert(path);
        seen += 1;
        let answer = shop.page(&address, &cookie);
        if answer.status >= 400 && address != "/admin/nothing-here" {
            dead.push(format!("{} {address}", answer.status));
            continue;
        }
        if !answer.header("content-type").unwrap_or_default().starts_with("text/html") {
            continue;
        }
        let html = scraper::Html::parse_document(&answer.body);
        for element in html.tree.values().filter_map(|n| n.as_element()) {
            let (name, to) = match element.name() {
                "a" => ("href", element.attr("href")),
                "form" if element.attr("method") == Some("post") => ("action", element.attr("action")),
                "form" => ("href", element.attr("action")),
                "use" | "link" => ("href", element.attr("href")),
                "script" => ("href", element.attr("src")),
                _ => continue,
            };
            let Some(to) = to.filter(|to| to.starts_with('/') && !to.starts_with("//")) else { continue };
            let to = to.split('#').next().unwrap().to_owned();
            if name == "action" {
                forms.insert((to, address.clone()));
            } else if known.insert(to.clone()) {
                waiting.push_back(to);
            }
        }
    }
    for (action, page) in forms {
        // A route for sending only answers a reader with 405, or with the page itself.
        let status = shop.page(&action, &cookie).status;
        if status == 404 {
            dead.push(format!("form {action} on {page}"));
        }
    }
    assert!(seen > 60, "{seen} pages were found");
    assert!(dead.is_empty(), "of {seen} pages:\n{}", dead.join("\n"));
}
