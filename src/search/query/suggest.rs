//! What could have been meant: the nearest word, and what can be typed next.

use super::ast::{All, Op, What};
use crate::search::schema::{Schema, Shape};

/// Something that completes what is being typed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Completion {
    /// What replaces the word being typed.
    pub text: String,
    /// What it means.
    pub label: &'static str,
    pub help: &'static str,
}

/// The fields, or the values of a field with a closed list, that the last word of a query can become.
///
/// Values of other fields come from `Search::values`, which counts them.
pub fn complete(text: &str, schema: &Schema, kinds: &[&str]) -> Vec<Completion> {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let (sign, word) = match word.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", word),
    };
    let fields = schema.help(kinds);
    if let Some((name, start)) = word.split_once(':') {
        let Some(field) = schema.field(name).filter(|f| schema.shows(f)) else { return Vec::new() };
        let Shape::Word { values } = field.shape else { return Vec::new() };
        let begin = start.rsplit(',').next().unwrap_or_default();
        let head = start.strip_suffix(begin).unwrap_or_default();
        return values
            .iter()
            .filter(|v| v.starts_with(&begin.to_lowercase()) && schema.shows_values(field, &[**v]))
            .map(|v| Completion {
                text: format!("{sign}{}:{head}{v}", field.name),
                label: field.label,
                help: field.help,
            })
            .collect();
    }
    let begin = word.to_lowercase();
    if begin.is_empty() {
        return Vec::new();
    }
    fields
        .into_iter()
        .filter(|f| f.name.starts_with(&begin) || f.aliases.iter().any(|a| a.starts_with(&begin)))
        .map(|f| Completion { text: format!("{sign}{}:", f.name), label: f.label, help: f.help })
        .collect()
}

/// The values that terms ask of fields whose values are counted and open to any word.
pub(super) fn open_values(all: &All, schema: &Schema, found: &mut Vec<(u16, String)>) {
    for item in all.0.iter().flat_map(|any| &any.0) {
        match &item.what {
            What::Group(inner) => open_values(inner, schema, found),
            What::Field { field, value } if value.op == Op::Is => {
                let is_open = schema.field_at(*field).is_some_and(|f| f.facet && f.shape == Shape::Keyword);
                let is_word = |text: &str| !text.ends_with('*') && !matches!(text, "none" | "any" | "me");
                let words = value.items.iter().filter(|s| is_open && (s.quoted || is_word(&s.text)));
                found.extend(words.map(|s| (*field, s.text.clone())));
            }
            What::Field { .. } | What::Text { .. } => {}
        }
    }
}

/// The word nearest to `wanted`: one that begins with it, or with at most a third of its letters otherwise.
pub(crate) fn nearest<'a>(wanted: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = wanted.chars().take(40).collect();
    let allowed = (letters.len() / 3).clamp(1, 3);
    words
        .filter_map(|word| {
            let other: Vec<char> = word.chars().take(40).collect();
            let away = distance(&letters, &other);
            let begins = letters.len() >= 2 && word.starts_with(wanted);
            (away <= allowed || begins).then_some((away, word))
        })
        .min_by_key(|(away, _)| *away)
        .map(|(_, word)| word)
}

/// Letters to insert, leave out, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, y) in b.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (get(&last, j) + usize::from(x != y)).min(get(&last, j + 1) + 1).min(get(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(get(&before, j - 1) + 1);
            }
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = best;
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let words = ["colour", "country", "payment"];
        for (typed, near) in
            [("colur", Some("colour")), ("conutry", Some("country")), ("pay", Some("payment")), ("zzz", None)]
        {
            assert_eq!(nearest(typed, words.into_iter()), near, "{typed}");
        }
    }
}
