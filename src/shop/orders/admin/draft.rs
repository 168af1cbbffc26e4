//! What of an order can be edited, as the text fields of a form; and how two edits at once become one. Pure.

use crate::base::country;
use crate::shop::customers::Address;
use crate::shop::orders::{Order, OrderChange};
use crate::web::Fields;
use std::collections::{BTreeMap, BTreeSet};

/// Hidden fields with the text a form began with have this before their name.
pub(super) const WAS: &str = "was_";
/// Custom fields have this before their name.
pub(super) const META: &str = "metadata.";
/// Names and values of custom fields that are new.
pub(super) const NEW_KEY: &str = "new_key";
pub(super) const NEW_VALUE: &str = "new_value";

/// The parts of an address in the order of a form, with their labels.
pub(super) const PARTS: &[(&str, &str)] = &[
    ("name", "Name"),
    ("company", "Company"),
    ("line1", "Street and number"),
    ("line2", "Addition"),
    ("postcode", "Postcode"),
    ("city", "City"),
    ("region", "Region"),
    ("country", "Country"),
    ("phone", "Phone"),
];

/// The two addresses, with their labels.
pub(super) const ADDRESSES: &[(&str, &str)] =
    &[("shipping_address", "Shipping address"), ("billing", "Billing address")];

fn part<'a>(address: &'a mut Address, name: &str) -> Option<&'a mut String> {
    Some(match name {
        "name" => &mut address.name,
        "company" => &mut address.company,
        "line1" => &mut address.line1,
        "line2" => &mut address.line2,
        "postcode" => &mut address.postcode,
        "city" => &mut address.city,
        "region" => &mut address.region,
        "country" => &mut address.country,
        "phone" => &mut address.phone,
        _ => return None,
    })
}

/// Field → text. A field that is not there is empty; a custom field that is empty is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft(BTreeMap<String, String>);

impl Draft {
    /// The fields as the order has them now.
    pub(super) fn of(order: &Order) -> Self {
        let mut draft = Self::default();
        draft.put("email", order.email.as_deref().unwrap_or_default());
        draft.put("phone", &order.phone);
        draft.put("note", &order.note);
        draft.put("tags", &order.tags.join(", "));
        for (name, address) in [("shipping_address", &order.shipping_address), ("billing", &order.billing)] {
            let mut address = address.clone().unwrap_or_default();
            for (part_name, _) in PARTS {
                if let Some(text) = part(&mut address, part_name) {
                    let name = format!("{name}.{part_name}");
                    draft.put(&name, &called(&name, text));
                }
            }
        }
        for (key, value) in &order.metadata {
            draft.put(&format!("{META}{key}"), value);
        }
        draft
    }

    /// The fields of a form whose names begin with `before`.
    pub(super) fn read(fields: &Fields, before: &str) -> Self {
        let mut draft = Self::default();
        for (name, value) in &fields.0 {
            if let Some(name) = name.strip_prefix(before)
                && is_field(name)
            {
                draft.put(name, &called(name, &value.replace("\r\n", "\n")));
            }
        }
        if before.is_empty() {
            for (key, value) in fields.all(NEW_KEY).zip(fields.all(NEW_VALUE)) {
                let key = key.trim();
                if !key.is_empty() {
                    draft.put(&format!("{META}{key}"), value);
                }
            }
        }
        draft
    }

    fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.trim().to_owned());
    }

    /// The text of a field.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// All fields with their texts.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The custom fields: name and text.
    pub(super) fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter_map(|(name, text)| Some((name.strip_prefix(META)?, text)))
    }

    /// The change that makes this of an order; fields that stay as they are do not appear in it.
    pub(super) fn change(&self, order: &Order) -> OrderChange {
        let now = Self::of(order);
        let differs = |name: &str| self.get(name) != now.get(name);
        let differs_below = |start: &str| {
            let names: BTreeSet<&String> =
                self.0.keys().chain(now.0.keys()).filter(|n| n.starts_with(start)).collect();
            names.into_iter().any(|name| differs(name))
        };
        let text = |name: &str| differs(name).then(|| self.get(name).to_owned());
        OrderChange {
            email: text("email").map(|e| Some(e).filter(|e| !e.is_empty())),
            phone: text("phone"),
            note: text("note"),
            tags: text("tags").map(|t| tags(&t)),
            shipping_address: differs_below("shipping_address.").then(|| self.address("shipping_address")),
            billing: differs_below("billing.").then(|| self.address("billing")),
            metadata: differs_below(META).then(|| {
                let kept = self.metadata().filter(|(_, text)| !text.is_empty());
                kept.map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
            }),
        }
    }

    fn address(&self, name: &str) -> Option<Address> {
        let mut address = Address::default();
        for (part_name, _) in PARTS {
            if let Some(field) = part(&mut address, part_name) {
                let text = self.get(&format!("{name}.{part_name}"));
                *field = match country::find(text) {
                    Some(code) if *part_name == "country" => code.to_owned(),
                    _ => text.to_owned(),
                };
            }
        }
        (!address.is_empty()).then_some(address)
    }
}

fn is_field(name: &str) -> bool {
    let is_part = |(address, _): &(&str, &str)| {
        name.strip_prefix(address)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| PARTS.iter().any(|(part, _)| *part == rest))
    };
    matches!(name, "email" | "phone" | "note" | "tags")
        || name.strip_prefix(META).is_some_and(|key| !key.is_empty())
        || ADDRESSES.iter().any(is_part)
}

/// The text of a field: a country by its name, whether that was written or its code.
fn called(name: &str, text: &str) -> String {
    let code = country::find(text).filter(|_| name.ends_with(".country") && !name.starts_with(META));
    code.map_or_else(|| text.to_owned(), country::name)
}

/// `gift, VIP` as tags.
fn tags(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// A field that two people changed differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    pub name: String,
    pub theirs: String,
    pub mine: String,
}

/// Puts two edits of the same text together: what only one of them changed is taken; what both changed clashes,
/// and the draft keeps mine. Tags never clash: each adds and takes away its own.
pub(super) fn merge(was: &Draft, theirs: &Draft, mine: &Draft) -> (Draft, Vec<Clash>) {
    let names: BTreeSet<&String> = was.0.keys().chain(theirs.0.keys()).chain(mine.0.keys()).collect();
    let (mut merged, mut clashes) = (Draft::default(), Vec::new());
    for name in names {
        let (w, t, m) = (was.get(name), theirs.get(name), mine.get(name));
        let text = match (m == w, t == w || t == m) {
            (true, _) => t.to_owned(),
            (false, true) => m.to_owned(),
            (false, false) if name == "tags" => merged_tags(w, t, m),
            (false, false) => {
                clashes.push(Clash { name: name.clone(), theirs: t.to_owned(), mine: m.to_owned() });
                m.to_owned()
            }
        };
        merged.put(name, &text);
    }
    (merged, clashes)
}

fn merged_tags(was: &str, theirs: &str, mine: &str) -> String {
    let (was, theirs, mine) = (tags(was), tags(theirs), tags(mine));
    let is_gone = |tag: &String| was.contains(tag) && !mine.contains(tag);
    let added = mine.iter().filter(|tag| !was.contains(tag) && !theirs.contains(tag));
    theirs.iter().filter(|tag| !is_gone(tag)).chain(added).cloned().collect::<Vec<_>>().join(", ")
}

/// How a field is called on pages: `Billing address, city`.
pub(super) fn label(name: &str) -> String {
    if let Some(key) = name.strip_prefix(META) {
        return format!("Custom field {key}");
    }
    for (address, label) in ADDRESSES {
        let part = name.strip_prefix(address).and_then(|rest| rest.strip_prefix('.'));
        if let Some((_, part_label)) = PARTS.iter().find(|(p, _)| Some(*p) == part) {
            return format!("{label}, {}", part_label.to_lowercase());
        }
    }
    super::timeline::label(name).to_owned()
}

