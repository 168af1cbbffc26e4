//! Records out of CSV text: RFC 4180 with a lenient tail, physical line numbers, and errors that cost one line.
//!
//! Our own small machine, because the `csv` crate cannot say that text follows a closing quote (it glues it to
//! the cell), reads an unclosed quote to the end of the file, and has no limit for a cell. Here a record that
//! cannot be read costs its first line only: reading goes on with the very next line, so no neighbour is lost.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// An unclosed quote is given up after this much.
pub const CELL_BYTES_MAX: usize = 1024 * 1024;
pub const CELL_LINES_MAX: usize = 10_000;
/// A longer line is skipped without being kept.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
pub const CELLS_MAX: usize = 10_000;

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `"abc"def,`
    TextAfterQuote,
    /// A quote that opens and is not closed within the limits or the file.
    QuoteNotClosed,
    LineTooLong,
    TooManyCells,
    NotUtf8,
}

impl Fault {
    pub const ALL: [Self; 5] =
        [Self::TextAfterQuote, Self::QuoteNotClosed, Self::LineTooLong, Self::TooManyCells, Self::NotUtf8];
    pub fn code(self) -> &'static str {
        match self {
            Self::TextAfterQuote => "text_after_quote",
            Self::QuoteNotClosed => "quote_not_closed",
            Self::LineTooLong => "line_too_long",
            Self::TooManyCells => "too_many_cells",
            Self::NotUtf8 => "not_utf8",
        }
    }
    /// What is wrong and what would be right.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TextAfterQuote => {
                "There is text after a closing quote. Quotes inside a cell are doubled: \"He said \"\"yes\"\"\"."
            }
            Self::QuoteNotClosed => {
                "The quote that opens on this line is not closed, or only after more than 1 MB or 10,000 lines."
            }
            Self::LineTooLong => "The line is longer than 4 MB.",
            Self::TooManyCells => "The line has more than 10,000 cells.",
            Self::NotUtf8 => "The line has bytes that stand for no letter.",
        }
    }
}

/// One record: its cells in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Number of the physical line it starts on, from 1.
    pub line: u64,
    text: String,
    ends: Vec<u32>,
}

impl Record {
    /// A record of one cell.
    pub fn of(line: u64, text: &str) -> Self {
        Self { line, text: text.to_owned(), ends: u32::try_from(text.len()).into_iter().collect() }
    }
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
    /// The cell as it stands in the file; `None` beyond the last one.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)? as usize,
        };
        self.text.get(start..end)
    }
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
    /// All text of the record without its delimiters.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What the next line is.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The record is in [`Records::record`].
    Record,
    /// This physical line is no record; here is what is wrong and the line as it stands, at most its first megabyte.
    Fault {
        line: u64,
        fault: Fault,
        raw: String,
    },
    End,
}

/// Reads records from UTF-8 text.
pub struct Records<R> {
    lines: Lines<R>,
    delimiter: u8,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    line: Vec<u8>,
    record: Record,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Start,
    Bare,
    Quoted,
    AfterQuote,
}

impl<R: BufRead> Records<R> {
    /// `delimiter` is an ASCII character other than the quote.
    pub fn new(reader: R, delimiter: u8) -> Self {
        Self {
            lines: Lines { reader, number: 0, again: VecDeque::new() },
            delimiter,
            bytes: Vec::new(),
            ends: Vec::new(),
            line: Vec::new(),
            record: Record::default(),
        }
    }
    /// The record that was read last.
    pub fn record(&self) -> &Record {
        &self.record
    }
    pub fn reader(&self) -> &R {
        &self.lines.reader
    }

    /// Reads the next record.
    ///
    /// # Errors
    /// What the reader below says.
    pub fn advance(&mut self) -> io::Result<Next> {
        self.bytes.clear();
        self.ends.clear();
        let mut line = std::mem::take(&mut self.line);
        let first = match self.lines.take(&mut line)? {
            Taken::End => return Ok(Next::End),
            Taken::TooLong(number) => return Ok(fault(number, Fault::LineTooLong, &line)),
            Taken::Line(number) => number,
        };
        let mut consumed: Vec<Vec<u8>> = Vec::new();
        let mut within = self.feed(&line, Within::Start);
        while within == Ok(Within::Quoted) {
            within = self.go_on(&mut consumed)?;
        }
        let outcome = within.and_then(|_| self.finish(first));
        let next = match outcome {
            Ok(()) => Next::Record,
            Err(kind) => {
                self.lines.give_back(first + 1, consumed);
                fault(first, kind, &line)
            }
        };
        self.line = line;
        Ok(next)
    }

