//! What a customer is: contact, addresses, notes and totals. Pure: no store, no HTTP, no clock.

use super::external::{ExternalRef, check_reference};
use super::named::{name_of, own_name_of};
use crate::base::error::{Checks, Error, Result};
use crate::base::money::Currency;
use crate::base::time::{HOUR_MS, Timestamp, Zone};
use crate::base::unseen::is_blank;
use crate::base::{country, email};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

crate::id!(
    /// A customer: `cus_…`.
    CustomerId, "cus"
);

/// A postal address as written on a parcel. Every part may be empty; the country is an ISO 3166 code or empty.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub company: String,
    #[n(2)]
    pub line1: String,
    #[n(3)]
    pub line2: String,
    #[n(4)]
    pub postcode: String,
    #[n(5)]
    pub city: String,
    /// State or province, as text or code.
    #[n(6)]
    pub region: String,
    /// ISO 3166-1 alpha-2.
    #[n(7)]
    pub country: String,
    #[n(8)]
    pub phone: String,
}

impl Address {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// The lines of the label, without the empty ones.
    pub fn lines(&self) -> Vec<String> {
        let place = format!("{} {}", self.postcode, self.city);
        let country = if self.country.is_empty() { String::new() } else { country::name(&self.country) };
        [self.name.as_str(), &self.company, &self.line1, &self.line2, place.trim(), &self.region, &country]
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// A customer as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Customer {
    #[n(0)]
    pub id: CustomerId,
    /// Grows with every change; an edit names the version it saw.
    #[n(1)]
    pub version: u64,
    #[n(2)]
    pub created_at: Timestamp,
    #[n(3)]
    pub updated_at: Timestamp,
    /// As the customer writes it; unique by `email::key`.
    #[n(4)]
    pub email: Option<String>,
    #[n(5)]
    pub first_name: String,
    #[n(6)]
    pub last_name: String,
    #[n(7)]
    pub company: String,
    /// As given; compared by digits.
    #[n(8)]
    pub phone: String,
    #[n(9)]
    pub addresses: Vec<Address>,
    /// For staff only.
    #[n(10)]
    pub note: String,
    #[n(11)]
    pub tags: Vec<String>,
    #[n(12)]
    pub metadata: BTreeMap<String, String>,
    #[n(13)]
    pub external: Vec<ExternalRef>,
    #[n(14)]
    pub accepts_marketing: bool,
    #[n(15)]
    pub tax_exempt: bool,
    #[n(16)]
    pub vat_id: String,
    /// BCP 47, such as `de`.
    #[n(17)]
    pub language: String,
    /// `YYYY-MM-DD` or empty.
    #[n(18)]
    pub birthday: String,
    /// Addresses the customer had before, so that old orders' mail still finds them.
    #[n(19)]
    pub old_emails: Vec<String>,
    /// What imports have left; `None` for who was added here.
    #[n(20)]
    #[cbor(default)]
    pub imported: Option<Brought>,
}

impl Customer {
    /// What staff call them: the name, else the company, the e-mail address, the phone, an outside id.
    pub fn name(&self) -> String {
        let reached = [self.email.as_deref().unwrap_or_default(), &self.phone];
        name_of(&self.first_name, &self.last_name, &self.company, reached, &self.external)
    }
    /// The name of the person, or else of the company; empty for who has none. Never how they are reached.
    pub fn own_name(&self) -> String {
        own_name_of(&self.first_name, &self.last_name, &self.company)
    }
    /// The country of the first address that has one.
    pub fn country(&self) -> &str {
        self.addresses.iter().map(|a| a.country.as_str()).find(|c| !c.is_empty()).unwrap_or_default()
    }
}

/// What imports left behind on a customer, so that the next one can tell what is new, and what was done here since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Brought {
    /// Digests of what the last files said, the newest last.
    #[n(0)]
    pub said: Vec<u64>,
    /// The version they left; a higher one was made here.
    #[n(1)]
    pub version: u64,
}

/// A customer as any door hands it in, before the rules have seen it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCustomer {
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub phone: String,
    pub addresses: Vec<Address>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub external: Vec<ExternalRef>,
    /// `None` where it is not said: what is known stays.
    pub accepts_marketing: Option<bool>,
    pub tax_exempt: Option<bool>,
    pub vat_id: String,
    pub language: String,
    pub birthday: String,
    /// Addresses they had before; only our own files know them.
    pub old_emails: Vec<String>,
    /// When they became a customer elsewhere; now, if `None`.
    pub created_at: Option<Timestamp>,
    /// The record's version and last change in the shop of ours that exported it.
    pub life: Option<Life>,
    /// A damaged e-mail address in an old shop's file is data: it is kept, and the import warns of it.
    pub is_import: bool,
}

