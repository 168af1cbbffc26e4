//! Measures the XML of a workbook while it is unpacked, before anything keeps it: the reader of workbooks holds a whole
//! cell, tag or text at once, and a packed file of a few hundred KB may hold one of a gigabyte.

use std::io::{self, Write};

/// XML of one cell, and of any other piece: a spreadsheet's own cells end at 32,767 letters.
const PIECE_MAX: u64 = 2 << 20;
/// Bytes of a cell's tag that are looked at.
const TAG_MAX: usize = 100;
/// Bytes of a name that are looked at.
const NAME_MAX: usize = 16;

/// Why a part of a workbook is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// A cell, a text or a tag is too long.
    Piece,
    /// More texts than the reader may hold.
    Texts,
    /// What no spreadsheet writes, and no reader needs.
    Doctype,
}

impl Excess {
    /// The end of a sentence about the file.
    pub fn words(self) -> &'static str {
        match self {
            Self::Piece => "a cell in it is longer than 1 MB",
            Self::Texts => "it has more different texts than can be held",
            Self::Doctype => "it has a document type, which workbooks have not",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// Behind `<`, in the name of a tag.
    Name,
    Tag,
    Quoted(u8),
    Comment,
    Cdata,
}

/// Takes the XML as it is unpacked; `excess` says what was wrong with it first.
pub struct Gauge {
    state: State,
    name: Vec<u8>,
    /// The last two bytes, for the ends of comments.
    last: [u8; 2],
    piece: u64,
    cell: Option<u64>,
    texts: u64,
    texts_max: u64,
    pub excess: Option<Excess>,
    /// The tag of the cell, behind its name.
    tag: Vec<u8>,
    is_cell_tag: bool,
    /// What was seen in the cell.
    has_formula: bool,
    has_value: bool,
    is_in_value: bool,
    /// The first cell with a formula and without what comes of it, such as `H3`.
    pub uncomputed: Option<String>,
}

impl Gauge {
    /// `texts_max` shared texts at most.
    pub fn new(texts_max: u64) -> Self {
        Self {
            state: State::Text,
            name: Vec::with_capacity(NAME_MAX),
            last: [0; 2],
            piece: 0,
            cell: None,
            texts: 0,
            texts_max,
            excess: None,
            tag: Vec::new(),
            is_cell_tag: false,
            has_formula: false,
            has_value: false,
            is_in_value: false,
            uncomputed: None,
        }
    }

    fn take(&mut self, byte: u8) {
        self.piece += 1;
        self.cell = self.cell.map(|n| n + 1);
        if self.piece.max(self.cell.unwrap_or(0)) > PIECE_MAX {
            self.excess.get_or_insert(Excess::Piece);
        }
        if self.is_cell_tag && self.tag.len() < TAG_MAX {
            self.tag.push(byte);
        }
        match (self.state, byte) {
            (State::Text, b'<') => {
                self.name.clear();
                self.begin(State::Name);
            }
            (State::Text | State::Cdata, _) if self.is_in_value => {
                self.has_value |= !byte.is_ascii_whitespace();
                self.end_cdata(byte);
            }
            (State::Name, _) => self.name(byte),
            (State::Tag, b'>') => {
                self.is_cell_tag = false;
                self.begin(State::Text);
            }
            (State::Tag, b'"' | b'\'') => self.state = State::Quoted(byte),
            (State::Quoted(sign), _) if byte == sign => self.state = State::Tag,
            (State::Comment, b'>') if self.last == *b"--" => self.begin(State::Text),
            (State::Cdata, _) => self.end_cdata(byte),
            _ => {}
        }
        self.last = [self.last[1], byte];
    }

    fn end_cdata(&mut self, byte: u8) {
        if self.state == State::Cdata && byte == b'>' && self.last == *b"]]" {
            self.begin(State::Text);
        }
    }

    fn begin(&mut self, state: State) {
        (self.state, self.piece) = (state, 0);
    }

