//! From a tree of values to a type, strictly: unknown names are refused, and every refusal says where.

use crate::base::error::FieldError;
use crate::base::nearest::nearest;
use crate::web::numbers::{in_range, whole};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Unexpected, Visitor};
use std::fmt;

impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(b),
            serde_json::Value::Number(n) => Self::Number(n),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Map(fields.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

/// A value as it came: JSON, or words of a form or an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    /// Values of one parameter, each still a word to be read as what is wanted.
    Words(Vec<String>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What is wrong and where, while it travels up.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Segments from the inside out.
    path: Vec<String>,
    code: &'static str,
    detail: String,
    /// Further unknown names of the same map.
    more: Vec<(String, String)>,
}

impl Trouble {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { path: Vec::new(), code, detail: detail.into(), more: Vec::new() }
    }
    fn under(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }
    /// The path from the outside in.
    fn place(&self) -> Vec<String> {
        self.path.iter().rev().cloned().collect()
    }
    /// Whether something is missing.
    pub(super) fn is_missed(&self) -> bool {
        self.code == REQUIRED
    }
    /// What is wrong, with the path to each.
    pub(super) fn faults(self) -> Vec<(Vec<String>, FieldError)> {
        let place = self.place();
        let fault = |place: Vec<String>, code, detail| {
            let pointer = place.iter().map(|s| format!("/{}", escaped(s))).collect();
            (place, FieldError { pointer, code, detail })
        };
        if self.more.is_empty() {
            return vec![fault(place, self.code, self.detail)];
        }
        let under = |name: String| place.iter().cloned().chain([name]).collect();
        self.more.into_iter().map(|(name, detail)| fault(under(name), self.code, detail)).collect()
    }
}

const REQUIRED: &str = "required";

/// RFC 6901: `~` and `/` are escaped.
fn escaped(segment: &str) -> String {
    let short: String = segment.chars().take(100).collect();
    short.replace('~', "~0").replace('/', "~1")
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
impl std::error::Error for Trouble {}

impl de::Error for Trouble {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("invalid", message.to_string())
    }
    fn invalid_type(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::new("wrong_type", format!("Expected {}, found {}.", in_words(wanted), named(&found)))
    }
    fn invalid_value(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let text = in_range(&wanted.to_string());
        let text = text.unwrap_or_else(|| format!("Expected {}, found {}.", in_words(wanted), named(&found)));
        Self::new("invalid_value", text)
    }
    fn invalid_length(length: usize, wanted: &dyn de::Expected) -> Self {
        Self::new("invalid_length", format!("Expected {}, found {length} items.", in_words(wanted)))
    }
    fn unknown_variant(variant: &str, wanted: &'static [&'static str]) -> Self {
        let short: String = variant.chars().take(60).collect();
        Self::new("unknown_value", format!("“{short}” is not one of: {}.", wanted.join(", ")))
    }
    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new("unknown_field", unknown(field, known)).under(field)
    }
    fn missing_field(field: &'static str) -> Self {
        Self::new(REQUIRED, format!("“{field}” is required.")).under(field)
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self::new("duplicate_field", format!("“{field}” is there twice.")).under(field)
    }
}

/// What serde wanted, in the words of somebody who writes JSON and not Rust.
fn in_words(wanted: &dyn de::Expected) -> String {
    let wanted = wanted.to_string();
    match wanted.as_str() {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" | "a borrowed string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        _ => wanted,
    }
}

fn named(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) if text.chars().count() > 60 => "a long text".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Str(text) => format!("the text “{text}”"),
        Unexpected::Float(number) => number.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Bool(truth) => truth.to_string(),
        other => other.to_string(),
    }
}

/// The sentence for a name nobody knows, with the nearest known one.
pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    let short: String = name.chars().take(60).collect();
    match nearest(name, known) {
        Some(near) => format!("There is no “{short}”. Did you mean “{near}”?"),
        None if known.is_empty() => format!("There is no “{short}” here."),
        None => format!("There is no “{short}”. Known are: {}.", known.join(", ")),
    }
}

impl Node {
    fn found(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(b) => Unexpected::Bool(*b),
            Self::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
                (Some(u), ..) => Unexpected::Unsigned(u),
                (_, Some(i), _) => Unexpected::Signed(i),
                (.., f) => Unexpected::Float(f.unwrap_or(f64::NAN)),
            },
            Self::Text(t) => Unexpected::Str(t),
            Self::Words(_) => Unexpected::Other("words"),
            Self::List(_) => Unexpected::Seq,
            Self::Map(_) => Unexpected::Map,
        }
    }

    /// The one word of a parameter; two are a refusal.
    fn word(words: Vec<String>) -> Result<String, Trouble> {
        let mut words = words.into_iter();
        match (words.next(), words.next()) {
            (Some(word), None) => Ok(word),
            (None, _) => Ok(String::new()),
            _ => Err(Trouble::new("duplicate_parameter", "This is given twice.")),
        }
    }
}

