//! Terms that a program gives in parts, a field, a comparison and a value: the same conditions as those of a text, and
//! no sign of a value means anything but what belongs to a number or a date itself.

use super::ast::{All, Any, FieldValue, Item, Op, Scalar, What};
use super::{LIST_MAX, Problem, Query, plan};
use crate::base::time::{Timestamp, Zone};
use crate::search::schema::{Schema, Shape};

/// How a program compares a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The whole value.
    Is,
    Not,
    Less,
    AtMost,
    More,
    AtLeast,
    /// Any of a list with commas.
    In,
    /// The beginning of a value.
    Prefix,
    /// `true`: there is a value.
    Exists,
}

impl Compare {
    /// All of them with their words.
    pub const ALL: [(&str, Self); 9] = [
        ("eq", Self::Is),
        ("ne", Self::Not),
        ("lt", Self::Less),
        ("lte", Self::AtMost),
        ("gt", Self::More),
        ("gte", Self::AtLeast),
        ("in", Self::In),
        ("prefix", Self::Prefix),
        ("exists", Self::Exists),
    ];
    /// The comparison of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, compare)| *compare)
    }
}

/// The query of one term. `field` is a name or alias of the schema.
///
/// # Errors
/// What is wrong with the field or the value.
pub fn given(
    schema: &Schema,
    (now, zone): (Timestamp, &Zone),
    field: &str,
    compare: Compare,
    value: &str,
) -> Result<Query, Box<Problem>> {
    let wrong = |code: &'static str, message: String| {
        Box::new(Problem { code, text: value.to_owned(), message, suggestion: None })
    };
    let place =
        schema.field_place(field).filter(|p| schema.field_at(*p).is_some_and(|def| schema.shows(def)));
    let Some((place, def)) = place.and_then(|place| Some((place, schema.field_at(place)?))) else {
        return Err(wrong("unknown_field", format!("There is no field “{field}”.")));
    };
    // A number or a date means something by itself; a text is taken as it stands.
    let quoted = !matches!(def.shape, Shape::Number | Shape::Money | Shape::Date | Shape::Time);
    let whole = |text: &str| Scalar { text: text.to_owned(), quoted };
    let bare = |text: String| Scalar { text, quoted: false };
    let (op, items) = match compare {
        Compare::Is | Compare::Not => (Op::Is, vec![whole(value)]),
        Compare::Less => (Op::Less, vec![bare(value.to_owned())]),
        Compare::AtMost => (Op::AtMost, vec![bare(value.to_owned())]),
        Compare::More => (Op::More, vec![bare(value.to_owned())]),
        Compare::AtLeast => (Op::AtLeast, vec![bare(value.to_owned())]),
        Compare::In => {
            let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
            // In a text it would be a range of thousands; here each part is a value of its own.
            if !quoted && value.contains("..") {
                let text = format!("“{}” takes no range in a list: compare it with gte and lte.", def.name);
                return Err(wrong("wrong_value", text));
            }
            (Op::Is, parts.map(whole).collect())
        }
        Compare::Prefix if quoted => (Op::Is, vec![bare(format!("{value}*"))]),
        Compare::Prefix => {
            return Err(wrong("wrong_value", format!("“{}” has no beginning: compare it.", def.name)));
        }
        Compare::Exists => match value {
            "true" => (Op::Is, vec![bare("any".to_owned())]),
            "false" => (Op::Is, vec![bare("none".to_owned())]),
            _ => return Err(wrong("wrong_value", "Send true or false.".to_owned())),
        },
    };
    if items.len() > LIST_MAX {
        return Err(wrong("too_long", format!("Send at most {LIST_MAX} values.")));
    }
    let item = Item {
        negated: compare == Compare::Not,
        what: What::Field { field: place, value: FieldValue { op, items } },
    };
    let mut ast = All(vec![Any(vec![item])]);
    let mut problems = Vec::new();
    let context = plan::Context { schema, now, zone, me: None };
    let tree = plan::tree(&context, &mut ast, &mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(Query { schema: schema.clone(), ast, tree }),
    }
}
