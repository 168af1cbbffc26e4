//! Lists: what `q`, `sort`, `limit`, `after` and `before` mean, the same for every list of pages and API.

use crate::base::error::{Error, Result};
use crate::base::time::{Timestamp, Zone};
use crate::search::query::{exact, parse};
use crate::search::{Answer, Count, Cursor, Problem, Query, Request, Schema, Search, Sort, Total};
use crate::store::Store;
use crate::web::asked::Asked;
use crate::web::kept::State;
use crate::web::paging::limit_of;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Pages count to this and then say "more than": a count of everything costs as much as everything.
pub const COUNT_ON_PAGES: u64 = 10_000;

/// The parameters of every list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The query language of the search box, such as `status:open total:>100`; its fields stand at `/api/docs/search`. Words
    /// are taken as they are written: a mistyped one finds nothing, where the search box would correct it. A field has the whole value,
    /// with `*` behind it a beginning; of words without a field the last one is a beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// 1 to 200; 50 if absent. A page of records that are larger than 4 MB together has fewer, with `has_more`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// A cursor from `next_cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// A cursor from `prev_cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// A sortable field of `/api/docs/search`, with `-` for descending, such as `-total`; newest first if absent. Equal
    /// values stand newest first: `total,-placed_at` says so, another second field is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// `exact` adds `total`; `estimate` counts up to 10,000 and says with `total_is_exact` whether there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Fields of the records to be sent, with commas, such as `id,number,total`; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
}

/// What the lists of pages are made of; see [`Pages::show_kept`](crate::web::Pages::show_kept).
pub fn state(store: &Store, search: &Search) -> State {
    [store.last_seq(), search.state()]
}

/// What is told to a caller of the API: anything not understood is a refusal.
///
/// # Errors
/// `unknown_parameter`, `invalid_query` for an unknown field or value, `unknown_sort`, `invalid_cursor`, `invalid_limit`.
pub fn strict(
    search: &Search,
    asked: &Asked,
    kind: &'static str,
    now: Timestamp,
    zone: &Zone,
) -> Result<Answer> {
    let filters = asked.query(search.schema(), kind, (now, zone))?;
    let list = &asked.list;
    let parsed = exact(list.q.as_deref().unwrap_or_default(), search.schema(), now, zone);
    if let Some(problem) = parsed.problems.first() {
        return Err(refusal(problem).on("/q"));
    }
    if let Some(problem) = of_others(&parsed.query, search.schema(), kind) {
        return Err(refusal(&problem).on("/q"));
    }
    let count = match list.count.as_deref() {
        None => Count::None,
        Some("exact") => Count::UpTo(u64::MAX),
        Some("estimate") => Count::UpTo(COUNT_ON_PAGES),
        Some(_) => {
            return Err(Error::invalid("invalid_parameter", "count: use exact or estimate.").on("/count"));
        }
    };
    if list.after.is_some() && list.before.is_some() {
        let text = "Send after or before: a page cannot be behind one place and before another.";
        return Err(Error::invalid("invalid_parameter", text).on("/before"));
    }
    let list = &ListQuery { sort: list.sort.as_deref().map(one_key).transpose()?, ..list.clone() };
    let mut request = request(search, list, kind, parsed.query.and(&filters), count)?;
    request.list = mark(kind, list, &asked.mark());
    for (name, cursor) in [("/after", &request.after), ("/before", &request.before)] {
        if cursor.is_some_and(|c| c.list() != request.list) {
            let text = "This cursor is of another list, query or sorting. Begin this one without a cursor.";
            return Err(Error::invalid("invalid_cursor", text).on(name));
        }
    }
    search.find(&request)
}

/// A field of other records: asked of these, it finds nothing, which would look like an answer.
fn of_others(query: &Query, schema: &Schema, kind: &str) -> Option<Problem> {
    let field = schema.fields().iter().find(|f| !f.kinds.contains(&kind) && query.asks_for(f.name))?;
    let words = |kind: &str| format!("{}s", kind.replace('_', " "));
    let owner = field.kinds.first().copied().unwrap_or_default();
    Some(Problem {
        code: "of_others",
        text: field.name.to_owned(),
        message: format!(
            "“{}” is a field of {}, so it finds nothing among {}.",
            field.name,
            words(owner),
            words(kind)
        ),
        suggestion: None,
    })
}

/// The refusal that says what of a query was not understood.
pub fn refusal(problem: &Problem) -> Error {
    Error::invalid("invalid_query", problem.message.clone())
}

/// A value in words; behind a beginning stands `…`.
pub fn opened(value: &str, in_words: impl Fn(&str) -> String) -> String {
    value.strip_suffix('*').map_or_else(|| in_words(value), |start| format!("{}…", in_words(start)))
}

/// What a page says of a problem: also what becomes of the rest of the query, which a program is refused with.
pub fn said(problem: &Problem, asked: &Query) -> String {
    let rest = match (problem.leaves_out_a_term(), asked.chips().is_empty()) {
        (true, true) => " Nothing else was asked, so nothing is listed.",
        (true, false) => " The other terms are searched.",
        (false, _) => "",
    };
    format!("{}{rest}", problem.message)
}

