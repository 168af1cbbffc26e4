//! Customers as JSON: what the API answers and what it takes. Every documented key is always present.

use super::external::ExternalRef;
use super::model::{Address, Customer, CustomerId, NewCustomer, Totals};
use super::ops::CustomerChange;
use crate::base::error::{Error, Result};
use crate::base::money::Money;
use crate::base::time::Timestamp;
use crate::web::json;
use crate::web::paging::Fields;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerOut {
    #[schema(value_type = String, example = "cus_01kaj3m7q9f8x2v5n4c6b8d0e2")]
    pub id: CustomerId,
    /// Grows with every change of the record itself; what is worked out of other records does not count.
    pub version: u64,
    /// What staff call them.
    pub name: String,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub phone: String,
    pub addresses: Vec<Address>,
    /// For staff only.
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub external: Vec<ExternalRef>,
    pub accepts_marketing: bool,
    pub tax_exempt: bool,
    pub vat_id: String,
    pub language: String,
    pub birthday: String,
    /// Orders that were kept: not cancelled, rejected or returned in full.
    pub orders: u32,
    /// Orders of any state.
    pub orders_all: u32,
    pub credit_notes: u32,
    /// Kept orders less refunds and credit notes, one amount per currency.
    pub spent: Vec<Money>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_order_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl Fields for CustomerOut {
    const NAMES: &'static [&'static str] = &[
        "accepts_marketing",
        "addresses",
        "birthday",
        "company",
        "created_at",
        "credit_notes",
        "email",
        "external",
        "first_name",
        "id",
        "language",
        "last_name",
        "last_order_at",
        "metadata",
        "name",
        "note",
        "orders",
        "orders_all",
        "phone",
        "spent",
        "tags",
        "tax_exempt",
        "updated_at",
        "vat_id",
        "version",
    ];
}

impl CustomerOut {
    pub fn new(c: &Customer, totals: &Totals) -> Self {
        Self {
            id: c.id,
            version: c.version,
            name: c.name(),
            email: c.email.clone(),
            first_name: c.first_name.clone(),
            last_name: c.last_name.clone(),
            company: c.company.clone(),
            phone: c.phone.clone(),
            addresses: c.addresses.clone(),
            note: c.note.clone(),
            tags: c.tags.clone(),
            metadata: c.metadata.clone(),
            external: c.external.clone(),
            accepts_marketing: c.accepts_marketing,
            tax_exempt: c.tax_exempt,
            vat_id: c.vat_id.clone(),
            language: c.language.clone(),
            birthday: c.birthday.clone(),
            orders: totals.orders,
            orders_all: totals.orders_all,
            credit_notes: totals.credit_notes,
            spent: totals.spent.iter().map(|s| Money::new(s.amount, s.currency)).collect(),
            last_order_at: totals.last_order_at,
            created_at: c.created_at,
            updated_at: c.updated_at,
        }
    }
}

/// The fields of a customer that can be set. Each is known by an e-mail address, a name, a company or a phone number: one of
/// them has to be there.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerFields {
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub phone: String,
    pub addresses: Vec<Address>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub accepts_marketing: bool,
    pub tax_exempt: bool,
    pub vat_id: String,
    pub language: String,
    pub birthday: String,
}

