//! The envelope of every list of the API: rows, whether there is more, and where it goes on.

use crate::base::error::{Error, Result};
use crate::search::{Answer, Total};
use crate::web::{decode, query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};

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
    /// The rows of an answer of the index.
    pub fn of(data: Vec<T>, answer: &Answer, with_total: bool) -> Self {
        let total = match answer.total {
            Some(Total::Exact(n) | Total::MoreThan(n)) if with_total => Some(n),
            _ => None,
        };
        let cursor = |c: &Option<crate::search::Cursor>| c.as_ref().map(ToString::to_string);
        let next_cursor = cursor(&answer.next);
        Self {
            data,
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

    /// The answer with these fields of each record; with all where none are named.
    ///
    /// # Errors
    /// `invalid_parameter` for a field that the records do not have.
    pub fn response_of(self, request: &HttpRequest, fields: Option<&str>) -> Result<HttpResponse>
    where
        T: utoipa::PartialSchema,
    {
        let Some(fields) = fields else { return self.response(request) };
        let known = names_of::<T>();
        let wanted: Vec<&str> = fields.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if let Some(unknown) = wanted.iter().find(|name| !known.iter().any(|k| k == *name)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let text = format!("fields: {}", decode::unknown(unknown, &known));
            return Err(Error::invalid("invalid_parameter", text).on("/fields"));
        }
        let cut = |record: T| -> Result<serde_json::Value> {
            let mut value = serde_json::to_value(record).map_err(Error::internal)?;
            if let Some(object) = value.as_object_mut() {
                object.retain(|name, _| wanted.contains(&name.as_str()));
            }
            Ok(value)
        };
        let data = self.data.into_iter().map(cut).collect::<Result<Vec<_>>>()?;
        let Self { has_more, next_cursor, prev_cursor, total, total_is_exact, degraded, .. } = self;
        let list = List { data, has_more, next_cursor, prev_cursor, total, total_is_exact, degraded };
        list.response(request)
    }

    /// The answer, with `Link` headers (RFC 8288) to the pages beside it.
    ///
    /// # Errors
    /// `Internal` when the rows cannot be written as JSON.
    pub fn response(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let body = serde_json::to_vec(self).map_err(Error::internal)?;
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
        Ok(answer.body(body))
    }
}

/// The names of a record's fields, from its documentation.
fn names_of<T: utoipa::PartialSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

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