/// A text as pages show it: a country by its name.
pub(super) fn shown(name: &str, text: &str) -> String {
    let is_code = name.ends_with(".country") && text.len() == 2;
    if is_code { country::name(&text.to_uppercase()) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::admin::samples;
    use proptest::prelude::*;

    fn draft(pairs: &[(&str, &str)]) -> Draft {
        Draft(pairs.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect())
    }

    #[test]
    fn an_untouched_form_changes_nothing() {
        let order = samples::order();
        assert_eq!(Draft::of(&order).change(&order), OrderChange::default());
    }

    #[test]
    fn a_form_is_read_field_by_field() {
        let pairs = [
            ("email", " b@example.com "),
            ("billing.city", "Hamburg"),
            ("metadata.locker", ""),
            ("new_key", "gate"),
            ("new_value", "7"),
            ("new_key", ""),
            ("new_value", "lost"),
            ("was_email", "anna@example.com"),
            ("billing.nonsense", "x"),
            ("version", "7"),
        ];
        let fields = Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect());
        let read = Draft::read(&fields, "");
        assert_eq!(
            (read.get("email"), read.get("billing.city"), read.get("metadata.gate")),
            ("b@example.com", "Hamburg", "7")
        );
        assert_eq!(read.0.len(), 4);
        assert_eq!(Draft::read(&fields, WAS), draft(&[("email", "anna@example.com")]));
    }

    #[test]
    fn only_what_differs_is_changed_and_an_empty_custom_field_is_removed() {
        let order = samples::order();
        let mut mine = Draft::of(&order);
        mine.put("tags", "gift, VIP,");
        mine.put("metadata.locker", "");
        mine.put("billing.city", "Potsdam");
        let change = mine.change(&order);
        assert_eq!(change.tags, Some(vec!["gift".to_owned(), "VIP".to_owned()]));
        assert_eq!(change.metadata, Some(BTreeMap::new()));
        assert_eq!(
            change.billing.clone().flatten().map(|a| (a.name, a.city)),
            Some(("Anna Berg".into(), "Potsdam".into()))
        );
        assert_eq!(change.billing.clone().flatten().map(|a| a.country), Some("DE".into()));
        assert!(change.email.is_none() && change.shipping_address.is_none() && change.note.is_none());
    }

    #[test]
    fn only_fields_that_both_changed_clash() {
        let was = draft(&[("email", "a"), ("phone", "1"), ("note", "n"), ("tags", "a, b")]);
        let theirs = draft(&[("email", "b"), ("phone", "2"), ("note", "n"), ("tags", "a, b, c")]);
        let mine = draft(&[("email", "a"), ("phone", "3"), ("note", "m"), ("tags", "b, d")]);
        let (merged, clashes) = merge(&was, &theirs, &mine);
        assert_eq!(merged, draft(&[("email", "b"), ("note", "m"), ("phone", "3"), ("tags", "b, c, d")]));
        assert_eq!(clashes, [Clash { name: "phone".into(), theirs: "2".into(), mine: "3".into() }]);
    }

    #[test]
    fn a_country_stands_in_the_form_by_its_name_and_in_the_order_by_its_code() {
        let order = samples::order();
        let mut mine = Draft::of(&order);
        assert_eq!(mine.get("billing.country"), "Germany");
        let typed = |text: &str| {
            Draft::read(&Fields(vec![("billing.country".to_owned(), text.to_owned())]), "")
                .get("billing.country")
                .to_owned()
        };
        assert_eq!(
            (typed("at"), typed("Germany"), typed("Atlantis")),
            ("Austria".into(), "Germany".into(), "Atlantis".into())
        );
        mine.put("billing.country", "Austria");
        assert_eq!(mine.change(&order).billing.flatten().map(|a| a.country), Some("AT".into()));
    }

    #[test]
    fn fields_have_names_people_know() {
        assert_eq!(label("billing.city"), "Billing address, city");
        assert_eq!(label("metadata.locker"), "Custom field locker");
        assert_eq!(label("email"), "E-mail");
        assert_eq!(shown("billing.country", "DE"), "Germany");
    }

    proptest! {
        #[test]
        fn who_edits_alone_gets_what_they_wrote(was in "[a-c]{0,2}", mine in "[a-c]{0,2}") {
            let (w, m) = (draft(&[("note", &was)]), draft(&[("note", &mine)]));
            prop_assert_eq!(merge(&w, &w, &m), (m.clone(), Vec::new()));
            prop_assert_eq!(merge(&w, &m, &w), (m, Vec::new()));
        }
    }
}
