//! Refused rows as a file: the row as it stood, then where and why, so that it can be mended and imported again.

use crate::base::error::Result;
use crate::shop::transfer::outcome::Refused;
use crate::shop::transfer::writer::{CsvWriter, Rows, Style, unwritable};
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use tempfile::SpooledTempFile;

/// The columns after those of the row. An import leaves columns with such names out.
pub const REFUSED_COLUMNS: [&str; 6] =
    ["refused_file", "refused_line", "refused_column", "refused_value", "refused_code", "refused_reason"];

/// Stands in a refused row for a cell it did not have, so that nobody takes the row for whole before it is mended.
pub const MISSING: &str = "(missing)";
/// The column of refused lines of JSON.
pub const JSON_COLUMN: &str = "json_line";
/// More bytes of refused rows than these wait on the disk for their place.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whether a column was added by [`RefusedCsv`].
pub fn is_refused_column(title: &str) -> bool {
    REFUSED_COLUMNS.contains(&title)
}

/// How many of the titles are the file's own; all where the file is none of refused rows. A spreadsheet may have put
/// empty cells behind them.
pub fn own_columns<'a>(
    header: impl DoubleEndedIterator<Item = &'a str> + ExactSizeIterator + Clone,
) -> usize {
    let all = header.len();
    let titles = header.rev().skip_while(|title| title.trim().is_empty());
    if titles.clone().take(REFUSED_COLUMNS.len()).eq(REFUSED_COLUMNS.iter().rev().copied()) {
        titles.count() - REFUSED_COLUMNS.len()
    } else {
        all
    }
}

/// Whether the bytes that a file begins with hold our columns one behind the other, as no other file does. They are ASCII
/// whatever the letters around them are.
pub fn begins_with_refused(head: &[u8]) -> bool {
    let find = |bytes: &[u8], word: &str| bytes.windows(word.len()).position(|w| w == word.as_bytes());
    let mut rest = head;
    for (place, title) in REFUSED_COLUMNS.iter().enumerate() {
        // Between two titles stand a separator and quotes.
        let near = if place == 0 { rest } else { rest.get(..title.len() + 3).unwrap_or(rest) };
        let Some(at) = find(near, title) else { return false };
        rest = rest.get(at + title.len()..).unwrap_or_default();
    }
    true
}

/// Writes refused rows in the order of their files, whenever they were refused. Rows of files with other columns
/// begin with a header of their own.
pub struct RefusedCsv<W: Write> {
    out: W,
    /// Rows in the order in which they were refused.
    waiting: SpooledTempFile,
    bytes: u64,
    rows: Vec<Waiting>,
    /// In the order in which they were met. One name may stand for two files.
    files: Vec<Arc<str>>,
    headers: Vec<Titles>,
}

/// A row that waits for its place.
struct Waiting {
    /// Its place: kind of file, file, line.
    place: (usize, usize, u64),
    at: u64,
    len: usize,
}

/// The header of a kind of file.
struct Titles {
    header: Arc<[String]>,
    own: Vec<String>,
}