    fn name(&mut self, byte: u8) {
        let is_end = byte.is_ascii_whitespace() || byte == b'>' || (byte == b'/' && !self.name.is_empty());
        if !is_end {
            if self.name.len() < NAME_MAX {
                self.name.push(byte);
            }
            match self.name.as_slice() {
                b"!--" => self.state = State::Comment,
                b"![CDATA[" => self.state = State::Cdata,
                _ => {}
            }
            return;
        }
        let local = self.name.iter().rposition(|b| *b == b':').map_or(0, |at| at + 1);
        let is_close = self.name.first() == Some(&b'/');
        self.is_in_value = false;
        match self.name.get(local..).unwrap_or_default() {
            b"v" | b"t" if !is_close => self.is_in_value = true,
            b"f" if !is_close => self.has_formula = true,
            _ => {}
        }
        match self.name.get(local..).unwrap_or_default() {
            b"c" | b"/c" => self.end_cell(),
            _ => {}
        }
        match self.name.get(local..).unwrap_or_default() {
            b"c" | b"si" if !is_close => {
                self.texts += u64::from(self.name.ends_with(b"si"));
                self.cell = Some(0);
                self.tag.clear();
                self.is_cell_tag = byte != b'>';
            }
            b"/c" | b"/si" | b"/row" | b"/sheetData" => self.cell = None,
            b"c" | b"si" | b"row" | b"sheetData" if is_close => self.cell = None,
            b"!DOCTYPE" | b"!doctype" => {
                self.excess.get_or_insert(Excess::Doctype);
            }
            _ => {}
        }
        if self.texts > self.texts_max {
            self.excess.get_or_insert(Excess::Texts);
        }
        if byte == b'>' { self.begin(State::Text) } else { self.state = State::Tag }
    }

    /// What is known of the cell that ends here. A text that a formula gives may be empty.
    fn end_cell(&mut self) {
        if self.has_formula && !self.has_value && self.uncomputed.is_none() {
            let tag = String::from_utf8_lossy(&self.tag);
            let value_of = |name: &str| {
                let (_, rest) = tag.split_once(name)?;
                rest.split(['"', '\'']).nth(1).map(str::to_owned)
            };
            if value_of("t=").as_deref() != Some("str") {
                self.uncomputed = Some(value_of("r=").unwrap_or_default());
            }
        }
        (self.has_formula, self.has_value) = (false, false);
    }
}

impl Write for Gauge {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.take(*byte);
        }
        if self.excess.is_some() { Err(io::Error::other("not measured further")) } else { Ok(bytes.len()) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excess(xml: &str) -> Option<Excess> {
        let mut gauge = Gauge::new(3);
        let _measured = gauge.write_all(xml.as_bytes());
        gauge.excess
    }

    #[test]
    fn a_formula_without_its_value_is_seen() {
        let seen = |xml: &str| {
            let mut gauge = Gauge::new(3);
            gauge.write_all(xml.as_bytes()).unwrap();
            gauge.uncomputed
        };
        for (cell, wanted) in [
            ("<c r=\"H3\"><f>SUM(1,2)</f><v /></c>", Some("H3")),
            ("<x:c s='1' r='B2'><x:f>A1</x:f></x:c>", Some("B2")),
            ("<c r=\"H3\"><f t=\"shared\" si=\"0\"/><v></v></c>", Some("H3")),
            ("<c r=\"H3\"><f>5+5</f><v>10</v></c>", None),
            ("<c r=\"H3\"><f>5+5</f><v><![CDATA[10]]></v></c>", None),
            ("<c r=\"H3\" t=\"str\"><f>IF(1,\"\")</f><v></v></c>", None),
            ("<c r=\"A1\"/><c r=\"A2\"><v>5</v></c>", None),
        ] {
            assert_eq!(
                seen(&format!("<row>{cell}<c r=\"Z9\"><v>1</v></c></row>")).as_deref(),
                wanted,
                "{cell}"
            );
        }
    }

    #[test]
    fn long_sheets_of_short_cells_pass_and_one_long_piece_does_not() {
        let cell = format!("<x:c r=\"A1\" t=\"inlineStr\"><is><t>{}</t></is></x:c>", "x".repeat(30_000));
        assert_eq!(excess(&format!("<sheetData><row>{}</row></sheetData>", cell.repeat(300))), None);
        let long = "x".repeat(3 << 20);
        for xml in [
            format!("<c><is><t>{long}</t></is></c>"),
            format!("<c><is>{}</is></c>", "<r><t>some words</t></r>".repeat(200_000)),
            format!("<c r=\"{long}\"/>"),
            format!("<c r='{}'/>", "<<<>".repeat(1 << 20)),
            format!("<!-- {} -->", "<c/>".repeat(1 << 20)),
            format!("<c><![CDATA[{}]]></c>", "<c/>".repeat(1 << 20)),
            long.clone(),
            format!("<{long}"),
        ] {
            assert_eq!(excess(&xml), Some(Excess::Piece), "{}", &xml[..30]);
        }
        assert_eq!(excess(&"<si><t>x</t></si>".repeat(4)), Some(Excess::Texts));
        assert_eq!(excess("<!DOCTYPE x [ <!ENTITY a \"b\"> ]>"), Some(Excess::Doctype));
    }
}