impl CustomerFields {
    fn of(c: &Customer) -> Self {
        Self {
            email: c.email.clone(),
            first_name: c.first_name.clone(),
            last_name: c.last_name.clone(),
            company: c.company.clone(),
            phone: c.phone.clone(),
            addresses: c.addresses.clone(),
            note: c.note.clone(),
            tags: c.tags.clone(),
            metadata: c.metadata.clone(),
            accepts_marketing: c.accepts_marketing,
            tax_exempt: c.tax_exempt,
            vat_id: c.vat_id.clone(),
            language: c.language.clone(),
            birthday: c.birthday.clone(),
        }
    }
    /// The customer for the rules.
    pub fn into_new(self) -> NewCustomer {
        NewCustomer {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            company: self.company,
            phone: self.phone,
            addresses: self.addresses,
            note: self.note,
            tags: self.tags,
            metadata: self.metadata,
            accepts_marketing: Some(self.accepts_marketing),
            tax_exempt: Some(self.tax_exempt),
            vat_id: self.vat_id,
            language: self.language,
            birthday: self.birthday,
            ..NewCustomer::default()
        }
    }
    /// The change that a merge patch makes to a customer.
    ///
    /// # Errors
    /// `unknown_field`, `wrong_type` … with the field.
    pub fn change(c: &Customer, patch: &Value) -> Result<CustomerChange> {
        let wanted: Self = patched(&Self::of(c), patch)?;
        Ok(CustomerChange {
            email: Some(wanted.email),
            first_name: Some(wanted.first_name),
            last_name: Some(wanted.last_name),
            company: Some(wanted.company),
            phone: Some(wanted.phone),
            addresses: Some(wanted.addresses),
            note: Some(wanted.note),
            tags: Some(wanted.tags),
            metadata: Some(wanted.metadata),
            accepts_marketing: Some(wanted.accepts_marketing),
            tax_exempt: Some(wanted.tax_exempt),
            vat_id: Some(wanted.vat_id),
            language: Some(wanted.language),
            birthday: Some(wanted.birthday),
        })
    }
}

/// The record's fields with a merge patch applied.
///
/// # Errors
/// `unknown_field` for a key the record has not, `wrong_type` … for a value of another type, each with its pointer.
pub(in crate::shop) fn patched<T: Serialize + DeserializeOwned>(present: &T, patch: &Value) -> Result<T> {
    let mut fields = serde_json::to_value(present).map_err(Error::internal)?;
    let Value::Object(given) = patch else {
        let known = fields.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let text = format!(
            "Send an object with the fields to change. They are {}.",
            known.collect::<Vec<_>>().join(", ")
        );
        return Err(Error::invalid("wrong_type", text).on(""));
    };
    for (key, value) in given {
        let mut one = serde_json::json!({ key: fields.get(key) });
        // To take away what there never is names a field that there is not.
        if !value.is_null() || fields.get(key).is_some() {
            merge(&mut one, &serde_json::json!({ key: value }));
        }
        if let (Value::Object(all), Value::Object(one)) = (&mut fields, one) {
            all.remove(key);
            all.extend(one);
        }
    }
    json::from_value(fields)
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn present() -> CustomerFields {
        CustomerFields {
            email: Some("anna@example.com".into()),
            phone: "030 1".into(),
            metadata: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
            ..CustomerFields::default()
        }
    }

    #[test]
    fn a_patch_leaves_empties_and_merges() {
        let after = patched(&present(), &json!({"email": null, "metadata": {"a": null, "c": "3"}})).unwrap();
        assert_eq!((after.email, after.phone.as_str()), (None, "030 1"));
        assert_eq!(after.metadata.keys().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn a_wrong_patch_names_the_field() {
        for (patch, pointer) in [
            (json!({"total": 1}), "/total"),
            (json!({"total": null}), "/total"),
            (json!({"phone": 7}), "/phone"),
            (json!({"addresses": [{"planet": "Mars"}]}), "/addresses/0/planet"),
            (json!({"addresses": [{"city": 7}]}), "/addresses/0/city"),
        ] {
            assert_eq!(patched(&present(), &patch).unwrap_err().fields[0].pointer, pointer);
        }
        for patch in [json!([]), json!(null), json!("note"), json!(7)] {
            let refused = patched(&present(), &patch).unwrap_err();
            let field = &refused.fields[0];
            assert_eq!((field.pointer.as_str(), field.code), ("", "wrong_type"), "{patch}");
            assert!(field.detail.contains("an object") && field.detail.contains("phone"), "{}", field.detail);
        }
    }
}
