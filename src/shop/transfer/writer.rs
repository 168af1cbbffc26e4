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
    text.starts_with(|c: char| c == '\'' || begins_formula(c))
}

/// The text that [`guarded`] was given.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// The refusal when a file cannot be written.
pub fn unwritable(cause: std::io::Error) -> Error {
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
        let before: &[u8] = if self.is_first { b"" } else { std::slice::from_ref(&self.delimiter) };
        self.out.write_all(before).map_err(unwritable)?;
        self.is_first = false;
        let written = if must_quote {
            write!(self.out, "\"{}\"", text.replace('"', "\"\""))
        } else {
            self.out.write_all(text.as_bytes())
        };
        written.map_err(unwritable)
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

impl<W: Write> Rows for CsvWriter<W> {
    fn text(&mut self, text: &str) -> Result<()> {
        if is_guarded(text) { self.cell(&guarded(text), true) } else { self.plain(text) }
    }
    fn plain(&mut self, text: &str) -> Result<()> {
        let needs = |b: u8| b == self.delimiter || matches!(b, b'"' | b'\r' | b'\n' | b';' | b'\t' | b'|');
        let is_padded = text.trim().len() != text.len();
        let must = is_padded || text.bytes().any(needs);
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
