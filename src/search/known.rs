//! Values that nothing has, and the nearest that something has: a mistyped colour finds nothing, and says why.

use crate::base::error::Result;
use crate::search::engine::Search;
use crate::search::fold::fold_key;
use crate::search::query::tree::{Atom, Tree};
use crate::search::query::{Problem, Query, nearest, quoted};
use crate::search::request::{Count, Request};
use crate::search::schema::FieldDef;

/// Shorter values are codes, of which each is near to many.
const LETTERS_MIN: usize = 3;

impl Search {
    /// What a query asks of open fields that no record of these kinds has, where a near value is known. `typed` is the
    /// text that the query was read from.
    ///
    /// # Errors
    /// Only when the store cannot be read.
    pub fn nothing_has(&self, query: &Query, kinds: &[&str], typed: &str) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for (field, value) in query.open_values() {
            let Some(def) = self.schema().field_at(field).filter(|def| self.schema().shows(def)) else {
                continue;
            };
            if value.chars().count() < LETTERS_MIN || self.has(query, field, def, &value, kinds)? {
                continue;
            }
            let known = self.every_value(def.name, kinds, None)?;
            let named = |value: &str| def.naming.map(|naming| (naming.name)(value));
            let words: Vec<(String, String)> = known
                .iter()
                .flat_map(|facet| &facet.values)
                .flat_map(|(value, _)| named(value).into_iter().chain([value.clone()]))
                .map(|word| (fold_key(&word), word))
                .collect();
            let near = nearest(&fold_key(&value), words.iter().map(|(folded, _)| folded.as_str()));
            let near = words.iter().find(|(folded, _)| Some(folded.as_str()) == near).map(|(_, word)| word);
            problems.extend(near.map(|near| problem(def, &value, near, typed)));
        }
        Ok(problems)
    }

    fn has(&self, query: &Query, field: u16, def: &FieldDef, value: &str, kinds: &[&str]) -> Result<bool> {
        let named = def.naming.and_then(|naming| (naming.find)(value));
        let keys = [Some(value), named].into_iter().flatten();
        let tree = Tree::or(keys.map(|key| Tree::Is(Atom::Key(field, fold_key(key)))).collect());
        let request = Request {
            kinds: kinds.to_vec(),
            limit: 1,
            count: Count::None,
            forgiving: false,
            ..Request::new(query.with_tree(tree))
        };
        let answer = self.find(&request)?;
        // Where the index is not whole, nobody knows.
        Ok(answer.degraded || !answer.hits.is_empty())
    }
}

fn problem(def: &FieldDef, value: &str, near: &str, typed: &str) -> Problem {
    // As it was typed, under whichever name of the field, so that it can be put right in place.
    let names = std::iter::once(&def.name).chain(def.aliases);
    let texts = names.flat_map(|name| [format!("{name}:{value}"), format!("{name}:\"{value}\"")]);
    let term = texts.into_iter().find(|text| typed.contains(text.as_str()));
    let name = term.as_ref().and_then(|text| text.split_once(':')).map(|(name, _)| format!("{name}:"));
    Problem {
        code: "no_such_value",
        text: term.unwrap_or_else(|| value.to_owned()),
        message: format!("Nothing has the {} “{value}”. Did you mean “{near}”?", def.label.to_lowercase()),
        suggestion: Some(format!("{}{}", name.unwrap_or_default(), quoted(near))),
    }
}
