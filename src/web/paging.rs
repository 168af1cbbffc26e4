//! The envelope of every list of the API: rows, whether there is more, and where it goes on.

use crate::base::error::{Error, Result};
use crate::search::{Answer, Hit, Total};
use crate::web::listing::ListQuery;
use crate::web::{decode, query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    pub data: Vec<T>,
    /// Records follow behind the last one of this page in the order of the list, whichever way one leafs. Leafing backwards
    /// ends where `prev_cursor` is null.
    pub has_more: bool,
    /// What to send as `after` for the next page.
    pub next_cursor: Option<String>,
    /// What to send as `before` for the page before this one.
    pub prev_cursor: Option<String>,
    /// How many there are, with `count`; else null.
    pub total: Option<u64>,
    /// Whether `total` is all there are; false where the counting stopped there. Null without `count`.
    pub total_is_exact: Option<bool>,
    /// The index is being rebuilt: these are the newest records that fit, not all.
    pub degraded: bool,
}

/// Rows of a page, unless somebody says otherwise, and at most.
pub const LIMIT_DEFAULT: u32 = 50;
pub const LIMIT_MAX: u32 = 200;

/// About as many bytes of records are in one answer at most. An order of 200 lines with long texts is some 200 KB of JSON,
/// and a client that asks for 200 of them and reads slowly makes the shop hold them all meanwhile.
pub const BYTES_MAX: usize = 4 << 20;

/// How many rows of a list are wanted.
///
/// # Errors
/// `invalid_limit`.
pub fn limit_of(limit: Option<u32>) -> Result<usize> {
    limit_within(limit, LIMIT_DEFAULT, LIMIT_MAX)
}

/// The same of a list with bounds of its own.
///
/// # Errors
/// `invalid_limit`.
pub fn limit_within(limit: Option<u32>, default: u32, most: u32) -> Result<usize> {
    let limit = limit.unwrap_or(default);
    if !(1..=most).contains(&limit) {
        let text = format!("limit: enter a number from 1 to {most}.");
        return Err(Error::invalid("invalid_limit", text).on("/limit"));
    }
    Ok(usize::try_from(limit).unwrap_or(1))
}

/// The refusal of a cursor that no page has given.
pub fn bad_cursor() -> Error {
    Error::invalid("invalid_cursor", "after: use the next_cursor of a page.").on("/after")
}

impl<T: Serialize> List<T> {
    /// A page that goes on behind this cursor, if there is one.
    pub fn going_on(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { has_more: next_cursor.is_some(), next_cursor, ..Self::whole(data) }
    }
    /// A list that says of an answer of the index what stands beside its rows.
    fn beside(answer: &Answer, with_total: bool) -> Self {
        let total = match answer.total {
            Some(Total::Exact(n) | Total::MoreThan(n)) if with_total => Some(n),
            _ => None,
        };
        let cursor = |c: &Option<crate::search::Cursor>| c.as_ref().map(ToString::to_string);
        let next_cursor = cursor(&answer.next);
        Self {
            data: Vec::new(),
            has_more: next_cursor.is_some(),
            next_cursor,
            prev_cursor: cursor(&answer.prev),
            total,
            total_is_exact: total.map(|_| matches!(answer.total, Some(Total::Exact(_)))),
            degraded: answer.degraded,
        }
    }

    /// A list that is all there is.
    pub fn whole(data: Vec<T>) -> Self {
        Self {
            data,
            has_more: false,
            next_cursor: None,
            prev_cursor: None,
            total: None,
            total_is_exact: None,
            degraded: false,
        }
    }

    /// The answer, with `Link` headers (RFC 8288) to the pages beside it.
    ///
    /// # Errors
    /// `Internal` when the rows cannot be written as JSON.
    pub fn response(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let body = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(self.linked(request).body(body))
    }

    /// The head of the answer.
    fn linked(&self, request: &HttpRequest) -> HttpResponseBuilder {
        let mut answer = HttpResponse::Ok();
        answer.content_type("application/json");
        for (name, cursor, rel) in
            [("after", &self.next_cursor, "next"), ("before", &self.prev_cursor, "prev")]
        {
            if let Some(cursor) = cursor {
                let mut pairs = query::pairs(request.query_string());
                pairs.retain(|(key, _)| key != "after" && key != "before");
                pairs.push((name.to_owned(), cursor.clone()));
                let target = format!("<{}?{}>; rel=\"{rel}\"", request.path(), query::encode(&pairs));
                answer.append_header(("link", target));
            }
        }
        answer
    }
}