/// How far a record had come in the shop of ours that exported it, so that it comes in as it went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a customer's orders and credit notes add up to. Kept by the orders, read by lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    /// Orders that were kept: not cancelled, rejected or returned in full.
    #[n(0)]
    pub orders: u32,
    /// Orders of any state.
    #[n(1)]
    pub orders_all: u32,
    /// [`SPENT_MEANS`]: totals of kept orders less refunds and credit notes, per currency, in minor units; sorted by currency.
    #[n(2)]
    pub spent: Vec<Spent>,
    #[n(3)]
    pub last_order_at: Option<Timestamp>,
    #[n(4)]
    pub credit_notes: u32,
}

/// What counts as spent, for the pages that show it.
pub const SPENT_MEANS: &str = "Totals of the orders that were kept, whether paid yet or not, less refunds and credit notes. \
     Not kept is what was cancelled, rejected or returned in full.";

/// An amount of one currency in [`Totals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Spent {
    #[n(0)]
    pub currency: Currency,
    #[n(1)]
    pub amount: i64,
}

/// Limits that every door shares.
pub const TEXT_LEN_MAX: usize = 500;
pub const NOTE_LEN_MAX: usize = 10_000;
pub const TAGS_MAX: usize = 50;
pub const TAG_LEN_MAX: usize = 60;
pub const ADDRESSES_MAX: usize = 50;
pub const METADATA_MAX: usize = 50;
pub const METADATA_VALUE_LEN_MAX: usize = 500;
pub const LANGUAGE_LEN_MAX: usize = 35;

/// A text of one line: trimmed, no control characters, at most [`TEXT_LEN_MAX`] characters; nothing where nothing of it
/// is seen.
///
/// # Errors
/// `too_long` or `control_character`.
pub fn one_line(text: &str) -> Result<String> {
    let trimmed = text.trim();
    if trimmed.chars().count() > TEXT_LEN_MAX {
        return Err(Error::invalid("too_long", format!("Use at most {TEXT_LEN_MAX} characters.")));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(Error::invalid("control_character", "Remove line breaks and control characters."));
    }
    if is_blank(trimmed) {
        return Ok(String::new());
    }
    Ok(trimmed.to_owned())
}

/// A birthday as `1990-05-17`, or nothing.
///
/// # Errors
/// `invalid_birthday`.
pub fn birthday(text: &str) -> Result<String> {
    let text = text.trim();
    let day: std::result::Result<jiff::civil::Date, _> = text.parse();
    match day {
        _ if text.is_empty() => Ok(String::new()),
        Ok(day) if day.year() >= 1900 && day.to_string() == text => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(Error::invalid("invalid_birthday", "Enter a birthday such as 1990-05-17.")),
    }
}

/// Whether a day lies behind today, wherever that has begun first.
pub fn is_to_come(day: &str, now: Timestamp) -> bool {
    let latest = now.plus_ms(14 * HOUR_MS).in_zone(&Zone::utc()).date();
    day.parse::<jiff::civil::Date>().is_ok_and(|day| day > latest)
}

/// A language by its tag, such as `de` or `en-GB`, or nothing.
/// Source: the shape of RFC 5646 2.1; whether there is such a language is not asked.
///
/// # Errors
/// `invalid_language`.
pub fn language(text: &str) -> Result<String> {
    let tag = text.trim();
    let mut parts = tag.split('-');
    let is_word = |part: &str, least: usize| {
        (least..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let first = parts.next().unwrap_or_default();
    let is_tag = (2..=3).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && tag.len() <= LANGUAGE_LEN_MAX
        && parts.all(|part| is_word(part, 1));
    if tag.is_empty() || is_tag {
        Ok(tag.to_owned())
    } else {
        Err(Error::invalid("invalid_language", "Enter a language such as de or en-GB."))
    }
}

/// A text of several lines: trimmed at the ends, no control characters but line breaks and tabs.
///
/// # Errors
/// `too_long` or `control_character`.
pub fn many_lines(text: &str) -> Result<String> {
    let trimmed = text.replace("\r\n", "\n").trim().to_owned();
    if trimmed.chars().count() > NOTE_LEN_MAX {
        return Err(Error::invalid("too_long", format!("Use at most {NOTE_LEN_MAX} characters.")));
    }
    if trimmed.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::invalid("control_character", "Remove control characters."));
    }
    Ok(trimmed)
}

