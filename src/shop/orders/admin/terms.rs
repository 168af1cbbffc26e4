//! A query as the terms people see as chips: which are on, and the same query with one more, or one less. Pure.

use crate::search::Schema;
use crate::web::query::encode;

/// One term of a query, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub text: String,
    pub negated: bool,
    /// The word before the colon.
    pub field: Option<String>,
    /// What stands after the colon, or the whole of a term without one.
    pub value: String,
}

impl Term {
    fn read(text: String) -> Self {
        let (negated, rest) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
        let named = rest.split_once(':').filter(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        let (field, value) = match named {
            Some((name, value)) => (Some(name.to_lowercase()), value.to_owned()),
            None => (None, rest.to_owned()),
        };
        Self { negated, field, value, text }
    }

    /// The values of a list such as `paid,"part refunded"`, without their quotes.
    pub fn values(&self) -> Vec<String> {
        pieces(&self.value, |c| c == ',').into_iter().map(|v| v.trim_matches('"').to_owned()).collect()
    }
}

/// The terms of a query in their order. A query with `OR` at its top is one term: its parts mean nothing alone.
pub(super) fn split(query: &str) -> Vec<Term> {
    let texts: Vec<String> = pieces(query, char::is_whitespace);
    if texts.iter().any(|t| t == "OR") {
        return vec![Term { text: query.trim().to_owned(), negated: false, field: None, value: query.trim().to_owned() }];
    }
    texts.into_iter().map(Term::read).collect()
}

/// Cuts at `is_cut`, but neither in quotes nor in brackets.
fn pieces(text: &str, is_cut: impl Fn(char) -> bool) -> Vec<String> {
    let (mut found, mut piece) = (Vec::new(), String::new());
    let (mut quoted, mut depth) = (false, 0_u32);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth = depth.saturating_add(1),
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if is_cut(c) && !quoted && depth == 0 {
            if !piece.is_empty() {
                found.push(std::mem::take(&mut piece));
            }
        } else {
            piece.push(c);
        }
    }
    if !piece.is_empty() {
        found.push(piece);
    }
    found
}

/// The query these terms make.
pub(super) fn join<'a>(terms: impl IntoIterator<Item = &'a Term>) -> String {
    terms.into_iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The query without its term at this place.
pub(super) fn without(terms: &[Term], place: usize) -> String {
    join(terms.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, t)| t))
}

/// The values of a field that the query asks for; the name or any alias counts.
pub(super) fn chosen(terms: &[Term], field: &str, schema: &Schema) -> Vec<String> {
    positive(terms, field, schema).map(|at| terms.get(at).map(Term::values).unwrap_or_default()).unwrap_or_default()
}

/// The query with a value of a field added, or taken away where it is asked for already.
pub(super) fn toggled(terms: &[Term], field: &str, value: &str, schema: &Schema) -> String {
    let Some(at) = positive(terms, field, schema) else {
        return with(terms, &format!("{field}:{}", quoted(value)));
    };
    let mut values = terms.get(at).map(Term::values).unwrap_or_default();
    match values.iter().position(|v| v.eq_ignore_ascii_case(value)) {
        Some(place) => drop(values.remove(place)),
        None => values.push(value.to_owned()),
    }
    if values.is_empty() {
        return without(terms, at);
    }
    let list = values.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(",");
    let mut changed = terms.to_vec();
    if let Some(term) = changed.get_mut(at) {
        *term = Term::read(format!("{field}:{list}"));
    }
    join(&changed)
}

/// The query with another term at its end.
pub(super) fn with(terms: &[Term], term: &str) -> String {
    let query = join(terms);
    match terms {
        [] => term.to_owned(),
        [one] if one.text.contains(" OR ") => format!("({query}) {term}"),
        _ => format!("{query} {term}"),
    }
}

/// The query with its terms of a field replaced by one with this value; without them when it is empty.
pub(super) fn replaced(terms: &[Term], field: &str, value: &str, schema: &Schema) -> String {
    let rest: Vec<Term> = terms.iter().filter(|t| !is_of(t, field, schema)).cloned().collect();
    if value.is_empty() { join(&rest) } else { with(&rest, &format!("{field}:{value}")) }
}

fn positive(terms: &[Term], field: &str, schema: &Schema) -> Option<usize> {
    terms.iter().position(|t| !t.negated && is_of(t, field, schema))
}

