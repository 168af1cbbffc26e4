//! How orders and credit notes become search documents, and their fields in the query language.

use super::keep::{find, find_credit_note};
use super::model::{CreditKind, CreditNote, CreditNoteId, Line, Order, OrderId};
use super::standing;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Money;
use crate::search::{Doc, FieldDef, KindDef, Shape};
use crate::shop::customers::{self, Customer, address_fields};
use crate::store::Read;

/// The kinds of documents of this feature.
pub const KINDS: &[KindDef] = &[
    KindDef { name: "order", prefix: "ord", label: "Orders" },
    KindDef { name: "credit_note", prefix: "crn", label: "Credit notes" },
];

/// Words of lines are indexed up to this many lines; the largest real order has 1,114.
const LINES_MAX: usize = 2_000;

const ORDER: &[&str] = &["order"];
const DOCUMENTS: &[&str] = &["order", "credit_note"];

/// The fields of orders and credit notes.
pub const FIELDS: &[FieldDef] = &[
    FieldDef {
        help: "Order number, with or without #.",
        example: "number:10482",
        boxed: true,
        sortable: true,
        ..FieldDef::plain("number", "Number", DOCUMENTS, Shape::Code)
    },
    FieldDef {
        help: "Where the order stands.",
        example: "status:open",
        facet: true,
        sortable: true,
        ..FieldDef::plain(
            "status",
            "Status",
            ORDER,
            Shape::Word { values: &["draft", "open", "completed", "cancelled"] },
        )
    },
    FieldDef {
        help: "Where the money stands.",
        example: "payment:paid",
        none: "unpaid",
        facet: true,
        sortable: true,
        ..FieldDef::plain(
            "payment",
            "Payment",
            ORDER,
            Shape::Word {
                values: &["unpaid", "authorised", "part_paid", "paid", "part_refunded", "refunded", "voided"],
            },
        )
    },
    FieldDef {
        help: "Where the goods stand.",
        example: "fulfilment:unfulfilled",
        aliases: &["fulfillment", "shipment"],
        none: "unfulfilled",
        facet: true,
        sortable: true,
        ..FieldDef::plain(
            "fulfilment",
            "Fulfilment",
            ORDER,
            Shape::Word {
                values: &["unfulfilled", "part", "fulfilled", "delivered", "part_returned", "returned"],
            },
        )
    },
    FieldDef {
        help: "Whether an earlier order of the customer was kept.",
        example: "customer:new",
        facet: true,
        ..FieldDef::plain(
            "customer",
            "Customer",
            ORDER,
            Shape::Word { values: &["new", "returning", "guest"] },
        )
    },
    FieldDef {
        help: "Orders on hold, refunded in part or whole, with a customer's or a staff note.",
        example: "is:held",
        ..FieldDef::plain(
            "is",
            "Is",
            DOCUMENTS,
            Shape::Word { values: &["held", "refunded", "noted", "adjustment"] },
        )
    },
    FieldDef {
        help: "Why it was cancelled.",
        example: "reason:rejected",
        ..FieldDef::plain(
            "reason",
            "Cancel reason",
            ORDER,
            Shape::Word { values: &["customer", "rejected", "unavailable", "other"] },
        )
    },
    FieldDef {
        help: "Total in major units. In the box an amount with its decimals or a currency sign, such as 59.90 or €59.",
        example: "total:50..100",
        boxed: true,
        sortable: true,
        ..FieldDef::plain("total", "Total", DOCUMENTS, Shape::Money)
    },
    FieldDef {
        help: "Day or time of placing, in the shop's zone.",
        example: "placed:2026-11-01..2026-11-20",
        aliases: &["date"],
        sortable: true,
        ..FieldDef::plain("placed", "Placed", DOCUMENTS, Shape::Time)
    },
    FieldDef {
        help: "When it came in here: later than placed for an order that was imported.",
        example: "created:today",
        sortable: true,
        ..FieldDef::plain("created", "Came in", ORDER, Shape::Date)
    },
    FieldDef {
        help: "When it was last changed.",
        example: "updated:today",
        sortable: true,
        ..FieldDef::plain("updated", "Updated", ORDER, Shape::Date)
    },
    FieldDef {
        help: "Number of pieces.",
        example: "items:>3",
        sortable: true,
        ..FieldDef::plain("items", "Items", ORDER, Shape::Number)
    },
    FieldDef {
        help: "Title of an item.",
        example: "title:\"rain jacket\"",
        aliases: &["item"],
        boxed: true,
        ..FieldDef::plain("title", "Item", DOCUMENTS, Shape::Text)
    },
    FieldDef {
        help: "SKU of an item.",
        example: "sku:RJ-M*",
        boxed: true,
        ..FieldDef::plain("sku", "SKU", DOCUMENTS, Shape::Code)
    },
    FieldDef {
        help: "Barcode of an item.",
        example: "barcode:401*",
        aliases: &["ean", "upc", "gtin"],
        boxed: true,
        ..FieldDef::plain("barcode", "Barcode", DOCUMENTS, Shape::Code)
    },
    FieldDef {
        help: "Category of an item.",
        example: "category:socks",
        boxed: true,
        facet: true,
        ..FieldDef::plain("category", "Category", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Size of an item.",
        example: "size:M,L",
        facet: true,
        ..FieldDef::plain("size", "Size", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Colour of an item.",
        example: "colour:navy",
        aliases: &["color"],
        boxed: true,
        facet: true,
        ..FieldDef::plain("colour", "Colour", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Vendor of an item.",
        example: "vendor:acme",
        boxed: true,
        ..FieldDef::plain("vendor", "Vendor", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Tracking number of a parcel.",
        example: "tracking:0034*",
        boxed: true,
        sortable: true,
        ..FieldDef::plain("tracking", "Tracking", ORDER, Shape::Code)
    },
    FieldDef {
        help: "Carrier of a parcel.",
        example: "carrier:dhl",
        ..FieldDef::plain("carrier", "Carrier", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Voucher code.",
        example: "voucher:SPRING",
        boxed: true,
        sortable: true,
        private: true,
        ..FieldDef::plain("voucher", "Voucher", ORDER, Shape::Code)
    },
    FieldDef {
        help: "Reference of a payment.",
        example: "reference:pi_3Q*",
        boxed: true,
        private: true,
        ..FieldDef::plain("reference", "Payment reference", ORDER, Shape::Code)
    },
    FieldDef {
        help: "How it was paid.",
        example: "method:boleto",
        ..FieldDef::plain("method", "Payment method", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "How it is sent.",
        example: "shipping:express",
        aliases: &["shipping_method"],
        sortable: true,
        ..FieldDef::plain("shipping", "Shipping", ORDER, Shape::Keyword)
    },
    FieldDef {
        help: "Where the order came in.",
        example: "channel:web",
        facet: true,
        sortable: true,
        ..FieldDef::plain("channel", "Channel", DOCUMENTS, Shape::Keyword)
    },
    FieldDef {
        help: "The shop or program whose id the order has outside.",
        example: "source:shopify",
        ..FieldDef::plain("source", "Source", DOCUMENTS, Shape::Keyword)
    },
    FieldDef {
        help: "Id of the customer.",
        example: "customer_id:cus_01…",
        ..FieldDef::plain("customer_id", "Customer id", DOCUMENTS, Shape::Keyword)
    },
];

/// The document of an order; `None` when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn doc(r: &impl Read, id: OrderId) -> Result<Option<Doc>> {
    let Some(order) = find(r, id)? else { return Ok(None) };
    let customer = match order.customer {
        Some(customer) => customers::find(r, customer)?,
        None => None,
    };
    doc_of(r, &order, customer.as_ref()).map(Some)
}

/// The document of an order that was read with its customer.
///
/// # Errors
/// Faults of the store only.
pub fn doc_of(r: &impl Read, order: &Order, customer: Option<&Customer>) -> Result<Doc> {
    let name = customer.map(Customer::own_name).unwrap_or_default();
    Ok(build(order, standing::word(r, order)?, &name))
}

fn build(o: &Order, standing: &str, customer_name: &str) -> Doc {
    let mut doc = Doc::new("order", o.id.bytes(), o.placed_at.0)
        .text("number", o.number.to_string())
        .keyword("status", o.status.word())
        .keyword("payment", o.payment.word())
        .keyword("fulfilment", o.fulfilment.word())
        .keyword("customer", standing)
        .keyword("currency", o.currency.code())
        .money("total", Money::new(o.total, o.currency))
        .date("placed", o.placed_at.0)
        .date("created", o.created_at.0)
        .date("updated", o.updated_at.0)
        .number("items", o.items());
    if !customer_name.is_empty() {
        doc = doc.text("name", customer_name);
    }
    for (field, value) in
        [("phone", &o.phone), ("voucher", &o.discount_code), ("note", &o.note), ("external", &o.source_name)]
    {
        doc = doc.text(field, value);
    }
    if let Some(email) = &o.email {
        doc = doc.text("email", email);
    }
    if let Some(source) = &o.source {
        doc = doc.keyword("source", &source.source);
        if source.id != o.number.to_string() {
            doc = doc.text("external", &source.id);
        }
    }
    let mut known = customer_name.to_owned();
    for address in [&o.shipping_address, &o.billing].into_iter().flatten() {
        doc = address_fields(doc, address, &known);
        known.clone_from(&address.name);
    }
    for note in &o.staff_notes {
        doc = doc.text("note", &note.text);
    }
    for tag in &o.tags {
        doc = doc.keyword("tag", tag);
    }
    for (field, value) in [
        ("channel", o.channel.clone()),
        ("shipping", o.shipping_method.clone()),
        ("customer_id", o.customer.map(|c| c.to_string()).unwrap_or_default()),
    ] {
        doc = doc.keyword(field, &value);
    }
    if let Some(cancelled) = &o.cancelled {
        doc = doc.keyword("reason", cancelled.reason.word());
    }
    for (holds, word) in [
        (o.hold.is_some(), "held"),
        (o.refunded > 0, "refunded"),
        (!o.note.is_empty() || !o.staff_notes.is_empty(), "noted"),
    ] {
        if holds {
            doc = doc.keyword("is", word);
        }
    }
    parcels_and_payments(lines(doc, &o.lines), o)
}

fn parcels_and_payments(mut doc: Doc, o: &Order) -> Doc {
    for parcel in &o.parcels {
        doc = doc.text("tracking", &parcel.tracking).keyword("carrier", &parcel.carrier);
    }
    for payment in &o.payments {
        doc = doc.text("reference", &payment.reference).keyword("method", &payment.method);
    }
    doc
}

fn lines(mut doc: Doc, lines: &[Line]) -> Doc {
    for line in lines.iter().take(LINES_MAX) {
        for (field, value) in [("title", &line.title), ("sku", &line.sku), ("barcode", &line.barcode)] {
            doc = doc.text(field, value);
        }
        for (field, value) in [
            ("category", &line.category),
            ("size", &line.size),
            ("colour", &line.colour),
            ("vendor", &line.vendor),
        ] {
            doc = doc.keyword(field, value);
        }
    }
    doc
}

/// The document of a credit note; `None` when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn credit_note_doc(r: &impl Read, id: CreditNoteId) -> Result<Option<Doc>> {
    let Some(note) = find_credit_note(r, id)? else { return Ok(None) };
    let name = match note.customer {
        Some(customer) => customers::find(r, customer)?.map(|c| c.own_name()),
        None => None,
    };
    Ok(Some(build_credit_note(&note, name.as_deref().unwrap_or_default())))
}

fn build_credit_note(n: &CreditNote, customer_name: &str) -> Doc {
    let mut doc = Doc::new("credit_note", n.id.bytes(), n.issued_at.0)
        .text("number", &n.number)
        .keyword("currency", n.currency.code())
        .money("total", Money::new(n.total, n.currency))
        .date("placed", n.issued_at.0);
    doc = doc.text("name", customer_name);
    doc = doc.keyword("country", &n.country);
    if let Some(source) = &n.source {
        doc = doc.keyword("channel", &source.source).keyword("source", &source.source);
    }
    if let Some(customer) = n.customer {
        doc = doc.keyword("customer_id", customer.to_string());
    }
    if n.kind == CreditKind::Adjustment {
        doc = doc.keyword("is", "adjustment");
    }
    for line in n.lines.iter().take(LINES_MAX) {
        doc = doc.text("title", &line.title).text("sku", &line.sku);
    }
    doc
}
