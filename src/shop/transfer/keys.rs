//! Which rows make one record: by what stands in their key columns, row after row.

use crate::base::email;
use crate::base::error::Result;
use crate::shop::transfer::cell;
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::records::Record;
use crate::shop::transfer::sheet::{Sheet, Step};
use std::collections::HashMap;
use std::sync::Arc;

/// Stands between the name of a record and what tells it from another one of that name.
const APART: char = '\u{1f}';

/// Which rows make one record.
#[derive(Clone, Debug, Default)]
pub struct KeyColumns {
    /// The first of them that is not empty is the key; without any, each row is a record.
    pub columns: Vec<usize>,
    /// A change in it begins another record although the key stays.
    pub split: Option<usize>,
    /// Those of the columns that hold e-mail addresses, which are compared as such.
    pub emails: Vec<usize>,
    /// A row without a key goes on with the record above …
    pub above: bool,
    /// … where one of these says something, if there are any: a row of sums below all orders is none of the last.
    pub above_with: Vec<usize>,
    /// Rows whose key a spreadsheet has destroyed are refused one by one, as no other key tells whose they are.
    pub refuses_damaged: bool,
}

impl KeyColumns {
    /// Whether what a spreadsheet has destroyed in this column refuses the row.
    pub fn keeps_damaged(&self, column: usize) -> bool {
        self.refuses_damaged && self.columns.contains(&column)
    }
    /// The key of a row, without what splits it.
    fn name(&self, row: &Record) -> Option<String> {
        self.columns.iter().find_map(|column| {
            let text = said(row, *column)?;
            if self.emails.contains(column) && !email::is_meant(text) {
                return None;
            }
            // An address that stands in the place of an id is the same one.
            if !self.emails.is_empty() && text.contains('@') {
                return Some(email::key(text));
            }
            let is_damaged = cell::is_damaged(text);
            if is_damaged && self.refuses_damaged {
                return Some(format!("{text}{APART}{}", row.line));
            }
            (!is_damaged).then(|| cell::without_float_tail(text).to_owned())
        })
    }
    fn goes_on(&self, row: &Record) -> bool {
        self.above_with.is_empty() || self.above_with.iter().any(|column| said(row, *column).is_some())
    }
    /// What tells the record of a row from another one of that name.
    fn part<'a>(&self, row: &'a Record) -> &'a str {
        let text = self.split.and_then(|column| said(row, column)).filter(|text| !cell::is_damaged(text));
        text.unwrap_or_default()
    }
}

fn said(row: &Record, column: usize) -> Option<&str> {
    row.get(column).map(|text| cell::clean(text, true)).filter(|text| !cell::is_nobody(text))
}

/// What a key is called by people: the name in it.
pub fn name_in(key: &str) -> &str {
    key.split(APART).next().unwrap_or(key)
}

/// Where the keys of a part end, and those of the next one begin.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// Name and part of the last row that has a name.
    last: Option<(String, String)>,
    /// The key of the row above.
    above: Option<String>,
}

/// Reads keys of rows one after another; the same rows in the same order give the same keys.
#[derive(Clone, Debug)]
pub struct Keyer {
    columns: KeyColumns,
    begun: Begun,
    strays: Arc<Strays>,
    is_stray: bool,
    has_parts: bool,
}

impl Keyer {
    pub fn new(columns: &KeyColumns) -> Self {
        Self::begun(columns, &Begun::default(), Arc::default())
    }
    /// Goes on behind another part of the same export.
    pub fn begun(columns: &KeyColumns, begun: &Begun, strays: Arc<Strays>) -> Self {
        Self { columns: columns.clone(), begun: begun.clone(), strays, is_stray: false, has_parts: false }
    }
    pub fn state(&self) -> Begun {
        self.begun.clone()
    }
    /// The name in the row that was read last, if it stands there without its id, far from its others.
    pub fn stray(&self) -> Option<&str> {
        self.begun.last.as_ref().filter(|_| self.is_stray).map(|(name, _)| name.as_str())
    }
    /// Whether a row has said what tells records of one name apart.
    pub fn has_parts(&self) -> bool {
        self.has_parts
    }
    /// The key of the next row; `None` for a row that stands alone.
    pub fn key(&mut self, row: &Record) -> Option<String> {
        let key = self.own_key(row);
        if !self.columns.above {
            return key;
        }
        if key.is_some() {
            self.begun.above.clone_from(&key);
        } else if !self.columns.goes_on(row) {
            return None;
        }
        self.begun.above.clone()
    }
    fn own_key(&mut self, row: &Record) -> Option<String> {
        self.is_stray = false;
        let name = self.columns.name(row)?;
        if self.columns.split.is_none() {
            return Some(name);
        }
        let part = self.columns.part(row);
        self.has_parts |= !part.is_empty();
        let part = match &self.begun.last {
            Some((last, kept)) if *last == name && (part.is_empty() || kept.is_empty()) => kept.clone(),
            _ if part.is_empty() => {
                self.is_stray = true;
                self.strays.part_of(&name).to_owned()
            }
            _ => part.to_owned(),
        };
        let whole = if part.is_empty() { name.clone() } else { format!("{name}{APART}{part}") };
        self.begun.last = Some((name, part));
        Some(whole)
    }
}

/// Rows that name an order without its id, far from its others: a file that was sorted by another column has them.
#[derive(Clone, Debug, Default)]
pub struct Strays {
    parts: HashMap<String, Stray>,
}

#[derive(Clone, Debug)]
struct Stray {
    line: u64,
    /// What tells the first record of that name apart, and the line where it does.
    first: Option<(String, u64)>,
    /// The line of another one of that name.
    second: Option<u64>,
}

impl Strays {
    /// Looks for the records of these names, of which each stands without an id in a line.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub fn find(sheet: &Sheet, columns: &KeyColumns, names: &HashMap<String, u64>) -> Result<Self> {
        let stray = |line: u64| Stray { line, first: None, second: None };
        let mut found =
            Self { parts: names.iter().map(|(name, line)| (name.clone(), stray(*line))).collect() };
        let mut rows = sheet.rows(&Meter::default())?;
        loop {
            match rows.advance()? {
                Step::End => return Ok(found),
                Step::Refused(_) => {}
                Step::Row => {
                    let row = rows.row();
                    let part = columns.part(row);
                    let stray = columns.name(row).and_then(|name| found.parts.get_mut(&name));
                    let Some(stray) = stray.filter(|_| !part.is_empty()) else { continue };
                    match &stray.first {
                        None => stray.first = Some((part.to_owned(), row.line)),
                        Some((first, _)) if first != part => stray.second = stray.second.or(Some(row.line)),
                        Some(_) => {}
                    }
                }
            }
        }
    }
    /// What tells the only record of that name apart.
    fn part_of(&self, name: &str) -> &str {
        let only = self.parts.get(name).filter(|stray| stray.second.is_none());
        only.and_then(|stray| stray.first.as_ref()).map_or("", |(part, _)| part.as_str())
    }
    /// Where a name stands without an id, and the lines of the two records that it may mean.
    pub fn unclear(&self, name: &str) -> Option<(u64, u64, u64)> {
        let stray = self.parts.get(name)?;
        let (_, first) = stray.first.as_ref()?;
        Some((stray.line, *first, stray.second?))
    }
}
