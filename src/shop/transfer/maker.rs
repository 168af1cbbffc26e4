//! What all makers of records share: warnings, checked texts, addresses, people, metadata.

use crate::base::{country, email};
use crate::shop::customers::{
    Address, ExternalRef, METADATA_MAX, METADATA_VALUE_LEN_MAX, NOTE_LEN_MAX, NewCustomer, TAG_LEN_MAX,
    TEXT_LEN_MAX,
};
use crate::shop::orders::Unsaid;
use crate::shop::transfer::assumed::Assumptions;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::date;
use crate::shop::transfer::fields::{AddressFields, BILLING, Field, SHIPPING};
use crate::shop::transfer::ids::Ids;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Claim, Refused, Tallies, Warnings};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

const EMAIL: (&str, &str) =
    ("invalid_email", "This is no e-mail address. It is kept with the record, but no mail can go there.");
const COUNTRY: (&str, &str) = ("unknown_country", "No country has this name. It is kept in the region.");
const CHANGED: (&str, &str) =
    ("text_changed", "Line breaks, control characters or what was too long were taken out.");
const METADATA: (&str, &str) =
    ("metadata_full", "There is no room for this among the metadata. It is left out.");
const SHARED: (&str, &str) = (
    "shared_address",
    "Orders of one e-mail address name different people. They are one customer here, who has one of the names; each order keeps its own.",
);
const YES_NO: (&str, &str) = ("unclear_yes_no", "This is neither yes nor no. It is taken as no.");

/// What is said of the customer of an order, with the names of the custom fields where the customer is nobody who is known, or
/// one of whom something else is known.
pub const OF_GUEST: [(Field, &str); 7] = [
    (Field::CustomerVatId, "customer_vat_id"),
    (Field::BillingVatId, "billing_vat_id"),
    (Field::CustomerLanguage, "customer_language"),
    (Field::CustomerBirthday, "customer_birthday"),
    (Field::CustomerNote, "customer_note"),
    (Field::CustomerTags, "customer_tags"),
    (Field::CustomerSince, "customer_since"),
];

/// The state that making records carries along.
pub struct Maker<'a> {
    pub mapping: &'a Mapping,
    pub options: &'a Options,
    pub tallies: Tallies,
    pub warnings: Warnings,
    pub assumptions: Assumptions,
    /// Rows that were left out while the last record was made.
    pub left_out: Vec<Refused>,
    /// What its rows say that the last customer has ordered.
    pub claim: Option<Claim>,
    customers: HashSet<u64>,
    /// What the first order of an e-mail address calls its customer.
    names: HashMap<u64, u64>,
    /// What the first order of a customer says of them beyond the name.
    details: HashMap<u64, u64>,
    /// The orders that were made.
    pub ids: Ids,
    /// What each file has no column for, by its place in memory.
    pub unsaid: Vec<(usize, Arc<Unsaid>)>,
}

/// Values of one record as metadata, within its limits.
#[derive(Debug, Default)]
pub struct Extras(pub BTreeMap<String, String>);

