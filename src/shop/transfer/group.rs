//! The rows of one order or customer together, also where the file scatters them, in bounded memory.

use crate::base::error::{Error, Result};
use crate::shop::transfer::bound::{Bound, Row};
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::sheet::{Rows, Step};
use crate::shop::transfer::survey::Keyer;
use std::collections::HashMap;

/// Rows of scattered orders are held until their last one was read; this much at most.
const HELD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// More rows with one key are a wrong key.
const ROWS_MAX: usize = 20_000;

/// What comes next.
#[derive(Debug)]
pub enum Grouped {
    /// All rows with one key; a row without a key stands alone.
    Rows(Option<String>, Vec<Row>),
    Refused(Box<Refused>),
    End,
}

/// Reads a bound file group by group.
pub struct Groups<'a> {
    bound: &'a Bound,
    file: usize,
    rows: Rows<'a>,
    keyer: Keyer,
    ordinal: u64,
    run: Option<(Option<String>, Vec<Row>)>,
    held: HashMap<String, Vec<Row>>,
    held_bytes: usize,
}

impl<'a> Groups<'a> {
    /// # Errors
    /// `file_unreadable`.
    pub fn new(bound: &'a Bound, file: usize, meter: &Meter) -> Result<Self> {
        let rows = bound.sheet.rows(meter)?;
        let (run, held) = (None, HashMap::new());
        Ok(Self { bound, file, rows, keyer: Keyer::new(&bound.key), ordinal: 0, run, held, held_bytes: 0 })
    }

    /// # Errors
    /// `file_unreadable`; `rows_scattered` and `too_many_rows` where memory would not do.
    pub fn advance(&mut self) -> Result<Grouped> {
        loop {
            match self.rows.advance()? {
                Step::Refused(refused) => return Ok(Grouped::Refused(refused)),
                Step::Row => {
                    self.ordinal += 1;
                    let key = self.keyer.key(self.rows.row());
                    let row = Row { record: self.rows.row().clone(), file: self.file, ordinal: self.ordinal };
                    match &mut self.run {
                        Some((last, rows)) if key.is_some() && *last == key => {
                            rows.push(row);
                            if rows.len() > ROWS_MAX {
                                return Err(self.too_many(key.as_deref().unwrap_or_default()));
                            }
                        }
                        _ => {
                            let done = self.run.replace((key, vec![row]));
                            if let Some(group) = self.close(done)? {
                                return Ok(group);
                            }
                        }
                    }
                }
                Step::End => {
                    let done = self.run.take();
                    if let Some(group) = self.close(done)? {
                        return Ok(group);
                    }
                    let left = self.held.keys().next().cloned();
                    let rows = left.as_ref().and_then(|key| self.held.remove(key));
                    return Ok(rows.map_or(Grouped::End, |rows| Grouped::Rows(left, rows)));
                }
            }
        }
    }

    /// A finished run: the whole group, unless more of its rows come later.
    fn close(&mut self, done: Option<(Option<String>, Vec<Row>)>) -> Result<Option<Grouped>> {
        let Some((key, mut rows)) = done else { return Ok(None) };
        let Some((name, last)) = key.as_ref().and_then(|k| self.bound.survey.scattered.get_key_value(k))
        else {
            return Ok(Some(Grouped::Rows(key, rows)));
        };
        let is_last = rows.last().is_some_and(|r| r.record.line >= *last);
        let size = |rows: &[Row]| rows.iter().map(|r| r.record.text().len() + 96).sum::<usize>();
        if is_last {
            if let Some(mut before) = self.held.remove(name) {
                self.held_bytes -= size(&before);
                before.append(&mut rows);
                rows = before;
            }
            return Ok(Some(Grouped::Rows(key, rows)));
        }
        self.held_bytes += size(&rows);
        let held = self.held.entry(name.clone()).or_default();
        held.append(&mut rows);
        if held.len() > ROWS_MAX {
            return Err(self.too_many(name));
        }
        if self.held_bytes > HELD_BYTES_MAX {
            let message = format!(
                "The rows of {}'s orders are too scattered. Sort the file by its order column.",
                self.bound.sheet.name
            );
            return Err(Error::invalid("rows_scattered", message));
        }
        Ok(None)
    }

    fn too_many(&self, key: &str) -> Error {
        let shown: String = key.chars().take(60).collect();
        Error::invalid(
            "too_many_rows",
            format!(
                "{}: more than {ROWS_MAX} rows belong to {shown}. Is it the right column?",
                self.bound.sheet.name
            ),
        )
    }
}
