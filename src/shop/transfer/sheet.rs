//! A CSV file with a header: its delimiter (R3), columns found by name (R7), rows of the right width (R6).

use crate::base::error::{Error, Result};
use crate::shop::transfer::encoding::{self, Detected, Text};
use crate::shop::transfer::headers::Start;
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::records::{Fault, Next, Record, Records};
use crate::shop::transfer::refusals::{MISSING, own_columns};
use crate::shop::transfer::writer::unguarded;
use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

/// As much of a file is looked at to find its delimiter.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// An opened file: how it is read, and where its columns are.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub name: Arc<str>,
    pub delimiter: u8,
    /// As they stand in the file, trimmed.
    pub header: Arc<[String]>,
    /// Without the columns that say why rows were refused.
    pub own_header: Arc<[String]>,
    input: Input,
    detected: Detected,
    columns: HashMap<String, usize>,
    header_line: u64,
    /// Lines above it that say something else, such as what the file is.
    pub above: u64,
    /// One of the parts of a file of refused rows; the other parts are sheets of their own.
    is_part: bool,
}

/// The name of a column for comparing: case, blanks, underscores, `*` and a byte order mark do not count.
pub fn header_key(text: &str) -> String {
    let words = text.replace(['_', '*', '\u{feff}', '\u{a0}'], " ").to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Sheet {
    /// Looks over the file and reads its header.
    ///
    /// # Errors
    /// `file_unreadable`, `file_empty`, `file_not_text`, `header_unreadable`.
    pub fn open(input: &Input, options: &Options) -> Result<Self> {
        let detected = encoding::detect(input, options.encoding)?;
        let mut sample = Vec::new();
        encoding::open(input, detected, &Meter::default())?
            .take(SAMPLE_BYTES)
            .read_to_end(&mut sample)
            .map_err(|e| input.unreadable(e))?;
        if sample.len() as u64 == SAMPLE_BYTES {
            let end = sample.iter().rposition(|b| matches!(b, b'\n' | b'\r')).map_or(sample.len(), |i| i + 1);
            sample.truncate(end);
        }
        let delimiter = options
            .delimiter
            .filter(u8::is_ascii)
            .or_else(|| stated(&sample))
            .unwrap_or_else(|| delimiter(&sample));
        let mut above = 0;
        let (header, header_line) = match input.part() {
            None => {
                let start = start(&sample, delimiter);
                let below = start.header_below_title();
                above = below.map_or(0, |line| start.above(line));
                header_of(input, Records::new(sample.as_slice(), delimiter), below.unwrap_or(1))?
            }
            Some(line) => {
                let text = encoding::open(input, detected, &Meter::default())?;
                header_of(input, Records::new(text, delimiter), line)?
            }
        };
        if let Some(what) = marked_up(&sample) {
            let message = format!(
                "{} is {what} and no table, whatever its name ends in. Export it as CSV, or save it as .xlsx.",
                input.name()
            );
            return Err(Error::invalid("file_not_text", message));
        }
        if header
            .iter()
            .any(|title| title.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
        {
            let message = format!(
                "{} is no text. Import CSV, JSON lines or an Excel workbook, as they are or packed with gzip or zstd.",
                input.name()
            );
            return Err(Error::invalid("file_not_text", message));
        }
        let columns = columns(&header);
        Ok(Self {
            name: input.name().into(),
            delimiter,
            own_header: header
                .get(..own_columns(header.iter().map(String::as_str)))
                .unwrap_or_default()
                .into(),
            is_part: input.part().is_some(),
            header: header.into(),
            input: input.clone(),
            detected,
            columns,
            header_line,
            above,
        })
    }
    /// Such as `UTF-8`.
    pub fn encoding(&self) -> &'static str {
        self.detected.encoding.name()
    }
    /// The encoding that the letters look like, where that is another one.
    pub fn looks_like(&self) -> Option<&'static encoding_rs::Encoding> {
        self.detected.looks_like
    }
    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).or_else(|| self.columns.get(&header_key(name))).copied()
    }
    /// The column's name as the file writes it.
    pub fn title(&self, column: usize) -> &str {
        self.header.get(column).map_or("", String::as_str)
    }
    /// What a cell of the column is kept under: its title; its place where it has none, or a title that another one has.
    pub fn name_of(&self, column: usize) -> String {
        let title = self.title(column);
        let is_same = |other: &&String| header_key(other) == header_key(title);
        let before = self.header.iter().take(column).filter(is_same).count();
        match (title.is_empty(), before) {
            (true, _) => format!("Column {}", column + 1),
            (false, 0) => title.to_owned(),
            (false, _) => format!("{title} ({})", before + 1),
        }
    }
    /// Bytes of the file.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub fn size(&self) -> Result<u64> {
        self.input.size()
    }
    /// Whether its letters can be read.
    ///
    /// # Errors
    /// `encoding_unclear`.
    pub fn settled(&self) -> Result<()> {
        self.detected.settled(&self.input)
    }
    /// Reads the rows from the first.
    ///
    /// # Errors
    /// `file_unreadable`, `encoding_unclear`.
    pub fn rows(&self, meter: &Meter) -> Result<Rows<'_>> {
        self.settled()?;
        let text = encoding::open(&self.input, self.detected, meter)?;
        let named = self.header.iter().rposition(|h| !h.is_empty()).map_or(0, |i| i + 1);
        Ok(Rows {
            sheet: self,
            records: Records::new(text, self.delimiter),
            named,
            is_other_file: false,
            counts: Counts::default(),
        })
    }
}