    /// Feeds one more line into a quoted cell.
    fn go_on(&mut self, consumed: &mut Vec<Vec<u8>>) -> io::Result<Result<Within, Fault>> {
        let start = self.ends.last().map_or(0, |e| *e as usize);
        if consumed.len() >= CELL_LINES_MAX || self.bytes.len() - start > CELL_BYTES_MAX {
            return Ok(Err(Fault::QuoteNotClosed));
        }
        let mut line = Vec::new();
        Ok(match self.lines.take(&mut line)? {
            Taken::Line(_) => {
                let within = self.feed(&line, Within::Quoted);
                consumed.push(line);
                within
            }
            Taken::TooLong(_) | Taken::End => Err(Fault::QuoteNotClosed),
        })
    }

    /// Takes one physical line apart; `Quoted` means that the record goes on.
    fn feed(&mut self, line: &[u8], start: Within) -> Result<Within, Fault> {
        let body = without_end(line);
        let mut within = start;
        let mut rest = line;
        while let Some((byte, after)) = rest.split_first() {
            match within {
                Within::Start if *byte == b'"' => {
                    within = Within::Quoted;
                    rest = after;
                }
                Within::Start | Within::Bare => {
                    // The cell goes to the next delimiter or the end of the line.
                    let left = rest.len() - (line.len() - body.len()).min(rest.len());
                    let bare = rest.get(..left).unwrap_or_default();
                    let end = bare.iter().position(|b| *b == self.delimiter);
                    self.bytes.extend_from_slice(bare.get(..end.unwrap_or(left)).unwrap_or_default());
                    let Some(end) = end else { return self.cell().map(|()| Within::Bare) };
                    self.cell()?;
                    within = Within::Start;
                    rest = rest.get(end + 1..).unwrap_or_default();
                }
                Within::Quoted => {
                    let end = rest.iter().position(|b| *b == b'"').unwrap_or(rest.len());
                    let (text, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    self.bytes.extend_from_slice(text);
                    match tail {
                        [_, b'"', more @ ..] => {
                            self.bytes.push(b'"');
                            rest = more;
                        }
                        [_, more @ ..] => {
                            within = Within::AfterQuote;
                            rest = more;
                        }
                        [] => return Ok(Within::Quoted),
                    }
                }
                Within::AfterQuote if *byte == self.delimiter => {
                    self.cell()?;
                    within = Within::Start;
                    rest = after;
                }
                Within::AfterQuote if matches!(byte, b' ' | b'\t') => rest = after,
                Within::AfterQuote if matches!(rest, b"\n" | b"\r\n" | b"\r") => break,
                Within::AfterQuote => return Err(Fault::TextAfterQuote),
            }
        }
        match within {
            Within::Quoted => Ok(Within::Quoted),
            _ => self.cell().map(|()| Within::Bare),
        }
    }

    fn cell(&mut self) -> Result<(), Fault> {
        let start = self.ends.last().map_or(0, |e| *e as usize);
        if self.bytes.len() - start > CELL_BYTES_MAX {
            return Err(Fault::QuoteNotClosed);
        }
        if self.ends.len() >= CELLS_MAX {
            return Err(Fault::TooManyCells);
        }
        self.ends.push(u32::try_from(self.bytes.len()).ok().ok_or(Fault::LineTooLong)?);
        Ok(())
    }

    fn finish(&mut self, line: u64) -> Result<(), Fault> {
        let text = std::str::from_utf8(&self.bytes).ok().ok_or(Fault::NotUtf8)?;
        self.record.line = line;
        self.record.text.clear();
        self.record.text.push_str(text);
        self.record.ends.clear();
        self.record.ends.extend_from_slice(&self.ends);
        Ok(())
    }
}

fn fault(line: u64, fault: Fault, raw: &[u8]) -> Next {
    let kept = raw.get(..raw.len().min(CELL_BYTES_MAX)).unwrap_or_default();
    Next::Fault { line, fault, raw: String::from_utf8_lossy(without_end(kept)).into_owned() }
}

/// The line without LF, CR or CRLF.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

enum Taken {
    Line(u64),
    /// The line's start is in the buffer, the rest was thrown away.
    TooLong(u64),
    End,
}

/// Physical lines, with their numbers, that can be given back.
struct Lines<R> {
    reader: R,
    number: u64,
    again: VecDeque<Vec<u8>>,
}

impl<R: BufRead> Lines<R> {
    fn take(&mut self, line: &mut Vec<u8>) -> io::Result<Taken> {
        if let Some(kept) = self.again.pop_front() {
            *line = kept;
            self.number += 1;
            return Ok(Taken::Line(self.number));
        }
        line.clear();
        let mut is_long = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(buffer.len(), |i| i + 1);
            let part = buffer.get(..end).unwrap_or_default();
            let sign = part.last().copied().filter(|b| matches!(b, b'\n' | b'\r'));
            is_long = is_long || line.len() + part.len() > LINE_BYTES_MAX;
            if !is_long {
                line.extend_from_slice(part);
            }
            self.reader.consume(end);
            // The LF of a CRLF may come with the next piece of the file.
            if sign == Some(b'\r') && self.reader.fill_buf()?.first() == Some(&b'\n') {
                if !is_long {
                    line.push(b'\n');
                }
                self.reader.consume(1);
            }
            if sign.is_some() {
                break;
            }
        }
        if line.is_empty() && !is_long {
            return Ok(Taken::End);
        }
        self.number += 1;
        Ok(if is_long { Taken::TooLong(self.number) } else { Taken::Line(self.number) })
    }

