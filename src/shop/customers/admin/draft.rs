//! A customer as the form has it: text in, text out, and what of it was changed. Pure.

use crate::base::country;
use crate::shop::customers::{Address, Customer, CustomerChange, NewCustomer};
use crate::web::Fields;
use serde::Serialize;
use std::collections::BTreeMap;

/// Addresses or custom fields that a form may carry; the rules allow fewer.
const ROWS_MAX: usize = 100;

/// The fields of the form, with the words on pages.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("company", "Company"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("language", "Language"),
    ("birthday", "Birthday"),
    ("vat_id", "VAT id"),
    ("tags", "Tags"),
    ("note", "Note"),
    ("tax_exempt", "Tax exempt"),
    ("accepts_marketing", "Accepts marketing"),
    ("addresses", "Addresses"),
    ("metadata", "Custom fields"),
];
/// The first so many of them are plain texts.
const TEXTS: usize = 10;

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Draft {
    /// Plain texts by field; tags with commas between.
    #[serde(flatten)]
    texts: BTreeMap<&'static str, String>,
    pub(super) tax_exempt: bool,
    pub(super) accepts_marketing: bool,
    /// The country by its name, or as it was typed.
    pub(super) addresses: Vec<Address>,
    pub(super) metadata: Vec<(String, String)>,
}

impl Draft {
    /// An empty form.
    pub(super) fn empty() -> Self {
        Self { texts: text_fields().map(|name| (name, String::new())).collect(), ..Self::default() }
    }

    /// What the form shows of a customer.
    pub(super) fn of(c: &Customer) -> Self {
        let named = |a: &Address| Address {
            country: if a.country.is_empty() { String::new() } else { country::name(&a.country) },
            ..a.clone()
        };
        let values = [
            ("first_name", c.first_name.clone()),
            ("last_name", c.last_name.clone()),
            ("company", c.company.clone()),
            ("email", c.email.clone().unwrap_or_default()),
            ("phone", c.phone.clone()),
            ("language", c.language.clone()),
            ("birthday", c.birthday.clone()),
            ("vat_id", c.vat_id.clone()),
            ("tags", c.tags.join(", ")),
            ("note", c.note.clone()),
        ];
        Self {
            texts: values.into_iter().collect(),
            tax_exempt: c.tax_exempt,
            accepts_marketing: c.accepts_marketing,
            addresses: c.addresses.iter().map(named).collect(),
            metadata: c.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        }
    }

    /// What was typed. Empty addresses stay while the form goes to and fro; saving leaves them out.
    pub(super) fn read(fields: &Fields) -> Self {
        let row = |name: String| fields.get(&name).map(plain);
        let mut draft = Self {
            texts: text_fields().map(|name| (name, plain(fields.get(name).unwrap_or_default()))).collect(),
            tax_exempt: fields.get("tax_exempt").is_some(),
            accepts_marketing: fields.get("accepts_marketing").is_some(),
            ..Self::default()
        };
        for n in 0..ROWS_MAX {
            let part = |part: &str| row(format!("addresses.{n}.{part}"));
            let Some(line1) = part("line1") else { break };
            let or_empty = |name: &str| part(name).unwrap_or_default();
            draft.addresses.push(Address {
                name: or_empty("name"),
                company: or_empty("company"),
                line1,
                line2: or_empty("line2"),
                postcode: or_empty("postcode"),
                city: or_empty("city"),
                region: or_empty("region"),
                country: or_empty("country"),
                phone: or_empty("phone"),
            });
        }
        for n in 0..ROWS_MAX {
            let Some(key) = row(format!("metadata.{n}.key")) else { break };
            let value = row(format!("metadata.{n}.value")).unwrap_or_default();
            if !(key.is_empty() && value.is_empty()) {
                draft.metadata.push((key, value));
            }
        }
        draft
    }

    /// One field as text: what travels hidden in the form, and what two drafts are compared by.
    pub(super) fn text(&self, field: &str) -> String {
        let flag = |on: bool| if on { "yes" } else { "no" }.to_owned();
        match field {
            "tax_exempt" => flag(self.tax_exempt),
            "accepts_marketing" => flag(self.accepts_marketing),
            "tags" => self.tags().join(", "),
            "addresses" => serde_json::to_string(&self.kept_addresses()).unwrap_or_default(),
            "metadata" => serde_json::to_string(&self.metadata_map()).unwrap_or_default(),
            text => self.plain(text).trim().to_owned(),
        }
    }

