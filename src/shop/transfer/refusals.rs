//! Refused rows as a file: the row as it stood, then where and why, so that it can be mended and imported again.

use crate::base::error::Result;
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::writer::{CsvWriter, Rows, Style};
use std::io::Write;
use std::sync::Arc;

/// The columns after those of the row. An import leaves columns with such names out.
pub const REFUSED_COLUMNS: [&str; 6] =
    ["refused_file", "refused_line", "refused_column", "refused_value", "refused_code", "refused_reason"];

/// Whether a column was added by [`RefusedCsv`].
pub fn is_refused_column(title: &str) -> bool {
    REFUSED_COLUMNS.contains(&title)
}

/// Writes refused rows one after another. Rows of files with other columns begin with a header of their own, so a
/// file that is to be imported again holds the refusals of one kind of file.
pub struct RefusedCsv<W: Write> {
    csv: CsvWriter<W>,
    header: Option<Arc<[String]>>,
}

impl<W: Write> RefusedCsv<W> {
    /// # Errors
    /// `file_unwritable`.
    pub fn new(out: W) -> Result<Self> {
        Ok(Self { csv: CsvWriter::new(out, Style::default())?, header: None })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, refused: &Refused) -> Result<()> {
        if self.header.as_ref() != Some(&refused.header) {
            for title in refused.header.iter().filter(|t| !is_refused_column(t)) {
                self.csv.text(title)?;
            }
            for title in REFUSED_COLUMNS {
                self.csv.plain(title)?;
            }
            self.csv.end_row()?;
            self.header = Some(Arc::clone(&refused.header));
        }
        self.row(refused)
    }
    fn row(&mut self, refused: &Refused) -> Result<()> {
        // A row that is too long or too short keeps its cells; what is missing at the end is empty.
        let width = refused.header.len().max(refused.cells.len());
        for place in 0..width {
            if refused.header.get(place).is_some_and(|t| is_refused_column(t)) {
                continue;
            }
            self.csv.text(refused.cells.get(place).map_or("", String::as_str))?;
        }
        self.csv.text(&refused.file)?;
        self.csv.plain(&refused.line.to_string())?;
        self.csv.text(&refused.column)?;
        self.csv.text(&refused.value)?;
        self.csv.plain(refused.code)?;
        self.csv.text(&refused.reason)?;
        self.csv.end_row()
    }
    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn finish(self) -> Result<W> {
        self.csv.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::input::Input;
    use crate::shop::transfer::mapping::Kind;
    use crate::shop::transfer::options::Options;
    use crate::shop::transfer::presets::{Format, preset};
    use crate::shop::transfer::real_data::Kept;
    use crate::shop::transfer::run::run;

    fn import(text: &str) -> Kept {
        let mut kept = Kept::default();
        let input = Input::bytes("day.csv", text.as_bytes());
        run(&preset(Format::OnlineRetail, Kind::Orders).unwrap(), &[input], &Options::default(), &mut kept)
            .unwrap();
        kept
    }

    #[test]
    fn refused_rows_can_be_mended_and_imported() {
        let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
        let text = format!(
            "{header}\n1,A,\"=x, y\",1.5,2011-01-01,2.00,7,France\n1,B,'s,1,2011-01-01,1.00,7,France\n2,C,z,1,2011-01-01,1.00,7,France\n"
        );
        let first = import(&text);
        assert_eq!((first.orders.len(), first.refused.len()), (1, 2));
        assert_eq!(first.refused[0].code, "quantity_not_whole");
        assert!(first.refused[1].reason.contains("line 2"), "{}", first.refused[1].reason);
        let mut csv = RefusedCsv::new(Vec::new()).unwrap();
        first.refused.iter().for_each(|r| csv.write(r).unwrap());
        let mended = String::from_utf8(csv.finish().unwrap()).unwrap().replacen(",1.5,", ",2,", 1);
        let second = import(&mended);
        assert_eq!(second.refused, []);
        let order = &second.orders[0];
        assert_eq!((order.lines[0].title.as_str(), order.lines[1].title.as_str()), ("=x, y", "'s"));
        assert_eq!((order.lines[0].quantity, order.metadata.len()), (2, 0));
    }
}
