//! How a customer becomes a search document, and the words about people that every kind shares.

use super::model::{Address, Customer, CustomerId, Totals};
use super::ops::{find, totals};
use crate::base::country;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Money;
use crate::search::{Doc, FieldDef, KindDef, Naming, Shape};
use crate::store::Read;

/// The kind of document a customer is.
pub const KIND: KindDef = KindDef { name: "customer", prefix: "cus", label: "Customers" };

const ALL: &[&str] = &["order", "customer", "credit_note"];
const BOTH: &[&str] = &["order", "customer"];
const OWN: &[&str] = &["customer"];

/// The fields of customers. Those about people are shared with orders and credit notes, where they mean the same.
pub const FIELDS: &[FieldDef] = &[
    FieldDef {
        help: "Name of the person or company, on the customer or on an address.",
        example: "name:\"anna berg\"",
        boxed: true,
        sortable: true,
        ..FieldDef::plain("name", "Name", ALL, Shape::Text)
    },
    FieldDef {
        help: "E-mail address, all of it or a part.",
        example: "email:anna@*",
        aliases: &["mail"],
        boxed: true,
        sortable: true,
        private: true,
        ..FieldDef::plain("email", "E-mail", BOTH, Shape::Email)
    },
    FieldDef {
        help: "Phone number in any format, or its last digits.",
        example: "phone:4567",
        aliases: &["tel"],
        boxed: true,
        sortable: true,
        private: true,
        ..FieldDef::plain("phone", "Phone", BOTH, Shape::Phone)
    },
    FieldDef {
        help: "Street, postcode, city or region of an address.",
        example: "address:berlin",
        aliases: &["city", "street", "postcode", "zip"],
        boxed: true,
        ..FieldDef::plain("address", "Address", BOTH, Shape::Text)
    },
    FieldDef {
        help: "Country by its code of two letters or its English name.",
        example: "country:CH,Norway",
        facet: true,
        sortable: true,
        naming: Some(Naming { find: country::find, name: country::name }),
        ..FieldDef::plain("country", "Country", ALL, Shape::Keyword)
    },
    FieldDef {
        help: "A tag.",
        example: "tag:gift",
        aliases: &["tags"],
        facet: true,
        sortable: true,
        ..FieldDef::plain("tag", "Tag", BOTH, Shape::Keyword)
    },
    FieldDef {
        help: "Words in a note. “note:any” finds what has one.",
        example: "note:any",
        boxed: true,
        ..FieldDef::plain("note", "Note", BOTH, Shape::Text)
    },
    FieldDef {
        help: "The id in another system.",
        example: "external:5123",
        aliases: &["source_id"],
        boxed: true,
        ..FieldDef::plain("external", "Outside id", ALL, Shape::Code)
    },
    FieldDef {
        help: "VAT number.",
        example: "vat:DE123456789",
        boxed: true,
        ..FieldDef::plain("vat", "VAT id", OWN, Shape::Code)
    },
    FieldDef {
        help: "Number of orders that were kept.",
        example: "orders:>5",
        sortable: true,
        ..FieldDef::plain("orders", "Orders", OWN, Shape::Number)
    },
    FieldDef {
        help: "Currency code; of a customer the one most was spent in.",
        example: "currency:eur",
        facet: true,
        ..FieldDef::plain("currency", "Currency", ALL, Shape::Keyword)
    },
    FieldDef {
        help: "Sum of kept orders, paid or not, less refunds and credit notes, in the customer's main currency.",
        example: "spent:>500",
        sortable: true,
        ..FieldDef::plain("spent", "Spent", OWN, Shape::Money)
    },
    FieldDef {
        help: "When the customer was first known.",
        example: "since:-30d",
        sortable: true,
        ..FieldDef::plain("since", "Since", OWN, Shape::Date)
    },
    FieldDef {
        help: "When the last order was placed.",
        example: "last_order:-180d",
        sortable: true,
        ..FieldDef::plain("last_order", "Last order", OWN, Shape::Date)
    },
    FieldDef {
        help: "Whether news may be sent.",
        example: "marketing:yes",
        sortable: true,
        ..FieldDef::plain("marketing", "Marketing", OWN, Shape::Word { values: &["yes", "no"] })
    },
];

/// The document of a customer; `None` when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn doc(r: &impl Read, id: CustomerId) -> Result<Option<Doc>> {
    let Some(customer) = find(r, id)? else { return Ok(None) };
    let totals = totals(r, id)?;
    Ok(Some(doc_of(&customer, &totals)))
}

/// The document of a customer that was read with their totals.
pub fn doc_of(c: &Customer, totals: &Totals) -> Doc {
    let newest = totals.last_order_at.unwrap_or(c.created_at).max(c.created_at);
    let mut doc = Doc::new("customer", c.id.bytes(), newest.0)
        .number("orders", i64::from(totals.orders))
        .date("since", c.created_at.0)
        .keyword("marketing", if c.accepts_marketing { "yes" } else { "no" });
    if let Some(at) = totals.last_order_at {
        doc = doc.date("last_order", at.0);
    }
    if let Some(spent) = main_spend(totals) {
        doc = doc.keyword("currency", spent.currency.code()).money("spent", spent);
    }
    for name in [format!("{} {}", c.first_name, c.last_name), c.company.clone()] {
        doc = doc.text("name", name.trim());
    }
    for address in c.email.iter().chain(&c.old_emails) {
        doc = doc.text("email", address);
    }
    doc = doc.text("phone", &c.phone);
    doc = doc.text("vat", &c.vat_id);
    doc = doc.text("note", &c.note);
    for external in &c.external {
        doc = doc.text("external", &external.id);
    }
    for tag in &c.tags {
        doc = doc.keyword("tag", tag);
    }
    let own_name = format!("{} {}", c.first_name, c.last_name);
    for address in &c.addresses {
        doc = address_fields(doc, address, &own_name);
    }
    doc
}

/// The largest sum over the currencies: for nearly every customer the only one.
pub fn main_spend(totals: &Totals) -> Option<Money> {
    totals.spent.iter().max_by_key(|s| s.amount).map(|s| Money::new(s.amount, s.currency))
}

/// What a kept order was worth on average; `None` without orders, and where sums of several currencies do not tell
/// which order was paid in which.
pub fn average_spend(totals: &Totals) -> Option<Money> {
    let [spent] = totals.spent.as_slice() else { return None };
    let average = spent.amount.checked_div(i64::from(totals.orders))?;
    Some(Money::new(average, spent.currency))
}

/// What an address adds to a document: names that are not `known` already, the place, the phone, the country.
pub(in crate::shop) fn address_fields(mut doc: Doc, address: &Address, known: &str) -> Doc {
    for name in [&address.name, &address.company] {
        if name != known.trim() {
            doc = doc.text("name", name);
        }
    }
    let place: Vec<&str> =
        [&address.line1, &address.line2, &address.postcode, &address.city, &address.region]
            .into_iter()
            .map(String::as_str)
            .filter(|t| !t.is_empty())
            .collect();
    doc = doc.text("address", place.join(" "));
    doc = doc.text("phone", &address.phone);
    if !address.country.is_empty() {
        doc = doc.keyword("country", &address.country).text("address", country::name(&address.country));
    }
    doc
}
