//! Rows of an export as an Excel workbook, a row in memory at a time.

use crate::base::error::{Error, Result};
use crate::shop::transfer::writer::{Rows, unwritable};
use rust_xlsxwriter::{Workbook, XlsxError};
use std::fs::File;
use std::io::{BufWriter, Seek as _};

/// Rows of a sheet; what is more begins the next one.
const ROWS_MAX: u32 = 1_048_576;
/// Characters of a cell.
const CELL_MAX: usize = 32_767;
/// Digits that a spreadsheet's number keeps.
const DIGITS_MAX: usize = 15;

/// A workbook being written. Texts are texts, so nothing in them is run; numbers are numbers.
pub struct XlsxWriter {
    book: Workbook,
    sheets: usize,
    row: u32,
    column: u16,
    /// Repeated on every sheet.
    header: Vec<String>,
}

impl XlsxWriter {
    /// # Errors
    /// `file_unwritable`.
    pub fn new() -> Result<Self> {
        let mut book = Workbook::new();
        book.add_worksheet_with_constant_memory().map_err(of_workbook)?;
        Ok(Self { book, sheets: 1, row: 0, column: 0, header: Vec::new() })
    }

    /// The whole workbook, from its start.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn finish(mut self) -> Result<File> {
        let mut file = tempfile::tempfile().map_err(unwritable)?;
        self.book.save_to_writer(BufWriter::new(&mut file)).map_err(of_workbook)?;
        file.rewind().map_err(unwritable)?;
        Ok(file)
    }

    fn put(&mut self, text: &str, may_be_number: bool) -> Result<()> {
        let sheet = self.book.worksheet_from_index(self.sheets - 1).map_err(of_workbook)?;
        let number = if may_be_number { number(text) } else { None };
        let written = match number {
            Some(number) => sheet.write_number(self.row, self.column, number),
            None if text.is_empty() => Ok(sheet),
            None if text.chars().count() > CELL_MAX => {
                let shown: String = text.chars().take(40).collect();
                let why = format!(
                    "A cell of a workbook has at most {CELL_MAX} characters; “{shown}…” has more. Export it as CSV."
                );
                return Err(Error::invalid("cell_too_long", why));
            }
            None => sheet.write_string(self.row, self.column, text),
        };
        written.map_err(of_workbook)?;
        if self.row == 0 && self.sheets == 1 {
            self.header.push(text.to_owned());
        }
        self.column += 1;
        Ok(())
    }
}

impl Rows for XlsxWriter {
    fn text(&mut self, text: &str) -> Result<()> {
        self.put(text, false)
    }
    fn plain(&mut self, text: &str) -> Result<()> {
        self.put(text, self.row > 0)
    }
    fn end_row(&mut self) -> Result<()> {
        (self.row, self.column) = (self.row + 1, 0);
        if self.row == ROWS_MAX {
            self.book.add_worksheet_with_constant_memory().map_err(of_workbook)?;
            (self.sheets, self.row) = (self.sheets + 1, 0);
            for title in self.header.clone() {
                self.put(&title, false)?;
            }
            (self.row, self.column) = (1, 0);
        }
        Ok(())
    }
}

fn of_workbook(error: XlsxError) -> Error {
    unwritable(std::io::Error::other(error))
}

/// The number a text is, when a spreadsheet would show it as it is written.
fn number(text: &str) -> Option<f64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let padded = text
        .trim_start_matches('-')
        .strip_prefix('0')
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('.'));
    if !plain || padded || digits == 0 || digits > DIGITS_MAX {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn only_numbers_become_numbers() {
        assert_eq!(
            (number("59.00"), number("-4"), number("0.5"), number("0")),
            (Some(59.0), Some(-4.0), Some(0.5), Some(0.0))
        );
        for text in ["", "-", "007", "1234567890123456", "2026-11-20", "1e5", "٤", "1.2.3"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_cell_that_no_workbook_can_hold_is_refused() {
        let mut book = XlsxWriter::new().unwrap();
        assert_eq!(book.text(&"x".repeat(CELL_MAX + 1)).unwrap_err().code, "cell_too_long");
        book.text(&"x".repeat(CELL_MAX)).unwrap();
        let mut head = [0; 2];
        book.finish().unwrap().read_exact(&mut head).unwrap();
        assert_eq!(&head, b"PK");
    }
}
