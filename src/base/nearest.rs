//! The known word nearest to a misspelt one, for “Did you mean …?”.

/// The nearest of `known` within a third of its length; `None` when nothing is near.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // A name of a kilobyte is no misspelling.
    if word.chars().count() > 40 {
        return None;
    }
    let near = known.iter().map(|candidate| (distance(word, candidate), *candidate));
    let (steps, candidate) = near.min_by_key(|(steps, _)| *steps)?;
    (steps <= (candidate.chars().count() / 3).max(1)).then_some(candidate)
}

/// Levenshtein's distance, with a swap of neighbours counted as one (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_strange_word_is_not() {
        let known = ["colour", "status", "limit", "q"];
        assert_eq!(nearest("colur", &known), Some("colour"));
        assert_eq!(nearest("stauts", &known), Some("status"));
        assert_eq!(nearest("LIMIT", &known), Some("limit"));
        assert_eq!(nearest("warehouse", &known), None);
        assert_eq!(nearest(&"x".repeat(10_000), &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
