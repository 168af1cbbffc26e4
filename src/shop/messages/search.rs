//! How a message becomes a search document: found by who wrote it, what it is called and what it says.

use super::model::{Message, MessageId};
use super::ops::find;
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::search::{Doc, FieldDef, KindDef, Shape};
use crate::store::Read;

/// The kind of document a message is.
pub const KIND: KindDef = KindDef { name: "message", prefix: MessageId::PREFIX, label: "Messages" };

const OWN: &[&str] = &["message"];

/// The fields that only messages have; name, e-mail address and phone are shared with others.
pub const FIELDS: &[FieldDef] = &[
    FieldDef {
        help: "Words in the subject of a message.",
        example: "subject:parcel",
        boxed: true,
        ..FieldDef::plain("subject", "Subject", OWN, Shape::Text)
    },
    FieldDef {
        help: "Words in the text of a message.",
        example: "text:\"wrong size\"",
        aliases: &["body"],
        boxed: true,
        ..FieldDef::plain("text", "Text", OWN, Shape::Text)
    },
];

/// Fields of others that messages have as well, with all kinds that have them then.
const SHARED: &[(&str, &[&str])] = &[
    ("name", &["order", "customer", "credit_note", "message"]),
    ("email", &["order", "customer", "message"]),
    ("phone", &["order", "customer", "message"]),
];

/// A field of another feature, which messages may have as well.
pub fn shared(field: &FieldDef) -> FieldDef {
    let kinds = SHARED.iter().find(|(name, _)| *name == field.name).map(|(_, kinds)| *kinds);
    FieldDef { kinds: kinds.unwrap_or(field.kinds), ..*field }
}

/// The document of a message; `None` when there is none.
///
/// # Errors
/// Faults of the store only.
pub fn doc(r: &impl Read, id: MessageId) -> Result<Option<Doc>> {
    Ok(find(r, id)?.as_ref().map(doc_of))
}

/// The document of a message that was read.
pub fn doc_of(message: &Message) -> Doc {
    Doc::new("message", message.id.bytes(), message.received_at.0)
        .text("name", &message.name)
        .text("email", &message.email)
        .text("phone", &message.phone)
        .text("subject", &message.subject)
        .text("text", &message.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::customers;
    use crate::shop::orders;

    #[test]
    fn a_shared_field_keeps_the_kinds_it_had() {
        for field in customers::FIELDS.iter().chain(orders::FIELDS) {
            let own = shared(field);
            let is_shared = SHARED.iter().any(|(name, _)| *name == field.name);
            assert!(field.kinds.iter().all(|kind| own.kinds.contains(kind)), "{}", field.name);
            assert_eq!(own.kinds.len(), field.kinds.len() + usize::from(is_shared), "{}", field.name);
        }
    }
}