/// The first record from a line on that is not blank, and its line.
fn header_of<R: BufRead>(input: &Input, mut records: Records<R>, from: u64) -> Result<(Vec<String>, u64)> {
    loop {
        match records.advance().map_err(|e| input.unreadable(e))? {
            Next::Record if records.record().line < from => {}
            Next::Record if is_blank(records.record()) || stated_in(records.record()) => {}
            Next::Record if records.record().get(0).is_some_and(begins_json) => return Err(json(input)),
            Next::Record => {
                let cells = records.record().cells().map(|c| c.trim().trim_matches('\u{feff}').to_owned());
                return Ok((cells.collect(), records.record().line));
            }
            Next::Fault { line, .. } if line < from => {}
            Next::Fault { raw, .. } if begins_json(&raw) => return Err(json(input)),
            Next::Fault { line, fault, .. } => {
                let message =
                    format!("{} line {line}: the header cannot be read. {}", input.name(), fault.sentence());
                return Err(Error::invalid("header_unreadable", message));
            }
            Next::End => {
                return Err(Error::invalid("file_empty", format!("{} has no header line.", input.name())));
            }
        }
    }
}

/// A line of JSON, which no header begins as.
fn begins_json(text: &str) -> bool {
    let text = text.trim();
    text == "[" || text.strip_prefix('[').unwrap_or(text).trim_start().starts_with("{\"")
}

fn json(input: &Input) -> Error {
    let message = format!(
        "{} holds JSON, and a CSV file is wanted. JSON lines that Backroom has exported come in with --from backroom (Backroom on the page); save others as CSV with a header.",
        input.name()
    );
    Error::invalid("file_is_json", message)
}

/// What a text in marks is that some shops export as a table for Excel.
fn marked_up(sample: &[u8]) -> Option<&'static str> {
    let begin = String::from_utf8_lossy(sample.get(..64).unwrap_or(sample)).to_lowercase();
    let begin = begin.trim_start_matches('\u{feff}').trim_start();
    let is = |marks: &[&str]| marks.iter().any(|mark| begin.starts_with(mark));
    if is(&["<?xml"]) {
        Some("an XML file")
    } else if is(&["<html", "<!doctype", "<table"]) {
        Some("a web page")
    } else {
        None
    }
}

/// Excel's first line `sep=;`.
fn stated(sample: &[u8]) -> Option<u8> {
    let rest = sample.strip_prefix(b"sep=").or_else(|| sample.strip_prefix(b"SEP="))?;
    match rest {
        [sign, b'\n' | b'\r', ..] if sign.is_ascii_punctuation() || *sign == b'\t' => Some(*sign),
        _ => None,
    }
}

fn stated_in(record: &Record) -> bool {
    record.line == 1
        && record.get(0).is_some_and(|c| c.len() <= 5 && c.to_ascii_lowercase().starts_with("sep="))
}

fn start(sample: &[u8], delimiter: u8) -> Start {
    Start::of(Records::new(sample, delimiter), |record| is_blank(record) || stated_in(record))
}