/// What a page shows: what was not understood is said beside the list, the rest is searched.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`.
pub fn lenient(
    search: &Search,
    list: &ListQuery,
    kind: &'static str,
    now: Timestamp,
    zone: &Zone,
    facets: &[&'static str],
) -> Result<(Answer, Vec<Problem>)> {
    let parsed = parse(list.q.as_deref().unwrap_or_default(), search.schema(), now, zone, None);
    // Nothing of the text was understood: everything would be the wrong answer.
    let is_lost = parsed.query.is_everything() && parsed.problems.iter().any(Problem::leaves_out_a_term);
    let query = if is_lost { Query::nothing(search.schema()) } else { parsed.query };
    // So is an order that the list does not have, or not for this reader: the newest come first.
    let mut problems = parsed.problems;
    problems.extend(of_others(&query, search.schema(), kind));
    let mut list = list.clone();
    if let Err(unknown) = sort(search, kind, list.sort.as_deref().unwrap_or_default()) {
        problems.push(Problem {
            code: "unknown_sort",
            text: list.sort.take().unwrap_or_default(),
            message: unknown.message.into_owned(),
            suggestion: None,
        });
    }
    let mut request = request(search, &list, kind, query, Count::UpTo(COUNT_ON_PAGES))?;
    request.facets = facets.to_vec();
    // A page says what was searched in place of a word; an answer to a program has no place for that.
    request.forgiving = true;
    // A link whose query was changed by hand begins at the first page.
    request.after = request.after.filter(|c| c.list() == request.list);
    request.before = request.before.filter(|c| c.list() == request.list);
    let answer = search.find(&request)?;
    let typed = list.q.as_deref().unwrap_or_default();
    problems.extend(search.nothing_has(&request.query, &[kind], typed)?);
    Ok((answer, problems))
}

fn request(
    search: &Search,
    list: &ListQuery,
    kind: &'static str,
    query: Query,
    count: Count,
) -> Result<Request<'static>> {
    let limit = limit_of(list.limit)?;
    Ok(Request {
        query,
        kinds: vec![kind],
        sort: sort(search, kind, list.sort.as_deref().unwrap_or_default())?,
        limit,
        after: cursor("after", list.after.as_deref())?,
        before: cursor("before", list.before.as_deref())?,
        list: mark(kind, list, ""),
        count,
        facets: Vec::new(),
        ..Request::list(Query::everything(search.schema()), kind)
    })
}

/// Tells the cursors of one list, query and sorting from those of another; the same after a restart.
fn mark(kind: &str, list: &ListQuery, filters: &str) -> u32 {
    let mut hash = Sha256::new();
    let (q, sort) = (list.q.as_deref().unwrap_or_default(), list.sort.as_deref().unwrap_or_default());
    for part in [kind, q, sort].into_iter().chain(Some(filters).filter(|filters| !filters.is_empty())) {
        hash.update(part.trim());
        hash.update([0]);
    }
    let [a, b, c, d, ..] = hash.finalize().0;
    u32::from_be_bytes([a, b, c, d])
}

fn cursor(name: &str, text: Option<&str>) -> Result<Option<Cursor>> {
    match text.filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(text) => Cursor::parse(text).map(Some).map_err(|e| {
            Error::invalid("invalid_cursor", "Use the cursor of an earlier answer of this list.")
                .because(e)
                .on(format!("/{name}"))
        }),
    }
}

/// The one field of a sorting. The index keeps the order of each field with equal values newest first: that may be said,
/// and nothing else of a second field.
fn one_key(sort: &str) -> Result<String> {
    match sort.split_once(',') {
        None => Ok(sort.to_owned()),
        Some((first, "-placed" | "-placed_at")) => Ok(first.to_owned()),
        Some((first, _)) => {
            let text = format!(
                "A list is sorted by one field; equal values stand newest first. Use {first}, or {first},-placed_at."
            );
            Err(Error::invalid("unknown_sort", text).on("/sort"))
        }
    }
}

/// `-total` is descending, `total` ascending, nothing is newest first.
///
/// # Errors
/// `unknown_sort`.
pub fn sort(search: &Search, kind: &str, text: &str) -> Result<Sort> {
    Sort::parse(text, search.schema(), kind)
}

/// A day of a chip in words: `Placed in the last 30 days`, `Last order more than 180 days ago`, `Placed today`; `None`
/// for what is no such day. `label` has its "not" already.
pub fn day_in_words(label: &str, value: &str) -> Option<String> {
    let bound = value.trim_start_matches(['<', '>', '=']);
    if value == bound && matches!(value, "today" | "yesterday" | "tomorrow") {
        return Some(format!("{label} {value}"));
    }
    let days: u32 = bound.strip_prefix('-')?.strip_suffix('d')?.parse().ok()?;
    let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    Some(match value.chars().next() {
        Some('<') => format!("{label} more than {days} ago"),
        Some('>') => format!("{label} less than {days} ago"),
        _ => format!("{label} in the last {days}"),
    })
}

/// The count in words: `42`, `more than 10,000`.
pub fn total_words(total: &Total) -> String {
    match total {
        Total::Exact(n) => grouped(*n),
        Total::MoreThan(n) => format!("more than {}", grouped(*n)),
    }
}

/// A query with the words that were searched in place of mistyped ones, as pairs of both: for what takes words as they are.
pub fn as_searched(q: &str, corrected: &[(String, String)]) -> String {
    let searched =
        |word: &str| corrected.iter().find(|(typed, _)| typed == word).map(|(_, searched)| searched.clone());
    q.split(' ').map(|word| searched(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(" ")
}

/// `1,234,567`
pub fn grouped(n: u64) -> String {
    in_threes(&n.to_string())
}

/// Digits with a comma before every three.
pub(super) fn in_threes(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_in_words() {
        for (value, words) in [
            ("today", Some("Placed today")),
            ("-30d", Some("Placed in the last 30 days")),
            ("-1d", Some("Placed in the last 1 day")),
            ("<-180d", Some("Placed more than 180 days ago")),
            (">=-7d", Some("Placed less than 7 days ago")),
            ("2026-11", None),
            (">5", None),
            ("-7", None),
        ] {
            assert_eq!(day_in_words("Placed", value).as_deref(), words, "{value}");
        }
    }
}
