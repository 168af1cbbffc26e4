//! The filters of the order list: what can be added to the query with a click, and how often it is there.

use super::terms::{Terms, chosen, quoted, replaced, same, values};
use crate::base::country;
use crate::search::{self, Facet, Query};
use crate::shop::orders::{Fulfilment, Payment, Status};
use crate::web::escape::escape;
use crate::web::listing::{day_in_words, grouped, opened};
use crate::web::parts::Chip;
use crate::web::place::{Place, Setting};
use serde::Serialize;

/// The list's address.
pub(super) const PATH: &str = "/admin/orders";
/// Values of an open field that are offered; the query box takes any other.
const VALUES_SHOWN: usize = 12;

/// The fields that are offered, in their order, with the word on their button; the first ones stand outside.
const OFFERS: &[(&str, &str, bool)] = &[
    ("status", "Status", true),
    ("payment", "Payment", true),
    ("fulfilment", "Fulfilment", true),
    ("customer", "Customer", true),
    ("country", "Country", false),
    ("category", "Category", false),
    ("size", "Size", false),
    ("colour", "Colour", false),
    ("channel", "Channel", false),
    ("currency", "Currency", false),
    ("tag", "Tag", false),
];

/// Names of the fields whose values are counted.
pub(super) fn fields() -> Vec<&'static str> {
    OFFERS.iter().map(|(field, ..)| *field).collect()
}

/// One field with the values it offers.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub label: &'static str,
    /// Has a button of its own; the others share one.
    pub own: bool,
    /// Something of it is in the query.
    pub on: bool,
    /// Only for those who see prices.
    #[serde(skip)]
    pub of_money: bool,
    #[serde(skip)]
    pub values: Vec<Offer>,
    /// The values as HTML, written here and not in a template: there are a hundred on a page. Everything in it is escaped.
    pub html: String,
}

/// A value that can be asked for, or asked not to be.
#[derive(Debug, Serialize)]
pub(super) struct Offer {
    pub label: String,
    pub href: String,
    /// The address that leaves it out.
    pub not: String,
    /// In the present result; absent when nothing was counted.
    pub count: Option<u64>,
    pub on: bool,
}

/// The words a closed field has, in their order.
fn closed(field: &str) -> Vec<&'static str> {
    match field {
        "status" => Status::ALL.iter().map(|v| v.word()).collect(),
        "payment" => Payment::ALL.iter().map(|v| v.word()).collect(),
        "fulfilment" => Fulfilment::ALL.iter().map(|v| v.word()).collect(),
        "customer" => vec!["new", "returning", "guest"],
        _ => Vec::new(),
    }
}

/// How a value is called on pages.
pub(super) fn value_label(field: &str, value: &str) -> String {
    let known = match field {
        "status" => Status::from_word(value).map(|v| v.label().to_owned()),
        "payment" => Payment::from_word(value).map(|v| v.label().to_owned()),
        "fulfilment" => Fulfilment::from_word(value).map(|v| v.label().to_owned()),
        "country" if value.len() == 2 => Some(country::name(&value.to_uppercase())),
        "currency" => Some(value.to_uppercase()),
        "is" => Some(value.replace("held", "on hold")),
        "customer" => {
            let words = [("new", "New"), ("returning", "Returning"), ("guest", "Guest")];
            words.iter().find(|(word, _)| *word == value).map(|(_, label)| (*label).to_owned())
        }
        _ => None,
    };
    known.unwrap_or_else(|| value.to_owned())
}

/// All groups for a query, with the counts of its answer. `sprite` is the address of the icons.
pub(super) fn groups(query: &Query, place: &Place, counted: &[Facet], sprite: &str) -> Vec<Group> {
    let (terms, addresses) = (Terms::of(query), place.setting("q", PATH));
    let made = OFFERS.iter().map(|(field, label, own)| {
        let counts = counted.iter().find(|f| f.field == *field);
        let on = chosen(query, field);
        let values: Vec<Offer> = values_of(field, &on, counts)
            .into_iter()
            .map(|value| offer(field, &value, &on, counts, (&terms, &addresses)))
            .collect();
        Group {
            label,
            own: *own,
            on: !on.is_empty(),
            of_money: matches!(*field, "payment" | "currency"),
            html: html(&values, sprite),
            values,
        }
    });
    made.filter(|group| !group.values.is_empty()).collect()
}