/// What a list is written with before its first row.
const OPENING: &str = "{\"data\":[";

/// A record that lists have, some fields of which can be asked for.
pub trait Fields: Serialize {
    /// The names of all its fields; a test of the document holds them against it.
    const NAMES: &'static [&'static str];
}

/// Answers with the records of what the index found, in the fields that were asked for. `read` gives the record of a hit.
/// Of large records the page has fewer than were asked for, and goes on behind them.
///
/// # Errors
/// `invalid_parameter` for a field that the records do not have; those of `read`.
pub fn found<T: Fields>(
    request: &HttpRequest,
    list: &ListQuery,
    mut answer: Answer,
    mut read: impl FnMut(&Hit) -> Result<Option<T>>,
) -> Result<HttpResponse> {
    let wanted = list.fields.as_deref().map(fields_of::<T>).transpose()?;
    let hits = std::mem::take(&mut answer.hits);
    // Who leafs backwards gets what stands right before the cursor.
    let is_back = list.before.is_some();
    let mut left: Box<dyn Iterator<Item = &Hit>> =
        if is_back { Box::new(hits.iter().rev()) } else { Box::new(hits.iter()) };
    let (mut rows, mut bytes, mut last) = (Vec::new(), 0, None);
    while bytes < BYTES_MAX
        && let Some(hit) = left.next()
    {
        if let Some(record) = read(hit)? {
            let row = row(&record, wanted.as_deref())?;
            bytes += row.len();
            rows.push(row);
        }
        last = Some(hit.cursor);
    }
    if left.next().is_some() {
        let end = if is_back { &mut answer.prev } else { &mut answer.next };
        *end = last;
    }
    if is_back {
        rows.reverse();
    }
    let list = List::<T>::beside(&answer, list.count.is_some());
    let beside = serde_json::to_string(&list).map_err(Error::internal)?;
    let (opening, rest) = beside.split_at_checked(OPENING.len()).unwrap_or_default();
    let body = format!("{opening}{}{rest}", rows.join(","));
    Ok(list.linked(request).body(body))
}

fn row<T: Serialize>(record: &T, wanted: Option<&[String]>) -> Result<String> {
    let Some(wanted) = wanted else { return serde_json::to_string(record).map_err(Error::internal) };
    let mut value = serde_json::to_value(record).map_err(Error::internal)?;
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| wanted.contains(name));
    }
    serde_json::to_string(&value).map_err(Error::internal)
}

/// The fields that were asked for.
fn fields_of<T: Fields>(fields: &str) -> Result<Vec<String>> {
    let known = T::NAMES;
    let wanted = fields.split(',').map(str::trim).filter(|name| !name.is_empty());
    let wanted: Vec<String> = wanted.map(str::to_owned).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        let text = format!("fields: {}", decode::unknown(unknown, known));
        return Err(Error::invalid("invalid_parameter", text).on("/fields"));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_list_is_written_with_its_rows_first() {
        let list = serde_json::to_string(&List::<u32>::whole(Vec::new())).unwrap();
        assert!(list.starts_with(&format!("{OPENING}],")), "{list}");
    }

    #[test]
    fn links_repeat_the_request_with_another_cursor() {
        let request = TestRequest::with_uri("/api/v1/orders?q=a%20b&after=old&limit=2").to_http_request();
        let list = List {
            has_more: true,
            next_cursor: Some("n1".into()),
            prev_cursor: Some("p1".into()),
            ..List::whole(vec![1, 2])
        };
        let answer = list.response(&request).unwrap();
        let links: Vec<&str> = answer.headers().get_all("link").map(|v| v.to_str().unwrap()).collect();
        assert_eq!(
            links,
            [
                "</api/v1/orders?q=a%20b&limit=2&after=n1>; rel=\"next\"",
                "</api/v1/orders?q=a%20b&limit=2&before=p1>; rel=\"prev\""
            ]
        );
    }
}
