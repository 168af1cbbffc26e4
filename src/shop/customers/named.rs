//! What a customer is called: the name, else what else they are known by.

use super::external::ExternalRef;
use minicbor::{Decode, Encode};

/// What a customer is called by: the fields of [`Customer`](super::Customer) that lists of other records need. A tenth of the record, read
/// in a third of the time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Named {
    #[n(4)]
    pub email: Option<String>,
    #[n(5)]
    pub first_name: String,
    #[n(6)]
    pub last_name: String,
    #[n(7)]
    pub company: String,
    #[n(8)]
    pub phone: String,
    #[n(13)]
    pub external: Vec<ExternalRef>,
}

impl Named {
    /// As [`Customer::name`](super::Customer::name).
    pub fn name(&self) -> String {
        let reached = [self.email.as_deref().unwrap_or_default(), &self.phone];
        name_of(&self.first_name, &self.last_name, &self.company, reached, &self.external)
    }
    /// Whether a text is how they are reached.
    pub fn is_contact(&self, text: &str) -> bool {
        self.email.as_deref() == Some(text) || self.phone == text
    }
}

pub(super) fn own_name_of(first: &str, last: &str, company: &str) -> String {
    let name = format!("{first} {last}");
    let name = name.trim();
    if name.is_empty() { company.to_owned() } else { name.to_owned() }
}

pub(super) fn name_of(
    first: &str,
    last: &str,
    company: &str,
    reached: [&str; 2],
    external: &[ExternalRef],
) -> String {
    let name = own_name_of(first, last, company);
    if !name.is_empty() {
        return name;
    }
    let outside = external.first().map_or("", |e| &e.id);
    reached.into_iter().chain([outside]).find(|text| !text.is_empty()).unwrap_or("No name").to_owned()
}
