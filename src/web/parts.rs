//! What the macros in `templates/macros/` take: badges, tabs, chips, facets, pagers, timelines, form errors.

use crate::base::error::Error;
use crate::base::money::Money;
use crate::base::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a state means for the reader. Never shown by colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Tone {
    #[default]
    #[serde(rename = "")]
    Still,
    #[serde(rename = "ok")]
    Ok,
    #[serde(rename = "warn")]
    Warn,
    #[serde(rename = "bad")]
    Bad,
    #[serde(rename = "info")]
    Info,
}

/// The shape before the word: how far along something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    #[default]
    Empty,
    Half,
    Full,
    /// No shape: for words that are no state, such as `New`.
    Bare,
}

/// A state as word, colour and shape (`ui.badge`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Badge {
    pub label: String,
    pub tone: Tone,
    pub fill: Fill,
}

impl Badge {
    pub fn new(label: impl Into<String>, tone: Tone, fill: Fill) -> Self {
        Self { label: label.into(), tone, fill }
    }
}

/// A link with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    pub label: String,
    pub href: String,
}

impl Link {
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// A saved view over a list (`table.views`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tab {
    pub label: String,
    pub href: String,
    pub count: Option<u64>,
    pub current: bool,
    /// The state on screen differs from the saved one.
    pub changed: bool,
}

/// A filter that is on, with the address without it (`table.filters`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chip {
    pub label: String,
    pub without: String,
}

/// A filter that can be added, with its values and their counts in the present result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facet {
    pub label: String,
    pub values: Vec<FacetValue>,
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FacetValue {
    pub label: String,
    pub href: String,
    pub count: Option<u64>,
    pub on: bool,
}

/// Newer, older and how many (`table.pager`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pager {
    pub newer: Option<String>,
    pub older: Option<String>,
    pub shown: usize,
    pub total: Option<Total>,
}

/// A count that may be a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    pub count: u64,
    pub exact: bool,
}

/// One row of `ui.kv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    pub label: String,
    pub value: String,
}

/// One row of `ui.sums`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sum {
    pub label: String,
    pub amount: Money,
    pub total: bool,
}

/// One entry of `ui.timeline`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Symbol of the icon sprite.
    pub icon: &'static str,
    pub tone: Tone,
    /// A sentence: who did what stands in `by`.
    pub text: String,
    pub by: String,
    pub at: Timestamp,
    /// What somebody wrote, shown with its line breaks.
    pub note: Option<String>,
    pub link: Option<Link>,
}

/// A card that another feature puts on a page: rows with a state, and one thing that can be done with each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slips {
    pub title: &'static str,
    /// The id of its heading.
    pub word: &'static str,
    pub rows: Vec<Slip>,
    /// Where all of them are, when these are not all.
    pub all: Option<Link>,
}

/// One row of [`Slips`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slip {
    pub link: Link,
    pub badge: Badge,
    pub at: Timestamp,
    /// Why it is so; may be empty.
    pub note: String,
    /// A form with one button.
    pub act: Option<Link>,
}

/// One changed field of `ui.diff`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A choice of `form.select` and `form.radios`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// What was refused in a form, as `form.summary` and the fields show it. `None` of it when nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FormErrors {
    pub title: String,
    pub list: Vec<FormError>,
    /// The same by field name.
    pub by_name: BTreeMap<String, String>,
}

/// One refusal; the name is empty when it is about no field of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormError {
    pub name: String,
    pub detail: String,
}

impl FormErrors {
    /// What a refusal says, for the form it came from. `/lines/0/sku` becomes `lines.0.sku`.
    pub fn of(error: &Error) -> Self {
        let mut list: Vec<FormError> = error
            .fields
            .iter()
            .map(|f| FormError {
                name: f.pointer.trim_start_matches('/').replace('/', "."),
                detail: f.detail.clone(),
            })
            .collect();
        if list.is_empty() {
            list.push(FormError { name: String::new(), detail: error.message.clone().into_owned() });
        }
        let title = match list.len() {
            1 => "One thing needs a change".to_owned(),
            many => format!("{many} things need a change"),
        };
        let mut by_name = BTreeMap::new();
        for entry in list.iter().filter(|entry| !entry.name.is_empty()) {
            by_name.entry(entry.name.clone()).or_insert_with(|| entry.detail.clone());
        }
        Self { title, list, by_name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Checks;

    #[test]
    fn a_refusal_is_listed_on_top_and_beside_its_field() {
        let mut checks = Checks::default();
        checks.wrong("/price", "invalid_amount", "Price: enter an amount such as 59.00.");
        checks.wrong("/lines/0/sku", "unknown", "There is no such SKU.");
        let errors = FormErrors::of(&checks.finish().unwrap_err());
        assert_eq!(errors.title, "2 things need a change");
        assert_eq!(errors.by_name.keys().collect::<Vec<_>>(), ["lines.0.sku", "price"]);
        let whole = FormErrors::of(&Error::conflict("sold_out", "Only 2 left."));
        assert_eq!((whole.list[0].name.as_str(), whole.by_name.len()), ("", 0));
    }
}