/// Values to click on, each with the link that leaves it out.
fn html(values: &[Offer], sprite: &str) -> String {
    let mut out = String::with_capacity(values.len() * 400);
    for value in values {
        out.push_str("<div class=\"offer\"><a class=\"item\" href=\"");
        escape(&mut out, &value.href);
        out.push('"');
        if value.on {
            out.push_str(" aria-current=\"true\"><svg class=\"ico\" aria-hidden=\"true\"><use href=\"");
            out.push_str(sprite);
            out.push_str("#check\"/></svg><span>");
        } else {
            out.push_str("><span>");
        }
        escape(&mut out, &value.label);
        out.push_str("</span>");
        if let Some(count) = value.count {
            out.push_str("<span class=\"n\">");
            out.push_str(&grouped(count));
            out.push_str("</span>");
        }
        out.push_str("</a><a class=\"not\" href=\"");
        escape(&mut out, &value.not);
        out.push_str("\" title=\"Everything but ");
        escape(&mut out, &value.label);
        out.push_str("\">not<span class=\"vh\"> ");
        escape(&mut out, &value.label);
        out.push_str("</span></a></div>");
    }
    out
}

/// Closed fields offer every word, the others what is there and what is asked for already.
fn values_of(field: &str, on: &[String], counts: Option<&Facet>) -> Vec<String> {
    let words = closed(field);
    if !words.is_empty() {
        return words.into_iter().map(str::to_owned).collect();
    }
    let mut values: Vec<String> = on.to_vec();
    for (value, _) in counts.map(|f| f.values.as_slice()).unwrap_or_default().iter().take(VALUES_SHOWN) {
        if !values.iter().any(|v| same(v, value)) {
            values.push(value.clone());
        }
    }
    values
}

fn offer(
    field: &str,
    value: &str,
    on: &[String],
    counts: Option<&Facet>,
    (terms, addresses): (&Terms, &Setting),
) -> Offer {
    let count = counts.map(|f| f.values.iter().find(|(v, _)| same(v, value)).map_or(0, |(_, count)| *count));
    Offer {
        label: value_label(field, value),
        href: addresses.href(&terms.toggled(field, value)),
        not: addresses.href(&terms.with(&format!("-{field}:{}", quoted(value)))),
        count,
        on: on.iter().any(|v| same(v, value)),
    }
}

/// The terms that are on, each with the address without it.
pub(super) fn chips(query: &Query, place: &Place) -> Vec<Chip> {
    let chips = query.chips();
    let chip = |(at, chip): (usize, &search::Chip)| Chip {
        label: chip_label(chip),
        without: place.set("q", &query.without(at)).href(PATH),
    };
    chips.iter().enumerate().map(chip).collect()
}

/// `Payment is Paid`, `Total > 100`, `Not “anna”`.
fn chip_label(chip: &search::Chip) -> String {
    let value = chip.value.as_str();
    let (Some(field), Some(label)) = (chip.field, chip.label) else {
        return if chip.negated { format!("Not {value}") } else { value.to_owned() };
    };
    let not = if chip.negated { "not " } else { "" };
    if let Some(words) = day_in_words(format!("{label} {not}").trim_end(), value) {
        return words;
    }
    let compared =
        [">=", "<=", ">", "<"].into_iter().find_map(|sign| Some((sign, value.strip_prefix(sign)?)));
    match (compared, value.split_once("..")) {
        (Some((sign, bound)), _) => format!("{label} {not}{sign} {bound}"),
        (_, Some((from, ""))) => format!("{label} {not}from {from}"),
        (_, Some(("", to))) => format!("{label} {not}up to {to}"),
        (_, Some((from, to))) => format!("{label} {not}{from} to {to}"),
        _ => {
            let words: Vec<String> =
                values(chip).iter().map(|v| opened(v, |v| value_label(field, v))).collect();
            let verb = if field == "is" { "Is" } else { &format!("{label} is") };
            format!("{verb} {not}{}", words.join(" or "))
        }
    }
}