    /// Takes over one field of another draft.
    pub(super) fn take(&mut self, field: &str, from: &Self) {
        match field {
            "tax_exempt" => self.tax_exempt = from.tax_exempt,
            "accepts_marketing" => self.accepts_marketing = from.accepts_marketing,
            "addresses" => self.addresses.clone_from(&from.addresses),
            "metadata" => self.metadata.clone_from(&from.metadata),
            text => {
                if let (Some(own), Some(other)) = (self.texts.get_mut(text), from.texts.get(text)) {
                    own.clone_from(other);
                }
            }
        }
    }

    fn plain(&self, field: &str) -> &str {
        self.texts.get(field).map(String::as_str).unwrap_or_default()
    }
    fn tags(&self) -> Vec<String> {
        self.plain("tags").split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
    }
    /// Without the empty ones; countries by their code where the name is one, so that a typed name is no change.
    fn kept_addresses(&self) -> Vec<Address> {
        let coded = |a: &Address| Address {
            country: country::parse(&a.country).unwrap_or_else(|_| a.country.clone()),
            ..a.clone()
        };
        self.addresses.iter().map(coded).filter(|a| !a.is_empty()).collect()
    }
    fn metadata_map(&self) -> BTreeMap<String, String> {
        self.metadata.iter().cloned().collect()
    }

    /// The customer to add.
    pub(super) fn into_new(self) -> NewCustomer {
        let text = |field: &str| self.plain(field).to_owned();
        NewCustomer {
            email: Some(text("email")),
            first_name: text("first_name"),
            last_name: text("last_name"),
            company: text("company"),
            phone: text("phone"),
            language: text("language"),
            birthday: text("birthday"),
            vat_id: text("vat_id"),
            tags: self.tags(),
            note: text("note"),
            tax_exempt: Some(self.tax_exempt),
            accepts_marketing: Some(self.accepts_marketing),
            // The empty ones stay, so that a refusal names the row it means; the rules leave them out.
            addresses: self.addresses.clone(),
            metadata: self.metadata_map(),
            ..NewCustomer::default()
        }
    }

    /// The change from `present` to this; fields that are the same are not touched.
    pub(super) fn change_of(&self, present: &Self) -> CustomerChange {
        let differs = |field: &str| self.text(field) != present.text(field);
        let text = |field: &str| differs(field).then(|| self.plain(field).to_owned());
        CustomerChange {
            email: text("email").map(Some),
            first_name: text("first_name"),
            last_name: text("last_name"),
            company: text("company"),
            phone: text("phone"),
            language: text("language"),
            birthday: text("birthday"),
            vat_id: text("vat_id"),
            note: text("note"),
            tags: differs("tags").then(|| self.tags()),
            tax_exempt: differs("tax_exempt").then_some(self.tax_exempt),
            accepts_marketing: differs("accepts_marketing").then_some(self.accepts_marketing),
            addresses: differs("addresses").then(|| self.addresses.clone()),
            metadata: differs("metadata").then(|| self.metadata_map()),
        }
    }

    /// Everything as the form sends it: names and values.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> =
            self.texts.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        for (name, on) in [("tax_exempt", self.tax_exempt), ("accepts_marketing", self.accepts_marketing)] {
            if on {
                pairs.push((name.to_owned(), "yes".to_owned()));
            }
        }
        for (n, a) in self.addresses.iter().enumerate() {
            for (part, value) in [
                ("name", &a.name),
                ("company", &a.company),
                ("line1", &a.line1),
                ("line2", &a.line2),
                ("postcode", &a.postcode),
                ("city", &a.city),
                ("region", &a.region),
                ("country", &a.country),
                ("phone", &a.phone),
            ] {
                pairs.push((format!("addresses.{n}.{part}"), value.clone()));
            }
        }
        for (n, (key, value)) in self.metadata.iter().enumerate() {
            pairs.push((format!("metadata.{n}.key"), key.clone()));
            pairs.push((format!("metadata.{n}.value"), value.clone()));
        }
        pairs
    }

    /// A button of the form other than Save: an address more, one less, one up or down. False when it is none.
    pub(super) fn press(&mut self, button: &str) -> bool {
        let (verb, place) = button.split_once('.').unwrap_or((button, ""));
        let at: usize = place.parse().unwrap_or(usize::MAX);
        match verb {
            "add_address" => self.addresses.push(Address::default()),
            "add_field" => self.metadata.push((String::new(), String::new())),
            "remove" if at < self.addresses.len() => drop(self.addresses.remove(at)),
            "up" if (1..self.addresses.len()).contains(&at) => self.addresses.swap(at - 1, at),
            "down" if at.checked_add(1).is_some_and(|next| next < self.addresses.len()) => {
                self.addresses.swap(at, at + 1)
            }
            "remove" | "up" | "down" => {}
            _ => return false,
        }
        true
    }
}