/// Reads a word as a number, for forms and addresses.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
            match self {
                Node::Words(words) => {
                    let word = Node::word(words)?;
                    let number = word.trim().parse::<$type>();
                    let number = number.map_err(|_not_read| {
                        let short: String = word.chars().take(60).collect();
                        let is_whole = word.trim().parse::<i128>().is_ok();
                        let text = in_range(stringify!($type)).filter(|_| is_whole);
                        let text = text.unwrap_or_else(|| format!("Expected a whole number, found “{short}”."));
                        Trouble::new("wrong_type", text)
                    })?;
                    visitor.$visit(number)
                }
                // Other languages write whole numbers so, and JSON Schema (2020-12, 6.1.1) means them by integer.
                Node::Number(number) => match whole(&number) {
                    Some(number) => visitor.visit_i64(number),
                    None => Node::Number(number).deserialize_any(visitor),
                },
                other => other.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = Trouble;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(b) => visitor.visit_bool(b),
            Self::Number(ref n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
                (Some(u), ..) => visitor.visit_u64(u),
                (_, Some(i), _) => visitor.visit_i64(i),
                (.., Some(f)) => visitor.visit_f64(f),
                _ => Err(de::Error::invalid_type(self.found(), &visitor)),
            },
            Self::Text(text) => visitor.visit_string(text),
            Self::Words(words) => visitor.visit_string(Self::word(words)?),
            Self::List(items) => visitor.visit_seq(Items { items: items.into_iter(), place: 0 }),
            Self::Map(entries) => visitor.visit_map(Entries { entries: entries.into_iter(), value: None }),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self {
            Self::Words(words) => match Self::word(words)?.as_str() {
                "true" | "1" | "on" | "yes" => visitor.visit_bool(true),
                "false" | "0" | "off" | "no" | "" => visitor.visit_bool(false),
                _ => Err(Trouble::new("wrong_type", "Expected true or false.")),
            },
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self {
            Self::Null => visitor.visit_none(),
            // A field of a form that was left empty.
            Self::Words(words) if words.iter().all(String::is_empty) => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self {
            Self::Words(words) => {
                let items: Vec<_> = words.into_iter().map(|word| Self::Words(vec![word])).collect();
                Self::List(items).deserialize_any(visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        // Whatever the type says about unknown names: here they are refused, all of them at once.
        if let Self::Map(entries) = &self {
            let strange = entries.iter().filter(|(name, _)| !known.contains(&name.as_str()));
            let more: Vec<_> =
                strange.take(20).map(|(name, _)| (name.clone(), unknown(name, known))).collect();
            if !more.is_empty() {
                return Err(Trouble { more, ..Trouble::new("unknown_field", "") });
            }
        }
        match self {
            // A list is no object, even where serde would take one for the other.
            Self::List(_) => Err(de::Error::invalid_type(self.found(), &visitor)),
            // A field that is null is one that is left out.
            Self::Map(mut entries) => {
                entries.retain(|(_, node)| *node != Self::Null);
                Self::Map(entries).deserialize_any(visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match self {
            Self::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Self::Words(words) => visitor.visit_enum(Self::word(words)?.into_deserializer()),
            Self::Map(mut entries) if entries.len() == 1 => match entries.pop() {
                Some((name, node)) => visitor.visit_enum(Variant { name, node }),
                None => Err(Trouble::new("wrong_type", "Expected a word.")),
            },
            other => Err(de::Error::invalid_type(other.found(), &visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

struct Items {
    items: std::vec::IntoIter<Node>,
    place: usize,
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Trouble;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Trouble> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let place = self.place;
        self.place += 1;
        seed.deserialize(item).map(Some).map_err(|trouble| trouble.under(place.to_string()))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries {
    entries: std::vec::IntoIter<(String, Node)>,
    value: Option<(String, Node)>,
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = Trouble;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Trouble> {
        let Some((name, node)) = self.entries.next() else { return Ok(None) };
        let key = seed.deserialize(name.clone().into_deserializer())?;
        self.value = Some((name, node));
        Ok(Some(key))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Trouble> {
        let (name, node) = self.value.take().unwrap_or((String::new(), Node::Null));
        seed.deserialize(node).map_err(|trouble| trouble.under(name))
    }
}

struct Variant {
    name: String,
    node: Node,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Trouble;
    type Variant = Content;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content), Trouble> {
        let Self { name, node } = self;
        let variant = seed.deserialize(name.clone().into_deserializer())?;
        Ok((variant, Content { name, node }))
    }
}

/// What stands behind the name of a variant.
struct Content {
    name: String,
    node: Node,
}

impl<'de> de::VariantAccess<'de> for Content {
    type Error = Trouble;
    fn unit_variant(self) -> Result<(), Trouble> {
        match self.node {
            Node::Null => Ok(()),
            _ => Err(Trouble::new("wrong_type", "Expected null.").under(self.name)),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Trouble> {
        seed.deserialize(self.node).map_err(|trouble| trouble.under(self.name))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Trouble> {
        self.node.deserialize_seq(visitor).map_err(|trouble| trouble.under(self.name))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.node.deserialize_struct("", known, visitor).map_err(|trouble| trouble.under(self.name))
    }
}
