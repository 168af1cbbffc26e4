//! Which letters the bytes of a file stand for (rule R1), and the file as UTF-8.

use crate::base::error::{Error, Result};
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::letters::{Utf8, look};
use crate::shop::transfer::refusals::begins_with_refused;
use encoding_rs::{DecoderResult, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, BufRead, Read};

/// The encodings people can choose, by the label they are chosen with: all that are understood, so that whatever a file is
/// said to look like can be chosen.
pub const CHOICES: &[&str] = &[
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-8-i",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "ibm866",
    "macintosh",
    "x-mac-cyrillic",
    "gb18030",
    "gbk",
    "big5",
    "shift_jis",
    "euc-jp",
    "iso-2022-jp",
    "euc-kr",
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
    /// Nothing speaks for the encoding, and something against it: somebody has to say which it is.
    is_unclear: bool,
    /// What the letters look like, where that is another encoding.
    pub looks_like: Option<&'static encoding_rs::Encoding>,
}

impl Detected {
    /// Whether the file can be read as this encoding.
    ///
    /// # Errors
    /// `encoding_unclear` with the encodings there are.
    pub fn settled(self, input: &Input) -> Result<()> {
        if !self.is_unclear {
            return Ok(());
        }
        let seems = self.looks_like.map_or_else(String::new, |like| {
            format!(" They look like {}, which is a guess.", like.name().to_lowercase())
        });
        let text = format!(
            "{} is not in UTF-8, and its letters do not look like {} either.{seems} Save it as UTF-8, or say its encoding (--encoding LABEL, Encoding on the page): {}.",
            input.name(),
            self.encoding.name(),
            CHOICES.join(", ")
        );
        Err(Error::invalid("encoding_unclear", text).on("/encoding"))
    }
}

/// Bytes at the start in which a file shows what it is.
const HEAD_BYTES: usize = 64 * 1024;
/// Bytes at the start that tell wide letters.
const WIDE_BYTES: usize = 4096;

/// Reads the file once, and a second time where it is no UTF-8: a byte order mark decides, then what somebody has chosen,
/// then what is UTF-8 but for some damage, then the look of UTF-16, else Windows-1252, unless the letters speak against it.
/// Refused rows are in UTF-8, as we have written them, whatever the file was in that they come from.
///
/// # Errors
/// `file_unreadable`, `file_not_text`.
pub fn detect(input: &Input, choice: Option<&'static encoding_rs::Encoding>) -> Result<Detected> {
    let mut reader = input.open(&Meter::default())?;
    let head = peek(&mut *reader, HEAD_BYTES).map_err(|e| input.unreadable(e))?;
    let wide = wide(head.get(..WIDE_BYTES).unwrap_or(&head));
    let (marked, mark) = encoding_rs::Encoding::for_bom(&head).map_or((None, 0), |(e, len)| (Some(e), len));
    let is_wide = wide.is_some() || marked.or(choice).is_some_and(|e| e == UTF_16LE || e == UTF_16BE);
    input.refuse_foreign(head.get(..WIDE_BYTES).unwrap_or(&head), is_wide)?;
    let said = marked.or(choice.filter(|_| !begins_with_refused(&head)));
    let detected =
        |encoding, is_plain| Detected { encoding, is_plain, mark, is_unclear: false, looks_like: None };
    if let Some(encoding) = said.filter(|e| *e != UTF_8) {
        return Ok(detected(encoding, false));
    }
    // Plain ASCII but for the signs with which Japanese text begins and ends.
    let is_japanese = |sign: &[u8]| matches!(sign, b"\x1b$B" | b"\x1b$@");
    if said.is_none() && head.windows(3).any(is_japanese) {
        return Ok(detected(ISO_2022_JP, false));
    }
    let rest = io::Cursor::new(&head).chain(reader);
    let utf8 = Utf8::of(rest).map_err(|e| input.unreadable(e))?;
    if said.is_some() || (utf8.is_it() && wide.is_none()) {
        return Ok(detected(UTF_8, utf8.bad == 0));
    }
    // Somebody has saved refused rows in the encoding that was chosen.
    if let Some(encoding) = wide.or(choice) {
        return Ok(detected(encoding, false));
    }
    let again = input.open(&Meter::default())?;
    let look = look(again).map_err(|e| input.unreadable(e))?;
    let looks_like = Some(look.guess).filter(|guess| *guess != WINDOWS_1252);
    Ok(Detected { is_unclear: !look.fits_windows_1252, looks_like, ..detected(WINDOWS_1252, false) })
}

/// Western text in UTF-16 without its mark has a zero in nearly every second byte.
fn wide(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match (looks_wide(head, 1), looks_wide(head, 0)) {
        (true, _) => Some(UTF_16LE),
        (_, true) => Some(UTF_16BE),
        _ => None,
    }
}

fn looks_wide(head: &[u8], odd: usize) -> bool {
    let zeros = head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    head.len() >= 16 && zeros * 4 > (head.len() / 2) * 3
}