/// Where the cursor stands after a button of the form: the field that is new, the button of the address that was moved, or
/// what stands where something was removed.
pub(super) fn landing(button: &str, draft: &Draft) -> String {
    let (verb, place) = button.split_once('.').unwrap_or((button, ""));
    let at: usize = place.parse().unwrap_or(0);
    let last = draft.addresses.len().saturating_sub(1);
    match verb {
        "add_address" => format!("addresses.{last}.name"),
        "add_field" => format!("metadata.{}.key", draft.metadata.len().saturating_sub(1)),
        "remove" if draft.addresses.is_empty() => "add_address".to_owned(),
        "remove" => format!("remove.{}", at.min(last)),
        // The button of an end is disabled there.
        "up" if at > 1 => format!("up.{}", at - 1),
        "up" => "down.0".to_owned(),
        _ if at + 1 < last => format!("down.{}", at + 1),
        _ => format!("up.{last}"),
    }
}

fn text_fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().take(TEXTS).map(|(name, _)| *name)
}

/// Browsers send line breaks as CR LF.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::customers::admin::samples;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn what_a_form_shows_and_sends_back_is_no_change() {
        let customer = samples::customer();
        let shown = Draft::of(&customer);
        let sent = shown.pairs().into_iter().map(|(k, v)| (k, v.replace('\n', "\r\n"))).collect();
        let back = Draft::read(&Fields(sent));
        assert_eq!(back, shown);
        assert_eq!(back.change_of(&shown), CustomerChange::default());
    }

    #[test]
    fn only_what_was_typed_otherwise_is_changed() {
        let present = Draft::of(&samples::customer());
        let mut mine = present.clone();
        mine.take("phone", &Draft::read(&fields(&[("phone", "030 99")])));
        mine.addresses.push(Address::default());
        let change = mine.change_of(&present);
        assert_eq!(change, CustomerChange { phone: Some("030 99".into()), ..CustomerChange::default() });
    }

    #[test]
    fn after_a_button_the_cursor_is_where_it_did_something() {
        let mut draft = Draft::empty();
        let mut pressed = |button: &str| {
            assert!(draft.press(button));
            landing(button, &draft)
        };
        assert_eq!(pressed("add_address"), "addresses.0.name");
        assert_eq!(pressed("add_address"), "addresses.1.name");
        assert_eq!(pressed("add_address"), "addresses.2.name");
        assert_eq!(pressed("up.2"), "up.1");
        assert_eq!(pressed("up.1"), "down.0");
        assert_eq!(pressed("down.0"), "down.1");
        assert_eq!(pressed("down.1"), "up.2");
        assert_eq!(pressed("remove.2"), "remove.1");
        assert_eq!(pressed("remove.0"), "remove.0");
        assert_eq!(pressed("remove.0"), "add_address");
        assert_eq!(pressed("add_field"), "metadata.0.key");
    }

    #[test]
    fn addresses_move_by_buttons() {
        let mut draft = Draft::of(&samples::customer());
        let first = draft.addresses[0].clone();
        assert!(draft.press("down.0") && draft.addresses[1] == first);
        assert!(draft.press("up.1") && draft.addresses[0] == first);
        assert!(
            draft.press("up.0") && draft.press("down.1") && draft.press("remove.7") && draft.press("up.x")
        );
        assert_eq!(draft.addresses[0], first);
        assert!(draft.press("remove.0") && draft.press("add_address") && draft.press("add_field"));
        assert_eq!((draft.addresses.len(), draft.addresses[1].is_empty()), (2, true));
        assert!(!draft.press("save") && !draft.press(""));
    }
}
