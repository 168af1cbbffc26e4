//! Which letters the bytes of a file stand for (rule R1), and the file as UTF-8.

use crate::base::error::{Error, Result};
use crate::shop::transfer::input::{Input, Meter};
use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, BufRead, Read};

/// The encodings people can choose, by the label they are chosen with.
pub const CHOICES: &[&str] = &[
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "windows-1251",
    "iso-8859-2",
    "iso-8859-9",
    "iso-8859-15",
    "gb18030",
    "shift_jis",
];

/// An encoding by one of its labels.
///
/// # Errors
/// `unknown_encoding`.
pub fn named(label: &str) -> Result<&'static encoding_rs::Encoding> {
    encoding_rs::Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
        Error::invalid("unknown_encoding", format!("Choose an encoding of {}.", CHOICES.join(", ")))
    })
}

/// What a look over the whole file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    pub encoding: &'static encoding_rs::Encoding,
    /// The bytes are UTF-8 as they are, but for the mark at the start.
    is_plain: bool,
    /// Length of the byte order mark.
    mark: usize,
}

/// Reads the file once: a byte order mark decides, then valid UTF-8, then the look of UTF-16, else Windows-1252.
///
/// # Errors
/// `file_unreadable`, `file_not_text`.
pub fn detect(input: &Input, choice: Option<&'static encoding_rs::Encoding>) -> Result<Detected> {
    let mut reader = input.open(&Meter::default())?;
    let head = peek(&mut *reader, 4096).map_err(|e| input.unreadable(e))?;
    let is_wide = choice.is_some_and(|e| e == UTF_16LE || e == UTF_16BE)
        || encoding_rs::Encoding::for_bom(&head).is_some()
        || looks_wide(&head, 0)
        || looks_wide(&head, 1);
    input.refuse_foreign(&head, is_wide)?;
    let (marked, mark) = encoding_rs::Encoding::for_bom(&head).map_or((None, 0), |(e, len)| (Some(e), len));
    if let Some(encoding) = choice.or(marked).filter(|e| *e != UTF_8) {
        return Ok(Detected {
            encoding,
            is_plain: false,
            mark: if marked == Some(encoding) { mark } else { 0 },
        });
    }
    let rest = io::Cursor::new(head.clone()).chain(reader);
    let is_plain = is_utf8(rest).map_err(|e| input.unreadable(e))?;
    let encoding = match (is_plain, choice.or(marked)) {
        (_, Some(chosen)) => chosen,
        (true, None) if !looks_wide(&head, 1) && !looks_wide(&head, 0) => UTF_8,
        _ if looks_wide(&head, 1) => UTF_16LE,
        _ if looks_wide(&head, 0) => UTF_16BE,
        _ => WINDOWS_1252,
    };
    Ok(Detected { encoding, is_plain: is_plain && encoding == UTF_8, mark })
}

/// Western text in UTF-16 without its mark has a zero in nearly every second byte.
fn looks_wide(head: &[u8], odd: usize) -> bool {
    let zeros = head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    head.len() >= 16 && zeros * 4 > (head.len() / 2) * 3
}

