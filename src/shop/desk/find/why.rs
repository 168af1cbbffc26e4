//! Why a record was found: the field, its text and the marked parts of it, cut to what one line shows.

use crate::search::{Doc, Match, Query, highlight};
use serde::Serialize;

/// Characters of a text that are shown; a longer one is cut around its first mark.
const SHOWN_MAX: usize = 120;
/// Characters before the first mark that stay when a text is cut.
const LEAD: usize = 30;
/// Reasons of one hit; more say nothing new.
const REASONS_MAX: usize = 4;
/// Digits at the end of a phone number by which it is the same one.
const PHONE_END: usize = 8;

/// A field of a record in which the query was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SearchMatch)]
pub struct Why {
    /// The field in the query language, such as `phone`.
    #[schema(example = "phone")]
    pub field: &'static str,
    /// The field on pages.
    #[schema(example = "Phone")]
    pub label: &'static str,
    /// The text it was found in, or the part of it around the first mark.
    #[schema(example = "+49 30 1234567")]
    pub text: String,
    /// What to mark: [from, to) in UTF-16 code units of `text`, the units of JavaScript's strings.
    #[schema(example = json!([[7, 14]]))]
    pub ranges: Vec<[usize; 2]>,
    /// The same for templates: pieces of the text, marked or not.
    #[serde(skip)]
    pub pieces: Vec<Piece>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    pub text: String,
    pub marked: bool,
}

/// The reasons for a document, the strongest first as the index gives them, but for fields that are hidden: they take no
/// other's place either.
pub(super) fn reasons(doc: &Doc, query: &Query, hidden: &[&str]) -> Vec<Why> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut reasons = Vec::new();
    for reason in highlight::matches(doc, query).filter(|found| !hidden.contains(&found.field)) {
        let bare = bare(&reason);
        // Phone and address stand on the order, the delivery and the bill: once is enough.
        if found.iter().any(|(field, known)| *field == reason.field && known.contains(&bare)) {
            continue;
        }
        reasons.push(why(&reason));
        found.push((reason.field, bare));
        if reasons.len() == REASONS_MAX {
            break;
        }
    }
    reasons
}