/// Tags: each one line without commas, each once, in the order given.
///
/// # Errors
/// `too_many_tags` or `invalid_tag`.
pub fn tags(given: &[String]) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    // The same letters are the same tag, however a keyboard composes them.
    let composed: Vec<String> = given.iter().map(|t| t.trim().nfc().collect()).collect();
    for tag in composed.iter().map(String::as_str).filter(|t| !t.is_empty()) {
        if tag.chars().count() > TAG_LEN_MAX || tag.contains(',') || tag.chars().any(char::is_control) {
            return Err(Error::invalid(
                "invalid_tag",
                format!("Use tags of at most {TAG_LEN_MAX} characters without commas."),
            ));
        }
        if !kept.iter().any(|k| k.to_lowercase() == tag.to_lowercase()) {
            kept.push(tag.to_owned());
        }
    }
    if kept.len() > TAGS_MAX {
        return Err(Error::invalid("too_many_tags", format!("Use at most {TAGS_MAX} tags.")));
    }
    Ok(kept)
}

/// Metadata: at most 50 keys of one line, values up to 500 characters.
///
/// # Errors
/// `invalid_metadata`.
pub fn metadata(given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let fits = given.len() <= METADATA_MAX
        && given.iter().all(|(k, v)| {
            !k.trim().is_empty()
                && k.chars().count() <= TAG_LEN_MAX
                && !k.chars().any(char::is_control)
                && v.chars().count() <= METADATA_VALUE_LEN_MAX
                && !v.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
        });
    if fits {
        Ok(given.clone())
    } else {
        Err(Error::invalid(
            "invalid_metadata",
            format!(
                "Use at most {METADATA_MAX} keys of up to {TAG_LEN_MAX} and values of up to {METADATA_VALUE_LEN_MAX} characters."
            ),
        ))
    }
}

/// An address with every part checked; wrong parts are noted under `pointer`.
pub fn checked_address(given: &Address, pointer: &str, checks: &mut Checks) -> Address {
    let mut line = |part: &str, text: &str| {
        checks.keep(&format!("{pointer}/{part}"), one_line(text)).unwrap_or_default()
    };
    let mut address = Address {
        name: line("name", &given.name),
        company: line("company", &given.company),
        line1: line("line1", &given.line1),
        line2: line("line2", &given.line2),
        postcode: line("postcode", &given.postcode),
        city: line("city", &given.city),
        region: line("region", &given.region),
        country: String::new(),
        phone: line("phone", &given.phone),
    };
    if !given.country.trim().is_empty() {
        address.country =
            checks.keep(&format!("{pointer}/country"), country::parse(&given.country)).unwrap_or_default();
    }
    address
}

/// Whether there is anything to know a customer by: an address, an outside id, or a word of a name or a phone number.
pub(super) fn check_known(
    email: Option<&str>,
    external: &[ExternalRef],
    words: [&String; 4],
    checks: &mut Checks,
) {
    let nothing = email.is_none() && external.is_empty() && words.iter().all(|w| w.is_empty());
    if nothing && checks.is_clean() {
        checks.wrong("/email", "customer_empty", "Enter an e-mail address, a name or a phone number.");
    }
}

