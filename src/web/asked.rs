//! What a program asks of a list: the parameters of every list, and any field of the query language as a filter of its
//! own, such as `status=open&total[lt]=50`. They mean what the same terms in `q` mean.

use crate::base::error::{Error, Result};
use crate::base::nearest::nearest;
use crate::base::time::{Timestamp, Zone};
use crate::base::unseen::shown;
use crate::search::query::{Compare, given};
use crate::search::{FieldDef, Query, Schema};
use crate::web::listing::{ListQuery, refusal};
use crate::web::query;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// Names of [`ListQuery`].
const OF_LISTS: [&str; 7] = ["q", "limit", "after", "before", "sort", "count", "fields"];
/// Filters of one request.
const FILTERS_MAX: usize = 16;

/// The parameters of a list of the API. 400 for a name that is neither one of every list nor a field: see
/// [`Asked::query`].
#[derive(Debug)]
pub struct Asked {
    pub list: ListQuery,
    /// Names and values of all others, as they came.
    filters: Vec<(String, String)>,
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        query::take(request);
        ready(Self::parse(request.query_string()))
    }
}

impl Asked {
    fn parse(text: &str) -> Result<Self> {
        query::check(text)?;
        let (own, filters): (Vec<_>, Vec<_>) =
            query::pairs(text).into_iter().partition(|(name, _)| OF_LISTS.contains(&name.as_str()));
        let list = query::parse(&query::encode(&own))?;
        Ok(Self { list, filters })
    }

    /// The filters of a list of these records as one query.
    ///
    /// # Errors
    /// `unknown_parameter` (400) with what was probably meant; `duplicate_parameter`; `invalid_query` for a value.
    pub fn query(&self, schema: &Schema, kind: &str, now: (Timestamp, &Zone)) -> Result<Query> {
        let mut query = Query::everything(schema);
        if self.filters.len() > FILTERS_MAX {
            let text = format!("Send at most {FILTERS_MAX} filters.");
            return Err(Error::invalid("invalid_parameter", text));
        }
        for (at, (name, value)) in self.filters.iter().enumerate() {
            let pointer = format!("/{}", name.chars().take(60).collect::<String>());
            if self.filters.iter().take(at).any(|(before, _)| before == name) {
                return Err(Error::invalid("duplicate_parameter", "This is given twice.").on(pointer));
            }
            let (field, compare) = read(schema, kind, name)?;
            // Whoever forgot to fill in a value must not be answered with everything.
            if value.trim().is_empty() {
                let text = format!("Give a value, or leave “{}” out.", field.name);
                return Err(Error::invalid("invalid_parameter", text).on(pointer));
            }
            let term = given(schema, now, field.name, compare, value).map_err(|p| refusal(&p).on(pointer))?;
            query = query.and(&term);
        }
        Ok(query)
    }

    /// The filters as one text: a cursor is of one list alone.
    pub fn mark(&self) -> String {
        query::encode(&self.filters)
    }
}

/// `total[lt]` → the field and the comparison; a name alone is any of the values given.
fn read<'a>(schema: &'a Schema, kind: &str, name: &str) -> Result<(&'a FieldDef, Compare)> {
    let (base, word) = match name.split_once('[') {
        Some((base, rest)) => (base, rest.strip_suffix(']')),
        None => (name, Some("in")),
    };
    let shown = |text: &str| shown(text, 40);
    let unknown =
        |message: String| Error::invalid("unknown_parameter", message).on(format!("/{}", shown(name)));
    let is_ours = |field: &&FieldDef| field.kinds.contains(&kind) && schema.shows(field);
    // Moments end in `_at` in JSON.
    let field = [Some(base), base.strip_suffix("_at")].into_iter().flatten().find_map(|n| schema.field(n));
    let Some(field) = field.filter(is_ours) else {
        let fields = schema.fields().iter().filter(is_ours).map(|field| field.name);
        let known: Vec<&str> = OF_LISTS.into_iter().chain(fields).collect();
        let near = nearest(base, &known).map(|near| format!(" Did you mean “{near}”?")).unwrap_or_default();
        return Err(unknown(format!("There is no parameter “{}”.{near}", shown(base))));
    };
    let Some(compare) = word.and_then(Compare::from_word) else {
        let words = Compare::ALL.map(|(word, _)| word).join(", ");
        return Err(unknown(format!("There is no comparison “{}”. There are {words}.", shown(name))));
    };
    Ok((field, compare))
}