/// The delimiter that takes the most apart as the header is: rows as wide as it, each with so many delimiters. One comma in
/// every row does not make a file with many semicolons another one. The wider header where two give the same.
fn delimiter(sample: &[u8]) -> u8 {
    let score = |sign: &u8| {
        let mut records = Records::new(sample, *sign);
        let (mut width, mut fitting) = (0, 0_usize);
        let from = start(sample, *sign).header_below_title().unwrap_or(1);
        while let Ok(next) = records.advance() {
            match next {
                Next::Record if is_blank(records.record()) || records.record().line < from => {}
                Next::Record if width == 0 => width = records.record().len(),
                Next::Record => fitting += usize::from(fits(records.record(), width)),
                Next::Fault { .. } => {}
                Next::End => break,
            }
        }
        if width > 1 { (fitting * (width - 1), width) } else { (0, 0) }
    };
    b",;\t|".iter().rev().max_by_key(|sign| score(sign)).copied().unwrap_or(b',')
}

fn fits(record: &Record, width: usize) -> bool {
    record.len() == width
        || (record.len() > width
            && (width..record.len()).all(|i| record.get(i).is_none_or(|c| c.trim().is_empty())))
}

/// The header of refused rows of another file.
fn ends_with_refused_columns(record: &Record) -> bool {
    let cells: Vec<&str> = record.cells().collect();
    own_columns(cells.iter().copied()) < cells.len()
}

/// A title without blanks and a byte order mark; quotes behind such a mark are no part of it.
fn without_mark(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('\u{feff}').map_or(cell, |rest| rest.trim_matches(['\u{feff}', '"']).trim())
}

fn is_blank(record: &Record) -> bool {
    record.text().trim().is_empty()
}

/// Words in brackets that make another amount of a column than its name alone would be.
const OTHER_AMOUNT: [&str; 10] =
    ["excl", "ex ", "exkl", "without", "before", "net", "ohne", "hors", "ht", "base"];

/// Whether the note in brackets behind the name of a column may be left out: `Weight (kg)`, not `Total (excl. tax)`.
fn is_mere_note(note: &str) -> bool {
    let note = note.trim_end_matches([')', ' ']).to_lowercase();
    !OTHER_AMOUNT.iter().any(|word| format!("{note} ").starts_with(word))
}

/// Columns by key; of two with one name the first counts. A note in brackets may be left out where only one column has the
/// name before it.
fn columns(header: &[String]) -> HashMap<String, usize> {
    let mut columns = HashMap::new();
    for (index, title) in header.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
        columns.entry(header_key(title)).or_insert(index);
        columns.entry(title.clone()).or_insert(index);
    }
    let noted =
        |title: &String| title.split_once('(').map(|(short, note)| (header_key(short), is_mere_note(note)));
    let shorts: Vec<_> = header.iter().map(noted).collect();
    for (index, short) in shorts.iter().enumerate() {
        let Some((short, true)) = short else { continue };
        if shorts.iter().flatten().filter(|(other, _)| other == short).count() == 1 {
            columns.entry(short.clone()).or_insert(index);
        }
    }
    columns.remove("");
    columns
}

/// What [`Rows`] has counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows with data, refused ones included.
    pub rows: u64,
    pub blank: u64,
    pub repeated_headers: u64,
    pub refused: u64,
}

/// What comes next in a file.
#[derive(Debug)]
pub enum Step {
    /// The row is in [`Rows::row`].
    Row,
    Refused(Box<Refused>),
    End,
}

/// The rows of a sheet one after another.
pub struct Rows<'a> {
    sheet: &'a Sheet,
    records: Records<Text>,
    /// Columns up to the last one with a name.
    named: usize,
    /// Among rows that were refused and have a header of their own.
    is_other_file: bool,
    counts: Counts,
}

