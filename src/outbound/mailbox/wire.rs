//! Answers as they come off the wire: each whole, with its literals, and none larger than it may be.

use std::io::{self, ErrorKind, Read, Write};

/// An answer without its literals: the numbers of five thousand messages fit.
const LINE_MAX: usize = 128 << 10;
const CHUNK: usize = 16 << 10;

/// Why no answer came.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// More than an answer may have.
    TooMuch,
    /// It is not what a server of this kind says.
    Strange,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A stream of answers.
pub(super) struct Wire<S> {
    stream: S,
    /// What came and was not taken yet.
    there: Vec<u8>,
}

impl<S: Read> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, there: Vec::new() }
    }

    /// The stream itself, when nothing is left of what came: what was said in the open before the encryption counts for
    /// nothing behind it.
    pub(super) fn into_stream(self) -> Result<S, Fault> {
        if self.there.is_empty() { Ok(self.stream) } else { Err(Fault::Strange) }
    }

    /// The next answer, whose literals have so many bytes together at most.
    pub(super) fn answer(&mut self, literals_max: usize) -> Result<Vec<u8>, Fault> {
        let (mut whole, mut in_lines, mut in_literals) = (Vec::new(), 0, 0);
        loop {
            let line = self.line(LINE_MAX - in_lines)?;
            in_lines += line.len();
            let literal = literal_of(&line)?;
            whole.extend_from_slice(&line);
            let Some(size) = literal else { return Ok(whole) };
            in_literals += size;
            if size > literals_max || in_literals > literals_max {
                return Err(Fault::TooMuch);
            }
            self.exactly(size, &mut whole)?;
        }
    }

    /// A line with its end.
    fn line(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let mut looked = 0;
        loop {
            let end =
                self.there.iter().skip(looked).position(|byte| *byte == b'\n').map(|at| looked + at + 1);
            if end.unwrap_or(self.there.len()) > most {
                return Err(Fault::TooMuch);
            }
            if let Some(end) = end {
                return Ok(self.there.drain(..end).collect());
            }
            looked = self.there.len();
            self.more(CHUNK)?;
        }
    }

    fn exactly(&mut self, size: usize, into: &mut Vec<u8>) -> Result<(), Fault> {
        let mut left = size;
        while left > 0 {
            if self.there.is_empty() {
                self.more(CHUNK.min(left))?;
            }
            let part = left.min(self.there.len());
            into.extend(self.there.drain(..part));
            left -= part;
        }
        Ok(())
    }

    /// Waits for more bytes, so many at most.
    fn more(&mut self, most: usize) -> Result<(), Fault> {
        let mut chunk = vec![0; most];
        let read = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            return Err(Fault::Io(ErrorKind::UnexpectedEof.into()));
        }
        self.there.extend(chunk.into_iter().take(read));
        Ok(())
    }
}

impl<S: Read + Write> Wire<S> {
    pub(super) fn send(&mut self, line: &str) -> Result<(), Fault> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        Ok(self.stream.flush()?)
    }
}

/// The size of the literal that a line announces at its end.
fn literal_of(line: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(line) = line.strip_suffix(b"\r\n") else { return Err(Fault::Strange) };
    let Some(line) = line.strip_suffix(b"}") else { return Ok(None) };
    let Some(at) = line.iter().rposition(|byte| *byte == b'{') else { return Ok(None) };
    let digits = line.get(at + 1..).unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let size = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
    size.map(Some).ok_or(Fault::TooMuch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(bytes: &str) -> Result<Vec<u8>, Fault> {
        Wire::new(Cursor::new(bytes.as_bytes().to_vec())).answer(100)
    }

    #[test]
    fn an_answer_comes_whole_with_its_literals() {
        let two = "* 1 FETCH (BODY[] {5}\r\na\r\nb) UID 7)\r\na1 OK done\r\n";
        let mut wire = Wire::new(Cursor::new(two.as_bytes().to_vec()));
        assert_eq!(wire.answer(100).unwrap(), b"* 1 FETCH (BODY[] {5}\r\na\r\nb) UID 7)\r\n");
        assert_eq!(wire.answer(100).unwrap(), b"a1 OK done\r\n");
        assert!(matches!(wire.answer(100), Err(Fault::Io(_))));
        assert_eq!(read("* OK {a}\r\n").unwrap(), b"* OK {a}\r\n");
    }

    #[test]
    fn what_is_too_large_is_refused_before_there_is_room_for_it() {
        let long = "x".repeat(LINE_MAX + 1);
        for text in [
            "* 1 FETCH (BODY[] {536000000}\r\n",
            "* 1 FETCH (BODY[] {99999999999999999999999}\r\n",
            "* 1 FETCH (X {60}\r\n                                                            Y {60}\r\n",
            long.as_str(),
        ] {
            assert!(matches!(read(text), Err(Fault::TooMuch)), "{}", text.get(..40).unwrap());
        }
        assert!(matches!(read("* OK\n"), Err(Fault::Strange)));
    }

    #[test]
    fn what_was_said_before_the_encryption_is_not_carried_behind_it() {
        let mut wire = Wire::new(Cursor::new(b"a1 OK go ahead\r\n* PREAUTH forged\r\n".to_vec()));
        wire.answer(0).unwrap();
        assert!(matches!(wire.into_stream(), Err(Fault::Strange)));
    }
}