fn peek(reader: &mut dyn BufRead, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
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
    fn what_a_file_may_look_like_can_be_chosen() {
        for label in CHOICES {
            assert!(named(label).is_ok(), "{label}");
        }
        // Every guess there is, by the languages whose letters it comes from.
        for label in [
            "windows-1250",
            "windows-1251",
            "windows-1252",
            "windows-1253",
            "windows-1254",
            "windows-1255",
            "windows-1256",
            "windows-1257",
            "windows-1258",
            "windows-874",
            "iso-8859-2",
            "iso-8859-4",
            "iso-8859-5",
            "iso-8859-6",
            "iso-8859-7",
            "iso-8859-8",
            "koi8-u",
            "koi8-r",
            "ibm866",
            "macintosh",
            "gbk",
            "big5",
            "shift_jis",
            "euc-jp",
            "euc-kr",
            "iso-2022-jp",
        ] {
            let name = named(label).unwrap().name().to_lowercase();
            assert!(CHOICES.contains(&name.as_str()), "{name}");
        }
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
        let (japanese, ..) = ISO_2022_JP.encode("Name\n山田 太郎\n");
        assert_eq!(read(&japanese, None), ("ISO-2022-JP", "Name\n山田 太郎\n".into(), 0));
    }

    #[test]
    fn a_late_byte_that_is_no_utf8_is_seen() {
        let mut bytes = "ä".repeat(100_000).into_bytes();
        bytes.push(0xe4);
        let (encoding, text, replaced) = read(&bytes, None);
        assert_eq!((encoding, text.chars().last(), replaced), ("UTF-8", Some('\u{fffd}'), 1));
        let mut bytes = "a".repeat(100_000).into_bytes();
        bytes.extend(b"K\xf6ln");
        assert_eq!(read(&bytes, None).0, "windows-1252");
    }

    #[test]
    fn damage_does_not_make_a_file_one_of_another_encoding() {
        let damaged = |text: &str, at: usize, byte: &[u8]| {
            let (before, after) = text.as_bytes().split_at(at);
            read(&[before, byte, after].concat(), None)
        };
        let western = "Name,City\nJörg Müller,Köln\nÉlodie Ångström,Größe\n";
        let (encoding, text, replaced) = damaged(western, 5, b"\xee");
        assert_eq!((encoding, replaced), ("UTF-8", 1));
        assert_eq!(text.replace('\u{fffd}', ""), western);
        let eastern = "姓名,城市\n张伟,北京\n王芳,上海\n";
        assert_eq!(damaged(eastern, 7, b"\xff").0, "UTF-8");
        let cut = &eastern.as_bytes()[..eastern.len() - 2];
        assert_eq!((read(cut, None).0, read(cut, None).2), ("UTF-8", 1));
    }

    #[test]
    fn letters_that_nothing_speaks_for_are_asked_about() {
        let settled = |bytes: &[u8], choice: Option<&str>| {
            let input = Input::bytes("x.csv", bytes);
            detect(&input, choice.map(|c| named(c).unwrap())).unwrap().settled(&input)
        };
        let cyrillic = b"Name\n\xc8\xe2\xe0\xed\n";
        for bytes in [&cyrillic[..], b"Name\n\x8fngstr\x9am\n", b"Name\nM\x81ller\n"] {
            let error = settled(bytes, None).unwrap_err();
            assert_eq!((error.code, error.fields[0].pointer.as_str()), ("encoding_unclear", "/encoding"));
            assert!(error.message.contains("x.csv") && error.message.contains("windows-1251"));
            assert!(settled(bytes, Some("windows-1251")).is_ok());
        }
        let said = |bytes: &[u8]| settled(bytes, None).unwrap_err().message;
        assert!(
            said(b"Name\n\xc8\xe2\xe0\xed \xcf\xe5\xf2\xf0\xee\xe2\n").contains("look like windows-1251")
        );
        assert!(settled(b"Name\nJ\xf6rg\n", None).is_ok());
    }

    #[test]
    fn refused_rows_are_in_utf8_whatever_was_chosen_for_their_file() {
        let titles =
            "Name,refused_file,refused_line,refused_column,refused_value,refused_code,refused_reason\n";
        let rows = format!("{titles}Иван,x.csv,2,,,c,r\n");
        assert_eq!(read(rows.as_bytes(), Some("windows-1251")), ("UTF-8", rows.clone(), 0));
        assert_eq!(read(format!("\u{feff}{rows}").as_bytes(), Some("gb18030")), ("UTF-8", rows.clone(), 0));
        // A spreadsheet has saved them as it saves everything.
        let (saved, ..) = named("windows-1251").unwrap().encode(&rows);
        assert_eq!(read(&saved, Some("windows-1251")), ("windows-1251", rows, 0));
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
            // What is packed is unpacked first, or refused.
            prop_assume!(!bytes.starts_with(&[0x1f, 0x8b]) && !bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
            let _read = read(&bytes, None);
        }
        #[test]
        fn utf8_is_passed_on_unchanged(text in "[^\u{0}\u{feff}]{0,300}") {
            prop_assert_eq!(read(text.as_bytes(), None).1, text);
        }
    }
}
