//! The rows of one order or customer together, also where the file scatters them, in bounded memory.

use crate::base::error::{Error, Result};
use crate::shop::transfer::bound::{Bound, Row, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::keys::{Keyer, name_in};
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::sheet::{Rows, Step};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Rows of scattered orders are held until their last one was read; this much at most.
const HELD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The rows of one record: more than the largest order has, and little enough to be held several times over.
const RECORD_BYTES_MAX: usize = 32 * 1024 * 1024;
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

/// The last order of a part, which may go on in the next one.
pub type Open = Option<(String, Vec<Row>)>;

/// Reads a bound file group by group.
pub struct Groups<'a> {
    /// All files: rows of the part before may be among those of an order.
    all: &'a [Bound],
    bound: &'a Bound,
    file: usize,
    rows: Rows<'a>,
    keyer: Keyer,
    ordinal: u64,
    run: Option<(Option<String>, Vec<Row>)>,
    run_bytes: usize,
    held: HashMap<String, Vec<Row>>,
    held_bytes: usize,
    /// Keys with more bytes than are held, and the line of their first row.
    too_large: HashMap<String, u64>,
    /// Rows of such keys, to be given back one by one.
    given_back: VecDeque<(Arc<str>, Row)>,
    /// Another part follows.
    goes_on: bool,
    /// What stays open for it.
    pub open: Open,
}

/// Bytes that a row takes.
fn bytes_of(row: &Row) -> usize {
    row.record.text().len() + 96
}

