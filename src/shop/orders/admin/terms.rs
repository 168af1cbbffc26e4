//! The same query with one value more, or one less, and the address of the list with it. Pure.

use crate::search::Query;
use crate::search::query::Chip;
use crate::web::query::{encode, pairs};

/// The values a query asks for in a field, without quotes; empty for comparisons.
pub(super) fn chosen(query: &Query, field: &str) -> Vec<String> {
    query.chips().iter().find(|c| is_list_of(c, field)).map(values).unwrap_or_default()
}

/// The query with a value of a field added, or taken away where it is asked for already.
pub(super) fn toggled(query: &Query, field: &str, value: &str) -> String {
    let mut chips = query.chips();
    let Some(chip) = chips.iter_mut().find(|c| is_list_of(c, field)) else {
        return query.with(&format!("{field}:{}", quoted(value)));
    };
    let mut list = values(chip);
    match list.iter().position(|v| same(v, value)) {
        Some(place) => drop(list.remove(place)),
        None => list.push(value.to_owned()),
    }
    let list = list.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(",");
    chip.text = if list.is_empty() { String::new() } else { format!("{field}:{list}") };
    chips.iter().map(|c| c.text.as_str()).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The query with a term in place of what it said about a field; without it when the value is empty.
pub(super) fn replaced(query: &Query, field: &str, value: &str) -> String {
    let rest = query.without_field(field);
    if value.is_empty() { rest } else { format!("{rest} {field}:{value}").trim().to_owned() }
}

/// Whether two values of a keyword are the same one.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// A term that lists values of this field, such as `size:S,M`.
fn is_list_of(chip: &Chip, field: &str) -> bool {
    let unquoted: String = chip.value.split('"').step_by(2).collect();
    let is_compared = unquoted.starts_with(['<', '>']) || unquoted.contains("..");
    chip.field == Some(field) && !chip.negated && !is_compared
}

/// `S,"extra large"` as its values.
pub(super) fn values(chip: &Chip) -> Vec<String> {
    let (mut found, mut value, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in chip.value.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => found.push(std::mem::take(&mut value)),
            _ => value.push(c),
        }
    }
    found.push(value);
    found.retain(|v| !v.is_empty());
    found
}

/// The value as the query language reads it back.
pub(super) fn quoted(value: &str) -> String {
    let is_plain = !value.is_empty()
        && value.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !matches!(value, "none" | "any" | "me" | "OR");
    if is_plain { value.to_owned() } else { format!("\"{}\"", value.replace('"', "")) }
}

/// The address of a list, as names and values that can be changed one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Vec<(String, String)>);

impl Place {
    /// Of what stands behind `?`.
    pub(super) fn of(query: &str) -> Self {
        Self(pairs(query))
    }
    /// With a parameter set; an empty value takes it away. Another query or order begins at the first page.
    #[must_use]
    pub(super) fn set(&self, name: &str, value: &str) -> Self {
        let stays = |key: &str| key != name && !matches!(key, "after" | "before");
        let mut pairs: Vec<_> = self.0.iter().filter(|(key, _)| stays(key)).cloned().collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self(pairs)
    }
    /// With one more parameter at the end; an empty value adds nothing.
    #[must_use]
    pub(super) fn and(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }
    /// Without some parameters.
    #[must_use]
    pub(super) fn less(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
    }
    /// Whether any of these parameters is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(key, _)| names.contains(&key.as_str()))
    }
    /// The path and what follows `?`.
    pub(super) fn href(&self, path: &str) -> String {
        let query = encode(&self.0);
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::time::{Timestamp, Zone};
    use crate::search::Schema;
    use crate::search::query::parse;
    use crate::shop::customers;
    use crate::shop::orders::{FIELDS, KINDS};
    use proptest::prelude::*;

    pub(crate) fn schema() -> Schema {
        let mut kinds = KINDS.to_vec();
        kinds.push(customers::KIND);
        Schema::new(kinds, customers::FIELDS.iter().chain(FIELDS).copied().collect()).unwrap()
    }

    pub(crate) fn query(text: &str) -> Query {
        parse(text, &schema(), Timestamp(1_790_000_000_000), &Zone::utc(), None).query
    }

    #[test]
    fn a_value_is_added_to_its_term_and_taken_away_again() {
        let once = toggled(&query("anna"), "category", "Rain jackets");
        assert_eq!(once, "anna category:\"Rain jackets\"");
        let twice = toggled(&query(&once), "category", "Socks");
        assert_eq!(twice, "anna category:\"Rain jackets\",Socks");
        assert_eq!(chosen(&query(&twice), "category"), ["Rain jackets", "Socks"]);
        let less = toggled(&query(&twice), "category", "rain jackets");
        assert_eq!(less, "anna category:Socks");
        assert_eq!(toggled(&query(&less), "category", "Socks"), "anna");
    }

    #[test]
    fn an_alias_is_the_same_field_and_a_comparison_is_no_list() {
        assert_eq!(toggled(&query("shipment:part"), "fulfilment", "part"), "");
        assert_eq!(toggled(&query("-payment:paid"), "payment", "paid"), "-payment:paid payment:paid");
        assert_eq!(replaced(&query("a total:>5"), "total", "1..2"), "a total:1..2");
        assert!(chosen(&query("total:>5"), "total").is_empty());
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
        fn a_value_of_any_text_is_chosen_once_it_was_added(value in "[\\p{L}\\p{N}][\\p{L}\\p{N} #/]{0,19}") {
            let added = toggled(&query("anna"), "category", value.trim());
            prop_assert_eq!(chosen(&query(&added), "category"), vec![value.trim().to_owned()], "{}", added);
            prop_assert_eq!(toggled(&query(&added), "category", value.trim()), "anna");
        }
    }
}
