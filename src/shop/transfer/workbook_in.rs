//! Excel workbooks as the CSV file that their first sheet with cells would be. Dates become ISO dates, numbers what they are.

use crate::base::error::{Error, Result};
use crate::shop::transfer::cell;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::parts;
use crate::shop::transfer::sheet_xml::Gauge;
use crate::shop::transfer::writer::{CsvWriter, Rows as _, Style};
use calamine::{DataRef, Reader as _, Xlsx};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tempfile::TempPath;
use zip::ZipArchive;

/// Unpacked bytes of a workbook: a full sheet of twenty columns has 800 MB.
const UNPACKED_MAX: u64 = 1 << 30;
/// Bytes of its table of texts, which is kept in memory, and the texts in it.
const TEXTS_BYTES_MAX: u64 = 64 << 20;
const TEXTS_MAX: u64 = 1_500_000;
/// Bytes of what tells where the sheets are.
const LINKS_BYTES_MAX: u64 = 1 << 20;
const LINKS: &str = "xl/_rels/workbook.xml.rels";
/// Columns and rows of a sheet; rows are as many as a spreadsheet has.
const COLUMNS_MAX: usize = 2_000;
const ROWS_MAX: u32 = 1_048_576;

/// Files as they are read.
#[derive(Debug)]
pub struct Unpacked {
    pub files: Vec<Input>,
    /// Sentences about sheets that are not read.
    pub left_out: Vec<String>,
    /// What was unpacked goes away with it.
    _kept: Vec<TempPath>,
}

/// The files as they are read: workbooks become CSV files in `scratch`, a folder of this shop that is emptied at its
/// start, because what customers are called and where they live lies in them.
///
/// # Errors
/// `file_unreadable` for a workbook that is broken or unpacks to more than any shop's.
pub fn unpacked(files: Vec<Input>, scratch: &Path) -> Result<Unpacked> {
    let (mut inputs, mut kept, mut left_out) = (Vec::with_capacity(files.len()), Vec::new(), Vec::new());
    for file in files {
        if is_workbook(&file)? {
            let (path, sheets) = converted(&file, scratch)?;
            for sheet in sheets {
                left_out.push(format!(
                    "The sheet “{}” of {} is left out: its columns are not those of the first.",
                    cell::shown(&sheet),
                    file.name()
                ));
            }
            inputs.push(Input::path_named(&path, file.name()));
            kept.push(path);
        } else {
            inputs.push(file);
        }
    }
    Ok(Unpacked { files: parts::of_all(inputs)?, left_out, _kept: kept })
}

/// A zip file with the parts of a workbook; other zip files are refused when they are read.
fn is_workbook(file: &Input) -> Result<bool> {
    let Some(path) = file.plain_path() else { return Ok(false) };
    let mut head = [0; 4];
    let mut source = File::open(path).map_err(|e| file.unreadable(e))?;
    if source.read(&mut head).map_err(|e| file.unreadable(e))? < 4 || head != *b"PK\x03\x04" {
        return Ok(false);
    }
    let opened = File::open(path).map_err(|e| file.unreadable(e))?;
    let Ok(archive) = ZipArchive::new(BufReader::new(opened)) else { return Ok(false) };
    Ok(archive.index_for_name("xl/workbook.xml").is_some())
}

fn broken(file: &Input, why: impl std::fmt::Display) -> Error {
    let text = format!(
        "{} cannot be read as an Excel workbook. Save it again as .xlsx, or the sheet as CSV UTF-8.",
        file.name()
    );
    Error::invalid("file_unreadable", text).because(why.to_string())
}

/// The refusal of a workbook that is well formed and too much.
fn too_much(file: &Input, why: &str) -> Error {
    let text = format!("{} is not read as a workbook: {why}. Save the sheet as CSV UTF-8.", file.name());
    Error::invalid("file_unreadable", text)
}