impl<'a> Groups<'a> {
    /// Reads the file with this number, behind what the part before it left open.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub fn new(all: &'a [Bound], file: usize, meter: &Meter, (open, goes_on): (Open, bool)) -> Result<Self> {
        let bound = all.get(file).ok_or_else(|| Error::internal("no file has this number"))?;
        Ok(Self {
            all,
            bound,
            file,
            rows: bound.sheet.rows(meter)?,
            keyer: Keyer::begun(&bound.key, &bound.begun, Arc::clone(&bound.survey.strays)),
            ordinal: 0,
            run_bytes: open.iter().flat_map(|(_, rows)| rows).map(bytes_of).sum(),
            run: open.map(|(key, rows)| (Some(key), rows)),
            held: HashMap::new(),
            held_bytes: 0,
            too_large: HashMap::new(),
            given_back: VecDeque::new(),
            goes_on,
            open: None,
        })
    }

    /// # Errors
    /// `file_unreadable`; `rows_scattered` and `too_many_rows` where memory would not do.
    pub fn advance(&mut self) -> Result<Grouped> {
        loop {
            if let Some((key, row)) = self.given_back.pop_front() {
                return Ok(self.refused(&key, &row));
            }
            match self.rows.advance()? {
                Step::Refused(refused) => return Ok(Grouped::Refused(refused)),
                Step::Row => {
                    self.ordinal += 1;
                    let key = self.keyer.key(self.rows.row());
                    let block = self.rows.counts().repeated_headers;
                    let record = self.rows.row().clone();
                    let row = Row { record, file: self.file, block, ordinal: self.ordinal };
                    if let Some(key) = key.as_ref().filter(|key| self.too_large.contains_key(*key)) {
                        self.given_back.push_back((key.as_str().into(), row));
                        let done = self.run.take();
                        if let Some(group) = self.close(done)? {
                            return Ok(group);
                        }
                        continue;
                    }
                    let bytes = bytes_of(&row);
                    match &mut self.run {
                        Some((last, rows)) if key.is_some() && *last == key => {
                            rows.push(row);
                            self.run_bytes += bytes;
                            if let (Some(key), true) = (&key, self.run_bytes > RECORD_BYTES_MAX) {
                                let rows = std::mem::take(rows);
                                self.run = None;
                                self.give_back(key, rows);
                                continue;
                            }
                            if rows.len() > ROWS_MAX {
                                return Err(self.too_many(key.as_deref().unwrap_or_default()));
                            }
                        }
                        _ => {
                            let done = self.run.replace((key, vec![row]));
                            self.run_bytes = bytes;
                            if let Some(group) = self.close(done)? {
                                return Ok(group);
                            }
                        }
                    }
                }
                Step::End => {
                    let done = self.run.take();
                    match self.close(done)? {
                        Some(Grouped::Rows(Some(key), rows)) if self.goes_on => self.open = Some((key, rows)),
                        Some(group) => return Ok(group),
                        None => {}
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
        // What the part before left open and this one does not go on with is whole.
        if rows.last().is_some_and(|row| row.file != self.file) {
            return Ok(Some(Grouped::Rows(key, rows)));
        }
        let Some((name, last)) = key.as_ref().and_then(|k| self.bound.survey.scattered.get_key_value(k))
        else {
            return Ok(Some(Grouped::Rows(key, rows)));
        };
        let is_last = rows.last().is_some_and(|r| r.record.line >= *last);
        let size = |rows: &[Row]| rows.iter().map(bytes_of).sum::<usize>();
        let before = self.held.get(name).map_or(0, |rows| size(rows));
        if before + size(&rows) > RECORD_BYTES_MAX {
            self.give_back(name, rows);
            return Ok(None);
        }
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

    /// The rows of a key that has too much are refused, those to come as well.
    fn give_back(&mut self, key: &str, mut rows: Vec<Row>) {
        if let Some(mut before) = self.held.remove(key) {
            self.held_bytes -= before.iter().map(bytes_of).sum::<usize>();
            before.append(&mut rows);
            rows = before;
        }
        self.too_large.insert(key.to_owned(), rows.first().map_or(0, |row| row.record.line));
        let key: Arc<str> = key.into();
        self.given_back.extend(rows.into_iter().map(|row| (Arc::clone(&key), row)));
    }

    fn refused(&self, key: &str, row: &Row) -> Grouped {
        let view = View { bound: self.all.get(row.file).unwrap_or(self.bound), row, lookups: &[] };
        let title = self.bound.key.columns.first().map_or("", |column| self.bound.sheet.title(*column));
        let text = name_in(key);
        let from = self.too_large.get(key).copied().unwrap_or(row.record.line);
        let reason = format!(
            "The rows that belong to {} have more than {} MB, from line {from} on. Shorten what stands in each of them, or see whether {} is the right column.",
            cell::shown(text),
            RECORD_BYTES_MAX / 1024 / 1024,
            cell::shown(title)
        );
        let (column, value) = (cell::shown(title), cell::shown(text));
        Grouped::Refused(Box::new(Refused { column, value, ..view.refused("order_too_large", &reason) }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::input::Input;
    use crate::shop::transfer::mapping::Kind;
    use crate::shop::transfer::options::Options;
    use crate::shop::transfer::presets::{Format, preset};
    use crate::shop::transfer::sheet::Sheet;

    /// What comes out: keys with their rows, and lines that were refused.
    fn read(text: &str) -> (Vec<(String, usize)>, Vec<Refused>) {
        let mapping = preset(Format::Shopify, Kind::Orders).unwrap();
        let options = Options::default();
        let sheet = Sheet::open(&Input::bytes("x.csv", text.as_bytes()), &options).unwrap();
        let bound = Bound::new(sheet, None, &mapping, &[], &options, None).unwrap();
        let all = [bound];
        let mut groups = Groups::new(&all, 0, &Meter::default(), (None, false)).unwrap();
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        loop {
            match groups.advance().unwrap() {
                Grouped::Rows(key, rows) => taken.push((key.unwrap_or_default(), rows.len())),
                Grouped::Refused(row) => refused.push(*row),
                Grouped::End => return (taken, refused),
            }
        }
    }

    #[test]
    fn an_order_of_more_bytes_than_are_held_is_refused_and_its_neighbours_are_not() {
        let long = "n".repeat(500_000);
        let many = |key: &str, rows: usize| format!("{key},a@x.de,1,\"{long}\"\n").repeat(rows);
        let small = "#2,b@x.de,1,\n";
        let header = "Name,Email,Total,Notes\n";
        for text in [
            format!("{header}{small}{}#3,c@x.de,1,\n", many("#1", 70)),
            // Scattered, and with a row that comes much later.
            format!("{header}{}{small}{}#3,c@x.de,1,\n{}", many("#1", 40), many("#1", 30), many("#1", 1)),
        ] {
            let (mut taken, refused) = read(&text);
            taken.sort();
            assert_eq!(taken, [("#2".to_owned(), 1), ("#3".to_owned(), 1)]);
            assert_eq!(refused.len(), text.matches("#1").count());
            let (first, last) = (&refused[0], refused.last().unwrap());
            assert_eq!(
                (first.code, first.column.as_str(), first.value.as_str()),
                ("order_too_large", "Name", "#1")
            );
            let from = if text[header.len()..].starts_with("#1") { 2 } else { 3 };
            assert_eq!(first.line, from);
            assert!(last.reason.contains(&format!("from line {from} on")), "{}", last.reason);
            assert_eq!(last.cells[3].len(), long.len(), "the row is given back whole");
        }
        assert_eq!(read(&format!("{header}{}", many("#1", 60))).0, [("#1".to_owned(), 60)]);
    }
}