fn peek(reader: &mut dyn BufRead, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn is_utf8(mut reader: impl Read) -> io::Result<bool> {
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut kept = 0;
    loop {
        let Some(free) = buffer.get_mut(kept..) else { return Ok(false) };
        let count = reader.read(free)?;
        let filled = buffer.get(..kept + count).unwrap_or_default();
        match std::str::from_utf8(filled) {
            Ok(_) => kept = 0,
            Err(error) if error.error_len().is_none() && count > 0 => {
                // A character cut by the end of the buffer: its first bytes go to the front.
                let cut = error.valid_up_to();
                kept = filled.len() - cut;
                buffer.copy_within(cut..cut + kept, 0);
            }
            Err(_) => return Ok(false),
        }
        if count == 0 {
            return Ok(kept == 0);
        }
    }
}

/// The file as UTF-8 from the start, without a byte order mark.
///
/// # Errors
/// `file_unreadable`.
pub fn open(input: &Input, detected: Detected, meter: &Meter) -> Result<Text> {
    let mut reader = input.open(meter)?;
    for _ in 0..detected.mark {
        reader.fill_buf().map_err(|e| input.unreadable(e))?;
        reader.consume(1);
    }
    let decoder = (!detected.is_plain).then(|| detected.encoding.new_decoder_without_bom_handling());
    Ok(Text { reader, decoder, out: Vec::new(), at: 0, is_done: false, replaced: 0 })
}

/// A reader of UTF-8.
pub struct Text {
    reader: Box<dyn BufRead + Send>,
    decoder: Option<encoding_rs::Decoder>,
    out: Vec<u8>,
    at: usize,
    is_done: bool,
    replaced: u64,
}

impl Text {
    /// Bytes that stand for nothing in this encoding; each became U+FFFD.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }
    fn decode(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        while self.at >= self.out.len() && !self.is_done {
            let input = self.reader.fill_buf()?;
            let last = input.is_empty();
            self.at = 0;
            self.out.resize(64 * 1024, 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(input, &mut self.out, last);
            self.reader.consume(read);
            self.out.truncate(written);
            match result {
                DecoderResult::InputEmpty => self.is_done = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.replaced += 1;
                    self.out.extend_from_slice("\u{fffd}".as_bytes());
                }
            }
        }
        Ok(())
    }
}

impl Read for Text {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buf)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.decoder.is_none() {
            return self.reader.fill_buf();
        }
        self.decode()?;
        Ok(self.out.get(self.at..).unwrap_or_default())
    }
    fn consume(&mut self, amount: usize) {
        match self.decoder {
            None => self.reader.consume(amount),
            Some(_) => self.at += amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], choice: Option<&str>) -> (&'static str, String, u64) {
        let input = Input::bytes("x", bytes);
        let detected = detect(&input, choice.map(|c| named(c).unwrap())).unwrap();
        let mut text = open(&input, detected, &Meter::default()).unwrap();
        let mut out = String::new();
        text.read_to_string(&mut out).unwrap();
        (detected.encoding.name(), out, text.replaced())
    }
    fn utf16(text: &str, to: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to).collect()
    }

    #[test]
    fn the_mark_decides_and_does_not_stick_to_the_text() {
        assert_eq!(read("\u{feff}ID,é".as_bytes(), None), ("UTF-8", "ID,é".into(), 0));
        assert_eq!(read(&utf16("\u{feff}ID,é😀", u16::to_le_bytes), None), ("UTF-16LE", "ID,é😀".into(), 0));
        assert_eq!(read(&utf16("\u{feff}ID,é😀", u16::to_be_bytes), None), ("UTF-16BE", "ID,é😀".into(), 0));
    }

    #[test]
    fn without_a_mark_valid_utf8_wins_and_then_windows_1252() {
        assert_eq!(read("Name\nJörg\n".as_bytes(), None), ("UTF-8", "Name\nJörg\n".into(), 0));
        assert_eq!(read(b"Name\nJ\xf6rg \x80\n", None), ("windows-1252", "Name\nJörg €\n".into(), 0));
        let wide = utf16("Name,Street,City\nJörg,Hauptstr,Köln\n", u16::to_le_bytes);
        assert_eq!(read(&wide, None).0, "UTF-16LE");
        assert_eq!(read(b"", None), ("UTF-8", String::new(), 0));
    }

    #[test]
    fn a_late_byte_that_is_no_utf8_is_seen() {
        let mut bytes = "ä".repeat(100_000).into_bytes();
        bytes.push(0xe4);
        assert_eq!(read(&bytes, None).0, "windows-1252");
    }

    #[test]
    fn a_chosen_encoding_is_used_and_its_gaps_are_counted() {
        assert_eq!(read(b"\xcf\xf0\xe8", Some("windows-1251")), ("windows-1251", "При".into(), 0));
        assert_eq!(read(b"a\xffb\xfec", Some("utf-8")), ("UTF-8", "a\u{fffd}b\u{fffd}c".into(), 2));
        assert!(named("klingon").is_err());
        assert!(CHOICES.iter().all(|c| named(c).is_ok()));
    }

    proptest! {
        #[test]
        fn any_bytes_become_text(bytes: Vec<u8>) {
            let _read = read(&bytes, None);
        }
        #[test]
        fn utf8_is_passed_on_unchanged(text in "[^\u{0}\u{feff}]{0,300}") {
            prop_assert_eq!(read(text.as_bytes(), None).1, text);
        }
    }
}
