//! The same query with one value more, or one less. Pure.

use crate::search::Query;
use crate::search::query::Chip;

/// The values a query asks for in a field, without quotes; empty for comparisons.
pub(super) fn chosen(query: &Query, field: &str) -> Vec<String> {
    query.chips().iter().find(|c| is_list_of(c, field)).map(values).unwrap_or_default()
}

/// A query as its terms, to be written with one value more or less again and again.
pub(super) struct Terms {
    text: String,
    chips: Vec<Chip>,
}

impl Terms {
    pub(super) fn of(query: &Query) -> Self {
        Self { text: query.text(), chips: query.chips() }
    }
    /// The query with a further term; what it has already is not repeated.
    pub(super) fn with(&self, term: &str) -> String {
        if self.chips.iter().any(|chip| chip.text == term) {
            return self.text.clone();
        }
        format!("{} {term}", self.text).trim().to_owned()
    }
    /// The query with a value of a field added, or taken away where it is asked for already.
    pub(super) fn toggled(&self, field: &str, value: &str) -> String {
        let Some(place) = self.chips.iter().position(|c| is_list_of(c, field)) else {
            return self.with(&format!("{field}:{}", quoted(value)));
        };
        let mut list = self.chips.get(place).map(values).unwrap_or_default();
        match list.iter().position(|v| same(v, value)) {
            Some(place) => drop(list.remove(place)),
            None => list.push(value.to_owned()),
        }
        let list = list.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(",");
        let changed = if list.is_empty() { String::new() } else { format!("{field}:{list}") };
        let texts = self.chips.iter().enumerate();
        let texts = texts.map(|(at, chip)| if at == place { changed.as_str() } else { chip.text.as_str() });
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The query with a term in place of what it said about a field; without it when the value is empty.
pub(super) fn replaced(query: &Query, field: &str, value: &str) -> String {
    let rest = query.without_field(field);
    if value.is_empty() { rest } else { format!("{rest} {field}:{value}").trim().to_owned() }
}

/// Whether two values of a keyword are the same one.
pub(super) fn same(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        a.eq_ignore_ascii_case(b)
    } else {
        a.to_lowercase() == b.to_lowercase()
    }
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn toggled(query: &Query, field: &str, value: &str) -> String {
        Terms::of(query).toggled(field, value)
    }
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

    proptest! {
        #[test]
        fn a_value_of_any_text_is_chosen_once_it_was_added(value in "[\\p{L}\\p{N}][\\p{L}\\p{N} #/]{0,19}") {
            let added = toggled(&query("anna"), "category", value.trim());
            prop_assert_eq!(chosen(&query(&added), "category"), vec![value.trim().to_owned()], "{}", added);
            prop_assert_eq!(toggled(&query(&added), "category", value.trim()), "anna");
        }
    }
}
