//! What the word being typed into a list's filter can become: fields first, then the values of a field with their
//! counts among what the rest of the query finds.

use super::kinds_for;
use crate::access::{Shop, Staff, may};
use crate::base::error::Result;
use crate::search::Search;
use crate::search::query::{complete, exact};
use crate::shop::orders::{seen_by, sees_prices};
use crate::web::listing::grouped;
use crate::web::{Page, Pages, Query, Shell};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Offers at once.
const OFFERED: usize = 10;

/// What is being typed, into the list of which kind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedQuery {
    q: Option<String>,
    kind: Option<String>,
}

/// An offer: what takes the place of the word, and what it means.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Offer {
    text: String,
    says: String,
    count: Option<String>,
}

/// The offers, as options of the list below the box.
#[derive(Debug, Serialize)]
pub(super) struct CompletePage {
    offers: Vec<Offer>,
}

impl Page for CompletePage {
    const TEMPLATE: &'static str = "desk/complete.html";
    #[cfg(test)]
    fn sample() -> Self {
        let offer = |text: &str, count: Option<&str>| Offer {
            text: text.into(),
            says: "Payment".into(),
            count: count.map(str::to_owned),
        };
        Self { offers: vec![offer("payment:", None), offer("tag:\"<script>alert(1)</script>\"", Some("3"))] }
    }
}

/// Where the word that is being typed begins: behind the last blank that does not stand in quotes.
fn word_at(text: &str) -> usize {
    let (mut quoted, mut at) = (false, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => at = place + c.len_utf8(),
            _ => {}
        }
    }
    at
}

/// A value as the query language reads it.
fn written(value: &str) -> String {
    let bare = value.chars().all(|c| c.is_alphanumeric() || "-_/.".contains(c));
    if bare { value.to_owned() } else { format!("\"{}\"", value.replace('"', "")) }
}

/// `GET /admin/search/complete`
pub(super) async fn offers(
    staff: Staff<may::AnyStaff>,
    shell: Shell,
    pages: web::Data<Pages>,
    (search, shop): (web::Data<Search>, web::Data<Shop>),
    query: Query<TypedQuery>,
) -> Result<HttpResponse> {
    let kinds = kinds_for(query.0.kind.as_deref().unwrap_or_default(), |word| staff.may(word))?;
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let search = seen_by(&search, sees_prices(|word| staff.may(word)));
    let text = query.0.q.unwrap_or_default();
    let (rest, word) = text.split_at_checked(word_at(&text)).unwrap_or_default();
    let mut offers = match values(&search, &shell, &shop, rest, word, &kinds)? {
        Some(counted) => counted,
        None => complete(word, search.schema(), &kinds)
            .into_iter()
            .map(|c| Offer { text: c.text, says: c.help.to_owned(), count: None })
            .collect(),
    };
    offers.truncate(OFFERED);
    pages.show(&shell, &CompletePage { offers })
}

/// The values of the field before the colon that begin with what stands behind it, most frequent first; `None` where
/// there is no such field, or its values are not counted.
fn values(
    search: &Search,
    shell: &Shell,
    shop: &Shop,
    rest: &str,
    word: &str,
    kinds: &[&str],
) -> Result<Option<Vec<Offer>>> {
    let (sign, bare) = word.strip_prefix('-').map_or(("", word), |bare| ("-", bare));
    let Some((name, typed)) = bare.split_once(':') else { return Ok(None) };
    let Some(field) = search.schema().field(name).filter(|f| f.facet && search.schema().shows(f)) else {
        return Ok(None);
    };
    let start = typed.rsplit(',').next().unwrap_or_default();
    let head = typed.strip_suffix(start).unwrap_or_default();
    let others = exact(rest, search.schema(), shell.now, &shop.zone()).query;
    let counted = search.values(field.name, start.trim_matches('"'), kinds, Some(&others))?;
    let offer = |(value, count): (String, u64)| Offer {
        text: format!("{sign}{}:{head}{}", field.name, written(&value)),
        says: field.naming.map(|naming| (naming.name)(&value)).unwrap_or_default(),
        count: Some(grouped(count)),
    };
    Ok(Some(counted.into_iter().map(offer).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_word_begins_behind_the_last_blank_outside_quotes() {
        for (text, word) in
            [("anna pa", "pa"), ("pa", "pa"), ("tag:\"a b", "tag:\"a b"), ("tag:\"a b\" x", "x"), ("a ", "")]
        {
            assert_eq!(&text[word_at(text)..], word, "{text}");
        }
        assert_eq!((written("paid").as_str(), written("dark navy").as_str()), ("paid", "\"dark navy\""));
    }

    #[test]
    fn offers_are_options_and_nothing_else() {
        let html = renders::<CompletePage>();
        assert_eq!(html.matches("role=\"option\"").count(), 2);
        assert!(!html.contains("<html"), "{html}");
    }
}