/// A text without what does not tell it from another one: blanks and case, and of a phone number all but its last
/// digits, because its country is written or not.
fn bare(found: &Match) -> String {
    if found.field == "phone" {
        let digits: Vec<char> = found.text.chars().filter(char::is_ascii_digit).collect();
        return digits.iter().skip(digits.len().saturating_sub(PHONE_END)).collect();
    }
    found.text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A text as one unmarked piece.
pub(super) fn plain(text: &str) -> Vec<Piece> {
    vec![Piece { text: text.to_owned(), marked: false }]
}

fn why(found: &Match) -> Why {
    let (text, ranges) = cut(&found.text, &found.ranges);
    let pieces = pieces(&text, &ranges);
    Why { field: found.field, label: found.label, ranges: utf16(&text, &ranges), pieces, text }
}

/// The part of a long text that one line shows, with its marks moved along.
fn cut(text: &str, ranges: &[(usize, usize)]) -> (String, Vec<(usize, usize)>) {
    if text.chars().count() <= SHOWN_MAX {
        return (text.replace(['\n', '\t'], " "), ranges.to_vec());
    }
    let first = ranges.first().map_or(0, |(from, _)| *from);
    let lead = text.char_indices().map(|(at, _)| at).filter(|at| *at <= first).collect::<Vec<_>>();
    let from = lead.len().checked_sub(LEAD).and_then(|n| lead.get(n).copied()).unwrap_or(0);
    let rest = text.get(from..).unwrap_or_default();
    let to = from + rest.char_indices().nth(SHOWN_MAX).map_or(rest.len(), |(at, _)| at);
    let (before, after) = (if from > 0 { "… " } else { "" }, if to < text.len() { " …" } else { "" });
    let middle = text.get(from..to).unwrap_or_default().replace(['\n', '\t'], " ");
    let moved = ranges
        .iter()
        .filter(|(a, b)| *a >= from && *b <= to)
        .map(|(a, b)| (a - from + before.len(), b - from + before.len()))
        .collect();
    (format!("{before}{middle}{after}"), moved)
}

/// Byte ranges as UTF-16 code units; a range that does not lie on characters is left out.
pub(super) fn utf16(text: &str, ranges: &[(usize, usize)]) -> Vec<[usize; 2]> {
    let units = |to: usize| text.get(..to).map(|part| part.encode_utf16().count());
    ranges.iter().filter_map(|(from, to)| Some([units(*from)?, units(*to)?])).collect()
}

/// A text cut at its marks.
pub(super) fn pieces(text: &str, ranges: &[(usize, usize)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    let mut push = |from: usize, to: usize, marked: bool| {
        if let Some(part) = text.get(from..to).filter(|part| !part.is_empty()) {
            pieces.push(Piece { text: part.to_owned(), marked });
        }
    };
    for (from, to) in ranges {
        push(done, *from, false);
        push(*from, *to, true);
        done = *to;
    }
    push(done, text.len(), false);
    pieces
}

/// The title with the marks of those reasons whose text stands in it.
pub(super) fn marked_title(title: &str, reasons: &[Why]) -> Vec<Piece> {
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for reason in reasons {
        let Some(start) = title.find(&reason.text) else { continue };
        let mut at = start;
        for piece in &reason.pieces {
            let end = at + piece.text.len();
            if piece.marked && !marks.iter().any(|(a, b)| at < *b && *a < end) {
                marks.push((at, end));
            }
            at = end;
        }
    }
    marks.sort_unstable();
    pieces(title, &marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{Timestamp, Zone};
    use crate::search::query::parse;
    use proptest::prelude::*;

    fn joined(pieces: &[Piece]) -> String {
        pieces.iter().map(|p| if p.marked { format!("[{}]", p.text) } else { p.text.clone() }).collect()
    }

    #[test]
    fn a_long_text_is_cut_around_its_first_mark() {
        let text = format!("{}needle{}", "hay ".repeat(50), " hay".repeat(50));
        let (shown, ranges) = cut(&text, &[(200, 206)]);
        assert!(shown.starts_with("… ") && shown.ends_with(" …") && shown.chars().count() < 130);
        assert!(joined(&pieces(&shown, &ranges)).contains("[needle]"), "{shown}");
    }

    #[test]
    fn marks_are_counted_as_javascript_counts() {
        assert_eq!(utf16("😀 Müller", &[(5, 12)]), [[3, 9]]);
        assert_eq!(utf16("ü", &[(1, 2)]), Vec::<[usize; 2]>::new(), "no character begins there");
    }

    #[test]
    fn a_hidden_field_takes_the_place_of_none_that_is_shown() {
        let schema = crate::shop::desk::index::schema().unwrap();
        let query = parse("berg", &schema, Timestamp(0), &Zone::utc(), None).query;
        let addresses = (0..REASONS_MAX).map(|n| format!("berg.{n}@example.com"));
        let doc = Doc::new("order", [0; 16], 0).texts("email", addresses).text("title", "Berg mug");
        let fields = |hidden: &[&str]| -> Vec<&str> {
            reasons(&doc, &query, hidden).iter().map(|reason| reason.field).collect()
        };
        assert_eq!(fields(&[]), ["email"; REASONS_MAX]);
        assert_eq!(fields(&["email"]), ["title"]);
    }

    #[test]
    fn a_title_shows_the_marks_of_the_reasons_it_contains() {
        let reason = Why {
            field: "name",
            label: "Name",
            text: "Anna Berg".into(),
            ranges: vec![[0, 4]],
            pieces: pieces("Anna Berg", &[(0, 4)]),
        };
        assert_eq!(joined(&marked_title("#10482 · Anna Berg", &[reason])), "#10482 · [Anna] Berg");
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_nothing_panics(text: String, marks in prop::collection::vec((0_usize..200, 0_usize..200), 0..4)) {
            let mut ranges: Vec<_> = marks.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
            ranges.sort_unstable();
            let (shown, moved) = cut(&text, &ranges);
            let _units = utf16(&shown, &moved);
            let _pieces = pieces(&shown, &moved);
        }
    }
}