impl<W: Write> RefusedCsv<W> {
    /// Many rows wait in `scratch`, a folder of this shop, because what customers are called lies in them.
    pub fn new(out: W, scratch: &Path) -> Self {
        let waiting = tempfile::spooled_tempfile_in(WAITING_BYTES_MAX, scratch);
        Self { out, waiting, bytes: 0, rows: Vec::new(), files: Vec::new(), headers: Vec::new() }
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, refused: &Refused) -> Result<()> {
        let row = row(refused)?;
        let kind = self.kind_of(&refused.header);
        let known = self.files.iter().rposition(|file| Arc::ptr_eq(file, &refused.file));
        let file = known.unwrap_or_else(|| {
            self.files.push(Arc::clone(&refused.file));
            self.files.len() - 1
        });
        self.waiting.write_all(&row).map_err(unwritable)?;
        self.rows.push(Waiting { place: (kind, file, refused.line), at: self.bytes, len: row.len() });
        self.bytes += row.len() as u64;
        Ok(())
    }
    /// Which header a row stands under.
    fn kind_of(&mut self, header: &Arc<[String]>) -> usize {
        if let Some(known) = self.headers.iter().position(|t| Arc::ptr_eq(&t.header, header)) {
            return known;
        }
        let mut own: Vec<String> = header.iter().filter(|t| !is_refused_column(t)).cloned().collect();
        if own.is_empty() {
            own.push(JSON_COLUMN.to_owned());
        }
        self.headers.iter().position(|t| t.own == own).unwrap_or_else(|| {
            self.headers.push(Titles { header: Arc::clone(header), own });
            self.headers.len() - 1
        })
    }
    /// Writes all rows, flushes, and gives the writer back.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn finish(mut self) -> Result<W> {
        self.rows.sort_by_key(|row| row.place);
        let (mut last, mut bytes) = (None, Vec::new());
        for Waiting { place: (kind, ..), at, len } in &self.rows {
            if last.replace(*kind) != Some(*kind)
                && let Some(titles) = self.headers.get(*kind)
            {
                self.out.write_all(&head(&titles.own)?).map_err(unwritable)?;
            }
            bytes.resize(*len, 0);
            self.waiting.seek(SeekFrom::Start(*at)).map_err(unwritable)?;
            self.waiting.read_exact(&mut bytes).map_err(unwritable)?;
            self.out.write_all(&bytes).map_err(unwritable)?;
        }
        self.out.flush().map_err(unwritable)?;
        Ok(self.out)
    }
}

fn head(own: &[String]) -> Result<Vec<u8>> {
    let mut csv = CsvWriter::new(Vec::new(), Style::default())?;
    for title in own.iter().map(String::as_str).chain(REFUSED_COLUMNS) {
        csv.plain(title)?;
    }
    csv.end_row()?;
    csv.finish()
}

