//! Further files joined by a key: lookups of single cells, and details of many rows.

use crate::base::email;
use crate::base::error::{Error, Result};
use crate::shop::transfer::bound::{Bound, Row, foreign_names};
use crate::shop::transfer::cell;
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::keys::Keyer;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::sheet::{Sheet, Step};
use std::collections::HashMap;

const NO_KEY: (&str, &str) =
    ("key_missing", "The row has no key, so that it belongs to no record. It was left out.");

/// Joined files are held in memory; this much of their text at most.
const BYTES_MAX: usize = 1 << 30;

/// Single cells of another file by its key.
#[derive(Debug, Default)]
pub struct Lookup {
    pub role: String,
    /// The columns that are asked for.
    pub wanted: Vec<String>,
    rows: HashMap<String, Vec<String>>,
    is_email: bool,
}

fn key_of(text: &str, is_email: bool) -> String {
    let text = cell::clean(text, true);
    if is_email { email::key(text) } else { cell::without_float_tail(text).to_owned() }
}

fn too_large(sheet: &Sheet) -> Error {
    Error::invalid(
        "joined_file_too_large",
        format!("{} does not fit into memory. Import in parts, for example a year at a time.", sheet.name),
    )
}

impl Lookup {
    /// An empty lookup for a role of the mapping.
    pub fn new(role: &str, mapping: &Mapping) -> Self {
        let is_email = mapping.files.get(role).is_some_and(|f| f.is_email);
        Self { role: role.to_owned(), wanted: foreign_names(mapping, role), rows: HashMap::new(), is_email }
    }
    /// Takes in a file, and gives its rows and the bytes that stood for no letter. A later row with the same key wins; one
    /// without a key is of no use.
    ///
    /// # Errors
    /// `file_unreadable`, `joined_file_too_large`.
    pub fn load(
        &mut self,
        sheet: &Sheet,
        mapping: &Mapping,
        meter: &Meter,
        (refused, keyless): (&mut Vec<Refused>, &mut Vec<Refused>),
    ) -> Result<(u64, u64)> {
        let Some(file) = mapping.files.get(&self.role) else { return Ok((0, 0)) };
        let keys: Vec<usize> = file.key.iter().filter_map(|k| sheet.column(k)).collect();
        let columns: Vec<Option<usize>> = self.wanted.iter().map(|w| sheet.column(w)).collect();
        let mut rows = sheet.rows(meter)?;
        let mut bytes = 0;
        loop {
            match rows.advance()? {
                Step::End => return Ok((rows.counts().rows, rows.replaced())),
                Step::Refused(row) => refused.push(*row),
                Step::Row => {
                    let row = rows.row();
                    let Some(key) = keys.iter().find_map(|k| row.get(*k)).filter(|k| !k.trim().is_empty())
                    else {
                        keyless.push(rows.refused(NO_KEY.0, NO_KEY.1));
                        continue;
                    };
                    let cells =
                        columns.iter().map(|c| c.and_then(|c| row.get(c)).unwrap_or_default().to_owned());
                    let cells: Vec<String> = cells.collect();
                    bytes += key.len() + cells.iter().map(String::len).sum::<usize>() + 64;
                    if bytes > BYTES_MAX {
                        return Err(too_large(sheet));
                    }
                    self.rows.insert(key_of(key, self.is_email), cells);
                }
            }
        }
    }
    /// A cell of the row with this key; a key that a spreadsheet has destroyed is that of many.
    pub fn get(&self, key: &str, column: usize) -> Option<&str> {
        if cell::is_damaged(cell::clean(key, true)) {
            return None;
        }
        self.rows.get(&key_of(key, self.is_email))?.get(column).map(String::as_str)
    }
}

/// Many rows of another file by their key: lines, payments, addresses.
#[derive(Debug, Default)]
pub struct Details {
    rows: HashMap<String, Vec<Row>>,
    /// Keys with a row that cannot be read, and its line.
    poisoned: HashMap<String, u64>,
}

impl Details {
    /// Takes in a file that is bound as number `file`.
    ///
    /// # Errors
    /// `file_unreadable`, `joined_file_too_large`.
    pub fn load(
        &mut self,
        bound: &Bound,
        file: usize,
        meter: &Meter,
        refused: &mut Vec<Refused>,
    ) -> Result<()> {
        let mut keyer = Keyer::new(&bound.key);
        let mut rows = bound.sheet.rows(meter)?;
        let (mut ordinal, mut bytes) = (0, 0);
        self.poisoned.extend(bound.survey.poisoned.iter().map(|(k, l)| (k.clone(), *l)));
        loop {
            match rows.advance()? {
                Step::End => return Ok(()),
                Step::Refused(row) => refused.push(*row),
                Step::Row => {
                    ordinal += 1;
                    let record = rows.row();
                    bytes += record.text().len() + 96;
                    if bytes > BYTES_MAX {
                        return Err(too_large(&bound.sheet));
                    }
                    let key = keyer.key(record).unwrap_or_default();
                    let row = Row { record: record.clone(), file, block: 0, ordinal };
                    self.rows.entry(key).or_default().push(row);
                }
            }
        }
    }
    /// The rows of a key, once.
    pub fn take(&mut self, key: &str) -> Vec<Row> {
        self.rows.remove(key).unwrap_or_default()
    }
    /// The line of a broken row of this key.
    pub fn broken(&self, key: &str) -> Option<u64> {
        self.poisoned.get(key).copied()
    }
    /// Rows that nobody asked for.
    pub fn into_left(self) -> impl Iterator<Item = Row> {
        self.rows.into_values().flatten()
    }
}
