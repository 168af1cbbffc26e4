//! The views and filters of the customer list: tabs, chips and facets, each a link to the list with another address.

use crate::base::country;
use crate::base::money::Currency;
use crate::search::{Chip as Term, Facet as Counted, Query};
use crate::web::listing::{day_in_words, opened};
use crate::web::parts::{Chip, Facet, FacetValue, Tab};
use crate::web::place::Place;

/// The list's address.
pub(super) const PATH: &str = "/admin/customers";
/// Fields whose values are offered with their counts.
pub(super) const FACETS: &[&str] = &["country", "tag"];
/// Values of a facet that are offered; the query box takes any other.
const VALUES_MAX: usize = 20;
/// Views that are a query.
const QUERIES: &[(&str, &str)] =
    &[("New, 30 days", "since:-30d"), ("Not ordered for 180 days", "last_order:<-180d")];

/// Which customers come first, beside the list by query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    Orders,
    Spent(Currency),
}

/// What of the list's address stays from one view to the next: how it is shown.
const KEPT: &[&str] = &["cols", "limit"];

/// How the list is shown, out of its address.
pub(super) fn kept(query: &str) -> Place {
    Place::of(query).only(KEPT)
}

/// The list at another place: parameters that are empty are left out.
pub(super) fn place(kept: &Place, parameters: &[(&str, &str)]) -> String {
    parameters.iter().fold(kept.clone(), |place, (name, value)| place.and(name, value)).href(PATH)
}

/// The tabs over the list. `q` is the query in its shortest form.
pub(super) fn tabs(kept: &Place, q: &str, top: Option<Top>) -> Vec<Tab> {
    let tab = |label: &str, href: String, current: bool| Tab {
        label: label.to_owned(),
        href,
        current,
        ..Tab::default()
    };
    let is_view = QUERIES.iter().any(|(_, query)| *query == q);
    let mut tabs = vec![
        tab("All", place(kept, &[]), top.is_none() && !is_view),
        tab("Most orders", place(kept, &[("top", "orders")]), top == Some(Top::Orders)),
        tab("Highest spend", place(kept, &[("top", "spent")]), matches!(top, Some(Top::Spent(_)))),
    ];
    tabs.extend(
        QUERIES
            .iter()
            .map(|(label, query)| tab(label, place(kept, &[("q", query)]), top.is_none() && *query == q)),
    );
    tabs
}

/// The terms that are on, each with the list without it.
pub(super) fn chips(kept: &Place, query: &Query, sort: &str) -> Vec<Chip> {
    let terms = query.chips();
    let chip = |(at, term): (usize, &Term)| Chip {
        label: label_of(term),
        without: place(kept, &[("q", &query.without(at)), ("sort", sort)]),
    };
    terms.iter().enumerate().map(chip).collect()
}

/// `Country is Germany`, `Orders > 5`, `not “anna”`.
fn label_of(term: &Term) -> String {
    let not = if term.negated { "not " } else { "" };
    let Some((field, label)) = term.field.zip(term.label) else { return format!("{not}{}", term.value) };
    let value = term.value.as_str();
    if let Some(words) = day_in_words(format!("{label} {not}").trim_end(), value) {
        return words;
    }
    let compared =
        [">=", "<=", ">", "<"].into_iter().find_map(|sign| Some((sign, value.strip_prefix(sign)?)));
    match (compared, value.split_once("..")) {
        (Some((sign, bound)), _) => format!("{label} {not}{sign} {bound}"),
        (_, Some((from, to))) => format!("{label} {not}{from} to {to}"),
        _ => {
            let words: Vec<String> = value.split(',').map(|v| opened(v, |v| value_label(field, v))).collect();
            format!("{label} is {not}{}", words.join(" or "))
        }
    }
}

/// How a value is called on pages.
fn value_label(field: &str, value: &str) -> String {
    match field {
        "country" if value.chars().count() == 2 => country::name(&value.to_uppercase()),
        _ => value.trim_matches('"').to_owned(),
    }
}

/// The filters that can be added, with counts in the present result.
pub(super) fn facets(kept: &Place, query: &Query, counted: &[Counted], sort: &str) -> Vec<Facet> {
    let terms = query.chips();
    let of_field = |counted: &Counted| {
        let on = terms.iter().find(|t| t.field == Some(counted.field) && !t.negated);
        let value = |(value, count): &(String, u64)| {
            let is_on = on.is_some_and(|t| t.value.trim_matches('"').eq_ignore_ascii_case(value));
            let asked = if is_on {
                query.without_field(counted.field)
            } else {
                query.with_field(counted.field, value)
            };
            FacetValue {
                label: value_label(counted.field, value),
                href: place(kept, &[("q", &asked), ("sort", sort)]),
                count: Some(*count),
                on: is_on,
            }
        };
        let label = query.schema().field(counted.field).map_or(counted.field, |f| f.label).to_owned();
        Facet { label, values: counted.values.iter().take(VALUES_MAX).map(value).collect() }
    };
    counted.iter().map(of_field).filter(|facet| !facet.values.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{Timestamp, Zone};
    use crate::search::Schema;
    use crate::search::query::parse;
    use crate::shop::customers::{FIELDS, KIND};

    fn query(text: &str) -> Query {
        let fields = FIELDS.iter().map(|f| crate::search::FieldDef { kinds: &["customer"], ..*f }).collect();
        let schema = Schema::new(vec![KIND], fields).unwrap();
        let parsed = parse(text, &schema, Timestamp(1_790_000_000_000), &Zone::utc(), None);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        parsed.query
    }

    #[test]
    fn the_built_in_views_are_queries_that_are_understood() {
        for (_, text) in QUERIES {
            assert_eq!(query(text).text(), *text);
        }
        let tabs = tabs(&Place::default(), "since:-30d", None);
        assert_eq!(
            tabs.iter().filter(|t| t.current).map(|t| t.label.as_str()).collect::<Vec<_>>(),
            ["New, 30 days"]
        );
        assert_eq!(tabs[4].href, "/admin/customers?q=last_order:%3C-180d");
    }

    #[test]
    fn chips_say_what_is_asked_and_lead_to_the_list_without_it() {
        let query = query("anna country:de orders:>5 -tag:gift");
        let chips = chips(&Place::default(), &query, "-orders");
        let labels: Vec<_> = chips.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["anna", "Country is Germany", "Orders > 5", "Tag is not gift"]);
        assert_eq!(chips[1].without, "/admin/customers?q=anna%20orders:%3E5%20-tag:gift&sort=-orders");
    }

    #[test]
    fn a_facet_value_is_added_or_taken_away() {
        let counted =
            [Counted { field: "country", values: vec![("de".into(), 7), ("ch".into(), 2)], exact: true }];
        let facets = facets(&kept("q=x&cols=tags"), &query("country:de"), &counted, "");
        let values: Vec<_> =
            facets[0].values.iter().map(|v| (v.label.as_str(), v.href.as_str(), v.on)).collect();
        assert_eq!(
            values,
            [
                ("Germany", "/admin/customers?cols=tags", true),
                ("Switzerland", "/admin/customers?cols=tags&q=country:ch", false)
            ]
        );
    }
}
