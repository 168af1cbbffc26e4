//! Texts that the program carries packed, as `build.rs` wrote them.

use crate::base::error::{Error, Result};
use flate2::read::DeflateDecoder;
use std::io::Read as _;

/// One text.
///
/// # Errors
/// `Internal` when it is not what was packed.
pub(crate) fn text(packed: &[u8]) -> Result<String> {
    let mut text = String::new();
    DeflateDecoder::new(packed).read_to_string(&mut text).map_err(Error::internal)?;
    Ok(text)
}

/// The files of a folder, by name: each a line of its name and length in bytes, and then its text.
///
/// # Errors
/// As `text`.
pub(crate) fn files(packed: &[u8]) -> Result<Vec<(String, String)>> {
    let text = text(packed)?;
    let (mut files, mut rest) = (Vec::new(), text.as_str());
    while !rest.is_empty() {
        let file = rest.split_once('\n').and_then(|(head, rest)| {
            let (name, length) = head.rsplit_once(' ')?;
            Some((name, rest.split_at_checked(length.parse().ok()?)?))
        });
        let (name, (content, after)) = file.ok_or_else(|| Error::internal("a packed folder is cut short"))?;
        files.push((name.to_owned(), content.to_owned()));
        rest = after;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write as _;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_folder_comes_out_as_it_went_in_or_not_at_all() {
        let whole = "a/b.html 5
Äh
j"
        .to_owned()
            + "empty 0
";
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            files(&packed(&whole)).unwrap(),
            [
                file(
                    "a/b.html", "Äh
j"
                ),
                file("empty", "")
            ]
        );
        for broken in ["a 7\nshort", "a\nno length", "a x\nno number", "a 1\nÄ"] {
            assert!(files(&packed(broken)).is_err(), "{broken}");
        }
        assert!(text(b"no deflate").is_err());
    }
}