    /// Puts lines back in front; the first of them has this number.
    fn give_back(&mut self, number: u64, lines: Vec<Vec<u8>>) {
        if lines.is_empty() {
            return;
        }
        self.number = number - 1;
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The records as cells, and the faults as `line:code`.
    fn read(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
        let mut records = Records::new(text.as_bytes(), b',');
        let (mut rows, mut faults) = (Vec::new(), Vec::new());
        loop {
            match records.advance().unwrap() {
                Next::Record => rows.push(records.record().cells().map(str::to_owned).collect()),
                Next::Fault { line, fault, .. } => faults.push(format!("{line}:{}", fault.code())),
                Next::End => return (rows, faults),
            }
        }
    }
    fn rows(text: &str) -> Vec<Vec<String>> {
        let (rows, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new());
        rows
    }

    #[test]
    fn quotes_line_ends_and_a_missing_last_one_are_read() {
        assert_eq!(
            rows("a,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\n,\n"),
            [vec!["a", "b"], vec!["x, \"y\"", "1\r\n2"], vec!["", ""]]
        );
        assert_eq!(rows("a,b"), [["a", "b"]]);
        assert_eq!(rows("a,\"b\""), [["a", "b"]]);
        assert_eq!(rows("a,"), [["a", ""]]);
        assert_eq!(rows("a,b\rc,5\" disk\r"), [["a", "b"], ["c", "5\" disk"]]);
        assert_eq!(rows("a,b\rc,d\r\ne,f\ng,h"), [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
        assert_eq!(rows("a,\"1\r2\r\n3\n4\"\rb,c\r"), [["a", "1\r2\r\n3\n4"], ["b", "c"]]);
        assert_eq!(rows(""), Vec::<Vec<String>>::new());
        assert_eq!(rows("a\n\nb\n"), [["a"], [""], ["b"]]);
    }

    #[test]
    fn a_cell_of_thousands_of_lines_is_one_and_an_unclosed_quote_costs_its_line() {
        let note = "line\n".repeat(5000);
        assert_eq!(rows(&format!("a,\"{note}\"\nb,c\n")), [vec!["a", &note], vec!["b", "c"]]);
        let (found, faults) = read(&format!("a,\"{}", "b,c\n".repeat(CELL_LINES_MAX + 10)));
        assert_eq!((found.len(), faults), (CELL_LINES_MAX + 9, vec!["1:quote_not_closed".to_owned()]));
    }

    #[test]
    fn a_line_end_that_is_cut_by_the_buffer_is_one() {
        let text = "a,b\r\nc,\"d\r\ne\"\rf,g";
        for size in 1..text.len() {
            let mut records = Records::new(io::BufReader::with_capacity(size, text.as_bytes()), b',');
            let mut seen = Vec::new();
            while records.advance().unwrap() == Next::Record {
                seen.push((records.record().line, records.record().text().to_owned()));
            }
            let wanted = [(1, "ab"), (2, "cd\r\ne"), (4, "fg")].map(|(line, t)| (line, t.to_owned()));
            assert_eq!(seen, wanted, "{size}");
        }
    }

    #[test]
    fn blanks_after_a_closing_quote_do_not_matter() {
        assert_eq!(rows("\"a, b\" ,c\n\"d\"\t\r\n\"e\"  "), [vec!["a, b", "c"], vec!["d"], vec!["e"]]);
    }

    #[test]
    fn text_after_a_closing_quote_costs_that_line_only() {
        let (rows, faults) = read("a,b\n\"x\"y,1\nc,d\n\"p\nq\"r,1\ne,f\n");
        assert_eq!(rows, [["a", "b"], ["c", "d"], ["q\"r", "1"], ["e", "f"]]);
        assert_eq!(faults, ["2:text_after_quote", "4:text_after_quote"]);
    }

    #[test]
    fn an_unclosed_quote_costs_its_line_and_not_the_rest() {
        let text = format!("a,\"b\n{}", "c,d\n".repeat(3000));
        let (rows, faults) = read(&text);
        assert_eq!((rows.len(), faults), (3000, vec!["1:quote_not_closed".to_owned()]));
        let text = format!("a,\"b\n{}\nc,d\n", "x".repeat(CELL_BYTES_MAX + 1));
        let (rows, faults) = read(&text);
        assert_eq!((rows.len(), faults.len()), (1, 2), "the second line is too long for a cell as well");
    }

    #[test]
    fn a_line_without_end_is_not_kept_in_memory() {
        let text = format!("a\n{}\nb\n", "x".repeat(LINE_BYTES_MAX * 2));
        assert_eq!(
            read(&text),
            (vec![vec!["a".to_owned()], vec!["b".to_owned()]], vec!["2:line_too_long".into()])
        );
        assert_eq!(read(&",".repeat(CELLS_MAX + 5)).1, ["1:too_many_cells"]);
    }

    #[test]
    fn records_know_their_physical_line() {
        let mut records = Records::new("h\n\"a\nb\nc\"\nd\n".as_bytes(), b',');
        let mut lines = Vec::new();
        while records.advance().unwrap() == Next::Record {
            lines.push(records.record().line);
        }
        assert_eq!(lines, [1, 2, 5]);
    }

    #[test]
    fn bytes_that_are_no_text_cost_their_line() {
        let mut records = Records::new(&b"a\n\xff\nb\n"[..], b',');
        assert_eq!(records.advance().unwrap(), Next::Record);
        assert!(matches!(records.advance().unwrap(), Next::Fault { line: 2, fault: Fault::NotUtf8, .. }));
        assert_eq!(records.advance().unwrap(), Next::Record);
    }

    fn written(rows: &[Vec<String>], end: &str) -> String {
        let row = |cells: &Vec<String>| {
            let cells: Vec<_> = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
            cells.join(",") + end
        };
        rows.iter().map(row).collect()
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(
            given in prop::collection::vec(prop::collection::vec(".{0,12}|[\",\r\n']{0,6}", 1..5), 0..12),
            crlf: bool,
        ) {
            prop_assert_eq!(rows(&written(&given, if crlf { "\r\n" } else { "\n" })), given);
        }
        #[test]
        fn no_bytes_make_it_panic_or_read_for_ever(bytes in prop::collection::vec(prop::sample::select(&b"a\",\n\r \xc3"[..]), 0..300)) {
            let mut records = Records::new(&bytes[..], b',');
            let mut steps = 0;
            while records.advance().unwrap() != Next::End {
                steps += 1;
                prop_assert!(steps <= bytes.len());
            }
        }
        #[test]
        fn a_broken_line_never_swallows_a_good_neighbour(broken in "[a\",]{0,12}", at in 0_usize..4) {
            let good = ["g1,x", "g2,\"y\"", "g3,z", "g4,w"];
            let mut lines: Vec<&str> = good.to_vec();
            lines.insert(at, &broken);
            let (rows, faults) = read(&(lines.join("\n") + "\n"));
            // A broken line that closes its quotes properly later is a record of several lines: only then may
            // fewer records come out, and none of our good lines can close a quote properly but g2.
            let seen = rows.iter().filter(|r| r[0].starts_with('g')).count();
            prop_assert!(seen >= 3 || faults.is_empty(), "{:?} {:?}", rows, faults);
        }
    }
}