fn is_of(term: &Term, field: &str, schema: &Schema) -> bool {
    term.field.as_deref().and_then(|name| schema.field(name)).is_some_and(|f| f.name == field)
}

/// The value as the query language reads it back.
pub(super) fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if plain && !value.starts_with('-') { value.to_owned() } else { format!("\"{}\"", value.replace('"', "")) }
}

/// The address of a list, as names and values that can be changed one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Vec<(String, String)>);

impl Place {
    pub fn of(query: &str) -> Self {
        Self(crate::web::query::pairs(query))
    }
    /// With a parameter set; an empty value takes it away. Another query or order begins at the first page.
    #[must_use]
    pub fn set(&self, name: &str, value: &str) -> Self {
        let starts_anew = !matches!(name, "after" | "before");
        let stays = |key: &str| key != name && !(starts_anew && matches!(key, "after" | "before"));
        let mut pairs: Vec<_> = self.0.iter().filter(|(key, _)| stays(key)).cloned().collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self(pairs)
    }
    /// Without some parameters.
    #[must_use]
    pub fn less(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
    }
    /// The path and what follows `?`.
    pub fn href(&self, path: &str) -> String {
        let query = encode(&self.0);
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{FieldDef, KindDef, Shape};
    use proptest::prelude::*;

    fn schema() -> Schema {
        let field = |name, aliases| FieldDef {
            name,
            aliases,
            label: "",
            help: "",
            example: "",
            kinds: &["order"],
            shape: Shape::Keyword,
            boxed: false,
            facet: true,
            sortable: false,
        };
        let kinds = vec![KindDef { name: "order", prefix: "ord", label: "Orders" }];
        Schema::new(kinds, vec![field("fulfilment", &["shipment"]), field("category", &[]), field("placed", &[])]).unwrap()
    }

    #[test]
    fn terms_are_cut_outside_of_quotes_and_brackets() {
        let terms = split("anna  -category:\"rain jackets\",socks (a OR b) total:>100");
        let texts: Vec<_> = terms.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(texts, ["anna", "-category:\"rain jackets\",socks", "(a OR b)", "total:>100"]);
        assert_eq!((terms[1].negated, terms[1].field.as_deref()), (true, Some("category")));
        assert_eq!(terms[1].values(), ["rain jackets", "socks"]);
        assert_eq!(split("a OR b").len(), 1, "parts of an OR are no terms of their own");
        assert_eq!(with(&split("a OR b"), "x:y"), "(a OR b) x:y");
    }

    #[test]
    fn a_value_is_added_to_its_term_and_taken_away_again() {
        let schema = schema();
        let once = toggled(&split("anna"), "category", "Rain jackets", &schema);
        assert_eq!(once, "anna category:\"Rain jackets\"");
        let twice = toggled(&split(&once), "category", "Socks", &schema);
        assert_eq!(twice, "anna category:\"Rain jackets\",Socks");
        assert_eq!(chosen(&split(&twice), "category", &schema), ["Rain jackets", "Socks"]);
        let less = toggled(&split(&twice), "category", "rain jackets", &schema);
        assert_eq!(less, "anna category:Socks");
        assert_eq!(toggled(&split(&less), "category", "Socks", &schema), "anna");
    }

    #[test]
    fn an_alias_is_the_same_field() {
        let schema = schema();
        assert_eq!(toggled(&split("shipment:part"), "fulfilment", "part", &schema), "");
        assert_eq!(replaced(&split("a shipment:part -fulfilment:x"), "fulfilment", "y", &schema), "a fulfilment:y");
    }

    #[test]
    fn another_query_begins_at_the_first_page() {
        let place = Place::of("q=a&after=xyz&sort=-total");
        assert_eq!(place.set("q", "b c").href("/o"), "/o?sort=-total&q=b%20c");
        assert_eq!(place.set("after", "z").href("/o"), "/o?q=a&sort=-total&after=z");
        assert_eq!(place.less(&["q", "sort", "after"]).href("/o"), "/o");
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic_and_a_toggled_value_is_chosen(query in ".{0,60}", value in "[^\"]{1,20}") {
            let schema = schema();
            let terms = split(&query);
            if chosen(&terms, "category", &schema).is_empty() && query.matches('"').count() % 2 == 0 && !query.contains(['(', ')']) {
                let added = toggled(&terms, "category", &value, &schema);
                prop_assert!(chosen(&split(&added), "category", &schema).contains(&value), "{}", added);
            }
        }
    }
}