/// The cells as they stand: what was read once is read in the same way again. Only what we put behind them is guarded.
fn row(refused: &Refused) -> Result<Vec<u8>> {
    let mut csv = CsvWriter::new(Vec::new(), Style::default())?;
    let is_own = |place: usize| refused.header.get(place).is_none_or(|t| !is_refused_column(t));
    let named = refused.header.iter().rposition(|t| !t.is_empty() && !is_refused_column(t));
    // A row that is too long keeps its cells; what one that is too short lacks is marked.
    for place in (0..refused.header.len().max(refused.cells.len())).filter(|p| is_own(*p)) {
        match refused.cells.get(place) {
            Some(cell) => csv.plain(cell)?,
            None if named.is_some_and(|last| place <= last) => csv.plain(MISSING)?,
            None => csv.plain("")?,
        }
    }
    csv.text(&refused.file)?;
    csv.plain(&refused.line.to_string())?;
    csv.text(&refused.column)?;
    csv.text(&refused.value)?;
    csv.plain(refused.code)?;
    csv.text(&refused.reason)?;
    csv.end_row()?;
    csv.finish()
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
        let mut csv = RefusedCsv::new(Vec::new(), Path::new("."));
        first.refused.iter().for_each(|r| csv.write(r).unwrap());
        let mended = String::from_utf8(csv.finish().unwrap()).unwrap().replacen(",1.5,", ",2,", 1);
        let second = import(&mended);
        assert_eq!(second.refused, []);
        let order = &second.orders[0];
        assert_eq!((order.lines[0].title.as_str(), order.lines[1].title.as_str()), ("=x, y", "'s"));
        assert_eq!((order.lines[0].quantity, order.metadata.len()), (2, 0));
    }

    const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

    /// The refused rows as a file.
    fn file(kept: &Kept) -> String {
        let mut csv = RefusedCsv::new(Vec::new(), Path::new("."));
        kept.refused.iter().for_each(|r| csv.write(r).unwrap());
        String::from_utf8(csv.finish().unwrap()).unwrap()
    }
    fn said(kept: &Kept) -> Vec<(&'static str, &str)> {
        kept.refused.iter().map(|r| (r.code, r.reason.as_str())).collect()
    }

    #[test]
    fn a_row_that_is_not_mended_is_refused_again_for_the_same_reason() {
        let text = format!(
            "{HEADER}\n1,A,x,1,2011-01-01\n2,B,y,1,2011-01-01,1.00,7,France,more\n3,\"C\"z,1,1,2011-01-01,1,7,France\n4,D,z,1,2011-01-01,1.00,7,France\n"
        );
        let first = import(&text);
        assert_eq!((first.orders.len(), first.refused.len()), (1, 3));
        assert_eq!(first.refused[0].reason, "The row has 5 of 8 cells.");
        let rows = file(&first);
        assert!(rows.contains("1,A,x,1,2011-01-01,(missing),(missing),(missing),day.csv,2,"), "{rows}");
        let mut again = import(&rows);
        for _ in 0..2 {
            assert_eq!((again.orders.len(), said(&again)), (0, said(&first)), "{rows}");
            assert_eq!(file(&again).lines().count(), 4);
            again = import(&file(&again));
        }
        let mended = rows
            .replacen("(missing),(missing),(missing)", "2.00,,France", 1)
            .replace(",France,more,", ",France,")
            .replace("\"3,\"\"C\"\"z,1,1,2011-01-01,1,7,France\",(missing),(missing),(missing),(missing),(missing),(missing),(missing)", "3,C,z,1,2011-01-01,1,7,France");
        let last = import(&mended);
        assert_eq!(last.refused, [], "{mended}");
        assert_eq!(last.orders.len(), 3);
        // In any other file it is a text like any other.
        assert_eq!(import(&format!("{HEADER}\n1,(missing),x,1,2011-01-01,1,7,France\n")).orders.len(), 1);
    }

    #[test]
    fn refused_lines_of_json_can_be_mended_and_imported() {
        use crate::shop::transfer::own_run;
        let read = |text: &str| {
            let mut kept = Kept::default();
            let input = [Input::bytes("orders.jsonl", text.as_bytes())];
            own_run::run(Kind::Orders, &input, &Options::default(), &mut kept).unwrap();
            kept
        };
        let line = |number: u64, status: &str, title: &str| {
            format!(
                "{{\"number\":{number},\"placed_at\":\"2026-01-02T03:04:05Z\",\"source\":{{\"source\":\"old\",\"id\":\"{number}\"}},\"currency\":\"EUR\",\"total\":100,\"status\":\"{status}\",\"payment\":\"paid\",\"fulfilment\":\"fulfilled\",\"lines\":[{{\"title\":\"{title}\",\"quantity\":1,\"unit_price\":\"1\",\"total\":100}}]}}\n"
            )
        };
        let first =
            read(&(line(1, "open", "Cup") + &line(2, "opened", "=1, \\\"a\\\"") + &line(3, "shut", "Pan")));
        assert_eq!((first.orders.len(), said(&first).len()), (1, 2));
        assert_eq!(said(&first)[0].0, "invalid_json");
        let rows = file(&first);
        assert!(rows.starts_with("json_line,refused_file,"), "{rows}");
        // As it is it is refused again for the same reason; mended it comes in.
        assert_eq!(said(&read(&rows)), said(&first));
        let last = read(&rows.replacen("opened", "open", 1).replacen("shut", "completed", 1));
        assert_eq!(last.refused, []);
        let titles: Vec<&str> = last.orders.iter().map(|o| o.lines[0].title.as_str()).collect();
        assert_eq!(titles, ["=1, \"a\"", "Pan"]);
    }

    #[test]
    fn rows_of_another_file_are_not_taken_for_rows_of_the_first() {
        let refused = |header: &str, cells: &str| Refused {
            file: "x".into(),
            line: 7,
            column: String::new(),
            value: String::new(),
            code: "wrong_width",
            reason: "Because.".into(),
            header: header.split(',').map(str::to_owned).collect(),
            cells: cells.split(',').map(str::to_owned).collect(),
        };
        let mut csv = RefusedCsv::new(Vec::new(), Path::new("."));
        csv.write(&refused(HEADER, "1,A,x,1,2011-01-01,1.00,7,France")).unwrap();
        csv.write(&refused("a,b,c,d,e,f,g,h", "2,A,x,1,2011-01-01,1.00,7,France")).unwrap();
        csv.write(&refused(HEADER, "3,A,x,1,2011-01-01,1.00,7,France")).unwrap();
        let kept = import(&String::from_utf8(csv.finish().unwrap()).unwrap());
        assert_eq!((kept.orders.len(), said(&kept)[0].0), (2, "other_file"));
    }
}
