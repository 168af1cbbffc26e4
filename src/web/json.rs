//! JSON bodies, strictly: right content type, within the limit, no duplicate keys, no unknown fields.

use crate::base::error::{Error, Result};
use crate::web::body;
use crate::web::decode::Node;
use crate::web::faults;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Largest JSON body in bytes where the route says nothing else.
pub const LIMIT: usize = 256 * 1024;
/// Deepest nesting; an order has four levels.
const DEPTH_MAX: u8 = 64;

/// A JSON body. Refusals: 415 for another content type, 413 over 256 KB, 400 `unreadable` for what is no JSON,
/// 422 with pointers for unknown fields and wrong types.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body with the bytes it came as: their hash belongs to the idempotency key.
#[derive(Debug)]
pub struct JsonBytes<T> {
    pub value: T,
    pub bytes: bytes::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = JsonBytes::from_request(request, payload);
        Box::pin(async move { read.await.map(|json| Self(json.value)) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBytes<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = body::expect_type(request, &["application/json", "application/merge-patch+json"]);
        let taken = payload.take();
        let length = body::length(request);
        Box::pin(async move {
            accepted?;
            let bytes = body::read(taken, length, LIMIT).await?;
            parse(&bytes).map(|value| Self { value, bytes })
        })
    }
}

/// A JSON body that may be left out.
pub struct OptionalJson<T> {
    pub value: Option<T>,
    pub bytes: bytes::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_plain = body::expect_plain(request);
        let accepted = body::expect_type(request, &["application/json"]);
        let taken = payload.take();
        let length = body::length(request);
        Box::pin(async move {
            is_plain?;
            let bytes = body::read(taken, length, LIMIT).await?;
            if bytes.is_empty() {
                return Ok(Self { value: None, bytes });
            }
            accepted?;
            Ok(Self { value: Some(parse(&bytes)?), bytes })
        })
    }
}

/// Reads a value from JSON text, as strictly as the extractor.
///
/// # Errors
/// `unreadable` (400) for what is no JSON, has duplicate keys or is nested too deep; `unknown_field`,
/// `required`, `wrong_type` … (422) with pointers.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    faults::read(tree(bytes)?, NEEDS_A_CHANGE)
}

const NEEDS_A_CHANGE: &str = "The input needs a change.";

/// Reads a value that was JSON already, with the refusals of [`parse`].
///
/// # Errors
/// `unknown_field`, `required`, `wrong_type` … (422) with pointers.
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T> {
    faults::read(value.into(), NEEDS_A_CHANGE)
}

