//! What the bytes of a file look like that names no encoding: how much of it is UTF-8, and whether Windows-1252 fits the rest.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};
use std::io::{self, Read};

/// What a look over the bytes found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    /// Characters of several bytes.
    pub good: u64,
    /// Bytes and beginnings that are none.
    pub bad: u64,
}

impl Utf8 {
    /// Reads all bytes, a piece at a time.
    ///
    /// # Errors
    /// What the reader says.
    pub fn of(mut reader: impl Read) -> io::Result<Self> {
        let mut buffer = vec![0_u8; 64 * 1024];
        let (mut found, mut kept) = (Self::default(), 0);
        loop {
            let Some(free) = buffer.get_mut(kept..) else { return Ok(found) };
            let count = reader.read(free)?;
            let filled = kept + count;
            kept = found.see(buffer.get(..filled).unwrap_or_default());
            if count == 0 {
                // A character that the end of the file cuts off.
                found.bad += u64::from(kept > 0);
                return Ok(found);
            }
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
    /// Counts; gives the number of bytes at the end that may begin a character.
    fn see(&mut self, mut bytes: &[u8]) -> usize {
        let starts = |bytes: &[u8]| bytes.iter().filter(|b| **b >= 0xc0).count() as u64;
        loop {
            let Err(error) = std::str::from_utf8(bytes) else {
                self.good += starts(bytes);
                return 0;
            };
            let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
            self.good += starts(valid);
            let Some(len) = error.error_len() else { return rest.len() };
            self.bad += 1;
            bytes = rest.get(len..).unwrap_or_default();
        }
    }
    /// Letters of another encoding are characters of UTF-8 by chance only, so few bad bytes among many good ones are
    /// damage of a file that was UTF-8.
    pub fn is_it(self) -> bool {
        self.bad == 0 || self.good >= self.bad.saturating_mul(4)
    }
}

/// What speaks for and against Windows-1252.
#[derive(Clone, Copy, Debug, Default)]
struct Western {
    /// Bytes beyond ASCII, and those of them that stand in rows of three and more.
    high: u64,
    in_rows: u64,
    /// Accented letters.
    letters: u64,
    /// What would be a sign amid a word, or a capital behind small letters.
    odd: u64,
    /// What would be a capital amid a word that goes on in small letters.
    inside: u64,
    /// What would be one of the few letters that stand apart from the others, such as `š` and `Ÿ`: on a Mac they are the
    /// vowels of German and French.
    apart: u64,
    /// Signs that are letters of the languages of Eastern Europe, which have such letters as well.
    eastern: u64,
    /// Bytes that Windows-1252 does not have.
    unknown: u64,
}

/// What a file looks like that is no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The bytes are what Western languages look like in Windows-1252: accented letters one by one among others. Rows of
    /// them are Cyrillic, Greek or East Asian letters; signs amid words are letters of another encoding.
    pub fits_windows_1252: bool,
    /// By how often letters stand beside each other in the languages of each encoding.
    pub guess: &'static Encoding,
}

/// Bytes from the first letter beyond ASCII on that are looked at for a guess: more of them say the same.
const GUESSED_BYTES: usize = 1 << 20;

/// Looks at all bytes.
///
/// # Errors
/// What the reader says.
pub fn look(mut reader: impl Read) -> io::Result<Look> {
    let (mut seen, mut row, mut before, mut sign) = (Western::default(), 0_u64, b' ', false);
    let mut capital = false;
    let (mut detector, mut fed) = (EncodingDetector::new(Iso2022JpDetection::Deny), 0);
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let count = reader.read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if fed < GUESSED_BYTES && detector.feed(bytes, count == 0) {
            fed += count;
        }
        for &byte in bytes {
            if std::mem::take(&mut sign) && is_letter(byte) {
                seen.odd += 1;
                seen.eastern += u64::from(is_eastern(before));
            }
            seen.inside += u64::from(std::mem::take(&mut capital) && byte.is_ascii_lowercase());
            if byte < 0x80 || byte == NO_BREAK {
                row = 0;
            } else {
                (row, seen.high) = (row + 1, seen.high + 1);
                seen.in_rows += match row {
                    3 => 3,
                    4.. => 1,
                    _ => 0,
                };
                seen.unknown += u64::from(matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
                seen.letters += u64::from(is_letter(byte));
                seen.apart += u64::from(matches!(byte, 0x8a | 0x8e | 0x9a | 0x9e | 0x9f));
                capital = is_capital(byte) && is_letter(before);
                seen.odd += u64::from(is_capital(byte) && before.is_ascii_lowercase());
                sign = is_odd_sign(byte) && is_letter(before);
            }
            before = byte;
        }
        if count == 0 {
            let Western { high, in_rows, letters, odd, unknown, .. } = seen;
            let is_foreign = in_rows > 0 && in_rows * 2 >= high;
            // No Western language has more letters such as `š` than others.
            let is_apart = seen.apart * 2 > letters;
            let fits = unknown == 0 && !is_foreign && !is_apart && (odd == 0 || odd * 4 < letters);
            let guess = detector.guess(None, Utf8Detection::Deny);
            let is_mac = is_apart && seen.eastern == 0 && (seen.inside > 0 || guess == WINDOWS_1252);
            return Ok(Look { fits_windows_1252: fits, guess: if is_mac { MACINTOSH } else { guess } });
        }
    }
}

const NO_BREAK: u8 = 0xa0;

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
        || is_capital(byte)
        || matches!(byte, 0x9a | 0x9c | 0x9e | 0xdf..=0xf6 | 0xf8..=0xff)
}