impl NewCustomer {
    /// The same with every field checked and trimmed; all that is wrong is said at once.
    ///
    /// # Errors
    /// `validation` with the fields; `customer_empty` when there is nothing to know them by.
    pub fn checked(&self) -> Result<Self> {
        let mut checks = Checks::default();
        for (index, reference) in self.external.iter().enumerate() {
            check_reference(reference, self.is_import, &format!("/external/{index}"), &mut checks);
        }
        // Another shop's file may say what it likes of them.
        type Rule = fn(&str) -> Result<String>;
        let exact = |rule: Rule| if self.is_import { one_line as Rule } else { rule };
        let birthday = checks.keep("/birthday", exact(birthday)(&self.birthday)).unwrap_or_default();
        let language = checks.keep("/language", exact(language)(&self.language)).unwrap_or_default();
        let mut line = |pointer: &str, text: &str| checks.keep(pointer, one_line(text)).unwrap_or_default();
        let mut customer = Self {
            first_name: line("/first_name", &self.first_name),
            last_name: line("/last_name", &self.last_name),
            company: line("/company", &self.company),
            phone: line("/phone", &self.phone),
            vat_id: line("/vat_id", &self.vat_id),
            language,
            birthday,
            accepts_marketing: self.accepts_marketing,
            tax_exempt: self.tax_exempt,
            created_at: self.created_at,
            external: self.external.clone(),
            old_emails: self.old_emails.clone(),
            life: self.life,
            is_import: self.is_import,
            ..Self::default()
        };
        customer.email = match self.email.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) if self.is_import => Some(email::as_written(text)).filter(|kept| !kept.is_empty()),
            Some(text) => checks.keep("/email", email::parse(text)),
        };
        customer.note = checks.keep("/note", many_lines(&self.note)).unwrap_or_default();
        customer.tags = checks.keep("/tags", tags(&self.tags)).unwrap_or_default();
        customer.metadata = checks.keep("/metadata", metadata(&self.metadata)).unwrap_or_default();
        if self.addresses.len() > ADDRESSES_MAX {
            checks.wrong("/addresses", "too_many", format!("Keep at most {ADDRESSES_MAX} addresses."));
        }
        customer.addresses = self
            .addresses
            .iter()
            .enumerate()
            .map(|(i, a)| checked_address(a, &format!("/addresses/{i}"), &mut checks))
            .filter(|a| !a.is_empty())
            .collect();
        let words = [&customer.first_name, &customer.last_name, &customer.company, &customer.phone];
        check_known(customer.email.as_deref(), &customer.external, words, &mut checks);
        checks.finish()?;
        Ok(customer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_needs_something_to_be_known_by() {
        assert_eq!(NewCustomer::default().checked().unwrap_err().fields[0].code, "customer_empty");
        let phone = NewCustomer { phone: "030 1".into(), ..NewCustomer::default() };
        assert!(phone.checked().is_ok());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let given = NewCustomer {
            email: Some("nonsense".into()),
            first_name: "a\u{0}b".into(),
            addresses: vec![Address { country: "Atlantis".into(), ..Address::default() }],
            ..NewCustomer::default()
        };
        let pointers: Vec<_> = given.checked().unwrap_err().fields.into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["/first_name", "/email", "/addresses/0/country"]);
    }

    #[test]
    fn a_day_is_to_come_where_it_has_begun_nowhere() {
        let now = Timestamp::parse("2026-11-30T11:00:00Z").unwrap();
        for (day, is) in [("2026-11-30", false), ("2026-12-01", false), ("2026-12-02", true), ("", false)] {
            assert_eq!(is_to_come(day, now), is, "{day}");
        }
    }

    #[test]
    fn birthdays_and_languages_are_written_in_one_way_and_kept_as_other_shops_wrote_them() {
        for text in ["", " 1990-05-17 ", "2000-02-29"] {
            assert_eq!(birthday(text).unwrap(), text.trim());
        }
        for text in ["banana", "17.05.1990", "2001-02-29", "0000-00-00", "1066-10-14", "1990-05-17T00:00"] {
            assert!(birthday(text).is_err(), "{text}");
        }
        for text in ["", "de", "en-GB", "zh-Hant-TW", "de-1996", "gsw"] {
            assert_eq!(language(text).unwrap(), text);
        }
        for text in ["d", "German", "de_DE", "de-", "-de", "1990", "de-waytoolongpart"] {
            assert!(language(text).is_err(), "{text}");
        }
        let given = NewCustomer {
            phone: "1".into(),
            birthday: "17.5.".into(),
            language: "German".into(),
            ..NewCustomer::default()
        };
        let refused = given.checked().unwrap_err();
        let pointers: Vec<_> = refused.fields.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["/birthday", "/language"]);
        let kept = NewCustomer { is_import: true, ..given }.checked().unwrap();
        assert_eq!((kept.birthday.as_str(), kept.language.as_str()), ("17.5.", "German"));
    }

    #[test]
    fn tags_are_kept_once_in_any_case() {
        let given = ["Gift".to_owned(), " gift ".to_owned(), String::new(), "VIP".to_owned()];
        assert_eq!(tags(&given).unwrap(), ["Gift", "VIP"]);
        assert!(tags(&["a,b".to_owned()]).is_err());
    }
}