/// A day range, or an amount range, that a form has added to the query.
pub(super) fn range(from: &str, to: &str) -> String {
    match (from.trim(), to.trim()) {
        ("", "") => String::new(),
        (from, "") => format!(">={from}"),
        ("", to) => format!("<={to}"),
        (from, to) => format!("{from}..{to}"),
    }
}

/// Days that are often asked for: a word and the address of the list with it.
pub(super) fn days(query: &Query, place: &Place) -> Vec<Offer> {
    let on = chosen(query, "placed");
    [
        ("Today", "today"),
        ("Yesterday", "yesterday"),
        ("Last 7 days", "-7d"),
        ("Last 30 days", "-30d"),
        ("Last year", "-365d"),
    ]
    .into_iter()
    .map(|(label, value)| {
        let is_on = on.iter().any(|v| v == value);
        let asked = if is_on { "" } else { value };
        Offer {
            label: label.to_owned(),
            href: place.set("q", &replaced(query, "placed", asked)).href(PATH),
            not: String::new(),
            count: None,
            on: is_on,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::admin::terms::tests::{query, schema};

    #[test]
    fn every_offered_field_is_one_of_the_query_language_and_is_counted() {
        let schema = schema();
        for field in fields() {
            assert!(schema.field(field).is_some_and(|f| f.facet && f.kinds.contains(&"order")), "{field}");
        }
    }

    #[test]
    fn chips_say_in_words_what_the_query_asks() {
        let query = query(
            "anna sku:RJ-M* -payment:paid,part_refunded shipment:unfulfilled total:>100 placed:2026-01-01..2026-02-01 country:de tag:none -is:held updated:-7d",
        );
        let labels: Vec<_> =
            chips(&query, &Place::of("q=x&sort=-total")).into_iter().map(|c| c.label).collect();
        assert_eq!(
            labels,
            [
                "anna",
                "SKU is RJ-M…",
                "Payment is not Paid or Part refunded",
                "Fulfilment is Unfulfilled",
                "Total > 100",
                "Placed 2026-01-01 to 2026-02-01",
                "Country is Germany",
                "Tag is none",
                "Is not on hold",
                "Updated in the last 7 days",
            ]
        );
    }

    #[test]
    fn values_carry_their_counts_and_lead_to_the_query_with_them() {
        let counted = [Facet { field: "payment", values: vec![("paid".to_owned(), 37)], exact: true }];
        let place = Place::of("q=payment%3Apaid&after=x");
        let groups = groups(&query("payment:paid"), &place, &counted, "/a/icons.svg");
        let payment = groups.iter().find(|g| g.label == "Payment").unwrap();
        let paid = payment.values.iter().find(|v| v.label == "Paid").unwrap();
        assert_eq!((paid.count, paid.on, paid.href.as_str()), (Some(37), true, "/admin/orders"));
        let unpaid = payment.values.iter().find(|v| v.label == "Unpaid").unwrap();
        assert_eq!((unpaid.count, unpaid.href.as_str()), (Some(0), "/admin/orders?q=payment:paid,unpaid"));
        assert_eq!(unpaid.not, "/admin/orders?q=payment:paid%20-payment:unpaid");
    }

    #[test]
    fn values_are_text_in_html() {
        let evil = "\"><script>alert(1)</script>'&";
        let counted = [Facet { field: "category", values: vec![(evil.to_owned(), 1_234)], exact: true }];
        let groups = groups(&query("payment:paid"), &Place::of("q=payment:paid"), &counted, "/a/icons.svg");
        let html = |label: &str| groups.iter().find(|g| g.label == label).unwrap().html.clone();
        let category = html("Category");
        assert!(!category.contains("<script") && !category.contains("'&\""), "{category}");
        assert!(
            category.contains("<span>&quot;&gt;&lt;script&gt;alert(1)&lt;&#x2f;script&gt;&#x27;&amp;</span>")
        );
        assert!(category.contains("<span class=\"n\">1,234</span>"));
        assert!(html("Payment").contains("aria-current=\"true\"><svg class=\"ico\""));
    }

    #[test]
    fn ranges_are_written_as_the_query_language_has_them() {
        assert_eq!(range("", " "), "");
        assert_eq!(range("5", ""), ">=5");
        assert_eq!(range("", "9"), "<=9");
        assert_eq!(range("2026-01-01", "2026-02-01"), "2026-01-01..2026-02-01");
    }
}