/// The refusal of a workbook that a program has written and no spreadsheet has computed: its cells would read as empty.
fn uncomputed(file: &Input, sheet: &str, cell: &str) -> Error {
    let text = format!(
        "{}: the cell {} ({}) holds a formula without its value. Open the workbook in a spreadsheet program, save it once there, and import it again.",
        file.name(),
        cell::shown(cell),
        cell::shown(sheet)
    );
    Error::invalid("file_unreadable", text)
}

/// Refuses what unpacks to more than it may, by unpacking it: what an archive says of itself proves nothing.
fn measure(file: &Input, opened: File) -> Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(opened)).map_err(|e| broken(file, e))?;
    let links = match archive.by_name(LINKS) {
        Ok(entry) => {
            let mut text = Vec::new();
            entry.take(LINKS_BYTES_MAX).read_to_end(&mut text).map_err(|e| broken(file, e))?;
            String::from_utf8_lossy(&text).to_lowercase()
        }
        Err(_) => String::new(),
    };
    let mut room = UNPACKED_MAX;
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(|e| broken(file, e))?;
        let name = entry.name().map(|name| name.to_lowercase()).unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or_default();
        // Pictures are never opened; anything else is, whatever it is called.
        let is_read = [".xml", ".rels"].iter().any(|end| last.ends_with(end)) || links.contains(last);
        let most = if last == "sharedstrings.xml" { room.min(TEXTS_BYTES_MAX) } else { room };
        let mut gauge = is_read.then(|| Gauge::new(TEXTS_MAX));
        let mut sink = io::sink();
        let out: &mut dyn Write = match &mut gauge {
            Some(gauge) => gauge,
            None => &mut sink,
        };
        let read = io::copy(&mut entry.take(most + 1), out);
        let (excess, formula) = gauge.map_or((None, None), |g| (g.excess, g.uncomputed));
        if let Some(excess) = excess {
            return Err(too_much(file, excess.words()));
        }
        if let Some(cell) = formula.filter(|_| name.starts_with("xl/worksheets/")) {
            return Err(uncomputed(file, last.trim_end_matches(".xml"), &cell));
        }
        let read = read.map_err(|e| broken(file, e))?;
        if read > most {
            return Err(too_much(file, "it unpacks to too much"));
        }
        room -= read;
    }
    Ok(())
}

fn converted(file: &Input, scratch: &Path) -> Result<(TempPath, Vec<String>)> {
    let Some(path) = file.plain_path() else { return Err(broken(file, "no path")) };
    let open = || File::open(path).map_err(|e| file.unreadable(e));
    measure(file, open()?)?;
    let out = tempfile::Builder::new().prefix("sheet-").tempfile_in(scratch).map_err(Error::internal)?;
    let (handle, kept) = out.into_parts();
    let source = BufReader::new(open()?);
    // The sheet comes from anywhere; a fault in reading it is the file's.
    let read = catch_unwind(AssertUnwindSafe(|| convert(file, source, handle, UNPACKED_MAX)));
    let left_out = read.unwrap_or_else(|_said| Err(broken(file, "reading it failed")))?;
    Ok((kept, left_out))
}

/// Writes the first sheet that has cells, and those after it that have the same header, up to `room` bytes of text; gives the names of the
/// others.
fn convert(file: &Input, source: BufReader<File>, out: File, mut room: u64) -> Result<Vec<String>> {
    let mut book = Xlsx::new(source).map_err(|e| broken(file, e))?;
    let names = book.sheet_names();
    names.first().ok_or_else(|| broken(file, "it has no sheet"))?;
    let mut csv = CsvWriter::new(BufWriter::new(out), Style::default())?;
    let mut left_out = Vec::new();
    let mut header: Option<Vec<String>> = None;
    for name in &names {
        let own = header_of(file, &mut book, name)?;
        if own.is_empty() {
            continue;
        }
        // The header of a further sheet is one that stands again, which readers of files know.
        let header = header.get_or_insert_with(|| own.clone());
        if own == *header {
            write_sheet(file, &mut book, (name, own.len()), &mut csv, &mut room)?;
        } else {
            left_out.push(name.clone());
        }
    }
    csv.finish()?;
    Ok(left_out)
}

