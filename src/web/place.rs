//! The address of a list, which is its whole state: the same list with one parameter more, less or other. Pure.

use crate::web::query::{encode, escape, pairs};

/// The address of a list, as names and values that can be changed one by one.
#[derive(Clone, Debug, Default)]
pub struct Place(Vec<(String, String)>);

impl Place {
    /// Of what stands behind `?`.
    pub fn of(query: &str) -> Self {
        Self(pairs(query))
    }
    /// With a parameter set; an empty value takes it away. Another query or order begins at the first page.
    #[must_use]
    pub fn set(&self, name: &str, value: &str) -> Self {
        let stays = |key: &str| key != name && !matches!(key, "after" | "before");
        let mut pairs: Vec<_> = self.0.iter().filter(|(key, _)| stays(key)).cloned().collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self(pairs)
    }
    /// The addresses that [`Place::set`] makes with one parameter set to one value after the other.
    pub fn setting(&self, name: &str, path: &str) -> Setting {
        let without = self.set(name, "").href(path);
        let sign = if without.len() > path.len() { '&' } else { '?' };
        Setting {
            before: format!("{without}{sign}{}=", encode(&[(name, "")]).trim_end_matches('=')),
            without,
        }
    }
    /// With one more parameter at the end; an empty value adds nothing.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }
    /// Without some parameters.
    #[must_use]
    pub fn less(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
    }
    /// With some parameters alone.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| names.contains(&key.as_str())).cloned().collect())
    }
    /// Whether any of these parameters is there.
    pub fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(key, _)| names.contains(&key.as_str()))
    }
    /// The path and what follows `?`.
    pub fn href(&self, path: &str) -> String {
        let query = encode(&self.0);
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// The address of a list up to the value of one parameter.
#[derive(Clone, Debug)]
pub struct Setting {
    before: String,
    without: String,
}

impl Setting {
    /// The address with this value; without the parameter for an empty one.
    pub fn href(&self, value: &str) -> String {
        if value.is_empty() {
            return self.without.clone();
        }
        let mut href = String::with_capacity(self.before.len() + value.len() + 16);
        href.push_str(&self.before);
        escape(value, &mut href);
        href
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_query_begins_at_the_first_page() {
        let place = Place::of("q=a&after=xyz&sort=-total");
        assert_eq!(place.set("q", "b c").href("/o"), "/o?sort=-total&q=b%20c");
        assert_eq!(place.set("after", "z").href("/o"), "/o?q=a&sort=-total&after=z");
        assert_eq!(place.only(&["sort"]).href("/o"), "/o?sort=-total");
        assert_eq!(place.less(&["q", "sort", "after"]).href("/o"), "/o");
        for (place, name) in [(&place, "q"), (&place, "sort"), (&place, "other"), (&Place::default(), "q")] {
            for value in ["", "x", "b c&d=ü", "size:S,M"] {
                assert_eq!(place.setting(name, "/o").href(value), place.set(name, value).href("/o"));
            }
        }
    }
}
