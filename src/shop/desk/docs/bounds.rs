//! How much may be sent and asked for, written into the document from the constants that the rules go by.

use crate::base::email;
use crate::shop::customers::{
    ADDRESSES_MAX, LANGUAGE_LEN_MAX, METADATA_MAX, METADATA_VALUE_LEN_MAX, NOTE_LEN_MAX, TAG_LEN_MAX,
    TAGS_MAX, TEXT_LEN_MAX,
};
use crate::shop::desk::{feed, find};
use crate::shop::mail;
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::outreach;
use crate::shop::sites;
use crate::web::paging;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, Array, ArrayItems};
use utoipa::openapi::{Components, Object, RefOr, Schema};

/// What a field may hold at most.
#[derive(Clone, Copy)]
enum Bound {
    /// Characters of a text.
    Text(usize),
    Tags,
    Metadata,
    /// Items of a list, at least and at most.
    Items(usize, usize),
    /// A number from 1 up to this one.
    Number(i64),
}
use Bound::{Items, Metadata, Number, Tags, Text};

const LINE: Bound = Text(TEXT_LEN_MAX);
const NOTE: Bound = Text(NOTE_LEN_MAX);
const EMAIL: Bound = Text(email::LEN_MAX);

/// Schemas of what is sent, each with its fields that are bounded.
const BOUNDS: &[(&str, &[(&str, Bound)])] = &[
    (
        "Address",
        &[
            ("name", LINE),
            ("company", LINE),
            ("line1", LINE),
            ("line2", LINE),
            ("postcode", LINE),
            ("city", LINE),
            ("region", LINE),
            ("phone", LINE),
        ],
    ),
    ("ExternalRef", &[("source", LINE), ("id", LINE)]),
    (
        "PlaceOrder",
        &[
            ("email", EMAIL),
            ("phone", LINE),
            ("lines", Items(1, orders::LINES_MAX)),
            ("discount_code", LINE),
            ("shipping_method", LINE),
            ("note", NOTE),
            ("tags", Tags),
            ("metadata", Metadata),
            ("channel", LINE),
        ],
    ),
    (
        "PlaceLine",
        &[
            ("sku", LINE),
            ("barcode", LINE),
            ("title", LINE),
            ("category", LINE),
            ("size", LINE),
            ("colour", LINE),
            ("vendor", LINE),
            ("quantity", Number(orders::QUANTITY_MAX)),
        ],
    ),
    (
        "OrderFields",
        &[("email", EMAIL), ("phone", LINE), ("note", NOTE), ("tags", Tags), ("metadata", Metadata)],
    ),
    ("StepBody", &[("note", LINE), ("method", LINE), ("carrier", LINE), ("tracking", LINE)]),
    ("BulkAction", &[("tag", Text(TAG_LEN_MAX)), ("note", LINE), ("method", LINE), ("carrier", LINE)]),
    ("NoteBody", &[("text", NOTE)]),
    (
        "CustomerFields",
        &[
            ("email", EMAIL),
            ("first_name", LINE),
            ("last_name", LINE),
            ("company", LINE),
            ("phone", LINE),
            ("addresses", Items(0, ADDRESSES_MAX)),
            ("note", NOTE),
            ("tags", Tags),
            ("metadata", Metadata),
            ("vat_id", LINE),
            ("language", Text(LANGUAGE_LEN_MAX)),
        ],
    ),
    (
        "NewMessage",
        &[
            ("email", EMAIL),
            ("body", NOTE),
            ("name", Text(messages::NAME_LEN_MAX)),
            ("phone", Text(messages::WORD_LEN_MAX)),
            ("subject", Text(messages::SUBJECT_LEN_MAX)),
            ("order_number", Text(messages::WORD_LEN_MAX)),
            ("page", Text(messages::PAGE_LEN_MAX)),
            ("language", Text(LANGUAGE_LEN_MAX)),
            ("metadata", Metadata),
        ],
    ),
    ("NewMessageReply", &[("text", Text(messages::ANSWER_LEN_MAX))]),
    ("WebhookFields", &[("kinds", Items(1, outreach::KINDS_MAX)), ("note", Text(outreach::NOTE_MAX))]),
    ("MailBounce", &[("email", EMAIL), ("reason", Text(mail::REASON_MAX))]),
    (
        "SiteFields",
        &[("note", Text(sites::NOTE_MAX)), ("email", EMAIL), ("consent_source", Text(sites::NOTE_MAX))],
    ),
];

/// Lists with a `limit` of their own: what it is if absent, and at most.
const LIMITS: &[(&str, u32, u32)] = &[
    ("/api/v1/events", feed::LIMIT_DEFAULT, feed::LIMIT_MAX),
    ("/api/v1/search", find::api::LIMIT_DEFAULT, find::api::LIMIT_MAX),
];

/// Bounds the fields of everything that is sent.
pub(super) fn complete(components: &mut Components) {
    for (name, fields) in BOUNDS {
        let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(*name) else {
            panic!("there is no {name}");
        };
        for (field, bound) in *fields {
            let Some(RefOr::T(schema)) = object.properties.get_mut(*field) else {
                panic!("{name} has no {field}");
            };
            bound.write(schema);
        }
    }
}

/// Bounds the `limit` of a list at this path.
pub(super) fn complete_limit(path: &str, operation: &mut Operation) {
    let own = LIMITS.iter().find(|(list, ..)| *list == path).map(|(_, default, most)| (*default, *most));
    let (default, most) = own.unwrap_or((paging::LIMIT_DEFAULT, paging::LIMIT_MAX));
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "limit"
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        {
            schema.minimum = Some(1_u32.into());
            schema.maximum = Some(most.into());
            schema.default = Some(default.into());
        }
    }
}

impl Bound {
    fn write(self, schema: &mut Schema) {
        match (self, schema) {
            (Text(most), Schema::Object(text)) => text.max_length = Some(most),
            (Number(most), Schema::Object(number)) => {
                number.minimum = Some(1_i64.into());
                number.maximum = Some(most.into());
            }
            (Metadata, Schema::Object(map)) => {
                map.max_properties = Some(METADATA_MAX);
                let mut name = Object::with_type(utoipa::openapi::Type::String);
                (name.min_length, name.max_length) = (Some(1), Some(TAG_LEN_MAX));
                map.property_names = Some(Box::new(Schema::Object(name)));
                if let Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value)))) =
                    map.additional_properties.as_deref_mut()
                {
                    value.max_length = Some(METADATA_VALUE_LEN_MAX);
                }
            }
            (Items(least, most), Schema::Array(list)) => bound(list, least, most),
            (Tags, Schema::Array(list)) => {
                bound(list, 0, TAGS_MAX);
                if let ArrayItems::RefOrSchema(tag) = &mut list.items
                    && let RefOr::T(Schema::Object(tag)) = tag.as_mut()
                {
                    tag.max_length = Some(TAG_LEN_MAX);
                }
            }
            (_, other) => panic!("this cannot be bounded so: {}", serde_json::to_string(other).unwrap()),
        }
    }
}

fn bound(list: &mut Array, least: usize, most: usize) {
    (list.min_items, list.max_items) = (Some(least).filter(|least| *least > 0), Some(most));
}