/// The cells of the first row that has any.
fn header_of(file: &Input, book: &mut Xlsx<BufReader<File>>, name: &str) -> Result<Vec<String>> {
    let mut cells = book.worksheet_cells_reader(name).map_err(|e| broken(file, e))?;
    let (mut header, mut row) = (Vec::new(), None);
    while let Some(cell) = cells.next_cell().map_err(|e| broken(file, e))? {
        let (at, place) = cell.get_position();
        let text = match cell.get_value() {
            DataRef::Empty => continue,
            DataRef::String(text) => text.trim().to_owned(),
            DataRef::SharedString(text) => text.trim().to_owned(),
            other => format!("{other:?}"),
        };
        if *row.get_or_insert(at) != at || place as usize >= COLUMNS_MAX {
            break;
        }
        header.resize(place as usize, String::new());
        header.push(text);
    }
    Ok(header)
}

/// Writes the rows of a sheet. A workbook stores no empty cells: a row is as wide as the header. It stores a text once, however
/// many cells have it, so what comes out is counted: `room` bytes of it may be text.
fn write_sheet(
    file: &Input,
    book: &mut Xlsx<BufReader<File>>,
    (name, width): (&str, usize),
    csv: &mut CsvWriter<BufWriter<File>>,
    room: &mut u64,
) -> Result<()> {
    let mut cells = book.worksheet_cells_reader(name).map_err(|e| broken(file, e))?;
    let (mut row, mut column) = (0, 0);
    while let Some(cell) = cells.next_cell().map_err(|e| broken(file, e))? {
        let (at, place) = cell.get_position();
        if at < row || at >= ROWS_MAX || place as usize >= COLUMNS_MAX {
            return Err(broken(file, "its cells are out of order, or there are too many rows or columns"));
        }
        while row < at {
            end_row(csv, column, width)?;
            (row, column) = (row + 1, 0);
        }
        while column < place {
            csv.plain("")?;
            column += 1;
        }
        let value = cell.get_value();
        if let Some(text) = text_of(value) {
            let left = room.checked_sub(text.len() as u64);
            *room = left.ok_or_else(|| too_much(file, "it unpacks to too much"))?;
        }
        match value {
            DataRef::String(text) => csv.text(text)?,
            DataRef::SharedString(text) => csv.text(text)?,
            DataRef::DateTime(moment) if moment.is_datetime() => {
                let iso = iso(moment.to_ymd_hms_milli());
                // The day before the first is none: the cell is a time alone.
                let is_time = (0.0..1.0).contains(&moment.as_f64());
                match iso.split_once(' ').filter(|_| is_time) {
                    Some((_, time)) => csv.plain(time)?,
                    None if is_time => csv.plain("00:00:00")?,
                    None => csv.plain(&iso)?,
                }
            }
            DataRef::DateTime(span) => csv.plain(&span.as_f64().to_string())?,
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => csv.plain(text)?,
            DataRef::Int(number) => csv.plain(&number.to_string())?,
            DataRef::Float(number) => csv.plain(&number_text(*number))?,
            DataRef::Bool(truth) => csv.plain(if *truth { "TRUE" } else { "FALSE" })?,
            DataRef::Error(error) => csv.plain(&error.to_string())?,
            DataRef::Empty => csv.plain("")?,
        }
        column += 1;
    }
    end_row(csv, column, width)
}

/// A number as it stands. From 2^53 on a spreadsheet has rounded it, so that it is no id any more: written as spreadsheets show
/// such a one, it is taken for none.
fn number_text(number: f64) -> String {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number >= EXACT_MAX { format!("{number:E}").replace('E', "E+") } else { number.to_string() }
}

fn text_of<'a>(value: &'a DataRef<'_>) -> Option<&'a str> {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Some(text),
        DataRef::SharedString(text) => Some(text),
        _ => None,
    }
}

fn end_row(csv: &mut CsvWriter<BufWriter<File>>, column: u32, width: usize) -> Result<()> {
    if column > 0 {
        (column as usize..width).try_for_each(|_| csv.plain(""))?;
    }
    csv.end_row()
}

