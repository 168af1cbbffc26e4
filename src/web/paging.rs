//! Lists over the API: one envelope, opaque cursors, links in the header.

use crate::base::error::{Error, Result};
use crate::base::id::{from_text, to_text};
use crate::web::query::{encode, pairs};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

/// Rows of a page where nothing is said, and at most.
pub const LIMIT: u16 = 50;
pub const LIMIT_MAX: u16 = 200;
/// Longest cursor in characters.
const CURSOR_MAX: usize = 512;

/// The parameters every list has. Put it into a list's own parameters field by field (serde's `flatten` loses
/// the names that `Query` checks).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Paging {
    pub limit: Option<u16>,
    pub after: Option<String>,
    pub before: Option<String>,
    pub count: Option<Count>,
}

/// Whether the whole result is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    None,
    /// The true number, or an error's worth of work: callers decide by its limit.
    Exact,
    Estimate,
}

/// Which way to read from a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    First,
    After(String),
    Before(String),
}

impl Paging {
    /// How many rows are wanted.
    ///
    /// # Errors
    /// `invalid_value` outside of 1 to 200.
    pub fn limit(&self) -> Result<usize> {
        match self.limit {
            None => Ok(usize::from(LIMIT)),
            Some(limit @ 1..=LIMIT_MAX) => Ok(usize::from(limit)),
            Some(_) => {
                Err(Error::invalid("invalid_value", format!("“limit” is 1 to {LIMIT_MAX}.")).on("/limit"))
            }
        }
    }

    /// Where to read on.
    ///
    /// # Errors
    /// `invalid_value` when both sides are given.
    pub fn turn(&self) -> Result<Turn> {
        match (&self.after, &self.before) {
            (None, None) => Ok(Turn::First),
            (Some(cursor), None) => Ok(Turn::After(cursor.clone())),
            (None, Some(cursor)) => Ok(Turn::Before(cursor.clone())),
            (Some(_), Some(_)) => {
                let message = "Give “after” or “before”, not both.";
                Err(Error::invalid("invalid_value", message).on("/before"))
            }
        }
    }
}

/// One page of a list: `{"data":[…],"has_more":…,"next_cursor":…,"prev_cursor":…}`, `total` when it was asked for.
#[derive(Debug, Serialize)]
pub struct List<T> {
    pub data: Vec<T>,
    /// Whether there is a page after this one.
    pub has_more: bool,
    pub next_cursor: Option<String>,
    pub prev_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl<T: Serialize> List<T> {
    /// A list that is one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, has_more: false, next_cursor: None, prev_cursor: None, total: None }
    }

    /// The answer with its `Link` header (RFC 8288); the links repeat the request with another cursor.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        let link = |cursor: &Option<String>, name: &str, relation: &str| {
            cursor.as_ref().map(|cursor| {
                let address = turned(request.path(), request.query_string(), name, cursor);
                format!("<{address}>; rel=\"{relation}\"")
            })
        };
        let links = [link(&self.next_cursor, "after", "next"), link(&self.prev_cursor, "before", "prev")];
        let links: Vec<String> = links.into_iter().flatten().collect();
        if let Ok(value) = HeaderValue::from_str(&links.join(", "))
            && !links.is_empty()
        {
            answer.insert_header((header::LINK, value));
        }
        answer.json(self)
    }
}

/// The address of a list turned to another page: `path?q=…&after=cursor`.
pub fn turned(path: &str, query: &str, name: &str, cursor: &str) -> String {
    let mut list: Vec<_> =
        pairs(query).into_iter().filter(|(key, _)| key != "after" && key != "before").collect();
    list.push((name.to_owned(), cursor.to_owned()));
    format!("{path}?{}", encode(&list))
}

/// A cursor as text: the sort position and the id of a row, readable only by us.
/// The position is whatever bytes order the list; keep it under 200 bytes.
pub fn cursor(position: &[u8], id: &[u8; 16]) -> String {
    let hex = position.iter().fold(String::with_capacity(position.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    });
    format!("{}{hex}", to_text(id))
}

/// The other way.
///
/// # Errors
/// `invalid_cursor` for what `cursor` did not write.
pub fn read_cursor(text: &str) -> Result<(Vec<u8>, [u8; 16])> {
    let wrong = || Error::invalid("invalid_cursor", "Take the cursor from the page before, unchanged.");
    if text.len() > CURSOR_MAX || !text.is_ascii() {
        return Err(wrong());
    }
    let (id, hex) = text.split_at_checked(26).ok_or_else(wrong)?;
    let id = from_text(id).ok_or_else(wrong)?;
    let (chunks, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let digit = |d: u8| match d {
        b'0'..=b'9' => Some(d - b'0'),
        b'a'..=b'f' => Some(d - b'a' + 10),
        _ => None,
    };
    let position: Option<Vec<u8>> =
        chunks.iter().map(|[a, b]| Some((digit(*a)? << 4) | digit(*b)?)).collect();
    position.map(|position| (position, id)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_nothing_else_does(position: [u8; 9], id: [u8; 16], junk: String) {
            prop_assert_eq!(read_cursor(&cursor(&position, &id)).unwrap(), (position.to_vec(), id));
            let _read = read_cursor(&junk);
        }
    }

    #[test]
    fn links_repeat_the_request_with_another_cursor() {
        let request = TestRequest::with_uri("/api/v1/orders?q=a%20b&after=old&limit=2").to_http_request();
        let list = List {
            data: vec![1, 2],
            has_more: true,
            next_cursor: Some("n1".into()),
            prev_cursor: Some("p1".into()),
            total: None,
        };
        let answer = list.respond(&request);
        assert_eq!(
            answer.headers().get("link").unwrap(),
            "</api/v1/orders?q=a%20b&limit=2&after=n1>; rel=\"next\", </api/v1/orders?q=a%20b&limit=2&before=p1>; rel=\"prev\""
        );
        let json = serde_json::to_value(&list).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"data":[1,2],"has_more":true,"next_cursor":"n1","prev_cursor":"p1"})
        );
    }

    #[test]
    fn a_page_has_its_bounds() {
        let with = |limit| Paging { limit, ..Paging::default() }.limit();
        assert_eq!((with(None).unwrap(), with(Some(200)).unwrap()), (50, 200));
        assert!(with(Some(0)).is_err() && with(Some(201)).is_err());
        let both = Paging { after: Some("a".into()), before: Some("b".into()), ..Paging::default() };
        assert_eq!(both.turn().unwrap_err().fields[0].pointer, "/before");
    }
}