impl<'a> Maker<'a> {
    pub fn new(mapping: &'a Mapping, options: &'a Options) -> Self {
        Self {
            mapping,
            options,
            tallies: Tallies::default(),
            warnings: Warnings::default(),
            assumptions: Assumptions::default(),
            left_out: Vec::new(),
            claim: None,
            customers: HashSet::new(),
            names: HashMap::new(),
            details: HashMap::new(),
            ids: Ids::default(),
            unsaid: Vec::new(),
        }
    }
    pub fn warn(&mut self, what: (&'static str, &'static str), view: &View<'_>, field: Field, value: &str) {
        let column = view.fault(field, what.0, "").column;
        self.warnings.note(what, view.file(), view.line(), &column, value);
    }
    /// A text of one line within its limit; what had to be changed is warned of.
    pub fn line(&mut self, view: &View<'_>, field: Field) -> String {
        if !view.has(field) {
            return String::new();
        }
        let text = view.text(field);
        let (line, is_changed) = cell::one_line(&text, TEXT_LEN_MAX);
        if is_changed {
            self.warn(CHANGED, view, field, &text);
        }
        line
    }
    /// The first of the views that says something.
    pub fn first_line(&mut self, views: &[View<'_>], field: Field) -> String {
        first(views, field).map(|view| self.line(&view, field)).unwrap_or_default()
    }
    /// A text of several lines.
    pub fn note(&mut self, views: &[View<'_>], field: Field) -> String {
        let Some(view) = first(views, field) else { return String::new() };
        let text = view.text(field);
        let (note, is_changed) = cell::many_lines(&text, NOTE_LEN_MAX);
        if is_changed {
            self.warn(CHANGED, &view, field, &text);
        }
        note
    }
    /// Tags of a comma list, short enough and each once.
    pub fn tags(&mut self, views: &[View<'_>], field: Field) -> Vec<String> {
        let Some(view) = first(views, field) else { return Vec::new() };
        let short = |tag: String| cell::one_line(&tag, TAG_LEN_MAX).0;
        let tags: Vec<String> = cell::list(&view.text(field)).into_iter().map(short).collect();
        let kept = crate::shop::customers::tags(&tags.iter().take(50).cloned().collect::<Vec<_>>())
            .unwrap_or_default();
        if kept.len() < tags.len() {
            self.warn(CHANGED, &view, field, &view.text(field));
        }
        kept
    }
    /// An address, `None` when nothing of it is there.
    pub fn address(&mut self, views: &[View<'_>], of: &AddressFields) -> Option<Address> {
        let view = views.iter().find(|v| {
            [of.name, of.last_name, of.company, of.line1, of.street, of.postcode, of.city, of.country]
                .iter()
                .any(|f| !v.text(*f).is_empty())
        })?;
        let mut name = self.line(view, of.name);
        if name.is_empty() {
            let parts = [self.line(view, of.first_name), self.line(view, of.last_name)];
            name = parts.join(" ").trim().to_owned();
        }
        let mut address = Address {
            name,
            company: self.line(view, of.company),
            line1: self.line(view, of.line1),
            line2: self.line(view, of.line2),
            postcode: self.line(view, of.postcode),
            city: self.line(view, of.city),
            region: self.line(view, of.region),
            country: self.mapping.constants.country.clone(),
            phone: self.line(view, of.phone),
        };
        if address.line1.is_empty() {
            (address.line1, address.line2) = street(&view.text(of.street));
        }
        let named = self.line(view, of.country);
        match country::find(&named) {
            Some(code) => code.clone_into(&mut address.country),
            None if named.is_empty() || named.eq_ignore_ascii_case("unspecified") => {}
            None => {
                self.warn(COUNTRY, view, of.country, &named);
                let parts = [address.region.as_str(), &named];
                address.region = parts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ");
            }
        }
        (!address.is_empty()).then_some(address)
    }
    /// Who a row is about; `None` when neither an e-mail address nor an id of theirs is known.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn person(&mut self, views: &[View<'_>], given_email: &str) -> Result<Option<NewCustomer>, Fault> {
        let mut id = self.first_line(views, Field::CustomerId);
        if let Some(whole) = Some(cell::without_float_tail(&id)).filter(|w| w.len() < id.len()) {
            id = whole.to_owned();
        }
        // Guests are customer 0 in some shops, and an address is no id where it is the address as well.
        if id == "0" || (id.contains('@') && !given_email.is_empty()) {
            id.clear();
        }
        if id.is_empty() && given_email.is_empty() {
            return Ok(None);
        }
        let mut person = NewCustomer {
            first_name: self.first_line(views, Field::CustomerFirstName),
            last_name: self.first_line(views, Field::CustomerLastName),
            company: self.first_line(views, Field::CustomerCompany),
            phone: self.first_line(views, Field::CustomerPhone),
            accepts_marketing: self.yes(views, Field::CustomerMarketing),
            tax_exempt: self.yes(views, Field::CustomerTaxExempt),
            is_import: true,
            ..NewCustomer::default()
        };
        if !given_email.is_empty() {
            person.email = Some(email::as_written(given_email));
            let field = if views.iter().any(|v| v.has(Field::CustomerEmail)) {
                Field::CustomerEmail
            } else {
                Field::OrderEmail
            };
            if let (Err(_), Some(view)) = (email::parse(given_email), first(views, field)) {
                self.warn(EMAIL, &view, field, given_email);
            }
        }
        let whole = self.first_line(views, Field::CustomerName);
        if person.first_name.is_empty() && person.last_name.is_empty() && !whole.is_empty() {
            (person.first_name, person.last_name) = split_name(&whole);
        }
        if !id.is_empty() {
            person.external.push(ExternalRef { source: self.mapping.source.clone(), id });
        }
        for of in [BILLING, SHIPPING] {
            person.addresses.extend(self.address(views, &of));
        }
        person.addresses.dedup();
        let named = person.addresses.first().map(|address| address.name.clone());
        let country = &self.mapping.constants.country;
        person.addresses.retain(|address| {
            let of_place = Address { country: String::new(), ..address.clone() };
            !is_name_alone(if address.country == *country { &of_place } else { address })
        });
        let is_nameless =
            [&person.first_name, &person.last_name, &person.company].iter().all(|t| t.is_empty());
        if let (true, Some(name)) = (is_nameless, named) {
            (person.first_name, person.last_name) = split_name(&name);
        }
        Ok(Some(person))
    }
    /// What is said of a person who is known by name only, as a guest of an order is.
    pub fn keep_of_guest(&mut self, extras: &mut Extras, views: &[View<'_>]) {
        for (field, name) in OF_GUEST {
            if let Some(view) = first(views, field) {
                self.keep(extras, name, &view.text(field), &view);
            }
        }
    }
    /// What a mapping of customers may say, and one of orders.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn person_details(&mut self, views: &[View<'_>], person: &mut NewCustomer) -> Result<(), Fault> {
        person.note = self.note(views, Field::CustomerNote);
        person.tags = self.tags(views, Field::CustomerTags);
        person.vat_id = self.first_line(views, Field::CustomerVatId);
        if person.vat_id.is_empty() {
            person.vat_id = self.first_line(views, Field::BillingVatId);
        }
        person.language = self.first_line(views, Field::CustomerLanguage);
        let zone = &self.options.zone;
        if let Some(view) = first(views, Field::CustomerBirthday) {
            let day = view.birthday(self.options)?;
            person.birthday = day.map(|d| date::day(d, zone)).unwrap_or_default();
        }
        if let Some(view) = first(views, Field::CustomerSince) {
            person.created_at = view.date(Field::CustomerSince, zone)?.map(|m| m.at);
        }
        Ok(())
    }
    /// What the cell says; nothing for none.
    fn yes(&mut self, views: &[View<'_>], field: Field) -> Option<bool> {
        let view = first(views, field)?;
        let text = view.text(field);
        Some(cell::yes(&text).unwrap_or_else(|| {
            self.warn(YES_NO, &view, field, &text);
            false
        }))
    }
    /// Whether an order says something else of its customer than the first of them, whose words the customer has.
    pub fn says_otherwise(&mut self, person: &NewCustomer, views: &[View<'_>]) -> bool {
        let told =
            |(field, _): &(Field, &str)| first(views, *field).map(|view| view.text(*field).into_owned());
        let told: Vec<Option<String>> = OF_GUEST.iter().map(told).collect();
        if told.iter().all(Option::is_none) {
            return false;
        }
        let told = hashed(&format!("{told:?}"));
        *self.details.entry(known_by(person)).or_insert(told) != told
    }
    /// Counts a customer once.
    pub fn count_customer(&mut self, person: Option<&NewCustomer>) {
        let Some(person) = person else {
            self.tallies.guests += 1;
            return;
        };
        let known = known_by(person);
        if self.customers.insert(known) {
            self.tallies.customers += 1;
        }
    }
    /// Warns where an order names somebody else than the first order of the same e-mail address.
    pub fn note_name(&mut self, person: &NewCustomer, view: &View<'_>) {
        let Some(address) = &person.email else { return };
        let whole = format!("{} {}", person.first_name, person.last_name).to_lowercase();
        let name = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return;
        }
        let name_before = *self.names.entry(hashed(&email::key(address))).or_insert_with(|| hashed(&name));
        if name_before != hashed(&name) {
            let shown = format!("{address}: {} {}", person.first_name, person.last_name);
            self.warnings.note(SHARED, view.file(), view.line(), "", &shown);
        }
    }
    /// Puts a value among the metadata.
    pub fn keep(&mut self, extras: &mut Extras, name: &str, value: &str, view: &View<'_>) {
        if value.is_empty() {
            return;
        }
        let (key, key_changed) = cell::one_line(name, TAG_LEN_MAX);
        let (text, changed) = cell::many_lines(value, METADATA_VALUE_LEN_MAX);
        let is_full = extras.0.len() >= METADATA_MAX && !extras.0.contains_key(&key);
        if is_full || key.is_empty() {
            self.warnings.note(METADATA, view.file(), view.line(), name, value);
            return;
        }
        if changed || key_changed {
            self.warnings.note(CHANGED, view.file(), view.line(), name, value);
        }
        extras.0.insert(key, text);
    }
    /// Columns that no field stands for, and cells of others that say something else than what was taken.
    pub fn keep_columns(&mut self, extras: &mut Extras, views: &[View<'_>]) {
        let Some(bound) = views.first().map(|v| v.bound) else { return };
        for (column, name) in &bound.kept {
            self.keep_all(extras, name, views.iter().map(|view| (view, view.kept(*column))));
        }
        self.keep_unsaid(extras, views);
    }
    /// Cells of known columns that say something else than what was taken in their place.
    pub fn keep_unsaid(&mut self, extras: &mut Extras, views: &[View<'_>]) {
        let mut unsaid: BTreeMap<usize, Vec<(&View<'_>, &str)>> = BTreeMap::new();
        for view in views {
            for (column, _, text) in view.unsaid() {
                unsaid.entry(column).or_default().push((view, text));
            }
        }
        for (column, cells) in unsaid {
            let name = views.first().map_or("", |view| view.title(column));
            self.keep_all(extras, name, cells.into_iter());
        }
    }
    /// The different values of one column, one after another.
    fn keep_all<'v>(
        &mut self,
        extras: &mut Extras,
        name: &str,
        cells: impl Iterator<Item = (&'v View<'v>, &'v str)>,
    ) {
        let (mut values, mut at): (Vec<&str>, Option<&View<'_>>) = (Vec::new(), None);
        for (view, text) in cells.filter(|(_, text)| !text.is_empty()) {
            at = at.or(Some(view));
            if !values.contains(&text) {
                values.push(text);
            }
        }
        if let Some(view) = at {
            self.keep(extras, name, &values.join("; "), view);
        }
    }
}

/// What a person is known by within the files.
fn known_by(person: &NewCustomer) -> u64 {
    match (person.external.first(), &person.email) {
        (Some(outside), _) => hashed(&outside.id),
        (None, Some(address)) => hashed(&email::key(address)),
        (None, None) => hashed(""),
    }
}

/// Whether an address says nothing but a name.
pub fn is_name_alone(address: &Address) -> bool {
    !address.name.is_empty() && Address { name: String::new(), ..address.clone() }.is_empty()
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The first view in which the field is not empty.
pub fn first<'a>(views: &[View<'a>], field: Field) -> Option<View<'a>> {
    if !views.first()?.has(field) {
        return None;
    }
    views.iter().find(|v| !v.text(field).is_empty()).copied()
}

/// What stands behind the comma of a company, and behind that of a person who bears it with the name.
const OF_COMPANIES: [&str; 24] = [
    "inc",
    "incorporated",
    "llc",
    "llp",
    "lp",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "plc",
    "pty",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "ohg",
    "ug",
    "bv",
    "nv",
    "sa",
    "sarl",
    "srl",
    "spa",
];
const OF_PERSONS: [&str; 10] = ["jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "dds", "mba"];

/// First names and last name; the last word is the last name, or what stands before the one comma: `Berg, Anna`.
pub fn split_name(whole: &str) -> (String, String) {
    if let Some((before, after)) = whole.split_once(',').filter(|(_, after)| !after.contains(',')) {
        let (before, after) = (before.trim(), after.trim());
        let key: String = after.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let begins = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        let is_company = [key.as_str(), &begins].iter().any(|word| OF_COMPANIES.contains(word))
            || whole.contains(|c: char| c == '&' || c.is_ascii_digit());
        return match (before, after) {
            (name, "") | ("", name) => split_name(name),
            _ if is_company => (String::new(), whole.to_owned()),
            _ if OF_PERSONS.contains(&key.as_str()) => {
                let (first, last) = split_name(before);
                (first, format!("{last}, {after}"))
            }
            _ => (after.to_owned(), before.to_owned()),
        };
    }
    match whole.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
        None => (String::new(), whole.to_owned()),
    }
}

/// Two lines of a street that stands in one cell: as lines, or as a JSON list.
fn street(text: &str) -> (String, String) {
    let listed: Option<Vec<String>> =
        text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten();
    let parts = listed.unwrap_or_else(|| text.lines().map(str::to_owned).collect());
    let mut parts = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    let (rest, _) = cell::one_line(&parts.collect::<Vec<_>>().join(", "), TEXT_LEN_MAX);
    (cell::one_line(&first, TEXT_LEN_MAX).0, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_streets_are_taken_apart() {
        assert_eq!(split_name("Wendy Moira Darling"), ("Wendy Moira".into(), "Darling".into()));
        for (whole, first, last) in [
            ("Berg, Anna", "Anna", "Berg"),
            ("van den Berg, Anna Maria", "Anna Maria", "van den Berg"),
            ("Berg, Inc.", "", "Berg, Inc."),
            ("Berg, GmbH & Co. KG", "", "Berg, GmbH & Co. KG"),
            ("Berg, S.A.", "", "Berg, S.A."),
            ("Martin Luther King, Jr.", "Martin Luther", "King, Jr."),
            ("Berg, Anna, Bern", "Berg, Anna,", "Bern"),
            ("Anna Berg,", "Anna", "Berg"),
            (", Anna", "", "Anna"),
        ] {
            assert_eq!(split_name(whole), (first.into(), last.into()), "{whole}");
        }
        assert_eq!(split_name("Cher"), (String::new(), "Cher".into()));
        assert_eq!(street("[\"6146 Honey Bluff\",\"\"]"), ("6146 Honey Bluff".into(), String::new()));
        assert_eq!(street("12 Main St\nLevel 3\nDoor 4"), ("12 Main St".into(), "Level 3, Door 4".into()));
    }
}
