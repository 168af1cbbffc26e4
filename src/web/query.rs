//! Parameters of the address, strictly: an unknown one is refused with a suggestion instead of being ignored.

use crate::base::error::{Error, FieldError, Result};
use crate::base::unseen::shown;
use crate::web::decode::Node;
use crate::web::faults;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

/// Most fields of one address or form.
const FIELDS_MAX: usize = 5_000;

/// The parameters as a type. 400 `unknown_parameter` and `duplicate_parameter`, 422 for values.
/// An empty parameter is an absent one for `Option` fields.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        take(request);
        ready(parse(request.query_string()).map(Self))
    }
}

/// The parameters of this request are somebody's business.
struct Taken;

/// Says that the parameters of this request are read.
pub(super) fn take(request: &HttpRequest) {
    request.extensions_mut().insert(Taken);
}

/// Whether the address is text, for those who read its pairs themselves.
///
/// # Errors
/// `unreadable`.
pub(super) fn check(query: &str) -> Result<()> {
    if is_text(query) {
        return Ok(());
    }
    let text = "The address has bytes that are no UTF-8, such as %FF. Encode its text as UTF-8.";
    Err(Error::invalid("unreadable", text))
}

/// What an address whose handler takes no parameters says to those it is given, as the others refuse unknown ones; `None`
/// where there are none.
pub(super) fn stranger(query: &str) -> Option<Error> {
    if query.is_empty() {
        return None;
    }
    let (name, _) = pairs(query).into_iter().next()?;
    let shown = shown(&name, 40);
    let text = format!("This address takes no parameters, not “{shown}” either.");
    Some(Error::invalid("unknown_parameter", text))
}

/// Whether somebody has read the parameters of this request.
pub(super) fn is_taken(request: &HttpRequest) -> bool {
    request.extensions().get::<Taken>().is_some()
}

/// Reads a query string, as strictly as the extractor.
///
/// # Errors
/// As `Query`.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    check(query)?;
    let tree = tree(pairs(query))?;
    faults::read(tree, "A parameter needs a change.").map_err(|mut error: Error| {
        error.fields.iter_mut().for_each(as_parameter);
        if error.code == "unknown_field" {
            error.code = "unknown_parameter";
        }
        error
    })
}

fn as_parameter(field: &mut FieldError) {
    if field.code == "unknown_field" {
        field.code = "unknown_parameter";
    }
}

/// Names with their words, in order of first appearance.
pub(super) fn tree(pairs: Vec<(String, String)>) -> Result<Node> {
    if pairs.len() > FIELDS_MAX {
        return Err(Error::invalid("unreadable", "There are too many fields."));
    }
    let mut entries: Vec<(String, Node)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in pairs {
        let place = *places.entry(name.clone()).or_insert_with(|| {
            entries.push((name, Node::Words(Vec::new())));
            entries.len() - 1
        });
        if let Some((_, Node::Words(words))) = entries.get_mut(place) {
            words.push(value);
        }
    }
    Ok(Node::Map(entries))
}

/// Names and values of a query string or an urlencoded form, decoded; bytes that are no UTF-8 become U+FFFD.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// The other way: `a=1&b=two%20words`.
pub fn encode<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        escape(name.as_ref(), &mut text);
        text.push('=');
        escape(value.as_ref(), &mut text);
    }
    text
}

/// Percent-encodes one name or value. `:`, `,`, `/` and `*` stay, so that queries of the search language can be read.
pub(super) fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b','
            | b'/'
            | b'*' => {
                out.push(char::from(byte));
            }
            _ => {
                let digit = |d: u8| char::from_digit(u32::from(d), 16).unwrap_or('0').to_ascii_uppercase();
                out.push('%');
                out.push(digit(byte >> 4));
                out.push(digit(byte & 15));
            }
        }
    }
}

/// Undoes `%41` and `+`; what is no escape stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let bytes = decoded_bytes(text);
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// A part of a path, decoded: there a plus is one.
pub(super) fn unescaped(part: &str) -> String {
    if part.contains('%') { decoded(&part.replace('+', "%2B")) } else { part.to_owned() }
}

/// Whether the decoded bytes are UTF-8.
pub(super) fn is_text(query: &str) -> bool {
    !query.contains('%') || std::str::from_utf8(&decoded_bytes(query)).is_ok()
}

fn decoded_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => out.push(b' '),
            (b'%', [a, b, tail @ ..]) if hex(*a).is_some() && hex(*b).is_some() => {
                out.push(hex(*a).unwrap_or(0) << 4 | hex(*b).unwrap_or(0));
                rest = tail;
            }
            _ => out.push(*byte),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct List {
        q: Option<String>,
        limit: Option<u16>,
        status: Vec<String>,
        archived: bool,
        sort: Option<Sort>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Sort {
        Newest,
        Total,
    }

    #[test]
    fn parameters_become_what_the_type_wants() {
        let list: List = parse("q=anna+b%C3%A9rg&limit=20&status=a&status=b&archived=on&sort=total").unwrap();
        assert_eq!((list.q.as_deref(), list.limit), (Some("anna bérg"), Some(20)));
        assert_eq!(
            (list.status, list.archived, list.sort),
            (vec!["a".into(), "b".into()], true, Some(Sort::Total))
        );
        assert_eq!(parse::<List>("q=&limit=").unwrap(), List::default());
        assert_eq!(parse::<List>("").unwrap(), List::default());
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_a_suggestion() {
        let error = parse::<List>("stauts=open&q=x").unwrap_err();
        assert_eq!((error.code, error.fields[0].code), ("unknown_parameter", "unknown_parameter"));
        assert!(error.message.contains("Did you mean “status”?"), "{}", error.message);
    }

    #[test]
    fn a_parameter_given_twice_or_of_the_wrong_kind_is_refused() {
        assert_eq!(parse::<List>("limit=1&limit=2").unwrap_err().code, "duplicate_parameter");
        for wrong in ["limit=x", "limit=-1", "limit=1.5", "limit=99999999", "archived=perhaps", "sort=colour"]
        {
            let error = parse::<List>(wrong).unwrap_err();
            assert_eq!(error.fields.len(), 1, "{wrong}");
            assert!(wrong.starts_with(error.fields[0].pointer.trim_start_matches('/')), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(list in proptest::collection::vec((".+", ".*"), 0..6)) {
            prop_assert_eq!(pairs(&encode(&list)), list);
        }
        #[test]
        fn no_query_string_makes_it_panic(text in ".*") {
            let _read = parse::<List>(&text);
        }
    }
}
