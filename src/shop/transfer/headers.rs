//! Which line of a file is its header: the first, or the one below a title that somebody has put above it.

use crate::shop::transfer::records::{Next, Record, Records};
use std::collections::BTreeSet;
use std::io::BufRead;

/// Records at the start among which the header is.
const LOOKED_AT: usize = 10;

/// Rows at the start of a file, as far as they are looked at for its header.
#[derive(Debug, Default)]
pub struct Start {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    line: u64,
    filled: usize,
    /// Every cell that says something has letters, and says what no other does: so do the names of columns.
    is_of_names: bool,
}

impl Start {
    /// Reads the first rows that are not blank.
    pub fn of<R: BufRead>(mut records: Records<R>, is_none: impl Fn(&Record) -> bool) -> Self {
        let mut start = Self::default();
        while start.rows.len() < LOOKED_AT {
            match records.advance() {
                Ok(Next::Record) if is_none(records.record()) => {}
                Ok(Next::Record) => start.rows.push(Row::of(records.record())),
                // What cannot be read is no title.
                _ => break,
            }
        }
        start
    }
    /// The line of the header where it is not the first that there is: below a title, which fills a cell or two of many.
    pub fn header_below_title(&self) -> Option<u64> {
        let (place, header) = self.rows.iter().enumerate().find(|(_, row)| row.filled > 2)?;
        let titles = self.rows.get(..place).unwrap_or_default();
        let most = titles.iter().map(|row| row.filled).max()?;
        (header.is_of_names && header.filled > 2 * most).then_some(header.line)
    }
    /// The lines above it that say something.
    pub fn above(&self, line: u64) -> u64 {
        self.rows.iter().filter(|row| row.line < line).count() as u64
    }
}

impl Row {
    fn of(record: &Record) -> Self {
        let said: Vec<&str> = record.cells().map(str::trim).filter(|text| !text.is_empty()).collect();
        let names: BTreeSet<&str> = said.iter().copied().collect();
        let is_named = |text: &&str| text.contains(char::is_alphabetic) && !text.contains('@');
        Self {
            line: record.line,
            filled: said.len(),
            is_of_names: names.len() == said.len() && said.iter().all(is_named),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<u64> {
        let is_blank = |record: &Record| record.text().trim().is_empty();
        Start::of(Records::new(text.as_bytes(), b','), is_blank).header_below_title()
    }

    #[test]
    fn the_header_is_below_the_titles_that_stand_above_it() {
        for (text, wanted) in [
            ("Orders export 2024\n\nOrder,Date,Total\n1,2024-01-01,2\n", 3),
            ("Orders export 2024,,\nCreated 2024-05-05,,\nOrder,Date,Total\n1,2,3\n", 3),
            ("# exported by shop\nOrder,Date,Total\n1,2,3\n", 2),
            ("Shop:,Berlin\nOrder,Date,Total,SKU,Qty\n1,2,3,4,5\n", 2),
        ] {
            assert_eq!(header(text), Some(wanted), "{text}");
        }
        for text in [
            "Order,Date,Total\n1,2,3\n",
            "Only\na\nb\n",
            "Order,Total\n1,2\n",
            "Order\n1,2024-01-01,2\n",
            "Order\na,b,a\n",
            "Name,E-mail\nAnna,Bern,Switzerland\n",
            "Name\na@x.de,Bern,Switzerland\n",
            "",
        ] {
            assert_eq!(header(text), None, "{text}");
        }
    }
}