fn is_capital(byte: u8) -> bool {
    matches!(byte, 0x8a | 0x8c | 0x8e | 0x9f | 0xc0..=0xd6 | 0xd8..=0xde)
}

/// Signs that stand in no word. Apostrophes, dashes, `©`, `²`, `·` and the like do.
fn is_odd_sign(byte: u8) -> bool {
    matches!(byte, 0x82..=0x84 | 0x86..=0x89 | 0x8b | 0x93..=0x94 | 0x98 | 0x9b)
        || matches!(byte, 0xa1..=0xa8 | 0xaa..=0xac | 0xaf | 0xb1 | 0xb3 | 0xb6 | 0xb8..=0xbf)
}

/// Signs of Windows-1252 that are letters in Windows-1250 and its like.
fn is_eastern(byte: u8) -> bool {
    matches!(byte, 0xa3 | 0xa5 | 0xaa | 0xaf | 0xb3 | 0xb9 | 0xba | 0xbe | 0xbf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(text: &str, label: &str) -> Look {
        let (bytes, _, is_lossy) = Encoding::for_label(label.as_bytes()).unwrap().encode(text);
        assert!(!is_lossy, "{text}");
        look(&*bytes).unwrap()
    }
    fn fits(text: &str, label: &str) -> bool {
        looked(text, label).fits_windows_1252
    }

    #[test]
    fn western_text_fits_and_others_do_not() {
        for text in [
            "Jörg Müller, Köln, Größe, 14,90 €",
            "Crêpes à l’œuf – « 5 m² », n°5",
            "São João d´Oeste, Ação, 1\u{a0}234,00\u{a0}€\u{a0}\u{a0}\u{a0}",
            "Ångström, Ærø, Þór, Œuvre, Šime",
            "£5 ©Foo®Bar col·lecció",
            "Dušan Müller, Tomáš, Žižek é à",
        ] {
            assert!(fits(text, "windows-1252"), "{text}");
        }
        for (text, label) in [
            ("Иван Петров, Москва, Чай", "windows-1251"),
            ("Иван Петров, Москва, Чай", "koi8-r"),
            ("Αθήνα, Γιώργος", "windows-1253"),
            ("张 伟,北京,茶壶", "gbk"),
            ("佐藤 花子,東京", "shift_jis"),
            ("Paweł Dąbrowski, Łódź, świeży żurek", "iso-8859-2"),
            ("Paweł Dąbrowski, Łódź, świeży żurek", "windows-1250"),
            ("București, Timișoara", "iso-8859-16"),
            ("Jörg Müller, Köln, Größe", "macintosh"),
            ("Jörg Müller", "macintosh"),
            ("Käthe Höfer, Schlüssel", "macintosh"),
            ("Jörg", "macintosh"),
        ] {
            assert!(!fits(text, label), "{text} in {label}");
        }
        // What programs of DOS wrote, which no list of ours has.
        assert!(!look(&b"J\x94rg M\x81ller, K\x94ln, Gr\x94\xe1e"[..]).unwrap().fits_windows_1252);
    }

    #[test]
    fn the_guess_is_the_encoding_that_languages_are_written_in() {
        for (text, label) in [
            ("Jörg Müller, Köln, Größe", "windows-1252"),
            ("Jörg Müller, Käthe Höfer, Schlüssel", "macintosh"),
            ("Jörg Müller, Köln, Größe, Straße", "macintosh"),
            ("São João d´Oeste, Ação", "windows-1252"),
            ("Ayşe Yılmaz, İstanbul, Beşiktaş, Çiğdem Doğan", "windows-1254"),
            ("Paweł Dąbrowski, Łódź, świeży żurek", "windows-1250"),
            ("Иван Петров, Москва, Чай", "windows-1251"),
            ("Γιώργος Παπαδόπουλος, Αθήνα", "windows-1253"),
            ("张伟,北京市朝阳区,茶壶", "gbk"),
            ("佐藤 花子,東京都", "shift_jis"),
        ] {
            assert_eq!(looked(text, label).guess.name().to_lowercase(), label, "{text}");
        }
    }

    #[test]
    fn a_character_that_is_cut_by_a_piece_of_the_file_is_one() {
        struct Pieces<'a>(&'a [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                let most = self.1.min(buf.len());
                self.0.read(&mut buf[..most])
            }
        }
        let text = "aé漢😀\u{fffd}z".as_bytes();
        for size in 1..text.len() {
            assert_eq!(Utf8::of(Pieces(text, size)).unwrap(), Utf8 { good: 4, bad: 0 }, "{size}");
            let broken = [text, b"\xff", text, b"\xe6\xbc"].concat();
            assert_eq!(Utf8::of(Pieces(&broken, size)).unwrap(), Utf8 { good: 8, bad: 2 }, "{size}");
        }
        assert!(Utf8 { good: 8, bad: 2 }.is_it() && !Utf8 { good: 7, bad: 2 }.is_it());
    }
}
