//! The names of the demo shop's customers in some thirty languages, with the Latin form their e-mail uses.

mod asia;
mod east;
mod west;

use unicode_normalization::UnicodeNormalization;

pub(super) use asia::*;
pub(super) use east::*;
pub(super) use west::*;

/// The names of one language. Lists are separated by commas; an entry is `name`, or `male/female` where the
/// two differ, with `=latin` (or `=male/female`) after it where the script is another one.
#[derive(Debug)]
pub(super) struct NameTable {
    pub(super) female: &'static str,
    pub(super) male: &'static str,
    pub(super) last: &'static str,
    /// Beginnings and endings of further surnames, each list separated by commas; empty where none are made.
    pub(super) roots: &'static str,
    pub(super) endings: &'static str,
    /// Written family name first, without a space between.
    pub(super) family_first: bool,
}

/// One name: as written, and in ASCII letters for the e-mail address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    male: &'static str,
    female: &'static str,
    male_latin: &'static str,
    female_latin: &'static str,
}

impl Name {
    fn read(entry: &'static str) -> Self {
        let (native, latin) = entry.split_once('=').unwrap_or((entry, entry));
        let (male, female) = native.split_once('/').unwrap_or((native, native));
        let (male_latin, female_latin) = latin.split_once('/').unwrap_or((latin, latin));
        Self { male, female, male_latin, female_latin }
    }
    fn written(&self, is_female: bool) -> &'static str {
        if is_female { self.female } else { self.male }
    }
    fn latin(&self, is_female: bool) -> &'static str {
        if is_female { self.female_latin } else { self.male_latin }
    }
}

/// A [`NameTable`] with its lists taken apart, once per program.
#[derive(Debug)]
pub(super) struct Names {
    first: Vec<Name>,
    /// How many of `first` are women's.
    females: usize,
    last: Vec<Name>,
    roots: Vec<&'static str>,
    endings: Vec<&'static str>,
    pub(super) family_first: bool,
    /// `ü` becomes `ue` in e-mail addresses, as in German.
    spells_umlauts: bool,
}

/// A chosen pair.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) first: &'static str,
    pub(super) last: String,
    /// Both in lower-case ASCII letters.
    pub(super) latin_first: String,
    pub(super) latin_last: String,
}

impl Names {
    pub(super) fn read(table: &NameTable, spells_umlauts: bool) -> Self {
        let list = |text: &'static str| text.split(',').filter(|e| !e.is_empty()).collect::<Vec<_>>();
        let female: Vec<Name> = list(table.female).into_iter().map(Name::read).collect();
        Self {
            females: female.len(),
            first: female.into_iter().chain(list(table.male).into_iter().map(Name::read)).collect(),
            last: list(table.last).into_iter().map(Name::read).collect(),
            roots: list(table.roots),
            endings: list(table.endings),
            family_first: table.family_first,
            spells_umlauts,
        }
    }
    pub(super) fn firsts(&self) -> u64 {
        self.first.len() as u64
    }
    pub(super) fn lasts(&self) -> u64 {
        self.last.len() as u64
    }
    /// How many surnames can be made of roots and endings.
    pub(super) fn made(&self) -> u64 {
        (self.roots.len() * self.endings.len()) as u64
    }
    /// The pair at two places in the lists; a place beyond the list of surnames is one that is made.
    pub(super) fn choose(&self, first: u64, last: u64) -> Chosen {
        let is_female = (first as usize) < self.females;
        let Some(given) = self.first.get(first as usize) else { return Chosen::default() };
        let (written, latin) = match self.last.get(last as usize) {
            Some(name) => {
                (name.written(is_female).to_owned(), ascii(name.latin(is_female), self.spells_umlauts))
            }
            None => {
                let at = (last - self.lasts()) as usize;
                let root = self.roots.get(at % self.roots.len().max(1)).copied().unwrap_or_default();
                let ending = self.endings.get(at / self.roots.len().max(1)).copied().unwrap_or_default();
                let ending = Name::read(ending).written(is_female);
                let whole = [root, ending].concat();
                let folded = ascii(&whole, self.spells_umlauts);
                (whole, folded)
            }
        };
        Chosen {
            first: given.written(is_female),
            last: written,
            latin_first: ascii(given.latin(is_female), self.spells_umlauts),
            latin_last: latin,
        }
    }
}

/// Lower-case ASCII letters only, as people write their name in an e-mail address.
fn ascii(text: &str, spells_umlauts: bool) -> String {
    if text.bytes().all(|b| b.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        let spelt = match c {
            'a'..='z' => {
                out.push(c);
                continue;
            }
            'A'..='Z' => {
                out.push(c.to_ascii_lowercase());
                continue;
            }
            'ä' | 'Ä' if spells_umlauts => "ae",
            'ö' | 'Ö' if spells_umlauts => "oe",
            'ü' | 'Ü' if spells_umlauts => "ue",
            'æ' | 'Æ' => "ae",
            'œ' | 'Œ' => "oe",
            'ß' => "ss",
            'ø' | 'Ø' => "o",
            'å' | 'Å' => "a",
            'ł' | 'Ł' => "l",
            'đ' | 'Đ' | 'ð' | 'Ð' => "d",
            'þ' | 'Þ' => "th",
            'ı' | 'İ' => "i",
            other => {
                out.extend(other.nfd().filter(char::is_ascii_alphabetic).map(|a| a.to_ascii_lowercase()));
                continue;
            }
        };
        out.push_str(spelt);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_the_letters_of_an_address() {
        for (name, letters) in [
            ("Müller", "mueller"),
            ("O’Súilleabháin", "osuilleabhain"),
            ("Łukasz", "lukasz"),
            ("Nguyễn", "nguyen"),
        ] {
            assert_eq!(ascii(name, true), letters);
        }
        assert_eq!(ascii("Şükrü", false), "sukru");
    }
}