impl Rows<'_> {
    /// The row read last; cells beyond its end are empty.
    pub fn row(&self) -> &Record {
        self.records.record()
    }
    pub fn counts(&self) -> Counts {
        self.counts
    }
    /// The row read last with the word and the reason why it is not taken.
    pub fn refused(&self, code: &'static str, reason: &str) -> Refused {
        Refused {
            file: Arc::clone(&self.sheet.name),
            line: self.row().line,
            column: String::new(),
            value: String::new(),
            code,
            reason: reason.to_owned(),
            header: Arc::clone(&self.sheet.header),
            cells: self.row().cells().map(str::to_owned).collect(),
        }
    }
    /// Letters of the file that its encoding does not have.
    pub fn replaced(&self) -> u64 {
        self.records.reader().replaced()
    }

    /// Goes to the next row that is neither blank nor the header again.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub fn advance(&mut self) -> Result<Step> {
        loop {
            match self.records.advance().map_err(|e| self.sheet.input.unreadable(e))? {
                Next::End => return Ok(Step::End),
                Next::Fault { line, fault, raw } => {
                    if line > self.sheet.header_line && !(self.is_other_file && self.sheet.is_part) {
                        return Ok(self.refuse(line, fault.code(), fault.sentence().to_owned(), vec![raw]));
                    }
                }
                Next::Record => {
                    if let Some(step) = self.judge() {
                        return Ok(step);
                    }
                }
            }
        }
    }

    /// What to do with the record just read; `None` leaves it out.
    fn judge(&mut self) -> Option<Step> {
        let (width, record) = (self.sheet.header.len(), self.records.record());
        if record.line <= self.sheet.header_line {
            return None;
        }
        if is_blank(record) {
            self.counts.blank += 1;
            return None;
        }
        // The second of two files that were put together begins with its byte order mark.
        let titles = || record.cells().map(without_mark);
        if titles().next() == self.sheet.header.first().map(String::as_str)
            && titles().eq(self.sheet.header.iter().map(String::as_str))
        {
            self.counts.repeated_headers += 1;
            self.is_other_file = false;
            return None;
        }
        let own = self.sheet.own_header.len();
        if own < width {
            if ends_with_refused_columns(record) {
                self.counts.repeated_headers += 1;
                self.is_other_file = true;
                return None;
            }
            if self.is_other_file && self.sheet.is_part {
                return None;
            }
            if let Some((code, reason, cells)) = self.judge_again(own) {
                let line = record.line;
                return Some(self.refuse(line, code, reason, cells));
            }
        }
        if record.len() < self.named || (record.len() > width && !fits(record, width)) {
            let has = record.len().saturating_sub(width - own);
            let reason = format!("The row has {has} of {own} cells.");
            let (line, cells) = (record.line, record.cells().take(has).map(str::to_owned).collect());
            return Some(self.refuse(line, "wrong_width", reason, cells));
        }
        self.counts.rows += 1;
        Some(Step::Row)
    }

    /// A row that was refused before and is as it was.
    fn judge_again(&self, own: usize) -> Option<(&'static str, String, Vec<String>)> {
        let record = self.records.record();
        let mut cells: Vec<String> = record.cells().take(own).map(str::to_owned).collect();
        if self.is_other_file {
            let reason = "The row is of another file than the first ones. Import it in a file of its own.";
            return Some(("other_file", reason.to_owned(), cells));
        }
        if !cells.iter().any(|c| c.trim() == MISSING) {
            return None;
        }
        let said = |column: &str| {
            let place = self.sheet.header.iter().position(|t| t == column).and_then(|c| record.get(c));
            place.map(|text| unguarded(text).trim().to_owned()).filter(|text| !text.is_empty())
        };
        let before = said("refused_code").unwrap_or_default();
        let code = Fault::ALL.iter().map(|f| f.code()).find(|c| *c == before).unwrap_or("wrong_width");
        let reason = said("refused_reason").unwrap_or_else(|| {
            format!("Put what belongs there in the place of {MISSING}, or empty the cell.")
        });
        while cells.last().is_some_and(|c| c.trim() == MISSING) {
            cells.pop();
        }
        Some((code, reason, cells))
    }

    fn refuse(&mut self, line: u64, code: &'static str, reason: String, cells: Vec<String>) -> Step {
        self.counts.rows += 1;
        self.counts.refused += 1;
        let header = Arc::clone(&self.sheet.own_header);
        Step::Refused(Box::new(Refused { line, header, cells, ..self.refused(code, &reason) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        Sheet::open(&Input::bytes("x.csv", text.as_bytes()), &Options::default()).unwrap()
    }
    /// Rows as `line:cells` and refusals as `line!code`.
    fn rows(text: &str) -> (Vec<String>, Counts) {
        let sheet = sheet(text);
        let mut rows = sheet.rows(&Meter::default()).unwrap();
        let mut seen = Vec::new();
        loop {
            match rows.advance().unwrap() {
                Step::Row => {
                    let row = rows.row();
                    seen.push(format!("{}:{}", row.line, row.cells().collect::<Vec<_>>().join("|")));
                }
                Step::Refused(refused) => seen.push(format!("{}!{}", refused.line, refused.code)),
                Step::End => return (seen, rows.counts()),
            }
        }
    }

    #[test]
    fn the_delimiter_is_the_one_that_fits_the_rows() {
        assert_eq!(sheet("a,b\n1,2\n").delimiter, b',');
        assert_eq!(sheet("id;Titles (Mr = 1, Ms = 2, else 0);x,y\n1;2;a,b,c\n").delimiter, b';');
        assert_eq!(sheet("a\tb\n1,5\t2,5\n").delimiter, b'\t');
        assert_eq!(sheet("a|b\n1|2\n").delimiter, b'|');
        assert_eq!(sheet("\"a;b\",c\n\"1;2;3\",x\n").delimiter, b',');
        assert_eq!(sheet("only\n1;2\n").delimiter, b',');
        let ragged = "Order;Name, first;Date;Total\n1;Doe, J;2025-01-05;10\n2;Poe, K;2025-01-06;11;x\n3;Foe, K;2025-01-06;11\n";
        assert_eq!(sheet(ragged).delimiter, b';');
        assert_eq!(*sheet("sep=;\na;b\n1;2\n").header, ["a", "b"]);
        let titled = sheet("Orders, all of 2024\n\nOrder;Date;Total\n1;2024-01-01;1,50\n");
        assert_eq!((titled.delimiter, titled.above, &*titled.header[2]), (b';', 1, "Total"));
        assert_eq!(rows("Orders,,\nOrder,Date,Total\n1,2,3\n").0, ["3:1|2|3"]);
    }

    #[test]
    fn columns_are_found_however_they_are_written() {
        let sheet = sheet("\u{feff}ID, Customer  e-mail* ,order_id,Weight (kg),Total,total\n");
        for (name, index) in [
            ("id", 0),
            ("CUSTOMER E-MAIL", 1),
            ("Order ID", 2),
            ("weight", 3),
            ("Weight (kg)", 3),
            ("Total", 4),
        ] {
            assert_eq!(sheet.column(name), Some(index), "{name}");
        }
        assert_eq!(sheet.column(""), None);
    }

    #[test]
    fn a_note_in_brackets_is_left_out_where_it_says_nothing_else() {
        for (header, name, index) in [
            ("a,Total (EUR)", "Total", Some(1)),
            ("a,Total (excl. tax)", "Total", None),
            ("a,Total (incl. tax)", "Total", Some(1)),
            ("Total (excl. tax),Total (incl. tax)", "Total", None),
            ("Grand Total (Base),Grand Total (Purchased)", "grand_total", None),
            ("Active (0/1),Active", "Active", Some(1)),
            ("Titles ID (Mr = 1, Ms = 2),x", "Titles ID", Some(0)),
        ] {
            assert_eq!(sheet(&format!("{}\n", header.replace(", ", "; "))).column(name), index, "{header}");
        }
    }

    #[test]
    fn cells_are_kept_under_a_name_of_their_own() {
        let sheet = sheet("Note,note,,Total\n");
        let names: Vec<String> = (0..4).map(|column| sheet.name_of(column)).collect();
        assert_eq!(names, ["Note", "note (2)", "Column 3", "Total"]);
    }

    #[test]
    fn ragged_rows_are_refused_and_never_shifted() {
        let (seen, counts) = rows("a,b,c\n1,2\n1,2,3\n1,2,3,\n1,2,3,4\n\n,,\na,b,c\nx,y,z");
        assert_eq!(seen, ["2!wrong_width", "3:1|2|3", "4:1|2|3|", "5!wrong_width", "9:x|y|z"]);
        assert_eq!(counts, Counts { rows: 5, blank: 2, repeated_headers: 1, refused: 2 });
        assert_eq!(rows("a,b,,\n1,2\n1,2,\n1\n").0, ["2:1|2", "3:1|2|", "4!wrong_width"]);
    }

    #[test]
    fn files_without_a_readable_header_are_refused() {
        for (text, code) in [
            ("", "file_empty"),
            ("\n\n", "file_empty"),
            ("\"a\n", "header_unreadable"),
            ("{\"Order\":\"1\",\"Total\":10.5}\n{\"Order\":\"2\"}\n", "file_is_json"),
            ("[{\"Order\":\"1\",\"Total\":10.5}]\n", "file_is_json"),
            ("[\n{\"Order\":\"1\"}\n]\n", "file_is_json"),
            ("SQLite format 3\0\u{10}\u{1}", "file_not_text"),
        ] {
            let error =
                Sheet::open(&Input::bytes("x.csv", text.as_bytes()), &Options::default()).unwrap_err();
            assert_eq!(error.code, code, "{text:?}");
        }
    }
}
