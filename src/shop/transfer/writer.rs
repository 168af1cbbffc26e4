//! CSV out (rule R14): UTF-8, CRLF, quotes where they are needed, and no cell that a spreadsheet would run.

use crate::base::error::{Error, Result};
use crate::shop::transfer::cell::begins_formula;
use std::io::Write;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// `,` or `;`, which Excel expects where the comma is the decimal sign.
    pub delimiter: u8,
    /// A byte order mark, by which Excel knows UTF-8.
    pub mark: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { delimiter: b',', mark: false }
    }
}

/// Text made safe for spreadsheets: `'` goes before a sign that begins a formula, and before `'` itself, so that
/// taking one `'` off brings back the text exactly.
pub fn guarded(text: &str) -> String {
    if is_guarded(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_guarded(text: &str) -> bool {
    let is_plain = text.as_bytes().first().is_none_or(u8::is_ascii_alphanumeric);
    !is_plain && text.starts_with(|c: char| c == '\'' || begins_formula(c))
}

/// The text that [`guarded`] was given.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// The refusal when a file cannot be written.
pub fn unwritable(cause: std::io::Error) -> Error {
    if cause.kind() == std::io::ErrorKind::BrokenPipe {
        return Error::unavailable("closed_pipe", "Nobody reads on.", 60).because(cause);
    }
    Error::unavailable("file_unwritable", "The file cannot be written. Is the disk full?", 60).because(cause)
}

/// Takes cells row by row.
pub trait Rows {
    /// A cell with text of people.
    ///
    /// # Errors
    /// `file_unwritable`.
    fn text(&mut self, text: &str) -> Result<()>;
    /// A cell that this program has made, such as a number.
    ///
    /// # Errors
    /// `file_unwritable`.
    fn plain(&mut self, text: &str) -> Result<()>;
    /// # Errors
    /// `file_unwritable`.
    fn end_row(&mut self) -> Result<()>;
    /// How much has been written, where it can be looked at again.
    fn place(&self) -> usize {
        0
    }
    /// Writes the cells between two places of this file, the first of a row, once more; false where they have to be
    /// written again.
    fn repeat(&mut self, _from: usize, _to: usize) -> bool {
        false
    }
}

/// Writes cells and rows as CSV; text of people is guarded.
pub struct CsvWriter<W: Write> {
    out: W,
    delimiter: u8,
    is_first: bool,
}

impl<W: Write> CsvWriter<W> {
    /// # Errors
    /// `file_unwritable`.
    pub fn new(mut out: W, style: Style) -> Result<Self> {
        if style.mark {
            out.write_all("\u{feff}".as_bytes()).map_err(unwritable)?;
        }
        Ok(Self { out, delimiter: style.delimiter, is_first: true })
    }
    fn cell(&mut self, text: &str, must_quote: bool) -> Result<()> {
        if !self.is_first {
            self.out.write_all(std::slice::from_ref(&self.delimiter)).map_err(unwritable)?;
        }
        self.is_first = false;
        if text.is_empty() {
            return Ok(());
        }
        if !must_quote {
            return self.out.write_all(text.as_bytes()).map_err(unwritable);
        }
        self.out.write_all(b"\"").map_err(unwritable)?;
        for (place, part) in text.split('"').enumerate() {
            self.out.write_all(if place == 0 { b"" } else { b"\"\"" }).map_err(unwritable)?;
            self.out.write_all(part.as_bytes()).map_err(unwritable)?;
        }
        self.out.write_all(b"\"").map_err(unwritable)
    }
    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush().map_err(unwritable)?;
        Ok(self.out)
    }
}

impl CsvWriter<Vec<u8>> {
    /// What has been written so far, and is written no more.
    pub fn take(&mut self) -> Vec<u8> {
        let room = self.out.capacity();
        std::mem::replace(&mut self.out, Vec::with_capacity(room))
    }
    /// How much waits to be taken.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }
    /// Writes what stands between two places once more, as the first cells of a row.
    pub fn repeat(&mut self, from: usize, to: usize) -> bool {
        if from > to || to > self.out.len() {
            return false;
        }
        self.is_first = from == to;
        self.out.extend_from_within(from..to);
        true
    }
}

/// Whether a sign makes a cell one in quotes, whatever separates cells.
const fn is_quoted(sign: u8) -> bool {
    matches!(sign, b'"' | b'\r' | b'\n' | b';' | b'\t' | b'|')
}

impl<W: Write> Rows for CsvWriter<W> {
    fn text(&mut self, text: &str) -> Result<()> {
        if is_guarded(text) { self.cell(&guarded(text), true) } else { self.plain(text) }
    }
    fn plain(&mut self, text: &str) -> Result<()> {
        let bytes = text.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return self.cell(text, false) };
        let needs = |b: &u8| *b == self.delimiter || is_quoted(*b);
        let may_be_padded = !first.is_ascii_graphic() || !last.is_ascii_graphic();
        let must = (may_be_padded && text.trim().len() != text.len()) || bytes.iter().any(needs);
        self.cell(text, must)
    }
    fn end_row(&mut self) -> Result<()> {
        self.is_first = true;
        self.out.write_all(b"\r\n").map_err(unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_guarded_and_quoted() {
        let mut csv = CsvWriter::new(Vec::new(), Style { delimiter: b';', mark: true }).unwrap();
        for text in ["=1+1", "＝1", "'x", "a;b", "5", " pad "] {
            csv.text(text).unwrap();
        }
        csv.plain("-5.00").unwrap();
        csv.end_row().unwrap();
        let bytes = csv.finish().unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "\u{feff}\"'=1+1\";\"'＝1\";\"''x\";\"a;b\";5;\" pad \";-5.00\r\n"
        );
    }

    proptest! {
        #[test]
        fn the_guard_comes_off_exactly(text in "[=+@'\t\r-]{0,3}.{0,5}") {
            let cell = guarded(&text);
            prop_assert!(!cell.starts_with(begins_formula));
            prop_assert_eq!(unguarded(&cell), text);
        }
    }
}