fn tree(bytes: &[u8]) -> Result<Node> {
    let unreadable =
        |why: String| Error::invalid("unreadable", format!("The body is not valid JSON: {why}."));
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(unreadable("it begins with a byte order mark".to_owned()));
    }
    if bytes.is_empty() {
        return Err(unreadable("it is empty".to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let tree = Tree { depth: 0 }.deserialize(&mut reader).map_err(|e| unreadable(said(&e)))?;
    reader.end().map_err(|e| unreadable(said(&e)))?;
    Ok(tree)
}

/// serde_json's sentence; it names line and column and never more than a key of the input.
fn said(error: &serde_json::Error) -> String {
    error.to_string().chars().take(200).collect()
}

/// Builds the tree; counts depth and refuses a key that comes twice.
#[derive(Clone, Copy)]
struct Tree {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<Node, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Tree {
    fn deeper<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("it is nested deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> std::result::Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_bool<E>(self, value: bool) -> std::result::Result<Node, E> {
        Ok(Node::Bool(value))
    }
    fn visit_u64<E>(self, value: u64) -> std::result::Result<Node, E> {
        Ok(Node::Number(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> std::result::Result<Node, E> {
        Ok(Node::Number(value.into()))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Node, E> {
        serde_json::Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_str<E>(self, value: &str) -> std::result::Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> std::result::Result<Node, E> {
        Ok(Node::Text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                let short: String = name.chars().take(60).collect();
                return Err(serde::de::Error::custom(format_args!("the key “{short}” is there twice")));
            }
            entries.push((name, access.next_value_seed(inner)?));
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        email: String,
        lines: Vec<Line>,
        #[serde(default)]
        note: Option<String>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Line {
        sku: String,
        quantity: u32,
    }

    fn refused(text: &str) -> Error {
        parse::<Order>(text.as_bytes()).unwrap_err()
    }
    fn pointers(error: &Error) -> Vec<(&str, &str)> {
        error.fields.iter().map(|f| (f.pointer.as_str(), f.code)).collect()
    }

    #[test]
    fn a_wrong_value_is_named_by_its_place() {
        let text = r#"{"email":"a@b.de","lines":[{"sku":"A","quantity":1},{"sku":"B","quantity":-1}]}"#;
        assert_eq!(pointers(&refused(text)), [("/lines/1/quantity", "invalid_value")]);
        let text = r#"{"email":5,"lines":[]}"#;
        assert_eq!(pointers(&refused(text)), [("/email", "wrong_type")]);
        for quantity in ["1.5", "\"1\"", "1e300", "9223372036854775808", "[]", "{}"] {
            let text = format!(r#"{{"email":"a","lines":[{{"sku":"A","quantity":{quantity}}}]}}"#);
            let field = &refused(&text).fields[0];
            assert_eq!(field.pointer, "/lines/0/quantity", "{quantity}");
            // Callers write JSON, not Rust.
            assert!(
                field.detail.contains("a whole number") && !field.detail.contains("i64"),
                "{}",
                field.detail
            );
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point_or_an_exponent() {
        for (quantity, is) in [("1.0", 1), ("1e3", 1_000), ("20E-1", 2), ("0.0", 0), ("-0", 0), ("-0.0", 0)] {
            let text = format!(r#"{{"email":"a","lines":[{{"sku":"A","quantity":{quantity}}}]}}"#);
            let read: Order = parse(text.as_bytes()).unwrap_or_else(|e| panic!("{quantity}: {e:?}"));
            assert_eq!(read.lines[0].quantity, is, "{quantity}");
        }
        let text = r#"{"email":"a","lines":[{"sku":"A","quantity":4294967296}]}"#;
        assert_eq!(refused(text).fields[0].detail, "Expected a whole number from 0 to 4294967295.");
    }

    #[test]
    fn all_unknown_fields_are_named_at_once_with_a_suggestion() {
        let text = r#"{"email":"a","lines":[],"is_admin":true,"emial":"b","a/b~c":1}"#;
        let error = refused(text);
        assert_eq!(error.code, "unknown_field");
        assert_eq!(
            pointers(&error),
            [("/is_admin", "unknown_field"), ("/emial", "unknown_field"), ("/a~1b~0c", "unknown_field")]
        );
        assert!(error.fields[1].detail.contains("Did you mean “email”?"), "{}", error.fields[1].detail);
        let inner = refused(r#"{"email":"a","lines":[{"sku":"A","quantity":1,"paid":true}]}"#);
        assert_eq!(pointers(&inner), [("/lines/0/paid", "unknown_field")]);
    }

    #[test]
    fn a_missing_field_is_required_and_a_list_is_no_object() {
        assert_eq!(pointers(&refused(r#"{"lines":[]}"#)), [("/email", "required")]);
        // All that is missing, and what is wrong beside it.
        assert_eq!(pointers(&refused("{}")), [("/email", "required"), ("/lines", "required")]);
        assert_eq!(
            pointers(&refused(r#"{"lines":[{"sku":5},{"quantity":1}]}"#)),
            [
                ("/lines/0/sku", "wrong_type"),
                ("/lines/0/quantity", "required"),
                ("/lines/1/sku", "required"),
                ("/email", "required")
            ]
        );
        // Null is the same as leaving it out.
        assert_eq!(pointers(&refused(r#"{"email":null,"lines":[]}"#)), [("/email", "required")]);
        let read: Order = parse(br#"{"email":"a","lines":[],"note":null}"#).unwrap();
        assert_eq!(read.note, None);
        let list = refused(r#"["a",[],null]"#);
        assert_eq!((list.code, list.message.as_ref()), ("wrong_type", "Expected an object, found a list."));
        assert_eq!(refused("5").code, "wrong_type");
    }

    #[test]
    fn what_is_no_json_is_unreadable() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let object = "{\"a\":".repeat(10_000);
        for text in [
            "",
            " ",
            "{",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1e400}",
            "\"\\ud800\"",
            "\u{feff}{}",
            "{} {}",
            "nul",
            "[1,]",
            "01",
            &deep,
            &object,
        ] {
            let short: String = text.chars().take(30).collect();
            assert_eq!(
                parse::<serde_json::Value>(text.as_bytes()).unwrap_err().code,
                "unreadable",
                "{short}"
            );
        }
        assert_eq!(parse::<serde_json::Value>(b"\"\xff\"").unwrap_err().code, "unreadable");
        let fits = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(parse::<serde_json::Value>(fits.as_bytes()).is_ok());
    }

    /// The folder with data that is not part of this repository; `None` where it is not there.
    fn suite() -> Option<std::path::PathBuf> {
        let given = std::env::var_os("BACKROOM_SHARED").map(std::path::PathBuf::from);
        let near = ["../shared/data", "../../shared/data"].map(std::path::PathBuf::from);
        let folders = given.into_iter().chain(near).map(|p| p.join("bad-input/jsontestsuite/test_parsing"));
        folders.into_iter().find(|folder| folder.is_dir())
    }

    #[test]
    fn the_json_test_suite_is_met_and_nothing_in_it_kills() {
        let Some(folder) = suite() else { return };
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let read = parse::<serde_json::Value>(&std::fs::read(&path).unwrap());
            // Stricter than the suite: a key that comes twice means that somebody is mistaken or lies.
            let twice = name.contains("duplicated_key");
            if name.starts_with("n_") || twice {
                assert_eq!(read.unwrap_err().code, "unreadable", "{name}");
            } else if name.starts_with("y_") {
                assert!(read.is_ok(), "{name}: {read:?}");
            }
            files += 1;
        }
        assert!(files > 300, "{files}");
    }
}