/// `2026-11-20`, with the time where there is one.
fn iso((year, month, day, hour, minute, second, _): (u16, u8, u8, u8, u8, u8, u16)) -> String {
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::input::Meter;
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    fn text(file: &Input) -> String {
        let scratch = tempfile::tempdir().unwrap();
        let unpacked = unpacked(vec![file.clone()], scratch.path()).unwrap();
        let mut text = String::new();
        unpacked.files[0].open(&Meter::default()).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_sheet_is_the_csv_file_it_would_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let date = Format::new().set_num_format("yyyy-mm-dd hh:mm");
        sheet.write_string(0, 0, "Name").unwrap();
        sheet.write_string(0, 2, "=1+1").unwrap();
        sheet.write_number(2, 0, 59.5).unwrap();
        sheet
            .write_datetime_with_format(
                2,
                1,
                ExcelDateTime::from_ymd(2026, 11, 20).unwrap().and_hms(9, 5, 0).unwrap(),
                &date,
            )
            .unwrap();
        sheet.write_string(2, 2, "a, \"b\"").unwrap();
        sheet.write_number(3, 0, 10_482).unwrap();
        sheet.write_number(3, 1, 7_210_448_301_122_123_456_u64 as f64).unwrap();
        book.save(&path).unwrap();
        let expected = "Name,,\"'=1+1\"\r\n\r\n59.5,2026-11-20 09:05:00,\"a, \"\"b\"\"\"\r\n10482,7.210448301122124E+18,\r\n";
        assert_eq!(text(&Input::path(&path)), expected);
    }

    #[test]
    fn further_sheets_with_the_same_columns_are_read_and_others_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let mut book = Workbook::new();
        for (name, cells) in [
            ("2024", [["No", "Sum"], ["1", "5"]]),
            ("Notes", [["To do", ""], ["x", ""]]),
            ("2025", [["No", "Sum"], ["2", ""]]),
        ] {
            let sheet = book.add_worksheet().set_name(name).unwrap();
            for (row, texts) in (0..).zip(cells) {
                for (column, text) in (0..).zip(texts).filter(|(_, t)| !t.is_empty()) {
                    sheet.write_string(row, column, text).unwrap();
                }
            }
        }
        book.add_worksheet();
        book.save(&path).unwrap();
        assert_eq!(text(&Input::path(&path)), "No,Sum\r\n1,5\r\nNo,Sum\r\n2,\r\n");
        let left_out = unpacked(vec![Input::path(&path)], dir.path()).unwrap().left_out;
        assert!(left_out.len() == 1 && left_out[0].contains("“Notes”"), "{left_out:?}");
    }

    #[test]
    fn a_sheet_without_cells_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let mut book = Workbook::new();
        book.add_worksheet();
        book.add_worksheet().write_string(0, 0, "No").unwrap();
        book.save(&path).unwrap();
        assert_eq!(text(&Input::path(&path)), "No\r\n");
    }

    #[test]
    fn what_is_broken_or_no_workbook_is_left_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let mut book = Workbook::new();
        book.add_worksheet().write_string(0, 0, "x".repeat(30_000)).unwrap();
        let whole = book.save_to_buffer().unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let refused = unpacked(vec![Input::path(&path)], dir.path()).unwrap();
        assert_eq!(refused.files[0].open(&Meter::default()).err().unwrap().code, "file_is_workbook");
        let mut bent = whole.clone();
        for byte in bent.iter_mut().skip(whole.len() / 3).take(40) {
            *byte ^= 0x5a;
        }
        std::fs::write(&path, &bent).unwrap();
        let answer = unpacked(vec![Input::path(&path)], dir.path());
        assert!(answer.is_ok() || answer.unwrap_err().code == "file_unreadable");
        File::create(&path).unwrap().write_all(b"a,b\n1,2\n").unwrap();
        assert_eq!(text(&Input::path(&path)), "a,b\n1,2\n");
    }

    #[test]
    fn a_text_that_stands_in_many_cells_is_counted_in_each() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("many.xlsx");
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for row in 0..100 {
            sheet.write_string(row, 0, "a long text").unwrap();
        }
        book.save(&path).unwrap();
        let file = Input::path(&path);
        let converted = |room| {
            let source = BufReader::new(File::open(&path).unwrap());
            convert(&file, source, tempfile::tempfile().unwrap(), room)
        };
        assert!(converted(1_100).is_ok());
        let error = converted(1_099).unwrap_err();
        assert!(error.code == "file_unreadable" && error.message.contains("too much"), "{error}");
    }

    /// A workbook whose first sheet is this XML.
    fn with_sheet(path: &Path, xml: &str) {
        let mut book = Workbook::new();
        book.add_worksheet().write_string(0, 0, "x").unwrap();
        let whole = book.save_to_buffer().unwrap();
        let mut from = ZipArchive::new(io::Cursor::new(whole)).unwrap();
        let mut to = zip::ZipWriter::new(File::create(path).unwrap());
        for place in 0..from.len() {
            let mut entry = from.by_index(place).unwrap();
            let name = entry.name().unwrap().into_owned();
            to.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
            if name.ends_with("sheet1.xml") {
                to.write_all(xml.as_bytes()).unwrap();
            } else {
                io::copy(&mut entry, &mut to).unwrap();
            }
        }
        to.finish().unwrap();
    }

    #[test]
    fn a_formula_that_nobody_has_computed_refuses_the_workbook() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let sheet = |cell: &str| {
            format!(
                "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Total</t></is></c></row><row r=\"2\">{cell}</row></sheetData></worksheet>"
            )
        };
        with_sheet(&path, &sheet("<c r=\"A2\"><f>5+5</f><v /></c>"));
        let error = unpacked(vec![Input::path(&path)], dir.path()).unwrap_err();
        assert_eq!(error.code, "file_unreadable");
        assert!(
            error.message.contains("the cell A2 (sheet1)") && error.message.contains("save it once"),
            "{error}"
        );
        with_sheet(&path, &sheet("<c r=\"A2\"><f>5+5</f><v>10</v></c>"));
        assert_eq!(text(&Input::path(&path)), "Total\r\n10\r\n");
    }

    #[test]
    fn a_time_without_a_day_is_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.xlsx");
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let (time, date) =
            (Format::new().set_num_format("hh:mm:ss"), Format::new().set_num_format("yyyy-mm-dd hh:mm"));
        for (row, (value, format)) in
            (0..).zip([(0.4375, &time), (0.0, &time), (45_662.0, &date), (1.5, &date)])
        {
            sheet.write_number_with_format(row, 0, value, format).unwrap();
        }
        book.save(&path).unwrap();
        assert_eq!(
            text(&Input::path(&path)),
            "10:30:00\r\n00:00:00\r\n2025-01-05\r\n1900-01-01 12:00:00\r\n"
        );
    }

    #[test]
    fn a_packed_bomb_is_refused_without_its_content_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, scratch) = (dir.path().join("a.xlsx"), dir.path().join("scratch"));
        std::fs::create_dir(&scratch).unwrap();
        let sheet = |cells: &str| {
            format!(
                "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\">{cells}</row></sheetData></worksheet>"
            )
        };
        let cell = |text: &str| format!("<c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        with_sheet(&path, &sheet(&cell("No")));
        assert_eq!(text(&Input::path(&path)), "No\r\n");
        with_sheet(&path, &sheet(&cell(&"x".repeat(5 << 20))));
        assert!(path.metadata().unwrap().len() < 100_000);
        let error = unpacked(vec![Input::path(&path)], &scratch).unwrap_err();
        assert_eq!(error.code, "file_unreadable");
        assert!(error.message.contains("longer than 1 MB") && error.message.len() < 300, "{}", error.message);
        with_sheet(&path, &sheet("<c r=\"A4000000000\"><v>1</v></c>"));
        assert!(unpacked(vec![Input::path(&path)], &scratch).is_err());
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    }
}
